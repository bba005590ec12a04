"""ATT(g, t) with covariates: R's and csdid's answers, row-by-row formulas, bootstrap, known truth, laws, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.staggered import panel as panel_module
from analysis.inference.staggered.aggregate import aggregate, pre_test
from analysis.inference.staggered.cohort_sums import CohortSums
from analysis.inference.staggered.fits import Method
from analysis.inference.staggered.group_time import Base, Control, GroupTime, group_time
from analysis.inference.staggered.rows import AdjustedGroupTime, group_time_rows

Floats = NDArray[np.float64]
GOLDEN = Path(__file__).parents[2] / "golden/staggered_rows"
CSDID = json.loads((GOLDEN / "csdid.json").read_text("utf-8"))
R_DID = pd.read_csv(GOLDEN / "r_did.csv", dtype={"key": str, "t": str}).fillna({"key": "", "t": ""})
METHODS: tuple[Method, ...] = ("dr", "reg", "ipw")
CONTROLS: tuple[Control, ...] = ("never", "not_yet")
BASES: tuple[Base, ...] = ("varying", "universal")
KINDS = ("simple", "group", "dynamic", "calendar")


def golden_panel(name: str) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64], Floats]:
    """Outcomes, cohorts, periods and the covariate of a reference panel."""
    panel = pd.read_csv(GOLDEN / f"{name}.csv")
    periods = [column for column in panel.columns if column.isdigit()]
    return (
        panel[periods].to_numpy(),
        panel["cohort"].to_numpy(),
        np.array(periods, dtype=np.int64),
        panel["x"].to_numpy(),
    )


def made_panel(seed: int, n: int = 300, covariates: int = 2) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Six periods; cohorts 3, 4, 6 and never; the covariates move both the cohort and the growth. Effect 1 + event."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, covariates))
    slope = np.linspace(0.8, -0.4, covariates) if covariates else np.zeros(0)
    taste = x @ slope + rng.logistic(size=n)
    cohort = np.where(taste > 0, rng.choice([3, 4, 6], size=n), 0)
    periods = np.arange(1, 7)
    growth = 0.5 + x @ np.linspace(1.0, 0.5, covariates) if covariates else np.full(n, 0.5)
    outcomes = rng.normal(size=(n, 1)) + rng.normal(size=(n, 6)) + growth[:, None] * periods
    event = periods - cohort[:, None]
    return outcomes + np.where((cohort[:, None] > 0) & (event >= 0), 1.0 + event, 0.0), cohort, x


def close(one: GroupTime, other: GroupTime, tolerance: float) -> None:
    np.testing.assert_array_equal(one.group, other.group)
    np.testing.assert_array_equal(one.period, other.period)
    np.testing.assert_array_equal(one.sizes, other.sizes)
    assert (one.n, dict(one.set_aside), one.notes) == (other.n, dict(other.set_aside), other.notes)
    for field in ("att", "covariance", "with_shares"):
        np.testing.assert_allclose(getattr(one, field), getattr(other, field), rtol=tolerance, atol=tolerance)


# Reference values


@pytest.mark.parametrize(
    ("scenario", "panel", "method", "tolerance"),
    [("mpdta_nev_reg_cov", "counties", "reg", 1e-13), ("sim_nev_dr", "simulated", "dr", 1e-9)],
)
def test_every_answer_of_r(scenario: str, panel: str, method: Method, tolerance: float) -> None:
    """R `did` with a covariate. Tolerance: rounding; for the logit, where R's iterations end (it stops at 1e-8)."""
    outcomes, cohort, periods, x = golden_panel(panel)
    found = group_time_rows(outcomes, cohort, periods, x, method=method)
    rows = R_DID[R_DID["scenario"] == scenario]
    cells = rows[rows["kind"] == "cell"]
    assert cells["key"].astype(int).tolist() == found.group.tolist()
    assert cells["t"].astype(int).tolist() == found.period.tolist()
    np.testing.assert_allclose(found.att, cells["value"], rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.se, cells["se"], rtol=0, atol=tolerance)
    for kind in KINDS:
        ours = aggregate(found, kind)  # type: ignore[arg-type]
        [overall] = rows[rows["kind"] == f"{kind} overall"].itertuples()
        assert ours.overall == pytest.approx(overall.value, abs=tolerance)
        assert ours.overall_se == pytest.approx(overall.se, abs=tolerance)
        each = rows[rows["kind"] == kind]
        assert each["key"].astype(int).tolist() == ours.keys.tolist()
        np.testing.assert_allclose(ours.values, each["value"], rtol=0, atol=tolerance)
        np.testing.assert_allclose(np.sqrt(np.diag(ours.covariance)), each["se"], rtol=0, atol=tolerance)
    [test] = rows[rows["kind"] == "pre-test"].itertuples()
    ours_test = pre_test(found)
    assert ours_test.statistic == pytest.approx(test.value, abs=1e3 * tolerance)
    assert ours_test.p == pytest.approx(test.se, abs=5.1e-6)  # printed with five digits


