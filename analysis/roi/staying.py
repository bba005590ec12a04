"""In which years do the monthly payments of customers fall, of whom every month some leave? As formulas of the case.

Contacts or saves come evenly over their year; each is followed by months in which it pays, every month the stated share
of the month before. A month that would begin after the last year of the case is not counted. The share is an input, so
that the workbook and the draws both move it. What a month is worth is left to the lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.roi.clv import MONTHS, spread_over_years
from analysis.roi.formula import Formula, Number, total

MOST_MONTHS = 36
"""A formula of more months would not fit into the cell of a workbook, and no study looks as far."""


def months_kept(
    each_year: Sequence[Formula], kept: Formula, *, first_month: int, months: int, start: int
) -> tuple[Formula, ...]:
    """How many paying months fall into each year?

    Parameters
    ----------
    each_year : sequence of Formula, one a year
        How many contacts or saves begin in it.
    kept : Formula
        Share that is left from one month to the next.
    first_month : int
        The first paying month; 0 is the month of the contact.
    months : int
        How many months are counted, 1 to 36.
    start : int
        Power of `kept` in the first of them: 1 where some have left by then, 0 where none have.

    Returns
    -------
    tuple of Formula, one a year
        Months, of all that began in this year or before it.

    Raises
    ------
    ValueError
        If the months are outside 1 to 36.

    Examples
    --------
    >>> from analysis.roi.formula import Input
    >>> first, second = months_kept([Number(12.0)] * 2, Input("kept"), first_month=1, months=1, start=0)
    >>> first.value({"kept": 0.9}), second.value({"kept": 0.9})  # those of December pay in the next year
    (11.0, 12.0)
    """
    if not 1 <= months <= MOST_MONTHS:
        raise ValueError(f"From 1 to {MOST_MONTHS} months are counted, not {months}.")
    falls = np.rint(MONTHS * spread_over_years(first_month, months, len(each_year))).astype(np.int64)
    found = []
    for year in range(len(each_year)):
        begun: dict[Formula, NDArray[np.int64]] = {}  # years with equally many are one formula
        for before in range(year + 1):
            volume = each_year[year - before]
            begun[volume] = begun.get(volume, np.zeros(months, dtype=np.int64)) + falls[before]
        parts = [volume * polynomial(kept, [*([0] * start), *twelfths.tolist()]) for volume, twelfths in begun.items()]
        found.append(total(parts) / MONTHS)
    return tuple(found)


def polynomial(x: Formula, coefficients: Sequence[int]) -> Formula:
    """c0 + c1·x + c2·x² + …, written so that x stands once for each power.

    Examples
    --------
    >>> from analysis.roi.formula import Input
    >>> polynomial(Input("kept"), [1, 0, 2]).excel({"kept": "kept"})
    '1+kept*(kept*2)'
    """
    *lower, highest = np.trim_zeros(np.asarray(coefficients), "b").tolist() or [0]
    found: Formula = Number(float(highest))
    for coefficient in reversed(lower):
        found = x * found if coefficient == 0 else coefficient + x * found
    return found
