"""How far do users and others lie apart as they are? The raw gap, which is only printed beside what stands.

Where customers are in several rows they count once in the error; else the tests of two independent groups hold.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Context, Decimal, Inexact, Overflow

import numpy as np

from analysis.inference.att import raw_gap
from analysis.inference.compare import difference_in_means, ratio_of_means
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments
from analysis.studies.observational.rows import Floats, ObservationalRows

EXACT = Context(prec=200, traps=[Inexact, Overflow])
"""Adds and multiplies without rounding, or raises."""
BY_CUSTOMER = "raw gap between the groups; errors by customer"


def raw_estimates(rows: ObservationalRows, outcome: str, level: float) -> list[Estimate]:
    """The gap as a difference and, where means are above zero, as a ratio; nothing where no error can be told."""
    y, arm = rows.after[outcome], rows.treated
    known = np.isfinite(y)
    sides = [y[known & side] for side in (arm, ~arm)]
    if min(len(side) for side in sides) < 2 or all(np.ptp(side) == 0 for side in sides):
        return []
    unit, who = rows.units[outcome], rows.customer[known]
    above = min(float(side.mean()) for side in sides) > 0
    if len(np.unique(who)) < len(who):
        gap = raw_gap(y[known], arm[known], customer=who)
        found = [gap.difference(outcome, unit=unit, level=level, method=BY_CUSTOMER)]
        return [*found, gap.ratio(outcome, level=level, method=BY_CUSTOMER)] if above else found
    treated, comparison = (_moments(outcome, side) for side in sides)
    found = [difference_in_means(treated, comparison, outcome, unit=unit, level=level)]
    if above:
        found.append(ratio_of_means(treated, comparison, outcome, level=level))
    return [replace(one, method=f"raw {one.method}") for one in found]


def _moments(outcome: str, values: Floats) -> Moments:
    """The exact moments of one outcome, each distinct value taken once by its shortest decimal form, times its rows."""
    distinct, counts = np.unique(values, return_counts=True)
    total = square = Decimal(0)
    for value, rows in zip(distinct.tolist(), counts.tolist(), strict=True):
        exact = Decimal(str(value))
        part = EXACT.multiply(exact, Decimal(rows))
        total, square = EXACT.add(total, part), EXACT.add(square, EXACT.multiply(exact, part))
    return Moments((outcome,), len(values), (total,), (square,))


def why_no_raw(rows: ObservationalRows, outcome: str) -> str:
    """Why there is no raw gap of an outcome."""
    known = np.isfinite(rows.after[outcome])
    treated, others = (int((known & side).sum()) for side in (rows.treated, ~rows.treated))
    return (
        f"`{outcome}` is known of {treated:,} treated rows and {others:,} others; two of each are the fewest, and it "
        "must vary in one of the groups."
    )
