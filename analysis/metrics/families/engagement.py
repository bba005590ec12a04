"""What did people do with what the company posted, counted by when they did it, and by when it was posted?

Post rows of a metric with a window are matured: what happened within it, final once the last post of the month has
been followed that long. Post rows without a window are as known now and never final: posts go on growing. How many
follow the company and what it spent on advertising is left to `audience`, who speaks of it to `listening`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from analysis.foundation.calendar import Month
from analysis.metrics.bases import STORE, Activity, Basis, Cell, activities, allocated_share
from analysis.metrics.catalogue import Definition, definition
from analysis.metrics.counter import Count, Counter
from analysis.metrics.families import audience, listening
from analysis.metrics.figure import Metric, figure, ratio
from analysis.metrics.local_months import LocalMonths

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables.opened import Tables

CLICKS, IMPRESSIONS, INTERACTIONS = ("click",), ("impression",), ("like", "comment", "share")
_TIMES = {"post_actions": "occurred_at", "post_counters": "observed_at"}
_NO_STORE = "neither `post_actions` nor `post_counters` was given"
_SHARED = (
    "select p.link_id, {month} as post_month, count(*) as posts from posts as p "
    "join (select link_id from posts where link_id is not null group by link_id having count(*) > 1) as several "
    "on several.link_id = p.link_id group by 1, 2"
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One row to be counted: which metric, basis and month (None: the whole period), and the activity to count in."""

    entry: Definition
    basis: Basis
    month: int | None
    period: str
    found: Activity
    mature: bool

    def cells(self, kinds: Sequence[str]) -> tuple[Cell, ...]:
        return self.found.on(self.basis, None if self.month is None else self.found.local.month(self.month), kinds)

    def refused(self, reason: str, note: str | None = None) -> Metric:
        return figure(
            self.entry, self.period, value=None, reason=reason, basis=self.basis, mature=self.mature, note=note
        )


def _asked(count: Counter, entry: Definition, kinds: Sequence[str]) -> Iterable[_Asked | Metric]:
    """The rows to be counted; those that cannot be are figures already, with the reason."""
    if not any(count.tables.has(table) for table in STORE):
        for basis in entry.bases:
            for _, period in count.periods():
                yield figure(entry, period, value=None, reason=_NO_STORE, basis=basis)
        return
    days = entry.window_days
    found = _activity(count, days)
    for basis in entry.bases:
        for month, period in count.periods():
            mature = basis == "action" or (days is not None and count.mature(month, days))
            asked = _Asked(entry, cast(Basis, basis), month, period, found, mature)
            reason = _reason(count, asked, kinds)
            yield asked if reason is None else asked.refused(reason)


def _reason(count: Counter, asked: _Asked, kinds: Sequence[str]) -> str | None:
    """Why there is no figure."""
    if asked.basis in asked.found.refusals:
        return asked.found.refusals[asked.basis].removesuffix(".")
    if not set(kinds) & set(asked.found.kinds):
        return f"the tables tell of no {_listed(kinds)}"
    if asked.basis == "post":
        if not count.tables.has("posts"):
            return "table `posts` is missing: without it nothing can be credited to a post"
        empty, where = count.outside("posts", "published_at"), "`posts`"
    else:
        given = [table for table in STORE if count.tables.has(table)]
        empty = frozenset.intersection(*(count.outside(table, _TIMES[table]) for table in given))
        where = " and ".join(f"`{table}`" for table in given)
    return f"{where} holds nothing of this month or beyond it" if asked.month in empty else None


def _summed(kinds: Sequence[str]) -> Count:
    """Quantities of some kinds."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        for asked in _asked(count, entry, kinds):
            if isinstance(asked, Metric):
                yield asked
                continue
            cells = asked.cells(kinds)
            shared = _shared_note(count, asked, kinds)
            if shared is not None and not cells:
                yield asked.refused(shared)
                continue
            value = sum(cell.quantity for cell in cells)
            yield figure(
                entry, asked.period, value=value, numerator=value, basis=asked.basis, mature=asked.mature,
                note=_joined(_notes(count, asked, kinds, cells), shared),
            )  # fmt: skip

    return rows


def _rate(above: Sequence[str], below: Sequence[str]) -> Count:
    """Quantities of some kinds for each of others, on platforms that tell both."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        for asked in _asked(count, entry, above):
            if isinstance(asked, Metric):
                yield asked
                continue
            if not set(below) & set(asked.found.kinds):
                yield asked.refused(f"the tables tell of no {_listed(below)}")
                continue
            alone = asked.found.platforms(above) ^ asked.found.platforms(below)
            over, under = (
                [cell for cell in asked.cells(kinds) if cell.platform not in alone] for kinds in (above, below)
            )
            note = _joined(
                f"left out: {', '.join(sorted(alone))}, which does not tell both" if alone else None,
                _notes(count, asked, (*above, *below), (*over, *under)),
                _shared_note(count, asked, above),
            )
            yield _noted(
                ratio(
                    entry, asked.period, sum(cell.quantity for cell in over), sum(cell.quantity for cell in under),
                    f"no {_listed(below)} in the period", basis=asked.basis, mature=asked.mature,
                ),
                note,
            )  # fmt: skip

    return rows


