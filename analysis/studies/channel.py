"""What did it change for customers that their issue went to social, against the same customers going elsewhere?

The default before-and-after study. Estimand: the effect of the *index issue going to social*, later contacts as they
fall, on customers who chose social. Here the parts are put together: cells of the stack, every group of customers with
its effects and gates, the event study, interim windows, sensitivity, and the naive figures beside them, because they
are what everybody else reports. The same function studies rows in the query engine and rows in arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.cells import Cells, Flags, Measure
from analysis.inference.estimate import Estimate
from analysis.studies.channel_result import ChannelResult, Evidence
from analysis.studies.channel_scope import DESIGN, ESTIMAND, FAMILY, RATIOS, Scope
from analysis.studies.event_study import event_frame
from analysis.studies.fits import ALONE, Fits, joint_covariance
from analysis.studies.interim import Interim
from analysis.studies.maturing import add_cohorts, maturing_frame
from analysis.studies.naive import FOLLOWED, add_naive, naive_before_after, naive_user_gap
from analysis.studies.negative_control import negative_control
from analysis.studies.paths import paths
from analysis.studies.result import Check, Effect
from analysis.studies.sample import IndexRules
from analysis.studies.segments_differ import segments_apart
from analysis.studies.soundness import unusable_attribute, unusable_cost, unusable_margin, unusable_retained
from analysis.studies.stack import BOUGHT, MONTHLY, Layout, Stack, window
from analysis.studies.stack_sql import EngineStack, engine_stack
from analysis.studies.stack_threads import Start, beside
from analysis.studies.strata import balance_frame

if TYPE_CHECKING:
    from analysis.tables.load import Tables

OUTCOMES = (*BOUGHT, "issues", "support_cost", "index_issue_cost", "repurchased", "retained")
"""What this study can follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlan:
    """What was decided before the data were looked at.

    `segments` and `strata` name columns of `customers` that are fixed: effects are shown for each of the first, and
    contacted customers are compared only with those who are alike in all of the second. Without `robust` the sets that
    allow for a drift between the groups are left out; they take a second.
    """

    before_months: int = 6
    after_months: int = 6
    look_back_days: int = 0
    outcomes: tuple[str, ...] = OUTCOMES
    segments: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    zone: str = "UTC"
    until: Month | None = None
    level: float = 0.95
    robust: bool = True
    negative_control: str | None = None

    def __post_init__(self) -> None:
        if not (1 <= self.before_months <= 36 and 1 <= self.after_months <= 36 and self.look_back_days >= 0):
            raise DesignError(
                f"Windows are 1 to 36 months long, and a look-back is no less than nought; given were "
                f"{self.before_months} before, {self.after_months} after and {self.look_back_days} days."
            )
        if not 0.5 <= self.level <= 0.999:
            raise DesignError(f"The level of an interval lies between 0.5 and 0.999, not at {self.level}.")

    def rules(self) -> IndexRules:
        """When an issue can be an index issue."""
        return IndexRules(
            before_months=self.before_months,
            after_months=self.after_months,
            look_back_days=self.look_back_days,
            zone=self.zone,
            until=self.until,
        )


def channel_effect(tables: Tables, plan: ChannelPlan) -> ChannelResult:
    """By what factor did contacted customers do more or less than they would have, had the issue gone elsewhere?

    Parameters
    ----------
    tables : Tables
        With `orders`, and `issues` or `touchpoints`.
    plan : ChannelPlan

    Returns
    -------
    ChannelResult
        Ratios, and differences per index contact over the after-window, in the outcome's unit.

    Raises
    ------
    TooSoon, DesignError
        If no index month fits the data, or one of the groups is empty.

    Source
    ------
    Estimator: `inference.stacked`; who is compared with whom: `studies.stack`, `studies.strata`.
    """
    stack, usable, notes = stack_of(tables, plan)
    try:
        found = channel_on(stack, usable)
        dates = _dates_of(found.evidence)
        gaps = [name for name in ("orders", "issues") if name in usable.outcomes]
        raw = naive_user_gap(stack.everybody, dates, plan.level, gaps) if gaps else []
        control = negative_control(tables, plan.negative_control, lambda: _on_control(tables, usable, stack.layout))
    finally:
        stack.forget()
    adjusted = [_with(control, effect) for effect in found.effects]
    return replace(found, effects=(*adjusted, *raw), notes=(*notes, *found.notes))


def _on_control(tables: Tables, plan: ChannelPlan, layout: Layout) -> Estimate | str:
    """The study of orders alone, on what `orders` holds now."""
    stack, usable, _ = stack_of(tables, replace(plan, outcomes=("orders",), segments=(), robust=False))
    try:
        if (stack.layout.begin, stack.layout.end) != (layout.begin, layout.end):
            return f"it was bought from {stack.layout.begin} to {stack.layout.end} only."
        (effect, *_) = channel_on(stack, usable).of("orders")
    finally:
        stack.forget()
    return effect.estimate or str(effect.reason)


