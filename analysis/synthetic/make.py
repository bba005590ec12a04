"""How is a made-up company put into a folder? The contract's tables as Parquet, and `truth.json` beside them.

A company is written block by block, so that its size is bounded by the disk. The same world, seed and number of
customers give the same rows. Everything is staged beside the folder and moved in at the end, the truth last:
a folder with a truth is complete.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import reduce
from operator import add
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.foundation.errors import Fault, ParamsError
from analysis.foundation.provenance import canonical_json
from analysis.synthetic.audience import audience_of, audience_tables
from analysis.synthetic.block import blocks_of
from analysis.synthetic.books import books_of
from analysis.synthetic.chatter import written
from analysis.synthetic.clock import DATA_START
from analysis.synthetic.company import WHOLE, Ints, stream
from analysis.synthetic.records import tables_of
from analysis.synthetic.series import series_table
from analysis.synthetic.tally import Tally, tally_of
from analysis.synthetic.truths import Truth, truth_of
from analysis.synthetic.world import World, world_named

TRUTH = "truth.json"
RECIPE = 2
"""Raised when the same world, seed and number of customers make other rows than before."""

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

_CLICKERS = 4_000


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
        with ExitStack() as open_files:
            writers: dict[str, pq.ParquetWriter] = {}

            def append(tables: Mapping[str, pa.Table]) -> None:
                for name, table in tables.items():
                    if name not in writers:
                        writer = pq.ParquetWriter(staged / f"{name}.parquet", table.schema, compression="zstd")
                        writers[name] = open_files.enter_context(writer)
                    writers[name].write_table(table)

            found = _write(parameters, seed, customers, append)
        for table in TABLES:
            (folder / f"{table}.parquet").unlink(missing_ok=True)
        (folder / TRUTH).unlink(missing_ok=True)
        for file in sorted(staged.iterdir()):
            os.replace(file, folder / file.name)
        statement = {"world": world, "seed": seed, "customers": customers, "recipe": RECIPE, **found}
        (staged / TRUTH).write_bytes(canonical_json(statement))
        os.replace(staged / TRUTH, folder / TRUTH)


def _write(
    world: World, seed: int, customers: int, append: Callable[[Mapping[str, pa.Table]], None]
) -> dict[str, object]:
    """Hands out the tables, block by block and then those of the company as a whole; returns what is true of them."""
    truths: list[Truth] = []
    tallies: list[Tally] = []
    clickers: list[Ints] = []
    for block in blocks_of(world, seed=seed, customers=customers):
        mentions = None if world.only_experiment else written(block)
        append(tables_of(block, mentions))
        truths.append(truth_of(block))
        if mentions is not None:
            tallies.append(tally_of(block, mentions))
        if block.index == 0:  # customers all along; a few thousand will do
            clickers.append(block.customers.number[block.customers.joined < DATA_START][:_CLICKERS])
    books = books_of(world, customers)
    effects = reduce(add, truths).effects()
    if world.only_experiment:
        append({"changes": books["changes"]})
        return {"effects": effects}
    tally = reduce(add, tallies)
    audience = audience_of(seed=seed, customers=customers, clickers=clickers[0])
    series = series_table(
        customers=customers,
        seen=audience.seen(),
        support_cents=tally.support_cents,
        rng=stream(seed, WHOLE, "series"),
    )
    append(books | audience_tables(audience) | {"series": series})
    facts = {"mention_kinds": tally.mention_kinds(), "incidents": tally.incidents()}
    return {"effects": effects, **facts, **audience.truth()}


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
