"""Which share of those who wrote is still without an answer after a minute, an hour, a day? The curve behind the times.

Read off at fixed times, with its interval and the number still waiting, so that a chart and a results file hold all of
it. Mentions still open are waiting; those closed without an answer will never have one, and stay on the curve
(Aalen–Johansen; where none was closed so, it is Kaplan and Meier's). The figures of each month are left to
`families.times`, which counts the same cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.foundation.calendar import Month
from analysis.inference.survival import Incidence, aalen_johansen
from analysis.metrics.counter import UNKNOWN, Counter, Rules
from analysis.metrics.families.times import ANSWERED, MENTIONS, OPEN
from analysis.tables.local_time import instant

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from analysis.tables.opened import Tables

LEVEL = 0.95
MOST_PLATFORMS = 4
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
TIMES: tuple[int, ...] = (
    *(_MINUTE * n for n in (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45)),
    *(int(_HOUR * n) for n in (1, 1.5, 2, 3, 4, 6, 8, 12, 16)),
    *(int(_DAY * n) for n in (1, 1.5, 2, 3, 4, 5, 7)),
)  # fmt: skip
"""Seconds at which the curve is read off."""


@dataclass(frozen=True, slots=True)
class Still:
    """After so many seconds: the share still without an answer, its interval, and how many are still followed."""

    seconds: int
    share: float
    low: float
    high: float
    waiting: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.share <= self.high <= 1:
            raise ValueError(
                f"After {self.seconds:,} seconds: [{self.low:.4g}, {self.high:.4g}] does not hold {self.share:.4g}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How the opening mentions of one group waited for a first answer.

    Parameters
    ----------
    segment : mapping of str to str
        Empty for all, else the platform.
    mentions, answered, closed, open : int
        Opening mentions whose time is known; of these answered, closed without an answer, and open still.
    median, median_low, median_high : float, optional
        Seconds by which half have an answer, with its interval; None where that was not reached.
    curve : tuple of Still
        At fixed times, as far as anybody was followed.
    """

    segment: Mapping[str, str] = field(default_factory=dict)
    mentions: int
    answered: int
    closed: int
    open: int
    median: float | None
    median_low: float | None
    median_high: float | None
    curve: tuple[Still, ...]

    def __post_init__(self) -> None:
        if self.answered + self.closed + self.open != self.mentions:
            raise ValueError(f"{self.mentions:,} mentions are answered, closed or open; these do not add up.")

    def after(self, seconds: int) -> Still | None:
        """How many were still without an answer then; None where the curve was not read off there."""
        return next((point for point in self.curve if point.seconds == seconds), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAnswers:
    """The curves of all opening mentions and of the platforms with the most of them.

    Parameters
    ----------
    groups : tuple of Waits
        All together first, then platforms; none where nothing was posted.
    promised : int
        Seconds within which a first answer is promised.
    months : tuple of str
        First and last month of the mentions.
    level : float
        Of the intervals.
    untimed : int
        Mentions that ended before they began, by the times given: on no curve.
    others : int
        Mentions of platforms without a curve of their own; they are in that of all.
    reason : str, optional
        Why there is no curve.
    """

    groups: tuple[Waits, ...] = ()
    promised: int
    months: tuple[str, str]
    level: float = LEVEL
    untimed: int = 0
    others: int = 0
    reason: str | None = None

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`, under `coverage`."""
        return {"coverage": {"first_answers": self.to_dict()}}

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain words and numbers."""
        return {
            "promised_seconds": self.promised,
            "months": list(self.months),
            "level": self.level,
            "untimed": self.untimed,
            "others": self.others,
            "reason": self.reason,
            "groups": [
                {
                    "segment": dict(one.segment),
                    "mentions": one.mentions,
                    "answered": one.answered,
                    "closed": one.closed,
                    "open": one.open,
                    "median": one.median,
                    "median_low": one.median_low,
                    "median_high": one.median_high,
                    "curve": [
                        {
                            "seconds": point.seconds,
                            "share": point.share,
                            "low": point.low,
                            "high": point.high,
                            "waiting": point.waiting,
                        }
                        for point in one.curve
                    ],
                }
                for one in self.groups
            ],
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a group and time: `platform, seconds, share, low, high, waiting`; platform is empty for all."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"platform": one.segment.get("platform", ""), "seconds": point.seconds, "share": point.share,
                 "low": point.low, "high": point.high, "waiting": point.waiting}
                for one in self.groups for point in one.curve
            ],
            columns=["platform", "seconds", "share", "low", "high", "waiting"],
        )  # fmt: skip

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def first_answers(tables: Tables, *, months: Sequence[Month], zone: str, rules: Rules | None = None) -> FirstAnswers:
    """Which share of the opening mentions of a period is still without a first answer after each time?

    Parameters
    ----------
    tables : Tables
    months : sequence of Month
        Whole months of the reporting period, without gaps.
    zone : str
        Reporting time zone, in which months begin.
    rules : Rules, optional
        For the promised time.

    Returns
    -------
    FirstAnswers
        Times in seconds of the calendar, shares 0 to 1; without a table of mentions, the reason.

    Assumes
    -------
    Mentions still open would go on like those that waited as long.

    Source
    ------
    `analysis.inference.survival`; the interval of each share as in `Incidence.quantile_interval`.
    """
    count = Counter(tables, tuple(months), zone, rules)
    months_told = str(count.months[0]), str(count.months[-1])
    about = partial(FirstAnswers, promised=count.rules.sla_seconds, months=months_told)
    if not tables.has("mentions"):
        return about(reason="table `mentions`")
    if not tables.has_column("mentions", "first_reply_at"):
        return about(reason="column `first_reply_at` of `mentions`")
    by_platform = tables.has_column("mentions", "platform")
    cases = _cases(count, by_platform)
    timed = {name: rows[:, rows[0] >= 0] for name, rows in cases.items()}
    sizes = {name: int(rows[2].sum()) for name, rows in timed.items()}
    whole = sum(sizes.values())
    untimed = sum(int(rows[2].sum()) for rows in cases.values()) - whole
    if not whole:
        return about(untimed=untimed, reason="no opening mention in the period whose time is known")
    groups = [_waits({}, np.concatenate(list(timed.values()), axis=1), count.rules.sla_seconds)]
    shown = sorted((name for name in sizes if sizes[name] and by_platform), key=lambda name: (-sizes[name], name))
    shown = shown[:MOST_PLATFORMS] if len(shown) > 1 else []
    groups += [_waits({"platform": name}, timed[name], count.rules.sla_seconds) for name in shown]
    others = whole - sum(sizes[name] for name in shown) if shown else 0
    return about(groups=tuple(groups), untimed=untimed, others=others)


def still_waiting(found: Incidence, seconds: Sequence[int], level: float = LEVEL) -> list[tuple[float, float, float]]:
    """Share still without the event at each time, with its interval on the scale log(-log(share)).

    Parameters
    ----------
    found : Incidence
    seconds : sequence of int
        In the unit of its times.
    level : float

    Returns
    -------
    list of (float, float, float)
        Share, low and high, 0 to 1; before the first event nothing is known of the spread, and all three are 1.

    Examples
    --------
    Two of four answered after 1 and 2 minutes, two never: Greenwood's error of the half that waits is 0.25.

    >>> curve = aalen_johansen([1, 2, 9], [1, 1, 2], [1, 1, 0])
    >>> [[round(float(end), 3) for end in point] for point in still_waiting(curve, [0, 2])]
    [[1.0, 1.0, 1.0], [0.5, 0.058, 0.845]]
    """
    from scipy.stats import norm

    reach = float(norm.ppf((1.0 + level) / 2))
    rows: list[tuple[float, float, float]] = []
    for place in np.searchsorted(found.times, seconds, side="right") - 1:
        share = 1.0 if place < 0 else float(1.0 - found.incidence[place])
        if not 1e-12 < share < 1.0 - 1e-12:
            share = float(round(share))
            rows.append((share, share, share))
            continue
        around = np.exp(np.array([1.0, -1.0]) * reach * found.se[place] / (share * -np.log(share)))
        low, high = share**around
        rows.append((share, float(min(low, share)), float(max(high, share))))
    return rows


def _cases(count: Counter, by_platform: bool) -> dict[str, NDArray[np.float64]]:
    """Seconds, ending and number of the cases of each platform, shape (3, m); -1 second where a time is a fault."""
    between, until = count.engine.dialect.seconds_between, instant(count.known_until)
    where = f"coalesce(platform, '{UNKNOWN}')" if by_platform else "''"
    wait = between(MENTIONS.began, f"coalesce({MENTIONS.ended}, {until})")
    dated = count.dated("*", MENTIONS.table, MENTIONS.began, MENTIONS.where)
    found = count.engine.query(
        f"select platform_, case when wait >= 0 then wait else -1 end as seconds, ending, count(*) as n from "
        f"(select {where} as platform_, {wait} as wait, {MENTIONS.ending} as ending from ({dated}) as began) as waited "
        "group by 1, 2, 3 order by 1, 2, 3"
    )
    names = np.array(found.column("platform_").to_pylist(), dtype=object)
    numbers = np.array([found.column(name).to_numpy().astype(np.float64) for name in ("seconds", "ending", "n")])
    return {str(name): numbers[:, names == name] for name in dict.fromkeys(names)}


def _waits(segment: Mapping[str, str], cases: NDArray[np.float64], promised: int) -> Waits:
    seconds, ending, n = cases
    answered, still = np.isin(ending, ANSWERED), ending == OPEN
    found = aalen_johansen(seconds, n.astype(np.int64), np.where(answered, 1, np.where(still, 0, 2)))
    times = [at for at in sorted({*TIMES, promised}) if at <= seconds.max()]
    waiting = [int(n[seconds > at].sum()) for at in times]
    shares = still_waiting(found, times)
    median = found.quantile(0.5)
    low, high = found.quantile_interval(0.5) if median is not None else (None, None)
    return Waits(
        segment=segment,
        mentions=int(n.sum()),
        answered=int(n[answered].sum()),
        closed=int(n[~answered & ~still].sum()),
        open=int(n[still].sum()),
        median=median,
        median_low=low,
        median_high=high,
        curve=tuple(Still(at, *share, left) for at, share, left in zip(times, shares, waiting, strict=True)),
    )
