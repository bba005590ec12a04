"""What else can be asked of a before-and-after effect? Checks that are shown beside it, of which one is a gate.

The study without months of failures, without any one month or product, on the additive scale, on first issues only;
whether one customer carries it, and whether months are too thin. Each is a figure with a verdict, not a reason to
believe more than the grade says.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.bootstrap import DRAWS, Resampled, bootstrap_t
from analysis.inference.cells import Cells, Flags, Floats, Measure, groups_of
from analysis.inference.compare import normal_quantile
from analysis.inference.stacked import Contrast, stacked_ratio
from analysis.studies.fits import Fits
from analysis.studies.result import Check
from analysis.studies.rows_in_cells import CELL
from analysis.studies.stack import window
from analysis.studies.strata import Strata

BIAS_ALLOWED, BIAS_REFUSED = 0.2, 0.5
"""Small-sample bias in standard errors: beyond the first the check fails, beyond the second nothing is claimed."""
PURCHASES_PER_MONTH = 100
"""Fewer purchases of comparison rows before, in the mean month, make growth ratios that are too rough to use."""
LARGEST_SHARE = 0.05
FAILURE_FACTOR = 1.5
"""A product's month with so many times its usual issues is left out as a month of failures."""
_SURELY = 5.0
"""... if it lies so many Poisson standard deviations above the usual, too."""


def too_thin(cells: Cells, strata: Strata, before: int) -> str | None:
    """Why months hold too few purchases of comparison customers for their growth to be carried forward, or None."""
    arm, used = cells.keys["arm"], strata.weight > 0
    months = np.unique(cells.keys["month"][(arm == 1) & used]).size
    mean = float(np.sum(cells.total(window("orders", -before, -1)), where=(arm == 0) & used)) / max(months, 1)
    if mean >= PURCHASES_PER_MONTH:
        return None
    return (
        f"a month holds {mean:.1f} purchases of comparison customers before, in the mean; with fewer than "
        f"{PURCHASES_PER_MONTH} its growth is too rough to carry anything forward."
    )


def thin_months(bias_log: float, se_log: float) -> Check:
    """Do months with few purchases push the ratio?"""
    share = abs(bias_log) / se_log if se_log > 0 else math.inf
    return Check(
        name="enough_purchases_a_month",
        verdict="passed" if share <= BIAS_ALLOWED else "failed",
        detail=f"Months with few purchases push the ratio by about {share:.2f} of its standard error; "
        f"up to {BIAS_ALLOWED} is allowed.",
        gate=True,
    )


def single_customer(share: float, again: Resampled | None = None) -> Check:
    """Does one customer carry the result? Where one does, the interval is that of drawing customers again.

    Without such an interval the check is a gate that failed.

    Examples
    --------
    >>> print(single_customer(0.004).detail)
    The customer who moves the result most makes up 0.4 % of its variance; above 5 % is too much.
    """
    said = f"{share:.1%}".replace("%", " %")
    detail = f"The customer who moves the result most makes up {said} of its variance; above 5 % is too much."
    if again is not None:
        high = "without limit" if math.isinf(again.high) else f"{again.high:.3f}"
        detail += (
            f" Drawing customers again ({again.draws:,} times, each with all rows) puts the ratio of {again.ratio:.3f} "
            f"between {again.low:.3f} and {high}, and that interval is the one given."
        )
    return Check(
        name="no_single_customer",
        verdict="failed" if share > LARGEST_SHARE else "passed",
        detail=detail,
        gate=share > LARGEST_SHARE and again is None,
        value=None if again is None else again.ratio,
        low=None if again is None else again.low,
        high=None if again is None else again.high,
    )


def drawn_again(fits: Fits, key: str, after: Measure, before: Measure, strata: Strata) -> Resampled | None:
    """The bootstrap-t interval of a ratio, on rows, where one customer makes up too much of its variance.

    Without anything before, rows are compared after the contact only, within strata. None where no customer does, or
    where the draws give no interval.
    """
    if fits.share(key) <= LARGEST_SHARE:
        return None
    rows = fits.rows
    cell = rows[CELL].to_numpy()
    used = strata.weight[cell] > 0
    kept, stratum = rows[used], strata.code[cell[used]]
    nothing = np.zeros(len(kept))
    try:
        again = bootstrap_t(
            before=sum((kept[name].to_numpy() for name in before), nothing) if before else nothing + 1,
            after=sum((kept[name].to_numpy() for name in after), nothing),
            contacted=kept["arm"].to_numpy() == 1,
            month=kept["month"].to_numpy() if before else stratum,
            stratum=stratum,
            customer=kept["customer"].to_numpy(),
            level=fits.level,
            draws=max(DRAWS, math.ceil(20 / (1 - fits.level)) | 1),
        )
    except DesignError:
        return None
    fits.redraw(key, again)
    return again


