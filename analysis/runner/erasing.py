"""What does `touchstone erase` do? One customer out of the tables, the tombstone beside the sources file, and in words.

How rows are found and emptied is left to `analysis.tables.erasure`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.provenance import write_atomically
from analysis.runner.asked import instant_asked
from analysis.runner.sources_file import load_sources
from analysis.tables.intake.erasing import erase, tombstones_with


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: rows by table, and where it is kept that they were. It does not say whose."""

    rows: Mapping[str, int]
    tombstones: Path
    caches: tuple[Path, ...]

    def to_dict(self) -> dict[str, Any]:
        """The erasure for programs."""
        return {
            "rows": dict(self.rows),
            "tombstones": str(self.tombstones),
            "caches": [str(path) for path in self.caches],
        }

    def __str__(self) -> str:
        lines = ["Erased. Rows that no longer lead to this customer:"]
        lines += [f"  {name:<24} {count:>10,}" for name, count in sorted(self.rows.items())]
        lines.append(f"So that later exports do not bring them back, keep {self.tombstones}.")
        lines += [f"Taken away, since it held copies: {path}" for path in self.caches]
        lines.append("Exports as they came from their systems, backups and copies elsewhere are yours to see to.")
        return "\n".join(lines)


def erase_from_tables(sources: str | Path, customer: str, *, on: str, out: Path | None = None) -> Erased:
    """Take a customer out of the tables of a sources file.

    Parameters
    ----------
    sources : str or Path
        The sources file.
    customer : str
        The customer's id, as the tables have it.
    on : str
        The day of the erasure.
    out : Path, optional
        Stands above the file's `tables`.

    Raises
    ------
    InputError
        If there are no tables of an intake, they were made with another key, or the file of tombstones cannot be read.
    DesignError
        If no row is this customer's.
    """
    given = load_sources(sources)
    day = instant_asked("--on", on).date()
    tables = given.tables if out is None else out.absolute()
    tombstone = erase(
        tables,
        customer,
        on=day,
        home=given.home,
        keep=lambda one: write_atomically(given.erased, tombstones_with(given.erased, one)),
    )
    caches = [path for path in (given.home / "reports" / ".cache" / "tables",) if path.is_dir()]
    for path in caches:
        shutil.rmtree(path)
    return Erased(tombstone.rows, given.erased, tuple(caches))
