"""The parts of a ratio: both numbers of each, by month, and together exactly those of the figure itself."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.foundation.calendar import Period
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Rules
from analysis.metrics.made_of import as_plain, made_of, parted

Q3 = Period.of("2026q3", "UTC").months()
MENTIONS = pd.DataFrame(
    [
        # posted, platform, product, kind, first reply, resolved, by
        ("2026-07-03T10:00Z", "x", "tv", "complaint", "2026-07-03T10:20Z", "2026-07-04T10:00Z", "us"),
        ("2026-07-04T10:00Z", "x", None, "positive", "2026-08-04T10:00Z", None, None),
        ("2026-07-05T10:00Z", "web", "tv", "complaint", None, None, None),
        ("2026-08-01T10:00Z", "web", "tv", "positive", "2026-08-01T10:30Z", "2026-09-01T10:00Z", "us"),
        ("2026-08-02T10:00Z", "x", "mobile", "inquiry", "2026-08-02T14:00Z", None, None),
        ("2026-09-02T10:00Z", "x", "mobile", "complaint", None, "2026-09-03T10:00Z", "community"),
    ],
    columns=["posted_at", "platform", "product", "kind", "first_reply_at", "resolved_at", "resolved_by"],
).assign(mention_id=lambda frame: [f"m{n}" for n in range(len(frame))])
ISSUES = pd.DataFrame(
    [
        ("2026-07-03T10:00Z", "2026-07-05T10:00Z", None, "social", "tv"),
        ("2026-07-04T10:00Z", "2026-08-05T10:00Z", "2026-08-20T10:00Z", "social", None),
        ("2026-07-05T10:00Z", None, None, "phone", "tv"),
        ("2026-08-05T10:00Z", "2026-09-25T10:00Z", "2026-08-20T10:00Z", "phone", "mobile"),
        ("2026-08-06T10:00Z", "2026-08-07T10:00Z", None, "phone", "mobile"),
    ],
    columns=["opened_at", "closed_at", "reopened_at", "channel", "product"],
).assign(issue_id=lambda frame: [f"i{n}" for n in range(len(frame))], customer_id="c1")
ORDERS = pd.DataFrame(
    {"order_id": ["o1", "o2", "o3"], "customer_id": "c1", "product": ["tv", "tv", "mobile"], "currency": "EUR",
     "ordered_at": ["2026-07-01T10:00Z", "2026-07-02T10:00Z", "2026-08-01T10:00Z"],
     "revenue": ["10.10", "0.20", "7.00"]}
)  # fmt: skip


@pytest.fixture
def parts(opened):
    """The parts of everything, as results hold them, and the figures."""
    tables = opened(mentions=MENTIONS, issues=ISSUES, orders=ORDERS)
    rules = Rules(sla_seconds=3600)
    figures = care_metrics(tables, months=Q3, zone="UTC", rules=rules).metrics
    return as_plain(made_of(tables, figures, months=Q3, zone="UTC", rules=rules)), figures


def test_by_eye(parts):
    found, _ = parts
    assert found["response_rate"]["post"]["platform"] == {
        "2026-07": {"web": [0, 1], "x": [2, 2]},
        "2026-08": {"web": [1, 1], "x": [1, 1]},
        "2026-09": {"x": [0, 1]},
    }
    assert found["response_rate"]["action"]["platform"]["2026-08"] == {"web": [1, 1], "x": [2, 1]}
    assert found["response_rate"]["post"]["product"]["2026-07"] == {"tv": [1, 2], "unknown": [1, 1]}
    assert found["resolved_by_us_share"]["post"]["platform"]["2026-08"] == {"web": [1, 1], "x": [0, 1]}
    assert found["complaints_per_positive"]["action"]["platform"]["2026-07"] == {"web": [1, 0], "x": [1, 1]}
    assert found["sla_attainment"]["post"]["platform"]["2026-08"] == {"web": [1, 1], "x": [0, 1]}
    assert found["resolution_rate"]["post"]["channel"]["2026-07"] == {"phone": [0, 1], "social": [1, 2]}
    assert found["reopen_rate"]["post"]["channel"]["2026-08"] == {"phone": [1, 2], "social": [1, 1]}
    assert found["average_order_value"]["action"]["product"]["2026-07"] == {"tv": [10.3, 2]}


def test_every_ratio_is_parted_and_its_parts_are_the_whole(parts):
    found, figures = parts
    wholes = {(row.id, row.basis, row.period): row for row in figures if not row.segment}
    for name, basis, column in parted():
        months = found[name][basis][column]
        assert months, (name, basis, column)
        for month, cells in months.items():
            whole = wholes[name, basis, month]
            assert sum(above for above, _ in cells.values()) == pytest.approx(whole.numerator, abs=1e-9)
            assert sum(below for _, below in cells.values()) == whole.denominator


def test_a_month_without_a_figure_or_a_column_that_is_not_there_has_no_parts(opened):
    tables = opened(mentions=MENTIONS.drop(columns="platform").assign(platform="x").drop(columns="product"))
    figures = care_metrics(tables, months=Q3, zone="UTC").metrics
    found = as_plain(made_of(tables, figures, months=Q3, zone="UTC"))
    assert set(found["response_rate"]["post"]) == {"platform"}
    assert "resolution_rate" not in found
    assert list(found["complaints_per_positive"]["action"]["platform"]) == ["2026-07", "2026-08"], (
        "no praise in September"
    )


def test_parts_that_are_not_the_whole_are_not_given(opened):
    tables = opened(mentions=MENTIONS)
    figures = list(care_metrics(tables, months=Q3, zone="UTC", only=["response_rate"]).metrics)
    wrong = [
        row.__class__(**{**{name: getattr(row, name) for name in row.__slots__}, "numerator": 99}) for row in figures
    ]
    assert made_of(tables, wrong, months=Q3, zone="UTC") == ()
