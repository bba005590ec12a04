"""Rosenbaum's bounds for pairs: StatsPAI's answers, the book's, enumeration, cases by hand, laws, bad input."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, norm, rankdata

from analysis.foundation.errors import DesignError
from analysis.inference.rosenbaum import critical_gamma, mcnemar_p, shift_bounds, signed_rank_p

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/rosenbaum/statspai.json").read_text("utf-8"))
GAMMAS = GOLDEN["gammas"]
PAIRS = GOLDEN["pairs"]


@pytest.mark.parametrize("name", ["lead", "tied"])
def test_signed_ranks_as_another_package_has_them(name: str) -> None:
    differences = PAIRS[name]["differences"]
    for answer in PAIRS[name]["answers"]:
        ours = [signed_rank_p(differences, gamma, alternative=answer["alternative"]) for gamma in GAMMAS]
        np.testing.assert_allclose(ours, answer["p"], rtol=0, atol=1e-12)
    [shifts] = [answer["shifts"] for answer in PAIRS[name]["answers"] if "shifts" in answer]
    for i, gamma in enumerate(GAMMAS):
        found = shift_bounds(differences, gamma)
        assert found.estimate.low == pytest.approx(shifts["hl_lower"][i], abs=1e-9)
        assert found.estimate.high == pytest.approx(shifts["hl_upper"][i], abs=1e-9)
        assert found.interval.low == pytest.approx(shifts["ci_lower"][i], abs=1e-9)
        assert found.interval.high == pytest.approx(shifts["ci_upper"][i], abs=1e-9)


def test_the_book() -> None:
    """Rosenbaum (2002), section 4.3: lead in children's blood."""
    lead = PAIRS["lead"]["differences"]
    assert [round(signed_rank_p(lead, gamma), 4) for gamma in (4.25, 5)] == [0.0468, 0.074]
    crossing = critical_gamma(lambda gamma: signed_rank_p(lead, gamma))
    assert crossing is not None
    assert signed_rank_p(lead, crossing) <= 0.05 < signed_rank_p(lead, crossing + 1e-6)


def test_mcnemar_as_another_package_has_it() -> None:
    for row in GOLDEN["signs"]:
        for answer in row["answers"]:
            ours = [
                mcnemar_p(row["treated_only"], row["comparison_only"], gamma, alternative=answer["alternative"])
                for gamma in GAMMAS
            ]
            np.testing.assert_allclose(ours, answer["p"], rtol=0, atol=1e-12)


def test_by_hand() -> None:
    """Three of three pairs: (gamma / (1 + gamma)) ** 3, and so for ranks that are all positive. Then 31 equal pairs:

    their mid-rank is 16 each; with 20 positive T = 320, E = 248, variance 31 * 256 / 4 = 1984.
    """
    assert mcnemar_p(3, 0) == pytest.approx(1 / 8)
    assert mcnemar_p(3, 0, gamma=3.0) == pytest.approx(27 / 64)
    assert mcnemar_p(0, 3, gamma=3.0) == 1.0
    assert signed_rank_p([0.1, 5.0, 2.0], gamma=3.0) == pytest.approx(27 / 64)
    assert signed_rank_p([1.0] * 20 + [-1.0] * 11) == pytest.approx(norm.sf(72 / math.sqrt(1984)))


@pytest.mark.parametrize("gamma", [1.0, 1.7, 3.0])
def test_every_assignment_counted(gamma: float) -> None:
    """All 2 ** 12 signs of 12 pairs, each with its chance under the worst bias."""
    differences = np.array([3.1, -0.4, 2.2, 0.9, 4.0, -1.5, 2.2, 1.1, 0.3, 5.2, 3.6, -2.2])
    ranks = rankdata(np.abs(differences))
    chance = gamma / (1 + gamma)
    seen = ranks[differences > 0].sum()
    exact = sum(
        math.prod(chance if up else 1 - chance for up in signs)
        for signs in itertools.product([False, True], repeat=12)
        if ranks[list(signs)].sum() >= seen
    )
    assert signed_rank_p(differences, gamma) == pytest.approx(exact, abs=1e-12)
    assert mcnemar_p(9, 3, gamma) == pytest.approx(binom.sf(8, 12, chance), abs=1e-12)


