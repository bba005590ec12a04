"""On which days did one product bring far more social contacts than usual? A code for each such incident.

The study takes out what an incident does to its own product's customers: their problem is another one, and their queue
is longer. How a spike is found is told in `inference.spikes`; which effects are taken out, in `instrument`.
"""

from __future__ import annotations

import numpy as np

from analysis.inference.cells import Ints
from analysis.inference.spikes import FEWEST_DAYS, spikes


def episodes_of(daily: Ints, *, weekday: int) -> Ints:
    """Which incident does each product's day belong to?

    Parameters
    ----------
    daily : array of int, shape (n_products, n_days)
        Social contacts about each product on each day, without gaps.
    weekday : int
        Weekday of the first day, 0 for Monday.

    Returns
    -------
    array of int, shape (n_products, n_days)
        0 for an ordinary day, from 1 on for the first, second, ... incident of the product. All 0 where there are fewer
        than 56 days: what is usual is then not known.

    Examples
    --------
    >>> daily = np.full((2, 120), 40)
    >>> daily[1, 60:62] = 95
    >>> found = episodes_of(daily, weekday=0)
    >>> found[0].max(), found[1, 58:64].tolist()
    (np.int64(0), [0, 0, 1, 1, 0, 0])
    """
    found = np.zeros(daily.shape, dtype=np.int64)
    if daily.shape[1] < FEWEST_DAYS:
        return found
    for product, counts in enumerate(daily):
        for place, episode in enumerate(spikes(counts, weekday=weekday).episodes if counts.any() else (), start=1):
            found[product, episode.first : episode.last + 1] = place
    return found
