"""In which words is a segment spoken of, and what holds its grade down?

The gate of a segment is whether something may be said of it alone: where not, it stands as a gate that was not run and
says why, which is the only way to hold a grade down. Whether segments differ is shown beside it. What was found is left
to `verdicts`.
"""

from __future__ import annotations

from analysis.inference.estimate import Estimate
from analysis.inference.suppression import FEWEST
from analysis.studies.claim import claim_of
from analysis.studies.result import Check, Effect, Grade
from analysis.studies.segments.questions import Cell, names_of, words_of
from analysis.studies.segments.verdicts import Apart, Group, Judgement

DIFFER, ALONE = "segments_differ", "segment_alone"


def differ_check(group: Group, apart: Apart, level: float) -> Check:
    """Whether an attribute's segments differ; shown, since what caps the grade is whether one may be spoken of."""
    question, attribute = group
    names = names_of(attribute)
    of = f"{question.outcome.replace('_', ' ')}, {question.treated} against {question.comparison}"
    if apart.p_adjusted is None:
        detail = f"Fewer than two segments of {names} could be told, so there is nothing to tell apart ({of})."
        return Check(name=DIFFER, verdict="not_run", detail=detail)
    size = _p(apart.p_adjusted)
    if apart.differ(level):
        detail = f"The segments of {names} differ by more than chance would make them ({of}: {size})."
        return Check(name=DIFFER, verdict="passed", detail=detail, p_value=apart.p_adjusted)
    detail = f"The segments of {names} cannot be told apart ({of}: {size}): their differences may be chance."
    return Check(name=DIFFER, verdict="failed", detail=detail, p_value=apart.p_adjusted)


def alone_check(cell: Cell, judgement: Judgement, differ: Check, effect: Effect) -> Check:
    """Whether something may be said of this segment alone: the gate that caps its grade."""
    p_adjusted = judgement.p_adjusted if judgement.p_adjusted is not None else 1.0
    among = f"adjusted {_p(p_adjusted)} among {judgement.family} looked at"
    clear = effect.estimate is not None and effect.estimate.excludes_no_effect
    if judgement.verdict == "refused":
        said = "Its interval has no end, or no width, so that it cannot be judged beside the others."
    elif judgement.verdict == "not_apart":
        said = f"Nothing is claimed of {cell.words} alone. {differ.detail}"
    elif judgement.verdict == "not_clear" and clear and _on_one_scale(judgement, effect):
        said = (
            "Its own interval leaves out no effect, but on another scale it would not, so that it may be an accident "
            f"of small groups ({among})."
        )
    elif judgement.verdict == "not_clear" and clear:
        said = f"Its own interval leaves out no effect, but among so many segments one does so by chance ({among})."
    elif judgement.verdict == "selected":
        said = f"It was found by looking, not named beforehand ({among}); its interval was widened for that."
    elif judgement.verdict == "not_selected":
        said = f"It was not named beforehand and does not stand out from what chance shows ({among})."
    else:
        return Check(
            name=ALONE,
            verdict="passed",
            detail=f"It was named beforehand, and its segments differ ({among}).",
            gate=True,
            p_value=judgement.p_adjusted,
        )
    return Check(name=ALONE, verdict="not_run", detail=said, gate=True, p_value=judgement.p_adjusted)


def _on_one_scale(judgement: Judgement, effect: Effect) -> bool:
    """Whether the effect, were it the only one looked at, would be clear on the scale shown and not on another."""
    return effect.estimate is not None and (judgement.p_value or 0.0) >= 1 - effect.estimate.level


def claim_in_words(effect: Effect, estimate: Estimate, judgement: Judgement, alone: Check, grade: Grade) -> str:
    """What may be said of a segment, no more than its tests allow."""
    if alone.verdict == "passed":
        if judgement.verdict == "not_clear" or not estimate.excludes_no_effect:
            return effect.claim
        return f"{effect.claim} The segment was named beforehand and stands out among {judgement.family} looked at."
    if judgement.verdict == "selected":
        found = claim_of(
            estimate, who=f"Customers in the group {effect.treated}",
            against=f"customers in the group {effect.comparison}", when="", grade=grade, segment=effect.segment,
            maturity=effect.maturity,
        )  # fmt: skip
        return f"Explored, not named beforehand: {found} Name it beforehand and test it again before relying on it."
    if judgement.verdict == "not_apart":
        return alone.detail
    return f"Nothing is claimed of {words_of(effect.segment)} alone. {alone.detail}"


def hidden_in_words(hidden: int, few: int) -> tuple[str, ...]:
    """How many effects by segment are not shown, and how many not told."""
    found = []
    if hidden:
        found.append(
            f"{hidden:,} effects by segment are not shown, because they would describe, or let somebody work out, "
            f"fewer than {FEWEST} customers."
        )
    if few:
        found.append(f"{few:,} effects by segment are not told, because a group of theirs is too small.")
    return tuple(found)


def _p(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
