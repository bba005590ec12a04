"""What is one figure, month by month? A series with the state of every month, as studies of the change log read it.

A month without a figure is a hole, never a zero. Where the values come from, closed months or the tables, is left to
whoever fills the series; how a change in it is judged, to `change_log`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
CLOSED = ("locked", "adjusted", "restated")
"""States of a figure that a close has written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlySeries:
    """One figure by month.

    Parameters
    ----------
    metric : str
        Its id in the catalogue, or the id of a series from elsewhere.
    unit : str
    months : tuple of Month
        Without gaps, in order.
    values : tuple of float or None
        One a month; None where there is no figure.
    states : tuple of str
        One a month: `locked`, `adjusted`, `restated`, `provisional` or `estimated`.
    segment : mapping of str to str
        Empty for all.
    label : str
        What readers call it; the metric's id where nothing else is given.

    Raises
    ------
    DesignError
        If lengths differ, months leave a gap, a value is not finite, or there is no value at all.

    Examples
    --------
    >>> months = tuple(Month.of("2026-01").plus(number) for number in range(3))
    >>> kept = MonthlySeries(metric="response_rate", unit="share", months=months, values=(0.8, None, 0.9),
    ...                      states=("locked", "locked", "provisional"))
    >>> kept.key, kept.holes, kept.provisional
    ('response_rate', 1, 1)
    """

    metric: str
    unit: str
    months: tuple[Month, ...]
    values: tuple[float | None, ...]
    states: tuple[str, ...]
    segment: Mapping[str, str] = field(default_factory=dict)
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "segment", MappingProxyType(dict(sorted(self.segment.items()))))
        object.__setattr__(self, "label", self.label or self.metric.replace("_", " "))
        if not len(self.months) == len(self.values) == len(self.states):
            raise DesignError(
                f"`{self.key}`: {len(self.months)} months, {len(self.values)} values and {len(self.states)} states do "
                "not belong together: give one of each a month."
            )
        for one, following in zip(self.months, self.months[1:], strict=False):
            if following != one.plus(1):
                raise DesignError(
                    f"`{self.key}`: {following} stands after {one}. Give every month in order, with None as the value "
                    "of a month that has none."
                )
        wrong = [
            month
            for month, value in zip(self.months, self.values, strict=True)
            if value is not None and not math.isfinite(value)
        ]
        if wrong:
            raise DesignError(
                f"`{self.key}`: {len(wrong)} of {len(self.months)} months (first: {wrong[0]}) hold no finite number. "
                "Give None where there is no figure."
            )
        if all(value is None for value in self.values):
            raise DesignError(f"`{self.key}` has no value in any month.")

    @property
    def key(self) -> str:
        """The name under which it is asked for: `metric`, or `metric[column=value]` of a segment."""
        return series_key(self.metric, self.segment)

    @property
    def observed(self) -> tuple[Month, ...]:
        """Months with a value."""
        return tuple(month for month, value in zip(self.months, self.values, strict=True) if value is not None)

    @property
    def holes(self) -> int:
        """Months without a value between the first and the last that have one."""
        known = self.observed
        return known[-1].number - known[0].number + 1 - len(known)

    @property
    def provisional(self) -> int:
        """Months whose value no close has written down."""
        return sum(
            value is not None and state not in CLOSED for value, state in zip(self.values, self.states, strict=True)
        )

    def over(self, first: Month, last: Month) -> Floats:
        """The values from one month to another, both included; not a number where there is none."""
        held = dict(zip(self.months, self.values, strict=True))
        found = [held.get(first.plus(step)) for step in range(last.number - first.number + 1)]
        return np.array([math.nan if value is None else value for value in found], dtype=np.float64)

    def closed_share(self, first: Month, last: Month) -> float:
        """Of the months in between that have a value, the share that a close has written down."""
        states = [
            state
            for month, value, state in zip(self.months, self.values, self.states, strict=True)
            if value is not None and not month < first and not last < month
        ]
        return sum(state in CLOSED for state in states) / len(states) if states else 0.0

    def to_frame(self) -> pd.DataFrame:
        """One row a month: `month`, `value`, `state`."""
        import pandas as pd

        months = [str(month) for month in self.months]
        return pd.DataFrame(
            {"month": months, "value": self.over(self.months[0], self.months[-1]), "state": self.states}
        )


def series_key(metric: str, segment: Mapping[str, str] | None = None) -> str:
    """The name of a series.

    Examples
    --------
    >>> series_key("mentions"), series_key("mentions_by_kind", {"kind": "complaint"})
    ('mentions', 'mentions_by_kind[kind=complaint]')
    """
    inside = ", ".join(f"{column}={value}" for column, value in sorted((segment or {}).items()))
    return f"{metric}[{inside}]" if inside else metric
