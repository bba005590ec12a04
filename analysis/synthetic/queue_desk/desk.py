"""What is fixed about the company with a queue: its products, its hours, what delays an answer, and the variants.

One desk answers what customers of all products write on social. How long one waits depends on how many wrote in the
hour before, of whatever product, on who is at the desk, and on how grave the problem is. Who writes when is left to
`people` and `queue`, what they buy to `life`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import UnknownName

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

PRODUCTS = ("cards", "loans", "savings", "travel")
PRODUCT_SHARE = (0.36, 0.26, 0.20, 0.18)
REGIONS = ("east", "north", "west")
REGION_SHARE = (0.4, 0.35, 0.25)
CHANNELS = ("social", "email", "phone")
SOCIAL = 0
CURRENCY = "EUR"

TARGET_S = 3_600
"""Answered in time: a reply within the hour."""
WINDOW_MONTHS = 6
"""For how many months after the month of a contact what happened there moves buying."""
DIP_MONTHS = 3
"""For how many months after its own month any issue lowers buying."""
DIP = (0.95, 0.88, 0.78)
"""The factor on buying in them, by recorded severity."""
SEVERITY_SHARE = (0.50, 0.35, 0.15)
SEVERITY_WAIT = (0.0, 0.30, 0.70)
"""What a recorded severity adds to the logarithm of the wait."""
NIGHT_BUYING = 0.88
"""Who writes at night is in more trouble: factor on buying in the window, whatever the answer."""
INCIDENT_BUYING = 0.90
"""The same for those who write about an incident of their own product."""

NIGHT_FROM, NIGHT_TO = 23, 7
"""Nobody is at the desk between these local hours, unless staff is ample."""
PER_AGENT = 2.0
"""Contacts an agent can take up in an hour."""
ABSENT = 0.12
"""The chance that an agent of the rota is away in an hour."""
USUAL_WAIT_S = 1_000.0
"""The median wait for a mild problem where no queue has built up."""
FREE_LOAD = 0.6
"""A queue builds up above this share of what the agents can take up."""
QUEUE_WAIT = 1.3
"""What a load as large as the desk's capacity beyond that adds to the logarithm of the wait."""
WAIT_SPREAD = 0.55
OVERLOOKED = 0.04
"""The share of contacts that nobody ever answers, whatever the load."""
GIVEN_UP_S = 3 * 86_400
"""What would wait longer is never answered."""

CURVE_DAY = np.array([2, 1, 1, 1, 1, 3, 8, 20, 38, 50, 54, 52, 50, 52, 50, 48, 48, 52, 58, 60, 54, 42, 24, 8]) / 777
CURVE_NIGHT = np.array(
    [70, 60, 44, 30, 20, 16, 14, 16, 18, 18, 18, 18, 18, 18, 18, 18, 20, 24, 30, 40, 52, 66, 78, 80]
) / 804  # fmt: skip
"""The share of a local day's problems in each hour, of most customers and of those who keep late hours."""
EVENING = (0.0, -0.25, 0.25, 0.5)
"""By product, how much more is written in the evening than at noon."""
WEEK = np.array([
    [1.18, 1.10, 1.05, 1.02, 1.00, 0.85, 0.80],
    [1.35, 1.25, 1.15, 1.10, 1.05, 0.60, 0.50],
    [1.10, 1.05, 1.02, 1.00, 1.00, 0.95, 0.88],
    [0.95, 0.85, 0.85, 0.90, 1.05, 1.15, 1.25],
])  # fmt: skip
"""Factors of the days from Monday to Sunday, by product."""
INCIDENTS = 14
"""Incidents of each product over the whole data."""
LONGEST_INCIDENT = 3
INCIDENT_RATE = (3.0, 6.0)
"""How many times as much is written about the product meanwhile: from, to."""
DAY_SHAPE = 16.0
"""Days differ by chance, each product's for itself: gamma of this shape and mean 1."""

_AMPLE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One variant of the company.

    `effect`: relative change of buying in the window if the answer came in time. `staff`: agents, as a multiple of the
    usual rota; from 2 on there is a night shift. `hidden_wait`, `hidden_buying`: what a standard deviation of a gravity
    that nobody records adds to the logarithm of the wait, and takes off the logarithm of buying in the window.
    `outage`: by what share those who write while *another* product has an incident buy less, whatever the answer.
    """

    about: str
    effect: float = 0.0
    staff: float = 1.0
    hidden_wait: float = 0.0
    hidden_buying: float = 0.0
    outage: float = 0.0

    @property
    def ample(self) -> bool:
        """Whether staff is so ample that there is a night shift, and no queue to speak of."""
        return self.staff >= _AMPLE


QUEUES: Mapping[str, Desk] = MappingProxyType(
    {
        "queue_none": Desk(about="An answer in time has no effect."),
        "queue_effect": Desk(about="Who is answered in time buys a quarter more for six months.", effect=0.25),
        "queue_harm": Desk(about="Who is answered in time buys a fifth less for six months.", effect=-0.20),
        "queue_weak": Desk(
            about="Staff is ample, day and night: nearly all are answered in time, and load hardly matters.",
            effect=0.25,
            staff=6.0,
        ),
        "queue_hidden": Desk(
            about="No effect. Grave problems, which nobody records, wait longer and lower buying.",
            hidden_wait=0.55,
            hidden_buying=0.20,
        ),
        "queue_broken": Desk(
            about="No effect. Incidents hit the customers of all products: load itself goes with buying less.",
            outage=0.30,
        ),
    }
)
"""The variants by name."""


def desk_named(name: str) -> Desk:
    """The parameters of a variant.

    Raises
    ------
    UnknownName
        If there is no such variant, with the nearest.

    Examples
    --------
    >>> desk_named("queue_none").effect
    0.0
    """
    if name not in QUEUES:
        raise UnknownName.of("world", name, QUEUES)
    return QUEUES[name]


PURPOSES = ("people", "days", "issues", "staff", "waits", "orders", "values", "times")


def stream(seed: int, purpose: str) -> np.random.Generator:
    """The company's randomness for one purpose.

    Examples
    --------
    >>> bool(stream(7, "orders").random() == stream(7, "orders").random())
    True
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3, PURPOSES.index(purpose))))
