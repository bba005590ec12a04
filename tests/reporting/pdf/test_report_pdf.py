"""The report as a PDF: what stands on the pages, tagged, to the same bytes, and nothing fetched from anywhere."""

from __future__ import annotations

import base64
import io
import re
import struct
import zlib
from typing import Any

import pytest

from analysis.reporting.pdf import Leaf, Together, lack, printed, together
from analysis.reporting.pdf.columns import set_out, shares

needs_press = pytest.mark.skipif(lack() is not None, reason=f"nothing can be printed here: {lack()}")


def png(width: int = 40, height: int = 20) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\x80" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PICTURE = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
SUMMARY = f"""<!doctype html><html><body><header><nav><a href="metrics.html">x</a></nav></header>
<main id="content"><h1>Summary</h1><p class="ts-answer">They bought 9 % more often &amp; stayed.</p>
<figure class="ts-chart"><picture><source media="(max-width: 600px)" srcset="{PICTURE}">
<img src="{PICTURE}" alt="Orders rose by 9 % after the contact" width="720" height="360"></picture>
<details><summary>The figures behind this chart</summary><table class="gt_table"><tr><td>777</td></tr></table></details>
</figure><p>See <a href="metrics.html#kinds">the kinds</a>, <a href="#end">the end</a>,
<a href="case.xlsx">the workbook</a>.</p><h2 id="end">What could be wrong</h2>
<details class="ts-more"><summary>More</summary><ul><li>folded words</li></ul></details></main>
<footer class="foot"><h2 id="grades">How far?</h2><dl class="facts"><dt>Run</dt><dd>abc123</dd></dl></footer>
</body></html>"""
METRICS = """<main id="content"><h1>What was counted</h1><h2 id="kinds">Kinds</h2><div class="ts-table" role="region"
tabindex="0"><table class="gt_table"><caption>Kinds of mentions</caption><thead><tr><th scope="col">Kind</th>
<th scope="col">Mentions</th></tr></thead><tbody><tr><th scope="row">complaint</th><td class="gt_right">1,234</td></tr>
</tbody></table></div></main><footer>not this one</footer>"""
LEAVES = [Leaf("Summary", "index.html", SUMMARY), Leaf("What was counted", "metrics.html", METRICS)]


def made(**more: Any) -> Together:
    return together(LEAVES, **{"study": "care", "run": "abc123", "period": "2026", "state": "Status: closed", **more})


def test_pages_become_one_document_in_their_order() -> None:
    html = made().html
    assert html.index("They bought 9 % more often &amp; stayed.") < html.index("Kinds of mentions")
    assert html.index("Kinds of mentions") < html.index("How far?"), "what stands at the foot of the first comes last"
    assert html.count("not this one") == 0
    assert re.findall(r'id="([^"]*)"', html) == [
        "index", "index--end", "metrics", "metrics--kinds", "about--this", "index--grades"
    ]  # fmt: skip
    assert '<a href="#metrics--kinds">the kinds</a>' in html
    assert '<a href="#index--end">the end</a>' in html
    assert "<a>the workbook</a>" in html, "files beside the report are not there when it is printed"
    assert "777" not in html, "figures behind charts stay on the page"
    assert "folded words" in html, "what is folded away is printed"
    assert not re.search(r"(https?:|data:|file:|<script|srcset|<source)", html)


def test_pages_that_are_not_printed_are_named_as_text() -> None:
    html = made(beside=("Users & others", "<b>Effort</b>")).html
    assert "but among the pages of the report: Users &amp; others, &lt;b&gt;Effort&lt;/b&gt;." in html
    assert "Not printed here" not in made().html


def test_pictures_are_set_apart_and_keep_their_words() -> None:
    document = made()
    assert list(document.pictures.values()) == [png()]
    assert 'alt="Orders rose by 9 % after the contact"' in document.html


def test_text_of_data_stays_text() -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=y>{% raw %}'
    html = made(study=hostile, run=hostile, period=hostile, state=hostile).html
    assert "<script" not in html
    assert not re.search(r"<img[^>]*onerror", html)


def test_a_report_without_pages_or_with_an_empty_one_is_refused() -> None:
    with pytest.raises(ValueError, match="without pages"):
        together([], study="care", run="1")
    with pytest.raises(ValueError, match=r"empty\.html has no matter"):
        together([Leaf("Empty", "empty.html", "<p>no main</p>")], study="care", run="1")


