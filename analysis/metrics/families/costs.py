"""What did service cost: in all, for a contact, for an issue, for an issue that was settled?

Costs are marginal: what one more contact or issue takes. They come from the issues or from the contacts, never from
both, and a row without a cost of its own takes the unit cost of its channel in force on its day; nothing is guessed
beyond that. What service costs with all that is fixed is the general ledger's, and left to the business case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import Literal

from analysis.foundation.calendar import local_midnight
from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter, nothing_of, number_of
from analysis.metrics.families.issues import CLOSED_NOW
from analysis.metrics.figure import Metric, figure, ratio
from analysis.tables.engine import identifier

Per = Literal["issue", "contact"]
_TABLE: Mapping[Per, str] = {"issue": "issues", "contact": "touchpoints"}
_TIME: Mapping[Per, str] = {"issue": "opened_at", "contact": "occurred_at"}
_EVER = datetime(9999, 12, 31)
_PAID_AND_SETTLED = number_of("settled and paid is not null", "settled")


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows of one month and channel: how many, how many have a cost, and own one, and what those with a cost come to.

    `settled` are those with a cost whose issue is closed now.
    """

    n: int = 0
    paid: int = 0
    own: int = 0
    settled: int = 0
    cost: Decimal = Decimal(0)

    def __add__(self, other: Cell) -> Cell:
        return Cell(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True)
class Costs:
    """The cells by month and channel and what bears the costs, or why they cannot be had."""

    cells: Mapping[tuple[int, str], Cell]
    bearer: str = ""
    refused: str | None = None

    @property
    def channels(self) -> list[str]:
        return sorted({channel for _, channel in self.cells})

    def of(self, month: int | None, channel: str | None) -> Cell:
        """The sum of a month (None: of all) and a channel (None: all)."""
        return self._sums.get((month, channel), Cell())

    @cached_property
    def _sums(self) -> Mapping[tuple[int | None, str | None], Cell]:
        found: dict[tuple[int | None, str | None], Cell] = {}
        for (month, channel), cell in self.cells.items():
            for asked in product((month, None), (channel, None)):
                found[asked] = found.get(asked, Cell()) + cell
        return found

    def source(self, cell: Cell) -> str:
        """Where the costs of a cell come from, in words."""
        if cell.own == cell.paid:
            return f"costs that {self.bearer} bear"
        if not cell.own:
            return f"unit costs of {self.bearer}"
        return f"costs that {self.bearer} bear, unit costs for {cell.paid - cell.own:,} of {cell.paid:,}"


