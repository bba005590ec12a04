"""What did the arms change, where whole clusters of customers were put into them? Differences with the clusters' error.

Regions, shops or households were assigned and customers are measured: a customer counts once, and the error is that of
the clusters. Which unit was assigned is left to `arms`, how few clusters are made to tell the truth to
`analysis.inference.few_clusters`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.tables.engine import identifier
from analysis.tables.moments_of import MEASURE

if TYPE_CHECKING:
    from analysis.inference.estimate import Estimate
    from analysis.inference.few_clusters import Clusters, Floats
    from analysis.studies.experiment.rows import Rows

NOTHING_VARIES = "nothing varies within the arms, so that no error can be told."


def contrasts(
    rows: Rows, outcome: str, *, level: float, segment: str | None = None, adjusted: bool = False
) -> dict[tuple[str, str | None], Estimate | str]:
    """By how much does each arm's mean per customer differ from the comparison arm's?

    Parameters
    ----------
    rows : Rows
        With a `cluster` for every customer.
    outcome : str
    level : float
    segment : str, optional
        A column of the rows; without one, all customers.
    adjusted : bool
        Whether the outcome's covariates are taken into account.

    Returns
    -------
    dict
        Arm and value of the segment (None for all customers) to the difference, or to the reason why there is none.

    Raises
    ------
    KeyError
        If there is no such outcome or segment.
    """
    import numpy as np

    from analysis.inference.few_clusters import difference_of_clusters

    measure = rows.measures[outcome]
    covariates = rows.covariates.get(outcome, ()) if adjusted else ()
    treated = [arm for arm in rows.arms if arm != rows.control]
    lack = lacking(rows)
    groups = {} if lack else cluster_sums(rows, (measure, *covariates), outcome=measure, segment=segment)
    values = sorted({value for _, value in groups if value is not None}) if segment else [None]
    found: dict[tuple[str, str | None], Estimate | str] = {}
    for value in values:
        for arm in treated:
            one, other = groups.get((arm, value)), groups.get((rows.control, value))
            if lack or one is None or other is None:
                found[arm, value] = lack or "an arm is empty."
                continue
            moving = [name for name in covariates if np.ptp(_means(one, other, name)) > 0]
            if adjusted and not moving:
                found[arm, value] = "nothing known before varies between the clusters, so that nothing can be adjusted."
                continue
            try:
                estimate = difference_of_clusters(
                    one, other, measure, covariates=moving, unit=rows.units[outcome], level=level, name=outcome
                )
            except DesignError as error:
                found[arm, value] = str(error)
                continue
            found[arm, value] = estimate if estimate.se > 0 else NOTHING_VARIES
    return found


def _means(one: Clusters, other: Clusters, name: str) -> Floats:
    """Every cluster's mean of a measure."""
    import numpy as np

    return np.concatenate([part.sums @ part.weights({name: 1.0}) / part.size for part in (one, other)])


def lacking(rows: Rows) -> str | None:
    """Why these rows cannot be compared by cluster, if so."""
    table = identifier(rows.table)
    counted = rows.engine.query(
        f"""
        select count(*) - count(cluster) as without,
            (select count(*) from (select cluster from {table} where cluster is not null
             group by cluster having count(distinct arm) > 1) as mixed) as mixed
        from {table}
        """
    ).to_pylist()[0]
    if counted["without"]:
        return f"{int(counted['without']):,} customers have no cluster, though clusters were assigned."
    if counted["mixed"]:
        return (
            f"{int(counted['mixed']):,} clusters have customers in more than one arm; they were not assigned as wholes."
        )
    return None


def cluster_sums(
    rows: Rows, measures: Sequence[str], *, outcome: str, segment: str | None = None
) -> dict[tuple[str, str | None], Clusters]:
    """Sums and products of some columns by cluster, for each arm and value of the segment.

    Customers without the outcome are left out; another column counts as zero where it is empty. Sums are exact until
    they leave the engine, and clusters are in the order of their names.
    """
    keys = ["arm", *([identifier(segment)] if segment else []), "cluster"]
    known = f"{identifier(outcome)} is not null"
    if segment:
        known += f" and {identifier(segment)} is not null"
    source = f"select * from {identifier(rows.table)} where {known}"
    by_arm: dict[tuple[str, str | None], list[tuple[object, ...]]] = {}
    for row in summed(rows, source, keys, measures):
        value = str(row[1]) if segment else None
        by_arm.setdefault((str(row[0]), value), []).append(row[len(keys) :])
    return {key: clusters_of(measures, parts) for key, parts in by_arm.items()}


def summed(rows: Rows, source: str, keys: Sequence[str], measures: Sequence[str]) -> list[tuple[object, ...]]:
    """One row for each combination of the keys, in order: keys, customers, sums, products of each two measures."""
    from analysis.inference.moments import pairs

    casts = [f"cast(coalesce({identifier(name)}, 0) as {MEASURE}) as q{i}" for i, name in enumerate(measures)]
    sums = [f"cast(sum(q{i}) as double) as s{i}" for i in range(len(measures))]
    products = [f"cast(sum(q{i} * q{j}) as double) as p{i}_{j}" for i, j in pairs(len(measures))]
    table = rows.engine.query(
        f"select {', '.join([*keys, 'count(*) as n', *sums, *products])} "
        f"from (select {', '.join([*keys, *casts])} from ({source}) as source) as measured "
        f"group by {', '.join(keys)} order by {', '.join(keys)}"
    )
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def clusters_of(measures: Sequence[str], parts: Sequence[Sequence[object]]) -> Clusters:
    """Rows of counts, sums and products, as `summed` orders them, as arrays."""
    import numpy as np

    from analysis.inference.few_clusters import Clusters
    from analysis.inference.moments import pairs

    k = len(measures)
    values = np.array(parts, dtype=float).reshape(-1, 1 + k + k * (k + 1) // 2)
    products = np.empty((len(values), k, k))
    for place, (i, j) in enumerate(pairs(k)):
        products[:, i, j] = products[:, j, i] = values[:, 1 + k + place]
    return Clusters(tuple(measures), values[:, 0], values[:, 1 : 1 + k], products)
