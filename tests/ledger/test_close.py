"""What a close writes: the month locked, late news adjusted, errors restated, new definitions beside the old."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import InputError, LockedPeriod, TooSoon
from analysis.ledger.close import Materiality, close_month
from analysis.ledger.entry import joint_fingerprint
from analysis.ledger.held import state_of
from analysis.ledger.store import Ledger, verify
from analysis.metrics.figure import MetricsResult

Make = Callable


def kinds(closing) -> list[tuple[str, str, str, float | None]]:
    return [(one.kind, one.key.metric, one.key.period, one.value) for one in closing.figures]


def july(ledger: Ledger, close: Make, *rows) -> Ledger:
    return ledger.append(close(ledger, "2026-07", *rows))


def test_by_hand(empty: Ledger, close: Make, row: Make) -> None:
    """July is closed with 1,000 mentions and 700 of 1,000 answered. Until August is closed, 4 more mentions of July and
    2 more answers become known: adjustments of +4 (0.4 %) and +0.002 (0.29 %), neither past 1 %."""
    first = july(
        empty, close, row("mentions", "2026-07", 1000), row("response_rate", "2026-07", None, above=700, below=1000)
    )
    closing = close(
        first,
        "2026-08",
        row("mentions", "2026-07", 1004),
        row("response_rate", "2026-07", None, above=702, below=1000),
        row("mentions", "2026-08", 1100),
    )
    assert kinds(closing) == [
        ("adjust", "mentions", "2026-07", 1004),
        ("adjust", "response_rate", "2026-07", 0.702),
        ("lock", "mentions", "2026-08", 1100),
    ]
    mentions, rate, _ = closing.figures
    assert (mentions.before, mentions.change, mentions.relative_change, mentions.material) == (1000, 4, 0.004, False)
    assert (rate.before, rate.change, rate.relative_change) == (0.7, 0.002, 0.00285714285714)
    assert (rate.numerator, rate.denominator) == (702, 1000)
    assert closing.notices == ()
    assert str(closing) == "2026-08 closed: 1 figure locked; 2 adjusted."
    assert closing.to_parts()["close"]["counts"]["adjusted"] == 2
    json.dumps(closing.to_parts(), allow_nan=False)
    assert len(closing.to_frame()) == 3


def test_the_first_close_takes_earlier_months_as_opening_entries(empty: Ledger, close: Make, row: Make) -> None:
    closing = close(
        empty, "2026-07", *(row("mentions", month, 10) for month in ("2026-05", "2026-06", "2026-07", "2026-08"))
    )
    assert [one.key.period for one in closing.figures] == ["2026-05", "2026-06", "2026-07"], "August is not over"
    assert closing.entry.opening == (Month.of("2026-05"), Month.of("2026-06"))
    assert closing.counts()["of_earlier_months"] == 2
    ledger = empty.append(closing)
    assert ledger.months == (Month.of("2026-07"),)
    assert close(ledger, "2026-08", row("mentions", "2026-08", 1)).entry.opening == ()


def test_same_inputs_same_bytes_and_the_order_of_rows_changes_nothing(tmp_path, close: Make, row: Make) -> None:
    rows = [row("mentions_by_kind", "2026-07", n, segment={"kind": name}) for n, name in enumerate("dcba")]
    written = []
    for name, order in (("one", rows), ("two", rows), ("three", rows[::-1])):
        ledger = Ledger.open(tmp_path / name, "care")
        ledger.append(close(ledger, "2026-07", *order))
        written.append((tmp_path / name / "0001.jsonl").read_bytes())
    assert written[0] == written[1] == written[2]


def test_whole_periods_are_not_closed(empty: Ledger, close: Make, row: Make) -> None:
    closing = close(empty, "2026-07", row("mentions", "2026-07", 5), row("mentions", "2026q3", 50))
    assert kinds(closing) == [("lock", "mentions", "2026-07", 5)]


def test_a_figure_that_waits_is_locked_when_it_is_ready_as_of_its_own_month(
    empty: Ledger, close: Make, row: Make
) -> None:
    waiting = close(
        empty,
        "2026-07",
        row("mentions", "2026-07", 5),
        row("repeat_purchase_rate", "2026-07", 0.3, mature=False),
        row("average_order_value", "2026-07", 20.0, state="estimated"),
        row("complaints_per_positive", "2026-07", None, reason="no positive mention in the period"),
    )
    assert [(one.metric, str(one.month), one.reason, one.figures) for one in waiting.waiting] == [
        ("average_order_value", "2026-07", "it is an estimate", 1),
        ("complaints_per_positive", "2026-07", "no positive mention in the period", 1),
        ("repeat_purchase_rate", "2026-07", "it keeps growing with age", 1),
    ]
    assert str(waiting) == "2026-07 closed: 1 figure locked; 3 still waiting."
    ledger = empty.append(waiting)
    ready = close(
        ledger,
        "2026-08",
        row("mentions", "2026-07", 5),
        row("repeat_purchase_rate", "2026-07", 0.31),
        row("complaints_per_positive", "2026-07", 4.0),
        row("mentions", "2026-08", 6),
    )
    assert kinds(ready) == [
        ("lock", "complaints_per_positive", "2026-07", 4.0),
        ("lock", "repeat_purchase_rate", "2026-07", 0.31),
        ("lock", "mentions", "2026-08", 6),
    ]
    assert str(ready) == "2026-08 closed: 3 figures locked, 2 of them of earlier months."


def test_material_news_gives_a_notice_with_both_values(empty: Ledger, close: Make, row: Make) -> None:
    ledger = july(empty, close, row("mentions", "2026-07", 1000))
    (notice,) = close(ledger, "2026-08", row("mentions", "2026-07", 1030), row("mentions", "2026-08", 1)).notices
    assert (notice.before, notice.after, notice.relative_change) == (1000, 1030, 0.03)
    assert str(notice) == (
        "`mentions` of 2026-07, reported at 1,000, is adjusted to 1,030 (+3.0%) by what became known after its close."
    )
    assert notice.to_dict()["said"] == str(notice)


def test_many_small_changes_add_up_to_a_notice_and_then_start_anew(empty: Ledger, close: Make, row: Make) -> None:
    """Six in a thousand each month: material is what has gathered since readers were last told."""
    ledger = july(empty, close, row("mentions", "2026-07", 1000))
    told = []
    for n, month in enumerate(("2026-08", "2026-09", "2026-10", "2026-11"), start=1):
        closing = close(ledger, month, row("mentions", "2026-07", 1000 + 6 * n), row("mentions", month, 1))
        told.append([(notice.before, notice.after) for notice in closing.notices])
        ledger = ledger.append(closing)
    assert told == [[], [(1000, 1012)], [], [(1012, 1024)]]


@pytest.mark.parametrize(
    ("materiality", "before", "after", "material"),
    [
        (Materiality(), 100, 101, False),
        (Materiality(), 100, 101.01, True),
        (Materiality(), 100, 98, True),
        (Materiality(share=0), 100, 100.001, True),
        (Materiality(), -100, -102, True),
        (Materiality(), 0, 1, True),
        (Materiality(absolute={"mentions": 5}), 10, 15, False),
        (Materiality(absolute={"mentions": 5}), 1e6, 1e6 + 6, True),
        (Materiality(absolute={"orders": 5}), 10, 15, True),
    ],
)
def test_what_is_material(materiality: Materiality, before: float, after: float, material: bool) -> None:
    assert materiality.passed("mentions", before, after) == material


@pytest.mark.parametrize("amount", [-0.1, float("nan"), float("inf")])
def test_materiality_is_an_amount(amount: float) -> None:
    with pytest.raises(ValueError, match="is no amount; give 0 or more"):
        Materiality(share=amount)
    with pytest.raises(ValueError, match="Materiality, money"):
        Materiality(absolute={"money": amount})


def test_a_new_part_of_a_closed_breakdown_is_an_adjustment_from_nothing(empty: Ledger, close: Make, row: Make) -> None:
    """1 in 1,000 is not material for the breakdown, 20 are."""
    kind = "mentions_by_kind"
    ledger = july(empty, close, row(kind, "2026-07", 1000, segment={"kind": "praise"}))
    closing = close(
        ledger,
        "2026-08",
        row(kind, "2026-07", 1000, segment={"kind": "praise"}),
        row(kind, "2026-07", 1, segment={"kind": "inquiry"}),
        row(kind, "2026-07", 20, segment={"kind": "complaint"}),
        row(kind, "2026-07", 0, segment={"kind": "other"}),
        row("mentions", "2026-08", 1),
    )
    assert [(one.kind, one.before, one.value, one.change, one.material) for one in closing.figures[:2]] == [
        ("adjust", None, 20, 20, True),
        ("adjust", None, 1, 1, False),
    ]
    assert len(closing.figures) == 3, "a part at zero is what was held: nothing"


def test_a_part_of_a_count_that_is_gone_is_at_zero(empty: Ledger, close: Make, row: Make) -> None:
    kind = "mentions_by_kind"
    rows = [row(kind, "2026-07", n, segment={"kind": name}) for n, name in ((60, "praise"), (40, "complaint"))]
    ledger = july(empty, close, *rows)
    closing = close(
        ledger, "2026-08", row(kind, "2026-07", 100, segment={"kind": "praise"}), row("mentions", "2026-08", 1)
    )
    assert kinds(closing)[:2] == [("adjust", kind, "2026-07", 0), ("adjust", kind, "2026-07", 100)]
    ledger = ledger.append(closing)
    again = close(
        ledger, "2026-09", row(kind, "2026-07", 100, segment={"kind": "praise"}), row("mentions", "2026-09", 1)
    )
    assert kinds(again) == [("lock", "mentions", "2026-09", 1)], "it is at zero, and stays there"


def test_what_can_no_longer_be_counted_stands_and_is_told(empty: Ledger, close: Make, row: Make) -> None:
    ledger = july(empty, close, row("mentions", "2026-07", 1000), row("average_order_value", "2026-07", 20.5))
    closing = close(
        ledger,
        "2026-08",
        row("average_order_value", "2026-07", None, reason="`orders` holds nothing of this month or beyond it"),
        row("mentions", "2026-08", 1),
        row("issues_raised", "2026-07", 3),
    )
    assert kinds(closing) == [("lock", "issues_raised", "2026-07", 3), ("lock", "mentions", "2026-08", 1)]
    assert [str(notice) for notice in closing.notices] == [
        "`average_order_value` of 2026-07, closed at 20.5, could not be counted again: `orders` holds nothing of this "
        "month or beyond it. It stands.",
        "`mentions` of 2026-07, closed at 1,000, could not be counted again: the tables given do not tell it. It "
        "stands.",
    ]
    assert state_of(ledger.append(closing))[ledger.figures[0].key].value == 20.5


def test_closed_months_that_were_not_counted_again_are_named(three: Ledger, close: Make, row: Make) -> None:
    closing = close(three, "2026-10", row("mentions", "2026-10", 5), row("mentions", "2026-09", 900))
    assert [str(month) for month in closing.unseen] == ["2026-07", "2026-08"]
    assert closing.to_parts()["close"]["not_compared"] == ["2026-07", "2026-08"]


def test_a_metric_that_is_gone_is_told_once_for_all_its_months(three: Ledger, close: Make, row: Make) -> None:
    rows = [row("mentions", month, value) for month, value in (("2026-07", 1003), ("2026-08", 1100), ("2026-09", 900))]
    closing = close(three, "2026-10", *rows, row("mentions", "2026-10", 5))
    assert [(one.key.metric, one.key.period, one.earlier) for one in closing.notices] == [
        ("mentions_by_kind", "2026-09", 2),
        ("mentions_by_kind", "2026-09", 2),
        ("response_rate", "2026-09", 2),
    ]
    assert "could not be counted again (nor of 2 earlier closed months): the tables" in str(closing.notices[0])


def test_noise_in_the_last_digit_is_no_news(empty: Ledger, close: Make, row: Make) -> None:
    ledger = july(empty, close, row("average_order_value", "2026-07", 0.1 + 0.2))
    for value in (0.3, 0.3 + 4e-13, 0.3 - 4e-13):
        closing = close(ledger, "2026-08", row("average_order_value", "2026-07", value), row("mentions", "2026-08", 1))
        assert [one.kind for one in closing.figures] == ["lock"]
    closing = close(
        ledger, "2026-08", row("average_order_value", "2026-07", 0.3 + 4e-12), row("mentions", "2026-08", 1)
    )
    assert [one.kind for one in closing.figures] == ["adjust", "lock"]


def test_a_change_of_numerator_and_denominator_alone_is_booked_too(empty: Ledger, close: Make, row: Make) -> None:
    ledger = july(empty, close, row("response_rate", "2026-07", None, above=50, below=100))
    closing = close(
        ledger, "2026-08", row("response_rate", "2026-07", None, above=51, below=102), row("mentions", "2026-08", 1)
    )
    assert (closing.figures[0].kind, closing.figures[0].change, closing.figures[0].material) == ("adjust", 0, False)


def test_closing_again_with_the_same_figures_says_so_and_writes_nothing(three: Ledger, close: Make, row: Make) -> None:
    again = close(three, "2026-09", row("mentions", "2026-09", 900))
    assert again.already
    assert str(again) == "2026-09 is already closed, and nothing changed."
    assert again.to_parts()["close"]["already"]


def test_closing_an_older_month_again_compares_with_what_was_held_then(three: Ledger, close: Make, row: Make) -> None:
    """July's own close, run again with what was known then: its 1,000 mentions were adjusted to 1,003 only later."""
    assert close(three, "2026-07", row("mentions", "2026-07", 1000)).already
    later = datetime(2026, 10, 7)
    assert close(three, "2026-07", row("mentions", "2026-07", 1003), known_at=later).already
    with pytest.raises(LockedPeriod) as error:
        close(three, "2026-07", row("mentions", "2026-07", 1000), known_at=later)
    assert "was locked at 1,000 on 2026-08-06 and adjusted to 1,003; it now computes to 1,000" in str(error.value)


