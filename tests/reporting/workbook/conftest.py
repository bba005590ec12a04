"""A made-up case that uses every kind of formula and range, and LibreOffice to compute it again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest

from analysis.roi.built import NotCounted
from analysis.roi.evidence import evidence
from analysis.roi.exclusive import Pair
from analysis.roi.formula import Input, larger, smaller
from analysis.roi.inputs import Inputs, Together
from analysis.roi.line import Line
from analysis.roi.quantity import Quantity
from analysis.roi.simulation import Model, simulated
from analysis.roi.spread import Fixed, Normal, Pert, Spread, Triangular
from analysis.roi.tei import base_case, risk_adjusted

RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>"""
"""LibreOffice otherwise shows the values that a file brings along."""

WRONG = "987654.321"


def quantity(name: str, unit: str, spread: Spread, **more: object) -> Quantity:
    given = {"label": name.replace("_", " "), "origin": "stated", "source": "Finance, budget round", **more}
    return Quantity(name=name, unit=unit, spread=spread, **given)


def study(outcome: str) -> dict[str, str]:
    return {
        "origin": "study",
        "source": f"before_after: {outcome}",
        "effect": f"before_after/channel_effect/{outcome}/difference",
    }


def made_model(years: int = 3, draws: int = 2_000) -> Model:
    """Every operation, every shape, cut normals, names that are functions of a spreadsheet, both sides of a range."""
    gain, issues, contacts, uptake, rate, price, cashable = map(
        Input, ("gain", "issues", "contacts", "uptake", "rate", "price", "cashable")
    )
    share = {"low_limit": 0, "high_limit": 1}
    quantities = (
        quantity("gain", "EUR per contact", Normal(7.72, 1.7), grade="B", **study("margin")),
        quantity("issues", "issues per contact", Normal(0.043, 0.02), grade="C", **study("issues")),
        quantity("contacts", "contacts per year", Fixed(4110), origin="measured"),
        quantity("uptake", "share", Triangular(0.4, 0.6, 0.7), dated="2026-03-31", **share),
        quantity("price", "EUR per issue", Pert(5, 8.4, 14)),
        quantity("cashable", "share", Normal(0.8, 0.3), **share),
        quantity("loss", "EUR per year", Normal(-400, 150), high_limit=-50),
        quantity("agents", "EUR per year", Triangular(11000, 11664, 15000)),
        quantity("setup", "EUR", Fixed(10000)),
        quantity("rate", "share", Pert(0, 0.02, 0.1), low_limit=0),
    )
    saved = issues * contacts * price
    later = range(years - 1)
    lines = (
        Line(
            id="repurchase", label="Margin after a contact", side="benefit", kind="margin", grade="B", account="margin",
            owner="Head of CRM", fiscal_quarter="FY27 Q1", note="Six months after the contact only.",
            by_year=(0, gain * contacts * uptake, *[gain * contacts for _ in later]),
        ),
        Line(
            id="issues_avoided", label="Issues avoided", side="benefit", kind="cashable", grade="C",
            account="support_cost", also_claimed_by=("Chatbot",), by_year=(0, *[saved * cashable] * years),
        ),
        Line(
            id="harm", label="Customers who leave", side="benefit", kind="margin", grade="E", account="margin",
            by_year=(0, *[Input("loss")] * years),
        ),
        Line(
            id="issue_time", label="Time set free", side="benefit", kind="capacity", grade="E", account="support_cost",
            counted=False, by_year=(0, *[larger(saved * (1 - cashable), 0)] * years),
        ),
        Line(
            id="setup_cost", label="Implementation", side="cost", kind="cost", grade=None, account="programme",
            by_year=(Input("setup"), *[0] * years),
        ),
        Line(
            id="agents_cost", label="Agents", side="cost", kind="cost", grade=None, account="programme",
            by_year=(0, *[Input("agents") - -(rate / (1 + rate))] * years),
        ),
        Line(
            id="induced_demand", label="Contacts that an answer brings", side="cost", kind="cost", grade=None,
            account="support_cost", by_year=(0, *[rate * contacts * smaller(price, 12)] * years),
        ),
    )  # fmt: skip
    together = Together(("gain", "issues"), [[1.7**2, -0.01], [-0.01, 0.02**2]])
    return Model(
        currency="EUR", years=years, discount_rate=0.1, inputs=Inputs(quantities, (together,)), lines=lines,
        haircuts={"B": 0.1, "C": 0.25, "D": 0.5, "E": 0.5}, draws=draws, seed=1,
    )  # fmt: skip


