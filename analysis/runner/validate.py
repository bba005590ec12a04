"""Can these files be read as the contract's tables? Everything that is wrong, at once, without running anything."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError
from analysis.tables.load import Source, TableAccount, prepare


@dataclass(frozen=True, slots=True)
class Validation:
    """What was read, or what is at fault."""

    folder: str
    tables: Mapping[str, TableAccount]
    notices: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "sound": self.sound,
            "folder": self.folder,
            "tables": {name: account.to_dict() for name, account in self.tables.items()},
            "notices": list(self.notices),
            "faults": [fault.to_dict() for fault in self.faults],
        }

    def __str__(self) -> str:
        if not self.sound:
            count = len(self.faults)
            head = f"{self.folder}: {count} fault{'' if count == 1 else 's'} found."
            return "\n".join([head, *(f"  - {fault}" for fault in self.faults)])
        lines = [f"{self.folder}: {len(self.tables)} table{'' if len(self.tables) == 1 else 's'}, no fault found."]
        for name, account in self.tables.items():
            lines.append(f"  {name:<16} {account.rows.kept:>12,} rows kept of {account.rows.read:,}")
            lines += [f"    set aside: {count:,} {reason}" for reason, count in account.rows.set_aside.items()]
            lines += [f"    {notice}" for notice in account.notices]
        return "\n".join([*lines, *(f"  {notice}" for notice in self.notices)])


def validate_folder(folder: Path, map_name: str | None = None) -> Validation:
    """What a folder or file of tables holds, or all its faults. Nothing is kept."""
    with tempfile.TemporaryDirectory(prefix="touchstone-") as cache:
        try:
            prepared = prepare([Source(folder.absolute(), map_name)], cache=Path(cache))
        except InputError as error:
            return Validation(str(folder), {}, (), error.faults)
    return Validation(str(folder), prepared.accounts, prepared.notices, ())