def test_a_locked_value_is_not_overwritten(three: Ledger, close: Make, row: Make) -> None:
    with pytest.raises(LockedPeriod) as error:
        close(
            three,
            "2026-09",
            row("mentions", "2026-09", 910),
            row("response_rate", "2026-09", None, above=1200, below=2000),
            row("mentions_by_kind", "2026-09", 300, segment={"kind": "praise"}),
            row("mentions_by_kind", "2026-09", 7, segment={"kind": "other"}),
        )
    assert error.value.headline == "2026-09 is closed, and 3 closed figures compute to something else."
    remedy = (
        "A locked value is not overwritten: late news is booked by the next close; for an error, record a restatement "
        "with its reason, and both will be reported."
    )
    assert [str(fault) for fault in error.value.faults] == [
        f"`mentions` of 2026-09: was locked at 900 on 2026-10-06; it now computes to 910. {remedy}",
        f"`mentions_by_kind` of 2026-09, kind other: was closed without this part; it now computes to 7. {remedy}",
        f"`response_rate` of 2026-09: was locked at 0.6 on 2026-10-06; it now computes to 0.6 from 1,200 of 2,000, "
        f"not 600 of 1,000. {remedy}",
    ]


def test_a_message_names_the_first_twenty_and_counts_all(empty: Ledger, close: Make, row: Make) -> None:
    rows = [row("mentions_by_kind", "2026-07", 5, segment={"kind": f"k{n:02}"}) for n in range(30)]
    ledger = july(empty, close, *rows)
    with pytest.raises(LockedPeriod, match=r"30 closed figures compute to something else\. The first 20:") as error:
        close(ledger, "2026-07", *(row(one.id, one.period, 6, segment=one.segment) for one in rows))
    assert len(error.value.faults) == 20
    assert "k00" not in str(error.value), "the words of a segment are text from data"


