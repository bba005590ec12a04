"""How is a chart made an image of? As matplotlib does, to the pixel, in less than half of its time.

Most of a chart is words, and matplotlib 3.11 spends most of its time on each letter's transformation, which all letters
of a line have in common, and lays a line out anew each time it is measured or drawn. `Canvas` does both once. Later
versions mend it themselves (matplotlib's change 32120); with any other version this canvas is matplotlib's own.
"""

from __future__ import annotations

import io
import math
import threading
from functools import lru_cache
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.font_manager import FontProperties, font_family_aliases, fontManager, get_font
from matplotlib.ft2font import LoadFlags, RenderMode
from PIL import Image

QUICK = matplotlib.__version_info__[:2] == (3, 11)
"""Whether this matplotlib draws letters as `Renderer` does; what it calls is not public."""
_LITTLE = 3
"""How hard images are pressed: two thirds of the time that 6 takes, for files an eighth larger."""
_KEPT = 4096
"""Lines whose layout and size are kept: the words of a report's charts come again on every chart, at both widths."""
_FLAGS = LoadFlags.DEFAULT
"""Letters are fitted to pixels as matplotlib's default style has it; left as drawn, images are a third larger."""
_GENERIC = frozenset(font_family_aliases)
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
        smooth = gc.get_antialiased()
        mode = RenderMode.NORMAL if smooth else RenderMode.MONO
        cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        turned = (np.array([[cosine, -sine], [sine, cosine]]) * _ONE).round().astype(int)
        height, whole, draw = self.height, int(self.height), self._renderer.draw_text_image
        face = None
        for one, number, across, up in letters:
            if one is not face:
                face = one
                face.set_size(size, self.dpi)
            place = (x + across * cosine - up * sine, height - y + across * sine + up * cosine)
            face._set_transform(turned, [round(_PIXEL * place[0]), round(_PIXEL * place[1])])
            drawn = face._render_glyph(number, _FLAGS, mode)
            dots = drawn.buffer
            if not smooth:
                dots *= 0xFF
            draw(dots, drawn.left, whole - drawn.top + dots.shape[0], 0, gc)

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
        width, height = self.get_width_height(physical=True)
        dots = self.buffer_rgba()  # type: ignore[no-untyped-call]
        drawn = Image.frombuffer("RGBA", (width, height), dots, "raw", "RGBA", 0, 1)
        image = io.BytesIO()
        drawn.convert("RGB").save(image, "png", dpi=(self.figure.dpi, self.figure.dpi), compress_level=_LITTLE)
        return image.getvalue()


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


@lru_cache(maxsize=_KEPT)
def _measured(text: str, prop: FontProperties, dpi: float, thread: int) -> tuple[float, float, float]:
    face = _face(prop, dpi)
    face.set_text(text, 0.0, flags=_FLAGS)
    width, height = face.get_width_height()
    return width / _PIXEL, height / _PIXEL, face.get_descent() / _PIXEL


def _face(prop: FontProperties, dpi: float) -> Any:
    """The face of a line, with those that stand in for it, at the line's size."""
    face = get_font(fontManager._find_fonts_by_props(prop))  # type: ignore[attr-defined]
    face.clear()
    face.set_size(prop.get_size_in_points(), dpi)
    return face
