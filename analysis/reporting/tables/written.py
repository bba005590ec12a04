"""How is a table's text written cell by cell? Straight to its place, as `Written`.

great-tables writes each cell through pandas' indexing into columns of strings, which is made for columns and takes most
of a table's time. It asks by a frame's class how to write (`singledispatch`), and of this class it is told. The two
functions that ask are not public: where a later version asks otherwise, tables are as they were, and slower.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pandas as pd


class Written(pd.DataFrame):  # type: ignore[misc]  # pandas brings no types
    """A frame whose text great-tables writes quickly.

    Examples
    --------
    >>> from great_tables import GT
    >>> cells = pd.DataFrame({"": ["calls", "posts"], "cost": ["<5", None]})
    >>> GT(Written(cells), id="one").as_raw_html() == GT(cells, id="one").as_raw_html()
    True
    """

    @property
    def _constructor(self) -> type[Written]:
        return Written


with suppress(ImportError, AttributeError):
    from great_tables._tbl_data import _set_cell, create_empty_frame

    @create_empty_frame.register
    def _empty(df: Written) -> Written:
        return Written(pd.NA, index=df.index, columns=df.columns, dtype=object)

    @_set_cell.register
    def _set(data: Written, row: int, column: str, value: Any) -> None:
        data.iat[row, data.columns.get_loc(column)] = value
