"""Broken and hostile files: each is refused by name, line, column, rule and remedy, and never shows a traceback.

Every file holds a word, `S3CRET`, in its cells: no message may repeat it.
"""

# ruff: noqa: E501 (a case on a line reads best)

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import ContractError, Fault
from analysis.tables.load import Source, prepare

SECRET = "S3CRET"
HEADER = "order_id,customer_id,ordered_at,revenue,currency,product"
GOOD = f"1,c1,2026-01-05T09:00:00Z,12.50,EUR,{SECRET}"


def csv(*rows: str, header: str = HEADER) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


def columns(**changed: object) -> dict[str, object]:
    given = {
        "order_id": ["1", "2"],
        "ordered_at": pa.array([datetime(2026, 1, 5)] * 2, pa.timestamp("us", "UTC")),
        "revenue": [1.5, 2.5],
        "currency": ["EUR", "EUR"],
        "product": [SECRET, SECRET],
    }
    return {name: cells for name, cells in (given | changed).items() if cells is not None}


def parquet(**changed: object) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns(**changed)), target)
    return target.getvalue()


def without_rows() -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns()).slice(0, 0), target)
    return target.getvalue()


def cut_inside() -> bytes:
    """A Parquet file whose footer is whole and whose pages are not."""
    whole = bytearray(parquet(product=[SECRET * 400, "x" * 3_000]))
    whole[40:1_200] = b"\x99" * 1_160
    return bytes(whole)


def workbook(*rows: tuple[object, ...], sheet: str = "orders") -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.save(target)
    return target.getvalue()


