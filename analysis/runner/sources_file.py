"""Which systems do a study's tables come from? `params/sources.yaml`, typed: the exports, their maps, where tables go.

Paths start from the folder that holds `params/`; a path may hold `*`. What an intake does with the sources is left to
`analysis.tables.intake`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from analysis.foundation.calendar import Period
from analysis.foundation.errors import Fault, ParamsError
from analysis.runner.params import locate, read_file, validated
from analysis.runner.params_values import Name, Section, ZoneName

if TYPE_CHECKING:
    from analysis.tables.intake.sources import IntakeSource


def _known_span(text: str) -> str:
    try:
        Period.of(text)
    except ValueError as error:
        context = {"what": "is no period", "remedy": "Write 2026-09, 2026q3 or 2026."}
        raise PydanticCustomError("period", "{what}. {remedy}", context) from error
    return text


class ExportsSection(Section):
    """One system whose exports are taken in."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] | None = None
    """Its own name, which its rows carry: small letters, digits, `_`. Default: that of its map."""
    map: Name | None = None
    """Source map, by name or path. Without one the files are tables of the contract, under their own names."""
    path: Name
    """File, or folder of which every file is looked at; `*` stands for any name."""
    extent: Literal["part", "full"] = "part"
    """Whether an export holds a stretch of the rows, or all: of a full one, what is gone is gone."""
    renamed: dict[Name, Name] = Field(default_factory=dict)
    """What the files now call a column that the map calls otherwise: `Created at: Created`."""
    customer_ids: bool = False
    """Whether the source's own ids of people are the company's customer ids."""
    dated: Annotated[str, Field(pattern=r"^[^\\]*\{date\}[^\\]*$")] | None = None
    """Where the date of an export stands in its name or its folder's: `tickets-{date}.csv`, `{date}/tickets.csv`.
    Default: as `--as-of` says."""

    @model_validator(mode="after")
    def _is_called_something(self) -> ExportsSection:
        own = self.map is not None and self.map.lower().endswith((".yaml", ".yml"))
        if self.name is None and (self.map is None or own):
            context = {"what": "has no name", "remedy": "Add `name`: rows carry it, so it stays the same."}
            raise PydanticCustomError("source_name", "{what}. {remedy}", context)
        return self

    @property
    def called(self) -> str:
        """The name its rows carry."""
        return self.name or str(self.map)


class SourcesFile(Section):
    """A sources file."""

    tables: Name = "tables"
    """Folder the tables go to; `--out` stands above it."""
    zone: ZoneName = "UTC"
    """Zone of times that carry no offset, in tables of the contract; and that in which the report counts days."""
    period: Annotated[str, AfterValidator(_known_span)] | None = None
    """What the study will need, as in `2026q3`: the report says which tables end before it does."""
    phone_country: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")] | None = None
    """Calling code of telephone numbers written without one, in quotes: `"44"`."""
    sources: Annotated[tuple[ExportsSection, ...], Field(min_length=1)]
    """The systems."""

    @model_validator(mode="after")
    def _told_apart(self) -> SourcesFile:
        names = [one.called for one in self.sources]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            context = {"what": f"holds two sources called `{twice[0]}`", "remedy": "Give each a `name` of its own."}
            raise PydanticCustomError("source_name", "{what}. {remedy}", context)
        return self


@dataclass(frozen=True, slots=True)
class Sources:
    """A sources file, typed, and the folder its paths start from."""

    path: Path
    home: Path
    values: SourcesFile

    @property
    def tables(self) -> Path:
        return Path(os.path.abspath(self.home / self.values.tables))

    @property
    def erased(self) -> Path:
        """Where it is kept who was erased: beside the sources file, to be kept like it."""
        return self.path.with_suffix(".erased.json")

    @property
    def period(self) -> Period | None:
        return None if self.values.period is None else Period.of(self.values.period, self.values.zone)

    def intake_sources(self) -> tuple[IntakeSource, ...]:
        """The sources as an intake takes them, their paths found."""
        from analysis.tables.intake.sources import IntakeSource

        return tuple(
            IntakeSource(
                name=one.called,
                paths=self.paths(one.path),
                map=self.map_of(one.map),
                extent=one.extent,
                renamed=one.renamed,
                customer_ids=one.customer_ids,
                dated=one.dated,
            )
            for one in self.values.sources
        )

    def paths(self, written: str) -> tuple[Path, ...]:
        """The files and folders of a path; that of one without `*` is itself, be there something or not."""
        if "*" not in written:
            return (Path(os.path.abspath(self.home / written)),)
        pattern = Path(written)
        root = Path(pattern.anchor) if pattern.is_absolute() else self.home
        inside = pattern.relative_to(pattern.anchor) if pattern.is_absolute() else pattern
        return tuple(sorted(root.glob(inside.as_posix())))

    def map_of(self, written: str | None) -> str | None:
        own = written is not None and written.lower().endswith((".yaml", ".yml"))
        return str(self.home / str(written)) if own else written


def load_sources(path: str | Path) -> Sources:
    """The sources of a file, typed.

    Raises
    ------
    ParamsError
        With every fault of the file: line, key, what was found, and the remedy.
    """
    found = locate(path)
    reading = read_file(found.path, str(path))
    values, faults = validated(SourcesFile, reading, str(path))
    if faults or values is None:
        raise ParamsError(faults or Fault(where=str(path), what="is empty", remedy="Name sources.", rule="missing"))
    return Sources(found.path, found.home, values)
