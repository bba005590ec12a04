"""What did it change for customers that they took up social care? Staggered adoption, in a panel of months.

Two designs. *First contacts*: customers whose first contact on social came in a month, against customers who had an
issue in that month on another channel and had not come to social by the month compared. It includes the harm of the
problem that led to the contact, is graded C at most, and is no figure for money. *A roll-out*: customers invited in
waves, against those not yet invited; the effect is that of the invitation, followed or not, and may be graded B.

Effects are additive ATT(g, t) with a universal base, the last month before the dip, summed over the months after. Here
the parts are put together; who is compared is left to `cohorts`, arithmetic to `cells`, checks to
`gates`. `adoption_effect` reads tables, `adoption_on` a panel in arrays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Bounds, Estimate, Scale
from analysis.studies.adoption import gates
from analysis.studies.adoption.by_plan import invited_by_plan
from analysis.studies.adoption.cells import Estimated, estimated
from analysis.studies.adoption.cohorts import cohorts_of, without_an_issue
from analysis.studies.adoption.estimates import difference_of, drift_bounds, ratio_of
from analysis.studies.adoption.panel import AdoptionPanel
from analysis.studies.adoption.plan import FIRST_CONTACTS, AdoptionPlan
from analysis.studies.adoption.result import (
    CALENDAR,
    DYNAMIC,
    GROUPS,
    AdoptionEvidence,
    AdoptionResult,
    calendar_frame,
    dynamic_frame,
    groups_frame,
)
from analysis.studies.adoption.warning import two_way_warning
from analysis.studies.channel_checks import single_customer
from analysis.studies.channel_result import PreTrend
from analysis.studies.channel_scope import FEWEST_CUSTOMERS, unit_of
from analysis.studies.claim import claim_of, refusal, window_after
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect
from analysis.studies.sensitivity import Sensitivity, sensitivity_of, unless
from analysis.studies.soundness import unusable_attribute, unusable_margin
from analysis.studies.strata import balance

if TYPE_CHECKING:
    from analysis.tables.load import Tables

DESIGN, ESTIMAND, COMPARISON = "adoption", "adoption_effect", "not_yet_treated"
MANY_WITHOUT = 0.02
"""A larger share of adopters without an issue in their month is told."""
_SCALES: tuple[Scale, ...] = ("difference", "ratio")


def adoption_effect(tables: Tables, plan: AdoptionPlan) -> AdoptionResult:
    """How much more did customers who took up social care do than they would have done without?

    Parameters
    ----------
    tables : Tables
        With `orders`, and `issues` or `touchpoints`; with `assignments` for a roll-out.
    plan : AdoptionPlan

    Returns
    -------
    AdoptionResult
        Differences per customer over the after-window, in the outcome's unit, and ratios to what was to be expected.

    Raises
    ------
    UnknownName
        If there is no such experiment.
    TooSoon, DesignError
        If no window fits the data, or nobody is left to compare with.
    """
    from analysis.studies.adoption.rows_sql import panel_of
    from analysis.studies.adoption.waves_sql import arms_in_words

    notes = []
    outcomes = list(plan.outcomes)
    if "margin" in outcomes and (lack := unusable_margin(tables)) is not None:
        outcomes.remove("margin")
        notes.append(f"`margin` was left out: {lack}")
    if not outcomes:
        raise DesignError(f"None of the outcomes asked for can be followed. {' '.join(notes)}")
    lacks = {name: unusable_attribute(tables, name) for name in plan.strata}
    notes += [f"Stratum `{name}` was skipped: {lack}" for name, lack in lacks.items() if lack is not None]
    strata = tuple(name for name, lack in lacks.items() if lack is None)
    panel = panel_of(tables, plan.rules(), outcomes=outcomes, roll_out=plan.roll_out, attributes=strata)
    if plan.roll_out is not None:
        notes += arms_in_words(tables, plan.roll_out, plan.zone)
    found = adoption_on(panel, replace(plan, outcomes=tuple(outcomes), strata=strata))
    return replace(found, notes=(*notes, *found.notes))


def adoption_on(panel: AdoptionPanel, plan: AdoptionPlan) -> AdoptionResult:
    """The study on a panel, wherever it came from; `adoption_effect` without the tables.

    Parameters
    ----------
    panel : AdoptionPanel
        With the issue months of customers for first contacts, without them for a roll-out; it counts the outcomes of
        the plan, and orders.
    plan : AdoptionPlan

    Raises
    ------
    TooSoon, DesignError
        As `adoption_effect`.
    """
    return _Study(panel, plan).result()


class _Study:
    """One panel and all that is asked of it."""

    def __init__(self, panel: AdoptionPanel, plan: AdoptionPlan) -> None:
        self.panel, self.plan, self.by_plan = panel, plan, plan.roll_out is not None
        if self.by_plan == (panel.issues is not None):
            raise ValueError("First contacts are compared by the months of issues, a roll-out is not.")
        self.studied = cohorts_of(panel, plan.before_months, plan.after_months, extra=plan.strata)
        months = [one.month for one in self.studied.cohorts]
        self.evidence = AdoptionEvidence(
            index_from=str(Month(min(months))),
            index_to=str(Month(max(months))),
            before_months=plan.before_months,
            after_months=plan.after_months,
            data_to=str(panel.end),
            roll_out=plan.roll_out,
        )
        self.trends: dict[str, PreTrend] = {}
        self.sensitivities: list[Sensitivity] = []
        self.frames: dict[str, list[pd.DataFrame]] = {"dynamic": [], "groups": [], "calendar": []}
        self.notes: list[str] = []

    def result(self) -> AdoptionResult:
        """Every outcome, then what stands beside them."""
        frame = gates.balance_frame(self.panel, self.studied, self.plan.before_months)
        alike = [gates.overlap(self.studied), balance(frame[frame["judged"]])]
        if self.by_plan:
            alike.append(invited_by_plan(self.panel, self.studied, self.plan.before_months, self.plan.after_months))
        effects = [effect for outcome in self.plan.outcomes for effect in self._effects(outcome, tuple(alike))]
        shown = next((name for name in self.plan.outcomes if name != "issues"), "orders")
        bacon, warning = two_way_warning(self.panel, shown, self._unit(shown))
        columns = {"dynamic": DYNAMIC, "groups": GROUPS, "calendar": CALENDAR}
        told = {
            name: pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns[name]))
            for name, parts in self.frames.items()
        }
        return AdoptionResult(
            effects=tuple(effects),
            **told,
            bacon=bacon,
            warning=warning,
            pre_trends=self.trends,
            sensitivities=tuple(self.sensitivities),
            evidence=self.evidence,
            balance=frame,
            strata=gates.strata_in_words(self.studied.columns),
            sample=self._sample(),
            notes=tuple(dict.fromkeys([*self._notes(), *self.notes])),
        )

    def _effects(self, outcome: str, alike: tuple[Check, ...]) -> list[Effect]:
        studied = self.studied
        if outcome == "issues" and not self.by_plan:
            return [self._refused(outcome, scale, gates.grows_with_issues()) for scale in _SCALES]
        few = min(studied.n_treated, studied.n_comparison)
        if few < FEWEST_CUSTOMERS:
            reason = (
                f"{studied.n_treated:,} adopters and {studied.n_comparison:,} comparison customers; each group needs "
                f"{FEWEST_CUSTOMERS}."
            )
            return [self._refused(outcome, scale, reason) for scale in _SCALES]
        found = estimated(
            self.panel,
            studied,
            outcome,
            before=self.plan.before_months,
            after=self.plan.after_months,
            reference=self.plan.reference,
        )
        unit, level = self._unit(outcome), self.plan.level
        difference, ratio = difference_of(found, unit, level), ratio_of(found, level)
        if not difference.se > 0:
            reason = f"`{outcome}` is the same for every customer and month; there is nothing to compare."
            return [self._refused(outcome, scale, reason) for scale in _SCALES]
        self.frames["dynamic"].append(dynamic_frame(found, f"{unit} and month", level))
        self.frames["groups"].append(groups_frame(found, f"{unit} and month", level))
        self.frames["calendar"].append(calendar_frame(found, f"{unit} and month", level))
        trend = gates.trend_before(found, level)
        if trend is not None:
            self.trends[outcome] = trend
        cap = () if self.by_plan else (gates.includes_the_problem(),)
        own = gates.pre_trend(found, trend, by_plan=self.by_plan)
        checks = (own, *alike, *cap, single_customer(found.largest))
        bounds, note = drift_bounds(found, unit, level) if self.plan.robust else ((), "")
        self.notes += [note] if note else []
        told = [self._told(difference, checks, found, bounds)]
        if isinstance(ratio, str):
            return [*told, self._refused(outcome, "ratio", ratio)]
        return [*told, self._told(ratio, checks, found, ())]

    def _told(
        self, estimate: Estimate, checks: tuple[Check, ...], found: Estimated, bounds: tuple[Bounds, ...]
    ) -> Effect:
        dof = max(estimate.n_treated + estimate.n_comparison - len(found.groups) - 1, 1)
        sensitivity = sensitivity_of(estimate, benchmarks={}, bounds=bounds, dof=dof)
        self.sensitivities.append(sensitivity)
        grade = grade_of(checks, needed=gates.NEEDED)
        clause = unless(sensitivity).replace("contacted", "invited") if grade == "B" else None
        claim = claim_of(
            estimate,
            who=self.evidence.who,
            against="similar customers who had not yet been invited"
            if self.by_plan
            else "similar customers who had an issue in the same month and had not yet come to social",
            when=window_after(self.plan.after_months),
            grade=grade,
            segment={},
            unless=clause,
        )
        claim += (
            " It is the effect of the invitation, followed or not."
            if self.by_plan
            else f" The figure {gates.HARM}, and is not used for money."
        )
        return Effect(
            **self._names(estimate.name, estimate.scale),
            estimate=estimate,
            grade=grade,
            checks=checks,
            claim=claim,
            n_treated=estimate.n_treated,
            n_comparison=estimate.n_comparison,
        )

    def _refused(self, outcome: str, scale: Scale, reason: str) -> Effect:
        return Effect(
            **self._names(outcome, scale),
            reason=reason,
            grade="D",
            claim=refusal(reason),
            n_treated=self.studied.n_treated,
            n_comparison=self.studied.n_comparison,
        )

    def _names(self, outcome: str, scale: Scale) -> dict[str, Any]:
        return {
            "design": DESIGN,
            "estimand": ESTIMAND,
            "treated": self.plan.roll_out or FIRST_CONTACTS,
            "comparison": COMPARISON,
            "outcome": outcome,
            "scale": scale,
            "index_from": self.evidence.index_from,
            "index_to": self.evidence.index_to,
            "before_months": self.evidence.before_months,
            "after_months": self.evidence.after_months,
        }

    def _unit(self, outcome: str) -> str:
        return unit_of(outcome, self.panel.currency)

    def _sample(self) -> dict[str, int]:
        studied = self.studied
        rows = sum(int((~one.treated).sum()) for one in studied.cohorts)
        counts = {"studied": studied.n_treated, "comparison_customers": studied.n_comparison, "comparison_rows": rows}
        return dict(self.panel.account) | dict(studied.account) | {"months_of_adoption": len(studied.cohorts)} | counts

    def _notes(self) -> list[str]:
        notes, studied = [], self.studied
        if studied.coarsened:
            cells = gates.strata_in_words(studied.columns)
            notes.append(f"Cells were made coarser, so that nearly every adopter has a comparison: {cells}.")
        if studied.alone:
            notes.append(
                f"{studied.alone:,} adopters were left out because nobody was left to compare them with "
                f"{self.plan.after_months} months later."
            )
        if not self.by_plan:
            alone = without_an_issue(self.panel, studied)
            if alone > MANY_WITHOUT * studied.n_treated:
                notes.append(
                    f"{alone:,} of {studied.n_treated:,} adopters came to social without an issue in that month; they "
                    "are compared with customers who had one."
                )
            notes.append(
                "In made-up companies where no contact has any effect, this comparison finds about 5 % fewer orders, "
                "and one with all customers not yet on social about 14 % fewer: such a figure is no sign of harm."
            )
        return notes
