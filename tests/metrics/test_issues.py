"""Issues and what became of them: by hand, as laws, on real tickets, and by brute force over single issues."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month, local_midnight, months_between
from analysis.inference.estimate import RowsUsed
from analysis.metrics.catalogue import definition
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Counter, Rules
from analysis.metrics.families.issues import COUNTS
from analysis.metrics.figure import MetricsResult, ratio
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.load import Source, open_tables, prepare
from analysis.tables.opened import TableAccount, Tables


def at(text: str) -> str:
    return f"2026-{text}:00Z"


def test_the_life_of_issues_by_hand(company, one) -> None:
    """Six issues. a: June, closed July. b: July, closed July, opened again August. c: July, never closed.
    d: July; closed at a time that is lost, opened again in August, closed September. e: August, closed and opened
    again in August, for good. f: August, opened again in September after a closing whose time is lost.

    July: 3 opened; closed a, b = 2; open at its end c, d = 2. August: 2 opened; closed e, and d at its reopening = 2;
    reopened b, d, e = 3; open b, c, d, e, f = 5. September: closed d, f = 2; reopened f; open b, c, e, f = 4.
    """
    company.table(
        "issues",
        {"opened_at": at("06-01T09:00"), "closed_at": at("07-02T09:00")},
        {"opened_at": at("07-01T09:00"), "closed_at": at("07-03T09:00"), "reopened_at": at("08-03T09:00")},
        {"opened_at": at("07-01T09:00")},
        {"opened_at": at("07-09T09:00"), "closed_at": at("09-03T09:00"), "reopened_at": at("08-03T09:00")},
        {"opened_at": at("08-01T09:00"), "closed_at": at("08-02T09:00"), "reopened_at": at("08-02T09:00")},
        {"opened_at": at("08-01T09:00"), "reopened_at": at("09-05T09:00")},
        channel="email",
    )
    found = company.counted()
    expected = {
        "issues_raised": [3, 2, None],
        "issues_closed": [2, 2, 2],
        "issues_reopened": [0, 3, 1],
        "backlog": [2, 5, 4],
    }
    for metric, months in expected.items():
        assert [row.value for row in found.of(metric)] == months, metric
    assert one(found, "issues_raised", "2026-09").reason == "`issues` holds nothing of this month or beyond it"
    assert one(found, "backlog").value == 4
    assert one(found, "issues_closed").value == 6
    event = [(row.numerator, row.denominator) for row in found.of("resolution_rate") if row.basis == "action"]
    assert event == [(2, 3), (2, 2), (2, 0)], "more can be closed in a month than are opened in it"
    cohort = [(row.numerator, row.denominator) for row in found.of("resolution_rate") if row.basis == "post"]
    assert cohort == [(1, 3), (0, 2), (0, 0)], "of July's only d is closed now"
    again = [(row.numerator, row.denominator) for row in found.of("reopen_rate")]
    assert again == [(1, 2), (2, 2), (1, 2)], "b; d and e; f"
    assert one(found, "resolution_rate", "2026-09", basis="post").reason == "no issue was opened in the period"


def test_products_are_counted_apart_and_never_guessed(company, one) -> None:
    rows = [{"opened_at": at("07-01T09:00"), "product": product} for product in ("mobile", "mobile", None)]
    found = company.table("issues", *rows, channel="email").counted()
    assert one(found, "issues_by_product", "2026-07", product="mobile").value == 2
    assert one(found, "issues_by_product", "2026-07", product="unknown").value == 1


def test_without_reopenings_the_figures_say_so(company, one) -> None:
    found = company.table(
        "issues", {"opened_at": at("07-01T09:00"), "closed_at": at("08-01T09:00")}, channel="sms"
    ).counted()
    assert found.missing["reopen_rate"] == "column `reopened_at` of `issues`"
    assert one(found, "resolution_rate", basis="post").note.startswith("the table does not tell reopenings")


ZONE = "Europe/London"
MONTHS = months_between(Month.of("2026-06"), Month.of("2026-11"))
ISSUE_FLOWS = ("issues_raised", "issues_reopened", "issues_closed")
times = st.integers(0, 150).map(lambda days: datetime(2026, 5, 1) + timedelta(days=days, hours=days % 24))
spans = st.none() | st.integers(0, 90).map(lambda days: timedelta(days=days))
Life = tuple[datetime, datetime | None, datetime | None]


def after(life: tuple) -> Life:
    opened, closed, again = life
    return opened, *(None if span is None else opened + span for span in (closed, again))


def monthly(lives: list[Life]) -> dict[str, list[float | None]]:
    """The figures of each month and of the whole period, of these issues alone."""
    columns = ("opened_at", "closed_at", "reopened_at")
    cells = [[f"cast({repr(str(time)) if time else 'null'} as timestamp)" for time in life] for life in lives]
    rows = ", ".join(f"({', '.join(row)})" for row in cells)
    used = RowsUsed(read=len(lives), kept=len(lives), set_aside={})
    account = TableAccount(name="issues", rows=used, columns=columns, fingerprint="")
    with DuckDBEngine({"issues": f"select * from (values {rows}) as life({', '.join(columns)})"}, files=[]) as engine:
        tables = Tables(engine, {"issues": account}, known_at=datetime(2027, 1, 1), known_at_assumed=False)
        count = Counter(tables, MONTHS, ZONE)
        counts = {name: COUNTS[name](count, definition(name)) for name in (*ISSUE_FLOWS, "backlog")}
        return {name: [row.value for row in rows] for name, rows in counts.items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(times, spans, spans).map(after), min_size=1, max_size=25))
def test_the_backlog_is_the_one_before_and_what_came_and_went(lives: list[Life]) -> None:
    """backlog(t1) = backlog(t0) + opened + opened again - closed, in every month, however lives are mixed; and each
    backlog is what going through single issues gives."""
    found = monthly(lives)
    backlog = found["backlog"][:-1]
    for n, month in enumerate(MONTHS):
        opened, again, closed = (found[name][n] for name in ISSUE_FLOWS)
        if backlog[n] is None:
            assert again is closed is None
            continue
        assert backlog[n] == standing(lives, month)
        assert backlog[n] == standing(lives, month.plus(-1)) + (opened or 0) + again - closed
    for name in ISSUE_FLOWS:
        assert (found[name][-1] or 0) == sum(value or 0 for value in found[name][:-1])
    assert found == monthly(lives[::-1])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(times, spans, spans).map(after), min_size=1, max_size=25), times)
def test_what_comes_later_does_not_change_the_months_before(lives: list[Life], known: datetime) -> None:
    """A month's figures are the same to one who knows only what had happened by some time after it."""
    then = [tuple(time if time and time <= known else None for time in life) for life in lives if life[0] <= known]
    if not then:
        return
    now, before = monthly(lives), monthly(then)
    for n, month in enumerate(MONTHS):
        if local_midnight(month.plus(1).first_day, ZONE) <= known:
            for name in (*ISSUE_FLOWS, "backlog"):
                assert before[name][n] in (None, now[name][n])


