"""Robust sets on a second road: the linear programs of Andrews, Roth and Pakes as they stand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import multivariate_normal, norm

from analysis.inference.honest_arp import least_favourable, parts, rejected
from tests.inference.honest_studies import (
    GAPPED,
    MEAN,
    Floats,
    like_ours,
)


def moments(offsets: Floats, n_pre: int, mbar: float) -> list[tuple[Floats, Floats]]:
    """For each part: its moments as rows on the coefficients, and the change that is the largest in it."""
    n = len(offsets)
    place = [*range(n_pre), -1, *range(n_pre, n)]
    levels = np.array([np.zeros(n) if j < 0 else np.eye(n)[j] for j in place])
    months = np.array([0.0 if j < 0 else offsets[j] for j in place])
    steps, gaps = np.diff(levels, axis=0), np.diff(months)
    found = []
    for sign in (1, -1):
        for s in range(n_pre):
            most = sign * steps[s] / gaps[s]
            found.append(
                (
                    np.vstack([side * steps[i] - mbar * gaps[i] * most for i in range(n_pre, n) for side in (1, -1)]),
                    most,
                )
            )
    return found


def program(y: Floats, rows_post: Floats, weights: Floats, sd: Floats) -> tuple[float, Floats]:
    """max g'y over g >= 0 with g'sd = 1, blind to every change of the effects that leaves weights'effects as it is."""
    keep = np.linalg.svd(weights[None, :])[2][1:]  # directions of the effects that do not move their weighted sum
    found = linprog(
        -y,
        A_eq=np.vstack([sd, keep @ rows_post.T]),
        b_eq=[1.0, *np.zeros(len(keep))],
        bounds=(0, None),
        method="highs-ds",
    )
    assert found.status == 0
    return -found.fun, found.x


def decided_by_programs(
    y: Floats, rows_post: Floats, weights: Floats, spread: Floats, ceiling: float, alpha: float
) -> bool:
    """Andrews, Roth and Pakes (2023), the conditional hybrid test, cut points found by bisection on the program."""
    sd = np.sqrt(np.diag(spread))
    eta, dual = program(y, rows_post, weights, sd)
    if eta > ceiling:
        return True
    if eta <= 0:
        return False
    variance = dual @ spread @ dual
    slope = spread @ dual / variance
    rest = y - slope * eta

    def stays(v: float) -> bool:
        return program(rest + slope * v, rows_post, weights, sd)[0] <= v + 1e-9

    def cut(far: float) -> float:
        if stays(far):
            return far
        inside, outside = eta, far
        for _ in range(26):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if stays(middle) else (inside, middle)
        return inside

    scale = math.sqrt(variance)
    low, high = cut(eta - 40), min(cut(eta + 40), ceiling)
    tail = (norm.sf(eta / scale) - norm.sf(high / scale)) / (norm.sf(low / scale) - norm.sf(high / scale))
    return bool(tail < 0.9 * alpha / (1 - 0.1 * alpha))


@pytest.mark.parametrize("weights", [MEAN, np.array([1.0, 0, 0, 0, 0, 0]), np.array([1.0, -1, 0, 0.5, 0, 0])])
def test_the_corners_are_those_of_the_linear_program(weights: Floats) -> None:
    """Over random coefficients, the largest corner is the optimum of the program, part by part."""
    random = np.random.default_rng(7)
    offsets, spread = np.array(GAPPED) + 2, random.normal(size=(10, 10))
    covariance = spread @ spread.T / 100 + 0.01 * np.eye(10)
    rows_by_part = moments(offsets.astype(float), 4, 0.7)
    for _ in range(4):
        beta = random.multivariate_normal(np.zeros(10), covariance)
        value = float(random.normal())
        for (rows, change), part in zip(rows_by_part, parts(beta, covariance, offsets, 4, weights, 0.7), strict=True):
            shift = weights * value / (weights @ weights)  # any effects with that weighted sum
            y = rows @ beta - rows[:, 4:] @ shift
            eta, _ = program(y, rows[:, 4:], weights, np.sqrt(np.diag(rows @ covariance @ rows.T)))
            distance = float(weights @ beta[4:]) - value
            corners = part.corners[:, 0] * distance + part.corners[:, 1] * part.change
            assert corners.max() == pytest.approx(eta, abs=1e-9)
            assert part.change == pytest.approx(float(change @ beta))


def test_the_test_decides_as_the_linear_programs_do() -> None:
    """The same values kept, near the ends of the set and far from them, with truncation on both sides."""
    random = np.random.default_rng(11)
    offsets = np.array(GAPPED) + 2
    covariance = like_ours(0.03)
    beta = np.concatenate([[0.02, 0.05, 0.03, 0.01], 0.08 + 0.02 * random.normal(size=6)])
    found, decisions = parts(beta, covariance, offsets, 4, MEAN, 0.5), 0
    rows_by_part = moments(offsets.astype(float), 4, 0.5)
    for place in (0, 2, 5):
        part, rows = found[place], rows_by_part[place][0]
        ceiling = least_favourable(part, 0.005)
        spread = rows @ covariance @ rows.T
        distances = np.array([-0.3, -0.2, -0.1, 0.0, 0.08, 0.16, 0.24])
        ours = rejected(part, distances, ceiling, 0.05)
        for distance, reject in zip(distances, ours, strict=True):
            value = float(MEAN @ beta[4:]) - distance
            y = rows @ beta - rows[:, 4:] @ np.full(6, value)
            assert decided_by_programs(y, rows[:, 4:], MEAN, spread, ceiling, 0.05) == reject
            decisions += int(reject)
    assert 5 < decisions < 16  # both verdicts were seen


def test_the_least_favourable_value_against_draws() -> None:
    """400,000 draws of the corners: the share above the value is 0.5 %, within four binomial errors."""
    covariance = like_ours()
    for part in parts(np.zeros(10), covariance, np.array(GAPPED) + 2, 4, MEAN, 0.5)[:2]:
        draws = multivariate_normal(cov=part.covariance, seed=3).rvs(400_000)
        above = (draws @ part.corners.T).max(axis=1) > least_favourable(part, 0.005)
        assert above.mean() == pytest.approx(0.005, abs=4 * math.sqrt(0.005 * 0.995 / 400_000))


def test_a_gap_counts_as_the_months_it_is() -> None:
    """A drift free in every month, its change at most B: the furthest it gets by +1 is 3 B from -2, for the mean 5.5 B.

    Linear program over all months -2 to 6, the months -1 and 0 without a coefficient among them.
    """
    bound, months = 0.01, np.arange(9)
    steps = np.diff(np.eye(9), axis=0)
    for weights, expected in ((np.eye(6)[0], 3.0), (MEAN, 5.5)):
        objective = np.concatenate([np.zeros(3), weights])
        found = linprog(
            -objective,
            A_ub=np.vstack([steps, -steps]),
            b_ub=np.full(16, bound),
            A_eq=(months == 0).astype(float)[None, :],
            b_eq=[0.0],
            bounds=(None, None),
        )
        assert -found.fun == pytest.approx(expected * bound)
        part = parts(np.zeros(10), like_ours(), np.array(GAPPED) + 2, 4, weights, 1.0)[0]
        assert -part.corners[0, 1] / part.corners[0, 0] == pytest.approx(expected)
