"""What is one figure around one change? Its months, its line and its gates, or the reason why there is none.

Which months are used is left to `window`, how a line is fitted to `fit`, what a gate asks to `gates`, and what is said
of it, beside all other figures of the change, to `effects`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.studies.change_log.entries import Bundle, Entry, one_line
from analysis.studies.change_log.fit import Line, control_found, line_of, made_up
from analysis.studies.change_log.gates import (
    AFTER_NEEDED,
    ALLOWED,
    Step,
    judged_steps,
    long_enough,
    single_cause,
    written_before,
)
from analysis.studies.change_log.reach import others_within
from analysis.studies.change_log.series import MonthlySeries
from analysis.studies.change_log.sizes import amount
from analysis.studies.change_log.window import Window, clean_start, months_needed, window_of
from analysis.studies.result import Check

if TYPE_CHECKING:
    from analysis.studies.change_log.study import ChangeLogPlan


SIGNED = ("score", "ratio")
"""Units of figures that may lie below nought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed:
    """One figure around one change: the line and what was judged, or the reason why there is none.

    `others` are the other changes of its months, `earlier` those because of which earlier months are not used,
    `control` is the key of the control series that was used.
    """

    bundle: Bundle
    series: MonthlySeries
    others: tuple[Entry, ...] = ()
    earlier: tuple[Entry, ...] = ()
    window: Window | None = None
    line: Line | None = None
    checks: tuple[Check, ...] = ()
    placebo: tuple[Step, ...] = ()
    control: str | None = None
    reason: str | None = None

    @property
    def interfering(self) -> tuple[Entry, ...]:
        """Other changes of these months, incidents apart, which have terms of their own."""
        return tuple(entry for entry in self.others if entry.kind != "incident")


def analysed_figure(
    series: MonthlySeries,
    bundle: Bundle,
    entries: Sequence[Entry],
    all_series: Mapping[str, MonthlySeries],
    plan: ChangeLogPlan,
    known: Mapping[str, Collection[str]],
) -> Analysed:
    """A figure around a change, fitted and judged; where that cannot be done, with the reason.

    Parameters
    ----------
    series : MonthlySeries
    bundle : Bundle
        The changes of one month.
    entries : sequence of Entry
        The whole change log.
    all_series : mapping of str to MonthlySeries
        Among them the control series.
    plan : ChangeLogPlan
    known : mapping of column to values
        Segments that a scope may name.
    """
    key = plan.control.get(series.key, plan.control.get(series.metric))
    control = all_series[key] if key is not None else None
    latest = bundle.start.plus(plan.after_months - 1)
    first, last = max(bundle.month.plus(-plan.before_months), series.observed[0]), min(latest, series.observed[-1])

    def others_from(first: Month) -> tuple[Entry, ...]:
        touched = [series.segment, *([control.segment] if control is not None and control.segment else [])]
        found = {
            id(one): one
            for segment in touched
            for one in others_within(bundle, entries, first, last, segment=segment, known=known)
        }
        return tuple(one for one in entries if id(one) in found)

    others = others_from(first)
    earlier: tuple[Entry, ...] = ()
    if (clean := clean_start(series, bundle, others)) is not None:
        every, first, others = others, clean, others_from(clean)
        earlier = tuple(entry for entry in every if entry not in others and entry.kind != "incident")
    shell = Analysed(bundle=bundle, series=series, others=others, earlier=earlier)
    about = None
    name = one_line(series.label)
    try:
        window = window_of(series, bundle, others, first=first, last=last)
        if control is not None:
            beside = replace(window, control=control.over(first, last))
            about = control_found(control, beside, bundle, known)
            window = window if about.refused is not None else beside
        line = line_of(window, unit=series.unit, name=name, level=plan.level)
    except DesignError as error:
        return replace(shell, reason=str(error))
    if about is not None and about.refused is None:
        about = replace(about, follows=line.follows)
    steps = made_up(window, unit=series.unit, name=name)
    checks = (
        *judged_steps(control=about, placebo=steps, usual=window.usual, found=line.level.value, unit=series.unit),
        single_cause(bundle, others, _clear_after(bundle, shell.interfering, window), earlier),
        written_before(bundle),
        long_enough(before=window.before, after=window.after, holes=window.holes, ready=months_needed(window, latest)),
        _possible(series, window, line),
        _season(window),
        _closed(series, window),
    )
    used = None if about is None or about.refused is not None else key
    return replace(shell, window=window, line=line, checks=checks, placebo=steps, control=used)


def _clear_after(bundle: Bundle, interfering: Sequence[Entry], window: Window) -> int | None:
    """With how many months after the change no other one would lie in the window; None where that cannot be had."""
    if len(bundle.entries) > 1 or not interfering or min(entry.month for entry in interfering) <= bundle.month:
        return None
    months = min(entry.month for entry in interfering).number - bundle.start.number
    return months if months >= AFTER_NEEDED else None


def _possible(series: MonthlySeries, window: Window, line: Line) -> Check:
    """Whether the path expected without the change stays where the figure can be at all."""
    seen = window.values[~np.isnan(window.values)]
    lowest = 0.0 if seen.min() >= 0 and series.unit not in SIGNED else -np.inf
    highest = 1.0 if series.unit == "share" and lowest == 0 and seen.max() <= 1 else np.inf
    path = line.without[window.at :]
    away = np.maximum(lowest - path, path - highest)
    if away.max() <= ALLOWED * window.usual:
        return Check(
            name="possible_path",
            verdict="passed",
            detail="Its earlier path carried on stays where the figure can be.",
            gate=True,
        )
    place = int(away.argmax())
    side = f"{amount(float(away[place]), series.unit)} {'below nought' if path[place] < lowest else 'above 100 %'}"
    detail = (
        f"Its earlier path carried on comes to lie {side} by {window.months[window.at + place]}, where it cannot be: "
        "it would have bent by itself before, and the difference from it is not of the change alone."
    )
    return Check(name="possible_path", verdict="failed", detail=detail, gate=True)


def _season(window: Window) -> Check:
    if window.season is not None:
        detail = f"A yearly wave is in the line; {window.before} months before show it."
        return Check(name="season", verdict="passed", detail=detail)
    detail = f"Not modelled: {window.before} months before are fewer than two years."
    return Check(name="season", verdict="not_run", detail=detail)


def _closed(series: MonthlySeries, window: Window) -> Check:
    share = series.closed_share(window.months[0], window.months[-1])
    if share == 1:
        return Check(name="closed_months", verdict="passed", detail="Every month used is closed.")
    detail = f"{share * 100:.0f} % of the months used are closed; the others may still move."
    return Check(name="closed_months", verdict="not_run", detail=detail)
