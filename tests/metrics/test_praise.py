"""Complaints for each positive mention by product and platform: by hand, beside the months, and its gaps."""

from __future__ import annotations

import pandas as pd

from analysis.foundation.calendar import Period
from analysis.metrics.compute import care_metrics
from analysis.metrics.praise import METRIC, praise

Q3 = Period.of("2026q3", "UTC").months()


def mentions(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(
        [{"mention_id": f"m{n}", "posted_at": f"2026-{month:02d}-05T10:00:00", "platform": platform, "product": product,
          "kind": kind} for n, (month, platform, product, kind) in enumerate(rows)]
    )  # fmt: skip


ROWS = [
    (7, "x", "tv", "complaint"), (8, "x", "tv", "complaint"), (9, "x", "tv", "positive"),
    (7, "y", "mobile", "positive"), (7, "y", None, "positive"), (7, "y", "phone", "inquiry"),
    (6, "x", "tv", "complaint"),
]  # fmt: skip


def test_by_hand(opened):
    """Of three complaints about tv one lies before the period: 2 to 1; mobile 0 to 1; without a product 0 to 1."""
    found = praise(opened(mentions=mentions(*ROWS)), months=Q3, zone="UTC")
    rows = {next(iter(row.segment.items())): (row.numerator, row.denominator, row.value) for row in found.metrics}
    assert rows == {
        ("product", "mobile"): (0, 1, 0.0), ("product", "tv"): (2, 1, 2.0), ("product", "unknown"): (0, 1, 0.0),
        ("platform", "x"): (2, 1, 2.0), ("platform", "y"): (0, 2, 0.0),
    }  # fmt: skip
    assert {row.period for row in found.metrics} == {"2026q3"}
    assert list(found.to_frame()["complaints"]) == [0, 2, 0, 2, 0]


def test_parts_add_up_to_the_figure_of_the_period(opened):
    tables = opened(mentions=mentions(*ROWS))
    (whole,) = care_metrics(tables, months=Q3, zone="UTC", only=[METRIC]).of(METRIC, whole=True)
    found = praise(tables, months=Q3, zone="UTC")
    for by in ("product", "platform"):
        mine = [row for row in found.metrics if by in row.segment]
        assert sum(row.numerator for row in mine) == whole.numerator
        assert sum(row.denominator for row in mine) == whole.denominator


def test_without_a_positive_mention_there_is_no_ratio(opened):
    found = praise(opened(mentions=mentions((7, "x", "tv", "complaint"))), months=Q3, zone="UTC")
    assert [(row.value, row.reason) for row in found.metrics] == [(None, "no positive mention in the period")] * 2


def test_without_kinds_or_products_there_are_no_such_rows(opened):
    frame = mentions(*ROWS)
    assert praise(opened(mentions=frame.drop(columns="kind")), months=Q3, zone="UTC").metrics == ()
    only = praise(opened(mentions=frame.drop(columns="product")), months=Q3, zone="UTC")
    assert {key for row in only.metrics for key in row.segment} == {"platform"}
