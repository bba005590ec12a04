"""A figure has a story, alternative text, equal bytes, and shows hostile text as text."""

from __future__ import annotations

import base64
import io

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.image import imread

from analysis.reporting import charts
from analysis.reporting.charts.figure import CHART_MIME, Figure, NoAlternativeText, Story
from analysis.reporting.theme import NARROW, SCALE, WIDE

STORY = {
    "title": "Mentions rose", "measure": "Mentions", "unit": "count", "population": "all mentions", "period": "2026",
    "source": "mentions", "rows": "3 mentions", "method": "counted", "alt": "Mentions rose from 1 to 2.",
}  # fmt: skip


def figure(paint=lambda body: None, **more):
    story = Story(**{**STORY, **more})
    return Figure(story, pd.DataFrame({"month": ["2026-08"], "value": [1.0]}), paint, lambda narrow: 100.0)


def texts(drawn, gid):
    return [text.get_text() for text in drawn.texts if text.get_gid() == gid]


def test_nothing_of_a_story_can_be_left_out():
    for name in STORY:
        with pytest.raises(NoAlternativeText if name == "alt" else ValueError, match=r"Mentions rose|chart"):
            Story(**{**STORY, name: "  "})


def test_a_title_has_ten_words_at_most():
    Story(**{**STORY, "title": "one two three four five six seven eight nine ten"})
    with pytest.raises(ValueError, match=r"10 words or fewer.*has 11"):
        Story(**{**STORY, "title": "one two three four five six seven eight nine ten eleven"})


def test_a_figure_without_alternative_text_is_not_shown():
    drawn = figure()
    for nothing in ("", "  ", None):
        drawn.alt = nothing
        with pytest.raises(NoAlternativeText, match="alternative text"):
            drawn._repr_mimebundle_()
        with pytest.raises(NoAlternativeText):
            drawn.png()


def test_the_bundle_holds_image_alternative_text_and_data():
    drawn = figure()
    bundle, metadata = drawn._repr_mimebundle_()
    meta = metadata["image/png"]
    image = imread(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert meta["alt"] == drawn.alt == "Mentions rose from 1 to 2."
    assert (meta["width"], meta["height"]) == (WIDE, image.shape[0] / SCALE)
    assert image.shape[1] == SCALE * WIDE
    chart = bundle[CHART_MIME]
    assert (chart["columns"], chart["rows"]) == (["month", "value"], [["2026-08", 1.0]])
    assert imread(io.BytesIO(base64.b64decode(chart["narrow"]))).shape[1] == SCALE * NARROW


def test_equal_figures_give_equal_bytes_whatever_the_readers_settings(made):
    first = charts.mention_trend(made.metrics())
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black", "savefig.bbox": "tight", "lines.linewidth": 9}):
        second = charts.mention_trend(made.metrics())
        assert second._repr_mimebundle_() == first._repr_mimebundle_()
    assert b"Software" not in first.png()


def test_title_subtitle_and_foot_are_drawn():
    drawn = figure()
    assert texts(drawn, "title") == ["Mentions rose"]
    assert texts(drawn, "subtitle") == ["Mentions, count. All mentions, 2026."]
    assert texts(drawn, "foot") == ["Source: mentions. Rows: 3 mentions. Method: counted."]


def test_long_words_are_broken_and_the_rest_cut(made):
    drawn = figure(population=made.LONG, title=made.LONG[:120])
    inner = WIDE - 32
    for gid, size in (("title", "title"), ("subtitle", "subtitle")):
        lines = texts(drawn, gid)
        assert len(lines) > 1
        assert all(drawn.text_width(line, size, bold=gid == "title") <= inner for line in lines)
    assert texts(drawn, "subtitle")[-1].endswith("…")


def test_wrapping_loses_no_word_that_fits():
    drawn = figure()
    text = "The quick brown fox jumps over the lazy dog and runs away again"
    lines = drawn.wrapped(text, 150, "label", lines=9)
    assert " ".join(lines) == text
    assert all(drawn.text_width(line, "label") <= 150 for line in lines)


@pytest.mark.parametrize(
    "hostile", ["$\\frac{1}{2}$", "$x", "\\textbf{b} $$", "<script>alert(1)</script>", "a\u202eb{0}%s"]
)
def test_hostile_text_is_drawn_as_text(hostile):
    drawn = figure(population=hostile, alt=hostile)
    assert drawn.png()  # a formula that could not be read would raise
    assert all(not text.get_parse_math() for text in drawn.texts)
    assert "\u202e" not in "".join(text.get_text() for text in drawn.texts)


def test_a_figure_uses_no_global_state():
    import subprocess
    import sys

    code = (
        "import sys; from analysis.reporting import charts; "
        "sys.exit(int('matplotlib.pyplot' in sys.modules or 'seaborn' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
