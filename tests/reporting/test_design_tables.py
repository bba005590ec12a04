"""Tables and words of the service, adoption and change-log studies: every row, its words, and text that stays text."""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis import studies
from analysis.foundation.errors import DesignError
from analysis.reporting import tables
from analysis.reporting.changes import change_in_words, findings_by_change
from analysis.reporting.evidence_age import evidence_age
from analysis.reporting.naming import check_in_words, forbidden_words, group_in_words
from analysis.reporting.sanitise import sanitised
from analysis.reporting.settled import age_in_words
from analysis.reporting.summary import headline, summary
from analysis.reporting.vocabulary import CHECKS
from analysis.reporting.wording import Words, evidence_in_words
from tests.reporting import planted_designs as planted

SAY = Words("en_GB")
SERVICE = (tables.sample, tables.checks, tables.reply_bands, tables.reply_hours, tables.queue_strength,
           tables.queue_balance, tables.effects_on_all, tables.estimates_beside, tables.claims,
           tables.effects)  # fmt: skip
ADOPTION = (tables.sample, tables.checks, tables.drift, tables.effects_on_all, tables.adoption_groups,
            tables.adoption_calendar, tables.two_way_warning, tables.sensitivity, tables.claims)  # fmt: skip
CHANGES = (tables.change_entries, tables.change_checks, tables.change_results, tables.made_up_dates,
           tables.change_regions, tables.change_findings, tables.sample)  # fmt: skip
PAGES = [
    *((one, planted.service()) for one in SERVICE), *((one, planted.service(strong=False)) for one in SERVICE),
    *((one, planted.adoption()) for one in ADOPTION), *((one, planted.adoption(roll_out="pilot")) for one in ADOPTION),
    *((one, planted.change_log()) for one in CHANGES),
]  # fmt: skip


def text(table):
    return str(table).replace("\xa0", " ")


def row_of(table, **wanted):
    return next(
        row for row in table.cells.to_dict("records") if all(row[name] == value for name, value in wanted.items())
    )


@pytest.mark.parametrize(("table", "found"), PAGES, ids=lambda one: getattr(one, "__name__", ""))
def test_no_table_uses_the_words_of_the_field_and_all_are_plain(table, found):
    made = table(found)
    assert not forbidden_words(text(made))
    assert "<style" not in made.html
    assert "<script" not in made.html
    assert sanitised(made.html)


@pytest.mark.parametrize("design", ["service", "adoption", "change_log"])
def test_every_check_that_a_study_can_make_has_words(design):
    folder = Path(studies.__file__).parent / design
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    names = set(re.findall(r'(?<![A-Za-z])(?:Check|Finding)\(\s*name="([a-z_]+)"|_judged\("([a-z_]+)"', code))
    found = {name for pair in names for name in pair if name}
    assert len(found) >= 3
    assert not found - set(CHECKS)
    assert not forbidden_words(" ".join(check_in_words(name) for name in found))


def test_groups_of_the_designs_have_words():
    assert [group_in_words(name) for name in ("answered_in_time", "not_yet_treated")] == ["answered in time", "not yet"]


# The service study


def test_the_effect_by_the_queue_says_of_whom_it_speaks():
    row = planted.service().effects[0].to_dict()
    assert SAY.finding(row).replace("\xa0", " ") == (
        "Customers who were answered in time because the queue was short placed 0.50 orders more per customer (95 % "
        "interval: 0.30 to 0.70 orders more) than such customers who waited because it was long."
    )
    adjusted = planted.service(strong=False).effects[0].to_dict()
    assert "than similar customers who were not." in SAY.finding(adjusted)
    raw = planted.service().effects[-1].to_dict()
    assert SAY.finding(raw).endswith("than all others who wrote. This is a raw difference, not an effect.")
    assert (
        age_in_words(row, SAY)
        == "Customers who first wrote on social from July 2025 to March 2026, followed for 6 months."
    )


