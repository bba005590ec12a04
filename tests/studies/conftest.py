"""Small hand-made companies, read through the same door as any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from analysis.tables.load import Source, Tables, open_tables, prepare


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Callable[..., Tables]]:
    """A function from frames (a keyword a table) to open tables."""
    opened: list[Tables] = []

    def make(**frames: pd.DataFrame) -> Tables:
        folder = tmp_path / f"company-{len(opened)}"
        folder.mkdir()
        for name, frame in frames.items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        tables = open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone="UTC"))
        opened.append(tables)
        return tables

    yield make
    for tables in opened:
        tables.close()
