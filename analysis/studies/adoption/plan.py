"""What is decided about a study of adoption before the data are looked at?"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.studies.sample import IndexRules

OUTCOMES = ("orders", "revenue", "margin", "issues")
"""What this study can follow."""
FIRST_CONTACTS = "social"
"""What is called treated where no roll-out is studied."""
DIP = 1
"""Months before a first contact that belong to its problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionPlan:
    """What was decided before the data were looked at.

    Parameters
    ----------
    before_months, after_months : int
        Windows around the month of adoption, which is in neither.
    outcomes : tuple of str
        Among orders, revenue, margin and issues.
    zone : str
    until : Month, optional
        Last month of the study.
    roll_out : str, optional
        `experiment_id` of a roll-out in `assignments`: its waves are then the cohorts. First contacts without it.
    strata : tuple of str
        Fixed columns of `customers` in which adopters and the others must be alike.
    level : float
    robust : bool
        Whether sets are made that allow for a drift between the groups.
    """

    before_months: int = 6
    after_months: int = 6
    outcomes: tuple[str, ...] = OUTCOMES
    zone: str = "UTC"
    until: Month | None = None
    roll_out: str | None = None
    strata: tuple[str, ...] = ()
    level: float = 0.95
    robust: bool = True

    def __post_init__(self) -> None:
        if not 1 - self.reference <= self.before_months <= 36 or not 1 <= self.after_months <= 36:
            raise DesignError(
                f"Changes are measured from {-self.reference} months before adoption, and what came before is tested: "
                f"windows are {1 - self.reference} to 36 months before and 1 to 36 after; given were "
                f"{self.before_months} and {self.after_months}. Set a longer `before_months`."
            )
        if self.roll_out == FIRST_CONTACTS:
            raise DesignError(
                f"A roll-out named `{FIRST_CONTACTS}` could not be told from first contacts in what is reported: give "
                "it another `experiment_id`."
            )
        if not 0.5 <= self.level <= 0.999:
            raise DesignError(f"The level of an interval lies between 0.5 and 0.999, not at {self.level}.")
        if not self.outcomes or (unknown := [name for name in self.outcomes if name not in OUTCOMES]):
            given = ", ".join(self.outcomes and unknown) or "none"
            raise DesignError(f"A study of adoption follows {', '.join(OUTCOMES)}; asked for were {given}.")

    @property
    def reference(self) -> int:
        """The month that changes are measured from: the last one before the dip; an invitation by plan has no dip."""
        return -1 if self.roll_out is not None else -1 - DIP

    def rules(self) -> IndexRules:
        """Windows, zone and last month."""
        return IndexRules(
            before_months=self.before_months, after_months=self.after_months, zone=self.zone, until=self.until
        )
