"""How is one figure written in a cell, with the sentence that belongs under the table?

A figure's value in its unit, what it is called, in which state it is, and notes gathered so that each is said once.
Which rows and columns there are is left to the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.foundation.calendar import Month
from analysis.foundation.errors import UnknownName
from analysis.metrics.catalogue import AREAS, definition, definitions
from analysis.reporting.formats import is_currency, plain
from analysis.reporting.months import months_of
from analysis.reporting.naming import (
    action_in_words,
    basis_in_words,
    humanised,
    in_plain_words,
    metric_in_words,
    state_in_words,
)
from analysis.reporting.rows import Row
from analysis.reporting.vocabulary import ACTIONS
from analysis.reporting.wording import Words

NONE = "–"
NAMED = frozenset(
    {"mentions", "issues", "orders", "customers", "contacts", "clicks", "impressions", "interactions", "followers",
     "accounts", "people", "points", "score", "per customer", "per issue", "authors"}
)  # fmt: skip
"""Units that the figure's own name says already."""
MARKS: Mapping[str, str] = {"provisional": "p", "locked": "c", "adjusted": "a", "restated": "r", "estimated": "e"}
"""The letters that stand for states beside figures."""
CLOSED = ("locked", "adjusted", "restated")
"""The states of a closed figure."""


def value_cell(say: Words, value: float | None, unit: str) -> str:
    """A value in its unit; a dash where there is none.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> [value_cell(words(), *pair) for pair in ((1040, "mentions"), (None, "share"), (11.5, "days"))]
    ['1,040', '–', '11.5 days']
    """
    if value is None:
        return NONE
    return say.number(value) if unit in NAMED else say.amount(value, unit)


def signed(say: Words, value: float, unit: str) -> str:
    """A change in its unit, with its sign."""
    return ("+" if value > 0 else "") + value_cell(say, value, unit)


def money_cell(say: Words, value: float | None, currency: str | None) -> str:
    """An amount; a bare number where its currency is not known."""
    if value is None:
        return NONE
    return say.money(value, currency) if currency is not None and is_currency(currency) else say.number(value, 2)


def interval_cell(low: str, high: str) -> str:
    """Two ends in brackets that stay in one line."""
    return f"({low}\xa0to\xa0{high})".replace(" ", "\xa0")


def unbroken(text: str) -> str:
    """An interval that stays in one line, under its value where there is no room beside it."""
    return text.replace(" to ", "\xa0to\xa0")


def readable(say: Words, text: object, limit: int = 600) -> str:
    """A sentence of a result for a page: its figures and months as the locale has them, without the marks of code.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> readable(words(), "2026-09 is not over yet; see `posts` of 2026-09-01.")
    'September 2026 is not over yet; see posts of 1 September 2026.'
    """
    said = in_plain_words(say.restated(plain(text, limit)))
    kind, colon, rest = said.partition(": ")
    return f"{action_in_words(kind)}: {rest}" if colon and kind in ACTIONS else said


def area_of(metric: str) -> str:
    """The area of a metric in words."""
    try:
        return humanised(definition(metric).area)
    except UnknownName:
        return AREA_NAMES[-1]


AREA_NAMES = (*(humanised(area) for area in AREAS), "Other")
"""The six areas as they are printed, and what belongs to none."""


def place_of(metric: str) -> tuple[int, str]:
    """The metric's place in the catalogue."""
    order = list(definitions())
    return (order.index(metric) if metric in order else len(order)), metric


def segment_cell(segment: Mapping[str, Any]) -> str:
    """A part of a breakdown: "social", or "social, broadband"; a value of the kind "none" or "" says so."""
    return ", ".join(humanised(value, 60) or "not given" for _, value in sorted(segment.items()))


def figure_name(row: Row, *, with_basis: bool = False) -> str:
    """What a row of a metric is called: its label, its part, its basis."""
    name = metric_in_words(row["metric"] if "metric" in row else row["id"])
    if row.get("segment"):
        name += f", {segment_cell(row['segment'])}"
    return f"{name} ({basis_in_words(row['basis'])})" if with_basis and _on_both(row) else name


