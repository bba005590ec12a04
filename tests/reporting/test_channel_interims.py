"""How old the evidence is, on the page of the before-and-after study and in the summary: interims beside the mature."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.reporting import charts, tables
from analysis.reporting.charts import NotShown
from analysis.reporting.summary import summary
from analysis.reporting.theme import COLOURS, NARROW
from tests.reporting.channel_pages import (
    cells,
    cohorts,
    study,
)
from tests.reporting.drawn_words import assert_words_inside

# Interim and mature


def test_the_interim_stands_beside_the_mature_and_is_marked(made):
    table = tables.interim(study(made))
    shown = cells(table)
    assert list(shown.columns[1:3]) == [
        "Followed 3 months (interim), contacts April 2026 to June 2026",
        "Followed 6 months (time is over), contacts July 2025 to March 2026",
    ]
    assert shown.iloc[0, 2] == "+8 % (+4 to +12 %), grade B"
    assert shown.iloc[0, 3] == "interim, comparison with open questions"
    assert "will change" in table.notes[0]
    mature = replace(study(made), effects=tuple(one for one in study(made).effects if one.maturity == "mature"))
    assert str(tables.interim(mature)).startswith("No contacts are so recent")


def test_past_interims_are_set_beside_what_they_became(made):
    """By hand, in points: 108 − 1.02 × 108 = −2.2, 108 − 0.99 × 108 = +1.1, 108 − 1.04 × 108 = −4.3."""
    table = tables.maturing(study(made))
    shown = cells(table)
    assert list(shown["Contacts"]) == [
        "Jul 2025 to Sept 2025", "Oct 2025 to Dec 2025", "Jan 2026 to Mar 2026", "Apr 2026 to Jun 2026",
    ]  # fmt: skip
    assert list(shown["Moved"]) == ["−2.2 pp", "+1.1 pp", "−4.3 pp", "–"]
    assert list(shown["After 6 months"])[-1] == "not over yet"
    assert table.notes[0].replace("\xa0", " ") == (
        "3 interim figures have matured; the largest move was −4.3 pp (orders, Jan 2026 to Mar 2026)."
    )


def test_an_interim_that_changed_its_direction_is_said(made):
    rows = cohorts(1.0)
    rows.loc[0, ["mature", "moved"]] = [0.99, 0.99 / 1.02]
    assert "1 changed its direction." in tables.maturing(replace(study(made), maturing=rows)).notes[0]
    none = replace(study(made), maturing=rows.tail(1))
    assert tables.maturing(none).notes[0].startswith("None of these figures has matured yet")
    assert str(tables.maturing(replace(study(made), maturing=rows.head(0)))).startswith("No past interim figure")


def test_the_chart_of_interims_draws_hollow_and_filled(made):
    figure = charts.maturing(study(made, 0.92))
    (axes,) = figure.axes
    early = [line for line in axes.lines if line.get_gid() == "interim"]
    late = [line for line in axes.lines if line.get_gid() == "mature"]
    frame = cohorts(0.92)
    assert [float(mark.get_ydata()[0]) for mark in early] == pytest.approx(list(frame["interim"] - 1))
    assert [float(mark.get_ydata()[0]) for mark in late] == pytest.approx(list(frame["mature"].dropna() - 1))
    assert {to_hex(mark.get_markerfacecolor()) for mark in early} == {"#ffffff"}
    assert {to_hex(mark.get_markerfacecolor()) for mark in late} == {COLOURS["contacted"]}
    assert len([line for line in axes.lines if line.get_gid() == "interval"]) == 7
    assert figure.story.title.replace("\xa0", " ") == "Interim figures on orders moved by up to 3.7 pp"


@pytest.mark.parametrize(
    ("moved", "title"),
    [((0.98, 0.97), "Interim figures on orders fell by up to 3.3 pp"),
     ((1.02, 1.01), "Interim figures on orders rose by up to 2.1 pp"),
     ((0.98,), "One interim figure on orders fell by 2.2 pp"), ((), "No interim figure on orders has matured yet")],
)  # fmt: skip
def test_the_title_says_which_way_interims_moved(made, moved, title):
    rows = cohorts(1.08)
    head = rows.head(len(moved))
    kept = pd.concat([head.assign(moved=list(moved), interim=head["mature"] / list(moved)), rows.tail(1)])
    assert charts.maturing(replace(study(made), maturing=kept)).story.title.replace("\xa0", " ") == title


@pytest.mark.parametrize("narrow", [False, True])
def test_many_groups_of_contacts_keep_their_names_inside(made, narrow):
    rows = [
        cohorts(1.05).iloc[[0]].assign(cohort_from=f"20{n:02d}-01", cohort_to=f"20{n:02d}-03") for n in range(10, 30)
    ]
    figure = charts.maturing(replace(study(made), maturing=pd.concat(rows)))
    assert len(figure.data) == 12
    assert figure.data["cohort_from"].iloc[-1] == "2029-01"
    assert_words_inside(figure.at(NARROW) if narrow else figure)


def test_a_chart_of_no_interims_says_so(made):
    empty = replace(study(made), maturing=cohorts(1.0).head(0))
    assert isinstance(charts.shown(charts.maturing, empty), NotShown)


# The summary


def test_the_summary_says_how_old_its_answer_is(made):
    found = summary(made.results())
    assert found.age == (
        "Customers who first contacted us on social from July 2025 to March 2026, followed for 6 months."
    )
    assert found.age in str(found)
    assert found.age in found._repr_html_()
    tests_alone = made.results() | {"effects": [row.to_dict() for row in made.experiment().effects]}
    assert summary(tests_alone).age == ""
    assert summary({}).age == ""


def test_the_summary_says_that_money_multiplies_a_volume_by_an_older_effect(made):
    results = made.results()
    benefit = {"effect": "before_after/channel_effect/margin/difference", "contacts_per_year": 131_000.0,
               "contacts_source": "parameters"}  # fmt: skip
    results["roi"]["benefits"] = [benefit]
    [line] = [doubt for doubt in summary(results).doubts if "multiplies" in doubt]
    assert line == (
        "The case in money multiplies 131,000 contacts a year (an assumed number) by the margin that contacts from "
        "July 2025 to March 2026 brought; what later contacts bring may differ."
    )
    both = [benefit, {**benefit, "effect": "before_after/channel_effect/orders/difference"}]
    results["roi"]["benefits"] = both
    assert any("by the margin and the orders that contacts from" in doubt for doubt in summary(results).doubts)
    shown = {**benefit, "counted": False}
    results["roi"]["benefits"] = [benefit, shown, {**benefit, "effect": None, "contacts_per_year": None}]
    assert [doubt for doubt in summary(results).doubts if "multiplies" in doubt] == [line]
    benefit["effect"] = "something else"
    assert not any(
        "multiplies" in doubt for doubt in summary({**results, "roi": {**results["roi"], "benefits": [benefit]}}).doubts
    )


def test_a_line_of_the_case_says_when_the_contacts_behind_it_were_made(made):
    case = made.case()
    older = SimpleNamespace(**vars(case.benefits[0]), index_from="2025-07", index_to="2026-03", maturity="mature")
    case.benefits = (older,)
    line = cells(tables.case_lines(case))["Comes from"].iloc[0]
    assert line.endswith("contacts a year (parameters); the gain is that of contacts July 2025 to March 2026")
    older.maturity = "interim"
    assert cells(tables.case_lines(case))["Comes from"].iloc[0].endswith("their time after the contact is not over")


def test_interims_beside_mature_effects_are_named_as_provisional(made):
    results = made.results() | {"effects": [one.to_dict() for one in study(made).effects]}
    assert "Interim figures of the latest contacts, beside those whose time is over (Orders)." in (
        summary(results).provisional
    )
    alone = [row for row in results["effects"] if row["maturity"] == "interim"]
    found = summary(results | {"effects": alone})
    assert any("is not over for all customers" in line for line in found.provisional)
    assert found.age.endswith("followed for 3 months so far (interim).")