def test_columns_by_hand() -> None:
    """116 letters a line. Column one: `complaint` in bold, 9 · 1.15 + 2.5; two: `Mentions`, 8 · 1.15 + 2.5."""
    one, two = 9 * 1.15 + 2.5, 8 * 1.15 + 2.5
    table = re.search(r"<table.*?</table>", METRICS, re.DOTALL)
    assert table is not None
    told = set_out(table[0])
    assert f'style="width:{100 * (one + two) / 116:.3g}%"' in told
    assert f'<col style="width:{100 * one / (one + two):.4g}%">' in told


@pytest.mark.parametrize("room", [3.0, 11.0, 25.0, 400.0])
def test_columns_never_take_more_than_there_is(room: float) -> None:
    widths = shares([4, 2, 9], [30, 2, 60], room)
    assert sum(widths) <= room + 1e-9
    assert all(width > 0 for width in widths)
    if room >= 15:
        assert all(width >= least - 1e-9 for width, least in zip(widths, [4, 2, 9], strict=True))


def test_a_word_of_5000_letters_takes_no_more_than_its_column() -> None:
    told = set_out(f'<table class="t"><tr><td>a</td><td>{"x" * 5000}</td></tr></table>')
    first, second = map(float, re.findall(r'<col style="width:([0-9.]+)%">', told))
    assert first + second == pytest.approx(100, abs=0.1)
    assert first > 2


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return printed(made())


@pytest.fixture(scope="module")
def text(pdf: bytes) -> list[str]:
    pypdfium2 = pytest.importorskip("pypdfium2")
    return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf)]


@needs_press
def test_what_stands_on_the_pages_stands_in_the_pdf(text: list[str]) -> None:
    assert len(text) == 3, "each page of the report begins on paper of its own"
    assert "They bought 9 % more often & stayed." in " ".join(text[0].split())
    assert "1,234" in text[1]
    for number, page in enumerate(text, start=1):
        assert "care · run abc123" in page
        assert f"Page {number} of 3" in page
    assert re.search(r"What was counted\W*\.+\W*2", text[0]), "the contents say on which page"
    assert "touchstone verify" in text[0]


@needs_press
def test_the_pdf_is_tagged_named_and_says_what_pictures_show(pdf: bytes) -> None:
    """Read from the file as it is written: marks, language, title, alternative text, the heads of tables."""
    objects = b"".join(_unpacked(pdf))
    for mark in (
        b"/StructTreeRoot",
        b"/MarkInfo",
        b"/Lang",
        b"pdfuaid",
        b"/H1",
        b"/H2",
        b"/TH",
        b"/Figure",
        b"/Caption",
    ):
        assert mark in objects, mark
    assert "Orders rose by 9 % after the contact".encode("utf-16-be") in objects or (
        b"Orders rose by 9 % after the contact" in objects
    )
    assert re.search(rb"/Title ?\(?", objects)
    assert b"/FontFile2" in objects, "type faces are in the file"
    assert b"/JavaScript" not in objects
    assert b"/URI" not in objects, "no link leads out"


def _unpacked(pdf: bytes) -> list[bytes]:
    found = [pdf]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(packed))
        except zlib.error:
            continue
    return found


@needs_press
def test_the_same_pages_give_the_same_bytes(pdf: bytes) -> None:
    assert printed(made()) == pdf
    assert printed(made(run="other")) != pdf


@needs_press
@pytest.mark.parametrize(
    "address", ["file:///etc/hostname", "https://example.org/x.png", "touchstone:face-other", PICTURE]
)
def test_nothing_is_fetched(address: str) -> None:
    html = f'<html lang="en"><title>x</title><body><img src="{address}" alt="x"></body></html>'
    with pytest.raises(ValueError, match="what it does not bring"):
        printed(Together(html, {}))


def test_without_pango_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *more: Any, **also: Any) -> Any:
        if name == "weasyprint":
            print("WeasyPrint could not import some external libraries.")
            raise OSError("cannot load library 'libpango-1.0.so.0'")
        return real(name, *more, **also)

    monkeypatch.setattr(builtins, "__import__", without)
    assert lack.__wrapped__() == "the library pango is not installed"
    assert capsys.readouterr().out == ""


def test_the_process_that_prints_says_first_whether_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    from analysis.reporting.pdf import __main__ as process

    said = io.StringIO()
    monkeypatch.setattr(process, "lack", lambda: "the library pango is not installed")
    monkeypatch.setattr(process.sys, "stdout", said)
    monkeypatch.setattr(process.sys, "stdin", io.StringIO(""))
    assert process.main() == 0
    assert said.getvalue() == '"the library pango is not installed"\n'
