"""What closed months say: as they are held, at any date, and the laws that hold whatever news comes when."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, InputError, UnknownName
from analysis.ledger.close import close_month
from analysis.ledger.reading import reported, state_of, with_states
from analysis.ledger.store import Ledger, verify
from analysis.metrics.figure import Metric, MetricsResult

Make = Callable
FIRST = Month.of("2026-01")
KINDS = ("complaint", "inquiry", "praise")
GRACE = timedelta(days=5)


def over(month: Month) -> datetime:
    return datetime.combine(month.plus(1).first_day, datetime.min.time()) + GRACE


# --- the laws, on made-up events

events = st.lists(
    st.tuples(
        st.integers(0, 5),  # month in which it happened
        st.integers(0, 27),  # day
        st.integers(0, 150),  # days until it became known
        st.integers(-4, 9),  # quantity: a decrease is a negative action
        st.sampled_from(KINDS),
    ),
    max_size=60,
)


def action(rows: list, month: int, known_at: datetime, kind: str | None = None) -> int:
    """The definition: what happened in the month and was known by then."""
    return sum(
        quantity
        for happened, day, delay, quantity, of in rows
        if happened == month
        and (kind is None or of == kind)
        and datetime.combine(FIRST.plus(happened).first_day, datetime.min.time()) + timedelta(days=day + delay)
        <= known_at
    )


def counted(rows: list, upto: int, known_at: datetime) -> MetricsResult:
    """The figures a count at that date gives; kinds of which nothing is known in a month do not appear.

    One mention of another kind in each month says that its kinds were counted.
    """
    figures = [_count("mentions_by_kind", str(FIRST.plus(n)), 1, {"kind": "other"}) for n in range(upto + 1)]
    for month in range(upto + 1):
        period = str(FIRST.plus(month))
        totals = {kind: action(rows, month, known_at, kind) for kind in KINDS}
        figures.append(_count("mentions", period, sum(totals.values()), {}))
        figures += [_count("mentions_by_kind", period, n, {"kind": kind}) for kind, n in totals.items() if n]
    return MetricsResult(tuple(figures), MappingProxyType({}), "whole")


def _count(metric: str, period: str, n: int, segment: dict) -> Metric:
    return Metric(
        id=metric, version=1, basis="action", period=period, value=n, numerator=n, unit="mentions", segment=segment
    )


def close_all(folder: Path, rows: list, months: int, **given) -> list[Ledger]:
    """The ledger after each close of months 0 to `months - 1`, each as known when it could be closed."""
    ledger, after = Ledger.open(folder, "care"), []
    for month in range(months):
        known = over(FIRST.plus(month))
        closing = close_month(
            ledger, counted(rows, month, known), month=FIRST.plus(month), known_at=known, over_from=known,
            inputs={"mentions": "m"}, params="p", code="c", **given,
        )  # fmt: skip
        ledger = ledger.append(closing)
        after.append(ledger)
    return after


def total(ledger: Ledger, month: int, metric: str, **given) -> float:
    if "segment" in given and all(dict(key.segment) != given["segment"] for key in state_of(ledger)):
        return 0  # a kind that never appeared
    return reported(ledger, FIRST.plus(month), metric, **given).total


@settings(max_examples=25, deadline=None)
@given(rows=events)
def test_conservation(rows: list) -> None:
    """Law 1: what months up to n reported is all that is known of them at the close of n; for each kind as well."""
    with tempfile.TemporaryDirectory() as folder:
        for n, ledger in enumerate(close_all(Path(folder) / "care", rows, 6)):
            known = over(FIRST.plus(n))
            everything = sum(action(rows, p, known) for p in range(n + 1))
            assert sum(total(ledger, q, "mentions") for q in range(n + 1)) == everything
            for kind in KINDS:
                known_of_kind = sum(action(rows, p, known, kind) for p in range(n + 1))
                said = [total(ledger, q, "mentions_by_kind", segment={"kind": kind}) for q in range(n + 1)]
                assert sum(said) == known_of_kind


@settings(max_examples=15, deadline=None)
@given(rows=events)
def test_what_a_month_reported_never_changes_and_its_parts_are_those_of_the_definition(rows: list) -> None:
    """locked(Q) = action(Q, close(Q)); adj(P -> Q) = action(P, close(Q)) - action(P, close(Q-1)), whatever is closed
    later."""
    with tempfile.TemporaryDirectory() as folder:
        after = close_all(Path(folder) / "care", rows, 6)
        for q in range(6):
            close, before = over(FIRST.plus(q)), over(FIRST.plus(q - 1))
            news = {FIRST.plus(p): action(rows, p, close) - action(rows, p, before) for p in range(q)}
            for ledger in after[q:]:
                said = reported(ledger, FIRST.plus(q), "mentions")
                assert said.locked == action(rows, q, close)
                assert dict(said.adjustments) == {month: change for month, change in news.items() if change}


@settings(max_examples=15, deadline=None)
@given(rows=events)
def test_monotone_knowledge(rows: list) -> None:
    """Law 3, on entries: what the ledger holds at close K2 differs from K1 by exactly the rows known in between, and
    asked as known at any date it answers with the close before that date."""
    with tempfile.TemporaryDirectory() as folder:
        after = close_all(Path(folder) / "care", rows, 6)
        for n, ledger in enumerate(after):
            known = over(FIRST.plus(n))
            held = {key.period: one.value for key, one in state_of(ledger).items() if key.metric == "mentions"}
            assert held == {str(FIRST.plus(p)): action(rows, p, known) for p in range(n + 1)}
            for at in (known, known + timedelta(days=20)):
                assert state_of(after[-1], at) == state_of(ledger)
        assert state_of(after[-1], over(FIRST) - timedelta(seconds=1)) == {}


@settings(max_examples=15, deadline=None)
@given(rows=events, order=st.randoms(use_true_random=False))
def test_locked_is_idempotent(rows: list, order) -> None:
    """Law 4: built again from the same knowledge, in whatever order the rows come, the ledger has the same bytes."""
    shuffled = list(rows)
    order.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        written = []
        for name, given_rows in (("one", rows), ("two", shuffled)):
            close_all(Path(folder) / name, given_rows, 5)
            close_all(Path(folder) / name, given_rows, 5)  # and again over itself: nothing is written
            written.append({path.name: path.read_bytes() for path in (Path(folder) / name).iterdir()})
            assert verify(Path(folder) / name).holds
        assert written[0] == written[1]


@settings(max_examples=15, deadline=None)
@given(rows=events, wrong=st.integers(0, 4))
def test_conservation_holds_through_a_restatement(rows: list, wrong: int) -> None:
    """Rows of one month turn out to be wrong and are taken out: every month then adds up without them."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = close_all(Path(folder) / "care", rows, 6)[-1]
        sound = [row for row in rows if row[0] != wrong]
        known = over(FIRST.plus(5))
        closing = close_month(
            ledger, counted(sound, 5, known), month=FIRST.plus(wrong), known_at=known, over_from=known, inputs={},
            params="p", code="c", restate_reason="that month was loaded twice",
        )  # fmt: skip
        ledger = ledger.append(closing)
        assert verify(ledger.folder).holds
        everything = sum(action(sound, p, known) for p in range(6))
        assert sum(total(ledger, q, "mentions") for q in range(6)) == everything
        for kind in KINDS:
            of_kind = sum(action(sound, p, known, kind) for p in range(6))
            assert sum(total(ledger, q, "mentions_by_kind", segment={"kind": kind}) for q in range(6)) == of_kind


