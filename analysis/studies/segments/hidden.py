"""Which segments are too small to be told, or to be shown?

Two limits, for two reasons. A group of fewer than `fewest` customers is too small for an interval to be trusted: its
segment is refused, and its size said. A group of fewer than ten describes people: neither the effect nor the size is
shown, nor that of other segments from which it could be worked out, since the parts of a table add up to what is shown
of all customers. The rule itself is `inference.suppression`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.inference.suppression import FEWEST, Flags, suppressed
from analysis.studies.segments.questions import Cell, Question

SMALL = f"a group of it holds fewer than {FEWEST} customers, so that neither its effect nor its size is shown."
BESIDE = (
    f"it is not shown, because with it a segment of fewer than {FEWEST} customers could be worked out from what is "
    "shown of all customers."
)

_Key = tuple[Question, tuple[str, ...]]
"""The segments of one attribute in one question, whatever the arm: they share their comparison."""


def reasons(cells: Sequence[Cell], fewest: int) -> dict[int, str]:
    """Why is a segment not told? By its place among the cells; of those that are too small, or next to one too small.

    Parameters
    ----------
    cells : sequence of Cell
        All customers among them: what they hold beyond their segments counts as a segment of its own.
    fewest : int
        Customers that each of the two groups needs.
    """
    found = {
        place: f"its groups hold {treated:,} and {comparison:,} customers; each needs {fewest}."
        for place, cell in enumerate(cells)
        for treated, comparison in [cell.sizes]
        if cell.segment and cell.stands.estimate is not None and min(treated, comparison) < fewest
    }
    wholes = {cell.question: cell.sizes for cell in cells if not cell.segment}
    tables: dict[_Key, list[int]] = {}
    seen: dict[bytes, Flags] = {}
    for place, cell in enumerate(cells):
        if cell.segment:
            tables.setdefault(_key(cell, cell.attribute), []).append(place)
    for key, places in tables.items():
        arms = {arm: wholes.get(replace(key[0], treated=arm)) for arm in _arms(cells, places)}
        found |= _of_table(cells, places, arms, seen)
    return found


def _key(cell: Cell, attribute: tuple[str, ...]) -> _Key:
    return replace(cell.question, treated=""), attribute


def _arms(cells: Sequence[Cell], places: Sequence[int]) -> list[str]:
    return list(dict.fromkeys(cells[place].question.treated for place in places))


def _of_table(
    cells: Sequence[Cell],
    places: Sequence[int],
    wholes: Mapping[str, tuple[int, int] | None],
    seen: dict[bytes, Flags],
) -> dict[int, str]:
    """The segments of one attribute against the groups of one outcome, and what of them is hidden.

    `seen` holds the answers for tables that were met before: outcomes of the same customers share one.
    """
    values = list(dict.fromkeys(tuple(cells[place].segment.items()) for place in places))
    arms = list(wholes)
    counts = np.zeros((len(values) + 1, len(arms) + 1), dtype=np.int64)
    for place in places:
        row, column = values.index(tuple(cells[place].segment.items())), arms.index(cells[place].question.treated)
        counts[row, column] = cells[place].sizes[0]
        counts[row, -1] = max(counts[row, -1], cells[place].sizes[1])
    for column, whole in enumerate(wholes.values()):
        if whole is not None:
            counts[-1, column] = max(0, whole[0] - counts[:-1, column].sum())
            counts[-1, -1] = max(counts[-1, -1], whole[1] - counts[:-1, -1].sum())
    if not ((counts > 0) & (counts < FEWEST)).any():
        return {}
    hidden = seen.get(counts.tobytes())
    if hidden is None:
        hidden = seen[counts.tobytes()] = suppressed(counts).hidden[:-1, :-1]
    found = {}
    for place in places:
        row, column = values.index(tuple(cells[place].segment.items())), arms.index(cells[place].question.treated)
        if hidden[row, column] or hidden[row, -1]:
            pair = (counts[row, column], counts[row, -1])
            found[place] = SMALL if any(0 < size < FEWEST for size in pair) else BESIDE
    return found
