"""What does this YAML say? A `SourceMap`, or every fault it has with its line.

YAML 1.2: `no` and `on` are words, a key given twice is refused. What would silently lose something on the way (an id
with leading zeros, a date, a decimal) has to be quoted. What a map may say is told in `mapping_model`; whether what
it says makes sense, and is the contract's, in `mapping_check`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from analysis.foundation.errors import Fault, MapError, did_you_mean
from analysis.tables import mapping_grammar as grammar
from analysis.tables import mapping_model as model
from analysis.tables.mapping_check import Place, misfits


def read_map(path: Path) -> model.SourceMap:
    """The source map in a YAML file.

    Raises
    ------
    MapError
        With every fault found, each with its line.
    """
    return parse_map(_text_of(path), path.name)


def parse_map(text: str, where: str) -> model.SourceMap:
    """The source map in a text; `where` names it in faults.

    Examples
    --------
    >>> parse_map("map: shop\\nabout: A shop.\\nzone: UTC\\nfile: {}\\n", "shop.yaml")
    Traceback (most recent call last):
    analysis.foundation.errors.MapError: The source map cannot be used: 1 fault was found.
      - shop.yaml: there is no key `file` here (line 4). Did you mean `files`?
    """
    return _Reading(where).map_of(text)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError:
        raise MapError(
            Fault(where=path.name, what="cannot be opened", remedy="Check the path.", rule="missing_file")
        ) from None
    except UnicodeDecodeError:
        raise MapError(
            Fault(where=path.name, what="is not UTF-8 text", remedy="Save it as UTF-8.", rule="not_utf8")
        ) from None


_SHAPES = {"model_type": "mapping", "dict_type": "mapping", "tuple_type": "list"}


class _Reading:
    """One reading of one map: the lines of its parts, and the faults found so far."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.faults: list[Fault] = []
        self.lines: dict[Place, int] = {}

    def fault(self, at: Place, what: str, remedy: str, rule: str) -> None:
        """Note a fault at a place, or at the nearest place around it that has a line."""
        while at and at not in self.lines:
            at = at[:-1]
        self.faults.append(Fault(where=self.where, what=what, remedy=remedy, rule=rule, first=self.lines.get(at)))

    def raise_faults(self) -> None:
        if self.faults:
            count = "1 fault was" if len(self.faults) == 1 else f"{len(self.faults)} faults were"
            faults = sorted(self.faults, key=lambda fault: fault.first or 0)
            raise MapError(faults, f"The source map cannot be used: {count} found.")

    def map_of(self, text: str) -> model.SourceMap:
        plain = self.plain(self.loaded(text), ())
        self.raise_faults()
        try:
            given = model.SourceMap.model_validate(plain)
        except ValidationError as error:
            self.grammar_faults(error)
            self.raise_faults()
            raise
        for misfit in misfits(given):
            self.fault(misfit.at, misfit.what, misfit.remedy, misfit.rule)
        self.raise_faults()
        return given

    def loaded(self, text: str) -> object:
        """The YAML as ruamel reads it, which remembers lines."""
        try:
            return YAML(typ="rt").load(text)
        except DuplicateKeyError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else None
            what, remedy = "gives a key twice", "Keep one of them."
            self.faults.append(Fault(where=self.where, what=what, remedy=remedy, rule="duplicate_key", first=line))
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            what, remedy = "is not YAML", "Check the indentation, the colons and the quotation marks around it."
            line = mark.line + 1 if mark else None
            self.faults.append(Fault(where=self.where, what=what, remedy=remedy, rule="not_yaml", first=line))
        self.raise_faults()
        raise AssertionError

    def plain(self, node: object, at: Place) -> object:
        """Texts, whole numbers, flags, dicts and tuples; anything that YAML would change on the way is a fault."""
        if isinstance(node, CommentedMap):
            made = {}
            for key, value in node.items():
                line = node.lc.key(key)[0] + 1
                if not isinstance(key, str):
                    self.lines[(*at, str(key))] = line
                    self.fault((*at, str(key)), "has a key that is not text", "Put it in quotes.", "unquoted")
                    continue
                self.lines[(*at, key)] = line
                made[key] = self.plain(value, (*at, key))
            return made
        if isinstance(node, CommentedSeq):
            for number in range(len(node)):
                self.lines[(*at, number)] = node.lc.item(number)[0] + 1
            return tuple(self.plain(value, (*at, number)) for number, value in enumerate(node))
        if node is None or isinstance(node, bool):
            return node
        if isinstance(node, str | int):
            return str(node) if isinstance(node, str) else int(node)
        self.fault(at, "holds a date, a decimal or a tagged value", "Put it in quotes.", "unquoted")
        return None

    def grammar_faults(self, error: ValidationError) -> None:
        """The faults pydantic found, in the words of a map's author."""
        errors = error.errors(include_url=False)
        places = [tuple(one["loc"]) for one in errors]
        for one, place in zip(errors, places, strict=True):
            inside = any(len(other) > len(place) and other[: len(place)] == place for other in places)
            if one["type"] == "too_short" and inside:
                continue
            at = tuple(step for step in place if not (isinstance(step, str) and step.startswith("<")))
            self.grammar_fault(at, one)

    def grammar_fault(self, at: Place, error: Mapping[str, Any]) -> None:
        kind, context = error["type"], error.get("ctx", {})
        if kind == "unknown_key":
            for key in context["keys"]:
                remedy = did_you_mean(key, context["known"])
                self.fault((*at, key), f"there is no key `{key}` here", remedy, "unknown_key")
        elif kind == "missing":
            what = f"lacks the key `{at[-1]}`" if isinstance(at[-1], str) else "is too short a list"
            self.fault(at[:-1], what, "Give it.", "missing_key")
        elif kind == "union_tag_not_found":
            known = grammar.CONDITION_KEYS if _is_condition(at) else grammar.EXPRESSION_KEYS
            given = error.get("input")
            key = next(iter(given), None) if isinstance(given, dict) else None
            what = f"there is no `{key}` here" if key is not None else "has to be a name or a mapping"
            self.fault((*at, key) if key else at, what, did_you_mean(key or "", known), "unknown_key")
        elif kind == "map_rule":
            self.fault(at, context["message"], "Correct it.", "map_rule")
        elif kind == "literal_error":
            self.fault(at, "is none of the words allowed", f"Write {context['expected']}.", "not_allowed")
        elif kind in _SHAPES:
            self.fault(at, f"has to be a {_SHAPES[kind]}", "See a shipped map for its shape.", "wrong_shape")
        elif kind == "string_type" and not isinstance(error.get("input"), dict | tuple):
            self.fault(at, "has to be text", "Put it in quotes.", "unquoted")
        else:
            self.fault(at, _lower_first(error["msg"]), "Correct it.", kind)


def _is_condition(at: Place) -> bool:
    """Whether a place holds a condition rather than an expression."""
    steps = [step for step in at if isinstance(step, str)]
    return bool(steps) and steps[-1] in ("when", "rows", "all", "any", "not")


def _lower_first(words: str) -> str:
    return words[:1].lower() + words[1:]
