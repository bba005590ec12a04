"""How many actions will the posts of a month have gathered in the end? What they have, and what is expected to come.

A recent month's posts have not finished growing, so their report by posts is too low to be compared with older ones.
Older months show how posts grow with age (chain ladder). The answer is an estimate and marked as one: it never stands
where a count stands, and nothing is added beyond the oldest age seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.calendar import Month, local_midnight
from analysis.foundation.errors import DesignError
from analysis.inference.chain_ladder import MIN_ROWS, chain_ladder
from analysis.metrics.bases import Activity
from analysis.metrics.triangle import Triangle

if TYPE_CHECKING:
    import pandas as pd

STATE = "estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthsRunOff:
    """One month of posts: `actual` actions so far, `expected` to come, and the interval of what is to come.

    `high` is infinite where too few older months tell the spread. `finished` months have reached the oldest age seen.
    """

    month: Month
    actual: int
    expected: float
    low: float
    high: float
    finished: bool

    def __post_init__(self) -> None:
        if not self.low <= self.expected <= self.high:
            raise ValueError(f"{self.month}: the interval of the run-off does not hold its estimate.")

    @property
    def final(self) -> float:
        """Actual and expected together."""
        return self.actual + self.expected

    def __str__(self) -> str:
        if self.finished:
            return f"posts of {self.month}: {self.actual:,}"
        ends = f"{self.low:,.0f} or more" if np.isinf(self.high) else f"{self.low:,.0f} to {self.high:,.0f}"
        return f"posts of {self.month}: {self.actual:,} and an estimated {self.expected:,.0f} ({ends}) to come"


@dataclass(frozen=True, kw_only=True)
class RunOff:
    """The run-off of a kind, month by month of posts; `level` is that of the intervals."""

    kind: str
    months: tuple[MonthsRunOff, ...]
    level: float
    total_expected: float
    total_se: float
    state: str = STATE

    def to_frame(self) -> pd.DataFrame:
        """One row a month of posts: `month, kind, actual, expected, low, high, final, finished, state`."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"month": str(row.month), "kind": self.kind, "actual": row.actual, "expected": row.expected,
                 "low": row.low, "high": row.high, "final": row.final, "finished": row.finished, "state": self.state}
                for row in self.months
            ]
        )  # fmt: skip


def run_off(activity: Activity, kind: str, known_until: datetime, level: float = 0.95) -> RunOff:
    """How many actions will each month's posts have gathered in the end?

    Parameters
    ----------
    activity : Activity
        On both bases, without a horizon. All its months that are over make the triangle.
    kind : str
    known_until : datetime
        Until when the tables speak (naive UTC): a month that was not over then is left out.
    level : float
        Of the intervals.

    Returns
    -------
    RunOff
        In actions. Posts of months before, unknown posts and shared links are not in it.

    Raises
    ------
    DesignError
        If fewer than four months are over, a month of posts stands at zero or less at some age, posts lose more than
        they gain from some age on, or the source does not tell both bases.

    Assumes
    -------
    Posts of all months grow alike with their age, and months do not share what moves them (an old post that is found
    again by everyone in one month breaks this).

    Source
    ------
    `analysis.inference.chain_ladder`.
    """
    local = activity.local
    over = tuple(month for month in local.months if local_midnight(month.plus(1).first_day, local.zone) <= known_until)
    triangle = Triangle.of(activity, kind)
    n = len(over)
    if n < MIN_ROWS:
        raise DesignError(
            f"How posts grow with age cannot be told from {n} months that are over: {MIN_ROWS} or more are needed."
        )
    if early := sorted({str(post) for (post, age), value in triangle.aged.items() if age < 0 and value}):
        raise DesignError(f"Actions are dated before their posts of {', '.join(early)}: the ages cannot be trusted.")
    cumulative = np.cumsum(triangle.increments()[:n, :n], axis=1)
    cumulative[~np.flipud(np.tri(n, dtype=bool))] = np.nan
    try:
        found = chain_ladder(cumulative)
    except DesignError as error:
        raise DesignError(f"The run-off of `{kind}` cannot be told. {error}") from error
    rows = []
    for place, month in enumerate(over):
        low, high = found.interval(place, level)
        rows.append(
            MonthsRunOff(
                month=month, actual=int(found.latest[place]), expected=float(found.expected[place]), low=low, high=high,
                finished=place == 0,
            )
        )  # fmt: skip
    return RunOff(kind=kind, months=tuple(rows), level=level, total_expected=found.total, total_se=found.total_se)
