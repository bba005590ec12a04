"""What was known of each month at each close, what was reported, and how much later news came of closed months?

From one scan of `post_actions`: quantity by month of the action and by the first close that knew of it. Hence, for all
closes at once,

    locked(P)    = action(P, close(P))
    adj(P -> Q)  = action(P, close(Q)) - action(P, close(Q - 1))
    reported(Q)  = locked(Q) + sum over P < Q of adj(P -> Q)

so that what was reported up to a month adds up to what is known of all months up to it. Keeping a close is left to the
ledger. News of lifetime counts changes how they are spread over months, so those are counted anew for each close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month, local_midnight
from analysis.foundation.errors import DesignError
from analysis.metrics.bases import STORE, refusals
from analysis.metrics.counters import counted_parts
from analysis.metrics.local_months import LocalMonths
from analysis.tables.local_time import search

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables.opened import Tables

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, eq=False)
class KnownTriangle:
    """Quantity by kind, month of the action, and the close that first knew of it.

    Parameters
    ----------
    closes : mapping of Month to datetime
        The instant of each month's close (naive UTC), in order.
    first_known : mapping of (str, Month, Month) to int
        Quantity by kind, month of the action and month whose close first knew of it.
    """

    closes: Mapping[Month, datetime]
    first_known: Mapping[tuple[str, Month, Month], int]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of which any close knew."""
        return tuple(sorted({kind for kind, _, _ in self.first_known}))

    def action(self, month: Month, close: Month, kind: str) -> int:
        """What was known of a month at the close of another: `action(P, close(Q))`."""
        return sum(self.first_known.get((kind, month, known), 0) for known in self.closes if known <= close)

    def locked(self, month: Month, kind: str) -> int:
        """What was known of a month at its own close."""
        return self.action(month, month, kind)

    def adjustment(self, month: Month, close: Month, kind: str) -> int:
        """News of an earlier month between the close before and this one: `adj(P -> Q)`.

        Raises
        ------
        ValueError
            If the month is not before that of the close.
        """
        if not month < close:
            raise ValueError(f"An adjustment is of a month before its close: {month} is not before {close}.")
        return self.first_known.get((kind, month, close), 0)

    def reported(self, close: Month, kind: str) -> int:
        """The locked figure of a month and the adjustments to all earlier ones that came with it."""
        return self.locked(close, kind) + sum(
            self.adjustment(month, close, kind) for month in self.closes if month < close
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a kind, month and close that knew something new of it: `kind, month, close, quantity`."""
        import pandas as pd

        rows = [
            (kind, str(month), str(close), value) for (kind, month, close), value in sorted(self.first_known.items())
        ]
        return pd.DataFrame(rows, columns=["kind", "month", "close", "quantity"])


def closes_of(months: Sequence[Month], zone: str, grace_days: int) -> dict[Month, datetime]:
    """When each month is closed: at midnight, so many local days after it ended.

    Examples
    --------
    >>> closes_of([Month.of("2026-09")], "Europe/London", 5)
    {Month('2026-09'): datetime.datetime(2026, 10, 5, 23, 0)}
    """
    return {month: local_midnight(month.plus(1).first_day + timedelta(days=grace_days), zone) for month in months}


def known_triangle(tables: Tables, zone: str, closes: Mapping[Month, datetime]) -> KnownTriangle:
    """What did each close know of each month?

    Parameters
    ----------
    tables : Tables
        With `post_actions`, `post_counters` or both; opened as they are, not as known at an instant.
    zone : str
        The reporting zone.
    closes : mapping of Month to datetime
        Instants (naive UTC), months and instants both in order, months without gaps.

    Returns
    -------
    KnownTriangle

    Raises
    ------
    DesignError
        If the source does not count on the action basis, or there is nothing that does.
    ValueError
        If the closes are not in order.
    """
    months, instants = tuple(closes), list(closes.values())
    if instants != sorted(instants):
        raise ValueError("A month is closed before the month after it.")
    local = LocalMonths(months, zone, tables.engine.dialect)
    if reason := refusals(tables).get("action"):
        raise DesignError(reason)
    if not any(tables.has(table) for table in STORE):
        raise DesignError("What people did with posts is told by `post_actions` or `post_counters`: give one of them.")
    found: dict[tuple[str, Month, Month], int] = {}

    def add(kind: str, month: int, close: Month, quantity: int) -> None:
        key = (kind, local.month(month), close)
        found[key] = found.get(key, 0) + quantity

    if tables.has("post_actions"):
        place = search("coalesce(known_at, occurred_at)", [at + _TICK for at in instants], str)
        inside = tables.engine.dialect.in_months("occurred_at", zone, months[0], months[-1])
        sql = (
            f"select kind, {local.number('occurred_at')} as month, {place} as place, "
            f"cast(sum(quantity) as bigint) as quantity from post_actions where {inside} "
            "group by 1, 2, 3 order by 1, 2, 3"
        )
        for row in tables.engine.query(sql).to_pylist():
            if row["place"] < len(months):
                add(row["kind"], row["month"], months[row["place"]], row["quantity"])
    if tables.has("post_counters"):
        before: dict[tuple[str, int], int] = {}
        for close, at in closes.items():
            now = _counted(tables, local, at)
            for kind, month in sorted({*before, *now}):
                if news := now.get((kind, month), 0) - before.get((kind, month), 0):
                    add(kind, month, close, news)
            before = now
    return KnownTriangle(MappingProxyType(dict(closes)), MappingProxyType(found))


def _counted(tables: Tables, local: LocalMonths, at: datetime) -> dict[tuple[str, int], int]:
    sql = (
        "select kind, month, cast(sum(quantity) as bigint) as quantity "
        f"from ({counted_parts(tables, local, at)}) as part "
        f"where month > {local.before} and month < {local.after} group by 1, 2 order by 1, 2"
    )
    return {(row["kind"], row["month"]): row["quantity"] for row in tables.engine.query(sql).to_pylist()}
