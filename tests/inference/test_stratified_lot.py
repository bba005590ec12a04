"""Sample ratios and associations within strata: other packages' figures, size, power, and counts that tell nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, chisquare
from statsmodels.stats.contingency_tables import StratifiedTable

from analysis.inference.compare import sample_ratio
from analysis.inference.stratified_lot import association_p, sample_ratio_within

ODDS = {"new": {"a": 0.2, "b": 0.3, "control": 0.5}, "old": {"a": 0.6, "b": 0.3, "control": 0.1}}


def test_the_ratio_is_pearsons_of_every_stratum_summed() -> None:
    counts = {"new": {"a": 190, "b": 310, "control": 500}, "old": {"a": 640, "b": 270, "control": 90}}
    found = sample_ratio_within(counts, ODDS)
    parts = [
        chisquare(list(counts[name].values()), [1000 * share for share in ODDS[name].values()]).statistic
        for name in counts
    ]
    assert found.ratio.statistic == pytest.approx(sum(parts), rel=1e-12)
    assert (found.freedom, found.furthest) == (4, "old")
    assert found.ratio.p_value == pytest.approx(chi2.sf(sum(parts), 4), rel=1e-9)
    assert dict(found.ratio.counts) == {"a": 830, "b": 580, "control": 590}
    assert dict(found.ratio.expected) == pytest.approx({"a": 800, "b": 600, "control": 600})


def test_one_stratum_is_the_ratio_that_knows_none() -> None:
    found = sample_ratio_within({None: {"a": 520, "control": 480}}, {None: {"a": 2, "control": 2}})
    assert found.ratio == sample_ratio({"a": 520, "control": 480})


def test_arms_that_were_not_to_be_had_are_none_or_a_fault() -> None:
    odds = {"new": {"a": 0.5, "control": 0.5}, "vip": {"a": 1.0, "control": 0.0}}
    sound = sample_ratio_within({"new": {"a": 50, "control": 50}, "vip": {"a": 40}}, odds)
    assert (sound.ratio.p_value, sound.freedom) == (1.0, 1)
    broken = sample_ratio_within({"new": {"a": 50, "control": 50}, "vip": {"a": 40, "control": 1}}, odds)
    assert (broken.ratio.p_value, broken.furthest) == (0.0, "vip")


def test_size_and_power_with_many_small_strata() -> None:
    """400 lots of 300 strata of five customers, who are told apart only together; then a tenth of an arm is lost."""
    rng = np.random.default_rng(1)
    chances = rng.choice([0.1, 0.3, 0.7], 300)
    odds = {str(place): {"a": p, "control": 1 - p} for place, p in enumerate(chances)}
    small, power = [], []
    for _ in range(400):
        treated = rng.binomial(5, chances)
        lost = rng.binomial(treated, 0.85)
        for found, counts in ((small, treated), (power, lost)):
            table = {
                name: {"a": int(n), "control": int(5 - whole)}
                for name, n, whole in zip(odds, counts, treated, strict=True)
            }
            found.append(sample_ratio_within(table, odds).ratio.p_value)
    assert np.mean(np.array(small) < 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert np.mean(np.array(power) < 0.05) >= 0.5


def test_size_of_the_ratio_with_large_strata() -> None:
    rng = np.random.default_rng(2)
    odds = {str(place): {"a": p, "control": 1 - p} for place, p in enumerate((0.1, 0.5, 0.9))}
    found = []
    for _ in range(2_000):
        counts = {name: int(rng.binomial(400, row["a"])) for name, row in odds.items()}
        table = {name: {"a": n, "control": 400 - n} for name, n in counts.items()}
        found.append(sample_ratio_within(table, odds).ratio.p_value)
    share = np.mean(np.array(found) < 0.05)
    assert abs(share - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / 2_000), share


@pytest.mark.parametrize(
    ("counts", "odds", "words"),
    [
        ({"new": {"a": 5}}, {}, "`new` needs intended shares"),
        ({"new": {"a": 0}}, {"new": {"a": 1.0}}, "needs customers"),
        ({"new": {"a": 5}}, {"new": {"a": 2.0, "b": -1.0}}, "needs intended shares above zero"),
    ],
)
def test_counts_and_shares_that_cannot_be_compared(counts, odds, words) -> None:
    with pytest.raises(ValueError, match=words):
        sample_ratio_within(counts, odds)


def test_the_association_is_that_of_mantel_and_haenszel_for_two_by_two() -> None:
    rng = np.random.default_rng(3)
    tables = rng.integers(1, 40, (6, 2, 2))
    theirs = StratifiedTable([table.astype(float) for table in tables]).test_null_odds(correction=False)
    assert association_p(tables.tolist()) == pytest.approx(theirs.pvalue, rel=1e-9)


def test_one_stratum_is_pearsons_but_for_one_customer() -> None:
    table = np.array([[30, 20, 10], [25, 30, 5], [12, 9, 21]])
    n, expected = table.sum(), np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    pearson = ((table - expected) ** 2 / expected).sum()
    assert association_p([table.tolist()]) == pytest.approx(chi2.sf(pearson * (n - 1) / n, 4), rel=1e-9)


def test_size_where_values_and_odds_both_go_with_the_stratum() -> None:
    """Pooled, every draw would be an association; within strata one in twenty is."""
    rng, found = np.random.default_rng(4), []
    for _ in range(1_000):
        tables = []
        for odds, share in ((0.2, (0.6, 0.3, 0.1)), (0.8, (0.1, 0.3, 0.6))):
            values, treated = rng.choice(3, 200, p=share), rng.random(200) < odds
            tables.append([[int((treated[values == v]).sum()), int((~treated[values == v]).sum())] for v in range(3)])
        found.append(association_p(tables))
    share = np.mean(np.array(found) < 0.05)
    assert abs(share - 0.05) <= 3 * np.sqrt(0.05 * 0.95 / 1_000), share


def test_strata_without_anything_to_tell() -> None:
    assert association_p([[[5, 5], [0, 0]], [[0, 0], [3, 3]]]) == 1.0
    assert association_p([[[1, 0], [0, 0]]]) == 1.0
    with pytest.raises(ValueError, match="same values and arms"):
        association_p([[[1, 2]], [[1, 2], [3, 4]]])
