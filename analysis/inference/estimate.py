"""What is one number worth without its interval, its unit and the rows behind it? Nothing; so it cannot be built.

`Estimate` holds a number with its uncertainty, `Bounds` a set that need not hold the estimate (sensitivity
analyses), `RowsUsed` the account of the rows. How they are computed is left to the other modules of this floor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Scale = Literal["ratio", "difference"]
NO_EFFECT: Mapping[Scale, float] = MappingProxyType({"ratio": 1.0, "difference": 0.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One number with its uncertainty, its unit and the rows behind it.

    Parameters
    ----------
    name : str
        What was estimated.
    value, low, high : float
        The number and its two-sided interval, in `unit`; an infinite end says that the interval is unbounded.
    level : float
        Coverage of the interval, 0.95 for 95 %.
    se : float
        Standard error in `unit`.
    se_log : float, optional
        Standard error of the logarithm, for a ratio whose interval was made on that scale.
    scale : {"ratio", "difference"}
        1 means no effect on the first, 0 on the second.
    unit : str
        "ratio", "orders per customer", "EUR per customer", ...
    n_treated, n_comparison : int
        Customers behind it, a customer once.
    method : str
        How it was estimated, in the field's words.

    Raises
    ------
    ValueError
        If the interval leaves out its own estimate, anything is not a number, or a count is negative.

    Examples
    --------
    >>> print(Estimate(name="orders", value=1.1, low=1.0, high=1.2, level=0.95, se=0.05, scale="ratio", unit="ratio",
    ...                n_treated=900, n_comparison=2500, method="issue-anchored ratio DiD"))
    orders: 1.1 (95 % interval 1 to 1.2), unit: ratio; 900 against 2,500 customers; issue-anchored ratio DiD
    """

    name: str
    value: float
    low: float
    high: float
    level: float
    se: float
    scale: Scale
    unit: str
    n_treated: int
    n_comparison: int
    method: str
    se_log: float | None = None

    def __post_init__(self) -> None:
        numbers = {"value": self.value, "low": self.low, "high": self.high, "level": self.level, "se": self.se}
        for label, number in numbers.items():
            if math.isnan(number):
                raise ValueError(f"{self.name}: `{label}` is not a number.")
        if not math.isfinite(self.value):
            raise ValueError(f"{self.name}: an estimate must be finite, not {self.value}.")
        if not self.low <= self.value <= self.high:
            raise ValueError(
                f"{self.name}: the interval [{self.low:.4g}, {self.high:.4g}] does not contain its own estimate "
                f"{self.value:.4g}."
            )
        if not 0 < self.level < 1:
            raise ValueError(f"{self.name}: a level lies between 0 and 1, not {self.level}.")
        if self.se < 0 or (self.se_log is not None and not self.se_log >= 0):
            raise ValueError(f"{self.name}: a standard error cannot be negative.")
        if self.scale not in NO_EFFECT:
            raise ValueError(f"{self.name}: the scale is `ratio` or `difference`, not `{self.scale}`.")
        if self.n_treated < 0 or self.n_comparison < 0:
            raise ValueError(f"{self.name}: a number of customers cannot be negative.")

    @property
    def bounded(self) -> bool:
        """Whether both ends of the interval are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def no_effect(self) -> float:
        """The value that means "no effect" on this scale."""
        return NO_EFFECT[self.scale]

    @property
    def excludes_no_effect(self) -> bool:
        """Whether the interval leaves out "no effect"."""
        return not self.low <= self.no_effect <= self.high

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.value:.4g} ({self.level:.0%} interval {self.low:.4g} to {self.high:.4g})".replace(
                "%", " %"
            )
            + f", unit: {self.unit}; {self.n_treated:,} against {self.n_comparison:,} customers; {self.method}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A set of values that sensitivity analysis cannot rule out. It need not hold the point estimate.

    Examples
    --------
    >>> Bounds(name="orders", low=0.97, high=1.16, unit="ratio", assumes="drift at most twice the largest lead").low
    0.97
    """

    name: str
    low: float
    high: float
    unit: str
    assumes: str

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"{self.name}: lower bound {self.low:.4g} lies above the upper one {self.high:.4g}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsUsed:
    """Rows read, rows kept, rows set aside by named reason. The three add up, or it cannot be built.

    Examples
    --------
    >>> RowsUsed(read=1000, kept=990, set_aside={"cancelled": 10}).to_dict()
    {'read': 1000, 'kept': 990, 'set_aside': {'cancelled': 10}}
    >>> RowsUsed(read=1000, kept=991, set_aside={"cancelled": 10})
    Traceback (most recent call last):
        ...
    ValueError: 1,000 rows read, but 991 kept and 10 set aside make 1,001.
    """

    read: int
    kept: int
    set_aside: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        aside = sum(self.set_aside.values())
        if min([self.read, self.kept, *self.set_aside.values()]) < 0:
            raise ValueError("A number of rows cannot be negative.")
        if self.kept + aside != self.read:
            raise ValueError(
                f"{self.read:,} rows read, but {self.kept:,} kept and {aside:,} set aside make {self.kept + aside:,}."
            )
        object.__setattr__(self, "set_aside", MappingProxyType(dict(sorted(self.set_aside.items()))))

    def to_dict(self) -> dict[str, object]:
        """The account as plain values, reasons in alphabetical order."""
        return {"read": self.read, "kept": self.kept, "set_aside": dict(self.set_aside)}
