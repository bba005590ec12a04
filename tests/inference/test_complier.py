"""Effects on those whom an invitation moved: other packages, coverage, weak invitations, and what is refused."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.complier import Complier, complier_effect, complier_effect_by_cluster
from analysis.inference.few_clusters import Clusters
from analysis.inference.moments import Moments

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/complier/reference.json").read_text())


def of_rows(rows: dict, level: float = 0.95) -> Complier:
    table = np.column_stack([rows["orders"], rows["used"]])
    invited = np.array(rows["invited"]) == 1
    one, other = (Moments.from_rows(("orders", "used"), table[which].tolist()) for which in (invited, ~invited))
    return complier_effect(one, other, "orders", "used", unit="orders per customer", level=level)


def test_by_hand() -> None:
    """Of 100 invited 60 used it and bought 2, the rest 1; of 100 others nobody did, and all bought 1 or 2 (mean 1.2).

    Differences: 1.6 − 1.2 = 0.4 orders and 0.6 of uptake; so 0.4 / 0.6 for each moved.
    """
    one = Moments.from_rows(("orders", "used"), [[2, 1]] * 60 + [[1, 0]] * 40)
    other = Moments.from_rows(("orders", "used"), [[2, 0]] * 20 + [[1, 0]] * 80)
    found = complier_effect(one, other, "orders", "used", unit="orders per customer")
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx(2 / 3)
    assert found.first_stage_f == pytest.approx(0.36 / (0.24 / 99))
    assert found.estimate.value in found.anderson_rubin


@pytest.mark.parametrize("case", range(3))
def test_others_say_the_same(case: int) -> None:
    held = GOLDEN["cases"][case]
    found = of_rows(held["rows"])
    assert found.first_stage_f == pytest.approx(held["first_stage_f"], rel=1e-9)
    value = found.intention_to_treat.value / found.first_stage.value
    assert value == pytest.approx(held["value"], rel=1e-9)
    ends = [end for end in (found.anderson_rubin.low, found.anderson_rubin.high) if math.isfinite(end)]
    assert ends == pytest.approx(held["anderson_rubin"], rel=1e-9)
    if found.estimate is None:
        assert held["first_stage_f"] < 10
        assert "moved too few" in str(found.reason)
    else:
        assert found.estimate.se == pytest.approx(held["se"], rel=1e-9)
        assert (found.estimate.low, found.estimate.high) == pytest.approx(tuple(ends))


def test_the_cases_hold_strong_and_weak_invitations() -> None:
    kinds = {
        (of_rows(held["rows"]).estimate is not None, of_rows(held["rows"]).anderson_rubin.kind)
        for held in GOLDEN["cases"]
    }
    assert (True, "interval") in kinds
    assert any(not told for told, _ in kinds)


def test_a_set_without_ends_is_told_as_one() -> None:
    """At 99.99 % an invitation with F above 10 may leave a set without ends: the estimate says so."""
    used = [1] * 120 + [0] * 80 + [1] * 84 + [0] * 116
    rows = {"invited": [1] * 200 + [0] * 200, "used": used, "orders": [u + at % 3 for at, u in enumerate(used)]}
    found = of_rows(rows, level=0.9999)
    assert 10 <= found.first_stage_f < 15
    assert found.estimate is not None
    assert not found.anderson_rubin.bounded
    assert (found.estimate.low, found.estimate.high) == (-math.inf, math.inf)


def test_an_invitation_that_keeps_away_has_nobody_to_speak_of() -> None:
    rows = {
        "invited": [1] * 100 + [0] * 100,
        "used": [0] * 80 + [1] * 20 + [1] * 80 + [0] * 20,
        "orders": [place % 3 for place in range(200)],
    }
    found = of_rows(rows)
    assert found.estimate is None
    assert "less often" in str(found)


def test_nobody_moved_at_all() -> None:
    one = Moments.from_rows(("orders", "used"), [[1, 0], [2, 0]] * 10)
    with pytest.raises(DesignError, match="invitation moved nobody"):
        complier_effect(one, one, "orders", "used", unit="orders per customer")


def test_perfect_uptake_is_the_difference_itself() -> None:
    one = Moments.from_rows(("orders", "used"), [[place % 4, 1] for place in range(100)])
    other = Moments.from_rows(("orders", "used"), [[place % 3, 0] for place in range(99)])
    found = complier_effect(one, other, "orders", "used", unit="orders per customer")
    assert found.estimate is not None
    assert found.first_stage_f == math.inf
    assert (found.estimate.low, found.estimate.high) == pytest.approx(
        (found.intention_to_treat.low, found.intention_to_treat.high), rel=1e-9
    )


def test_coverage_with_a_first_stage_of_ten_and_more() -> None:
    """2,000 experiments of 400 customers an arm, uptake 20 % against 50 %, always-takers 1 above others, the effect on
    those moved is 0.6. 95 % ± 2.58 Monte Carlo errors is 93.7 to 96.3 %.
    """
    rng = np.random.default_rng(11)
    worlds, n, effect = 2000, 400, 0.6
    kind = rng.random((2, worlds, n))
    used = [(kind[0] < 0.5).astype(float), (kind[1] < 0.2).astype(float)]
    base = rng.normal(0, 1, (2, worlds, n)) + (kind < 0.2) - (kind > 0.7)
    held = told = 0
    sums = [
        (y.sum(1), d.sum(1), (y * y).sum(1), (y * d).sum(1), d.sum(1))
        for y, d in ((base[arm] + effect * used[arm], used[arm]) for arm in (0, 1))
    ]
    for world in range(worlds):
        one, other = (
            Moments(
                ("y", "d"),
                n,
                (_decimal(s[0][world]), _decimal(s[1][world])),
                tuple(_decimal(part[world]) for part in s[2:]),
            )
            for s in sums
        )
        found = complier_effect(one, other, "y", "d", unit="units")
        if found.estimate is not None:
            told += 1
            held += found.estimate.low <= effect <= found.estimate.high
    assert told == worlds
    assert 0.937 <= held / told <= 0.963


def test_invited_clusters_have_the_clusters_error() -> None:
    """400 experiments with 24 clusters: the set holds the effect about as often as it says; customer by customer it
    would not."""
    rng = np.random.default_rng(4)
    held = alone = 0
    for _ in range(400):
        parts, moments = [], []
        for arm in (1, 0):
            cluster = np.repeat(np.arange(12), rng.integers(15, 45, 12))
            used = (rng.random(len(cluster)) < 0.15 + 0.5 * arm).astype(float)
            y = 0.4 * used + rng.normal(0, 0.35, 12)[cluster] + rng.normal(size=len(cluster))
            parts.append(Clusters.from_rows(("y", "d"), cluster, np.column_stack([y, used])))
            sums = [_decimal(part.sum()) for part in (y, used, y * y, y * used, used)]
            moments.append(Moments(("y", "d"), len(y), tuple(sums[:2]), tuple(sums[2:])))
        held += 0.4 in complier_effect_by_cluster(*parts, "y", "d", unit="units").anderson_rubin
        alone += 0.4 in complier_effect(*moments, "y", "d", unit="units").anderson_rubin
    assert 0.92 <= held / 400 <= 0.98
    assert alone / 400 < 0.85


def _decimal(value: float) -> Decimal:
    return Decimal(repr(float(value)))
