"""The study on purchases that no contact can have touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analysis.studies.channel import ChannelPlan, channel_effect
from analysis.studies.result import Check
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

ZONE = "Europe/London"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder = tmp_path_factory.mktemp("control") / "effect"
    make_world(folder, world="effect", seed=2, customers=8_000)
    with open_tables(prepare([Source(folder)], cache=folder.parent / "cache", zone=ZONE)) as opened:
        yield opened


def control(tables: Tables, product: str | None) -> Check:
    plan = ChannelPlan(outcomes=("orders",), robust=False, zone=ZONE, negative_control=product)
    effect = channel_effect(tables, plan).of("orders")[0]
    (check,) = [one for one in effect.checks if one.name == "negative_control"]
    assert not check.gate, "it is shown and caps nothing"
    return check


def test_it_is_the_study_on_the_orders_of_that_product_alone(tables: Tables, tmp_path) -> None:
    """The slow road: the orders of other products left out of the file."""
    folder = tmp_path / "mobile"
    folder.mkdir()
    for name in ("orders", "issues", "touchpoints", "customers"):
        where = " where product = 'mobile'" if name == "orders" else ""
        frame = tables.engine.query(f"select * from {name}{where}").to_pandas()
        frame.drop(columns="joined_at_derived", errors="ignore").to_parquet(folder / f"{name}.parquet", index=False)
    plan = ChannelPlan(outcomes=("orders",), robust=False, zone=ZONE)
    with open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone="UTC")) as alone:
        (expected,) = channel_effect(alone, plan).of("orders")
    check = control(tables, "mobile")
    assert expected.estimate is not None
    assert check.value == pytest.approx(expected.estimate.value, rel=1e-12)
    assert check.low == pytest.approx(expected.estimate.low, rel=1e-9)
    assert check.verdict == ("failed" if expected.estimate.excludes_no_effect else "passed")


def test_afterwards_orders_are_all_orders_again(tables: Tables) -> None:
    before = tables.engine.query("select count(*) as n from orders").to_pylist()
    control(tables, "mobile")
    assert tables.engine.query("select count(*) as n from orders").to_pylist() == before


def test_none_named_and_one_that_is_not_there(tables: Tables) -> None:
    assert control(tables, None).verdict == "not_applicable"
    absent = control(tables, "submarine'; drop table orders; --")
    assert absent.verdict == "not_run"
    assert "could not be followed" in absent.detail
    assert "submarine" not in absent.detail, "text of data or parameters stays out of sentences"
