"""What the tables of the case hold: each number as `results.json` has it, and the sentence where there is none."""

from __future__ import annotations

import re
from copy import deepcopy

import pytest

from analysis.foundation.errors import DesignError
from analysis.reporting import tables
from analysis.reporting.naming import forbidden_words
from analysis.reporting.summary import summary
from analysis.reporting.tables.case_numbers import room_in_words
from analysis.reporting.tables.opening import claim_in_words
from analysis.reporting.wording import words
from tests.reporting.planted_case import BOOKS, ISSUES, MARGIN, PAIRS, case, planted, promise, results

SAY = words()
TABLES = {
    "opening": tables.case_opening,
    "health": tables.case_health,
    "decision": tables.decision,
    "staffing": tables.staffing,
    "owners": tables.whose_money,
    "years": tables.case_by_year,
    "cautious": lambda found, **how: tables.case_by_year(found, adjusted=True, **how),
    "inputs": tables.case_inputs,
    "break even": tables.what_it_would_take,
    "evidence": tables.evidence_by_grade,
    "once": tables.money_counted_once,
    "left out": tables.not_counted,
    "books": tables.books,
}
FULL = {"ledger": BOOKS, "exclusion": PAIRS}


def read(shown: object) -> str:
    return re.sub(r"<[^>]*>", " ", shown._repr_html_()).replace("\xa0", " ")


def cells(table):
    return table.cells.map(lambda cell: cell.replace("\xa0", " "))


@pytest.mark.parametrize("name", TABLES)
def test_no_table_holds_a_forbidden_word_or_changes_what_it_is_given(name):
    given = results(**FULL)
    before = deepcopy(given)
    shown = TABLES[name](given)
    assert not forbidden_words(read(shown))
    assert given == before
    assert str(shown)
    assert "nan" not in read(shown).lower().split()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_file_is_the_table_of_the_case(name):
    assert read(TABLES[name](case())) == read(TABLES[name](results()))


@pytest.mark.parametrize("name", TABLES)
def test_text_from_data_is_text(made, name):
    found = results(**FULL)
    roi = found["roi"]
    for row in (
        *roi["tei"]["rows"],
        *roi["tei_adjusted"]["rows"],
        *roi["benefits"],
        *roi["inputs"],
        *roi["break_even"],
    ):
        row["label"] = made.HOSTILE
    for row in (*roi["inputs"], *roi["benefits"]):
        row["source"] = row["note"] = made.HOSTILE
    for row in roi["decision"]["lines"]:
        row["owner"], row["also_claimed_by"] = made.HOSTILE, [made.HOSTILE]
    html = TABLES[name](found)._repr_html_()
    assert "<script" not in html
    assert "<img" not in html


def test_without_a_case_a_table_says_so():
    shown = tables.shown(tables.case_by_year, {"roi": None})
    assert str(shown) == "There is no case in money."
    with pytest.raises(DesignError, match="no case in money"):
        tables.case_opening({})


# The first lines, and health


def test_the_first_lines_are_the_claim_and_the_low_case():
    opening = tables.case_opening(case())
    text = read(opening)
    assert opening.claim.replace("\xa0", " ").startswith("Over 3 years, a net gain of about €10,000 goes with")
    assert opening.claim.endswith("above the high case).")
    assert opening.limits.startswith("Even the low case is no loss.")
    names = [name for name, _, _ in opening.figures]
    assert names[:4] == ["Low case", "Middle case", "High case", "Chance of a gain"]
    assert text.index("€10,000 goes with") < text.index("Low case") < text.index("Chance of a gain")


def test_past_the_cap_the_warning_stands_first():
    found = planted({**MARGIN, "grade": "D"}, ISSUES)
    opening = tables.case_opening(found)
    assert "read this as a plan, not as a finding" in opening.claim
    assert opening.claim.index("read this as a plan") < opening.claim.lower().index("over 3 years")
    assert opening.claim.endswith("above the high case).")
    health = cells(tables.case_health(found)).set_index("Asked")
    assert health.loc["Does it rest on evidence?", "Standing"] == "past the cap"
    assert "past the cap" not in read(tables.case_health(case()))


