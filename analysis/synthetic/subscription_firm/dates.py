"""When do things happen at the made-up subscription firm? Its months, their quarters, and the hours people keep.

The data are the 30 whole months from January 2024 to June 2026 of Europe/Berlin. Lives go on in steps of a quarter of
a month (seven or eight days); within a step a day is drawn by the weekly cycle, within a day an hour. Instants are
whole seconds of the UTC epoch. Which events happen is left to `lives`.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month, local_midnight

ZONE = "Europe/Berlin"
FIRST_MONTH = Month.of("2024-01")
N_MONTHS = 30
STEPS = 4
"""Steps a month."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_WEEKDAY = np.array([1.30, 1.12, 1.05, 1.02, 0.98, 0.78, 0.75])
"""How much happens from Monday to Sunday, on average 1."""
HOUR_SHARE = np.array([4, 2, 2, 2, 2, 4, 10, 22, 44, 62, 66, 60, 50, 52, 56, 54, 50, 52, 58, 68, 76, 60, 34, 14]) / 904
"""The share of problems in each hour of the local day: a working day, and a second wave in the evening."""
LONGEST_STEP = 8

_FIRST_DAY = FIRST_MONTH.first_day


def epoch_seconds(day: date) -> int:
    """The local midnight that begins a day, in seconds of the UTC epoch.

    Examples
    --------
    >>> epoch_seconds(date(1981, 7, 1)) % 86_400  # summer time of Berlin is two hours ahead
    79200
    """
    return int(local_midnight(day, ZONE).replace(tzinfo=UTC).timestamp())


def _days_since_start(month: int) -> int:
    return (FIRST_MONTH.plus(month).first_day - _FIRST_DAY).days


MONTH_DAY = np.array([_days_since_start(month) for month in range(N_MONTHS + 1)])
"""The first day of each month in days since the data begin; the last entry is the end of the data."""
DAY_START = np.array([epoch_seconds(_FIRST_DAY + timedelta(days=day)) for day in range(int(MONTH_DAY[-1]) + 1)])
"""The instant at which each local day begins; the last entry is the end of the data."""
MONTH_START = DAY_START[MONTH_DAY]
DATA_START, DATA_END = int(DAY_START[0]), int(DAY_START[-1])
STEP_DAY = (MONTH_DAY[:-1, None] + np.diff(MONTH_DAY)[:, None] * np.arange(STEPS) // STEPS).ravel()
"""The first day of each step."""


def _cumulated(first: Ints, length: Ints, longest: int) -> Floats:
    """Share of a stretch of days that is over by the end of each of its days, shape (stretches, longest)."""
    place = np.arange(longest)
    day = first[:, None] + place
    weight = np.where(place < length[:, None], _WEEKDAY[(_FIRST_DAY.weekday() + day) % 7], 0.0)
    return np.asarray(np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True))


_STEP_DAYS = _cumulated(STEP_DAY, np.diff(np.append(STEP_DAY, MONTH_DAY[-1])), LONGEST_STEP)
_MONTH_DAYS = _cumulated(MONTH_DAY[:-1], np.diff(MONTH_DAY), 31)
_HOURS = np.cumsum(HOUR_SHARE)


def day_in_step(step: Ints, roll: Floats) -> Ints:
    """The day, since the data begin, on which something of a step falls; `roll` is uniform.

    Examples
    --------
    >>> day_in_step(np.array([0, 4]), np.array([0.0, 0.0])).tolist()
    [0, 31]
    """
    return np.asarray(STEP_DAY[step] + (roll[:, None] >= _STEP_DAYS[step]).sum(axis=1))


def day_in_month(month: Ints, roll: Floats) -> Ints:
    """The day, since the data begin, on which something of a month falls; `roll` is uniform."""
    day = np.empty(len(month), dtype=np.int64)
    for one in np.unique(month):
        rows = month == one
        day[rows] = MONTH_DAY[one] + np.searchsorted(_MONTH_DAYS[one], roll[rows], side="right")
    return day


def hour_of(roll: Floats) -> Ints:
    """The hour of the local day at which a problem comes up; `roll` is uniform."""
    return np.minimum(np.searchsorted(_HOURS, roll, side="right"), len(_HOURS) - 1)


def instant(day: Ints, hour: Ints, roll: Floats) -> Ints:
    """An instant within an hour of a local day, never in its last second.

    On the two days a year on which the clock changes, hours are stretched or pressed to the length of the day.
    """
    begin, end = DAY_START[day], DAY_START[day + 1]
    found = begin + ((hour + roll) / 24 * (end - begin)).astype(np.int64)
    return np.asarray(np.minimum(found, end - 2))
