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

UNLESS = (
    "unless an unrecorded cause brings other customers when the queue is long, or a long queue moves them in another "
    "way than by the wait"
)
LOCAL = (
    "It speaks of customers whose answer depended on the queue, not of those who are always or never answered in time."
)


def claim_by_queue(
    estimate: Estimate, plan: ServicePlan, grade: Grade, segment: Mapping[str, str], reduced: Estimate | None = None
) -> str:
    """The claim of an effect that rests on the luck of the queue.

    Parameters
    ----------
    estimate, plan, grade, segment
    reduced : Estimate, optional
        What goes with each contact more in the queue (`Instrumented.reduced_form`). The end of its interval that lies
        nearer to nothing is how much would have to go with such a contact in another way than by the wait, for the
        interval of the effect to reach "no effect": the Anderson–Rubin test of no effect is the test of this slope.

    Source
    ------
    Conley, Hansen and Rossi (2012), Review of Economics and Statistics 94: plausibly exogenous instruments.

    Examples
    --------
    >>> found = Estimate(name="orders", value=0.4, low=0.1, high=0.7, level=0.95, se=0.15, scale="difference",
    ...                  unit="orders per customer", n_treated=900, n_comparison=800, method="")
    >>> print(claim_by_queue(found, ServicePlan(), "B", {}))
    Customers whose first social contact was answered within 1 hour because the queue was short had 0.400 more orders
    per customer (95 % interval: 0.100 more to 0.700 more) in the 6 months after than customers like them who waited
    longer because it was long. The comparison passed its checks; the difference is an effect unless an unrecorded cause
    brings other customers when the queue is long, or a long queue moves them in another way than by the wait. It speaks
    of customers whose answer depended on the queue, not of those who are always or never answered in time. Grade B:
    comparison that passed its checks.
    """
    said = claim_of(
        estimate,
        who=f"Customers whose first social contact was answered within {plan.within} because the queue was short",
        against="customers like them who waited longer because it was long",
        when=window_after(plan.after_months),
        grade=grade,
        segment=segment,
        unless=UNLESS + _enough(reduced, estimate),
    )
    told, _, ending = said.rpartition(" Grade ")
    return f"{told} {LOCAL} Grade {ending}"


def _enough(reduced: Estimate | None, estimate: Estimate) -> str:
    """How much of another way would be enough, in the unit of the outcome.

    Examples
    --------
    >>> found = Estimate(name="orders", value=0.4, low=0.1, high=0.7, level=0.95, se=0.15, scale="difference",
    ...                  unit="orders per customer", n_treated=900, n_comparison=800, method="")
    >>> slope = Estimate(name="orders", value=-0.02, low=-0.035, high=-0.005, level=0.95, se=0.0076,
    ...                  scale="difference", unit="", n_treated=900, n_comparison=800, method="")
    >>> _enough(slope, found)
    ' (0.005 orders per customer for each contact in the queue would be enough)'
    """
    if reduced is None or not reduced.excludes_no_effect:
        return ""
    least = min(abs(reduced.low), abs(reduced.high))
    return f" ({least:.2g} {estimate.unit} for each contact in the queue would be enough)"


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
