"""The stack in arrays: the second road, and the one for made-up companies that are never written to a file.

Gives the same answers as the stack in the query engine, by numpy on a frame of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.inference.cells import Cells, Flags, Floats, Influences, Ints, Linear, Measure
from analysis.studies.stack import RECENTLY, Layout


class ArrayStack:
    """Rows held as a frame.

    Parameters
    ----------
    rows : DataFrame
        `customer`, the key columns and measures of `layout`, `study` and `future`, as `stack` describes them.
    layout : Layout
    account : mapping of str to int, optional
    """

    def __init__(self, rows: pd.DataFrame, layout: Layout, account: Mapping[str, int] | None = None) -> None:
        self._rows = {str(name): rows[name].to_numpy() for name in rows.columns}
        self._layout = layout
        self._account = dict(account or {})
        self._places: dict[tuple[str, tuple[str, ...]], Ints] = {}

    @property
    def layout(self) -> Layout:
        return self._layout

    @property
    def account(self) -> Mapping[str, int]:
        return self._account

    def rows(self) -> pd.DataFrame:
        return pd.DataFrame(self._rows)

    def _part(self, where: str) -> Flags:
        rows, latest = self._rows, self._layout.end.number - RECENTLY
        if where == "study":
            return np.asarray(rows["study"] == 1)
        if where == "future":
            return np.asarray(rows["future"] > 0)
        if where == "recent":
            return np.asarray((rows["study"] == 0) & (rows["month"] <= latest))
        if where == "main":
            return np.asarray(rows["month"] <= latest)
        raise ValueError(f"There are no rows called `{where}`.")

    def _key(self, name: str, where: str, part: Flags) -> Ints:
        if where == "future" and name == "arm":
            return np.asarray(self._rows["future"][part] == 2, dtype=np.int64)
        return np.asarray(self._rows[name][part], dtype=np.int64)

    def _measure(self, measure: Measure, part: Flags) -> Floats:
        return np.asarray(sum((self._rows[name][part] for name in measure), np.zeros(int(part.sum()))), dtype=float)

    def cells(
        self,
        by: Sequence[str],
        *,
        where: str = "study",
        measures: Sequence[str] = (),
        products: Sequence[tuple[Measure, Measure]] = (),
    ) -> Cells:
        part = self._part(where)
        keys = [self._key(name, where, part) for name in by]
        places, first = _places(keys, int(part.sum()))
        size = len(first)
        self._places[(where, tuple(by))] = places

        def summed(values: Floats) -> Floats:
            return np.asarray(np.bincount(places, weights=values, minlength=size), dtype=float)

        return Cells(
            {name: key[first] for name, key in zip(by, keys, strict=True)},
            np.bincount(places, minlength=size).astype(np.int64),
            {name: summed(np.asarray(self._rows[name][part], dtype=float)) for name in measures},
            {pair: summed(self._measure(pair[0], part) * self._measure(pair[1], part)) for pair in products},
        )

    def _cell_of(self, cells: Cells, where: str) -> Ints:
        by = tuple(cells.keys)
        if (where, by) not in self._places:
            self.cells(by, where=where)
        return self._places[(where, by)]

    def influences(
        self, cells: Cells, linears: Sequence[Linear], *, where: str = "study", joint: bool = True
    ) -> Influences:
        part, place = self._part(where), self._cell_of(cells, where)
        customer = self._rows["customer"][part]
        size = int(customer.max(initial=0)) + 1
        values: dict[Measure, Floats] = {}
        summed = np.zeros((size, len(linears)))
        for column, linear in enumerate(linears):
            moved = linear.weights[place, -1]
            for slot, measure in enumerate(linear.measures):
                if measure and measure not in values:
                    values[measure] = self._measure(measure, part)
                if measure:
                    moved = moved + linear.weights[place, slot] * values[measure]
            summed[:, column] = np.bincount(customer, weights=moved, minlength=size)
        variance = np.einsum("ij,ij->j", summed, summed)
        covariance = summed.T @ summed if joint else np.diag(variance)
        most = np.max(summed**2, axis=0, initial=0.0)
        share = np.divide(most, variance, out=np.zeros(len(linears)), where=variance > 0)
        return Influences(tuple(linear.name for linear in linears), covariance, share)

    def customers(self, cells: Cells, masks: Flags, *, where: str = "study") -> Ints:
        part, place = self._part(where), self._cell_of(cells, where)
        customer = self._rows["customer"][part]
        return np.array([np.unique(customer[mask[place]]).size for mask in masks], dtype=np.int64)


def _places(keys: Sequence[Ints], n: int) -> tuple[Ints, Ints]:
    """The cell of each row, and a row of each cell; cells sorted by the keys in their order."""
    code = np.zeros(n, dtype=np.int64)
    size = 1
    for key in keys:
        low = int(key.min(initial=0))
        width = int(key.max(initial=0)) - low + 1
        if size * width > 2**62:
            code = np.unique(code, return_inverse=True)[1]
            size = int(code.max(initial=0)) + 1
        code = code * width + (key - low)
        size *= width
    _, first, places = np.unique(code, return_index=True, return_inverse=True)
    return places, first
