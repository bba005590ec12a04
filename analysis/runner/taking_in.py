"""What does `touchstone intake` do? The sources of a file taken into tables, and the report on them, in words.

How exports become tables is left to `analysis.tables.intake`, how the page looks to `analysis.reporting.intake`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from analysis.foundation.calendar import iso
from analysis.foundation.provenance import write_atomically
from analysis.reporting.intake import intake_page
from analysis.runner.asked import instant_asked
from analysis.runner.publish import must_be_writable, must_lie_apart
from analysis.runner.sources_file import load_sources
from analysis.tables.generation import REPORT
from analysis.tables.intake.erasing import read_tombstones, tombstones_with
from analysis.tables.intake.take_in import Intake, take_in

SHOWN = 24
"""Months of a table that are shown in the terminal; the page has them all."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """An intake, to be shown."""

    intake: Intake

    def to_dict(self) -> dict[str, Any]:
        """The intake for programs."""
        intake = self.intake
        return {
            "folder": str(intake.folder),
            "number": intake.number,
            "as_of": iso(intake.as_of),
            "nothing_new": intake.nothing_new,
            "changes": {name: asdict(one) for name, one in intake.changes.items()},
            "exports": [dict(one) for one in intake.exports],
            "people": dict(intake.people),
            "tables": {one.table: one.to_dict() for one in intake.reports},
            "remarks": [remark for one in intake.reports for remark in one.remarks()],
            "files": {"known": intake.known, "unread": list(intake.unread)},
            "notices": list(intake.notices),
        }

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """What is printed."""
        intake = self.intake
        if intake.nothing_new:
            yield f"Nothing is new: {intake.known:,} files had been read before. The tables stand."
        else:
            yield f"Taken in: {intake.folder} (intake {intake.number}, exports up to {intake.as_of:%Y-%m-%d})"
        yield from self.of_exports()
        yield from self.of_tables()
        yield from self.of_remarks()
        if intake.reports:
            yield ""
            yield f"Report: {intake.folder / REPORT}"

    def of_exports(self) -> Iterator[str]:
        for name in dict.fromkeys(str(one["source"]) for one in self.intake.exports):
            yield ""
            yield f"From {name}"
            for one in self.intake.exports:
                if one["source"] == name:
                    rows = one["rows"]
                    aside = "; ".join(f"{count:,} {reason}" for reason, count in rows["set_aside"].items())
                    told = f" (set aside: {aside})" if aside else ""
                    yield f"  {one['table']:<14} {rows['kept']:>12,} kept of {rows['read']:,}{told}"
                    yield from (f"    {notice}" for notice in one["notices"])

    def of_tables(self) -> Iterator[str]:
        if not self.intake.reports:
            return
        yield ""
        yield f"{'Tables':<16} {'rows':>12}  {'from':<10}  {'to':<10}  {'new':>10} {'changed':>9} {'gone':>7}"
        for one in self.intake.reports:
            first, last = ("" if day is None else f"{day}" for day in (one.first, one.last))
            line = f"  {one.table:<14} {one.rows:>12,}  {first:<10}  {last:<10}"
            if change := self.intake.changes.get(one.table):
                line += f"  {change.new:>10,} {change.changed:>9,} {change.gone:>7,}"
                if change.rematched:
                    line += f"  ({change.rematched:,} with another customer than before)"
            yield line

    def of_remarks(self) -> Iterator[str]:
        remarks = [remark for one in self.intake.reports for remark in one.remarks()]
        remarks += self.intake.notices
        if self.intake.unread:
            remarks.append(f"No source reads {', '.join(self.intake.unread)}.")
        if remarks:
            yield ""
            yield "To be looked at"
            yield from (f"  {remark}" for remark in remarks)


def take_in_sources(sources: str | Path, *, as_of: str | None = None, out: Path | None = None) -> TakenIn:
    """Take the new exports of a sources file into its tables.

    Parameters
    ----------
    sources : str or Path
        The file.
    as_of : str, optional
        The day the exports were pulled, or an instant.
    out : Path, optional
        Stands above the file's `tables`.

    Raises
    ------
    InputError
        With everything that is wrong with the file, the exports and their rows. The tables of before stand.
    """
    given = load_sources(sources)
    instant = None if as_of is None else instant_asked("--as-of", as_of)
    tables = given.tables if out is None else out.absolute()
    found, before = given.intake_sources(), read_tombstones(given.erased)
    must_be_writable(tables.parent)
    must_lie_apart(tables, [path for one in found for path in one.paths])
    intake = take_in(
        found,
        tables,
        as_of=instant,
        zone=given.values.zone,
        phone_country=given.values.phone_country,
        erased=before,
        home=given.home,
        period=given.period,
        page=intake_page,
    )
    if missing := {one.marks for one in intake.erased} - {one.marks for one in before}:
        write_atomically(given.erased, tombstones_with(given.erased, *intake.erased))
        told = f"{given.erased.name} lacked erasures that the tables keep; they stand there again: {len(missing):,}."
        intake = replace(intake, notices=(*intake.notices, told))
    return TakenIn(intake)
