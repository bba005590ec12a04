"""How strong would a hidden cause have to be to explain an estimate away? Arithmetic on numbers already estimated.

For ratios: the bias factor that moves an estimate to 1, the E-value, the bounding factor of a hidden cause and the bias
that a known one plants. For coefficients: the robustness value and bounds from an observed covariate. None of this says
whether such a cause exists; what it means for a study, in words, is left to `analysis.studies.sensitivity`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """E-value of an estimate (`point`) and of the end of its interval nearer 1 (`limit`; None without an interval)."""

    point: float
    limit: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasFactor:
    """Bias on the ratio scale that alone would give an estimate (`point`), or the near end of its interval (`limit`).

    Below 1 for an estimate below 1. A `limit` of 1 says that the interval holds 1 and no bias is needed.
    """

    point: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """How much a cause explains: partial R² with the treatment and, given the treatment too, with the outcome.

    Examples
    --------
    >>> Strength(treatment=0.2, outcome=1.3)
    Traceback (most recent call last):
        ...
    ValueError: A partial R² with the outcome lies between 0 and 1, not 1.3.
    """

    treatment: float
    outcome: float

    def __post_init__(self) -> None:
        if not 0 <= self.treatment < 1:
            raise ValueError(f"A partial R² with the treatment lies between 0 and below 1, not {self.treatment:.4g}.")
        if not 0 <= self.outcome <= 1:
            raise ValueError(f"A partial R² with the outcome lies between 0 and 1, not {self.outcome:.4g}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """A coefficient, its standard error and its t-value, had a cause of a given strength been adjusted for."""

    estimate: float
    se: float
    t: float


def bias_factor_to_null(ratio: float, low: float, high: float) -> BiasFactor:
    """Which multiplicative bias would move the estimate, and the near end of its interval, to 1?

    Parameters
    ----------
    ratio, low, high : float
        A ratio above 0 and its interval; `low` may be 0 and `high` infinite.

    Raises
    ------
    ValueError
        If the ratio is not above zero, or lies outside its interval.

    Assumes
    -------
    That a bias of factor b divides the estimate and both ends of its interval by b, as it does on the log scale.

    Examples
    --------
    >>> bias_factor_to_null(1.08, 1.041, 1.12)
    BiasFactor(point=1.08, limit=1.041)
    >>> bias_factor_to_null(0.90, 0.84, 0.959)
    BiasFactor(point=0.9, limit=0.959)
    >>> bias_factor_to_null(1.02, 0.98, 1.06).limit
    1.0
    """
    _check_ratio(ratio)
    if not 0 <= low <= ratio <= high:
        raise ValueError(
            f"The interval must hold its ratio and lie above zero: {low:.4g} to {high:.4g} around {ratio:.4g}."
        )
    if low <= 1 <= high:
        return BiasFactor(point=ratio, limit=1.0)
    return BiasFactor(point=ratio, limit=low if ratio > 1 else high)


def e_value(ratio: float, low: float | None = None, high: float | None = None) -> EValue:
    """How strongly must a hidden cause be tied to both treatment and outcome to explain a ratio away?

    The smallest strength, equal on both sides and as a ratio, of a cause that could by itself have given the estimate
    (`point`) or the end of its interval nearer 1 (`limit`). Ratios below 1 are inverted.

    Parameters
    ----------
    ratio : float
        Above 0.
    low, high : float, optional
        Its interval, both ends or neither.

    Returns
    -------
    EValue
        Both at least 1; the limit is 1 where the interval holds 1 and None where none was given.

    Raises
    ------
    ValueError
        If the ratio is not above zero, lies outside its interval, or one end only is given.

    Assumes
    -------
    A ratio of risks, of rates over equal times, or of means of an outcome that is never negative. For means, "tied to
    the outcome" reads as the ratio of mean outcomes between levels of the hidden cause. An odds or hazard ratio of a
    common outcome needs converting first. For a ratio of changes the cause is one of the change, not of the level.

    Source
    ------
    VanderWeele and Ding (2017), Annals of Internal Medicine 167; reference values: tests/golden/sensitivity.

    Examples
    --------
    >>> found = e_value(3.9, 1.8, 8.7)
    >>> round(found.point, 2), round(found.limit, 2)
    (7.26, 3.0)
    """
    if (low is None) != (high is None):
        raise ValueError("An interval has two ends: give both or neither.")
    _check_ratio(ratio)
    if low is None or high is None:
        return EValue(point=_e_value(ratio), limit=None)
    return EValue(point=_e_value(ratio), limit=_e_value(bias_factor_to_null(ratio, low, high).limit))


def bounding_factor(rr_ud: float, rr_eu: float) -> float:
    """How large a bias, as a ratio, can a hidden cause of given strength make at most?

    Parameters
    ----------
    rr_ud : float
        Largest ratio of the mean outcome between levels of the cause, within treatment groups; at least 1.
    rr_eu : float
        Largest ratio of the share of a level of the cause between treatment groups; at least 1, infinite where a level
        is found in one group only.

    Raises
    ------
    ValueError
        If a ratio is below 1 (invert it: the bound does not know directions).

    Source
    ------
    Ding and VanderWeele (2016), Epidemiology 27.

    Examples
    --------
    >>> round(bounding_factor(2, 3), 6)
    1.5
    """
    for ratio, what in ((rr_ud, "outcome"), (rr_eu, "treatment")):
        if not ratio >= 1:
            raise ValueError(f"The ratio with the {what} is {ratio:.4g}; it must be 1 or above, inverted if need be.")
    small, large = sorted((float(rr_ud), float(rr_eu)))
    return small if math.isinf(large) else small / (1 + (small - 1) / large)  # ab / (a + b − 1) that cannot overflow


def planted_bias(p1: float, p0: float, g: float) -> float:
    """By which factor does a known yes-or-no cause bias a ratio of means that ignores it?

    Parameters
    ----------
    p1, p0 : float
        Share of treated and of comparison customers that have the cause.
    g : float
        Factor by which it multiplies the outcome; above 0.

    Raises
    ------
    ValueError
        If a share lies outside 0 to 1 or the factor is not above zero.

    Assumes
    -------
    The same factor in both groups, and nothing else that differs between them. For a ratio of changes, g multiplies the
    change and the shares are of the purchases before; a cause that raises before and after alike plants nothing.

    Source
    ------
    Bross (1966), Journal of Chronic Diseases 19.

    Examples
    --------
    >>> round(planted_bias(0.4, 0.2, 1.5), 6)
    1.090909
    """
    _check_ratio(g)
    for share in (p1, p0):
        if not 0 <= share <= 1:
            raise ValueError(f"A share lies between 0 and 1, not {share:.4g}.")
    return (1 - p1 + g * p1) / (1 - p0 + g * p0)


def partial_r2(t: float, dof: float) -> float:
    """What share of the outcome's variation left by the covariates does the treatment explain?

    Also the share that a cause explaining *all* of the rest of the outcome would need of the treatment.

    Examples
    --------
    >>> round(partial_r2(4.18445, 783), 5)
    0.02187
    """
    _check_t(t, dof)
    f = t / math.sqrt(dof)
    return (f / math.hypot(1, f)) ** 2


def robustness_value(t: float, dof: float, q: float = 1.0, alpha: float | None = None) -> float:
    """What share must a hidden cause explain, of treatment and of outcome alike, to undo a coefficient?

    Parameters
    ----------
    t : float
        The coefficient over its standard error.
    dof : float
        Residual degrees of freedom.
    q : float
        How much of the estimate is to be undone: 1 brings it to 0, 0.5 to a half.
    alpha : float, optional
        With it, the share that brings the interval of level 1 − alpha to hold (1 − q) times the estimate.

    Returns
    -------
    float
        Between 0 and 1 (partial R²); 0 where the interval holds that value already.

    Raises
    ------
    ValueError
        If t is not finite, dof is not above 0 (1 with alpha), q is not above 0 or alpha is outside 0 to 1.

    Source
    ------
    Cinelli and Hazlett (2020), Journal of the Royal Statistical Society B 82, with the closed form for alpha where the
    share of the outcome is not binding. Reference values: tests/golden/sensitivity.

    Examples
    --------
    >>> round(robustness_value(4.18445, 783), 5), round(robustness_value(4.18445, 783, alpha=0.05), 5)
    (0.13878, 0.07626)
    """
    _check_t(t, dof)
    if not (q > 0 and math.isfinite(q)):
        raise ValueError(f"The part `q` of the estimate to be undone must be above 0, not {q:.4g}.")
    f = q * abs(t) / math.sqrt(dof)
    critical = 0.0
    if alpha is not None:
        if not 0 < alpha < 1:
            raise ValueError(f"`alpha` lies between 0 and 1, not {alpha:.4g}.")
        if dof <= 1:
            raise ValueError(f"With `alpha` more than 1 degree of freedom is needed, not {dof:g}.")
        critical = float(special.stdtrit(dof - 1, 1 - alpha / 2)) / math.sqrt(dof - 1)
    beyond = f - critical
    if beyond <= 0:
        return 0.0
    if critical > 0 and f > 1 / critical:  # then a cause explaining less of the outcome does as much
        return 1 - (1 + critical * critical) / (1 + f * f)
    return 2 / (1 + math.sqrt(1 + 4 / beyond / beyond))  # (√(f⁴ + 4f²) − f²) / 2 without the cancellation


def confounder_bound(benchmark: Strength, times: float = 1.0, times_outcome: float | None = None) -> Strength:
    """How strong is a hidden cause at most that is `times` as strong as an observed covariate?

    Parameters
    ----------
    benchmark : Strength
        Of the observed covariate (`partial_r2` of its t-values in the two regressions).
    times, times_outcome : float
        How many times as much of the treatment, and of the outcome, the hidden cause explains; the same by default.

    Returns
    -------
    Strength
        Its `outcome` is 1 where the bound is 1 or above: then nothing is ruled out.

    Raises
    ------
    ValueError
        If a multiple is not above zero, or no cause can explain so many times as much of the treatment.

    Source
    ------
    Cinelli and Hazlett (2020), section 4.4. Reference values: tests/golden/sensitivity.

    Examples
    --------
    >>> bound = confounder_bound(Strength(treatment=partial_r2(-2.680, 784), outcome=partial_r2(-9.789, 783)), 3)
    >>> round(bound.treatment, 4), round(bound.outcome, 4)
    (0.0275, 0.3741)
    """
    times_outcome = times if times_outcome is None else times_outcome
    if not (0 < times < math.inf and 0 < times_outcome < math.inf):
        raise ValueError("A hidden cause is a multiple above zero of the observed one.")
    r2_treatment, r2_outcome = benchmark.treatment, benchmark.outcome
    treatment = times * r2_treatment / (1 - r2_treatment)
    shared = math.inf
    if treatment < 1:
        shared = times * r2_treatment**2 / ((1 - times * r2_treatment) * (1 - r2_treatment))
    if shared >= 1:
        raise ValueError(
            f"No cause can explain {times:g} times as much of the treatment as one with a partial R² of "
            f"{r2_treatment:.4g}: give a smaller multiple."
        )
    odds = r2_outcome / (1 - r2_outcome) if r2_outcome < 1 else math.inf
    outcome = (math.sqrt(times_outcome) + math.sqrt(shared)) ** 2 / (1 - shared) * odds
    return Strength(treatment=treatment, outcome=min(outcome, 1.0))


def adjusted_for(estimate: float, se: float, dof: float, confounder: Strength) -> Adjusted:
    """What would the coefficient be, had a cause of this strength been adjusted for, at worst?

    The bias is taken against the estimate; one larger than the estimate turns its sign.

    Raises
    ------
    ValueError
        If the standard error is not above zero, dof is not above 1, or the cause explains all of the outcome (then
        there is no error left to judge by).

    Source
    ------
    Cinelli and Hazlett (2020), section 3. Reference values: tests/golden/sensitivity.

    Examples
    --------
    >>> found = adjusted_for(0.0973158, 0.0232565, 783, Strength(treatment=0.0274929, outcome=0.3740505))
    >>> round(found.estimate, 4), round(found.t, 3)
    (0.0304, 1.628)
    """
    if not (se > 0 and math.isfinite(se)):
        raise ValueError(f"A standard error must be above zero, not {se:.4g}.")
    _check_t(estimate / se, dof)
    if dof <= 1:
        raise ValueError(f"More than 1 degree of freedom is needed, not {dof:g}.")
    if confounder.outcome >= 1:
        raise ValueError("A cause that explains all of the outcome leaves no error to judge an estimate by.")
    bias = math.sqrt(confounder.outcome * confounder.treatment / (1 - confounder.treatment)) * se * math.sqrt(dof)
    value = math.copysign(1.0, estimate) * (abs(estimate) - bias)
    error = se * math.sqrt((1 - confounder.outcome) / (1 - confounder.treatment) * dof / (dof - 1))
    return Adjusted(estimate=value, se=error, t=value / error)


def _e_value(ratio: float) -> float:
    above = max(ratio, 1 / ratio)
    return above + math.sqrt(above) * math.sqrt(above - 1)


def _check_ratio(ratio: float) -> None:
    if not (ratio > 0 and math.isfinite(ratio)):
        raise ValueError(f"A ratio must be above zero and finite, not {ratio:.4g}.")


def _check_t(t: float, dof: float) -> None:
    if not math.isfinite(t):
        raise ValueError(f"A t-value must be finite, not {t}.")
    if not (dof > 0 and math.isfinite(dof)):
        raise ValueError(f"Degrees of freedom must be above zero, not {dof:g}.")
