"""First maps for files: the known map that fits, or a draft that loads; and no cell of the file in it."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from analysis.foundation.errors import ContractError
from analysis.tables.drafting import Draft, draft_map, quoted
from analysis.tables.drafting_columns import Sample, columns_of, sample_of
from analysis.tables.mapping import load_map, mapped
from analysis.tables.mapping_yaml import parse_map
from analysis.tables.pseudonyms import Key

KEY = Key(bytes(range(32)))
CALLS = ["Call ID", "Customer No", "Customer Email", "Started", "Direction", "Agent Name", "Channel"]


def calls(start: str = "13/03/2026 10:{:02d}") -> list[list[str]]:
    return [
        [f"c{one}", f"K{one % 7}", f"ann{one}@mail.example", start.format(one), "in", "Bob Bright", "call"]
        for one in range(30)
    ]


def write(path: Path, rows: Sequence[Sequence[str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def loaded(draft: Draft) -> None:
    """It loads where nothing is missing, and where something is, it says which."""
    if not draft.missing:
        parse_map(draft.text, "draft.yaml")
    else:
        assert all(f"# {name}: TODO" in draft.text for name in draft.missing)


def test_calls_by_hand(tmp_path: Path) -> None:
    """Ids, times day first, an address as a pseudonym; the draft reads the very file it was made of."""
    path = write(tmp_path / "calls 2026.csv", [CALLS, *calls()])
    draft = draft_map(path)
    assert (draft.fits, draft.table, draft.missing) == (None, "touchpoints", ())
    text = draft.text
    assert "mail.example" not in text
    assert "Bob Bright" not in text
    (tmp_path / "maps").mkdir()
    own = tmp_path / "maps" / "calls.yaml"
    own.write_text(text, encoding="utf-8")
    made = load_map(own)
    [file] = made.files.values()
    assert (made.map, made.zone, file.time_formats) == ("calls_2026", "UTC", ("%d/%m/%Y %H:%M",))
    assert file.personal == {"Customer Email": "email"}
    assert "Not read, because they seem to name a person" in text
    assert '"Agent Name" (name)' in text
    [table] = mapped(str(own), path, cache=tmp_path / "cache", key=KEY)
    row = pq.read_table(table.path).to_pylist()[1]
    assert (row["touchpoint_id"], row["occurred_at"], row["channel"], row["direction"]) == (
        "c1", "2026-03-13T10:01:00", "phone", "inbound",
    )  # fmt: skip
    assert (row["customer_id"], row["identity_email"]) == ("K1", KEY.of("email", "ann1@mail.example"))


def test_the_order_of_day_and_month_is_asked_where_both_fit(tmp_path: Path) -> None:
    either = draft_map(write(tmp_path / "calls.csv", [CALLS, *calls("03/04/2026 10:{:02d}")])).text
    clear = draft_map(write(tmp_path / "more.csv", [CALLS, *calls("04/30/2026 10:{:02d}")])).text
    question = "TODO: In Started, does the day or the month come first?"
    assert question in either
    assert question not in clear
    assert '"%m/%d/%Y %H:%M"' in clear


def test_what_the_contract_needs_and_the_file_has_not_is_a_comment(tmp_path: Path) -> None:
    orders = [["Order ID", "Order date", "Total"], *([f"o{one}", "2026-03-01 10:00:00", "9.90"] for one in range(5))]
    draft = draft_map(write(tmp_path / "orders.csv", orders))
    assert (draft.table, draft.missing) == ("orders", ("currency",))
    assert "# currency: TODO, the contract needs it" in draft.text
    loaded(draft)


def test_disguised_nulls_thousands_and_local_times_are_said(tmp_path: Path) -> None:
    rows = [["Order ID", "Order date", "Total", "Currency"]]
    rows += [[f"o{one}", "2026-03-01 10:00:00" if one else "-", "1,234.50", "EUR"] for one in range(5)]
    text = draft_map(write(tmp_path / "orders.csv", rows)).text
    made = parse_map(text, "draft.yaml")
    [file] = made.files.values()
    assert [(null.texts, null.columns) for null in file.nulls] == [(("-",), ("Order date",))]
    assert 'revenue: {number: "Total", thousands: ","}' in text
    assert "are the times local" in text


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_another_delimiter_is_declared(tmp_path: Path, sign: str) -> None:
    path = write(tmp_path / "calls.csv", [CALLS, *calls()], delimiter=sign)
    (tmp_path / "calls.yaml").write_text(draft_map(path).text, encoding="utf-8")
    [table] = mapped(str(tmp_path / "calls.yaml"), path, cache=tmp_path / "cache", key=KEY)
    assert table.read == 30


def test_another_encoding_is_declared_and_asked(tmp_path: Path) -> None:
    rows = [["Call ID", "Started", "Gerät"], *([f"c{one}", "2026-03-01 10:00", "Küche"] for one in range(5))]
    draft = draft_map(write(tmp_path / "calls.csv", rows, encoding="cp1252"))
    assert "format: {encoding: cp1252}" in draft.text
    assert "In which encoding is the file?" in draft.text
    loaded(draft)


def test_the_same_from_every_kind_of_file(tmp_path: Path) -> None:
    plain = write(tmp_path / "calls.csv", [CALLS, *calls()])
    draft = draft_map(plain).text
    packed = tmp_path / "calls.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    book = openpyxl.Workbook()
    for row in [CALLS, *calls()]:
        book.active.append(row)
    book.save(tmp_path / "calls.xlsx")
    columns = list(zip(*calls(), strict=True))
    pq.write_table(pa.table(dict(zip(CALLS, columns, strict=True))), tmp_path / "calls.parquet")
    for other in (packed, tmp_path / "calls.xlsx", tmp_path / "calls.parquet"):
        assert draft_map(other).text == draft


def test_only_the_beginning_is_read(tmp_path: Path) -> None:
    """Far below, the file is broken: a draft does not get there."""
    path = write(tmp_path / "calls.csv", [CALLS, *(calls() * 40)])
    with path.open("ab") as file:
        file.write(b'"never closed\xff\n' * 3)
    assert len(sample_of(path).rows) == 400
    loaded(draft_map(path))


# The nearest known map


def test_a_file_that_fits_is_told_its_map(real_data: Path) -> None:
    draft = draft_map(real_data / "zendesk" / "zendesk_tickets.csv")
    assert (draft.fits, draft.missing) == ("zendesk", ())
    assert "--map zendesk" in draft.text
    assert parse_map(draft.text, "draft.yaml") == load_map("zendesk")


def test_a_renamed_column_is_found(tmp_path: Path, real_data: Path) -> None:
    with (real_data / "export_headers" / "zendesk_tickets_csv_export.csv").open(encoding="utf-8") as file:
        columns = next(csv.reader(file))
    renamed = [
        "Created" if name == "Created at" else "Solved date" if name == "Solved at" else name for name in columns
    ]
    draft = draft_map(write(tmp_path / "tickets.csv", [renamed]))
    assert draft.fits is None
    assert "Near: the map `zendesk`" in draft.text
    assert 'It lacks "Solved at".' in draft.text or '"Solved at": "Solved date"' in draft.text
    assert "Created" in draft.text
    loaded(draft)


FITS = {
    "zendesk_tickets_csv_export": "zendesk",
    "zendesk_tickets_plum_real_file": "zendesk",
    "sprout_api_messages_fields": "sprout_inbox",
    "salesforce_case_object_fields": "salesforce_cases",
    "front_analytics_messages_export": "front",
    "ringcentral_engage_digital_message": "ringcentral",
    "ringcentral_engage_digital_threads": "ringcentral",
    "ringcentral_engage_digital_interventions": "ringcentral_interventions",
    "twitter_customer_support_twcs": "twcs",
}


@pytest.mark.parametrize("name", FITS)
def test_headers_of_systems_find_their_maps(real_data: Path, name: str) -> None:
    assert draft_map(real_data / "export_headers" / f"{name}.csv").fits == FITS[name]


def test_every_header_that_was_seen_gives_a_draft_with_rows_and_without(real_data: Path, tmp_path: Path) -> None:
    seen = sorted((real_data / "export_headers").glob("*.csv"))
    assert len(seen) > 20
    for path in seen:
        loaded(draft_map(path))
        header = sample_of(path).columns
        made_up = [[f"{place}x{number}" for number in range(len(header))] for place in range(3)]
        loaded(draft_map(write(tmp_path / path.name, [header, *made_up])))


def test_every_real_data_set_gives_a_draft(real_data: Path) -> None:
    """None of the cells that could be somebody's is in it."""
    seen = [path for kind in ("csv", "parquet") for path in real_data.glob(f"*/*.{kind}") if "header" not in str(path)]
    assert len(seen) > 20
    for path in sorted(seen):
        draft = draft_map(path)
        loaded(draft)
        if draft.fits is None:
            sample = sample_of(path)
            columns = columns_of(sample)
            private = [place for place, column in enumerate(columns) if column.personal in ("email", "phone")]
            cells = {row[place] for row in sample.rows for place in private} - {None}
            assert [cell for cell in cells if cell and cell in draft.text] == []


