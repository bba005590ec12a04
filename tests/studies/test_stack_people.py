"""Customers in place of ids: numbers are found again whatever they are, and two customers never share one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.foundation.errors import DesignError
from analysis.studies import stack_people
from analysis.studies.stack_calendar import NEVER
from analysis.studies.stack_people import Coded, Directory, People, by_customer
from analysis.tables.engine import Dialect

LARGEST = 2**64 - 1
SOURCE = "select customer_id, opened_at from issues"


@given(
    st.lists(st.integers(0, LARGEST) | st.integers(0, 9) | st.integers(LARGEST - 9, LARGEST), unique=True, max_size=40),
    st.lists(st.integers(0, LARGEST) | st.integers(0, 12) | st.integers(LARGEST - 12, LARGEST), max_size=20),
)
def test_every_number_is_found_in_its_place_and_no_other_one(held: list[int], others: list[int]) -> None:
    """Numbers near both ends and close to each other, which share their leading bits."""
    directory = Directory.of(np.array(held, dtype=np.uint64))
    assert directory is not None
    asked = np.array([*held, *others], dtype=np.uint64)
    expected = [held.index(number) if number in held else -1 for number in asked.tolist()]
    assert directory.codes(asked).tolist() == expected


def test_more_numbers_than_are_looked_up_at_once_are_found_in_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    numbers = np.unique(rng.integers(0, LARGEST, 5_000, dtype=np.uint64))
    rng.shuffle(numbers)
    directory = Directory.of(numbers)
    assert directory is not None
    asked = rng.integers(0, len(numbers), 20_000)
    monkeypatch.setattr(stack_people, "_AT_ONCE", 777)
    assert (directory.codes(numbers[asked]) == asked).all()
    assert (directory.codes(numbers[asked] + np.uint64(1)) == -1).all()


def test_numbers_that_are_the_same_make_no_directory() -> None:
    assert Directory.of(np.array([7, 3, 7], dtype=np.uint64)) is None


def company_of(company: Any, *ids: str, **columns: Any) -> Any:
    return company(
        customers=pd.DataFrame({"customer_id": ids, "joined_at": ["2025-01-01T00:00:00"] * len(ids), **columns}),
        issues=pd.DataFrame(
            {"issue_id": ["i1"], "customer_id": [ids[0]], "opened_at": ["2025-02-01T00:00:00"], "channel": ["phone"]}
        ),
        orders=pd.DataFrame(
            {"order_id": ["o1"], "customer_id": [ids[-1]], "ordered_at": ["2025-02-03T00:00:00"], "revenue": ["1"]}
            | {"currency": ["EUR"]}
        ),
    )


def test_customers_come_in_the_order_of_their_ids(company: Any) -> None:
    tables = company_of(company, "b", "ä", "a", region=["north", None, "east"])
    people = People.of(tables, SOURCE, ("region",))
    assert people.attributes[0].labels == ("east", "north")
    assert people.attributes[0].codes.tolist() == [0, 1, -1]
    numbers = tables.engine.query(f"select {people.number()} as n from customers order by customer_id desc").column(0)
    assert people.codes(numbers.combine_chunks()).tolist() == [2, 1, 0]


def test_two_customers_of_one_number_get_other_numbers(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Dialect.number_of
    monkeypatch.setattr(
        Dialect, "number_of", lambda self, text, salt=0: made(self, text, salt) if salt == 2 else "cast(7 as ubigint)"
    )
    tables = company_of(company, "a", "b")
    people = People.of(tables, SOURCE, ())
    assert people.salt == 2
    numbers = tables.engine.query(f"select {people.number()} as n from orders").column(0)
    assert people.codes(numbers.combine_chunks()).tolist() == [1]


def test_customers_whom_no_number_tells_apart_are_refused(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dialect, "number_of", lambda self, text, salt=0: "cast(7 as ubigint)")
    with pytest.raises(DesignError, match="holds a customer twice"):
        People.of(company_of(company, "a", "b"), SOURCE, ())


def test_without_a_table_of_customers_they_joined_when_they_were_first_seen(company: Any) -> None:
    """`a` has an issue in February, `b` an order two days later."""
    tables = company(
        issues=pd.DataFrame(
            {"issue_id": ["i1"], "customer_id": ["a"], "opened_at": ["2025-02-01T00:00:00"], "channel": ["phone"]}
        ),
        orders=pd.DataFrame(
            {"order_id": ["o1", "o2"], "customer_id": ["b", "a"], "revenue": ["1", "1"], "currency": ["EUR", "EUR"]}
            | {"ordered_at": ["2025-02-03T00:00:00", "2025-03-03T00:00:00"]}
        ),
    )
    joined = People.of(tables, SOURCE, ()).joined_at.astype("datetime64[us]")
    assert joined.astype(str).tolist() == ["2025-02-01T00:00:00.000000", "2025-02-03T00:00:00.000000"]


def test_a_customer_nobody_saw_join_never_did(company: Any) -> None:
    tables = company_of(company, "a", "b")
    tables.engine.keep("joined", "select * replace (null::timestamp as joined_at) from customers")
    with tables.engine.standing_in("customers", "joined"):
        assert People.of(tables, SOURCE, ()).joined_at.tolist() == [NEVER, NEVER]


def test_labels_that_no_row_has_are_left_out() -> None:
    coded = Coded.of(pa.array(["b", None, "a", "c", "b"]))
    assert (coded.labels, coded.codes.tolist()) == (("a", "b", "c"), [1, -1, 0, 2, 1])
    some = coded.at(np.array([3, 1, 0]))
    assert (some.labels, some.codes.tolist()) == (("b", "c"), [1, -1, 0])


@given(st.lists(st.integers(0, 5), max_size=50))
def test_rows_of_a_customer_stay_in_their_order(codes: list[int]) -> None:
    order, starts = by_customer(np.array(codes, dtype=np.int32), 6)
    assert order.tolist() == sorted(range(len(codes)), key=lambda place: codes[place])
    assert starts.tolist() == [sum(code < customer for code in codes) for customer in range(7)]
