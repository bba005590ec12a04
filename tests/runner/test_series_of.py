"""Figures by month for the change log: what is closed, what is only counted, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, UnknownName
from analysis.runner.closing import close_study
from analysis.runner.opening import open_study, prepare_study
from analysis.runner.series_of import changes_of, from_elsewhere, series_of, targeted
from analysis.studies.change_log.study import change_log

PARAMS = "params/care.yaml"


def mentions(month: str, count: int, first_day: int = 1) -> list[str]:
    days = [first_day + number % (28 - first_day) for number in range(count)]
    return [
        f"{month}-{number},{month}-{day:02d}T10:00:00Z,x,{month}-{day:02d}T11:00:00Z,{'tv' if number % 2 else 'mobile'}"
        for number, day in enumerate(days)
    ]


@pytest.fixture
def care(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Mentions from the middle of May to August 2026, July closed; a change log; series from elsewhere."""
    (tmp_path / "params").mkdir()
    (tmp_path / "data").mkdir()
    rows = [
        *mentions("2026-05", 20, 12), *mentions("2026-06", 60), *mentions("2026-07", 70), *mentions("2026-08", 80),
        "end,2026-08-31T10:00:00Z,x,2026-08-31T11:00:00Z,tv",
    ]  # fmt: skip
    (tmp_path / "data" / "mentions.csv").write_text(
        "mention_id,posted_at,platform,known_at,product\n" + "\n".join(rows) + "\n"
    )
    (tmp_path / "data" / "changes.csv").write_text(
        "change_id,effective_from,kind,scope,description,recorded_at,known_at\n"
        'B,2026-08-01T00:00:00Z,tool,,"=1+1 <b>new</b>",2026-08-02T00:00:00Z,2026-08-02T00:00:00Z\n'
        "A,2026-07-01T00:00:00Z,staffing,social,More people,,2026-07-02T00:00:00Z\n"
    )
    series = ["series_id,period_start,period_end,value,unit,known_at"]
    known = "2026-08-31T00:00:00Z"
    series += [
        f"market,2026-0{month}-01,2026-0{month}-{days},{100 + month},index,{known}"
        for month, days in ((6, 30), (8, 31))
    ]
    series += [f"visits,2026-06-{day:02d},2026-06-{day:02d},{day},visits,{known}" for day in range(1, 31)]
    series += [f"visits,2026-07-{day:02d},2026-07-{day:02d},{day},visits,{known}" for day in range(1, 20)]
    series += [f"quarterly,2026-04-01,2026-06-30,7,index,{known}"]
    (tmp_path / "data" / "series.csv").write_text("\n".join(series) + "\n")
    study(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def study(home: Path, *more: str) -> None:
    text = "study: care-2026q3\ndata: {folder: data}\nas_of: 2026-09-10\n" + "\n".join(more) + "\n"
    (home / PARAMS).write_text(text + "period: [2026-07-01, 2026-09-01]\n")


def closed(month: str) -> None:
    with prepare_study(PARAMS) as one:
        close_study(one, Month.of(month))


def test_closed_months_are_locked_others_counted_and_a_month_told_in_part_is_none(care: Path) -> None:
    """May begins on the 12th; June lies before the report and is counted; July is closed; August is not."""
    closed("2026-07")
    with open_study(PARAMS) as one:
        found = series_of(one, ["mentions"])["mentions"]
    assert [str(month) for month in found.months] == ["2026-06", "2026-07", "2026-08"]
    assert found.values == (60, 70, 81)
    assert found.states[1:] == ("locked", "provisional")
    assert (found.unit, found.label) == ("mentions", "Mentions")


def test_a_closed_month_shows_what_was_closed_and_not_what_is_counted_now(care: Path) -> None:
    closed("2026-07")
    table = care / "data" / "mentions.csv"
    table.write_text(table.read_text() + "late,2026-07-30T10:00:00Z,x,2026-09-08T09:00:00Z,tv\n")
    with open_study(PARAMS) as one:
        found = series_of(one, ["mentions"])["mentions"]
    assert found.values == (60, 70, 81)


def test_a_month_that_is_not_over_is_not_read(care: Path) -> None:
    (care / PARAMS).write_text((care / PARAMS).read_text().replace("2026-09-10", "2026-09-03"))
    with open_study(PARAMS) as one:  # five days of grace have not passed
        assert [str(month) for month in series_of(one, ["mentions"])["mentions"].months] == ["2026-06", "2026-07"]
    (care / PARAMS).write_text((care / PARAMS).read_text().replace("2026-09-03", "2026-07-20"))
    with open_study(PARAMS) as one, pytest.raises(DesignError, match="No month of this study is over yet"):
        series_of(one, ["mentions"])


def test_segments_come_with_their_metric_or_one_by_one(care: Path) -> None:
    with open_study(PARAMS) as one:
        every = series_of(one, ["mentions_by_product"])
        only = series_of(one, ["mentions_by_product[product=tv]"])
    assert set(every) == {"mentions_by_product[product=mobile]", "mentions_by_product[product=tv]"}
    assert list(only) == ["mentions_by_product[product=tv]"]
    assert dict(only["mentions_by_product[product=tv]"].segment) == {"product": "tv"}


def test_a_control_is_another_figure_or_a_series_from_elsewhere(care: Path) -> None:
    with open_study(PARAMS) as one:
        found = series_of(one, ["mentions"], ["market", "mentions_by_product[product=tv]"])
        assert set(found) == {"mentions", "market", "mentions_by_product[product=tv]"}
        assert found["market"].values == (106, None, 108)
        visits = from_elsewhere(one.tables, "visits")
        with pytest.raises(DesignError, match="tells no month in full"):
            from_elsewhere(one.tables, "quarterly")
        for name in ("marke", "mentons"):
            with pytest.raises(UnknownName, match="Did you mean"):
                series_of(one, ["mentions"], [name])
    assert [str(month) for month in visits.months] == ["2026-06"]  # of July 19 days are told
    assert visits.values == (15.5,)


def test_a_figure_that_cannot_be_counted_is_not_among_them(care: Path) -> None:
    with open_study(PARAMS) as one:
        assert set(series_of(one, ["mentions", "nps"])) == {"mentions"}


def test_the_change_log_is_read_as_it_was_written(care: Path) -> None:
    with open_study(PARAMS) as one:
        rows = changes_of(one)
        found = change_log(series_of(one, ["mentions"]), rows)
    assert [row["change_id"] for row in rows] == ["A", "B"]
    assert rows[1]["description"] == "=1+1 <b>new</b>"
    assert {effect.grade for effect in found.effects} == {"D"}  # three months carry no line
    assert found.entries["description"].tolist() == ["More people", "=1+1 <b>new</b>"]


def test_without_a_change_log_there_are_no_rows(care: Path) -> None:
    (care / "data" / "changes.csv").unlink()
    with open_study(PARAMS) as one:
        assert changes_of(one) == []
        with pytest.raises(DesignError, match="There is no change log"):
            change_log(series_of(one, ["mentions"]), changes_of(one))


def test_figures_with_a_target_are_taken_where_none_are_named(care: Path) -> None:
    study(care, "metrics: {targets: {mentions: 50}}")
    with open_study(PARAMS) as one:
        assert targeted(one) == ("mentions",)
        assert list(series_of(one)) == ["mentions"]
    study(care)
    with open_study(PARAMS) as one:
        assert "response_rate" in targeted(one)
