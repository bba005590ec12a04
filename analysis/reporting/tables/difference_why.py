"""What is new since the last report, and why can figures have moved? As sentences, in executives' words.

Reads what `results.json` holds under `previous`; a table is named as the data name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from analysis.reporting.difference.causes import NO_TABLES, keys_changed, nothing_changed, parameters_moved
from analysis.reporting.formats import plain
from analysis.reporting.naming import group_in_words, metric_in_words, outcome_in_words
from analysis.reporting.rows import Row, is_naive, monthly
from analysis.reporting.tables.cells import periods_in_words
from analysis.reporting.wording import Words

_MOST_NAMES = 6


def new_said(metrics: Mapping[str, Any], effects: Mapping[str, Any], say: Words) -> Iterator[str]:
    """Months, figures and effects that only one of the reports has."""
    new, gone = metrics["only_later"], metrics["only_earlier"]
    months = [row["period"] for row in monthly([{"period": period} for period in new["new_periods"]])]
    if months:
        yield f"New: the figures of {periods_in_words(say, months)}."
    if new["new_metrics"]:
        yield f"Counted for the first time: {metrics_listed(new['new_metrics'])}."
    if gone["new_metrics"]:
        yield f"No longer counted: {metrics_listed(gone['new_metrics'])}."
    for side, label in (("only_later", "Compared for the first time"), ("only_earlier", "No longer compared")):
        rows = [row for row in effects[side].get("new_outcomes", ()) if not is_naive(row)]
        names = list(dict.fromkeys(effect_name(row) for row in rows))
        if names:
            yield f"{label}: {listed(names)}."


def why_said(why: Mapping[str, Any], say: Words) -> Iterator[str]:
    """What is different of what the reports were made from; a table is named as the data name it."""
    inputs = why["inputs"]
    others = {*inputs["changed"], *inputs["only_later"], *inputs["only_earlier"]}
    changed = [
        name for name in (*inputs["changed"], *inputs["only_later"], *inputs["only_earlier"]) if name not in NO_TABLES
    ]
    causes = []
    if changed:
        causes.append(f"newer tables ({listed([plain(name, 40).replace('_', ' ') for name in changed])})")
    if "ledger" in others:
        causes.append("months closed since")
    if "promises" in others:
        causes.append("promises made or forecast since")
    if why["period"]:
        causes.append("another period")
    if parameters_moved(why):
        keys = keys_changed(why)
        causes.append("other parameters" + (f" ({listed([plain(key, 60) for key in keys])})" if keys else ""))
    if why["code"]:
        causes.append("another version of the program")
    if why["packages"]:
        causes.append("other versions of the packages it uses")
    if why["definitions"]:
        causes.append(f"new definitions ({metrics_listed(why['definitions'])})")
    if causes:
        yield f"What this report is made from and the last was not: {', '.join(causes)}."
    elif nothing_changed(why):
        yield "Both reports are made from the same tables, by the same parameters and program."


def moved_by(row: Row) -> str:
    """What can have moved a figure, in few words; nothing where the results do not say.

    Examples
    --------
    >>> moved_by({"can_have_moved": {"tables": ["unit_costs"], "parameters": [], "code": True, "packages": False,
    ...                              "definition": False, "period": False, "closed": False}})
    'unit costs, program'
    """
    can = row.get("can_have_moved")
    if not can:
        return ""
    causes = [plain(name, 40).replace("_", " ") for name in can["tables"]]
    causes += ["months closed since"] * bool(can["closed"]) + ["new definition"] * bool(can["definition"])
    causes += ["later contacts"] * bool(can["period"])
    causes += ["parameters"] * (can["parameters"] is None or bool(can["parameters"]))
    causes += ["program"] * bool(can["code"]) + ["its packages"] * bool(can["packages"])
    return listed(causes) if causes else "nothing that it is made from"


def effect_name(row: Row) -> str:
    """What an effect is on, in a sentence; of a test with its arm."""
    measure = outcome_in_words(row["outcome"]).measure
    return f"{measure} ({group_in_words(row['treated'])})" if row["estimand"] == "experiment_effect" else measure


def metrics_listed(metrics: Iterable[str]) -> str:
    """Figures by their names in words, each once."""
    return listed(list(dict.fromkeys(metric_in_words(name) for name in metrics)), between="; ")


def listed(names: Sequence[str], between: str = ", ") -> str:
    """Names, the first of them where there are many."""
    rest = len(names) - _MOST_NAMES
    shown = names if rest <= 1 else names[:_MOST_NAMES]
    return between.join(shown) + (f" and {rest} more" if rest > 1 else "")
