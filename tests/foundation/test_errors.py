"""The words a user gets: where, what, how often, the remedy, all at once."""

from __future__ import annotations

import pickle

import pytest

from analysis.foundation import errors
from analysis.foundation.errors import Fault, InputError, UnknownName, did_you_mean


def fault(**changes) -> Fault:
    given = {"where": "orders.csv", "what": "is empty", "remedy": "Fill it.", "rule": "empty"} | changes
    return Fault(**given)


def test_a_fault_reads_as_a_sentence_with_place_count_line_and_remedy() -> None:
    said = str(fault(column="ordered_at", count=412, of=90210, first=17))
    assert said == "orders.csv, column `ordered_at`: is empty (412 of 90,210 rows; first: line 17). Fill it."


def test_all_faults_are_told_at_once() -> None:
    error = InputError([fault(), fault(where="issues.csv")])
    assert "2 faults were found." in str(error)
    assert "orders.csv" in str(error)
    assert "issues.csv" in str(error)


def test_one_fault_may_stand_alone() -> None:
    assert InputError(fault()).faults == (fault(),)


@pytest.mark.parametrize(
    ("name", "said"),
    [("ordrs", "Did you mean `orders`?"), ("xyz", "There are: `issues`, `orders`.")],
)
def test_the_nearest_name_is_offered_else_all(name, said) -> None:
    assert did_you_mean(name, ["orders", "issues"]) == said


def test_errors_survive_the_way_from_another_process() -> None:
    error = UnknownName.of("metric", "mention", ["mentions"])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_exit_statuses_are_those_of_the_contract() -> None:
    status = {
        name: getattr(errors, name).exit_status
        for name in (
            "TouchstoneError", "InputError", "LockedPeriod", "DesignError", "StepFailed", "ClosedMeanwhile",
            "LedgerBroken",
        )
    }  # fmt: skip
    assert status == {
        "TouchstoneError": 1, "InputError": 2, "LockedPeriod": 2, "DesignError": 2, "StepFailed": 3,
        "ClosedMeanwhile": 3, "LedgerBroken": 4,
    }  # fmt: skip
