"""What did adoption do in each month after it, to whom, and how sure is it? ATT(g, t) of adopters against the others.

By how much did adopters of month g change from the last month before the dip to month t, beyond customers who had not
yet adopted by t, weighted to the adopters' mix of strata? Within strata that are saturated the outcome regression, the
weighting and the doubly robust estimator are one and the same. Each customer's influences on all such numbers are kept
until they can be multiplied, so that a customer who is compared with several cohorts, and adopts later, counts as one.
Sums over months and averages over cohorts are linear in them (`Estimated.total`), with the cohorts' shares as
estimated. Averages in the field's standard forms are left to `inference.staggered.aggregate`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.inference.cells import Flags, Floats, Ints
from analysis.inference.staggered.group_time import GroupTime
from analysis.studies.adoption.cohorts import Cohort, Studied, different
from analysis.studies.adoption.panel import AdoptionPanel

_MORE = 2
"""Columns beside the months: what an adopter did in a lead, and after adoption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """ATT(g, t) of one outcome, levels beside them, and how all of it varies together.

    Parameters
    ----------
    outcome : str
    months : array of int, shape (n_months,)
        Months around adoption, from -before to after.
    reference : int
        The month that changes are measured from.
    groups, sizes : array of int, shape (n_groups,)
        Months of adoption and their adopters.
    cells : array of float, shape (n_groups, n_months + 2)
        The effect in each month, in the outcome's unit per customer; then adopters' mean of a month before and their
        total after.
    covariance : array of float, shape (n_groups * (n_months + 2),) * 2
    with_shares : array of float, shape (n_groups * (n_months + 2), n_groups)
        Covariance with the share of each cohort.
    n, n_comparison : int
        Customers of the study, and those of them who were compared with somebody.
    largest : float
        Share of one customer in the variance of the whole effect.
    """

    outcome: str
    months: Ints
    reference: int
    groups: Ints
    sizes: Ints
    cells: Floats
    covariance: Floats
    with_shares: Floats
    n: int
    n_comparison: int
    largest: float

    @property
    def n_treated(self) -> int:
        return int(self.sizes.sum())

    @property
    def after(self) -> Ints:
        """Months after adoption."""
        return self.months[self.months > 0]

    def total(self, weights: Floats) -> tuple[Floats, Floats]:
        """Weighted sums of the columns of `cells`, averaged over adopters, and their covariance.

        Parameters
        ----------
        weights : array of float, shape (k, n_months + 2)

        Returns
        -------
        tuple of array, shapes (k,) and (k, k)
            Errors include that the cohorts' shares are estimated.
        """
        shares = self.sizes / self.n
        mine = shares / shares.sum()
        by_group = self.cells @ weights.T
        values = mine @ by_group
        slope = np.concatenate(
            [np.einsum("g,kc->kgc", mine, weights).reshape(len(weights), -1), (by_group - values).T / shares.sum()],
            axis=1,
        )
        drawn = (np.diag(shares) - np.outer(shares, shares)) / self.n
        joint = np.block([[self.covariance, self.with_shares], [self.with_shares.T, drawn]])
        return values, slope @ joint @ slope.T

    def column(self, month: int) -> Floats:
        """The weights that pick one month."""
        weights = np.zeros(len(self.months) + _MORE)
        weights[np.flatnonzero(self.months == month)[0]] = 1.0
        return weights

    def mean_of(self, months: Ints) -> Floats:
        """The weights of the mean of some months."""
        return np.asarray(sum(self.column(int(month)) for month in months) / len(months))

    @property
    def whole(self) -> Floats:
        """The weights of the effect over all months after."""
        return np.append(self.months > 0, np.zeros(_MORE)).astype(np.float64)

    @property
    def level_before(self) -> Floats:
        """The weights of what adopters did in a month before."""
        return np.append(np.zeros(len(self.months)), [1.0, 0.0])

    @property
    def level_after(self) -> Floats:
        """The weights of what adopters did after adoption, all months together."""
        return np.append(np.zeros(len(self.months)), [0.0, 1.0])

    def group_time(self, *, only_after: bool = False) -> GroupTime:
        """The effects alone, as the estimators of staggered adoption hand them on.

        `only_after` leaves out leads, the dip and the month of adoption, which is chosen for what happened in it.
        """
        kept = np.flatnonzero(self.months > 0) if only_after else np.arange(len(self.months))
        wide = len(self.months) + _MORE
        cells = (np.arange(len(self.groups))[:, None] * wide + kept).ravel()
        return GroupTime(
            groups=self.groups,
            group=np.repeat(self.groups, len(kept)),
            period=(self.groups[:, None] + self.months[kept]).ravel(),
            att=self.cells[:, kept].ravel(),
            covariance=self.covariance[np.ix_(cells, cells)],
            n=self.n,
            sizes=self.sizes,
            with_shares=self.with_shares[cells],
            control="not_yet",
            base="universal",
            anticipation=-self.reference - 1,
        )


