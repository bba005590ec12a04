"""The line of reports: kept by each report for the next one, at most eight, never counted anew."""

from __future__ import annotations

import copy

import pytest

from analysis.reporting import charts, tables
from analysis.reporting.charts.figure import NothingToDraw
from analysis.reporting.difference import difference
from analysis.reporting.difference.line import MOST_REPORTS, effects_in, entry_of, figures_in, line_before, line_of
from analysis.reporting.naming import forbidden_words
from analysis.reporting.sanitise import sanitised

FIGURE = {"id": "response_rate", "version": 1, "basis": "post", "segment": {}, "unit": "share", "state": "locked",
          "numerator": 7, "denominator": 10}  # fmt: skip
EFFECT = {
    "design": "before_after", "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
    "outcome": "orders", "segment": {}, "scale": "ratio", "value": 1.05, "low": 1.01, "high": 1.09, "level": 0.95,
    "se": 0.02, "se_log": 0.02, "unit": "ratio", "n_treated": 100, "n_comparison": 300, "index_from": "2023-01",
    "index_to": "2023-06", "maturity": "mature", "grade": "B", "checks": [], "claim": "x",
}  # fmt: skip


def report(number: int, **more):
    """The report of a quarter from 2024 on."""
    year, quarter = 2024 + number // 4, number % 4
    end = f"{year}-{3 * quarter + 4:02d}-01" if quarter < 3 else f"{year + 1}-01-01"
    months = [f"{year}-{3 * quarter + month:02d}" for month in (1, 2, 3)]
    rows = [{**FIGURE, "period": month, "value": 0.70 + number / 100} for month in (*months, f"{year}q{quarter + 1}")]
    return {
        "study": f"care-{year}q{quarter + 1}", "known_at": f"{end}T00:00:00Z", "metrics": rows, "roi": None,
        "period": {"start": f"{year}-{3 * quarter + 1:02d}-01", "end": end, "timezone": "UTC"},
        "effects": [{**EFFECT, "value": 1.05 + number / 1000}], **more,
    }  # fmt: skip


def chained(*reports):
    """Each report follows the one before it, as a run makes it."""
    before = None
    for one in reports:
        later = copy.deepcopy(one)
        later["previous"] = None if before is None else difference(before, one, hashes=("sha256:x", None)).for_results()
        before = later
    return before


@pytest.fixture(scope="module")
def twelve():
    return chained(*map(report, range(12)))


def test_a_line_holds_the_last_eight_reports_oldest_first(twelve):
    line = line_of(twelve)
    assert len(line) == MOST_REPORTS == 8
    assert [one["study"] for one in line] == [report(number)["study"] for number in range(4, 12)]
    assert [row["value"] for row in effects_in(line)] == pytest.approx(
        [1.05 + number / 1000 for number in range(4, 12)]
    )
    rates = figures_in(line)["response_rate"]
    assert [row["period"] for row in rates] == [one["study"].removeprefix("care-") for one in line], "whole quarters"
    assert line[0]["results"] == "sha256:x"


def test_a_report_is_in_the_line_once_and_in_its_place():
    first = report(0)
    again = chained(first, report(1), {**report(1), "known_at": "2024-08-01T00:00:00Z"})
    assert [one["study"] for one in line_of(again)] == ["care-2024q1", "care-2024q2", "care-2024q2"]
    assert len(line_before(again)) == 2, "the same report anew stands in the place of the first"


def test_where_reports_overlap_the_last_months_stand_beside_each_other():
    def rolling(number):
        found = report(number)
        return {**found, "period": {**found["period"], "start": "2023-01-01"}}

    line = line_of(chained(rolling(0), rolling(1)))
    assert [row["period"] for row in figures_in(line)["response_rate"]] == ["2024-03", "2024-06"]
    assert "days in common" in tables.quarters(chained(rolling(0), rolling(1))).notes[0]


