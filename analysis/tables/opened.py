"""What did `load` keep, and how is it opened again? The account of every table, and the tables open in the engine.

    open_tables(prepared)                                            all that the tables hold
    open_tables(prepared, as_known_at=datetime(2026, 10, 1))         what of it was known then

Nothing is read from the sources here, but that files viewed where they lie are still the ones that were checked. How
tables come to be kept is left to `load`, what of a table was known when to `knowledge`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from analysis.foundation.calendar import iso
from analysis.foundation.errors import ContractError, Fault, InputError, UnknownName
from analysis.foundation.provenance import fingerprint
from analysis.inference.estimate import RowsUsed
from analysis.tables.contract import KNOWN_AT, SCHEMAS
from analysis.tables.engine import Engine
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.knowledge import as_known_at as known_rows
from analysis.tables.knowledge import counted
from analysis.tables.staging import View

RECORD = "prepared.json"
NOT_YET_KNOWN = "not yet known"


@dataclass(frozen=True, kw_only=True)
class TableAccount:
    """What is known of one table that was read.

    `columns` are those its sources really had, the contract's first; `files` its sources by name; `first` and `last`
    the span of its event times (naive UTC, or days); `notices` what a reader should know; `known_at_nulls` how many
    rows, set aside or not, do not say when they were known; `basis` what a source map declares of a column's counts:
    "action", "post", "unknown", or "mixed" where it is made of several; `known_from` since when it can be told what was
    known, where an intake keeps the table's versions (naive UTC).
    """

    name: str
    rows: RowsUsed
    columns: tuple[str, ...]
    fingerprint: str
    notices: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    first: datetime | date | None = None
    last: datetime | date | None = None
    known_at_nulls: int = 0
    basis: Mapping[str, str] = field(default_factory=dict)
    known_from: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "rows": self.rows.to_dict(),
            "columns": list(self.columns),
            "fingerprint": self.fingerprint,
            "notices": list(self.notices),
            "files": list(self.files),
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
            "known_at_nulls": self.known_at_nulls,
            "basis": dict(self.basis),
            "known_from": self.known_from.isoformat() if self.known_from else None,
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> TableAccount:
        return cls(
            name=given["name"],
            rows=RowsUsed(**given["rows"]),
            columns=tuple(given["columns"]),
            fingerprint=given["fingerprint"],
            notices=tuple(given["notices"]),
            files=tuple(given["files"]),
            first=_moment(given["first"]),
            last=_moment(given["last"]),
            known_at_nulls=given["known_at_nulls"],
            basis=MappingProxyType(given["basis"]),
            known_from=datetime.fromisoformat(given["known_from"]) if given["known_from"] else None,
        )


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Tables that were read and found sound.

    `known_at` is the latest time our records speak of (naive UTC), `known_at_assumed` whether event times had to stand
    in for a `known_at` that rows do not carry; `notices` are those of no single table.
    """

    folder: Path
    accounts: Mapping[str, TableAccount]
    known_at: datetime | None
    known_at_assumed: bool
    notices: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Prepared:
        """What `prepare` left in a folder."""
        given = json.loads((folder / RECORD).read_bytes())
        accounts = {name: TableAccount.from_dict(table["account"]) for name, table in given["tables"].items()}
        return cls(
            folder=folder,
            accounts=MappingProxyType(accounts),
            known_at=datetime.fromisoformat(given["known_at"]) if given["known_at"] else None,
            known_at_assumed=given["known_at_assumed"],
            notices=tuple(given["notices"]),
        )


