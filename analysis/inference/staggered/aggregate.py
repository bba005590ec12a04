"""What comes of all cohorts and periods together, month by month since treatment, by cohort or by calendar month?

Averages of ATT(g, t) with the error of the estimated weights in it, bands that hold for all numbers of a chart at once,
and the test whether effects before treatment are 0. How the ATT(g, t) came about, from cohort sums or from rows with
covariates, does not matter here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.compare import normal_quantile
from analysis.inference.estimate import Estimate
from analysis.inference.staggered.group_time import GroupTime

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["simple", "dynamic", "group", "calendar"]

DRAWS = 20_000
_TOO_SMALL = 1e-10  # smallest eigenvalue of a correlation matrix that is not rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Averages of ATT(g, t), one for each key, and their overall average.

    Parameters
    ----------
    kind : {"simple", "dynamic", "group", "calendar"}
    keys : array of int, shape (n_keys,)
        Periods since treatment, cohorts or calendar periods; none where the kind is simple.
    values : array of float, shape (n_keys,)
        In the outcome's unit.
    covariance : array of float, shape (n_keys, n_keys)
        With the error of the estimated weights.
    overall, overall_se : float
        simple: the mean over all treated units and periods. dynamic: the mean over periods since treatment, from 0 on.
        group: the mean over treated units of their cohort's mean. calendar: the mean over calendar periods.
    n_treated : int
        Units of the cohorts behind it.
    level : float
        Of the intervals and the band.
    draws, seed : int
        From the joint normal distribution, for the band.
    """

    kind: Kind
    keys: Ints
    values: Floats
    covariance: Floats
    overall: float
    overall_se: float
    n_treated: int
    level: float
    draws: int = DRAWS
    seed: int = 0

    @property
    def se(self) -> Floats:
        """Standard errors; not a number where nothing varies, as at the reference of a universal base."""
        variances = np.diag(self.covariance)
        return np.sqrt(np.where(variances > 0, variances, np.nan))

    @property
    def critical(self) -> float:
        """How many standard errors the band reaches to either side, so that it holds for all keys at once."""
        return critical_value(self.covariance, level=self.level, draws=self.draws, seed=self.seed)

    def interval(self) -> tuple[Floats, Floats]:
        """Ends of the interval of each key by itself; the value itself where nothing varies."""
        return self._ends(normal_quantile(self.level))

    def band(self) -> tuple[Floats, Floats]:
        """Ends of the band that holds for all keys at once."""
        return self._ends(self.critical)

    def _ends(self, reach: float) -> tuple[Floats, Floats]:
        half = reach * np.nan_to_num(self.se)
        return self.values - half, self.values + half

    def estimate(self, *, name: str, unit: str, n_comparison: int, method: str) -> Estimate:
        """The overall average as a result."""
        half = normal_quantile(self.level) * self.overall_se
        return Estimate(
            name=name,
            value=self.overall,
            low=self.overall - half,
            high=self.overall + half,
            level=self.level,
            se=self.overall_se,
            scale="difference",
            unit=unit,
            n_treated=self.n_treated,
            n_comparison=n_comparison,
            method=method,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wald:
    """A joint test that several numbers are 0: `statistic` is chi-square with `degrees` degrees of freedom."""

    statistic: float
    degrees: int
    p: float


def aggregate(
    found: GroupTime,
    kind: Kind,
    *,
    earliest: int | None = None,
    latest: int | None = None,
    balanced: int | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Aggregate:
    """What did treatment do on average, by months since it began, by cohort, by calendar month, or altogether?

    Parameters
    ----------
    found : GroupTime
    kind : {"simple", "dynamic", "group", "calendar"}
    earliest, latest : int, optional
        Periods since treatment to use, both included; all by default. Periods before treatment enter `dynamic` only.
    balanced : int, optional
        For `dynamic`: only cohorts that are seen for this many periods after the first treated one, so that a growing
        effect is not mistaken for another mix of cohorts; later periods are left out, and earlier ones that not all of
        these cohorts can have.
    level : float
        Of the intervals and the band.
    draws, seed : int
        Draws from the joint normal distribution for the band.

    Raises
    ------
    DesignError
        If no cell is left to average.

    Assumes
    -------
    What `group_time` assumes. Cohorts count by their units.

    Source
    ------
    Callaway and Sant'Anna (2021), section 3 and corollary 2; the band as Montiel Olea and Plagborg-Møller (2019).
    Reference values: R `did`, tests/golden/staggered.

    Examples
    --------
    >>> from analysis.inference.staggered.cohort_sums import CohortSums
    >>> from analysis.inference.staggered.group_time import group_time
    >>> sums = CohortSums.of([[1, 4, 5], [3, 6, 9], [1, 1, 7], [3, 3, 9], [1, 2, 3], [1, 2, 5]], [2, 2, 3, 3, 0, 0])
    >>> dynamic = aggregate(group_time(sums, control="never"), "dynamic")
    >>> dynamic.keys.tolist(), dynamic.values.tolist(), dynamic.overall
    ([-1, 0, 1], [-1.0, 3.0, 2.0], 2.5)
    """
    if kind not in ("simple", "dynamic", "group", "calendar"):
        raise ValueError(f"Effects are averaged as `simple`, `dynamic`, `group` or `calendar`, not `{kind}`.")
    event = found.event
    used = (event >= (-np.inf if earliest is None else earliest)) & (event <= (np.inf if latest is None else latest))
    if kind != "dynamic":
        used &= event >= 0
    elif balanced is not None:
        last = found.period.max()
        used &= (found.group + balanced <= last) & (event <= balanced)
        used &= event >= balanced - (last - found.period.min()) - (found.base == "varying")
    if not used.any():
        raise DesignError(
            f"None of {len(event):,} cells of a cohort in a period lies in the window asked for (periods {earliest} to "
            f"{latest} since treatment); there are {event.min()} to {event.max()}. Widen the window."
        )
    of_cell = {"simple": np.zeros_like(event), "dynamic": event, "group": found.group, "calendar": found.period}[kind]
    keys = np.unique(of_cell[used])
    member = (of_cell == keys[:, None]) & used
    cohort = (found.group[:, None] == found.groups).astype(np.float64)
    share = found.sizes / found.n
    mass = member * (cohort @ share)
    weights = mass / mass.sum(axis=1, keepdims=True)
    values = weights @ found.att
    by_share = (member * (found.att - values[:, None])) @ cohort / mass.sum(axis=1, keepdims=True)
    if kind == "simple":
        over, over_by_share = np.ones(1), np.zeros(len(share))
    elif kind == "group":
        place = np.searchsorted(found.groups, keys)
        over = share[place] / share[place].sum()
        over_by_share = np.zeros(len(share))
        over_by_share[place] = (values - over @ values) / share[place].sum()
    else:
        counted = keys >= 0 if kind == "dynamic" else np.ones(len(keys), dtype=bool)
        over, over_by_share = counted / max(counted.sum(), 1), np.zeros(len(share))
    rows, by_share = np.vstack([weights, over @ weights]), np.vstack([by_share, over @ by_share + over_by_share])
    joint = _joint(found, rows, by_share)
    none = kind == "simple"
    covariance = joint[:-1, :-1]
    any_after = bool((over > 0).any())
    return Aggregate(
        kind=kind,
        keys=keys[:0] if none else keys,
        values=values[:0] if none else values,
        covariance=covariance[:0, :0] if none else covariance,
        overall=float(over @ values) if any_after else math.nan,
        overall_se=math.sqrt(max(joint[-1, -1], 0.0)) if any_after else math.nan,
        n_treated=int(found.sizes[np.isin(found.groups, found.group[used])].sum()),
        level=level,
        draws=draws,
        seed=seed,
    )


def _joint(found: GroupTime, weights: Floats, by_share: Floats) -> Floats:
    """Covariance of averages whose weights are estimated too: of the effects, of the shares, and of both together."""
    share = found.sizes / found.n
    shares = (np.diag(share) - np.outer(share, share)) / found.n
    crossed = weights @ found.with_shares @ by_share.T
    joint = weights @ found.covariance @ weights.T + crossed + crossed.T + by_share @ shares @ by_share.T
    return (joint + joint.T) / 2


def critical_value(covariance: Floats, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0) -> float:
    """How many standard errors must all intervals reach, so that together they hold at this level?

    Parameters
    ----------
    covariance : array of float, shape (n, n)
        Of normal estimates; those that do not vary are left out.
    level : float
    draws, seed : int

    Returns
    -------
    float
        At least that of one interval by itself.

    Examples
    --------
    >>> round(critical_value(np.array([[4.0]])), 6), round(critical_value(np.eye(5)), 1)
    (1.959964, 2.6)
    """
    varies = np.diag(covariance) > 0
    pointwise = normal_quantile(level)
    if varies.sum() < 2:
        return pointwise
    error = np.sqrt(np.diag(covariance)[varies])
    values, vectors = np.linalg.eigh(covariance[np.ix_(varies, varies)] / np.outer(error, error))
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T  # the symmetric root: no sign is left open
    drawn = np.random.default_rng(seed).standard_normal((draws, len(error))) @ root
    return max(float(np.quantile(np.abs(drawn).max(axis=1), level)), pointwise)


def pre_test(found: GroupTime, *, by: Literal["cell", "month"] = "cell") -> Wald:
    """Are the effects before treatment, and its anticipation, jointly 0?

    Parameters
    ----------
    found : GroupTime
    by : {"cell", "month"}
        Test every ATT(g, t) before treatment, as R `did` does; or their averages by months until treatment, which are
        fewer and so test better where cohorts are small.

    Raises
    ------
    DesignError
        If there is no period before treatment to test, or there are too few units for so many numbers.

    Source
    ------
    Callaway and Sant'Anna (2021), remark 5. Reference values: R `did`, tests/golden/staggered.
    """
    tested = found.before & (np.diag(found.covariance) > 0)
    values, covariance = found.att[tested], found.covariance[np.ix_(tested, tested)]
    if by == "month" and tested.any():
        leads = aggregate(found, "dynamic", latest=-found.anticipation - 1)
        varies = np.diag(leads.covariance) > 0
        values, covariance = leads.values[varies], leads.covariance[np.ix_(varies, varies)]
    if not len(values):
        raise DesignError(
            f"There is no period before treatment to test: {len(found.groups)} cohorts need two periods at least "
            "before treatment and its anticipation. Take in earlier periods."
        )
    return wald(values, covariance)


def wald(values: Floats, covariance: Floats) -> Wald:
    """Are these numbers jointly 0?

    Raises
    ------
    DesignError
        If they do not vary freely, so that there is no such test.

    Examples
    --------
    >>> wald(np.array([2.0, 0.0]), np.eye(2)).statistic
    4.0
    """
    error = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(error, error)
    if np.linalg.eigvalsh(correlation)[0] < _TOO_SMALL:
        raise DesignError(
            f"{len(values)} numbers before treatment follow from each other, so that there is no joint test: there are "
            "too few units for so many cohorts and periods. Use longer periods, or test by months until treatment."
        )
    scaled = values / error
    statistic = float(scaled @ np.linalg.solve(correlation, scaled))
    return Wald(statistic=statistic, degrees=len(values), p=float(special.chdtrc(len(values), statistic)))
