"""The written rule: every case has an answer, no line is dead, and the page prints what the code does."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.roi.decision_rule import (
    RULE,
    Evidence,
    Guardrail,
    Guards,
    Money,
    case_grade,
    guards_are,
    money_is,
    recommended,
)

PAGE = Path(__file__).parents[2] / "docs" / "decision_rule.md"
BETTER = ("stop", "test first", "keep", "extend")
CASES = list(product(get_args(Evidence), get_args(Money), get_args(Guards)))


def answer(evidence, money, guards) -> str:
    return next(line.recommendation for line in RULE if line.fits(evidence, money, guards))


def test_the_page_prints_the_rule() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    printed = [(int(number), *rest.split(" | ")) for number, rest in rows]
    assert printed == [
        (number, one.evidence, one.money, one.guardrails, one.recommendation, one.because)
        for number, one in enumerate(RULE, start=1)
    ]


def test_every_case_has_an_answer_and_every_line_answers_some() -> None:
    first = [next(n for n, line in enumerate(RULE) if line.fits(*case)) for case in CASES]
    assert set(first) == set(range(len(RULE)))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_better_evidence_money_or_guardrails_never_make_the_advice_worse(place: int) -> None:
    """More evidence may still turn "test first" into "stop": a loss is then known. Elsewhere it only helps."""
    orders = (["D or E", "C", "A or B"], ["loss", "more likely a loss", "more likely a gain", "gain"],
              ["broken", "not known", "kept"])  # fmt: skip
    for case in CASES:
        rank = orders[place].index(case[place])
        if rank + 1 == len(orders[place]):
            continue
        better = list(case)
        better[place] = orders[place][rank + 1]
        now, then = BETTER.index(answer(*better)), BETTER.index(answer(*case))
        if place == 0 and "loss" in case[1]:
            assert now <= then
        else:
            assert now >= then, (case, better)


def test_extend_needs_all_three() -> None:
    assert [case for case in CASES if answer(*case) == "extend"] == [("A or B", "gain", "kept")]


KEPT = [Guardrail(name="issues", kept=True, detail="")]


def test_by_hand() -> None:
    found = recommended(shares={"B": 0.8, "E": 0.2}, cap=0.3, low=1, middle=2, high=3, guardrails=KEPT)
    assert (found.recommendation, found.grade, found.line) == ("extend", "B", 5)
    found = recommended(shares={"B": 0.6, "E": 0.4}, cap=0.3, low=1, middle=2, high=3, guardrails=KEPT)
    assert (found.recommendation, found.grade, found.line) == ("test first", "E", 1)
    found = recommended(shares={"A": 1.0}, cap=0.3, low=-3, middle=-2, high=0, guardrails=KEPT)
    assert (found.recommendation, found.money) == ("stop", "loss")


@given(parts=st.lists(st.integers(0, 9), min_size=5, max_size=5), cap=st.floats(0, 1))
def test_the_grade_of_a_case_has_a_share_unless_nothing_is_counted(parts: list[int], cap: float) -> None:
    whole = sum(parts) or 1
    shares = {grade: part / whole for grade, part in zip("ABCDE", parts, strict=True)}
    grade = case_grade(shares, cap)
    assert shares[grade] > 0 or not any(parts)
    weak = shares["D"] + shares["E"]
    limit = min(cap, 0.5)
    if any(parts):
        assert (grade in "DE") == (weak > limit + 1e-12) or abs(weak - limit) < 1e-9


def test_no_policy_makes_assumptions_into_evidence() -> None:
    assert case_grade({"A": 0.01, "E": 0.99}, cap=1.0) == "E"


@pytest.mark.parametrize(("kept", "said"), [([], "not known"), ([True, None], "not known"), ([True], "kept"),
                                            ([None, False], "broken")])  # fmt: skip
def test_guardrails(kept, said) -> None:
    assert guards_are(Guardrail(name="x", kept=one, detail="") for one in kept) == said


def test_the_range_on_its_edges() -> None:
    assert money_is(0, 1, 2) == "more likely a gain"
    assert money_is(-1, -1, 0) == "loss"


def test_cases_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="in order"):
        recommended(shares={"B": 1.0}, cap=0.3, low=3, middle=2, high=1)
