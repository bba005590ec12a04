"""What a notebook has in its hands: by hand, under the runner and in `compute` the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from analysis.foundation.calendar import Period
from analysis.foundation.errors import DesignError, ParamsError, TooSoon
from analysis.foundation.provenance import canonical_json
from analysis.runner import steps
from analysis.runner.compute import compute_study
from analysis.runner.opening import HANDOVER, RUN_FOLDER, hand_over, open_study, prepare_study, said_before_running
from analysis.runner.params_model import PeriodSection
from analysis.runner.plan import plan_study
from analysis.runner.run import run_study
from analysis.runner.span import period_of


class Found:
    """A result that says only what it was told to."""

    def __init__(self, **parts: Any) -> None:
        self.parts = parts
        self.notes = ("a note",)

    def to_parts(self) -> dict[str, Any]:
        return self.parts


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the studies give, instead of computing; an error is raised."""
    given: dict[str, Any] = {}

    def answer(name: str) -> Any:
        def call(study: object) -> Any:
            if isinstance(given[name], Exception):
                raise given[name]
            return given[name]

        return call

    replaced = tuple(
        step if step.call is None else steps.Step(**{**_fields(step), "call": answer(step.name)})
        for step in steps.STEPS
    )
    monkeypatch.setattr("analysis.runner.study.STEPS", replaced)
    monkeypatch.setattr("analysis.runner.study.step_named", lambda name: steps.step_named(name, replaced))
    return given


def _fields(step: steps.Step) -> dict[str, Any]:
    return {one.name: getattr(step, one.name) for one in fields(step)}


def rewrite(home: Path, text: str) -> None:
    (home / "params" / "trial.yaml").write_text(text)


def test_by_hand_a_study_records_into_a_scratch_folder(home: Path, answers: dict[str, Any]) -> None:
    answers["metrics"] = Found(metrics=[{"id": "a"}, {"id": "b"}])
    answers["before_after"] = TooSoon("wait until May")
    others = ("month_close", "service_effect", "adoption", "change_log", "ab_segments", "effort")
    answers.update(dict.fromkeys(others, Found(effects=[])))
    with open_study("params/trial.yaml") as study:
        said = study.record(study.metrics())
        assert str(said) == repr(said) == "Recorded for the report under `metrics`: 2 metrics."
        assert study.folder.parent == home / "reports" / ".scratch" / "trial"
        assert study.part("metrics") == {
            "metrics": [{"id": "a"}, {"id": "b"}],
            "coverage": {"notes": {"metrics": ["a note"]}},
        }
        assert [row["id"] for row in study.merge()["metrics"]] == ["a", "b"]
        assert study.part("ab_segments") is None
        results = study.results()
        assert [row["id"] for row in results["metrics"]] == ["a", "b"]
        assert results["coverage"]["notes"] == {key: ["a note"] for key in ("metrics", *others)}, "made when asked for"
        assert [one["reason"] for one in results["coverage"]["skipped"]] == [
            "wait until May",
            "needs what `before_after` finds, and that did not run",
        ]


