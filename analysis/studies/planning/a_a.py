"""How often would an analysis cry wolf on these very records, where nothing was done to anybody?

The customers whose records play the test are divided by lot, again and again, and every division is analysed as the
test would be. Where the false alarms are more than the level allows, the planned analysis must not be trusted with
these data: too few customers, too skewed amounts, or clusters that were forgotten. What a real effect would look like
is left to `sheet`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.adjusted import adjusted_difference
from analysis.inference.compare import difference_in_means
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments
from analysis.inference.ratio_metric import ratio_metric_difference
from analysis.studies.planning.divisions import Compare, Fared, Flags, Floats, Measures, fared
from analysis.studies.planning.false_alarms import (
    ADJUSTED,
    CLUSTERED,
    CLUSTERED_ADJUSTED,
    FORBIDDEN,
    IGNORED,
    PLAIN,
    AAResult,
    FalseAlarms,
)
from analysis.studies.planning.plan import PlanningPlan
from analysis.studies.planning.records import TABLE, Records, keep_records

if TYPE_CHECKING:
    from analysis.inference.few_clusters import Clusters
    from analysis.tables.load import Tables

BySums = tuple[str, str, Measures, Compare]
ByUnits = tuple[str, str, Callable[[Flags], Estimate]]
"""An outcome, a way of analysing it, and the analysis itself."""


def a_a(tables: Tables, plan: PlanningPlan, *, divisions: int = 1000, seed: int = 0) -> AAResult:
    """How often does the planned analysis find an effect where there is none, on the user's own customers?

    The first treated arm is divided from the control arm as the shares say, by lot: customers one by one, or whole
    clusters. Each division is compared as the test would be.

    Parameters
    ----------
    tables : Tables
    plan : PlanningPlan
    divisions : int
    seed : int

    Raises
    ------
    DesignError
        If the records cannot play the test, or fewer than 100 divisions are asked for.
    TooSoon
        If they are shorter than the window.

    Source
    ------
    Kohavi, Tang and Xu (2020), Trustworthy Online Controlled Experiments, chapter 19, on A/A tests.
    """
    if divisions < 100:
        raise DesignError(f"{divisions} divisions tell nothing of a rate of a few per cent; take 100 at least.")
    records = keep_records(tables, plan)
    try:
        columns, unit = _columns(records, plan)
    finally:
        tables.engine.drop(TABLE)
    mine, theirs = plan.share(plan.treated[0]), plan.share(plan.control)
    ways: list[BySums] = []
    sliced: list[ByUnits] = []
    notes = []
    for name in plan.names:
        parts = plan.ratios.get(name, (name,))
        if any(part not in records.after for part in parts):
            notes.append(f"`{name}` cannot be told from these tables.")
            continue
        after = [columns[records.after[part]] for part in parts]
        before = [columns[records.before[part]] for part in parts] if records.before else []
        if unit is None:
            ways += _of_customers(name, after, before, plan.claim_level)
        else:
            ways += _of_clusters_by_sums(name, after, before, unit, plan.claim_level)
            sliced += _of_clusters(name, after, before, unit, plan.claim_level)
    found = fared(
        [(measures, compare) for _, _, measures, compare in ways],
        [analyse for _, _, analyse in sliced],
        units=records.customers if unit is None else int(unit.max()) + 1,
        share=mine / (mine + theirs),
        divisions=divisions,
        rng=np.random.default_rng(seed),
    )
    names = [(way[0], way[1]) for way in ways] + [(way[0], way[1]) for way in sliced]
    rows = []
    for key, one in zip(names, found, strict=True):
        if one.values:
            rows.append(_alarms(*key, one, plan.claim_level))
        else:
            notes.append(f"{key[0]}, {key[1]}: nothing can be claimed of such a test. {one.refusals[0]}")
    if all(row.estimator in FORBIDDEN for row in rows):
        raise DesignError("No analysis of such a test would claim anything. " + " ".join(notes))
    rows.sort(key=lambda row: plan.names.index(row.outcome))
    return AAResult(rows=tuple(rows), customers=records.customers, seed=seed, notes=(*records.notes, *notes))


def _columns(records: Records, plan: PlanningPlan) -> tuple[dict[str, Floats], NDArray[np.int64] | None]:
    """Each column as numbers, a customer each in one order, and their clusters numbered from 0."""
    wanted = ", ".join(f"{records.engine.dialect.as_float(name)} as {name}" for name in records.columns)
    found = records.engine.query(f"select cluster, {wanted} from {TABLE} order by customer_id")
    columns = {name: found.column(name).to_numpy().astype(float) for name in records.columns}
    if plan.cluster is None:
        return columns, None
    return columns, np.unique(found.column("cluster").to_numpy().astype(str), return_inverse=True)[1]


def _of_customers(name: str, after: list[Floats], before: list[Floats], level: float) -> list[BySums]:
    """Customers one by one: as they are, and adjusted."""
    if len(after) == 2:
        plain = Measures.of_rows({"y": after[0], "d": after[1]})
        found: list[BySums] = [(name, PLAIN, plain, partial(_ratio, level=level))]
        if before:
            both = Measures.of_rows({"y": after[0], "d": after[1], "x": before[0], "b": before[1]})
            found.append((name, ADJUSTED, both, partial(_ratio, level=level, earlier=("x", "b"))))
        return found
    centred = after[0] - after[0].mean()  # a shift of all changes no difference, and keeps the digits
    found = [(name, PLAIN, Measures.of_rows({"y": centred}), partial(_mean, level=level))]
    if before:
        both = Measures.of_rows({"y": centred, "x": before[0] - before[0].mean()})
        found.append((name, ADJUSTED, both, partial(_adjusted, level=level)))
    return found


def _of_clusters_by_sums(
    name: str, after: list[Floats], before: list[Floats], unit: NDArray[np.int64], level: float
) -> list[BySums]:
    """Whole clusters: ratios by the clusters' totals; and what it would be to forget the clusters."""
    if len(after) == 1:
        return [(name, IGNORED, Measures.of_rows({"y": after[0] - after[0].mean()}, unit), partial(_mean, level=level))]
    totals = {
        key: np.bincount(unit, weights=column).astype(float)
        for key, column in zip("ydxb", (*after, *before), strict=False)
    }
    now = Measures.of_rows({key: totals[key] for key in "yd"})
    found: list[BySums] = [(name, CLUSTERED, now, partial(_ratio, level=level))]
    if before:
        earlier = partial(_ratio, level=level, earlier=("x", "b"))
        found.append((name, CLUSTERED_ADJUSTED, Measures.of_rows(totals), earlier))
    forgotten = Measures.of_rows({"y": after[0], "d": after[1]}, unit)
    return [*found, (name, IGNORED, forgotten, partial(_ratio, level=level))]