def _on_both(row: Row) -> bool:
    """Whether the figure is counted on both bases, so that its name alone does not say which one this is."""
    try:
        return definition(row["metric"] if "metric" in row else row["id"]).basis == "both"
    except UnknownName:
        return True


def state_notes(states: Iterable[str]) -> list[str]:
    """What the letters beside figures mean, for those that are used."""
    used = set(states)
    said = {
        "provisional": "provisional: may still change",
        "locked": "closed",
        "adjusted": "closed, later adjusted by late news",
        "restated": "restated: an error was corrected",
        "estimated": "estimated, not counted",
    }
    parts = [f"({MARKS[state]}) {words}" for state, words in said.items() if state in used]
    parts += [f"({plain(state, 20)}) {state_in_words(state)}" for state in sorted(used - set(said))]
    return ["; ".join(parts) + "."] if parts else []


def state_mark(state: str) -> str:
    """The letter of a state, as it stands behind a figure."""
    return f" ({MARKS.get(state, plain(state, 20))})"


def counts_otherwise(row: Row) -> bool:
    """Whether a closed figure would count otherwise now, as its note says."""
    return row["state"] in CLOSED and str(row.get("note") or "").startswith("It now ")


def gathered(say: Words, rows: Sequence[Row]) -> list[str]:
    """The notes of rows in few sentences: of each figure the latest, figures with one note together.

    That closed figures count otherwise now is said once for each month; their cells bear a star.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> row = {"id": "nps", "basis": "action", "segment": {}, "state": "provisional", "note": "3 of 16 answered"}
    >>> gathered(words(), [{**row, "period": month} for month in ("2026-08", "2026-09")])
    ['Net Promoter Score, September 2026: 3 of 16 answered.']
    """
    several = {name for name in {row["id"] for row in rows} if len({r["basis"] for r in rows if r["id"] == name}) > 1}
    noted: dict[str, list[Row]] = {}
    for row in rows:
        if row.get("note") and not counts_otherwise(row):
            noted.setdefault(figure_name(row, with_basis=row["id"] in several), []).append(row)
    figures: dict[tuple[str, str], list[str]] = {}
    for name, mine in noted.items():
        last = max(mine, key=lambda row: (len(row["period"]) == 7, row["period"]))
        figures.setdefault((readable(say, last["note"]).rstrip("."), last["period"]), []).append(name)
    said = [f"{_named(names)}, {period_in_words(say, period)}: {text}." for (text, period), names in figures.items()]
    again: dict[str, int] = {}
    for row in rows:
        if counts_otherwise(row):
            again[row["period"]] = again.get(row["period"], 0) + 1
    if again:
        months = ", ".join(f"{period_in_words(say, period)} ({again[period]})" for period in sorted(again))
        said.append(
            f"* Counted again, the figure is another by what became known since; what was closed stands until a close "
            f"books the difference. Figures so marked: {months}."
        )
    return said


def _named(names: Sequence[str], most: int = 6) -> str:
    rest = len(names) - most
    return "; ".join(names) if rest <= 1 else "; ".join(names[:most]) + f"; and {rest} more"


def periods_in_words(say: Words, periods: Sequence[str]) -> str:
    """Months as short as they can be said.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> periods_in_words(words(), ["2026-05", "2026-06", "2026-07"]), periods_in_words(words(), ["2026-01", "2026-03"])
    ('May 2026 to July 2026', 'January 2026, March 2026')
    """
    runs: list[list[Month]] = []
    for month in sorted(months_of(set(periods))):
        if runs and runs[-1][-1].plus(1) == month:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(say.months(str(run[0]), str(run[-1])) for run in runs)


def period_in_words(say: Words, period: str) -> str:
    """A month, a quarter, a year or a stretch of months in words.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> [period_in_words(words(), one) for one in ("2026-08", "2026-02/2026-04", "2026q3", "2026")]
    ['August 2026', 'February 2026 to April 2026', '3rd quarter of 2026', '2026']
    """
    first, _, last = period.partition("/")
    if quarter := re.fullmatch(r"(\d{4})q([1-4])", period):
        return f"{('1st', '2nd', '3rd', '4th')[int(quarter[2]) - 1]} quarter of {quarter[1]}"
    return say.months(first, last or first)
