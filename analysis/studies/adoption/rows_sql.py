"""Who took up social care when, out of the tables? The panel of adoption, for first contacts and for a roll-out.

First contacts: all customers with an issue or a message on social; the month of the first contact on social, be it an
issue or an inbound message, is the month of adoption. A roll-out: all customers of an experiment in `assignments`; the
month of `assigned_at` is the month of adoption (`waves_sql`). What they did is added up by customer and month in the
engine, in whole numbers; no customer's events stay. Who is compared with whom is left to `cohorts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.cells import Ints
from analysis.studies.adoption.panel import NEVER, AdoptionPanel, Grid, IssueMonths, issue_months
from analysis.studies.adoption.waves_sql import invited, must_assign_customers, not_in_the_roll_out
from analysis.studies.sample import IndexRules, find_span
from analysis.studies.soundness import currency_of_orders
from analysis.studies.stack_issues_sql import Workshop
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.load import Tables

_MICRO = 6
_LARGEST, _EXACT = 2**62, 2**53
_FAST = 100_000_000
"""Amounts up to here survive a double and six digits without a doubt; larger ones take the slow exact road."""
_MICROS = (
    f"coalesce(case when {{0}} between -{_FAST} and {_FAST} then cast(round(cast({{0}} as double) * 1e6) as bigint) "
    "else cast({0} * 1000000 as bigint) end, 0)"
)
"""Money as whole numbers of millionths; an empty amount counts nothing."""
_MONEY = ("revenue", "margin")


def panel_of(
    tables: Tables, rules: IndexRules, *, outcomes: Sequence[str], roll_out: str | None, attributes: Sequence[str] = ()
) -> AdoptionPanel:
    """The panel of a study of adoption.

    Parameters
    ----------
    tables : Tables
        With `orders`, and `issues` or `touchpoints`; with `assignments` for a roll-out.
    rules : IndexRules
        Windows, zone, and the last month.
    outcomes : sequence of str
        Among orders, revenue, margin and issues.
    roll_out : str, optional
        `experiment_id`. First contacts are studied without it.
    attributes : sequence of str
        Columns of `customers` that are fixed.

    Raises
    ------
    UnknownName
        If there is no such experiment.
    TooSoon, DesignError
        If the data are too short for the windows or lack a month, or an experiment did not assign customers.
    """
    if roll_out is not None:
        must_assign_customers(tables, roll_out)
    span = find_span(tables, rules.zone, rules.until)
    span.must_fit(rules)
    span.must_hold_every_month()
    with Workshop.open(tables, rules, span.first, span.last) as shop:
        account = _find_people(shop, roll_out, attributes)
        n = shop.count("adopters")
        if not n:
            raise DesignError("No customer of known start has an issue, or was assigned. Check the ids of customers.")
        people = tables.engine.query(f"select * from {shop.named('adopters')} order by code")
        labels: dict[str, tuple[str, ...]] = {}
        product = _coded(people.column("product"), labels, "product")
        fixed = {name: _coded(people.column(f"a{i}"), labels, name) for i, name in enumerate(attributes)}
        adopted = _whole(people.column("adopted"))
        rows, issues, product = _issues(shop, adopted, product, labels)
        counted, digits = _bought(shop, n, outcomes)
        counted["issues"] = issues
    if roll_out is not None:
        fixed.setdefault("product", product)
    return AdoptionPanel(
        begin=span.first,
        end=span.last,
        first=_whole(people.column("first_month")),
        adopted=adopted,
        counted=counted,
        digits=digits,
        issues=rows if roll_out is None else None,
        fixed=fixed,
        labels=labels,
        currency=currency_of_orders(tables),
        account=account,
    )


def _source(shop: Workshop) -> str:
    """Issues of known customers; where there is no table of them, inbound contacts by their issue."""
    if shop.tables.has("issues"):
        return "select customer_id, opened_at, issue_id, channel, product from issues where customer_id is not null"
    return """
        select customer_id, min(occurred_at) as opened_at, coalesce(issue_id, touchpoint_id) as issue_id,
               arg_min(channel, (occurred_at, touchpoint_id)) as channel, cast(null as varchar) as product
        from touchpoints where direction = 'inbound' and customer_id is not null
        group by customer_id, coalesce(issue_id, touchpoint_id)
    """


def _on_social(shop: Workshop) -> str:
    """When each customer first came to us on social, `adopted_at`."""
    contacts = f"select customer_id, opened_at as came_at from ({_source(shop)}) as issue where channel = 'social'"
    if shop.tables.has("touchpoints"):
        contacts += (
            " union all select customer_id, occurred_at from touchpoints "
            "where channel = 'social' and direction = 'inbound' and customer_id is not null"
        )
    return f"select customer_id, min(came_at) as adopted_at from ({contacts}) as contact group by customer_id"


def _find_people(shop: Workshop, roll_out: str | None, attributes: Sequence[str]) -> dict[str, int]:
    """Keep `adopters`: code, month of adoption, first month, product, attributes. Returns who was left out."""
    if roll_out is None:
        who = (
            f"select customer_id, min(adopted_at) as adopted_at from (select customer_id, adopted_at "
            f"from ({_on_social(shop)}) as social union all select distinct customer_id, cast(null as timestamp) "
            f"from ({_source(shop)}) as issue) as met group by customer_id"
        )
        account: dict[str, int] = {}
        shop.keep("met", who)
    else:
        shop.keep("met", *invited(roll_out))
        account = not_in_the_roll_out(shop, roll_out)
    met, tables = shop.named("met"), shop.tables
    columns = "".join(f", cast({identifier(name)} as varchar) as a{i}" for i, name in enumerate(attributes))
    if tables.has("customers"):
        start = f"select customer_id, joined_at, product{columns} from customers"
    else:
        start = f"""
            select customer_id, min(came_at) as joined_at, cast(null as varchar) as product from (
                select customer_id, ordered_at as came_at from orders
                where customer_id in (select customer_id from {met})
                union all select customer_id, opened_at from ({_source(shop)}) as issue
            ) as seen group by customer_id
        """
    begin, end = shop.begin.number, shop.end.number
    adopted = _dated(shop, "adopted_at", before=begin - 1, after=end + 1)
    joined = f"case when joined_at <= {shop.start_of(shop.begin)} then {begin} else {shop.month('joined_at')} + 1 end"
    kept = "".join(f", a{i}" for i in range(len(attributes)))
    shop.keep(
        "adopters",
        f"""
        select cast(row_number() over (order by m.customer_id) - 1 as integer) as code, m.customer_id,
               coalesce({adopted}, {NEVER}) as adopted, coalesce({joined}, {NEVER}) as first_month, product{kept}
        from {met} m join ({start}) s on s.customer_id = m.customer_id
        """,
    )
    found = shop.count("met")
    return account | {"customers_unknown": found - shop.count("adopters")}


def _dated(shop: Workshop, column: str, *, before: int, after: int) -> str:
    """The month of a time; one number stands for all before the data, another for all after, null for no time."""
    return (
        f"case when {column} is null then null when {column} < {shop.start_of(shop.begin)} then {before} "
        f"when {column} >= {shop.start_of(shop.end.plus(1))} then {after} else {shop.month(column)} end"
    )


def _issues(
    shop: Workshop, adopted: Ints, product: Ints, labels: dict[str, tuple[str, ...]]
) -> tuple[IssueMonths, Grid, Ints]:
    """The months of issues, their grid, and each customer's product, coded like that of the issues."""
    before = shop.begin.number - 1
    month = _dated(shop, "opened_at", before=before, after=NEVER)
    found = shop.tables.engine.query(
        f"""
        select code, month, count(*) as n, arg_min(product, (opened_at, issue_id)) as product from (
            select a.code, coalesce(i.product, a.product, '') as product, i.opened_at, i.issue_id, {month} as month
            from ({_source(shop)}) i join {shop.named("adopters")} a on a.customer_id = i.customer_id
        ) as opened where month < {NEVER} group by 1, 2 order by 1, 2
        """
    )
    unknown = {""} if (product < 0).any() else set()
    names = sorted({*labels["product"], *found.column("product").to_pylist(), *unknown})
    own = np.searchsorted(names, np.array(labels["product"], dtype=object)) if labels["product"] else np.empty(0, int)
    mine = np.append(own, names.index("") if unknown else 0)[product]
    labels["product"] = tuple(names)
    held = found.column("product").combine_chunks().dictionary_encode()
    place = np.array([names.index(name) for name in held.dictionary.to_pylist()], dtype=np.int64)
    n = _whole(found.column("n"))
    rows, grid = issue_months(
        shop.begin,
        shop.end,
        adopted,
        customer=np.repeat(_whole(found.column("code")), n),
        month=np.repeat(_whole(found.column("month")), n),
        product=np.repeat(place[_whole(held.indices)] if len(place) else np.empty(0, dtype=np.int64), n),
        product_of_customer=mine,
    )
    return rows, grid, mine


