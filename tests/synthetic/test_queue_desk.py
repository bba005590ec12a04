"""Is the company with a queue what its page says, alike in arrays and tables, and is its truth found again?

The study is built here by hand, on the arrays and with no code of `analysis.studies`; only the estimators,
`instrumented` and `adjusted`, are the project's.
"""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pytest

from analysis.foundation.errors import ParamsError, UnknownName
from analysis.foundation.provenance import fingerprint
from analysis.inference.instrument import Instrumented, instrumented
from analysis.inference.within import adjusted
from analysis.synthetic.clock import DATA_END, DATA_START, DAY_START, MONTH_DAY, N_MONTHS
from analysis.synthetic.queue_desk import (
    QUEUES,
    QueueLife,
    QueueTruth,
    queue_life,
    queue_truth,
    write_queue_company,
)
from analysis.synthetic.queue_desk.desk import NIGHT_FROM, NIGHT_TO, PRODUCTS, TARGET_S
from analysis.synthetic.queue_desk.life import demand_of
from analysis.synthetic.queue_desk.queue import chance_in_time
from analysis.synthetic.queue_desk.truth import OUTCOMES
from analysis.tables.load import Source, open_tables, prepare

SIZE, SEEDS = 20_000, range(1, 5)
WINDOW = 6


@lru_cache
def life_of(name: str, seed: int = 1, customers: int = SIZE) -> QueueLife:
    return queue_life(name, seed, customers)


@lru_cache
def truth_of(name: str, seed: int = 1, customers: int = SIZE) -> QueueTruth:
    return queue_truth(life_of(name, seed, customers))


# The study, by hand


