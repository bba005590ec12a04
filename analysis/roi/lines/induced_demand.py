"""What do contacts cost that come only because we answer? Stated extra contacts, at the marginal cost of social.

Where answers come soon and in public, more people write. The study's `issues` holds what contacted customers open
later; it cannot see the contacts of others who read along, nor further messages within an issue. So these are a cost of
their own, by an assumption with a source; where nobody states one, that is listed among what is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.roi.built import Built, NotCounted
from analysis.roi.line import Line
from analysis.roi.stated import Stated, amount
from analysis.roi.unit_costs import UnitCosts
from analysis.roi.volumes import Volumes, years_of

LINE = "induced_demand"
LABEL = "Contacts that come only because we answer"
PARAMETER = "roi.induced_demand.extra_contacts_per_contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class InducedDemandRequest:
    """What the parameters say: how many further contacts one contact brings, 0 or more."""

    extra_contacts_per_contact: Stated | None = None

    def __post_init__(self) -> None:
        if self.extra_contacts_per_contact is not None:
            amount(PARAMETER, self.extra_contacts_per_contact)


def induced_demand_line(request: InducedDemandRequest, volumes: Volumes, prices: UnitCosts) -> Built:
    """The cost of further contacts, on all contacts of the case.

    Raises
    ------
    DesignError
        If extra contacts are stated and nothing says what a social contact costs.

    Examples
    --------
    >>> from analysis.roi.volumes import VolumeRequest, volumes
    >>> reach = volumes(VolumeRequest(contacts_per_year=Stated.of(1000.0)), None, 1)
    >>> induced_demand_line(InducedDemandRequest(), reach, UnitCosts("EUR", {})).not_counted[0].parameter
    'roi.induced_demand.extra_contacts_per_contact'
    """
    stated = request.extra_contacts_per_contact
    if stated is None:
        reason = (
            "Nobody stated how many further contacts an answered one brings, so that their cost is not in the case."
        )
        return Built(not_counted=(NotCounted(line=LINE, label=LABEL, reason=reason, parameter=PARAMETER),))
    extra = stated.quantity(
        "extra_contacts_per_contact",
        "Further contacts that one contact brings",
        "contacts per contact",
        grade="E",
        low=0.0,
    )
    cost = prices.need("social", "contact", "Induced demand").quantity(prices.currency)
    each = extra.input * cost.input
    line = Line(
        id=LINE,
        label=LABEL,
        side="cost",
        kind="cost",
        grade="E",
        by_year=years_of(tuple(contacts * each for contacts in volumes.all)),
        account="support_cost",
        note="Further contacts as stated, at the marginal cost of a social contact; none is taken to gain anything.",
    )
    return Built(quantities=(*volumes.quantities, extra, cost), lines=(line,))
