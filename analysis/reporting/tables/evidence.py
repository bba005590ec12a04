"""What was found, how far can it be believed, and on whom does it rest? Tables of effects, claims, checks and arms.

Raw figures come last and are named as such; a refused effect keeps its row; a check that failed stands first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.rows import Row, effect_rows, is_naive, level_of
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import (
    Words,
    check_in_words,
    evidence_in_words,
    grade_in_words,
    group_in_words,
    humanised,
    in_plain_words,
    outcome_in_words,
    segment_in_words,
    verdict_in_words,
    words,
)

_SIGNS = {"passed": "✓", "failed": "✗", "not_run": "?", "not_applicable": "–"}


def effects(result: Any, *, outcome: str | None = None, locale: str = "en_GB") -> Table:
    """Every effect with its interval and how far it can be believed; raw figures last and named as such.

    Where an effect was measured in percent and per customer, both stand in one row.

    Parameters
    ----------
    result : a study's result, results or rows of effects
    outcome : str, optional
        Only this outcome.
    """
    say = words(locale)
    rows = [row for row in effect_rows(result) if outcome is None or row["outcome"] == outcome]
    if not rows:
        raise DesignError(f"There is no effect{f' on `{outcome}`' if outcome else ''} to show in a table.")
    beside = {_key(row): row for row in rows if row["scale"] == "difference" and not is_naive(row)}
    in_percent = {_key(row) for row in rows if row["scale"] == "ratio"}
    shown = [row for row in rows if row["scale"] == "ratio" or _key(row) not in in_percent]
    outcomes = list(dict.fromkeys(row["outcome"] for row in shown))
    shown.sort(key=lambda row: (outcomes.index(row["outcome"]), is_naive(row), bool(row["segment"])))
    both = bool(in_percent & set(beside))
    level = level_of(rows)
    head = f"{say.level({'level': level})}" if level is not None else "Interval"
    each = f"Per customer ({say.level({'level': level})})" if level is not None else "Per customer"
    reached = "In the arm" if all(row["estimand"] == "experiment_effect" for row in rows) else "Contacted"
    arms = {(row["treated"], row["comparison"]) for row in rows if not is_naive(row)}
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label,
            "For whom": _whom(row, several=len(arms) > 1),
            "Difference": "not claimed" if row["value"] is None else say.effect_signed(row) + _unit(say, row),
            head: _interval(say, row, level),
            **({each: _per_customer(say, row, beside)} if both else {}),
            reached: say.number(row["n_treated"]),
            "Comparison": say.number(row["n_comparison"]),
            "Evidence": "–" if row["value"] is None else f"{row['grade']}: {grade_in_words(row['grade'])}",
        }
        for row in shown
    ]
    notes = [f"Not claimed: {in_plain_words(plain(row['reason']))}" for row in rows if row["value"] is None]
    if any(is_naive(row) for row in rows):
        notes.append("A raw difference compares unlike customers or months and is no effect.")
    return Table(
        caption="Effects" if outcome is None else f"Effects on {outcome_in_words(outcome).label.lower()}",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([{name: value for name, value in row.items() if name != "checks"} for row in rows]),
        numbers=("Difference", head, *((each,) if both else ()), reached, "Comparison"),
        groups="Outcome" if len(outcomes) > 1 else None,
        notes=tuple(dict.fromkeys(notes)),
    )


def claims(result: Any, *, locale: str = "en_GB") -> Table:
    """What may be said of each effect, and how far it can be believed? All customers first, raw figures left out."""
    say = words(locale)
    rows = [row for row in effect_rows(result) if not is_naive(row)]
    if not rows:
        raise DesignError("There is no effect of which anything could be said.")
    in_percent = {_key(row) for row in rows if row["scale"] == "ratio"}
    rows = [row for row in rows if row["scale"] == "ratio" or _key(row) not in in_percent]
    whole = [row for row in rows if not row["segment"]] or rows
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label,
            "What may be said": say.finding(row),
            "How far it can be believed": evidence_in_words(row),
        }
        for row in whole
    ]
    frame = pd.DataFrame([{"outcome": row["outcome"], "grade": row["grade"], "claim": row["claim"]} for row in whole])
    return Table("Findings in words", pd.DataFrame(records), frame)


def checks(result: Any, *, locale: str = "en_GB") -> Table:
    """Which tests did the comparison pass, and which not? Those of the effects on all customers, failures first."""
    rows = [row for row in effect_rows(result) if not row["segment"] and row.get("checks")]
    if not rows:
        raise DesignError("There is no checked effect on all customers to show in a table.")
    seen: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for row in rows:
        for check in row["checks"]:
            key = (row["outcome"], check["name"], check["verdict"], check["detail"])
            seen.setdefault(key, {"outcome": row["outcome"], **check})
    order = {verdict: place for place, verdict in enumerate(("failed", "not_run", "passed", "not_applicable"))}
    found = sorted(seen.values(), key=lambda check: order.get(check["verdict"], 9))
    records = [
        {
            "Outcome": outcome_in_words(check["outcome"]).label,
            "What was tested": check_in_words(check["name"]),
            "Result": f"{_SIGNS.get(check['verdict'], '')} {verdict_in_words(check['verdict'])}",
            "Detail": in_plain_words(plain(check["detail"])),
        }
        for check in _same_for_all(found, len({row["outcome"] for row in rows}))
    ]
    cells = pd.DataFrame(records)[["What was tested", "Result", "Detail", "Outcome"]]
    return Table(caption="Checks of the comparison", cells=cells, frame=pd.DataFrame(found), groups="Outcome")


def _same_for_all(found: Sequence[Mapping[str, str]], outcomes: int) -> list[dict[str, str]]:
    """Checks that came out alike for every outcome are said once."""
    keys = [(check["name"], check["verdict"], check["detail"]) for check in found]
    result: dict[tuple[str, ...], dict[str, str]] = {}
    for check, key in zip(found, keys, strict=True):
        if outcomes > 1 and keys.count(key) == outcomes:
            result.setdefault(key, {**check, "outcome": "all outcomes"})
        else:
            result[(check["outcome"], *key)] = dict(check)
    return sorted(result.values(), key=lambda check: check["outcome"] != "all outcomes")


def arms(experiment: Any, *, locale: str = "en_GB") -> Table:
    """How many customers were in each arm, and how many should have been?"""
    say = words(locale)
    frame = getattr(experiment, "arms", None)
    if frame is None or frame.empty:
        raise DesignError("The result of the experiment holds no arms to show in a table.")
    total = frame.groupby("experiment_id")["customers"].transform("sum")
    frame = frame.assign(share=frame["customers"] / total)
    records = [
        {
            "Arm": group_in_words(row["arm"]) + (" (comparison)" if row.get("comparison") else ""),
            "Experiment": plain(row["experiment_id"], 60),
            "Customers": say.number(row["customers"]),
            "Share": say.share(row["share"]),
            "Intended": say.share(row["expected_share"]),
        }
        for row in frame.to_dict("records")
    ]
    return Table(
        caption="Customers in each arm",
        cells=pd.DataFrame(records),
        frame=frame,
        numbers=("Customers", "Share", "Intended"),
        groups="Experiment" if frame["experiment_id"].nunique() > 1 else None,
    )


def sample(result: Any, *, locale: str = "en_GB") -> Table:
    """Who was studied? The account of the sample, one line a count, and what was left out."""
    say = words(locale)
    account = dict(getattr(result, "sample", None) or {})
    if not account:
        raise DesignError("The result holds no account of who was studied.")
    records = [
        {"Who": humanised(name), "Number": say.number(value) if _is_number(value) else plain(value, 200)}
        for name, value in account.items()
    ]
    frame = pd.DataFrame({"who": list(account), "number": list(account.values())})
    notes = tuple(in_plain_words(plain(note, 600)) for note in getattr(result, "notes", ()))
    return Table("Who was studied", pd.DataFrame(records), frame, numbers=("Number",), notes=notes)


def _key(row: Row) -> tuple[Any, ...]:
    """What two rows share that tell of one effect on two scales."""
    names = ("design", "estimand", "treated", "comparison", "outcome")
    return (*(row[name] for name in names), tuple(sorted(row["segment"].items())))


def _whom(row: Row, *, several: bool) -> str:
    if row["estimand"] == "naive_before_after":
        return "raw: before against after"
    if row["estimand"] == "naive_user_gap":
        return "raw: users against all others"
    whom = segment_in_words(row["segment"])
    return f"{group_in_words(row['treated'])}, {whom}" if several else whom


def _per_customer(say: Words, row: Row, beside: Mapping[tuple[Any, ...], Row]) -> str:
    other = beside.get(_key(row))
    return "–" if other is None or is_naive(row) or other["value"] is None else say.effect_in_short(other)


def _interval(say: Words, row: Row, level: float | None) -> str:
    if row["value"] is None:
        return "–"
    low = "no limit" if row["low"] is None else say.effect_signed(row, row["low"])
    high = "no limit" if row["high"] is None else say.effect_signed(row, row["high"])
    return f"{low} to {high}" + ("" if level is not None else f" ({say.level(row)})")


def _unit(say: Words, row: Row) -> str:
    """What is left to say of the unit beside a signed number."""
    if row["scale"] == "ratio":
        return ""
    unit, per, whom = str(row.get("unit") or "").partition(" per ")
    size = say.effect_signed(row)
    shown = "" if unit == row["outcome"] or not size[-1].isdigit() or not size[1:2].isdigit() else f" {plain(unit, 40)}"
    return shown + (f" per {plain(whom, 40)}" if per else "")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
