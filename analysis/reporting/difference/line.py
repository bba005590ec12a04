"""How did the headline figures stand in the reports before this one? Up to eight of them, each as it said itself.

Every report carries the line of those before it under `previous.line`, so that a page needs no other file. An entry
holds what its report said then: figures of the whole period and of the last month, and the effect that was its answer.
Nothing is counted anew; a figure of another definition is told by its version. How the line is drawn is left to
`charts.quarters`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from analysis.reporting.rows import Row, metric_rows, monthly

MOST_REPORTS = 8
"""Reports in a line, the present one among them."""
FIGURES = ("response_rate", "first_response_time_median", "mentions", "complaints_per_positive", "issues_raised")
"""The figures of a line; of those counted on both bases, by the month in which the customer wrote."""
_EFFECT = (
    "design", "estimand", "treated", "comparison", "outcome", "scale", "unit", "value", "low", "high", "level", "grade",
    "maturity", "index_from", "index_to",
)  # fmt: skip
_SAME = ("design", "estimand", "treated", "comparison", "outcome", "scale", "unit")
_FIGURE = ("id", "version", "basis", "period", "value", "unit", "state")


def entry_of(results: Mapping[str, Any], fingerprint: str | None = None) -> dict[str, Any]:
    """What a line keeps of a report: which it is, its figures, and the effect that answers its question.

    Parameters
    ----------
    results : mapping
        What `results.json` holds.
    fingerprint : str, optional
        The hash of that file.

    Returns
    -------
    dict
        `study`, `period`, `known_at`, `results`, `figures` (rows of the whole period, and of the last month), `effect`
        (null where there is none).

    Examples
    --------
    >>> row = {"id": "mentions", "version": 1, "basis": "action", "segment": {}, "unit": "mentions", "state": "locked"}
    >>> found = entry_of({"study": "2026q3", "metrics": [{**row, "period": "2026-08", "value": 4}], "effects": []})
    >>> [(row["period"], row["value"]) for row in found["figures"]], found["effect"]
    ([('2026-08', 4)], None)
    """
    from analysis.reporting.summary import headline  # here: the summary reads differences, and this reads its answer

    head = headline(results)
    return {
        **{name: results.get(name) for name in ("study", "period", "known_at")},
        "results": fingerprint,
        "figures": [{name: row.get(name) for name in _FIGURE} for row in _figures(results)],
        "effect": None if head is None else {name: head.get(name) for name in _EFFECT},
    }


def line_before(earlier: Mapping[str, Any], fingerprint: str | None = None) -> list[dict[str, Any]]:
    """The reports before one that follows this one: those this one followed, and itself, the oldest first."""
    previous = earlier.get("previous")
    given = previous.get("line") if isinstance(previous, Mapping) else None
    before = [dict(one) for one in given if _sound(one)] if isinstance(given, list) else []
    own = entry_of(earlier, fingerprint)
    others = [one for one in before if (one["study"], one["period"]) != (own["study"], own["period"])]
    return sorted([*others, own], key=_end)[-(MOST_REPORTS - 1) :]


def line_of(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The line of a report: those before it as it keeps them, and itself; empty where it follows none."""
    previous = results.get("previous")
    if not isinstance(previous, Mapping) or not isinstance(previous.get("line"), list):
        return []
    return [*(dict(one) for one in previous["line"] if _sound(one)), entry_of(results)]


def effects_in(line: Sequence[Mapping[str, Any]]) -> list[Row | None]:
    """The headline effect of each report of a line; None where it answered another question than the last one did."""
    last = line[-1]["effect"] if line else None
    if last is None:
        return [None] * len(line)
    wanted = [last.get(name) for name in _SAME]
    return [
        effect if effect is not None and [effect.get(name) for name in _SAME] == wanted else None
        for effect in (one["effect"] for one in line)
    ]


def figures_in(line: Sequence[Mapping[str, Any]]) -> dict[str, list[Row | None]]:
    """Each figure along a line, in the order of `FIGURES`; None where a report does not hold it.

    Of whole periods where no two reports of the line count a day in common, else of each report's last month, so that
    no month stands in two figures.
    """
    whole = apart(line)
    found = {name: [_figure(one, name, whole=whole) for one in line] for name in FIGURES}
    return {name: rows for name, rows in found.items() if any(row is not None for row in rows)}


def apart(line: Sequence[Mapping[str, Any]]) -> bool:
    """Whether no two reports of a line count a day in common."""
    spans = sorted((str(one["period"]["start"]), str(one["period"]["end"])) for one in line if one["period"])
    return len(spans) == len(line) and all(before[1] <= after[0] for before, after in pairwise(spans))


def _figures(results: Mapping[str, Any]) -> Iterator[Row]:
    """Of each figure the row of the whole period and that of the last month, where they are two."""
    rows = [row for row in metric_rows(results) if row["id"] in FIGURES and not row.get("segment")]
    for name in FIGURES:
        mine = [row for row in rows if row["id"] == name]
        basis = max((str(row.get("basis")) for row in mine), default="")
        mine = [row for row in mine if str(row.get("basis")) == basis]
        months = monthly(mine)
        yield from [row for row in mine if row not in months][-1:]
        yield from months[-1:]


def _figure(entry: Mapping[str, Any], name: str, *, whole: bool) -> Row | None:
    """The row of the whole period, or of the last month; of a single month both are one."""
    rows = [row for row in entry["figures"] if row["id"] == name]
    if not rows:
        return None
    months = monthly(rows)
    return next((row for row in rows if row not in months), rows[-1]) if whole else months[-1] if months else None


def _end(entry: Mapping[str, Any]) -> tuple[str, str]:
    return str((entry["period"] or {}).get("end") or ""), str(entry["study"])


def _sound(entry: Any) -> bool:
    """Whether an entry of a line, out of a file that anybody may have written, can be read."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("study"), str):
        return False
    period, figures, effect = (entry.get(name) for name in ("period", "figures", "effect"))
    if period is not None and not (
        isinstance(period, Mapping) and all(isinstance(period.get(name), str) for name in ("start", "end"))
    ):
        return False
    if not isinstance(figures, list) or not all(_is_figure(row) for row in figures):
        return False
    return effect is None or (
        isinstance(effect, Mapping)
        and all(isinstance(effect.get(name), str) for name in _SAME[:-1])
        and all(_is_number(effect.get(name)) for name in ("value", "low", "high", "level"))
        and all(isinstance(effect.get(name), str | None) for name in ("unit", "grade", "maturity"))
    )


def _is_figure(row: Any) -> bool:
    return (
        isinstance(row, Mapping)
        and all(isinstance(row.get(name), str) for name in ("id", "period"))
        and _is_number(row.get("value"))
        and isinstance(row.get("version", 0), int)
        and all(isinstance(row.get(name), str | None) for name in ("unit", "state", "basis"))
    )


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
