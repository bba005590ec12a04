"""Which recorded findings does the case in money read? The effects of every study that may carry money.

`before_after` it cannot do without; what a reply in time changes, and what tests by lot found, are read where they were
made, for the page of the decision. What the case makes of them is left to the case.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError
from analysis.runner.results import why_skipped

if TYPE_CHECKING:
    from analysis.roi.case import RoiCase
    from analysis.runner.study import Study

NEEDED = "before_after"
BESIDE = ("service_effect", "ab_segments")


def case_of(study: Study) -> RoiCase:
    """The case in money, from what the studies recorded, with what was promised of it and what became of that.

    Raises
    ------
    DesignError
        If the parameters ask for none, what it reads was not recorded, or it lacks something.
    InputError, LedgerBroken
        If the register of promises is at fault, or a promise was changed after its approval.
    """
    from analysis.roi.case import roi_case
    from analysis.runner.plans_roi import roi_request
    from analysis.runner.register import promises_of

    request = roi_request(study)
    part = study.found(NEEDED)
    if part is None:
        raise DesignError("The case in money reads what `before_after` found, and it has not been recorded.")
    reason = why_skipped(part)
    if reason is not None:
        raise DesignError(f"The case in money reads what `before_after` finds, and that was left out: {reason}")
    effects = _money_effects(study)
    promises = promises_of(study, effects)
    case = roi_case(request, effects, part.get("effect_covariance"), study.tables)
    return replace(case, promises=promises)


def promises_without_case(study: Study) -> dict[str, Any]:
    """What became of what was promised, as it is recorded where no case can be made: a promise is never passed over."""
    from analysis.runner.register import promises_of

    return promises_of(study, _money_effects(study)).to_parts()


def _money_effects(study: Study) -> list[dict[str, Any]]:
    return [row for step in (NEEDED, *BESIDE) for row in _effects(study, step)]


def _effects(study: Study, step: str) -> list[dict[str, Any]]:
    """What a study recorded; nothing where it was left out or could not answer."""
    if step not in {one.name for one in study.decision.run}:
        return []
    try:
        part = study.found(step)
    except DesignError:
        return []
    return [] if part is None else list(part.get("effects", []))
