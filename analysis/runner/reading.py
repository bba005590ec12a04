"""What does a step read? Written down while it runs, so that a later run knows whether it would find the same.

    params.<key>     a key of the parameters, by its first name
    tables           the tables as they were prepared, with what is known of them
    decision         which steps run, and which are left out
    ledger           the closed months
    promises         the register of promises
    part.<step>      what another step recorded
    everything       something that depends on the whole run

A key is noted when it is asked of the typed parameters; asking for all of them at once is reading everything. Nothing
has to be declared by hand, so nothing can be forgotten. What is done with what was read is left to `keeping`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from analysis.runner.params_model import Params

READS_FILE = "TOUCHSTONE_READS"
"""The environment variable that names the file in which a notebook under the runner notes what it reads."""

EVERYTHING = "everything"
TABLES, DECISION, CLOSED_MONTHS, PROMISED = "tables", "decision", "ledger", "promises"
PARAMS, PART = "params.", "part."

_AT_ONCE = frozenset({"__dict__", "__pydantic_fields_set__", "copy", "dict", "json"})
"""Names under which typed parameters give all their keys; so does every name that begins with `model_`."""


class Reads:
    """What was read so far, in memory and, where a file is named, in that file after every new entry.

    Parameters
    ----------
    file : Path, optional
        Gone on from where it is there: a notebook may open its study twice.

    Examples
    --------
    >>> reads = Reads()
    >>> reads.note("tables")
    >>> with reads.paused():
    ...     reads.note("everything")
    >>> reads.names
    ('tables',)
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._paused = 0
        self._names = set((None if file is None else read_noted(file)) or ())
        if file is not None:
            self._write(file)

    @property
    def names(self) -> tuple[str, ...]:
        """What was read, in order of its names."""
        return tuple(sorted(self._names))

    def note(self, name: str) -> None:
        """Something is read now."""
        if self._paused or name in self._names:
            return
        self._names.add(name)
        if self._file is not None:
            self._write(self._file)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is read meanwhile is part of something that is noted under a name of its own."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1

    def _write(self, file: Path) -> None:
        staged = file.with_name(f".{file.name}.{os.getpid()}.part")
        staged.write_text(json.dumps(self.names), encoding="utf-8")
        staged.replace(file)


def read_noted(file: Path) -> tuple[str, ...] | None:
    """What a process noted; None where it noted nothing that can be read, so that it may have read anything."""
    try:
        names = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return tuple(map(str, names)) if isinstance(names, list) else None


def watched(values: Params, reads: Reads) -> Params:
    """The same parameters, which note what is asked of them.

    Examples
    --------
    >>> reads = Reads()
    >>> values = watched(Params(study="trial"), reads)
    >>> values.index.before_months, isinstance(values, Params), reads.names
    (6, True, ('params.index',))
    >>> _ = values.model_dump()
    >>> reads.names
    ('everything', 'params.index')
    """
    keys = frozenset(Params.model_fields)
    given = {key: getattr(values, key) for key in keys}

    class Watched(Params):
        """Typed parameters that note what is asked of them."""

        model_config = ConfigDict(defer_build=True)

        def __getattribute__(self, name: str) -> Any:
            if name in keys:
                reads.note(PARAMS + name)
            elif name in _AT_ONCE or name.startswith("model_"):
                reads.note(EVERYTHING)
            return super().__getattribute__(name)

        def __iter__(self) -> Any:
            reads.note(EVERYTHING)
            return super().__iter__()

        def __eq__(self, other: object) -> bool:
            reads.note(EVERYTHING)
            return values == other

        def __hash__(self) -> int:
            reads.note(EVERYTHING)
            return hash(values)

        def __repr__(self) -> str:
            reads.note(EVERYTHING)
            return repr(values)

        __str__ = __repr__

    with reads.paused():
        return Watched.model_construct(**given)
