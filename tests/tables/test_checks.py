"""What only whole rows and whole tables show: keys, currencies, order of times, customers that are not there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import Fault
from analysis.tables.checks import Findings, column_findings, header_faults, orphans, table_findings
from analysis.tables.contract import SCHEMAS, ColumnSchema, TableSchema
from analysis.tables.reader import read_text
from analysis.tables.scans import Scan, TableInput

ISSUES = "issue_id,customer_id,opened_at,closed_at,channel,cost,currency"


def found_in(folder: Path, table: str, content: str, *more: str) -> Findings:
    """Everything found in one table, given as one CSV file or several parts."""
    schema = SCHEMAS[table]
    with duckdb.connect() as connection:
        scans = []
        for number, part in enumerate((content, *more)):
            path = folder / f"{table}-{number}.csv"
            path.write_text(part, encoding="utf-8")
            relation, _ = read_text(path, cache=folder)
            scans.append(Scan.of_text(connection, relation.path, path.name, "UTC"))
        given = TableInput(schema=schema, scans=tuple(scans), originals={})
        findings = column_findings(connection, given)
        findings.faults[:0] = header_faults(given)
        table_findings(connection, given, f"({given.typed()})", findings)
    return findings


def only(findings: Findings) -> Fault:
    (fault,) = findings.faults
    return fault


def test_a_sound_table_has_no_faults_and_a_span(tmp_path: Path) -> None:
    found = found_in(
        tmp_path, "issues", f"{ISSUES}\n1,a,2026-01-05T09:00Z,,social,5,EUR\n2,,2026-02-01T09:00Z,,email,,\n"
    )
    assert (found.faults, found.notices, found.rows) == ([], [], 2)
    assert (found.first, found.last) == (datetime(2026, 1, 5, 9), datetime(2026, 2, 1, 9))
    assert (found.known_at, found.known_at_assumed, found.currency) == (datetime(2026, 2, 1, 9), True, "EUR")


def test_a_repeated_key_is_counted_and_its_first_repeat_named(tmp_path: Path) -> None:
    """Lines 2, 3, 4, 5 hold keys 1, 2, 1, 1: two rows repeat an earlier one, the first of them on line 4."""
    rows = "\n".join(f"{key},,2026-01-05T09:00Z,,social,,EUR" for key in "1211")
    fault = only(found_in(tmp_path, "issues", f"{ISSUES}\n{rows}\n"))
    assert (fault.rule, fault.column, fault.count, fault.of, fault.first) == ("duplicate_key", "issue_id", 2, 4, 4)


def test_a_key_repeated_in_another_part_names_that_part(tmp_path: Path) -> None:
    one = f"{ISSUES}\n1,,2026-01-05T09:00Z,,social,,EUR\n"
    fault = only(found_in(tmp_path, "issues", one, one))
    assert (fault.where, fault.first, fault.of) == ("issues-1.csv", 2, 2)


def test_the_whole_key_is_compared_and_an_empty_part_equals_another(tmp_path: Path) -> None:
    header = "experiment_id,customer_id,arm,block_start"
    sound = f"{header}\nx,1,a,\nx,2,a,\ny,1,a,\nx,1,b,2026-01-05T00:00Z\n"
    assert found_in(tmp_path, "assignments", sound).faults == []
    fault = only(found_in(tmp_path, "assignments", f"{sound}x,2,b,\n"))
    assert (fault.rule, fault.column, fault.count, fault.first) == ("duplicate_key", None, 1, 6)


def test_a_key_is_not_called_repeated_where_it_is_empty(tmp_path: Path) -> None:
    rows = ",,2026-01-05T09:00Z,,social,,EUR\n" * 2
    fault = only(found_in(tmp_path, "issues", f"{ISSUES}\n{rows}"))
    assert (fault.rule, fault.count, fault.first) == ("missing_value", 2, 2)
    assert "part of the key" in fault.remedy


def test_money_in_two_currencies_is_refused_without_naming_rows(tmp_path: Path) -> None:
    rows = "1,,2026-01-05T09:00Z,,social,5,EUR\n2,,2026-01-05T09:00Z,,social,5,USD\n3,,2026-01-05T09:00Z,,social,,GBP\n"
    fault = only(found_in(tmp_path, "issues", f"{ISSUES}\n{rows}"))
    assert (fault.rule, fault.count, fault.first) == ("several_currencies", None, None)
    assert "2 currencies" in fault.what, "the row without money does not count"


def test_money_needs_a_currency(tmp_path: Path) -> None:
    rows = "1,,2026-01-05T09:00Z,,social,,\n2,,2026-01-05T09:00Z,,social,5,\n"
    fault = only(found_in(tmp_path, "issues", f"{ISSUES}\n{rows}"))
    assert (fault.rule, fault.count, fault.of, fault.first) == ("money_without_currency", 1, 2, 3)
    without = "issue_id,opened_at,channel,cost\n1,2026-01-05T09:00Z,social,5\n"
    assert only(found_in(tmp_path, "issues", without)).rule == "money_without_currency"
    without = "issue_id,opened_at,channel,cost\n1,2026-01-05T09:00Z,social,\n"
    assert found_in(tmp_path, "issues", without).faults == []


def test_times_before_their_start_are_said(tmp_path: Path) -> None:
    rows = "1,,2026-01-05T09:00Z,2026-01-04T09:00Z,social,,\n2,,2026-01-05T09:00Z,2026-01-05T09:00Z,social,,\n"
    found = found_in(tmp_path, "issues", f"{ISSUES}\n{rows}")
    assert found.faults == []
    assert found.notices == [
        "issues-0.csv, column `closed_at`: times come before `opened_at` (1 of 2 rows).",
    ]


def test_a_cancelled_order_is_set_aside_and_dates_nothing(tmp_path: Path) -> None:
    header = "order_id,ordered_at,revenue,currency,cancelled_at"
    rows = "1,2026-01-05T09:00Z,5,EUR,\n2,2026-03-05T09:00Z,5,EUR,2026-03-06T09:00Z\n"
    found = found_in(tmp_path, "orders", f"{header}\n{rows}")
    assert (found.set_aside, found.last) == ({"cancelled": 1}, datetime(2026, 1, 5, 9))


def test_known_at_stands_above_the_event_time(tmp_path: Path) -> None:
    header = "order_id,ordered_at,revenue,currency,known_at"
    rows = "1,2026-01-05T09:00Z,5,EUR,2026-02-01T00:00Z\n"
    found = found_in(tmp_path, "orders", f"{header}\n{rows}")
    assert (found.known_at, found.known_at_assumed) == (datetime(2026, 2, 1), False)
    found = found_in(tmp_path, "orders", f"{header}\n{rows}2,2026-03-05T09:00Z,5,EUR,\n")
    assert (found.known_at, found.known_at_assumed) == (datetime(2026, 3, 5, 9), True)


def test_every_fault_is_gathered(tmp_path: Path) -> None:
    rows = " 1,nan,yesterday,,Social,x,EUR\n2,,2026-01-05T09:00Z,,social,5,EUR\n2,,2026-01-05T09:00Z,,,5,USD\n"
    rules = {fault.rule for fault in found_in(tmp_path, "issues", f"{ISSUES}\n{rows}").faults}
    assert rules == {
        "padded",
        "word_for_nothing",
        "not_a_time",
        "wrong_case",
        "not_a_number",
        "missing_value",
        "duplicate_key",
        "several_currencies",
    }


def test_missing_columns_are_offered_the_nearest_name(tmp_path: Path) -> None:
    found = found_in(tmp_path, "issues", "issue_id,opened,Channel\n1,2026-01-05T09:00Z,social\n")
    missing, case = found.faults
    assert (missing.rule, missing.column) == ("missing_column", "opened_at")
    assert missing.remedy.startswith("Did you mean `opened`?")
    assert (case.rule, case.column) == ("column_case", "channel")


def test_an_optional_column_in_another_case_is_refused_too(tmp_path: Path) -> None:
    found = found_in(tmp_path, "issues", "issue_id,opened_at,channel,Topic\n1,2026-01-05T09:00Z,social,x\n")
    assert [(fault.rule, fault.column) for fault in found.faults] == [("column_case", "topic")]


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    assert only(found_in(tmp_path, "issues", f"{ISSUES}\n")).rule == "empty_table"


def test_orphans_are_rows_whose_customer_is_not_there() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table rows as select unnest(['a', 'b', 'b', null]) as customer_id")
        connection.execute("create table customers as select 'a' as customer_id")
        assert orphans(connection, "rows", "customers") == 2


def test_a_hostile_column_name_is_a_name(tmp_path: Path) -> None:
    name = '"; drop table issues; --'
    quoted = '"' + name.replace('"', '""') + '"'
    path = tmp_path / "issues.csv"
    path.write_text(f"issue_id,opened_at,channel,{quoted}\n1,2026-01-05T09:00Z,social,x\n", encoding="utf-8")
    relation, _ = read_text(path, cache=tmp_path)
    assert relation.columns[-1] == name
    with duckdb.connect() as connection:
        scan = Scan.of_text(connection, relation.path, "issues.csv", "UTC")
        given = TableInput(schema=SCHEMAS["issues"], scans=(scan,), originals={})
        assert column_findings(connection, given).faults == []
        assert given.further == (name,)
        assert connection.execute(given.typed()).to_arrow_table().column(name).to_pylist() == ["x"]


def test_the_spoiled_airline_ids_are_refused(real_data: Path, tmp_path: Path) -> None:
    """All 14,640 ids of this public file went through a spreadsheet; the first stands on line 2."""
    relation, _ = read_text(real_data / "damaged" / "airline_excel_damaged_ids.csv", cache=tmp_path)
    tweet_id = ColumnSchema(name="tweet_id", type="id", nullable=False)
    schema = TableSchema(name="tweets", key=("tweet_id",), columns=(tweet_id,))
    with duckdb.connect() as connection:
        scan = Scan.of_text(connection, relation.path, relation.name, "UTC")
        fault = only(column_findings(connection, TableInput(schema=schema, scans=(scan,), originals={})))
    assert (fault.where, fault.column) == ("airline_excel_damaged_ids.csv", "tweet_id")
    assert (fault.rule, fault.count, fault.first) == ("scientific_id", 14_640, 2)


@pytest.mark.parametrize("rows", [1, 200_000])
def test_duplicates_are_found_among_many(tmp_path: Path, rows: int) -> None:
    """One repeated key, at the end of the file."""
    path = tmp_path / "posts.parquet"
    ids = [str(number) for number in range(rows)]
    times = pa.array([datetime(2026, 1, 5)] * (rows + 1))
    pq.write_table(pa.table({"post_id": [*ids, "0"], "published_at": times, "platform": ["x"] * (rows + 1)}), path)
    with duckdb.connect() as connection:
        scan = Scan.of_parquet(connection, {path: "posts.parquet"}, "UTC")
        given = TableInput(schema=SCHEMAS["posts"], scans=(scan,), originals={})
        findings = column_findings(connection, given)
        table_findings(connection, given, f"({given.typed()})", findings)
    assert (only(findings).rule, only(findings).count, only(findings).first) == ("duplicate_key", 1, rows + 1)
