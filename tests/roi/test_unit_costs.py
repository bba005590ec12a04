"""What a contact and an issue cost: stated above the table, the table above the rows; marginal and average apart."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.rates import Rate, Rates
from analysis.roi.spread import Triangular
from analysis.roi.stated import Stated
from analysis.roi.unit_costs import StatedUnitCost, unit_costs
from tests.roi.small_tables import company, opened

EURO = Rates("EUR")
TABLE = pd.DataFrame(
    [
        ("phone", "issue", "2025-01-01", 7.0, 11.0),
        ("phone", "issue", "2026-01-01", 9.0, 13.0),
        ("phone", "issue", "2030-01-01", 99.0, 99.0),
        ("social", "contact", "2025-01-01", 2.0, None),
    ],
    columns=["channel", "per", "effective_from", "marginal", "average"],
).assign(currency="EUR", source="controlling")
TOUCHES = pd.DataFrame(
    [("T1", "0001", "I1"), ("T2", "0001", "I1"), ("T3", "0001", "I1"), ("T4", "0002", "I2"), ("T5", "0002", None)],
    columns=["touchpoint_id", "customer_id", "issue_id"],
).assign(occurred_at=pd.Timestamp("2026-05-01 10:00"), channel="social", direction="inbound")


def test_the_mean_of_the_last_twelve_months_of_rows(tmp_path) -> None:
    issues = company()["issues"]
    with opened(tmp_path, {"issues": issues}) as tables:
        found = unit_costs([], tables, EURO, "UTC")
    last_year = issues[issues["opened_at"] >= "2026-01-01"]
    for channel, own in last_year.groupby("channel"):
        assert found.need(channel, "issue", "x").marginal == pytest.approx(own["cost"].mean())
        mean, error = found.booked[channel]
        assert (mean, error) == pytest.approx((own["cost"].mean(), own["cost"].std(ddof=0) / len(own) ** 0.5))
    assert "2026-01 to 2026-12, as booked" in found.need("phone", "issue", "x").source
    assert found.get("phone", "contact") is None  # nothing says how many contacts an issue takes


def test_the_table_stands_above_the_rows_and_what_is_to_come_waits(tmp_path) -> None:
    with opened(tmp_path, {"issues": company()["issues"], "unit_costs": TABLE.iloc[[0, 1, 3]]}) as tables:
        found = unit_costs([], tables, EURO, "UTC")
    phone = found.need("phone", "issue", "x")
    assert (phone.marginal, phone.average, phone.dated) == (9.0, 13.0, "2026-01-01")
    assert found.need("email", "issue", "x").source.startswith("table issues")


def test_a_row_of_a_day_to_come_is_no_cost_yet(tmp_path) -> None:
    frame = TABLE.assign(known_at="2026-06-01T00:00:00Z")
    with opened(tmp_path, {"unit_costs": frame}) as tables:
        assert unit_costs([], tables, EURO, "UTC").need("phone", "issue", "x").marginal == 9.0


def test_contacts_of_an_issue_lead_from_one_price_to_the_other(tmp_path) -> None:
    """Four contacts belong to two issues: 2 contacts an issue; 2.00 a contact makes 4.00 an issue."""
    with opened(tmp_path, {"touchpoints": TOUCHES, "unit_costs": TABLE.iloc[[0, 1, 3]]}) as tables:
        found = unit_costs([], tables, EURO, "UTC")
    issue = found.need("social", "issue", "x")
    assert (issue.marginal, issue.origin) == (4.0, "derived")
    assert found.contacts_per_issue == {"social": 2.0}
    assert found.get("phone", "contact") is None


def test_the_parameters_stand_above_all_and_keep_their_range(tmp_path) -> None:
    said = Stated(value=3, low=2, high=4, source="team", dated="2026-02-01")
    stated = [StatedUnitCost(channel="social", marginal=said, average=6.0, per="contact")]
    with opened(tmp_path, {"touchpoints": TOUCHES, "unit_costs": TABLE.iloc[[0, 1, 3]]}) as tables:
        found = unit_costs(stated, tables, EURO, "UTC")
    assert found.need("social", "contact", "x").spread == Triangular(2, 3, 4)
    assert found.need("social", "issue", "x").spread == Triangular(4, 6, 8)
    assert found.need("social", "issue", "x").average == 12.0


def test_a_stated_price_of_contacts_drops_the_booked_one_of_issues(tmp_path) -> None:
    """What is worked out from a stated price stands above what the table says: else two prices would be mixed."""
    stated = [StatedUnitCost(channel="phone", marginal=Stated.of(5.0))]
    with opened(tmp_path, {"unit_costs": TABLE.iloc[[0, 1, 3]]}) as tables:
        found = unit_costs(stated, tables, EURO, "UTC")
    with pytest.raises(DesignError, match=r"The line needs what one issue costs on phone.*`roi.unit_costs.phone`"):
        found.need("phone", "issue", "The line")


def test_money_in_another_currency(tmp_path) -> None:
    dollars = TABLE.iloc[[1]].assign(currency="USD")
    with opened(tmp_path, {"unit_costs": dollars}) as tables:
        with pytest.raises(DesignError, match=r"Rows of `unit_costs` are in USD.*`roi.rates.USD`"):
            unit_costs([], tables, EURO, "UTC")
        rates = Rates("EUR", {"USD": Rate(rate=0.5, source="bank", dated="2026-01-01")})
        assert unit_costs([], tables, rates, "UTC").need("phone", "issue", "x").marginal == 4.5


def test_a_channel_stated_twice_and_a_price_below_nothing() -> None:
    one = StatedUnitCost(channel="phone", marginal=Stated.of(5.0))
    with pytest.raises(DesignError, match="states a channel twice"):
        unit_costs([one, one], None, EURO, "UTC")
    with pytest.raises(ValueError, match=r"`roi.unit_costs.phone.marginal` is 0 or more"):
        StatedUnitCost(channel="phone", marginal=Stated.of(-5.0))
    with pytest.raises(ValueError, match=r"`roi.unit_costs.phone.average` is 0 or more"):
        StatedUnitCost(channel="phone", marginal=Stated.of(5.0), average=-1)


def test_a_price_becomes_an_input_of_the_case() -> None:
    found = unit_costs([StatedUnitCost(channel="in_person", marginal=Stated.of(5.0), per="issue")], None, EURO, "UTC")
    quantity = found.need("in_person", "issue", "x").quantity("EUR")
    assert (quantity.name, quantity.unit, quantity.base) == ("in_person_cost_per_issue", "EUR per issue", 5.0)
