"""What was found, how far can it be believed, and on whom does it rest? Tables of effects, claims and samples.

Raw figures come last and are named as such; a refused effect keeps its row. Effects of those whose window is not over
stand in a table of their own (`interim`), what was checked in `checks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.naming import (
    grade_in_words,
    group_in_words,
    humanised,
    made_in_words,
    outcome_in_words,
    segment_in_words,
)
from analysis.reporting.parties import is_step, raw_in_words, said_of
from analysis.reporting.rows import Row, effect_rows, is_naive, level_of, main_scale
from analysis.reporting.settled import is_own, settled
from analysis.reporting.tables.cells import readable, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, evidence_in_words, words

MADE_OTHERWISE = (
    "experiment_effect_adjusted", "experiment_effect_winsorised", "experiment_effect_anytime", "complier_effect",
    "quantile_effect", "indirect_effect", "direct_effect", "effort_slope",
)  # fmt: skip
"""Estimands that stand beside the main one of their design, and are named."""


def effects(
    result: Any, *, outcome: str | None = None, segments_only: bool = False, locale: str | None = None
) -> Table:
    """Every effect with its interval and how far it can be believed; raw figures last and named as such.

    Where an effect was measured in percent and per customer, both stand in one row. How far the effects on an outcome
    can be believed is said in its heading, and again where one of them differs.

    Parameters
    ----------
    result : a study's result, results or rows of effects
    outcome : str, optional
        Only this outcome.
    segments_only : bool
        Leave out all customers and raw figures, which stand in a table of their own.
    """
    say = words(locale)
    rows = [row for row in settled(effect_rows(result)) if outcome is None or row["outcome"] == outcome]
    if segments_only:
        rows = [row for row in rows if row["segment"]]
        if not rows:
            return sentences_alone("Effects by segment", "No segment was asked for, or none could be compared.")
    if not rows:
        raise DesignError(f"There is no effect{f' on `{outcome}`' if outcome else ''} to show in a table.")
    beside = {_key(row): row for row in rows if row["scale"] == "difference" and not is_naive(row)}
    in_percent = {_key(row) for row in rows if row["scale"] == "ratio"}
    claimed = {row["outcome"] for row in rows if not is_naive(row) and row["value"] is not None}
    studied = {row["outcome"] for row in rows if not is_naive(row)}
    alone = [row for row in rows if is_naive(row) and row["outcome"] in studied - claimed]
    rows = [row for row in rows if row not in alone]
    shown = [row for row in rows if row["scale"] == "ratio" or _key(row) not in in_percent]
    outcomes = list(dict.fromkeys(row["outcome"] for row in shown))
    shown.sort(key=lambda row: (outcomes.index(row["outcome"]), is_naive(row), bool(row["segment"])))
    both = bool(in_percent & set(beside))
    level = level_of(rows)
    interval = f" ({say.level({'level': level})})" if level is not None else ""
    pers = {_per(row) for row in shown}
    per = next(iter(pers)) if len(pers) == 1 else ""
    head, each = f"Difference{per}{interval}", f"Per customer{interval}"
    grades = {outcome: _grade(shown, outcome) for outcome in outcomes}
    heads = said_of(rows[0])
    reached = heads.treated
    others = "Comparison" if reached == "Contacted" else heads.similar
    arms = {(row["treated"], row["comparison"]) for row in rows if not is_naive(row)}
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label + _evidence(grades[row["outcome"]], ", grade "),
            "For whom": _whom(row, several=len(arms) > 1)
            + (
                ""
                if row["value"] is None or is_naive(row) or row["grade"] == grades[row["outcome"]]
                else _evidence(row["grade"], "; ")
            ),
            head: _difference(say, row, level) + ("" if per or row["value"] is None else _per(row)),
            **({each: _per_customer(say, row, beside)} if both else {}),
            reached: say.number(row["n_treated"]),
            others: say.number(row["n_comparison"]),
        }
        for row in shown
    ]
    notes = [f"Not claimed: {readable(say, row['reason'])}" for row in rows if row["value"] is None]
    if alone:
        notes.append("Raw figures are not shown alone: where nothing is claimed they are left out.")
    if any(is_naive(row) for row in rows):
        notes.append("A raw difference (grade D) compares unlike customers or months and is no effect.")
    return Table(
        caption=f"Effects{' by segment' if segments_only else ''}"
        + ("" if outcome is None else f" on {outcome_in_words(outcome).label.lower()}"),
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([{name: value for name, value in row.items() if name != "checks"} for row in rows]),
        numbers=(head, *((each,) if both else ()), reached, others),
        groups="Outcome",
        notes=tuple(dict.fromkeys(notes)),
    )


def claims(result: Any, *, locale: str | None = None) -> Table:
    """What may be said of each effect, and how far it can be believed? All customers first, raw figures left out."""
    say = words(locale)
    rows = [row for row in settled(effect_rows(result)) if not is_naive(row)]
    if not rows:
        raise DesignError("There is no effect of which anything could be said.")
    told = {_key(row) for row in rows if row["scale"] == main_scale(row)}
    rows = [row for row in rows if row["scale"] == main_scale(row) or _key(row) not in told]
    whole = [row for row in rows if not row["segment"]] or rows
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label + _otherwise(row),
            "What may be said": say.finding(row),
            "How far it can be believed": evidence_in_words(row, say),
        }
        for row in whole
    ]
    frame = pd.DataFrame([{"outcome": row["outcome"], "grade": row["grade"], "claim": row["claim"]} for row in whole])
    return Table("Findings in words", pd.DataFrame(records), frame, sentences=True)


def _otherwise(row: Row) -> str:
    """How a figure was made, where it stands beside the main one."""
    estimand = str(row["estimand"])
    if estimand.partition(":")[0] in MADE_OTHERWISE:
        return f", {made_in_words(estimand)}"
    return ""


def sample(result: Any, *, locale: str | None = None) -> Table:
    """Who, or what, was studied? The account of the sample, one line a count, and what was left out.

    Of those left out, only reasons that held for somebody have a line.
    """
    say = words(locale)
    account = dict(getattr(result, "sample", None) or {})
    if not account:
        raise DesignError("The result holds no account of who was studied.")
    rows = effect_rows(result) if hasattr(result, "effects") else []
    account = _with_comparison(account, rows)
    asked = "What" if rows and is_step(rows[0]) else "Who"
    records = [
        {asked: _counted_as(name), "Number": say.number(value) if _is_number(value) else plain(value, 200)}
        for name, value in account.items()
    ]
    frame = pd.DataFrame({"who": list(account), "number": list(account.values())})
    notes = tuple(readable(say, note) for note in getattr(result, "notes", ()))
    return Table(f"{asked} was studied", pd.DataFrame(records), frame, numbers=("Number",), notes=notes)


def _with_comparison(account: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """The account with those of both groups whom the effect rests on, and without a count of nothing wrong."""
    whole = [row for row in settled(rows) if not row["segment"] and not is_naive(row) and row["value"] is not None]
    whole.sort(key=lambda row: row["outcome"] != "orders")
    kept: dict[str, Any] = {}
    for name, value in account.items():
        if value == 0 and name.startswith(_ONLY_IF_ANY):
            continue
        kept[name] = value
        if name == "contacted" and whole:
            kept["of_them_with_a_comparison"] = whole[0]["n_treated"]
        if name == "comparison_customers" and whole and "contacted" in account:
            kept["of_them_similar_to_somebody_contacted"] = whole[0]["n_comparison"]
    return kept


_ONLY_IF_ANY = ("issues_outside_the_data_span", "left_out_", "told_apart_", "rows_of_unknown_", "customers_unknown")
"""Counts of what went wrong, which are told only where there was any."""


def _counted_as(name: str) -> str:
    """A line of the account: `left_out_start_unknown` is "Left out: start unknown"."""
    if name == "rows":
        return "Followed for the whole time"
    for aside in ("left_out_", "told_apart_"):
        if name.startswith(aside):
            return f"{humanised(aside)}: {humanised(name.removeprefix(aside)).lower()}"
    return humanised(name)


def _grade(rows: Sequence[Row], outcome: str) -> str | None:
    """The grade of an outcome: that of all customers, else of whatever is claimed first."""
    claimed = [row for row in rows if row["outcome"] == outcome and row["value"] is not None and not is_naive(row)]
    claimed.sort(key=lambda row: bool(row["segment"]))
    return claimed[0]["grade"] if claimed else None


def _evidence(grade: str | None, before: str) -> str:
    return "" if grade is None else f"{before}{grade}: {grade_in_words(grade)}"


def _key(row: Row) -> tuple[Any, ...]:
    """What two rows share that tell of one effect on two scales."""
    names = ("design", "estimand", "treated", "comparison", "outcome")
    return (*(row[name] for name in names), tuple(sorted(row["segment"].items())))


def _whom(row: Row, *, several: bool) -> str:
    if is_naive(row):
        return f"raw: {raw_in_words(row)}"
    whom = segment_in_words(row["segment"]) + (f", {plain(row['method'], 80)}" if is_own(row) else "")
    whom += _otherwise(row)
    return f"{group_in_words(row['treated'])}, {whom}" if several else whom


def _per_customer(say: Words, row: Row, beside: Mapping[tuple[Any, ...], Row]) -> str:
    other = beside.get(_key(row))
    return "–" if other is None or is_naive(row) or other["value"] is None else unbroken(say.effect_in_short(other))


def _difference(say: Words, row: Row, level: float | None) -> str:
    """The number with its interval; the level too, where it is not that of all rows."""
    if row["value"] is None:
        return "not claimed"
    return unbroken(say.effect_in_short(row)) + ("" if level is not None else f", {say.level(row)}")


def _per(row: Row) -> str:
    """Per whom a difference in the outcome's own unit is counted: " per customer"."""
    whom = str(row.get("unit") or "").partition(" per ")[2] if row["scale"] == "difference" else ""
    return f" per {plain(whom, 40)}" if whom else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
