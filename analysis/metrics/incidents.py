"""On which days did far more mentions come than usual, whom did it touch, and what explains it?

Daily counts, in all and by product, go to `analysis.inference.spikes`, whose page says how an episode is found; the
facts beside each come from `incident_facts`. Days before the months asked for, up to two years, say what is usual; days
after them are not looked at, so that a closed month stays as it was.

Nothing is reported twice. Where one product carries half or more of what an episode of the total has above expected,
the product's episode stands and the total's does not; otherwise the total's stands, with the products that stand out on
its days named in it and not again. The chance of a false episode is shared: half to the total, half to the products.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.spikes import Episode, Excess, Spikes, spikes
from analysis.inference.suppression import FEWEST
from analysis.metrics.incident_facts import Change, Daily, Impact, change_log, daily_counts, explanation, impact

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

ALL = "all"
FALSE_PER_YEAR = 1.0
HISTORY = timedelta(days=730)
MOST_PRODUCTS = 50
CARRIES = 0.5
"""The share of an episode's mentions above expected from which on it is one product's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An episode of days with more mentions than usual.

    `product` is None for one of the total, `products` those that stand out in it; `open_ended` says that it was still
    going on when the days end. `explained_by` is None where the change log has no entry for it.
    """

    first: date
    last: date
    product: str | None
    products: tuple[str, ...]
    mentions: Excess
    impact: Impact
    explained_by: Change | None
    open_ended: bool

    @property
    def explanation(self) -> str:
        """Why it happened, in words: what the change log says, or "unexplained"."""
        if self.explained_by is None:
            return "unexplained"
        late = " (written afterwards)" if self.explained_by.written == "afterwards" else ""
        return f"{self.explained_by.kind}: {self.explained_by.description}{late}"

    def to_dict(self) -> dict[str, Any]:
        """The incident as plain values; a figure that cannot be given is None, its reason under `reasons`."""
        issues, cost = self.impact.issues, self.impact.cost or (None, None, None)
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "product": self.product or ALL,
            "products": list(self.products),
            "mentions": self.mentions.observed,
            "expected": self.mentions.expected,
            "above": self.mentions.above,
            "low": self.mentions.low,
            "high": self.mentions.high,
            "level": self.mentions.level,
            "customers": self.impact.customers,
            "authors": self.impact.authors,
            "issues_above": issues.above if issues else None,
            "issues_low": issues.low if issues else None,
            "issues_high": issues.high if issues else None,
            "cost": cost[0],
            "cost_low": cost[1],
            "cost_high": cost[2],
            "currency": self.impact.currency,
            "cost_source": self.impact.cost_source,
            "explained_by": self.explained_by.to_dict() if self.explained_by else None,
            "explanation": self.explanation,
            "open_ended": self.open_ended,
            "reasons": dict(sorted(self.impact.reasons.items())),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentsResult:
    """The incidents of some months, the daily counts behind them, and what a reader should know.

    Parameters
    ----------
    incidents : tuple of Incident
        By first day, then product.
    daily : DataFrame
        One row a day of the months that the mentions speak of: `day`, `observed`, `expected`, `low`, `high` (95 % of
        ordinary days; empty where nothing is known of what is usual) and `flagged` (a day of an incident).
    notes : tuple of str
    missing : mapping
        What could not be said, and what is missing for it.
    reason : str, optional
        Why no incidents could be looked for at all.
    """

    incidents: tuple[Incident, ...]
    daily: pd.DataFrame
    notes: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {"incidents": [incident.to_dict() for incident in self.incidents]}

    def to_frame(self) -> pd.DataFrame:
        """One row an incident; the change-log entry in words."""
        rows = [incident.to_dict() for incident in self.incidents]
        return pd.DataFrame(rows).drop(columns=["explained_by", "reasons"], errors="ignore")

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def incidents(
    tables: Tables,
    *,
    months: Sequence[Month],
    zone: str,
    fewest: int = FEWEST,
    false_per_year: float = FALSE_PER_YEAR,
) -> IncidentsResult:
    """Which days of these months stand out, and what is known of each?

    Parameters
    ----------
    tables : Tables
    months : sequence of Month
        Whole months, without gaps. An episode that began before them is given whole.
    zone : str
        Reporting time zone, in which days begin.
    fewest : int
        A smaller number of customers is not given.
    false_per_year : float
        Episodes a year that chance alone may bring, over the total and all products together.
    """
    first, last = months[0].first_day, months[-1].plus(1).first_day - timedelta(days=1)
    missing = _missing(tables)
    if not tables.has("mentions"):
        return IncidentsResult(incidents=(), daily=_no_days(), missing=missing, reason="table `mentions`")
    mentions = daily_counts(tables, "mentions", "posted_at", zone, first - HISTORY, last)
    if mentions is None or mentions.last < first:
        reason = "`mentions` holds nothing of these months"
        return IncidentsResult(incidents=(), daily=_no_days(), missing=missing, reason=reason)
    try:
        total, products = _found(mentions, false_per_year)
    except DesignError as error:
        return IncidentsResult(incidents=(), daily=_days(mentions, None, (), first), missing=missing, reason=str(error))
    issues = None
    if tables.has("issues"):
        issues = daily_counts(tables, "issues", "opened_at", zone, first - HISTORY, last)
    entries = change_log(tables)
    rows = []
    for product, standing_out, episode in _once(total, products):
        begin, end = (mentions.first + timedelta(days=place) for place in (episode.first, episode.last))
        if end < first:
            continue
        touched = standing_out if product is None else (product,)
        rows.append(
            Incident(
                first=begin,
                last=end,
                product=product,
                products=touched,
                mentions=episode.excess,
                impact=impact(tables, issues, product=product, first=begin, last=end, zone=zone, fewest=fewest),
                explained_by=explanation(
                    entries, touched=touched, products=_names(mentions), first=begin, last=end, zone=zone
                ),
                open_ended=episode.open_ended,
            )
        )
    rows.sort(key=lambda one: (one.first, one.product or "", one.last))
    return IncidentsResult(
        incidents=tuple(rows),
        daily=_days(mentions, total, rows, first),
        notes=_notes(total, _names(mentions), false_per_year, rows),
        missing=missing,
    )


def _missing(tables: Tables) -> Mapping[str, str]:
    needs = {
        "incidents": ("mentions", None),
        "products": ("mentions", "product"),
        "customers": ("mentions", "customer_id"),
        "authors": ("mentions", "author_id"),
        "issues": ("issues", None),
        "explanations": ("changes", None),
    }
    lacking = {
        what: f"table `{table}`" if not tables.has(table) else f"column `{column}` of `{table}`"
        for what, (table, column) in needs.items()
        if not tables.has(table) or (column is not None and not tables.has_column(table, column))
    }
    return MappingProxyType(lacking)


def _names(mentions: Daily) -> tuple[str, ...]:
    return tuple(sorted(product for product in mentions.counts if product is not None))


def _found(mentions: Daily, false_per_year: float) -> tuple[Spikes, dict[str, Spikes]]:
    """Episodes of the total, and of the products that people write about most; of a single product, the total's."""
    weekday = mentions.first.weekday()
    total = spikes(mentions.counts[None], weekday=weekday, false_per_year=false_per_year / 2)
    named = _looked_at(mentions)
    found = {
        name: spikes(mentions.counts[name], weekday=weekday, false_per_year=false_per_year / 2 / len(named))
        for name in named
    }
    return total, found


