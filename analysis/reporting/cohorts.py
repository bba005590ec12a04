"""How is a group of contacts said, and what became of its interim figure? Words that a table and a chart share.

A group is the contacts of a few months: followed for three months first (interim), later for the whole window.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.reporting.formats import GAP, MINUS
from analysis.reporting.wording import Words
from analysis.studies.stack import RECENTLY

INTERIM_MONTHS = RECENTLY
"""For how long an interim figure follows contacts."""
NONE = "–"


def has_matured(row: Mapping[str, Any]) -> bool:
    """Whether the whole window of a group of contacts is over."""
    return row.get("mature") is not None and not pd.isna(row["mature"])


def cohort_in_words(say: Words, row: Mapping[str, Any]) -> str:
    """The months of a group of contacts, short: "Jul 2025 to Sept 2025"."""
    first, last = (say.month(str(row[name]), short=True) for name in ("cohort_from", "cohort_to"))
    return first if first == last else f"{first} to {last}"


def change(say: Words, row: Mapping[str, Any], which: str) -> str:
    """A ratio of the frame with its interval, as a change: "+8 % (+4 to +12 %)"."""
    low, high = row[f"{which}_low"], row[f"{which}_high"]
    return say.effect_in_short({"scale": "ratio", "unit": "ratio", "value": row[which], "low": low, "high": high})


def moved_by(row: Mapping[str, Any]) -> float:
    """By how much the change that a figure states moved, as a share: from −16 % to +3 % is 0.19."""
    return float(row["mature"] - row["interim"])


def moved_in_words(say: Words, row: Mapping[str, Any]) -> str:
    """By how many percentage points the figure moved: "−2.1 pp"; a dash while its time is not over.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> moved_in_words(words(), {"interim": 0.84, "mature": 1.03}).replace(GAP, " ")
    '+19.0 pp'
    """
    if not has_matured(row):
        return NONE
    moved = moved_by(row)
    size = say.number(abs(100 * moved), 1)
    if not any(digit in size for digit in "123456789"):
        return f"{size}{GAP}pp"
    return f"{'+' if moved > 0 else MINUS}{size}{GAP}pp"
