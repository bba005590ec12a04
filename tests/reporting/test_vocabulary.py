"""One list of words that no page may hold: it covers what was agreed, the glossary has each, and pages keep to it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from analysis.foundation.errors import TouchstoneError
from analysis.reporting import charts, tables
from analysis.reporting.charts import NothingToDraw
from analysis.reporting.naming import forbidden_words, in_plain_words
from analysis.reporting.summary import summary
from analysis.reporting.vocabulary import ANY_CASE, FORBIDDEN_ON_PAGES, METHODS, SAID_PLAINER
from tests.reporting import planted_case, planted_designs, planted_tests

PROJECT = Path(__file__).parents[2]
AGREED = ("ATT", "DiD", "CUPED", "estimand", "Moments", "pre-trend", "P5", "P50", "P95", "TEI", "ledger")
GLOSSARY = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| in code")
]


def test_the_list_holds_what_was_agreed() -> None:
    assert set(AGREED) <= set(FORBIDDEN_ON_PAGES)
    assert set(ANY_CASE) <= {*FORBIDDEN_ON_PAGES, *SAID_PLAINER}


@pytest.mark.parametrize("word", FORBIDDEN_ON_PAGES)
def test_each_word_has_its_row_in_the_glossary(word: str) -> None:
    rows = [row for row in GLOSSARY if forbidden_words(row[0]) and word in forbidden_words(row[0])]
    assert rows, f"docs/glossary.md has no row for `{word}`"
    for row in rows:
        assert len(row) == 3
        assert not forbidden_words(row[1]), "what pages say instead is no such word"
        assert len(row[2].split()) >= 4


@pytest.mark.parametrize("word", FORBIDDEN_ON_PAGES)
def test_each_word_is_found_and_said_otherwise(word: str) -> None:
    sentence = f"So the {word} is this."
    assert forbidden_words(sentence)
    assert not forbidden_words(in_plain_words(sentence))
    assert not forbidden_words(FORBIDDEN_ON_PAGES[word])


def test_words_of_ours_are_none_of_them() -> None:
    assert not forbidden_words(" ".join(METHODS.values()))


@pytest.fixture(scope="module")
def whole(made: ModuleType) -> list[object]:
    """Results of every design, with sentences of studies that hold such words."""
    claim = f"The {', the '.join(AGREED)} of 1,234 customers."
    designs = [planted_designs.service(), planted_designs.adoption(), planted_designs.change_log()]
    held = planted_designs.results(*(planted_designs.with_claims(one, claim) for one in designs))
    held["coverage"]["notes"]["before_after"] = [claim]
    tests = (planted_tests.users(), planted_tests.experiment(), planted_tests.effort(), planted_tests.contacts())
    return [made.results(), planted_case.results(), held, *tests, planted_tests.family(), planted_tests.sheet()]


def test_no_table_holds_one(whole: list[object]) -> None:
    filled = 0
    for name in tables.__all__:
        for found in whole:
            try:
                told = re.sub(r"<[^>]*>", " ", getattr(tables, name)(found).html)
            except (TouchstoneError, TypeError, KeyError, AttributeError):
                continue  # another result's table
            filled += 1
            assert not forbidden_words(told), name
    assert filled > 60


def test_no_summary_for_executives_holds_one(whole: list[object]) -> None:
    for found in whole[:3]:
        assert not forbidden_words(str(summary(found)))  # type: ignore[arg-type]


def test_no_title_and_no_alternative_text_of_a_chart_holds_one(whole: list[object]) -> None:
    drawn = 0
    for name in ("naive_against_adjusted", "arms", "love_plot", "hypotheses", "case_waterfall", "what_moves_it",
                 "effort_paths", "contact_bands", "smallest_effect", "service_bands"):  # fmt: skip
        for found in whole:
            try:
                figure = getattr(charts, name)(found)
            except (NothingToDraw, TouchstoneError, TypeError, KeyError, AttributeError):
                continue
            drawn += 1
            assert not forbidden_words(" ".join([figure.alt, *(text.get_text() for text in figure.texts)])), name
    assert drawn >= 6


@pytest.mark.parametrize("notebook", sorted((PROJECT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_text_of_a_notebook_holds_one(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    assert not forbidden_words(" ".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"))
