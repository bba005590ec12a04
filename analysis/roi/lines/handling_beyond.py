"""What does it cost to answer contacts that are more than today's? The marginal cost of an issue on social, for each.

Costs read from the table `costs` are those of today's contacts. Where the case counts on more, their gain is told by
`beyond_reach`, and without this line their answers would be free. Where the parameters state what agents cost, that is
taken to hold for the contacts stated with it, and there is no such line. What today's programme costs is left to
`programme_costs`.
"""

from __future__ import annotations

from analysis.roi.built import Built, NotCounted
from analysis.roi.line import Line
from analysis.roi.unit_costs import UnitCosts
from analysis.roi.volumes import Volumes, years_of

LINE = "handling_beyond"
LABEL = "Answering contacts beyond those of today"


def handling_beyond_line(volumes: Volumes, prices: UnitCosts, *, agents_stated: bool) -> Built:
    """The cost of contacts above the studied number; nothing where the case has none, or agents are stated.

    Parameters
    ----------
    volumes : Volumes
    prices : UnitCosts
        Where nothing says what an issue on social costs, that the line is missing is told.
    agents_stated : bool
        Whether the parameters, not the table, say what agents cost.

    Examples
    --------
    >>> from analysis.roi.stated import Stated
    >>> from analysis.roi.volumes import VolumeRequest, volumes
    >>> as_studied = volumes(VolumeRequest(contacts_per_year=Stated.of(1000.0)), None, 1)
    >>> handling_beyond_line(as_studied, UnitCosts("EUR", {}), agents_stated=False).lines
    ()
    """
    if not volumes.beyond or agents_stated:
        return Built()
    known = prices.get("social", "issue")
    if known is None:
        reason = "Nothing says what an issue on social costs, so that more contacts than today's are answered for free."
        left_out = NotCounted(line=LINE, label=LABEL, reason=reason, parameter="roi.unit_costs.social")
        return Built(not_counted=(left_out,))
    cost = known.quantity(prices.currency)
    line = Line(
        id=LINE,
        label=LABEL,
        side="cost",
        kind="cost",
        grade=None,
        by_year=years_of(tuple(contacts * cost.input for contacts in volumes.beyond)),
        account="programme",
        note=(
            "Contacts above the studied number, each at the marginal cost of an issue on social; the other costs stay "
            "as they are today."
        ),
    )
    return Built(quantities=(*volumes.quantities, cost), lines=(line,))
