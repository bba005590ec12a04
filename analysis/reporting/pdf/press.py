"""How is the document printed? Tagged, to the same bytes, from nothing but itself.

WeasyPrint lays it out on A4 and marks headings, tables and pictures for screen readers (PDF/UA-1). It may fetch the
document's own pictures and the type faces that come with matplotlib, and nothing else. WeasyPrint needs pango, a
library of the system; `lack` says what is missing.
"""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from analysis.foundation.provenance import fingerprint_of_bytes
from analysis.reporting.pdf.together import Together

FACES = Path("fonts") / "ttf"
_FACE = "touchstone:face-"
_FACES = {
    "sans": "DejaVuSans.ttf",
    "sans-bold": "DejaVuSans-Bold.ttf",
    "sans-italic": "DejaVuSans-Oblique.ttf",
    "serif-bold": "DejaVuSerif-Bold.ttf",
    "serif": "DejaVuSerif.ttf",
    "mono": "DejaVuSansMono.ttf",
}
EPOCH = "SOURCE_DATE_EPOCH"
_THEN = "946684800"
"""The first second of 2000: whatever asks for the time of printing is told this."""


@cache
def lack() -> str | None:
    """What keeps a PDF from being made here, as a clause; None where nothing does."""
    try:
        with _quiet(), redirect_stdout(io.StringIO()):  # it prints what it misses
            import weasyprint  # noqa: F401
    except ModuleNotFoundError as error:
        return f"the package `{error.name}` is not installed"
    except OSError:
        return "the library pango is not installed"
    return None


def printed(document: Together) -> bytes:
    """The document as a tagged PDF.

    Parameters
    ----------
    document : Together

    Returns
    -------
    bytes
        The same for the same document, whenever and wherever it is printed, as long as WeasyPrint and pango are the
        same and the letters are those of DejaVu; other scripts are set in a face of the machine.

    Raises
    ------
    ValueError
        If the document names anything but its own pictures.
    """
    with _quiet(), _timeless():
        from weasyprint import CSS, HTML
        from weasyprint.text.fonts import FontConfiguration

        fetcher = _fetcher(document.pictures)
        fonts = FontConfiguration()
        style = CSS(string=_style(), url_fetcher=fetcher, font_config=fonts, base_url=None)
        page = HTML(string=document.html, url_fetcher=fetcher, base_url=None)
        identifier = fingerprint_of_bytes(document.html.encode()).removeprefix("sha256:")[:32].encode()
        pdf: bytes = page.write_pdf(
            stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1", pdf_identifier=identifier, cache={}
        )
    if fetcher.refused:
        raise ValueError(f"The document asks for what it does not bring: {fetcher.refused[0]:.60}.")
    return pdf


def _style() -> str:
    from analysis.reporting.shell import TEMPLATES

    return (TEMPLATES / "print.css").read_text(encoding="utf-8").replace("\r\n", "\n")


@contextmanager
def _quiet() -> Iterator[None]:
    """WeasyPrint tells of styles it does not know; ours is looked at by tests."""
    loggers = [logging.getLogger(name) for name in ("weasyprint", "fontTools")]
    before = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for one, level in zip(loggers, before, strict=True):
            one.setLevel(level)


@contextmanager
def _timeless() -> Iterator[None]:
    """Inside the block the time of printing is a fixed one."""
    before = os.environ.get(EPOCH)
    os.environ[EPOCH] = _THEN
    try:
        yield
    finally:
        if before is None:
            del os.environ[EPOCH]
        else:
            os.environ[EPOCH] = before


def _fetcher(pictures: Mapping[str, bytes]) -> Any:
    """What may be fetched: the pictures given and our own type faces. All else is refused, and remembered."""
    import matplotlib
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    folder = Path(matplotlib.get_data_path()) / FACES

    class Fetcher(URLFetcher):  # type: ignore[misc]
        """Serves from memory and from the folder of type faces; asks no network and no other file."""

        def __init__(self) -> None:
            super().__init__(allowed_protocols=())
            self.refused: list[str] = []

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url in pictures:
                return URLFetcherResponse(url, pictures[url], {"Content-Type": "image/png"})
            face = _FACES.get(url.removeprefix(_FACE)) if url.startswith(_FACE) else None
            if face is None:
                self.refused.append(url)
                raise ValueError("refused")
            return URLFetcherResponse(url, (folder / face).read_bytes(), {"Content-Type": "font/ttf"})

    return Fetcher()
