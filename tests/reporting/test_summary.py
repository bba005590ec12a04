"""The summary: one answer with its interval and grade, chosen by rule, and everything that limits it."""

from __future__ import annotations

import copy
import json
import re

from analysis.foundation.provenance import canonical_json
from analysis.reporting.naming import forbidden_words
from analysis.reporting.sanitise import sanitised
from analysis.reporting.summary import MOST_FIGURES, STEPS, headline, status_in_words, summary
from analysis.reporting.vocabulary import STUDIES
from analysis.runner import steps as runner_steps


def text(made_summary):
    return str(made_summary).replace("\xa0", " ")


def test_the_answer_is_one_sentence_with_interval_and_grade(made):
    found = summary(made.results())
    assert found.answer.replace("\xa0", " ") == (
        "Customers whose issue went to social bought 8 % more often (95 % interval: 4 % to 13 % more) than similar "
        "customers whose issue went to another channel."
    )
    assert found.evidence.startswith("Grade B, comparison that passed its checks.")


def test_it_needs_nothing_but_the_file(made):
    stored = json.loads(canonical_json(made.results()))
    assert summary(stored) == summary(made.results())


def test_the_answer_is_chosen_by_rule_and_not_by_its_size(made):
    results = made.results()
    results["effects"] = list(reversed(results["effects"]))
    assert headline(results)["estimand"] == "channel_effect"
    assert headline(results)["outcome"] == "orders"
    for row in results["effects"]:
        if row["outcome"] == "orders" and not row["segment"] and row["estimand"] == "channel_effect":
            row["value"], row["low"], row["high"] = 0.9, 0.85, 0.95
    assert "less often" in summary(results).answer


def test_a_null_finding_is_said_as_plainly(made):
    results = made.results()
    for row in results["effects"]:
        if row["outcome"] == "orders" and row["scale"] == "ratio" and not row["segment"]:
            row["low"] = 0.97
    assert summary(results).answer.startswith("No difference in how often they bought could be seen")


def test_key_figures_are_few_and_each_has_its_range(made):
    figures = summary(made.results()).figures
    assert 6 <= len(figures) <= MOST_FIGURES
    assert [figure.label for figure in figures[:4]] == ["Orders", "Revenue", "Margin", "Net present value, 3 years"]
    assert all(figure.range for figure in figures)
    assert figures[0].evidence == "comparison that passed its checks"
    assert figures[3].evidence == "rests on: comparison with open questions"


def test_failed_and_unrun_checks_are_doubts(made):
    doubts = [doubt.replace("\xa0", " ") for doubt in summary(made.results()).doubts]
    assert "nobody recorded" in doubts[0]
    assert doubts[1].startswith("“Both groups moved alike before the contact” failed (Orders, Revenue, Margin).")
    assert "could not be run" in doubts[2]


def test_what_is_provisional_and_missing_is_said(made):
    found = summary(made.results())
    assert "September 2026" in found.provisional[0]
    assert any("product tv: 12 contacted customers" in line for line in found.missing)
    assert any(line.startswith("Taking up social care: this comparison is not built yet") for line in found.missing)


def test_an_experiment_alone_answers(made):
    results = made.results() | {"effects": [row.to_dict() for row in made.experiment().effects], "roi": None}
    found = summary(results)
    assert found.answer.startswith("Customers assigned to Mens E-Mail spent US$0.77 more per customer")
    assert found.evidence.startswith("Grade A, randomised test.")
    assert "The case in money was not made." in found.missing


def test_an_outcome_of_no_known_unit_is_named_once(made):
    results = made.results() | {"effects": [row.to_dict() for row in made.experiment().effects], "roi": None}
    for row in results["effects"]:
        row["unit"] = f"{row['outcome']} per customer"
    assert summary(results).answer.replace("\xa0", " ") == (
        "Customers assigned to Mens E-Mail had 0.77 more spend per customer (95 % interval: 0.48 to 1.05 more) than "
        "customers assigned to No E-Mail."
    )