class Tables:
    """The tables of one study, open in the engine. A context manager.

    `known_at` is what `as_known_at` asked for, else the latest time the tables speak of; `known_at_assumed` whether
    event times stood in for a `known_at` that rows do not carry.
    """

    def __init__(
        self,
        engine: Engine,
        accounts: Mapping[str, TableAccount],
        *,
        known_at: datetime | None,
        known_at_assumed: bool,
    ) -> None:
        self.engine = engine
        self.accounts = accounts
        self.known_at = known_at
        self.known_at_assumed = known_at_assumed

    def has(self, table: str) -> bool:
        """Whether that table was given."""
        return table in self.accounts

    def has_column(self, table: str, column: str) -> bool:
        """Whether the source of that table really had that column; a view shows absent ones as nulls."""
        return table in self.accounts and column in self.accounts[table].columns

    def basis(self, table: str, column: str) -> str | None:
        """On which basis a source map declares that column to count.

        "action", "post", "unknown", or "mixed" where it is made of counts on several; None where nothing is declared.
        """
        return self.accounts[table].basis.get(column) if table in self.accounts else None

    def rows(self) -> dict[str, RowsUsed]:
        """The account of the rows of every table."""
        return {name: account.rows for name, account in self.accounts.items()}

    def close(self) -> None:
        self.engine.close()

    def __enter__(self) -> Tables:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_tables(
    prepared: Prepared,
    *,
    memory_limit: str | None = None,
    threads: int | None = None,
    as_known_at: datetime | None = None,
    of: Collection[str] | None = None,
) -> Tables:
    """The prepared tables, as views of an engine: every contract column in the engine's type, then the further ones.

    Parameters
    ----------
    prepared : Prepared
    memory_limit : str, optional
        "4GB"; by default half of the machine's memory.
    threads : int, optional
        How many the engine may use; by default all there are.
    as_known_at : datetime, optional
        Naive UTC: the views then show what was known at that time (see `knowledge`), and so do the accounts. At or
        after the latest time the tables speak of, that is all they hold, also what it says of days to come.
    of : collection of str, optional
        Open only these of the tables. What is known of the others is then not asked.

    Raises
    ------
    ContractError
        If a file that is viewed where it lies has changed since.
    InputError
        If `as_known_at` lies before the latest time and rows of a table do not say when they were known: what was
        known of them before they were loaded cannot be told. Customers and identities, which are no events, are taken
        for known.
    UnknownName
        If `of` names a table that the contract does not have.

    Examples
    --------
    >>> import tempfile
    >>> from analysis.tables.load import Source, prepare
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "posts.csv").write_text(
    ...     "post_id,published_at,platform,known_at\\n"
    ...     "1,2026-09-01T09:00Z,x,2026-09-01T10:00Z\\n2,2026-09-02T09:00Z,x,2026-10-05T00:00Z\\n")
    >>> with open_tables(prepare([Source(folder)], cache=folder / ".cache"),
    ...                  as_known_at=datetime(2026, 10, 1)) as tables:
    ...     print(tables.engine.query("select post_id from posts").column(0).to_pylist(), tables.rows()["posts"])
    ['1'] RowsUsed(read=2, kept=1, set_aside=mappingproxy({'not yet known': 1}))
    """
    given = json.loads((prepared.folder / RECORD).read_bytes())["tables"]
    for name in of or ():
        if name not in SCHEMAS:
            raise UnknownName.of("table", name, SCHEMAS)
    tables = {name: table for name, table in given.items() if of is None or name in of}
    accounts = {name: prepared.accounts[name] for name in tables}
    latest = _latest(prepared)
    at = None if as_known_at is None or latest is None or as_known_at >= latest else as_known_at
    if at is not None and latest is not None:
        _refuse_unrecorded(accounts, at, latest)
    _refuse_changed(tables)
    views = {name: View.from_dict(table["view"]) for name, table in tables.items()}
    held = {name: view.all_rows(prepared.folder) for name, view in views.items()}
    queries = {
        name: view.less_set_aside(
            known_rows(view.versions_at(held[name], at), SCHEMAS[name], view.columns, at) if at else held[name]
        )
        for name, view in views.items()
    }
    files = [prepared.folder, *(path for view in views.values() for path in view.in_place())]
    engine = DuckDBEngine(queries, files=files, memory_limit=memory_limit, threads=threads)
    if at is not None:
        accounts = {
            name: _account_at(engine, account, views[name], held[name], at) for name, account in accounts.items()
        }
    assumed = prepared.known_at_assumed if at is None else any(one.known_at_nulls for one in accounts.values())
    return Tables(
        engine, MappingProxyType(accounts), known_at=as_known_at or prepared.known_at, known_at_assumed=assumed
    )


