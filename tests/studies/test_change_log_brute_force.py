"""Is every number of the change log what its words say? A second road for all of it at once, written out densely.

48 months from January 2021. The change takes effect on 10 September 2023 (month 32, so that is left out), an incident
lies in month 6, counting changed on 12 July 2022 (month 18), month 27 has no figure, month 11 no control, and there are
more than two years before: a season. Months that say nothing are left out of the rows instead of having
terms, the correlation is rho to the power of the true distance, and rho is averaged on an even grid of 397 points.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special

from analysis.foundation.calendar import Month
from analysis.studies.change_log.result import ChangeLogResult
from analysis.studies.change_log.series import MonthlySeries
from analysis.studies.change_log.study import ChangeLogPlan, change_log

FIRST = Month.of("2021-01")
N, AT, INCIDENT, COUNTED, HOLE, GAP = 48, 33, 6, 18, 27, 11
LEFT_OUT = (AT - 1, INCIDENT, COUNTED, HOLE, GAP)
PART = 0.01  # of the unit: the figure is a share, in hundredths
Floats = Any


def made() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(42)
    month, errors = np.arange(N), np.zeros(N)
    for place in range(N):
        errors[place] = rng.normal() + (0.5 * errors[place - 1] if place else 0.0)
    shared = rng.normal(0, 1.5, N)
    wave = 2 * np.cos(2 * np.pi * month / 12)
    values = 60 + 0.1 * month + wave + shared + errors + 4 * (month > COUNTED)
    values += (month >= AT) * (-5 + 0.3 * (month - AT))
    values[INCIDENT] += 25
    values[AT - 1] -= 2
    values[COUNTED] += 1
    values[HOLE] = np.nan
    control = 40 + shared + rng.normal(0, 0.5, N)
    control[GAP] = np.nan
    return values * PART, control


def monthly(values: Floats, name: str, unit: str) -> MonthlySeries:
    held = tuple(None if np.isnan(value) else float(value) for value in values)
    months = tuple(FIRST.plus(number) for number in range(N))
    return MonthlySeries(metric=name, unit=unit, months=months, values=held, states=("locked",) * N)


def row(name: str, place: int, day: int, kind: str) -> dict[str, Any]:
    on = FIRST.plus(place).first_day + timedelta(days=day - 1)
    moment = datetime(on.year, on.month, on.day)
    return {"change_id": name, "effective_from": moment, "kind": kind, "description": "", "recorded_at": moment}


@pytest.fixture(scope="module")
def found() -> ChangeLogResult:
    values, control = made()
    rows = [row("CH1", AT - 1, 10, "tool"), row("I", INCIDENT, 3, "incident"), row("M", COUNTED, 12, "measurement")]
    held = {"figure": monthly(values, "figure", "share"), "control": monthly(control, "control", "index")}
    plan = ChangeLogPlan(metrics=("figure",), control={"figure": "control"}, after_months=15)
    return change_log(held, rows, plan)


class Dense:
    """Restricted likelihood, coefficients and their spread at every rho of an even grid, from the kept rows alone."""

    def __init__(self) -> None:
        values, control = made()
        month = np.arange(N)
        after = (month >= AT).astype(float)
        angle = 2 * np.pi * (month % 12) / 12
        waves = [wave(turn * angle) for turn in (1, 2) for wave in (np.cos, np.sin)]
        control = control - np.nanmean(control)
        self.design = np.column_stack(
            [np.ones(N), month, after, after * (month - AT), control, (month > COUNTED).astype(float), *waves]
        )
        kept = np.setdiff1d(month, LEFT_OUT)
        design, outcome = self.design[kept], values[kept]
        n, k = design.shape
        self.freedom = n - k
        self.rhos = np.linspace(-0.99, 0.99, 397)
        far = np.abs(kept[:, None] - kept)
        log, self.centres, self.covariances = [], [], []
        for rho in self.rhos:
            correlation = (np.sign(rho) ** far) * np.abs(rho) ** far if rho else np.eye(n)
            inverse = np.linalg.inv(correlation)
            inner = design.T @ inverse @ design
            coefficients = np.linalg.solve(inner, design.T @ inverse @ outcome)
            rest = outcome - design @ coefficients
            left = float(rest @ inverse @ rest)
            log.append(-((n - k) * np.log(left) + np.linalg.slogdet(correlation)[1] + np.linalg.slogdet(inner)[1]) / 2)
            self.centres.append(coefficients)
            self.covariances.append(left / (n - k) * np.linalg.inv(inner))
        self.best = int(np.argmax(log))
        share = np.exp(np.array(log) - max(log))
        self.share = share / share.sum()

    def parts(self, weights: Floats) -> tuple[Floats, Floats]:
        centres = np.array([weights @ one for one in self.centres])
        return centres, np.sqrt([weights @ one @ weights for one in self.covariances])

    def below(self, weights: Floats, value: float) -> float:
        centres, spread = self.parts(weights)
        return float(self.share @ special.stdtr(self.freedom, (value - centres) / spread))

    def interval(self, weights: Floats) -> tuple[float, float, float]:
        centres, spread = self.parts(weights)
        wide = 60 * spread.max()
        low, high = (
            optimize.brentq(lambda x, part=part: self.below(weights, x) - part, -wide, wide) for part in (0.025, 0.975)
        )
        return float(centres[self.best]), low, high


@pytest.fixture(scope="module")
def dense() -> Dense:
    return Dense()


@pytest.mark.parametrize(("place", "term"), [(0, 2), (1, 3)])
def test_step_and_turn_with_their_intervals_and_p_values(
    found: ChangeLogResult, dense: Dense, place: int, term: int
) -> None:
    """The grid of rho is the only difference: 1 % of the interval's width, which holds what was planted."""
    planted = (-5 * PART, 0.3 * PART)[place]
    effect = found.effects[place]
    assert effect.estimate is not None
    weights = np.eye(dense.design.shape[1])[term]
    value, low, high = dense.interval(weights)
    assert [effect.estimate.value, effect.estimate.low, effect.estimate.high] == pytest.approx(
        [value, low, high], abs=0.01 * (high - low)
    )
    assert effect.estimate.low < planted < effect.estimate.high
    assert effect.comparison == "control"
    assert (effect.estimate.n_comparison, effect.estimate.n_treated) == (28, 15)
    below = dense.below(weights, 0.0)
    by_hand = 2 * min(below, 1 - below)
    if place == 0:  # the step's own p-value stands beside the made-up dates
        true = found.placebo[~found.placebo["made_up"].astype(bool)].iloc[0]
        assert true["p_value"] == pytest.approx(by_hand, rel=0.05)


