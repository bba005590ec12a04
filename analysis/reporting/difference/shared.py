"""How closely do two estimates depend on each other that share customers? As far as results tell, and on the safe side.

Two studies of one company a quarter apart read mostly the same contacts, so most of their noise is the same, and the
difference of their estimates has less of it than either. Results name the index months of both. Where both are the same
comparison of contacted customers with others, the correlation of their estimates follows the share of index months they
have in common: in 900 made-up companies (600 without an effect, 300 with one; ten spans of 6 to 24 index months in
twelve pairs; orders and issues) it lay at most 0.17 below that share and at most 0.12 above it. It is taken 0.3 below:
the 95 % intervals of the difference then held the truth in 95.3 to 100 % of the companies in each of the 48 cells, at
0.43 to 0.81 of the width that allows for everything. For all else nothing is measured, and the standard error of the
difference is that of the worst case, the sum of both. The figures are frozen in tests/golden/shared_customers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from analysis.foundation.calendar import Month
from analysis.foundation.errors import InputError
from analysis.reporting.rows import Row

MARGIN = 0.3
"""How far below the share of common index months the correlation is taken."""
MEASURED = ("channel_effect",)
"""Estimands of which the correlation was measured."""
_SAME = ("design", "estimand", "treated", "comparison", "outcome", "scale", "segment")


@dataclass(frozen=True, slots=True)
class Spread:
    """The standard error of the difference of two estimates.

    `least` and `most` hold whatever the correlation; `taken` is what a change is judged by. `shared` is the share of
    index months in common and `correlation` what is taken for it; both None where nothing is known: then the worst is.
    """

    least: float
    taken: float
    most: float
    shared: float | None
    correlation: float | None


def spread(old: Row, new: Row, errors: tuple[float, float]) -> Spread:
    """The standard error of the difference of two effects with these standard errors.

    Parameters
    ----------
    old, new : mapping
        Rows of the contract's `effects`.
    errors : (float, float)
        Their standard errors, on the scale of comparison.

    Examples
    --------
    >>> row = {"design": "before_after", "estimand": "channel_effect", "outcome": "orders", "scale": "ratio",
    ...        "index_from": "2024-04", "index_to": "2025-12"}
    >>> found = spread(row, {**row, "index_to": "2026-03"}, (0.03, 0.028))
    >>> round(found.shared, 3), round(found.correlation, 3), round(found.taken, 4), round(found.most, 4)
    (0.935, 0.635, 0.0248, 0.058)
    """
    a, b = errors
    shared = shared_months(old, new)
    if shared is None:
        return Spread(abs(a - b), a + b, a + b, None, None)
    correlation = shared - MARGIN
    return Spread(abs(a - b), math.sqrt(a * a + b * b - 2 * correlation * a * b), a + b, shared, correlation)


def shared_months(old: Row, new: Row) -> float | None:
    """The index months both have / the geometric mean of how many each has; None where the rows do not tell.

    Examples
    --------
    >>> row = {"estimand": "channel_effect", "index_from": "2025-01", "index_to": "2025-06"}
    >>> shared_months(row, {**row, "index_from": "2025-04", "index_to": "2025-09"})
    0.5
    >>> shared_months(row, {**row, "estimand": "service_effect"}) is None
    True
    """
    if new.get("estimand") not in MEASURED or any(old.get(name) != new.get(name) for name in _SAME):
        return None
    if any(row.get("bounded", True) is False for row in (old, new)):
        return None
    spans = [_span(row) for row in (old, new)]
    if spans[0] is None or spans[1] is None:
        return None
    (first, last), (start, end) = spans[0], spans[1]
    common = max(0, min(last, end) - max(first, start) + 1)
    return common / math.sqrt((last - first + 1) * (end - start + 1))


def _span(row: Row) -> tuple[int, int] | None:
    """The first and the last index month, as numbers."""
    try:
        first, last = (Month.of(str(row.get(name))).number for name in ("index_from", "index_to"))
    except (ValueError, InputError):
        return None
    return (first, last) if first <= last else None
