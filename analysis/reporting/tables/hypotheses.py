"""What was believed, and what do the data say of it: supported, not supported, no effect that matters, or undecided?

One row a hypothesis, refused ones among them, each with its interval and the smallest effect that was to matter.
Verdicts were given by the study for all hypotheses as one family; nothing is judged here.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words, in_plain_words, outcome_in_words
from analysis.reporting.rows import Row, part_of
from analysis.reporting.tables.cells import NONE, readable, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

VERDICTS = {
    "supported": "supported",
    "not_supported": "not supported",
    "no_meaningful_effect": "no effect that matters",
    "undecided": "undecided",
}


def hypothesis_rows(family: Any) -> list[Row]:
    """The rows of `hypotheses`, from a family, a `results.json`, or rows."""
    return list(part_of(family, "hypotheses") or ())


def hypotheses(family: Any, *, locale: str | None = None) -> Table:
    """Every hypothesis with its verdict, the figure behind it, and the smallest effect that was to matter.

    Parameters
    ----------
    family : Family, results or rows of hypotheses

    Raises
    ------
    DesignError
        If there is none.
    """
    say = words(locale)
    rows = hypothesis_rows(family)
    if not rows:
        raise DesignError("There is no hypothesis to show in a table.")
    records = [
        {
            "Believed": f"{plain(row['statement'], 200)}",
            "Verdict": VERDICTS.get(row["verdict"], plain(row["verdict"], 40)),
            "What was found": _found(say, row),
            "Smallest that matters": smallest_in_words(say, row),
            "How far it can be believed": NONE if row.get("grade") is None else grade_in_words(row["grade"]),
            "Written down": "beforehand" if row["declared"] else "afterwards",
        }
        for row in rows
    ]
    notes = [in_plain_words(say.restated(plain(note, 600))) for note in getattr(family, "notes", ())]
    notes.append("No effect that matters: the whole interval lies within what was said beforehand not to matter.")
    return Table("What was believed, and what is so", pd.DataFrame(records), _frame(rows), notes=tuple(notes))


def hypothesis_findings(family: Any, *, locale: str | None = None) -> Table:
    """What may be said of each hypothesis, in sentences: why, how sure, and what it would take where it is open."""
    say = words(locale)
    rows = hypothesis_rows(family)
    if not rows:
        raise DesignError("There is no hypothesis of which anything could be said.")
    records = [
        {"Hypothesis": plain(row["name"], 80).replace("_", " "), "What may be said": _claim(say, row)} for row in rows
    ]
    return Table("Findings in words", pd.DataFrame(records), _frame(rows), sentences=True)


def other_choices(family: Any, *, locale: str | None = None) -> Table:
    """Does a finding hang on a choice that could as well have been made otherwise?

    Parameters
    ----------
    family : Family, results or rows of hypotheses
        With `specifications` where the study was run again.
    """
    say = words(locale)
    caption = "The same question under other defensible choices"
    rows = [row for row in hypothesis_rows(family) if row.get("specifications")]
    if not rows:
        return sentences_alone(caption, "No study behind these hypotheses was run again under other choices.")
    records = []
    for row in rows:
        told = row["specifications"]
        records.append(
            {
                "Hypothesis": plain(row["name"], 80).replace("_", " "),
                "Choices": f"{say.number(told['told'])} of {say.number(told['specifications'])}",
                "As declared": _one(say, row, told["declared"]),
                "Middle one": _one(say, row, told["median"]),
                "Lowest to highest": NONE
                if told["lowest"] is None
                else f"{_one(say, row, told['lowest'])} to {_one(say, row, told['highest'])}",
                "On the side believed": _share(say, told["share_on_side"]),
                "Clearly": _share(say, told["share_clear"]),
            }
        )
    note = (
        "Choices share their data, so that the shares test nothing; they show whether the declared choice was a lucky "
        "one. What measures another quantity counts for the side only."
    )
    numbers = tuple(name for name in records[0] if name != "Hypothesis")
    return Table(caption, pd.DataFrame(records), _frame(rows), numbers=numbers, notes=(note,))


def smallest_in_words(say: Words, row: Row) -> str:
    """The smallest effect that matters, on the scale of the hypothesis."""
    smallest = row.get("smallest_effect")
    if smallest is None or pd.isna(smallest):
        return "none was named"
    if row["scale"] == "ratio":
        return say.share(float(smallest))
    about = {**row, "unit": row.get("unit") or "", "value": smallest, "low": 0.0, "high": smallest}
    return say.effect_size(about)


def _claim(say: Words, row: Row) -> str:
    claim = readable(say, row["claim"], 900)
    spread = row.get("specifications") or {}
    return f"{claim} {readable(say, spread.get('claim', ''), 400)}".strip()


def _found(say: Words, row: Row) -> str:
    outcome = outcome_in_words(str(row["outcome"])).label
    if row.get("value") is None or pd.isna(row["value"]):
        return f"{outcome}: nothing can be judged"
    return f"{outcome}: {unbroken(say.effect_in_short(row))}"


def _one(say: Words, row: Row, value: float | None) -> str:
    return NONE if value is None or row.get("value") is None else say.effect_signed(row, value)


def _share(say: Words, value: float | None) -> str:
    return NONE if value is None else say.share(value, 0)


def _frame(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame([{name: value for name, value in row.items() if name != "specifications"} for row in rows])
