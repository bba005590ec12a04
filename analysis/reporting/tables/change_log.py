"""What was changed, what did each figure do then, and how far can it be believed?

Tables of the change log: its entries with what else lay in their months, results by change and figure, and the checks
of each. Months are counted here, not customers. What is found after a change is put in sentences by
`reporting.changes`, what the model finds elsewhere is left to `change_log_beside`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.changes import (
    change_in_words,
    changes_studied,
    days_in_words,
    entries_of,
    findings_by_change,
    step_rows,
)
from analysis.reporting.formats import plain
from analysis.reporting.naming import (
    check_in_words,
    grade_in_words,
    in_plain_words,
    unit_in_words,
    verdict_in_words,
)
from analysis.reporting.rows import Row, level_of
from analysis.reporting.tables.cells import NONE, readable, unbroken
from analysis.reporting.tables.checks import SIGNS
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.vocabulary import CHANGES
from analysis.reporting.wording import Words, figure_in_words, has_failed, stands_out, words

_WRITTEN = {"yes": "written afterwards", "no": "written by then", "unknown": "not known when"}
"""By whether an entry was written down after it took effect."""


def change_entries(found: Any, *, locale: str | None = None) -> Table:
    """Every entry studied or named: from when, what, whom it touched, when it was written down, what else came then.

    Parameters
    ----------
    found : ChangeLogResult, or results
    """
    say = words(locale)
    entries = entries_of(found)
    caption = "The change log"
    if not entries:
        return sentences_alone(caption, "The change log holds no entry of what was changed in these months.")
    records = [
        {
            "From": say.day(str(one["effective_from"])),
            "What": _what(one),
            "Written down": _written(say, one),
            "Of the same months": _others(entries, one) or "nothing else studied or named",
            "Studied": _studied(one),
        }
        for one in entries
    ]
    notes = ["Entries of one month are studied together: nothing by month can tell them apart."]
    if any(one["written_afterwards"] == "yes" for one in entries):
        notes.append("A date that is written down afterwards can have been chosen by the figures.")
    return Table(caption, pd.DataFrame(records), pd.DataFrame(entries), notes=tuple(notes), sentences=True)


def change_results(found: Any, *, locale: str | None = None) -> Table:
    """For every change and figure: the step, the turn in its monthly change, and how far they can be believed.

    Parameters
    ----------
    found : ChangeLogResult, or results
    """
    say = words(locale)
    rows, entries = step_rows(found), entries_of(found)
    if not rows:
        raise DesignError("There is no result of the change log to show in a table.")
    level = level_of(rows)
    inside = f" ({say.level({'level': level})})" if level is not None else ""
    step, turn = f"Step{inside}", f"Turn, a month{inside}"
    records: list[dict[str, str]] = []
    notes: list[str] = []
    for change in changes_studied(rows, entries):
        mine = [row for row in rows if str(row["treated"]) == change]
        turns = {_figure(row): row for row in mine if row["estimand"] == "slope_change"}
        name = change_in_words(say, entries, change)
        notes += _refused(say, [row for row in mine if row["estimand"] == "level_change"], name)
        for row in mine:
            if row["estimand"] != "level_change":
                continue
            records.append(
                {
                    "Change": f"After {name}",
                    "Figure": figure_in_words(row) + _unit(row),
                    step: _told(say, row),
                    turn: _told(say, turns.get(_figure(row))),
                    "Stands out": _stands(row),
                    "How far it can be believed": NONE if row["value"] is None else grade_in_words(row["grade"]),
                    "Months after": say.number(row["n_treated"]),
                    "Months before": say.number(row["n_comparison"]),
                }
            )
    return Table(
        "What figures did after each change",
        pd.DataFrame(records),
        pd.DataFrame([{name: value for name, value in row.items() if name != "checks"} for row in rows]),
        numbers=(step, turn, "Months after", "Months before"),
        groups="Change",
        notes=(
            "A step is how far the figure stood off its earlier path in the first whole month, a turn by how much its "
            "monthly change differed from then on. Stands out: clear, and still clear when it is allowed for how many "
            "figures were looked at.",
            *notes,
        ),
    )


def change_findings(found: Any, *, locale: str | None = None) -> Table:
    """What may be said of each change: its figures together, clear or not, with everything else of its months.

    Parameters
    ----------
    found : ChangeLogResult, or results
    """
    say = words(locale)
    entries = entries_of(found)
    told = list(findings_by_change(found, say))
    if not told:
        raise DesignError("There is no change of which anything could be said.")
    records = [
        {
            "Change": _capital(change_in_words(say, entries, change)),
            "What may be said": in_plain_words(plain(text, 1200)),
        }
        for change, text in told
    ]
    frame = pd.DataFrame(told, columns=["change", "finding"])
    return Table("Findings in words", pd.DataFrame(records), frame, sentences=True)


def change_checks(found: Any, *, locale: str | None = None) -> Table:
    """Every check that decides a grade, by change, what failed first; the same for several figures in one row.

    Parameters
    ----------
    found : ChangeLogResult, or results
    """
    say = words(locale)
    rows, entries = step_rows(found), entries_of(found)
    caption = "Checks of each change"
    judged = [row for row in rows if row["estimand"] == "level_change" and row.get("checks")]
    if not judged:
        return sentences_alone(caption, "No figure could be followed around a change, so there is nothing to check.")
    records: list[dict[str, str]] = []
    folded: dict[str, None] = {}
    for change in changes_studied(judged, entries):
        mine = [row for row in judged if str(row["treated"]) == change]
        name = _capital(change_in_words(say, entries, change))
        for check, figures in _alike(mine):
            whom = "All figures" if len(figures) == len(mine) > 1 else ", ".join(figures)
            what, told = check_in_words(check["name"]), readable(say, days_in_words(say, check["detail"]), 900)
            if not (gate := check.get("gate", True)) or check["verdict"] == "passed":
                folded[f"{what} ({name}; {whom}): {told}"] = None
            if not gate:
                continue
            records.append(
                {
                    "What was tested": what,
                    "Result": f"{SIGNS.get(check['verdict'], '')} {verdict_in_words(check['verdict'])}",
                    "Figure": whom,
                    "What came out": "" if check["verdict"] == "passed" else told,
                    "Change": name,
                }
            )
    every = [{"change": row["treated"], "outcome": row["outcome"], **one} for row in judged for one in row["checks"]]
    return Table(
        caption,
        pd.DataFrame(records),
        pd.DataFrame(every),
        groups="Change",
        sentences=True,
        folded=tuple(folded),
        folded_under="What the passed ones compared, and what changes no grade",
    )


def _what(entry: Mapping[str, Any]) -> str:
    kind = CHANGES.get(str(entry["kind"]), "change")
    scope = plain(entry["scope"], 60)
    whom = f" ({scope})" if scope and scope != "all" else ""
    told = plain(entry["description"], 200)
    return f"{_capital(kind)}{whom}{f': {told}' if told else ''} ({plain(entry['change_id'], 40)})"


def _written(say: Words, entry: Mapping[str, Any]) -> str:
    told = _WRITTEN.get(str(entry["written_afterwards"]), _WRITTEN["unknown"])
    return f"{say.day(str(entry['recorded_at']))}, {told}" if entry["recorded_at"] else told


def _others(entries: Sequence[Mapping[str, Any]], entry: Mapping[str, Any]) -> str:
    named = {name for name in str(entry["others_in_window"]).split(", ") if name}
    return ", ".join(
        f"{plain(one['change_id'], 40)} ({CHANGES.get(str(one['kind']), 'change')})"
        for one in entries
        if one["change_id"] in named
    )


def _studied(entry: Mapping[str, Any]) -> str:
    if not entry["studied_as"]:
        return "not studied, named only"
    alone = entry["studied_as"] == entry["change_id"]
    return "studied" if alone else f"studied together with {plain(entry['studied_as'], 40)}"


def _figure(row: Row) -> tuple[str, str]:
    return str(row["outcome"]), str(sorted(row["segment"].items()))


def _unit(row: Row) -> str:
    unit = str(row.get("unit") or "")
    return "" if unit in ("", "share", "ratio", "score", "seconds", "money") else f", {unit_in_words(unit)}"


def _told(say: Words, row: Row | None) -> str:
    return NONE if row is None else unbroken(say.effect_in_short(row))


def _stands(row: Row) -> str:
    if row["value"] is None:
        return NONE
    if not stands_out(row):
        return "no"
    return "yes, with other changes" if has_failed(row, "single_cause") else "yes"


def _refused(say: Words, steps: Sequence[Row], name: str) -> list[str]:
    """Why no step is claimed after a change: one sentence a reason, with the figures it holds for."""
    reasons: dict[str, list[str]] = {}
    for row in steps:
        if row["value"] is None:
            reasons.setdefault(readable(say, row.get("reason") or "no reason was recorded"), []).append(
                figure_in_words(row)
            )
    return [
        f"Not claimed after {name}, {'all figures' if len(whom) == len(steps) else ', '.join(whom)}: {reason}"
        for reason, whom in reasons.items()
    ]


def _alike(rows: Sequence[Row]) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Checks that came out alike with the figures they hold for, worst verdicts first."""
    found: dict[tuple[str, str, str], tuple[Mapping[str, Any], list[str]]] = {}
    for row in rows:
        for check in row["checks"]:
            key = (check["name"], check["verdict"], check["detail"])
            found.setdefault(key, (check, []))[1].append(figure_in_words(row))
    order = list(SIGNS)
    return sorted(found.values(), key=lambda one: order.index(one[0]["verdict"]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