def estimated(
    panel: AdoptionPanel, studied: Studied, outcome: str, *, before: int, after: int, reference: int
) -> Estimated:
    """The effect on one outcome in each month around adoption, by cohort.

    Parameters
    ----------
    panel : AdoptionPanel
    studied : Studied
    outcome : str
        One of those counted.
    before, after : int
    reference : int
        The month before adoption that changes are measured from: -2 leaves out one month of a dip.

    Source
    ------
    Callaway and Sant'Anna (2021), universal base, controls not yet treated; Sant'Anna and Zhao (2020) within strata.
    """
    cohorts = studied.cohorts
    months = np.arange(-before, after + 1)
    wide = len(months) + _MORE
    place = np.full(len(panel), -1, dtype=np.int64)
    for position, one in enumerate(cohorts):
        place[one.customer[one.treated]] = position
    cells = np.zeros((len(cohorts), wide))
    added: list[Floats] = []
    for position, one in enumerate(cohorts):
        cells[position], influence = _effects(panel, one, outcome, months, before, reference)
        added.append(influence)
    sizes = np.array([int(one.treated.sum()) for one in cohorts], dtype=np.int64)
    people = different([one.customer for one in cohorts])
    found = Estimated(
        outcome=outcome,
        months=months,
        reference=reference,
        groups=np.array([one.month for one in cohorts], dtype=np.int64),
        sizes=sizes,
        cells=cells,
        covariance=_covariance(cohorts, added, len(panel)),
        with_shares=_with_shares(cohorts, added, place, people),
        n=people,
        n_comparison=studied.n_comparison,
        largest=0.0,
    )
    return replace(found, largest=float(_largest(found, cohorts, added, place).max()))


def _effects(
    panel: AdoptionPanel, cohort: Cohort, outcome: str, months: Ints, before: int, reference: int
) -> tuple[Floats, Floats]:
    """The columns of one cohort, and what each of its rows adds to them, shape (m, n_months + 2)."""
    column = cohort.month - panel.begin.number
    grid = panel.counted[outcome][:, column - before : column + int(months[-1]) + 1]
    around = grid[cohort.customer].astype(np.float64) * panel.scale(outcome)
    change = around - around[:, [before + reference]]
    treated, code = cohort.treated, cohort.stratum
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    n_treated = np.add.reduceat(treated.astype(np.float64), starts)
    here: Flags = ~treated[:, None] & (cohort.leaves[:, None] > months)
    n_here = np.add.reduceat(here.astype(np.float64), starts, axis=0)
    expected = np.add.reduceat(np.where(here, change, 0.0), starts, axis=0) / n_here
    gap = change - expected[code]
    total = float(n_treated.sum())
    att = gap[treated].mean(axis=0)
    added = np.where(
        treated[:, None], (gap - att) / total, np.where(here, -gap, 0.0) * _weights(n_treated, n_here)[code]
    )
    levels = np.stack([around[:, : before + reference + 1].mean(axis=1), around[:, before + 1 :].sum(axis=1)], axis=1)
    means = levels[treated].mean(axis=0)
    level_added = np.where(treated[:, None], (levels - means) / total, 0.0)
    return np.append(att, means), np.concatenate([added, level_added], axis=1)


def _weights(n_treated: Floats, n_here: Floats) -> Floats:
    """What a comparison customer of a stratum counts, in shares of the adopters."""
    return np.asarray(n_treated[:, None] / n_here / n_treated.sum())


def _covariance(cohorts: tuple[Cohort, ...], added: list[Floats], customers: int) -> Floats:
    """Sums over customers of products of all that they add, over all cohorts they belong to."""
    wide = added[0].shape[1]
    whole = np.zeros((len(cohorts) * wide,) * 2)
    row = np.full(customers, -1, dtype=np.int64)
    for position, one in enumerate(cohorts):
        row[:] = -1
        row[one.customer] = np.arange(len(one.customer))
        rows = slice(position * wide, (position + 1) * wide)
        whole[rows, rows] = added[position].T @ added[position]
        for other in range(position + 1, len(cohorts)):
            mine = row[cohorts[other].customer]
            shared = np.flatnonzero(mine >= 0)
            columns = slice(other * wide, (other + 1) * wide)
            whole[rows, columns] = added[position][mine[shared]].T @ added[other][shared]
            whole[columns, rows] = whole[rows, columns].T
    return whole


def _with_shares(cohorts: tuple[Cohort, ...], added: list[Floats], place: Ints, n: int) -> Floats:
    """Covariance of each column of each cohort with the shares; a share moves by the customers who adopt then."""
    found = []
    for one, influence in zip(cohorts, added, strict=True):
        adopts = place[one.customer]
        later = np.flatnonzero(adopts >= 0)
        sums = [np.bincount(adopts[later], column, minlength=len(cohorts)) for column in influence[later].T]
        found.append(np.stack(sums) / n)
    return np.concatenate(found)


def _largest(found: Estimated, cohorts: tuple[Cohort, ...], added: list[Floats], place: Ints) -> Floats:
    """The share of each customer of the panel in the variance of the whole effect."""
    weight, shares = found.whole, found.sizes / found.sizes.sum()
    by_group = found.cells @ weight
    one_each = np.zeros(len(place))
    for share, one, influence in zip(shares, cohorts, added, strict=True):
        one_each[one.customer] += share * (influence @ weight)
    adopters = np.flatnonzero(place >= 0)
    one_each[adopters] += (by_group[place[adopters]] - shares @ by_group) / found.n_treated
    total = float((one_each**2).sum())
    return one_each**2 / total if total > 0 else one_each
