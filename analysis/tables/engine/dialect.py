"""Which few fragments of SQL differ between engines? These, with DuckDB's answers.

Another engine subclasses `Dialect` and overrides what it says differently; the queries stay as they are.
Times in the engine are timestamps without a zone that hold UTC.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from analysis.foundation.calendar import Month, month_starts

_NAME = re.compile(r"[^\x00]{1,255}")


def identifier(name: str) -> str:
    """A column or table name as SQL may hold it: quoted, with quotes inside doubled.

    Raises
    ------
    ValueError
        If the name is empty, longer than 255 characters or holds a NUL.

    Examples
    --------
    >>> identifier('order_id')
    '"order_id"'
    >>> identifier('spend"; drop table orders; --')
    '"spend""; drop table orders; --"'
    """
    if not _NAME.fullmatch(name):
        raise ValueError("A name in a query has 1 to 255 characters and no NUL.")
    return '"' + name.replace('"', '""') + '"'


class Dialect:
    """The fragments, as DuckDB says them. Arguments are SQL expressions, never a user's text."""

    def seconds_between(self, start: str, end: str) -> str:
        """Whole seconds from `start` to `end`, negative when `end` comes first."""
        return f"date_diff('second', {start}, {end})"

    def as_float(self, expression: str) -> str:
        return f"cast({expression} as double)"

    def month_number(self, column: str, zone: str, first: Month, last: Month) -> str:
        """Months since January 1970, in local time of `zone`, for instants within `first` to `last`; null outside.

        A chain of comparisons with the month starts, found by binary search, since an engine's own zone
        arithmetic is slower and need not know the same zone rules.
        """
        starts = [_literal(start) for start in month_starts(zone, first, last.plus(1))]
        return f"case when {self.in_months(column, zone, first, last)} then {_search(column, first.number, starts)} end"

    def in_months(self, column: str, zone: str, first: Month, last: Month) -> str:
        """Whether an instant lies within the local months `first` to `last`.

        A filter on this is several times quicker than one on `month_number(...) is not null`.
        """
        start, *_, end = month_starts(zone, first, last.plus(1))
        return f"({column} >= {_literal(start)} and {column} < {_literal(end)})"


def _literal(instant: datetime) -> str:
    return f"timestamp '{instant:%Y-%m-%d %H:%M:%S}'"


def _search(column: str, first: int, starts: Sequence[str]) -> str:
    """Nested CASEs that halve the months, so that 120 months cost seven comparisons a row and not 120."""

    def half(low: int, high: int) -> str:
        if high - low == 1:
            return str(first + low)
        middle = (low + high) // 2
        return f"case when {column} < {starts[middle]} then {half(low, middle)} else {half(middle, high)} end"

    return half(0, len(starts) - 1)
