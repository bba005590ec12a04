"""What did a randomised assignment change? Each arm against the comparison arm, for every outcome and segment.

The sample ratio is tested first: where the arms do not have the sizes that the randomisation was set to give, no effect
is claimed. Then the arms are compared as they were assigned, whoever met what they offer: customers one by one, or by
the clusters or time blocks that chance assigned. Last come the guardrails, and what may be said of segments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from analysis.foundation.errors import DesignError, TouchstoneError, UnknownName
from analysis.studies.experiment.arms import Arms, arms_of
from analysis.studies.experiment.claims import with_warning
from analysis.studies.experiment.contrasts import ANYTIME, EFFECT
from analysis.studies.experiment.guardrails import Held, guardrails_frame, held_by, warning
from analysis.studies.experiment.looks import one_look_interval
from analysis.studies.experiment.outcomes import UNASKED
from analysis.studies.experiment.plan import FEWEST_CUSTOMERS, ExperimentPlan, Guardrail
from analysis.studies.experiment.result import ExperimentResult
from analysis.studies.experiment.trial import Trial
from analysis.studies.result import Effect

if TYPE_CHECKING:
    from analysis.studies.segments.uplifted import Uplift
    from analysis.tables.load import Tables

__all__ = ["ExperimentPlan", "ExperimentResult", "Guardrail", "randomised"]


def randomised(tables: Tables, plan: ExperimentPlan) -> ExperimentResult:
    """By how much do the arms of each experiment differ from its comparison arm?

    Parameters
    ----------
    tables : Tables
        With `assignments`, and `outcomes` or events such as `orders`.
    plan : ExperimentPlan

    Returns
    -------
    ExperimentResult
        Differences per customer, in the unit of each outcome, and relative effects.

    Raises
    ------
    UnknownName
        If the comparison arm named does not exist.
    DesignError
        If no comparison arm can be told, or there is no outcome to compare.

    Source
    ------
    Welch's comparison and the sample-ratio test: `inference.compare`; the adjustment: `inference.adjusted`.
    """
    found: list[_Told] = []
    failures: list[TouchstoneError] = []
    notes: list[str] = []
    for experiment in (name for name in _experiments(tables) if name not in plan.not_random):
        try:
            found.append(_told(tables, plan, experiment))
        except (DesignError, UnknownName) as error:
            failures.append(error)
            notes.append(str(error))
        else:
            notes += found[-1].notes
    if not found:
        raise failures[0] if failures else DesignError("`assignments` holds no experiment that was drawn by lot.")
    guarded = [guardrails_frame(one.arms.experiment, one.held) for one in found if one.held]
    return ExperimentResult(
        effects=tuple(effect for one in found for effect in one.effects),
        arms=pd.concat([one.arms.frame() for one in found], ignore_index=True),
        notes=tuple(dict.fromkeys(notes)),
        **({"guardrails": pd.concat(guarded, ignore_index=True)} if guarded else {}),
        recommended=MappingProxyType({key: value for one in found for key, value in _recommended(one).items()}),
        frames=MappingProxyType(_frames(found)),
        uplift=tuple(one for each in found for one in each.uplift),
        declaration=plan.declared is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One experiment, with everything that is said of it."""

    arms: Arms
    effects: tuple[Effect, ...]
    held: tuple[Held, ...]
    notes: tuple[str, ...]
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    uplift: tuple[Uplift, ...] = ()


def _experiments(tables: Tables) -> list[str]:
    found = tables.engine.query("select distinct experiment_id from assignments order by experiment_id")
    return [str(name) for name in found.column("experiment_id").to_pylist()]


