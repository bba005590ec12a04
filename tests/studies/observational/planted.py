"""Made-up customers whose truth is known: who becomes a user, what they would have had, and a cause nobody recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.inference.sensitivity import planted_bias
from analysis.studies.observational.covariates import category, numeric
from analysis.studies.observational.rows import ObservationalRows, Placebo

SLOPE = {"good": 0.7, "weak": 3.0}
"""How strongly taste decides who becomes a user: with the second, some users have nobody like them."""
HIDDEN = {"users": 0.5, "others": 0.2, "factor": 1.4}
"""Shares of users and others with the unrecorded cause, and the factor by which it multiplies their orders."""


@dataclass(frozen=True, slots=True)
class Planted:
    """Rows and the ratio that is true of them."""

    rows: ObservationalRows
    ratio: float
    bias: float


def planted(seed: int, n: int = 2000, *, effect: float = 1.15, overlap: str = "good", hidden: bool = False) -> Planted:
    """A company of n customers.

    Taste and region decide both who becomes a user (a logit) and, on the log scale, orders: a linear expectation of
    orders is wrong, so that what comes back comes back by the second of the two models. The placebo is what was bought
    before: the same causes, the hidden one included, and no effect.
    """
    rng = np.random.default_rng(seed)
    taste, region = rng.standard_normal(n), rng.integers(0, 3, n)
    treated = rng.random(n) < 1 / (1 + np.exp(1.0 - SLOPE[overlap] * taste - 0.4 * (region == 1)))
    usual = np.exp(0.5 + 0.3 * taste + 0.2 * (region == 2))
    cause = rng.random(n) < (np.where(treated, HIDDEN["users"], HIDDEN["others"]) if hidden else 0.0)
    usual *= np.where(cause, HIDDEN["factor"], 1.0)
    after = rng.poisson(usual * np.where(treated, effect, 1.0) * rng.gamma(4, 0.25, n)).astype(float)
    earlier = rng.poisson(usual * rng.gamma(4, 0.25, n)).astype(float)
    rows = ObservationalRows(
        treated_name="users",
        comparison_name="others",
        who="Users",
        against="similar others",
        when="in the 6 months after",
        treated=treated,
        customer=np.arange(n),
        cell=np.zeros(n, dtype=np.int64),
        after={"orders": after},
        units={"orders": "orders per customer"},
        covariates=(numeric("taste", taste), category("region", [f"region {one}" for one in region])),
        placebos={"orders_earlier": Placebo(after=earlier, what="Orders of an earlier year.")},
    )
    bias = planted_bias(HIDDEN["users"], HIDDEN["others"], HIDDEN["factor"]) if hidden else 1.0
    return Planted(rows, effect, bias)
