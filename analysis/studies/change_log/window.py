"""Which months of a figure are used around a change, and what is each to the line?

A month that says nothing of the step gets a term of its own: that in which a change took effect on another day than the
first, and those of incidents. Months before an earlier change are left out where enough lie after it; else the line
has a step there, as it has wherever counting itself changed. Which entries these are is left to `entries`,
the line to `fit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.change_log.entries import Bundle, Entry
from analysis.studies.change_log.gates import AFTER_NEEDED, BEFORE_NEEDED, MONTHS_NEEDED
from analysis.studies.change_log.reach import months_of_incident
from analysis.studies.change_log.series import Floats, MonthlySeries

Flags = NDArray[np.bool_]

FEWEST_BEFORE, FEWEST_AFTER = 8, 4
"""Fewer months on a side than these carry no line at all."""
SEASON_FROM = 24
"""So many earlier months show each month of the year twice; with fewer no season is modelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The months of one figure around one change, by their place from 0 on.

    `at` is the first whole month after the change, `partly` the month in which it took effect, where that was touched
    in part; `incidents` have a term each; `breaks` are the months of steps of another cause, `touched` those that such
    a cause touched in part. `clean_from` is where the stretch without any other change begins, which made-up dates are
    taken from. `control` is the control series in these months; a month without it is not used.
    """

    months: tuple[Month, ...]
    values: Floats
    at: int
    partly: int | None
    incidents: tuple[int, ...]
    breaks: tuple[int, ...]
    touched: tuple[int, ...]
    clean_from: int
    control: Floats | None = None

    @property
    def seen(self) -> Flags:
        """Which months have a figure, and a control where there is one."""
        known: Flags = ~np.isnan(self.values)
        return known if self.control is None else known & ~np.isnan(self.control)

    @property
    def own(self) -> tuple[int, ...]:
        """Months with a term of their own: incidents, and those that another change touched in part."""
        return tuple(sorted({*self.incidents, *self.touched}))

    @property
    def steps(self) -> tuple[int, ...]:
        """The breaks that can be told from each other and from the change, for months that tell lie on both sides."""
        seen, own = self.seen, self.own
        telling = [place for place in range(len(seen)) if seen[place] and place not in own and place != self.partly]
        found: list[int] = []
        for place in sorted(self.breaks):
            ends = sorted({0, self.at, len(seen), place, *found})
            sides = (ends[ends.index(place) - 1], place), (place, ends[ends.index(place) + 1])
            if all(any(first <= one < end for one in telling) for first, end in sides):
                found.append(place)
        return tuple(found)

    @property
    def season(self) -> int | None:
        """How many months make a year; None where too few lie before to model one."""
        return self.months[0].per_year if self.before >= SEASON_FROM else None

    @property
    def ends(self) -> int:
        """How many months lie before the change."""
        return self.at if self.partly is None else self.partly

    @property
    def before(self) -> int:
        """Months before that tell something: with a figure, no incident, not touched in part."""
        return self._known(range(self.ends))

    @property
    def after(self) -> int:
        """The same after it."""
        return self._known(range(self.at, len(self.months)))

    @property
    def holes(self) -> int:
        """Months without a figure or its control, the month of the change apart."""
        return sum(not seen for place, seen in enumerate(self.seen) if place != self.partly)

    @property
    def usual(self) -> float:
        """The usual size of the figure before the change: the mean of its absolute values."""
        return float(np.nanmean(np.abs(self.values[: self.ends])))

    def part(self, place: int) -> str:
        """What a month is to the line."""
        if place == self.partly or (place in self.touched and place not in self.incidents):
            return "partly"
        if place in self.incidents:
            return "incident"
        return "before" if place < self.at else "after"

    def _known(self, places: Iterable[int]) -> int:
        seen, own = self.seen, self.own
        return sum(bool(seen[place]) and place not in own for place in places)


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
        touched=_touched(others, place, bundle),
        clean_from=max(_ends_of_others(others, place, bundle), default=0),
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
    return found


def months_needed(window: Window, latest: Month) -> Month | None:
    """The month that must be over before there are enough after; None where months to come cannot help.

    `latest` is the last month that the window may ever hold.
    """
    if window.before < BEFORE_NEEDED:
        return None
    lacking = max(AFTER_NEEDED - window.after, MONTHS_NEEDED - window.before - window.after, 0)
    ready = window.months[-1].plus(lacking)
    return ready if lacking and not latest < ready else None


def _incidents(others: Sequence[Entry], place: dict[Month, int], bundle: Bundle) -> tuple[int, ...]:
    months = {month for one in others if one.kind == "incident" for month in months_of_incident(one)}
    skipped = {bundle.month} if bundle.start != bundle.month else set()
    return tuple(sorted(place[month] for month in months - skipped if month in place))


def _breaks(others: Sequence[Entry], place: dict[Month, int], bundle: Bundle) -> set[int]:
    """From which months on the line has another step: where counting changed, or an earlier change lies inside."""
    months = {one.first_whole_month for one in others if _breaks_the_line(one, bundle)}
    return {place[month] for month in months if month != bundle.start and place.get(month, 0) > 0}


def _touched(others: Sequence[Entry], place: dict[Month, int], bundle: Bundle) -> tuple[int, ...]:
    """The months in which such a step came about on another day than the first."""
    months = {one.month for one in others if one.partly and _breaks_the_line(one, bundle)}
    return tuple(sorted(place[month] for month in months if month in place))


def _breaks_the_line(one: Entry, bundle: Bundle) -> bool:
    counted = one.kind == "measurement" and one.month != bundle.month
    return counted or (_intervenes(one) and one.month < bundle.month)


def _ends_of_others(others: Sequence[Entry], place: dict[Month, int], bundle: Bundle) -> list[int]:
    """The first whole month after each earlier change that was made."""
    months = [one.first_whole_month for one in others if _intervenes(one) and one.month < bundle.month]
    return [place[month] for month in months if month in place]


def _intervenes(one: Entry) -> bool:
    """Whether an entry is something that was changed, and neither an incident nor another way of counting."""
    return one.kind not in ("incident", "measurement")