def test_an_error_is_restated_with_its_reason_and_the_old_value_stays(three: Ledger, close: Make, row: Make) -> None:
    rows = [
        row("mentions", "2026-07", 980),
        row("mentions", "2026-08", 1100),
        row("mentions", "2026-09", 880),
        row("mentions_by_kind", "2026-09", 880, segment={"kind": "inquiry"}),
        row("mentions_by_kind", "2026-09", 5, segment={"kind": "other"}),
        row("issues_raised", "2026-09", 12),
    ]
    closing = close(three, "2026-09", *rows, restate_reason="  one file was\n loaded twice ")
    assert kinds(closing) == [
        ("restate", "mentions", "2026-07", 980),
        ("restate", "mentions", "2026-09", 880),
        ("restate", "mentions_by_kind", "2026-09", 880),
        ("restate", "mentions_by_kind", "2026-09", 5),
        ("restate", "mentions_by_kind", "2026-09", 0),
    ], "and no lock of what the next close will lock"
    assert {one.reason for one in closing.figures} == {"one file was loaded twice"}
    assert closing.entry.correction
    assert closing.entry.reason == "one file was loaded twice"
    assert str(closing) == "2026-09 corrected: 5 restated."
    ledger = three.append(closing)
    assert ledger.months == three.months
    assert verify(ledger.folder).holds
    held = state_of(ledger)[closing.figures[0].key]
    assert (held.locked, [one.value for one in held.changes], held.value, held.state) == (
        1000,
        [1003, 980],
        980,
        "restated",
    )
    assert state_of(ledger, three.closes[-2].entry.known_at)[held.key].value == 1003, "the old version stays visible"
    assert close(ledger, "2026-09", *rows, restate_reason="again").already
    assert "reported at 1,000, is restated to 980 (-2.0%): one file was loaded twice." in str(closing.notices[0])


