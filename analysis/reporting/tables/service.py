"""Who was answered when, how far does the queue decide it, and what does each estimate of the service study say?

What a set of values that fits the data looks like is said also where it has no end. Raw figures stand beside an
estimate, never alone. The effect itself is left to `answers`, what was checked to `checks`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import MINUS, is_currency, plain
from analysis.reporting.naming import grade_in_words, measured_in, outcome_in_words, unit_in_words
from analysis.reporting.rows import Row, effect_rows, level_of
from analysis.reporting.tables.cells import NONE, interval_cell, readable, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

RAW_NOTE = "Who is answered sooner differs in more than the wait: raw figures (grade D) are no effect."
STRONG = 10
"""The least strength of the queue from which on the estimate by it stands, as the checks have it."""
_ESTIMATES = {"queue": "by the luck of the queue", "adjusted": "similar customers", "raw": "raw"}


def reply_bands(service: Any, *, outcome: str | None = None, locale: str | None = None) -> Table:
    """What customers did later by how long they waited: with one mix of customers in every band, raw, and before.

    Parameters
    ----------
    service : ServiceResult
        With `bands`.
    outcome : str, optional
        Only this outcome.
    """
    say = words(locale)
    frame = _frame(service, "bands", outcome)
    frame = frame[frame["n"] > 0]
    level = level_of(effect_rows(service))
    inside = f" ({say.level({'level': level})})" if level is not None else ""
    alike, raw = f"With one mix of customers{inside}", f"Raw{inside}"
    records = [
        {
            "Outcome": measured_in(outcome_in_words(row["outcome"]).label, str(row["unit"])),
            "First answer": _first(row["band"]),
            "Customers": f"{say.number(row['n'])} ({say.share(row['share'], 0)})",
            alike: _mean(say, row, "adjusted", "adjusted_low", "adjusted_high"),
            raw: _mean(say, row, "mean", "low", "high"),
            "Raw, before": _value(say, row["before"], row["unit"]),
        }
        for row in frame.to_dict("records")
    ]
    return Table(
        "Outcomes by reply time",
        pd.DataFrame(records),
        frame,
        numbers=("Customers", alike, raw, "Raw, before"),
        groups="Outcome",
        notes=(RAW_NOTE, "Of fewer than 10 customers no mean is shown."),
    )


def reply_hours(service: Any, *, outcome: str = "orders", locale: str | None = None) -> Table:
    """When customers wrote, how many were answered in time, and what they did later, by the hour of the day."""
    say = words(locale)
    frame = _frame(service, "hours", outcome)
    level = level_of(effect_rows(service))
    inside = f" ({say.level({'level': level})})" if level is not None else ""
    shares, means = f"Answered in time{inside}", f"{outcome_in_words(outcome).label} after{inside}"
    records = [
        {
            "Hour of writing": f"{int(row['hour'])}:00",
            "Customers": say.number(row["n"]),
            shares: _mean(say, {**row, "unit": "share"}, "in_time", "in_time_low", "in_time_high"),
            means: _mean(say, row, "mean", "low", "high"),
        }
        for row in frame.sort_values("hour").to_dict("records")
    ]
    return Table(
        "By the hour of the day",
        pd.DataFrame(records),
        frame,
        numbers=("Customers", shares, means),
        notes=(RAW_NOTE, f"Means in {unit_in_words(str(frame['unit'].iloc[0]))}."),
    )


def queue_strength(service: Any, *, locale: str | None = None) -> Table:
    """How far the queue decides who is answered in time, what it then says, and what it says where it can say nothing.

    Parameters
    ----------
    service : ServiceResult
        With `instrument`.
    """
    say = words(locale)
    frame = _frame(service, "instrument", None)
    level = level_of(effect_rows(service))
    inside = f" ({say.level({'level': level})})" if level is not None else ""
    fits, before = f"What an answer in time changed{inside}", f"The same before the contact{inside}"
    records, notes = [], []
    for row in frame.to_dict("records"):
        label = outcome_in_words(row["outcome"]).label
        if not _known(row["value"]):
            notes.append(f"{label}: {readable(say, row['reason'] or 'nothing could be told by the queue')}")
            continue
        move = f"{say.number(100 * row['first_stage'], 2)}\xa0pp".replace("-", MINUS)
        records.append(
            {
                "Outcome": label,
                "One contact more in the queue": move,
                "Strength": say.number(row["f"], 1),
                fits: _set_in_words(say, row),
                before: unbroken(_share(say, row, "placebo", "placebo_low", "placebo_high")),
                "Contacts": say.number(row["n"]),
                "Days": say.number(row["days"]),
            }
        )
    caption = "What the luck of the queue can tell"
    if not records:
        return sentences_alone(caption, *dict.fromkeys(notes))
    told = (
        "One contact more about other products in the hour before moves the share answered in time by so many "
        f"percentage points. A strength below {STRONG} is too little: the comparison of similar customers then stands.",
        "The range holds every effect that fits the data, and stays right where the queue is weak; it may then have no "
        "end. Before the contact, as a share of the mean, nothing can have changed.",
    )
    return Table(
        caption,
        pd.DataFrame(records),
        frame,
        numbers=("One contact more in the queue", "Strength", "Contacts", "Days"),
        notes=(*told, *dict.fromkeys(notes)),
    )


def estimates_beside(service: Any, *, locale: str | None = None) -> Table:
    """Every estimate of every outcome, the one that stands first; a raw figure only beside one of the others.

    Parameters
    ----------
    service : ServiceResult
        With `beside`.
    """
    say = words(locale)
    caption = "Every estimate, and which of them stands"
    frame = getattr(service, "beside", None)
    if frame is None:
        raise DesignError("The result does not set its estimates side by side (`beside`).")
    rows = frame[frame["scale"] == "difference"].to_dict("records")
    told = {row["outcome"] for row in rows if row["estimator"] != "raw" and _known(row["value"])}
    shown = [row for row in rows if row["estimator"] != "raw" or row["outcome"] in told]
    if not shown:
        return sentences_alone(caption, "Nothing could be compared, so no estimates stand side by side.")
    shown.sort(key=lambda row: (_order(rows, row["outcome"]), not row["stands"]))
    level = level_of(effect_rows(service))
    head = "Per customer" + (f" ({say.level({'level': level})})" if level is not None else "")
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label,
            "Estimate": _ESTIMATES.get(row["estimator"], plain(row["estimator"], 40)),
            head: _estimate(say, row),
            "Stands": "yes" if row["stands"] else "beside it",
            "How far it can be believed": grade_in_words(row["grade"]) if _known(row["value"]) else NONE,
        }
        for row in shown
    ]
    notes = [
        f"{outcome_in_words(row['outcome']).label}, {_ESTIMATES.get(row['estimator'], 'it')}: "
        + readable(say, row["reason"])
        for row in shown
        if row["reason"]
    ]
    notes.append("Which estimate stands is decided by the strength of the queue, not by what it says.")
    if len(shown) < len(rows):
        notes.append("Raw figures are not shown alone: where nothing is claimed they are left out.")
    return Table(
        caption, pd.DataFrame(records), frame, numbers=(head,), groups="Outcome", notes=tuple(dict.fromkeys(notes))
    )


def queue_balance(service: Any, *, locale: str | None = None) -> Table:
    """Do customers who met a short queue differ from the others in what was known before?

    Parameters
    ----------
    service : ServiceResult
        With `balance`.
    """
    say = words(locale)
    caption = "Does the queue go with anything known before?"
    frame = getattr(service, "balance", None)
    if frame is None:
        raise DesignError("The result does not say whether the queue goes with what was known before (`balance`).")
    if frame.empty:
        return sentences_alone(caption, "Nothing that was recorded before could be set beside the queue.")
    records = [
        {
            "Known before": _first(row["covariate"]),
            "Gap in standard deviations (95 % interval)": f"{_two(say, row['difference'])} "
            + interval_cell(_two(say, row["low"]), _two(say, row["high"])),
            "p, adjusted": "<\xa0" + say.number(0.001, 3) if row["p_value"] < 0.001 else say.number(row["p_value"], 2),
        }
        for row in frame.to_dict("records")
    ]
    note = "As if an answer in time had changed it, which it cannot have: the figures should lie near nothing."
    return Table(caption, pd.DataFrame(records), frame, numbers=tuple(list(records[0])[1:]), notes=(note,))


def _frame(service: Any, name: str, outcome: str | None) -> pd.DataFrame:
    frame: pd.DataFrame | None = getattr(service, name, None)
    if frame is None or frame.empty:
        raise DesignError(f"The result holds no `{name}` to show in a table.")
    mine = frame if outcome is None else frame[frame["outcome"] == outcome]
    if mine.empty:
        raise DesignError(f"The result holds nothing of `{outcome}` in `{name}`.")
    return mine


def _known(value: Any) -> bool:
    return value is not None and math.isfinite(value)


def _first(name: Any) -> str:
    text = plain(name, 80)
    return text[:1].upper() + text[1:]


def _two(say: Words, value: float) -> str:
    if not _known(value):
        return NONE
    return ("+" if value > 0 else "") + say.number(value, 2)


def _value(say: Words, value: float, unit: str) -> str:
    if not _known(value):
        return NONE
    first = unit.partition(" ")[0]
    if is_currency(first):
        return say.money(value, first)
    return say.share(value) if first == "share" else say.number(value, 2)


def _mean(say: Words, row: Row, *names: str) -> str:
    if not _known(row[names[0]]):
        return "too few to show"
    value, low, high = (_value(say, row[name], str(row["unit"])) for name in names)
    return f"{value} {interval_cell(low, high)}"


def _share(say: Words, row: Row, *names: str) -> str:
    if not _known(row[names[0]]):
        return NONE
    value, low, high = (("+" if row[name] > 0 else "") + say.share(row[name], 0) for name in names)
    return f"{value} ({low} to {high})"


def _about(row: Row, low: float | None, high: float | None) -> dict[str, Any]:
    return {"scale": "difference", "unit": row["unit"], "outcome": row["outcome"], "value": row["value"],
            "low": low, "high": high}  # fmt: skip


def _set_in_words(say: Words, row: Row) -> str:
    """The set of effects that fit the data: an interval, all but an interval, any at all, or none.

    Examples
    --------
    >>> row = {"outcome": "orders", "unit": "orders per customer", "value": 0.4, "ar_kind": "line",
    ...        "ar_low": -math.inf, "ar_high": math.inf}
    >>> _set_in_words(words(), row)
    'any effect at all'
    >>> _set_in_words(words(), {**row, "ar_kind": "half_lines", "ar_low": -1.0, "ar_high": 0.5}).replace("\\xa0", " ")
    '−1.0 or lower, or +0.5 or higher'
    """
    if row["ar_kind"] == "line":
        return "any effect at all"
    if row["ar_kind"] == "empty":
        return "no effect fits: the queue contradicts itself"
    low, high = (None if not _known(row[name]) else float(row[name]) for name in ("ar_low", "ar_high"))
    about = _about(row, low, high)
    if row["ar_kind"] == "half_lines":
        ends = [f"{say.effect_signed(about, end)} or {side}"
                for end, side in ((low, "lower"), (high, "higher")) if end is not None]  # fmt: skip
        return ", or ".join(ends)
    return unbroken(say.effect_in_short(about))


def _estimate(say: Words, row: Row) -> str:
    if not _known(row["value"]):
        return "not claimed"
    low, high = (float(row[name]) if _known(row[name]) else None for name in ("low", "high"))
    if low is None and high is None:
        return "any effect at all"
    return unbroken(say.effect_in_short(_about(row, low, high)))


def _order(rows: Sequence[Row], outcome: str) -> int:
    return list(dict.fromkeys(row["outcome"] for row in rows)).index(outcome)
