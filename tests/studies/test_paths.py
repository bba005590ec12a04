"""Means by group and month: by hand, against pandas and statsmodels, and by their laws."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.studies.paths import COLUMNS, paths
from analysis.studies.stack import lag, window
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.strata import choose_strata
from tests.studies.planted_stacks import by_hand, changed, fits_of, layout_with, planted, with_effect


def drawn(stack: ArrayStack, outcomes: tuple[str, ...] = ("orders",)) -> pd.DataFrame:
    fits = fits_of(stack)
    return paths(fits, outcomes, choose_strata(fits.cells, stack.layout), [f"{name} per customer" for name in outcomes])


@pytest.fixture(scope="module")
def stack() -> ArrayStack:
    return planted(70, customers=3_000, layout=layout_with(outcomes=("orders", "issues")))


@pytest.fixture(scope="module")
def found(stack: ArrayStack) -> pd.DataFrame:
    return drawn(stack)


def test_means_by_hand() -> None:
    """Two contacted: 6 and 0 in month -1, 2 and 4 after. Two others of their stratum: 1 and 3, then 4 and 4.

    Means before 3/6 and 2/6 a month: comparison customers are shown at 3/2 of what they did: 3 and 6. Their error in
    month -1: distances -1 and 1 over 2, squared and added, 1/2; times 3/2.
    """
    rows = [{"arm": 1, "orders_m1": 6, "orders_p1": 2}, {"arm": 1, "orders_m1": 0, "orders_p1": 4}]
    rows += [{"arm": 0, "orders_m1": 1, "orders_p1": 4}, {"arm": 0, "orders_m1": 3, "orders_p1": 4}]
    frame = drawn(by_hand(layout_with(), rows))
    assert tuple(frame.columns) == COLUMNS
    at = frame.set_index(["group", "month"])
    assert at.loc[("contacted", -1), "mean"] == 3.0
    assert at.loc[("contacted", 1), "mean"] == 3.0
    assert at.loc[("comparison", -1), "mean"] == pytest.approx(3.0)
    assert at.loc[("comparison", 1), "mean"] == pytest.approx(6.0)
    assert at.loc[("comparison", -1), "high"] - 3 == pytest.approx(1.5 * 1.959964 * math.sqrt(0.5))
    assert at.loc[("contacted", -1), "high"] - 3 == pytest.approx(1.959964 * math.sqrt(4.5))
    assert at.loc[("comparison", 1), "high"] == pytest.approx(6.0), "both did the same"
    assert set(frame["unit"]) == {"orders per customer and month"}


def test_means_are_those_of_weighted_rows(stack: ArrayStack, found: pd.DataFrame) -> None:
    fits = fits_of(stack)
    strata = choose_strata(fits.cells, stack.layout)
    rows = fits.rows.assign(w=strata.weight[fits.rows["cell"]])
    means = {
        (arm, k): np.average(group[lag("orders", k)], weights=group["w"])
        for arm, group in rows.groupby("arm")
        for k in range(-6, 7)
    }
    level = {arm: np.mean([means[arm, k] for k in range(-6, 0)]) for arm in (0, 1)}
    at = found.set_index(["group", "month"])["mean"]
    for k in range(-6, 7):
        assert at["contacted", k] == pytest.approx(means[1, k], rel=1e-12)
        assert at["comparison", k] == pytest.approx(means[0, k] * level[1] / level[0], rel=1e-12)


def test_errors_are_clustered_by_customer(stack: ArrayStack, found: pd.DataFrame) -> None:
    """A weighted mean is a regression on nothing but a level; statsmodels clusters its error."""
    import statsmodels.api as sm

    fits = fits_of(stack)
    strata = choose_strata(fits.cells, stack.layout)
    rows = fits.rows.assign(w=strata.weight[fits.rows["cell"]]).query("arm == 0 and w > 0")
    fit = sm.WLS(rows["orders_p2"], np.ones(len(rows)), weights=rows["w"]).fit(
        cov_type="cluster", cov_kwds={"groups": rows["customer"].to_numpy(), "use_correction": False}
    )
    assert rows["customer"].duplicated().any()
    at = found.set_index(["group", "month"]).loc[("comparison", 2)]
    assert (at["high"] - at["mean"]) / at["mean"] == pytest.approx(1.959964 * fit.bse.iloc[0] / fit.params.iloc[0])
    assert at["mean"] - at["low"] == pytest.approx(at["high"] - at["mean"])


def test_groups_have_the_same_level_before(found: pd.DataFrame) -> None:
    before = found.query("month < 0").groupby("group")["mean"].mean()
    assert before["comparison"] == pytest.approx(before["contacted"], rel=1e-12)


def test_an_effect_moves_contacted_customers_after_and_nobody_else(stack: ArrayStack, found: pd.DataFrame) -> None:
    more = drawn(with_effect(stack, 1.5))
    factor = np.where((found["group"] == "contacted") & (found["month"] > 0), 1.5, 1.0)
    for column in ("mean", "low", "high"):
        assert more[column].to_numpy() == pytest.approx(factor * found[column].to_numpy(), rel=1e-12)


def test_units_scale_and_the_order_of_rows_does_not_matter(stack: ArrayStack, found: pd.DataFrame) -> None:
    rows = stack.rows()
    names = [name for name in rows if name.startswith("orders")]
    cents = drawn(changed(stack, **{name: 100 * rows[name] for name in names}))
    assert cents["high"].to_numpy() == pytest.approx(100 * found["high"].to_numpy(), rel=1e-12)
    again = drawn(ArrayStack(rows.sample(frac=1, random_state=2), stack.layout))
    assert again["low"].to_numpy() == pytest.approx(found["low"].to_numpy(), rel=1e-12)


def test_outcomes_stand_below_each_other(stack: ArrayStack, found: pd.DataFrame) -> None:
    both = drawn(stack, ("orders", "issues"))
    assert both["outcome"].tolist() == ["orders"] * 26 + ["issues"] * 26
    pd.testing.assert_frame_equal(both.iloc[:26], found)
    assert both["unit"].iloc[-1] == "issues per customer and month"


def test_comparison_customers_without_anything_before_are_shown_as_they_are(stack: ArrayStack) -> None:
    rows = stack.rows()
    none = {name: np.where(rows["arm"] == 0, 0.0, rows[name]) for name in window("orders", -6, -1)}
    frame = drawn(changed(stack, **none))
    assert not frame.isna().any(axis=None)
    comparison = frame.query("group == 'comparison'").set_index("month")
    assert (comparison.loc[-6:-1, ["mean", "low", "high"]] == 0).all(axis=None)
    assert comparison.loc[1, "mean"] > 0


@pytest.mark.parametrize("constant", [0.0, 1.0, 9.99])
def test_customers_who_all_do_the_same_have_no_spread(stack: ArrayStack, constant: float) -> None:
    frame = drawn(changed(stack, **dict.fromkeys(stack.layout.measures, constant)))
    for column in ("mean", "low", "high"):
        assert frame[column].to_numpy() == pytest.approx(constant, rel=1e-12)
