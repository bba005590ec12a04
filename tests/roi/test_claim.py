"""What the case may claim: "caused" only on A and B, always the range, the horizon and the currency, the cap first."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.roi.claim import money_claim, percent

GRADES = ("A", "B", "C", "D", "E")
CASES = {"gain": (100_000.0, 500_000.0, 900_000.0), "unclear": (-16_704.0, 11_780.0, 40_519.0),
         "loss": (-9_000.0, -5_000.0, -1_000.0)}  # fmt: skip


def claim(case: str = "gain", shares: dict[str, float] | None = None, **more):
    low, middle, high = CASES[case]
    given = {"currency": "EUR", "years": 3, "discount_rate": 0.1, "low": low, "middle": middle, "high": high}
    return money_claim(**(given | {"shares": {"B": 1.0} if shares is None else shares, "cap": 0.3} | more))


def test_a_gain_on_randomised_tests_by_hand() -> None:
    assert claim(shares={"A": 1.0}).text == (
        "Carried over 3 years, the effects that social customer service caused come, after costs, to a net gain of "
        "about EUR 500,000 in present value at 10 % a year (low case: a net gain of about EUR 100,000; high case: a "
        "net gain of about EUR 900,000; one outcome in twenty lies below the low case, one in twenty above the high "
        "case). Even the low case is no loss. Customers were assigned at random, so the differences are effects of the "
        "assignment."
    )


def test_weaker_evidence_goes_with_the_money() -> None:
    found = claim(shares={"B": 0.9, "C": 0.1})
    assert found.text.startswith("Over 3 years, a net gain of about EUR 500,000 goes with social customer service in")
    assert found.text.endswith("10 % of the benefits rest on comparisons with open questions, so the money may have "
                               "other causes.")  # fmt: skip
    assert not found.caused


def test_past_the_cap_says_so_first() -> None:
    found = claim(shares={"B": 0.6, "E": 0.4})
    assert found.past_cap
    assert found.text.startswith("40 % of the benefits rest on raw differences or assumptions, more than the 30 % that")
    assert not claim(shares={"B": 0.7, "E": 0.3}).past_cap


def test_just_past_the_cap_is_not_said_to_be_more_than_itself() -> None:
    assert (
        "30 % of the benefits rest on raw differences or assumptions, a little more than the 30 % that may"
        in claim(shares={"B": 0.69999, "E": 0.30001}).text
    )


@given(
    parts=st.lists(st.integers(0, 20), min_size=5, max_size=5).filter(any),
    case=st.sampled_from(sorted(CASES)),
    cap=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_the_words_never_outrun_the_evidence(parts: list[int], case: str, cap: float) -> None:
    shares = {grade: part / sum(parts) for grade, part in zip(GRADES, parts, strict=True)}
    found = claim(case, shares, cap=cap)
    strong = not any(parts[2:])
    assert found.caused == strong
    assert bool(re.search(r"\bcaused\b", found.text)) == strong
    assert ("goes with" in found.text) == (not strong)
    assert ("unless an unrecorded cause" in found.text) == (strong and parts[1] > 0)
    assert found.past_cap == ((parts[3] + parts[4]) / sum(parts) > cap + 1e-12)
    for needed in ("3 years", "EUR", "low case", "high case", "10 % a year"):
        assert needed in found.text


@pytest.mark.parametrize(("case", "grade"), list(product(CASES, ("A", "C", "E"))))
def test_gain_loss_and_neither_are_told_at_much_the_same_length(case: str, grade: str) -> None:
    length = len(claim(case, {grade: 1.0}).text)
    assert abs(length - len(claim("gain", {grade: 1.0}).text)) < 60


def test_a_loss_in_the_low_case_is_told() -> None:
    assert "The low case is a loss." in claim("unclear").text
    assert claim("unclear").low_is_loss
    assert "no clear gain or loss" in claim("unclear").text
    assert "Even the high case is a loss." in claim("loss").text
    assert "fall short of its costs: a net loss of about EUR 5,000" in claim("loss").text


def test_without_a_benefit_the_costs_alone_are_told() -> None:
    found = claim("loss", {"B": 0.0})
    assert found.text.startswith("Over 3 years the costs of social customer service alone come to a net loss")
    assert not found.caused


def test_one_year_and_what_is_left_after_the_cuts() -> None:
    found = claim(years=1, adjusted=-12.5).text
    assert "over 1 year," in found
    assert found.endswith("Cut for weak evidence and for risk it is a net loss of about EUR 12.50.")


def test_amounts_to_three_digits() -> None:
    assert "EUR 1,230,000" in claim(low=1_234_567.0, middle=2e6, high=3e6).text
    assert "neither gain nor loss" in claim(low=0.0, middle=1.0, high=2.0).text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"low": 6e5}, "in order and finite"),
        ({"high": float("nan")}, "in order and finite"),
        ({"shares": {"F": 1.0}}, "`F` is no grade"),
        ({"shares": {"B": 0.5}}, "add up to 1"),
        ({"shares": {"B": 1.5, "C": -0.5}}, "not negative"),
        ({"cap": 1.2}, "from 0 to 1, not 1.2"),
    ],
)
def test_what_cannot_be_is_refused(wrong, said) -> None:
    with pytest.raises(ValueError, match=said):
        claim(**wrong)


@given(st.floats(0, 1))
def test_percent_never_rounds_a_part_to_nothing_or_to_all(share: float) -> None:
    text = percent(share)
    assert (text == "0 %") == (share == 0)
    assert (text == "100 %") == (share == 1)
