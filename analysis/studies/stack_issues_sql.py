"""Who is in the stack, by SQL? The customers with an issue, their first issue of each month, and who was still new.

Leaves `rows`, one a customer and index month with whole-number keys, and `people`, the customers of these rows by
their id and code. What they bought is left to `stack_months_sql`, scanning them to `stack_sql`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month, local_midnight
from analysis.studies.sample import IndexRules
from analysis.studies.stack import RECENTLY
from analysis.tables.engine import identifier
from analysis.tables.local_time import instant

if TYPE_CHECKING:
    from analysis.tables.load import Tables

_MOST_RECENT, _RECENT_MONTHS, _LATE_MONTHS = 2, 6, 3
_MOST_EARLIER = 4
_NUMBERS = count()


@dataclass(frozen=True)
class Workshop:
    """Where a stack is built: the tables, the rules, the months of the data, and names for what is kept on the way."""

    tables: Tables
    rules: IndexRules
    begin: Month
    end: Month
    prefix: str
    kept: list[str]

    @classmethod
    @contextmanager
    def open(cls, tables: Tables, rules: IndexRules, begin: Month, end: Month) -> Iterator[Workshop]:
        """A workshop that clears up after itself, all but the tables that were taken out of `kept`."""
        shop = cls(tables, rules, begin, end, f"stack_{next(_NUMBERS)}", [])
        try:
            yield shop
        finally:
            for name in shop.kept:
                tables.engine.drop(name)

    @property
    def first(self) -> Month:
        """First index month whose before-window lies inside the data."""
        return self.begin.plus(self.rules.observed_before)

    @property
    def last(self) -> Month:
        """Last index month whose after-window lies inside the data."""
        return self.end.plus(-self.rules.after_months)

    def named(self, part: str) -> str:
        return f"{self.prefix}_{part}"

    def keep(self, part: str, sql: str, parameters: Sequence[object] = ()) -> str:
        """Keep a query as a table until the workshop closes; its name."""
        name = self.named(part)
        self.kept.append(name)
        self.tables.engine.keep(name, sql, parameters)
        return name

    def drop(self, *parts: str) -> None:
        """Give memory back before the end."""
        for part in parts:
            self.tables.engine.drop(self.named(part))
            self.kept.remove(self.named(part))

    def count(self, part: str) -> int:
        """Rows of what was kept."""
        return int(self.tables.engine.query(f"select count(*) as n from {self.named(part)}").column("n")[0].as_py())

    def month(self, column: str) -> str:
        """The number of a time's local month; null outside the data."""
        number = self.tables.engine.dialect.month_number(column, self.rules.zone, self.begin, self.end)
        return f"cast({number} as integer)"

    def within(self, column: str) -> str:
        return str(self.tables.engine.dialect.in_months(column, self.rules.zone, self.begin, self.end))

    def start_of(self, month: Month) -> str:
        """The instant at which a local month begins."""
        return instant(local_midnight(month.first_day, self.rules.zone))


def find_rows(shop: Workshop, attributes: Sequence[str]) -> None:
    """Keep `rows` and `people`, and on the way `callers` (all customers with an issue), `issues` and `social`."""
    shop.keep("asked", _asked(shop))
    shop.keep("callers", _callers(shop, attributes))
    shop.keep("issues", _issues(shop))
    shop.keep("social", _social(shop))
    shop.keep("found", _found(shop))
    attributes_kept = "".join(f", a{place}" for place in range(len(attributes)))
    callers, found = shop.named("callers"), shop.named("found")
    shop.keep(
        "people",
        f"select cast(row_number() over (order by code) - 1 as integer) as customer, code, customer_id"
        f"{attributes_kept} from {callers} where code in (select code from {found})",
    )
    months = shop.end.number - shop.begin.number + 1
    shop.keep(
        "rows",
        f"select customer * cast({months} as bigint) + month - {shop.begin.number} as row_key, "
        f"customer, f.* from {found} f join {shop.named('people')} p on p.code = f.code order by row_key",
    )
    shop.drop("found")


def _source(shop: Workshop) -> str:
    """Issues with a known customer; touchpoints stand in where there is no table of issues."""
    if shop.tables.has("issues"):
        return "select customer_id, issue_id, opened_at, channel, product from issues where customer_id is not null"
    return """
        select customer_id, issue_id, opened_at, channel, cast(null as varchar) as product from (
            select customer_id, coalesce(issue_id, touchpoint_id) as issue_id, occurred_at as opened_at,
                   channel, row_number() over (partition by customer_id, coalesce(issue_id, touchpoint_id)
                                      order by occurred_at, touchpoint_id) as place
            from touchpoints where direction = 'inbound' and customer_id is not null
        ) as opening where place = 1
    """


