"""How do the pages of a report become one document that can be printed?

Of each page its matter is taken, of the first one also what stands at its foot. Names within a page are made its own,
links to other pages lead to their place in the document, links to files lead nowhere, pictures are set apart, and the
tables behind charts stay on the page. How the document is printed is left to `press`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from analysis.reporting.formats import plain
from analysis.reporting.pdf.columns import set_out

PICTURE = "touchstone:picture-"
"""How the document names its pictures; nothing else can be fetched under such a name."""

_BARE = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_LINK = re.compile(r"(?P<page>[A-Za-z0-9_.-]*\.html)?(?:#(?P<name>[A-Za-z0-9_-]*))?")
_PNG = "data:image/png;base64,"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of the report: what the contents call it, its file, and its HTML."""

    label: str
    file: str
    html: str


@dataclass(frozen=True, slots=True)
class Together:
    """One HTML document, without any address but its own, and the pictures it names."""

    html: str
    pictures: Mapping[str, bytes]


def together(
    leaves: Sequence[Leaf],
    *,
    study: str,
    run: str,
    period: str = "",
    state: str = "",
    beside: Sequence[str] = (),
    language: str = "en",
) -> Together:
    """Pages of a report as one document.

    Parameters
    ----------
    leaves : sequence of Leaf
        In the order in which they are read; the first is the summary.
    study, run, period, state : str
        For the head of the document and the foot of each of its pages.
    beside : sequence of str
        What the contents call the pages of the report that are not in the document: it says that they are there.
    language : str
        Of the pages, as HTML names it.

    Raises
    ------
    ValueError
        If there is no page, or one has no matter.

    Examples
    --------
    >>> page = '<main id="content"><h1 id="a">Orders</h1><p>See <a href="#a">above</a>.</p></main>'
    >>> made = together([Leaf("Summary", "index.html", page)], study="care", run="1")
    >>> '<h1 id="index--a">Orders</h1><p>See <a href="#index--a">above</a>.</p>' in made.html
    True
    """
    if not leaves:
        raise ValueError("A report without pages cannot be printed.")
    pictures: dict[str, bytes] = {}
    files = {leaf.file for leaf in leaves}
    bodies = []
    for leaf in leaves:
        matter = _part(leaf, "main", files, pictures)
        if not matter.strip():
            raise ValueError(f"The page {leaf.file} has no matter to print.")
        bodies.append(f'<section class="leaf" id="{_stem(leaf.file)}">{set_out(matter)}</section>')
    foot = _part(leaves[0], "footer", files, pictures)
    if foot.strip():
        bodies.append(f'<section class="leaf foot" id="about--this"><h1>About this report</h1>{foot}</section>')
    name, number = escape(plain(study, 120)), escape(plain(run, 80))
    facts = "".join(f"<span>{escape(plain(one, 200))}</span>" for one in (period, state, f"Run {run}") if one.strip())
    contents = "".join(
        f'<li><a href="#{_stem(leaf.file)}">{escape(plain(leaf.label, 80))}</a></li>' for leaf in leaves
    ) + ('<li><a href="#about--this">About this report</a></li>' if foot.strip() else "")
    left_out = (
        f'<p class="standing">Not printed here, but among the pages of the report: '
        f"{escape(', '.join(plain(one, 80) for one in beside))}.</p>"
        if beside
        else ""
    )
    title = f"{plain(leaves[0].label, 80)} – {plain(study, 120)}"
    html = (
        f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="author" content="Touchstone"><meta name="keywords" content="run {number}"></head><body>'
        f'<p class="running">{name} · run {number}</p>'
        f'<header class="head"><p class="about"><strong>{name}</strong>{facts}</p>'
        '<p class="standing">Whether this report is a draft, reviewed or signed stands on its page, index.html, and '
        "is told by <code>touchstone verify</code>.</p>"
        f'<nav class="contents" aria-label="Contents"><ul>{contents}</ul></nav>{left_out}</header>'
        f"{''.join(bodies)}</body></html>\n"
    )
    return Together(html, pictures)


def _stem(file: str) -> str:
    return file.removesuffix(".html")


def _part(leaf: Leaf, tag: str, files: set[str], pictures: dict[str, bytes]) -> str:
    """What stands within the first element of this kind."""
    writer = _Writer(tag, _stem(leaf.file), files, pictures)
    writer.feed(leaf.html)
    writer.close()
    return "".join(writer.out)


@dataclass
class _Writer(HTMLParser):
    """Writes anew what stands within an element: pages are ours and well formed, so that pieces are kept."""

    tag: str
    stem: str
    files: set[str]
    pictures: dict[str, bytes]
    out: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _figure: int | None = None
    _silent: int | None = None
    _over: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=False)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._over or (not self._open and tag != self.tag):
            return
        if tag not in _BARE:
            self._open.append(tag)
        depth = len(self._open)
        if depth == 1:
            return
        given = {name: value or "" for name, value in attrs}
        if tag == "figure" and self._figure is None:
            self._figure = depth
        if self._silent is None and tag == "details" and self._figure is not None:
            self._silent = depth
        if self._silent is None and tag != "source":
            kept = {name: value for name, value in given.items() if name not in ("tabindex", "role", "href", "open")}
            self.out.append(self._begun(tag, kept, given.get("href")))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._over or tag in _BARE:
            return
        depth = len(self._open)
        self._open.pop()
        if depth == 1:
            self._over = True
        elif self._silent is None:
            self.out.append(f"</{tag}>")
        if self._silent == depth:
            self._silent = None
        if self._figure == depth:
            self._figure = None

    def handle_data(self, data: str) -> None:
        self._text(data)

    def handle_entityref(self, name: str) -> None:
        self._text(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._text(f"&#{name};")

    def _text(self, text: str) -> None:
        if self._open and not self._over and self._silent is None:
            self.out.append(text)

    def _begun(self, tag: str, given: dict[str, str], href: str | None) -> str:
        for name in ("id", "aria-labelledby"):
            if given.get(name):
                given[name] = f"{self.stem}--{given[name]}"
        if href is not None and (target := self._target(href)):
            given["href"] = target
        if tag == "img":
            source = given.get("src", "")
            name = f"{PICTURE}{len(self.pictures)}"
            self.pictures[name] = base64.b64decode(source.removeprefix(_PNG)) if source.startswith(_PNG) else b""
            given["src"] = name
        return f"<{tag}" + "".join(f' {name}="{escape(value)}"' for name, value in given.items()) + ">"

    def _target(self, href: str) -> str:
        """Where a link leads within the document; nowhere for files beside it."""
        found = _LINK.fullmatch(href)
        if found is None or not href:
            return ""
        page, name = found["page"], found["name"]
        if page and page not in self.files:
            return ""
        stem = _stem(page) if page else self.stem
        return f"#{stem}--{name}" if name else f"#{stem}" if page else ""
