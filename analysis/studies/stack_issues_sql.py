"""Where is a study built that joins in the engine? The tables, its months, and names for what is kept on the way.

What is asked of the tables is left to those who open it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month, local_midnight
from analysis.studies.sample import IndexRules
from analysis.tables.local_time import instant

if TYPE_CHECKING:
    from analysis.tables.load import Tables

_NUMBERS = count()


@dataclass(frozen=True)
class Workshop:
    """The tables, the rules, the months of the data, and what is kept until the workshop closes."""

    tables: Tables
    rules: IndexRules
    begin: Month
    end: Month
    prefix: str
    kept: list[str]

    @classmethod
    @contextmanager
    def open(cls, tables: Tables, rules: IndexRules, begin: Month, end: Month) -> Iterator[Workshop]:
        """A workshop that clears up after itself, all but the tables that were taken out of `kept`."""
        shop = cls(tables, rules, begin, end, f"stack_{next(_NUMBERS)}", [])
        try:
            yield shop
        finally:
            for name in shop.kept:
                tables.engine.drop(name)

    @property
    def first(self) -> Month:
        """First index month whose before-window lies inside the data."""
        return self.begin.plus(self.rules.observed_before)

    @property
    def last(self) -> Month:
        """Last index month whose after-window lies inside the data."""
        return self.end.plus(-self.rules.after_months)

    def named(self, part: str) -> str:
        return f"{self.prefix}_{part}"

    def keep(self, part: str, sql: str, parameters: Sequence[object] = ()) -> str:
        """Keep a query as a table until the workshop closes; its name."""
        name = self.named(part)
        self.kept.append(name)
        self.tables.engine.keep(name, sql, parameters)
        return name

    def drop(self, *parts: str) -> None:
        """Give memory back before the end."""
        for part in parts:
            self.tables.engine.drop(self.named(part))
            self.kept.remove(self.named(part))

    def count(self, part: str) -> int:
        """Rows of what was kept."""
        return int(self.tables.engine.query(f"select count(*) as n from {self.named(part)}").column("n")[0].as_py())

    def month(self, column: str) -> str:
        """The number of a time's local month; null outside the data."""
        number = self.tables.engine.dialect.month_number(column, self.rules.zone, self.begin, self.end)
        return f"cast({number} as integer)"

    def within(self, column: str) -> str:
        return str(self.tables.engine.dialect.in_months(column, self.rules.zone, self.begin, self.end))

    def start_of(self, month: Month) -> str:
        """The instant at which a local month begins."""
        return instant(local_midnight(month.first_day, self.rules.zone))
