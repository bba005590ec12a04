"""How is a chart made an image of? As matplotlib does, to the pixel, in less than half of its time.

Most of a chart is words, and matplotlib 3.11 spends most of its time on each letter's transformation, which all letters
of a line have in common, lays a line out anew each time it is measured or drawn, and fits the same letter to pixels
wherever it stands. `Canvas` does each once. Later versions mend the first (matplotlib's change 32120); with any other
version letters are matplotlib's own. The image is written here: rows without a filter suit even surfaces, and no
library lets one choose them.
"""

from __future__ import annotations

import math
import re
import struct
import threading
import zlib
from functools import lru_cache
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.font_manager import FontProperties, font_family_aliases, fontManager, get_font
from matplotlib.ft2font import LoadFlags, RenderMode
from numpy.typing import NDArray

QUICK = matplotlib.__version_info__[:2] == (3, 11)
"""Whether this matplotlib draws letters as `Renderer` does; what it calls is not public."""
_LITTLE = 3
"""How hard images are pressed: half of the time that 6 takes, for files an eighth larger."""
_KEPT = 4096
"""Lines whose layout and size are kept: the words of a report's charts come again on every chart, at both widths."""
_LETTERS_KEPT = 16_384
"""Letters fitted to pixels that are kept: nine of ten were drawn before at the same fraction of a pixel."""
_METRE = 1 / 0.0254
"""Inches in a metre."""
_FLAGS = LoadFlags.DEFAULT
"""Letters are fitted to pixels as matplotlib's default style has it; left as drawn, images are a third larger."""
_GENERIC = frozenset(font_family_aliases)
APART = re.compile(r"[ -~\xa0-\xac\xae-\u024f\u2010-\u2027\u2030-\u203a\u20a0-\u20bf\u2212]*")
"""Letters that stand one after another; others join, stand on each other, take no room, or run from right to left."""
_ONE = 0x10000
_PIXEL = 0x40
"""FreeType's units: of a matrix, and of a pixel."""

Letter = tuple[Any, int, float, float]
"""One letter of a line: its face, its number in it, and its place from where the line starts, in pixels."""


class Renderer(RendererAgg):
    """Draws and measures lines of text as `RendererAgg` does, each laid out once."""

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        """Draw a line of text whose start is at `x`, `y` (pixels, downwards), turned by `angle` (degrees)."""
        if ismath or (mtext is not None and (mtext.get_fontfeatures() or mtext.get_language())) or not _kept_well(prop):
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]
            return
        size, letters = prop.get_size_in_points(), _letters(s, prop.copy(), self.dpi, threading.get_ident())
        mode = RenderMode.NORMAL if gc.get_antialiased() else RenderMode.MONO
        cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        turned = (round(cosine * _ONE), round(-sine * _ONE), round(sine * _ONE), round(cosine * _ONE))
        height, whole, draw = self.height, int(self.height), self._renderer.draw_text_image
        for face, number, across, up in letters:
            right, part = divmod(round(_PIXEL * (x + across * cosine - up * sine)), _PIXEL)
            above, rest = divmod(round(_PIXEL * (height - y + across * sine + up * cosine)), _PIXEL)
            dots, left, top = _fitted(face, size, self.dpi, number, turned, part, rest, mode)
            draw(dots, right + left, whole - above - top + dots.shape[0], 0, gc)

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        """How wide and high a line is, and how far it goes below its foot, in pixels."""
        if ismath or not _kept_well(prop):
            return super().get_text_width_height_descent(s, prop, ismath)  # type: ignore[no-any-return, no-untyped-call]
        return _measured(s, prop.copy(), self.dpi, threading.get_ident())


class Canvas(FigureCanvasAgg):
    """A figure's canvas; `png` is its image, equal bytes for equal figures."""

    def get_renderer(self) -> RendererAgg:
        """What draws this canvas at its present size."""
        if not QUICK:
            return super().get_renderer()  # type: ignore[no-any-return, no-untyped-call]
        width, height = self.get_width_height(physical=True)
        key = width, height, self.figure.dpi
        if self._lastKey != key:
            self.renderer = Renderer(width, height, self.figure.dpi)  # type: ignore[no-untyped-call]
            self._lastKey = key  # type: ignore[assignment]
        return self.renderer  # type: ignore[no-any-return]

    def png(self) -> bytes:
        """The figure drawn, as a PNG without transparency."""
        FigureCanvasAgg.draw(self)  # type: ignore[no-untyped-call]
        return png(np.asarray(self.buffer_rgba())[..., :3], self.figure.dpi)  # type: ignore[no-untyped-call]


