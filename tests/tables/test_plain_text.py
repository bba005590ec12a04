"""A file read in sweeps says what it says read record by record; where that cannot be shown, it is in doubt."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import ContractError
from analysis.tables import plain_text
from analysis.tables.delimited import DelimitedText
from analysis.tables.plain_text import Cells, InDoubt, PlainText
from analysis.tables.pseudonyms import Key
from analysis.tables.reader import read_text

KEY = Key(bytes(range(32)))


def both_roads(path: Path, cache: Path, **options: object) -> list[object]:
    """What each road says of a file: columns, rows with their lines, what was set aside; or its faults."""
    said: list[object] = []
    for sweep in (True, False):
        try:
            relation, set_aside = read_text(path, cache=cache, sweep=sweep, **options)  # type: ignore[arg-type]
            table = pq.read_table(relation.path)
            assert table.num_rows == relation.rows
            assert table.schema.types[:-1] == [pa.string()] * len(relation.columns)
            said.append((relation.header, relation.columns, table.to_pylist(), set_aside))
            relation.path.unlink()
        except ContractError as error:
            said.append(error.faults)
    return said


def swept(path: Path, **options: object) -> list[dict[str, object]]:
    """The rows of a file, read in sweeps."""
    plain = PlainText(DelimitedText(path, **options), Cells())  # type: ignore[arg-type]
    return [row for batch in plain.batches() for row in batch.to_pylist()]


PIECES = st.sampled_from(
    ["a", "b", "é", "0", " ", ",", ",", ";", '"', '"', '""', '","', "\n", "\n", "\r\n", "\r", "\ufeff", "\0", "\x85"]
)
CELLS = st.lists(st.sampled_from(["a", "é", " ", ",", '"', "\n", "\r\n", "\ufeff", "\u2028"]), max_size=4).map("".join)


@st.composite
def exports(draw: st.DrawFn) -> bytes:
    """A file as a program would write it: some cells quoted, some lines blank, now and then a field lost."""
    width = draw(st.integers(1, 4))
    line_break = draw(st.sampled_from(["\n", "\r\n"]))
    always = draw(st.booleans())
    lines = []
    for _ in range(draw(st.integers(0, 8))):
        cells = draw(st.lists(CELLS, min_size=width, max_size=width))
        if draw(st.integers(0, 19)) == 0:
            cells.append("one more")
        quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        bare = [one if always or set(cell) & set('",\r\n') else cell for cell, one in zip(cells, quoted, strict=True)]
        lines.append(",".join(bare) + line_break * draw(st.sampled_from([1, 1, 1, 1, 2, 3])))
    header = ",".join(f"c{place}" for place in range(width)) + line_break
    text = header + "".join(lines)
    return (
        draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + (text if draw(st.booleans()) else text.rstrip("\r\n")).encode()
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=exports(), sweep_bytes=st.sampled_from([5, 17, 64, 1 << 20]))
@example(content=b'a\n""\n\n""\n', sweep_bytes=5)
@example(content=b"a\n\r\n\n1\n", sweep_bytes=5)
@example(content=b'a,b\n1,"2""\n"\n', sweep_bytes=17)
def test_both_roads_say_the_same_of_an_export(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, content: bytes, sweep_bytes: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    monkeypatch.setattr(plain_text, "SWEEP_BYTES", sweep_bytes)
    path = folder / "a.csv"
    path.write_bytes(content)
    quick, exact = both_roads(path, folder / "cache")
    assert quick == exact


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(PIECES, max_size=30), sweep_bytes=st.sampled_from([3, 11, 1 << 20]), skip=st.sampled_from([0, 0, 1])
)
def test_both_roads_say_the_same_of_anything(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    pieces: list[str],
    sweep_bytes: int,
    skip: int,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    monkeypatch.setattr(plain_text, "SWEEP_BYTES", sweep_bytes)
    path = folder / "b.csv"
    path.write_bytes(b"x,y\n" + "".join(pieces).encode())
    quick, exact = both_roads(path, folder / "cache", skip_lines=skip, header=["x", "y"] if skip else None)
    assert quick == exact


@pytest.mark.parametrize(
    "name",
    [
        "twcs/*.csv",
        "zendesk/*.csv",
        "hillstrom/*.csv",
        "damaged/*.csv",
        "fivetran_seeds/**/*.csv",
        "export_headers/*.csv",
        "mpdta/**/*.csv",
    ],
)
def test_both_roads_say_the_same_of_real_files(real_data: Path, tmp_path: Path, name: str) -> None:
    paths = sorted(real_data.glob(name))
    assert paths
    for path in paths:
        quick, exact = both_roads(path, tmp_path)
        assert quick == exact, path.name


@pytest.mark.parametrize("name", ["zendesk", "hillstrom", "fivetran_seeds"])
def test_real_exports_are_in_no_doubt(real_data: Path, name: str) -> None:
    """Else the quick road would be a road nobody takes."""
    for path in (real_data / name).rglob("*.csv"):
        assert swept(path) or path.stat().st_size < 5_000, path.name


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1\n",
        b"a,b\n1,2,3\n",
        b"a,b\n1,\x00\n",
        b"a,b\n1,\xff\n",
        b"a,b\n1,2\r3,4\n",
        b'a,b\n1,x"y\n',
        b'a,b\n1,"x"y\n',
        b'a,b\n1,"x\n',
        b'a,b\n1, "x"\n',
        b"a,b\n" + b"1," + b"x" * 140_000 + b"\n",
        b'a,b\n"1","' + b"x\n" * 70_000 + b'"\n',
        b"PK\x03\x04,b\n1,2\n",
        b"",
    ],
)
def test_what_cannot_be_shown_is_in_doubt(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InDoubt):
        swept(path)


@pytest.mark.parametrize("options", [{"encoding": "cp1252"}, {"delimiter": None}, {"delimiter": "§"}])
def test_other_kinds_of_text_are_in_doubt_from_the_start(tmp_path: Path, options: dict[str, object]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(InDoubt):
        PlainText(DelimitedText(path, **options), Cells())  # type: ignore[arg-type]


def test_a_file_that_is_gone_or_cut_is_in_doubt(tmp_path: Path) -> None:
    with pytest.raises(InDoubt):
        swept(tmp_path / "gone.csv")
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + bytes(range(48, 58)) * 10 + b",1\n")[:-12])
    with pytest.raises(InDoubt):
        swept(path)


def test_the_engine_reads_it_as_often_as_it_likes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "".join(f"{number},x\n" for number in range(50_000)))
    plain = PlainText(DelimitedText(path), Cells(wanted={"a"}))
    with duckdb.connect() as connection:
        connection.register("text", plain)
        for _ in range(2):
            counted = connection.execute('select count(*), sum(cast(a as int)), max(__line) from "text"').fetchone()
            assert counted == (50_000, 50_000 * 49_999 // 2, 50_001)
            assert plain.rows == 50_000


def test_a_doubt_met_by_the_engine_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3\n")
    plain = PlainText(DelimitedText(path), Cells())
    with duckdb.connect() as connection:
        connection.register("text", plain)
        with pytest.raises(duckdb.Error):
            connection.execute('select count(a) from "text"')
    assert plain.in_doubt


@pytest.mark.parametrize("sweep", [True, False])
def test_only_what_is_wanted_is_written_and_of_persons_pseudonyms(tmp_path: Path, sweep: bool) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,name,mail,note\n1,Ann Lee,Ann@Example.org,x\n2,Bo,,y\n3,Cy,-,\n4,Di, ann@example.org ,z\n")
    veil = KEY.veil("email")
    relation, _ = read_text(
        path,
        cache=tmp_path / "cache",
        wanted={"id", "mail", "not there"},
        personal={"mail": veil},
        nulls={"mail": ["-"]},
        sweep=sweep,
    )
    assert (relation.header, relation.columns) == (("id", "name", "mail", "note"), ("id", "mail"))
    ann = veil.of("ann@example.org")
    assert [row["mail"] for row in pq.read_table(relation.path).to_pylist()] == [ann, None, None, ann]
    written = b"".join(one.read_bytes() for one in (tmp_path / "cache").iterdir()).lower()
    for word in (b"ann", b"example", b"lee"):
        assert word not in written


def test_a_long_file_is_swept_in_little_memory(tmp_path: Path) -> None:
    """Fifty megabytes, of which the last record lacks a field."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "0123456789,x\n" * 4_000_000 + "1\n")
    tracemalloc.start()
    before, held = pa.total_allocated_bytes(), [0]

    def read() -> None:
        batches = PlainText(DelimitedText(path), Cells()).batches()
        held.extend(pa.total_allocated_bytes() - before for _ in batches)

    with pytest.raises(InDoubt):
        read()
    assert len(held) > 20
    assert max(held) < 120 << 20
    assert tracemalloc.get_traced_memory()[1] < 120 << 20
    tracemalloc.stop()
