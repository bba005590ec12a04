"""In which local month does an instant fall, counted from the first month of a study? For millions of instants at once.

What happens in a month is left to `stack_issues` and `stack_months_sql`; which months there are, to `sample`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month, month_starts
from analysis.inference.cells import Ints

if TYPE_CHECKING:
    import pyarrow as pa

NEVER = np.iinfo(np.int64).max
"""The instant of what has none: after all others."""
_QUARTER = 15 * 60 * 1_000_000
"""Microseconds of a quarter of an hour: months begin at whole quarters of UTC in every zone of today."""


def instants(times: pa.Array) -> Ints:
    """Microseconds since 1970 of naive UTC times; `NEVER` where there is none."""
    from pyarrow import int64, timestamp

    numbers = times.cast(timestamp("us")).cast(int64())
    return np.asarray((numbers.fill_null(NEVER) if numbers.null_count else numbers).to_numpy(zero_copy_only=False))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Local months, from a first to a last one.

    Parameters
    ----------
    first : int
        The number of the first month.
    edges : array of int, shape (n_months + 1,)
        The instants at which they begin, and the last one ends.
    by_quarter : array of int, optional
        The month of each quarter of an hour, where all of them begin at one.
    """

    first: int
    edges: Ints
    by_quarter: NDArray[np.int16] | None

    @classmethod
    def of(cls, zone: str, first: Month, last: Month) -> Calendar:
        """The months of a zone, both included.

        Examples
        --------
        >>> winter = Calendar.of("Europe/London", Month.of("2025-12"), Month.of("2026-02"))
        >>> times = np.array(["2025-11-30T23:59", "2025-12-01", "2026-02-28", "2026-03-01"], "datetime64[us]")
        >>> winter.since_first(times.astype(np.int64)).tolist()
        [-1, 0, 2, 3]
        """
        edges = np.array(month_starts(zone, first, last.plus(1)), dtype="datetime64[us]").astype(np.int64)
        if ((edges - edges[0]) % _QUARTER).any():
            return cls(first.number, edges, None)
        lengths = np.diff(edges) // _QUARTER
        return cls(first.number, edges, np.repeat(np.arange(len(lengths), dtype=np.int16), lengths))

    @property
    def length(self) -> int:
        """How many months these are."""
        return len(self.edges) - 1

    def since_first(self, times: Ints) -> NDArray[np.int16]:
        """Months since the first one: -1 for all that came before, `length` for all that comes after the last."""
        held = np.clip(times, self.edges[0], self.edges[-1] - 1)
        if self.by_quarter is None:
            month = (np.searchsorted(self.edges, held, side="right") - 1).astype(np.int16)
        else:
            month = self.by_quarter[(held - self.edges[0]) // _QUARTER]
        month[times < self.edges[0]] = -1
        month[times >= self.edges[-1]] = self.length
        return month
