"""Is the subscription firm what its page says, alike in arrays and tables, and is its truth found again?

The stack of the default study is built here by hand, on the arrays and with no code of `analysis.studies`; only the
estimator itself, `ratio_did`, is the project's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import ParamsError, UnknownName
from analysis.foundation.provenance import fingerprint
from analysis.inference.panel_effects import RatioDid, count_weights, ratio_did
from analysis.synthetic.make import make_world
from analysis.synthetic.subscription_firm import FIRMS, FirmLife, firm_life, make_firm
from analysis.synthetic.subscription_firm.arrays import blocks_of
from analysis.synthetic.subscription_firm.dates import FIRST_MONTH, N_MONTHS, day_in_month
from analysis.synthetic.subscription_firm.firm import PRODUCTS, REGIONS, firm_named
from analysis.synthetic.subscription_firm.lives import lives_of, stream
from analysis.synthetic.subscription_firm.truth import RATIOS, SHARES, both_paths, index_of, truth_of
from analysis.tables.load import Source, open_tables, prepare

WINDOW = 6
DEFAULT = ("month", "product", "recent", "lately", "observed")
ALL_HISTORY = ("month", "observed", "earlier")
TABLES = {"customers", "issues", "orders", "subscriptions", "touchpoints", "unit_costs"}
SEED, SIZE = 7, 3_000

Rows = Mapping[str, np.ndarray]


# The stack, by hand


def stack_of(life: FirmLife, *, future: bool = False) -> Rows:
    """Rows of the default study; with `future` those of the gate, where `arm` is the next issue's channel."""
    customer, month = life.issue_customer, life.issue_month - life.begin
    first = np.full(len(life), np.iinfo(np.int64).max)
    social = life.issue_social
    np.minimum.at(first, customer[social], life.issue_opened[social])
    opens_month = np.diff(customer * N_MONTHS + month, prepend=-1) != 0
    observed = month - (life.first_month - life.begin)[customer]
    after = 3 if future else WINDOW
    keep = opens_month & (life.issue_opened <= first[customer]) & (observed >= WINDOW) & (month < N_MONTHS - after)
    arm = social
    if future:
        following = np.minimum(np.arange(len(customer)) + 1, len(customer) - 1)
        late = (customer[following] == customer) & (month[following] >= month + 4)
        keep &= late & ~social
        arm = social[following]
    who, when = customer[keep], month[keep]
    raised = monthly(life, np.ones(len(customer)))
    return {
        "customer": who,
        "month": when,
        "arm": arm[keep],
        "product": life.product[who],
        "recent": np.minimum(window(raised, who, when - 6, when - 1), 2),
        "lately": window(raised, who, when - 3, when - 1) > 0,
        "observed": observed[keep],
        "earlier": np.minimum(window(raised, who, 0 * when, when - 1), 4),
        "cost": life.issue_cost[keep],
    }


def monthly(life: FirmLife, amount: np.ndarray) -> np.ndarray:
    place = life.issue_customer * N_MONTHS + life.issue_month - life.begin
    return np.bincount(place, weights=amount, minlength=len(life) * N_MONTHS).reshape(-1, N_MONTHS)