def test_another_question_is_no_point_of_the_line():
    other = report(0, effects=[{**EFFECT, "outcome": "issues", "estimand": "service_effect"}])
    line = line_of(chained(other, report(1)))
    assert effects_in(line)[0] is None
    assert "another question" in " ".join(tables.quarters(chained(other, report(1))).notes)


def test_another_definition_breaks_the_line():
    newer = report(2)
    for row in newer["metrics"]:
        row["version"] = 2
    results = chained(report(0), report(1), newer)
    table = tables.quarters(results)
    assert [cell.endswith("*") for cell in table.cells["Response rate"]] == [False, False, True]
    assert "another definition" in " ".join(table.notes)
    figure = charts.quarters(results)
    lines = [one.get_gid() for axes in figure.axes for one in axes.lines]
    assert lines.count("figure") == 2
    assert lines.count("break") == 1


def test_the_table_says_what_each_report_said(twelve):
    table = tables.quarters(twelve)
    first = table.cells.iloc[0]
    assert first["Report"] == "care-2025q1"
    assert first["To"] == "March 2025"
    assert first["Effect on how often they bought"].replace("\xa0", " ").startswith("+5 % (")
    assert first["Effect on how often they bought"].endswith("grade B")
    assert table.frame["effect_value"].iloc[0] == pytest.approx(1.054)
    assert not forbidden_words(str(table))
    assert sanitised(table.html) == table.html


@pytest.mark.parametrize("width", [350, 720])
def test_the_chart_draws_every_report_and_says_whether_the_last_moved(twelve, width):
    figure = charts.quarters(twelve).at(width)
    assert figure.story.title == "Effect on orders: not distinguishable from the last report"
    drawn = [one for axes in figure.axes for one in axes.lines if one.get_gid() == "estimate"]
    assert [float(one.get_ydata()[0]) for one in drawn] == pytest.approx(
        [0.05 + number / 1000 for number in range(4, 12)]
    )
    assert sum(one.get_gid() == "value" for axes in figure.axes for one in axes.lines) == 8
    assert "March 2025: +5" in figure.alt.replace("\xa0", " ")
    assert list(figure.data["to"])[-1] == "2027-01-01"
    assert len(figure.png()) > 10_000


def test_a_rise_a_fall_and_no_effect_are_titled_as_plainly():
    def titled(value):
        later = report(1, effects=[{**EFFECT, "value": value, "low": value - 0.04, "high": value + 0.04}])
        return charts.quarters(chained(report(0), later)).story.title

    assert titled(1.5) == "The effect on orders rose since the last report"
    assert titled(0.7) == "The effect on orders fell since the last report"
    assert titled(1.05) == "The effect on orders stands as in the last report"
    assert charts.quarters(chained(report(0, effects=[]), report(1, effects=[]))).story.title.startswith(
        "Response rate: 71"
    )


def test_without_a_last_report_there_is_no_line():
    assert line_of({**report(0), "previous": None}) == []
    assert tables.quarters({**report(0), "previous": None}) is None
    with pytest.raises(NothingToDraw, match="follows none"):
        charts.quarters({**report(0), "previous": None})
    nothing = chained(report(0, effects=[], metrics=[]), report(1, effects=[], metrics=[]))
    with pytest.raises(NothingToDraw, match="share no effect"):
        charts.quarters(nothing)


@pytest.mark.parametrize(
    "broken",
    [None, 3, {}, [3], [{"study": 3}], [{**entry_of(report(0)), "figures": [{"id": "x"}]}],
     [{**entry_of(report(0)), "effect": {"value": "1"}}], [{**entry_of(report(0)), "period": {"start": 3}}]],
)  # fmt: skip
def test_a_line_that_anybody_wrote_is_read_or_left_out(broken):
    earlier = {**report(1), "previous": {"line": broken}}
    assert [one["study"] for one in line_before(earlier)] == ["care-2024q2"]
    later = chained(report(0), report(1))
    later["previous"]["line"] = broken
    assert tables.quarters(later) is None
