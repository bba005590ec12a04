"""The page and the schema are made from the model, and the page in `docs` is the one the model makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from analysis.runner.params_model import Params
from analysis.runner.params_page import parameters_page

PAGE = Path(__file__).parents[2] / "docs" / "parameters.md"


def test_the_page_is_the_one_the_model_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == parameters_page(), (
        "Write it again: touchstone params > docs/parameters.md"
    )


def test_every_key_of_the_model_stands_on_the_page_with_its_meaning() -> None:
    page, schema = parameters_page(), Params.json_schema()
    for section in (schema, *schema["$defs"].values()):
        for key in section.get("properties", {}):
            row = next(line for line in page.splitlines() if line.startswith(f"| `{key}` |"))
            assert row.split("|")[4].strip(), key


def test_sections_of_the_contract_are_all_there() -> None:
    named = "study period as_of data previous designs index comparison outcomes segments strata metrics close"
    assert set(f"{named} roi hypotheses report seed".split()) <= set(Params.json_schema()["properties"])


def test_a_period_may_be_short_in_the_schema() -> None:
    kinds = [one.get("type", "section") for one in Params.json_schema()["properties"]["period"]["anyOf"]]
    assert kinds == ["string", "array", "section"]


def test_the_model_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Params(study="a").seed = 2  # type: ignore[misc]