# --- by hand


def test_late_news_stands_on_its_own_line(three: Ledger) -> None:
    """July was closed with 1,000; three more became known before August was closed with 1,100."""
    july, august = (reported(three, Month.of(month), "mentions") for month in ("2026-07", "2026-08"))
    assert (july.locked, july.adjustments, july.total) == (1000, (), 1000)
    assert (august.locked, august.adjustments, august.total) == (1100, ((Month.of("2026-07"), 3),), 1103)
    before = reported(three, Month.of("2026-07"), "mentions", at=datetime(2026, 8, 6))
    assert (before.locked, before.unit) == (1000, "mentions")


def test_a_figure_as_known_at_any_date(three: Ledger) -> None:
    (key,) = [key for key in state_of(three) if key.metric == "mentions" and key.period == "2026-07"]
    at = {day: state_of(three, datetime(2026, *day)).get(key) for day in ((8, 5), (8, 6), (9, 5), (9, 6), (12, 31))}
    assert at[8, 5] is None
    assert [(at[day].value, at[day].state) for day in ((8, 6), (9, 5))] == [(1000, "locked")] * 2
    assert [(at[day].value, at[day].locked, at[day].state) for day in ((9, 6), (12, 31))] == [
        (1003, 1000, "adjusted")
    ] * 2


