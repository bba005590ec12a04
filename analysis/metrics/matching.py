"""Of how many social contacts do we know whose they are, and are the others like them?

Studies see matched contacts only. So the share of them is counted by platform and month; matched and unmatched are
laid side by side on what both have; and names are counted that belong to several customers, and customers with several
names. Below a set share, totals are claimed for matched customers only. Contacts that nobody matched are never scaled
up: no total holds anything for them. How people are matched is left to `tables.identity`.

Numbers of fewer than ten contacts, matched or unmatched, are hidden, and those from which one could be worked out
(`inference.suppression`): platform, month and whether matched are one table, and so are the shares of one kind. A reply
that stands before its contact is counted and not timed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.inference.suppression import FEWEST, suppressed
from analysis.metrics.local_months import LocalMonths
from analysis.metrics.matching_result import Doubles, Likeness, MatchCoverage, Share, TableMatch, few

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CLAIM_FROM = 0.8
"""Default share from which totals are claimed for all customers who came by social. Totals are never scaled up, so they
are too low by what the others did: at four fifths by a fifth of the truth where these are like the matched, by a third
where they do twice as much, by nothing where they do nothing. A convention, not a bound."""

SIDES = (True, False)
"""Matched, unmatched."""

NOT_NAMED = "not named"
_MOST_PLATFORMS = 8
_MOST_SMALL = 20
OTHERS = "others"

_SOURCES: Mapping[str, tuple[str, str, str]] = {
    "touchpoints": ("occurred_at", "channel = 'social' and direction = 'inbound'", "contacts on social"),
    "issues": ("opened_at", "channel = 'social'", "issues opened on social"),
    "mentions": ("posted_at", "true", "mentions"),
}
"""Where social contacts stand: the time that dates one, which rows are one, and what they are called. The first table
that has any decides what may be claimed."""


def match_coverage(tables: Tables, months: Sequence[Month], zone: str, claim_from: float = CLAIM_FROM) -> MatchCoverage:
    """Of how many social contacts of some months is the customer known?

    Parameters
    ----------
    tables : Tables
    months : sequence of Month
        Consecutive. A contact counts in the month it came in.
    zone : str
        Reporting time zone, in which months begin.
    claim_from : float
        Share, 0 to 1, from which totals are claimed for all.

    Raises
    ------
    ValueError
        If the share is not between 0 and 1.
    """
    if not 0 <= claim_from <= 1:
        raise ValueError("The share from which totals are claimed for all lies between 0 and 1.")
    local = LocalMonths(tuple(months), zone, tables.engine.dialect)
    given = [name for name in _SOURCES if tables.has(name)]
    told = [name for name in given if tables.has_column(name, "customer_id")]
    counted = [found for name in told if (found := _counted(tables, name, local)) is not None]
    reason = None
    if not counted:
        if not given:
            reason = "there is no table with social contacts"
        elif not told:
            reason = f"no table with social contacts has a column `customer_id` ({', '.join(given)})"
        else:
            reason = f"there are fewer than {FEWEST} social contacts in these months"
    return MatchCoverage(claim_from=claim_from, tables=tuple(counted), doubles=tuple(_doubles(tables)), reason=reason)


def standardised(first: float, second: float, variance_first: float, variance_second: float) -> float | None:
    """The difference of two means over the root of the mean of their variances; None where both do not vary but differ.

    Source
    ------
    Austin (2009), Communications in Statistics 38.

    Examples
    --------
    >>> round(standardised(0.5, 0.4, 0.25, 0.24), 4)
    0.202
    """
    spread = math.sqrt((variance_first + variance_second) / 2)
    if spread == 0:
        return 0.0 if first == second else None
    return (first - second) / spread


def _counted(tables: Tables, name: str, local: LocalMonths) -> TableMatch | None:
    """One table's social contacts, counted in one pass, and the medians in another."""
    time, social, about = _SOURCES[name]
    platform = "platform" if tables.has_column(name, "platform") else "cast(null as varchar)"
    kind = "kind" if tables.has_column(name, "kind") else "cast(null as varchar)"
    if tables.has("customers"):
        known = "coalesce(customer_id in (select customer_id from customers), false)"
    else:
        known = "customer_id is not null"
    replied = "first_reply_at" if tables.has_column(name, "first_reply_at") else "cast(null as timestamp)"
    seconds = tables.engine.dialect.seconds_between(time, replied)
    rows = (
        f"select {known} as matched, customer_id is not null as named, coalesce({platform}, '{NOT_NAMED}') as platform,"
        f" {kind} as kind, {local.number(time)} as month, {replied} is not null as replied,"
        f" case when {seconds} >= 0 then {seconds} end as reply from {name} where {social}"
    )
    inside = f"select * from ({rows}) as r where month between {local.months[0].number} and {local.months[-1].number}"
    log = "ln(1 + cast(reply as double))"
    cells = tables.engine.query(
        f"""select matched, platform, month, kind, count(*) as contacts,
            count(*) filter (where replied) as answered, count(reply) as timed,
            count(*) filter (where named and not matched) as strangers, coalesce(sum({log}), 0) as logs,
            coalesce(sum({log} * {log}), 0) as squares
        from ({inside}) as r group by 1, 2, 3, 4 order by 1, 2, 3, 4"""
    ).to_pandas()
    if cells["contacts"].sum() < FEWEST:
        return None
    medians = tables.engine.query(
        f"select matched, median(reply) as middle from ({inside}) as r group by 1 order by 1"
    ).to_pylist()
    cells["platform"] = _named_platforms(cells)
    has_platform = tables.has_column(name, "platform")
    placed = _placed(cells)
    hidden = _hidden(placed)
    matched = cells[cells["matched"]]
    return TableMatch(
        table=name,
        about=about,
        contacts=int(cells["contacts"].sum()),
        matched=int(matched["contacts"].sum()),
        strangers=int(cells["strangers"].sum()),
        early=_early(cells),
        by=tuple(_shares(cells, placed, hidden, local, has_platform)),
        likeness=tuple(
            _likeness(
                cells,
                {row["matched"]: row["middle"] for row in medians},
                replies=tables.has_column(name, "first_reply_at"),
                platforms=hidden[:, -1, :2] if has_platform else None,
            )
        ),
    )


