"""What do the charts and tables of the effort study show? Frames made from what was found, beside the effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.inference.estimate import Estimate
from analysis.inference.mediation import Mediated
from analysis.studies.effort.result import TOTAL
from analysis.studies.effort.rows import EffortRows
from analysis.studies.effort.scope import Said
from analysis.studies.result import Effect

_NOTHING = float("nan")


def line_of(outcome: str, effort: str, found: Mediated | str, slope: Estimate | None = None) -> dict[str, Any]:
    """One line of the paths: what runs through one kind of effort, or why nothing is told of it."""
    numbers = ("indirect", "indirect_low", "indirect_high", "slope", "slope_low", "slope_high", "rho", "rho_limit")
    line: dict[str, Any] = {"outcome": outcome, "effort": effort, **dict.fromkeys(numbers, _NOTHING)}
    if isinstance(found, str):
        return line | {"unit": "", "customers": 0, "reason": found}
    line |= {
        "indirect": found.indirect.value,
        "indirect_low": found.indirect.low,
        "indirect_high": found.indirect.high,
        "rho": found.hidden.rho,
        "rho_limit": found.hidden.limit,
        "unit": found.total.unit,
        "customers": found.total.n_treated + found.total.n_comparison,
        "reason": "",
    }
    if slope is not None:
        line |= {"slope": slope.value, "slope_low": slope.low, "slope_high": slope.high}
    return line


def effort_frame(rows: EffortRows, effects: Sequence[Effect]) -> pd.DataFrame:
    """Each kind of effort: the two means as they are, and the difference between customers alike."""
    held, lines = {**rows.effort, **rows.said}, []
    for effect in effects:
        if effect.outcome not in held or effect.estimate is None or effect.estimand != TOTAL:
            continue
        one, values = effect.estimate, held[effect.outcome]
        means = [float(np.nanmean(values[rows.exposed == side])) for side in (True, False)]
        n = one.n_treated + one.n_comparison
        lines.append((effect.outcome, *means, one.value, one.low, one.high, one.unit, n))
    columns = ["effort", "social", "elsewhere", "value", "low", "high", "unit", "customers"]
    return pd.DataFrame(lines, columns=columns)


def response_frame(rows: EffortRows, said: Mapping[str, Said | str]) -> pd.DataFrame:
    """Who was asked, who answered, and how many answers of equal weight that is worth."""
    lines, nobody = [], np.zeros(len(rows), dtype=bool)
    for name, found in said.items():
        asked = rows.asked.get(name, nobody)
        answered = np.isfinite(rows.said[name]) if name in rows.said else nobody
        weighed: tuple[float, float, str] = (_NOTHING, _NOTHING, found if isinstance(found, str) else "")
        if isinstance(found, Said):
            weighed = (found.response.effective, float(found.response.cut), "")
        lines.append((name, int(asked.sum()), int(answered.sum()), int((answered & rows.exposed).sum()), *weighed))
    columns = ["instrument", "asked", "answered", "answered_social", "effective", "cut", "reason"]
    return pd.DataFrame(lines, columns=columns)
