"""How is it said in a terminal why figures can have moved, all of them and each?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.reporting.difference.said_words import listed, number, period_said
from analysis.reporting.formats import plain
from analysis.reporting.rows import Row

MOST_PARAMETERS = 30


def why_said(why: Mapping[str, Any]) -> Iterator[str]:
    """What can have moved figures, one cause a line; what is the same is said as well."""
    inputs = why["inputs"]
    parts = [
        f"{listed(names)} {what}"
        for names, what in (
            (inputs["changed"], "changed"), (inputs["only_later"], "only in the later"),
            (inputs["only_earlier"], "only in the earlier"),
        )
        if names
    ]  # fmt: skip
    parts.append(f"{number(inputs['same'])} the same")
    yield f"tables: {'; '.join(parts)}"
    for name, pair in why["rows"].items():
        yield f"  rows of {plain(name, 60)}: {number(pair['before'])} -> {number(pair['after'])}"
    for key, label in (("known_at", "known at"), ("period", "period")):
        pair = why[key]
        if pair is None:
            yield f"{label}: the same"
        else:
            before, after = (
                period_said(pair[side]) if key == "period" else plain(pair[side] or "no date", 40)
                for side in ("before", "after")
            )
            yield f"{label}: {before} -> {after}"
    if why["period"] is not None and why["period"]["common"] is None:
        yield "  no day in common: no month is in both"
    changes = why["parameter_changes"]
    yield f"parameters: {'changed' if why['parameters'] or changes else 'the same'}" + (
        " (which, the files do not say: `params.json` does not lie beside both)"
        if why["parameters"] and changes is None
        else ""
    )
    for one in (changes or ())[:MOST_PARAMETERS]:
        yield f"  {plain(one['key'], 100)}: {_set_to(one['before'])} -> {_set_to(one['after'])}"
    if rest := len((changes or ())[MOST_PARAMETERS:]):
        yield f"  and {number(rest)} more"
    yield f"program: {'changed' if why['code'] else 'the same'}"
    packages = [f"{name} {pair['before']} -> {pair['after']}" for name, pair in why["packages"].items()]
    yield f"packages: {listed(packages) if packages else 'the same'}"
    versions = [f"{name} version {pair['before']} -> {pair['after']}" for name, pair in why["definitions"].items()]
    yield f"definitions: {listed(versions) if versions else 'the same'}"


def moved_by(row: Row) -> str:
    """What can have moved a figure, as a clause; nothing where everything concerns it that differs at all."""
    can = row.get("can_have_moved")
    if not can:
        return ""
    causes = [*can["tables"], *(f"`{key}`" for key in can["parameters"] or ())]
    causes += ["parameters"] if can["parameters"] is None else []
    causes += [name for name in ("definition", "period") if can[name]]
    causes += ["months closed since"] if can["closed"] else []
    causes += [name for name, key in (("program", "code"), ("packages", "packages")) if can[key]]
    return f"; can come of {listed(causes, most=6)}" if causes else "; nothing that it is made from differs"


def _set_to(value: Any) -> str:
    return "not set" if value is None else plain(value, 80)
