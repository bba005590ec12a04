"""Where does the demo company come from? Made once, in a folder of its own, always the same."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from analysis.foundation.errors import Fault, InputError
from analysis.synthetic.make import TRUTH, make_world

WORLD = "demo"
SEED = 3
CUSTOMERS = 40_000


def ensure_demo(folder: Path) -> bool:
    """Make the demo company's tables unless they are there; True if they were made now.

    They are made beside their place and moved there whole, so that an interrupted call leaves nothing behind.

    Raises
    ------
    InputError
        If the folder holds something else.
    """
    if folder.is_dir() and any(folder.iterdir()):
        if _is_demo(folder):
            return False
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
        make_world(made, world=WORLD, seed=SEED, customers=CUSTOMERS)
        if folder.is_dir():
            folder.rmdir()
        try:
            os.rename(made, folder)
        except OSError:
            if not _is_demo(folder):  # another process was first
                raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return True


def _is_demo(folder: Path) -> bool:
    try:
        truth = json.loads((folder / TRUTH).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (truth.get("world"), truth.get("seed"), truth.get("customers")) == (WORLD, SEED, CUSTOMERS)
