"""What did a close find, and what does it say to those who read the report? The result of closing a month.

How a close comes to its entries is left to `close`, how they are written to `store`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from analysis.foundation.calendar import Month, iso
from analysis.ledger.entry import CloseEntry, FigureEntry, Key, said

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Materiality:
    """From when on is a changed figure worth a notice?

    Parameters
    ----------
    share : float
        A change past this share of the figure readers were last told, 0.01 for 1 %.
    absolute : mapping of unit to float
        For a unit named here, a change past this amount instead: small counts move by large shares.

    Examples
    --------
    >>> Materiality().passed("mentions", 1000, 1010), Materiality().passed("mentions", 1000, 1011)
    (False, True)
    >>> Materiality(absolute={"mentions": 20}).passed("mentions", 4, 9)
    False
    """

    share: float = 0.01
    absolute: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, amount in {"share": self.share, **self.absolute}.items():
            if not (math.isfinite(amount) and amount >= 0):
                raise ValueError(f"Materiality, {name}: {amount} is no amount; give 0 or more.")

    def passed(self, unit: str, before: float | None, after: float | None, whole: float = 0) -> bool:
        """Whether the way from `before` to `after` is material; from nothing, as a share of `whole`."""
        change = abs((after or 0) - (before or 0))
        if unit in self.absolute:
            return change > self.absolute[unit]
        if (before is None or after is None) and not whole:
            return before is not after
        return change > self.share * (abs(before or 0) or whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A closed figure that readers were told and that has changed by more than is material, or cannot be confirmed.

    `before` is what they were last told, `after` what holds now; with `not_computed` what was told still holds, and
    `reason` says why it could not be counted again, and `earlier` in how many earlier months it could not either.
    """

    kind: Literal["adjusted", "restated", "not_computed"]
    key: Key
    unit: str
    before: float | None
    after: float | None
    reason: str | None = None
    earlier: int = 0

    @property
    def relative_change(self) -> float | None:
        """The change as a share of what was told; None from or to nothing."""
        if self.kind == "not_computed" or not self.before or self.after is None:
            return None
        return (self.after - self.before) / abs(self.before)

    def __str__(self) -> str:
        if self.kind == "not_computed":
            also = f" (nor of {self.earlier} earlier closed months)" if self.earlier else ""
            told = f"{self.key}, closed at {said(self.before)}"
            return f"{told}, could not be counted again{also}: {self.reason}. It stands."
        share = "" if self.relative_change is None else f" ({self.relative_change:+.1%})"
        why = f": {self.reason}" if self.kind == "restated" else " by what became known after its close"
        return f"{self.key}, reported at {said(self.before)}, is {self.kind} to {said(self.after)}{share}{why}."

    def to_dict(self) -> dict[str, Any]:
        """The notice as results write it."""
        return {
            "kind": self.kind,
            "metric": self.key.metric,
            "version": self.key.version,
            "basis": self.key.basis,
            "segment": dict(self.key.segment),
            "period": self.key.period,
            "unit": self.unit,
            "before": self.before,
            "after": self.after,
            "relative_change": self.relative_change,
            "reason": self.reason,
            "earlier": self.earlier,
            "said": str(self),
        }


class Waiting(NamedTuple):
    """Figures of a month that this close does not lock, and why."""

    metric: str
    month: Month
    reason: str
    figures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What a close of a month would write and say. Nothing is written until the ledger appends it.

    `entry` is None where there is nothing to write: the month was closed already, and nothing changed. `unseen` are
    closed months that were not counted again, so that late news of them is not booked yet.
    """

    month: Month
    known_at: datetime
    entry: CloseEntry | None
    figures: tuple[FigureEntry, ...] = ()
    notices: tuple[Notice, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    unseen: tuple[Month, ...] = ()

    @property
    def already(self) -> bool:
        """Whether there was nothing to do."""
        return self.entry is None

    def counts(self) -> dict[str, int]:
        """How many figures were locked, how many of them of earlier months, and so on."""
        kinds = Counter(entry.kind for entry in self.figures)
        earlier = sum(entry.kind == "lock" and entry.key.month < self.month for entry in self.figures)
        return {
            "locked": kinds["lock"],
            "of_earlier_months": earlier,
            "adjusted": kinds["adjust"],
            "restated": kinds["restate"],
            "redefined": kinds["redefine"],
            "waiting": sum(one.figures for one in self.waiting),
        }

    def __str__(self) -> str:
        if self.entry is None:
            return f"{self.month} is already closed, and nothing changed."
        counts = self.counts()
        locked = f"{counts['locked']:,} {'figure' if counts['locked'] == 1 else 'figures'} locked"
        if counts["of_earlier_months"]:
            locked += f", {counts['of_earlier_months']:,} of them of earlier months"
        parts = [] if self.entry.correction else [locked]
        parts += [f"{counts[name]:,} {name}" for name in ("adjusted", "restated", "redefined") if counts[name]]
        if counts["waiting"]:
            parts.append(f"{counts['waiting']:,} still waiting")
        done = f"{self.month} corrected" if self.entry.correction else f"{self.month} closed"
        return f"{done}: {'; '.join(parts) or 'no figure differs, and it is counted by other rules from now on'}."

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`: what was closed, and every figure that changed."""
        entry = self.entry
        return {
            "close": {
                "month": str(self.month),
                "known_at": iso(self.known_at),
                "number": None if entry is None else entry.number,
                "already": self.already,
                "correction": entry is not None and entry.correction,
                "opening": [] if entry is None else [str(month) for month in entry.opening],
                "reason": None if entry is None else entry.reason,
                "counts": self.counts(),
                "changes": [one.to_dict() for one in self.figures if one.kind in ("adjust", "restate")],
                "notices": [notice.to_dict() for notice in self.notices],
                "waiting": [
                    {"metric": one.metric, "period": str(one.month), "reason": one.reason, "figures": one.figures}
                    for one in self.waiting
                ],
                "not_compared": [str(month) for month in self.unseen],
                "said": str(self),
            }
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an entry, as the ledger has it."""
        import pandas as pd

        return pd.DataFrame([entry.to_dict() for entry in self.figures])
