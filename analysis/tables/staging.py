"""How do checked rows get into the engine's types? Viewed where they lie when that costs nothing, else written once.

Holds the connection in which sources are read (closed off from every file but those of the study) and the views that
the engine later opens. What is a fault is left to `checks`, the order of the work to `load`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import psutil

from analysis.foundation.errors import ContractError
from analysis.tables.checks import DERIVED
from analysis.tables.engine import identifier
from analysis.tables.engine.duckdb_engine import MEMORY_SHARE, connected
from analysis.tables.folder import attach, database_name
from analysis.tables.generation import KNOWN_UNTIL
from analysis.tables.local_time import instant
from analysis.tables.reader import ending, whole_parquet
from analysis.tables.scans import TableInput, literal, parquet_relation, types_of

SMALL_BYTES = 64 * 2**20
"""Up to this size on the disk a table with times of a zone is kept in the engine's types, though it could be viewed
where it lies: a query then takes a third of the time."""
ZONED = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True)
class View:
    """What the engine shows as one table: files, and SQL for each column over them; all parts, less the set-aside rows.

    Relative file names lie in the prepared folder, absolute ones are the user's own. A row is set aside where one of
    the columns `set_aside` is filled. `earlier` is the file of the versions that no longer hold, if one is kept, and
    its columns.
    """

    parts: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...]
    set_aside: tuple[str, ...] = ()
    earlier: tuple[str, tuple[str, ...]] | None = None

    def sql(self, folder: Path) -> str:
        """The query behind the view."""
        return self.less_set_aside(self.all_rows(folder))

    def less_set_aside(self, rows: str) -> str:
        """A query for rows, without those that are set aside."""
        if not self.set_aside:
            return rows
        kept = " and ".join(f"{identifier(name)} is null" for name in self.set_aside)
        return f"select * from ({rows}) as held where {kept}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it shows, in order."""
        return tuple(name for name, _ in self.parts[0][1])

    def all_rows(self, folder: Path) -> str:
        """The query for all rows, set-aside ones too."""
        selects = []
        for files, columns in self.parts:
            listed = ", ".join(f"{value} as {identifier(name)}" for name, value in columns)
            relation = parquet_relation(folder / file for file in files)
            selects.append(f"select {listed} from {relation}")
        return " union all ".join(selects)

    def versions_at(self, rows: str, at: datetime) -> str:
        """The query for the versions of rows that held at an instant, or had not begun yet then.

        Parameters
        ----------
        rows : str
            The query for all rows as they are now.
        at : datetime
            Naive UTC.
        """
        if self.earlier is None:
            return rows
        file, had = self.earlier
        now = ", ".join(identifier(name) for name in self.columns)
        then = ", ".join(identifier(name) if name in had else "null" for name in self.columns)
        held = f"select {then} from {parquet_relation([file])} where {KNOWN_UNTIL} > {instant(at)}"
        return f"select {now} from ({rows}) as now union all {held}"

    def in_place(self) -> tuple[Path, ...]:
        """The user's own files it reads."""
        own = tuple(Path(file) for files, _ in self.parts for file in files if Path(file).is_absolute())
        return own if self.earlier is None else (*own, Path(self.earlier[0]))

    def to_dict(self) -> dict[str, object]:
        parts = [{"files": list(files), "columns": [list(pair) for pair in columns]} for files, columns in self.parts]
        earlier = None if self.earlier is None else [self.earlier[0], list(self.earlier[1])]
        return {"parts": parts, "set_aside": list(self.set_aside), "earlier": earlier}

    @classmethod
    def from_dict(cls, given: Mapping[str, object]) -> View:
        parts = [
            (tuple(part["files"]), tuple((name, value) for name, value in part["columns"]))
            for part in given["parts"]  # type: ignore[attr-defined]
        ]
        earlier = given["earlier"]
        return cls(
            tuple(parts),
            tuple(given["set_aside"]),  # type: ignore[arg-type]
            None if earlier is None else (earlier[0], tuple(earlier[1])),  # type: ignore[index]
        )


