"""Of which code are records? A hash for each design, of the sources that its companies and its study run through.

Hours of companies are not to be thrown away because another study was changed. So records lie in a folder named by the
hash of their own design: of the modules that the design's room imports, directly or by others, within a function or at
the top of a module, as far as they are of this project. Modules imported for types alone do not count. What only tables
pass through (modules of queries, `..._sql`, of files, `...through_files`, and the query engine) counts for companies
that went through files, and not for those in arrays. The list of hazards does not count, so that one more throws
nothing away: which company it is, its seed among it, stands in the name of a record's file. A module imported under a
name made at run time would be missed; there is none but the rooms themselves.

Records made by other code can still be told: `command.told` takes folders, whatever their names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import analysis
from analysis.foundation.provenance import fingerprint_of_files
from analysis.runner.proving.designs import ROOMS
from analysis.runner.proving.hazards import Design

_ROOT = Path(analysis.__file__).parent
_QUERIES = "_sql"
_ENGINE = "analysis.tables.engine"
_FILES = "through_files"
_HAZARDS = "analysis.runner.proving.hazards"


def code_of_the_proof(design: Design = "before_after", *, files: bool = False) -> str:
    """A short hash of the sources that make records of a design: what is written under it is of this code.

    Parameters
    ----------
    design : Design
    files : bool
        Whether companies go through tables instead of arrays.
    """
    found = {name: _path(name) for name in modules_of(design, files=files)}
    kept = {name: path for name, path in found.items() if path is not None}
    return fingerprint_of_files(kept).removeprefix("sha256:")[:12]


@cache
def modules_of(design: Design, *, files: bool = False) -> tuple[str, ...]:
    """The project's modules that a design's records depend on, sorted.

    Examples
    --------
    >>> modules = modules_of("change_log")
    >>> "analysis.inference.ar1_reml" in modules, "analysis.studies.channel" in modules
    (True, False)
    >>> "analysis.studies.stack_sql" in modules_of("before_after")
    False
    """
    seen: set[str] = set()
    waiting = [ROOMS[design]]
    while waiting:
        name = waiting.pop()
        if name in seen or name == _HAZARDS or (not files and _of_tables(name)):
            continue
        seen.add(name)
        waiting += _imported(name)
    return tuple(sorted(seen))


def _of_tables(name: str) -> bool:
    """Whether only companies in tables pass through a module."""
    return name.endswith((_QUERIES, _FILES)) or name == _ENGINE or name.startswith(f"{_ENGINE}.")


@cache
def _imported(name: str) -> tuple[str, ...]:
    """The project's modules that a module imports, and the packages it lies in but for the root."""
    path = _path(name)
    if path is None:
        return ()
    above = name.split(".")[:-1]
    found = [".".join(above[:depth]) for depth in range(2, len(above) + 1)]
    for node in _that_run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(one for one in dict.fromkeys(found) if one.startswith("analysis.") and _path(one) is not None)


def _that_run(node: ast.AST) -> Iterator[ast.AST]:
    """All parts of a module but those that are there for types alone."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.If) and isinstance(part.test, ast.Name) and part.test.id == "TYPE_CHECKING":
            continue
        yield part
        yield from _that_run(part)


def _path(name: str) -> Path | None:
    """The file of a module of this project; None if it is a name within one."""
    place = _ROOT.joinpath(*name.split(".")[1:])
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None
