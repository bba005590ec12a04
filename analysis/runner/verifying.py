"""Do the records of closed months hold? The answer of `touchstone verify`, for one family or for all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError
from analysis.ledger.chain import Verdict, verify
from analysis.runner.closing import LEDGER


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the closed months of one family hold."""

    folder: Path
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Whether every entry holds."""
        return self.verdict.holds

    def to_dict(self) -> dict[str, Any]:
        """The verdict for programs."""
        one = self.verdict
        fault = None if one.fault is None else str(one.fault)
        return {
            "ledger": str(self.folder),
            "holds": one.holds,
            "entries": one.entries,
            "closes": one.closes,
            "head": one.head or None,
            "fault": fault,
        }

    def __str__(self) -> str:
        return f"{self.folder}: {self.verdict}"


def verified(folder: Path | None, here: Path) -> list[Verified]:
    """Whether records of closed months hold: the one named, or all families under `reports/ledger`.

    Raises
    ------
    InputError
        If there is none.
    """
    if folder is not None:
        folders = [folder]
    else:
        families = here / "reports" / LEDGER
        folders = sorted(one for one in families.iterdir() if one.is_dir()) if families.is_dir() else []
    there = [one for one in folders if one.is_dir()]
    if not there:
        what = "there are no closed months" if folder is None else "there is no such folder"
        where = str(folder or here / "reports" / LEDGER)
        raise InputError(Fault(where=where, what=what, remedy="Name the folder of a family.", rule="no_ledger"))
    return [Verified(one, verify(one)) for one in there]
