"""Hypotheses and rows of effects by hand, as the contract writes them."""

from __future__ import annotations

import math
from typing import Any

from scipy import stats

from analysis.studies.hypotheses.hypothesis import Hypothesis


def asked(name: str = "visits", **changed: Any) -> Hypothesis:
    usual: dict[str, Any] = {
        "statement": "The letter brings customers to the shop.",
        "design": "ab_randomised",
        "outcome": "visit",
        "scale": "difference",
        "direction": "higher",
        "smallest_effect": 0.01,
    }
    return Hypothesis(name=name, **{**usual, **changed})


def row(value: float | None = 0.08, se: float = 0.01, **changed: Any) -> dict[str, Any]:
    """A row whose interval is a normal one; a ratio's on its logarithm."""
    ratio = changed.get("scale") == "ratio"
    reach = stats.norm.ppf(0.975) * se
    low, high = (None, None) if value is None else (value - reach, value + reach)
    if ratio and value is not None:
        low, high = value / math.exp(reach), value * math.exp(reach)
    usual: dict[str, Any] = {
        "design": "ab_randomised",
        "estimand": "experiment_effect",
        "treated": "letter",
        "comparison": "control",
        "outcome": "visit",
        "scale": "difference",
        "segment": {},
        "value": value,
        "low": low,
        "high": high,
        "level": 0.95,
        "se": se * value if ratio and value is not None else se,
        "se_log": se if ratio else None,
        "unit": "ratio" if ratio else "share",
        "n_treated": 1000,
        "n_comparison": 2000,
        "maturity": "mature",
        "grade": "A",
        "checks": [],
        "claim": "…",
        "method": "difference in means (Welch)",
        "declared": True,
    }
    return {**usual, **changed}
