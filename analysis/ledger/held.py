"""What does the ledger hold of each figure, now or at any date?

Held is what was locked and what was booked since; the last entry holds. How reports show it is left to `reading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType

from analysis.foundation.errors import UnknownName
from analysis.ledger.entry import FigureEntry, Key
from analysis.ledger.store import Ledger
from analysis.metrics.catalogue import Definition, definition


@dataclass(frozen=True, slots=True)
class Held:
    """What the ledger holds of one figure: its entries in the order they were written."""

    key: Key
    history: tuple[FigureEntry, ...]

    @property
    def current(self) -> FigureEntry:
        """The entry that holds now."""
        return self.history[-1]

    @property
    def value(self) -> float | None:
        """The value that holds now."""
        return self.current.value

    @property
    def locked(self) -> float | None:
        """The value it was first closed with; None where the month was closed without this figure."""
        first = self.history[0]
        return first.value if first.kind in ("lock", "redefine") else None

    @property
    def changes(self) -> tuple[FigureEntry, ...]:
        """Adjustments and restatements since, in order."""
        return tuple(entry for entry in self.history if entry.kind in ("adjust", "restate"))

    @property
    def state(self) -> str:
        """`locked`, `adjusted` by late news or `restated`; what was once restated stays so."""
        kinds = {entry.kind for entry in self.history}
        return "restated" if "restate" in kinds else "adjusted" if "adjust" in kinds else "locked"

    @property
    def announced(self) -> float | None:
        """The value readers were last told of: locked, restated, or adjusted past what is material."""
        told = [entry for entry in self.history if entry.kind != "adjust" or entry.material]
        return told[-1].value if told else None


def state_of(ledger: Ledger, at: datetime | None = None) -> Mapping[Key, Held]:
    """What did the ledger hold of each figure at a date?

    Parameters
    ----------
    ledger : Ledger
    at : datetime, optional
        Naive UTC: closes known at it or before count; default all.

    Returns
    -------
    mapping of Key to Held
        All versions of a metric, each by itself.
    """
    found: dict[Key, list[FigureEntry]] = {}
    for close in ledger.closes:
        if at is not None and close.entry.known_at > at:
            break  # dates never run backwards
        for figure in close.figures:
            found.setdefault(figure.key, []).append(figure)
    return MappingProxyType({key: Held(key, tuple(history)) for key, history in found.items()})


@cache
def definition_of(metric: str) -> Definition | None:
    """The metric's definition; None for one that is held and that the catalogue no longer has."""
    try:
        return definition(metric)
    except UnknownName:
        return None


def adds_up(metric: str) -> bool:
    """Whether a metric is a count that adds up over its parts, so that a part without cases is zero."""
    entry = definition_of(metric)
    return entry is not None and entry.aggregates == "additive"
