"""What does a whole study say? The parts its steps left behind, merged into the one `results.json`.

A part is a subset of the top keys, written by one step. Merging adds what holds for all (study, period, sources, rows),
puts every list into one order and writes the same bytes whatever ran first, with notebooks or without. Which steps run
is left to `steps`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.foundation.provenance import canonical_json, write_atomically

SCHEMA = "touchstone.results/1"
RESULTS, PARAMS = "results.json", "params.json"
"""In the folder of a run: what was found, and what was asked for."""
LISTS = (
    "metrics", "effects", "bounds", "scorecard", "incidents", "stories", "hypotheses", "promises", "power",
)  # fmt: skip
TOP_KEYS = (
    "schema", "study", "period", "known_at", "provenance", "rows", "close", "roi", "effect_covariance", "coverage",
    "previous", "behind", *LISTS,
)  # fmt: skip
_ORDER: Mapping[str, tuple[str, ...]] = {
    "metrics": ("id", "version", "basis", "period", "segment"),
    "effects": ("design", "estimand", "treated", "comparison", "outcome", "scale", "segment", "index_from", "maturity"),
}


def merged(base: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """All top keys of the contract, from what holds for all and the parts by step.

    Parameters
    ----------
    base : mapping
        `study`, `period`, `known_at`, `provenance`, `rows`, and `coverage` as far as it is known.
    parts : mapping of step to part

    Raises
    ------
    ValueError
        If a part has a key the contract does not know, or two parts give a key that is no list.

    Examples
    --------
    >>> found = merged({"study": "trial"}, {"metrics": {"metrics": [{"id": "b"}, {"id": "a"}]}})
    >>> [row["id"] for row in found["metrics"]], found["roi"], found["effects"]
    (['a', 'b'], None, [])
    """
    results: dict[str, Any] = {
        "schema": SCHEMA,
        "study": None,
        "period": None,
        "known_at": None,
        "provenance": {},
        "rows": {},
        "close": None,
        "roi": None,
        "effect_covariance": {"ids": [], "matrix": []},
        "coverage": {"skipped": []},
        "previous": None,
        "behind": {},
        **{key: [] for key in LISTS},
    }
    results.update({key: value for key, value in base.items() if key != "coverage"})
    _add_coverage(results["coverage"], base.get("coverage", {}), "the study")
    given_by: dict[str, str] = {}
    for step, part in sorted(parts.items()):
        for key, value in part.items():
            if key in LISTS:
                results[key] = [*results[key], *value]
            elif key == "coverage":
                _add_coverage(results["coverage"], value, step)
            elif key == "behind":
                results[key] = {**results[key], **value}
            elif key not in ("close", "roi", "effect_covariance"):
                raise ValueError(f"The part of `{step}` holds `{key}`, which no part of results holds.")
            elif key in given_by:
                raise ValueError(f"`{key}` was given by `{given_by[key]}` and by `{step}`.")
            else:
                results[key], given_by[key] = value, step
    for key in LISTS:
        results[key] = sorted(results[key], key=lambda row: _place(row, _ORDER.get(key, ())))
    results["coverage"]["skipped"] = sorted(results["coverage"]["skipped"], key=lambda row: _place(row, ("step",)))
    return results


def _add_coverage(coverage: dict[str, Any], more: Mapping[str, Any], step: str) -> None:
    for key, value in more.items():
        if key == "skipped":
            coverage["skipped"] = [*coverage["skipped"], *value]
        elif isinstance(value, Mapping) and not set(value) & set(coverage.get(key, {})):
            coverage[key] = {**coverage.get(key, {}), **value}
        elif key in coverage and coverage[key] != value:
            raise ValueError(f"`coverage.{key}` was given twice, the second time by `{step}`.")
        else:
            coverage[key] = value


def _place(row: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[str, ...]:
    """The place of a row: by its named keys, all customers before a segment, then by everything it holds."""
    named = tuple(_sortable(row.get(key)) for key in keys)
    return (*named, canonical_json(row).decode())


def _sortable(value: Any) -> str:
    """A text that sorts as the value reads: nothing before something, an empty segment before one key, before two."""
    if isinstance(value, Mapping):
        return f"{len(value)} {json.dumps(value, sort_keys=True)}"
    return "" if value is None else str(value)


def part_path(folder: Path, step: str) -> Path:
    """Where a step leaves its part."""
    return folder / "parts" / f"{step}.json"


def write_part(folder: Path, step: str, part: Mapping[str, Any]) -> None:
    """Write what a step found, in one piece."""
    write_atomically(part_path(folder, step), canonical_json(part))


def read_part(folder: Path, step: str) -> dict[str, Any] | None:
    """What a step found, or None where it has left nothing that can be read."""
    try:
        part = json.loads(part_path(folder, step).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return part if isinstance(part, dict) else None


def read_parts(folder: Path, steps: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The parts that are there, by step."""
    found = {step: read_part(folder, step) for step in steps}
    return {step: part for step, part in found.items() if part is not None}


def why_skipped(part: Mapping[str, Any] | None) -> str | None:
    """The reason a part gives for a step that was left out; None where it was not."""
    left_out = (part or {}).get("coverage", {}).get("skipped", [])
    return str(left_out[0]["reason"]) if left_out else None


def skipped(step: str, missing: Iterable[str], reason: str) -> dict[str, Any]:
    """How `coverage.skipped` says that a step was left out."""
    return {"step": step, "missing": list(missing), "reason": reason}