def _looked_at(mentions: Daily) -> list[str]:
    by_size = sorted(_names(mentions), key=lambda name: (-int(mentions.counts[name].sum()), name))[:MOST_PRODUCTS]
    alone = len(by_size) == 1 and np.array_equal(mentions.counts[by_size[0]], mentions.counts[None])
    return [] if alone else sorted(by_size)


def _once(total: Spikes, products: Mapping[str, Spikes]) -> list[tuple[str | None, tuple[str, ...], Episode]]:
    """Each incident once: the product's episode, or the total's with the products that stand out in it."""
    reported: list[tuple[str | None, tuple[str, ...], Episode]] = []
    folded: set[tuple[str, int]] = set()
    for whole in total.episodes:
        beside = [
            (name, episode)
            for name, found in products.items()
            for episode in found.episodes
            if episode.first <= whole.last and episode.last >= whole.first
        ]
        days = slice(whole.first, whole.last + 1)
        carried = {
            name: float((products[name].observed[days] - products[name].expected[days]).sum()) for name, _ in beside
        }
        if any(part >= CARRIES * whole.excess.above for part in carried.values()):
            continue
        reported.append((None, tuple(sorted(carried)), whole))
        folded |= {(name, episode.first) for name, episode in beside}
    for name, found in products.items():
        reported += [(name, (name,), one) for one in found.episodes if (name, one.first) not in folded]
    return reported


def _days(mentions: Daily, total: Spikes | None, rows: Sequence[Incident], first: date) -> pd.DataFrame:
    observed = mentions.counts[None]
    days = [mentions.first + timedelta(days=place) for place in range(len(observed))]
    flagged = np.zeros(len(days), dtype=bool)
    for row in rows:
        flagged[(row.first - mentions.first).days : (row.last - mentions.first).days + 1] = True
    nothing = np.full(len(days), np.nan)
    frame = pd.DataFrame(
        {
            "day": days,
            "observed": observed,
            "expected": total.expected if total else nothing,
            "low": total.low if total else nothing,
            "high": total.high if total else nothing,
            "flagged": flagged,
        }
    )
    return frame[[day >= first for day in days]].reset_index(drop=True)


def _no_days() -> pd.DataFrame:
    return pd.DataFrame(columns=["day", "observed", "expected", "low", "high", "flagged"])


def _notes(total: Spikes, names: Sequence[str], false_per_year: float, rows: Sequence[Incident]) -> tuple[str, ...]:
    notes = [
        "Expected: the running median of twelve weeks, times weekday factors; found without the days that stand out. "
        f"Chance alone brings about {false_per_year:g} false incident a year or fewer.",
        f"Ordinary days scatter by {total.noise:.0%} around what is expected, beyond chance.".replace("%", " %"),
    ]
    if not total.season_known:
        notes.append(
            "There are less than two years of mentions: a peak that returns every year cannot be told from an incident."
        )
    if len(names) > MOST_PRODUCTS:
        rest = len(names) - MOST_PRODUCTS
        notes.append(f"{MOST_PRODUCTS} products are looked at one by one; {rest:,} with fewer mentions are not.")
    if any(row.open_ended for row in rows):
        notes.append(
            "An incident that is still going on when the days end may be a new level: after six weeks it counts as one."
        )
    return tuple(notes)
