"""Charts of what was counted and closed: what is drawn where, which words, and what is said when nothing can be."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.foundation.provenance import rounded
from analysis.reporting import charts
from analysis.reporting.charts import NothingToDraw
from analysis.reporting.naming import forbidden_words
from analysis.reporting.theme import NARROW, PAPER
from tests.reporting.drawn_words import lines_of, words_of

NAMES = ("mention_trend", "incident_days", "complaints_around_programme", "both_bases", "score_trends")


def draw(made, name, **options):
    if name == "both_bases":
        return charts.both_bases(made.month_close(), "click", **options)
    return getattr(charts, name)(made.counted(), **options)


@pytest.fixture(scope="module")
def drawn(made):
    return {name: draw(made, name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_keeps_the_house_style(drawn, name):
    figure = drawn[name]
    assert len(figure.story.title.split(" ")) <= 10
    assert len(figure.alt) > 60
    assert not figure.data.empty
    assert all(axes.get_legend() is None for axes in figure.axes)
    assert not forbidden_words(figure.alt + " " + words_of(figure))
    assert figure.png() == figure.at(figure.css_width).png()


@pytest.mark.parametrize("name", NAMES)
def test_hostile_text_is_drawn_as_text(made, name):
    hostile = made.HOSTILE
    card = made.scorecard(scores=(made.score("response_rate", hostile, (0.5, 0.6)),), index=None)
    rows = (made.incident("2026-08-05", "2026-08-06", hostile, product=hostile),)
    changes = (SimpleNamespace(on=date(2026, 7, 1), kind="incident", description=hostile),)
    given = made.counted(scorecard=card, incidents=made.incidents(*rows), changes=changes)
    figure = draw(made, name) if name == "both_bases" else getattr(charts, name)(given)
    assert figure.at(NARROW).png()
    assert "\u202e" not in words_of(figure) + figure.alt


# The trend, with what happened


def test_the_trend_numbers_what_happened_and_lists_it_below(made):
    changes = [{"on": "2026-07-04", "kind": "incident", "description": "Outage"},
               {"on": "2020-01-01", "kind": "staffing", "description": "Long ago"}]  # fmt: skip
    rows = [made.incident("2026-07-04", "2026-07-05", "Outage"), made.incident("2026-08-05", "2026-08-06")]
    figure = charts.mention_trend(made.metrics(), changes=changes, incidents=[row.to_dict() for row in rows])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts if text.get_gid() == "event number"] == ["1", "2"]
    assert [mark.get_xdata()[0] for mark in lines_of(axes, "event")] == [12, 13]  # July and August 2026 of 15 months
    text = words_of(figure)
    assert "4 July 2026. Incident: Outage (explains an incident)" in text  # once, though it stands in both
    assert "5 August 2026. Unexplained incident: 49 mentions, 13 expected" in text
    assert "Long ago" not in text
    assert list(figure.data["happened"].iloc[12:14]) == [
        "Incident: Outage (explains an incident)", "Unexplained incident: 49 mentions, 13 expected",
    ]  # fmt: skip
    assert "5 August 2026: Unexplained incident" in figure.alt


def test_a_result_brings_its_own_marks_and_can_be_drawn_without(made):
    counted = made.counted()
    assert "Unexplained incident" in words_of(charts.mention_trend(counted))
    assert "Unexplained incident" in words_of(charts.mention_trend(counted.to_parts()))
    bare = charts.mention_trend(counted, changes=(), incidents=())
    assert lines_of(bare.axes[0], "event") == []
    assert "happened" not in bare.data
    assert lines_of(charts.mention_trend(list(made.metrics().metrics)).axes[0], "event") == []


def test_more_marks_than_can_be_read_are_counted(made):
    changes = [{"on": f"2026-0{1 + n % 8}-1{n % 9}", "kind": "other", "description": f"No. {n}"} for n in range(11)]
    figure = charts.mention_trend(made.metrics(), changes=changes, incidents=())
    assert "and 3 later ones, not marked" in words_of(figure)


# Incidents day by day


def test_days_are_drawn_over_the_range_of_ordinary_ones(made):
    result = made.incidents()
    figure = charts.incident_days(result)
    (axes,) = figure.axes
    (line,) = lines_of(axes, "line")
    assert list(line.get_ydata()) == list(result.daily["observed"])
    (flagged,) = lines_of(axes, "flagged")
    assert list(flagged.get_xdata()) == [4, 5, 32]
    assert flagged.get_marker() == "D"  # colour is not the only signal
    assert [band for band in axes.collections if band.get_gid() == "expected"]
    assert axes.get_ylim()[0] == 0
    spans = sorted(patch.get_x() for patch in axes.patches if patch.get_gid() == "incident")
    assert spans == [3.5, 31.5]
    text = words_of(figure)
    assert "5 to 6 August 2026: 49 mentions, 13 expected; unexplained" in text
    assert "2 September 2026, broadband: 49 mentions, 13 expected; explained: Outage of **broadband**" in text
    assert figure.story.title == "2 incidents, 1 of them unexplained"


@pytest.mark.parametrize(
    ("explained", "title"),
    [
        ((), "No day stood out of what was expected"),
        ((None,), "1 incident, and it is unexplained"),
        (("a",), "1 incident, and it is explained by the change log"),
        (("a", "b"), "2 incidents, all explained by the change log"),
    ],
)
def test_the_title_says_how_many_are_unexplained(made, explained, title):
    rows = [made.incident(f"2026-08-1{n}", f"2026-08-1{n}", why) for n, why in enumerate(explained)]
    result = replace(made.incidents(*rows), incidents=tuple(rows))
    assert charts.incident_days(result).story.title == title


def test_days_of_which_nothing_is_known_are_drawn_without_a_range(made):
    daily = made.incidents().daily.assign(expected=math.nan, low=math.nan, high=math.nan, flagged=False)
    result = replace(made.incidents(), incidents=(), daily=daily, reason="too few days")
    figure = charts.incident_days(result)
    assert figure.story.title == "Mentions by day; what is usual is not known"
    assert not figure.axes[0].collections
    assert "too few days" in words_of(figure)


def test_without_daily_counts_there_is_no_chart_of_incidents(made):
    with pytest.raises(NothingToDraw, match="daily counts"):
        charts.incident_days(made.counted().to_parts())
    empty = replace(made.incidents(), incidents=(), daily=made.incidents().daily.head(0), reason="table `mentions`")
    with pytest.raises(NothingToDraw, match="table `mentions`"):
        charts.incident_days(empty)


# Before and after


def test_both_sides_are_drawn_with_what_they_add_up_to(made):
    figure = charts.complaints_around_programme(made.programme())
    (axes,) = figure.axes
    assert [list(lines_of(axes, side)[0].get_ydata()) for side in ("before", "after")] == [[1.6, 1.4], [7 / 12, 5 / 12]]
    levels = {lines.get_gid(): lines.get_segments()[0][0][1] for lines in axes.collections}
    assert levels == {"before together": 1.5, "after together": 0.5}
    assert [mark.get_xdata()[0] for mark in lines_of(axes, "start")] == [2.0]  # March, between February and April
    assert figure.story.title == "Complaints for each positive: 1.50 before, 0.50 after"
    text = words_of(figure)
    assert "not an effect" in text
    assert "30 complaints, 20 positive mentions" in text
    assert "not an effect" in figure.alt


def test_the_file_gives_the_months_that_lie_in_each_side(made):
    months = [replace(row, segment={}) for row in made.programme().months]
    rows = [row.to_dict() for row in (*months, made.metric("complaints_per_positive", "2026-03", 9.0, unit="ratio"))]
    results = json.loads(json.dumps(rounded({"metrics": rows + made.programme().to_parts()["metrics"]})))
    told, again = charts.complaints_around_programme(made.programme()), charts.complaints_around_programme(results)
    pd.testing.assert_frame_equal(told.data, again.data)
    assert told.alt == again.alt


@pytest.mark.parametrize(
    ("month", "period", "inside"),
    [("2026-02", "2026q1", True), ("2026-04", "2026q1", False), ("2026-12", "2026", True), ("2026-02", "2026-02", True),
     ("2027-01", "2026", False), ("2026-02", "2026-01/2026-03", True)],
)  # fmt: skip
def test_a_period_is_read_however_it_is_written(month, period, inside):
    from analysis.reporting.charts.programme import _lies_in

    assert _lies_in(month, period) is inside


def test_a_side_without_a_figure_is_said_instead_of_drawn(made):
    none = made.metric("complaints_per_positive", "2026", None, segment={"programme": "after"}, reason="no entry")
    with pytest.raises(NothingToDraw, match="after has none: no entry"):
        charts.complaints_around_programme(replace(made.programme(), after=none))
    with pytest.raises(NothingToDraw, match="no complaints before and after"):
        charts.complaints_around_programme({"metrics": []})


# Both bases


def test_what_is_still_expected_stands_on_the_count_hatched_with_its_interval(made):
    figure = charts.both_bases(made.month_close(), "click")
    (axes,) = figure.axes
    assert list(lines_of(axes, "post")[0].get_ydata()) == [100, 84, 103, 85]
    assert list(lines_of(axes, "action")[0].get_ydata()) == [60, 80, 105, 141]  # the diagonals, and 14 on shared links
    boxes = [patch for patch in axes.patches if patch.get_gid() == "expected"]
    assert [(box.get_y(), box.get_height()) for box in boxes] == [(103, 9.0), (85, 60.0)]
    assert all(box.get_hatch() for box in boxes)
    low, high = lines_of(axes, "interval")
    assert list(low.get_ydata()) == [105, 123]
    assert list(high.get_ydata())[0] == 125  # noqa: RUF015
    assert any(mark.get_marker() == "^" for mark in axes.lines)  # an end that is open
    assert len(lines_of(axes, "hollow")) == 2
    assert all(to_hex(mark.get_markerfacecolor()) == PAPER for mark in lines_of(axes, "hollow"))
    text = words_of(figure)
    assert "95 % interval" in text
    assert "estimated" in text
    assert "Posts of August 2026: 85 and an estimated 60 more (40 to no limit)." in figure.alt
    assert figure.story.title.replace("\xa0", " ") == "Still expected on the posts shown: 69 more clicks"


def test_without_a_run_off_every_month_may_grow_and_nothing_is_estimated(made):
    figure = charts.both_bases(made.month_close(run_offs=()), "click", months=2)
    assert list(figure.data["month"]) == ["2026-07", "2026-08"]
    assert len(lines_of(figure.axes[0], "hollow")) == 2
    assert not figure.axes[0].patches
    assert figure.story.title.replace("\xa0", " ") == "Clicks: 141 done, 85 on the month's posts"


def test_a_metric_on_both_bases_is_drawn_from_the_file(made):
    rows = [
        made.metric("link_clicks", month, number, basis=basis, unit="clicks",
                    state="provisional" if basis == "post" and month == "2026-09" else "locked").to_dict()
        for basis, numbers in (("action", (10, 12)), ("post", (11, 7)))
        for month, number in zip(("2026-08", "2026-09"), numbers, strict=True)
    ]  # fmt: skip
    figure = charts.both_bases({"metrics": rows}, "link_clicks")
    assert list(figure.data["post"]) == [11, 7]
    assert [len(lines_of(figure.axes[0], gid)) for gid in ("solid", "hollow")] == [1, 1]


def test_what_is_not_on_both_bases_is_not_drawn(made):
    with pytest.raises(NothingToDraw, match="holds: `click`"):
        charts.both_bases(made.month_close(), "like")
    with pytest.raises(NothingToDraw, match="on both"):
        charts.both_bases(made.metrics(), "mentions")
    rates = [made.metric("response_rate", "2026-09", 0.5, basis=basis, unit="share") for basis in ("action", "post")]
    with pytest.raises(NothingToDraw, match="it is no count"):
        charts.both_bases(rates, "response_rate")


# The scorecard


def test_every_figure_has_its_own_chart_with_its_target(made):
    figure = charts.score_trends(made.scorecard())
    rate, time, orders = figure.axes
    assert list(lines_of(rate, "target")[0].get_ydata()) == [0.65, 0.65]
    assert list(lines_of(time, "line")[0].get_ydata()) == [2, 1.5, 1]  # in hours
    assert list(lines_of(time, "target")[0].get_ydata()) == [1.5, 1.5]
    assert lines_of(orders, "target") == []
    assert [len(lines_of(axes, "provisional")) for axes in figure.axes] == [1, 1, 0]
    assert [len(lines_of(axes, "closed")) for axes in figure.axes] == [2, 2, 2]
    assert [len(mark.get_xdata()) for mark in lines_of(orders, "line")] == [
        1,
        1,
    ]  # August has no value: the line is broken
    assert all([mark.get_xdata()[0] for mark in lines_of(axes, "event")] == [0] for axes in figure.axes)
    text = words_of(figure)
    assert "target 65.0 % or more: missed" in text
    assert "target 1 h 30 min or less: met" in text
    assert "Customer service" in text
    assert "Commerce" in text
    assert "4 July 2026. Incident: Outage of broadband" in text
    assert figure.story.title == "1 of 2 targets met in September 2026"


def test_the_file_gives_the_same_chart_of_the_scorecard(made):
    results = json.loads(json.dumps(rounded(made.scorecard().to_parts())))
    assert charts.score_trends(results).png() == charts.score_trends(made.scorecard()).png()


def test_a_scorecard_without_targets_or_values_says_so(made):
    no_target = made.scorecard(scores=(made.score("orders_placed", "Orders", (1, 2), unit="orders"),), index=None)
    assert charts.score_trends(no_target).story.title == "1 figures; none has a target to meet"
    with pytest.raises(NothingToDraw, match="no scorecard"):
        charts.score_trends(made.scorecard(scores=()))
    empty = made.score("orders_placed", "Orders", (None,), reason="it was not counted", unit="orders")
    with pytest.raises(NothingToDraw, match="with a value in some month"):
        charts.score_trends(made.scorecard(scores=(empty,)))


@pytest.mark.parametrize(
    ("seconds", "highest", "unit"), [(90.0, 90.0, "in seconds"), (600.0, 10.0, "in minutes"), (7200.0, 2.0, "in hours"),
                                     (259_200.0, 3.0, "in days")]
)  # fmt: skip
def test_times_are_drawn_in_a_unit_that_can_be_read(made, seconds, highest, unit):
    row = made.score(
        "first_response_time_median", "First response", (seconds / 2, seconds), unit="seconds", basis="post"
    )
    figure = charts.score_trends(made.scorecard(scores=(row,), index=None))
    assert list(lines_of(figure.axes[0], "line")[0].get_ydata()) == [highest / 2, highest]
    assert unit in words_of(figure)
