"""A replication package holds what is named and no rows, is the same bytes each time, and tells what was done to it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis import __version__
from analysis.foundation.errors import InputError
from analysis.foundation.provenance import canonical_json, package_versions
from analysis.runner.manifest import write_manifest
from analysis.runner.params import load_params
from analysis.runner.publish import Place, publish
from analysis.runner.replication import parameters_again, replication_package
from analysis.runner.replication_check import verify_package
from analysis.runner.replication_lock import installed_packages, lock_text
from analysis.runner.sharing import note_tables
from analysis.tables.load import Source, prepare
from analysis.tables.opened import Prepared

TABLES = {
    "customers": "customer_id,region\nC-000417,north\n4711471147,south\n",
    "orders": "order_id,customer_id,ordered_at,revenue,currency\no1,C-000417,2026-01-02T00:00:00Z,10.00,EUR\n",
}
PARAMS = """study: care
period: 2026q3
roi: {years: 5}
outcomes: [orders]
hypotheses:
  - {name: more, statement: More orders., design: before_after, outcome: orders, smallest_effect: 0.02}
metrics:
  schedule: {mon: "09:00-17:00"}
"""
Making = Callable[..., Path]


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text)
    return prepare([Source(folder)], cache=tmp_path / "cache")


@pytest.fixture
def make(tmp_path: Path, prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> Making:
    """Publishes a report counted from the tables: `make(part={...}, provenance={...})`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("analysis.runner.replication.code_fingerprint", lambda: "sha256:0")
    place = Place(tmp_path / "reports" / "care")
    (tmp_path / "care.yaml").write_text(PARAMS)
    params = load_params(tmp_path / "care.yaml")

    def report(
        *, part: Mapping[str, Any] | None = None, run: str = "abc", changed: Mapping[str, Any] | None = None
    ) -> Path:
        folder = place.runs / run
        (folder / "notebooks").mkdir(parents=True)
        (folder / "parts").mkdir()
        canonical = {**params.canonical(), **(changed or {})}
        provenance = {
            "inputs": {name: account.fingerprint for name, account in prepared.accounts.items()},
            "code": "sha256:0",
            "packages": package_versions(),
            "params": params.fingerprint(),
        }
        results = {"study": "care", "known_at": None, "period": None, "provenance": provenance, "orders": 17850}
        (folder / "results.json").write_bytes(canonical_json(results))
        (folder / "params.json").write_bytes(canonical_json(canonical))
        (folder / "index.html").write_text("<title>care</title>")
        (folder / "notebooks" / "metrics.ipynb").write_text('{"printed": "C-000417"}')
        (folder / "parts" / "metrics.json").write_bytes(canonical_json(part or {"metrics": [{"id": "orders"}]}))
        write_manifest(folder, {"study": "care", "run": run, "seconds": {}})
        note_tables(place, run, prepared.folder)
        publish(folder, place.link)
        return place.link

    return report


def unpacked(file: Path, folder: Path) -> Path:
    with zipfile.ZipFile(file) as packed:
        packed.extractall(folder)
    (top,) = folder.iterdir()
    return top


def test_it_holds_what_is_named_and_nothing_of_customers(make: Making, tmp_path: Path) -> None:
    packed = replication_package(make())
    assert packed.file == tmp_path / "reports" / "care-replication.zip"
    top = unpacked(packed.file, tmp_path / "out")
    assert top.name == "care-replication"
    names = {one.relative_to(top).as_posix() for one in top.rglob("*") if one.is_file()}
    assert names == {
        "README.md", "SHA256SUMS", "aggregates/metrics.json", "packages.lock", "parameters.json", "replication.json",
        "requirements.lock", "results.json",
    }  # fmt: skip
    assert not any(b"C-000417" in one.read_bytes() for one in top.rglob("*") if one.is_file())
    about = json.loads((top / "replication.json").read_bytes())
    assert (about["study"], about["run"], about["version"], about["code"]) == ("care", "abc", __version__, "sha256:0")
    assert set(about["inputs"]) == {"customers", "orders"}
    readme = (top / "README.md").read_text()
    assert about["inputs"]["orders"] in readme
    assert "files of their owner" not in readme
    assert "no rows of customers" in str(packed)
    assert packed.to_dict()["searched_ids"] > 0


