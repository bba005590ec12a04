"""A chart's canvas draws what matplotlib's own draws, to the pixel, and measures what it measures."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import RenderMode
from PIL import Image

from analysis.reporting.charts import canvas
from analysis.reporting.charts.canvas import Canvas, measuring
from analysis.reporting.theme import drawing, faces

LINES = (
    "Repurchased within 90 days: +4.2 %",
    "",
    " ",
    "AVAfi_jgq|",
    "naïve Ærø €",
    "\u202eright to left",
    "שלום",
    "漢字",
    "$x^2$ \\ {",
)
ODD = ("ab\u0300", "ab\u00ad", "ab\u200b", "ab\u2003", "q\u0303", "Service \u2764\ufe0f", "\u200bab", "a\u0301\u0328")
"""Lines that end with what takes no room, or stand on the letter before."""


def drawn(turned: float, antialiased: bool = True):
    """A figure with words at broken places, in several sizes, turned, one above its edge, and a plot with ticks."""
    with drawing():
        figure = Figure(figsize=(5, 3), dpi=173)
        for place, line in enumerate(LINES):
            figure.text(
                0.013 + 0.11 * place,
                1.02 - 0.1037 * place,
                line,
                fontsize=7.3 + place % 3,
                rotation=turned * (place % 2),
                fontweight="bold" if place % 2 else "normal",
                color=(0.1, 0.2, 0.3, 0.8),
                antialiased=antialiased,
                parse_math=place == len(LINES) - 1 and turned == 0,
            )
        axes = figure.add_axes((0.3, 0.1, 0.6, 0.3))
        axes.plot([1, 2.5], [1e6, 3e6])
        axes.set_ylabel("Orders")
        return figure


def pixels(figure):
    with drawing():
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba()).copy()


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("turned", [0, 90, 33])
@pytest.mark.parametrize("antialiased", [True, False])
def test_every_pixel_is_matplotlibs_own(turned, antialiased):
    ours, theirs = drawn(turned, antialiased), drawn(turned, antialiased)
    Canvas(ours)
    FigureCanvasAgg(theirs)
    assert (pixels(ours) == pixels(theirs)).all()
    assert (pixels(ours) == pixels(theirs)).all()  # also what is drawn from what was kept


@pytest.mark.filterwarnings("ignore:Glyph")
def test_an_image_shows_the_pixels_and_is_the_same_each_time():
    figure = drawn(0)
    Canvas(figure)
    with drawing():
        first, again = figure.canvas.png(), figure.canvas.png()
    image = Image.open(io.BytesIO(first))
    assert first == again
    assert image.mode == "RGB"
    assert image.info["dpi"] == pytest.approx((173, 173), abs=0.05)
    assert (np.asarray(image) == pixels(figure)[..., :3]).all()


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("line", [*LINES, *ODD])
def test_a_line_is_as_wide_as_matplotlib_says(line):
    style = FontProperties(family=["DejaVu Sans"], size=9.5)
    with drawing():
        own = RendererAgg(1, 1, 200).get_text_width_height_descent(line, style, ismath=False)
    assert measuring(200).get_text_width_height_descent(line, style, ismath=False) == own


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("family", [faces(), ["STIXGeneral", "DejaVu Sans"], ["DejaVu Serif", "cmr10"]])
def test_every_letter_that_may_end_a_line_takes_the_room_that_matplotlib_says(family):
    """Those of `APART`, whose room is told by where they stand."""
    style = FontProperties(family=list(family), size=9.5, weight="bold")
    ends = [chr(code) for code in range(0x2500) if canvas.APART.fullmatch(chr(code))]
    assert len(ends) > 500
    own, ours = RendererAgg(1, 1, 173), measuring(173)
    with drawing():
        differ = [
            end
            for end in ends
            if own.get_text_width_height_descent(f"AV{end}", style, ismath=False)
            != ours.get_text_width_height_descent(f"AV{end}", style, ismath=False)
        ]
    assert differ == []


def test_a_letter_takes_the_same_room_however_it_was_drawn_before():
    style = FontProperties(family=["DejaVu Sans"], size=9.5)
    face, number, _, _ = canvas._letters("j", style, 200, threading.get_ident())[0]
    room = canvas._box.__wrapped__(face, 9.5, 200, number)
    canvas._fitted.__wrapped__(face, 9.5, 200, number, (0, -0x10000, 0x10000, 0), 13, 27, RenderMode.NORMAL)
    assert canvas._box.__wrapped__(face, 9.5, 200, number) == room


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("across", ["center", "right"])
def test_odd_lines_stand_where_matplotlib_puts_them(across):
    def image(canvas_of):
        with drawing():
            figure = Figure(figsize=(4, 4), dpi=173)
            for place, line in enumerate(ODD):
                figure.text(0.5, 0.05 + 0.11 * place, line, ha=across, rotation=20 * (place % 2))
            canvas_of(figure)
        return pixels(figure)

    assert (image(Canvas) == image(FigureCanvasAgg)).all()


def test_faces_stay_in_the_thread_that_opened_them():
    """FreeType's faces must not be drawn with by two threads at once."""
    if not canvas.QUICK:
        pytest.skip("this matplotlib draws by itself")
    style = FontProperties(family=["DejaVu Sans"], size=9.5)
    faces = []

    def lay_out():
        faces.append(canvas._letters("one line", style.copy(), 200, threading.get_ident())[0][0])

    lay_out()
    beside = threading.Thread(target=lay_out)
    beside.start()
    beside.join()
    assert faces[0] is not faces[1]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_another_matplotlib_draws_by_itself(monkeypatch):
    monkeypatch.setattr(canvas, "QUICK", False)
    figure = drawn(0)
    Canvas(figure)
    assert type(figure.canvas.get_renderer()) is RendererAgg
    assert type(measuring(200)) is RendererAgg
    assert figure.canvas.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("settings", [{"font.sans-serif": ["DejaVu Serif"]}, {"text.hinting": "no_hinting"}])
def test_a_line_in_a_face_of_the_settings_follows_them(settings):
    """Faces that stand for others, and letters fitted otherwise, are left to matplotlib: what is kept knows neither."""

    def line(canvas_of):
        figure = Figure(figsize=(3, 1), dpi=150)
        figure.text(0.1, 0.5, "one line", family="sans-serif")
        canvas_of(figure)
        figure.canvas.draw()
        return np.asarray(figure.canvas.buffer_rgba()).copy()

    before = line(Canvas)
    with rc_context(settings):
        assert (line(Canvas) == line(FigureCanvasAgg)).all()
        assert not (line(Canvas) == before).all()
