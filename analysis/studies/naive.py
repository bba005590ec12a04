"""What would everybody else report? The raw figures, computed only to be printed beside the adjusted ones.

Contacted customers' own months after against their months before (customers contact us when something went wrong, so
both the fall and the rebound are in it), and users of social against non-users (who bought more long before they
wrote). Of issues the usual audit counts the index month as "before", and so do we. Always grade D.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.inference.compare import ratio_estimate, ratio_of_means
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments, pairs
from analysis.studies.claim import claim_of, refusal, window_after
from analysis.studies.fits import Fits
from analysis.studies.result import Effect
from analysis.studies.stack import BOUGHT, window
from analysis.studies.strata import Strata

if TYPE_CHECKING:
    from analysis.inference.cells import Ints
    from analysis.studies.stack_months_sql import Everybody

FOLLOWED = (*BOUGHT, "issues")
"""Outcomes of which an audit compares months after with months before."""
_LACKING = "contacted customers have nothing in one of the windows."
_GAP_LACKING = "one of the two groups is too small or has nothing."
_CONTACTED = "Customers contacted on social"


def add_naive(fits: Fits, outcome: str, strata: Strata) -> float:
    """Gather contacted customers' own change of one outcome; its value, 0 where there is none."""
    layout = fits.stack.layout
    last_before = 0 if outcome == "issues" else -1
    return fits.own_change(
        f"naive {outcome}",
        after=window(outcome, 1, layout.after),
        before=window(outcome, -layout.before, last_before),
        months=(layout.before + 1 + last_before) / layout.after,
        part=strata.part,
    )


def naive_before_after(fits: Fits, outcome: str, value: float, n_treated: int, dates: Mapping[str, Any]) -> Effect:
    """By what factor did contacted customers' own months change?"""
    layout = fits.stack.layout
    estimate = None
    if value > 0:
        estimate = ratio_estimate(
            outcome,
            value,
            fits.se(f"naive {outcome}"),
            n_treated=n_treated,
            n_comparison=n_treated,
            method=f"raw ratio of {outcome} a month after to before",
            level=fits.level,
        )
    counted = ", the month of the issue counted as before" if outcome == "issues" else ""
    return _naive(
        estimand="naive_before_after",
        outcome=outcome,
        comparison="before",
        estimate=estimate,
        lacking=_LACKING,
        who=_CONTACTED,
        against=f"in the {layout.before} months before{counted}",
        when=f"a month {window_after(layout.after)}",
        dates=dates,
    )


def naive_user_gap(
    everybody: Everybody, dates: Mapping[str, Any], level: float, outcomes: Sequence[str]
) -> list[Effect]:
    """How many times as much of each outcome have customers who ever used social, over the whole span of the data?"""
    groups = _users_and_others(everybody, outcomes)
    return [
        _naive(
            estimand="naive_user_gap",
            outcome=outcome,
            comparison="never_social",
            estimate=_gap(groups, outcome, level),
            lacking=_GAP_LACKING,
            who="Customers who used social",
            against="customers who never did",
            when="over the whole span",
            dates=dates,
        )
        for outcome in outcomes
    ]


def _users_and_others(everybody: Everybody, outcomes: Sequence[str]) -> Mapping[bool, Moments]:
    """Exact sums over customers who ever used social, and over all others."""
    counts: Mapping[str, NDArray[np.signedinteger]] = {"orders": everybody.orders, "issues": everybody.issues}
    return {
        used: Moments(
            tuple(outcomes),
            int(np.count_nonzero(everybody.social == used)),
            *_sums([counts[name][everybody.social == used].astype(np.int64) for name in outcomes]),
        )
        for used in (True, False)
    }


def _sums(counts: Sequence[Ints]) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...]]:
    return (
        tuple(Decimal(int(values.sum())) for values in counts),
        tuple(Decimal(int(counts[i] @ counts[j])) for i, j in pairs(len(counts))),
    )


def _gap(groups: Mapping[bool, Moments], outcome: str, level: float) -> Estimate | None:
    users, others = groups[True], groups[False]
    if min(users.n, others.n) < 2 or min(users.total(outcome), others.total(outcome)) <= 0:
        return None
    return ratio_of_means(users, others, outcome, level=level)


def _naive(
    *,
    estimand: str,
    outcome: str,
    comparison: str,
    estimate: Estimate | None,
    lacking: str,
    who: str,
    against: str,
    when: str,
    dates: Mapping[str, Any],
) -> Effect:
    if estimate is None:
        claim = refusal(lacking)
    else:
        claim = claim_of(estimate, who=who, against=against, when=when, grade="D", segment={})
    return Effect(
        design="before_after",
        estimand=estimand,
        treated="social",
        comparison=comparison,
        outcome=outcome,
        scale="ratio",
        estimate=estimate,
        reason=lacking if estimate is None else None,
        grade="D",
        claim=claim,
        **dates,
    )
