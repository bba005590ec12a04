"""Who was invited to write on social, by the toss of a coin, and what is then true of the 90 days after it?

The randomised test of a made-up company: at one local midnight, five months before the end of the data, half of all
customers of that day are invited to use social care. The invitation multiplies demand by 1 + `invitation_effect` for 90
days, and logins by 1 + `logins_effect`. Everything else is untouched by it, so that it disturbs no other comparison.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.clock import DAYS_IN_MONTH, FIRST_MONTH, MONTH_DAY, epoch_seconds

EXPERIMENT = "care_invitation"
ARMS = ("control", "invited")
UNASSIGNED = -1
WINDOW_DAYS = 90
ASSIGNED_ON = date(2026, 5, 1)
ASSIGNED_AT = epoch_seconds(ASSIGNED_ON)
PROBABILITY = 0.5
LOGINS_MEAN = 9.0

FIRST_WINDOW_DAY = (ASSIGNED_ON - FIRST_MONTH.first_day).days
FIRST_WINDOW_MONTH = int(np.searchsorted(MONTH_DAY, FIRST_WINDOW_DAY, side="right")) - 1

OVERLAP: NDArray[np.float64] = (
    np.clip(FIRST_WINDOW_DAY + WINDOW_DAYS - MONTH_DAY[:-1], 0, DAYS_IN_MONTH)
    - np.clip(FIRST_WINDOW_DAY - MONTH_DAY[:-1], 0, DAYS_IN_MONTH)
) / DAYS_IN_MONTH
"""The share of each month's days that lies in the 90 days, shape (months,)."""


def assigned_arms(here: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Toss a coin for all who are customers on the day: positions in `ARMS`, or `UNASSIGNED`."""
    return np.where(here, rng.random(len(here)) < PROBABILITY, UNASSIGNED).astype(np.int64)


def logins_mean(relative_demand: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected logins in the 90 days without an invitation, for customers of a demand relative to the average."""
    return np.asarray(LOGINS_MEAN * np.sqrt(relative_demand))


def window_share(month: NDArray[np.int64], arm: NDArray[np.int64], effect: float) -> NDArray[np.float64]:
    """The probability that an order of this month falls on a day inside the 90 days.

    Days are alike but for the invitation: inside the window an invited customer buys 1 + `effect` times as much.
    """
    inside = OVERLAP[month] * np.where(arm == 1, 1 + effect, 1.0)
    return inside / (inside + 1 - OVERLAP[month])