@pytest.mark.parametrize(
    ("kind", "low", "high", "shown"),
    [
        ("interval", 0.3, 0.7, "+0.50 (+0.30 to +0.70)"),
        ("line", -math.inf, math.inf, "any effect at all"),
        ("half_lines", -1.0, 0.5, "−1.0 or lower, or +0.5 or higher"),
        ("half_lines", -math.inf, 0.5, "+0.50 or higher"),
        ("empty", math.nan, math.nan, "no effect fits: the queue contradicts itself"),
    ],
)
def test_what_fits_the_data_is_said_with_and_without_an_end(kind, low, high, shown):
    table = tables.queue_strength(planted.service(ar=(kind, low, high)))
    row = row_of(table, Outcome="Orders")
    assert (
        row["What an answer in time changed (95 % interval)".replace("95 %", "95\xa0%")].replace("\xa0", " ") == shown
    )
    assert row["One contact more in the queue"].replace("\xa0", " ") == "−10.50 pp"
    assert "−4 % (−14 % to +6 %)" in text(table)


def test_without_a_queue_the_reason_stands_alone():
    found = planted.service()
    frame = found.instrument.assign(value=math.nan, reason="All contacts are about one product.")
    table = tables.queue_strength(SimpleNamespace(**{**vars(found), "instrument": frame}))
    assert text(table) == "Orders: All contacts are about one product."


def test_a_gate_as_a_share_shows_its_figure_and_what_it_could_have_seen():
    shown = text(tables.checks(planted.service()))
    assert "The queue goes with nothing that was bought before" in shown
    assert "−4 % (−14 % to +6 %); seen from 14 %" in shown
    weak = text(tables.checks(planted.service(strong=False)))
    assert "cannot be known from these data" in weak
    assert "The strength (F) is 1.2; the luck of the queue decides too little." in weak


def test_raw_figures_stand_beside_an_estimate_and_never_alone():
    shown = tables.estimates_beside(planted.service())
    assert list(shown.cells["Estimate"]) == ["by the luck of the queue", "similar customers", "raw"]
    assert list(shown.cells["Stands"]) == ["yes", "beside it", "beside it"]
    found = planted.service()
    refused = found.beside.assign(value=[math.nan, math.nan, 0.7], reason=["Too few.", "Too few.", ""])
    alone = tables.estimates_beside(SimpleNamespace(**{**vars(found), "beside": refused}))
    assert "raw" not in list(alone.cells["Estimate"])
    assert "Raw figures are not shown alone" in text(alone)
    together = tables.effects_on_all(found)
    assert "Orders, raw: answered in time against all others" in text(together)
    assert "the desk and the hour decide who is answered soon" in text(together)
    assert {"Answered in time", "Not in time"} <= set(together.cells.columns)


def test_bands_and_hours_have_their_counts(made):
    bands = tables.reply_bands(planted.service())
    assert row_of(bands, **{"First answer": "Never"})["Customers"].replace("\xa0", " ") == "400 (25 %)"
    assert "Only a bot" not in text(bands)
    hours = tables.reply_hours(planted.service())
    assert len(hours.cells) == 24
    assert "too few to show" in list(hours.cells.iloc[3])
    with pytest.raises(DesignError, match="holds no `bands`"):
        tables.reply_bands(made.channel())


def test_the_first_lines_and_the_account_fit_each_study():
    assert str(evidence_age(planted.service())).startswith("7,900 customers who first wrote on social from July 2025")
    assert "no sum of money is made of these figures" in str(evidence_age(planted.adoption()))
    assert "6 months after the invitation are over" in str(evidence_age(planted.adoption(roll_out="pilot")))
    account = text(tables.sample(planted.service()))
    assert "Left out: window not over" in account
    assert "start unknown" not in account
    assert text(tables.sample(planted.change_log())).startswith("What was studied")


# Adoption


def test_first_contacts_carry_the_harm_and_invitations_do_not():
    row, invited = (planted.adoption(roll_out=name).effects[1].to_dict() for name in (None, "pilot"))
    assert SAY.finding(row).endswith("than similar customers who had an issue and had not yet come.")
    assert "includes the harm of the problem that led to the contact, and is not used for money." in evidence_in_words(
        row
    )
    assert SAY.finding(invited).startswith("Customers invited by “pilot” bought 6")
    assert evidence_in_words(invited).endswith("It is the effect of the invitation, followed or not.")
    assert "Invited" in tables.effects_on_all(planted.adoption(roll_out="pilot")).cells
    assert "Came to social" in tables.effects_on_all(planted.adoption()).cells


