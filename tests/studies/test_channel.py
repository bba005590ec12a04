"""The channel study on made-up companies whose truth is known, against the naive figures, and by its laws."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.channel import ChannelPlan, ChannelResult, channel_effect
from analysis.studies.strata import balance, choose_strata
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

CUSTOMERS = 12_000
PLAN = ChannelPlan(segments=("region",), strata=("region",), zone="Europe/London")


def opened(folder: Path) -> Tables:
    return open_tables(prepare([Source(folder)], cache=folder.parent / "cache", zone="Europe/London"))


@pytest.fixture(scope="module")
def effect_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder = tmp_path_factory.mktemp("worlds") / "effect"
    make_world(folder, world="effect", seed=5, customers=CUSTOMERS)
    with opened(folder) as tables:
        yield tables


@pytest.fixture(scope="module")
def found(effect_world) -> ChannelResult:
    return channel_effect(effect_world, PLAN)


def test_it_gives_back_the_truth_of_its_worlds(tmp_path) -> None:
    """Eight companies: nine in ten intervals or more hold the truth, over all customers and by region. 20 seconds."""
    held: dict[bool, list[bool]] = {True: [], False: []}
    for seed in range(8):
        folder = tmp_path / f"effect-{seed}"
        make_world(folder, world="effect", seed=seed, customers=CUSTOMERS)
        truths = {
            (row["outcome"], row["scale"], json.dumps(row["segment"])): row["value"]
            for row in json.loads((folder / "truth.json").read_text())["effects"]
            if row["estimand"] == "channel_effect"
        }
        with opened(folder) as tables:
            effects = [effect for effect in channel_effect(tables, PLAN).effects if not effect.naive]
        assert len(effects) == 6 * 5
        for effect in effects:
            assert effect.estimate is not None
            truth = truths[effect.outcome, effect.scale, json.dumps(dict(effect.segment))]
            held[not effect.segment].append(effect.estimate.low <= truth <= effect.estimate.high)
    assert np.mean(held[True]) >= 0.9
    assert np.mean(held[False]) >= 0.9


def test_the_naive_figures_stand_beside_it_and_are_wrong(found) -> None:
    naive = {effect.estimand: effect for effect in found.effects if effect.naive}
    assert set(naive) == {"naive_before_after", "naive_user_gap"}
    assert all(effect.grade == "D" for effect in naive.values())
    adjusted = found.of("orders")[0].estimate
    gap = naive["naive_user_gap"].estimate
    assert adjusted is not None
    assert gap is not None
    assert gap.low > adjusted.high, "users bought more than others long before they wrote"


def test_without_its_gates_the_grade_is_c_and_the_claim_says_so(found) -> None:
    effect = found.of("orders")[0]
    assert effect.grade == "C"
    assert {check.name for check in effect.checks if check.verdict == "not_run"} == {
        "pre_trend",
        "placebo_date",
        "future_social",
    }
    assert "may have other causes" in effect.claim


def test_the_index_month_and_the_windows_are_told(found) -> None:
    row = found.of("orders")[0].to_dict()
    assert (row["index_from"], row["index_to"]) == ("2024-04", "2026-03")
    assert (row["before_months"], row["after_months"], row["maturity"]) == (6, 6, "mature")


def test_the_paths_show_the_windows_month_by_month(found) -> None:
    orders = found.paths.query("outcome == 'orders' and group == 'contacted'").set_index("month")["mean"]
    assert list(orders.index) == list(range(-6, 7))
    before = found.paths.query("outcome == 'orders' and month < 0").groupby("group")["mean"].mean()
    assert before["comparison"] == pytest.approx(before["contacted"])


def test_the_covariance_of_outcomes_agrees_with_their_errors(found) -> None:
    assert found.covariance["ids"] == [
        f"before_after/channel_effect/{name}/ratio" for name in ("orders", "revenue", "margin")
    ]
    errors = np.sqrt(np.diag(np.array(found.covariance["matrix"])))
    expected = [found.of(name)[0].estimate.se_log for name in ("orders", "revenue", "margin")]
    np.testing.assert_allclose(errors, expected, rtol=1e-12)


def test_the_same_tables_give_the_same_digits(effect_world, found) -> None:
    assert channel_effect(effect_world, PLAN).to_parts() == found.to_parts()


def test_shuffled_rows_give_the_same_digits(effect_world, found, tmp_path) -> None:
    tables = effect_world
    for name in ("orders", "issues", "customers", "touchpoints"):
        query = f"select * from {name} order by md5({name}::varchar)"
        frame = tables.engine.query(query).to_pandas().drop(columns="joined_at_derived", errors="ignore")
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    for path in tmp_path.glob("*.parquet"):
        path.rename(shuffled / path.name)
    with open_tables(prepare([Source(shuffled)], cache=tmp_path / "cache", zone="UTC")) as again:
        assert channel_effect(again, PLAN).to_parts()["effects"] == found.to_parts()["effects"]


def test_a_segment_too_small_is_refused_and_keeps_its_row(effect_world) -> None:
    tables = effect_world
    tables.engine.keep(
        "customers_kept",
        "select *, case when customer_id like '%0000' then 'few' else 'many' end as size from customers",
    )
    plan = ChannelPlan(segments=("size",), outcomes=("orders",), zone="Europe/London")
    result = channel_effect(_with(tables, customers="customers_kept"), plan)
    few = [effect for effect in result.effects if effect.segment.get("size") == "few"]
    assert [effect.grade for effect in few] == ["D", "D"]
    assert all("each group needs 50" in str(effect.reason) for effect in few)
    assert all(effect.to_dict()["value"] is None for effect in few)


def test_segments_and_strata_that_do_not_exist_are_named(effect_world) -> None:
    plan = ChannelPlan(segments=("planet",), strata=("star",), outcomes=("orders",), zone="Europe/London")
    notes = channel_effect(effect_world, plan).notes
    assert any("Segment `planet` was skipped" in note for note in notes)
    assert any("Stratum `star` was skipped" in note for note in notes)


def test_no_outcome_that_can_be_followed_is_refused(effect_world) -> None:
    with pytest.raises(DesignError, match="None of the outcomes"):
        channel_effect(effect_world, ChannelPlan(outcomes=("visit",), zone="Europe/London"))


def test_a_null_world_covers_nothing_happened_and_the_naive_audit_does_not(tmp_path) -> None:
    """Ten null worlds: the mean of the adjusted log ratios keeps |bias| <= 0.2 standard errors + 2 Monte Carlo errors,
    while users against others is off by more than ten of its own. About 20 seconds."""
    logs, errors, gaps = [], [], []
    for seed in range(10):
        folder = tmp_path / f"none-{seed}"
        make_world(folder, world="none", seed=seed, customers=6_000)
        with opened(folder) as tables:
            result = channel_effect(tables, ChannelPlan(outcomes=("orders",), zone="Europe/London"))
        logs.append(np.log(result.of("orders")[0].estimate.value))
        errors.append(result.of("orders")[0].estimate.se_log)
        gaps += [np.log(effect.estimate.value) for effect in result.effects if effect.estimand == "naive_user_gap"]
    assert abs(np.mean(logs)) < 0.2 * np.mean(errors) + 2 * np.std(logs, ddof=1) / np.sqrt(len(logs))
    assert np.mean(gaps) > 10 * np.std(gaps, ddof=1) / np.sqrt(len(gaps))


def test_thin_months_are_not_carried_forward(tmp_path) -> None:
    """A small company: growth ratios of months with a handful of buyers would push the effect towards harm."""
    folder = tmp_path / "small"
    make_world(folder, world="none", seed=1, customers=600)
    with opened(folder) as tables:
        result = channel_effect(tables, ChannelPlan(outcomes=("orders",), zone="Europe/London"))
    effects = [effect for effect in result.effects if not effect.naive]
    assert all(effect.estimate is None and "too rough" in str(effect.reason) for effect in effects)


def test_the_small_sample_bias_is_what_it_says() -> None:
    """300 null worlds of 200 against 200 rows in eight months: mean log ratio within 2.6 Monte Carlo errors of the
    mean of its own bias figure."""
    from analysis.inference.panel_effects import count_weights, ratio_did

    rng = np.random.default_rng(2)
    gaps, biases = [], []
    for _ in range(300):
        contacted = np.arange(400) < 200
        month = rng.integers(0, 8, 400)
        rate = rng.gamma(0.8, 1.2, 400)
        fit = ratio_did(
            name="orders",
            unit="orders per customer",
            before=rng.poisson(rate),
            after=rng.poisson(rate),
            contacted=contacted,
            month=month,
            weight=count_weights(month, contacted),
            customer=np.arange(400),
        )
        gaps.append(np.log(fit.ratio.value))
        biases.append(fit.bias_log)
    assert np.mean(biases) < 0
    assert np.mean(gaps) == pytest.approx(np.mean(biases), abs=2.6 * np.std(gaps) / np.sqrt(300))


def test_groups_that_share_nothing_are_not_called_alike() -> None:
    """All social issues of one product, all others of another: cells fall back to the month, balance must fail."""
    rows = pd.DataFrame(
        {
            "contacted": [True] * 100 + [False] * 100,
            "month": 0,
            "issue_product": ["mobile"] * 100 + ["fixed"] * 100,
            "recent": 0,
            "lately": False,
            "observed": 7,
        }
    )
    check = balance(rows, choose_strata(rows), ())
    assert check.verdict == "failed"
    assert "without bound, in the issue's product" in check.detail


def test_an_order_without_a_margin_takes_the_outcome_away(effect_world, tmp_path) -> None:
    folder = tmp_path / "gaps"
    folder.mkdir()
    for name in ("orders", "issues"):
        frame = effect_world.engine.query(f"select * from {name}").to_pandas()
        if name == "orders":
            frame.loc[0, "margin"] = None
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    with open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone="UTC")) as tables:
        result = channel_effect(tables, ChannelPlan(zone="Europe/London"))
    assert {effect.outcome for effect in result.effects} == {"orders", "revenue"}
    assert any("1 of" in note and "have no margin" in note for note in result.notes)


def test_a_month_without_a_single_order_is_a_hole_and_not_a_zero(effect_world, tmp_path) -> None:
    folder = tmp_path / "hole"
    folder.mkdir()
    for name, keep in (("orders", "not ordered_at between '2025-03-01' and '2025-04-01'"), ("issues", "true")):
        frame = effect_world.engine.query(f"select * from {name} where {keep}").to_pandas()
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    with (
        open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone="UTC")) as tables,
        pytest.raises(DesignError, match="no order at all in 2025-03"),
    ):
        channel_effect(tables, ChannelPlan(zone="UTC"))


def test_windows_of_different_length_are_compared_by_the_month(tmp_path) -> None:
    """An issue lowers demand by 30 % in the three months after it, whatever its channel: about 0.7."""
    folder = tmp_path / "none"
    make_world(folder, world="none", seed=3, customers=6_000)
    with opened(folder) as tables:
        result = channel_effect(tables, ChannelPlan(after_months=3, outcomes=("orders",), zone="Europe/London"))
    (naive,) = [effect for effect in result.effects if effect.estimand == "naive_before_after"]
    assert 0.6 < naive.estimate.value < 0.8


def test_cells_are_made_coarser_only_as_far_as_needed() -> None:
    """100 contacted customers, 3 of them of a product that no comparison customer has: over 2 %, so product goes."""
    rows = pd.DataFrame(
        {
            "contacted": [True] * 100 + [False] * 100,
            "month": 0,
            "issue_product": ["rare"] * 3 + ["usual"] * 197,
            "recent": 0,
            "lately": False,
            "observed": 7,
        }
    )
    strata = choose_strata(rows)
    assert "product" not in strata.description
    assert strata.unmatched == 0
    rows.loc[:1, "issue_product"] = "usual"
    finer = choose_strata(rows)
    assert (finer.coarsened, finer.unmatched) == (0, 1)


def _with(tables: Tables, **views: str) -> Tables:
    """The same tables with some names standing for another relation."""
    import copy
    import re

    class Redirected:
        dialect = tables.engine.dialect

        def query(self, sql, parameters=()):
            return tables.engine.query(_redirect(sql), parameters)

        def keep(self, name, sql, parameters=()):
            tables.engine.keep(name, _redirect(sql), parameters)

        def drop(self, name):
            tables.engine.drop(name)

    def _redirect(sql: str) -> str:
        for name, other in views.items():
            sql = re.sub(rf"\b{name} c\b", f"{other} c", sql)
            sql = re.sub(rf"(?<=from ){name}$", other, sql)
        return sql

    changed = copy.copy(tables)
    object.__setattr__(changed, "engine", Redirected())
    object.__setattr__(
        changed, "has_column", lambda table, column: column == "size" or tables.has_column(table, column)
    )
    return changed