def test_a_claim_is_cut_into_what_was_found_and_what_limits_it():
    text = "40 % rest on assumptions: a plan. Over 3 years X goes (low; high). The low case is a loss. So be it."
    part = {"claim": {"text": text}, "currency": "EUR"}
    claim, limits = claim_in_words(SAY, part)
    assert claim.replace("\xa0", " ").endswith("X goes (low; high).")
    assert limits == "The low case is a loss. So be it."


def test_health_names_what_is_wrong():
    guards = [{"name": "issues", "kept": False, "detail": ""}, {"name": "margin", "kept": True, "detail": ""},
              {"name": "books", "kept": False, "detail": ""}]  # fmt: skip
    found = results(**FULL)
    found["roi"]["decision"]["guardrails"] = guards
    health = cells(tables.case_health(found)).set_index("Asked")
    assert health.loc["Does it agree with the books?", "Standing"] == "no"
    assert "7.0 % below the books" in health.loc["Does it agree with the books?", "What was found"]
    assert "3 rows carry no cost" in health.loc["Does it agree with the books?", "What was found"]
    assert health.loc["Is anything harmed?", "Standing"] == "yes"
    assert health.loc["Is anything harmed?", "What was found"].startswith("Clearly worse than without: Support issues.")
    assert "25.0 % were taken off “Customers kept who wanted to leave”" in health.loc["Is money counted once?"].iloc[1]
    assert "January 2024 to December 2025" in health.loc["How old are the effects?", "What was found"]
    assert "Customers kept who wanted to leave" in health.loc["Is anything left out?", "What was found"]


# Year by year


def test_every_cell_of_the_years_is_a_number_of_the_results():
    for adjusted, key in ((False, "tei"), (True, "tei_adjusted")):
        table, part = tables.case_by_year(case(), adjusted=adjusted), results()["roi"][key]
        frame = table.frame.set_index("id")
        for row in (*part["rows"], part["costs"], part["benefits"], part["net"]):
            assert list(frame.loc[row["id"], ["Start", "Year 1", "Year 2", "Year 3"]]) == row["by_year"]
            assert frame.loc[row["id"], "present_value"] == row["present_value"]
        shown = cells(table).set_index("Line")
        assert shown.loc["Agents", "Year 1"] == "€6,000"
        assert shown.loc["Implementation", "Start"] == "€5,000"
        assert shown.loc["Benefits less costs", "Present value"] == f"€{part['npv']:,.0f}"


def test_lines_that_are_not_counted_stand_apart_and_in_no_sum():
    table = tables.case_by_year(case())
    beside = table.cells[table.cells["Part"] == "Shown beside, not counted"]
    assert set(beside["Line"]) == {
        row["label"] for row in results()["roi"]["benefits"] if not row["counted"]
    }  # fmt: skip
    frame = table.frame
    counted = frame[(frame["part"] == "Benefits") & (frame["id"] != "benefits")]
    assert counted["present_value"].sum() == pytest.approx(frame.set_index("id").loc["benefits", "present_value"])


def test_the_cautious_table_says_what_the_cuts_leave():
    """Margin of grade B is normal, so only the haircut of 10 % is taken: 90 % are kept."""
    shown = cells(tables.case_by_year(case(), adjusted=True)).set_index("Line")
    assert shown.loc["Margin gained or lost after a social contact", "Share kept"] == "90 %"
    assert shown.loc["Agents", "Share kept"] == "100 %"


# What goes in


