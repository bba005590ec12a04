"""What did customers do later who were answered within minutes, within hours, or never? The first thing to look at.

By band of reply time, from which a target can be chosen, and by hour of the day at which they wrote: means after the
contact, raw and within strata, each with its interval and its count. They say who was answered when and what followed,
not what the answer did: raw ones are graded D. Effects are left to `service`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.inference.cells import Flags, Floats, Ints, groups_of
from analysis.inference.compare import normal_quantile
from analysis.inference.suppression import FEWEST
from analysis.studies.service.plan import BAND_NAMES, ServicePlan
from analysis.studies.service.table import ServiceRows

GRADE = "D"
_SHOWN = ("mean", "low", "high", "adjusted", "adjusted_low", "adjusted_high", "before")


def bands_frame(rows: ServiceRows, plan: ServicePlan) -> pd.DataFrame:
    """Outcomes after the contact by how long it waited.

    Parameters
    ----------
    rows : ServiceRows
        All, those included whom only a bot answered.
    plan : ServicePlan

    Returns
    -------
    DataFrame
        `outcome`, `band`, `n`, `share` (of all rows), `mean`, `low`, `high` (raw, per customer over the window),
        `adjusted`, `adjusted_low`, `adjusted_high` (as if every band had the same mix of months, parts of the day,
        products, severities and recent issues), `before` (the raw mean in the window before), `unit`, `grade`. Means of
        fewer than 10 customers are not shown.
    """
    band, stratum = rows.band(), groups_of([rows.part_of_day, *_alike(rows)])
    frames = []
    for outcome in plan.outcomes:
        found = _means(rows, outcome, band, len(BAND_NAMES), stratum, plan.level)
        found.insert(0, "band", BAND_NAMES)
        found.insert(2, "share", found["n"] / len(rows))
        found.insert(0, "outcome", outcome)
        frames.append(found.assign(unit=rows.unit(outcome), grade=GRADE))
    return pd.concat(frames, ignore_index=True)


def hours_frame(rows: ServiceRows, plan: ServicePlan) -> pd.DataFrame:
    """Outcomes, and the share answered in time, by the local hour at which customers wrote.

    Returns
    -------
    DataFrame
        `outcome`, `hour` (0 to 23), `n`, `in_time`, `in_time_low`, `in_time_high` (shares), then as in `bands_frame`,
        adjusted for all of it but the part of the day.
    """
    answered, stratum = rows.in_time(plan.target_seconds).astype(np.float64), groups_of(_alike(rows))
    share = _group_shares(answered, rows.hour, 24, rows.day, plan.level)
    frames = []
    for outcome in plan.outcomes:
        found = _means(rows, outcome, rows.hour, 24, stratum, plan.level)
        found.insert(0, "hour", np.arange(24))
        for place, (name, column) in enumerate(zip(("in_time", "in_time_low", "in_time_high"), share, strict=True)):
            kept = np.where(found["n"] >= FEWEST, column, np.nan)
            found.insert(2 + place, name, kept)
        found.insert(0, "outcome", outcome)
        frames.append(found.assign(unit=rows.unit(outcome), grade=GRADE))
    return pd.concat(frames, ignore_index=True)


def _alike(rows: ServiceRows) -> list[Ints]:
    """What is known of a contact before it is answered, but for its hour."""
    return [rows.month, rows.product, rows.severity, rows.recent]


def _means(rows: ServiceRows, outcome: str, group: Ints, size: int, stratum: Ints, level: float) -> pd.DataFrame:
    n = np.bincount(group, minlength=size)
    values = rows.values(outcome)
    raw = _group_means(values, group, size, rows.day, level)
    alike = adjusted_means(values, group, size, stratum, rows.day, level)
    before = _group_means(rows.values(outcome, "before"), group, size, rows.day, level)[0]
    shown = {
        name: np.where(n >= FEWEST, column, np.nan) for name, column in zip(_SHOWN, (*raw, *alike, before), strict=True)
    }
    return pd.DataFrame({"n": n, **shown})


def _group_means(values: Floats, group: Ints, size: int, cluster: Ints, level: float) -> tuple[Floats, Floats, Floats]:
    """Mean of each group and its interval, clustered; nan where nobody is in it."""
    held = np.bincount(group, minlength=size)
    total = np.bincount(group, weights=values, minlength=size)
    mean = np.divide(total, held, out=np.full(size, np.nan), where=held > 0)
    _, code = np.unique(cluster, return_inverse=True)
    clusters = int(code.max()) + 1
    sums = np.bincount(code * size + group, weights=values - mean[group], minlength=clusters * size)
    spread = np.sqrt((sums.reshape(-1, size) ** 2).sum(axis=0) * clusters / max(clusters - 1, 1))
    half = normal_quantile(level) * np.divide(spread, held, out=np.full(size, np.nan), where=held > 0)
    return mean, mean - half, mean + half


def _group_shares(flags: Floats, group: Ints, size: int, cluster: Ints, level: float) -> tuple[Floats, Floats, Floats]:
    """Share of each group with Wilson's interval, for as many rows as the clusters are worth."""
    z = normal_quantile(level)
    n = np.bincount(group, minlength=size).astype(np.float64)
    share, _, high = _group_means(flags, group, size, cluster, level)
    alone = np.divide(share * (1 - share), n, out=np.zeros(size), where=n > 0)
    worth = np.maximum(np.divide(((high - share) / z) ** 2, alone, out=np.ones(size), where=alone > 0), 1.0)
    rows = np.divide(n, worth, out=np.full(size, np.nan), where=n > 0)
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2)) / (1 + z**2 / rows)
    return share, np.clip(middle - half, 0.0, share), np.clip(middle + half, share, 1.0)


