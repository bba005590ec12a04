"""What is said of each figure after a change, once all that were looked at are judged together?

A step or a turn counts as clear only where it stays so when it is allowed for all steps and turns of the change, in
every figure and every part of the company. How a figure was fitted is left to `figure`, a part of the company to
`regions`, the sentences to `claim`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from analysis.studies.change_log.claim import changes_said, claim_of_step
from analysis.studies.change_log.entries import Bundle, one_line
from analysis.studies.change_log.figure import Analysed
from analysis.studies.change_log.gates import AFTER_NEEDED, LEVEL, NEEDED
from analysis.studies.change_log.regions import Regional
from analysis.studies.claim import refusal
from analysis.studies.gates import holm
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect, Verdict

if TYPE_CHECKING:
    from analysis.studies.change_log.study import ChangeLogPlan

DESIGN = "change_log"
STEP, TURN = ESTIMANDS = ("level_change", "slope_change")
BEFORE, NOT_CHANGED = "before", "not_changed"


def effects_of(figures: Sequence[Analysed], parts: Sequence[Regional], plan: ChangeLogPlan) -> list[Effect]:
    """Step and turn of every figure of one change, and the step of every part changed, judged together.

    p-values are adjusted by Holm over all of them.
    """
    raw: dict[tuple[int, str], float] = {}
    for one in figures:
        if one.line is not None:
            raw[id(one), STEP], raw[id(one), TURN] = one.line.level_p, one.line.slope_p
    raw |= {(id(part), STEP): part.p_value for part in parts if part.p_value is not None}
    adjusted = dict(zip(raw, holm(list(raw.values())), strict=True))
    looked_at = len(figures) + len(parts)
    effects = []
    for one in figures:
        for estimand in ESTIMANDS:
            if one.line is None:
                reason = one.reason or "It could not be judged."
                effects.append(refused(one.series.metric, one.series.segment, one.bundle, estimand, reason, plan))
            else:
                effects.append(_effect(one, estimand, adjusted[id(one), estimand], looked_at, plan))
    for part in parts:
        if part.estimate is None:
            reason = part.reason or "It could not be judged."
            effects.append(refused(part.series.metric, part.series.segment, part.bundle, STEP, reason, plan))
        else:
            effects.append(_of_part(part, adjusted[id(part), STEP], looked_at, plan))
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
    step = estimand == STEP
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


def _of_part(part: Regional, p_value: float, looked_at: int, plan: ChangeLogPlan) -> Effect:
    estimate, bundle, own, last = part.estimate, part.bundle, part.series, part.last
    assert estimate is not None
    assert last is not None
    column = bundle.segment[0][0]
    grade = grade_of(part.checks, needed=NEEDED)
    claim = claim_of_step(
        estimate, label=own.label, segment=own.segment, estimand=STEP, month=bundle.start, until=last,
        changes=changes_said(bundle, part.interfering), together=len(bundle.entries) > 1 or bool(part.interfering),
        beside=f"that of the other values of {one_line(column)}", grade=grade, looked_at=looked_at,
        clear=p_value < LEVEL, afterwards=bundle.written_afterwards,
    )  # fmt: skip
    return Effect(
        design=DESIGN, estimand=STEP, treated=bundle.id, comparison=NOT_CHANGED, outcome=own.metric,
        segment=dict(own.segment), scale="difference", estimate=estimate, index_from=str(bundle.start),
        index_to=str(last), before_months=estimate.n_comparison, after_months=estimate.n_treated,
        declared=plan.declared, grade=grade, claim=claim,
        maturity="mature" if estimate.n_treated >= AFTER_NEEDED else "interim",
        checks=(*part.checks, _many(p_value, looked_at, estimate.excludes_no_effect)),
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
