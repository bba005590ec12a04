"""What happened between two readings of a lifetime count? Readings of `post_counters` become dated actions.

Between one reading of a post's count and the next, as many actions happened as the count grew; when, is known only to
lie after the first and not after the second (DOMAIN: interval-censored). The choices made here:

- Readings of a post and kind follow each other by time, then by id. A count that fell makes negative actions.
- A post published before the first reading of any post of its platform is old: its first count is an opening balance
  and no activity. So is that of a post that is not in `posts`. The first count of any other post is what happened
  since it was published.
- Where two readings lie in two months, a reading at the very boundary parts them exactly. Else the growth is spread
  evenly over the time between: up to each month's end the nearest whole number, so that the parts are whole and add up
  to the growth. Such parts are `allocated`.
- Where `post_actions` holds actions of the same post and kind, those count, and its readings are left out: the two
  together would count the same actions twice.

How the actions are credited to months is left to `bases`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from analysis.metrics.local_months import LocalMonths
from analysis.tables.engine import Dialect
from analysis.tables.local_time import instant

if TYPE_CHECKING:
    from analysis.tables.opened import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterAccount:
    """What became of the readings of lifetime counts of one kind.

    `readings` are those known; of them `left_out` belong to a post and kind that `post_actions` counts, and
    `openings` were first readings of old or unknown posts, with `opening` as the sum of their counts, which is no
    activity. `decreases` are readings lower than the one before.
    """

    readings: int
    left_out: int
    openings: int
    opening: int
    decreases: int


def known_by(time: str, known_at: datetime | None, table: str = "") -> str:
    """SQL for whether a row was known at an instant; always, where that is None. `time` dates what has no `known_at`.

    Examples
    --------
    >>> known_by("observed_at", datetime(2026, 10, 1), "c.")
    "coalesce(c.known_at, c.observed_at) <= timestamp '2026-10-01 00:00:00'"
    """
    return "true" if known_at is None else f"coalesce({table}known_at, {table}{time}) <= {instant(known_at)}"


def suffix(within_days: int | None) -> str:
    """What the name of a column ends in that holds what lies within a horizon.

    Examples
    --------
    >>> suffix(30), suffix(None)
    ('_30d', '')
    """
    return "" if within_days is None else f"_{int(within_days)}d"


def posts_known(tables: Tables, local: LocalMonths, known_at: datetime | None, horizons: Sequence[int] = ()) -> str:
    """SQL behind FROM for the posts known at an instant; none where no posts were given.

    With `post_id, link_id, platform, published_at`, the month of publication as `post_month` and its end as `post_end`,
    and the end of each horizon as `matured_at` with its suffix: worked out once a post, not once an action.
    """
    posts = "posts" if tables.has("posts") else f"({_NO_POSTS}) as posts"
    ends = "".join(
        f", cast(published_at + interval '{int(days)}' day as timestamp) as matured_at{suffix(days)}"
        for days in horizons
    )
    return (
        f"(select post_id, link_id, platform, published_at, {local.number('published_at')} as post_month, "
        f"{local.end('published_at')} as post_end{ends} "
        f"from {posts} where {known_by('published_at', known_at)})"
    )


_NO_POSTS = (
    "select cast(null as varchar) as post_id, cast(null as varchar) as link_id, cast(null as varchar) as platform, "
    "cast(null as timestamp) as published_at, cast(null as timestamp) as known_at where false"
)


def counter_accounts(tables: Tables, local: LocalMonths, known_at: datetime | None = None) -> dict[str, CounterAccount]:
    """How many readings of each kind were there, and how were they taken? Empty without `post_counters`."""
    if not tables.has("post_counters"):
        return {}
    rows = tables.engine.query(
        "select kind, count(*) as readings, coalesce(sum(case when counted then 1 else 0 end), 0) as left_out, "
        "coalesce(sum(case when opens then 1 else 0 end), 0) as openings, "
        "cast(coalesce(sum(case when opens then value else 0 end), 0) as bigint) as opening, "
        "coalesce(sum(case when not counted and value < value_before then 1 else 0 end), 0) as decreases "
        f"from ({_readings(tables, local, known_at)}) as readings group by kind order by kind"
    ).to_pylist()
    return {row.pop("kind"): CounterAccount(**{name: int(number) for name, number in row.items()}) for row in rows}


def counted_parts(
    tables: Tables, local: LocalMonths, known_at: datetime | None = None, horizons: Sequence[int] = ()
) -> str:
    """SQL for the actions between readings, parted at the ends of months.

    Parameters
    ----------
    tables : Tables
        With `post_counters`.
    local : LocalMonths
    known_at : datetime, optional
        Only readings known by then, naive UTC.
    horizons : sequence of int
        Days after publication: what happened within them is told beside; a reading at that very instant parts it
        exactly.

    Returns
    -------
    str
        A query with `kind, platform, month, post_month, held, late, quantity, allocated`; `held` is "post", or
        "unknown" where the post is not in `posts`; `late` is what became known only after the post's month had ended.
        For each horizon also `inside`, `quantity` and `allocated` with its suffix; a post that is not known has none.
    """
    dialect = local.dialect
    matured = [f"matured_at{suffix(days)}" for days in horizons]
    grown = (
        "select kind, platform, published_at, post_month, post_end, known_at, observed_at as until, "
        f"{''.join(f'{end}, ' for end in matured)}"
        "value - coalesce(value_before, 0) as grew, case when observed_before is not null then observed_before "
        "when published_at < observed_at then published_at else observed_at end as since "
        f"from ({_readings(tables, local, known_at, horizons)}) as readings where not counted and not opens"
    )
    numbers = f"{local.number('since')} as since_month, {local.number('until')} as until_month"
    joined = (
        f"from (select *, {numbers} from ({grown}) as grown) as span join {local.spans()} as spanned "
        "on first_month = since_month and last_month = until_month "
        "where (since_month = until_month or starts < until)"
    )
    low, high = "case when since > starts then since else starts end", "case when until < ends then until else ends end"
    split = "since < starts or until > ends"

    def part(low: str, high: str, whole: str) -> str:
        """A span without length lies at one instant: the `whole` of it is in the one month it was joined with."""
        grew = f"{_grown_by(high, dialect)} - ({_grown_by(low, dialect)})"
        return f"case when since = until then {whole} else {grew} end"

    within = ""
    for days, end in zip(horizons, matured, strict=True):
        early, late = (f"case when {end} < {bound} then {end} else {bound} end" for bound in (low, high))
        whole = f"case when until <= {end} then grew else 0 end"
        within += (
            f", published_at is not null as inside{suffix(days)}, "
            f"{part(early, late, whole)} as quantity{suffix(days)}, "
            f"coalesce({split} or (since < {end} and until > {end}), false) as allocated{suffix(days)}"
        )
    return (
        "select kind, platform, number as month, post_month, "
        "case when published_at is null then 'unknown' else 'post' end as held, "
        f"coalesce(known_at > post_end, false) as late, {part(low, high, 'grew')} as quantity, "
        f"({split}) as allocated{within} {joined}"
    )


def _grown_by(moment: str, dialect: Dialect) -> str:
    """SQL for how much of the growth had happened by an instant: evenly over time, to the nearest whole number."""
    passed, length = dialect.seconds_between("since", f"({moment})"), dialect.seconds_between("since", "until")
    share = f"{dialect.as_float('grew')} * {passed} / nullif({length}, 0)"
    return (
        f"case when ({moment}) >= until then grew when ({moment}) <= since then 0 "
        f"else coalesce(cast(floor({share} + 0.5) as bigint), 0) end"
    )


def _readings(tables: Tables, local: LocalMonths, known_at: datetime | None, horizons: Sequence[int] = ()) -> str:
    """SQL for the readings, each with the one before it: `counted` where actions tell the same, `opens` a balance."""
    known = known_by("observed_at", known_at)
    posts = posts_known(tables, local, known_at, horizons)
    matured = "".join(f"p.matured_at{suffix(days)}, " for days in horizons)
    counted = (
        "(select distinct post_id, kind from post_actions "
        f"where post_id is not null and {known_by('occurred_at', known_at)})"
        if tables.has("post_actions")
        else "(select cast(null as varchar) as post_id, cast(null as varchar) as kind where false)"
    )
    looks = (
        f"(select p.platform, min(c.observed_at) as first_look from (select * from post_counters where {known}) as c "
        f"join {posts} as p on p.post_id = c.post_id group by p.platform)"
    )
    return (
        f"select r.kind, p.platform, p.published_at, p.post_month, p.post_end, {matured}r.observed_at, r.value, "
        "r.known_at, r.value_before, r.observed_before, a.post_id is not null as counted, "
        "a.post_id is null and r.observed_before is null "
        "and (p.published_at is null or p.published_at < look.first_look) as opens "
        "from (select post_id, kind, observed_at, value, coalesce(known_at, observed_at) as known_at, "
        "lag(value) over w as value_before, lag(observed_at) over w as observed_before "
        f"from post_counters where {known} "
        "window w as (partition by post_id, kind order by observed_at, counter_id)) as r "
        f"left join {posts} as p on p.post_id = r.post_id "
        f"left join {looks} as look on look.platform = p.platform "
        f"left join {counted} as a on a.post_id = r.post_id and a.kind = r.kind"
    )
