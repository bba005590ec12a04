"""What people did with the company's posts, by actions and by posts, and the audience that they are shown to."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from itertools import pairwise
from math import floor

import numpy as np
import pandas as pd

from tests.metrics.second_road.company import Company, Counted, Figures, Recount, Stretch, number, share, total, within

INTERACTIONS = frozenset({"like", "comment", "share"})
CLICKS, SHOWN = frozenset({"click"}), frozenset({"impression"})
WINDOW = pd.Timedelta(days=30)


def done(company: Company) -> pd.DataFrame:
    """Every action with its post, or none: rows of the log, and growth between readings of lifetime counts."""
    posts = company.table("posts")
    carried = posts.dropna(subset="link_id").groupby("link_id").post_id.agg(["size", "first"])
    log = company.table("post_actions")
    alone = log.link_id.map(carried[carried["size"] == 1]["first"])
    shared = log.link_id.isin(carried[carried["size"] > 1].index)
    log = log.assign(post_id=log.post_id.fillna(alone).mask(shared), shared=shared)
    log = log[["post_id", "kind", "quantity", "occurred_at", "customer_id", "shared"]]
    every = pd.concat([log, read_from_counters(company, log)], ignore_index=True)
    return every.merge(posts[["post_id", "platform", "published_at"]], on="post_id", how="left")


def read_from_counters(company: Company, log: pd.DataFrame) -> pd.DataFrame:
    """Growth from one reading to the next, split at the ends of months and of the window in step with time."""
    posts = company.table("posts").set_index("post_id")
    published = posts.published_at.to_dict()
    readings = company.table("post_counters").sort_values(["observed_at", "counter_id"])
    began = readings.groupby(readings.post_id.map(posts.platform)).observed_at.min()
    logged = set(zip(log.post_id, log.kind, strict=True))
    rows: list[tuple[str, str, int, pd.Timestamp]] = []
    for (post, kind), of_post in readings.groupby(["post_id", "kind"]):
        if (post, kind) in logged:
            continue
        seen = list(zip(of_post.observed_at, of_post.value, strict=True))
        if post in published and published[post] >= began[posts.platform[post]]:
            seen.insert(0, (published[post], 0))
        for (since, before), (until, after) in pairwise(seen):
            stops = [*month_ends(company), published.get(post, pd.NaT) + WINDOW]
            rows += [(post, kind, grown, at) for at, grown in split(since, until, after - before, stops)]
    return pd.DataFrame(rows, columns=["post_id", "kind", "quantity", "occurred_at"]).assign(shared=False)


def month_ends(company: Company) -> list[pd.Timestamp]:
    return [company.months[0].start, *(month.end for month in company.months)]


def split(
    since: pd.Timestamp, until: pd.Timestamp, growth: int, stops: list[pd.Timestamp]
) -> list[tuple[pd.Timestamp, int]]:
    """Growth in step with time, parted at the stops; each part is dated at the last second of its time."""
    parts, given = [], 0
    for stop in sorted(stop for stop in stops if since < stop < until):
        until_then = floor(Fraction(growth * (stop - since).value, (until - since).value) + Fraction(1, 2))
        parts.append((stop - pd.Timedelta(seconds=1), until_then - given))
        given = until_then
    return [*parts, (until, growth - given)]


def actions(company: Company, kinds: frozenset[str]) -> pd.DataFrame:
    def of_kinds(company: Company) -> pd.DataFrame:
        every = company.once("done", done)
        return every[every.kind.isin(kinds)]

    return company.once(f"done {sorted(kinds)}", of_kinds)


def platforms(company: Company, kinds: frozenset[str]) -> set[str]:
    """The platforms that tell of such actions at all."""
    return company.once(f"platforms {sorted(kinds)}", lambda it: set(actions(it, kinds).platform.dropna()))


def of_period(rows: pd.DataFrame, stretch: Stretch) -> int:
    return int(within(rows, "occurred_at", stretch).quantity.sum())


def of_posts(rows: pd.DataFrame, stretch: Stretch) -> int:
    return int(within(rows, "published_at", stretch).quantity.sum())


def new(rows: pd.DataFrame) -> pd.DataFrame:
    """What was done within the window after publication."""
    return rows[rows.occurred_at < rows.published_at + WINDOW]


def numbers(kinds: frozenset[str]) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        rows = actions(company, kinds)
        return {"action": Counted(of_period(rows, stretch)), "post": Counted(of_posts(rows, stretch))}

    return recount


def numbers_while_new(kinds: frozenset[str]) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        return number(of_posts(new(actions(company, kinds)), stretch))

    return recount


def rates(above: frozenset[str], *, while_new: bool = False) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        both = platforms(company, above) & platforms(company, SHOWN)
        tops, bottoms = (
            (rows := actions(company, kinds))[rows.platform.isin(both) | rows.platform.isna()]
            for kinds in (above, SHOWN)
        )
        if while_new:
            return {"": share(of_posts(new(tops), stretch), of_posts(new(bottoms), stretch))}
        return {
            "action": share(of_period(tops, stretch), of_period(bottoms, stretch)),
            "post": share(of_posts(tops, stretch), of_posts(bottoms, stretch)),
        }

    return recount


def shared_link_clicks(company: Company, stretch: Stretch) -> Figures:
    rows = actions(company, CLICKS)
    return number(of_period(rows[rows.shared], stretch))


def link_clickers(company: Company, stretch: Stretch) -> Figures:
    who = within(actions(company, CLICKS), "occurred_at", stretch).customer_id
    return {"": Counted(who.nunique() or None)}


# --- series


def followers_of(company: Company, day: pd.Timestamp) -> dict[str, float]:
    """The followers of each platform whose series runs over the day; nan where it does not give it."""
    rows = company.table("series")
    rows = rows[rows.series_id.str.startswith("followers_")]
    found = {}
    for name, of_platform in rows.groupby(rows.series_id.str.removeprefix("followers_")):
        if of_platform.period_end.min() <= day <= of_platform.period_end.max():
            found[name] = next(iter(of_platform[of_platform.period_end == day].value), np.nan)
    return found


def sum_given(amounts: Collection[float]) -> float | None:
    """The sum; none where there is nothing to add, or something is not given."""
    return None if not amounts or any(pd.isna(amount) for amount in amounts) else float(total(amounts))


def months_of(company: Company, stretch: Stretch) -> list[Stretch]:
    return [month for month in company.months if stretch.start <= month.start and month.end <= stretch.end]


def followers(company: Company, stretch: Stretch) -> Figures:
    return {"": Counted(sum_given(followers_of(company, stretch.last_day).values()))}


def growth(company: Company, stretch: Stretch) -> Figures:
    return {"": Counted(sum_given([grown(company, month) for month in months_of(company, stretch)]))}


def grown(company: Company, month: Stretch) -> float:
    before = followers_of(company, month.first_day - pd.Timedelta(days=1))
    after = followers_of(company, month.last_day)
    both = before.keys() & after.keys()
    return float(sum(float(after[name]) - float(before[name]) for name in both)) if both else np.nan


def engagement_rate_followers(company: Company, stretch: Stretch) -> Figures:
    rows = actions(company, INTERACTIONS)
    ends = [followers_of(company, month.last_day) for month in months_of(company, stretch)]
    below = sum_given([amount for end in ends for amount in end.values()])
    if below is None or not all(ends):
        return {"action": Counted(None), "post": Counted(None)}
    told = rows[rows.platform.isin(ends[-1]) | rows.platform.isna()]
    return {"action": share(of_period(told, stretch), below), "post": share(of_posts(told, stretch), below)}


def reach(company: Company, stretch: Stretch) -> Figures:
    rows = company.table("series")
    rows = rows[rows.series_id.str.startswith("reach_")]
    exact = rows.query("period_start == @stretch.first_day and period_end == @stretch.last_day")
    found = dict(zip(exact.series_id, exact.value, strict=True))
    return {name.removeprefix("reach_"): Counted(found.get(name)) for name in rows.series_id.unique()}


def ad_spend(company: Company, stretch: Stretch) -> Figures:
    rows = company.table("series").query("series_id == 'ad_spend'")
    rows = rows[(rows.period_end >= stretch.first_day) & (rows.period_start <= stretch.last_day)]
    days = (rows.period_end - rows.period_start).dt.days.sum() + len(rows)
    covered = days == (stretch.last_day - stretch.first_day).days + 1
    return {"": Counted(total(rows.value) if covered else None)}


RECOUNTS: dict[str, Recount] = {
    "link_clicks": numbers(CLICKS),
    "link_clicks_30d": numbers_while_new(CLICKS),
    "shared_link_clicks": shared_link_clicks,
    "link_clickers": link_clickers,
    "impressions": numbers(SHOWN),
    "impressions_30d": numbers_while_new(SHOWN),
    "interactions": numbers(INTERACTIONS),
    "interactions_30d": numbers_while_new(INTERACTIONS),
    "engagement_rate_impressions": rates(INTERACTIONS),
    "engagement_rate_impressions_30d": rates(INTERACTIONS, while_new=True),
    "engagement_rate_followers": engagement_rate_followers,
    "click_through_rate": rates(CLICKS),
    "click_through_rate_30d": rates(CLICKS, while_new=True),
    "followers": followers,
    "audience_growth": growth,
    "reach": reach,
    "ad_spend": ad_spend,
}
