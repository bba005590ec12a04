"""Can units that were changed be held against units that were not? The table of outcomes, checked, and its noise.

What is made of it is left to `analysis.inference.synthetic_did` and `analysis.inference.synthetic_control`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError, TooSoon

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_BEFORE = 3
NEVER = -1
"""The start of a unit that was never changed."""
_STILL = 1e-9


def checked_panel(outcomes: ArrayLike, name: str) -> Floats:
    """The outcomes as a full table, or what keeps them from being one."""
    table = np.array(outcomes, dtype=float)
    if table.ndim != 2:
        raise DesignError(f"{name}: outcomes are a table of units by periods, not of {table.ndim} axes.")
    holes = ~np.isfinite(table)
    if holes.any():
        first = np.argwhere(holes)[0]
        raise DesignError(
            f"{name}: {int(holes.sum())} of {table.size} values are missing (first: unit {first[0]}, period "
            f"{first[1]}). Every unit needs every period: leave out the unit or the period."
        )
    return table


def checked_starts(starts: ArrayLike, table: Floats, name: str) -> Ints:
    """Where each unit begins, or why no comparison can be made."""
    begins = np.array(starts, dtype=np.int64)
    units, periods = table.shape
    if begins.shape != (units,):
        raise DesignError(f"{name}: {units} units, but {begins.size} say when they were changed.")
    changed = begins[begins != NEVER]
    if not changed.size:
        raise DesignError(f"{name}: none of the {units} units was changed, so there is no effect to estimate.")
    if units - changed.size < 2:
        raise DesignError(
            f"{name}: {units - changed.size} of {units} units was never changed. At least 2 donors are needed."
        )
    if changed.max() >= periods:
        raise TooSoon(
            f"{name}: {int((changed >= periods).sum())} units begin after the last of {periods} periods. Wait for the "
            "data, or leave them out."
        )
    before = table[begins == NEVER, : changed.min()]
    if changed.min() >= FEWEST_BEFORE and float(np.diff(before, axis=1).std()) <= _STILL * float(np.abs(before).max()):
        raise DesignError(
            f"{name}: the {len(before)} donors take the same steps in all {before.shape[1]} periods before: nothing "
            "tells one from another, so they cannot be weighted. A plain difference of means is enough."
        )
    if changed.min() < FEWEST_BEFORE:
        raise DesignError(
            f"{name}: {int((changed < FEWEST_BEFORE).sum())} changed units have fewer than {FEWEST_BEFORE} periods "
            "before. Begin earlier, or leave them out."
        )
    return begins


def noise_of(before: Floats) -> float:
    """Standard deviation of the donors' steps from one period to the next, which sets the ridge; never quite nought."""
    return max(float(np.diff(before, axis=1).std()) * _small_sample(before), _STILL * float(np.abs(before).max()))


def _small_sample(before: Floats) -> float:
    steps = before.shape[0] * (before.shape[1] - 1)
    return math.sqrt(steps / (steps - 1))
