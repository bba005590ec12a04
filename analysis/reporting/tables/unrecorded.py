"""What would a cause that nobody recorded have to do to explain the findings away?

One row an outcome, claimed or not: how strong such a cause would have to be, beside the strongest recorded one, and
what could still be said if the groups had gone on drifting apart. The arithmetic is left to the studies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import NO_EFFECT, Scale
from analysis.reporting.formats import plain
from analysis.reporting.naming import outcome_in_words
from analysis.reporting.parties import Said, said_of
from analysis.reporting.rows import effect_rows
from analysis.reporting.tables.cells import NONE, readable
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_CAPTION = "What could explain the findings away"


def sensitivity(result: Any, *, locale: str | None = None) -> Table:
    """How strong an unrecorded cause would have to be, and what could not be ruled out, in a sentence for each outcome.

    Parameters
    ----------
    result : ChannelResult
        With `sensitivities`, or rows of the contract's `bounds`.
    """
    say = words(locale)
    given = getattr(result, "sensitivities", None)
    if given is None:
        if not isinstance(result, Iterable):
            raise DesignError("The result does not say what could explain its findings away (`sensitivities`).")
        given = result
    rows = [one if isinstance(one, Mapping) else one.to_dict() for one in given]
    if not rows:
        return sentences_alone(_CAPTION, "Nothing is claimed, so nothing need be explained away.")
    shown = _main(rows)
    ranges = {row["outcome"]: row for row in rows if row.get("bounds")}
    effects = effect_rows(result) if hasattr(result, "effects") else []
    who = said_of(effects[0]).who if effects else Said().who
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label,
            "What an unrecorded cause would have to do": readable(say, row["sentence"]).replace(Said().who, who),
            **(
                {"If the groups had drifted apart anyway": _bounds(say, ranges.get(row["outcome"], row)) or NONE}
                if ranges
                else {}
            ),
        }
        for row in shown
    ]
    notes = ("Such a cause cannot be seen in the data; only assigning customers at random rules it out.",)
    frame = pd.DataFrame([{name: value for name, value in row.items() if name != "bounds"} for row in rows])
    return Table(_CAPTION, pd.DataFrame(records), frame, notes=notes, sentences=True)


def _main(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One row an outcome: that of the ratio where there is one."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if row["outcome"] not in found or (row["scale"] == "ratio" and found[row["outcome"]]["scale"] != "ratio"):
            found[row["outcome"]] = row
    return list(found.values())


def _bounds(say: Words, row: Mapping[str, Any]) -> str:
    return " ".join(bound_in_words(say, row, bound) for bound in row.get("bounds") or ())


def bound_in_words(say: Words, row: Mapping[str, Any], bound: Mapping[str, Any]) -> str:
    """What could not be ruled out under an assumption, and whether "no effect" is among it.

    Examples
    --------
    >>> row = {"outcome": "orders", "scale": "ratio", "unit": "ratio"}
    >>> bound = {"low": 0.97, "high": 1.16, "unit": "ratio", "assumes": "drift at most twice the largest earlier one"}
    >>> print(bound_in_words(words(), row, bound).replace("\\xa0", " "))
    Drift at most twice the largest earlier one: 3 % fewer to 16 % more, so no effect is possible too.
    """
    scale: Scale = "ratio" if bound["unit"] == "ratio" else "difference"
    low = -math.inf if bound["low"] is None else bound["low"]
    high = math.inf if bound["high"] is None else bound["high"]
    ends = {"low": None if math.isinf(low) else low, "high": None if math.isinf(high) else high}
    about = {"scale": scale, "unit": bound["unit"], "outcome": row["outcome"], "value": None, **ends}
    assumed = readable(say, plain(bound["assumes"], 300)).rstrip(".")
    left = "so no effect is possible too" if low <= NO_EFFECT[scale] <= high else "so some effect is left"
    return f"{assumed[:1].upper()}{assumed[1:]}: {say.effect_range(about)}, {left}."
