"""One arm of regions against the regions held out, for one outcome: the estimate, its checks, and what is shown.

The smaller group of regions is held against the larger one by synthetic difference-in-differences, and the sign turned
where that is the group held out. Without donors enough for an interval, regions are compared as clusters by how far
they moved since the start. Both are done again at a made-up start. Which outcomes and arms there are is left to `geo`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.compare import sample_ratio
from analysis.inference.estimate import Estimate
from analysis.studies.claim import claim_of, refusal
from analysis.studies.experiment.geo_panel import FEWEST_BEFORE, PERIOD, Floats, RegionPanel, Regions
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect

if TYPE_CHECKING:
    from analysis.inference.synthetic_path import SyntheticDid

Ints = NDArray[np.int64]

DESIGN = "ab_randomised"
MADE_UP_AT = 0.99
"""Level of the comparison at a made-up start: sound designs fail once in a hundred."""
RAN_BESIDE = 0.1
"""How far the weighted regions may have strayed from the others before, as a share of their size."""


class Contrast:
    """One arm against the regions held out, for one outcome."""

    def __init__(
        self, regions: Regions, panel: RegionPanel | str, arm: str, held: str, outcome: str, level: float,
        besides: tuple[Check, ...] = (),
    ) -> None:  # fmt: skip
        self.regions, self.panel, self.arm, self.held, self.outcome = regions, panel, arm, held, outcome
        self.level, self.besides = level, besides
        self.given = np.flatnonzero(np.array(regions.arms) == arm)
        self.out = np.flatnonzero(np.array(regions.arms) == held)
        self.turned = len(self.given) > len(self.out)
        self.few, self.many = (self.out, self.given) if self.turned else (self.given, self.out)
        self.found: SyntheticDid | None = None
        self.why: str | None = None if isinstance(panel, RegionPanel) else panel
        self.estimate: Estimate | None = None
        if isinstance(panel, RegionPanel):
            self._judge(panel)

    def _judge(self, panel: RegionPanel) -> None:
        try:
            self.found = self._synthetic(panel, panel.table, panel.before, self.level)
        except DesignError as error:
            self.why = str(error)
        try:
            self.estimate = self._estimate(panel, panel.table, panel.before, panel.after, self.level, self.found)
        except DesignError as error:
            self.why = self._only_a_rank() or str(error)

    def _synthetic(self, panel: RegionPanel, table: Floats, start: int, level: float) -> SyntheticDid:
        from analysis.inference.synthetic_did import synthetic_did

        rows = np.concatenate([self.few, self.many])
        changed = np.arange(len(rows)) < len(self.few)
        return synthetic_did(table[rows], changed, start, unit=panel.unit, name=panel.outcome, level=level)

    def _estimate(
        self, panel: RegionPanel, table: Floats, start: int, periods: int, level: float, found: SyntheticDid | None
    ) -> Estimate:
        """The arm's effect on a customer over so many periods: by weighted regions, else by regions as clusters."""
        if found is not None and found.estimate is not None:
            one, sign = found.estimate, -1.0 if self.turned else 1.0
            counted = f"{len(self.given)} regions against {len(self.out)}"
            how = f"synthetic difference-in-differences, {counted}, errors by placebo"
        else:
            one, sign = _by_cluster(table, self.regions, self.given, self.out, start, panel, level), 1.0
            how = one.method.replace("difference in means by cluster", "difference of changes by region").replace(
                "clusters", "regions"
            )
        value = sign * periods * one.value
        ends = sorted((sign * periods * one.low, sign * periods * one.high))
        return replace(
            one, name=self.outcome, value=value, low=min(ends[0], value), high=max(ends[1], value),
            se=periods * one.se, method=how, **self._counts(),
        )  # fmt: skip

    def _counts(self) -> dict[str, Any]:
        customers = self.regions.customers
        return {
            "n_treated": round(float(customers[self.given].sum())),
            "n_comparison": round(float(customers[self.out].sum())),
        }

    def _only_a_rank(self) -> str | None:
        found = self.found
        if found is None:
            return None
        return (
            f"{len(self.given)} regions had it and {len(self.out)} were held out, too few for an interval. Held "
            f"against each other in the same way, the difference is number {found.placebo_rank} of "
            f"{len(found.placebos) + 1} by size."
        )

    def checks(self) -> tuple[Check, ...]:
        return self._ratio(), self._made_up(), self._beside(), *self.besides

    def _ratio(self) -> Check:
        counts = {self.arm: len(self.given), self.held: len(self.out)}
        shares = self.regions.shares
        told = f"{self.arm} {counts[self.arm]} regions, {self.held} {counts[self.held]}"
        if shares is None or min(shares.get(arm, 0.0) for arm in counts) <= 0:
            detail = f"{told}; no `probability` says which share was to be held out."
            return Check(name="sample_ratio", verdict="not_applicable", detail=detail, gate=True)
        ratio = sample_ratio(counts, {arm: shares[arm] for arm in counts})
        return Check(
            name="sample_ratio",
            verdict="failed" if ratio.failed else "passed",
            detail=f"{told}; p = {ratio.p_value:.3g} against the shares stated, below 0.001 fails.",
            gate=True,
            p_value=ratio.p_value,
        )

    def _made_up(self) -> Check:
        """The same comparison before anything began."""
        name = "made_up_start"
        panel = self.panel
        if not isinstance(panel, RegionPanel):
            return Check(name=name, verdict="not_run", detail="There is no table of regions.", gate=True)
        at = max(panel.before - panel.after, FEWEST_BEFORE)
        try:
            if at >= panel.before:
                raise DesignError(f"{panel.before} periods before the start are too few to make one up among them.")
            earlier = panel.table[:, : panel.before]
            found = self._synthetic(panel, earlier, at, MADE_UP_AT)
            one = self._estimate(panel, earlier, at, panel.before - at, MADE_UP_AT, found)
        except DesignError as error:
            return Check(name=name, verdict="not_run", detail=str(error), gate=True)
        moved = one.excludes_no_effect
        detail = (
            f"Had it begun {panel.before - at} periods earlier, the regions would have "
            f"{'moved apart' if moved else 'shown no clear difference'} before anything was done: {one.value:.3g} "
            f"{one.unit} (99 % interval {one.low:.3g} to {one.high:.3g})."
        )
        return Check(
            name=name, verdict="failed" if moved else "passed", detail=detail, gate=True,
            value=one.value, low=one.low, high=one.high,
        )  # fmt: skip

    def _beside(self) -> Check:
        """How close the weighted regions ran to the others before. Shown, and caps nothing."""
        if self.found is None:
            return Check(name="ran_beside", verdict="not_run", detail="The regions could not be weighted.")
        one = self.found.only
        gap = (one.path - one.synthetic)[: one.start]
        usual = float(np.abs(one.path[: one.start]).mean())
        away = float(np.sqrt(np.mean((gap - gap.mean()) ** 2)))
        share = away / usual if usual > 0 else 0.0
        detail = (
            f"Before the start the weighted regions ran beside the others to within {share * 100:.1f} % of their size."
        )
        return Check(name="ran_beside", verdict="passed" if share <= RAN_BESIDE else "failed", detail=detail)

    def effect(self) -> Effect:
        checks = self.checks()
        names: dict[str, Any] = {
            "design": DESIGN, "estimand": "experiment_effect", "treated": self.arm, "comparison": self.held,
            "outcome": self.outcome, "scale": "difference", "checks": checks,
        }  # fmt: skip
        failed = next((check for check in checks if check.gate and check.verdict == "failed"), None)
        reason = self.why if self.estimate is None else None
        if reason is None and failed is not None:
            what = "the sample ratio failed" if failed.name == "sample_ratio" else "the regions differ without it"
            reason = f"{what}. {failed.detail}"
        if reason is None and self.estimate is not None and self.estimate.se == 0:
            reason = "nothing varies between the regions, so that no error can be told."
        if reason is not None or self.estimate is None:
            reason = reason or "nothing could be estimated."
            return Effect(**names, **self._counts(), grade="D", reason=reason, claim=refusal(reason))
        assert isinstance(self.panel, RegionPanel)
        grade = grade_of(checks, randomised=True)
        claim = claim_of(
            self.estimate, who=f"Customers of regions with {self.arm}",
            against=f"customers of regions with {self.held}",
            when=f"in the {self.panel.after * PERIOD.days} days after the start", grade=grade, segment={},
        )  # fmt: skip
        return Effect(**names, estimate=self.estimate, grade=grade, claim=claim)

    def regions_shown(self) -> list[dict[str, Any]]:
        """The smaller group, then its donors with their weights."""
        if self.found is None:
            return []
        rows = [self._region(int(place), "held against others", 1 / len(self.few)) for place in self.few]
        weights = self.found.only.unit_weights
        return rows + [
            self._region(int(place), "donor", float(weight)) for place, weight in zip(self.many, weights, strict=True)
        ]

    def _region(self, place: int, role: str, weight: float) -> dict[str, Any]:
        return {
            "outcome": self.outcome, "arm": self.arm, "region": self.regions.names[place], "role": role,
            "customers": round(float(self.regions.customers[place])), "weight": weight,
        }  # fmt: skip

    def paths(self) -> list[dict[str, Any]]:
        """The smaller group's path, and where the others would have taken it."""
        panel, found = self.panel, self.found
        if found is None or not isinstance(panel, RegionPanel):
            return []
        one = found.only
        return [
            {
                "outcome": self.outcome, "arm": self.arm, "period": place - panel.before,
                "starts_on": start.date().isoformat(), "regions": float(one.path[place]),
                "expected": float(one.synthetic[place]), "unit": panel.unit,
            }
            for place, start in enumerate(panel.starts)
        ]  # fmt: skip


def _by_cluster(
    table: Floats, regions: Regions, given: Ints, out: Ints, start: int, panel: RegionPanel, level: float
) -> Estimate:
    """Change of the mean per customer and period since the start; the error is that of the regions."""
    from analysis.inference.few_clusters import Clusters, difference_of_clusters

    change = table[:, start:].mean(axis=1) - table[:, :start].mean(axis=1)
    sums = change * regions.customers
    # What customers of a region differ by is not known here: it is taken as nothing, which widens the interval.
    alike = (sums * change)[:, None, None]
    one, other = (
        Clusters((panel.outcome,), regions.customers[rows], sums[rows, None], alike[rows]) for rows in (given, out)
    )
    return difference_of_clusters(one, other, panel.outcome, unit=panel.unit, level=level, name=panel.outcome)
