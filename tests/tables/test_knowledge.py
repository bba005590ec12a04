"""What was known when: each rule by hand, and the laws on tables of every kind."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import InputError
from analysis.tables.contract import SCHEMAS, ColumnSchema, TableSchema
from analysis.tables.knowledge import known
from analysis.tables.load import Prepared, Source, open_tables, prepare

START = datetime(2026, 1, 1)
HOURS = 24 * 90

Rows = list[dict[str, Any]]


def rows_at(tmp_path: Path, table: str, csv: str, at: datetime | None) -> Rows:
    """The rows of a table given as CSV, as known at an instant, in the order of the key."""
    (tmp_path / "given").mkdir(exist_ok=True)
    (tmp_path / "given" / f"{table}.csv").write_text(csv, encoding="utf-8")
    prepared = prepare([Source(tmp_path / "given")], cache=tmp_path / "cache")
    with open_tables(prepared, as_known_at=at) as tables:
        order = ", ".join(SCHEMAS[table].key)
        rows: Rows = tables.engine.query(f"select * from {table} order by {order}").to_pylist()
        return rows


MASKS: dict[str, tuple[str, str, dict[str, dict[str, str]]]] = {
    "touchpoints": (
        "touchpoint_id,occurred_at,channel,direction,known_at",
        "social,inbound",
        {"first_reply_at": {"replied_by": "human"}, "resolved_at": {"handled_by": "us"}},
    ),
    "mentions": (
        "mention_id,posted_at,platform,known_at",
        "x",
        {"first_reply_at": {"replied_by": "bot"}, "resolved_at": {"resolved_by": "community"}},
    ),
    "issues": (
        "issue_id,opened_at,channel,known_at",
        "social",
        {"first_reply_at": {}, "closed_at": {}, "reopened_at": {}},
    ),
    "subscriptions": (
        "subscription_id,started_at,customer_id,known_at",
        "c1",
        {"ended_at": {"end_kind": "lapsed"}},
    ),
    "surveys": ("survey_id,asked_at,instrument,known_at", "csat", {"answered_at": {"score": "5"}}),
    "assignments": ("experiment_id,assigned_at,customer_id,arm,known_at", "c1,a", {"exposed_at": {}}),
}


@pytest.mark.parametrize(
    ("table", "news"), [(table, news) for table, (_, _, all_news) in MASKS.items() for news in all_news]
)
def test_news_is_empty_until_its_time_and_so_is_what_comes_with_it(tmp_path: Path, table: str, news: str) -> None:
    """Three rows of 1 March, first held that day: news on 5 March, on 20 March, and never, seen from 10 March."""
    header, words, all_news = MASKS[table]
    beside = all_news[news]
    lines = [",".join([header, news, *beside])]
    for row, time in (("1", "2026-03-05T09:00Z"), ("2", "2026-03-20T09:00Z"), ("3", "")):
        cells = [
            row,
            "2026-03-01T09:00Z",
            words,
            "2026-03-01T10:00Z",
            time,
            *(beside.values() if time else ("",) * len(beside)),
        ]
        lines.append(",".join(cells))
    key, first = header.split(",")[:2]
    lines.append(",".join(["4", "2026-03-21T09:00Z", words, "2026-03-21T10:00Z", "", *("",) * len(beside)]))
    rows = rows_at(tmp_path, table, "\n".join(lines) + "\n", datetime(2026, 3, 10))
    assert [row[key] for row in rows] == ["1", "2", "3"]
    assert [row[first] for row in rows] == [datetime(2026, 3, 1, 9)] * 3
    assert [row[news] for row in rows] == [datetime(2026, 3, 5, 9), None, None]
    for name, word in beside.items():
        assert [str(row[name]).rstrip("0").rstrip(".") if row[name] is not None else None for row in rows] == [
            word,
            None,
            None,
        ]


def test_every_news_of_the_contract_is_tried_by_hand() -> None:
    """Columns known with a time are those of MASKS, and the cancelled orders of the test below."""
    tried = {
        (table, name, time)
        for table, (_, _, all_news) in MASKS.items()
        for time, beside in all_news.items()
        for name in (time, *beside)
    }
    said = {
        (s.name, column.name, column.known_with) for s in SCHEMAS.values() for column in s.columns if column.known_with
    }
    assert said == tried | {("orders", "cancelled_at", "cancelled_at")}


def test_every_time_that_may_come_later_is_news() -> None:
    for schema in SCHEMAS.values():
        later = {column.name for column in schema.columns if column.not_before and column.nullable}
        assert later == {column.name for column in schema.columns if column.known_with == column.name}


def test_news_of_that_very_instant_is_known(tmp_path: Path) -> None:
    csv = (
        "issue_id,opened_at,closed_at,channel,known_at\n"
        "1,2026-03-01T09:00Z,2026-03-10T00:00Z,social,2026-03-01T09:00Z\n"
        "2,2026-03-01T09:00Z,2026-03-10T00:00:00.000001Z,social,2026-03-01T09:00Z\n"
        "3,2026-03-15T09:00Z,,social,2026-03-15T09:00Z\n"
    )
    rows = rows_at(tmp_path, "issues", csv, datetime(2026, 3, 10))
    assert [row["closed_at"] for row in rows] == [datetime(2026, 3, 10), None]


def test_a_reopening_to_come_leaves_the_issue_closed(tmp_path: Path) -> None:
    csv = (
        "issue_id,opened_at,closed_at,reopened_at,channel,known_at\n"
        "1,2026-03-01T09:00Z,2026-03-02T09:00Z,2026-03-12T09:00Z,social,2026-03-01T09:00Z\n"
        "2,2026-03-15T09:00Z,,,social,2026-03-15T09:00Z\n"
    )
    (issue,) = rows_at(tmp_path, "issues", csv, datetime(2026, 3, 10))
    assert (issue["closed_at"], issue["reopened_at"]) == (datetime(2026, 3, 2, 9), None)


ORDERS = (
    "order_id,ordered_at,revenue,currency,cancelled_at,known_at\n"
    "1,2026-03-01T09:00Z,5,EUR,,2026-03-01T09:00Z\n"
    "2,2026-03-02T09:00Z,5,EUR,2026-03-03T09:00Z,2026-03-02T09:00Z\n"
    "3,2026-03-02T09:00Z,5,EUR,2026-03-20T09:00Z,2026-03-02T09:00Z\n"
    "4,2026-03-05T09:00Z,5,EUR,,2026-03-25T09:00Z\n"
    "5,2026-03-05T09:00Z,5,EUR,2026-03-06T09:00Z,2026-03-25T09:00Z\n"
)


def test_an_order_stands_until_it_is_cancelled(tmp_path: Path) -> None:
    """Seen from 10 March: order 2 is cancelled, order 3 not yet; orders 4 and 5 came with the export of 25 March."""
    rows = rows_at(tmp_path, "orders", ORDERS, datetime(2026, 3, 10))
    assert [(row["order_id"], row["cancelled_at"]) for row in rows] == [("1", None), ("3", None)]
    assert [row["order_id"] for row in rows_at(tmp_path, "orders", ORDERS, None)] == ["1", "4"]


def test_the_account_is_that_of_what_was_known(tmp_path: Path) -> None:
    """Of the five orders of the test above, on 10 March two count, one is cancelled, two are not yet known."""
    rows_at(tmp_path, "orders", ORDERS, None)
    prepared = prepare([Source(tmp_path / "given")], cache=tmp_path / "cache")
    with open_tables(prepared, as_known_at=datetime(2026, 3, 10)) as tables:
        account = tables.accounts["orders"]
    assert account.rows.to_dict() == {"read": 5, "kept": 2, "set_aside": {"cancelled": 1, "not yet known": 2}}
    assert (account.first, account.last) == (datetime(2026, 3, 1, 9), datetime(2026, 3, 2, 9))
    assert prepared.accounts["orders"].rows.to_dict() == {"read": 5, "kept": 2, "set_aside": {"cancelled": 3}}
    with open_tables(prepared, as_known_at=datetime(2020, 1, 1)) as tables:
        account = tables.accounts["orders"]
    assert account.rows.to_dict() == {"read": 5, "kept": 0, "set_aside": {"not yet known": 5}}
    assert (account.first, account.last) == (None, None)


def test_a_change_is_known_when_it_was_written_down(tmp_path: Path) -> None:
    """Planned ahead, written down afterwards: neither needs a `known_at`."""
    csv = (
        "change_id,effective_from,kind,description,recorded_at\n"
        "1,2026-04-01T00:00Z,price,planned,2026-03-01T09:00Z\n"
        "2,2026-03-01T00:00Z,hours,told late,2026-03-15T09:00Z\n"
    )
    assert [row["change_id"] for row in rows_at(tmp_path, "changes", csv, datetime(2026, 3, 10))] == ["1"]


def test_a_row_is_known_to_the_microsecond(tmp_path: Path) -> None:
    csv = (
        "post_id,published_at,platform,known_at\n"
        "1,2026-03-01T09:00Z,x,2026-03-01T09:00:00.000001Z\n2,2026-03-01T09:00Z,x,2026-04-01T09:00Z\n"
    )
    assert rows_at(tmp_path, "posts", csv, datetime(2026, 3, 1, 9)) == []
    assert len(rows_at(tmp_path, "posts", csv, datetime(2026, 3, 1, 9, 0, 0, 1))) == 1


@pytest.mark.parametrize(
    ("table", "cells", "expected"),
    [
        ("posts", {"known_at": "2026-03-02", "published_at": "2026-03-01"}, "2026-03-02"),
        ("posts", {"published_at": "2026-03-01"}, "2026-03-01"),
        ("changes", {"recorded_at": "2026-03-05", "effective_from": "2026-03-01"}, "2026-03-05"),
        ("changes", {"effective_from": "2026-03-01"}, "2026-03-01"),
        ("costs", {"month": "2026-03-01"}, "2026-03-01"),  # a day from its first instant
        ("identities", {}, "1970-01-01"),  # a row without a time is taken for known
        ("outcomes", {}, "1970-01-01"),
    ],
)
def test_since_when_a_row_is_known(table: str, cells: Mapping[str, str], expected: str) -> None:
    schema = SCHEMAS[table]
    names = {"known_at", *filter(None, (schema.event_time, schema.recorded_time))}
    listed = ", ".join(
        f"cast({repr(cells[name]) if name in cells else 'null'} as {schema.column(name).engine_type}) as {name}"
        for name in sorted(names)
    )
    since = datetime.fromisoformat(expected)
    for at, is_known in ((since - timedelta(microseconds=1), expected == "1970-01-01"), (since, True)):
        assert duckdb.sql(f"select {known(schema, at)} from (select {listed})").fetchall() == [(is_known,)]


# --- joined_at, which may be derived


CUSTOMERS = "customer_id,joined_at\nc1,2026-01-01T00:00Z\nc2,2026-03-15T00:00Z\nc3,\nc4,\nc5,\n"
FIRST_ORDERS = (
    "order_id,customer_id,ordered_at,revenue,currency,known_at\n"
    "1,c3,2026-02-01T09:00Z,5,EUR,2026-02-01T09:00Z\n2,c4,2026-03-20T09:00Z,5,EUR,2026-03-20T09:00Z\n"
)


def test_a_customer_is_known_from_joining_and_a_derived_joining_from_its_order(tmp_path: Path) -> None:
    """Seen from 10 March: c2 has not joined; c4 is there, with the first order still to come; c5 has no date at all."""
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "orders.csv").write_text(FIRST_ORDERS, encoding="utf-8")
    rows = rows_at(tmp_path, "customers", CUSTOMERS, datetime(2026, 3, 10))
    assert [(row["customer_id"], row["joined_at"], row["joined_at_derived"]) for row in rows] == [
        ("c1", datetime(2026, 1, 1), False),
        ("c3", datetime(2026, 2, 1, 9), True),
        ("c4", None, False),
        ("c5", None, False),
    ]
    assert [row["joined_at_derived"] for row in rows_at(tmp_path, "customers", CUSTOMERS, None)] == [
        False,
        False,
        True,
        True,
        False,
    ]


# --- laws, on tables of every kind whose rows all carry `known_at`


def cell(column: ColumnSchema, row: int, chance: random.Random) -> str:
    if column.name not in ("known_at", "currency") and column.nullable and chance.random() < 0.4:
        return ""
    time = START + timedelta(hours=chance.randrange(HOURS))
    match column.type:
        case "id":
            return f"{column.name}{row}"
        case "time":
            return f"{time:%Y-%m-%dT%H:%MZ}"
        case "date":
            return f"{START + timedelta(days=row):%Y-%m-%d}"
        case "enum":
            return chance.choice(column.values or ())
        case "text":
            return "EUR" if column.format == "currency" else "word"
        case "flag":
            return "true"
        case _:
            return "5"


def some_rows(schema: TableSchema, chance: random.Random) -> str:
    lines = [",".join(column.name for column in schema.columns)]
    lines += [",".join(cell(column, row, chance) for column in schema.columns) for row in range(60)]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Sixty rows of every table, their times scattered over ninety days."""
    folder = tmp_path_factory.mktemp("everything")
    chance = random.Random(5)
    for name, schema in SCHEMAS.items():
        (folder / f"{name}.csv").write_text(some_rows(schema, chance), encoding="utf-8")
    return prepare([Source(folder)], cache=folder / ".cache")


