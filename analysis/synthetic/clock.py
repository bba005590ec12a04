"""When do things happen in a made-up company? The months of its data, their local days, and the hours people keep.

The data are the 36 whole months from October 2023 to September 2026 of Europe/London, so that summer months begin
at 23:00 UTC. Instants are whole seconds of the UTC epoch. Which events happen is left to the other modules.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month, local_midnight

ZONE = "Europe/London"
FIRST_MONTH = Month.of("2023-10")
N_MONTHS = 36

_FIRST_DATE = FIRST_MONTH.first_day
_END_DATE = FIRST_MONTH.plus(N_MONTHS).first_day

MONTH_DAY = np.array([(FIRST_MONTH.plus(month).first_day - _FIRST_DATE).days for month in range(N_MONTHS + 1)])
"""The first day of each month, in days since the data begin; the last entry is the end of the data."""

DAYS_IN_MONTH = np.diff(MONTH_DAY)


def epoch_seconds(day: date) -> int:
    """The local midnight that begins a day, in seconds of the UTC epoch.

    Examples
    --------
    >>> epoch_seconds(date(1970, 7, 1)) - 181 * 86_400  # British Standard Time
    -3600
    """
    return int(local_midnight(day, ZONE).replace(tzinfo=UTC).timestamp())


DAY_START = np.array([epoch_seconds(_FIRST_DATE + timedelta(days=day)) for day in range(MONTH_DAY[-1] + 1)])
"""The instant at which each local day begins; the last entry is the end of the data."""

DATA_START = int(DAY_START[0])
DATA_END = int(DAY_START[-1])

_AWAKE_FROM = 7 / 24
_AWAKE_FOR = 15.5 / 24
_AT_ANY_HOUR = 0.12


def calendar_month(month: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """1 to 12 for a month of the data.

    Examples
    --------
    >>> calendar_month(np.array([0, 3, 35])).tolist()
    [10, 1, 9]
    """
    return (FIRST_MONTH.number + np.asarray(month, dtype=np.int64)) % 12 + 1


def instants_on(day: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """An instant within each local day: most between seven in the morning and half past ten, some at any hour.

    Parameters
    ----------
    day : array of int, shape (n,)
        Days since the data begin.
    rng : numpy.random.Generator

    Returns
    -------
    array of int, shape (n,)
        Seconds of the UTC epoch, never outside the local day, also where the clock changes.
    """
    rolls = rng.random((3, len(day)))
    share = _AWAKE_FROM + _AWAKE_FOR * rolls.mean(axis=0)
    share = np.where(rolls[0] < _AT_ANY_HOUR, rolls[0] / _AT_ANY_HOUR, share)
    start = DAY_START[day]
    return np.asarray(start + (share * (DAY_START[day + 1] - start)).astype(np.int64))
