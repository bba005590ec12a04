"""Shares from a classifier: by hand, against the published formulas, and in worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.inference import prevalence
from analysis.inference.prevalence import (
    Confusion,
    NoDistinction,
    nearest_shares,
    powered_shares,
    rogan_gladen,
)


def corrected_shares(confusion, guessed, **more):
    return prevalence.corrected_shares(confusion, guessed, generator=np.random.default_rng(3), **more)


RATES = np.array(
    [[0.80, 0.10, 0.06, 0.04], [0.15, 0.70, 0.05, 0.10], [0.05, 0.05, 0.80, 0.10], [0.10, 0.10, 0.20, 0.60]]
)


def guesses(generator: np.random.Generator, kinds, rates=RATES):
    """A guess for each true kind, drawn from its row."""
    return (generator.random(kinds.size)[:, None] > np.cumsum(rates, axis=1)[kinds]).sum(axis=1)


def alone(counts) -> Confusion:
    counts = np.asarray(counts)
    return Confusion(counts, np.diag(counts.ravel().astype(float)), int(counts.sum()))


def test_the_published_formula() -> None:
    """q = 0.3 with sensitivity 0.8 and specificity 0.95: (0.3 - 0.05) / 0.75 = 1/3."""
    assert rogan_gladen(0.3, 0.8, 0.95) == pytest.approx(1 / 3)
    both = corrected_shares(alone([[80, 20], [5, 95]]), [300, 700])
    np.testing.assert_allclose(both.shares, [1 / 3, 2 / 3], atol=1e-12)


def test_the_published_variance() -> None:
    """Rogan and Gladen: q(1-q) / (N J²) + (p² se(1-se)/n1 + (1-p)² sp(1-sp)/n0) / J², for the source of the cases.

    With n1 = n0 = 10,000 and N = 100,000: (2.1e-6 + (1/9 x 1.6e-5 + 4/9 x 4.75e-6)) / 0.5625. Draws agree within their
    own error, 2 % at 4,000.
    """
    found = corrected_shares(alone([[8000, 2000], [500, 9500]]), [30_000, 70_000], target="source")
    expected = np.sqrt((2.1e-6 + 1 / 9 * 1.6e-5 + 4 / 9 * 4.75e-6) / 0.5625)
    assert (found.high[0] - found.low[0]) / (2 * 1.959964) == pytest.approx(expected, rel=0.05)


def test_the_shares_of_these_cases_are_known_better_than_those_of_their_source() -> None:
    seen = alone([[9000, 1000], [500, 9500]])
    these, source = (corrected_shares(seen, [30, 70], target=target) for target in ("these", "source"))
    assert np.all(source.high - source.low > these.high - these.low)


def test_several_kinds_by_hand() -> None:
    """Three kinds; a third of the first is taken for the second: 20 of 30 guessed remain of the first."""
    found = corrected_shares(alone([[40, 20, 0], [0, 60, 0], [0, 0, 60]]), [200, 500, 300])
    np.testing.assert_allclose(found.shares, [0.3, 0.4, 0.3], atol=1e-12)
    np.testing.assert_allclose(found.naive, [0.2, 0.5, 0.3], atol=1e-12)


def test_truth_comes_back_and_the_interval_covers_it() -> None:
    """600 worlds: 800 held out at even shares, 3,000 unknown at uneven ones. Errors of 20 to 40 % a kind.

    The mean of the corrected shares is the truth within Monte Carlo error, the guessed shares are off by 5 points and
    more, and the 95 % interval holds each true share of these very cases in 93 to 97 % of worlds (standard error 0.9).
    """
    generator = np.random.default_rng(5)
    truth = np.array([0.15, 0.25, 0.10, 0.50])
    naive, corrected, held = [], [], []
    for _ in range(600):
        known = generator.integers(0, 4, 800)
        unknown = generator.choice(4, 3000, p=truth)
        realised = np.bincount(unknown, minlength=4) / 3000
        confusion = Confusion.of(known, guesses(generator, known), kinds=4)
        found = corrected_shares(confusion, np.bincount(guesses(generator, unknown), minlength=4))
        naive.append(found.naive - realised)
        corrected.append(found.shares - realised)
        held.append((found.low <= realised) & (realised <= found.high))
    bias, error = np.mean(corrected, axis=0), np.std(corrected, axis=0) / np.sqrt(600)
    assert np.all(np.abs(bias) < 4 * error + 0.001)  # second order of the inverse: below a tenth of a point
    assert np.max(np.abs(np.mean(naive, axis=0))) > 0.05
    coverage = np.mean(held, axis=0)
    assert np.all((coverage >= 0.925) & (coverage <= 0.98)), coverage


def test_a_random_sample_of_the_month_corrects_without_a_matrix() -> None:
    """600 worlds: 400 of 3,400 known, drawn at random. Unbiased, and covering what it says, with any errors at all."""
    generator = np.random.default_rng(6)
    truth = np.array([0.15, 0.25, 0.10, 0.50])
    off, held = [], []
    for _ in range(600):
        kinds = generator.choice(4, 3400, p=truth)
        said = guesses(generator, kinds, np.roll(RATES, 1, axis=1))
        realised = np.bincount(kinds[400:], minlength=4) / 3000
        found = powered_shares(Confusion.of(kinds[:400], said[:400], kinds=4), np.bincount(said[400:], minlength=4))
        off.append(found.shares - realised)
        held.append((found.low <= realised) & (realised <= found.high))
    assert np.all(np.abs(np.mean(off, axis=0)) < 4 * np.std(off, axis=0) / np.sqrt(600))
    coverage = np.mean(held, axis=0)
    assert np.all((coverage >= 0.925) & (coverage <= 0.98)), coverage


def test_cases_that_go_together_widen_the_interval() -> None:
    """Each held-out case ten times over is worth no more than once; taken as independent it would cover too little."""
    generator = np.random.default_rng(7)
    held = {"grouped": 0, "alone": 0}
    for _ in range(300):
        known = generator.integers(0, 2, 150)
        said = guesses(generator, known, np.array([[0.8, 0.2], [0.3, 0.7]]))
        unknown = (generator.random(5000) < 0.3).astype(int)
        counts = np.bincount(guesses(generator, unknown, np.array([[0.8, 0.2], [0.3, 0.7]])), minlength=2)
        group = np.repeat(np.arange(150), 10)
        for name, of in (("grouped", group), ("alone", None)):
            confusion = Confusion.of(np.repeat(known, 10), np.repeat(said, 10), kinds=2, group=of)
            found = corrected_shares(confusion, counts)
            held[name] += found.low[1] <= unknown.mean() <= found.high[1]
    assert held["grouped"] >= 0.92 * 300
    assert held["alone"] < 0.7 * 300


def test_copies_of_one_text_widen_it_too() -> None:
    once = corrected_shares(alone([[80, 20], [5, 95]]), [300, 700])
    often = corrected_shares(alone([[80, 20], [5, 95]]), [300, 700], copies=50.0)
    np.testing.assert_allclose(often.shares, once.shares)
    assert np.all(often.high - often.low > once.high - once.low)


def test_a_classifier_that_says_nothing_is_refused() -> None:
    with pytest.raises(NoDistinction, match="guessed alike"):
        corrected_shares(alone([[50, 50], [48, 52]]), [300, 700])
    with pytest.raises(NoDistinction, match="chance"):
        rogan_gladen(0.5, 0.5, 0.5)


def test_chance_is_refused_and_skill_is_not() -> None:
    """Size and power: of 300 classifiers by chance nearly none passes, of 300 with 70 % right each does."""
    generator = np.random.default_rng(8)

    def passes(rates) -> bool:
        known = generator.integers(0, 4, 400)
        try:
            corrected_shares(Confusion.of(known, guesses(generator, known, rates), kinds=4), [1, 1, 1, 1])
        except NoDistinction:
            return False
        return True

    assert sum(passes(np.full((4, 4), 0.25)) for _ in range(300)) <= 1
    assert all(passes(RATES) for _ in range(300))


@given(st.permutations(range(4)), st.integers(0, 2**32 - 1))
def test_the_order_of_kinds_does_not_matter(order, seed) -> None:
    generator = np.random.default_rng(seed)
    known = generator.integers(0, 4, 1000)
    said = guesses(generator, known)
    counts = generator.multinomial(500, [0.1, 0.2, 0.3, 0.4])
    place = np.argsort(order)
    one = corrected_shares(Confusion.of(known, said, kinds=4), counts)
    other = corrected_shares(Confusion.of(place[known], place[said], kinds=4), counts[list(order)])
    np.testing.assert_allclose(other.shares, one.shares[list(order)], atol=1e-9)
    for name in ("low", "high"):  # draws: within their own error
        np.testing.assert_allclose(getattr(other, name), getattr(one, name)[list(order)], atol=0.02)


@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
def test_shares_make_one_and_lie_in_their_intervals(seed, cases) -> None:
    generator = np.random.default_rng(seed)
    known = generator.integers(0, 4, 1000)
    confusion = Confusion.of(known, guesses(generator, known), kinds=4)
    counts = generator.multinomial(cases, generator.dirichlet([0.3] * 4))
    for found in (corrected_shares(confusion, counts), powered_shares(confusion, counts)):
        assert found.shares.sum() == pytest.approx(1.0, abs=1e-12)
        assert np.all((found.low >= 0) & (found.low <= found.shares))
        assert np.all((found.high <= 1) & (found.shares <= found.high))


def test_a_classifier_without_error_changes_nothing() -> None:
    found = corrected_shares(alone(np.diag([100, 100, 100])), [10, 20, 70])
    np.testing.assert_allclose(found.shares, found.naive, atol=1e-12)


@pytest.mark.parametrize("mistaken", [0.01, 0.05])
def test_rare_errors_are_not_taken_for_none(mistaken) -> None:
    """60 held out of each kind, 1 % or 5 % mistaken: most worlds show no error at all, or too few. 400 worlds each.

    The interval holds the true share in 92 % at least (the delta method in 86 % at 5 %).
    """
    generator = np.random.default_rng(9)
    rates = np.array([[1 - mistaken, mistaken], [mistaken, 1 - mistaken]])
    held = 0
    for _ in range(400):
        known = np.repeat([0, 1], 60)
        confusion = Confusion.of(known, guesses(generator, known, rates), kinds=2)
        unknown = (generator.random(2000) < 0.1).astype(int)
        found = corrected_shares(confusion, np.bincount(guesses(generator, unknown, rates), minlength=2))
        held += found.low[1] <= unknown.mean() <= found.high[1]
    assert held >= 0.92 * 400


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=6))
def test_the_nearest_shares_are_shares_and_none_is_nearer(values) -> None:
    given_values = np.array(values)
    found = nearest_shares(given_values)
    assert found.sum() == pytest.approx(1.0)
    assert found.min() >= 0
    # On the simplex the nearest point is the one from which no corner lies in the direction of what was given.
    for corner in np.eye(given_values.size):
        assert (given_values - found) @ (corner - found) <= 1e-9


def test_accuracy_has_wilsons_interval() -> None:
    """86 of 100: Wilson's 95 % interval is 0.7786 to 0.9147 (score interval, worked out by its formula)."""
    low, high = alone([[43, 7], [7, 43]]).accuracy_interval()
    z = 1.959964
    middle, reach = (0.86 + z**2 / 200) / (1 + z**2 / 100), z / (1 + z**2 / 100) * np.sqrt(0.001204 + z**2 / 40000)
    assert (low, high) == pytest.approx((middle - reach, middle + reach), abs=2e-3)  # 99 for 100 in our variance
    perfect = alone([[50, 0], [0, 50]]).accuracy_interval()
    assert perfect[1] == 1.0
    assert 0.95 < perfect[0] < 0.97


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: Confusion.of([0, 1], [0], kinds=2), "true kind and a guess"),
        (lambda: Confusion.of([0, 2], [0, 1], kinds=2), "from 0 to 1"),
        (lambda: corrected_shares(alone([[5, 0], [0, 0]]), [1, 1]), "held out"),
        (lambda: corrected_shares(alone([[50, 0], [0, 50]]), [0, 0]), "no case of unknown"),
        (lambda: corrected_shares(alone([[50, 0], [0, 50]]), [1, 1, 1]), "one count"),
        (lambda: powered_shares(alone([[0, 0], [0, 0]]), [1, 1]), "no case of known"),
    ],
)
def test_unsound_cases_are_refused(work, words) -> None:
    with pytest.raises(ValueError, match=words):
        work()
