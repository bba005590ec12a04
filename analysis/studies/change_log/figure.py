"""What is said of one figure after one change? Its fit, its gates, its step and its turn, or the reason why nothing is.

The figures of one change are looked at together: a step counts as clear only where it stays so once all of them are
allowed for. How a line is fitted is left to `fit`, what a gate asks to `gates`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.studies.change_log.claim import changes_said, claim_of_step
from analysis.studies.change_log.entries import Bundle, Entry, one_line, others_within
from analysis.studies.change_log.fit import Line, control_found, line_of, made_up
from analysis.studies.change_log.gates import (
    AFTER_NEEDED,
    LEVEL,
    NEEDED,
    Step,
    judged_steps,
    long_enough,
    single_cause,
    written_before,
)
from analysis.studies.change_log.series import MonthlySeries
from analysis.studies.change_log.window import Window, clean_start, months_needed, window_of
from analysis.studies.claim import refusal
from analysis.studies.gates import holm
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect, Verdict

if TYPE_CHECKING:
    from analysis.studies.change_log.study import ChangeLogPlan

DESIGN = "change_log"
ESTIMANDS = ("level_change", "slope_change")
BEFORE = "before"


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
    first = bundle.month.plus(-plan.before_months)
    last = bundle.start.plus(plan.after_months - 1)
    first, last = max(first, series.observed[0]), min(last, series.observed[-1])
    others = others_within(bundle, entries, first, last, segment=series.segment, known=known)
    earlier: tuple[Entry, ...] = ()
    if (clean := clean_start(series, bundle, others)) is not None:
        every, first = others, clean
        others = others_within(bundle, entries, first, last, segment=series.segment, known=known)
        earlier = tuple(entry for entry in every if entry not in others and entry.kind != "incident")
    shell = Analysed(bundle=bundle, series=series, others=others, earlier=earlier)
    try:
        window = window_of(series, bundle, others, first=first, last=last, control=control)
        about = None if control is None else control_found(control, window, bundle, known, plan.level)
        if about is not None and about.refused is not None:
            window = replace(window, control=None)
        line = line_of(window, unit=series.unit, name=one_line(series.label), level=plan.level)
    except DesignError as error:
        return replace(shell, reason=str(error))
    if about is not None and about.refused is None:
        about = replace(about, follows=line.follows)
    steps = made_up(window, unit=series.unit, name=one_line(series.label), level=plan.level)
    judged = judged_steps(control=about, placebo=steps, usual=window.usual, found=line.level.value)
    ready = months_needed(window)
    checks = (
        *judged,
        single_cause(bundle, others, _clear_after(bundle, shell.interfering, window)),
        written_before(bundle),
        long_enough(before=window.before, after=window.after, holes=window.holes, ready=ready),
        _season(window),
        _closed(series, window),
    )
    used = None if about is None or about.refused is not None else key
    return replace(shell, window=window, line=line, checks=checks, placebo=steps, control=used)


def effects_of(figures: Sequence[Analysed], plan: ChangeLogPlan) -> list[Effect]:
    """Step and turn of every figure of one change, judged together.

    p-values are adjusted by Holm over all steps and turns of the change.
    """
    fitted = [one for one in figures if one.line is not None]
    p_values = holm([p for one in fitted if one.line is not None for p in (one.line.level_p, one.line.slope_p)])
    adjusted = {
        (id(one), estimand): p_values[2 * number + turn]
        for number, one in enumerate(fitted)
        for turn, estimand in enumerate(ESTIMANDS)
    }
    effects = []
    for one in figures:
        for estimand in ESTIMANDS:
            if one.line is None:
                reason = one.reason or "It could not be judged."
                effects.append(refused(one.series.metric, one.series.segment, one.bundle, estimand, reason, plan))
            else:
                effects.append(_effect(one, estimand, adjusted[id(one), estimand], len(figures), plan))
    return effects


def refused(
    metric: str, segment: Mapping[str, str], bundle: Bundle, estimand: str, reason: str, plan: ChangeLogPlan
) -> Effect:
    """The row of a figure that cannot be judged."""
    return Effect(
        design=DESIGN, estimand=estimand, treated=bundle.id, comparison=BEFORE, outcome=metric,
        segment=dict(segment), scale="difference", reason=reason, grade="D", claim=refusal(reason),
        declared=plan.declared,
    )  # fmt: skip


def _effect(one: Analysed, estimand: str, p_value: float, looked_at: int, plan: ChangeLogPlan) -> Effect:
    window, line = one.window, one.line
    assert window is not None
    assert line is not None
    step = estimand == "level_change"
    estimate = replace(
        line.level if step else line.slope,
        name=one.series.metric, n_treated=window.after, n_comparison=window.before, method=_method(one),
    )  # fmt: skip
    clear = p_value < LEVEL
    grade = grade_of(one.checks, needed=NEEDED)
    together = len(one.bundle.entries) > 1 or bool(one.interfering)
    control = None if one.control is None else f"that of {one_line(one.control)}"
    claim = claim_of_step(
        estimate, label=one.series.label, segment=one.series.segment, estimand=estimand,
        changes=changes_said(one.bundle, one.interfering), together=together, month=one.bundle.start, beside=control,
        grade=grade, clear=clear, looked_at=looked_at,
        afterwards=one.bundle.written_afterwards,
    )  # fmt: skip
    return Effect(
        design=DESIGN, estimand=estimand, treated=one.bundle.id, comparison=one.control or BEFORE,
        outcome=one.series.metric, segment=dict(one.series.segment), scale="difference", estimate=estimate,
        index_from=str(one.bundle.start), index_to=str(window.months[-1]), before_months=window.ends,
        after_months=len(window.months) - window.at, declared=plan.declared, grade=grade, claim=claim,
        maturity="mature" if window.after >= AFTER_NEEDED else "interim",
        checks=(*one.checks, _many(p_value, looked_at, estimate.excludes_no_effect)),
    )  # fmt: skip


def _method(one: Analysed) -> str:
    window, line = one.window, one.line
    assert window is not None
    assert line is not None
    season = "a yearly season" if window.season else "no season"
    beside = "" if one.control is None else f", beside {one_line(one.control)}"
    return (
        f"interrupted series, AR(1) errors by REML (rho {line.rho:.2f}), interval averaged over rho, {season}{beside}"
    )


def _clear_after(bundle: Bundle, interfering: Sequence[Entry], window: Window) -> int | None:
    """With how many months after the change no other one would lie in the window; None where that cannot be had."""
    if len(bundle.entries) > 1 or not interfering or min(entry.month for entry in interfering) <= bundle.month:
        return None
    months = min(entry.month for entry in interfering).number - bundle.start.number
    return months if months >= AFTER_NEEDED else None


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


def _many(p_value: float, looked_at: int, clear_alone: bool) -> Check:
    of = f"{looked_at} figures, a step and a turn each" if looked_at > 1 else "a step and a turn"
    if p_value < LEVEL:
        detail = f"Stays clear when allowed for all that was looked at ({of})."
    elif clear_alone:
        detail = f"Clear alone, but not when allowed for all that was looked at ({of})."
    else:
        detail = f"Not clear, alone or among all that was looked at ({of})."
    verdict: Verdict = "failed" if clear_alone and p_value >= LEVEL else "passed"
    return Check(name="many_figures", verdict=verdict, detail=detail, p_value=p_value)
