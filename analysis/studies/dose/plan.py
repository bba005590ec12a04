"""What is decided about dose and mix before the data are looked at, and how are doses and mixes told apart?

A customer's life is cut at dates fixed beforehand: contacts are counted in the months before such a date, purchases in
the months after it, for everybody alike. Nobody counts as much contacted for having lived long enough to be so, since
the count is closed before the purchases begin.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError

OUTCOMES = ("orders", "repurchased")
"""What this study can follow. Money is not among it: an association is no gain."""
DOSES = ("none", "1", "2", "3 to 4", "5 or more")
DOSES_FROM = (0, 1, 2, 3, 5)
SOCIAL_ONLY, ONE_OTHER, OTHERS, SOCIAL_AND_OTHERS = (
    "social only",
    "one other channel",
    "several other channels",
    "social and others",
)
MIXES = (SOCIAL_ONLY, ONE_OTHER, OTHERS, SOCIAL_AND_OTHERS)
NO_CREDIT = (
    "No order is credited to a channel here, neither to the last one touched nor in Shapley shares: such credit "
    "divides up what customers bought whether or not a contact moved them, so it always adds up to all sales and "
    "cannot say what would have been lost without the channel."
)
"""Why there is no attribution; said once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DosePlan:
    """What was decided before the data were looked at.

    Parameters
    ----------
    outcomes : tuple of str
        Orders, repurchased, or both.
    dose_months, outcome_months : int
        Contacts are counted for so many whole months before a date, outcomes for so many after it. Dates lie
        `outcome_months` apart, so that no order is counted twice.
    prior_months : int
        What a customer bought and asked in so many months before the dose window makes customers alike.
    zone : str
    until : Month, optional
        Last month that may be looked at.
    level : float

    Raises
    ------
    DesignError
        If a window is out of range, or an outcome is money or unknown.

    Examples
    --------
    >>> DosePlan(outcomes=("revenue",))
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: Dose and mix follow orders and repurchased, not revenue: an association is \
no gain, and is never told in money.
    """

    outcomes: tuple[str, ...] = OUTCOMES
    dose_months: int = 6
    outcome_months: int = 6
    prior_months: int = 6
    zone: str = "UTC"
    until: Month | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        if wrong := [name for name in self.outcomes if name not in OUTCOMES]:
            why = ": an association is no gain, and is never told in money" if {"revenue", "margin"} & {*wrong} else ""
            raise DesignError(f"Dose and mix follow {' and '.join(OUTCOMES)}, not {', '.join(wrong)}{why}.")
        if not self.outcomes:
            raise DesignError("Name one outcome at least.")
        windows = (self.dose_months, self.outcome_months, self.prior_months)
        if not all(1 <= months <= 36 for months in windows):
            raise DesignError(f"Windows are 1 to 36 months long; given were {', '.join(map(str, windows))}.")
        if not 0.5 <= self.level <= 0.999:
            raise DesignError(f"The level of an interval lies between 0.5 and 0.999, not at {self.level}.")

    def dates(self, first: Month, last: Month) -> tuple[Month, ...]:
        """Months that begin at a date with all windows inside the data, the latest chosen first.

        Examples
        --------
        >>> [str(date) for date in DosePlan().dates(Month.of("2024-01"), Month.of("2026-03"))]
        ['2025-04', '2025-10']
        """
        earliest = first.plus(self.prior_months + self.dose_months).number
        latest = last.plus(1 - self.outcome_months).number
        return tuple(Month(number) for number in sorted(range(latest, earliest - 1, -self.outcome_months)))
