"""The change log as it is read: what is refused, what is studied together, and what else happened meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, InputError, UnknownName
from analysis.studies.change_log.entries import Entry, asked_for, entries_of, one_line
from analysis.studies.change_log.reach import bundled, months_of_incident, others_within, segments_named, touches


def row(name: str = "CH1", on: Any = datetime(2025, 3, 3), **more: Any) -> dict[str, Any]:
    return {"change_id": name, "effective_from": on, "kind": "tool", "description": "A new desk", **more}


def entry(name: str, on: date, kind: str = "tool", scope: str | None = None) -> Entry:
    return Entry(change_id=name, kind=kind, description="", effective_on=on, scope=scope)


def test_days_are_those_of_the_reporting_zone() -> None:
    """23:30 UTC on 31 May is 1 June in London, and a whole month then."""
    (summer,) = entries_of([row(on=datetime(2025, 5, 31, 23, 30))], "Europe/London")
    assert (summer.effective_on, summer.partly, str(summer.first_whole_month)) == (date(2025, 6, 1), False, "2025-06")
    (utc,) = entries_of([row(on=datetime(2025, 5, 31, 23, 30))])
    assert (utc.effective_on, utc.partly, str(utc.first_whole_month)) == (date(2025, 5, 31), True, "2025-06")


def test_instants_with_a_zone_frames_and_rows_are_read_alike() -> None:
    moment = datetime(2025, 5, 31, 23, 30, tzinfo=UTC)
    frame = pd.DataFrame([row(on=pd.Timestamp(moment), recorded_at=pd.NaT, scope=None)])
    assert entries_of(frame, "Europe/London") == entries_of([row(on=moment)], "Europe/London")
    assert entries_of(frame)[0].recorded_on is None


@pytest.mark.parametrize(
    ("wrong", "column", "says"),
    [
        (row(on="2025-03-03"), "effective_from", "is text, not a time"),
        (row(on=None), "effective_from", "is empty"),
        (row(on=pd.NaT), "effective_from", "is empty"),
        (row(on=20250303), "effective_from", "is not an instant"),
        (row(recorded_at="yesterday"), "recorded_at", "is text, not a time"),
        (row(name=""), "change_id", "is empty"),
        (row(kind="rebrand"), "kind", "is no kind of change"),
    ],
)
def test_a_row_at_fault_is_named(wrong: dict[str, Any], column: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        entries_of([row("CH0"), wrong])
    (fault,) = error.value.faults
    assert (fault.where, fault.column, fault.first) == ("changes", column, 2)
    assert says in fault.what


def test_all_faults_are_told_at_once_and_an_id_occurs_once() -> None:
    with pytest.raises(InputError) as error:
        entries_of([row(), row(), row("CH2", on=None), row("CH3", kind=None)])
    assert [(fault.column, fault.first) for fault in error.value.faults] == [
        ("change_id", 2), ("effective_from", 3), ("kind", 4),
    ]  # fmt: skip
    assert "occurs a second time" in str(error.value)


def test_a_fault_never_holds_what_the_row_says() -> None:
    with pytest.raises(InputError) as error:
        entries_of([row("secret@example.org", on="secret", kind="secret")])
    assert "secret" not in str(error.value)


def test_what_is_studied() -> None:
    held = [entry("A", date(2025, 1, 1)), entry("B", date(2025, 2, 1), "incident")]
    assert [one.change_id for one in asked_for(held, None)] == ["A"]
    assert [one.change_id for one in asked_for(held, ["B", "A"])] == ["A", "B"]
    with pytest.raises(UnknownName, match="there is no `CH9`"):
        asked_for(held, ["CH9"])
    with pytest.raises(DesignError, match="There is no change log"):
        asked_for([], None)
    with pytest.raises(DesignError, match="none of them is something the company did itself"):
        asked_for(held[1:], None)


def test_entries_of_one_month_are_studied_together_but_not_those_of_a_part() -> None:
    held = [
        entry("A", date(2025, 3, 1)), entry("B", date(2025, 3, 20)), entry("C", date(2025, 4, 1)),
        entry("D", date(2025, 3, 5), scope="region = North"), entry("E", date(2025, 3, 6), scope="north and south"),
    ]  # fmt: skip
    found = bundled(held, {"region": ["north", "south"]})
    assert [([one.change_id for one in bundle.entries], bundle.segment) for bundle in found] == [
        (["A", "B", "E"], ()), (["D"], (("region", "north"),)), (["C"], ()),
    ]  # fmt: skip
    assert (found[0].id, found[0].partly, str(found[0].start)) == ("A", True, "2025-04")
    assert (found[2].partly, str(found[2].start)) == (False, "2025-04")


def test_scopes_name_whole_words_and_text_is_only_text() -> None:
    known = {"product": ["tv", "mobile", "a.*b"], "region": ["north"]}
    assert segments_named("all tv customers", known) == (("product", "tv"),)
    assert segments_named("tvs", known) == ()
    assert segments_named("axxb", known) == ()
    assert segments_named("a.*b", known) == (("product", "a.*b"),)
    assert segments_named("Region = North", known) == (("region", "north"),)
    assert segments_named("region=south", known) == (("region", "south"),)  # no figure of it, but none of the north
    assert segments_named("shop=south", known) == ()
    assert segments_named(None, known) == ()
    assert segments_named("(unclosed [", known) == ()


def test_whom_an_entry_may_have_touched() -> None:
    known = {"product": ["tv", "mobile"]}
    everywhere, tv = entry("A", date(2025, 1, 1)), entry("B", date(2025, 1, 1), scope="tv")
    assert touches(everywhere, {"product": "mobile"}, known)
    assert touches(tv, {"product": "tv"}, known)
    assert not touches(tv, {"product": "mobile"}, known)
    assert touches(tv, {}, known)
    assert touches(tv, {"kind": "complaint"}, known)


def test_others_are_those_that_begin_inside_the_months() -> None:
    """The window is 2025-01 to 2025-12; what held from its first day on lies before all of it."""
    own = entry("A", date(2025, 6, 1))
    held = [
        own, entry("first day", date(2025, 1, 1)), entry("second day", date(2025, 1, 2)),
        entry("last", date(2025, 12, 31), "incident"), entry("after", date(2026, 1, 1)),
        entry("before", date(2024, 12, 31)),
    ]  # fmt: skip
    (bundle,) = bundled([own])
    found = others_within(bundle, held, Month.of("2025-01"), Month.of("2025-12"))
    assert [one.change_id for one in found] == ["second day", "last"]


def test_an_incident_late_in_a_month_reaches_into_the_next() -> None:
    early, late = entry("A", date(2025, 11, 20), "incident"), entry("B", date(2025, 12, 21), "incident")
    assert [str(month) for month in months_of_incident(early)] == ["2025-11"]
    assert [str(month) for month in months_of_incident(late)] == ["2025-12", "2026-01"]


def test_long_or_hidden_text_is_one_short_line() -> None:
    assert one_line("a\u202eb\x00c\nd") == "abc d"
    assert len(one_line("x" * 1000)) == 120
    assert one_line(None) == ""
