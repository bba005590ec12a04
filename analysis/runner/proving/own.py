"""How good is an estimator of your own? Run through the same made-up companies, held against the same truth.

`prove` takes what a study takes as an estimator of one's own, a function of a study's rows to an `Estimate`, and says
for each kind of company how often its interval held the truth, how far it was off and what it claimed. The companies
are those of the proof; what the columns of the rows mean is told in `analysis.studies.sample_table`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.runner.proving.hazards import HAZARDS, hazard_named
from analysis.runner.proving.records import DEFAULT, RECORD, record_of
from analysis.runner.proving.tallies import Cell, cells_of
from analysis.runner.proving.worlds import company_of, plan_of
from analysis.studies.own_estimator import answer_of
from analysis.studies.sample_table import sample_of

COLUMNS = ("world", "n", "refused", "truth", "value", "ratio_to_truth", "bias", "bias_error", "bias_in_se", "coverage",
           "accept_low", "accept_high", "width", "claims_up", "claims_down", "held")  # fmt: skip


def prove(
    estimator: Callable[[pd.DataFrame], Estimate],
    worlds: Sequence[str] = ("none", "effect", "harm", "confounded_strong"),
    n: int = 200,
    customers: int = 20_000,
    *,
    outcome: str = "orders",
) -> pd.DataFrame:
    """How often does an estimator's interval hold the truth, and how far is it off?

    Parameters
    ----------
    estimator : function of DataFrame to Estimate
        Gets the rows of a study as `Sample.of` gives them, one a customer and index month: `before`, `after`,
        `customer`, `month`, `contacted`, `stratum`, `weight` and what was known at the index issue. The estimate's
        `scale` says what it is held against: the true ratio, or the true difference per contacted customer, over the
        six months after. A `DesignError` that it raises counts as refused; any other error ends the proof, and so does
        an answer that cannot be used.
    worlds : sequence of str
        Names of hazards.
    n : int
        Companies of each.
    customers : int
        Customers of each company.
    outcome : {"orders", "issues"}

    Returns
    -------
    DataFrame
        A row a world: `n` estimates and `refused` ones; mean `truth` and mean estimate as `value`; `ratio_to_truth`,
        the geometric mean of estimate over truth (empty for a difference); `bias`, the mean of estimate less truth (of
        their logarithms, for a ratio) with its Monte Carlo error, also in standard errors; `coverage` and the shares
        between which chance explains it; median `width` of the interval (of logarithms); `claims_up`, `claims_down`:
        shares of intervals above and below no effect; and `held`, whether coverage and bias are as in the project's own
        proof (empty in worlds whose truth no comparison can find).

    Raises
    ------
    UnknownName
        If there is no such world.
    DesignError
        If `outcome` has no truth there, a world is of another study, the companies are none, or the estimator fails or
        gives what cannot be used: with its name and what it gave, as in a study.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> def always_nothing(rows):
    ...     return ratio_estimate("orders", 1.0, 0.1, n_treated=1, n_comparison=1, method="none")
    >>> prove(always_nothing, worlds=("none",), n=3, customers=1_000)[["world", "n", "coverage"]].values.tolist()
    [['none', 3, 1.0]]
    """
    hazards = [hazard_named(name) for name in worlds]
    if others := [hazard.name for hazard in hazards if hazard.design != "before_after"]:
        raise DesignError(
            f"`{others[0]}` is a world of another study. An estimator of your own gets the rows of the channel study: "
            f"choose among {', '.join(name for name, one in HAZARDS.items() if one.design == 'before_after')}."
        )
    if n < 1 or not hazards:
        raise DesignError("A proof needs at least one company of one world: set `n` and `worlds`.")
    records = []
    for hazard in hazards:
        for seed in range(hazard.first_seed, hazard.first_seed + n):
            company = company_of(hazard, seed, customers)
            known = sorted({name.partition("_")[0] for name in company.truth})
            if outcome not in known:
                raise DesignError(f"`{outcome}` has no truth in the world `{hazard.name}`; it has: {', '.join(known)}.")
            rows = sample_of(company.stack, plan_of(hazard)).of(outcome)
            estimate = _answer(estimator, rows, f"company {seed} of `{hazard.name}`")
            scale = "ratio" if estimate is None else estimate.scale
            estimand = f"{outcome}_{scale}"
            if estimate is not None and estimand not in company.truth:
                raise DesignError(f"`{outcome}` has no true {scale} in the world `{hazard.name}` to be held against.")
            where = (hazard.name, seed, customers, DEFAULT, estimand, company.truth.get(estimand, math.nan))
            records.append(record_of(where, estimate))
    frame = pd.DataFrame(records, columns=list(RECORD))
    return pd.DataFrame([_row(cell) for cell in cells_of(frame)], columns=list(COLUMNS))


def _answer(estimator: Callable[[pd.DataFrame], Estimate], rows: pd.DataFrame, where: str) -> Estimate | None:
    try:
        return answer_of(estimator, rows, where)
    except DesignError as error:
        if isinstance(error.__cause__, DesignError):  # its own refusal
            return None
        raise


def _row(cell: Cell) -> dict[str, object]:
    judged = [cell.verdicts[name] for name in ("coverage", "bias") if name in cell.verdicts]
    over = cell.middle if cell.ratio else math.nan
    named = {"world": cell.hazard, "ratio_to_truth": over, "claims_up": cell.up, "claims_down": cell.down}
    measured = {name: getattr(cell, name) for name in COLUMNS if name not in (*named, "held")}
    return {**measured, **named, "held": all(judged) if judged else None}
