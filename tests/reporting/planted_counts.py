"""Small made-up counts for the charts of products, praise, waiting and what is left standing: shapes, not truths."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from analysis.metrics.first_answers import FirstAnswers, Still, Waits
from analysis.metrics.praise import Praise
from tests.reporting import conftest as made

COUNTS = {"product": {"mobile": 28, "broadband": 24, "unknown": 2}, "platform": {"x": 33, "facebook": 21}}
COMPLAINTS = (20, 22, 30, 18)
POSITIVES = (25, 24, 21, 18)
SIDES = {"product": {"mobile": (12, 14), "tv": (9, 5), "unknown": (0, 3)}, "platform": {"x": (15, 11), "y": (6, 11)}}


def metrics(*, open_issues: bool = True) -> Any:
    """Four months, the last of them provisional; by hand 60 of 200 mentions were resolved."""
    months = made.MONTHS[:4]
    rows = []
    for place, month in enumerate(months):
        state = "provisional" if place == len(months) - 1 else "locked"
        more = {"state": state}
        rows.append(made.metric("mentions", month, 50, numerator=50, **more))
        rows.append(made.metric("resolved_by_us", month, 15, numerator=15, **more))
        if open_issues:
            rows.append(made.metric("backlog", month, 40 + 10 * place, unit="issues", basis="snapshot", **more))
        above, below = COMPLAINTS[place], POSITIVES[place]
        rows.append(
            made.metric("complaints_per_positive", month, above / below, numerator=above, denominator=below,
                        unit="ratio", **more)
        )  # fmt: skip
        for by, counts in COUNTS.items():
            rows += [
                made.metric(f"mentions_by_{by}", month, n, numerator=n, segment={by: name}, **more)
                for name, n in counts.items()
            ]
    missing = {} if open_issues else {"backlog": "table `issues`"}
    return SimpleNamespace(metrics=tuple(rows), missing=missing, praise=praise(), first_answers=waits())


def praise() -> Praise:
    return Praise(
        tuple(
            made.metric("complaints_per_positive", "2025-07/2025-10", above / below, numerator=above,
                        denominator=below, unit="ratio", segment={by: name})
            for by, sides in SIDES.items()
            for name, (above, below) in sides.items()
        )
    )  # fmt: skip


def group(platform: str | None = None, *, slower: float = 0.0, median: float | None = 2400.0) -> Waits:
    curve = [(60, 0.9), (600, 0.7), (3600, 0.4), (21_600, 0.2), (86_400, 0.15)]
    points = tuple(
        Still(
            at, share + slower, share + slower - 0.03, min(share + slower + 0.03, 1.0), round(1000 * (share + slower))
        )
        for at, share in curve
    )
    return Waits(segment={} if platform is None else {"platform": platform}, mentions=1000, answered=840, closed=10,
                 open=150, median=median, median_low=None if median is None else 2200.0,
                 median_high=None if median is None else 2700.0, curve=points)  # fmt: skip


def waits(**more: Any) -> FirstAnswers:
    """A curve of all, and one of each of two platforms, the second slower by five points."""
    groups = (group(), group("x"), group("facebook", slower=0.05))
    return FirstAnswers(**{"groups": groups, "promised": 3600, "months": ("2025-07", "2025-10"), **more})