def test_a_new_month_can_be_closed_with_a_restatement(three: Ledger, close: Make, row: Make) -> None:
    closing = close(
        three, "2026-10", row("mentions", "2026-09", 890), row("mentions", "2026-10", 5), restate_reason="a bug"
    )
    assert kinds(closing)[0] == ("restate", "mentions", "2026-09", 890)
    assert kinds(closing)[-1] == ("lock", "mentions", "2026-10", 5)
    assert not closing.entry.correction


def test_a_ratio_can_be_restated_to_none_only_if_it_was_counted(three: Ledger, close: Make, row: Make) -> None:
    counted = row("response_rate", "2026-09", None, reason="no opening mention", numerator=0, denominator=0)
    closing = close(three, "2026-09", counted, restate_reason="test posts were counted")
    assert kinds(closing) == [("restate", "response_rate", "2026-09", None)]
    missing = row("response_rate", "2026-09", None, reason="`mentions` holds nothing of this month")
    uncounted = close(three, "2026-09", missing, restate_reason="test posts were counted")
    assert uncounted.already


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_restatement_has_a_reason(three: Ledger, close: Make, row: Make, reason: str) -> None:
    with pytest.raises(InputError, match=r"restatement: has no reason\. Say in a sentence what was wrong\."):
        close(three, "2026-09", row("mentions", "2026-09", 880), restate_reason=reason)


