"""What do the parameters ask of each study? The plans that the studies are handed, and nothing else.

Each function imports the study it plans, since every notebook has a process of its own and pays for what it imports.
Which steps run is left to `steps`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.runner.params_model import OTHER_CHANNELS

if TYPE_CHECKING:
    from analysis.foundation.calendar import Month
    from analysis.runner.study import Study
    from analysis.studies.ab import AbPlan
    from analysis.studies.adoption.plan import AdoptionPlan
    from analysis.studies.change_log.study import ChangeLogPlan
    from analysis.studies.channel import ChannelPlan
    from analysis.studies.dose.plan import DosePlan
    from analysis.studies.effort.plan import EffortPlan
    from analysis.studies.experiment.plan import ExperimentPlan
    from analysis.studies.observational.plan import ObservationalPlan
    from analysis.studies.planning.declaration import Declaration
    from analysis.studies.planning.study import SheetResult
    from analysis.studies.service.plan import ServicePlan
    from analysis.tables.load import Tables


def channel_plan(study: Study) -> ChannelPlan:
    """What the parameters ask of the before-and-after study."""
    from analysis.studies.channel import ChannelPlan

    values = study.values
    plan = ChannelPlan(
        before_months=values.index.before_months,
        after_months=values.index.after_months,
        look_back_days=values.index.look_back_days,
        negative_control=values.index.negative_control,
        segments=values.segments,
        strata=values.strata,
        zone=values.period.timezone,
        until=_until(study),
    )
    return plan if values.outcomes is None else replace(plan, outcomes=values.outcomes)


def service_plan(study: Study) -> ServicePlan:
    """What the parameters ask of the study of replies in time; the target is the promised time to a first reply."""
    from analysis.studies.service.plan import OUTCOMES, ServicePlan

    values = study.values
    return ServicePlan(
        target_seconds=values.metrics.sla_seconds,
        before_months=values.index.before_months,
        after_months=values.index.after_months,
        look_back_days=values.index.look_back_days,
        outcomes=_followed(study, OUTCOMES),
        segments=values.segments,
        zone=values.period.timezone,
        until=_until(study),
    )


def adoption_plan(study: Study) -> AdoptionPlan:
    """What the parameters ask of the study of the first use of social."""
    from analysis.studies.adoption.plan import OUTCOMES, AdoptionPlan

    values = study.values
    return AdoptionPlan(
        before_months=values.index.before_months,
        after_months=values.index.after_months,
        outcomes=_followed(study, OUTCOMES),
        strata=values.strata,
        roll_out=values.adoption.roll_out,
        zone=values.period.timezone,
        until=_until(study),
    )


def change_log_plan(study: Study) -> ChangeLogPlan:
    """What the parameters ask of the change log. Entries and figures that nobody named were not declared."""
    from analysis.studies.change_log.study import ChangeLogPlan

    asked = study.values.change_log
    return ChangeLogPlan(
        entries=asked.entries,
        metrics=asked.metrics,
        control=asked.control,
        declared=asked.metrics is not None or bool(study.values.metrics.targets),
        zone=study.values.period.timezone,
    )


def ab_plan(study: Study) -> AbPlan:
    """What the parameters ask about users against non-users. What was asked for by name must be answered."""
    from analysis.studies.ab import AbPlan

    named = study.values.designs
    asked = {"ab_randomised", "ab_observational"} if named is None else set(named)
    tables = study.tables
    tested = "ab_randomised" in asked and tables.has("assignments")
    compared = "ab_observational" in asked
    return AbPlan(
        randomised=experiment_plan(study) if tested else None,
        observational=observational_plan(study) if compared else None,
        dose=dose_plan(study) if compared and _has_contacts(tables) else None,
        must=frozenset(name.removeprefix("ab_") for name in named or ()),
    )


def _has_contacts(tables: Tables) -> bool:
    return tables.has("orders") and (tables.has("touchpoints") or tables.has("issues"))


def experiment_plan(study: Study) -> ExperimentPlan:
    """What the parameters ask of the randomised tests."""
    from analysis.studies.experiment.looks import Looks
    from analysis.studies.experiment.plan import ExperimentPlan, Guardrail

    values, asked = study.values, study.values.experiment
    return ExperimentPlan(
        control=None if values.comparison == OTHER_CHANNELS else values.comparison,
        outcomes=values.outcomes,
        segments=values.segments,
        window_days=asked.window_days,
        pre_days=asked.pre_days,
        covariates=asked.covariates,
        ratios={name: (one.numerator, one.denominator) for name, one in asked.ratios.items()},
        winsorise=asked.winsorise,
        quantiles=asked.quantiles,
        guardrails={name: Guardrail(margin=one.margin, worse=one.worse) for name, one in asked.guardrails.items()},
        explore=asked.explore,
        template=asked.template,
        washout_hours=asked.washout_hours,
        chances=asked.chances,
        looks=None if asked.looks is None else Looks(first=asked.looks.first, maximum=asked.looks.maximum),
        declared=declaration_of(study),
        not_random=tuple(name for name in (values.observational.experiment,) if name is not None),
    )


def declaration_of(study: Study) -> Declaration | None:
    """What was fixed before the data were looked at, if the parameters name a declaration.

    Raises
    ------
    ParamsError
        If the file is not there, or is not what was written.
    """
    asked = study.values.experiment
    if asked.declared is None:
        return None
    from analysis.studies.planning.declaration import Declaration

    return Declaration.read(study.params.home / asked.declared, expected=asked.declared_sha256)


def observational_plan(study: Study) -> ObservationalPlan:
    """What the parameters ask of the comparison of users with non-users."""
    from analysis.studies.observational.plan import OUTCOMES, ObservationalPlan

    values, asked = study.values, study.values.observational
    return ObservationalPlan(
        experiment=asked.experiment,
        treated=asked.treated,
        comparison=asked.comparison,
        against=asked.against,
        outcomes=values.outcomes if asked.experiment is not None else _followed(study, OUTCOMES),
        covariates=asked.covariates,
        placebo_outcomes=asked.placebo_outcomes,
        declared=declaration_of(study),
        segments=values.segments,
        before_months=values.index.before_months,
        after_months=values.index.after_months,
        look_back_days=values.index.look_back_days,
        zone=values.period.timezone,
        until=_until(study),
        seed=values.seed,
    )


def dose_plan(study: Study) -> DosePlan | None:
    """What is asked of outcomes by number and mix of contacts; None where no outcome asked for can be followed."""
    from analysis.studies.dose.plan import OUTCOMES, DosePlan

    values = study.values
    asked = tuple(name for name in OUTCOMES if values.outcomes is None or name in values.outcomes)
    if not asked:
        return None
    return DosePlan(
        outcomes=asked,
        dose_months=values.index.before_months,
        outcome_months=values.index.after_months,
        prior_months=values.index.before_months,
        zone=values.period.timezone,
        until=_until(study),
    )


def effort_plan(study: Study) -> EffortPlan:
    """What the parameters ask of the study of effort and loyalty."""
    from analysis.studies.effort.plan import OUTCOMES, EffortPlan

    values, asked = study.values, study.values.effort
    return EffortPlan(
        outcomes=_followed(study, OUTCOMES),
        effort_days=asked.effort_days,
        outcome_days=asked.outcome_days,
        history_days=asked.history_days,
        covariates=asked.covariates,
        segments=values.segments,
        zone=values.period.timezone,
        until=_until(study),
        seed=values.seed,
    )


def sheet_of(study: Study) -> SheetResult:
    """The design sheet that the parameters ask for.

    Raises
    ------
    DesignError
        If they ask for none.
    """
    from analysis.studies.planning.plan import PlanningPlan
    from analysis.studies.planning.study import planned

    values, asked = study.values, study.values.design_sheet
    if asked is None:
        raise DesignError("The parameters plan no test. Add a section `design_sheet:`, which may be empty.")
    plan = PlanningPlan(
        outcomes=asked.outcomes,
        ratios={name: (one.numerator, one.denominator) for name, one in asked.ratios.items()},
        shares=asked.shares,
        control=asked.control,
        start=asked.start,
        window_days=asked.window_days,
        pre_days=asked.pre_days,
        windows=asked.windows,
        entry=asked.entry,
        entry_days=asked.entry_days,
        active_days=asked.active_days,
        customers=asked.customers,
        cluster=asked.cluster,
        matters=asked.matters,
        margins=asked.margins,
        claims=asked.claims,
        power=asked.power,
        looks=None if asked.looks is None else (asked.looks.first, asked.looks.maximum),
        zone=values.period.timezone,
    )
    return planned(
        study.tables,
        plan,
        name=values.study,
        hypotheses=[
            one.model_dump(mode="json", exclude_none=True)
            for one in values.hypotheses
            if one.design in (None, "ab_randomised")
        ],
        segments=values.segments,
        declared_on=asked.declared_on,
        divisions=asked.divisions,
        seed=values.seed,
    )


def _until(study: Study) -> Month | None:
    """The last month of the report."""
    months = () if study.period is None else study.period.civil.months()
    return months[-1] if months else None


def _followed(study: Study, known: Collection[str]) -> tuple[str, ...]:
    """The outcomes asked for that a study can follow; all of them where none was named."""
    asked = study.values.outcomes
    found = tuple(known) if asked is None else tuple(name for name in asked if name in known)
    if not found:
        raise DesignError(f"None of the outcomes asked for can be followed here; that can: {', '.join(known)}.")
    return found
