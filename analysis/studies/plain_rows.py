"""How does a table of a study go into `results.json`? Row by row as plain values, and what is no value as None.

JSON has no word for a missing number or for one without end, and each library has its own: here they all become None,
so that a reader never meets `NaN`. What is rounded, and how it is written, is left to `foundation.provenance`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """What does each row of a table say, as plain values under the names of its columns?

    Parameters
    ----------
    frame : DataFrame
        Of any shape; it stays as it is, and its index is left out.

    Returns
    -------
    list of dict
        In the order of the rows; see `plain_value`.

    Examples
    --------
    >>> plain_rows(pd.DataFrame({"customers": [3, 4], "high": [1.5, float("inf")], "band": ["a", None]}))
    [{'customers': 3, 'high': 1.5, 'band': 'a'}, {'customers': 4, 'high': None, 'band': None}]
    """
    return [{str(name): plain_value(value) for name, value in row.items()} for row in frame.to_dict("records")]


def plain_value(value: Any) -> Any:
    """One cell as plain Python: None where it is missing or without end, a date as ISO 8601.

    Parameters
    ----------
    value : object
        A cell. What is neither missing, a number, a date nor a time comes back as it is.

    Examples
    --------
    >>> plain_value(np.float32(0.5)), plain_value(float("-inf")), plain_value(pd.NA), plain_value(pd.NaT)
    (0.5, None, None, None)
    >>> plain_value(np.datetime64("2026-09-30")), plain_value(np.bool_(True))
    ('2026-09-30T00:00:00', True)
    """
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    held = value.item() if isinstance(value, np.generic) else value
    if held is None or held is pd.NA or held is pd.NaT or (isinstance(held, float) and not math.isfinite(held)):
        return None
    return held.isoformat() if hasattr(held, "isoformat") else held
