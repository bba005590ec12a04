"""Several studies in one call: a fault in one stops none of the others, and the worst of them is the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.foundation.errors import InputError
from analysis.runner.progress import Lines
from analysis.runner.several import Ended, Several, files_meant, run_several

MENTIONS = "mention_id,posted_at,platform\nm1,2026-01-01T00:00:00Z,x\nm2,2026-02-28T00:00:00Z,x\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("params", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data" / "mentions.csv").write_text(MENTIONS)
    (tmp_path / "params" / "good.yaml").write_text("study: good\ndata: {folder: data}\ndesigns: []\n")
    (tmp_path / "params" / "faulty.yaml").write_text("study: faulty\nseed: one\ndata: {folder: data}\n")
    (tmp_path / "params" / "sources.yaml").write_text("sources: []\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_means_the_studies_in_it(place: Path) -> None:
    assert files_meant(["params"]) == ("params/faulty.yaml", "params/good.yaml")
    assert files_meant(["params/good.yaml", "params"]) == ("params/good.yaml", "params/faulty.yaml"), "each once"
    assert files_meant(["nowhere.yaml"]) == ("nowhere.yaml",), "its run says that it is not there"
    with pytest.raises(InputError, match="data: holds no parameters file"):
        files_meant(["data"])


def test_two_files_cannot_make_one_report(place: Path) -> None:
    (place / "params" / "twin.yaml").write_text("study: good\ndata: {folder: data}\n")
    with pytest.raises(InputError, match=r"params/twin\.yaml: makes the report `good`, and so does params/good\.yaml"):
        files_meant(["params"])


@pytest.mark.slow
def test_a_faulty_study_stops_no_other(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One study of three real notebooks and two that end at once: about 8 s of processor time."""
    files = ["params/faulty.yaml", "params/good.yaml", "params/missing.yaml"]
    ended = run_several(files, jobs=2, progress=Lines())
    assert [(one.params, one.status, one.word) for one in ended.studies] == [
        ("params/faulty.yaml", 2, "at fault"), ("params/good.yaml", 0, "done"), ("params/missing.yaml", 2, "at fault")
    ]  # fmt: skip
    assert ended.status == 2
    assert "seed: is text, where a whole number is expected" in ended.studies[0].message
    assert (place / "reports" / "good" / "index.html").is_file()
    assert "good/index.html" in (place / "reports" / "index.html").read_text()
    assert not (place / "reports" / "faulty").exists()
    said = capsys.readouterr().err.splitlines()
    assert any(line.startswith("good: metrics: done") for line in said), "each line names its study"
    table = str(ended).splitlines()
    assert table[0].split() == ["Parameters", "Ended", "Seconds", "Report"]
    assert len(table) == 4
    assert json.loads(json.dumps(ended.to_dict()))["studies"][1]["run"]["study"] == "good"


@pytest.mark.parametrize(
    ("statuses", "worst"), [((0, 0), 0), ((0, 2), 2), ((2, 3), 3), ((3, 1), 1), ((4, 2), 4), ((1, 130), 130), ((), 0)]
)
def test_the_exit_status_is_the_worst(statuses: tuple[int, ...], worst: int) -> None:
    assert Several(tuple(Ended(params="a", status=one, seconds=0.0) for one in statuses)).status == worst
