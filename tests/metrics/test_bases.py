"""Both bases of counting: the founding example by hand, the five laws on made-up and on real events, refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month, local_midnight, month_of, months_between
from analysis.foundation.errors import DesignError
from analysis.foundation.provenance import canonical_json
from analysis.inference.estimate import RowsUsed
from analysis.metrics.bases import Activity, activities, activity
from analysis.metrics.known_triangle import closes_of, known_triangle
from analysis.metrics.triangle import POOLED, PRE_HISTORY, UNKNOWN, Bridge, Triangle, bridge
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.load import Source, open_tables, prepare
from analysis.tables.opened import TableAccount, Tables

ZONE = "Europe/London"
FIRST, LAST = Month.of("2026-02"), Month.of("2026-05")  # the clocks go forward on 29 March
MONTHS = months_between(FIRST, LAST)
KINDS = ("click", "like")


def literal(value: object) -> str:
    if isinstance(value, datetime):
        return f"timestamp '{value}'"
    return "null" if value is None else repr(value)


def view(columns: dict[str, str], rows: Sequence[Sequence[object]]) -> str:
    """A query for a few rows, each column in its type."""
    cast = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in columns.items())
    given = rows or [[None] * len(columns)]
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in given)
    return f"select {cast} from (values {values}) as v ({', '.join(columns)})" + ("" if rows else " where false")


POSTS = {"post_id": "varchar", "published_at": "timestamp", "platform": "varchar", "link_id": "varchar",
         "known_at": "timestamp"}  # fmt: skip
ACTIONS = {"action_id": "varchar", "post_id": "varchar", "link_id": "varchar", "kind": "varchar", "quantity": "bigint",
           "occurred_at": "timestamp", "known_at": "timestamp"}  # fmt: skip
COUNTERS = {"counter_id": "varchar", "post_id": "varchar", "kind": "varchar", "observed_at": "timestamp",
            "value": "bigint", "known_at": "timestamp"}  # fmt: skip


@contextmanager
def opened(
    posts: Sequence[Sequence[object]],
    actions: Sequence[Sequence[object]] | None = None,
    counters: Sequence[Sequence[object]] | None = None,
    basis: str | None = None,
) -> Iterator[Tables]:
    """Tables of a few rows, without files."""
    given = {"posts": (POSTS, posts), "post_actions": (ACTIONS, actions), "post_counters": (COUNTERS, counters)}
    views = {name: view(columns, rows) for name, (columns, rows) in given.items() if rows is not None}
    accounts = {
        name: TableAccount(
            name=name,
            rows=RowsUsed(read=0, kept=0, set_aside=MappingProxyType({})),
            columns=tuple(given[name][0]),
            fingerprint="",
            basis={"quantity": basis} if basis and name == "post_actions" else {},
        )
        for name in views
    }
    engine = DuckDBEngine(views, files=[], memory_limit="200MB")
    with Tables(engine, accounts, known_at=None, known_at_assumed=False) as tables:
        yield tables


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


DECEMBER_POST = ("p", at("2025-12-20 10:00:00"), "twitter", None, None)
TRENDING = [
    ("a1", "p", None, "click", 10, at("2025-12-21 10:00:00"), None),
    ("a2", "p", None, "click", 90, at("2026-01-15 10:00:00"), None),
    ("a3", "q", None, "click", 5, at("2026-01-16 10:00:00"), None),
    ("a4", "p", None, "click", -2, at("2026-01-17 10:00:00"), None),
]


def test_a_december_post_that_trends_in_january() -> None:
    """10 clicks in December, 90 in January and 2 taken back; 5 in January on a post nobody knows.

    By actions December has 10, January 93; by posts December has 98, January none.
    """
    december, january = months = months_between(Month.of("2025-12"), Month.of("2026-01"))
    with opened([DECEMBER_POST], TRENDING) as tables:
        found = activity(tables, months, "UTC")
        early = activity(tables, months, "UTC", known_at=at("2026-01-01 00:00:00"))
    assert [found.quantity("action", month) for month in months] == [10, 93]
    assert [found.quantity("post", month) for month in months] == [98, 0]
    assert early.quantity("post", december) == 10, "the post report on the last of December"
    crossing = bridge(found, january, "click")
    assert crossing.lines == (("posts published 1 month before", 88), (UNKNOWN, 5))
    assert (crossing.post, crossing.action, crossing.carried_in) == (0, 93, 88)
    assert list(crossing.to_frame()["quantity"]) == [0, 88, 5, 93]
    triangle = Triangle.of(found, "click")
    assert dict(triangle.aged) == {(december, 0): 10, (december, 1): 88}
    assert dict(triangle.apart) == {(UNKNOWN, january): 5}
    assert len(triangle.to_frame()) == 3


def test_posts_of_before_are_pre_history_and_later_actions_stay_in_the_post_basis() -> None:
    (december,) = months_between(Month.of("2025-12"), Month.of("2025-12"))
    with opened([DECEMBER_POST], TRENDING) as tables:
        early = activity(tables, [december], "UTC")
        late = activity(tables, [Month.of("2026-01")], "UTC")
    assert early.quantity("post", december) == 98
    assert Triangle.of(early, "click").later == {december: 88}
    assert bridge(late, Month.of("2026-01"), "click").lines == ((PRE_HISTORY, 88), (UNKNOWN, 5))


def test_matured_counts_stop_at_the_horizon_to_the_second() -> None:
    actions = [
        (f"a{n}", "p", None, "click", 1, DECEMBER_POST[1] + timedelta(days=7, seconds=seconds), None)
        for n, seconds in enumerate((-1, 0))
    ]
    with opened([DECEMBER_POST], actions) as tables:
        found = activity(tables, [Month.of("2025-12")], "UTC", within_days=7)
    assert found.quantity("post") == 1
    with pytest.raises(DesignError, match="have no horizon"):
        found.quantity("action")
    with pytest.raises(DesignError, match="without a horizon"):
        Triangle.of(found, "click")


def test_a_link_of_one_post_leads_to_it_and_one_of_several_to_none() -> None:
    """The click on `own` names no post and is credited to p1; those on `shared` are pooled, also where a tracker names
    a post."""
    posts = [
        (f"p{n}", at("2026-02-01 10:00:00"), "x", link, None) for n, link in enumerate(("shared", "own", "shared"))
    ]
    actions = [
        ("a1", None, "own", "click", 3, at("2026-02-02 10:00:00"), None),
        ("a2", None, "shared", "click", 5, at("2026-02-02 10:00:00"), None),
        ("a3", "p0", "shared", "click", 7, at("2026-02-02 10:00:00"), None),
        ("a4", None, "strange", "click", 11, at("2026-02-02 10:00:00"), None),
        ("a5", "p0", None, "click", 13, at("2026-02-02 10:00:00"), None),
    ]
    with opened(posts, actions) as tables:
        found = activity(tables, [FIRST], "UTC")
    assert found.quantity("action", FIRST) == 39
    assert found.quantity("post", FIRST) == 16
    assert bridge(found, FIRST, "click").lines == ((UNKNOWN, 11), (POOLED, 12))


def test_months_are_those_of_the_reporting_zone() -> None:
    """23:30 UTC on 31 March is 1 April in London."""
    actions = [("a", "p", None, "click", 1, at("2026-03-31 23:30:00"), None)]
    with opened([("p", at("2026-03-31 22:30:00"), "x", None, None)], actions) as tables:
        found = activity(tables, MONTHS, ZONE)
    assert Triangle.of(found, "click").aged == {(Month.of("2026-03"), 1): 1}


def test_dates_that_contradict_each_other_are_a_line_of_the_bridge() -> None:
    """Clicked in February, posted in March: February's bridge carries it in, March's takes it out again."""
    actions = [("a", "p", None, "click", 4, at("2026-02-20 10:00:00"), None)]
    with opened([("p", at("2026-03-05 10:00:00"), "x", None, None)], actions) as tables:
        found = activity(tables, MONTHS, "UTC")
    line = "dated before its post, or known before it happened"
    assert bridge(found, Month.of("2026-02"), "click").lines == ((line, 4),)
    assert bridge(found, Month.of("2026-03"), "click").lines == ((line, -4),)


def test_news_after_the_end_of_the_month_is_a_line_of_the_bridge() -> None:
    actions = [("a", "p", None, "click", 4, at("2026-02-20 10:00:00"), at("2026-03-02 10:00:00"))]
    with opened([("p", at("2026-02-05 10:00:00"), "x", None, None)], actions) as tables:
        found = bridge(activity(tables, MONTHS, "UTC"), FIRST, "click")
    assert (found.post, found.lines, found.action) == (0, (("learned of after the month ended", 4),), 4)


def test_a_bridge_that_does_not_reach_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="does not reach"):
        Bridge(month=FIRST, kind="click", post=1, lines=(("x", 1),), action=3)


@pytest.mark.parametrize(
    ("declared", "refused", "words"),
    [
        ("post", {"action"}, "when people acted is not told"),
        ("unknown", {"action", "post"}, "cannot be told"),
        ("mixed", {"action", "post"}, "cannot be told"),
        ("action", set(), ""),
    ],
)
def test_a_basis_the_source_does_not_count_on_is_refused(declared: str, refused: set[str], words: str) -> None:
    with opened([DECEMBER_POST], TRENDING, basis=declared) as tables:
        found = activity(tables, MONTHS, "UTC")
        matured = activity(tables, MONTHS, "UTC", within_days=30)
        assert set(found.refusals) == refused
        assert set(matured.refusals) == (refused | {"post"} if refused else set())
        for basis in refused:
            with pytest.raises(DesignError, match=words):
                found.quantity(basis)
        if refused:
            with pytest.raises(DesignError):
                Triangle.of(found, "click")
        if "action" in refused:
            with pytest.raises(DesignError, match=words):
                known_triangle(tables, "UTC", closes_of(MONTHS, "UTC", 5))


def test_without_a_table_of_actions_there_is_nothing_to_count() -> None:
    with opened([DECEMBER_POST]) as tables, pytest.raises(DesignError, match="give one of them"):
        activity(tables, MONTHS, "UTC")


def test_the_frames_hold_every_figure() -> None:
    months = months_between(Month.of("2025-12"), Month.of("2026-01"))
    with opened([DECEMBER_POST], TRENDING) as tables:
        frame = activity(tables, months, "UTC").to_frame()
        reported = known_triangle(tables, "UTC", closes_of(months, "UTC", 0)).to_frame()
    assert list(frame["quantity"]) == [10, 93, 98, 0]
    assert list(reported.columns) == ["kind", "month", "close", "quantity"]


# The laws, on events of all shapes: what an honest program must hold for any of them.

start, end = at("2026-01-10 00:00:00"), at("2026-06-20 00:00:00")
instants = st.integers(0, int((end - start).total_seconds())).map(lambda second: start + timedelta(seconds=second))
near_midnight = st.integers(2, 6).flatmap(
    lambda month: st.integers(-3601, 3601).map(lambda second: datetime(2026, month, 1) + timedelta(seconds=second))
)
moments = st.one_of(instants, near_midnight)
lags = st.one_of(st.none(), st.integers(0, 60 * 86_400).map(lambda second: timedelta(seconds=second)))


@st.composite
def events(draw: Callable) -> tuple[list, list]:
    """Posts, some of one link; actions of both signs, some on posts nobody knows, known at once or up to 60 days on."""
    n = draw(st.integers(1, 5))
    posts = [
        (f"p{k}", draw(moments), draw(st.sampled_from(["x", "y"])), draw(st.sampled_from([None, "l1", "l2"])), None)
        for k in range(n)
    ]
    actions = []
    for k in range(draw(st.integers(0, 14))):
        post = draw(st.sampled_from([*(row[0] for row in posts), "gone", None]))
        occurred, lag = draw(moments), draw(lags)
        link = draw(st.sampled_from([None, None, "l1", "l2", "l3"]))
        known = None if lag is None else occurred + lag
        kind, quantity = draw(st.sampled_from(KINDS)), draw(st.integers(-3, 40))
        actions.append((f"a{k}", post, link, kind, quantity, occurred, known))
    return posts, actions


laws = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@laws
@given(events(), st.integers(0, 40), st.randoms(use_true_random=False))
def test_nothing_reported_is_lost_or_counted_twice(made: tuple[list, list], grace: int, random) -> None:
    """First law. What was reported up to a month is what its close knows of all months up to it; and a close knows what
    counting as known at its instant finds. Rows in another order give the same."""
    posts, actions = made
    closes = closes_of(MONTHS, ZONE, grace)
    with opened(posts, actions) as tables:
        known = known_triangle(tables, ZONE, closes)
        counted = {close: activity(tables, MONTHS, ZONE, known_at=closes[close]) for close in MONTHS}
    for kind in KINDS:
        for place, close in enumerate(MONTHS):
            reported = sum(known.reported(month, kind) for month in MONTHS[: place + 1])
            assert reported == sum(known.action(month, close, kind) for month in MONTHS[: place + 1])
            for month in MONTHS:
                assert known.action(month, close, kind) == counted[close].quantity("action", month, kind)
    random.shuffle(actions)
    with opened(posts[::-1], actions) as tables:
        assert known_triangle(tables, ZONE, closes).first_known == known.first_known


def by_eye(posts: list, actions: list, month: Month | None, basis: str, kind: str, known_at: datetime | None) -> int:
    """Row by row, as the definition reads; None for all months."""
    home = {row[0]: row for row in posts}
    bearers = {link: [row for row in posts if row[3] == link] for link in {row[3] for row in posts} if link}
    total = 0
    for _, post, link, what, quantity, occurred, known in actions:
        if what != kind or (known_at is not None and (known or occurred) > known_at):
            continue
        own = home.get(post)
        if link in bearers and len(bearers[link]) > 1:
            own = None
        elif post is None and link in bearers:
            (own,) = bearers[link]
        when = occurred if basis == "action" else own and own[1]
        total += quantity if when is not None and (month is None or month_of(when, ZONE) == month) else 0
    return total


@laws
@given(events())
def test_rows_and_diagonals_of_the_triangle_are_the_two_bases(made: tuple[list, list]) -> None:
    """Second law, with months that hold all events; and the bridge, which cannot be built if it does not reach."""
    posts, actions = made
    posts = [(*row[:4], at("2026-01-01 00:00:00")) for row in posts]
    months = months_between(Month.of("2026-01"), Month.of("2026-06"))
    with opened(posts, actions) as tables:
        found = activity(tables, months, ZONE)
        known = {month: activity(tables, months, ZONE, known_at=local_midnight(month.plus(1).first_day, ZONE))
                 for month in months}  # fmt: skip
    for kind in KINDS:
        triangle = Triangle.of(found, kind)
        for month in months:
            assert triangle.row(month) == found.quantity("post", month, kind)
            assert triangle.diagonal(month) + triangle.outside(month) == found.quantity("action", month, kind)
            assert found.quantity("action", month, kind) == by_eye(posts, actions, month, "action", kind, None)
            assert found.quantity("post", month, kind) == by_eye(posts, actions, month, "post", kind, None)
            crossing = bridge(found, month, kind)
            assert crossing.post == known[month].quantity("post", month, kind), "post(t, end(t))"
            carried = sum(triangle.aged.get((month.plus(-age), age), 0) for age in range(1, 6))
            assert crossing.carried_in == carried
        rows = sum(triangle.row(month) for month in months)
        assert rows + sum(triangle.apart.values()) == sum(found.quantity("action", month, kind) for month in months)


@laws
@given(events(), moments, moments)
def test_more_knowledge_adds_exactly_the_rows_that_became_known(
    made: tuple[list, list], one: datetime, other: datetime
) -> None:
    """Third law."""
    posts, actions = made
    early, late = sorted((one, other))
    posts = [(*row[:4], at("2026-01-01 00:00:00")) for row in posts]
    between = [row for row in actions if early < (row[6] or row[5]) <= late]
    with opened(posts, actions) as tables:
        before, after = (activity(tables, MONTHS, ZONE, known_at=instant) for instant in (early, late))
    with opened(posts, between) as tables:
        news = activity(tables, MONTHS, ZONE)
    for basis in ("action", "post"):
        for month in MONTHS:
            for kind in KINDS:
                gained = after.quantity(basis, month, kind) - before.quantity(basis, month, kind)
                assert gained == news.quantity(basis, month, kind)


def as_bytes(found: Activity) -> bytes:
    return canonical_json({"cells": [list(cell) for cell in found.cells]})


@laws
@given(events(), moments, st.randoms(use_true_random=False))
def test_a_locked_figure_can_be_built_again_to_the_byte(made: tuple[list, list], known_at: datetime, random) -> None:
    """Fourth law: at the same instant the same bytes, in any order of rows, and whatever is learned afterwards."""
    posts, actions = made
    with opened(posts, actions) as tables:
        first = activity(tables, MONTHS, ZONE, known_at=known_at)
    later = [("z", "p0", None, "click", 99, at("2026-02-10 00:00:00"), known_at + timedelta(seconds=1))]
    shuffled = [*actions, *later]
    random.shuffle(shuffled)
    with opened(posts, shuffled) as tables:
        assert as_bytes(activity(tables, MONTHS, ZONE, known_at=known_at)) == as_bytes(first)


@laws
@given(events(), st.integers(1, 40))
def test_a_matured_figure_stays_and_an_unmatured_grows(made: tuple[list, list], days: int) -> None:
    """Fifth law: once its last post was followed for the horizon and all news is in, `post_h` of a month stays."""
    posts, actions = made
    posts = [(*row[:4], at("2026-01-01 00:00:00")) for row in posts]
    months = months_between(FIRST, Month.of("2026-03"))
    settled = local_midnight(months[-1].plus(1).first_day, ZONE) + timedelta(days=days + 61)
    with opened(posts, actions) as tables:
        then = activity(tables, months, ZONE, known_at=settled, within_days=days)
        ever = activity(tables, months, ZONE, within_days=days)
    for month in months:
        assert then.quantity("post", month) == ever.quantity("post", month)


@laws
@given(events(), st.sets(st.integers(1, 40), min_size=2, max_size=2))
def test_one_scan_tells_each_horizon_as_if_alone(made: tuple[list, list], horizons: set[int]) -> None:
    """And a horizon holds what is left when later actions are taken out of the table."""
    posts, actions = made
    published = {row[0]: row[1] for row in posts}
    with opened(posts, actions) as tables:
        together = activities(tables, MONTHS, ZONE, horizons=horizons)
        assert {None, *horizons} == set(together)
        for days, found in together.items():
            alone = activity(tables, MONTHS, ZONE, within_days=days)
            assert as_bytes(found) == as_bytes(alone)
            assert (found.within_days, found.refusals) == (days, alone.refusals)
    own = [(*row[:2], None, *row[3:]) for row in actions if row[1] in published]
    posts = [(*row[:3], None, *row[4:]) for row in posts]
    with opened(posts, own) as tables:
        together = activities(tables, MONTHS, ZONE, horizons=horizons)
    for days in horizons:
        early = [row for row in own if row[5] < published[row[1]] + timedelta(days=days)]
        with opened(posts, early) as tables:
            assert as_bytes(together[days]) == as_bytes(activity(tables, MONTHS, ZONE))


def test_the_plain_post_basis_never_stops_growing() -> None:
    """What the fifth law says is not so of `post`: the same click of 400 days on is in `post` and not in `post_h`."""
    actions = [("a", "p", None, "click", 1, DECEMBER_POST[1] + timedelta(days=400), None)]
    months = [Month.of("2025-12")]
    with opened([DECEMBER_POST], actions) as tables:
        early = activity(tables, months, "UTC", known_at=at("2026-12-31 00:00:00"))
        late, matured = activity(tables, months, "UTC"), activity(tables, months, "UTC", within_days=30)
    assert [found.quantity("post") for found in (early, late, matured)] == [0, 1, 0]


# The same on real events.


def tweets_as_posts(real_data: Path, folder: Path) -> Path:
    """The real tweets as posts and actions: each tweet of a customer that opens a conversation is taken for a post of
    its brand, each later tweet of a customer in that conversation for a comment on it. Conversations whose opening
    tweet is not in the file stay unknown posts. What is known when is known at once, but the last digit of the
    tweet's number delays it by up to nine days, so that there is late news."""
    with open_tables(prepare([Source(real_data / "twcs", map="twcs")], cache=folder / "cache")) as tables:
        mentions = tables.engine.query(
            "select mention_id, posted_at, in_reply_to, conversation_id, brand from mentions order by mention_id"
        ).to_pandas()
    opening = mentions["in_reply_to"].isna()
    posts = mentions[opening].rename(columns={"conversation_id": "post_id", "posted_at": "published_at"})
    comments = mentions[~opening]
    target = folder / "events"
    target.mkdir()
    posts.assign(platform="twitter")[["post_id", "published_at", "platform"]].to_csv(target / "posts.csv", index=False)
    pd.DataFrame(
        {
            "action_id": comments["mention_id"],
            "post_id": comments["conversation_id"],
            "kind": "comment",
            "quantity": 1,
            "occurred_at": comments["posted_at"],
            "known_at": comments["posted_at"] + pd.to_timedelta(comments["mention_id"].str[-1].astype(int), unit="D"),
        }
    ).to_csv(target / "post_actions.csv", index=False)
    return target


