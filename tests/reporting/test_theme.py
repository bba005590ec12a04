"""Colours can be told apart by everybody, and mean one thing."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest

from analysis.reporting.shell import TEMPLATES
from analysis.reporting.theme import COLOURS, COST_INK, INK, SOFT, drawing

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
SIGHT = {
    "all colours": np.eye(3),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no blue": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)


def linear(colour):
    parts = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(colour):
    return 1.05 / (float(TO_XYZ[1] @ linear(colour)) + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
def test_every_two_colours_can_be_told_apart(sight):
    for one, other in combinations(COLOURS, 2):
        apart = np.linalg.norm(lab(SIGHT[sight] @ linear(COLOURS[one])) - lab(SIGHT[sight] @ linear(COLOURS[other])))
        assert apart > 14, f"{one} and {other} look alike ({apart:.0f}) with {sight}"


@pytest.mark.parametrize(
    ("one", "other"), [("contacted", "comparison"), ("before", "after"), ("contacted", "naive"), ("benefit", "cost")]
)
def test_pairs_that_meet_on_a_chart_differ_in_grey_print(one, other):
    assert abs(lab(linear(COLOURS[one]))[0] - lab(linear(COLOURS[other]))[0]) > 12


def test_marks_and_type_stand_out_from_paper():
    for meaning, colour in COLOURS.items():
        assert contrast(colour) >= 3 or meaning == "cost"  # hatched, and outlined in an ink of its own
    for ink in (INK, SOFT, COST_INK):
        assert contrast(ink) >= 4.5


def test_the_page_uses_the_same_inks():
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    for colour in (INK, SOFT, COLOURS["contacted"]):
        assert colour in style


def test_settings_hold_inside_only():
    before = dict(mpl.rcParams)
    with drawing():
        assert mpl.rcParams["text.parse_math"] is False
    assert dict(mpl.rcParams) == before
