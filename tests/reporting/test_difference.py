"""What differs between two results: every difference found, closed figures first, and no noise taken for news."""

from __future__ import annotations

import copy
import json
import math
import random
import re

import numpy as np
import pytest

from analysis.foundation.provenance import canonical_json
from analysis.reporting import tables
from analysis.reporting.difference import difference
from analysis.reporting.difference.causes import can_have_moved, causes, nothing_changed, parameters_moved, same_inputs
from analysis.reporting.difference.effects import change_of, effects_compared
from analysis.reporting.difference.figures import HOW, figures_compared
from analysis.reporting.difference.pairs import leaves, leaves_changed, paired, rows_of_one
from analysis.reporting.difference.said import HOW_SAID
from analysis.reporting.naming import forbidden_words
from analysis.reporting.sanitise import sanitised
from analysis.reporting.summary import summary

TOP_KEYS = (
    "study", "period", "known_at", "provenance", "rows", "metrics", "effects", "roi", "close", "effect_covariance",
    "coverage", "previous", "bounds", "scorecard", "incidents", "stories", "hypotheses", "promises", "power",
)  # fmt: skip
FIGURE = {
    "id": "mentions", "version": 1, "basis": "action", "period": "2026-08", "segment": {}, "value": 100,
    "numerator": 100, "denominator": None, "unit": "mentions", "state": "locked",
}  # fmt: skip
EFFECT = {
    "design": "before_after", "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
    "outcome": "orders", "segment": {}, "scale": "ratio", "value": 1.05, "low": 1.01, "high": 1.09, "level": 0.95,
    "se": 0.02, "se_log": 0.02, "unit": "ratio", "n_treated": 100, "n_comparison": 300, "index_from": "2025-07",
    "index_to": "2026-03", "maturity": "mature", "grade": "B", "checks": [], "claim": "x",
}  # fmt: skip


@pytest.fixture(scope="module")
def results(made):
    """What `results.json` would hold, with every top key filled."""
    found = json.loads(canonical_json(made.results()))
    close = json.loads(canonical_json(made.month_close().to_parts()))
    counted = json.loads(canonical_json(made.counted().to_parts()))
    return {
        "promises": [{"id": "p1"}], "power": [], "bounds": [{"value": 1.0}], "hypotheses": [],
        "effect_covariance": {"ids": ["a"], "matrix": [[1.0]]}, "previous": None,
        **{key: value for key, value in {**counted, **close}.items() if key != "coverage"}, **found,
        "study": "2026q2", "known_at": "2026-07-06T00:00:00Z",
    }  # fmt: skip


def test_nothing_differs_from_itself(results):
    shuffled = json.loads(json.dumps(results))
    random.Random(1).shuffle(shuffled["metrics"])
    for other in (results, copy.deepcopy(results), json.loads(json.dumps(results))):
        found = difference(results, other)
        assert found.nothing
        assert set(found.counts.values()) == {0}
        assert nothing_changed(found.why)
        assert str(found).endswith("Nothing changed: both say the same in everything.")
    assert difference(results, shuffled).counts["metrics"] == 1, "another order of rows is told, though nothing moved"


def _set(value, path, instead):
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = instead


