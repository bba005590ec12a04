"""A file is read to the letter: fields counted, lines numbered, nothing padded or guessed."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import ContractError, Fault
from analysis.tables import delimited
from analysis.tables.reader import LINE, RaggedPolicy, ending, peek_header, read_text


def rows_of(path: Path, **options: object) -> list[dict[str, object]]:
    relation, _ = read_text(path, cache=path.parent / "cache", **options)  # type: ignore[arg-type]
    rows = pq.read_table(relation.path).to_pylist()
    assert len(rows) == relation.rows
    return rows


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def faults_of(path: Path, **options: object) -> tuple[Fault, ...]:
    with pytest.raises(ContractError) as caught:
        read_text(path, cache=path.parent / "cache", **options)  # type: ignore[arg-type]
    assert not list((path.parent / "cache").glob("*")), "a refused file leaves nothing behind"
    return caught.value.faults


def test_cells_are_text_and_empty_ones_null(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'id,n,t\n007,1.50,"a, b"\n8,,"say ""hi"""\n')
    assert rows_of(path) == [
        {"id": "007", "n": "1.50", "t": "a, b", LINE: 2},
        {"id": "8", "n": None, "t": 'say "hi"', LINE: 3},
    ]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_breaks_and_byte_order_marks_are_passed_over(tmp_path: Path, line_break: str, mark: bytes) -> None:
    path = written(tmp_path, "a.csv", mark + line_break.join(["id,n", "1,2", "3,4"]).encode())
    assert rows_of(path) == [{"id": "1", "n": "2", LINE: 2}, {"id": "3", "n": "4", LINE: 3}]


def test_lines_are_those_an_editor_shows(tmp_path: Path) -> None:
    """Header of two lines, a cell of three, a blank line, another cell of two."""
    path = written(tmp_path, "a.csv", 'id,"n\nx"\n1,"a\nb\r\nc"\n2,b\n\n3,"a\n"\n4,c\n')
    assert [row[LINE] for row in rows_of(path)] == [3, 6, 8, 10]
    _, set_aside = read_text(path, cache=tmp_path)
    assert set_aside == {"blank line": 1}


def test_blank_lines_at_the_end_are_nothing(tmp_path: Path) -> None:
    relation, set_aside = read_text(written(tmp_path, "a.csv", "id,n\n1,2\n\n\n"), cache=tmp_path)
    assert (relation.rows, set_aside) == (1, {})


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    relation, _ = read_text(written(tmp_path, "a.csv", "id,n\n"), cache=tmp_path)
    assert (relation.columns, relation.rows) == (("id", "n"), 0)
    assert pq.read_schema(relation.path).names == ["id", "n", LINE]


def test_records_are_counted_across_batches(tmp_path: Path) -> None:
    """Every 97th record has a line break in it; lines must be right on both sides of each batch's edge."""
    records = [
        f'{number},"a\nb"' if number % 97 == 0 else f"{number},a" for number in range(1, 3 * delimited.BATCH_ROWS)
    ]
    rows = rows_of(written(tmp_path, "a.csv", "\n".join(["id,n", *records])))
    expected, line = [], 2
    for number in range(1, len(records) + 1):
        expected.append(line)
        line += 2 if number % 97 == 0 else 1
    assert [row[LINE] for row in rows] == expected


def test_too_few_and_too_many_fields_are_counted_with_their_first_lines(tmp_path: Path) -> None:
    few, many = faults_of(written(tmp_path, "a.csv", "a,b\n1,2\n1\n1,2,3\n1\n1,2\n"))
    assert (few.rule, few.count, few.of, few.first) == ("too_few_fields", 2, 5, 3)
    assert (many.rule, many.count, many.of, many.first) == ("too_many_fields", 1, 5, 4)


def test_a_policy_fills_up_or_sets_aside_short_records(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "a,b,c\n1,2,3\n1,2\n1\n")
    relation, set_aside = read_text(path, cache=tmp_path, ragged=RaggedPolicy(2, "fragment"))
    assert set_aside == {"fragment": 1}
    assert pq.read_table(relation.path).to_pylist()[1] == {"a": "1", "b": "2", "c": None, LINE: 3}


@pytest.mark.parametrize(
    ("content", "rule", "first"),
    [
        ('a,b\n1,2\n3,"4\n5,6\n', "unclosed_quote", 3),
        ('a,b\n1,"x\ny"\n3,"4" 5\n', "stray_quote", 4),
        ('a,b\n1,2\n3,"' + "x" * 140_000 + '"\n', "cell_too_long", 3),
        (b"a,b\n1,2\n3,\xff\n4,\xe9\n", "undecodable", 3),
        ("a,b\n1,2\n3,\x004\n", "nul_byte", 3),
        ("a,b\n1,2".encode("utf-16"), "undecodable", None),
        ("a;b\n1;2\n", "wrong_delimiter", None),
        ("", "no_header", None),
        ("\n\n1,2\n", "no_header", None),
        (",,\n1,2,3\n", "no_header", None),
        ("a,b,A\n1,2,3\n", "duplicate_column", None),
        ("a,__b\n1,2\n", "unusable_column_name", None),
        (f"a,{'b' * 256}\n1,2\n", "unusable_column_name", None),
    ],
)
def test_broken_text_is_refused_with_its_line(
    tmp_path: Path, content: str | bytes, rule: str, first: int | None
) -> None:
    (fault,) = faults_of(written(tmp_path, "a.csv", content))
    assert (fault.where, fault.rule) == ("a.csv", rule)
    assert first is None or fault.first == first
    assert fault.remedy.endswith(".")


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "LONGEST_LINE", 1_000)
    (fault,) = faults_of(written(tmp_path, "a.csv", "a,b\n1,2\n" + "," * 5_000))
    assert (fault.rule, fault.first) == ("cell_too_long", 3)


