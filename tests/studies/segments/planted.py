"""Effects by segment as a study hands them over, with numbers that are known."""

from __future__ import annotations

import math
from typing import Any

from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.studies.result import Check, Effect

Z = 1.959963984540054


def difference(value: float, se: float, sizes: tuple[int, int] = (500, 500)) -> Estimate:
    return Estimate(
        name="orders", value=value, low=value - Z * se, high=value + Z * se, level=0.95, se=se, scale="difference",
        unit="orders per customer", n_treated=sizes[0], n_comparison=sizes[1], method="difference in means",
    )  # fmt: skip


def ratio(value: float, se_log: float, sizes: tuple[int, int] = (500, 500)) -> Estimate:
    return ratio_estimate("orders", value, se_log, n_treated=sizes[0], n_comparison=sizes[1], method="ratio of means")


def effect(estimate: Estimate | None, segment: dict[str, str] | None = None, **changed: Any) -> Effect:
    given: dict[str, Any] = {
        "design": "ab_randomised",
        "estimand": "experiment_effect",
        "treated": "mail",
        "comparison": "no mail",
        "outcome": "orders",
        "scale": "difference" if estimate is None else estimate.scale,
        "grade": "D" if estimate is None else "A",
        "claim": "As the study claims it.",
        "estimate": estimate,
        "reason": None if estimate is not None else "the study refused it.",
        "segment": segment or {},
        "checks": (Check(name="sample_ratio", verdict="passed", detail="As planned.", gate=True),),
    }
    return Effect(**(given | changed))


def regions(*values: float, se: float = 0.03, sizes: tuple[int, int] = (500, 500), **changed: Any) -> list[Effect]:
    """All customers, then regions r0, r1, … of one size: an effect for each value given."""
    n = len(values)
    whole = effect(difference(sum(values) / n, se / math.sqrt(n), (sizes[0] * n, sizes[1] * n)), **changed)
    parts = [effect(difference(value, se, sizes), {"region": f"r{at}"}, **changed) for at, value in enumerate(values)]
    return [whole, *parts]
