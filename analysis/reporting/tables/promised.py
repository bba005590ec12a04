"""What was promised, what came of it, and why does it differ?

One row a promise up to the last period whose outcome is known, the parts of the difference in their order, the early
signs, and how often promised ranges held. The path of one promise is left to the chart.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.reporting.case_words import Part, source_in_words
from analysis.reporting.formats import is_currency, plain
from analysis.reporting.naming import grade_in_words, in_plain_words, metric_in_words, unit_in_words
from analysis.reporting.rows import part_of
from analysis.reporting.tables.cells import period_in_words, value_cell
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

STANDINGS = {
    "draft": "a draft, not approved",
    "no outcome yet": "no outcome yet",
    "kept": "within its range",
    "below": "below its range",
    "above": "above its range",
}
PARTS = {
    "timing": "later or earlier than promised",
    "volume": "other volume",
    "rate": "other effect on each",
    "price": "other price",
    "definition": "counted otherwise",
}
VERDICTS = {"kept": "as it should be", "breached": "missed", "not due": "not due yet", "not known": "not known"}
NONE = "Nothing was promised: the register is empty."


def promise_rows(found: Any) -> list[Part]:
    """The promises of a case, of `results.json`, or rows of them."""
    rows: list[Part] = list(part_of(found, "promises") or ())
    return rows


def promises(found: Any, *, locale: str | None = None) -> Table:
    """The promises beside what came of them.

    Parameters
    ----------
    found : RoiCase, results.json, or rows of promises
    """
    say, rows = words(locale), promise_rows(found)
    caption = "What was promised, and what came"
    if not rows:
        return sentences_alone(caption, NONE)
    notes = ["Up to the last period whose months are closed. The parts of a difference add up to it."]
    verdict = _calibration(say, found)
    if verdict:
        notes.append(verdict)
    return Table(
        caption=caption,
        cells=pd.DataFrame([_record(say, row) for row in rows]),
        frame=pd.DataFrame([_figures(row) for row in rows]),
        numbers=("Promised", "Came"),
        notes=tuple(notes),
        sentences=True,
        folded=tuple(said for row in rows for said in _early_signs(say, row)),
        folded_under="Early signs, each with its threshold and its day",
    )


def _calibration(say: Words, found: Any) -> str:
    """How often promised ranges held what came, where the results say it."""
    try:
        coverage = part_of(found, "coverage") or {}
    except TypeError:
        return ""
    if not hasattr(coverage, "get"):
        return ""
    about = (coverage.get("promises") or {}).get("calibration") or {}
    return source_in_words(say, about.get("verdict") or "")


def _figures(row: Part) -> dict[str, Any]:
    done = row["to_date"]
    split = {} if done is None else done["variance"]
    names = ("promised", *PARTS, "achieved")
    return {"id": row["id"], "status": row["status"]} | {name: split.get(name) for name in names}


def amount_in_words(say: Words, amount: float, unit: str) -> str:
    """An amount of a promise in its unit, in whole units of money."""
    if is_currency(unit):
        return say.money(amount, unit, 0)
    return f"{say.number(amount)} {unit_in_words(unit)}"


def _record(say: Words, row: Part) -> dict[str, str]:
    done, unit = row["to_date"], row["unit"]
    promised = came = why = "–"
    standing = STANDINGS.get(row["status"]) or plain(row["status"], 40)
    if done is not None:
        low, high = (amount_in_words(say, done[name], unit) for name in ("low", "high"))
        promised = f"{amount_in_words(say, done['variance']['promised'], unit)} ({low} to {high})"
        came = amount_in_words(say, done["variance"]["achieved"], unit)
        last = period_in_words(say, done["last"])
        standing += f", up to {'the ' if 'quarter' in last else ''}{last}"
        why = _why(say, done["variance"], unit)
    return {
        "Promise": in_plain_words(plain(row["description"], 200)),
        "Answers for it": plain(row["owner"], 80),
        "Promised": promised,
        "Came": came,
        "Standing": standing,
        "Why it differs": why,
        "Promised on": f"{row['grade']}: {grade_in_words(row['grade'])}",
    }


def _why(say: Words, split: Part, unit: str) -> str:
    said = []
    for name, words_of_part in PARTS.items():
        part = split[name]
        if part is None:
            said.append(f"{words_of_part}: not known")
        elif round(part) or (part and not is_currency(unit)):  # money is told in whole units
            sign = "+" if part > 0 else ""
            said.append(f"{words_of_part} {sign}{amount_in_words(say, part, unit)}")
    return "; ".join(said) or "it does not"


def _early_signs(say: Words, row: Part) -> list[str]:
    said = []
    for seen in row["leading"]:
        floor = seen["at_least"] is not None
        asked = value_cell(say, seen["at_least"] if floor else seen["at_most"], seen["unit"])
        stands = ""
        if seen["value"] is not None:
            stands = f"; {value_cell(say, seen['value'], seen['unit'])} in {say.month(str(seen['month']))}"
        name = f"{in_plain_words(plain(row['description'], 120)).rstrip('.')}: {metric_in_words(seen['metric'])}"
        due = f"{'at least' if floor else 'at most'} {asked} by {say.day(seen['by'])}"
        said.append(f"{name} {due}: {VERDICTS[seen['verdict']]}{stands}.")
    return said