def standing(lives: list[Life], month: Month) -> int:
    """Issues that stand open when the month is over, each judged by the last thing that happened to it before."""
    end = local_midnight(month.plus(1).first_day, ZONE)
    number = 0
    for life in lives:
        turns = [(time, turn) for turn, time in enumerate(life) if time is not None and time < end]
        number += bool(turns) and max(turns)[1] != 1  # opened 0, closed 1, opened again 2: the later at one instant
    return number


def test_the_golden_share_of_first_contacts() -> None:
    """280 of 400 without a further contact are 70 % (DOMAIN §5)."""
    entry = definition("first_contact_resolution")
    assert ratio(entry, "2026-07", 280, 400, "none").value == 0.7


def issue(day: str, customer: str | None = "a", product: str | None = None) -> dict:
    return {"opened_at": at(f"{day}T09:00"), "customer_id": customer, "product": product}


def test_a_further_issue_of_the_same_customer_is_a_repeat_contact(company, one) -> None:
    """a: 1 July mobile, 3 July fixed, 8 July 09:00 mobile, just 7 days after the first; 10 July without a product, so
    within 7 days of the 3rd and the 8th. b: 1 and 9 July, 8 days apart. Of nobody known: one. Six of known customers;
    the first, the second and the third of a are followed."""
    company.table(
        "issues",
        issue("07-01", "a", "mobile"), issue("07-03", "a", "fixed"), issue("07-08", "a", "mobile"), issue("07-10", "a"),
        issue("07-01", "b", "mobile"), issue("07-09", "b", "mobile"), issue("07-02", None), issue("09-30", "z"),
        channel="email",
    )  # fmt: skip
    found = company.counted()
    repeat = one(found, "repeat_contact_7d", "2026-07")
    assert (repeat.numerator, repeat.denominator) == (3, 6)
    first = one(found, "first_contact_resolution", "2026-07")
    assert (first.numerator, first.denominator, first.mature) == (3, 6, True)
    assert "1 issues without a known customer are left out" in first.note
    assert "no contact is told by its issue" in first.note