def test_a_new_definition_stands_beside_the_old(three: Ledger, close: Make, row: Make) -> None:
    months = ("2026-07", "2026-08", "2026-09", "2026-10")
    closing = close(three, "2026-10", *(row("mentions", month, 2000, version=2) for month in months))
    assert [(one.kind, one.key.version, one.key.period) for one in closing.figures] == [
        ("redefine", 2, "2026-07"),
        ("redefine", 2, "2026-08"),
        ("redefine", 2, "2026-09"),
        ("lock", 2, "2026-10"),
    ]
    assert not [notice for notice in closing.notices if notice.key.metric == "mentions"]
    ledger = three.append(closing)
    held = state_of(ledger)
    versions = {key.version: held[key].value for key in held if key[0] == "mentions" and key.period == "2026-07"}
    assert versions == {1: 1003, 2: 2000}
    with pytest.raises(
        InputError, match="`mentions`: is held by version 2 of its definition, and was computed by version 1"
    ):
        close(ledger, "2026-11", row("mentions", "2026-11", 1))


def test_another_unit_is_another_definition(three: Ledger, close: Make, row: Make) -> None:
    with pytest.raises(InputError, match="`mentions`: is held in mentions, and was computed in people") as error:
        close(
            three, "2026-10", row("mentions", "2026-09", 1, unit="people"), row("mentions", "2026-10", 1, unit="people")
        )
    assert "Another unit is another definition: it needs a new version." in str(error.value)


def test_a_month_that_is_not_over_is_refused_with_the_day_it_will_be(empty: Ledger, close: Make, row: Make) -> None:
    known = datetime(2026, 8, 5, 23, 59)
    with pytest.raises(TooSoon) as error:
        close(empty, "2026-07", row("mentions", "2026-07", 1), known_at=known)
    assert str(error.value) == (
        "2026-07 cannot be closed yet: the tables speak as of 2026-08-05 23:59 UTC, and it can be closed from "
        "2026-08-06 00:00 UTC on. Until then its figures are provisional."
    )
    assert close(empty, "2026-07", row("mentions", "2026-07", 1), known_at=known + timedelta(minutes=1)).figures


