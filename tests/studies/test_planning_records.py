"""Whose records stand in for a test, and what each customer did: counted by hand, and what cannot play a test."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, TooSoon, UnknownName
from analysis.studies.planning.plan import PlanningPlan
from analysis.studies.planning.records import TABLE, keep_records

PLAN = PlanningPlan(outcomes=("orders", "revenue", "repurchased"), window_days=10, pre_days=10, windows=())


def orders(*rows: tuple[str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    frame["ordered_at"] += "Z"
    return frame.assign(order_id=[f"o{n}" for n in range(len(frame))], currency="EUR")


SOME = orders(
    ("a", "2026-01-01T00:00:00", 5),
    ("a", "2026-01-15T12:00:00", 10),  # before: 11 to 21 January
    ("a", "2026-01-21T00:00:00", 20),  # the first instant of the window
    ("a", "2026-01-30T23:00:00", 30),
    ("b", "2026-01-20T23:59:59", 7),  # the last instant before it
    ("c", "2026-01-05T00:00:00", 1),
    ("d", "2026-01-25T00:00:00", 99),
)
PEOPLE = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d", "e"],
        "joined_at": ["2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z", None, "2026-01-25T00:00:00Z", None],
        "shop": ["x", "x", "y", "y", None],
    }
)


def rows_of(tables, records) -> dict[str, tuple]:
    found = tables.engine.query(f"select * from {TABLE} order by customer_id").to_pylist()
    return {row["customer_id"]: tuple(float(row[name]) for name in records.columns) for row in found}


def test_windows_by_hand(company) -> None:
    """Orders end on 30 January, so the window is 21 to 30 January, the time before it 11 to 20 January.

    d joined inside the window and could not have been assigned; e has neither a date nor an order; c's first order
    dates it.
    """
    more = pd.concat([SOME, orders(("f", "2026-01-02T00:00:00", 1)).assign(order_id="more")])
    people = pd.concat([PEOPLE, pd.DataFrame({"customer_id": ["f"], "joined_at": ["2026-01-02T00:00:00Z"]})])
    tables = company(orders=more, customers=people)
    records = keep_records(tables, PLAN)
    assert rows_of(tables, records) == {
        "a": (2, 50, 1, 1, 10, 1),
        "b": (0, 0, 0, 1, 7, 1),
        "c": (0, 0, 0, 0, 0, 0),
        "f": (0, 0, 0, 0, 0, 0),
    }
    assert (f"{records.entered_from:%Y-%m-%d}", records.customers) == ("2026-01-21", 4)
    assert records.units["revenue"] == "EUR per customer"
    assert any("1 customers have neither a `joined_at` nor an order" in note for note in records.notes)


def test_a_start_leaves_later_records_alone(company) -> None:
    people = PEOPLE.assign(joined_at="2025-01-01T00:00:00Z")
    plan = PlanningPlan(
        outcomes=("orders",), window_days=5, pre_days=5, windows=(), start=date(2026, 1, 21), cluster="shop"
    )
    tables = company(orders=SOME, customers=people)
    records = keep_records(tables, plan)
    assert f"{records.entered_from:%Y-%m-%d}" == "2026-01-16"
    assert rows_of(tables, records) == {"a": (0, 1), "b": (1, 0), "c": (0, 0), "d": (0, 0)}
    assert any("1 customers have no `shop`" in note for note in records.notes)


def test_customers_enter_at_their_first_order(company) -> None:
    """Taken in from 16 to 20 January; what counts comes after the order that brought them in."""
    more = orders(
        ("a", "2026-01-16T10:00:00", 1),
        ("a", "2026-01-18T10:00:00", 2),
        ("b", "2026-01-20T10:00:00", 4),
        ("b", "2026-01-29T10:00:00", 8),
        ("b", "2026-01-30T11:00:00", 16),  # ten days and an hour later
        ("c", "2026-01-21T10:00:00", 32),
        ("d", "2026-01-17T10:00:00", 64),
        ("e", "2026-01-19T10:00:00", 128),
        ("e", "2026-01-09T11:00:00", 256),
        ("z", "2026-01-01T00:00:00", 1),
    )
    plan = PlanningPlan(outcomes=("revenue",), window_days=10, pre_days=10, windows=(), entry="orders", entry_days=5)
    tables = company(orders=more)
    records = keep_records(tables, plan)
    assert rows_of(tables, records) == {"a": (2, 1), "b": (8, 4), "d": (0, 64), "e": (0, 384)}


def test_only_active_customers(company) -> None:
    people = PEOPLE.assign(joined_at="2025-01-01T00:00:00Z")
    more = pd.concat([SOME, orders(("d", "2026-01-19T00:00:00", 1), ("e", "2026-01-18T00:00:00", 1)).assign(
        order_id=["p", "q"])])  # fmt: skip
    plan = PlanningPlan(outcomes=("orders",), window_days=10, pre_days=10, windows=(), active_days=8)
    tables = company(orders=more, customers=people)
    assert set(rows_of(tables, keep_records(tables, plan))) == {"a", "b", "d", "e"}


def test_orders_alone_will_do(company) -> None:
    more = pd.concat([SOME, orders(("f", "2026-01-02T00:00:00", 1)).assign(order_id="more")])
    tables = company(orders=more)
    assert set(rows_of(tables, keep_records(tables, PLAN))) == {"a", "b", "c", "f"}


def test_what_cannot_play_a_test(company) -> None:
    tables = company(orders=SOME, customers=PEOPLE.assign(joined_at="2025-01-01T00:00:00Z"))
    with pytest.raises(TooSoon, match=r"have 30 days before 2026-01-31; 90 are needed"):
        keep_records(tables, PlanningPlan(outcomes=("orders",)))
    short = keep_records(tables, PlanningPlan(outcomes=("orders",), window_days=25, windows=()))
    assert short.before == {}
    assert "too late for 90 days before" in short.notes[0]
    partly = keep_records(tables, PlanningPlan(outcomes=("orders", "issues", "margin"), window_days=10, windows=()))
    assert list(partly.after) == ["orders"]
    assert len([note for note in partly.notes if "cannot be planned" in note]) == 2
    with pytest.raises(DesignError, match="None of the outcomes can be planned"):
        keep_records(tables, PlanningPlan(outcomes=("issues",), window_days=10))
    with pytest.raises(DesignError, match="no column `household`"):
        keep_records(tables, PlanningPlan(outcomes=("orders",), window_days=10, cluster="household"))
    with pytest.raises(DesignError, match="no column `customer_id` whose"):
        keep_records(tables, PlanningPlan(outcomes=("orders",), window_days=10, cluster="customer_id"))
    with pytest.raises(DesignError, match="is a time"):
        keep_records(tables, PlanningPlan(outcomes=("orders",), window_days=10, cluster="joined_at"))
    with pytest.raises(DesignError, match="first of `issues`"):
        keep_records(tables, PlanningPlan(outcomes=("orders",), window_days=10, entry="issues"))
    with pytest.raises(DesignError, match="1 customers enter"):
        keep_records(
            tables, PlanningPlan(outcomes=("orders",), window_days=5, pre_days=5, entry="orders", entry_days=1)
        )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"shares": {"control": 1}}, "two arms"),
        ({"shares": {"control": 1, "a": 0}}, "above zero"),
        ({"control": "nobody"}, "`nobody` among them"),
        ({"outcomes": ()}, "Name an outcome"),
        ({"ratios": {"orders": ("revenue", "orders")}}, "name of its own"),
        ({"ratios": {"one": ("orders", "orders")}}, "two different"),
        ({"window_days": 0}, "between 1 and"),
        ({"matters": {"orders": 0.0}}, "no test is large enough"),
        ({"matters": {"orders": 7}}, r"Write 0\.05"),
        ({"margins": {"orders": -0.1}}, "margin lies above 0"),
        ({"customers": 3}, "is none"),
        ({"claims": 0}, "one claim"),
        ({"level": 0.2}, "level"),
        ({"power": 1.0}, "power"),
        ({"looks": (900, 600)}, "first look"),
        ({"looks": (600, 900), "cluster": "shop"}, "Always-valid"),
    ],
)
def test_no_plan(given: dict, words: str) -> None:
    with pytest.raises(DesignError, match=words):
        PlanningPlan(**given)


@pytest.mark.parametrize("given", [{"outcomes": ("oders",)}, {"entry": "visits"}, {"matters": {"revenu": 0.1}},
                                   {"zone": "Europe/Londn"}])  # fmt: skip
def test_unknown_names(given: dict) -> None:
    with pytest.raises(UnknownName):
        PlanningPlan(**given)


def test_a_plan_cannot_be_changed_from_outside() -> None:
    matters = {"orders": 0.05}
    plan = PlanningPlan(matters=matters)
    matters["orders"] = 0.5
    assert plan.matters["orders"] == 0.05
    assert PlanningPlan(shares={"control": 3, "a": 1}).share("control") == 0.75


def contacts() -> pd.DataFrame:
    rows = [(f"c{n % 40}", f"2026-01-{1 + n % 30:02}T{n % 24:02}:00:00Z") for n in range(120)]
    frame = pd.DataFrame(rows, columns=["customer_id", "opened_at"])
    return frame.assign(issue_id=[f"i{n}" for n in range(len(frame))], channel="email")


def test_issues_alone_will_do(company) -> None:
    plan = PlanningPlan(outcomes=("issues",), window_days=10, pre_days=10, windows=(), entry="issues", entry_days=5)
    records = keep_records(company(issues=contacts()), plan)
    assert records.units == {"issues": "issues per customer"}
    assert records.customers > 4


def test_a_list_needs_somebody_to_list(company) -> None:
    plan = PlanningPlan(outcomes=("issues",), window_days=10, pre_days=10, windows=())
    with pytest.raises(DesignError, match="needs a table `customers` or `orders`"):
        keep_records(company(issues=contacts()), plan)
    nobody_knows = pd.DataFrame({"customer_id": [f"c{n}" for n in range(40)], "region": "north"})
    with pytest.raises(DesignError, match=r"0 customers enter.*40 customers have neither"):
        keep_records(company(issues=contacts(), customers=nobody_knows), plan)


def test_the_primary_outcome_is_no_guardrail() -> None:
    plan = PlanningPlan(outcomes=("issues", "orders"), margins={"issues": 0.1})
    assert plan.primary == "orders"
    assert PlanningPlan(outcomes=("issues",), margins={"issues": 0.1}).primary is None
