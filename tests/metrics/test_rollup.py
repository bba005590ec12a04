"""What may be added up, what may not, and what to do instead: every rule, with the shipped catalogue's entries."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import InputError, UnknownName
from analysis.metrics.catalogue import definition, definitions
from analysis.metrics.figure import Metric
from analysis.metrics.rollup import NotAdditive, rolled_up


def row(metric: str, period: str = "2026-07", value: float | None = 1, **given) -> Metric:
    entry = definition(metric)
    reason = "not known" if value is None else None
    same = {"id": metric, "version": entry.version, "basis": entry.bases[0], "unit": entry.unit, "reason": reason}
    return Metric(**{**same, "period": period, "value": value, **given})


def share(metric: str, period: str, above: float, below: float, **given) -> Metric:
    return row(metric, period, above / below if below else None, numerator=above, denominator=below, **given)


def refused(rows: list[Metric], over: str, **given) -> str:
    with pytest.raises(NotAdditive) as caught:
        rolled_up(rows, over=over, **given)
    assert isinstance(caught.value, InputError)
    return str(caught.value)


def test_additive_figures_are_summed_over_time_and_segments() -> None:
    found = rolled_up(
        [row("mentions", "2026-08", 4), row("mentions", "2026-07", 3), row("mentions", "2026-09", 0)], over="time"
    )
    assert (found.value, found.period, found.state) == (7, "2026q3", "provisional")
    platforms = [row("mentions_by_platform", value=n, segment={"platform": name}) for name, n in [("x", 3), ("y", 4)]]
    found = rolled_up(platforms, over="segment")
    assert (found.value, found.period, dict(found.segment)) == (7, "2026-07", {})


def test_ratios_are_summed_and_then_divided() -> None:
    """1 of 2 and 9 of 10: 10 of 12, not the mean 0.7."""
    found = rolled_up([share("response_rate", "2026-07", 1, 2), share("response_rate", "2026-08", 9, 10)], over="time")
    assert (found.value, found.numerator, found.denominator) == (10 / 12, 10, 12)
    assert found.period == "2026-07/2026-08"


def test_a_ratio_of_nothing_still_has_its_parts() -> None:
    months = [share("response_rate", "2026-07", 0, 0), share("response_rate", "2026-08", 1, 2)]
    assert rolled_up(months, over="time").value == 0.5
    nothing = rolled_up([months[0], share("response_rate", "2026-08", 0, 0)], over="time")
    assert (nothing.value, nothing.reason) == (None, "nothing to divide by in any of the figures")


def test_points_keep_their_scale() -> None:
    """Net promoters of 10 among 100 and of 30 among 100: 20 points, from the same three counts."""
    months = [
        row("nps", period, 100 * n / 100, numerator=n, denominator=100)
        for period, n in [("2026-07", 10), ("2026-08", 30)]
    ]
    assert rolled_up(months, over="time").value == 20


def test_followers_add_up_over_platforms_and_not_over_time() -> None:
    platforms = [row("followers", value=n, segment={"platform": name}) for name, n in [("x", 30), ("y", 40)]]
    assert rolled_up(platforms, over="segment").value == 70
    words = refused([row("followers", "2026-07", 3), row("followers", "2026-08", 4)], "time")
    assert "it stands at an instant and does not add up over time" in words
    assert "Take the last one, or recount it at the end of the longer period." in words


@pytest.mark.parametrize(
    ("metric", "over", "words"),
    [
        ("reach", "time", "whoever is in two periods would be counted twice. Recount it over the longer period"),
        ("reach", "segment", "whoever is in two segments would be counted twice. Recount it over all segments"),
        ("unique_authors", "time", "compute the metrics for that period"),
        ("first_response_time_median", "time", "can be neither added nor averaged. Recompute it from the cases"),
        ("first_response_time_p90", "segment", "Recompute it from the cases of all segments together"),
    ],
)
def test_what_cannot_be_added_up_says_what_to_do(metric: str, over: str, words: str) -> None:
    if over == "time":
        rows = [row(metric, "2026-07-01"), row(metric, "2026-07-02")]
    else:
        rows = [row(metric, segment={"platform": name}) for name in "xy"]
    found = refused(rows, over)
    assert words in found
    assert found.startswith(f"`{metric}` cannot be rolled up over {over}.")


@pytest.mark.parametrize("name", sorted(definitions()))
@pytest.mark.parametrize("over", ["time", "segment"])
def test_every_metric_of_the_catalogue_is_summed_divided_or_refused_by_its_rule(name: str, over: str) -> None:
    entry = definition(name)
    scale = 100.0 if entry.unit == "points" else 1.0
    places = (
        [("2026-07", {}), ("2026-08", {})] if over == "time" else [("2026-07", {"x": "a"}), ("2026-07", {"x": "b"})]
    )
    rows = [
        row(name, period, scale * above / below if entry.aggregates == "ratio" else above,
            numerator=above, denominator=below, segment=segment)
        for (period, segment), above, below in zip(places, (1, 3), (2, 8), strict=True)
    ]  # fmt: skip
    if entry.aggregates == "ratio":
        assert rolled_up(rows, over=over).value == scale * 4 / 10
    elif entry.aggregates == "additive" or (entry.aggregates == "stock" and over == "segment"):
        assert rolled_up(rows, over=over).value == 4
    else:
        what = {"stock": "Take the last one", "distinct": "Recount it over", "quantile": "Recompute it from the cases",
                "model": "Estimate it anew over"}  # fmt: skip
        assert what[entry.aggregates] in refused(rows, over)


def test_one_figure_is_itself() -> None:
    alone = row("reach", value=12)
    assert rolled_up([alone], over="time").value == 12


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"metric": "interactions"}, "more than one id"),
        ({"version": 2}, "more than one version are mixed: 1, 2"),
        ({"basis": "post"}, "more than one basis are mixed: action, post"),
        ({"unit": "mentions"}, "more than one unit"),
        ({"segment": {"platform": "x"}}, "2 different segments. Roll up over segments first"),
        ({"value": None}, "1 of 2 figures have no value (the first: 2026-08)"),
        ({"period": "2026q3"}, "two of the periods overlap (from 2026-07-01)"),
        ({"period": "2026-09"}, "there is no figure for 2026-08-01 to 2026-08-31"),
        ({"period": "summer"}, "`summer` is no period. Periods are 2026-09, 2026q3, 2026"),
    ],
)
def test_figures_that_do_not_fit_together(changed: dict, words: str) -> None:
    metric = changed.pop("metric", "impressions")
    second = row(metric, **{"period": "2026-08", **changed})
    assert words in refused([row("impressions"), second], "time")


def test_all_faults_are_told_at_once() -> None:
    rows = [row("reach", "2026-07", 1), row("reach", "2026-07", None), row("reach", "2026-09", 1, version=7)]
    with pytest.raises(NotAdditive) as caught:
        rolled_up(rows, over="time")
    assert {fault.rule for fault in caught.value.faults} == {
        "distinct_over_time", "mixed_version", "missing_value", "overlap", "gap"
    }  # fmt: skip


def test_an_old_version_has_another_rule() -> None:
    assert "the figures are of version 9" in refused([row("mentions", version=9)], "time")


def test_ratios_without_their_parts_or_with_others_are_refused() -> None:
    assert "1 of 1 figures lack a numerator" in refused([row("response_rate", value=0.5)], "time")
    wrong = row("response_rate", value=0.9, numerator=1, denominator=2)
    assert "1 of 1 values are not their numerator divided by their denominator" in refused([wrong], "time")


def test_segments_are_given_once_and_split_alike() -> None:
    x = row("mentions_by_platform", segment={"platform": "x"})
    assert "a segment is given twice" in refused([x, x], "segment")
    other = row("mentions_by_platform", segment={"kind": "other"})
    assert "split by different columns" in refused([x, other], "segment")
    later = row("mentions_by_platform", "2026-08", segment={"platform": "y"})
    assert "2 different periods. Roll up over time first" in refused([x, later], "segment")


def test_shares_of_one_whole_are_no_ratios_to_be_summed() -> None:
    """Two brands with 3 and 4 of 10 mentions have 7 of 10, not 7 of 20."""
    brands = [share("share_of_voice", "2026-07", n, 10, segment={"brand": name}) for name, n in [("a", 3), ("b", 4)]]
    assert "shares of one whole. Add the shares" in refused(brands, "segment")


def test_columns_in_which_all_agree_stay() -> None:
    rows = [row("mentions_by_platform", segment={"platform": name, "region": "north"}) for name in "xy"]
    assert dict(rolled_up(rows, over="segment").segment) == {"region": "north"}


def test_a_longer_period_is_named_as_it_is() -> None:
    days = [row("impressions", f"2026-02-{day:02}", 1) for day in range(1, 29)]
    assert rolled_up(days, over="time").period == "2026-02"
    assert rolled_up(days[:2], over="time").period == "2026-02-01/2026-02-02"
    assert (
        rolled_up(
            [row("impressions", "2026q1"), row("impressions", "2026q2")], over="time", period="2026-01/2026-06"
        ).value
        == 2
    )
    words = refused(days[:2], "time", period="2026-02")
    assert "cover 2026-02-01 to 2026-02-02, which is not 2026-02" in words


def test_what_is_locked_stays_locked_only_together_and_mature_only_if_all_are() -> None:
    locked = [row("impressions", period, state="locked") for period in ("2026-07", "2026-08")]
    assert rolled_up(locked, over="time").state == "locked"
    mixed = [locked[0], row("impressions", "2026-08", mature=False)]
    assert (rolled_up(mixed, over="time").state, rolled_up(mixed, over="time").mature) == ("provisional", False)


def test_nothing_and_unknown_names_are_refused() -> None:
    assert "there are none" in refused([], "time")
    unknown = Metric(id="impresions", version=1, basis="action", period="2026-07", value=1, unit="impressions")
    with pytest.raises(UnknownName, match="impressions"):
        rolled_up([unknown], over="time")


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)), min_size=2, max_size=12), st.data())
def test_parts_add_up_in_any_order_and_grouping(parts: list, data) -> None:
    rows = [
        share("response_rate", f"{2026 + place // 12}-{place % 12 + 1:02}", above, below)
        for place, (above, below) in enumerate(parts)
    ]
    whole = rolled_up(data.draw(st.permutations(rows)), over="time")
    assert whole.value == sum(above for above, _ in parts) / sum(below for _, below in parts)
    cut = data.draw(st.integers(1, len(rows) - 1))
    halves = [rolled_up(rows[:cut], over="time"), rolled_up(rows[cut:], over="time")]
    assert rolled_up(halves, over="time").value == whole.value
