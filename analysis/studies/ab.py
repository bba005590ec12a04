"""What do users do differently, by lot where there was one and honestly where there was none? The A/B study as a whole.

Randomised tests, users against non-users, and what goes with the number and mix of contacts are three questions with
three grades of answer; here they are asked one after the other of the same tables and put on one page. What one of them
cannot answer is noted and stops the others not at all. How each is answered is left to `experiment`, `observational`
and `dose`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.foundation.errors import DesignError, UnknownName
from analysis.studies.result import Effect, effects_frame

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.dose.plan import DosePlan
    from analysis.studies.dose.result import DoseResult
    from analysis.studies.experiment.plan import ExperimentPlan
    from analysis.studies.experiment.result import ExperimentResult
    from analysis.studies.observational.plan import ObservationalPlan
    from analysis.studies.observational.result import ObservationalResult
    from analysis.studies.planning.departures import Kept
    from analysis.tables.load import Tables

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AbPlan:
    """Which of the three questions are asked, and how; None: not asked.

    `must` names those (`randomised`, `observational`) whose answer was asked for by name, so that having none is an
    error and not a note.
    """

    randomised: ExperimentPlan | None = None
    observational: ObservationalPlan | None = None
    dose: DosePlan | None = None
    must: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AbResult:
    """The answers there are; None where a question was not asked or cannot be answered from the tables.

    `departures` say where a test was read otherwise than declared; they come first among the notes.
    """

    randomised: ExperimentResult | None = None
    observational: ObservationalResult | None = None
    dose: DoseResult | None = None
    unanswered: tuple[str, ...] = ()
    departures: tuple[str, ...] = ()

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Those of the randomised tests first, then those of users against non-users, then what goes with contacts."""
        return tuple(effect for part in self._parts for effect in part.effects)

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.departures, *(note for part in self._parts for note in part.notes), *self.unanswered)

    @property
    def _parts(self) -> tuple[Any, ...]:
        return tuple(one for one in (self.randomised, self.observational, self.dose) if one is not None)

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        coverage: dict[str, Any] = {}
        for part in self._parts:
            found: Mapping[str, Any] = part.to_parts()
            coverage |= found.get("coverage", {})
        return {"effects": [effect.to_dict() for effect in self.effects], "coverage": coverage}

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def ab_segments(tables: Tables, plan: AbPlan) -> AbResult:
    """All that the tables say of users against non-users.

    Parameters
    ----------
    tables : Tables
        With `assignments` for randomised tests; with `orders`, and `issues` or `touchpoints`, for the others.
    plan : AbPlan

    Raises
    ------
    DesignError, UnknownName
        If nothing can be answered, or one that must be cannot.
    """
    unanswered: list[str] = []
    failures: list[DesignError | UnknownName] = []

    def answer(name: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except (DesignError, UnknownName) as error:
            if name in plan.must:
                raise
            failures.append(error)
            unanswered.append(str(error))
            return None

    kept = None if plan.randomised is None else kept_of(tables, plan.randomised)
    result = AbResult(
        randomised=answer("randomised", lambda: _randomised(tables, plan.randomised, kept)),
        observational=answer("observational", lambda: _observational(tables, plan.observational)),
        dose=answer("dose", lambda: _dose(tables, plan.dose)),
        unanswered=tuple(unanswered),
        departures=() if kept is None else kept.notes,
    )
    if result.randomised is None and result.observational is None and result.dose is None:
        raise failures[0] if failures else DesignError("No randomised test and no comparison of users was asked for.")
    return result


def kept_of(tables: Tables, plan: ExperimentPlan) -> Kept | None:
    """The declaration of a plan beside the tests that it reads; None where nothing was declared or assigned."""
    from analysis.studies.planning.declaration import Declaration

    if not isinstance(plan.declared, Declaration) or not tables.has("assignments"):
        return None
    from analysis.studies.planning.departures import experiments_of, kept_to

    return kept_to(plan.declared, plan, experiments_of(tables, plan))


def _randomised(tables: Tables, plan: ExperimentPlan | None, kept: Kept | None) -> ExperimentResult | None:
    if plan is None:
        return None
    from analysis.studies.experiment.study import randomised

    if kept is not None and kept.departures:  # it covers nothing, and the plan asks no more of it than that
        plan = replace(plan, declared=kept)
    return randomised(tables, plan)


def _observational(tables: Tables, plan: ObservationalPlan | None) -> ObservationalResult | None:
    if plan is None:
        return None
    from analysis.studies.observational.study import observational_effect

    return observational_effect(tables, plan)


def _dose(tables: Tables, plan: DosePlan | None) -> DoseResult | None:
    if plan is None:
        return None
    from analysis.studies.dose.study import dose_and_mix

    return dose_and_mix(tables, plan)