def _asked(shop: Workshop) -> str:
    """Customers with an issue, and how many they have; for the account too."""
    return f"""
        select customer_id, count(*) as issues, count(case when {shop.within("opened_at")} then 1 end) as inside,
               max(case when channel = 'social' then 1 else 0 end) as social
        from ({_source(shop)}) as issue group by customer_id
    """


def _callers(shop: Workshop, attributes: Sequence[str]) -> str:
    """A code for each customer with an issue whose start is known, and the first whole month they can be observed."""
    asked, tables = shop.named("asked"), shop.tables
    if tables.has("customers"):
        columns = "".join(f", {identifier(name)} as a{place}" for place, name in enumerate(attributes))
        joined = (
            f"select customer_id, joined_at, product{columns} from customers "
            f"where joined_at is not null and customer_id in (select customer_id from {asked})"
        )
    else:
        joined = f"""
            select customer_id, min(came_at) as joined_at, cast(null as varchar) as product from (
                select customer_id, ordered_at as came_at from orders
                where customer_id in (select customer_id from {asked})
                union all select customer_id, opened_at from ({_source(shop)}) as issue
            ) as seen group by customer_id
        """
    kept = "".join(f", cast(a{place} as varchar) as a{place}" for place in range(len(attributes)))
    return f"""
        select cast(row_number() over (order by customer_id) - 1 as integer) as code, customer_id, product{kept},
               case when joined_at <= {shop.start_of(shop.begin)} then {shop.begin.number}
                    else {shop.month("joined_at")} + 1 end as first_month
        from ({joined}) as joined
    """


def _issues(shop: Workshop) -> str:
    return f"""
        select code, issue_id, opened_at, i.channel = 'social' as social,
               coalesce(i.product, c.product, '') as product, {shop.month("opened_at")} as month, first_month
        from ({_source(shop)}) i join {shop.named("callers")} c on c.customer_id = i.customer_id
    """


def _social(shop: Workshop) -> str:
    """Per customer: the first social contact and its issue, the first one of another issue, and the first of all.

    A message that belongs to the issue on social which it opens must not count as a contact before it. One without an
    issue id may have opened an issue on social of the day after, and so counts a day later for these (`first_at`,
    `next_at`). No message opens an issue on another channel: for these each contact counts when it came (`seen_at`).
    """
    contacts = (
        f"select code, issue_id, opened_at as counts_at, opened_at as came_at from {shop.named('issues')} where social"
    )
    if shop.tables.has("touchpoints"):
        contacts += f"""
            union all
            select code, coalesce(issue_id, 'contact:' || touchpoint_id),
                   case when issue_id is null then occurred_at + interval '1 day' else occurred_at end, occurred_at
            from touchpoints t join {shop.named("callers")} c on c.customer_id = t.customer_id
            where channel = 'social' and direction = 'inbound'
        """
    return f"""
        select code, max(case when place = 1 then counts_at end) as first_at,
               max(case when place = 1 then issue_id end) as first_issue,
               max(case when place = 2 then counts_at end) as next_at, min(came_at) as seen_at
        from (
            select *, row_number() over (partition by code order by counts_at, issue_id) as place
            from (select code, issue_id, min(counts_at) as counts_at, min(came_at) as came_at
                  from ({contacts}) as contact group by code, issue_id) as by_issue
        ) as ordered group by code
    """


_IS_NEW = """
    case when i.social then not (s.first_at is not null and s.first_at < i.opened_at and s.first_issue <> i.issue_id)
                            and not (s.next_at is not null and s.next_at < i.opened_at)
         else not (s.seen_at is not null and s.seen_at < i.opened_at) end
"""
"""Whether the customer had no social contact before an issue `i`; `s` is what `_social` tells of the customer."""


