"""What did it change for customers that their first social contact was answered in time?

Given a social contact, answered within the target against not. First comes what everybody can see, outcomes by reply
time and by hour, as raw figures. Then the effect: by the luck of the queue where the queue decides enough of who is
answered in time, else by an adjusted comparison that earns a C at most; each is shown beside the other and beside the
raw difference. Hour of the day alone is never used as luck: who writes at night? The same function studies rows found
in the query engine and rows in arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.instrument import Instrumented
from analysis.studies.claim import refusal
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect, Grade
from analysis.studies.segments_differ import Found as Spread
from analysis.studies.segments_differ import segments_differ
from analysis.studies.service.bands import bands_frame, hours_frame
from analysis.studies.service.claim import claim_adjusted, claim_by_queue, claim_raw
from analysis.studies.service.frames import balance_frame, beside_frame, instrument_frame
from analysis.studies.service.gates import NEEDED
from analysis.studies.service.plan import OUTCOMES, ServicePlan
from analysis.studies.service.result import (
    COMPARISON,
    DESIGN,
    ESTIMAND,
    NAIVE,
    TREATED,
    ServiceEvidence,
    ServiceResult,
)
from analysis.studies.service.rows_sql import engine_service_rows
from analysis.studies.service.scope import ServiceScope
from analysis.studies.service.table import ServiceRows
from analysis.studies.soundness import unusable_attribute, unusable_margin

if TYPE_CHECKING:
    from analysis.tables.load import Tables

__all__ = ["ServicePlan", "ServiceResult", "service_effect", "service_on"]


def service_effect(tables: Tables, plan: ServicePlan) -> ServiceResult:
    """By how much did customers do more or less because their first social contact was answered in time?

    Parameters
    ----------
    tables : Tables
        With `orders`, and `touchpoints` or `issues` that say when a first reply came; `issues` for product and
        severity.
    plan : ServicePlan

    Returns
    -------
    ServiceResult
        Differences per customer over the after-window, in the outcome's unit; ratios too where the comparison is
        adjusted.

    Raises
    ------
    TooSoon, DesignError
        If no month fits the data, nothing says when a reply came, or nobody ever wrote on social.

    Source
    ------
    Instrument: `instrument`; comparison: `adjusted`; gates: `gates`.
    """
    outcomes, lacking = _usable(tables, plan)
    segments, skipped = [], []
    for name in plan.segments:
        lack = unusable_attribute(tables, name)
        if lack is None:
            segments.append(name)
        else:
            skipped.append(f"Segment `{name}` was skipped: {lack}")
    usable = replace(plan, outcomes=tuple(outcomes), segments=tuple(segments))
    rows = engine_service_rows(tables, usable, outcomes=outcomes, attributes=segments)
    found = service_on(rows, usable)
    return replace(found, notes=(*lacking, *skipped, *found.notes))


def _usable(tables: Tables, plan: ServicePlan) -> tuple[list[str], list[str]]:
    usable, notes = [], []
    for name in plan.outcomes:
        lack = unusable_margin(tables) if name == "margin" else None
        lack = lack if name in OUTCOMES else f"this study follows {', '.join(OUTCOMES)}."
        if lack is None:
            usable.append(name)
        else:
            notes.append(f"`{name}` was left out: {lack}")
    if not usable:
        raise DesignError(
            f"None of the outcomes asked for ({', '.join(plan.outcomes) or 'none'}) can be followed. {' '.join(notes)}"
        )
    return usable, notes


def service_on(rows: ServiceRows, plan: ServicePlan) -> ServiceResult:
    """The study on rows, wherever they come from; `service_effect` without the tables.

    Parameters
    ----------
    rows : ServiceRows
        That carry the outcomes and segments of the plan.
    plan : ServicePlan

    Raises
    ------
    DesignError
        If there is no row at all.
    """
    if not len(rows):
        aside = "; ".join(f"{name.replace('_', ' ')}: {n:,}" for name, n in rows.account.items() if n)
        raise DesignError(f"No customer's first social contact can be followed ({aside or 'there is none'}).")
    if lacking := [name for name in plan.outcomes if name not in rows.outcomes]:
        raise DesignError(f"These rows do not carry {', '.join(lacking)}; they carry {', '.join(rows.outcomes)}.")
    return _Study(rows, plan).result()


class _Study:
    """Rows with all that is asked of them: everybody, then the segments."""

    def __init__(self, rows: ServiceRows, plan: ServicePlan) -> None:
        self.rows, self.plan = rows, plan
        self.whole = ServiceScope(rows, plan, {})
        self.compared = self.whole.rows
        self.parts = [
            ServiceScope(rows.where(rows.attributes[name] == code), plan, {name: label})
            for name in plan.segments
            for code, label in enumerate(rows.labels.get(name, ()))
        ]

    def result(self) -> ServiceResult:
        """Everything, in the order in which it is shown."""
        whole, plan = self.whole, self.plan
        effects: list[Effect] = []
        for outcome in plan.outcomes:
            effects += self._standing(whole, outcome)
        for outcome in plan.outcomes:
            apart = self._apart(outcome)
            for part in self.parts:
                effects += self._standing(part, outcome, apart.get(next(iter(part.segment))))
        effects += [self._raw(outcome) for outcome in plan.outcomes]
        return ServiceResult(
            effects=tuple(effects),
            bands=bands_frame(self.rows, plan),
            hours=hours_frame(self.rows, plan),
            instrument=instrument_frame(whole),
            beside=beside_frame(whole),
            balance=balance_frame(whole),
            evidence=self._evidence(),
            strata=whole.strata.description,
            sample=MappingProxyType(dict(self.rows.account)),
            notes=tuple(self._notes()),
        )

    def _standing(self, scope: ServiceScope, outcome: str, apart: Check | None = None) -> list[Effect]:
        """What stands for one outcome of one group; on both scales where it has both."""
        refused = scope.refused or scope.constant(outcome)
        found = scope.standing(outcome) if refused is None else None
        if found is None or found.reason is not None:
            reason = refused or str(found.reason if found else "")
            return [self._effect(scope, outcome, reason=reason, checks=() if refused else (scope.strength,))]
        checks = scope.queue_checks(outcome) if scope.strong else scope.adjusted_checks(outcome)
        if apart is not None:
            checks = (*checks, apart)
        grade = grade_of(checks, needed=NEEDED)
        queue = scope.queue(outcome) if scope.strong else None

        def claim(estimate: Estimate) -> str:
            if queue is None:
                return claim_adjusted(estimate, self.plan, grade, scope.segment)
            reduced = queue.reduced_form if isinstance(queue, Instrumented) else None
            return claim_by_queue(estimate, self.plan, grade, scope.segment, reduced)

        return [
            self._effect(
                scope,
                outcome,
                estimate=estimate,
                checks=checks,
                grade=grade,
                claim=claim(estimate),
            )
            for estimate in found.estimates
        ]

    def _effect(
        self,
        scope: ServiceScope,
        outcome: str,
        *,
        estimate: Estimate | None = None,
        reason: str | None = None,
        checks: Sequence[Check] = (),
        grade: Grade = "D",
        claim: str | None = None,
        estimand: str = ESTIMAND,
    ) -> Effect:
        return Effect(
            design=DESIGN,
            estimand=estimand,
            treated=TREATED,
            comparison=COMPARISON,
            outcome=outcome,
            segment=scope.segment,
            scale="difference" if estimate is None else estimate.scale,
            estimate=estimate,
            reason=reason,
            n_treated=int(scope.in_time.sum()),
            n_comparison=int((~scope.in_time).sum()),
            grade=grade,
            checks=tuple(checks),
            claim=claim or refusal(str(reason)),
            **self._dates(),
        )

    def _raw(self, outcome: str) -> Effect:
        """The raw difference, a row of its own that is only printed beside what stands."""
        scope = self.whole
        reason = scope.refused or scope.constant(outcome)
        if reason is not None:
            return self._effect(scope, outcome, reason=reason, estimand=NAIVE)
        (estimate,) = scope.plain(outcome).estimates
        return self._effect(scope, outcome, estimate=estimate, claim=claim_raw(estimate, self.plan), estimand=NAIVE)

    def _apart(self, outcome: str) -> dict[str, Check]:
        """By attribute: can the effects on its segments be told apart? Those that stand on one footing only."""
        found: dict[str, list[Spread]] = {name: [] for name in self.plan.segments}
        for part in self.parts:
            if part.refused or part.constant(outcome) or part.strong != self.whole.strong:
                continue
            estimates = part.standing(outcome).estimates
            if estimates and estimates[0].se > 0:
                found[next(iter(part.segment))].append((estimates[0].value, estimates[0].se))
        return segments_differ(found)

    def _dates(self) -> dict[str, Any]:
        months = self.compared.month[self.whole.in_time]
        if not len(months):
            months = self.rows.month
        return {
            "index_from": str(Month(int(months.min()))),
            "index_to": str(Month(int(months.max()))),
            "before_months": self.plan.before_months,
            "after_months": self.plan.after_months,
        }

    def _evidence(self) -> ServiceEvidence:
        return ServiceEvidence(
            **self._dates(),
            target_seconds=self.plan.target_seconds,
            within=self.plan.within,
            customers=len(self.compared),
            in_time=float(self.whole.in_time.mean()) if len(self.compared) else 0.0,
        )

    def _notes(self) -> list[str]:
        account, notes = self.rows.account, []
        if account.get("told_apart_only_a_bot_replied"):
            notes.append(
                f"{account['told_apart_only_a_bot_replied']:,} customers had a reply by a bot and, as far as is "
                "recorded, none by a human; they are shown by themselves and not compared."
            )
        if account.get("rows_of_unknown_product"):
            notes.append(
                f"For {account['rows_of_unknown_product']:,} customers the product is not known, so contacts about "
                "others cannot be counted; they are not in the estimate by the queue."
            )
        if account.get("left_out_replies_not_recorded"):
            notes.append(
                f"{account['left_out_replies_not_recorded']:,} customers wrote in months in which not one of many "
                "contacts has a reply: replies were not recorded then, and these customers are left out."
            )
        if not self.rows.severity_known:
            notes.append("Severity is not recorded, so contacts cannot be compared within it.")
        if self.whole.refused is None and not self.whole.strong:
            notes.append(f"The adjusted comparison stands for the effect. {self.whole.strength.detail}")
        weak = [part.segment for part in self.parts if not part.refused and part.strong != self.whole.strong]
        if weak:
            names = ", ".join(f"{name}: {value}" for segment in weak for name, value in segment.items())
            notes.append(f"Segments that do not stand on the same estimate as all customers: {names}.")
        return notes
