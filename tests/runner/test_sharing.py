"""What goes out of the house holds what is named, the same bytes each time, and nothing of a customer."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import InputError
from analysis.foundation.provenance import canonical_json, fingerprint, fingerprint_of_bytes
from analysis.reporting.signed import standing_line
from analysis.runner import searching
from analysis.runner.manifest import write_manifest
from analysis.runner.publish import Place, publish
from analysis.runner.searching import _TOO_WEAK, is_searched, search
from analysis.runner.sharing import note_tables, share_report
from analysis.runner.signing import sign_report
from analysis.tables.load import Source, prepare
from analysis.tables.opened import Prepared, Tables, open_tables

TEXT = "My parcel has been lost for three weeks now and nobody answers"
TOLD = "You may quote me: the new app saved my whole holiday"
TABLES = {
    "customers": "customer_id,region\nC-000417,north\n17850,south\n4711471147,north\n000052,south\n",
    "mentions": "mention_id,posted_at,platform,author_id,customer_id,text,consent\n"
    f"m1,2026-08-01T10:00:00Z,x,ada.lovelace99,C-000417,{TEXT},false\n"
    f"m2,2026-08-02T10:00:00Z,x,zoe_told_us_7,,{TOLD},true\n"
    "m3,2026-08-03T10:00:00Z,x,social,,thanks,\n",
    "identities": "source,source_id,customer_id,method\nx,ada@example.org,C-000417,email\n",
}
Making = Callable[..., Path]


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text)
    return prepare([Source(folder)], cache=tmp_path / "cache")


@pytest.fixture
def tables(prepared: Prepared) -> Iterator[Tables]:
    with open_tables(prepared) as opened:
        yield opened


@pytest.fixture
def make(tmp_path: Path, prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> Making:
    """Publishes a report counted from the tables: `make(words="on its page", **{"further.pdf": b""})`."""
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path / "reports" / "care")

    def report(words: str = "17,850 orders", run: str = "abc", **files: bytes) -> Path:
        folder = place.runs / run
        (folder / "notebooks").mkdir(parents=True)
        (folder / "parts").mkdir()
        (folder / "index.html").write_text(f"<title>Summary – care</title>{standing_line()}<p>{words}</p>")
        inputs = {name: account.fingerprint for name, account in prepared.accounts.items()}
        results = {"study": "care", "known_at": None, "period": None, "provenance": {"inputs": inputs}, "n": 17850}
        (folder / "results.json").write_bytes(canonical_json(results))
        (folder / "notebooks" / "metrics.ipynb").write_text('{"printed": "C-000417"}')
        (folder / "parts" / "metrics.json").write_text("{}")
        for name, content in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        write_manifest(folder, {"study": "care", "run": run, "seconds": {}})
        note_tables(place, run, prepared.folder)
        publish(folder, place.link)
        return place.link

    return report


def office(text: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        packed.writestr("xl/sharedStrings.xml", f"<si><t>{text}</t></si>")
    return written.getvalue()


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def pdf(words: str) -> bytes:
    """A PDF of one page that says these words."""
    said = f"BT /F1 12 Tf 72 700 Td ({words}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(said), said),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + table + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def parquet(words: str) -> bytes:
    """A table of numbers and one text."""
    file = io.BytesIO()
    pq.write_table(pa.table({"n": [1, 4711471147], "said": [words, None]}), file)
    return file.getvalue()


def test_what_goes_out_is_what_is_named(make: Making) -> None:
    given = {
        "report.pdf": pdf("17,850 orders"),
        "tables/metrics.csv": b"n\r\n17850\r\n",
        "tables/metrics.parquet": parquet("x"),
    }
    report = make(**{**given, "figures.xlsx": office("7"), "deck.pptx": office("8"), "rows.csv": b"x"})
    (report / "stray.html").write_text("put here by hand")
    sign_report(report, name="Ada", role="approver", now=datetime(2026, 10, 7))
    shared = share_report(report)
    assert shared.file == report.parent / "care.zip"
    files = unpacked(shared.file)
    assert list(files) == [
        f"care/{name}"
        for name in (
            "contents.json", "deck.pptx", "figures.xlsx", "index.html", "report.pdf", "results.json",
            "tables/metrics.csv", "tables/metrics.parquet",
        )
    ]  # fmt: skip
    assert files["care/index.html"] == (report / "index.html").read_bytes()
    assert b"Signed</strong> by <bdi>Ada</bdi>" in files["care/index.html"]
    contents = json.loads(files["care/contents.json"])
    assert contents["files"] == {
        name.removeprefix("care/"): fingerprint_of_bytes(content)
        for name, content in files.items()
        if name != "care/contents.json"
    }
    assert (contents["standing"]["word"], contents["schema"]) == ("Signed", "touchstone.share/1")
    assert contents["searched"]["files_not_read"] == []
    assert contents["searched"]["ids"] + contents["searched"]["ids_too_short"] == 9
    assert "Not searched: " not in str(shared)


@pytest.mark.parametrize(
    "words", ["the customer C-000417 wrote", "ada.lovelace99", TEXT, "write to ada at example.org"]
)
def test_pdf_csv_and_parquet_are_read_within(make: Making, words: str) -> None:
    files = {"report.pdf": pdf(words), "tables/a.csv": words.encode(), "tables/b.parquet": parquet(words)}
    for number, (name, content) in enumerate(files.items()):
        report = make(run=f"run{number}", **{name: content})
        if "example" in words:
            assert share_report(report).file.exists()
            continue
        with pytest.raises(InputError, match=re.escape(name) + ": holds (ids|words) of people") as found:
            share_report(report)
        assert "000417" not in str(found.value)


@pytest.mark.parametrize(("name", "kind"), [("report.pdf", "PDF"), ("tables/b.parquet", "Parquet file")])
def test_what_should_be_read_and_cannot_does_not_go_out(make: Making, name: str, kind: str) -> None:
    with pytest.raises(InputError, match=f"is no {kind} that can be read"):
        share_report(make(**{name: b"PAR1 and no more"}))


def test_without_its_reader_a_pdf_is_told_as_not_searched(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "find_spec", lambda name: None)
    shared = share_report(make(**{"report.pdf": pdf("17,850 orders")}))
    assert "Not searched: report.pdf." in str(shared)


def test_the_same_report_gives_the_same_bytes(make: Making, tmp_path: Path) -> None:
    report = make()
    first = share_report(report).file.read_bytes()
    assert share_report("care").file.read_bytes() == first
    (tmp_path / "out").mkdir()
    assert share_report(report, out=tmp_path / "out").file.read_bytes() == first
    assert share_report(report, out=tmp_path / "mine.zip").file.read_bytes() == first
    with zipfile.ZipFile(report.parent / "care.zip") as packed:
        assert {one.date_time for one in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {one.create_system for one in packed.infolist()} == {3}
    assert str(tmp_path).encode() not in b"".join(unpacked(report.parent / "care.zip").values())


@pytest.mark.parametrize(
    "words",
    [
        "the customer C-000417 wrote", "<td>C-000417</td>", "c-000417", "(4711471147)", "id=000052;",
        "by ada.lovelace99.",
        "see ada@example.org!", "C&#45;000417", "x/C-000417/y", "</p><img alt=\"of ada.lovelace99\" src=x><p>",
        f"“{TEXT}”", TEXT.upper(), f"Somebody said: {' '.join(TEXT.split()[:6])} …", TEXT.replace(" ", "<br>"),
    ],
)  # fmt: skip
def test_a_planted_customer_is_found_and_nothing_is_written(make: Making, words: str) -> None:
    report = make(words)
    with pytest.raises(InputError, match=r"index\.html: holds (ids|words) of people from ") as found:
        share_report(report)
    assert "Nothing was written" in str(found.value)
    for secret in ("000417", "4711471147", "000052", "ada", "parcel", "PARCEL"):
        assert secret not in str(found.value), "what was found is not repeated"
    assert not (report.parent / "care.zip").exists()


@pytest.mark.parametrize(
    "words",
    [
        "17,850 orders, 17850 of them", "on social and social", "thanks to all", "by zoe_told_us_7, who may be named",
        TOLD,
        "0.4711471147 of them", "-4711471147.000052e-07", "C-0004170", "XC-000417", "14711471147",
        " ".join(TEXT.split()[:5]),
        f'<img src="data:image/png;base64,{"4711471147" * 9}">',
    ],
)  # fmt: skip
def test_figures_common_words_and_what_was_published_with_consent_are_no_finding(make: Making, words: str) -> None:
    assert share_report(make(words)).file.exists()


def test_office_files_are_read_within(make: Making) -> None:
    with pytest.raises(InputError, match=r"figures\.xlsx: holds ids of people from `customers\.customer_id`, .*: 1"):
        share_report(make(**{"figures.xlsx": office("C-000417")}))
    with pytest.raises(InputError, match=r"deck\.pptx: is no office file that can be read"):
        share_report(make(run="two", **{"deck.pptx": b"PK"}))


def test_every_file_and_column_at_fault_is_named(tables: Tables) -> None:
    files = {"a.html": b"<p>C-000417 and 4711471147</p>", "b.json": b'{"by": "ada.lovelace99 < ada@example.org"}'}
    with pytest.raises(InputError) as found:
        search(files, tables)
    assert [(fault.where, fault.what) for fault in found.value.faults] == [
        (
            "a.html",
            "holds ids of people from `customers.customer_id`, `identities.customer_id`, `mentions.customer_id`: 2",
        ),
        ("b.json", "holds ids of people from `identities.source_id`, `mentions.author_id`: 2"),
        ("b.json", "holds what looks like an e-mail address: 1"),
    ]


def test_what_stands_on_many_pages_is_told_once(tables: Tables) -> None:
    files = {f"{n}.html": b"<p>by C-000417</p>" for n in range(6)}
    with pytest.raises(InputError) as found:
        search(files, tables)
    (fault,) = found.value.faults
    assert fault.where == "0.html, 1.html, 2.html, 3.html, 4.html, 5.html"
    assert fault.what.startswith("hold ids of people from `customers.customer_id`, ")
    assert fault.what.endswith(": 1 each")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("case of jane.doe+x@mail.example.co.uk", "an e-mail address"),
        ("jane&#64;example.org", "an e-mail address"),
        ('<a href="mailto:jane@example.org">her</a>', "an e-mail address"),
        ("jürgen@bücher.example", "an e-mail address"),
        ("call +44 20 7946 0958", "a telephone number"),
        ("+447700900123", "a telephone number"),
        ("+44 (0)20 7946-0958", "a telephone number"),
        ("(+49.151.12345678)", "a telephone number"),
        ("0049 151 12345678", "a telephone number"),
        ("07700 900123", "a telephone number"),
        ("(020) 7946 0958", "a telephone number"),
        ("(555) 234-5678", "a telephone number"),
        ("555-234-5678", "a telephone number"),
        ("the case of @larkspur_jane", "an @handle"),
        ("https://social.example/@larkspur_jane", "an @handle"),
        ("@jane@social.example", "an @handle"),
        ("(@j2)", "an @handle"),
    ],
)
def test_addresses_in_free_text_are_found_and_not_repeated(make: Making, words: str, kind: str) -> None:
    with pytest.raises(InputError, match=rf"index\.html: holds what looks like {kind}: 1\.") as found:
        share_report(make(words))
    assert not re.search("jane|7946|900123|5678|j2", str(found.value))
    assert not list(Path("reports").glob("*.zip"))


@pytest.mark.parametrize(
    "words",
    [
        "sha256:0171123456789012345678901234567890123456789012345678901234567890", "version 3.11.4 of 2.4.0",
        "01/07/2026 09:30 to 30/09/2026 10:45", "2026-07-01 09:30:00", "2026-07-01T00:00:00Z",
        "+12.4 (10.1 to 14.2)", "+1,234,567 to +12,345,678.90 EUR", "0.0123456789 0.4567890123", "-0.31 ± 0.0245",
        "<td>0</td><td>1234</td><td>567</td><td>8901</td>", "<tr>\n<td>020</td>\n<td>7946</td>\n<td>0958</td></tr>",
        "17,850 orders @ 4.99 each", "<style>@media print { a { b: c } } @font-face { d: e }</style>",
        "2025 2026 1200 4400", "1e-09, +1.5e+10", "index@2x", "5@home", "id 14711471147",
        "by @zoe_told_us_7, who may be named",
    ],
)  # fmt: skip
def test_figures_hashes_days_and_versions_are_no_addresses(make: Making, words: str) -> None:
    assert share_report(make(words)).file.exists()


def test_addresses_are_found_in_results_and_office_files(tables: Tables) -> None:
    for name, content in {
        "results.json": b'{"said": "first\\n@jane_d"}',
        "a.json": b'{"said": "caf\\u00e9 jane\\u0040example.org"}',
        "a.xlsx": office("jane@example.org"),
    }.items():
        with pytest.raises(InputError, match=rf"{name}: holds what looks like"):
            search({name: content}, tables)


def test_a_note_about_a_customer_is_not_signed(make: Making) -> None:
    report = make()
    for words in ({"name": "Ada", "note": "as C-000417 said"}, {"name": "ada.lovelace99"}, {"name": "A", "note": TEXT}):
        with pytest.raises(
            InputError, match=r"--(note|as): holds (ids|words) of people .*could never be shared"
        ) as found:
            sign_report(report, role="reviewer", now=datetime(2026, 10, 7), **words)
        assert not re.search("000417|lovelace|parcel", str(found.value))
    assert not (report.parent / "ledger").exists()
    assert sign_report(report, name="Ada", role="reviewer", note="17,850 orders", now=datetime(2026, 10, 7)).searched
    assert share_report(report).file.exists()


def test_what_is_too_short_is_counted(tables: Tables) -> None:
    """customers: 17850 is too short; mentions: the author `social` has no digit. Author and customer ids of 8 kinds:
    4 customers, 1 source id and its customer, 1 customer and 2 authors of mentions without consent = 9 by column."""
    found = search({"a.html": b"<p>nothing</p>"}, tables)
    assert (found.ids, found.too_short) == (9, 2)


@settings(deadline=None, max_examples=300)
@given(st.text("09aZ@.-ü ", max_size=14))
def test_both_engines_agree_what_is_too_short(identity: str) -> None:
    weak = duckdb.execute(f"select {_TOO_WEAK} from (select ?::varchar as id)", [identity]).fetchone()
    assert weak == (not is_searched(identity),)


def test_what_cannot_go_out_is_refused(make: Making, tmp_path: Path) -> None:
    report = make()
    target = report.parent / "care.zip"
    for path, said in {
        tmp_path / "care.docx": "is no name of a zip",
        tmp_path / "mine.zip": "is something else that would be overwritten",
    }.items():
        (tmp_path / "mine.zip").write_text("not a zip of ours")
        with pytest.raises(InputError, match=said):
            share_report(report, out=path)
    note = report.parent / ".runs" / "care" / ".abc.tables"
    noted = note.read_bytes()
    for content in (b"", b"{}", canonical_json({"prepared": str(tmp_path / "gone")})):
        note.write_bytes(content)
        with pytest.raises(InputError, match="the tables it was counted from are not here any more"):
            share_report(report)
    note.write_bytes(noted)
    with pytest.raises(InputError, match=r"index\.html: names a folder of this machine"):
        share_report(make(f"read from {tmp_path}/reports/x.csv", run="two"))
    (report / "index.html").write_text("changed by hand")
    with pytest.raises(InputError, match=r"index\.html was changed since the report was made"):
        share_report(report)
    with pytest.raises(InputError, match="there is no finished report"):
        share_report("nowhere")
    assert not target.exists()


def test_other_tables_than_those_of_the_report_are_not_taken(make: Making, tmp_path: Path) -> None:
    report = make()
    (tmp_path / "data" / "customers.csv").write_text("customer_id\nsomebody-else-1\n")
    other = prepare([Source(tmp_path / "data")], cache=tmp_path / "cache")
    note_tables(Place(report), "abc", other.folder)
    with pytest.raises(InputError, match="the tables it was counted from are not here any more"):
        share_report(report)


@pytest.mark.parametrize("besides", ["previous", "ledger"])
def test_what_a_report_is_made_from_besides_its_tables_keeps_it_from_nobody(make: Making, besides: str) -> None:
    report = make()
    results = json.loads((report / "results.json").read_bytes())
    results["provenance"]["inputs"][besides] = "sha256:0"
    again = make(run="def", **{"results.json": canonical_json(results)})
    assert "care/results.json" in unpacked(share_report(again).file)


def test_a_report_that_lags_goes_out_as_it_stands(make: Making) -> None:
    """The record says Reviewed, the pages still Draft: what goes out says Reviewed, and so does the report."""
    report = make()
    sign_report(report, name="Ada", role="reviewer", now=datetime(2026, 10, 7))
    publish(report.parent / ".runs" / "care" / "abc", report)
    before = fingerprint(report / "results.json")
    files = unpacked(share_report(report).file)
    assert re.search(rb"<strong>Reviewed</strong> by <bdi>Ada", files["care/index.html"])
    assert fingerprint_of_bytes(files["care/results.json"]) == before