def window(table: np.ndarray, who: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Sums over the months from `first` to `last`, both included."""
    cumulated = np.hstack([np.zeros((len(table), 1)), np.cumsum(table, axis=1, dtype=float)])
    return cumulated[who, last + 1] - cumulated[who, first]


def fit(rows: Rows, before: np.ndarray, after: np.ndarray, strata: tuple[str, ...] = DEFAULT) -> RatioDid:
    cell = np.unique(np.stack([rows[name].astype(np.int64) for name in strata]), axis=1, return_inverse=True)[1]
    return ratio_did(
        name="bought",
        unit="bought per customer",
        before=before,
        after=after,
        contacted=rows["arm"],
        month=rows["month"],
        weight=count_weights(cell.ravel(), rows["arm"]),
        customer=rows["customer"],
    )


def change(life: FirmLife, outcome: str, rows: Rows, after: int = WINDOW) -> RatioDid:
    table, who, when = getattr(life, outcome), rows["customer"], rows["month"]
    return fit(rows, window(table, who, when - WINDOW, when - 1), window(table, who, when + 1, when + after))


def issues_change(life: FirmLife, rows: Rows) -> RatioDid:
    raised = monthly(life, np.ones(len(life.issue_customer)))
    after = window(raised, rows["customer"], rows["month"] + 1, rows["month"] + WINDOW)
    return fit(rows, np.ones(len(after)), after, ALL_HISTORY)


def log_error(found: RatioDid, truth: float) -> tuple[float, float]:
    assert found.ratio.se_log is not None
    return float(np.log(found.ratio.value / truth)), found.ratio.se_log


@pytest.fixture(scope="module")
def life() -> FirmLife:
    return firm_life("firm_effect", SEED, customers=20_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("firm")
    make_world(home, world="firm_effect", seed=SEED, customers=SIZE)
    return home


# What the firm is like


def test_a_problem_raises_the_chance_of_the_next_for_some_weeks(life: FirmLife) -> None:
    """Share of customers with an issue, one month and twelve months after a month with an issue, still there."""
    raised = monthly(life, np.ones(len(life.issue_customer))) > 0
    had, there = raised[:, :-12], life.running
    soon = raised[:, 1:-11][had & there[:, 1:-11]].mean()
    late = raised[:, 12:][had & there[:, 12:]].mean()
    assert soon > 1.25 * late


def test_a_problem_makes_leaving_likelier(life: FirmLife) -> None:
    never = firm_life("firm_none", SEED, customers=20_000)
    raised = monthly(never, np.ones(len(never.issue_customer))) > 0
    ends = never.running[:, 6:-1] & ~never.running[:, 7:]
    at_risk = never.running[:, 6:-1]
    after_problem = raised[:, 6:-1]
    assert ends[at_risk & after_problem].mean() > 2 * ends[at_risk & ~after_problem].mean()
    assert life.running.any(axis=0).all()


def test_customers_join_all_the_time(life: FirmLife) -> None:
    new = np.bincount(life.first_month - life.begin, minlength=N_MONTHS + 1)[1:]
    assert new.min() > 0.5 * new.mean()
    assert 0.4 < new.sum() / len(life) < 0.5


def test_days_follow_a_weekly_cycle() -> None:
    day = day_in_month(np.full(40_000, 3), np.random.default_rng(1).random(40_000))
    weekday = (FIRST_MONTH.first_day.weekday() + day) % 7
    share = np.bincount(weekday, minlength=7) / np.bincount(
        (FIRST_MONTH.plus(3).first_day.weekday() + np.arange(30)) % 7
    )
    assert share[0] > 1.5 * share[6]


def test_orders_are_no_poisson_counts(life: FirmLife) -> None:
    """One invoice a seat: among single-seat customers without add-ons the count hardly varies at all."""
    active = life.running[:, 12] & (life.first_month <= life.begin + 12)
    of_month = life.orders[active, 12]
    assert (of_month > 0).mean() > 0.98
    assert of_month[of_month < 2].var() < 0.05


def test_raw_figures_are_badly_wrong_where_nothing_has_an_effect() -> None:
    none = firm_life("firm_none", 1, customers=20_000)
    user = np.zeros(len(none), dtype=bool)
    user[none.issue_customer[none.issue_social]] = True
    observed = none.first_month + WINDOW <= none.end
    bought = none.orders.sum(axis=1) / np.maximum(none.end + 1 - none.first_month, 1)
    assert bought[user & observed].mean() > 1.12 * bought[~user & observed].mean()
    rows = stack_of(none)
    who, when = rows["customer"][rows["arm"]], rows["month"][rows["arm"]]
    before = window(none.orders, who, when - 6, when - 1).sum()
    assert window(none.orders, who, when + 1, when + 6).sum() < 0.9 * before


def test_worlds_share_their_randomness() -> None:
    one, other = (firm_life(name, 3, customers=500) for name in ("firm_none", "firm_effect"))
    assert np.array_equal(one.product, other.product)
    assert np.array_equal(one.first_month, other.first_month)


def test_a_month_without_news_or_news_for_all() -> None:
    """Only the incident firm turns customers to social in a month, and then those of all products."""
    found = firm_life("firm_incident", 5, customers=20_000)
    month = found.issue_month - found.begin
    usual = found.issue_social[month == 11].mean()
    for product in range(len(PRODUCTS)):
        assert found.issue_social[(month == 14) & (found.issue_product == product)].mean() > usual + 0.08


# Truth


@pytest.mark.parametrize("name", [name for name, firm in FIRMS.items() if not firm.has_effect])
def test_where_nothing_has_an_effect_the_truth_is_exact(name: str) -> None:
    found = firm_life(name, 2, customers=3_000, replicates=2)
    for (outcome, scale), value in found.truth.items():
        if outcome != "index_issue_cost":
            assert value == (1.0 if scale == "ratio" else 0.0), (outcome, scale)


def test_the_effects_are_of_the_size_the_page_says() -> None:
    for name, sign in (("firm_effect", 1), ("firm_harm", -1)):
        truth = firm_life(name, 4, customers=20_000).truth
        assert 0.05 < sign * (truth["orders", "ratio"] - 1) < 0.10
        assert 0.02 < sign * truth["retained", "difference"] < 0.08
        assert sign * (truth["issues", "ratio"] - 1) < -0.05
        assert truth["index_issue_cost", "difference"] < 0


def test_the_path_that_happened_is_what_happened() -> None:
    """Expected values along the path on social against what treated customers did: within four standard errors."""
    lives = lives_of(firm_named("firm_effect"), seed=31, block=0, size=20_000)
    found = firm_life("firm_effect", 31, customers=20_000)
    index = index_of(lives)
    paths = both_paths(lives, index, stream(31, 0, "futures"), after=WINDOW, replicates=8)[0]
    who, when = index.customer, index.month
    cost = monthly(found, found.issue_cost)
    raised = monthly(found, np.ones(len(found.issue_customer)))
    tables = (found.orders, found.revenue, found.margin, raised, cost)
    happened = [window(table, who, when + 1, when + WINDOW) for table in tables]
    happened += [(happened[0] > 0) * 1.0, found.running[who, when + WINDOW] * 1.0]
    assert found.treated == len(who) > 2_000
    for outcome, expected, seen in zip((*RATIOS, *SHARES), paths, happened, strict=True):
        gap = seen - expected
        assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(len(gap)), outcome


def test_add_ons_rise_by_the_effect_and_invoices_do_not() -> None:
    """With nothing but an effect on add-ons, twice the effect gives twice the gain, and none to those who buy none."""
    plain = replace(firm_named("firm_none"), strain_leaves=0.0)
    lives = lives_of(plain, seed=5, block=0, size=10_000)
    index = index_of(lives)

    def orders(effect: float) -> np.ndarray:
        under = replace(lives, firm=replace(plain, addon_effect=effect))
        return both_paths(under, index, stream(5, 0, "futures"), after=WINDOW, replicates=2)[0, RATIOS.index("orders")]

    none, some, twice = orders(0.0), orders(0.1), orders(0.2)
    assert np.allclose(twice - none, 2 * (some - none), rtol=1e-9)
    hungry = lives.people.appetite[index.customer] > 0
    assert np.array_equal(some[~hungry], none[~hungry])
    assert (some > none)[hungry].all()
    assert (none <= lives.people.seats[index.customer] * WINDOW)[~hungry].all()


def test_more_futures_do_not_move_the_truth() -> None:
    """The truth from eight futures lies within 0.3 % of that from sixty-four, for orders and for issues within 1 %."""
    lives = lives_of(firm_named("firm_effect"), seed=8, block=0, size=20_000)
    few, many = ({(o, s): v for o, s, g, v in truth_of(lives, replicates=n).values() if not g} for n in (8, 64))
    assert few["orders", "ratio"] == pytest.approx(many["orders", "ratio"], rel=0.003)
    assert few["issues", "ratio"] == pytest.approx(many["issues", "ratio"], rel=0.01)


def test_windows_of_other_lengths_have_a_truth_of_their_own() -> None:
    short = firm_life("firm_effect", 3, customers=4_000, after=3)
    whole = firm_life("firm_effect", 3, customers=4_000)
    assert short.treated > whole.treated
    assert 0 < short.truth["retained", "difference"] < whole.truth["retained", "difference"]


# Is the truth found again?


def test_known_effects_are_found_again() -> None:
    """Six firms of 20,000 with an effect: orders and issues without bias beyond chance and a fifth of an error."""
    found = []
    for seed in range(40, 46):
        one = firm_life("firm_effect", seed, customers=20_000)
        rows = stack_of(one)
        orders = log_error(change(one, "orders", rows), one.truth["orders", "ratio"])
        issues = log_error(issues_change(one, rows), one.truth["issues", "ratio"])
        found.append((*orders, *issues))
    table = np.array(found)
    for error, claimed in ((table[:, 0], table[:, 1]), (table[:, 2], table[:, 3])):
        assert abs(error.mean()) < 0.2 * claimed.mean() + 2.6 * claimed.mean() / np.sqrt(len(error))


@pytest.mark.slow
def test_the_default_estimator_is_not_biased_where_nothing_has_an_effect() -> None:
    """24 firms of 40,000; about 25 s on an idle machine. Fails beyond a fifth of an error and two of the mean."""
    outcomes = ("orders", "revenue", "margin", "issues")
    errors = np.empty((24, len(outcomes), 2))
    for place in range(24):
        one = firm_life("firm_none", 500 + place, customers=40_000)
        rows = stack_of(one)
        fits = [*(change(one, name, rows) for name in outcomes[:3]), issues_change(one, rows)]
        errors[place] = [log_error(each, 1.0) for each in fits]
    for place, outcome in enumerate(outcomes):
        error, claimed = errors[:, place].T
        chance = error.std(ddof=1) / np.sqrt(len(error))
        assert abs(error.mean()) < 0.2 * claimed.mean() + 2 * chance, outcome
        assert (np.abs(error) < 1.96 * claimed).mean() >= 0.95 - 2.6 * np.sqrt(0.0475 / len(error)), outcome
        assert claimed.mean() < 0.05, outcome


def test_a_hidden_trait_misleads_the_study_and_the_gate_sees_it() -> None:
    bias, seen = [], []
    for seed in range(2):
        strong = firm_life("firm_confounded_strong", seed, customers=40_000)
        bias.append(log_error(change(strong, "orders", stack_of(strong)), 1.0)[0])
        error, claimed = log_error(change(strong, "orders", stack_of(strong, future=True), after=3), 1.0)
        seen.append(error / claimed)
    assert np.mean(bias) < -0.06
    assert np.mean(seen) < -2.5


def test_those_who_leave_faster_mislead_it_and_nothing_sees_it() -> None:
    bias, seen = [], []
    for seed in range(2):
        leavers = firm_life("firm_leavers", seed, customers=40_000)
        bias.append(log_error(change(leavers, "orders", stack_of(leavers)), 1.0)[0])
        error, claimed = log_error(change(leavers, "orders", stack_of(leavers, future=True), after=3), 1.0)
        seen.append(error / claimed)
    assert np.mean(bias) < -0.015
    assert abs(np.mean(seen)) < 1.6


# The same in tables


def test_the_tables_hold_what_the_arrays_say(folder: Path) -> None:
    """By customer and local month: orders, revenue and margin kept, issues, and who is there at the month's end."""
    arrays = firm_life("firm_effect", SEED, customers=SIZE)
    local = "(year({0} at time zone 'Europe/Berlin') - 1970) * 12 + month({0} at time zone 'Europe/Berlin') - 1"
    number = "cast(substr(customer_id, 2) as integer) - 1"
    found = duckdb.sql(
        f"""select {number} as who, {local.format("ordered_at")} as month, count(*) as n,
                   sum(revenue)::double as revenue, sum(margin)::double as margin
            from '{folder}/orders.parquet' where cancelled_at is null group by all"""
    ).fetchnumpy()
    for name, held in (("n", arrays.orders), ("revenue", arrays.revenue), ("margin", arrays.margin)):
        table = np.zeros(held.shape)
        table[found["who"], found["month"] - arrays.begin] = found[name]
        assert np.allclose(table, held, rtol=0, atol=1e-6), name
    issues = duckdb.sql(
        f"""select {number} as who, epoch(opened_at)::bigint as opened, {local.format("opened_at")} as month,
                   channel = 'social' as social, cost::double as cost, product
            from '{folder}/issues.parquet' order by who, opened"""
    ).fetchnumpy()
    assert np.array_equal(issues["who"], arrays.issue_customer)
    assert np.array_equal(issues["opened"], arrays.issue_opened)
    assert np.array_equal(issues["month"], arrays.issue_month)
    assert np.array_equal(issues["social"], arrays.issue_social)
    assert np.allclose(issues["cost"], arrays.issue_cost)
    assert [PRODUCTS[code] for code in arrays.issue_product] == list(issues["product"])
    for month in range(N_MONTHS):
        end = FIRST_MONTH.plus(month + 1).first_day
        there = duckdb.sql(
            f"""with instant as (select timestamp '{end} 00:00:00' at time zone 'Europe/Berlin' as ending)
                select distinct {number} as who from '{folder}/subscriptions.parquet', instant
                where started_at < ending and (ended_at is null or ended_at >= ending) order by who"""
        ).fetchnumpy()["who"]
        assert np.array_equal(there, np.flatnonzero(arrays.running[:, month])), end


def test_the_tables_hold_the_treated_customers_the_truth_is_about(folder: Path) -> None:
    """The index rule once more, in SQL on the files, by the clock of Berlin."""
    found = duckdb.sql(
        f"""
        with first_contact as (
            select customer_id, min(occurred_at) as instant from '{folder}/touchpoints.parquet'
            where channel = 'social' and direction = 'inbound' group by customer_id
        ), first_issue as (
            select customer_id, date_trunc('month', opened_at at time zone 'Europe/Berlin') as month,
                   min(opened_at) as opened, arg_min(channel, opened_at) as channel
            from '{folder}/issues.parquet' group by all
        )
        select count(*) from first_issue join first_contact using (customer_id)
        join '{folder}/customers.parquet' using (customer_id)
        where channel = 'social' and opened = instant and month between date '2024-07-01' and date '2025-12-01'
          and month - interval 6 month > joined_at at time zone 'Europe/Berlin'
        """
    ).fetchall()[0][0]
    assert found == firm_life("firm_effect", SEED, customers=SIZE).treated > 250


def test_the_contract_s_own_reader_finds_no_fault(folder: Path, tmp_path: Path) -> None:
    prepared = prepare([Source(folder)], cache=tmp_path)
    assert set(prepared.accounts) == TABLES
    for table, account in prepared.accounts.items():
        assert account.rows.read == pq.read_metadata(folder / f"{table}.parquet").num_rows
        assert set(account.rows.set_aside) <= {"cancelled"}
    with open_tables(prepared) as tables:
        kinds = tables.engine.query("select distinct end_kind from subscriptions").column(0).to_pylist()
        assert set(kinds) == {"cancelled", "lapsed", "moved", None}
        odd = "select count(*) from touchpoints t join issues i using (issue_id) where t.channel <> i.channel"
        assert tables.engine.query(odd).column(0).to_pylist() == [0]


def test_no_row_is_known_before_its_event_or_after_the_data(folder: Path) -> None:
    times = {"customers": "joined_at", "issues": "opened_at", "orders": "ordered_at", "subscriptions": "started_at"}
    for table, time in (times | {"touchpoints": "occurred_at"}).items():
        early, last = duckdb.sql(
            f"select count(*) filter (known_at < {time}), max(known_at)::varchar from '{folder}/{table}.parquet'"
        ).fetchall()[0]
        assert early == 0
        assert last <= "2026-06-30 22:00:00+00"
    known = f"select max(known_at) from '{folder}/orders.parquet'"
    for table, time in (("subscriptions", "ended_at"), ("orders", "cancelled_at")):
        last = duckdb.sql(f"select max({time}) <= ({known}) from '{folder}/{table}.parquet'").fetchall()
        assert last == [(True,)]


def test_the_truth_file_keeps_the_contract(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    assert {"world", "seed", "customers", "effects"} <= set(truth)
    assert (truth["world"], truth["seed"], truth["customers"]) == ("firm_effect", SEED, SIZE)
    arrays = firm_life("firm_effect", SEED, customers=SIZE)
    held = 0
    for row in truth["effects"]:
        assert set(row) == {
            "design", "estimand", "treated", "comparison", "outcome", "segment", "scale", "value", "definition"
        }  # fmt: skip
        assert (row["design"], row["estimand"]) == ("before_after", "channel_effect")
        assert (row["treated"], row["comparison"]) == ("social", "other_channels")
        if not row["segment"]:
            assert row["value"] == pytest.approx(arrays.truth[row["outcome"], row["scale"]], rel=1e-11)
            held += 1
    assert held == len(arrays.truth) == 13
    segments = {tuple(row["segment"].items()) for row in truth["effects"]}
    expected = {(("region", name),) for name in REGIONS} | {(("product", name),) for name in PRODUCTS}
    assert segments == expected | {()}


def test_the_same_call_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        make_firm(tmp_path / name, name="firm_season", seed=seed, customers=300)
    assert fingerprint(tmp_path / "first") == fingerprint(tmp_path / "again")
    assert fingerprint(tmp_path / "first") != fingerprint(tmp_path / "other")


def test_blocks_are_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("arrays", "tables"):
        monkeypatch.setattr(f"analysis.synthetic.subscription_firm.{module}.BLOCK", 150)
    make_firm(tmp_path, name="firm_effect", seed=3, customers=400)
    arrays = firm_life("firm_effect", 3, customers=400)
    assert len(list(blocks_of(firm_named("firm_effect"), seed=3, customers=400))) == 3
    for table in TABLES - {"unit_costs"}:
        keys = pq.read_table(tmp_path / f"{table}.parquet").column(0).to_pylist()
        assert len(set(keys)) == len(keys)
    orders = pq.read_table(tmp_path / "orders.parquet")
    assert orders["cancelled_at"].null_count == arrays.orders.sum()
    assert json.loads((tmp_path / "truth.json").read_text())["effects"][0]["value"] == pytest.approx(
        arrays.truth["orders", "ratio"], rel=1e-11
    )


@pytest.mark.parametrize("name", FIRMS)
def test_every_firm_can_be_made_even_with_one_customer(tmp_path: Path, name: str) -> None:
    make_world(tmp_path, world=name, seed=1, customers=1)
    assert json.loads((tmp_path / "truth.json").read_text())["world"] == name
    assert FIRMS[name].about


# Bad input


@pytest.mark.parametrize(
    ("given", "near"), [("firm_efect", "firm_effect"), ("saeson", "season"), ("firm_seson", "firm_season")]
)
def test_an_unknown_name_gets_the_nearest_of_both_families(tmp_path: Path, given: str, near: str) -> None:
    with pytest.raises(UnknownName, match=f"Did you mean `{near}`"):
        make_world(tmp_path / "new", world=given, seed=1, customers=10)
    assert not (tmp_path / "new").exists()


def test_unknown_firms_are_refused_everywhere(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean `firm_churn`"):
        firm_life("firm_chrun", 1)
    with pytest.raises(UnknownName):
        make_firm(tmp_path / "new", name="season", seed=1, customers=10)


def test_all_faults_of_a_call_are_named_and_data_of_others_left_alone(tmp_path: Path) -> None:
    with pytest.raises(ParamsError) as found:
        make_firm(tmp_path / "new", name="firm_none", seed=-1, customers=0)
    assert [fault.rule for fault in found.value.faults] == ["seed", "customers"]
    (tmp_path / "orders.csv").write_text("order_id\n")
    with pytest.raises(ParamsError, match="holds tables that were not made up"):
        make_firm(tmp_path, name="firm_none", seed=1, customers=10)
