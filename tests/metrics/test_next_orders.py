"""What came after each order, against looking at every customer by themselves."""

from __future__ import annotations

from collections import Counter as Numbers
from datetime import UTC, date, datetime, timedelta
from itertools import zip_longest

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month, months_between, zone
from analysis.metrics.counter import Counter
from analysis.metrics.families import next_orders as module
from analysis.metrics.families.next_orders import Buyers, NextOrders, next_orders
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.local_time import instant
from analysis.tables.opened import Tables

Order = tuple[str | None, datetime]
MONTHS = months_between(Month.of("2026-02"), Month.of("2026-04"))
KNOWN_AT = datetime(2026, 5, 20, 12, 0, 0, 500)
ZONES = ["UTC", "Europe/London", "Asia/Kathmandu", "America/Santiago"]  # in Santiago the clock changes at midnight

times = st.integers(0, 115 * 48).map(lambda halves: datetime(2026, 1, 25) + timedelta(minutes=30 * halves))
orders = st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d", None]), times), max_size=30)


def counted(given_orders: list[Order], name: str, window_days: int) -> NextOrders:
    rows = ", ".join(f"({'null' if who is None else repr(who)}, {instant(at)})" for who, at in given_orders)
    nobody = "select cast(null as varchar), cast(null as timestamp) where false"
    source = f"values {rows}" if rows else nobody
    with DuckDBEngine({"orders": f"select * from ({source}) as o(customer_id, ordered_at)"}, files=[]) as engine:
        tables = Tables(engine, {}, known_at=KNOWN_AT, known_at_assumed=False)
        return next_orders(Counter(tables, MONTHS, name), window_days)


def one_by_one(given_orders: list[Order], name: str, window_days: int) -> NextOrders:
    """Every customer's orders in turn, as the definitions read."""

    def day(moment: datetime) -> date:
        return moment.replace(tzinfo=UTC).astimezone(zone(name)).date()

    def month(moment: datetime) -> int:
        return Month.of(day(moment)).number

    window, inside = timedelta(days=window_days), {one.number for one in MONTHS}
    told = {period: [0, 0, 0, 0] for period in (*inside, None)}
    gaps: dict[int | None, Numbers] = {period: Numbers() for period in (*inside, None)}
    for who in {who for who, _ in given_orders if who is not None}:
        own = sorted(at for one, at in given_orders if one == who and month(at) >= MONTHS[0].number)
        for period, numbers in told.items():
            bought = [at for at in own if (month(at) == period if period else month(at) in inside)]
            if not bought:
                continue
            later = own[own.index(bought[0]) + 1 :]
            followed = whole_seconds(KNOWN_AT) - whole_seconds(bought[0]) >= window
            soon = followed and any(whole_seconds(at) - whole_seconds(bought[0]) <= window for at in later[:1])
            for place, one in enumerate((True, len(bought) > 1, followed, soon)):
                numbers[place] += one
        for at, after in zip_longest(own, own[1:]):
            if month(at) in inside:
                gap = ((day(after) if after else day(KNOWN_AT)) - day(at)).days
                gaps[month(at)][gap, after is not None] += 1
                gaps[None][gap, after is not None] += 1
    return NextOrders({period: Buyers(*numbers) for period, numbers in told.items()}, gaps)  # type: ignore[arg-type]


def whole_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders, st.sampled_from(ZONES), st.integers(1, 60))
def test_every_customer_is_followed_as_one_by_one(
    monkeypatch: pytest.MonkeyPatch, given_orders: list[Order], name: str, window_days: int
) -> None:
    """And whichever customers are put in order together, in whichever order their rows came."""
    expected = one_by_one(given_orders, name, window_days)
    for at_once in (module.AT_ONCE, 2):
        monkeypatch.setattr(module, "AT_ONCE", at_once)
        given_orders = given_orders[::-1]
        found = counted(given_orders, name, window_days)
        assert found.buyers == expected.buyers
        for period, gaps in found.gaps.items():
            told = {(int(days), bool(closed)): int(n) for days, closed, n in gaps}
            assert told == dict(expected.gaps[period])  # type: ignore[call-overload]


def test_a_customer_by_hand() -> None:
    """a: 1 February, 3 February twice, 2 April; b: 30 April, next on 10 May, after the period. Known to 20 May.
    Gaps of a: 2, 0 and 58 days, the last open for 48; of b: 10, closed. Within 30 days after the first order came a's
    next; b's first order has not been followed for 30 days."""
    days = [("a", 2, 1), ("a", 2, 3), ("a", 2, 3), ("a", 4, 2), ("b", 4, 30), ("b", 5, 10)]
    found = counted([(who, datetime(2026, month, day, 9)) for who, month, day in days], "UTC", 30)
    february, march, april = (month.number for month in MONTHS)
    assert found.buyers[february] == Buyers(customers=1, again=1, followed=1, soon=1)
    assert found.buyers[march] == Buyers(customers=0, again=0, followed=0, soon=0)
    assert found.buyers[april] == Buyers(customers=2, again=0, followed=1, soon=0)
    assert found.buyers[None] == Buyers(customers=2, again=1, followed=1, soon=1)
    assert found.gaps[april].tolist() == [[10, 1, 1], [48, 0, 1]]
    assert found.gaps[None].tolist() == [[0, 1, 1], [2, 1, 1], [10, 1, 1], [58, 1, 1], [48, 0, 1]]
