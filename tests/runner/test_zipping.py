"""A zip that leaves the house: the same bytes for the same files, nothing written over, no folder of the machine."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.foundation.errors import InputError
from analysis.foundation.provenance import canonical_json
from analysis.runner.finished import Report, find_report
from analysis.runner.manifest import write_manifest
from analysis.runner.publish import Place, publish
from analysis.runner.zipping import FIRST_TIME, refuse_machine, zip_target, zipped

NAMES = st.text("abcdefgh/.-", min_size=1, max_size=12).filter(lambda name: not name.startswith("/"))


@pytest.fixture
def report(tmp_path: Path) -> Report:
    place = Place(tmp_path / "reports" / "care")
    folder = place.runs / "abc"
    folder.mkdir(parents=True)
    (folder / "results.json").write_bytes(canonical_json({"study": "care"}))
    write_manifest(folder, {"study": "care", "run": "abc", "seconds": {}})
    publish(folder, place.link)
    return find_report(place.link, tmp_path)


@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=5))
def test_order_changes_no_byte_and_every_file_comes_back(files: dict[str, bytes]) -> None:
    packed = zipped("care", files)
    assert packed == zipped("care", dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(packed)) as there:
        assert {one.filename: there.read(one) for one in there.infolist()} == {
            f"care/{name}": content for name, content in files.items()
        }
        assert all((one.date_time, one.create_system) == (FIRST_TIME, 3) for one in there.infolist())


def test_it_goes_beside_the_report_or_where_it_is_told(report: Report, tmp_path: Path) -> None:
    def target(out: Path | None) -> Path:
        return zip_target(out, report, "care.zip", marked_by="contents.json", rule="r")

    assert target(None) == tmp_path / "reports" / "care.zip"
    assert target(tmp_path) == tmp_path / "care.zip"
    assert target(tmp_path / "mine.zip") == tmp_path / "mine.zip"
    with pytest.raises(InputError, match=r"mine\.docx: is no name of a zip"):
        target(tmp_path / "mine.docx")


def test_only_a_zip_of_the_same_kind_is_written_over(report: Report, tmp_path: Path) -> None:
    there = tmp_path / "care.zip"
    there.write_bytes(zipped("care", {"contents.json": b"{}"}))
    assert zip_target(there, report, "care.zip", marked_by="contents.json", rule="r") == there
    with pytest.raises(InputError, match="something else that would be overwritten") as other:
        zip_target(there, report, "care.zip", marked_by="replication.json", rule="r")
    assert [fault.rule for fault in other.value.faults] == ["r"]
    there.write_text("letters of mine")
    with pytest.raises(InputError, match="something else that would be overwritten"):
        zip_target(there, report, "care.zip", marked_by="contents.json", rule="r")


def test_a_link_that_leads_nowhere_is_somebody_elses(report: Report, tmp_path: Path) -> None:
    there = tmp_path / "care.zip"
    there.symlink_to(tmp_path / "not yet")
    with pytest.raises(InputError, match="something else that would be overwritten"):
        zip_target(there, report, "care.zip", marked_by="contents.json", rule="r")


def test_every_file_that_names_a_folder_of_this_machine_is_told(report: Report, tmp_path: Path) -> None:
    lies = f"{tmp_path}/reports/care".encode()
    home = f"see {Path.home()}/notes".encode()
    refuse_machine({"a.html": b"reports/care", "b.html": str(tmp_path).encode() + b" alone"}, report, rule="r")
    with pytest.raises(InputError) as refused:
        refuse_machine({"a.html": lies, "b.html": b"sound", "c.json": home}, report, rule="r")
    assert [(fault.where, fault.rule) for fault in refused.value.faults] == [("a.html", "r"), ("c.json", "r")]
