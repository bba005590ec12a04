"""What do customers do who were assigned within strata, with chances that differ from stratum to stratum?

Three strata buy unlike amounts, and those who buy least had the best chance of being treated: pooled, the treated buy
less even where the treatment helps everybody. Strata are of fixed size, so that the population is that of their shares.
All true effects are closed forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.experiments.shop import BEFORE, RATIO, Ints

SHARES = np.array([0.5, 0.3, 0.2])
ORDERS = np.array([0.6, 1.8, 4.0])
"""Mean orders in 90 days without a treatment, by stratum."""
VISITS = 2.0
"""Mean sessions beyond the first that bring no order."""
ACTIVITY = 1.0
NAMES = ("seldom", "sometimes", "often")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratified:
    """Customers assigned within strata.

    Parameters
    ----------
    chances : tuple of float
        Of being treated, by stratum.
    lifts : tuple of float
        By how much orders of the treated are multiplied, by stratum.
    """

    chances: tuple[float, ...] = (0.8, 0.5, 0.2)
    lifts: tuple[float, ...] = (1.0, 1.0, 1.0)


STRATIFIED: Mapping[str, Stratified] = MappingProxyType(
    {"strata_none": Stratified(), "strata_effect": Stratified(lifts=(1.40, 1.20, 1.10))}
)


def stratified(
    made: Stratified, customers: int, rng: np.random.Generator
) -> tuple[Ints, NDArray[np.bool_], dict[str, Ints], dict[str, float]]:
    """Stratum, arm, what each did before and after, and the true effects on all.

    Returns
    -------
    array of int, shape (customers,)
    array of bool, shape (customers,)
    dict of str to array of int
        `orders`, `sessions`, `bought` (0 or 1), and each with `_before`.
    dict of str to float

    Examples
    --------
    >>> stratum, treated, found, truth = stratified(STRATIFIED["strata_effect"], 10, np.random.default_rng(1))
    >>> np.bincount(stratum).tolist(), round(truth["orders_difference"], 3), round(truth["orders_ratio"], 3)
    ([5, 3, 2], 0.308, 1.188)
    """
    ends = np.rint(np.cumsum(SHARES) * customers).astype(np.int64)
    stratum = rng.permutation(np.searchsorted(ends, np.arange(customers), side="right"))
    treated = rng.random(customers) < np.array(made.chances)[stratum]
    activity = rng.gamma(ACTIVITY, 1 / ACTIVITY, customers)
    found: dict[str, Ints] = {}
    for name in (BEFORE, ""):
        lift = np.where(treated, np.array(made.lifts)[stratum], 1.0) if name == "" else 1.0
        orders = rng.poisson(ORDERS[stratum] * activity * lift)
        found[f"orders{name}"] = orders
        found[f"sessions{name}"] = orders + 1 + rng.poisson(VISITS * activity)
        found[f"bought{name}"] = (orders > 0).astype(np.int64)
    return stratum, treated, found, _true_effects(made)


def _true_effects(made: Stratified) -> dict[str, float]:
    means = []
    for lifts in (np.array(made.lifts), np.ones(len(SHARES))):
        rate = ORDERS * lifts
        orders = float(SHARES @ rate)
        bought = float(SHARES @ (1 - (1 + rate / ACTIVITY) ** -ACTIVITY))
        means.append({"orders": orders, "bought": bought, RATIO: orders / (orders + 1 + VISITS)})
    one, other = means
    found = {f"{name}_difference": one[name] - other[name] for name in one}
    return found | {f"{name}_ratio": one[name] / other[name] for name in one}
