"""How much is still to come of rows that have not finished growing? The chain ladder, with the standard error of Mack.

Each column of a cumulative triangle is taken to grow to the next by one factor for all rows. What such a factor does
not know of a row, and what a handful of rows does not know of the factor, make the standard error; no distribution is
assumed for it. Nothing is added beyond the oldest age that any row has reached. Which rows and ages there are is left
to the caller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.foundation.errors import DesignError

MIN_ROWS = 4
"""Fewer rows leave the spread of the last two factors unknown."""
_LARGEST = 700.0  # exp of it is the largest float64, near enough


@dataclass(frozen=True, slots=True)
class ChainLadder:
    """What rows of a triangle will have grown to at the oldest age seen.

    Parameters
    ----------
    latest : array of float, shape (n,)
        Each row as it stands, in the unit of the triangle.
    expected : array of float, shape (n,)
        What is expected to come.
    se : array of float, shape (n,)
        Standard error of what is to come.
    total, total_se : float
        The sum over rows, and its standard error, which knows that all rows share the same factors.
    factors : array of float, shape (n - 1,)
        Growth from each age to the next.
    """

    latest: NDArray[np.float64]
    expected: NDArray[np.float64]
    se: NDArray[np.float64]
    total: float
    total_se: float
    factors: NDArray[np.float64]

    def interval(self, row: int, level: float = 0.95) -> tuple[float, float]:
        """Between which numbers will what is to come of a row lie? The second end is infinite where nothing tells.

        The growth of row r is seen in r older rows, so its spread has r - 1 degrees of freedom, and Student's quantile
        stands for the normal one: with that, 93 to 98 % of simulated outcomes lie within (normal quantiles hold 60 to
        94 %, fewest in the oldest rows). The growth of the second row is seen once, which tells no spread.
        """
        if row == 1:
            return 0.0, math.inf
        return lognormal_interval(float(self.expected[row]), float(self.se[row]), level, row - 1)


def lognormal_interval(
    mean: float, se: float, level: float = 0.95, freedom: float | None = None
) -> tuple[float, float]:
    """The central interval of a lognormal variable of that mean and standard error, widened to hold its mean.

    What is to come cannot be negative and may be much more than expected: Mack (1993) takes this shape. Where the
    standard error is several times the mean, the central interval would lie wholly below the mean. `freedom` are the
    degrees of freedom of the standard error; None stands for a known one.

    Examples
    --------
    >>> [round(end, 1) for end in lognormal_interval(100.0, 20.0)]
    [66.5, 144.6]
    """
    if mean <= 0 or se == 0:
        return mean, mean
    spread = math.log1p((se / mean) ** 2)
    upper = (1 + level) / 2
    quantile = special.ndtri(upper) if freedom is None else special.stdtrit(freedom, upper)
    reach = float(quantile) * math.sqrt(spread)
    middle = math.log(mean) - spread / 2
    high = math.exp(min(middle + reach, _LARGEST))
    return math.exp(middle - reach), max(mean, high)


def chain_ladder(cumulative: ArrayLike) -> ChainLadder:
    """How much is still to come of each row?

    Parameters
    ----------
    cumulative : array of float, shape (n, n)
        Row by age, each row adding up; nan after the last diagonal. The first row is the oldest.

    Returns
    -------
    ChainLadder

    Raises
    ------
    DesignError
        If there are fewer than four rows, a count is zero or less before its last age (it cannot be multiplied up), or
        rows shrink from some age on, so that less than nothing would be expected.
    ValueError
        If it is no triangle.

    Assumes
    -------
    Rows are independent; at each age the expected growth is one factor for all rows, with a variance in proportion to
    what the row has reached.

    Source
    ------
    T. Mack (1993), Distribution-free calculation of the standard error of chain ladder reserve estimates, ASTIN
    Bulletin 23(2), 213-225, with its rule for the last variance. Reference values: tests/inference/test_chain_ladder.

    Examples
    --------
    >>> nan = float("nan")
    >>> found = chain_ladder([[100, 150, 165, 165], [110, 165, 182, nan], [90, 130, nan, nan], [120, nan, nan, nan]])
    >>> [round(float(value), 1) for value in found.expected]
    [0.0, 0.0, 13.2, 76.1]
    """
    grown = np.asarray(cumulative, dtype=np.float64)
    n = len(grown)
    if grown.shape != (n, n) or not np.array_equal(~np.isnan(grown), np.flipud(np.tri(n, dtype=bool))):
        raise ValueError("A triangle has as many ages as rows, and one age less in each row than in the row before.")
    if n < MIN_ROWS:
        raise DesignError(f"How posts grow cannot be told from {n} rows: {MIN_ROWS} or more are needed.")
    known = [n - age - 1 for age in range(n - 1)]  # rows that have also reached the age after
    if any((grown[:rows, age] <= 0).any() for age, rows in enumerate(known)) or (np.diag(np.fliplr(grown)) <= 0).any():
        raise DesignError(
            "A row of the triangle stands at zero or less at some age: what is to come has no ratio to it."
        )
    below = np.array([grown[:rows, age].sum() for age, rows in enumerate(known)])
    factors = np.array([grown[:rows, age + 1].sum() for age, rows in enumerate(known)]) / below
    variances = _variances(grown, factors, known)

    latest = np.array([grown[row, n - 1 - row] for row in range(n)])
    final = np.array([latest[row] * np.prod(factors[n - 1 - row :]) for row in range(n)])
    expected = final - latest
    if (expected < -1e-9 * latest).any():
        raise DesignError("From some age on rows shrink: more is taken back than comes, and no run-off is expected.")
    expected = np.maximum(expected, 0.0)

    squares = np.zeros(n)
    covariance = 0.0
    for row in range(1, n):
        reached = latest[row]
        shared = 0.0
        for age in range(n - 1 - row, n - 1):
            relative = variances[age] / factors[age] ** 2
            squares[row] += relative * (1.0 / reached + 1.0 / below[age])
            shared += 2.0 * relative / below[age]
            reached *= factors[age]
        squares[row] *= final[row] ** 2
        covariance += final[row] * final[row + 1 :].sum() * shared
    return ChainLadder(
        latest, expected, np.sqrt(squares), float(expected.sum()), math.sqrt(float(squares.sum()) + covariance), factors
    )


def _variances(grown: NDArray[np.float64], factors: NDArray[np.float64], known: list[int]) -> NDArray[np.float64]:
    """Variance of the growth at each age for a row of one; of the last, that only one row has seen, by Mack's rule."""
    found = np.zeros(len(factors))
    for age, rows in enumerate(known[:-1]):
        start, next_one = grown[:rows, age], grown[:rows, age + 1]
        found[age] = (start * (next_one / start - factors[age]) ** 2).sum() / (rows - 1)
    last, before = found[-2], found[-3]
    found[-1] = min(last**2 / before if before > 0 else 0.0, last, before)
    return found
