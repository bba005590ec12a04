"""Tables: the right cells, plain and escaped, no style, no script; the frame behind them."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.reporting import tables
from analysis.reporting.naming import forbidden_words
from analysis.reporting.sanitise import sanitised


def every_table(made):
    return {
        "effects": tables.effects(made.channel()),
        "claims": tables.claims(made.channel()),
        "checks": tables.checks(made.channel()),
        "sample": tables.sample(made.channel()),
        "arms": tables.arms(made.experiment()),
        "metrics": tables.metrics(made.metrics()),
        "missing": tables.missing(made.metrics()),
        "rows_used": tables.rows_used(made.accounts()),
        "case_lines": tables.case_lines(made.case()),
        "money": tables.money(made.case()),
        "frame": tables.frame(made.paths_frame(), "Paths"),
    }


@pytest.fixture(scope="module")
def made_tables(made):
    return every_table(made)


NAMES = (
    "effects",
    "claims",
    "checks",
    "sample",
    "arms",
    "metrics",
    "missing",
    "rows_used",
    "case_lines",
    "money",
    "frame",
)


def cells(table):
    return table.cells.map(lambda cell: cell.replace("\xa0", " "))


@pytest.mark.parametrize("name", NAMES)
def test_every_table_is_plain_and_accessible(made_tables, name):
    table = made_tables[name]
    html = table._repr_html_()
    assert not re.search(r"<(script|style|link|iframe|img)|style=|javascript|https?:| id=| on\w+=", html)
    assert re.match('<div class="ts-table"><table class="gt_table(?: ts-sentences)?"><caption>', html)
    assert ("ts-sentences" in html) == (name in ("claims", "checks"))  # stand below one another on a phone
    assert html.count("<caption>") == 1
    assert all("scope=" in head for head in re.findall(r"<th[ >][^>]*>", html))
    assert "<td></td>" not in re.findall(r"<thead>.*?</thead>", html, flags=re.DOTALL)[0]
    assert sanitised(html) == html  # a page keeps it as it is
    assert not forbidden_words(re.sub(r"<[^>]*>", " ", html))
    assert isinstance(table.frame, pd.DataFrame)
    assert table.caption in str(table)


def test_equal_tables_give_equal_bytes(made, made_tables):
    again = every_table(made)
    assert {name: table.html for name, table in again.items()} == {name: made_tables[name].html for name in again}


def test_cells_are_escaped_whatever_they_hold(made):
    rows = [made.effect("orders", None, segment={"region": made.HOSTILE}, reason=made.HOSTILE)]
    rows.append(made.effect("**bold** [x](http://evil.example)", 1.2, 1.1, 1.3, treated=made.LONG))
    for table in (tables.effects(rows), tables.claims(rows)):
        assert "<script" not in table.html
        assert "<img" not in table.html
        assert "<a" not in table.html
        assert "<strong>" not in table.html
        assert "&lt;script&gt;" in table.html or "**bold**" in table.html
        assert "\u202e" not in table.html
        assert len(table.html) < 20_000
    frame = pd.DataFrame({made.HOSTILE: [made.HOSTILE], "b": [None]})
    html = tables.frame(frame, made.HOSTILE).html
    assert html.count("&lt;script&gt;") == 3
    assert sanitised(html) == html


def test_effects_show_interval_evidence_and_raw_figures(made):
    table = cells(tables.effects(made.channel())).rename(columns=lambda name: name.replace("\xa0", " "))
    heading = "Orders, grade B: comparison that passed its checks"  # said once, not in every row
    orders = table[table["Outcome"] == heading].set_index("For whom")
    whole = orders.loc["all customers"]
    assert whole["Difference (95 % interval)"] == "+8 % (+4 to +13 %)"
    assert whole["Per customer (95 % interval)"] == "+0.21 (+0.11 to +0.31)"  # both scales in one row
    assert list(orders.index[-2:]) == ["raw: before against after", "raw: users against all others"]
    assert list(orders["Difference (95 % interval)"].iloc[-2:]) == ["−13 % (−15 to −11 %)", "+62 % (+57 to +67 %)"]
    assert orders.loc["product tv", "Difference (95 % interval)"] == "not claimed"
    assert "Not claimed: 12 contacted customers; each group needs 50." in tables.effects(made.channel()).notes
    assert len(tables.effects(made.channel()).frame) == len(made.channel().effects)


def test_an_effect_of_another_grade_than_its_outcome_says_so(made):
    rows = [made.effect("orders", 1.1, 1.0, 1.2), made.effect("orders", 1.1, 1.0, 1.2, segment={"a": "b"}, grade="C")]
    table = cells(tables.effects(rows))
    assert list(table["For whom"]) == ["all customers", "a b; C: comparison with open questions"]


def test_effects_of_one_outcome(made):
    table = cells(tables.effects(made.channel(), outcome="margin"))
    assert table.iloc[0, 2] == "+5 % (−1 to +12 %)"
    assert "+€6.40 (−€1.10 to +€13.90)" in set(table.iloc[0])
    with pytest.raises(DesignError, match="no effect on `visit`"):
        tables.effects(made.channel(), outcome="visit")


def test_effects_of_several_arms_name_them(made):
    table = cells(tables.effects(made.experiment()))
    assert list(table["For whom"].iloc[:2]) == ["Mens E-Mail, all customers", "Womens E-Mail, all customers"]
    assert table["Outcome"].iloc[0] == "Visit, grade A: randomised test"
    difference = table.iloc[:, 2]
    assert table.columns[2].replace("\xa0", " ") == "Difference per customer (95 % interval)"
    assert difference.iloc[0] == "+0.077 (+0.070 to +0.083)"
    assert difference.iloc[4] == "+US$0.77 (+US$0.48 to +US$1.05)"


def test_claims_are_sentences_one_for_each_outcome(made):
    table = cells(tables.claims(made.channel()))
    assert list(table["Outcome"]) == ["Orders", "Revenue", "Margin"]
    assert table["What may be said"].iloc[2].startswith("No difference in the margin they brought could be seen")


def test_checks_say_failures_first_and_once(made):
    table = cells(tables.checks(made.channel()))
    assert list(table["Outcome"].unique()) == ["All outcomes"]
    assert list(table["Result"]) == ["✗ failed", "? could not be run", "✓ passed", "✓ passed"]


def test_checks_that_differ_by_outcome_are_kept_apart(made):
    rows = [made.effect("orders", 1.1, 1.0, 1.2), made.effect("revenue", 1.1, 1.0, 1.2, checks=made.CHECKS[:1])]
    table = cells(tables.checks(rows))
    assert list(table["Outcome"]).count("All outcomes") == 1
    assert set(table["Outcome"]) == {"All outcomes", "Orders"}


def test_where_no_effect_is_claimed_the_reasons_stand_in_the_place_of_the_checks(made):
    reasons = {"orders": "20 contacted customers; each group needs 50.", "revenue": "20 contacted customers; few."}
    refused = [made.effect(outcome, None, checks=(), reason=why) for outcome, why in reasons.items()]
    twice = [*refused, made.effect("orders", None, checks=(), reason=reasons["orders"], scale="difference")]
    assert str(tables.checks(twice)).replace("\xa0", " ").splitlines() == [
        "No effect on how often they bought is claimed: 20 contacted customers; each group needs 50.",
        "No effect on what they spent is claimed: 20 contacted customers; few.",
        "Nothing was compared, so there is nothing to check.",
    ]
    assert str(tables.checks(twice[::2])).splitlines()[0] == (
        "No effect is claimed: 20 contacted customers; each group needs 50."
    )
    assert tables.checks(refused).cells.empty
    with pytest.raises(DesignError, match="no effect on all customers"):
        tables.checks([made.effect("orders", None, checks=(), segment={"region": "north"})])


def test_metrics_stand_by_month_in_the_order_of_the_catalogue(made):
    table = cells(tables.metrics(made.metrics(), months=2))
    assert list(table.columns) == ["Figure", "Aug 2026", "Sept 2026 (p)"]
    assert list(table["Figure"]) == ["Mentions", "Response rate", "First response time, median"]
    assert list(table["Sept 2026 (p)"]) == ["1,040", "73.2 %", "1 h 09 min"]


def test_a_metric_without_value_has_its_reason_once(made):
    rows = [made.metric("mentions", month, 5) for month in ("2026-07", "2026-08")]
    rows += [made.metric("response_rate", month, None) for month in ("2026-07", "2026-08")]
    table = tables.metrics(rows)
    assert list(table.cells["Aug 2026"]) == ["5", "–"]
    assert table.notes == ("Response rate, August 2026: no opening mention in the period; so in 1 earlier month.",)


def test_money_of_no_known_currency_says_so(made):
    table = tables.metrics([made.metric("average_order_value", "2026-08", 59.914, unit="money")])
    assert list(table.cells.iloc[0]) == ["Average order value, in the tables' currency", "59.91"]


def test_arms_stand_beside_what_was_intended(made):
    table = cells(tables.arms(made.experiment()))
    assert list(table["Arm"]) == ["Mens E-Mail", "No E-Mail (comparison)", "Womens E-Mail"]
    assert list(table["Share"]) == ["33.3 %", "33.3 %", "33.4 %"]


def test_rows_used_add_up(made):
    table = cells(tables.rows_used({**made.accounts(), "posts": SimpleNamespace(rows=made.accounts()["orders"])}))
    assert list(table["Table"]) == ["issues", "orders", "posts"]
    assert list(table["Why"]) == ["–", "cancelled 500", "cancelled 500"]


def test_money_has_three_cases(made):
    table = cells(tables.money(made.case())).set_index("Line")
    assert list(table.loc["Year 1", ["Low case", "Middle case", "High case"]]) == [
        "€80,000",
        "€580,000",
        "€1.09 million",
    ]
    assert list(table.loc["Months to pay back", ["Low case", "Middle case", "High case"]]) == [
        "not within the years", "3.7", "2.0",
    ]  # fmt: skip


def test_the_lines_of_a_case_say_where_they_come_from(made):
    table = cells(tables.case_lines(made.case()))
    assert table["Comes from"].iloc[0] == "€6.40 a contact, 131,000 contacts a year (parameters)"
    assert list(table["Part"]) == ["Benefits", "Costs", "Costs"]
    assert table["Once"].iloc[2] == "€180,000"


def test_groups_of_rows_have_bodies_of_their_own(made):
    html = tables.case_lines(made.case()).html
    assert html.count("<tbody") == html.count("</tbody>") == html.count('scope="rowgroup"') == 2


def test_nothing_missing_is_said():
    table = tables.missing(SimpleNamespace(missing={}))
    said = "Nothing is missing: every figure of the catalogue was counted."
    assert str(table) == said
    assert table.html == f'<div><p class="ts-note">{said}</p></div>'
    assert table.frame.empty


def test_the_sample_says_how_many_have_a_comparison(made):
    study = made.channel()
    study.sample = {"issues_outside_the_data_span": 0, "contacted": 2900, "comparison_customers": 9230}
    table = cells(tables.sample(study)).set_index("Who")["Number"]
    assert dict(table) == {"Contacted": "2,900", "Of them with a comparison": "2,810",
                           "Comparison customers": "9,230",
                           "Of them similar to somebody contacted": "9,120"}  # fmt: skip
    study.sample = {"issues_outside_the_data_span": 3}
    assert list(tables.sample(study).cells["Number"]) == ["3"]


@pytest.mark.parametrize("name", ["effects", "claims", "checks", "metrics"])
def test_an_empty_result_is_refused(name):
    with pytest.raises(DesignError):
        getattr(tables, name)([])


def test_figures_of_the_whole_period_stand_before_the_months():
    months = [{"id": "response_rate", "period": period, "value": value, "segment": {}, "unit": "share",
               "state": "provisional", "numerator": 1, "denominator": 2, "version": 1, "basis": "post"}
              for period, value in (("2026-07", 0.5), ("2026-08", 0.7), ("2026-07/2026-08", 0.62))]  # fmt: skip
    table = tables.metrics({"metrics": months})
    assert list(table.cells.columns)[:2] == ["Figure", "Whole period"]
    assert table.cells.iloc[0]["Whole period"] == "62.0\xa0%"
    assert len(table.frame) == 3
