"""What would be lost or gained by stopping, keeping, or staffing a fifth less or more? As far as it was measured.

Staffing acts through answers in time: the share of contacts that would be answered in time at that staffing is stated
by the team, what an answer in time is worth is the measured service effect. Where either is missing the answer is "not
known", never a guess from the case's average: that average says what the programme is worth, not its last fifth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.roi.quantiles import Quantiles

Floats = NDArray[np.float64]
Choice = Literal["stop", "keep", "-20%", "+20%"]
CHANGES: Mapping[Choice, float] = {"-20%": -0.2, "+20%": 0.2}
LOW_TO_HIGH = (0.05, 0.5, 0.95)
"""The low, middle and high case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffingChoice:
    """One choice: what it changes a year in benefits, in costs and net of both; None and a reason where not known."""

    choice: Choice
    benefit: Quantiles | None
    cost: float | None
    net: Quantiles | None
    grade: str | None
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The choice as results write it."""
        return {
            "choice": self.choice,
            "benefit": None if self.benefit is None else self.benefit.to_dict(),
            "cost": self.cost,
            "net": None if self.net is None else self.net.to_dict(),
            "grade": self.grade,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What an answer in time is worth: margin per contact over the window, from the study, or why it is not known.

    `in_time` is the share of the studied contacts that was answered in time.
    """

    value: float | None
    se: float | None
    in_time: float | None
    grade: str | None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("The service effect has either a value or a reason why there is none.")


def service_found(effects: Sequence[Mapping[str, Any]], currency: str) -> Service:
    """The service effect on margin in the rows of the contract's `effects`, or why there is none.

    Only a declared effect on all customers whose window is over counts. What was found on orders alone is no money.

    Examples
    --------
    >>> service_found([], "EUR").reason
    'what an answer in time changes was not measured'
    """
    rows = [
        row
        for row in effects
        if row["estimand"] == "service_effect" and row["scale"] == "difference" and not row["segment"]
    ]
    margin = [row for row in rows if row["outcome"] == "margin"]
    sound = [row for row in margin if row["maturity"] == "mature" and row["declared"]]
    if not rows:
        return _no_service("what an answer in time changes was not measured")
    if not sound:
        what = "was measured so far on contacts whose time is not over" if margin else "was not measured on margin"
        return _no_service(f"what an answer in time changes {what}")
    row = sound[0]
    if row["value"] is None:
        return _no_service(f"no effect of an answer in time is claimed: {row['reason']}")
    if not row["se"]:
        return _no_service("the effect of an answer in time came without a standard error")
    if row["unit"] != f"{currency} per customer":
        return _no_service(f"the effect of an answer in time is in {row['unit']}, the case in {currency}")
    seen = row["n_treated"] + row["n_comparison"]
    share = row["n_treated"] / seen if seen else None
    return Service(value=row["value"], se=row["se"], in_time=share, grade=row["grade"])


def _no_service(reason: str) -> Service:
    return Service(value=None, se=None, in_time=None, grade=None, reason=reason)


def staffing_choices(
    *,
    benefits_a_year: Floats,
    running_costs_a_year: float,
    agents_a_year: float | None,
    contacts_a_year: float,
    service: Service,
    in_time_at: Mapping[str, float],
    case_grade: str,
) -> tuple[StaffingChoice, ...]:
    """Stop, keep, a fifth less and a fifth more staff: what each changes a year, against going on as now.

    Stopping loses the counted benefits and saves the running costs; what was spent at the start is gone either way. A
    change of staffing gains or loses contacts x change of the share answered in time x what an answer in time is worth,
    and costs or saves its share of the agents' line.

    Parameters
    ----------
    benefits_a_year : array of float, shape (draws,)
        Counted benefits of a year, a level year of the horizon.
    running_costs_a_year : float
    agents_a_year : float, optional
        The part of them that staff is paid with; None where the costs have no such line.
    contacts_a_year : float
    service : Service
    in_time_at : mapping
        Share of contacts answered in time at "-20%" and "+20%" staff, as the team states it; optionally at "today",
        else that of the study.
    case_grade : str
        Of the benefits, for the choice to stop.

    Raises
    ------
    ValueError
        If a share does not lie from 0 to 1.

    Examples
    --------
    >>> found = staffing_choices(benefits_a_year=np.full(5, 100.0), running_costs_a_year=60.0, agents_a_year=50.0,
    ...                          contacts_a_year=10.0, service=service_found([], "EUR"), in_time_at={}, case_grade="B")
    >>> [(one.choice, one.net.p50 if one.net else one.detail) for one in found][:3:2]
    [('stop', -40.0), ('-20%', 'Not known: what an answer in time changes was not measured.')]
    """
    for name, share in in_time_at.items():
        if not 0 <= share <= 1:
            raise ValueError(f"`roi.decision.in_time_at`: the share at {name} lies from 0 to 1, not {share}.")
    stop = StaffingChoice(
        choice="stop",
        benefit=Quantiles.of(-benefits_a_year),
        cost=-running_costs_a_year,
        net=Quantiles.of(running_costs_a_year - benefits_a_year),
        grade=case_grade,
        detail="The counted benefits are lost and the running costs are saved; what was spent at the start is gone.",
    )
    none = Quantiles(0.0, 0.0, 0.0)
    keep = StaffingChoice(choice="keep", benefit=none, cost=0.0, net=none, grade=None, detail="Nothing changes.")
    found = [stop, keep]
    today = in_time_at.get("today", service.in_time)
    for choice, change in CHANGES.items():
        reason = service.reason
        if reason is None and choice not in in_time_at:
            reason = f"the share answered in time at {choice} staff is not stated (`roi.decision.in_time_at`)"
        if reason is None and today is None:
            reason = "the share answered in time today is not known (`roi.decision.in_time_at`, today)"
        if reason is not None or service.value is None or service.se is None or today is None:
            said = f"Not known: {str(reason).removesuffix('.')}."
            found.append(StaffingChoice(choice=choice, benefit=None, cost=None, net=None, grade=None, detail=said))
            continue
        gained = _gained(contacts_a_year * (in_time_at[choice] - today), service.value, service.se)
        cost = None if agents_a_year is None else change * agents_a_year
        source = "as stated" if "today" in in_time_at else "as in the study"
        said = f"Answered in time: {in_time_at[choice]:.0%} as stated, {today:.0%} today ({source})."
        if cost is None:
            said += " What the staff costs is not known: the costs have no line `agents`."
        found.append(
            StaffingChoice(
                choice=choice,
                benefit=gained,
                cost=cost,
                net=None if cost is None else _less(gained, cost),
                grade=service.grade,
                detail=said,
            )
        )
    return tuple(found)


def _gained(contacts: float, value: float, se: float) -> Quantiles:
    """What more contacts in time gain a year: the low, middle and high case of a normal estimate."""
    from scipy.special import ndtri

    low, middle, high = sorted(contacts * (value + se * float(ndtri(share))) for share in LOW_TO_HIGH)
    return Quantiles(low, middle, high)


def _less(range_: Quantiles, cost: float) -> Quantiles:
    """A range, less a cost that is known."""
    return Quantiles(*(None if one is None else one - cost for one in (range_.p5, range_.p50, range_.p95)))
