"""Charts of the service, adoption and change-log studies: what is drawn where, in which words, what cannot be."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.reporting import charts
from analysis.reporting.charts import NothingToDraw, NotShown
from analysis.reporting.naming import forbidden_words
from analysis.reporting.theme import COLOURS, NARROW, PAPER
from tests.reporting import planted_designs as planted
from tests.reporting.drawn_words import assert_words_inside, lines_of, words_of

STEP = ("CH2", "response_rate")
DRAWN = {
    "bands": lambda: charts.service_bands(planted.service()),
    "hours": lambda: charts.service_hours(planted.service()),
    "first contacts": lambda: charts.adoption_months(planted.adoption()),
    "roll-out": lambda: charts.adoption_months(planted.adoption(roll_out="pilot")),
    "interrupted": lambda: charts.interrupted(planted.change_log(), *STEP),
    "banded": lambda: charts.interrupted(planted.change_log(band=True), *STEP),
    "made-up dates": lambda: charts.placebo_dates(planted.change_log(), *STEP),
}


@pytest.fixture(scope="module")
def drawn():
    return {name: draw() for name, draw in DRAWN.items()}


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_keeps_the_house_style(drawn, name):
    figure = drawn[name]
    assert len(figure.story.title.split(" ")) <= 10
    assert len(figure.alt) > 80
    assert not figure.data.empty
    assert all(axes.get_legend() is None for axes in figure.axes)
    assert not forbidden_words(figure.alt + " " + words_of(figure))
    assert "95 % interval" in words_of(figure)
    for part in ("Source: ", "Method: ", ", grade" if name != "made-up dates" else "carried on"):
        assert part in figure.story.foot or part.removeprefix(", ") in figure.story.foot


def test_equal_results_give_equal_bytes(drawn):
    assert drawn["interrupted"].png() == DRAWN["interrupted"]().png()


@pytest.mark.parametrize("name", ["roll-out", "interrupted"])
@pytest.mark.parametrize("narrow", [False, True])
def test_all_words_lie_inside_the_chart(drawn, name, narrow):
    assert_words_inside(drawn[name].at(NARROW) if narrow else drawn[name])


@pytest.mark.parametrize("narrow", [False, True])
def test_hostile_text_is_drawn_as_text(made, narrow):
    found = planted.change_log()
    entries = found.entries.assign(description=made.HOSTILE, scope=made.LONG)
    figure = charts.interrupted(SimpleNamespace(**{**vars(found), "entries": entries}), *STEP)
    figure = figure.at(NARROW) if narrow else figure
    assert figure.png()
    assert "<script>" in words_of(figure)  # as text, not run
    assert "\u202e" not in words_of(figure) + figure.alt
    service = planted.service()
    bands = service.bands.assign(band=service.bands["band"].where(service.bands["n"] == 0, made.HOSTILE))
    assert charts.service_bands(SimpleNamespace(**{**vars(service), "bands": bands})).png()


# Who was answered when


def test_bands_draw_both_means_and_leave_out_the_empty_one(drawn):
    (axes,) = drawn["bands"].axes
    filled = [mark.get_xdata()[0] for mark in lines_of(axes, "estimate") if to_hex(mark.get_markerfacecolor()) != PAPER]
    hollow = [mark.get_xdata()[0] for mark in lines_of(axes, "estimate") if to_hex(mark.get_markerfacecolor()) == PAPER]
    assert filled == pytest.approx([2.5, 2.5, 2.0, 2.0])
    assert hollow == pytest.approx([2.7, 2.7, 2.0, 2.0])
    assert "Only a bot" not in words_of(drawn["bands"])
    assert lines_of(axes, "baseline")[0].get_xdata()[0] == pytest.approx(2.25)
    assert drawn["bands"].story.title.startswith("Orders: 2.50 (")
    assert "this shows no effect" in drawn["bands"].story.foot
    assert "Within 15 minutes: 2.50 (2.40 to 2.60)." in drawn["bands"].alt


def test_bands_that_do_not_differ_are_said_so():
    assert (
        charts.service_bands(planted.service(-0.2)).story.title != charts.service_bands(planted.service()).story.title
    )
    flat = planted.service()
    bands = flat.bands.assign(adjusted=2.0, adjusted_low=1.9, adjusted_high=2.1)
    figure = charts.service_bands(SimpleNamespace(**{**vars(flat), "bands": bands}))
    assert figure.story.title == "Orders: no reply time clearly stands out"


def test_hours_have_a_panel_each_and_leave_out_those_with_few(drawn):
    shares, means = drawn["hours"].axes
    hours = [int(mark.get_xdata()[0]) for mark in lines_of(shares, "estimate")]
    assert hours == [hour for hour in range(24) if hour != 3]
    assert lines_of(shares, "estimate")[0].get_ydata()[0] == pytest.approx(0.2)
    assert {round(mark.get_ydata()[0], 6) for mark in lines_of(means, "estimate")} == {2.0}
    assert len(lines_of(shares, "interval")) == len(lines_of(means, "interval")) == 23
    assert drawn["hours"].story.title.replace("\xa0", " ").startswith("Answered in time: 60 % at ")
    assert "lowest 20.0 % at 0:00" in drawn["hours"].alt.replace("\xa0", " ")


def test_hours_alike_are_said_so():
    found = planted.service()
    hours = found.hours.assign(in_time=0.5, in_time_low=0.4, in_time_high=0.6)
    figure = charts.service_hours(SimpleNamespace(**{**vars(found), "hours": hours}))
    assert figure.story.title.replace("\xa0", " ") == "About 50 % are answered in time at any hour"


def test_service_charts_that_cannot_be_drawn_say_why(made):
    with pytest.raises(NothingToDraw, match="needs the means of each group"):
        charts.service_bands(made.channel())
    with pytest.raises(NothingToDraw, match=r"no margin by the hour to draw; followed were: orders"):
        charts.service_hours(planted.service(), "margin")
    few = planted.service()
    empty = SimpleNamespace(**{**vars(few), "hours": few.hours.assign(in_time=np.nan)})
    with pytest.raises(NothingToDraw, match="No hour of the day holds customers enough"):
        charts.service_hours(empty)


# Adoption


def test_adoption_draws_its_months_with_the_dip_shaded_and_the_reference_hollow(drawn):
    figure = drawn["first contacts"]
    (axes,) = figure.axes
    points = {part: [int(mark.get_xdata()[0]) for mark in lines_of(axes, part)]
              for part in ("lead", "reference", "dip", "index", "after")}  # fmt: skip
    assert points == {
        "lead": [-6, -5, -4, -3],
        "reference": [-2],
        "dip": [-1],
        "index": [0],
        "after": [1, 2, 3, 4, 5, 6],
    }
    assert len(lines_of(axes, "interval")) == len(lines_of(axes, "wide interval")) == 12
    assert tuple(lines_of(axes, "interval")[-1].get_ydata()) == pytest.approx((0.03, 0.09))
    assert tuple(lines_of(axes, "wide interval")[-1].get_ydata()) == pytest.approx((0.0, 0.12))
    shade = next(patch for patch in axes.patches if patch.get_gid() == "issue")
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (-1.5, 0.5)
    assert to_hex(lines_of(axes, "reference")[0].get_markerfacecolor()) == PAPER
    assert "the harm of the problem that led to it is included" in figure.story.subtitle
    assert "6 lie clearly above nothing" in figure.alt


def test_a_roll_out_is_said_in_its_own_words(drawn):
    figure = drawn["roll-out"]
    assert figure.story.title.replace("\xa0", " ") == "After the invitation, orders: 6 % more"
    assert "harm" not in figure.story.subtitle
    assert "Customers invited by “pilot”" in figure.alt
    drifted = charts.adoption_months(planted.adoption(roll_out="pilot", drifted=True))
    assert drifted.story.title == "Orders: the groups drifted apart before the invitation"


def test_a_harm_after_adoption_gets_the_same_chart():
    figure = charts.adoption_months(planted.adoption(-0.06))
    assert figure.story.title.replace("\xa0", " ") == "After the first contact, orders: 6 % fewer"
    with pytest.raises(NothingToDraw, match="no months of margin to draw; followed month by month were: orders"):
        charts.adoption_months(planted.adoption(), "margin")


# A figure around a change


def test_the_months_the_lines_and_what_was_expected_are_drawn(drawn):
    figure = drawn["interrupted"]
    (axes,) = figure.axes
    observed = {part: [int(mark.get_xdata()[0]) for mark in lines_of(axes, part)] for part in ("before", "after")}
    assert observed == {"before": [m for m in range(14) if m != 5], "after": [15, 16, 17, 18, 20, 21, 22, 23]}
    assert [int(mark.get_xdata()[0]) for mark in lines_of(axes, "incident")] == [19]
    assert lines_of(axes, "incident")[0].get_marker() == "x"
    assert list(lines_of(axes, "without")[0].get_xdata()) == list(range(14, 24))
    assert set(lines_of(axes, "without")[0].get_ydata()) == {0.8}
    assert set(np.round(lines_of(axes, "line after")[0].get_ydata(), 6)) == {0.89}
    assert lines_of(axes, "change")[0].get_xdata()[0] == 14
    assert [mark.get_xdata()[0] for mark in lines_of(axes, "other change")] == [19]
    assert [text.get_text() for text in axes.texts if text.get_gid() == "mark"] == ["change, 1", "2"]
    hollow = [
        int(mark.get_xdata()[0]) for mark in lines_of(axes, "after") if to_hex(mark.get_markerfacecolor()) == PAPER
    ]
    assert hollow == [23]
    assert to_hex(lines_of(axes, "without")[0].get_color()) == COLOURS["comparison"]


def test_the_interval_of_what_was_expected_stands_in_the_month_of_the_step(drawn):
    (axes,) = drawn["interrupted"].axes
    (whisker,) = lines_of(axes, "without interval")
    assert list(whisker.get_xdata()) == [15, 15]
    assert tuple(whisker.get_ydata()) == pytest.approx((0.78, 0.82))
    (banded,) = drawn["banded"].axes
    band = next(one for one in banded.collections if one.get_gid() == "without interval")
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((0.77, 0.83))


def test_others_are_named_below_and_no_change_gets_the_credit_alone(drawn):
    text = words_of(drawn["interrupted"])
    assert "3 March 2025. Change in staffing: Desk staffed up (CH3)" in text
    assert "1 August 2025. Incident: Outage of tv (CH4)" in text
    assert "changes of March 2025 together (CH2 and CH3)" in drawn["interrupted"].story.subtitle
    assert "A campaign" not in text
    title = drawn["interrupted"].story.title.replace("\xa0", " ")
    assert title == "Response rate: 9 pp higher after these changes"
    assert drawn["interrupted"].story.foot.count("Months: 14 before, 8 after") == 1
    assert charts.interrupted(planted.change_log(-0.09), *STEP).story.title.replace("\xa0", " ").startswith(
        "Response rate: 9 pp lower"
    )  # fmt: skip
    assert charts.interrupted(planted.change_log(), "CH2", "mentions").story.title == "Mentions: no clear step"


def test_seconds_are_drawn_in_hours_and_a_long_label_is_cut():
    found = planted.change_log(unit="seconds", size=10_000.0)
    figure = charts.interrupted(found, *STEP)
    (axes,) = figure.axes
    assert lines_of(axes, "without")[0].get_ydata()[0] == pytest.approx(8000 / 3600)
    assert figure.story.unit == "hours"
    assert "15 min higher" in figure.story.title.replace("\xa0", " ").replace(" 00 s", "")


def test_around_changes_all_figures_are_drawn_in_order_and_refused_ones_say_why():
    found = planted.change_log()
    shown = charts.shown_by_change(charts.interrupted, found)
    assert [one.story.title.split(":")[0] for one in shown] == ["Response rate", "Mentions"]
    _, rest = charts.shown_by_change(charts.interrupted, found, most=1)
    assert str(rest) == "Not shown. 1 further figure stands in the table of results."
    with pytest.raises(NothingToDraw, match="It has 1 month after December 2025"):
        charts.interrupted(found, "CH5", "response_rate")
    with pytest.raises(NothingToDraw, match="tells no step in mentions after CH5"):
        charts.interrupted(found, "CH5", "mentions")
    nothing = SimpleNamespace(**{**vars(found), "series": found.series.head(0)})
    assert isinstance(charts.shown_by_change(charts.interrupted, nothing)[0], NotShown)


def test_made_up_dates_are_hollow_and_counted(drawn):
    figure = drawn["made-up dates"]
    (axes,) = figure.axes
    points = lines_of(axes, "estimate")
    assert [mark.get_xdata()[0] for mark in points] == [0, 1, 2, 9]
    assert [to_hex(mark.get_markerfacecolor()) == PAPER for mark in points] == [True, True, True, False]
    assert figure.story.title.replace("\xa0", " ") == "Response rate: as large at 1 of 3 made-up dates"
    none = planted.change_log()
    none.placebo = none.placebo[~none.placebo["made_up"]]
    with pytest.raises(NothingToDraw, match="No earlier date has months enough"):
        charts.placebo_dates(none, *STEP)


def test_results_are_not_changed_by_their_charts():
    found, service, taken = planted.change_log(), planted.service(), planted.adoption()
    held = [
        frame.copy()
        for frame in (found.series, found.entries, found.placebo, service.bands, service.hours, taken.dynamic)
    ]
    charts.shown_by_change(charts.interrupted, found)
    charts.shown_by_change(charts.placebo_dates, found)
    for draw in (charts.service_bands, charts.service_hours):
        draw(service)
    charts.adoption_months(taken)
    after = (found.series, found.entries, found.placebo, service.bands, service.hours, taken.dynamic)
    for before, now in zip(held, after, strict=True):
        pd.testing.assert_frame_equal(before, now)
