"""What is stated of made-up companies' money, what is true of it, and what is the case truly worth?

The assumptions of a case with their ranges; a request made of them, as the parameters of a user would make it; and the
true net present value by plain arithmetic, which knows nothing of lines, formulas or draws. The true values are drawn
from the ranges by numpy, not by the spreads that the case draws from. How a company is studied is left to
`money_worlds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from analysis.roi.lines.deflection import DeflectionRequest
from analysis.roi.lines.induced_demand import InducedDemandRequest
from analysis.roi.lines.issues_avoided import IssuesAvoidedRequest
from analysis.roi.lines.programme_costs import StatedCost
from analysis.roi.request import RoiRequest
from analysis.roi.stated import Stated
from analysis.roi.unit_costs import StatedUnitCost
from analysis.roi.volumes import VolumeRequest

YEARS, RATE = 3, 0.10
DRAWS = 10_000
CURRENCY = "EUR"
EXPOSURES_PER_CUSTOMER = 1.5
_SWING_EUR = 10.0
_SWING_AT = 40_000
_LEAST = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """One assumption: its value, and the range in which the truth lies.

    Parameters
    ----------
    value : float
        The most likely value, or the middle of a bell.
    low, high : float, optional
    shape : {"triangular", "pert"}
    sd : float, optional
    """

    value: float
    low: float | None = None
    high: float | None = None
    shape: Literal["triangular", "pert"] = "triangular"
    sd: float | None = None

    @property
    def ranged(self) -> Stated:
        """As the parameters state it with its range."""
        if self.low is None and self.sd is None:
            return Stated.of(self.value)
        return Stated(
            value=self.value, low=self.low, high=self.high, shape=self.shape, sd=self.sd,
            source="the made-up company", dated="2026-09-30",
        )  # fmt: skip

    def drawn(self, rng: np.random.Generator) -> float:
        """A true value: straight lines, a smooth hill of shape 4 (a beta distribution), or a bell."""
        if self.sd is not None:
            return float(rng.normal(self.value, self.sd))
        if self.low is None or self.high is None:
            return self.value
        if self.shape == "triangular":
            return float(rng.triangular(self.low, self.value, self.high))
        width = self.high - self.low
        rise, fall = 1 + 4 * (self.value - self.low) / width, 1 + 4 * (self.high - self.value) / width
        return float(self.low + width * rng.beta(rise, fall))


ASSUMED: Mapping[str, Assumed] = MappingProxyType(
    {
        "cost_per_issue": Assumed(value=6.3, low=4.5, high=9.0),
        "issues_cashable": Assumed(value=0.5, low=0.2, high=0.9, shape="pert"),
        "shift_cashable": Assumed(value=0.6, low=0.3, high=0.8, shape="pert"),
        "uptake_1": Assumed(value=0.6, low=0.4, high=0.8),
        "uptake_2": Assumed(value=0.85, low=0.7, high=1.0, shape="pert"),
        "uptake_3": Assumed(value=1.0),
        "extra_contacts": Assumed(value=0.1, low=0.0, high=0.3),
        "social_cost": Assumed(value=3.6, sd=0.3),
        "intent": Assumed(value=0.6, low=0.5, high=0.7),
        "resolved": Assumed(value=0.7, low=0.6, high=0.75),
        "contact_without": Assumed(value=0.5, sd=0.02),
        "contact_with": Assumed(value=0.2, sd=0.02),
        "deflected_cost": Assumed(value=8.4, low=7.0, high=10.0),
        "deflected_cashable": Assumed(value=0.6, low=0.5, high=0.8),
        "deflected_held": Assumed(value=0.05, low=0.0, high=0.15),
    }
)
"""Of every company, whatever its size; money in EUR. What grows with the company is added by `assumed_of`."""
AT_MARGINAL = ("cost_per_issue", "social_cost", "deflected_cost")
"""Unit costs, which are marginal ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What is true of one company's contacts.

    Parameters
    ----------
    contacts : float
        First social contacts a year.
    margin, issues, issues_cost, index_cost : float
        What one contact truly changes over the months after it: margin in EUR, issues, what those cost in EUR; and
        what its own issue costs more on social.
    customers : int
    """

    contacts: float
    margin: float
    issues: float
    issues_cost: float
    index_cost: float
    customers: int

    @property
    def cost_per_issue(self) -> float:
        """The true cost of a later issue; where there are as many as without the contact, any is."""
        return self.issues_cost / self.issues if self.issues else ASSUMED["cost_per_issue"].value


def true_npv(worth: Worth, at: Mapping[str, float]) -> float:
    """What is the case truly worth, if the assumptions have these values? Savings count as far as spending falls.

    Examples
    --------
    One contact a year that gains 1 EUR, nothing else: 0.6 / 1.1 + 0.85 / 1.21 + 1 / 1.331.

    >>> worth = Worth(contacts=1, margin=1, issues=0, issues_cost=0, index_cost=0, customers=1)
    >>> nothing = dict.fromkeys([*ASSUMED, "exposures", "content", "agents", "tools", "tools_initial"], 0.0)
    >>> round(true_npv(worth, nothing | {"uptake_1": 0.6, "uptake_2": 0.85, "uptake_3": 1.0}), 6)
    1.999249
    """
    avoided = _kept(-worth.issues * at["cost_per_issue"], at["issues_cashable"])
    shifted = _kept(-worth.index_cost, at["shift_cashable"])
    per_contact = worth.margin + avoided + shifted - at["extra_contacts"] * at["social_cost"]
    fewer = at["exposures"] * at["intent"] * at["resolved"] * (at["contact_without"] - at["contact_with"])
    deflected = fewer * at["deflected_cost"] * at["deflected_cashable"] * (1 - at["deflected_held"])
    running = at["agents"] + at["tools"] + at["content"]
    npv = -at["tools_initial"]
    for year in range(1, YEARS + 1):
        net = worth.contacts * at[f"uptake_{year}"] * per_contact + deflected - running
        npv += net / (1 + RATE) ** year
    return npv


def _kept(saving: float, cashable: float) -> float:
    """A saving counts in part, a loss whole."""
    return saving * cashable if saving > 0 else saving


def assumed_of(worth: Worth, rng: np.random.Generator) -> dict[str, Assumed]:
    """All assumptions about a company, at values that hold for it.

    What agents cost is set by lot, widely round what makes the case worth nothing: so that its worth lies to either
    side of zero, and nobody could foretell on which.
    """
    size = worth.contacts
    found = dict(ASSUMED)
    found["cost_per_issue"] = Assumed(value=worth.cost_per_issue, low=4.5, high=9.0)
    exposures = EXPOSURES_PER_CUSTOMER * worth.customers
    found["exposures"] = Assumed(value=exposures, sd=0.05 * exposures)
    found["content"] = Assumed(value=0.5 * size)
    found["tools"] = Assumed(value=1.0 * size, low=0.8 * size, high=1.5 * size, shape="pert")
    found["tools_initial"] = Assumed(value=1.5 * size, low=1.0 * size, high=2.5 * size)
    unpaid = true_npv(worth, {name: one.value for name, one in found.items()} | {"agents": 0.0})
    even = unpaid / sum((1 + RATE) ** -year for year in range(1, YEARS + 1))
    swing = _SWING_EUR * size * max(1.0, (_SWING_AT / worth.customers) ** 0.5)
    agents = max(even + rng.uniform(-1, 1) * swing, _LEAST * size)
    found["agents"] = Assumed(value=agents, sd=0.04 * agents)
    return found


def known(assumed: Mapping[str, Assumed], at: Mapping[str, float]) -> dict[str, Stated]:
    """The assumptions as plain numbers."""
    return {name: Stated.of(at[name]) for name in assumed}


def ranged(assumed: Mapping[str, Assumed]) -> dict[str, Stated]:
    """The assumptions with their ranges."""
    return {name: one.ranged for name, one in assumed.items()}


def request_of(stated: Mapping[str, Stated], seed: int) -> RoiRequest:
    """The request that a user's parameters with these assumptions would make."""
    return RoiRequest(
        currency=CURRENCY,
        years=YEARS,
        discount_rate=RATE,
        volume=VolumeRequest(uptake=tuple(stated[f"uptake_{year}"] for year in range(1, YEARS + 1))),
        cost_lines=(
            StatedCost(line="agents", per_year=stated["agents"]),
            StatedCost(line="tools", initial=stated["tools_initial"], per_year=stated["tools"]),
        ),
        unit_costs=(StatedUnitCost(channel="social", marginal=stated["social_cost"]),),
        issues_avoided=IssuesAvoidedRequest(cost_per_issue=stated["cost_per_issue"]),
        induced_demand=InducedDemandRequest(extra_contacts_per_contact=stated["extra_contacts"]),
        cashable={
            "issues_avoided": stated["issues_cashable"],
            "channel_shift": stated["shift_cashable"],
            "deflection": stated["deflected_cashable"],
        },
        deflection=DeflectionRequest(
            exposures_per_year=stated["exposures"],
            intent=stated["intent"],
            resolved=stated["resolved"],
            contact_without=stated["contact_without"],
            contact_with=stated["contact_with"],
            cost_per_contact=stated["deflected_cost"],
            content_cost_per_year=stated["content"],
        ),
        overlap={"deflection": stated["deflected_held"]},
        draws=DRAWS,
        seed=seed,
    )
