"""A step is taken over from an earlier run where all that it read is as it was, and is run again where it is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.runner.keeping import Keeping
from analysis.runner.manifest import STATUS, StepStatus, fingerprints, write_status
from analysis.runner.opening import prepare_study
from analysis.runner.results import part_path
from analysis.runner.run import run_study
from tests.how_steps_ended import HowStepsEnded

Writing = Callable[..., None]
PARAMS = "study: trial\ndata: {folder: data}\ndesigns: [before_after]\nseed: 1\n"
OPEN = "from analysis import open_study\nstudy = open_study(params)\n"


def rewrite(home: Path, more: str) -> None:
    (home / "params" / "trial.yaml").write_text(PARAMS + more)


def identity(home: Path, more: str, reads: list[str] | None, step: str = "metrics") -> str | None:
    rewrite(home, more)
    with prepare_study("params/trial.yaml") as study:
        assert study.decision
        return Keeping(study, home / "runs", {"metrics": "sha256:1"}).identity(step, reads)


BEFORE = "roi: {discount_rate: 0.1}\n"


@pytest.mark.parametrize(
    ("reads", "more", "same"),
    [
        ([], "roi: {discount_rate: 0.2}\n", True),
        (["params.index"], "roi: {discount_rate: 0.2}\n", True),
        (["params.roi"], "roi: {discount_rate: 0.2}\n", False),
        (["params.roi"], BEFORE + "index: {before_months: 3}\n", True),
        (["params.index"], BEFORE + "index: {before_months: 3}\n", False),
        ([], BEFORE + "report: {locale: de_DE}\n", False),
        ([], BEFORE + "report: {currency: GBP}\n", False),
        (["tables"], BEFORE + "index: {before_months: 3}\n", True),
        (["decision"], BEFORE + "index: {before_months: 3}\n", True),
        (["decision"], "", False),
    ],
)
def test_an_identity_changes_with_what_was_read_and_with_nothing_else(
    home: Path, reads: list[str], more: str, same: bool
) -> None:
    before = identity(home, BEFORE, reads)
    assert before is not None
    assert (identity(home, more, reads) == before) == same


def test_an_identity_is_of_one_step_its_notebook_the_code_and_the_tables(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {identity(home, BEFORE, ["tables"]), identity(home, BEFORE, ["tables"], "summary")}
    with monkeypatch.context() as patch:
        patch.setattr("analysis.runner.study.code_fingerprint", lambda: "sha256:1")
        found.add(identity(home, BEFORE, ["tables"]))
    (home / "params" / "other.yaml").write_text(PARAMS + BEFORE)
    with prepare_study("params/other.yaml") as study:
        found.add(Keeping(study, home / "runs", {"metrics": "sha256:1"}).identity("metrics", ["tables"]))
    with prepare_study("params/trial.yaml") as study:
        found.add(Keeping(study, home / "runs", {"metrics": "sha256:2"}).identity("metrics", ["tables"]))
    with (home / "data" / "mentions.csv").open("a") as file:
        file.write("m10,2026-03-11T10:00:00Z,x\n")
    found.add(identity(home, BEFORE, ["tables"]))
    assert len(found) == 6
    assert None not in found


def test_what_is_not_known_or_is_the_whole_run_has_no_identity(home: Path) -> None:
    assert identity(home, BEFORE, None) is None
    assert identity(home, BEFORE, ["everything", "tables"]) is None
    with pytest.raises(ValueError, match="Nobody says what `weather` is"):
        identity(home, BEFORE, ["weather"])


def test_nothing_is_taken_over_from_a_run_that_was_changed(home: Path) -> None:
    rewrite(home, BEFORE)
    runs = home / "runs"
    with prepare_study("params/trial.yaml") as study:
        study.folder = runs / "new"
        keeping = Keeping(study, runs, {})
        reads = ["params.roi"]
        part = part_path(runs / "old", "metrics")
        part.parent.mkdir(parents=True)
        part.write_text("{}")
        done = StepStatus(
            state="done", seconds=2.0, files=fingerprints(runs / "old", [part]), reads=reads,
            identity=keeping.identity("metrics", reads),
        )  # fmt: skip
        write_status(runs / "old", "done", "trial", "old", {"metrics": done})
        assert keeping.take_over("metrics") == done
        assert part_path(study.folder, "metrics").read_text() == "{}"
        assert keeping.take_over("summary") is None
        assert keeping.seconds() == {"metrics": 2.0}
        shutil.rmtree(study.folder)
        part.write_text("{ }")
        assert Keeping(study, runs, {}).take_over("metrics") is None, "the part was changed"
        part.write_text("{}")
        manifest = {"schema": "touchstone.manifest/1", "files": {STATUS: "sha256:0"}}
        (runs / "old" / "manifest.json").write_text(json.dumps(manifest))
        assert Keeping(study, runs, {}).take_over("metrics") is None, (
            "the status is not the one the report was made with"
        )
        assert not study.folder.exists()


def test_a_run_takes_over_the_steps_that_read_nothing_new(home: Path, write_notebook: Writing) -> None:
    """Three runs of five tiny notebooks, about 5 s of processor time."""
    books = home / "notebooks"
    write_notebook(books, "month_close", OPEN + "study.values.close.grace_days")
    write_notebook(books, "before_after", OPEN + "study.values.index.before_months")
    write_notebook(books, "roi_case", OPEN + "study.values.roi.discount_rate; study.part('before_after')")
    write_notebook(books, "summary", OPEN + "len(study.results())")
    rewrite(home, "roi: {discount_rate: 0.1}\n")
    first = run_study("params/trial.yaml")
    assert set(first.steps["roi_case"].reads or ()) == {"params.report", "params.roi", "part.before_after"}
    assert first.steps["metrics"].reads is None, "it opened no study, so nobody knows what it read"

    rewrite(home, "roi: {discount_rate: 0.1}\nindex: {before_months: 3}\n")
    told = HowStepsEnded()
    second = run_study("params/trial.yaml", progress=told)
    assert told.ended == {
        "metrics": "done", "month_close": "kept", "before_after": "done", "summary": "done",
        "roi_case": "kept",  # it read what before_after found, and that is the same
    }  # fmt: skip
    assert second.run != first.run
    assert second.steps["month_close"].seconds == pytest.approx(first.steps["month_close"].seconds, abs=0.01)

    rewrite(home, "roi: {discount_rate: 0.1}\nreport: {locale: de_DE}\n")
    told = HowStepsEnded()
    run_study("params/trial.yaml", progress=told)
    assert told.ended == dict.fromkeys(first.steps, "done"), "another language is another notebook"
