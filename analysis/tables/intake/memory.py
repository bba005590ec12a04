"""What does the record of an intake remember of its sources? Which files were read when, and by what way of reading.

By it files are known again, rows are not read in two ways, and ids that are the company's stay so. It is written into
the record of each generation by `take_in`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from analysis.foundation.calendar import iso
from analysis.foundation.errors import Fault
from analysis.foundation.provenance import canonical_json, fingerprint_of_bytes
from analysis.tables.intake.sources import Found, IntakeSource, place_of
from analysis.tables.mapping import load_map


@dataclass(frozen=True)
class Memory:
    """The sources as the last intake left them, and as they are named today.

    Parameters
    ----------
    held : mapping
        `sources` of the last record; empty before the first.
    sources : sequence of IntakeSource
    zone : str
        Zone of times without an offset in tables of the contract.
    phone_country : str, optional
        Calling code of telephone numbers written without one.
    """

    held: Mapping[str, Any]
    sources: Sequence[IntakeSource]
    zone: str
    phone_country: str | None

    @cached_property
    def own_ids(self) -> dict[str, list[str]]:
        """By source, the systems whose own ids of people are the company's; a source not named any more keeps its."""
        before = {name: one.get("own_ids", []) for name, one in self.held.items()}
        return before | {source.name: _own_ids(source) for source in self.sources}

    @property
    def others_ids(self) -> bool:
        """Whether ids that are the company's were not said to be, or the other way round."""
        before = {name: one.get("own_ids", []) for name, one in self.held.items()}
        return any(before[name] != self.own_ids[name] for name in before)

    def reading_of(self, source: IntakeSource) -> str:
        """What a source's rows are read by: another map, zone or calling code would have made other rows of them."""
        what: list[Any] = [self.zone]
        if source.map is not None:
            given = load_map(source.map)
            phones = any("phone" in file.personal.values() for file in given.files.values())
            said = {"about", "facts", "ask", "pull"}
            what = [given.model_dump(mode="json", exclude=said), self.phone_country if phones else None]
        return fingerprint_of_bytes(canonical_json(what))

    def read_otherwise(self) -> list[Fault]:
        """Sources whose rows would now be read in another way than those that are held."""
        changed = [
            source.name
            for source in self.sources
            if source.name in self.held and self.held[source.name].get("read_by") not in (None, self.reading_of(source))
        ]
        what = "is read by another map, zone or calling code than the rows that are held"
        remedy = (
            "Two ways of reading do not mix: bring the old one back, or take all exports in again into a new folder "
            "(`--out`), those of several dates one after the other, each with its `--as-of`."
        )
        return [Fault(where=f"source `{name}`", what=what, remedy=remedy, rule="read_otherwise") for name in changed]

    def since(self) -> dict[str, datetime | None]:
        """By source, since when its last export is held."""
        return {name: _instant(one.get("since")) for name, one in self.held.items()}

    def columns(self) -> dict[str, dict[str, Sequence[str]]]:
        """By source and kind of file, the columns of its last export."""
        return {name: dict(one.get("columns", {})) for name, one in self.held.items()}

    def after(self, found: Found) -> dict[str, Any]:
        """What is to be remembered once these exports have been taken in."""
        read_before = {name: dict(one) for name, one in self.held.items()}
        for export in found.exports:
            one = read_before.setdefault(export.source.name, {"files": []})
            one["columns"] = {**one.get("columns", {}), **{kind: list(names) for kind, names in export.columns.items()}}
            said = {**export.files, **found.copies.get(export.source.name, {})}
            files = [{"at": place_of(path), "sha256": mark, "as_of": iso(export.as_of)} for path, mark in said.items()]
            again = {(file["at"], file["sha256"]) for file in files}
            one["files"] = [*(file for file in one["files"] if (file["at"], file["sha256"]) not in again), *files]
            one["as_of"], one["since"] = iso(export.as_of), iso(export.since)
        for source in self.sources:
            if source.name in read_before:
                read_before[source.name]["read_by"] = self.reading_of(source)
        return {name: {**one, "own_ids": self.own_ids.get(name, [])} for name, one in read_before.items()}


def _own_ids(source: IntakeSource) -> list[str]:
    """The systems whose own ids of people are the company's, by the names they have in rows."""
    if not source.customer_ids:
        return []
    if source.map is None:
        return [source.name]
    clauses = [table.customer for table in load_map(source.map).tables if table.customer is not None]
    return sorted({clause.source for clause in clauses if clause.source is not None})


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=None)