def test_a_window_that_had_to_pass_is_reported_with_its_own_month(empty: Ledger, close: Make, row: Make) -> None:
    ledger = empty.append(
        close(empty, "2026-07", row("mentions", "2026-07", 10, mature=False), row("issues_raised", "2026-07", 1))
    )
    ledger = ledger.append(close(ledger, "2026-08", row("mentions", "2026-07", 12), row("mentions", "2026-08", 5)))
    assert reported(ledger, Month.of("2026-07"), "mentions").total == 12
    assert reported(ledger, Month.of("2026-08"), "mentions").adjustments == ()


def test_a_new_definition_is_reported_by_default_and_the_old_on_request(three: Ledger, close: Make, row: Make) -> None:
    rows = [row("mentions", month, 2000, version=2) for month in ("2026-07", "2026-08", "2026-09", "2026-10")]
    ledger = three.append(close(three, "2026-10", *rows))
    august = Month.of("2026-08")
    assert (reported(ledger, august, "mentions").version, reported(ledger, august, "mentions").total) == (2, 2000)
    assert reported(ledger, august, "mentions", version=1).total == 1103


def test_what_cannot_be_reported_so_is_refused(three: Ledger) -> None:
    july = Month.of("2026-07")
    for metric in ("response_rate", "repeat_purchase_rate", "first_response_time_median"):
        with pytest.raises(DesignError, match=f"`{metric}` cannot be reported with its adjustments beside it"):
            reported(three, july, metric)
    with pytest.raises(UnknownName, match="Did you mean `mentions`"):
        reported(three, july, "mentionss")
    with pytest.raises(InputError, match=r"2026-10: is no closed month: the last one is 2026-09\. Close it first"):
        reported(three, Month.of("2026-10"), "mentions")
    with pytest.raises(InputError, match="ledger: holds nothing of `orders_placed`, version 1, in this segment"):
        reported(three, july, "orders_placed")


def test_an_empty_ledger_has_reported_nothing(empty: Ledger) -> None:
    with pytest.raises(InputError, match="2026-07: is no closed month: there is none"):
        reported(empty, Month.of("2026-07"), "mentions")


# --- in a report


def shown(rows: tuple[Metric, ...], metric: str, period: str, **segment: str) -> Metric:
    (found,) = [row for row in rows if (row.id, row.period, dict(row.segment)) == (metric, period, segment)]
    return found


def test_a_report_shows_closed_figures_as_they_are_held(three: Ledger, result: Make, row: Make) -> None:
    fresh = result(
        row("mentions", "2026-07", 1003),
        row("mentions", "2026-08", 1111),
        row("mentions", "2026-10", 5),
        row("response_rate", "2026-09", None, reason="`mentions` is cut off"),
        row("mentions_by_kind", "2026-07", 703, segment={"kind": "inquiry"}),
        row("mentions_by_kind", "2026-07", 4, segment={"kind": "other"}),
        row("mentions_by_kind", "2026-08", 0, segment={"kind": "other"}),
    )
    rows = with_states(fresh, three)
    assert rows[: len(fresh.metrics)] != fresh.metrics
    july, august, october = (shown(rows, "mentions", month) for month in ("2026-07", "2026-08", "2026-10"))
    assert (july.value, july.state, july.note) == (1003, "adjusted", None)
    assert (august.value, august.state) == (1100, "locked")
    assert august.note == "It now computes to 1,111; the closed figure stands until a close books the difference."
    assert (october.value, october.state, october.note) == (5, "provisional", None)
    rate = shown(rows, "response_rate", "2026-09")
    assert (rate.value, rate.numerator, rate.state) == (0.6, 600, "locked")
    assert rate.note.startswith("It now has no value (`mentions` is cut off); the closed figure stands")
    other, none = (shown(rows, "mentions_by_kind", month, kind="other") for month in ("2026-07", "2026-08"))
    assert (other.value, other.state, other.note[:21]) == (0, "locked", "It now computes to 4;")
    assert (none.value, none.state, none.note) == (0, "locked", None)
    gone = shown(rows, "mentions_by_kind", "2026-07", kind="praise")
    assert (gone.value, gone.state) == (300, "locked")
    assert gone.note == "The figure is closed, and was not computed again."


def test_a_report_as_of_an_earlier_date_shows_what_was_held_then(three: Ledger, result: Make, row: Make) -> None:
    fresh = result(row("mentions", "2026-07", 1000))
    assert with_states(fresh, three, datetime(2026, 8, 10))[0].state == "locked"
    assert with_states(fresh, three, datetime(2026, 8, 5)) == fresh.metrics


