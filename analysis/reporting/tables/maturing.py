"""What do the latest contacts show so far, and how far could such early figures be trusted in the past?

An interim figure follows contacts for three months where the study follows them for longer. It stands beside the figure
whose time is over, marked, and below both how past interim figures moved once their time was over too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.cohorts import INTERIM_MONTHS, change, cohort_in_words, has_matured, moved_by, moved_in_words
from analysis.reporting.formats import GAP
from analysis.reporting.naming import grade_in_words, outcome_in_words
from analysis.reporting.rows import Row, effect_rows
from analysis.reporting.settled import answers, counted_months, interims
from analysis.reporting.tables.cells import NONE, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words


def interim(result: Any, *, locale: str | None = None) -> Table:
    """The latest contacts, followed for a part of the window only, beside those whose time is over.

    Parameters
    ----------
    result : ChannelResult, results or rows of effects
    """
    say = words(locale)
    rows = effect_rows(result)
    early = {row["outcome"]: row for row in answers(interims(rows))}
    caption = "The latest contacts so far (interim)"
    if not early:
        return sentences_alone(caption, "No contacts are so recent that only a part of their time is over.")
    whole = {row["outcome"]: row for row in answers(row for row in rows if row.get("maturity") != "interim")}
    records = []
    for outcome, row in early.items():
        beside = whole.get(outcome)
        records.append(
            {
                "Outcome": outcome_in_words(outcome).label,
                _head(say, early, "interim"): _said(say, row),
                _head(say, whole, "time is over"): NONE if beside is None else _said(say, beside),
                "How far the interim can be believed": "not claimed"
                if row["value"] is None
                else f"interim, {grade_in_words(row['grade'])}",
            }
        )
    cells = pd.DataFrame(records)
    return Table(
        caption,
        cells,
        pd.DataFrame([{name: value for name, value in row.items() if name != "checks"} for row in early.values()]),
        numbers=tuple(cells.columns[1:3]),
        notes=(
            "Interim figures will change. They cover other contacts and a shorter time, so the two columns are not to "
            "be added or averaged, and neither replaces the other.",
        ),
    )


def maturing(result: Any, *, locale: str | None = None) -> Table:
    """How far past interim figures moved once the whole time was over, contacts of the same months each.

    Parameters
    ----------
    result : ChannelResult
        With `maturing`: outcome, cohort_from, cohort_to, interim and mature with their intervals, moved.
    """
    say = words(locale)
    caption = "How interim figures moved when their time was over"
    frame = getattr(result, "maturing", None)
    if frame is None:
        raise DesignError("The result does not say how past interim figures moved (`maturing`).")
    if frame.empty:
        return sentences_alone(
            caption, "No past interim figure can be told yet: too few contacts in a group of months."
        )
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label,
            "Contacts": cohort_in_words(say, row),
            f"After {counted_months(INTERIM_MONTHS)}, interim": unbroken(change(say, row, "interim")),
            _whole_window(result): unbroken(change(say, row, "mature")) if has_matured(row) else "not over yet",
            "Moved": moved_in_words(say, row),
        }
        for row in frame.to_dict("records")
    ]
    return Table(
        caption,
        pd.DataFrame(records),
        frame,
        numbers=tuple(list(records[0])[2:]),
        groups="Outcome",
        notes=(
            _largest(say, frame),
            "Moves are in percentage points (pp): from +4 % to +6 % is +2 pp.",
            "Part of every move is chance: a group of few contacts moves more.",
        ),
    )


def _largest(say: Words, frame: pd.DataFrame) -> str:
    over = [row for row in frame.to_dict("records") if has_matured(row)]
    if not over:
        return "None of these figures has matured yet, so nobody can tell how far interim figures move here."
    most = max(over, key=lambda row: abs(moved_by(row)))
    what = f"{outcome_in_words(most['outcome']).label.lower()}, {cohort_in_words(say, most)}"
    crossed = sum((row["interim"] - 1) * (row["mature"] - 1) < 0 for row in over)
    said = (
        f"{len(over)} interim {'figure has' if len(over) == 1 else 'figures have'} matured; the largest move was "
        f"{moved_in_words(say, most)} ({what})."
    )
    return f"{said} {crossed} changed {'its' if crossed == 1 else 'their'} direction." if crossed else said


def _whole_window(result: Any) -> str:
    months = getattr(getattr(result, "evidence", None), "after_months", None)
    return "After the whole time" if months is None else f"After {counted_months(months)}"


def _head(say: Words, rows: Mapping[str, Row], what: str) -> str:
    if not rows:
        return "Whole time"
    row = next(iter(rows.values()))
    months = counted_months(row["after_months"]) if row.get("after_months") else "the whole time"
    when = f", contacts {say.months(row['index_from'], row['index_to'])}" if row.get("index_from") else ""
    return f"Followed {months} ({what}){when}"


def _said(say: Words, row: Row) -> str:
    return unbroken(say.effect_in_short(row)) + ("" if row["value"] is None else f", grade{GAP}{row['grade']}")
