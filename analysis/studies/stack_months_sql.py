"""What happened around the index month of each row of the stack? Orders, money, issues, costs, contracts.

One scan of the orders, met with all customers, is read batch by batch: rows of the stack's customers are added up by
customer and month in whole numbers of the smallest unit of money in use (`stack_grid`), of all others only the number
is kept. Which rows there are is left to `stack_issues_sql`, scanning them to `stack_sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import month_starts, months_between
from analysis.foundation.errors import DesignError
from analysis.inference.cells import Flags, Ints
from analysis.studies.issue_costs import priced_rows
from analysis.studies.stack import MONTHLY, Layout
from analysis.studies.stack_grid import Grid, Shape
from analysis.studies.stack_issues_sql import Workshop

if TYPE_CHECKING:
    import pyarrow as pa

MICRO = 6
"""Digits after the point of money in the tables."""
_MONEY = ("revenue", "margin")
_LARGEST = 2**62
_FAST = 100_000_000
"""Amounts up to here survive a double and six digits without a doubt; larger ones take the slow exact road."""
_MICROS = (
    f"case when cost between -{_FAST} and {_FAST} then cast(round(cast(cost as double) * 1e6) as bigint) "
    "else cast(cost * 1000000 as bigint) end"
)
_BLOCK = 2**16
"""Amounts that are worked on at once."""
_QUARTER = 15 * 60 * 1_000_000
"""Microseconds of a quarter of an hour: months begin at whole quarters of UTC in every zone of today."""


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
    """

    grids: dict[str, Grid]
    own: dict[str, Ints]
    digits: dict[str, int]
    everybody: Everybody


def lay_out_months(shop: Workshop, layout: Layout, row_key: Ints) -> Months:
    """Count what the outcomes of a layout need; rows are known by their key, sorted by it.

    Raises
    ------
    DesignError
        If a month has no orders at all, or costs are asked for and some issue has none.
    """
    shape = Shape.of(layout)
    outcomes = [name for name in MONTHLY if name == "orders" or name in layout.outcomes]
    costs = [name for name in ("support_cost", "index_issue_cost") if name in layout.outcomes]
    grids: dict[str, Grid] = {}
    own: dict[str, Ints] = {}
    digits: dict[str, int] = {}
    n = shop.count("people")
    everybody = _count_orders(shop, shape, outcomes, grids, digits)
    if costs:
        _keep_costs(shop)
    if "issues" in outcomes:
        sql = (
            f"select customer, month, 1 as amount from {shop.named('issues')} i "
            f"join {shop.named('people')} p on p.code = i.code where month is not null"
        )
        grids["issues"] = shape.widened(_added_up(shop, shape, n, sql))
    if "support_cost" in costs:
        sql = f"select customer, month, cost as amount from {shop.named('costs')} where month is not null"
        grids["cost"] = shape.widened(_added_up(shop, shape, n, sql))
        digits["support_cost_after"] = MICRO
    if "index_issue_cost" in costs:
        own["index_issue_cost"] = _index_costs(shop, row_key)
        digits["index_issue_cost"] = MICRO
    if "retained" in layout.outcomes:
        grids["held"] = _held(shop, shape, n)
    return Months(grids, own, digits, everybody)


def _count_orders(
    shop: Workshop, shape: Shape, outcomes: Sequence[str], grids: dict[str, Grid], digits: dict[str, int]
) -> Everybody:
    """Fill the grids of what was bought from one pass over the orders, and count those of everybody."""
    n, engine = shop.count("people"), shop.tables.engine
    shop.keep("everybody", _everybody(shop, n))
    money = [name for name in _MONEY if name in outcomes]
    counted = np.zeros(shop.count("everybody"), dtype=np.int32)
    orders = np.zeros(n * shape.months, dtype=np.int32)
    sums = {name: np.zeros(n * shape.months, dtype=np.int64) for name in money}
    largest = dict.fromkeys(money, 0)
    calendar = _Calendar.of(shop)
    asked = "".join(f", cast({name} as decimal(19, {MICRO})) as {name}" for name in money)
    for batch in engine.batches(
        f"select code, ordered_at{asked} from orders o "
        f"join {shop.named('everybody')} e on e.customer_id = o.customer_id"
    ):
        code = batch.column(0).to_numpy(zero_copy_only=False)
        np.add.at(counted, code, np.int32(1))
        ours = np.flatnonzero(code < n)
        month = calendar.months(batch.column(1).to_numpy(zero_copy_only=False)[ours])
        inside = month >= 0
        ours = ours[inside]
        entry = code[ours].astype(np.int64) * shape.months + month[inside]
        np.add.at(orders, entry, np.int32(1))
        for place, name in enumerate(money, start=2):
            amounts = _micros(batch.column(place), name)[ours]
            largest[name] = max(largest[name], int(np.abs(amounts).max(initial=0)))
            np.add.at(sums[name], entry, amounts)
    _must_hold_every_month(shop, orders.reshape(n, shape.months))
    most = int(orders.max(initial=0))
    grids["orders"] = shape.widened(orders.reshape(n, shape.months))
    for name in money:
        if largest[name] * most >= _LARGEST:
            raise DesignError(f"`{name}` of one customer and month is too large to be held exactly.")
        digits[name], whole = _in_smallest_unit(sums.pop(name))
        grids[name] = shape.widened(whole.reshape(n, shape.months))
    return _with_issues(shop, counted)


