"""What a finding says: direction, size, interval, and no more than that."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import UnknownName
from analysis.reporting.naming import check_in_words, forbidden_words, grade_in_words, in_plain_words
from analysis.reporting.vocabulary import FORBIDDEN_ON_PAGES, OUTCOMES
from analysis.reporting.wording import Words, evidence_in_words, words

SAY = Words("en_GB")


def row(value, low, high, **more):
    given = {
        "estimand": "channel_effect", "treated": "social", "comparison": "other_channels", "outcome": "orders",
        "segment": {}, "scale": "ratio", "unit": "ratio", "level": 0.95, "grade": "B",
    }  # fmt: skip
    return {**given, "value": value, "low": low, "high": high, **more}


def said(*numbers, **more):
    return SAY.finding(row(*numbers, **more)).replace("\xa0", " ")


def test_a_gain_a_harm_and_nothing_are_said_alike():
    end = "than similar customers whose issue went to another channel."
    assert said(1.08, 1.04, 1.12) == (
        f"Customers whose issue went to social bought 8 % more often (95 % interval: 4 % to 12 % more) {end}"
    )
    assert said(0.92, 0.88, 0.96) == (
        f"Customers whose issue went to social bought 8 % less often (95 % interval: 4 % to 12 % fewer) {end}"
    )
    assert said(1.01, 0.97, 1.05) == (
        "No difference in how often they bought could be seen (95 % interval: 3 % fewer to 5 % more) between customers "
        "whose issue went to social and similar customers whose issue went to another channel."
    )


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
@pytest.mark.parametrize(("scale", "unit"), [("ratio", "ratio"), ("difference", "EUR per customer")])
def test_every_outcome_can_be_said_in_both_directions(outcome, scale, unit):
    middle = 1.0 if scale == "ratio" else 0.0
    up = said(middle + 0.08, middle + 0.04, middle + 0.12, outcome=outcome, scale=scale, unit=unit)
    down = said(middle - 0.08, middle - 0.12, middle - 0.04, outcome=outcome, scale=scale, unit=unit)
    assert up != down
    for text in (up, down):
        assert "{" not in text
        assert "95 % interval" in text
        assert not forbidden_words(text)


def test_differences_are_said_in_their_own_unit():
    arm = {"estimand": "experiment_effect", "treated": "Mens E-Mail", "comparison": "No E-Mail", "scale": "difference"}
    assert said(0.77, 0.485, 1.054, outcome="spend", unit="USD per customer", **arm) == (
        "Customers assigned to Mens E-Mail spent US$0.77 more per customer (95 % interval: US$0.48 to US$1.05 more) "
        "than customers assigned to No E-Mail."
    )
    assert said(0.0766, 0.07, 0.0832, outcome="visit", unit="visit per customer", **arm) == (
        "Customers assigned to Mens E-Mail were 0.077 higher on “visit” per customer (95 % interval: 0.070 to 0.083 "
        "higher) than customers assigned to No E-Mail."
    )
    assert said(0.021, 0.009, 0.033, outcome="repurchased", unit="share per customer", **arm).startswith(
        "Customers assigned to Mens E-Mail were 2.1 percentage points more likely to buy again"
    )


def test_open_ends_are_said():
    assert "from 2 % more, no upper limit" in said(1.04, 1.02, None)
    assert "up to 8 % more, no lower limit" in said(1.04, None, 1.08)
    assert "no limit on either side" in said(1.04, None, None)


def test_an_end_is_never_rounded_onto_no_effect():
    assert "0.04 % to 8 % more" in said(1.04, 1.0004, 1.08)


def test_a_raw_figure_says_that_it_is_one():
    for estimand in ("naive_before_after", "naive_user_gap"):
        assert said(1.6, 1.5, 1.7, estimand=estimand).endswith("This is a raw difference, not an effect.")


def test_a_refused_effect_is_said_with_its_reason_and_its_segment():
    text = said(None, None, None, segment={"region": "north"}, reason="The pre-trend could not be tested.", grade="D")
    assert text == (
        "No effect on how often they bought is claimed for region north: The earlier path could not be tested."
    )


def test_names_from_data_are_text(made):
    text = said(1.1, 1.05, 1.15, outcome="{0} <b>{x}", treated=made.HOSTILE, segment={"a_b": made.LONG})
    assert "“{0} <b>{x}”" in text
    assert len(text) < 700


def test_every_forbidden_word_is_found_and_replaced():
    for word in FORBIDDEN_ON_PAGES:
        sentence = f"The {word} says so."
        assert forbidden_words(sentence) == (word,)
        assert not forbidden_words(in_plain_words(sentence))
    assert forbidden_words("pre_trend, Pre-trends, LEDGER, Estimands") == ("estimand", "pre-trend", "ledger")
    assert forbidden_words("attention, moments later, did, a tei-shaped p5 thing, SATTVA, P500") == ()


def test_grades_are_words():
    assert [grade_in_words(grade) for grade in "ABCDE"] == [
        "randomised test", "comparison that passed its checks", "comparison with open questions", "raw difference",
        "assumption",
    ]  # fmt: skip
    with pytest.raises(UnknownName):
        grade_in_words("F")
    assert evidence_in_words({"grade": "C", "value": 1.1}).startswith("Grade C, comparison with open questions.")
    for verdict, start in (("failed", "A check of this comparison failed, so"), ("not_run", "Some checks of this")):
        checks = [{"verdict": "passed"}, {"verdict": "not_run"}, {"verdict": verdict}]
        assert f" {start}" in evidence_in_words({"grade": "C", "value": 1.1, "checks": checks})
    assert evidence_in_words(None) == evidence_in_words({"grade": "D", "value": None}) == "No effect is claimed."


def test_checks_are_said_without_forbidden_words():
    assert in_plain_words("Drift before the index issue was not tested.") == "Drift before the issue was not tested."
    for name in ("pre_trend", "placebo_date", "future_social", "some_new_estimand_check"):
        assert not forbidden_words(check_in_words(name))


def test_words_of_a_locale_are_made_once():
    assert words("de_DE") is words("de_DE")
    assert words("de_DE").effect_signed(row(1.085, 1.075, 1.095)) == "+8,5\xa0%"


CLAIM = (
    "Customers showed no clear difference in orders: 1.0 % more (95 % interval: 3 % fewer to 5 % more). {} Grade {}: x."
)


@pytest.mark.parametrize(
    ("grade", "limit", "said_"),
    [
        ("B", "The comparison passed its checks; an effect may have gone unseen.", None),
        ("A", "Customers were assigned at random; an effect may have gone unseen.", None),
        ("C", "The comparison leaves questions open, so other causes may hide an effect.",
         "Part of what would have to be known cannot be known from these data, so other causes may hide an effect."),
    ],
)  # fmt: skip
def test_a_null_takes_its_limit_from_its_own_claim(grade, limit, said_):
    found = row(1.01, 0.97, 1.05, grade=grade, claim=CLAIM.format(limit, grade))
    found["checks"] = [{"name": "scale_of_shares", "verdict": "not_run", "gate": True}]
    assert evidence_in_words(found).endswith(f". {said_ or limit}")


@pytest.mark.parametrize("grade", ["A", "B", "C"])
def test_a_null_without_a_claim_is_not_worded_as_a_finding(grade):
    text = evidence_in_words(row(1.01, 0.97, 1.05, grade=grade, claim=None))
    assert "It holds" not in text
    assert "the difference may have" not in text
    assert "unseen" in text or "may hide" in text


def test_a_grade_b_says_what_an_unrecorded_cause_would_have_to_do():
    clause = "the difference is an effect unless an unrecorded cause made them buy 4.1 % more than before."
    claim = f"Customers had 8.0 % more orders (95 % interval). The comparison passed its checks; {clause} Grade B: x."
    assert evidence_in_words(row(1.08, 1.04, 1.12, grade="B", claim=claim)).replace("\xa0", " ").endswith(clause)
    interim = claim.replace(" Grade B", " The window is not over, so this may still change. Grade B")
    assert evidence_in_words(row(1.08, 1.04, 1.12, grade="B", claim=interim)).replace("\xa0", " ").endswith(clause)
    german = evidence_in_words(row(1.08, 1.04, 1.12, grade="B", claim=claim), Words("de_DE"))
    assert "made them buy 4,1\xa0% more" in german


def test_one_percentage_point_is_one():
    found = row(0.03, 0.01, 0.05, scale="difference", unit="share", outcome="repurchased")
    assert "1 to 5 percentage points" in Words().effect_range(found).replace("\xa0", " ")
    assert Words().effect_size(found, 0.01) == "1 percentage point"
