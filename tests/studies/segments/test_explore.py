"""Who benefits: found where somebody does, not found where nobody does, and refused where it cannot be asked."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, UnknownName
from analysis.studies.segments.explore import explore, explore_rows

ASKED = {
    "outcome": "orders", "arm": "arm", "treated": "mail", "comparison": "none", "traits": ["age", "region"],
    "unit": "orders per customer",
}  # fmt: skip


def customers(n: int = 3000, gain: float = 1.0, seed: int = 1) -> pd.DataFrame:
    """The mail brings `gain` orders to those above fifty in the north, and nothing to others."""
    rng = np.random.default_rng(seed)
    age, region = rng.uniform(20, 80, n), rng.choice(["north", "south", "west"], n)
    arm = np.where(np.arange(n) % 2 == 0, "mail", "none")
    helped = (arm == "mail") & (age > 50) & (region == "north")
    orders = rng.poisson(1 + gain * helped).astype(float)
    return pd.DataFrame({"customer": np.arange(n), "age": age, "region": region, "arm": arm, "orders": orders})


def test_those_who_benefit_are_ranked_first_among_customers_never_seen() -> None:
    found = explore(customers(), **ASKED)
    assert found.coefficient.low > 0
    assert found.fifths["low"][0] > 0.3
    assert found.fifths["low"][4] < 0 < found.fifths["high"][4]
    assert (found.learned_from, found.judged_on) == (1500, 1500)
    assert found.fifths[["n_treated", "n_comparison"]].to_numpy().sum() == 1500
    assert found.total.low < 1 / 6 < found.total.high
    assert found.claim.startswith("Explored: ranking customers by what mail should do for them beats choosing")
    assert (found.check.gate, found.check.verdict) == (True, "not_run")


def test_where_nobody_benefits_no_ranking_is_found() -> None:
    """Eight tests without any effect: three clear ones would happen once in 170 times."""
    clear = 0
    for seed in range(8):
        found = explore(customers(1200, gain=0.0, seed=seed), **ASKED)
        clear += found.coefficient.excludes_no_effect
    assert clear <= 2


def test_customers_judged_are_not_those_learned_from() -> None:
    """Orders of the hold-out are noise that trees could learn by heart: the training half would show a gain."""
    rng = np.random.default_rng(3)
    made = customers(2000, gain=0.0)
    made["noise"] = rng.normal(size=2000)
    found = explore(made, **(ASKED | {"traits": ["noise", "age"]}))
    predicted = found.fifths["predicted"]
    assert predicted[0] - predicted[4] > 0.2
    assert found.coefficient.low < 0 < found.coefficient.high


def test_the_order_of_rows_does_not_matter_and_the_frame_is_not_changed() -> None:
    made = customers(1500)
    before = made.copy()
    first, second = explore(made, **ASKED), explore(made.sample(frac=1, random_state=4), **ASKED)
    pd.testing.assert_frame_equal(first.curve, second.curve)
    pd.testing.assert_frame_equal(made, before)


def test_clusters_stay_in_one_half() -> None:
    """Households of one arm, ten customers each with the same numbers, are worth as much as one customer."""
    made = customers(2000)
    tenfold = made.loc[made.index.repeat(10)].assign(household=lambda rows: rows["customer"])
    found = explore(tenfold, cluster="household", **ASKED)
    alone = explore(tenfold, **ASKED)
    assert found.coefficient.se > 2 * alone.coefficient.se


def test_too_few_clusters() -> None:
    made = customers(1200).assign(shop=lambda rows: rows["customer"] % 60)
    with pytest.raises(DesignError, match="30 and 30 values of `shop`"):
        explore(made, cluster="shop", **ASKED)


def test_missing_outcomes_are_counted() -> None:
    made = customers(2000)
    made.loc[:9, "orders"] = np.nan
    assert explore(made, **ASKED).notes == ("10 customers without `orders` were left out.",)


def test_parts_are_plain() -> None:
    parts = explore(customers(1500), **ASKED).to_parts()
    told = json.loads(json.dumps(parts, allow_nan=False))["coverage"]["uplift"][0]
    assert (told["grade"], len(told["curve"]), len(told["fifths"])) == ("C", 21, 5)


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"traits": []}, DesignError, "name at least one column known beforehand"),
        ({"traits": ["age", "orders"]}, DesignError, "`orders` cannot be known before the assignment"),
        ({"traits": ["arm"]}, DesignError, "`arm` cannot be known before the assignment"),
        ({"traits": ["name"]}, UnknownName, "there is no `name`"),
        ({"treated": "letter"}, UnknownName, "letter"),
        ({"traits": ["customer_name"]}, DesignError, "has 1,200 values"),
        ({"outcome": "nothing"}, DesignError, "the same for every customer"),
    ],
)
def test_what_cannot_be_asked(changed, error, words: str) -> None:
    made = customers(1200).assign(nothing=1.0, customer_name=lambda rows: "c" + rows["customer"].astype(str))
    with pytest.raises(error, match=words):
        explore(made, **(ASKED | changed))


def test_too_few_customers() -> None:
    with pytest.raises(
        DesignError, match="450 and 450 customers with `orders`; to look for who benefits, each needs 500"
    ):
        explore(customers(900), **ASKED)


class Engine:
    """Answers every query with the same rows."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame, self.asked = frame, ("", [])

    def query(self, text: str, parameters: list[str]):
        import pyarrow as pa

        self.asked = (text, parameters)
        return pa.Table.from_pandas(self.frame, preserve_index=False)


def rows_of(frame: pd.DataFrame):
    from analysis.studies.experiment.rows import Rows

    return Rows(
        engine=Engine(frame), table="kept", experiment="e", control="none", arms=("mail", "none"),
        units={"orders": "orders per customer"}, measures={"orders": "m0"}, covariates={"orders": ("x0",)},
        segments=("region",),
    )  # fmt: skip


def test_rows_of_an_experiment_are_ranked_by_what_was_known() -> None:
    made = customers(1500).rename(columns={"orders": "m0", "age": "x0"}).assign(cluster=None, block_start=None)
    rows = rows_of(made[["arm", "cluster", "block_start", "m0", "region", "x0"]])
    found = explore_rows(rows, "orders", treated="mail")
    assert (found.outcome, found.traits, found.judged_on) == ("orders", ("region", "x0"), 750)
    assert rows.engine.asked[1] == ["mail", "none"]
    with pytest.raises(UnknownName, match="visits"):
        explore_rows(rows, "visits", treated="mail")


def test_time_blocks_are_no_customers() -> None:
    made = customers(1500).rename(columns={"orders": "m0", "age": "x0"}).assign(cluster=None, block_start="2026-01-01")
    with pytest.raises(DesignError, match="time blocks were assigned"):
        explore_rows(rows_of(made), "orders", treated="mail")


def test_the_email_experiment(real_data) -> None:
    """The e-mail about women's goods brings visits from customers who bought such goods; the one for men from all."""
    rows = pd.read_csv(real_data / "hillstrom" / "hillstrom.csv")
    traits = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]
    found = explore(
        rows, outcome="visit", arm="segment", treated="Womens E-Mail", comparison="No E-Mail", traits=traits,
        unit="share of customers",
    )  # fmt: skip
    assert found.coefficient.low > 0
    assert found.fifths["low"][0] > found.fifths["high"][4]
    assert found.total.low < 0.0452331 < found.total.high
    assert "percentage points" in found.claim