def purchases_as_posts(real_data: Path, folder: Path) -> Path:
    """The real purchases of CDNOW: a customer's first order is taken for a post, each later one for a comment on it,
    as in a cohort report. Known at once, but the last digit of the order's number delays it by up to nine days."""
    with open_tables(prepare([Source(real_data / "cdnow", map="cdnow")], cache=folder / "cache")) as tables:
        orders = tables.engine.query(
            "select customer_id, order_id, ordered_at, row_number() over (partition by customer_id "
            "order by ordered_at, order_id) as place from orders order by order_id"
        ).to_pandas()
    target = folder / "events"
    target.mkdir()
    first, later = orders[orders["place"] == 1], orders[orders["place"] > 1]
    pd.DataFrame({"post_id": first["customer_id"], "published_at": first["ordered_at"], "platform": "shop"}).to_csv(
        target / "posts.csv", index=False
    )
    delay = pd.to_timedelta(later["order_id"].astype(str).str[-1].astype(int), unit="D")
    pd.DataFrame(
        {"action_id": later["order_id"], "post_id": later["customer_id"], "kind": "comment", "quantity": 1,
         "occurred_at": later["ordered_at"], "known_at": later["ordered_at"] + delay}
    ).to_csv(target / "post_actions.csv", index=False)  # fmt: skip
    return target


