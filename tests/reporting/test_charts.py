"""What each chart draws: positions, limits, words, and the error when its result cannot carry it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy.stats import norm

from analysis.reporting import charts
from analysis.reporting.charts import NothingToDraw, NotShown
from analysis.reporting.charts.marks import nice_ticks, spread, tick_label
from analysis.reporting.naming import forbidden_words
from analysis.reporting.theme import COLOURS, NARROW
from analysis.reporting.wording import Words
from tests.reporting.drawn_words import lines_of, words_of

SAY = Words("en_GB")


METRICS = ("mention_trend", "mention_kinds", "mention_platforms", "response_by_month")
NAMES = (*METRICS, "naive_against_adjusted", "effect_by_segment", "paths", "arms", "npv_range", "yearly_money")


def draw(made, name, **options):
    if name in METRICS:
        given = (made.metrics(),)
    elif name in ("npv_range", "yearly_money"):
        given = (made.case(),)
    else:
        given = (made.experiment(),) if name == "arms" else (made.channel(),)
    return getattr(charts, name)(*given, *(["orders"] if name == "effect_by_segment" else []), **options)


@pytest.fixture(scope="module")
def drawn(made):
    return {name: draw(made, name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_keeps_the_house_style(drawn, name):
    figure = drawn[name]
    assert len(figure.story.title.split(" ")) <= 10
    assert len(figure.alt) > 60
    assert figure.alt.endswith(".")
    assert not figure.data.empty
    assert figure.legends == []
    for axes in figure.axes:
        assert axes.get_legend() is None
    assert not forbidden_words(figure.alt + " " + words_of(figure))
    foot = "".join(text.get_text() for text in figure.texts if text.get_gid() == "foot")
    counted = {"npv_range": "Rests on: ", "yearly_money": "Covers: "}.get(name, "Rows: ")  # years are no rows
    assert all(part in foot for part in ("Source: ", counted, "Method: "))


def test_no_chart_changes_what_it_is_given(made):
    channel, case = made.channel(), made.case()
    yearly, draws = case.yearly.copy(), case.draws.copy()
    charts.paths(channel)
    charts.yearly_money(case)
    charts.npv_range(case)
    pd.testing.assert_frame_equal(channel.paths, made.paths_frame())
    pd.testing.assert_frame_equal(case.yearly, yearly)
    assert np.array_equal(case.draws, draws)


@pytest.mark.parametrize("name", NAMES)
def test_figures_follow_the_locale(made, drawn, name):
    assert words_of(draw(made, name, locale="de_DE")) != words_of(drawn[name])


# Mentions


def test_the_trend_begins_at_zero_and_marks_what_is_provisional(made):
    figure = charts.mention_trend(made.metrics())
    (axes,) = figure.axes
    assert axes.get_ylim()[0] == 0
    (line,) = lines_of(axes, "line")
    assert list(line.get_ydata()) == list(made.MENTIONS)
    points = [mark for mark in axes.lines if mark.get_marker() == "o"]
    hollow = [to_hex(mark.get_markerfacecolor()) == "#ffffff" for mark in points]
    assert hollow == [False] * 14 + [True]
    assert figure.story.title.replace("\xa0", " ") == "Mentions peaked at 1,490 in November 2025"
    assert "hollow: provisional" in words_of(figure)
    assert "1,040" in words_of(figure)  # the last value, at the end of its line


@pytest.mark.parametrize(
    ("counts", "title"),
    [
        ((100, 110, 130), "Mentions rose 30 % between July 2025 and September 2025"),
        ((130, 110, 100), "Mentions fell 23 % between July 2025 and September 2025"),
        ((100, 101, 99), "Mentions held steady near 100 a month"),
        ((100, 400, 100), "Mentions peaked at 400 in August 2025"),
        ((7,), "7 mentions in July 2025"),
        ((0, 0, 0), "Mentions held steady near 0 a month"),
    ],
)
def test_the_title_of_the_trend_is_what_the_counts_say(made, counts, title):
    rows = [made.metric("mentions", month, n) for month, n in zip(made.MONTHS, counts, strict=False)]
    assert charts.mention_trend(rows).story.title.replace("\xa0", " ") == title


def test_the_whole_period_is_not_drawn_as_a_month(made):
    rows = [made.metric("mentions", "2025-07", 5), made.metric("mentions", "2025q3", 15)]
    assert list(charts.mention_trend(rows).data["month"]) == ["2025-07"]


def test_kinds_share_one_axis_and_name_themselves(made):
    figure = charts.mention_kinds(made.metrics())
    assert len(figure.axes) == 4
    assert {axes.get_ylim() for axes in figure.axes} == {(0.0, 800.0)}
    for name in ("Inquiries", "Complaints", "Positive mentions", "Other mentions"):
        assert name in words_of(figure)
    assert figure.story.title == "1.6 complaints for each positive mention"


def test_platforms_are_sorted_bars_from_zero(made):
    figure = charts.mention_platforms(made.metrics())
    (axes,) = figure.axes
    widths = [bar.get_width() for bar in axes.patches]
    assert all(bar.get_x() == 0 for bar in axes.patches)
    assert widths == sorted(widths, reverse=True)
    assert axes.get_xlim()[0] == 0
    assert widths == list(figure.data["mentions"])
    assert figure.story.title.replace("\xa0", " ") == "X holds 55 % of all mentions"


def test_many_platforms_are_gathered(made):
    rows = [
        made.metric("mentions_by_platform", "2025-07", 100 - n, segment={"platform": f"p{n:02d}"}) for n in range(30)
    ]
    data = charts.mention_platforms(rows).data
    assert len(data) == 10
    assert data["platform"].iloc[-1] == "21 others"
    assert data["mentions"].sum() == sum(100 - n for n in range(30))


def test_the_response_rate_has_wilson_intervals(made):
    """Wilson by hand: z = 1.96, 50 of 100: 0.4038 to 0.5962."""
    row = made.metric("response_rate", "2025-07", 0.5, numerator=50, denominator=100, unit="share", basis="post")
    figure = charts.response_by_month([row])
    z, n, p = norm.ppf(0.975), 100, 0.5
    middle, half = (p + z**2 / 2 / n) / (1 + z**2 / n), z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / 4 / n**2)
    assert figure.data["low"].iloc[0] == pytest.approx(middle - half, abs=1e-12)
    assert figure.data["high"].iloc[0] == pytest.approx(middle + half, abs=1e-12)
    (interval,) = lines_of(figure.axes[0], "interval")
    assert list(interval.get_ydata()) == list(figure.data[["low", "high"]].iloc[0])
    assert "95 % interval" in words_of(figure)
    assert "Wilson" in words_of(figure)


def test_a_change_of_the_response_rate_is_claimed_only_when_the_intervals_lie_apart(made):
    def title(first, last):
        rows = [
            made.metric("response_rate", month, n / 100, numerator=n, denominator=100, unit="share", basis="post")
            for month, n in zip(made.MONTHS, (first, last), strict=False)
        ]
        return charts.response_by_month(rows).story.title.replace("\xa0", " ")

    assert title(50, 55) == "No clear change in response rate: about 52 %"
    assert title(40, 80) == "Response rate rose from 40 % to 80 %"
    assert title(80, 40) == "Response rate fell from 80 % to 40 %"


def test_a_share_without_its_two_numbers_has_no_interval_and_is_not_drawn(made):
    row = made.metric("response_rate", "2025-07", 0.5, unit="share", basis="post")
    with pytest.raises(NothingToDraw, match="numerator and the denominator"):
        charts.response_by_month([row])


# Effects


def test_raw_figures_are_hollow_and_never_stand_alone(made):
    figure = charts.naive_against_adjusted(made.channel())
    (axes,) = figure.axes
    estimates = lines_of(axes, "estimate")
    assert [round(float(mark.get_xdata()[0]), 3) for mark in estimates] == [-0.13, 0.62, 0.083]
    assert [to_hex(mark.get_markerfacecolor()) for mark in estimates] == ["#ffffff", "#ffffff", COLOURS["contacted"]]
    assert [to_hex(mark.get_color()) for mark in estimates] == [COLOURS["naive"]] * 2 + [COLOURS["contacted"]]
    ends = [tuple(np.round(line.get_xdata(), 3)) for line in lines_of(axes, "interval")]
    assert ends == [(-0.15, -0.11), (0.57, 0.67), (0.041, 0.127)]
    assert lines_of(axes, "baseline")[0].get_xdata()[0] == 0
    assert figure.story.title.replace("\xa0", " ") == "Raw: 62 % more. Against similar customers: 8 % more"
    assert "95 % interval" in words_of(figure)
    alone = [row for row in made.channel().effects if row.estimand != "channel_effect"]
    with pytest.raises(NothingToDraw, match="Raw figures are not shown alone"):
        charts.naive_against_adjusted(alone)
    refused = [*alone, made.effect("orders", None)]
    assert str(charts.shown(charts.naive_against_adjusted, refused)) == (
        "Not shown. No effect on how often they bought is claimed: 12 contacted customers; each group needs 50. Raw "
        "figures are not shown alone."
    )


def test_a_chart_of_refused_effects_says_that_none_is_claimed_and_why(made):
    """The reason stands in the place of every chart."""
    names = {"estimand": "experiment_effect", "design": "ab_randomised", "scale": "difference"}
    refused = [made.effect("orders", None, segment=part, **names) for part in ({}, {"region": "north"})]
    why = "claimed: 12 contacted customers; each group needs 50."
    assert str(charts.shown(charts.arms, refused)) == f"Not shown. No effect is {why}"
    by_segment = charts.shown(charts.effect_by_segment, refused, "orders")
    assert str(by_segment) == f"Not shown. No effect on how often they bought is {why}"


def test_segments_stand_before_the_interval_of_all(made):
    figure = charts.effect_by_segment(made.channel(), "orders")
    (axes,) = figure.axes
    band = next(patch for patch in axes.patches if patch.get_gid() == "pooled")
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.041, 0.127))
    assert len(lines_of(axes, "estimate")) == 6  # all, three regions, two products; the refused one has none
    text = words_of(figure)
    assert "not claimed: 12 contacted customers" in text
    assert "By region" in text
    assert "+8 % (+4 to +13 %)" in text
    assert figure.story.title == "1 of 6 segments may differ from the average"  # east, whose interval leaves out 8 %


def test_an_open_interval_ends_in_an_arrow(made):
    rows = [row.to_dict() for row in made.channel().effects if not row.naive]
    for row in rows:
        if row["segment"] == {"region": "north"}:
            row["high"] = None
    (axes,) = charts.effect_by_segment(rows, "orders").axes
    arrows = [line for line in axes.lines if line.get_marker() == ">"]
    assert [float(line.get_xdata()[0]) for line in arrows] == [axes.get_xlim()[1]]


def test_a_harm_is_drawn_as_plainly_as_a_gain(made):
    raw = made.naive("naive_user_gap", 1.5, 1.4, 1.6)
    figure = charts.naive_against_adjusted([raw, made.effect("orders", 0.9, 0.86, 0.94)])
    assert figure.story.title.replace("\xa0", " ") == "Raw: 50 % more. Against similar customers: 10 % fewer"
    figure = charts.naive_against_adjusted([raw, made.effect("orders", 1.01, 0.96, 1.06)])
    assert figure.story.title.replace("\xa0", " ") == "Raw: 50 % more. Against similar customers: no clear change"


def test_paths_draw_both_groups_with_bands_and_shade_the_issue(made):
    figure = charts.paths(made.channel(), "orders")
    (axes,) = figure.axes
    for group in ("contacted", "comparison"):
        (line,) = lines_of(axes, group)
        frame = made.paths_frame().query("group == @group")
        assert list(line.get_xdata()) == list(frame["month"])
        assert list(line.get_ydata()) == pytest.approx(list(frame["mean"]))
        assert to_hex(line.get_color()) == COLOURS[group]
        assert [band for band in axes.collections if band.get_gid() == f"{group} interval"]
    shade = next(patch for patch in axes.patches if patch.get_gid() == "issue")
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (-1.5, 0.5)
    styles = {
        (line.get_linestyle(), line.get_marker()) for g in ("contacted", "comparison") for line in lines_of(axes, g)
    }
    assert len(styles) == 2  # colour is not the only signal
    assert "Bands: 95 % interval" in words_of(figure)
    assert "Contacted" in words_of(figure)


def test_arms_have_one_panel_an_outcome(made):
    figure = charts.arms(made.experiment())
    assert len(figure.axes) == 3
    for axes in figure.axes:
        low, high = axes.get_xlim()
        assert low <= 0 < high
        assert len(lines_of(axes, "estimate")) == len(lines_of(axes, "interval")) == 2
    assert [round(float(mark.get_xdata()[0]), 4) for mark in lines_of(figure.axes[0], "estimate")] == [0.0766, 0.0452]
    text = words_of(figure)
    assert "+0.077 (+0.070 to +0.083)" in text
    assert "+US$0.77 (+US$0.48 to +US$1.05)" in text
    assert figure.story.title == "Every arm is clearly above the comparison arm"


def test_one_arm_is_named(made):
    rows = [row for row in made.experiment().effects if row.treated == "Mens E-Mail"]
    title = charts.arms(rows).story.title.replace("\xa0", " ")
    assert title == "Mens E-Mail: clearly above the comparison arm throughout"


def test_arms_without_a_clear_difference_say_so(made):
    none = [replace(row, estimate=replace(row.estimate, low=-1.0, high=2.0)) for row in made.experiment().effects]
    assert charts.arms(none).story.title == "No arm clearly differs from the comparison arm"


# Money


def test_the_range_of_value_marks_three_cases_and_zero(made):
    case = made.case()
    figure = charts.npv_range(case)
    (axes,) = figure.axes
    for gid, value in (("low case", case.npv.p5), ("middle case", case.npv.p50), ("high case", case.npv.p95)):
        assert [line.get_xdata()[0] for line in lines_of(axes, gid)] == [value]
    assert lines_of(axes, "baseline")[0].get_xdata()[0] == 0
    assert axes.get_ylim()[0] == 0
    assert figure.data["draws"].sum() == case.draws.size
    hatched = [bar for bar in axes.patches if bar.get_hatch()]
    assert hatched
    assert all(bar.get_x() + bar.get_width() <= 1e-6 for bar in hatched)
    assert {0.0} <= set(np.round(figure.data["from"], 6))  # no bar lies on both sides of zero
    assert figure.story.title.replace("\xa0", " ") == "Middle case €1.23 million; 95 % chance of a gain"


@pytest.mark.parametrize(("mean", "spread_"), [(-5e5, 1e5), (1e9, 1.0), (0.0, 1e-6), (5e4, 0.0)])
def test_the_range_of_value_can_be_drawn_for_any_case(made, mean, spread_):
    figure = charts.npv_range(made.case(mean, spread_))
    assert figure.data["draws"].sum() == 20_000
    assert figure.at(NARROW).png()


def test_yearly_money_stands_on_zero_with_its_range(made):
    case = made.case()
    (axes,) = charts.yearly_money(case).axes
    bars = [bar for bar in axes.patches if bar.get_height()]
    assert all(bar.get_y() == 0 for bar in bars)
    assert {round(bar.get_height()) for bar in bars} == {840_000, -180_000, -260_000}
    ends = [tuple(line.get_ydata()) for line in lines_of(axes, "interval")]
    assert ends == list(zip(case.yearly["net_low"], case.yearly["net_high"], strict=True))
    assert axes.get_ylim()[0] <= -260_000
    text = words_of(charts.yearly_money(case))
    assert all(word in text for word in ("Benefits", "Costs", "Left", "90 % of outcomes"))


@pytest.mark.parametrize(
    ("months", "title"),
    [
        (3.7, "Pays for itself in 4 months in the middle case"),
        (1.0, "Pays for itself in 1 month in the middle case"),
        (0.0, "Pays for itself from the start in the middle case"),
        (None, "Does not pay for itself within 3 years (middle case)"),
    ],
)
def test_yearly_money_answers_when_it_is_paid_back(made, months, title):
    case = made.case()
    case.payback_months = made.quantiles(None, months, None)
    assert charts.yearly_money(case).story.title == title


# What cannot be drawn


@pytest.mark.parametrize(
    ("chart", "given", "message"),
    [
        ("mention_trend", [[]], "needs the metric `mentions`"),
        (
            "mention_trend",
            [SimpleNamespace(metrics=(), missing={"mentions": "table `mentions`"})],
            "table `mentions` is missing",
        ),
        ("mention_kinds", [[]], "`mentions_by_kind`"),
        ("mention_platforms", [[]], "`mentions_by_platform`"),
        ("response_by_month", [[]], "`response_rate`"),
        ("naive_against_adjusted", [[]], "the result holds none"),
        ("effect_by_segment", [[], "orders"], "the result holds no effect on it"),
        ("paths", [SimpleNamespace(effects=())], "this result has none"),
        ("arms", [[]], "this result holds none"),
        ("npv_range", [SimpleNamespace(npv=SimpleNamespace(p5=1, p50=2, p95=3))], "the draws are missing"),
        ("yearly_money", [SimpleNamespace()], "needs the case's yearly year, benefits"),
    ],
)
def test_a_chart_says_what_its_result_lacks(chart, given, message):
    with pytest.raises(NothingToDraw, match=message):
        getattr(charts, chart)(*given)
    instead = charts.shown(getattr(charts, chart), *given)
    assert isinstance(instead, NotShown)
    assert instead._repr_html_().startswith('<p class="ts-note">Not shown. ')


def test_only_what_a_result_lacks_is_forgiven(made):
    with pytest.raises(TypeError):
        charts.shown(charts.mention_trend, 5)
    assert isinstance(charts.shown(charts.mention_trend, made.metrics()), charts.Figure)


def test_a_path_of_another_outcome_is_named(made):
    with pytest.raises(NothingToDraw, match="the result has paths of: `orders`"):
        charts.paths(made.channel(), "margin")


# Hostile text


def test_hostile_names_are_drawn_as_text(made):
    for name in (made.HOSTILE, made.LONG, "$$", "日本語 العربية"):
        rows = [
            made.effect("orders", 1.1, 1.02, 1.19), made.effect("orders", 1.2, 1.1, 1.3, segment={name: name}),
            made.effect("orders", None, segment={"region": "x"}, reason=name),
        ]  # fmt: skip
        arms = [replace(row, treated=name, comparison=name, outcome=name) for row in made.experiment().effects[:1]]
        metrics = [
            made.metric("mentions_by_platform", "2025-07", 5, segment={"platform": name}),
            made.metric("mentions_by_kind", "2025-07", 5, segment={"kind": name}),
        ]
        drawn = [
            charts.effect_by_segment(rows, "orders"), charts.arms(arms), charts.mention_platforms(metrics),
            charts.mention_kinds(metrics),
        ]  # fmt: skip
        for figure in drawn:
            assert figure.at(NARROW).png()
            assert "\u202e" not in words_of(figure) + figure.alt
            assert len(figure.alt) < 3000


# Marks


def test_ticks_are_round_and_enclose():
    assert nice_ticks(0, 1490, 5) == [0, 500, 1000, 1500]
    assert nice_ticks(-0.13, 0.67, 5) == [-0.2, 0.0, 0.2, 0.4, 0.6, 0.8]
    for low, high in ((0, 0), (5, 5), (-1e-9, 1e-9), (1e9, 1e9 + 1), (-3, -2)):
        ticks = nice_ticks(low, high, 5)
        assert ticks[0] <= low
        assert ticks[-1] >= high
        assert len(ticks) <= 8


def test_ticks_are_said_with_equal_decimals():
    assert [tick_label(t, [-0.1, 0, 0.1], SAY, "percent change") for t in (-0.1, 0, 0.1)] == [
        "−10\xa0%", "0\xa0%", "+10\xa0%",
    ]  # fmt: skip
    assert [tick_label(t, [0, 0.25, 0.5], SAY, "USD signed") for t in (0, 0.25, 0.5)] == [
        "US$0.00", "+US$0.25", "+US$0.50",
    ]  # fmt: skip
    assert tick_label(0.005, [0, 0.0025, 0.005], SAY, "count signed") == "+0.0050"


def test_labels_are_moved_apart_in_their_order():
    moved = spread([5.0, 1.0, 1.1, 1.2], 1.0)
    assert sorted(range(4), key=lambda place: moved[place]) == [1, 2, 3, 0]
    assert min(np.diff(sorted(moved))) >= 1.0 - 1e-9
    assert spread([], 1.0) == []