def test_doubly_robust_on_the_counties() -> None:
    """The figures that csdid, moderndid, differences and StatsPAI agree on: -0.0417518 (0.0115028)."""
    outcomes, cohort, periods, x = golden_panel("counties")
    simple = aggregate(group_time_rows(outcomes, cohort, periods, x), "simple")
    assert (round(simple.overall, 7), round(simple.overall_se, 7)) == (-0.0417518, 0.0115028)


@pytest.mark.parametrize("panel", ["counties", "simulated"])
def test_every_answer_of_csdid(panel: str) -> None:
    """Tolerance: where the other package's logit iterations end; regression alone agrees to rounding."""
    outcomes, cohort, periods, x = golden_panel(panel)
    for asked in CSDID["panels"][panel]:
        found = group_time_rows(
            outcomes, cohort, periods, x, method=asked["method"], base=asked["base"],
            anticipation=asked["anticipation"], control="never" if asked["control"] == "nevertreated" else "not_yet",
        )  # fmt: skip
        tolerance = 1e-12 if asked["method"] == "reg" else 1e-9
        cells = pd.DataFrame(asked["cells"], columns=["group", "period", "att", "se"])
        theirs = cells.set_index(["group", "period"])
        ours = pd.DataFrame({"att": found.att, "se": found.se}, index=[found.group, found.period])
        missing = theirs.index.difference(ours.index)
        assert theirs.loc[missing, "se"].isna().all()
        assert not missing.size
        np.testing.assert_allclose(ours["att"], theirs["att"].loc[ours.index], rtol=0, atol=tolerance)
        np.testing.assert_allclose(ours["se"], theirs["se"].astype(float).loc[ours.index], rtol=0, atol=tolerance)
        for kind, (value, se) in asked["averages"].items():
            average = aggregate(found, kind)
            assert average.overall == pytest.approx(value, abs=tolerance), (asked, kind)
            assert average.overall_se == pytest.approx(se, abs=tolerance), (asked, kind)


@pytest.mark.parametrize("fixed", ["first_period", "base_period", "none"])
def test_weights_as_in_r(fixed: str) -> None:
    """R's weights change over time; each of its cells takes those of one period, so one call a period has them all."""
    outcomes, cohort, periods, _ = golden_panel("counties")
    weight = pd.read_csv(GOLDEN / "counties.csv")["weight"].to_numpy()
    in_period = {int(p): weight + 0.1 * (p - 2003) for p in periods}  # how the reference's weights were made
    found = {p: group_time_rows(outcomes, cohort, periods, weights=one) for p, one in in_period.items()}
    rows = R_DID[R_DID["scenario"] == f"weights_{fixed}"]
    for cell, (group, period, value, se) in enumerate(
        zip(rows["key"].astype(int), rows["t"].astype(int), rows["value"], rows["se"], strict=True)
    ):
        base = group - 1 if period >= group else period - 1
        of = {"first_period": 2003, "base_period": group - 1, "none": min(base, period)}[fixed]
        one = found[of]
        assert (one.group[cell], one.period[cell]) == (group, period)
        assert one.att[cell] == pytest.approx(value, abs=1e-12)
        assert one.se[cell] == pytest.approx(se, abs=1e-12)


