"""What people did with posts, who follows and who speaks: by hand, on both bases, and every reason for no figure."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest

from analysis.foundation.calendar import Month, Period
from analysis.metrics.areas import areas_covered
from analysis.metrics.catalogue import AREAS, definition
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Counter
from analysis.metrics.families.engagement import COUNTS, clicks_by_link
from analysis.metrics.figure import Metric, MetricsResult
from analysis.tables.load import Source, open_tables, prepare

Q3 = Period.of("2026q3", "UTC").months()
JUL, AUG, SEP, WHOLE = "2026-07", "2026-08", "2026-09", "2026q3"
KEYS = {"posts": "post_id", "post_actions": "action_id", "post_counters": "counter_id", "mentions": "mention_id"}


class Figures:
    """The figures of this family's metrics, by metric, period and basis."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "company"
        self.folder.mkdir()

    def table(self, name: str, *rows: dict, **same: object) -> Figures:
        frame = pd.DataFrame([{**same, **row} for row in rows])
        if name in KEYS and KEYS[name] not in frame:
            frame[KEYS[name]] = [f"{name}{n}" for n in range(len(frame))]
        frame.to_csv(self.folder / f"{name}.csv", index=False)
        return self

    @contextmanager
    def opened(self, known_at: datetime | None = None):
        prepared = prepare([Source(self.folder)], cache=self.folder.parent / "cache", zone="UTC")
        with open_tables(prepared, as_known_at=known_at) as tables:
            yield tables

    def of(self, metric: str, *, window: int | None = None, declared: str | None = None) -> list[Metric]:
        """All rows of a metric; `declared` is what a source map would say of the basis of `post_actions`."""
        entry = definition(metric)
        with self.opened() as tables:
            if declared is not None:
                account = replace(tables.accounts["post_actions"], basis={"quantity": declared})
                tables.accounts = {**tables.accounts, "post_actions": account}
            count = Counter(tables, Q3, "UTC")
            return list(COUNTS[metric](count, entry if window is None else entry.with_window(window)))

    def one(self, metric: str, period: str, basis: str | None = None, **segment: str) -> Metric:
        rows = [row for row in self.of(metric) if row.period == period and basis in (None, row.basis)]
        (found,) = [row for row in rows if dict(row.segment) == segment]
        return found


@pytest.fixture
def figures(tmp_path: Path) -> Figures:
    return Figures(tmp_path)


def with_posts(figures: Figures) -> Figures:
    """Two posts of July and one of September on two platforms; y tells no impressions."""
    figures.table(
        "posts",
        {"post_id": "a", "published_at": "2026-07-20T10:00:00", "platform": "x", "link_id": "own"},
        {"post_id": "b", "published_at": "2026-07-25T10:00:00", "platform": "y", "link_id": None},
        {"post_id": "c", "published_at": "2026-09-01T10:00:00", "platform": "x", "link_id": None},
    )
    return figures.table(
        "post_actions",
        {"post_id": "a", "kind": "impression", "quantity": 100, "occurred_at": "2026-07-21T00:00:00"},
        {"post_id": "a", "kind": "impression", "quantity": 50, "occurred_at": "2026-08-01T00:00:00"},
        {"post_id": "a", "kind": "like", "quantity": 9, "occurred_at": "2026-07-21T00:00:00"},
        {"post_id": "a", "kind": "like", "quantity": -1, "occurred_at": "2026-08-30T00:00:00"},
        {"post_id": "a", "kind": "comment", "quantity": 2, "occurred_at": "2026-08-01T00:00:00"},
        {"post_id": "b", "kind": "like", "quantity": 40, "occurred_at": "2026-07-26T00:00:00"},
        {"post_id": "a", "kind": "click", "quantity": 5, "occurred_at": "2026-07-21T00:00:00", "customer_id": "k1"},
        {"post_id": "a", "kind": "click", "quantity": 3, "occurred_at": "2026-09-02T00:00:00", "customer_id": "k2"},
        {"post_id": None, "kind": "click", "quantity": 1, "occurred_at": "2026-09-03T00:00:00", "customer_id": "k1"},
        link_id=None,
    )