def zipped(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("xl/workbook.xml", content)
    return target.getvalue()


NAMES = tuple(HEADER.split(","))
# name of the case: file, content, rule, column, first line
BROKEN: dict[str, tuple[str, bytes, str, str | None, int | None]] = {
    "no byte": ("orders.csv", b"", "no_header", None, None),
    "header alone": ("orders.csv", csv(), "empty_table", None, None),
    "no header": ("orders.csv", csv(GOOD, header=""), "no_header", None, None),
    "a blank header": ("orders.csv", csv(GOOD, header=",,,,,"), "no_header", None, None),
    "a header twice": ("orders.csv", csv(GOOD, header=HEADER.replace("product", "currency")), "duplicate_column", None, None),
    "a header in two cases": ("orders.csv", csv(GOOD, header=HEADER.replace("product", "Currency")), "duplicate_column", None, None),
    "a column misspelt": ("orders.csv", csv(GOOD, header=HEADER.replace("revenue", "revenu")), "missing_column", "revenue", None),
    "a column in capitals": ("orders.csv", csv(GOOD, header=HEADER.replace("revenue", "REVENUE")), "column_case", "revenue", None),
    "a column kept for us": ("orders.csv", csv(GOOD, header=HEADER.replace("product", "__line")), "unusable_column_name", None, None),
    "a column of a reader": ("orders.csv", csv(GOOD, header=HEADER.replace("product", "file_row_number")), "unusable_column_name", None, None),
    "semicolons": ("orders.csv", csv(GOOD.replace(",", ";"), header=HEADER.replace(",", ";")), "wrong_delimiter", None, None),
    "too few fields": ("orders.csv", csv(GOOD, "2,c1"), "too_few_fields", None, 3),
    "too many fields": ("orders.csv", csv(GOOD, f"{GOOD},{SECRET}"), "too_many_fields", None, 3),
    "a quote left open": ("orders.csv", csv(GOOD, f'2,c1,"{SECRET}'), "unclosed_quote", None, 3),
    "a quote closed early": ("orders.csv", csv(GOOD, f'2,c1,"{SECRET}"x,1,EUR,'), "stray_quote", None, 3),
    "a cell too long": ("orders.csv", csv(GOOD, f'2,c1,"{SECRET * 40_000}'), "cell_too_long", None, 3),
    "NUL": ("orders.csv", csv(GOOD, f"2,c1,2026-01-05T09:00:00Z,1,EUR,{SECRET}\x00"), "nul_byte", None, 3),
    "Latin-1": ("orders.csv", csv(GOOD) + f"2,c1,2026-01-05T09:00:00Z,1,EUR,{SECRET}é\n".encode("latin-1"), "undecodable", None, 3),
    "UTF-16": ("orders.csv", csv(GOOD).decode().encode("utf-16"), "undecodable", None, None),
    "gzip that is text": ("orders.csv.gz", csv(GOOD), "wrong_ending", None, None),
    "gzip that is cut": ("orders.csv.gz", gzip.compress(csv(*[GOOD] * 99))[:-9], "wrong_ending", None, None),
    "CSV that is gzip": ("orders.csv", gzip.compress(csv(GOOD)), "wrong_ending", None, None),
    "CSV that is Parquet": ("orders.csv", parquet(), "wrong_ending", None, None),
    "Parquet that is CSV": ("orders.parquet", csv(GOOD), "wrong_ending", None, None),
    "Parquet that is cut": ("orders.parquet", parquet()[:-30], "wrong_ending", None, None),
    "Parquet broken inside": ("orders.parquet", cut_inside(), "wrong_ending", None, None),
    "Parquet without rows": ("orders.parquet", without_rows(), "empty_table", None, None),
    "ids as floats": ("orders.parquet", parquet(order_id=[1.0, 2.0]), "id_not_text", "order_id", 1),
    "money that is NaN": ("orders.parquet", parquet(revenue=[1.5, float("nan")]), "not_finite", "revenue", 2),
    "times as numbers": ("orders.parquet", parquet(ordered_at=[1_780_000_000, 1_780_000_000]), "not_a_time", "ordered_at", 1),
    "a workbook that is CSV": ("orders.xlsx", csv(GOOD), "wrong_ending", None, None),
    "a workbook that is any zip": ("orders.xlsx", zipped(b"<x/>"), "wrong_ending", None, None),
    "a workbook that is cut": ("book.xlsx", workbook(NAMES, ("1",))[:2_000], "wrong_ending", None, None),
    "a sheet without rows": ("book.xlsx", workbook(NAMES), "empty_table", None, None),
    "a sheet without header": ("book.xlsx", workbook(), "no_header", None, None),
    "a long id as a number": ("book.xlsx", workbook(NAMES, (570306133677760513, None, "2026-01-05T09:00", 1, "EUR", SECRET)), "scientific_id", "order_id", 2),
    "a database that is CSV": ("data.duckdb", csv(GOOD), "wrong_ending", None, None),
    "an empty id": ("orders.csv", csv(GOOD, ",c1,2026-01-05T09:00:00Z,1,EUR,"), "missing_value", "order_id", 3),
    "an id twice": ("orders.csv", csv(GOOD, GOOD), "duplicate_key", "order_id", 3),
    "an id in scientific notation": ("orders.csv", csv(GOOD, "5.70306E+17,c1,2026-01-05T09:00:00Z,1,EUR,"), "scientific_id", "order_id", 3),
    "an id in groups": ("orders.csv", csv(GOOD, '"15,231,524",c1,2026-01-05T09:00:00Z,1,EUR,'), "grouped_id", "order_id", 3),
    "an id with a blank": ("orders.csv", csv(GOOD, "2 ,c1,2026-01-05T09:00:00Z,1,EUR,"), "padded", "order_id", 3),
    "a customer called nan": ("orders.csv", csv(GOOD, "2,nan,2026-01-05T09:00:00Z,1,EUR,"), "word_for_nothing", "customer_id", 3),
    "no time": ("orders.csv", csv(GOOD, f"2,c1,{SECRET},1,EUR,"), "not_a_time", "ordered_at", 3),
    "a day that is none": ("orders.csv", csv(GOOD, "2,c1,2026-02-30T09:00:00Z,1,EUR,"), "not_a_time", "ordered_at", 3),
    "an American date": ("orders.csv", csv(GOOD, "2,c1,01/13/2026,1,EUR,"), "not_a_time", "ordered_at", 3),
    "a date among times": ("orders.csv", csv(GOOD, "2,c1,2026-01-05,1,EUR,"), "bare_date", "ordered_at", 3),
    "the year 1900": ("orders.csv", csv(GOOD, "2,c1,1900-01-01T00:00:00Z,1,EUR,"), "out_of_range", "ordered_at", 3),
    "no number": ("orders.csv", csv(GOOD, f"2,c1,2026-01-05T09:00:00Z,{SECRET},EUR,"), "not_a_number", "revenue", 3),
    "thousands": ("orders.csv", csv(GOOD, '2,c1,2026-01-05T09:00:00Z,"1,234.50",EUR,'), "not_a_number", "revenue", 3),
    "a currency sign": ("orders.csv", csv(GOOD, "2,c1,2026-01-05T09:00:00Z,€12,EUR,"), "not_a_number", "revenue", 3),
    "a formula": ("orders.csv", csv(GOOD, "2,c1,2026-01-05T09:00:00Z,=1+1,EUR,"), "not_a_number", "revenue", 3),
    "too fine": ("orders.csv", csv(GOOD, "2,c1,2026-01-05T09:00:00Z,0.1234567,EUR,"), "money_too_fine", "revenue", 3),
    "too large": ("orders.csv", csv(GOOD, "2,c1,2026-01-05T09:00:00Z,99999999999999,EUR,"), "number_too_large", "revenue", 3),
    "a word for a currency": ("orders.csv", csv(GOOD, "2,c1,2026-01-05T09:00:00Z,1,euro,"), "not_a_currency", "currency", 3),
    "two currencies": ("orders.csv", csv(GOOD, "2,c1,2026-01-05T09:00:00Z,1,USD,"), "several_currencies", "currency", None),
    "no currency": ("orders.csv", csv(GOOD, "2,c1,2026-01-05T09:00:00Z,1,,"), "missing_value", "currency", 3),
    "an order of bytes for nothing": ("orders.csv", b"\xef\xbb\xbf", "no_header", None, None),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_each_is_refused_by_its_name(tmp_path: Path, case: str) -> None:
    name, content, rule, column, first = BROKEN[case]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(content)
    with pytest.raises(ContractError) as caught:
        prepare([Source(tmp_path / "data")], cache=tmp_path / "cache")
    by_rule = {fault.rule: fault for fault in caught.value.faults}
    assert rule in by_rule
    fault = by_rule[rule]
    assert fault.where.startswith(name)
    assert fault.column == column
    assert first is None or fault.first == first
    assert fault.remedy.endswith(".")
    assert SECRET not in str(caught.value)
    assert not any((tmp_path / "cache").glob("*")), "a refusal leaves nothing behind"


def folder_of(**files: bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for name, content in files.items():
            path = folder / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    return make


def database(statement: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with duckdb.connect(str(folder / "data.duckdb")) as connection:
            connection.execute(statement)

    return make


FOLDERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (lambda folder: None, "no_table"),
    "nothing that is a table": (folder_of(README_dot_md=b"x", truth_dot_json=b"{}"), "no_table"),
    "two sources of one table": (folder_of(orders_dot_csv=csv(GOOD), orders_dot_parquet=parquet()), "two_sources"),
    "a table's folder without parts": (folder_of(orders__notes_dot_txt=b"x"), "no_parts"),
    "folders among the parts": (folder_of(orders__2026__a_dot_csv=csv(GOOD), orders__a_dot_csv=csv(GOOD)), "nested_parts"),
    "parts of different columns": (folder_of(orders__a_dot_csv=csv(GOOD), orders__b_dot_csv=csv(GOOD, header=HEADER.replace("product", "margin"))), "parts_differ"),
    "a database left open": (folder_of(data_dot_duckdb=b"", data_dot_duckdb_dot_wal=b"x"), "open_database"),
    "a view that reads other files": (database("create view orders as select * from read_csv('/etc/hosts', delim = '~', header = false)"), "unreadable_view"),
    "a table of the wrong shape": (database("create table orders as select 1 as order_id"), "missing_column"),
}  # fmt: skip


@pytest.mark.parametrize("case", FOLDERS)
def test_folders_that_cannot_be_read_as_tables(tmp_path: Path, case: str) -> None:
    make, rule = FOLDERS[case]
    folder = tmp_path / "data"
    folder.mkdir()
    make(folder)
    with pytest.raises(ContractError) as caught:
        prepare([Source(folder)], cache=tmp_path / "cache")
    assert rule in [fault.rule for fault in caught.value.faults]
    assert SECRET not in str(caught.value)


def refused(path: Path, cache: Path) -> tuple[Fault, ...]:
    with pytest.raises(ContractError) as caught:
        prepare([Source(path)], cache=cache)
    assert SECRET not in str(caught.value)
    return caught.value.faults


def a_database(folder: Path) -> bytes:
    database("create table orders as select 1 as order_id")(folder)
    return (folder / "data.duckdb").read_bytes()


@pytest.mark.parametrize(
    ("make", "what", "remedy"),
    [
        (lambda folder: workbook(NAMES, ("1",)), "an Excel workbook (or another ZIP archive)", "ending .xlsx"),
        (lambda folder: b"PK\x03\x04garbage", "an Excel workbook (or another ZIP archive)", "ending .xlsx"),
        (lambda folder: parquet(), "a Parquet file", "ending .parquet"),
        (lambda folder: parquet()[:-30], "a Parquet file", "ending .parquet"),
        (lambda folder: gzip.compress(csv(GOOD)), "packed with gzip", "Unpack it"),
        (a_database, "a DuckDB database", "ending .duckdb"),
    ],
    ids=["workbook", "zip", "parquet", "cut parquet", "gzip", "duckdb"],
)
@pytest.mark.parametrize("name", ["orders.csv", "orders.csv.gz"])
def test_another_kind_of_file_called_csv_is_one_fault_that_names_it(
    tmp_path: Path, make: Callable[[Path], bytes], what: str, remedy: str, name: str
) -> None:
    content = make(tmp_path)
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (fault,) = refused(path, tmp_path / "cache")
    assert (fault.rule, fault.where, fault.what) == ("wrong_ending", name, f"is {what}, not CSV")
    assert remedy in fault.remedy
    assert fault.remedy.startswith("Unpack it") or name == "orders.csv"


def test_text_that_begins_like_another_kind_of_file_is_text(tmp_path: Path) -> None:
    for beginning in ("PAR1", "PAR1_share", "order no DUCK", "PK"):
        path = tmp_path / "orders.csv"
        path.write_bytes(csv(f"x,{GOOD}", header=f"{beginning},{HEADER}"))
        assert prepare([Source(path)], cache=tmp_path / "cache").accounts["orders"].rows.kept == 1


SPOILED = ("2,c1,2025-13-01,abc,EURO,", GOOD, f"3,{SECRET}")
SPOILED_FAULTS = {
    ("not_a_time", "ordered_at", 1, 4, 3),
    ("not_a_number", "revenue", 1, 4, 3),
    ("not_a_currency", "currency", 1, 4, 3),
    ("duplicate_key", "order_id", 1, 4, 4),
}


def counted(faults: tuple[Fault, ...]) -> set[tuple[object, ...]]:
    found = {(fault.rule, fault.column, fault.count, fault.of, fault.first) for fault in faults}
    assert len(found) == len(faults), "nothing is said twice"
    return found


def test_a_short_record_hides_no_other_fault_of_its_file(tmp_path: Path) -> None:
    """Lines 2 to 5: a good order; one with no time, no number and no currency; the first again; two fields alone."""
    path = tmp_path / "orders.csv"
    path.write_bytes(csv(GOOD, *SPOILED))
    short = ("too_few_fields", None, 1, 4, 5)
    assert counted(refused(path, tmp_path / "cache")) == {short, *SPOILED_FAULTS}


def test_a_long_record_and_blank_lines_hide_none_and_are_counted_truly(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(csv(GOOD, *SPOILED[:-1], "", f"{GOOD},{SECRET}", ""))
    long = ("too_many_fields", None, 1, 4, 6)
    assert counted(refused(path, tmp_path / "cache")) == {long, *SPOILED_FAULTS}


def test_records_that_are_all_too_long_are_no_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(csv(f"{GOOD},{SECRET}", f"{GOOD},{SECRET}"))
    assert counted(refused(path, tmp_path / "cache")) == {("too_many_fields", None, 2, 2, 2)}


def test_a_short_record_hides_no_fault_of_another_part(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "a.csv").write_bytes(csv(GOOD, "2,c1"))
    (folder / "b.csv").write_bytes(csv(GOOD, "3,c1,2026-01-05T09:00:00Z,abc,EUR,"))
    faults = refused(tmp_path, tmp_path / "cache")
    assert counted(faults) == {
        ("too_few_fields", None, 1, 2, 3),
        ("not_a_number", "revenue", 1, 2, 3),
        ("duplicate_key", "order_id", 1, 4, 2),
    }
    assert {fault.where for fault in faults} == {"orders/a.csv", "orders/b.csv"}
    (folder / "c.csv").write_bytes(b"PK\x03\x04")
    assert refused(tmp_path, tmp_path / "cache")[0].where == "orders/c.csv"


def test_a_part_broken_inside_hides_no_short_record(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "a.parquet").write_bytes(cut_inside())
    (folder / "b.csv").write_bytes(csv("7,2026-01-05T09:00:00Z", header=",".join(columns())))
    rules = {fault.rule for fault in refused(tmp_path, tmp_path / "cache")}
    assert rules == {"wrong_ending", "too_few_fields"}


def test_a_row_with_an_error_of_the_spreadsheet_hides_no_other_fault(tmp_path: Path) -> None:
    row = ("1", None, "2026-01-05T09:00", 1, "EUR")
    rows = (row, ("2", None, "2026-01-05T09:00", "#N/A", "EUR"), ("1", None, "2025-13-01", 2, "EUR"), (*row, None, "x"))
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook(NAMES, *rows))
    book = openpyxl.load_workbook(path)
    book.active["D3"].data_type = "e"
    book.save(path)
    assert counted(refused(path, tmp_path / "cache")) == {
        ("spreadsheet_error", "revenue", 1, 4, 3),
        ("too_many_fields", None, 1, 4, 5),
        ("not_a_time", "ordered_at", 1, 4, 4),
        ("duplicate_key", "order_id", 1, 4, 4),
    }


@pytest.mark.parametrize("as_folder", [True, False])
@pytest.mark.parametrize(("name", "wanted"), [("orders.xlsx", "name the sheet `orders`"), ("export.xlsx", "`orders`")])
def test_a_workbook_without_a_table_among_its_sheets_is_told_which_it_has(
    tmp_path: Path, name: str, wanted: str, as_folder: bool
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(workbook(NAMES, ("1",), sheet="Sheet"))
    (fault,) = refused(tmp_path / "data" / ("" if as_folder else name), tmp_path / "cache")
    assert (fault.where, fault.rule) == (name, "no_table_sheet")
    assert fault.what.endswith("its sheets: `Sheet`")
    assert fault.remedy.startswith("The sheet's name counts, not the file's")
    assert wanted in fault.remedy


def test_a_workbook_of_a_table_s_name_is_a_fault_beside_other_tables_and_another_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "customers.csv").write_text("customer_id\n1\n", encoding="utf-8")
    (folder / "notes.xlsx").write_bytes(workbook(("a",), ("1",), sheet="Sheet"))
    assert list(prepare([Source(folder)], cache=tmp_path / "cache").accounts) == ["customers"]
    (folder / "customers.csv").write_bytes(b"\x1f\x8b")
    assert [fault.where for fault in refused(folder, tmp_path / "cache")] == ["customers.csv"]
    (folder / "customers.csv").unlink()
    (folder / "customers").mkdir()
    assert [fault.rule for fault in refused(folder, tmp_path / "cache")] == ["no_parts"]
    (folder / "Orders.xlsx").write_bytes(workbook(NAMES, ("1",), sheet="Sheet"))
    *_, fault = refused(folder, tmp_path / "cache")
    assert (fault.where, fault.rule) == ("Orders.xlsx", "no_table_sheet")


@pytest.mark.filterwarnings("ignore:Title is more than 31")
def test_the_names_of_sheets_are_cut_and_printable(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "a\u202eb"
    for number in range(9):
        book.create_sheet(f"{number}" + "x" * 60)
    book.save(tmp_path / "orders.xlsx")
    (fault,) = refused(tmp_path / "orders.xlsx", tmp_path / "cache")
    shown = fault.what.partition("its sheets: ")[2]
    names = shown.removesuffix(" and 2 more").split(", ")
    assert names[0] == "`a?b`"
    assert [len(name) for name in names[1:]] == [42] * 7, "40 signs between two quotation marks"


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="is not there"):
        prepare([Source(tmp_path / "nowhere")], cache=tmp_path / "cache")


def test_a_single_file_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "oders.csv").write_bytes(csv(GOOD))
    with pytest.raises(ContractError, match="Did you mean `orders`"):
        prepare([Source(tmp_path / "oders.csv")], cache=tmp_path / "cache")


def test_no_source_at_all(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no source is given"):
        prepare([], cache=tmp_path / "cache")


def test_the_faults_of_all_tables_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(csv("1,c1,yesterday,1,EUR,"))
    (tmp_path / "issues.parquet").write_bytes(b"x")
    (tmp_path / "customers.csv").write_text("customer_id\n1\n1\n", encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        prepare([Source(tmp_path), Source(tmp_path / "nowhere")], cache=tmp_path / "cache")
    rules = {fault.rule for fault in caught.value.faults}
    assert rules == {"not_a_time", "wrong_ending", "duplicate_key", "missing_source"}
