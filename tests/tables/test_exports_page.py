"""The page on exports says what the maps say: it is made of them, and it is the one in `docs`."""

from __future__ import annotations

from pathlib import Path

from analysis.tables.exports_page import exports_page
from analysis.tables.mapping import load_map, names

PAGE = Path(__file__).parents[2] / "docs" / "exports.md"


def test_the_page_in_docs_is_made_of_the_maps() -> None:
    remedy = "write exports_page() into docs/exports.md"
    assert PAGE.read_text(encoding="utf-8") == exports_page(), remedy


def test_every_map_of_a_system_has_its_section_with_every_question() -> None:
    page = PAGE.read_text(encoding="utf-8")
    pulled = [given for given in map(load_map, names()) if given.pull is not None]
    assert [f"## {given.map}" for given in pulled] == [line for line in page.splitlines() if line.startswith("## ")]
    plain = page.replace("\\", "")
    for given in pulled:
        assert given.pull is not None
        said = [*given.ask, *given.facts, given.pull.export, given.pull.since, given.pull.again]
        assert [text for text in said if " ".join(text.split()) not in plain] == []
