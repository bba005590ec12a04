"""Users against others: were they alike, what does each road to the difference say, and what could explain it away?

Raw gaps stand only beside the comparison. What the study was tried on where nothing can have happened stands with what
came out there. The effect itself is left to `answers`, the checks to `checks`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised, in_plain_words, outcome_in_words
from analysis.reporting.rows import Row, effect_rows, level_of
from analysis.reporting.tables.cells import NONE, interval_cell, readable, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_ALIKE = 0.1
_MOST = 20
_ROADS = {
    "doubly_robust": "weighted, and what is left predicted",
    "weighted": "others weighted to be like users",
    "matched": "each user beside the most similar other",
    "raw": "raw: the groups as they are",
}


def weighted_balance(users: Any, *, locale: str | None = None) -> Table:
    """How alike were the groups in each recorded cause, before weighting and after it, the least alike first?

    Parameters
    ----------
    users : ObservationalResult
        With `balance` (covariate, value, before, after, judged) and `strata`.
    """
    say = words(locale)
    caption = "How alike the groups were"
    frame = _frame(users, "balance")
    if frame.empty:
        return sentences_alone(caption, "Nothing was recorded of customers before, so nothing could be compared.")
    ranked = frame.assign(_size=frame["after"].abs().fillna(float("inf"))).sort_values(
        ["judged", "_size"], ascending=[False, False], kind="stable"
    )
    shown = ranked.drop(columns="_size").head(_MOST).to_dict("records")
    records = [
        {
            "Known of them": _cause(row),
            "As they are": _gap(say, row["before"]),
            "After weighting": _gap(say, row["after"]),
            "Judged": "shown only" if not row["judged"] else "alike" if abs(row["after"]) < _ALIKE else "not alike",
        }
        for row in shown
    ]
    notes = [f"Gaps in standard deviations; below {say.number(_ALIKE, 1)} counts as alike."]
    if len(frame) > len(shown):
        notes.append(f"{say.number(len(frame) - len(shown))} further rows, more alike, are in the executed notebook.")
    if made_of := str(getattr(users, "strata", "") or ""):
        notes.append(f"Customers were made alike in: {readable(say, made_of).rstrip('.')}.")
    return Table(
        caption, pd.DataFrame(records), frame, numbers=("As they are", "After weighting"), notes=tuple(notes)
    )  # fmt: skip


def roads(users: Any, *, locale: str | None = None) -> Table:
    """Every road to one difference beside the others, the one that stands first, the raw gap last and never alone.

    Parameters
    ----------
    users : ObservationalResult
        With `beside` (outcome, estimator, value, low, high, unit, stands, reason).
    """
    say = words(locale)
    caption = "Every road to the difference, and the one that stands"
    frame = _frame(users, "beside")
    rows = frame.to_dict("records")
    told = {row["outcome"] for row in rows if row["estimator"] != "raw" and _known(row["value"])}
    shown = [row for row in rows if row["estimator"] != "raw" or row["outcome"] in told]
    if not shown:
        return sentences_alone(caption, "Nothing could be compared, so no estimates stand side by side.")
    level = level_of(effect_rows(users))
    head = "Per customer" + (f" ({say.level({'level': level})})" if level is not None else "")
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label,
            "Road": _ROADS.get(row["estimator"], humanised(row["estimator"])),
            head: _difference(say, row),
            "Stands": "yes" if row["stands"] else "no effect" if row["estimator"] == "raw" else "beside it",
        }
        for row in shown
    ]
    notes = [
        f"{outcome_in_words(row['outcome']).label}: {readable(say, row['reason'])}" for row in shown if row["reason"]
    ]
    notes.append(
        "The raw gap holds everything in which users differ from others, who they were before among it; the difference "
        "between it and the first road is what that alone makes."
    )
    return Table(
        caption, pd.DataFrame(records), frame, numbers=(head,), groups="Outcome", notes=tuple(dict.fromkeys(notes))
    )  # fmt: skip


def nothing_can_have_happened(users: Any, *, locale: str | None = None) -> Table:
    """What the same study says where nobody can have changed anything: it should find nothing.

    Parameters
    ----------
    users : ObservationalResult
        With `placebos` (placebo, observed, expected, value, low, high, reason).
    """
    say = words(locale)
    caption = "The same study where nothing can have happened"
    frame = _frame(users, "placebos")
    if frame.empty:
        return sentences_alone(caption, "There was nothing to try the comparison on, so it ends with open questions.")
    level = level_of(effect_rows(users))
    head = "Came out" + (f" ({say.level({'level': level})})" if level is not None else "")
    records = [
        {
            "Tried on": humanised(row["placebo"]),
            "Seen": NONE if not _known(row["observed"]) else say.number(row["observed"], None),
            "Expected": NONE if not _known(row["expected"]) else say.number(row["expected"], None),
            head: _number(say, row),
            "Verdict": _verdict(row),
        }
        for row in frame.to_dict("records")
    ]
    notes = [f"{humanised(row['placebo'])}: {readable(say, row['reason'])}" for row in frame.to_dict("records")
             if row["reason"]]  # fmt: skip
    notes.append("A range that leaves out nothing warns: the groups differ in something that was not recorded.")
    return Table(caption, pd.DataFrame(records), frame, numbers=("Seen", "Expected", head), notes=tuple(notes))


def unrecorded_cause(users: Any, *, locale: str | None = None) -> Table:
    """What would an unrecorded cause have to do, beside the strongest recorded one? A row an outcome.

    Parameters
    ----------
    users : ObservationalResult
        With `sensitivity`, as `studies.observational.hidden` describes it.
    """
    say = words(locale)
    caption = "What could explain the difference away"
    frame = _frame(users, "sensitivity")
    if frame.empty:
        return sentences_alone(caption, "Nothing is claimed, so nothing need be explained away.")
    records = []
    for outcome in dict.fromkeys(frame["outcome"]):
        rows = frame[frame["outcome"] == outcome].to_dict("records")
        main = next((row for row in rows if row["scale"] == "difference"), rows[0])
        records.append(
            {
                "Outcome": outcome_in_words(str(outcome)).label,
                "What an unrecorded cause would have to do": _needed(say, main, rows),
                "If one were as strong as the strongest recorded one": _left(say, main),
            }
        )
    notes = ("Such a cause cannot be seen in the data; only assigning customers by lot rules it out.",)
    return Table(caption, pd.DataFrame(records), frame, notes=notes, sentences=True)


def _needed(say: Words, main: Row, rows: list[Row]) -> str:
    said = []
    if not _known(main["bias_needed"]):
        said.append("Nothing: the interval holds no effect as it is.")
    else:
        shift = _difference(say, {**main, "value": main["bias_needed"], "low": None, "high": None}, bare=True)
        said.append(f"Move the difference by {shift} by itself; the interval would then hold no effect.")
    if _known(main["robustness"]):
        share = say.share(main["robustness"])
        said.append(f"To take all of it away: explain {share} of what is left of both being a user and the outcome.")
    values = [row["e_value_limit"] for row in rows if _known(row["e_value_limit"])]
    if values:
        least = say.number(max(values), 2)
        said.append(f"As a ratio of chances: at least {least} with being a user and with the outcome.")
    if _known(main["critical_gamma"]):
        odds = say.number(main["critical_gamma"], 2)
        said.append(f"Pairs could differ by chance from {odds} times the odds of being a user on.")
    return " ".join(said)


def _left(say: Words, row: Row) -> str:
    if not _known(row["strongest"]) or not _known(row["left_at_1"]):
        return readable(say, row["reason"]) if row["reason"] else NONE
    left = [_difference(say, {**row, "value": row[f"left_at_{times}"], "low": None, "high": None}, bare=True)
            for times in (1, 2, 3)]  # fmt: skip
    cause = in_plain_words(plain(row["strongest"], 60).replace("_", " "))
    return f"The strongest is {cause}. One as strong would leave {left[0]}, twice {left[1]}, three times {left[2]}."


def _difference(say: Words, row: Row, *, bare: bool = False) -> str:
    if not _known(row["value"]):
        return "not claimed"
    about = {**row, "scale": row.get("scale", "difference")}
    about |= {name: float(row[name]) if _known(row[name]) else None for name in ("low", "high")}
    if bare:
        return say.effect_signed(about, float(row["value"]))
    return unbroken(say.effect_in_short(about))


def _number(say: Words, row: Row) -> str:
    if not _known(row["value"]):
        return NONE
    value, low, high = (say.short(row[name]) for name in ("value", "low", "high"))
    return f"{value} {interval_cell(low, high)}"


def _verdict(row: Row) -> str:
    if not _known(row["value"]):
        return "could not be run"
    return "nothing found" if row["low"] <= 0 <= row["high"] else "found something"


def _cause(row: Row) -> str:
    cause, value = plain(row["covariate"], 60).replace("_", " "), plain(row["value"], 60).replace("_", " ")
    text = value if value.startswith(cause) else f"{cause}: {value}"
    return in_plain_words(text[:1].upper() + text[1:])


def _gap(say: Words, value: float) -> str:
    if not _known(value) or abs(value) == float("inf"):
        return NONE
    return ("+" if value > 0 else "") + say.number(value, 2)


def _frame(users: Any, name: str) -> pd.DataFrame:
    frame: pd.DataFrame | None = getattr(users, name, None)
    if frame is None:
        raise DesignError(f"The result holds no `{name}` to show in a table.")
    return frame


def _known(value: Any) -> bool:
    return value is not None and not pd.isna(value)
