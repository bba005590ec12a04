"""What do one group of customers' rows say of effort and of what was bought? All sums made once, all splits from them.

A group is everybody, or one segment. Which rows those are is left to `rows`, which effects are told to `study`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.crossed import Crossed, crossed
from analysis.inference.estimate import Estimate
from analysis.inference.mediation import Growth, Mediated, adjusted_gap, mediated
from analysis.studies.effort.gates import earlier_checks, nothing_sees_causes, overlap_of
from analysis.studies.effort.plan import EffortPlan
from analysis.studies.effort.response import Response, response_of
from analysis.studies.effort.rows import EffortRows
from analysis.studies.result import Check

FEWEST = 100
"""Customers that a group needs, and answers that a survey needs in each group."""
_BEFORE, _EARLIER = "before", "earlier"


class EffortScope:
    """One group of customers: who of them is compared, their sums, and every split of an effect that is asked for."""

    def __init__(self, rows: EffortRows, plan: EffortPlan, segment: Mapping[str, str]) -> None:
        self.plan, self.segment, self.given = plan, segment, rows
        comparable = rows.comparable()
        self.rows = rows.where(comparable)
        self._splits: dict[str, Mediated | str] = {}
        self._checks: dict[str, tuple[Check, ...]] = {}
        exposed = int(rows.exposed.sum())
        self.overlap = overlap_of(exposed - int(self.rows.exposed.sum()), exposed)

    @property
    def refused(self) -> str | None:
        """Why nothing can be told of these customers, or None."""
        exposed = int(self.rows.exposed.sum())
        others = len(self.rows) - exposed
        if min(exposed, others) >= FEWEST:
            return self._sums if isinstance(self._sums, str) else None
        return (
            f"{exposed:,} customers whose issue went to social and {others:,} others can be compared; {FEWEST} of each "
            "are the fewest."
        )

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        rows = self.rows
        columns = {**rows.covariates(), **rows.moved, **rows.effort}
        for name in self.plan.outcomes:
            columns |= {name: rows.after[name], f"{name} {_BEFORE}": rows.before[name]}
            if name in rows.prior:
                columns[f"{name} {_EARLIER}"] = rows.prior[name]
        return columns

    @cached_property
    def _sums(self) -> Crossed | str:
        return _crossed(self._columns, self.rows.exposed, self.plan)

    @property
    def sums(self) -> Crossed:
        """The sums of a group that is not refused."""
        if isinstance(self._sums, str):
            raise DesignError(self._sums)
        return self._sums

    @cached_property
    def covariates(self) -> tuple[str, ...]:
        """What is adjusted for and tells something of its own."""
        return self.sums.independent(list(self.rows.covariates()))

    @cached_property
    def moved(self) -> tuple[str, ...]:
        """What the channel moves and is adjusted for."""
        given = (*self.covariates, *self.rows.moved)
        return tuple(name for name in self.sums.independent(given) if name in self.rows.moved)

    @cached_property
    def mediators(self) -> tuple[str, ...]:
        """Behavioural effort that varies in both groups, beyond what else is known."""
        given = (*self.covariates, *self.moved, *self.rows.effort)
        return tuple(name for name in self.sums.independent(given) if name in self.rows.effort)

    def effort(self, name: str) -> Estimate:
        """What the channel does to one kind of behavioural effort."""
        return adjusted_gap(
            self.sums, name, covariates=self.covariates, unit=self.rows.unit(name), level=self.plan.level
        )

    def split(self, outcome: str, mediators: Sequence[str] | None = None) -> Mediated | str:
        """The effect on an outcome, split by all behavioural effort or some; or why it cannot be."""
        if mediators is not None:
            return self._split(outcome, f"{outcome} {_BEFORE}", mediators)
        if outcome not in self._splits:
            self._splits[outcome] = self._split(outcome, f"{outcome} {_BEFORE}", self.mediators)
        return self._splits[outcome]

    def checks(self, outcome: str) -> tuple[Check, ...]:
        """The gates of one outcome."""
        if outcome not in self._checks:
            self._checks[outcome] = self._checks_of(outcome)
        return self._checks[outcome]

    def _checks_of(self, outcome: str) -> tuple[Check, ...]:
        earlier: Mediated | str = (
            f"Customers were observed for {self.plan.history_days} days before the issue; "
            f"{2 * self.plan.outcome_days} are needed."
        )
        if outcome in self.rows.prior:
            earlier = self._split(f"{outcome} {_BEFORE}", f"{outcome} {_EARLIER}", self.mediators, outcome)
        usual = float(self.rows.before[outcome][self.rows.exposed].mean())
        return (self.overlap, *earlier_checks(earlier, usual), nothing_sees_causes())

    @property
    def effort_checks(self) -> tuple[Check, ...]:
        """The gates of effort itself, which nobody can know before the issue."""
        return (self.overlap, nothing_sees_causes())

    def _split(self, column: str, before: str, mediators: Sequence[str], outcome: str | None = None) -> Mediated | str:
        if not mediators:
            return "No kind of behavioural effort varies in both groups."
        name = outcome or column
        try:
            return mediated(
                self.sums,
                column,
                mediators,
                covariates=self.covariates,
                moved=self.moved,
                before=before,
                growth=growth_of(name),
                unit=self.rows.unit(name),
                level=self.plan.level,
            )
        except DesignError as fault:
            return str(fault)

    def answers(self, instrument: str) -> Said | str:
        """What can be told of effort as customers say it, or why nothing can."""
        said = self.rows.said.get(instrument)
        if said is None:
            return f"Nobody was asked `{instrument}` about these issues."
        answered = np.isfinite(said)
        held = [int((answered & (self.rows.exposed == side)).sum()) for side in (True, False)]
        if min(held) < FEWEST:
            return (
                f"{held[0]:,} customers whose issue went to social and {held[1]:,} others answered `{instrument}`; "
                f"{FEWEST} of each are the fewest."
            )
        known = {name: self._columns[name] for name in (*self.covariates, *self.moved, *self.mediators)}
        response = response_of(answered, {**known, "social": self.rows.exposed.astype(np.float64)})
        columns = {name: held[answered] for name, held in self._columns.items()} | {instrument: said[answered]}
        sums = _crossed(columns, self.rows.exposed[answered], self.plan, response.weights[answered])
        return sums if isinstance(sums, str) else Said(self, instrument, response, sums)


class Said:
    """The answers to one survey, weighted to speak for all."""

    def __init__(self, scope: EffortScope, instrument: str, response: Response, sums: Crossed) -> None:
        self.scope, self.instrument, self.response, self.sums = scope, instrument, response, sums
        self.covariates = sums.independent(scope.covariates)
        given = (*self.covariates, *scope.moved, *scope.mediators)
        self.moved = tuple(name for name in sums.independent(given) if name not in self.covariates)

    def effort(self) -> Estimate:
        """What the channel does to effort as said."""
        unit, level = self.scope.rows.unit(self.instrument), self.scope.plan.level
        return adjusted_gap(self.sums, self.instrument, covariates=self.covariates, unit=unit, level=level)

    def split(self, outcome: str) -> Mediated | str:
        """The effect on an outcome, split by effort as said.

        What could be seen of effort is held like the wait: it moves both what customers say and what they buy.
        """
        try:
            return mediated(
                self.sums,
                outcome,
                [self.instrument],
                covariates=self.covariates,
                moved=self.moved,
                before=f"{outcome} {_BEFORE}",
                growth=growth_of(outcome),
                unit=self.scope.rows.unit(outcome),
                level=self.scope.plan.level,
            )
        except DesignError as fault:
            return str(fault)


def growth_of(outcome: str) -> Growth:
    """Shares change by an amount, all else by a factor."""
    return "difference" if outcome == "repurchased" else "ratio"


def _crossed(
    columns: Mapping[str, np.ndarray], exposed: np.ndarray, plan: EffortPlan, weights: np.ndarray | None = None
) -> Crossed | str:
    try:
        return crossed(columns, exposed, weights=weights, draws=plan.draws, seed=plan.seed)
    except DesignError as fault:
        return str(fault)
