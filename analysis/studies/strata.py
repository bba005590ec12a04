"""Within which cells are contacted and comparison customers alike enough, before anything is known of outcomes?

Strata are made of index month, product, recent issues and months observed, never of an outcome in the baseline window:
matching on it would take chance for likeness and find effects where there are none. For outcomes that are compared
after the contact only (issues and their cost) they are made of index month, product, months observed and the number of
*all* earlier issues; without the product, an outage that is talked about would leave its customers' later issues in
the figure. Where more than 2 % of the contacted have no comparison, though somebody of their month has, the strata are
made coarser, in a fixed order, and the study says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.inference.cells import Cells, Flags, Floats, Ints, groups_of
from analysis.inference.stacked import cell_weights
from analysis.studies.result import Check
from analysis.studies.stack import Layout

UNMATCHED_ALLOWED = 0.02
IMBALANCE_ALLOWED = 0.1

_RECENT, _LATELY = "issues in the 6 months before (0, 1, 2 or more)", "any in the last 3"
_BANDS = "months observed in bands (under 12, 12 to 23, 24 and more)"
_EARLIER = "all earlier issues (0, 1, 2, 3, 4 or more)"
_LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        f"index month, product, {_RECENT}, {_LATELY}, months observed",
        ("month", "product", "recent", "lately", "observed"),
    ),
    (f"index month, product, {_RECENT}, {_LATELY}, {_BANDS}", ("month", "product", "recent", "lately", "band")),
    (f"index month, product, {_RECENT}, {_LATELY}", ("month", "product", "recent", "lately")),
    (f"index month, product, {_RECENT}", ("month", "product", "recent")),
    (f"index month, {_RECENT}", ("month", "recent")),
    ("index month", ("month",)),
)
_AFTER_LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (f"index month, product, months observed, {_EARLIER}", ("month", "product", "observed", "earlier")),
    (f"index month, product, {_BANDS}, {_EARLIER}", ("month", "product", "band", "earlier")),
    (f"index month, months observed, {_EARLIER}", ("month", "observed", "earlier")),
    (f"index month, {_BANDS}, {_EARLIER}", ("month", "band", "earlier")),
    (f"index month, {_EARLIER}", ("month", "earlier")),
    ("index month", ("month",)),
)
_IN_WORDS = {
    "product": "the issue's product",
    "recent": "the number of recent issues",
    "lately": "issues in the last 3 months",
    "observed": "the months observed",
    "earlier": "the number of earlier issues",
}


@dataclass(frozen=True, slots=True)
class Strata:
    """The strata chosen, the weights that follow, and how many contacted customers remain without a comparison.

    `columns` are the keys they are made of; `code` and `weight` have one entry a cell, `part` marks the cells judged.
    """

    description: str
    coarsened: int
    columns: tuple[str, ...]
    code: Ints
    weight: Floats
    contacted: int
    unmatched: int
    part: Flags = field(repr=False)
    after_only: bool = False

    @property
    def unmatched_share(self) -> float:
        """Share of the contacted that cannot be compared."""
        return self.unmatched / self.contacted if self.contacted else 0.0


def choose_strata(
    cells: Cells, layout: Layout, extra: Sequence[str] = (), *, part: Flags | None = None, after_only: bool = False
) -> Strata:
    """Which are the finest strata in which at most 2 % of the contacted have no comparison?

    Parameters
    ----------
    cells : Cells
        By the key columns of the stack.
    layout : Layout
    extra : sequence of str
        Fixed attributes that make strata besides; they are given up last.
    part : array of bool, shape (n_cells,), optional
    after_only : bool
        For an outcome that is compared after the contact only.
    """
    inside = np.ones(len(cells), dtype=bool) if part is None else part
    rows, arm = np.where(inside, cells.n, 0), cells.keys["arm"]
    codes = tuple(layout.code(name) for name in extra)
    also = "".join(f", {name}" for name in extra)
    given = _AFTER_LEVELS if after_only else _LEVELS
    levels = [(words + also, (*columns, *codes)) for words, columns in given] + ([given[-1]] if extra else [])
    contacted = int(rows[arm == 1].sum())
    alone = _unmatched(rows, arm, strata_of(cells, ("month",)))  # nobody of their month: no coarser strata can help
    for level, (description, columns) in enumerate(levels):
        code = strata_of(cells, columns)
        weight = cell_weights(rows, arm, code) * inside
        unmatched = _unmatched(rows, arm, code)
        chosen = Strata(description, level, columns, code, weight, contacted, unmatched, inside, after_only)
        if unmatched - alone <= UNMATCHED_ALLOWED * (contacted - alone):
            break
    return chosen


def _unmatched(rows: Ints, arm: Ints, code: Ints) -> int:
    """Contacted rows in strata without any comparison row."""
    if not len(rows):
        return 0
    others = np.bincount(code, weights=np.where(arm == 0, rows, 0))
    return int(rows[(arm == 1) & (others[code] == 0)].sum())


def strata_of(cells: Cells, columns: Sequence[str]) -> Ints:
    """One code for each combination of key columns; `band` stands for bands of the months observed."""
    return groups_of(
        [np.digitize(cells.keys["observed"], [12, 24]) if name == "band" else cells.keys[name] for name in columns]
    )


def overlap(strata: Strata) -> Check:
    """Has nearly every contacted customer somebody to be compared with?"""
    share = strata.unmatched_share
    detail = (
        f"{strata.unmatched:,} of {strata.contacted:,} contacted customers ({share:.1%}) had no comparison customer in "
        f"their cell and were left out; cells are made of {strata.description}."
    ).replace("%)", " %)")
    return Check(name="overlap", verdict="passed" if share <= UNMATCHED_ALLOWED else "failed", detail=detail, gate=True)


def in_words(column: str, layout: Layout) -> str:
    """What a key column holds, as a page calls it."""
    if column in _IN_WORDS:
        return _IN_WORDS[column]
    return layout.attributes[int(column.removeprefix("a"))].replace("_", " ")


def balance_frame(cells: Cells, layout: Layout, strata: Strata) -> pd.DataFrame:
    """How alike are the groups, after weighting, in what they were before anything happened?

    Returns
    -------
    DataFrame
        `covariate`, `value`, `contacted`, `comparison` (shares, or means of months observed) and the standardised
        `difference`, for the covariates behind the strata and the fixed attributes. Levels of outcomes are not here:
        their trend is what has to be parallel.
    """
    used = strata.weight > 0
    arm = cells.keys["arm"][used]
    mass = (cells.n * strata.weight)[used]
    groups = [np.where(arm == side, mass, 0.0) for side in (1, 0)]
    rows: list[tuple[Any, ...]] = []
    for column in [name for name in layout.columns if name not in ("arm", "month", "observed")]:
        key = cells.keys[column][used]
        if column == "earlier" and not strata.after_only:
            continue
        for value in np.unique(key):
            one, other = (_mean(key == value, group) for group in groups)
            spread = math.sqrt((one * (1 - one) + other * (1 - other)) / 2)
            label = _label(layout, column, int(value))
            rows.append((in_words(column, layout), label, one, other, _standardised(one - other, spread)))
    months = cells.keys["observed"][used].astype(float)
    means = [_mean(months, group) for group in groups]
    spreads = [_mean((months - mean) ** 2, group) for mean, group in zip(means, groups, strict=True)]
    spread = math.sqrt(sum(spreads) / 2)
    rows.append((_IN_WORDS["observed"], "mean", *means, _standardised(means[0] - means[1], spread)))
    return pd.DataFrame(rows, columns=["covariate", "value", "contacted", "comparison", "difference"])


def _label(layout: Layout, column: str, value: int) -> str:
    if value < 0:
        return "not known"
    return layout.labels[column][value] if column in layout.labels else str(value)


def balance(frame: pd.DataFrame) -> Check:
    """Are the groups alike in all of it? The largest absolute standardised difference decides."""
    size = frame["difference"].abs()
    worst, where = float(size.max()), str(frame.loc[size.idxmax(), "covariate"])
    said = "without bound" if math.isinf(worst) else f"{worst:.3f}"
    detail = (
        f"The largest standardised difference after weighting is {said}, in {where}; "
        f"below {IMBALANCE_ALLOWED} counts as alike."
    )
    return Check(name="balance", verdict="passed" if worst < IMBALANCE_ALLOWED else "failed", detail=detail, gate=True)


def _mean(values: Flags | Floats, weight: Floats) -> float:
    total = float(weight.sum())
    return float(np.sum(values * weight)) / total if total else 0.0


def _standardised(gap: float, spread: float) -> float:
    """The gap in standard deviations; without any spread, groups that differ at all could not be less alike."""
    if spread > 0:
        return gap / spread
    return 0.0 if abs(gap) < 1e-12 else math.copysign(math.inf, gap)
