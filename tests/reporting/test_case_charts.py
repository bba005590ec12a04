"""What the charts of the case draw: positions, ranges, words, and the sentence when there is nothing to draw."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.reporting import charts
from analysis.reporting.charts import NothingToDraw
from analysis.reporting.naming import forbidden_words
from analysis.reporting.theme import NARROW
from tests.reporting.drawn_words import assert_words_inside, lines_of, words_of
from tests.reporting.planted_case import case, planted, promise, results

DRAWN = {
    "waterfall": lambda **how: charts.case_waterfall(case(), **how),
    "moves": lambda **how: charts.what_moves_it(case(), **how),
    "find out": lambda **how: charts.what_to_find_out(case(), **how),
    "promised": lambda **how: charts.promised_against_achieved([promise()], "repurchase", **how),
}


@pytest.fixture(scope="module")
def drawn():
    return {name: draw() for name, draw in DRAWN.items()}


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_of_the_case_keeps_the_house_style(drawn, name):
    figure = drawn[name]
    assert len(figure.story.title.split(" ")) <= 10
    assert len(figure.alt) > 60
    assert figure.alt.endswith(".")
    assert not forbidden_words(f"{figure.alt} {words_of(figure)} {' '.join(map(str, figure.data.columns))}")
    foot = "".join(text.get_text() for text in figure.texts if text.get_gid() == "foot")
    assert all(part in foot for part in ("Source: ", "Method: "))


@pytest.mark.parametrize("name", DRAWN)
def test_charts_follow_the_locale_and_give_the_same_bytes(drawn, name):
    assert words_of(DRAWN[name](locale="de_DE")) != words_of(drawn[name])
    assert DRAWN[name]().png() == drawn[name].png()


def test_a_chart_of_the_file_is_the_chart_of_the_case():
    assert charts.case_waterfall(results()).png() == charts.case_waterfall(case()).png()


# From benefits to what is left


def test_bars_add_up_to_the_value_and_carry_their_ranges():
    figure, roi = charts.case_waterfall(case()), results()["roi"]
    steps = figure.data
    *lines, net = steps.to_dict("records")
    assert [row["start"] for row in lines[1:]] == [row["end"] for row in lines[:-1]]
    assert lines[-1]["end"] == pytest.approx(net["end"])
    assert net["amount"] == roi["tei"]["npv"]
    assert (net["low"], net["high"]) == (roi["npv"]["p5"], roi["npv"]["p95"])
    shown = {row["label"]: row for row in roi["benefits"]}
    first = lines[0]
    ends = [shown[first["line"]]["present_value"][name] for name in ("p5", "p95")]
    assert [first["low_amount"], first["high_amount"]] == ends
    (axes,) = figure.axes
    ranges = [tuple(line.get_xdata()) for line in lines_of(axes, "interval")]
    assert ranges[-1] == (net["low"], net["high"])
    assert len(ranges) == steps["low"].notna().sum() >= 3
    uncounted = {row["label"] for row in roi["benefits"] if not row["counted"]}
    assert uncounted
    assert not uncounted & set(steps["line"])


def test_costs_go_back_and_their_ranges_with_them():
    steps = charts.case_waterfall(case()).data
    costs = steps[steps["part"] == "cost"]
    assert (costs["amount"] < 0).all()
    ranged = costs.dropna(subset=["low"])
    assert len(ranged) == 1  # further contacts; the others are certain
    assert (ranged["low"] <= ranged["high"]).all()
    assert (ranged["high"] <= ranged["start"]).all()


def test_a_benefit_that_is_a_loss_goes_back_as_money_that_goes_out():
    found = planted({**case_effect(), "value": -10.0, "low": -13.9, "high": -6.1}, cancel_save=None, cashable={})
    steps = charts.case_waterfall(found).data
    assert (steps["amount"].iloc[0] < 0, steps["meaning"].iloc[0]) == (True, "cost")


def case_effect():
    from tests.reporting.planted_case import MARGIN

    return MARGIN


# What moves it


def test_each_bar_goes_from_the_value_at_one_end_to_that_at_the_other_with_both_ends_named():
    figure, roi = charts.what_moves_it(case()), results()["roi"]
    (axes,) = figure.axes
    for bar, row in zip(axes.patches, roi["tornado"], strict=True):
        ends = sorted((bar.get_x(), bar.get_x() + bar.get_width()))
        assert ends == pytest.approx(sorted((row["npv_at_low"], row["npv_at_high"])))
    assert lines_of(axes, "baseline")[0].get_xdata()[0] == roi["tei"]["npv"]
    assert lines_of(axes, "nothing")[0].get_xdata()[0] == 0
    assert "€6.71" in words_of(figure)
    assert "€13.29" in words_of(figure)


def test_the_title_counts_the_inputs_that_turn_the_decision():
    roi = results()["roi"]
    base = roi["tei"]["npv"]
    turning = sum(min(row["npv_at_low"], row["npv_at_high"]) <= 0 for row in roi["tornado"])
    assert base > 0
    said = "No input alone turns the gain into a loss"
    assert charts.what_moves_it(case()).story.title == (said if not turning else f"{turning} inputs")
    swing = {**roi["tornado"][0], "npv_at_low": -5.0}
    assert charts.what_moves_it(results(tornado=[swing])).story.title == "1 input alone could turn gain into loss"


def test_no_more_than_ten_inputs_are_drawn_and_the_others_are_counted():
    swing = results()["roi"]["tornado"][0]
    figure = charts.what_moves_it(results(tornado=[{**swing, "name": f"input_{n}"} for n in range(14)]))
    assert len(figure.data) == 10
    assert "the 10 widest of 14 inputs" in words_of(figure).lower()


def test_without_a_range_nothing_moves():
    with pytest.raises(NothingToDraw, match="needs an input with a range"):
        charts.what_moves_it(results(tornado=[]))


# What to find out


def worth(**more):
    known = {"everything": 480.0, "go": True, "wrong": 0.06, "by_input": [], "by_study": []}
    return results(value_of_information=known | more)


def test_what_is_worth_knowing_stands_dearest_first_and_the_idle_are_counted():
    row = {"inputs": [], "share": None}
    figure = charts.what_to_find_out(
        worth(
            by_study=[{"name": "before_after", "label": "before_after", "value": 430.0, **row}],
            by_input=[
                {"name": "repurchase_margin_per_contact", "label": "Margin gained", "value": 430.0, **row},
                {"name": "cancel_save_rate", "label": "Share saved", "value": 60.0, **row},
                {"name": "agents_per_year", "label": "Agents", "value": 0.001, **row},
            ],
        )
    )
    assert list(figure.data["what"]) == ["Study “before and after”", "Share saved", "Everything at once"]
    assert list(figure.data["value"]) == [430.0, 60.0, 480.0]
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [430.0, 60.0, 480.0]
    assert all(bar.get_x() == 0 for bar in axes.patches)
    assert "Knowing any of 1 other number by itself is worth next to nothing." in words_of(figure)
    assert figure.story.title == "Knowing all beforehand is worth €480 at most"


def test_a_decision_that_is_always_right_needs_no_study():
    with pytest.raises(NothingToDraw, match="would change the decision to go on"):
        charts.what_to_find_out(worth(everything=0.0, wrong=0.0))


# Promised and achieved


def test_a_promise_shows_its_range_its_forecast_and_only_what_is_closed():
    figure = charts.promised_against_achieved([promise()], "repurchase")
    (axes,) = figure.axes
    (came,) = lines_of(axes, "achieved")
    assert list(came.get_xdata()) == [0, 1, 2]
    assert list(came.get_ydata()) == [5200.0, 4100.0, 3900.0]
    (forecast,) = lines_of(axes, "forecast")
    assert (list(forecast.get_xdata()), list(forecast.get_ydata())) == ([3], [6500.0])
    assert [list(line.get_ydata()) for line in lines_of(axes, "forecast range")] == [[4200.0, 8800.0]]
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (5000.0, 10800.0)
    assert axes.get_ylim()[0] == 0
    assert figure.story.title.replace("\xa0", " ") == "Below the promised range: €13,200 came, €23,700 promised"


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"status": "draft", "to_date": None}, "A draft: nothing is promised yet"),
        ({"status": "no outcome yet", "to_date": None}, "No outcome yet: no promised period is closed"),
        ({"status": "kept"}, "Within the promised range: €13,200 came, €23,700 promised"),
    ],
)
def test_the_title_of_a_promise_says_where_it_stands(changes, title):
    figure = charts.promised_against_achieved([promise(**changes)], "repurchase")
    assert figure.story.title.replace("\xa0", " ") == title


def test_one_period_years_and_hours_can_be_drawn():
    one = promise()["periods"][0] | {"period": "2026"}
    figure = charts.promised_against_achieved([promise(periods=[one], unit="hours", to_date=None)], "repurchase")
    assert_words_inside(figure.at(NARROW))


def test_promises_come_one_chart_each_and_none_where_there_is_none():
    assert len(charts.promises_drawn([promise(), promise(id="other")])) == 2
    assert charts.promises_drawn(results()) == ()
    with pytest.raises(NothingToDraw, match="no promise “nowhere”"):
        charts.promised_against_achieved([promise()], "nowhere")


# Hard cases


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_long_hostile_names_and_any_size_of_money_stay_inside(made, scale):
    found = results()
    roi = found["roi"]
    for row in (*roi["tei"]["rows"], *roi["tornado"], *roi["benefits"]):
        row["label"] = made.HOSTILE + made.LONG
    for row in roi["tei"]["rows"]:
        row["present_value"] *= scale
    for row in roi["tornado"]:
        row["npv_at_low"], row["npv_at_high"] = row["npv_at_low"] * scale, row["npv_at_high"] * scale
    roi["tei"]["npv"] *= scale
    roi["npv"] = {name: value * scale for name, value in roi["npv"].items()}
    for draw in (charts.case_waterfall, charts.what_moves_it):
        for width in (720, NARROW):
            assert_words_inside(draw(found).at(width))


def test_no_chart_changes_what_it_is_given():
    before, given = results(), results()
    charts.case_waterfall(given)
    charts.what_moves_it(given)
    charts.what_to_find_out(given)
    assert given == before
    assert np.isfinite(charts.case_waterfall(given).data["end"]).all()
