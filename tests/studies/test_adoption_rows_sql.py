"""The panel of adoption out of tables: against arrays, by hand, without tables that may be missing, and bad input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, UnknownName
from analysis.studies.adoption.panel import NEVER
from analysis.studies.adoption.rows_sql import panel_of
from analysis.studies.adoption.waves_sql import arms_in_words
from analysis.studies.sample import IndexRules
from analysis.synthetic.roll_out import EXPERIMENT, FIRST_MONTH, RollOutLife, roll_out_life
from analysis.synthetic.roll_out_folder import ZONE, write_roll_out
from analysis.tables.load import Source, Tables, open_tables, prepare
from tests.studies.adoption_companies import of_roll_out

ALL = ("orders", "revenue", "margin", "issues")
RULES = IndexRules(zone=ZONE)
SMALL = IndexRules(before_months=2, after_months=1)


@pytest.fixture(scope="module")
def life() -> RollOutLife:
    return roll_out_life("rollout_effect", 7, 1_500)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder: Path = tmp_path_factory.mktemp("rolled") / "out"
    write_roll_out(folder, "rollout_effect", 7, 1_500)
    with open_tables(prepare([Source(folder)], cache=folder.parent / "cache", zone=ZONE)) as opened:
        yield opened


def test_a_roll_out_is_the_one_of_the_arrays(tables, life) -> None:
    found = panel_of(tables, RULES, outcomes=ALL, roll_out=EXPERIMENT, attributes=("region",))
    known = of_roll_out(life, money=True)
    assert (found.begin, found.end, found.issues, found.currency) == (known.begin, known.end, None, "EUR")
    assert np.array_equal(found.first, known.first)
    assert np.array_equal(found.adopted, known.adopted)
    for name in ALL:
        np.testing.assert_allclose(
            found.counted[name] * found.scale(name), known.counted[name] * known.scale(name), rtol=0, atol=1e-9
        )
    for name in ("region", "product"):
        assert np.array_equal(found.fixed[name], known.fixed[name])
        assert found.labels[name] == known.labels[name]
    assert found.account["assigned"] == len(found) == 1_500


def test_first_contacts_are_those_of_the_arrays(tables, life) -> None:
    """Customers with an issue, the month of their first one on social, and rows of everybody until then."""
    found = panel_of(tables, RULES, outcomes=ALL, roll_out=None)
    came = np.full(len(life.wave), NEVER)
    social = life.issue_social
    np.minimum.at(came, life.issue_customer[social], FIRST_MONTH.number + life.issue_month[social])
    people = np.flatnonzero(life.issues.any(axis=1))
    assert np.array_equal(found.adopted, came[people])
    assert np.array_equal(found.counted["issues"], life.issues[people])
    assert np.array_equal(found.counted["orders"], life.orders[people])
    rows = found.issues
    assert rows is not None
    month, place = np.nonzero((life.issues[people] > 0).T)
    kept = month + FIRST_MONTH.number <= came[people[place]]
    assert np.array_equal(rows.customer, place[kept])
    assert np.array_equal(rows.month - FIRST_MONTH.number, month[kept])
    assert np.array_equal(rows.product, life.product[people[place[kept]]])


DAYS = [f"2025-{month:02d}-{day:02d}T12:00Z" for month in range(1, 9) for day in (1, 28)]


def frames(**changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Eight months, customers a to d who buy twice a month; a comes to social in April, after a call in March."""
    people = ("a", "b", "c", "d")
    orders = pd.DataFrame(
        [
            {"order_id": f"{who}{day}", "customer_id": who, "ordered_at": day, "revenue": "10.01", "currency": "EUR"}
            for who in people
            for day in DAYS
        ]
    )
    issues = pd.DataFrame(
        [
            {"issue_id": f"{who}{day}", "customer_id": who, "opened_at": day, "channel": "phone", "product": "tv"}
            for who, day in (("b", DAYS[0]), ("a", DAYS[4]), ("c", DAYS[6]), ("b", DAYS[-1]))
        ]
        + [{"issue_id": "s", "customer_id": "a", "opened_at": DAYS[7], "channel": "social", "product": "radio"}]
    )
    customers = pd.DataFrame({"customer_id": people, "joined_at": ["2020-01-01T00:00Z"] * 3 + ["2025-02-10T00:00Z"]})
    return {"orders": orders, "issues": issues, "customers": customers} | changed


