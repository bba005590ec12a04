"""One formula, two engines: numpy and the workbook must come to the same amount, whatever the formula."""

from __future__ import annotations

import dataclasses
import math
import re
import shutil
import subprocess
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import DesignError, UnknownName
from analysis.roi.formula import Formula, Input, Number, larger, smaller, total

NAMES = ("gain_per_contact", "contacts_per_year", "cost_per_issue", "share_of_time")
NEGATED = -Input("aa_x")
CELLS = {name: f"in_{name}" for name in NAMES}


def trees(divide: bool = True) -> st.SearchStrategy[Formula]:
    numbers = st.floats(-1e6, 1e6).filter(lambda one: one == 0 or abs(one) > 1e-6).map(Number)
    leaves = st.one_of(st.sampled_from(NAMES).map(Input), numbers)

    def grown(smaller_ones: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
        pairs = st.tuples(smaller_ones, smaller_ones)
        branches = [
            pairs.map(lambda two: two[0] + two[1]),
            pairs.map(lambda two: two[0] - two[1]),
            pairs.map(lambda two: two[0] * two[1]),
            pairs.map(lambda two: larger(*two)),
            pairs.map(lambda two: smaller(*two)),
            smaller_ones.map(lambda one: -one),
        ]
        return st.one_of(*branches, *([pairs.map(lambda two: two[0] / two[1])] if divide else []))

    return st.recursive(leaves, grown, max_leaves=12)


POINTS = st.fixed_dictionaries({name: st.floats(-1e3, 1e3).filter(lambda one: abs(one) > 1e-3) for name in NAMES})

TOKEN = re.compile(r"\d+(?:\.\d+)?(?:E[+-]?\d+)?|[A-Za-z_][A-Za-z_0-9]*|[-+*/(),]")


class Sheet:
    """A spreadsheet small enough to be read: minus binds tightest, then * and /, then + and -, from left to right."""

    def __init__(self, text: str, cells: Mapping[str, float]) -> None:
        self.tokens, self.cells = TOKEN.findall(text), cells
        assert "".join(self.tokens) == text

    def worked_out(self) -> float:
        found = self.sum()
        assert not self.tokens
        return found

    def sum(self) -> float:
        value = self.product()
        while self.tokens and self.tokens[0] in "+-":
            value = value + self.product() if self.tokens.pop(0) == "+" else value - self.product()
        return value

    def product(self) -> float:
        value = self.signed()
        while self.tokens and self.tokens[0] in "*/":
            value = value * self.signed() if self.tokens.pop(0) == "*" else value / self.signed()
        return value

    def signed(self) -> float:
        token = self.tokens.pop(0)
        if token == "-":
            return -self.signed()
        if token == "(":
            value = self.sum()
            assert self.tokens.pop(0) == ")"
            return value
        if token in ("MAX", "MIN"):
            assert self.tokens.pop(0) == "("
            first = self.sum()
            assert self.tokens.pop(0) == ","
            second = self.sum()
            assert self.tokens.pop(0) == ")"
            return max(first, second) if token == "MAX" else min(first, second)
        return self.cells[token] if token in self.cells else float(token)


def test_by_hand() -> None:
    """1,200 contacts above the 1,000 of today: 200 × (12 − 2) / 4 = 500, less the 60 of the start."""
    above = larger(Input("forecast") - Input("today"), 0)
    line = above * (Input("gain") - 2) / 4 - total([Input("start"), 10])
    at = {"forecast": 1200.0, "today": 1000.0, "gain": 12.0, "start": 50.0}
    assert line.value(at) == 440.0
    assert line.inputs == {"forecast", "today", "gain", "start"}
    assert line.excel({name: name for name in at}) == "MAX(forecast-today,0)*(gain-2)/4-(start+10)"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (Input("aa_x") - (Input("bb_x") - Input("cc_x")), "aa_x-(bb_x-cc_x)"),
        (Input("aa_x") - Input("bb_x") - Input("cc_x"), "aa_x-bb_x-cc_x"),
        (Input("aa_x") / (Input("bb_x") * Input("cc_x")), "aa_x/(bb_x*cc_x)"),
        (-(Input("aa_x") + 1) * 2, "-(aa_x+1)*2"),
        (Input("aa_x") - (-Input("bb_x")), "aa_x-(-bb_x)"),
        (Input("aa_x") * -3, "aa_x*(-3)"),
        (1 - Input("aa_x"), "1-aa_x"),
        (2 / Input("aa_x"), "2/aa_x"),
        (-NEGATED, "-(-aa_x)"),
        (Number(1e-7) + 1e22, "1E-07+1E+22"),
        (Number(0.1) * 12, "0.1*12"),
    ],
)
def test_brackets(written: Formula, text: str) -> None:
    assert written.excel({name: name for name in written.inputs}) == text


