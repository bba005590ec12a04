"""What happened around the index month of each row of the stack? Orders, money, issues, costs, contracts.

One pass over the orders is read batch by batch: rows of the stack's customers are added up by customer and month in
whole numbers of the smallest unit of money in use (`stack_grid`), of all others only the number is kept. Which rows
there are is left to `stack_found`, scanning them to `stack_sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.foundation.calendar import Month, months_between
from analysis.foundation.errors import DesignError
from analysis.inference.cells import Flags, Ints
from analysis.studies.issue_costs import PricedRows
from analysis.studies.stack import MONTHLY, Layout
from analysis.studies.stack_calendar import NEVER, Calendar, instants
from analysis.studies.stack_found import Found
from analysis.studies.stack_grid import Grid, Shape, counted, most_of_one
from analysis.studies.stack_issues import Asked, Issues
from analysis.studies.stack_money import MICRO, Sums, in_units, micros
from analysis.studies.stack_people import Codes, Numbers, People, numbers_of
from analysis.studies.stack_threads import Batches, ahead, while_reading

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.load import Tables

_MONEY = ("revenue", "margin")


@dataclass(frozen=True, slots=True)
class Everybody:
    """All customers, in the stack or not: orders of each, their issues, and whether they ever used social."""

    orders: NDArray[np.int32]
    issues: Ints
    social: Flags


@dataclass(frozen=True, slots=True)
class Months:
    """What the rows of a stack are measured by.

    Parameters
    ----------
    grids : dict of str to array
    own : dict of column to array of int, shape (n_rows,)
    digits : dict of str to int
        Digits after the point of each grid or column of money, where there are any.
    everybody : Everybody
    shape : Shape
        Of each grid.
    """

    grids: dict[str, Grid]
    own: dict[str, Ints]
    digits: dict[str, int]
    everybody: Everybody
    shape: Shape


class Contracts(NamedTuple):
    """Subscriptions: places of customers, and the months in which they began and ended, from the first of the data."""

    who: Codes
    began: NDArray[np.int16]
    ended: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Read:
    """What was read so far: the tables, the customers, their issues and the rows."""

    tables: Tables
    people: People
    asked: Asked
    issues: Issues
    found: Found
    zone: str
    calendar: Calendar
    shape: Shape


def orders_of(people: People, outcomes: Sequence[str]) -> str:
    """A query for all orders of customers: the number of the customer, the time, and the money that is asked for."""
    amounts = "".join(f", cast({name} as decimal(19, {MICRO}))" for name in _MONEY if name in outcomes)
    return f"select {people.number()}, ordered_at{amounts} from orders where customer_id is not null"


def lay_out_months(
    read: Read,
    layout: Layout,
    priced: PricedRows | None,
    orders: Iterator[pa.RecordBatch],
    contracts: Callable[[], Contracts],
) -> Months:
    """Count what the outcomes of a layout need; `orders` are the batches of `orders_of`.

    Raises
    ------
    DesignError
        If a month has no orders at all, or costs are asked for and some issue has none.
    """
    outcomes = [name for name in MONTHLY if name == "orders" or name in layout.outcomes]
    grids: dict[str, Grid] = {}
    own: dict[str, Ints] = {}
    digits: dict[str, int] = {}

    def others(batches: Batches) -> None:
        placed = _lines(read, read.issues.customer, read.calendar.since_first(read.issues.opened_at))
        if "issues" in outcomes:
            grids["issues"] = counted(placed.line, read.shape, placed.most)
        if priced is not None:
            _count_costs(read, batches, priced, layout.outcomes, placed, grids, own, digits)
        if "retained" in layout.outcomes:
            grids["held"] = _held(read, contracts())

    everybody, _ = while_reading(read.tables.engine, lambda: _count_orders(read, layout, orders, grids, digits), others)
    return Months(grids, own, digits, everybody, read.shape)


class _Lines(NamedTuple):
    """Rows that have a field of a grid: which, which of the rows they are, and how many one customer has at most."""

    line: Ints
    rows: Ints
    most: int


def _lines(read: Read, people: Codes, month: NDArray[np.int16]) -> _Lines:
    """Where rows of some customers and months belong."""
    customer = read.found.place[people]
    rows = np.flatnonzero((customer >= 0) & (month >= 0) & (month < read.shape.months))
    customer = customer[rows]
    return _Lines(read.shape.field(customer, month[rows]), rows, most_of_one(customer, read.shape.customers))


def _count_orders(
    read: Read, layout: Layout, batches: Iterator[pa.RecordBatch], grids: dict[str, Grid], digits: dict[str, int]
) -> Everybody:
    """Fill the grids of what was bought from one pass over the orders, and count those of everybody.

    Small numbers are enough for nearly all companies, and take half the memory; where they are not, all is read again.
    """
    money = [name for name in _MONEY if name in layout.outcomes]
    for small, large in ((np.int16, np.int32), (np.int32, np.int64)):
        everyone, orders, sums = _add_orders(read, batches, money, small, large)
        most = int(orders.max(initial=0))
        too_large = [name for name in money if not sums[name].hold(most)]
        if int(everyone.max(initial=0)) <= np.iinfo(small).max and not too_large:
            break
        batches = read.tables.engine.batches(orders_of(read.people, layout.outcomes))
    else:
        raise DesignError(f"`{too_large[0]}` of one customer and month is too large to be held exactly.")
    _must_hold_every_month(read.tables, layout, read.zone, read.shape.data(orders))
    grids["orders"] = orders
    for name in money:
        grids[name], digits[name] = sums[name].grid, sums[name].digits
    return _everybody(read, everyone)


def _add_orders(
    read: Read,
    batches: Iterator[pa.RecordBatch],
    money: Sequence[str],
    small: type[np.signedinteger],
    large: type[np.signedinteger],
) -> tuple[NDArray[np.int32], Grid, dict[str, Sums]]:
    """Orders of everybody, in the order of their ids; and by customer of the stack and month, with their money."""
    people, shape = read.people, read.shape
    everybody = np.zeros(len(people) + 1, dtype=np.int32)
    orders = shape.empty(small)
    sums = {name: Sums(shape.empty(large)) for name in money}

    def ours_of(batch: pa.RecordBatch) -> tuple[Codes, Ints, list[tuple[Ints, int]]]:
        """Who ordered; and of what the stack's customers ordered, the field of the grid and the money."""
        code = people.codes(batch.column(0))
        who = read.found.place.take(code)
        ours = np.flatnonzero(who >= 0)
        month = read.calendar.since_first(instants(batch.column(1))[ours])
        inside = (month >= 0) & (month < shape.months)
        ours = ours[inside]
        amounts = [
            in_units(micros(batch.column(place), name, rows=ours), sums[name].digits)
            for place, name in enumerate(money, start=2)
        ]
        return code, shape.field(who[ours], month[inside]), amounts

    for code, line, amounts in ahead(ours_of, batches):
        np.add.at(everybody, code, np.int32(1))
        np.add.at(orders, line, small(1))
        for name, (whole, digits) in zip(money, amounts, strict=True):
            sums[name].add_whole(line, whole, digits)
    return everybody[:-1], orders, sums


