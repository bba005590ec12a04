"""Rows of an experiment as `Rows` describes them, from a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from analysis.studies.experiment.rows import Rows
from analysis.tables.engine.duckdb_engine import DuckDBEngine

EMPTY = {"cluster": "varchar", "block_start": "timestamp", "at": "timestamp", "exposed": "integer"}


@contextmanager
def rows_of(
    frame: pd.DataFrame, folder: Path, *, covariates: Sequence[str] = (), segments: Sequence[str] = (),
    without: Sequence[str] = (),
) -> Iterator[Rows]:  # fmt: skip
    """A frame with `arm`, `m0` (called `orders`) and whatever else, as rows against the arm `control`."""
    path = folder / "rows.parquet"
    frame.to_parquet(path)
    absent = [name for name in EMPTY if name not in frame and name not in without]
    more = "".join(f", cast(null as {EMPTY[name]}) as {name}" for name in absent)
    with DuckDBEngine({"rows_given": f"select *{more} from '{path}'"}, files=[path]) as engine:
        yield Rows(
            engine=engine, table="rows_given", experiment="trial", control="control",
            arms=tuple(sorted(frame["arm"].unique())), units={"orders": "orders per customer"},
            measures={"orders": "m0"}, covariates={"orders": tuple(covariates)}, segments=tuple(segments),
        )  # fmt: skip
