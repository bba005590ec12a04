"""Who stays: by hand, and against going through every customer at every month's end."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month, month_starts, months_between
from analysis.inference.estimate import RowsUsed
from analysis.metrics.catalogue import definition
from analysis.metrics.counter import Counter
from analysis.metrics.families.subscriptions import COUNTS
from analysis.metrics.figure import Metric
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.opened import TableAccount, Tables


def term(customer: str, started: str, ended: str | None = None, kind: str | None = None) -> dict:
    ended = ended and f"2026-{ended}T09:00:00Z"
    return {"customer_id": customer, "started_at": f"2026-{started}T09:00:00Z", "ended_at": ended, "end_kind": kind}


def test_retention_by_hand(company, one) -> None:
    """a stays. b cancels in July. c moves in July to a new contract. d moves in July to nothing we see: no loss. e
    cancels in July and comes back in July: no loss. f begins in July and cancels in August. g moves in July and cancels
    the new contract in July: lost. h has two, one ends in August.

    At the start of July a, b, c, d, e, g, h: 7, of whom b and g are lost. Of August a, c, e, f, h: 5, f is lost. Of
    September a, c, e, h: all stay. Over the quarter 7, of whom b and g are lost."""
    company.table(
        "subscriptions",
        term("a", "01-01"), term("b", "01-01", "07-05", "cancelled"), term("c", "01-01", "07-05", "moved"),
        term("c", "07-05"), term("d", "01-01", "07-05", "moved"), term("e", "01-01", "07-05", "cancelled"),
        term("e", "07-20"), term("f", "07-05", "08-05", "lapsed"), term("g", "01-01", "07-05", "moved"),
        term("g", "07-05", "07-20", "cancelled"), term("h", "01-01"), term("h", "01-01", "08-05", "cancelled"),
        term("z", "09-30"),
    )  # fmt: skip
    found = company.counted()
    lost = [(row.numerator, row.denominator) for row in found.of("churn_rate")]
    assert lost == [(2, 7), (1, 5), (0, 4)]
    stayed = [(row.numerator, row.denominator) for row in found.of("retention_rate")]
    assert stayed == [(5, 7), (4, 5), (4, 4)]
    assert (one(found, "churn_rate").numerator, one(found, "churn_rate").denominator) == (2, 7)
    assert [row.value for row in found.of("subscriptions_running")] == [6, 4, 5]
    note = "as it stood at 2026-09-30T09:00:00Z, before the end of the period"
    assert one(found, "churn_rate", "2026-09").note == one(found, "subscriptions_running").note == note


def test_without_contracts_churn_is_missing(company) -> None:
    row = {"customer_id": "a", "ordered_at": "2026-07-01T09:00:00Z", "revenue": 1, "currency": "EUR"}
    found = company.table("orders", row).counted()
    for metric in ("retention_rate", "churn_rate", "subscriptions_running"):
        assert found.missing[metric] == "table `subscriptions`"


def test_a_month_before_the_first_contract_has_no_figure(company, one) -> None:
    found = company.table("subscriptions", term("a", "08-05"), term("a", "08-06", "09-06", "lapsed")).counted()
    july, august = one(found, "retention_rate", "2026-07"), one(found, "retention_rate", "2026-08")
    assert july.reason == "`subscriptions` holds nothing of this month or beyond it"
    assert august.reason == "no subscription ran at the start of the period"
    assert one(found, "subscriptions_running", "2026-08").value == 2


ZONE = "Europe/London"
MONTHS = months_between(Month.of("2026-06"), Month.of("2026-09"))
STARTS = month_starts(ZONE, MONTHS[0], MONTHS[-1].plus(1))
Term = tuple[str, datetime, datetime | None, str | None]


def began(customer: str, day: int, days: int | None, kind: str) -> Term:
    start = datetime(2026, 5, 1) + timedelta(days=day, hours=23 * (day % 2))
    return customer, start, None if days is None else start + timedelta(days=days), None if days is None else kind


terms = st.builds(
    began, st.sampled_from("abc"), st.integers(0, 160), st.none() | st.integers(0, 90),
    st.sampled_from(["cancelled", "lapsed", "moved"]),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(terms, min_size=1, max_size=10))
def test_every_customer_is_judged_as_one_by_one(given_terms: list[Term]) -> None:
    figures = counted(given_terms)
    assert figures == counted(given_terms[::-1])
    for row in figures:
        first, last = (0, len(MONTHS)) if row.period == "2026-06/2026-09" else (int(row.period[-2:]) - 6,) * 2
        span = STARTS[first], STARTS[last if last > first else last + 1]
        if row.reason == "`subscriptions` holds nothing of this month or beyond it":
            continue
        if row.id == "subscriptions_running":
            assert row.value == sum(runs(each, span[1]) for each in given_terms)
            continue
        there = {each[0] for each in given_terms if runs(each, span[0])}
        lost = {customer for customer in there if is_lost(customer, given_terms, *span)}
        assert row.denominator == len(there)
        assert row.numerator == (len(lost) if row.id == "churn_rate" else len(there) - len(lost))


def runs(each: Term, moment: datetime) -> bool:
    return each[1] < moment and (each[2] is None or each[2] >= moment)


def is_lost(customer: str, given_terms: list[Term], start: datetime, end: datetime) -> bool:
    own = [each for each in given_terms if each[0] == customer]
    if any(runs(each, end) for each in own):
        return False
    ended = [each for each in own if each[2] is not None and start <= each[2] < end]
    latest = max(each[2] for each in ended if each[2] is not None)
    return not any(each[3] == "moved" for each in ended if each[2] == latest)


def counted(given_terms: list[Term]) -> list[Metric]:
    columns = ("customer_id", "started_at", "ended_at", "end_kind")
    kinds = ("varchar", "timestamp", "timestamp", "varchar")
    cells = [
        [f"cast({repr(str(cell)) if cell else 'null'} as {kind})" for cell, kind in zip(each, kinds, strict=True)]
        for each in given_terms
    ]
    rows = ", ".join(f"({', '.join(row)})" for row in cells)
    used = RowsUsed(read=len(given_terms), kept=len(given_terms), set_aside={})
    account = TableAccount(name="subscriptions", rows=used, columns=columns, fingerprint="")
    view = f"select * from (values {rows}) as term({', '.join(columns)})"
    with DuckDBEngine({"subscriptions": view}, files=[]) as engine:
        tables = Tables(engine, {"subscriptions": account}, known_at=datetime(2027, 1, 1), known_at_assumed=False)
        count = Counter(tables, MONTHS, ZONE)
        return [row for name, rows in COUNTS.items() for row in rows(count, definition(name))]