def test_the_usual_regression_is_a_warning():
    table = tables.two_way_warning(planted.adoption())
    assert row_of(table, **{"Adopters compared with": "customers who had long done so"})["Sound"].startswith("no: ")
    assert list(table.cells["Share of the weight"].str.replace("\xa0", " ")) == ["60 %", "20 %", "20 %"]
    assert "A regression would have said +0.01 from July 2025 on." in text(table)
    empty = planted.adoption()
    empty.bacon = empty.bacon.head(0)
    assert "none is needed" in text(tables.two_way_warning(empty))


def test_groups_and_months_are_told_apart():
    groups = tables.adoption_groups(planted.adoption())
    assert list(groups.cells.iloc[0])[:2] == ["July 2025", "900"]
    assert "By month of first contact" in text(groups)
    assert "August 2025" in text(tables.adoption_calendar(planted.adoption()))
    assert "not told apart" in text(tables.adoption_groups(planted.adoption(), outcome="margin"))


# The change log


def test_a_step_a_turn_nothing_and_a_refusal_are_said_alike():
    steps = [one.to_dict() for one in planted.change_log().effects]
    assert SAY.finding(steps[0]).replace("\xa0", " ") == (
        "After change CH2 and others of the same months, response rate stood 9 percentage points higher (95 % "
        "interval: 7 to 11 percentage points higher) in April 2025 than its earlier path led to expect."
    )
    assert "no clear turn in response rate could be seen" in SAY.finding(steps[1])
    assert "no clear step in mentions could be seen" in SAY.finding(steps[2])
    assert SAY.finding(steps[-1]) == (
        "No turn in response rate after change CH5 is claimed: It has 1 month after December 2025."
    )
    down = planted.change_log(-0.09).effects[0].to_dict()
    assert "9 percentage points lower" in SAY.finding(down)
    turn = {**steps[1], "value": 0.03, "low": 0.01, "high": 0.05}
    assert "the monthly change of response rate was 3 percentage points higher" in SAY.finding(turn)
    crowd = {**steps[0], "checks": [one.to_dict() for one in planted.change_checks(alone=True, many="failed")]}
    assert SAY.finding(crowd).endswith("It does not stand out among all the figures looked at.")
    slow = planted.change_log(unit="seconds", size=10_000.0).effects[0].to_dict()
    assert "15 min 00 s higher" in SAY.finding(slow).replace("\xa0", " ")


def test_entries_say_when_they_were_written_and_what_else_came_then():
    table = tables.change_entries(planted.change_log())
    late = row_of(table, From="3 March 2025", Studied="studied together with CH2")
    assert late["Written down"] == "5 March 2025, written afterwards"
    assert late["Of the same months"] == "CH2 (programme), CH4 (incident)"
    assert row_of(table, From="1 December 2025")["Written down"] == "not known when"
    assert row_of(table, From="1 August 2025")["Studied"] == "not studied, named only"


def test_results_keep_every_figure_and_count_months():
    table = tables.change_results(planted.change_log())
    assert len(table.cells) == 3
    first = row_of(table, Figure="Response rate", Change="After the changes of March 2025 together (CH2 and CH3)")
    assert (first["Months after"], first["Months before"]) == ("8", "14")
    assert first["Stands out"] == "yes, with other changes"
    assert row_of(table, Figure="Mentions, mentions")["Stands out"] == "no"
    assert (
        "Not claimed after the campaign of December 2025 (CH5), all figures: It has 1 month after December 2025."
        in (text(table))
    )
    assert not {"Customers", "Contacted"} & set(table.cells.columns)


