"""What does one comparison give: who overlaps, how alike they are then, and what the treated would have had?

A `Fit` is made of some rows and covariates: scores, the one trimming, the doubly robust effect on every outcome and,
beside it, the roads that rest on weights or on pairs alone. The same fit is asked for segments, for placebos and with a
covariate left out. What is claimed of it is left to `study`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.att import Att, carried_forward
from analysis.inference.doubly_robust import cross_fitted_att
from analysis.inference.estimate import Estimate
from analysis.inference.matching import Pairs, matched_difference, matched_pairs
from analysis.inference.propensity import Trimmed, cross_fitted_scores, deal_folds, trimmed
from analysis.inference.weighting import effective_size, standardised_differences, weighted_difference, weights_of
from analysis.studies.observational.covariates import Design, design
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.rows import Flags, Floats, Ints, ObservationalRows

if TYPE_CHECKING:
    import pandas as pd

FEWEST_CUSTOMERS = 50
"""Of each group, before and after trimming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One comparison, ready to be asked.

    Parameters
    ----------
    rows : ObservationalRows
    part : array of int, shape (n_part,)
        Places of the rows compared, the trimmed ones among them.
    kept : array of int, shape (n_kept,)
        Places of those that are left.
    design : Design
        Covariates of the rows that are left.
    scores : array of float, shape (n_kept,)
        Of the rows that are left: how likely each was to be treated.
    trimming : Trimmed
    weights : array of float, shape (n_kept,)
        1 for the treated; for the others odds that balance, scaled to sum to the number of the treated.
    effects : mapping of outcome to Att
    at_first : array of float, shape (n_columns,)
        Standardised differences before anything was trimmed or weighted.
    first_scores : array of float, shape (n_part,)
    """

    rows: ObservationalRows
    part: Ints
    kept: Ints
    design: Design
    scores: Floats
    trimming: Trimmed
    weights: Floats
    effects: Mapping[str, Att]
    at_first: Floats
    first_scores: Floats
    _made: dict[str, Pairs] = field(default_factory=dict, repr=False, compare=False)

    @property
    def treated(self) -> Flags:
        return self.rows.treated[self.kept]

    @property
    def effective(self) -> float:
        """How many comparison customers of equal weight would tell as much; rows of one customer count as one."""
        return effective_size(self._by_customer())

    @property
    def largest_share(self) -> float:
        """Largest share of the comparison weight that one customer has."""
        others = self._by_customer()
        return float(others.max() / others.sum())

    def _by_customer(self) -> Floats:
        """Weights of the comparison, summed by customer."""
        others = ~self.treated
        code = np.unique(self.rows.customer[self.kept][others], return_inverse=True)[1].reshape(-1)
        return np.asarray(np.bincount(code, weights=self.weights[others]), dtype=np.float64)

    def pairs(self) -> Pairs:
        """Matched pairs among the rows that are left, as places in them; made once, whatever outcomes ask for them."""
        if "pairs" not in self._made:
            self._made["pairs"] = matched_pairs(self.scores, self.treated, within=self.rows.cell[self.kept])
        return self._made["pairs"]

    def change(self, outcome: str) -> Floats:
        """The outcome of the rows that are left; less that of the window before, where there is one."""
        after = self.rows.after[outcome][self.kept]
        return after - self.rows.before[outcome][self.kept] if outcome in self.rows.before else after

    def beside(self, outcome: str, level: float) -> dict[str, Estimate | str]:
        """The effect by weights alone and by pairs alone, as differences, or why there is none."""
        y, unit, customer = self.change(outcome), self.rows.units[outcome], self.rows.customer[self.kept]
        found: dict[str, Estimate | str] = {}
        try:
            found["weighted"] = weighted_difference(
                y, self.design.columns, self.treated, name=outcome, unit=unit, level=level, customer=customer
            )
        except (DesignError, np.linalg.LinAlgError) as error:
            found["weighted"] = str(error)
        try:
            found["matched"] = matched_difference(
                y, self.pairs(), name=outcome, unit=unit, level=level, customer=customer
            )
        except DesignError as error:
            found["matched"] = str(error)
        return found

    def balance_frame(self) -> pd.DataFrame:
        """How far the groups lie apart in each column, before and after, in standard deviations."""
        import pandas as pd

        return pd.DataFrame(
            {
                "covariate": self.design.owner,
                "value": self.design.labels,
                "before": self.at_first,
                "after": standardised_differences(self.design.columns, self.treated, self.weights),
                "judged": self.design.judged,
            }
        )

    def overlap_frame(self, bins: int = 20) -> pd.DataFrame:
        """Customers of each group by likelihood of treatment, the trimmed ones among them: behind the overlap chart."""
        import pandas as pd

        edges = np.linspace(0, 1, bins + 1)
        arm = self.rows.treated[self.part]
        counts = {
            name: np.histogram(self.first_scores[side], edges)[0]
            for name, side in (("treated", arm), ("comparison", ~arm))
        }
        left_out = np.histogram(self.first_scores[~self.trimming.kept], edges)[0]
        return pd.DataFrame({"from": edges[:-1], "to": edges[1:], **counts, "left_out": left_out})


def fit(
    rows: ObservationalRows,
    plan: ObservationalPlan,
    outcomes: Mapping[str, tuple[Floats, Floats | None]],
    *,
    part: Flags | None = None,
    without: str | None = None,
) -> Fit:
    """Compare some rows.

    Parameters
    ----------
    rows : ObservationalRows
    plan : ObservationalPlan
    outcomes : mapping of name to pair of arrays of float, shape (n_rows,)
        After and, where growth is compared, before.
    part : array of bool, shape (n_rows,), optional
        All rows by default; rows in which an outcome is not known are left out besides.
    without : str, optional
        A covariate to be left out.

    Raises
    ------
    DesignError
        If a group is too small, before or after trimming; the message says how small.
    """
    inside = np.ones(len(rows), dtype=bool) if part is None else part.copy()
    for after, before in outcomes.values():
        inside &= np.isfinite(after)
        if before is not None:
            inside &= np.isfinite(before)
    places = np.flatnonzero(inside)
    _must_hold_enough(rows, places, "")
    everything = design(rows.covariates, inside, without=without)
    if not everything.labels:
        raise DesignError("Nothing is known of customers in which they could be alike. Name `covariates`.")
    arm, customer = rows.treated[places], rows.customer[places]
    seeds = range(plan.seed, plan.seed + plan.dealings_of(len(places)))
    dealt = [deal_folds(arm, plan.folds, seed, customer) for seed in seeds]
    first = cross_fitted_scores(everything.columns, arm, dealt)
    trimming = trimmed(first, arm, highest=plan.highest_score)
    kept = places[trimming.kept]
    _must_hold_enough(rows, kept, " once those without anybody like them are left out")
    left = Design(everything.columns[trimming.kept], everything.labels, everything.owner, everything.judged)
    named = {f"{name} after": after[kept] for name, (after, _) in outcomes.items()}
    named |= {f"{name} before": before[kept] for name, (_, before) in outcomes.items() if before is not None}
    arm, customer = rows.treated[kept], rows.customer[kept]
    dealt = [deal_folds(arm, plan.folds, seed, customer) for seed in seeds]
    found, odds = cross_fitted_att(named, left.columns, arm, dealt, customer=customer, highest=plan.highest_score)
    effects = {}
    for name, (_, before) in outcomes.items():
        after_alone = found[f"{name} after"]
        effects[name] = after_alone if before is None else carried_forward(after_alone, found[f"{name} before"])
    return Fit(
        rows=rows,
        part=places,
        kept=kept,
        design=left,
        scores=first[trimming.kept],
        trimming=trimming,
        weights=weights_of(odds, arm),
        effects=effects,
        at_first=standardised_differences(everything.columns, rows.treated[places]),
        first_scores=first,
    )


def _must_hold_enough(rows: ObservationalRows, places: Ints, when: str) -> None:
    arm, customer = rows.treated[places], rows.customer[places]
    sizes = [len(np.unique(customer[side])) for side in (arm, ~arm)]
    if min(sizes) < FEWEST_CUSTOMERS:
        raise DesignError(
            f"the two groups hold {sizes[0]:,} and {sizes[1]:,} customers{when}; each needs {FEWEST_CUSTOMERS}."
        )
