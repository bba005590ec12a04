"""What is the margin of a contact worth past the months that were studied? An extrapolation, told apart, graded E.

The gain of a month of the window is carried on for a stated number of months, every month the share of it that is left:
stated as the share of customers who stay, or as what the gain loses, or counted on the subscriptions of contacted
customers, else on how their orders thin out. None falls past the end of the case.

The line is graded E however the share was come by. A retention that is counted says who is still there; it does not say
that the difference between the two groups lasts as long, and that difference is what the line is made of. Only a study
with a longer window could say it, and its effect would then be in `repurchase`. The present value of one customer by
the three forms in use is left to `clv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built, Claim
from analysis.roi.clv import Form, starting
from analysis.roi.contacted import months_after_contact
from analysis.roi.leaving import staying_of_contacted
from analysis.roi.line import Line
from analysis.roi.lines.cancel_save import staying_quantity
from analysis.roi.lines.repurchase import RepurchaseRequest, margin_per_contact
from analysis.roi.measured_effects import MeasuredEffect, MeasuredEffects
from analysis.roi.quantity import Quantity
from analysis.roi.repurchase_decay import decay_of_orders
from analysis.roi.stated import Stated, share
from analysis.roi.staying import MOST_MONTHS, months_kept
from analysis.roi.volumes import Volumes, years_of

if TYPE_CHECKING:
    from analysis.tables.load import Tables

LINE = "customer_value"
LABEL = "The same margin past the months studied"
KEPT = "customer_value_kept_per_month"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerValueRequest:
    """What the parameters say of `roi.customer_value`.

    Parameters
    ----------
    months : int
        How many months past the studied window are counted, 1 to 36.
    retention : Stated, optional
        Share of customers who stay from one month to the next; the gain of those who stay is taken to last.
    decay : Stated, optional
        Share of the gain that is lost every month, in place of `retention`.
    form : {"due_now", "if_renewed", "in_arrears"}
        Whether the first month past the window is certain, as in the forms of `clv`; `if_renewed` is the smallest.
    """

    months: int
    retention: Stated | None = None
    decay: Stated | None = None
    form: Form = "if_renewed"

    def __post_init__(self) -> None:
        if not 1 <= self.months <= MOST_MONTHS:
            raise ValueError(f"`roi.customer_value.months` lies from 1 to {MOST_MONTHS}, not {self.months}.")
        if self.retention is not None and self.decay is not None:
            raise ValueError(
                "`roi.customer_value` has a `retention` or a `decay`, not both: each says how much is left."
            )
        for name in ("retention", "decay"):
            if (stated := getattr(self, name)) is not None:
                share(f"roi.customer_value.{name}", stated)


def customer_value_line(
    request: CustomerValueRequest,
    repurchase: RepurchaseRequest,
    effects: MeasuredEffects,
    volumes: Volumes,
    currency: str,
    tables: Tables | None = None,
    zone: str = "UTC",
) -> Built:
    """The margin of a contact carried past the window, of the contacts that are like those studied.

    Raises
    ------
    DesignError
        If no margin was measured, or what is left from month to month is neither stated nor can be counted.
    """
    effect, gain, quantities = margin_per_contact(repurchase, effects, currency)
    kept = _kept(request, effect, tables, zone)
    months = months_kept(
        volumes.studied,
        kept.input,
        first_month=effect.after_months + 1,
        months=request.months,
        start=starting(request.form),
    )
    a_month = gain / effect.after_months
    line = Line(
        id=LINE,
        label=LABEL,
        side="benefit",
        kind="margin",
        grade="E",
        by_year=years_of(tuple(n * a_month for n in months)),
        account="order_margin",
        note=(
            f"An extrapolation: months {effect.after_months + 1} to {effect.after_months + request.months} after the "
            "contact, as far as they lie in the case, by what is left from month to month; nobody has studied them."
        ),
        index_from=effect.index_from,
        index_to=effect.index_to,
        maturity=effect.maturity,
    )
    first, last = effect.after_months + 1, effect.after_months + request.months
    claimed = None if tables is None else months_after_contact(tables, effect, zone, first, last)
    claim = Claim(line=LINE, months=claimed, after_contact=(first, last))
    return Built(quantities=(*volumes.quantities, *quantities, kept), lines=(line,), claims=(claim,))


def _kept(request: CustomerValueRequest, effect: MeasuredEffect, tables: Tables | None, zone: str) -> Quantity:
    """What is left of a month's gain in the next month."""
    label = "Margin past the months studied: share that is left from one month to the next"
    stated = request.retention
    if request.decay is not None:
        lost = request.decay
        stated = Stated(
            value=1 - lost.value,
            low=None if lost.high is None else 1 - lost.high,
            high=None if lost.low is None else 1 - lost.low,
            shape=lost.shape,
            sd=lost.sd,
            source=lost.source,
            dated=lost.dated,
        )
    if stated is not None:
        return stated.quantity(KEPT, label, "share", grade="E", low=0.0, high=1.0)
    if tables is not None and tables.has("subscriptions"):
        contacts = months_after_contact(tables, effect, zone, 0, 0)
        found = staying_of_contacted(tables, contacts, zone)
        if found is not None:
            return staying_quantity(KEPT, label, found, "contacted customers")
    if tables is not None and tables.has("orders"):
        thinning = decay_of_orders(tables, effect, zone)
        if thinning is not None:
            return thinning.quantity(KEPT, label)
    raise DesignError(
        f"{LABEL}: neither `roi.customer_value.retention` nor `decay` is stated, and neither subscriptions nor orders "
        "of contacted customers, followed for long enough, tell how much is left from month to month."
    )
