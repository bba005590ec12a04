"""Hypotheses of a parameters file: typed, refused by line, and in the form in which they are tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.foundation.errors import ParamsError
from analysis.runner.hypotheses import hypotheses_of, untested
from analysis.runner.params import load_params
from analysis.runner.params_model import Params
from analysis.studies.planning.declaration import Declaration

FULL = """
study: loyalty
hypotheses:
  - name: more orders
    statement: Social care makes customers buy more.
    design: before_after
    outcome: orders
    direction: higher
    smallest_effect: 0.02
  - name: letters work
    statement: The men's letter brings visits.
    design: ab_randomised
    outcome: visit
    treated: Mens E-Mail
    comparison: No E-Mail
    segment: {region: north}
    direction: different
    smallest_effect: 0.01
    declared: false
  - name: a thought
    statement: Somebody should look at this.
"""


def values(tmp_path: Path, text: str = FULL) -> Params:
    (tmp_path / "loyalty.yaml").write_text(text)
    return load_params(tmp_path / "loyalty.yaml").values


def sealed(**changed: object) -> Declaration:
    """What a design sheet writes of the second hypothesis, and `changed` of it."""
    written = {
        "name": "letters work", "statement": "The men's letter brings visits.", "design": "ab_randomised",
        "outcome": "visit", "treated": "Mens E-Mail", "comparison": "No E-Mail", "segment": {"region": "north"},
        "direction": "different", "smallest_effect": 0.01, "declared": True,
    }  # fmt: skip
    return Declaration(
        name="mail", outcomes=("visit",), primary="visit", segments=("region",), hypotheses=(written | changed,),
        treated=("Mens E-Mail",), control="No E-Mail",
    )  # fmt: skip


def test_they_come_in_the_form_in_which_they_are_tested(tmp_path: Path) -> None:
    first, second = hypotheses_of(values(tmp_path))
    assert (first.design, first.outcome, first.scale, first.direction) == ("before_after", "orders", "ratio", "higher")
    assert (first.smallest_effect, first.declared, dict(first.segment)) == (0.02, True, {})
    assert (second.scale, second.treated, second.comparison) == ("difference", "Mens E-Mail", "No E-Mail")
    assert (dict(second.segment), second.declared) == ({"region": "north"}, False)


def test_those_that_name_nothing_to_test_are_told(tmp_path: Path) -> None:
    assert untested(values(tmp_path)) == (
        "Hypothesis `a thought` names no design and no outcome, so it is kept and not tested.",
    )


def test_a_sealed_declaration_stands_above_the_parameters(tmp_path: Path) -> None:
    """It was written for a randomised test: of other designs it says nothing, and the author's word stands."""
    given = values(tmp_path, FULL.replace("declared: false", "declared: true"))
    assert [one.declared for one in hypotheses_of(given)] == [True, True]
    assert [one.declared for one in hypotheses_of(given, sealed())] == [True, True]
    assert [one.declared for one in hypotheses_of(values(tmp_path), sealed())] == [True, False]
    nothing = Declaration(name="mail", outcomes=("visit",), primary="visit", segments=("region",))
    assert [one.declared for one in hypotheses_of(given, nothing)] == [True, False]


@pytest.mark.parametrize(
    "changed",
    [
        {"outcome": "spend"},
        {"treated": "Womens E-Mail"},
        {"comparison": None},
        {"segment": {}},
        {"segment": {"region": "south"}},
        {"direction": "higher"},
        {"smallest_effect": 0.5},
        {"smallest_effect": None},
        {"scale": "ratio"},
        {"estimand": "complier_effect"},
    ],
)
def test_a_hypothesis_that_was_turned_after_the_data_came_was_not_declared(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    """Another direction, a larger smallest effect, another arm: each would be a way to be right for nothing."""
    given = values(tmp_path, FULL.replace("declared: false", "declared: true"))
    assert [one.declared for one in hypotheses_of(given, sealed(**changed))] == [True, False]


def test_what_a_design_sheet_seals_comes_back_as_declared(tmp_path: Path) -> None:
    """Through the file and twelve digits; names and statements may be put better without another test."""
    text = FULL.replace("declared: false", "declared: true").replace("smallest_effect: 0.01", "smallest_effect: 0.3")
    given = values(tmp_path, text)
    written = [one.model_dump(mode="json", exclude_none=True) for one in given.hypotheses]
    declaration = Declaration(
        name="mail", outcomes=("visit",), primary="visit", segments=("region",), hypotheses=tuple(written),
    )  # fmt: skip
    noted = declaration.write(tmp_path / "sealed.json")
    read = Declaration.read(tmp_path / "sealed.json", expected=noted)
    better = values(tmp_path, text.replace("letters work", "letters work well"))
    assert [one.declared for one in hypotheses_of(better, read)] == [True, True]


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="holds `more orders` more than once"):
        values(tmp_path, FULL.replace("letters work", "more orders"))


@pytest.mark.parametrize(
    ("found", "written", "said"),
    [
        ("smallest_effect: 0.02", "smallest_effect: 0", "smallest_effect"),
        ("direction: higher", "direction: up", "direction"),
        ("design: before_after", "design: hypotheses", "design"),
        ("outcome: orders", "outcom: orders", "outcome"),
        ("outcome: orders", "outcome: orders\n    estimand: naive_before_after", "says nothing about cause"),
    ],
)
def test_faults_are_named_with_their_key(tmp_path: Path, found: str, written: str, said: str) -> None:
    with pytest.raises(ParamsError, match=said):
        values(tmp_path, FULL.replace(found, written))


def test_the_example_of_the_page_is_one_that_runs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "hypotheses.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    found = hypotheses_of(values(tmp_path, f"study: a\n{example}"))
    assert [(one.scale, one.direction, one.smallest_effect) for one in found] == [
        ("ratio", "higher", 0.02), ("difference", "higher", 0.01)
    ]  # fmt: skip


def test_without_any_there_are_none(tmp_path: Path) -> None:
    assert hypotheses_of(values(tmp_path, "study: a\n")) == ()
