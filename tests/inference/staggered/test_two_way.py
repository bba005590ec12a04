"""The two-way regression and what it is made of: pyfixest's and diff-diff's answers, statsmodels on rows, laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.aggregate import aggregate
from analysis.inference.staggered.cohort_sums import CohortSums
from analysis.inference.staggered.group_time import group_time
from analysis.inference.staggered.two_way import bacon, two_way_effect, two_way_event_study

REFERENCE = json.loads((Path(__file__).parents[2] / "golden" / "staggered" / "reference.json").read_text())
KINDS = {
    "treated_vs_never": "never_treated",
    "earlier_vs_later": "not_yet_treated",
    "later_vs_earlier": "already_treated",
}


def sums_of(name: str, folder: Path) -> CohortSums:
    if name == "made_up":
        rows = pd.read_csv(folder / "mpdta" / "r_ref" / "sim_data.csv").rename(columns={"Y": "y", "G": "g"})
    else:
        rows = pd.read_csv(folder / "mpdta" / "mpdta.csv")
        rows = rows.rename(columns={"countyreal": "id", "year": "period", "lemp": "y", "first.treat": "g"})
    if name == "counties_all_treated":
        rows = rows[rows["g"] > 0]
    table = rows.pivot(index="id", columns="period", values="y")
    return CohortSums.of(table.to_numpy(), rows.groupby("id")["g"].first().loc[table.index], table.columns.to_numpy())


@pytest.mark.parametrize("case", REFERENCE["two_way"], ids=lambda case: case["data"])
def test_coefficients_and_errors_of_pyfixest(real_data: Path, case: dict) -> None:
    """pyfixest demeans by iteration, to 1e-8 or so; errors follow."""
    sums = sums_of(case["data"], real_data)
    static = two_way_effect(sums)
    assert static.values[0] == pytest.approx(case["value"], abs=1e-8)
    assert static.se[0] == pytest.approx(case["se"], rel=1e-7)
    if "keys" in case:
        study = two_way_event_study(sums)
        assert study.keys.tolist() == case["keys"]
        assert study.reference == (-1,)
        np.testing.assert_allclose(study.values, case["values"], atol=1e-8)
        np.testing.assert_allclose(study.covariance, case["covariance"], atol=1e-9)


@pytest.mark.parametrize("case", REFERENCE["two_way"], ids=lambda case: case["data"])
def test_comparisons_of_diff_diff(real_data: Path, case: dict) -> None:
    found = bacon(sums_of(case["data"], real_data))
    ours = {
        (treated, comparison): (kind, weight, estimate)
        for treated, comparison, kind, weight, estimate in zip(
            found.treated, found.comparison, found.kind, found.weight, found.estimate, strict=True
        )
    }
    assert len(ours) == len(case["bacon"])
    for row in case["bacon"]:
        other = 0 if row["control_group"] == "never_treated" else row["control_group"]
        kind, weight, estimate = ours[row["treated_group"], other]
        assert kind == KINDS[row["comparison_type"]]
        assert weight == pytest.approx(row["weight"], abs=1e-12)
        assert estimate == pytest.approx(row["estimate"], abs=1e-12)
    assert found.coefficient == pytest.approx(case["value"], abs=1e-8)


def made_up(seed: int, *, never: bool = True, start: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    cohort = rng.choice([*([0] if never else []), *([1] if start else []), 2, 3, 5], size=60)
    outcomes = np.cumsum(rng.normal(size=(60, 5)), axis=1) + (np.arange(1, 6) >= cohort[:, None]) * cohort[:, None]
    return np.round(outcomes, 3), cohort


def by_statsmodels(outcomes: np.ndarray, columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Least squares on rows with a dummy for each unit and period; CRV1 without counting the units' effects."""
    n, wide = outcomes.shape
    unit, period = np.repeat(np.arange(n), wide), np.tile(np.arange(wide), n)
    dummies = np.column_stack([unit[:, None] == np.arange(n), period[:, None] == np.arange(1, wide)]).astype(float)
    design = np.column_stack([*(column.ravel() for column in columns), dummies])
    fit = sm.OLS(outcomes.ravel(), design).fit(
        cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False, "df_correction": False}
    )
    k = len(columns)
    correction = n / (n - 1) * (n * wide - 1) / (n * wide - k - wide)
    return fit.params[:k], fit.cov_params()[:k, :k] * correction


@pytest.mark.parametrize("seed", range(4))
def test_rows_and_dummies_say_the_same(seed: int) -> None:
    """Cohorts treated from the start included; without never-treated units two periods are left out."""
    outcomes, cohort = made_up(seed, never=seed < 3, start=seed % 2 == 1)
    sums = CohortSums.of(outcomes, cohort)
    event = np.arange(1, 6) - cohort[:, None]
    treated = (cohort[:, None] > 0) & (event >= 0)
    values, covariance = by_statsmodels(outcomes, [treated.astype(float)])
    static = two_way_effect(sums)
    np.testing.assert_allclose(static.values, values, atol=1e-10)
    np.testing.assert_allclose(static.covariance, covariance, rtol=1e-8)
    assert bacon(sums).coefficient == pytest.approx(values[0], abs=1e-10)
    study = two_way_event_study(sums)
    assert study.reference == ((-1,) if seed < 3 else (-4, -1))
    columns = [((cohort[:, None] > 0) & (event == key)).astype(float) for key in study.keys]
    values, covariance = by_statsmodels(outcomes, columns)
    np.testing.assert_allclose(study.values, values, atol=1e-9)
    np.testing.assert_allclose(study.covariance, covariance, rtol=1e-7, atol=1e-12)


