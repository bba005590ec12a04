"""Which number is this, who says so, and how far can it be believed?

A `Quantity` is one input of the case with its unit, its spread, its source and its grade. The workbook shows it as a
named cell. How quantities are drawn together is left to `inputs`, what is made of them to `line`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.roi.formula import Input, name_of_an_input
from analysis.roi.spread import Floats, Normal, Spread
from analysis.studies.result import GRADE_WORDS, Grade

Origin = Literal["study", "measured", "stated", "derived"]
ORIGINS: tuple[Origin, ...] = ("study", "measured", "stated", "derived")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One input of the case.

    Parameters
    ----------
    name : str
        Snake_case, unique in the case; also the workbook's named cell.
    label : str
        The same in words, for pages.
    unit : str
        "EUR per contact", "share", "contacts per year".
    spread : Spread
        Where it may lie, in `unit`.
    origin : {"study", "measured", "stated", "derived"}
        A study's effect, counted on the tables, said by the parameters, or worked out from the others.
    source : str
        One line: study and effect, table and months, or what the parameters state.
    dated : str, optional
        ISO day of a stated source.
    grade : {"A", "B", "C", "D", "E"}, optional
        That of the study; "E" for a stated size of something caused; None for a plain fact such as a price or a count.
    effect : str, optional
        "before_after/channel_effect/margin/difference", where it comes from a study.
    low_limit, high_limit : float, optional
        Where a normal is cut, since nothing lies past it (a share: 0 and 1). A stated range must lie within.

    Raises
    ------
    ValueError
        If a name, label, unit, source or day is missing or cannot be one, if a study's effect is not named, or if the
        base or a stated range lies outside the limits.

    Examples
    --------
    >>> save_rate = Quantity(name="save_rate", label="Share of cancellations saved", unit="share",
    ...                      spread=Normal(0.9, 0.1), origin="stated", source="Care team", grade="E",
    ...                      low_limit=0, high_limit=1)
    >>> save_rate.drawn([0.5, 0.99]).tolist(), round(save_rate.mean, 3)
    ([0.9, 1.0], 0.892)
    """

    name: str
    label: str
    unit: str
    spread: Spread
    origin: Origin
    source: str
    dated: str | None = None
    grade: Grade | None = None
    effect: str | None = None
    low_limit: float | None = None
    high_limit: float | None = None

    def __post_init__(self) -> None:
        name_of_an_input(self.name)
        for what, text in (("label", self.label), ("unit", self.unit), ("source", self.source)):
            if not text.strip():
                raise ValueError(f"`{self.name}` has no {what}: every input of the case is shown with one.")
        if self.origin not in ORIGINS:
            raise ValueError(f"`{self.name}`: the origin is one of {', '.join(ORIGINS)}, not `{self.origin}`.")
        if self.grade is not None and self.grade not in GRADE_WORDS:
            raise ValueError(f"`{self.name}`: a grade is A to E, not `{self.grade}`.")
        if self.origin == "study" and (self.effect is None or self.grade is None):
            raise ValueError(f"`{self.name}` comes from a study, so its effect and its grade must be named.")
        if self.dated is not None:
            _day(self.name, self.dated)
        self._check_limits()

    def _check_limits(self) -> None:
        low, high = self.limits
        if not low < high:
            raise ValueError(f"`{self.name}`: its lower limit {low:g} does not lie below its upper limit {high:g}.")
        bounded = not isinstance(self.spread, Normal)
        first, last = self.spread.ends if bounded else (self.spread.base, self.spread.base)
        if not low <= first <= last <= high:
            found = f"{first:g}" if first == last else f"{first:g} to {last:g}"
            raise ValueError(f"`{self.name}` is {found} {self.unit}; it must lie {_within(low, high)}.")

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that it can have."""
        return (
            -math.inf if self.low_limit is None else float(self.low_limit),
            math.inf if self.high_limit is None else float(self.high_limit),
        )

    @property
    def input(self) -> Input:
        """The quantity as it stands in formulas."""
        return Input(self.name)

    @property
    def base(self) -> float:
        """Its value in the base case."""
        return float(self.spread.base)

    @property
    def mean(self) -> float:
        """The mean of what is drawn, the cut counted in."""
        low, high = self.limits
        if not isinstance(self.spread, Normal) or (low, high) == (-math.inf, math.inf):
            return float(self.spread.mean)
        return _mean_of_cut_normal(self.spread.mean, self.spread.sd, low, high)

    @property
    def risk_factor(self) -> float:
        """Mean as a share of the base, the cut counted in; 1 where they are the same."""
        if self.mean == self.base:
            return 1.0
        return self.mean / self.base if self.base != 0 else math.copysign(math.inf, self.mean)

    @property
    def design(self) -> str | None:
        """The study that it comes from: the first word of its effect."""
        return None if self.effect is None else self.effect.split("/", 1)[0]

    def drawn(self, uniforms: ArrayLike) -> Floats:
        """Draws of it from even draws, cut at its limits."""
        return self.cut(self.spread.drawn(uniforms))

    def cut(self, values: Floats) -> Floats:
        """The values, those past a limit brought back to it."""
        low, high = self.limits
        return values if (low, high) == (-math.inf, math.inf) else np.clip(values, low, high)

    def to_dict(self) -> dict[str, Any]:
        """The quantity as plain values, for `results.json`."""
        return {
            "name": self.name,
            "label": self.label,
            "unit": self.unit,
            "value": self.base,
            "mean": self.mean,
            "spread": self.spread.to_dict(),
            "origin": self.origin,
            "source": self.source,
            "dated": self.dated,
            "grade": self.grade,
            "effect": self.effect,
            "low_limit": self.low_limit,
            "high_limit": self.high_limit,
        }


def _mean_of_cut_normal(mean: float, sd: float, low: float, high: float) -> float:
    """What lies past a limit counts as the limit, as drawn."""
    from scipy.special import ndtr

    under, over = (low - mean) / sd, (high - mean) / sd
    inside = ndtr(over) - ndtr(under)
    value = mean * inside + sd * (_height(under) - _height(over))
    value += low * ndtr(under) if math.isfinite(low) else 0.0
    value += high * ndtr(-over) if math.isfinite(high) else 0.0
    return float(value)


def _height(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _within(low: float, high: float) -> str:
    if math.isinf(low):
        return f"at {high:g} or below"
    return f"at {low:g} or above" if math.isinf(high) else f"from {low:g} to {high:g}"


def _day(name: str, text: str) -> None:
    try:
        found = date.fromisoformat(text).isoformat() == text
    except ValueError:
        found = False
    if not found:
        raise ValueError(f"`{name}`: the day of its source must be written as 2026-03-31, not `{text}`.")
