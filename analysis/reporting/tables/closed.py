"""What does the close of a month hold, what has changed since months were closed, and what is not closed yet?

Reports show what was closed; late news stands beside it, on lines of its own. What is held, and what counts as
material, was decided by the close.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.rows import Row, part_of
from analysis.reporting.tables.cells import (
    NONE,
    figure_name,
    period_in_words,
    periods_in_words,
    readable,
    signed,
    value_cell,
)
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_COUNTS = {
    "locked": "Closed for the first time",
    "of_earlier_months": "of them, of earlier months",
    "adjusted": "Adjusted by late news of closed months",
    "restated": "Restated: an error was corrected",
    "redefined": "Recast by a new definition",
    "waiting": "Not closed yet",
}
_MOST_CHANGES, _MOST_REPORTED, _MOST_NOTICES = 40, 12, 8


def close_part(found: Any) -> Row:
    """What `results.json` holds of the close.

    Raises
    ------
    DesignError
        If the result holds no close of a month.
    """
    part = part_of(found, "close", itself="standing")
    if not part:
        raise DesignError("There is no close of a month (`close`) to show.")
    return part  # type: ignore[no-any-return]


def standing_in_words(say: Words, part: Row) -> str:
    """Whether a month is closed, on trial, or not over, as a sentence."""
    month = say.month(part["month"])
    if part["standing"] == "closed":
        return f"{month} is closed, with all that was known on {say.instant(part['known_at'])}."
    if part["standing"] == "trial":
        return f"{month} is not closed: this is a trial of what a close would hold, and nothing of it was written."
    return f"{month} is not closed: {readable(say, part['not_shown'] or 'it is not over').rstrip('.')}."


def close(found: Any, *, locale: str | None = None) -> Table:
    """What does the close of the month hold, or would it hold: counts of its entries, and how it stands.

    Parameters
    ----------
    found : MonthClose, results or what stands there under `close`

    Raises
    ------
    DesignError
        If the result holds no close.
    """
    say = words(locale)
    part = close_part(found)
    caption = f"The close of {say.month(part['month'])}"
    months = part["closed_months"]
    notes = [standing_in_words(say, part)]
    notes += [f"Months closed so far: {periods_in_words(say, months)}."] if months else ["No month is closed so far."]
    if part["head"]:
        notes.append(f"Seal of the closed-month record: {plain(part['head'], 80)}.")
    if part.get("opening"):
        notes.append(f"Entered as opening figures with this close: {periods_in_words(say, part['opening'])}.")
    if part.get("not_compared"):
        notes.append(
            f"Not counted again, so that late news of them is open: {periods_in_words(say, part['not_compared'])}."
        )
    if part.get("reason"):
        notes.append(f"Reason given for what was restated: {readable(say, part['reason'])}.")
    if "counts" not in part:
        return sentences_alone(caption, *notes)
    records = [{"Figures": said, "Number": say.number(part["counts"][name])} for name, said in _COUNTS.items()]
    frame = pd.DataFrame({"kind": list(part["counts"]), "figures": list(part["counts"].values())})
    return Table(caption, pd.DataFrame(records), frame, numbers=("Number",), notes=tuple(notes))


def changes(found: Any, *, most: int = _MOST_CHANGES, locale: str | None = None) -> Table:
    """Which figures of closed months have moved, from what to what, and is it material? The largest moves first.

    A figure that reads the same and whose counts alone moved is counted in a sentence. No material change of a whole
    figure is left out.

    Parameters
    ----------
    found : MonthClose, results or what stands there under `close`
    most : int
        Rows; parts of a figure, and changes that are not material, are shown until there are so many.

    Raises
    ------
    DesignError
        If the result holds no close.
    """
    say = words(locale)
    part = close_part(found)
    caption = "Figures of closed months that have changed"
    rows = part.get("changes") or []
    moved = [row for row in rows if row["before"] != row["value"]]
    moved.sort(key=_rank)
    told = sum(bool(row["material"]) and not row["segment"] for row in moved)
    shown = moved[: max(most, told)]
    notes = []
    if same := len(rows) - len(moved):
        what = "figure reads" if same == 1 else "figures read"
        notes.append(f"{say.number(same)} further {what} as before; the counts behind moved.")
    if rest := moved[len(shown) :]:
        parts = sum(bool(row["material"]) for row in rest)
        which = f"{say.number(parts)} of them material, all of parts of a figure" if parts else "none of them material"
        notes.append(f"{say.number(len(rest))} further changes are not shown, {which}.")
    if part["standing"] == "trial":
        notes.append("On trial: nothing of this was written.")
    if not shown:
        return sentences_alone(caption, "No figure of a closed month has changed.", *notes)
    records = [
        {
            "Size": "Material: readers are told" if row["material"] else "Small",
            "Figure": figure_name(row, with_basis=True),
            "Month": period_in_words(say, row["period"]),
            "Reported": value_cell(say, row["before"], row["unit"]),
            "Now": value_cell(say, row["value"], row["unit"]),
            "Change": _change(say, row["relative_change"]),
            "Why": readable(say, row.get("reason") or "error corrected") if row["entry"] == "restate" else "late news",
        }
        for row in shown
    ]
    numbers = ("Reported", "Now", "Change")
    return Table(caption, pd.DataFrame(records), pd.DataFrame(rows), numbers=numbers, groups="Size", notes=tuple(notes))


def reported(found: Any, *, most: int = _MOST_REPORTED, locale: str | None = None) -> Table:
    """What the closed month reports: its own figure, late news of earlier months on lines of its own, and the sum.

    Parameters
    ----------
    found : MonthClose, results or what stands there under `close`
    most : int
        Figures shown; whole ones before their parts.

    Raises
    ------
    DesignError
        If the result holds no close.
    """
    say = words(locale)
    part = close_part(found)
    month = say.month(part["month"])
    caption = f"What {month} reports, with late news of earlier months"
    rows = sorted(part.get("reported") or [], key=lambda row: (len(row["segment"]), row["metric"], str(row["segment"])))
    if not rows:
        return sentences_alone(caption, f"No late news of earlier months was booked with {month}.")
    records = []
    for row in rows[:most]:
        lines = [(month, value_cell(say, row["locked"], row["unit"]))]
        lines += [
            (f"late news of {say.month(news['period'])}", signed(say, news["change"], row["unit"]))
            for news in row["adjustments"]
        ]
        lines.append(("reported", value_cell(say, row["reported"], row["unit"])))
        records += [{"Figure": figure_name(row), "Line": line, "Number": value} for line, value in lines]
    rest = len(rows) - most
    notes = (
        (f"{say.number(rest)} further figures, mostly parts of these, are in the executed notebook.",)
        if rest > 0
        else ()
    )
    frame = pd.DataFrame(
        [
            {"metric": row["metric"], "segment": row["segment"], "period": period, "value": value}
            for row in rows
            for period, value in (
                (part["month"], row["locked"]), *((news["period"], news["change"]) for news in row["adjustments"]),
            )
        ]
    )  # fmt: skip
    return Table(caption, pd.DataFrame(records), frame, numbers=("Number",), groups="Figure", notes=notes)


def waiting(found: Any, *, locale: str | None = None) -> Table:
    """Which figures are not closed yet, and why not?

    Raises
    ------
    DesignError
        If the result holds no close.
    """
    say = words(locale)
    rows = close_part(found).get("waiting") or []
    caption = "Figures that are not closed yet"
    if not rows:
        return sentences_alone(caption, "No figure of the months up to this close is waiting.")
    found_by: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found_by.setdefault((row["metric"], readable(say, row["reason"])), []).append(row)
    records = [
        {
            "Figure": figure_name({"metric": metric}),
            "Months": periods_in_words(say, [row["period"] for row in mine]),
            "Why": reason,
            "Figures": say.number(sum(row["figures"] for row in mine)),
        }
        for (metric, reason), mine in found_by.items()
    ]
    return Table(caption, pd.DataFrame(records), pd.DataFrame(rows), numbers=("Figures",))


def notices(found: Any, *, most: int = _MOST_NOTICES, locale: str | None = None) -> Table:
    """What readers of earlier reports must be told, as sentences.

    Raises
    ------
    DesignError
        If the result holds no close.
    """
    say = words(locale)
    rows = notices_in_order(close_part(found))
    said = [notice_in_words(say, row) for row in rows]
    rest = len(said) - most
    said = said if rest <= 0 else [*said[:most], f"And {say.number(rest)} more, in the table of changes."]
    none = "Nothing that was reported of closed months has changed by more than is material."
    return Table("Notices", pd.DataFrame(), pd.DataFrame(rows), notes=tuple(said or [none]))


def notices_in_order(part: Row) -> list[Row]:
    """The notices of a close, restatements first, whole figures before parts, the largest before smaller ones."""
    return sorted(part.get("notices") or [], key=_weight)


def notice_in_words(say: Words, row: Row) -> str:
    """A notice as a sentence.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> print(notice_in_words(words(), {"kind": "adjusted", "metric": "mentions", "segment": {}, "basis": "action",
    ...     "period": "2026-08", "unit": "mentions", "before": 100, "after": 112, "relative_change": 0.12,
    ...     "reason": None, "earlier": 0}))
    Mentions, August 2026: reported as 100, now 112 (+12.0\xa0%), by what became known after the month was closed.
    """
    name = f"{figure_name(row, with_basis=row['basis'] == 'post')}, {period_in_words(say, row['period'])}"
    before, after = (value_cell(say, row[side], row["unit"]) for side in ("before", "after"))
    why = readable(say, row["reason"] or "no reason was recorded").rstrip(".")
    if row["kind"] == "not_computed":
        also = f", nor in {row['earlier']} earlier closed months" if row["earlier"] else ""
        return f"{name}: closed at {before}, it could not be counted again{also} ({why}). It stands."
    share = "" if row["relative_change"] is None else f" ({_change(say, row['relative_change'])})"
    because = f"restated: {why}" if row["kind"] == "restated" else "by what became known after the month was closed"
    return f"{name}: reported as {before}, now {after}{share}, {because}."


def _weight(row: Row) -> tuple[bool, bool, float, str]:
    return row["kind"] != "restated", bool(row["segment"]), -abs(row["relative_change"] or 0), row["metric"]


def _rank(row: Row) -> tuple[Any, ...]:
    """Material changes first, of whole figures before parts, the largest before smaller ones."""
    return not row["material"], bool(row["segment"]), -_size(row), row["metric"], row["period"], str(row["segment"])


def _size(row: Row) -> float:
    return abs(row["relative_change"]) if row["relative_change"] is not None else float("inf")


def _change(say: Words, share: float | None) -> str:
    if share is None:
        return NONE
    digits = next(digits for digits in range(1, 5) if round(100 * share, digits) or digits == 4)
    return ("+" if share > 0 else "") + say.share(share, digits)
