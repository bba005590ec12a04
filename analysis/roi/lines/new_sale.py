"""What is the margin of orders that came of a mention, and would not have come without the answer?

A mention in which somebody wants to buy is a potential until an order of the same customer follows within the window.
Most of those would have bought anyway: only the incremental share counts, which is stated with its source, so that the
line is graded E. Orders of customers whom the purchases after a contact already hold are taken off by `exclusive`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.roi import sales
from analysis.roi.built import Built, Claim
from analysis.roi.chances import needs
from analysis.roi.line import Line
from analysis.roi.quantity import Quantity
from analysis.roi.rates import Rates
from analysis.roi.stated import Stated, amount, fact, share
from analysis.roi.volumes import years_of

if TYPE_CHECKING:
    from analysis.tables.load import Tables

LINE = "new_sale"
LABEL = "Sales that came of an answer"
_TABLES = ("mentions.sales_flag", "mentions.customer_id", "orders")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSaleRequest:
    """What the parameters say of `roi.new_sale`; what is left out is counted on the tables.

    Parameters
    ----------
    incremental_share : Stated, optional
        Share of the orders that would not have come without the answer. Without it there is no line.
    sales_per_year : Stated, optional
        Orders within `order_days` after a mention in which a known customer wanted to buy.
    margin_per_sale : Stated, optional
    order_days : int
    """

    incremental_share: Stated | None = None
    sales_per_year: Stated | None = None
    margin_per_sale: Stated | None = None
    order_days: int = 30

    def __post_init__(self) -> None:
        if not 1 <= self.order_days <= 365:
            raise ValueError(f"`roi.new_sale.order_days` lies from 1 to 365, not {self.order_days}.")
        if self.incremental_share is not None:
            share("roi.new_sale.incremental_share", self.incremental_share)
        if self.sales_per_year is not None:
            amount("roi.new_sale.sales_per_year", self.sales_per_year)


def new_sale_line(request: NewSaleRequest, tables: Tables | None, rates: Rates, years: int, zone: str = "UTC") -> Built:
    """Matched orders × margin × incremental share.

    Raises
    ------
    DesignError
        If the incremental share is not stated, or something else is neither stated nor can be counted; all are named.
    """
    missing = []
    if request.incremental_share is None:
        missing.append(
            "`roi.new_sale.incremental_share`: which share would not have bought otherwise is told by no table. "
            "State it."
        )
    found: dict[str, Quantity] = {}
    for name, counted in (("sales_per_year", _orders), ("margin_per_sale", _margin)):
        try:
            found[name] = counted(request, tables, rates, zone)
        except DesignError as error:
            missing.append(str(error))
    if missing:
        raise DesignError(f"{LABEL}: " + " ".join(missing))
    assert request.incremental_share is not None
    incremental = request.incremental_share.quantity(
        "new_sale_incremental_share",
        "Orders that came of a mention: share that would not have come otherwise",
        "share",
        grade="E",
        low=0.0,
        high=1.0,
    )
    gained = found["sales_per_year"].input * found["margin_per_sale"].input * incremental.input
    line = Line(
        id=LINE,
        label=LABEL,
        side="benefit",
        kind="margin",
        grade="E",
        by_year=years_of((gained,) * years),
        account="order_margin",
        note=(
            f"The first order within {request.order_days} days after the mention; later orders are nobody's. Which "
            "share would have come anyway is assumed."
        ),
    )
    return Built(quantities=(*found.values(), incremental), lines=(line,), claims=(_claim(request, tables, zone),))


def _claim(request: NewSaleRequest, tables: Tables | None, zone: str) -> Claim:
    if tables is None or needs(tables, *_TABLES) is not None:
        return Claim(line=LINE)
    months = sales.months_of_sales(tables, zone, request.order_days)
    return Claim(line=LINE, months=months)


def _counting(tables: Tables | None, parameter: str) -> Tables:
    why_not = needs(tables, *_TABLES)
    if tables is None or why_not is not None:
        raise DesignError(f"`{parameter}` is not stated, and cannot be counted: {why_not}.")
    return tables


def _orders(request: NewSaleRequest, tables: Tables | None, rates: Rates, zone: str) -> Quantity:
    name, label, unit = "new_sale_sales_per_year", "Orders that came of a mention", "orders per year"
    if request.sales_per_year is not None:
        return request.sales_per_year.quantity(name, label, unit, low=0.0)
    found = sales.sales(_counting(tables, "roi.new_sale.sales_per_year"), zone, request.order_days)
    source = f"tables mentions and orders: {found.n:,} orders after {found.of:,} mentions, {found.months}"
    return fact(name, label, unit, found.per_year, source)


def _margin(request: NewSaleRequest, tables: Tables | None, rates: Rates, zone: str) -> Quantity:
    name, label, unit = (
        "new_sale_margin_per_sale",
        "Margin of an order that came of a mention",
        f"{rates.currency} per order",
    )
    if request.margin_per_sale is not None:
        return request.margin_per_sale.quantity(name, label, unit)
    parameter = "roi.new_sale.margin_per_sale"
    found = sales.margin_of_sales(_counting(tables, parameter), zone, request.order_days, rates)
    return fact(name, label, unit, found.mean, f"table orders: mean of {found.n:,}{found.said}")