def test_the_sums_are_those_that_other_tools_check(make: Making, tmp_path: Path) -> None:
    packed = replication_package(make())
    top = unpacked(packed.file, tmp_path / "out")
    for name, digest in packed.files.items():
        assert hashlib.sha256((top / name).read_bytes()).hexdigest() == digest
    if tool := shutil.which("sha256sum"):
        done = subprocess.run([tool, "-c", "--strict", "SHA256SUMS"], cwd=top, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_same_report_gives_the_same_bytes(make: Making, tmp_path: Path) -> None:
    report = make()
    one = replication_package(report, out=tmp_path / "one.zip").file.read_bytes()
    assert one == replication_package(report, out=tmp_path / "two.zip").file.read_bytes()
    assert one == replication_package("care", out=tmp_path / "one.zip").file.read_bytes()


def test_its_parameters_are_those_of_the_study(make: Making, tmp_path: Path) -> None:
    """Read again as a parameters file they have the fingerprint that the results carry."""
    top = unpacked(replication_package(make()).file, tmp_path / "out")
    again = load_params(top / "parameters.json", data=tmp_path / "data")
    assert again.fingerprint() == json.loads((top / "results.json").read_bytes())["provenance"]["params"]
    assert again.values.roi is not None
    assert again.values.hypotheses[0].smallest_effect == 0.02
    assert again.values.opening_hours is not None


def test_shipped_parameters_come_back_with_their_maps(tmp_path: Path) -> None:
    for name in ("hillstrom", "demo", "cdnow"):
        params = load_params(Path(__file__).parents[2] / "params" / f"{name}.yaml")
        (tmp_path / f"{name}.json").write_bytes(canonical_json(parameters_again(params.canonical())))
        assert load_params(tmp_path / f"{name}.json", data=tmp_path).fingerprint() == params.fingerprint()


@pytest.mark.parametrize(
    "changed",
    [
        {"data": {"maps": [["own.yaml", "sha256:1"]], "zone": "UTC"}},
        {"period": {"calendar": "sha256:2"}},
        {"previous": "care-2026q2"},
    ],
)
def test_files_of_the_owner_are_told(make: Making, tmp_path: Path, changed: dict[str, Any]) -> None:
    top = unpacked(replication_package(make(changed=changed)).file, tmp_path / "out")
    assert "files of their owner" in (top / "README.md").read_text()


def test_a_whole_package_holds_as_a_zip_and_as_a_folder(make: Making, tmp_path: Path) -> None:
    file = replication_package(make()).file
    for path in (file, unpacked(file, tmp_path / "out")):
        found = verify_package(path)
        assert (found.holds, found.study, found.files) == (True, "care", 8)
        assert found.to_dict()["faults"] == []
        assert str(found).endswith("whole, 8 files as they were packed.")


def test_what_was_done_to_it_is_told(make: Making, tmp_path: Path) -> None:
    top = unpacked(replication_package(make()).file, tmp_path / "out")
    (top / ".DS_Store").write_text("strewn by the system")
    assert verify_package(top).holds
    (top / "aggregates" / "metrics.json").write_text("{}")
    (top / "packages.lock").unlink()
    (top / "rows.csv").write_text("C-000417")
    found = verify_package(top)
    assert found.faults == ("`aggregates/metrics.json` was changed.", "`packages.lock` is missing.",
                            "`rows.csv` was added.")  # fmt: skip
    assert "not whole" in str(found)


def test_sums_made_anew_do_not_hide_that_results_are_of_another_run(make: Making, tmp_path: Path) -> None:
    top = unpacked(replication_package(make()).file, tmp_path / "out")
    results = json.loads((top / "results.json").read_bytes())
    results["provenance"]["inputs"]["orders"] = "sha256:1"
    (top / "results.json").write_bytes(canonical_json(results))
    lines = (top / "SHA256SUMS").read_text().splitlines()
    new = hashlib.sha256((top / "results.json").read_bytes()).hexdigest()
    kept = [f"{new}  results.json" if line.endswith("  results.json") else line for line in lines]
    (top / "SHA256SUMS").write_text("\n".join(kept) + "\n")
    assert verify_package(top).faults == ("`replication.json` and `results.json` speak of different runs.",)
    (top / "SHA256SUMS").write_text("nonsense\n")
    assert verify_package(top).faults == ("`SHA256SUMS` cannot be read.",)


def test_what_is_no_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        verify_package(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(InputError, match="cannot be read as a zip"):
        verify_package(tmp_path / "text.zip")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="is no replication package"):
        verify_package(tmp_path / "folder")


def rezipped(file: Path, target: Path, *, first: Mapping[str, bytes]) -> Path:
    """The package with files of other folders put in before its own."""
    with zipfile.ZipFile(file) as there, zipfile.ZipFile(target, "w") as made:
        for name, content in [*first.items(), *((name, there.read(name)) for name in there.namelist())]:
            made.writestr(name, content)
    return target


def test_a_second_folder_beside_the_one_that_was_packed_is_told(make: Making, tmp_path: Path) -> None:
    """Whoever unpacks it finds both, and reads the wrong one."""
    file = replication_package(make()).file
    beside = rezipped(file, tmp_path / "two.zip", first={"care/results.json": b'{"study": "care", "orders": 99999}'})
    with pytest.raises(InputError, match=r"holds 2 folders, care, care-replication, where a package is one"):
        verify_package(beside)
    with pytest.raises(InputError, match="holds 2 folders"):
        verify_package(rezipped(file, tmp_path / "loose.zip", first={"results.json": b"{}"}))


def test_a_damaged_zip_is_refused_in_words_wherever_it_was_hit(make: Making, tmp_path: Path) -> None:
    """Any one byte: the zip is refused or told to be changed, unless the byte says nothing of a file (a time)."""
    whole = replication_package(make()).file.read_bytes()
    damaged = tmp_path / "damaged.zip"
    told, places = 0, [*range(0, len(whole), len(whole) // 40), *range(len(whole) - 300, len(whole), 19)]
    for place in places:
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            told += not verify_package(damaged).holds
        except InputError as error:
            told += "damaged.zip" in str(error)
    assert told > len(places) / 2


def test_a_sum_that_is_listed_twice_is_none(make: Making, tmp_path: Path) -> None:
    """`sha256sum -c` would look at both; so the list is not read as if the first were not there."""
    top = unpacked(replication_package(make()).file, tmp_path / "out")
    sums = (top / "SHA256SUMS").read_text()
    (top / "SHA256SUMS").write_text(f"{'0' * 64}  results.json\n{sums}")
    assert verify_package(top).faults == ("`SHA256SUMS` cannot be read.",)


def test_people_in_the_aggregates_keep_it_from_being_written(make: Making, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"aggregates/metrics\.json: holds ids of people") as found:
        replication_package(make(part={"said": "as C-000417 wrote"}))
    assert "000417" not in str(found.value)
    with pytest.raises(InputError, match="names a folder of this machine"):
        replication_package(make(part={"said": f"{tmp_path}/reports/x"}, run="two"))
    assert not list((tmp_path / "reports").glob("*.zip"))


def test_a_report_of_other_code_or_packages_is_not_packed(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    report = make()
    monkeypatch.setattr("analysis.runner.replication.code_fingerprint", lambda: "sha256:1")
    with pytest.raises(InputError, match="other code than is installed"):
        replication_package(report)
    monkeypatch.setattr("analysis.runner.replication.code_fingerprint", lambda: "sha256:0")
    monkeypatch.setattr("analysis.runner.replication.package_versions", lambda: {"pandas": "0.1"})
    with pytest.raises(InputError, match="another version of pandas"):
        replication_package(report)


def test_a_changed_report_and_a_bad_target_are_refused(make: Making, tmp_path: Path) -> None:
    report = make()
    with pytest.raises(InputError, match="is no name of a zip"):
        replication_package(report, out=tmp_path / "care.txt")
    (tmp_path / "mine.zip").write_text("mine")
    with pytest.raises(InputError, match="would be overwritten"):
        replication_package(report, out=tmp_path / "mine.zip")
    with pytest.raises(InputError, match="there is no finished report"):
        replication_package("nowhere")
    (report / "results.json").write_text("{}")
    with pytest.raises(InputError, match=r"results\.json: was changed since the report was made"):
        replication_package(report)


def test_the_lock_names_every_package_of_the_results_and_pip_can_read_it() -> None:
    packages = installed_packages()
    assert {name: packages[name] for name in package_versions()} == package_versions()
    lines = lock_text(packages).decode().splitlines()
    assert [line.partition("==")[0] for line in lines] == sorted(packages)
    assert all(re.fullmatch(r"[a-z0-9-]+==\S+", line) for line in lines)
    assert "pytest" not in packages, "what only the tests need made no number"
