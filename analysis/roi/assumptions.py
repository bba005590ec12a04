"""What must be assumed to turn an effect into money? Horizon, discount rate, how many contacts, what it costs.

Each assumption is given by the parameters or measured from the tables; which of the two it was is kept with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError

if TYPE_CHECKING:
    from analysis.tables.load import Tables

ONE_OFF = ("implementation",)
"""Cost lines of the `costs` table that are booked once, before the first year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """What one line of the programme costs: once at the start, and every year."""

    line: str
    initial: float = 0.0
    per_year: float = 0.0
    source: str = "parameters"

    def __post_init__(self) -> None:
        if self.initial < 0 or self.per_year < 0:
            raise ValueError(f"Cost line `{self.line}`: a cost is not negative.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiAssumptions:
    """The assumptions of a case.

    Parameters
    ----------
    currency : str
        ISO 4217; money of the tables must be in it.
    years : int
        Horizon.
    discount_rate : float
        Per year, 0.10 for 10 %.
    contacts_per_year : float, optional
        First social contacts a year to which the effect applies; measured from the study when left out.
    cost_lines : sequence of CostLine, optional
        From the `costs` table when left out.
    draws : int
        Monte Carlo draws.
    seed : int
    """

    currency: str
    years: int = 3
    discount_rate: float = 0.10
    contacts_per_year: float | None = None
    cost_lines: tuple[CostLine, ...] | None = field(default=None)
    draws: int = 100_000
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.years <= 20:
            raise ValueError(f"The horizon is 1 to 20 years, not {self.years}.")
        if not 0 <= self.discount_rate < 1:
            raise ValueError(f"A discount rate lies from 0 up to 1, not {self.discount_rate}.")
        if self.draws < 1_000:
            raise ValueError(f"An interval from {self.draws} draws is too rough; use 1,000 or more.")
        if self.contacts_per_year is not None and self.contacts_per_year <= 0:
            raise ValueError("The number of contacts a year is above zero.")


def cost_lines(assumptions: RoiAssumptions, tables: Tables) -> tuple[CostLine, ...]:
    """What does the programme cost: as the parameters say, else as the `costs` table shows?

    From the table: implementation is the initial outlay, in full; every other line is a yearly cost at
    the mean of the last twelve months, or of all there are. A cost counts in the month of its date, whatever the day.

    Raises
    ------
    DesignError
        If neither gives a cost, or the table's currency is another one.
    """
    if assumptions.cost_lines is not None:
        return assumptions.cost_lines
    if not tables.has("costs"):
        raise DesignError("A case without costs is no case: give `roi: cost_lines` or a table of `costs`.")
    amount = tables.engine.dialect.as_float("sum(amount)")
    rows: list[Mapping[str, Any]] = tables.engine.query(
        f"select line, currency, month, {amount} as amount from costs group by line, currency, month order by 1, 2, 3"
    ).to_pylist()
    if not rows:
        raise DesignError("`costs` holds no row.")
    foreign = sorted({str(row["currency"]) for row in rows} - {assumptions.currency})
    if foreign:
        raise DesignError(
            f"`costs` are in {', '.join(foreign)}, the case in {assumptions.currency}. Convert them, or set "
            "`report: currency`."
        )
    booked = [Month.of(row["month"]).number for row in rows]
    last, covered = max(booked), min(12, max(booked) - min(booked) + 1)
    lines = []
    for name in sorted({str(row["line"]) for row in rows}):
        own = [(Month.of(row["month"]).number, float(row["amount"])) for row in rows if row["line"] == name]
        once = name in ONE_OFF
        total = math.fsum(amount for month, amount in own if once or month > last - 12)
        if total < 0:
            raise DesignError(
                f"The cost line `{name}` adds up to less than nothing. Book a credit on the line it belongs to, or "
                "give `roi: cost_lines`."
            )
        if once:
            lines.append(CostLine(line=name, initial=total, source="costs, all months"))
        else:
            source = f"costs, mean of the last {covered} months"
            lines.append(CostLine(line=name, per_year=12 * total / covered, source=source))
    return tuple(lines)
