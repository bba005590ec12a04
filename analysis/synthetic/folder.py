"""How does a made-up company come into a folder? Staged beside it and moved in at the end, the truth last.

A folder with a truth is complete; one that holds tables and no truth is somebody's data and is left alone. Which rows
there are is left to whoever writes them: the folder hands out a way to append tables, piece by piece.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.foundation.errors import Fault, ParamsError
from analysis.foundation.provenance import canonical_json

TRUTH = "truth.json"

TABLES = (
    "assignments",
    "changes",
    "costs",
    "customers",
    "issues",
    "mentions",
    "orders",
    "outcomes",
    "post_actions",
    "post_counters",
    "posts",
    "series",
    "subscriptions",
    "surveys",
    "touchpoints",
    "unit_costs",
)

Append = Callable[[Mapping[str, pa.Table]], None]


def put_into(
    folder: Path, *, world: str, seed: int, customers: int, recipe: int, write: Callable[[Append], Mapping[str, object]]
) -> None:
    """Write a made-up company and its truth.

    Parameters
    ----------
    folder : Path
        Made if it is not there. An earlier made-up company in it is replaced.
    world : str
    seed : int
        Not negative.
    customers : int
        At least 1.
    recipe : int
        Raised when the same world, seed and number of customers make other rows than before.
    write : callable
        Takes what appends tables by name, hands its rows to it, and returns what is true of them.

    Raises
    ------
    ParamsError
        If seed or customers cannot be used, or the folder holds tables that were not made up.

    Examples
    --------
    >>> def write(append):
    ...     append({"orders": pa.table({"order_id": ["1"]})})
    ...     return {"effects": []}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     put_into(Path(folder), world="none", seed=1, customers=1, recipe=1, write=write)
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['orders.parquet', 'truth.json']
    """
    _check(folder, seed, customers)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as staging:
        staged = Path(staging)
        with ExitStack() as open_files:
            writers: dict[str, pq.ParquetWriter] = {}

            def append(tables: Mapping[str, pa.Table]) -> None:
                for name, table in tables.items():
                    if name not in writers:
                        writer = pq.ParquetWriter(staged / f"{name}.parquet", table.schema, compression="zstd")
                        writers[name] = open_files.enter_context(writer)
                    writers[name].write_table(table)

            found = write(append)
        for table in TABLES:
            (folder / f"{table}.parquet").unlink(missing_ok=True)
        (folder / TRUTH).unlink(missing_ok=True)
        for file in sorted(staged.iterdir()):
            os.replace(file, folder / file.name)
        statement = {"world": world, "seed": seed, "customers": customers, "recipe": recipe, **found}
        (staged / TRUTH).write_bytes(canonical_json(statement))
        os.replace(staged / TRUTH, folder / TRUTH)


def _check(folder: Path, seed: int, customers: int) -> None:
    faults = []
    if folder.exists() and not folder.is_dir():
        faults.append(Fault(where="folder", what="is a file", remedy="Give the name of a folder.", rule="folder"))
    parts = sorted(part.name for part in folder.iterdir()) if folder.is_dir() else []
    found = [name for name in parts if name.split(".")[0] in TABLES]
    if found and not (folder / TRUTH).exists():
        what = f"holds tables that were not made up (`{found[0]}`)"
        faults.append(Fault(where="folder", what=what, remedy="Give a folder of its own.", rule="folder"))
    if seed < 0:
        faults.append(Fault(where="seed", what="is negative", remedy="Give a whole number from 0.", rule="seed"))
    if customers < 1:
        faults.append(
            Fault(where="customers", what="is less than 1", remedy="Give at least 1 customer.", rule="customers")
        )
    if faults:
        raise ParamsError(faults)
