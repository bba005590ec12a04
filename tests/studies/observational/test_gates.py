"""Gates and hidden causes of the observational study: what passes, what fails, what could not be told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.inference.att import Att
from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.studies.grade import grade_of
from analysis.studies.observational import gates
from analysis.studies.observational.fit import fit
from analysis.studies.observational.hidden import bias_needed, clause
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.rows import ObservationalRows
from tests.studies.observational.planted import planted

PLAN = ObservationalPlan(dealings=1)


def fitted(rows: ObservationalRows):
    return fit(rows, PLAN, {"orders": (rows.after["orders"], None)})


def an_att(ratio: float, se_log: float) -> Att:
    """One whose ratio and error are known: two rows, one of each group."""
    spread = se_log * np.array([1.0, -1.0]) * np.sqrt(1.0)
    return Att(ratio, 1.0, spread * ratio, np.zeros(2), np.array([True, False]), np.array([0, 1]))


def test_overlap_passes_with_counts_and_fails_where_few_carry_all() -> None:
    found = fitted(planted(1, 3000).rows)
    assert gates.overlap(found).verdict == "passed"
    heavy = found.weights.copy()
    heavy[np.flatnonzero(~found.treated)[0]] = heavy.sum()
    check = gates.overlap(replace(found, weights=heavy))
    assert check.verdict == "failed"
    assert "the largest weight is" in check.detail


def test_balance_is_judged_on_what_is_judged() -> None:
    frame = pd.DataFrame(
        {"value": ["age", "age, squared"], "before": [0.5, 0.6], "after": [0.05, 0.3], "judged": [True, False]}
    )
    assert gates.balance(frame).verdict == "passed"
    assert gates.balance(frame.assign(judged=True)).verdict == "failed"
    without_bound = gates.balance(frame.assign(after=[np.inf, 0.0]))
    assert without_bound.verdict == "failed"
    assert without_bound.value is None
    assert "without bound" in without_bound.detail


@pytest.mark.parametrize(
    ("ratio", "se_log", "verdict"),
    [(1.0, 0.03, "passed"), (1.2, 0.03, "failed"), (1.0, 0.3, "not_run"), (1.015, 0.001, "passed")],
)
def test_placebos(ratio: float, se_log: float, verdict: str) -> None:
    rows = planted(1, 400).rows
    (check,) = gates.judge_placebos(rows, {"orders_earlier": an_att(ratio, se_log)}, "orders")
    assert check.name == "placebo_orders_earlier"
    assert check.verdict == verdict
    sound = gates.overlap(fitted(planted(1, 3000).rows))
    checks = (sound, replace(sound, name="balance"), check)
    assert grade_of(checks, needed=gates.needed(checks)) == ("B" if verdict == "passed" else "C")


def test_a_placebo_speaks_for_its_outcome_only() -> None:
    rows = planted(1, 400).rows
    own = {"orders_earlier": replace(rows.placebos["orders_earlier"], of=("orders",))}
    (check,) = gates.judge_placebos(replace(rows, placebos=own), {"orders_earlier": an_att(1.0, 0.03)}, "issues")
    assert (check.name, check.verdict) == ("placebo_outcome", "not_run")
    (told,) = gates.judge_placebos(rows, {"orders_earlier": "too few."}, "orders")
    assert told.verdict == "not_run"
    assert "too few" in told.detail


def test_what_would_undo_an_effect() -> None:
    ratio = ratio_estimate("orders", 0.8, 0.05, n_treated=9, n_comparison=9, method="")
    assert bias_needed(ratio) == pytest.approx(0.8 * np.exp(1.959964 * 0.05))
    assert str(clause(ratio)).startswith("lowered their orders by 11.8 % or more")
    unclear = ratio_estimate("orders", 1.01, 0.05, n_treated=9, n_comparison=9, method="")
    assert bias_needed(unclear) is clause(unclear) is None
    amount = Estimate(
        name="net_spend",
        value=5.0,
        low=2.0,
        high=8.0,
        level=0.95,
        se=1.5,
        scale="difference",
        unit="EUR per customer",
        n_treated=9,
        n_comparison=9,
        method="",
    )
    assert clause(amount) == "raised their net spend by 2 or more (EUR per customer)"
