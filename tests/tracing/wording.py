"""Which numbers belong to the wording itself, whatever the data? Those of the code's own sentences and of its prose.

"Followed for 3 months", "CES 1.0", "999 draws": a number that stands in a text of the code, or in the prose of a
shipped notebook, beside the same word. What comes from data is left to `leaves`.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tests.tracing.shown import NUMBER, plain_spaces

ROOT = Path(__file__).resolve().parents[2]
_WORD = r"[^\W\d_][\w’'-]*"


@cache
def texts_of_the_code() -> tuple[str, ...]:
    """Every text in the code that holds a digit, and every sentence of a notebook's prose."""
    found: list[str] = []
    for file in sorted((ROOT / "analysis").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
                )
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        found += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    for file in sorted((ROOT / "analysis").rglob("*.toml")):
        found.append(file.read_text(encoding="utf-8"))
    return tuple(plain_spaces(text) for text in found if re.search(r"\d", text))


def neighbours(texts: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Each number of these texts with the word before it and with the word after it.

    Examples
    --------
    >>> sorted(neighbours(["all of 48 lie above 2.9 % more"]))
    [('2.9', '%>'), ('2.9', '<above'), ('48', '<of'), ('48', 'lie>')]
    """
    return frozenset(pair for text in texts for found in NUMBER.finditer(text) for pair in beside(text, found))


def beside(text: str, found: re.Match[str]) -> Iterator[tuple[str, str]]:
    """A number of a text with its neighbours, where those are words or a percent sign."""
    before = re.search(rf"({_WORD})\s*[(=]?\s*[−-]?$", text[: found.start()])
    after = re.match(rf"\s*({_WORD}|%)", text[found.end() :])
    if before:
        yield found[0], f"<{before[1]}"
    if after:
        yield found[0], f"{after[1]}>"
