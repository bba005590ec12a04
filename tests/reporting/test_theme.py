"""Colours can be told apart by everybody, can be read, and mean one thing.

Which colours meet on a chart, and that they are told apart there, is tested with every chart (`test_every_chart`).
"""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest

from analysis.reporting.shell import TEMPLATES
from analysis.reporting.theme import APART, COLOURS, COST_INK, INK, PAPER, SOFT, drawing, type_of
from tests.reporting.drawn_colours import SIGHT, apart, ciede2000, contrast, lab, lightness, linear


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_distance_is_that_of_the_published_pairs(one, other, distance):
    """Sharma, Wu and Dalal (2005), table 1, pairs 1, 17, 16, 25 and 34."""
    assert ciede2000(np.array(one), np.array(other)) == pytest.approx(distance, abs=5e-5)
    assert ciede2000(np.array(other), np.array(one)) == pytest.approx(distance, abs=5e-5)


def test_contrast_is_that_of_the_web():
    assert contrast("#000000") == pytest.approx(21, abs=1e-3)
    assert contrast("#767676") == pytest.approx(4.54, abs=5e-3)


@pytest.mark.parametrize("sight", SIGHT)
def test_every_two_colours_can_be_told_apart(sight):
    """None is another's twin to anybody: those that meet on a chart must lie farther apart (`test_every_chart`)."""
    for one, other in combinations(dict.fromkeys(COLOURS.values()), 2):
        seen = [lab(SIGHT[sight] @ linear(colour)) for colour in (one, other)]
        assert ciede2000(*seen) > 7.5, f"{one} and {other} look alike with {sight}"


def test_what_was_expected_has_the_colour_of_the_comparison_and_no_other_two_share_one():
    assert COLOURS["expected"] == COLOURS["comparison"]
    assert len(set(COLOURS.values())) == len(COLOURS) - 1


@pytest.mark.parametrize(
    ("one", "other"), [("contacted", "comparison"), ("before", "after"), ("contacted", "naive"), ("benefit", "cost")]
)
def test_pairs_that_meet_on_a_chart_differ_for_everybody_and_in_grey_print(one, other):
    assert abs(lightness(COLOURS[one]) - lightness(COLOURS[other])) > 12
    assert apart(COLOURS[one], COLOURS[other])[0] > 14


def test_lines_without_a_meaning_differ_in_colour_stroke_and_mark():
    colours, strokes, points = zip(*APART, strict=True)
    assert len(set(strokes)) == len(set(points)) == len(APART)
    for one, other in combinations(colours, 2):
        assert apart(one, other)[0] > 14
    for colour in colours[1:]:
        assert all(ciede2000(lab(linear(colour)), lab(linear(known))) > 9 for known in COLOURS.values())
        assert contrast(colour) >= 4.5


def test_marks_and_type_stand_out_from_paper():
    for meaning, colour in COLOURS.items():
        assert contrast(colour) >= 3 or meaning == "cost"  # hatched, and outlined in an ink of its own
        assert contrast(type_of(colour)) >= 4.5
        assert ciede2000(lab(linear(colour)), lab(linear(type_of(colour)))) < 30, "the name of a line is of its hue"
    for ink in (INK, SOFT, COST_INK):
        assert contrast(ink) >= 4.5
    assert type_of(PAPER) == PAPER


def test_the_page_uses_the_same_inks():
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    for colour in (INK, SOFT, COLOURS["contacted"]):
        assert colour in style


def test_settings_hold_inside_only():
    before = dict(mpl.rcParams)
    with drawing():
        assert mpl.rcParams["text.parse_math"] is False
    assert dict(mpl.rcParams) == before
