"""Whom did an incident touch, what did it cost, and what explains it? The facts beside the days of one episode.

Customers, authors and issues are counted in the engine; a number of one to nine customers is not given, nor what is
known of their issues. An entry of the change log explains an episode when it took effect on a day of it or in the three
days before, and its scope names the product or no product at all: that it was written down does not make it the cause.
Which days are an episode is left to `incidents`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import local_day
from analysis.foundation.errors import DesignError
from analysis.inference.spikes import Excess, excess
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

Ints = NDArray[np.int64]

FEW = "fewer than 10"
EPOCH = date(1970, 1, 1)
REACH = timedelta(days=3)
"""How long before the first day of an episode an entry may have taken effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry of the change log that may explain an episode.

    `written` says when it was recorded: "before" the episode, "during" it, "afterwards", or "unknown".
    """

    change_id: str
    kind: str
    description: str
    effective_on: date
    written: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "change_id": self.change_id,
            "kind": self.kind,
            "description": self.description,
            "effective_on": self.effective_on.isoformat(),
            "written": self.written,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Counts a day, in all (under None) and by product, for the days from `first` on that the table speaks of."""

    first: date
    counts: Mapping[str | None, Ints]

    @property
    def last(self) -> date:
        return self.first + timedelta(days=len(self.counts[None]) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What an episode touched. A number that cannot be given is None, with its reason under its name.

    `issues` are those opened on its days above what was expected; the cost is theirs, at the mean cost of an issue
    opened on these days.
    """

    customers: int | None = None
    authors: int | None = None
    issues: Excess | None = None
    cost: tuple[float, float, float] | None = None
    currency: str | None = None
    cost_source: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


def daily_counts(tables: Tables, table: str, time: str, zone: str, first: date, last: date) -> Daily | None:
    """Rows a local day within `first` to `last`, from the first to the last of them that has any; None without one."""
    dialect = tables.engine.dialect
    found = tables.engine.query(
        f"select {dialect.day_number(time, zone, first, last)} as local_day, product, count(*) as n "
        f"from {identifier(table)} where {dialect.in_days(time, zone, first, last)} group by 1, 2 order by 1, 2"
    ).to_pylist()
    if not found:
        return None
    start, days = found[0]["local_day"], found[-1]["local_day"] - found[0]["local_day"] + 1
    counts: dict[str | None, Ints] = {None: np.zeros(days, dtype=np.int64)}
    for row in found:
        counts[None][row["local_day"] - start] += row["n"]
        if row["product"] is not None:
            counts.setdefault(row["product"], np.zeros(days, dtype=np.int64))[row["local_day"] - start] += row["n"]
    return Daily(first=EPOCH + timedelta(days=start), counts=counts)


def impact(
    tables: Tables, issues: Daily | None, *, product: str | None, first: date, last: date, zone: str, fewest: int
) -> Impact:
    """Customers, authors, issues above expected and their cost, on the local days `first` to `last`."""
    reasons: dict[str, str] = {}
    people = _people(tables, product, first, last, zone, fewest, reasons)
    above = _issues_above(tables, issues, product, first, last, zone, fewest, reasons)
    if above is None:
        reasons["cost"] = reasons["issues"]
        return Impact(customers=people["customers"], authors=people["authors"], reasons=reasons)
    costs = _cost_of_one(tables, product, first, last, zone)
    if isinstance(costs, str):
        reasons["cost"] = costs
        return Impact(customers=people["customers"], authors=people["authors"], issues=above, reasons=reasons)
    each, currency, source = costs
    return Impact(
        customers=people["customers"],
        authors=people["authors"],
        issues=above,
        cost=(each * above.above, each * above.low, each * above.high),
        currency=currency,
        cost_source=source,
        reasons=reasons,
    )


def _people(
    tables: Tables, product: str | None, first: date, last: date, zone: str, fewest: int, reasons: dict[str, str]
) -> dict[str, int | None]:
    where, parameters = _on_days(tables, "posted_at", product, first, last, zone)
    (row,) = tables.engine.query(
        "select count(distinct customer_id) as customers, count(distinct author_id) as authors "
        f"from mentions where {where}",
        parameters,
    ).to_pylist()
    people: dict[str, int | None] = {}
    for name, column in (("customers", "customer_id"), ("authors", "author_id")):
        people[name] = None
        if not tables.has_column("mentions", column):
            reasons[name] = f"column `{column}` of `mentions`"
        elif 0 < row[name] < fewest:
            reasons[name] = FEW if fewest == 10 else f"fewer than {fewest}"
        else:
            people[name] = row[name]
    return people


def _issues_above(
    tables: Tables,
    issues: Daily | None,
    product: str | None,
    first: date,
    last: date,
    zone: str,
    fewest: int,
    reasons: dict[str, str],
) -> Excess | None:
    if not tables.has("issues"):
        reasons["issues"] = "table `issues`"
    elif product is not None and not tables.has_column("issues", "product"):
        reasons["issues"] = "column `product` of `issues`"
    elif issues is None or first < issues.first or last > issues.last:
        reasons["issues"] = "`issues` does not hold these days"
    else:
        where, parameters = _on_days(tables, "opened_at", product, first, last, zone)
        (row,) = tables.engine.query(
            f"select count(distinct coalesce(customer_id, issue_id)) as people from issues where {where}", parameters
        ).to_pylist()
        if 0 < row["people"] < fewest:
            reasons["issues"] = FEW if fewest == 10 else f"fewer than {fewest}"
            return None
        counts = issues.counts.get(product, np.zeros_like(issues.counts[None]))
        days = (first - issues.first).days, (last - issues.first).days
        try:
            return excess(counts, weekday=issues.first.weekday(), first=days[0], last=days[1])
        except DesignError as error:
            reasons["issues"] = str(error)
    return None


def _cost_of_one(
    tables: Tables, product: str | None, first: date, last: date, zone: str
) -> tuple[float, str, str] | str:
    """What an issue opened on these days costs on average, in which currency, by which source; else the reason.

    The money of a table is in one currency: the contract holds it.
    """
    where, parameters = _on_days(tables, "opened_at", product, first, last, zone)
    day = tables.engine.dialect.day_number("opened_at", zone, first, last)
    rows = tables.engine.query(
        f"select channel, {day} as local_day, count(*) as n, count(cost) as costed, sum(cost) as cost, "
        f"max(currency) as currency from issues where {where} group by 1, 2 order by 1, 2",
        parameters,
    ).to_pylist()
    n = sum(row["n"] for row in rows)
    if n == 0:
        return "no issue was opened on these days"
    if all(row["costed"] == row["n"] for row in rows):
        return float(sum(row["cost"] for row in rows) / n), rows[0]["currency"], "cost of the issues"
    if not tables.has("unit_costs"):
        return "issues without a cost, and no table `unit_costs`"
    return _by_unit_costs(tables, rows, n)


def _by_unit_costs(tables: Tables, rows: Sequence[Mapping[str, Any]], n: int) -> tuple[float, str, str] | str:
    rates = tables.engine.query(
        "select channel, effective_from, marginal, currency from unit_costs where per = 'issue' order by 1, 2"
    ).to_pylist()
    total = Decimal(0)
    for row in rows:
        day = EPOCH + timedelta(days=row["local_day"])
        held = [rate for rate in rates if rate["channel"] == row["channel"] and rate["effective_from"] <= day]
        if not held:
            return "issues without a cost, on a channel without a unit cost for an issue on that day"
        total += row["n"] * held[-1]["marginal"]
    return float(total / n), rates[0]["currency"], "unit costs of one more issue"


def _on_days(
    tables: Tables, time: str, product: str | None, first: date, last: date, zone: str
) -> tuple[str, list[object]]:
    inside = tables.engine.dialect.in_days(time, zone, first, last)
    return (inside, []) if product is None else (f"{inside} and product = ?", [product])


def change_log(tables: Tables) -> list[dict[str, Any]]:
    """The entries of the change log, oldest first."""
    if not tables.has("changes"):
        return []
    rows: list[dict[str, Any]] = tables.engine.query(
        "select change_id, effective_from, kind, scope, description, recorded_at from changes "
        "order by effective_from, change_id"
    ).to_pylist()
    return rows


def explanation(
    entries: Iterable[Mapping[str, Any]],
    *,
    touched: Sequence[str],
    products: Iterable[str],
    first: date,
    last: date,
    zone: str,
) -> Change | None:
    """The entry of the change log that explains an episode: an incident before others, then the nearest to its start.

    Parameters
    ----------
    entries : iterable of mappings
        As `change_log` gives them.
    touched : sequence of str
        The products that stand out in the episode; none when it cannot be told.
    products : iterable of str
        All products there are: a scope that names none of them, such as "all" or "social", fits every episode.
    first, last : date
        Local days of the episode, both included.
    zone : str
    """
    known = sorted(products)
    fitting = []
    for entry in entries:
        day = local_day(entry["effective_from"], zone)
        named = {product for product in known if _names(entry["scope"], product)}
        if first - REACH <= day <= last and (not named or named & set(touched)):
            fitting.append((entry["kind"] != "incident", abs((day - first).days), entry["change_id"], day, entry))
    if not fitting:
        return None
    *_, day, entry = min(fitting, key=lambda one: one[:3])
    written = "unknown"
    if entry["recorded_at"] is not None:
        recorded = local_day(entry["recorded_at"], zone)
        written = "before" if recorded < first else "during" if recorded <= last else "afterwards"
    return Change(
        change_id=entry["change_id"],
        kind=entry["kind"],
        description=entry["description"],
        effective_on=day,
        written=written,
    )


def _names(scope: str | None, product: str) -> bool:
    """Whether a scope names a product, as a word or words of it."""
    return scope is not None and bool(re.search(rf"(?<!\w){re.escape(product.casefold())}(?!\w)", scope.casefold()))