# Hostile names


HOSTILE = (
    ": {", "!!python/object/apply:os.system [x]", "two\nlines", 'say "no"', "it's", "# comment", "- item", "*alias",
    "&anchor",
    "%YAML 1.1", "{{ x }}", "back\\slash", "tab\there", "\u2028line", "\u202eback", "\U0001f600", "null", "~", "yes",
    "1.10",
    "2026-01-01", "? key", "| text", "> text", "@at", "`tick", "\x85next", "\ufeffmark", "<script>", "a" * 255,
    "\x1b[31mred",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_quoted_name_is_that_name(name: str) -> None:
    assert YAML(typ="safe").load(f"- {quoted(name)}") == [name]
    assert YAML(typ="safe").load(f"{quoted(name)}: 1") == {name: 1}
    assert quoted(name).isprintable()


def test_hostile_names_are_names(tmp_path: Path) -> None:
    """Each stands in for the column of ids, of times, of addresses; the draft loads, and reads the file."""
    for number, name in enumerate(HOSTILE):
        header = ["Call ID", f"Start time {name}"[:255], f"Customer Email {name}"[:255], name]
        rows = [[f"c{one}", "2026-03-01 10:00:00", f"a{one}@mail.example", "x"] for one in range(5)]
        path = write(tmp_path / f"{number}.csv", [header, *rows])
        draft = draft_map(path)
        loaded(draft)
        own = tmp_path / f"{number}.yaml"
        own.write_text(draft.text, encoding="utf-8")
        if number % 8 == 0 and not draft.missing:
            [table] = mapped(str(own), path, cache=tmp_path / "cache", key=KEY)
            assert table.read == 5


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=40))
def test_any_name_is_quoted_so_that_it_comes_back(name: str) -> None:
    if not any(0xD800 <= ord(sign) < 0xE000 for sign in name):
        assert YAML(typ="safe").load(f"x: [{quoted(name)}]") == {"x": [name]}


