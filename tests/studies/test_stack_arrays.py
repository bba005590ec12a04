"""The stack in arrays against plain pandas: cells, influences and customers of every part, and its laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.inference.cells import Cells, Linear
from analysis.studies.stack import PARTS, window
from analysis.studies.stack_arrays import ArrayStack
from tests.studies.planted_stacks import by_hand, layout_with, planted

BEFORE, AFTER = window("orders", -6, -1), window("orders", 1, 6)
BY = ("arm", "month", "a0")


@pytest.fixture(scope="module")
def stack() -> ArrayStack:
    made = planted(1, customers=2_000, layout=layout_with(attributes=("region",)))
    rows = made.rows()
    return ArrayStack(rows.assign(a0=np.where(np.arange(len(rows)) % 7 == 0, -1, rows["a0"])), made.layout)


def part_of(stack: ArrayStack, where: str) -> pd.DataFrame:
    """The rows of a part, said again in pandas."""
    rows, latest = stack.rows(), stack.layout.end.number - 3
    if where == "future":
        return rows.query("future > 0").assign(arm=lambda frame: (frame["future"] == 2).astype(int))
    query = {"study": "study == 1", "recent": "study == 0 and month <= @latest", "main": "month <= @latest"}[where]
    return rows.query(query, local_dict={"latest": latest})


def random_linears(cells: Cells, seed: int = 0) -> list[Linear]:
    draw = np.random.default_rng(seed)
    return [
        Linear("one", (AFTER, BEFORE), draw.normal(size=(len(cells), 3))),
        Linear("two", (AFTER, ()), draw.normal(size=(len(cells), 3))),
        Linear("three", (), draw.normal(size=(len(cells), 1))),
    ]


# By hand


def hand() -> ArrayStack:
    """Six rows of four customers: three of the study, one too new for it, one of the newest months of all, and two
    rows of the future-social gate, of which one belongs to the study too."""
    made = layout_with()
    end = made.end.number
    return by_hand(
        made,
        [
            {"customer": 0, "month": end - 9, "arm": 1, "orders_p1": 2, "orders_m1": 1},
            {"customer": 1, "month": end - 9, "arm": 0, "orders_p1": 3, "orders_m1": 1, "future": 2},
            {"customer": 1, "month": end - 8, "arm": 0, "orders_p1": 4, "orders_m1": 2},
            {"customer": 2, "month": end - 4, "arm": 0, "orders_p1": 5, "study": 0},
            {"customer": 3, "month": end - 2, "arm": 1, "orders_p1": 6, "study": 0},
            {"customer": 3, "month": end - 5, "arm": 0, "orders_p1": 7, "study": 0, "future": 1},
        ],
    )


def test_cells_by_hand() -> None:
    measure = (("orders_p1",), ("orders_m1",))
    found = hand().cells(["arm"], measures=["orders_p1"], products=[measure])
    assert (found.keys["arm"].tolist(), found.n.tolist()) == ([0, 1], [2, 1])
    assert found.sums["orders_p1"].tolist() == [7.0, 2.0]
    assert found.product(*measure).tolist() == [3.0 + 8.0, 2.0]


def test_parts_by_hand() -> None:
    """The study, months with three months after, and the gate, whose arm is where the next issue went."""
    totals = {where: hand().cells(["arm"], where=where, measures=["orders_p1"]) for where in PARTS}
    assert totals["recent"].sums["orders_p1"].tolist() == [12.0]
    assert totals["main"].sums["orders_p1"].tolist() == [3.0 + 4 + 5 + 7, 2.0]
    assert totals["future"].keys["arm"].tolist() == [0, 1]
    assert totals["future"].sums["orders_p1"].tolist() == [7.0, 3.0]


def test_influences_by_hand() -> None:
    """A comparison row adds 1 + 2 * orders, a contacted one -orders: customers 0 and 1 move by -2 and 7 + 9 = 16."""
    stack = hand()
    cells = stack.cells(["arm"])
    found = stack.influences(cells, [Linear("x", (("orders_p1",),), np.array([[2.0, 1.0], [-1.0, 0.0]]))])
    assert found.covariance.tolist() == [[4.0 + 256.0]]
    assert found.share("x") == 256 / 260


def test_customers_by_hand() -> None:
    stack = hand()
    cells = stack.cells(["arm", "month"])
    masks = np.array([cells.keys["arm"] == 0, cells.keys["arm"] >= 0, cells.keys["arm"] > 1])
    assert stack.customers(cells, masks).tolist() == [1, 2, 0]
    assert stack.customers(cells, np.zeros((0, 3), dtype=bool)).tolist() == []


# Against pandas


@pytest.mark.parametrize("where", PARTS)
def test_cells_are_those_of_pandas(stack: ArrayStack, where: str) -> None:
    rows = part_of(stack, where)
    cells = stack.cells(BY, where=where, measures=("orders_p1", "orders_early"), products=[(BEFORE, AFTER)])
    crossed = rows[list(BEFORE)].sum(axis=1) * rows[list(AFTER)].sum(axis=1)
    expected = (
        rows.assign(crossed=crossed)
        .groupby(list(BY))
        .agg(n=("customer", "size"), p1=("orders_p1", "sum"), early=("orders_early", "sum"), crossed=("crossed", "sum"))
    )
    assert list(zip(*(cells.keys[name] for name in BY), strict=True)) == expected.index.to_list(), "sorted by the keys"
    assert cells.n.tolist() == expected["n"].tolist()
    assert cells.sums["orders_p1"].tolist() == expected["p1"].tolist()
    assert cells.sums["orders_early"].tolist() == expected["early"].tolist()
    assert cells.product(AFTER, BEFORE).tolist() == expected["crossed"].tolist()
    assert (cells.keys["a0"] == -1).any(), "what is missing is a value of its own"


@pytest.mark.parametrize("where", PARTS)
def test_influences_and_customers_are_those_of_pandas(stack: ArrayStack, where: str) -> None:
    rows = part_of(stack, where)
    cells = stack.cells(BY, where=where)
    place = rows.groupby(list(BY)).ngroup().to_numpy()
    linears = random_linears(cells)
    moved = pd.DataFrame(index=rows.index)
    for linear in linears:
        own = linear.weights[place]
        moved[linear.name] = own[:, -1] + sum(
            own[:, slot] * rows[list(measure)].sum(axis=1) for slot, measure in enumerate(linear.measures)
        )
    by_customer = moved.groupby(rows["customer"]).sum().to_numpy()
    found = stack.influences(cells, linears, where=where)
    assert found.covariance == pytest.approx(by_customer.T @ by_customer, rel=1e-12)
    assert found.largest == pytest.approx((by_customer**2).max(axis=0) / (by_customer**2).sum(axis=0), rel=1e-12)
    masks = np.random.default_rng(3).random((4, len(cells))) < 0.3
    expected = [rows.loc[mask[place], "customer"].nunique() for mask in masks]
    assert stack.customers(cells, masks, where=where).tolist() == expected


# Laws


def test_without_joint_only_variances_are_told(stack: ArrayStack) -> None:
    cells = stack.cells(BY)
    one, other = (stack.influences(cells, random_linears(cells), joint=joint) for joint in (True, False))
    assert np.diag(other.covariance) == pytest.approx(np.diag(one.covariance), rel=1e-12)
    assert np.array_equal(other.covariance, np.diag(np.diag(other.covariance)))
    assert one.covariance == pytest.approx(one.covariance.T, rel=1e-14)
    assert (np.linalg.eigvalsh(one.covariance) > 0).all()


def test_neither_the_order_of_rows_nor_the_numbers_of_customers_matter(stack: ArrayStack) -> None:
    rows = stack.rows().sample(frac=1, random_state=1)
    moved = ArrayStack(rows.assign(customer=rows["customer"] * 3 + 5), stack.layout)
    cells, again = (one.cells(BY, measures=("orders_p1",)) for one in (stack, moved))
    assert np.array_equal(cells.n, again.n)
    assert np.array_equal(cells.sums["orders_p1"], again.sums["orders_p1"])
    linears = random_linears(cells)
    expected = stack.influences(cells, linears).covariance
    assert moved.influences(again, linears).covariance == pytest.approx(expected, rel=1e-12)
    masks = cells.keys["arm"][None, :] == 1
    assert moved.customers(cells, masks) == stack.customers(cells, masks)


def test_cells_of_another_scan_serve_as_well(stack: ArrayStack) -> None:
    """Cells come from one stack, influences from another one with the same rows, that never counted any."""
    cells = stack.cells(BY)
    fresh = ArrayStack(stack.rows(), stack.layout)
    linears = random_linears(cells)
    assert np.array_equal(fresh.influences(cells, linears).covariance, stack.influences(cells, linears).covariance)


def test_fine_cells_add_up_to_coarse_ones_and_parts_to_the_whole(stack: ArrayStack) -> None:
    fine, coarse = (stack.cells(by, measures=("orders_p1",)) for by in (("arm", "month", "a0", "product"), ("arm",)))
    assert np.bincount(fine.keys["arm"], weights=fine.sums["orders_p1"]).tolist() == coarse.sums["orders_p1"].tolist()
    sizes = {where: int(stack.cells((), where=where).n.sum()) for where in PARTS}
    assert sizes["study"] + sizes["recent"] == sizes["main"]


def test_a_stack_counts_all_rows_in_one_cell_where_nothing_is_asked_for(stack: ArrayStack) -> None:
    cells = stack.cells((), measures=("orders_p1",))
    rows = part_of(stack, "study")
    assert (cells.n.tolist(), cells.sums["orders_p1"].tolist()) == ([len(rows)], [rows["orders_p1"].sum()])


def test_keys_far_apart_are_told_apart(stack: ArrayStack) -> None:
    """Seven keys with values up to 10**12 apart would run over 64 bits if they were packed side by side."""
    rows, keys = stack.rows(), ("month", "product", "recent", "lately", "observed", "earlier", "a0")
    far = rows.assign(**{name: (rows[name] - 2) * 10**11 for name in keys})
    far["month"] = far["month"] - far["month"].min()  # all rows of the study stay so
    cells, apart = stack.cells(keys), ArrayStack(far, stack.layout).cells(keys)
    assert np.array_equal(cells.n, apart.n)
    assert np.array_equal((cells.keys["earlier"] - 2) * 10**11, apart.keys["earlier"])


def test_the_frame_given_is_not_changed_and_comes_back(stack: ArrayStack) -> None:
    rows = stack.rows()
    kept = rows.copy()
    other = ArrayStack(rows, stack.layout, {"rows": len(rows)})
    other.cells(BY, measures=AFTER)
    pd.testing.assert_frame_equal(rows, kept)
    pd.testing.assert_frame_equal(other.rows(), kept)
    assert (other.account, other.layout) == ({"rows": len(rows)}, stack.layout)


# Bad input


def test_rows_of_no_such_part_are_refused(stack: ArrayStack) -> None:
    with pytest.raises(ValueError, match="no rows called `everybody`"):
        stack.cells(BY, where="everybody")
    with pytest.raises(KeyError):
        stack.cells(("planet",))
    with pytest.raises(KeyError):
        stack.cells(BY, measures=("revenue_p1",))


def test_no_rows_make_no_cells_and_move_nothing(stack: ArrayStack) -> None:
    empty = ArrayStack(stack.rows().assign(future=0), stack.layout)
    cells = empty.cells(BY, where="future", measures=AFTER)
    assert (len(cells), cells.total(AFTER).tolist()) == (0, [])
    found = empty.influences(cells, [Linear("x", (AFTER,), np.zeros((0, 2)))], where="future")
    assert (found.covariance.tolist(), found.largest.tolist()) == ([[0.0]], [0.0])
    assert empty.customers(cells, np.zeros((1, 0), dtype=bool), where="future").tolist() == [0]


def test_nobody_moves_an_estimate_whose_weights_are_nought(stack: ArrayStack) -> None:
    cells = stack.cells(BY)
    found = stack.influences(cells, [Linear("x", (AFTER,), np.zeros((len(cells), 2)))])
    assert (found.se("x"), found.share("x")) == (0.0, 0.0)
