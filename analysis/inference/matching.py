"""Which comparison customer is most like each treated one, and how do the pairs differ?

One to one, without replacement, on the logit of the propensity, within a caliper and, where asked, within cells that
must be equal. Pairs are what Rosenbaum's bounds are made of, and a road to the effect that rests on no model of the
outcome. Bounds are left to `rosenbaum`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
CALIPER = 0.2
"""How far the logits of a pair may lie apart, in standard deviations of all logits."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows that belong together, and how many treated found nobody.

    Parameters
    ----------
    treated, comparison : array of int, shape (n_pairs,)
        Places of the two rows of each pair, in the order of the treated.
    without : int
        Treated rows without a comparison row within the caliper that was still free.
    """

    treated: Ints
    comparison: Ints
    without: int

    def __len__(self) -> int:
        return len(self.treated)


def matched_pairs(
    scores: ArrayLike, treated: ArrayLike, *, within: ArrayLike | None = None, caliper: float = CALIPER
) -> Pairs:
    """Which rows make pairs? The treated hardest to match choose first, each the nearest free one.

    Parameters
    ----------
    scores : array of float, shape (n_rows,)
        Strictly between 0 and 1.
    treated : array of bool, shape (n_rows,)
    within : array of int, shape (n_rows,), optional
        Cells that both rows of a pair must share, such as the month.
    caliper : float

    Raises
    ------
    DesignError
        If no pair can be made.

    Source
    ------
    Rosenbaum and Rubin (1985), The American Statistician 39; the caliper is Austin's (2011). Ties go to the lower
    score, then to the earlier row, so that the same rows make the same pairs.

    Examples
    --------
    >>> pairs = matched_pairs([0.5, 0.6, 0.5, 0.61, 0.2], [True, True, False, False, False])
    >>> pairs.treated.tolist(), pairs.comparison.tolist(), pairs.without
    ([0, 1], [2, 3], 0)
    """
    score, arm = np.asarray(scores, dtype=np.float64), np.asarray(treated, dtype=bool)
    logit = np.log(score / (1 - score))
    reach = caliper * float(logit.std())
    cell = (
        np.zeros(len(arm), dtype=np.int64) if within is None else np.unique(np.asarray(within), return_inverse=True)[1]
    )
    found: list[tuple[int, int]] = []
    for one in range(int(cell.max(initial=0)) + 1):
        rows = np.flatnonzero(cell == one)
        found += _paired(rows[arm[rows]], rows[~arm[rows]], logit, reach)
    if not found:
        raise DesignError("No treated customer has a comparison customer near enough: the groups do not overlap.")
    pairs = np.array(sorted(found), dtype=np.int64)
    return Pairs(pairs[:, 0], pairs[:, 1], int(arm.sum()) - len(pairs))


def _paired(treated: Ints, others: Ints, logit: Floats, reach: float) -> list[tuple[int, int]]:
    """Pairs among the rows of one cell; free rows are found by following links past those that are taken."""
    order = others[np.lexsort((others, logit[others]))]
    places = logit[order]
    n = len(order)
    right, left = list(range(n + 1)), list(range(n + 1))  # next free place at or after; at or before, shifted by one

    def following(links: list[int], place: int) -> int:
        end = place
        while links[end] != end:
            end = links[end]
        while links[place] != end:
            links[place], place = end, links[place]
        return end

    pairs = []
    choosing = treated[np.lexsort((treated, -logit[treated]))]
    wanted = logit[choosing]
    after = np.searchsorted(places, wanted, side="right")
    held, rows = places.tolist(), order.tolist()
    for row, own, at in zip(choosing.tolist(), wanted.tolist(), after.tolist(), strict=True):
        above, below = following(right, at), following(left, at) - 1
        gap_above = held[above] - own if above < n else math.inf
        gap_below = own - held[below] if below >= 0 else math.inf
        if min(gap_above, gap_below) > reach:
            continue
        chosen = below if gap_below <= gap_above else above
        pairs.append((row, rows[chosen]))
        right[chosen], left[chosen + 1] = chosen + 1, chosen
    return pairs


def matched_difference(
    outcome: ArrayLike,
    pairs: Pairs,
    *,
    name: str,
    unit: str,
    level: float = 0.95,
    customer: ArrayLike | None = None,
) -> Estimate:
    """By how much does the treated of a pair differ from the other, on average? Student's t of the differences.

    Parameters
    ----------
    outcome : array of float, shape (n_rows,)
    pairs : Pairs
    name, unit : str
    level : float
    customer : array of int, shape (n_rows,), optional
        Whose row it is; each row a customer by default. Pairs that share a customer are not independent: their products
        count in the error, which is never below that of independent pairs.

    Raises
    ------
    DesignError
        If there are fewer than two pairs, or one customer makes all of a side.

    Assumes
    -------
    Pairs are alike in what decides the outcome. What the caliper leaves apart stays in the estimate.

    Source
    ------
    Aronow, Samii and Assenova (2015), Political Analysis 23, for pairs that share members.

    Examples
    --------
    >>> pairs = matched_pairs([0.5, 0.6, 0.5, 0.61], [True, True, False, False])
    >>> found = matched_difference([5.0, 9.0, 4.0, 6.0], pairs, name="y", unit="points")
    >>> found.value, found.se
    (2.0, 1.0)
    """
    y = np.asarray(outcome, dtype=np.float64)
    if len(pairs) < 2:
        raise DesignError(f"{len(pairs)} pair is too few to judge an error by.")
    differences = y[pairs.treated] - y[pairs.comparison]
    who = np.arange(len(y)) if customer is None else np.asarray(customer)
    sides = [len(np.unique(who[places])) for places in (pairs.treated, pairs.comparison)]
    fewest = min(sides)
    if fewest < 2:
        raise DesignError(f"{len(pairs):,} pairs rest on one customer of a side: there is no error to judge them by.")
    value = float(differences.mean())
    squares = _shared_squares(differences - value, who[pairs.treated], who[pairs.comparison])
    se = math.sqrt(squares * fewest / (fewest - 1)) / len(pairs)
    half = float(special.stdtrit(fewest - 1, (1 + level) / 2)) * se
    return Estimate(
        name=name,
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        scale="difference",
        unit=unit,
        n_treated=sides[0],
        n_comparison=sides[1],
        method="pairs matched on the propensity",
    )


def _shared_squares(left: Floats, one: Ints, other: Ints) -> float:
    """Squares of what is left of pairs, with the products of those that share a customer, in whatever role."""
    members, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    first, second = place.reshape(2, -1)
    by_customer = np.bincount(first, weights=left, minlength=len(members))
    by_customer += np.bincount(second, weights=left, minlength=len(members))
    couple = np.minimum(first, second) * len(members) + np.maximum(first, second)
    by_couple = np.bincount(np.unique(couple, return_inverse=True)[1].reshape(-1), weights=left)
    return max(float(by_customer @ by_customer - by_couple @ by_couple), float(left @ left))
