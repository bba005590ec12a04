"""What is asked of the records before a test is run?

Which outcomes, in which arms, over which windows, with which unit of assignment, and which change would matter. What
the records answer is left to `baseline`, the figures to `sheet`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal

from analysis.foundation.calendar import zone
from analysis.foundation.errors import DesignError, UnknownName

OUTCOMES = ("orders", "revenue", "margin", "repurchased", "issues")
"""Outcomes whose records exist before a test does."""
Entry = Literal["list", "orders", "issues"]
ENTRIES = ("list", "orders", "issues")
LONGEST_DAYS = 1096


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningPlan:
    """A test that is being thought about.

    Parameters
    ----------
    outcomes : tuple of str
        Among `OUTCOMES`; the first that is no guardrail is the primary one.
    ratios : mapping of str to (numerator, denominator)
        Ratios of two of `OUTCOMES` by name: `{"order_value": ("revenue", "orders")}`.
    shares : mapping of arm to share
        How customers are to be divided; scaled to sum to 1.
    control : str
        The arm that the others are compared with.
    start : date, optional
        Records before this day are used; by default all there are.
    window_days, pre_days : int
        Events are counted for so many days after the assignment; the adjustment takes the same events of so many days
        before it.
    windows : tuple of int
        Other lengths of the window that are laid beside it, as far as the records reach.
    entry : {"list", "orders", "issues"}
        Who is assigned: all customers at once, from a list, or each at their first order or issue while customers are
        being taken in.
    entry_days : int
        For how long customers are taken in, where they are not assigned at once.
    active_days : int, optional
        Only customers with an order in so many days before they enter.
    customers : int, optional
        How many will take part; by default all that the records show.
    cluster : str, optional
        Column of `customers` whose groups are assigned whole (a shop, a household, a region).
    matters : mapping of str to float
        Outcome to the smallest change that matters, as a share of what it is today: 0.05 for 5 %, -0.05 for a fall.
    margins : mapping of str to float
        Outcome that must not get worse to how much worse it may get, as a share of what it is today.
    claims : int
        Claims that are tested as one family: the level of each interval is set as if the strictest step of Holm's
        correction applied to it.
    power, level : float
    looks : (int, int), optional
        Customers an arm at the first and at the last look, where always-valid intervals allow looking early. Sizes are
        those that suffice at the last look.
    zone : str
        Whose midnights the days begin at.

    Raises
    ------
    DesignError
        If a number is out of range, or an outcome or the control arm is not among those named.
    UnknownName
        If there is no such outcome, entry or time zone.

    Examples
    --------
    >>> plan = PlanningPlan(shares={"control": 2, "invited": 1, "called": 1}, claims=2)
    >>> plan.treated, plan.share("control"), plan.claim_level
    (('invited', 'called'), 0.5, 0.975)
    >>> PlanningPlan(matters={"orders": 5})
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: `matters: orders` is 5, a change by 500 %. Write 0.05 for 5 %.
    """

    outcomes: tuple[str, ...] = ("orders", "revenue", "repurchased")
    ratios: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=lambda: {"control": 0.5, "treated": 0.5})
    control: str = "control"
    start: date | None = None
    window_days: int = 90
    pre_days: int = 90
    windows: tuple[int, ...] = (30, 60, 90, 180)
    entry: Entry = "list"
    entry_days: int = 28
    active_days: int | None = None
    customers: int | None = None
    cluster: str | None = None
    matters: Mapping[str, float] = field(default_factory=dict)
    margins: Mapping[str, float] = field(default_factory=dict)
    claims: int = 1
    power: float = 0.8
    level: float = 0.95
    looks: tuple[int, int] | None = None
    zone: str = "UTC"

    def __post_init__(self) -> None:
        for name in ("ratios", "shares", "matters", "margins"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        zone(self.zone)
        self._check_names()
        self._check_numbers()

    def _check_names(self) -> None:
        if self.entry not in ENTRIES:
            raise UnknownName.of("entry", self.entry, ENTRIES)
        for name in (*self.outcomes, *(part for pair in self.ratios.values() for part in pair)):
            if name not in OUTCOMES:
                raise UnknownName.of("outcome that can be planned from records", name, OUTCOMES)
        for name, (numerator, denominator) in self.ratios.items():
            if name in OUTCOMES or numerator == denominator:
                raise DesignError(f"`ratios: {name}` needs a name of its own and two different outcomes.")
        if not self.outcomes and not self.ratios:
            raise DesignError("Name an outcome to plan for.")
        for kind, given in (("matters", self.matters), ("margins", self.margins)):
            for name in given:
                if name not in self.names:
                    raise UnknownName.of(f"outcome in `{kind}`", name, self.names)
        if len(self.shares) < 2 or self.control not in self.shares:
            raise DesignError(
                f"A test needs two arms, `{self.control}` among them; given were {', '.join(self.shares) or 'none'}."
            )

    def _check_numbers(self) -> None:
        days = {"window_days": self.window_days, "pre_days": self.pre_days, "entry_days": self.entry_days}
        days |= {"active_days": self.active_days} if self.active_days is not None else {}
        days |= {f"windows: {number}": number for number in self.windows}
        for name, number in days.items():
            if not 1 <= number <= LONGEST_DAYS:
                raise DesignError(f"`{name}` lies between 1 and {LONGEST_DAYS:,} days, not at {number:,}.")
        if not all(0 < share < math.inf for share in self.shares.values()):
            raise DesignError("Every arm needs a share above zero.")
        for name, change in self.matters.items():
            if not -1 <= change <= 1 or change == 0:
                raise DesignError(
                    f"`matters: {name}` is {change}, a change by {change * 100:g} %. Write 0.05 for 5 %."
                    if change
                    else f"`matters: {name}` is 0: no test is large enough for that."
                )
        for name, margin in self.margins.items():
            if not 0 < margin <= 1:
                raise DesignError(
                    f"`margins: {name}` is {margin}: a margin lies above 0 and up to 1. Write 0.05 for 5 %."
                )
        if self.customers is not None and self.customers < 4:
            raise DesignError(f"A test with {self.customers} customers is none.")
        if self.claims < 1:
            raise DesignError(f"A test makes one claim at least, not {self.claims}.")
        if not 0.5 <= self.level <= 0.999:
            raise DesignError(f"The level of an interval lies between 0.5 and 0.999, not at {self.level}.")
        if not 0.5 <= self.power < 1:
            raise DesignError(f"A power lies between 0.5 and 1, not at {self.power}.")
        if self.looks is not None and not 1 < self.looks[0] < self.looks[1]:
            raise DesignError(f"The first look comes before the last; given were {self.looks[0]} and {self.looks[1]}.")
        if self.looks is not None and self.cluster is not None:
            raise DesignError("Always-valid intervals are made for customers assigned one by one, not for clusters.")

    @property
    def names(self) -> tuple[str, ...]:
        """Every outcome that gets a row, the primary one first."""
        return (*dict.fromkeys(self.outcomes), *self.ratios)

    @property
    def primary(self) -> str | None:
        """The first outcome that is no guardrail."""
        return next((name for name in self.names if name not in self.margins), None)

    @property
    def needed(self) -> tuple[str, ...]:
        """Outcomes to be counted, those behind ratios among them."""
        return tuple(dict.fromkeys((*self.outcomes, *(part for pair in self.ratios.values() for part in pair))))

    def counted(self, name: str) -> str:
        """The outcome that a row counts: itself, or the numerator of a ratio."""
        return self.ratios[name][0] if name in self.ratios else name

    @property
    def treated(self) -> tuple[str, ...]:
        return tuple(arm for arm in self.shares if arm != self.control)

    def share(self, arm: str) -> float:
        """The share of all customers that goes to an arm."""
        return self.shares[arm] / math.fsum(self.shares.values())

    @property
    def claim_level(self) -> float:
        """The level of each interval, given how many claims are tested together."""
        return 1 - (1 - self.level) / self.claims
