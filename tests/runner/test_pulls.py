"""The pull calendar: the days that follow from a period, and the words of the maps."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from analysis.foundation.calendar import Period
from analysis.foundation.errors import MapError
from analysis.runner.params import load_params
from analysis.runner.plan import plan_study
from analysis.runner.pulls import Pull, pull_calendar, pulls_of
from analysis.tables.mapping import load_map

DESK = [("desk", "zendesk")]


def days(*written: str) -> tuple[date, ...]:
    return tuple(map(date.fromisoformat, written))


def test_a_quarter_by_hand() -> None:
    """A month can be closed five days after its end; six months and 90 days before 1 July is 3 October."""
    [pull] = pull_calendar(DESK, Period.of("2026q3"), before_months=6, look_back_days=90)
    assert pull.dates == days("2026-08-06", "2026-09-06", "2026-10-06")
    assert pull.start == date(2025, 10, 3)


@pytest.mark.parametrize(("grace", "first"), [(0, "2026-03-01"), (5, "2026-03-06"), (31, "2026-04-01")])
def test_grace_moves_the_days(grace: int, first: str) -> None:
    [pull] = pull_calendar(DESK, Period.of("2026-02"), grace_days=grace)
    assert pull.dates == days(first)


def test_a_period_without_a_whole_month_is_pulled_once() -> None:
    [pull] = pull_calendar(DESK, Period(date(2026, 3, 10), date(2026, 3, 20), "UTC"))
    assert (pull.start, pull.dates) == (date(2026, 3, 1), days("2026-03-25"))


@pytest.mark.parametrize(
    ("grace", "later"), [(5, date(2026, 10, 28)), (26, date(2026, 10, 28)), (27, None), (40, None)]
)
def test_once_more_when_the_map_asks_for_it(grace: int, later: date | None) -> None:
    """28 days after 30 September; where the months are closed later than that anyway, no day of its own."""
    pulls = pull_calendar([*DESK, ("inbox", "sprout_inbox")], Period.of("2026q3"), grace_days=grace)
    assert [pull.later for pull in pulls] == [later, None]
    days_told = pulls[0].to_dict()["dates"]
    assert days_told == sorted(days_told)
    assert (later is None) or (days_told[-1] == "2026-10-28" and "on 2026-10-28" in " ".join(pulls[0].lines()))


def test_without_a_period_the_words_stay() -> None:
    [pull] = pull_calendar(DESK, None)
    told = load_map("zendesk").pull
    assert told is not None
    assert (pull.start, pull.dates) == (None, ())
    assert (pull.export, pull.since, pull.again) == (told.export, told.since, told.again)
    assert not any("None" in line for line in pull.lines())


def test_the_days_are_in_order_and_after_the_period_begins() -> None:
    [pull] = pull_calendar(DESK, Period.of("2024"), before_months=12)
    assert list(pull.dates) == sorted(set(pull.dates))
    assert len(pull.dates) == 12
    assert pull.start is not None
    assert pull.start < date(2024, 1, 1) < pull.dates[0]


def test_data_sets_are_nobodys_to_pull_and_a_source_is_named_once() -> None:
    sources = [("emails", "hillstrom"), *DESK, *DESK, ("users", "zendesk_users")]
    assert [(pull.source, pull.map) for pull in pull_calendar(sources, None)] == [
        ("desk", "zendesk"),
        ("users", "zendesk_users"),
    ]


def test_a_map_that_there_is_not() -> None:
    with pytest.raises(MapError, match="there is no `zendesc`"):
        pull_calendar([("desk", "zendesc")], None)


def test_as_it_is_printed() -> None:
    [pull] = pull_calendar(DESK, Period.of("2024"))
    first, *lines = pull.lines()
    assert first.startswith("desk (map zendesk): Tickets, CSV")
    said = " ".join(line.strip() for line in lines)
    assert (
        "2024-02-06, 2024-03-06 and so on after every month until 2025-01-06 (12 times), and once more on 2025-01-28"
        in said
    )
    assert max(map(len, lines)) <= 116
    assert isinstance(pull, Pull)
    assert pull.to_dict()["dates"][0] == "2024-02-06"


@pytest.fixture
def study(tmp_path: Path, real_data: Path) -> Path:
    """A study of real tickets through their map, with a sources file beside its parameters."""
    (tmp_path / "params").mkdir()
    (tmp_path / "desk").mkdir()
    (tmp_path / "inbox").mkdir()
    shutil.copy(real_data / "zendesk" / "zendesk_tickets.csv", tmp_path / "desk")
    (tmp_path / "params" / "trial.yaml").write_text(
        'study: trial\nperiod: {span: "2023-04"}\ndata: {sources: [{map: zendesk, path: desk}]}\n', encoding="utf-8"
    )
    (tmp_path / "params" / "sources.yaml").write_text(
        "tables: tables\nzone: UTC\nsources:\n  - {name: inbox, map: sprout_inbox, path: inbox}\n", encoding="utf-8"
    )
    return tmp_path / "params" / "trial.yaml"


def test_sources_of_the_parameters_and_of_the_file_beside_them(study: Path) -> None:
    found, notes = pulls_of(load_params(study), Period.of("2023-09"))
    assert ([pull.source for pull in found], notes) == (["zendesk", "inbox"], ())
    assert {pull.dates for pull in found} == {days("2023-10-06")}


def test_a_sources_file_at_fault_is_a_note(study: Path) -> None:
    (study.parent / "sources.yaml").write_text("sources: [{map: zendesk, pth: x}]\n", encoding="utf-8")
    found, [note] = pulls_of(load_params(study), None)
    assert [pull.source for pull in found] == ["zendesk"]
    assert note.startswith("sources.yaml cannot be used (")


def test_a_map_at_fault_beside_the_parameters_is_a_note(study: Path) -> None:
    text = (study.parent / "sources.yaml").read_text(encoding="utf-8")
    (study.parent / "sources.yaml").write_text(text.replace("sprout_inbox", "sprout_outbox"), encoding="utf-8")
    found, notes = pulls_of(load_params(study), None)
    assert ([pull.source for pull in found], len(notes)) == (["zendesk"], 1)


def test_the_plan_says_it(study: Path) -> None:
    plan = plan_study(study)
    told = str(plan)
    assert "Exports to pull" in told
    assert "  inbox (map sprout_inbox): Messages endpoint" in told
    assert [pull["source"] for pull in plan.to_dict()["pulls"]] == ["zendesk", "inbox"]
