"""What claims say: outcome by outcome, grade by grade, with gains, losses and nothing at the same length."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.studies.claim import (
    LIMITS,
    LIMITS_UNSEEN,
    NOT_OVER,
    claim_of,
    refusal,
    why_naive_differs,
    window_after,
)
from analysis.studies.result import GRADE_WORDS

GRADES = ("A", "B", "C", "D", "E")
OUTCOMES = ("orders", "revenue", "margin", "issues", "support_cost", "index_issue_cost", "repurchased", "retained")


def ratio(value: float, name: str = "orders", se_log: float = 0.02) -> Estimate:
    return ratio_estimate(name, value, se_log, n_treated=900, n_comparison=2500, method="ratio DiD")


def difference(name: str, value: float, half: float, unit: str) -> Estimate:
    return Estimate(
        name=name, value=value, low=value - half, high=value + half, level=0.95, se=half / 1.96, scale="difference",
        unit=unit, n_treated=900, n_comparison=2500, method="difference",
    )  # fmt: skip


def said(estimate: Estimate, grade: str = "C", **more) -> str:
    words = {
        "who": "Customers whose issue went to social",
        "against": "similar customers",
        "when": "in the 6 months after",
        "segment": {},
    }
    return claim_of(estimate, grade=grade, **(words | more))  # type: ignore[arg-type]


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[a-z])\. ", text)[0]


@pytest.mark.parametrize(
    ("estimate", "sentence"),
    [
        (ratio(1.08), "had 8.0 % more orders (95 % interval: 3.8 % more to 12.3 % more) in the 6 months after than"),
        (ratio(0.92), "had 8.0 % fewer orders (95 % interval: 11.5 % fewer to 4.3 % fewer) in the 6 months after than"),
        (
            ratio(1.08, "revenue"),
            "brought 8.0 % more revenue (95 % interval: 3.8 % more to 12.3 % more) in the 6 months",
        ),
        (ratio(0.92, "margin"), "brought 8.0 % less margin (95 % interval: 11.5 % less to 4.3 % less) in the 6 months"),
        (ratio(0.96, "issues", 0.01), "raised 4.0 % fewer issues (95 % interval: 5.9 % fewer to 2.1 % fewer) in the 6"),
        (ratio(0.95, "support_cost"), "cost 5.0 % less in support (95 % interval: 8.7 % less to 1.2 % less) in the 6"),
        (
            difference("orders", 0.13, 0.05, "orders per customer"),
            "had 0.130 more orders per customer (95 % interval: 0.08 more to 0.180 more) in the 6 months after than",
        ),
        (
            difference("margin", -7.234, 2, "EUR per customer"),
            "brought 7.23 EUR less margin per customer (95 % interval: 9.23 EUR less to 5.23 EUR less) in the 6 months",
        ),
        (
            difference("support_cost", -3.1, 1, "EUR per customer"),
            "cost 3.10 EUR less in support per customer (95 % interval: 4.10 EUR less to 2.10 EUR less) in the 6",
        ),
        (
            difference("index_issue_cost", -2.9, 1, "EUR per customer"),
            "cost 2.90 EUR less for the issue itself per customer (95 % interval: 3.90 EUR less to 1.90 EUR less) than",
        ),
        (
            difference("repurchased", 0.012, 0.008, "share of customers"),
            "bought again 1.2 percentage points more often (95 % interval: 0.4 percentage points more to 2.0 "
            "percentage points more) in the 6 months after than",
        ),
        (
            difference("retained", -0.012, 0.008, "share"),
            "stayed 1.2 percentage points less often (95 % interval: 2.0 percentage points less to 0.4 percentage "
            "points less) in the 6 months after than",
        ),
        (
            difference("visit", 0.05, 0.01, "share"),
            "were 5.0 percentage points more likely to show visit (95 % interval: 4.0 percentage points more to",
        ),
        (difference("logins_90d", -0.2, 0.1, "logins per customer"), "had 0.200 fewer logins 90d per customer (95 %"),
        (
            difference("spend", -0.2, 0.1, "per customer"),
            "had 0.200 less spend per customer (95 % interval: 0.300 less",
        ),
        (
            difference("orders", 0.04, 0.03, "orders per customer"),
            "had 0.04 more orders per customer (95 % interval: 0.01 more to 0.07 more) in",
        ),
        (ratio(1.0005, se_log=0.0001), "had 0.05 % more orders (95 % interval: 0.03 % more to 0.07 % more) in"),
    ],
)
def test_every_outcome_has_its_words(estimate: Estimate, sentence: str) -> None:
    assert sentence in said(estimate)


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("orders", "orders in the 6 months after from"),
        ("issues", "issues raised in the 6 months after from"),
        ("support_cost", "the cost of their support in the 6 months after from"),
        ("index_issue_cost", "the cost of the issue itself from"),
        ("repurchased", "how often they bought again in the 6 months after from"),
    ],
)
def test_a_difference_that_is_not_clear_is_said_with_its_interval(name: str, measure: str) -> None:
    text = said(ratio(1.01, name))
    assert f"showed no clear difference in {measure} similar customers: 1.0 % more (95 % interval: 2.9 % " in text
    assert "to 5.0 % more)" in text


@pytest.mark.parametrize(("name", "grade"), list(product(OUTCOMES, GRADES)))
def test_no_claim_says_that_there_is_no_effect_nor_more_than_its_grade(name: str, grade: str) -> None:
    texts = {value: said(ratio(value, name), grade) for value in (0.9, 1.01, 1.1)}
    for value, text in texts.items():
        assert "no effect" not in text.lower()
        assert ("is an effect" in text) is (grade in "AB" and value != 1.01)
        assert text.endswith(f" Grade {grade}: {GRADE_WORDS[grade]}.")  # type: ignore[index]
        assert ((LIMITS_UNSEEN if value == 1.01 else LIMITS)[grade] in text) is True  # type: ignore[index]
    lengths = [len(text) for text in texts.values()]
    assert max(lengths) < 1.35 * min(lengths), "a gain, a loss and nothing get the same room"


def test_what_an_unrecorded_cause_would_have_to_do_stands_in_a_claim_of_grade_b_alone() -> None:
    unless = "unless an unrecorded cause made both 1.4 times as likely."
    text = said(ratio(1.08), "B", unless=unless)
    assert "the difference is an effect unless an unrecorded cause made both 1.4 times as likely. Grade B" in text
    assert "explains it" not in text
    for grade in "ACDE":
        assert said(ratio(1.08), grade, unless=unless) == said(ratio(1.08), grade)
    assert said(ratio(1.01), "B", unless=unless) == said(ratio(1.01), "B"), "nothing clear, nothing to explain"
    with pytest.raises(ValueError, match="begins with `unless `, not with `if a cause`"):
        said(ratio(1.08), "B", unless="if a cause")


@pytest.mark.parametrize("value", [0.9, 1.01, 1.1])
def test_every_claim_of_grade_b_names_an_unrecorded_cause(value: float) -> None:
    """Seen or unseen: a cause can make an effect, or hide one."""
    text = said(ratio(value), "B")
    assert ("unless an unrecorded cause hid an effect." in text) is (value == 1.01)
    assert ("unless an unrecorded cause explains it." in text) is (value != 1.01)
    assert "unless" not in said(ratio(value), "C")


@pytest.mark.parametrize(("months", "window"), [(1, "in the month after"), (2, "in the 2 months after")])
def test_one_month_is_no_plural(months: int, window: str) -> None:
    assert f"{window} than similar customers" in said(ratio(1.08), when=window_after(months))


def test_an_interim_finding_is_marked_at_both_ends() -> None:
    text = said(ratio(1.08), when="in the first 3 months after", maturity="interim")
    assert text.startswith(
        "So far, in the first 3 months after, customers whose issue went to social had 8.0 % more orders (95 % "
        "interval: 3.8 % more to 12.3 % more) than similar customers. "
    )
    assert text.endswith(f" {NOT_OVER} Grade C: comparison with open questions.")
    null = said(ratio(1.01), when="in the first 3 months after", maturity="interim")
    assert null.startswith("So far, in the first 3 months after, customers whose issue went to social showed no clear")
    assert NOT_OVER not in said(ratio(1.08))
    cost = said(difference("index_issue_cost", -2.9, 1, "EUR per customer"), maturity="interim")
    assert cost.startswith("So far, customers whose issue went to social cost 2.90 EUR less for the issue itself")


def test_a_segment_is_named_after_the_group() -> None:
    text = said(ratio(1.08), segment={"region": "north", "product": "tv"})
    assert text.startswith("Customers whose issue went to social (product: tv) (region: north) had 8.0 % more orders")


def test_months_can_be_compared_with_months() -> None:
    words = {"when": "a month in the 6 months after", "against": "in the 6 months before"}
    assert ") a month in the 6 months after than in the 6 months before. This raw" in said(ratio(1.08), "D", **words)
    null = said(ratio(1.01), "D", **words)
    assert "difference in orders a month in the 6 months after from the 6 months before: 1.0 % more (" in null


def test_an_open_interval_is_said_to_be_open() -> None:
    open_ended = replace(difference("revenue", 3.0, 1, "EUR per customer"), low=-math.inf, high=math.inf)
    text = said(open_ended)
    assert "3.00 EUR more per customer (95 % interval: less without limit to more without limit)" in text
    assert "inf" not in text


def test_the_level_of_the_interval_is_the_estimates_own() -> None:
    assert "(99 % interval:" in said(replace(ratio(1.08), level=0.99))
    assert "(97.5 % interval:" in said(replace(ratio(1.08), level=0.975))


@given(st.floats(0.5, 2.0), st.sampled_from(OUTCOMES), st.sampled_from(GRADES), st.sampled_from([0.001, 0.02, 0.3]))
def test_a_claim_is_whole_sentences_of_plain_text(value: float, name: str, grade: str, se_log: float) -> None:
    text = said(ratio(value, name, se_log), grade)
    assert not re.search(r"nan|inf\b|None|_|\{|  | \.|\.\.", text)
    assert text[0].isupper()
    assert text.endswith(".")
    assert (" less " in first_sentence(text) or " fewer " in first_sentence(text)) or value >= 1


def test_a_refusal_gives_its_reason() -> None:
    assert refusal("too few.") == "No effect is claimed: too few."


SPENDING = ("orders", "revenue", "margin")
SUPPORT = ("issues", "support_cost")


@pytest.mark.parametrize(
    ("names", "kind", "raw", "adjusted", "start", "because"),
    [
        (SPENDING, "naive_before_after", 0.9, 1.08, "16.7 % lower than the adjusted one, and turns a rise into a fall,",
         "customers write to us in a bad time"),
        (SPENDING, "naive_before_after", 0.9, 1.0, "10.0 % lower than the adjusted one, and makes a fall of no clear",
         "that fall belongs to the problem or the season, not to the channel."),
        (SPENDING, "naive_before_after", 1.0, 1.1, "9.1 % lower than the adjusted one, and hides a rise, because",
         "bought less afterwards too"),
        (SPENDING, "naive_before_after", 1.2, 1.1, "9.1 % higher than the adjusted one, because",
         "that rise belongs to the recovery or the season, not to the channel."),
        (SPENDING, "naive_before_after", 1.2, 0.9, "33.3 % higher than the adjusted one, and turns a fall into a rise,",
         "buying picked up by itself"),
        (SPENDING, "naive_user_gap", 1.5, 1.1, "36.4 % higher than the adjusted one, because customers who use social",
         "buy more than others whatever the channel does; that is most of the gap."),
        (SPENDING, "naive_user_gap", 1.5, 1.35, "11.1 % higher than the adjusted one, because",
         "buy more than others whatever the channel does; that is part of the gap."),
        (SPENDING, "naive_user_gap", 1.5, 0.95, "57.9 % higher than the adjusted one, and turns a fall into a rise,",
         "; that is all of the gap."),
        (SPENDING, "naive_user_gap", 0.8, 1.1, "27.3 % lower than the adjusted one, and turns a rise into a fall,",
         "buy less than others whatever the channel does; that is all of the gap."),
        (SPENDING, "naive_user_gap", 1.1, 1.3, "15.4 % lower than the adjusted one, because",
         "buy less than others whatever the channel does."),
        (SUPPORT, "naive_before_after", 0.6, 0.95, "36.8 % lower than the adjusted one, because a month with an issue",
         "is chosen because it has one: any later month looks better, whatever the channel."),
        (SUPPORT, "naive_before_after", 1.3, 0.95, "36.8 % higher than the adjusted one, and turns a fall into a rise,",
         "issues come in runs: after one of them more follow, whatever the channel."),
        (SUPPORT, "naive_user_gap", 2.5, 0.95, "163.2 % higher than the adjusted one, and turns a fall into a rise,",
         "users are chosen for having issues; that is all of the gap."),
        (SUPPORT, "naive_user_gap", 0.7, 0.95, "26.3 % lower than the adjusted one, because customers who use social",
         "need less support than others whatever the channel does; that is most of the gap."),
    ],
)  # fmt: skip
def test_why_a_raw_figure_differs(
    names: tuple[str, ...], kind: str, raw: float, adjusted: float, start: str, because: str
) -> None:
    for name in names:
        sentence = why_naive_differs(ratio(raw, name), ratio(adjusted, name), kind)  # type: ignore[arg-type]
        assert sentence.startswith(f"The raw figure is {start}")
        assert because in sentence
        assert sentence.count(". ") == 0, "one sentence"


@pytest.mark.parametrize("kind", ["naive_before_after", "naive_user_gap"])
@pytest.mark.parametrize("raw", [1.05, 1.08, 1.12])
def test_where_the_two_agree_it_says_so(kind: str, raw: float) -> None:
    sentence = why_naive_differs(ratio(raw), ratio(1.08), kind)  # type: ignore[arg-type]
    assert "here the two agree, which the raw figure alone could not have told" in sentence


@given(st.floats(0.3, 3), st.floats(0.3, 3), st.sampled_from(["naive_before_after", "naive_user_gap"]))
def test_any_pair_of_figures_is_explained_on_the_right_side(raw: float, adjusted: float, kind: str) -> None:
    for name in (*SPENDING, *SUPPORT):
        sentence = why_naive_differs(ratio(raw, name), ratio(adjusted, name), kind)  # type: ignore[arg-type]
        if "the two agree" not in sentence:
            assert (" % lower than" in sentence) is (raw < adjusted)


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        (ratio(0.9), ratio(1.1, "revenue")),
        (ratio(0.9), difference("orders", 0.1, 0.05, "orders per customer")),
        (
            difference("orders", 0.1, 0.05, "orders per customer"),
            difference("orders", 0.1, 0.05, "orders per customer"),
        ),
        (ratio(0.0), ratio(1.1)),
    ],
)
def test_only_ratios_of_one_outcome_are_explained(raw: Estimate, adjusted: Estimate) -> None:
    with pytest.raises(ValueError, match="the same ratio, adjusted"):
        why_naive_differs(raw, adjusted, "naive_user_gap")