def case_of(model: Model) -> SimpleNamespace:
    """What a workbook reads of a case."""
    base = base_case(model)
    shared = Pair(
        earlier="repurchase", later="harm", purse="margin", verdict="shared", share=0.12, months_both=120,
        months_later=1000, reason="months of one against months of the other",
    )  # fmt: skip
    return SimpleNamespace(
        model=model,
        base=base,
        adjusted=risk_adjusted(model),
        simulated=simulated(model),
        evidence=evidence(base),
        claim="What may be said.",
        exclusion=SimpleNamespace(pairs=(shared,)),
        not_counted=(NotCounted(line="issue_time", label="Time", reason="No share.", parameter="roi.cashable.time"),),
        notes=("A note.",),
    )


def with_base(model: Model, changes: Mapping[str, float]) -> Model:
    """The model with another base value of some inputs, their ranges as they were; or another rule."""
    changes = dict(changes)
    rules = {"discount_rate": changes.pop("discount_rate", model.discount_rate), "haircuts": dict(model.haircuts)}
    for grade in "ABCDE":
        if (name := f"haircut_{grade.lower()}") in changes:
            rules["haircuts"][grade] = changes.pop(name)
    middle = {Fixed: "value", Normal: "mean", Triangular: "mode", Pert: "mode"}
    quantities = tuple(
        replace(one, spread=replace(one.spread, **{middle[type(one.spread)]: changes.pop(one.name)}))
        if one.name in changes
        else one
        for one in model.inputs.quantities
    )
    assert not changes
    return replace(model, inputs=Inputs(quantities, model.inputs.together), **rules)


def formulas(book: bytes) -> dict[tuple[str, str], object]:
    """The value that a workbook brings along for each of its formulas, by sheet and address."""
    live = openpyxl.load_workbook(BytesIO(book))
    shown = openpyxl.load_workbook(BytesIO(book), data_only=True)
    return {
        (sheet.title, cell.coordinate): shown[sheet.title][cell.coordinate].value
        for sheet in live.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def address(book: bytes, name: str) -> tuple[str, str]:
    """The sheet and the address of a named cell."""
    sheet, _, cell = openpyxl.load_workbook(BytesIO(book)).defined_names[name].attr_text.partition("!")
    return sheet, cell.replace("$", "")


def spoiled(book: bytes, changes: Mapping[str, float] | None = None) -> bytes:
    """A copy in which every value of a formula is wrong on purpose, and some inputs are other ones."""
    sheets = openpyxl.load_workbook(BytesIO(book)).sheetnames
    changed = {address(book, name): value for name, value in (changes or {}).items()}
    copy = BytesIO()
    with zipfile.ZipFile(BytesIO(book)) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            text = old.read(part)
            if found := re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", part):
                text = _spoil(text.decode(), sheets[int(found[1]) - 1], changed).encode()
            new.writestr(part, text)
    return copy.getvalue()


def _spoil(text: str, sheet: str, changed: Mapping[tuple[str, str], float]) -> str:
    text = re.sub(r' t="str"(><f>[^<]*</f>)<v>[^<]*</v>', rf"\1<v>{WRONG}</v>", text)
    text, count = re.subn(r"(</f>)<v>[^<]*</v>", rf"\1<v>{WRONG}</v>", text)
    assert count == text.count("</f>")  # all of them
    for (where, cell), value in changed.items():
        if where == sheet:
            text, count = re.subn(rf'(<c r="{cell}"[^>]*>)<v>[^<]*</v>', rf"\g<1><v>{value!r}</v>", text)
            assert count == 1, cell
    return text


class Office:
    """LibreOffice, told to compute every workbook anew when it opens it."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        profile = folder / "profile" / "user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(RECALCULATE)

    def recalculated(self, books: Sequence[bytes]) -> list[bytes]:
        """The workbooks as LibreOffice computes them."""
        given, out = self.folder / "given", self.folder / "out"
        given.mkdir(exist_ok=True)
        files = [given / f"book{number}.xlsx" for number in range(len(books))]
        for file, book in zip(files, books, strict=True):
            file.write_bytes(book)
        command = [
            self.program, f"-env:UserInstallation={(self.folder / 'profile').as_uri()}", "--headless", "--convert-to",
            "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out), *map(str, files),
        ]  # fmt: skip
        subprocess.run(command, capture_output=True, timeout=180, check=True)
        return [(out / file.name).read_bytes() for file in files]


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found is None:
        reason = "No LibreOffice was found; it shows that the workbook computes what Python computes."
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(reason)
    return Office(found, tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="session")
def workshop() -> SimpleNamespace:
    """What tests of the workbook make and read it with."""
    return SimpleNamespace(
        model=made_model, case_of=case_of, with_base=with_base, formulas=formulas, spoiled=spoiled, address=address,
        quantity=quantity, WRONG=float(WRONG),
    )  # fmt: skip