def _found(shop: Workshop) -> str:
    """The first issue of each month that can be an index issue, seen among the customer's issues in order of time.

    Issues before the data count as earlier ones; those after are nobody's next.
    """
    begin = shop.begin.plus(-_RECENT_MONTHS)
    reached = shop.tables.engine.dialect.month_number("i.opened_at", shop.rules.zone, begin, shop.end)
    latest = max(shop.last.number, shop.end.number - RECENTLY)
    return f"""
        select code, issue_id, product, month, case when social then 1 else 0 end as arm,
               case when month_2 >= month - {_RECENT_MONTHS} then {_MOST_RECENT}
                    when month_1 >= month - {_RECENT_MONTHS} then 1 else 0 end as recent,
               case when month_1 >= month - {_LATE_MONTHS} then 1 else 0 end as lately,
               month - first_month as observed, cast(least(place - 1, {_MOST_EARLIER}) as integer) as earlier,
               case when month <= {shop.last.number} then 1 else 0 end as study,
               case when not social and next_month > month + {RECENTLY} and next_new
                    then case when next_social then 2 else 1 end else 0 end as future
        from (
            select *, row_number() over by_time as place,
                   lag(reached) over by_time as month_1, lag(reached, 2) over by_time as month_2,
                   lead(month) over by_time as next_month, lead(social) over by_time as next_social,
                   lead(is_new) over by_time as next_new
            from (
                select i.*, {reached} as reached, {_IS_NEW} as is_new
                from {shop.named("issues")} i left join {shop.named("social")} s on s.code = i.code
            ) as judged
            window by_time as (partition by code order by opened_at, issue_id)
        ) as placed
        where is_new and (month_1 is null or month_1 < month) and month between {shop.first.number} and {latest}
          and month - first_month >= {shop.rules.observed_before}
    """


def account_of(shop: Workshop) -> dict[str, int]:
    """Customers and issues considered and kept, by reason; rows are those whose after-window is over.

    Customers with a social issue are those left out, by the first reason that holds, and the contacted.
    """
    asked = shop.tables.engine.query(
        f"select count(*) as customers, coalesce(sum(issues), 0) as issues, coalesce(sum(inside), 0) as inside, "
        f"coalesce(sum(social), 0) as social from {shop.named('asked')}"
    ).to_pylist()[0]
    known = shop.tables.engine.query(f"select count(*) as n from {shop.named('callers')}").to_pylist()[0]
    rows = shop.tables.engine.query(
        "select count(case when arm = 1 then 1 end) as contacted, count(case when arm = 0 then 1 end) as comparison, "
        "count(distinct case when arm = 0 then customer end) as comparison_customers "
        f"from {shop.named('rows')} where study = 1"
    ).to_pylist()[0]
    return {
        "issues": int(asked["issues"]),
        "issues_outside_the_data_span": int(asked["issues"]) - int(asked["inside"]),
        "customers_with_an_issue": int(asked["customers"]),
        "customers_whose_start_is_unknown": int(asked["customers"]) - int(known["n"]),
        "customers_with_a_social_issue": int(asked["social"]),
        **_left_out(shop, int(asked["social"])),
        "contacted": int(rows["contacted"]),
        "comparison_rows": int(rows["comparison"]),
        "comparison_customers": int(rows["comparison_customers"]),
    }


LEFT_OUT = (
    "left_out_history_too_short_before",
    "left_out_window_not_over",
    "left_out_social_not_the_first_issue_of_its_month",
    "left_out_social_message_before",
    "left_out_start_unknown",
)
"""Why a customer with a social issue is not among the contacted, as the account has it."""


def _left_out(shop: Workshop, social: int) -> dict[str, int]:
    """Customers with a social issue who are not contacted, by what stands in the way of their first one."""
    issues, start = shop.named("issues"), shop.start_of(shop.begin)
    short, running, second, wrote, unknown = LEFT_OUT
    found = shop.tables.engine.query(
        f"""
        with firsts as (
            select * from (
                select *, row_number() over (partition by code order by opened_at, issue_id) as place
                from {issues} where social
            ) as placed where place = 1
        ), seconds as (
            select distinct f.code from firsts f join {issues} o on o.code = f.code and o.month = f.month
            where o.opened_at < f.opened_at or (o.opened_at = f.opened_at and o.issue_id < f.issue_id)
        )
        select case when i.opened_at < {start} or i.month < {shop.first.number}
                         or i.month - coalesce(i.first_month, i.month + 1) < {shop.rules.observed_before} then '{short}'
                    when i.month is null or i.month > {shop.last.number} then '{running}'
                    when i.code in (select code from seconds) then '{second}'
                    when not ({_IS_NEW}) then '{wrote}' end as reason,
               count(*) as n
        from firsts i left join {shop.named("social")} s on s.code = i.code group by 1
        """
    ).to_pylist()
    counted = {row["reason"]: int(row["n"]) for row in found}
    return {reason: counted.get(reason, 0) for reason in LEFT_OUT[:-1]} | {unknown: social - sum(counted.values())}
