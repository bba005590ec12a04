"""Whether the truth of made-up companies is inside the intervals as often as said: for the tests of all designs."""

from __future__ import annotations

from analysis.runner.proving.hazards import Hazard
from analysis.runner.proving.limits import coverage_accepted
from analysis.runner.proving.records import DEFAULT, Records
from analysis.runner.proving.tallies import Cell, cells_of


def cells_by_name(records: Records, estimator: str = DEFAULT) -> dict[str, Cell]:
    """The cells of an estimator, by what is estimated."""
    return {cell.estimand: cell for cell in cells_of(records.effects) if cell.estimator == estimator}


def assert_truth_inside(records: Records, hazard: Hazard, *, worlds: int, z: float, judged: set[str]) -> None:
    """Coverage within what chance explains over all cells, nothing else missed, hardly a company without an answer."""
    cells = cells_by_name(records)
    assert set(cells) == set(hazard.estimands)
    for cell in cells.values():
        low, high = coverage_accepted(cell.n, z)
        assert cell.n >= 0.98 * worlds, cell.estimand
        assert low <= cell.coverage <= high, cell.estimand
        assert not (set(cell.missed) & (judged - {"coverage"})), (cell.estimand, cell.missed)
