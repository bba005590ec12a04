"""Why could figures have moved? Other tables, another period, other parameters, code, packages or definitions.

Results carry the hash of everything they were made from, so that what did not change is ruled out. Which of several
causes moved a figure, no hash can tell: all are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.reporting.difference.pairs import leaves_changed, same
from analysis.reporting.rows import Row


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
        `parameters` and `code` (whether they differ), `parameter_keys` (null where parameters are not at hand),
        `packages`, `definitions` (metrics whose definition has another version) and `rows` (rows kept of each table
        where their number differs).

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
    keys = None if None in params else [path for path, *_ in leaves_changed(*params)]
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
        "parameter_keys": keys,
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
        why[key] for key in ("period", "parameters", "code", "packages", "definitions", "rows", "parameter_keys")
    )


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