def test_a_further_contact_on_any_channel_is_a_repeat_contact(company, one) -> None:
    """i0: opened by e-mail, a call on day 6: repeat. i1: only our own reply follows. i2: a call on day 8, too late.
    i3: its one inbound contact came a day after we opened it: no repeat."""
    company.table("issues", *(issue("07-01", customer) for customer in "abcd"), issue("09-30", "z"), channel="email")
    rows = [
        ("i0", "07-01", "inbound"), ("i0", "07-07", "inbound"), ("i1", "07-01", "inbound"), ("i1", "07-02", "outbound"),
        ("i2", "07-01", "inbound"), ("i2", "07-09", "inbound"), ("i3", "07-01", "outbound"), ("i3", "07-02", "inbound"),
        ("i4", "09-30", "inbound"),
    ]  # fmt: skip
    contacts = pd.DataFrame(rows, columns=["issue_id", "occurred_at", "direction"])
    contacts["occurred_at"] = contacts["occurred_at"].map(lambda day: at(f"{day}T09:00"))
    contacts = contacts.assign(touchpoint_id=range(len(rows)), channel="phone")
    contacts.to_csv(company.folder / "touchpoints.csv", index=False)
    row = one(company.counted(), "repeat_contact_7d", "2026-07")
    assert (row.numerator, row.denominator, row.note) == (1, 4, None)


def test_issues_not_followed_for_the_window_wait(company, one) -> None:
    """The last thing known is of 30 September 09:00. The issue of 23 September 09:00 is just followed for 7 days; that
    of the 24th had its repeat on the 25th already and waits all the same: else only the quick to return would count."""
    rows = [issue(day, customer) for day, customer in [("09-23", "a"), ("09-24", "b"), ("09-25", "b"), ("09-30", "c")]]
    found = company.table("issues", *rows, channel="email").counted()
    share = one(found, "repeat_contact_7d", "2026-09")
    assert (share.numerator, share.denominator, share.mature) == (0, 1, False)
    assert "3 issues not yet followed for 7 days are left out" in share.note
    everyone = one(found, "repeat_contact_7d_uncensored", "2026-09")
    assert (everyone.numerator, everyone.denominator) == (1, 4)
    early = company.counted(rules=Rules(windows={"repeat_contact_7d": 30}))
    row = one(early, "repeat_contact_30d", "2026-09")
    assert (row.value, row.reason) == (None, "none of 4 issues has been followed for 30 days yet")


