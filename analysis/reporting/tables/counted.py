"""What was counted, what could not be, and from which rows? Tables of metrics, of what they lack, and of rows used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.metrics.catalogue import definitions
from analysis.reporting.formats import plain
from analysis.reporting.rows import Row, metric_rows, monthly
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import Words, metric_in_words, state_in_words, words

_MOST_MONTHS = 6
_WHOLE = "Whole period"


def metrics(result: Any, *, months: int = _MOST_MONTHS, locale: str = "en_GB") -> Table:
    """The counted figures of the whole period and of its last months; months that may still change are marked."""
    say = words(locale)
    every = [row for row in metric_rows(result) if not row["segment"]]
    rows = monthly(every)
    by_month = {(row["id"], row["period"]) for row in rows}
    whole = {row["id"]: row for row in every if (row["id"], row["period"]) not in by_month}
    if not rows:
        raise DesignError("There is no figure by month to show in a table.")
    shown = sorted({row["period"] for row in rows})[-months:]
    rows = [row for row in rows if row["period"] in shown]
    heads = {month: say.month(month, short=True) + _state_mark(rows, month) for month in shown}
    order = {name: place for place, name in enumerate(definitions())}
    names = sorted({row["id"] for row in rows} | set(whole), key=lambda name: (order.get(name, len(order)), name))
    at = {(row["id"], row["period"]): row for row in rows}
    records = [
        {"Figure": _label(name, rows)}
        | ({_WHOLE: _metric_cell(say, whole.get(name))} if whole else {})
        | {heads[month]: _metric_cell(say, at.get((name, month))) for month in shown}
        for name in names
    ]
    notes = [_why_empty([row for row in rows if row["id"] == name and row["value"] is None], say) for name in names]
    if any("(p)" in head for head in heads.values()):
        notes.append("(p) provisional: may still change.")
    return Table(
        caption=f"Figures of the whole period and by month, {say.months(shown[0], shown[-1])}"
        if whole
        else f"Figures by month, {say.months(shown[0], shown[-1])}",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([*whole.values(), *rows]),
        numbers=(*((_WHOLE,) if whole else ()), *heads.values()),
        notes=tuple(filter(None, notes)),
    )


def missing(result: Any, *, locale: str = "en_GB") -> Table:
    """Which figures could not be counted, and what would each need?"""
    lacking = dict(getattr(result, "missing", None) or {})
    records = [{"Figure": metric_in_words(name), "Needs": plain(why)} for name, why in sorted(lacking.items())]
    frame = pd.DataFrame({"metric": sorted(lacking), "needs": [lacking[name] for name in sorted(lacking)]})
    none = () if records else ("Nothing is missing: every figure of the catalogue was counted.",)
    return Table("Figures that could not be counted", pd.DataFrame(records), frame, notes=none)


def rows_used(accounts: Mapping[str, Any], *, locale: str = "en_GB") -> Table:
    """Which rows were read, kept and set aside, and why? The three add up.

    Parameters
    ----------
    accounts : mapping of table to TableAccount, RowsUsed, or the contract's `rows`
    """
    say = words(locale)
    counts = {name: _account(account) for name, account in sorted(accounts.items())}
    if not counts:
        raise DesignError("There is no table whose rows could be accounted for.")
    records = [
        {
            "Table": plain(name, 60),
            "Read": say.number(rows["read"]),
            "Kept": say.number(rows["kept"]),
            "Set aside": say.number(sum(rows["set_aside"].values())),
            "Why": "; ".join(f"{plain(why, 60)} {say.number(n)}" for why, n in sorted(rows["set_aside"].items()))
            or "–",
        }
        for name, rows in counts.items()
    ]
    frame = pd.DataFrame([{"table": name, **rows} for name, rows in counts.items()])
    return Table("Rows read, kept and set aside", pd.DataFrame(records), frame, numbers=("Read", "Kept", "Set aside"))


def _account(account: Any) -> dict[str, Any]:
    account = getattr(account, "rows", account)
    return dict(account if isinstance(account, Mapping) else account.to_dict())


def _label(name: str, rows: Sequence[Row]) -> str:
    """The figure's name; money of which no currency is known says so."""
    money = any(row["id"] == name and row["unit"] == "money" for row in rows)
    return metric_in_words(name) + (", in the tables' currency" if money else "")


def _why_empty(rows: Sequence[Row], say: Words) -> str:
    """Why a figure has no value, by its latest month."""
    if not rows:
        return ""
    last, others = rows[-1], len(rows) - 1
    more = f"; so in {others} earlier month{'s' if others > 1 else ''}" if others else ""
    return f"{metric_in_words(last['id'])}, {say.month(last['period'])}: {plain(last['reason'])}{more}."


def _metric_cell(say: Words, row: Row | None) -> str:
    if row is None or row["value"] is None:
        return "–"
    unit = row["unit"]
    if unit in ("mentions", "issues", "orders"):
        return say.number(row["value"])
    return say.amount(row["value"], unit)


def _state_mark(rows: Sequence[Row], month: str) -> str:
    states = {row["state"] for row in rows if row["period"] == month}
    if "provisional" in states:
        return " (p)"
    other = states - {"locked"}
    return f" ({', '.join(sorted(state_in_words(state) for state in other))})" if other else ""
