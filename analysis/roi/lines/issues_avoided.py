"""What do issues cost that customers do not open later, or open besides? The study's difference, at marginal cost.

Issues are priced by the channels on which contacted customers open theirs in the months after, so that no contact is
valued as a call that would have been a message. Where issues were not measured and `support_cost` was, that is used in
its place: the two are the same money and never stand together. The index issue itself is left to `channel_shift`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built
from analysis.roi.channel_mix import priced_mix
from analysis.roi.contacted import channels_after_contact, months_after_contact
from analysis.roi.formula import Formula
from analysis.roi.lines.per_contact import Gain, lines_per_contact, of_effect
from analysis.roi.measured_effects import MeasuredEffect, MeasuredEffects
from analysis.roi.quantity import Quantity
from analysis.roi.stated import Stated, amount
from analysis.roi.unit_costs import UnitCosts
from analysis.roi.volumes import Volumes

if TYPE_CHECKING:
    from analysis.tables.load import Tables

ISSUES = "issues_per_contact"
SUPPORT_COST = "support_cost_per_contact"
COST_PER_ISSUE = "cost_per_issue_after_contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuesAvoidedRequest:
    """What the parameters say: what one more issue costs, in place of the mean over channels."""

    cost_per_issue: Stated | None = None

    def __post_init__(self) -> None:
        if self.cost_per_issue is not None:
            amount("roi.issues_avoided.cost_per_issue", self.cost_per_issue)


def issues_avoided_line(
    request: IssuesAvoidedRequest,
    effects: MeasuredEffects,
    volumes: Volumes,
    prices: UnitCosts,
    tables: Tables | None,
    zone: str = "UTC",
    cashable: Stated | None = None,
) -> Built:
    """The cost of issues that contacted customers open less, or more, than others in the months after.

    Raises
    ------
    DesignError
        If neither `issues` nor `support_cost` can be used, or the price of an issue is not known.
    """
    currency = prices.currency
    effect = effects.get("issues")
    if effect is not None:
        fewer = of_effect(
            effect, ISSUES, f"Issues more per contact, over {effect.after_months} months", "issues per contact"
        )
        price, priced = _price(request, effect, prices, tables, zone)
        gain = -fewer.input * price
        quantities: tuple[Quantity, ...] = (fewer, *priced)
        note = (
            f"Issues of the {effect.after_months} months after the contact, each at the marginal cost of its channel."
        )
    else:
        effect = effects.get("support_cost")
        if effect is None:
            raise DesignError(effects.why_not("issues"))
        spent = of_effect(
            effect,
            SUPPORT_COST,
            f"Support cost more per contact, over {effect.after_months} months",
            f"{currency} per contact",
        )
        gain, quantities = -spent.input, (spent,)
        note = f"Support cost of the {effect.after_months} months after the contact, as booked on the issues."
    return lines_per_contact(
        Gain(
            line="issues_avoided",
            label="Issues avoided or caused after a social contact",
            kind="cashable",
            grade=effect.grade,
            account="support_cost",
            per_contact=gain,
            quantities=quantities,
            effect=effect,
            note=note,
            after_contact=(1, effect.after_months),
            months=None if tables is None else months_after_contact(tables, effect, zone, 1, effect.after_months),
        ),
        volumes,
        cashable,
    )


def _price(
    request: IssuesAvoidedRequest, effect: MeasuredEffect, prices: UnitCosts, tables: Tables | None, zone: str
) -> tuple[Formula, tuple[Quantity, ...]]:
    """What one issue of a contacted customer costs."""
    if request.cost_per_issue is not None:
        stated = request.cost_per_issue.quantity(
            COST_PER_ISSUE,
            "What a later issue of a contacted customer costs, at marginal cost",
            f"{prices.currency} per issue",
            low=0.0,
        )
        return stated.input, (stated,)
    mix = {} if tables is None else channels_after_contact(tables, effect, zone)
    if not mix:
        raise DesignError(
            "Nobody opened an issue after a first social contact, so that its price cannot be told. State "
            "`roi.issues_avoided.cost_per_issue`."
        )
    source = f"table issues: contacted customers, {effect.after_months} months after"
    return priced_mix("later_issues", "Share of later issues", mix, prices, "Issues avoided", source)