def test_the_order_of_rows_changes_nothing(company) -> None:
    rows = [issue(f"07-{day:02}", "ab"[day % 2], "xy"[day % 3 % 2] if day % 4 else None) for day in range(1, 29)]
    company.table("issues", *rows, channel="email")
    path = company.folder / "issues.csv"
    before = company.counted().to_frame().query("id.str.startswith('repeat') or id == 'backlog'")
    pd.read_csv(path, dtype=str).sample(frac=1, random_state=1).to_csv(path, index=False)
    after = company.counted().to_frame().query("id.str.startswith('repeat') or id == 'backlog'")
    pd.testing.assert_frame_equal(before, after)


@pytest.fixture(scope="module")
def tickets(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> MetricsResult:
    source = Source(real_data / "zendesk", map="zendesk")
    with open_tables(prepare([source], cache=tmp_path_factory.mktemp("zendesk"))) as tables:
        months = months_between(Month.of("2023-04"), Month.of("2023-05"))
        yield care_metrics(tables, months=months, zone="UTC")


def test_the_real_tickets(tickets: MetricsResult) -> None:
    """16,476 tickets; 42.2 % are followed by the same requester's next within 7 days as far as the data reach, 42.6 %
    of those created by 24 May 23:43, seven days before the data end."""
    (raised,) = tickets.of("issues_raised", whole=True)
    assert raised.value == 16_476
    (everyone,) = tickets.of("repeat_contact_7d_uncensored", whole=True)
    assert (everyone.numerator, everyone.denominator) == (6_953, 16_476)
    assert f"{everyone.value:.1%}" == "42.2%"
    (followed,) = tickets.of("repeat_contact_7d", whole=True)
    assert (followed.numerator, followed.denominator, f"{followed.value:.1%}") == (6_155, 14_454, "42.6%")
    (first,) = tickets.of("first_contact_resolution", whole=True)
    assert first.numerator + followed.numerator == first.denominator == 14_454


def test_the_real_tickets_on_a_second_road(tickets: MetricsResult, real_data: Path) -> None:
    """The same from the file itself, in pandas."""
    raw = pd.read_csv(real_data / "zendesk" / "zendesk_tickets.csv", dtype=str)
    frame = pd.DataFrame({"who": raw["Requester id"], "when": pd.to_datetime(raw["Created at"]), "id": raw["Id"]})
    assert frame["who"].nunique() == 6_764
    frame = frame.sort_values(["who", "when", "id"])
    soon = frame.groupby("who")["when"].shift(-1) - frame["when"] <= pd.Timedelta(days=7)
    followed = frame["when"] <= frame["when"].max() - pd.Timedelta(days=7)
    (everyone,) = tickets.of("repeat_contact_7d_uncensored", whole=True)
    (share,) = tickets.of("repeat_contact_7d", whole=True)
    assert everyone.numerator == soon.sum()
    assert (share.numerator, share.denominator) == ((soon & followed).sum(), followed.sum())
    solved = pd.to_datetime(raw["Solved at"].where(lambda text: ~text.str.startswith(("-", "1900-01-01"))))
    assert tickets.of("backlog", whole=True)[0].value == (~(solved < "2023-06-01")).sum()


def test_the_time_to_resolution_of_the_real_tickets_is_in_hours(real_data: Path, tmp_path: Path) -> None:
    """The export's "Resolution time" is in hours and its "Full resolution time" in minutes: both tell how long after
    its creation a ticket was solved, and only so read do they agree with the times of the tables."""
    source = Source(real_data / "zendesk", map="zendesk")
    with open_tables(prepare([source], cache=tmp_path)) as tables:
        took = tables.engine.dialect.seconds_between("opened_at", "closed_at")
        (row,) = tables.engine.query(
            f"select count(*) as n, max(abs({took} / 3600.0 - cast(resolution_hours as double))) as hours, "
            f"max(abs({took} / 60.0 - cast(full_resolution_minutes as double))) as minutes "
            "from issues where closed_at is not null"
        ).to_pylist()
    assert row["n"] == 16_476 - 2_067
    assert row["hours"] <= 1
    assert row["minutes"] <= 60
