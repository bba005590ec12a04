"""Is a lean life one of the same company? Its moments over seeds, its truth, and what it says of itself."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest

from analysis.synthetic.block import NO_INSTANT, Block, block_of, first_social_contacts
from analysis.synthetic.clock import DATA_END, DAY_START, MONTH_DAY, N_MONTHS
from analysis.synthetic.company import customers_of
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.lean import MEASURES, LeanLife, lean_life, lean_truth
from analysis.synthetic.truths import truth_of
from analysis.synthetic.world import REGIONS, SOCIAL, WORLDS, Incident, World, world_named

CUSTOMERS = 4_000
SEEDS = 16
BEFORE, AFTER = 12, 6


@dataclass(frozen=True)
class Told:
    """What both kinds of company tell: one entry an issue, sorted by customer and time, and matrices by month."""

    customer: np.ndarray
    month: np.ndarray
    opened: np.ndarray
    social: np.ndarray
    first_contact: np.ndarray
    first_month: np.ndarray
    product: np.ndarray
    bought: dict[str, np.ndarray]
    cost: np.ndarray


def of_block(block: Block) -> Told:
    issues, orders = block.issues, block.orders
    order = np.lexsort((issues.opened, issues.customer))
    kept = orders.cancelled == UNKNOWN
    cell = orders.customer[kept] * N_MONTHS + orders.month[kept]
    size = (len(block.customers), N_MONTHS)
    worth = {
        "orders": np.ones(kept.sum()),
        "revenue": orders.revenue_cents[kept] / 100,
        "margin": orders.margin_cents[kept] / 100,
    }
    return Told(
        customer=issues.customer[order],
        month=issues.month[order],
        opened=issues.opened[order],
        social=issues.channel[order] == SOCIAL,
        first_contact=first_social_contacts(block),
        first_month=block.customers.first_month,
        product=block.customers.product,
        bought={
            name: np.bincount(cell, weights=value, minlength=size[0] * N_MONTHS).reshape(size)
            for name, value in worth.items()
        },
        cost=issues.cost_cents[order] / 100,
    )


def of_lean(life: LeanLife) -> Told:
    assert life.issue_cost_eur is not None
    return Told(
        customer=life.issue_customer,
        month=life.issue_month,
        opened=life.issue_opened,
        social=life.issue_social,
        first_contact=life.first_contact,
        first_month=life.customers.first_month,
        product=life.customers.product,
        bought=dict(life.bought),
        cost=life.issue_cost_eur,
    )


def moments(told: Told) -> dict[str, float]:
    """What a study of the channel could tell two companies apart by."""
    n = len(told.first_month)
    first = np.ones(len(told.customer), dtype=bool)
    first[1:] = (told.customer[1:] != told.customer[:-1]) | (told.month[1:] != told.month[:-1])
    fresh = told.opened <= told.first_contact[told.customer]
    rows = first & fresh & (told.month - 6 >= told.first_month[told.customer]) & (told.month + 6 < N_MONTHS)
    contacted = rows & told.social
    per_customer = np.bincount(told.customer, minlength=n)
    own_issue = told.opened == told.first_contact[told.customer]
    found = {
        "issues": len(told.customer),
        "issues squared": float((per_customer**2).sum()),
        "issues late": float((told.month >= 24).sum()),
        "issues of broadband": float((told.product[told.customer] == 1).sum()),
        "months with two": float((~first).sum()),
        "social": float(told.social.sum()),
        "ever in contact": float((told.first_contact < NO_INSTANT).sum()),
        "first contact strayed": float((told.first_contact < NO_INSTANT).sum() - own_issue.sum()),
        "contacted": float(contacted.sum()),
        "comparison": float((rows & ~told.social).sum()),
        "issue in the months after": _around(told, contacted, np.ones(len(told.customer)), 1, 6).sum(),
        "cost": told.cost.sum(),
        "cost squared": float((told.cost**2).sum()),
    }
    for group, part in (("contacted", contacted), ("comparison", rows & ~told.social)):
        for name, matrix in told.bought.items():
            padded = np.pad(matrix, ((0, 0), (BEFORE, AFTER)))
            around = np.stack(
                [padded[told.customer[part], told.month[part] + step] for step in range(BEFORE + AFTER + 1)]
            )
            for window, months in {
                "-12 to -7": slice(0, 6),
                "-6 to -1": slice(6, 12),
                "0": 12,
                "1 to 3": slice(13, 16),
                "4 to 6": slice(16, 19),
            }.items():
                total = around[months].sum(axis=0) if isinstance(months, slice) else around[months]
                found[f"{name} {window} of {group}"] = float(total.sum())
                found[f"{name} {window} of {group}, squared"] = float((total**2).sum())
            found[f"{name} of months next to each other, {group}"] = float((around[13] * around[14]).sum())
    return found


def _around(told: Told, rows: np.ndarray, amount: np.ndarray, first: int, last: int) -> np.ndarray:
    matrix = np.zeros((len(told.first_month), N_MONTHS + last + 1))
    np.add.at(matrix, (told.customer, told.month), amount)
    return sum(matrix[told.customer[rows], told.month[rows] + step] for step in range(first, last + 1))


STRANGE = World(
    about="more issues after social, a late outage, an effect, and graver issues: all that is rare elsewhere",
    order_effect=(0.4, 0.2, 0.3, -0.3),
    issue_effect=0.6,
    incidents=(Incident(month=28, product=1, issues=6.0, demand=0.6, lasts=3, taste=1.0),),
    late_share=0.3,
    grave_dip=0.6,
    severity_error=0.5,
    invitation_effect=0.5,
)
COMPARED = {name: WORLDS[name] for name in ("effect", "confounded_strong", "churn", "drift")} | {"strange": STRANGE}


@pytest.mark.parametrize("name", COMPARED)
def test_the_moments_are_those_of_the_whole_company(name: str) -> None:
    """The same customers, lived by either road, over `SEEDS` companies: paired t-tests of all moments at once.

    5 worlds have about 78 moments each: a difference of 4.6 errors (15 degrees of freedom: 3.5 in 10,000) is seen by
    chance once in eight runs of new seeds, and these seeds are fixed.
    """
    world, differences = COMPARED[name], []
    for seed in range(SEEDS):
        whole = moments(of_block(block_of(world, seed=seed, index=0, size=CUSTOMERS)))
        lean = moments(of_lean(lean_life(world, seed, CUSTOMERS, measures=MEASURES)))
        differences.append([(lean[key] - whole[key]) for key in whole])
    found = np.array(differences)
    t = found.mean(axis=0) / (found.std(axis=0, ddof=1) / math.sqrt(SEEDS))
    worst = sorted(zip(np.abs(t), whole, strict=True), reverse=True)[:5]
    assert worst[0][0] < 4.6, worst
    assert 0.7 < np.sqrt(np.mean(t**2)) < 1.5  # t of 15 degrees of freedom has 1.07; moments of a company go together


def test_another_share_of_social_would_be_seen() -> None:
    """The power of the test above: a taste for social that is 0.15 log-odds higher is far off in six companies."""
    world = world_named("effect")
    other = replace(world, taste=world.taste + 0.15)
    differences = []
    for seed in range(6):
        whole = moments(of_block(block_of(world, seed=seed, index=0, size=CUSTOMERS)))
        lean = moments(of_lean(lean_life(other, seed, CUSTOMERS, measures=MEASURES)))
        differences.append([lean["social"] - whole["social"]])
    found = np.array(differences)
    assert found.mean() / (found.std(ddof=1) / math.sqrt(len(found))) > 6


def test_a_life_is_the_same_for_the_same_seed_whatever_is_asked_for() -> None:
    world = world_named("drift")
    one, two = lean_life(world, 4, 800), lean_life(world, 4, 800, measures=MEASURES)
    assert np.array_equal(one.bought["orders"], two.bought["orders"])
    assert np.array_equal(one.first_contact, two.first_contact)
    assert not np.array_equal(one.bought["orders"], lean_life(world, 5, 800).bought["orders"])
    assert set(one.bought) == {"orders"}
    assert one.issue_cost_eur is None
    assert np.array_equal(one.customers.demand, customers_of(world, 4, 0, 800).demand)


@pytest.fixture(scope="module")
def life() -> LeanLife:
    return lean_life(world_named("demo"), 3, 6_000, measures=MEASURES)


def test_issues_lie_in_their_months_and_in_order(life: LeanLife) -> None:
    start = DAY_START[MONTH_DAY]
    assert np.array_equal(np.searchsorted(start, life.issue_opened, side="right") - 1, life.issue_month)
    assert (life.issue_opened > life.customers.joined[life.issue_customer]).all()
    assert (np.diff(life.issue_customer * DATA_END + life.issue_opened) > 0).all()
    places: dict[tuple[int, int], int] = {}
    for customer, month, order in zip(life.issue_customer, life.issue_month, life.issue_order, strict=True):
        assert order == places.get((customer, month), 0)
        places[customer, month] = order + 1


def test_the_first_contact_is_never_later_than_the_first_issue_on_social(life: LeanLife) -> None:
    first = np.full(len(life.customers), NO_INSTANT)
    np.minimum.at(first, life.issue_customer[life.issue_social], life.issue_opened[life.issue_social])
    assert (life.first_contact <= first).all()
    strayed = life.first_contact < first
    assert strayed.any()
    assert (life.first_contact[strayed] < DATA_END).all()


@pytest.mark.parametrize(("before", "after"), [(6, 6), (3, 12)])
def test_purchases_are_drawn_wherever_an_index_issue_looks(before: int, after: int) -> None:
    life = lean_life(world_named("none"), 3, 2_000, before=before, after=after)
    fresh = life.issue_opened <= life.first_contact[life.issue_customer]
    index = fresh & (life.issue_month - before >= life.customers.first_month[life.issue_customer])
    expected = np.zeros_like(life.drawn)
    for customer, month in zip(life.issue_customer[index], life.issue_month[index], strict=True):
        expected[customer, max(0, month - before - 6) : month + after + 1] = True
    assert np.array_equal(life.drawn, expected)
    assert (life.bought["orders"][~life.drawn] == 0).all()
    assert life.bought["orders"][life.drawn].mean() > 0.3


def test_everywhere_means_all_months_of_all_customers() -> None:
    world = world_named("none")
    life = lean_life(world, 3, 4_000, everywhere=True)
    assert life.drawn.all()
    kept = of_block(block_of(world, seed=3, index=0, size=4_000)).bought["orders"]
    assert life.bought["orders"].mean() == pytest.approx(kept.mean(), rel=0.03)


def test_money_is_there_where_orders_are(life: LeanLife) -> None:
    orders, revenue, margin = (life.bought[name] for name in MEASURES[:3])
    assert np.array_equal(orders > 0, revenue > 0)
    assert (margin <= revenue).all()
    assert life.issue_cost_eur is not None
    assert (life.issue_cost_eur > 0).all()
    assert np.allclose(revenue * 100, np.rint(revenue * 100), atol=1e-6)


def test_a_measure_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"no `profit`\. It has orders, revenue"):
        lean_life(world_named("none"), 1, 10, measures=("orders", "profit"))


def test_one_customer_is_a_company() -> None:
    for seed in range(5):
        life = lean_life(world_named("demo"), seed, 1, measures=MEASURES)
        assert life.bought["orders"].shape == (1, N_MONTHS)
        lean_truth(life)


# The truth


def test_without_an_effect_the_truth_is_exactly_none() -> None:
    for name in ("none", "severity", "drift"):
        truth = lean_truth(lean_life(world_named(name), 2, 1_500))
        for outcome in ("orders", "revenue", "margin", "issues", "support_cost"):
            for segment in ("all", *REGIONS):
                assert truth["ratio", outcome, segment] == 1.0
                assert truth["difference", outcome, segment] == 0.0


def test_skipping_the_futures_of_a_world_without_an_effect_skips_nothing() -> None:
    """An effect too small to move anything, and graver issues: the futures are lived, and give one."""
    world = replace(world_named("severity"), order_effect=(1e-300, 0.0, 0.0, 0.0))
    assert lean_truth(lean_life(world, 2, 1_500))["ratio", "orders", "all"] == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(
    "world", [world_named("effect"), world_named("demo"), STRANGE], ids=["effect", "demo", "strange"]
)
def test_the_truth_is_that_of_the_whole_company(world: World) -> None:
    """Truths of 12 companies by either road: different issues of the same customers."""
    keys = [
        (scale, outcome, segment)
        for scale in ("ratio", "difference")
        for outcome in ("orders", "issues")
        for segment in ("all", *REGIONS)
    ]
    keys += [
        ("difference", "support_cost", "all"),
        ("difference", "revenue", "all"),
        ("difference", "index_issue_cost", "all"),
    ]
    differences = []
    for seed in range(12):
        lean = lean_truth(lean_life(world, seed, 3_000))
        whole = truth_of(block_of(world, seed=seed, index=0, size=3_000), replicates=2)
        own = {
            (str(row["scale"]), str(row["outcome"]), str(dict(row["segment"]).get("region", "all"))): float(
                str(row["value"])
            )  # type: ignore[call-overload]
            for row in whole.effects()
            if row["estimand"] == "channel_effect" and "product" not in dict(row["segment"])  # type: ignore[call-overload]
        }
        differences.append([lean[key] - own[key] for key in keys])
    found = np.array(differences)
    t = found.mean(axis=0) / (found.std(axis=0, ddof=1) / math.sqrt(len(found)))
    assert (np.abs(t) < 4.5).all(), dict(zip(keys, t, strict=True))


def test_an_effect_in_one_segment_stays_there() -> None:
    truth = lean_truth(lean_life(world_named("one_segment"), 2, 4_000))
    assert truth["ratio", "orders", "north"] > 1.15
    assert truth["ratio", "orders", "south"] == 1.0
    assert truth["difference", "orders", "south"] == 0.0


def test_the_truth_hardly_moves_between_futures() -> None:
    life = lean_life(world_named("effect"), 5, 10_000)
    two, many = (lean_truth(life, replicates=n)["ratio", "orders", "all"] for n in (2, 16))
    assert two == pytest.approx(many, abs=0.002)


# The world in which issues differ in gravity


def test_graver_issues_lower_demand_further_and_their_record_is_partly_wrong() -> None:
    """The demand after the only issue of a customer, against that of the same month without one."""
    world = replace(world_named("severity"), season=((0.0, 1),) * 3, late_share=0.0)
    block = block_of(world, seed=6, index=0, size=6_000)
    life = block.life
    once = np.flatnonzero(np.bincount(life.issue_customer, minlength=6_000)[life.issue_customer] == 1)
    once = once[(life.issue_month[once] > 0) & (life.issue_month[once] < N_MONTHS - 8)]
    who, month = life.issue_customer[once], life.issue_month[once]
    grave = life.issue_severity[once] == 2
    growth = math.exp(0.04 / 12)
    for step, mild, worst in ((0, 0.7, 0.35), (3, 0.7, 0.35), (4, 1.0, 0.5), (6, 1.0, 0.5), (7, 1.0, 1.0)):
        share = life.demand[who, month + step] / life.demand[who, month - 1] / growth ** (step + 1)
        assert share[~grave] == pytest.approx(mild)
        assert share[grave] == pytest.approx(worst)
    order = np.lexsort((block.issues.opened, block.issues.customer))
    recorded = block.issues.severity[order] - 1
    single = np.isin(block.issues.customer[order], who)
    true = life.issue_severity[once][np.argsort(who)]
    right = (recorded[single] == true).mean()
    by_chance = 0.5**2 + 0.35**2 + 0.15**2
    assert right == pytest.approx(0.6 + 0.4 * by_chance, abs=0.04)


def test_the_channel_does_not_depend_on_gravity() -> None:
    grave, social, n = 0, 0.0, 0
    for seed in range(10):
        life = lean_life(world_named("severity"), seed, 4_000, measures=())
        worst = life.issue_severity == 2
        grave, n = grave + worst.sum(), n + len(worst)
        social += life.issue_social[worst].mean() - life.issue_social[~worst].mean()
    assert grave / n == pytest.approx(0.15, abs=0.01)
    assert abs(social / 10) < 0.01


def test_a_life_is_made_in_about_a_tenth_of_a_second() -> None:
    """Measured against work of the same kind in the same minute, so that a busy machine does not matter.

    40,000 customers take 0.6 of the time in which `block_of` makes 20,000 (0.1 s of 0.17 s), their truth an eighth.
    """
    world = world_named("effect")

    def shortest(make, times: int) -> float:  # type: ignore[no-untyped-def]
        spans = []
        for _ in range(times):
            begun = time.process_time()
            make()
            spans.append(time.process_time() - begun)
        return min(spans)

    whole = shortest(lambda: block_of(world, seed=1, index=0, size=20_000), 2)
    life = lean_life(world, 1)
    assert shortest(lambda: lean_life(world, 1), 4) < 0.7 * whole
    assert shortest(lambda: lean_truth(life), 4) < 0.25 * whole
