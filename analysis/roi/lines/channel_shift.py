"""What does the index issue itself cost less, or more, for having come by social? The study's difference, else the mix.

Where the study followed `index_issue_cost`, its difference of means within strata is the saving, on the costs that are
booked on the issues. It is used only as far as these are marginal costs: where unit costs are stated and a channel's
booked mean lies more than 5 % off, or where the outcome was not followed, the saving is worked out from the channels on
which comparable issues came in the same months, each at its marginal cost, and is graded C: which channel a customer
would have used is then assumed, not compared. Later issues are left to `issues_avoided`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built
from analysis.roi.channel_mix import priced_mix
from analysis.roi.contacted import channels_of_comparison, months_after_contact
from analysis.roi.lines.beyond_reach import at_best
from analysis.roi.lines.per_contact import Gain, lines_per_contact, of_effect
from analysis.roi.measured_effects import MeasuredEffect, MeasuredEffects
from analysis.roi.stated import Stated
from analysis.roi.unit_costs import UnitCosts
from analysis.roi.volumes import Volumes

if TYPE_CHECKING:
    from analysis.tables.load import Tables

INDEX_COST = "index_issue_cost_per_contact"
OFF_BY = 0.05
"""Booked means may lie so far off the marginal cost of their channel, as a share of it, chance apart."""

_CHANCE = 3  # standard errors of a booked mean
_LABEL = "The contact itself, cheaper or dearer than on another channel"


def channel_shift_line(
    effects: MeasuredEffects,
    volumes: Volumes,
    prices: UnitCosts,
    tables: Tables | None,
    zone: str = "UTC",
    cashable: Stated | None = None,
) -> Built:
    """The cost of the index issue on social against the channels customers would have used, at marginal cost.

    Raises
    ------
    DesignError
        If neither the study nor the mix of channels can tell it.

    Source
    ------
    Contacts × Σ P(would have used c) × (marginal cost of c − marginal cost of social).
    """
    effect = effects.get("index_issue_cost")
    off = booked_off_marginal(prices)
    if effect is not None and not off:
        return _studied(effect, volumes, prices, tables, zone, cashable)
    counted = effect or next((one for name in ("margin", "orders", "issues") if (one := effects.get(name))), None)
    if counted is None or tables is None:
        raise DesignError(effects.why_not("index_issue_cost"))
    why = (
        f"booked costs are not the marginal ones on {', '.join(off)}"
        if off and effect is not None
        else "the study did not follow `index_issue_cost`"
    )
    return _by_mix(counted, why, volumes, prices, tables, zone, cashable)


def booked_off_marginal(prices: UnitCosts) -> tuple[str, ...]:
    """Channels whose issues are booked at another cost than the marginal one that is stated.

    Examples
    --------
    >>> from analysis.roi.spread import Fixed
    >>> from analysis.roi.unit_costs import UnitCost
    >>> cost = UnitCost(channel="phone", per="issue", spread=Fixed(8.0), origin="stated", source="controlling")
    >>> prices = UnitCosts("EUR", {("phone", "issue"): cost}, booked={"phone": (12.0, 0.1)})
    >>> booked_off_marginal(prices)
    ('phone',)
    """
    off = []
    for channel, (booked, error) in prices.booked.items():
        marginal = prices.get(channel, "issue")
        if marginal is None:
            continue
        if abs(booked - marginal.marginal) > OFF_BY * marginal.marginal + _CHANCE * error:
            off.append(channel)
    return tuple(off)


def _studied(
    effect: MeasuredEffect,
    volumes: Volumes,
    prices: UnitCosts,
    tables: Tables | None,
    zone: str,
    cashable: Stated | None,
) -> Built:
    dearer = of_effect(
        effect,
        INDEX_COST,
        "Cost of the contact's issue, social against other channels",
        f"{prices.currency} per contact",
    )
    return lines_per_contact(
        Gain(
            line="channel_shift",
            label=_LABEL,
            kind="cashable",
            grade=effect.grade,
            account="support_cost",
            per_contact=-dearer.input,
            quantities=(dearer,),
            effect=effect,
            note=(
                "The issue of the first contact alone, at the cost booked on it. Agents' hours in it must not be among "
                "the programme's costs as well."
            ),
            after_contact=(0, 0),
            months=None if tables is None else months_after_contact(tables, effect, zone, 0, 0),
        ),
        volumes,
        cashable,
    )


def _by_mix(
    effect: MeasuredEffect,
    why: str,
    volumes: Volumes,
    prices: UnitCosts,
    tables: Tables,
    zone: str,
    cashable: Stated | None,
) -> Built:
    what = "Channel shift"
    source = f"table issues, {effect.index_from} to {effect.index_to}, customers without a social contact to date"
    counts = channels_of_comparison(tables, effect, zone)
    elsewhere, quantities = priced_mix(
        "else", "Share of first contacts that would else have come", counts, prices, what, source
    )
    social = prices.need("social", "issue", what).quantity(prices.currency)
    return lines_per_contact(
        Gain(
            line="channel_shift",
            label=_LABEL,
            kind="cashable",
            grade=at_best(effect.grade),
            account="support_cost",
            per_contact=elsewhere - social.input,
            quantities=(*quantities, social),
            effect=effect,
            note=(
                f"Worked out from the channels of comparable issues, since {why}: contacted customers are taken to "
                "have used the same channels otherwise, with issues as hard."
            ),
            after_contact=(0, 0),
            months=months_after_contact(tables, effect, zone, 0, 0),
        ),
        volumes,
        cashable,
    )