def test_without_a_case_each_of_the_first_outcomes_has_a_figure_in_the_order_of_the_parameters(made):
    results = made.results() | {"effects": [row.to_dict() for row in made.experiment().effects], "roi": None}
    results["coverage"]["outcomes"] = ["visit", "conversion", "spend"]
    labels = [figure.label.partition(",")[0] for figure in summary(results).figures[:6]]
    assert labels == [
        f"{name} per customer" for name in ("Visit", "Visit", "Conversion", "Conversion", "Spend", "Spend")
    ]
    for row in list(results["effects"]):
        results["effects"] += [row | {"treated": f"{row['treated']} {number}"} for number in range(4)]
    labels = [figure.label.partition(",")[0] for figure in summary(results).figures[:6]]
    assert set(labels) == {"Visit per customer", "Conversion per customer", "Spend per customer"}


def test_a_randomised_test_is_said_beside_a_less_certain_answer(made):
    also = summary(made.results()).also
    assert also.startswith("Customers assigned to Mens E-Mail spent US$0.77 more")
    assert also.endswith("Grade A, randomised test. Customers were assigned at random.")
    assert also in str(summary(made.results()))
    alone = made.results() | {"effects": [row.to_dict() for row in made.experiment().effects]}
    assert summary(alone).also == ""


def test_nothing_counted_is_neither_closed_nor_provisional(made):
    results = made.results() | {"metrics": []}
    assert summary(results).provisional == ("No figure was counted by month.",)
    assert status_in_words(results) == ""
    assert status_in_words(made.results()) == "partly provisional"


def test_a_missing_figure_names_its_period_and_how_many_months_lack_it(made):
    months = [made.metric("first_response_time_p90", month, None).to_dict() for month in ("2026-07", "2026-08")]
    results = made.results() | {"metrics": months}
    line = "First response time, 90th percentile, August 2026: no opening mention in the period; so in 1 earlier month."
    assert line in summary(results).missing
    results["metrics"] = [made.metric("first_response_time_p90", "2026-07/2026-08", None).to_dict(), *months]
    line = "First response time, 90th percentile, July 2026 to August 2026: no opening mention in the period; so too "
    assert f"{line}in 2 of its months." in summary(results).missing


def test_a_note_on_method_is_no_doubt(made):
    results = made.results()
    results["coverage"]["notes"] = {"before_after": ["Cells were made coarser: region.", "`x` was left out."]}
    doubts = summary(results).doubts
    assert "x was left out." in doubts
    assert not any("coarser" in doubt for doubt in doubts)


def test_a_report_that_only_counts_says_so(made):
    found = summary(made.results() | {"effects": [], "roi": None})
    assert found.answer == "No comparison was made; this report counts and claims no effect."
    assert {figure.label for figure in found.figures} == {"Response rate", "First response time, median", "Mentions"}


def test_a_refused_study_claims_nothing(made):
    results = made.results() | {"effects": [made.effect("orders", None).to_dict()], "roi": None}
    assert summary(results).answer.startswith("No effect on how often they bought is claimed: 12 contacted")
    assert summary(results).evidence == "No effect is claimed."


def test_an_empty_file_is_a_summary_too():
    found = summary({})
    assert found.figures == ()
    assert str(found)


def test_a_payback_that_is_never_reached_is_said(made):
    results = made.results()
    results["roi"]["payback_months"] = {"p5": None, "p50": None, "p95": None}
    assert "Paid back after: not within the years" in text(summary(results))


def test_it_is_plain_html_without_forbidden_words(made):
    found = summary(made.results())
    html = found._repr_html_()
    assert sanitised(html) == html
    assert not forbidden_words(str(found))
    assert not re.search(r"style=|<script", html)


def test_hostile_text_is_text(made):
    results = copy.deepcopy(made.results())
    for row in results["effects"]:
        for check in row["checks"]:
            check["detail"] = made.HOSTILE
        if row["value"] is None:
            row["reason"] = made.LONG
        row["treated"] = made.HOSTILE
    html = summary(results)._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert sanitised(html) == html
    assert len(html) < 20_000


