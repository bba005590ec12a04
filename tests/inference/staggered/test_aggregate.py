"""Averages of ATT(g, t), their errors, bands and the pre-test: R's answers, csdid's, rows, simulation, laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.aggregate import aggregate, critical_value, pre_test, wald
from analysis.inference.staggered.cohort_sums import CohortSums
from analysis.inference.staggered.group_time import group_time

REFERENCE = json.loads((Path(__file__).parents[2] / "golden" / "staggered" / "reference.json").read_text())
WITHOUT_COVARIATES = {"mpdta_nev_dr": "never", "mpdta_nev_ipw": "never", "mpdta_nyt_dr": "not_yet"}
KINDS = ("simple", "dynamic", "group", "calendar")
CLOSE = {"rtol": 0, "atol": 1e-12}
"""Rounding of a few hundred float operations on numbers near 1; R's files hold 15 digits."""


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


def made_up(seed: int, n: int = 90) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    cohort = rng.choice([0, 2, 3, 4], size=n, p=[0.4, 0.1, 0.2, 0.3])
    event = np.arange(1, 6) - cohort[:, None]
    effect = np.where((cohort[:, None] > 0) & (event >= 0), cohort[:, None] - 1.0 + event, 0.0)
    return np.round(rng.normal(size=(n, 5)) + effect, 3), cohort


