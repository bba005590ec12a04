"""What would an unrecorded cause have to do to explain the difference between the groups away, beside recorded ones?

For each outcome: the bias, as a factor or an amount, that alone would bring the near end of the interval to "no
effect"; the E-value; the robustness value; what a hidden cause as strong as the strongest recorded one, or two or three
times as strong, would leave; what leaving that recorded one out does; and the hidden bias at which matched pairs could
differ by chance. The arithmetic is in `inference.sensitivity`, `hidden_strength` and `rosenbaum`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.hidden_strength import recorded_strengths
from analysis.inference.rosenbaum import critical_gamma, signed_rank_p
from analysis.inference.sensitivity import (
    Strength,
    adjusted_for,
    bias_factor_to_null,
    confounder_bound,
    e_value,
    robustness_value,
)
from analysis.studies.observational.covariates import design
from analysis.studies.observational.fit import Fit, fit
from analysis.studies.observational.plan import ObservationalPlan

if TYPE_CHECKING:
    import pandas as pd

TIMES = (1, 2, 3)
"""How many times as strong as the strongest recorded cause a hidden one is taken to be."""
NO_CAUSE = ("month of time zero",)
"""Covariates that are no trait of customers, and so no yardstick."""
COLUMNS = (
    "outcome",
    "scale",
    "unit",
    "bias_needed",
    "bias_point",
    "e_value",
    "e_value_limit",
    "robustness",
    "robustness_limit",
    "strongest",
    "strongest_treatment",
    "strongest_outcome",
    "without_strongest",
    "left_at_1",
    "left_at_2",
    "left_at_3",
    "critical_gamma",
    "reason",
)


def bias_needed(estimate: Estimate) -> float | None:
    """The factor, or the amount, that alone brings the near end of the interval to "no effect"; None where it holds it.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> found = ratio_estimate("orders", 1.2, 0.05, n_treated=100, n_comparison=100, method="")
    >>> round(bias_needed(found), 3)
    1.088
    """
    if not estimate.excludes_no_effect:
        return None
    if estimate.scale == "ratio":
        return bias_factor_to_null(estimate.value, estimate.low, estimate.high).limit
    return estimate.low if estimate.value > 0 else estimate.high


def clause(estimate: Estimate) -> str | None:
    """What an unrecorded cause would have had to do by itself, as a clause; None where nothing need be explained away.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> clause(ratio_estimate("orders", 1.2, 0.05, n_treated=100, n_comparison=100, method=""))
    'raised their orders by 8.8 % or more (a bias factor of 1.088)'
    """
    needed = bias_needed(estimate)
    if needed is None:
        return None
    words = estimate.name.replace("_", " ")
    up = needed > estimate.no_effect
    if estimate.scale == "ratio":
        by = f"{abs(needed - 1) * 100:.1f} % or more (a bias factor of {needed:.4g})"
    else:
        by = f"{abs(needed):.4g} or more ({estimate.unit})"
    return f"{'raised' if up else 'lowered'} their {words} by {by}"


def hidden_frame(found: Fit, plan: ObservationalPlan, estimates: Sequence[Estimate]) -> pd.DataFrame:
    """One line an estimate, of those of one fit; a line without figures has its reason."""
    import pandas as pd

    by_outcome: dict[str, list[Estimate]] = {}
    for one in estimates:
        by_outcome.setdefault(one.name, []).append(one)
    lines, left_out = [], _LeftOut(found, plan, tuple(by_outcome))
    for outcome, held in by_outcome.items():
        shared = _of_outcome(found, plan, outcome, left_out)
        lines += [_line(one, shared) for one in held]
    return pd.DataFrame(lines, columns=list(COLUMNS))


class _LeftOut:
    """The comparison had a covariate not been recorded: made once for all outcomes of a fit that ask for it."""

    def __init__(self, found: Fit, plan: ObservationalPlan, outcomes: tuple[str, ...]) -> None:
        self.found, self.plan, self.outcomes = found, plan, outcomes
        self.made: dict[str, Fit] = {}

    def __call__(self, covariate: str) -> Fit:
        if covariate not in self.made:
            rows = self.found.rows
            part = np.zeros(len(rows), dtype=bool)
            part[self.found.part] = True
            asked = {name: (rows.after[name], rows.before.get(name)) for name in self.outcomes}
            self.made[covariate] = fit(rows, self.plan, asked, part=part, without=covariate)
        return self.made[covariate]


def _of_outcome(found: Fit, plan: ObservationalPlan, outcome: str, left_out: _LeftOut) -> dict[str, Any]:
    """What both scales of an outcome share: strengths of recorded causes, the pairs' bound, the fit without one."""
    groups = {name: places for name, places in found.design.groups.items() if name not in NO_CAUSE}
    told: dict[str, Any] = {"reason": ""}
    try:
        told["critical_gamma"] = _gamma(found, outcome, plan.level)
    except DesignError as error:
        told["reason"] = str(error)
    try:
        every = recorded_strengths(found.change(outcome), found.treated, found.design.columns, groups)
        dof = found.effective + float(found.treated.sum()) - found.design.columns.shape[1] - 1
        told |= {"strongest": every.strongest, "dof": dof}
        if every.strongest is not None:
            other = left_out(every.strongest)
            told["without"] = other.effects[outcome].value
            told["recorded"] = _strength_without(other, outcome, every.strongest)
    except DesignError as error:
        told["reason"] = str(error)
    return told


def _gamma(found: Fit, outcome: str, level: float) -> float | None:
    """How large a hidden bias in the odds of treatment within pairs may be before they could differ by chance."""
    pairs, y = found.pairs(), found.change(outcome)
    differences = y[pairs.treated] - y[pairs.comparison]
    return critical_gamma(lambda gamma: signed_rank_p(differences, gamma, alternative="two-sided"), 1 - level)


def _strength_without(other: Fit, outcome: str, covariate: str) -> Strength:
    """How strong a covariate is where the groups were made alike without it: so a hidden one could be left, too."""
    inside = np.zeros(len(other.rows), dtype=bool)
    inside[other.kept] = True
    everything = design(other.rows.covariates, inside)
    groups = {covariate: everything.groups[covariate]}
    found = recorded_strengths(other.change(outcome), other.treated, everything.columns, groups, weights=other.weights)
    return found.recorded[covariate]


def _line(estimate: Estimate, shared: dict[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {"outcome": estimate.name, "scale": estimate.scale, "unit": estimate.unit}
    line |= {"bias_needed": bias_needed(estimate), "bias_point": estimate.value, "reason": shared["reason"]}
    if estimate.scale == "ratio":
        strength = e_value(estimate.value, estimate.low, estimate.high)
        return line | {"e_value": strength.point, "e_value_limit": strength.limit}
    line["critical_gamma"] = shared.get("critical_gamma")
    dof = shared.get("dof", 0.0)
    if dof <= 1 or not 0 < estimate.se < math.inf:
        return line
    t = estimate.value / estimate.se
    line["robustness"] = robustness_value(t, dof)
    line["robustness_limit"] = robustness_value(t, dof, alpha=1 - estimate.level)
    recorded: Strength | None = shared.get("recorded")
    if recorded is None:
        return line
    line |= {"strongest": shared["strongest"], "without_strongest": shared["without"]}
    line |= {"strongest_treatment": recorded.treatment, "strongest_outcome": recorded.outcome}
    for times in TIMES:
        try:
            bound = confounder_bound(recorded, times)
            line[f"left_at_{times}"] = adjusted_for(estimate.value, estimate.se, dof, bound).estimate
        except ValueError:
            line[f"left_at_{times}"] = None  # no cause can be so strong
    return line