def test_kinds_that_cannot_be_told_for_one_reason_are_one_line(made):
    results = made.results()
    why = "The run-off of `{}` cannot be told. A row stands at zero."
    results["coverage"]["notes"] = {
        "metrics": [f"{kind}: {why.format(kind)}" for kind in ("click", "like")],
        "month_close": ["view: The run-off of `view` cannot be told. Two months are too few."],
    }
    doubts = [line for line in summary(results).doubts if "cannot be told" in line]
    assert doubts == [
        "What is still to come cannot be told of clicks, likes. A row stands at zero.",
        "Views: The run-off of view cannot be told. Two months are too few.",
    ]


def test_steps_have_titles_and_no_mark_of_code_is_left(made):
    results = made.results()
    results["coverage"]["skipped"] = [{"step": name, "reason": "needs `orders`"} for name in STEPS]
    results["coverage"]["metrics_missing"] = {"mentions": "column `kind` of `mentions`"}
    results["metrics"].append({**results["metrics"][0], "value": None, "reason": "no `click` in the period"})
    found = summary(results)
    missing = " ".join(found.missing)
    for title in STEPS.values():
        assert f"{title}: needs orders." in missing
    assert "Roi case" not in missing
    assert "`" not in str(found) + found._repr_html_()


def test_the_titles_of_steps_are_those_of_their_pages():
    titles = {step.name: step.title for step in runner_steps.STEPS if step.name != "summary"}
    assert {name: STEPS[name] for name in titles} == titles


def test_a_note_that_only_names_a_table_is_said_as_a_sentence(made):
    results = made.results()
    results["coverage"] = {**(results.get("coverage") or {}), "notes": {"metrics": ["table `mentions`"]}}
    doubts = summary(results).doubts
    assert "The table mentions is missing, so nothing is told of what it would show." in doubts
    assert "table mentions" not in doubts


def test_a_grade_b_headline_says_what_an_unrecorded_cause_would_have_to_do(made):
    results = made.results()
    clause = "the difference is an effect unless an unrecorded cause made them buy 4.1 % more than before."
    for row in results["effects"]:
        row["claim"] = f"Found. The comparison passed its checks; {clause} Grade B: comparison that passed its checks."
        row["grade"] = "B" if row["estimand"] == "channel_effect" else row["grade"]
    assert summary(results).evidence.replace("\xa0", " ").endswith(clause)


def test_the_page_is_in_order_from_the_answer_to_how_it_was_found(made):
    html = summary(made.results())._repr_html_()
    headings = re.findall(r"<h3>([^<]*)</h3>", html)
    assert headings[:2] == ["What was checked before any result", "The figures to remember"]
    assert headings.index("What is provisional") < headings.index("What could be wrong")
    assert headings[-2:] == ["What is missing", "How it was found"]
    assert html.index('class="ts-answer"') < html.index('class="ts-mark ts-grade-b"') < html.index("<h3>")


def test_what_changed_since_the_last_report_stands_before_everything_but_the_answer(made, monkeypatch):
    from analysis.reporting.summary import front

    monkeypatch.setattr(front, "since_in_words", lambda results, say: ["Nothing moved."])
    monkeypatch.setattr(front, "title_since", lambda results: "Since the last report (2026q2)")
    monkeypatch.setattr(front, "since_last_report", lambda results, locale: None)
    told = summary(made.results())
    assert "Since the last report (2026q2)" in told.opening.html
    assert next(iter(told.sections())) == ("Since the last report (2026q2)", ("Nothing moved.",))


def test_the_mark_of_a_grade_has_its_letter_and_its_words(made):
    assert "<strong>Grade B</strong> comparison that passed its checks" in summary(made.results()).opening.html
    refused = made.results() | {"effects": [made.effect("orders", None).to_dict()], "roi": None}
    assert "ts-mark" not in summary(refused).opening.html
    assert "No effect is claimed." in summary(refused).opening.html


def test_the_pieces_hold_all_that_the_summary_says(made):
    told = summary(made.results())
    whole = str(told)
    for _, lines in told.sections():
        assert all(line in whole for line in lines)
    pieces = [told.opening, told.standing, told.worth, told.rest]
    assert all(piece is None or piece.plain in whole for piece in pieces)
    assert all(piece is None or sanitised(piece._repr_html_()) == piece._repr_html_() for piece in pieces)