@pytest.mark.parametrize("source", [tweets_as_posts, purchases_as_posts])
def test_the_laws_hold_on_real_events(source: Callable[[Path, Path], Path], real_data: Path, tmp_path: Path) -> None:
    folder = source(real_data, tmp_path)
    posts = pd.read_csv(folder / "posts.csv", dtype=str, parse_dates=["published_at"])
    actions = pd.read_csv(folder / "post_actions.csv", dtype=str, parse_dates=["occurred_at", "known_at"])
    assert len(actions) > 1000
    held = [*posts["published_at"], *actions["occurred_at"]]
    months = months_between(month_of(min(held).to_pydatetime(), ZONE), month_of(max(held).to_pydatetime(), ZONE))[-30:]
    closes = closes_of(months, ZONE, 5)
    with open_tables(prepare([Source(folder)], cache=tmp_path / "c2", zone="UTC")) as tables:
        found = activity(tables, months, ZONE)
        again = activity(tables, months, ZONE)
        known = known_triangle(tables, ZONE, closes)
        at_close = [activity(tables, months, ZONE, known_at=closes[month]) for month in months[-4:]]
        horizon = [
            activity(tables, months[-4:-2], ZONE, within_days=7, known_at=at)
            for at in (local_midnight(months[-1].first_day, ZONE) + timedelta(days=20), None)
        ]
    triangle = Triangle.of(found, "comment")
    for place, month in enumerate(months):  # first and second law
        reported = sum(known.reported(earlier, "comment") for earlier in months[: place + 1])
        assert reported == sum(known.action(earlier, month, "comment") for earlier in months[: place + 1])
        assert triangle.row(month) == found.quantity("post", month)
        assert triangle.diagonal(month) + triangle.outside(month) == found.quantity("action", month)
        assert bridge(found, month, "comment").action == found.quantity("action", month)
    home = dict(zip(posts["post_id"], posts["published_at"], strict=True))
    published = actions["post_id"].map(home)
    for month in months[-4:]:  # by hand, in another program
        inside = [month_of(instant.to_pydatetime(), ZONE) == month for instant in actions["occurred_at"]]
        owned = [not pd.isna(day) and month_of(day.to_pydatetime(), ZONE) == month for day in published]
        assert (found.quantity("action", month), found.quantity("post", month)) == (sum(inside), sum(owned))
    for month, then in zip(months[-4:], at_close, strict=True):  # third law
        for earlier in months:
            assert known.action(earlier, month, "comment") == then.quantity("action", earlier)
    assert as_bytes(found) == as_bytes(again)  # fourth law
    for month in months[-4:-2]:  # fifth law
        assert horizon[0].quantity("post", month) == horizon[1].quantity("post", month)
