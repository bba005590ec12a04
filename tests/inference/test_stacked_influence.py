"""Influences against numerical derivatives: each customer counted a millionth more and a millionth less.

What a customer adds to an estimate is its derivative by that customer's weight. Weights of strata are held fixed in the
ratio of growth, as its method says; where they are estimated along, the error hardly differs (last tests).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from analysis.inference.cells import Floats, groups_of
from analysis.inference.panel_effects import count_weights, ratio_did
from analysis.inference.stacked import stacked_after, stacked_difference, stacked_ratio

STEP = 1e-6
"""Central differences of a smooth function: an error of the order of 1e-12, and of rounding 1e-16 / 1e-6 = 1e-10."""


class Rows:
    """Rows of customers in several months and both roles; cells finer than strata, some strata with one arm only."""

    def __init__(self, seed: int, *, rows: int = 400, customers: int = 150, uneven: float = 0.0) -> None:
        draw = np.random.default_rng(seed)
        self.customer = draw.integers(0, customers, rows)
        self.month = draw.integers(0, 3, rows)
        self.layer = draw.integers(0, 4, rows)
        self.finer = draw.integers(0, 2, rows)
        self.arm = (draw.random(rows) < 0.15 + 0.15 * self.layer).astype(np.int64)
        self.arm[(self.month == 1) & (self.layer == 3)] = 1  # contacted without anybody like them
        self.arm[(self.month == 2) & (self.layer == 0)] = 0  # comparison without anybody contacted
        taste = draw.gamma(4, 0.25, customers)[self.customer]
        self.before = draw.poisson(3 * taste).astype(float)
        self.after = draw.poisson(3 * taste * (1 + uneven * (self.layer - 1.5))).astype(float)
        self.change = draw.integers(-1, 2, rows).astype(float)
        self.stratum = groups_of([self.month, self.layer])
        self.cell = groups_of([self.stratum, self.finer, self.arm])

    def by_cell(self, values: np.ndarray, counted: Floats) -> Floats:
        return np.bincount(self.cell, weights=values * counted[self.customer])

    def key(self, values: np.ndarray) -> np.ndarray:
        found = np.zeros(int(self.cell.max()) + 1, dtype=np.int64)
        found[self.cell] = values
        return found

    @property
    def once(self) -> Floats:
        return np.ones(int(self.customer.max()) + 1)

    def columns(self, counted: Floats, *, n_too: bool) -> dict[str, np.ndarray]:
        """What estimators take; with `n_too` rows are counted anew, and with them the weights of strata."""
        n = self.by_cell(np.ones(len(self.cell)), counted if n_too else self.once)
        return {"n": n, "arm": self.key(self.arm), "stratum": self.key(self.stratum)}

    def treated(self, counted: Floats, used: np.ndarray) -> float:
        """Contacted rows in use, as a sum of weights instead of a whole number."""
        return float(counted[self.customer][(self.arm == 1) & used[self.cell]].sum())

    def influence(self, weights: Floats, *measures: np.ndarray) -> Floats:
        """Each customer's sum over rows: one weight a measure, and one for being there."""
        own = weights[self.cell]
        row = own[:, -1] + sum(own[:, slot] * measure for slot, measure in enumerate(measures))
        return np.bincount(self.customer, weights=row, minlength=len(self.once))

    def derivative(self, estimate: Callable[[Floats], float]) -> Floats:
        """By how much does the estimate move for each customer, per unit of weight?"""
        found = np.empty(len(self.once))
        for customer in range(len(found)):
            ends = []
            for sign in (1, -1):
                counted = self.once
                counted[customer] += sign * STEP
                ends.append(estimate(counted))
            found[customer] = (ends[0] - ends[1]) / (2 * STEP)
        return found


@pytest.fixture(params=[1, 2, 3])
def rows(request) -> Rows:
    return Rows(request.param, uneven=0.2)


def growth(rows: Rows, counted: Floats, *, n_too: bool = False, part: np.ndarray | None = None):
    return stacked_ratio(
        "orders",
        "orders per customer",
        after=rows.by_cell(rows.after, counted),
        before=rows.by_cell(rows.before, counted),
        group=rows.key(rows.month),
        part=part,
        **rows.columns(counted, n_too=n_too),
    )


def afterwards(rows: Rows, counted: Floats):
    return stacked_after(
        "issues", "issues", after=rows.by_cell(rows.after, counted), **rows.columns(counted, n_too=True)
    )


def mean_gap(rows: Rows, counted: Floats):
    return stacked_difference(
        "kept", "share", values=rows.by_cell(rows.change, counted), **rows.columns(counted, n_too=True)
    )


def per_row(rows: Rows, counted: Floats, total: float, expected: float, used: np.ndarray) -> float:
    return (total - expected) / rows.treated(counted, used)


def test_the_rows_hold_what_could_go_wrong(rows: Rows) -> None:
    found = growth(rows, rows.once)
    assert not found.used.all(), "strata with one arm"
    both = set(rows.customer[rows.arm == 1]) & set(rows.customer[rows.arm == 0])
    assert len(both) > 50, "customers in both roles"
    assert np.unique(rows.cell).size > 1.5 * np.unique(groups_of([rows.stratum, rows.arm])).size


