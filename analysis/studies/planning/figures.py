"""What can one arm's comparison on one outcome see, and how many customers and days would it take?

The arithmetic of the design sheet, given what the records say of each outcome. Asking the records is left to
`baseline`, laying the figures out to `sheet`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from analysis.foundation.errors import DesignError
from analysis.inference.few_clusters import CLUSTERS_PER_COVARIATE, FEWEST_CLUSTERS
from analysis.inference.moments import Moments
from analysis.inference.power import Baseline, non_inferiority_power, power_of, smallest_effect
from analysis.inference.ratio_metric import LOOSEST_DENOMINATOR
from analysis.inference.sizes import Sizes, needed_sizes, needed_sizes_within
from analysis.studies.experiment.plan import FEWEST_CUSTOMERS
from analysis.studies.planning.baseline import OutcomeBaseline
from analysis.studies.planning.plan import PlanningPlan

T = TypeVar("T")
FEW_CLUSTERS = 20
"""With fewer in an arm, and of uneven size, the power reached can lie a few points off the one planned."""
_GRID = tuple(2.0 ** (step / 2) for step in range(-8, 5))
SIZES = ["outcome", "adjusted", "customers", "smallest_effect", "smallest_effect_relative"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What one arm's comparison on one outcome can see, without or with the adjustment.

    Parameters
    ----------
    outcome, kind, unit, arm, comparison : str
    role : str
        `primary`, `outcome`, or `guardrail` where a margin was given.
    adjusted : bool
        Whether the outcome is adjusted for the same events before (CUPED).
    cluster : str or None
        What is assigned whole; None for customers one by one.
    mean, variance : float
        Of the outcome today; the variance per unit of assignment, before any adjustment.
    rho : float or None
        Correlation with the outcome before, per unit of assignment; None without an adjustment.
    icc, design_effect : float or None
        Likeness within clusters and what it costs.
    n_treated, n_comparison : int
        Customers planned in each arm.
    units_treated, units_comparison : int
        Units of assignment in each arm: the same, or clusters.
    level, power : float
    smallest_effect, smallest_effect_relative : float or None
        That is found with that power: a rise in the outcome's unit, and as a share of the mean. None with a `reason`.
    matters, matters_relative : float or None
        The smallest change that matters, or for a guardrail its margin.
    power_for_it : float or None
        How likely this test finds that change, or rules out a harm of the margin where there is none.
    needed_treated, needed_comparison : int or None
        Customers that it takes.
    days : int or None
        From the first assignment to the answer, with the customers needed (where a change that matters was named) or
        those planned; None where the records do not show so many.
    reason : str or None
    """

    outcome: str
    kind: str
    unit: str
    arm: str
    comparison: str
    role: str
    adjusted: bool
    cluster: str | None
    mean: float
    variance: float
    rho: float | None
    icc: float | None
    design_effect: float | None
    n_treated: int
    n_comparison: int
    units_treated: int
    units_comparison: int
    level: float
    power: float
    smallest_effect: float | None
    smallest_effect_relative: float | None
    matters: float | None
    matters_relative: float | None
    power_for_it: float | None
    needed_treated: int | None
    needed_comparison: int | None
    days: int | None
    reason: str | None

    @property
    def n_per_arm(self) -> int:
        """Customers in the smaller of the two arms."""
        return min(self.n_treated, self.n_comparison)

    def to_dict(self) -> dict[str, Any]:
        """The row as plain values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"n_per_arm": self.n_per_arm}


class Figures:
    """The arithmetic of one plan with so many customers in the records."""

    def __init__(self, plan: PlanningPlan, customers: int, arrivals: tuple[int, ...]) -> None:
        self.plan, self.customers, self.arrivals = plan, customers, arrivals
        self.planned = plan.customers if plan.customers is not None else customers
        self.reach = None if plan.looks is None else last_look_reach(plan.looks, level=plan.claim_level)

    def units(self, one: OutcomeBaseline, arm: str, customers: float | None = None) -> int:
        """Units of assignment in an arm."""
        wanted = self.planned if customers is None else customers
        return math.floor(one.units * wanted / self.customers * self.plan.share(arm) + 1e-9)

    def members(self, one: OutcomeBaseline, units: int) -> int:
        """Customers in so many units."""
        return math.ceil(units * self.customers / one.units - 1e-9)

    def rows(self, one: OutcomeBaseline) -> Iterator[Planned]:
        for arm in self.plan.treated:
            yield self.row(one, arm, one.plain, adjusted=False)
            if one.adjusted is not None:
                yield self.row(one, arm, one.adjusted, adjusted=True)

    def row(self, one: OutcomeBaseline, arm: str, baseline: Baseline, *, adjusted: bool) -> Planned:
        plan, control = self.plan, self.plan.control
        treated, comparison = self.units(one, arm), self.units(one, control)
        margin, change = plan.margins.get(one.outcome), plan.matters.get(one.outcome)
        share = margin if margin is not None else change
        absolute = None if share is None else share * abs(baseline.mean)
        reasons: list[str] = []
        smallest = told(lambda: self.smallest(one, baseline, treated, comparison), reasons)
        reached = None
        needed: Sizes | None = None
        if absolute is not None:
            guardrail = margin is not None
            reached = told(lambda: self.power(one, baseline, absolute, treated, comparison, guardrail), reasons)
            needed = told(lambda: self.needed(one, baseline, absolute, arm, guardrail), reasons)
        total = self.planned
        if needed is not None:
            whole = max(needed.treated / plan.share(arm), needed.comparison / plan.share(control))
            total = self.members(one, math.ceil(whole - 1e-9))
        enough = smallest is not None if absolute is None else needed is not None
        days = self.days(total) if enough else None
        if enough and days is None:
            reasons.append(self.too_many(total))
        likeness = one.likeness
        return Planned(
            outcome=one.outcome,
            kind=baseline.kind,
            unit=one.unit,
            arm=arm,
            comparison=control,
            role="guardrail" if margin is not None else "primary" if one.outcome == plan.primary else "outcome",
            adjusted=adjusted,
            cluster=plan.cluster,
            mean=baseline.mean,
            variance=baseline.variance,
            rho=baseline.correlation if adjusted else None,
            icc=None if likeness is None else likeness.correlation,
            design_effect=None if likeness is None else likeness.design_effect,
            n_treated=math.floor(self.planned * plan.share(arm) + 1e-9),
            n_comparison=math.floor(self.planned * plan.share(control) + 1e-9),
            units_treated=treated,
            units_comparison=comparison,
            level=plan.claim_level,
            power=plan.power,
            smallest_effect=smallest,
            smallest_effect_relative=relative(smallest, baseline),
            matters=absolute,
            matters_relative=share,
            power_for_it=reached,
            needed_treated=None if needed is None else self.members(one, needed.treated),
            needed_comparison=None if needed is None else self.members(one, needed.comparison),
            days=days,
            reason=" ".join(dict.fromkeys(reasons)) or None,
        )

    def smallest(self, one: OutcomeBaseline, baseline: Baseline, treated: int, comparison: int) -> float:
        self.must_suffice(one, baseline, treated, comparison)
        return smallest_effect(
            baseline,
            n_treated=treated,
            n_comparison=comparison,
            power=self.plan.power,
            level=self.plan.claim_level,
            reach=self.reach,
        )

    def power(
        self, one: OutcomeBaseline, baseline: Baseline, change: float, treated: int, comparison: int, guardrail: bool
    ) -> float:
        self.must_suffice(one, baseline, treated, comparison)
        level = self.plan.claim_level
        if guardrail:
            return non_inferiority_power(baseline, change, n_treated=treated, n_comparison=comparison, level=level)
        return power_of(baseline, change, n_treated=treated, n_comparison=comparison, level=level, reach=self.reach)

    def needed(self, one: OutcomeBaseline, baseline: Baseline, change: float, arm: str, guardrail: bool) -> Sizes:
        mine, theirs = self.plan.share(arm), self.plan.share(self.plan.control)
        power, level, share = self.plan.power, self.plan.claim_level, mine / (mine + theirs)
        if guardrail:
            sizes = needed_sizes_within(baseline, change, share=share, power=power, level=level)
        else:
            sizes = needed_sizes(baseline, change, share=share, power=power, level=level, reach=self.reach)
        fewest = max(self.fewest, math.ceil((one.looseness / LOOSEST_DENOMINATOR) ** 2))
        whole = self.fewest_adjusted if baseline.correlation else 0
        total = max(sizes.total, math.ceil(fewest / min(share, 1 - share) - 1e-9), whole)
        if total == sizes.total:
            return sizes
        treated = min(max(round(total * share), fewest), total - fewest)
        return Sizes(treated, total - treated)

    @property
    def fewest(self) -> int:
        """Units of an arm without which nothing is claimed."""
        return FEWEST_CUSTOMERS if self.plan.cluster is None else FEWEST_CLUSTERS

    @property
    def fewest_adjusted(self) -> int:
        """Units of both arms together without which nothing is adjusted."""
        return 0 if self.plan.cluster is None else 3 * CLUSTERS_PER_COVARIATE

    def must_suffice(self, one: OutcomeBaseline, baseline: Baseline, treated: int, comparison: int) -> None:
        """Refuse arms of which the study itself would claim nothing."""
        if min(treated, comparison) < self.fewest:
            what = "customers" if self.plan.cluster is None else f"groups of `{self.plan.cluster}`"
            raise DesignError(
                f"The two arms would have {treated:,} and {comparison:,} {what}; each needs {self.fewest} for "
                "anything to be claimed."
            )
        if baseline.correlation and treated + comparison < self.fewest_adjusted:
            raise DesignError(
                f"An adjustment needs {self.fewest_adjusted} groups of `{self.plan.cluster}` in all; there would be "
                f"{treated + comparison:,}."
            )
        loose = one.looseness / math.sqrt(min(treated, comparison))
        if loose > LOOSEST_DENOMINATOR:
            raise DesignError(
                f"What `{one.outcome}` divides by would be known to ±{loose * 100:.0f} % only; a ratio needs "
                f"{LOOSEST_DENOMINATOR * 100:.0f} % or less. Take more customers, or plan the numerator a customer."
            )

    def days(self, customers: int) -> int | None:
        """Days from the first assignment to the answer with so many customers; None where there are not so many."""
        if customers > self.customers:
            return None
        if self.plan.entry == "list":
            return self.plan.window_days
        return next(day for day, here in enumerate(self.arrivals, 1) if here >= customers) + self.plan.window_days

    def too_many(self, customers: int) -> str:
        when = "" if self.plan.entry == "list" else f" in {self.plan.entry_days} days"
        return f"It takes {customers:,} customers; the records show {self.customers:,}{when}."

    def curve(self, one: OutcomeBaseline) -> Iterator[dict[str, Any]]:
        """The smallest effect by how many customers take part."""
        arm = self.plan.treated[0]
        for adjusted, baseline in ((False, one.plain), (True, one.adjusted)):
            if baseline is None:
                continue
            for factor in _GRID:
                customers = round(self.planned * factor)
                sizes = [self.units(one, name, customers) for name in (arm, self.plan.control)]
                ignored: list[str] = []
                smallest = told(lambda: self.smallest(one, baseline, *sizes), ignored)  # noqa: B023 (called at once)
                if smallest is not None:
                    values = (one.outcome, adjusted, customers, smallest, relative(smallest, baseline))
                    yield dict(zip(SIZES, values, strict=True))

    def notes(self, found: Mapping[str, OutcomeBaseline]) -> list[str]:
        plan, told = self.plan, []
        if plan.cluster is not None:
            one = next(iter(found.values()))
            fewest = min(self.units(one, arm) for arm in plan.shares)
            if fewest < FEW_CLUSTERS:
                told.append(
                    f"The smallest arm would have {fewest:,} groups of `{plan.cluster}`. With fewer than "
                    f"{FEW_CLUSTERS}, of uneven size, the power reached can lie a few points off the one planned."
                )
        if plan.claims > 1:
            told.append(
                f"{plan.claims} claims are tested together: each interval is planned at {plan.claim_level * 100:.4g} %."
            )
        if plan.looks is not None:
            told.append(
                f"Looking early is allowed from {plan.looks[0]:,} to {plan.looks[1]:,} customers an arm; the sizes and "
                "powers are those of the last look, and earlier looks only add to the power."
            )
            arm = min(self.units(next(iter(found.values())), arm) for arm in plan.shares)
            if arm != plan.looks[1]:
                told.append(
                    f"The smallest arm would have {arm:,} customers, the last look is at {plan.looks[1]:,}: make them "
                    "the same, since the interval is made for that size."
                )
        return told


def last_look_reach(looks: tuple[int, int], *, level: float) -> float:
    """How many standard errors does an always-valid interval reach at its last look?

    As the interval itself is made: asked of two arms of that size with a spread of one.
    """
    from analysis.inference.always_valid import always_valid

    first, maximum = looks
    arm = Moments(("m",), maximum, (Decimal(0),), (Decimal(maximum - 1),))
    estimate = always_valid(arm, arm, "m", first=first, maximum=maximum, unit="1", level=level)
    return (estimate.high - estimate.value) / math.sqrt(2 / maximum)


def told(figure: Callable[[], T], reasons: list[str]) -> T | None:
    """A figure, or None with the reason why there is none."""
    try:
        return figure()
    except (DesignError, ValueError) as error:
        reasons.append(str(error))
        return None


def relative(effect: float | None, baseline: Baseline) -> float | None:
    """An effect as a share of the mean; None where there is none."""
    return None if effect is None or baseline.mean == 0 else effect / abs(baseline.mean)
