"""How many problems did customers bring, where, and what became of them?

Opened, closed, opened again, and how many stand open at a month's end. Whether a customer had to come back is left to
`repeats`, how long it took to `times`, what it cost to `costs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from analysis.foundation.calendar import iso, month_starts
from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter, counted, nothing_of
from analysis.metrics.families import repeats
from analysis.metrics.figure import Metric, figure, ratio
from analysis.tables.local_time import instant, search

CLOSED_NOW = "(closed_at is not null and not coalesce(reopened_at >= closed_at, false))"
"""An issue that was closed and not opened again since."""
_NONE_OPENED = "no issue was opened in the period"


@dataclass(frozen=True, slots=True)
class Lives:
    """How many issues lived alike: opened, closed and opened again in the same months, and in the same order.

    A month is counted from 1, that of the period's first; 0 is before the period. `again` says that the reopening came
    after the closing that is kept. Where it did not, the table has lost the time of the closing before it: that closing
    is counted at the reopening, so that the issue stands open in between and closings and reopenings are both counted.
    """

    opened: int
    closed: int | None
    reopened: int | None
    again: bool
    n: int

    def open_after(self, month: int) -> bool:
        """Whether these issues stand open at the end of that month."""
        closed = self.closed is not None and self.closed <= month
        back = self.again and self.reopened is not None and self.reopened <= month
        return self.opened <= month and (not closed or back)

    def closings(self) -> Iterable[tuple[int, bool]]:
        """Months of closing, and whether the issue was opened again after it."""
        if self.closed is not None:
            yield self.closed, self.again
        if self.reopened is not None and not self.again:
            yield self.reopened, True


def _lives(count: Counter) -> tuple[Lives, ...]:
    starts = month_starts(count.zone, count.months[0], count.months[-1].plus(1))

    def month(time: str) -> str:
        return f"case when {time} is not null then {search(time, starts, str)} end"

    sql = (
        f"select {month('opened_at')} as opened, {month('closed_at')} as closed, {month('reopened_at')} as reopened, "
        "coalesce(reopened_at >= closed_at, false) as again, count(*) as n "
        f"from issues where opened_at < {instant(starts[-1])} group by 1, 2, 3, 4 order by 1, 2, 3, 4"
    )
    return count.once("lives of issues", lambda: tuple(Lives(**row) for row in count.engine.query(sql).to_pylist()))


def _unreached(count: Counter) -> frozenset[int]:
    """Months before the first issue or after the last thing that is known to have happened to one."""

    def months() -> frozenset[int]:
        times = "opened_at", "closed_at", "reopened_at"
        latest = ", ".join(f"max({time}) as {time}" for time in times)
        (row,) = count.engine.query(f"select min(opened_at) as first, {latest} from issues").to_pylist()
        if row["first"] is None:
            return frozenset(month.number for month in count.months)
        last = max(row[time] for time in times if row[time] is not None)
        first, last = count.month_of(row["first"]), count.month_of(last)
        return frozenset(month.number for month in count.months if not first <= month <= last)

    return count.once("months without issues", months)


Part = Callable[[tuple[Lives, ...], int, int], int]
"""How many issues, or turns in their lives, of the months from the first to the last number."""


def _opened(lives: tuple[Lives, ...], first: int, last: int) -> int:
    return sum(life.n for life in lives if first <= life.opened <= last)


def _closed(lives: tuple[Lives, ...], first: int, last: int) -> int:
    return sum(life.n for life in lives for month, _ in life.closings() if first <= month <= last)


def _reopened(lives: tuple[Lives, ...], first: int, last: int) -> int:
    return sum(life.n for life in lives if life.reopened is not None and first <= life.reopened <= last)


def _standing(lives: tuple[Lives, ...], _: int, last: int) -> int:
    """Issues open at the end of the last month."""
    return sum(life.n for life in lives if life.open_after(last))


def _resolved(lives: tuple[Lives, ...], first: int, last: int) -> int:
    """Issues opened in the months that are closed now."""
    return sum(
        life.n for life in lives if first <= life.opened <= last and life.closed is not None and not life.again
    )  # fmt: skip


def _came_back(lives: tuple[Lives, ...], first: int, last: int) -> int:
    """Closings of the months after which the issue was opened again."""
    return sum(life.n for life in lives for month, back in life.closings() if back and first <= month <= last)


def _told(above: Part, below: Part | None = None, none: str = "", basis: str | None = None) -> Count:
    """A count of lives by month, or a ratio of two."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        lives, unreached = _lives(count), _unreached(count)
        for month, period in count.periods():
            first, last = (1, len(count.months)) if month is None else (month - count.months[0].number + 1,) * 2
            if _untold(entry, count, month, unreached):
                row = figure(entry, period, value=None, reason=nothing_of("issues"), basis=basis)
            elif below is None:
                n = above(lives, first, last)
                row = figure(entry, period, value=n, numerator=n, basis=basis)
            else:
                row = ratio(entry, period, above(lives, first, last), below(lives, first, last), none, basis=basis)
            yield row if row.value is None else replace(row, note=_note(count, entry, month))

    return rows


def _untold(entry: Definition, count: Counter, month: int | None, unreached: frozenset[int]) -> bool:
    """Whether the table says nothing of the month; of a whole period, whether nothing of any, or of its end."""
    if month is not None:
        return month in unreached
    if entry.aggregates == "stock":
        return count.months[-1].number in unreached
    return all(each.number in unreached for each in count.months)


def _note(count: Counter, entry: Definition, month: int | None) -> str | None:
    notes = []
    if not count.tables.has_column("issues", "reopened_at"):
        notes.append("the table does not tell reopenings: an issue opened again counts as closed")
    if entry.aggregates == "stock" and not count.mature(month, 0):
        notes.append(f"as it stood at {iso(count.known_until)}, before the end of the period")
    return "; ".join(notes) or None


def _resolution_rate(count: Counter, entry: Definition) -> Iterable[Metric]:
    yield from _told(_closed, _opened, _NONE_OPENED, "action")(count, entry)
    yield from _told(_resolved, _opened, _NONE_OPENED, "post")(count, entry)


COUNTS: Mapping[str, Count] = {
    "issues_raised": counted("issues", "opened_at"),
    "issues_by_channel": counted("issues", "opened_at"),
    "issues_by_product": counted("issues", "opened_at"),
    "issues_closed": _told(_closed),
    "issues_reopened": _told(_reopened),
    "backlog": _told(_standing),
    "resolution_rate": _resolution_rate,
    "reopen_rate": _told(_came_back, _closed, "no issue was closed in the period"),
    **repeats.COUNTS,
}
