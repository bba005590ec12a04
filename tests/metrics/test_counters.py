"""Lifetime counts become actions: by hand, against a slow second road, and by laws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month, local_midnight, months_between
from analysis.metrics.bases import activity, allocated_share
from analysis.metrics.counters import CounterAccount
from analysis.metrics.known_triangle import closes_of, known_triangle
from analysis.metrics.triangle import Triangle
from analysis.tables.load import Source, open_tables, prepare

JAN, FEB, MAR = MONTHS = months_between(Month.of("2026-01"), Month.of("2026-03"))
Reading = tuple[str, int]


@pytest.fixture
def opened(tmp_path: Path) -> Callable:
    """Opens posts (id to publication) and readings of likes (post to readings), and actions if any, from files."""

    @contextmanager
    def tables(
        posts: dict[str, str],
        likes: dict[str, Sequence[Reading]],
        actions: Sequence[tuple[str, str, int]] = (),
        known: Callable[[str], str] | None = None,
    ):
        folder = tmp_path / f"f{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        pd.DataFrame(
            [(post, when, "x") for post, when in posts.items()], columns=["post_id", "published_at", "platform"]
        ).to_csv(folder / "posts.csv", index=False)
        rows = [(post, "like", when, value) for post, readings in likes.items() for when, value in readings]
        frame = pd.DataFrame(rows, columns=["post_id", "kind", "observed_at", "value"])
        if known is not None:
            frame["known_at"] = [known(when) for when in frame["observed_at"]]
        frame.assign(counter_id=range(len(frame))).to_csv(folder / "post_counters.csv", index=False)
        if actions:
            frame = pd.DataFrame(actions, columns=["post_id", "occurred_at", "quantity"])
            frame.assign(kind="like", action_id=range(len(frame))).to_csv(folder / "post_actions.csv", index=False)
        with open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone="UTC")) as found:
            yield found

    return tables


def by_month(found, basis: str = "action") -> list[int]:
    return [found.quantity(basis, month) for month in found.local.months]


OLD = {"old": "2025-11-01T00:00:00"}
LOOK = ("2026-01-05T00:00:00", 1000)
"""The first reading of the platform, of an old post: an opening balance."""


def test_readings_become_what_happened_between_them(opened: Callable) -> None:
    """The old post had 1,000 likes when it was first read, which is no activity; then 10 more, then 4 taken back.

    The new post was read at 7: all of them since it was published.
    """
    readings = {
        "old": [LOOK, ("2026-01-20T00:00:00", 1010), ("2026-01-25T00:00:00", 1006)],
        "new": [("2026-02-20T00:00:00", 7)],
    }
    with opened(OLD | {"new": "2026-02-10T00:00:00"}, readings) as tables:
        found = activity(tables, MONTHS, "UTC")
    assert by_month(found) == [6, 7, 0]
    assert by_month(found, "post") == [0, 7, 0], "the old post is pre-history"
    account = CounterAccount(readings=4, left_out=0, openings=1, opening=1000, decreases=1)
    assert found.accounts == {"like": account}
    assert allocated_share(found.on("action")) == 0


def test_a_span_over_the_end_of_a_month_is_spread_over_time_and_marked(opened: Callable) -> None:
    """31 likes from 22 January to 6 February, 10 of 15 days in January: 31 x 10 / 15 = 20.67, so 21 and 10."""
    with opened(OLD, {"old": [LOOK, ("2026-01-22T00:00:00", 1000), ("2026-02-06T00:00:00", 1031)]}) as tables:
        found = activity(tables, MONTHS, "UTC")
    assert by_month(found) == [21, 10, 0]
    assert [allocated_share(found.on("action", month)) for month in MONTHS] == [1, 1, 0]


def test_a_reading_at_the_boundary_parts_two_months_exactly(opened: Callable) -> None:
    """In the zone of the report: the boundary of London's April is 23:00 on the last of March."""
    readings = [LOOK, ("2026-03-31T23:00:00", 1008), ("2026-04-20T00:00:00", 1009)]
    months = months_between(JAN, Month.of("2026-04"))
    with opened(OLD, {"old": [*readings[:1], ("2026-03-10T00:00:00", 1000), *readings[1:]]}) as tables:
        exact, spread = activity(tables, months, "Europe/London"), activity(tables, months, "UTC")
    assert by_month(exact) == [0, 0, 8, 1]
    assert allocated_share(exact.on("action")) == 0
    assert by_month(spread) == [0, 0, 8, 1]
    assert allocated_share(spread.on("action", Month.of("2026-04"))) == 1, "an hour's reading too early for UTC"


