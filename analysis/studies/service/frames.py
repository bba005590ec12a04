"""How strong is the queue, and what does each estimate say? The frames of the service study, beside its effects.

Every estimate is shown, the one that stands and those that do not. What they are is told in `scope`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.inference.compare import normal_quantile
from analysis.inference.estimate import Estimate
from analysis.inference.instrument import Instrumented
from analysis.studies.grade import grade_of
from analysis.studies.service.gates import NEEDED, together

if TYPE_CHECKING:
    from analysis.studies.result import Grade
    from analysis.studies.service.scope import ServiceScope

_NOTHING = float("nan")
_STRENGTH = ("f", "first_stage", "partial_r2", "n", "days", "value", "ar_low", "ar_high")
_PLACEBO = ("placebo", "placebo_low", "placebo_high", "placebo_p")


def instrument_frame(scope: ServiceScope) -> pd.DataFrame:
    """How strong the queue is, what it says, and what it says where it can say nothing; one line an outcome."""
    return pd.DataFrame([_by_queue(scope, outcome) for outcome in scope.plan.outcomes])


def _by_queue(scope: ServiceScope, outcome: str) -> dict[str, Any]:
    reason = scope.refused or scope.constant(outcome)
    line: dict[str, Any] = {"outcome": outcome, **dict.fromkeys((*_STRENGTH, *_PLACEBO), _NOTHING), "ar_kind": ""}
    line |= {"unit": scope.rows.unit(outcome), "reason": reason or ""}
    found = scope.queue(outcome) if reason is None else reason
    if not isinstance(found, Instrumented):
        return line | {"reason": found}
    _, before, *_ = scope.queue_checks(outcome)
    told = (before.value, before.low, before.high, before.p_value)
    return line | {
        "f": found.f,
        "first_stage": found.first_stage,
        "partial_r2": found.partial_r2,
        "n": found.n,
        "days": found.n_clusters,
        "value": found.effect.value,
        "ar_kind": found.anderson_rubin.kind,
        "ar_low": found.anderson_rubin.low,
        "ar_high": found.anderson_rubin.high,
        **{name: _NOTHING if value is None else value for name, value in zip(_PLACEBO, told, strict=True)},
    }


def beside_frame(scope: ServiceScope) -> pd.DataFrame:
    """Every estimate of every outcome: by the queue, adjusted, and raw; a line without a number has a reason."""
    columns = ["outcome", "estimator", "scale", "value", "low", "high", "bounded", "unit", "grade", "stands", "reason"]
    lines = []
    for outcome in scope.plan.outcomes:
        if scope.refused is None and scope.constant(outcome) is None:
            lines += _beside(scope, outcome)
    return pd.DataFrame(lines, columns=columns)


def _beside(scope: ServiceScope, outcome: str) -> list[dict[str, Any]]:
    grades: dict[str, Grade] = {
        "queue": grade_of(scope.queue_checks(outcome), needed=NEEDED),
        "adjusted": grade_of(scope.adjusted_checks(outcome), needed=NEEDED),
        "raw": "D",
    }
    told = {"queue": scope.by_luck(outcome), "adjusted": scope.alike(outcome), "raw": scope.plain(outcome)}
    lines = []
    for name, found in told.items():
        about = {"outcome": outcome, "estimator": name, "stands": name == ("queue" if scope.strong else "adjusted")}
        lines += [{**about, **_numbers(estimate), "grade": grades[name], "reason": ""} for estimate in found.estimates]
        if found.reason is not None:
            nothing = {**dict.fromkeys(("value", "low", "high"), _NOTHING), "bounded": None}
            unit = {"scale": "difference", "unit": scope.rows.unit(outcome)}
            lines.append({**about, **nothing, **unit, "grade": "D", "reason": found.reason})
    return lines


def _numbers(estimate: Estimate) -> dict[str, Any]:
    return {name: getattr(estimate, name) for name in ("scale", "value", "low", "high", "bounded", "unit")}


def balance_frame(scope: ServiceScope) -> pd.DataFrame:
    """What an answer in time "would have changed" of what was known before, in standard deviations."""
    columns = ["covariate", "difference", "low", "high", "p_value"]
    if scope.refused is not None:
        return pd.DataFrame(columns=columns)
    recorded, _ = scope.recorded
    asked = scope.plan.outcomes[0]
    every = together(scope.placebo(asked), scope.incidents(asked), scope.busy(asked), recorded)
    adjusted = every[len(every) - len(recorded) :]
    reach = normal_quantile(scope.plan.level)
    lines = [
        (one.name, one.value, one.value - reach * one.se, one.value + reach * one.se, p_value)
        for one, p_value in zip(recorded, adjusted, strict=True)
    ]
    return pd.DataFrame(lines, columns=columns)