def test_by_hand_a_step_makes_what_it_reads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has recorded `before_after`: it is made, and its refusal is told."""
    with open_study("params/trial.yaml") as study:
        with pytest.raises(DesignError):
            study.roi_case()
        part = study.part("before_after")
        assert part is not None
        assert part["coverage"]["skipped"][0]["step"] == "before_after"
        with pytest.raises(DesignError, match=r"reads what `before_after` finds, and that was left out: \S"):
            study.roi_case()


def test_what_was_recorded_by_hand_is_never_mixed_with_other_parameters(home: Path, answers: dict[str, Any]) -> None:
    answers["metrics"] = Found(metrics=[{"id": "a"}])
    with open_study("params/trial.yaml") as study:
        study.record(study.metrics())
    with open_study("params/trial.yaml") as same:
        assert same.part("metrics") is not None
    rewrite(home, "study: trial\ndata: {folder: data}\nseed: 2\n")
    with open_study("params/trial.yaml") as other:
        assert other.part("metrics") is None


def test_only_what_the_study_gave_can_be_recorded(home: Path, answers: dict[str, Any]) -> None:
    answers["metrics"] = answers["before_after"] = Found()
    with open_study("params/trial.yaml") as study:
        with pytest.raises(
            ValueError, match=r"Only what this study's own methods gave can be recorded: `study\.metrics\(\)`"
        ):
            study.record(Found())
        study.metrics()
        assert study.record(study.before_after()).step == "before_after", "the call made last"


def test_under_the_runner_the_same_study_is_opened_from_what_was_prepared(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with prepare_study("params/trial.yaml") as study:
        study.folder = folder
        hand_over(study, "200MiB")
        base = study.base
    monkeypatch.setenv(RUN_FOLDER, str(folder))
    (home / "data").rename(home / "gone")  # text tables were kept when they were prepared
    with open_study("params/trial.yaml") as again:
        assert again.folder == folder
        assert canonical_json(again.base) == canonical_json(base)
    rewrite(home, "study: trial\ndata: {folder: data}\nseed: 2\n")
    with pytest.raises(ParamsError, match="is not what this run was begun with"):
        open_study("params/trial.yaml")
    rewrite(home, "study: trial\ndata: {folder: data}\nroi:\n")
    (home / "params" / "other.yaml").write_text("study: trial\ndata: {folder: data}\nroi:\n")
    with pytest.raises(ParamsError, match="is not what this run was begun with"):
        open_study("params/other.yaml")
    assert (folder / HANDOVER).is_file()


def test_results_hold_what_is_true_of_all_steps(home: Path) -> None:
    rewrite(
        home,
        "study: trial\ndata: {folder: data}\nperiod: {span: 2026q2, timezone: Europe/London}\n"
        "report: {audience: analyst}\n",
    )
    with prepare_study("params/trial.yaml") as study:
        results = study.results()
        assert results["study"] == "trial"
        assert results["period"] == {"start": "2026-04-01", "end": "2026-07-01", "timezone": "Europe/London"}
        assert results["known_at"] == "2026-06-25T10:00:00Z"
        assert set(results["provenance"]) == {"inputs", "params", "code", "packages"}
        assert set(results["provenance"]["inputs"]) == set(study.prepared.accounts)
        assert results["rows"]["mentions"] == {"read": 9, "kept": 9, "set_aside": {}}
        assert results["coverage"]["without_effect"] == []
        json.loads(canonical_json(results))
        assert said_before_running(study) == ()


def test_as_of_is_the_day_the_results_speak_of(home: Path) -> None:
    rewrite(home, "study: trial\ndata: {folder: data}\nas_of: 2026-07-06\n")
    with prepare_study("params/trial.yaml") as study:
        assert study.base["known_at"] == "2026-07-06T00:00:00Z"
    rewrite(home, "study: trial\ndata: {folder: data}\nas_of: 2026-06-01\n")
    with (
        prepare_study("params/trial.yaml") as study,
        pytest.raises(ParamsError, match=r"what was known of them at 2026-06-01T00:00:00Z cannot be told"),
    ):
        study.check()


def test_a_refusal_nobody_asked_for_leaves_its_reason(home: Path, answers: dict[str, Any]) -> None:
    answers["before_after"] = TooSoon("wait until May")
    with open_study("params/trial.yaml") as study:
        with pytest.raises(TooSoon):
            study.before_after()
        assert study.part("before_after") == {
            "coverage": {"skipped": [{"step": "before_after", "missing": [], "reason": "wait until May"}]}
        }
        assert study.missing().to_dict("records") == [
            {"step": "before_after", "missing": "", "reason": "wait until May"}
        ]


def test_a_refusal_of_what_was_asked_for_by_name_is_only_raised(home: Path, answers: dict[str, Any]) -> None:
    rewrite(home, "study: trial\ndata: {folder: data}\ndesigns: [before_after]\n")
    answers["before_after"] = DesignError("no")
    with open_study("params/trial.yaml") as study:
        with pytest.raises(DesignError):
            study.before_after()
        assert study.part("before_after") is None


def test_the_case_in_money_says_what_it_lacks(home: Path) -> None:
    with (
        prepare_study("params/trial.yaml") as study,
        pytest.raises(DesignError, match="reads what `before_after` found, and it has not been recorded"),
    ):
        study.roi_case()


def test_the_overview_names_tables_rows_and_dates(home: Path) -> None:
    with prepare_study("params/trial.yaml") as study:
        overview = study.overview().set_index("table")
        assert list(overview.columns) == ["read", "kept", "set_aside", "first", "last", "notices"]
        assert overview.loc["orders", "read"] == 6
        assert (overview.loc["orders", "first"], overview.loc["orders", "last"]) == ("2026-01-01", "2026-06-06")
        assert overview.loc["outcomes", "first"] == ""


@pytest.mark.parametrize(
    ("section", "start", "end"),
    [
        (PeriodSection(), "2026-02-01", "2026-07-01"),
        (PeriodSection(span="2026-05"), "2026-05-01", "2026-06-01"),
    ],
)
def test_the_period_is_what_was_asked_for_or_the_months_of_the_data(
    home: Path, section: PeriodSection, start: str, end: str
) -> None:
    """Orders begin on 1 January, issues on 20 January: too few days, so the common months begin in February.

    The last order is of 6 June: with six covered days June is no month of orders, and May is the last.
    """
    with prepare_study("params/trial.yaml") as study:
        period = period_of(section, study.tables)
        assert isinstance(period, Period)
        expected_end = end if section.span else "2026-06-01"
        assert (period.start.isoformat(), period.end.isoformat()) == (start, expected_end)


def test_a_date_outside_the_data_leaves_nothing(home: Path) -> None:
    rewrite(home, "study: trial\ndata: {folder: data}\nperiod: {start: 2027-01-01}\n")
    with prepare_study("params/trial.yaml") as study, pytest.raises(DesignError, match="nothing is left"):
        _ = study.period


@pytest.mark.parametrize("period", ["[2040-01-01, 2040-03-01]", "2025-12", "[2020-01-01, 2026-01-01]"])
def test_a_period_that_misses_the_data_is_a_fault(home: Path, period: str) -> None:
    rewrite(home, f"study: trial\ndata: {{folder: data}}\nperiod: {period}\n")
    with (
        prepare_study("params/trial.yaml") as study,
        pytest.raises(
            ParamsError, match=r"params/trial\.yaml: period: .* and the data, 2026-01-01 to 2026-06-25, have no day in"
        ),
    ):
        _ = study.period


def test_names_that_are_in_no_table_are_told_at_once(home: Path) -> None:
    text = "study: trial\ndata: {folder: data}\n"
    rewrite(home, text + "comparison: bb\noutcomes: [ordrs, vist, orders]\n")
    with prepare_study("params/trial.yaml") as study, pytest.raises(ParamsError) as caught:
        _ = study.decision
    assert [str(fault) for fault in caught.value.faults] == [
        "params/trial.yaml: comparison: no experiment has an arm `bb`. Did you mean `b`?",
        "params/trial.yaml: outcomes[0]: there is no outcome `ordrs`. Did you mean `orders`?",
        "params/trial.yaml: outcomes[1]: there is no outcome `vist`. Did you mean `visit`?",
    ]
    rewrite(home, text + "comparison: b\noutcomes: [visit, retained]\n")
    with prepare_study("params/trial.yaml") as study:
        assert "ab_segments" in [step.name for step in study.decision.run]
        assert study.base["coverage"]["outcomes"] == ["visit", "retained"]
    rewrite(home, text + "comparison: nobody\ndesigns: [before_after]\n")
    with prepare_study("params/trial.yaml") as study:
        assert study.decision.run, "no randomised test is read, so no arm is looked for"
        assert study.base["coverage"]["outcomes"] == []


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            "experiment: {ratios: {visit: {numerator: revenue, denominator: orders}}}",
            "`visit` is the name of an outcome",
        ),
        (
            "experiment: {ratios: {orders: {numerator: revenue, denominator: orders}}}",
            "`orders` is the name of an outco",
        ),
        ("observational: {experiment: nope}", "observational.experiment: there is no experiment `nope`"),
        ("observational: {experiment: e, treated: aa, comparison: b}", "treated: experiment `e` has no group `aa`"),
    ],
)
def test_experiments_groups_and_ratios_are_told_at_once(home: Path, section: str, said: str) -> None:
    """A ratio of an outcome's name would put its figures in the place of that outcome's."""
    rewrite(home, f"study: trial\ndata: {{folder: data}}\n{section}\n")
    with prepare_study("params/trial.yaml") as study, pytest.raises(ParamsError, match=said):
        _ = study.decision


def test_what_is_named_for_the_tests_alone_is_told_at_once(home: Path) -> None:
    text = "study: trial\ndata: {folder: data}\n"
    section = (
        "experiment:\n"
        "  covariates: [region, regon]\n"
        "  ratios: {rate: {numerator: vist, denominator: orders}}\n"
        "  winsorise: {revenu: 0.99, rate: 0.99, revenue: 0.99}\n"
        "  quantiles: {visits: [0.5], csat: [0.5]}\n"
        "  guardrails: {isues: {margin: 1, worse: higher}, rate: {margin: 1, worse: lower}}\n"
        "  explore: [visit, ordrs]\n"
    )
    rewrite(home, text + section)
    with prepare_study("params/trial.yaml") as study, pytest.raises(ParamsError) as caught:
        _ = study.decision
    assert [str(fault).removeprefix("params/trial.yaml: experiment.") for fault in caught.value.faults] == [
        "ratios.rate: no test has an outcome `vist`. Did you mean `visit`?",
        "winsorise: no test has an outcome `revenu`. Did you mean `revenue`?",
        "winsorise: `rate` is a ratio, which no single customer has. Name one of its two outcomes.",
        "quantiles: no test has an outcome `visits`. Did you mean `visit`?",
        "guardrails: no test has an outcome `isues`. Did you mean `issues`?",
        "explore[1]: no test has an outcome `ordrs`. Did you mean `orders`?",
        "covariates[1]: `customers` has no column `regon`. Did you mean `region`?",
    ]
    for asked in ("designs: [ab_observational]\n", "designs: [before_after]\n"):
        rewrite(home, text + asked + section)
        with prepare_study("params/trial.yaml") as study:
            assert study.decision.run, "no randomised test is read, so nothing is looked for"


def test_what_a_test_has_is_not_refused(home: Path) -> None:
    section = "{covariates: [region], winsorise: {visit: 2, support_cost: 0.99}, explore: [repurchased, visit]}"
    rewrite(home, f"study: trial\ndata: {{folder: data}}\nexperiment: {section}\n")
    with prepare_study("params/trial.yaml") as study:
        assert "ab_segments" in [step.name for step in study.decision.run]


@pytest.mark.parametrize("make", [compute_study, plan_study, run_study])
def test_a_name_that_is_in_no_table_is_told_before_anything_is_written(home: Path, make: Callable[..., Any]) -> None:
    rewrite(home, "study: trial\ndata: {folder: data}\ncomparison: nobody\nperiod: 2040-01\nas_of: 2020-01-01\n")
    with pytest.raises(ParamsError) as caught:
        make("params/trial.yaml")
    rules = [fault.rule for fault in caught.value.faults]
    assert set(rules) == {"known_at_missing", "period", "unknown_arm"}, "all at once"
    assert [one.name for one in (home / "reports").iterdir()] == [".cache"]


def test_tables_without_dates_make_no_period(home: Path) -> None:
    for table in ("mentions", "orders", "issues"):
        (home / "data" / f"{table}.csv").unlink()
    with prepare_study("params/trial.yaml") as study:
        assert study.period is None
        assert study.base["period"] is None
        assert study.base["known_at"] is None
        assert [step.name for step in study.decision.run] == ["ab_segments", "summary"]


def test_only_mentions_make_the_period_where_nothing_can_be_compared(home: Path) -> None:
    for table in ("orders", "issues"):
        (home / "data" / f"{table}.csv").unlink()
    with prepare_study("params/trial.yaml") as study:
        period = study.period
        assert period is not None
        assert period.to_dict() == {"start": "2026-02-01", "end": "2026-06-01", "timezone": "UTC"}