# Second roads


def logit(x: Floats, treated: Floats, weights: Floats) -> Floats:
    """Shares by 40 plain Newton steps."""
    gamma = np.zeros(x.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-x @ gamma))
        gamma = gamma + np.linalg.solve((weights * p * (1 - p) * x.T) @ x, x.T @ (weights * (treated - p)))
    return np.asarray(1 / (1 + np.exp(-x @ gamma)))


def by_rows(
    change: Floats, treated: NDArray[np.bool_], x: Floats, weights: Floats, method: Method
) -> tuple[float, Floats]:
    """One cell as DRDID's `reg_did_panel`, `std_ipw_did_panel` and `drdid_panel` are written: effect and influences."""
    n = len(change)
    d, w = treated.astype(float), weights / weights.mean()
    inverse = np.linalg.inv((w * (1 - d) * x.T) @ x / n)
    beta = inverse @ (x.T @ (w * (1 - d) * change)) / n
    if method == "ipw":
        beta = np.zeros_like(beta)
    left = change - x @ beta
    of_regression = (w * (1 - d) * left)[:, None] * x @ inverse
    w_treated = w * d
    treated_mean = np.mean(w_treated * left) / w_treated.mean()
    treated_influence = w_treated * (left - treated_mean)
    if method == "reg":
        means = (w_treated[:, None] * x).mean(axis=0)
        return treated_mean, (treated_influence - of_regression @ means) / w_treated.mean()
    p = logit(x, d, w)
    information = (w * p * (1 - p) * x.T) @ x / n
    w_control = np.where(p < 0.995, w * (1 - d) * p / (1 - p), 0.0)
    control_mean = np.mean(w_control * left) / w_control.mean()
    of_logit = (w * (d - p))[:, None] * x @ np.linalg.inv(information)
    turn = ((w_control * (left - control_mean))[:, None] * x).mean(axis=0)
    control_influence = w_control * (left - control_mean) + of_logit @ turn
    if method == "dr":
        treated_influence = treated_influence - of_regression @ (w_treated[:, None] * x).mean(axis=0)
        control_influence = control_influence - of_regression @ (w_control[:, None] * x).mean(axis=0)
    influence = treated_influence / w_treated.mean() - control_influence / w_control.mean()
    return treated_mean - control_mean, influence


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("control", "base", "anticipation"),
    [("never", "varying", 0), ("not_yet", "universal", 0), ("not_yet", "varying", 1)],
)
def test_row_by_row(method: Method, control: Control, base: Base, anticipation: int) -> None:
    """Every cell alone on its own rows, with weights, and the covariances from whole columns of influences."""
    outcomes, cohort, x = made_panel(5)
    weights = np.random.default_rng(1).uniform(0.5, 2, size=len(cohort))
    found = group_time_rows(
        outcomes, cohort, covariates=x, method=method, control=control, base=base, anticipation=anticipation,
        weights=weights,
    )  # fmt: skip
    n = len(cohort)
    design = np.column_stack([np.ones(n), x])
    influence = np.zeros((n, len(found.att)))
    for cell, (g, t) in enumerate(zip(found.group, found.period, strict=True)):
        before = g - anticipation - 1
        against = before if base == "universal" or t >= g - anticipation else t - 1
        if t == against:
            assert found.att[cell] == 0
            continue
        free = cohort == 0
        if control == "not_yet":
            free |= (cohort > max(t, against) + anticipation) & (cohort != g)
        rows = (cohort == g) | free
        change = outcomes[rows, t - 1] - outcomes[rows, against - 1]
        att, one = by_rows(change, cohort[rows] == g, design[rows], weights[rows], method)
        influence[rows, cell] = one * n / rows.sum()
        assert found.att[cell] == pytest.approx(att, abs=1e-11)
        assert found.controls[cell] == free.sum()
    np.testing.assert_allclose(found.covariance, influence.T @ influence / n**2, rtol=0, atol=1e-13)
    shares = (cohort[:, None] == found.groups) - found.sizes / n
    np.testing.assert_allclose(found.with_shares, influence.T @ shares / n**2, rtol=0, atol=1e-13)


