"""Why could figures have moved? Other tables, another period, other parameters, code, packages or definitions.

Results carry the hash of everything they were made from, so that what did not change is ruled out. Which of several
causes moved a figure, no hash can tell: all that can have are named, for the whole and for each figure by the tables it
is counted from and the parameters that concern it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.foundation.errors import UnknownName
from analysis.metrics.catalogue import OR, definition
from analysis.reporting.difference.pairs import leaves_changed, same
from analysis.reporting.rows import Row

NO_TABLES = ("ledger", "promises", "previous")
"""Inputs that are no tables."""
ALWAYS = ("study", "previous", "period", "as_of", "report")
"""Sections that every next report changes, or that have a cause of their own."""
_NOT_OF_FIGURES = (
    "adoption", "change_log", "comparison", "design_sheet", "designs", "effort", "experiment", "hypotheses", "index",
    "outcomes", "roi", "segments", "strata", "stories",
)  # fmt: skip
_NOT_OF_EFFECTS = ("close", "design_sheet", "hypotheses", "roi", "stories")
_PEOPLE = ("customers", "identities")
_CONTACTS = (*_PEOPLE, "issues", "touchpoints", "mentions")
_BOUGHT = ("orders", "subscriptions", "outcomes")
_DESIGNS: Mapping[str, tuple[str, ...]] = {
    "before_after": (*_CONTACTS, *_BOUGHT, "unit_costs"),
    "service_effect": (*_CONTACTS, *_BOUGHT, "unit_costs"),
    "adoption": (*_CONTACTS, *_BOUGHT, "unit_costs"),
    "effort": (*_CONTACTS, *_BOUGHT, "surveys"),
    "ab_randomised": (*_CONTACTS, *_BOUGHT, "assignments", "unit_costs"),
    "ab_observational": (*_CONTACTS, *_BOUGHT, "assignments", "unit_costs"),
}
"""The tables a comparison can read; one that is not named can read any."""
_LONGEST = 120  # letters of a parameter that are kept


def causes(
    earlier: Mapping[str, Any],
    later: Mapping[str, Any],
    params: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None] = (None, None),
) -> dict[str, Any]:
    """Everything that differs of what two results were made from.

    Parameters
    ----------
    earlier, later : mapping
        What two `results.json` hold.
    params : pair of mapping, optional
        The parameters of each, where they are at hand: then the keys that differ are named.

    Returns
    -------
    dict
        `inputs` (changed, only_earlier, only_later, same), `known_at` and `period` (null where they are the same),
        `parameters` and `code` (whether they differ), `parameter_changes` (`key`, `before`, `after`; null where the
        parameters are not at hand), `packages`, `definitions` (metrics whose definition has another version) and `rows`
        (rows kept of each table where their number differs).

    Examples
    --------
    >>> made = {"provenance": {"inputs": {"orders": "sha256:1"}, "params": "p", "code": "c", "packages": {}}}
    >>> moved = {"provenance": {**made["provenance"], "inputs": {"orders": "sha256:2"}}}
    >>> causes(made, moved)["inputs"]["changed"], same_inputs(causes(made, moved)), same_inputs(causes(made, made))
    (['orders'], False, True)
    """
    was, now = (one.get("provenance") or {} for one in (earlier, later))
    inputs = [one.get("inputs") or {} for one in (was, now)]
    both = sorted({*inputs[0]} & {*inputs[1]})
    changed = [name for name in both if inputs[0][name] != inputs[1][name]]
    moved = None if None in params else leaves_changed(*params)
    return {
        "inputs": {
            "changed": changed,
            "only_earlier": sorted({*inputs[0]} - {*inputs[1]}),
            "only_later": sorted({*inputs[1]} - {*inputs[0]}),
            "same": len(both) - len(changed),
        },
        "known_at": _pair(earlier.get("known_at"), later.get("known_at")),
        "period": _periods(earlier.get("period"), later.get("period")),
        "parameters": not same(was.get("params"), now.get("params")),
        "parameter_changes": None
        if moved is None
        else [{"key": path, "before": _short(before), "after": _short(after)} for path, before, after in moved],
        "code": not same(was.get("code"), now.get("code")),
        "packages": _each(was.get("packages") or {}, now.get("packages") or {}),
        "definitions": _each(*(_versions(one.get("metrics") or ()) for one in (earlier, later)), in_both=True),
        "rows": _each(*(_kept(one.get("rows") or {}) for one in (earlier, later))),
    }


def same_inputs(why: Mapping[str, Any]) -> bool:
    """Whether both were made from the same bytes, as known at the same instant."""
    moved = {name for side in ("changed", "only_earlier", "only_later") for name in why["inputs"][side]}
    return moved <= {"previous"} and not why["known_at"]  # the report before is compared with, and makes no figure


def nothing_changed(why: Mapping[str, Any]) -> bool:
    """Whether both were made from the same tables, parameters, code and packages."""
    return same_inputs(why) and not any(
        why[key] for key in ("period", "parameters", "code", "packages", "definitions", "rows", "parameter_changes")
    )


def keys_changed(why: Mapping[str, Any], *, but: Sequence[str] = ALWAYS) -> list[str] | None:
    """The parameters that differ, without those that another name of the report brings; None where none are at hand."""
    changes = why.get("parameter_changes")
    if changes is None:
        return None
    return [str(one["key"]) for one in changes if _top(str(one["key"])) not in but]


def parameters_moved(why: Mapping[str, Any]) -> bool:
    """Whether parameters differ that could move a figure; where they are not at hand, whether any differ."""
    keys = keys_changed(why)
    return bool(why["parameters"]) if keys is None else bool(keys)


def can_have_moved(why: Mapping[str, Any], row: Row, *, effect: bool = False) -> dict[str, Any]:
    """What of all that differs can have moved one figure.

    Parameters
    ----------
    why : mapping
        What `causes` gives.
    row : mapping
        A figure or effect that moved: `metric` or `id`, or `design`.
    effect : bool

    Returns
    -------
    dict
        `tables` that differ and that it is counted from, `parameters` that differ and concern it (null where only
        their hash is known to differ), and whether `code`, `packages`, its `definition`, the `period` or the months
        `closed` since can have.

    Examples
    --------
    >>> made = {"provenance": {"inputs": {"orders": "sha256:1", "posts": "sha256:1"}, "code": "c"}}
    >>> later = {"provenance": {"inputs": {"orders": "sha256:2", "posts": "sha256:2"}, "code": "d"}}
    >>> found = can_have_moved(causes(made, later), {"metric": "average_order_value"})
    >>> found["tables"], found["code"], found["packages"]
    (['orders'], True, False)
    """
    inputs = why["inputs"]
    changed = [*inputs["changed"], *inputs["only_later"], *inputs["only_earlier"]]
    read = _tables_of_effect(row) if effect else _tables_of_figure(row)
    name = str(row.get("metric") or row.get("id"))
    left_out = _NOT_OF_EFFECTS if effect else _NOT_OF_FIGURES
    if effect and row.get("design") not in (None, "change_log"):  # which alone follows counted figures
        left_out = (*left_out, "metrics", "change_log")
    keys = keys_changed(why, but=(*ALWAYS, *left_out))
    return {
        "tables": [table for table in changed if table not in NO_TABLES and (read is None or table in read)],
        "parameters": keys if keys is not None else (None if why["parameters"] else []),
        "code": bool(why["code"]),
        "packages": bool(why["packages"]),
        "definition": not effect and name in why["definitions"],
        "period": effect and why["period"] is not None,
        "closed": not effect and "ledger" in changed,
    }


def _tables_of_figure(row: Row) -> tuple[str, ...] | None:
    """The tables a figure can be counted from; None where its definition is not known: then any."""
    try:
        needs = definition(str(row.get("metric") or row.get("id"))).needs
    except UnknownName:
        return None
    named = {one.partition(".")[0] for need in needs for one in need.split(OR)}
    contacts = ("issues", "touchpoints", "unit_costs") if named & {"issues", "touchpoints"} else ()
    return (*named, *_PEOPLE, *contacts)


def _tables_of_effect(row: Row) -> tuple[str, ...] | None:
    return _DESIGNS.get(str(row.get("design")))


def _top(key: str) -> str:
    """The section that a path of a parameter begins with."""
    return key.partition(".")[0].partition("[")[0]


def _short(value: Any) -> Any:
    """A value of a parameter; a long text, as of a source map, by its beginning."""
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def _pair(before: Any, after: Any) -> dict[str, Any] | None:
    return None if same(before, after) else {"before": before, "after": after}


def _periods(before: Any, after: Any) -> dict[str, Any] | None:
    """Both periods where they differ, with the days they have in common; the end is the day after the last."""
    pair = _pair(before, after)
    if pair is None:
        return None
    if not before or not after:
        return {**pair, "common": None}
    start, end = max(before["start"], after["start"]), min(before["end"], after["end"])
    return {**pair, "common": {"start": start, "end": end} if start < end else None}


def _each(before: Mapping[str, Any], after: Mapping[str, Any], *, in_both: bool = False) -> dict[str, Any]:
    """The names at which two mappings differ, with both values; null where one has none."""
    names = {*before} & {*after} if in_both else {*before, *after}
    pairs = {name: _pair(before.get(name), after.get(name)) for name in sorted(names)}
    return {name: pair for name, pair in pairs.items() if pair is not None}


def _versions(rows: Sequence[Row]) -> dict[str, Any]:
    """The latest version of each metric's definition."""
    found: dict[str, Any] = {}
    for row in rows:
        found[row["id"]] = max(row.get("version") or 0, found.get(row["id"], 0))
    return found


def _kept(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {name: account.get("kept") for name, account in rows.items() if isinstance(account, Mapping)}
