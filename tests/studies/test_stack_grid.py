"""Grids of customers and months: what lies beside a row, exact sums, and the raw gap between users and others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.studies.naive import naive_user_gap
from analysis.studies.sample import IndexRules, span_of_data
from analysis.studies.stack_grid import Shape, Source, beside, by_cell, counted, most_of_one, product_sums, summed
from analysis.studies.stack_money import Sums, in_units
from analysis.studies.stack_months_sql import Everybody
from analysis.studies.stack_sql import engine_stack

SHAPE = Shape(begin=100, months=3, before=2, after=2, customers=2)


def test_months_beside_a_row_are_those_of_its_customer_and_nothing_outside_the_data() -> None:
    """Two customers, three months. A row in the second month of one, and in the third of the other."""
    grid = SHAPE.empty(np.int16)
    SHAPE.data(grid)[:] = np.array([[1, 2, 300], [4, 5, 6]]).T
    assert grid[SHAPE.field(np.array([0, 1]), np.array([2, 0]))].tolist() == [300, 4]
    asked = {
        "before": Source("g", -1, -1),
        "after": Source("g", 1, 1),
        "all": Source("g", -2, 2),
        "later": Source("g", 1, 2, some=True),
    }
    rows = SHAPE.field(np.array([0, 1]), np.array([1, 2]))
    found = {name: column.tolist() for name, column in beside({"g": grid}, asked, rows, SHAPE).items()}
    assert found == {"before": [1, 5], "after": [300, 0], "all": [303, 15], "later": [1, 0]}


@pytest.mark.parametrize(("most", "kind"), [(127, np.int8), (128, np.int16)])
def test_rows_are_counted_in_the_smallest_numbers_that_hold_one_customers_many(most: int, kind: type) -> None:
    """The second customer has all but one of the rows, and all in one month."""
    who = np.array([0] + [1] * most)
    line = SHAPE.field(who, np.zeros(most + 1, dtype=np.int64))
    grid = counted(line, SHAPE, most_of_one(who, 2))
    assert (grid.dtype, SHAPE.data(grid).tolist()) == (kind, [[1, most], [0, 0], [0, 0]])


@pytest.mark.parametrize("largest", [10, 2**40, 2**61])
def test_sums_and_products_are_those_of_whole_numbers_of_any_length(largest: int) -> None:
    rng = np.random.default_rng(4)
    one, other = (rng.integers(-largest, largest, 5_000) for _ in range(2))
    place = rng.integers(0, 3, 5_000)
    cells = by_cell(place, 3)
    for cell in range(3):
        mine = place == cell
        total = sum(one[mine].tolist())
        product = sum(a * b for a, b in zip(one[mine].tolist(), other[mine].tolist(), strict=True))
        assert summed(cells, one)[cell] == pytest.approx(float(total), rel=1e-14, abs=largest * 1e-12)
        assert product_sums(cells, one, other)[cell] == pytest.approx(
            float(product), rel=1e-14, abs=float(largest) ** 2 * 1e-12
        )


def test_the_raw_gap_counts_every_customer_also_those_who_bought_nothing() -> None:
    """Users bought 4 and 2, others 1, 0 and 2: 3 against 1."""
    everybody = Everybody(
        np.array([4, 1, 2, 0, 2], dtype=np.int32),
        np.zeros(5, dtype=np.int64),
        np.array([True, False, True, False, False]),
    )
    dates: dict[str, Any] = {"index_from": "2025-01", "index_to": "2025-03", "before_months": 6, "after_months": 6}
    estimate = naive_user_gap(everybody, dates, 0.95, ["orders"])[0].estimate
    assert estimate is not None
    assert estimate.value == pytest.approx(3)
    log_error = np.sqrt(2 / 2 / 9 + 1 / 3 / 1)
    assert np.log(estimate.high / estimate.low) / 2 == pytest.approx(1.959963984540054 * log_error, rel=1e-9)


def made(company: Any, cancelled: bool) -> Any:
    """Orders on every 5th and 28th from January to August, the last half cancelled where asked."""
    months = [f"2025-{month:02d}" for month in range(1, 9)]
    rows = [
        (f"{who}{month}{day}", who, f"{month}-{day}T12:00:00", Decimal("1.00"), "EUR",
         "2025-09-01T00:00:00" if cancelled and month > "2025-06" else None)
        for who in "abf" for month in months for day in ("01", "28")
    ]  # fmt: skip
    columns = ["order_id", "customer_id", "ordered_at", "revenue", "currency", "cancelled_at"]
    issues = [("i1", "a", "2025-04-03T10:00:00", "social"), ("i2", "b", "2025-04-03T10:00:00", "phone")]
    issues += [("i3", "f", "2025-01-01T10:00:00", "phone"), ("i4", "f", "2025-08-30T10:00:00", "phone")]
    return company(
        orders=pd.DataFrame(rows, columns=columns),
        issues=pd.DataFrame(issues, columns=["issue_id", "customer_id", "opened_at", "channel"]),
    )


def test_cancelled_orders_do_not_stretch_the_span_of_the_data(company: Any) -> None:
    """The account of the table may know of orders that were cancelled; the span may not."""
    assert [str(month) for month in span_of_data(made(company, False), "UTC")] == ["2025-01", "2025-08"]
    assert [str(month) for month in span_of_data(made(company, True), "UTC")] == ["2025-01", "2025-06"]


def test_everybody_is_counted_once_and_known_as_a_user_by_a_social_issue(company: Any) -> None:
    stack = engine_stack(made(company, False), IndexRules(before_months=2, after_months=2), outcomes=["orders"])
    assert stack.everybody.orders.tolist() == [16, 16, 16]
    assert sorted(zip(stack.everybody.issues.tolist(), stack.everybody.social.tolist(), strict=True)) == [
        (1, False), (1, True), (2, False)
    ]  # fmt: skip


def test_batches_that_came_in_a_finer_or_coarser_unit_are_added_in_one() -> None:
    """Whole euros, then cents, then euros again as one who knows no better says them."""
    sums = Sums(np.zeros(2, dtype=np.int32))
    for line, amount, known in ((0, 3_000_000, 0), (1, 1_250_000, 0), (0, 2_000_000, 0), (0, 10_000, 2)):
        sums.add_whole(np.array([line]), *in_units(np.array([amount]), known))
    assert (sums.digits, sums.grid.tolist()) == (2, [501, 125])
    assert [sums.hold(most) for most in (1, 2**31 // 300, 2**31 // 299)] == [True, True, False]
