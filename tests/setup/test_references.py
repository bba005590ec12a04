"""The page of references names modules that exist and misses none that rests on a paper; the citation fits the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from analysis import __version__

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "references.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| method")]
NAMED = re.findall(r"`([a-z0-9_/]+(?:\.py|/))`", "\n".join(ROWS))
YEAR = re.compile(r"\((1[89]|20)\d\d\)|\b(1[89]|20)\d\d\)")


def test_modules_named_exist() -> None:
    assert [name for name in NAMED if not (ROOT / "analysis" / name).exists()] == []
    assert len(ROWS) > 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_row_names_a_module_and_a_source_with_its_year(row: str) -> None:
    method, module, source = (cell.strip() for cell in row.strip("|").split("|"))
    assert method
    assert re.match(r"`[a-z0-9_/]+(\.py|/)`", module)
    assert YEAR.search(source), source


def test_no_module_of_inference_that_rests_on_a_paper_is_missing() -> None:
    missing = []
    for path in sorted((ROOT / "analysis" / "inference").rglob("*.py")):
        name = path.relative_to(ROOT / "analysis").as_posix()
        sources = re.findall(r"^ *Source\n *-+\n((?: *\S.*\n)+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        named = name in NAMED or any(folder.endswith("/") and name.startswith(folder) for folder in NAMED)
        if any(YEAR.search(one) for one in sources) and not named:
            missing.append(name)
    assert missing == [], "add a row to docs/references.md"


def test_the_citation_is_of_this_version() -> None:
    cited = YAML(typ="safe").load(ROOT / "CITATION.cff")
    assert (cited["cff-version"], cited["type"], cited["license"]) == ("1.2.0", "software", "MIT")
    assert str(cited["version"]) == __version__
    assert cited["title"].startswith("Touchstone")
    assert all(author.get("name") or author.get("family-names") for author in cited["authors"])
