"""Which promises are not kept? The summary's list: what came below its range, and early signs that missed their day.

Reads nothing but `results.json`. What was promised and what came, period by period, stands on the page of the case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.reporting.formats import is_currency, plain
from analysis.reporting.naming import metric_in_words
from analysis.reporting.tables.cells import value_cell
from analysis.reporting.wording import Words
from analysis.roi.register.promise import months_of


def not_kept(results: Mapping[str, Any], say: Words) -> Iterator[str]:
    """A sentence for each promise that came below its range, and for each early sign that missed its threshold.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> list(not_kept({"promises": []}, words()))
    []
    """
    for row in results.get("promises") or ():
        yield from _of(row, say)


def _of(row: Mapping[str, Any], say: Words) -> Iterator[str]:
    who = f"“{plain(row.get('description', row['id']), 120).rstrip('.')}” ({plain(row.get('owner', 'nobody'), 80)})"
    if row.get("status") == "below":
        done = row["to_date"]
        found = done["variance"]
        until = say.month(str(months_of(done["last"])[-1]))
        promised, least, came = (_amount(say, one, row) for one in (found["promised"], done["low"], found["achieved"]))
        yield f"{who}: {came} came up to {until}, where {promised} were promised and {least} at the least."
    for seen in row.get("leading") or ():
        if seen["verdict"] == "breached":
            floor = seen["at_least"] is not None
            asked = value_cell(say, seen["at_least"] if floor else seen["at_most"], seen["unit"])
            stands = f"{value_cell(say, seen['value'], seen['unit'])} in {say.month(seen['month'])}"
            side = "at least" if floor else "at most"
            name = metric_in_words(seen["metric"])
            yield f"{who}: {name} is {stands}; it was to be {side} {asked} by {say.day(seen['by'])}."


def _amount(say: Words, amount: float, row: Mapping[str, Any]) -> str:
    unit = str(row["unit"])
    return say.money(amount, unit) if is_currency(unit) else f"{say.number(amount)} {plain(unit, 40)}"
