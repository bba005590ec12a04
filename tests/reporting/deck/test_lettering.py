"""Widths are those of the type face, and what is said to fit does fit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from analysis.reporting.deck.lettering import LEADING, fitted, lines_of, width

TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=200)


def test_by_hand() -> None:
    """In thousandths of its size, H has 722, i 222 and the space 278: 20 points of "Hi i" are 28.88."""
    assert width("Hi i", 20) == pytest.approx((722 + 222 + 278 + 222) * 20 / 1000)


def test_the_euro_and_digits_are_as_wide_as_each_other() -> None:
    assert width("€", 14) == width("5", 14) == pytest.approx(14 * 0.556)


@pytest.mark.parametrize("bold", [False, True])
def test_a_second_road_the_type_face_itself(bold: bool) -> None:
    """Liberation Sans, where it is there, has the same widths to the hundredth."""
    name = f"Liberation Sans:style={'Bold' if bold else 'Regular'}"
    program = shutil.which("fc-match")
    found = "" if program is None else subprocess.run(
        [program, "-f", "%{file}", name], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    if "LiberationSans" not in Path(found).name:
        pytest.skip("Liberation Sans was not found; it has the widths that slides are measured by")
    face = ImageFont.truetype(found, 1000, layout_engine=ImageFont.Layout.BASIC)
    for text in ("Margin gained per contact, over 6 months", "€29,700 (−€1,590 to €61,300)", "ÄÖÜ “x” …", "WÄLTI–19 %"):
        alone = sum(face.getlength(letter) for letter in text) / 1000 * 14
        assert width(text, 14, bold=bold) == pytest.approx(alone, rel=0.01)


@given(TEXTS, st.floats(20, 300))
def test_no_line_is_wider_than_its_place_and_no_letter_is_lost(text: str, room: float) -> None:
    lines = lines_of(text, 14, room)
    assert all(width(line, 14) <= room or len(line) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(TEXTS, st.floats(30, 300), st.floats(17, 100))
def test_what_is_fitted_fits_its_place(text: str, room: float, height: float) -> None:
    made = fitted(text, room, height, (20, 16, 14))
    assert made.height <= height + 1e-6
    assert made.size in (20, 16, 14)
    assert len(lines_of(made.text, made.size, room)) <= made.lines
    if not made.cut:
        assert made.text == text
    assert made.lines * made.size * LEADING == pytest.approx(made.height)


def test_the_largest_size_that_fits_is_taken_and_a_cut_is_marked() -> None:
    assert fitted("short", 300, 30, (20, 14)).size == 20
    assert fitted("a somewhat longer text", 160, 20, (20, 14)).size == 14
    cut = fitted("word " * 50, 160, 20, (20, 14))
    assert (cut.cut, cut.text[-1], cut.lines) == (True, "…", 1)
    assert fitted("x" * 500, 160, 36, (14,)).text.count("…") == 1