def test_a_span_over_many_months_adds_up(opened: Callable) -> None:
    """2 likes spread over 90 days; falls are spread alike."""
    for grown in (2, -2, 1, -7, 0):
        likes = {"old": [LOOK, ("2026-01-05T12:00:00", 1000), ("2026-04-05T12:00:00", 1000 + grown)]}
        months = months_between(JAN, Month.of("2026-04"))
        with opened(OLD, likes) as tables:
            found = activity(tables, months, "UTC")
        assert sum(by_month(found)) == grown
        assert all(value * grown >= 0 for value in by_month(found))


def test_posts_of_before_the_first_look_are_old_and_unknown_posts_too(opened: Callable) -> None:
    """A post published a second before the platform was first read opens with a balance; at that second it is new."""
    posts = OLD | {"just before": "2026-01-04T23:59:59", "just then": "2026-01-05T00:00:00"}
    later = [("2026-01-10T00:00:00", 5), ("2026-01-11T00:00:00", 6)]
    with opened(posts, {"old": [LOOK], "just before": later, "just then": later, "gone": later}) as tables:
        found = activity(tables, MONTHS, "UTC")
    assert found.quantity("action", JAN) == 1 + 6 + 1
    assert found.quantity("post", JAN) == 1 + 6
    assert found.accounts["like"].openings == 3


def test_where_actions_tell_the_same_they_count_and_the_readings_are_left_out(opened: Callable) -> None:
    readings = {"new": [("2026-02-20T00:00:00", 7)], "other": [("2026-02-20T00:00:00", 3)], "old": [LOOK]}
    posts = OLD | {"new": "2026-02-10T00:00:00", "other": "2026-02-10T00:00:00"}
    with opened(posts, readings, actions=[("new", "2026-02-11T00:00:00", 6)]) as tables:
        found = activity(tables, MONTHS, "UTC")
        known = known_triangle(tables, "UTC", closes_of(MONTHS, "UTC", 5))
    assert by_month(found) == [0, 9, 0]
    assert found.accounts["like"].left_out == 1
    assert known.locked(FEB, "like") == 9


def test_a_horizon_parts_a_span_where_it_ends(opened: Callable) -> None:
    """Read at 20 after 10 days: within 5 days 10 of them, spread; a reading at 5 days parts them exactly."""
    posts = OLD | {"a": "2026-02-01T00:00:00", "b": "2026-02-01T00:00:00"}
    readings = {
        "old": [LOOK],
        "a": [("2026-02-11T00:00:00", 20)],
        "b": [("2026-02-06T00:00:00", 19), ("2026-02-11T00:00:00", 20)],
    }
    with opened(posts, readings) as tables:
        found = activity(tables, MONTHS, "UTC", within_days=5)
    assert found.quantity("post", FEB) == 10 + 19
    assert allocated_share(found.on("post", FEB)) == pytest.approx(10 / 29)


def test_two_readings_at_one_instant_follow_each_other_by_id(opened: Callable) -> None:
    with opened(OLD, {"old": [LOOK, ("2026-02-01T00:00:00", 1004), ("2026-02-01T00:00:00", 1003)]}) as tables:
        found = activity(tables, MONTHS, "UTC")
    assert by_month(found) == [4, -1, 0]


def test_a_reading_before_its_post_was_published_is_taken_at_its_own_time(opened: Callable) -> None:
    posts = OLD | {"new": "2026-02-20T00:00:00"}
    with opened(posts, {"old": [LOOK], "new": [("2026-02-10T00:00:00", 5)]}) as tables:
        assert by_month(activity(tables, MONTHS, "UTC")) == [0, 5, 0]