def columns_of(life: QueueLife, truth: QueueTruth) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict]:
    """Orders after, answered in time, load of others; categories, what was known before, and days."""
    contact = truth.contact
    customer, month, issue = life.contact_customer[contact], life.contact_month[contact], life.contact_issue[contact]
    day, hour = life.issues.day[issue], life.issues.hour[issue]
    sums = np.concatenate([np.zeros((len(life), 1)), np.cumsum(life.orders, axis=1)], axis=1)
    after = sums[customer, month + WINDOW + 1] - sums[customer, month + 1]
    before = sums[customer, month] - sums[customer, month - WINDOW]
    severity = life.contact_severity[contact]
    own = np.where(life.issues.own_incident[issue], 1 + day // 7, 0)
    return (
        after,
        life.in_time[contact].astype(float),
        life.contact_other_load[contact].astype(float),
        {
            "absorb": [((day + 6) % 7 * 24 + hour) * N_MONTHS + month, life.contact_product[contact] * 1_000 + own],
            "covariates": np.column_stack([before, severity == 2, severity == 3]).astype(float),
            "cluster": day,
            "name": "orders",
            "unit": "orders per customer",
        },
    )


@lru_cache
def studied(name: str, seed: int = 1, customers: int = SIZE) -> tuple[Instrumented, float, float]:
    """By the queue, adjusted, and raw."""
    after, in_time, load, given = columns_of(life_of(name, seed, customers), truth_of(name, seed, customers))
    raw = after[in_time == 1].mean() - after[in_time == 0].mean()
    return instrumented(after, in_time, load, **given), adjusted(after, in_time, **given).value, float(raw)


def errors(name: str) -> np.ndarray:
    """Of the estimate by the queue, in standard errors, one a seed."""
    found = [(studied(name, seed)[0].effect, truth_of(name, seed).difference("orders")) for seed in SEEDS]
    return np.array([(one.value - true) / one.se for one, true in found])


@pytest.mark.parametrize("name", ["queue_none", "queue_effect", "queue_harm", "queue_hidden"])
def test_the_queue_finds_the_truth_again(name: str) -> None:
    """The mean of four errors of variance 1 has standard error 0.5; 3 of them are 1.5."""
    assert abs(errors(name).mean()) < 1.5
    assert np.abs(errors(name)).max() < 3.5
    assert min(studied(name, seed)[0].f for seed in SEEDS) > 100


def test_a_comparison_of_all_is_wrong_where_nothing_has_an_effect() -> None:
    assert min(studied("queue_none", seed)[2] for seed in SEEDS) > 0.03


def test_hidden_gravity_misleads_the_adjusted_comparison_and_not_the_queue() -> None:
    plain = [studied("queue_hidden", seed)[1] for seed in SEEDS]
    assert min(plain) > 0.15
    assert abs(np.mean([studied("queue_none", seed)[1] for seed in SEEDS])) < 0.05


def test_where_staff_is_ample_the_queue_says_nothing() -> None:
    for seed in SEEDS:
        found, plain, _ = studied("queue_weak", seed)
        assert found.f < 10
        assert not found.effect.bounded or found.effect.high - found.effect.low > 2
        assert plain == pytest.approx(truth_of("queue_weak", seed).difference("orders"), abs=0.3)


def test_a_shared_outage_breaks_the_instrument() -> None:
    """An effect that is none, found by the queue: two errors of mean 0 and variance 1 would add up to 4.2 at most."""
    found = [studied("queue_broken", seed, 40_000)[0].effect for seed in (1, 2)]
    assert sum(one.value / one.se for one in found) > 4.2


# What is true


@pytest.mark.parametrize("name", ["queue_none", "queue_hidden", "queue_broken"])
def test_without_an_effect_the_truth_is_nought_exactly(name: str) -> None:
    truth = truth_of(name)
    assert [truth.difference(outcome) for outcome in OUTCOMES] == [0.0] * 4
    assert [truth.ratio(outcome) for outcome in OUTCOMES] == [1.0] * 4


@pytest.mark.parametrize(("name", "ratio"), [("queue_effect", 1.25), ("queue_harm", 0.8), ("queue_weak", 1.25)])
def test_an_effect_has_the_ratio_its_page_says_and_no_effect_on_issues(name: str, ratio: float) -> None:
    truth = truth_of(name)
    assert [truth.ratio(outcome) for outcome in OUTCOMES[:3]] == pytest.approx([ratio] * 3)
    assert truth.difference("issues") == 0.0


@pytest.mark.parametrize("name", ["queue_effect", "queue_harm", "queue_broken"])
def test_truth_by_brute_force(name: str) -> None:
    """Each of forty contacts answered in time, and not, all else as it was: the whole company's demand made anew."""
    life = queue_life(name, 5, 800)
    truth = queue_truth(life)
    for place in range(0, len(truth.contact), max(1, len(truth.contact) // 40)):
        contact = truth.contact[place]
        paths = []
        for answered in (True, False):
            what_if = life.in_time.copy()
            what_if[contact] = answered
            paths.append(demand_of(life.desk, life.people, life.issues, life.queue, what_if))
        gap, customer, month = paths[0] - paths[1], life.contact_customer[contact], life.contact_month[contact]
        window = slice(month + 1, month + 1 + WINDOW)
        assert paths[0][customer, window].sum() == pytest.approx(truth.answered[0, place])
        assert paths[1][customer, window].sum() == pytest.approx(truth.not_answered[0, place])
        gap[customer, window] = 0.0
        assert np.abs(gap).max() < 1e-12  # nobody else, and no other month


def test_those_the_queue_decides_about_are_much_like_those_answered() -> None:
    for name in ("queue_effect", "queue_harm"):
        truth = truth_of(name)
        assert truth.on_the_answered("orders") == pytest.approx(truth.difference("orders"), rel=0.04)


def test_the_weights_are_those_of_the_instrument() -> None:
    """Two-stage least squares of the effects alone, without purchases by chance: 2 % from the truth it is judged by.

    The instrument's weights go up and down by chance around those of the truth: the mean of four companies.
    """
    ratios = []
    for seed in SEEDS:
        truth = truth_of("queue_effect", seed)
        _, in_time, load, given = columns_of(life_of("queue_effect", seed), truth)
        gain = (truth.answered[0] - truth.not_answered[0]) * in_time
        given["covariates"] = given["covariates"][:, 1:]
        seen = instrumented(gain, in_time, load, **given).effect.value, adjusted(gain, in_time, **given).value
        ratios.append([one / truth.difference("orders") for one in seen])
    assert np.mean(ratios, axis=0) == pytest.approx([1.0, 1.0], abs=0.02)


def test_whose_truth_it_is_where_staff_is_ample() -> None:
    truth = truth_of("queue_weak")
    assert truth.ample
    assert (truth.judged == truth.open).all()
    assert not truth_of("queue_effect").ample


def test_a_shorter_window_has_its_own_truth() -> None:
    life = life_of("queue_effect")
    assert queue_truth(life, before=3, after=2).ratio("orders") == pytest.approx(1.25)
    assert 1.0 < queue_truth(life, after=10).ratio("orders") < 1.25


def test_a_company_too_small_for_a_truth_says_so() -> None:
    with pytest.raises(ValueError, match="None of 1 customers has a first contact"):
        queue_truth(queue_life("queue_none", 2, 1))


# How one waits


def test_load_is_what_came_in_the_hour_before() -> None:
    life = life_of("queue_none")
    at, product = life.contact_at, life.contact_product
    for place in range(0, len(at), 977):
        recent = (at >= at[place] - 3_600) & (at < at[place])
        assert life.queue.load[place] == recent.sum()
        assert life.contact_other_load[place] == (recent & (product != product[place])).sum()


def test_more_load_means_a_longer_wait_and_ample_staff_does_not_mind() -> None:
    def by_load(name: str) -> list[float]:
        life = life_of(name, customers=40_000)
        open_ = (life.queue.opens_s == 0) & (life.contact_severity == 1)
        bands = np.digitize(life.queue.load, [2, 4, 6, 9])
        return [float(life.in_time[open_ & (bands == band)].mean()) for band in range(5)]

    busy, ample = by_load("queue_none"), by_load("queue_weak")
    assert all(later < sooner - 0.04 for sooner, later in pairwise(busy))
    assert max(ample) - min(ample) < 0.06
    assert min(ample) > 0.85


def test_gravity_waits_longer_and_at_night_nobody_answers() -> None:
    life = life_of("queue_none")
    hour = life.issues.hour[life.contact_issue]
    day = (hour >= 9) & (hour < 20)
    shares = [life.in_time[day & (life.contact_severity == severity)].mean() for severity in (1, 2, 3)]
    assert shares[0] > shares[1] + 0.05 > shares[2] + 0.1
    assert not life.in_time[(hour < NIGHT_TO - 1) | (hour >= NIGHT_FROM)].any()
    assert 0.35 < life.in_time.mean() < 0.7


@pytest.mark.parametrize("name", QUEUES)
def test_as_many_are_in_time_as_the_chances_say(name: str) -> None:
    life = life_of(name, customers=40_000)
    chance = chance_in_time(life.desk, life.queue, life.queue.load)
    spread = np.sqrt((chance * (1 - chance)).sum())
    assert abs(life.in_time.sum() - chance.sum()) < 4 * spread
    assert (np.diff([life.in_time[np.digitize(chance, [0.2, 0.6]) == part].mean() for part in range(3)]) > 0.2).all()


def test_incidents_bring_bursts_to_their_product_alone() -> None:
    life = life_of("queue_none", customers=40_000)
    issues = life.issues
    for product in range(len(PRODUCTS)):
        about = life.issue_product == product
        days = np.bincount(issues.day[about], minlength=len(DAY_START) - 1)
        marked = np.unique(issues.day[about & issues.own_incident])
        usual = np.setdiff1d(np.arange(len(days)), marked)
        assert 14 <= len(marked) <= 42
        assert days[marked].mean() > 2.5 * days[usual].mean()


def test_who_writes_at_night_buys_otherwise() -> None:
    """Fewer orders to begin with, and fewer still afterwards: the hour is no instrument."""
    life = life_of("queue_none", customers=40_000)
    truth = truth_of("queue_none", customers=40_000)
    hour = life.issues.hour[life.contact_issue[truth.contact]]
    night = (hour >= NIGHT_FROM) | (hour < NIGHT_TO)
    customer, month = life.contact_customer[truth.contact], life.contact_month[truth.contact]
    before = life.orders[customer[:, None], month[:, None] - np.arange(1, 7)].sum(axis=1)
    after = life.orders[customer[:, None], month[:, None] + np.arange(1, 7)].sum(axis=1)
    assert before[night].mean() < 0.95 * before[~night].mean()
    assert after[night].mean() / before[night].mean() < 0.95 * after[~night].mean() / before[~night].mean()


# What is bought


def test_purchases_follow_the_demand() -> None:
    """Sums over months of the whole company: Poisson, so that squares of standardised gaps average 1."""
    life = life_of("queue_effect")
    mean = demand_of(life.desk, life.people, life.issues, life.queue, life.in_time).sum(axis=0)
    scaled = (life.orders.sum(axis=0) - mean) / np.sqrt(mean)
    assert 0.45 < np.mean(scaled**2) < 1.75
    assert (life.orders[np.arange(N_MONTHS) < life.first_month[:, None]] == 0).all()


def test_an_issue_lowers_buying_for_three_months_whatever_its_channel() -> None:
    life = life_of("queue_none")
    nothing = np.zeros(len(life.in_time), dtype=bool)
    one = np.bincount(life.issue_customer, minlength=len(life)) == 1
    place = np.flatnonzero(one[life.issue_customer] & (life.issue_channel != 0) & (life.issue_month < N_MONTHS - 5))[0]
    customer, month = life.issue_customer[place], life.issue_month[place]
    demand = demand_of(life.desk, life.people, life.issues, life.queue, nothing)[customer]
    season = 1 + 0.15 * np.cos(2 * np.pi * (np.arange(N_MONTHS) / 12 + life.product[customer] / len(PRODUCTS)))
    level = demand / season / life.people.demand[customer]
    factor = (0.95, 0.88, 0.78)[life.issue_severity[place] - 1]
    expected = np.where(np.arange(N_MONTHS) >= life.first_month[customer], 1.0, 0.0)
    expected[month + 1 : month + 4] *= factor
    np.testing.assert_allclose(level, expected)


def test_money_is_made_of_the_same_orders() -> None:
    plain, whole = queue_life("queue_effect", 2, 3_000), queue_life("queue_effect", 2, 3_000, money=True)
    assert (plain.orders == whole.orders).all()
    assert not plain.revenue.any()
    assert ((whole.revenue > 0) == (whole.orders > 0)).all()
    assert (whole.margin < whole.revenue)[whole.orders > 0].all()
    truth = queue_truth(whole)
    assert truth.difference("revenue") / truth.difference("orders") == pytest.approx(34, rel=0.06)


def test_the_same_seed_makes_the_same_company_and_another_one_another() -> None:
    first, again, other = (queue_life("queue_effect", seed, 1_000) for seed in (3, 3, 4))
    assert (first.orders == again.orders).all()
    assert (first.contact_reply_s == again.contact_reply_s).all()
    assert len(first.contact_at) != len(other.contact_at)


def test_variants_share_people_and_contacts() -> None:
    """What differs between two variants is then their doing alone."""
    none, effect = life_of("queue_none"), life_of("queue_effect")
    assert (none.contact_at == effect.contact_at).all()
    assert (none.contact_reply_s == effect.contact_reply_s).all()


def test_an_unknown_variant_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean `queue_hidden`"):
        queue_life("queue_hiden", 1, 10)


# In files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("queue")
    write_queue_company(place, "queue_effect", seed=7, customers=3_000)
    return place


def test_files_hold_what_the_arrays_do(folder: Path) -> None:
    life = queue_life("queue_effect", 7, 3_000, money=True)
    rows = duckdb.sql(
        f"""select substr(customer_id, 2)::int - 1 c, epoch(occurred_at)::bigint as came, product, severity,
            epoch(t.first_reply_at)::bigint - epoch(occurred_at)::bigint wait
        from '{folder}/touchpoints.parquet' t join '{folder}/issues.parquet' i using (issue_id, customer_id)
        where t.channel = 'social' and direction = 'inbound' order by touchpoint_id"""
    ).fetchnumpy()
    assert (rows["c"] == life.contact_customer).all()
    assert (rows["came"] == life.contact_at).all()
    assert [str(name) for name in rows["product"]] == [PRODUCTS[code] for code in life.contact_product]
    assert (rows["severity"] == life.contact_severity).all()
    wait = np.ma.filled(np.ma.asarray(rows["wait"]).astype(float), np.inf)
    assert (wait == life.contact_reply_s).all()
    assert np.isinf(wait).any()
    bought = duckdb.sql(
        f"""select substr(customer_id, 2)::int - 1 c, datediff('month', timestamp '2023-10-01',
                ordered_at at time zone 'Europe/London') m, count(*) n, sum(revenue) * 100 r, sum(margin) * 100 g
        from '{folder}/orders.parquet' group by all"""
    ).fetchnumpy()
    for column, whole in (("n", life.orders), ("r", life.revenue), ("g", life.margin)):
        found = np.zeros_like(life.revenue)
        found[bought["c"], bought["m"]] = np.rint(bought[column].astype(float)).astype(np.int64)
        assert (found == whole).all()


def test_the_first_whole_month_is_that_of_joining(folder: Path) -> None:
    life = queue_life("queue_effect", 7, 3_000)
    joined = duckdb.sql(
        f"""select epoch(joined_at) e,
            datediff('month', timestamp '2023-10-01', joined_at at time zone 'Europe/London') m
        from '{folder}/customers.parquet' order by customer_id"""
    ).fetchnumpy()
    starts = np.isin(joined["e"].astype(np.int64), DAY_START[MONTH_DAY])
    expected = np.where(joined["e"] < DATA_START, 0, joined["m"] + 1 - starts)
    assert (life.first_month == expected).all()


def test_the_truth_of_the_folder_is_that_of_the_arrays(folder: Path) -> None:
    statement = json.loads((folder / "truth.json").read_text())
    truth = queue_truth(queue_life("queue_effect", 7, 3_000))
    told = {(row["outcome"], row["scale"]): row["value"] for row in statement["effects"] if row["segment"] == {}}
    for outcome in OUTCOMES:
        assert told[outcome, "difference"] == pytest.approx(truth.difference(outcome), rel=1e-11)
        assert told[outcome, "ratio"] == pytest.approx(truth.ratio(outcome), rel=1e-11)
    keys = {(row["design"], row["estimand"], row["treated"], row["comparison"]) for row in statement["effects"]}
    assert keys == {("service_effect", "service_effect", "answered_in_time", "not_answered_in_time")}
    assert {tuple(row["segment"]) for row in statement["effects"]} == {(), ("product",), ("region",)}
    assert (statement["world"], statement["seed"], statement["customers"]) == ("queue_effect", 7, 3_000)


def test_nothing_that_nobody_recorded_is_written(tmp_path: Path) -> None:
    write_queue_company(tmp_path, "queue_hidden", seed=1, customers=400)
    columns = {
        file.stem: {row[0] for row in duckdb.sql(f"describe select * from '{file}'").fetchall()}
        for file in tmp_path.glob("*.parquet")
    }
    assert columns["customers"] == {"customer_id", "joined_at", "region", "product", "known_at"}
    assert columns["issues"] | columns["touchpoints"] == {
        "issue_id", "customer_id", "opened_at", "closed_at", "product", "topic", "severity", "channel",
        "first_reply_at", "known_at", "touchpoint_id", "occurred_at", "platform", "direction", "replied_by",
        "resolved_at", "handled_by",
    }  # fmt: skip


def test_the_contract_s_own_reader_finds_no_fault(folder: Path, tmp_path: Path) -> None:
    prepared = prepare([Source(folder)], cache=tmp_path)
    assert set(prepared.accounts) == {"customers", "issues", "orders", "touchpoints"}
    assert all(not account.rows.set_aside for account in prepared.accounts.values())
    with open_tables(prepared) as tables:
        late = tables.engine.query(
            f"""select count(*) from touchpoints where first_reply_at < occurred_at or known_at < first_reply_at
                or epoch(known_at) > {DATA_END} or epoch(first_reply_at) - epoch(occurred_at) between 1 and {TARGET_S}
                and replied_by <> 'human'"""
        )
        assert late.column(0).to_pylist() == [0]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for place, seed in (("first", 1), ("again", 1), ("other", 2)):
        write_queue_company(tmp_path / place, "queue_harm", seed=seed, customers=300)
    assert fingerprint(tmp_path / "first") == fingerprint(tmp_path / "again")
    assert fingerprint(tmp_path / "first") != fingerprint(tmp_path / "other")


def test_a_company_of_one_has_tables_and_no_effects(tmp_path: Path) -> None:
    write_queue_company(tmp_path, "queue_effect", seed=2, customers=1)
    assert json.loads((tmp_path / "truth.json").read_text())["effects"] == []


def test_somebody_s_tables_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id\n1\n")
    with pytest.raises(ParamsError, match="holds tables that were not made up"):
        write_queue_company(tmp_path, "queue_none", seed=1, customers=10)
    with pytest.raises(UnknownName):
        write_queue_company(tmp_path, "queue", seed=1, customers=10)
