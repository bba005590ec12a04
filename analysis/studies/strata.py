"""Within which cells are contacted and comparison customers alike enough, before anything is known of outcomes?

Cells are made of index month, product, recent issues and months observed, never of an outcome in the baseline window:
matching on it would take chance for likeness and find effects where there are none. Where more than 2 % of the
contacted have no comparison the cells are made coarser, in a fixed order, and the study says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.inference.panel_effects import count_weights
from analysis.studies.result import Check

UNMATCHED_ALLOWED = 0.02
IMBALANCE_ALLOWED = 0.1

Floats = NDArray[np.float64]

_FULL = ("month", "issue_product", "recent", "lately", "observed")
_LEVELS: Mapping[str, tuple[str, ...]] = {
    "index month, product, issues in the 6 months before (0, 1, 2 or more), any in the last 3, months observed": _FULL,
    "index month, product, issues in the 6 months before (0, 1, 2 or more), any in the last 3, months observed in "
    "bands (under 12, 12 to 23, 24 and more)": (*_FULL[:4], "observed_band"),
    "index month, product, issues in the 6 months before (0, 1, 2 or more), any in the last 3": _FULL[:4],
    "index month, product, issues in the 6 months before (0, 1, 2 or more)": _FULL[:3],
    "index month, issues in the 6 months before (0, 1, 2 or more)": ("month", "recent"),
    "index month": ("month",),
}


@dataclass(frozen=True, slots=True)
class Strata:
    """The cells chosen, the weights that follow, and how many contacted customers remain without a comparison."""

    description: str
    coarsened: int
    weight: Floats
    contacted: int
    unmatched: int

    @property
    def unmatched_share(self) -> float:
        return self.unmatched / self.contacted if self.contacted else 0.0


_IN_WORDS = {
    "issue_product": "the issue's product",
    "recent": "the number of recent issues",
    "lately": "issues in the last 3 months",
    "observed": "the months observed",
}


def choose_strata(rows: pd.DataFrame, extra: Sequence[str] = ()) -> Strata:
    """Which is the finest set of cells in which at most 2 % of the contacted have no comparison?

    Parameters
    ----------
    rows : DataFrame
        `month`, `issue_product`, `recent`, `lately`, `observed`, `contacted`, as in `sample.Stack.rows`.
    extra : sequence of str
        Columns of fixed attributes that make cells besides; they are given up last.
    """
    contacted = rows["contacted"].to_numpy(bool)
    banded = rows.assign(observed_band=np.digitize(rows["observed"], [12, 24]))
    levels = [(words + _also(extra), (*columns, *extra)) for words, columns in _LEVELS.items()]
    levels += list(_LEVELS.items())[-2:] if extra else []
    for level, (description, columns) in enumerate(levels):
        cell = banded.groupby(list(columns), sort=False, dropna=False).ngroup().to_numpy()
        weight = count_weights(cell, contacted)
        unmatched = int((contacted & (weight == 0)).sum())
        chosen = Strata(description, level, weight, int(contacted.sum()), unmatched)
        if chosen.unmatched_share <= UNMATCHED_ALLOWED:
            break
    return chosen


def _also(extra: Sequence[str]) -> str:
    return "".join(f", {name.partition(': ')[2]}" for name in extra)


def overlap(strata: Strata) -> Check:
    """Has nearly every contacted customer somebody to be compared with?"""
    share = strata.unmatched_share
    detail = (
        f"{strata.unmatched:,} of {strata.contacted:,} contacted customers ({share:.1%}) had no comparison customer in "
        f"their cell and were left out; cells are made of {strata.description}."
    ).replace("%)", " %)")
    return Check(name="overlap", verdict="passed" if share <= UNMATCHED_ALLOWED else "failed", detail=detail, gate=True)


def balance(rows: pd.DataFrame, strata: Strata, attributes: tuple[str, ...]) -> Check:
    """After weighting, are the groups alike in what they were before anything happened?

    Largest absolute standardised mean difference over the covariates behind the cells and the fixed attributes.
    Levels of the outcome are not judged: their trend is.
    """
    used = strata.weight > 0
    part, weight = rows[used], strata.weight[used]
    treated = part["contacted"].to_numpy(bool)
    worst, where = 0.0, "observed"
    for name in ("issue_product", "recent", "lately", *attributes):
        for value in part[name].astype("string").fillna("").unique():
            gap = _share_gap((part[name].astype("string").fillna("") == value).to_numpy(float), treated, weight)
            if gap > worst:
                worst, where = gap, name
    gap = _mean_gap(part["observed"].to_numpy(float), treated, weight)
    if gap > worst:
        worst, where = gap, "observed"
    verdict = "passed" if worst < IMBALANCE_ALLOWED else "failed"
    size = "without bound" if math.isinf(worst) else f"{worst:.3f}"
    named = _IN_WORDS.get(where, where.removeprefix("attribute: ").replace("_", " "))
    detail = (
        f"The largest standardised difference after weighting is {size}, in {named}; "
        f"below {IMBALANCE_ALLOWED} counts as alike."
    )
    return Check(name="balance", verdict=verdict, detail=detail, gate=True)  # type: ignore[arg-type]


def _share_gap(indicator: Floats, treated: NDArray[np.bool_], weight: Floats) -> float:
    one, other = np.average(indicator[treated]), np.average(indicator[~treated], weights=weight[~treated])
    spread = np.sqrt((one * (1 - one) + other * (1 - other)) / 2)
    return _standardised(one - other, spread)


def _mean_gap(values: Floats, treated: NDArray[np.bool_], weight: Floats) -> float:
    one, other = values[treated].mean(), np.average(values[~treated], weights=weight[~treated])
    spread_one = values[treated].var()
    spread_other = np.average((values[~treated] - other) ** 2, weights=weight[~treated])
    spread = np.sqrt((spread_one + spread_other) / 2)
    return _standardised(one - other, spread)


def _standardised(gap: float, spread: float) -> float:
    """The gap in standard deviations; without any spread, groups that differ at all could not be less alike."""
    if spread > 0:
        return abs(gap) / spread
    return 0.0 if abs(gap) < 1e-12 else math.inf
