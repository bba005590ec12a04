"""How many follow the company, how many did it reach, and what did it pay to be seen? From `series`.

A series is one of a platform where its id goes on with it (`followers_twitter`, `followers:twitter`), else of all.
Where there is one of all, it stands and those of platforms are not added to it. A series is taken as it is given: one
that covers other days than a calendar month is neither cut nor added up where that could not be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from analysis.foundation.calendar import Month
from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter
from analysis.metrics.figure import Metric, figure


@dataclass(frozen=True, slots=True)
class _Row:
    start: date
    end: date
    value: Decimal
    unit: str


Series = Mapping[str | None, list[_Row]]
"""The rows of each platform's series, None for that of all, in order of time."""


def _series(count: Counter, stem: str) -> Series:
    """The series of a stem, read once."""

    def read() -> Series:
        sql = (
            "select series_id, period_start, period_end, value, unit from series "
            "where substr(series_id, 1, ?) = ? order by series_id, period_start, period_end"
        )
        found: dict[str | None, list[_Row]] = {}
        for row in count.engine.query(sql, [len(stem), stem]).to_pylist():
            if (named := re.fullmatch(rf"{stem}(?:[_:.\- /](.+))?", row["series_id"])) is None:
                continue
            value = Decimal(row["value"]) if isinstance(row["value"], Decimal) else Decimal(str(row["value"]))
            found.setdefault(named[1], []).append(_Row(row["period_start"], row["period_end"], value, row["unit"]))
        return {None: found[None]} if None in found and stem != "reach" else found

    return count.once(("series", stem), read)


def _last_day(month: Month) -> date:
    return month.plus(1).first_day - timedelta(days=1)


def followers_at_end_of(count: Counter, month: Month) -> dict[str | None, int] | str:
    """Followers at the end of the month's last day, by platform, or why that is not known."""
    return count.once(("followers at the end of", month.number), lambda: _followers_on(count, _last_day(month)))


def _followers_on(count: Counter, day: date) -> dict[str | None, int] | str:
    series = _series(count, "followers")
    if not series:
        return "`series` holds no `followers`"
    alive = {name: rows for name, rows in series.items() if rows[0].end <= day and rows[-1].end >= day}
    if not alive:
        return f"no series of followers reaches {day}"
    stock = {name: [row.value for row in rows if row.end == day] for name, rows in alive.items()}
    lacking = sorted(name or "all platforms" for name, values in stock.items() if len(values) != 1)
    if lacking:
        return f"the followers of {', '.join(lacking)} are not given for {day}, the last day of the month"
    return {name: int(values[0]) for name, values in stock.items()}


def _followers(count: Counter, entry: Definition) -> Iterable[Metric]:
    for month, period in count.periods():
        stock = followers_at_end_of(count, count.months[-1] if month is None else count.month(month))
        if isinstance(stock, str):
            yield figure(entry, period, value=None, reason=stock)
        else:
            yield figure(entry, period, value=sum(stock.values()), numerator=sum(stock.values()))


def _growth(count: Counter, month: Month) -> tuple[int, str | None] | str:
    """What the series that were there at both ends of the month have grown by, and a note on the others."""
    before, after = followers_at_end_of(count, month.plus(-1)), followers_at_end_of(count, month)
    for stock in (before, after):
        if isinstance(stock, str):
            return stock
    assert not isinstance(before, str)
    assert not isinstance(after, str)
    both = before.keys() & after.keys()
    if not both:
        return "no series of followers is there at both ends of the month"
    alone = sorted(str(name) for name in before.keys() ^ after.keys())
    note = f"left out: {', '.join(alone)}, not there at both ends of {month}" if alone else None
    return sum(after[name] - before[name] for name in both), note


def _audience_growth(count: Counter, entry: Definition) -> Iterable[Metric]:
    grown = {month: _growth(count, month) for month in count.months}
    for number, period in count.periods():
        asked = count.months if number is None else (count.month(number),)
        reasons = [found for month in asked if isinstance(found := grown[month], str)]
        if reasons:
            yield figure(entry, period, value=None, reason=reasons[0])
            continue
        parts = [found for month in asked if not isinstance(found := grown[month], str)]
        value = sum(part for part, _ in parts)
        note = "; ".join(note for _, note in parts if note) or None
        yield figure(entry, period, value=value, numerator=value, note=note)


def _reach(count: Counter, entry: Definition) -> Iterable[Metric]:
    series = _series(count, "reach")
    for number, period in count.periods():
        first = (count.months[0] if number is None else count.month(number)).first_day
        last = _last_day(count.months[-1] if number is None else count.month(number))
        if not series:
            yield figure(entry, period, value=None, reason="`series` holds no `reach`")
        for platform, rows in sorted(series.items(), key=lambda item: item[0] or ""):
            segment = {"platform": platform} if platform else {}
            whole = [row.value for row in rows if (row.start, row.end) == (first, last)]
            if len(whole) == 1:
                yield figure(entry, period, value=int(whole[0]), numerator=int(whole[0]), segment=segment)
                continue
            reason = (
                f"no row spans exactly {first} to {last}; shorter ones cannot be added up, for the same people are in "
                "several of them"
            )
            yield figure(entry, period, value=None, reason=reason, segment=segment)


def _ad_spend(count: Counter, entry: Definition) -> Iterable[Metric]:
    series = _series(count, "ad_spend")
    spent = {month: _spent(series, month) for month in count.months}
    units = sorted({row.unit for rows in series.values() for row in rows})
    for number, period in count.periods():
        asked = count.months if number is None else (count.month(number),)
        reasons = [found for month in asked if isinstance(found := spent[month], str)]
        if len(units) > 1:
            reasons = [f"it is given in {len(units)} units"]
        if reasons:
            yield figure(entry, period, value=None, reason=reasons[0])
            continue
        value = sum((found for month in asked if not isinstance(found := spent[month], str)), Decimal(0))
        yield figure(entry, period, value=value, numerator=value, note=f"in {units[0]}")


def _spent(series: Series, month: Month) -> Decimal | str:
    """The sum of the rows that tile the month, over all series."""
    if not series:
        return "`series` holds no `ad_spend`"
    first, last = month.first_day, _last_day(month)
    total, alive = Decimal(0), 0
    for rows in series.values():
        inside = [row for row in rows if row.end >= first and row.start <= last]
        if not inside and (rows[-1].end < first or rows[0].start > last):
            continue  # not begun, or over
        alive += 1
        days = sum((row.end - row.start).days + 1 for row in inside)
        tiled = all(left.end < right.start for left, right in pairwise(inside))
        if not tiled or days != (last - first).days + 1 or inside[0].start < first or inside[-1].end > last:
            return f"the rows of `ad_spend` do not cover {month} day by day, each once"
        total += sum((row.value for row in inside), Decimal(0))
    return total if alive else f"no series of `ad_spend` reaches {month}"


COUNTS: Mapping[str, Count] = {
    "followers": _followers,
    "audience_growth": _audience_growth,
    "reach": _reach,
    "ad_spend": _ad_spend,
}
