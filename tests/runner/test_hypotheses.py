"""Hypotheses of a parameters file: typed, refused by line, and in the form in which they are tested."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from analysis.foundation.errors import DesignError, ParamsError
from analysis.runner.hypotheses import hypotheses_of, untested
from analysis.runner.params import load_params
from analysis.runner.params_model import Params

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


class Sealed:
    def covers(self, outcome: str, segment: Mapping[str, str]) -> bool:
        return outcome == "visit" and not segment


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
    text = FULL.replace("declared: false", "declared: true")
    assert [one.declared for one in hypotheses_of(values(tmp_path, text))] == [True, True]
    assert [one.declared for one in hypotheses_of(values(tmp_path, text), Sealed())] == [False, False]
    everybody = text.replace("    segment: {region: north}\n", "")
    assert [one.declared for one in hypotheses_of(values(tmp_path, everybody), Sealed())] == [False, True]


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DesignError, match="more orders"):
        hypotheses_of(values(tmp_path, FULL.replace("letters work", "more orders")))


@pytest.mark.parametrize(
    ("found", "written", "said"),
    [
        ("smallest_effect: 0.02", "smallest_effect: 0", "smallest_effect"),
        ("direction: higher", "direction: up", "direction"),
        ("design: before_after", "design: hypotheses", "design"),
        ("outcome: orders", "outcom: orders", "outcome"),
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
