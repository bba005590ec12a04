"""What stood out, and what was there before and after we started responding? Tables of incidents and the programme.

How an incident is found, and how its explanation is chosen, was decided by the metrics.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised, in_plain_words
from analysis.reporting.rows import Row, part_of
from analysis.reporting.tables.cells import NONE, interval_cell, money_cell, period_in_words, readable
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_CAPTION = "Incidents: days with far more mentions than usual"
_SIDES = {"before": "Before we started responding", "after": "After"}
NO_EFFECT = "This is what was counted before and after, not an effect of responding: months differ in much else."


def incidents(found: Any, *, locale: str | None = None) -> Table:
    """Which days stood out, whom did they touch, what did they cost, and what explains them?

    Parameters
    ----------
    found : what was counted, IncidentsResult, results or rows of incidents

    Raises
    ------
    DesignError
        If the result is none in which incidents were looked for.
    """
    say = words(locale)
    rows = incident_rows(found)
    result = daily_result(found) or found
    notes = [readable(say, note) for note in getattr(result, "notes", ())]
    if reason := getattr(result, "reason", None):
        return sentences_alone(_CAPTION, f"Incidents could not be looked for: {readable(say, reason)}.")
    if not rows:
        return sentences_alone(_CAPTION, "No day stood out: there is no incident.", *notes)
    level = say.share(rows[0]["level"], 0)
    above, issues = f"Above expected ({level} interval)", f"Issues above expected ({level} interval)"
    records = [
        {
            "When": days_in_words(say, row),
            "Explanation": explained_in_words(row),
            "Product": product_in_words(row),
            "Mentions": say.number(row["mentions"]),
            above: _excess(say, row["above"], row["low"], row["high"]),
            "Customers": _people(say, row),
            issues: _excess(say, row["issues_above"], row["issues_low"], row["issues_high"]),
            "Cost of these issues": money_cell(say, row["cost"], row["currency"]),
        }
        for row in rows
    ]
    if any(row["explained_by"] for row in rows):
        notes.append(
            "An explanation is an entry of the change log on these days or just before; it may not be the cause."
        )
    notes += _reasons(rows)
    numbers = ("Mentions", above, "Customers", issues, "Cost of these issues")
    return Table(_CAPTION, pd.DataFrame(records), pd.DataFrame(rows), numbers=numbers, notes=tuple(notes))


def daily_result(found: Any) -> Any:
    """The result in which incidents were looked for day by day, or None."""
    return next((one for one in (found, getattr(found, "incidents", None)) if hasattr(one, "daily")), None)


def incident_rows(found: Any) -> list[Row]:
    """The incidents from the latest to the earliest.

    Raises
    ------
    DesignError
        If the result is none in which incidents were looked for.
    """
    rows = part_of(found, "incidents")
    if rows is None:
        raise DesignError(
            "There are no incidents (`incidents`) to show: this is no result in which they were looked for."
        )
    return sorted(rows, key=lambda row: (row["from"], row["product"]), reverse=True)


def days_in_words(say: Words, row: Row) -> str:
    """The days of an incident: "1 May 2026", "2 to 26 November 2025"."""
    first, last = date.fromisoformat(row["from"]), date.fromisoformat(row["to"])
    if first == last:
        said = say.day(first)
    else:
        begin = say.day(first)
        same = (first.year, first.month) == (last.year, last.month) and say.day(last).startswith(f"{last.day} ")
        said = f"{first.day if same else begin} to {say.day(last)}"
    return said + (", still going on" if row["open_ended"] else "")


def explained_in_words(row: Row) -> str:
    """ "explained: ..." with the entry of the change log, or "unexplained"."""
    entry = row["explained_by"]
    if not entry:
        return "unexplained"
    late = " (written afterwards)" if entry["written"] == "afterwards" else ""
    return f"explained: {plain(entry['description'], 160)}{late}"


def product_in_words(row: Row) -> str:
    """The product, or all with those that stand out among them."""
    if row["product"] != "all":
        return plain(row["product"], 60)
    named = ", ".join(plain(name, 40) for name in row["products"])
    return f"all, above all {named}" if named else "all"


def programme(found: Any, *, locale: str | None = None) -> Table:
    """Complaints for each positive mention before we started responding, and after: counts, no effect.

    Parameters
    ----------
    found : what was counted, ProgrammeResult, results or rows of metrics

    Raises
    ------
    DesignError
        If the result holds no figures of both sides.
    """
    say = words(locale)
    sides = programme_sides(found)
    records = [
        {
            "Months": f"{_SIDES[side]}: {period_in_words(say, row['period'])}"
            if row["value"] is not None
            else _SIDES[side],
            "Complaints": NONE if row["numerator"] is None else say.number(row["numerator"]),
            "Positive mentions": NONE if row["denominator"] is None else say.number(row["denominator"]),
            "Complaints for each positive": NONE if row["value"] is None else say.number(row["value"], 2),
        }
        for side, row in sides.items()
    ]
    reasons = {side: readable(say, row.get("reason") or "") for side, row in sides.items() if row["value"] is None}
    if len(set(reasons.values())) == 1 and len(reasons) == len(sides):
        notes = [f"Nothing can be told of before and after: {next(iter(reasons.values()))}."]
        return sentences_alone("Complaints before and after we started responding", *notes)
    return Table(
        caption="Complaints before and after we started responding",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame(sides.values()),
        numbers=("Complaints", "Positive mentions", "Complaints for each positive"),
        notes=(NO_EFFECT, *(f"{_SIDES[side]}: {reason}." for side, reason in reasons.items())),
    )


def programme_sides(found: Any) -> dict[str, Row]:
    """The row of each side, "before" and "after".

    Raises
    ------
    DesignError
        If the result does not hold both.
    """
    rows = part_of(getattr(found, "programme", found), "metrics") or []
    rows = [row if isinstance(row, dict) else row.to_dict() for row in rows]
    sides = {row["segment"]["programme"]: row for row in rows if set(row["segment"]) == {"programme"}}
    if set(sides) != set(_SIDES):
        raise DesignError("There are no complaints before and after the start of the programme to show.")
    return {side: sides[side] for side in _SIDES}


def _excess(say: Words, value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return NONE
    ends = interval_cell(say.number(low, 0), say.number(high, 0)) if low is not None and high is not None else ""
    return f"{say.number(value, 0)} {ends}".strip()


def _people(say: Words, row: Row) -> str:
    if row["customers"] is not None:
        return say.number(row["customers"])
    reason = str(row["reasons"].get("customers", ""))
    return reason if reason.startswith("fewer than") else NONE


def _reasons(rows: list[Row]) -> list[str]:
    """Why figures are missing, each reason once."""
    said: dict[str, list[str]] = {}
    for row in rows:
        for name, reason in row["reasons"].items():
            if not str(reason).startswith("fewer than"):
                names = said.setdefault(in_plain_words(plain(reason, 200)), [])
                names += [] if name in names else [name]
    return [f"{humanised(', '.join(names))} not given: {reason}." for reason, names in sorted(said.items())]
