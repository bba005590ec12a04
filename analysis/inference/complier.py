"""What did it change for those whom an invitation moved, where only the invitation was randomised?

The effect of being invited on everybody (intention to treat), the effect of the invitation on uptake (first stage), and
their ratio: the effect on those who took it up because they were invited. Its interval is the Anderson–Rubin set, which
holds however few were moved; where they are too few the ratio is not told. Instruments that chance did not set, with
categories and covariates, are left to `analysis.inference.instrument`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.anderson_rubin import ArSet, anderson_rubin_set
from analysis.inference.compare import difference_in_means
from analysis.inference.estimate import Estimate
from analysis.inference.few_clusters import Clusters, difference_of_clusters, fit_of_arms
from analysis.inference.moments import Moments

STRONG = 10.0
"""Below this F of the first stage no ratio is told, only the Anderson–Rubin set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complier:
    """What an invitation did to the outcome, to uptake, and to the outcome of those whom it moved.

    Parameters
    ----------
    estimate : Estimate or None
        Per customer whom the invitation moved; its interval is the Anderson–Rubin set, with infinite ends where that is
        no interval.
    reason : str or None
        Why there is none.
    first_stage_f : float
        Square of the first stage over its variance; infinite where uptake follows the invitation without exception.
    first_stage, intention_to_treat : Estimate
        Of uptake, as a share, and of the outcome; per customer invited.
    anderson_rubin : ArSet
        The effects that are not rejected, whatever the strength of the first stage.

    Raises
    ------
    ValueError
        Unless there is either an estimate or a reason.
    """

    estimate: Estimate | None
    first_stage_f: float
    first_stage: Estimate
    intention_to_treat: Estimate
    anderson_rubin: ArSet
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.estimate is None) == (self.reason is None):
            raise ValueError("An effect on those moved has either an estimate or a reason why there is none.")

    def __str__(self) -> str:
        moved = f"the invitation moved {self.first_stage.value * 100:.3g} % (F = {self.first_stage_f:.3g})"
        if self.estimate is None:
            return f"{self.reason} Not rejected: {self.anderson_rubin}; {moved}"
        return f"{self.estimate}; {moved}"


def complier_effect(
    treated: Moments,
    comparison: Moments,
    outcome: str,
    uptake: str,
    *,
    unit: str,
    level: float = 0.95,
    name: str | None = None,
) -> Complier:
    """What did it change for those who took it up because they were invited, customers being invited one by one?

    Parameters
    ----------
    treated, comparison : Moments
        Of the invited and of the others, one row a customer.
    outcome, uptake : str
        Measures; uptake is 1 for who took it up and 0 for who did not, in both groups.
    unit : str
        Unit of the outcome's difference, per customer.
    level : float
    name : str, optional

    Returns
    -------
    Complier
        Without `estimate` where the first stage's F is below 10 or the invitation lowered uptake.

    Raises
    ------
    DesignError
        If uptake does not differ between any two customers.

    Assumes
    -------
    The invitation changes the outcome through uptake alone, and keeps nobody from it who would have come uninvited.

    Source
    ------
    Imbens and Angrist (1994), Econometrica 62; Anderson and Rubin (1949), Annals of Mathematical Statistics 20. Errors
    by each group's own variance. Reference values: tests/golden/complier.

    Examples
    --------
    >>> invited = Moments.from_rows(("orders", "used"), [[3, 1], [2, 1], [1, 0], [2, 1]] * 25)
    >>> others = Moments.from_rows(("orders", "used"), [[2, 1], [1, 0], [1, 0], [2, 0]] * 25)
    >>> found = complier_effect(invited, others, "orders", "used", unit="orders per customer")
    >>> round(found.first_stage.value, 6), round(found.intention_to_treat.value, 6), round(found.estimate.value, 6)
    (0.5, 0.5, 1.0)
    >>> found.anderson_rubin.kind, round(found.first_stage_f, 2)
    ('interval', 66.0)
    """
    named = name or outcome
    reduced = difference_in_means(treated, comparison, outcome, unit=unit, level=level, name=named)
    first = difference_in_means(treated, comparison, uptake, unit="share per customer", level=level, name=uptake)
    _refuse_still(first, named)
    both = sum(group.covariance(outcome, uptake) / group.n for group in (treated, comparison))
    value = reduced.value / first.value if first.value else 0.0
    parts = [(_of_rest(group, outcome, uptake, value) / group.n, group.n) for group in (treated, comparison)]
    return _complier(
        named,
        unit,
        level,
        reduced,
        first,
        both,
        _welch(parts),
        "ratio of differences in means, Anderson–Rubin interval",
    )