def _latest(prepared: Prepared) -> datetime | None:
    """From when on all that the tables hold was known; where no row has an instant, the last of their days."""
    days = [account.last for account in prepared.accounts.values() if account.last is not None]
    instants = [day if isinstance(day, datetime) else datetime.combine(day, time()) for day in days]
    return prepared.known_at or max(instants, default=None)


def _refuse_unrecorded(accounts: Mapping[str, TableAccount], at: datetime, latest: datetime) -> None:
    """Stop where it cannot be told what was known: before the first export, or events that do not say since when."""
    faults = [
        Fault(
            where=f"table {name}",
            what=f"is kept since its first export, of {iso(account.known_from)}: what was known before cannot be told",
            remedy=f"Ask for a time from {iso(account.known_from)} on.",
            rule="before_first_export",
        )
        for name, account in sorted(accounts.items())
        if account.known_from is not None and at < account.known_from
    ]
    faults += [
        Fault(
            where=f"table {name}",
            column=KNOWN_AT.name,
            what=f"rows do not say when they were known, so what was known of them at {iso(at)} cannot be told",
            remedy=f"Give an export with `known_at` in every row, or ask for a time from {iso(latest)} on.",
            rule="known_at_missing",
            count=account.known_at_nulls,
            of=account.rows.read,
        )
        for name, account in sorted(accounts.items())
        if account.known_at_nulls and not SCHEMAS[name].standing
    ]
    if faults:
        raise InputError(faults)


def _refuse_changed(tables: Mapping[str, Any]) -> None:
    """Stop where a file that is viewed where it lies is not the one that was checked."""
    changed = [
        Fault(
            where=Path(path).name, what="has changed since it was checked", remedy="Prepare it again.", rule="changed"
        )
        for table in tables.values()
        for path, before in table["in_place"].items()
        if not _unchanged(Path(path), before)
    ]
    if changed:
        raise ContractError(changed)


def _account_at(engine: Engine, account: TableAccount, view: View, held: str, at: datetime) -> TableAccount:
    """The account of a table as known at an instant."""
    schema = SCHEMAS[account.name]
    reasons = {reason: name for reason, name in schema.set_aside.items() if name in view.set_aside}
    now = counted(engine, view.versions_at(held, at), schema, view.columns, reasons, at, held)
    set_aside = dict(account.rows.set_aside)
    for reason, change in now.more_set_aside.items():
        set_aside[reason] = set_aside.get(reason, 0) + change
    set_aside[NOT_YET_KNOWN] = now.unknown
    told = {reason: count for reason, count in set_aside.items() if count}
    rows = RowsUsed(read=account.rows.read + now.more, kept=now.kept, set_aside=told)
    return replace(account, rows=rows, first=now.first, last=now.last)


def seen(path: Path, content: str) -> dict[str, Any]:
    """What tells a file that is viewed where it lies: size, time of change, and the hash of its bytes."""
    status = path.stat()
    return {"size": status.st_size, "modified": status.st_mtime_ns, "fingerprint": content}


def _unchanged(path: Path, before: Mapping[str, Any]) -> bool:
    """Whether a file still is what was checked: by size and time, and by its bytes if those differ."""
    try:
        status = path.stat()
        same = (status.st_size, status.st_mtime_ns) == (before["size"], before["modified"])
        return same or fingerprint(path) == before["fingerprint"]
    except OSError:
        return False


def _moment(text: str | None) -> datetime | date | None:
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
