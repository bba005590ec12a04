"""A small company whose exports are written by hand, taken in, and asked what was known when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analysis.tables.intake.sources import IntakeSource
from analysis.tables.intake.take_in import Intake, take_in
from analysis.tables.load import Source, prepare
from analysis.tables.opened import Prepared, Tables, open_tables
from analysis.tables.pseudonyms import Key

KEY = Key(bytes(range(32)))
OCTOBER, NOVEMBER, DECEMBER = datetime(2026, 10, 3), datetime(2026, 11, 3), datetime(2026, 12, 3)


@dataclass
class Desk:
    """A folder with exports of one source, and the tables made of them."""

    home: Path
    extent: str = "part"

    @property
    def exports(self) -> Path:
        return self.home / "exports"

    @property
    def tables(self) -> Path:
        return self.home / "tables"

    def export(self, table: str, *lines: str, name: str | None = None) -> Path:
        self.exports.mkdir(exist_ok=True)
        file = self.exports / f"{name or table}.csv"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    def source(self, **changed: Any) -> IntakeSource:
        given: dict[str, Any] = {"name": "desk", "paths": (self.exports,), "extent": self.extent}
        return IntakeSource(**given | changed)

    def take(self, as_of: datetime | None, *sources: IntakeSource, **more: Any) -> Intake:
        return take_in(sources or [self.source()], self.tables, as_of=as_of, key=KEY, **more)

    def prepared(self) -> Prepared:
        return prepare([Source(self.tables)], cache=self.home / ".cache")

    def rows(self, query: str, at: datetime | None = None) -> list[tuple[Any, ...]]:
        with open_tables(self.prepared(), as_known_at=at) as tables:
            return [tuple(row.values()) for row in tables.engine.query(query).to_pylist()]

    def opened(self, at: datetime | None = None) -> Tables:
        return open_tables(self.prepared(), as_known_at=at)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def state() -> Callable[[Path], dict[str, bytes]]:
    """The bytes of every file below a folder, by name: to see that nothing was touched."""

    def of(folder: Path) -> dict[str, bytes]:
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return of
