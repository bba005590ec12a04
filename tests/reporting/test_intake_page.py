"""The page of an intake: plain headings with what they mean, and no marks of code."""

from __future__ import annotations

from types import SimpleNamespace

from analysis.reporting.intake import FOUND, intake_page
from analysis.tables.identity import Matching
from analysis.tables.intake.report import TableReport

PEOPLE = Matching(rows=9, by_id=3, by_email=1, by_phone=1, shared=1, unknown=2, nameless=1, conflicts=1)


def page(**more: object) -> str:
    intake = {
        "as_of": None,
        "number": 1,
        "reports": (TableReport(table="orders", rows=9, months={"2026-08": 9}),),
        "changes": {},
        "notices": ("`orders` has no row yet.",),
        "unread": (),
        "people": {"issues": PEOPLE.to_dict()},
        "exports": (
            {"source": "desk", "table": "issues", "rows": {"read": 9, "kept": 9, "set_aside": {"`x` is empty": 1}}},
        ),
    }
    return intake_page(SimpleNamespace(**(intake | more))).decode()


def test_every_count_of_people_has_plain_words() -> None:
    assert set(PEOPLE.to_dict()) == set(FOUND)
    made = page()
    for title, note in FOUND.values():
        assert title in made
        assert note in made
    for raw in ("Shared", "Nameless", "Conflicts"):
        assert raw not in made


def test_marks_of_code_do_not_stand_on_the_page() -> None:
    made = page()
    assert "orders has no row yet." in made
    assert "`" not in made