def _with(check: Check, effect: Effect) -> Effect:
    """The effect with one more check, where it is one on purchases of all customers."""
    asked = effect.outcome in BOUGHT and not effect.segment and not effect.naive and effect.maturity == "mature"
    return replace(effect, checks=(*effect.checks, check)) if asked and effect.estimate is not None else effect


def stack_of(tables: Tables, plan: ChannelPlan) -> tuple[EngineStack, ChannelPlan, list[str]]:
    """The rows of a study in the engine, what of the plan these tables can tell, and why not the rest.

    Raises
    ------
    TooSoon, DesignError
        As in `channel_effect`.
    """
    outcomes, lacking = usable_outcomes(tables, plan.outcomes, plan.zone)
    segments, skipped = _attributes(tables, plan.segments, "Segment")
    strata, unused = _attributes(tables, plan.strata, "Stratum")
    stack = engine_stack(tables, plan.rules(), outcomes=outcomes, attributes=tuple(dict.fromkeys([*segments, *strata])))
    usable = replace(plan, outcomes=tuple(outcomes), segments=tuple(segments), strata=tuple(strata))
    return stack, usable, [*lacking, *skipped, *unused]


def channel_on(stack: Stack, plan: ChannelPlan) -> ChannelResult:
    """The study on rows, wherever they lie; `channel_effect` without the tables.

    Parameters
    ----------
    stack : Stack
        That carries the outcomes, segments and strata of the plan.
    plan : ChannelPlan

    Raises
    ------
    DesignError
        If in no month anybody can be compared.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, user_api="blas"):  # pieces are worked on at once already; more threads would wait
        return _Study(stack, plan).result()


def usable_outcomes(tables: Tables, wanted: Sequence[str], zone: str = "UTC") -> tuple[list[str], list[str]]:
    """Which outcomes can these tables tell, and why not the others?

    Raises
    ------
    DesignError
        If none can be told.
    """
    costly = ("support_cost", "index_issue_cost")
    lacks = {"margin": unusable_margin(tables) if "margin" in wanted else None}
    lacks["retained"] = unusable_retained(tables) if "retained" in wanted else None
    lacks |= dict.fromkeys(costly, unusable_cost(tables, zone) if not set(costly).isdisjoint(wanted) else None)
    usable, notes = [], []
    for name in wanted:
        lack = lacks.get(name) if name in OUTCOMES else f"this study follows {', '.join(OUTCOMES)}."
        if lack is None:
            usable.append(name)
        else:
            notes.append(f"`{name}` was left out: {lack}")
    if not usable:
        raise DesignError(
            f"None of the outcomes asked for ({', '.join(wanted) or 'none'}) can be followed. "
            f"{' '.join(notes)}".rstrip()
        )
    return usable, notes


def _attributes(tables: Tables, wanted: Sequence[str], kind: str) -> tuple[list[str], list[str]]:
    usable, notes = [], []
    for name in wanted:
        lack = unusable_attribute(tables, name)
        if lack is None:
            usable.append(name)
        else:
            notes.append(f"{kind} `{name}` was skipped: {lack}")
    return usable, notes


def _dates_of(evidence: Evidence) -> dict[str, Any]:
    return {
        "index_from": evidence.index_from,
        "index_to": evidence.index_to,
        "before_months": evidence.before_months,
        "after_months": evidence.after_months,
    }


class _Study:
    """One stack with all that is asked of it: gathered, settled, told."""

    def __init__(self, stack: Stack, plan: ChannelPlan) -> None:
        self.stack, self.plan, self.layout = stack, plan, stack.layout
        self.bought = tuple(name for name in plan.outcomes if name in BOUGHT)
        keys = self.layout.columns
        self.study = Fits(stack, self._cells(keys, "study"), level=plan.level)
        self.future = Fits(stack, self._cells(keys, "future"), where="future", level=plan.level)
        months = self.study.cells.keys["month"][self.study.cells.keys["arm"] == 1]
        if not months.size or months.size == len(self.study.cells):
            raise DesignError("No contacted customer, or no comparison customer, can be studied.")
        self.evidence = Evidence(
            index_from=str(Month(int(months.min()))),
            index_to=str(Month(int(months.max()))),
            before_months=plan.before_months,
            after_months=plan.after_months,
            data_to=str(self.layout.end),
        )
        everybody = np.ones(len(self.study.cells), dtype=bool)
        later = np.ones(len(self.future.cells), dtype=bool)
        self.whole = self._scope({}, everybody, later)
        self.parts = [self._scope(*part) for part in self._segments()]

    def _cells(self, keys: Sequence[str], where: str) -> Cells:
        followed = self.bought or ("orders",)
        products: list[tuple[Measure, Measure]] = []
        for outcome in followed if where == "study" else ():
            before = window(outcome, -self.layout.before, -1)
            products += [(before, before), (before, window(outcome, 1, self.layout.after))]
        return self.stack.cells(keys, where=where, measures=self.layout.measures, products=products)

    def _segments(self) -> list[tuple[Mapping[str, str], Flags, Flags]]:
        found: list[tuple[Mapping[str, str], Flags, Flags]] = []
        for name in self.plan.segments:
            column = self.layout.code(name)
            study, future = self.study.cells.keys[column], self.future.cells.keys[column]
            for code, label in enumerate(self.layout.labels[column]):
                found.append(({name: label}, study == code, future == code))
        return found

    def _scope(self, segment: Mapping[str, str], part: Flags, later: Flags) -> Scope:
        return Scope(
            study=self.study,
            future=self.future,
            segment=segment,
            part=part,
            later=later,
            extra=self.plan.strata,
            dates=_dates_of(self.evidence),
            outcomes=self.plan.outcomes,
            robust=self.plan.robust,
        )

    def result(self) -> ChannelResult:
        """Everything, in the order: gather, settle, tell; what is whole is settled while the rest is gathered."""
        if self.whole.refused and not self.whole.strata.weight.any():
            raise DesignError("In no month are there contacted and comparison customers who can be compared.")
        with beside(int(self.study.cells.n.sum()) * len(self.layout.measures)) as start:
            return self._result(start)

    def _result(self, start: Start[Any]) -> ChannelResult:
        paths_told = start(self._paths)
        self.whole.gather(lambda: self.study.settle(start, open_still=(FAMILY, ALONE)))
        naive = {outcome: add_naive(self.study, outcome, self.whole.strata) for outcome in self._followed()}
        for outcome in self.bought:
            add_cohorts(self.study, outcome, self.whole.strata)
        self._settle(start)
        for scope in self.parts:
            scope.gather()
        self._settle(start)
        self.whole.repeat()
        self.whole.bound()
        return self._told(naive, paths_told)

    def _settle(self, start: Start[Any]) -> None:
        self.study.settle(start)
        self.future.settle(start)

    def _told(self, naive: Mapping[str, float], paths_told: Callable[[], pd.DataFrame]) -> ChannelResult:
        interim = Interim.of(self.stack, self.plan.strata, self.bought, self.evidence, self.plan.level)
        effects, trends, sensitivities = self.whole.effects()
        apart = segments_apart(self.parts, self.plan.outcomes)
        for scope in self.parts:
            own_apart = {outcome: check for (name, outcome), check in apart.items() if name in scope.segment}
            told, _, own_sensitivities = scope.effects(own_apart)
            effects += told
            sensitivities += own_sensitivities
        if interim is not None:
            effects += interim.effects(effects)
        dates = _dates_of(self.evidence)
        effects += [
            naive_before_after(self.study, outcome, value, self.whole.n_treated, dates)
            for outcome, value in naive.items()
        ]
        return ChannelResult(
            effects=tuple(effects),
            paths=paths_told(),
            event_study=pd.concat([event_frame(self.study, name) for name in self.bought or ("orders",)]),
            pre_trends=MappingProxyType(trends),
            sensitivities=tuple(sensitivities),
            maturing=self._maturing(interim),
            evidence=self.evidence if interim is None else interim.dated(self.evidence),
            balance=balance_frame(self.study.cells, self.layout, self.whole.strata),
            strata=self.whole.strata.description,
            sample=MappingProxyType(dict(self.stack.account)),
            notes=tuple(self._notes()),
            covariance=joint_covariance(
                self.study, {f"{DESIGN}/{ESTIMAND}/{name}/ratio": name for name in self.plan.outcomes if name in RATIOS}
            ),
        )

    def _followed(self) -> list[str]:
        return [name for name in FOLLOWED if name in self.plan.outcomes]

    def _paths(self) -> pd.DataFrame:
        followed = [name for name in MONTHLY if name in self.plan.outcomes]
        return paths(self.study, followed, self.whole.strata, [self.whole.unit(name) for name in followed])

    def _maturing(self, interim: Interim | None) -> pd.DataFrame:
        recent = None if interim is None else interim.fits
        frames = [maturing_frame(self.study, recent, outcome) for outcome in self.bought]
        kept = [frame for frame in frames if len(frame)]
        return pd.concat(kept, ignore_index=True) if kept else maturing_frame(self.study, None, "orders")

    def _notes(self) -> list[str]:
        notes = []
        if self.whole.strata.coarsened:
            cells = self.whole.strata.description
            notes.append(f"Cells were made coarser, so that nearly every contacted customer has a comparison: {cells}.")
        keys, n = self.study.cells.keys, self.study.cells.n
        for name in self.plan.segments:
            without = int(n[(keys[self.layout.code(name)] < 0) & (keys["arm"] == 1)].sum())
            if without:
                notes.append(f"{without:,} contacted customers have no `{name}`, and are in none of its segments.")
        return notes
