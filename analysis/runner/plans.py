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
    from analysis.roi.assumptions import RoiAssumptions
    from analysis.runner.study import Study
    from analysis.studies.ab import ExperimentPlan
    from analysis.studies.adoption.plan import AdoptionPlan
    from analysis.studies.change_log.study import ChangeLogPlan
    from analysis.studies.channel import ChannelPlan
    from analysis.studies.service.plan import ServicePlan


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


def experiment_plan(study: Study) -> ExperimentPlan:
    """What the parameters ask of the randomised tests."""
    from analysis.studies.ab import ExperimentPlan

    values = study.values
    return ExperimentPlan(
        control=None if values.comparison == OTHER_CHANNELS else values.comparison,
        outcomes=values.outcomes,
        segments=values.segments,
        window_days=values.experiment.window_days,
    )


def roi_assumptions(study: Study) -> RoiAssumptions:
    """What the parameters assume of the case in money.

    Raises
    ------
    DesignError
        If they ask for none.
    """
    from analysis.roi.assumptions import CostLine, RoiAssumptions

    roi = study.values.roi
    if roi is None:
        raise DesignError("The parameters ask for no case in money. Add a section `roi:`, which may be empty.")
    lines = roi.cost_lines
    return RoiAssumptions(
        currency=study.values.report.currency,
        years=roi.years,
        discount_rate=roi.discount_rate,
        contacts_per_year=roi.contacts_per_year,
        cost_lines=None
        if lines is None
        else tuple(CostLine(line=name, initial=line.initial, per_year=line.per_year) for name, line in lines.items()),
        draws=roi.draws,
        seed=study.values.seed,
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