def test_clicks_on_both_bases(figures: Figures) -> None:
    """By actions 5 in July and 4 in September, one of them on no known post; by posts all 8 of `a` in July."""
    with_posts(figures)
    assert [figures.one("link_clicks", period, "action").value for period in (JUL, AUG, SEP, WHOLE)] == [5, 0, 4, 9]
    assert [figures.one("link_clicks", period, "post").value for period in (JUL, SEP, WHOLE)] == [8, 0, 8]
    assert figures.one("link_clicks", WHOLE, "post").note == "more on posts that are not in `posts`: 1"


def test_the_post_basis_is_final_only_with_a_window_and_after_it(figures: Figures) -> None:
    """Within 30 days July's posts have 5 clicks; the click of September came too late. The data end on 3 September."""
    with_posts(figures)
    assert not figures.one("link_clicks", JUL, "post").mature
    assert figures.one("link_clicks", SEP, "action").mature
    july, september = figures.one("link_clicks_30d", JUL), figures.one("link_clicks_30d", SEP)
    assert (july.value, july.mature, september.mature) == (5, True, False)


def test_another_window_than_the_catalogue_s(figures: Figures) -> None:
    (row,) = [row for row in with_posts(figures).of("link_clicks_30d", window=60) if row.period == JUL]
    assert (row.id, row.value, row.mature) == ("link_clicks_60d", 8, False)


def test_interactions_are_reactions_comments_and_shares_less_those_taken_back(figures: Figures) -> None:
    with_posts(figures)
    assert figures.one("interactions", JUL, "action").value == 49
    assert figures.one("interactions", AUG, "action").value == 1
    assert figures.one("interactions", JUL, "post").value == 50
    assert figures.one("interactions", JUL, "action").note == "the tables tell of no `share`"


def test_engagement_by_impressions_is_counted_where_both_are_told(figures: Figures) -> None:
    """July: 9 likes of platform x for its 100 impressions; the 40 likes of y have none beside them."""
    rate = with_posts(figures).one("engagement_rate_impressions", JUL, "action")
    assert (rate.numerator, rate.denominator, rate.value) == (9, 100, 0.09)
    assert rate.note.startswith("left out: y, which does not tell both")
    cohort = figures.one("engagement_rate_impressions", JUL, "post")
    assert (cohort.numerator, cohort.denominator) == (10, 150)
    nothing = figures.one("engagement_rate_impressions", SEP, "action")
    assert (nothing.value, nothing.reason) == (None, "no `impression` in the period")


def test_click_through_rate(figures: Figures) -> None:
    """By actions September has clicks and no impressions; over the quarter 9 clicks for 150; by posts 8 for 150."""
    with_posts(figures)
    assert figures.one("click_through_rate", WHOLE, "action").value == 9 / 150
    assert figures.one("click_through_rate", JUL, "post").value == 8 / 150


def test_clicks_on_a_link_of_several_posts_belong_to_the_link(figures: Figures) -> None:
    """5 clicks on a link that a July and an August post carry, whatever post the tracker names; 2 on a link of one."""
    same = {"platform": "x"}
    figures.table(
        "posts",
        {"post_id": "a", "published_at": "2026-07-01T00:00:00", "link_id": "shared"},
        {"post_id": "b", "published_at": "2026-08-01T00:00:00", "link_id": "shared"},
        {"post_id": "c", "published_at": "2026-07-01T00:00:00", "link_id": "own"},
        **same,
    ).table(
        "post_actions",
        {"post_id": "a", "link_id": "shared", "quantity": 4, "occurred_at": "2026-08-02T00:00:00"},
        {"post_id": None, "link_id": "shared", "quantity": 1, "occurred_at": "2026-09-02T00:00:00"},
        {"post_id": None, "link_id": "own", "quantity": 2, "occurred_at": "2026-07-02T00:00:00"},
        kind="click",
    )
    assert figures.one("link_clicks", WHOLE, "action").value == 7
    july, august = figures.one("link_clicks", JUL, "post"), figures.one("link_clicks", AUG, "post")
    note = "1 link is on several posts: 5 clicks on them, of any month, are credited to no post"
    assert (july.value, july.note) == (2, note)
    assert (august.value, august.reason) == (None, note)
    assert [figures.one("shared_link_clicks", period).value for period in (JUL, AUG, SEP, WHOLE)] == [0, 4, 1, 5]
    with figures.opened() as tables:
        frame = clicks_by_link(tables, Q3, "UTC")
    assert frame.to_dict("records") == [
        {"link_id": "own", "month": JUL, "posts": 1, "clicks": 2},
        {"link_id": "shared", "month": AUG, "posts": 2, "clicks": 4},
        {"link_id": "shared", "month": SEP, "posts": 2, "clicks": 1},
    ]


