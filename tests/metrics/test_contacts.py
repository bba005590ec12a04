"""What the contacts and issues of a customer tell together: against looking at each issue by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month
from analysis.inference.estimate import RowsUsed
from analysis.metrics.catalogue import definition
from analysis.metrics.counter import Counter
from analysis.metrics.families import repeats, service
from analysis.metrics.figure import Metric
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.local_time import instant
from analysis.tables.opened import TableAccount, Tables

JULY = (Month.of("2026-07"),)
WINDOW = timedelta(days=7)
KNOWN_AT = datetime(2026, 7, 24)
START, END = datetime(2026, 7, 1), datetime(2026, 8, 1)

ASKED = ("contacts_per_issue", "channel_switches_per_issue", "repeat_contact_7d", "repeat_contact_7d_uncensored")
Issue = tuple[str | None, str | None, datetime]
Contact = tuple[int, str, str, datetime]
moments = st.integers(0, 46).map(lambda halves: datetime(2026, 6, 29) + timedelta(hours=12 * halves))
issues = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["tea", "jam", None]), moments), min_size=1, max_size=8
)
contacts = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(["x", "phone"]), st.sampled_from(["inbound", "inbound", "outbound"]), moments
    ),
    max_size=16,
)


def counted(opened: list[Issue], made: list[Contact], products: bool) -> dict[str, Metric]:
    def text(value: str | None) -> str:
        return "cast(null as varchar)" if value is None else repr(value)

    rows = [f"('i{n}', {text(who)}, {text(what)}, {instant(at)})" for n, (who, what, at) in enumerate(opened)]
    told = [f"('t{n:02}', 'i{of}', '{on}', '{way}', {instant(at)})" for n, (of, on, way, at) in enumerate(made)]
    nothing = f"('none', cast(null as varchar), 'x', 'outbound', {instant(START)})"
    views = {
        "issues": f"select * from (values {', '.join(rows)}) as i(issue_id, customer_id, product, opened_at)",
        "touchpoints": f"select * from (values {', '.join([*told, nothing])}) "
        "as t(touchpoint_id, issue_id, channel, direction, occurred_at)",
    }
    used = RowsUsed(read=1, kept=1, set_aside={})
    columns = {"issues": ("product",) if products else (), "touchpoints": ("issue_id",)}
    accounts = {name: TableAccount(name=name, rows=used, columns=columns[name], fingerprint="") for name in views}
    with DuckDBEngine(views, files=[]) as engine:
        count = Counter(Tables(engine, accounts, known_at=KNOWN_AT, known_at_assumed=False), JULY, "UTC")
        families = {**service.COUNTS, **repeats.COUNTS}
        asked = (
            "contacts_per_issue",
            "channel_switches_per_issue",
            "repeat_contact_7d",
            "repeat_contact_7d_uncensored",
        )
        return {name: row for name in asked for row in families[name](count, definition(name))}


@settings(max_examples=80, deadline=None)
@given(issues, contacts, st.booleans())
def test_every_issue_is_judged_as_one_by_one(opened: list[Issue], made: list[Contact], products: bool) -> None:
    """Contacts and changes of channel of each issue in its turn; a repeat is a second inbound contact, or an issue of
    the customer after it (by time, then id) about the same product or where one of the two names none."""
    found = counted(opened, made, products)
    if found["contacts_per_issue"].reason and "holds nothing" in found["contacts_per_issue"].reason:
        return
    numbers = [0, 0, 0]
    judged: list[tuple[bool, bool]] = []
    for n, (who, what, at) in enumerate(opened):
        if not START <= at < END:
            continue
        own = sorted(
            (when, place, on) for place, (of, on, way, when) in enumerate(made) if of == n and way == "inbound"
        )
        numbers[0] += bool(own)
        numbers[1] += len(own)
        numbers[2] += sum(left[2] != right[2] for left, right in pairwise(own))
        if who is None:
            continue
        again = sum(when - at <= WINDOW for when, _, _ in own) >= 2
        for place, (other, about, later) in enumerate(opened):
            after = (later, f"i{place}") > (at, f"i{n}") and later - at <= WINDOW
            again |= other == who and after and (not products or None in (what, about) or what == about)
        judged.append((KNOWN_AT - at >= WINDOW, again))
    per_issue, changes = found["contacts_per_issue"], found["channel_switches_per_issue"]
    assert (per_issue.numerator, per_issue.denominator) == (
        numbers[1] if numbers[0] else per_issue.numerator,
        numbers[0],
    )
    assert (changes.numerator, changes.denominator) == (numbers[2], numbers[0])
    seen, every = found["repeat_contact_7d"], found["repeat_contact_7d_uncensored"]
    assert seen.denominator == sum(followed for followed, _ in judged)
    assert seen.numerator == sum(again for followed, again in judged if followed)
    assert (every.numerator, every.denominator) == (sum(again for _, again in judged), len(judged))


@pytest.mark.parametrize(("days", "switches"), [((1, 2), 1), ((1, 2, 3), 2)])
def test_two_contacts_and_three(days: tuple[int, ...], switches: int) -> None:
    """One issue of 1 July, contacts on x and on the phone in turn: each but the first is a change, and a repeat."""
    made = [(0, ("x", "phone")[n % 2], "inbound", datetime(2026, 7, day)) for n, day in enumerate(days)]
    found = counted([("a", None, START)], made, products=True)
    assert found["channel_switches_per_issue"].value == switches
    assert found["repeat_contact_7d"].value == 1
