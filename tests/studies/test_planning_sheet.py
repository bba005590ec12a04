"""The design sheet: its figures against a test that was then run, against simulated tests, and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, TooSoon
from analysis.foundation.provenance import canonical_json
from analysis.inference.adjusted import adjusted_difference
from analysis.inference.always_valid import always_valid
from analysis.inference.compare import difference_in_means
from analysis.inference.estimate import Estimate
from analysis.inference.few_clusters import Clusters, difference_of_clusters
from analysis.inference.moments import Moments
from analysis.inference.power import Baseline, power_of
from analysis.inference.ratio_metric import ratio_metric_difference
from analysis.studies.planning.figures import last_look_reach
from analysis.studies.planning.plan import PlanningPlan
from analysis.studies.planning.records import TABLE, keep_records
from analysis.studies.planning.sheet import DesignSheet, design_sheet
from analysis.synthetic.clock import ZONE
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

ASSIGNED = date(2026, 5, 1)
PLAN = PlanningPlan(
    outcomes=("orders", "revenue", "repurchased"),
    ratios={"order_value": ("revenue", "orders")},
    shares={"control": 1, "invited": 1},
    start=ASSIGNED,
    windows=(30, 90),
    zone=ZONE,
)
SIMULATIONS = 200
TOLERANCE = 3.5 * math.sqrt(0.8 * 0.2 / SIMULATIONS)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """A made-up company of 6,000 customers that runs an experiment from 1 May 2026 on."""
    home = tmp_path_factory.mktemp("planning")
    make_world(home / "world", world="experiment", seed=5, customers=6_000)
    with open_tables(prepare([Source(home / "world")], cache=home / "cache", zone="UTC")) as opened:
        yield opened


@pytest.fixture(scope="module")
def sheet(tables: Tables) -> DesignSheet:
    return design_sheet(tables, PLAN)


def columns(tables: Tables, plan: PlanningPlan) -> dict[str, np.ndarray]:
    """What the stretch that plays the test holds, by outcome: `orders`, and `orders before`."""
    records = keep_records(tables, plan)
    found = tables.engine.query(f"select * from {TABLE} order by customer_id").to_pandas()
    names = {column: name for name, column in records.after.items()}
    names |= {column: f"{name} before" for name, column in records.before.items()}
    return {name: found[column].to_numpy(dtype=float) for column, name in names.items()}


def test_the_error_planned_is_the_error_of_the_test_that_was_run(tables: Tables, sheet: DesignSheet) -> None:
    """The sheet reads what was before 1 May; the experiment then ran from that day, on the same customers.

    Its standard errors, from the arms' own spread in the 90 days after, are the planned ones within 7 % (what a
    season and the sampling error of a variance of skewed amounts do), and the correlation with the 90 days before
    within 0.06.
    """
    after = columns(tables, replace(PLAN, start=date(2026, 7, 30)))
    arms = tables.engine.query("select customer_id, arm from assignments order by customer_id").to_pandas()
    control = (arms["arm"] == "control").to_numpy()
    assert len(control) == len(after["orders"]) == 6_000
    for name in PLAN.outcomes:
        values = after[name]
        error = math.sqrt(sum(values[arm].var(ddof=1) / arm.sum() for arm in (control, ~control)))
        (plain,), (adjusted,) = sheet.of(name), sheet.of(name, adjusted=True)
        planned = math.sqrt(plain.variance * (1 / control.sum() + 1 / (~control).sum()))
        assert planned == pytest.approx(error, rel=0.07)
        assert adjusted.rho == pytest.approx(np.corrcoef(values, after[f"{name} before"])[0, 1], abs=0.06)


def of_rows(rows: np.ndarray, names: tuple[str, ...]) -> Moments:
    k = len(names)
    sums, products = rows.sum(axis=0), (rows.T @ rows)[np.triu_indices(k)]
    exact = [tuple(Decimal(repr(float(x))) for x in part) for part in (sums, products)]
    return Moments(names, len(rows), exact[0], exact[1])


def multiplied(rows: np.ndarray, effect: float, mean: float, rng: np.random.Generator) -> np.ndarray:
    return np.column_stack([rows[:, 0] * (1 + effect / mean), rows[:, 1:]])


def more_said_yes(rows: np.ndarray, effect: float, mean: float, rng: np.random.Generator) -> np.ndarray:
    won = (rows[:, 0] == 0) & (rng.random(len(rows)) < effect / (1 - mean))
    return np.column_stack([rows[:, 0] + won, rows[:, 1:]])


def dearer_orders(rows: np.ndarray, effect: float, mean: float, rng: np.random.Generator) -> np.ndarray:
    return np.column_stack([rows[:, 0] + effect * rows[:, 1], rows[:, 1:]])


def means(treated: Moments, comparison: Moments) -> Estimate:
    return difference_in_means(treated, comparison, "y", unit="1")


def adjusted_means(treated: Moments, comparison: Moments) -> Estimate:
    return adjusted_difference(treated, comparison, "y", covariates=["x"], unit="1")


def ratios(treated: Moments, comparison: Moments) -> Estimate:
    return ratio_metric_difference(treated, comparison, "y", "d", unit="1")


def adjusted_ratios(treated: Moments, comparison: Moments) -> Estimate:
    return ratio_metric_difference(treated, comparison, "y", "d", covariates=("x", "b"), unit="1")


Change = Callable[[np.ndarray, float, float, np.random.Generator], np.ndarray]
WAYS: dict[tuple[str, bool], tuple[Change, Callable[[Moments, Moments], Estimate]]] = {
    ("orders", False): (multiplied, means),
    ("orders", True): (multiplied, adjusted_means),
    ("revenue", False): (multiplied, means),
    ("revenue", True): (multiplied, adjusted_means),
    ("repurchased", False): (more_said_yes, means),
    ("repurchased", True): (more_said_yes, adjusted_means),
    ("order_value", False): (dearer_orders, ratios),
    ("order_value", True): (dearer_orders, adjusted_ratios),
}


@pytest.mark.parametrize(("outcome", "adjusted"), WAYS)
def test_the_power_reached_is_the_power_promised(tables: Tables, outcome: str, adjusted: bool) -> None:
    """200 tests of the planned size, their customers drawn from the records, with the smallest effect put in.

    80 % find it, within 3.5 Monte Carlo errors (10 points).
    """
    plan = replace(PLAN, customers=4_002, shares={"control": 2, "invited": 1}, windows=())
    (row,) = design_sheet(tables, plan).of(outcome, adjusted=adjusted)
    assert (row.n_treated, row.n_comparison) == (1334, 2668)
    assert row.smallest_effect is not None
    change, compare = WAYS[outcome, adjusted]
    held = columns(tables, plan)
    parts = ("revenue", "orders") if outcome == "order_value" else (outcome,)
    names = ("y", "d", "x", "b") if outcome == "order_value" else ("y", "x")
    rows = np.column_stack([*(held[part] for part in parts), *(held[f"{part} before"] for part in parts)])
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(SIMULATIONS):
        drawn = rows[rng.integers(0, len(rows), row.n_treated + row.n_comparison)]
        treated = change(drawn[: row.n_treated], row.smallest_effect, row.mean, rng)
        estimate = compare(of_rows(treated, names), of_rows(drawn[row.n_treated :], names))
        found += estimate.excludes_no_effect
    assert abs(found / SIMULATIONS - 0.8) < TOLERANCE


def test_a_test_of_the_size_needed_reaches_the_power(tables: Tables) -> None:
    plan = replace(PLAN, matters={"orders": 0.2}, margins={"repurchased": 0.1}, windows=())
    sheet = design_sheet(tables, plan)
    for adjusted in (False, True):
        (row,) = sheet.of("orders", adjusted=adjusted)
        assert row.needed_treated is not None
        assert row.needed_comparison is not None
        whole = design_sheet(tables, replace(plan, customers=2 * max(row.needed_treated, row.needed_comparison)))
        (again,) = whole.of("orders", adjusted=adjusted)
        assert again.power_for_it == pytest.approx(0.8, abs=2e-3)
        assert again.smallest_effect_relative == pytest.approx(0.2, rel=2e-3)
        (guardrail,) = sheet.of("repurchased", adjusted=adjusted)
        assert (guardrail.role, guardrail.matters_relative) == ("guardrail", 0.1)


def test_an_adjustment_saves_customers(sheet: DesignSheet) -> None:
    for outcome in PLAN.names:
        (plain,), (adjusted,) = sheet.of(outcome), sheet.of(outcome, adjusted=True)
        assert plain.smallest_effect is not None
        assert adjusted.smallest_effect is not None
        assert adjusted.rho is not None
        assert adjusted.smallest_effect / plain.smallest_effect == pytest.approx(
            math.sqrt(1 - adjusted.rho**2), rel=0.01
        )


def test_what_the_sheet_hands_on(tables: Tables, sheet: DesignSheet) -> None:
    parts = sheet.to_parts()
    assert [row["outcome"] for row in parts["power"]] == [name for name in PLAN.names for _ in range(2)]
    assert parts["power"][0]["role"] == "primary"
    assert {row["kind"] for row in parts["power"]} == {"amount", "share", "ratio"}
    assert parts["power"][-1]["unit"] == "EUR per order"
    assert canonical_json(parts) == canonical_json(design_sheet(tables, PLAN).to_parts())
    assert sheet.entered_from == sheet.entered_to == "2026-01-30"  # 90 days of 24 hours, and the clock went forward
    assert sheet.rows[0].days == 90
    assert len(sheet.to_frame()) == len(sheet.rows)
    assert sheet._repr_html_().startswith("<table")
    for name in ("orders", "order_value"):
        curve = sheet.sizes[(sheet.sizes["outcome"] == name) & ~sheet.sizes["adjusted"]]
        assert curve["smallest_effect"].is_monotonic_decreasing
        assert len(curve) >= 10
    lengths = sheet.durations.query("outcome == 'orders' and not adjusted").set_index("window_days")
    assert list(lengths.index) == [30, 90]
    assert lengths.loc[90, "smallest_effect_relative"] < lengths.loc[30, "smallest_effect_relative"]
    assert lengths.loc[90, "smallest_effect"] == pytest.approx(sheet.rows[0].smallest_effect)
    with pytest.raises(Exception, match=TABLE):
        tables.engine.query(f"select 1 from {TABLE}")


def test_more_claims_and_early_looks_cost_power(tables: Tables, sheet: DesignSheet) -> None:
    first = sheet.rows[0].smallest_effect
    assert first is not None
    half = sheet.rows[0].n_comparison
    for plan, words in (
        (replace(PLAN, claims=4, windows=()), "4 claims are tested together: each interval is planned at 98.75 %."),
        (replace(PLAN, looks=(500, half), windows=()), "Looking early is allowed from 500"),
    ):
        dearer = design_sheet(tables, plan)
        assert dearer.rows[0].smallest_effect is not None
        assert dearer.rows[0].smallest_effect > first
        assert any(note.startswith(words) for note in dearer.notes)


def test_the_reach_at_the_last_look_is_that_of_the_interval() -> None:
    """Asked of other arms of that size: the interval reaches as many standard errors whatever the data."""
    rng = np.random.default_rng(2)
    arms = [of_rows(rng.gamma(2, size=(4000, 1)), ("m",)) for _ in range(2)]
    found = always_valid(*arms, "m", first=600, maximum=4000, unit="1")
    assert (found.high - found.value) / found.se == pytest.approx(last_look_reach((600, 4000), level=0.95), rel=1e-3)


def test_several_arms(tables: Tables) -> None:
    plan = replace(PLAN, shares={"control": 2, "called": 1, "written": 1}, outcomes=("orders",), ratios={}, windows=())
    rows = design_sheet(tables, plan).rows
    assert [(row.arm, row.adjusted) for row in rows] == [
        ("called", False), ("called", True), ("written", False), ("written", True)]  # fmt: skip
    whole = design_sheet(tables, plan).customers
    assert {(row.n_treated, row.n_comparison) for row in rows} == {(whole // 4, whole // 2)}


def shops(sizes: np.ndarray, seed: int) -> dict[str, pd.DataFrame]:
    """Customers in shops that differ in how much is bought there, 40 days of orders."""
    rng = np.random.default_rng(seed)
    shop = np.repeat(np.arange(len(sizes)), sizes)
    taste = np.exp(rng.normal(0, 0.25, len(sizes)))[shop] * rng.gamma(3.0, 1 / 3, len(shop))
    days = 40
    counts = rng.poisson(2.5 * taste)
    owner = np.repeat(np.arange(len(shop)), counts)
    when = pd.Timestamp("2026-01-01T00:00:00Z") + pd.to_timedelta(rng.uniform(0, days * 86_400, len(owner)), unit="s")
    when = when[:-1].append(pd.DatetimeIndex(["2026-02-09T23:59:00Z"]))
    orders = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(len(owner))],
            "customer_id": [f"c{n}" for n in owner],
            "ordered_at": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "revenue": rng.gamma(4, 5, len(owner)).round(2),
            "currency": "EUR",
        }
    )
    customers = pd.DataFrame(
        {"customer_id": [f"c{n}" for n in range(len(shop))], "joined_at": "2025-06-01T00:00:00Z", "shop": shop}
    )
    return {"orders": orders, "customers": customers}


CLUSTERED = PlanningPlan(outcomes=("orders",), window_days=20, pre_days=19, windows=(), cluster="shop")


def test_clusters(company) -> None:
    """60 shops of 20 to 60 customers: power for 30 against 30 as simulated with shops drawn from the records.

    The price of clusters is in the figures: the variance of a mean is that of customers one by one times the design
    effect.
    """
    opened = company(**shops(np.random.default_rng(9).integers(20, 60, 60), 3))
    sheet = design_sheet(opened, CLUSTERED)
    (row,), (one_by_one,) = sheet.of("orders"), design_sheet(opened, replace(CLUSTERED, cluster=None)).of("orders")
    assert row.icc is not None
    assert row.design_effect is not None
    assert row.smallest_effect is not None
    assert one_by_one.smallest_effect is not None
    assert (row.units_treated, row.units_comparison, row.cluster) == (30, 30, "shop")
    assert 0.01 < row.icc < 0.15
    by_shop, by_customer = row.variance / 60, one_by_one.variance / sheet.customers
    assert by_shop == pytest.approx(by_customer * row.design_effect, rel=1e-9)
    assert row.smallest_effect > one_by_one.smallest_effect * math.sqrt(row.design_effect)
    assert row.n_treated == one_by_one.n_treated
    records = keep_records(opened, CLUSTERED)
    found = opened.engine.query(
        f"select cluster, {records.after['orders']} as y from {TABLE} order by 1, 2"
    ).to_pandas()
    of_shop = [part["y"].to_numpy(dtype=float) for _, part in found.groupby("cluster", sort=True)]
    sums = np.array([[len(y), y.sum(), (y**2).sum()] for y in of_shop])
    rng = np.random.default_rng(12)
    hits = 0
    for _ in range(SIMULATIONS):
        drawn = sums[rng.integers(0, len(sums), 60)]
        factor = 1 + row.smallest_effect / row.mean
        arms = [
            Clusters(("y",), part[:, 0], part[:, 1:2] * by, part[:, 2].reshape(-1, 1, 1) * by**2)
            for part, by in ((drawn[:30], factor), (drawn[30:], 1.0))
        ]
        hits += difference_of_clusters(*arms, "y", unit="1").excludes_no_effect
    assert abs(hits / SIMULATIONS - 0.8) < TOLERANCE


def test_too_few_clusters_for_an_adjustment(company) -> None:
    opened = company(**shops(np.full(20, 30), 5))
    sheet = design_sheet(opened, CLUSTERED)
    (row,), (adjusted,) = sheet.of("orders"), sheet.of("orders", adjusted=True)
    assert row.smallest_effect is not None
    assert adjusted.smallest_effect is None
    assert adjusted.reason == "An adjustment needs 30 groups of `shop` in all; there would be 20."


def test_too_few_clusters_are_refused_with_the_reason(company) -> None:
    opened = company(**shops(np.full(8, 30), 4))
    sheet = design_sheet(opened, replace(CLUSTERED, matters={"orders": 0.5}))
    (row,), (adjusted,) = sheet.of("orders"), sheet.of("orders", adjusted=True)
    assert adjusted.needed_treated is not None
    assert adjusted.needed_treated >= 15 * 30  # an adjustment needs thirty of them
    assert row.smallest_effect is None
    assert row.power_for_it is None
    assert row.reason is not None
    assert "4 and 4 groups of `shop`; each needs 5" in row.reason
    assert row.needed_treated is not None
    assert row.needed_treated >= 5 * 30
    assert row.days is None
    assert "of uneven size" in sheet.notes[-1]


def taken_in(days: list[int]) -> pd.DataFrame:
    """Customers with a first order on these days of January (from 1), and orders ten days later by every other one."""
    rows = [(f"c{n}", f"2026-01-{day:02}T12:00:00Z") for n, day in enumerate(days)]
    rows += [(f"c{n}", f"2026-01-{day + 10:02}T12:00:00Z") for n, day in enumerate(days) if n % 2]
    rows += [("old", "2025-11-01T00:00:00Z"), ("late", "2026-01-30T12:00:00Z")]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    return frame.assign(order_id=[f"o{n}" for n in range(len(frame))], revenue=1.0, currency="EUR")


def test_days_by_hand(company) -> None:
    """Taken in from 1 to 10 January, 40 a day; 400 in all. With 300 of them planned the last enters on the 8th day.

    An answer comes 20 days after that: 28 days. 500 would be more than the records show.
    """
    opened = company(orders=taken_in([day for day in range(1, 11) for _ in range(40)]))
    plan = PlanningPlan(
        outcomes=("orders",), entry="orders", entry_days=10, window_days=20, pre_days=20, windows=(), customers=300,
        start=date(2026, 1, 31),
    )  # fmt: skip
    sheet = design_sheet(opened, plan)
    assert sheet.customers == 400
    assert [row.days for row in sheet.rows] == [28, 28]
    (row,) = design_sheet(opened, replace(plan, customers=500)).of("orders")
    assert row.days is None
    assert row.reason == "It takes 500 customers; the records show 400 in 10 days."


def test_what_cannot_be_planned(company, tables: Tables) -> None:
    opened = company(orders=taken_in([1] * 30))
    plan = PlanningPlan(outcomes=("orders",), window_days=20, pre_days=5, windows=(5, 400), start=date(2026, 1, 31))
    sheet = design_sheet(opened, plan)
    assert any(note.startswith("A window of 400 days was left out: The records of orders have") for note in sheet.notes)
    assert set(sheet.durations["window_days"]) == {20}
    assert any(note.startswith("`orders` over a window of 5 days was left out: ") for note in sheet.notes)
    (row,) = sheet.of("orders")
    assert row.reason is not None
    assert "each needs 50 for anything" in row.reason
    with pytest.raises(TooSoon):
        design_sheet(opened, replace(plan, window_days=300))
    with pytest.raises(DesignError, match=r"None of the outcomes can be planned.*does not vary"):
        design_sheet(opened, replace(plan, window_days=5, windows=(), start=date(2026, 1, 8)))
    with pytest.raises(DesignError, match="no table `issues`"):
        design_sheet(tables, replace(PLAN, outcomes=("issues",), ratios={}))


def test_names_from_data_are_text(company) -> None:
    """An arm or a ratio of any name is shown as text."""
    opened = company(orders=taken_in([1] * 120))
    plan = PlanningPlan(
        outcomes=("orders",), ratios={"<b>": ("revenue", "orders")}, shares={"control": 1, "<i>": 1}, window_days=20,
        pre_days=5, windows=(), start=date(2026, 1, 31),
    )  # fmt: skip
    page = design_sheet(opened, plan)._repr_html_()
    assert "<b>" not in page
    assert "&lt;i&gt;" in page


def test_the_power_for_what_matters_is_that_of_the_arithmetic(tables: Tables) -> None:
    plan = replace(PLAN, outcomes=("revenue",), ratios={}, matters={"revenue": -0.1}, windows=())
    (row,) = design_sheet(tables, plan).of("revenue")
    assert row.matters == pytest.approx(-0.1 * row.mean)
    baseline = Baseline(kind="amount", mean=row.mean, variance=row.variance)
    assert row.power_for_it == power_of(
        baseline, -0.1 * row.mean, n_treated=row.n_treated, n_comparison=row.n_comparison
    )


def test_the_power_at_the_last_look_is_the_power_promised(tables: Tables) -> None:
    """200 tests, judged at their last look by the interval that holds at every look."""
    plan = replace(PLAN, outcomes=("orders",), ratios={}, customers=3_000, looks=(500, 1_500), windows=())
    (row,) = design_sheet(tables, plan).of("orders")
    assert row.smallest_effect is not None
    held = columns(tables, plan)["orders"].reshape(-1, 1)
    rng = np.random.default_rng(13)
    found = 0
    for _ in range(SIMULATIONS):
        treated, comparison = (held[rng.integers(0, len(held), 1_500)] for _ in range(2))
        treated = treated * (1 + row.smallest_effect / row.mean)
        arms = of_rows(treated, ("y",)), of_rows(comparison, ("y",))
        found += always_valid(*arms, "y", first=500, maximum=1_500, unit="1").excludes_no_effect
    assert abs(found / SIMULATIONS - 0.8) < TOLERANCE


def test_looks_that_do_not_fit_the_sizes_are_told(tables: Tables) -> None:
    plan = replace(PLAN, outcomes=("orders",), ratios={}, customers=3_000, looks=(500, 2_000), windows=())
    assert any("1,500 customers, the last look is at 2,000" in note for note in design_sheet(tables, plan).notes)
    with pytest.raises(DesignError, match="500"):
        design_sheet(tables, replace(plan, looks=(100, 1_500)))


def test_what_is_planned_can_be_declared(tables: Tables) -> None:
    plan = replace(
        PLAN, customers=3_000, matters={"orders": 0.05}, margins={"repurchased": 0.1}, looks=(500, 1_500), windows=()
    )
    sheet = design_sheet(tables, plan)
    found = sheet.declare("care_invitation", segments=["region"], declared_on=date(2026, 4, 20))
    assert found.outcomes == ("orders", "revenue", "order_value")
    assert (found.primary, found.stopping, found.looks) == ("orders", "always_valid", (500, 1_500))
    assert found.guardrails["repurchased"]["margin"] == pytest.approx(0.1 * sheet.of("repurchased")[0].mean)
    assert found.guardrails["repurchased"]["worse"] == "lower"
    assert dict(found.sizes) == {"control": 1_500, "invited": 1_500}
    assert dict(found.smallest_effects) == {"orders": 0.05}
    assert found.covers("repurchased", {"region": "north"})
    only = replace(plan, outcomes=("repurchased",), ratios={}, matters={}, looks=None)
    with pytest.raises(DesignError, match="is a guardrail"):
        design_sheet(tables, only).declare("nothing")


@pytest.mark.parametrize(
    ("parts", "worse"),
    [(("issues", "orders"), "higher"), (("orders", "issues"), "lower"), (("revenue", "orders"), "lower")],
)
def test_a_guardrail_of_more_issues_is_a_harm_in_a_ratio_too(sheet: DesignSheet, parts, worse: str) -> None:
    """Contacts an order must not rise; declared the other way round, a harm would be recommended."""
    plan = replace(PLAN, outcomes=("orders",), ratios={"guard": parts}, margins={"guard": 0.1}, matters={})
    row = sheet.of("orders")[0]
    found = replace(sheet, plan=plan, rows=(row, replace(row, outcome="guard", matters=0.05))).declare("trial")
    assert found.guardrails["guard"] == {"margin": 0.05, "worse": worse}


def test_a_ratio_by_an_uncertain_total_takes_more_customers(tables: Tables) -> None:
    """Orders must be known to 10 %: that takes (standard deviation / mean / 0.1)² customers an arm, counted here."""
    plan = replace(PLAN, outcomes=("orders",), matters={"order_value": 0.9}, customers=200, windows=())
    (row,) = design_sheet(tables, plan).of("order_value")
    orders = columns(tables, plan)["orders"]
    fewest = (orders.std(ddof=1) / orders.mean() / 0.1) ** 2
    assert row.smallest_effect is None
    assert row.reason is not None
    assert "divides by would be known to" in row.reason
    assert row.needed_treated == math.ceil(fewest)
