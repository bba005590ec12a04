"""Dose and mix: by hand, on made-up lives without any effect, and from tables."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.dose.alike import association
from analysis.studies.dose.band import TO_COME
from analysis.studies.dose.plan import NO_CREDIT, DosePlan
from analysis.studies.dose.rows import DoseRows
from analysis.studies.dose.rows_sql import dose_rows
from analysis.studies.dose.study import dose_and_mix, dose_on
from analysis.tables.load import Tables

ZONE = "Europe/London"


def lives(seed: int, n: int = 3_000, *, per_contact: float = 0.0, taste: float = 0.0) -> DoseRows:
    """Customers at three dates; contacts change orders by a factor, or go with a taste that lasts."""
    rng = np.random.default_rng(seed)
    heavy = rng.random(n) < 0.3
    customer, date = np.repeat(np.arange(n), 3), np.tile([660, 666, 672], n)
    rate = np.repeat(0.5 + taste * heavy, 3)
    contacts, later = ({"social": rng.poisson(rate * 0.5), "phone": rng.poisson(rate * 0.5)} for _ in range(2))
    number = contacts["social"] + contacts["phone"]
    level = np.repeat(np.where(heavy, 6.0, 2.0) if taste else np.full(n, 3.0), 3)
    orders = rng.poisson(level * (1 + per_contact * number)).astype(float)
    return DoseRows(
        customer=customer,
        date=date,
        contacts=contacts,
        later=later,
        later_known=date < 672,
        tenure=np.full(3 * n, 30),
        prior_orders=rng.poisson(3, 3 * n),
        prior_contacts=np.zeros(3 * n, dtype=np.int64),
        after={"orders": orders, "repurchased": (orders > 0).astype(float)},
        life={(1, "social"): 0.5},
        account={"customers": n},
    )


def test_association_by_hand_and_against_the_slow_road() -> None:
    """Strata with one, two and no counterparts, customers in several rows; errors by hand, customer by customer."""
    rng = np.random.default_rng(1)
    n = 400
    stratum, customer = rng.integers(0, 8, n), rng.integers(0, 120, n)
    kind = rng.random(n) < 0.3
    kind[stratum == 7] = True
    outcome = rng.poisson(3, n) + 1.0 * kind
    found = association(outcome, kind, ~kind, stratum, customer, name="orders", unit="u", level=0.95)
    assert found is not None
    total, rows, moved = 0.0, 0, np.zeros(n)
    for s in range(7):
        one, other = kind & (stratum == s), ~kind & (stratum == s)
        gap = outcome[one] - outcome[other].mean()
        total, rows = total + gap.sum(), rows + one.sum()
        moved[one] = gap
        moved[other] = -one.sum() / other.sum() * (outcome[other] - outcome[other].mean())
    value = total / rows
    moved[kind & (stratum < 7)] -= value
    se = math.sqrt(sum(moved[customer == one].sum() ** 2 for one in range(120))) / rows
    assert found.difference.value == pytest.approx(value, rel=1e-12)
    assert found.difference.se == pytest.approx(se, rel=1e-12)
    assert found.unmatched == (stratum == 7).sum()
    swapped = association(outcome, ~kind, kind, np.zeros(n, dtype=int), customer, name="o", unit="u", level=0.95)
    straight = association(outcome, kind, ~kind, np.zeros(n, dtype=int), customer, name="o", unit="u", level=0.95)
    assert swapped is not None
    assert straight is not None
    assert swapped.difference.value == pytest.approx(-straight.difference.value)
    assert straight.difference.value == pytest.approx(outcome[kind].mean() - outcome[~kind].mean())
    nobody = association(outcome, kind, ~kind, np.where(kind, 0, 1), customer, name="o", unit="u", level=0.95)
    assert nobody is None


def test_without_any_effect_intervals_hold_nought() -> None:
    """60 worlds, two doses: 95 % within 2.6 Monte Carlo errors."""
    held = [
        effect.estimate.low <= 0 <= effect.estimate.high
        for seed in range(60)
        for effect in dose_on(lives(seed, 1_000), DosePlan(outcomes=("orders",))).of("orders")[:2]
        if effect.estimate is not None
    ]
    assert len(held) == 120
    assert abs(np.mean(held) - 0.95) <= 2.6 * math.sqrt(0.0475 / 120)


def test_an_effect_of_contacts_is_found_and_graded_c() -> None:
    result = dose_on(lives(3, 8_000, per_contact=0.1), DosePlan())
    one = result.of("orders")[0]
    assert one.estimate is not None
    assert one.estimate.low <= 0.3 <= one.estimate.high
    assert one.grade == "C"
    raw = result.of("orders", "naive_dose_gap")[0]
    assert raw.grade == "D"
    assert "says nothing about cause" in raw.claim


def test_a_lasting_taste_is_caught_by_contacts_to_come() -> None:
    """Heavy customers contact more and buy more, always: contacts still to come go with orders too, so it is a D."""
    one = dose_on(lives(4, 8_000, taste=1.5), DosePlan()).of("orders")[0]
    assert one.estimate is not None
    assert one.estimate.low > 0
    assert next(check for check in one.checks if check.name == TO_COME).verdict == "failed"
    assert one.grade == "D"


def test_time_to_collect_contacts_is_no_effect_of_them() -> None:
    """Immortal time: lives of 1 to 36 months, contacts and orders at one rate for all. Over whole lives the contacted
    bought much more; within windows that begin when contacts are counted, nothing."""
    rng = np.random.default_rng(5)
    months = rng.integers(1, 37, 4_000)
    contacts, orders = rng.poisson(0.1 * months), rng.poisson(0.5 * months)
    assert orders[contacts > 0].mean() > 1.5 * orders[contacts == 0].mean()
    alive = np.flatnonzero(months >= 12)
    dose, after = rng.poisson(0.6, len(alive)), rng.poisson(3.0, len(alive)).astype(float)
    found = association(
        after, dose > 0, dose == 0, np.zeros(len(alive), dtype=int), alive, name="orders", unit="u", level=0.99
    )
    assert found is not None
    assert found.difference.low <= 0 <= found.difference.high


def test_what_it_hands_over() -> None:
    result = dose_on(lives(6), DosePlan())
    parts = json.loads(json.dumps(result.to_parts(), allow_nan=False))
    assert {effect["design"] for effect in parts["effects"]} == {"dose_and_mix"}
    assert {effect["grade"] for effect in parts["effects"]} <= {"C", "D"}
    assert result.notes == (NO_CREDIT,)
    assert "Shapley" in NO_CREDIT
    assert not any("EUR" in str(effect["unit"]) for effect in parts["effects"])
    assert len(result.bands) == 2 * (5 + 4)
    several = result.bands[result.bands["band"] == "several other channels"]
    assert len(several) == 2
    for reason in several["reason"]:
        assert reason.startswith("0 customers had contacts on several other channels and ")
        assert reason.endswith("contacts on one other channel; 50 of each are the fewest.")
    assert "<table" in result._repr_html_()


def test_plans_and_dates() -> None:
    with pytest.raises(DesignError, match="an association is no gain, and is never told in money"):
        DosePlan(outcomes=("orders", "margin"))
    with pytest.raises(DesignError, match="Name one outcome"):
        DosePlan(outcomes=())
    with pytest.raises(DesignError, match="1 to 36 months long; given were 0, 6, 6"):
        DosePlan(dose_months=0)
    with pytest.raises(DesignError, match="level of an interval"):
        DosePlan(level=1)
    dates = DosePlan(dose_months=3, outcome_months=4, prior_months=2).dates(Month.of("2025-01"), Month.of("2025-12"))
    assert [str(date) for date in dates] == ["2025-09"]


def test_rows_from_tables_by_a_second_road(made: Tables) -> None:
    """One date counted again by pandas: contacts by channel in the six months before, orders in the six after."""
    import pandas as pd

    rows = dose_rows(made, DosePlan(zone=ZONE))
    assert sorted({str(Month(int(date))) for date in np.unique(rows.date)})[-1] == "2026-04"
    date = Month.of("2025-10")
    part = rows.date == date.number
    people = made.engine.query("select customer_id from customers order by customer_id").to_pandas()["customer_id"]
    contacts, orders = (made.engine.query(f"select * from {name}").to_pandas() for name in ("touchpoints", "orders"))
    contacts["at"] = pd.to_datetime(contacts["occurred_at"], utc=True).dt.tz_convert(ZONE)
    orders["at"] = pd.to_datetime(orders["ordered_at"], utc=True).dt.tz_convert(ZONE)
    start, middle, end = (pd.Timestamp(text, tz=ZONE) for text in ("2025-04-01", "2025-10-01", "2026-04-01"))
    asked = contacts[(contacts["direction"] == "inbound") & (contacts["at"] >= start) & (contacts["at"] < middle)]
    bought = orders[(orders["at"] >= middle) & (orders["at"] < end)].groupby("customer_id").size()
    who = people.to_numpy()[rows.customer[part]]
    assert (rows.after["orders"][part] == bought.reindex(who, fill_value=0).to_numpy()).all()
    for channel, held in rows.contacts.items():
        expected = asked[asked["channel"] == channel].groupby("customer_id").size().reindex(who, fill_value=0)
        assert (held[part] == expected.to_numpy()).all(), channel
    assert not rows.later_known[rows.date == Month.of("2026-04").number].any()
    assert rows.later_known[part].all()
    assert rows.account["customers_followed"] + rows.account["left_out_never_followed_long_enough"] == 2_000


def test_windows_lie_inside_each_customer_s_tenure(made: Tables) -> None:
    """Whoever joined within a window has part of it only, also where it is the window's first month."""
    import pandas as pd

    rows = dose_rows(made, DosePlan(zone=ZONE))
    people = made.engine.query("select * from customers order by customer_id").to_pandas()
    joined = pd.to_datetime(people["joined_at"], utc=True).dt.tz_convert(ZONE).to_numpy()[rows.customer]
    starts = {int(date): pd.Timestamp(Month(int(date)).plus(-12).first_day, tz=ZONE) for date in np.unique(rows.date)}
    assert all(one < starts[int(date)] for one, date in zip(joined, rows.date, strict=True))


def test_the_study_from_tables(made: Tables) -> None:
    result = dose_and_mix(made, DosePlan(zone=ZONE))
    assert {effect.grade for effect in result.effects} <= {"C", "D"}
    assert set(result.life["channel"]) == {"chat", "email", "in_person", "phone", "social"}
    with pytest.raises(TooSoon, match="12 months to make customers alike, 24 of contacts and 12 of outcome need 48"):
        dose_and_mix(made, DosePlan(dose_months=24, outcome_months=12, prior_months=12, zone=ZONE))