def test_months_are_closed_in_order(three: Ledger, close: Make, row: Make) -> None:
    with pytest.raises(InputError) as error:
        close(three, "2026-11", row("mentions", "2026-11", 1))
    assert "2026-11: does not follow 2026-09, the last month that was closed. Close 2026-10 first" in str(error.value)
    with pytest.raises(InputError, match="2026-06: lies before 2026-07, the first month that was closed"):
        close(three, "2026-06", row("mentions", "2026-06", 1), known_at=datetime(2026, 12, 1))


def test_knowledge_does_not_run_backwards(three: Ledger, close: Make, row: Make) -> None:
    given = {"known_at": datetime(2026, 10, 5), "over_from": datetime(2026, 10, 1)}
    rows = row("mentions", "2026-09", 1), row("mentions", "2026-10", 1)
    said = "the tables speak as of 2026-10-05 00:00 UTC, before 2026-10-06 00:00 UTC, when 2026-09 was closed"
    for month, reason in (("2026-10", None), ("2026-09", None), ("2026-09", "an error")):
        with pytest.raises(InputError, match=said):
            close(three, month, *rows, restate_reason=reason, **given)


def test_a_month_needs_figures(empty: Ledger, close: Make, row: Make) -> None:
    with pytest.raises(InputError, match=r"2026-08: has no figure\. Compute figures of the month that is closed\."):
        close(empty, "2026-08", row("mentions", "2026-07", 1))


def test_a_month_of_which_nothing_can_be_locked_is_not_closed(three: Ledger, close: Make, row: Make) -> None:
    """Neither with late news of other months nor with a restatement, nor as the first close."""
    lost = "`mentions` holds nothing of this month or beyond it"
    waits = [
        row("mentions", "2026-10", None, reason=lost),
        row("mentions_by_kind", "2026-10", None, reason=lost, segment={"kind": "other"}),
        row("repeat_purchase_rate", "2026-10", 0.3, mature=False),
        row("average_order_value", "2026-10", 20.0, state="estimated"),
        row("complaints_per_positive", "2026-10", None, reason="no positive mention in the period"),
    ]
    said = (
        f"close: nothing of 2026-10 can be closed: {lost} (2 figures); it is an estimate (1 figure); it keeps growing "
        f"with age (1 figure); and 1 more. Close it when the tables tell its figures."
    )
    before = {path.name: path.read_bytes() for path in three.folder.iterdir()}
    for ledger in (three, Ledger(three.folder, "care")):
        for reason in (None, "a bug"):
            with pytest.raises(InputError) as error:
                close(ledger, "2026-10", row("mentions", "2026-09", 890), *waits, restate_reason=reason)
            assert [str(fault) for fault in error.value.faults] == [said]
    assert {path.name: path.read_bytes() for path in three.folder.iterdir()} == before
    assert close(three, "2026-10", *waits[1:], row("mentions", "2026-10", 0)).counts()["locked"] == 1, "0 is a figure"


def test_a_figure_computed_twice_is_our_own_fault(empty: Ledger, close: Make, row: Make) -> None:
    with pytest.raises(ValueError, match="`mentions` of 2026-07 was computed twice"):
        close(empty, "2026-07", row("mentions", "2026-07", 1), row("mentions", "2026-07", 2))


def test_entries_say_from_which_tables_they_come(empty: Ledger, row: Make) -> None:
    inputs = {"orders": "sha256:o", "mentions": "sha256:m"}
    rows = row("mentions", "2026-07", 1), row("average_order_value", "2026-07", 20.0)
    over = datetime(2026, 8, 6)
    result = MetricsResult(rows, MappingProxyType({}), "2026-07")
    closing = close_month(
        empty, result, month=Month.of("2026-07"), known_at=over, over_from=over, inputs=inputs, params="p", code="c"
    )
    assert [one.tables for one in closing.figures] == [("orders",), ("mentions",)]
    assert closing.figures[0].inputs == joint_fingerprint(inputs, ["orders"]) != closing.figures[1].inputs
    assert list(closing.entry.inputs) == ["mentions", "orders"]


def test_nothing_that_was_given_is_changed(three: Ledger, close: Make, row: Make) -> None:
    before = repr(three)
    close(three, "2026-10", row("mentions", "2026-09", 1), row("mentions", "2026-10", 1))
    assert repr(three) == before