@pytest.mark.parametrize("method", ["dr", "ipw"])
def test_controls_almost_certain_to_be_treated_are_trimmed_and_counted(method: Method) -> None:
    outcomes, _, x = made_panel(7, n=500, covariates=1)
    rng = np.random.default_rng(3)
    cohort = np.where(4 * x[:, 0] + rng.logistic(size=500) > 0, 4, 0)
    x[np.flatnonzero(cohort == 0)[:2], 0] = 2.5, 3.0
    found = group_time_rows(outcomes, cohort, covariates=x, method=method)
    design = np.column_stack([np.ones(500), x])
    att, influence = by_rows(outcomes[:, 4] - outcomes[:, 2], cohort == 4, design, np.ones(500), method)
    cell = int(np.flatnonzero(found.period == 5)[0])
    assert found.att[cell] == pytest.approx(att, abs=1e-10)
    assert found.se[cell] == pytest.approx(np.sqrt(np.sum(influence**2)) / 500, abs=1e-10)
    assert found.trimmed.tolist() == [2] * len(found.att)
    p = logit(design, (cohort == 4).astype(float), np.ones(500))
    assert found.certain.tolist() == [int((p[cohort == 4] >= 0.995).sum())] * len(found.att)
    assert found.certain[0] > 0
    assert [note.split(" (")[0] for note in found.notes] == [
        "2 controls are so like cohort 4 that they were given no weight",
        f"{found.certain[0]} units of cohort 4 have hardly a counterpart among its controls",
    ]
    assert not group_time_rows(outcomes, cohort, covariates=x, method="reg").trimmed.any()


@pytest.mark.parametrize("method", ["dr", "reg"])
def test_a_bootstrap_has_the_same_errors(method: Method) -> None:
    """200 draws of customers: an error of the error of 5 %; 18 % is allowed for each of the averages."""
    outcomes, cohort, x = made_panel(11, n=800)
    rng = np.random.default_rng(2)
    averages = []
    for _ in range(200):
        rows = rng.integers(0, 800, size=800)
        drawn = group_time_rows(outcomes[rows], cohort[rows], covariates=x[rows], method=method)
        averages.append([aggregate(drawn, kind, draws=2).overall for kind in ("simple", "dynamic", "group")])
    found = group_time_rows(outcomes, cohort, covariates=x, method=method)
    for kind, errors in zip(("simple", "dynamic", "group"), np.std(averages, axis=0), strict=True):
        assert aggregate(found, kind).overall_se == pytest.approx(errors, rel=0.18)  # type: ignore[arg-type]


# Known truth


def test_the_planted_effect_comes_back_where_the_raw_comparison_is_wrong() -> None:
    outcomes, cohort, x = made_panel(13, n=20_000)
    for method in METHODS:
        found = group_time_rows(outcomes, cohort, covariates=x, method=method)
        after = found.event >= 0
        wrong = np.abs(found.att - np.where(after, 1.0 + found.event, 0.0)) / found.se
        assert wrong.max() < 4
    raw = group_time_rows(outcomes, cohort)
    assert (np.abs(raw.att - np.where(raw.event >= 0, 1.0 + raw.event, 0.0)) / raw.se).max() > 20


@pytest.mark.parametrize("wrong", ["share", "change"])
def test_doubly_robust_is_right_if_either_model_is(wrong: str) -> None:
    """Square terms in the share, or in the change, that the models do not have; the single model misses the truth."""
    rng = np.random.default_rng(17)
    n = 40_000
    x = rng.normal(size=n)
    bent = x**2
    taste = 0.5 * x + (0.5 * bent if wrong == "share" else 0) - 0.5 + rng.logistic(size=n)
    cohort = np.where(taste > 0, 2, 0)
    change = x + (0 if wrong == "share" else bent) + rng.normal(size=n) + 2.0 * (cohort == 2)
    outcomes = np.column_stack([np.zeros(n), change])
    found = {method: group_time_rows(outcomes, cohort, covariates=x, method=method) for method in METHODS}
    off = {method: abs(one.att[0] - 2.0) / one.se[0] for method, one in found.items()}
    assert off["dr"] < 3
    assert off["ipw" if wrong == "share" else "reg"] > 6