def _bought(shop: Workshop, n: int, outcomes: Sequence[str]) -> tuple[dict[str, Grid], dict[str, int]]:
    """Orders, revenue and margin of each customer and month, and the digits of the smallest unit of money.

    Rows are added up as they come: there are as many groups of a customer and a month as there are orders.
    """
    money = [name for name in _MONEY if name in outcomes]
    begin, months = shop.begin.number, shop.end.number - shop.begin.number + 1
    grids: dict[str, Any] = {"orders": np.zeros(n * months, dtype=np.int32)}
    grids |= {name: np.zeros(n * months, dtype=np.int64) for name in money}
    largest = dict.fromkeys(money, 0)
    asked = "".join(f", {_MICROS.format(name)} as {name}" for name in money)
    for batch in shop.tables.engine.batches(
        f"select a.code, {shop.month('ordered_at')} as month{asked} from orders o "
        f"join {shop.named('adopters')} a on a.customer_id = o.customer_id where {shop.within('ordered_at')}"
    ):
        code, month, *values = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        cell = code.astype(np.int64) * months + (month - begin)
        np.add.at(grids["orders"], cell, np.int32(1))
        for name, amounts in zip(money, values, strict=True):
            largest[name] = max(largest[name], int(np.abs(amounts).max(initial=0)))
            np.add.at(grids[name], cell, amounts)
    most = int(grids["orders"].max(initial=0))
    for name in money:
        if largest[name] * most >= _LARGEST or np.abs(grids[name]).max(initial=0) >= _EXACT:
            raise DesignError(f"`{name}` of one customer and month is too large to be held exactly.")
    _must_hold_every_month(shop, grids["orders"].reshape(n, months))
    return {name: grid.reshape(n, months) for name, grid in grids.items()}, dict.fromkeys(money, _MICRO)


