"""What would a test see, how long would it take, would it cry wolf, and what was thereby decided beforehand?

Everything is worked out from the company's own records before anybody is assigned. Charts are left to `charts.sizes`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import is_currency, plain
from analysis.reporting.naming import group_in_words, humanised, in_plain_words, measured_in, outcome_in_words
from analysis.reporting.rows import Row
from analysis.reporting.tables.cells import NONE, readable
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_ROLES = {"primary": "decides", "outcome": "told besides", "guardrail": "must not get worse"}
_WAYS = {
    "plain": "as assigned",
    "adjusted": "adjusted for what was known before",
    "clustered": "groups as wholes",
    "clustered, adjusted": "groups as wholes, adjusted",
    "clusters ignored": "as if groups had not been assigned as wholes",
}
_STOPPING = {
    "fixed": "once, when the sizes are reached and the time is over",
    "always_valid": "at any time between the first look and the last, with intervals that allow for it",
}


def smallest_effects(found: Any, *, locale: str | None = None) -> Table:
    """The smallest effect that would be found, and what it takes to find the smallest one that matters.

    Parameters
    ----------
    found : SheetResult
        With `sheet`.
    """
    say = words(locale)
    rows = [row.to_dict() for row in _sheet(found).rows]
    several = len({row["arm"] for row in rows}) > 1
    records = [
        {
            "Outcome": measured_in(outcome_in_words(row["outcome"]).label, row["unit"])
            + f" ({_ROLES.get(row['role'], row['role'])})",
            "How it is counted": (f"{group_in_words(row['arm'])}, " if several else "")
            + _WAYS["adjusted" if row["adjusted"] else "plain"],
            "Today": _level(say, row, row["mean"]),
            "Customers in each arm": f"{say.number(row['n_treated'])} and {say.number(row['n_comparison'])}",
            "Smallest effect found": _size(say, row, row["smallest_effect"], row["smallest_effect_relative"]),
            "What matters": _size(say, row, row["matters"], row["matters_relative"]),
            "Chance to find it": NONE if row["power_for_it"] is None else say.chance(row["power_for_it"]),
            "Customers it takes": _needed(say, row),
            "Days": NONE if row["days"] is None else say.number(row["days"]),
        }
        for row in rows
    ]
    power = {row["power"] for row in rows}
    chance = f"with a chance of {say.chance(power.pop())}" if len(power) == 1 else "with the chance planned"
    notes = [f"An effect of that size or more would be found {chance}."]
    notes += dict.fromkeys(
        f"{outcome_in_words(row['outcome']).label}: {readable(say, row['reason'])}" for row in rows if row["reason"]
    )
    notes += [readable(say, note) for note in getattr(found, "notes", ())]
    return Table(
        "What the test would see",
        pd.DataFrame(records),
        pd.DataFrame(rows),
        numbers=("Today", "Customers in each arm", "Smallest effect found", "What matters", "Chance to find it",
                 "Customers it takes", "Days"),
        groups="Outcome",
        notes=tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def by_duration(found: Any, *, locale: str | None = None) -> Table:
    """The smallest effect if customers were followed for a shorter or a longer time.

    Parameters
    ----------
    found : SheetResult
    """
    say = words(locale)
    sheet = _sheet(found)
    caption = "By how long customers are followed"
    if sheet.durations.empty:
        return sentences_alone(caption, "The records tell of no other length.")
    units = {row.outcome: row.unit for row in sheet.rows}
    frame = sheet.durations.sort_values(["outcome", "window_days", "adjusted"], kind="stable")
    rows = [{**row, "unit": units.get(row["outcome"], "")} for row in frame.to_dict("records")]
    rows.sort(key=lambda row: list(units).index(row["outcome"]) if row["outcome"] in units else len(units))
    records = [
        {
            "Outcome": measured_in(outcome_in_words(row["outcome"]).label, str(row["unit"])),
            "Days": say.number(int(row["window_days"])),
            "How it is counted": _WAYS["adjusted" if row["adjusted"] else "plain"],
            "Today": _level(say, row, row["mean"]),
            "Smallest effect found": _size(say, row, row["smallest_effect"], row["smallest_effect_relative"]),
        }
        for row in rows
    ]
    note = "The adjustment is worth the more, the more what customers did before tells of what they do after."
    return Table(
        caption, pd.DataFrame(records), frame.reset_index(drop=True),
        numbers=("Days", "Today", "Smallest effect found"),
        groups="Outcome", notes=(note,),
    )  # fmt: skip


def false_alarms(found: Any, *, locale: str | None = None) -> Table:
    """How often the analysis found an effect where nothing was done, on the company's own customers.

    Parameters
    ----------
    found : SheetResult
        With `a_a`, or None there.
    """
    say = words(locale)
    caption = "False alarms where nothing was done"
    result = getattr(found, "a_a", None)
    if result is None:
        why = [readable(say, note) for note in getattr(found, "unanswered", ())]
        return sentences_alone(caption, *(why or ["No trial of the analysis was asked for."]))
    rows = [row.to_dict() for row in result.rows]
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label,
            "How it is counted": _WAYS.get(row["estimator"], humanised(row["estimator"])),
            "False alarms": f"{say.share(row['rate'])} ({say.number(row['alarms'])} of {say.number(row['divisions'])})",
            "Allowed": say.share(row["expected"]),
            "By chance, within": f"±{say.share(2 * row['monte_carlo_error'])}",
            "Verdict": _alarm_verdict(row),
        }
        for row in rows
    ]
    notes = (
        f"{say.number(result.customers)} customers were divided by lot again and again, nothing was done to anybody, "
        "and every division was analysed as the test would be.",
    )
    return Table(
        caption, pd.DataFrame(records), pd.DataFrame(rows), numbers=("False alarms", "Allowed", "By chance, within"),
        groups="Outcome", notes=notes,
    )  # fmt: skip


def declaration(found: Any, *, locale: str | None = None) -> Table:
    """What is decided before anybody looks, and the mark by which the file is known again.

    Parameters
    ----------
    found : SheetResult
        With `declaration`.
    """
    say = words(locale)
    made = getattr(found, "declaration", None)
    if made is None:
        raise DesignError("The result holds no declaration to show in a table.")
    told = made.to_dict()

    def named(names: Any) -> str:
        return "; ".join(outcome_in_words(str(name)).label for name in names) or "none"

    lines = {
        "Test": plain(told["name"], 80).replace("_", " "),
        "Decided on": say.day(told["declared_on"]) if told.get("declared_on") else "no day was given",
        "Decides": named([told["primary"]]),
        "Told besides": named([name for name in told["outcomes"] if name != told["primary"]]),
        "Believed": " ".join(f"{plain(one['name'], 60)}: {_sentence(one['statement'])}" for one in told["hypotheses"])
        or "nothing was written down",
        "By segment": "; ".join(plain(name, 40).replace("_", " ") for name in told["segments"]) or "none",
        "Must not get worse": "; ".join(
            f"{outcome_in_words(name).label} by {_rounded(say, rule['margin'])} or more ({rule['worse']} is worse)"
            for name, rule in told["guardrails"].items()
        )
        or "nothing was named",
        "Customers": "; ".join(f"{group_in_words(arm)} {say.number(size)}" for arm, size in told["sizes"].items())
        or "no number was fixed",
        "Smallest effect that matters": "; ".join(
            f"{outcome_in_words(name).label} {say.share(size)}" for name, size in told["smallest_effects"].items()
        )
        or "none was named",
        "Followed for": f"{say.number(told['window_days'])} days; {say.number(told['pre_days'])} before adjust",
        "Looked at": _STOPPING.get(told["stopping"], plain(told["stopping"], 60)) + _looks(say, told["looks"]),
        "Mark of the file": plain(made.sha256, 90),
    }
    frame = pd.DataFrame({"what": list(lines), "decided": list(lines.values())})
    cells = pd.DataFrame([{"What": name, "Decided": in_plain_words(text)} for name, text in lines.items()])
    note = (
        "The mark changes with every letter of the declaration: noted elsewhere, it shows whether the file is the same."
    )
    return Table("What was decided beforehand", cells, frame, notes=(note,), sentences=True)


def _rounded(say: Words, value: float) -> str:
    return say.short(value)


def _looks(say: Words, looks: Any) -> str:
    if not looks:
        return ""
    return f" ({say.number(looks[0])} to {say.number(looks[1])} customers in each arm)"


def _sentence(text: object) -> str:
    return plain(text, 300).rstrip(".") + "."


def _alarm_verdict(row: Row) -> str:
    if row["estimator"] == "clusters ignored":
        return "never used: this is what it would do"
    return "too many" if row["too_many"] else "as allowed"


def _sheet(found: Any) -> Any:
    sheet = getattr(found, "sheet", None)
    if sheet is None or not sheet.rows:
        raise DesignError("The result holds no design sheet to show in a table.")
    return sheet


def _level(say: Words, row: Row, value: float) -> str:
    first = str(row["unit"]).partition(" ")[0]
    if is_currency(first):
        return say.money(value, first)
    return say.share(value) if first == "share" else say.number(value, None)


def _size(say: Words, row: Row, value: Any, relative: Any) -> str:
    if value is None or pd.isna(value):
        return NONE
    first = str(row["unit"]).partition(" ")[0]
    size = abs(float(value))
    said = say.money(size, first) if is_currency(first) else (
        f"{say.number(100 * size, 1)}\xa0pp" if first == "share" else say.number(size, None)
    )  # fmt: skip
    return said if relative is None or pd.isna(relative) else f"{said} ({say.share(abs(float(relative)))})"


def _needed(say: Words, row: Row) -> str:
    if row["needed_treated"] is None:
        return NONE
    return f"{say.number(row['needed_treated'])} and {say.number(row['needed_comparison'])}"
