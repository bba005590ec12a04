"""How much did people do with the company's posts, counted by when they did it, and by when it was posted?

From one store of events (`posts`, `post_actions`, `post_counters`) in one scan: the action basis, the post basis, the
post basis matured at a horizon, each by kind in local months, as whole numbers, as known at any instant:

    action(P)   = sum of quantities that occurred in P
    post(P)     = sum of quantities on posts published in P, whenever they occurred
    post_h(P,H) = as post, but only what occurred within H days of its post's publication

An action belongs to the post it names. One with a link belongs to the link's post, unless several posts carry that
link: then it is pooled under the link and credited to no post, even where a tracker names one, for it cannot know.
Actions on posts that are not in `posts` are kept apart as unknown, those on posts published before the months looked
at as `pre-history`. The post-month by age triangle and the bridge between the bases are left to `triangle`, what was
known at which close to `known_triangle`, lifetime counts to `counters`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.metrics.counters import CounterAccount, counted_parts, counter_accounts, known_by, posts_known, suffix
from analysis.metrics.local_months import LocalMonths

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables.opened import Tables

Basis = Literal["action", "post"]
STORE = ("post_actions", "post_counters")
"""The tables that tell what people did with posts."""
COUNTED = {"post_actions": "quantity", "post_counters": "value"}


class Cell(NamedTuple):
    """A sum of quantities: of one kind, on one platform, by the month of the action and the month of its post.

    `held` is "post", "unknown" (the post is not known) or "pooled" (several posts carry its link); `post_month` is None
    but for the first. Months may also be the numbers that stand for all before and all after those looked at. `gross`
    sums the quantities without their signs, `allocated` those of them that were spread over time; `late` is what of
    `quantity` became known only after the end of the post's month.
    """

    kind: str
    platform: str | None
    month: int
    post_month: int | None
    held: str
    quantity: int
    gross: int
    allocated: int
    late: int


@dataclass(frozen=True, eq=False)
class Activity:
    """What people did with posts, in some months, as known at an instant.

    Parameters
    ----------
    local : LocalMonths
        The months and their zone.
    cells : tuple of Cell
        The sums all figures are made of.
    known_at : datetime or None
        The instant it was known at, naive UTC; None for all that the tables hold.
    within_days : int or None
        The horizon, in days after publication; None for none.
    accounts : mapping of str to CounterAccount
        What became of readings of lifetime counts, by kind.
    refusals : mapping of str to str
        Basis to the reason why the source does not tell it.
    """

    local: LocalMonths
    cells: tuple[Cell, ...]
    known_at: datetime | None = None
    within_days: int | None = None
    accounts: Mapping[str, CounterAccount] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of which there is any action, in any month."""
        return tuple(sorted({cell.kind for cell in self.cells}))

    def on(self, basis: Basis, month: Month | None = None, kinds: Sequence[str] | None = None) -> tuple[Cell, ...]:
        """The cells of a month (None: of all months looked at) on a basis.

        Raises
        ------
        DesignError
            If the source declares that it does not count on that basis, or a horizon is asked of the action basis.
        """
        if basis in self.refusals:
            raise DesignError(self.refusals[basis])
        if basis == "action" and self.within_days is not None:
            raise DesignError("Actions counted when they happened have no horizon: only the post basis is matured.")
        asked = self._by_month[basis]
        numbers = [looked.number for looked in self.local.months] if month is None else [month.number]
        given = self.kinds if kinds is None else kinds
        return tuple(cell for number in numbers for kind in given for cell in asked.get((number, kind), ()))

    def quantity(self, basis: Basis, month: Month | None = None, kind: str | None = None) -> int:
        """The sum of a month's quantities on a basis: `action(P, K)`, `post(P, K)` or `post_h(P, K, H)`.

        Raises
        ------
        DesignError
            As `on`.
        """
        return sum(cell.quantity for cell in self.on(basis, month, None if kind is None else [kind]))

    def to_frame(self) -> pd.DataFrame:
        """One row a basis, month and kind: `basis, month, kind, quantity, allocated_share`."""
        import pandas as pd

        rows = [
            {"basis": basis, "month": str(month), "kind": kind, "quantity": sum(cell.quantity for cell in found),
             "allocated_share": allocated_share(found)}
            for basis in ("action", "post")
            if basis not in self.refusals and not (basis == "action" and self.within_days is not None)
            for month in self.local.months
            for kind in self.kinds
            for found in [self.on(basis, month, [kind])]
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["basis", "month", "kind", "quantity", "allocated_share"])

    def platforms(self, kinds: Sequence[str]) -> frozenset[str]:
        """The platforms on which there is any action of these kinds, in any month."""
        return frozenset().union(*(self._platforms.get(kind, ()) for kind in kinds))

    @cached_property
    def _platforms(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for cell in self.cells:
            if cell.platform is not None:
                found.setdefault(cell.kind, set()).add(cell.platform)
        return found

    @cached_property
    def _by_month(self) -> Mapping[str, Mapping[tuple[int, str], list[Cell]]]:
        found: dict[str, dict[tuple[int, str], list[Cell]]] = {"action": {}, "post": {}}
        for cell in self.cells:
            found["action"].setdefault((cell.month, cell.kind), []).append(cell)
            if cell.post_month is not None:
                found["post"].setdefault((cell.post_month, cell.kind), []).append(cell)
        return found


def allocated_share(cells: Sequence[Cell]) -> float:
    """Which share of the quantities, without their signs, was spread over time between two readings?"""
    gross = sum(cell.gross for cell in cells)
    return sum(cell.allocated for cell in cells) / gross if gross else 0.0


def activity(
    tables: Tables,
    months: Sequence[Month],
    zone: str,
    *,
    known_at: datetime | None = None,
    within_days: int | None = None,
) -> Activity:
    """What did people do with posts, on both bases?

    Parameters
    ----------
    tables : Tables
        With `post_actions`, `post_counters` or both, and `posts` for the post basis.
    months : sequence of Month
        Whole months of the reporting zone, without gaps.
    zone : str
        The reporting zone.
    known_at : datetime, optional
        Only rows known by then (naive UTC), by their event time where they do not say; tables opened as known at an
        instant are so already.
    within_days : int, optional
        Only what happened within so many times 24 hours of publication: the matured post basis.

    Returns
    -------
    Activity
        Sums by kind, platform, month and post's month; whole numbers.

    Raises
    ------
    DesignError
        If there is neither `post_actions` nor `post_counters`.

    Source
    ------
    The two bases of Social Service Value (August 2018), defined as sums over an event table with two time axes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from analysis.tables.load import Source, open_tables, prepare
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "posts.csv").write_text("post_id,published_at,platform\\np,2026-07-30T09:00:00Z,x\\n")
    >>> _ = (folder / "post_actions.csv").write_text(
    ...     "action_id,post_id,kind,quantity,occurred_at\\na,p,click,5,2026-08-02T09:00:00Z\\n")
    >>> with open_tables(prepare([Source(folder)], cache=folder / ".cache")) as tables:
    ...     found = activity(tables, [Month.of("2026-07"), Month.of("2026-08")], "UTC")
    >>> [[found.quantity(basis, month) for month in found.local.months] for basis in ("action", "post")]
    [[0, 5], [5, 0]]
    """
    horizons = [] if within_days is None else [within_days]
    return activities(tables, months, zone, known_at=known_at, horizons=horizons)[within_days]


def activities(
    tables: Tables,
    months: Sequence[Month],
    zone: str,
    *,
    known_at: datetime | None = None,
    horizons: Collection[int] = (),
) -> Mapping[int | None, Activity]:
    """What did people do with posts, at all ages (under None) and within each horizon, from one scan?

    Parameters
    ----------
    tables, months, zone, known_at
        As `activity` takes them.
    horizons : collection of int
        Days after publication.

    Returns
    -------
    mapping of int or None to Activity

    Raises
    ------
    DesignError
        If there is neither `post_actions` nor `post_counters`.
    """
    local = LocalMonths(tuple(months), zone, tables.engine.dialect)
    horizons = sorted(set(horizons))
    asked: list[int | None] = [None, *horizons]
    sums = ", ".join(_sums(of) for of in asked)
    sql = (
        f"select kind, platform, month, post_month, held, {sums} "
        f"from ({credited(tables, local, known_at, horizons)}) as events "
        "group by 1, 2, 3, 4, 5 order by 1, 2 nulls last, 3, 4 nulls last, 5"
    )
    rows = tables.engine.query(sql).to_pylist()
    accounts = MappingProxyType(counter_accounts(tables, local, known_at))

    def cells(of: int | None) -> tuple[Cell, ...]:
        """The groups in which anything was done, with the sums of one horizon."""
        any_of, *sums_of = (f"{name}{suffix(of)}" for name in ("actions", "quantity", "gross", "allocated", "late"))
        told = itemgetter("kind", "platform", "month", "post_month", "held", *sums_of)
        return tuple(Cell(*told(row)) for row in rows if row[any_of])

    return {
        of: Activity(
            local=local,
            cells=cells(of),
            known_at=known_at,
            within_days=of,
            accounts=accounts,
            refusals=MappingProxyType(refusals(tables, matured=of is not None)),
        )
        for of in asked
    }


def _sums(within_days: int | None) -> str:
    """SQL for the sums of a cell over what lies within a horizon, and how many actions do."""
    of = suffix(within_days)
    here = "true" if within_days is None else f"inside{of}"

    def total(number: str, where: str = "true") -> str:
        return f"cast(sum(case when {here} and {where} then {number} else 0 end) as bigint)"

    quantity = f"quantity{of}"
    return (
        f"{total('1')} as actions{of}, {total(quantity)} as quantity{of}, {total(f'abs({quantity})')} as gross{of}, "
        f"{total(f'abs({quantity})', f'allocated{of}')} as allocated{of}, {total(quantity, 'late')} as late{of}"
    )


def credited(tables: Tables, local: LocalMonths, known_at: datetime | None = None, horizons: Sequence[int] = ()) -> str:
    """SQL for all actions, each with its month and that of the post it is credited to.

    A query with `kind, platform, month, post_month, held, late, quantity, allocated`, and for each horizon whether the
    action lies `inside` it, how much of its `quantity` does, and whether that was `allocated`, all with the `suffix` of
    the horizon.

    Raises
    ------
    DesignError
        If there is neither `post_actions` nor `post_counters`.
    """
    parts = []
    if tables.has("post_actions"):
        parts.append(_credited_actions(tables, local, known_at, horizons))
    if tables.has("post_counters"):
        parts.append(counted_parts(tables, local, known_at, horizons))
    if not parts:
        raise DesignError("What people did with posts is told by `post_actions` or `post_counters`: give one of them.")
    return " union all ".join(parts)


def _credited_actions(tables: Tables, local: LocalMonths, known_at: datetime | None, horizons: Sequence[int]) -> str:
    posts = posts_known(tables, local, known_at, horizons)
    ends = [f"matured_at{suffix(days)}" for days in horizons]
    of_link = ", ".join(f"min({name}) as {name}" for name in ("post_month", "post_end", *ends))
    links = (
        f"(select link_id, count(*) as bearers, {of_link}, "
        "case when min(platform) = max(platform) then min(platform) end as platform "
        f"from {posts} as posted where link_id is not null group by link_id)"
    )
    shared, by_link = "coalesce(l.bearers, 0) > 1", "a.post_id is null and l.bearers = 1"

    def of_post(name: str) -> str:
        return f"case when {shared} then null when {by_link} then l.{name} else p.{name} end as {name}"

    events = (
        "select a.kind, cast(a.quantity as bigint) as quantity, a.occurred_at, "
        "coalesce(a.known_at, a.occurred_at) as known_at, "
        f"case when {shared} or {by_link} then l.platform else p.platform end as platform, "
        f"{', '.join(of_post(name) for name in ('post_month', 'post_end', *ends))}, case when {shared} then 'pooled' "
        f"when {by_link} or p.post_id is not null then 'post' else 'unknown' end as held "
        f"from (select * from post_actions where {known_by('occurred_at', known_at)}) as a "
        f"left join {posts} as p on p.post_id = a.post_id left join {links} as l on l.link_id = a.link_id"
    )
    within = "".join(
        f", coalesce(occurred_at < {end}, false) as inside{suffix(days)}, quantity as quantity{suffix(days)}, "
        f"false as allocated{suffix(days)}"
        for days, end in zip(horizons, ends, strict=True)
    )
    return (
        f"select kind, platform, {local.number('occurred_at')} as month, post_month, held, "
        f"coalesce(known_at > post_end, false) as late, quantity, false as allocated{within} from ({events}) as e"
    )


def refusals(tables: Tables, *, matured: bool = False) -> dict[str, str]:
    """Which bases do the sources not tell, by what their maps declare, and why?

    Counts by the date of the post have lost when people acted; counts on a basis nobody knows tell neither. Readings
    of a lifetime count are dated by the reading and tell both, whatever is said of them but that it is not known.
    """
    found: dict[str, str] = {}
    for table, column in COUNTED.items():
        declared = tables.basis(table, column)
        said = f"`{column}` of `{table}` is declared to count on the basis `{declared}`"
        if declared in ("unknown", "mixed"):
            found |= dict.fromkeys(("action", "post"), f"{said}: it cannot be told what a month's figure holds.")
        elif declared == "post" and table == "post_actions":
            found.setdefault("action", f"{said}: when people acted is not told.")
            if matured:
                found.setdefault("post", f"{said}: when people acted, and so how soon, is not told.")
    return found
