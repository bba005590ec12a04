"""Rows that need not be kept are read in sweeps and written straight away: the same tables, and nothing left behind."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import ContractError, MapError
from analysis.tables import mapping_files, mapping_model, mapping_rows, plain_text
from analysis.tables.mapping import MappedTable, mapped
from analysis.tables.pseudonyms import Key
from analysis.tables.reader import read_text

KEY = Key(bytes(range(32)))
HITS = """\
map: hits
about: Made-up hits.
zone: Europe/London
files:
  hits:
    headers:
      - about: the export
        has: [Hit, Time, Post, Kind, Quantity, Exclude]
        may_have: [Mail, Subject]
    nulls: [{texts: ["-"]}]
    time_formats: ["%Y-%m-%d %H:%M:%S"]
    fields:
      at: {time: Time}
    basis: {Quantity: action}
tables:
  - table: post_actions
    from: hits
    keep: {when: {of: Post, empty: false}, others: no post}
    set_aside:
      - {reason: excluded, when: {of: Exclude, is: "1"}}
    columns:
      action_id: Hit
      post_id: Post
      occurred_at: at
      kind: {of: Kind, values: {like: like, click: click}, otherwise: other, count_others: true}
      quantity: {number: Quantity}
"""
HEADER = ["Hit", "Time", "Post", "Kind", "Quantity", "Exclude"]


def hits(count: int, start: int = 0) -> list[list[str]]:
    return [
        [
            f"h{number}",
            f"2026-07-{1 + number % 28:02} 10:00:00",
            "" if number % 7 == 0 else f"p{number % 5}",
            ["like", "click", "wink"][number % 3],
            str(number),
            "1" if number % 11 == 0 else "0",
        ]
        for number in range(start, start + count)
    ]


def written(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path


def made_of(tmp_path: Path, path: Path, text: str = HITS, **options: Any) -> MappedTable:
    """The one table a map makes, its account checked, and nothing left behind beside it."""
    source_map = tmp_path / "hits.yaml"
    source_map.write_text(text, encoding="utf-8")
    cache = tmp_path / "cache"
    [made] = mapped(str(source_map), path, cache=cache, **options)
    assert [one for one in cache.iterdir() if one != made.path] == []
    assert made.read == pq.read_metadata(made.path).num_rows + sum(made.set_aside.values())
    return made


def rows(made: MappedTable) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(made.path).to_pylist()
    made.path.unlink()
    return found


def test_a_row_by_hand(tmp_path: Path) -> None:
    """Of 30 hits in two files, 5 are of no post (0, 7, 14, 21, 28), 2 more are excluded (11, 22); 23 are left.

    Hit 0 is of no post and excluded: the first rule counts it. Ten are winks (2, 5, 8 …), of which 14 is of no post and
    11 excluded.
    """
    folder = tmp_path / "exports"
    written(folder / "a.csv", hits(10))
    written(folder / "b.csv", hits(20, start=10))
    made = made_of(tmp_path, folder)
    assert (made.read, made.set_aside) == (30, {"no post": 5, "excluded": 2})
    found = rows(made)
    assert [row["action_id"] for row in found] == [f"h{n}" for n in range(30) if n % 7 and n % 11]
    assert found[0] == {
        "action_id": "h1",
        "post_id": "p1",
        "occurred_at": "2026-07-02T10:00:00",
        "kind": "click",
        "quantity": "1",
        "__line": 3,
        "__file": "a.csv",
    }
    assert (found[-1]["action_id"], found[-1]["__line"], found[-1]["__file"]) == ("h29", 21, "b.csv")
    assert "`Kind` holds a value this map does not list in 8 rows. It reads as `other`." in made.notices


@pytest.mark.parametrize("sweep_bytes", [300, 1 << 24])
def test_swept_written_down_and_kept_rows_make_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sweep_bytes: int
) -> None:
    monkeypatch.setattr(plain_text, "SWEEP_BYTES", sweep_bytes)
    folder = tmp_path / "exports"
    written(folder / "a.csv", hits(500))
    written(folder / "b.csv", [[f"{cell},x" if at == 2 else cell for at, cell in enumerate(hit)] for hit in hits(40)])
    tables = []
    swept = made_of(tmp_path, folder)
    tables.append((swept.read, swept.set_aside, swept.notices, swept.columns, rows(swept)))
    with monkeypatch.context() as patched:
        patched.setattr("analysis.tables.mapping.swept", lambda *_: None)
        down = made_of(tmp_path, folder)
        tables.append((down.read, down.set_aside, down.notices, down.columns, rows(down)))
    with monkeypatch.context() as patched:
        patched.setattr("analysis.tables.mapping.kinds_to_keep", lambda given, _: frozenset(given.files))
        kept = made_of(tmp_path, folder)
        tables.append((kept.read, kept.set_aside, kept.notices, kept.columns, rows(kept)))
    assert tables[0] == tables[1] == tables[2]
    assert len(tables[0][-1]) > 300


def test_a_file_in_doubt_is_read_again_record_by_record(tmp_path: Path) -> None:
    """Its last record has a quotation mark inside: only the exact road can say what stands there."""
    path = written(tmp_path / "a.csv", hits(400))
    with path.open("a") as file:
        file.write('h"400,2026-07-01 10:00:00,p1,like,3,0\n')
    made = made_of(tmp_path, path)
    assert made.read == 401
    assert rows(made)[-1]["action_id"] == 'h"400'


def test_a_broken_file_is_refused_as_ever_and_nothing_is_left(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", hits(400))
    with path.open("a") as file:
        file.write("h400,2026-07-01 10:00:00\n")
    with pytest.raises(ContractError) as caught:
        made_of(tmp_path, path)
    [fault] = caught.value.faults
    assert (fault.rule, fault.count, fault.of, fault.first) == ("too_few_fields", 1, 401, 402)
    assert list((tmp_path / "cache").iterdir()) == []


def test_cells_that_break_the_word_are_counted_with_their_first_line(tmp_path: Path) -> None:
    """A time in all rows; a number only in those that are meant, where hit 7, of no post, is not among them."""
    given = hits(20)
    given[7][4] = given[9][4] = given[12][4] = "many"
    path = written(tmp_path / "a.csv", given)
    with pytest.raises(MapError) as caught:
        made_of(tmp_path, path)
    [fault] = caught.value.faults
    assert (fault.rule, fault.column, fault.count, fault.of, fault.first) == ("not_a_number", "Quantity", 2, 16, 11)
    given[7][1] = "yesterday"
    with pytest.raises(MapError) as caught:
        made_of(tmp_path, written(path, given))
    faults = {fault.rule: fault for fault in caught.value.faults}
    assert (faults["not_a_time"].count, faults["not_a_time"].of, faults["not_a_time"].first) == (1, 20, 9)
    assert list((tmp_path / "cache").iterdir()) == []


def test_blank_lines_are_told_as_ever(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", hits(3))
    path.write_text(path.read_text().replace("h2,", "\n\nh2,"))
    made = made_of(tmp_path, path)
    assert "a.csv: blank lines between records passed over: 2." in made.notices
    assert [row["__line"] for row in rows(made)] == [3, 6]


PERSONAL = (
    HITS.replace("    nulls:", "    personal: {Mail: email}\n    nulls:") + "    customer: {source: web, email: Mail}\n"
)


def test_only_pseudonyms_and_only_columns_the_map_uses_leave_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def watched(*args: Any, **options: Any) -> Any:
        relation, set_aside = read_text(*args, **options)
        seen.append(relation.path.read_bytes())
        return relation, set_aside

    monkeypatch.setattr(mapping_files, "read_text", watched)
    mails = ["-", "Ann@Example.org", "ann@example.org", ""]
    given = [[*hit, mail, "my parcel"] for hit, mail in zip(hits(4), mails, strict=True)]
    path = written(tmp_path / "a.csv", given, [*HEADER, "Mail", "Subject"])
    found = rows(made_of(tmp_path, path, PERSONAL, key=KEY))
    ann = KEY.of("email", "ann@example.org")
    assert [row["identity_email"] for row in found] == [ann, ann, None]
    assert [row["customer_id"] for row in found] == [ann, ann, None]
    assert len(seen) == 1
    assert all(word not in seen[0].lower() for word in (b"example", b"parcel", b"subject"))


def test_a_pseudonym_is_the_same_from_text_sheet_and_parquet(tmp_path: Path) -> None:
    header, given = [*HEADER, "Mail"], [[*hit, f"ann{at}@example.org"] for at, hit in enumerate(hits(5))]
    book = openpyxl.Workbook()
    for row in [header, *given]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    columns = [pa.array(list(column), pa.string()) for column in zip(*given, strict=True)]
    pq.write_table(pa.table(columns, names=header), tmp_path / "a.parquet")
    written(tmp_path / "a.csv", given, header)
    found = []
    for ending in ("csv", "xlsx", "parquet"):
        path = tmp_path / f"a.{ending}"
        made = rows(made_of(tmp_path, path, PERSONAL, key=KEY))
        found.append([{name: cell for name, cell in row.items() if not name.startswith("__")} for row in made])
    assert found[0] == found[1] == found[2]
    assert found[0][0]["identity_email"] == KEY.of("email", "ann1@example.org")


def test_a_renamed_column_and_a_choice_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    written(folder / "a.csv", hits(10))
    renamed = written(folder / "b.csv", hits(10, start=10), ["Hit id", *HEADER[1:]])
    assert len(rows(made_of(tmp_path, folder, renamed={"Hit": "Hit id"}))) == 16
    only = made_of(tmp_path, folder, renamed={"Hit": "Hit id"}, only=[renamed])
    assert only.files == (renamed,)
    assert {row["__file"] for row in rows(only)} == {"b.csv"}


def test_the_date_of_the_export(tmp_path: Path) -> None:
    text = HITS.replace("occurred_at: at", "occurred_at: {export_date: true}")
    path = written(tmp_path / "a.csv", hits(3))
    with pytest.raises(MapError, match="needs the date of the export"):
        made_of(tmp_path, path, text)
    found = rows(made_of(tmp_path, path, text, as_of=datetime(2026, 10, 6)))
    assert {row["occurred_at"] for row in found} == {"2026-10-06T00:00:00Z"}


def test_repeats_over_one_file_need_no_keeping() -> None:
    given = {
        "headers": ({"about": "all", "has": ("No", "At")},),
        "repeats": ({"key": ("No",), "keep": "first_file", "reason": "again"},),
    }
    tables = ({"table": "surveys", "from": "a", "columns": {"survey_id": "No", "asked_at": "At"}},)
    shop = {"map": "shop", "about": "", "zone": "UTC", "files": {"a": given}, "tables": tables}
    shop_map = mapping_model.SourceMap.model_validate(shop)
    assert mapping_rows.kinds_to_keep(shop_map, {"a": 1}) == frozenset()
    assert mapping_rows.kinds_to_keep(shop_map, {"a": 2}) == {"a"}
