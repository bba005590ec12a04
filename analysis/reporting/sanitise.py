"""What of a piece of HTML may stand on a page? Words, lists and tables; nothing that acts, loads or restyles.

The piece is read and written anew from a short list of elements and attributes; everything else is dropped, text is
escaped and rid of direction marks, what was opened is closed. Scripts, styles, frames, forms, images, handlers,
comments and outside addresses cannot come through, since nothing is copied. Where pieces go is left to
`analysis.reporting.page`.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

from analysis.reporting.formats import shown_lines

_BLOCKS = {
    "blockquote", "caption", "code", "dd", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "li",
    "ol", "p", "pre", "section", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul", "a",
}  # fmt: skip
_ALONE = {"br", "hr"}
_SILENT = {
    "applet", "audio", "button", "canvas", "embed", "form", "frame", "frameset", "head", "iframe", "math", "noembed",
    "noframes", "noscript", "object", "option", "plaintext", "script", "select", "style", "svg", "template", "textarea",
    "title", "video", "xmp",
}  # fmt: skip
"""Elements whose content is no text for a reader: it is dropped with them."""
_ATTRIBUTES = {
    "class": re.compile(r"(gt|ts)_?-?[a-z_-]*( (gt|ts)_?-?[a-z_-]*)*"),
    "scope": re.compile(r"col|row|colgroup|rowgroup"),
    "colspan": re.compile(r"[1-9][0-9]{0,3}"),
    "rowspan": re.compile(r"[1-9][0-9]{0,3}"),
}
_LINK = re.compile(r"#[A-Za-z0-9_-]*|[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(html|json|ipynb)(#[A-Za-z0-9_-]*)?")
_INSIDE_TABLE = {"table", "thead", "tbody", "tfoot", "tr"}


def sanitised(piece: str) -> str:
    """The piece with nothing but words, lists and tables.

    Examples
    --------
    >>> sanitised('<p onclick="x()">5 < 6<script>alert(1)</script> <b>so</b></p><iframe src="//x"></iframe>')
    '<p>5 &lt; 6 so</p>'
    >>> sanitised('<a href="javascript:x">here</a> <a href="before_after.html">there</a>')
    '<a>here</a> <a href="before_after.html">there</a>'
    """
    writer = _Writer()
    writer.feed(piece)
    writer.close()
    return writer.result()


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._silent: list[str] = []

    def result(self) -> str:
        return "".join([*self._out, *(f"</{tag}>" for tag in reversed(self._open))])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent or tag in _SILENT:
            if tag in _SILENT:
                self._silent.append(tag)
            return
        if tag in _ALONE:
            self._out.append(f"<{tag}>")
        elif tag in _BLOCKS:
            self._open.append(tag)
            self._out.append(f"<{tag}{self._kept(tag, dict(attrs))}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ALONE or (tag in _BLOCKS and not self._silent):
            self.handle_starttag(tag, attrs)
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            if tag in self._silent:
                while self._silent.pop() != tag:
                    pass
            return
        if tag in self._open:
            while True:
                closed = self._open.pop()
                self._out.append(f"</{closed}>")
                if closed == tag:
                    return

    def handle_data(self, data: str) -> None:
        if self._silent or (self._open and self._open[-1] in _INSIDE_TABLE and not data.strip()):
            return
        self._out.append(escape(shown_lines(data), quote=False))

    def _kept(self, tag: str, given: dict[str, str | None]) -> str:
        kept = {name: value for name, value in given.items() if value and self._allowed(tag, name, value)}
        if tag == "th" and "scope" not in kept:
            kept["scope"] = "col" if "thead" in self._open else "row"
        return "".join(f' {name}="{escape(value)}"' for name, value in sorted(kept.items()))

    def _allowed(self, tag: str, name: str, value: str) -> bool:
        if name == "href":
            return tag == "a" and bool(_LINK.fullmatch(value))
        rule = _ATTRIBUTES.get(name)
        return rule is not None and bool(rule.fullmatch(value))
