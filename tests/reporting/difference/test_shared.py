"""Two studies that share customers: the standard error of their difference is safe where it was measured."""

from __future__ import annotations

import json
import math
from dataclasses import astuple
from pathlib import Path

import pytest

from analysis.reporting.difference.shared import MARGIN, shared_months, spread

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "shared_customers" / "figures.json").read_text())
EFFECT = {
    "design": "before_after", "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
    "outcome": "orders", "scale": "ratio", "segment": {}, "bounded": True,
}  # fmt: skip


def row(first: int, last: int) -> dict[str, object]:
    """An effect with index months counted from January 2023."""
    months = [f"{2023 + month // 12}-{month % 12 + 1:02d}" for month in (first, last)]
    return {**EFFECT, "index_from": months[0], "index_to": months[1]}


@pytest.mark.parametrize(
    "pair", GOLDEN["rows"], ids=lambda pair: f"{pair['world']} {pair['outcome']} {pair['one']} {pair['other']}"
)
def test_the_rule_is_wide_enough_where_it_was_measured(pair):
    """Of 600 and 300 companies: the error that is taken is no less than the spread that was seen."""
    found = spread(row(*pair["one"]), row(*pair["other"]), (pair["se_one"], pair["se_other"]))
    assert found.shared == pytest.approx(pair["shared"], abs=1e-6)
    assert found.taken >= pair["sd_of_change"] / (1 + 2 / math.sqrt(2 * pair["companies"]))
    assert found.least <= found.taken <= found.most
    assert found.taken <= 0.82 * found.most, "and narrower than what allows for everything"
    assert pair["coverage"] >= 0.95
    assert -0.18 <= pair["correlation"] - pair["shared"] <= 0.13, "as the module says"


def test_by_hand():
    """Index months 1 to 6 and 4 to 9: three in common of six each, 0.5; the correlation is taken as 0.2. With errors 3
    and 4 the variance of the change is 9 + 16 - 2 * 0.2 * 12 = 20.2.
    """
    found = spread(row(1, 6), row(4, 9), (3.0, 4.0))
    assert (found.shared, found.correlation) == pytest.approx((0.5, 0.2))
    assert (found.least, found.taken, found.most) == pytest.approx((1.0, math.sqrt(20.2), 7.0))
    apart = spread(row(1, 6), row(7, 12), (3.0, 4.0))
    assert (apart.shared, apart.correlation) == (0.0, -MARGIN)


@pytest.mark.parametrize(
    "other",
    [
        {"estimand": "service_effect"}, {"index_from": None}, {"index_to": "soon"}, {"design": "own"},
        {"comparison": "nobody"}, {"segment": {"region": "north"}}, {"bounded": False}, {"index_from": "2030-01"},
    ],
)  # fmt: skip
def test_what_was_not_measured_is_judged_by_the_worst(other):
    now = {**row(4, 9), **other}
    assert shared_months(row(1, 6), now) is None
    found = spread(row(1, 6), now, (3.0, 4.0))
    assert (found.taken, found.correlation) == (7.0, None)


def test_the_sides_may_be_changed_over():
    one, other = spread(row(0, 20), row(3, 23), (0.02, 0.03)), spread(row(3, 23), row(0, 20), (0.03, 0.02))
    assert astuple(one) == pytest.approx(astuple(other), rel=1e-12), "rounding apart"
