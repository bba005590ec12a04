"""What does the programme cost: as the parameters say, and where they say nothing as the `costs` table shows?

Each cost line is once at the start and every year. A line that the parameters state stands in place of the table's line
of that name; the table's other lines stay, so that stating one never drops another: one that is no part of the case is
stated as 0. The people who answer are the largest cost of all: a programme whose costs hold no `agents` is refused,
unless they are stated as 0. Costs of contacts that the programme itself causes are left to `induced_demand`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.roi.built import Built
from analysis.roi.formula import Formula, Number
from analysis.roi.line import Line
from analysis.roi.quantity import Quantity
from analysis.roi.rates import Rates
from analysis.roi.stated import NOTHING, Stated, amount, fact

if TYPE_CHECKING:
    from analysis.tables.load import Tables

ONE_OFF = ("implementation",)
"""Cost lines of the `costs` table that are booked once, before the first year."""
PEOPLE = "agents"
NO_COSTS = "A case without costs is no case: give `roi.cost_lines` or a table of `costs`."


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedCost:
    """What the parameters say one line of the programme costs: once at the start, and every year.

    Parameters
    ----------
    line : str
        As in the table `costs`: agents, tools, training, ...
    initial, per_year : Stated
    currency : str, optional
        The case's when left out.
    owner : str, optional
    """

    line: str
    initial: Stated = NOTHING
    per_year: Stated = NOTHING
    currency: str | None = None
    owner: str | None = None

    def __post_init__(self) -> None:
        amount(f"roi.cost_lines.{self.line}.initial", self.initial)
        amount(f"roi.cost_lines.{self.line}.per_year", self.per_year)


def programme_cost_lines(stated: Sequence[StatedCost], tables: Tables | None, rates: Rates, years: int) -> Built:
    """What the programme costs, a line each.

    From the table: implementation is the initial outlay, in full; every other line is a yearly cost at the mean of the
    last twelve months, or of all in which any such line was booked. A cost counts in the month of its date, whatever
    the day.

    Parameters
    ----------
    stated : sequence of StatedCost
    tables : Tables, optional
    rates : Rates
    years : int

    Raises
    ------
    DesignError
        If neither gives a cost, or none for `agents`; if a line of the table adds up to less than nothing, or money is
        in a currency without a rate.

    Examples
    --------
    >>> built = programme_cost_lines([StatedCost(line="agents", per_year=Stated.of(6000.0))], None, Rates("EUR"), 2)
    >>> [one.value({"agents_per_year": 6000.0}) for one in built.lines[0].by_year]
    [0.0, 6000.0, 6000.0]
    """
    named = [one.line for one in stated]
    if len(set(named)) < len(named):
        raise DesignError("`roi.cost_lines` states a line twice; state each once.")
    found = {one.line: _of_parameters(one, rates) for one in stated}
    if tables is not None and tables.has("costs"):
        for line, parts in _of_table(tables, rates, besides=found).items():
            found.setdefault(line, parts)
    if not found:
        raise DesignError(NO_COSTS)
    if PEOPLE not in found:
        there = ", ".join(f"`{line}`" for line in sorted(found))
        raise DesignError(
            f"The programme's costs are {there}, and nobody who answers is among them. Give "
            f"`roi.cost_lines.{PEOPLE}`, or state it as 0 where the time of agents is paid elsewhere."
        )
    owners = {one.line: one.owner for one in stated}
    lines, quantities = [], []
    for line in sorted(found):
        initial, per_year = found[line]
        kept = [one for one in (initial, per_year) if one is not None]
        quantities += kept
        at_start: Formula = Number(0.0) if initial is None else initial.input
        yearly: Formula = Number(0.0) if per_year is None else per_year.input
        lines.append(
            Line(
                id=line,
                label=line.replace("_", " ").capitalize(),
                side="cost",
                kind="cost",
                grade=None,
                by_year=(at_start, *((yearly,) * years)),
                account="programme",
                owner=owners.get(line),
                note="; ".join(dict.fromkeys(one.source for one in kept)) + ". Every year as it is today.",
            )
        )
    return Built(quantities=tuple(quantities), lines=tuple(lines))


Parts = tuple["Quantity | None", "Quantity | None"]


def _of_parameters(one: StatedCost, rates: Rates) -> Parts:
    currency = one.currency or rates.currency
    factor, said = rates.factor(currency, f"What `roi.cost_lines.{one.line}` states"), rates.said(currency)
    label = one.line.replace("_", " ").capitalize()
    initial = one.initial.quantity(
        f"{one.line}_initial", f"{label}, at the start", rates.currency, low=0.0, factor=factor, converted=said
    )
    per_year = one.per_year.quantity(
        f"{one.line}_per_year", f"{label}, a year", f"{rates.currency} per year", low=0.0, factor=factor, converted=said
    )
    once = one.initial != NOTHING
    return (initial if once else None, per_year if one.per_year != NOTHING or not once else None)


def _of_table(tables: Tables, rates: Rates, besides: Mapping[str, Parts]) -> dict[str, Parts]:
    """The lines of the table that the parameters do not state."""
    spent = tables.engine.dialect.as_float("sum(amount)")
    rows: list[Mapping[str, Any]] = tables.engine.query(
        f"select line, currency, month, {spent} as amount from costs group by line, currency, month order by 1, 2, 3"
    ).to_pylist()
    if not rows:
        return {}
    booked = [Month.of(row["month"]).number for row in rows if row["line"] not in ONE_OFF] or [0]
    last, covered = max(booked), min(12, max(booked) - min(booked) + 1)
    found: dict[str, Parts] = {}
    for line in sorted({str(row["line"]) for row in rows} - set(besides)):
        own = [row for row in rows if row["line"] == line]
        once = line in ONE_OFF
        counted = [row for row in own if once or Month.of(row["month"]).number > last - 12]
        factors = {str(row["currency"]): rates.factor(str(row["currency"]), "`costs`") for row in own}
        total = math.fsum(factors[str(row["currency"])] * float(row["amount"]) for row in counted)
        if total < 0:
            raise DesignError(
                f"The cost line `{line}` adds up to less than nothing. Book a credit on the line it belongs to, or "
                f"give `roi.cost_lines.{line}`."
            )
        label, said = line.replace("_", " ").capitalize(), "".join(rates.said(currency) for currency in sorted(factors))
        if once:
            source = f"table costs, all months{said}"
            found[line] = (fact(f"{line}_initial", f"{label}, at the start", rates.currency, total, source), None)
        else:
            source = f"table costs, mean of the last {covered} months{said}"
            unit = f"{rates.currency} per year"
            found[line] = (None, fact(f"{line}_per_year", f"{label}, a year", unit, 12 * total / covered, source))
    return found
