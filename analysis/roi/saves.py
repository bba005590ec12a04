"""What came of customers who wanted to leave: how many a year, how many stayed, and what they pay?

Counted on the tables: saved is who still has a subscription when the window is over. How long they stay from then on is
left to `leaving`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from analysis.roi.built import CustomerMonths
from analysis.roi.chances import (
    DAY,
    Counted,
    Margin,
    chances_of,
    known_until,
    mean_margin,
    month_of_rows,
    year_of_mentions,
)  # fmt: skip
from analysis.roi.contacted import numbers
from analysis.roi.covered_months import complete_months
from analysis.roi.rates import Rates

if TYPE_CHECKING:
    from analysis.tables.load import Tables


def attempts(tables: Tables, zone: str, window_days: int) -> Counted:
    """Known customers with a subscription who wanted to leave: how many a year, and how many still had one later.

    Who wrote more than once in the year is one of them: the months that a save is worth are paid once.

    Parameters
    ----------
    tables : Tables
        With `mentions` and `subscriptions`.
    zone : str
    window_days : int
        Still a subscriber after so many days: saved. Those followed for less are in the year's number, not in the
        share.
    """
    first, last = year_of_mentions(tables, zone)
    sql, values = chances_of("cancel_save")
    until = known_until(tables, "subscriptions", "started_at", "ended_at")
    since, ended = (
        tables.engine.dialect.seconds_between("c.posted_at", f"s.{time}") for time in ("started_at", "ended_at")
    )
    age = tables.engine.dialect.seconds_between("c.posted_at", "cast(? as timestamp)")

    def runs(seconds: int) -> str:
        return (
            "exists (select 1 from subscriptions s where s.customer_id = c.customer_id "
            f"and {since} <= {seconds} and (s.ended_at is null or {ended} > {seconds}))"
        )

    row = tables.engine.query(
        f"""
        select count(distinct case when inside then customer_id end) as a_year,
            count(case when due then 1 end) as followed,
            count(case when due and held then 1 end) as held
        from (
            select customer_id, {tables.engine.dialect.in_months("c.posted_at", zone, first, last)} as inside,
                {age} >= {window_days * DAY} as due, {runs(window_days * DAY)} as held
            from ({sql}) as c where {runs(0)}
        ) as judged
        """,
        [until, *values],
    ).to_pylist()[0]
    span = last.number - first.number + 1
    return Counted(
        n=int(row["held"]),
        of=int(row["followed"]),
        months=f"{first} to {last}",
        per_year=12 * int(row["a_year"]) / span,
    )


def saved(tables: Tables, window_days: int, until: datetime) -> tuple[str, tuple[object, ...]]:
    """A query for customers who wanted to leave and still had a subscription when the window was over."""
    sql, values = chances_of("cancel_save")
    since, ended = (
        tables.engine.dialect.seconds_between("c.posted_at", f"s.{time}") for time in ("started_at", "ended_at")
    )
    age = tables.engine.dialect.seconds_between("c.posted_at", "cast(? as timestamp)")
    window = window_days * DAY
    return (
        f"select c.customer_id, c.posted_at from ({sql}) as c where {age} >= {window} and exists ("
        f"select 1 from subscriptions s where s.customer_id = c.customer_id and {since} <= {window} "
        f"and (s.ended_at is null or {ended} > {window}))",
        (*values, until),
    )


def margin_of_subscribers(tables: Tables, rates: Rates) -> Margin:
    """The monthly margin of those who wanted to leave, over all subscriptions they had at the time.

    Raises
    ------
    DesignError
        If a margin is missing, or in a currency without a rate.
    """
    sql, values = chances_of("cancel_save")
    since, ended = (
        tables.engine.dialect.seconds_between("c.posted_at", f"s.{time}") for time in ("started_at", "ended_at")
    )
    amount = tables.engine.dialect.as_float("sum(monthly_margin)")
    had = (
        f"select c.customer_id, c.posted_at, s.monthly_margin, s.currency from ({sql}) as c join subscriptions s "
        f"on s.customer_id = c.customer_id and {since} <= 0 and (s.ended_at is null or {ended} > 0)"
    )
    rows = tables.engine.query(
        f"select currency, count(*) - count(monthly_margin) as empty, {amount} as margin from ({had}) as had "
        "group by currency order by currency nulls last",
        values,
    ).to_pylist()
    people = tables.engine.query(
        f"select count(*) as n from (select distinct customer_id, posted_at from ({had}) as had) as people", values
    ).to_pylist()
    return mean_margin(rows, int(people[0]["n"]), rates, "subscriptions", "roi.cancel_save.monthly_margin")


def months_of_saved(tables: Tables, zone: str, window_days: int, months: int) -> CustomerMonths:
    """The months whose payments a save claims: the `months` after the one in which the customer wanted to leave."""
    until = known_until(tables, "subscriptions", "started_at", "ended_at")
    sql, values = saved(tables, window_days, until)
    month = month_of_rows(tables, "posted_at", zone, "mentions")
    covered = complete_months(tables, "mentions", "posted_at", zone)
    return CustomerMonths(
        sql=(
            f"select customer_id, {month} + months_later as month from ({sql}) as saved "
            f"cross join ({numbers(1, months)}) as later"
        ),
        parameters=values,
        what=f"the {months} months after a customer was kept from leaving",
        full=None if covered is None else (covered[0].number + months, covered[1].number + 1),
    )
