"""Which contacts on social are there, when was each answered by a human, and which is a customer's first? By SQL.

A contact is an inbound touchpoint on social, or an issue opened there that has none. Months in which contacts or orders
are missing are told here, since read as they are nobody would have waited. What happened around contacts is left to
`rows_sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month, months_between
from analysis.foundation.errors import DesignError
from analysis.studies.sample import FEWEST_OF_MEDIAN, MANY_ISSUES, Span
from analysis.studies.stack_issues_sql import Workshop
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.tables.load import Tables


def must_tell_replies(tables: Tables) -> None:
    """Stop where nothing says when a first reply came."""
    sources = [name for name in ("touchpoints", "issues") if tables.has_column(name, "first_reply_at")]
    if not sources:
        raise DesignError(
            "Nothing says when a first reply came: neither `touchpoints` nor `issues` has a column `first_reply_at`. "
            "Export the time of the first reply."
        )


def contacts_sql(shop: Workshop) -> str:
    """Inbound contacts on social: `contact_id, customer_id, issue_id, came_at, product, severity, reply_at, by_bot`.

    `reply_at` is the first reply by a human within the issue, `by_bot` whether a bot replied. Where no touchpoint of an
    issue that was opened on social says when or by whom it was answered, the issue's own time stands in. A touchpoint
    without a customer is that of its issue's customer.
    """
    tables = shop.tables
    issue = _issue_columns(tables)
    parts = []
    if tables.has("touchpoints"):
        timed = tables.has_column("touchpoints", "first_reply_at")
        reply = "t.first_reply_at" if timed else issue["first_reply_at"]
        spare = f"case when {issue['channel']} = 'social' then {issue['first_reply_at']} end"
        parts.append(f"""
            select 't:' || t.touchpoint_id as contact_id,
                   coalesce(t.customer_id, {issue["customer_id"]}) as customer_id, t.issue_id, t.occurred_at as came_at,
                   {issue["product"]} as product, {issue["severity"]} as severity, {reply} as replied_at,
                   coalesce(t.replied_by = 'bot', false) as bot, {spare} as spare_at
            from touchpoints t {_of_issue(tables)}
            where t.channel = 'social' and t.direction = 'inbound'
        """)
    if tables.has("issues"):
        lonely = "true"
        if tables.has("touchpoints"):
            lonely = """not exists (select 1 from touchpoints t where t.issue_id = i.issue_id
                                    and t.channel = 'social' and t.direction = 'inbound')"""
        parts.append(f"""
            select 'i:' || i.issue_id as contact_id, i.customer_id, i.issue_id, i.opened_at as came_at,
                   i.product, i.severity, i.first_reply_at as replied_at, false as bot,
                   cast(null as timestamp) as spare_at
            from issues i where i.channel = 'social' and {lonely}
        """)
    product = "c.product"
    people = ""
    if tables.has_column("customers", "product"):
        product, people = "coalesce(c.product, p.product)", "left join customers p on p.customer_id = c.customer_id"
    same = "partition by coalesce('i:' || c.issue_id, c.contact_id)"
    return f"""
        select c.contact_id, c.customer_id, c.issue_id, c.came_at, {product} as product, c.severity,
               coalesce(min(case when not c.bot then c.replied_at end) over ({same}),
                        case when max(case when c.bot or c.replied_at is not null then 1 else 0 end) over ({same}) = 0
                             then min(c.spare_at) over ({same}) end) as reply_at,
               max(case when c.bot and c.replied_at is not null then 1 else 0 end) over ({same}) as by_bot
        from ({" union all ".join(parts)}) as c {people}
    """


def _issue_columns(tables: Tables) -> dict[str, str]:
    names = {
        "customer_id": "varchar",
        "channel": "varchar",
        "product": "varchar",
        "severity": "bigint",
        "first_reply_at": "timestamp",
    }
    if tables.has("issues"):
        return {name: f"i.{name}" for name in names}
    return {name: f"cast(null as {kind})" for name, kind in names.items()}


def _of_issue(tables: Tables) -> str:
    return "left join issues i on i.issue_id = t.issue_id" if tables.has("issues") else ""


def issues_sql(tables: Tables) -> str:
    """Issues of known customers on any channel; inbound touchpoints stand in where there is no table of issues."""
    if tables.has("issues"):
        return "select customer_id, issue_id, opened_at from issues where customer_id is not null"
    return """
        select customer_id, coalesce(issue_id, touchpoint_id) as issue_id, min(occurred_at) as opened_at
        from touchpoints where direction = 'inbound' and customer_id is not null
        group by customer_id, coalesce(issue_id, touchpoint_id)
    """


def firsts_sql(shop: Workshop, attributes: Sequence[str]) -> str:
    """The first contact of each customer, and since when the customer is known."""
    tables = shop.tables
    seen = "select customer_id, ordered_at as seen_at from orders union all select customer_id, opened_at from " + (
        shop.named("issues")
    )
    source = f"(select customer_id, min(seen_at) as joined_at from ({seen}) as s group by customer_id)"
    columns = ""
    if tables.has("customers"):
        source = "customers"
        columns = "".join(f", cast(j.{identifier(name)} as varchar) as a{n}" for n, name in enumerate(attributes))
    own = "f.issue_id" if tables.has("issues") else "coalesce(f.issue_id, substr(f.contact_id, 3))"
    return f"""
        select cast(row_number() over (order by f.customer_id) - 1 as integer) as code, f.customer_id,
               coalesce({own}, '') as issue_id, f.came_at, f.product, cast(f.severity as bigint) as severity,
               f.reply_at, f.by_bot,
               {shop.month("f.came_at")} as month,
               case when j.joined_at <= {shop.start_of(shop.begin)} then {shop.begin.number}
                    else {shop.month("j.joined_at")} + 1 end as first_month{columns}
        from (
            select *, row_number() over (partition by customer_id order by came_at, contact_id) as place
            from {shop.named("contacts")} where customer_id is not null
        ) as f left join {source} j on j.customer_id = f.customer_id
        where f.place = 1
    """


def span_of_contacts(shop: Workshop, span: Span) -> Span:
    """The months of the span since contacts on social are recorded.

    Raises
    ------
    DesignError
        If a month that matters holds none at all, where a month has many.
    """
    found = shop.tables.engine.query(
        f"select {shop.month('came_at')} as month, count(*) as n, count(reply_at) as replied "
        f"from {shop.named('contacts')} "
        f"where {shop.within('came_at')} group by 1"
    ).to_pylist()
    held = {int(row["month"]): int(row["n"]) for row in found}
    if held and not sum(int(row["replied"]) for row in found):
        raise DesignError(
            f"None of {sum(held.values()):,} contacts on social has a reply by a human. Fill `first_reply_at` (and "
            "`replied_by`, where a bot replied): if nobody ever replied, there is nothing to compare."
        )
    usual = median(held.values()) if held else 0
    if usual < MANY_ISSUES:
        return span
    months = months_between(span.first, span.last)
    begin = next(month for month in months if held.get(month.number, 0) >= FEWEST_OF_MEDIAN * usual)
    last = span.last.plus(-shop.rules.after_months)
    if holes := [str(month) for month in months if begin <= month <= last and not held.get(month.number, 0)]:
        raise DesignError(
            f"There is no contact on social at all in {', '.join(holes)}, between months that have some. Export those "
            "months too; read as they are, nobody would have waited in the queue."
        )
    return replace(span, first=begin)


def must_hold_orders(tables: Tables, zone: str, span: Span) -> None:
    """Stop where a month has no order at all."""
    dialect = tables.engine.dialect

    def held(month: Month) -> bool:
        """One order is enough, and quicker found than all of them."""
        inside = dialect.in_months("ordered_at", zone, month, month)
        return bool(len(tables.engine.query(f"select 1 from orders where {inside} limit 1")))

    if holes := [str(month) for month in months_between(span.first, span.last) if not held(month)]:
        raise DesignError(
            f"`orders` holds no order at all in {', '.join(holes)}, between months that have some. Export those months "
            "too; read as they are, nobody would have bought anything."
        )