def test_intervals_cover() -> None:
    """200 panels of 300 units; a 95 % interval of a simple average covers 91 to 98.5 % (2.3 binomial errors)."""
    covered = 0
    for seed in range(200):
        outcomes, cohort, x = made_panel(1000 + seed)
        found = group_time_rows(outcomes, cohort, covariates=x)
        after = found.event >= 0
        sizes = found.sizes[np.searchsorted(found.groups, found.group)] * after
        truth = float((sizes / sizes.sum()) @ (1.0 + found.event))
        simple = aggregate(found, "simple", draws=2)
        covered += abs(simple.overall - truth) < 1.96 * simple.overall_se
    assert 0.91 <= covered / 200 <= 0.985


# Laws


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("method", METHODS)
def test_without_covariates_it_is_the_answer_from_sums(control: Control, base: Base, method: Method) -> None:
    for anticipation in (0, 1):
        outcomes, cohort, _ = made_panel(19)
        cohort[:5], cohort[5:9], cohort[9] = 1, 9, 5  # treated from the start, after the end, alone in its cohort
        found = group_time_rows(outcomes, cohort, method=method, control=control, base=base, anticipation=anticipation)
        sums = CohortSums.of(outcomes, cohort)
        close(found, group_time(sums, control=control, base=base, anticipation=anticipation), 1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_without_never_treated_units_too(method: Method) -> None:
    outcomes, cohort, _ = made_panel(23)
    cohort[cohort == 0] = 5
    found = group_time_rows(outcomes, cohort, method=method, control="not_yet")
    close(found, group_time(CohortSums.of(outcomes, cohort), control="not_yet"), 1e-11)
    assert found.notes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("control", CONTROLS)
def test_what_must_not_matter(method: Method, control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    """Order of rows; a covariate that is the same for all; units of covariates; level of outcomes; size of chunks."""
    outcomes, cohort, x = made_panel(29)

    def answer(y: Floats, c: NDArray[np.int64], covariates: Floats) -> AdjustedGroupTime:
        return group_time_rows(y, c, covariates=covariates, method=method, control=control)

    found = answer(outcomes, cohort, x)
    order = np.random.default_rng(5).permutation(len(cohort))
    close(found, answer(outcomes[order], cohort[order], x[order]), 1e-12)
    constant = answer(outcomes, cohort, np.column_stack([np.full(len(x), 7.0), x]))
    close(found, constant, 0)
    assert constant.covariates == ("covariate 2", "covariate 3")
    close(found, answer(outcomes, cohort, x @ [[2.0, 1.0], [0.0, -3e4]] + [1e6, 5.0]), 1e-9)
    close(found, answer(outcomes + 1024.0 * np.arange(300)[:, None], cohort, x), 1e-10)
    monkeypatch.setattr(panel_module, "_BLOCK", 1)
    close(found, answer(outcomes, cohort, x), 1e-12)


def test_scaling_the_outcome_scales_the_answer() -> None:
    outcomes, cohort, x = made_panel(31)
    found, tenfold = (group_time_rows(y, cohort, covariates=x) for y in (outcomes, 10 * outcomes))
    np.testing.assert_allclose(tenfold.att, 10 * found.att, rtol=1e-11)
    np.testing.assert_allclose(tenfold.covariance, 100 * found.covariance, rtol=1e-10, atol=1e-14)


def test_equal_weights_are_no_weights_and_doubling_units_is_doubling_weights() -> None:
    outcomes, cohort, x = made_panel(37)
    plain = group_time_rows(outcomes, cohort, covariates=x)
    close(plain, group_time_rows(outcomes, cohort, covariates=x, weights=np.full(300, 3.0)), 1e-12)
    twice = np.random.default_rng(0).integers(1, 3, size=300)
    repeated = group_time_rows(
        *(np.repeat(one, twice, axis=0) for one in (outcomes, cohort)), covariates=np.repeat(x, twice, 0)
    )
    weighted = group_time_rows(outcomes, cohort, covariates=x, weights=twice)
    np.testing.assert_allclose(weighted.att, repeated.att, rtol=0, atol=1e-11)


def test_arrays_given_are_not_changed_and_answers_repeat() -> None:
    given = made_panel(41)
    kept = [one.copy() for one in given]
    for one in given:
        one.setflags(write=False)
    found, again = (group_time_rows(given[0], given[1], covariates=given[2]) for _ in range(2))
    for before, after in zip(kept, given, strict=True):
        np.testing.assert_array_equal(before, after)
    assert found.covariance.tobytes() == again.covariance.tobytes()


# Bad input


def test_missing_values_are_counted() -> None:
    outcomes, cohort, x = made_panel(43)
    x[[3, 8], 1] = np.nan
    with pytest.raises(DesignError, match=r"age in 2 of 300 units \(first: row 4\).*count them"):
        group_time_rows(outcomes, cohort, covariates=x, names=["tenure", "age"])
    outcomes[[5, 6, 7], 2] = np.inf
    with pytest.raises(DesignError, match=r"Outcomes are missing for 3 of 300 units"):
        group_time_rows(outcomes, cohort)
    with pytest.raises(DesignError, match=r"first treated period is missing for 2 of 300 units"):
        group_time_rows(outcomes, np.where(np.arange(300) < 2, np.nan, cohort))
    with pytest.raises(DesignError, match=r"Weights: 1 of 300 units have none above 0"):
        group_time_rows(made_panel(43)[0], cohort, weights=[0.0, *[1.0] * 299])


def test_collinear_covariates_are_named() -> None:
    outcomes, cohort, x = made_panel(47)
    x = np.column_stack([x, x[:, 0] - 2 * x[:, 1]])
    with pytest.raises(DesignError, match=r"`c` follows from those before it \(a, b\) in all 300 units"):
        group_time_rows(outcomes, cohort, covariates=x, names=["a", "b", "c"])
    only_treated = np.where(cohort == 0, 1.0, x[:, 0])
    with pytest.raises(DesignError, match=r"The controls of cohort 3: among its \d+ units the covariates determine"):
        group_time_rows(outcomes, cohort, covariates=only_treated, method="reg")


@pytest.mark.parametrize("method", ["dr", "ipw"])
def test_perfect_separation_is_refused(method: Method) -> None:
    outcomes, cohort, x = made_panel(53)
    with pytest.raises(DesignError, match=r"cohort 3: the covariates tell its \d+ treated units from its \d+ controls"):
        group_time_rows(outcomes, cohort, covariates=np.where(cohort > 0, 1, -1) + 0.1 * x[:, 0], method=method)
    only_treated = ((cohort > 0) & (x[:, 0] > 0)).astype(float)  # no control is like these
    with pytest.raises(DesignError, match=r"cohort 3: the covariates tell its \d+ treated units"):
        group_time_rows(outcomes, cohort, covariates=np.column_stack([x[:, 1], only_treated]), method="ipw")


def test_too_few_controls() -> None:
    outcomes, cohort, x = made_panel(59)
    kept = np.flatnonzero((cohort > 0) | (np.cumsum(cohort == 0) <= 3))
    with pytest.raises(DesignError, match=r"cohort 3: it has 3 controls for 2 covariates; more than 3 are needed"):
        group_time_rows(outcomes[kept], cohort[kept], covariates=x[kept])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "ols"}, "The method is"),
        ({"control": "all"}, "controls are"),
        ({"anticipation": -1}, "anticipation"),
        ({"periods": [1, 2, 3]}, "Periods are 6"),
        ({"cohort": np.full(300, 2.5)}, "without decimals"),
        ({"covariates": [[1.0]]}, "a row for each of 300 units"),
        ({"names": ["a"]}, "as many names"),
        ({"weights": [1.0]}, "A weight for each"),
    ],
)
def test_nonsense_is_refused(wrong: dict[str, object], message: str) -> None:
    outcomes, cohort, x = made_panel(61)
    with pytest.raises(ValueError, match=message):
        group_time_rows(outcomes, **({"cohort": cohort, "covariates": x} | wrong))  # type: ignore[arg-type]
