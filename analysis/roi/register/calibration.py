"""How often did promised ranges hold what came? The record that says how far the next range can be believed.

Each closed period of each promise counts once, unless it was over when the promise was approved. Periods of one promise
are not independent, so the interval of the share is narrower than it should be, and says that it takes them for
independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LEVEL = 0.95
FEWEST = 10
"""Outcomes below which nothing is said of whether ranges are too narrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A promised range, and what came, in one unit; `level` is how often such a range is meant to hold it."""

    low: float
    high: float
    value: float
    level: float

    @property
    def held(self) -> bool:
        return self.low <= self.value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How many ranges held, of how many, with Wilson's interval; `meant` is how often they were meant to."""

    held: int
    of: int
    low: float | None
    high: float | None
    meant: float | None
    below: int
    above: int

    @property
    def share(self) -> float | None:
        return self.held / self.of if self.of else None

    @property
    def verdict(self) -> str:
        """What may be said of the ranges."""
        if self.meant is None or self.low is None or self.high is None:
            return "No promised period is closed yet."
        said = f"{self.held} of {self.of} promised ranges held what came; {self.meant:.0%} were meant to."
        if self.of < FEWEST:
            return f"{said} That is too few to judge them by."
        if self.high < self.meant:
            side = "Most misses were promises too high." if self.below > self.above else ""
            return f"{said} Ranges have been too narrow. {side}".rstrip()
        return f"{said} Ranges have been wider than they need be." if self.low > self.meant else said

    def to_dict(self) -> dict[str, Any]:
        """As results write it."""
        return {
            "held": self.held,
            "of": self.of,
            "share": self.share,
            "low": self.low,
            "high": self.high,
            "level": LEVEL,
            "meant": self.meant,
            "below": self.below,
            "above": self.above,
            "verdict": self.verdict,
        }


def calibration(outcomes: Sequence[Outcome]) -> Calibration:
    """How often did ranges hold what came?

    Parameters
    ----------
    outcomes : sequence of Outcome

    Returns
    -------
    Calibration
        Wilson's 95 % interval of the share (Wilson 1927, by scipy); without outcomes no interval.

    Examples
    --------
    >>> found = calibration([Outcome(low=0, high=10, value=value, level=0.9) for value in (1, 5, 9, 12)])
    >>> found.held, found.of, round(found.low, 4), round(found.high, 4)
    (3, 4, 0.3006, 0.9544)
    """
    if not outcomes:
        return Calibration(held=0, of=0, low=None, high=None, meant=None, below=0, above=0)
    from scipy.stats import binomtest

    held = sum(one.held for one in outcomes)
    interval = binomtest(held, len(outcomes)).proportion_ci(LEVEL, method="wilson")
    return Calibration(
        held=held,
        of=len(outcomes),
        low=float(interval.low),
        high=float(interval.high),
        meant=sum(one.level for one in outcomes) / len(outcomes),
        below=sum(one.value < one.low for one in outcomes),
        above=sum(one.value > one.high for one in outcomes),
    )
