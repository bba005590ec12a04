"""How is a customer taken out of tables that are held? A new generation without them, and none with them left.

The record of the new generation keeps the tombstone, so that later exports do not bring the customer back. Which names
lead to a customer, and what becomes of their rows, is left to `erasure`; keeping the tombstone once more, for tables
that are made anew, to whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.provenance import canonical_json
from analysis.tables.contract import SCHEMAS
from analysis.tables.erasure import Erasures, Tombstone, erased, kept_in, together
from analysis.tables.generation import EARLIER, RECORD, REPORT, WAITING, Generation
from analysis.tables.intake.store import Store, put_in_place
from analysis.tables.pseudonyms import Key, must_be_the_key, user_key
from analysis.tables.scans import parquet_relation
from analysis.tables.staging import staging, write


def erase(
    out: Path,
    customer_id: str,
    *,
    on: date,
    keep: Callable[[Tombstone], None],
    key: Key | None = None,
    home: Path | None = None,
) -> Tombstone:
    """Take a customer out of the tables an intake made.

    Parameters
    ----------
    out : Path
        Where the tables are read.
    customer_id : str
        As the tables have it.
    on : date
        The day of the erasure.
    keep : callable
        Keeps the tombstone beside the tables; called before anything is published.
    key : Key, optional
        The key of the pseudonyms; by default the user's own.
    home : Path, optional
        The study's folder, in which the user's key may not lie.

    Returns
    -------
    Tombstone
        With the number of rows taken out or emptied, by table.

    Raises
    ------
    InputError
        If no intake made tables there, or they were made with another key.
    DesignError
        If no row is this customer's.
    """
    store = Store(out)
    store.check()
    _held(store)  # before a folder is made where there are none
    with store.alone(), store.building() as build:
        generation = _held(store)  # an intake may have been under way until now
        key = key or user_key(home)
        must_be_the_key(key, [generation.record.get("key")])
        tombstone = _without(generation, build, customer_id, on, key)
        keep(tombstone)
        store.publish(build, keep=1)
    return tombstone


def _held(store: Store) -> Generation:
    """The tables as they are."""
    generation = None if store.now is None else Generation.at(store.now)
    if generation is None:
        what, remedy = "holds no tables of an intake", "Name the sources file whose tables are meant."
        raise InputError(Fault(where=str(store.link), what=what, remedy=remedy, rule="no_intake"))
    return generation


def files_of(generation: Generation) -> dict[str, Path]:
    """Every file that holds rows, by its place in the folder."""
    found: dict[str, Path | None] = {}
    for name in SCHEMAS:
        found[name] = generation.table(name)
        found[f"{EARLIER}/{name}"] = generation.earlier(name)
        found[f"{WAITING}/{name}"] = generation.waiting(name)
    return {name: path for name, path in found.items() if path is not None}


def _without(generation: Generation, build: Path, customer_id: str, on: date, key: Key) -> Tombstone:
    """The next generation, in the build folder."""
    files = files_of(generation)
    relations = {name: parquet_relation([path]) for name, path in files.items()}
    folder = build / "tables"
    with staging(build, list(files.values())) as (connection, _):
        tombstone = erased(connection, key, relations, customer_id, on=on)
        gone = Erasures(connection, key, [tombstone], relations)
        for name, path in files.items():
            target = folder / f"{name}.parquet"
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if tombstone.rows.get(name):
                write(connection, gone.without(name), target)
            else:
                put_in_place(path, target, build)
    _leave_out_empty(folder)
    report = generation.folder / REPORT
    if report.is_file():
        put_in_place(report, folder / REPORT, build)
    erasures = together(kept_in(generation.record), [tombstone])
    record = {
        **generation.record,
        "number": generation.record["number"] + 1,
        "key": key.check,
        "erased": [one.to_dict() for one in erasures],
    }
    (folder / RECORD).write_bytes(canonical_json(record))
    return tombstone


def _leave_out_empty(folder: Path) -> None:
    """No file for a table of which nothing is left, and none for versions or names that wait, where there are none."""
    for name in SCHEMAS:
        now, *others = (folder / part / f"{name}.parquet" for part in ("", EARLIER, WAITING))
        for path in others:
            if _is_empty(path):
                path.unlink()
        if _is_empty(now) and not others[0].exists():
            now.unlink()


def _is_empty(path: Path) -> bool:
    return path.is_file() and not pq.read_metadata(path).num_rows


def read_tombstones(path: Path) -> tuple[Tombstone, ...]:
    """The tombstones of a file; none where there is no file.

    Raises
    ------
    InputError
        If it cannot be read: then nobody could tell who must not come back.
    """
    if not path.is_file():
        return ()
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept_in({"erased": kept["erased"]})
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = "cannot be read, and holds who was erased"
        remedy = "Bring back the file as it was: without it, later exports would bring these customers back."
        raise InputError(Fault(where=path.name, what=what, remedy=remedy, rule="erased_file")) from error


def tombstones_with(path: Path, *tombstones: Tombstone) -> bytes:
    """The content of the file with further tombstones; one of the same marks takes the place of the last."""
    return canonical_json({"erased": [one.to_dict() for one in together(read_tombstones(path), tombstones)]})
