"""How do several files of tests, and the processes they run in, share what takes long to make? It is made by the first.

A folder that was given is only read: who writes into it changes what the others find.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder of that name, made by the first test of this run that asks for it; the others wait for it.

    What could not be made whole is made anew by the next one that asks.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"once-{name}"
    whole = place.with_suffix(".whole")
    with FileLock(place.with_suffix(".lock")):
        if not whole.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            whole.touch()
    return place