@settings(max_examples=300, deadline=None)
@given(trees(), POINTS)
def test_both_engines_agree(tree: Formula, at: dict[str, float]) -> None:
    text = tree.excel(CELLS)
    try:
        ours = tree.value(at)
    except DesignError:
        return
    assert Sheet(text, {CELLS[name]: value for name, value in at.items()}).worked_out() == ours


@settings(max_examples=100, deadline=None)
@given(trees(divide=False), st.lists(POINTS, min_size=1, max_size=5))
def test_many_draws_are_the_same_as_one_after_the_other(tree: Formula, points: list[dict[str, float]]) -> None:
    arrays = {name: np.array([point[name] for point in points]) for name in NAMES}
    before = {name: array.copy() for name, array in arrays.items()}
    found = np.broadcast_to(tree.value(arrays), len(points))
    assert found.tolist() == [tree.value(point) for point in points]
    assert all((arrays[name] == before[name]).all() for name in NAMES)


def test_libreoffice_agrees(tmp_path) -> None:
    """Sixty trees on one sheet, worked out by a real spreadsheet, which keeps 15 digits of a number in a formula."""
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc")
    import openpyxl
    from openpyxl.workbook.defined_name import DefinedName

    at = dict(zip(NAMES, (12.5, 1234.0, 3.75, 0.6), strict=True))
    trees_asked = _some_trees(60)
    book = openpyxl.Workbook()
    for row, (name, value) in enumerate(at.items(), start=1):
        book.active.cell(row, 1, value)
        book.defined_names[CELLS[name]] = DefinedName(CELLS[name], attr_text=f"Sheet!$A${row}")
    for row, tree in enumerate(trees_asked, start=1):
        book.active.cell(row, 2, f"={tree.excel(CELLS)}")
    (tmp_path / "done").mkdir()
    book.save(tmp_path / "trees.xlsx")
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    command = ["soffice", "--headless", profile, "--convert-to", "xlsx", "--outdir", str(tmp_path / "done")]
    subprocess.run([*command, str(tmp_path / "trees.xlsx")], check=True, capture_output=True, timeout=60)
    sheet = openpyxl.load_workbook(tmp_path / "done" / "trees.xlsx", data_only=True).active
    theirs = [sheet.cell(row, 2).value for row in range(1, 61)]
    assert theirs == pytest.approx([tree.value(at) for tree in trees_asked], rel=1e-12, abs=1e-9)


def _some_trees(count: int) -> list[Formula]:
    """Random trees with a seed, that can be worked out anywhere."""
    rng = np.random.default_rng(8)

    def grown(depth: int) -> Formula:
        if depth == 0:
            return Input(NAMES[rng.integers(4)]) if rng.random() < 0.7 else Number(round(float(rng.normal(0, 9)), 3))
        a, b = grown(depth - 1), grown(depth - int(rng.integers(1, depth + 1)))
        made = (a + b, a - b, a * b, larger(a, b), smaller(a, b), -a, a / larger(b, 1))
        return made[rng.integers(len(made))]

    return [grown(1 + place % 5) for place in range(count)]


def test_formulas_are_frozen_and_compare_by_what_they_say() -> None:
    written = Input("gain") * 2
    assert written == Input("gain") * 2.0
    assert written != Input("gain") * 3
    assert len({written, Input("gain") * 2}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        Input("gain").name = "loss"  # type: ignore[misc]


def test_an_input_without_a_value_is_named_with_its_neighbour() -> None:
    with pytest.raises(UnknownName, match=r"`gian`\. Did you mean `gain`"):
        (Input("gian") * 2).value({"gain": 1.0})
    with pytest.raises(UnknownName, match=r"`gian`\. Did you mean `gain`"):
        Input("gian").excel({"gain": "gain"})


@pytest.mark.parametrize("divisor", [0.0, np.array([1.0, 0.0])])
def test_division_by_zero_is_refused_by_name(divisor) -> None:
    with pytest.raises(DesignError, match="divides by zero: by `months`"):
        (Input("gain") / Input("months")).value({"gain": 1.0, "months": divisor})


@pytest.mark.parametrize(
    "name", ["", "Gain", "gain-x", "1gain", "a1", "xfd1048576", "r1c1", "r", "c", "true", "_x", "=a"]
)
def test_names_that_a_workbook_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name an input"):
        Input(name)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_are_numbers(number: float) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        Number(number)
