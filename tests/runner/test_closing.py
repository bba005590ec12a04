"""Closing months from the command's side: what is written, what is refused, and what a report then shows."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from analysis import cli
from analysis.foundation.calendar import Month
from analysis.foundation.errors import (
    ClosedMeanwhile,
    DesignError,
    InputError,
    LockedPeriod,
    ParamsError,
    TooSoon,
    UnknownName,
)
from analysis.ledger.store import Ledger
from analysis.runner.closing import Closed, close_study, month_named, reason_given
from analysis.runner.compute import compute_study
from analysis.runner.family import family_of
from analysis.runner.figures import figures_asked
from analysis.runner.opening import open_study, prepare_study
from analysis.runner.verifying import verified

PARAMS = "params/care.yaml"
HEAD = "mention_id,posted_at,platform,known_at\n"
JULY = [f"m{n},2026-07-{n + 1:02d}T10:00:00Z,x,2026-07-{n + 1:02d}T11:00:00Z" for n in range(20)]
AUGUST = [f"n{n},2026-08-{n + 1:02d}T10:00:00Z,x,2026-08-{n + 1:02d}T11:00:00Z" for n in range(10)]
LATE = ["late,2026-07-30T10:00:00Z,x,2026-08-20T09:00:00Z"]


@pytest.fixture
def care(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of two months of mentions, of which one became known late."""
    (tmp_path / "params").mkdir()
    (tmp_path / "data").mkdir()
    tables(tmp_path, *JULY, *LATE, *AUGUST)
    study(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tables(home: Path, *rows: str) -> None:
    (home / "data" / "mentions.csv").write_text(HEAD + "\n".join(rows) + "\n")


def study(home: Path, *more: str) -> None:
    text = "study: care-2026q3\ndata: {folder: data}\nperiod: [2026-07-01, 2026-09-01]\n" + "\n".join(more) + "\n"
    (home / PARAMS).write_text(text)


def closed(month: str, as_of: str | None = None, **more: Any) -> Closed:
    home = Path.cwd()
    study(home, *([f"as_of: {as_of}"] if as_of else []))
    with prepare_study(PARAMS) as one:
        one.check()
        return close_study(one, Month.of(month), **more)


def test_the_family_is_the_study_without_its_period(care: Path) -> None:
    assert family_of("care-2026q3") == "care"
    made = closed("2026-07", "2026-08-06")
    assert made.ledger.folder == care / "reports" / "ledger" / "care"
    assert made.ledger.family == "care"


def test_late_news_is_an_entry_of_its_own_and_the_closed_figure_stays_readable(care: Path) -> None:
    """20 mentions were known of July on 6 August; one more came on the 20th."""
    closed("2026-07", "2026-08-06")
    later = closed("2026-08", "2026-09-06")
    (change,) = [one for one in later.closing.figures if one.kind == "adjust" and one.key.metric == "mentions"]
    assert (change.key.period, change.before, change.value) == ("2026-07", 20, 21)
    assert change.material
    (notice,) = [one for one in later.closing.notices if one.key.metric == "mentions"]
    assert (
        str(notice)
        == "`mentions` of 2026-07, reported at 20, is adjusted to 21 (+5.0%) by what became known after its close."
    )
    assert "mentions" in str(later)
    then, now = (figures_asked(PARAMS, known_at=day, only=["mentions"]).rows for day in ("2026-08-10", "2026-09-06"))
    assert next((row.period, row.value, row.state) for row in then) == ("2026-07", 20, "locked")
    assert [(row.period, row.value, row.state) for row in now] == [
        ("2026-07", 21, "adjusted"),
        ("2026-07/2026-08", 31, "adjusted"),
        ("2026-08", 10, "locked"),
    ]


def test_a_report_shows_what_was_closed_and_says_what_it_would_be_now(care: Path) -> None:
    closed("2026-07", "2026-08-06")
    study(care, "as_of: 2026-09-06")
    rows = json.loads(compute_study(PARAMS).read_bytes())["metrics"]
    (july,) = [row for row in rows if row["id"] == "mentions" and row["period"] == "2026-07"]
    assert (july["value"], july["state"]) == (20, "locked")
    assert july["note"] == "It now computes to 21; the closed figure stands until a close books the difference."
    (august,) = [row for row in rows if row["id"] == "mentions" and row["period"] == "2026-08"]
    assert (august["value"], august["state"]) == (10, "provisional")


def test_a_trial_shows_what_a_close_would_book_and_writes_nothing(care: Path) -> None:
    closed("2026-07", "2026-08-06")
    study(care, "as_of: 2026-09-06")
    before = {path: path.read_bytes() for path in (care / "reports" / "ledger").rglob("*") if path.is_file()}
    with open_study(PARAMS) as one:
        shown = one.month_close()
        assert (str(shown.month), shown.standing) == ("2026-08", "trial")
        assert [one.key.period for one in shown.changes if one.key.metric == "mentions"] == ["2026-07"]
    assert {path: path.read_bytes() for path in (care / "reports" / "ledger").rglob("*") if path.is_file()} == before


def test_a_closed_month_is_shown_as_it_was_closed(care: Path) -> None:
    closed("2026-07", "2026-08-06")
    closed("2026-08", "2026-09-06")
    results = json.loads(compute_study(PARAMS).read_bytes())
    assert (results["close"]["month"], results["close"]["standing"]) == ("2026-08", "closed")
    (news,) = [one for one in results["close"]["reported"] if one["metric"] == "mentions" and not one["segment"]]
    assert (news["locked"], news["adjustments"], news["reported"]) == (10, [{"period": "2026-07", "change": 1}], 11)
    assert results["provenance"]["inputs"]["ledger"].startswith("sha256:")


def test_closing_again_changes_nothing_unless_an_error_is_declared(care: Path) -> None:
    first = closed("2026-07", "2026-08-06")
    again = closed("2026-07", "2026-08-06")
    assert again.closing.already
    assert str(again).startswith("2026-07 is already closed, and nothing changed.")
    assert again.ledger.head == first.ledger.head
    tables(care, *JULY[:18], *LATE, *AUGUST)
    with pytest.raises(LockedPeriod, match="was locked at 20 on 2026-08-06; it now computes to 18"):
        closed("2026-07", "2026-08-06")
    restated = closed("2026-07", "2026-08-06", restate_reason="two mentions were loaded twice")
    (line,) = [one for one in restated.closing.figures if one.key.metric == "mentions"]
    assert (line.kind, line.before, line.value, line.reason) == ("restate", 20, 18, "two mentions were loaded twice")


def test_a_month_that_is_not_over_is_refused_and_provisional_in_a_report(care: Path) -> None:
    with pytest.raises(TooSoon, match="can be closed from 2026-09-06"):
        closed("2026-08", "2026-09-05")
    assert not (care / "reports" / "ledger").exists()
    study(care, "as_of: 2026-08-31")
    results = json.loads(compute_study(PARAMS).read_bytes())
    assert results["close"]["month"] == "2026-07"
    assert {row["state"] for row in results["metrics"] if row["period"] == "2026-08"} == {"provisional"}


def test_tables_that_do_not_say_when_they_knew_cannot_be_asked_about_the_past(care: Path) -> None:
    (care / "data" / "mentions.csv").write_text(
        "mention_id,posted_at,platform\n" + "\n".join(row.rpartition(",")[0] for row in (*JULY, *AUGUST)) + "\n"
    )
    with pytest.raises(InputError, match="do not say when they were known"):
        closed("2026-07", "2026-08-06")
    assert not (care / "reports" / "ledger").exists()
    made = closed("2026-07", "2026-09-06")
    assert [str(month) for month in made.ledger.months] == ["2026-07"]
    shown = figures_asked(PARAMS, known_at="2026-09-07", only=["mentions"])
    assert [row.state for row in shown.rows if row.period == "2026-07"] == ["locked"]


def test_where_tables_cannot_be_asked_the_closed_months_alone_are_shown(care: Path) -> None:
    closed("2026-07", "2026-08-06")
    (care / "data" / "mentions.csv").write_text(
        "mention_id,posted_at,platform\n" + "\n".join(row.rpartition(",")[0] for row in (*JULY, *AUGUST)) + "\n"
    )
    study(care)
    shown = figures_asked(PARAMS, known_at="2026-08-07", only=["mentions"])
    assert [(row.period, row.value, row.state) for row in shown.rows] == [("2026-07", 20, "locked")]
    assert shown.notes == ("The tables do not say what was known then: only closed months are shown.",)
    with pytest.raises(InputError, match="do not say when they were known"):
        figures_asked(PARAMS, known_at="2026-08-05")


def test_an_unknown_metric_is_answered_with_the_nearest(care: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean `mentions`"):
        figures_asked(PARAMS, only=["mention"])
    study(care, "metrics: {targets: {respons_rate: 0.9}, windows: {mentions: 3}}")
    with pytest.raises(InputError) as caught:
        figures_asked(PARAMS)
    said = str(caught.value)
    assert "there is no metric `respons_rate` (line 4). Did you mean `response_rate`?" in said
    assert "`mentions` is no metric with a window of its own" in said


def test_another_window_is_another_figure(care: Path) -> None:
    rows = "order_id,customer_id,ordered_at,revenue,currency\na,c,2026-07-01T10:00:00Z,5,EUR\n"
    (care / "data" / "orders.csv").write_text(rows + "b,c,2026-07-20T10:00:00Z,5,EUR\nd,e,2026-08-31T10:00:00Z,5,EUR\n")
    study(care, "metrics: {windows: {repurchase_90d: 15}}")
    ids = {row.id for row in figures_asked(PARAMS).rows}
    assert "repurchase_15d" in ids
    assert "repurchase_90d" not in ids


@pytest.mark.parametrize("text", ["2026", "2026q3", "September", "2026-13", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ParamsError, match="Months are closed one by one: write 2026-09"):
        month_named(text)


def test_a_restatement_and_its_reason_come_together() -> None:
    assert reason_given(False, None) is None
    assert reason_given(True, "double load") == "double load"
    for restate, reason in ((True, None), (True, "  "), (False, "double load")):
        with pytest.raises(ParamsError):
            reason_given(restate, reason)


def test_two_closes_at_once_leave_one_close(care: Path) -> None:
    study(care, "as_of: 2026-08-06")

    def attempt(_: int) -> str:
        try:
            with prepare_study(PARAMS) as one:
                return str(close_study(one, Month.of("2026-07")).closing.counts()["locked"] > 0)
        except ClosedMeanwhile as error:
            return type(error).__name__

    with ThreadPoolExecutor(2) as pool:
        ends = set(pool.map(attempt, range(2)))
    assert ends <= {"True", "False", "ClosedMeanwhile"}
    assert "True" in ends
    assert [str(month) for month in Ledger.open(care / "reports" / "ledger" / "care").months] == ["2026-07"]


def test_a_changed_entry_is_found_and_named(care: Path) -> None:
    made = closed("2026-07", "2026-08-06")
    (whole,) = verified(None, care)
    assert whole.holds
    (file,) = made.ledger.folder.glob("*.jsonl")
    file.write_text(file.read_text().replace('"value": 20', '"value": 19', 1))
    (broken,) = verified(made.ledger.folder, care)
    assert not broken.holds
    assert f"{file.name}, line" in str(broken)
    with pytest.raises(InputError, match="does not hold"):
        compute_study(PARAMS)
    with pytest.raises(InputError, match="there is no such folder"):
        verified(care / "nowhere", care)


def test_months_are_rehearsed_in_order_and_nothing_is_kept_in_the_record(care: Path) -> None:
    study(care, "as_of: 2026-09-06", "close: {rehearsal: true}")
    results = json.loads(compute_study(PARAMS).read_bytes())
    assert results["close"]["closed_months"] == ["2026-07", "2026-08"]
    assert [one["said"] for one in results["close"]["notices"] if one["metric"] == "mentions"] == [
        "`mentions` of 2026-07, reported at 20, is adjusted to 21 (+5.0%) by what became known after its close."
    ]
    assert not (care / "reports" / "ledger").exists()
    with open_study(PARAMS) as one:
        assert [str(month) for month in one.ledger.months] == ["2026-07", "2026-08"], "by hand as well"


def test_a_rehearsal_needs_rows_that_say_when_they_were_known(care: Path) -> None:
    (care / "data" / "mentions.csv").write_text(
        "mention_id,posted_at,platform\n" + "\n".join(row.rpartition(",")[0] for row in JULY) + "\n"
    )
    study(care, "close: {rehearsal: true}")
    with pytest.raises(ParamsError, match=r"close\.rehearsal: rows do not say since when they are known: `mentions`"):
        compute_study(PARAMS)


def test_a_month_is_not_closed_on_half_an_export(care: Path) -> None:
    """The export ends on 10 July; nothing says that nothing happened after it."""
    tables(care, *JULY[:10])
    with pytest.raises(InputError, match="`mentions` ends on 2026-07-10, before 2026-07 is over"):
        closed("2026-07", "2026-08-06")
    assert not (care / "reports" / "ledger").exists()


def test_an_export_that_begins_in_a_closed_month_does_not_take_it_back(care: Path) -> None:
    closed("2026-07", "2026-08-06")
    tables(care, *LATE, *AUGUST)
    later = closed("2026-08", "2026-09-06")
    assert not [one for one in later.closing.figures if one.key.period == "2026-07"]
    (notice,) = [one for one in later.closing.notices if one.key.metric == "mentions"]
    assert "could not be counted again: `mentions` begins on 2026-07-30, after 2026-07 does" in str(notice)
    (july,) = [one for one in figures_asked(PARAMS, only=["mentions"]).rows if one.period == "2026-07"]
    assert (july.value, july.state) == (20, "locked")


def test_another_rule_of_counting_is_no_news(care: Path) -> None:
    closed("2026-07", "2026-08-06")
    for more, name in (("period: {timezone: Asia/Tokyo}", "timezone"), ("metrics: {sla_seconds: 60}", "sla_seconds")):
        text = f"study: care-2026q3\ndata: {{folder: data}}\nas_of: 2026-09-06\n{more}\n"
        (care / PARAMS).write_text(text)
        with prepare_study(PARAMS) as one, pytest.raises(InputError, match=name):
            close_study(one, Month.of("2026-08"))
    assert [str(month) for month in Ledger.open(care / "reports" / "ledger" / "care").months] == ["2026-07"]


def test_an_export_without_money_says_nothing_of_the_currency(care: Path) -> None:
    orders = care / "data" / "orders.csv"
    days = [f"2026-07-{day:02d}T1" for day in range(1, 32)]
    rows = "".join(f"o{n},c,{day}0:00:00Z,5,EUR,{day}1:00:00Z\n" for n, day in enumerate(days))
    orders.write_text(f"order_id,customer_id,ordered_at,revenue,currency,known_at\n{rows}")
    assert closed("2026-07", "2026-08-06").closing.entry.rules["currency"] == "EUR"
    orders.unlink()
    assert closed("2026-08", "2026-09-06").closing.entry.rules["currency"] == "EUR"
    orders.write_text(f"order_id,customer_id,ordered_at,revenue,currency,known_at\n{rows}".replace("EUR", "GBP"))
    with pytest.raises(InputError, match="currency"):
        closed("2026-08", "2026-09-07")


def test_a_rehearsed_study_is_not_closed_for_good(care: Path) -> None:
    study(care, "as_of: 2026-09-06", "close: {rehearsal: true}")
    with prepare_study(PARAMS) as one, pytest.raises(ParamsError, match="Take `rehearsal` out"):
        close_study(one, Month.of("2026-07"))


def test_a_date_far_past_the_tables_is_a_slip_of_the_pen(care: Path) -> None:
    with pytest.raises(ParamsError, match="as_of: lies more than 100 days after"):
        closed("2026-07", "2062-08-06")


def test_the_record_lies_apart_from_the_data(care: Path) -> None:
    with pytest.raises(InputError, match="name another folder with `--ledger`"):
        closed("2026-07", "2026-08-06", ledger=care / "data")
    assert [path.name for path in (care / "data").iterdir()] == ["mentions.csv"]


def test_the_record_begins_with_the_month_that_was_named(care: Path) -> None:
    study(care, "as_of: 2026-09-06", "close: {first: 2026-08}")
    with prepare_study(PARAMS) as one:
        with pytest.raises(InputError, match="the record of closed months begins with 2026-08"):
            close_study(one, Month.of("2026-07"))
        made = close_study(one, Month.of("2026-08"))
    assert [str(month) for month in made.closing.entry.opening] == ["2026-07"]


def test_a_restatement_of_an_earlier_month_reaches_all_closed_months(care: Path) -> None:
    closed("2026-07", "2026-08-06")
    closed("2026-08", "2026-09-06")
    tables(care, *JULY[:19], *LATE, *AUGUST[:9])
    made = closed("2026-07", "2026-09-06", restate_reason="loaded twice")
    assert {one.key.period for one in made.closing.figures if one.key.metric == "mentions"} == {"2026-07", "2026-08"}
    assert not made.closing.unseen


@pytest.mark.parametrize("reason", ["a\x1b[31mb", "two\nlines", "x" * 501])
def test_a_reason_is_one_plain_sentence(reason: str) -> None:
    with pytest.raises(ParamsError, match="is no sentence"):
        reason_given(True, reason)


def test_what_is_printed_holds_no_control_characters(care: Path) -> None:
    platform = "x\x1b[31m\x07\u202ey"
    tables(care, *(row.replace(",x,", f",{platform},") for row in (*JULY, *AUGUST)))
    assert "\x1b" not in str(figures_asked(PARAMS))
    assert "\u202e" not in str(closed("2026-07", "2026-09-06"))


def test_the_commands_end_with_their_status(
    care: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def called(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["touchstone", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert isinstance(end.value.code, int)
        seen = capsys.readouterr()
        return end.value.code, seen.out + seen.err

    study(care, "as_of: 2026-08-06")
    assert called("verify")[0] == 2
    assert called("close", "2026-08", PARAMS)[0] == 2
    assert called("close", "2026-07", PARAMS, "--restate")[0] == 2
    status, said = called("close", "2026-07", PARAMS)
    assert (status, said.startswith("2026-07 closed: ")) == (0, True)
    status, said = called("close", "2026-07", PARAMS, "--json")
    assert (status, json.loads(said)["already"]) == (0, True)
    status, said = called("metrics", PARAMS, "--metric", "mentions", "--known-at", "2026-08-06")
    assert status == 0
    assert "2026-07           mentions [action]  20 mentions  locked" in said
    assert called("metrics", PARAMS, "--known-at", "yesterday")[0] == 2
    assert called("verify")[0] == 0
    (file,) = (care / "reports" / "ledger" / "care").glob("*.jsonl")
    file.write_text(file.read_text().replace('"value": 20', '"value": 19', 1))
    status, said = called("verify")
    assert status == 4
    assert "does not hold" in said
    assert called("compute", PARAMS)[0] == 4


WEEK = "{timezone: UTC, hours: {wed: '09:00-17:00', thu: '09:00-17:00'}, closed: [%s]}"


def test_opening_hours_may_grow_and_not_change_behind_a_close(care: Path) -> None:
    """July is closed by one timetable; a new one from August and a holiday in it are no other rule, one in July is."""

    def close(month: str, as_of: str, *timetables: str) -> Closed:
        study(care, f"as_of: {as_of}", f"metrics: {{schedule: [{', '.join(timetables)}]}}")
        with prepare_study(PARAMS) as one:
            one.check()
            return close_study(one, Month.of(month))

    first = close("2026-07", "2026-08-06", WEEK % "2026-07-09").ledger
    later = "{from: 2026-08-10, hours: {mon: '10:00-12:00'}}"
    with pytest.raises(InputError, match="schedule: was `sha256"):
        close("2026-08", "2026-09-06", WEEK % "2026-07-16", later)
    with pytest.raises(InputError, match=r"schedule: was `sha256.*is not set now"):
        closed("2026-08", "2026-09-06")
    then = close("2026-08", "2026-09-06", WEEK % "2026-07-09, 2026-08-06", later).ledger
    rules = [one.entry.rules["schedule"] for one in then.closes]
    assert rules[0] == first.closes[0].entry.rules["schedule"] != rules[1]


def test_a_schedule_may_begin_after_months_were_closed_without_one(care: Path) -> None:
    closed("2026-07", "2026-08-06")
    study(care, "as_of: 2026-09-06", f"metrics: {{schedule: [{WEEK % ''}]}}")
    with prepare_study(PARAMS) as one:
        assert "schedule" in close_study(one, Month.of("2026-08")).ledger.closes[-1].entry.rules


def test_fiscal_periods_are_counted_and_not_closed(care: Path) -> None:
    days = ["2026-01-01", "2026-04-01", "2026-07-01", "2026-08-03", "2026-10-01"]
    ends = ["2026-03-31", "2026-06-30", "2026-08-02", "2026-09-30"]
    lines = [f"2026-P0{n},{days[n - 1]},{ends[n - 1]},{n},2026" for n in range(1, 5)]
    (care / "fiscal.csv").write_text("\n".join(["period,first_day,last_day,quarter,year", *lines]) + "\n")
    text = "study: care-2026q3\ndata: {folder: data}\nas_of: 2026-12-01\n"
    (care / PARAMS).write_text(text + "period: {span: 2026q3, calendar: fiscal.csv}\n")
    with prepare_study(PARAMS) as one:
        one.check()
        found = {row.period: row.value for row in one.metrics().metrics if row.id == "mentions"}
        assert found == {"2026-P03": 20 + 1 + 2}, "to 2 August"
        shown = one.month_close()
        assert (shown.closing, str(shown.month)) == (None, "2026-P03")
        assert "civil calendar alone" in str(shown.reason)
        with pytest.raises(DesignError, match="civil calendar alone"):
            close_study(one, Month.of("2026-07"))
    with pytest.raises(DesignError, match="civil calendar alone"):
        month_named("2026-P03")
    (care / PARAMS).write_text(text + "period: {calendar: fiscal.csv}\nclose: {rehearsal: true}\n")
    with prepare_study(PARAMS) as one, pytest.raises(ParamsError, match="fiscal periods cannot be closed"):
        one.check()
    closed("2026-07", "2026-08-06")
    (care / PARAMS).write_text(text + "period: {calendar: fiscal.csv}\n")
    with prepare_study(PARAMS) as one:
        rows = [row for row in one.metrics().metrics if row.id == "mentions"]
        assert {row.state for row in rows} == {"provisional"}, "civil closes say nothing of fiscal periods"
        assert one.month_close().ledger.months == (Month.of("2026-07"),)
