"""What can be said before the window is over, and how did past interims move when theirs was?

Index months whose whole window is not over yet, but three months of it are, give an interim finding, marked as such.
Beside it stand past cohorts of three index months: what three months said of them, and what the whole window said.
"""

from __future__ import annotations

import math

import pandas as pd

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.cells import Measure
from analysis.inference.compare import normal_quantile
from analysis.studies.fits import Fits
from analysis.studies.stack import RECENTLY, window
from analysis.studies.strata import Strata

COHORT = 3
"""Index months of one cohort."""
COLUMNS = (
    "outcome", "cohort_from", "cohort_to", "interim", "interim_low", "interim_high", "mature", "mature_low",
    "mature_high", "moved",
)  # fmt: skip


def cohorts_of(first: int, last: int) -> list[tuple[int, int]]:
    """First and last index month of each whole cohort, counted back from the last one whose window is over.

    Examples
    --------
    >>> cohorts_of(1, 8)
    [(3, 5), (6, 8)]
    """
    return [(end - COHORT + 1, end) for end in range(last, first + COHORT - 2, -COHORT)][::-1]


def windows_of(fits: Fits, outcome: str) -> tuple[Measure, Measure, Measure]:
    """Three months after, the whole window after, and the window before."""
    layout = fits.stack.layout
    return (
        window(outcome, 1, RECENTLY),
        window(outcome, 1, layout.after),
        window(outcome, -layout.before, -1),
    )


def add_cohorts(fits: Fits, outcome: str, strata: Strata) -> None:
    """Gather what three months and the whole window say of each past cohort."""
    layout = fits.stack.layout
    if layout.after <= RECENTLY:
        return
    soon, late, before = windows_of(fits, outcome)
    month = fits.cells.keys["month"]
    for first, last in cohorts_of(layout.first.number, layout.last.number):
        own = Strata("", 0, strata.columns, strata.code, strata.weight, 0, 0, (month >= first) & (month <= last))
        for kind, after in (("soon", soon), ("late", late)):
            try:
                fits.growth(f"{kind} {outcome} {first}", "ratio", after=after, before=before, strata=own)
            except DesignError:
                break


def maturing_frame(fits: Fits, recent: Fits | None, outcome: str) -> pd.DataFrame:
    """One row a cohort, the newest last; its whole window is empty while it is not over."""
    layout = fits.stack.layout
    rows = []
    for first, last in cohorts_of(layout.first.number, layout.last.number):
        soon, late = (_interval(fits, f"{kind} {outcome} {first}") for kind in ("soon", "late"))
        if soon is not None and late is not None:
            rows.append((outcome, str(Month(first)), str(Month(last)), *soon, *late, late[0] / soon[0]))
    newest = None if recent is None else _interval(recent, f"interim {outcome}")
    if newest is not None and recent is not None:
        months = recent.cells.keys["month"]
        nothing = (math.nan,) * 4
        rows.append((outcome, str(Month(int(months.min()))), str(Month(int(months.max()))), *newest, *nothing))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _interval(fits: Fits, key: str) -> tuple[float, float, float] | None:
    if not fits.holds(key) or not fits.se(key) > 0:
        return None
    ratio, spread = fits.contrast(key).ratio, math.exp(normal_quantile(fits.level) * fits.se(key))
    return ratio, ratio / spread, ratio * spread
