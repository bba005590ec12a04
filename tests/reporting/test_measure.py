"""Lines of charts are cut where measuring each whole line would cut them, although letters are measured one by one."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.reporting.charts import measure
from analysis.reporting.charts.measure import fitting, text_width, wrapped
from analysis.reporting.theme import SIZES

WORDS = (
    "i", "ill", "WWWWWW", "AVAVAV", "To", "f.f.", "per", "customer", "−€1,234.50", "(95", "%", "fi", "ﬁ", "Œuvre",
    "здравствуйте", "Ελλάδα", "שלום", "مرحبا", "“quoted”", "a" * 60, "…", "",
)  # fmt: skip


@pytest.mark.parametrize("size", sorted(SIZES))
@pytest.mark.parametrize("bold", [False, True])
def test_lines_are_those_that_measuring_whole_lines_gives(size, bold, monkeypatch) -> None:
    rng = np.random.default_rng(sorted(SIZES).index(size))
    texts = [" ".join(rng.choice(WORDS, rng.integers(1, 30))) for _ in range(25)]
    widths = rng.uniform(40, 700, len(texts)).tolist()
    by_letters = [wrapped(text, width, size, bold=bold, lines=4) for text, width in zip(texts, widths, strict=True)]
    monkeypatch.setattr(measure, "_fits", lambda line, width, size, bold: text_width(line, size, bold=bold) <= width)
    assert by_letters == [
        wrapped(text, width, size, bold=bold, lines=4) for text, width in zip(texts, widths, strict=True)
    ]


def test_a_width_is_measured_once_in_each_face(monkeypatch) -> None:
    measure._width.cache_clear()
    first = [text_width("as assigned", "note") for _ in range(3)]
    assert measure._width.cache_info().misses == 1
    monkeypatch.setattr(measure, "faces", lambda: ("DejaVu Sans Mono",))
    assert text_width("as assigned", "note") > first[0]
    assert measure._width.cache_info().misses == 2


@pytest.mark.parametrize("text", ["AVAVAVAVAV", "AVAVA WAVAVA", "ffiffiffi"])
def test_what_fits_to_a_hair_is_neither_cut_nor_followed_by_nothing(text) -> None:
    """Letters that draw near to each other take less room than they do one by one."""
    room = text_width(text, "note")
    assert wrapped(text, room, "note", lines=1) == [text]
    assert fitting((text,), room, "note") == text
