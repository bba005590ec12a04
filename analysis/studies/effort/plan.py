"""What is decided about the effort study before the data are looked at, and in what is effort told?

Effort is measured on one issue of each customer and ends before the outcome window begins, so that what was bought
cannot be a cause of it. What a customer had to do comes first (contacts, channels, coming back, waiting); what
customers say in surveys comes after it. Who is studied is left to `rows`, what is estimated to `study`.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.crossed import DRAWS, SEED

OUTCOMES = ("repurchased", "orders", "revenue", "margin")
"""What this study can follow."""
MONEY = ("revenue", "margin")
BEHAVIOUR = ("contacts_to_resolve", "channel_switches", "repeat_contact", "days_to_resolve")
"""Effort as it can be seen, on the issue itself."""
SURVEYS = ("ces1", "ces2")
"""Effort as customers say it; told so that more is more effort."""
LATELY_DAYS = 180
"""Issues so many days before the index issue are recent ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortPlan:
    """What was decided before the data were looked at.

    Parameters
    ----------
    outcomes : tuple of str
        Among repurchased, orders, revenue and margin. Issues are none of them: coming back is effort here, and one
        thing cannot be both.
    effort_days : int
        Effort is measured from the opening of the issue for so many days.
    outcome_days : int
        The outcome is followed for so many days after those, and compared with the same number of days before the
        issue.
    history_days : int
        For how long a customer must have been observed before the issue. From twice the days of the outcome on, the
        comparison is tested on what was bought before that.
    mediators : tuple of str
        Behavioural effort, taken together and one by one.
    surveys : tuple of str
        Effort scales of surveys.
    covariates, segments : tuple of str
        Fixed columns of `customers`: adjusted for; and effects are shown for each value of the second.
    zone : str
        Reporting zone, of index months.
    until : Month, optional
        Last month that may be looked at.
    level : float
    draws, seed : int
        Of the bootstrap.

    Raises
    ------
    DesignError
        If a window is out of range, or an outcome or mediator is none of this study.

    Examples
    --------
    >>> EffortPlan().window
    'from day 31 to day 210'
    >>> EffortPlan(outcomes=("issues",))
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: The effort study follows repurchased, orders, revenue, margin, not issues: \
coming back is effort in this study, and cannot be its outcome too.
    """

    outcomes: tuple[str, ...] = OUTCOMES
    effort_days: int = 30
    outcome_days: int = 180
    history_days: int = 360
    mediators: tuple[str, ...] = BEHAVIOUR
    surveys: tuple[str, ...] = SURVEYS
    covariates: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    zone: str = "UTC"
    until: Month | None = None
    level: float = 0.95
    draws: int = DRAWS
    seed: int = SEED

    def __post_init__(self) -> None:
        if wrong := [name for name in self.outcomes if name not in OUTCOMES]:
            why = ": coming back is effort in this study, and cannot be its outcome too" if "issues" in wrong else ""
            raise DesignError(f"The effort study follows {', '.join(OUTCOMES)}, not {', '.join(wrong)}{why}.")
        if wrong := [name for name in self.mediators if name not in BEHAVIOUR]:
            raise DesignError(f"Effort is told in {', '.join(BEHAVIOUR)}, not in {', '.join(wrong)}.")
        if wrong := [name for name in self.surveys if name not in SURVEYS]:
            raise DesignError(f"The effort scales of surveys are {' and '.join(SURVEYS)}, not {', '.join(wrong)}.")
        if not (self.outcomes and self.mediators):
            raise DesignError("Name one outcome and one kind of behavioural effort at least.")
        if not (1 <= self.effort_days <= 90 and 1 <= self.outcome_days <= 1_095):
            raise DesignError(
                "Effort is measured for 1 to 90 days and outcomes are followed for 1 to 1,095 days after; given were "
                f"{self.effort_days} and {self.outcome_days}."
            )
        if not self.outcome_days <= self.history_days <= 2_190:
            raise DesignError(
                f"Customers are observed for {self.outcome_days} to 2,190 days before the issue, not for "
                f"{self.history_days}: what they bought after it is compared with as many days before it."
            )
        if not 0.5 <= self.level <= 0.999:
            raise DesignError(f"The level of an interval lies between 0.5 and 0.999, not at {self.level}.")
        if self.draws < 99:
            raise DesignError(f"An interval of a bootstrap needs 99 draws at least, not {self.draws}.")

    @property
    def window(self) -> str:
        """The outcome window in words."""
        return f"from day {self.effort_days + 1} to day {self.effort_days + self.outcome_days}"

    @property
    def tested_earlier(self) -> bool:
        """Whether customers were observed long enough to repeat the study one window earlier."""
        return self.history_days >= 2 * self.outcome_days

    @property
    def adjusted(self) -> tuple[str, ...]:
        """Fixed columns of customers that are adjusted for."""
        return tuple(dict.fromkeys((*self.covariates, *self.segments)))
