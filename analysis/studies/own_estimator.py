"""What does an estimator of one's own say, and does it pass the gates that the study's own has to pass?

Whatever turns the rows of a study into an `Estimate` can be run beside the default: on the study, and on the three
gates, in which no contact can have changed anything. Its gates are judged like any others, with overlap and balance of
the same strata; its grade and its claim follow from them, and its method is said. It was not named before the data were
looked at, and the results say so. Which rows there are is left to `sample_table`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate, Scale
from analysis.studies.channel_gates import WHAT, what_of
from analysis.studies.channel_scope import (
    COMPARISON,
    DESIGN,
    ESTIMAND,
    FEWEST_CUSTOMERS,
    ON_ISSUES,
    SHARES,
    TREATED,
    on_orders,
)
from analysis.studies.claim import claim_of, refusal, window_after
from analysis.studies.gates import GATES, Finding, judge, two_sided_p
from analysis.studies.grade import grade_of, later_channel_mix, nothing_tests_issues, shares_not_randomised
from analysis.studies.result import Check, Effect
from analysis.studies.sample_table import AFTER_ONLY, Sample, sample_of
from analysis.studies.sensitivity import sensitivity_of, unless
from analysis.studies.stack import BOUGHT, Stack
from analysis.studies.strata import balance, balance_frame, overlap

if TYPE_CHECKING:
    from analysis.studies.channel import ChannelPlan

_NOT_HERE = ", single months included,"
"""Said of the study's own pre-trend, which is tested month by month too; one number cannot be."""

Estimator = Callable[[pd.DataFrame], Estimate]
"""From a frame, as `Sample.of` gives it, to an estimate of the effect on contacted customers."""


def own_estimator(stack: Stack, plan: ChannelPlan, estimator: Estimator, outcome: str = "orders") -> list[Effect]:
    """What does it say on one outcome, with its own gates, grade and claim?

    Parameters
    ----------
    stack : Stack
    plan : ChannelPlan
    estimator : function of DataFrame to Estimate
        Given a frame as `Sample.of` makes it, once for the study and once for each gate. It must do the same with all
        of them: the lengths of the windows tell them apart, and nothing here can see that a function looks at them. A
        `DesignError` on a gate says that this gate cannot be run.
    outcome : str
        The gates are run on it where it is bought, else on orders.

    Returns
    -------
    list of Effect
        One row: estimand `channel_effect`, not declared, method "own: <name of the function>: <its method>".

    Raises
    ------
    DesignError
        If the estimator fails or gives what cannot be used (`answer_of`), or the outcome is not in the stack.

    Notes
    -----
    The gates see errors that change with the data. A function that gives the same number whatever it is shown passes
    them all if that number is near no effect there; only companies whose truth is known tell it (`prove`).
    docs/own_estimator.md has examples that run.
    """
    sample = sample_of(stack, plan)
    rows = sample.of(outcome)
    if reason := _too_few(sample):
        names = _names(sample, plan, outcome, "ratio")
        treated = int(rows.loc[rows["contacted"], "customer"].nunique())
        return [Effect(**names, n_treated=treated, reason=reason, grade="D", claim=refusal(reason))]
    found = answer_of(estimator, rows, "the study")
    estimate = replace(found, name=outcome, method=f"own: {name_of(estimator)}: {found.method}")
    names = _names(sample, plan, outcome, estimate.scale)
    checks = _checks(sample, estimator, outcome)
    grade = grade_of(checks)
    claim = claim_of(
        estimate,
        who=f"Customers whose first social contact was from {names['index_from']} to {names['index_to']}",
        against="similar customers whose issue of the same month went to another channel",
        when=window_after(plan.after_months),
        grade=grade,
        segment={},
        unless=unless(sensitivity_of(estimate, benchmarks={})) if grade == "B" else None,
    )
    return [Effect(**names, estimate=estimate, grade=grade, checks=checks, claim=claim)]


def name_of(estimator: Estimator) -> str:
    """What a function is called.

    Examples
    --------
    >>> name_of(len)
    'len'
    """
    return str(getattr(estimator, "__name__", type(estimator).__name__))


def finding_of(gate: str, estimate: Estimate, rows: pd.DataFrame) -> Finding:
    """What an estimate on a gate's rows says there, as a ratio that would be 1 if all were well.

    A difference is told as the contacted customers' mean after over that mean less the difference.

    Parameters
    ----------
    gate : str
    estimate : Estimate
        A ratio or a difference per contacted customer.
    rows : DataFrame
        With `after`, `contacted`, `weight`.

    Examples
    --------
    >>> rows = pd.DataFrame({"after": [1.0, 3.0, 2.0], "contacted": [True, True, False], "weight": [1.0, 1.0, 2.0]})
    >>> gap = Estimate(name="orders", value=0.5, low=0.3, high=0.7, level=0.95, se=0.1, scale="difference",
    ...                unit="orders per customer", n_treated=2, n_comparison=1, method="additive")
    >>> found = finding_of("placebo_date", gap, rows)
    >>> round(found.ratio, 4), round(found.se_log, 4)
    (1.3333, 0.0667)
    """
    ratio, se_log = estimate.value, estimate.se / estimate.value if estimate.value else math.nan
    if estimate.scale == "ratio" and estimate.se_log is not None:
        se_log = estimate.se_log
    elif estimate.scale == "difference":
        own = rows["contacted"] & (rows["weight"] > 0)
        mean = float(rows.loc[own, "after"].mean())
        expected = mean - estimate.value
        ratio, se_log = (mean / expected, estimate.se / expected) if expected > 0 else (math.nan, math.nan)
    if not (math.isfinite(ratio) and ratio > 0 and math.isfinite(se_log) and se_log > 0):
        reason = "The estimator gives no ratio above zero with an error there."
        return Finding(name=gate, what=WHAT[gate], reason=reason)
    return Finding(name=gate, what=WHAT[gate], ratio=ratio, se_log=se_log, p_value=two_sided_p(ratio, se_log))


