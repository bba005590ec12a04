"""What did the two groups do, month by month around the index month? Means per customer with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.inference.cells import Linear
from analysis.inference.compare import normal_quantile
from analysis.studies.fits import Fits
from analysis.studies.stack import Stack, lag
from analysis.studies.strata import Strata

COLUMNS = ("outcome", "group", "month", "mean", "low", "high", "unit")


def paths(fits: Fits, outcomes: Sequence[str], strata: Strata, units: Sequence[str]) -> pd.DataFrame:
    """Mean per customer and month in each group, comparison customers at the level of the contacted ones before.

    Parameters
    ----------
    fits : Fits
    outcomes : sequence of str
        Followed month by month.
    strata : Strata
        By whose weights comparison customers count.
    units : sequence of str
        Of each outcome, per customer.

    Returns
    -------
    DataFrame
        `outcome`, `group` (contacted, comparison), `month` (relative), `mean`, `low`, `high`, `unit`; intervals are
        clustered by customer.
    """
    stack: Stack = fits.stack
    layout, cells = stack.layout, fits.cells
    months = range(-layout.before, layout.after + 1)
    linears, means = [], {}
    for group, side in (("contacted", 1), ("comparison", 0)):
        weight = strata.weight * (cells.keys["arm"] == side)
        share = weight / float(np.sum(cells.n * weight))
        for outcome in outcomes:
            for month in months:
                column = lag(outcome, month)
                mean = float(share @ cells.sums[column])
                means[group, outcome, month] = mean
                name = f"{group} {outcome} {month}"
                linears.append(Linear(name, ((column,),), np.column_stack([share, -share * mean])))
    found = stack.influences(cells, linears, where=fits.where, joint=False)
    half = normal_quantile(fits.level)
    rows = []
    for outcome, unit in zip(outcomes, units, strict=True):
        before = {
            group: np.mean([means[group, outcome, month] for month in range(-layout.before, 0)])
            for group in ("contacted", "comparison")
        }
        for group in ("contacted", "comparison"):
            same = group == "contacted" or before[group] == 0
            scale = 1.0 if same else before["contacted"] / before[group]
            for month in months:
                mean, spread = means[group, outcome, month], half * found.se(f"{group} {outcome} {month}")
                said = unit.replace("per customer", "per customer and month")
                rows.append(
                    (outcome, group, month, mean * scale, (mean - spread) * scale, (mean + spread) * scale, said)
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))
