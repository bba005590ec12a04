"""What do charts and tables of the observational study show? Frames made from what was found, beside the effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.inference.att import Att
from analysis.inference.estimate import Estimate
from analysis.studies.observational.fit import Fit
from analysis.studies.observational.hidden import COLUMNS, hidden_frame
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.result import Effect

_OVERLAP = ["from", "to", "treated", "comparison", "left_out"]
_BALANCE = ["covariate", "value", "before", "after", "judged"]
_BESIDE = ["outcome", "estimator", "value", "low", "high", "unit", "stands", "reason"]
_PLACEBOS = ["placebo", "observed", "expected", "value", "low", "high", "reason"]


def overlap_and_balance(found: Fit | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers by likelihood of treatment, and how alike they are; empty where nothing could be compared."""
    if found is None:
        return pd.DataFrame(columns=_OVERLAP), pd.DataFrame(columns=_BALANCE)
    return found.overlap_frame(), found.balance_frame()


def beside_frame(roads: Mapping[str, Mapping[str, Estimate | str]]) -> pd.DataFrame:
    """Every road to the difference of all customers, by outcome; the doubly robust one stands."""
    lines: list[dict[str, Any]] = []
    for outcome, held in roads.items():
        for name, road in held.items():
            line: dict[str, Any] = {"outcome": outcome, "estimator": name, "stands": name == "doubly_robust"}
            if isinstance(road, str):
                line["reason"] = road
            else:
                line |= {key: getattr(road, key) for key in ("value", "low", "high", "unit")} | {"reason": ""}
            lines.append(line)
    return pd.DataFrame(lines, columns=_BESIDE)


def sensitivity_frame(
    fits: Mapping[str, Fit | str], plan: ObservationalPlan, effects: Sequence[Effect]
) -> pd.DataFrame:
    """What an unrecorded cause would have to do, for each effect on all customers."""
    whole = [one for one in effects if not one.segment and not one.naive and one.estimate is not None]
    outcomes = list(dict.fromkeys(one.outcome for one in whole))
    by_fit: dict[int, tuple[Fit, list[Estimate]]] = {}
    for one in whole:
        found = fits[one.outcome]
        assert isinstance(found, Fit)
        assert one.estimate is not None
        by_fit.setdefault(id(found), (found, []))[1].append(one.estimate)
    if not by_fit:
        return pd.DataFrame(columns=list(COLUMNS))
    frame = pd.concat([hidden_frame(found, plan, held) for found, held in by_fit.values()], ignore_index=True)
    return frame.sort_values("outcome", key=lambda column: column.map(outcomes.index), kind="stable", ignore_index=True)


def placebo_frame(placebos: Mapping[str, Att | str], level: float) -> pd.DataFrame:
    """Differences where none can be."""
    lines = []
    for name, found in placebos.items():
        line: dict[str, Any] = {"placebo": name}
        if isinstance(found, str):
            line["reason"] = found
        else:
            estimate = found.difference(name, unit="", level=level)
            line |= {"observed": found.observed, "expected": found.expected, "reason": ""}
            line |= {"value": estimate.value, "low": estimate.low, "high": estimate.high}
        lines.append(line)
    return pd.DataFrame(lines, columns=_PLACEBOS)
