"""Ratios of two results, split: which months stand against which, from where the parts come, and how it is said."""

from __future__ import annotations

import copy

import pytest

from analysis.reporting import tables
from analysis.reporting.difference import difference
from analysis.reporting.difference.ratios import ratios_compared
from analysis.reporting.naming import forbidden_words
from analysis.reporting.sanitise import sanitised
from analysis.reporting.tables.difference import since_in_words
from analysis.reporting.wording import words


def results(months, *, metric="response_rate", unit="share", version=1, by="platform", rows=(), **more):
    """Results that hold one ratio in parts: by month, part and both numbers."""
    wholes = [
        {"id": metric, "version": version, "basis": "post", "period": month, "segment": {}, "unit": unit,
         "state": "locked", "value": 0.5, "numerator": sum(above for above, _ in parts.values()),
         "denominator": sum(below for _, below in parts.values())}
        for month, parts in months.items()
    ]  # fmt: skip
    return {
        "study": "care", "metrics": [*wholes, *rows], "effects": [], "roi": None,
        "coverage": {"made_of": {metric: {"post": {by: months}}}}, **more,
    }  # fmt: skip


TURNED = (
    {"2026-07": {"x": [36, 40], "web": [2, 10]}, "2026-08": {"x": [36, 40], "web": [2, 10]}},
    {"2026-09": {"x": [10, 10], "web": [9, 30]}, "2026-10": {"x": [9, 10], "web": [15, 50]}},
)


def test_later_months_stand_against_as_many_before_them():
    """July and August, 76 of 100, against September and October, 43 of 100: the case of `mix`, in two months each."""
    (row,) = ratios_compared(results(TURNED[0]), results({**TURNED[0], **TURNED[1]}))["rows"]
    assert row["before"] == {"months": ["2026-07", "2026-08"], "value": 0.76, "numerator": 76.0, "denominator": 100.0}
    assert row["after"]["months"] == ["2026-09", "2026-10"]
    assert (row["change"], row["rate"], row["mix"]) == (-0.33, 0.075, -0.405)
    assert row["reversed"] is True
    assert row["held_otherwise"] is False
    assert [part["part"] for part in row["parts"]] == ["web", "x"]


def test_the_same_months_are_compared_where_there_are_no_later_ones():
    later = copy.deepcopy(results(TURNED[0]))
    later["coverage"]["made_of"]["response_rate"]["post"]["platform"]["2026-08"]["web"] = [4, 10]
    later["metrics"][1]["numerator"] = 40
    (row,) = ratios_compared(results(TURNED[0]), later)["rows"]
    assert row["before"]["months"] == row["after"]["months"] == ["2026-07", "2026-08"]
    assert (row["change"], row["mix"]) == (0.02, 0.0)
    assert ratios_compared(later, later)["rows"] == [], "what did not move is not listed"


def test_a_closed_figure_that_counts_otherwise_is_marked():
    later = results(TURNED[1])
    later["metrics"][0]["numerator"] += 1
    assert ratios_compared(results(TURNED[0]), later)["rows"][0]["held_otherwise"] is True


def test_figures_the_catalogue_parts_itself_are_read_from_the_rows():
    def costs(month, social, phone):
        def row(metric, channel, above, below):
            return {"id": metric, "version": 1, "basis": "action", "period": month, "unit": "money", "state": "locked",
                    "segment": {"channel": channel} if channel else {}, "value": above / below, "numerator": above,
                    "denominator": below}  # fmt: skip

        whole = (social[0] + phone[0], social[1] + phone[1])
        parts = [row("cost_per_contact_by_channel", *one) for one in (("social", *social), ("phone", *phone))]
        return {"metrics": [row("cost_per_contact", None, *whole), *parts]}

    before, after = costs("2026-08", (30.5, 10), (120.0, 10)), costs("2026-09", (61.0, 20), (60.0, 5))
    (row,) = ratios_compared(before, after)["rows"]
    assert (row["metric"], row["by"], row["unit"]) == ("cost_per_contact", "channel", "money")
    assert row["rate"] == 0.0
    assert row["mix"] == pytest.approx(row["change"]) == pytest.approx(121 / 25 - 150.5 / 20)
    one_whole = copy.deepcopy(before)
    one_whole["metrics"][1]["denominator"] = one_whole["metrics"][2]["denominator"] = 20
    assert ratios_compared(one_whole, after)["held"]["before"] is False, "shares of one whole have no mix"


