"""Was a test read as it was declared? And if not, what was done otherwise?

A declaration binds the one test it was written for: begun after it was written, with its arms, its windows and its
stopping rule. Of a test that is read otherwise nothing was decided beforehand, and all that is found counts as
explored; what else differs from the declaration (guardrails, sizes) is told. What a declaration covers is left to
`declaration`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from analysis.studies.planning.declaration import Declaration

if TYPE_CHECKING:
    from analysis.studies.experiment.plan import ExperimentPlan
    from analysis.tables.load import Tables

SMALLER = 0.95
"""An arm with less than this share of the customers planned is told to be smaller than planned."""
LOOSER = 1.01
"""A margin wider than this many times the declared one is told to be another."""
_LATEST_ZONE = timedelta(hours=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One experiment of the tables: customers by arm, and the last day on which its first customer was assigned.

    That day is the one of the latest time zone there is; None where no times were recorded.
    """

    name: str
    arms: Mapping[str, int]
    began: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A declaration beside the test that was read.

    Parameters
    ----------
    declaration : Declaration
    departures : tuple of str
        What was done otherwise, so that nothing counts as declared.
    told : tuple of str
        What differs besides.
    """

    declaration: Declaration
    departures: tuple[str, ...]
    told: tuple[str, ...] = ()

    def covers(self, outcome: str, segment: Mapping[str, str] | str | None = None) -> bool:
        """Whether the effect on this outcome in this segment was declared, and the test read as declared."""
        return not self.departures and self.declaration.covers(outcome, segment)

    @property
    def hypotheses(self) -> tuple[Mapping[str, Any], ...]:
        """The hypotheses that were declared; none where the test was read otherwise."""
        return () if self.departures else self.declaration.hypotheses

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of it."""
        if not self.departures:
            return self.told
        said = f"The test was not read as declaration `{self.declaration.name}` says, so nothing counts as declared: "
        return (said + " ".join(self.departures), *self.told)


def kept_to(declaration: Declaration, plan: ExperimentPlan, experiments: Sequence[Experiment]) -> Kept:
    """Was the test read as it was declared?

    Parameters
    ----------
    declaration : Declaration
    plan : ExperimentPlan
        How it was read.
    experiments : sequence of Experiment
        All that were read.

    Examples
    --------
    >>> from analysis.studies.experiment.plan import ExperimentPlan
    >>> declared = Declaration(name="trial", outcomes=("orders",), primary="orders", treated=("invited",))
    >>> arms = {"control": 900, "invited": 900}
    >>> kept_to(declared, ExperimentPlan(), [Experiment(name="t", arms=arms)]).departures
    ()
    >>> kept_to(declared, ExperimentPlan(window_days=30), [Experiment(name="t", arms=arms)]).departures
    ('Events were counted over 30 days, where 90 were declared.',)
    """
    departures = [*_other_plan(declaration, plan), *_other_experiment(declaration, experiments)]
    return Kept(
        declaration=declaration,
        departures=tuple(departures),
        told=(*_other_guardrails(declaration, plan), *_smaller(declaration, experiments)),
    )


def experiments_of(tables: Tables, plan: ExperimentPlan) -> tuple[Experiment, ...]:
    """The experiments of the tables that a plan reads, in the order of their names."""
    timed = tables.has_column("assignments", "assigned_at")
    began = "min(assigned_at)" if timed else "null"
    rows = tables.engine.query(
        f"select experiment_id, arm, count(distinct customer_id) as customers, {began} as began from assignments "
        "where arm is not null group by experiment_id, arm order by experiment_id, arm"
    ).to_pylist()
    found = []
    for name in dict.fromkeys(str(row["experiment_id"]) for row in rows):
        mine = [row for row in rows if str(row["experiment_id"]) == name]
        first = min((row["began"] for row in mine if row["began"] is not None), default=None)
        if name not in plan.not_random:
            arms = {str(row["arm"]): int(row["customers"]) for row in mine}
            day = None if first is None else (first + _LATEST_ZONE).date()
            found.append(Experiment(name=name, arms=arms, began=day))
    return tuple(found)


def _other_plan(declaration: Declaration, plan: ExperimentPlan) -> list[str]:
    found = []
    if plan.control not in (None, declaration.control):
        found.append(f"Arms are compared with `{plan.control}`, where `{declaration.control}` was declared.")
    if plan.window_days != declaration.window_days:
        found.append(
            f"Events were counted over {plan.window_days} days, where {declaration.window_days} were declared."
        )
    if plan.pre_days != declaration.pre_days:
        found.append(f"{plan.pre_days} days before adjust the comparison, where {declaration.pre_days} were declared.")
    if plan.level != declaration.level:
        found.append(f"Intervals are of {plan.level * 100:g} %, where {declaration.level * 100:g} were declared.")
    looks = None if plan.looks is None else (plan.looks.first, plan.looks.maximum)
    if looks != declaration.looks:
        found.append(f"It is {_read(looks)}, where it was declared to be {_read(declaration.looks)}.")
    return found


def _read(looks: tuple[int, int] | None) -> str:
    return "looked at once" if looks is None else f"looked at from {looks[0]:,} to {looks[1]:,} customers an arm"


def _other_experiment(declaration: Declaration, experiments: Sequence[Experiment]) -> list[str]:
    if len(experiments) > 1:
        return [
            f"{len(experiments)} experiments are read ({', '.join(one.name for one in experiments)}), where one was "
            "declared: give each a report of its own."
        ]
    found = []
    for one in experiments:
        declared = {declaration.control, *declaration.treated}
        if declaration.treated and set(one.arms) != declared:
            arms, named = ", ".join(sorted(one.arms)), ", ".join(sorted(declared))
            found.append(f"Experiment `{one.name}` has the arms {arms}, where {named} were declared.")
        if declaration.declared_on is not None and one.began is not None and declaration.declared_on > one.began:
            found.append(
                f"It was written on {declaration.declared_on:%Y-%m-%d}, after the first customers of `{one.name}` were "
                "assigned."
            )
    return found


def _other_guardrails(declaration: Declaration, plan: ExperimentPlan) -> list[str]:
    found = []
    for outcome, rule in declaration.guardrails.items():
        here = plan.guardrails.get(outcome)
        if here is None:
            found.append(f"The guardrail `{outcome}` was declared and is not watched.")
        elif here.worse != rule["worse"] or here.margin > LOOSER * float(rule["margin"]):
            found.append(
                f"The guardrail `{outcome}` allows {here.margin:.4g} ({here.worse} is worse), where "
                f"{float(rule['margin']):.4g} ({rule['worse']} is worse) was declared."
            )
    return found


def _smaller(declaration: Declaration, experiments: Sequence[Experiment]) -> list[str]:
    if declaration.looks is not None:
        return []  # whoever declared looks may look before the sizes are reached
    return [
        f"Arm `{arm}` of `{one.name}` holds {one.arms[arm]:,} customers, where {planned:,} were declared: looked at "
        "before its end, or fewer were assigned. An interval of one look does not allow for looking early."
        for one in experiments
        for arm, planned in declaration.sizes.items()
        if arm in one.arms and one.arms[arm] < SMALLER * planned
    ]
