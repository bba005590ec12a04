"""A line of the case: which money, on which side, with which formulas."""

from __future__ import annotations

import pytest

from analysis.roi.formula import Input, Number
from tests.roi.small_case import benefit, cost


def test_it_knows_its_inputs_and_years_and_takes_plain_numbers() -> None:
    line = benefit("repurchase", 0, Input("gain") * Input("contacts"), Input("gain") * Input("contacts_later"))
    assert line.inputs == {"gain", "contacts", "contacts_later"}
    assert line.years == 2
    assert line.by_year[0] == Number(0)
    assert cost("agents", 1, 2).inputs == frozenset()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: benefit("Agents", 0, 1), "cannot name an input"),
        (lambda: benefit("sales", 0, 1, label=""), "needs a label"),
        (lambda: benefit("sales", 0, 1, account=" "), "needs a label and the account"),
        (lambda: benefit("sales", 0, 1, kind="cost"), "the kind `cost` does not fit"),
        (lambda: cost("agents", 0, 1, kind="margin"), "the kind `margin` does not fit"),
        (lambda: cost("agents", 0, 1, side="loss"), "no side `loss`"),
        (lambda: benefit("sales", 0, 1, kind="soft"), "the kind `soft`"),
        (lambda: benefit("sales", 0, 1, grade=None), "the grade of its evidence"),
        (lambda: benefit("sales", 0, 1, grade="F"), "a grade is A to E"),
        (lambda: benefit("sales", 1), "for the start and for one year"),
    ],
)
def test_what_is_refused(made, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made()