@contextmanager
def staging(
    build: Path, files: Sequence[Path], memory_limit: str | None = None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[ContractError]]]:
    """A connection that may read these files and write into `build`, and what went wrong with opening databases."""
    databases = [path for path in files if ending(path) == "duckdb"]
    allowed = [str(path.resolve()) for path in files] + [f"{path.resolve()}.wal" for path in databases]
    refused = []
    with connected() as connection:
        limit = memory_limit or f"{int(psutil.virtual_memory().total * MEMORY_SHARE / 2**20)}MiB"
        connection.execute("set memory_limit = ?", [limit])
        connection.execute("set temp_directory = ?", [str(build / "spill")])
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set allowed_directories = ?", [[str(build)]])
        connection.execute("set allowed_paths = ?", [allowed])
        connection.execute("set enable_external_access = false")
        for path in databases:
            try:
                attach(connection, path, database_name(path))
            except ContractError as error:
                refused.append(error)
        connection.execute("set lock_configuration = true")
        yield connection, refused


def keep(connection: duckdb.DuckDBPyConnection, table: TableInput, build: Path, *, blank_text: bool) -> View:
    """The table in the engine's types: viewed where it lies, or written to a file of its own.

    Parameters
    ----------
    blank_text : bool
        Whether some native text column holds '' for nothing, which a view would show.
    """
    schema = table.schema
    earlier = _earlier(connection, table)
    aside = tuple(name for name in schema.set_aside.values() if name in table.columns)
    lying = [table.columns_as_they_lie(scan) for scan in table.scans]
    if not blank_text and all(lying):
        order = table.all_columns
        parts = tuple(
            (tuple(str(path) for path in scan.in_place), tuple((name, columns[name]) for name in order))
            for scan, columns in zip(table.scans, lying, strict=True)
            if columns is not None
        )
        lies = View(parts, aside, earlier)
        if not _cheaper_kept(table, lies):
            return lies
        rows = lies.all_rows(build)
    else:
        listed = ", ".join(identifier(name) for name in table.all_columns)
        rows = f"select {listed} from ({table.typed()})"
    target = f"{schema.name}.parquet"
    write(connection, rows, build / target)
    return View((((target,), tuple((name, identifier(name)) for name in table.all_columns)),), aside, earlier)


def _cheaper_kept(table: TableInput, lies: View) -> bool:
    """Whether a table is small, and its times would be made of others by every query anew."""
    kinds = (kind for scan in table.scans for name, kind in scan.types.items() if name in table.schema.by_name)
    return ZONED in kinds and sum(path.stat().st_size for path in lies.in_place()) <= SMALL_BYTES


def _earlier(connection: duckdb.DuckDBPyConnection, table: TableInput) -> tuple[str, tuple[str, ...]] | None:
    if table.earlier is None:
        return None
    with whole_parquet(table.earlier):
        columns = types_of(connection, parquet_relation([table.earlier]))
    return str(table.earlier), tuple(name for name in columns if name != KNOWN_UNTIL)


def with_joined_at(connection: duckdb.DuckDBPyConnection, customers: View, build: Path, *, has_orders: bool) -> View:
    """The customers with `joined_at` from the first order where they have none, and `joined_at_derived` telling so.

    Speaks of the views `customers` and `orders` of the connection.
    """
    missing = connection.execute("select count(*) from customers where joined_at is null").fetchone()
    (files, columns), *others = customers.parts
    if not has_orders or missing is None or missing[0] == 0:
        parts = [(names, (*cells, (DERIVED, "false"))) for names, cells in ((files, columns), *others)]
        return View(tuple(parts), customers.set_aside, customers.earlier)
    target = "customers-joined.parquet"
    first = "select customer_id, min(ordered_at) as first_order_at from orders group by customer_id"
    derived = "c.joined_at is null and f.first_order_at is not null"
    write(
        connection,
        f"select c.* replace (coalesce(c.joined_at, f.first_order_at) as joined_at), {derived} as {DERIVED} "
        f"from customers c left join ({first}) f on f.customer_id = c.customer_id",
        build / target,
    )
    names = (*(name for name, _ in columns), DERIVED)
    return View((((target,), tuple((name, identifier(name)) for name in names)),), earlier=customers.earlier)


def write(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    """Write the rows of a query to a Parquet file."""
    connection.execute(f"copy ({query}) to {literal(str(target))} (format parquet, compression lz4)")


def broken_files(connection: duckdb.DuckDBPyConnection, table: TableInput) -> list[ContractError]:
    """The user's own Parquet files that cannot be read to their end, whatever their footer promised.

    With them, the faults found in reading the table's other files.
    """
    broken = []
    for scan in table.scans:
        for path in scan.in_place:
            try:
                with whole_parquet(path):
                    connection.execute(f"select max(hash(columns(*))) from {parquet_relation([path])}").fetchall()
            except ContractError as error:
                broken.append(error)
    if broken and table.faults:
        broken.append(ContractError(table.faults))
    return broken
