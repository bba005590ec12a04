"""How do a report by actions and one by posts hang together? The post-month by age triangle, and the exact bridge.

`D[p, a]` is the quantity of age `a` on posts of month `p`; the age is the month of the action less the month of the
post. A row adds up to the post basis of its month, a diagonal to the action basis of its month, once actions on
unknown posts, on shared links and on posts older than the months looked at are added. How an immature row will grow is
left to `run_off`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.metrics.bases import Activity

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN, PRE_HISTORY, POOLED = "unknown post", "pre-history", "shared link"


@dataclass(frozen=True, eq=False)
class Triangle:
    """Quantities of one kind by month of the post and age in months.

    Parameters
    ----------
    kind : str
    months : tuple of Month
        Months of posts and of actions.
    aged : mapping of (Month, int) to int
        Quantity by post's month and age; ages without any are not in it. Negative ages are actions dated before their
        post: faults of a clock, kept so that nothing is lost.
    apart : mapping of (str, Month) to int
        Quantity that no row of these months holds, by why ("unknown post", "pre-history" for posts published before
        the months, "shared link" for links of several posts) and by month of the action.
    later : mapping of Month to int
        Quantity by post's month that occurred outside the months: beside the triangle, but in the post basis.
    """

    kind: str
    months: tuple[Month, ...]
    aged: Mapping[tuple[Month, int], int]
    apart: Mapping[tuple[str, Month], int]
    later: Mapping[Month, int]

    @classmethod
    def of(cls, activity: Activity, kind: str) -> Triangle:
        """The triangle of a kind.

        Raises
        ------
        DesignError
            If the source does not tell both bases.
        """
        local = activity.local
        inside = {month.number for month in local.months}
        if activity.within_days is not None:
            raise DesignError("A triangle follows posts to any age: ask for it without a horizon.")
        for reason in activity.refusals.values():
            raise DesignError(reason)
        aged: dict[tuple[Month, int], int] = {}
        apart: dict[tuple[str, Month], int] = {}
        later: dict[Month, int] = {}
        for cell in activity.cells:
            if cell.kind != kind:
                continue
            if cell.post_month in inside:
                post = local.month(cell.post_month)
                if cell.month in inside:
                    age = cell.month - cell.post_month
                    aged[post, age] = aged.get((post, age), 0) + cell.quantity
                else:
                    later[post] = later.get(post, 0) + cell.quantity
            elif cell.month in inside:
                why = _why_apart(cell.held, cell.post_month, local.before)
                acted = local.month(cell.month)
                apart[why, acted] = apart.get((why, acted), 0) + cell.quantity
        return cls(kind, local.months, MappingProxyType(aged), MappingProxyType(apart), MappingProxyType(later))

    def row(self, month: Month) -> int:
        """All of the posts of a month, so far: `post(P, K)`."""
        return sum(value for (post, _), value in self.aged.items() if post == month) + self.later.get(month, 0)

    def diagonal(self, month: Month) -> int:
        """What was done in a month with posts of these months."""
        return sum(value for (post, age), value in self.aged.items() if post.plus(age) == month)

    def outside(self, month: Month) -> int:
        """What was done in a month with posts that no row holds; with `diagonal` it makes `action(P, K)`."""
        return sum(value for (_, acted), value in self.apart.items() if acted == month)

    def increments(self) -> NDArray[np.float64]:
        """Post's month by age, shape (n, n); nan where an age lies after the last month, 0 where nothing happened."""
        n = len(self.months)
        found = np.full((n, n), np.nan)
        for place, month in enumerate(self.months):
            for age in range(n - place):
                found[place, age] = self.aged.get((month, age), 0)
        return found

    def to_frame(self) -> pd.DataFrame:
        """One row a post's month and age, then what stands apart: `post_month, action_month, age, quantity`."""
        import pandas as pd

        rows: list[tuple[str, str, int | None, int]] = [
            (str(post), str(post.plus(age)), age, value) for (post, age), value in sorted(self.aged.items())
        ]
        rows += [(why, str(acted), None, value) for (why, acted), value in sorted(self.apart.items())]
        frame = pd.DataFrame(rows, columns=["post_month", "action_month", "age", "quantity"])
        return frame.astype({"age": "Int64"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """From the post basis of a month, as it stood when the month ended, to the action basis of the same month.

    `lines` are what lies between, each a reason and a quantity; with `post` they make `action` to the unit.
    """

    month: Month
    kind: str
    post: int
    lines: tuple[tuple[str, int], ...]
    action: int

    def __post_init__(self) -> None:
        if self.post + sum(value for _, value in self.lines) != self.action:
            raise ValueError(f"{self.kind} of {self.month}: the bridge does not reach from one basis to the other.")

    @property
    def carried_in(self) -> int:
        """What was done in the month with posts of earlier months looked at."""
        return sum(value for line, value in self.lines if line.startswith("posts published "))

    def to_frame(self) -> pd.DataFrame:
        """Its lines from top to bottom: `line, quantity`."""
        import pandas as pd

        rows = [
            (f"posts of {self.month}, as known when it ended", self.post),
            *self.lines,
            (f"actions in {self.month}", self.action),
        ]
        return pd.DataFrame(rows, columns=["line", "quantity"])


def bridge(activity: Activity, month: Month, kind: str) -> Bridge:
    """What lies between a month's report by posts and its report by actions?

    Parameters
    ----------
    activity : Activity
        With the month among its months; earlier months among them are told by age, others as pre-history.
    month : Month
    kind : str

    Returns
    -------
    Bridge
        Actions as known to the activity; of those on posts of the month, what was known at the instant it ended. Which
        action belongs to which post is as known to the activity on both sides: a link used again since is shared.

    Raises
    ------
    DesignError
        If the source does not tell both bases, or the activity has a horizon.

    Source
    ------
    `action(t) - post(t, end(t))` is the carry-in from older posts, here with the lines that real records add: news of
    the month that came later, unknown and shared posts, and dates that contradict each other.
    """
    triangle = Triangle.of(activity, kind)
    own = [cell for cell in activity.on("post", month) if cell.kind == kind]
    at_end = sum(cell.quantity - cell.late for cell in own)
    learned = sum(cell.late for cell in own if cell.month == month.number)
    lines = [("learned of after the month ended", learned)] if learned else []
    known_elsewhere = sum(cell.quantity - cell.late for cell in own if cell.month != month.number)
    early = sum(value for (post, age), value in triangle.aged.items() if age < 0 and post.plus(age) == month)
    older = ((age, triangle.aged.get((month.plus(-age), age), 0)) for age in range(1, len(triangle.months)))
    lines += [
        (f"posts published {age} {'month' if age == 1 else 'months'} before", value) for age, value in older if value
    ]
    apart = ((why, triangle.apart.get((why, month), 0)) for why in (PRE_HISTORY, UNKNOWN, POOLED))
    lines += [(why, value) for why, value in apart if value]
    if contradiction := early + triangle.apart.get((_LATER_POST, month), 0) - known_elsewhere:
        lines.append(("dated before its post, or known before it happened", contradiction))
    return Bridge(
        month=month, kind=kind, post=at_end, lines=tuple(lines), action=activity.quantity("action", month, kind)
    )


_LATER_POST = "post published after the months"


def _why_apart(held: str, post_month: int | None, before: int) -> str:
    if held == "post":
        return PRE_HISTORY if post_month == before else _LATER_POST
    return POOLED if held == "pooled" else UNKNOWN