def messages() -> pd.DataFrame:
    """c writes on social in May, about no issue."""
    return pd.DataFrame(
        [
            {
                "touchpoint_id": "t1",
                "customer_id": "c",
                "occurred_at": DAYS[8],
                "channel": "social",
                "direction": "inbound",
            },
            {
                "touchpoint_id": "t2",
                "customer_id": "b",
                "occurred_at": DAYS[2],
                "channel": "social",
                "direction": "outbound",
            },
        ]
    )


class TestByHand:
    def test_months_of_adoption_and_products(self, company) -> None:
        panel = panel_of(company(**frames()), SMALL, outcomes=("orders", "revenue"), roll_out=None)
        jan = Month.of("2025-01").number
        assert (panel.adopted - jan).tolist() == [3, NEVER - jan, NEVER - jan]
        assert panel.counted["revenue"][0, 0] * panel.scale("revenue") == pytest.approx(20.02, abs=1e-12)
        rows = panel.issues
        assert rows is not None
        told = [panel.labels["product"][code] for code in rows.product]
        assert list(zip(rows.customer.tolist(), (rows.month - jan).tolist(), told, strict=True)) == [
            (1, 0, "tv"), (0, 2, "tv"), (0, 3, "radio"), (2, 3, "tv"), (1, 7, "tv"),
        ]  # fmt: skip

    def test_a_message_on_social_is_a_first_contact_and_an_answer_is_none(self, company) -> None:
        panel = panel_of(company(**frames(touchpoints=messages())), SMALL, outcomes=("orders",), roll_out=None)
        jan = Month.of("2025-01").number
        assert (panel.adopted - jan).tolist() == [3, NEVER - jan, 4]

    def test_without_customers_one_is_known_from_the_first_event(self, company) -> None:
        given = frames()
        del given["customers"]
        given["orders"] = given["orders"][~((given["orders"]["customer_id"] == "c") & (given["orders"].index % 16 < 5))]
        panel = panel_of(company(**given), SMALL, outcomes=("orders",), roll_out=None)
        assert (panel.first - Month.of("2025-01").number).tolist() == [1, 1, 3]

    def test_touchpoints_stand_in_for_issues(self, company) -> None:
        given = frames()
        issues = given.pop("issues")
        points = issues.rename(columns={"issue_id": "touchpoint_id", "opened_at": "occurred_at"}).assign(
            direction="inbound"
        )
        panel = panel_of(
            company(**given, touchpoints=points.drop(columns="product")), SMALL, outcomes=("orders",), roll_out=None
        )
        assert (panel.adopted[0] - Month.of("2025-01").number, panel.counted["issues"].sum()) == (3, 5)


def assignments(**arms: tuple[str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"experiment_id": "pilot", "customer_id": who, "arm": arm, "assigned_at": when}
            for who, (arm, when) in arms.items()
        ]
    )


