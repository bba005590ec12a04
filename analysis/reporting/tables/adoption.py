"""Was the effect of taking it up the same for everybody and in every month, and what would the usual regression say?

By month of adoption and by calendar month; and the comparisons that a regression on customer and month effects would
have been made of, as a warning. The effect itself is left to `answers`, what was checked to `checks`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.naming import outcome_in_words, unit_in_words
from analysis.reporting.parties import Said, said_of
from analysis.reporting.rows import Row, effect_rows, level_of
from analysis.reporting.tables.cells import readable, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_KINDS = {
    "never_treated": "customers who never did",
    "not_yet_treated": "customers who had not yet",
    "already_treated": "customers who had long done so",
}


def adoption_groups(adoption: Any, *, outcome: str = "orders", locale: str | None = None) -> Table:
    """The mean effect for each month's adopters, with how many they are.

    Parameters
    ----------
    adoption : AdoptionResult
        With `groups`.
    outcome : str
    """
    say, said = words(locale), _said(adoption)
    caption = f"By month of {_beginning(said)}"
    frame = _frame(adoption, "groups", outcome)
    if frame.empty:
        return sentences_alone(caption, _nothing(outcome))
    head = _head(say, adoption, frame)
    records = [
        {
            f"Month of {_beginning(said)}": say.month(str(row["cohort"])),
            said.treated: say.number(row["n"]),
            head: _effect(say, row),
        }
        for row in frame.to_dict("records")
    ]
    note = "Groups of one month are small, and some lie apart by chance alone."
    return Table(caption, pd.DataFrame(records), frame, numbers=(said.treated, head), notes=(note,))


def adoption_calendar(adoption: Any, *, outcome: str = "orders", locale: str | None = None) -> Table:
    """The mean effect in each calendar month, over all who had begun by then.

    Parameters
    ----------
    adoption : AdoptionResult
        With `calendar`.
    outcome : str
    """
    say = words(locale)
    caption = "By calendar month"
    frame = _frame(adoption, "calendar", outcome)
    if frame.empty:
        return sentences_alone(caption, _nothing(outcome))
    head = _head(say, adoption, frame)
    records = [{"Month": say.month(str(row["month"])), head: _effect(say, row)} for row in frame.to_dict("records")]
    note = "The first months rest on few customers, since few had begun by then."
    return Table(caption, pd.DataFrame(records), frame, numbers=(head,), notes=(note,))


def two_way_warning(adoption: Any, *, locale: str | None = None) -> Table:
    """With whom a regression on customer and month effects would have compared, and why nothing here rests on it.

    Parameters
    ----------
    adoption : AdoptionResult
        With `bacon` and `warning`.
    """
    say = words(locale)
    caption = "Warning: what the usual regression would compare"
    frame = getattr(adoption, "bacon", None)
    if frame is None:
        raise DesignError("The result does not say what the usual regression would compare (`bacon`).")
    if frame.empty:
        return sentences_alone(caption, "No such regression could be made of these customers, and none is needed.")
    kinds = []
    ends = {"low": float(frame["estimate"].min()), "high": float(frame["estimate"].max())}
    for kind, mine in frame.groupby("kind", sort=False):
        weight = float(mine["weight"].sum())
        mean = float((mine["weight"] * mine["estimate"]).sum()) / weight if weight else float("nan")
        about = {"scale": "difference", "unit": mine["unit"].iloc[0], "outcome": "", "value": mean, **ends}
        kinds.append((weight, {
            "Adopters compared with": _KINDS.get(str(kind), str(kind).replace("_", " ")),
            "Share of the weight": say.share(weight, 0),
            "What these comparisons say": say.effect_signed(about) if weight else "–",
            "Sound": "no: an effect of theirs is taken for a trend" if kind == "already_treated" else "yes",
        }))  # fmt: skip
    records = [record for _, record in sorted(kinds, key=lambda pair: -pair[0])]
    unit = unit_in_words(str(frame["unit"].iloc[0]))
    notes = (readable(say, adoption.warning), f"In {unit}; without intervals, since these figures are no findings.")
    return Table(
        caption,
        pd.DataFrame(records),
        frame,
        numbers=("Share of the weight", "What these comparisons say"),
        notes=tuple(note for note in notes if note),
    )


def _frame(adoption: Any, name: str, outcome: str) -> pd.DataFrame:
    frame: pd.DataFrame | None = getattr(adoption, name, None)
    if frame is None:
        raise DesignError(f"The result does not tell the effect apart (`{name}`).")
    return frame[frame["outcome"] == outcome]


def _nothing(outcome: str) -> str:
    return f"The effect on {outcome_in_words(outcome).label.lower()} is not told apart: none was estimated."


def _said(adoption: Any) -> Said:
    rows = effect_rows(adoption)
    return said_of(rows[0]) if rows else Said()


def _beginning(said: Said) -> str:
    return said.from_.removeprefix("the ")


def _head(say: Words, adoption: Any, frame: pd.DataFrame) -> str:
    level = level_of(effect_rows(adoption))
    inside = f" ({say.level({'level': level})})" if level is not None else ""
    unit = unit_in_words(str(frame["unit"].iloc[0]))
    return f"{unit[:1].upper()}{unit[1:]}{inside}"


def _effect(say: Words, row: Row) -> str:
    return unbroken(say.effect_in_short({**row, "scale": "difference"}))
