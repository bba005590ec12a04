"""Is the luck of the queue strong enough, and is it luck? The gates between the instrument and a grade B.

Five gates. *First stage*: does the queue decide who is answered in time (effective F of 10 or more, over 20 days or
more)? *Placebo before*: the same estimate on what customers bought before they wrote, where no answer can have changed
anything. *Balance*: the same on what is recorded of contact and customer, and on who is left out because only a bot
replied. *Other incidents*: on days when another product has an incident the queue is long; do customers then differ by
more than the wait explains, as they would in an outage that hits all? *Busy hours*: contacts of the hour after delay
nobody who already waits; do customers differ with them by more than the wait explains, as they would if busy hours
brought other customers? All but the first are put on the scale of the effect, so that a weak instrument cannot hide a
large imbalance behind a small slope, and their p-values are judged together. A gate fails where a difference is clear
and large enough to matter, and does not pass where one that matters could have stayed unseen; of busy hours, which are
a rougher measure, the latter is told and holds no grade down. What the grade makes of them is left to `grade`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.inference.compare import normal_quantile
from analysis.inference.instrument import Instrumented
from analysis.studies.gates import LEVEL, RATIO_ALLOWED, STANDARD_ERRORS_SEEN, UNSEEN_ALLOWED, holm
from analysis.studies.result import Check, Verdict
from analysis.studies.strata import IMBALANCE_ALLOWED

NEEDED = ("first_stage", "placebo_before", "balance")
"""The gates that a grade B cannot do without."""
STRONG = 10.0
"""Effective F of the first stage from which on the instrument stands before the adjusted comparison."""
FEWEST_DAYS = 20
"""Fewer days say too little of how days differ: neither an interval nor a gate can be trusted."""
IMBALANCE_UNSEEN = 0.5
"""Largest imbalance, in standard deviations, that may stay unseen in a gate that passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFinding:
    """What the queue "changed" where it can have changed nothing.

    Parameters
    ----------
    name : str
        What was looked at, in words.
    value, se : float
        Difference that an answer in time would have made, and its standard error, as shares of `per` (the mean before
        the contact, or a standard deviation).
    p_value : float
        Of the reduced form, which holds with an instrument of any strength.
    """

    name: str
    value: float
    se: float
    p_value: float

    @classmethod
    def of(cls, name: str, found: Instrumented, per: float) -> QueueFinding:
        """A finding as a share of something."""
        return cls(name=name, value=found.effect.value / per, se=found.effect.se / per, p_value=found.p_no_effect)


def first_stage(found: Instrumented | None, reason: str | None, within: str) -> Check:
    """Does the queue decide who is answered in time?

    Examples
    --------
    >>> first_stage(None, "All contacts are about one product.", "1 hour").detail
    'All contacts are about one product.'
    """
    if found is None:
        return Check(name="first_stage", verdict="not_run", detail=str(reason), gate=True)
    strong = found.f >= STRONG and found.first_stage < 0 and found.n_clusters >= FEWEST_DAYS
    slope = found.first_stage * 100
    detail = (
        f"Each contact about another product in the hour before moves the share answered within {within} by "
        f"{slope:+.2f} percentage points; the effective F is {found.f:.1f}, on {found.n:,} contacts of "
        f"{found.n_clusters:,} days, and {STRONG:g} is the least that counts as strong."
    )
    if found.n_clusters < FEWEST_DAYS:
        detail += f" So few days ({FEWEST_DAYS} are needed) cannot tell luck from days; the adjusted comparison stands."
        return Check(name="first_stage", verdict="not_run", detail=detail, gate=True, value=found.f)
    if found.f >= STRONG and not strong:
        detail += " A longer queue goes with quicker answers here, so it is no queue; the adjusted comparison stands."
    elif not strong:
        detail += " The queue decides too little here, so the adjusted comparison stands in its place."
    return Check(name="first_stage", verdict="passed" if strong else "failed", detail=detail, gate=True, value=found.f)


def judge_queue(
    placebo: QueueFinding | str,
    incidents: QueueFinding | Check,
    recorded: Sequence[QueueFinding],
    lacking: Sequence[str] = (),
    busy: QueueFinding | str = "It was not looked at.",
) -> tuple[Check, Check, Check, Check]:
    """The gates `placebo_before`, `balance`, `other_incidents` and `busy_hours`, judged together.

    Parameters
    ----------
    placebo : QueueFinding or str
        Or why there is none, as a sentence.
    incidents : QueueFinding or Check
        Or the gate that could not be run, or does not apply.
    recorded : sequence of QueueFinding
        For each thing that is recorded of contact and customer.
    lacking : sequence of str
        What is not recorded and so could not be looked at.
    busy : QueueFinding or str
        Or why there is none, as a sentence.

    Examples
    --------
    >>> calm = QueueFinding(name="orders before", value=0.01, se=0.04, p_value=0.8)
    >>> grave = QueueFinding(name="severity", value=0.4, se=0.1, p_value=0.0001)
    >>> [check.verdict for check in judge_queue(calm, calm, [grave], busy=calm)]
    ['passed', 'failed', 'passed', 'passed']
    """
    adjusted = together(placebo, incidents, busy, recorded)
    if isinstance(placebo, str):
        before = Check(name="placebo_before", verdict="not_run", detail=placebo, gate=True)
    else:
        before = _judged("placebo_before", placebo, adjusted.pop(0))
    days = incidents if isinstance(incidents, Check) else _judged("other_incidents", incidents, adjusted.pop(0))
    if isinstance(busy, str):
        hours = Check(name="busy_hours", verdict="not_run", detail=busy)
    else:
        hours = _judged("busy_hours", busy, adjusted.pop(0))
        hours = replace(hours, gate=hours.verdict != "not_run")
    return before, _balance(recorded, adjusted, lacking), days, hours