@dataclass(frozen=True, slots=True)
class _Prices:
    """The unit costs of one kind, each with the instants between which it holds, as a table to join."""

    parameters: tuple[object, ...] = ()
    currency: str | None = None

    @property
    def table(self) -> str:
        line = "(?, cast(? as timestamp), cast(? as timestamp), cast(? as decimal(19, 6)))"
        lines = ", ".join([line] * (len(self.parameters) // 4))
        return f"(values {lines}) as price(channel, starts, ends, marginal)"


def _prices(count: Counter, per: Per) -> _Prices:
    """`unit_costs` for one of these; a day begins at midnight in the reporting zone."""
    if not count.tables.has("unit_costs"):
        return _Prices()
    sql = "select channel, effective_from, marginal, currency from unit_costs where per = ? order by 1, 2"
    rows = count.engine.query(sql, [per]).to_pylist()
    starts = [local_midnight(row["effective_from"], count.zone) for row in rows]
    parameters: list[object] = []
    for place, row in enumerate(rows):
        same = place + 1 < len(rows) and rows[place + 1]["channel"] == row["channel"]
        parameters += [row["channel"], starts[place], starts[place + 1] if same else _EVER, row["marginal"]]
    return _Prices(tuple(parameters), rows[0]["currency"] if rows else None)


def _own_currency(count: Counter, table: str) -> str | None:
    """The currency of the costs that the rows of a table bear; a table has one. None where no row bears a cost."""

    def asked() -> str | None:
        if not count.tables.has_column(table, "cost"):
            return None
        sql = f"select min(currency) as currency from {identifier(table)} where cost is not null"
        (row,) = count.engine.query(sql).to_pylist()
        return row["currency"]  # type: ignore[no-any-return]

    return count.once(("currency of costs", table), asked)


def _priced(per: Per, rows: str, prices: _Prices) -> str:
    """The rows with `paid`: their own cost, else the unit cost of their channel on their day."""
    if not prices.parameters:
        return f"select priced.*, cost as paid from ({rows}) as priced"
    time = _TIME[per]
    return (
        f"select priced.*, coalesce(cost, marginal) as paid from ({rows}) as priced left join {prices.table} "
        f"on price.channel = priced.channel and priced.{time} >= starts and priced.{time} < ends"
    )


def _source(count: Counter) -> Per | None:
    """Where costs come from: issues that bear one, else contacts that do, else unit costs of either."""
    order: tuple[Per, ...] = ("issue", "contact")
    for per in order:
        if count.tables.has(_TABLE[per]) and _own_currency(count, _TABLE[per]):
            return per
    for per in reversed(order):
        if count.tables.has(_TABLE[per]) and _prices(count, per).parameters:
            return per
    return None


def _costs(count: Counter, per: Per) -> Costs:
    """What the issues or the contacts of each month and channel cost."""
    return count.once(("costs", per), lambda: _counted(count, per))


def _counted(count: Counter, per: Per) -> Costs:
    prices = _prices(count, per)
    table = _TABLE[per]
    settled = f"{CLOSED_NOW} as settled" if per == "issue" else "false as settled"
    rows = count.dated(f"channel, {_TIME[per]}, cost, {settled}", table, _TIME[per])
    sql = (
        "select local_month, channel, count(*) as n, count(paid) as paid, count(cost) as own, "
        f"{_PAID_AND_SETTLED}, coalesce(sum(paid), 0) as cost "
        f"from ({_priced(per, rows, prices)}) as each_row group by 1, 2 order by 1, 2"
    )
    return _sound(count, per, prices, sql, f"{per}s")


def _costs_of_issues(count: Counter) -> Costs:
    """What the issues opened in each month cost: their own cost, or that of all their contacts, later ones too."""
    if _source(count) != "contact":
        return _costs(count, "issue")
    return count.once("costs of issues by contacts", lambda: _summed_contacts(count))


def _summed_contacts(count: Counter) -> Costs:
    """An issue has a cost where all its contacts have one, and its own where all have their own."""
    prices = _prices(count, "contact")
    contacts = "select issue_id, channel, occurred_at, cost from touchpoints where issue_id is not null"
    paid = (
        "select issue_id, case when count(*) = count(paid) then sum(paid) end as paid, "
        "case when count(*) = count(cost) then 1 end as own "
        f"from ({_priced('contact', contacts, prices)}) as contact group by issue_id"
    )
    issues = count.dated(f"issue_id, channel, {CLOSED_NOW} as settled", "issues", "opened_at")
    sql = (
        "select local_month, channel, count(*) as n, count(paid) as paid, count(own) as own, "
        f"{_PAID_AND_SETTLED}, coalesce(sum(paid), 0) as cost "
        f"from ({issues}) as issue left join ({paid}) as bill on bill.issue_id = issue.issue_id "
        "group by 1, 2 order by 1, 2"
    )
    return _sound(count, "contact", prices, sql, "the contacts of issues")


def _sound(count: Counter, per: Per, prices: _Prices, sql: str, bearer: str) -> Costs:
    """The costs a query gives, refused where there are none or where they would mix currencies."""
    table, own = _TABLE[per], _own_currency(count, _TABLE[per])
    if own is None and not prices.parameters:
        return Costs({}, refused=f"`{table}` bears no cost, and `unit_costs` has none for one {per}")
    rows = count.engine.query(sql, prices.parameters).to_pylist()
    found = {
        (row["local_month"], row["channel"]): Cell(
            row["n"], row["paid"], row["own"], int(row["settled"]), Decimal(row["cost"])
        )
        for row in rows
    }
    mixed = any(cell.own < cell.paid for cell in found.values())
    if own and mixed and own != prices.currency:
        rates = "and there is no table of rates"
        return Costs({}, refused=f"costs of `{table}` are in {own}, `unit_costs` in {prices.currency}, {rates}")
    return Costs(found, bearer)


_NO_SOURCE = "neither `issues` nor `touchpoints` bears a cost, and there are no `unit_costs` for them"


def _support_cost(count: Counter, entry: Definition) -> Iterable[Metric]:
    per = _source(count)
    costs = _costs(count, per) if per else Costs({}, refused=_NO_SOURCE)
    empty = count.outside(_TABLE[per], _TIME[per]) if per else frozenset()
    for month, period in count.periods():
        cell = costs.of(month, None)
        without = cell.n - cell.paid
        if costs.refused:
            yield figure(entry, period, value=None, reason=costs.refused)
        elif per and month in empty:
            yield figure(entry, period, value=None, reason=nothing_of(_TABLE[per]))
        elif per and without:
            reason = f"{without:,} of {cell.n:,} {per}s have no cost; those that have come to {cell.cost:,.2f}"
            yield figure(entry, period, value=None, reason=reason)
        else:
            yield figure(entry, period, value=cell.cost, numerator=cell.cost, note=costs.source(cell))


def _each(per: Per, *, settled: bool = False) -> Count:
    """Cost for one contact or one issue, or for one issue that was settled; rows without a cost are left out."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        costs = _costs(count, "contact") if per == "contact" else _costs_of_issues(count)
        empty = count.outside(_TABLE[per], _TIME[per])
        for month, period in count.periods():
            for channel in costs.channels if entry.by else [None]:
                segment = {"channel": channel} if channel else {}
                cell = costs.of(month, channel)
                reason = costs.refused
                if month in empty and not reason:
                    reason = nothing_of(_TABLE[per])
                if reason:
                    yield figure(entry, period, value=None, segment=segment, reason=reason)
                    continue
                none = f"no {per} of the period {'with a cost is closed' if settled else 'has a cost'}"
                below = cell.settled if settled else cell.paid
                row = ratio(entry, period, cell.cost, below, none, segment=segment)
                without = f"; {cell.n - cell.paid:,} {per}s without a cost are left out" if cell.n > cell.paid else ""
                yield row if row.value is None else replace(row, note=costs.source(cell) + without)

    return rows


COUNTS: Mapping[str, Count] = {
    "support_cost": _support_cost,
    "cost_per_contact": _each("contact"),
    "cost_per_contact_by_channel": _each("contact"),
    "cost_per_issue": _each("issue"),
    "cost_per_issue_by_channel": _each("issue"),
    "cost_per_resolution": _each("issue", settled=True),
    "cost_per_resolution_by_channel": _each("issue", settled=True),
}
