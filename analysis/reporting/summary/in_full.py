"""Every effect and every check of a report, for analysts: on the summary where `report.audience` asks for it.

One line an effect, as it was named beforehand, on all customers: with interval, grade, standard error, rows and method.
Effects of segments stand on their own pages. Nothing is judged here that was not judged by the studies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.reporting.formats import plain
from analysis.reporting.naming import group_in_words, humanised, in_plain_words, outcome_in_words
from analysis.reporting.rows import Row, effect_rows, level_of
from analysis.reporting.settled import is_interim
from analysis.reporting.tables.cells import NONE, readable
from analysis.reporting.tables.checks import checks
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.vocabulary import MADE, STUDIES
from analysis.reporting.wording import Words


def every_effect(results: Mapping[str, Any], say: Words) -> Table:
    """All declared effects on all customers, with interval, grade, standard error, rows and method.

    Parameters
    ----------
    results : mapping
    say : Words

    Returns
    -------
    Table
        By study; the frame holds the rows as the results have them, segments among them.
    """
    every = [row for row in effect_rows(results) if row.get("declared", True)]
    order = {name: place for place, name in enumerate(STUDIES)}
    rows = [row for row in every if not row["segment"]]
    rows.sort(key=lambda row: order.get(str(row["design"]), len(order)))
    if not rows:
        return sentences_alone("Every effect", "No effect was declared.")
    level = level_of([row for row in rows if row["value"] is not None])
    notes = [
        "Intervals are of several levels." if level is None else f"Ranges are {say.level({'level': level})}s.",
        "A standard error is that of the logarithm where the change is in percent, else in the unit of the change; of "
        "shares, as a fraction.",
        "A raw difference (grade D) compares unlike customers or months and is no effect.",
    ]
    if parts := len(every) - len(rows):
        notes.append(f"{say.number(parts)} effects of segments stand on the pages of their studies.")
    if late := len(effect_rows(results)) - len(every):
        notes.append(f"{say.number(late)} effects that were not named beforehand are left to those pages, too.")
    return Table(
        caption="Declared effects on all customers",
        cells=pd.DataFrame([_cells(row, say) for row in rows]),
        frame=pd.DataFrame([{name: value for name, value in row.items() if name != "checks"} for row in every]),
        numbers=("Change", "Standard error", "Rows"),
        groups="Study",
        notes=tuple(notes),
    )


def every_check(results: Mapping[str, Any], say: Words) -> tuple[tuple[str, Table], ...]:
    """The checks of each study in full, by the study's name."""
    rows = [row for row in effect_rows(results) if not row["segment"] and row.get("checks")]
    designs = [name for name in STUDIES if any(row["design"] == name for row in rows)]
    return tuple(
        (f"Checks: {STUDIES[name]}", checks([row for row in rows if row["design"] == name], locale=say.locale))
        for name in designs
    )


def _cells(row: Row, say: Words) -> dict[str, str]:
    error = row.get("se_log" if row["scale"] == "ratio" else "se")
    method = say.restated(plain(row["method"] or NONE, 160))
    return {
        "Effect": _name(row),
        "Study": humanised(STUDIES.get(str(row["design"]), str(row["design"]))),
        "Change": say.effect_in_short(row),
        "Grade": str(row["grade"]),
        "Standard error": NONE if error is None else say.short(error),
        "Rows": f"{_count(say, row['n_treated'])} / {_count(say, row['n_comparison'])}",
        "Method, or why nothing is claimed": method if row["value"] is not None else readable(say, row["reason"], 240),
    }


def _name(row: Row) -> str:
    kind, _, of = str(row["estimand"]).partition(":")
    made = MADE.get(kind, kind.replace("naive_", "raw ").replace("_", " "))
    found = [outcome_in_words(row["outcome"]).label, in_plain_words(made), group_in_words(str(row["treated"]))]
    found += [in_plain_words(of.replace("_", " "))] if of else []
    found += ["in percent"] if row["scale"] == "ratio" else []
    found += ["interim"] if is_interim(row) else []
    return ", ".join(found)


def _count(say: Words, count: int | None) -> str:
    return NONE if count is None else say.number(count)
