"""Promises through files: drafted from a report, approved by a name, read by every run; a changed one stops it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analysis import cli
from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, InputError, LedgerBroken, ParamsError, UnknownName
from analysis.foundation.provenance import canonical_json
from analysis.runner.closing import close_study
from analysis.runner.manifest import write_manifest
from analysis.runner.opening import prepare_study
from analysis.runner.params_yaml import read_yaml
from analysis.runner.promising import approve_promise, draft_promise, promise_asked
from analysis.runner.publish import publish
from analysis.runner.register import checked, promises_of
from analysis.runner.results import skipped
from analysis.runner.steps import step_named

NOW = datetime(2026, 9, 30, 12)
DOCS = Path(__file__).parents[2] / "docs" / "promises.md"
EFFECT: dict[str, Any] = {
    "design": "before_after", "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
    "outcome": "margin", "segment": {}, "scale": "difference", "value": 8.0, "low": 4.0, "high": 12.0, "declared": True,
    "maturity": "mature", "index_from": "2025-01", "index_to": "2026-03", "reason": None,
}  # fmt: skip
YEAR = {"p5": 4000.0, "p50": 8000.0, "p95": 12000.0}
LINE: dict[str, Any] = {
    "id": "repurchase", "label": "Margin after a social contact", "kind": "margin", "grade": "B",
    "effect": "before_after/channel_effect/margin/difference", "gain_per_contact": 8.0, "contacts_per_year": 1000.0,
    "per_year": YEAR, "by_year": [YEAR, {"p5": 6000.0, "p50": 12000.0, "p95": 18000.0}], "index_from": "2025-01",
    "index_to": "2026-03", "counted": True,
}  # fmt: skip
FEWER = LINE | {
    "id": "issues_avoided", "kind": "cashable", "effect": "before_after/channel_effect/issues/difference",
    "gain_per_contact": 0.5,
}  # fmt: skip
RESULTS: dict[str, Any] = {
    "study": "trial",
    "known_at": "2026-09-30T00:00:00Z",
    "effects": [EFFECT, EFFECT | {"outcome": "issues", "value": -0.05}],
    "roi": {"currency": "EUR", "years": 2, "benefits": [LINE, FEWER]},
}


@pytest.fixture
def report(home: Path) -> Path:
    """A published report of the trial with a case in money."""

    def made(results: dict[str, Any]) -> None:
        folder = home / "reports" / ".runs" / "trial" / "abc"
        folder.mkdir(parents=True)
        (folder / "results.json").write_bytes(canonical_json(results))
        write_manifest(folder, {"study": "trial", "run": "abc", "seconds": {}})
        publish(folder, home / "reports" / "trial")

    made(RESULTS)
    return home


def draft(promise_id: str = "repurchase", **more: Any):
    return draft_promise("params/trial.yaml", promise_id=promise_id, owner="Ada Okafor", **more)


def test_a_draft_by_hand(report: Path) -> None:
    """8,000 in the first year are 2,000 a quarter, at 8 a contact 250 contacts; the launch is the next quarter."""
    made = draft()
    promise = made.promise
    assert made.file == report / "reports" / "register" / "trial" / "repurchase.yaml"
    assert promise.is_draft
    assert (promise.owner, promise.launch.isoformat(), promise.better) == ("Ada Okafor", "2026-10-01", "higher")
    first, last = promise.promised[0], promise.promised[-1]
    assert (first.period, first.value, first.low, first.high, first.volume) == ("2026q4", 2000, 1000, 3000, 250)
    assert (last.period, last.value, len(promise.promised)) == ("2028q3", 3000, 8)
    assert promise.leading[0].metric == "response_rate"
    assert "A draft: edit it" in str(made)


def test_a_draft_of_what_shall_be_fewer_has_a_price(report: Path) -> None:
    """0.05 issues fewer a contact are worth 0.50: 10 an issue."""
    promise = draft("fewer", line="issues_avoided").promise
    assert (promise.better, promise.promised[0].price, promise.promised[0].volume) == ("lower", 10.0, 4000.0)


def test_a_name_that_needs_quotes_stays_a_name(report: Path) -> None:
    made = draft_promise("params/trial.yaml", promise_id="repurchase", owner="Ada: #1 'Okafor'")
    assert made.promise.owner == "Ada: #1 'Okafor'"


def test_approved_once_and_for_good(report: Path) -> None:
    draft()
    made = approve_promise("params/trial.yaml", promise_id="repurchase", name="Lin Wei", now=NOW)
    assert made.promise.seal == made.promise.sealed()
    assert (made.promise.approved_by, str(made.promise.approved_at)) == ("Lin Wei", "2026-09-30")
    assert str(made.promise.seal) in str(made)
    again = approve_promise("params/trial.yaml", promise_id="repurchase", name="Lin Wei", now=datetime(2027, 1, 1))
    assert again.already
    assert again.promise == made.promise
    with pytest.raises(ParamsError, match="approved on 2026-09-30 by another name"):
        approve_promise("params/trial.yaml", promise_id="repurchase", name="Someone Else", now=NOW)
    with pytest.raises(ParamsError, match="is there already, and is not overwritten"):
        draft()


def test_comments_of_a_draft_survive_its_approval(report: Path) -> None:
    made = draft()
    made.file.write_text(made.file.read_text().replace("grade: B", "grade: B  # of the autumn study"))
    approve_promise("params/trial.yaml", promise_id="repurchase", name="Lin Wei", now=NOW)
    assert "# of the autumn study" in made.file.read_text()


def test_a_changed_promise_stops_the_run(report: Path) -> None:
    made = draft()
    approve_promise("params/trial.yaml", promise_id="repurchase", name="Lin Wei", now=NOW)
    made.file.write_text(made.file.read_text().replace("low: 1000.0", "low: 500.0", 1))
    with prepare_study("params/trial.yaml") as study, pytest.raises(LedgerBroken, match="a promise is not edited; add"):
        study.check()
    assert LedgerBroken.exit_status == 4


def test_a_forecast_may_be_added(report: Path) -> None:
    made = draft()
    approve_promise("params/trial.yaml", promise_id="repurchase", name="Lin Wei", now=NOW)
    with made.file.open("a") as file:
        file.write(
            "forecasts:\n  - {dated: 2026-11-01, by: Ada, periods: [{period: 2027q1, value: 1, low: 0, high: 2}]}\n"
        )
    with prepare_study("params/trial.yaml") as study:
        (promise,) = study.promised
    assert promise.forecasts[0].periods[0].period == "2027q1"


def test_all_faults_of_all_files_at_once(report: Path) -> None:
    draft().file.write_text(draft_text(report).replace("owner:", "ownr:").replace("grade: B", "grade: F"))
    folder = report / "reports" / "register" / "trial"
    (folder / "other.yml").write_text("id: other\n")
    (folder / "twice.yaml").write_text("id: twice\nid: twice\n")
    (folder / "renamed.yaml").write_text(draft_text(report, "renamed").replace("id: renamed", "id: else"))
    with prepare_study("params/trial.yaml") as study, pytest.raises(ParamsError) as error:
        study.check()
    said = str(error.value)
    for part in ("there is no such key", "Did you mean `owner`?", "grade", "other.yml: is not read", "a second time",
                 "is `else`, and the file is called renamed.yaml"):  # fmt: skip
        assert part in said
    assert re.search(r"repurchase\.yaml: ownr: .*\(line \d+\)", said)


def draft_text(report: Path, promise_id: str = "repurchase") -> str:
    file = report / "reports" / "register" / "trial" / f"{promise_id}.yaml"
    return file.read_text() if file.exists() else draft(promise_id, line="repurchase").file.read_text()


@pytest.mark.parametrize(
    ("results", "error", "said"),
    [
        ({"roi": None}, DesignError, "holds no case in money"),
        (
            {"roi": RESULTS["roi"] | {"benefits": [LINE | {"id": "repurchased"}]}},
            UnknownName,
            "Did you mean `repurchased`",
        ),
        (
            {"roi": RESULTS["roi"] | {"benefits": [LINE | {"effect": None}]}},
            DesignError,
            "rests on no effect of a study",
        ),
        ({"roi": RESULTS["roi"] | {"benefits": [LINE | {"counted": False}]}}, DesignError, "not counted in it"),
        (
            {"roi": RESULTS["roi"] | {"benefits": [LINE | {"by_year": [YEAR | {"p50": -1.0}]}]}},
            DesignError,
            "no loss is",
        ),
        ({"effects": [EFFECT | {"value": None}]}, DesignError, "rests on no effect"),
    ],
)
def test_what_cannot_be_promised(report: Path, results, error, said) -> None:
    (report / "reports" / "trial" / "results.json").write_bytes(canonical_json(RESULTS | results))
    with pytest.raises(error, match=said):
        draft()
    assert not (report / "reports" / "register").exists()


def test_a_launch_before_what_was_known_is_refused(report: Path) -> None:
    from datetime import date

    with pytest.raises(DesignError, match="2026-09-01 lies before 2026-09-30"):
        draft(launch=date(2026, 9, 1))


def test_without_a_report_there_is_nothing_to_draft_from(home: Path) -> None:
    with pytest.raises(InputError, match="there is no finished report"):
        draft()


@pytest.mark.parametrize("promise_id", ["../escape", "UPPER", "a/b", "", ".hidden", "x" * 65])
def test_a_name_leads_nowhere_else(report: Path, promise_id: str) -> None:
    with pytest.raises(ParamsError, match="is no name for a promise"):
        draft(promise_id)


def test_options_are_told_all_at_once() -> None:
    given = {"promise_id": "a", "owner": "Ada", "line": None, "launch": "tomorrow", "approve": True, "name": None}
    with pytest.raises(ParamsError) as error:
        promise_asked("params/trial.yaml", **given)
    assert [fault.where for fault in error.value.faults] == ["--launch", "--as", "--owner", "--launch"]
    given |= {"approve": False, "owner": None, "launch": None, "name": "Lin"}
    with pytest.raises(ParamsError) as error:
        promise_asked("params/trial.yaml", **given)
    assert [fault.where for fault in error.value.faults] == ["--owner", "--as"]


def test_the_command(report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def asked(*more: str) -> dict[str, Any]:
        monkeypatch.setattr(
            "sys.argv", ["touchstone", "promise", "params/trial.yaml", "--id", "repurchase", "--json", *more]
        )
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        return dict(json.loads(capsys.readouterr().out))

    assert asked("--owner", "Ada")["draft"] is True
    found = asked("--approve", "--as", "Lin Wei")
    assert (found["draft"], found["approved_by"], found["already"]) == (False, "Lin Wei", False)


BY_HAND = """schema: touchstone.promise/1
id: fewer
description: Fewer issues
owner: Ada
kind: avoided
measure: {metric: issues_raised}
better: lower
unit: issues
grade: C
launch: 2026-01-01
baseline: {value: 4, from: 2025-07, to: 2025-11, known_at: 2025-12-10}
promised: [{period: 2026-01, value: 2, low: 1, high: 3}, {period: 2026-02, value: 2, low: 1, high: 3}]
leading: [{metric: mentions, at_least: 99, by: 2026-01-31}]
"""


def test_what_came_is_read_from_the_closed_months(home: Path) -> None:
    """January has one issue of the six; four were raised before, so three fewer came where two were promised."""
    folder = home / "reports" / "register" / "trial"
    folder.mkdir(parents=True)
    (folder / "fewer.yaml").write_text(BY_HAND)
    approve_promise("params/trial.yaml", promise_id="fewer", name="Lin Wei", now=datetime(2025, 12, 20))
    with prepare_study("params/trial.yaml") as study:
        study.check()
        close_study(study, Month.of("2026-01"))
    with prepare_study("params/trial.yaml") as study:
        found = promises_of(study)
        assert study.base["provenance"]["inputs"]["promises"].startswith("sha256:")
    (row,) = found.to_parts()["promises"]
    assert row["periods"][0]["achieved"]["value"] == 3.0
    assert row["periods"][1]["achieved"]["reason"] == "2026-02 is not closed"
    assert row["status"] == "kept"
    assert row["to_date"]["variance"]["rate"] == 1.0
    assert [one["verdict"] for one in row["leading"]] == ["breached"]
    assert len(row["breaches"]) == 1


def test_a_promise_is_not_passed_over_where_no_case_can_be_made(home: Path) -> None:
    """The trial's tables allow no comparison, so that nothing can be valued: the promise stands in the results."""
    folder = home / "reports" / "register" / "trial"
    folder.mkdir(parents=True)
    (folder / "fewer.yaml").write_text(BY_HAND)
    approve_promise("params/trial.yaml", promise_id="fewer", name="Lin Wei", now=datetime(2025, 12, 20))
    with prepare_study("params/trial.yaml") as study:
        study.folder = home / "scratch"
        study.leave_out(step_named("roi_case"), skipped("roi_case", (), "no effect"))
        part = study.part("roi_case")
    assert [row["id"] for row in part["promises"]] == ["fewer"]
    assert part["coverage"]["skipped"][0]["reason"] == "no effect"


def test_without_a_register_nothing_is_read_and_no_input_is_named(home: Path) -> None:
    with prepare_study("params/trial.yaml") as study:
        assert promises_of(study).to_parts() == {"promises": []}
        assert "promises" not in study.base["provenance"]["inputs"]


def test_the_example_of_the_page_is_a_promise() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    text = text.replace("sha256:…", f"sha256:{'0' * 64}")
    promise, faults = checked(read_yaml(text, "docs"), "docs", stem="fewer-issues")
    assert promise is not None
    assert [fault.rule for fault in faults] == ["seal"], "its seal is none, and nothing else is wrong"
