"""What do all our pages share? One style, one policy that lets nothing act or load, and templates that escape.

What stands on a page is left to `page` and `site`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.reporting.wording import words

TEMPLATES = Path(str(files("analysis.reporting").joinpath("templates")))


@dataclass(frozen=True, slots=True)
class Shell:
    """The style of every page, the policy under which browsers show it, and the English it is written in."""

    style: Markup
    policy: str
    language: str


def shell() -> Shell:
    """The style, allowed by its own hash; no script, frame, form or address; images only from the page itself."""
    return _shell(words().language)


@cache
def _shell(language: str) -> Shell:
    style = "\n" + (TEMPLATES / "style.css").read_text(encoding="utf-8").replace("\r\n", "\n")
    mark = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{mark}'; base-uri 'none'; form-action 'none'"
    return Shell(Markup(style), policy, language)  # noqa: S704  # our own file


@cache
def environment() -> Environment:
    """Templates in which every text is escaped and every missing value is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
