"""Which of the effects of one study are its answers, and how old is the evidence behind them?

A study holds an effect several times: over its whole window, over a shorter one for those who came later (interim), as
raw figures. The answers are the adjusted ones whose window is over; an interim stands in where there is no other. When
contacts were made and for how long they were followed goes with every answer. How a finding is said is left to
`analysis.reporting.wording`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from analysis.reporting.naming import group_in_words, outcome_in_words
from analysis.reporting.parties import is_step
from analysis.reporting.rows import Row, is_naive, main_scale
from analysis.reporting.wording import Words
from analysis.roi.lines.beyond_reach import SUFFIX

_WROTE, _BEGAN, _INVITED = (
    "Customers who first wrote on social", "Customers who first came to social", "Customers invited to social care",
)  # fmt: skip


def settled(rows: Iterable[Row]) -> list[Row]:
    """The effects without the interim ones that stand beside a whole window; raw figures stay.

    The order stays too, but that estimates by estimators of one's own stand behind the study's.

    Examples
    --------
    >>> same = {"estimand": "channel_effect", "outcome": "orders", "scale": "ratio", "segment": {}}
    >>> [row["value"] for row in settled([{**same, "value": 1.2, "maturity": "interim"}, {**same, "value": 1.1}])]
    [1.1]
    >>> [row["value"] for row in settled([{**same, "value": 1.2, "maturity": "interim"}])]
    [1.2]
    """
    given = list(rows)
    over = {_key(row) for row in given if not is_interim(row)}
    return sorted((row for row in given if not is_interim(row) or _key(row) not in over), key=is_own)


def is_own(row: Row) -> bool:
    """Whether the estimate was made by an estimator that somebody brought, beside the study's."""
    return not row.get("declared", True) and str(row.get("method") or "").startswith("own: ")


def interims(rows: Iterable[Row]) -> list[Row]:
    """The adjusted effects of those who have been followed for a part of the window only."""
    return [row for row in rows if is_interim(row) and not is_naive(row)]


def is_interim(row: Row) -> bool:
    """Whether the time after the contact is not over for those behind this effect."""
    return row.get("maturity") == "interim"


def answers(rows: Iterable[Row]) -> list[Row]:
    """The effects on all customers that answer the question: one a kind, outcome and group, on the scale told first.

    Examples
    --------
    >>> same = {"estimand": "channel_effect", "outcome": "orders", "segment": {}, "maturity": "mature"}
    >>> [row["scale"] for row in answers([{**same, "scale": "difference"}, {**same, "scale": "ratio"}])]
    ['ratio']
    """
    found: dict[tuple[Any, ...], Row] = {}
    for row in settled(rows):
        if is_naive(row) or row["segment"]:
            continue
        what = tuple(row.get(name) for name in ("design", "estimand", "treated", "comparison", "outcome"))
        first = main_scale(row)
        if what not in found or (row["scale"] == first and found[what]["scale"] != first):
            found[what] = row
    return list(found.values())


def age_in_words(row: Row, say: Words) -> str:
    """When the contacts behind an effect were made and for how long they were followed; nothing if it has no dates.

    Examples
    --------
    >>> row = {"index_from": "2025-07", "index_to": "2026-03", "after_months": 6, "treated": "social"}
    >>> age_in_words(row, Words())
    'Customers who first contacted us on social from July 2025 to March 2026, followed for 6 months.'
    >>> print(age_in_words({**row, "after_months": 3, "maturity": "interim"}, Words()))
    Customers who first contacted us on social from July 2025 to March 2026, followed for 3 months so far (interim).
    """
    if not row.get("index_from") or not row.get("index_to"):
        return ""
    if is_step(row):
        return (
            f"The figure in its own months, {say.months(row['index_from'], row['index_to'])}, against its path before."
        )
    if row.get("design") in ("service_effect", "adoption"):
        began = _BEGAN if row.get("treated") != "answered_in_time" else _WROTE
        began = began if row.get("treated") in ("social", "answered_in_time") else _INVITED
        said = f"{began} {_from_to(say, row['index_from'], row['index_to'])}"
        return f"{said}, followed for {counted_months(row['after_months'])}." if row.get("after_months") else f"{said}."
    channel = "on social" if row.get("treated") == "social" else f"through {group_in_words(str(row.get('treated')))}"
    said = f"Customers who first contacted us {channel} {_from_to(say, row['index_from'], row['index_to'])}"
    if row.get("after_months"):
        said += f", followed for {counted_months(row['after_months'])}"
    return f"{said} so far (interim)." if is_interim(row) else f"{said}."


def older_than_the_volume(results: Any, say: Words) -> str:
    """What a case in money multiplies: a number of contacts a year by what earlier contacts changed.

    Parameters
    ----------
    results : mapping
        What `results.json` holds; without a case, or an effect that it names, nothing is said.
    say : Words
    """
    rows = {_id_of(row): row for row in reversed(settled(results.get("effects") or ()))}
    multiplied: dict[str, dict[str, list[float]]] = {}
    whose = "the study's own number"
    for benefit in (results.get("roi") or {}).get("benefits") or ():
        row = rows.get(str(benefit.get("effect")))
        counts = benefit.get("counted", True) and benefit.get("contacts_per_year")
        if row is None or not counts or not row.get("index_from") or not row.get("index_to"):
            continue
        whose = "an assumed number" if benefit.get("contacts_source") == "parameters" else whose
        line = str(benefit.get("id")).removesuffix(SUFFIX)
        volumes = multiplied.setdefault(_id_of(row), {}).setdefault(line, [0.0, 0.0])
        volumes[str(benefit.get("id")).endswith(SUFFIX)] += benefit["contacts_per_year"]
    said: dict[tuple[str, str], list[str]] = {}
    for name, lines in multiplied.items():
        row = rows[name]
        studied, beyond = max(lines.values(), key=sum)
        more = f", {say.number(round(beyond))} of them beyond those studied" if round(beyond) else ""
        whole = ", and their time after the contact is not over" if is_interim(row) else ""
        begin = f"The case in money multiplies {say.number(studied + beyond, 0)} contacts a year ({whose}{more})"
        end = f"that contacts {_from_to(say, row['index_from'], row['index_to'])} brought{whole}"
        found = said.setdefault((begin, end), [])
        label = outcome_in_words(row["outcome"]).label.lower()
        found += [label] if label not in found else []
    return " ".join(
        f"{begin} by the {_together(labels)} {end}; what later contacts bring may differ."
        for (begin, end), labels in said.items()
    )


def _together(labels: list[str]) -> str:
    return " and the ".join(filter(None, (", the ".join(labels[:-1]), labels[-1])))


def counted_months(count: int) -> str:
    """A number of months in words: "1 month", "6 months"."""
    return "1 month" if int(count) == 1 else f"{int(count)} months"


def _from_to(say: Words, first: str, last: str) -> str:
    return f"in {say.month(first)}" if first == last else f"from {say.months(first, last)}"


def _id_of(row: Row) -> str:
    if row.get("segment") or is_naive(row):
        return ""
    return f"{row['design']}/{row['estimand']}/{row['outcome']}/{row['scale']}"


def _key(row: Row) -> tuple[Any, ...]:
    names = ("design", "estimand", "treated", "comparison", "outcome", "scale")
    return (*(row.get(name) for name in names), tuple(sorted(row["segment"].items())))