@pytest.mark.parametrize("scenario", WITHOUT_COVARIATES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_aggregate_of_r(real_data: Path, scenario: str, kind: str) -> None:
    rows = pd.read_csv(real_data / "mpdta" / "r_ref" / "ref_aggte.csv")
    rows = rows[(rows["scenario"] == scenario) & (rows["type"] == kind)]
    found = aggregate(group_time(sums_of("counties", real_data), control=WITHOUT_COVARIATES[scenario]), kind)
    assert len(rows) > 0
    np.testing.assert_allclose(found.overall, rows["overall_att"].iloc[0], **CLOSE)
    np.testing.assert_allclose(found.overall_se, rows["overall_se"].iloc[0], **CLOSE)
    if kind != "simple":
        assert found.keys.tolist() == rows["egt"].tolist()
        np.testing.assert_allclose(found.values, rows["att_egt"], **CLOSE)
        np.testing.assert_allclose(found.se, rows["se_egt"], **CLOSE)


@pytest.mark.parametrize("scenario", WITHOUT_COVARIATES)
def test_the_pre_test_of_r(real_data: Path, scenario: str) -> None:
    row = pd.read_csv(real_data / "mpdta" / "r_ref" / "ref_pretest.csv").set_index("scenario").loc[scenario]
    found = pre_test(group_time(sums_of("counties", real_data), control=WITHOUT_COVARIATES[scenario]))
    assert found.statistic == pytest.approx(row["W"], abs=1e-11)
    assert found.degrees == 5
    assert round(found.p, 5) == row["Wpval"]


@pytest.mark.parametrize("case", REFERENCE["staggered"], ids=lambda c: "-".join(str(v) for v in list(c.values())[:4]))
def test_every_aggregate_of_csdid(real_data: Path, case: dict) -> None:
    """Also balanced and cut dynamic ones; what csdid refuses, we refuse or have no overall effect for."""
    chosen = {name: case[name] for name in ("control", "base", "anticipation")}
    found = group_time(sums_of(case["data"], real_data), **chosen)
    assert pre_test(found).statistic == pytest.approx(case["wald"], rel=1e-10)
    for row in case["aggregates"]:
        asked = {name: row[name] for name in ("kind", "earliest", "latest", "balanced") if name in row}
        if "refused" in row:
            if row["kind"] == "dynamic" and "balanced" not in row:
                assert np.isnan(aggregate(found, **asked).overall)
            else:
                with pytest.raises(DesignError, match="lies in the window"):
                    aggregate(found, **asked)
            continue
        ours = aggregate(found, **asked)
        np.testing.assert_allclose([ours.overall, ours.overall_se], [row["overall"], row["overall_se"]], **CLOSE)
        if row["kind"] != "simple":
            assert ours.keys.tolist() == row["keys"]
            np.testing.assert_allclose(ours.values, row["values"], **CLOSE)
            np.testing.assert_allclose(ours.se, np.array(row["se"], dtype=float), **CLOSE)


def test_by_hand() -> None:
    """Cohort 2: changes from 1 to 2 are 3 and 3, never-treated 1 and 1: 2; to 3: 4, 6 and 2, 4: 2. Cohort 3: from 2 to
    3 6 and 6, never-treated 1 and 3: 4; from 1 to 2 0 and 0: -1. Cohorts of two each: at 0 (2 + 4) / 2 = 3, at 1 2."""
    rows = [[1, 4, 5], [3, 6, 9], [1, 1, 7], [3, 3, 9], [1, 2, 3], [1, 2, 5]]
    found = group_time(CohortSums.of(rows, [2, 2, 3, 3, 0, 0]), control="never")
    assert found.att.tolist() == [2.0, 2.0, -1.0, 4.0]
    dynamic = aggregate(found, "dynamic")
    assert dynamic.keys.tolist() == [-1, 0, 1]
    assert dynamic.values.tolist() == [-1.0, 3.0, 2.0]
    assert dynamic.overall == 2.5
    group, calendar = aggregate(found, "group"), aggregate(found, "calendar")
    assert (group.keys.tolist(), group.values.tolist(), group.overall) == ([2, 3], [2.0, 4.0], 3.0)
    assert (calendar.keys.tolist(), calendar.values.tolist(), calendar.overall) == ([2, 3], [2.0, 3.0], 2.5)
    assert aggregate(found, "simple").overall == pytest.approx(8 / 3)
    assert aggregate(found, "dynamic", latest=0).overall == 3.0
    assert aggregate(found, "dynamic", balanced=1).values.tolist() == [2.0, 2.0]
    assert group.n_treated == 4


@pytest.mark.parametrize("control", ["never", "not_yet"])
def test_errors_are_those_of_a_bootstrap_over_units(control: str) -> None:
    """500 draws of units: cohorts change their size, and so do the weights. Error of a bootstrapped error: 3.2 %."""
    rng = np.random.default_rng(3)
    cohort = rng.choice([0, 2, 3, 4], size=300, p=[0.3, 0.2, 0.2, 0.3])
    outcomes = np.round(rng.normal(size=(300, 5)), 3)
    outcomes += 3.0 * cohort[:, None] * (np.arange(1, 6) >= cohort[:, None]) * (cohort[:, None] > 0)
    found = group_time(CohortSums.of(outcomes, cohort), control=control)
    drawn: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    for _ in range(500):
        rows = rng.integers(0, len(cohort), size=len(cohort))
        again = group_time(CohortSums.of(outcomes[rows], cohort[rows], digits=3), control=control)
        for kind in KINDS:
            one = aggregate(again, kind)
            drawn[kind].append([*one.values, one.overall])
    for kind in KINDS:
        ours = aggregate(found, kind)
        np.testing.assert_allclose(np.std(drawn[kind], axis=0), [*ours.se, ours.overall_se], rtol=0.12)
        if kind in ("simple", "group"):  # effects differ between cohorts, so that the weights matter
            assert ours.overall_se > 1.5 * aggregate_with_known_weights(outcomes, cohort, control, kind)


def aggregate_with_known_weights(outcomes: np.ndarray, cohort: np.ndarray, control: str, kind: str) -> float:
    """The error that the overall average would have if the sizes of the cohorts were known."""
    found = group_time(CohortSums.of(outcomes, cohort), control=control)
    share = np.array([found.sizes[found.groups == g][0] for g in found.group], dtype=float)
    after = found.event >= 0
    if kind == "group":
        share = share / np.array([(after & (found.group == g)).sum() for g in found.group])
    weights = np.where(after, share, 0.0)
    weights /= weights.sum()
    return float(np.sqrt(weights @ found.covariance @ weights))


def test_the_overall_average_is_the_average_of_its_keys() -> None:
    outcomes, cohort = made_up(2)
    found = group_time(CohortSums.of(outcomes, cohort), control="not_yet")
    dynamic, calendar, group = (aggregate(found, kind) for kind in ("dynamic", "calendar", "group"))
    assert dynamic.overall == pytest.approx(dynamic.values[dynamic.keys >= 0].mean())
    assert calendar.overall == pytest.approx(calendar.values.mean())
    assert group.overall == pytest.approx(np.average(group.values, weights=found.sizes))
    after = dynamic.keys >= 0
    weights = after / after.sum()
    assert dynamic.overall_se == pytest.approx(np.sqrt(weights @ dynamic.covariance @ weights))


def test_the_band_holds_everywhere_at_once() -> None:
    """20,000 joint draws of other seeds fall within the band 95 % of the time (± 0.5 points), points far less often."""
    outcomes, cohort = made_up(4)
    found = aggregate(group_time(CohortSums.of(outcomes, cohort), control="never"), "dynamic")
    drawn = np.random.default_rng(99).multivariate_normal(found.values, found.covariance, size=20_000)
    (low, high), (nearer_low, nearer_high) = found.band(), found.interval()
    assert np.mean(((drawn >= low) & (drawn <= high)).all(axis=1)) == pytest.approx(0.95, abs=0.005)
    assert np.mean(((drawn >= nearer_low) & (drawn <= nearer_high)).all(axis=1)) < 0.85


def test_critical_values() -> None:
    """Alone 1.96; several that are one and the same too; independent ones by (2Φ(c) - 1)^k = 0.95: 2.49 for 4."""
    assert critical_value(np.array([[4.0]])) == pytest.approx(1.959964, abs=1e-6)
    assert critical_value(np.ones((3, 3))) == pytest.approx(1.96, abs=0.03)
    assert critical_value(np.diag([1.0, 4.0, 9.0, 16.0])) == pytest.approx(2.4909, abs=0.03)
    assert critical_value(np.diag([1.0, 0.0])) == pytest.approx(1.959964, abs=1e-6)
    assert critical_value(np.eye(3), seed=1) == critical_value(np.eye(3), seed=1)
    assert critical_value(np.eye(3), seed=1) != critical_value(np.eye(3), seed=2)


def test_a_reference_period_has_no_width() -> None:
    outcomes, cohort = made_up(5)
    found = aggregate(group_time(CohortSums.of(outcomes, cohort), control="never", base="universal"), "dynamic")
    place = found.keys.tolist().index(-1)
    low, high = found.band()
    assert found.values[place] == low[place] == high[place] == 0.0
    assert np.isnan(found.se[place])


def test_both_bases_agree_after_treatment() -> None:
    outcomes, cohort = made_up(6)
    sums = CohortSums.of(outcomes, cohort)
    varying, universal = (group_time(sums, control="never", base=base) for base in ("varying", "universal"))
    for kind in KINDS:
        one, other = aggregate(varying, kind), aggregate(universal, kind)
        assert one.overall == pytest.approx(other.overall, abs=1e-12)
        assert one.overall_se == pytest.approx(other.overall_se, abs=1e-12)
    assert pre_test(varying).statistic == pytest.approx(pre_test(universal).statistic, rel=1e-9)


def test_the_pre_test_has_its_size_and_power() -> None:
    """100 worlds of 200 units: without a trend 5 % are rejected (1 to 11 %), with one of 0.4 a period most are."""
    rng = np.random.default_rng(7)
    for slope in (0.0, 0.4):
        rejected = {"cell": 0, "month": 0}
        for _ in range(100):
            cohort = rng.choice([0, 4, 5], size=200)
            outcomes = rng.normal(size=(200, 5)) + slope * (cohort[:, None] > 0) * np.arange(5)
            found = group_time(CohortSums.of(outcomes, cohort, digits=6), control="never")
            for by in rejected:
                rejected[by] += pre_test(found, by=by).p < 0.05
        for count in rejected.values():
            assert count >= 80 if slope else 1 <= count <= 11


def test_an_estimate_carries_its_interval() -> None:
    outcomes, cohort = made_up(8)
    found = aggregate(group_time(CohortSums.of(outcomes, cohort), control="never"), "simple")
    made = found.estimate(name="orders", unit="orders per customer", n_comparison=36, method="Callaway-Sant'Anna")
    assert made.value == found.overall
    assert made.high - made.low == pytest.approx(2 * 1.959964 * found.overall_se, rel=1e-6)
    assert made.n_treated == (cohort > 0).sum()


def test_what_cannot_be_averaged_or_tested_is_said_with_counts() -> None:
    outcomes, cohort = made_up(9)
    found = group_time(CohortSums.of(outcomes, cohort), control="never")
    with pytest.raises(DesignError, match=r"None of 12 cells .* \(periods 9 to None"):
        aggregate(found, "dynamic", earliest=9)
    with pytest.raises(ValueError, match="not `weekly`"):
        aggregate(found, "weekly")  # type: ignore[arg-type]
    with pytest.raises(DesignError, match="1 cohorts need two periods"):
        pre_test(group_time(CohortSums.of(outcomes[:, :3], np.where(cohort == 2, 2, 0)), control="never"))
    with pytest.raises(DesignError, match="2 numbers before treatment follow from each other"):
        wald(np.array([1.0, 1.0]), np.ones((2, 2)))