def together(
    placebo: QueueFinding | str,
    incidents: QueueFinding | Check,
    busy: QueueFinding | str,
    recorded: Sequence[QueueFinding],
) -> list[float]:
    """p-values of everything that was looked at, adjusted together (Holm), in this order; what is missing has none.

    Examples
    --------
    >>> calm = QueueFinding(name="orders before", value=0.01, se=0.04, p_value=0.02)
    >>> together(calm, without_incidents("not_run", "None."), "None.", [calm])
    [0.04, 0.04]
    """
    found = [one for one in (placebo, incidents, busy) if isinstance(one, QueueFinding)]
    return list(holm([one.p_value for one in (*found, *recorded)]))


def without_incidents(verdict: Verdict, why: str) -> Check:
    """The gate `other_incidents` where it has nothing to look at, or cannot.

    Examples
    --------
    >>> without_incidents("not_applicable", "No product had an incident.").verdict
    'not_applicable'
    """
    return Check(name="other_incidents", verdict=verdict, detail=why, gate=True)


_WHAT = {
    "placebo_before": "The same estimate on {}, as a share of their mean.",
    "other_incidents": "Days when another product had an incident, against other days as busy: {}, as a share of their "
    "mean, beyond what the wait explains.",
    "busy_hours": "Contacts about other products in the hour after, which delay nobody who already waits: what {} go "
    "with them beyond the wait, as a share of their mean, if contacts in the hour before went with as much.",
}
_MEANS = {
    "placebo_before": "No answer can have changed what was before, so the queue goes with something else that does.",
    "other_incidents": "A long queue then moves customers in another way than by the wait, or an incident touches more "
    "than its product.",
    "busy_hours": "Busy hours then bring customers of another kind, or move them in another way than by the wait.",
}


def _judged(gate: str, found: QueueFinding, p_value: float) -> Check:
    verdict = _verdict(found, p_value, RATIO_ALLOWED, UNSEEN_ALLOWED)
    half = normal_quantile(0.95) * found.se
    seen = f"{STANDARD_ERRORS_SEEN * found.se * 100:.1f} %"
    allowed = f"up to {RATIO_ALLOWED * 100:g} % is allowed"
    means = {
        "passed": f"Chance alone can do that. A difference of {seen} would probably have been seen."
        if p_value >= LEVEL
        else f"That is clear but small: {allowed}.",
        "failed": f"Chance alone hardly does that, and {allowed}. {_MEANS[gate]}",
        "not_run": f"That is too rough: it could only have seen a difference of {seen}; {UNSEEN_ALLOWED * 100:g} % is "
        "the most that may stay unseen.",
    }[verdict]
    came_out = (
        f"It came out at {found.value * 100:+.1f} % (95 % interval: {(found.value - half) * 100:+.1f} to "
        f"{(found.value + half) * 100:+.1f}; adjusted p {_p(p_value)})."
    )
    return Check(
        name=gate,
        verdict=verdict,
        detail=f"{_WHAT[gate].format(found.name)} {came_out} {means}",
        gate=True,
        value=found.value,
        low=found.value - half,
        high=found.value + half,
        p_value=p_value,
    )


def _balance(recorded: Sequence[QueueFinding], adjusted: Sequence[float], lacking: Sequence[str]) -> Check:
    missing = f" Not recorded: {', '.join(lacking)}." if lacking else ""
    if not recorded:
        detail = f"Nothing is recorded that could be compared.{missing}"
        return Check(name="balance", verdict="not_run", detail=detail, gate=True)
    judged = [
        (_verdict(one, p_value, IMBALANCE_ALLOWED, IMBALANCE_UNSEEN), one, p_value)
        for one, p_value in zip(recorded, adjusted, strict=True)
    ]
    verdicts = [verdict for verdict, _, _ in judged]
    verdict: Verdict = "failed" if "failed" in verdicts else "not_run" if "not_run" in verdicts else "passed"
    lines = "; ".join(f"{one.name} {one.value:+.2f} (adjusted p {_p(p_value)})" for _, one, p_value in judged)
    means = {
        "passed": "None is both clear and large.",
        "failed": f"One that is clear and above {IMBALANCE_ALLOWED:g} says that contacts in a long queue were of "
        "another kind.",
        "not_run": f"An imbalance of {IMBALANCE_UNSEEN:g} standard deviations could have stayed unseen.",
    }[verdict]
    detail = f"The same estimate on what was known before, in standard deviations: {lines}. {means}{missing}"
    return Check(
        name="balance",
        verdict=verdict,
        detail=detail,
        gate=True,
        value=max((one.value for one in recorded), key=abs),
        p_value=min(adjusted),
    )


def _verdict(found: QueueFinding, p_value: float, allowed: float, unseen: float) -> Verdict:
    if p_value < LEVEL and abs(found.value) > allowed:
        return "failed"
    return "not_run" if STANDARD_ERRORS_SEEN * found.se > unseen else "passed"


def _p(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.2g}"
