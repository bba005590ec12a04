"""What is each ratio made of, channel by channel, product by product, platform by platform?

A share can rise though it fell everywhere: then more came from where it is high. To tell the two apart, a later report
needs both numbers of every part, by month; here they are counted, in one or two scans a table and column. Parts that do
not add up to the figure itself are not given. What they tell of a change is left to `analysis.reporting.difference`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month
from analysis.metrics.counter import Counter, Rules, number_of
from analysis.metrics.families.issues import CLOSED_NOW
from analysis.metrics.families.mentions import MENTION_SUMS, OPENING
from analysis.metrics.figure import Metric
from analysis.tables.local_time import instant

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

Both = tuple[Any, Any]
"""The numbers above and below the line."""
Cells = Mapping[tuple[int, str], Both]
"""Both numbers by number of the month and part."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Both numbers of a ratio in each part and month.

    Parameters
    ----------
    metric, basis, by : str
        The figure, and the column that parts it.
    months : mapping of month to mapping of part to (number, number)
        Above and below the line; months as "2026-08".
    """

    metric: str
    basis: str
    by: str
    months: Mapping[str, Mapping[str, Both]]


def made_of(
    tables: Tables, figures: Sequence[Metric], *, months: Sequence[Month], zone: str, rules: Rules | None = None
) -> tuple[Parts, ...]:
    """The parts of the ratios that are among the figures, month by month.

    Parameters
    ----------
    tables : Tables
    figures : sequence of Metric
        As they were just counted on these tables, not as a close holds them.
    months : sequence of Month
        Whole months, without gaps.
    zone : str
        Reporting zone, in which months begin.
    rules : Rules, optional
        What the figures were counted by.

    Returns
    -------
    tuple of Parts
        Of each month all parts that have a number, or none: the numbers of the parts add up to those of the figure,
        exactly, or the month is left out.

    Source
    ------
    What they are for: Kitagawa, E. M. (1955), Components of a difference between two rates, JASA 50.
    """
    count = Counter(tables, tuple(months), zone, rules)
    asked = {(row.id, row.basis) for row in figures if not row.segment}
    wholes = {(row.id, row.basis, row.period): row for row in figures if not row.segment}
    found = []
    for (table, column), counts in _COUNTS.items():
        if not tables.has_column(table, column) or not any((name, basis) in asked for name, basis, _ in counts):
            continue
        for name, basis, parted in counts:
            if (name, basis) in asked:
                cells = parted(count, column)
                by_month = {
                    str(month): parts
                    for month in count.months
                    if (parts := _parts_of(cells, month.number)) and _adds_up(parts, wholes, (name, basis, str(month)))
                }
                if by_month:
                    found.append(Parts(name, basis, column, by_month))
    return tuple(found)


def as_plain(parts: Iterable[Parts]) -> dict[str, Any]:
    """The parts as `results.json` holds them: by metric, basis, column, month and part.

    Examples
    --------
    >>> as_plain([Parts("response_rate", "post", "platform", {"2026-08": {"x": (7, 9)}})])
    {'response_rate': {'post': {'platform': {'2026-08': {'x': [7, 9]}}}}}
    """
    plain: dict[str, Any] = {}
    for one in parts:
        by_column = plain.setdefault(one.metric, {}).setdefault(one.basis, {})
        by_column[one.by] = {
            month: {part: [_number(above), _number(below)] for part, (above, below) in sorted(cells.items())}
            for month, cells in one.months.items()
        }
    return plain


def _number(value: Any) -> int | float:
    return value if isinstance(value, int) else int(value) if value == int(value) else float(value)


def _parts_of(cells: Cells, month: int) -> dict[str, Both]:
    return {part: both for (of, part), both in cells.items() if of == month and (both[0] or both[1])}


def _adds_up(
    parts: Mapping[str, Both], wholes: Mapping[tuple[str, str, str], Metric], key: tuple[str, str, str]
) -> bool:
    """Whether the parts are the whole: both sums are the figure's own numbers."""
    whole = wholes.get(key)
    if whole is None or whole.value is None or whole.numerator is None or whole.denominator is None:
        return False
    sums = [sum(both[side] for both in parts.values()) for side in (0, 1)]
    return float(sums[0]) == whole.numerator and float(sums[1]) == whole.denominator


Parted = Callable[[Counter, str], Cells]


def _sums(
    count: Counter, column: str, table: str, time: str, sums: str, where: str = "true"
) -> dict[tuple[Any, Any], Any]:
    """Sums by month and part, asked once."""
    key = ("made of", table, time, column, where)
    return count.once(key, lambda: count.by_month(sums, table, time, column, where))