def test_every_input_is_shown_or_folded_with_its_source_and_day():
    table, inputs = tables.case_inputs(case()), results()["roi"]["inputs"]
    assert len(table.cells) + len(table.folded) == len(inputs)
    share = (
        cells(table)
        .set_index("Input")
        .loc["Issues avoided or caused after a social contact: share by which spending falls"]
    )
    assert (share["Value"], share["Range"]) == ("50.0 %", "20.0 % to 70.0 %")
    assert share["Source"] == "plan of the books team (15 September 2026)"
    margin = cells(table)[lambda rows: rows["Where from"] == "Found by a study"].iloc[0]
    assert (margin["Value"], margin["Range"], margin["Evidence"][:2]) == ("€10.00", "€6.71 to €13.29", "B:")
    assert any("Agents" in fact and "€6,000" in fact for fact in table.folded)


@pytest.mark.parametrize(
    ("found", "value", "side", "said"),
    [
        (10.0, 4.0, "above", "40 % of what was found would do."),
        (10.0, -4.0, "above", "The case would be worth it even without this effect."),
        (10.0, 15.0, "above", "It would have to be 1.50 times what was found."),
        (-0.05, -10.03, "below", "It would have to be 201 times what was found."),
        (-10.0, -4.0, "above", "The harm would have to shrink to 40 % of what was found."),
        (-10.0, 4.0, "above", "It would have to lie above"),
        (-0.05, -0.02, "below", "40 % of what was found would do."),
        (-0.05, 0.30, "below", "The case would be worth it even without this effect."),
        (0.05, 0.02, "below", "The harm would have to shrink to 40 % of what was found."),
        (-0.05, -0.10, "below", "It would have to be 2 times what was found."),
        (0.0, 1.0, "above", "It would have to lie above"),
    ],
)
def test_what_it_would_take_is_said_in_words(found, value, side, said):
    row = {"found": found, "value": value, "worth_it": side, "reason": None}
    row["share_of_found"] = value / found if found else None
    assert room_in_words(SAY, row).replace("\xa0", " ").startswith(said)


def test_break_even_is_that_of_the_case():
    """What is found keeps the case at 10 a contact; the table shows where nothing is left."""
    shown = cells(tables.what_it_would_take(case())).set_index("Effect")
    row = next(one for one in results()["roi"]["break_even"] if one["name"] == "repurchase_margin_per_contact")
    assert shown.iloc[-1]["Worth nothing at"] == f"€{row['value']:.2f}"


# Evidence, one purse, the books


def test_evidence_adds_up_and_says_the_cap():
    table = tables.evidence_by_grade(case())
    assert table.frame["share"].sum() == pytest.approx(1)
    assert "within the 30 % allowed" in table.notes[0].replace("\xa0", " ")


def test_pairs_are_shown_with_what_was_counted_and_the_obvious_are_folded():
    table = tables.money_counted_once(results(**FULL))
    shown = cells(table)
    assert list(shown["What is shared"]) == [
        "25.0 % of the line, taken off: 50 of 200 customer-months are in both",
        "nobody can tell, so the line is not counted",
    ]
    assert len(table.folded) == 1
    assert table.folded[0].startswith("Issues avoided or caused after a social contact: its customers are others.")
    none = tables.money_counted_once(results(exclusion={"pairs": [], "taken_off": {}}))
    assert str(none) == "No two lines of the case take money from one purse."


def test_what_is_not_counted_has_a_reason_and_a_way_in():
    shown = cells(tables.not_counted(case())).set_index("What")
    saved = shown.loc["Customers kept who wanted to leave"]
    assert saved["What would bring it in"] == "to state roi.overlap.cancel_save"
    assert saved["Would be worth"].startswith("€")
    shift = shown.loc["The contact itself, cheaper or dearer than on another channel"]
    assert shift["Would be worth"] == "not known"
    assert "No study measured cost of the issue itself." in shift["Why it is not counted"]


def test_the_books_are_compared_by_year_and_in_all():
    table = tables.books(results(**FULL))
    shown = cells(table).set_index("Months")
    assert list(shown.loc["November 2025 to December 2025"]) == ["€430", "€500", "−€70", "−14.0 %"]
    assert list(shown.loc["All, November 2025 to February 2026"]) == ["€930", "€1,000", "−€70", "−7.0 %"]
    assert "past the 5 % allowed" in table.notes[0].replace("\xa0", " ")
    assert str(tables.books(case())) == "Not compared: no total of the books was given."


