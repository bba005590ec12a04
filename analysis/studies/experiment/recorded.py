"""Is an outcome known of as large a share of every arm? One that is lost by arm undoes the randomisation.

Where the chances of the arms differ by stratum, the shares are compared within strata: an outcome that is known less
often in one stratum than in another is no fault of the arms.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.inference.compare import SAMPLE_RATIO_P, equal_shares
from analysis.studies.experiment.arms import Arms
from analysis.studies.experiment.outcomes import Outcomes
from analysis.studies.experiment.untouched import spread_within_p
from analysis.studies.result import Check, Verdict


def recorded(outcomes: Outcomes, arms: Arms, parts: Sequence[str]) -> Check:
    """The gate of one outcome.

    Parameters
    ----------
    outcomes : Outcomes
    arms : Arms
    parts : sequence of str
        The outcome, or the two that a ratio is made of.
    """
    if all(outcomes.known[part] == outcomes.n for part in parts):
        detail = "The outcome is known of all customers of every arm."
        return Check(name="outcome_recorded", verdict="passed", detail=detail, gate=True)
    whole, known = outcomes.by_arm(), outcomes.by_arm(*parts)
    share = {arm: known.get(arm, 0) / count for arm, count in whole.items()}
    lowest, highest = min(share.values()) * 100, max(share.values()) * 100
    told = f"The outcome is known of {lowest:.1f} to {highest:.1f} % of the arms' customers"
    if arms.unit != "customer_id":
        detail = f"{told}; whether chance did that cannot be told, since customers were not assigned one by one."
        return Check(name="outcome_recorded", verdict="not_run", detail=detail, gate=True)
    p_value = spread_within_p(outcomes.by_stratum(*parts)) if arms.uneven else equal_shares(known, whole)
    verdict: Verdict = "failed" if p_value < SAMPLE_RATIO_P else "passed"
    where = " within strata" if arms.uneven else ""
    detail = f"{told}; p = {p_value:.3g} for equal shares{where}, below 0.001 fails."
    return Check(name="outcome_recorded", verdict=verdict, detail=detail, gate=True, p_value=p_value)
