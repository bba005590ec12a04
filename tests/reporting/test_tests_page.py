"""Pages of tests, users against others, design sheets, hypotheses and effort: every table, its words, its refusals."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis import studies
from analysis.reporting import tables
from analysis.reporting.evidence_age import evidence_age
from analysis.reporting.naming import check_in_words, forbidden_words, made_in_words
from analysis.reporting.sanitise import sanitised
from analysis.reporting.settled import answers
from analysis.reporting.summary import headline, summary
from analysis.reporting.vocabulary import CHECKS
from analysis.reporting.wording import Words, evidence_in_words
from analysis.studies.result import Effect
from tests.reporting import planted_tests as planted

SAY = Words("en_GB")
TEST = (tables.arms, tables.arm_effects, tables.guardrails, tables.took_part, tables.segments_tested,
        tables.segment_effects, tables.declared_and_explored, tables.checks, tables.claims, tables.effects)  # fmt: skip
USERS = (tables.sample, tables.checks, tables.effects_on_all, tables.weighted_balance, tables.roads,
         tables.nothing_can_have_happened, tables.unrecorded_cause, tables.claims)  # fmt: skip
SHEET = (tables.smallest_effects, tables.by_duration, tables.false_alarms, tables.declaration)
FAMILY = (tables.hypotheses, tables.hypothesis_findings, tables.other_choices)
EFFORT = (tables.effort_changed, tables.effort_split, tables.effort_kinds, tables.who_answered, tables.checks,
          tables.claims)  # fmt: skip
PAGES = [
    *((one, planted.experiment(apart=True, harm=True, looked=True, small=True)) for one in TEST),
    *((one, planted.users()) for one in USERS),
    *((one, planted.users(groups=True, alike=False)) for one in USERS),
    *((one, planted.sheet()) for one in SHEET),
    *((one, planted.family()) for one in FAMILY),
    *((one, planted.effort()) for one in EFFORT),
    *((one, planted.contacts()) for one in (tables.contact_bands, tables.claims, tables.checks)),
]


def text(table):
    return str(table).replace("\xa0", " ")


def said(effect: Effect) -> str:
    return SAY.finding(effect.to_dict()).replace("\xa0", " ")


def row_of(table, **wanted):
    return next(
        {name: str(cell).replace("\xa0", " ") for name, cell in row.items()}
        for row in table.cells.to_dict("records")
        if all(str(row[name]).replace("\xa0", " ") == value for name, value in wanted.items())
    )


def named(found, estimand, outcome="spend"):
    return next(one for one in found.effects if one.estimand == estimand and one.outcome == outcome)


@pytest.mark.parametrize(("table", "found"), PAGES, ids=lambda one: getattr(one, "__name__", ""))
def test_no_table_uses_the_words_of_the_field_and_all_are_plain(table, found):
    made = table(found)
    assert not forbidden_words(text(made))
    assert "<style" not in made.html
    assert "<script" not in made.html
    assert sanitised(made.html)
    assert "nan" not in text(made).split()


@pytest.mark.parametrize("design", ["experiment", "observational", "segments", "planning", "effort", "dose"])
def test_every_check_that_a_study_can_make_has_words(design):
    folder = Path(studies.__file__).parent / design
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    names = set(re.findall(r'(?:Check|Finding|_finding|_judged)\(\s*(?:name=)?"([a-z_]+)"', code))
    names |= set(re.findall(r'^(?:DIFFER, ALONE|NAME|PLACEBO|EXPLORED) = "([a-z_]+)"', code, re.MULTILINE))
    assert names
    assert not names - set(CHECKS)
    assert not forbidden_words(" ".join(check_in_words(name) for name in names))


def test_names_of_checks_that_carry_an_outcome_are_said():
    assert check_in_words("guardrail_csat") == "No more harm to customer satisfaction (CSAT) than was allowed"
    assert check_in_words("placebo_growth_before_orders") == "Both groups had grown alike before"
    assert "invitation" in check_in_words("first_stage", "ab_randomised")
    assert "queue" in check_in_words("first_stage", "service_effect")


# A randomised test


def test_differences_and_percentages_stand_in_columns_of_their_own():
    table = tables.arm_effects(planted.experiment())
    plain = row_of(table, **{"Arm, and how it was counted": "mail, as assigned", "Outcome": "Spend, EUR per customer"})
    assert plain["Difference (95 % interval)".replace("95 %", "95\xa0%")] == "+€0.70 (+€0.50 to +€0.90)"
    assert plain["In percent (95 % interval)".replace("95 %", "95\xa0%")] == "+30 % (+18 to +43 %)"
    ways = [row for row in table.cells["Arm, and how it was counted"] if "mail" in row]
    assert ways[:2] == ["mail, as assigned", "mail, adjusted for what was known before"]
    assert "never used for money" in text(table)
    assert row_of(table, Outcome="Visit, share per customer")[
        "Difference (95 % interval)".replace("95 %", "95\xa0%")
    ] == "+2 pp (−2 to +6 pp)"  # fmt: skip
    assert row_of(table, Outcome="Orders per session")["Asked beforehand"] == "no, explored"


def test_every_way_of_counting_is_named_wherever_it_stands():
    found = planted.experiment(looked=True)
    ways = {one.estimand for one in found.effects}
    assert len({made_in_words(name) for name in ways}) == len(ways)
    assert said(named(found, "experiment_effect_adjusted")).endswith(
        "Adjusted for what was known of customers before they were assigned."
    )
    assert said(named(found, "experiment_effect_winsorised")).endswith("never used for money.")
    assert "The interval holds however often somebody looked." in said(named(found, "experiment_effect_anytime"))
    assert said(named(found, "quantile_effect:0.9")) == (
        "Among customers assigned to mail, the level of spend below which 90 % stay was €2.00 higher (95 % interval: "
        "€1.02 to €2.98 more) than among customers assigned to no mail."
    )
    assert said(named(found, "complier_effect")).startswith(
        "Customers whom being assigned to mail moved to take part spent €1.70 more per customer"
    )
    heads = [row["Outcome"] for row in tables.claims(found).cells.to_dict("records")]
    assert "Spend" in heads
    assert "Spend, adjusted for what was known before" in heads
    rows = text(tables.effects(found, outcome="spend"))
    assert "all customers, adjusted for what was known before" in rows


def test_a_share_is_said_in_points_and_a_ratio_of_two_outcomes_is_no_figure_per_customer():
    found = planted.experiment()
    assert "percentage points" in said(named(found, "experiment_effect", "visit"))
    ratio = said(named(found, "experiment_effect", "orders per session"))
    assert ratio.startswith("Customers assigned to mail were 0.100 higher on “orders per session” (95 %")
    assert "per customer" not in ratio


def test_an_arm_that_breaks_a_guardrail_is_not_recommended_wherever_its_finding_is_told():
    well, harmed = planted.experiment(), planted.experiment(harm=True)
    assert "Not recommended" not in said(named(well, "experiment_effect"))
    sentence = (
        "Not recommended, whatever was gained: customer satisfaction (CSAT) got worse, and harm beyond what was "
        "allowed is not ruled out."
    )
    assert said(named(harmed, "experiment_effect")).endswith(sentence)
    assert sentence in text(tables.claims(harmed))
    assert sentence in text(tables.guardrails(harmed))
    assert "mail: every guardrail holds." in text(tables.guardrails(well))
    row = row_of(tables.guardrails(harmed), Guardrail="Customer satisfaction (CSAT)")
    assert row["Verdict"] == "breached"
    assert "0.10 points lower" in row["Harm put up with"]
    results = {"effects": harmed.to_parts()["effects"], "metrics": [], "roi": None}
    assert "Not recommended" in summary(results).answer


def test_those_who_took_part_stand_with_how_many_were_moved():
    row = row_of(tables.took_part(planted.experiment()), Outcome="Spend")
    assert row["Moved by the invitation"] == "40.0 % (36.0 % to 44.0 %)"
    none = SimpleNamespace(effects=())
    assert "invited customers to something" in text(tables.took_part(none))


def test_arms_tell_who_met_what_they_offer_and_what_was_left_out():
    table = tables.arms(planted.experiment())
    assert row_of(table, Arm="mail")["Met what it offers"] == "360 (40.0 %)"
    assert "12 customers were assigned twice" in text(table)


# Segments


def test_nothing_is_said_of_a_segment_where_segments_cannot_be_told_apart():
    alike, apart = planted.experiment(), planted.experiment(apart=True)
    north = next(one for one in alike.effects if one.segment.get("region") == "north")
    assert said(north).startswith("Nothing is claimed of region: north alone.")
    assert "€" not in said(north)
    told = next(one for one in apart.effects if one.segment.get("region") == "north")
    assert said(told).startswith("In region north, customers assigned to mail spent €5.00 more per customer")
    assert "no, may be chance" in text(tables.segments_tested(alike))
    assert "more than chance (p < 0.001)" in text(tables.segments_tested(apart))
    verdicts = dict(zip(*(tables.segment_effects(apart).cells[name] for name in ("Segment", "What may be said")),
                        strict=True))  # fmt: skip
    assert verdicts["region: north"] == "stands out, asked beforehand"
    assert verdicts["region: south"] == "nothing claimed: no clear effect"


def test_the_one_helped_by_the_others_stands_beside_its_own_and_small_cells_are_not_shown():
    table = tables.segment_effects(planted.experiment(apart=True))
    north = row_of(table, Segment="region: north")
    assert north["Its own (95 % interval)".replace("95 %", "95\xa0%")].startswith("+€5.00")
    assert north["Helped by the others"].startswith("+€4.9")
    small = row_of(tables.segment_effects(planted.experiment(small=True)), Segment="region: isles")
    assert small["Customers"] == "–"
    assert "fewer than 10 customers" in text(tables.segment_effects(planted.experiment(small=True)))


def test_what_was_explored_is_told_apart():
    table = tables.declared_and_explored(planted.experiment())
    assert "Spend, by region" in row_of(table, When="Asked beforehand")["What"]
    assert row_of(table, When="Explored afterwards")["What"] == "Orders per session, all customers"


def test_without_a_declaration_the_page_says_that_everything_counts_as_declared():
    said = "Without a declaration everything counts as declared."
    declared = planted.experiment()
    for table in (tables.arm_effects, tables.declared_and_explored):
        assert said not in text(table(declared))
        assert said in text(table(replace(declared, declaration=False)))
        assert said not in text(table(declared.to_parts()["effects"])), "rows do not know"


# The summary


def results_of(*found):
    return {"effects": [one.to_dict() for study in found for one in study.effects], "metrics": [], "roi": None}


def test_the_summary_never_answers_with_an_exploration_or_a_segment():
    found = planted.experiment(apart=True)
    explored = replace(named(found, "experiment_effect", "orders per session"), outcome="orders")
    results = results_of(SimpleNamespace(effects=(explored, *found.effects)))
    assert headline(results)["declared"]
    assert not headline(results)["segment"]
    labels = [figure.label for figure in summary(results).figures]
    assert not any("Orders" in label for label in labels)
    assert headline(results_of(SimpleNamespace(effects=(explored,)))) is None


def test_where_somebody_looked_early_the_figure_that_allows_for_it_is_the_answer():
    row = headline(results_of(planted.experiment(looked=True)))
    assert row["estimand"] == "experiment_effect_anytime"
    assert headline(results_of(planted.experiment()))["estimand"] == "experiment_effect"
    figures = summary(results_of(planted.experiment(looked=True))).figures
    assert len([one for one in figures if one.label.startswith("Spend")]) == 2  # with those who took part


def test_the_plain_difference_is_told_first_never_its_ratio():
    assert headline(results_of(planted.experiment()))["scale"] == "difference"
    assert {row["scale"] for row in answers(planted.experiment().to_parts()["effects"])} == {"difference"}


def test_users_are_an_answer_after_the_others_and_stand_beside_them():
    results = results_of(planted.users())
    assert headline(results)["estimand"] == "user_effect"
    assert "placed 0.30 orders more" in summary(results).answer.replace("\xa0", " ")


# Users against others


def test_users_and_those_they_are_compared_with_are_named():
    adjusted, raw = (planted.users().effects[place] for place in (0, 2))
    assert said(adjusted).endswith("than similar customers with an issue on another channel in the same month.")
    assert said(raw).endswith("in the same month. This is a raw difference, not an effect.")
    assert "similar" not in said(raw)
    groups = planted.users(groups=True)
    assert "Customers of trained" in said(groups.effects[0])
    assert "similar customers of survey" in said(groups.effects[0])
    harm = planted.users(comparison="no_contact").effects[0].to_dict()
    assert "includes the harm of the problem" in evidence_in_words(harm)


def test_the_raw_gap_stands_once_beside_the_difference_and_why_it_differs():
    table = tables.effects_on_all(planted.users())
    outcomes = list(table.cells["Outcome"])
    assert outcomes == ["Orders", "Orders, raw: the groups as they are"]
    assert "because customers who use social buy more than others whatever the channel does" in text(table)
    assert "who is in a group and who is not" in text(tables.effects_on_all(planted.users(groups=True)))
    stands = dict(zip(*(tables.roads(planted.users()).cells[name] for name in ("Road", "Stands")), strict=True))
    assert list(stands.values()) == ["yes", "beside it", "beside it", "no effect"]


def test_likeness_is_judged_after_weighting_and_squares_are_shown_only():
    alike, apart = (tables.weighted_balance(planted.users(alike=alike)) for alike in (True, False))
    assert list(alike.cells["Judged"]) == ["alike", "alike", "shown only"]
    assert row_of(apart, **{"Known of them": "Earnings"})["Judged"] == "not alike"
    assert row_of(alike, **{"Known of them": "Earnings"})["As they are"] == "−1.70"


def test_what_cannot_have_happened_warns():
    table = tables.nothing_can_have_happened(planted.users())
    assert row_of(table, **{"Tried on": "Earnings"})["Verdict"] == "found something"
    assert row_of(table, **{"Tried on": "Region"})["Verdict"] == "nothing found"


def test_an_unrecorded_cause_is_measured_by_the_strongest_recorded_one():
    row = row_of(tables.unrecorded_cause(planted.users()), Outcome="Orders")
    assert "Move the difference by +0.1" in row["What an unrecorded cause would have to do"]
    assert "The strongest is earnings. One as strong would leave +0.2" in row[
        "If one were as strong as the strongest recorded one"
    ]  # fmt: skip


# Design sheets, hypotheses, effort


def test_the_sheet_tells_what_is_seen_and_what_it_takes():
    plain, adjusted = tables.smallest_effects(planted.sheet()).cells.to_dict("records")
    assert plain["Smallest effect found"].replace("\xa0", " ") == "0.200 (12.0 %)"
    assert adjusted["How it is counted"] == "adjusted for what was known before"
    assert plain["Customers it takes"] == "17,000 and 17,001"
    assert "Orders: It takes 34,001 customers." in text(tables.smallest_effects(planted.sheet()))


def test_false_alarms_have_their_verdict_or_a_reason():
    verdicts = list(tables.false_alarms(planted.sheet()).cells["Verdict"])
    assert verdicts == ["as allowed", "never used: this is what it would do"]
    assert text(tables.false_alarms(planted.sheet(a_a=False))) == "There is no A/A test: too few."


def test_the_declaration_is_told_with_its_mark_and_texts_stay_texts():
    table = tables.declaration(planted.sheet())
    assert planted.sheet().declaration.sha256 in text(table)
    assert "&lt;b&gt;more&lt;/b&gt;" in table.html
    assert "<b>more" not in table.html
    assert (
        row_of(table, What="Must not get worse")["Decided"]
        == "Customer satisfaction (CSAT) by 0.100 or more (lower is worse)"
    )


def test_verdicts_keep_their_words_and_refused_ones_their_row():
    table = tables.hypotheses(planted.family())
    assert list(table.cells["Verdict"]) == ["supported", "no effect that matters", "undecided"]
    assert row_of(table, Verdict="no effect that matters")["Smallest that matters"] == "20 percentage points"
    assert "nothing can be judged" in row_of(table, Verdict="undecided")["What was found"]
    choices = row_of(tables.other_choices(planted.family()), Hypothesis="mail sells")
    assert choices["Choices"] == "3 of 3"
    assert choices["Clearly"] == "100 %"
    assert "run again" in text(tables.other_choices(planted.family(again=False)))


def test_the_ways_of_effort_stand_together_and_surveys_say_who_answered():
    found = planted.effort()
    assert list(tables.effort_split(found).cells["Way"]) == ["in all", "by way of the effort", "by other ways"]
    assert row_of(tables.who_answered(found), Survey="Effort as said (survey, old question)")["Answered"] == "39 (26 %)"
    sentence = said(named(found, "indirect_effect", "orders"))
    assert sentence.endswith("than themselves with the effort of similar customers elsewhere.")
    assert "share of customers" in text(tables.effort_changed(found))
    assert "−1 pp" in text(tables.effort_changed(found))


def test_the_first_lines_of_the_effort_page_say_how_long_customers_were_followed():
    found = planted.effort()
    evidence = SimpleNamespace(sentence="900 customers with an issue.", effort_days=30, outcome_days=180)
    lines = str(evidence_age(SimpleNamespace(**vars(found), evidence=evidence)))
    assert "Mature: the 210 days after the issue are over for all of them." in lines
    assert "no sum of money is made of these figures" in lines


def test_contacts_go_together_with_what_was_bought_and_are_no_effect():
    found = planted.contacts()
    assert said(found.effects[1]) == (
        "Customers with 3 to 4 contacts placed 0.30 orders fewer per customer (95 % interval: 0.10 to 0.50 orders "
        "fewer) than similar customers without a contact. It goes together with the contacts and is no effect of them."
    )
    table = tables.contact_bands(found)
    assert text(table).count("No order is credited to a channel") == 1
    assert row_of(table, Before="none")["How far it can be believed"] == "–"
    assert headline({"effects": [one.to_dict() for one in found.effects]}) is None


def test_what_is_not_there_is_said_in_the_place_of_every_table():
    for table in (tables.arms, tables.arm_effects, tables.effects_on_all):
        assert text(tables.shown(table, None)) == "This was not asked of these tables, or they cannot answer it."
    assert "holds no arms" in text(tables.shown(tables.arms, planted.users()))


def test_text_from_data_stays_text():
    hostile = '<img src=x onerror="alert(1)">'
    found = planted.experiment()
    arms = found.arms.assign(arm=[hostile, "no mail"])
    shown = tables.arms(replace(found, arms=arms)).html
    assert "<img" not in shown
    assert "&lt;img" in shown
    forest = found.frames["forest"].assign(segment=hostile)
    made = tables.segment_effects(replace(found, frames={**found.frames, "forest": forest}))
    assert "<img" not in made.html
