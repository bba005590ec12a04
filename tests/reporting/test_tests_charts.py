"""Charts of tests, users against others, design sheets, hypotheses and effort: what is drawn, in which words."""

from __future__ import annotations

import pytest

from analysis.reporting import charts, tables
from analysis.reporting.charts import NothingToDraw
from analysis.reporting.naming import forbidden_words
from analysis.reporting.theme import NARROW
from tests.reporting import planted_tests as planted
from tests.reporting.drawn_words import assert_words_inside, lines_of, words_of

DRAWN = {
    "arms": lambda: charts.arms(planted.experiment()),
    "forest": lambda: charts.segment_forest(planted.experiment(), "spend"),
    "forest apart": lambda: charts.segment_forest(planted.experiment(apart=True, small=True), "spend"),
    "by segment": lambda: charts.effect_by_segment(planted.experiment(), "spend"),
    "uplift": lambda: charts.uplift_curve(planted.uplift()),
    "alike": lambda: charts.love_plot(planted.users()),
    "unlike": lambda: charts.love_plot(planted.users(alike=False)),
    "overlap": lambda: charts.overlap(planted.users()),
    "sizes": lambda: charts.smallest_effect(planted.sheet()),
    "hypotheses": lambda: charts.hypotheses(planted.family()),
    "choices": lambda: charts.specification_curves(planted.family())[0],
    "effort": lambda: charts.effort_paths(planted.effort()),
    "contacts": lambda: charts.contact_bands(planted.contacts()),
}


@pytest.fixture(scope="module")
def drawn():
    return {name: draw() for name, draw in DRAWN.items()}


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_keeps_the_house_style(drawn, name):
    figure = drawn[name]
    assert len(figure.story.title.split(" ")) <= 10
    assert len(figure.alt) > 60
    assert not figure.data.empty
    assert all(axes.get_legend() is None for axes in figure.axes)
    assert not forbidden_words(figure.alt + " " + words_of(figure))


@pytest.mark.parametrize("name", ["forest apart", "alike"])
@pytest.mark.parametrize("narrow", [False, True])
def test_all_words_lie_inside_the_chart(drawn, name, narrow):
    assert_words_inside(drawn[name].at(NARROW) if narrow else drawn[name])


def test_arms_are_drawn_as_assigned_on_one_scale_only():
    data = charts.arms(planted.experiment(looked=True)).data
    assert set(data["scale"]) == {"difference"}
    assert set(data["estimand"]) == {"experiment_effect"}
    assert list(data["outcome"]) == ["spend", "visit", "orders per session", "csat"]


def test_a_chart_by_segment_shows_one_way_of_counting():
    data = charts.effect_by_segment(planted.experiment(), "spend").data
    assert set(zip(data["estimand"], data["scale"], strict=True)) == {("experiment_effect", "difference")}


def test_the_title_of_segments_is_the_verdict_of_their_test(drawn):
    assert drawn["forest"].story.title == "Spend: segments cannot be told apart"
    assert drawn["forest apart"].story.title == "Spend: segments by region differ"
    assert "By region: not told apart" in words_of(drawn["forest"])
    assert "not shown: a group of it holds fewer | than 10 customers" in words_of(drawn["forest apart"])


def test_each_segment_stands_above_what_the_others_make_of_it(drawn):
    axes = drawn["forest"].axes[0]
    places = [(line.get_xdata()[0], line.get_ydata()[0]) for line in lines_of(axes, "estimate")]
    assert len(places) == 13, "all customers, and six segments twice"
    own, helped = sorted(places[1:3], key=lambda place: place[1])[::1]
    assert own[1] < helped[1]


def test_gaps_before_and_after_are_drawn_where_they_are(drawn):
    axes = drawn["alike"].axes[0]
    assert [line.get_xdata()[0] for line in lines_of(axes, "before")] == [-1.7, 0.02]
    assert [line.get_xdata()[0] for line in lines_of(axes, "after")] == [0.03, 0.01]
    assert drawn["unlike"].story.title == "Not alike after weighting in 1 of 2 causes"


def test_both_groups_face_each_other_as_shares(drawn):
    bars = {bar.get_gid(): bar for axes in drawn["overlap"].axes for bar in axes.patches}
    assert drawn["overlap"].story.title == "3 of 420 had nobody like them"
    heights = [bar.get_height() for axes in drawn["overlap"].axes for bar in axes.patches]
    assert heights == pytest.approx([0.4, 0.6, -300 / 320, -20 / 320])
    assert bars


def test_what_matters_is_shaded_around_no_effect(drawn):
    band = [patch for axes in drawn["hypotheses"].axes for patch in axes.patches if patch.get_gid() == "pooled"]
    assert [(one.get_x(), one.get_width()) for one in band] == [pytest.approx((-0.2, 0.4))] * 2
    assert drawn["hypotheses"].story.title == "1 of 3 hypotheses supported, 1 undecided"


def test_choices_run_from_the_lowest_to_the_highest(drawn):
    places = [line.get_ydata()[0] for line in lines_of(drawn["choices"].axes[0], "estimate")]
    assert places == pytest.approx([0.7, 0.8, 0.9])
    assert drawn["choices"].story.title.replace("\xa0", " ") == "mail sells: 3 of 3 choices show it clearly"


def test_lines_of_sizes_fall_and_the_plan_is_marked(drawn):
    lines = lines_of(drawn["sizes"].axes[0], "line")
    assert len(lines) == 2
    assert all((line.get_ydata()[1:] < line.get_ydata()[:-1]).all() for line in lines)
    assert lines_of(drawn["sizes"].axes[0], "planned")[0].get_xdata()[0] == 6000
    assert lines_of(drawn["sizes"].axes[0], "matters")[0].get_ydata()[0] == 0.05


def test_an_exploration_says_that_it_is_one(drawn):
    assert drawn["uplift"].story.title.startswith("Explored,")
    assert "nothing is claimed from it" in drawn["uplift"].story.foot
    table = tables.explored(type("Test", (), {"uplift": (planted.uplift(),)}))
    assert list(table.cells["Ranked"])[::4] == ["first fifth", "last fifth"]
    assert "not looked for" in str(tables.explored(planted.experiment()))


def test_what_cannot_be_drawn_says_why():
    cases = (
        (charts.segment_forest, (planted.users(), "orders"), "effects by segment"),
        (charts.segment_forest, (planted.experiment(), "visit"), "none of them is told"),
        (charts.love_plot, (planted.experiment(),), "known of both groups"),
        (charts.overlap, (planted.experiment(),), "by their likelihood"),
        (charts.smallest_effect, (planted.users(),), "design sheet"),
        (charts.hypotheses, ([],), "None of the hypotheses"),
        (charts.specification_curves, (planted.family(again=False),), "run again"),
        (charts.effort_paths, (planted.users(),), "was split"),
        (charts.uplift_curves, (planted.experiment(),), "not looked for"),
        (charts.contact_bands, (planted.contacts(), "margin"), "Nothing is told of margin"),
    )
    for chart, given, why in cases:
        with pytest.raises(NothingToDraw, match=why):
            chart(*given)
    assert "not asked of these tables" in str(charts.shown(charts.arms, None))
    assert "not asked of these tables" in str(charts.shown_all(charts.segment_forests, None)[0])


def test_equal_results_give_equal_bytes(drawn):
    assert drawn["forest"].png() == DRAWN["forest"]().png()