def test_the_path_without_the_change_and_its_interval(found: ChangeLogResult, dense: Dense) -> None:
    """Season, control and the change of counting are in it; step and turn are not. 15 months after the change."""
    rows = found.series.set_index("month")
    for months_after in (0, 7, 14):
        weights = dense.design[AT + months_after].copy()
        weights[[2, 3]] = 0
        value, low, high = dense.interval(weights)
        here = rows.loc[str(FIRST.plus(AT + months_after))]
        assert [here["without"], here["without_low"], here["without_high"]] == pytest.approx(
            [value, low, high], abs=0.01 * (high - low)
        )
    assert rows["without_low"].isna().sum() == AT - 1


def test_the_difference_of_the_lines_is_step_and_months_times_turn(found: ChangeLogResult) -> None:
    rows = found.series.set_index("month")
    step, turn = (one.estimate.value for one in found.effects if one.estimate is not None)
    for months_after in (0, 5, 14):
        here = rows.loc[str(FIRST.plus(AT + months_after))]
        assert here["fitted"] - here["without"] == pytest.approx(step + months_after * turn, abs=1e-12)


def test_what_each_month_is_to_the_line(found: ChangeLogResult) -> None:
    parts = found.series["part"].to_numpy()
    assert [place for place in range(N) if parts[place] == "partly"] == [COUNTED, AT - 1]
    assert [place for place in range(N) if parts[place] == "incident"] == [INCIDENT]
    assert np.isnan(found.series["fitted"][[COUNTED, AT - 1]]).all()