def months_of_failure(fits: Fits) -> Flags:
    """Cells of months in which a product had far more issues than in its usual month, shape (n_cells,)."""
    keys, n = fits.cells.keys, fits.cells.n
    struck = np.zeros(len(n), dtype=bool)
    for product in np.unique(keys["product"]):
        own = keys["product"] == product
        months, place = np.unique(keys["month"][own], return_inverse=True)
        rows = np.bincount(place, weights=n[own])
        usual = float(np.median(rows))
        high = (rows > FAILURE_FACTOR * usual) & (rows > usual + _SURELY * math.sqrt(max(usual, 1.0)))
        struck |= own & np.isin(keys["month"], months[high])
    return struck


def add_without_failures(
    fits: Fits, key: str, unit: str, after: Measure, before: Measure, strata: Strata, struck: Flags
) -> None:
    """Gather the effect without months of failure, where there are some."""
    if not struck.any():
        return
    rest = replace(strata, part=strata.part & ~struck)
    try:
        fits.growth(f"{key} without failures", unit, after=after, before=before, strata=rest)
    except DesignError:
        return


def without_failures(fits: Fits, key: str, struck: Flags) -> Check:
    """Is the effect the same without months in which something failed for many?"""
    name, other = "without_failures", f"{key} without failures"
    if not struck.any():
        return Check(
            name=name, verdict="not_applicable", detail="In no month did a product have far more issues than usual."
        )
    if not fits.holds(other):
        return Check(name=name, verdict="not_run", detail="Without months of failure too few customers remain.")
    months = np.unique(fits.cells.keys["month"][struck]).size
    return _again(
        name,
        fits.contrast(key).ratio,
        fits.se(key),
        fits.contrast(other).ratio,
        fits.se(other),
        f"Without the {months} {'month' if months == 1 else 'months'} in which a product had more than "
        f"{FAILURE_FACTOR:g} times its usual issues",
        fits.level,
    )


def _again(name: str, ratio: float, se: float, other: float, se_other: float, what: str, level: float) -> Check:
    """One estimate beside another on fewer rows: their difference has about the difference of their variances."""
    spread = math.sqrt(max(se_other**2 - se**2, 0.0))
    apart = abs(math.log(other / ratio))
    half = math.exp(normal_quantile(level) * se_other)
    close = apart <= 2 * spread or apart <= 0.01
    return Check(
        name=name,
        verdict="passed" if close else "failed",
        detail=f"{what} the ratio is {other:.3f} instead of {ratio:.3f}; that is "
        + ("no more than chance moves it." if close else "more than chance moves it."),
        value=other,
        low=other / half,
        high=other * half,
    )


def left_out(fits: Fits, key: str, after: Measure, before: Measure, strata: Strata) -> tuple[float, str]:
    """By what logarithm the ratio moves at most where one index month or product is left out, and which it is.

    No name where there are too few of both. No error is needed for it.
    """
    cells = fits.cells
    whole, bought = fits.contrast(key).ratio, (cells.total(after), cells.total(before))
    worst, where = 0.0, ""
    for column, word in (("month", "an index month"), ("product", "a product")):
        values = np.unique(cells.keys[column][strata.part])
        for value in values if len(values) > 2 else ():
            found = _rest(cells, bought, strata, strata.part & (cells.keys[column] != value))
            if found is not None and abs(math.log(found.ratio / whole)) > abs(worst):
                worst, where = math.log(found.ratio / whole), word
    return worst, where


def leave_one_out(fits: Fits, key: str, found: tuple[float, str]) -> Check:
    """How far does the ratio move when any one index month or product is left out? `found`: see `left_out`."""
    name, (worst, where) = "leave_one_out", found
    if not where:
        return Check(
            name=name, verdict="not_applicable", detail="There are too few months and products to leave one out."
        )
    close = abs(worst) <= 2 * fits.se(key)
    return Check(
        name=name,
        verdict="passed" if close else "failed",
        detail=f"Leaving out {where} moves the ratio by {math.expm1(worst):+.1%} at most; ".replace("%", " %")
        + ("that is within two standard errors." if close else "that is more than two standard errors."),
        value=fits.contrast(key).ratio * math.exp(worst),
    )


