"""Which kinds may mentions without a kind be of, and how well can that be told? Estimated shares and their judges.

How the estimate comes about is left to the metrics.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.naming import humanised
from analysis.reporting.rows import Row, part_of
from analysis.reporting.tables.cells import NONE, interval_cell, period_in_words, readable
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_CAPTION = "Kinds of mentions, estimated"
NOT_ASKED = "Kinds are not estimated: the parameters do not ask for it (metrics, classify_kinds)."


def kinds(found: Any, *, period: str | None = None, locale: str | None = None) -> Table:
    """Given and estimated kinds of a period: the raw share of guesses, and the corrected one with its interval.

    Parameters
    ----------
    found : what was counted, KindsResult, results or `coverage.classifier`
    period : str, optional
        Default the longest that is there.

    Raises
    ------
    DesignError
        If nothing is estimated of that period.
    """
    say = words(locale)
    about = classifier(found)
    if isinstance(about, str):
        return sentences_alone(_CAPTION, about)
    if about["refused"] is not None or not about["estimates"]:
        why = readable(say, about["refused"] or "no mention of these months is without a kind").rstrip(".")
        return sentences_alone(_CAPTION, f"No kinds are estimated: {why}.", *_judged(say, about))
    periods = list(dict.fromkeys(row["period"] for row in about["estimates"]))
    shown = period or max(periods, key=lambda one: (len(one) != 7, one))
    rows = [row for row in about["estimates"] if row["period"] == shown]
    if not rows:
        raise DesignError(f"There are no estimated kinds of `{shown}`; there are of: {', '.join(periods)}.")
    level = say.share(about["level"], 0)
    corrected, mentions = f"Corrected share ({level} interval)", f"Mentions, estimated ({level} interval)"
    powered = f"If the given kinds are a random sample ({level} interval)"
    records = [
        {
            "Kind": humanised(row["kind"]),
            "Given": say.number(row["labelled"]),
            "Guessed": say.number(row["guessed"]),
            "Raw share of guesses": _share(say, row.get("naive_share")),
            corrected: _with_ends(say, row, "corrected"),
            powered: _with_ends(say, row, "powered"),
            mentions: f"{say.number(row['mentions'], 0)} "
            + interval_cell(say.number(row["low"], 0), say.number(row["high"], 0)),
        }
        for row in rows
    ]
    return Table(
        caption=f"{_CAPTION}, {period_in_words(say, shown)}",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame(rows),
        numbers=tuple(name for name in records[0] if name != "Kind"),
        notes=(
            f"{say.number(rows[0]['unlabelled'])} mentions came without a kind. These are estimates, not counts.",
            *_judged(say, about),
            *(readable(say, note) for note in about["notices"]),
            readable(say, about["assumes"]).replace(
                "The prediction-powered shares beside assume", "The shares beside assume"
            ),
        ),
    )


def confusion(found: Any, *, locale: str | None = None) -> Table:
    """How often was a mention of one kind taken for another, where the kind was known and kept from the judge?

    Parameters
    ----------
    found : what was counted, KindsResult, results or `coverage.classifier`
    """
    say = words(locale)
    about = classifier(found)
    caption = "Mentions of known kind, guessed by a judge that had not seen them"
    if isinstance(about, str):
        return sentences_alone(caption, about)
    if "matrix" not in about:
        why = readable(say, about["refused"] or "no reason was recorded").rstrip(".")
        return sentences_alone(caption, f"No guess was judged: {why}.")
    names, matrix = about["kinds"], about["matrix"]
    heads = {name: f"Guessed: {humanised(name).lower()}" for name in names}
    records = [
        {"Given": humanised(name)}
        | {heads[guess]: say.number(count) for guess, count in zip(names, counts, strict=True)}
        | {"Recognised": say.share(counts[place] / sum(counts)) if sum(counts) else NONE}
        for place, (name, counts) in enumerate(zip(names, matrix, strict=True))
    ]
    frame = pd.DataFrame(matrix, columns=list(names)).assign(kind=list(names))
    numbers = (*heads.values(), "Recognised")
    return Table(caption, pd.DataFrame(records), frame, numbers=numbers, notes=tuple(_judged(say, about)))


def classifier(found: Any) -> Row | str:
    """All that is known of the estimate, or the sentence that nobody asked for one."""
    if hasattr(found, "kinds") and found.kinds is None:
        return NOT_ASKED
    coverage = part_of(found, "coverage", itself="assumes")
    if coverage is None:
        raise DesignError("There is no account of estimated kinds (`coverage.classifier`) to show in a table.")
    return coverage if "assumes" in coverage else coverage.get("classifier", NOT_ASKED)  # type: ignore[no-any-return]


def _judged(say: Words, about: Row) -> list[str]:
    """How good the guesses are, beside always guessing the commonest kind."""
    if "accuracy" not in about:
        return []
    level = say.share(about["level"], 0)
    right, gain, commonest = about["accuracy"], about["gain"], about["commonest"]
    return [
        f"Of {say.number(about['held_out'])} mentions of known kind kept from the judge, {say.share(right['value'])} "
        f"were told rightly ({level} interval {say.share(right['low'])} to {say.share(right['high'])}); always saying "
        f"“{humanised(commonest['kind']).lower()}” would have been right for {say.share(commonest['accuracy'])}. The "
        f"gain is {say.number(100 * gain['value'], 1)} percentage points ({say.number(100 * gain['low'], 1)} to "
        f"{say.number(100 * gain['high'], 1)})."
    ]


def _share(say: Words, value: float | None) -> str:
    return NONE if value is None else say.share(value)


def _with_ends(say: Words, row: Row, name: str) -> str:
    if row.get(f"{name}_share") is None:
        return NONE
    ends = interval_cell(say.number(100 * row[f"{name}_low"], 1), say.share(row[f"{name}_high"]))
    return f"{say.share(row[f'{name}_share'])} {ends}"
