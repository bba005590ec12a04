"""False alarms on a user's own records: sound ways of analysing pass, forgotten clusters are caught."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.foundation.errors import DesignError
from analysis.foundation.provenance import canonical_json
from analysis.inference.adjusted import adjusted_difference
from analysis.inference.compare import difference_in_means
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments
from analysis.studies.planning.a_a import a_a
from analysis.studies.planning.divisions import Measures, fared, lots, p_of
from analysis.studies.planning.false_alarms import AAResult, FalseAlarms
from analysis.studies.planning.plan import PlanningPlan


def company_of(customers: int, seed: int, shops: int = 0, likeness: float = 0.0) -> dict[str, pd.DataFrame]:
    """Customers with skewed amounts over 40 days; with shops, what is bought differs between them."""
    rng = np.random.default_rng(seed)
    shop = np.arange(customers) % max(shops, 1)
    taste = rng.gamma(2.0, 0.5, customers) * np.exp(rng.normal(0, likeness, max(shops, 1)))[shop]
    owner = np.repeat(np.arange(customers), rng.poisson(3 * taste))
    when = pd.Timestamp("2026-01-01T00:00:00Z") + pd.to_timedelta(rng.uniform(0, 40 * 86_400, len(owner)), unit="s")
    orders = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(len(owner))],
            "customer_id": [f"c{n}" for n in owner],
            "ordered_at": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "revenue": rng.lognormal(3, 1, len(owner)).round(2),
            "currency": "EUR",
        }
    )
    people = pd.DataFrame(
        {"customer_id": [f"c{n}" for n in range(customers)], "joined_at": "2025-01-01T00:00:00Z", "shop": shop}
    )
    return {"orders": orders, "customers": people}


PLAN = PlanningPlan(
    outcomes=("orders", "revenue", "repurchased"),
    ratios={"order_value": ("revenue", "orders")},
    window_days=20,
    pre_days=19,
    windows=(),
)


def test_sound_analyses_raise_as_many_alarms_as_they_may(company) -> None:
    found = a_a(company(**company_of(1_500, 1)), PLAN, divisions=400, seed=3)
    assert len(found.rows) == 8
    for row in found.rows:
        assert abs(row.rate - 0.05) < 3.5 * row.monte_carlo_error
        assert 0.9 < row.error_ratio < 1.12
        assert row.check.verdict == "passed"
    assert found.of("orders").uniformity_p > 1e-4
    assert found.customers == 1_500


def test_forgotten_clusters_are_caught(company) -> None:
    """30 shops whose customers are alike, assigned whole: one by one, more than 15 % false alarms; by cluster, 5 %."""
    plan = PlanningPlan(
        outcomes=("orders",), ratios={"order_value": ("revenue", "orders")}, window_days=20, pre_days=19, windows=(),
        cluster="shop",
    )  # fmt: skip
    found = a_a(company(**company_of(1_500, 2, shops=30, likeness=0.4)), plan, divisions=300, seed=4)
    forgotten = found.of("orders", "clusters ignored")
    assert forgotten.rate > 0.15
    assert forgotten.too_many
    assert forgotten.error_ratio < 0.8
    assert forgotten.check.verdict == "failed"
    for estimator in ("clustered", "clustered, adjusted"):
        row = found.of("orders", estimator)
        assert abs(row.rate - 0.05) < 3.5 * row.monte_carlo_error
    ratio = found.of("order_value", "clustered")
    assert ratio.divisions + ratio.refused == 300
    assert 0 < ratio.refused < 300  # orders in 15 shops are too uncertain a denominator in some divisions
    assert f"Of {ratio.refused} more nothing was claimed." in ratio.check.detail
    assert not any("ignored" in check.detail for check in found.checks)


def test_the_same_seed_gives_the_same_bytes(company) -> None:
    opened = company(**company_of(300, 5))
    plan = PlanningPlan(outcomes=("orders",), window_days=20, pre_days=19, windows=())
    one, again, other = (a_a(opened, plan, divisions=100, seed=seed) for seed in (1, 1, 2))
    assert canonical_json(one.to_parts()) == canonical_json(again.to_parts())
    assert canonical_json(one.to_parts()) != canonical_json(other.to_parts())
    assert one._repr_html_().startswith("<table")
    assert len(one.to_frame()) == 2


def test_records_that_do_not_reach_back_are_analysed_as_they_are(company) -> None:
    plan = PlanningPlan(outcomes=("orders", "margin"), window_days=30, pre_days=30, windows=())
    found = a_a(company(**company_of(300, 6)), plan, divisions=100)
    assert [row.estimator for row in found.rows] == ["plain"]
    assert any("too late" in note for note in found.notes)
    assert any("`margin`" in note for note in found.notes)
    with pytest.raises(KeyError):
        found.of("orders", "adjusted")


def test_too_few_divisions_or_clusters(company) -> None:
    opened = company(**company_of(300, 7, shops=4))
    with pytest.raises(DesignError, match="take 100 at least"):
        a_a(opened, PLAN, divisions=50)
    plan = PlanningPlan(outcomes=("orders",), window_days=20, pre_days=19, windows=(), cluster="shop")
    with pytest.raises(DesignError, match="each needs 5"):
        a_a(opened, plan, divisions=100)


def test_lots_by_hand() -> None:
    """Of 10 units 3 are drawn each time; over many divisions each as often as any other."""
    drawn = np.concatenate(list(lots(10, share=0.3, divisions=4000, rng=np.random.default_rng(1))))
    assert drawn.shape == (4000, 10)
    assert (drawn.sum(axis=1) == 3).all()
    assert stats.chisquare(drawn.sum(axis=0)).pvalue > 0.001
    with pytest.raises(DesignError, match="two arms of two"):
        next(lots(3, share=0.5, divisions=10, rng=np.random.default_rng(1)))


def test_a_division_is_what_the_test_itself_would_say() -> None:
    """Sums over drawn units, handed on, give the estimate that the rows of the two arms give."""
    rng = np.random.default_rng(8)
    rows = rng.gamma(2, size=(60, 2)).round(3)
    (drawn,) = lots(60, share=0.4, divisions=1, rng=np.random.default_rng(9))
    treated, comparison = (Moments.from_rows(("y", "x"), rows[here].tolist()) for here in (drawn[0], ~drawn[0]))

    def plain(one: Moments, other: Moments) -> Estimate:
        return difference_in_means(one, other, "y", unit="1")

    def adjusted(one: Moments, other: Moments) -> Estimate:
        return adjusted_difference(one, other, "y", covariates=["x"], unit="1")

    measures = Measures.of_rows({"y": rows[:, 0], "x": rows[:, 1]})
    ways = [(measures, plain), (measures, adjusted)]
    found = fared(ways, [], units=60, share=0.4, divisions=1, rng=np.random.default_rng(9))
    for compare, one in ((plain, found[0]), (adjusted, found[1])):
        expected = compare(treated, comparison)
        assert one.values[0] == pytest.approx(expected.value, rel=1e-9)
        assert one.errors[0] == pytest.approx(expected.se, rel=1e-9)
    theirs = stats.ttest_ind(rows[drawn[0], 0], rows[~drawn[0], 0], equal_var=False).pvalue
    assert found[0].p_values[0] == pytest.approx(theirs, rel=1e-6)


def test_sums_of_units_add_up_their_rows() -> None:
    values = {"y": np.array([1.0, 2.0, 3.0])}
    found = Measures.of_rows(values, np.array([0, 1, 1]))
    assert found.members.tolist() == [1, 2]
    assert found.sums.tolist() == [[1, 1], [5, 13]]


def test_a_value_without_an_error_is_no_alarm() -> None:
    same = Moments.from_rows(("m",), [[1], [1]])
    assert p_of(difference_in_means(same, same, "m", unit="1")) == 1.0


def false_alarms(alarms: int, divisions: int = 1000) -> FalseAlarms:
    return FalseAlarms(
        outcome="orders", estimator="plain", divisions=divisions, alarms=alarms, expected=0.05, uniformity_p=0.5,
        error_ratio=1.0,
    )  # fmt: skip


def test_the_verdict_by_hand() -> None:
    """1,000 divisions, 5 %: Monte Carlo error 0.69 points; 2.58 of them above 5 % are 6.78 %."""
    assert false_alarms(67).check.verdict == "passed"
    assert false_alarms(68).check.verdict == "failed"
    assert false_alarms(10).check.verdict == "passed"  # too careful costs power and misleads nobody
    assert false_alarms(50).monte_carlo_error == pytest.approx(math.sqrt(0.05 * 0.95 / 1000))
    assert "67 false alarms in 1,000 divisions by lot, 6.7 % where 5 % are allowed" in false_alarms(67).check.detail


def test_the_check_passes_what_is_sound_and_catches_what_is_not() -> None:
    """Size: of 4,000 sound analyses with 1,000 divisions each, at most 1.5 % fail. Power: at 10 % nearly all do."""
    rng = np.random.default_rng(10)
    sound = [false_alarms(int(n)).too_many for n in rng.binomial(1000, 0.05, 4000)]
    broken = [false_alarms(int(n)).too_many for n in rng.binomial(1000, 0.10, 4000)]
    assert np.mean(sound) < 0.015
    assert np.mean(broken) > 0.99


def test_an_empty_result_has_no_line() -> None:
    with pytest.raises(KeyError, match="orders"):
        AAResult(rows=(), customers=0, seed=0, notes=()).of("orders")
