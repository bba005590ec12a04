"""Which steps run is decided by the tables and the parameters, and what is left out is named with what it lacks."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.foundation.errors import ParamsError
from analysis.runner.params_model import Params
from analysis.runner.params_roi import RoiSection
from analysis.runner.params_tests import DesignSheetSection, HypothesisSection
from analysis.runner.shipped import shipped
from analysis.runner.steps import STEPS, decide, step_named

ALL = ("mentions", "issues", "touchpoints", "orders", "changes", "assignments", "outcomes", "costs")
BEFORE_AND_AFTER = ["before_after", "service_effect", "adoption", "change_log"]


class Holding:
    """Tables of which only the names matter."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def has(self, table: str) -> bool:
        return table in self.names


def decided(*tables: str, **params: Any) -> tuple[list[str], dict[str, list[str]]]:
    found = decide(Params(study="a", **params), Holding(*tables))  # type: ignore[arg-type]
    return [step.name for step in found.run], {one["step"]: one["missing"] for one in found.skipped}


def test_everything_runs_where_everything_is_there() -> None:
    assert decided(*ALL, roi=RoiSection()) == (
        ["metrics", "month_close", *BEFORE_AND_AFTER, "ab_segments", "effort", "roi_case", "summary"],
        {},
    )


def test_a_test_is_planned_and_beliefs_are_tested_where_the_parameters_hold_any() -> None:
    believed = HypothesisSection(name="a", statement="b")
    run = decided(*ALL, design_sheet=DesignSheetSection(), hypotheses=(believed,))[0]
    assert run[-4:] == ["effort", "design_sheet", "loyalty_hypotheses", "summary"]
    assert "loyalty_hypotheses" not in decided(*ALL, designs=("effort",), hypotheses=(believed,))[0]
    assert "loyalty_hypotheses" not in decided(*ALL, designs=("hypotheses",))[0]


def test_the_case_in_money_is_made_only_where_it_is_asked_for() -> None:
    assert "roi_case" not in decided(*ALL)[0]


def test_what_is_left_out_is_named_with_the_tables_it_lacks() -> None:
    run, skipped = decided("mentions", "costs", roi=RoiSection())
    assert run == ["metrics", "month_close", "summary"]
    assert skipped == {
        "before_after": ["orders", "issues or touchpoints"],
        "service_effect": ["orders", "touchpoints or issues"],
        "adoption": ["orders", "issues or touchpoints"],
        "change_log": ["changes"],
        "ab_segments": ["assignments or issues or touchpoints", "outcomes or orders"],
        "effort": ["orders", "issues or touchpoints"],
        "roi_case": [],
    }
    reasons = decide(Params(study="a", roi=RoiSection()), Holding("mentions")).skipped  # type: ignore[arg-type]
    assert [one["reason"] for one in reasons] == [
        "needs `orders`, `issues` or `touchpoints`",
        "needs `orders`, `touchpoints` or `issues`",
        "needs `orders`, `issues` or `touchpoints`",
        "needs `changes`",
        "needs `assignments` or `issues` or `touchpoints`, `outcomes` or `orders`",
        "needs `orders`, `issues` or `touchpoints`",
        "needs what `before_after` finds, and that did not run",
    ]


def test_contacts_may_stand_in_for_issues() -> None:
    assert "before_after" in decided("orders", "touchpoints")[0]
    assert "before_after" in decided("orders", "issues")[0]


def test_users_can_be_compared_with_others_where_nothing_was_drawn_by_lot() -> None:
    assert "ab_segments" in decided("orders", "issues")[0]
    with pytest.raises(ParamsError, match="`ab_randomised` needs `assignments`, which the data do not hold"):
        decided("orders", "issues", designs=("ab_randomised",))


def test_comparisons_that_were_not_asked_for_are_no_gap() -> None:
    assert decided(*ALL, designs=("ab_randomised",)) == (["metrics", "month_close", "ab_segments", "summary"], {})
    assert decided("mentions", designs=()) == (["metrics", "month_close", "summary"], {})


def test_a_comparison_asked_for_by_name_must_be_possible() -> None:
    with pytest.raises(ParamsError) as caught:
        decided("mentions", designs=("before_after", "ab_randomised"))
    assert [str(fault) for fault in caught.value.faults] == [
        "params: designs: `before_after` needs `orders`, `issues` or `touchpoints`, which the data do not hold. "
        "Add the tables, or take the name out of the list.",
        "params: designs: `ab_randomised` needs `assignments`, `outcomes` or `orders`, which the data do not hold. "
        "Add the tables, or take the name out of the list.",
    ]


def test_steps_are_in_an_order_in_which_they_can_run() -> None:
    before: set[str] = set()
    for step in STEPS:
        assert set(step.reads) <= before
        assert set(step.after) <= before
        before.add(step.name)
    assert STEPS[-1].name == "summary"


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_step_has_its_notebook(step: Any) -> None:
    assert (shipped("notebooks") / f"{step.name}.ipynb").is_file()
    assert step_named(step.name) is step
