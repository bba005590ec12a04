"""The channel study on made-up companies whose truth is known, against the naive figures, and by its laws."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.cells import Cells
from analysis.studies.channel import ChannelPlan, ChannelResult, channel_effect
from analysis.studies.stack import Layout
from analysis.studies.strata import balance, balance_frame, choose_strata
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

CUSTOMERS = 12_000
WITH_TRUTH = ("orders", "revenue", "margin", "issues", "index_issue_cost")
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
    """Four companies: nine in ten intervals or more hold the truth, over all customers and by region. 20 seconds."""
    held: dict[bool, list[bool]] = {True: [], False: []}
    for seed in range(4):
        folder = tmp_path / f"effect-{seed}"
        make_world(folder, world="effect", seed=seed, customers=CUSTOMERS)
        truths = {
            (row["outcome"], row["scale"], json.dumps(row["segment"])): row["value"]
            for row in json.loads((folder / "truth.json").read_text())["effects"]
            if row["estimand"] == "channel_effect"
        }
        with opened(folder) as tables:
            found = channel_effect(tables, replace(PLAN, robust=False)).effects
        effects = [one for one in found if not one.naive and one.maturity == "mature" and one.outcome in WITH_TRUTH]
        assert len(effects) == (2 * len(WITH_TRUTH) - 1) * 5
        for effect in effects:
            assert effect.estimate is not None
            truth = truths[effect.outcome, effect.scale, json.dumps(dict(effect.segment))]
            held[not effect.segment].append(effect.estimate.low <= truth <= effect.estimate.high)
    assert np.mean(held[True]) >= 0.9
    assert np.mean(held[False]) >= 0.9


def test_the_naive_figures_stand_beside_it_and_are_wrong(found) -> None:
    naive = {effect.estimand: effect for effect in found.effects if effect.naive and effect.outcome == "orders"}
    assert set(naive) == {"naive_before_after", "naive_user_gap"}
    issues = next(one for one in found.effects if one.estimand == "naive_before_after" and one.outcome == "issues")
    assert issues.estimate.value < 0.5, "a month with an issue is chosen for it"
    assert all(effect.grade == "D" for effect in naive.values())
    adjusted = found.of("orders")[0].estimate
    gap = naive["naive_user_gap"].estimate
    assert adjusted is not None
    assert gap is not None
    assert gap.low > adjusted.high, "users bought more than others long before they wrote"


def test_gates_stand_first_and_one_that_cannot_tell_keeps_the_grade_at_c(found) -> None:
    """12,000 customers are too few for the future-social gate: its error could hide a difference of 15 %."""
    effect = found.of("orders")[0]
    assert [check.name for check in effect.checks[:3]] == ["pre_trend", "placebo_date", "future_social"]
    future = effect.checks[2]
    assert future.verdict == "not_run"
    assert future.value is not None
    assert effect.grade == "C"
    assert "may have other causes" in effect.claim


def test_every_outcome_has_its_row_and_its_cap(found) -> None:
    whole = {
        (one.outcome, one.scale): one for one in found.effects if not one.segment and one.estimand == "channel_effect"
    }
    assert {outcome for outcome, _ in whole} == set(PLAN.outcomes)
    assert whole["index_issue_cost", "difference"].estimate.unit == "EUR per customer"
    assert whole["repurchased", "difference"].estimate.unit == "share"
    for outcome, cap in (
        ("repurchased", "scale_of_shares"),
        ("retained", "scale_of_shares"),
        ("support_cost", "later_channel_mix"),
    ):
        (check,) = [one for one in whole[outcome, "difference"].checks if one.name == cap]
        assert (check.gate, check.verdict) == (True, "not_run")
        assert whole[outcome, "difference"].grade == "C"
    assert {one.name for one in whole["issues", "ratio"].checks} >= {"first_issue_only", "overlap", "balance"}


def test_the_newest_months_are_an_interim_finding(found) -> None:
    interim = [one for one in found.effects if one.maturity == "interim"]
    assert {(one.index_from, one.index_to, one.after_months) for one in interim} == {("2026-04", "2026-06", 3)}
    assert {one.grade for one in interim} == {"C"}
    assert all(one.claim.startswith("So far") for one in interim)
    assert found.evidence.interim_from == "2026-04"
    orders = found.maturing.query("outcome == 'orders'")
    assert orders["mature"].isna().tolist() == [False] * 8 + [True]


def test_the_event_study_is_relative_to_the_mean_of_its_leads(found) -> None:
    orders = found.event_study.query("outcome == 'orders'").set_index("month")
    assert orders["part"].to_dict() == {
        **dict.fromkeys(range(-6, -1), "lead"),
        -1: "dip",
        0: "index",
        **dict.fromkeys(range(1, 7), "after"),
    }
    assert orders.loc[-6:-2, "ratio"].mean() == pytest.approx(1, abs=0.02)
    trend = found.pre_trends["orders"]
    assert trend.degrees == 4
    assert trend.low <= trend.drift <= trend.high


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
        f"before_after/channel_effect/{name}/ratio"
        for name in ("orders", "revenue", "margin", "issues", "support_cost")
    ]
    errors = np.sqrt(np.diag(np.array(found.covariance["matrix"])))
    names = ("orders", "revenue", "margin", "issues", "support_cost")
    expected = [found.of(name)[0].estimate.se_log for name in names]
    np.testing.assert_allclose(errors, expected, rtol=1e-12)


def test_the_same_tables_give_the_same_digits(effect_world, found) -> None:
    assert channel_effect(effect_world, PLAN).to_parts() == found.to_parts()


def test_shuffled_rows_give_the_same_digits(effect_world, found, tmp_path) -> None:
    tables = effect_world
    for name in ("orders", "issues", "customers", "touchpoints", "subscriptions"):
        query = f"select * from {name} order by md5({name}::varchar)"
        frame = tables.engine.query(query).to_pandas().drop(columns="joined_at_derived", errors="ignore")
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    for path in tmp_path.glob("*.parquet"):
        path.rename(shuffled / path.name)
    with open_tables(prepare([Source(shuffled)], cache=tmp_path / "cache", zone="UTC")) as again:
        assert channel_effect(again, PLAN).to_parts()["effects"] == found.to_parts()["effects"]


def test_a_segment_too_small_is_refused_and_keeps_its_row(effect_world, tmp_path) -> None:
    folder = tmp_path / "sizes"
    folder.mkdir()
    for name in ("orders", "issues", "customers"):
        frame = effect_world.engine.query(f"select * from {name}").to_pandas()
        if name == "customers":
            frame = frame.drop(columns="joined_at_derived")
            frame["size"] = np.where(frame["customer_id"].str.endswith("0000"), "few", "many")
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    plan = ChannelPlan(segments=("size",), outcomes=("orders",), zone="Europe/London")
    with open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone="UTC")) as tables:
        result = channel_effect(tables, plan)
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
    """Five null worlds: the mean of the adjusted log ratios keeps |bias| <= 0.2 standard errors + 2 Monte Carlo errors,
    while users against others is off by more than ten of its own. About 10 seconds."""
    logs, errors, gaps = [], [], []
    for seed in range(5):
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


LAYOUT = Layout(
    begin=Month(0), end=Month(30), first=Month(6), last=Month(24), before=6, after=6, outcomes=("orders",),
    labels={"product": ("one", "two")},
)  # fmt: skip


def cells_of(*rows: tuple[int, int, int]) -> Cells:
    """Cells of one month from (arm, product, rows)."""
    arm, product, n = (np.array(column) for column in zip(*rows, strict=True))
    same = np.zeros(len(n), dtype=np.int64)
    keys = {"arm": arm, "month": same + 10, "product": product, "recent": same, "lately": same}
    return Cells({**keys, "observed": same + 7, "earlier": same}, n, {})


def test_groups_that_share_nothing_are_not_called_alike() -> None:
    """All social issues of one product, all others of another: strata fall back to the month, balance must fail."""
    cells = cells_of((1, 0, 100), (0, 1, 100))
    check = balance(balance_frame(cells, LAYOUT, choose_strata(cells, LAYOUT)))
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
    assert {"orders", "revenue"} <= {effect.outcome for effect in result.effects}
    assert "margin" not in {effect.outcome for effect in result.effects}
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


def test_strata_are_made_coarser_only_as_far_as_needed() -> None:
    """100 contacted customers, 3 of them of a product that no comparison customer has: over 2 %, so product goes."""
    cells = cells_of((1, 0, 3), (1, 1, 97), (0, 1, 100))
    strata = choose_strata(cells, LAYOUT)
    assert "product" not in strata.description
    assert strata.unmatched == 0
    finer = choose_strata(cells_of((1, 0, 1), (1, 1, 99), (0, 1, 100)), LAYOUT)
    assert (finer.coarsened, finer.unmatched) == (0, 1)
