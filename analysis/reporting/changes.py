"""What do pages call the changes of the change log, and what did the figures do after each of them?

The entries say what was changed, when, and what else in the same months; rows of effects what one figure did. Findings
are told by change, not by figure, so that nobody reads a step without what else was changed. Charts and tables of them
are left to `charts` and `tables`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words
from analysis.reporting.rows import Row, effect_rows
from analysis.reporting.vocabulary import CHANGES
from analysis.reporting.wording import Words, figure_in_words, has_failed, refusals_in_words, stands_out

ALONE = "None of these changes can be given the credit, or the blame, alone."
_MOST_NAMED = 4
_DAYS = re.compile(r"\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d)\b")


def step_rows(result: Any) -> list[Row]:
    """The effects of a change-log study among those of a result, in their order."""
    return [row for row in effect_rows(result) if row.get("design") == "change_log"]


def entries_of(result: Any) -> list[dict[str, Any]]:
    """The entries that were studied or named, from a study's result or from `results.json`.

    Raises
    ------
    DesignError
        If the result holds none.
    """
    if isinstance(result, Mapping):
        held = ((result.get("coverage") or {}).get("change_log") or {}).get("entries")
    else:
        frame = getattr(result, "entries", None)
        held = None if frame is None else frame.to_dict("records")
    if held is None:
        raise DesignError("The result does not say which entries of the change log were studied (`entries`).")
    return [dict(one) for one in held]


def of_change(entries: Sequence[Mapping[str, Any]], change: str) -> list[Mapping[str, Any]]:
    """The entries that are studied together under one id."""
    return [one for one in entries if one["studied_as"] == change]


def others_of(entries: Sequence[Mapping[str, Any]], change: str) -> list[Mapping[str, Any]]:
    """The other entries of the same months, oldest first, incidents among them."""
    mine = {one["change_id"] for one in of_change(entries, change)}
    named = {name for one in of_change(entries, change) for name in str(one["others_in_window"]).split(", ")} - mine
    return [one for one in entries if one["change_id"] in named]


def days_in_words(say: Words, text: str) -> str:
    """A text with its days as words.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> days_in_words(words(), "In force from 2025-03-03.")
    'In force from 3 March 2025.'
    """
    return _DAYS.sub(lambda found: say.day(found[0]), text)


def entry_in_words(say: Words, entry: Mapping[str, Any]) -> str:
    """An entry as a sentence names it: "programme of March 2025 (CH002)".

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> entry_in_words(words(), {"change_id": "CH3", "kind": "staffing", "effective_from": "2025-03-03"})
    'change in staffing of March 2025 (CH3)'
    """
    kind = CHANGES.get(str(entry["kind"]), "change")
    return f"{kind} of {say.month(str(entry['effective_from'])[:7])} ({plain(entry['change_id'], 40)})"


def entry_told(say: Words, entry: Mapping[str, Any], limit: int = 120) -> str:
    """An entry with its day, its kind and its own words."""
    kind = CHANGES.get(str(entry["kind"]), "change")
    told = f": {plain(entry['description'], limit)}" if str(entry["description"]).strip() else ""
    day, name = say.day(str(entry["effective_from"])), plain(entry["change_id"], 40)
    return f"{day}. {kind[:1].upper()}{kind[1:]}{told} ({name})"


def change_in_words(say: Words, entries: Sequence[Mapping[str, Any]], change: str) -> str:
    """The change, or all those of its months together: nothing by month can tell them apart.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> entry = {"change_id": "CH2", "kind": "programme", "effective_from": "2025-03-03", "others_in_window": "CH3",
    ...          "studied_as": "CH2"}
    >>> change_in_words(words(), [entry], "CH2")
    'the programme of March 2025 (CH2)'
    >>> change_in_words(words(), [entry, {**entry, "change_id": "CH3", "kind": "tool"}], "CH2")
    'the changes of March 2025 together (CH2 and CH3)'
    """
    own = of_change(entries, change)
    every = own + [one for one in others_of(entries, change) if one["kind"] != "incident"]
    if not own:
        return f"change {plain(change, 60)}"
    if len(every) == 1:
        return f"the {entry_in_words(say, own[0])}"
    months = sorted(str(one["effective_from"])[:7] for one in every)
    when = f"of {say.month(months[0])}" if months[0] == months[-1] else f"from {say.months(months[0], months[-1])}"
    names = [plain(one["change_id"], 40) for one in every]
    return f"the changes {when} together ({', '.join(names[:-1])} and {names[-1]})"


def changes_studied(rows: Sequence[Row], entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids under which changes were studied, oldest first."""
    order = {one["change_id"]: place for place, one in enumerate(entries)}
    found = dict.fromkeys(str(row["treated"]) for row in rows)
    return sorted(found, key=lambda name: order.get(name, len(order)))


