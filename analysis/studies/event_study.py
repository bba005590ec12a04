"""Were the groups on one path before the index issue, and when did they part? The event study and its joint test.

For each month around the index month: what contacted customers did, divided by what was to be expected from the mean
of the leads outside the dip and the growth of others since. The month before the index month is a dip (what went wrong
was felt before it was reported) and the index month itself is chosen for its issue: both are shown, neither is tested.
"""

from __future__ import annotations

import math
from contextlib import suppress

import numpy as np
import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Floats
from analysis.inference.compare import normal_quantile
from analysis.studies.channel_result import PreTrend
from analysis.studies.fits import Fits
from analysis.studies.gates import STANDARD_ERRORS_SEEN
from analysis.studies.stack import lag, window
from analysis.studies.strata import Strata

DIP = 1
"""Months before the index month that belong to the dip."""
FEWEST_LEADS = 3


def leads_of(before: int) -> list[int]:
    """The months before the index month that are tested, or none where the window is too short for a trend.

    Examples
    --------
    >>> leads_of(6), leads_of(3)
    ([-6, -5, -4, -3, -2], [])
    """
    leads = list(range(-before, -DIP))
    return leads if len(leads) >= FEWEST_LEADS else []


def event_months(before: int, after: int) -> list[int]:
    """All months that are shown."""
    return list(range(-before, after + 1))


def key_of(scope: str, outcome: str, month: int) -> str:
    """The key of one month's contrast."""
    return f"{scope}event {outcome} {month:+d}"


def add_event_study(fits: Fits, outcome: str, strata: Strata, *, scope: str = "", only_leads: bool = False) -> None:
    """Gather the contrasts of all months, and the drift: late leads against early ones."""
    layout = fits.stack.layout
    leads = leads_of(layout.before)
    if not leads:
        return
    base = window(outcome, leads[0], leads[-1])

    def add(month: int) -> None:
        fits.growth(
            key_of(scope, outcome, month),
            "ratio",
            after=(lag(outcome, month),),
            before=base,
            strata=strata,
            family=f"{scope}event {outcome}",
            name=outcome,
        )

    for month in leads:
        add(month)
    middle = leads[0] + math.ceil(len(leads) / 2)
    fits.growth(
        f"{scope}drift {outcome}",
        "ratio",
        after=window(outcome, middle, leads[-1]),
        before=window(outcome, leads[0], middle - 1),
        strata=strata,
        name=outcome,
    )
    for month in [] if only_leads else event_months(layout.before, layout.after):
        if month not in leads:
            with suppress(DesignError):  # a month without anything has no ratio, and is not shown
                add(month)


def event_frame(fits: Fits, outcome: str) -> pd.DataFrame:
    """One row a month: `outcome`, `month`, `ratio`, `low`, `high`, `part`."""
    layout = fits.stack.layout
    leads = leads_of(layout.before)
    half = normal_quantile(fits.level)
    rows = []
    for month in event_months(layout.before, layout.after):
        key = key_of("", outcome, month)
        if not fits.holds(key):
            continue
        ratio, spread = fits.contrast(key).ratio, math.exp(half * fits.se(key))
        part = "lead" if month in leads else "after" if month > 0 else "index" if month == 0 else "dip"
        rows.append((outcome, month, ratio, ratio / spread, ratio * spread, part))
    return pd.DataFrame(rows, columns=["outcome", "month", "ratio", "low", "high", "part"])


def log_ratios(fits: Fits, outcome: str) -> tuple[list[int], Floats, Floats]:
    """Months outside the dip, the logarithms of their ratios, and their joint covariance."""
    layout = fits.stack.layout
    months = [*leads_of(layout.before), *range(1, layout.after + 1)]
    keys = [key_of("", outcome, month) for month in months]
    if not months or not all(map(fits.holds, keys)):
        return [], np.empty(0), np.empty((0, 0))
    return months, np.log([fits.contrast(key).ratio for key in keys]), fits.covariance(keys)


def pre_trend(fits: Fits, outcome: str, scope: str = "") -> PreTrend | None:
    """The joint test of the leads and the drift, or None where there are too few."""
    from scipy import special

    leads = leads_of(fits.stack.layout.before)
    keys = [key_of(scope, outcome, month) for month in leads]
    if not leads or not all(map(fits.holds, keys)) or not fits.holds(f"{scope}drift {outcome}"):
        return None
    ratios = np.log([fits.contrast(key).ratio for key in keys])
    steps = np.diff(np.eye(len(leads)), axis=0)  # leads against their neighbours: their mean is fixed by construction
    spread = steps @ fits.covariance(keys) @ steps.T
    apart = steps @ ratios
    try:
        wald = float(apart @ np.linalg.solve(spread, apart))
    except np.linalg.LinAlgError:
        return None
    drift = f"{scope}drift {outcome}"
    ratio, se = fits.contrast(drift).ratio, fits.se(drift)
    if not (math.isfinite(wald) and wald >= 0 and se > 0):
        return None
    half = math.exp(normal_quantile(fits.level) * se)
    return PreTrend(
        wald=wald,
        degrees=len(steps),
        p_joint=float(special.chdtrc(len(steps), wald)),
        drift=ratio,
        low=ratio / half,
        high=ratio * half,
        se_log=se,
        detectable=STANDARD_ERRORS_SEEN * se,
    )


def try_event_study(
    fits: Fits, outcome: str, strata: Strata, *, scope: str = "", only_leads: bool = False
) -> str | None:
    """Gather the contrasts; where a month has nothing to compare, the reason."""
    try:
        add_event_study(fits, outcome, strata, scope=scope, only_leads=only_leads)
    except DesignError as error:
        return str(error)
    return None
