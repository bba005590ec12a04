"""What does a YAML file say, and on which line does each key stand? Plain values, with every fault of form gathered.

YAML 1.2: `yes` is text, `010` is ten. Dates stay text; the model reads them. Keys given twice, keys that are no text,
tags, merge keys and numbers that are not finite are faults. What the keys mean is left to `params`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionStartEvent, Event, MappingEndEvent, NodeEvent, SequenceEndEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from analysis.foundation.errors import Fault

KeyPath = tuple[str | int, ...]
Place = tuple[int, int]

MOST_NODES = 20_000
DEEPEST = 20
"""Levels a section may lie below the top, aliases followed."""

DEEPEST_WRITTEN = 50
"""Levels of nesting beyond which a file is not even composed."""

_TAG = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Reading:
    """A YAML file as plain values, the line of each key (from 1), and what is wrong with its form."""

    values: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def line(self, path: KeyPath) -> int | None:
        """The line of a key, or of the nearest key above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def read_yaml(text: str, name: str) -> Reading:
    """The values of a YAML text that holds one mapping.

    Parameters
    ----------
    text : str
    name : str
        How faults call the file.

    Examples
    --------
    >>> reading = read_yaml("study: trial\\nindex:\\n  after_months: 3\\n", "params/trial.yaml")
    >>> reading.values, reading.line(("index", "after_months"))
    ({'study': 'trial', 'index': {'after_months': 3}}, 3)
    >>> print(read_yaml("study: a\\nstudy: b\\n", "params/trial.yaml").faults[0])
    params/trial.yaml: study: is given a second time (line 2). Keep one of the two.
    """
    if re.match(r"\s*%YAML\s+(?!1\.2\b)", text):
        return _refused(name, "does not declare YAML 1.2", "Take out the line that begins with `%YAML`.", "yaml", 1)
    try:
        tagged, too_deep = _first_look(text)
        if too_deep is not None:
            what, remedy = f"nests deeper than {DEEPEST_WRITTEN} levels", "Is this a parameters file?"
            return _refused(name, what, remedy, "yaml", too_deep)
        root = YAML(typ="rt").compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"cannot be read as YAML: {error.problem or error.context}"
        remedy = "Look at this line and the one above it."
        return _refused(name, what, remedy, "yaml", None if mark is None else mark.line + 1)
    except (YAMLError, RecursionError):
        return _refused(
            name, "cannot be read as YAML", "It may hold control characters or nest too deep.", "yaml", None
        )
    if root is None:
        return Reading({})
    if not isinstance(root, MappingNode):
        return _refused(name, "holds no keys", "Write `key: value` lines.", "yaml", root.start_mark.line + 1)
    walk = _Walk(name, tagged)
    values = walk.top(root)
    return Reading(values, walk.lines, tuple(walk.faults))


def written(path: KeyPath) -> str:
    """A key path as a reader writes it.

    Examples
    --------
    >>> written(("data", "sources", 0, "map"))
    'data.sources[0].map'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _refused(name: str, what: str, remedy: str, rule: str, line: int | None) -> Reading:
    return Reading({}, {}, (Fault(where=name, what=what, remedy=remedy, rule=rule, first=line),))


def _first_look(text: str) -> tuple[frozenset[Place], int | None]:
    """Where tags are written, and the line on which nesting gets too deep, told before anything is built."""
    tagged: set[Place] = set()
    depth = 0
    for event in YAML(typ="rt").parse(text):
        if isinstance(event, NodeEvent) and getattr(event, "ctag", None) is not None:
            tagged.add(_place(event))
        if isinstance(event, CollectionStartEvent):
            depth += 1
            if depth > DEEPEST_WRITTEN:
                return frozenset(tagged), int(event.start_mark.line) + 1
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            depth -= 1
    return frozenset(tagged), None


def _place(written: Event | Node) -> Place:
    """Line and column at which an event, or the node made of it, begins."""
    return written.start_mark.line, written.start_mark.column


class _TooMuch(Exception):
    """The file expands to more than a parameters file can need."""


class _Walk:
    """One pass over the nodes. Aliases are followed, up to a number of nodes no honest file reaches."""

    def __init__(self, name: str, tagged: frozenset[Place]) -> None:
        self.name, self.tagged = name, tagged
        self.lines: dict[KeyPath, int] = {}
        self.faults: list[Fault] = []
        self.seen = 0

    def fault(self, path: KeyPath, node: Node, what: str, remedy: str, rule: str) -> None:
        where = f"{self.name}: {written(path)}" if path else self.name
        line = node.start_mark.line + 1
        self.faults.append(Fault(where=where, what=what, remedy=remedy, rule=rule, first=line))

    def top(self, node: MappingNode) -> dict[str, Any]:
        self.refuse_tag(node, ())
        return self.mapping(node, ())

    def refuse_tag(self, node: Node, path: KeyPath) -> bool:
        if _place(node) not in self.tagged:
            return False
        self.fault(path, node, "carries a tag", "Take out the word that begins with `!`.", "tag")
        return True

    def mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if isinstance(key_node, ScalarNode) and str(key_node.tag) == _TAG + "merge":
                self.fault(path, key_node, "has a merge key `<<`", "Write its keys out.", "merge_key")
                continue
            if self.refuse_tag(key_node, path):
                continue
            if not isinstance(key_node, ScalarNode) or str(key_node.tag) != _TAG + "str":
                self.fault(path, key_node, "has a key that is no text", "Write keys as words.", "key")
                continue
            key = str(key_node.value)
            below = (*path, key)
            if key in found:
                self.fault(below, key_node, "is given a second time", "Keep one of the two.", "duplicate_key")
                continue
            self.lines[below] = key_node.start_mark.line + 1
            try:
                found[key] = self.value(value_node, below)
            except _TooMuch:
                if path:
                    raise
                self.fault(below, key_node, "is far too large or nests too deep", "Write it out plainly.", "size")
        return found

    def value(self, node: Node, path: KeyPath) -> Any:
        self.seen += 1
        if self.seen > MOST_NODES or len(path) > DEEPEST:
            raise _TooMuch
        if self.refuse_tag(node, path):
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            items = []
            for place, item in enumerate(node.value):
                self.lines[(*path, place)] = item.start_mark.line + 1
                items.append(self.value(item, (*path, place)))
            return items
        return self.scalar(node, path)

    def scalar(self, node: Node, path: KeyPath) -> Any:
        kind, text = str(node.tag).removeprefix(_TAG), str(node.value)
        if kind in ("str", "timestamp"):
            return text
        if kind == "null" and text in _NULLS:
            return None
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind in ("int", "float"):
            number = _number(text)
            if number is not None:
                return number
            self.fault(path, node, "is no finite number", "Write it in digits.", "number")
            return None
        self.fault(path, node, "is neither text nor number", "Put it in quotes.", "kind")
        return None


def _number(text: str) -> int | float | None:
    """The number that YAML 1.2 reads in a text, or None where it is not finite or far too long."""
    digits = text.replace("_", "")
    if len(digits) > 40:
        return None
    for read in (int, lambda given: int(given, 0), float):
        try:
            number = read(digits)
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return None
