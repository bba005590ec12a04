"""How much more or less did customers have because they are users, where nobody was assigned at random?

A target trial: everybody is eligible and in a group at time zero, and followed from it. The effect on the treated is
doubly robust and cross-fitted; where a window before is known, groups may differ in level and only growth is compared.
Overlap, balance and placebos are gates; whatever they say, the claim carries the bias that an unrecorded cause would
need. The raw gap between users and others stands beside, graded D. `observational_effect` reads tables,
`observational_on` rows wherever they came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.att import Att
from analysis.inference.estimate import Estimate, Scale
from analysis.inference.propensity import must_hold_both
from analysis.studies.claim import claim_of, refusal
from analysis.studies.grade import grade_of
from analysis.studies.observational import gates
from analysis.studies.observational.contacts import contact_rows
from analysis.studies.observational.fit import FEWEST_CUSTOMERS, Fit, fit
from analysis.studies.observational.frames import beside_frame, overlap_and_balance, placebo_frame, sensitivity_frame
from analysis.studies.observational.groups import group_rows
from analysis.studies.observational.hidden import clause
from analysis.studies.observational.no_contact import no_contact_rows
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.raw import raw_estimates, why_no_raw
from analysis.studies.observational.result import DESIGN, ESTIMAND, NAIVE, ObservationalResult
from analysis.studies.observational.rows import Flags, ObservationalRows
from analysis.studies.result import Check, Effect, Grade
from analysis.studies.segments.asked import settled_as_asked

if TYPE_CHECKING:
    from analysis.tables.load import Tables

__all__ = ["ObservationalPlan", "ObservationalResult", "observational_effect", "observational_on"]
GROWTH = "doubly robust growth of the treated against its expectation (AIPW), cross-fitted"
LEVEL = "doubly robust effect on the treated (AIPW), cross-fitted"


def observational_effect(tables: Tables, plan: ObservationalPlan) -> ObservationalResult:
    """By how much did users have more or less than they would have had, had they not been users?

    Parameters
    ----------
    tables : Tables
        With `assignments`, `outcomes` and `customers` for groups; with `orders`, and `issues` or `touchpoints`, for
        first contacts.
    plan : ObservationalPlan

    Returns
    -------
    ObservationalResult
        Differences per customer, in each outcome's unit, and ratios.

    Raises
    ------
    UnknownName
        If there is no such experiment, group or outcome.
    TooSoon, DesignError
        If no window fits the data, a column cannot be used, or nobody is left to compare.

    Source
    ------
    Hernán and Robins (2016), American Journal of Epidemiology 183, on target trials. Estimator:
    `inference.doubly_robust`; gates: `gates`.
    """
    if plan.experiment is not None:
        rows = group_rows(tables, plan)
    else:
        rows = contact_rows(tables, plan) if plan.against == "other_channels" else no_contact_rows(tables, plan)
    return observational_on(rows, plan)


def observational_on(rows: ObservationalRows, plan: ObservationalPlan) -> ObservationalResult:
    """The study on rows, wherever they came from.

    Parameters
    ----------
    rows : ObservationalRows
    plan : ObservationalPlan

    Raises
    ------
    DesignError
        If one of the groups is empty.
    """
    must_hold_both(rows.treated)
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):  # the same sums on every machine, and no waiting for busy cores
        return _Study(rows, plan).result()


@dataclass(frozen=True, slots=True)
class _Scope:
    """Some customers, how many of each side, and what was found of them: by outcome its fit or why there is none."""

    segment: Mapping[str, str]
    part: Flags
    sides: tuple[int, int]
    fits: Mapping[str, Fit | str]
    placebos: Mapping[str, Att | str]


class _Study:
    """One set of rows and all that is asked of it."""

    def __init__(self, rows: ObservationalRows, plan: ObservationalPlan) -> None:
        self.rows, self.plan = rows, plan
        self.raw = {outcome: raw_estimates(rows, outcome, plan.level) for outcome in rows.after}
        self.whole = self._scope({})
        self.parts = [
            self._scope({name: value})
            for name in rows.attributes
            for value in sorted({str(one) for one in rows.attributes[name] if one is not None})
        ]

    def result(self) -> ObservationalResult:
        rows = self.rows
        effects: list[Effect] = []
        for outcome in rows.after:
            for scope in (self.whole, *self.parts):
                effects += self._effects(scope, outcome)
        for outcome in rows.after:
            effects += self._raw(outcome)
        told = settled_as_asked(effects, declared=self.plan.declared, fewest=FEWEST_CUSTOMERS, level=self.plan.level)
        shown = next((found for found in self.whole.fits.values() if isinstance(found, Fit)), None)
        overlap, balance = overlap_and_balance(shown)
        return ObservationalResult(
            effects=told.effects,
            overlap=overlap,
            balance=balance,
            beside=beside_frame(self._beside()),
            sensitivity=sensitivity_frame(self.whole.fits, self.plan, effects),
            placebos=placebo_frame(self.whole.placebos, self.plan.level),
            forest=told.forest,
            tests=told.tests,
            sample=dict(rows.account),
            strata=", ".join(one.name for one in rows.covariates),
            notes=(*rows.notes, *self._notes(), *told.notes),
        )

    def _notes(self) -> list[str]:
        cut = next((found.trimming for found in self.whole.fits.values() if isinstance(found, Fit)), None)
        if cut is None or not cut.treated_left_out:
            return []
        return [
            f"{cut.treated_left_out:,} of {cut.treated:,} treated rows have nobody like them and were left out; the "
            "effects speak of the others."
        ]

    def _scope(self, segment: Mapping[str, str]) -> _Scope:
        """One fit for all outcomes that are known of the same customers."""
        rows, part = self.rows, gates.part_of(self.rows, segment)
        groups: dict[bytes, list[str]] = {}
        for outcome, after in rows.after.items():
            groups.setdefault((np.isfinite(after) & part).tobytes(), []).append(outcome)
        fits: dict[str, Fit | str] = {}
        for outcomes in groups.values():
            asked = {name: (rows.after[name], rows.before.get(name)) for name in outcomes} | gates.alongside(rows)
            found: Fit | str
            try:
                found = fit(rows, self.plan, asked, part=part)
            except DesignError as error:
                found = str(error)
            fits |= dict.fromkeys(outcomes, found)
        fitted = any(isinstance(found, Fit) for found in fits.values())
        treated, others = (len(np.unique(rows.customer[part & side])) for side in (rows.treated, ~rows.treated))
        return _Scope(
            segment, part, (treated, others), fits, gates.placebos(rows, self.plan, segment, fits) if fitted else {}
        )

    def _effects(self, scope: _Scope, outcome: str) -> list[Effect]:
        found = scope.fits[outcome]
        if isinstance(found, str):
            return [self._effect(scope, outcome, "difference", reason=found)]
        effect = found.effects[outcome]
        if not effect.se > 0:
            return [self._effect(scope, outcome, "difference", reason="nothing varies, so that no error can be told.")]
        checks = self._checks(scope, found, outcome)
        grade = grade_of(checks, needed=gates.needed(checks))
        return [
            self._effect(
                scope,
                outcome,
                estimate.scale,
                estimate=estimate,
                checks=checks,
                grade=grade,
                claim=self._claim(estimate, grade, scope.segment),
            )
            for estimate in self._estimates(effect, outcome)
        ]

    def _checks(self, scope: _Scope, found: Fit, outcome: str) -> tuple[Check, ...]:
        known = gates.recorded(self.rows, outcome, scope.part)
        return (
            gates.overlap(found),
            gates.balance(found.balance_frame()),
            *gates.judge_placebos(self.rows, scope.placebos, outcome),
            *(() if known is None else (known,)),
            *self.rows.caps,
        )

    def _estimates(self, effect: Att, outcome: str) -> list[Estimate]:
        method = GROWTH if outcome in self.rows.before else LEVEL
        level = self.plan.level
        found = [effect.difference(outcome, unit=self.rows.units[outcome], level=level, method=method)]
        if min(effect.observed, effect.expected) > 0 and effect.se_log > 0:
            found.append(effect.ratio(outcome, level=level, method=method))
        return found

    def _claim(self, estimate: Estimate, grade: Grade, segment: Mapping[str, str]) -> str:
        """What was found, and what an unrecorded cause would have to do by itself to explain it away."""
        needed = clause(estimate)
        said = claim_of(
            estimate,
            who=self.rows.who,
            against=self.rows.against,
            when=self.rows.when,
            grade=grade,
            segment=segment,
            unless=None if needed is None else f"unless an unrecorded cause {needed}",
        )
        further = [self.rows.caveat] if self.rows.caveat else []
        if needed is not None and grade != "B":
            further.append(f"An unrecorded cause that {needed} would explain it by itself.")
        told, _, ending = said.rpartition(" Grade ")
        return " ".join([told, *further, f"Grade {ending}"])

    def _effect(
        self,
        scope: _Scope,
        outcome: str,
        scale: Scale,
        *,
        estimate: Estimate | None = None,
        reason: str | None = None,
        checks: Sequence[Check] = (),
        grade: Grade = "D",
        claim: str | None = None,
        estimand: str = ESTIMAND,
    ) -> Effect:
        rows, dates = self.rows, dict(self.rows.dates)
        return Effect(
            design=DESIGN,
            estimand=estimand,
            treated=rows.treated_name,
            comparison=rows.comparison_name,
            outcome=outcome,
            segment=scope.segment,
            scale=scale,
            estimate=estimate,
            reason=reason,
            n_treated=scope.sides[0],
            n_comparison=scope.sides[1],
            grade=grade,
            checks=tuple(checks),
            declared=self.plan.declared is None or self.plan.declared.covers(outcome, dict(scope.segment)),
            claim=claim or refusal(str(reason)),
            **dates,  # type: ignore[arg-type]
        )

    def _raw(self, outcome: str) -> list[Effect]:
        """The raw gap, difference and ratio: rows of their own that are only printed beside what stands."""
        found = []
        for estimate in self.raw[outcome]:
            claim = claim_of(
                estimate,
                who=self.rows.who,
                against=self.rows.against.removeprefix("similar "),
                when=self.rows.when,
                grade="D",
                segment={},
            )
            found.append(
                self._effect(self.whole, outcome, estimate.scale, estimate=estimate, claim=claim, estimand=NAIVE)
            )
        if not found:
            reason = why_no_raw(self.rows, outcome)
            found.append(self._effect(self.whole, outcome, "difference", reason=reason, estimand=NAIVE))
        return found

    def _beside(self) -> dict[str, dict[str, Estimate | str]]:
        """Every road to the difference of all customers, by outcome."""
        level, told = self.plan.level, {}
        for outcome, found in self.whole.fits.items():
            if isinstance(found, str):
                continue
            (stands, *_) = self._estimates(found.effects[outcome], outcome)
            roads: dict[str, Estimate | str] = {"doubly_robust": stands, **found.beside(outcome, level)}
            told[outcome] = roads | dict(zip(("raw",), self.raw[outcome], strict=False))
        return told
