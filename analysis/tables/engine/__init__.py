"""Where are the rows counted? In a query engine behind this small interface, so that the analyses do not care which.

DuckDB is the one engine today. Queries are plain SQL in the subset that DuckDB, Spark and PostgreSQL share;
what differs between them goes through the fragments of `Dialect`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from analysis.tables.engine.dialect import Dialect, identifier

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Dialect", "Engine", "identifier"]


class Engine(Protocol):
    """What an engine must be able to do. Nothing else is asked of one."""

    dialect: Dialect

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The rows of a query, as Arrow. Values only as parameters (`?`), names only through `identifier`."""
        ...

    def batches(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[pa.RecordBatch]:
        """The rows of a query, some at a time, so that they are never held together. Read it before asking again."""
        ...

    def aside(self, sql: str, parameters: Sequence[object] = (), *, line: int = 0) -> Iterator[pa.RecordBatch]:
        """As `batches`, for another thread while this one asks; kept tables and names that stand in are not seen.

        There are two lines, 0 and 1, each for one query at a time.
        """
        ...

    def leave(self) -> None:
        """End what is read aside; whoever reads it is told by an error."""
        ...

    def keep(self, name: str, sql: str, parameters: Sequence[object] = ()) -> None:
        """Materialise a query as a temporary table, replacing one of that name."""
        ...

    def drop(self, name: str) -> None:
        """Forget a temporary table."""
        ...

    def standing_in(self, name: str, other: str) -> AbstractContextManager[None]:
        """While it lasts, a name means another table."""
        ...

    @property
    def standing(self) -> tuple[tuple[str, str], ...]:
        """The names that mean another table just now, each with that table."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
