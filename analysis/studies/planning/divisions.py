"""How does one analysis fare when the same customers are divided by lot, again and again?

The units (customers, or whole clusters) are drawn into two arms; each division is handed to the very function that the
test would use, as sums or as clusters. What is analysed, and what counts as too often, is left to `a_a`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments, pairs

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_HELD = 4_000_000
"""Units times divisions that are held at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Sums of some measures and of their products over the members of each unit of the lot.

    Parameters
    ----------
    names : tuple of str, length k
    members : array of float, shape (n_units,)
        What is counted in a unit: 1 where the unit itself is the row, else its customers.
    sums : array of float, shape (n_units, k + k(k+1)/2)
        Of the measures, then of their products, upper triangle row by row.
    """

    names: tuple[str, ...]
    members: Floats
    sums: Floats

    @classmethod
    def of_rows(cls, columns: Mapping[str, Floats], unit: NDArray[np.int64] | None = None) -> Measures:
        """From one number a row; with `unit` (from 0) the rows of a unit are added up."""
        names = tuple(columns)
        values = np.column_stack([columns[name] for name in names])
        products = [values[:, i] * values[:, j] for i, j in pairs(len(names))]
        rows = np.column_stack([np.ones(len(values)), values, *products])
        if unit is not None:
            rows = np.column_stack([np.bincount(unit, weights=column) for column in rows.T])
        return cls(names, rows[:, 0], rows[:, 1:])

    def moments(self, sums: Floats) -> Moments:
        """One arm's moments, from the totals of its members and sums."""
        k = len(self.names)  # the sums of centred measures are small, so that floats hold them well
        exact = [Decimal(repr(float(number))) for number in sums]
        return Moments(self.names, round(float(sums[0])), tuple(exact[1 : k + 1]), tuple(exact[k + 1 :]))


Compare = Callable[[Moments, Moments], Estimate]


@dataclass(slots=True)
class Fared:
    """One analysis over all divisions: values, standard errors, how often zero was left out, p-values, and refusals."""

    values: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    alarms: int = 0
    p_values: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def add(self, analyse: Callable[[], Estimate]) -> None:
        """Take in what an analysis says of a division, or why it says nothing."""
        try:
            estimate = analyse()
        except DesignError as error:
            self.refusals.append(str(error))
            return
        self.values.append(estimate.value)
        self.errors.append(estimate.se)
        self.alarms += estimate.excludes_no_effect
        self.p_values.append(p_of(estimate))


def lots(units: int, *, share: float, divisions: int, rng: np.random.Generator) -> Iterator[Flags]:
    """Divisions by lot, some at a time: True for the treated arm, shape (some, n_units).

    A fixed number of units is drawn, the share of all, so that no arm of a few clusters stands empty.

    Raises
    ------
    DesignError
        If an arm would have fewer than two units.
    """
    drawn = round(units * share)
    if min(drawn, units - drawn) < 2:
        raise DesignError(f"{units} units cannot be divided by lot into two arms of two at least.")
    held = max(1, _HELD // units)
    for first in range(0, divisions, held):
        here = min(held, divisions - first)
        order = rng.random((here, units), dtype=np.float32).argpartition(drawn - 1, axis=1)[:, :drawn]
        flags = np.zeros((here, units), dtype=bool)
        np.put_along_axis(flags, order, True, axis=1)
        yield flags


def fared(
    ways: Sequence[tuple[Measures, Compare]],
    sliced: Sequence[Callable[[Flags], Estimate]],
    *,
    units: int,
    share: float,
    divisions: int,
    rng: np.random.Generator,
) -> list[Fared]:
    """How did each analysis fare over the same divisions?

    Parameters
    ----------
    ways : sequence of (Measures, function of two Moments)
        Analyses that need sums alone.
    sliced : sequence of functions of a division
        Analyses that need the units themselves; they come last in the answer.

    Returns
    -------
    list of Fared
        In the order of `ways`, then `sliced`.
    """
    found = [Fared() for _ in (*ways, *sliced)]
    tables = [np.column_stack([measures.members, measures.sums]) for measures, _ in ways]
    wholes = [table.sum(axis=0) for table in tables]
    for flags in lots(units, share=share, divisions=divisions, rng=rng):
        chosen = flags.astype(float)
        for (measures, compare), table, whole, into in zip(ways, tables, wholes, found, strict=False):
            for sums in chosen @ table:
                into.add(partial(compare, measures.moments(sums), measures.moments(whole - sums)))
        for analyse, into in zip(sliced, found[len(ways) :], strict=True):
            for one in flags:
                into.add(partial(analyse, one))
    return found


def p_of(estimate: Estimate) -> float:
    """How likely is a value this far from zero, were zero the truth? Two-sided, as the interval was made.

    The degrees of freedom are those with which the interval reaches as far as it does.

    Examples
    --------
    >>> from analysis.inference.compare import difference_in_means
    >>> one, other = (Moments.from_rows(("m",), [[x] for x in rows]) for rows in ([4, 6, 8], [1, 3, 5]))
    >>> found = difference_in_means(one, other, "m", unit="1")  # t = 1.837, 4 degrees of freedom
    >>> round(p_of(found), 6)
    0.140066
    """
    if estimate.se == 0:
        return 1.0
    reach, distance = (estimate.high - estimate.value) / estimate.se, abs(estimate.value) / estimate.se
    tail = (1 + estimate.level) / 2
    if not reach > special.ndtri(tail) + 1e-9:
        return float(2 * special.ndtr(-distance))
    freedom = float(special.stdtridf(tail, reach))
    return (
        float(2 * special.stdtr(freedom, -distance)) if math.isfinite(freedom) else float(2 * special.ndtr(-distance))
    )