def findings_by_change(result: Any, say: Words) -> Iterator[tuple[str, str]]:
    """For each change, oldest first, its id and what the figures did after it, clear or not, in a few sentences."""
    rows, entries = step_rows(result), entries_of(result)
    for change in changes_studied(rows, entries):
        yield change, change_finding(say, [row for row in rows if str(row["treated"]) == change], entries, change)


def change_finding(say: Words, rows: Sequence[Row], entries: Sequence[Mapping[str, Any]], change: str) -> str:
    """What the figures did after one change: steps that stand out, then how many showed none, then what was refused."""
    name = change_in_words(say, entries, change)
    steps = [row for row in rows if row["estimand"] == "level_change"]
    judged = [row for row in steps if row["value"] is not None]
    clear = [row for row in judged if stands_out(row)]
    if not judged:
        reasons = refusals_in_words(steps, say)
        why = reasons[0].partition(" claimed")[2].partition(": ")[2] if len(reasons) == 1 else ""
        told = why or "no figure could be judged; each has its reason in the table of the change log."
        return f"After {name} nothing is claimed: {told}"
    turned = [row for row in rows if row["estimand"] == "slope_change" and stands_out(row)]
    said = [_clear(say, clear, name)] if clear else []
    quiet = [row for row in judged if row not in clear]
    if quiet:
        seen = (
            "No clear step could be seen in the others: " if clear else f"After {name} no clear step could be seen in "
        )
        said.append(f"{seen}{_names(quiet)}.")
    if turned:
        said.append(f"The monthly change turned, too: {'; '.join(_moved(say, row) for row in turned)}.")
    if any(has_failed(row, "single_cause") for row in clear):
        said.append(ALONE)
    refused = len(steps) - len(judged)
    if refused:
        said.append(f"{refused} {'figure' if refused == 1 else 'figures'} could not be judged.")
    late = [one for one in of_change(entries, change) if one["written_afterwards"] == "yes"]
    if late:
        said.append(f"Written down afterwards: {', '.join(plain(one['change_id'], 40) for one in late)}.")
    grades = sorted({row["grade"] for row in judged})
    said.append(f"Grade {' and '.join(grades)}: {grade_in_words(grades[-1])}.")
    return " ".join(said)


def _clear(say: Words, rows: Sequence[Row], name: str) -> str:
    stood = "; ".join(_moved(say, row) for row in rows)
    month = say.month(str(rows[0].get("index_from") or ""))
    return f"After {name}, against the path before, in {month}: {stood}."


def _moved(say: Words, row: Row) -> str:
    """A figure with its step: "response rate +8.8 pp (+6.5 to +10.9 pp)"."""
    label = figure_in_words(row)
    shown = label[:1].lower() + label[1:] if label[1:2].islower() else label
    return f"{shown} {say.effect_in_short(row)}"


def _names(rows: Sequence[Row]) -> str:
    labels = [figure_in_words(row) for row in rows]
    shown = [label[:1].lower() + label[1:] if label[1:2].islower() else label for label in labels]
    rest = len(shown) - _MOST_NAMED
    return ", ".join(shown) if rest <= 1 else f"{', '.join(shown[:_MOST_NAMED])} and {rest} more"
