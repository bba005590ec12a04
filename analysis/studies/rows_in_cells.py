"""Which rows does a cell hold? For methods that need rows, and say so: the bootstrap, and estimators of one's own.

Studies work on cells, so that rows can stay where they lie. Here the rows of one scan are fetched, with the cell each
belongs to, so that whatever was decided by cell (strata, weights, who is left out) holds for rows too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.inference.cells import Cells, Flags
from analysis.studies.stack import PARTS, RECENTLY, Layout, Stack

CELL = "cell"


def rows_in_cells(rows: pd.DataFrame, cells: Cells, layout: Layout, *, where: str = "study") -> pd.DataFrame:
    """The rows behind cells, with the place of each row's cell.

    Parameters
    ----------
    rows : DataFrame
        All rows of the stack, as `Stack.rows` gives them.
    cells : Cells
        Counted on the same stack, of the rows called `where`.
    layout : Layout
    where : {"study", "recent", "main", "future"}

    Returns
    -------
    DataFrame
        Those rows, numbered from 0, with `cell`; for the future-social gate `arm` is whether the next issue goes to
        social, as in its cells.

    Raises
    ------
    ValueError
        If the cells are not of these rows.
    """
    found = rows[_part(rows, layout, where)].reset_index(drop=True)
    if where == "future":
        found = found.assign(arm=(found["future"] == 2).astype(np.int64))
    keys = pd.MultiIndex.from_arrays([cells.keys[name] for name in cells.keys])
    place = keys.get_indexer(pd.MultiIndex.from_arrays([found[name] for name in cells.keys]))
    if (np.bincount(place[place >= 0], minlength=len(cells)) != cells.n).any() or (place < 0).any():
        raise ValueError("The cells were counted on other rows.")
    return found.assign(**{CELL: place})


def rows_of(stack: Stack, cells: Cells, *, where: str = "study") -> pd.DataFrame:
    """`rows_in_cells` of a stack whose rows nobody has fetched yet."""
    return rows_in_cells(stack.rows(), cells, stack.layout, where=where)


def _part(rows: pd.DataFrame, layout: Layout, where: str) -> Flags:
    followed = rows["month"] <= layout.end.number - RECENTLY
    parts = (rows["study"] == 1, (rows["study"] == 0) & followed, followed, rows["future"] > 0)
    return np.asarray(dict(zip(PARTS, parts, strict=True))[where], dtype=bool)
