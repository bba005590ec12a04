"""Which hypotheses do the recorded effects support, and does that hang on a choice? What is believed, tested.

The effects are those that the steps before have recorded, so that the same number is judged that the pages show.
Studies are run again for the specification curve only, each with the choices that could as well have been made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError
from analysis.runner.hypotheses import hypotheses_of, untested
from analysis.runner.plans import channel_plan, declaration_of, experiment_plan
from analysis.runner.results import why_skipped

if TYPE_CHECKING:
    from analysis.runner.study import Study
    from analysis.studies.hypotheses.choices import Alternative
    from analysis.studies.hypotheses.family import Family
    from analysis.studies.hypotheses.hypothesis import Hypothesis
    from analysis.studies.planning.departures import Kept

ANSWERED_BY: Mapping[str, str] = {
    "before_after": "before_after",
    "service_effect": "service_effect",
    "adoption": "adoption",
    "change_log": "change_log",
    "ab_randomised": "ab_segments",
    "ab_observational": "ab_segments",
    "effort": "effort",
}
"""By design, the step whose part holds its effects."""

Again = dict[str, tuple[Sequence["Alternative"], Callable[[Any], Any]]]


def tested(study: Study) -> Family:
    """The verdict on every hypothesis of the parameters, with its specification curve where its study has one.

    Raises
    ------
    DesignError
        If there is none that can be tested.
    """
    from dataclasses import replace

    from analysis.studies.hypotheses.study import test_hypotheses
    from analysis.studies.stack_once import read_once

    kept = _kept(study)
    asked = hypotheses_of(study.values, declaration_of(study) if kept is None else kept)
    silent = untested(study.values)
    if not asked:
        raise DesignError(" ".join(("No hypothesis can be tested.", *silent)))
    effects = [row for step in _steps(asked) for row in _effects(study, step)]
    with read_once():
        family = test_hypotheses(asked, effects, again=_again(study, asked))
    return replace(family, notes=(*family.notes, *silent, *(() if kept is None else kept.notes)))


def _kept(study: Study) -> Kept | None:
    """The declaration beside the randomised test that it was written for; None where there is neither."""
    if study.values.experiment.declared is None:
        return None
    from analysis.studies.ab import kept_of

    return kept_of(study.tables, experiment_plan(study))


def _steps(asked: Sequence[Hypothesis]) -> list[str]:
    return list(dict.fromkeys(ANSWERED_BY[one.design] for one in asked))


def _effects(study: Study, step: str) -> list[dict[str, Any]]:
    """The effects a step has recorded; none where it was left out."""
    if step not in {one.name for one in study.decision.run}:
        return []
    try:
        part = study.found(step)
    except DesignError:
        return []
    return [] if part is None or why_skipped(part) is not None else list(part.get("effects", []))


def _again(study: Study, asked: Sequence[Hypothesis]) -> Again:
    """By design: the plans that could as well have been chosen, and the study that runs them."""
    from analysis.studies.hypotheses.choices import channel_alternatives, experiment_alternatives

    found: Again = {}
    about = [one for one in asked if one.design == "before_after"]
    if about:
        from analysis.studies.channel import channel_effect

        plans = channel_alternatives(channel_plan(study), outcomes=_outcomes(about), segments=_segments(about))
        found["before_after"] = (plans, lambda plan: channel_effect(study.tables, plan))
    about = [one for one in asked if one.design == "ab_randomised"]
    if about and study.tables.has("assignments"):
        from analysis.studies.experiment.study import randomised

        windows = None if study.tables.has("orders") else ()
        plans = experiment_alternatives(
            experiment_plan(study), outcomes=_outcomes(about), segments=_segments(about), windows=windows
        )
        found["ab_randomised"] = (plans, lambda plan: randomised(study.tables, plan))
    return found


def _outcomes(about: Sequence[Hypothesis]) -> list[str]:
    return list(dict.fromkeys(one.outcome for one in about))


def _segments(about: Sequence[Hypothesis]) -> list[str]:
    return list(dict.fromkeys(name for one in about for name in one.segment))
