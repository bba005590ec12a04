"""Small companies, made by hand or made up, read through the same door as any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from analysis.synthetic.make import make_world
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


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """A made-up company of 2,000 customers, in London's time: enough to count its rows again by another road."""
    folder = tmp_path_factory.mktemp("made") / "effect"
    make_world(folder, world="effect", seed=4, customers=2_000)
    with open_tables(prepare([Source(folder)], cache=folder.parent / "cache", zone="Europe/London")) as tables:
        yield tables
