"""Did a gain come at a price? Outcomes that may not get worse, each with the harm that is put up with.

A guardrail holds where the interval leaves out harm beyond its margin (non-inferiority at the interval's one-sided
level), is breached where harm was seen and harm beyond the margin cannot be ruled out, and is otherwise undecided: too
little was seen to tell. An arm of which any guardrail does not hold is not recommended, whatever it gained. All must
hold, so that no adjustment for their number is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.inference.estimate import Estimate
from analysis.studies.experiment.plan import Guardrail
from analysis.studies.result import Check, Effect, Verdict

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("experiment_id", "arm", "outcome", "margin", "worse", "value", "low", "high", "level", "unit", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a guardrail says of one arm: the check, and the estimate it was judged by."""

    arm: str
    outcome: str
    guardrail: Guardrail
    check: Check
    estimate: Estimate | None


def judged(guardrail: Guardrail, outcome: str, found: Estimate | str) -> Check:
    """Does a guardrail hold?

    Parameters
    ----------
    guardrail : Guardrail
    outcome : str
    found : Estimate or str
        The difference per customer, or the reason why there is none.

    Returns
    -------
    Check
        No gate: the effect is what it is, only going on is in question. `passed`, `failed`, or `not_run` where it
        cannot be told.

    Source
    ------
    Non-inferiority by the confidence interval, as ICH E9 (1998), section 3.3.2, and CONSORT (Piaggio et al., 2012)
    have it.

    Examples
    --------
    >>> def change(value, low, high):
    ...     return Estimate(name="csat", value=value, low=low, high=high, level=0.95, se=0.1, scale="difference",
    ...                     unit="points per customer", n_treated=900, n_comparison=900, method="")
    >>> rule = Guardrail(margin=0.2, worse="lower")
    >>> [judged(rule, "csat", change(*ends)).verdict for ends in ((0.0, -0.1, 0.1), (-0.3, -0.5, -0.1), (0, -0.4, 0.4))]
    ['passed', 'failed', 'not_run']
    """
    name = f"guardrail_{outcome}"
    what = outcome.replace("_", " ")
    if isinstance(found, str):
        return Check(name=name, verdict="not_run", detail=f"Nothing can be said of {what}: {found}")
    ends = sorted((guardrail.harm(found.low), guardrail.harm(found.high)))
    seen = guardrail.harm(found.value)
    size = (
        f"{what} changed by {found.value:+.3g} ({found.level * 100:g} % interval {found.low:+.3g} to {found.high:+.3g})"
    )
    allowed = f"harm of up to {guardrail.margin:g} is put up with"
    verdict: Verdict
    if ends[1] < guardrail.margin:
        verdict, rest = "passed", f"{allowed}, and more is ruled out."
    elif ends[0] > 0 or seen > guardrail.margin:
        worse = "it got worse by more" if seen > guardrail.margin else "it got worse, and more is not ruled out"
        verdict, rest = "failed", f"{allowed}; {worse}."
    else:
        verdict, rest = "not_run", f"{allowed}; whether it is more cannot be told from so few customers."
    detail = f"{size[:1].upper()}{size[1:]}; {rest}"
    return Check(name=name, verdict=verdict, detail=detail, value=found.value, low=found.low, high=found.high)


def held_by(effects: Sequence[Effect], guardrails: Mapping[str, Guardrail], arms: Sequence[str]) -> tuple[Held, ...]:
    """Every guardrail of every arm, judged by one difference over all customers.

    Parameters
    ----------
    effects : sequence of Effect
        Differences over all customers: plain, or the always-valid ones where somebody looks before the end.
    guardrails : mapping of outcome to Guardrail
    arms : sequence of str
        The arms that are compared with the comparison arm.
    """
    found = {(effect.treated, effect.outcome): effect for effect in effects}
    held = []
    for arm in arms:
        for outcome, guardrail in guardrails.items():
            effect = found.get((arm, outcome))
            estimate = effect.estimate if effect else None
            lack = "it is not in the data." if effect is None else str(effect.reason)
            check = judged(guardrail, outcome, lack if estimate is None else estimate)
            held.append(Held(arm=arm, outcome=outcome, guardrail=guardrail, check=check, estimate=estimate))
    return tuple(held)


def warning(held: Sequence[Held], arm: str) -> str:
    """Why an arm is not recommended, as a sentence; nothing where every guardrail holds.

    Examples
    --------
    >>> warning([], "new")
    ''
    """
    of_arm = [one for one in held if one.arm == arm and one.check.verdict != "passed"]
    breached = [one.outcome.replace("_", " ") for one in of_arm if one.check.verdict == "failed"]
    open_ = [one.outcome.replace("_", " ") for one in of_arm if one.check.verdict != "failed"]
    parts = []
    if breached:
        parts.append(f"{', '.join(breached)} got worse, and harm beyond what was allowed beforehand is not ruled out")
    if open_:
        parts.append(f"it cannot be told whether {', '.join(open_)} stayed within what was allowed beforehand")
    return f"Not recommended, whatever was gained: {'; and '.join(parts)}." if parts else ""


def guardrails_frame(experiment: str, held: Sequence[Held]) -> pd.DataFrame:
    """One row an arm and guardrail, columns as in `COLUMNS`."""
    import pandas as pd

    rows = []
    for one in held:
        estimate = one.estimate
        numbers = [None if estimate is None else getattr(estimate, name) for name in COLUMNS[5:10]]
        rows.append(
            (experiment, one.arm, one.outcome, one.guardrail.margin, one.guardrail.worse, *numbers, one.check.verdict)
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))
