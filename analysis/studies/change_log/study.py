"""What did the figures that matter do after a change? Interrupted series around the entries of the change log.

For every change that the company made itself and every figure asked for: the path before it carried on, the step and
the turn that came after it, and what else was changed in the same months. A figure by month cannot tell two changes of
one month apart, nor a change from whatever else happened then: that is what the gates are for, and why several changes
are only ever named together. Which entries and which months are used is left to `entries` and
`fit`, regions and products that were changed at different times to `regions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import zone
from analysis.foundation.errors import DesignError
from analysis.studies.change_log.asked import dozen, figures_asked, left_out_said, segments_of, split
from analysis.studies.change_log.effects import ESTIMANDS, effects_of, refused
from analysis.studies.change_log.entries import Bundle, asked_for, entries_of, one_line
from analysis.studies.change_log.figure import Analysed, analysed_figure
from analysis.studies.change_log.reach import bundled
from analysis.studies.change_log.regions import Regional, regional
from analysis.studies.change_log.result import ChangeLogResult
from analysis.studies.change_log.series import MonthlySeries
from analysis.studies.change_log.tables import entries_frame, placebo_frame, series_frame, synthetic_frame
from analysis.studies.result import Effect

if TYPE_CHECKING:
    import pandas as pd

NO_FIGURE = "No month has a value of it: what it is counted from is not in the tables, or no month is over."
NOT_TOUCHED = "The change was limited to another part of the company and did not touch this one."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLogPlan:
    """What is asked of the change log.

    Parameters
    ----------
    entries : tuple of str, optional
        Ids of changes; default every entry of a kind that the company did itself.
    metrics : tuple of str, optional
        Figures, by the key of their series (`metric`, or `metric[column=value]`) or by metric for all of its segments;
        default all series of no segment that are not a control, at most a dozen.
    control : mapping of str to str
        For a figure, the key of the series that the changes did not touch and that moves with it: a figure of another
        segment, another metric, or a series from elsewhere.
    before_months, after_months : int
        The most months on each side of a change.
    level : float
        Of the intervals.
    declared : bool
        Whether figures and changes were named before the data were looked at.
    zone : str
        Reporting time zone, in which days begin.

    Raises
    ------
    DesignError
        If the months or the level are impossible, or a figure is to be its own control.

    Examples
    --------
    >>> ChangeLogPlan(control={"response_rate": "response_rate"})
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: `response_rate` cannot be its own control series. Name one that the changes did not touch.
    """  # noqa: E501

    entries: tuple[str, ...] | None = None
    metrics: tuple[str, ...] | None = None
    control: Mapping[str, str] = field(default_factory=dict)
    before_months: int = 36
    after_months: int = 12
    level: float = 0.95
    declared: bool = True
    zone: str = "UTC"

    def __post_init__(self) -> None:
        object.__setattr__(self, "control", MappingProxyType(dict(self.control)))
        if self.before_months < 1 or self.after_months < 1:
            raise DesignError(
                f"A window has months on both sides, not {self.before_months} and {self.after_months}: give at least 1."
            )
        if not 0 < self.level < 1:
            raise DesignError(f"A level lies between 0 and 1, not {self.level:g}: 0.95 is usual.")
        for figure, control in self.control.items():
            if figure == control:
                raise DesignError(
                    f"`{figure}` cannot be its own control series. Name one that the changes did not touch."
                )
        zone(self.zone)


def change_log(
    series: Mapping[str, MonthlySeries],
    changes: Iterable[Mapping[str, Any]] | pd.DataFrame,
    plan: ChangeLogPlan | None = None,
) -> ChangeLogResult:
    """What did figures do after the changes of the change log?

    Parameters
    ----------
    series : mapping of str to MonthlySeries
        Figures and control series, by their key.
    changes : iterable of mappings, or DataFrame
        Rows of the table `changes`; naive times are UTC.
    plan : ChangeLogPlan, optional

    Returns
    -------
    ChangeLogResult
        Every change and figure keeps its two rows; one that cannot be judged says why.

    Raises
    ------
    DesignError
        If there is no change log or no figure.
    UnknownName
        If a change, a figure or a control series is not there, with the nearest.
    InputError
        If rows of the change log are at fault.

    Assumes
    -------
    Without the change, the figure would have gone on along its line, its season and its control series. Nothing in the
    data can show that; the gates show where it is plainly not so.

    Source
    ------
    Bernal, Cummins and Gasparrini (2017), International Journal of Epidemiology 46, for the design; Turner and others
    (2021), BMC Medical Research Methodology 21, for the errors.

    Examples
    --------
    >>> import numpy as np
    >>> from datetime import datetime
    >>> from analysis.foundation.calendar import Month
    >>> noise = np.random.default_rng(5).normal(0, 1, 36)
    >>> months = tuple(Month.of("2023-01").plus(number) for number in range(36))
    >>> kept = MonthlySeries(metric="backlog", unit="issues", months=months, states=("locked",) * 36,
    ...                      values=tuple(200 + noise - 20 * (np.arange(36) >= 20)))
    >>> entry = {"change_id": "CH1", "effective_from": datetime(2024, 9, 1), "kind": "tool", "description": "New desk"}
    >>> found = change_log({"backlog": kept}, [entry])
    >>> step = found.of("CH1", "backlog")[0]
    >>> step.estimand, step.grade, bool(step.estimate.low < -20 < step.estimate.high)
    ('level_change', 'C', True)
    """
    plan = plan or ChangeLogPlan()
    entries = entries_of(changes, plan.zone)
    asked = asked_for(entries, plan.entries)
    keys, missing = figures_asked(series, plan)
    left_out: dict[str, None] = {}
    known = segments_of(series)
    analysed: list[Analysed] = []
    regionals: list[Regional] = []
    effects: list[Effect] = []
    bundles = bundled(asked, known)
    for bundle in bundles:
        alone, untouched, by_segment = split(keys, series, bundle, known)
        alone, more = dozen(alone, by_segment)
        left_out |= dict.fromkeys(more)
        ones = [analysed_figure(series[key], bundle, entries, series, plan, known) for key in alone]
        parts = [regional(metric, bundle, entries, series, plan, known) for metric in by_segment]
        analysed += ones
        regionals += parts
        effects += effects_of(ones, parts, plan)
        gone: list[tuple[str, Mapping[str, str], str]] = [(name, {}, NO_FIGURE) for name in missing]
        gone += [(series[key].metric, series[key].segment, NOT_TOUCHED) for key in untouched]
        effects += [refused(name, part, bundle, kind, why, plan) for name, part, why in gone for kind in ESTIMANDS]
    return ChangeLogResult(
        effects=tuple(effects),
        series=series_frame(analysed),
        entries=entries_frame(entries, bundles, [*analysed, *regionals]),
        placebo=placebo_frame(analysed),
        synthetic=synthetic_frame(regionals),
        sample={
            "entries": len(entries),
            "entries_studied": len(asked),
            "figures": len({(effect.outcome, *effect.segment.items()) for effect in effects}),
            "refused": sum(effect.estimate is None for effect in effects),
        },
        notes=(*left_out_said(list(left_out)), *_said_of(keys, series, bundles, analysed)),
    )


def _said_of(
    keys: Sequence[str], series: Mapping[str, MonthlySeries], bundles: Sequence[Bundle], analysed: Sequence[Analysed]
) -> list[str]:
    """What a reader should know of the figures and of the months."""
    notes = []
    for key in keys:
        one = series[key]
        if one.provisional:
            notes.append(
                f"`{one_line(key)}`: {one.provisional} of {len(one.observed)} months are not closed, and may "
                "still move."
            )
        if one.holes:
            notes.append(f"`{one_line(key)}`: {one.holes} months between its first and its last have no figure.")
    for bundle in bundles:
        if len(bundle.entries) > 1:
            named = ", ".join(one_line(entry.change_id) for entry in bundle.entries)
            notes.append(
                f"{named} took effect in the same month, {bundle.month}: they are studied together, under "
                f"{one_line(bundle.id)}."
            )
        cut = {
            str(held.window.months[0]): held for held in analysed if held.bundle is bundle and held.window is not None
        }
        for first, held in sorted(cut.items()):
            if held.earlier:
                named = ", ".join(one_line(entry.change_id) for entry in held.earlier)
                notes.append(
                    f"{one_line(bundle.id)}: months before {first} are not used, because of the changes then ({named})."
                )
        if bundle.segment:
            ((column, value),) = bundle.segment
            notes.append(
                f"{one_line(bundle.id)} is taken to be limited to {one_line(column)} {one_line(value)}, which its "
                "scope names."
            )
        if bundle.partly:
            notes.append(
                f"{one_line(bundle.id)}: {bundle.month} was touched in part and is left out of the line; the step is "
                f"read in {bundle.start}, the first whole month."
            )
    if any(one.window is not None and one.window.season is None for one in analysed):
        notes.append(
            "No season is modelled where fewer than 24 months lie before the change: a step in a month in which the "
            "figure always moves is then taken for one of the change."
        )
    return notes