def _named_platforms(cells: pd.DataFrame) -> pd.Series:
    """The platforms with the most contacts, and all others under one name."""
    sizes = cells.groupby("platform")["contacts"].sum().sort_index().sort_values(ascending=False, kind="stable")
    if len(sizes) <= _MOST_PLATFORMS:
        return cells["platform"]
    return cells["platform"].where(cells["platform"].isin(sizes.index[: _MOST_PLATFORMS - 1]), OTHERS)


def _placed(cells: pd.DataFrame) -> Ints:
    """Contacts by platform, month and side, each in order; shape (platforms, months, 2)."""
    counts = cells.pivot_table(
        index="platform", columns=["month", "matched"], values="contacts", aggfunc="sum", fill_value=0
    )
    months = sorted(set(cells["month"]))
    wanted = pd.MultiIndex.from_product([months, SIDES])
    counts = counts.reindex(columns=wanted, fill_value=0)
    placed: Ints = counts.to_numpy(dtype=np.int64).reshape(len(counts), len(months), 2)
    return placed


def _shares(
    cells: pd.DataFrame, placed: Ints, hidden: Flags, local: LocalMonths, has_platform: bool
) -> Iterable[Share]:
    """By platform, by month and by both: the margins and the cells of one table, hidden together."""
    counts = placed
    for axis in range(3):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    platforms = [*(str(name) for name in sorted(set(cells["platform"]))), None]
    months = [*(str(local.month(int(number))) for number in sorted(set(cells["month"]))), None]
    for row, platform in enumerate(platforms):
        for column, month in enumerate(months):
            whole = platform is None and month is None
            matched, _, contacts = counts[row, column].tolist()
            if whole or (platform is not None and not has_platform) or contacts == 0:
                continue
            yield Share(
                contacts=None if hidden[row, column, 2] else contacts,
                matched=None if hidden[row, column, 0] else matched,
                platform=platform,
                month=month,
            )


def _hidden(placed: Ints) -> Flags:
    """Which of the contacts by platform, month and side, and of their sums, are not shown.

    Everybody knows the number of all contacts, and the matched among them unless that gives a few away; these are then
    nowhere told apart.
    """
    if not few(*placed.sum(axis=(0, 1)).tolist()):
        return _audited(placed)
    hidden = np.ones(tuple(size + 1 for size in placed.shape), dtype=np.bool_)
    hidden[..., -1] = _audited(placed.sum(axis=2, keepdims=True))[..., -1]
    return hidden


def _audited(counts: Ints) -> Flags:
    """What has to be hidden where the sums over platforms and months are known.

    With many small cells none is shown but the margins: which few of the others would have to go takes long to find.
    """
    small = (counts > 0) & (counts < FEWEST)
    if small.sum() <= _MOST_SMALL:
        hidden = suppressed(counts).hidden
        return np.ones_like(hidden) if hidden[-1, -1].any() else hidden
    hidden = np.ones(tuple(size + 1 for size in counts.shape), dtype=np.bool_)
    for axis, margin in ((1, hidden[:, -1]), (0, hidden[-1, :])):
        alone = suppressed(counts.sum(axis=axis)).hidden
        margin[:] = True if alone[-1].any() else alone
    return hidden


def _early(cells: pd.DataFrame) -> int | None:
    """Replies that stand before their contact; None where that would tell of a few of them."""
    early = [int((group["answered"] - group["timed"]).sum()) for group in _sides(cells).values()]
    return None if few(*early) else sum(early)


def _sides(cells: pd.DataFrame) -> dict[bool, pd.DataFrame]:
    return {side: cells[cells["matched"] == side] for side in SIDES}


