"""What did `load` keep, and how is it opened again? The account of every table, and the tables open in the engine.

Nothing is read from the sources here, but that files viewed where they lie are still the ones that were checked. How
tables come to be kept is left to `load`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from analysis.foundation.errors import ContractError, Fault
from analysis.foundation.provenance import fingerprint
from analysis.inference.estimate import RowsUsed
from analysis.tables.engine import Engine
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.staging import View

RECORD = "prepared.json"


@dataclass(frozen=True, kw_only=True)
class TableAccount:
    """What is known of one table that was read.

    `columns` are those its sources really had, the contract's first; `files` its sources by name; `first` and `last`
    the span of its event times (naive UTC, or days); `notices` what a reader should know.
    """

    name: str
    rows: RowsUsed
    columns: tuple[str, ...]
    fingerprint: str
    notices: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    first: datetime | date | None = None
    last: datetime | date | None = None

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
    """The tables of one study, open in the engine. A context manager."""

    def __init__(self, engine: Engine, prepared: Prepared) -> None:
        self.engine = engine
        self.accounts = prepared.accounts
        self.known_at = prepared.known_at
        self.known_at_assumed = prepared.known_at_assumed

    def has(self, table: str) -> bool:
        """Whether that table was given."""
        return table in self.accounts

    def has_column(self, table: str, column: str) -> bool:
        """Whether the source of that table really had that column; a view shows absent ones as nulls."""
        return table in self.accounts and column in self.accounts[table].columns

    def rows(self) -> dict[str, RowsUsed]:
        """The account of the rows of every table."""
        return {name: account.rows for name, account in self.accounts.items()}

    def close(self) -> None:
        self.engine.close()

    def __enter__(self) -> Tables:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_tables(prepared: Prepared, *, memory_limit: str | None = None) -> Tables:
    """The prepared tables, as views of an engine: every contract column in the engine's type, then the further ones.

    Raises
    ------
    ContractError
        If a file that is viewed where it lies has changed since.
    """
    tables = json.loads((prepared.folder / RECORD).read_bytes())["tables"]
    views = {name: View.from_dict(table["view"]) for name, table in tables.items()}
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
    files = [prepared.folder, *(path for view in views.values() for path in view.in_place())]
    queries = {name: view.sql(prepared.folder) for name, view in views.items()}
    return Tables(DuckDBEngine(queries, files=files, memory_limit=memory_limit), prepared)


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
