"""Charts of what was counted: sorted bars, praise, waiting, what is left standing, and posts by age with the bridge."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from matplotlib.colors import to_hex

from analysis.foundation.provenance import rounded
from analysis.reporting import charts
from analysis.reporting.charts import NothingToDraw
from analysis.reporting.theme import APART, NARROW, PAPER
from tests.reporting import planted_counts as planted
from tests.reporting.drawn_words import assert_words_inside, lines_of, words_of


def title(figure):
    return figure.story.title.replace("\xa0", " ")


def names(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_gid() == "name"]


# Sorted bars


def test_bars_are_sorted_and_what_nobody_named_stands_last_and_hollow():
    figure = charts.mention_products(planted.metrics())
    assert list(figure.data["product"]) == ["mobile", "broadband", "unknown"]
    assert list(figure.data["mentions"]) == [112, 96, 8]
    bars = figure.axes[0].patches
    assert [bar.get_width() for bar in bars] == [112, 96, 8]
    assert all(bar.get_x() == 0 for bar in bars)
    assert [to_hex(bar.get_facecolor()) == PAPER for bar in bars] == [False, False, True]
    assert title(figure) == "52 % of all mentions are about mobile"
    assert "No product said 4 %" in figure.alt.replace("\xa0", " ")


def test_what_nobody_named_is_never_the_finding(made):
    rows = [made.metric("mentions_by_kind", "2025-07", n, numerator=n, segment={"kind": kind})
            for kind, n in (("unknown", 90), ("complaint", 10))]  # fmt: skip
    assert title(charts.mention_kind_shares(rows)) == "Complaints: 10 % of all mentions"
    assert title(charts.mention_kind_shares(rows[:1])) == "No kind said: 100 % of all mentions"


def test_small_ones_share_a_bar_and_nothing_is_lost(made):
    rows = [made.metric("mentions_by_product", "2025-07", n, numerator=n, segment={"product": f"p{n}"})
            for n in range(1, 15)]  # fmt: skip
    data = charts.mention_products(rows).data
    assert len(data) == 10
    assert data["mentions"].sum() == sum(range(1, 15))
    assert data["product"].iloc[-1] == "5 others"


# Complaints against positives


def test_each_month_is_a_point_on_its_side_of_the_line():
    """25, 24, 21 and 18 positives against 20, 22, 30 and 18 complaints: two below, one above, one on the line."""
    figure = charts.complaints_against_positives(planted.metrics())
    assert list(figure.data["side"]) == ["below", "below", "above", "on the line"]
    (axes,) = figure.axes
    points = lines_of(axes, "point")
    assert [(float(p.get_xdata()[0]), float(p.get_ydata()[0])) for p in points] == [
        (25, 20),
        (24, 22),
        (21, 30),
        (18, 18),
    ]
    assert [p.get_marker() for p in points] == ["o", "o", "D", "o"]
    (line,) = lines_of(axes, "one to one")
    assert list(line.get_xdata()) == list(line.get_ydata())
    assert axes.get_xlim() == axes.get_ylim()
    assert title(figure) == "More praise than complaints in 2 of 4 months"
    assert {"Sept 2025", "Oct 2025"} <= set(names(figure)), "the one above the line and the last have a name"
    for side in ("More complaints than praise", "More praise than complaints"):
        assert side in words_of(figure)


def test_the_title_says_the_side_of_the_most_and_leaves_out_what_nobody_named():
    figure = charts.complaints_against_positives(planted.metrics(), "platform")
    assert title(figure) == "More praise than complaints on 1 of 2 platforms"
    figure = charts.complaints_against_positives(planted.metrics(), "product")
    assert title(figure) == "More praise than complaints for 1 of 2 products"
    assert set(names(figure)) == {"mobile", "tv", "No product said"}


def test_harm_is_said_as_plainly(made):
    rows = [made.metric("complaints_per_positive", month, 2.0, numerator=20, denominator=10, unit="ratio")
            for month in made.MONTHS[:3]]  # fmt: skip
    assert title(charts.complaints_against_positives(rows)) == "More complaints than praise in 3 of 3 months"


def test_results_from_a_file_make_the_same_chart():
    given = planted.metrics()
    rows = [row.to_dict() for row in (*given.metrics, *given.praise.metrics)]
    for by in ("month", "product"):
        of_file = charts.complaints_against_positives({"metrics": rounded(rows)}, by)
        assert of_file.png() == charts.complaints_against_positives(given, by).png()


def test_points_need_both_counts_and_a_known_way_to_split(made):
    for given, by, lack in (
        (planted.metrics(), "channel", "there is no `channel`"),
        ([], "product", "does not hold it"),
        ([made.metric("complaints_per_positive", "2025-07", 1.0, unit="ratio")], "month", "both its counts"),
    ):
        with pytest.raises(NothingToDraw, match=lack):
            charts.complaints_against_positives(given, by)


# Mentions against resolved


def test_what_came_what_was_resolved_and_what_is_open():
    figure = charts.mentions_and_resolved(planted.metrics())
    upper, lower = figure.axes
    assert list(lines_of(upper, "mentions")[0].get_ydata()) == [50] * 4
    assert list(lines_of(upper, "resolved")[0].get_ydata()) == [15] * 4
    assert list(lines_of(lower, "open")[0].get_ydata()) == [40, 50, 60, 70]
    assert upper.get_ylim()[0] == lower.get_ylim()[0] == 0
    assert title(figure) == "60 mentions resolved: 30 % as many as came"
    assert "Open issues rose from 40 to 70" in figure.alt
    assert "not every mention asks for a solution" in figure.story.method


def test_without_a_table_of_issues_it_says_that_open_ones_are_not_shown():
    figure = charts.mentions_and_resolved(planted.metrics(open_issues=False))
    assert len(figure.axes) == 1
    assert "open issues are not shown: table issues is missing" in figure.story.foot


def test_without_solutions_nothing_is_drawn(made):
    with pytest.raises(NothingToDraw, match="`resolved_by_us`"):
        charts.mentions_and_resolved([made.metric("mentions", "2025-07", 5, numerator=5)])


# Waiting for a first answer


def test_the_curve_its_band_the_promised_time_and_those_still_followed():
    figure = charts.first_answers(planted.waits())
    (axes,) = figure.axes
    (line,) = lines_of(axes, "line")
    assert list(line.get_ydata()) == [0.9, 0.7, 0.4, 0.2, 0.15]
    assert list(line.get_xdata()) == [60, 600, 3600, 21_600, 86_400]
    band = axes.collections[0].get_paths()[0].get_extents()
    assert (round(band.y0, 9), round(band.y1, 9)) == (0.12, 0.93)
    assert list(lines_of(axes, "promised")[0].get_xdata()) == [3600, 3600]
    assert title(figure) == "Half answered within 40 min; 15 % still waiting after 1 day"
    said = words_of(figure)
    for word in ("promised: 1 h", "95 % intervals", "900", "400", "Still followed without an answer"):
        assert word in said
    assert "after the promised 1 h 40.0 % were without an answer (37.0 % to 43.0 %)" in figure.alt.replace("\xa0", " ")


def test_platforms_are_lines_of_their_own_with_their_names_at_the_end():
    figure = charts.first_answers(planted.waits(), "platform")
    lines = lines_of(figure.axes[0], "line")
    assert [to_hex(line.get_color()) for line in lines] == [colour for colour, _, _ in APART[:2]]
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 2
    ends = [text.get_text() for text in figure.axes[0].texts if text.get_gid() == "end label"]
    assert [end.replace("\xa0", " ") for end in ends] == ["X: 15 %", "Facebook: 20 %"]


def test_a_platform_waits_longer_only_where_the_intervals_lie_apart():
    near = charts.first_answers(planted.waits(), "platform")
    assert title(near) == "After 1 h, no platform clearly waits longer"
    far = planted.waits(groups=(planted.group(), planted.group("x"), planted.group("facebook", slower=0.08)))
    assert title(charts.first_answers(far, "platform")) == "After 1 h, Facebook waits most: 48 % against 40 %"


def test_a_median_that_was_not_reached_is_said():
    figure = charts.first_answers(planted.waits(groups=(planted.group(median=None),)))
    assert title(figure) == "Fewer than half answered; 15 % still waiting after 1 day"


def test_the_curve_of_a_file_is_the_curve_of_the_result():
    part = rounded(planted.waits().to_parts())
    for by in (None, "platform"):
        assert charts.first_answers(part, by).png() == charts.first_answers(planted.metrics(), by).png()


def test_without_a_curve_it_says_what_is_missing():
    nothing = planted.waits(groups=(), reason="table `mentions`")
    with pytest.raises(NothingToDraw, match="table mentions is missing"):
        charts.first_answers(nothing)
    with pytest.raises(NothingToDraw, match="two platforms or more"):
        charts.first_answers(planted.waits(groups=(planted.group(),)), "platform")


def test_names_of_platforms_are_text(made):
    group = planted.group(made.HOSTILE)
    figure = charts.first_answers(planted.waits(groups=(group, planted.group(made.LONG))), "platform")
    assert_words_inside(figure)
    assert_words_inside(figure.at(NARROW))
    assert "\u202e" not in words_of(figure)


# Posts by age, and the bridge


def test_posts_by_age_hold_what_was_gathered_and_hatch_what_is_to_come(made):
    """May's posts: 60 in their month, 90 a month later, 100 after two. August's 85 are expected to become 145."""
    figure = charts.posts_by_age(made.month_close(), "click")
    may = figure.data[figure.data["month"] == "2026-05"]
    assert list(may["gathered"]) == [60, 90, 100, 100]
    cells = figure.axes[0].patches
    seen = [cell for cell in cells if cell.get_gid() == "gathered"]
    assert len(seen) == 4 + 3 + 2 + 1
    hatched = [cell for cell in cells if cell.get_gid() == "to come"]
    assert all(cell.get_hatch() for cell in hatched)
    assert len(hatched) == (7 * 4 - 10) + 2, "ages that have not come, and the ends of the two that grow"
    assert "Posts of August 2026: 85 so far, an estimated 145 in the end (95 % interval 125 or more)" in (
        figure.alt.replace("\xa0", " ")
    )
    assert "145 (125 or more)" in words_of(figure)


def test_without_an_estimate_only_counts_are_shown(made):
    figure = charts.posts_by_age(made.month_close(run_offs=()), "click")
    assert "In the end" not in words_of(figure)
    assert "interval" not in words_of(figure)
    assert figure.data["expected"].isna().all()


def test_the_bars_of_the_bridge_add_up_from_posts_to_actions(made):
    """84 on August's own posts, then 1 + 33 + 9 + 2 + 14 on others, make 143."""
    figure = charts.bridge(made.month_close(), "click")
    data = figure.data
    assert list(data["amount"]) == [84, 1, 33, 9, 2, 14, 143]
    assert list(data["start"][1:-1]) == list(data["end"][:-2])
    assert data["end"].iloc[-2] == data["end"].iloc[-1] == 143
    assert title(figure) == "59 % of the month’s clicks are on its own posts"
    assert [round(bar.get_width()) for bar in figure.axes[0].patches] == list(data["amount"])


def test_a_bridge_from_a_file_is_the_same(made):
    close = made.month_close()
    assert charts.bridge(rounded(close.to_parts()), "click").png() == charts.bridge(close, "click").png()


def test_a_kind_that_is_not_there_is_named_with_those_that_are(made):
    for chart in (charts.posts_by_age, charts.bridge):
        with pytest.raises(NothingToDraw, match=r"`like`.*holds: `click`"):
            chart(made.month_close(), "like")
    triangle = replace(made.month_close().triangles[0], aged={})
    with pytest.raises(NothingToDraw, match="there are none"):
        charts.posts_by_age(SimpleNamespace(triangles=(triangle,), run_offs=()), "click")


def test_more_on_own_posts_than_was_done_is_no_share(made):
    close = made.month_close()
    row = {"kind": "click", "post": 9, "lines": [{"line": "taken back", "quantity": -4}], "action": 5}
    part = {**close.to_parts()["close"], "bridges": [row]}
    assert title(charts.bridge({"close": part}, "click")) == "5 done, 9 on own posts"
    assert not math.isnan(charts.bridge({"close": part}, "click").data["end"].iloc[1])
