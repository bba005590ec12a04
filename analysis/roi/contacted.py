"""Whose months are those of a first social contact, and on which channels did issues come around it? Asked in SQL.

A customer's first social contact is the first issue on social, or the first message of theirs on social, that the
tables hold; the case reads those of the months the study is about. The study sets further customers aside (windows not
over, history too short), so that what is counted here is a population like its own, not the very same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.roi.built import CustomerMonths
from analysis.roi.measured_effects import MeasuredEffect

if TYPE_CHECKING:
    from analysis.tables.load import Tables

_FAR = 24
"""So many months past the index months are numbered, where what customers did later is looked at."""


def first_contacts(tables: Tables, effect: MeasuredEffect, zone: str) -> str:
    """A query for `customer_id` and `month` of the first social contact, of those in the study's index months.

    Raises
    ------
    DesignError
        If there is neither a table of issues nor one of touchpoints.
    """
    parts = []
    if tables.has("issues"):
        parts.append(
            "select customer_id, opened_at as came_at from issues where channel = 'social' and customer_id is not null"
        )
    if tables.has("touchpoints"):
        parts.append(
            "select customer_id, occurred_at as came_at from touchpoints "
            "where channel = 'social' and direction = 'inbound' and customer_id is not null"
        )
    if not parts:
        raise DesignError("First social contacts are counted on `issues` or `touchpoints`, and neither is there.")
    first = (
        f"select customer_id, min(came_at) as came_at from ({' union all '.join(parts)}) as seen group by customer_id"
    )
    begin, end = Month.of(effect.index_from), Month.of(effect.index_to)
    month = tables.engine.dialect.month_number("came_at", zone, begin, end)
    return (
        f"select customer_id, {month} as month from ({first}) as contacted "
        f"where {tables.engine.dialect.in_months('came_at', zone, begin, end)}"
    )


def months_after_contact(tables: Tables, effect: MeasuredEffect, zone: str, first: int, last: int) -> CustomerMonths:
    """The months `first` to `last` after a first social contact; 0 is the month of the contact."""
    sql = (
        "select customer_id, month + months_later as month "
        f"from ({first_contacts(tables, effect, zone)}) as contact cross join ({numbers(first, last)}) as later"
    )
    if first == last == 0:
        what = "the month of a first social contact"
    else:
        what = f"months {first} to {last} after a first social contact"
    begin, end = Month.of(effect.index_from), Month.of(effect.index_to)
    return CustomerMonths(sql=sql, what=what, full=(begin.number + last, end.number + first))


def numbers(first: int, last: int) -> str:
    """A query for the whole numbers from `first` to `last`, in the column `months_later`."""
    if last < first:
        raise ValueError(f"There is no month from {first} to {last}.")
    return " union all ".join(f"select {int(number)} as months_later" for number in range(first, last + 1))


def channels_after_contact(tables: Tables, effect: MeasuredEffect, zone: str) -> Mapping[str, int]:
    """Issues by channel that contacted customers opened in the months after their first social contact."""
    if not tables.has("issues"):
        return {}
    month = tables.engine.dialect.month_number(
        "opened_at", zone, Month.of(effect.index_from), Month.of(effect.index_to).plus(_FAR)
    )
    rows = tables.engine.query(
        f"""
        select channel, count(*) as n
        from (select customer_id, channel, {month} as opened from issues where customer_id is not null) as issue
        join ({first_contacts(tables, effect, zone)}) as contact on contact.customer_id = issue.customer_id
        where opened > contact.month and opened <= contact.month + ?
        group by channel order by channel
        """,
        [effect.after_months],
    ).to_pylist()
    return {row["channel"]: int(row["n"]) for row in rows}


def channels_of_comparison(tables: Tables, effect: MeasuredEffect, zone: str) -> Mapping[str, int]:
    """Issues by channel, in the study's index months, of customers who had no social contact to date."""
    if not tables.has("issues"):
        return {}
    begin, end = Month.of(effect.index_from), Month.of(effect.index_to)
    inside = tables.engine.dialect.in_months("opened_at", zone, begin, end)
    parts = ["select customer_id, opened_at as came_at from issues where channel = 'social'"]
    if tables.has("touchpoints"):
        parts.append(
            "select customer_id, occurred_at from touchpoints where channel = 'social' and direction = 'inbound'"
        )
    rows = tables.engine.query(
        f"""
        select channel, count(*) as n from issues left join (
            select customer_id as known, min(came_at) as first_at from ({" union all ".join(parts)}) as seen
            where customer_id is not null group by customer_id
        ) as contact on known = customer_id
        where customer_id is not null and channel <> 'social' and {inside}
            and (first_at is null or opened_at < first_at)
        group by channel order by channel
        """
    ).to_pylist()
    return {row["channel"]: int(row["n"]) for row in rows}
