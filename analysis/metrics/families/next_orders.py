"""How was each order followed by its customer's next one? Counted by month, for all that `purchases` tells of it.

The engine gathers every customer's instants in one pass over the orders, as whole seconds since the period began and
without a name; here they are put in order, some customers at a time, and only counts are kept. Sorting numbers costs a
fraction of what a window over all orders costs an engine. Which of two orders at one instant is first tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month, local_midnight, zone
from analysis.metrics.counter import Counter
from analysis.tables.local_time import instant

AT_ONCE = 1 << 15
"""Customers whose orders are put in order together."""
_BITS = 43  # hold the seconds from any instant an engine can tell to any other
Integers = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Buyers:
    """Customers by their first order of a month, or of the period.

    `again` bought in it once more. `followed` are those whose window has been seen to its end; of these, `soon` are
    those whose next order came within it.
    """

    customers: int
    again: int
    followed: int
    soon: int


@dataclass(frozen=True, slots=True)
class NextOrders:
    """What came after the orders of each month, and of the whole period under None.

    `gaps` has a row for each number of local calendar days and whether the wait is over: `days, closed, orders`. The
    days are those to the next order; to the results' date where there is none, and the wait is open.
    """

    buyers: dict[int | None, Buyers]
    gaps: dict[int | None, Integers]


class _Clock:
    """Seconds since the period began, told in local days and months.

    A table holds the day at each `unit` of seconds, so long that every local midnight begins one. What lies after the
    results' date and the period counts as on the day of the results' date.
    """

    def __init__(self, count: Counter) -> None:
        first, last = count.months[0].first_day, count.months[-1].plus(1).first_day
        known = count.known_until.replace(tzinfo=UTC).astimezone(zone(count.zone)).date()
        days = [first + timedelta(days=n) for n in range((max(known, last) - first).days + 1)]
        self.start = local_midnight(first, count.zone)
        midnights = [self._since(local_midnight(day, count.zone)) for day in [*days, days[-1] + timedelta(days=1)]]
        self.end, self.until = self._since(count.end), self._since(count.known_until)
        self.until_day, self.days = (known - first).days, len(days)
        self._unit = int(np.gcd.reduce(midnights))
        numbers = np.repeat(np.arange(self.days), np.diff(midnights) // self._unit)
        self._day_of = np.append(numbers, self.until_day).astype(np.int32)
        self._month_of = np.array(
            [Month.of(day, count.months[0].calendar).number - count.months[0].number for day in days], dtype=np.int32
        )

    def _since(self, moment: datetime) -> int:
        return (moment - self.start) // timedelta(seconds=1)

    def day(self, seconds: Integers) -> Integers:
        """Local days since the first of the period."""
        return self._day_of[np.minimum(seconds // self._unit, self._day_of.size - 1)]

    def month(self, day: Integers) -> Integers:
        """Months since the first of the period."""
        return self._month_of[day]


def next_orders(count: Counter, window_days: int) -> NextOrders:
    """How was each order of the period followed by its customer's next one?

    Parameters
    ----------
    count : Counter
        With `orders`.
    window_days : int
        Within so many times 24 hours a next order comes soon.

    Returns
    -------
    NextOrders
    """
    return count.once(("next orders", window_days), lambda: _counted(count, window_days))


def _counted(count: Counter, window_days: int) -> NextOrders:
    clock = _Clock(count)
    tally = _Tally(clock, len(count.months), window_days * 86_400)
    for who, seconds in _in_order(count, clock):
        tally.add(who, seconds)
    return tally.told(count)


def _in_order(count: Counter, clock: _Clock) -> Iterator[tuple[Integers, Integers]]:
    """The orders since the period began: for some customers at a time a number for each, and seconds in order."""
    start = instant(clock.start)
    found = count.engine.query(
        f"select array_agg({count.engine.dialect.seconds_between(start, 'ordered_at')}) as seconds from orders "
        f"where customer_id is not null and ordered_at >= {start} group by customer_id"
    ).column(0)
    for chunk in found.chunks:
        for first in range(0, len(chunk), AT_ONCE):
            some = chunk.slice(first, AT_ONCE)
            numbers = np.repeat(np.arange(len(some)), np.diff(some.offsets.to_numpy()))
            keys = (numbers << _BITS) | some.flatten().to_numpy()
            keys.sort()
            yield keys >> _BITS, keys & ((1 << _BITS) - 1)


class _Tally:
    """The counts, grown by some customers at a time; month `n_months` stands for all after the period."""

    def __init__(self, clock: _Clock, n_months: int, window: int) -> None:
        self.clock, self.n_months, self.window = clock, n_months, window
        self.by_month = np.zeros((4, n_months), dtype=np.int64)
        self.of_period = np.zeros(4, dtype=np.int64)
        self.closed = np.zeros((n_months, clock.days), dtype=np.int64)
        self.last_days = np.zeros((n_months, clock.days), dtype=np.int64)

    def add(self, who: Integers, seconds: Integers) -> None:
        """`who` and `seconds` of orders, in order of both."""
        clock = self.clock
        day = clock.day(seconds)
        inside = seconds < clock.end
        month = np.where(inside, clock.month(day), self.n_months)
        follows = np.zeros(len(who) + 1, dtype=bool)  # whether an order is of the same customer as the one before
        np.equal(who[1:], who[:-1], out=follows[1:-1])
        begins, closed = ~follows[:-1], follows[1:]
        same_month = np.zeros(len(who) + 1, dtype=bool)
        same_month[1:-1] = month[1:] == month[:-1]
        opens, again = inside & ~(follows & same_month)[:-1], (follows & same_month)[1:]
        followed = clock.until - seconds >= self.window
        soon = closed & followed
        soon[:-1] &= np.diff(seconds) <= self.window
        for row, of_row in enumerate((opens, opens & again, opens & followed, opens & soon)):
            self.by_month[row] += np.bincount(month[of_row], minlength=self.n_months)
        first = inside & begins
        again_inside = closed.copy()
        again_inside[:-1] &= inside[1:]
        for row, of_row in enumerate((first, first & again_inside, first & followed, first & soon)):
            self.of_period[row] += np.count_nonzero(of_row)
        gap = np.zeros_like(day)
        gap[:-1] = day[1:] - day[:-1]
        self._add(self.closed, (month * clock.days + gap)[inside & closed])
        self._add(self.last_days, (month * clock.days + day)[inside & ~closed])

    @staticmethod
    def _add(cells: Integers, places: Integers) -> None:
        cells += np.bincount(places, minlength=cells.size).reshape(cells.shape)

    def told(self, count: Counter) -> NextOrders:
        """The counts by the months' numbers."""
        numbers = [month.number for month in count.months]
        buyers: dict[int | None, Buyers] = {
            number: Buyers(*of_month) for number, of_month in zip(numbers, self.by_month.T.tolist(), strict=True)
        }
        gaps: dict[int | None, Integers] = {
            number: self._gaps(self.closed[place], self.last_days[place]) for place, number in enumerate(numbers)
        }
        whole = self._gaps(self.closed.sum(axis=0), self.last_days.sum(axis=0))
        return NextOrders({**buyers, None: Buyers(*self.of_period.tolist())}, {**gaps, None: whole})

    def _gaps(self, closed: Integers, last_days: Integers) -> Integers:
        (over,), (waiting,) = np.nonzero(closed), np.nonzero(last_days)
        return np.concatenate([
            np.column_stack([over, np.ones_like(over), closed[over]]),
            np.column_stack([self.clock.until_day - waiting, np.zeros_like(waiting), last_days[waiting]]),
        ])  # fmt: skip
