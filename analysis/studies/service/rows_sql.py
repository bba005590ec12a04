"""What are the rows of the service study, found by the query engine? First contacts on social, and around them.

Issues and orders in the months around each first contact are counted, money is summed as whole millionths. Which
contacts there are is told in `contacts_sql`; what a row is, and who is left out, in `table`; the same
in numpy, to judge this by, in `rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Ints
from analysis.studies.sample import Span, find_span
from analysis.studies.service.clock import NOWHERE, LocalClock
from analysis.studies.service.contacts_sql import (
    contacts_sql,
    firsts_sql,
    issues_sql,
    must_hold_orders,
    must_tell_replies,
    span_of_contacts,
)
from analysis.studies.service.load import loads_around
from analysis.studies.service.plan import MONEY, ServicePlan
from analysis.studies.service.table import (
    MOST_EARLIER,
    MOST_RECENT,
    NEVER,
    RECENT_MONTHS,
    UNKNOWN,
    Firsts,
    ServiceRows,
    rows_among,
)
from analysis.studies.soundness import currency_of_orders
from analysis.studies.stack_issues_sql import Workshop
from analysis.studies.stack_people import Coded

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.load import Tables


def engine_service_rows(
    tables: Tables, plan: ServicePlan, *, outcomes: Sequence[str], attributes: Sequence[str] = ()
) -> ServiceRows:
    """The rows of a service study in these tables.

    Parameters
    ----------
    tables : Tables
        With `orders`, and `touchpoints` or `issues` that say when a first reply came.
    plan : ServicePlan
    outcomes : sequence of str
        Among those of the plan, what these tables can tell.
    attributes : sequence of str
        Columns of `customers` that the rows shall carry.

    Raises
    ------
    TooSoon
        If no month has both windows inside the data; the message says when one will.
    DesignError
        If nothing says when a first reply came, or a month of contacts or orders is missing.
    """
    must_tell_replies(tables)
    span = find_span(tables, plan.zone, plan.until)
    with Workshop.open(tables, plan.rules(), span.first, span.last) as whole:
        whole.keep("contacts", contacts_sql(whole))
        span = span_of_contacts(whole, span)
        span.must_fit(plan.rules())
        must_hold_orders(tables, plan.zone, span)
        shop = replace(whole, begin=span.first)
        shop.keep("issues", issues_sql(tables))
        shop.keep("firsts", firsts_sql(shop, attributes))
        if not shop.count("firsts"):
            raise DesignError("No customer ever wrote on social. Check the columns `channel` and `direction`.")
        return _rows(shop, plan, span, outcomes, attributes)


def _rows(
    shop: Workshop, plan: ServicePlan, span: Span, outcomes: Sequence[str], attributes: Sequence[str]
) -> ServiceRows:
    engine = shop.tables.engine
    found = engine.query(f"select * from {shop.named('firsts')} order by code")
    clock = LocalClock.of(plan.zone, span.first.plus(-RECENT_MONTHS), span.last)
    n = len(found)
    at, reply = _micros(found.column("came_at")), _micros(found.column("reply_at"), NEVER)
    contacts = _contacts(shop)
    labels, product = contacts.labels, contacts.codes_of(found.column("product"))
    load, load_after = loads_around(contacts.at, contacts.product, at, product)
    attribute_codes, attribute_labels = {}, {}
    for place, name in enumerate(attributes):
        attribute_labels[name], attribute_codes[name] = _coded(found.column(f"a{place}"))
    asked = _issues_around(shop, plan, n)
    bought = _orders_around(shop, plan, [name for name in outcomes if name != "issues"], n)
    around = {
        side: {name: (asked if name == "issues" else bought)[f"{name}_{side}"] for name in outcomes}
        for side in ("before", "after")
    }
    firsts = Firsts(
        at=at,
        waited=np.where(reply == NEVER, NEVER, reply - at),
        bot=(reply == NEVER) & (_numbers(found.column("by_bot")) == 1),
        month=_numbers(found.column("month"), NOWHERE),
        first_month=_numbers(found.column("first_month"), NEVER),
        product=product,
        severity=_numbers(found.column("severity"), UNKNOWN),
        load=load,
        load_after=load_after,
        recent=np.minimum(asked["recent"], MOST_RECENT),
        earlier=np.minimum(asked["earlier"], MOST_EARLIER),
        before=around["before"],
        after=around["after"],
        attributes=attribute_codes,
    )
    return rows_among(
        firsts,
        plan,
        clock,
        span.first,
        span.last,
        daily=_daily(shop, plan, span, labels, clock),
        seen_until=_seen_until(shop),
        labels={"product": labels, **attribute_labels},
        currency=currency_of_orders(shop.tables),
    )


def _issues_around(shop: Workshop, plan: ServicePlan, n: int) -> dict[str, Ints]:
    """Issues of each customer: before the contact, lately and all, and in the windows."""
    month = shop.tables.engine.dialect.month_number("i.opened_at", plan.zone, shop.begin.plus(-RECENT_MONTHS), shop.end)
    prior = "opened_at < came_at and issue_id <> own"
    found = shop.tables.engine.query(f"""
        select code, {_count(prior)} as earlier, {_count(f"{prior} and lag >= -{RECENT_MONTHS}")} as recent,
               {_count(f"lag between -{plan.before_months} and -1")} as issues_before,
               {_count(f"lag between 1 and {plan.after_months}")} as issues_after
        from (select f.code, i.issue_id, f.issue_id as own, i.opened_at, f.came_at, {month} - f.month as lag
              from {shop.named("issues")} i join {shop.named("firsts")} f on f.customer_id = i.customer_id) as around
        group by code
    """)
    return _placed(found, n)


def _orders_around(shop: Workshop, plan: ServicePlan, outcomes: Sequence[str], n: int) -> dict[str, Ints]:
    """What each customer bought in the windows; money in millionths."""
    if not outcomes:
        return {}
    windows = {"before": (-plan.before_months, -1), "after": (1, plan.after_months)}
    sums = []
    for name in outcomes:
        amount = f"cast(cast({name} as decimal(19, 6)) * 1000000 as bigint)" if name in MONEY else "1"
        for side, (first, last) in windows.items():
            held = f"sum(case when lag between {first} and {last} then {amount} else 0 end)"
            sums.append(f"cast({held} as bigint) as {name}_{side}")
    kept = "".join(f", o.{name}" for name in outcomes if name in MONEY)
    found = shop.tables.engine.query(f"""
        select code, {", ".join(sums)}
        from (select f.code, {shop.month("o.ordered_at")} - f.month as lag{kept}
              from orders o join {shop.named("firsts")} f on f.customer_id = o.customer_id
              where {shop.within("o.ordered_at")}) as around
        group by code
    """)
    return _placed(found, n)


def _count(condition: str) -> str:
    return f"count(case when {condition} then 1 end)"


def _placed(found: pa.Table, n: int) -> dict[str, Ints]:
    """Columns of a grouped query as arrays over all customers; nought where a customer has no row."""
    code = _numbers(found.column("code"))
    placed = {}
    for name in found.column_names:
        if name != "code":
            placed[name] = np.zeros(n, dtype=np.int64)
            placed[name][code] = _numbers(found.column(name), 0)
    return placed


@dataclass(frozen=True, slots=True)
class _Contacts:
    """When all contacts came whose product is known, and which it is: its place among the labels, in order."""

    labels: tuple[str, ...]
    at: Ints
    product: Ints

    def codes_of(self, products: pa.ChunkedArray) -> Ints:
        place = {label: code for code, label in enumerate(self.labels)}
        return np.array([place.get(label, UNKNOWN) for label in products.to_pylist()], dtype=np.int64)


def _contacts(shop: Workshop) -> _Contacts:
    found = shop.tables.engine.query(f"select came_at, product from {shop.named('contacts')} where product is not null")
    coded = Coded.of(found.column("product").combine_chunks())
    return _Contacts(coded.labels, _micros(found.column("came_at")), coded.codes.astype(np.int64))


def _coded(texts: pa.ChunkedArray) -> tuple[tuple[str, ...], Ints]:
    held = texts.to_pylist()
    labels = tuple(sorted({text for text in held if text is not None}))
    place = {label: code for code, label in enumerate(labels)}
    return labels, np.array([place.get(text, UNKNOWN) for text in held], dtype=np.int64)


def _daily(shop: Workshop, plan: ServicePlan, span: Span, labels: tuple[str, ...], clock: LocalClock) -> Ints:
    """Contacts about each product on each day of the span."""
    first, last = span.first.first_day, span.last.last_day
    dialect = shop.tables.engine.dialect
    found = shop.tables.engine.query(
        f"select product, {dialect.day_number('came_at', plan.zone, first, last)} as day, count(*) as n "
        f"from {shop.named('contacts')} "
        f"where product is not null and {dialect.in_days('came_at', plan.zone, first, last)} "
        "group by 1, 2"
    )
    begin, end = clock.days_of(span.first, span.last)
    daily = np.zeros((len(labels), end - begin + 1), dtype=np.int64)
    place = {label: code for code, label in enumerate(labels)}
    product = np.array([place[label] for label in found.column("product").to_pylist()], dtype=np.int64)
    daily[product, _numbers(found.column("day")) - begin] = _numbers(found.column("n"))
    return daily


def _seen_until(shop: Workshop) -> int:
    """The latest time at which a contact or a reply was recorded."""
    found = shop.tables.engine.query(
        f"select max(came_at) as contact, max(reply_at) as reply from {shop.named('contacts')}"
    )
    return max(int(_micros(found.column(name), UNKNOWN)[0]) for name in ("contact", "reply"))


def _numbers(column: pa.ChunkedArray, missing: int = 0) -> Ints:
    import pyarrow as pa

    whole = column.cast(pa.int64())
    return np.asarray(whole.fill_null(missing).to_numpy(), dtype=np.int64)


def _micros(column: pa.ChunkedArray, missing: int = 0) -> Ints:
    import pyarrow as pa

    return _numbers(column.cast(pa.timestamp("us")), missing)
