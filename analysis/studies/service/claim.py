"""What may be said of an answer in time? Sentences of the service study, no stronger than its grades.

The words and figures are those of `claim`; here stands of whom, against whom, and for whom the luck of the queue can
speak.
"""

from __future__ import annotations

from collections.abc import Mapping

from analysis.inference.estimate import Estimate
from analysis.studies.claim import claim_of, window_after
from analysis.studies.result import Grade
from analysis.studies.service.plan import ServicePlan

UNLESS = "unless a long queue moves what customers do in another way than by the wait"
LOCAL = (
    "It speaks of customers whose answer depended on the queue, not of those who are always or never answered in time."
)


def claim_by_queue(estimate: Estimate, plan: ServicePlan, grade: Grade, segment: Mapping[str, str]) -> str:
    """The claim of an effect that rests on the luck of the queue.

    Examples
    --------
    >>> found = Estimate(name="orders", value=0.4, low=0.1, high=0.7, level=0.95, se=0.15, scale="difference",
    ...                  unit="orders per customer", n_treated=900, n_comparison=800, method="")
    >>> print(claim_by_queue(found, ServicePlan(), "B", {}))
    Customers whose first social contact was answered within 1 hour because the queue was short had 0.400 more orders
    per customer (95 % interval: 0.100 more to 0.700 more) in the 6 months after than customers like them who waited
    longer because it was long. The comparison passed its checks; the difference is an effect unless a long queue moves
    what customers do in another way than by the wait. It speaks of customers whose answer depended on the queue, not of
    those who are always or never answered in time. Grade B: comparison that passed its checks.
    """
    said = claim_of(
        estimate,
        who=f"Customers whose first social contact was answered within {plan.within} because the queue was short",
        against="customers like them who waited longer because it was long",
        when=window_after(plan.after_months),
        grade=grade,
        segment=segment,
        unless=UNLESS,
    )
    told, _, ending = said.rpartition(" Grade ")
    return f"{told} {LOCAL} Grade {ending}"


def claim_adjusted(estimate: Estimate, plan: ServicePlan, grade: Grade, segment: Mapping[str, str]) -> str:
    """The claim of the adjusted comparison."""
    return claim_of(
        estimate,
        who=f"Customers whose first social contact was answered within {plan.within}",
        against="similar customers who waited longer or had no answer",
        when=window_after(plan.after_months),
        grade=grade,
        segment=segment,
    )


def claim_raw(estimate: Estimate, plan: ServicePlan) -> str:
    """The claim of the raw difference."""
    return claim_of(
        estimate,
        who=f"Customers whose first social contact was answered within {plan.within}",
        against="those who waited longer or had no answer",
        when=window_after(plan.after_months),
        grade="D",
        segment={},
    )
