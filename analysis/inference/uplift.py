"""Who benefits most, and would a ranking of customers by their benefit hold among customers who did not make it?

A ranking is learned from some customers of a randomised test (`learned_benefit`: one model of the outcome for each
group) and judged on others, whom it has never seen (`qini`). The curve says what is gained if only the customers ranked
first are treated; the coefficient is the area between it and treating as many at random. Each customer's own gain is
unknown, so a score stands for it whose mean is the effect, whatever the models are worth. How customers are split, and
what may be said, is left to the studies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.inference.compare import normal_quantile

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

DRAWS = 499
SEED = 20_711
_GRID = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What two models expect of a customer, treated and not, in the unit of the outcome."""

    treated: Floats
    comparison: Floats

    @property
    def benefit(self) -> Floats:
        """The difference of the two: what customers are ranked by."""
        return self.treated - self.comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Qini:
    """What a ranking is worth, per customer of those it was judged on, in the unit of the outcome.

    Parameters
    ----------
    coefficient, low, high, se : float
        Area between the curve and treating as many at random: 0 for a ranking that says nothing.
    total, total_se : float
        The effect of treating all.
    curve : DataFrame
        `share` of customers treated, those ranked first; `gain`, `low`, `high`; `at_random`.
    level : float
    """

    coefficient: float
    low: float
    high: float
    se: float
    total: float
    total_se: float
    curve: pd.DataFrame
    level: float