def test_by_hand() -> None:
    """Two periods: the treated change by 3 and 5, the others by 1 and 3: 4 - 2 = 2. Half the changes' residuals are
    ±1/2 in each period; scores ±1/2 for each of 4 units, bread 1/2: meat 4·(1/4) = 1, times 4/3 · 7/5 / 4 = 7/15."""
    found = two_way_effect(CohortSums.of([[1, 4], [3, 8], [2, 3], [4, 7]], cohort=[2, 2, 0, 0]))
    assert found.values.tolist() == [2.0]
    assert found.covariance[0, 0] == pytest.approx(28 / 15)


def test_with_one_cohort_it_is_callaway_and_santanna() -> None:
    """One start and a universal base: the same comparison, so the same numbers; errors but for a factor."""
    rng = np.random.default_rng(3)
    outcomes, cohort = rng.normal(size=(200, 5)), np.repeat([3, 0], 100)
    sums = CohortSums.of(outcomes, cohort)
    study = two_way_event_study(sums)
    dynamic = aggregate(group_time(sums, control="never", base="universal"), "dynamic")
    kept = dynamic.keys != -1
    np.testing.assert_allclose(study.values, dynamic.values[kept], atol=1e-12)
    factor = 200 / 199 * 999 / (1000 - 4 - 5)
    np.testing.assert_allclose(study.covariance, factor * dynamic.covariance[np.ix_(kept, kept)], rtol=1e-10)


def test_already_treated_units_mislead_it_and_the_account_shows_it() -> None:
    """An effect that grows by 1 a month, without noise: every fair comparison is positive, comparisons with the already
    treated are not, and the regression falls short of every fair average."""
    cohort = np.repeat([2, 4, 6], 10)
    event = np.arange(1, 9) - cohort[:, None]
    outcomes = np.where(event >= 0, 1.0 + event, 0.0)
    found = bacon(CohortSums.of(outcomes, cohort))
    assert found.share("already_treated") > 0.3
    assert found.mean("already_treated") < 0 < found.mean("not_yet_treated")
    assert found.share("never_treated") == 0
    assert np.isnan(found.mean("never_treated"))
    assert found.coefficient < outcomes[event >= 0].mean() / 2


@pytest.mark.parametrize("seed", range(3))
def test_weights_add_up_and_no_comparison_is_negative(seed: int) -> None:
    found = bacon(CohortSums.of(*made_up(seed, start=True)))
    assert found.weight.sum() == pytest.approx(1)
    assert (found.weight > 0).all()
    parts = [found.share(kind) * found.mean(kind) for kind in ("never_treated", "not_yet_treated", "already_treated")]
    assert sum(parts) == pytest.approx(found.coefficient)
    assert 1 in found.comparison
    assert 1 not in found.treated


def test_unit_and_period_effects_leave_no_trace() -> None:
    outcomes, cohort = made_up(5)
    rng = np.random.default_rng(1)
    moved = np.round(outcomes + rng.integers(-99, 99, size=(60, 1)) + rng.integers(-99, 99, size=5), 3)
    one, other = (two_way_event_study(CohortSums.of(table, cohort)) for table in (outcomes, moved))
    np.testing.assert_allclose(one.values, other.values, atol=1e-10)
    np.testing.assert_allclose(one.covariance, other.covariance, atol=1e-10)


def test_what_cannot_be_told_is_said_with_counts() -> None:
    outcomes = np.random.default_rng(0).normal(size=(10, 4))
    with pytest.raises(DesignError, match="1 coefficients cannot be told from the effects of 10 units and 4 periods"):
        two_way_effect(CohortSums.of(outcomes, np.repeat(2, 10)))
    with pytest.raises(DesignError, match="No treated unit is observed -9 periods from treatment"):
        two_way_event_study(CohortSums.of(outcomes, np.repeat([0, 2], 5)), reference=-9)
    with pytest.raises(DesignError, match="no unit is treated"):
        two_way_event_study(CohortSums.of(outcomes, np.repeat(0, 10)))
    with pytest.raises(DesignError, match="None of 1 cohorts begins within the 4 periods"):
        bacon(CohortSums.of(outcomes, np.repeat(0, 10)))
    late = CohortSums.of(outcomes, np.repeat([0, 3], 5), first=[2, *[1] * 9])
    with pytest.raises(DesignError, match="1 of 10 units are not observed from the first period on"):
        two_way_effect(late)
    with pytest.raises(DesignError, match="1 of 10 units"):
        bacon(late)
