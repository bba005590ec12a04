"""The report before this one: found, checked in form, part of what a run is made from; and `diff` in the terminal."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis import cli
from analysis.foundation.errors import InputError, ParamsError
from analysis.foundation.provenance import canonical_json, fingerprint
from analysis.reporting import tables
from analysis.reporting.summary import summary
from analysis.runner.compute import compute_study
from analysis.runner.opening import prepare_study
from analysis.runner.previous import compared, read_report, since
from analysis.runner.results import merged, write_part
from analysis.runner.same_run import run_id

PERIOD = {"start": "2026-01-01", "end": "2026-04-01", "timezone": "UTC"}
FIGURE = {
    "id": "mentions", "version": 1, "basis": "action", "period": "2026-02", "segment": {}, "value": 100,
    "unit": "mentions", "state": "locked",
}  # fmt: skip
EFFECT = {
    "design": "before_after", "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
    "outcome": "orders", "segment": {}, "scale": "difference", "unit": "EUR per customer", "value": 1.0, "low": 0.0,
    "high": 2.0, "level": 0.95, "se": 0.5, "se_log": None, "grade": "B", "checks": [], "maturity": "mature",
}  # fmt: skip


def results(**more: Any) -> dict[str, Any]:
    """A sound results file of the first quarter."""
    return {**merged({"study": "2026q1", "period": PERIOD, "known_at": "2026-04-06T00:00:00Z"}, {}), **more}


def report(folder: Path, **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_bytes(canonical_json(results(**more)))
    return folder


@pytest.fixture
def follow(home: Path) -> Callable[..., None]:
    """Makes the study of `home` follow a report."""

    def write(previous: str, more: str = "") -> None:
        text = f"study: trial\nprevious: {previous}\ndata: {{folder: data}}\nperiod: 2026q2\n{more}"
        (home / "params" / "trial.yaml").write_text(text)

    return write


def recorded(home: Path, parts: dict[str, Any]) -> dict[str, Any]:
    """What the study of `home` would write, were this all its steps had found."""
    with prepare_study("params/trial.yaml") as study:
        study.check()
        study.folder = home / "parts-of-it"
        for step, part in parts.items():
            write_part(study.folder, step, part)
        return study.merge()


def test_results_say_what_changed_since(home: Path, follow: Callable[..., None]) -> None:
    before = report(home / "reports" / "2026q1", metrics=[FIGURE], effects=[EFFECT])
    follow("2026q1")
    now = {**FIGURE, "value": 112, "state": "restated"}
    found = recorded(home, {"metrics": {"metrics": [now]}, "before_after": {"effects": [{**EFFECT, "value": 5.0}]}})
    previous = found["previous"]
    assert (previous["study"], previous["period"], previous["known_at"]) == ("2026q1", PERIOD, "2026-04-06T00:00:00Z")
    assert previous["results"] == fingerprint(before / "results.json") == found["provenance"]["inputs"]["previous"]
    assert previous["metrics"]["rows"][0]["relative_change"] == pytest.approx(0.12)
    assert previous["effects"]["rows"][0]["distinguishable"] is True
    assert previous["why"]["inputs"]["only_earlier"] == []
    assert "previous" not in previous["why"]["inputs"]["only_later"], "which is always another"
    assert previous["counts"]["metrics"] == 1
    json.loads(canonical_json(found))


def test_without_one_there_is_null(home: Path) -> None:
    found = recorded(home, {})
    assert found["previous"] is None
    assert "previous" not in found["provenance"]["inputs"]


@pytest.mark.parametrize("given", ["2026q1", "reports/2026q1", "elsewhere", "elsewhere/results.json"])
def test_a_name_a_folder_a_link_or_a_file(home: Path, follow: Callable[..., None], given: str) -> None:
    kept = report(home / "elsewhere")
    (home / "reports").mkdir()
    (home / "reports" / "2026q1").symlink_to(kept)
    follow(given)
    assert recorded(home, {})["previous"]["study"] == "2026q1"


def test_another_previous_makes_another_run(home: Path, follow: Callable[..., None]) -> None:
    follow("2026q1")
    runs = []
    for known_at in ("2026-04-06T00:00:00Z", "2026-04-06T00:00:00Z", "2026-04-07T00:00:00Z"):
        report(home / "reports" / "2026q1", known_at=known_at)
        with prepare_study("params/trial.yaml") as study:
            study.check()
            runs.append(run_id(study, {}))
    assert runs[0] == runs[1] != runs[2]


def test_a_computed_report_carries_it(home: Path, follow: Callable[..., None]) -> None:
    report(home / "reports" / "2026q1", metrics=[FIGURE])
    follow("2026q1")
    first = compute_study("params/trial.yaml", out=home / "out")
    found = json.loads(first.read_text())
    assert found["previous"]["metrics"]["only_later"]["count"] == len(found["metrics"]) > 0
    assert found["previous"]["metrics"]["only_earlier"]["new_periods"] == ["2026-02"]
    again = compute_study("params/trial.yaml", out=home / "again")
    assert again.read_bytes() == first.read_bytes(), "the same bytes"
    assert compared(first, again).nothing


def test_all_faults_are_told_at_once(home: Path, follow: Callable[..., None]) -> None:
    report(
        home / "reports" / "2026q1",
        period={"start": "2026-07-01", "end": "2026-10-01", "timezone": "Europe/London"},
        effects=[{**EFFECT, "unit": "GBP per customer"}],
    )
    follow("2026q1", "as_of: 2026-01-01\ndesigns: [ab_randomised]\noutcomes: [nothing]\n")
    with prepare_study("params/trial.yaml") as study, pytest.raises(ParamsError) as caught:
        study.check()
    told = str(caught.value)
    for words in (
        "params/trial.yaml: previous: covers days up to 2026-10-01, and this report only those before 2026-07-01",
        "counts days in Europe/London, and this report in UTC",
        "previous: is in GBP, and this report in EUR. Nothing is converted",
        "rows do not say when they were known",
        "params/trial.yaml: outcomes",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("2026q2", r"previous: there is no such report. Did you mean `2026q1`"),
        ("nowhere/at/all", "there is no such report"),
        ("params", "the folder holds no `results.json`"),
        ("./params", "the folder holds no `results.json`"),
        ("data/orders.csv", "is no results file: it cannot be read as JSON"),
        ("trial", "is this study's own report"),
        ("reports/trial", "is this study's own report"),
    ],
)
def test_what_is_no_report_is_refused(home: Path, follow: Callable[..., None], given: str, words: str) -> None:
    report(home / "reports" / "2026q1")
    follow(given)
    with prepare_study("params/trial.yaml") as study, pytest.raises(ParamsError, match=words):
        study.check()


def test_another_calendar_is_refused(home: Path, follow: Callable[..., None]) -> None:
    months = [{"period": "2026-P01", "first_day": "2026-01-05", "last_day": "2026-02-01"}]
    report(home / "reports" / "2026q1", period={**PERIOD, "calendar": {"fingerprint": "sha256:1", "periods": months}})
    follow("2026q1")
    with prepare_study("params/trial.yaml") as study, pytest.raises(ParamsError, match="counts by periods of a table"):
        study.check()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "touchstone.results/9"}, r"another version \(touchstone.results/9, not touchstone.results/1\)"),
        ({"schema": None}, "another version"),
        ({"study": 3}, "study: is not text"),
        ({"metrics": {}}, "metrics: is not a list"),
        ({"metrics": [1]}, r"metrics\[0\]: is no row"),
        ({"metrics": [{**FIGURE, "id": None}]}, r"metrics\[0\].id: is no text"),
        ({"metrics": [{**FIGURE, "value": "1"}]}, r"metrics\[0\].value: is no number"),
        ({"metrics": [{**FIGURE, "value": True}]}, r"metrics\[0\].value: is no number"),
        ({"metrics": [{**FIGURE, "version": "1"}]}, r"metrics\[0\].version: is no whole number"),
        ({"metrics": [{**FIGURE, "segment": "all"}]}, r"metrics\[0\].segment: is no section of texts"),
        ({"effects": [{**EFFECT, "se": []}]}, r"effects\[0\].se: is no number"),
        ({"effects": [{**EFFECT, "value": 10**400}]}, r"effects\[0\].value: is no number"),
        ({"roi": []}, "roi: is neither a section nor null"),
        ({"roi": {"benefits": 3}}, "roi.benefits: is no list of lines"),
        ({"roi": {"costs": [3]}}, "roi.costs: is no list of lines"),
        ({"period": {"start": "2026-04-01", "end": "2026-01-01", "timezone": "UTC"}}, "period: is no period"),
        ({"period": {**PERIOD, "timezone": "Mars"}}, "period: is no period"),
        ({"period": {**PERIOD, "calendar": 3}}, "period: is no period"),
        ({"period": "2026q1"}, "period: is no period"),
        ({"provenance": {"inputs": {"orders": 1}}}, "provenance: names its inputs"),
        ({"rows": {"orders": 3}}, "rows.orders: is no count of rows"),
        ({"known_at": 3}, "known_at: is no text"),
    ],
)
def test_a_file_that_is_not_in_form_is_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**results(), **change}))
    with pytest.raises(InputError, match=words):
        read_report(path, "that file")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b"3", b"{", b'{"schema"', b"[" * 100_000, b'{"schema": NaN}', b'{"schema": 1e999}',
     b'{"schema": "touchstone.results/1"}', b'{"a": 1}', b"\0" * 10],
)  # fmt: skip
def test_bytes_of_any_kind_are_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="that file"):
        read_report(path, "that file")


def test_whatever_is_broken_in_a_file_there_is_no_crash(tmp_path: Path) -> None:
    """150 files, each with one value made another kind: each is compared or refused, and none raises anything else."""
    sound = results(
        metrics=[FIGURE], effects=[EFFECT], rows={"orders": {"kept": 1}}, promises=[{"id": "a"}],
        roi={"currency": "EUR", "years": 3, "npv": {"p5": 1.0, "p50": 2.0, "p95": 3.0}, "costs": [{"line": "tools"}]},
        incidents=[{"currency": "EUR"}], provenance={"inputs": {"orders": "sha256:1"}, "packages": {}},
    )  # fmt: skip
    other = report(tmp_path / "sound", **{key: sound[key] for key in sound if key != "schema"})
    rng = random.Random(11)
    refused = 0
    for number in range(150):
        broken = json.loads(json.dumps(sound))
        node: Any = broken
        while True:
            key = rng.choice(sorted(node) if isinstance(node, dict) else range(len(node)))
            if not isinstance(node[key], dict | list) or not node[key] or rng.random() < 0.3:
                break
            node = node[key]
        node[key] = rng.choice([None, True, -1, 1.5, "x", [], {}, [1], {"a": None}, [{"id": 1}]])
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(broken))
        try:
            str(compared(other, path))
            str(compared(path, other))
            now = {
                **sound,
                "study": "now",
                "incidents": [],
                "effects": [{**EFFECT, "value": 1.5}],
                "metrics": [{**FIGURE, "value": 9}],
            }
            now["previous"] = since(read_report(path, "that file"), now)
            str(summary(now))
            str(tables.since_last_report(now))
            canonical_json(now)
        except InputError:
            refused += 1
    assert 30 < refused < 130


def run_cli(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["touchstone", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_the_command_says_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    one = report(tmp_path / "reports" / "2026q1", metrics=[FIGURE])
    other = report(tmp_path / "reports" / "2026q2", study="2026q2", metrics=[{**FIGURE, "value": 112}])
    (one / "params.json").write_text('{"seed": 1, "index": {"after_months": 6}}')
    (other / "params.json").write_text('{"seed": 1, "index": {"after_months": 3}}')
    assert run_cli(monkeypatch, "diff", "2026q1", other / "results.json") == 0
    text = capsys.readouterr().out
    assert "closed before, and different without a restatement or an adjustment (1)" in text
    assert "mentions, 2026-02, by action: 100 -> 112 mentions (+12 %)" in text
    assert "parameters: changed\n    index.after_months: 6 -> 3" in text
    assert run_cli(monkeypatch, "diff", one, one) == 0
    assert "Nothing changed" in capsys.readouterr().out
    many = [{**FIGURE, "id": f"m{number}"} for number in range(200)]
    more = [{**row, "value": 7} for row in many]
    first, second = report(tmp_path / "a", metrics=many), report(tmp_path / "b", metrics=more)
    assert run_cli(monkeypatch, "diff", first, second, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["metrics"]["rows"]) == found["metrics"]["moved"] == 200, "for programs, all of them"
    assert run_cli(monkeypatch, "diff", first, second) == 0
    assert "and 180 more" in capsys.readouterr().out


def test_bad_input_of_the_command_is_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run_cli(monkeypatch, "diff", "empty", "no\x1b[31mwhere") == 2
    told = capsys.readouterr().err
    assert "2 faults were found" in told
    assert "empty: the folder holds no `results.json`" in told
    assert "there is no such report" in told
    assert "\x1b" not in told


def test_the_command_begins_a_study_and_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_cli(monkeypatch, "init", "care-2026q3") == 0
    assert "Made: care-2026q3" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "care-2026q3")
    assert run_cli(monkeypatch, "init", "--from", "care-2026q3", "care-2026q4") == 0
    assert "study: care-2026q3 -> care-2026q4" in capsys.readouterr().out
    assert run_cli(monkeypatch, "init", "--from", "care-2026q3", "care-2026q4") == 2
    assert run_cli(monkeypatch, "init", "--from", "care-2026q4", "care-2027q1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["params"] == "params/care-2027q1.yaml"


def test_a_report_carries_parts_line_and_the_parameters_that_differ(home: Path, follow: Callable[..., None]) -> None:
    before = report(home / "reports" / "2026q1", metrics=[FIGURE], effects=[EFFECT])
    (before / "params.json").write_text('{"seed": 1, "index": {"after_months": 3}}')
    (home / "data" / "mentions.csv").write_text(
        "mention_id,posted_at,platform,first_reply_at\nm1,2026-05-02T10:00Z,x,2026-05-02T11:00Z\n"
        "m2,2026-05-03T10:00Z,web,\n"
    )
    follow("2026q1")
    found = json.loads(compute_study("params/trial.yaml", out=home / "out").read_text())
    previous = found["previous"]
    assert [one["study"] for one in previous["line"]] == ["2026q1"]
    assert previous["line"][0]["results"] == previous["results"]
    assert previous["line"][0]["effect"]["value"] == 1.0
    changes = {one["key"]: (one["before"], one["after"]) for one in previous["why"]["parameter_changes"]}
    assert changes["index.after_months"] == (3, 6)
    assert previous["ratios"]["held"] == {"before": False, "after": True}
    assert found["coverage"]["made_of"]["response_rate"]["post"]["platform"] == {
        "2026-05": {"web": [0, 1], "x": [1, 1]}
    }
