"""Held-out regions: their panel by hand, the effect that was planted, evenly divided regions, and refusals."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.experiment.geo import HoldOut, hold_out
from analysis.studies.experiment.geo_contrast import Contrast
from analysis.studies.experiment.geo_panel import RegionPanel, Regions, panel_of, regions_of

START = pd.Timestamp("2025-06-01")
PERIOD = timedelta(days=28)


def regions(counts: dict[str, int], customers: int = 40) -> pd.DataFrame:
    rows = [
        (f"{arm}-{region}-{number}", arm, f"{arm} {region:02d}")
        for arm, count in counts.items()
        for region in range(count)
        for number in range(customers)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "arm", "cluster_id"])
    return frame.assign(experiment_id="hold", unit="cluster", assigned_at=START.isoformat())


def orders(frame: pd.DataFrame, seed: int, *, lift: float, before: int = 8, after: int = 3, early: float = 0.0):
    """Orders by period: a region's own level and trend, a season shared by all, and `lift` for `programme` regions."""
    rng = np.random.default_rng(seed)
    codes, names = pd.factorize(frame["cluster_id"])
    level, trend = rng.uniform(1.5, 2.5, len(names)), rng.normal(0, 0.03, len(names))
    given = (frame["arm"] == "programme").to_numpy()
    found = []
    for period in range(-before, after):
        mean = level[codes] + trend[codes] * period + 0.2 * np.sin(period)
        mean = mean + lift * given * (period >= 0) + early * given * (-3 <= period < 0)
        count = rng.poisson(np.maximum(mean, 0.05))
        who = np.repeat(np.arange(len(frame)), count)
        at = START + period * PERIOD + pd.to_timedelta(rng.uniform(0, 28, len(who)), unit="D").floor("s")
        found.append(pd.DataFrame({"customer_id": frame["customer_id"].to_numpy()[who], "ordered_at": at}))
    # The first and the last moment are there, so that the span is whole periods.
    ends = [START - before * PERIOD, START + after * PERIOD - timedelta(seconds=1)]
    found.append(pd.DataFrame({"customer_id": frame["customer_id"].iloc[0], "ordered_at": ends}))
    all_orders = pd.concat(found, ignore_index=True)
    all_orders["ordered_at"] = all_orders["ordered_at"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    return all_orders.assign(order_id=[f"o{n}" for n in range(len(all_orders))], revenue="10.00", currency="EUR")


def found_of(company, counts: dict[str, int], seed: int, outcomes=("orders",), **planted) -> HoldOut:
    frame = regions(counts)
    made = orders(frame, seed, **planted)
    return hold_out(company(assignments=frame, orders=made), "hold", outcomes)


def test_the_panel_by_hand(company) -> None:
    """Two regions of two customers; orders on the last second before the start, on the start, and 28 days later."""
    frame = regions({"programme": 1, "control": 1}, customers=2)
    times = [
        ("control-0-0", START - 3 * PERIOD), ("programme-0-0", START - timedelta(seconds=1)), ("programme-0-0", START),
        ("programme-0-1", START + timedelta(days=27, hours=23)), ("control-0-1", START + PERIOD),
        ("control-0-1", START + 2 * PERIOD - timedelta(seconds=1)),
    ]  # fmt: skip
    made = pd.DataFrame(times, columns=["customer_id", "ordered_at"])
    made["ordered_at"] = made["ordered_at"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    made = made.assign(order_id=[f"o{n}" for n in range(len(made))], revenue="10.50", currency="EUR")
    tables = company(assignments=frame, orders=made)
    found = regions_of(tables, "hold")
    assert (found.names, found.arms) == (("control 00", "programme 00"), ("control", "programme"))
    assert found.customers.tolist() == [2, 2]
    panel = panel_of(tables, "hold", found, "orders", window_days=90)
    assert panel.before == 3
    assert panel.table.tolist() == [[0.5, 0, 0, 0, 1], [0, 0, 0.5, 1, 0]]
    assert panel_of(tables, "hold", found, "revenue", window_days=30).table.tolist() == [
        [5.25, 0, 0, 0], [0, 0, 5.25, 10.5]
    ]  # fmt: skip
    assert panel_of(tables, "hold", found, "revenue", window_days=30).unit == "EUR per customer"


def test_a_planted_effect_comes_back_from_few_held_out_regions(company) -> None:
    """0.5 orders more in each of three periods, in 26 of 28 regions: 1.5 a customer."""
    found = found_of(company, {"programme": 26, "control": 2}, 1, ("orders", "revenue"), lift=0.5)
    (effect,) = found.of("orders")
    assert effect.estimate is not None
    assert effect.estimate.low < 1.5 < effect.estimate.high
    assert effect.estimate.excludes_no_effect
    assert effect.grade == "A"
    assert (effect.treated, effect.comparison, effect.estimand) == ("programme", "control", "experiment_effect")
    assert (effect.estimate.n_treated, effect.estimate.n_comparison) == (26 * 40, 2 * 40)
    assert "26 regions against 2" in effect.estimate.method
    assert effect.estimate.unit == "orders per customer"
    (money,) = found.of("revenue")
    assert money.estimate is not None
    assert money.estimate.value == pytest.approx(10 * effect.estimate.value)
    shown = found.regions[found.regions["outcome"] == "orders"]
    assert shown.groupby("role")["weight"].sum().tolist() == pytest.approx([1, 1])
    assert set(shown.loc[shown["role"] == "donor", "region"].str.startswith("programme")) == {True}
    paths = found.paths[found.paths["outcome"] == "orders"]
    gap = (paths["regions"] - paths["expected"])[paths["period"] >= 0].sum()
    assert gap == pytest.approx(-effect.estimate.value)
    assert len(found.to_frame()) == len(found.to_parts()["effects"]) == 2
    assert "<table" in found._repr_html_()


def test_few_regions_that_were_given_it_have_the_same_sign(company) -> None:
    found = found_of(company, {"programme": 1, "control": 24}, 2, lift=0.5)
    (effect,) = found.of("orders")
    assert effect.estimate is not None
    assert effect.estimate.low < 1.5 < effect.estimate.high
    assert "synthetic" in effect.estimate.method


def test_evenly_divided_regions_are_compared_as_clusters(company) -> None:
    found = found_of(company, {"programme": 12, "control": 12}, 3, lift=0.5)
    (effect,) = found.of("orders")
    assert effect.estimate is not None
    assert effect.estimate.method.startswith("difference of changes by region (CR2), 12 against 12 regions")
    assert effect.estimate.low < 1.5 < effect.estimate.high


def test_too_few_regions_have_a_rank_only(company) -> None:
    found = found_of(company, {"programme": 6, "control": 2}, 4, lift=0.5)
    (effect,) = found.of("orders")
    assert effect.estimate is None
    assert effect.grade == "D"
    assert "6 regions had it and 2 were held out, too few for an interval" in str(effect.reason)


def test_regions_that_moved_apart_before_claim_nothing(company) -> None:
    found = found_of(company, {"programme": 24, "control": 1}, 5, lift=0.0, early=1.0)
    (effect,) = found.of("orders")
    assert effect.estimate is None
    assert {check.name: check.verdict for check in effect.checks}["made_up_start"] == "failed"
    assert "the regions differ without it" in str(effect.reason)


def made_panel(rng: np.random.Generator, counts: dict[str, int]) -> tuple[Regions, RegionPanel]:
    """Regions of 40 customers without any effect, straight as a table."""
    arms = tuple(arm for arm, count in counts.items() for _ in range(count))
    period = np.arange(-8, 3)
    mean = rng.uniform(1.5, 2.5, len(arms))[:, None] + rng.normal(0, 0.03, len(arms))[:, None] * period
    table = rng.poisson(40 * (mean + 0.2 * np.sin(period))) / 40
    starts = tuple((START + int(place) * PERIOD).to_pydatetime() for place in period)
    names = tuple(f"region {place}" for place in range(len(arms)))
    of_regions = Regions(
        names=names, arms=arms, customers=np.full(len(arms), 40.0), start=START.to_pydatetime(), shares=None
    )
    return of_regions, RegionPanel(outcome="orders", unit="orders per customer", table=table, before=8, starts=starts)


@pytest.mark.parametrize(
    ("counts", "worlds"), [({"programme": 24, "control": 1}, 24), ({"programme": 9, "control": 9}, 120)]
)
def test_intervals_hold_no_effect_where_there_is_none(counts: dict[str, int], worlds: int) -> None:
    """95 % less 2.58 Monte Carlo errors at least."""
    rng = np.random.default_rng(21)
    held = 0
    for _ in range(worlds):
        estimate = Contrast(*made_panel(rng, counts), "programme", "control", "orders", 0.95).estimate
        assert estimate is not None
        held += not estimate.excludes_no_effect
    assert held / worlds >= 0.95 - 2.58 * (0.95 * 0.05 / worlds) ** 0.5


def test_what_cannot_be_judged_says_why(company) -> None:
    frame = regions({"programme": 6, "control": 6}, customers=2)
    made = orders(frame, 6, lift=0.0, before=4, after=1)
    cases = {
        "have no region": frame.assign(cluster_id=frame["cluster_id"].where(frame.index != 1, None)),
        "more than one arm; they were not assigned as wholes": frame.assign(cluster_id="north"),
        "do not say when the arms began": frame.assign(assigned_at=frame["assigned_at"].where(frame.index != 1, None)),
        "regions began between": frame.assign(
            assigned_at=np.where(frame["arm"] == "control", "2025-05-01T00:00:00", START.isoformat())
        ),
    }
    for words, case in cases.items():
        with pytest.raises(DesignError, match=words):
            hold_out(company(assignments=case, orders=made), "hold", ["orders"])
    tables = company(assignments=frame, orders=made)
    with pytest.raises(DesignError, match="has no rows"):
        hold_out(tables, "other", ["orders"])
    found = hold_out(tables, "hold", ["repurchased", "issues"])
    assert [effect.estimate for effect in found.effects] == [None, None]
    assert "does not add up over periods" in str(found.effects[0].reason)
    assert "`issues` is not in the data" in str(found.effects[1].reason)
    late = made[made["ordered_at"] >= (START - 2 * PERIOD).isoformat()]
    one = regions_of(tables, "hold")
    with pytest.raises(DesignError, match="whole periods of 28 days lie before"):
        panel_of(company(assignments=frame, orders=late), "hold", one, "orders", window_days=90)
    early = made[made["ordered_at"] < (START + timedelta(days=20)).isoformat()]
    with pytest.raises(TooSoon, match="Wait for the data"):
        panel_of(company(assignments=frame, orders=early), "hold", one, "orders", window_days=90)


def test_shares_that_were_stated_are_tested(company) -> None:
    frame = regions({"programme": 24, "control": 1}, customers=3)
    frame["probability"] = 0.5
    made = orders(frame, 7, lift=0.0, before=4, after=1)
    (effect,) = hold_out(company(assignments=frame, orders=made), "hold", ["orders"]).effects
    assert effect.checks[0].verdict == "failed"
    assert "the sample ratio failed" in str(effect.reason)
