"""What does each outcome look like before a test: its mean, its spread, and what is known of it beforehand?

From the rows that `records` keeps, in exact sums, at the unit that will be assigned: customers, or clusters with their
totals over their sizes. What test follows from it is left to `sheet`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from analysis.inference.intracluster import Intracluster, intracluster
from analysis.inference.moments import Moments
from analysis.inference.power import Baseline, Kind, baseline_of
from analysis.studies.planning.plan import PlanningPlan
from analysis.studies.planning.records import TABLE, Records
from analysis.tables.moments_of import moments_by

SIZE = "size"
KINDS: Mapping[str, Kind] = {
    "orders": "amount",
    "revenue": "amount",
    "margin": "amount",
    "issues": "amount",
    "repurchased": "share",
}
KIND_WORDS: Mapping[Kind, str] = {
    "share": "share",
    "amount": "amount for each customer",
    "mean": "mean",
    "ratio": "ratio of two totals",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeBaseline:
    """One outcome as the records show it.

    Parameters
    ----------
    outcome, unit : str
    plain : Baseline
        Per unit of assignment, without adjustment.
    adjusted : Baseline or None
        The same with the correlation with the outcome before; None where the records do not reach back.
    units : int
        Customers, or clusters.
    looseness : float
        Standard deviation of a ratio's denominator between units, as a share of its mean; 0 where there is none.
    likeness : Intracluster or None
        Of the members of clusters; None for customers one by one, and for ratios, whose parts have one each.
    """

    outcome: str
    unit: str
    plain: Baseline
    adjusted: Baseline | None
    units: int
    looseness: float = 0.0
    likeness: Intracluster | None = None


def baselines(records: Records, plan: PlanningPlan) -> tuple[dict[str, OutcomeBaseline], dict[str, str]]:
    """Each outcome's baseline, and why some have none.

    Returns
    -------
    pair of dict
        Outcome to its baseline, and outcome to the reason why there is none.
    """
    moments = _moments(records, plan)
    found: dict[str, OutcomeBaseline] = {}
    reasons: dict[str, str] = {}
    for name in plan.names:
        numerator, denominator = plan.ratios.get(name, (name, None))
        missing = [part for part in (numerator, denominator) if part is not None and part not in records.after]
        if missing:
            reasons[name] = f"`{'`, `'.join(missing)}` cannot be told from these tables."
            continue
        try:
            found[name] = _baseline(records, plan, moments, name, numerator, denominator)
        except ValueError as error:
            reasons[name] = str(error)
    return found, reasons


def _moments(records: Records, plan: PlanningPlan) -> Moments:
    """Of all columns over the units of assignment; clusters with their `size`."""
    measures, rows = records.columns, f"select * from {TABLE}"
    if plan.cluster is not None:
        sums = ", ".join(f"sum({column}) as {column}" for column in measures)
        rows = f"select count(*) as {SIZE}, {sums} from {TABLE} group by cluster"
        measures = [SIZE, *measures]
    return moments_by(records.engine, rows, groups=[], measures=measures)[()]


def _baseline(
    records: Records, plan: PlanningPlan, moments: Moments, name: str, numerator: str, denominator: str | None
) -> OutcomeBaseline:
    ratio = denominator is not None
    over = SIZE if plan.cluster is not None else None
    below = records.after[denominator] if denominator is not None else over
    kind: Kind = "ratio" if ratio else KINDS[numerator]
    mean = moments.mean(records.after[numerator])
    if kind == "amount" and mean <= 0:
        kind = "mean"
    before = None
    if records.before:
        before = (records.before[numerator], records.before[denominator] if denominator is not None else over)
    try:
        adjusted = baseline_of(moments, records.after[numerator], kind=kind, denominator=below, before=before)
    except ValueError:
        if before is None:
            raise
        before = None  # the ratio had no denominator before, say
        adjusted = baseline_of(moments, records.after[numerator], kind=kind, denominator=below)
    unit = records.units[numerator]
    if denominator is not None:
        parts = [records.units[part].removesuffix(" per customer") for part in (numerator, denominator)]
        unit = f"{parts[0]} per {parts[1].removesuffix('s')}"
    return OutcomeBaseline(
        outcome=name,
        unit=unit,
        plain=replace(adjusted, correlation=0.0),
        adjusted=adjusted if before is not None else None,
        units=moments.n,
        looseness=_looseness(moments, records.after[denominator]) if denominator is not None else 0.0,
        likeness=_likeness(records, records.after[numerator]) if plan.cluster is not None and not ratio else None,
    )


def _looseness(moments: Moments, denominator: str) -> float:
    return math.sqrt(moments.variance(denominator)) / abs(moments.mean(denominator))


def _likeness(records: Records, column: str) -> Intracluster | None:
    """How alike customers of one cluster are; None where every cluster is one customer."""
    clusters = records.engine.query(
        f"select cluster, count(*) as size, sum({column}) as total, sum(cast({column} as decimal(19, 6)) * "
        f"cast({column} as decimal(19, 6))) as squares from {TABLE} group by cluster order by cluster"
    ).to_pylist()
    try:
        return intracluster(
            [float(row["total"]) for row in clusters],
            [float(row["size"]) for row in clusters],
            float(sum(row["squares"] for row in clusters)),
        )
    except ValueError:
        return None
