"""How does one figure stand against its target, and what does it add to the index? The parts of a scorecard.

Which metrics are on it and where their values come from is left to `scorecard`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from analysis.foundation.calendar import Calendar, Month


class Change(NamedTuple):
    """An entry of the change log: from which day, of which kind, what changed."""

    on: date
    kind: str
    description: str


class Point(NamedTuple):
    """A month of a trend."""

    period: str
    value: float | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One metric on the scorecard.

    `period` is the month that is shown: the month asked for, or the latest before it whose window has passed. A metric
    counted on both bases has a score for each; target and weight stand with one, the month of the post for a ratio
    (there it cannot pass its whole), the month of the action for a count. `calendar` is the one of its months, where
    they are not civil ones.
    """

    area: str
    metric: str
    version: int
    label: str
    basis: str
    unit: str
    direction: str
    period: str
    value: float | None
    state: str
    reason: str | None
    note: str | None
    target: float | None
    target_source: str | None
    weight: float | None
    trend: tuple[Point, ...]
    marks: tuple[Change, ...]
    calendar: Calendar | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a value, a target or a better direction."""
        if self.value is None or self.target is None or self.direction == "neither":
            return None
        return self.value >= self.target if self.direction == "higher" else self.value <= self.target

    @property
    def attainment(self) -> float | None:
        """How much of the target is attained, 0 to 1; None where `met` is.

        `value / target` where higher is better, `target / value` where lower is, and 1 from the target on. Below a
        target of zero or less there is no such share: it is attained or it is not. A negative value attains nothing.
        """
        if self.met is None or self.value is None or self.target is None:
            return None
        if self.met or self.target <= 0:
            return float(self.met)
        return max(self.value / self.target, 0.0) if self.direction == "higher" else self.target / self.value

    @property
    def previous(self) -> Point | None:
        """The month before, if it is known."""
        return self._back(1)

    @property
    def year_ago(self) -> Point | None:
        """The same month a year ago, if it is known."""
        return self._back(Month.of(self.period, self.calendar).per_year)

    def _back(self, months: int) -> Point | None:
        wanted = Month.of(self.period, self.calendar).plus(-months)
        known = (point for point in self.trend if point.value is not None)
        return next((point for point in known if wanted.named(point.period) == wanted), None)

    def to_dict(self) -> dict[str, Any]:
        """The score as results write it."""
        return {
            "kind": "metric",
            "area": self.area,
            "metric": self.metric,
            "version": self.version,
            "label": self.label,
            "basis": self.basis,
            "unit": self.unit,
            "direction": self.direction,
            "period": self.period,
            "value": self.value,
            "state": self.state,
            "reason": self.reason,
            "note": self.note,
            "target": self.target,
            "target_source": self.target_source,
            "met": self.met,
            "attainment": self.attainment,
            "weight": self.weight,
            "previous": None if self.previous is None else self.previous._asdict(),
            "year_ago": None if self.year_ago is None else self.year_ago._asdict(),
            "trend": [point._asdict() for point in self.trend],
            "marks": [
                {"on": change.on.isoformat(), "kind": change.kind, "description": change.description}
                for change in self.marks
            ],
        }


class Part(NamedTuple):
    """What one metric adds to the index: `share` of all weights that count, times how much of its target it attains."""

    metric: str
    label: str
    weight: float
    share: float
    attainment: float
    points: float


class LeftOut(NamedTuple):
    """A metric with a weight that the index cannot count."""

    metric: str
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Index:
    """The team's own index, 0 to 1, as the sum of its parts."""

    parts: tuple[Part, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def value(self) -> float | None:
        """The sum of the parts' points; None where no part counts."""
        return math.fsum(part.points for part in self.parts) if self.parts else None

    def __str__(self) -> str:
        if not self.parts:
            text = "No index: none of the weighted figures has a value."
        else:
            sums = " + ".join(f"{part.share:.3g} × {part.attainment:.3g} ({part.label})" for part in self.parts)
            text = f"Index {self.value:.3g} of 1 = {sums}."
        for one in self.left_out:
            text += f" Left out: `{one.metric}`, weight {one.weight:g}: {one.reason}."
        return text

    def to_dict(self) -> dict[str, Any]:
        """The index as results write it, with its parts."""
        return {
            "kind": "index",
            "value": self.value,
            "parts": [part._asdict() for part in self.parts],
            "left_out": [one._asdict() for one in self.left_out],
            "said": str(self),
        }
