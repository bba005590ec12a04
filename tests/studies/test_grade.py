"""The rules of grades as whole truth tables, and the page on grades against the constants of the code."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from analysis.studies import gates
from analysis.studies.adoption import gates as adoption_gates
from analysis.studies.change_log import gates as change_log_gates
from analysis.studies.claim import LIMITS, LIMITS_UNSEEN, NOT_OVER
from analysis.studies.grade import (
    ALIKE,
    cannot_apply,
    grade_of,
    later_channel_mix,
    nothing_tests_issues,
    shares_not_randomised,
    window_not_over,
)
from analysis.studies.result import GRADE_WORDS, Check
from analysis.studies.segments_differ import NAME
from analysis.studies.service import gates as service_gates
from analysis.studies.strata import IMBALANCE_ALLOWED, UNMATCHED_ALLOWED

NEEDED = (*ALIKE, *gates.GATES)
STATES = ("passed", "failed", "not_run", "not_applicable", "absent")
CAPS = (shares_not_randomised(), window_not_over(3, 6), later_channel_mix(), nothing_tests_issues())
PAGE = Path(__file__).parents[2] / "docs" / "grades.md"


def gate(name: str, verdict: str = "passed", detail: str = "Why.") -> Check:
    return Check(name=name, verdict=verdict, detail=detail, gate=True)  # type: ignore[arg-type]


def test_the_whole_table_of_a_comparison() -> None:
    """All 5 ** 5 cases: five gates, each with one of four verdicts or missing."""
    earned = 0
    for states in product(STATES, repeat=len(NEEDED)):
        checks = [gate(name, state) for name, state in zip(NEEDED, states, strict=True) if state != "absent"]
        both_alike = states[0] == states[1] == "passed"
        rest = set(states[2:])
        expected = "B" if both_alike and "passed" in rest and rest <= {"passed", "not_applicable"} else "C"
        assert grade_of(checks) == expected, states
        earned += expected == "B"
    assert earned == 7, "three gates, each passed or without meaning, but not all three without meaning"


@pytest.mark.parametrize("verdict", ["passed", "failed", "not_run", "not_applicable"])
@pytest.mark.parametrize("gated", [True, False])
def test_what_a_check_besides_does_to_the_grade(verdict: str, gated: bool) -> None:
    besides = Check(name="enough_purchases_a_month", verdict=verdict, detail="Why.", gate=gated)  # type: ignore[arg-type]
    sound = [gate(name) for name in NEEDED]
    capped = gated and verdict in ("failed", "not_run")
    assert grade_of([*sound, besides]) == ("C" if capped else "B")
    assert grade_of([besides, *reversed(sound)]) == grade_of([*sound, besides]), "the order does not matter"


@pytest.mark.parametrize("detail", ["", "  "])
def test_a_gate_that_cannot_apply_says_why_or_does_not_count(detail: str) -> None:
    checks = [gate(name) for name in NEEDED[:-1]]
    assert grade_of([*checks, gate(NEEDED[-1], "not_applicable", detail)]) == "C"
    assert grade_of([*checks, cannot_apply(NEEDED[-1], "Rows of this gate are chosen by the outcome.")]) == "B"


def test_a_check_that_is_no_gate_cannot_stand_in_for_one() -> None:
    checks = [gate(name) for name in NEEDED[:-1]]
    assert grade_of([*checks, Check(name=NEEDED[-1], verdict="passed", detail="", gate=False)]) == "C"


@pytest.mark.parametrize(
    ("design", "needed"),
    [
        ("service_effect", service_gates.NEEDED),
        ("adoption", adoption_gates.NEEDED),
        ("change_log", change_log_gates.NEEDED),
    ],
)
def test_the_page_names_the_gates_that_each_design_needs(design: str, needed: tuple[str, ...]) -> None:
    section = PAGE.read_text(encoding="utf-8").partition(f"(`{design}`)\n")[2].partition("\n### ")[0]
    line = next(line for line in section.splitlines() if line.startswith("Needed: "))
    assert line.removeprefix("Needed: ").partition(".")[0] == ", ".join(f"`{name}`" for name in needed)
    for name in needed:
        assert f"\n| `{name}` |" in section, f"{name} has no line that says what it compares"


def test_a_design_with_gates_of_its_own_needs_all_of_them() -> None:
    own = [Check(name=name, verdict="passed", detail="", gate=True) for name in ("first_stage", "placebo_before")]
    needed = ("first_stage", "placebo_before")
    assert grade_of(own, needed=needed) == "B"
    assert grade_of(own[:1], needed=needed) == "C"
    assert grade_of([*own, shares_not_randomised()], needed=needed) == "C", "a cap holds for every design"
    excused = Check(name="placebo_before", verdict="not_applicable", detail="Nothing came before.", gate=True)
    assert grade_of([own[0], excused], needed=needed) == "C", "what a design cannot do without is never excused"
    assert grade_of([], needed=()) == "C", "nothing tested is nothing earned"
    assert grade_of(own) == "C", "the comparison of similar customers needs its own gates"


@pytest.mark.parametrize(
    ("verdicts", "grade"),
    [
        ((), "C"),
        (("passed",), "A"),
        (("failed",), "D"),
        (("not_run",), "C"),
        (("not_applicable",), "C"),
        (("passed", "passed"), "A"),
        (("passed", "not_applicable"), "A"),
        (("passed", "not_run"), "C"),
        (("passed", "failed"), "D"),
        (("failed", "not_run"), "D"),
        (("not_run", "not_applicable"), "C"),
        (("failed", "not_applicable"), "D"),
        (("failed", "failed"), "D"),
        (("not_run", "not_run"), "C"),
        (("not_applicable", "not_applicable"), "C"),
    ],
)
def test_the_whole_table_of_a_randomised_test(verdicts: tuple[str, ...], grade: str) -> None:
    checks = [
        gate(name, verdict) for name, verdict in zip(("sample_ratio", "outcome_recorded"), verdicts, strict=False)
    ]
    assert grade_of(checks, randomised=True) == grade
    assert grade_of(checks[::-1], randomised=True) == grade


@pytest.mark.parametrize("cap", CAPS)
def test_a_cap_holds_a_sound_comparison_at_c_and_says_so(cap: Check) -> None:
    assert (cap.verdict, cap.gate) == ("not_run", True)
    assert re.fullmatch(r"[A-Z].{60,}\.", cap.detail), "a whole sentence that a reader understands alone"
    assert grade_of([*(gate(name) for name in NEEDED), cap]) == "C"


def test_caps_together_are_told_apart_by_name() -> None:
    assert grade_of([*(gate(name) for name in NEEDED), *CAPS]) == "C"
    assert len({cap.name for cap in CAPS}) == 4


@pytest.mark.parametrize(("followed", "of"), [(0, 6), (6, 6), (7, 6), (-1, 6)])
def test_a_window_that_is_over_is_no_cap(followed: int, of: int) -> None:
    with pytest.raises(ValueError, match=f"not {followed} of {of}"):
        window_not_over(followed, of)


@pytest.mark.parametrize(("name", "why"), [("overlap", "Why."), ("balance", "Why."), ("sample_ratio", "Why.")])
def test_gates_that_always_apply_cannot_be_excused(name: str, why: str) -> None:
    with pytest.raises(ValueError, match=name):
        cannot_apply(name, why)
    with pytest.raises(ValueError, match="says why"):
        cannot_apply("pre_trend", " ")


def test_a_gate_judged_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="judged once"):
        grade_of([gate("overlap"), gate("overlap", "failed")])


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_page_has_the_words_of_the_code() -> None:
    page = plain(PAGE.read_text(encoding="utf-8"))
    for grade, words in GRADE_WORDS.items():
        assert f"| {grade} | {words} |" in page
        assert LIMITS[grade] in page
        assert LIMITS_UNSEEN[grade] in page
    assert NOT_OVER in page
    for name in (*NEEDED, *(cap.name for cap in CAPS)):
        assert f"| `{name}` |" in page
    assert f"`{NAME}`" in page


def test_the_page_has_the_thresholds_of_the_code() -> None:
    page = plain(PAGE.read_text(encoding="utf-8"))
    for sentence in (
        f"a Holm-adjusted p-value below {gates.LEVEL:g}",
        f"a ratio more than {gates.RATIO_ALLOWED * 100:g} % from 1",
        f"{gates.STANDARD_ERRORS_SEEN:g} standard errors exceed {gates.UNSEEN_ALLOWED * 100:g} %",
        f"at most {UNMATCHED_ALLOWED * 100:g} % of contacted customers",
        f"below {IMBALANCE_ALLOWED:g} ",
    ):
        assert sentence in page, sentence


def test_the_page_has_the_size_and_power_that_the_arithmetic_gives() -> None:
    """Each figure of the table, within two points: normal tails, for one gate beside two quiet ones."""
    rows = re.findall(r"^\| (0\.0\d+) \| (\d+) % \| (\d+) % \| (\d+) % \| (\d+) % \|", PAGE.read_text("utf-8"), re.M)
    assert [float(row[0]) for row in rows] == [0.01, 0.02, 0.03, 0.04, 0.05]
    for row in rows:
        for share, true in zip(row[1:], (None, 0.05, 0.10, 0.15), strict=True):
            assert failed_share(float(row[0]), true) == pytest.approx(int(share) / 100, abs=0.02)


def failed_share(se_log: float, planted: float | None) -> float:
    """Simulated apart from `judge`, in arrays: how often any gate fails (nothing planted), or the planted one does."""
    import numpy as np
    from scipy import stats

    logs = se_log * np.random.default_rng(5).standard_normal((20_000, 3))
    logs[:, 0] += np.log1p(planted or 0)
    p_values = 2 * stats.norm.sf(np.abs(logs) / se_log)
    order = p_values.argsort(axis=1)
    stepped = np.maximum.accumulate(np.take_along_axis(p_values, order, axis=1) * [3, 2, 1], axis=1)
    adjusted = np.empty_like(stepped)
    np.put_along_axis(adjusted, order, stepped, axis=1)
    failed = (adjusted < gates.LEVEL) & (np.abs(np.expm1(logs)) > gates.RATIO_ALLOWED)
    return float((failed.any(axis=1) if planted is None else failed[:, 0]).mean())
