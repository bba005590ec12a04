"""What do customers do who were assigned in whole groups: shops and regions, or blocks of time?

Customers of a group share something, so that they tell less than their number says. In clusters it is a factor on their
orders, before and after alike. In blocks of time it is the hour of the day, and a shock that lingers from block to
block; and in the first hour of a block the rule of the block before still acts. Groups are of uneven size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.experiments.shop import Ints

Flags = NDArray[np.bool_]
Drawn = tuple[Ints, Flags, dict[str, Ints], dict[str, float]]

CLUSTER_ORDERS, CLUSTER_ACTIVITY = 2.0, 1.0
"""Mean orders of a customer in 90 days, and the shape of the gamma by which customers of a cluster differ."""
BLOCK_HOURS, WASHOUT_HOURS = 4, 1
BY_HOUR = np.array([0.4, 0.6, 1.1, 1.3, 1.5, 1.1])
"""Orders of a customer, and customers, by block of the day, against the mean."""
BLOCK_ORDERS, BLOCK_ACTIVITY = 1.5, 2.0
SHOCK, LINGERS = 0.25, 0.5
"""Standard deviation of a block's shock (of its logarithm), and its correlation with the next one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustered:
    """Clusters that are assigned as wholes, half of them treated.

    Parameters
    ----------
    clusters : int
        An even number.
    uneven : float
        Standard deviation of the logarithm of their sizes.
    shared : float
        Variance of the factor that a cluster's customers share.
    lift : float
        By how much orders of the treated are multiplied.
    """

    clusters: int
    uneven: float
    shared: float
    lift: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """Blocks of time that have a rule by lot.

    Parameters
    ----------
    days : int
    more : float
        Orders that the rule adds, per customer.
    """

    days: int
    more: float = 0.0


CLUSTERED: Mapping[str, Clustered] = MappingProxyType(
    {
        "clusters_none": Clustered(clusters=24, uneven=0.3, shared=0.03),
        "clusters_effect": Clustered(clusters=24, uneven=0.3, shared=0.03, lift=1.3),
        "clusters_many": Clustered(clusters=160, uneven=0.4, shared=0.03, lift=1.1),
        "clusters_uneven": Clustered(clusters=24, uneven=1.2, shared=0.10, lift=1.3),
    }
)
SWITCHED: Mapping[str, Switched] = MappingProxyType(
    {"switchback_none": Switched(days=28), "switchback_effect": Switched(days=28, more=0.5)}
)


def clustered(made: Clustered, customers: int, rng: np.random.Generator) -> Drawn:
    """Cluster, arm and orders, before and after, of about so many customers, and the true effects.

    Examples
    --------
    >>> cluster, treated, orders, truth = clustered(CLUSTERED["clusters_effect"], 2_400, np.random.default_rng(1))
    >>> len(np.unique(cluster)), len(np.unique(cluster[treated])), round(truth["orders_difference"], 3)
    (24, 12, 0.6)
    """
    count = made.clusters
    typical = customers / count * math.exp(-(made.uneven**2) / 2)
    size = np.maximum(np.rint(typical * np.exp(made.uneven * rng.standard_normal(count))), 2).astype(np.int64)
    with_it = rng.permutation(count) < count // 2
    factor = rng.gamma(1 / made.shared, made.shared, count)
    cluster = np.repeat(np.arange(count), size)
    treated = with_it[cluster]
    rate = CLUSTER_ORDERS * factor[cluster] * rng.gamma(CLUSTER_ACTIVITY, 1 / CLUSTER_ACTIVITY, len(cluster))
    orders = {
        "orders_before": rng.poisson(rate),
        "orders": rng.poisson(rate * np.where(treated, made.lift, 1.0)),
    }
    return cluster, treated, orders, {"orders_difference": CLUSTER_ORDERS * (made.lift - 1)}


def switched(made: Switched, customers: int, rng: np.random.Generator) -> tuple[Ints, Flags, dict[str, Ints],
                                                                               dict[str, float], Flags]:  # fmt: skip
    """Block, rule and orders of about so many customers, the true effects, and who came in a block's first hour.

    Examples
    --------
    >>> block, held, orders, truth, early = switched(SWITCHED["switchback_none"], 5_000, np.random.default_rng(1))
    >>> int(block.max()) + 1, truth["orders_difference"], bool(0.2 < early.mean() < 0.3)
    (168, 0.0, True)
    """
    count = made.days * len(BY_HOUR)
    by_hour = np.tile(BY_HOUR, made.days)
    size = np.maximum(rng.poisson(customers / count * by_hour), 2)
    with_it = rng.random(count) < 0.5
    shock = np.exp(SHOCK * _lingering(count, rng) - SHOCK**2 / 2)
    block = np.repeat(np.arange(count), size)
    hour = BLOCK_HOURS * rng.random(len(block))
    early = hour < WASHOUT_HOURS
    before = np.concatenate([[False], with_it[:-1]])
    acts = np.where(early, before[block], with_it[block])
    own = rng.gamma(BLOCK_ACTIVITY, 1 / BLOCK_ACTIVITY, len(block))
    orders = rng.poisson(BLOCK_ORDERS * (by_hour * shock)[block] * own + made.more * acts)
    return block, with_it[block], {"orders": orders}, {"orders_difference": made.more}, early


def _lingering(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A stationary series of variance 1, each value correlated with the one before."""
    drawn = rng.standard_normal(count)
    for place in range(1, count):
        drawn[place] = LINGERS * drawn[place - 1] + math.sqrt(1 - LINGERS**2) * drawn[place]
    return drawn
