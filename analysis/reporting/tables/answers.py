"""What did the contact change, beside what a raw comparison would have said, and why do the two differ?

One row an outcome, each with its unit, its interval and how far it can be believed; raw figures stand right under the
outcome they belong to. Gains, harms and differences that could not be seen get the same row. Segments and interim
effects have tables of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.reporting.formats import GAP, is_currency
from analysis.reporting.naming import grade_in_words, in_plain_words, outcome_in_words, unit_in_words
from analysis.reporting.parties import FIRST_CONTACT, raw_in_words, said_of
from analysis.reporting.rows import Row, effect_rows, is_naive, level_of, main_scale
from analysis.reporting.settled import answers, counted_months, is_interim, settled
from analysis.reporting.tables.cells import NONE, readable, unbroken
from analysis.reporting.tables.table import Table
from analysis.reporting.vocabulary import COUNTED
from analysis.reporting.wording import Words, words
from analysis.studies.claim import Naive, why_naive_differs

RAW: tuple[Naive, ...] = ("naive_before_after", "naive_user_gap")
_BELIEVED = "How far it can be believed"


def effects_on_all(result: Any, *, locale: str | None = None) -> Table:
    """Every outcome over all customers, adjusted, with the raw figures under it and a sentence on why they differ.

    Raw figures are not shown alone: those of an outcome on which nothing is claimed are left out.

    Parameters
    ----------
    result : ChannelResult, results or rows of effects

    Raises
    ------
    DesignError
        If there is no adjusted effect on all customers.
    """
    say = words(locale)
    rows = settled(effect_rows(result))
    found = answers(rows)
    if not found:
        raise DesignError("There is no effect on all customers to show in a table.")
    claimed = {row["outcome"] for row in found if row["value"] is not None}
    every = _on_one_scale([row for row in rows if is_naive(row) and not row["segment"]])
    raw = [row for row in every if row["outcome"] in claimed]
    beside = {
        _what(row): row for row in rows if row["scale"] == "difference" and not row["segment"] and not is_naive(row)
    }
    level = level_of([*found, *raw])
    head = "Difference" + (f" ({say.level({'level': level})})" if level is not None else "")
    records = []
    for row in found:
        records.append(_record(say, row, beside.get(_what(row)), head))
        records += [_raw_record(say, one, head) for one in raw if one["outcome"] == row["outcome"]]
    notes = [
        f"Not claimed, {_name(row)}: {readable(say, row['reason'])}" for row in found if row["value"] is None
    ]  # fmt: skip
    if len(every) > len(raw):
        notes.append("Raw figures are not shown alone: where nothing is claimed they are left out.")
    heads = said_of(found[0])
    shown = [*found, *raw, *(beside[_what(row)] for row in found if _what(row) in beside)]
    return Table(
        caption=f"{heads.changed} for all customers; per customer {_window(found[0])}",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([{name: value for name, value in row.items() if name != "checks"} for row in shown]),
        numbers=(head, "Per customer", heads.treated, heads.similar),
        notes=(*dict.fromkeys(notes), *why_raw_figures_differ(rows, say)),
    )


_WHY_SERVICE = (
    "Raw, answered in time against all others: the desk and the hour decide who is answered soon, and what made a "
    "contact urgent or easy also moves what customers do later. The raw figure holds that as well."
)


_WHY_GROUPS = (
    "Raw, the groups as they are: who is in a group and who is not was decided by something, and that also moves what "
    "they do later. The raw gap holds it as well; the comparison takes out what of it was recorded before."
)


def _on_one_scale(raw: Sequence[Row]) -> list[Row]:
    """Raw figures, each once: on the scale told first where they are told on two."""
    told = {(row["estimand"], row["outcome"], row["treated"]) for row in raw if row["scale"] == main_scale(row)}
    return [
        row
        for row in raw
        if row["scale"] == main_scale(row) or (row["estimand"], row["outcome"], row["treated"]) not in told
    ]


def why_raw_figures_differ(rows: Sequence[Row], say: Words) -> list[str]:
    """Why is each raw figure another one than the comparison with similar customers, and which outcomes have none?

    The raw change from before to after is the growth that was to be expected without the contact, times the effect; so
    the first is the ratio of the two. Why a raw figure misleads is said by the studies (`why_naive_differs`); outcomes
    with one reason share a sentence.
    """
    found = answers(rows)
    if any(row["estimand"] == "service_effect" for row in found):
        return [_WHY_SERVICE] if any(is_naive(row) and row["value"] is not None for row in rows) else []
    if any(row["estimand"] == "user_effect" and row["treated"] != FIRST_CONTACT for row in found):
        return [_WHY_GROUPS] if any(is_naive(row) and row["value"] is not None for row in rows) else []
    adjusted = {
        row["outcome"]: row
        for row in rows
        if row["scale"] == "ratio" and row["value"] is not None and not row["segment"] and not is_naive(row)
    }
    every = [row for row in rows if is_naive(row) and not row["segment"]]
    raw = [row for row in every if row["value"] is not None and row["outcome"] in adjusted and row["scale"] == "ratio"]
    said = []
    for kind in RAW:
        reasons: dict[str, list[str]] = {}
        for row in (row for row in raw if row["estimand"] == kind):
            sentence = why_naive_differs(_estimate(row), _estimate(adjusted[row["outcome"]]), kind)
            sentence, because, reason = in_plain_words(say.restated(sentence)).partition(", because ")
            names = reasons.setdefault(f"{because}{reason}".removesuffix("."), [])
            names.append(f"{_name(row)}, {sentence[:1].lower()}{sentence[1:].rstrip('.')}")
        for reason, names in reasons.items():
            what = "; ".join(names)
            label = next(raw_in_words(row) for row in raw if row["estimand"] == kind)
            said.append(f"Raw, {label}. {what[:1].upper()}{what[1:]}{reason}.")
    bought = [row for row in raw if row["estimand"] == "naive_before_after" and row["outcome"] != "issues"]
    if bought:
        growth = _listed([f"{_expected(say, row, adjusted[row['outcome']])} for {_name(row)}" for row in bought])
        said.append(
            "Similar customers went through an issue and the same months too, and their growth alone would have meant "
            f"{growth}. The raw figures from before to after hold that as well; what lies beyond it is what the "
            "comparison found."
        )
    if any(row["outcome"] == "issues" and row["estimand"] == "naive_before_after" for row in raw):
        said.append(
            "Of issues the month of the issue counts as before, as it usually does. Every contacted customer has an "
            "issue in it, so the count must look lower afterwards, whatever the contact did."
        )
    without = [_name(row) for row in found if not any(one["outcome"] == row["outcome"] for one in every)]
    if raw and without:
        said.append(
            f"No raw figure is counted of {_listed(without)}: months before and after are set side by side only where "
            "an outcome is a number of orders or issues, or their money, in each month."
        )
    return said


def _estimate(row: Row) -> Estimate:
    """The estimate behind a row of ratios; an end that is missing is open."""
    low = 0.0 if row["low"] is None else row["low"]
    high = math.inf if row["high"] is None else row["high"]
    return Estimate(
        name=row["outcome"],
        value=row["value"],
        low=low,
        high=high,
        level=row["level"],
        se=row.get("se") or 0.0,
        scale=row["scale"],
        unit=row["unit"],
        n_treated=row["n_treated"],
        n_comparison=row["n_comparison"],
        method=row.get("method") or "",
    )


def _expected(say: Words, row: Row, effect: Row) -> str:
    """The change to be expected without the contact: what is left of the raw change without the effect."""
    change = say.change(row["value"] / effect["value"])
    return "hardly any change" if change == "no change" else f"about {change}"


def _name(row: Row) -> str:
    return outcome_in_words(row["outcome"]).label.lower()


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]


def _record(say: Words, row: Row, other: Row | None, head: str) -> dict[str, str]:
    claimed = row["value"] is not None
    interim = " (interim)" if is_interim(row) else ""
    return {
        "Outcome": outcome_in_words(row["outcome"]).label + interim,
        head: unbroken(say.effect_in_short(row))
        + (_measured(row) if row["scale"] == "difference" and claimed else "")
        + (_graded(row) if claimed else ""),
        "Per customer": NONE
        if other is None or other["value"] is None or row["scale"] == "difference"
        else unbroken(say.effect_in_short(other)) + _measured(other),
        _BELIEVED: grade_in_words(row["grade"]) if claimed else "not claimed",
        said_of(row).treated: say.number(row["n_treated"]),
        said_of(row).similar: say.number(row["n_comparison"]),
    }


def _raw_record(say: Words, row: Row, head: str) -> dict[str, str]:
    outcome = outcome_in_words(row["outcome"]).label
    return {
        "Outcome": f"{outcome}, raw: {raw_in_words(row)}",
        head: unbroken(say.effect_in_short(row)) + _graded(row),
        "Per customer": NONE,
        _BELIEVED: f"{grade_in_words(row['grade'])}, no effect",
        said_of(row).treated: say.number(row["n_treated"]),
        said_of(row).similar: NONE,
    }


def _graded(row: Row) -> str:
    """The grade, close to its figure, so that a narrow screen shows no figure without it."""
    return f", grade{GAP}{row['grade']}"


def _measured(row: Mapping[str, Any]) -> str:
    """The unit behind a difference, where the number does not carry it: orders, issues."""
    unit = str(row.get("unit") or "").partition(" per ")[0]
    if unit == "share" or is_currency(unit) or (unit == row["outcome"] and unit not in COUNTED):
        return ""
    return f"{GAP}{unit_in_words(unit).replace(' ', GAP)}" if unit and unit != "money" else ""


def _what(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("design", "estimand", "treated", "comparison", "outcome"))


def _window(row: Row) -> str:
    """Over which time a difference per customer adds up: "over the 6 months after the contact"."""
    months = row.get("after_months")
    from_ = said_of(row).from_
    return f"over the {counted_months(months)} after {from_}" if months else f"over the time after {from_}"