def _told(tables: Tables, plan: ExperimentPlan, experiment: str) -> _Told:
    """One experiment: what was found, then what its guardrails say, then what may be said of segments."""
    found = _regions(tables, plan, experiment) if plan.template == "geo" else _customers(tables, plan, experiment)
    whole = [effect for effect in found.effects if effect.scale == "difference" and not effect.segment]
    looked = [effect for effect in whole if effect.estimand == ANYTIME]
    again = {(effect.treated, effect.outcome) for effect in looked}
    once = [one for one in whole if one.estimand == EFFECT and (one.treated, one.outcome) not in again]
    held = held_by([*looked, *once], plan.guardrails, found.arms.treated)
    said = [(arm, warning(held, arm)) for arm in found.arms.treated]
    notes = [*found.notes, *(f"Experiment `{experiment}`, arm `{arm}`: {words}" for arm, words in said if words)]
    if not any(effect.segment for effect in found.effects):
        return replace(
            found, effects=tuple(_guarded(one, held) for one in found.effects), held=held, notes=tuple(notes)
        )
    from analysis.studies.segments.settled import settled

    segmented = settled(found.effects, declared=plan.declared, fewest=FEWEST_CUSTOMERS, level=plan.level)
    return replace(
        found,
        effects=tuple(_guarded(one, held) for one in segmented.effects),  # last, so that no claim loses its warning
        held=held,
        notes=(*notes, *segmented.notes),
        frames={**found.frames, "forest": segmented.forest, "tests": segmented.tests},
    )


def _customers(tables: Tables, plan: ExperimentPlan, experiment: str) -> _Told:
    trial = Trial(tables, plan, experiment)
    strata = trial.arms.strata
    return _Told(
        arms=trial.arms, effects=trial.effects, held=(), notes=tuple(trial.notes), uplift=trial.uplift,
        frames={} if strata is None else {"strata": strata.frame(experiment, trial.arms.names)},
    )  # fmt: skip


def _regions(tables: Tables, plan: ExperimentPlan, experiment: str) -> _Told:
    """Regions that were held out, against those that were not."""
    from analysis.studies.experiment.geo import hold_out

    arms = arms_of(tables, plan, experiment)
    besides = () if plan.looks is None else (one_look_interval(beside=False),)
    found = hold_out(
        tables, experiment, plan.wanted or UNASKED[:3], control=arms.control, level=plan.level,
        window_days=plan.window_days, besides=besides,
    )  # fmt: skip
    skipped = [
        f"Segment `{name}` was skipped: regions are compared as wholes, not by customers' attributes."
        for name in plan.segments
    ]
    skipped += [
        f"Who benefits most by `{name}` was not looked for: regions are compared as wholes." for name in plan.explore
    ]
    effects = tuple(replace(one, declared=plan.covers(one.outcome, one.segment)) for one in found.effects)
    return _Told(
        arms=arms,
        effects=effects,
        held=(),
        notes=(*arms.notes, *found.notes, *skipped),
        frames={"regions": found.regions, "paths": found.paths},
    )


def _guarded(effect: Effect, held: Sequence[Held]) -> Effect:
    """An effect with the guardrails of its arm, and the warning that goes with a claim where one does not hold."""
    checks = tuple(one.check for one in held if one.arm == effect.treated)
    if not checks:
        return effect
    said = warning(held, effect.treated) if effect.estimate is not None else ""
    return replace(effect, checks=(*effect.checks, *checks), claim=with_warning(effect.claim, said))


def _recommended(one: _Told) -> dict[tuple[str, str], bool]:
    """By arm, whether every guardrail holds."""
    arms = dict.fromkeys(held.arm for held in one.held)
    return {
        (one.arms.experiment, arm): all(held.check.verdict == "passed" for held in one.held if held.arm == arm)
        for arm in arms
    }


def _frames(found: Sequence[_Told]) -> dict[str, pd.DataFrame]:
    """The tables of all experiments, by name, each with the experiment it is of."""
    named: dict[str, list[pd.DataFrame]] = {}
    for one in found:
        for name, frame in one.frames.items():
            named.setdefault(name, []).append(frame.assign(experiment_id=one.arms.experiment))
    return {name: pd.concat(frames, ignore_index=True) for name, frames in named.items()}
