"""Make the reference answers for two arms with other packages, and write them as JSON.

Not run by the tests. In an environment of its own (Python 3.11), with the packages of the README installed:

    python tests/golden/tea_tasting/make.py
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats
import statsmodels.api as sm
import tea_tasting as tt
from gbstats.frequentist.tests import FrequentistConfig, OneSidedTreatmentLesserTTest, TwoSidedTTest
from gbstats.models.statistics import SampleMeanStatistic
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

HERE = Path(__file__).parent
SIDES = ("two-sided", "greater", "less")


def customers() -> pd.DataFrame:
    """600 made-up customers; money in whole cents, so that the file holds them exactly."""
    rng = np.random.default_rng(20261122)
    n = 600
    taste = rng.gamma(2.0, 1.0, n)
    arm = rng.permutation(np.repeat(["control", "invited"], [280, 320]))
    invited = arm == "invited"
    sessions_before = rng.poisson(3 * taste)
    sessions = 1 + rng.poisson(3 * taste)
    orders_before = rng.binomial(sessions_before, 0.25)
    orders = rng.binomial(sessions, np.where(invited, 0.31, 0.27))
    spend_before = np.round(orders_before * rng.gamma(3, 12, n), 2)
    spend = np.round(orders * rng.gamma(3, 12, n) + 5, 2)
    visit = rng.binomial(1, np.where(invited, 0.35, 0.28))
    age = rng.integers(18, 80, n)
    frame = {"arm": arm, "sessions": sessions, "orders": orders, "spend": spend, "visit": visit, "age": age}
    return pd.DataFrame(
        frame | {"sessions_before": sessions_before, "orders_before": orders_before, "spend_before": spend_before}
    )


def tea_tasting(rows: pd.DataFrame) -> dict:
    """Means and ratios of means, with and without CUPED, two-sided and to each side."""
    found = {}
    for side in SIDES:
        metrics = {
            "spend": tt.Mean("spend", alternative=side),
            "spend, cuped": tt.Mean("spend", "spend_before", alternative=side),
            "visit": tt.Mean("visit", alternative=side),
            "orders per session": tt.RatioOfMeans("orders", "sessions", alternative=side),
            "orders per session, cuped": tt.RatioOfMeans(
                "orders", "sessions", "orders_before", "sessions_before", alternative=side
            ),
            "orders per session, cuped on age": tt.RatioOfMeans(
                "orders", "sessions", numer_covariate="age", alternative=side
            ),
        }
        result = tt.Experiment(metrics, variant="arm").analyze(rows, control="control")
        found[side] = {name: {k: float(v) for k, v in result[name]._asdict().items()} for name in metrics}
    return found


def two_samples(rows: pd.DataFrame, column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    return column[rows["arm"] == "invited"].to_numpy(float), column[rows["arm"] == "control"].to_numpy(float)


def compare_means(rows: pd.DataFrame, column: pd.Series) -> dict:
    two = CompareMeans(*(DescrStatsW(values) for values in two_samples(rows, column)))
    low, high = two.tconfint_diff(usevar="unequal")
    statistic, p_value, freedom = two.ttest_ind(usevar="unequal")
    return {
        "value": float(two.d1.mean - two.d2.mean), "se": float(two.std_meandiff_separatevar), "low": float(low),
        "high": float(high), "p": float(p_value), "statistic": float(statistic), "freedom": float(freedom),
    }  # fmt: skip


def statsmodels(rows: pd.DataFrame) -> dict:
    """Welch on the outcome, and on what least squares over both arms leave of it; the interval of two shares."""
    covariates = sm.add_constant(rows[["spend_before", "orders_before", "age"]].astype(float))
    left = sm.OLS(rows["spend"], covariates).fit().resid
    one, other = two_samples(rows, rows["visit"])
    low, high = confint_proportions_2indep(one.sum(), len(one), other.sum(), len(other), method="wald")
    return {
        "spend": compare_means(rows, rows["spend"]),
        "spend, cuped on three": compare_means(rows, left),
        "visit, wald": {"low": float(low), "high": float(high)},
    }


def scipy_stats(rows: pd.DataFrame) -> dict:
    """Welch's test and interval, two-sided and to each side."""
    found = {}
    for side in SIDES:
        test = scipy.stats.ttest_ind(*two_samples(rows, rows["spend"]), equal_var=False, alternative=side)
        low, high = test.confidence_interval(0.95)
        found[side] = {"p": float(test.pvalue), "low": str(float(low)), "high": str(float(high))}
    return found


def gbstats(rows: pd.DataFrame) -> dict:
    """The one-sided interval of the test that the treated mean is lower, and the two-sided one."""
    one, other = (
        SampleMeanStatistic(n=len(values), sum=float(values.sum()), sum_squares=float((values**2).sum()))
        for values in two_samples(rows, rows["spend"])
    )
    found = {}
    for test in (OneSidedTreatmentLesserTTest, TwoSidedTTest):
        result = test(other, one, FrequentistConfig(difference_type="absolute")).compute_result()
        found[test.__name__] = {
            "expected": float(result.expected), "ci": [str(float(end)) for end in result.ci], "p": float(result.p_value)
        }  # fmt: skip
    return found


def main() -> None:
    """Write reference.json."""
    rows = customers()
    packages = ("tea-tasting", "statsmodels", "scipy", "gbstats", "numpy", "pandas")
    answer = {
        "package": "tea-tasting, statsmodels, scipy, gbstats",
        "version": {name: version(name) for name in packages} | {"python": platform.python_version()},
        "command": "python tests/golden/tea_tasting/make.py",
        "rows": {name: rows[name].tolist() for name in rows},
        "tea_tasting": tea_tasting(rows),
        "statsmodels": statsmodels(rows),
        "scipy": scipy_stats(rows),
        "gbstats": gbstats(rows),
    }
    (HERE / "reference.json").write_text(json.dumps(answer) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