def _everybody(read: Read, orders: NDArray[np.int32]) -> Everybody:
    """What all customers ordered, beside their issues; without a table of customers, all who ever ordered."""
    issues, social = read.asked.count, read.asked.social
    if not read.tables.has("issues"):
        issues, social = np.zeros(len(orders) + 1, dtype=np.int64), np.zeros(len(orders) + 1, dtype=bool)
        for batch in read.tables.engine.batches(
            f"select {read.people.number()}, count(*), max(case when channel = 'social' then 1 else 0 end) "
            "from touchpoints where customer_id is not null group by customer_id"
        ):
            who = read.people.codes(batch.column(0))
            issues[who], social[who] = (column.to_numpy() for column in batch.columns[1:])
        issues, social = issues[:-1], social[:-1]
    known = np.ones(len(orders), dtype=bool) if read.tables.has("customers") else orders > 0
    return Everybody(orders[known], issues[known], social[known])


def _must_hold_every_month(tables: Tables, layout: Layout, zone: str, orders: NDArray[np.int32]) -> None:
    """A month without a single order is a hole in the export, and would be read as nobody buying.

    Where the customers of the stack bought in every month, nobody else needs to be asked.
    """
    if orders.any(axis=1).all():
        return

    def within(month: Month) -> str:
        return tables.engine.dialect.in_months("ordered_at", zone, month, month)

    holes = [
        str(month)
        for month in months_between(layout.begin, layout.end)
        if not len(tables.engine.query(f"select 1 from orders where {within(month)} limit 1"))
    ]
    if holes:
        raise DesignError(
            f"`orders` holds no order at all in {', '.join(holes)}, between months that have some. Export those "
            "months too; read as they are, nobody would have bought anything."
        )