def test_what_cannot_be_split_is_named():
    found = ratios_compared(results(TURNED[0]), results(TURNED[1], version=2))
    assert found["rows"] == []
    assert found["left_out"][0]["reason"] == "it is counted by another definition"
    empty = ratios_compared(results(TURNED[0]), results({"2026-09": {"x": [1, 2], "web": [3, 0]}}))
    assert "something above the line and nothing below" in empty["left_out"][0]["reason"]
    earlier = ratios_compared(results({"2026-09": {"x": [1, 2]}}), results({"2026-03": {"x": [1, 2]}}))
    assert "no later month" in earlier["left_out"][0]["reason"]


@pytest.mark.parametrize("broken", [None, 3, [], {"response_rate": 3}, {"a": {"b": {"c": {"2026-07": {"x": [1]}}}}},
                                    {"a": {"b": {"c": {"2026-07": {"x": ["1", 2]}}}}}])  # fmt: skip
def test_parts_that_anybody_wrote_are_read_or_left_out(broken):
    other = {**results(TURNED[0]), "coverage": {"made_of": broken}}
    found = ratios_compared(other, results(TURNED[1]))
    assert found == {"rows": [], "left_out": [], "held": {"before": False, "after": True}}


def later(**more):
    earlier = results(TURNED[0], provenance={})
    now = results({**TURNED[0], **TURNED[1]}, provenance={}, **more)
    return {**now, "previous": difference(earlier, now).for_results()}


def test_a_reversal_is_said_in_words():
    now = later()
    said = list(since_in_words(now, words("en_GB")))
    assert (
        "Response rate: every platform rose or stayed, and all together fell, from 76.0\xa0% to 43.0\xa0%. The mix of "
        "platforms changed: more came from where the figure is lower."
    ) in said
    assert not forbidden_words(" ".join(said))


def test_the_table_shows_each_column_by_itself():
    now = later()
    table = tables.mix_and_rate(now)
    (row,) = table.cells.to_dict("records")
    assert row["Split by"] == "Platform"
    assert [row[name].replace("\N{MINUS SIGN}", "-") for name in ("Change", "The parts themselves", "Their mix")] == [
        "-33.0 points", "+7.5 points", "-40.5 points",
    ]  # fmt: skip
    assert "never added" in table.notes[0]
    assert "July 2026 to August 2026" in table.notes[0]
    assert not forbidden_words(str(table))
    assert sanitised(table.html) == table.html


def test_a_report_without_parts_says_so():
    now = later()
    now["previous"]["ratios"] = ratios_compared({}, now)
    assert "The last report does not say what its ratios are made of" in tables.mix_and_rate(now).notes[0]
    now["previous"]["ratios"] = ratios_compared(now, {})
    assert "This report holds no ratio in parts" in tables.mix_and_rate(now).notes[0]
    now["previous"]["ratios"] = ratios_compared(now, now)
    assert "has moved" in tables.mix_and_rate(now).notes[0]
    assert tables.mix_and_rate({**now, "previous": None}) is None


def test_the_terminal_says_both_terms(capsys):
    text = str(difference(results(TURNED[0]), results({**TURNED[0], **TURNED[1]})))
    assert (
        "response_rate by platform (post), 2026-07 to 2026-08 -> 2026-09 to 2026-10: 0.76 -> 0.43 (-0.33) = "
        "rate +0.075 mix -0.405; every part moved one way, the whole the other: the mix did it"
    ) in text
    silent = str(difference({"study": "a"}, {"study": "b"}))
    assert "Rate and mix: neither tells what its ratios are made of" in silent
