"""How quickly do the orders of contacted customers thin out? Their second window after the contact against the first.

Customers without a contract never say that they have left; that they buy less says it. So the orders of the window
after the contact are laid beside those of the next window of the same length, for customers whose two windows both lie
in the data, and what is left from one month to the next is the root of that ratio. Growth of the whole business is in
it too, which is why the line that uses it is an extrapolation and nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month
from analysis.roi.contacted import first_contacts
from analysis.roi.covered_months import complete_months
from analysis.roi.measured_effects import MeasuredEffect
from analysis.roi.quantity import Quantity
from analysis.roi.spread import Normal

if TYPE_CHECKING:
    from analysis.tables.load import Tables

FEWEST_ORDERS = 100
"""In each of the two windows: with fewer, the root of their ratio says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinning:
    """What is left of a month's orders in the next.

    Parameters
    ----------
    share : float
        (orders later / orders first) to the power of one over the months of a window; below 1.
    se : float
        As if orders came independently of each other, which is too small where few customers buy most.
    first, later, months, customers : int
    """

    share: float
    se: float
    first: int
    later: int
    months: int
    customers: int

    def quantity(self, name: str, label: str) -> Quantity:
        """As an input of the case."""
        return Quantity(
            name=name,
            label=label,
            unit="share",
            spread=Normal(self.share, self.se),
            origin="measured",
            source=(
                f"table orders: {self.customers:,} contacted customers, {self.later:,} orders in months "
                f"{self.months + 1} to {2 * self.months} after {self.first:,} in the months before"
            ),
            low_limit=0.0,
            high_limit=1.0,
        )


def decay_of_orders(tables: Tables, effect: MeasuredEffect, zone: str) -> Thinning | None:
    """What is left of a month's orders in the next.

    None with fewer than 100 orders in either window, and where orders do not thin out: that they grow does not say that
    the gain lasts.

    Parameters
    ----------
    tables : Tables
        With `orders`, and `issues` or `touchpoints`.
    effect : MeasuredEffect
        Whose index months and window are used.
    zone : str
    """
    bounds = complete_months(tables, "orders", "ordered_at", zone)
    window = effect.after_months
    if bounds is None or window < 1:
        return None
    last = bounds[1]
    month = tables.engine.dialect.month_number("ordered_at", zone, Month.of(effect.index_from), last)
    row = tables.engine.query(
        f"""
        select count(case when later between 1 and ? then 1 end) as first,
            count(case when later between ? and ? then 1 end) as later,
            count(distinct customer_id) as customers
        from (
            select c.customer_id, o.bought - c.month as later
            from ({first_contacts(tables, effect, zone)}) as c left join (
                select customer_id, {month} as bought from orders where customer_id is not null and cancelled_at is null
            ) as o on o.customer_id = c.customer_id
            where c.month + ? <= ?
        ) as followed
        """,
        [window, window + 1, 2 * window, 2 * window, last.number],
    ).to_pylist()[0]
    first, later = int(row["first"]), int(row["later"])
    if min(first, later) < FEWEST_ORDERS or later >= first:
        return None
    share = (later / first) ** (1 / window)
    error = share / window * math.sqrt(1 / first + 1 / later)
    return Thinning(share=share, se=error, first=first, later=later, months=window, customers=int(row["customers"]))
