"""Where are the rows of an export turned into tables? In an engine that can read and write in one folder only.

It sees texts in Parquet, and plain texts where they lie, in sweeps; it writes the tables straight to Parquet. What it
cannot hold in memory it spills into that folder, which holds private data. The queries come from `mapping_rows` and
`mapping_tables`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil
import pyarrow as pa

from analysis.tables.engine import Dialect, identifier
from analysis.tables.engine.duckdb_engine import MEMORY_SHARE, DuckDBEngine, connected
from analysis.tables.plain_text import InDoubt, PlainText
from analysis.tables.scans import literal, parquet_relation

MOST_MEMORY_MIB = 1536


class MapEngine(DuckDBEngine):
    """An engine over the texts of an export.

    Parameters
    ----------
    texts : mapping of str to Path or PlainText
        What each view shows: text in Parquet inside `cache`, or a plain text where it lies.
    cache : Path
        The folder that it may read and write.

    Raises
    ------
    InDoubt
        From any query, where a plain text has to be read record by record.

    Examples
    --------
    >>> cache = Path(tempfile.mkdtemp())
    >>> with MapEngine({}, cache) as engine:
    ...     engine.write("select 7 as n, ? as word", ["seven"], cache / "made.parquet")
    >>> duckdb.read_parquet(str(cache / "made.parquet")).fetchall()
    [(7, 'seven')]
    """

    def __init__(self, texts: Mapping[str, Path | PlainText], cache: Path) -> None:
        self.dialect = Dialect()
        self._plain = [text for text in texts.values() if isinstance(text, PlainText)]
        self._spill = tempfile.TemporaryDirectory(prefix="spill-", dir=cache)
        self._connection = connected()
        share = int(psutil.virtual_memory().total * MEMORY_SHARE / 2**20)
        self._connection.execute("set memory_limit = ?", [f"{min(share, MOST_MEMORY_MIB)}MiB"])
        self._connection.execute("set temp_directory = ?", [self._spill.name])
        self._begin()
        self._connection.execute("set allowed_directories = ?", [[str(cache.resolve())]])
        for name, text in texts.items():
            if isinstance(text, PlainText):
                for connection in (self._connection, *self._others):
                    connection.register(name, text)
            else:
                relation = parquet_relation([text.resolve()])
                self._connection.execute(f"create view {identifier(name)} as select * from {relation}")
        self._connection.execute("set enable_external_access = false")
        self._connection.execute("set lock_configuration = true")

    def __enter__(self) -> MapEngine:
        return self

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        with self._or_in_doubt():
            return super().query(sql, parameters)

    def keep(self, name: str, sql: str, parameters: Sequence[object] = ()) -> None:
        with self._or_in_doubt():
            super().keep(name, sql, parameters)

    def write(self, sql: str, parameters: Sequence[object], target: Path) -> None:
        """Write the rows of a query to a Parquet file inside the folder, without holding them."""
        options = "format parquet, compression lz4, use_tmp_file false"
        self.query(f"copy ({sql}) to {literal(str(target.resolve()))} ({options})", parameters)

    @contextmanager
    def _or_in_doubt(self) -> Iterator[None]:
        """The engine's own words for a text in doubt would quote it."""
        try:
            yield
        except duckdb.Error:
            if any(text.in_doubt for text in self._plain):
                raise InDoubt from None
            raise