def test_a_long_list_is_folded_and_nothing_is_lost(made):
    results = made.results()
    results["coverage"]["metrics_missing"] = {f"figure_{n}": "a table" for n in range(40)}
    html = summary(results)._repr_html_()
    assert all(f"Figure {n}: needs a table." in html for n in range(40))
    opened = re.sub(r"<details.*?</details>", "", html)
    assert opened.count("needs a table") < 6


def test_names_of_code_are_said_in_words(made):
    results = made.results()
    results["coverage"]["notes"] = {
        "ab_segments": [
            "Outcome `index_issue_cost` is not in the data of experiment `care_invitation`.",
            "Outcome `retained` is not in the data of experiment `care_invitation`.",
            "Experiment `care_invitation`: customers who met what their arm offers: control 0 of 20; invited 7 of 19.",
        ]
    }
    doubts = summary(results).doubts
    assert "The test “care invitation” holds nothing on: Cost of the issue itself, Stayed." in doubts
    met = (
        "In the test “care invitation”, customers who met what their group was offered: control 0 of 20; invited 7 of "
    )
    assert f"{met}19." in doubts
    assert not any("_" in doubt for doubt in doubts)


def test_executives_and_analysts_read_the_same_figures_and_analysts_read_more(made):
    short, full = summary(made.results()), summary(made.results(), audience="analyst")
    assert short == summary(made.results(), audience="executive")
    assert short.in_full is None
    assert str(full).startswith(str(short))
    assert full.in_full is not None
    text_of = full.in_full.plain
    for row in made.results()["effects"]:
        if not row["segment"] and row.get("declared", True):
            assert (row["method"] or row["reason"]).partition(".")[0] in text_of
    assert "Checks: before and after" in full.in_full.html
    assert sanitised(full._repr_html_()) == full._repr_html_()


def test_every_declared_effect_has_its_line_with_error_rows_and_grade(made):
    table = summary(made.results(), audience="analyst").effects
    rows = [row for row in made.results()["effects"] if not row["segment"] and row.get("declared", True)]
    assert len(table.cells) == len(rows)
    rows.sort(key=lambda row: list(STUDIES).index(row["design"]))
    assert list(table.cells["Grade"]) == [row["grade"] for row in rows]
    for row, cell in zip(rows, table.cells["Standard error"], strict=True):
        error = row["se_log"] if row["scale"] == "ratio" else row["se"]
        assert cell == "–" if error is None else abs(float(cell.replace("−", "-")) - error) <= 0.006 * abs(error)
    assert len(table.frame) == len([row for row in made.results()["effects"] if row.get("declared", True)])


def test_the_charts_come_from_results_alone_and_are_left_out_where_there_is_nothing_to_draw(made):
    from analysis.reporting.summary.pictures import evidence_picture, money_picture

    stored = json.loads(canonical_json(made.results()))
    assert evidence_picture(stored).png() == evidence_picture(made.results()).png()
    by_lot = stored | {"effects": [row.to_dict() for row in made.experiment().effects]}
    assert "Mens E-Mail" in evidence_picture(by_lot).alt
    assert evidence_picture({"effects": []}) is None
    assert money_picture({"effects": [], "roi": None}) is None
    refused = stored | {"effects": [made.effect("orders", None).to_dict()]}
    assert evidence_picture(refused) is None


def test_cases_are_told_with_their_counter_example_and_that_they_prove_nothing(made):
    told = [line.replace("\xa0", " ") for line in summary(made.results() | made.stories().to_parts()).stories]
    assert sum(line.startswith("Beside them, the first that went the other way: ") for line in told) == 1
    assert told[-1].startswith("A rule chose these cases, nobody else; a case proves nothing. ")
    none = made.stories(reason="too few customers", stories=(), counter_example=None)
    assert summary(made.results() | none.to_parts()).stories == ("No case can be told: too few customers.",)
    assert summary(made.results() | {"stories": []}).stories == ()