# Bad input


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.csv", None, "does not exist"),
        ("report.pdf", b"%PDF", "is no table that could be read"),
        ("empty.csv", b"", "has no header"),
        ("twice.csv", b"Id,id\n1,2\n", "columns share a name"),
        ("broken.parquet", b"PAR1 and no more", "broken.parquet"),
        ("broken.xlsx", b"PK\x03\x04 and no more", "broken.xlsx"),
        ("broken.csv.gz", b"\x1f\x8b and no more", "cannot be opened"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ContractError, match=words):
        draft_map(tmp_path / name)


def test_a_column_without_cells_is_judged_by_its_name_alone() -> None:
    [column] = columns_of(Sample(("Phone",), ()))
    assert (column.kind, column.personal) == ("empty", "phone")


def test_a_file_parted_by_white_space_is_tried_by_the_maps_that_read_such_files(
    real_data: Path, tmp_path: Path
) -> None:
    draft = draft_map(real_data / "cdnow" / "CDNOW_master.txt")
    assert (draft.fits, draft.missing) == ("cdnow", ())
    commas = write(
        tmp_path / "cdnow.csv", [["customer_id", "date", "number_of_cds", "dollar_value"], ["1", "19970101", "1", "9"]]
    )
    assert draft_map(commas).fits is None  # the map asks for white space
    names = write(tmp_path / "names.csv", [["Customer name"], ["Ann Lee"]])
    assert draft_map(names).fits is None


@pytest.mark.parametrize(("width", "fits"), [(0, "adobe_clicks"), (-1, None)])
def test_a_file_without_header_is_known_by_its_name_and_width(tmp_path: Path, width: int, fits: str | None) -> None:
    columns = load_map("adobe_clicks").files["feed"].format.columns
    assert columns is not None
    row = [str(place) for place in range(len(columns) + width)]
    assert draft_map(write(tmp_path / "hit_data_2026.tsv", [row, row], delimiter="\t")).fits == fits
    assert draft_map(write(tmp_path / "else.tsv", [row, row], delimiter="\t")).fits is None


def test_a_file_that_a_spreadsheet_damaged_is_not_said_to_fit(real_data: Path) -> None:
    draft = draft_map(real_data / "damaged" / "twcs_excel_damaged_first1000.csv")
    assert (draft.fits, draft.missing) == (None, ())
    said = draft.text.replace("\n# ", " ")
    assert "will refuse this file: it is damaged. One of its first rows lists replies" in said
    assert "Use the file as it was exported" in said
    assert draft_map(real_data / "twcs" / "twcs_5000.csv").fits == "twcs"


def test_ids_that_became_powers_of_ten_are_told(real_data: Path, tmp_path: Path) -> None:
    text = draft_map(real_data / "damaged" / "airline_excel_damaged_ids.csv").text
    assert 'DAMAGED: in "tweet_id" a spreadsheet' in text
    rows = [["Ticket ID", "Weight", "Created"], ["48", "5.7E+17", "2026-03-01"], ["49", "1e+20", "2026-03-02"]]
    assert "DAMAGED" not in draft_map(write(tmp_path / "weights.csv", rows)).text