def test_walsh_averages_are_the_second_road_to_the_shift() -> None:
    differences = np.random.default_rng(3).normal(1.0, 2.0, size=60)
    averages = [(a + b) / 2 for a, b in itertools.combinations_with_replacement(differences, 2)]
    found = shift_bounds(differences, 1.0)
    assert found.estimate.low == pytest.approx(float(np.median(averages)), abs=1e-9)
    assert found.estimate.high == pytest.approx(found.estimate.low, abs=1e-9)


def test_a_planted_bias_is_what_it_takes() -> None:
    """Pairs where the treated have the larger outcome with odds 2 by bias alone: at gamma 2, 5 % of worlds pass."""
    rng = np.random.default_rng(7)
    found = {1.0: 0, 2.0: 0}
    for _ in range(1000):
        size = np.abs(rng.normal(size=200))
        differences = np.where(rng.uniform(size=200) < 2 / 3, size, -size)
        for gamma in found:
            found[gamma] += signed_rank_p(differences, gamma) <= 0.05
    assert found[1.0] > 950
    assert 30 <= found[2.0] <= 72


def test_laws() -> None:
    """More bias, larger p and wider sets; turning the signs round swaps sides; scale and order do not matter."""
    differences = np.random.default_rng(5).normal(0.6, 1.0, size=90)
    ps = [signed_rank_p(differences, gamma) for gamma in GAMMAS]
    assert ps == sorted(ps)
    assert signed_rank_p(-differences, 2.0, alternative="less") == signed_rank_p(differences, 2.0)
    assert signed_rank_p(1e6 * differences[::-1], 2.0) == pytest.approx(signed_rank_p(differences, 2.0), abs=1e-15)
    assert mcnemar_p(5, 20, 1.5, alternative="less") == mcnemar_p(20, 5, 1.5)
    sets = [shift_bounds(differences, gamma) for gamma in GAMMAS]
    for narrow, wide in itertools.pairwise(sets):
        assert wide.estimate.low <= narrow.estimate.low <= narrow.estimate.high <= wide.estimate.high
        assert wide.interval.low <= narrow.interval.low
        assert narrow.interval.high <= wide.interval.high
    doubled = shift_bounds(2 * differences, 2.0)
    assert doubled.interval.low == pytest.approx(2 * sets[3].interval.low, abs=1e-9)
    moved = shift_bounds(differences + 10, 2.0)
    assert moved.estimate.high == pytest.approx(10 + sets[3].estimate.high, abs=1e-9)
    for one in sets:
        assert one.interval.low <= one.estimate.low <= one.estimate.high <= one.interval.high


def test_exact_and_normal_meet() -> None:
    """30 pairs are exact, 31 normal: one more pair, of the smallest rank, moves p little (0.012 here, no

    correction being made for the steps of the sum)."""
    differences = np.random.default_rng(11).normal(0.4, 1.0, size=30)
    more = [*differences, 1e-6]
    for gamma in (1.0, 1.5):
        assert signed_rank_p(more, gamma) == pytest.approx(signed_rank_p(differences, gamma), abs=0.015)


def test_critical_gamma_without_and_beyond() -> None:
    assert critical_gamma(lambda gamma: 0.2) is None
    assert critical_gamma(lambda gamma: 0.01) == math.inf
    assert critical_gamma(lambda gamma: 0.05 if gamma <= 3.3 else 0.06) == pytest.approx(3.3, rel=1e-8)
    with pytest.raises(ValueError, match="A level lies"):
        critical_gamma(lambda gamma: 0.5, level=5)


def test_bad_input() -> None:
    with pytest.raises(DesignError, match="2 of 3 pairs have no difference"):
        signed_rank_p([1.0, np.nan, np.inf])
    with pytest.raises(DesignError, match="None of 2 pairs has a difference other than 0"):
        shift_bounds([0.0, 0.0], 1.0)
    with pytest.raises(DesignError, match="In no pair"):
        mcnemar_p(0, 0)
    with pytest.raises(ValueError, match="not negative"):
        mcnemar_p(-1, 2)
    with pytest.raises(ValueError, match=r"from 1 on, not 0\.5"):
        signed_rank_p([1.0], gamma=0.5)
    with pytest.raises(ValueError, match="The alternative is"):
        signed_rank_p([1.0], alternative="higher")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="A level lies"):
        shift_bounds([1.0], 1.0, level=0.1)
    with pytest.raises(ValueError, match="one difference"):
        signed_rank_p([[1.0]])