def _per_follower(count: Counter, entry: Definition) -> Iterable[Metric]:
    """Interactions for each follower there was at the end of the month, summed over months before the division."""
    if not count.tables.has("series"):
        return
    for asked in _asked(count, entry, INTERACTIONS):
        if isinstance(asked, Metric):
            yield asked
            continue
        above = below = 0
        left_out: set[str] = set()
        reason = None
        for month in count.months if asked.month is None else (count.month(asked.month),):
            stock = audience.followers_at_end_of(count, month)
            if isinstance(stock, str):
                reason = reason or stock
                continue
            cells = asked.found.on(asked.basis, month, INTERACTIONS)
            acting = asked.found.platforms(INTERACTIONS)
            followed = acting if None in stock else {name for name in stock if name is not None}
            both = acting & followed
            left_out |= acting ^ followed
            above += sum(cell.quantity for cell in cells if cell.platform is None or cell.platform in both)
            below += sum(value for platform, value in stock.items() if platform is None or platform in both)
        if reason is not None:
            yield asked.refused(reason)
            continue
        names = ", ".join(sorted(left_out))
        note = _joined(
            f"left out: {names}, which does not tell both" if names else None,
            _notes(count, asked, INTERACTIONS, asked.cells(INTERACTIONS)),
        )
        none = "no followers at the end of the month"
        yield _noted(ratio(entry, asked.period, above, below, none, basis=asked.basis, mature=asked.mature), note)


def _shared_links(count: Counter, entry: Definition) -> Iterable[Metric]:
    """Clicks on links that several posts carry."""
    for asked in _asked(count, entry, CLICKS):
        if isinstance(asked, Metric):
            yield asked
            continue
        value = sum(cell.quantity for cell in asked.cells(CLICKS) if cell.held == "pooled")
        yield figure(entry, asked.period, value=value, numerator=value)


def _clickers(count: Counter, entry: Definition) -> Iterable[Metric]:
    """Distinct customers who clicked, recounted for the whole period."""
    where = "kind = 'click' and quantity > 0"
    select = "count(distinct customer_id) as n, count(customer_id) as known, count(*) as rows_read"
    by_month = count.query(f"local_month, {select}", "post_actions", "occurred_at", where, "group by 1 order by 1")
    found: dict[int | None, dict[str, Any]] = {row["local_month"]: row for row in by_month}
    (found[None],) = count.query(select, "post_actions", "occurred_at", where)
    empty = count.outside("post_actions", "occurred_at")
    for month, period in count.periods():
        row = found.get(month)
        if month in empty:
            yield figure(entry, period, value=None, reason="`post_actions` holds nothing of this month or beyond it")
        elif row is None or not row["known"]:
            yield figure(entry, period, value=None, reason="no click of the period names a customer")
        else:
            note = f"{row['known']:,} of {row['rows_read']:,} rows of clicks name a customer"
            yield figure(entry, period, value=row["n"], numerator=row["n"], note=note)


def clicks_by_link(tables: Tables, months: Sequence[Month], zone: str) -> pd.DataFrame:
    """How often was each link clicked in these months, and how many posts carry it?

    Clicks on a link that several posts carry are those of the link: no post can be told.

    Parameters
    ----------
    tables : Tables
        With `posts` and `post_actions`.
    months : sequence of Month
        Without gaps.
    zone : str
        The reporting zone.

    Returns
    -------
    DataFrame
        One row a link and month with clicks: `link_id, month, posts, clicks`, in that order; `posts` is how many carry
        the link.
    """
    bounds = (zone, months[0], months[-1])
    month = tables.engine.dialect.month_number("a.occurred_at", *bounds)
    inside = tables.engine.dialect.in_months("a.occurred_at", *bounds)
    frame = tables.engine.query(
        f"select a.link_id, {month} as month, coalesce(max(p.posts), 0) as posts, "
        "cast(sum(a.quantity) as bigint) as clicks from post_actions as a "
        "left join (select link_id, count(*) as posts from posts group by link_id) as p on p.link_id = a.link_id "
        f"where a.kind = 'click' and a.link_id is not null and {inside} group by 1, 2 order by 1, 2"
    ).to_pandas()
    return frame.assign(month=[str(months[0].numbered(int(number))) for number in frame["month"]])