def test_what_each_close_knew_of_readings_that_came_late(opened: Callable) -> None:
    """A reading of January that came in March: January was closed at the even spread and is then adjusted.

    1,000 on 5 January, 1,031 on 5 February at midnight, that is 27 days of 31 in January: 27 and 4. In March it is
    learned that on 31 January it stood at 1,010: 10 and a share of 4 of 5 in 21 (spread, one day in January: 4).
    """
    likes = [LOOK, ("2026-01-31T00:00:00", 1010), ("2026-02-05T00:00:00", 1031)]
    late = {likes[1][0]: "2026-03-20T00:00:00"}
    with opened(OLD, {"old": likes}, known=lambda when: late.get(when, when)) as tables:
        closes = closes_of(MONTHS, "UTC", 5)
        known = known_triangle(tables, "UTC", closes)
        counted = {close: activity(tables, MONTHS, "UTC", known_at=closes[close]) for close in MONTHS}
    assert (known.locked(JAN, "like"), known.adjustment(JAN, MAR, "like")) == (27, -13)
    assert (known.locked(FEB, "like"), known.adjustment(FEB, MAR, "like")) == (4, 13)
    for close in MONTHS:
        for month in MONTHS:
            assert known.action(month, close, "like") == counted[close].quantity("action", month)


moments = st.integers(0, 100 * 86_400).map(lambda second: datetime(2026, 1, 1) + timedelta(seconds=second))


many = st.lists(st.tuples(moments, st.integers(0, 50)), max_size=5)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(moments, many), max_size=4),
    st.randoms(use_true_random=False),
)
def test_against_a_slow_second_road(tmp_path_factory, posts: list, random) -> None:
    """Row by row in Python, with exact fractions; parts add up to the growth; the order of rows does not matter."""
    zone, months = "Europe/London", months_between(JAN, Month.of("2026-04"))
    bounds = [local_midnight(month.first_day, zone) for month in months] + [local_midnight(datetime(2026, 5, 1), zone)]
    looks = [when for _, readings in posts for when, _ in readings]
    assume(looks)
    expected, grown = dict.fromkeys(months, 0), 0
    for published, readings in posts:
        ordered = sorted(readings, key=lambda reading: reading[0])
        assume(len({when for when, _ in ordered}) == len(ordered))
        new = bool(ordered) and published >= min(looks)
        before = (min(published, ordered[0][0]), 0) if new else None
        for when, value in ordered:
            if before is not None:
                since, growth = before[0], value - before[1]
                grown += growth
                whole = int((when - since).total_seconds())

                def reached(instant, since=since, when=when, growth=growth, whole=whole):
                    if instant >= when:
                        return growth
                    if instant <= since:
                        return 0
                    return floor(Fraction(growth * int((instant - since).total_seconds()), whole) + Fraction(1, 2))

                for month, (low, high) in zip(months, pairwise(bounds), strict=True):
                    if whole == 0:
                        expected[month] += growth if low <= when < high else 0
                    else:
                        expected[month] += reached(high) - reached(low)
            before = (when, value)
    folder = tmp_path_factory.mktemp("readings")
    pd.DataFrame(
        [(f"p{n}", when.isoformat(), "x") for n, (when, _) in enumerate(posts)],
        columns=["post_id", "published_at", "platform"],
    ).to_csv(folder / "posts.csv", index=False)
    rows = [(f"p{n}", "like", when.isoformat(), value) for n, (_, found) in enumerate(posts) for when, value in found]
    random.shuffle(rows)
    frame = pd.DataFrame(rows, columns=["post_id", "kind", "observed_at", "value"])
    frame.assign(counter_id=range(len(frame))).to_csv(folder / "post_counters.csv", index=False)
    with open_tables(prepare([Source(folder)], cache=folder / ".cache", zone="UTC")) as tables:
        found = activity(tables, months, zone)
    assert {month: found.quantity("action", month) for month in months} == expected
    assert sum(expected.values()) == grown
    if "like" in found.kinds:
        triangle = Triangle.of(found, "like")
        assert sum(map(triangle.row, months)) + sum(triangle.apart.values()) == grown
