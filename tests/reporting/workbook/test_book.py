"""The workbook as a file: the same bytes anywhere, safe cells, names, notes, print set-up, what it says of itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import openpyxl
import pytest

from analysis.foundation.errors import DesignError, UnknownName
from analysis.reporting.naming import forbidden_words
from analysis.reporting.workbook import case_workbook
from analysis.reporting.workbook.inputs_sheet import OWN_NAMES
from analysis.reporting.workbook.sheet import INPUT, money_format, number_format
from analysis.roi.formula import Input, total
from analysis.roi.inputs import Inputs
from analysis.roi.line import Line

HOSTILE = ('=HYPERLINK("http://x","y")', "+1", "-2+3", "@SUM(1)", "http://x/y", "\x07bell\u202e", "x" * 40_000)
EFFECT = {
    "design": "before_after", "estimand": "channel_effect", "outcome": "margin", "scale": "difference", "segment": {},
    "maturity": "mature", "declared": True, "value": 7.72, "low": 4.37, "high": 11.07, "level": 0.95, "grade": "B",
    "unit": "EUR per customer", "n_treated": 8220, "n_comparison": 20000, "claim": "=Said of the margin.",
}  # fmt: skip
RESULTS = {
    "study": "trial",
    "known_at": "2026-09-30T23:00:00Z",
    "provenance": {"params": "sha256:1", "code": "sha256:2", "inputs": {"orders": "sha256:3"}},
    "metrics": [
        {
            "id": "mentions",
            "version": 1,
            "period": "2026-08",
            "segment": {"region": text},
            "value": 12.0,
            "state": "locked",
        }
        for text in HOSTILE
    ]
    + [{"id": "rate", "period": "2026-08", "segment": {}, "value": None, "note": "too few", "state": "provisional"}],
    "effects": [EFFECT, {**EFFECT, "maturity": "interim", "value": 1.0}],
}


@pytest.fixture(scope="module")
def case(workshop):
    return workshop.case_of(workshop.model())


@pytest.fixture(scope="module")
def book(case):
    return case_workbook(case, results=RESULTS, run="0123456789ab")


@pytest.fixture(scope="module")
def sheets(book):
    return openpyxl.load_workbook(BytesIO(book))


def texts(sheet):
    return [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]


def test_the_same_case_gives_the_same_bytes_in_another_folder_and_time_zone(case, book, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    if hasattr(time, "tzset"):
        time.tzset()
    try:
        assert case_workbook(case, results=RESULTS, run="0123456789ab") == book
    finally:
        monkeypatch.undo()
        if hasattr(time, "tzset"):
            time.tzset()


def test_another_process_gives_the_same_bytes(tmp_path):
    """Whatever the seed of Python's hashes, which orders sets of text."""
    script = (
        "import sys, importlib.util as u, hashlib\n"
        f"spec = u.spec_from_file_location('shop', {str(Path(__file__).with_name('conftest.py'))!r})\n"
        "shop = u.module_from_spec(spec); spec.loader.exec_module(shop)\n"
        "from analysis.reporting.workbook import case_workbook\n"
        "print(hashlib.sha256(case_workbook(shop.case_of(shop.made_model(draws=50)))).hexdigest())\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120,
            cwd=Path(__file__).parents[3], env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "America/Adak"))
    }  # fmt: skip
    assert len(found) == 1