# The decision


def test_the_decision_shows_the_values_of_the_results_with_their_ranges():
    page, shown = results()["roi"]["decision"], tables.decision(case())
    contact = next(one for one in shown.figures if one[0].startswith("A social contact"))
    low, middle, high = (page["per_contact"][name] for name in ("p5", "p50", "p95"))
    assert contact[1] == f"€{middle:.2f}"
    assert contact[2] == f"low case €{low:.2f}, high case €{high:.2f}"
    assert shown.answer.startswith(f"We recommend: {page['recommended']['recommendation']}.")
    assert "retention campaign" in shown.claimed
    assert {one[1] for one in shown.figures if "phone" in one[0]} == {"not known"}


def test_staffing_that_was_not_measured_is_not_known():
    shown = cells(tables.staffing(case())).set_index("Choice")
    assert list(shown.loc["A fifth less staff", ["Benefits", "Costs", "What is left"]]) == ["not known"] * 3
    assert shown.loc["Stop", "Costs"].startswith("−€")
    assert shown.loc["Stop", "Benefits"].count("€") == 3


def test_each_line_has_an_owner_or_says_that_nobody_was_named():
    shown = cells(tables.whose_money(case())).set_index("Line")
    first = shown.loc["Margin gained or lost after a social contact"]
    assert list(first[["Answers for it", "First shows in", "Also claimed by", "Counted"]]) == [
        "head of customer value", "2027-Q2", "retention campaign", "yes",
    ]  # fmt: skip
    assert "nobody named" in set(shown["Answers for it"])


# Promises


def test_promises_show_what_came_and_the_parts_of_the_difference():
    table = tables.promises([promise()])
    (row,) = cells(table).to_dict("records")
    assert row["Promised"] == "€23,700 (€15,000 to €32,400)"
    assert row["Came"] == "€13,200"
    assert row["Standing"] == "below its range, up to the 3rd quarter of 2026"
    assert row["Why it differs"] == "other volume −€2,200; other effect on each −€8,300; counted otherwise: not known"
    assert "Response rate at least 90.0 % by 30 June 2026: missed; 84.0 % in August 2026." in table.folded[0].replace(
        "\xa0", " "
    )
    assert str(tables.promises(case())) == "Nothing was promised: the register is empty."
    assert not forbidden_words(read(table))


# The lines of the case, and the summary


def test_a_line_that_multiplies_no_contacts_can_be_shown():
    table = tables.case_lines(case())
    saved = cells(table).set_index("Line").loc["Customers kept who wanted to leave"]
    assert saved["Part"] == "Shown beside, not counted"
    assert saved["Comes from"] == "its own inputs, as they stand in the table of what goes in"
    assert any(note.startswith("Customers kept who wanted to leave: ") for note in table.folded)


def test_the_summary_says_the_claim_the_recommendation_and_what_is_wrong(made):
    found = made.results() | results(**FULL)
    said = [text.replace("\xa0", " ") for text in summary(found).money]
    assert said[0].startswith("Over 3 years, a net gain of about €10,000")
    assert said[1].startswith("We recommend: ")
    assert any("past the 5 % allowed" in text for text in said)
    assert "What the case in money says" in str(summary(found))
    assert not forbidden_words(" ".join(said))
    assert summary(made.results()).money == ()  # a case of an older version holds no claim


def test_key_figures_of_the_summary_say_what_the_money_mostly_rests_on(made):
    found = made.results() | results()
    figure = next(one for one in summary(found).figures if one.label.startswith("Net present value"))
    assert figure.evidence == "rests mostly on: comparison that passed its checks"
    found["roi"]["evidence"]["past_cap"] = True
    figure = next(one for one in summary(found).figures if one.label.startswith("Net present value"))
    assert figure.evidence.endswith("; more of it assumed than is allowed")