def _of_clusters(
    name: str, after: list[Floats], before: list[Floats], unit: NDArray[np.int64], level: float
) -> list[ByUnits]:
    """Whole clusters, by the error that stays honest where they are few."""
    if len(after) == 2:
        return []
    from analysis.inference.few_clusters import Clusters

    columns = np.column_stack([column - column.mean() for column in (*after, *before)])
    clusters = Clusters.from_rows(("y", "x")[: columns.shape[1]], unit, columns)  # type: ignore[arg-type]
    found: list[ByUnits] = [(name, CLUSTERED, partial(_by_cluster, clusters, (), level))]
    if before:
        found.append((name, CLUSTERED_ADJUSTED, partial(_by_cluster, clusters, ("x",), level)))
    return found


def _mean(treated: Moments, comparison: Moments, *, level: float) -> Estimate:
    return difference_in_means(treated, comparison, "y", unit="1", level=level)


def _adjusted(treated: Moments, comparison: Moments, *, level: float) -> Estimate:
    return adjusted_difference(treated, comparison, "y", covariates=["x"], unit="1", level=level)


def _ratio(treated: Moments, comparison: Moments, *, level: float, earlier: tuple[str, str] | None = None) -> Estimate:
    return ratio_metric_difference(treated, comparison, "y", "d", covariates=earlier, unit="1", level=level)


def _by_cluster(clusters: Clusters, covariates: tuple[str, ...], level: float, division: Flags) -> Estimate:
    from analysis.inference.few_clusters import Clusters, difference_of_clusters

    treated, comparison = (
        Clusters(clusters.names, clusters.size[here], clusters.sums[here], clusters.products[here])
        for here in (division, ~division)
    )
    return difference_of_clusters(treated, comparison, "y", covariates=covariates, unit="1", level=level)


def _alarms(outcome: str, estimator: str, one: Fared, level: float) -> FalseAlarms:
    from scipy import stats

    spread = float(np.std(one.values))
    return FalseAlarms(
        outcome=outcome,
        estimator=estimator,
        divisions=len(one.values),
        alarms=one.alarms,
        expected=1 - level,
        uniformity_p=float(stats.kstest(one.p_values, "uniform").pvalue),
        refused=len(one.refusals),
        error_ratio=float(np.sqrt(np.mean(np.square(one.errors)))) / spread if spread > 0 else 1.0,
    )
