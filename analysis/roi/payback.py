"""After how many months has the money spent come back?

Worked out on net cash flow year by year, not discounted, spread evenly over the months of a year. Where the flow comes
from is left to `tei` and `simulation`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def payback_months(net: ArrayLike) -> Floats:
    """From which month on is everything that was spent paid back, and stays so? Infinite where it never is.

    Parameters
    ----------
    net : array of float, shape (years + 1,) or (years + 1, n)
        Benefits less costs; the first row is the start, the others are spread evenly over their year.

    Returns
    -------
    array of float, shape () or (n,)
        Months from the start; 0 where nothing is ever owed. What is not paid back within the years is not paid back,
        and what is lost again in a later year was not paid back before.

    Source
    ------
    Linear net cash flow, as in Forrester's TEI studies; not discounted.

    Examples
    --------
    >>> payback_months([-120, 240, 240]).item(), payback_months([-120, 60, 120]).item()
    (6.0, 18.0)
    >>> payback_months([[-10.0, -10.0], [5.0, 20.0], [4.0, -15.0]]).tolist()
    [inf, inf]
    """
    flow = np.asarray(net, dtype=np.float64)
    standing = np.cumsum(flow, axis=0)
    years = len(flow) - 1
    owed = standing < 0
    last = np.where(owed.any(axis=0), years - np.argmax(owed[::-1], axis=0), -1)
    within = np.clip(last, 0, years - 1)[None]
    before = np.take_along_axis(standing, within, axis=0)[0]
    during = np.take_along_axis(flow, within + 1, axis=0)[0]
    part = np.divide(-before, during, out=np.zeros_like(before), where=during > 0)
    months = np.where(last == years, np.inf, np.where(last < 0, 0.0, 12 * (last + part)))
    return np.asarray(months, dtype=np.float64)