def _count_costs(
    read: Read,
    batches: Batches,
    priced: PricedRows,
    outcomes: Sequence[str],
    placed: _Lines,
    grids: dict[str, Grid],
    own: dict[str, Ints],
    digits: dict[str, int],
) -> None:
    """What the issues of the stack's customers cost, `placed` in the grid. A cost that is missing is not nought."""
    costs = (
        _Costs.of_issues(read.issues) if read.issues.micros is not None else _Costs.of_contacts(read, batches, priced)
    )
    ours = read.found.place[costs.people] >= 0
    n, empty = int(np.count_nonzero(ours)), int(np.count_nonzero(ours & (costs.micros == NEVER)))
    if empty:
        raise DesignError(
            f"{empty:,} of {n:,} {priced.what} of the customers studied have no cost, and `unit_costs` "
            "has none for their channel and day. Fill the column, add unit costs, or leave costs out of the outcomes."
        )
    if "support_cost" in outcomes:
        if read.issues.micros is None:
            placed = _lines(read, costs.people, read.calendar.since_first(costs.came_at))
        for kind in (np.int32, np.int64):
            sums = Sums(read.shape.empty(kind))
            sums.add(placed.line, costs.micros[placed.rows])
            if sums.hold(placed.most):
                break
        else:
            raise DesignError("What the issues of one customer and month cost is too large to be held exactly.")
        grids["cost"], digits["support_cost_after"] = sums.grid, sums.digits
    if "index_issue_cost" in outcomes:
        own["index_issue_cost"] = costs.of_rows(read.issues, read.found)
        digits["index_issue_cost"] = MICRO


@dataclass(frozen=True, slots=True)
class _Costs:
    """What bears costs: issues, or contacts, each with its customer, the number of its issue, its time and cost."""

    people: Codes
    number: Numbers
    came_at: Ints
    micros: Ints

    @classmethod
    def of_issues(cls, issues: Issues) -> _Costs:
        assert issues.micros is not None
        return cls(issues.customer, issues.number, issues.opened_at, issues.micros)

    @classmethod
    def of_contacts(cls, read: Read, batches: Batches, priced: PricedRows) -> _Costs:
        """Contacts with a known customer."""
        held: list[tuple[Codes, Numbers, Ints, Ints]] = []
        for batch in batches(
            f"select {read.people.number()}, {read.people.number('issue_id')}, came_at, "
            f"cast(cost as decimal(19, {MICRO})) from ({priced.sql}) as priced",
            priced.parameters,
        ):
            number, issue, came_at, cost = batch.columns
            amounts = micros(cost, "cost", NEVER)
            held.append((read.people.codes(number), numbers_of(issue), instants(came_at), amounts))
        people, issues, times, costs = zip(*held, strict=True)
        return cls(np.concatenate(people), np.concatenate(issues), np.concatenate(times), np.concatenate(costs))

    def of_rows(self, issues: Issues, found: Found) -> Ints:
        """The costs of each row's index issue, of which a customer has several where contacts bear them."""
        if self.number is issues.number:
            return self.micros[found.issue]
        index = pd.DataFrame({"who": issues.customer[found.issue], "issue": issues.number[found.issue]})
        borne = pd.DataFrame({"who": self.people, "issue": self.number, "cost": self.micros})
        borne = borne[found.place[self.people] >= 0].groupby(["who", "issue"], as_index=False)["cost"].sum()
        return np.asarray(index.merge(borne, how="left", on=["who", "issue"])["cost"].fillna(0).astype(np.int64))


def contracts_of(people: People, calendar: Calendar, batches: Batches) -> Contracts:
    """All subscriptions of known customers that ran at the start of some month."""

    def known_of(batch: pa.RecordBatch) -> Contracts:
        who = people.codes(batch.column(0))
        began, ended = (calendar.since_first(instants(batch.column(place))) for place in (1, 2))
        held = (began < ended) & (who >= 0)
        return Contracts(who[held], began[held], ended[held])

    sql = f"select {people.number()}, started_at, ended_at from subscriptions where customer_id is not null"
    parts = [no_contracts(people, calendar, batches), *ahead(known_of, batches(sql))]
    return Contracts(*map(np.concatenate, zip(*parts, strict=True)))


def no_contracts(people: People, calendar: Calendar, batches: Batches) -> Contracts:
    """What stands for subscriptions where nobody asks for them."""
    return Contracts(np.zeros(0, dtype=np.int32), *(np.zeros(0, dtype=np.int16) for _ in range(2)))


def _held(read: Read, contracts: Contracts) -> Grid:
    """Whether a subscription ran at the start of a month, up to the one after the data.

    It runs at the start of every month after the one it began in, up to the one it ended in.
    """
    shape = read.shape
    customer = read.found.place[contracts.who]
    ours = np.flatnonzero(customer >= 0)
    customer = customer[ours]
    kind = np.int8 if most_of_one(customer, shape.customers) <= np.iinfo(np.int8).max else np.int32
    running = shape.empty(kind)
    first = np.int16(1)
    np.add.at(running, shape.field(customer, contracts.began[ours] + first), kind(1))
    np.subtract.at(running, shape.field(customer, contracts.ended[ours] + first), kind(1))
    months = running.reshape(shape.width, shape.customers)
    np.cumsum(months, axis=0, dtype=kind, out=months)
    np.minimum(running, kind(1), out=running)
    return running
