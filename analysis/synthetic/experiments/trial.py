"""Which experiments are made up, who is in which arm of each, and what is true of it?

A trial is the rows of one experiment: a customer each, with the arm that chance gave, what was measured before and
after, and the effects that were planted. The truth is that of the population which the customers are drawn from, so
that it does not hang on who happened to be drawn. What customers do is left to `shop`, whole groups that are assigned
together to `grouped`, invitations that some follow to `invited`, chances that differ by stratum to `stratified`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import UnknownName
from analysis.synthetic.experiments.grouped import CLUSTERED, SWITCHED, clustered, switched
from analysis.synthetic.experiments.invited import INVITATIONS, invited
from analysis.synthetic.experiments.shop import NOW, Ints, Period, shop_customers, standard_error, true_effects
from analysis.synthetic.experiments.stratified import SHARES, STRATIFIED, stratified

EFFECT = Period(sessions=1.05, likelier=1.10)
_STREAM = 20_261_122  # tells these draws from those of other worlds with the same seed


@dataclass(frozen=True, slots=True, kw_only=True)
class OneByOne:
    """An experiment whose customers are assigned one by one.

    Parameters
    ----------
    effect : Period
        What the treatment does.
    share : float
        Of the customers treated, as it was intended.
    lost : float
        Share of the treated without an order before who are missing from the data.
    """

    effect: Period = NOW
    share: float = 0.5
    lost: float = 0.0


ONE_BY_ONE: Mapping[str, OneByOne] = MappingProxyType(
    {
        "trial_none": OneByOne(),
        "trial_effect": OneByOne(effect=EFFECT),
        "trial_uneven": OneByOne(effect=EFFECT, share=0.2),
        "trial_mismatch": OneByOne(lost=0.15),
        "looks_none": OneByOne(),
        "looks_effect": OneByOne(effect=EFFECT),
    }
)
KINDS = (*ONE_BY_ONE, *CLUSTERED, *SWITCHED, *INVITATIONS, *STRATIFIED)
"""All experiments by name."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """One made-up experiment.

    Parameters
    ----------
    kind : str
    treated : array of bool, shape (n,)
        By customer.
    measures : mapping of str to array of int, shape (n,)
        Outcomes, and with `_before` the same before the assignment; spend in cents.
    truth : mapping of str to float
        Effect on the population by estimand, `orders_difference` for instance.
    intended : float
        Share of units that were to be treated.
    unit : array of int, shape (n,), optional
        What was assigned as a whole: the cluster or the block of time; none where customers were.
    early : array of bool, shape (n,), optional
        Whether the customer came in the first hour of a block.
    stratum : array of int, shape (n,), optional
        Within which chance decided.
    chances : tuple of float
        Of being treated, by stratum.
    """

    kind: str
    treated: NDArray[np.bool_]
    measures: Mapping[str, Ints]
    truth: Mapping[str, float]
    intended: float = 0.5
    unit: Ints | None = None
    early: NDArray[np.bool_] | None = None
    stratum: Ints | None = None
    chances: tuple[float, ...] = ()


def trial(kind: str, seed: int, customers: int) -> Trial:
    """One made-up experiment; the same kind, seed and number of customers make the same one.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    seed : int
        Not negative.
    customers : int
        About as many, where whole groups are drawn.

    Raises
    ------
    UnknownName
        If there is no such kind.

    Examples
    --------
    >>> found = trial("trial_effect", 1, 1_000)
    >>> len(found.treated), round(found.truth["orders_ratio"], 3), sorted(found.measures)[:2]
    (1000, 1.144, ['bought', 'bought_before'])
    """
    rng = np.random.default_rng([_STREAM, seed])
    if kind in ONE_BY_ONE:
        return _one_by_one(kind, customers, rng)
    if kind in CLUSTERED:
        cluster, treated, measures, effects = clustered(CLUSTERED[kind], customers, rng)
        return Trial(kind=kind, treated=treated, measures=measures, truth=effects, unit=cluster)
    if kind in SWITCHED:
        block, treated, measures, effects, early = switched(SWITCHED[kind], customers, rng)
        return Trial(kind=kind, treated=treated, measures=measures, truth=effects, unit=block, early=early)
    if kind in INVITATIONS:
        treated, measures, effects = invited(INVITATIONS[kind], customers, rng)
        return Trial(kind=kind, treated=treated, measures=measures, truth=effects)
    if kind in STRATIFIED:
        lot = STRATIFIED[kind]
        stratum, treated, measures, effects = stratified(lot, customers, rng)
        return Trial(
            kind=kind, treated=treated, measures=measures, truth=effects, intended=float(SHARES @ lot.chances),
            stratum=stratum, chances=lot.chances,
        )  # fmt: skip
    raise UnknownName.of("experiment", kind, KINDS)


def planted_error(kind: str, estimand: str, customers: int) -> float:
    """The standard error that the estimate of an estimand must have, by what was planted.

    Raises
    ------
    KeyError
        If there is no closed form of it.

    Examples
    --------
    >>> plain, adjusted = (planted_error("trial_none", f"orders_difference{how}", 20_000) for how in ("", ":cuped"))
    >>> round(adjusted / plain, 3)
    0.784
    """
    made = ONE_BY_ONE[kind]
    return standard_error(estimand, made.effect, made.share * customers, (1 - made.share) * customers)


def _one_by_one(kind: str, customers: int, rng: np.random.Generator) -> Trial:
    made = ONE_BY_ONE[kind]
    treated = rng.random(customers) < made.share
    measures = shop_customers(customers, treated, made.effect, rng)
    truth = true_effects(made.effect)
    with_quantile = made.effect.quantile_of_spend(0.9) - NOW.quantile_of_spend(0.9)
    truth["spend_difference:quantile"] = with_quantile
    if made.effect == NOW:
        truth["spend_difference:winsorised"] = 0.0
    if made.lost:
        gone = treated & (measures["orders_before"] == 0) & (rng.random(customers) < made.lost)
        treated, measures = treated[~gone], {name: column[~gone] for name, column in measures.items()}
    return Trial(kind=kind, treated=treated, measures=measures, truth=truth, intended=made.share)
