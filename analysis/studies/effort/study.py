"""Does social spare customers effort, and does sparing them effort go with more repurchase?

First what the channel does to effort; then its effect on what was bought, split in what runs through behavioural
effort and what runs past it; then each kind of effort for itself, and effort as customers say it, weighted for those
who did not answer. Outcomes are changes from before the issue, against customers whose issue of the same month went to
another channel. Nothing here earns more than a C: effort was not assigned at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.mediation import Mediated
from analysis.studies.claim import refusal
from analysis.studies.effort.account import evidence_of, months_of, notes_of
from analysis.studies.effort.claim import claim_direct, claim_effort, claim_indirect, claim_slope, claim_total, explored
from analysis.studies.effort.frames import effort_frame, line_of, response_frame
from analysis.studies.effort.plan import EffortPlan
from analysis.studies.effort.result import (
    COMPARISON,
    DESIGN,
    DIRECT,
    INDIRECT,
    SLOPE,
    TOGETHER,
    TOTAL,
    TREATED,
    EffortResult,
)
from analysis.studies.effort.rows import EffortRows
from analysis.studies.effort.rows_sql import effort_rows
from analysis.studies.effort.scope import FEWEST, EffortScope, Said
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect, Grade
from analysis.studies.segments.asked import settled_as_asked
from analysis.studies.soundness import unusable_attribute, unusable_margin

if TYPE_CHECKING:
    from analysis.tables.load import Tables

__all__ = ["EffortPlan", "EffortResult", "effort_effect", "effort_on"]


def effort_effect(tables: Tables, plan: EffortPlan) -> EffortResult:
    """How much effort did social spare customers, and what did they buy for it?

    Parameters
    ----------
    tables : Tables
        With `issues` and `orders`; `touchpoints` and `surveys` where there are any.
    plan : EffortPlan

    Returns
    -------
    EffortResult
        Differences per customer, in the unit of each kind of effort and of each outcome.

    Raises
    ------
    TooSoon, DesignError
        If the data are shorter than the windows, or hold no customer whose issue went to social.

    Source
    ------
    Estimator: `inference.mediation`; gates: `gates`; weights of answers: `response`.
    """
    notes, outcomes, attributes = [], [], []
    for name in plan.outcomes:
        lack = unusable_margin(tables) if name == "margin" else None
        if lack is None:
            outcomes.append(name)
        else:
            notes.append(f"`{name}` was left out: {lack}")
    if not outcomes:
        raise DesignError(f"None of the outcomes asked for can be followed. {' '.join(notes)}")
    for name in plan.adjusted:
        lack = unusable_attribute(tables, name)
        if lack is None:
            attributes.append(name)
        else:
            notes.append(f"Column `{name}` was skipped: {lack}")
    usable = replace(
        plan,
        outcomes=tuple(outcomes),
        covariates=tuple(name for name in plan.covariates if name in attributes),
        segments=tuple(name for name in plan.segments if name in attributes),
    )
    found = effort_on(effort_rows(tables, usable, outcomes=outcomes, attributes=attributes), usable)
    return replace(found, notes=(*notes, *found.notes))


def effort_on(rows: EffortRows, plan: EffortPlan) -> EffortResult:
    """The study on rows, wherever they come from; `effort_effect` without the tables.

    Parameters
    ----------
    rows : EffortRows
        That carry the outcomes and segments of the plan.
    plan : EffortPlan

    Raises
    ------
    DesignError
        If nobody's issue went to social, or everybody's.
    """
    exposed = int(rows.exposed.sum())
    if not 0 < exposed < len(rows):
        aside = "; ".join(f"{name.replace('_', ' ')}: {n:,}" for name, n in rows.account.items() if n)
        raise DesignError(
            f"{exposed:,} of {len(rows):,} customers who can be followed have an issue that went to social; two groups "
            f"are needed ({aside or 'no row was given'})."
        )
    if lacking := [name for name in plan.outcomes if name not in rows.after or name not in rows.before]:
        raise DesignError(f"These rows do not carry {', '.join(lacking)}; they carry {', '.join(rows.after)}.")
    return _Study(rows, plan).result()


class _Study:
    """Rows with all that is asked of them: everybody, then the segments."""

    def __init__(self, rows: EffortRows, plan: EffortPlan) -> None:
        self.rows, self.plan = rows, plan
        self.whole = EffortScope(rows, plan, {})
        self.parts = [
            EffortScope(rows.where(rows.attributes[name] == code), plan, {name: label})
            for name in plan.segments
            for code, label in enumerate(rows.labels.get(name, ()))
        ]
        self.said = {} if self.whole.refused else {name: self.whole.answers(name) for name in plan.surveys}
        self.lines: list[dict[str, Any]] = []
        self.hidden: list[tuple[str, float, float, float, float]] = []

    def result(self) -> EffortResult:
        """Everything, in the order in which it is shown."""
        effects = self._effort()
        for outcome in self.plan.outcomes:
            effects += self._split(self.whole, outcome)
        for outcome in self.plan.outcomes:
            effects += [effect for part in self.parts for effect in self._split(part, outcome)]
        if self.whole.refused is None:
            for outcome in self.plan.outcomes:
                effects += self._one_by_one(outcome)
                effects += [effect for name in self.plan.surveys for effect in self._as_said(outcome, name)]
        columns = ["outcome", "rho", "indirect", "low", "high"]
        told = settled_as_asked(effects, fewest=FEWEST, level=self.plan.level)
        return EffortResult(
            effects=told.effects,
            effort=effort_frame(self.whole.rows, effects),
            paths=pd.DataFrame(self.lines, columns=list(line_of("", "", ""))),
            hidden=pd.DataFrame(self.hidden, columns=columns),
            response=response_frame(self.whole.rows, self.said),
            evidence=evidence_of(self.whole),
            sample=MappingProxyType(dict(self.rows.account)),
            forest=told.forest,
            tests=told.tests,
            notes=(*notes_of(self.whole), *told.notes),
        )

    def _effort(self) -> list[Effect]:
        """What the channel does to each kind of effort."""
        scope = self.whole
        if scope.refused is not None:
            return [self._effect(scope, name, TOTAL, reason=scope.refused) for name in self.rows.effort]
        found: dict[str, Estimate | str] = {name: scope.effort(name) for name in self.rows.effort}
        found |= {name: one.effort() if isinstance(one, Said) else one for name, one in self.said.items()}
        checks, effects = scope.effort_checks, []
        grade = grade_of(checks)
        for name, one in found.items():
            if isinstance(one, str):
                effects.append(self._effect(scope, name, TOTAL, reason=one))
            else:
                claim = claim_effort(one, self.plan, grade, {})
                effects.append(self._effect(scope, name, TOTAL, estimate=one, checks=checks, grade=grade, claim=claim))
        return effects

    def _split(self, scope: EffortScope, outcome: str) -> list[Effect]:
        """Total, indirect and direct effect on one outcome of one group."""
        found = scope.refused or scope.split(outcome)
        if isinstance(found, str):
            if not scope.segment:
                self.lines.append(line_of(outcome, TOGETHER, found))
            return [self._effect(scope, outcome, estimand, reason=found) for estimand in (TOTAL, INDIRECT, DIRECT)]
        checks, plan, segment = scope.checks(outcome), self.plan, scope.segment
        grade = grade_of(checks)
        if not segment:
            self.lines.append(line_of(outcome, TOGETHER, found))
            self.hidden += [(outcome, *point) for point in found.hidden.curve]
        claims = {
            TOTAL: (found.total, claim_total(found.total, plan, grade, segment)),
            INDIRECT: (
                found.indirect,
                claim_indirect(
                    found.indirect,
                    plan,
                    grade,
                    segment,
                    mediators=scope.mediators,
                    hidden=found.hidden,
                    interventional=found.interventional,
                ),
            ),
            DIRECT: (found.direct, claim_direct(found.direct, plan, grade, segment, mediators=scope.mediators)),
        }
        return [
            self._effect(scope, outcome, estimand, estimate=estimate, checks=checks, grade=grade, claim=claim)
            for estimand, (estimate, claim) in claims.items()
        ]

    def _one_by_one(self, outcome: str) -> list[Effect]:
        """Each kind of behavioural effort: what goes with more of it, the others held, and what runs through it."""
        scope, effects = self.whole, []
        together = scope.split(outcome)
        if isinstance(together, str):
            return []
        checks = scope.checks(outcome)
        for name in scope.mediators:
            effects += self._of_one(outcome, name, scope.split(outcome, [name]), checks, together.slopes[name])
        return effects

    def _as_said(self, outcome: str, name: str) -> list[Effect]:
        """Effort as customers say it."""
        said = self.said[name]
        found = said if isinstance(said, str) else said.split(outcome)
        slope = None if isinstance(found, str) else found.slopes[name]
        return self._of_one(outcome, name, found, self.whole.checks(outcome), slope)

    def _of_one(
        self, outcome: str, name: str, found: Mediated | str, checks: Sequence[Check], slope: Estimate | None
    ) -> list[Effect]:
        """What runs through one kind alone, and its slope: kinds overlap, so these are looked at, not declared."""
        scope, plan, grade = self.whole, self.plan, grade_of(checks)
        through = f"{INDIRECT}:{name}"
        if isinstance(found, str) or slope is None:
            reason = str(found)
            self.lines.append(line_of(outcome, name, reason))
            return [self._effect(scope, outcome, through, reason=reason, declared=False)]
        self.lines.append(line_of(outcome, name, found, slope))
        indirect = claim_indirect(
            found.indirect,
            plan,
            grade,
            {},
            mediators=(name,),
            hidden=found.hidden,
            interventional=found.interventional,
        )
        told = claim_slope(slope, plan, grade, {}, mediator=name)
        common: dict[str, Any] = {"checks": checks, "grade": grade, "declared": False}
        effect = self._effect(scope, outcome, f"{SLOPE}:{name}", estimate=slope, claim=explored(slope, told), **common)
        return [
            replace(effect, comparison=TREATED),
            self._effect(
                scope, outcome, through, estimate=found.indirect, claim=explored(found.indirect, indirect), **common
            ),
        ]

    def _effect(
        self,
        scope: EffortScope,
        outcome: str,
        estimand: str,
        *,
        estimate: Estimate | None = None,
        reason: str | None = None,
        checks: Sequence[Check] = (),
        grade: Grade = "D",
        claim: str | None = None,
        declared: bool = True,
    ) -> Effect:
        exposed = scope.given.exposed
        first, last = months_of(self.whole.rows)
        return Effect(
            design=DESIGN,
            estimand=estimand,
            treated=TREATED,
            comparison=COMPARISON,
            outcome=outcome,
            segment=scope.segment,
            scale="difference",
            estimate=estimate,
            reason=reason,
            n_treated=int(exposed.sum()),
            n_comparison=int((~exposed).sum()),
            grade=grade,
            checks=tuple(checks),
            declared=declared,
            claim=claim or refusal(str(reason)),
            index_from=first,
            index_to=last,
        )
