"""Were customers invited on dates fixed beforehand, or because of something they had just done?

A roll-out measures an invitation only if the invitation did not look at the customer. A test that lets customers in as
they raise an issue has arms and dates as well, and every other check may pass: before the issue all moved alike. What
gives it away is a burst of issues (or of orders, or whatever sets it off) in the month of the invitation or the one
before, which neither the months before nor those after have. Groups that drift apart are left to `gates`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.inference.cells import Flags, Floats, Ints
from analysis.inference.compare import normal_quantile
from analysis.studies.adoption.cohorts import Cohort, Studied
from analysis.studies.adoption.panel import AdoptionPanel
from analysis.studies.result import Check

NAME = "invited_by_plan"
BURST = 1.5
"""So many times as many as at other times is more than growth, a season or a lasting effect bring about."""
_WATCHED = ("issues", "orders")
_MONTHS = (-1, 0)
_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class _Burst:
    """How many times as many in a month as at other times, beside the others; the lesser of before and after."""

    outcome: str
    month: int
    ratio: float
    low: float
    high: float


def invited_by_plan(panel: AdoptionPanel, studied: Studied, before: int, after: int) -> Check:
    """Did invited customers do unusually much just when they were invited?

    Failed where issues or orders of one of the two months are clearly more than 1.5 times those of the months before
    and of those after, each beside what happened to the others; not run where there is too little of either.
    """
    found = [one for name in _WATCHED if name in panel.counted for one in _bursts(panel, studied, name, before, after)]
    if not found:
        detail = "There are too few issues and orders to tell whether customers were invited because of them."
        return Check(name=NAME, verdict="not_run", detail=detail, gate=True)
    most = max(found, key=lambda one: one.low)
    when = "the month of the invitation" if most.month == 0 else "the month before the invitation"
    said = (
        f"In {when}, invited customers had {most.ratio:.2f} times as many {most.outcome} as at other times, beside "
        f"the others (95 % interval: {most.low:.2f} to {most.high:.2f})"
    )
    if most.low > BURST:
        detail = (
            f"{said}. Either they were invited because of these, and what led to them is in the figure, or the "
            "invitation set off a burst: the two cannot be told apart. A roll-out invites on dates fixed beforehand."
        )
        return Check(
            name=NAME, verdict="failed", detail=detail, gate=True, value=most.ratio, low=most.low, high=most.high
        )
    detail = f"{said}: nothing speaks of customers who were invited because of what they had just done."
    return Check(name=NAME, verdict="passed", detail=detail, gate=True, value=most.ratio, low=most.low, high=most.high)


def _bursts(panel: AdoptionPanel, studied: Studied, outcome: str, before: int, after: int) -> list[_Burst]:
    """Both months of one outcome; none where nothing can be compared."""
    parts = [_sides(panel, one, outcome, before, after) for one in studied.cohorts]
    who, mass, treated, did = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    sides = [np.where(treated, mass, 0.0), np.where(treated, 0.0, mass)]
    totals = np.array([side @ did for side in sides])  # of each side: the two months, before, after
    if not (totals > 0).all():
        return []
    shares = [side[:, None] * did / total for side, total in zip(sides, totals, strict=True)]
    single = np.stack([np.bincount(who, weights=column) for column in (shares[0] - shares[1]).T], axis=1)
    logs = np.log(totals[0]) - np.log(totals[1])
    found = []
    for place, month in enumerate(_MONTHS):
        ends = []
        for other in (2, 3):
            log = float(logs[place] - logs[other])
            half = normal_quantile(_LEVEL) * math.sqrt(float(((single[:, place] - single[:, other]) ** 2).sum()))
            ends.append((log - half, log, log + half))
        low, middle, high = min(ends)
        found.append(_Burst(outcome, month, math.exp(middle), math.exp(low), math.exp(high)))
    return found


def _sides(
    panel: AdoptionPanel, cohort: Cohort, outcome: str, before: int, after: int
) -> tuple[Ints, Floats, Flags, Floats]:
    """Customer, weight, whether invited, and what each did: the two months, a month before these, a month after."""
    lasting = cohort.leaves > after
    kept = cohort.treated | lasting
    size = int(cohort.stratum.max()) + 1
    invited = np.bincount(cohort.stratum[cohort.treated], minlength=size)
    others = np.bincount(cohort.stratum[lasting & ~cohort.treated], minlength=size)
    mass = np.where(cohort.treated, 1.0, (invited / others)[cohort.stratum])
    column = cohort.month - panel.begin.number
    did = panel.counted[outcome][cohort.customer[kept], column - before : column + after + 1].astype(np.float64)
    told = [did[:, before - 1], did[:, before], did[:, : before - 1].mean(axis=1), did[:, before + 1 :].mean(axis=1)]
    return cohort.customer[kept], mass[kept], cohort.treated[kept], np.stack(told, axis=1)
