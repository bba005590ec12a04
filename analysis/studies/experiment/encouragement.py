"""What did it change for those whom an invitation moved, when only being invited was left to chance?

What the invitation did to everybody stands in the arms' differences. Here it is divided by what the invitation did to
uptake, arm by arm. Both are compared as assigned, by cluster where clusters were invited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.studies.experiment.clusters import cluster_sums, lacking
from analysis.studies.result import Check
from analysis.tables.engine import identifier
from analysis.tables.moments_of import moments_by

if TYPE_CHECKING:
    from analysis.inference.complier import Complier
    from analysis.studies.experiment.rows import Rows

UPTAKE = "exposed"


def compliers(rows: Rows, outcome: str, *, level: float) -> dict[str, Complier | str]:
    """What did each arm's invitation change per customer whom it moved?

    Parameters
    ----------
    rows : Rows
        With `exposed`, 1 for who took it up.
    outcome : str
    level : float

    Returns
    -------
    dict
        Arm to what was found, or to the reason why there is nothing.

    Raises
    ------
    KeyError
        If there is no such outcome.
    """
    from analysis.inference.complier import complier_effect, complier_effect_by_cluster

    measure, unit = rows.measures[outcome], rows.units[outcome]
    treated = [arm for arm in rows.arms if arm != rows.control]
    counted = rows.engine.query(
        f"select count(*) as n, count({UPTAKE}) as told, "
        f"count(cluster) - count(distinct cluster) as clustered from {identifier(rows.table)}"
    ).to_pylist()[0]
    if counted["told"] < counted["n"]:
        missing = int(counted["n"]) - int(counted["told"])
        return dict.fromkeys(
            treated,
            f"of {missing:,} customers nobody recorded whether they took it up: fill `exposed_at` in `assignments`.",
        )
    if counted["clustered"] and (lack := lacking(rows)):
        return dict.fromkeys(treated, lack)
    known = f"select * from {identifier(rows.table)} where {identifier(measure)} is not null"
    found: dict[str, Complier | str] = {}
    if counted["clustered"]:
        clusters = cluster_sums(rows, (measure, UPTAKE), outcome=measure)
    else:
        moments = moments_by(rows.engine, known, groups=["arm"], measures=[measure, UPTAKE])
    for arm in treated:
        try:
            if counted["clustered"]:
                one, other = clusters.get((arm, None)), clusters.get((rows.control, None))
                found[arm] = (
                    "an arm is empty."
                    if one is None or other is None
                    else complier_effect_by_cluster(one, other, measure, UPTAKE, unit=unit, level=level, name=outcome)
                )
            else:
                invited, others = moments.get((arm,)), moments.get((rows.control,))
                found[arm] = (
                    "an arm holds fewer than two customers."
                    if invited is None or others is None or min(invited.n, others.n) < 2
                    else complier_effect(invited, others, measure, UPTAKE, unit=unit, level=level, name=outcome)
                )
        except DesignError as error:
            found[arm] = str(error)
    return found


def first_stage_check(found: Complier) -> Check:
    """How strongly the invitation moved customers. It caps nothing: the interval holds at any strength."""
    from analysis.inference.complier import STRONG

    moved = found.first_stage
    share = f"{moved.value * 100:.1f} % of the invited ({moved.low * 100:.1f} to {moved.high * 100:.1f} %)"
    strong = found.first_stage_f >= STRONG and moved.value > 0
    return Check(
        name="first_stage",
        verdict="passed" if strong else "failed",
        detail=f"The invitation moved {share}; F = {found.first_stage_f:.3g}, {STRONG:g} is needed. Effects per "
        f"customer moved that are not rejected: {found.anderson_rubin}.",
        value=moved.value,
        low=moved.low,
        high=moved.high,
    )