def _joined(above: Mapping[Any, Any], over: str, below: Mapping[Any, Any], under: str) -> Cells:
    """Both numbers of every month and part that either knows; the whole period, of which months are made, left out."""
    return {
        (month, part): (above.get((month, part), {}).get(over) or 0, below.get((month, part), {}).get(under) or 0)
        for month, part in {*above, *below}
        if month is not None
    }


def _posted(count: Counter, column: str) -> dict[tuple[Any, Any], Any]:
    between, until = count.engine.dialect.seconds_between, instant(count.known_until)
    wait = between("posted_at", f"coalesce(first_reply_at, resolved_at, {until})")
    promised = count.rules.sla_seconds
    judged = f"{OPENING} and {wait} >= 0 and {between('posted_at', until)} >= {promised}"
    sums = ", ".join((
        MENTION_SUMS,
        number_of(judged, "judged"),
        number_of(f"{judged} and first_reply_at is not null and {wait} <= {promised}", "within"),
    ))  # fmt: skip
    return _sums(count, column, "mentions", "posted_at", sums)


def _of_posted(over: str, under: str) -> Parted:
    def cells(count: Counter, column: str) -> Cells:
        posted = _posted(count, column)
        return _joined(posted, over, posted, under)

    return cells


def _happened(time: str, where: str, under: str) -> Parted:
    """Happenings of the month / mentions of the month."""

    def cells(count: Counter, column: str) -> Cells:
        above = _sums(count, column, "mentions", time, "count(*) as n", where)
        return _joined(above, "n", _posted(count, column), under)

    return cells


def _opened(count: Counter, column: str) -> dict[tuple[Any, Any], Any]:
    return _sums(count, column, "issues", "opened_at", f"count(*) as n, {number_of(CLOSED_NOW, 'closed')}")


def _closings(count: Counter, column: str) -> dict[tuple[Any, Any], Any]:
    """Closings of each month and those after which the issue was opened again; where a reopening has taken the place
    of the closing before it, that closing is counted with it.
    """
    back = "coalesce(reopened_at >= closed_at, false)"
    kept = _sums(count, column, "issues", "closed_at", f"count(*) as n, {number_of(back, 'back')}")
    lost = _sums(count, column, "issues", "reopened_at", "count(*) as n", f"not {back}")
    return {
        key: {
            "n": kept.get(key, {}).get("n", 0) + lost.get(key, {}).get("n", 0),
            "back": (kept.get(key, {}).get("back") or 0) + lost.get(key, {}).get("n", 0),
        }
        for key in {*kept, *lost}
    }


def _settled(count: Counter, column: str) -> Cells:
    return _joined(_opened(count, column), "closed", _opened(count, column), "n")


def _closed_of_opened(count: Counter, column: str) -> Cells:
    return _joined(_closings(count, column), "n", _opened(count, column), "n")


def _came_back(count: Counter, column: str) -> Cells:
    closings = _closings(count, column)
    return _joined(closings, "back", closings, "n")


def _order_value(count: Counter, column: str) -> Cells:
    orders = _sums(count, column, "orders", "ordered_at", "count(*) as orders, sum(revenue) as revenue")
    return _joined(orders, "revenue", orders, "orders")


_MENTIONS: tuple[tuple[str, str, Parted], ...] = (
    ("response_rate", "post", _of_posted("answered", "opening")),
    ("response_rate", "action", _happened("first_reply_at", OPENING, "opening")),
    ("resolved_by_us_share", "post", _of_posted("resolved", "mentions")),
    ("resolved_by_us_share", "action", _happened("resolved_at", "resolved_by = 'us'", "mentions")),
    ("complaints_per_positive", "action", _of_posted("complaints", "positives")),
    ("sla_attainment", "post", _of_posted("within", "judged")),
)
_ISSUES: tuple[tuple[str, str, Parted], ...] = (
    ("resolution_rate", "post", _settled),
    ("resolution_rate", "action", _closed_of_opened),
    ("reopen_rate", "post", _came_back),
)
_COUNTS: Mapping[tuple[str, str], tuple[tuple[str, str, Parted], ...]] = {
    ("mentions", "platform"): _MENTIONS,
    ("mentions", "product"): _MENTIONS,
    ("issues", "channel"): _ISSUES,
    ("issues", "product"): _ISSUES,
    ("orders", "product"): (("average_order_value", "action", _order_value),),
}
"""How each ratio is parted, by table and column; both numbers as its family counts them."""


def parted() -> Iterator[tuple[str, str, str]]:
    """The ratios that are parted: metric, basis and column.

    Examples
    --------
    >>> ("response_rate", "post", "platform") in parted()
    True
    """
    yield from ((name, basis, column) for (_, column), counts in _COUNTS.items() for name, basis, _ in counts)
