"""What goes into the case: which numbers, between which ends, from where, of which day, on what evidence?

Inputs with a range are rows; facts without one, such as prices and counts, are folded under them, none left out. What
each of them moves is left to the charts.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.reporting.case_words import (
    Part,
    case_of,
    ends_of,
    in_its_unit,
    range_in_words,
    source_in_words,
    study_in_words,
)
from analysis.reporting.formats import GAP, plain
from analysis.reporting.naming import grade_in_words, in_plain_words, unit_in_words
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import Words, words

ORIGINS = {
    "study": "Found by a study",
    "measured": "Counted on the tables",
    "stated": "Stated",
    "derived": "Worked out from the others",
}


def case_inputs(found: Any, *, locale: str | None = None) -> Table:
    """The inputs of the case, by where they come from.

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    ordered = [one for origin in ORIGINS for one in case["inputs"] if one["origin"] == origin]
    ranged = [one for one in ordered if ends_of(one) is not None]
    facts = [one for one in ordered if ends_of(one) is None]
    notes = (
        f"A range that was stated goes from the lowest to the highest value; one that was found or counted holds "
        f"90{GAP}% of what it may be.",
    )
    return Table(
        caption="What goes in: numbers with a range",
        cells=pd.DataFrame([_record(say, one) for one in ranged]),
        frame=pd.DataFrame(
            [{name: one[name] for name in ("name", "value", "mean", "unit", "origin", "grade")} for one in ordered]
        ),
        numbers=("Value", "Range"),
        groups="Where from" if ranged else None,
        notes=notes if ranged else ("No input of the case has a range.",),
        folded=tuple(_fact(say, one) for one in facts),
        folded_under=f"Counts, prices and other numbers taken as known ({len(facts)})",
    )


def _record(say: Words, one: Part) -> dict[str, str]:
    low, high = ends_of(one) or (one["value"], one["value"])
    return {
        "Where from": ORIGINS[one["origin"]],
        "Input": in_plain_words(plain(one["label"], 160)),
        "Value": in_its_unit(say, one["value"], one["unit"], short=True),
        "Range": range_in_words(say, low, high, one["unit"]),
        "Unit": "–" if one["unit"] == "share" else unit_in_words(one["unit"]),
        "Evidence": _evidence(one),
        "Source": source_in_words(say, one["source"], 240) + _dated(say, one),
    }


def _evidence(one: Part) -> str:
    if one["grade"] is None:
        return "a fact, or a plan"
    return f"{one['grade']}: {grade_in_words(one['grade'])}"


def _dated(say: Words, one: Part) -> str:
    return "" if one["dated"] is None else f" ({say.day(one['dated'])})"


def _fact(say: Words, one: Part) -> str:
    source = source_in_words(say, one["source"], 240)
    source = "stated in the parameters" if source == "parameters" else source
    label = in_plain_words(plain(one["label"], 160))
    return f"{label}: {in_its_unit(say, one['value'], one['unit'])}. {source}{_dated(say, one)}."


def what_it_would_take(found: Any, *, locale: str | None = None) -> Table:
    """How small may each effect be before the case is worth nothing, the other inputs at their most likely values?

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    rows = case["break_even"]
    if not rows:
        return Table("", pd.DataFrame(), pd.DataFrame(), notes=("No study's effect enters the case.",))
    return Table(
        caption="What it would take: the effect at which the case is worth nothing",
        cells=pd.DataFrame([_break_even(say, row) for row in rows]),
        frame=pd.DataFrame([{key: row[key] for key in ("name", "found", "value", "share_of_found")} for row in rows]),
        numbers=("Found", "Worth nothing at"),
        notes=("One effect is moved at a time, the other inputs stay at their most likely values.",),
    )


def _break_even(say: Words, row: Part) -> dict[str, str]:
    at = "–" if row["value"] is None else in_its_unit(say, row["value"], row["unit"], short=True)
    return {
        "Effect": in_plain_words(plain(row["label"], 160)),
        "Study": study_in_words(row["effect"].split("/", 1)[0]),
        "Found": in_its_unit(say, row["found"], row["unit"], short=True),
        "Worth nothing at": at,
        "Unit": unit_in_words(row["unit"]),
        "In words": in_plain_words(room_in_words(say, row)),
    }


def room_in_words(say: Words, row: Part) -> str:
    """How far what was found lies from what is needed.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> row = {"found": 7.72, "value": 4.99, "worth_it": "above", "share_of_found": 0.646, "reason": None}
    >>> room_in_words(words(), row).replace(GAP, " ")
    '65 % of what was found would do.'
    >>> room_in_words(words(), {**row, "value": -2.0, "share_of_found": -0.26})
    'The case would be worth it even without this effect.'
    >>> room_in_words(words(), {**row, "value": 11.58, "share_of_found": 1.5})
    'It would have to be 1.50 times what was found.'
    """
    value, found = row["value"], row["found"]
    if value is None:
        return str(row["reason"])
    above = row["worth_it"] == "above"
    holds, none_will_do = (found > value, value < 0) if above else (found < value, value > 0)
    share = row["share_of_found"]
    if holds and none_will_do:
        return "The case would be worth it even without this effect."
    if share is None or share < 0:
        side = "above" if above else "below"
        return f"It would have to lie {side} the value at which the case is worth nothing: on the other side of none."
    if holds:
        return f"{say.share(share, 0)} of what was found would do."
    if none_will_do:
        return f"The harm would have to shrink to {say.share(share, 0)} of what was found."
    return f"It would have to be {say.short(share)} times what was found."