def test_no_part_of_the_file_knows_a_clock(book):
    with zipfile.ZipFile(BytesIO(book)) as parts:
        assert {one.date_time for one in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = parts.read("docProps/core.xml").decode()
    assert re.findall(r">(\d{4}-\d\d-\d\dT[^<]*)<", core) == ["2026-09-30T23:00:00Z"] * 2


def test_it_has_the_sheets_that_it_says(sheets, case):
    assert sheets.sheetnames == ["Case", "Assumptions", "Evidence", "Working", "Figures", "Effects", "About"]
    without = openpyxl.load_workbook(BytesIO(case_workbook(case)))
    assert without.sheetnames == ["Case", "Assumptions", "Evidence", "Working", "About"]


def test_texts_from_data_stay_texts(book, sheets):
    with zipfile.ZipFile(BytesIO(book)) as parts:
        assert not [name for name in parts.namelist() if "hyperlink" in parts.read(name).decode().lower() and
                    name.startswith("xl/worksheets/_rels")]  # fmt: skip
    cells = {cell.value: cell for cell in sheets["Figures"]["D"][3:]}
    assert {cell.data_type for cell in cells.values()} == {"s"}
    assert "region: bell" in cells
    said = [cell for cell in sheets["Effects"]["O"] if cell.value == "=Said of the margin."]
    assert [(cell.data_type, cell.quotePrefix) for cell in said] == [("s", True)] * 2
    assert len([cell for sheet in sheets for row in sheet.iter_rows() for cell in row if cell.hyperlink]) == 0


def test_hostile_names_reach_no_formula(workshop, case):
    line = replace(case.model.lines[0], label=HOSTILE[0], owner="@owner", note="=1+1", also_claimed_by=("+1",))
    model = replace(case.model, lines=(line, *case.model.lines[1:]))
    found = case_workbook(workshop.case_of(model), results={**RESULTS, "study": "=1+1"})
    sheet = openpyxl.load_workbook(BytesIO(found))
    formulas = [cell.value for page in sheet for row in page.iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas
    assert not [text for text in formulas if text == "=1+1" or "HYPERLINK" in text or "@" in text]
    assert HOSTILE[0] in texts(sheet["Case"])


def test_every_input_has_a_named_marked_cell_with_its_source(sheets, case):
    page = sheets["Assumptions"]
    for quantity in case.model.inputs.quantities:
        where = sheets.defined_names[quantity.name].attr_text
        assert where.startswith("Assumptions!$B$")
        cell = page[where.partition("!")[2].replace("$", "")]
        assert cell.value == pytest.approx(quantity.base)
        assert cell.fill.fgColor.rgb == "FF" + INPUT.removeprefix("#").upper()
        assert cell.border.left.style == "thin"
        assert quantity.source in cell.comment.text
        if quantity.grade:
            assert f"grade {quantity.grade}" in cell.comment.text
    assert set(OWN_NAMES) < set(sheets.defined_names)


def test_a_value_out_of_its_limits_is_refused_as_it_is_typed(sheets):
    rules = {str(rule.sqref): rule for rule in sheets["Assumptions"].data_validations.dataValidation}
    uptake = sheets.defined_names["uptake"].attr_text.partition("!")[2].replace("$", "")
    assert (float(rules[uptake].formula1), float(rules[uptake].formula2)) == (0, 1)
    assert rules[uptake].errorStyle in (None, "stop")


def test_every_formula_brings_the_value_that_python_found(book, sheets, case, workshop):
    found = workshop.formulas(book)
    for name, value in (("case_npv", case.base.npv), ("case_npv_adjusted", case.adjusted.npv)):
        assert found[workshop.address(book, name)] == pytest.approx(value)
    assert all(value is not None or where[0] == "Case" for where, value in found.items())
    with zipfile.ZipFile(BytesIO(book)) as parts:
        assert b'fullCalcOnLoad="1"' in parts.read("xl/workbook.xml")


def test_simulated_figures_are_values_that_say_so(sheets, case):
    page = sheets["Case"]
    heads = [cell.value for cell in page[5]]
    assert heads[5:8] == ["Low case, simulated", "Middle case, simulated", "High case, simulated"]
    assert [page.cell(6, column).value for column in (6, 7, 8)] == pytest.approx(
        [case.simulated.npv.p5, case.simulated.npv.p50, case.simulated.npv.p95]
    )
    assert any("stay as they are" in text for text in texts(page))


def test_a_claim_past_the_cap_is_the_first_thing_said(workshop, case):
    weak = SimpleNamespace(past_cap=True, sentence="Too little.", shares=case.evidence.shares)
    found = openpyxl.load_workbook(BytesIO(case_workbook(SimpleNamespace(**{**vars(case), "evidence": weak}))))
    cell = found["Case"]["A2"]
    assert (cell.value, cell.font.bold, cell.border.left.style) == ("What may be said.", True, "thick")


def test_the_evidence_tells_effects_money_counted_once_and_what_is_left_out(sheets):
    page = sheets["Evidence"]
    said = texts(page)
    for part in (
        "Said of the margin",
        "taken off: months of one",
        "The parameter roi.cashable.time",
        "A note.",
    ):
        assert any(part in text for text in said), part
    row = next(row for row in page.iter_rows() if row[1].value == "before_after / channel_effect / margin / difference")
    assert [cell.value for cell in row[3:6]] == [7.72, 4.37, 11.07]  # the mature one, not the interim


def test_no_word_of_the_trade_and_no_empty_caption(sheets):
    for sheet in (sheets["Case"], sheets["Evidence"], sheets["About"], sheets["Working"]):
        for text in texts(sheet):
            assert not forbidden_words(text), (sheet.title, text)


def test_every_sheet_prints_one_page_wide_in_landscape(sheets):
    for sheet in sheets:
        assert sheet.page_setup.orientation == "landscape"
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.paperSize == 9
    assert [sheets[name].freeze_panes for name in ("Case", "Assumptions", "Figures")] == ["B2", "B5", "B4"]


def test_a_long_case_prints_over_several_pages_with_its_lines_named_on_each(workshop):
    found = openpyxl.load_workbook(BytesIO(case_workbook(workshop.case_of(workshop.model(20, draws=50)))))["Case"]
    assert found.page_setup.fitToWidth == 2
    assert found.print_title_cols == "$A:$A"


def test_large_amounts_have_room(workshop):
    """Twelve digits, a sign and a currency: no #####."""
    model = workshop.with_base(workshop.model(draws=50), {"contacts": 4e10, "gain": -7.7})
    page = openpyxl.load_workbook(BytesIO(case_workbook(workshop.case_of(model))))["Case"]
    widest = max(len(f"-€{cell.value:,.0f}") for row in page.iter_rows(min_row=6) for cell in row
                 if isinstance(cell.value, float))  # fmt: skip
    assert widest >= 16
    assert page.column_dimensions["D"].width > widest
    assert page["D6"].alignment.shrinkToFit


def test_the_xml_is_whole(book):
    with zipfile.ZipFile(BytesIO(book)) as parts:
        for name in parts.namelist():
            if name.endswith((".xml", ".rels", ".vml")):
                ElementTree.fromstring(parts.read(name))


@pytest.mark.parametrize(
    ("currency", "locale", "shown"),
    [
        ("EUR", "en_GB", '"€"#,##0;-"€"#,##0;"–"'),
        ("EUR", "de_DE", '#,##0 "€";-#,##0 "€";"–"'),
        ("CHF", "en_GB", '"CHF" #,##0;-"CHF" #,##0;"–"'),
        ("USD", "en_US", '"$"#,##0;-"$"#,##0;"–"'),
    ],
)
def test_money_is_written_as_its_locale_does(currency, locale, shown):
    assert money_format(currency, locale) == shown


@pytest.mark.parametrize(
    ("value", "unit", "form"),
    [(0.004, "share", "0.00%"), (0.4, "share", "0.0%"), (1234.5, "EUR per year", '"€"#,##0;-"€"#,##0'),
     (3.5, "EUR per issue", '"€"#,##0.00;-"€"#,##0.00'), (2.0, "issues", "#,##0"), (2.5, "issues", "0.00"),
     (123.4, "minutes", "0.0"), (-0.0578, "issues per contact", "0.0000")],
)  # fmt: skip
def test_an_input_is_written_as_its_unit_asks(value, unit, form):
    assert number_format(value, unit) == form


def test_a_case_without_lines_has_no_workbook(case):
    bare = SimpleNamespace(**{**vars(case), "model": SimpleNamespace(lines=())})
    with pytest.raises(DesignError, match="A case without lines has no workbook"):
        case_workbook(bare)


def test_an_input_that_bears_a_name_of_the_workbook_is_refused(workshop, case):
    extra = replace(case.model.inputs.quantities[0], name="discount_rate")
    inputs = Inputs((*case.model.inputs.quantities, extra), case.model.inputs.together)
    with pytest.raises(DesignError, match="needs the name `discount_rate` for a cell of its own"):
        case_workbook(workshop.case_of(replace(case.model, inputs=inputs)))


def test_a_locale_that_is_not_there_is_refused(case):
    with pytest.raises(UnknownName):
        case_workbook(case, locale="xx_YY")


def test_a_formula_too_long_for_a_cell_is_refused_whole(workshop, case):
    wordy = replace(case.model.inputs.quantities[2], name="contacts_" + "counted_" * 22 + "in_all")
    long = Line(
        id="long", label="Long", side="cost", kind="cost", grade=None, account="cost",
        by_year=(0, *[total([Input(wordy.name)] * 45)] * 3),
    )  # fmt: skip
    inputs = Inputs((*case.model.inputs.quantities, wordy), case.model.inputs.together)
    model = replace(case.model, inputs=inputs, lines=(*case.model.lines, long))
    with pytest.raises(DesignError, match=r"Sheet Case, row \d+: its formula has"):
        case_workbook(workshop.case_of(model))


def test_a_case_without_benefits_or_costs_still_adds_up(workshop, case):
    for side in ("benefit", "cost"):
        lines = tuple(line for line in case.model.lines if line.side == side)
        found = case_workbook(workshop.case_of(replace(case.model, lines=lines)))
        values = workshop.formulas(found)
        assert values[workshop.address(found, "case_roi")] == ("no costs" if side == "benefit" else -1)
