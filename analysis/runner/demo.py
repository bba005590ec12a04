"""Where does the demo company come from? Made once, in a folder of its own, always the same."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from analysis.foundation.errors import Fault, InputError

WORLD = "demo"
SEED = 3
CUSTOMERS = 40_000
RECIPE = 2
TRUTH = "truth.json"
"""Both as `analysis.synthetic.make` has them, which a test compares: a company that is there waits for no maker."""


def ensure_demo(folder: Path) -> bool:
    """Make the demo company's tables unless they are there; True if they were made now.

    They are made beside their place and moved there whole, so that an interrupted call leaves nothing behind. Those of
    an earlier version are made anew.

    Raises
    ------
    InputError
        If the folder holds something else.
    """
    if folder.is_dir() and any(folder.iterdir()):
        found = _recipe_of(folder)
        if found == RECIPE:
            return False
        if found is not None:
            _make(folder)
            return True
        raise InputError(
            Fault(
                where=str(folder),
                what="holds something other than this version's demo company",
                remedy="Move it away; it will be made again.",
                rule="place_taken",
            )
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        made = staged / folder.name
        _make(made)
        if folder.is_dir():
            folder.rmdir()
        try:
            os.rename(made, folder)
        except OSError:
            if _recipe_of(folder) != RECIPE:  # unless another process was first
                raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return True


def _make(folder: Path) -> None:
    from analysis.synthetic.make import make_world  # here: it costs a third of a second that a rerun need not wait for

    make_world(folder, world=WORLD, seed=SEED, customers=CUSTOMERS)


def _recipe_of(folder: Path) -> int | None:
    """By which recipe the demo company in a folder was made; None where it is something else."""
    try:
        truth = json.loads((folder / TRUTH).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if (truth.get("world"), truth.get("seed"), truth.get("customers")) != (WORLD, SEED, CUSTOMERS):
        return None
    return int(truth.get("recipe", 1))