def test_clickers_are_counted_once_in_the_whole_period(figures: Figures) -> None:
    with_posts(figures)
    assert [figures.one("link_clickers", period).value for period in (JUL, SEP, WHOLE)] == [1, 2, 2]
    nobody = figures.one("link_clickers", AUG)
    assert (nobody.value, nobody.reason) == (None, "no click of the period names a customer")


def test_what_no_table_tells_has_a_reason(figures: Figures) -> None:
    figures.table("posts", {"post_id": "a", "published_at": "2026-07-20T10:00:00", "platform": "x"})
    for row in figures.of("impressions"):
        assert (row.value, row.reason) == (None, "neither `post_actions` nor `post_counters` was given")
    like = {"post_id": "a", "kind": "like", "quantity": 1, "occurred_at": "2026-07-21T00:00:00"}
    figures.table("post_actions", like)
    assert figures.one("impressions", JUL, "action").reason == "the tables tell of no `impression`"
    assert figures.one("engagement_rate_impressions", JUL, "post").reason == "the tables tell of no `impression`"
    assert (
        figures.one("interactions", SEP, "action").reason == "`post_actions` holds nothing of this month or beyond it"
    )
    assert figures.one("interactions", SEP, "post").reason == "`posts` holds nothing of this month or beyond it"


@pytest.mark.parametrize(("declared", "refused"), [("post", ["action"]), ("unknown", ["action", "post"])])
def test_a_basis_the_source_does_not_count_on_is_refused(figures: Figures, declared: str, refused: list[str]) -> None:
    rows = with_posts(figures).of("interactions", declared=declared)
    for row in rows:
        assert (row.value is None) == (row.basis in refused)
        if row.value is None:
            assert row.reason.startswith(f"`quantity` of `post_actions` is declared to count on the basis `{declared}`")
    assert all(row.value is None for row in figures.of("interactions_30d", declared=declared))


def test_lifetime_counts_are_told_as_such(figures: Figures) -> None:
    """The old post opens with 100; then 30 likes from 16 July to 15 August, half of them in each month."""
    figures.table("posts", {"post_id": "a", "published_at": "2026-06-01T00:00:00", "platform": "x"})
    figures.table(
        "post_counters",
        {"observed_at": "2026-07-02T00:00:00", "value": 100},
        {"observed_at": "2026-07-17T00:00:00", "value": 100},
        {"observed_at": "2026-08-16T00:00:00", "value": 130},
        post_id="a",
        kind="like",
    )
    july = figures.one("interactions", JUL, "action")
    assert july.value == 15
    assert july.note.startswith("100 % of it was spread evenly between two readings of a lifetime count")
    whole = figures.one("interactions", WHOLE, "action")
    assert "first readings of older posts, which are opening balances and no activity: 1" in whole.note


def month_rows(series_id: str, *values: object, unit: str = "followers") -> list[dict]:
    """One row for each of the months from June on that has a value."""
    months = [Month.of("2026-06").plus(place) for place in range(len(values))]
    return [
        {
            "series_id": series_id,
            "period_start": month.first_day,
            "period_end": month.plus(1).first_day - timedelta(days=1),
            "value": value,
            "unit": unit,
        }
        for month, value in zip(months, values, strict=True)
        if value is not None
    ]


