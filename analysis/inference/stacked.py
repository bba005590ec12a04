"""What would contacted customers have done without the contact, told from cells alone?

Ratio-scale difference-in-differences on a stack of customer × index-month rows that were counted into cells: contacted
customers' own purchases before, carried forward by the growth of comparison customers of the same group (the index
month), who are weighted to the contacted ones' mix of strata by counts of customers, never by outcomes. For outcomes
that are compared after the contact only, a row counts one before and the group is the stratum. Beside the numbers
stands by how much a row of each cell moves them, from which a second scan makes errors that are clustered by customer.
`panel_effects` does the same on rows. Which rows belong in the stack, and which cells are strata, the studies say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Flags, Floats, Ints, Linear, Measure, ranked
from analysis.inference.compare import normal_quantile, ratio_estimate
from analysis.inference.estimate import Estimate

RATIO_METHOD = "issue-anchored ratio DiD"
AFTER_METHOD = "issue-anchored ratio after the contact"
SHARES_METHOD = "stratified difference of means"


def cell_weights(n: Ints, arm: Ints, stratum: Ints) -> Floats:
    """How much does each row of a cell count, so that comparison rows have the contacted rows' mix of strata?

    Parameters
    ----------
    n : array of int, shape (n_cells,)
        Rows.
    arm : array of int, shape (n_cells,)
        1 for contacted rows.
    stratum : array of int, shape (n_cells,)
        Codes from 0.

    Returns
    -------
    array of float, shape (n_cells,)
        1 for contacted cells, n_contacted / n_comparison of the stratum for the others; 0 in strata with one arm only.

    Examples
    --------
    >>> cell_weights(np.array([1, 2, 1, 1]), np.array([1, 0, 1, 0]), np.array([0, 0, 1, 2])).tolist()
    [1.0, 0.5, 0.0, 0.0]
    """
    if not len(n):
        return np.zeros(0)
    treated = np.bincount(stratum, weights=n * (arm == 1))
    others = np.bincount(stratum, weights=n * (arm == 0), minlength=treated.size)
    both = (treated > 0) & (others > 0)
    share = np.divide(treated, others, out=np.zeros_like(treated), where=both)
    return np.where(arm == 1, both[stratum].astype(float), share[stratum])


@dataclass(frozen=True, slots=True)
class Contrast:
    """An effect on both scales before its error is known, with what each row adds to it.

    Parameters
    ----------
    name, unit, method : str
    total : float
        What contacted customers did after.
    expected : float
        What was expected of them.
    n_treated : int
        Contacted rows in use.
    expected_after, expected_before : array of float, shape (n_cells,)
        What each unit after, and each unit before, of a row of a cell adds to what was expected.
    bias_log : float
        Approximate small-sample bias of the logarithm, because growth is a ratio of estimated sums; not corrected for.
    treated, used : array of bool, shape (n_cells,)
        Contacted cells that enter, and all cells that do.
    being_there : bool
        Whether it is the row itself that counts before.
    """

    name: str
    unit: str
    method: str
    total: float
    expected: float
    n_treated: int
    expected_after: Floats
    expected_before: Floats
    bias_log: float
    treated: Flags
    used: Flags
    being_there: bool = False

    @property
    def ratio(self) -> float:
        """Total over expected."""
        return self.total / self.expected

    @property
    def gap(self) -> float:
        """Difference per contacted customer."""
        return (self.total - self.expected) / self.n_treated

    @property
    def log_weights(self) -> Floats:
        """By how much a row of a cell moves the logarithm of the ratio, shape (n_cells, 3).

        For each unit after, each unit before, and for being there.
        """
        after = self.treated / self.total - self.expected_after / self.expected
        return self._moved(after, -self.expected_before / self.expected, np.zeros(len(after)))

    @property
    def gap_weights(self) -> Floats:
        """By how much it moves the difference, shape (n_cells, 3)."""
        there = np.where(self.treated, -self.gap, 0.0)
        weights = self._moved(self.treated - self.expected_after, -self.expected_before, there)
        return np.asarray(weights / self.n_treated)

    def among(self, kept: Ints, n_cells: int) -> Contrast:
        """The same effect, told of all cells; those that are not among `kept` add nothing to it."""

        def of_all(values: NDArray[Any]) -> NDArray[Any]:
            whole = np.zeros(n_cells, dtype=values.dtype)
            whole[kept] = values
            return whole

        return replace(
            self,
            expected_after=of_all(self.expected_after),
            expected_before=of_all(self.expected_before),
            treated=of_all(self.treated),
            used=of_all(self.used),
        )

    def _moved(self, after: Floats, before: Floats, there: Floats) -> Floats:
        if self.being_there:
            return np.column_stack([after, np.zeros(len(after)), there + before])
        return np.column_stack([after, before, there])

    def log_linear(self, name: str, after: Measure, before: Measure) -> Linear:
        """What rows add to the logarithm of the ratio."""
        return Linear(name, (after, before), self.log_weights)

    def gap_linear(self, name: str, after: Measure, before: Measure) -> Linear:
        """What rows add to the difference."""
        return Linear(name, (after, before), self.gap_weights)

    def ratio_estimate(self, se_log: float, *, n_comparison: int, level: float) -> Estimate:
        """The effect as a ratio."""
        return ratio_estimate(
            self.name,
            self.ratio,
            se_log,
            n_treated=self.n_treated,
            n_comparison=n_comparison,
            method=self.method,
            level=level,
        )

    def gap_estimate(self, se: float, *, n_comparison: int, level: float, unit: str | None = None) -> Estimate:
        """The effect per contacted customer, in the outcome's unit."""
        half = normal_quantile(level) * se
        return Estimate(
            name=self.name,
            value=self.gap,
            low=self.gap - half,
            high=self.gap + half,
            level=level,
            se=se,
            scale="difference",
            unit=unit or self.unit,
            n_treated=self.n_treated,
            n_comparison=n_comparison,
            method=self.method + ("" if self.method == SHARES_METHOD else ", on the difference scale"),
        )


