"""Which keys may a parameters file hold? The page `docs/parameters.md`, made from the model so that it cannot drift."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from analysis.runner.not_acted_on import NOT_ACTED_ON
from analysis.runner.params_model import Params

HEAD = """# Parameters of a study

A study is described by one YAML file (YAML 1.2: `yes` is text, quotes make text of a number). Every key has a default,
but for `study`. An unknown key, a key given twice or a value of another type stops the run before anything is written,
and every fault of the file is named at once with its line.

Paths start from the file's home: the folder that holds `params/`, else the file's own folder. Reports go to `reports/`
there. `--data` and `--out` on the command line stand above the file.

This page is made from the model by `touchstone params`; `touchstone params --schema` prints the same as JSON Schema.
"""
COLUMNS = "| key | type | default | meaning |\n|---|---|---|---|"


def parameters_page() -> str:
    """The page, as Markdown."""
    schema = Params.json_schema()
    sections = [HEAD, "## At the top\n", COLUMNS, *_rows(schema, schema)]
    places: dict[str, list[str]] = {}
    for path, name in _sections(schema):
        places.setdefault(name, []).append(path)
    for name, (path, *others) in places.items():
        about = schema["$defs"][name].get("description", "")
        also = f" Also: {', '.join(f'`{one}`' for one in others)}." if others else ""
        sections += ["", f"## `{path}`\n", f"{about}{also}\n", COLUMNS, *_rows(schema["$defs"][name], schema)]
    if NOT_ACTED_ON:
        sections += ["", "## Without effect in this version\n"]
        sections += [
            "These keys are checked and kept, and change no figure yet. A run and `touchstone plan` name those set.\n"
        ]
        sections += ["| key | why |\n|---|---|", *(f"| `{key}` | {why} |" for key, why in NOT_ACTED_ON.items())]
    return "\n".join(sections) + "\n"


def _rows(section: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    required = section.get("required", [])
    for name, field in section["properties"].items():
        default = "(must be given)" if name in required else _default(field, schema)
        yield f"| `{name}` | {_type(field, schema)} | {default} | {_cell(_about(field, schema))} |"


def _about(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a key is for; a section that says it itself is asked."""
    reference = _reference(field)
    return str(field.get("description") or (schema["$defs"][reference[0]].get("description", "") if reference else ""))


def _sections(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every section with its path, in the order of the model."""

    def below(fields: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
        for name, field in fields.items():
            if found := _reference(field):
                key, suffix = found
                here = f"{path}{name}{suffix}"
                yield here, key
                yield from below(schema["$defs"][key]["properties"], f"{here}.")

    return below(schema["properties"], "")


def _reference(field: Mapping[str, Any]) -> tuple[str, str] | None:
    """The section a field leads to, and what stands between: nothing, a place in a list, a name."""
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2], ""
    for option in (*field.get("anyOf", ()), *field.get("allOf", ())):
        if found := _reference(option):
            return found
    if "items" in field and (found := _reference(field["items"])):
        return found[0], "[…]"
    if isinstance(field.get("additionalProperties"), Mapping) and (found := _reference(field["additionalProperties"])):
        return found[0], ".…"
    return None


_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def _type(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        words = [_type(one, schema) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if "$ref" in field:
        return "section"
    if "const" in field or "enum" in field:
        return ", ".join(f"`{one}`" for one in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {_type(field['items'], schema)}"
    if field.get("type") == "object":
        names = [f"`{one}`" for one in _names(field, schema)]
        return f"{', '.join(names) or 'name'} to {_type(field.get('additionalProperties', {}), schema)}"
    if field.get("format") == "date":
        return "day"
    return _WORDS.get(str(field.get("type")), "text") + _limits(field)


def _names(field: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    names = field.get("propertyNames", {})
    if "$ref" in names:
        names = schema["$defs"][names["$ref"].rpartition("/")[2]]
    return list(names.get("enum", []))


def _limits(field: Mapping[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    above, under = field.get("exclusiveMinimum"), field.get("exclusiveMaximum")
    words = [
        f"from {low:,}" if low is not None else "",
        f"above {above:,}" if above is not None else "",
        f"to {high:,}" if high is not None else "",
        f"below {under:,}" if under is not None else "",
    ]
    said = " ".join(word for word in words if word)
    return f", {said}" if said else ""


def _default(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    value = field.get("default")
    if value is None or value in ({}, []):
        return "—"
    if _reference(field) is not None:
        return "see below"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
