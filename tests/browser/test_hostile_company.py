"""A company whose every text is an attack gets its whole report, and every text of it is shown as text. 20 seconds."""

from __future__ import annotations

import html
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from analysis.reporting.formats import plain
from analysis.runner.run import run_study
from tests.browser.hostile import NUL, STRINGS, mark, parameters, plant
from tests.browser.open import Looks

CUSTOMERS, SEED = 150, 5
ALLOWED = re.compile(r"#[\w-]+|[\w./-]+\.(?:html(?:#[\w-]+)?|xlsx|pptx|pdf|json|ipynb|csv|parquet|txt|zip)")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile")
    (home / "params").mkdir()
    renamed = plant(home / "data", customers=CUSTOMERS, seed=SEED)
    params = home / "params" / "hostile.yaml"
    params.write_text(parameters(renamed), encoding="utf-8")
    return run_study(params).report


@pytest.fixture(scope="module")
def pages(report: Path) -> list[Path]:
    found = sorted(report.glob("*.html"))
    assert len(found) >= 10
    return [*found, report.parent / "index.html"]


def test_no_page_acts_leaks_or_bursts(looks: Looks, pages: list[Path]) -> None:
    assert [fault for page in pages for fault in looks.laid_out(page)] == []


def test_no_page_holds_an_element_or_an_address_made_by_a_text(pages: list[Path]) -> None:
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(?:script|svg|iframe|object|embed|form|input|textarea)\b", text)
        for written in re.findall(r'\b(?:href|srcset|src)="([^"]*)"', text):
            address = html.unescape(written)
            assert ALLOWED.fullmatch(address) or address.startswith("data:image/png;base64,"), address[:80]
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\x00-\x08\x0b-\x1f]", text)


def test_every_string_is_shown_as_it_stands(looks: Looks, pages: list[Path]) -> None:
    shown = " ".join(plain(looks.words(page), 2_000_000) for page in pages)
    seen = {one for one in STRINGS if mark(one) in shown}
    assert len(seen) >= 22, sorted(mark(one) for one in set(STRINGS) - seen)
    for one in seen:
        assert plain(one, 20).rstrip("…") in shown, mark(one)


def test_no_document_holds_a_formula_a_link_or_a_part_made_by_a_text(report: Path) -> None:
    for book in report.glob("*.xlsx"):
        for sheet in openpyxl.load_workbook(book):
            for row in sheet.iter_rows():
                for cell in row:
                    assert not (cell.data_type == "f" and "zq" in str(cell.value)), (sheet.title, cell.coordinate)
                    assert cell.hyperlink is None or "example" not in str(cell.hyperlink.target)
    for file in [*report.glob("*.xlsx"), *report.glob("*.pptx")]:
        with zipfile.ZipFile(file) as parts:
            linked = " ".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".rels"))
        assert "example.com" not in linked
        assert "javascript:" not in linked


def test_no_cell_of_a_csv_begins_a_formula(report: Path) -> None:
    for file in report.rglob("*.csv"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r'(?:^|,)"?[=@+-][^",\n]*zq', text, flags=re.MULTILINE), file.name


def test_a_text_that_holds_nul_is_never_shown_with_it() -> None:
    assert plain(NUL) == "zq25after"