def stacked_ratio(
    name: str,
    unit: str,
    *,
    n: Ints,
    after: Floats,
    before: Floats,
    arm: Ints,
    group: Ints,
    stratum: Ints,
    products: tuple[Floats, Floats] | None = None,
    part: Flags | None = None,
) -> Contrast:
    """By what factor did the contact change what contacted customers did?

    Parameters
    ----------
    name, unit : str
        Outcome, and the unit of the difference ("orders per customer").
    n : array of int, shape (n_cells,)
        Rows of each cell.
    after, before : array of float, shape (n_cells,)
        Sums over the rows of each cell.
    arm : array of int, shape (n_cells,)
        1 for contacted rows.
    group : array of int, shape (n_cells,)
        Cells whose growth is estimated together: index months.
    stratum : array of int, shape (n_cells,)
        Cells within which customers count as alike; finer than `group`.
    products : two arrays of float, shape (n_cells,), optional
        Sums over rows of before × before and before × after, for the small-sample bias.
    part : array of bool, shape (n_cells,), optional
        Which cells to use; strata are judged within them.

    Raises
    ------
    DesignError
        If contacted rows of a group did something before, but no comparison row of that group did; if nobody can be
        compared; or if nothing was done after, or nothing expected, so that a ratio does not exist.

    Assumes
    -------
    Without the contact both groups would have changed by the same factor. Not tested here.

    Source
    ------
    Ratio-scale difference-in-differences on a stack, as Wing, Freedman and Hollingsworth (2024) weight it.

    Examples
    --------
    >>> found = stacked_ratio("orders", "orders per customer", n=np.array([2, 2]), after=np.array([12.0, 10.0]),
    ...                       before=np.array([10.0, 10.0]), arm=np.array([1, 0]), group=np.array([0, 0]),
    ...                       stratum=np.array([0, 0]))
    >>> found.ratio, found.gap
    (1.2, 1.0)
    """
    given = (n, after, before, arm, group, stratum, *(products or ()))
    if part is None or part.all():
        return _ratio_of(name, unit, *given)
    kept = np.flatnonzero(part)
    return _ratio_of(name, unit, *(column[kept] for column in given)).among(kept, len(n))


def _ratio_of(
    name: str,
    unit: str,
    n: Ints,
    after: Floats,
    before: Floats,
    arm: Ints,
    group: Ints,
    stratum: Ints,
    squares: Floats | None = None,
    crossed: Floats | None = None,
) -> Contrast:
    """`stacked_ratio` of all cells given."""
    weight = cell_weights(n, arm, stratum)
    treated = (arm == 1) & (weight > 0)
    comparison = (arm == 0) & (weight > 0)
    if not treated.any():
        raise DesignError(f"`{name}`: no contacted customer has anybody to be compared with.")
    code, size = ranked(group)
    own_before = np.bincount(code, weights=np.where(treated, before, 0.0), minlength=size)
    their_before = np.bincount(code, weights=np.where(comparison, weight * before, 0.0), minlength=size)
    their_after = np.bincount(code, weights=np.where(comparison, weight * after, 0.0), minlength=size)
    stranded = (own_before != 0) & (their_before <= 0)
    if stranded.any():
        raise DesignError(
            f"`{name}`: in {int(stranded.sum())} of {np.unique(code[treated]).size} index months comparison customers "
            "had nothing on balance before, so that there is no growth to carry forward. Use a longer before-window."
        )
    growth = np.divide(their_after, their_before, out=np.zeros(size), where=their_before > 0)
    per_unit = np.divide(own_before, their_before, out=np.zeros(size), where=their_before > 0)
    total = float(np.sum(after, where=treated))
    expected = float(np.sum(own_before * growth))
    if total <= 0 or expected <= 0:
        raise DesignError(
            f"`{name}`: contacted customers have {total:.4g} after the contact and {expected:.4g} were expected; "
            "a ratio needs both above zero. Use a longer window or another outcome."
        )
    n_treated = int(np.sum(n, where=treated))
    grown = growth[code]
    factor = np.where(comparison, per_unit[code] * weight, 0.0)
    carried = np.where(treated, grown, 0.0)
    bias = 0.0
    if squares is not None and crossed is not None:
        noise = np.bincount(
            code, weights=np.where(comparison, weight**2 * (crossed - grown * squares), 0.0), minlength=size
        )
        high = -np.divide(per_unit * noise, their_before, out=np.zeros(size), where=their_before > 0)
        bias = -float(high.sum()) / expected
    return Contrast(
        name=name,
        unit=unit,
        method=RATIO_METHOD,
        total=total,
        expected=expected,
        n_treated=n_treated,
        expected_after=factor,
        expected_before=carried - factor * grown,
        bias_log=bias,
        treated=treated,
        used=treated | comparison,
    )


