"""What does a report show of a month's close: what it holds or would hold, and how its two bases hang together?

A month is closed, or over and not closed yet (then the close is a trial, and nothing of it is kept), or not over. How a
close is made is left to `close`, how it is kept to `store`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.ledger.chain import Close
from analysis.ledger.closing import Closing, Notice
from analysis.ledger.entry import FigureEntry
from analysis.ledger.held import definition_of
from analysis.ledger.reading import Reported, reported
from analysis.ledger.store import Ledger
from analysis.metrics.bases import Activity
from analysis.metrics.run_off import RunOff, run_off
from analysis.metrics.triangle import Bridge, Triangle, bridge

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

Standing = Literal["closed", "trial", "not_over"]


@dataclass(frozen=True, kw_only=True)
class MonthClose:
    """A month's close as a report shows it.

    Parameters
    ----------
    month : Month
    standing : {"closed", "trial", "not_over"}
    reason : str, optional
        Why there is no close to show, where the month is not over.
    ledger : Ledger
        The closed months.
    closing : Closing, optional
        What the close holds, or would hold.
    reported : tuple of Reported
        Counts into which the close booked late news of earlier months, with that news on lines of its own.
    bridges : tuple of Bridge
        From the report by posts to the report by actions, one for each kind of action.
    triangles : tuple of Triangle
    run_offs : tuple of RunOff
        What the posts of recent months are still expected to gather: estimates.
    notes : tuple of str
    """

    month: Month
    standing: Standing
    ledger: Ledger
    reason: str | None = None
    closing: Closing | None = None
    reported: tuple[Reported, ...] = ()
    bridges: tuple[Bridge, ...] = ()
    triangles: tuple[Triangle, ...] = ()
    run_offs: tuple[RunOff, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[FigureEntry, ...]:
        """Adjustments and restatements of months closed before."""
        figures = () if self.closing is None else self.closing.figures
        return tuple(one for one in figures if one.kind in ("adjust", "restate"))

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        held: dict[str, Any] = {} if self.closing is None else self.closing.to_parts()["close"]
        return {
            "close": {
                **held,
                "month": str(self.month),
                "standing": self.standing,
                "not_shown": self.reason,
                "closed_months": [str(month) for month in self.ledger.months],
                "head": self.ledger.head if self.ledger.closes else None,
                "reported": [
                    {
                        "metric": one.metric,
                        "version": one.version,
                        "segment": dict(one.segment),
                        "unit": one.unit,
                        "locked": one.locked,
                        "adjustments": [
                            {"period": str(news.period), "change": news.change} for news in one.adjustments
                        ],
                        "reported": one.total,
                    }
                    for one in self.reported
                ],
                "bridges": [
                    {
                        "kind": one.kind,
                        "post": one.post,
                        "lines": [{"line": line, "quantity": quantity} for line, quantity in one.lines],
                        "action": one.action,
                    }
                    for one in self.bridges
                ],
                "run_off": [
                    {
                        "kind": one.kind,
                        "month": str(row.month),
                        "actual": row.actual,
                        "expected": row.expected,
                        "low": row.low,
                        "high": None if np.isinf(row.high) else row.high,
                        "level": one.level,
                        "state": one.state,
                    }
                    for one in self.run_offs
                    for row in one.months
                    if not row.finished
                ],
            }
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a line of the close."""
        import pandas as pd

        return pd.DataFrame() if self.closing is None else self.closing.to_frame()

    def __repr__(self) -> str:
        return f"MonthClose({self.month}, {self.standing})"


def held_close(close: Close) -> Closing:
    """What a written close held, with the notices that its material entries give."""
    entry = close.entry
    return Closing(
        month=entry.month,
        known_at=entry.known_at,
        entry=entry,
        figures=close.figures,
        notices=tuple(_notice(one) for one in close.figures if one.material),
    )


def month_shown(
    ledger: Ledger,
    month: Month,
    *,
    closing: Closing | None = None,
    reason: str | None = None,
    activity: Activity | None = None,
    known_until: datetime | None = None,
    notes: Sequence[str] = (),
) -> MonthClose:
    """The close of a month as a report shows it.

    Parameters
    ----------
    ledger : Ledger
    month : Month
    closing : Closing, optional
        A trial, where the month is not in the ledger.
    reason : str, optional
        Why there is not even a trial.
    activity : Activity, optional
        What was done with posts up to the month; without it there is nothing of the two bases.
    known_until : datetime, optional
        Until when `activity` speaks (naive UTC).
    notes : sequence of str

    Raises
    ------
    ValueError
        If the month is not closed, and neither a trial nor a reason is given.
    """
    written = next((one for one in ledger.closes if one.entry.month == month and not one.entry.correction), None)
    said = list(notes)
    bridges, triangles, run_offs = _of_posts(activity, month, known_until, said)
    if written is None and closing is None and reason is None:
        raise ValueError(f"{month} is not closed: a trial or a reason is needed.")
    shown = held_close(written) if written is not None else closing
    return MonthClose(
        month=month,
        standing="closed" if written is not None else "trial" if closing is not None else "not_over",
        reason=None if shown is not None else reason,
        ledger=ledger,
        closing=shown,
        reported=() if written is None else _reported(ledger, written),
        bridges=bridges,
        triangles=triangles,
        run_offs=run_offs,
        notes=tuple(said),
    )


def _notice(entry: FigureEntry) -> Notice:
    return Notice(
        kind="restated" if entry.kind == "restate" else "adjusted",
        key=entry.key,
        unit=entry.unit,
        before=entry.before,
        after=entry.value,
        reason=entry.reason,
    )


def _reported(ledger: Ledger, close: Close) -> tuple[Reported, ...]:
    """Counts of actions that this close adjusted in earlier months, each with its month's own figure."""
    moved = {
        (one.key.metric, one.key.version, one.key.segment)
        for one in close.figures
        if one.kind == "adjust" and one.key.basis == "action"
    }
    rows = []
    for metric, version, segment in sorted(moved):
        entry = definition_of(metric)
        if entry is not None and entry.aggregates == "additive":
            rows.append(reported(ledger, close.entry.month, metric, segment=dict(segment), version=version))
    return tuple(rows)


def _of_posts(
    activity: Activity | None, month: Month, known_until: datetime | None, notes: list[str]
) -> tuple[tuple[Bridge, ...], tuple[Triangle, ...], tuple[RunOff, ...]]:
    """Bridge, triangle and run-off of every kind of action; what cannot be said goes to the notes."""
    if activity is None or month not in activity.local.months:
        return (), (), ()
    try:
        bridges = tuple(bridge(activity, month, kind) for kind in activity.kinds)
        triangles = tuple(Triangle.of(activity, kind) for kind in activity.kinds)
    except DesignError as error:
        notes.append(str(error))
        return (), (), ()
    run_offs = []
    for kind in activity.kinds:
        if known_until is None:
            break
        try:
            run_offs.append(run_off(activity, kind, known_until))
        except DesignError as error:
            notes.append(f"{kind}: {error}")
    return bridges, triangles, tuple(run_offs)
