"""Where may an input of the case lie? A fixed value, a range with a most likely value, or a bell with its error.

A spread knows its base (the value of the base case), its mean, and how to turn even draws between 0 and 1 into draws of
itself. Which input it belongs to, and who says so, is left to `quantity`; drawing several together to `inputs`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_TINY = 1e-60


class Spread(ABC):
    """The range of one input: `Fixed`, `Triangular`, `Pert` or `Normal`."""

    __slots__ = ()

    if TYPE_CHECKING:  # where one of them is a field, an inherited property would be taken for its default

        @property
        def base(self) -> float:
            """The value in the base case: fixed value, most likely value, or mean."""

        @property
        def mean(self) -> float:
            """The mean over the range."""

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest value that can be drawn."""
        return -math.inf, math.inf

    @property
    def certain(self) -> bool:
        """Whether only one value can be drawn."""
        return False

    @property
    def risk_factor(self) -> float:
        """Mean as a share of the base: what is left of a benefit once its range is taken seriously.

        Infinite where the base is zero and the mean is not.
        """
        if self.mean == self.base:
            return 1.0
        return self.mean / self.base if self.base != 0 else math.copysign(math.inf, self.mean)

    def drawn(self, uniforms: ArrayLike) -> Floats:
        """Draws of this spread from even draws: its inverse distribution function.

        Parameters
        ----------
        uniforms : array of float, any shape
            From 0 to 1. At 0 and 1 a `Normal` is infinite.

        Raises
        ------
        ValueError
            If a value lies outside 0 to 1.
        """
        shares = np.asarray(uniforms, dtype=np.float64)
        if shares.size and not (shares.min() >= 0 and shares.max() <= 1):
            raise ValueError("Even draws lie from 0 to 1.")
        return self._at(shares)

    @abstractmethod
    def _at(self, shares: Floats) -> Floats:
        """The quantiles at these shares."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Its shape and numbers as plain values."""


@dataclass(frozen=True, slots=True)
class Fixed(Spread):
    """One value, taken as known.

    Examples
    --------
    >>> Fixed(12.0).drawn([0.1, 0.9]).tolist()
    [12.0, 12.0]
    """

    value: float

    def __post_init__(self) -> None:
        _finite(self, value=self.value)

    @property
    def base(self) -> float:
        return self.value

    @property
    def mean(self) -> float:
        return self.value

    @property
    def ends(self) -> tuple[float, float]:
        return self.value, self.value

    @property
    def certain(self) -> bool:
        return True

    def _at(self, shares: Floats) -> Floats:
        return np.full(shares.shape, self.value)

    def to_dict(self) -> dict[str, Any]:
        return {"shape": "fixed", "value": self.value}


@dataclass(frozen=True, slots=True)
class _Ranged(Spread):
    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        _finite(self, low=self.low, mode=self.mode, high=self.high)
        if not (self.low <= self.mode <= self.high and self.low < self.high):
            raise ValueError(
                f"{_named(self)}: the most likely value {self.mode:g} must lie from low {self.low:g} to high "
                f"{self.high:g}, and low below high. A value without a range is a plain number."
            )

    @property
    def base(self) -> float:
        return self.mode

    @property
    def ends(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Triangular(_Ranged):
    """A lowest, a most likely and a highest value, with straight lines between them.

    Examples
    --------
    >>> published = Triangular(60, 100, 110)
    >>> published.mean, published.risk_factor
    (90.0, 0.9)
    """

    @property
    def mean(self) -> float:
        return (self.low + self.mode + self.high) / 3

    def _at(self, shares: Floats) -> Floats:
        """Either leg is worked out from its own end, so that nothing is lost to rounding near low and high."""
        width, rise, fall = self.high - self.low, self.mode - self.low, self.high - self.mode
        up = self.low + np.sqrt(shares * width * rise)
        down = self.high - np.sqrt((1 - shares) * width * fall)
        return np.clip(np.where(shares * width <= rise, up, down), self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        return {"shape": "triangular", "low": self.low, "mode": self.mode, "high": self.high}


@dataclass(frozen=True, slots=True)
class Pert(_Ranged):
    """A lowest, a most likely and a highest value as a smooth hill: a beta distribution of shape 4.

    Source
    ------
    Malcolm, Roseboom, Clark and Fazar (1959), Operations Research 7(5): mean = (low + 4 mode + high) / 6.

    Examples
    --------
    >>> Pert(60, 100, 110).mean
    95.0
    >>> round(float(Pert(0, 5, 10).drawn(0.5)), 9)
    5.0
    """

    @property
    def mean(self) -> float:
        return (self.low + 4 * self.mode + self.high) / 6

    def _at(self, shares: Floats) -> Floats:
        from scipy import special

        width = self.high - self.low
        rise, fall = 1 + 4 * (self.mode - self.low) / width, 1 + 4 * (self.high - self.mode) / width
        known = np.where(shares < _TINY, 0.0, shares)  # scipy finds no root below, and low is what it would be
        hill: Floats = self.low + width * special.betaincinv(rise, fall, known)
        return np.clip(hill, self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        return {"shape": "pert", "low": self.low, "mode": self.mode, "high": self.high}


@dataclass(frozen=True, slots=True)
class Normal(Spread):
    """An estimate and its standard error.

    Examples
    --------
    >>> Normal(10, 2).drawn(0.5).item(), round(Normal(10, 2).drawn(0.975).item(), 2)
    (10.0, 13.92)
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        _finite(self, mean=self.mean, sd=self.sd)
        if not self.sd > 0:
            raise ValueError(f"{_named(self)}: sd must be above zero. A value without error is a plain number.")

    @property
    def base(self) -> float:
        return self.mean

    def _at(self, shares: Floats) -> Floats:
        from scipy import special

        return np.asarray(self.mean + self.sd * special.ndtri(shares), dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        return {"shape": "normal", "mean": self.mean, "sd": self.sd}


def _named(spread: Spread) -> str:
    return type(spread).__name__


def _finite(spread: Spread, **numbers: float) -> None:
    """Numbers that can be counted with."""
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise ValueError(f"{_named(spread)}: {name} must be a finite number, not {number}.")
