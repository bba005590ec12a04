"""How is a size in a figure's own unit put into words? Sizes that stand side by side have the same unit and digits.

English, with a decimal point. The sentences they stand in are left to `claim` and `gates`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from analysis.studies.change_log.entries import one_line

_MINUTES, _HOURS = 120.0, 7200.0


def amount(value: float, unit: str, beside: Sequence[float] = ()) -> str:
    """A size without its sign, in words that fit the unit, and fit the sizes it stands beside.

    Examples
    --------
    >>> [amount(value, unit) for value, unit in ((0.083, "share"), (-2891, "seconds"), (41.23, "mentions"))]
    ['8.3 percentage points', '48.2 minutes', '41.2 mentions']
    """
    number, word = _number_and_word(value, unit, beside)
    return f"{number} {word}".strip()


def interval_said(low: float, high: float, unit: str, value: float) -> str:
    """Both ends of an interval, each with its side.

    Examples
    --------
    >>> interval_said(-0.113, -0.066, "share", -0.09), interval_said(-20, 700, "seconds", 300)
    ('6.6 to 11.3 percentage points lower', '0.3 minutes lower to 11.7 minutes higher')
    """
    beside = (low, high, value)
    if math.isinf(low) or math.isinf(high) or low < 0 <= high:
        return f"{side_said(low, unit, beside)} to {side_said(high, unit, beside)}"
    near, far = sorted((abs(low), abs(high)))
    number, _ = _number_and_word(near, unit, beside)
    return f"{number} to {amount(far, unit, beside)} {'higher' if low >= 0 else 'lower'}"


def side_said(value: float, unit: str, beside: Sequence[float] = ()) -> str:
    """A size with its side.

    Examples
    --------
    >>> side_said(-0.02576, "share"), side_said(-math.inf, "issues")
    ('2.6 percentage points lower', 'lower without limit')
    """
    side = "higher" if value >= 0 else "lower"
    return f"{side} without limit" if math.isinf(value) else f"{amount(value, unit, beside)} {side}"


def _number_and_word(value: float, unit: str, beside: Sequence[float]) -> tuple[str, str]:
    size = abs(value)
    largest = max((size, *(abs(one) for one in beside if math.isfinite(one))))
    if unit == "share":
        return _digits(size * 100, 1 if largest >= 0.01 else 2), "percentage points"
    if unit == "seconds" and largest >= _MINUTES:
        return (_digits(size / 3600, 1), "hours") if largest >= _HOURS else (_digits(size / 60, 1), "minutes")
    if len(unit) == 3 and unit.isupper():
        return f"{size:,.2f}", unit
    said = _digits(size, 0 if largest >= 1000 else 1 if largest >= 10 else 3)
    return said, "" if unit in ("ratio", "score") else one_line(unit)


def _digits(size: float, digits: int) -> str:
    if size == 0 or size >= 0.5 * 10**-digits:
        return f"{size:,.{digits}f}"
    return f"{size:.2g}"
