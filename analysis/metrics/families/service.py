"""What did each contact take: how many for a customer, how many and on how many channels for an issue?

Effort is counted as customers behaved, for surveys reach few of them. What contacts and issues cost is left to `costs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter, counted, nothing_of
from analysis.metrics.families import costs
from analysis.metrics.families.contacts import INBOUND, contacts_of_issues
from analysis.metrics.figure import Metric, figure, ratio


def _per_customer(count: Counter, entry: Definition) -> Iterable[Metric]:
    """Inbound contacts of known customers / those customers; by channel, each over the customers of all channels."""
    contacts = count.once(
        "inbound contacts",
        lambda: count.by_month(
            "count(customer_id) as known, count(*) as n", "touchpoints", "occurred_at", "channel", INBOUND
        ),
    )
    customers = count.once("customers in contact", lambda: _customers(count))
    empty = count.outside("touchpoints", "occurred_at")
    channels: list[Any] = sorted({channel for _, channel in contacts})
    for month, period in count.periods():
        numbers = {channel: contacts.get((month, channel), {"known": 0, "n": 0}) for channel in channels}
        unknown = sum(each["n"] - each["known"] for each in numbers.values())
        note = f"{unknown:,} inbound contacts without a known customer are left out" if unknown else None
        for segment, above in _segments(entry, {channel: each["known"] for channel, each in numbers.items()}):
            if month in empty:
                yield figure(entry, period, value=None, segment=segment, reason=nothing_of("touchpoints"))
                continue
            none = "no known customer made contact in the period"
            row = ratio(entry, period, above, customers.get(month, 0), none, segment=segment)
            yield row if row.value is None else replace(row, note=note)


def _segments(entry: Definition, by_channel: Mapping[Any, int]) -> list[tuple[dict[str, str], int]]:
    if entry.by:
        return [({"channel": str(channel)}, n) for channel, n in by_channel.items()]
    return [({}, sum(by_channel.values()))]


def _customers(count: Counter) -> dict[int | None, int]:
    """Distinct customers with an inbound contact, of each month and of the whole period."""
    rows = count.query(
        "local_month, count(distinct customer_id) as n", "touchpoints", "occurred_at", INBOUND,
        also="group by grouping sets ((local_month), ()) order by local_month",
    )  # fmt: skip
    return {row["local_month"]: row["n"] for row in rows}


def _efforts(count: Counter) -> dict[int | None, dict[str, int]]:
    """By month of opening: issues, those with an inbound contact, such contacts, and changes of channel in them.

    Two contacts on two channels are one change; only where there are more is each looked at in its turn.
    """
    table = contacts_of_issues(count)
    contacts = (
        "select issue_id, channel, lag(channel) over (partition by issue_id order by occurred_at, touchpoint_id) "
        f"as before from touchpoints where {INBOUND} and issue_id in "
        f"(select issue_id from {table} where channels > 1 and contacts > 2)"
    )
    changes = (
        "select issue_id, sum(case when channel <> before then 1 else 0 end) as switches "
        f"from ({contacts}) as ordered group by issue_id"
    )
    sql = (
        "select local_month, count(*) as issues, count(effort.issue_id) as told, "
        "coalesce(sum(contacts), 0) as contacts, "
        "coalesce(sum(coalesce(change.switches, channels - 1)), 0) as switches "
        f"from ({count.dated('issue_id', 'issues', 'opened_at')}) as opened "
        f"left join {table} as effort on effort.issue_id = opened.issue_id "
        f"left join ({changes}) as change on change.issue_id = opened.issue_id group by 1 order by 1"
    )
    found: dict[int | None, dict[str, int]] = {}
    for row in count.engine.query(sql).to_pylist():
        month = row.pop("local_month")
        found[month] = {name: int(value) for name, value in row.items()}
        total = found.setdefault(None, dict.fromkeys(row, 0))
        for name, value in found[month].items():
            total[name] += value
    return found


def _per_issue(above: str) -> Count:
    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        efforts = count.once("efforts of issues", lambda: _efforts(count))
        empty = count.outside("issues", "opened_at")
        for month, period in count.periods():
            if month in empty:
                yield figure(entry, period, value=None, reason=nothing_of("issues"))
                continue
            numbers = efforts.get(month, {"issues": 0, "told": 0, above: 0})
            none = "no issue opened in the period has an inbound contact"
            row = ratio(entry, period, numbers[above], numbers["told"], none)
            left = numbers["issues"] - numbers["told"]
            note = f"{left:,} issues without an inbound contact are left out" if left else None
            yield row if row.value is None else replace(row, note=note)

    return rows


COUNTS: Mapping[str, Count] = {
    "touchpoints": counted("touchpoints", "occurred_at"),
    "touchpoints_by_channel": counted("touchpoints", "occurred_at"),
    "touchpoints_per_customer": _per_customer,
    "touchpoints_per_customer_by_channel": _per_customer,
    "contacts_per_issue": _per_issue("contacts"),
    "channel_switches_per_issue": _per_issue("switches"),
    **costs.COUNTS,
}
