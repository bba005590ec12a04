"""What do the parameters assume? A number, or a range with who says so and since when.

An assumption that may lie anywhere in a range carries its source and its date, since otherwise nobody could ask; a bare
number may stand without. How it is drawn is left to `spread`, which line uses it to the lines.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from analysis.roi.quantity import Quantity
from analysis.roi.spread import Fixed, Normal, Pert, Spread, Triangular
from analysis.studies.result import Grade

Shape = Literal["triangular", "pert"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One assumption of the parameters.

    Parameters
    ----------
    value : float
        The base value: the most likely one of a range, the middle of a bell.
    low, high : float, optional
        Ends of a range.
    shape : {"triangular", "pert"}
        Of a range.
    sd : float, optional
        Of a bell; not beside a range.
    source, dated : str, optional
        Who says so, and since when (an ISO day). Required with a range or a bell.

    Raises
    ------
    ValueError
        If the range is half given, does not hold its value, or stands without source or date.

    Examples
    --------
    >>> Stated.of(0.5).spread
    Fixed(value=0.5)
    >>> Stated(value=0.5, low=0.3, high=0.6, source="team lead, interview", dated="2026-09-01").spread
    Triangular(low=0.3, mode=0.5, high=0.6)
    """

    value: float
    low: float | None = None
    high: float | None = None
    shape: Shape = "triangular"
    sd: float | None = None
    source: str | None = None
    dated: str | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"An assumption is a finite number, not {self.value}.")
        if (self.low is None) != (self.high is None):
            raise ValueError("A range has both a `low` and a `high`.")
        if self.low is not None and self.sd is not None:
            raise ValueError("An assumption has a range (`low`, `high`) or an `sd`, not both.")
        if not self.certain and not (self.source and self.dated):
            raise ValueError("A range needs its `source` and the day it is `dated`, so that somebody can be asked.")
        if self.dated is not None and not _DAY.fullmatch(self.dated):
            raise ValueError(f"`dated` is a day such as 2026-09-30, not {self.dated!r}.")
        _ = self.spread

    @classmethod
    def of(cls, number: float) -> Stated:
        """A bare number."""
        return cls(value=number)

    @property
    def certain(self) -> bool:
        """Whether it is one number without a range."""
        return self.low is None and self.sd is None

    @property
    def spread(self) -> Spread:
        """How it is drawn."""
        if self.low is not None and self.high is not None:
            return (Pert if self.shape == "pert" else Triangular)(self.low, self.value, self.high)
        return Fixed(self.value) if self.sd is None else Normal(self.value, self.sd)

    @property
    def said(self) -> str:
        """Who says so, in one line."""
        return self.source or "parameters"

    def within(self, low: float, high: float, parameter: str) -> Stated:
        """The same assumption, if all it may be lies from `low` to `high`; a bell is judged by its middle.

        Raises
        ------
        ValueError
            If it does not, naming the parameter.
        """
        ends = [self.value, *(end for end in (self.low, self.high) if end is not None)]
        if not all(low <= end <= high for end in ends):
            limits = f"lies from {low:g} to {high:g}" if math.isfinite(high) else f"is {low:g} or more"
            raise ValueError(f"`{parameter}` {limits}, not {', '.join(f'{end:g}' for end in sorted(set(ends)))}.")
        return self

    def quantity(
        self,
        name: str,
        label: str,
        unit: str,
        *,
        grade: Grade | None = None,
        low: float | None = None,
        high: float | None = None,
        factor: float = 1.0,
        converted: str = "",
    ) -> Quantity:
        """The assumption as an input of the case.

        Parameters
        ----------
        name, label, unit : str
        grade : Grade, optional
            "E" where a causal size is assumed; none for plain facts, such as a price.
        low, high : float, optional
            Where draws are cut.
        factor : float
            What it is multiplied with on the way, such as a rate of exchange; `converted` says so.
        """
        return Quantity(
            name=name,
            label=label,
            unit=unit,
            spread=self.times(factor).spread,
            origin="stated",
            source=self.said + converted,
            dated=self.dated,
            grade=grade,
            low_limit=low,
            high_limit=high,
        )

    def times(self, factor: float) -> Stated:
        """The same assumption in another unit; `factor` is above zero."""
        if not factor > 0:
            raise ValueError(f"A factor is above zero, not {factor}.")

        def told(number: float | None) -> float | None:
            return None if number is None else factor * number

        return Stated(
            value=factor * self.value,
            low=told(self.low),
            high=told(self.high),
            shape=self.shape,
            sd=told(self.sd),
            source=self.source,
            dated=self.dated,
        )


NOTHING = Stated.of(0.0)
"""What is stated of something that costs nothing."""


def share(parameter: str, stated: Stated) -> Stated:
    """The assumption, if it is a share: from 0 to 1."""
    return stated.within(0, 1, parameter)


def amount(parameter: str, stated: Stated) -> Stated:
    """The assumption, if it is an amount: 0 or more."""
    return stated.within(0, math.inf, parameter)


def fact(name: str, label: str, unit: str, value: float, source: str) -> Quantity:
    """A number counted on the tables, as an input of the case."""
    return Quantity(name=name, label=label, unit=unit, spread=Fixed(value), origin="measured", source=source)
