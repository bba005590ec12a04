"""The page of the before-and-after study: first lines, checks above the estimate, charts and tables, in any world.

The results are made by hand: a world in which the contact helped, one in which it harmed, one in which nothing could be
seen, one whose checks failed and one in which nothing is claimed.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.foundation.errors import DesignError
from analysis.reporting import charts, tables
from analysis.reporting.charts import NothingToDraw
from analysis.reporting.evidence_age import evidence_age
from analysis.reporting.naming import forbidden_words
from analysis.reporting.sanitise import sanitised
from analysis.reporting.summary import headline, summary
from analysis.reporting.theme import COLOURS, NARROW, SHADE
from analysis.studies.result import Check
from tests.reporting.channel_pages import (
    FIELD_TERMS,
    UNITS,
    WORLDS,
    cells,
    cohorts,
    drawn,
    events,
    gates,
    page,
    said,
    study,
)
from tests.reporting.drawn_words import assert_words_inside


@pytest.fixture(scope="module")
def pages(made):
    return {name: page(study(made, ratio)) for name, ratio in WORLDS.items()}


# All worlds alike


@pytest.mark.parametrize("world", WORLDS)
def test_no_page_uses_the_words_of_the_field(pages, world):
    for name, shown in pages[world].items():
        text = said(shown)
        assert not forbidden_words(text), name
        assert not FIELD_TERMS.search(text), name


def test_a_harm_and_nothing_get_the_same_space_and_the_same_weight_as_a_gain(pages):
    """As many rows in the same tables, charts of one size in the same colours; only numbers and words differ."""
    for name, gain in pages["gain"].items():
        for world in ("harm", "null"):
            other = pages[world][name]
            assert type(other) is type(gain), name
            if isinstance(gain, tables.Table):
                assert other.cells.shape == gain.cells.shape, name
                assert list(other.frame.columns) == list(gain.frame.columns)
            if isinstance(gain, charts.Figure):
                assert other.css_width == gain.css_width
                assert colours(other) == colours(gain), name


def colours(figure):
    return sorted({to_hex(line.get_color()) for axes in figure.axes for line in axes.lines})


@pytest.mark.parametrize(
    ("world", "naive", "event", "paths_"),
    [
        ("gain", "Raw: 62 % more. Against similar customers: 8 % more",
         "After the issue, orders against expected: 8 % more",
         "Orders run above those of similar customers afterwards"),
        ("harm", "Raw: 62 % more. Against similar customers: 8 % fewer",
         "After the issue, orders against expected: 8 % fewer",
         "Orders run below those of similar customers afterwards"),
        ("null", "Raw: 62 % more. Against similar customers: no clear change",
         "After the issue, orders against expected: no clear change", "Orders: no clear difference after the issue"),
    ],
)  # fmt: skip
def test_titles_have_the_sign_right(pages, world, naive, event, paths_):
    titles = {name: figure.story.title.replace("\xa0", " ") for name, figure in drawn(pages[world]).items()}
    assert (titles["naive"], titles["event_study"], titles["paths"]) == (naive, event, paths_)
    assert all(len(figure.story.title.split(" ")) <= 10 for figure in drawn(pages[world]).values())


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("narrow", [False, True])
def test_all_words_lie_inside_the_charts(pages, world, narrow):
    for name in ("event_study", "maturing_chart"):
        assert_words_inside(pages[world][name].at(NARROW) if narrow else pages[world][name])


@pytest.mark.parametrize("world", WORLDS)
def test_every_chart_says_source_rows_and_method_and_has_its_words(pages, world):
    for name, figure in drawn(pages[world]).items():
        foot = "".join(text.get_text() for text in figure.texts if text.get_gid() == "foot")
        assert "Source: " in foot, name
        assert "Method: " in foot, name
        assert len(figure.alt) > 60, name


# First lines


def test_the_first_lines_say_how_old_the_evidence_is(made):
    found = evidence_age(study(made))
    assert found.who == (
        "Customers who first contacted us on social from July 2025 to March 2026, followed for 6 months."
    )
    assert found.standing == (
        "Mature: the 6 months after the contact are over for all of them. The data reach to September 2026."
    )
    assert found.later.startswith("Those who first contacted us from April 2026 to June 2026 have been followed for")
    html = found._repr_html_()
    assert sanitised(html) == html
    assert html.index("July 2025") < html.index("Mature")


def test_an_interim_alone_is_called_one(made):
    full = study(made)
    alone = replace(full, effects=tuple(one for one in full.effects if one.maturity == "interim"))
    assert evidence_age(alone).standing.startswith("Interim: the 6 months after the contact are not over for all")
    refused = replace(full, effects=(made.effect("orders", None),))
    assert evidence_age(refused).standing.startswith("No effect is claimed of them.")
    with pytest.raises(DesignError, match="how old its evidence is"):
        evidence_age(made.channel())


# Checks


def test_what_failed_and_what_could_not_be_run_stands_above_what_passed(made):
    table = cells(tables.checks(study(made, drift=1.09)))
    results = list(dict.fromkeys(table["Result"]))
    assert results == ["✗ failed", "? could not be run", "✓ passed"]
    failed = table[table["Result"] == "✗ failed"]
    assert set(failed["What was tested"]) == {"Both groups moved alike before the contact"}
    assert failed["What came out"].str.startswith("+9 % (+7 to +11 %); seen from 3.1 %. ").all()
    assert failed["What came out"].str.endswith("would have drifted on without it.").all()
    assert "would have drifted on without it." in tables.checks(study(made, drift=1.09)).html  # not cut off


def test_a_gate_shows_its_figure_its_interval_and_what_it_could_have_seen(made):
    """By hand: error 0.03, so 1.96 errors are 0.0588 and 2.8 errors 0.084; 1.01 × exp(∓0.0588) = 0.952 to 1.071."""
    table = cells(tables.checks(study(made)))
    row = table[table["What was tested"] == "Nothing happens at a made-up earlier date"].iloc[0]
    assert row["What came out"] == "+1 % (−5 to +7 %); seen from 8.4 %"
    overlap = table[table["What was tested"] == "Nearly every customer has similar ones to compare with"].iloc[0]
    assert (overlap["What came out"], overlap["Outcome"]) == ("", "All outcomes")
    assert "four cases of five" in tables.checks(study(made)).notes[1]
    folded = [one for one in tables.checks(study(made)).folded if "made-up earlier date (Orders): " in one]
    assert len(folded) == 1
    assert "orders six months earlier" in folded[0]


def test_checks_that_change_no_grade_stand_apart_one_row_each_and_a_cap_was_not_left_undone(made):
    caps = (Check(name="scale_of_shares", verdict="not_run", detail="Only chance could tell.", gate=True),)
    shown_only = [
        Check(name="no_single_customer", verdict="passed", detail=f"One makes up {share} %.") for share in (1, 2)
    ]
    rows = [
        made.effect(outcome, 1.08, 1.04, 1.12, checks=(*gates(outcome), *caps, one))
        for outcome, one in zip(("orders", "margin"), shown_only, strict=True)
    ]
    found = tables.checks(rows)
    table = cells(found)
    groups = list(table["Decides"])
    assert groups == sorted(groups)  # "Decides the grade" before "Shown, changes no grade"
    [besides] = table[table["Decides"] == "Shown, changes no grade"].to_dict("records")
    assert (besides["Result"], besides["Outcome"], besides["What came out"]) == ("✓ passed", "All outcomes", "")
    assert sum("One makes up" in one for one in found.folded) == 2
    [cap] = table[table["What was tested"].str.startswith("Shares can be compared")].to_dict("records")
    assert (cap["Result"], cap["What came out"]) == ("? cannot be known from these data", "Only chance could tell.")
    assert sanitised(found.html) == found.html
    assert found.html.count("<details") == 1


def test_the_frame_behind_the_checks_keeps_the_numbers(made):
    frame = tables.checks(study(made)).frame
    assert frame.loc[frame["name"] == "future_social", "value"].iloc[0] == pytest.approx(1.02)
    assert frame.loc[frame["name"] == "overlap", "value"].isna().all()


# Balance and drift


def test_the_least_alike_stand_first_and_levels_are_written_as_they_are(made):
    table = tables.balance(study(made))
    shown = cells(table)
    assert list(shown["Known of them"]) == ["Region: north", "Months observed: mean", "The issue's product: mobile"]
    assert list(shown["Contacted"]) == ["30.0 %", "21.5", "41.0 %"]
    assert list(shown["Gap in standard deviations"]) == ["+0.19", "+0.05", "+0.02"]
    assert list(shown["Judged"]) == ["not alike", "alike", "alike"]
    assert table.notes == (
        "Below 0.1 counts as alike.",
        "Contacted customers were compared with customers alike in: month of the issue, product.",
    )  # fmt: skip
    unjudged = replace(study(made), balance=study(made).balance.assign(judged=[True, True, False]))
    assert list(cells(tables.balance(unjudged))["Judged"]) == ["alike", "alike", "shown only"]
    assert "not judged" in tables.balance(unjudged).notes[1]
    nothing = replace(study(made), balance=study(made).balance.head(0))
    assert str(tables.balance(nothing)) == "Nobody could be compared, so nobody was set side by side."


def test_many_rows_of_balance_are_cut_after_the_least_alike_and_counted(made):
    rows = pd.DataFrame({"covariate": "region", "value": [f"r{n:02d}" for n in range(30)], "contacted": 0.1,
                         "comparison": 0.1, "difference": np.linspace(0.001, 0.03, 30)})  # fmt: skip
    rows.loc[0, "difference"] = np.inf
    table = tables.balance(replace(study(made), balance=rows))
    assert len(table.cells) == 15
    assert table.cells.iloc[0]["Known of them"] == "Region: r00"
    assert "15 further rows" in table.notes[1]
    assert len(table.frame) == 30


@pytest.mark.parametrize(
    ("drift", "opens"),
    [(0.996, "No drift between the groups could be seen (−0.4 %, 95 % interval"),
     (1.09, "Up against similar customers"), (0.91, "Down against similar customers")],
)  # fmt: skip
def test_the_drift_is_said_with_what_could_have_been_seen(made, drift, opens):
    shown = cells(tables.drift(study(made, drift=drift))).iloc[0, 1]
    assert shown.startswith(opens)
    assert "A drift of 3.1 % or more would have been seen in four cases of five." in shown
    assert shown.endswith("p = 0.52.")


def test_a_drift_that_could_not_be_tested_is_said(made):
    assert "could not be tested" in str(tables.drift(replace(study(made), pre_trends={})))


# The event study


def test_the_event_study_draws_what_it_is_given_and_marks_what_is_not_tested(made):
    found = study(made, 0.92)
    before = found.event_study.copy()
    figure = charts.event_study(found)
    (axes,) = figure.axes
    frame = events(0.92, 0.996)
    points = {gid: [line for line in axes.lines if line.get_gid() == gid] for gid in ("lead", "dip", "index", "after")}
    for part, marks in points.items():
        rows = frame[frame["part"] == part]
        assert [float(mark.get_xdata()[0]) for mark in marks] == list(rows["month"])
        assert [float(mark.get_ydata()[0]) for mark in marks] == pytest.approx(list(rows["ratio"] - 1))
        hollow = {to_hex(mark.get_markerfacecolor()) == "#ffffff" for mark in marks}
        assert hollow == {part in ("dip", "index")}
    intervals = [tuple(line.get_ydata()) for line in axes.lines if line.get_gid() == "interval"]
    assert intervals == [(row.low - 1, row.high - 1) for row in frame.itertuples()]
    shade = next(patch for patch in axes.patches if patch.get_gid() == "issue")
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (-1.5, 0.5)
    assert to_hex(shade.get_facecolor()) == SHADE
    assert to_hex(points["after"][0].get_color()) == COLOURS["contacted"]
    low, high = axes.get_ylim()
    assert low <= frame["low"].min() - 1
    assert high >= frame["high"].max() - 1
    assert next(line for line in axes.lines if line.get_gid() == "baseline").get_ydata()[0] == 0
    assert "Hollow: not tested" in said(figure)
    assert "0 lie clearly above what was expected and 6 clearly below" in figure.alt
    pd.testing.assert_frame_equal(found.event_study, before)


def test_a_failed_gate_is_the_finding_of_the_event_study(made):
    assert charts.event_study(study(made, drift=1.09)).story.title == (
        "Orders: the groups drifted apart before the issue"
    )


def test_an_event_study_that_cannot_be_drawn_says_why(made):
    found = study(made)
    with pytest.raises(
        NothingToDraw, match="There are no months of margin to draw; followed month by month were: orders"
    ):
        charts.event_study(found, "margin")
    with pytest.raises(NothingToDraw, match="ratios of each month"):
        charts.event_study(made.channel())
    refused = replace(found, effects=(made.effect("orders", None),))
    with pytest.raises(NothingToDraw, match="level of its intervals"):
        charts.event_study(refused)
    nothing = replace(found, event_study=events(1.0).head(0), paths=made.paths_frame().head(0))
    for chart in (charts.event_study, charts.paths):
        with pytest.raises(NothingToDraw, match="There are no months to draw"):
            chart(nothing, "orders")


# The effect, beside the raw figures


def test_every_outcome_has_a_row_with_its_unit_and_its_grade(made):
    shown = cells(tables.effects_on_all(study(made)))
    assert list(shown["Outcome"]) == [
        "Orders", "Orders, raw: before against after", "Orders, raw: users against all others", "Revenue", "Margin",
        "Support issues", "Support cost", "Cost of the issue itself", "Bought again", "Stayed",
    ]  # fmt: skip
    shown = shown.set_index("Outcome")
    head = "Difference (95 % interval)"
    assert shown.loc["Orders", head] == "+8 % (+4 to +12 %), grade B"
    assert shown.loc["Orders", "Per customer"] == "+0.20 (+0.10 to +0.30) orders"
    assert shown.loc["Margin", "Per customer"] == "+€0.20 (+€0.10 to +€0.30)"
    assert shown.loc["Bought again", head] == "+8 pp (+5 to +11 pp), grade C"
    assert shown.loc["Cost of the issue itself", head].startswith("+€0.08")
    assert shown.loc["Orders", "How far it can be believed"] == "comparison that passed its checks"
    assert shown.loc["Stayed", "How far it can be believed"] == "comparison with open questions"
    assert (
        shown.loc["Orders, raw: users against all others", "How far it can be believed"] == "raw difference, no effect"
    )
    assert "over the 6 months after the contact" in tables.effects_on_all(study(made)).caption


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(1.08, "about 19 % less"), (0.92, "about 5 % less"), (1.004, "about 13 % less"), (0.87, "hardly any change")],
)
def test_a_sentence_says_why_the_raw_figure_differs(made, ratio, expected):
    """By hand: the raw 0.87 is growth times effect: 0.87/1.08 = 0.806, 0.87/0.92 = 0.946, 0.87/1.004 = 0.867."""
    notes = [note.replace("\xa0", " ") for note in tables.effects_on_all(study(made, ratio)).notes]
    [growth] = [note for note in notes if "would have meant" in note]
    assert f"would have meant {expected} for orders." in growth
    assert growth.endswith("what lies beyond it is what the comparison found.")
    assert notes[0].startswith("Raw, before against after. Orders, the raw figure ")
    assert notes[1].startswith("Raw, users against all others. Orders, the raw figure is ")
    assert "because customers who use social buy more than others whatever the channel does" in notes[1]
    assert notes[-1].startswith("No raw figure is counted of revenue, margin, support issues, support cost")
    more = replace(made.naive("naive_before_after", 0.9, 0.8, 1.0), outcome="margin")
    notes = tables.effects_on_all([*study(made, ratio).effects, more]).notes
    assert any(" for orders and " in note for note in notes)


def test_the_raw_fall_of_issues_is_explained_by_the_month_of_the_issue(made):
    raw = replace(made.naive("naive_before_after", 0.4, 0.38, 0.42), outcome="issues")
    rows = [*study(made).effects, raw]
    notes = tables.effects_on_all(rows).notes
    assert any("Every contacted customer has an issue in it" in note for note in notes)


def test_raw_figures_are_not_shown_alone(made):
    """Orders are refused: their raw figures stand in no table, and the summary opens with the refusal."""
    kept = [one for one in study(made).effects if one.segment or one.outcome != "orders" or one.design == "naive"]
    raw = [one for one in study(made).effects if one.estimand.startswith("naive_")]
    rows = [one for one in kept if one not in raw and not one.segment] + [made.effect("orders", None), *raw]
    for table in (tables.effects_on_all(rows), tables.effects(rows)):
        assert not any("naive" in estimand for estimand in table.frame["estimand"])
        assert "1.62" not in table.html
        assert "+62" not in table.html
        assert "Raw figures are not shown alone: where nothing is claimed they are left out." in table.notes
    answer = summary({"effects": [one.to_dict() for one in rows]}).answer
    assert answer.startswith("No effect on how often they bought is claimed: ")
    assert "Customers whose issue went to social spent" in answer


def test_interim_effects_stand_apart_everywhere(made):
    """Written before the mature row, as sorted results have it: no table or chart takes it for the answer."""
    found = study(made)
    assert list(cells(tables.effects(found))["For whom"]).count("all customers") == 8
    assert len(tables.claims(found).cells) == 8
    drawn_ = charts.naive_against_adjusted(found).data
    assert drawn_["value"].iloc[-1] == pytest.approx(1.08)
    assert headline({"effects": [one.to_dict() for one in found.effects]})["value"] == pytest.approx(1.08)
    assert charts.effect_by_segment(found, "orders").data["value"].iloc[0] == pytest.approx(1.08)


def test_an_estimator_of_ones_own_never_takes_the_place_of_the_study(made):
    own = made.effect("orders", 1.3, 1.2, 1.4, declared=False, numbers={"method": "own: mine: a guess"})
    rows = [own, *study(made).effects]
    assert cells(tables.effects_on_all(rows)).iloc[0, 1] == "+8 % (+4 to +12 %), grade B"
    assert headline({"effects": [one.to_dict() for one in rows]})["value"] == pytest.approx(1.08)
    assert "all customers, own: mine: a guess" in set(cells(tables.effects(rows))["For whom"])


def test_segments_stand_alone_where_asked_for(made):
    shown = cells(tables.effects(study(made), segments_only=True))
    assert list(shown["For whom"]) == ["region north", "region south", "region east"]
    whole = replace(study(made), effects=tuple(one for one in study(made).effects if not one.segment))
    assert str(tables.effects(whole, segments_only=True)) == "No segment was asked for, or none could be compared."


# What could explain it away


def test_an_unrecorded_cause_is_said_for_every_outcome_claimed_or_not(made):
    shown = cells(tables.sensitivity(study(made))).set_index("Outcome").iloc[:, 0]
    assert "buy at least 4.0 % more than before, relative to similar others" in shown["Orders"]
    assert "the strongest recorded one, the issue's product, moves the result by 0.3 %" in shown["Orders"]
    assert len(shown) == 8
    nothing = cells(tables.sensitivity(study(made, 1.004))).set_index("Outcome").iloc[:, 0]
    assert nothing["Orders"].startswith("No clear effect was seen")
    assert len(nothing) == 8
    assert "buy at least 4.5 % less" in cells(tables.sensitivity(study(made, 0.92))).iloc[0, 1]


def test_bounds_are_said_in_plain_words(made):
    from analysis.inference.estimate import Bounds

    found = study(made)
    bound = Bounds(name="orders", low=0.99, high=1.16, unit="ratio", assumes="a drift as large as the largest before")
    open_ = Bounds(name="orders", low=1.02, high=np.inf, unit="ratio", assumes="half of it")
    first = replace(found.sensitivities[0], bounds=(bound, open_))
    shown = cells(tables.sensitivity(replace(found, sensitivities=(first, *found.sensitivities[1:])))).iloc[0]
    assert shown.iloc[2] == (
        "A drift as large as the largest before: 1 % fewer to 16 % more, so no effect is possible too. "
        "Half of it: from 2.0 % more, no upper limit, so some effect is left."
    )
    assert str(tables.sensitivity(replace(found, sensitivities=()))).startswith("Nothing is claimed")


# A refused study


def test_a_study_that_claims_nothing_still_has_its_page(made):
    refused = [made.effect(outcome, None, checks=()) for outcome in UNITS]
    found = replace(
        study(made), effects=tuple(refused), event_study=events(1.0).head(0), pre_trends={}, sensitivities=(),
        maturing=cohorts(1.0).head(0), paths=made.paths_frame().head(0),
    )  # fmt: skip
    shown = page(found)
    assert not drawn(shown)
    assert all(said(one).strip() for one in shown.values())
    assert list(cells(shown["effects"])["How far it can be believed"]) == ["not claimed"] * 5


def test_the_result_is_not_changed_by_its_page(made):
    found = study(made)
    frames = {name: getattr(found, name).copy() for name in ("paths", "event_study", "maturing", "balance")}
    page(found)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(getattr(found, name), frame)


def test_hostile_names_stay_text(made):
    found = study(made)
    rows = found.balance.assign(covariate=made.HOSTILE, value=made.LONG)
    html = tables.balance(replace(found, balance=rows, strata=made.HOSTILE)).html
    assert "<script" not in html
    assert len(html) < 20_000
    one = SimpleNamespace(sensitivities=({"outcome": made.LONG, "scale": "ratio", "sentence": made.HOSTILE},))
    assert "&lt;script&gt;" in tables.sensitivity(one).html
