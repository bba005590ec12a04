"""Which limits were missed, and by how much? One sentence a miss, in the order of the proof.

What the limits are is left to `limits`; here nothing is judged again, only told.
"""

from __future__ import annotations

from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.limits import FOUND, TOLD_WHERE_WEAK, least_graded_b, most_graded_b, promise_allowed
from analysis.runner.proving.proof import Proof
from analysis.runner.proving.tallies import Cell
from analysis.runner.proving.tallies_beside import ROADS_APART, GateCell, HiddenCell, RoadCell
from analysis.runner.proving.tallies_money import ChanceCell


def misses_of(proof: Proof) -> tuple[str, ...]:
    """Every limit missed: what, where, in how many companies, what was measured, what was allowed.

    Returns
    -------
    tuple of str
        As many as `Proof.misses` has, in the same order.
    """
    of_cells = [
        f"{name} of `{cell.estimand}` in `{cell.hazard}`{road} ({cell.n:,} {_of(cell)}): {_shortfall(cell, name)}"
        for road, cells in (("", proof.cells), (", through files", proof.files))
        for cell in cells
        for name in cell.missed
    ]
    of_hidden = [
        f"the formula of the planted cause in `{cell.hazard}` ({cell.n:,} companies): {_hidden(cell)}"
        for cell in proof.hidden
        if not cell.held
    ]
    of_roads = [
        f"the second roads in `{cell.hazard}` ({cell.n:,} companies): {_roads(cell)}"
        for cell in proof.roads
        if not cell.held
    ]
    of_gates = [
        f"the gate `{cell.gate}` in `{cell.hazard}` ({cell.n:,} companies): {_gate(cell)}"
        for cell in proof.gates
        if cell.held is False
    ]
    of_chances = [
        f"chances of {cell.band} in `{cell.estimand}` ({cell.n:,} companies): {_chance(cell)}"
        for cell in proof.chances
        if not cell.held
    ]
    return (*of_cells, *of_hidden, *of_roads, *of_gates, *of_chances)


def _of(cell: Cell) -> str:
    return {"change_log": "series", "segments": "tests"}.get(HAZARDS[cell.hazard].design, "companies")


def _shortfall(cell: Cell, name: str) -> str:
    """How far a cell lies beyond one of its limits."""
    if name == "coverage":
        low = cell.coverage < cell.accept_low
        return _beyond("the truth inside", cell.coverage, cell.accept_low if low else cell.accept_high)
    if name == "bias":
        return _beyond("off", abs(cell.bias), cell.bias_allowed) + f" ({cell.bias_in_se:+.2f} standard errors)"
    if name == "width":
        return _beyond("the interval's width", cell.width, cell.width_allowed)
    if name == "claims":
        return _beyond("the larger share of claims", max(cell.up, cell.down), cell.claims_allowed)
    if name == "found":
        return _beyond("the share that found it", cell.up, FOUND)
    if name == "promise":
        return _beyond("the share", cell.value, promise_allowed(cell.truth, cell.n))
    if name == "interval":
        return f"an interval was given, with the truth inside in {cell.coverage:.4f}; none may be given"
    if name == "told":
        return _beyond("the share that told an effect", cell.n / (cell.n + cell.refused), TOLD_WHERE_WEAK)
    hazard = HAZARDS[cell.hazard]
    asked = least_graded_b(hazard, cell.n + cell.refused) if hazard.kind == "sound" else most_graded_b(hazard)
    return _beyond("the share graded B", cell.share_b, asked)


def _gate(cell: GateCell) -> str:
    low, high = cell.asked or (0.0, 1.0)
    return _beyond("the share that failed", cell.failed, low if cell.failed < low else high)


def _chance(cell: ChanceCell) -> str:
    low, high = cell.said - cell.allowed, cell.said + cell.allowed
    return _beyond("the share worth more than nothing", cell.found, low if cell.found < low else high)


def _hidden(cell: HiddenCell) -> str:
    gap = abs(cell.found - cell.formula)
    if gap > cell.allowed:
        return _beyond("log bias found and by the formula lie apart", gap, cell.allowed)
    return _beyond("the log bias found", abs(cell.found), cell.bound + cell.allowed)


def _roads(cell: RoadCell) -> str:
    told = []
    if not cell.most_apart <= ROADS_APART:
        told.append(_beyond("the regression's standard errors off", cell.most_apart, ROADS_APART))
    off = abs(cell.bootstrap_error - 1)
    if not off <= cell.bootstrap_allowed:
        told.append(_beyond("the bootstrap's error off ours by a share of", off, cell.bootstrap_allowed))
    return "; ".join(told)


def _beyond(what: str, found: float, limit: float) -> str:
    side = "at most" if found > limit else "at least"
    return f"{what} {found:.4f}, {side} {limit:.4f} allowed, missed by {abs(found - limit):.4f}"
