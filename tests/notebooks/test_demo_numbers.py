"""Every number that the demo's pages, slides, workbook and PDF show leads to its results."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tracing.heard import heard
from tests.tracing.leaves import Leaves
from tests.tracing.shown import NUMBER, typed_in, units_of_page, units_of_pdf, units_of_slides
from tests.tracing.traces import Page, Traces, noticed


@pytest.fixture(scope="module")
def told(home, results) -> dict[str, Page]:
    """What each page and the slides say, with what was overheard while they were made."""
    leaves = Leaves(results)
    traces = Traces(leaves, heard(home / "heard", leaves))
    report = home / "reports" / "demo"
    units = {page.name: list(units_of_page(page)) for page in sorted(report.glob("*.html"))}
    units["case.pptx"] = list(units_of_slides(report / "case.pptx"))
    return {name: traces.page(found) for name, found in units.items()}


def test_every_number_on_pages_and_slides_leads_to_the_results(told) -> None:
    lost = {name: [str(one) for one in page.lost()] for name, page in told.items()}
    assert {name: found for name, found in lost.items() if found} == {}


def test_nine_in_ten_made_up_numbers_would_be_noticed(told) -> None:
    """200 on each page, of three digits and more, in the place of numbers that are shown; measured: 95 %."""
    rng = np.random.default_rng(1)
    counts = {name: noticed(page, rng) for name, page in told.items()}
    assert sum(found for found, _ in counts.values()) >= 0.9 * sum(planted for _, planted in counts.values()), counts
    assert all(found >= 0.8 * planted for found, planted in counts.values()), counts


def test_every_number_typed_into_the_workbook_leads_to_the_results(home, results) -> None:
    """What the workbook works out itself, by formulas over these, is checked where it is recalculated."""
    leaves = Leaves(results)
    cells = list(typed_in(home / "reports" / "demo" / "case.xlsx"))
    assert len(cells) > 1000
    assert [(where, value) for where, value in cells if value and leaves.why(value) is None] == []


def test_the_pdf_holds_no_number_that_no_page_holds(home) -> None:
    report = home / "reports" / "demo"
    pytest.importorskip("pypdfium2", reason="the PDF's text is read by pypdfium2")
    if not (report / "report.pdf").is_file():
        pytest.skip("this machine makes no PDF: pango is missing")
    said = " ".join(unit.text for page in sorted(report.glob("*.html")) for unit in units_of_page(page))
    shown = {found[0] for found in NUMBER.finditer(said)}
    found = [number[0] for unit in units_of_pdf(report / "report.pdf") for number in NUMBER.finditer(unit.text)]
    assert len(found) > 1000
    strange = [one for one in found if one not in shown and len(one.replace(",", "").replace(".", "")) > 2]
    assert len(strange) <= 0.01 * len(found), strange[:50]
