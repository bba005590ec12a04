"""Is the analysis table that of the study, row by row, and does it keep who is who to itself?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.panel_effects import count_weights, ratio_did
from analysis.runner.proving.hazards import hazard_named
from analysis.runner.proving.worlds import company_of, plan_of
from analysis.studies.channel import ChannelPlan, channel_on, stack_of
from analysis.studies.sample_table import Sample, sample_of
from analysis.studies.stack_arrays import ArrayStack
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare


@pytest.fixture(scope="module")
def stack() -> ArrayStack:
    hazard = hazard_named("one_segment")
    return company_of(hazard, hazard.first_seed, 6_000).stack


@pytest.fixture(scope="module")
def plan() -> ChannelPlan:
    return replace(plan_of(hazard_named("one_segment")), robust=False)


@pytest.fixture(scope="module")
def sample(stack: ArrayStack, plan: ChannelPlan) -> Sample:
    return sample_of(stack, plan)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, world="none", seed=5, customers=1_500)
    opened = open_tables(prepare([Source(folder)], cache=folder / "cache", zone="Europe/London"))
    yield opened
    opened.close()


def of_orders(rows: pd.DataFrame, side: str = "orders") -> float:
    return ratio_did(
        name="orders",
        unit="orders per customer",
        before=rows[f"{side}_before"],
        after=rows[f"{side}_after"],
        contacted=rows["contacted"],
        month=rows["group"],
        weight=rows["weight"],
        customer=rows["customer"],
    ).ratio.value


def test_the_table_gives_the_study_and_its_gates_back(sample: Sample, stack: ArrayStack, plan: ChannelPlan) -> None:
    """Second road: the estimator on rows, on the frames, against the study on cells."""
    found = channel_on(stack, plan)
    effect = found.of("orders")[0]
    assert effect.estimate is not None
    assert of_orders(sample.to_frame()) == pytest.approx(effect.estimate.value, rel=1e-12)
    gates = {check.name: check.value for check in effect.checks}
    for name, frame in (
        ("pre_trend", sample.drift()),
        ("placebo_date", sample.placebo()),
        ("future_social", sample.future()),
    ):
        assert of_orders(frame) == pytest.approx(gates[name], rel=1e-12), name
    issues = sample.of("issues")
    after = found.of("issues")[0]
    assert after.estimate is not None
    fit = ratio_did(name="issues", unit="", **{k: issues[k] for k in ("before", "after", "contacted", "month", "weight",
                                                                      "customer")})  # fmt: skip
    assert fit.ratio.value == pytest.approx(after.estimate.value, rel=1e-12)
    assert (issues["before"] == 1).all()


def test_columns_and_weights_are_as_told(sample: Sample, stack: ArrayStack) -> None:
    frame = sample.to_frame()
    rows = stack.rows()
    assert len(frame) == (rows["study"] == 1).sum()
    assert frame["index_month"].tolist() == [str(Month(number)) for number in frame["month"]]
    assert frame["contacted"].dtype == bool
    assert frame["weight"].to_numpy() == pytest.approx(count_weights(frame["stratum"], frame["contacted"]))
    assert set(frame["region"]) == set(stack.layout.labels["a0"])
    assert set(frame["product"]) <= set(stack.layout.labels["product"])
    assert (frame["orders_before"] == frame[[f"orders_m{k}" for k in range(1, 7)]].sum(axis=1)).all()
    assert (frame["orders_after"] == frame[[f"orders_p{k}" for k in range(1, 7)]].sum(axis=1)).all()
    assert {"recent", "lately", "observed", "earlier", "issues_before", "issues_after", "repurchased_after"} <= {*frame}
    made_of = [name for name in sample.study.strata.columns if name in frame]
    assert "month" in made_of
    assert (frame.groupby("stratum")[made_of].nunique() == 1).all(axis=None)
    assert sample.strata.startswith("index month")
    assert dict(sample.account) == dict(stack.account)


def test_gates_have_the_shape_but_no_single_months(sample: Sample) -> None:
    whole = [name for name in sample.to_frame() if not name.startswith(("orders_", "issues_", "repurchased_"))]
    for frame in (sample.drift(), sample.placebo(), sample.future()):
        assert [name for name in frame if not name.startswith("orders_")] == whole
        assert [name for name in frame if name.startswith("orders_")] == ["orders_before", "orders_after"]
        assert frame["weight"].to_numpy() == pytest.approx(count_weights(frame["stratum"], frame["contacted"]))
    assert (sample.placebo()["observed"] >= 12).all()
    drift = sample.drift()
    assert (drift["orders_before"] + drift["orders_after"] <= sample.to_frame()["orders_before"]).all()
    windows = ["before_months", "after_months"]
    lengths = {gate: {*sample.of("orders", gate)[windows].itertuples(index=False, name=None)}
               for gate in (None, "pre_trend", "placebo_date", "future_social")}  # fmt: skip
    assert lengths == {None: {(6, 6)}, "pre_trend": {(3, 2)}, "placebo_date": {(6, 4)},
                       "future_social": {(6, 3), (12, 3)}}  # fmt: skip
    future = sample.of("orders", "future_social")
    long = future["observed"] >= 12
    assert (future["before_months"] == np.where(long, 12, 6)).all()
    assert (future.groupby("stratum")["before_months"].nunique() == 1).all()
    late = ~long & (future["month"] >= sample.layout.begin.number + 12)
    assert (future["group"] == np.where(late, -1, future["month"])).all()
    assert (sample.of("orders")["group"] == sample.of("orders")["month"]).all()


def test_customers_are_numbered_afresh_and_alike_everywhere(stack: ArrayStack, plan: ChannelPlan) -> None:
    """Other numbers in the source, the same table: nothing of their order is left."""
    rows = stack.rows()
    other = np.random.default_rng(4).permutation(int(rows["customer"].max()) + 1)
    renamed = rows.assign(customer=other[rows["customer"]]).sort_values(["customer", "month"], ignore_index=True)
    one = sample_of(stack, plan).to_frame()
    two = sample_of(ArrayStack(renamed, stack.layout), plan).to_frame()
    columns = [name for name in one if name != "customer"]
    pd.testing.assert_frame_equal(one[columns], two[columns])
    assert one.groupby("customer").size().value_counts().equals(two.groupby("customer").size().value_counts())
    alone = ~one[columns].duplicated(keep=False)
    pairs = pd.DataFrame({"one": one["customer"], "two": two["customer"]})[alone].drop_duplicates()
    assert pairs["one"].is_unique, "rows of one customer are still of one"
    assert pairs["two"].is_unique
    codes = one["customer"]
    assert codes.drop_duplicates().tolist() == sorted(codes.drop_duplicates()), "numbered as they come"


def test_no_id_of_the_source_is_in_any_frame(tables: Tables) -> None:
    asked = ChannelPlan(zone="Europe/London", segments=("region",))
    stack, usable, _ = stack_of(tables, asked)
    sample = sample_of(stack, usable)
    ids = set(tables.engine.query("select customer_id from customers").column("customer_id").to_pylist())
    ids |= set(tables.engine.query("select issue_id as i from issues").column("i").to_pylist())
    assert len(ids) > 1_500
    assert min(map(len, ids)) >= 9, "long enough not to be met by chance"
    frames = [sample.to_frame(), sample.drift(), sample.placebo(), sample.future(), sample.of("revenue")]
    for frame in frames:
        assert "customer_id" not in frame
        values = (f"{value:.2f}" if isinstance(value, float) else str(value)
                  for name in frame if name != "weight" for value in frame[name].unique())  # fmt: skip
        text = "|".join([*frame.columns, *values])
        assert not [one for one in ids if one in text]


def test_the_engine_and_arrays_give_the_same_table(tables: Tables) -> None:
    asked = ChannelPlan(zone="Europe/London", segments=("region",), outcomes=("orders", "revenue", "issues"))
    stack, usable, _ = stack_of(tables, asked)
    copy = ArrayStack(stack.rows(), stack.layout, stack.account)
    pd.testing.assert_frame_equal(sample_of(stack, usable).to_frame(), sample_of(copy, usable).to_frame())


def test_the_cost_of_the_index_issue_has_nothing_before(tables: Tables) -> None:
    """Only a difference can be estimated of it; what carries something forward says so itself."""
    asked = ChannelPlan(zone="Europe/London", outcomes=("orders", "index_issue_cost"))
    stack, usable, _ = stack_of(tables, asked)
    sample = sample_of(stack, usable)
    rows = sample.of("index_issue_cost")
    assert (rows["before"] == 0).all()
    costs = stack.rows().query("study == 1")["index_issue_cost"]
    assert sorted(rows["after"]) == pytest.approx(sorted(costs))
    assert rows["after"].any()
    with pytest.raises(DesignError, match="a ratio needs both above zero"):
        ratio_did(name="", unit="", **{k: rows[k] for k in ("before", "after", "contacted", "month", "weight",
                                                            "customer")})  # fmt: skip


def test_what_is_handed_out_is_a_copy(sample: Sample) -> None:
    frame = sample.to_frame()
    frame["orders_after"] = -1.0
    frame.loc[:, "weight"] = 0.0
    again = sample.to_frame()
    assert (again["orders_after"] >= 0).all()
    assert again["weight"].any()


def test_what_is_not_there_is_said(
    sample: Sample, stack: ArrayStack, plan: ChannelPlan, short: Callable[[int], Sample]
) -> None:
    with pytest.raises(DesignError, match="`revenue` is not in this study, which holds orders, issues"):
        sample.of("revenue")
    with pytest.raises(DesignError, match="`issues` is not in the gate `placebo_date`, which holds orders"):
        sample.of("issues", "placebo_date")
    with pytest.raises(DesignError, match=r"`pre_trend` cannot be run\. There are too few months before"):
        short(3).drift()
    nobody = stack.rows().query("arm == 0")
    with pytest.raises(DesignError, match="no contacted, or no comparison"):
        sample_of(ArrayStack(nobody, stack.layout), plan)


@pytest.fixture
def short(tables: Tables) -> Callable[[int], Sample]:
    def make(months: int) -> Sample:
        asked = ChannelPlan(before_months=months, after_months=months, zone="Europe/London", outcomes=("orders",))
        stack, usable, _ = stack_of(tables, asked)
        return sample_of(stack, usable)

    return make
