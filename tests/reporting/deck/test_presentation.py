"""The slides: what stands on them is in the results, in its place, as text; the same case gives the same bytes."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from pptx import Presentation
from pptx.util import Emu

from analysis.foundation.errors import DesignError, UnknownName
from analysis.reporting.case_words import near
from analysis.reporting.deck import case_deck
from analysis.reporting.naming import forbidden_words
from analysis.reporting.wording import words

NUMBER = re.compile(r"\d[\d,.]*\d|\d")
INCH = 914_400


def opened(deck: bytes) -> Any:
    return Presentation(BytesIO(deck))


def texts_of(slide: Any) -> Iterator[str]:
    """Every text that is shown on a slide, in boxes, tables and charts."""
    for shape in slide.shapes:
        if shape.has_text_frame:
            yield from (paragraph.text for paragraph in shape.text_frame.paragraphs)
        elif shape.has_table:
            yield from (cell.text for row in shape.table.rows for cell in row.cells)
        elif shape.has_chart:
            yield from map(str, shape.chart.plots[0].categories)
            yield from ("".join(letters.itertext()) for letters in shape.chart._chartSpace.iter(f"{{{A}}}t"))


A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def everything(deck: bytes) -> str:
    return "\n".join(text for slide in opened(deck).slides for text in texts_of(slide))


def values_in(found: Any) -> Iterator[Any]:
    """All numbers and texts of a nest of mappings and lists."""
    if isinstance(found, dict):
        for one in found.values():
            yield from values_in(one)
    elif isinstance(found, list | tuple):
        for one in found:
            yield from values_in(one)
    elif found is not None and not isinstance(found, bool):
        yield found


def shown_as(results: dict[str, Any]) -> set[str]:
    """Every way in which a number of the results can be written on a slide."""
    say, numbers = words(), set[str]()
    for value in values_in(results):
        if isinstance(value, str):
            numbers |= set(NUMBER.findall(value))
            numbers |= {str(int(one)) for one in NUMBER.findall(value) if one.isdigit()}
            for amount in re.findall(r"EUR (\d[\d,]*(?:\.\d+)?)", value):
                numbers |= set(NUMBER.findall(say.money(float(amount.replace(",", "")), "EUR")))
            continue
        written = [
            near(say, value, "EUR"), say.money(value, "EUR", 0), say.money(value, "EUR"), say.number(value),
            say.number(value, 1), say.number(value, 2), say.number(value, 3), say.share(value), say.share(value, 0),
            say.chance(min(max(value, 0), 1)),
        ]  # fmt: skip
        numbers |= {one for text in written for one in NUMBER.findall(text)}
    return numbers


OURS = {str(number) for number in range(13)} | {"95", "90", "14"}
"""Counts of slides, lines and years, and levels."""


@pytest.mark.parametrize("which", ["gaining", "losing"])
def test_every_number_on_a_slide_is_in_the_results(cases: SimpleNamespace, which: str) -> None:
    case = getattr(cases, which)()
    results = cases.results_of(case, promises=[cases.promise("sales", "below", (100.0, None, None, None))])
    said = everything(case_deck(case, results, run="abc"))
    unknown = set(NUMBER.findall(said)) - shown_as(results) - OURS
    assert not unknown
    assert near(words(), case.npv.p50, "EUR").lstrip("−") in said
    assert len(NUMBER.findall(said)) > 100, "there is something to look for"


def test_numbers_that_are_not_in_the_results_would_be_found(cases: SimpleNamespace) -> None:
    results = cases.results_of(cases.gaining())
    assert {"98,765", "12.34"} - shown_as(results) - OURS == {"98,765", "12.34"}


def test_slides_and_their_titles(cases: SimpleNamespace) -> None:
    case = cases.gaining()
    slides = opened(case_deck(case, cases.results_of(case), run="abc")).slides
    titles = [slide.shapes.title.text for slide in slides]
    assert len(slides) == 5
    assert titles[0].startswith("Keep: €10,500 net gain in the middle case")
    assert titles[1] == "98.0\xa0% of the benefits rest on grade B: comparison that passed its checks"
    assert titles[2] == "€30,400 of benefits against €19,900 of costs over 3 years"
    last = list(texts_of(slides[4]))
    assert "Nothing was promised yet, so there is no slide of what was promised and what came." in last
    assert "head of customer value" in last
    for number, slide in enumerate(slides, start=1):
        shown = list(texts_of(slide))
        assert "trial · run abc · provisional · evidence: grade B, comparison that passed its checks" in shown
        assert f"{number} / 5" in shown


def test_a_loss_is_said_as_plainly(cases: SimpleNamespace) -> None:
    case = cases.losing()
    slides = opened(case_deck(case, cases.results_of(case, 2.0))).slides
    assert re.match(r"Stop: €[\d,]+ net loss in the middle case", slides[0].shapes.title.text)
    assert "not within the years" in list(texts_of(slides[0]))
    assert "turns the loss into a gain" in slides[3].shapes.title.text


def test_past_the_cap_it_is_a_plan_and_no_finding(cases: SimpleNamespace) -> None:
    results = cases.results_of(cases.gaining())
    results["roi"]["evidence"] |= {"past_cap": True, "weak": 0.62, "cap": 0.3}
    slides = opened(case_deck(results, results)).slides
    assert slides[0].shapes.title.text.startswith("A plan, not a finding.")
    assert slides[1].shapes.title.text == (
        "Too much rests on weak evidence: 62.0\xa0% of the benefits, where 30\xa0% are allowed"
    )


def test_what_was_promised_has_a_slide_of_its_own(cases: SimpleNamespace) -> None:
    case = cases.gaining()
    rows = [
        cases.promise("a", "draft"),
        cases.promise("b", "no outcome yet"),
        cases.promise("c", "below", (100.0, None)),
    ]
    slides = opened(case_deck(case, cases.results_of(case, promises=rows))).slides
    assert len(slides) == 6
    assert slides[3].shapes.title.text == "1 of 2 promises came below the promised range"
    (chart,) = [shape.chart for shape in slides[3].shapes if shape.has_chart]
    series = {one.name: list(one.values) for one in chart.plots[0].series}
    assert series["Promised"] == [2000.0, 2000.0]
    assert series["Came"] == [100.0, None]
    assert "Promise c, EUR a period" in list(texts_of(slides[3]))
    drafts = opened(case_deck(case, cases.results_of(case, promises=rows[:1]))).slides
    assert len(drafts) == 5
    assert any("is a draft" in text for text in texts_of(drafts[4]))


def test_charts_are_native_and_add_up(cases: SimpleNamespace) -> None:
    """The net bar ends where benefits and costs lead: 30,439 − 19,921 = 10,518."""
    case = cases.gaining()
    slides = opened(case_deck(case, cases.results_of(case))).slides
    charts = [[shape.chart for shape in slide.shapes if shape.has_chart] for slide in slides]
    assert [len(found) for found in charts] == [0, 1, 1, 1, 0]
    series = {one.name: list(one.values)[::-1] for one in charts[2][0].plots[0].series}
    assert series["neutral"][-1] == pytest.approx(case.base.npv)
    gains = sum(series["benefit"]) + sum(series["benefit, below zero"])
    spent = sum(series["cost"]) - sum(series["cost, below zero"])
    assert gains == pytest.approx(case.base.benefits.present_value)
    assert spent == pytest.approx(case.base.costs.present_value)
    assert gains - spent == pytest.approx(case.base.npv)
    shares = {one.name: list(one.values)[::-1] for one in charts[1][0].plots[0].series}
    assert sum(shares["benefit"]) + sum(shares["cost"]) == pytest.approx(1)


def test_bars_below_zero_and_across_it(cases: SimpleNamespace) -> None:
    """5,970 + 597 of benefits, less 14,900 of agents: the bar of agents goes from 6,567 to below zero."""
    case = cases.losing()
    slides = opened(case_deck(case, cases.results_of(case, 2.0))).slides
    (chart,) = [shape.chart for shape in slides[2].shapes if shape.has_chart]
    series = {one.name: list(one.values)[::-1] for one in chart.plots[0].series}
    benefits, agents = case.base.benefits.present_value, case.base.row("agents").present_value
    assert series["not drawn"][2] == 0
    assert series["cost"][2] == pytest.approx(benefits)
    assert series["cost, below zero"][2] == pytest.approx(benefits - agents)
    assert series["not drawn"][3] == pytest.approx(benefits - agents)
    assert series["neutral, below zero"][-1] == pytest.approx(case.base.npv)


@pytest.mark.parametrize("which", ["gaining", "losing", "many_years", "hostile"])
def test_nothing_overlaps_and_nothing_stands_off_the_slide(cases: SimpleNamespace, which: str) -> None:
    made = getattr(cases, which)()
    results = made if which == "hostile" else cases.results_of(made)
    deck = opened(case_deck(made, results, run="abc"))
    for slide in deck.slides:
        boxes = []
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
            if shape.has_table:
                assert sum(row.height for row in shape.table.rows) <= shape.height + Emu(100)
            boxes.append((shape.name, shape.left, shape.top, shape.left + shape.width, shape.top + shape.height))
        for place, (name, left, top, right, bottom) in enumerate(boxes):
            for other, from_left, from_top, from_right, from_bottom in boxes[place + 1 :]:
                wide = min(right, from_right) - max(left, from_left)
                high = min(bottom, from_bottom) - max(top, from_top)
                assert wide <= 0.01 * INCH or high <= 0.01 * INCH, (slide.shapes.title.text, name, other)


@pytest.mark.parametrize("which", ["gaining", "hostile"])
def test_no_type_is_under_14_points(cases: SimpleNamespace, which: str) -> None:
    made = getattr(cases, which)()
    for slide in opened(case_deck(made, made if which == "hostile" else cases.results_of(made))).slides:
        sizes = [int(run.get("sz")) for run in slide._element.iter(f"{{{A}}}rPr") if run.get("sz")]
        for shape in slide.shapes:
            if shape.has_chart:
                sizes += [int(one.get("sz")) for one in shape.chart._chartSpace.iter() if one.get("sz")]
        assert sizes
        assert min(sizes) >= 1400


def test_hostile_text_is_text(cases: SimpleNamespace) -> None:
    found = cases.hostile()
    deck = case_deck(found, found, run="abc")
    said = everything(deck)
    assert "=HYPERLINK" in said
    assert not set(said) & set("\x07\x1b\u202e")
    with zipfile.ZipFile(BytesIO(deck)) as parts:
        assert parts.testzip() is None
        behind = [name for name in parts.namelist() if name.endswith(".xlsx")]
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                text = parts.read(name).decode()
                assert "hlink" not in text.replace('hlink="hlink"', "").replace("<a:hlink>", "").replace(
                    "</a:hlink>", ""
                )
                assert 'TargetMode="External"' not in text
        assert behind
        for name in behind:
            cells = openpyxl.load_workbook(BytesIO(parts.read(name))).active
            assert all(cell.data_type != "f" and cell.hyperlink is None for row in cells.iter_rows() for cell in row)


def test_charts_and_tables_say_what_they_show(cases: SimpleNamespace) -> None:
    case = cases.gaining()
    for slide in opened(case_deck(case, cases.results_of(case))).slides:
        for shape in slide.shapes:
            if shape.has_chart or shape.has_table:
                assert len(shape._element.nvGraphicFramePr.cNvPr.get("descr")) > 20


def test_notes_say_where_numbers_come_from(cases: SimpleNamespace) -> None:
    case = cases.gaining()
    results = cases.results_of(case)
    notes = [slide.notes_slide.notes_text_frame.text for slide in opened(case_deck(case, results)).slides]
    assert all(note.startswith("Where the numbers come from, by the keys of results.json:") for note in notes)
    assert all(len(note.splitlines()) > 2 for note in notes)
    assert "roi.npv.p50" in notes[0]
    for note in notes:
        for path in re.findall(r"(?<=: )roi\.[\w.]*\w", note):
            held: Any = results
            for key in path.split("."):
                held = held[key]


def test_words_are_plain(cases: SimpleNamespace) -> None:
    case = cases.gaining()
    assert not forbidden_words(everything(case_deck(case, cases.results_of(case))))


def test_the_same_case_gives_the_same_bytes_and_is_not_changed(cases: SimpleNamespace) -> None:
    case = cases.gaining()
    results = cases.results_of(case)
    before = copy.deepcopy(results)
    first = case_deck(case, results, run="abc")
    assert first == case_deck(case, results, run="abc") == case_deck(results, results, run="abc")
    assert results == before
    assert first != case_deck(case, results, run="abd")
    with zipfile.ZipFile(BytesIO(first)) as parts:
        assert {one.date_time for one in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert len(parts.namelist()) == len(set(parts.namelist()))
    assert opened(first).core_properties.created.isoformat().startswith("2026-10-01")
    assert opened(case_deck(case)).core_properties.created.year == 2000


def test_numbers_are_written_as_the_locale_does(cases: SimpleNamespace) -> None:
    case = cases.gaining()
    titles = [slide.shapes.title.text for slide in opened(case_deck(case, locale="de_DE")).slides]
    assert titles[2] == "30.400\xa0€ of benefits against 19.900\xa0€ of costs over 3 years"
    with pytest.raises(UnknownName, match="xx_YY"):
        case_deck(case, locale="xx_YY")


def test_without_a_case_there_are_no_slides() -> None:
    with pytest.raises(DesignError, match="no case in money"):
        case_deck({"roi": None, "effects": []})


def test_an_office_program_shows_them_all(cases: SimpleNamespace, tmp_path: Path) -> None:
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        reason = "No LibreOffice was found; it shows that an office program can open the slides."
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(reason)
    found = cases.hostile()
    (tmp_path / "case.pptx").write_bytes(case_deck(found, found, run="abc"))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), "case.pptx"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=180, check=True)
    pages = re.findall(rb"/Type\s*/Page\b", (tmp_path / "case.pdf").read_bytes())
    assert len(pages) == 6


def test_a_case_without_a_counted_benefit_or_a_range_says_so(cases: SimpleNamespace) -> None:
    results = cases.results_of(cases.losing(), 2.0)
    case = results["roi"]
    case["evidence"] |= {"share_by_grade": dict.fromkeys("ABCDE", 0.0), "weak": 0.0}
    for row in [*case["benefits"], *case["decision"]["lines"], *case["tei"]["rows"]]:
        row["counted"] = row.get("side") == "cost"
    case["tornado"], case["break_even"] = [], []
    case["value_of_information"] |= {"everything": 0.0, "by_study": [], "by_input": []}
    slides = opened(case_deck(results, results)).slides
    assert [slide.shapes.title.text for slide in slides][1:] == [
        "No benefit is counted, so there is no evidence to weigh",
        "€6,570 of benefits against €19,900 of costs over 3 years",
        "No input has a range, so nothing is known of what could turn the case",
        "Nothing that could be found out would change the decision",
    ]
    assert "No counted benefit rests on a measured effect." in list(texts_of(slides[1]))
    assert "No benefit is counted, so there is nobody to name." in list(texts_of(slides[4]))
    assert not [shape for shape in slides[3].shapes if shape.has_chart]
