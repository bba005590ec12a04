"""Rosenbaum's bounds within strata: StatsPAI's answers, enumeration, known tests, laws, bad input."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from analysis.foundation.errors import DesignError
from analysis.inference.rosenbaum import critical_gamma
from analysis.inference.rosenbaum_strata import strata_p

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/rosenbaum/statspai.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["amounts", "bought"])
def test_as_another_package_has_it(name: str) -> None:
    panel = GOLDEN["strata"][name]

    def ours(answer: dict[str, object], gamma: float) -> float:
        return strata_p(
            panel["y"], panel["z"], panel["s"], gamma,
            alternative=answer["alternative"], scores=answer["scores"],  # type: ignore[arg-type]
        )  # fmt: skip

    for answer in panel["answers"]:
        found = [ours(answer, gamma) for gamma in GOLDEN["gammas"]]
        np.testing.assert_allclose(found, answer["pvalue"], rtol=0, atol=1e-12)
        crossing = critical_gamma(lambda gamma, answer=answer: ours(answer, gamma))  # type: ignore[misc]
        assert (crossing or 1.0) == pytest.approx(answer["critical"], rel=1e-6)


@pytest.mark.parametrize("gamma", [1.0, 2.0, 4.0])
def test_every_hidden_cause_and_assignment_counted(gamma: float) -> None:
    """One stratum of six with two treated: of all 2 ** 6 hidden causes the worst has the largest mean, and is taken."""
    scores = np.array([0.5, 3.0, 1.0, 7.0, 2.0, 7.0])
    treated = np.array([False, True, False, True, False, False])
    choices = list(itertools.combinations(range(6), 2))
    worst = (-math.inf, 0.0)
    for cause in itertools.product([0, 1], repeat=6):
        weight = np.array([gamma ** (cause[a] + cause[b]) for a, b in choices])
        weight /= weight.sum()
        sums = np.array([scores[a] + scores[b] for a, b in choices])
        mean = float(weight @ sums)
        worst = max(worst, (round(mean, 12), float(weight @ (sums - mean) ** 2)))
    expected = norm.sf((scores[treated].sum() - worst[0]) / math.sqrt(worst[1]))
    assert strata_p(scores, treated, np.zeros(6), gamma, scores="raw") == pytest.approx(expected, abs=1e-10)


def test_known_tests_at_gamma_1() -> None:
    """One stratum: Wilcoxon's rank sum with ties. Many two by two tables: Mantel and Haenszel without correction."""
    rng = np.random.default_rng(1)
    y, z = np.round(rng.normal(size=80), 1), np.arange(80) < 30
    ranks = rankdata(y)
    spread = 30 * 50 / 80 * ranks.var(ddof=1)
    expected = norm.sf((ranks[z].sum() - 30 * ranks.mean()) / math.sqrt(spread))
    assert strata_p(y, z, np.zeros(80)) == pytest.approx(expected, abs=1e-12)
    stratum, bought = rng.integers(0, 5, size=80), rng.integers(0, 2, size=80)
    total = mean = variance = 0.0
    for s in range(5):
        n, m, r = (int(one[stratum == s].sum()) for one in (np.ones(80), z, bought))
        total += bought[(stratum == s) & z].sum()
        mean += m * r / n
        variance += m * (n - m) * r * (n - r) / (n * n * (n - 1))
    expected = norm.sf((total - mean) / math.sqrt(variance))
    assert strata_p(bought, z, stratum, scores="raw") == pytest.approx(expected, abs=1e-12)


def test_laws() -> None:
    """More bias, larger p; order, labels, level of a stratum and one-armed strata do not matter; signs swap sides."""
    rng = np.random.default_rng(3)
    stratum = rng.integers(0, 8, size=200)
    z = rng.uniform(size=200) < 0.4
    y = rng.normal(size=200) + 0.5 * z
    ps = [strata_p(y, z, stratum, gamma) for gamma in (1.0, 1.2, 2.0, 5.0)]
    assert ps == sorted(ps)
    order = rng.permutation(200)
    labels = np.array(list("hgfedcba"))[stratum]
    assert strata_p(y[order], z[order], labels[order], 2.0) == pytest.approx(ps[2], abs=1e-13)
    moved = strata_p(np.round(y, 3) + 4.0 * stratum, z, stratum, 2.0)
    assert moved == pytest.approx(strata_p(np.round(y, 3), z, stratum, 2.0), abs=1e-9)
    alone = strata_p([*y, 5.0], [*z, True], [*stratum, 99], 2.0, scores="raw")
    assert alone == pytest.approx(strata_p(y, z, stratum, 2.0, scores="raw"), abs=1e-13)
    assert strata_p(-y, z, stratum, 2.0, alternative="less", scores="raw") == pytest.approx(
        strata_p(y, z, stratum, 2.0, scores="raw"), abs=1e-13
    )
    both = strata_p(y, z, stratum, 1.2, alternative="two-sided")
    assert both == pytest.approx(2 * ps[1], abs=1e-15)


def test_bad_input() -> None:
    with pytest.raises(DesignError, match="1 of 2 outcomes are missing"):
        strata_p([1.0, np.nan], [True, False], [0, 0])
    with pytest.raises(DesignError, match="None of 2 strata holds both"):
        strata_p([1.0, 2.0], [True, False], [0, 1])
    with pytest.raises(DesignError, match="do not differ within any of 1 strata"):
        strata_p([1.0, 1.0], [True, False], [0, 0], scores="raw")
    with pytest.raises(ValueError, match="an outcome, an arm and a stratum"):
        strata_p([1.0], [True, False], [0, 0])
    with pytest.raises(ValueError, match="Scores are"):
        strata_p([1.0, 2.0], [True, False], [0, 0], scores="log")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Gamma is"):
        strata_p([1.0, 2.0], [True, False], [0, 0], 0.9)