def test_growth_on_the_log_scale(rows: Rows) -> None:
    found = growth(rows, rows.once)
    expected = rows.derivative(lambda counted: float(np.log(growth(rows, counted).ratio)))
    assert rows.influence(found.log_weights, rows.after, rows.before) == pytest.approx(expected, abs=1e-9)
    assert np.abs(expected).max() > 1e-3


def test_growth_on_the_difference_scale(rows: Rows) -> None:
    found = growth(rows, rows.once)

    def gap(counted: Floats) -> float:
        moved = growth(rows, counted)
        return per_row(rows, counted, moved.total, moved.expected, moved.used)

    assert gap(rows.once) == pytest.approx(found.gap, rel=1e-12)
    influence = rows.influence(found.gap_weights, rows.after, rows.before)
    assert influence == pytest.approx(rows.derivative(gap), abs=1e-9)


def test_growth_within_a_part(rows: Rows) -> None:
    part = rows.key(rows.layer) != 1
    found = growth(rows, rows.once, part=part)
    expected = rows.derivative(lambda counted: float(np.log(growth(rows, counted, part=part).ratio)))
    influence = rows.influence(found.log_weights, rows.after, rows.before)
    assert influence == pytest.approx(expected, abs=1e-9)
    outside = np.setdiff1d(rows.customer, rows.customer[rows.layer != 1])
    assert (influence[outside] == 0).all()


def test_after_the_contact_only_with_the_weights_of_strata_estimated_along(rows: Rows) -> None:
    found = afterwards(rows, rows.once)
    expected = rows.derivative(lambda counted: float(np.log(afterwards(rows, counted).ratio)))
    assert rows.influence(found.log_weights, rows.after, rows.before) == pytest.approx(expected, abs=1e-9)

    def gap(counted: Floats) -> float:
        moved = afterwards(rows, counted)
        return per_row(rows, counted, moved.total, moved.expected, moved.used)

    influence = rows.influence(found.gap_weights, rows.after, rows.before)
    assert influence == pytest.approx(rows.derivative(gap), abs=1e-9)


def test_differences_of_means_with_the_weights_of_strata_estimated_along(rows: Rows) -> None:
    found = mean_gap(rows, rows.once)

    def value(counted: Floats) -> float:
        moved = mean_gap(rows, counted)
        return moved.value * moved.n_treated / rows.treated(counted, moved.used)

    assert value(rows.once) == pytest.approx(found.value, rel=1e-12)
    assert rows.influence(found.weights, rows.change) == pytest.approx(rows.derivative(value), abs=1e-9)


def test_influences_of_all_customers_add_up_to_nothing(rows: Rows) -> None:
    """Counting everybody twice changes no ratio and no mean."""
    for found in (growth(rows, rows.once), afterwards(rows, rows.once)):
        for weights in (found.log_weights, found.gap_weights):
            assert rows.influence(weights, rows.after, rows.before).sum() == pytest.approx(0, abs=1e-10)
    assert rows.influence(mean_gap(rows, rows.once).weights, rows.change).sum() == pytest.approx(0, abs=1e-10)


def test_cells_and_rows_tell_the_same_influence(rows: Rows) -> None:
    found = growth(rows, rows.once)
    on_rows = ratio_did(
        name="orders",
        unit="orders per customer",
        before=rows.before,
        after=rows.after,
        contacted=rows.arm == 1,
        month=rows.month,
        weight=count_weights(rows.stratum, rows.arm == 1),
        customer=rows.customer,
    )
    assert found.ratio == pytest.approx(on_rows.ratio.value, rel=1e-12)
    assert found.gap == pytest.approx(on_rows.difference.value, rel=1e-12)
    influence = rows.influence(found.log_weights, rows.after, rows.before)
    assert influence[: len(on_rows.influence)] == pytest.approx(on_rows.influence, abs=1e-12)
    gap = rows.influence(found.gap_weights, rows.after, rows.before)
    assert np.sqrt(np.sum(gap**2)) == pytest.approx(on_rows.difference.se, rel=1e-12)


@pytest.mark.parametrize(("uneven", "least", "most"), [(0.0, 0.97, 1.03), (0.6, 1.03, 1.35)])
def test_holding_the_weights_of_strata_fixed_hardly_makes_errors_smaller(
    uneven: float, least: float, most: float
) -> None:
    """Where strata grow alike the two errors agree; where they grow apart (by 0.1 to 1.9) the fixed one is wider."""
    rows = Rows(7, rows=1_200, customers=700, uneven=uneven)
    found = growth(rows, rows.once)
    fixed = rows.influence(found.log_weights, rows.after, rows.before)
    along = rows.derivative(lambda counted: float(np.log(growth(rows, counted, n_too=True).ratio)))
    assert np.abs(fixed - along).max() > 1e-6, "they are not the same"
    assert least < np.sqrt(np.sum(fixed**2) / np.sum(along**2)) < most