def complier_effect_by_cluster(
    treated: Clusters,
    comparison: Clusters,
    outcome: str,
    uptake: str,
    *,
    unit: str,
    level: float = 0.95,
    name: str | None = None,
) -> Complier:
    """The same where whole clusters were invited: errors of the clusters, as `few_clusters` makes them.

    Parameters
    ----------
    treated, comparison : Clusters
    outcome, uptake, unit, level, name
        As for `complier_effect`.

    Raises
    ------
    DesignError
        If uptake does not differ, or a group has too few clusters.

    Examples
    --------
    >>> rows = [[3, 1], [2, 1], [1, 0], [2, 1]] * 6 + [[2, 1], [1, 0], [1, 0], [2, 0]] * 6
    >>> invited = Clusters.from_rows(("orders", "used"), [place // 4 for place in range(24)], rows[:24])
    >>> others = Clusters.from_rows(("orders", "used"), [place % 6 for place in range(24)], rows[24:])
    >>> found = complier_effect_by_cluster(invited, others, "orders", "used", unit="orders per customer")
    >>> round(found.intention_to_treat.value, 6), round(found.estimate.value, 6)
    (0.5, 1.0)
    """
    named = name or outcome
    reduced = difference_of_clusters(treated, comparison, outcome, unit=unit, level=level, name=named)
    first = difference_of_clusters(treated, comparison, uptake, unit="share per customer", level=level, name=uptake)
    _refuse_still(first, named)
    value = reduced.value / first.value if first.value else 0.0
    clusters, fit = fit_of_arms(treated, comparison)
    contrast = np.array([1.0, -1.0])
    y, d = clusters.weights({outcome: 1.0}), clusters.weights({uptake: 1.0})
    freedom = fit.freedom(contrast, y - value * d)
    return _complier(
        named, unit, level, reduced, first, fit.error(contrast, y, d), freedom,
        "ratio of differences in means by cluster (CR2), Anderson–Rubin interval",
    )  # fmt: skip


def _refuse_still(first: Estimate, name: str) -> None:
    if first.value == 0 and first.se == 0:
        raise DesignError(f"`{name}`: uptake is the same for all customers, so the invitation moved nobody.")


def _of_rest(group: Moments, outcome: str, uptake: str, value: float) -> float:
    """Variance of the outcome less the effect of uptake."""
    crossed = 2 * value * group.covariance(outcome, uptake)
    return max(group.variance(outcome) - crossed + value**2 * group.variance(uptake), 0.0)


def _welch(parts: list[tuple[float, int]]) -> float:
    whole = sum(part for part, _ in parts)
    return whole**2 / sum(part**2 / (n - 1) for part, n in parts) if whole > 0 else math.inf


def _complier(
    name: str,
    unit: str,
    level: float,
    reduced: Estimate,
    first: Estimate,
    both: float,
    freedom: float,
    method: str,
) -> Complier:
    strength = (first.value / first.se) ** 2 if first.se > 0 else math.inf
    reach = float(special.stdtrit(freedom, (1 + level) / 2)) if math.isfinite(freedom) else 0.0
    kept = anderson_rubin_set(
        np.array([reduced.value]),
        np.array([first.value]),
        np.array([[reduced.se**2]]),
        np.array([[both]]),
        np.array([[first.se**2]]),
        reach**2,
    )
    reason, estimate = None, None
    if strength < STRONG:
        reason = (
            f"The invitation moved too few for a figure per customer moved: its F is {strength:.3g}, and {STRONG:g} is "
            "needed."
        )
    elif first.value < 0:
        reason = "The invited took it up less often than the others; there is nobody whom the invitation brought."
    else:
        value = reduced.value / first.value
        spread = reduced.se**2 - 2 * value * both + value**2 * first.se**2
        low, high = (min(kept.low, value), max(kept.high, value)) if kept.bounded else (-math.inf, math.inf)
        estimate = Estimate(
            name=name,
            value=value,
            low=low,
            high=high,
            level=level,
            se=math.sqrt(max(spread, 0.0)) / first.value,
            scale="difference",
            unit=unit,
            n_treated=first.n_treated,
            n_comparison=first.n_comparison,
            method=method,
        )
    return Complier(
        estimate=estimate,
        first_stage_f=strength,
        first_stage=first,
        intention_to_treat=reduced,
        anderson_rubin=kept,
        reason=reason,
    )
