"""How much did the customers of each region do in every four weeks, before and after some regions were held out?

A region's customers are those assigned with it, the same in all periods, so that nobody is counted because of what the
arms did. Periods are 28 days counted from the start in both directions: every one holds each weekday four times. What
is made of the table is left to `geo`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.issue_costs import priced_rows
from analysis.studies.soundness import currency_of_orders, unusable_cost, unusable_margin

if TYPE_CHECKING:
    from analysis.tables.load import Tables

Floats = NDArray[np.float64]

PERIOD = timedelta(days=28)
FEWEST_BEFORE, MOST_BEFORE = 3, 12
OUTCOMES = ("orders", "revenue", "margin", "issues", "support_cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """The regions of one experiment, in the order of their names.

    Parameters
    ----------
    names, arms : tuple of str
    customers : array of float, shape (n_regions,)
    start : datetime
        When the arms began.
    shares : mapping of str to float, or None
        Share of the regions that each arm was meant to have, where `probability` says so.
    """

    names: tuple[str, ...]
    arms: tuple[str, ...]
    customers: Floats
    start: datetime
    shares: Mapping[str, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPanel:
    """One outcome per customer, by region and period.

    Parameters
    ----------
    outcome, unit : str
    table : array of float, shape (n_regions, n_periods)
        Per customer and period.
    before : int
        Periods before the start.
    starts : tuple of datetime, length n_periods
    """

    outcome: str
    unit: str
    table: Floats
    before: int
    starts: tuple[datetime, ...]

    @property
    def after(self) -> int:
        return len(self.starts) - self.before


def regions_of(tables: Tables, experiment: str) -> Regions:
    """Which regions were given which arm, and when?

    Raises
    ------
    DesignError
        If customers lack a region, an arm or a time, a region or customer has more than one arm or region, or regions
        began more than a day apart.
    """
    engine = tables.engine
    faults = engine.query(
        """
        select count(*) as n, count(*) - count(cluster_id) as without_region, count(*) - count(arm) as without_arm,
            count(*) - count(assigned_at) as without_time, count(*) - count(distinct customer_id) as repeated,
            min(assigned_at) as first, max(assigned_at) as last,
            (select count(*) from (select cluster_id from assignments where experiment_id = ?
             group by cluster_id having count(distinct arm) > 1) as mixed) as mixed
        from assignments where experiment_id = ?
        """,
        [experiment, experiment],
    ).to_pylist()[0]
    reasons = {
        "without_region": "rows have no region. Fill `cluster_id` in `assignments`.",
        "without_arm": "rows have no arm. Fill `arm` in `assignments`.",
        "without_time": "rows do not say when the arms began. Fill `assigned_at` in `assignments`.",
        "repeated": "rows assign a customer again. A customer belongs to one region.",
        "mixed": "regions have customers in more than one arm; they were not assigned as wholes.",
    }
    for name, why in reasons.items():
        if faults[name]:
            raise DesignError(f"Experiment `{experiment}`: {int(faults[name]):,} {why}")
    if not faults["n"]:
        raise DesignError(f"Experiment `{experiment}` has no rows in `assignments`.")
    if faults["last"] - faults["first"] > timedelta(days=1):
        raise DesignError(
            f"Experiment `{experiment}`: regions began between {faults['first']:%Y-%m-%d} and "
            f"{faults['last']:%Y-%m-%d}. A hold-out begins everywhere on one day; give later regions an experiment of "
            "their own."
        )
    rows = engine.query(
        "select cluster_id, min(arm) as arm, count(*) as customers, min(probability) as low, max(probability) as high "
        "from assignments where experiment_id = ? group by cluster_id order by cluster_id",
        [experiment],
    ).to_pylist()
    return Regions(
        names=tuple(str(row["cluster_id"]) for row in rows),
        arms=tuple(str(row["arm"]) for row in rows),
        customers=np.array([float(row["customers"]) for row in rows]),
        start=faults["first"],
        shares=_shares(rows),
    )


def _shares(rows: Sequence[Mapping[str, object]]) -> dict[str, float] | None:
    """The share stated for each arm, where all its regions state the same."""
    found: dict[str, set[object]] = {}
    for row in rows:
        found.setdefault(str(row["arm"]), set()).update((row["low"], row["high"]))
    if any(len(stated) > 1 or None in stated for stated in found.values()):
        return None
    return {arm: float(str(next(iter(stated)))) for arm, stated in found.items()}


def panel_of(tables: Tables, experiment: str, regions: Regions, outcome: str, *, window_days: int) -> RegionPanel:
    """One outcome of the regions' customers in each period.

    Raises
    ------
    DesignError
        If the outcome cannot be counted by period, or there are fewer than 3 periods before the start.
    TooSoon
        If no period after the start is over.
    """
    table, at, amount, unit, parameters = _counted(tables, outcome)
    span = tables.engine.query(f"select min({at}) as first, max({at}) as last from ({table}) as e", parameters)
    first, last = span.column("first").to_pylist()[0], span.column("last").to_pylist()[0]
    if first is None:
        raise DesignError(f"`{outcome}`: nothing is recorded that could be counted.")
    before = min((regions.start - first) // PERIOD, MOST_BEFORE)
    after = min((last + timedelta(days=1) - regions.start) // PERIOD, max(window_days // PERIOD.days, 1))
    if before < FEWEST_BEFORE:
        raise DesignError(
            f"`{outcome}`: {max(before, 0)} whole periods of 28 days lie before {regions.start:%Y-%m-%d}; "
            f"{FEWEST_BEFORE} are needed to say where the regions were going. Load earlier records."
        )
    if after < 1:
        raise TooSoon(
            f"`{outcome}`: the first 28 days end on {regions.start + PERIOD:%Y-%m-%d}; the records end on "
            f"{last:%Y-%m-%d}. Wait for the data."
        )
    starts = tuple(regions.start + place * PERIOD for place in range(-before, after))
    inside = " , ".join(
        f"sum(case when e.{at} >= ? and e.{at} < ? then {amount} else 0 end) as p{place}"
        for place in range(len(starts))
    )
    bounds = [bound for start in starts for bound in (start, start + PERIOD)]
    rows = tables.engine.query(
        f"select a.cluster_id, {inside} from assignments a left join ({table}) as e on e.customer_id = a.customer_id "
        "where a.experiment_id = ? group by a.cluster_id order by a.cluster_id",
        [*bounds, *parameters, experiment],
    )
    totals = np.array([[float(x or 0) for x in rows.column(f"p{place}").to_pylist()] for place in range(len(starts))]).T
    return RegionPanel(
        outcome=outcome, unit=unit, table=totals / regions.customers[:, None], before=before, starts=starts
    )


def _counted(tables: Tables, outcome: str) -> tuple[str, str, str, str, Sequence[object]]:
    """The events behind an outcome: a query, its column of time, the amount of a row, the unit, and parameters."""
    of_orders = {"orders": "1", "revenue": "e.revenue", "margin": "e.margin"}
    if outcome not in OUTCOMES:
        raise DesignError(
            f"`{outcome}` does not add up over periods; a hold-out of regions can be judged by {', '.join(OUTCOMES)}."
        )
    if outcome in of_orders and tables.has("orders"):
        lack = unusable_margin(tables) if outcome == "margin" else None
        if lack is None:
            unit = "orders" if outcome == "orders" else currency_of_orders(tables) or "money"
            return "select * from orders", "ordered_at", of_orders[outcome], f"{unit} per customer", ()
        raise DesignError(f"`margin`: {lack}")
    if outcome == "issues" and tables.has("issues"):
        return "select * from issues", "opened_at", "1", "issues per customer", ()
    if outcome == "support_cost":
        lack = unusable_cost(tables, "UTC")
        if lack is not None:
            raise DesignError(f"`support_cost`: {lack}")
        costs = priced_rows(tables, "UTC")
        currency = tables.engine.query(
            f"select min(currency) as currency from ({costs.sql}) as priced where cost is not null", costs.parameters
        ).to_pylist()[0]["currency"]
        return costs.sql, "came_at", "coalesce(e.cost, 0)", f"{currency or 'money'} per customer", costs.parameters
    raise DesignError(f"`{outcome}` is not in the data: the tables hold nothing that it could be counted from.")
