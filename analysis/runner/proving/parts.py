"""What does the page need to know of one design? Its part: what is told, of how many companies, judged by which limits.

A part is made of a proof and holds all that the page says of its design, so that the page can be put together from
parts that were made at different times, and a proof of one design renews its part alone. Companies in arrays and
companies through files are entries of their own, each with the code that made it. Where parts are kept is left to
`parts_kept`, how they become a page to `page`, how companies that later code studied again are compared to `again`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from analysis.runner.proving.hazards import HAZARDS, Design
from analysis.runner.proving.misses import misses_of
from analysis.runner.proving.page_sections import rows_through_files, section_of
from analysis.runner.proving.page_words import SECTIONS
from analysis.runner.proving.proof import Proof
from analysis.runner.proving.records import DEFAULT
from analysis.runner.proving.tallies import Cell, spreads

ROADS = (False, True)
"""In arrays, and through files: the entries of a part, told by whether they went through files."""


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Made(_Kept):
    """Companies of one kind.

    Parameters
    ----------
    name, kind, about : str
        The hazard, what its kind asks for, and what is true of it, as they were when its companies were made.
    number : int
        Companies, or series.
    customers : int
        Of each company.
    first_seed, last_seed : int
    """

    name: str
    kind: str
    about: str
    number: NonNegativeInt
    customers: NonNegativeInt
    first_seed: NonNegativeInt
    last_seed: NonNegativeInt


Largest = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Again(_Kept):
    """Some companies of an entry that later code studied again, and by how much it found something else.

    Parameters
    ----------
    of, code : str
        Hashes of the code that made the records of the entry, and of the later one.
    companies, kinds : int
        Companies that both have studied, and of how many hazards they are.
    figures : int
        Estimates that both gave.
    moved, ends : float
        How far the study's own estimate that moved most did, and the end of an interval that did: in standard errors
        of the earlier code, logarithms for a ratio.
    beside : float
        The same of both, of the estimators beside the study's own.
    errors : float
        Largest change of a standard error, as a share of the earlier one.
    unmeasured : int
        Estimates that are others and cannot be measured so: their standard error is missing or zero, such as that of
        a count, or an end of their interval is infinite or missing in one of the two.
    grades, verdicts : int
        Grades of these estimates, and verdicts of gates, that are others.
    answers : int
        Estimates that one of the two refused and the other gave.
    """

    of: str
    code: str
    companies: PositiveInt
    kinds: PositiveInt
    figures: NonNegativeInt
    moved: Largest
    ends: Largest
    beside: Largest
    errors: Largest
    unmeasured: NonNegativeInt
    grades: NonNegativeInt
    verdicts: NonNegativeInt
    answers: NonNegativeInt

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.of == self.code:
            raise ValueError(f"the code {self.code} is compared with itself")
        if max(self.unmeasured, self.grades) > self.figures:
            raise ValueError(f"{self.unmeasured} estimates and {self.grades} grades are others, of {self.figures}")
        return self


class Entry(_Kept):
    """Companies of one design on one road, and what they came to.

    Parameters
    ----------
    code : tuple of str
        Hashes of the code that made them.
    companies : tuple of Made
        In the order of the hazards.
    judged : int
        Limits.
    missed : tuple of str
        A sentence for each limit that was missed.
    spread : int
        Cells among those over which the error of all is spread.
    spread_over : int
        Such cells on the whole page when the limits were drawn; they follow from it.
    told : tuple of str
        Lines in Markdown: the section of the design; of companies through files the table, its head first.
    again : tuple of Again
        Companies among these that later code studied again; one for each pair of codes. Not written where it is empty.
    """

    code: tuple[str, ...]
    companies: tuple[Made, ...]
    judged: NonNegativeInt
    missed: tuple[str, ...]
    spread: NonNegativeInt
    spread_over: NonNegativeInt
    told: tuple[str, ...]
    again: tuple[Again, ...] = ()

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if len(self.missed) > self.judged:
            raise ValueError(f"{len(self.missed)} limits are missed, of {self.judged} that were judged")
        if self.spread > self.spread_over:
            raise ValueError(f"{self.spread} cells share an error that is spread over {self.spread_over}")
        if strange := {one.of for one in self.again}.difference(self.code):
            raise ValueError(f"companies of the code {min(strange)} were studied again, and it made none of these")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = written(self)
        return fields if self.again else {name: value for name, value in fields.items() if name != "again"}

    def with_again(self, fresh: Again) -> Entry:
        """The entry with companies studied again, in the place of what the same code found before."""
        kept = [one for one in self.again if (one.of, one.code) != (fresh.of, fresh.code)]
        return self.model_copy(update={"again": (*kept, fresh)})


class Part(_Kept):
    """All that the page says of one design; an entry is None where no company took that road."""

    design: Design
    arrays: Entry | None = None
    files: Entry | None = None

    def on(self, files: bool) -> Entry | None:
        """The entry of one road."""
        return self.files if files else self.arrays


def parts_of(proof: Proof) -> tuple[Part, ...]:
    """The parts that a proof comes to, in the order of the page."""
    parts = [
        Part(design=design, arrays=_in_arrays(_alone(proof, design), proof, design),
             files=_through_files(proof, design))
        for design in SECTIONS
    ]  # fmt: skip
    return tuple(part for part in parts if part.arrays or part.files)


def merged(kept: Iterable[Part], fresh: Iterable[Part]) -> tuple[Part, ...]:
    """The parts that were kept, renewed entry by entry, in the order of the page."""
    before, now = ({part.design: part for part in parts} for parts in (kept, fresh))
    return tuple(
        _renewed(before.get(design, Part(design=design)), now.get(design, Part(design=design)))
        for design in SECTIONS
        if design in before or design in now
    )


def entries(parts: Iterable[Part], files: bool) -> Mapping[Design, Entry]:
    """The entries of one road, by design."""
    found = {part.design: part.on(files) for part in parts}
    return {design: entry for design, entry in found.items() if entry is not None}


def every_entry(parts: Sequence[Part]) -> tuple[Entry, ...]:
    """All entries: those in arrays, then those through files."""
    return tuple(entry for files in ROADS for entry in entries(parts, files).values())


def _renewed(kept: Part, fresh: Part) -> Part:
    return Part(design=kept.design, arrays=fresh.arrays or kept.arrays, files=fresh.files or kept.files)


def _alone(proof: Proof, design: Design) -> Proof:
    """What a proof says of one design, but for companies through files."""
    names = {name for name, hazard in HAZARDS.items() if hazard.design == design}
    return replace(
        proof,
        cells=proof.of(design),
        gates=tuple(cell for cell in proof.gates if cell.hazard in names),
        hidden=tuple(cell for cell in proof.hidden if cell.hazard in names),
        roads=tuple(cell for cell in proof.roads if cell.hazard in names),
        files=(),
        chances=proof.chances if design == "roi_case" else (),
    )


def _in_arrays(own: Proof, proof: Proof, design: Design) -> Entry | None:
    if not own.cells:
        return None
    return Entry(
        code=_codes(proof, design, files=False),
        companies=_companies(own.cells),
        judged=own.judged,
        missed=misses_of(own),
        spread=_spread(own.cells),
        spread_over=_spread(proof.cells) + proof.beside,
        told=_lines(section_of(proof, design)),
    )


def _through_files(proof: Proof, design: Design) -> Entry | None:
    cells = tuple(cell for cell in proof.files if HAZARDS[cell.hazard].design == design)
    if not cells:
        return None
    own = Proof(cells=(), gates=(), hidden=(), roads=(), files=cells)
    return Entry(
        code=_codes(proof, design, files=True),
        companies=_companies(cells),
        judged=own.judged,
        missed=misses_of(own),
        spread=_spread(cells),
        spread_over=_spread(proof.files) + proof.beside_files,
        told=_lines(rows_through_files(proof, design)),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.rstrip().split("\n"))


def _codes(proof: Proof, design: Design, *, files: bool) -> tuple[str, ...]:
    return tuple(made.code for made in proof.made if (made.design, made.files) == (design, files))


def _spread(cells: Iterable[Cell]) -> int:
    return sum(spreads(HAZARDS[cell.hazard], cell.estimand, cell.estimator) for cell in cells)


def _companies(cells: Sequence[Cell]) -> tuple[Made, ...]:
    there = {cell.hazard for cell in cells}
    return tuple(_made([cell for cell in cells if cell.hazard == name]) for name in HAZARDS if name in there)


def _made(cells: Sequence[Cell]) -> Made:
    """The companies of one hazard, by the cell of the study that has most of them."""
    hazard = HAZARDS[cells[0].hazard]
    own = [(cell.n + cell.refused, cell.customers) for cell in cells if cell.estimator == DEFAULT]
    number, customers = max(own, default=(0, 0))
    return Made(
        name=hazard.name,
        kind=hazard.kind.replace("_", " "),
        about=hazard.about,
        number=number,
        customers=customers,
        first_seed=cells[0].first_seed,
        last_seed=cells[0].last_seed,
    )
