"""What may stand in a cell: text that stays text, names that stand for one thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.foundation.errors import DesignError
from analysis.reporting.formulas import opens_a_formula
from analysis.reporting.workbook.cells import (
    LONGEST_FORMULA,
    LONGEST_TEXT,
    checked_formula,
    own_names,
    safe_text,
)


@given(st.text())
def test_a_safe_text_is_one_that_xml_can_hold_and_excel_takes(text):
    safe = safe_text(text)
    assert len(safe.encode("utf-16-le")) // 2 <= LONGEST_TEXT
    assert not any(ord(char) < 32 and char != "\n" and not char.isspace() for char in safe)
    assert safe_text(safe) == safe


@pytest.mark.parametrize("letter", ["x", "é", "\N{GRINNING FACE}"])
def test_a_long_text_is_cut_by_what_excel_counts(letter):
    """Excel counts a letter outside the first plane as two; half of one would not be a letter."""
    safe = safe_text(letter * 40_000)
    assert len(safe.encode("utf-16-le")) // 2 in (LONGEST_TEXT - 1, LONGEST_TEXT)
    assert safe.endswith("…")
    assert set(safe[:-1]) == {letter}


def test_control_and_direction_marks_are_taken_out():
    assert safe_text("a\x00b\x07c\u202ed\u200be\ud800f") == "abcdef"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0"])
def test_what_a_spreadsheet_would_take_for_a_formula_is_known(text):
    assert opens_a_formula(text)


@pytest.mark.parametrize("text", ["", "agents", "a = b", "'=1", "3 % more"])
def test_other_texts_are_not(text):
    assert not opens_a_formula(text)


def test_a_name_that_the_workbook_needs_is_refused_however_it_is_written():
    with pytest.raises(DesignError, match=r"needs the names `Case_NPV`, `discount_rate` for cells of its own"):
        own_names(["discount_rate", "wage", "Case_NPV"], taken=["discount_rate", "case_npv"])
    own_names(["wage"], taken=["discount_rate"])


def test_a_formula_too_long_for_a_cell_names_its_place():
    whole = "a+" * 4_000 + "a"
    assert checked_formula(whole, "Sheet Case, row 9") == whole
    with pytest.raises(DesignError, match=r"Sheet Case, row 9: its formula has 8,192 letters, .* takes 8,191"):
        checked_formula("a" * LONGEST_FORMULA, "Sheet Case, row 9")
