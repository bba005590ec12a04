"""Which regions or products stand beside the one that was changed, and in which months?

Only parts that no change of their own touched in these months, and months that all of them have: those of an incident
of one part, and the month that the change touched in part, are left out. What the comparison finds is left to
`regions`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.change_log.entries import Bundle, Entry, one_line
from analysis.studies.change_log.gates import HOLES_ALLOWED
from analysis.studies.change_log.reach import months_of_incident, segments_named, touches
from analysis.studies.change_log.series import Floats, MonthlySeries
from analysis.studies.change_log.window import FEWEST_AFTER, FEWEST_BEFORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The figure by part and month, the changed part first; months that one of them lacks are left out."""

    values: tuple[str, ...]
    months: tuple[Month, ...]
    table: Floats
    start: int
    holes: int

    @property
    def treated(self) -> NDArray[np.bool_]:
        return np.array([place == 0 for place in range(len(self.values))])


def panel_of(
    parts: Mapping[str, MonthlySeries],
    bundle: Bundle,
    entries: Sequence[Entry],
    first: Month,
    last: Month,
    known: Mapping[str, Collection[str]],
    value: str,
) -> Panel:
    """The parts that were not changed in these months beside the one that was; months all of them have.

    Raises
    ------
    TooSoon
        If there are too few months after, but months to come would help.
    DesignError
        If there are too few before.
    """
    column = bundle.segment[0][0]
    if last < bundle.start:
        ready = bundle.start.plus(FEWEST_AFTER - 1)
        raise TooSoon(
            f"It took effect in {bundle.month} and no whole month after it is known: wait until {ready} is over."
        )
    months = [first.plus(step) for step in range(last.number - first.number + 1)]
    changed = {
        part
        for part in parts
        for one in entries
        if part != value
        and one.kind != "incident"
        and segments_named(one.scope, known)
        and touches(one, {column: part}, known)
        and not one.month < first
        and not last < one.month
    }
    kept = [value, *(part for part in sorted(parts) if part != value and part not in changed)]
    table = np.array([parts[part].over(first, last) for part in kept])
    full = np.isnan(table).mean(axis=1) <= HOLES_ALLOWED
    full[0] = True
    kept, table = [part for part, keep in zip(kept, full, strict=True) if keep], table[full]
    gone = {
        month
        for one in entries
        if one.kind == "incident" and any(touches(one, {column: part}, known) for part in kept)
        for month in months_of_incident(one)
        if segments_named(one.scope, known)
    }
    if bundle.start != bundle.month:
        gone.add(bundle.month)
    usable = np.array([month not in gone for month in months]) & ~np.isnan(table).any(axis=0)
    held = tuple(month for month, use in zip(months, usable, strict=True) if use)
    start = sum(month < bundle.start for month in held)
    if start < FEWEST_BEFORE:
        raise DesignError(
            f"{start} months before the change are known of all {len(kept)} values of `{one_line(column)}`; at least "
            f"{FEWEST_BEFORE} are needed. Earlier months would have to be counted."
        )
    if len(held) - start < FEWEST_AFTER:
        ready = last.plus(FEWEST_AFTER - (len(held) - start))
        raise TooSoon(
            f"{len(held) - start} months after the change are known of all {len(kept)} values of `{one_line(column)}`; "
            f"at least {FEWEST_AFTER} are needed: wait until {ready} is over."
        )
    holes = len(months) - len(held) - (bundle.start != bundle.month)
    return Panel(values=tuple(kept), months=held, table=table[:, usable], start=start, holes=holes)
