"""Which mentions held a chance to sell, or to keep somebody who wanted to leave? What is shared by counting both.

A chance is the flag of one author's conversation, as the metrics count it. Only chances of known customers are counted,
since nothing can be said of what the others did: nobody is scaled up. What came of them is left to `saves` and `sales`;
whether the answer caused it, no table can tell, so that is left to the baseline the parameters state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month, month_of
from analysis.foundation.errors import DesignError
from analysis.roi.covered_months import COUNTED_MONTHS, complete_months
from analysis.roi.rates import Rates

if TYPE_CHECKING:
    from analysis.tables.load import Tables

DAY = 86_400
FEWEST = 10
"""A share or a rate of fewer cases is not measured; the parameters must state it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A count with what it is of: `share` is `n` of `of`, `per_year` how many of these a year has."""

    n: int
    of: int
    months: str
    per_year: float

    @property
    def share(self) -> float | None:
        """None where fewer than ten were followed."""
        return self.n / self.of if self.of >= FEWEST else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """A mean margin in the currency of the case: per month of a subscription, or per order."""

    mean: float
    n: int
    said: str = ""


def chances_of(flag: str) -> tuple[str, tuple[object, ...]]:
    """A query with a row for each chance of a known customer: dated by its first mention with the flag."""
    alone = "case when conversation_id is null then mention_id end"
    return (
        "select max(customer_id) as customer_id, min(posted_at) as posted_at from mentions where sales_flag = ? "
        f"group by conversation_id, author_id, {alone} having max(customer_id) is not null",
        (flag,),
    )


def known_until(tables: Tables, table: str, *times: str) -> datetime:
    """Until when a table tells what happened: the last event in it, at most the latest time the tables speak of."""
    latest = ", ".join(f"max({time}) as t{place}" for place, time in enumerate(times))
    row = tables.engine.query(f"select {latest} from {table}").to_pylist()[0]
    found = [value for value in row.values() if value is not None]
    if not found:
        raise DesignError(f"`{table}` holds no dated row.")
    last: datetime = max(found)
    return last if tables.known_at is None else min(last, tables.known_at)


def year_of_mentions(tables: Tables, zone: str) -> tuple[Month, Month]:
    """First and last of the last twelve complete months of `mentions`.

    Raises
    ------
    DesignError
        If it covers none.
    """
    bounds = complete_months(tables, "mentions", "posted_at", zone)
    if bounds is None:
        raise DesignError("`mentions` covers no complete month, so that chances a year cannot be counted.")
    first, last = bounds
    return max(first, last.plus(1 - COUNTED_MONTHS)), last


def needs(tables: Tables | None, *named: str) -> str | None:
    """Why chances cannot be counted, or None: each name is a table or a table's column."""
    for name in named:
        table, _, column = name.partition(".")
        if tables is None or not (tables.has_column(table, column) if column else tables.has(table)):
            return f"there is no `{name}`"
    return None


def mean_margin(rows: Sequence[Mapping[str, Any]], n: int, rates: Rates, table: str, parameter: str) -> Margin:
    """Sums by currency over `n` of what they are of."""
    empty = sum(int(row["empty"]) for row in rows)
    if not n or empty:
        what = f"{empty:,} of them carry no margin" if empty else "there are none"
        raise DesignError(f"The margin of these `{table}` cannot be counted: {what}. State `{parameter}`.")
    if any(row["currency"] is None for row in rows):
        raise DesignError(f"`{table}` holds margins without a currency. Fill the column, or state `{parameter}`.")
    currencies = [str(row["currency"]) for row in rows]
    factors = [rates.factor(currency, f"Margins of `{table}`") for currency in currencies]
    total = math.fsum(factor * float(row["margin"]) for factor, row in zip(factors, rows, strict=True))
    return Margin(mean=total / n, n=n, said="".join(rates.said(currency) for currency in currencies))


def month_of_rows(tables: Tables, time: str, zone: str, table: str) -> str:
    """The local month of a time, as a number, for all times a table holds."""
    column = {"mentions": "posted_at", "orders": "ordered_at"}[table]
    row = tables.engine.query(f"select min({column}) as low, max({column}) as high from {table}").to_pylist()[0]
    if row["low"] is None:
        raise DesignError(f"`{table}` holds no dated row.")
    return tables.engine.dialect.month_number(time, zone, month_of(row["low"], zone), month_of(row["high"], zone))
