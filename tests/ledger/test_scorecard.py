"""The scorecard: values beside targets, trends with what happened, six areas apart, and no index without its parts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest

from analysis.foundation.calendar import Month, months_between
from analysis.foundation.errors import InputError, UnknownName
from analysis.ledger.reading import with_states
from analysis.ledger.score import Change, Score
from analysis.ledger.scorecard import USUAL, scorecard
from analysis.ledger.store import Ledger
from analysis.metrics.catalogue import AREAS, definitions

Make = Callable
SEPTEMBER = Month.of("2026-09")
YEAR = [str(month) for month in months_between(Month.of("2025-07"), Month.of("2026-10"))]


def by(card, metric: str, basis: str | None = None) -> Score:
    (found,) = [one for one in card.scores if one.metric == metric and basis in (None, one.basis)]
    return found


def test_by_hand(row: Make) -> None:
    """Response rate 0.60 against 0.80 attains 0.75; complaints 2.0 against 1.6 attain 0.8. Weights of 3 and 1 are
    shares of 0.75 and 0.25; the index is 0.75 x 0.75 + 0.25 x 0.8 = 0.7625."""
    rows = [
        row("response_rate", "2026-09", None, above=600, below=1000, basis="post"),
        row("complaints_per_positive", "2026-09", None, above=200, below=100),
    ]
    targets = {"response_rate": 0.8, "complaints_per_positive": 1.6}
    card = scorecard(rows, month=SEPTEMBER, targets=targets, weights={"response_rate": 3, "complaints_per_positive": 1})
    rate, complaints = by(card, "response_rate", "post"), by(card, "complaints_per_positive")
    assert (rate.value, rate.target, rate.target_source, rate.met, rate.attainment) == (
        0.6, 0.8, "set by the team", False, pytest.approx(0.75),
    )  # fmt: skip
    assert (complaints.met, complaints.attainment) == (False, 0.8)
    assert card.index.value == pytest.approx(0.7625)
    assert [(part.metric, part.share, part.points) for part in card.index.parts] == [
        ("complaints_per_positive", 0.25, pytest.approx(0.2)),
        ("response_rate", 0.75, pytest.approx(0.5625)),
    ]
    assert str(card.index) == (
        "Index 0.762 of 1 = 0.25 × 0.8 (Complaints for each positive mention) + 0.75 × 0.75 (Response rate)."
    )


def test_state_and_trend_come_from_the_closed_months(three: Ledger, result: Make, row: Make) -> None:
    fresh = result(*(row("mentions", month, n) for month, n in (("2026-07", 1003), ("2026-08", 1100), ("2026-10", 7))))
    rows = with_states(fresh, three)
    mentions = by(scorecard(rows, month=Month.of("2026-08"), targets={"mentions": 1000}), "mentions")
    assert (mentions.value, mentions.state) == (1100, "locked")
    assert [tuple(point) for point in mentions.trend] == [("2026-07", 1003, "adjusted"), ("2026-08", 1100, "locked")]
    assert mentions.met is None, "more mentions are neither better nor worse"
    assert mentions.attainment is None


def test_a_trend_is_thirteen_months_with_the_month_before_and_a_year_ago(row: Make) -> None:
    rows = [row("mentions", month, n) for n, month in enumerate(YEAR)]
    mentions = by(scorecard(rows, month=SEPTEMBER, targets={"mentions": 1}), "mentions")
    assert [point.period for point in mentions.trend] == YEAR[2:15]
    assert mentions.previous == ("2026-08", 13, "provisional")
    assert mentions.year_ago == ("2025-09", 2, "provisional")
    first = by(scorecard(rows[:1], month=Month.of("2025-07"), targets={"mentions": 1}), "mentions")
    assert (first.previous, first.year_ago) == (None, None)


def test_changes_are_marked_on_the_trend_they_fall_into(row: Make) -> None:
    log = [
        Change(date(2026, 9, 30), "incident", "outage"),
        Change(date(2026, 10, 1), "staffing", "later than the month shown"),
        Change(date(2025, 9, 1), "programme", "first replies"),
        Change(date(2025, 8, 31), "tool", "before the trend"),
    ]
    rows = [row("mentions", month, 1) for month in YEAR]
    mentions = by(scorecard(rows, month=SEPTEMBER, targets={"mentions": 1}, changes=log), "mentions")
    assert [mark.description for mark in mentions.marks] == ["first replies", "outage"]
    assert mentions.to_dict()["marks"][0] == {"on": "2025-09-01", "kind": "programme", "description": "first replies"}


def test_without_a_choice_catalogue_targets_and_the_usual_metrics_are_shown(row: Make) -> None:
    rows = [
        row("mentions", "2026-09", 5),
        row("issues_raised", "2026-09", 5),
        row("average_order_value", "2026-09", 20.0),
    ]
    card = scorecard(rows, month=SEPTEMBER)
    aimed = {name for name, entry in definitions().items() if entry.target is not None}
    assert {one.metric for one in card.scores} == aimed | {"mentions", "average_order_value"}
    assert card.index is None
    rate = by(card, "response_rate", "post")
    assert (rate.target, rate.value, rate.reason) == (0.65, None, "it was not counted")
    assert rate.target_source.startswith("Socially Devoted")


def test_with_a_choice_only_that_is_shown_in_the_order_of_areas(row: Make) -> None:
    rows = [row("average_order_value", "2026-09", 20.0), row("mentions", "2026-09", 5)]
    card = scorecard(rows, month=SEPTEMBER, targets={"average_order_value": 25, "mentions": 4})
    assert [(one.area, one.metric) for one in card.scores] == [
        ("customer service", "mentions"), ("commerce", "average_order_value"),
    ]  # fmt: skip


def test_every_usual_metric_is_in_the_catalogue() -> None:
    assert set(USUAL) <= set(definitions())


def test_areas_of_which_nothing_is_shown_are_listed_with_the_reason(row: Make) -> None:
    card = scorecard(
        [row("mentions", "2026-09", 5)], month=SEPTEMBER, missing={"average_order_value": "table `orders`"}
    )
    assert set(card.without) == set(AREAS) - {"customer service"}
    assert card.without["commerce"] == "missing: table `orders`"
    assert card.without["influencers"] in ("no metric of this area is counted", "no figure of this area was chosen")


def test_a_metric_on_both_bases_has_two_scores_and_one_target(row: Make) -> None:
    rows = [row("response_rate", "2026-09", None, above=60, below=100, basis=basis) for basis in ("action", "post")]
    card = scorecard(rows, month=SEPTEMBER, targets={"response_rate": 0.5}, weights={"response_rate": 1})
    post, action = by(card, "response_rate", "post"), by(card, "response_rate", "action")
    assert (post.target, post.weight, post.met) == (0.5, 1, True)
    assert (action.target, action.weight, action.met) == (None, None, None)
    assert len(card.index.parts) == 1


def test_of_a_metric_that_waits_the_latest_final_month_is_shown(row: Make) -> None:
    rate = "repeat_purchase_rate"
    rows = [
        row(rate, "2026-06", 0.4),
        row(rate, "2026-07", 0.41, mature=False),
        row(rate, "2026-09", 0.1, mature=False),
    ]
    shown = by(scorecard(rows, month=SEPTEMBER, targets={rate: 0.5}), rate)
    assert (shown.period, shown.value, shown.note) == ("2026-06", 0.4, "Shown is 2026-06: 2026-09 is not complete.")
    waiting = by(scorecard(rows[1:], month=SEPTEMBER, targets={rate: 0.5}), rate)
    assert (waiting.period, waiting.value, waiting.note) == ("2026-09", 0.1, "Not final: 2026-09 is not complete.")


def test_a_month_without_a_value_says_why(row: Make) -> None:
    rows = [
        row("complaints_per_positive", "2026-08", 2.0),
        row("mentions_by_kind", "2026-09", 5, segment={"kind": "praise"}),
    ]
    targets = {"complaints_per_positive": 1, "mentions_by_kind": 1, "average_order_value": 30, "orders_placed": 1}
    card = scorecard(rows, month=SEPTEMBER, targets=targets, missing={"average_order_value": "table `orders`"})
    assert {one.metric: one.reason for one in card.scores} == {
        "complaints_per_positive": "2026-09 was not counted",
        "mentions_by_kind": "it has no single value: it is counted by kind",
        "average_order_value": "not counted: table `orders` is missing",
        "orders_placed": "it was not counted",
    }


@pytest.mark.parametrize(
    ("direction", "value", "target", "met", "attainment"),
    [
        ("higher", 0.5, 1, False, 0.5),
        ("higher", 1, 1, True, 1),
        ("higher", 3, 1, True, 1),
        ("higher", -20, 30, False, 0),
        ("higher", 0, 0, True, 1),
        ("higher", -1, 0, False, 0),
        ("higher", -20, -10, False, 0),
        ("higher", -5, -10, True, 1),
        ("lower", 2, 1, False, 0.5),
        ("lower", 1, 1, True, 1),
        ("lower", 0, 1, True, 1),
        ("lower", 0, 0, True, 1),
        ("lower", 5, 0, False, 0),
        ("lower", -5, -10, False, 0),
        ("neither", 5, 1, None, None),
        ("higher", None, 1, None, None),
        ("higher", 5, None, None, None),
    ],
)
def test_attainment(direction: str, value: float | None, target: float | None, met: bool | None, attainment) -> None:
    score = Score(
        area="commerce", metric="m", version=1, label="M", basis="action", unit="share", direction=direction,
        period="2026-09", value=value, state="locked", reason=None, note=None, target=target, target_source=None,
        weight=1, trend=(), marks=(),
    )  # fmt: skip
    assert (score.met, score.attainment) == (met, attainment)


def test_a_metric_that_is_missing_is_left_out_of_the_index_in_words(row: Make) -> None:
    """The rest keeps its proportions: 1 and 1 of 4 count a half each."""
    rows = [row("complaints_per_positive", "2026-09", 1.0), row("average_order_value", "2026-09", 10.0)]
    card = scorecard(
        rows,
        month=SEPTEMBER,
        targets={"average_order_value": 20},
        weights={"complaints_per_positive": 1, "average_order_value": 1, "response_rate": 2},
        missing={"response_rate": "table `mentions`"},
    )
    assert card.index.value == 0.75
    assert str(card.index).endswith("Left out: `response_rate`, weight 2: not counted: table `mentions` is missing.")
    nothing = scorecard([], month=SEPTEMBER, weights={"response_rate": 2})
    assert nothing.index.value is None
    assert str(nothing.index).startswith(
        "No index: none of the weighted figures has a value. Left out: `response_rate`"
    )


def test_weights_of_zero_make_no_index(row: Make) -> None:
    card = scorecard([row("response_rate", "2026-09", 0.5)], month=SEPTEMBER, weights={"response_rate": 0})
    assert card.index is None
    assert by(card, "response_rate", "post").weight == 0


def test_the_scale_of_weights_and_the_order_of_rows_change_nothing(row: Make) -> None:
    rows = [row("complaints_per_positive", "2026-09", 2.0), row("average_order_value", "2026-09", 10.0)]
    given = {"targets": {"average_order_value": 20}, "month": SEPTEMBER}
    one = scorecard(rows, weights={"complaints_per_positive": 1, "average_order_value": 3}, **given)
    ten = scorecard(rows[::-1], weights={"average_order_value": 30, "complaints_per_positive": 10}, **given)
    assert one.index.value == pytest.approx(ten.index.value)
    assert [score.metric for score in one.scores] == [score.metric for score in ten.scores]


def test_the_index_is_the_sum_of_its_parts_in_results_too(row: Make) -> None:
    rows = [row("complaints_per_positive", "2026-09", 2.0), row("average_order_value", "2026-09", 10.0)]
    weights = {"complaints_per_positive": 1, "average_order_value": 3}
    card = scorecard(rows, month=SEPTEMBER, targets={"average_order_value": 30}, weights=weights)
    parts = card.to_parts()
    json.dumps(parts, allow_nan=False)
    kinds = [one["kind"] for one in parts["scorecard"]]
    assert kinds == ["metric"] * 2 + ["area"] * 4 + ["index"]
    index = parts["scorecard"][-1]
    assert index["value"] == pytest.approx(sum(part["points"] for part in index["parts"]))
    assert sum(part["share"] for part in index["parts"]) == pytest.approx(1)
    assert list(card.to_frame()["metric"]) == ["complaints_per_positive", "average_order_value"]
    assert scorecard([], month=SEPTEMBER, targets={"mentions": 1}).to_frame().shape[0] == 1


def test_all_faults_of_targets_and_weights_are_told_at_once() -> None:
    with pytest.raises(UnknownName) as error:
        scorecard(
            [],
            month=SEPTEMBER,
            targets={"respons_rate": 0.5, "mentions": float("nan")},
            weights={"mentions": 1, "orders_placed": 2, "response_rate": -1, "mention": 1},
        )
    assert [str(fault) for fault in error.value.faults] == [
        "metrics.targets: there is no `respons_rate`. Did you mean `response_rate`?",
        "metrics.targets: mentions: is no finite number. Give a number.",
        "metrics.weights: mentions: has a weight, though neither more nor less of it is better. Take it out.",
        "metrics.weights: orders_placed: has a weight and no target to be measured against. Give it one under "
        "`metrics.targets`.",
        "metrics.weights: response_rate: is -1. Give 0 or more.",
        "metrics.weights: there is no `mention`. Did you mean `mentions`?",
    ]
    with pytest.raises(InputError, match="is no finite number"):
        scorecard([], month=SEPTEMBER, weights={"response_rate": float("inf")})
