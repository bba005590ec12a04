"""How are promises of segments told? One table a promise: what was found over all tests, and what may be found at most.

What was promised is the truth of a cell, and what was found its mean; where the estimators that are forbidden promise
the same, they stand beside. Other cells are left to `page_tables`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from analysis.runner.proving.limits import promise_allowed
from analysis.runner.proving.page_tables import NOTHING, give_or_take, table
from analysis.runner.proving.page_words import WRONG
from analysis.runner.proving.records import DEFAULT
from analysis.runner.proving.tallies import Cell


def promises_part(cells: Sequence[Cell], titles: Mapping[str, str]) -> str:
    """All promises, in the order of their titles."""
    there = {cell.estimand for cell in cells}
    names = [name for name in titles if name in there] + sorted(there - set(titles))
    parts = {name: [cell for cell in cells if cell.estimand == name] for name in names}
    return "\n".join(_promise(titles.get(name, name), part) for name, part in parts.items())


def _promise(title: str, cells: Sequence[Cell]) -> str:
    beside = [name for name in WRONG if any(cell.estimator == name for cell in cells)]
    found = {(cell.hazard, cell.estimator): cell for cell in cells}
    promised = any(cell.truth > 0 for cell in cells)
    head = ["test", "tests", "seeds", "found", *(["at most"] if promised else []), *(WRONG[name] for name in beside)]
    rows = []
    for cell in cells:
        if cell.estimator != DEFAULT:
            continue
        others = [found.get((cell.hazard, name)) for name in beside]
        row = [f"`{cell.hazard}`", f"{cell.n:,}", f"{cell.first_seed}–{cell.last_seed}", _share(cell)]
        if promised:
            row.append(f"{promise_allowed(cell.truth, cell.n):.3f}")
        row += [NOTHING if other is None else _failing(other, promised) for other in others]
        if promised:
            row.append("held" if cell.held else "**missed**")
        rows.append(row)
    return f"### {title}\n\n{table([*head, *(['verdict'] if promised else [])], rows)}"


def _share(cell: Cell) -> str:
    return NOTHING if math.isnan(cell.value) else f"{cell.value:.4f}" + give_or_take(cell.bias_error, 4)


def _failing(cell: Cell, promised: bool) -> str:
    if promised and cell.value > promise_allowed(cell.truth, cell.n):
        return f"**{cell.value:.3f}**"
    return f"{cell.value:.3f}"
