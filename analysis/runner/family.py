"""Which studies are periods of one and the same? Those of one family share the record of closed months.

What the record holds is left to `closing`.
"""

from __future__ import annotations

import re

LEDGER = "ledger"
_PERIOD = re.compile(r"(?:^|[-_.])(?:19|20)\d\d(?:[-_.]?(?:q[1-4]|0[1-9]|1[0-2]))?$", re.IGNORECASE)


def family_of(study: str) -> str:
    """Which record do the months of a study belong to? Its name without its period.

    Examples
    --------
    >>> [family_of(name) for name in ("care-2026q3", "care-2026-09", "care_2026", "demo", "2026q3")]
    ['care', 'care', 'care', 'demo', 'study']
    """
    return _PERIOD.sub("", study) or "study"