def _everybody(shop: Workshop, n: int) -> str:
    """Customers by their code: those of the stack first, all others after them."""
    people = shop.named("people")
    source = "customers" if shop.tables.has("customers") else "(select distinct customer_id from orders)"
    return f"""
        select customer as code, customer_id from {people}
        union all
        select cast({n - 1} + row_number() over () as integer), customer_id from {source} c
        where customer_id is not null and not exists (select 1 from {people} p where p.customer_id = c.customer_id)
    """


def _with_issues(shop: Workshop, orders: NDArray[np.int32]) -> Everybody:
    """What all customers ordered, beside their issues; without a table of customers, all who ever ordered."""
    asked = shop.named("asked")
    if not shop.tables.has("issues"):
        asked = (
            "(select customer_id, count(*) as issues, max(case when channel = 'social' then 1 else 0 end) as social "
            "from touchpoints where customer_id is not null group by customer_id)"
        )
    table = shop.tables.engine.query(
        f"select code, issues, social from {asked} a join {shop.named('everybody')} e on e.customer_id = a.customer_id"
    )
    code = table.column("code").to_numpy()
    issues, social = np.zeros(len(orders), dtype=np.int64), np.zeros(len(orders), dtype=bool)
    issues[code], social[code] = table.column("issues").to_numpy(), table.column("social").to_numpy() == 1
    known = np.ones(len(orders), dtype=bool) if shop.tables.has("customers") else orders > 0
    return Everybody(orders[known], issues[known], social[known])


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The instants at which the local months of the data begin and end, in microseconds; and months by quarter hour."""

    edges: Ints
    by_quarter: NDArray[np.int16] | None

    @classmethod
    def of(cls, shop: Workshop) -> _Calendar:
        starts = month_starts(shop.rules.zone, shop.begin, shop.end.plus(1))
        edges = np.array(starts, dtype="datetime64[us]").astype(np.int64)
        if ((edges - edges[0]) % _QUARTER).any():
            return cls(edges, None)
        lengths = np.diff(edges) // _QUARTER
        return cls(edges, np.repeat(np.arange(len(lengths), dtype=np.int16), lengths))

    def months(self, times: NDArray[np.datetime64]) -> NDArray[np.int16]:
        """Months since the first one; -1 outside the data, and where there is no time."""
        instants = times.astype("datetime64[us]", copy=False).view(np.int64)
        inside = (instants >= self.edges[0]) & (instants < self.edges[-1])
        held = np.where(inside, instants, self.edges[0])
        if self.by_quarter is None:
            month = (np.searchsorted(self.edges, held, side="right") - 1).astype(np.int16)
        else:
            month = self.by_quarter[(held - self.edges[0]) // _QUARTER]
        return np.where(inside, month, np.int16(-1))


def _must_hold_every_month(shop: Workshop, orders: NDArray[np.int32]) -> None:
    """A month without a single order is a hole in the export, and would be read as nobody buying.

    Where the customers of the stack bought in every month, nobody else needs to be asked.
    """
    wanted = months_between(shop.begin, shop.end)
    if orders.any(axis=0).all():
        return
    held = shop.tables.engine.query(
        f"select distinct {shop.month('ordered_at')} as month from orders where {shop.within('ordered_at')}"
    )
    there = set(held.column("month").to_pylist())
    holes = [str(month) for month in wanted if month.number not in there]
    if holes:
        raise DesignError(
            f"`orders` holds no order at all in {', '.join(holes)}, between months that have some. Export those "
            "months too; read as they are, nobody would have bought anything."
        )


def _micros(amounts: pa.Array, name: str) -> Ints:
    """Money as whole numbers of millionths: what a decimal of six digits is made of. An empty amount counts nothing.

    Raises
    ------
    DesignError
        If an amount does not fit 64 bits.
    """
    buffer = amounts.buffers()[1]
    halves = np.frombuffer(buffer, dtype="<i8", count=2 * len(amounts), offset=16 * amounts.offset).reshape(-1, 2)
    low, high = halves[:, 0], halves[:, 1]
    wrong = high != low >> 63
    if amounts.null_count:
        there = amounts.is_valid().to_numpy(zero_copy_only=False)
        low, wrong = np.where(there, low, 0), wrong & there
    if wrong.any():
        raise DesignError(f"An amount of `{name}` is too large to be held exactly.")
    return low


def _in_smallest_unit(micros: Ints) -> tuple[int, Ints]:
    """How many digits after the point are in use, and the amounts in that unit: whole cents need two."""
    for digits in range(MICRO):
        found = _divided(micros, 10 ** (MICRO - digits))
        if found is not None:
            return digits, found
    return MICRO, micros


def _divided(amounts: Ints, unit: int) -> Ints | None:
    """Whole numbers divided by a unit, or None where one is no multiple of it.

    A double divides several times faster than a whole number does; what it gives is multiplied again to be sure.
    """
    whole = np.empty_like(amounts)
    for first in range(0, len(amounts), _BLOCK):
        rows = slice(first, first + _BLOCK)
        whole[rows] = np.rint(amounts[rows] / float(unit))
        if not np.array_equal(whole[rows] * unit, amounts[rows]):
            whole[rows] = amounts[rows] // unit
            if not np.array_equal(whole[rows] * unit, amounts[rows]):
                return None
    return whole


def _keep_costs(shop: Workshop) -> None:
    """What bears costs, of the customers in the stack. A cost that is missing is not nought."""
    priced = priced_rows(shop.tables, shop.rules.zone)
    shop.keep(
        "costs",
        f"select customer, issue_id, {shop.month('came_at')} as month, {_MICROS} as cost "
        f"from ({priced.sql}) c join {shop.named('people')} p on p.customer_id = c.customer_id",
        priced.parameters,
    )
    row = shop.tables.engine.query(
        f"select count(*) as n, count(*) - count(cost) as empty from {shop.named('costs')}"
    ).to_pylist()[0]
    if row["empty"]:
        raise DesignError(
            f"{row['empty']:,} of {row['n']:,} {priced.what} of the customers studied have no cost, and `unit_costs` "
            "has none for their channel and day. Fill the column, add unit costs, or leave costs out of the outcomes."
        )


def _index_costs(shop: Workshop, row_key: Ints) -> Ints:
    table = shop.tables.engine.query(f"""
        select r.row_key, cast(sum(c.cost) as bigint) as cost
        from {shop.named("rows")} r
        join {shop.named("costs")} c on c.customer = r.customer and c.issue_id = r.issue_id group by r.row_key
    """)
    costs = np.zeros(len(row_key), dtype=np.int64)
    costs[np.searchsorted(row_key, table.column("row_key").to_numpy())] = table.column("cost").to_numpy()
    return costs


def _added_up(shop: Workshop, shape: Shape, n: int, sql: str) -> Ints:
    """Amounts by customer and month, shape (n_customers, months)."""
    added = np.zeros(n * shape.months, dtype=np.int64)
    for batch in shop.tables.engine.batches(f"select customer, month, cast(amount as bigint) from ({sql}) as dated"):
        customer, month, amount = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        np.add.at(added, customer.astype(np.int64) * shape.months + (month - shape.begin), amount)
    return added.reshape(n, shape.months)


def _held(shop: Workshop, shape: Shape, n: int) -> Grid:
    """Whether a subscription ran at the start of a month, up to the one after the data.

    It runs at the start of every month after the one it began in, up to the one it ended in.
    """
    begin, end = shop.begin.number, shop.end.number
    began = f"case when started_at < {shop.start_of(shop.begin)} then {begin - 1} else {shop.month('started_at')} end"
    ended = (
        f"case when ended_at < {shop.start_of(shop.begin)} then {begin - 1} "
        f"else coalesce({shop.month('ended_at')}, {end + 2}) end"
    )
    steps = np.zeros((n, shape.width + 1), dtype=np.int32)
    for batch in shop.tables.engine.batches(
        f"select customer, began, least(ended, {end + 1}) from (select customer, {began} as began, {ended} as ended "
        f"from subscriptions s join {shop.named('people')} p on p.customer_id = s.customer_id) as known "
        "where began < ended"
    ):
        customer, first, last = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        line = customer.astype(np.int64) * (shape.width + 1) + (1 - begin + shape.before)
        np.add.at(steps.reshape(-1), line + first, np.int32(1))
        np.add.at(steps.reshape(-1), line + last, np.int32(-1))
    np.cumsum(steps, axis=1, out=steps)
    return (steps[:, :-1] > 0).astype(np.int8).reshape(-1)
