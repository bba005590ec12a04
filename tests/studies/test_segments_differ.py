"""Can segments be told apart? Cochran's Q by hand and against least squares, its size and power, and what it does."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.studies.channel import ChannelPlan, channel_on
from analysis.studies.gates import LEVEL
from analysis.studies.segments_differ import heterogeneity_p, segments_differ
from tests.studies.planted_stacks import REGIONS, changed, layout_with, planted

EFFECTS = st.lists(st.tuples(st.floats(-1, 1), st.floats(0.01, 0.5)), min_size=2, max_size=8)
PLAN = ChannelPlan(outcomes=("orders", "issues"), segments=("region",), robust=False)


def company(seed: int, *, customers: int = 6_000, north: float = 1.0):
    """A company with regions, in one of which contact multiplies later orders."""
    stack = planted(
        seed, customers=customers, layout=layout_with(outcomes=("orders", "issues"), attributes=("region",))
    )
    rows = stack.rows()
    own = (rows["arm"] == 1) & (rows["a0"] == REGIONS.index("north"))
    more = {f"orders_p{month}": np.where(own, rows[f"orders_p{month}"] * north, rows[f"orders_p{month}"])
            for month in range(1, 7)}  # fmt: skip
    return changed(stack, **more)


def test_by_hand() -> None:
    """Effects 0 and 0.1 with errors 0.05 and 0.05: mean 0.05, Q = 1 + 1 = 2; weights 4 and 1 below: mean 0.02."""
    assert heterogeneity_p([(0.0, 0.05), (0.1, 0.05)]) == pytest.approx(stats.chi2.sf(2, 1))
    assert heterogeneity_p([(0.0, 0.05), (0.1, 0.1)]) == pytest.approx(stats.chi2.sf(0.16 + 0.64, 1))
    assert heterogeneity_p([(0.3, 0.05)]) == 1


@given(EFFECTS)
def test_q_is_the_rest_of_weighted_least_squares(found) -> None:
    values, errors = map(np.array, zip(*found, strict=True))
    fit = sm.WLS(values, np.ones(len(values)), weights=errors**-2).fit()
    assert heterogeneity_p(found) == pytest.approx(stats.chi2.sf(fit.ssr, len(values) - 1), rel=1e-6, abs=1e-12)
    assert heterogeneity_p(found[::-1]) == pytest.approx(heterogeneity_p(found), rel=1e-6, abs=1e-12)
    moved = [(value + 1, error) for value, error in found]
    assert heterogeneity_p(moved) == pytest.approx(heterogeneity_p(found), rel=1e-6, abs=1e-9)


def test_attributes_are_adjusted_together_and_those_without_segments_do_not_count() -> None:
    """Q = 4.5 on one degree: p = 0.034; beside another attribute 0.068."""
    apart, alike, single = [(0.0, 0.1), (0.3, 0.1)], [(0.0, 0.1), (0.0, 0.1)], [(0.5, 0.1)]
    alone = segments_differ({"region": apart, "size": single})
    assert alone["region"].p_value == pytest.approx(stats.chi2.sf(4.5, 1))
    assert (alone["region"].verdict, alone["size"].verdict, alone["size"].p_value) == ("passed", "not_run", None)
    beside = segments_differ({"region": apart, "age_band": alike})
    assert beside["region"].p_value == pytest.approx(2 * stats.chi2.sf(4.5, 1))
    assert [check.verdict for check in beside.values()] == ["failed", "failed"]
    assert beside["age_band"].detail == (
        "The segments of age band cannot be told apart (p = 1): their differences may be chance, so nothing is claimed "
        "of one alone."
    )
    assert all(check.gate and check.name == "segments_differ" for check in (*alone.values(), *beside.values()))
    assert segments_differ({}) == {}


@pytest.mark.parametrize("wrong", [(0.1, 0.0), (math.nan, 0.1), (0.1, math.inf), (0.1, -1.0)])
def test_an_effect_without_an_error_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match="above zero"):
        segments_differ({"region": [(0.1, 0.1), wrong]})


def test_size_over_two_attributes() -> None:
    draw = np.random.default_rng(3)
    clear = 0
    for _ in range(2_000):
        found = {name: [(float(draw.normal(0.05, se)), se) for se in (0.02, 0.05, 0.1)] for name in ("region", "size")}
        clear += any(check.verdict == "passed" for check in segments_differ(found).values())
    assert clear / 2_000 <= LEVEL + 3 * math.sqrt(0.05 * 0.95 / 2_000)


def test_size_with_the_errors_of_the_study() -> None:
    """60 companies without any effect: regions are told apart in 5 %; 8 or fewer of 60 (99 % of the time)."""
    plan = ChannelPlan(outcomes=("orders",), segments=("region",), robust=False)
    told = 0
    for seed in range(60):
        result = channel_on(company(4_000 + seed, customers=2_500), plan)
        told += check_of(result, "orders").verdict == "passed"
    assert told <= 8


def check_of(result, outcome: str):
    """The gate of a segment's effect; the same of all segments, and not on all customers."""
    effects = [one for one in result.effects if one.outcome == outcome and one.estimand == "channel_effect"]
    checks = {check for one in effects for check in one.checks if check.name == "segments_differ"}
    assert all(one.segment for one in effects for check in one.checks if check.name == "segments_differ")
    (check,) = checks
    return check


def test_segments_that_differ_are_told_apart_and_others_are_held_at_c() -> None:
    alike, apart = (channel_on(company(50, customers=12_000, north=north), PLAN) for north in (1.0, 1.4))
    assert (check_of(alike, "orders").verdict, check_of(apart, "orders").verdict) == ("failed", "passed")
    assert check_of(apart, "issues").verdict == "failed"
    assert {one.grade for one in alike.of("orders") if one.segment} == {"C"}
    assert {one.grade for one in apart.of("issues")} == {"C"}
    p_value = heterogeneity_p([
        (math.log(one.estimate.value), one.estimate.se_log) for one in apart.of("orders") if one.segment
    ])  # fmt: skip
    assert check_of(apart, "orders").p_value == pytest.approx(p_value)
