"""How amounts, ranges, sources and sentences of the case read, by hand."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.reporting.case_words import (
    case_of,
    ends_of,
    in_its_unit,
    named_apart,
    near,
    range_in_words,
    restated,
    source_in_words,
)
from analysis.reporting.naming import forbidden_words
from analysis.reporting.wording import words
from tests.reporting.planted_case import case, results

SAY = words()


def read(text: str) -> str:
    return text.replace("\xa0", " ")


def test_the_case_is_found_in_a_result_in_the_file_and_by_itself() -> None:
    parts = case().to_parts()
    assert case_of(case()) == case_of(parts) == case_of(parts["roi"]) == parts["roi"]


@pytest.mark.parametrize("none", [{}, {"roi": None}, {"effects": []}])
def test_results_without_a_case_say_so(none) -> None:
    with pytest.raises(DesignError, match="There is no case in money"):
        case_of(none)


def test_a_case_of_an_older_version_is_told_from_none() -> None:
    with pytest.raises(DesignError, match="older version"):
        case_of({"npv": {"p5": 1}, "benefits": []})


@pytest.mark.parametrize(
    ("value", "unit", "said", "short"),
    [
        (4.909, "EUR per contact", "€4.91 per contact", "€4.91"),
        (0.2, "share", "20.0 %", "20.0 %"),
        (4110.0, "contacts per year", "4,110 contacts per year", "4,110"),
        (-0.0578, "issues per contact", "−0.0578 issues per contact", "−0.0578"),
    ],
)
def test_an_input_is_said_in_its_unit(value, unit, said, short) -> None:
    assert read(in_its_unit(SAY, value, unit)) == said
    assert read(in_its_unit(SAY, value, unit, short=True)) == short


def test_ends_are_those_stated_or_ninety_percent_of_an_estimate_cut_at_its_limits() -> None:
    """10 less and more 1.645 × 2 are 6.71 and 13.29; a share does not go past 1."""
    normal = {"spread": {"shape": "normal", "mean": 10.0, "sd": 2.0}, "low_limit": None, "high_limit": None}
    assert ends_of(normal) == pytest.approx((6.7103, 13.2897), abs=1e-4)
    assert ends_of(normal | {"low_limit": 8.0, "high_limit": 12.0}) == (8.0, 12.0)
    assert ends_of({"spread": {"shape": "pert", "low": 1.0, "mode": 2.0, "high": 5.0}}) == (1.0, 5.0)
    assert ends_of({"spread": {"shape": "fixed", "value": 3.0}}) is None
    assert read(range_in_words(SAY, 0.2, 0.7, "share")) == "20.0 % to 70.0 %"


def test_ends_are_those_that_the_case_itself_draws() -> None:
    moved = {row["name"]: row for row in case().to_parts()["roi"]["tornado"]}
    quantity = next(one for one in results()["roi"]["inputs"] if one["name"] == "repurchase_margin_per_contact")
    low, high = ends_of(quantity)
    assert (low, high) == pytest.approx((moved[quantity["name"]]["low"], moved[quantity["name"]]["high"]))


def test_sentences_of_the_case_are_written_as_the_locale_writes() -> None:
    text = "A net loss of about EUR 1,590 (12.5 % of EUR 2,345,678) in the ledger."
    assert read(restated(SAY, text)) == "A net loss of about €1,590 (12.5 % of €2.35 million) in the books."
    assert read(restated(words("de_DE"), "about EUR 1,590 at 2.5 %")) == "about 1.590 € at 2,5 %"


def test_hundreds_have_no_idle_cents() -> None:
    assert read(restated(SAY, "a gain of about EUR 224")) == "a gain of about €224"


def test_sources_lose_the_marks_of_code_and_forbidden_words() -> None:
    said = source_in_words(
        SAY, "study service_effect/service_effect/margin/difference; table unit_costs: `ledger` 2025-03-31"
    )
    assert said == "study “answered in time”, margin; table unit costs: books 31 March 2025"
    assert not forbidden_words(source_in_words(SAY, "General Ledger and P50 of the placebo"))


def test_amounts_for_charts_have_three_digits_and_no_idle_cents() -> None:
    said = [read(near(SAY, amount, "EUR")) for amount in (0.0, 99.4, 482.2, 999.6, 61_292.2, -1_234_567.0)]
    assert said == ["€0", "€99.40", "€482", "€1,000", "€61,300", "−€1.23 million"]


def test_lines_of_one_name_are_told_apart_by_what_follows() -> None:
    assert named_apart(["A", "A, later", "A: share", "Ab"]) == [("A", ""), ("A", "later"), ("A", "share"), ("Ab", "")]
