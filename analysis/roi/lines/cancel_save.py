"""What is it worth that customers who wanted to leave stayed? Only those who would have left, less what keeping cost.

A save is incremental as far as the rate of saving lies above what it would be without us; that baseline needs a
hold-out, and is stated with its source where there is none, so that the line is graded E: it may be the largest of a
case, and nobody compared anything. What a save is worth is the margin of the months that follow, of those who stay that
long, cut off after the stated number of months and at the end of the case. Offers and handling are taken off for all
who tried to leave, saved or not. A save rate below the baseline makes the line a loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.roi import saves
from analysis.roi.built import Built, Claim
from analysis.roi.chances import FEWEST, needs
from analysis.roi.leaving import Retention, staying_of_saved
from analysis.roi.line import Line
from analysis.roi.quantity import Quantity
from analysis.roi.rates import Rates
from analysis.roi.spread import Fixed, Normal
from analysis.roi.stated import NOTHING, Stated, amount, fact, share
from analysis.roi.staying import months_kept
from analysis.roi.volumes import years_of

if TYPE_CHECKING:
    from analysis.tables.load import Tables

LINE = "cancel_save"
LABEL = "Customers kept who wanted to leave"
_TABLES = ("mentions.sales_flag", "mentions.customer_id", "subscriptions")


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSaveRequest:
    """What the parameters say of `roi.cancel_save`; what is left out is counted on the tables.

    Parameters
    ----------
    baseline_save_rate : Stated, optional
        Share that would have stayed without us. Nothing else can tell it: without it there is no line.
    attempts_per_year : Stated, optional
        Customers who want to leave and reach us. Counted: known customers with a subscription and a mention of it.
    save_rate : Stated, optional
        Share that still has a subscription `survival_days` later.
    monthly_margin : Stated, optional
        In the currency of the case.
    staying : Stated, optional
        Share of those saved who stay from one month to the next.
    months : int
        Payments counted per save, 1 to 36; none after the end of the case.
    survival_days : int
    offer_rate, offer_cost, handling_cost : Stated
        Offers taken up per attempt, what one costs, and what an attempt costs to handle.
    """

    baseline_save_rate: Stated | None = None
    attempts_per_year: Stated | None = None
    save_rate: Stated | None = None
    monthly_margin: Stated | None = None
    staying: Stated | None = None
    months: int = 12
    survival_days: int = 30
    offer_rate: Stated = NOTHING
    offer_cost: Stated = NOTHING
    handling_cost: Stated = NOTHING

    def __post_init__(self) -> None:
        if not 1 <= self.months <= 36:
            raise ValueError(f"`roi.cancel_save.months` lies from 1 to 36, not {self.months}.")
        if not 1 <= self.survival_days <= 365:
            raise ValueError(f"`roi.cancel_save.survival_days` lies from 1 to 365, not {self.survival_days}.")
        for name in ("baseline_save_rate", "save_rate", "staying"):
            if (stated := getattr(self, name)) is not None:
                share(f"roi.cancel_save.{name}", stated)
        for name in ("attempts_per_year", "offer_rate", "offer_cost", "handling_cost"):
            if (stated := getattr(self, name)) is not None:
                amount(f"roi.cancel_save.{name}", stated)


def save_rate(saved: Sequence[int], attempts: int, not_followed: int = 0) -> float:
    """Which share of those who wanted to leave was saved, of those who were followed?

    Parameters
    ----------
    saved : sequence of int
        Saved, by the way they were.
    attempts, not_followed : int
        All who tried, and those of whom it cannot be told.

    Raises
    ------
    ValueError
        If nobody was followed, or more were saved than tried.

    Examples
    --------
    >>> round(save_rate([50, 50, 90], 400, 10), 4)  # Churnkey's example
    0.4872
    """
    followed = attempts - not_followed
    if followed <= 0 or not 0 <= sum(saved) <= followed:
        raise ValueError(f"{sum(saved)} saved of {followed} followed is no share.")
    return sum(saved) / followed


def value_per_attempt(
    rate: float, baseline: float, margin: float, *, offers: float = 0.0, offer_cost: float = 0.0, handling: float = 0.0
) -> float:
    """What one attempt is worth: incremental saves × margin − offers taken up × their cost − handling.

    Examples
    --------
    >>> round(value_per_attempt(0.45, 0.15, 396, offers=0.45, offer_cost=75), 2)
    85.05
    >>> round(value_per_attempt(0.45, 0.15, 396, offers=0.45, offer_cost=75, handling=5), 2)
    80.05
    """
    return (rate - baseline) * margin - offers * offer_cost - handling


def cancel_save_line(
    request: CancelSaveRequest, tables: Tables | None, rates: Rates, years: int, zone: str = "UTC"
) -> Built:
    """The margin of customers who stayed and would not have, net of the baseline, offers and handling.

    Raises
    ------
    DesignError
        If the baseline is not stated, or something else is neither stated nor can be counted; all are named.

    Source
    ------
    Attempts × (save rate − save rate without us) × remaining margin − offers accepted × offer cost − handling.
    """
    missing = []
    if request.baseline_save_rate is None:
        missing.append(
            "`roi.cancel_save.baseline_save_rate`: which share would have stayed without us is told by no table. State "
            "it, from a hold-out where there is one."
        )
    found: dict[str, Quantity] = {}
    counted = _Counted(request, tables, rates, zone)
    for name in ("attempts_per_year", "save_rate", "monthly_margin", "staying"):
        try:
            found[name] = getattr(counted, name)()
        except DesignError as error:
            missing.append(str(error))
    if missing:
        raise DesignError(f"{LABEL}: " + " ".join(missing))
    assert request.baseline_save_rate is not None
    baseline = request.baseline_save_rate.quantity(
        "cancel_baseline_save_rate",
        "Customers who want to leave: share that would stay without us",
        "share",
        grade="E",
        low=0.0,
        high=1.0,
    )
    costs = _costs(request, rates.currency)
    attempts = found["attempts_per_year"].input
    months = months_kept([attempts] * years, found["staying"].input, first_month=1, months=request.months, start=0)
    more = found["save_rate"].input - baseline.input
    offers, offer_cost, handling = (one.input for one in costs)
    spent = attempts * (offers * offer_cost + handling)
    kept = tuple(one * more * found["monthly_margin"].input for one in months)
    line = Line(
        id=LINE,
        label=LABEL,
        side="benefit",
        kind="margin",
        grade="E",
        by_year=years_of(tuple(one - spent for one in kept)),
        account="subscription_margin",
        note=(
            f"At most {request.months} payments per save, from the month after, and none past the end of the case. "
            "Those who would have stayed anyway are taken off by the stated baseline, which nobody compared."
        ),
    )
    return Built(
        quantities=(*found.values(), baseline, *costs),
        lines=(line,),
        claims=(replace(_claim(request, tables, zone), gross=years_of(kept)),),
    )


def _claim(request: CancelSaveRequest, tables: Tables | None, zone: str) -> Claim:
    if tables is None or needs(tables, *_TABLES) is not None:
        return Claim(line=LINE)
    months = saves.months_of_saved(tables, zone, request.survival_days, request.months)
    return Claim(line=LINE, months=months)


def _costs(request: CancelSaveRequest, currency: str) -> tuple[Quantity, Quantity, Quantity]:
    return (
        request.offer_rate.quantity(
            "cancel_offers_per_attempt", "Offers taken up per attempt to leave", "offers per attempt", low=0.0
        ),
        request.offer_cost.quantity(
            "cancel_offer_cost",
            "What one offer to a customer who wants to leave costs",
            f"{currency} per offer",
            low=0.0,
        ),
        request.handling_cost.quantity(
            "cancel_handling_cost", "What one attempt to leave costs to handle", f"{currency} per attempt", low=0.0
        ),
    )


class _Counted:
    """What is stated, and else counted; each raises a sentence that names its parameter."""

    def __init__(self, request: CancelSaveRequest, tables: Tables | None, rates: Rates, zone: str) -> None:
        self.request, self.rates, self.zone = request, rates, zone
        self._tables, self.why_not = tables, needs(tables, *_TABLES)

    def tables(self, parameter: str) -> Tables:
        if self._tables is None or self.why_not is not None:
            raise DesignError(f"`{parameter}` is not stated, and cannot be counted: {self.why_not}.")
        return self._tables

    def attempts_per_year(self) -> Quantity:
        name, label, unit = "cancel_attempts_per_year", "Customers who want to leave and reach us", "attempts per year"
        if self.request.attempts_per_year is not None:
            return self.request.attempts_per_year.quantity(name, label, unit, low=0.0)
        tables = self.tables("roi.cancel_save.attempts_per_year")
        found = saves.attempts(tables, self.zone, self.request.survival_days)
        source = f"table mentions: known customers with a subscription, {found.months}"
        return fact(name, label, unit, found.per_year, source)

    def save_rate(self) -> Quantity:
        name = "cancel_save_rate"
        label = f"Customers who want to leave: share that still subscribes after {self.request.survival_days} days"
        if self.request.save_rate is not None:
            return self.request.save_rate.quantity(name, label, "share", low=0.0, high=1.0)
        tables = self.tables("roi.cancel_save.save_rate")
        found = saves.attempts(tables, self.zone, self.request.survival_days)
        if found.share is None:
            raise DesignError(
                f"`roi.cancel_save.save_rate` is not stated, and only {found.of} who wanted to leave were followed for "
                f"{self.request.survival_days} days; {FEWEST} are needed."
            )
        error = (found.share * (1 - found.share) / found.of) ** 0.5
        return Quantity(
            name=name,
            label=label,
            unit="share",
            spread=Normal(found.share, error) if error > 0 else Fixed(found.share),
            origin="measured",
            source=f"tables mentions and subscriptions: {found.n:,} of {found.of:,} followed",
            low_limit=0.0,
            high_limit=1.0,
        )

    def monthly_margin(self) -> Quantity:
        name, label = "cancel_monthly_margin", "Monthly margin of a customer who wants to leave"
        unit = f"{self.rates.currency} per month"
        if self.request.monthly_margin is not None:
            return self.request.monthly_margin.quantity(name, label, unit)
        tables = self.tables("roi.cancel_save.monthly_margin")
        found = saves.margin_of_subscribers(tables, self.rates)
        source = f"table subscriptions: mean of {found.n:,} who wanted to leave{found.said}"
        return fact(name, label, unit, found.mean, source)

    def staying(self) -> Quantity:
        name, label = (
            "cancel_staying",
            "Customers kept who wanted to leave: share that stays from one month to the next",
        )
        if self.request.staying is not None:
            return self.request.staying.quantity(name, label, "share", low=0.0, high=1.0)
        tables = self.tables("roi.cancel_save.staying")
        found = staying_of_saved(tables, self.request.survival_days)
        if found is None:
            raise DesignError(
                f"`roi.cancel_save.staying` is not stated, and fewer than {FEWEST} of those saved have left since."
            )
        return staying_quantity(name, label, found, "those saved")


def staying_quantity(name: str, label: str, found: Retention, who: str) -> Quantity:
    """A counted monthly retention as an input of the case, with its error."""
    return Quantity(
        name=name,
        label=label,
        unit="share",
        spread=Normal(found.share, found.se),
        origin="measured",
        source=f"table subscriptions: {found.ends:,} of {who} left in {found.months:,.0f} months of following them",
        low_limit=0.0,
        high_limit=1.0,
    )