def test_followers_and_their_growth(figures: Figures) -> None:
    """y begins in July: followers of both count at its end, growth of July only x's."""
    figures.table(
        "series", *month_rows("followers_x", 100, 110, 105, 125), *month_rows("followers:y", None, 50, 60, 60)
    )
    assert [figures.one("followers", period).value for period in (JUL, AUG, SEP, WHOLE)] == [160, 165, 185, 185]
    assert [figures.one("audience_growth", period).value for period in (JUL, AUG, SEP, WHOLE)] == [10, 5, 20, 35]
    assert figures.one("audience_growth", JUL).note == "left out: y, not there at both ends of 2026-07"


def test_followers_that_are_not_given_for_the_day_are_not_guessed(figures: Figures) -> None:
    figures.table("series", *month_rows("followers_x", 100, None, 105, 125), *month_rows("followers_y", 1, 1, 1, 1))
    reason = "the followers of x are not given for 2026-07-31, the last day of the month"
    assert figures.one("followers", JUL).reason == reason
    assert figures.one("audience_growth", AUG).reason == reason
    assert figures.one("audience_growth", WHOLE).reason == reason
    assert figures.one("followers", WHOLE).value == 126


def test_one_series_of_all_platforms_stands_alone(figures: Figures) -> None:
    figures.table("series", *month_rows("followers", 100, 110, 120, 130), *month_rows("followers_x", 1, 2, 3, 4))
    assert figures.one("followers", SEP).value == 130


def test_engagement_by_followers_names_its_denominator(figures: Figures) -> None:
    """July: x has 9 likes and 1,000 followers; y has 40 likes and nobody told of its followers."""
    with_posts(figures).table("series", *month_rows("followers_x", 900, 1000, 1500, 2000))
    july, whole = (figures.one("engagement_rate_followers", period, "action") for period in (JUL, WHOLE))
    assert (july.numerator, july.denominator, july.value) == (9, 1000, 0.009)
    assert july.note.startswith("left out: y, which does not tell both")
    assert (whole.numerator, whole.denominator) == (10, 4500)
    figures.table("series", *month_rows("followers", 900, 1000, 1500, 2000))
    assert figures.one("engagement_rate_followers", JUL, "action").numerator == 49
    figures.table("series", *month_rows("control", 1, 1, 1, 1))
    assert figures.one("engagement_rate_followers", JUL, "action").reason == "`series` holds no `followers`"


def test_reach_is_taken_for_exactly_the_period_or_not_at_all(figures: Figures) -> None:
    weeks = [
        {"series_id": "reach_y", "period_start": f"2026-07-{day:02}", "period_end": f"2026-07-{day + 6:02}", "value": 9,
         "unit": "people"} for day in (1, 8, 15, 22)
    ]  # fmt: skip
    figures.table("series", *month_rows("reach_x", 7, 8, 9, 10, unit="people"), *weeks)
    assert figures.one("reach", JUL, platform="x").value == 8
    for period, platform in ((WHOLE, "x"), (JUL, "y")):
        row = figures.one("reach", period, platform=platform)
        assert row.value is None
        assert "shorter ones cannot be added up, for the same people are in several of them" in row.reason


def test_ad_spend_is_summed_where_its_rows_cover_the_month(figures: Figures) -> None:
    halves = [
        {"series_id": "ad_spend_y", "period_start": f"2026-{month}-{first:02}", "period_end": f"2026-{month}-{last:02}",
         "value": 0.1, "unit": "EUR"}
        for month, days in (("07", ((1, 15), (16, 31))), ("08", ((1, 15),))) for first, last in days
    ]  # fmt: skip
    figures.table("series", *month_rows("ad_spend_x", 1, 2, 3, 4, unit="EUR"), *halves)
    july, august, september = (figures.one("ad_spend", period) for period in (JUL, AUG, SEP))
    assert (july.value, july.note) == (2.2, "in EUR")
    assert august.reason == "the rows of `ad_spend` do not cover 2026-08 day by day, each once"
    assert september.value == 4, "y was over by then"
    assert figures.one("ad_spend", WHOLE).value is None
    figures.table(
        "series", *month_rows("ad_spend_x", 1, 2, 3, 4, unit="EUR"), *month_rows("ad_spend_y", 1, 1, 1, 1, unit="USD")
    )
    assert figures.one("ad_spend", JUL).reason == "it is given in 2 units"


