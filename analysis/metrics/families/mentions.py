"""How often were we spoken to, about what, did we answer, and what did we resolve? The counts of public mentions.

How long an answer took is left to `times`, what came of the chances to sell or to keep, to `chances`. A mention without
a kind is counted as `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter, counted, nothing_of, number_of
from analysis.metrics.families import chances
from analysis.metrics.figure import Metric, figure, ratio

OPENING = "in_reply_to is null and coalesce(actionable, true)"
"""A mention that begins a conversation and is not marked as needing no answer."""
MENTION_SUMS = ", ".join((
    "count(*) as mentions",
    number_of("kind = 'complaint'", "complaints"),
    number_of("kind = 'positive'", "positives"),
    number_of(OPENING, "opening"),
    number_of(f"{OPENING} and first_reply_at is not null", "answered"),
    number_of("resolved_at is not null and resolved_by = 'us'", "resolved"),
))  # fmt: skip
"""What is counted of the mentions posted in a month, in one scan."""


def _posted(count: Counter, month: int | None, name: str) -> int:
    """One of the sums over the mentions posted in a month, all from one scan."""
    found = count.once("mentions posted", lambda: count.by_month(MENTION_SUMS, "mentions", "posted_at"))
    return int(found.get((month, None), {}).get(name) or 0)


def _happened(count: Counter, time: str, where: str) -> dict[int | None, int]:
    """How often something happened to mentions in each month, whenever they were posted."""
    found = count.by_month("count(*) as n", "mentions", time, where=where)
    return {month: int(row["n"]) for (month, _), row in found.items()}


def _resolved_in(count: Counter) -> dict[int | None, int]:
    return count.once("mentions resolved", lambda: _happened(count, "resolved_at", "resolved_by = 'us'"))


def _complaints_per_positive(count: Counter, entry: Definition) -> Iterable[Metric]:
    for month, period in count.periods():
        none = "no positive mention in the period"
        yield ratio(entry, period, _posted(count, month, "complaints"), _posted(count, month, "positives"), none)


def _response_rate(count: Counter, entry: Definition) -> Iterable[Metric]:
    given = _happened(count, "first_reply_at", OPENING)
    for month, period in count.periods():
        opening, none = _posted(count, month, "opening"), "no opening mention in the period"
        yield ratio(entry, period, given.get(month, 0), opening, none, basis="action")
        yield ratio(entry, period, _posted(count, month, "answered"), opening, none, basis="post")


def _resolved_by_us(count: Counter, entry: Definition) -> Iterable[Metric]:
    resolved = _resolved_in(count)
    empty = count.outside("mentions", "posted_at") & count.outside("mentions", "resolved_at")
    for month, period in count.periods():
        if month in empty:
            yield figure(entry, period, value=None, reason=nothing_of("mentions"))
            continue
        n = resolved.get(month, 0)
        yield figure(entry, period, value=n, numerator=n)


def _resolved_by_us_share(count: Counter, entry: Definition) -> Iterable[Metric]:
    resolved = _resolved_in(count)
    for month, period in count.periods():
        mentions, none = _posted(count, month, "mentions"), "no mention in the period"
        yield ratio(entry, period, resolved.get(month, 0), mentions, none, basis="action")
        yield ratio(entry, period, _posted(count, month, "resolved"), mentions, none, basis="post")


COUNTS: Mapping[str, Count] = {
    "mentions": counted("mentions", "posted_at"),
    "mentions_by_kind": counted("mentions", "posted_at"),
    "mentions_by_product": counted("mentions", "posted_at"),
    "mentions_by_platform": counted("mentions", "posted_at"),
    "complaints_per_positive": _complaints_per_positive,
    "response_rate": _response_rate,
    "resolved_by_us": _resolved_by_us,
    "resolved_by_us_share": _resolved_by_us_share,
    **chances.COUNTS,
}
