"""What goes with more contacts, and with which mix of channels: raw, and among customers alike. Never an effect.

Doses stand against no contact, mixes against one other channel. Why no order is credited to a channel is said by the
study, once.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words, measured_in, outcome_in_words
from analysis.reporting.rows import Row, effect_rows, level_of
from analysis.reporting.tables.cells import NONE, readable, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

BY = {"contacts": "by number of contacts, against none", "mix": "by mix of channels, against one other channel"}


def contact_bands(dose: Any, *, locale: str | None = None) -> Table:
    """What customers bought after so many contacts, or such a mix: means, and differences raw and among those alike.

    Parameters
    ----------
    dose : DoseResult
        With `bands`.
    """
    say = words(locale)
    frame: pd.DataFrame | None = getattr(dose, "bands", None)
    if frame is None:
        raise DesignError("The result does not say what goes with contacts (`bands`).")
    caption = "What goes with the number and mix of contacts"
    notes = [readable(say, note, 900) for note in getattr(dose, "notes", ())]
    if frame.empty:
        return sentences_alone(caption, *(notes or ["Nobody could be followed for long enough."]))
    level = level_of(effect_rows(dose))
    inside = f" ({say.level({'level': level})})" if level is not None else ""
    alike, raw = f"Among customers alike{inside}", f"Raw{inside}"
    records = [
        {
            "Outcome": f"{measured_in(outcome_in_words(row['outcome']).label, str(row['unit']))}, "
            f"{BY.get(row['by'], plain(row['by'], 40))}",
            "Before": plain(row["band"], 60),
            "Customers": say.number(int(row["customers"])),
            "Mean after": say.share(row["mean"]) if _share(row) else say.number(row["mean"], 2),
            alike: _cell(say, row, "alike"),
            raw: _cell(say, row, "raw"),
            "How far it can be believed": NONE if pd.isna(row["alike"]) else grade_in_words(row["grade"]),
        }
        for row in frame.to_dict("records")
    ]
    notes += dict.fromkeys(readable(say, row["reason"]) for row in frame.to_dict("records") if row["reason"])
    notes.append("These figures go together with contacts and are no effects of them; they enter no sum of money.")
    return Table(
        caption, pd.DataFrame(records), frame, numbers=("Customers", "Mean after", alike, raw), groups="Outcome",
        notes=tuple(notes),
    )  # fmt: skip


def _share(row: Row) -> bool:
    return str(row["unit"]).startswith("share")


def _cell(say: Words, row: Row, name: str) -> str:
    if pd.isna(row[name]):
        return NONE
    ends = {"low": float(row[f"{name}_low"]), "high": float(row[f"{name}_high"])}
    return unbroken(say.effect_in_short({**row, "scale": "difference", "value": float(row[name]), **ends}))
