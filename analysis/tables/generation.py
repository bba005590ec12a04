"""What lies beside the tables in a folder that an intake made? Their earlier versions, and what was read when.

    tables/orders.parquet            the rows as they are now, one for each key, each with its `known_at`
    tables/earlier/orders.parquet    the versions that no longer hold, each with the `known_until` at which they ended
    tables/intake.json               which files were read when, and since when each table is kept

Times are instants in UTC, written without an offset. A version holds from its `known_at` up to, not including, its
`known_until`; a row that is gone has versions in `earlier` alone. Names of `identities` whose customer is not known yet
lie in `waiting`. How such a folder comes to be is left to `intake`, what it shows as known at an instant to `opened`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.foundation.errors import ContractError, Fault

RECORD = "intake.json"
EARLIER = "earlier"
REPORT = "report.html"
WAITING = "waiting"
"""Folder of names whose customer is not known yet; a later export may bring them."""

KNOWN_UNTIL = "known_until"
SOURCE = "intake_source"
"""The column that says which source a row came from."""

SCHEMA = "touchstone.intake/1"
BESIDE = frozenset({RECORD, REPORT, f"{EARLIER}/", f"{WAITING}/"})
"""Names in such a folder that are no table and need no word."""


@dataclass(frozen=True)
class Generation:
    """A folder of tables with their versions.

    `as_of` is the date of the last export taken in; `known_from` is by table the instant before which what was known
    cannot be told: that of the first export, where its rows did not say since when they were known. Naive UTC.
    """

    folder: Path
    record: Mapping[str, Any]
    as_of: datetime
    known_from: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def at(cls, folder: Path) -> Generation | None:
        """What an intake left in a folder; None where no intake has been.

        Raises
        ------
        ContractError
            If its record cannot be read.
        """
        try:
            text = (folder / RECORD).read_text(encoding="utf-8")
        except OSError:
            return None
        try:
            record = json.loads(text)
            if record["schema"] != SCHEMA:
                raise ValueError("another schema")
            as_of = _instant(record["as_of"])
            known_from = {
                name: _instant(table["known_from"])
                for name, table in record["tables"].items()
                if table["known_from"] is not None
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = "is not the record of an intake that this version can read"
            remedy = (
                "Bring the folder back as the intake left it, or take all exports in again into a new folder, those of "
                "several dates one after the other, each with its `--as-of`."
            )
            raise ContractError(Fault(where=RECORD, what=what, remedy=remedy, rule="intake_record")) from error
        return cls(folder, record, as_of, known_from)

    def table(self, name: str) -> Path | None:
        """The file of the rows of a table as they are now."""
        return _there(self.folder / f"{name}.parquet")

    def earlier(self, name: str) -> Path | None:
        """The file of the versions of a table that no longer hold."""
        return _there(self.folder / EARLIER / f"{name}.parquet")

    def waiting(self, name: str) -> Path | None:
        """The file of the rows of a table that wait for their customer."""
        return _there(self.folder / WAITING / f"{name}.parquet")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None