def png(dots: NDArray[np.uint8], dpi: float) -> bytes:
    """An image's file.

    Parameters
    ----------
    dots : array of uint8, shape (height, width, 3)
        Red, green and blue.
    dpi : float
        Dots per inch.

    Source
    ------
    Portable Network Graphics (third edition), W3C 2025; colour type 2, filter type 0.

    Examples
    --------
    >>> png(np.zeros((1, 2, 3), dtype=np.uint8), 200)[:4]
    b'\\x89PNG'
    """
    height, width, _ = dots.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # each row begins with its filter: none
    np.ndarray((height, width, 3), np.uint8, rows, 1, (1 + 3 * width, 3, 1))[...] = dots
    a_metre = round(dpi * _METRE)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"pHYs", struct.pack(">IIB", a_metre, a_metre, 1)),
        (b"IDAT", zlib.compress(rows.tobytes(), _LITTLE)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


def measuring(dots_per_inch: float) -> RendererAgg:
    """A renderer that only measures."""
    return (Renderer if QUICK else RendererAgg)(1, 1, dots_per_inch)  # type: ignore[no-untyped-call]


def _kept_well(prop: FontProperties) -> bool:
    """Whether a line in these faces looks the same whatever matplotlib's settings become: they are named themselves."""
    flags = get_hinting_flag()  # type: ignore[no-untyped-call]
    return bool(flags == _FLAGS) and not _GENERIC.intersection(name.lower() for name in prop.get_family())


@lru_cache(maxsize=_KEPT)
def _letters(text: str, prop: FontProperties, dpi: float, thread: int) -> tuple[Letter, ...]:
    """The letters of a line; faces belong to the thread that opened them."""
    items = _face(prop, dpi)._layout(text, flags=_FLAGS, features=None, language=None)
    return tuple((item.ft_object, item.glyph_index, item.x, item.y) for item in items)


@lru_cache(maxsize=_LETTERS_KEPT)
def _fitted(
    face: Any, size: float, dpi: float, number: int, turned: tuple[int, ...], across: int, up: int, mode: RenderMode
) -> tuple[NDArray[np.uint8], int, int]:
    """A letter's dots, at a place between two pixels, and where they begin: pixels to its right, and above it."""
    face.set_size(size, dpi)
    face._set_transform(np.array(turned).reshape(2, 2), [across, up])
    drawn = face._render_glyph(number, _FLAGS, mode)
    dots = drawn.buffer
    return dots * np.uint8(0xFF) if mode == RenderMode.MONO else dots, drawn.left, drawn.top


@lru_cache(maxsize=_KEPT)
def _measured(text: str, prop: FontProperties, dpi: float, thread: int) -> tuple[float, float, float]:
    """A line's width, from its start to where another letter would follow, its height and how far it goes below."""
    size, letters = prop.get_size_in_points(), _letters(text, prop, dpi, thread)
    if not letters or not APART.fullmatch(text):  # where a letter stands does not tell what room it takes
        face = _face(prop, dpi)
        face.set_text(text, 0.0, flags=_FLAGS)
        width, height = face.get_width_height()
        return width / _PIXEL, height / _PIXEL, face.get_descent() / _PIXEL
    boxes = [_box(face, size, dpi, number) for face, number, _, _ in letters]
    places = [round(up * _PIXEL) for *_, up in letters]
    foot = min(box[0] + place for box, place in zip(boxes, places, strict=True))
    head = max(box[1] + place for box, place in zip(boxes, places, strict=True))
    return letters[-1][2] + boxes[-1][2] / _PIXEL, (head - foot) / _PIXEL, -foot / _PIXEL


@lru_cache(maxsize=_LETTERS_KEPT)
def _box(face: Any, size: float, dpi: float, number: int) -> tuple[int, int, int]:
    """A letter's lowest and highest place and the way to the next letter, in FreeType's parts of a pixel."""
    face.set_size(size, dpi)
    letter = face.load_glyph(number, flags=_FLAGS)
    return letter.bbox[1], letter.bbox[3], letter.horiAdvance


def _face(prop: FontProperties, dpi: float) -> Any:
    """The face of a line, with those that stand in for it, at the line's size."""
    face = get_font(fontManager._find_fonts_by_props(prop))  # type: ignore[attr-defined]
    face.clear()
    face.set_size(prop.get_size_in_points(), dpi)
    return face
