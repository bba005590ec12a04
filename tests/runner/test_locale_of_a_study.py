"""Whatever a study's parameters say of its locale is what its notebook, its pages and its place in the index speak."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.foundation.errors import InputError
from analysis.reporting.formats import locale_in_force, speak, speaking
from analysis.reporting.site import write_index
from analysis.runner import pages
from analysis.runner.opening import open_study, prepare_study

PARAMS = "study: trial\ndata: {folder: data}\nreport: {locale: de_DE, currency: EUR}\n"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    speak("en_GB")


def written(home: Path, text: str) -> None:
    (home / "params" / "trial.yaml").write_text(text, encoding="utf-8")


def everything(home: Path) -> set[Path]:
    return set(home.rglob("*"))


def test_opening_a_study_sets_the_locale_and_the_next_one_its_own(home: Path) -> None:
    written(home, PARAMS)
    with open_study("params/trial.yaml"):
        assert locale_in_force() == "de_DE"
    written(home, PARAMS.replace("de_DE", "en_US"))
    with open_study("params/trial.yaml"):
        assert locale_in_force() == "en_US"
        with speaking("fr_FR"):
            assert locale_in_force() == "fr_FR"


def test_pages_are_made_in_the_locale_of_their_study_and_no_other(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken: list[str] = []
    monkeypatch.setattr(pages, "_pages", lambda *given: spoken.append(locale_in_force()))
    for name in ("de_DE", "sv_SE"):
        written(home, PARAMS.replace("de_DE", name))
        with prepare_study("params/trial.yaml") as study:
            pages.render_pages(study, "run", ())
    assert spoken == ["de_DE", "sv_SE"]
    assert locale_in_force() == "en_GB"


@pytest.mark.parametrize("fault", ["locale: de_XX", "locale: klingon", "currency: EURO", "currency: ZZZ"])
def test_an_unknown_locale_or_currency_is_refused_before_anything_is_written(home: Path, fault: str) -> None:
    written(home, f"study: trial\ndata: {{folder: data}}\nreport: {{{fault}}}\n")
    before = everything(home)
    with pytest.raises(InputError, match=f"report.{fault.partition(':')[0]}: there is no"):
        prepare_study("params/trial.yaml")
    assert everything(home) == before


def test_each_report_stands_in_the_index_in_its_own_locale(tmp_path: Path) -> None:
    row: dict[str, Any] = {
        "design": "before_after", "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
        "outcome": "orders", "segment": {}, "scale": "ratio", "value": 1.085, "low": 1.0601, "high": 1.1099,
        "level": 0.975, "unit": "ratio", "grade": "B", "reason": None, "claim": "", "checks": [],
        "n_treated": 1, "n_comparison": 1, "maturity": "mature", "declared": True,
    }  # fmt: skip
    for name, locale in (("berlin", "de_DE"), ("london", "en_GB")):
        folder = tmp_path / name
        folder.mkdir()
        results: dict[str, Any] = {
            "study": name,
            "period": None,
            "effects": [row],
            "metrics": [],
            "roi": None,
            "coverage": {},
        }
        (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
        (folder / "manifest.json").write_text(json.dumps({"study": name, "files": {}}), encoding="utf-8")
        (folder / "params.json").write_text(json.dumps({"report": {"locale": locale}}), encoding="utf-8")
    index = write_index(tmp_path).read_text(encoding="utf-8")
    assert index.count("97,5\xa0% interval") == index.count("97.5\xa0% interval") == 1