def stacked_after(
    name: str, unit: str, *, n: Ints, after: Floats, arm: Ints, stratum: Ints, part: Flags | None = None
) -> Contrast:
    """By what factor did contacted customers do more than others of their stratum, compared after the contact only?

    Parameters as in `stacked_ratio`; a row counts one before, and each stratum is a group of its own.

    Examples
    --------
    >>> found = stacked_after("issues", "issues per customer", n=np.array([2, 4]), after=np.array([3.0, 8.0]),
    ...                       arm=np.array([1, 0]), stratum=np.array([0, 0]))
    >>> found.ratio, found.gap
    (0.75, -0.5)
    """
    found = stacked_ratio(
        name, unit, n=n, after=after, before=n.astype(float), arm=arm, group=stratum, stratum=stratum, part=part
    )
    return replace(found, method=AFTER_METHOD, bias_log=0.0, being_there=True)


@dataclass(frozen=True, slots=True)
class MeanGap:
    """A difference of means within strata before its error is known: for shares and costs, which may be nought or less.

    `weights`: shape (n_cells, 2), by how much a row moves it: for each unit, and for being there.
    """

    name: str
    unit: str
    value: float
    n_treated: int
    weights: Floats
    used: Flags

    def estimate(self, se: float, *, n_comparison: int, level: float) -> Estimate:
        """The difference with its interval."""
        half = normal_quantile(level) * se
        return Estimate(
            name=self.name,
            value=self.value,
            low=self.value - half,
            high=self.value + half,
            level=level,
            se=se,
            scale="difference",
            unit=self.unit,
            n_treated=self.n_treated,
            n_comparison=n_comparison,
            method=SHARES_METHOD,
        )


def stacked_difference(
    name: str, unit: str, *, n: Ints, values: Floats, arm: Ints, stratum: Ints, part: Flags | None = None
) -> MeanGap:
    """By how much do contacted customers lie above others of their stratum, per contacted customer?

    Parameters
    ----------
    values : array of float, shape (n_cells,)
        Sums over the rows of each cell.
    n, arm, stratum, part
        As in `stacked_ratio`.

    Raises
    ------
    DesignError
        If nobody can be compared.

    Examples
    --------
    >>> stacked_difference("retained", "share", n=np.array([10, 20]), values=np.array([-1.0, -4.0]),
    ...                    arm=np.array([1, 0]), stratum=np.array([0, 0])).value
    0.1
    """
    inside = np.ones(len(n), dtype=bool) if part is None else part
    rows = np.where(inside, n, 0)
    weight = cell_weights(rows, arm, stratum) * inside
    treated, comparison = (arm == 1) & (weight > 0), (arm == 0) & (weight > 0)
    if not treated.any():
        raise DesignError(f"`{name}`: no contacted customer has anybody to be compared with.")
    others = np.bincount(stratum, weights=np.where(comparison, n, 0))
    mean = np.bincount(stratum, weights=np.where(comparison, values, 0.0))
    mean = np.divide(mean, others, out=np.zeros_like(mean), where=others > 0)[stratum]
    n_treated = int(np.sum(n, where=treated))
    value = float(np.sum(np.where(treated, values - n * mean, 0.0)) / n_treated)
    slope = np.where(treated, 1.0, np.where(comparison, -weight, 0.0)) / n_treated
    level = np.where(treated, -mean - value, np.where(comparison, weight * mean, 0.0)) / n_treated
    return MeanGap(name, unit, value, n_treated, np.column_stack([slope, level]), treated | comparison)
