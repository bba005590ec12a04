"""How is a made-up company put into a folder? The contract's tables as Parquet, and `truth.json` beside them.

A company is written block by block, so that its size is bounded by the disk. The same world, seed and number of
customers give the same rows. Everything is staged beside the folder and moved in at the end, the truth last:
a folder with a truth is complete.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.foundation.errors import Fault, ParamsError
from analysis.foundation.provenance import canonical_json
from analysis.synthetic.block import blocks_of
from analysis.synthetic.books import books_of
from analysis.synthetic.records import tables_of
from analysis.synthetic.truths import Truth, truth_of
from analysis.synthetic.world import world_named

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
    "touchpoints",
    "unit_costs",
)


def make_world(folder: Path, *, world: str, seed: int, customers: int) -> None:
    """Write a made-up company and its truth.

    Parameters
    ----------
    folder : Path
        Made if it is not there. An earlier made-up company in it is replaced; a folder that holds tables and no
        truth is somebody's data, and refused.
    world : str
        One of `analysis.synthetic.world.WORLDS`.
    seed : int
        Not negative.
    customers : int
        At least 1.

    Raises
    ------
    UnknownName
        If there is no such world.
    ParamsError
        If seed or customers cannot be used, or the folder holds tables that were not made up.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_world(Path(folder), world="experiment", seed=1, customers=100)
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['assignments.parquet', 'changes.parquet', 'customers.parquet', 'orders.parquet', 'outcomes.parquet', 'truth.json']
    """
    parameters = world_named(world)
    _check(folder, seed, customers)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as staging:
        staged = Path(staging)
        truth: Truth | None = None
        with ExitStack() as open_files:
            writers: dict[str, pq.ParquetWriter] = {}
            for block in blocks_of(parameters, seed=seed, customers=customers):
                _append(staged, tables_of(block), writers, open_files)
                part = truth_of(block)
                truth = part if truth is None else truth + part
            books = books_of(parameters, customers)
            _append(staged, {"changes": books["changes"]} if parameters.only_experiment else books, writers, open_files)
        assert truth is not None  # at least one block was made
        for table in TABLES:
            (folder / f"{table}.parquet").unlink(missing_ok=True)
        (folder / TRUTH).unlink(missing_ok=True)
        for file in sorted(staged.iterdir()):
            os.replace(file, folder / file.name)
        statement = {"world": world, "seed": seed, "customers": customers, "effects": truth.effects()}
        (staged / TRUTH).write_bytes(canonical_json(statement))
        os.replace(staged / TRUTH, folder / TRUTH)


def _append(
    staged: Path, tables: Mapping[str, pa.Table], writers: dict[str, pq.ParquetWriter], open_files: ExitStack
) -> None:
    for name, table in tables.items():
        if name not in writers:
            file = staged / f"{name}.parquet"
            writers[name] = open_files.enter_context(pq.ParquetWriter(file, table.schema, compression="zstd"))
        writers[name].write_table(table)


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
