"""What margin does a social contact gain or lose over the months after it? The study's own difference, times contacts.

Only the after-window of the study is counted: what may follow it is a line of its own (`customer_value`). Where margin
was not measured, orders are, times a stated margin per order. Which effects may be used is left to `measured_effects`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built
from analysis.roi.contacted import months_after_contact
from analysis.roi.formula import Formula
from analysis.roi.lines.per_contact import Gain, lines_per_contact, of_effect
from analysis.roi.measured_effects import MeasuredEffect, MeasuredEffects
from analysis.roi.quantity import Quantity
from analysis.roi.stated import Stated, amount
from analysis.roi.volumes import Volumes

if TYPE_CHECKING:
    from analysis.tables.load import Tables

MARGIN = "repurchase_margin_per_contact"
ORDERS = "repurchase_orders_per_contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepurchaseRequest:
    """What the parameters say: the margin of an order, read only where no study measured margin itself."""

    margin_per_order: Stated | None = None

    def __post_init__(self) -> None:
        if self.margin_per_order is not None:
            amount("roi.repurchase.margin_per_order", self.margin_per_order)


def margin_per_contact(
    request: RepurchaseRequest, effects: MeasuredEffects, currency: str
) -> tuple[MeasuredEffect, Formula, tuple[Quantity, ...]]:
    """The effect behind the margin of a contact, the margin as a formula, and its inputs.

    Raises
    ------
    DesignError
        If no study measured margin, and none orders with a stated margin per order.
    """
    unit = f"{currency} per contact"
    effect = effects.get("margin")
    if effect is not None:
        label = f"Margin gained per contact, over {effect.after_months} months"
        gained = of_effect(effect, MARGIN, label, unit)
        return effect, gained.input, (gained,)
    orders, price = effects.get("orders"), request.margin_per_order
    if orders is None or price is None:
        other = (
            "" if orders is None else " Or state `roi.repurchase.margin_per_order`, for the orders that were measured."
        )
        raise DesignError(effects.why_not("margin") + other)
    more = of_effect(
        orders, ORDERS, f"Orders gained per contact, over {orders.after_months} months", "orders per contact"
    )
    worth = price.quantity("repurchase_margin_per_order", "Margin of one order", f"{currency} per order", low=0.0)
    return orders, more.input * worth.input, (more, worth)


def repurchase_line(
    request: RepurchaseRequest,
    effects: MeasuredEffects,
    volumes: Volumes,
    currency: str,
    tables: Tables | None = None,
    zone: str = "UTC",
) -> Built:
    """The margin of purchases after a social contact, against what they would have been on another channel.

    Parameters
    ----------
    request : RepurchaseRequest
    effects : MeasuredEffects
    volumes : Volumes
    currency : str
        Of the case.
    tables : Tables, optional
        To say whose months they are.
    zone : str

    Raises
    ------
    DesignError
        If neither margin, nor orders with a stated margin per order, can be used.

    Source
    ------
    Gain per contact = post · (1 − 1/RR): the study's difference scale.
    """
    effect, gain, quantities = margin_per_contact(request, effects, currency)
    note = (
        f"Counted are the {effect.after_months} months after the contact, booked in its year, though some of them fall "
        "into the next; nothing is carried past them."
    )
    if effect.outcome == "orders":
        note += " Orders are valued at the stated margin, as if those gained were like all others."
    return lines_per_contact(
        Gain(
            line="repurchase",
            label="Margin gained or lost after a social contact",
            kind="margin",
            grade=effect.grade,
            account="order_margin",
            per_contact=gain,
            quantities=quantities,
            effect=effect,
            note=note,
            after_contact=(1, effect.after_months),
            months=None if tables is None else months_after_contact(tables, effect, zone, 1, effect.after_months),
        ),
        volumes,
    )
