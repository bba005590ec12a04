"""Which months of a figure are used around a change, and what is each to the line?

A month that says nothing of the step gets a term of its own: that in which the change took effect on another day than
the first, and those of incidents. Months before an earlier change are left out where enough lie after it; else the line
has a step there, as it has wherever counting itself changed. Which entries these are is left to `entries`,
the line to `fit`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.change_log.entries import Bundle, Entry, months_of_incident
from analysis.studies.change_log.gates import AFTER_NEEDED, BEFORE_NEEDED, MONTHS_NEEDED
from analysis.studies.change_log.series import Floats, MonthlySeries

FEWEST_BEFORE, FEWEST_AFTER = 8, 4
"""Fewer months on a side than these carry no line at all."""
SEASON_FROM = 24
"""So many earlier months show each month of the year twice; with fewer no season is modelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The months of one figure around one change, by their place from 0 on.

    `at` is the first whole month after the change, `partly` the month in which it took effect, where that was touched
    in part; `incidents` have a term each; `breaks` are the months of steps of another cause; `season` is how
    many months make a year, None where none is modelled. `clean_from` is where the stretch without any other change
    begins, which made-up dates are taken from.
    """

    months: tuple[Month, ...]
    values: Floats
    at: int
    partly: int | None
    incidents: tuple[int, ...]
    breaks: tuple[int, ...]
    season: int | None
    clean_from: int
    control: Floats | None = None

    @property
    def ends(self) -> int:
        """How many months lie before the change."""
        return self.at if self.partly is None else self.partly

    @property
    def before(self) -> int:
        """Months before with a figure, incidents apart."""
        return self._known(range(self.ends))

    @property
    def after(self) -> int:
        """Months after with a figure, incidents apart."""
        return self._known(range(self.at, len(self.months)))

    @property
    def holes(self) -> int:
        """Months without a figure, the month of the change apart."""
        missing = int(np.isnan(self.values).sum())
        return missing - int(self.partly is not None and bool(np.isnan(self.values[self.partly])))

    @property
    def usual(self) -> float:
        """The usual size of the figure before the change: the mean of its absolute values."""
        return float(np.nanmean(np.abs(self.values[: self.ends])))

    def part(self, place: int) -> str:
        """What a month is to the line."""
        if place == self.partly:
            return "partly"
        if place in self.incidents:
            return "incident"
        return "before" if place < self.at else "after"

    def _known(self, places: Iterable[int]) -> int:
        return sum(not math.isnan(self.values[place]) and place not in self.incidents for place in places)


def clean_start(series: MonthlySeries, bundle: Bundle, others: Sequence[Entry]) -> Month | None:
    """The first month after every earlier change, where months enough lie between it and the change studied.

    The change log alone decides: the path before is then that of months in which nothing else was changed. Where too
    few lie between, earlier changes stay inside, with a step of their own. A change of counting always does.
    """
    earlier = [one.first_whole_month for one in others if _intervenes(one) and one.month < bundle.month]
    start = max(earlier, default=None)
    if start is None or sum(not month < start and month < bundle.month for month in series.observed) < BEFORE_NEEDED:
        return None
    return start


def window_of(
    series: MonthlySeries,
    bundle: Bundle,
    others: Sequence[Entry],
    *,
    first: Month,
    last: Month,
    control: MonthlySeries | None = None,
) -> Window:
    """The months that are used, and what is known of each.

    Parameters
    ----------
    series : MonthlySeries
    bundle : Bundle
        The changes studied.
    others : sequence of Entry
        Other entries of these months that may have moved the figure.
    first, last : Month
        The months to use, of those in which the figure is known.
    control : MonthlySeries, optional

    Raises
    ------
    TooSoon
        If there are too few months after, but months to come would help.
    DesignError
        If the change lies outside the figure's months, there are too few before, or the figure never moves.
    """
    known = series.observed
    if not known[0] < bundle.month:
        raise DesignError(
            f"It took effect in {bundle.month} and the figure is known from {known[0]} on: there is no month before to "
            "compare with."
        )
    ready = bundle.start.plus(FEWEST_AFTER - 1)
    if last < bundle.start:
        raise TooSoon(
            f"It took effect in {bundle.month} and the figure is known up to {known[-1]}: wait until {ready} is over, "
            f"the {FEWEST_AFTER}th whole month after it."
        )
    months = tuple(first.plus(step) for step in range(last.number - first.number + 1))
    place = {month: number for number, month in enumerate(months)}
    found = Window(
        months=months,
        values=series.over(first, last),
        at=place[bundle.start],
        partly=place[bundle.month] if bundle.start != bundle.month else None,
        incidents=_incidents(others, place, bundle),
        breaks=tuple(sorted(_breaks(others, place, bundle))),
        season=None,
        clean_from=max(_ends_of_others(others, place, bundle), default=0),
        control=None if control is None else control.over(first, last),
    )  # fmt: skip
    if found.before < FEWEST_BEFORE:
        raise DesignError(
            f"The figure has {found.before} months before {bundle.month}; at least {FEWEST_BEFORE} are needed to know "
            "where it was heading. Earlier months would have to be counted."
        )
    if found.after < FEWEST_AFTER:
        lacking = FEWEST_AFTER - found.after
        raise TooSoon(
            f"The figure has {found.after} months after the change, incidents apart; at least {FEWEST_AFTER} are "
            f"needed to see a step and a turn: wait until {max(ready, known[-1].plus(lacking))} is over."
        )
    held = found.values[~np.isnan(found.values)]
    if np.ptp(held) == 0:
        raise DesignError(f"The figure is {held[0]:.6g} in all {len(held)} months: nothing in it ever moves.")
    if found.before >= SEASON_FROM:
        found = replace(found, season=months[0].per_year)
    return found


def months_needed(window: Window) -> Month | None:
    """The month that must be over before there are enough after; None where months to come cannot help."""
    if window.before < BEFORE_NEEDED:
        return None
    lacking = max(AFTER_NEEDED - window.after, MONTHS_NEEDED - window.before - window.after, 0)
    return window.months[-1].plus(lacking) if lacking else None


def _incidents(others: Sequence[Entry], place: dict[Month, int], bundle: Bundle) -> tuple[int, ...]:
    months = {month for one in others if one.kind == "incident" for month in months_of_incident(one)}
    skipped = {bundle.month} if bundle.start != bundle.month else set()
    return tuple(sorted(place[month] for month in months - skipped if month in place))


def _breaks(others: Sequence[Entry], place: dict[Month, int], bundle: Bundle) -> set[int]:
    """From which months on the line has another step: where counting changed, or an earlier change lies inside."""
    months = {
        one.first_whole_month
        for one in others
        if (one.kind == "measurement" and one.month != bundle.month) or (_intervenes(one) and one.month < bundle.month)
    }
    return {place[month] for month in months if month != bundle.start and place.get(month, 0) > 0}


def _ends_of_others(others: Sequence[Entry], place: dict[Month, int], bundle: Bundle) -> list[int]:
    """The first whole month after each earlier change that was made."""
    months = [one.first_whole_month for one in others if _intervenes(one) and one.month < bundle.month]
    return [place[month] for month in months if month in place]


def _intervenes(one: Entry) -> bool:
    """Whether an entry is something that was changed, and neither an incident nor another way of counting."""
    return one.kind not in ("incident", "measurement")