def _likeness(
    cells: pd.DataFrame, medians: Mapping[bool, float | None], *, replies: bool, platforms: Flags | None
) -> Iterable[Likeness]:
    """What both groups have; nothing where one of them is smaller than ten.

    `platforms` says which numbers of platforms are hidden by side, the sums last; None where there are no platforms.
    """
    groups = _sides(cells)
    sizes = {side: _size(group) for side, group in groups.items()}
    if min(sizes.values()) < FEWEST:
        return
    if replies:
        answered = np.array([[int(group["answered"].sum()) for group in groups.values()]])
        answered = np.concatenate([answered, np.array([list(sizes.values())]) - answered])
        (found,) = _of_shares(["answered"], answered, _family(answered), sizes)
        yield found
        timed = {side: int(group["timed"].sum()) for side, group in groups.items()}
        if min(timed.values()) >= FEWEST:
            told = (found.matched is not None, found.unmatched is not None)
            apart = [few(int(all_) - timed[side]) for side, all_ in zip(SIDES, answered[0], strict=True)]
            shown = {side: one and not few_ for side, one, few_ in zip(SIDES, told, apart, strict=True)}
            yield _of_replies(groups, timed, shown, medians)
    kinds = sorted(set(cells["kind"].dropna()))
    if kinds:
        parts = [[_size(group[group["kind"] == kind]) for group in groups.values()] for kind in kinds]
        parts.append([_size(group[group["kind"].isna()]) for group in groups.values()])
        counts = np.array(parts)
        named = [*map(str, kinds), "kind not named"]
        yield from _of_shares(named if any(parts[-1]) else named[:-1], counts, _family(counts), sizes)
    if platforms is not None:
        names = sorted(set(cells["platform"]))
        counts = np.array([[_size(group[group["platform"] == name]) for group in groups.values()] for name in names])
        yield from _of_shares([f"platform: {name}" for name in names], counts, platforms[:-1], sizes)


def _family(counts: Ints) -> Flags:
    """Which of the parts of both groups are hidden, where the groups' sizes are known; shape of `counts`."""
    hidden = suppressed(counts).hidden
    return np.ones(counts.shape, dtype=np.bool_) if hidden[-1].any() else hidden[:-1, :2]


def _size(cells: pd.DataFrame) -> int:
    return int(cells["contacts"].sum())


def _of_replies(
    groups: Mapping[bool, pd.DataFrame],
    timed: Mapping[bool, int],
    shown: Mapping[bool, bool],
    medians: Mapping[bool, float | None],
) -> Likeness:
    means = {side: group["logs"].sum() / timed[side] for side, group in groups.items()}
    spreads = {
        side: max(group["squares"].sum() / timed[side] - means[side] ** 2, 0.0) for side, group in groups.items()
    }
    return Likeness(
        name="first_reply",
        unit="seconds",
        matched=medians[True],
        unmatched=medians[False],
        of_matched=timed[True] if shown[True] else None,
        of_unmatched=timed[False] if shown[False] else None,
        difference=_rounded(standardised(means[True], means[False], spreads[True], spreads[False])),
    )


def _of_shares(names: Sequence[str], counts: Ints, hidden: Flags, sizes: Mapping[bool, int]) -> Iterable[Likeness]:
    """The parts of both groups as shares of the groups, the first ones by name."""
    for place, name in enumerate(names):
        one, other = (
            None if hidden[place, column] else int(counts[place, column]) / sizes[side]
            for column, side in enumerate(SIDES)
        )
        difference = None
        if one is not None and other is not None:
            difference = _rounded(standardised(one, other, one * (1 - one), other * (1 - other)))
        yield Likeness(
            name=name,
            unit="share",
            matched=one,
            unmatched=other,
            of_matched=sizes[True],
            of_unmatched=sizes[False],
            difference=difference,
        )


def _rounded(value: float | None) -> float | None:
    """To ten digits after the point: sums of logarithms may differ in the last with the order of the rows."""
    return None if value is None else round(value, 10)


def _doubles(tables: Tables) -> Iterable[Doubles]:
    """Names of several customers, and customers of several names, over all rows of the tables."""
    if tables.has("identities"):
        yield _one_or_several(
            tables, "names of a customer in one source", "identities", "customer_id, source", "source_id"
        )
    if all(tables.has_column("mentions", name) for name in ("author_id", "customer_id")):
        yield _one_or_several(
            tables, "authors of a customer on one platform", "mentions", "customer_id, platform", "author_id"
        )
        yield _one_or_several(
            tables, "customers of an author on one platform", "mentions", "author_id, platform", "customer_id"
        )


def _one_or_several(tables: Tables, name: str, table: str, by: str, of: str) -> Doubles:
    whose, counted = by.split(", ", maxsplit=1)[0], f"count(distinct {of})"
    (row,) = tables.engine.query(
        f"select count(*) filter (where n = 1) as one, count(*) filter (where n > 1) as several from "
        f"(select {counted} as n from {table} where {whose} is not null and {of} is not null group by {by}) as g"
    ).to_pylist()
    one, several, _ = suppressed([row["one"], row["several"]]).values()
    return Doubles(name=name, one=one, several=several)
