"""What does an issue cost that may come on any channel? The shares of the channels, each times its marginal cost.

Shares and costs are inputs of their own, so that a range stated for the cost of a call reaches every line it is in.
Where the shares are counted is left to `contacted`, what a channel costs to `unit_costs`.
"""

from __future__ import annotations

from collections.abc import Mapping

from analysis.foundation.errors import DesignError
from analysis.roi.formula import Formula, total
from analysis.roi.quantity import Quantity
from analysis.roi.stated import fact
from analysis.roi.unit_costs import UnitCosts

SMALL_SHARE = 0.01
"""Channels with a smaller share of the issues may be without a price; the others stand for them."""


def priced_mix(
    prefix: str, words: str, counts: Mapping[str, int], prices: UnitCosts, needed_for: str, source: str
) -> tuple[Formula, tuple[Quantity, ...]]:
    """The mean marginal cost of an issue over channels.

    Parameters
    ----------
    prefix : str
        Of the names of the shares: "later_issues" makes "later_issues_on_phone".
    words : str
        The same for labels: "Later issues".
    counts : mapping of channel to int
    prices : UnitCosts
    needed_for : str
        Which line needs it, as the subject of a sentence.
    source : str
        Where the counts come from.

    Returns
    -------
    formula, quantities
        The cost of one issue, and its inputs: shares that add up to 1, and costs.

    Raises
    ------
    DesignError
        If nothing was counted, or a channel with 1 % of it or more has no price.

    Examples
    --------
    >>> from analysis.roi.spread import Fixed
    >>> from analysis.roi.unit_costs import UnitCost
    >>> cost = {(channel, "issue"): UnitCost(channel=channel, per="issue", spread=Fixed(euro), origin="measured",
    ...         source="ledger") for channel, euro in (("phone", 8.0), ("email", 4.0))}
    >>> mean, inputs = priced_mix("later_issues", "Later issues", {"phone": 3, "email": 1}, UnitCosts("EUR", cost),
    ...                           "The line", "counted")
    >>> mean.value({one.name: one.base for one in inputs})
    7.0
    """
    n = sum(counts.values())
    if not n:
        raise DesignError(f"{needed_for} needs the channels of issues, and there is no such issue to count.")
    priced = {}
    for channel, count in sorted(counts.items()):
        known = prices.get(channel, "issue") if count < SMALL_SHARE * n else prices.need(channel, "issue", needed_for)
        if known is not None:
            priced[channel] = (count, known)
    counted = sum(count for count, _ in priced.values())
    parts, quantities = [], []
    for channel, (count, known) in priced.items():
        on = fact(
            f"{prefix}_on_{channel}",
            f"{words} on {channel.replace('_', ' ')}",
            "share",
            count / counted,
            f"{source}: {count:,} of {counted:,}",
        )
        cost = known.quantity(prices.currency)
        parts.append(on.input * cost.input)
        quantities += [on, cost]
    return total(parts), tuple(quantities)
