"""What the case in money names is looked for in the tables before any work, and what it lacks is said in a plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.runner.asked_money import money_lacking, money_not_there
from analysis.runner.params_model import Params
from analysis.runner.plan import plan_study
from analysis.tables.opened import Tables
from tests.roi.small_tables import company, opened

DEFLECTION = dict.fromkeys(("exposures_per_year", "intent", "resolved", "contact_without", "contact_with"), 0.1)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    frames = company()
    series = {"series_id": "ledger_support", "period_start": "2025-01-01", "period_end": "2025-01-31", "value": 1.0}
    frames["series"] = pd.DataFrame([series | {"unit": "EUR"}])
    with opened(tmp_path_factory.mktemp("asked"), frames) as found:
        yield found


def faults(tables: Tables, **roi: Any) -> list[str]:
    values = Params.model_validate({"study": "a", "roi": roi})
    return [f"{one.where}: {one.what}. {one.remedy}" for one in money_not_there(values, tables, name="params/a.yaml")]


def test_a_series_that_is_not_there_is_told_with_the_nearest(tables: Tables) -> None:
    assert faults(tables, ledger={"series": "ledger_suport"}) == [
        "params/a.yaml: roi.ledger.series: there is no series `ledger_suport` in `series`. "
        "Did you mean `ledger_support`?"
    ]
    assert faults(tables, ledger={"series": "ledger_support"}) == []


def test_channels_that_are_nowhere_are_told_with_the_nearest(tables: Tables) -> None:
    cost = {"marginal": 2.0, "source": "finance", "dated": pd.Timestamp("2026-09-01").date()}
    found = faults(tables, unit_costs={"fone": cost, "email": cost}, deflection=DEFLECTION | {"channel": "chatt"})
    assert found == [
        "params/a.yaml: roi.unit_costs.fone: no table has a channel `fone`. Did you mean `phone`?",
        "params/a.yaml: roi.deflection.channel: no table has a channel `chatt`. Did you mean `chat`?",
    ]


def test_without_a_case_nothing_is_asked(tables: Tables) -> None:
    assert money_not_there(Params(study="a"), tables, name="a") == []


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "params").mkdir()
    (tmp_path / "data").mkdir()
    for name, frame in company(60).items():
        frame.to_csv(tmp_path / "data" / f"{name}.csv", index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    return tmp_path


def planned(home: Path, roi: str) -> Any:
    path = home / "params" / "trial.yaml"
    path.write_text(f"study: trial\ndata: {{folder: data}}\ndesigns: [before_after]\nroi: {roi}\n", encoding="utf-8")
    return plan_study(path, home=home)


def test_a_plan_says_what_the_case_lacks(home: Path) -> None:
    """All of it at once, by its parameters; what studies find cannot be told yet."""
    answer = "exposures_per_year: 9, intent: 0.1, resolved: 1, contact_without: 1, contact_with: 0"
    plan = planned(home, f"{{deflection: {{{answer}}}}}")
    assert "roi_case" not in plan.steps
    [reason] = [one["reason"] for one in plan.skipped if one["step"] == "roi_case"]
    assert "`roi.cost_lines`" in reason
    assert "`roi.unit_costs.phone`" in reason


def test_a_case_that_lacks_nothing_is_planned(home: Path) -> None:
    plan = planned(home, "{cost_lines: {agents: {per_year: 100}}}")
    assert "roi_case" in plan.steps
    assert "roi_case.html" in plan.files


def test_a_request_that_cannot_be_is_a_reason_too() -> None:
    class NoCase:
        values = Params(study="a")
        tables = None

    assert "ask for no case in money" in str(money_lacking(NoCase()))  # type: ignore[arg-type]