def answer_of(estimator: Estimator, rows: pd.DataFrame, where: str) -> Estimate:
    """What an estimator says of some rows, if it can be used at all.

    Parameters
    ----------
    estimator : function of DataFrame to Estimate
    rows : DataFrame
        A frame of its own: the estimator may write into it.
    where : str
        What the rows are, for the message.

    Raises
    ------
    DesignError
        With the estimator's name and what it gave: if it fails (then with the error as the cause), gives something else
        than an `Estimate`, an error that is not above zero and finite, or a ratio that is not above zero.

    Examples
    --------
    >>> answer_of(lambda rows: 1.08, pd.DataFrame({"before": [1.0]}), "the study")
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: The estimator `<lambda>` gave float 1.08 on the study, not an Estimate. \
Return an `analysis.inference.estimate.Estimate`.
    """
    name, held = name_of(estimator), f"{len(rows):,} rows with the columns {', '.join(rows.columns)}"
    try:
        found = estimator(rows)
    except Exception as error:
        kind = "" if isinstance(error, DesignError) else f"{type(error).__name__}: "
        raise DesignError(f"The estimator `{name}` failed on {where}, {held}. It said: {kind}{error}") from error
    if fault := _fault(found):
        raise DesignError(f"The estimator `{name}` gave {_shown(found)} on {where}, {fault}")
    return found


def _fault(found: object) -> str | None:
    """Why an answer cannot be used, with the remedy. What an `Estimate` refuses by itself is not asked again."""
    if not isinstance(found, Estimate):
        return "not an Estimate. Return an `analysis.inference.estimate.Estimate`."
    for error in (found.se, *(() if found.se_log is None else (found.se_log,))):
        if not (math.isfinite(error) and error > 0):
            return (
                "but nothing is known without error. Give a standard error above zero, and finite; where the rows "
                "cannot tell one, raise a DesignError."
            )
    if found.scale == "ratio" and not (found.value > 0 and found.low >= 0):
        return "but a ratio lies above zero. Make its interval on the log scale, or estimate a difference."
    return None


def _shown(found: object) -> str:
    if isinstance(found, Estimate):
        error = f"{found.se:.4g}" + ("" if found.se_log is None else f" ({found.se_log:.4g} of the logarithm)")
        return f"a {found.scale} of {found.value:.4g} from {found.low:.4g} to {found.high:.4g}, standard error {error},"
    return f"{type(found).__name__} {found}" if isinstance(found, (int, float)) else type(found).__name__


def _checks(sample: Sample, estimator: Estimator, outcome: str) -> tuple[Check, ...]:
    followed = outcome if outcome in BOUGHT else "orders"
    judged = judge([_tried(sample, estimator, followed, gate) for gate in GATES])
    gates = [replace(check, detail=check.detail.replace(_NOT_HERE, "")) for check in judged]
    gates = gates if followed == outcome else [on_orders(check) for check in gates]
    part = sample.study
    strata = part.after_strata if outcome in AFTER_ONLY and part.after_strata is not None else part.strata
    alike = (overlap(strata), balance(balance_frame(part.cells, sample.layout, strata)))
    capped = [shares_not_randomised()] if outcome in SHARES else []
    capped += [nothing_tests_issues()] if outcome in ON_ISSUES else []
    capped += [later_channel_mix()] if outcome == "support_cost" else []
    return (*gates, *alike, *capped)


def _tried(sample: Sample, estimator: Estimator, outcome: str, gate: str) -> Finding:
    """The estimator on a gate. Where it says itself that those rows cannot be used, the gate is not run."""
    try:
        rows = sample.of(outcome, gate)
    except DesignError as error:
        return Finding(name=gate, what=WHAT[gate], reason=str(error))
    try:
        found = answer_of(estimator, rows, f"the gate `{gate}`")
    except DesignError as error:
        if isinstance(error.__cause__, DesignError):
            return Finding(name=gate, what=WHAT[gate], reason=str(error.__cause__))
        raise
    return replace(finding_of(gate, found, rows), what=what_of(gate, sample.layout.after))


def _too_few(sample: Sample) -> str | None:
    cells = sample.study.cells
    treated, others = (int(cells.n[cells.keys["arm"] == side].sum()) for side in (1, 0))
    if min(treated, others) >= FEWEST_CUSTOMERS:
        return None
    return (
        f"{treated:,} contacted customers and {others:,} rows of comparison customers; each group needs "
        f"{FEWEST_CUSTOMERS}."
    )


def _names(sample: Sample, plan: ChannelPlan, outcome: str, scale: Scale) -> dict[str, Any]:
    cells = sample.study.cells
    months = cells.keys["month"][cells.keys["arm"] == 1]
    return {
        "design": DESIGN,
        "estimand": ESTIMAND,
        "treated": TREATED,
        "comparison": COMPARISON,
        "outcome": outcome,
        "scale": scale,
        "index_from": str(Month(int(months.min()))),
        "index_to": str(Month(int(months.max()))),
        "before_months": plan.before_months,
        "after_months": plan.after_months,
        "declared": False,
    }