def _shared_note(count: Counter, asked: _Asked, kinds: Sequence[str]) -> str | None:
    """What of the post basis is not credited because links were used again: how many links, how many clicks."""
    if asked.basis != "post" or "click" not in kinds:
        return None
    if not any(cell.held == "pooled" and cell.kind == "click" for cell in _activity(count, None).cells):
        return None
    shared = count.once("shared links", lambda: _clicks_on_shared_links(count))
    links, clicks = shared.get(asked.month, (0, 0))
    if not links:
        return None
    which = "link is" if links == 1 else "links are"
    return f"{links:,} {which} on several posts: {clicks:,} clicks on them, of any month, are credited to no post"


def _activity(count: Counter, within_days: int | None) -> Activity:
    """At all ages or within a horizon; all that the metrics here are asked with come of one scan."""
    asked = {count.rules.windows.get(name, definition(name).window_days) for name in COUNTS}
    horizons = frozenset(days for days in {*asked, within_days} if days is not None)
    made = count.once(
        ("activities", horizons), lambda: activities(count.tables, count.months, count.zone, horizons=horizons)
    )
    return made[within_days]


def _clicks_on_shared_links(count: Counter) -> dict[int | None, tuple[int, int]]:
    """Links on several posts, and the clicks on them, by the month of any post that carries them."""
    local = LocalMonths(count.months, count.zone, count.engine.dialect)
    borne = _SHARED.format(month=local.number("p.published_at"))
    clicked = (
        "select link_id, cast(sum(quantity) as bigint) as clicks from post_actions where kind = 'click' "
        "and link_id is not null group by link_id"
    )
    select = "count(*) as links, cast(sum(c.clicks) as bigint) as clicks"
    inside = f"post_month > {local.before} and post_month < {local.after}"
    rows = count.engine.query(
        f"select post_month, {select} from ({borne}) as b join ({clicked}) as c on c.link_id = b.link_id "
        f"where {inside} group by post_month union all "
        f"select null as post_month, {select} from (select distinct link_id from ({borne}) as b where {inside}) as b "
        f"join ({clicked}) as c on c.link_id = b.link_id order by 1"
    ).to_pylist()
    return {row["post_month"]: (row["links"], row["clicks"] or 0) for row in rows}


def _notes(count: Counter, asked: _Asked, kinds: Sequence[str], cells: Sequence[Cell]) -> str | None:
    """What a reader should know of a figure: what was spread over time, what is absent, what was left out."""
    said = []
    if share := allocated_share(cells):
        said.append(f"{_percent(share)} of it was spread evenly between two readings of a lifetime count")
    if absent := [kind for kind in kinds if kind not in asked.found.kinds]:
        said.append(f"the tables tell of no {_listed(absent)}")
    if asked.period == count.whole:
        said += _notes_of_the_whole(asked, kinds)
    return "; ".join(said) or None


def _notes_of_the_whole(asked: _Asked, kinds: Sequence[str]) -> Iterable[str]:
    accounts = [asked.found.accounts[kind] for kind in kinds if kind in asked.found.accounts]
    if left_out := sum(account.left_out for account in accounts):
        yield f"readings of lifetime counts left out, since `post_actions` counts the same: {left_out:,}"
    if openings := sum(account.openings for account in accounts):
        yield f"first readings of older posts, which are opening balances and no activity: {openings:,}"
    if asked.basis == "post" and asked.found.within_days is None:
        lost = sum(cell.quantity for cell in asked.found.on("action", None, kinds) if cell.held == "unknown") if (
            "action" not in asked.found.refusals
        ) else 0  # fmt: skip
        if lost:
            yield f"more on posts that are not in `posts`: {lost:,}"


def _noted(row: Metric, note: str | None) -> Metric:
    return replace(row, note=note)


def _joined(*notes: str | None) -> str | None:
    return "; ".join(note for note in notes if note) or None


def _listed(kinds: Sequence[str]) -> str:
    return " or ".join(f"`{kind}`" for kind in kinds)


def _percent(share: float) -> str:
    return "less than 1 %" if share < 0.01 else f"{100 * share:.0f} %"


COUNTS: Mapping[str, Count] = {
    "link_clicks": _summed(CLICKS),
    "link_clicks_30d": _summed(CLICKS),
    "shared_link_clicks": _shared_links,
    "link_clickers": _clickers,
    "impressions": _summed(IMPRESSIONS),
    "impressions_30d": _summed(IMPRESSIONS),
    "interactions": _summed(INTERACTIONS),
    "interactions_30d": _summed(INTERACTIONS),
    "engagement_rate_impressions": _rate(INTERACTIONS, IMPRESSIONS),
    "engagement_rate_impressions_30d": _rate(INTERACTIONS, IMPRESSIONS),
    "engagement_rate_followers": _per_follower,
    "click_through_rate": _rate(CLICKS, IMPRESSIONS),
    "click_through_rate_30d": _rate(CLICKS, IMPRESSIONS),
    **audience.COUNTS,
    **listening.COUNTS,
}
