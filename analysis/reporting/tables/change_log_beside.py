"""What does the same model find where nothing was changed? Made-up dates, and parts of the company left as they were.

Both stand beside the results of the change log, so that a step can be held against what happens by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.changes import change_in_words, entries_of
from analysis.reporting.formats import plain
from analysis.reporting.naming import metric_in_words
from analysis.reporting.tables.cells import NONE, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words


def made_up_dates(found: Any, *, locale: str | None = None) -> Table:
    """The step at each change beside those that the same model finds at dates without one.

    Parameters
    ----------
    found : ChangeLogResult
        With `placebo`.
    """
    say = words(locale)
    caption = "The same model where nothing was changed"
    frame = getattr(found, "placebo", None)
    if frame is None:
        raise DesignError("The result does not say what the model finds at dates without a change (`placebo`).")
    if frame.empty:
        return sentences_alone(caption, "No figure could be followed, so no date without a change was tried.")
    entries = entries_of(found)
    records = []
    for (change, outcome, segment), mine in frame.groupby(["change", "outcome", "segment"], sort=False):
        tried, true = mine[mine["made_up"]], mine[~mine["made_up"]].iloc[0]
        label = metric_in_words(str(outcome)) + (f" {plain(segment, 60)}" if segment else "")
        largest = None if tried.empty else tried.loc[tried["level"].abs().idxmax()]
        as_large = int((tried["level"].abs() >= abs(true["level"])).sum())
        records.append(
            {
                "Change": f"Dates before {change_in_words(say, entries, str(change))}",
                "Figure": label,
                "Step at the change": _step(say, true),
                "Largest at a made-up date": NONE
                if largest is None
                else f"{_step(say, largest)}, {say.month(str(largest['month']))}",
                "As large": NONE if tried.empty else f"{as_large} of {len(tried)}",
            }
        )
    note = "Where a made-up date shows as much as the change, the model finds steps that nobody made."
    return Table(caption, pd.DataFrame(records), frame, numbers=("As large",), groups="Change", notes=(note,))


def change_regions(found: Any, *, locale: str | None = None) -> Table:
    """Where one part of the company was changed: it, held against the other parts, and how they moved themselves.

    Parameters
    ----------
    found : ChangeLogResult
        With `synthetic`.
    """
    say = words(locale)
    caption = "Parts that were changed, against the others"
    frame = getattr(found, "synthetic", None)
    if frame is None:
        raise DesignError("The result does not hold parts of the company against each other (`synthetic`).")
    if frame.empty:
        return sentences_alone(
            caption, "No change was limited to a part of the company that could be held against others."
        )
    entries = entries_of(found)
    records = [
        {
            "Change": f"{metric_in_words(str(row['outcome']))}, after "
            + change_in_words(say, entries, str(row["change"])),
            "Part": f"{plain(row['value'], 60)}" + (" (changed)" if row["role"] == "changed" else ""),
            "Weight": NONE if row["role"] == "changed" else say.share(row["weight"], 0),
            "Moved against the others": _size(say, row, row["difference"]),
            "Place by size": f"{say.number(row['rank'])} of {say.number(row['of'])}",
        }
        for row in frame.to_dict("records")
    ]
    note = "A change that did something should move its part further than the others moved by themselves."
    return Table(
        caption, pd.DataFrame(records), frame, numbers=("Weight", "Moved against the others", "Place by size"),
        groups="Change", notes=(note,),
    )  # fmt: skip


def _about(row: Mapping[str, Any], low: Any, high: Any, value: Any) -> dict[str, Any]:
    return {"scale": "difference", "unit": row["unit"], "outcome": row["outcome"], "value": value, "low": low,
            "high": high}  # fmt: skip


def _step(say: Words, row: Any) -> str:
    return unbroken(say.effect_in_short(_about(row, row["low"], row["high"], row["level"])))


def _size(say: Words, row: Mapping[str, Any], value: float) -> str:
    return NONE if pd.isna(value) else say.effect_signed(_about(row, None, None, value))
