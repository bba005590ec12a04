"""What does a treatment do that chance had a hand in? Two-stage least squares with one treatment and its instruments.

Fixed effects of several sets are absorbed first, covariates after them; errors are clustered. Beside the estimate stand
the first stage with its robust F, the reduced form, and the Anderson–Rubin set, which is the interval: it holds with
instruments of any strength. Whether an instrument is one (it moves the outcome through the treatment alone) no
arithmetic can tell: that is left to the studies, and the plain comparison within the same categories to `within`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.absorb import Absorber
from analysis.inference.anderson_rubin import ArSet, anderson_rubin_set
from analysis.inference.estimate import Estimate
from analysis.inference.within import NOTHING_LEFT, Floats, columns_within


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrumented:
    """What an instrument says about a treatment, and how strong it is.

    Parameters
    ----------
    effect : Estimate
        Two-stage least squares, per unit of the treatment. The interval is the Anderson–Rubin set where that is an
        interval, widened to the estimate if several instruments leave it out; where the set is none, both ends are
        infinite. `se` is that of two-stage least squares, for show.
    first_stage : float
        Slope of the treatment on the instrument; of several, on their best combination, and then 1.
    f : float
        Effective F of the first stage (Montiel Olea and Pflueger), clustered; with one instrument the robust F.
    partial_r2 : float
        Share of the treatment's variation within categories and covariates that the instruments account for.
    reduced_form : Estimate
        Slope of the outcome on the instrument (on their combination), with a t interval: what a placebo looks at.
    p_no_effect : float
        Of the Anderson–Rubin test of no effect; with one instrument that of the reduced form.
    anderson_rubin : ArSet
    n, n_clusters : int
        Rows and clusters used.
    n_treated : int
        Rows used that are treated (treatment not 0).
    absorbed : int
        Degrees of freedom taken by categories and covariates.
    dropped : mapping of str to int
        `singleton_rows` set aside, and `collinear_covariates` left out because the categories or earlier covariates
        say all that they say.
    """

    effect: Estimate
    first_stage: float
    f: float
    partial_r2: float
    reduced_form: Estimate
    p_no_effect: float
    anderson_rubin: ArSet
    n: int
    n_clusters: int
    n_treated: int
    absorbed: int
    dropped: Mapping[str, int]


def instrumented(
    outcome: ArrayLike,
    treated: ArrayLike,
    instrument: ArrayLike,
    *,
    absorb: Sequence[ArrayLike] | Absorber,
    covariates: ArrayLike | None,
    cluster: ArrayLike,
    name: str,
    unit: str,
    level: float = 0.95,
) -> Instrumented:
    """What does the treatment change, judged by that part of it which the instrument moved?

    Parameters
    ----------
    outcome, treated : array of float, shape (n_rows,)
        The treatment is usually 0 or 1.
    instrument : array of float, shape (n_rows,) or (n_rows, k)
    absorb : sequence of array of int, shape (n_rows,), or Absorber
        Sets of categories; without one, the overall mean is taken out. Ready to be absorbed where several regressions
        share them.
    covariates : array of float, shape (n_rows,) or (n_rows, n_covariates), optional
    cluster : array of int, shape (n_rows,)
        Rows whose errors may go together share a code.
    name, unit : str
        Of the outcome, and the unit of the effect.
    level : float

    Returns
    -------
    Instrumented

    Raises
    ------
    DesignError
        If outcome, treatment or instrument do not vary within the categories, if the instruments say the same twice or
        do not move the treatment at all, or if there are too few clusters or rows.
    ValueError
        If arrays differ in length or hold something that is not a finite number.

    Assumes
    -------
    Within the categories the instrument goes with the outcome through the treatment alone, and moves it in one
    direction for everybody. The effect is that of those whom it moved, weighted by how much. Clusters are many: in
    2,000 samples each the 95 % set held the truth in 91 % with 20 clusters, 93 with 40, 94 with 120 and 95 with 400.

    Source
    ------
    Errors with the CR1 factor G / (G - 1) · (n - 1) / (n - all regressors), as linearmodels makes them with
    `debiased`; t and F of G - 1 degrees. Montiel Olea and Pflueger (2013), JBES 31, for the effective F; Anderson and
    Rubin (1949) for the set. Reference values: tests/golden/instrument.

    Examples
    --------
    >>> found = instrumented([1.0, 3.0, 2.0, 6.0, 5.0, 9.0], [0, 1, 0, 1, 0, 1], [0, 1, 0, 2, 1, 2], absorb=[],
    ...                      covariates=None, cluster=[0, 1, 2, 3, 4, 5], name="orders", unit="orders per customer")
    >>> round(found.effect.value, 6), round(found.first_stage, 6), found.n_clusters
    (6.0, 0.5, 6)
    """
    table = columns_within(absorb, covariates, cluster, outcome=outcome, treatment=treated, instrument=instrument)
    y, d, z = table.left["outcome"][:, 0], table.left["treatment"][:, 0], table.left["instrument"]
    k = z.shape[1]
    if table.n_clusters <= k + 1:
        raise DesignError(
            f"`{name}`: {table.n_clusters} clusters cannot carry {k} instruments. Take a longer period, or finer "
            "clusters if errors allow it."
        )
    inverse = _inverse(z.T @ z)
    first, reduced = inverse @ (z.T @ d), inverse @ (z.T @ y)
    fitted = z @ first
    strength = float(fitted @ fitted)
    if strength <= (NOTHING_LEFT**2) * float(d @ d):
        raise DesignError(
            f"`{name}`: within the categories the instrument does not move the treatment at all. It cannot say what "
            "the treatment does: use the adjusted comparison."
        )
    of_y, of_d = (table.sums(z * gap[:, None]) @ inverse for gap in (y - z @ reduced, d - fitted))
    factor = table.factor(k)
    v_reduced, v_both, v_first = factor * of_y.T @ of_y, factor * of_y.T @ of_d, factor * of_d.T @ of_d
    noise = float(np.trace(v_first @ (z.T @ z)))
    degrees = table.n_clusters - 1
    critical = k * float(special.fdtri(k, degrees, level))
    kept = anderson_rubin_set(reduced, first, v_reduced, v_both, v_first, critical)

    value = float(fitted @ y) / strength
    error = math.sqrt(table.factor(1) * float(np.sum(table.sums(fitted * (y - value * d)) ** 2))) / strength
    low, high = (min(kept.low, value), max(kept.high, value)) if kept.bounded else (-math.inf, math.inf)
    n_treated = int(np.count_nonzero(table.treated))
    of_rows = {"level": level, "n_treated": n_treated, "n_comparison": table.n - n_treated}
    effect = Estimate(
        name=name,
        value=value,
        low=low,
        high=high,
        se=error,
        scale="difference",
        unit=unit,
        method="two-stage least squares, Anderson–Rubin interval, errors clustered (CR1)",
        **of_rows,  # type: ignore[arg-type]
    )
    slope = float(first[0]) if k == 1 else 1.0
    index = z[:, 0] if k == 1 else fitted
    spread = float(index @ index)
    onto = float(index @ y) / spread
    gap = y - (z @ reduced if k == 1 else onto * index)
    se_onto = math.sqrt(factor * float(np.sum(table.sums(index * gap) ** 2))) / spread
    half = float(special.stdtrit(degrees, (1 + level) / 2)) * se_onto
    reduced_form = Estimate(
        name=name,
        value=onto,
        low=onto - half,
        high=onto + half,
        se=se_onto,
        scale="difference",
        unit=f"{unit} per unit of the instrument",
        method="reduced form, errors clustered (CR1)",
        **of_rows,  # type: ignore[arg-type]
    )
    return Instrumented(
        effect=effect,
        first_stage=slope,
        f=float(first @ (z.T @ d)) / noise if noise > 0 else math.inf,
        partial_r2=strength / float(d @ d),
        reduced_form=reduced_form,
        p_no_effect=float(special.fdtrc(k, degrees, _wald(reduced, v_reduced) / k)),
        anderson_rubin=kept,
        n=table.n,
        n_clusters=table.n_clusters,
        n_treated=n_treated,
        absorbed=table.absorbed,
        dropped=table.dropped,
    )


def _inverse(products: Floats) -> Floats:
    size = np.sqrt(np.diag(products))
    alike = products / np.outer(size, size)
    if np.linalg.cond(alike) > 1 / NOTHING_LEFT:
        raise DesignError("The instruments say the same twice within the categories. Leave one of them out.")
    return np.asarray(np.linalg.inv(alike) / np.outer(size, size))


def _wald(slopes: Floats, covariance: Floats) -> float:
    try:
        return float(slopes @ np.linalg.solve(covariance, slopes))
    except np.linalg.LinAlgError:  # a fit without any error
        return math.inf
