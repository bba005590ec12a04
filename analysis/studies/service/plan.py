"""What is decided about the service study before the data are looked at, and in which bands replies are told?

A target ("answered within an hour"), windows of whole months around the month of a customer's first social contact,
outcomes, and segments. Bands of reply times are fixed, so that a target can be chosen from them and two studies can
be laid side by side. Who is studied is left to `rows`, what is estimated to `service`.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.studies.sample import IndexRules
from analysis.studies.service.clock import DAY, HOUR

OUTCOMES = ("orders", "revenue", "margin", "issues")
"""What this study can follow."""
MONEY = ("revenue", "margin")
MOST_SECONDS = 14 * DAY
BANDS: tuple[tuple[str, int], ...] = (
    ("within 15 minutes", 900),
    ("15 minutes to 1 hour", HOUR),
    ("1 to 4 hours", 4 * HOUR),
    ("4 to 24 hours", DAY),
)
"""Reply times by their upper end in seconds, which belongs to the band."""
LATER, NEVER_ANSWERED, ONLY_A_BOT = "later than 24 hours", "never", "only a bot, as far as is known"
BAND_NAMES = (*(name for name, _ in BANDS), LATER, NEVER_ANSWERED, ONLY_A_BOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """What was decided before the data were looked at.

    Parameters
    ----------
    target_seconds : int
        A contact is answered in time if a human replied within so many seconds.
    before_months, after_months : int
        Length of the windows; the month of the contact is in neither.
    look_back_days : int
        For how long a customer must have been observed without a social contact, if longer than the window before.
    outcomes : tuple of str
        Among orders, revenue, margin and issues.
    segments : tuple of str
        Fixed columns of `customers`; effects are shown for each of their values.
    zone : str
        Reporting zone: of months, days and hours.
    until : Month, optional
        Last month that may be looked at.
    level : float

    Raises
    ------
    DesignError
        If the target is none, a window too short or too long, or the level out of range.

    Examples
    --------
    >>> ServicePlan(target_seconds=900).within
    '15 minutes'
    >>> ServicePlan(target_seconds=0)
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: A target lies between 1 second and 14 days, not at 0 seconds: nobody can \
be answered in no time. Set `metrics.sla_seconds`.
    """

    target_seconds: int = HOUR
    before_months: int = 6
    after_months: int = 6
    look_back_days: int = 0
    outcomes: tuple[str, ...] = OUTCOMES
    segments: tuple[str, ...] = ()
    zone: str = "UTC"
    until: Month | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        if not 1 <= self.target_seconds <= MOST_SECONDS:
            raise DesignError(
                f"A target lies between 1 second and 14 days, not at {self.target_seconds:,} seconds: nobody can be "
                "answered in no time. Set `metrics.sla_seconds`."
                if self.target_seconds < 1
                else f"A target lies between 1 second and 14 days, not at {self.target_seconds:,} seconds. Set "
                "`metrics.sla_seconds`."
            )
        if not (1 <= self.before_months <= 36 and 1 <= self.after_months <= 36):
            raise DesignError(
                f"Windows are 1 to 36 months long; given were {self.before_months} before and {self.after_months} "
                "after."
            )
        if self.look_back_days < 0:
            raise DesignError(f"Nobody can be observed for {self.look_back_days} days. Set `index.look_back_days`.")
        if not 0.5 <= self.level <= 0.999:
            raise DesignError(f"The level of an interval lies between 0.5 and 0.999, not at {self.level}.")

    @property
    def within(self) -> str:
        """The target in words."""
        for unit, size in (("day", DAY), ("hour", HOUR), ("minute", 60)):
            if self.target_seconds % size == 0 and (unit != "day" or self.target_seconds > DAY):
                number = self.target_seconds // size
                return f"{number} {unit}" + ("" if number == 1 else "s")
        return f"{self.target_seconds:,} seconds" if self.target_seconds > 1 else "1 second"

    def rules(self) -> IndexRules:
        """Which months can be index months."""
        return IndexRules(
            before_months=self.before_months,
            after_months=self.after_months,
            look_back_days=self.look_back_days,
            zone=self.zone,
            until=self.until,
        )