def test_other_encodings_are_declared(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "a,b\n1,é\n".encode("cp1252"))
    assert rows_of(path, encoding="cp1252")[0]["b"] == "é"
    path = written(tmp_path, "b.csv", "a,b\n1,é\n".encode("utf-16"))
    assert rows_of(path, encoding="utf-16")[0]["b"] == "é"


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    (fault,) = faults_of(written(tmp_path, "a.csv", "a,b\n1,2\n"), encoding="no-such-encoding")
    assert fault.rule == "unknown_encoding"


def test_gzip_is_unpacked_and_a_damaged_one_refused(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 5_000)
    assert len(rows_of(written(tmp_path, "a.csv.gz", packed))) == 5_000
    for name, content in (("text.csv.gz", b"a,b\n1,2\n"), ("cut.csv.gz", packed[:-12]), ("cut2.csv.gz", packed[:30])):
        path = written(tmp_path, name, content)
        with pytest.raises(ContractError) as caught:
            read_text(path, cache=tmp_path / "cache")
        assert [fault.rule for fault in caught.value.faults] == ["wrong_ending"]


def test_a_file_without_header_and_lines_before_the_data(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "made by hand\n\n 00001 19970101  1   11.77\n")
    rows = rows_of(path, fixed_width=True, header=["id", "day", "n", "paid"], skip_lines=2)
    assert rows == [{"id": "00001", "day": "19970101", "n": "1", "paid": "11.77", LINE: 3}]


def test_a_column_without_name_is_called_by_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", ",id\n0,x\n")
    assert rows_of(path) == [{"unnamed_1": "0", "id": "x", LINE: 2}]
    assert peek_header(path) == ("unnamed_1", "id")


def test_parquet_becomes_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    given = {"id": pa.array([7, None]), "t": pa.array([datetime(2026, 1, 5, 9, 30), None]), "s": ["", "x"]}
    pq.write_table(pa.table(given), path)
    assert rows_of(path) == [
        {"id": "7", "t": "2026-01-05 09:30:00", "s": None, LINE: 1},
        {"id": None, "t": None, "s": "x", LINE: 2},
    ]


def test_parquet_that_is_none_or_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["1"] * 1_000}), path)
    for content in (b"id\n1\n", path.read_bytes()[:-20]):
        (fault,) = faults_of(written(tmp_path, "b.parquet", content))
        assert (fault.where, fault.rule) == ("b.parquet", "wrong_ending")


def workbook(path: Path, *rows: tuple[object, ...]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_sheet_becomes_text_as_excel_shows_it(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ("id", "n", "t", "f"),
        (7, 19.99 * 3, datetime(2026, 1, 5), True),
        (),
        ("007", 1e-05, None, False),
        (123456789012345678, 0.5, None, None),
        (),
    )
    assert rows_of(path) == [
        {"id": "7", "n": "59.97", "t": "2026-01-05 00:00:00", "f": "true", LINE: 2},
        {"id": "007", "n": "0.00001", "t": None, "f": "false", LINE: 4},
        {"id": "1.23456789012346E+17", "n": "0.5", "t": None, "f": None, LINE: 5},
    ]
    assert peek_header(path) == ("id", "n", "t", "f")


def test_a_sheet_with_errors_or_notes_beside_it_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ("id", "n"), ("1", "#N/A"), ("2", 3, None, "note"))
    book = openpyxl.load_workbook(path)
    book.active["B2"].data_type = "e"
    book.save(path)
    beside, error = faults_of(path)
    assert (beside.rule, beside.first) == ("too_many_fields", 3)
    assert (error.rule, error.column, error.count, error.first) == ("spreadsheet_error", "n", 1, 2)


def test_a_workbook_that_is_none_is_refused(tmp_path: Path) -> None:
    (fault,) = faults_of(written(tmp_path, "a.xlsx", "id\n1\n"))
    assert fault.rule == "wrong_ending"
    whole = workbook(tmp_path / "b.xlsx", ("id",), ("1",)).read_bytes()
    (fault,) = faults_of(written(tmp_path, "cut.xlsx", whole[: len(whole) // 2]))
    assert fault.rule == "wrong_ending"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path / "a.csv")
    assert fault.rule == "missing_file"


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("a,b\n1,2\n", ("a", "b")),
        ('"a,x",b\n', ("a,x", "b")),
        ("a;b,c;d\n", ("a", "b,c", "d")),
        ("a\tb\n", ("a", "b")),
        (" 00001 19970101\n", ("00001", "19970101")),
        ("id\n", ("id",)),
        ("", None),
    ],
)
def test_a_header_can_be_seen_without_reading_the_file(
    tmp_path: Path, content: str, header: tuple[str, ...] | None
) -> None:
    assert peek_header(written(tmp_path, "a.csv", content)) == header


def test_what_a_name_says() -> None:
    assert [ending(Path(name)) for name in ("a.csv", "a.b.csv.gz", "a.gz", "a.PARQUET", "a", "a.duckdb", "a.xls")] == [
        "csv",
        "csv",
        None,
        "parquet",
        None,
        "duckdb",
        None,
    ]


def test_the_spoiled_airline_file_reads_as_what_it_is(real_data: Path, tmp_path: Path) -> None:
    relation, set_aside = read_text(real_data / "damaged" / "airline_excel_damaged_ids.csv", cache=tmp_path)
    assert (relation.rows, set_aside) == (14_640, {})
    first = pq.read_table(relation.path).slice(0, 1).to_pylist()[0]
    assert first["tweet_id"] == "5.70306E+17"
