"""Who speaks of the company, how much next to others, and in what tone? From public mentions.

The kind of a mention is the source's own judgement or a classifier's; its errors are in the tone. How often we were
spoken to and whether we answered is left to `mentions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter, nothing_of, number_of
from analysis.metrics.figure import Metric, figure, ratio

_TONES = ", ".join((
    number_of("kind = 'positive'", "positives"),
    number_of("kind = 'complaint'", "complaints"),
    number_of("kind is null", "unjudged"),
    "count(*) as mentions",
))  # fmt: skip


def _unique_authors(count: Counter, entry: Definition) -> Iterable[Metric]:
    select = "count(distinct author_id) as authors, count(author_id) as named, count(*) as mentions"
    by_month = count.query(f"local_month, {select}", "mentions", "posted_at", also="group by 1 order by 1")
    found = {row["local_month"]: row for row in by_month}
    (found[None],) = count.query(select, "mentions", "posted_at")
    for month, period in count.periods():
        if month in count.outside("mentions", "posted_at"):
            yield figure(entry, period, value=None, reason=nothing_of("mentions"))
            continue
        row = found.get(month, {"authors": 0, "named": 0, "mentions": 0})
        lost = row["mentions"] - row["named"]
        note = f"{lost:,} of {row['mentions']:,} mentions name no author" if lost else None
        yield figure(entry, period, value=row["authors"], numerator=row["authors"], note=note)


def _share_of_voice(count: Counter, entry: Definition) -> Iterable[Metric]:
    found = count.by_month("count(*) as n", "mentions", "posted_at", "brand", "brand is not null")
    unknown = count.by_month("count(*) as n", "mentions", "posted_at", where="brand is null")
    brands = sorted({brand for _, brand in found})
    for month, period in count.periods():
        if not brands or month in count.outside("mentions", "posted_at"):
            reason = nothing_of("mentions") if brands else "no mention of the period names a brand"
            yield figure(entry, period, value=None, reason=reason)
            continue
        counts = {brand: int(found.get((month, brand), {"n": 0})["n"]) for brand in brands}
        lost = unknown.get((month, None), {"n": 0})["n"]
        note = f"{lost:,} more mentions name no brand" if lost else None
        for brand, n in counts.items():
            none = "no mention of the period names a brand"
            row = ratio(entry, period, n, sum(counts.values()), none, segment={"brand": str(brand)})
            yield replace(row, note=note)


def _net_sentiment(count: Counter, entry: Definition) -> Iterable[Metric]:
    found = count.by_month(_TONES, "mentions", "posted_at")
    for month, period in count.periods():
        row = found.get((month, None), dict.fromkeys(("positives", "complaints", "unjudged", "mentions"), 0))
        good, bad, unjudged = (int(row[name] or 0) for name in ("positives", "complaints", "unjudged"))
        note = f"{unjudged:,} of {row['mentions']:,} mentions have no kind" if unjudged else None
        none = "neither praise nor complaint in the period"
        yield replace(ratio(entry, period, good - bad, good + bad, none), note=note)


COUNTS: Mapping[str, Count] = {
    "unique_authors": _unique_authors,
    "share_of_voice": _share_of_voice,
    "net_sentiment": _net_sentiment,
}
