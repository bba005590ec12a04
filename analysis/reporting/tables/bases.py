"""How do a report by the month it began and one by the month of the action hang together? Tables of both bases.

The lines of a bridge add up to the unit. What posts are still expected to gather is an estimate and is marked as one.
How all of this is counted is left to the metrics.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.naming import action_in_words
from analysis.reporting.rows import Row
from analysis.reporting.tables.cells import interval_cell, readable
from analysis.reporting.tables.closed import close_part
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_OLDER = 3
_APART = {
    "pre-history": "posts published before the months looked at",
    "unknown post": "unknown posts",
    "shared link": "links that several posts share",
}
_AGED = re.compile(r"posts published (\d+) months? before")


def bridge(found: Any, *, kind: str | None = None, locale: str | None = None) -> Table:
    """From what the month's own posts gathered to what was done in the month: lines that add up.

    Parameters
    ----------
    found : MonthClose, results or what stands there under `close`
    kind : str, optional
        Only this kind of action.

    Raises
    ------
    DesignError
        If the result holds no close, or none of this kind.
    """
    say = words(locale)
    part = close_part(found)
    month = say.month(part["month"])
    caption = f"From the posts of {month} to the actions in {month}"
    rows = [row for row in part.get("bridges") or [] if kind in (None, row["kind"])]
    if not rows and kind is not None and part.get("bridges"):
        there = ", ".join(row["kind"] for row in part["bridges"])
        raise DesignError(f"There is no bridge of `{plain(kind, 40)}`; there are of: {there}.")
    if not rows:
        return sentences_alone(
            caption, "Nothing is known of what people did with posts on both bases.", *_why(say, found)
        )
    records = []
    for row in rows:
        lines = [(f"Posts of {month}, as known when it ended", row["post"]), *bridge_lines(row["lines"])]
        lines.append((f"Actions in {month}", row["action"]))
        records += [
            {
                "Kind": action_in_words(row["kind"]),
                "Line": line,
                "Number": ("+" if 0 < place < len(lines) - 1 and n > 0 else "") + say.number(n),
            }
            for place, (line, n) in enumerate(lines)
        ]
    frame = pd.DataFrame(
        [
            {"kind": row["kind"], "line": line["line"], "quantity": line["quantity"]}
            for row in rows
            for line in (
                {"line": "posts", "quantity": row["post"]},
                *row["lines"],
                {"line": "actions", "quantity": row["action"]},
            )
        ]
    )  # fmt: skip
    return Table(caption, pd.DataFrame(records), frame, numbers=("Number",), groups="Kind" if len(rows) > 1 else None)


def run_off(found: Any, *, months: int = 6, locale: str | None = None) -> Table:
    """What are the posts of the last months still expected to gather? Estimates, with their interval.

    Parameters
    ----------
    found : MonthClose, results or what stands there under `close`
    months : int
        How many of the last months of posts.

    Raises
    ------
    DesignError
        If the result holds no close.
    """
    say = words(locale)
    every: Sequence[Row] = close_part(found).get("run_off") or []
    caption = "What posts are still expected to gather (estimated)"
    if not every:
        return sentences_alone(caption, "Nothing is estimated of what posts are still to gather.", *_why(say, found))
    level = say.share(every[0]["level"], 0)
    still = f"Still expected ({level} interval)"
    shown = sorted({row["month"] for row in every})[-months:]
    rows = [row for row in every if row["month"] in shown]
    records = [
        {
            "Kind": action_in_words(row["kind"]),
            "Posts of": say.month(row["month"]),
            "So far": say.number(row["actual"]),
            still: f"{say.number(row['expected'], 0)} {_ends(say, row)}",
            "In the end, about": say.number(row["actual"] + row["expected"], 0),
        }
        for row in rows
    ]
    return Table(
        caption=caption,
        cells=pd.DataFrame(records),
        frame=pd.DataFrame(every),
        numbers=("So far", still, "In the end, about"),
        groups="Kind",
        notes=(
            "Estimated from how the posts of older months grew with age; no such number stands where a count does.",
            *_why(say, found),
        ),
    )


def triangle(found: Any, kind: str, *, ages: int = 6, months: int = 12, locale: str | None = None) -> Table:
    """How do the posts of a month gather what people do with them, month after month?

    Parameters
    ----------
    found : MonthClose, Triangle or triangles
        `results.json` does not keep them.
    kind : str
    ages : int
        Ages in months that have a column of their own; later ones share one.
    months : int
        How many of the last months of posts.

    Raises
    ------
    DesignError
        If there is no triangle of this kind.
    """
    say = words(locale)
    one = next((one for one in _triangles(found) if one.kind == kind), None)
    if one is None:
        there = ", ".join(f"`{one.kind}`" for one in _triangles(found)) or "none, and `results.json` keeps none"
        raise DesignError(f"There is no triangle of `{plain(kind, 40)}` to show; there are: {there}.")
    increments = one.increments()
    heads = ["In its month", *(f"{age} month{'s' if age > 1 else ''} later" for age in range(1, ages + 1))]
    records = []
    for place in range(max(0, len(one.months) - months), len(one.months)):
        seen = len(one.months) - place
        cells = [say.number(int(increments[place, age])) if age < seen else "" for age in range(ages + 1)]
        later = say.number(int(increments[place, ages + 1 : seen].sum())) if seen > ages + 1 else ""
        total = say.number(one.row(one.months[place]))
        records.append(
            {"Posts of": say.month(str(one.months[place]), short=True)}
            | dict(zip(heads, cells, strict=True))
            | {"Later still": later, "So far": total}
        )
    apart: dict[str, int] = {}
    for (why, _), quantity in one.apart.items():
        apart[why] = apart.get(why, 0) + quantity
    notes = ["Across: the posts of one month as they grow older. An empty cell lies after the last month."]
    notes += (
        [f"Not on a line: {', '.join(f'{_APART.get(why, why)} {say.number(n)}' for why, n in sorted(apart.items()))}."]
        if apart
        else []
    )
    caption = f"{action_in_words(kind)} by the month of the post and its age"
    return Table(
        caption, pd.DataFrame(records), one.to_frame(), numbers=(*heads, "Later still", "So far"), notes=tuple(notes)
    )


def _triangles(found: Any) -> Iterable[Any]:
    if hasattr(found, "increments"):
        return (found,)
    return tuple(getattr(found, "triangles", ())) if hasattr(found, "triangles") else ()


def bridge_lines(lines: Sequence[Row]) -> list[tuple[str, int]]:
    """The lines in words, those of posts older than a few months together."""
    shown: list[tuple[str, int]] = []
    older = 0
    for line in lines:
        aged = _AGED.fullmatch(line["line"])
        if aged and int(aged[1]) > _OLDER:
            older += line["quantity"]
        else:
            said = _APART.get(line["line"], plain(line["line"], 80))
            shown.append((said[:1].upper() + said[1:], line["quantity"]))
    if older:
        after = sum(
            bool(_AGED.fullmatch(line[:1].lower() + line[1:])) or line.startswith("Learned") for line, _ in shown
        )
        shown.insert(after, (f"Posts published more than {_OLDER} months before", older))
    return shown


def _why(say: Words, found: Any) -> list[str]:
    """What the result says of kinds that could not be told."""
    if isinstance(found, dict):
        noted = ((found.get("coverage") or {}).get("notes") or {}).get("month_close") or ()
    else:
        noted = getattr(found, "notes", ())
    return [readable(say, note) for note in noted]


def _ends(say: Words, row: Row) -> str:
    low = say.number(row["low"], 0)
    return f"({low} or more)" if row["high"] is None else interval_cell(low, say.number(row["high"], 0))
