"""How is a made-up company put into a folder? The contract's tables as Parquet, and `truth.json` beside them.

A company is written block by block, so that its size is bounded by the disk. The same world, seed and number of
customers give the same rows. How files get into the folder is left to `folder`; companies of another kind, which their
names begin with, to those who make them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from operator import add
from pathlib import Path
from types import MappingProxyType

from analysis.foundation.errors import UnknownName
from analysis.synthetic.audience import audience_of, audience_tables
from analysis.synthetic.block import blocks_of
from analysis.synthetic.books import books_of
from analysis.synthetic.chatter import written
from analysis.synthetic.clock import DATA_START
from analysis.synthetic.company import WHOLE, Ints, stream
from analysis.synthetic.folder import TABLES, TRUTH, Append, put_into
from analysis.synthetic.queue_desk import QUEUES, write_queue_company
from analysis.synthetic.records import tables_of
from analysis.synthetic.roll_out import VARIANTS
from analysis.synthetic.roll_out_folder import write_roll_out
from analysis.synthetic.series import series_table
from analysis.synthetic.subscription_firm import FIRMS, make_firm
from analysis.synthetic.tally import Tally, tally_of
from analysis.synthetic.truths import Truth, truth_of
from analysis.synthetic.world import WORLDS, World, world_named

__all__ = ["RECIPE", "TABLES", "TRUTH", "make_world"]

RECIPE = 2
"""Raised when the same world, seed and number of customers make other rows than before."""

_CLICKERS = 4_000

OTHERS: Mapping[str, Callable[[Path, str, int, int], None]] = MappingProxyType(
    {
        **dict.fromkeys(FIRMS, lambda folder, name, seed, n: make_firm(folder, name=name, seed=seed, customers=n)),
        **dict.fromkeys(QUEUES, write_queue_company),
        **dict.fromkeys(VARIANTS, write_roll_out),
    }
)
"""Who writes the companies that are not of the family of `WORLDS`, by name."""


def make_world(folder: Path, *, world: str, seed: int, customers: int) -> None:
    """Write a made-up company and its truth.

    Parameters
    ----------
    folder : Path
        Made if it is not there. An earlier made-up company in it is replaced; a folder that holds tables and no
        truth is somebody's data, and refused.
    world : str
        One of `analysis.synthetic.world.WORLDS`, or of `OTHERS`.
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
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_world(Path(folder), world="experiment", seed=1, customers=100)
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['assignments.parquet', 'changes.parquet', 'customers.parquet', 'orders.parquet', 'outcomes.parquet', 'truth.json']
    """
    if world not in (*WORLDS, *OTHERS):
        raise UnknownName.of("world", world, (*WORLDS, *OTHERS))
    with _nothing_half_made(folder):
        if world in OTHERS:
            OTHERS[world](folder, world, seed, customers)
            return
        put_into(
            folder,
            world=world,
            seed=seed,
            customers=customers,
            recipe=RECIPE,
            write=lambda append: _write(world_named(world), seed, customers, append),
        )


@contextmanager
def _nothing_half_made(folder: Path) -> Iterator[None]:
    """Whatever breaks the block off, no made-up table stays without its truth, and no folder that it made."""
    new, ours = not folder.exists(), not _tables_in(folder) or (folder / TRUTH).exists()
    try:
        yield
    except BaseException:
        if ours and not (folder / TRUTH).exists():
            for table in _tables_in(folder):
                table.unlink()
        if new and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        raise


def _tables_in(folder: Path) -> list[Path]:
    return [folder / f"{name}.parquet" for name in TABLES if (folder / f"{name}.parquet").is_file()]


def _write(world: World, seed: int, customers: int, append: Append) -> dict[str, object]:
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
