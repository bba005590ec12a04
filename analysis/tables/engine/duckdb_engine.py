"""The default engine: DuckDB inside this process, closed off from everything but the files of one study.

Memory limit, spill folder and allowed paths are set, the views are made, and only then is access to the outside
shut and the configuration locked: a query cannot read a file that the study does not own.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import psutil
import pyarrow as pa

from analysis.foundation.errors import DesignError
from analysis.tables.engine.dialect import Dialect, identifier

MEMORY_SHARE = 0.5
_TOGETHER = 2**18
"""Rows of a batch."""
_LINES = 3
"""Connections on which something is read aside."""
_AHEAD = "256MiB"
"""How much of a stream is made before it is asked for: with less than a few batches only one thread would make it."""
_TOO_LARGE = re.compile(r'Overflow|out of range|Could not cast value|Could not convert string "[+-]?[\d.]+" to DECIMAL')
"""How the engine says that a number outgrew its type; "Out of Range Error" alone may be a root of a negative number."""

_IN_A_STREAM = ("Out of Range Error", "Conversion Error")
"""How errors of the engine begin that come with a later batch, where Arrow tells them in its own class."""


@contextmanager
def _exactly() -> Iterator[None]:
    """Says in a user's words that a value cannot be counted with; the engine's own words would quote it."""
    try:
        yield
    except (duckdb.OutOfRangeException, duckdb.ConversionException, OSError) as error:
        if isinstance(error, OSError) and not str(error).startswith(_IN_A_STREAM):
            raise
        if not _TOO_LARGE.search(str(error)):
            raise DesignError(
                "A calculation over the tables has no result for one of their values. Is a time before another that it "
                "should follow, or a text where a number or a time should stand?"
            ) from None
        raise DesignError(
            "A number in the tables is too large to be summed exactly: beyond 13 digits before the point, or 38 in a "
            "sum of squares. Is the money in its main unit?"
        ) from None


def _streamed(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object]
) -> Iterator[pa.RecordBatch]:
    """The next batch is made while the last one is worked on."""
    with _exactly(), ThreadPoolExecutor(1) as ahead:
        reader = connection.execute(sql, list(parameters)).to_arrow_reader(_TOGETHER)
        coming = ahead.submit(next, reader, None)
        while (batch := coming.result()) is not None:
            coming = ahead.submit(next, reader, None)
            yield batch


def connected() -> duckdb.DuckDBPyConnection:
    """A database in memory.

    DuckDB imports pandas when it is first given parameters, and swallows Ctrl-C meanwhile: so it is imported before.
    """
    import pandas  # noqa: F401

    return _quiet(duckdb.connect(":memory:"))


def _begin_session(connection: duckdb.DuckDBPyConnection) -> None:
    """What each connection is told for itself: times are of UTC, and streams are made ahead of those who read them."""
    _quiet(connection)
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set streaming_buffer_size = ?", [_AHEAD])


def _quiet(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Without the bar that is drawn on the standard output, among a program's answers, by what takes two seconds."""
    with suppress(duckdb.InvalidInputException):  # in a notebook without widgets there is no bar to turn off
        connection.execute("set enable_progress_bar = false")
    return connection


class DuckDBEngine:
    """An `Engine` over named views.

    Parameters
    ----------
    views : mapping of str to str
        View name to the query behind it, over the files below.
    files : sequence of Path
        The files and folders the views read. Nothing else can be read.
    memory_limit : str, optional
        "4GB"; by default half of the machine's memory.
    threads : int, optional
        How many it may use; by default all there are. Results do not depend on it.

    Examples
    --------
    >>> with DuckDBEngine({"orders": "select 1 as order_id"}, files=[]) as engine:
    ...     engine.query("select count(*) as n from orders").column("n").to_pylist()
    [1]
    """

    def __init__(
        self,
        views: Mapping[str, str],
        *,
        files: Sequence[Path],
        memory_limit: str | None = None,
        threads: int | None = None,
    ) -> None:
        self.dialect = Dialect()
        self.standing: tuple[tuple[str, str], ...] = ()
        self._spill = tempfile.TemporaryDirectory(prefix="touchstone-")
        self._connection = connected()
        limit = memory_limit or f"{int(psutil.virtual_memory().total * MEMORY_SHARE / 2**20)}MiB"
        folders = [str(path) for path in files if path.is_dir()] + [self._spill.name]
        paths = [str(path) for path in files if not path.is_dir()]
        self._connection.execute("set memory_limit = ?", [limit])
        self._connection.execute("set temp_directory = ?", [self._spill.name])
        if threads is not None:
            self._connection.execute("set threads = ?", [threads])
        self._begin()
        self._connection.execute("set allowed_directories = ?", [folders])
        self._connection.execute("set allowed_paths = ?", [paths])
        for name, query in views.items():
            self._connection.execute(f"create view {identifier(name)} as {query}")
        self._connection.execute("set enable_external_access = false")
        self._connection.execute("set lock_configuration = true")

    def _begin(self) -> None:
        """Connections of its own for what is read aside, and for each what a connection is told."""
        self._others = tuple(self._connection.cursor() for _ in range(_LINES))
        for connection in (self._connection, *self._others):
            _begin_session(connection)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        with _exactly():
            return self._connection.execute(sql, list(parameters)).to_arrow_table()

    def batches(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[pa.RecordBatch]:
        return _streamed(self._connection, sql, parameters)

    def aside(self, sql: str, parameters: Sequence[object] = (), *, line: int = 0) -> Iterator[pa.RecordBatch]:
        return _streamed(self._others[line], sql, parameters)

    def leave(self) -> None:
        for connection in self._others:
            connection.interrupt()

    def keep(self, name: str, sql: str, parameters: Sequence[object] = ()) -> None:
        with _exactly():
            self._connection.execute(f"create or replace temp table {identifier(name)} as {sql}", list(parameters))

    def drop(self, name: str) -> None:
        self._connection.execute(f"drop table if exists {identifier(name)}")

    @contextmanager
    def standing_in(self, name: str, other: str) -> Iterator[None]:
        self._connection.execute(f"create temp view {identifier(name)} as select * from {identifier(other)}")
        self.standing += ((name, other),)
        try:
            yield
        finally:
            self.standing = self.standing[:-1]
            self._connection.execute(f"drop view temp.{identifier(name)}")

    def close(self) -> None:
        for connection in (*self._others, self._connection):
            connection.close()
        self._spill.cleanup()

    def __enter__(self) -> DuckDBEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
