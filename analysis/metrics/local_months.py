"""Into which of the months looked at does an instant fall, or does it lie before or after them? The SQL that tells.

Months are those of the reporting zone, of the civil calendar or a fiscal one. What lies before the first of them or
after the last is told apart and not dropped, and costs no list of months, however odd a date is. What is counted by
them is left to `bases`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from analysis.foundation.calendar import Month, month_starts
from analysis.tables.engine import Dialect
from analysis.tables.local_time import instant, search

_ALWAYS, _NEVER = datetime(1, 1, 1), datetime(9999, 12, 31)


@dataclass(frozen=True)
class LocalMonths:
    """Months without gaps in a zone, as SQL needs them: by number, with `before` and `after` as two numbers more.

    Examples
    --------
    >>> local = LocalMonths((Month.of("2026-03"),), "Europe/London", Dialect())
    >>> local.before, local.after, local.starts[-1]
    (673, 675, datetime.datetime(2026, 3, 31, 23, 0))
    """

    months: tuple[Month, ...]
    zone: str
    dialect: Dialect

    def __post_init__(self) -> None:
        numbers = [month.number for month in self.months]
        if not numbers or numbers != list(range(numbers[0], numbers[-1] + 1)):
            raise ValueError("Months to look at are one or more, in order and without gaps.")

    @property
    def before(self) -> int:
        """Stands for every month before the first."""
        return self.months[0].number - 1

    @property
    def after(self) -> int:
        """Stands for every month after the last."""
        return self.months[-1].number + 1

    @property
    def starts(self) -> tuple[datetime, ...]:
        """The first instant of each month, and the end of the last one; naive UTC."""
        return month_starts(self.zone, self.months[0], self.months[-1].plus(1))

    def month(self, number: int) -> Month:
        """The month with that number, in the calendar of these months."""
        return self.months[0].numbered(number)

    def number(self, column: str) -> str:
        """SQL for the month of an instant: its number, `before` or `after`; null for null."""
        inside = self.dialect.month_number(column, self.zone, self.months[0], self.months[-1])
        start, *_, end = self.starts
        return (
            f"case when {column} < {instant(start)} then {self.before} when {column} >= {instant(end)} "
            f"then {self.after} else {inside} end"
        )

    def end(self, column: str) -> str:
        """SQL for the end of the month that holds an instant; null where that is none of the months."""
        start, *ends = self.starts
        found = search(column, ends[:-1], lambda place: instant(ends[place]))
        return f"case when {column} >= {instant(start)} and {column} < {instant(ends[-1])} then {found} end"

    def spans(self) -> str:
        """SQL behind FROM for the months of every span: `first_month, last_month, number, starts, ends`.

        One row for each month of each pair of first and last, so that spans find theirs by equality. What lies before
        the months and after them is one row each.
        """
        bounds = (_ALWAYS, *self.starts, _NEVER)
        rows = [
            f"({self.before + place}, {instant(low)}, {instant(high)})"
            for place, (low, high) in enumerate(pairwise(bounds))
        ]
        months = f"(values {', '.join(rows)})"
        return (
            "(select f.number as first_month, l.number as last_month, m.number, m.starts, m.ends "
            f"from {months} as f (number, starts, ends) join {months} as l (number, starts, ends) "
            f"on l.number >= f.number join {months} as m (number, starts, ends) "
            "on m.number >= f.number and m.number <= l.number)"
        )
