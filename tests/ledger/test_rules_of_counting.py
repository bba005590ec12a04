"""What a close writes where figures were counted by other rules: no late news, but a restatement."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import InputError
from analysis.ledger.store import Ledger, verify

Make = Callable


def kinds(closing) -> list[tuple[str, str, str, float | None]]:
    return [(one.kind, one.key.metric, one.key.period, one.value) for one in closing.figures]


RULES = {"time zone": "Europe/Berlin", "sla_seconds": "3600", "currencies": "EUR"}


def ruled(ledger: Ledger, close: Make, row: Make) -> Ledger:
    return ledger.append(close(ledger, "2026-07", row("mentions", "2026-07", 1000), rules=RULES))


def test_figures_counted_by_other_rules_are_no_late_news(empty: Ledger, close: Make, row: Make) -> None:
    """Every rule that differs is told at once, for a new month and for one that is closed; nothing is booked."""
    ledger = ruled(empty, close, row)
    assert json.loads((ledger.folder / "0001.jsonl").read_bytes().splitlines()[0])["rules"] == RULES
    rows = row("mentions", "2026-07", 1004), row("mentions", "2026-08", 1100)
    given = {"time zone": "UTC", "sla_seconds": "1800", "fiscal year": "4"}
    remedy = (
        "Set it back; or, if the new one is to hold for the closed months as well, restate them: `--restate --reason`."
    )
    for month in ("2026-07", "2026-08"):
        with pytest.raises(InputError) as error:
            close(ledger, month, *rows, rules=given)
        assert [str(fault) for fault in error.value.faults] == [
            f"currencies: was `EUR` when 2026-07 was closed, and is not set now. {remedy}",
            f"fiscal year: was not set when 2026-07 was closed, and is `4` now. {remedy}",
            f"sla_seconds: was `3600` when 2026-07 was closed, and is `1800` now. {remedy}",
            f"time zone: was `Europe/Berlin` when 2026-07 was closed, and is `UTC` now. {remedy}",
        ]
        assert {fault.rule for fault in error.value.faults} == {"other_rules"}
    reordered = dict(reversed(RULES.items()))
    assert [one.kind for one in close(ledger, "2026-08", *rows, rules=reordered).figures] == ["adjust", "lock"]


def test_new_rules_hold_from_a_restatement_on(empty: Ledger, close: Make, row: Make) -> None:
    ledger = ruled(empty, close, row)
    given = RULES | {"sla_seconds": "1800"}
    closing = close(
        ledger,
        "2026-08",
        row("mentions", "2026-07", 1004),
        row("mentions", "2026-08", 1100),
        rules=given,
        restate_reason="half an hour is promised",
    )
    assert kinds(closing) == [("restate", "mentions", "2026-07", 1004), ("lock", "mentions", "2026-08", 1100)]
    ledger = Ledger.open(ledger.append(closing).folder)
    assert ledger.closes[-1].entry.rules == given
    rows = [row("mentions", month, value) for month, value in (("2026-07", 1004), ("2026-08", 1100), ("2026-09", 1))]
    assert [one.kind for one in close(ledger, "2026-09", *rows, rules=given).figures] == ["lock"]
    with pytest.raises(InputError, match="was `1800` when 2026-08 was closed, and is `3600` now"):
        close(ledger, "2026-09", *rows, rules=RULES)


def test_new_rules_are_held_even_where_no_figure_differs(empty: Ledger, close: Make, row: Make) -> None:
    ledger = ruled(empty, close, row)
    given = RULES | {"sla_seconds": "1800"}
    figure = row("mentions", "2026-07", 1000)
    assert close(ledger, "2026-07", figure, rules=RULES, restate_reason="none").already
    closing = close(ledger, "2026-07", figure, rules=given, restate_reason="half an hour is promised")
    assert str(closing) == ("2026-07 corrected: no figure differs, and it is counted by other rules from now on.")
    ledger = Ledger.open(ledger.append(closing).folder)
    assert ledger.closes[-1].entry.rules == given
    assert close(ledger, "2026-08", row("mentions", "2026-08", 1), rules=given).figures
    with pytest.raises(InputError, match="was `1800` when 2026-07 was restated, and is `3600` now"):
        close(ledger, "2026-08", row("mentions", "2026-08", 1), rules=RULES)


def test_a_close_that_told_no_rules_is_not_compared(three: Ledger, close: Make, row: Make) -> None:
    assert b"rules" not in (three.folder / "0003.jsonl").read_bytes()
    assert three.closes[-1].entry.rules == {}
    assert close(three, "2026-10", row("mentions", "2026-10", 5), rules=RULES).entry.rules == RULES


def test_a_restatement_of_an_earlier_month_restates_the_later_ones_too(three: Ledger, close: Make, row: Make) -> None:
    """July is corrected with September closed: all closed months that were counted are compared, and no other."""
    rows = [row("mentions", month, value) for month, value in (("2026-07", 980), ("2026-08", 990), ("2026-09", 880))]
    given = {"known_at": datetime(2026, 10, 20), "restate_reason": "one file was loaded twice"}
    closing = close(three, "2026-07", *rows, row("mentions", "2026-10", 5), **given)
    assert kinds(closing) == [("restate", "mentions", row.period, row.value) for row in rows]
    assert (str(closing.entry.month), closing.entry.correction, closing.unseen) == ("2026-07", True, ())
    assert verify(three.append(closing).folder).holds
    fewer = close(three, "2026-07", *rows[:2], **given)
    assert kinds(fewer) == kinds(closing)[:2]
    assert fewer.unseen == (Month.of("2026-09"),), "a month that was not counted stands, and is named"
