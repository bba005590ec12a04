"""Every gate of the change log passes what is sound, and catches the fault it names."""

from __future__ import annotations

from datetime import date

import pytest

from analysis.foundation.calendar import Month
from analysis.studies.change_log.entries import Bundle, Entry
from analysis.studies.change_log.gates import (
    NEEDED,
    ControlFound,
    Step,
    judged_steps,
    long_enough,
    single_cause,
    written_before,
)
from analysis.studies.grade import grade_of
from analysis.studies.result import Check

START = Month.of("2025-01")
GOOD = ControlFound(
    name="other", follows=0.001, usual=50,
    own=Step(month=START, level=0.5, se=1, low=-1.5, high=2.5, p_value=0.6),
)  # fmt: skip


def steps(*p_values: float, level: float = 10.0, se: float = 1.0) -> list[Step]:
    return [
        Step(month=START.plus(number), level=level, se=se, low=level - 2 * se, high=level + 2 * se, p_value=p_value)
        for number, p_value in enumerate(p_values)
    ]


def entry(name: str, on: date, kind: str = "tool", recorded: date | None = None) -> Entry:
    return Entry(change_id=name, kind=kind, description="", effective_on=on, recorded_on=recorded)


OWN = entry("CH1", date(2025, 3, 3), recorded=date(2025, 3, 3))


def test_what_holds_everywhere_earns_a_b_and_each_gate_alone_takes_it() -> None:
    checks = [
        *judged_steps(control=GOOD, placebo=steps(0.4, 0.6, 0.8), usual=100, found=20),
        single_cause(Bundle((OWN,)), ()),
        written_before(Bundle((OWN,))),
        long_enough(before=24, after=12, holes=0),
    ]
    assert {check.name for check in checks} == set(NEEDED)
    assert grade_of(checks, needed=NEEDED) == "B"
    for place, check in enumerate(checks):
        without = [*checks[:place], *checks[place + 1 :]]
        assert grade_of(without, needed=NEEDED) == "C"
        failed = Check(name=check.name, verdict="failed", detail="", gate=True)
        assert grade_of([*without, failed], needed=NEEDED) == "C"


@pytest.mark.parametrize(
    ("p_values", "level", "usual", "verdict"),
    [
        ((0.4, 0.6, 0.8), 10, 100, "passed"),
        ((0.016, 0.6, 0.8), 10, 100, "failed"),  # 3 × 0.016 < 0.05
        ((0.017, 0.6, 0.8), 10, 100, "passed"),  # 3 × 0.017 > 0.05
        ((1e-6, 0.6, 0.8), 1.9, 100, "passed"),  # clear, but less than 2 % of the usual size
        ((0.4, 0.6), 10, 100, "not_run"),
        ((), 10, 100, "not_run"),
    ],
)
def test_made_up_dates_by_hand(p_values: tuple[float, ...], level: float, usual: float, verdict: str) -> None:
    _, check = judged_steps(control=None, placebo=steps(*p_values, level=level), usual=usual, found=30)
    assert (check.name, check.verdict, check.gate) == ("placebo_dates", verdict, True)


def test_dates_that_could_not_have_seen_the_step_cannot_tell() -> None:
    """Standard error 10: a step of 43 would probably have been seen. 43 > 15 % of 100, and more than the step found."""
    rough = steps(0.5, 0.5, 0.5, se=10)
    assert judged_steps(control=None, placebo=rough, usual=100, found=20)[1].verdict == "not_run"
    assert judged_steps(control=None, placebo=rough, usual=100, found=-45)[1].verdict == "passed"
    assert judged_steps(control=None, placebo=rough, usual=300, found=0)[1].verdict == "passed"


def test_the_two_tests_are_judged_together_by_holm() -> None:
    """0.03 alone is clear; beside a control's own p of 0.6 it is doubled, and is not."""
    assert judged_steps(control=None, placebo=steps(0.01, 0.5, 0.5), usual=100, found=30)[1].verdict == "failed"
    both = judged_steps(control=GOOD, placebo=steps(0.01, 0.5, 0.5), usual=100, found=30)
    assert [check.verdict for check in both] == ["passed", "passed"]
    assert both[1].p_value == pytest.approx(0.06)


def test_a_control_series_has_to_move_with_the_figure_and_not_to_break_with_it() -> None:
    quiet = steps(0.5, 0.6, 0.7)

    def control(found: ControlFound | None) -> Check:
        return judged_steps(control=found, placebo=quiet, usual=100, found=20)[0]

    own = Step(month=START, level=9, se=1, low=7, high=11, p_value=1e-4)
    small = Step(month=START, level=0.9, se=0.1, low=0.7, high=1.1, p_value=1e-4)
    assert control(None).verdict == "not_run"
    assert control(GOOD).verdict == "passed"
    assert control(ControlFound(name="x", follows=0.2, own=GOOD.own, usual=50)).verdict == "failed"
    assert control(ControlFound(name="x", follows=0.001, own=own, usual=50)).verdict == "failed"
    assert control(ControlFound(name="x", follows=0.001, own=small, usual=50)).verdict == "passed"
    assert control(ControlFound(name="x", follows=0.001)).verdict == "not_run"
    assert control(ControlFound(name="x")).verdict == "not_run"
    refused = control(ControlFound(name="a\nb", refused="it was touched."))
    assert (refused.verdict, refused.detail) == ("failed", "`a b`: it was touched.")


def test_another_change_takes_the_single_cause_and_an_incident_does_not() -> None:
    incident = entry("CH4", date(2025, 6, 1), "incident")
    assert single_cause(Bundle((OWN,)), ()).verdict == "passed"
    alone = single_cause(Bundle((OWN,)), [incident])
    assert alone.verdict == "passed"
    assert "CH4" in alone.detail
    for kind in ("price", "measurement", "other"):
        assert single_cause(Bundle((OWN,)), [entry("CH2", date(2025, 9, 1), kind)]).verdict == "failed"
    together = single_cause(Bundle((OWN, entry("CH3", date(2025, 3, 9)))), [incident], clear_after=7)
    assert together.verdict == "failed"
    assert "CH3 (tool, 2025-03-09)" in together.detail
    assert "A window of 7 months after would hold no other change." in together.detail


def test_when_it_was_written() -> None:
    after = entry("CH2", date(2025, 3, 3), recorded=date(2025, 3, 4))
    unknown = entry("CH3", date(2025, 3, 3))
    assert written_before(Bundle((OWN,))).verdict == "passed"
    assert written_before(Bundle((OWN, after))).verdict == "failed"
    assert written_before(Bundle((OWN, unknown))).verdict == "not_run"
    assert written_before(Bundle((after, unknown))).verdict == "failed"


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"before": 18, "after": 6, "holes": 0}, "passed"),
        ({"before": 12, "after": 12, "holes": 0}, "passed"),
        ({"before": 11, "after": 13, "holes": 0}, "failed"),
        ({"before": 19, "after": 5, "holes": 0}, "failed"),
        ({"before": 12, "after": 11, "holes": 0}, "failed"),
        ({"before": 18, "after": 6, "holes": 6}, "passed"),
        ({"before": 18, "after": 6, "holes": 7}, "failed"),
    ],
)
def test_months_enough_by_hand(given: dict[str, float], verdict: str) -> None:
    assert long_enough(**given).verdict == verdict  # type: ignore[arg-type]


def test_it_says_when_there_will_be_enough() -> None:
    assert "Wait until 2025-06 is over." in long_enough(before=20, after=2, holes=0, ready=Month.of("2025-06")).detail