class TestRollOut:
    def test_waves_are_months_and_a_control_arm_never_adopts(self, company) -> None:
        given = assignments(a=("wave_1", DAYS[6]), b=("wave_2", DAYS[11]), c=("Control", DAYS[6]), d=("wave_1", None))
        panel = panel_of(company(**frames(assignments=given)), SMALL, outcomes=("orders",), roll_out="pilot")
        jan = Month.of("2025-01").number
        assert (panel.adopted - jan).tolist() == [3, 5, NEVER - jan]
        assert panel.account["left_out_assigned_without_a_time"] == 1
        assert panel.issues is None

    def test_a_customer_assigned_to_two_waves_is_left_out_and_counted(self, company) -> None:
        one = assignments(a=("wave_1", DAYS[6]), b=("wave_2", DAYS[8]), c=("control", DAYS[6]))
        twice = assignments(b=("wave_1", DAYS[6]))
        blocks = pd.concat([one.assign(block_start=DAYS[0]), twice.assign(block_start=DAYS[1])])
        tables = company(**frames(assignments=blocks))
        panel = panel_of(tables, SMALL, outcomes=("orders",), roll_out="pilot")
        assert (len(panel), panel.account["left_out_assigned_to_two_waves"], panel.account["assigned"]) == (2, 1, 3)

    def test_other_experiments_and_a_wave_that_nobody_is_in(self, company) -> None:
        """Waves of one day are one cohort; who joined after the invitation is read and cannot be studied."""
        given = assignments(
            a=("wave_1", DAYS[6]), b=("wave_2", DAYS[6]), c=("wave_9", DAYS[15]), d=("control", DAYS[0])
        )
        other = assignments(a=("control", DAYS[2]), c=("b", DAYS[4])).assign(experiment_id="colours")
        panel = panel_of(
            company(**frames(assignments=pd.concat([given, other]))), SMALL, outcomes=("orders",), roll_out="pilot"
        )
        jan = Month.of("2025-01").number
        assert (panel.adopted - jan).tolist() == [3, 3, 7, NEVER - jan]
        assert (panel.account["assigned"], len(panel)) == (4, 4)

    def test_the_month_of_an_invitation_is_the_local_one(self, company) -> None:
        """Half an hour before midnight in London on the last of April is May in Berlin; 23:30 UTC is May in London."""
        given = assignments(a=("one", "2025-04-30T22:30Z"), b=("two", "2025-04-30T23:30Z"), c=("never", None))
        tables = company(**frames(assignments=given))
        may = Month.of("2025-05").number
        for zone, months in (("UTC", [-1, -1]), ("Europe/London", [-1, 0]), ("Europe/Berlin", [0, 0])):
            panel = panel_of(tables, replace(SMALL, zone=zone), outcomes=("orders",), roll_out="pilot")
            assert (panel.adopted[:2] - may).tolist() == months

    def test_how_arms_were_read_is_said(self, company) -> None:
        given = assignments(a=("wave_1", DAYS[6]), b=("Holdout", DAYS[6]), c=("later", None), d=("wave_1", DAYS[9]))
        tables = company(**frames(assignments=given))
        read, undated = arms_in_words(tables, "pilot", "UTC")
        assert read == (
            "Arms of `pilot` read as invited: `wave_1` (2 customers, 2025-04 to 2025-05); as never invited: `Holdout` "
            "(1 customer)."
        )
        assert "`later` (1 customer)" in undated
        assert "is called control, holdout, never or not_invited" in undated

    def test_an_experiment_that_does_not_exist(self, company) -> None:
        with pytest.raises(UnknownName, match="pilot"):
            panel_of(
                company(**frames(assignments=assignments(a=("wave_1", DAYS[6])))),
                SMALL,
                outcomes=("orders",),
                roll_out="pilott",
            )
        with pytest.raises(DesignError, match="needs the table `assignments`"):
            panel_of(company(**frames()), SMALL, outcomes=("orders",), roll_out="pilot")

    def test_one_that_assigned_by_cluster(self, company) -> None:
        given = assignments(a=("wave_1", DAYS[6])).assign(unit="cluster")
        with pytest.raises(DesignError, match="assigned by cluster, not by customer"):
            panel_of(company(**frames(assignments=given)), SMALL, outcomes=("orders",), roll_out="pilot")


class TestRefused:
    def test_a_month_without_any_order_is_a_hole(self, company) -> None:
        given = frames()
        given["orders"] = given["orders"][~given["orders"]["ordered_at"].str.startswith("2025-03")]
        with pytest.raises(DesignError, match="no order at all in 2025-03"):
            panel_of(company(**given), SMALL, outcomes=("orders",), roll_out=None)

    def test_amounts_too_large_to_be_exact(self, company) -> None:
        given = frames()
        given["orders"]["revenue"] = "9000000000.00"
        with pytest.raises(DesignError, match="too large to be held exactly"):
            panel_of(company(**given), SMALL, outcomes=("revenue",), roll_out=None)
