"""Does a spreadsheet compute what Python computes? LibreOffice, from copies whose values are wrong on purpose.

A copy holds wrong values for all its formulas, and other values in some of its input cells. Recalculated, every formula
of every sheet must show what Python puts into a workbook made for those values. One start of LibreOffice, about ten
seconds.
"""

from __future__ import annotations

import pytest

from analysis.reporting.workbook import case_workbook
from analysis.roi.formula import Input
from analysis.roi.inputs import Inputs
from analysis.roi.line import Line
from analysis.roi.simulation import Model
from analysis.roi.spread import Fixed

CENT = 0.005
CHANGES = {
    "as it is": {},
    "an effect": {"gain": 5.25},
    "a range": {"uptake": 0.45},
    "a rule": {"discount_rate": 0.035},
    "three at once": {"price": 6.0, "cashable": 0.35, "agents": 14_000.0},
    "weaker evidence": {"haircut_b": 0.6, "haircut_c": 0.0},
    "never paid back": {"gain": -3.0, "loss": -5_000.0},
    "paid back at once": {"setup": 0.0, "contacts": 60_000.0},
}
YEARS = {"one year": 1, "twenty years": 20}


def published():
    """The published case of a Total Economic Impact study: Salesloft, by Forrester."""
    costs = (53_150, 666_715, 636_772, 647_783)
    benefits = (0, 1_606_511, 3_061_331, 4_229_760)
    names = {"costs": [f"paid_year_{year}" for year in range(4)], "sales": [f"gained_year_{year}" for year in range(4)]}

    def quantities(workshop):
        pairs = [*zip(names["costs"], costs, strict=True), *zip(names["sales"], benefits, strict=True)]
        return tuple(workshop.quantity(name, "USD", Fixed(value)) for name, value in pairs)

    def model(workshop):
        lines = (
            Line(
                id="programme", label="Costs", side="cost", kind="cost", grade=None, account="cost",
                by_year=tuple(Input(name) for name in names["costs"]),
            ),
            Line(
                id="sales", label="Benefits", side="benefit", kind="margin", grade="E", account="margin",
                by_year=tuple(Input(name) for name in names["sales"]),
            ),
        )  # fmt: skip
        return Model(
            currency="USD", years=3, discount_rate=0.1, inputs=Inputs(quantities(workshop)), lines=lines, draws=100
        )

    return model


@pytest.fixture(scope="module")
def pairs(workshop, office):
    """By name: what Python puts into a workbook for some values, and what LibreOffice computes for them."""
    model = workshop.model()
    book = case_workbook(workshop.case_of(model))
    expected, given = {}, {}
    for name, changes in CHANGES.items():
        expected[name] = case_workbook(workshop.case_of(workshop.with_base(model, changes)))
        given[name] = workshop.spoiled(book, changes)
    for name, years in YEARS.items():
        expected[name] = case_workbook(workshop.case_of(workshop.model(years)))
        given[name] = workshop.spoiled(expected[name])
    expected["published"] = case_workbook(workshop.case_of(published()(workshop)))
    given["published"] = workshop.spoiled(expected["published"])
    computed = office.recalculated(list(given.values()))
    return {name: (expected[name], found) for name, found in zip(given, computed, strict=True)}


@pytest.mark.parametrize("name", [*CHANGES, *YEARS, "published"])
def test_every_formula_computes_what_python_computes(pairs, workshop, name):
    expected, found = map(workshop.formulas, pairs[name])
    assert expected.keys() == found.keys()
    assert len(expected) > 60
    for where, value in expected.items():
        shown = found[where]
        if isinstance(value, int | float):
            assert shown == pytest.approx(value, abs=min(CENT, 1e-9 + 1e-6 * abs(value))), where
        else:
            assert (shown or None) == (value or None), where


def named(workshop, book, name):
    sheet, cell = workshop.address(book, name)
    return workshop.formulas(book)[sheet, cell]


@pytest.mark.parametrize("name", CHANGES)
def test_the_answer_is_that_of_the_model_to_the_cent(pairs, workshop, name):
    model = workshop.with_base(workshop.model(), CHANGES[name])
    case, (_, found) = workshop.case_of(model), pairs[name]
    for table, after in ((case.base, ""), (case.adjusted, "_adjusted")):
        assert named(workshop, found, f"case_npv{after}") == pytest.approx(table.npv, abs=CENT)
        assert named(workshop, found, f"case_roi{after}") == pytest.approx(table.roi, abs=1e-9)
        months = "not within the years" if table.payback_months is None else table.payback_months
        assert named(workshop, found, f"case_payback_months{after}") == (
            months if isinstance(months, str) else pytest.approx(months, abs=1e-6)
        )


def test_the_changes_are_of_every_kind(workshop):
    """The cases above would show nothing if they all came to the same."""
    found = {
        name: workshop.case_of(workshop.with_base(workshop.model(), changes)).base for name, changes in CHANGES.items()
    }
    assert len({round(table.npv) for table in found.values()}) == len(CHANGES) - 1  # evidence moves the adjusted only
    assert found["never paid back"].payback_months is None
    assert found["never paid back"].npv < 0
    assert found["paid back at once"].payback_months == 0


def test_the_published_case_to_the_dollar(pairs, workshop):
    _, found = pairs["published"]
    assert round(named(workshop, found, "case_npv")) == 5_496_170
    assert round(100 * named(workshop, found, "case_roi"), 1) == 328.7
    assert round(named(workshop, found, "case_payback_months"), 2) == 0.68