def learned_benefit(
    features: ArrayLike, treated: ArrayLike, outcome: ArrayLike, of: ArrayLike, *, texts: ArrayLike | None = None
) -> Learned:
    """What do the customers given let one expect of others, treated and not?

    Parameters
    ----------
    features : array of float, shape (n, k)
        Of the customers to learn from, known before the assignment; NaN where unknown, numbers for the values of texts.
    treated : array of bool, shape (n,)
    outcome : array of float, shape (n,)
    of : array of float, shape (m, k)
        The same features of the customers to rank.
    texts : array of bool, shape (k,), optional
        Which features are numbers that stand for texts.

    Source
    ------
    The T-learner: Künzel, Sekhon, Bickel and Yu (2019), PNAS 116. Trees boosted by scikit-learn, small and shrunken.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, treated = rng.uniform(size=(2000, 1)), np.arange(2000) % 2 == 0
    >>> found = learned_benefit(x, treated, x[:, 0] * treated, [[0.1], [0.9]])
    >>> bool(abs(found.benefit - [0.1, 0.9]).max() < 0.1)
    True
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    known, into = np.asarray(features, dtype=np.float64), np.asarray(of, dtype=np.float64)
    reached, value = np.asarray(treated, dtype=bool), np.asarray(outcome, dtype=np.float64)
    expected = []
    for group in (reached, ~reached):
        model = HistGradientBoostingRegressor(
            learning_rate=0.05, max_iter=120, max_leaf_nodes=8, min_samples_leaf=max(20, int(group.sum()) // 200),
            l2_regularization=1.0, early_stopping=False, categorical_features=texts, random_state=0,
        )  # fmt: skip
        expected.append(np.asarray(model.fit(known[group], value[group]).predict(into), dtype=np.float64))
    return Learned(treated=expected[0], comparison=expected[1])


def gains(outcome: ArrayLike, treated: ArrayLike, expected: Learned, *, probability: float) -> Floats:
    """A number for each customer whose mean, over any group told by the features, is the effect on that group.

    Parameters
    ----------
    outcome, treated : array, shape (m,)
        Of customers whom the models have not seen.
    expected : Learned
        What the models expect of them. Bad models make the numbers noisier, not wrong.
    probability : float
        Chance of being treated, the same for everybody: customers were assigned at random.

    Raises
    ------
    ValueError
        If the probability does not lie between 0 and 1.

    Source
    ------
    Robins, Rotnitzky and Zhao (1994), Journal of the American Statistical Association 89.

    Examples
    --------
    >>> nothing = Learned(treated=np.zeros(4), comparison=np.zeros(4))
    >>> gains([5, 3, 4, 4], [True, True, False, False], nothing, probability=0.5).tolist()
    [10.0, 6.0, -8.0, -8.0]
    """
    if not 0 < probability < 1:
        raise ValueError(f"A chance of being treated lies between 0 and 1, not {probability}.")
    value, reached = np.asarray(outcome, dtype=np.float64), np.asarray(treated, dtype=bool)
    surprise = np.where(
        reached, (value - expected.treated) / probability, -(value - expected.comparison) / (1 - probability)
    )
    return np.asarray(expected.benefit + surprise)


def qini(
    score: ArrayLike,
    gain: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Qini:
    """What is gained by treating the customers ranked first?

    Parameters
    ----------
    score : array of float, shape (m,)
        What customers are ranked by, the highest first, made without looking at their outcomes. Equal scores are
        treated in random order, on average.
    gain : array of float, shape (m,)
        See `gains`.
    cluster : array, shape (m,), optional
        What was assigned, if that was not the customer.
    draws, seed : int
        Bootstrap of the curve.

    Raises
    ------
    ValueError
        If there are fewer than two customers, a number is not finite, or the lengths differ.

    Source
    ------
    Radcliffe (2007), Direct Marketing Analytics Journal; error of the coefficient by the influence of each customer,
    its part in the others' ranks included: Yadlowsky, Fleming, Shah, Brunskill and Wager (2025), JASA 120.

    Examples
    --------
    >>> found = qini([4, 3, 2, 1], [8.0, 4.0, 0.0, 0.0])
    >>> found.coefficient, found.total
    (0.875, 3.0)
    """
    ranked, value = np.asarray(score, dtype=np.float64), np.asarray(gain, dtype=np.float64)
    if ranked.shape != value.shape or ranked.ndim != 1 or ranked.size < 2:
        raise ValueError(f"Scores and gains belong to the same two customers or more: {ranked.shape}, {value.shape}.")
    if not (np.isfinite(ranked).all() and np.isfinite(value).all()):
        raise ValueError("Scores and gains are finite.")
    n = ranked.size
    unit = np.arange(n) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    block = np.unique(-ranked, return_inverse=True)[1].astype(np.int64)
    coefficient, influence = _coefficient(block, value)
    se, total_se = mean_error(influence, unit), mean_error(value, unit)
    reach = normal_quantile(level) * se
    return Qini(
        coefficient=coefficient, low=coefficient - reach, high=coefficient + reach, se=se, total=float(value.mean()),
        total_se=total_se, curve=_curve(block, value, unit, level, draws, seed), level=level,
    )  # fmt: skip


def mean_error(value: ArrayLike, unit: ArrayLike) -> float:
    """Standard error of a mean over customers who were assigned in units, each unit's customers together.

    Examples
    --------
    >>> round(mean_error([1.0, 2.0, 3.0], [0, 1, 2]), 6), round(1 / 3**0.5, 6)
    (0.57735, 0.57735)
    """
    numbers, units = np.asarray(value, dtype=np.float64), np.asarray(unit, dtype=np.int64)
    sums = np.bincount(units, numbers - numbers.mean())
    return math.sqrt(float(sums @ sums) * sums.size / (sums.size - 1)) / numbers.size if sums.size > 1 else math.inf


def _coefficient(block: Ints, value: Floats) -> tuple[float, Floats]:
    """The area, and each customer's influence on it: by its own gain, and by moving the others' ranks."""
    n = value.size
    size, mass = np.bincount(block) / n, np.bincount(block, value) / n
    above = (np.cumsum(size) - size / 2)[block]
    below = (mass.sum() - np.cumsum(mass) + mass / 2)[block]
    area = float((value * (0.5 - above)).mean())
    return area, np.asarray(value * (0.5 - above) - below)


def _curve(block: Ints, value: Floats, unit: Ints, level: float, draws: int, seed: int) -> pd.DataFrame:
    """The curve at every twentieth, with pointwise intervals from units drawn again: ranks are made anew each time."""
    import pandas as pd

    share = np.arange(_GRID + 1) / _GRID
    rng = np.random.default_rng(seed)
    units = int(unit.max()) + 1
    gain = _gain_at(share, block, value, np.ones(value.size))
    drawn = np.array(
        [_gain_at(share, block, value, rng.multinomial(units, np.full(units, 1 / units))[unit]) for _ in range(draws)]
    )
    reach = normal_quantile(level) * drawn.std(axis=0, ddof=1)
    return pd.DataFrame(
        {"share": share, "gain": gain, "low": gain - reach, "high": gain + reach, "at_random": share * gain[-1]}
    )


def _gain_at(share: Floats, block: Ints, value: Floats, weight: Floats | Ints) -> Floats:
    size, mass = np.bincount(block, weight), np.bincount(block, weight * value)
    total = size.sum()
    treated, gained = (np.concatenate([[0.0], np.cumsum(part)]) / total for part in (size, mass))
    return np.asarray(np.interp(share, treated, gained))
