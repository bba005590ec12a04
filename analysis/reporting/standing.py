"""How does the month stand: which targets are met, which months are closed, what stood out? The summary's short lists.

Reads nothing but `results.json`, in executives' words. The full tables are left to the pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.reporting.formats import plain
from analysis.reporting.naming import in_plain_words
from analysis.reporting.rows import Row, metric_rows, monthly
from analysis.reporting.tables.cells import CLOSED, figure_name, periods_in_words, value_cell
from analysis.reporting.tables.closed import notice_in_words, notices_in_order
from analysis.reporting.tables.happened import days_in_words, incident_rows, product_in_words
from analysis.reporting.tables.scorecard import score_rows, shown_month, target_in_words
from analysis.reporting.wording import Words

_MOST = 3


def targets(results: Mapping[str, Any], say: Words) -> Iterator[str]:
    """How many targets are met, and which are missed; figures of another month say so."""
    if not any(row["kind"] == "metric" for row in results.get("scorecard") or ()):
        return
    scores = score_rows(results)
    aimed = [row for row in scores if row["met"] is not None]
    month = shown_month(scores)
    if not aimed:
        yield f"No figure of {say.month(month)} has a target that it could meet or miss."
        return
    missed = [row for row in aimed if not row["met"]]
    of_all = f"{len(aimed) - len(missed)} of {len(aimed)} targets met"
    said = of_all if len(aimed) > 1 else f"The one target is {'missed' if missed else 'met'}"
    yield f"{said} in {say.month(month)}" + (", provisionally." if any(_open(row) for row in aimed) else ".")
    for row in missed:
        when = "" if row["period"] == month else f" in {say.month(row['period'])}"
        value = value_cell(say, row["value"], row["unit"])
        yield f"Missed: {_named(row)}, {value}{when}; the target is {target_in_words(say, row)}."
    index = next((row for row in results["scorecard"] if row["kind"] == "index"), None)
    if index is not None and index["value"] is not None:
        yield f"The team's own index, of parts shown on the scorecard: {say.number(100 * index['value'], 0)} of 100."


def incidents(results: Mapping[str, Any], say: Words) -> Iterator[str]:
    """The incidents that nothing explains, the latest first, and how many are explained."""
    rows = incident_rows(results) if results.get("incidents") else []
    if not rows:
        return
    unexplained = [row for row in rows if not row["explained_by"]]
    for row in unexplained:
        product = "" if row["product"] == "all" and not row["products"] else f" ({product_in_words(row)})"
        above = f"{say.number(row['mentions'])} mentions where about {say.number(row['expected'], 0)} were expected"
        yield f"Unexplained: {days_in_words(say, row)}{product}, {above}."
    if explained := len(rows) - len(unexplained):
        yield f"{explained} {'incident has' if explained == 1 else 'incidents have'} an explanation in the change log."


def closed_months(results: Mapping[str, Any], say: Words) -> Iterator[str]:
    """Which months are closed, and what readers of earlier reports must be told."""
    closed = _closed(monthly(metric_rows(results)))
    if closed:
        yield f"{periods_in_words(say, closed)}: closed."
    part = results.get("close") or {}
    if part.get("standing") == "trial":
        yield f"{say.month(part['month'])} is over and not closed yet: its close was tried out, nothing was written."
    told = notices_in_order(part)
    shown: dict[tuple[str, str], Row] = {}
    for row in told:
        shown.setdefault((row["metric"], row["basis"]), row)
    first = list(shown.values())
    others = [row for row in told if not any(row is one for one in first)]
    yield from (in_plain_words(notice_in_words(say, row)) for row in (*first, *others))


def still_open(results: Mapping[str, Any], say: Words) -> Iterator[str]:
    """Which months are not closed, and which figures of closed months are not."""
    rows = [row for row in monthly(metric_rows(results)) if row["state"] != "estimated"]
    if not rows:
        if not metric_rows(results):
            yield "No figure was counted by month."
        return
    every = sorted({row["period"] for row in rows})
    closed = set(_closed(rows))
    if open_months := [month for month in every if month not in closed and _any_open(rows, month)]:
        which = "all months" if len(open_months) == len(every) else periods_in_words(say, open_months)
        months = "the month is" if len(open_months) == 1 else "the months are"
        yield f"Counted figures of {which}: {months} not closed and may still change."
    waiting = [row for row in rows if row["period"] in closed and _open(row) and row["value"] is not None]
    names = list(dict.fromkeys(_named({**row, "segment": {}}) for row in waiting))
    if names:
        rest = len(names) - _MOST
        more = f" and {rest} more" if rest > 1 else f"; {names[_MOST]}" if rest == 1 else ""
        yield f"In closed months these may still change: {'; '.join(names[:_MOST])}{more}."


def _closed(rows: Sequence[Row]) -> list[str]:
    """The months of which any figure is closed."""
    return sorted({row["period"] for row in rows if row["state"] in CLOSED})


def _any_open(rows: Sequence[Row], month: str) -> bool:
    return any(_open(row) for row in rows if row["period"] == month)


def _open(row: Row) -> bool:
    return bool(row["state"] == "provisional")


def _named(row: Row) -> str:
    label = plain(row["label"], 80) if "label" in row else figure_name(row)
    return label if row["basis"] != "post" else figure_name({**row, "segment": {}}, with_basis=True)
