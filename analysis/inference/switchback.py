"""What did a rule change that was switched on and off by lot, block of time by block of time?

The blocks are what was randomised: the error is that of the blocks, and beside the interval stands the p-value that the
lot itself gives. What a block leaves to the next one is looked for among the blocks: do those differ that come after
the one rule and after the other? Cutting off the beginnings of blocks is left to
`analysis.studies.experiment.switchback`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.few_clusters import Clusters, Fit, difference_of_clusters

Floats = NDArray[np.float64]
DRAWS, SEED = 4_999, 20_240_501
_TOGETHER = 2_000_000
_TIE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Switchback:
    """What switching a rule on and off showed.

    Parameters
    ----------
    estimate : Estimate
        Difference of the means per customer, errors by block.
    p_randomisation : float
        Share of all ways the lot could have fallen in which the blocks differ as much, if the rule changed nothing.
    carry_over : Estimate or None
        What the rule of the block before adds to a customer of this one; none where too few blocks can tell.
    blocks : tuple of int
        Blocks with the rule and without it.
    """

    estimate: Estimate
    p_randomisation: float
    carry_over: Estimate | None
    blocks: tuple[int, int]


def switchback_effect(
    blocks: Clusters,
    treated: ArrayLike,
    measure: str,
    *,
    previous: ArrayLike | None = None,
    unit: str,
    level: float = 0.95,
    name: str | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Switchback:
    """What does a rule change per customer, judged by blocks of time that had it by lot?

    Parameters
    ----------
    blocks : Clusters
    treated : array of bool, shape (n_blocks,)
        Whether the rule held in the block.
    measure : str
    previous : array of float, shape (n_blocks,), optional
        1 where the rule held in the block before, 0 where it did not, not a number where that is unknown.
    unit : str
        Unit of the difference, per customer.
    level : float
    name : str, optional
    draws, seed : int
        Ways of the lot that are tried.

    Raises
    ------
    DesignError
        If there are fewer than 5 blocks with the rule or without it.

    Assumes
    -------
    Every block was as likely as any other to have the rule, and what it leaves behind ends with what was cut off.

    Source
    ------
    Bojinov, Simchi-Levi and Zhao (2023), Management Science 69, on switchbacks and what they carry over; the
    studentised randomisation test of Chung and Romano (2013), Annals of Statistics 41; intervals as in `few_clusters`.

    Examples
    --------
    >>> totals = np.array([[30.0], [20], [31], [21], [29], [19], [30], [22], [32], [20]])
    >>> blocks = Clusters(("orders",), np.full(10, 10.0), totals, totals[:, :, None] ** 2 / 10)
    >>> found = switchback_effect(blocks, [True, False] * 5, "orders", unit="orders per customer")
    >>> round(found.estimate.value, 6), found.blocks, found.p_randomisation < 0.02
    (1.0, (5, 5), True)
    """
    held = np.asarray(treated, dtype=bool)
    if held.shape != blocks.size.shape:
        raise ValueError(f"{len(blocks.size)} blocks, but {held.size} say whether the rule held in them.")
    estimate = difference_of_clusters(
        part_of(blocks, held), part_of(blocks, ~held), measure, unit=unit, level=level, name=name
    )
    counts = (int(held.sum()), int((~held).sum()))
    estimate = replace(
        estimate, method=f"difference in means by time block (CR2), {counts[0]} against {counts[1]} blocks"
    )
    totals = blocks.sums @ blocks.weights({measure: 1.0})
    return Switchback(
        estimate=estimate,
        p_randomisation=_by_lot(totals, blocks.size, held, draws, np.random.default_rng(seed)),
        carry_over=None if previous is None else _carried(blocks, held, previous, measure, estimate),
        blocks=counts,
    )


def part_of(blocks: Clusters, which: NDArray[np.bool_]) -> Clusters:
    """Some of the clusters.

    Examples
    --------
    >>> some = Clusters.from_rows(("orders",), [0, 1, 1], [[1], [2], [3]])
    >>> part_of(some, np.array([False, True])).sums.tolist()
    [[5.0]]
    """
    return Clusters(blocks.names, blocks.size[which], blocks.sums[which], blocks.products[which])


def _by_lot(totals: Floats, size: Floats, held: NDArray[np.bool_], draws: int, rng: np.random.Generator) -> float:
    """The studentised difference among those of other lots, as many blocks having the rule in each."""
    centred = totals - size * (totals.sum() / size.sum())
    table = np.column_stack([size, centred, centred**2, centred * size, size**2])
    found = _studentised(held[None, :].astype(float), table)[0]
    reached, left = 0, draws
    while left > 0:
        some = min(left, max(_TOGETHER // len(held), 1))
        lots = rng.permuted(np.broadcast_to(held, (some, len(held))), axis=1).astype(float)
        reached += int((_studentised(lots, table) >= found * (1 - _TIE)).sum())
        left -= some
    return (1 + reached) / (draws + 1)


def _studentised(lots: Floats, table: Floats) -> Floats:
    """Size of the difference of means, in its standard errors, for each lot."""
    means, variances = [], []
    for lot in (lots, 1 - lots):
        size, total, squares, crossed, of_size = (lot @ table).T
        count = lot.sum(axis=1)
        mean = total / size
        means.append(mean)
        variances.append((squares - 2 * mean * crossed + mean**2 * of_size) / size**2 * count / (count - 1))
    away, variance = np.abs(means[0] - means[1]), np.maximum(variances[0] + variances[1], 0.0)
    floor = np.finfo(float).tiny
    return np.asarray(np.where(away > 0, away / np.sqrt(np.maximum(variance, floor)), 0.0))


def _carried(
    blocks: Clusters, held: NDArray[np.bool_], previous: ArrayLike, measure: str, estimate: Estimate
) -> Estimate | None:
    """What the block before adds, blocks of one rule being compared with each other."""
    before = np.asarray(previous, dtype=float)
    known = np.isfinite(before)
    if not known.any():
        return None
    some = part_of(blocks, known)
    some = some.shifted(some.sums.sum(axis=0) / some.size.sum())
    try:
        fit = Fit.of(some, np.column_stack([held[known], ~held[known], before[known]]).astype(float))
    except DesignError:
        return None
    contrast, of = np.array([0.0, 0.0, 1.0]), some.weights({measure: 1.0})
    value, se = float(contrast @ fit.coefficients(of)), math.sqrt(fit.error(contrast, of))
    half = float(special.stdtrit(fit.freedom(contrast, of), (1 + estimate.level) / 2)) * se if se > 0 else 0.0
    after = before[known] > 0
    return Estimate(
        name=estimate.name,
        value=value,
        low=value - half,
        high=value + half,
        level=estimate.level,
        se=se,
        scale="difference",
        unit=estimate.unit,
        n_treated=round(float(some.size[after].sum())),
        n_comparison=round(float(some.size[~after].sum())),
        method="slope on the rule of the block before, errors by block (CR2)",
    )