def test_checks_stand_by_change_worst_first():
    table = tables.change_checks(planted.change_log())
    assert list(table.cells["Result"])[:2] == ["✗ failed", "? could not be run"]
    assert table.cells["What came out"].iloc[0] == "In the same months came CH3 (3 March 2025)."
    assert set(table.cells["Figure"]) == {"All figures"}
    assert any("What is clear stays clear" in one for one in table.folded)


def test_made_up_dates_and_parts_stand_beside_the_step():
    table = tables.made_up_dates(planted.change_log())
    assert table.cells["As large"].iloc[0] == "1 of 3"
    assert "September 2024" in table.cells["Largest at a made-up date"].iloc[0]
    parts = tables.change_regions(planted.change_log())
    assert list(parts.cells["Part"]) == ["north (changed)", "south"]
    assert list(parts.cells["Place by size"]) == ["1 of 5", "3 of 5"]


def test_changes_are_told_together_and_none_gets_the_credit_alone():
    told = dict(findings_by_change(planted.change_log(), SAY))
    assert told["CH2"].replace("\xa0", " ") == (
        "After the changes of March 2025 together (CH2 and CH3), against the path before, in April 2025: response rate "
        "+9 pp (+7 to +11 pp). No clear step could be seen in the others: mentions. None of these changes can be given "
        "the credit, or the blame, alone. Written down afterwards: CH3. Grade C: comparison with open questions."
    )
    assert told["CH5"] == (
        "After the campaign of December 2025 (CH5) nothing is claimed: It has 1 month after December 2025."
    )
    quiet = dict(findings_by_change(planted.change_log(0.0), SAY))["CH2"]
    assert quiet.startswith("After the changes of March 2025 together (CH2 and CH3) no clear step could be seen in ")
    assert change_in_words(SAY, [], "CH9") == "change CH9"


def test_text_from_the_change_log_stays_text(made):
    found = planted.change_log()
    found.entries = found.entries.assign(description=made.HOSTILE, scope=made.HOSTILE, kind=made.HOSTILE)
    for table in CHANGES:
        page = table(found).html
        assert "<script>" not in page
        assert "<img" not in page
        assert "\u202e" not in page
    shown = summary(planted.results(found))._repr_html_()
    assert "<script>" not in shown


def test_tables_of_another_result_are_refused(made):
    for table in (tables.change_entries, tables.made_up_dates, tables.change_regions, tables.estimates_beside,
                  tables.queue_balance, tables.two_way_warning, tables.adoption_groups):  # fmt: skip
        with pytest.raises(DesignError):
            table(made.channel())


# The first page


def test_the_summary_names_other_comparisons_and_tells_changes_together():
    found = summary(planted.results(planted.service(), planted.adoption(), planted.change_log()))
    assert found.answer.startswith("Customers who were answered in time because the queue was short")
    assert len(found.others) == 1
    assert "includes the harm of the problem" in found.others[0]
    assert [line.split(" (")[0] for line in found.changes] == [
        "After the campaign of December 2025", "After the changes of March 2025 together",
    ]  # fmt: skip
    labels = [figure.label for figure in found.figures]
    assert labels == ["Orders per customer, answered in time", "Orders, coming to social"]
    assert any(doubt.startswith("Coming to social: “") for doubt in found.doubts)
    whole = str(found)
    assert not forbidden_words(whole)
    assert "naive" not in whole
    assert "are not closed" not in whole  # notes on single figures stay on the page of the change log


def test_a_report_of_changes_alone_says_so(made):
    results = planted.results(planted.change_log())
    found = summary(results)
    assert headline(results) is None
    assert found.answer == "No customers were compared; what figures did after our own changes stands below."
    assert found.evidence == "Each change below has its own grade."
    assert summary(made.results()).changes == ()
    assert not any(title.startswith("What figures did") for title, _ in summary(made.results()).sections())


def test_many_changes_do_not_drown_the_reader():
    found = planted.change_log()
    rows = [{**one.to_dict(), "treated": f"CH{number}"} for number in range(10, 17) for one in found.effects[:2]]
    results = {**planted.results(found), "effects": rows}
    told = summary(results).changes
    assert len(told) == 5
    assert told[-1] == "3 earlier changes stand on the page of the change log."
