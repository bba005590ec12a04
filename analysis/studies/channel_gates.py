"""Which gates does the before-and-after study put before a grade B, and on which rows does each repeat the study?

Three repetitions in which no contact can have changed anything: a drift before the index issue, a made-up index date
half a year earlier, and customers who turn to social only later, before they do. Each gives a `Finding`; they are
judged together by `gates`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Flags, groups_of
from analysis.studies.channel_result import PreTrend
from analysis.studies.event_study import key_of, leads_of
from analysis.studies.fits import Fits
from analysis.studies.gates import LEVEL, Finding, combined_p, two_sided_p
from analysis.studies.stack import LEADS_FROM, RECENTLY, early, window
from analysis.studies.strata import Strata, choose_strata

WHAT = {
    "pre_trend": "What contacted customers did shortly before their issue, against what they did earlier and what "
    "comparison customers did in the same months.",
    "placebo_date": f"The study repeated at a date {LEADS_FROM} months earlier, at which nothing had happened, and "
    f"followed for {LEADS_FROM - 2} months.",
    "future_social": "Customers whose next issue, four months later or more, went to social, against those whose next "
    f"issue did not, in the {RECENTLY} months after an issue elsewhere.",
}
"""What each gate compares, where the study follows customers for three months or more."""


def what_of(gate: str, after: int) -> str:
    """What a gate compares in a study that follows customers for so many months.

    Examples
    --------
    >>> print(what_of("future_social", 1))
    Customers whose next issue, four months later or more, went to social, against those whose next issue did not, in
    the month after an issue elsewhere.
    """
    months = min(RECENTLY, after)
    return WHAT[gate].replace(f"{RECENTLY} months after", "month after" if months == 1 else f"{months} months after")


def add_placebo(fits: Fits, outcome: str, scope: str, part: Flags, extra: tuple[str, ...]) -> str | None:
    """Gather the study at the placebo date; where it cannot be, the reason."""
    layout = fits.stack.layout
    long_enough = part & (fits.cells.keys["observed"] >= LEADS_FROM + layout.before)
    treated = fits.cells.keys["arm"] == 1
    if not (long_enough & treated).any() or not (long_enough & ~treated).any():
        return f"Nobody was observed for {LEADS_FROM + layout.before} months before the index month."
    try:
        fits.growth(
            f"{scope}placebo {outcome}",
            "ratio",
            after=window(outcome, 1 - LEADS_FROM, -2),
            before=(early(outcome),),
            name=outcome,
            strata=choose_strata(fits.cells, layout, extra, part=long_enough),
        )
    except DesignError as error:
        return str(error)
    return None


def add_future(fits: Fits, outcome: str, scope: str, strata: Strata) -> str | None:
    """Gather the study of those who turn to social later, on their own cells; where it cannot be, the reason.

    Customers observed for longer count with six earlier months as well: the window after is short, and what stands
    before it should not be the rougher part. The few who joined late are a group of their own.
    """
    layout, keys = fits.stack.layout, fits.cells.keys
    long = keys["observed"] >= LEADS_FROM + layout.before
    late = ~long & (keys["month"] >= layout.begin.number + LEADS_FROM + layout.before)
    try:
        fits.growth(
            f"{scope}future {outcome}",
            "ratio",
            after=window(outcome, 1, min(RECENTLY, layout.after)),
            before=window(outcome, -layout.before, -1),
            strata=replace(strata, code=groups_of([strata.code, long.astype(np.int64)])),
            group=np.where(late, -1, keys["month"]),
            longer=((early(outcome),), long),
            name=outcome,
        )
    except DesignError as error:
        return str(error)
    return None


def findings(
    scope: str, outcome: str, trend: PreTrend | None, study: Fits, future: Fits, reasons: dict[str, str]
) -> list[Finding]:
    """What the three gates found on one outcome."""
    found = []
    if trend is None:
        why = reasons.get(f"{scope}event {outcome}", "There are too few months before the index issue.")
        found.append(Finding(name="pre_trend", what=WHAT["pre_trend"], reason=why))
    else:
        p_drift = two_sided_p(trend.drift, trend.se_log)
        months = combined_p(trend.p_joint, 1.0) < LEVEL or trend.p_joint < p_drift
        found.append(
            Finding(
                name="pre_trend",
                what=WHAT["pre_trend"],
                ratio=trend.drift,
                se_log=trend.se_log,
                p_value=combined_p(p_drift, trend.p_joint),
                largest=_farthest(study, scope, outcome) if months else None,
            )
        )
    for name, key, fits in (("placebo_date", "placebo", study), ("future_social", "future", future)):
        place, what = f"{scope}{key} {outcome}", what_of(name, study.stack.layout.after)
        if fits.holds(place) and fits.se(place) > 0:
            ratio, se = fits.contrast(place).ratio, fits.se(place)
            found.append(Finding(name=name, what=what, ratio=ratio, se_log=se, p_value=two_sided_p(ratio, se)))
        else:
            found.append(Finding(name=name, what=what, reason=reasons.get(place, "There are too few rows.")))
    return found


def _farthest(study: Fits, scope: str, outcome: str) -> float:
    """The ratio of the lead that lies farthest from the mean of the leads, which is what each is a ratio to."""
    leads = [study.contrast(key_of(scope, outcome, month)).ratio for month in leads_of(study.stack.layout.before)]
    return max(leads, key=lambda ratio: abs(math.log(ratio)))