def whole(ledger: Ledger, result: Make, *rows: Metric) -> Metric:
    """The row of the whole period, which is the last given, with the state it gets."""
    return with_states(result(*rows), ledger)[len(rows) - 1]


def test_a_whole_period_is_locked_when_its_months_confirm_it(three: Ledger, result: Make, row: Make) -> None:
    """Counts: 1,003 + 1,100 + 900. Ratios: (702 + 800 + 600) / 3,000. July was adjusted, so the quarter is."""
    months = {"2026-07": (1003, 702), "2026-08": (1100, 800), "2026-09": (900, 600)}
    counts = [row("mentions", month, n) for month, (n, _) in months.items()]
    rates = [row("response_rate", month, None, above=n, below=1000) for month, (_, n) in months.items()]
    assert whole(three, result, *counts, row("mentions", "2026q3", 3003)).state == "adjusted"
    assert (
        whole(three, result, *rates, row("response_rate", "2026q3", None, above=2102, below=3000)).state == "adjusted"
    )
    later = result(*counts[1:], row("mentions", "2026-08/2026-09", 2000), whole="2026-08/2026-09")
    assert with_states(later, three)[2].state == "locked"


def test_a_whole_period_is_provisional_where_its_months_do_not_confirm_it(
    three: Ledger, result: Make, row: Make
) -> None:
    counts = [row("mentions", month, n) for month, n in (("2026-07", 1003), ("2026-08", 1100), ("2026-09", 900))]
    more = whole(three, result, *counts, row("mentions", "2026q3", 3010))
    assert (more.value, more.state) == (3010, "provisional")
    assert more.note == "The closed months add up to 3,003; no close has booked the difference yet."
    unfinished = whole(three, result, *counts, row("mentions", "2026-10", 1), row("mentions", "2026q3", 3004))
    assert (unfinished.state, unfinished.note) == ("provisional", None)
    same_share = [
        row("response_rate", month, None, above=n, below=1000) for month, n in (("2026-08", 800), ("2026-09", 600))
    ]
    other = whole(three, result, *same_share, row("response_rate", "2026q3", None, above=700, below=1000))
    assert other.state == "provisional", "the same share of other cases"
    assert other.note == "The closed months add up to 0.7; no close has booked the difference yet."


def test_medians_and_distinct_counts_of_a_period_are_never_locked(
    empty: Ledger, close: Make, result: Make, row: Make
) -> None:
    rows = [row("first_response_time_median", "2026-07", 60.0), row("repeat_purchase_rate", "2026-07", 0.5)]
    ledger = empty.append(close(empty, "2026-07", *rows))
    for one in rows:
        long = row(one.id, "2026q3", one.value)
        assert whole(ledger, result, one, long) == long
        assert with_states(result(one, whole="2026-07"), ledger)[0].state == "locked", "a single month is a month"


def test_a_month_without_cases_adds_nothing_to_a_ratio(three: Ledger, close: Make, result: Make, row: Make) -> None:
    none = row("response_rate", "2026-10", None, reason="no opening mention", numerator=0, denominator=0)
    ledger = three.append(close(three, "2026-10", none, row("mentions", "2026-10", 0)))
    rows = [row("response_rate", "2026-09", None, above=600, below=1000), none]
    long = row("response_rate", "2026q3", None, above=600, below=1000)
    assert whole(ledger, result, *rows, long).state == "locked"
    assert whole(three, result, *rows, long).state == "provisional", "October is not closed"


def test_a_figure_by_a_new_definition_says_what_was_closed_by_the_old(three: Ledger, result: Make, row: Make) -> None:
    (fresh,) = with_states(result(row("mentions", "2026-08", 2000, version=2)), three)[:1]
    assert (fresh.value, fresh.state) == (2000, "provisional")
    assert fresh.note == "By the definition before, version 1, it was closed at 1,100."
    assert not [one for one in with_states(result(fresh), three) if one.id == "mentions" and one.version == 1]


def test_what_was_restated_to_none_says_why(three: Ledger, close: Make, result: Make, row: Make) -> None:
    none = row("response_rate", "2026-09", None, reason="no opening mention", numerator=0, denominator=0)
    ledger = three.append(close(three, "2026-09", none, restate_reason="test posts were counted"))
    (fresh,) = with_states(result(none), ledger)[:1]
    assert (fresh.value, fresh.state, fresh.reason) == (None, "restated", "restated to none: test posts were counted")
