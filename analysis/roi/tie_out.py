"""Does the support cost behind the case agree with the books? What issues cost, beside the general ledger, by month.

The case values contacts at what the rows of `issues` (or `touchpoints`) carry. Summed over complete months, of known
and unknown customers alike, they are laid beside a total from the general ledger (`series`); the difference is shown,
and past a tolerance the case is marked. They need not be equal: a ledger holds fixed costs as well. What one more
contact costs is left to `unit_costs`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, UnknownName
from analysis.roi.covered_months import complete_months
from analysis.roi.rates import Rates

if TYPE_CHECKING:
    from analysis.tables.load import Tables

TOLERANCE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOutRequest:
    """`roi.ledger`: which series holds the ledger's support cost, and by which share of it the case may be off."""

    series: str
    tolerance: float = TOLERANCE

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance <= 1:
            raise ValueError(f"`roi.ledger.tolerance` is a share from 0 to 1, not {self.tolerance}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOut:
    """Support cost as the case has it, and as the ledger has it.

    Parameters
    ----------
    series : str
    first, last : str
        Months compared: those that both cover.
    model, ledger : float
        Sums over them, in `currency`.
    currency : str
    tolerance : float
    without_cost : int
        Issues or contacts of these months that carry no cost, so that the sum lacks them.
    by_month : DataFrame
        `month, model, ledger, difference`, one row a month.
    """

    series: str
    first: str
    last: str
    model: float
    ledger: float
    currency: str
    tolerance: float
    without_cost: int
    source: str
    by_month: pd.DataFrame

    @property
    def difference(self) -> float:
        """The case less the ledger."""
        return self.model - self.ledger

    @property
    def share(self) -> float | None:
        """The difference as a share of the ledger; None where the ledger is empty."""
        return self.difference / self.ledger if self.ledger else None

    @property
    def tied_out(self) -> bool:
        """Whether the difference lies within the tolerance."""
        return self.share is not None and abs(self.share) <= self.tolerance

    @property
    def said(self) -> str:
        """One sentence."""
        whole = f"Support cost from {self.first} to {self.last}: {self.model:,.0f} {self.currency} in {self.source}"
        books = f"{self.ledger:,.0f} in the ledger (`{self.series}`)"
        if self.share is None:
            return f"{whole}, {books}: there is nothing to compare with."
        side = "within" if self.tied_out else "past"
        gaps = f" {self.without_cost:,} rows carry no cost." if self.without_cost else ""
        return f"{whole}, {books}: {self.share:+.1%}, {side} the {self.tolerance:.0%} allowed.{gaps}"

    def to_dict(self) -> dict[str, Any]:
        """What `results.json` holds of it."""
        return {
            "series": self.series,
            "from": self.first,
            "to": self.last,
            "model": self.model,
            "ledger": self.ledger,
            "currency": self.currency,
            "difference": self.difference,
            "share": self.share,
            "tolerance": self.tolerance,
            "tied_out": self.tied_out,
            "without_cost": self.without_cost,
            "said": self.said,
            "by_month": [
                {"month": str(row.month), "model": float(row.model), "ledger": float(row.ledger)}
                for row in self.by_month.itertuples()
            ],
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a month."""
        return self.by_month.copy()


def tie_out(request: TieOutRequest, tables: Tables | None, rates: Rates, zone: str = "UTC") -> TieOut:
    """Support cost of the case beside the ledger's, over the months both cover.

    Parameters
    ----------
    request : TieOutRequest
    tables : Tables
        With `series`, and `issues` or `touchpoints` that carry costs.
    rates : Rates
    zone : str
        Reporting time zone, in which months begin.

    Raises
    ------
    UnknownName
        If there is no such series, with the nearest one.
    DesignError
        If a table or its costs are missing, the series is not by month, a currency has no rate, or both have no month
        in common.
    """
    if tables is None or not tables.has("series"):
        raise DesignError("`roi.ledger` names a series, and there is no table `series`.")
    ledger = _ledger(request.series, tables, rates)
    table, time = ("issues", "opened_at") if tables.has_column("issues", "cost") else ("touchpoints", "occurred_at")
    if not tables.has_column(table, "cost"):
        raise DesignError("`roi.ledger` compares the costs on `issues` or `touchpoints`, and neither carries any.")
    bounds = complete_months(tables, table, time, zone)
    months = [] if bounds is None else [n for n in sorted(ledger) if bounds[0].number <= n <= bounds[1].number]
    if not months:
        raise DesignError(f"`{request.series}` and `{table}` have no complete month in common. Load both for one time.")
    spent, empty = _model(tables, table, time, zone, months, rates)
    by_month = pd.DataFrame(
        {
            "month": [str(Month(number)) for number in months],
            "model": [spent.get(number, 0.0) for number in months],
            "ledger": [ledger[number] for number in months],
        }
    )
    by_month["difference"] = by_month["model"] - by_month["ledger"]
    return TieOut(
        series=request.series,
        first=str(Month(months[0])),
        last=str(Month(months[-1])),
        model=math.fsum(by_month["model"]),
        ledger=math.fsum(by_month["ledger"]),
        currency=rates.currency,
        tolerance=request.tolerance,
        without_cost=empty,
        source=f"`{table}`",
        by_month=by_month,
    )


def _ledger(series: str, tables: Tables, rates: Rates) -> dict[int, float]:
    """The series by number of the month."""
    value = tables.engine.dialect.as_float("value")
    rows = tables.engine.query(
        f"select period_start, period_end, {value} as value, unit from series where series_id = ? order by 1",
        [series],
    ).to_pylist()
    if not rows:
        known = tables.engine.query("select distinct series_id from series order by 1").column(0).to_pylist()
        raise UnknownName.of("series of `roi.ledger`", series, known)
    found: dict[int, float] = {}
    for row in rows:
        start: date = row["period_start"]
        month = Month.of(start)
        if start != month.first_day or row["period_end"] not in (month.last_day, month.plus(1).first_day):
            raise DesignError(
                f"`{series}` is not by month: {start} to {row['period_end']}. A ledger is compared by whole months."
            )
        if month.number in found:
            raise DesignError(f"`{series}` holds {month} twice.")
        found[month.number] = rates.factor(str(row["unit"]), f"Values of the series `{series}`") * float(row["value"])
    return found


def _model(
    tables: Tables, table: str, time: str, zone: str, months: list[int], rates: Rates
) -> tuple[dict[int, float], int]:
    """What rows cost, by number of the month, and how many carry no cost."""
    first, last = Month(months[0]), Month(months[-1])
    number = tables.engine.dialect.month_number(time, zone, first, last)
    spent = tables.engine.dialect.as_float("sum(cost)")
    rows = tables.engine.query(
        f"select {number} as month, currency, {spent} as spent, count(*) - count(cost) as empty from {table} "
        f"where {tables.engine.dialect.in_months(time, zone, first, last)} group by 1, 2 order by 1, 2"
    ).to_pylist()
    found: dict[int, float] = {}
    empty = 0
    for row in rows:
        if int(row["month"]) not in months:
            continue
        empty += int(row["empty"])
        if row["spent"] is None:
            continue
        if row["currency"] is None:
            raise DesignError(f"`{table}` holds costs without a currency. Fill the column `currency`.")
        factor = rates.factor(str(row["currency"]), f"Costs of `{table}`")
        found[int(row["month"])] = found.get(int(row["month"]), 0.0) + factor * float(row["spent"])
    return found, empty