def test_who_speaks_of_whom_and_how(figures: Figures) -> None:
    figures.table(
        "mentions",
        {"author_id": "k", "brand": "we", "kind": "complaint", "posted_at": "2026-07-01T00:00:00"},
        {"author_id": "k", "brand": "they", "kind": "positive", "posted_at": "2026-07-02T00:00:00"},
        {"author_id": "k", "brand": "we", "kind": "positive", "posted_at": "2026-09-02T00:00:00"},
        {"author_id": None, "brand": None, "kind": None, "posted_at": "2026-09-03T00:00:00"},
        {"author_id": "m", "brand": "we", "kind": "positive", "posted_at": "2026-09-03T00:00:00"},
        platform="x",
    )
    assert [figures.one("unique_authors", period).value for period in (JUL, AUG, SEP, WHOLE)] == [1, 0, 2, 2]
    assert figures.one("unique_authors", SEP).note == "1 of 3 mentions name no author"
    voice = figures.one("share_of_voice", WHOLE, brand="we")
    assert (voice.numerator, voice.denominator, voice.note) == (3, 4, "1 more mentions name no brand")
    assert figures.one("share_of_voice", AUG, brand="we").reason == "no mention of the period names a brand"
    mood = figures.one("net_sentiment", WHOLE)
    assert (mood.numerator, mood.denominator, mood.note) == (2, 4, "1 of 5 mentions have no kind")
    assert figures.one("net_sentiment", AUG).value is None


def test_the_six_areas_are_kept_apart_and_what_lacks_is_named(figures: Figures) -> None:
    with_posts(figures)
    with figures.opened() as tables:
        found = areas_covered(care_metrics(tables, months=Q3, zone="UTC"))
    assert tuple(found) == AREAS
    content = found["engagement and content"]
    assert {"link_clicks", "interactions", "link_clickers"} <= set(content.counted)
    assert content.missing["followers"] == "table `series`"
    assert found["listening"].missing["net_sentiment"] == "table `mentions`"
    assert not found["advertising"].counted
    assert found["influencers"].why_none.startswith("no table of the contract holds creators")
    assert found["customer service"].to_dict()["counted"] == []


def test_a_refused_metric_is_told_with_its_reason() -> None:
    row = Metric(
        id="reach", version=1, basis="action", period=JUL, value=None, unit="people", reason="no row spans the month"
    )
    found = areas_covered(MetricsResult((row,), MappingProxyType({}), JUL))
    assert found["engagement and content"].refused == {"reach": "no row spans the month"}


def test_clicks_without_a_table_of_posts_are_counted_by_action_alone(tmp_path: Path) -> None:
    """A link shortener's export: clicks of links, and nothing known of the posts that carry them."""
    folder = tmp_path / "shortener"
    folder.mkdir()
    rows = "a,l,click,5,2026-08-02T09:00:00Z\nb,l,click,3,2026-09-02T09:00:00Z\n"
    (folder / "post_actions.csv").write_text(f"action_id,link_id,kind,quantity,occurred_at\n{rows}")
    months = (Month.of("2026-08"), Month.of("2026-09"))
    with open_tables(prepare([Source(folder)], cache=tmp_path / "cache")) as tables:
        clicks = care_metrics(tables, months=months, zone="UTC").of("link_clicks")
    assert [(row.period, row.value) for row in clicks if row.basis == "action"] == [("2026-08", 5), ("2026-09", 3)]
    assert {row.reason for row in clicks if row.basis == "post"} == {
        "table `posts` is missing: without it nothing can be credited to a post"
    }