def adjusted_means(
    values: Floats, group: Ints, size: int, stratum: Ints, cluster: Ints, level: float
) -> tuple[Floats, Floats, Floats]:
    """Means of groups as if each had the mix of strata of all rows, with intervals clustered by `cluster`.

    Groups and strata add up (least squares with an effect of each stratum); with one stratum these are plain means.

    Parameters
    ----------
    values : array of float, shape (n,)
    group, stratum, cluster : array of int, shape (n,)
        Groups from 0 to `size` less one.
    size : int
    level : float

    Returns
    -------
    tuple of three arrays of float, shape (size,)
        Mean, low, high; nan for a group without rows, and for groups that no chain of shared strata links to the
        largest set of linked groups, since nothing can be said of one beside the other.

    Examples
    --------
    >>> mean, low, high = adjusted_means(np.array([1.0, 3.0, 4.0, 6.0]), np.array([0, 0, 1, 1]), 2,
    ...                                  np.zeros(4, dtype=int), np.arange(4), 0.95)
    >>> mean.round(12).tolist()
    [2.0, 5.0]
    """
    rows = len(values)
    _, stratum = np.unique(stratum, return_inverse=True)
    _, cluster = np.unique(cluster, return_inverse=True)
    held = np.bincount(group, minlength=size)
    sizes = np.bincount(stratum).astype(np.float64)
    shares = np.bincount(stratum * size + group, minlength=len(sizes) * size).reshape(-1, size) / sizes[:, None]
    linked = _linked(shares, held)
    if not linked[held > 0].all():
        inside = linked[group]
        return adjusted_means(values[inside], group[inside], size, stratum[inside], cluster[inside], level)
    level_of = np.bincount(stratum, weights=values) / sizes
    gap = values - level_of[stratum]
    products = np.diag(held.astype(np.float64)) - shares.T @ (shares * sizes[:, None])
    inverse = np.linalg.pinv(products, rcond=1e-10, hermitian=True)
    shift = inverse @ np.bincount(group, weights=gap, minlength=size)
    mix = held / rows
    mean = values.mean() + shift - mix @ shift
    # what one row adds: its residual, times the row of the inverse for its group less what its stratum holds of it
    residual = gap - shift[group] + (shares @ shift)[stratum]
    contrast = (np.eye(size) - mix) @ inverse
    clusters = int(cluster.max()) + 1
    by_group = np.bincount(cluster * size + group, weights=residual, minlength=clusters * size).reshape(-1, size)
    of_strata = np.zeros((clusters, size))
    for place in range(size):
        of_strata[:, place] = np.bincount(cluster, weights=residual * shares[stratum, place], minlength=clusters)
    scores = (by_group - of_strata) @ contrast.T + by_group.sum(axis=1)[:, None] / rows
    half = normal_quantile(level) * np.sqrt((scores**2).sum(axis=0) * clusters / max(clusters - 1, 1))
    mean, half = np.where(held == 0, np.nan, mean), np.where(held == 0, np.nan, half)
    return mean, mean - half, mean + half


def _linked(shares: Floats, held: Ints) -> Flags:
    """Groups of the largest set that shared strata link, by rows, shape (size,)."""
    reach = (shares.T @ shares) > 0
    for _ in range(len(held)):
        reach = (reach.astype(np.int64) @ reach.astype(np.int64)) > 0
    rows = reach @ held
    return np.asarray(reach[int(np.argmax(rows))])
