"""How do several stacks of the same tables read their customers and issues once? What was read is kept while asked to.

A study under many plans builds a stack for each, and who is there and what their issues were hangs on no plan. What is
kept is never changed by those who use it. One stack alone keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from analysis.tables.load import Tables

Read = TypeVar("Read")

_KEPT: ContextVar[dict[Hashable, tuple[object, object]] | None] = ContextVar("kept", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Within this block, what several stacks of its thread need of the same tables is read once, by whatever thread.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> tables = SimpleNamespace(engine=SimpleNamespace(standing=()))
    >>> with read_once():
    ...     [once(tables, "answer", lambda: print("reads") or 42) for _ in range(2)]
    reads
    [42, 42]
    """
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def once(tables: Tables, what: Hashable, read: Callable[[], Read]) -> Read:
    """What `read` gives, or gave before for the same question about the same tables; what stands in is read anew."""
    kept = _KEPT.get()
    if kept is None or tables.engine.standing:
        return read()
    key = (id(tables), what)
    if key not in kept:
        kept[key] = (tables, read())  # the tables are held, so that no others can come to their place
    found: Read = kept[key][1]  # type: ignore[assignment]
    return found
