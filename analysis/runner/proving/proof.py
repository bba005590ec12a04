"""What did the whole proof come to? All cells, gates, planted causes and second roads, and one sentence of verdict."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.runner.proving.hazards import HAZARDS, Design
from analysis.runner.proving.records import Records
from analysis.runner.proving.tallies import Cell, cells_of
from analysis.runner.proving.tallies_beside import (
    GateCell,
    HiddenCell,
    RoadCell,
    gate_cells,
    hidden_cells,
    road_cells,
)
from analysis.runner.proving.tallies_money import ChanceCell, chance_cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Of which code some records of a design are, in arrays or through files."""

    design: Design
    files: bool
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a page and a picture are made of. `files` are the cells of companies that went through files, `chances` what
    cases in money said of being worth more than nothing; `beside`, `beside_files` are the cells told on the same page,
    in arrays and through files, over which the error of all was spread as well."""

    cells: tuple[Cell, ...]
    gates: tuple[GateCell, ...]
    hidden: tuple[HiddenCell, ...]
    roads: tuple[RoadCell, ...]
    files: tuple[Cell, ...] = ()
    made: tuple[Made, ...] = ()
    chances: tuple[ChanceCell, ...] = ()
    beside: int = 0
    beside_files: int = 0

    def of(self, design: Design) -> tuple[Cell, ...]:
        """The cells of one design."""
        return tuple(cell for cell in self.cells if HAZARDS[cell.hazard].design == design)

    @property
    def judged(self) -> int:
        """How many limits were held against anything."""
        gates = sum(cell.held is not None for cell in self.gates)
        cells = sum(len(cell.verdicts) for cell in (*self.cells, *self.files))
        return cells + len(self.hidden) + len(self.roads) + gates + len(self.chances)

    @property
    def misses(self) -> tuple[str, ...]:
        """Every limit missed, in words that name the cell."""
        of_cells = [
            f"{name} of `{cell.estimand}` in `{cell.hazard}`{road}"
            for road, cells in (("", self.cells), (", through files", self.files))
            for cell in cells
            for name in cell.missed
        ]
        of_hidden = [f"the formula of the planted cause in `{cell.hazard}`" for cell in self.hidden if not cell.held]
        of_roads = [f"the second roads in `{cell.hazard}`" for cell in self.roads if not cell.held]
        of_gates = [f"the gate `{cell.gate}` in `{cell.hazard}`" for cell in self.gates if cell.held is False]
        of_chances = [f"chances of {cell.band} in `{cell.estimand}`" for cell in self.chances if not cell.held]
        return (*of_cells, *of_hidden, *of_roads, *of_gates, *of_chances)

    @property
    def hazards(self) -> tuple[str, ...]:
        """Those in which anything was judged, in order."""
        seen = {cell.hazard for cell in self.cells}
        return tuple(name for name in HAZARDS if name in seen)


def proof_of(
    arrays: Records,
    files: Records | None = None,
    made: tuple[Made, ...] = (),
    *,
    beside: int = 0,
    beside_files: int = 0,
) -> Proof:
    """The proof that records come to, told beside so many cells of other proofs."""
    cells = cells_of(arrays.effects, beside=beside)
    slow = () if files is None else cells_of(files.effects, judge=("coverage", "bias"), beside=beside_files)
    return Proof(
        cells=cells,
        gates=gate_cells(arrays.gates),
        hidden=hidden_cells(arrays.hidden, cells),
        roads=road_cells(arrays.roads),
        files=slow,
        made=made,
        chances=chance_cells(arrays.effects),
        beside=beside,
        beside_files=beside_files,
    )