def held(prepared: Prepared, table: str, at: datetime | None = None) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of a table by key, as known at an instant; they are as many as their account says."""
    with open_tables(prepared, as_known_at=at, of={table}) as tables:
        rows = tables.engine.query(f"select * from {table}").to_pylist()
        assert tables.rows()[table].kept == len(rows)
        event = SCHEMAS[table].event_time
        times = [row[event] for row in rows if event and row[event] is not None]
        assert (tables.accounts[table].first, tables.accounts[table].last) == (
            min(times, default=None),
            max(times, default=None),
        )
    by_key = {tuple(row[name] for name in SCHEMAS[table].key): row for row in rows}
    assert len(by_key) == len(rows)
    return by_key


INSTANTS = st.integers(0, HOURS).map(lambda hour: START + timedelta(hours=hour))


@settings(max_examples=60, deadline=None)
@given(
    table=st.sampled_from([name for name, schema in SCHEMAS.items() if not schema.set_aside]),
    at=INSTANTS,
    then=INSTANTS,
)
def test_what_is_new_between_two_days_is_what_became_known_between_them(
    everything: Prepared, table: str, at: datetime, then: datetime
) -> None:
    at, then = sorted((at, then))
    before, after, whole = held(everything, table, at), held(everything, table, then), held(everything, table)
    assert set(before) <= set(after)
    assert set(after) - set(before) == {key for key, row in whole.items() if at < row["known_at"] <= then}


@settings(max_examples=60, deadline=None)
@given(table=st.sampled_from(sorted(SCHEMAS)), at=INSTANTS)
def test_a_row_says_at_an_instant_what_it_says_today_less_what_came_later(
    everything: Prepared, table: str, at: datetime
) -> None:
    assume(everything.known_at is not None and at < everything.known_at)
    whole = held(everything, table)
    for key, row in held(everything, table, at).items():
        if key in whole:  # an order cancelled since is there no more
            for name, value in row.items():
                dated_by = SCHEMAS[table].by_name[name].known_with if name in SCHEMAS[table].by_name else None
                time = whole[key][dated_by] if dated_by else None
                if not (table == "customers" and whole[key]["joined_at_derived"]):
                    assert value == (None if time is not None and time > at else whole[key][name])


@settings(max_examples=20, deadline=None)
@given(at=INSTANTS)
def test_orders_known_are_those_that_stood(everything: Prepared, at: datetime) -> None:
    """From the text itself: what the file says of each order."""
    assume(everything.known_at is not None and at < everything.known_at)
    text = (everything.folder.parent.parent / "orders.csv").read_text(encoding="utf-8").splitlines()
    names = text[0].split(",")
    orders = [dict(zip(names, line.split(","), strict=True)) for line in text[1:]]
    moment = f"{at:%Y-%m-%dT%H:%MZ}"
    standing = {
        (order["order_id"],)
        for order in orders
        if order["known_at"] <= moment and (order["cancelled_at"] == "" or order["cancelled_at"] > moment)
    }
    assert set(held(everything, "orders", at)) == standing


def test_at_the_latest_or_later_the_tables_are_as_they_are(everything: Prepared) -> None:
    assert everything.known_at is not None
    with open_tables(everything) as whole:
        for later in (timedelta(), timedelta(microseconds=1), timedelta(days=400)):
            at = everything.known_at + later
            with open_tables(everything, as_known_at=at) as tables:
                assert (tables.known_at, tables.known_at_assumed) == (at, False)
                assert tables.accounts == whole.accounts
                for name in SCHEMAS:
                    sql = f"select * from {name}"
                    assert tables.engine.query(sql).equals(whole.engine.query(sql))


def test_the_day_before_the_latest_is_not_the_latest(everything: Prepared) -> None:
    """The law above holds at the edge only: a microsecond before it, something is unknown yet."""
    assert everything.known_at is not None
    at = everything.known_at - timedelta(microseconds=1)
    with open_tables(everything, as_known_at=at) as tables:
        assert sum(rows.set_aside.get("not yet known", 0) for rows in tables.rows().values()) >= 1


# --- what cannot be told is refused


def test_events_that_do_not_say_since_when_they_are_known_are_refused_before_their_load(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text(
        "post_id,published_at,platform\n1,2026-03-01T09:00Z,x\n2,2026-03-05T09:00Z,x\n", encoding="utf-8"
    )
    (tmp_path / "orders.csv").write_text(
        "order_id,ordered_at,revenue,currency,known_at\n"
        "1,2026-03-01T09:00Z,5,EUR,2026-03-02T09:00Z\n2,2026-03-02T09:00Z,5,EUR,\n3,2026-03-02T09:00Z,5,EUR,\n",
        encoding="utf-8",
    )
    (tmp_path / "customers.csv").write_text("customer_id\nc1\n", encoding="utf-8")
    prepared = prepare([Source(tmp_path)], cache=tmp_path / ".cache")
    with pytest.raises(InputError) as refused:
        open_tables(prepared, as_known_at=datetime(2026, 3, 4))
    assert [(fault.where, fault.rule, fault.count, fault.of) for fault in refused.value.faults] == [
        ("table orders", "known_at_missing", 2, 3),
        ("table posts", "known_at_missing", 2, 2),
    ]
    assert str(refused.value.faults[0]) == (
        "table orders, column `known_at`: rows do not say when they were known, so what was known of them at "
        "2026-03-04T00:00:00Z cannot be told (2 of 3 rows). Give an export with `known_at` in every row, or ask for a "
        "time from 2026-03-05T09:00:00Z on."
    )
    with open_tables(prepared, as_known_at=datetime(2026, 3, 5, 9)) as tables:
        assert (tables.known_at, tables.known_at_assumed) == (datetime(2026, 3, 5, 9), True)
        assert tables.rows()["posts"].kept == 2


def test_only_the_tables_asked_for_must_say_it(tmp_path: Path) -> None:
    """Customers are no events: they are taken for known, and that is said."""
    (tmp_path / "costs.csv").write_text(
        "cost_id,month,line,amount,currency\n1,2026-03-01,agents,5,EUR\n", encoding="utf-8"
    )
    (tmp_path / "posts.csv").write_text(
        "post_id,published_at,platform,known_at\n1,2026-03-01T09:00Z,x,2026-03-05T09:00Z\n", encoding="utf-8"
    )
    (tmp_path / "customers.csv").write_text("customer_id\nc1\n", encoding="utf-8")
    prepared = prepare([Source(tmp_path)], cache=tmp_path / ".cache")
    at = datetime(2026, 3, 4)
    with pytest.raises(Exception, match="table costs, column `known_at`"):
        open_tables(prepared, as_known_at=at)
    with open_tables(prepared, as_known_at=at, of={"posts", "orders"}) as tables:
        assert set(tables.accounts) == {"posts"}
        assert not tables.has("costs")
        assert not tables.known_at_assumed
    with open_tables(prepared, as_known_at=at, of={"posts", "customers"}) as tables:
        assert tables.rows()["customers"].kept == 1
        assert tables.known_at_assumed
    with pytest.raises(Exception, match="Did you mean `posts`"):
        open_tables(prepared, of={"post"})


def test_tables_of_days_alone_are_known_at_their_last_day(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(
        "cost_id,month,line,amount,currency\n1,2026-03-01,agents,5,EUR\n2,2026-04-01,agents,5,EUR\n", encoding="utf-8"
    )
    prepared = prepare([Source(tmp_path)], cache=tmp_path / ".cache")
    with pytest.raises(Exception, match="from 2026-04-01T00:00:00Z on"):
        open_tables(prepared, as_known_at=datetime(2026, 3, 31))
    with open_tables(prepared, as_known_at=datetime(2026, 4, 1)) as tables:
        assert tables.rows()["costs"].kept == 2
    assert prepared.accounts["costs"].last == date(2026, 4, 1)
