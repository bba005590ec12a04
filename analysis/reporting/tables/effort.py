"""Did social spare customers effort, how much of what they bought runs by way of it, and who said so in surveys?

The two ways add up to the whole; kinds of effort overlap and do not. Surveys are weighted for those who did not answer.
The chart is left to `charts.effort_paths`, what was checked to `checks`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.naming import effort_in_words, measured_in, outcome_in_words
from analysis.reporting.rows import Row, effect_rows, level_of
from analysis.reporting.tables.cells import NONE, readable, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

WAYS = {"total_effect": "in all", "indirect_effect": "by way of the effort", "direct_effect": "by other ways"}


def effort_changed(effort: Any, *, locale: str | None = None) -> Table:
    """What an issue on social did to each kind of effort, against similar customers elsewhere.

    Parameters
    ----------
    effort : EffortResult
        With `effort` (effort, social, elsewhere, value, low, high, unit, customers).
    """
    say = words(locale)
    caption = "What social did to the effort"
    frame = _frame(effort, "effort")
    if frame.empty:
        return sentences_alone(caption, "No kind of effort could be measured.")
    head = "Difference" + _level(say, effort)
    records = [
        {
            "Effort in the days after the issue": measured_in(_first(effort_in_words(row["effort"])), str(row["unit"])),
            "On social": _mean(say, row, "social"),
            "Elsewhere": _mean(say, row, "elsewhere"),
            head: _cell(say, row, "value", "low", "high"),
            "Customers": say.number(int(row["customers"])),
        }
        for row in frame.to_dict("records")
    ]
    note = "The difference allows for what was known of customers before; the two means do not."
    return Table(
        caption, pd.DataFrame(records), frame, numbers=tuple(list(records[0])[1:]), notes=(note, *_notes(say, effort))
    )  # fmt: skip


def effort_split(effort: Any, *, locale: str | None = None) -> Table:
    """What social changed in all, by way of the effort, and by other ways: all customers.

    Parameters
    ----------
    effort : EffortResult, results or rows of effects

    Raises
    ------
    DesignError
        If no outcome was split.
    """
    say = words(locale)
    rows = [row for row in effect_rows(effort) if row["estimand"] in WAYS and not row["segment"]]
    split = {row["outcome"] for row in rows if row["estimand"] == "indirect_effect"}
    rows = [row for row in rows if row["outcome"] in split and row["scale"] == "difference"]
    if not rows:
        raise DesignError("No outcome was split in what runs by way of the effort and what does not.")
    level = level_of(rows)
    head = "Per customer" + (f" ({say.level({'level': level})})" if level is not None else "")
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label,
            "Way": WAYS[row["estimand"]],
            head: "not claimed" if row["value"] is None else unbroken(say.effect_in_short(row)),
            "How far it can be believed": NONE if row["value"] is None else f"grade {row['grade']}",
        }
        for row in rows
    ]
    notes = [f"Not claimed: {readable(say, row['reason'])}" for row in rows if row["value"] is None]
    notes.append("By way of the effort and by other ways add up to the whole.")
    frame = pd.DataFrame([{name: value for name, value in row.items() if name != "checks"} for row in rows])
    return Table(
        "What social changed, and by which way", pd.DataFrame(records), frame, numbers=(head,), groups="Outcome",
        notes=tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def effort_kinds(effort: Any, *, outcome: str | None = None, locale: str | None = None) -> Table:
    """Each kind of effort for itself: what goes with a step more of it, and how little would explain that.

    Parameters
    ----------
    effort : EffortResult
        With `paths`.
    outcome : str, optional
        By default the first.
    """
    say = words(locale)
    caption = "Each kind of effort for itself"
    frame = _frame(effort, "paths")
    if frame.empty:
        return sentences_alone(caption, "No kind of effort could be followed to what customers bought.")
    name = outcome if outcome is not None else str(frame["outcome"].iloc[0])
    mine = frame[frame["outcome"] == name]
    level = _level(say, effort)
    through, step = f"By way of it{level}", f"With one step more of it{level}"
    records = [
        {
            "Effort": _first(effort_in_words(row["effort"])),
            step: _cell(say, row, "slope", "slope_low", "slope_high"),
            through: _cell(say, row, "indirect", "indirect_low", "indirect_high"),
            "Explained away by": _hidden(say, row),
        }
        for row in mine.to_dict("records")
    ]
    notes = [f"{_first(effort_in_words(row['effort']))}: {readable(say, row['reason'])}"
             for row in mine.to_dict("records") if row["reason"]]  # fmt: skip
    notes.append("Kinds of effort overlap and do not add up.")
    notes.append(
        "Explained away by: an unrecorded cause that ties effort and outcome by so much would give it by itself."
    )
    return Table(
        f"{caption}: {outcome_in_words(name).label.lower()}", pd.DataFrame(records), mine.reset_index(drop=True),
        numbers=(step, through, "Explained away by"), notes=tuple(notes),
    )  # fmt: skip


def who_answered(effort: Any, *, locale: str | None = None) -> Table:
    """Who answered the surveys on effort, and how many answers of equal weight they are worth.

    Parameters
    ----------
    effort : EffortResult
        With `response`.
    """
    say = words(locale)
    caption = "Who answered the surveys"
    frame = _frame(effort, "response")
    if frame.empty:
        return sentences_alone(caption, "No survey on effort is in these tables; effort is what customers did.")
    records = [
        {
            "Survey": _first(effort_in_words(row["instrument"])),
            "Asked": say.number(int(row["asked"])),
            "Answered": f"{say.number(int(row['answered']))} ({say.share(row['answered'] / row['asked'], 0)})"
            if row["asked"]
            else say.number(0),
            "Of them on social": say.number(int(row["answered_social"])),
            "Worth, weighted": NONE if pd.isna(row["effective"]) else say.number(row["effective"], 0),
        }
        for row in frame.to_dict("records")
    ]
    notes = [readable(say, row["reason"]) for row in frame.to_dict("records") if row["reason"]]
    notes.append("Answers are weighted so that those who answered stand for all who were asked.")
    return Table(caption, pd.DataFrame(records), frame, numbers=tuple(list(records[0])[1:]), notes=tuple(notes))


def _frame(effort: Any, name: str) -> pd.DataFrame:
    frame: pd.DataFrame | None = getattr(effort, name, None)
    if frame is None:
        raise DesignError(f"The result holds no `{name}` to show in a table.")
    return frame


def _notes(say: Words, effort: Any) -> list[str]:
    return [readable(say, note) for note in getattr(effort, "notes", ())]


def _level(say: Words, effort: Any) -> str:
    level = level_of(effect_rows(effort))
    return f" ({say.level({'level': level})})" if level is not None else ""


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _mean(say: Words, row: Row, name: str) -> str:
    if pd.isna(row[name]):
        return NONE
    return say.share(row[name]) if str(row["unit"]).startswith("share") else say.number(row[name], 2)


def _cell(say: Words, row: Row, value: str, low: str, high: str) -> str:
    if pd.isna(row[value]):
        return "not claimed"
    about = {**row, "scale": "difference", "value": float(row[value]), "low": float(row[low]), "high": float(row[high])}
    return unbroken(say.effect_in_short(about))


def _hidden(say: Words, row: Row) -> str:
    return NONE if pd.isna(row["rho"]) else say.share(abs(row["rho"]))