def _rest(cells: Cells, bought: tuple[Floats, Floats], strata: Strata, part: Flags) -> Contrast | None:
    """The ratio on a part of the cells; `bought` is what those of each did after, and before."""
    try:
        return stacked_ratio(
            "rest",
            "",
            n=cells.n,
            after=bought[0],
            before=bought[1],
            arm=cells.keys["arm"],
            group=cells.keys["month"],
            stratum=strata.code,
            part=part,
        )
    except DesignError:
        return None


def additive(fits: Fits, key: str, gap: str) -> Check:
    """What would the other scale say? Additive growth is another assumption; where both hold they agree."""
    name = "additive_scale"
    if not fits.holds(gap):
        return Check(name=name, verdict="not_run", detail="The additive difference could not be made.")
    ours, theirs = fits.difference(key), fits.difference(gap)
    inside = theirs.low <= ours.value <= theirs.high
    return Check(
        name=name,
        verdict="passed" if inside else "failed",
        detail=f"If growth were equal in units, not in percent, the difference would be {theirs.value:.4g} instead of "
        f"{ours.value:.4g} {ours.unit}. Groups that start from different levels cannot follow both.",
        value=theirs.value,
        low=theirs.low,
        high=theirs.high,
    )


def first_issues(fits: Fits, key: str, first: str) -> Check:
    """Does the same come out among customers without any issue before?"""
    name = "first_issue_only"
    if not fits.holds(first):
        return Check(name=name, verdict="not_run", detail="Too few customers are compared at their first issue.")
    spread = fits.covariance([key, first])
    se = math.sqrt(max(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1], 0.0))
    ratio, other = fits.contrast(key).ratio, fits.contrast(first).ratio
    half = math.exp(normal_quantile(fits.level) * math.sqrt(spread[1, 1]))
    close = abs(math.log(other / ratio)) <= 2 * se
    return Check(
        name=name,
        verdict="passed" if close else "failed",
        detail=f"Among customers whose first issue ever this was, in both groups, the ratio is {other:.3f} instead of "
        f"{ratio:.3f}; " + ("that is no more than chance moves it." if close else "that is more than chance moves it."),
        value=other,
        low=other / half,
        high=other * half,
    )


def spill_over(fits: Fits, key: str) -> Check:
    """Did comparison customers grow otherwise where more of those around them went to social?"""
    name = "spill_over"
    if not fits.holds(key):
        detail = "There is no attribute of customers by which more and less exposed neighbours could be told apart."
        return Check(name=name, verdict="not_applicable", detail=detail)
    ratio, se = fits.contrast(key).ratio, fits.se(key)
    half = math.exp(normal_quantile(fits.level) * se)
    close = abs(math.log(ratio)) <= 2 * se
    return Check(
        name=name,
        verdict="passed" if close else "failed",
        detail="Comparison customers among whose neighbours more than usual went to social, against the others of the "
        f"same month and product: {ratio:.3f}; "
        + ("chance alone can do that." if close else "chance hardly does that."),
        value=ratio,
        low=ratio / half,
        high=ratio * half,
    )


def exposed(fits: Fits, code: str) -> tuple[Flags, Flags]:
    """Comparison cells whose neighbours (month, product, attribute) went to social more, and less, than the median.

    Returns two masks of shape (n_cells,). Within each month and product the neighbourhoods are those of the attribute.
    """
    keys, n = fits.cells.keys, fits.cells.n
    block = groups_of([keys["month"], keys["product"]])
    place = groups_of([block, keys[code]])
    social = np.bincount(place, weights=n * (keys["arm"] == 1))
    share = social / np.maximum(np.bincount(place, weights=n), 1)
    outer = np.zeros(len(share), dtype=np.int64)
    outer[place] = block
    order = np.argsort(outer, kind="stable")
    middle = np.zeros(int(block.max()) + 1)
    for group in np.split(order, np.flatnonzero(np.diff(outer[order])) + 1):
        middle[outer[group[0]]] = np.median(share[group])
    high = share > middle[outer]
    comparison = keys["arm"] == 0
    return comparison & high[place], comparison & ~high[place]
