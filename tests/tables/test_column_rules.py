"""A cell has a value in the engine's type, or breaks a rule that has a name: never both, never neither."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.tables import column_rules
from analysis.tables.checks import Findings, column_findings
from analysis.tables.contract import ColumnSchema, TableSchema
from analysis.tables.local_time import repeated, skipped, to_utc
from analysis.tables.scans import Scan, TableInput

COLUMNS = {
    "id": ColumnSchema(name="cell", type="id", nullable=True),
    "text": ColumnSchema(name="cell", type="text", nullable=True),
    "currency": ColumnSchema(name="cell", type="text", nullable=True, format="currency"),
    "time": ColumnSchema(name="cell", type="time", nullable=True),
    "date": ColumnSchema(name="cell", type="date", nullable=True),
    "money": ColumnSchema(name="cell", type="money", nullable=True),
    "number": ColumnSchema(name="cell", type="number", nullable=True),
    "int": ColumnSchema(name="cell", type="int", nullable=True),
    "flag": ColumnSchema(name="cell", type="flag", nullable=True),
    "enum": ColumnSchema(name="cell", type="enum", nullable=True, values=("social", "email")),
}


def judged(
    folder: Path, kind: str, cells: pa.Array | list[Any], zone: str = "UTC"
) -> tuple[list[Any], Findings, TableInput]:
    """The values of a column of these cells, what was found in it, and how it was given."""
    path = folder / "t.parquet"
    array = cells if isinstance(cells, pa.Array) else pa.array(cells)
    pq.write_table(pa.table({"key": [str(place) for place in range(len(array))], "cell": array}), path)
    key = ColumnSchema(name="key", type="id", nullable=False)
    schema = TableSchema(name="t", key=("key",), columns=(key, COLUMNS[kind]))
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        table = TableInput(schema=schema, scans=(Scan.of_parquet(connection, {path: "t.parquet"}, zone),), originals={})
        findings = column_findings(connection, table)
        typed = connection.execute(f"select cell from ({table.typed()}) order by cast(key as int)").fetchall()
        kind_in_engine = connection.execute(f"describe {table.typed()}").fetchall()[1][1]
    assert kind_in_engine == COLUMNS[kind].engine_type
    return [row[0] for row in typed], findings, table


GOOD = [
    ("id", "007", "007"),
    ("id", "123456789012345678901", "123456789012345678901"),
    ("id", "1e5", "1e5"),  # a hash may look like this: only a plus sign betrays a spreadsheet
    ("id", "+44123", "+44123"),
    ("id", "a,b", "a,b"),
    ("id", 'O\'Hara "x"; drop table t', 'O\'Hara "x"; drop table t'),
    ("text", " as it is ", " as it is "),
    ("currency", "EUR", "EUR"),
    ("time", "2026-01-05T09:30:00Z", datetime(2026, 1, 5, 9, 30)),
    ("time", "2026-01-05 09:30:00", datetime(2026, 1, 5, 9, 30)),
    ("time", "2026-01-05 09:30", datetime(2026, 1, 5, 9, 30)),
    ("time", "2026-01-05T09:30+01:00", datetime(2026, 1, 5, 8, 30)),
    ("time", "2026-01-05 09:30:00 +0530", datetime(2026, 1, 5, 4, 0)),
    ("time", "2026-01-05T09:30:00-05", datetime(2026, 1, 5, 14, 30)),
    ("time", "2026-01-05T00:30:00.250+01:00", datetime(2026, 1, 4, 23, 30, 0, 250_000)),
    ("time", "2024-02-29T23:59:59.123456Z", datetime(2024, 2, 29, 23, 59, 59, 123_456)),
    ("date", "2026-02-28", date(2026, 2, 28)),
    ("date", "2026-02-28 00:00:00", date(2026, 2, 28)),
    ("money", "1234.50", Decimal("1234.5")),
    ("money", "-.5", Decimal("-0.5")),
    ("money", "+3.", Decimal(3)),
    ("money", "9999999999999.999999", Decimal("9999999999999.999999")),
    ("money", "0.1000000000", Decimal("0.1")),
    ("number", "0.1234567", Decimal("0.123457")),
    ("int", "-12", -12),
    ("int", "3.0", 3),
    ("flag", "TRUE", True),
    ("flag", "no", False),
    ("flag", "0", False),
    ("enum", "social", "social"),
]


@pytest.mark.parametrize(("kind", "cell", "value"), GOOD)
def test_what_a_cell_means(tmp_path: Path, kind: str, cell: str, value: object) -> None:
    values, findings, _ = judged(tmp_path, kind, [cell, None])
    assert not findings.faults
    assert values == [value, None]


BAD = [
    ("id", "5.70306E+17", "scientific_id"),
    ("id", "5,70306e+17", "scientific_id"),
    ("id", "15,231,524", "grouped_id"),
    ("id", " 7", "padded"),
    ("id", "7\t", "padded"),
    ("id", "\u00a07", "padded"),
    ("id", "7\u00a0", "padded"),
    ("id", "\x1a", "padded"),
    ("id", "nan", "word_for_nothing"),
    ("id", "NULL", "word_for_nothing"),
    ("id", "#N/A", "word_for_nothing"),
    ("currency", "eur", "not_a_currency"),
    ("currency", "€", "not_a_currency"),
    ("time", "05/01/2026 09:30", "not_a_time"),
    ("time", "2026-02-30T09:30:00Z", "not_a_time"),
    ("time", "2026-01-05T24:00:00Z", "not_a_time"),
    ("time", "2026-01-05T09:30:60Z", "not_a_time"),
    ("time", "2026-01-05T09:30:00.1234567Z", "not_a_time"),
    ("time", "2026-01-05T09:30:00+15:00", "not_a_time"),
    ("time", "2026-01-05T09:30:00 CET", "not_a_time"),
    ("time", "infinity", "not_a_time"),
    ("time", "1900-01-01T00:00:00Z", "out_of_range"),
    ("time", "9999-12-31 23:59:59", "out_of_range"),
    ("date", "2026-02-29", "not_a_date"),
    ("date", "2026-02-28 10:00:00", "not_a_date"),
    ("date", "1900-01-01", "out_of_range"),
    ("money", "1,234.50", "not_a_number"),
    ("money", "1.234,50", "not_a_number"),
    ("money", "€5", "not_a_number"),
    ("money", "NaN", "not_a_number"),
    ("money", "inf", "not_a_number"),
    ("money", "1e5", "not_a_number"),
    ("money", " 5", "not_a_number"),
    ("money", "0.1234567", "money_too_fine"),
    ("money", "10000000000000", "number_too_large"),
    ("number", "-", "not_a_number"),
    ("int", "1.5", "not_whole"),
    ("int", "1,000", "not_whole"),
    ("int", "9999999999999999999", "not_whole"),
    ("flag", "maybe", "not_a_flag"),
    ("enum", "Social", "wrong_case"),
    ("enum", "social ", "wrong_case"),
    ("enum", "carrier pigeon", "unlisted_value"),
]


@pytest.mark.parametrize(("kind", "cell", "rule"), BAD)
def test_what_a_cell_breaks(tmp_path: Path, kind: str, cell: str, rule: str) -> None:
    good = {"time": "2026-01-05T09:30:00Z"}.get(kind)
    _, findings, _ = judged(tmp_path, kind, [good, cell, cell])
    (fault,) = findings.faults
    assert (fault.where, fault.column, fault.rule) == ("t.parquet", "cell", rule)
    assert (fault.count, fault.of, fault.first) == (2, 3, 2)
    assert fault.remedy.endswith(".")
    assert cell not in fault.what or rule == "word_for_nothing", "a message never holds what a row holds"


def test_the_remedy_for_a_wrong_case_names_the_values(tmp_path: Path) -> None:
    _, findings, _ = judged(tmp_path, "enum", ["SOCIAL"])
    assert findings.faults[0].remedy == "Write them exactly so: `social`, `email`."


@pytest.mark.parametrize("cell", ["money", "number"])
def test_numbers_are_rounded_and_money_is_not(tmp_path: Path, cell: str) -> None:
    _, findings, _ = judged(tmp_path, cell, ["0.1234567", "1"])
    assert [fault.rule for fault in findings.faults] == (["money_too_fine"] if cell == "money" else [])
    assert len(findings.notices) == (0 if cell == "money" else 1)


def test_ids_ending_in_point_zero_are_kept_and_said(tmp_path: Path) -> None:
    values, findings, _ = judged(tmp_path, "id", ["7.0", "8"])
    assert values == ["7.0", "8"]
    (notice,) = findings.notices
    assert "`.0`" in notice
    assert "1 of 2 rows" in notice


def test_bare_dates_are_midnight_if_all_are_and_a_fault_if_some_are(tmp_path: Path) -> None:
    values, findings, _ = judged(tmp_path, "time", ["2026-07-05", None, "2026-01-05"], "Europe/London")
    assert values == [datetime(2026, 7, 4, 23), None, datetime(2026, 1, 5)]
    assert not findings.faults
    assert "midnight" in findings.notices[0]
    _, findings, _ = judged(tmp_path, "time", ["2026-07-05T10:00", None, "2026-01-05"])
    (fault,) = findings.faults
    assert (fault.rule, fault.count, fault.first) == ("bare_date", 1, 3)


def test_a_day_that_is_none_is_one_fault_and_makes_no_other(tmp_path: Path) -> None:
    """A bare date that is no day is not a time; it is no bare date among times, nor a time among bare dates."""
    cases = {
        ("2026-01-05T09:00Z", "2025-13-01"): [("not_a_time", 1, 2)],
        ("2026-01-05", "2025-13-01", "yesterday"): [("not_a_time", 2, 2)],
        ("2026-01-05T09:00Z", "1900-01-01"): [("out_of_range", 1, 2)],
        ("2026-01-05T09:00Z", "2025-13-01", "2026-01-06"): [("not_a_time", 1, 2), ("bare_date", 1, 3)],
    }
    for cells, expected in cases.items():
        _, findings, _ = judged(tmp_path, "time", list(cells))
        assert [(fault.rule, fault.count, fault.first) for fault in findings.faults] == expected


def test_local_times_that_do_not_exist_are_refused_and_those_that_exist_twice_are_said(tmp_path: Path) -> None:
    """London, 2026: no 01:30 on 29 March; two on 25 October, of which the first is summer time, 00:30 UTC."""
    cells = ["2026-03-29 00:59:59", "2026-03-29 02:00:00", "2026-10-25 01:30", "2026-10-25 02:00", "2026-10-25T01:30Z"]
    values, findings, _ = judged(tmp_path, "time", cells, "Europe/London")
    assert values == [
        datetime(2026, 3, 29, 0, 59, 59),
        datetime(2026, 3, 29, 1),
        datetime(2026, 10, 25, 0, 30),
        datetime(2026, 10, 25, 2),
        datetime(2026, 10, 25, 1, 30),
    ]
    assert not findings.faults
    (notice,) = findings.notices
    assert "1 of 5 rows" in notice
    _, findings, _ = judged(tmp_path, "time", ["2026-03-29 01:30", "2026-03-29T01:30Z"], "Europe/London")
    (fault,) = findings.faults
    assert (fault.rule, fault.count) == ("skipped_time", 1)


def test_midnights_that_the_clock_skips_begin_their_day(tmp_path: Path) -> None:
    """São Paulo moved its clock at midnight: 4 November 2018 began at 01:00, which is 03:00 UTC."""
    values, findings, _ = judged(tmp_path, "time", ["2018-11-04"], "America/Sao_Paulo")
    assert values == [datetime(2018, 11, 4, 3)]
    assert not findings.faults


NOON = datetime(2026, 7, 5, 12)
NATIVE = [
    ("id", pa.array([7, -3, None]), ["7", "-3", None]),
    ("id", pa.array([2**63], pa.uint64()), [str(2**63)]),
    ("id", pa.array([Decimal(12)], pa.decimal128(20, 0)), ["12"]),
    ("id", pa.array(["a"]).dictionary_encode(), ["a"]),
    ("text", pa.array([3]), ["3"]),
    (
        "time",
        pa.array([NOON.replace(tzinfo=timezone(timedelta(hours=2)))], pa.timestamp("us", "UTC")),
        [datetime(2026, 7, 5, 10)],
    ),
    ("time", pa.array([NOON], pa.timestamp("ns")), [datetime(2026, 7, 5, 11)]),
    ("time", pa.array([NOON], pa.timestamp("ms")), [datetime(2026, 7, 5, 11)]),
    ("time", pa.array([NOON.date()]), [datetime(2026, 7, 4, 23)]),
    ("date", pa.array([NOON.date()]), [NOON.date()]),
    ("date", pa.array([datetime(2026, 7, 1)], pa.timestamp("ns")), [date(2026, 7, 1)]),
    ("money", pa.array([0.1 + 0.2, None, -2.5]), [Decimal("0.3"), None, Decimal("-2.5")]),
    ("money", pa.array([0.1], pa.float32()), [Decimal("0.1")]),
    ("money", pa.array([Decimal("1.50")], pa.decimal128(10, 2)), [Decimal("1.5")]),
    ("money", pa.array([Decimal("1.5000000000")], pa.decimal128(38, 10)), [Decimal("1.5")]),
    ("money", pa.array([5]), [Decimal(5)]),
    ("number", pa.array([Decimal("0.1234567")], pa.decimal128(20, 7)), [Decimal("0.123457")]),
    ("int", pa.array([3.0, None]), [3, None]),
    ("int", pa.array([3], pa.int8()), [3]),
    ("flag", pa.array([True, None]), [True, None]),
    ("flag", pa.array([1, 0]), [True, False]),
    ("enum", pa.array(["social"]).dictionary_encode(), ["social"]),
]


@pytest.mark.parametrize(("kind", "cells", "values"), NATIVE)
def test_a_type_of_their_own_is_used_as_it_is(tmp_path: Path, kind: str, cells: pa.Array, values: list[object]) -> None:
    said, findings, _ = judged(tmp_path, kind, cells, "Europe/London")
    assert not findings.faults
    assert said == values


@pytest.mark.parametrize(
    ("kind", "cells", "rule"),
    [
        ("id", pa.array([7.0]), "id_not_text"),
        ("id", pa.array([Decimal("7.5")], pa.decimal128(10, 1)), "id_not_text"),
        ("id", pa.array([NOON]), "id_not_text"),
        ("id", pa.array([True]), "id_not_text"),
        ("time", pa.array([1_780_000_000]), "not_a_time"),
        ("time", pa.array([datetime(1900, 1, 1)]), "out_of_range"),
        ("date", pa.array([NOON]), "not_a_date"),
        ("money", pa.array([float("nan")]), "not_finite"),
        ("money", pa.array([float("-inf")]), "not_finite"),
        ("money", pa.array([1e13]), "number_too_large"),
        ("money", pa.array([-(10**13)]), "number_too_large"),
        ("money", pa.array([-(2**63)]), "number_too_large"),
        ("money", pa.array([Decimal("0.1234567")], pa.decimal128(20, 7)), "money_too_fine"),
        ("money", pa.array([True]), "not_a_number"),
        ("int", pa.array([1.5]), "not_whole"),
        ("int", pa.array([float("nan")]), "not_whole"),
        ("int", pa.array([2.0**60]), "not_whole"),
        ("flag", pa.array([2]), "not_a_flag"),
        ("flag", pa.array([1.0]), "not_a_flag"),
        ("text", pa.array([1]), None),
    ],
)
def test_a_type_that_does_not_fit_is_judged_as_text(
    tmp_path: Path, kind: str, cells: pa.Array, rule: str | None
) -> None:
    _, findings, _ = judged(tmp_path, kind, cells)
    assert [fault.rule for fault in findings.faults] == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("kind", "cells", "zone", "lies"),
    [
        ("id", pa.array(["7"]), "UTC", True),
        ("id", pa.array([7]), "UTC", False),
        ("time", pa.array([NOON]), "UTC", True),
        ("time", pa.array([NOON]), "Europe/London", False),
        ("time", pa.array([NOON], pa.timestamp("us", "UTC")), "Europe/London", True),
        ("money", pa.array([1.5]), "UTC", False),
        ("money", pa.array([Decimal("1.5")], pa.decimal128(10, 2)), "UTC", True),
        ("int", pa.array([1]), "UTC", True),
        ("flag", pa.array([True]), "UTC", True),
        ("enum", pa.array(["email"]), "UTC", True),
    ],
)
def test_what_is_viewed_where_it_lies(tmp_path: Path, kind: str, cells: pa.Array, zone: str, lies: bool) -> None:
    _, _, table = judged(tmp_path, kind, cells, zone)
    assert (table.columns_as_they_lie(table.scans[0]) is not None) == lies


def test_empty_text_in_parquet_is_nothing_and_said_to_be_there(tmp_path: Path) -> None:
    values, findings, _ = judged(tmp_path, "enum", ["", "social"])
    assert values == [None, "social"]
    assert findings.blank_text
    assert not judged(tmp_path, "enum", ["email", "social"])[1].blank_text


def test_utc_has_no_clock_changes_to_look_for() -> None:
    """What is said of UTC without a search is what the search finds."""
    assert column_rules._by_the_clock("UTC") == (
        to_utc(column_rules.LOCAL, "UTC"),
        skipped(column_rules.LOCAL, "UTC"),
        repeated(column_rules.LOCAL, "UTC"),
    )
    assert column_rules._by_the_clock("Europe/London")[0] != column_rules.LOCAL
