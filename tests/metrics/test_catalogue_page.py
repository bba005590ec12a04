"""The page of metrics is the one the catalogue makes, and leaves nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.metrics.catalogue import AREAS, Definition, definitions
from analysis.metrics.catalogue_page import BASES, ROLLED_UP, catalogue_page

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def part(metric: str) -> str:
    """What the page says of one metric."""
    return catalogue_page().split(f"\n### `{metric}`\n")[1].split("\n### ")[0].split("\n## ")[0]


def test_the_page_is_the_one_the_catalogue_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue_page(), (
        "Write it again: python -m analysis.metrics.catalogue_page > docs/metrics.md"
    )


def test_every_metric_stands_once_in_its_area() -> None:
    page = catalogue_page()
    places = [page.index(f"\n## {area.capitalize()}\n") for area in AREAS]
    assert places == sorted(places)
    for entry in definitions().values():
        assert page.count(f"\n### `{entry.id}`\n") == 1
        start = places[AREAS.index(entry.area)]
        end = min([place for place in places if place > start], default=len(page))
        assert start < page.index(f"\n### `{entry.id}`\n") < end


@pytest.mark.parametrize("entry", definitions().values(), ids=lambda entry: entry.id)
def test_all_that_the_catalogue_says_of_a_metric_is_on_the_page(entry) -> None:
    said = part(entry.id)
    assert f"version {entry.version}." in said
    for words in (entry.label, entry.question, entry.said, entry.null_rule, entry.target_source or ""):
        assert " ".join(words.split()).replace("*", "\\*").replace("<", "&lt;") in said
    for words in (entry.unit, entry.grain, entry.aggregates, entry.direction, *entry.bases, *entry.needs, *entry.by):
        assert words in said


def test_it_says_what_each_way_of_putting_together_forbids() -> None:
    """Each word that an entry may use for it is explained, and each but the additive forbids something."""
    fields = Definition.model_fields
    assert set(ROLLED_UP) == set(fields["aggregates"].annotation.__args__)
    assert set(BASES) == set(fields["basis"].annotation.__args__)
    assert [kind for kind, (_, never) in ROLLED_UP.items() if never == "—"] == ["additive"]
    assert "never by adding or averaging" in part("first_response_time_median")


def test_a_target_is_given_with_its_source() -> None:
    assert "- target: 0.65 (Socially Devoted (Socialbakers, 2012 and 2013)" in part("response_rate")
    assert "- target: 1 (the field's 1:1 rule: at least one positive" in part("complaints_per_positive")
    assert "- target" not in part("mentions")