def _must_hold_every_month(shop: Workshop, orders: Grid) -> None:
    """A month without a single order is a hole in the export, and would be read as nobody buying."""
    empty = np.flatnonzero(~orders.any(axis=0))
    if not empty.size:
        return
    held = shop.tables.engine.query(
        f"select distinct {shop.month('ordered_at')} as month from orders where {shop.within('ordered_at')}"
    ).column("month")
    there = set(held.to_pylist())
    if holes := [Month(number) for place in empty if (number := shop.begin.number + int(place)) not in there]:
        raise DesignError(
            f"`orders` holds no order at all in {', '.join(map(str, holes))}, between months that have some. Export "
            "those months too; read as they are, nobody would have bought anything."
        )


def _whole(column: pa.ChunkedArray | pa.Array) -> Ints:
    return np.asarray(column.to_numpy(zero_copy_only=False) if hasattr(column, "offset") else column.to_numpy()).astype(
        np.int64
    )


def _coded(texts: pa.ChunkedArray, labels: dict[str, tuple[str, ...]], name: str) -> Ints:
    """The place of each text among the different ones, which become the labels; -1 where there is none."""
    held = texts.combine_chunks().dictionary_encode()
    different = held.dictionary.to_pylist()
    labels[name] = tuple(sorted(different))
    place = np.array([*(labels[name].index(text) for text in different), -1], dtype=np.int64)
    return np.asarray(place[held.indices.fill_null(len(different)).to_numpy(zero_copy_only=False)])
