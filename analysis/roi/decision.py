"""What does a director need to decide? One screen made of the case: what a contact is worth, and what to do about it.

Net values per contact and per agent-hour are level: the same amount for each contact of the horizon, discounted as the
case is, adds up to its net present value. What a choice of staffing changes is left to `decision_staffing`, what is
recommended to the written rule in `decision_rule`, totals on the tables to `decision_totals`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.roi.decision_rule import Guardrail, Recommended, recommended
from analysis.roi.decision_staffing import LOW_TO_HIGH, Service, StaffingChoice, staffing_choices
from analysis.roi.decision_totals import SpokenFor, Total
from analysis.roi.quantiles import Quantiles
from analysis.studies.result import Grade

Floats = NDArray[np.float64]

MORE_IS_HARM = ("issues", "support_cost", "index_issue_cost")
LESS_IS_HARM = ("orders", "revenue", "margin", "repurchased", "retained")
"""Outcomes by the direction in which they do harm."""
NEEDED = ("issues", "support_cost")
"""Of these one at least must have been measured: later trouble is what a contact may cause and margin does not show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCost:
    """What one contact costs on a channel: what one more costs, and the average over all; None where not known."""

    channel: str
    marginal: float | None
    average: float | None
    source: str

    def to_dict(self) -> dict[str, Any]:
        """As results write it."""
        return {
            "channel": self.channel,
            "marginal": self.marginal,
            "average": self.average,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOfCase:
    """A line as the page shows it: whose it is, when it is due, what it amounts to, and who else claims the money.

    `per_year` is the middle case of each year of the horizon, not discounted; `account` names the money it claims.
    """

    id: str
    label: str
    account: str
    per_year: tuple[float, ...]
    owner: str | None = None
    fiscal_quarter: str | None = None
    also_claimed_by: tuple[str, ...] = ()
    counted: bool = True

    def to_dict(self) -> dict[str, Any]:
        """As results write it."""
        return {
            "id": self.id,
            "label": self.label,
            "account": self.account,
            "per_year": list(self.per_year),
            "owner": self.owner,
            "fiscal_quarter": self.fiscal_quarter,
            "also_claimed_by": list(self.also_claimed_by),
            "counted": self.counted,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOfTotal:
    """What the case amounts to in a time as long as the period, beside the period's own total; or why not known."""

    account: str
    case: float
    total: float | None
    share: float | None
    reason: str | None

    def to_dict(self) -> dict[str, Any]:
        """As results write it."""
        return {
            "account": self.account,
            "case": self.case,
            "total": self.total,
            "share": self.share,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRequest:
    """What the parameters say of the decision.

    Parameters
    ----------
    agent_hours_per_year : float, optional
        Paid hours on the channel; without them a value per hour is not known.
    in_time_at : mapping of str to float
        Share of contacts answered in time at "-20%" and "+20%" staff, optionally at "today".

    Raises
    ------
    ValueError
        If hours are not above zero.
    """

    agent_hours_per_year: float | None = None
    in_time_at: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        hours = self.agent_hours_per_year
        if hours is not None and not (math.isfinite(hours) and hours > 0):
            raise ValueError(f"`roi.decision.agent_hours_per_year` is above zero, not {hours}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The page: values with their range, choices, shares, owners, and what is recommended."""

    currency: str
    per_contact: Quantiles
    per_agent_hour: Quantiles | None
    channels: tuple[ChannelCost, ...]
    choices: tuple[StaffingChoice, ...]
    shares: tuple[ShareOfTotal, ...]
    spoken_for: SpokenFor
    lines: tuple[LineOfCase, ...]
    guardrails: tuple[Guardrail, ...]
    recommended: Recommended
    not_known: tuple[str, ...]

    @property
    def against_phone(self) -> dict[str, float | None] | None:
        """What a contact by phone costs above one on social, marginal and on average; None where phone is not told."""
        costs = {one.channel: one for one in self.channels}
        social, phone = costs.get("social"), costs.get("phone")
        if social is None or phone is None:
            return None
        return {
            "marginal": _less(phone.marginal, social.marginal),
            "average": _less(phone.average, social.average),
        }

    @property
    def also_claimed_by(self) -> tuple[str, ...]:
        """Other business cases that claim money of this one."""
        return tuple(sorted({other for line in self.lines for other in line.also_claimed_by}))

    def to_dict(self) -> dict[str, Any]:
        """The page as results write it."""
        return {
            "per_contact": self.per_contact.to_dict(),
            "per_agent_hour": None if self.per_agent_hour is None else self.per_agent_hour.to_dict(),
            "channels": [one.to_dict() for one in self.channels],
            "against_phone": self.against_phone,
            "choices": [one.to_dict() for one in self.choices],
            "shares": [one.to_dict() for one in self.shares],
            "spoken_for": self.spoken_for.to_dict(),
            "lines": [one.to_dict() for one in self.lines],
            "also_claimed_by": list(self.also_claimed_by),
            "guardrails": [one.to_dict() for one in self.guardrails],
            "recommended": self.recommended.to_dict(),
            "not_known": list(self.not_known),
        }


def decision_of(
    request: DecisionRequest,
    *,
    currency: str,
    discount_rate: float,
    npv: Floats,
    benefits: Floats,
    contacts: Sequence[Floats | float],
    lines: Sequence[LineOfCase],
    agents_a_year: float | None,
    running_costs_a_year: float,
    shares_by_grade: Mapping[Grade, float],
    cap: float,
    service: Service,
    guardrails: Iterable[Guardrail],
    channels: Sequence[ChannelCost],
    totals: Mapping[str, Total],
    months_in_period: int,
    spoken: SpokenFor,
) -> Decision:
    """The decision page of a case.

    Parameters
    ----------
    request : DecisionRequest
    currency : str
    discount_rate : float
        A year.
    npv : array of float, shape (draws,)
        Net present value of each draw, before any cut.
    benefits : array of float, shape (draws,)
        Present value of the counted benefits in the same draws.
    contacts : sequence of float or array of shape (draws,), one a year
        Social contacts of each year of the horizon.
    lines : sequence of LineOfCase
        Benefits.
    agents_a_year : float, optional
        What staff costs a level year; None where the costs have no such line.
    running_costs_a_year : float
        What a level year costs, the start left out.
    shares_by_grade : mapping of grade to float
    cap : float
    service : Service
    guardrails : iterable of Guardrail
    channels : sequence of ChannelCost
        Social and the phone.
    totals : mapping of account to Total
        Of the report's period.
    months_in_period : int
    spoken : SpokenFor

    Raises
    ------
    DesignError
        If contacts are not above zero in the horizon.
    ValueError
        If draws are missing.
    """
    if npv.size == 0 or npv.shape != benefits.shape or not contacts:
        raise ValueError("A decision needs draws of the value and as many of the benefits, and each year's contacts.")
    factors = [(1 + discount_rate) ** -year for year in range(1, len(contacts) + 1)]
    discounted = sum((np.asarray(one, dtype=np.float64) * by for one, by in zip(contacts, factors, strict=True)), 0.0)
    if not np.all(np.asarray(discounted) > 0):
        raise DesignError(
            "The case, or a draw of it, has contacts in no year, and nothing can be said per contact. Give "
            "`roi.contacts_per_year`, `roi.forecast` and `roi.uptake` values and ranges above zero."
        )
    level = math.fsum(factors)
    low, middle, high = (float(one) for one in np.quantile(npv, LOW_TO_HIGH, method="inverted_cdf"))
    advice = recommended(
        shares=shares_by_grade, cap=cap, low=low, middle=middle, high=high,
        guardrails=(guards := tuple(guardrails)),
    )  # fmt: skip
    hours = request.agent_hours_per_year
    choices = staffing_choices(
        benefits_a_year=benefits / level,
        running_costs_a_year=running_costs_a_year,
        agents_a_year=agents_a_year,
        contacts_a_year=float(np.mean(discounted)) / level,
        service=service,
        in_time_at=request.in_time_at or {},
        case_grade=advice.grade,
    )
    return Decision(
        currency=currency,
        per_contact=Quantiles.of(npv / discounted),
        per_agent_hour=None if hours is None else Quantiles.of(npv / (hours * level)),
        channels=tuple(channels),
        choices=choices,
        shares=_shares(lines, totals, months_in_period),
        spoken_for=spoken,
        lines=tuple(lines),
        guardrails=guards,
        recommended=advice,
        not_known=tuple(_not_known(request, channels, lines)),
    )


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _shares(lines: Sequence[LineOfCase], totals: Mapping[str, Total], months: int) -> tuple[ShareOfTotal, ...]:
    """What the counted lines of each account amount to in as many months, beside the account's own total."""
    found = []
    for account, total in sorted(totals.items()):
        own = [line for line in lines if line.account == account and line.counted]
        a_year = math.fsum(math.fsum(line.per_year) / len(line.per_year) for line in own)
        case = a_year * months / 12
        share = case / total.value if total.value is not None and total.value > 0 else None
        reason = total.reason
        if share is None and reason is None:
            reason = "the period's own total is not above zero"
        found.append(ShareOfTotal(account=account, case=case, total=total.value, share=share, reason=reason))
    return tuple(found)


def _not_known(request: DecisionRequest, channels: Sequence[ChannelCost], lines: Sequence[LineOfCase]) -> Iterable[str]:
    if request.agent_hours_per_year is None:
        yield "The value per agent-hour: state `roi.decision.agent_hours_per_year`."
    for one in channels:
        if one.marginal is None and one.average is None:
            yield f"What a contact by {one.channel} costs: {one.source}"
    for line in lines:
        if line.owner is None and line.counted:
            yield f"Who answers for `{line.id}`: state `roi.owners.{line.id}`."


def guardrails_of(
    effects: Sequence[Mapping[str, Any]], *, tied_out: bool | None, tie_out_detail: str, needed: Sequence[str] = ()
) -> tuple[Guardrail, ...]:
    """What the case must not harm or get wrong: each outcome of the studies behind it, and the tie to the books.

    A guardrail is broken where an effect on all customers is clearly harm, kept where it is not, and not known where
    the effect was refused or has no interval, or where none of the outcomes `needed` was measured: the first of them is
    named. Only the scale on which an outcome is first told counts, so that none is asked twice.

    Examples
    --------
    >>> row = {"estimand": "channel_effect", "outcome": "issues", "scale": "ratio", "segment": {}, "declared": True,
    ...        "maturity": "mature", "value": 1.2, "low": 1.1, "high": 1.3, "reason": None}
    >>> [(one.name, one.kept) for one in guardrails_of([row], tied_out=None, tie_out_detail="No ledger total.")]
    [('issues', False), ('books', None)]
    """
    asked: dict[str, Mapping[str, Any]] = {}
    for row in effects:
        sound = row["estimand"] == "channel_effect" and row["declared"] and row["maturity"] == "mature"
        if sound and not row["segment"] and row["outcome"] in (*MORE_IS_HARM, *LESS_IS_HARM):
            held = asked.get(row["outcome"])
            if held is None or (held["scale"] != "ratio" and row["scale"] == "ratio"):
                asked[row["outcome"]] = row
    found = [_guardrail(name, row) for name, row in sorted(asked.items())]
    if needed and not set(needed) & set(asked):
        found.insert(0, Guardrail(name=needed[0], kept=None, detail=f"{needed[0].capitalize()}: not measured."))
    return (*found, Guardrail(name="books", kept=tied_out, detail=tie_out_detail))


def _guardrail(name: str, row: Mapping[str, Any]) -> Guardrail:
    if row["value"] is None:
        return Guardrail(name=name, kept=None, detail=f"No effect is claimed: {row['reason']}")
    none = 1.0 if row["scale"] == "ratio" else 0.0
    end = row["low" if name in MORE_IS_HARM else "high"]
    if end is None:
        return Guardrail(name=name, kept=None, detail="How surely the effect is known was not told.")
    harmed = end > none if name in MORE_IS_HARM else end < none
    worse = "more" if name in MORE_IS_HARM else "less"
    said = f"clearly {worse} than without" if harmed else f"not clearly {worse} than without"
    return Guardrail(name=name, kept=not harmed, detail=f"{name.replace('_', ' ').capitalize()}: {said}.")