def _places(value, path=()):
    """Every plain value in a tree, and every item of a list."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _places(value[key], (*path, key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _places(item, (*path, number))
    else:
        yield path


def _another(value, path):
    """A value of its kind that is not this one; sound in form, since form is checked where a file is read."""
    if path[0] == "period":
        return {"start": "2026-04-01", "end": "2026-07-01", "timezone": "UTC"}
    if isinstance(value, bool) or value is None or value in ([], {}):
        return None if value else 1.5 if path[0] in ("metrics", "effects") else [{"a": 1}]
    return value + 1 if isinstance(value, int | float) else f"{value}x"


@pytest.mark.parametrize("top", TOP_KEYS)
def test_whatever_is_changed_is_found(results, top):
    """One value under a top key is made another: the key is counted, named, and no other is."""
    places = [place for place in _places(results) if place[0] == top]
    for path in random.Random(5).sample(places, min(12, len(places))):
        changed, before = copy.deepcopy(results), results
        for part in path:
            before = before[part]
        where = path[:1] if top == "period" else path
        _set(changed, where, _another(before, path))
        found = difference(results, changed)
        assert {key for key, count in found.counts.items() if count} == {top}, path
        text = str(found)
        assert "Nothing changed" not in text
        assert f"\n  {top}: " in text or top not in found.other
        assert difference(changed, results).counts[top] == found.counts[top], "the same from the other side"


def test_what_only_one_has_changes_sides(results):
    later = copy.deepcopy(results)
    del later["metrics"][0], later["effects"][0]
    later["stories"] = []
    there, back = difference(results, later), difference(later, results)
    for key in ("metrics", "effects"):
        one, other = getattr(there, key), getattr(back, key)
        assert one["only_earlier"]["count"] == other["only_later"]["count"] == 1
        assert one["both"] == other["both"] == len(results[key]) - 1
    assert there.counts == back.counts


def test_all_rows_are_accounted_for(results):
    later = copy.deepcopy(results)
    rng = random.Random(2)
    for row in later["metrics"]:
        row["value"] = None if rng.random() < 0.1 else row["value"] if rng.random() < 0.5 else rng.random()
        row["period"] = "2026-12" if rng.random() < 0.2 else row["period"]
    found = difference(results, later, most=3)
    metrics = found.metrics
    assert metrics["both"] + metrics["only_earlier"]["count"] == len(results["metrics"])
    assert metrics["both"] + metrics["only_later"]["count"] == len(later["metrics"])
    assert len(metrics["rows"]) + metrics["left_out"] == metrics["moved"] == sum(metrics["by"].values())
    assert len(difference(results, later, most=None).metrics["rows"]) == metrics["moved"]
    assert sum(metrics["only_later"]["periods"].values()) == metrics["only_later"]["count"]


def test_figures_by_hand():
    """Six figures: restated 100 to 112, adjusted 50 to 51, one closed that moved without a record, one provisional that
    was closed at another value, one that only became closed, and one of another definition.
    """
    later = [
        {**FIGURE, "value": 112, "state": "restated"},
        {**FIGURE, "id": "orders_placed", "value": 51, "state": "adjusted"},
        {**FIGURE, "id": "issues_raised", "value": 30, "state": "locked"},
        {**FIGURE, "id": "backlog", "value": 9, "state": "locked"},
        {**FIGURE, "id": "reach", "state": "locked"},
        {**FIGURE, "id": "nps", "version": 2},
    ]
    values = {"mentions": 100, "orders_placed": 50, "issues_raised": 20, "backlog": 8, "reach": 100, "nps": 100}
    earlier = [
        {**FIGURE, "id": name, "value": value, "state": "provisional" if name in ("backlog", "reach") else "locked"}
        for name, value in values.items()
    ]
    found = figures_compared(earlier, later)
    assert [(row["metric"], row["how"], row["change"]) for row in found["rows"]] == [
        ("mentions", "restated", 12),
        ("issues_raised", "against_record", 10),
        ("orders_placed", "adjusted", 1),
        ("nps", "redefined", 0),
        ("backlog", "closed", 1),
    ]
    assert found["rows"][0]["relative_change"] == 0.12
    assert (found["both"], found["moved"], found["said_otherwise"], found["closed_since"]) == (6, 5, 1, 2)
    assert found["fields"] == {"state": 1}
    assert set(HOW) == set(HOW_SAID)


def test_a_lost_or_new_value_has_no_size():
    found = figures_compared(
        [FIGURE, {**FIGURE, "period": "2026-07", "value": None}, {**FIGURE, "period": "2026-06", "value": 0}],
        [
            {**FIGURE, "value": None, "reason": "no `orders`"},
            {**FIGURE, "period": "2026-07", "value": 3},
            {**FIGURE, "period": "2026-06", "value": 3},
        ],
    )
    by_period = {row["period"]: row for row in found["rows"]}
    assert by_period["2026-08"]["reason"] == "no `orders`"
    assert [by_period[month]["relative_change"] for month in ("2026-06", "2026-07", "2026-08")] == [None] * 3
    assert by_period["2026-06"]["change"] == 3


def test_an_effect_by_hand():
    """1.05 to 1.09, standard errors 0.02 and 0.03 on the log scale: log(1.09 / 1.05) = 0.03739. Both studies have the
    same index months, so the correlation is taken as 1 - 0.3: the standard error of the change is the root of
    0.0004 + 0.0009 - 2 * 0.7 * 0.0006 = 0.00046, which is 0.021448;
    exp(0.037387 -+ 1.959964 * 0.0214476) = exp(-0.004649) and exp(0.079424), 0.99536 and 1.08266.
    Of an effect of which nothing is known about that, the error is 0.05, and the interval 0.9412 to 1.1450.
    """
    found = change_of(EFFECT, {**EFFECT, "value": 1.09, "se_log": 0.03})
    assert found["change"] == pytest.approx(1.038095, abs=1e-6)
    assert (found["low"], found["high"]) == pytest.approx((0.995362, 1.082663), abs=1e-6)
    assert (found["se"], found["se_least"], found["se_most"]) == pytest.approx((0.0214476, 0.01, 0.05), abs=1e-7)
    assert (found["shared_months"], found["correlation"]) == pytest.approx((1.0, 0.7))
    assert found["distinguishable"] is False
    unknown = {**EFFECT, "estimand": "service_effect"}
    found = change_of(unknown, {**unknown, "value": 1.09, "se_log": 0.03})
    assert (found["low"], found["high"], found["se"]) == pytest.approx((0.941190, 1.144978, 0.05), abs=1e-6)
    assert found["correlation"] is found["shared_months"] is None
    by_delta = change_of(EFFECT, {**EFFECT, "value": 1.09, "se_log": None, "se": 0.03 * 1.09})
    assert by_delta["se_most"] == pytest.approx(0.05), "se / value where the logarithm has none"
    assert change_of(EFFECT, {**EFFECT, "value": 1.20, "se_log": 0.03})["distinguishable"] is True
    each = {**unknown, "scale": "difference", "unit": "EUR per customer", "value": 3.0, "se": 1.0, "se_log": None}
    found = change_of(each, {**each, "value": 8.0, "se": 1.5})
    assert (found["change"], found["low"], found["high"]) == pytest.approx((5.0, 5 - 4.89991, 5 + 4.89991), abs=1e-4)
    assert found["distinguishable"] is True


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        ({"value": None}, "claimed only by the earlier report"),
        ({"se_log": None, "se": None}, "no standard error on both sides"),
        ({"level": None}, "no standard error on both sides"),
        ({"level": 1.0}, "no standard error on both sides"),
        ({"unit": "EUR"}, "the unit is another"),
        ({"value": -1.0}, "a ratio is not above zero"),
        ({"se_log": 1e9}, "no number that can be compared"),
    ],
)
def test_what_cannot_be_compared_says_why(later, reason):
    found = change_of(EFFECT, {**EFFECT, **later})
    assert (found["distinguishable"], found["reason"]) == (None, reason)


@pytest.mark.parametrize("correlation", [-1.0, -0.5, 0.0, 0.5, 0.9, 1.0])
def test_noise_is_not_taken_for_news(correlation):
    """20,000 pairs of studies without any change, of every correlation: told apart in at most 5 % (+ 3 errors)."""
    rng = np.random.default_rng(7)
    a, b, n = 0.03, 0.05, 20_000
    first = rng.standard_normal(n)
    second = correlation * first + math.sqrt(1 - correlation**2) * rng.standard_normal(n)
    old, new = 0.04 + a * first, 0.04 + b * second
    spread = float(np.std(new - old))
    blank = {**EFFECT, "estimand": "service_effect", "scale": "difference", "unit": "x", "level": 0.95}
    rows = [{**blank, "value": one, "se": a} for one in old[:4000]]
    told = sum(
        bool(change_of(row, {**row, "value": value, "se": b})["distinguishable"])
        for row, value in zip(rows, new[:4000].tolist(), strict=True)
    )
    found = change_of(rows[0], {**rows[0], "se": b})
    assert found["se_least"] * 0.97 <= spread <= found["se_most"] * 1.03, "the bounds hold for every correlation"
    assert told / 4000 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 4000)
    if correlation == -1.0:
        assert told / 4000 >= 0.05 - 3 * math.sqrt(0.05 * 0.95 / 4000), "and are reached"


def test_a_change_turns_round_with_the_reports():
    found, back = (
        change_of(*pair)
        for pair in ((EFFECT, {**EFFECT, "value": 1.3}), ({**EFFECT, "value": 1.3}, EFFECT))
    )  # fmt: skip
    assert found["low"] <= found["change"] <= found["high"]
    assert (back["change"], back["low"], back["high"]) == pytest.approx(
        (1 / found["change"], 1 / found["high"], 1 / found["low"])
    )
    assert found["distinguishable"] == back["distinguishable"]


def test_effects_meet_though_their_months_moved_on():
    later = [{**EFFECT, "index_from": "2025-10", "index_to": "2026-06", "value": 1.06, "grade": "C"}]
    found = effects_compared([EFFECT, {**EFFECT, "segment": {"region": "north"}}], later)
    assert (found["both"], found["moved"], found["only_earlier"]["count"]) == (1, 1, 1)
    row = found["rows"][0]
    assert (row["before"]["index_from"], row["after"]["index_from"]) == ("2025-07", "2025-10")
    assert (row["before"]["grade"], row["after"]["grade"]) == ("B", "C")
    interim = {**EFFECT, "maturity": "interim"}
    assert effects_compared([interim], [EFFECT])["rows"][0]["before"]["maturity"] == "interim"
    both = effects_compared([interim, EFFECT], [{**EFFECT, "value": 1.07}])
    assert both["only_earlier"]["count"] == 1
    assert both["rows"][0]["before"]["maturity"] == "mature", "the nearest name wins"


def test_rows_of_one_name_are_paired_once():
    rows = [{"id": "a", "v": value} for value in (1, 2, 3)]
    found = paired(rows, [{"id": "a", "v": 3}, {"id": "a", "v": 9}], [("id",)])
    assert [(one["v"], other["v"]) for one, other in found.both] == [(3, 3), (1, 9)]
    assert [row["v"] for row in found.only_earlier] == [2]
    assert rows_of_one([1, 1, 2], [1, 2.0, 3]) == (1, 1)
    assert leaves_changed({"a": 1, "b": True}, {"a": 1.0, "b": 1}) == [("b", True, 1)]
    assert dict(leaves([{"line": "x", "v": 1}, {"line": "y", "v": 2}]))["[y].v"] == 2


def test_every_cause_is_named(results):
    later = copy.deepcopy(results)
    later["provenance"] = {
        "inputs": {"orders": "sha256:new", "costs": "sha256:c"}, "params": "q", "code": "d",
        "packages": {"pandas": "4"},
    }  # fmt: skip
    earlier = {
        **results,
        "provenance": {
            "inputs": {"orders": "sha256:o", "issues": "sha256:i"}, "params": "p", "code": "c",
            "packages": {"pandas": "3"},
        },
    }  # fmt: skip
    later["known_at"], later["rows"]["orders"]["kept"] = "2026-10-06T00:00:00Z", 12
    later["period"] = {"start": "2026-10-01", "end": "2027-01-01", "timezone": "Europe/London"}
    later["metrics"][0]["version"] = 7
    why = causes(earlier, later, ({"seed": 1, "period": {"span": "a"}}, {"seed": 1, "period": {"span": "b"}}))
    assert why["inputs"] == {"changed": ["orders"], "only_earlier": ["issues"], "only_later": ["costs"], "same": 0}
    assert why["period"]["common"] is None
    assert why["parameter_changes"] == [{"key": "period.span", "before": "a", "after": "b"}]
    assert why["packages"] == {"pandas": {"before": "3", "after": "4"}}
    assert why["definitions"] == {later["metrics"][0]["id"]: {"before": 1, "after": 7}}
    assert not same_inputs(why)
    text = str(difference(earlier, later))
    for words in (
        "tables: orders changed; costs only in the later; issues only in the earlier; 0 the same",
        "rows of orders: 119,900 -> 12",
        "known at: 2026-07-06T00:00:00Z -> 2026-10-06T00:00:00Z", "no month is in both",
        "parameters: changed", "program: changed", "packages: pandas 3 -> 4", "version 1 -> 7",
    ):  # fmt: skip
        assert words in text


def test_each_figure_names_the_causes_that_concern_it(results):
    """Orders and posts are other files, and one parameter of the counting and one of the comparisons is another."""
    made = {"inputs": {"orders": "sha256:1", "posts": "sha256:1", "mentions": "sha256:1"}, "params": "p", "code": "c"}
    now = {**made, "inputs": {**made["inputs"], "orders": "sha256:2", "posts": "sha256:2"}, "params": "q"}
    params = {"metrics": {"sla_seconds": 60}, "index": {"after_months": 6}, "study": "a"}
    others = {"metrics": {"sla_seconds": 90}, "index": {"after_months": 3}, "study": "b"}
    why = causes({"provenance": made}, {"provenance": now}, (params, others))
    assert parameters_moved(why)
    value = can_have_moved(why, {"metric": "average_order_value"})
    assert (value["tables"], value["parameters"], value["code"]) == (["orders"], ["metrics.sla_seconds"], False)
    assert can_have_moved(why, {"metric": "response_rate"})["tables"] == []
    assert can_have_moved(why, {"metric": "one of my own"})["tables"] == ["orders", "posts"], "any, where none is known"
    effect = can_have_moved(why, {"design": "before_after"}, effect=True)
    assert (effect["tables"], effect["parameters"]) == (["orders"], ["index.after_months"])
    assert "metrics.sla_seconds" in can_have_moved(why, {"design": "change_log"}, effect=True)["parameters"]
    unknown = causes({"provenance": made}, {"provenance": now})
    assert can_have_moved(unknown, {"metric": "nps"})["parameters"] is None
    renamed = causes({"provenance": made}, {"provenance": {**made, "params": "q"}}, (params, {**params, "study": "b"}))
    assert not parameters_moved(renamed), "the name of the next report moves nothing"
    text = str(difference({**results, "provenance": made}, {**results, "provenance": now}, params=(params, others)))
    assert "metrics.sla_seconds: 60 -> 90" in text


def test_the_terminal_shows_nothing_that_acts(made, results):
    hostile = "\x1b[31mred\x07\u202e<script>\r\n" + "x" * 400
    later = copy.deepcopy(results)
    later["study"], later["metrics"][0]["id"] = hostile, hostile
    later["metrics"][1] |= {"segment": {hostile: hostile}, "value": 1}
    later["effects"][0] |= {"value": 1.0, "outcome": hostile}
    later["coverage"][hostile] = 1
    later["provenance"]["inputs"][hostile] = "sha256:x"
    text = str(difference(results, later))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert max(map(len, text.splitlines())) < 2500
    assert text == str(difference(results, later)), "the same each time"


def with_previous(results, later):
    return {**later, "previous": difference(results, later).for_results()}


def moved(results):
    """The next quarter: closed figures restated and adjusted, an effect that moved by noise and one by more."""
    later = copy.deepcopy(results)
    later["study"] = "2026q3"
    closed = [row for row in later["metrics"] if row["state"] == "locked" and not row["segment"] and row["value"]]
    closed[0] |= {"state": "restated", "value": closed[0]["value"] + 10}
    closed[1] |= {"state": "adjusted", "value": closed[1]["value"] + 20}
    whole = [row for row in later["effects"] if not row["segment"] and row["value"] and row["scale"] == "ratio"]
    whole[0]["value"] += 0.001
    whole[1] |= {"value": whole[1]["value"] * 2, "low": whole[1]["low"] * 2, "high": whole[1]["high"] * 2}
    later["roi"]["npv"]["p50"] += 1e6
    later["metrics"].append({**FIGURE, "period": "2026-12"})
    later["provenance"]["inputs"] = {"orders": "sha256:other"}
    return with_previous(results, later)


def test_the_summary_says_what_changed_in_plain_words(results):
    found = summary(moved(results))
    text = " ".join(found.since).replace("\xa0", " ")
    assert found.since_title == "Since the last report (2026q2)"
    assert next(iter(found.sections())) == (found.since_title, found.since)
    for words in (
        "Restated, because an error was corrected: Mentions, ",
        "Changed by news that came after the month was closed: ",
        "more than chance",
        "The answer, the effect on how often they bought, was ",
        "the two cannot be told apart, and what moved is no more than chance can do.",
        "Net present value: ",
        "New: the figures of December 2026.",
        "newer tables (orders)",
    ):
        assert words in text, words
    assert not forbidden_words(text)
    assert "Since the last report (2026q2)" in found._repr_html_()


def test_without_a_last_report_there_is_nothing(results):
    found = summary({**results, "previous": None})
    assert found.since == ()
    assert "Since the last report" not in str(found) + found._repr_html_()
    assert tables.since_last_report({**results, "previous": None}) is None


def test_the_same_report_again_says_so(results):
    found = summary(with_previous(results, results))
    assert found.since == (
        "No closed figure that both reports hold has changed.",
        "Both reports are made from the same tables, by the same parameters and program.",
    )
    table = tables.since_last_report(with_previous(results, results))
    assert table.notes == ("No effect, no figure in money and no closed figure that both reports hold is another.",)


def test_where_no_month_was_closed_that_is_said(results):
    results = copy.deepcopy(results)
    for row in results["metrics"]:
        row["state"] = "provisional"
    found = with_previous(results, results)
    said = "No month that both reports count had been closed in the last one."
    assert summary(found).since[0] == said
    assert said in tables.since_last_report(found).notes[0]


def test_of_the_same_tables_chance_is_not_blamed(results):
    later = moved(results)
    later["provenance"] = {**copy.deepcopy(results["provenance"]), "params": "other"}
    found = with_previous(results, later)
    text = " ".join(summary(found).since)
    assert "chance can do" not in text
    assert "more than chance" not in text
    assert "parameters or program" in text
    assert "chance has no part in them" in str(difference(results, later))


def test_reports_without_a_common_month_say_so(results):
    later = copy.deepcopy(results)
    for row in later["metrics"]:
        row["period"] = f"3{row['period'][1:]}"
    text = " ".join(summary(with_previous(results, later)).since)
    assert "count no month in common" in text
    assert "stands under “What is closed”" in text


def test_the_table_shows_both_sides_and_stays_plain(made, results):
    later = moved(results)
    later["previous"]["study"] = made.HOSTILE
    later["previous"]["effects"]["rows"][0]["outcome"] = made.HOSTILE
    table = tables.since_last_report(later)
    assert list(table.cells.columns) == ["Figure", "Last report", "This report", "The change", "Can come of"]
    changes = list(table.cells["The change"])
    assert {"more than chance", "cannot be told apart", "restated: an error was corrected"} <= set(changes)
    assert not re.search(r"<(script|style|link|iframe|img|a)[ >]|<[^>]*(style=| id=| on\w+=)", table.html)
    assert sanitised(table.html) == table.html
    assert not forbidden_words(re.sub(r"<[^>]*>", " ", table.html))
    html = summary(later)._repr_html_()
    assert "<script" not in html
    assert "\u202e" not in html


def test_only_an_outcome_of_which_the_other_report_held_nothing_is_new():
    from analysis.reporting.difference.effects import effects_compared

    same = {"design": "before_after", "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
            "outcome": "orders", "scale": "ratio", "segment": {}, "value": 1.1, "grade": "B",
            "maturity": "mature"}  # fmt: skip
    interim = {**same, "maturity": "interim", "index_from": "2026-04"}
    other_scale = {**same, "scale": "difference", "value": 0.2}
    new = {**same, "outcome": "margin"}
    found = effects_compared([same], [same, interim, other_scale, new])
    assert found["only_later"]["count"] == 3
    assert [one["outcome"] for one in found["only_later"]["new_outcomes"]] == ["margin"]
    assert found["only_earlier"]["new_outcomes"] == []
    gone = effects_compared([same, new], [same])
    assert [one["outcome"] for one in gone["only_earlier"]["new_outcomes"]] == ["margin"]
