"""How do the simulated values of a case spread? A histogram: how many draws lie between round numbers.

The same rows are drawn on the page and kept in the results. Where the draws come from is left to `simulate`, how bars
look to the charts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_BARS = 30
_ENDS = (0.001, 0.999)


def histogram(draws: ArrayLike) -> pd.DataFrame:
    """How many draws lie in each stretch between round numbers, of which zero is one?

    Parameters
    ----------
    draws : array of float
        Finite, at least one; in any unit. Not changed.

    Returns
    -------
    DataFrame
        `from`, `to` (in the unit of the draws), `draws` (their number), `share` (of all), from the 0.1st to the 99.9th
        percentile; what lies beyond is counted in the first and the last row.

    Raises
    ------
    ValueError
        If there are no draws, or one is not finite.

    Examples
    --------
    >>> rows = histogram([-1.0, 0.5, 0.5, 2.0])
    >>> int(rows["draws"].sum()), float(rows["share"].sum()), 0.0 in set(rows["from"])
    (4, 1.0, True)
    """
    import pandas as pd

    values = np.asarray(draws, dtype=float)
    if values.size == 0 or not np.isfinite(values).all():
        raise ValueError("A histogram needs draws, all of them finite.")
    edges = _edges(values)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)
    return pd.DataFrame({"from": edges[:-1], "to": edges[1:], "draws": counts, "share": counts / values.size})


def _edges(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    low, high = (float(one) for one in np.quantile(values, _ENDS))
    if not high > low:
        low, high = low - max(abs(low), 1) * 0.05, high + max(abs(high), 1) * 0.05
    rough = (high - low) / _FEWEST_BARS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 2.5, 5, 10, 20) if size * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return np.array([round(place * step, 12) for place in range(first, last + 1)])
