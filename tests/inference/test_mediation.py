"""Split effects: by hand, against statsmodels, on made-up worlds whose split is known, and by their laws."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Flags, Floats
from analysis.inference.crossed import BLOCKS, Crossed, crossed
from analysis.inference.mediation import Mediated, adjusted_gap, mediated

GOLDEN = Path(__file__).parent.parent / "golden" / "mediation"
UNIT = "orders per customer"


@dataclass(frozen=True)
class World:
    exposed: Flags
    columns: dict[str, Floats]
    total: float
    indirect: float


def world(seed: int, n: int = 800, *, hidden: float = 0.0) -> World:
    """Effort falls by 0.8 with exposure, costs 0.5 a point (0.3 elsewhere), and a severity moves everything."""
    rng = np.random.default_rng(seed)
    severity = rng.standard_normal(n)
    exposed = rng.random(n) < 1 / (1 + np.exp(-0.6 * severity))
    cause = hidden * rng.standard_normal(n)
    effort = 2 - 0.8 * exposed + 0.5 * severity + cause + rng.standard_normal(n)
    slope = np.where(exposed, -0.5, -0.3)
    outcome = 5 + 0.4 * exposed + slope * effort - 0.3 * severity + cause + rng.standard_normal(n)
    without = 2 + 0.5 * severity
    total = float((0.4 - 0.5 * (without - 0.8) + 0.3 * without)[exposed].mean())
    return World(exposed, {"orders": outcome, "effort": effort, "severity": severity}, total, 0.4)


def split(made: World, *, draws: int = 199, seed: int = 1, **chosen: object) -> Mediated:
    sums = crossed(made.columns, made.exposed, draws=draws, seed=seed)
    asked: dict[str, object] = {"covariates": ["severity"], "unit": UNIT} | chosen
    return mediated(sums, "orders", ["effort"], **asked)  # type: ignore[arg-type]


def by_hand() -> tuple[dict[str, list[float]], list[bool]]:
    effort = 5 * [0.0, 1, 2, 1, 0, 2, 2, 3, 1, 2, 2, 2]
    exposed = 5 * ([True] * 6 + [False] * 6)
    orders = [10 - 2 * one if treated else 6.0 for one, treated in zip(effort, exposed, strict=True)]
    return {"orders": orders, "effort": effort}, exposed


def test_by_hand() -> None:
    """Twelve customers, each five times: the exposed need 1 contact on average, the others 2.

    Each contact costs the exposed 2 orders: they have 8 against 6, and with the others' effort would have had 6. All of
    the difference of 2 runs through effort.
    """
    columns, exposed = by_hand()
    found = mediated(crossed(columns, exposed, draws=99), "orders", ["effort"], unit=UNIT)
    assert found.total.value == pytest.approx(2)
    assert found.indirect.value == pytest.approx(2)
    assert found.direct.value == pytest.approx(0, abs=1e-12)
    assert found.slopes["effort"].value == pytest.approx(-2)
    assert not found.interventional


def test_it_is_the_g_formula_of_two_regressions() -> None:
    """Against ordinary least squares of statsmodels in each arm, put together as in VanderWeele and Vansteelandt."""
    import statsmodels.api as sm

    made = world(3)
    found = split(made)
    y, m, c = (made.columns[name] for name in ("orders", "effort", "severity"))
    one, other = made.exposed, ~made.exposed
    at = c[one].mean()
    effort_elsewhere = sm.OLS(m[other], sm.add_constant(c[other])).fit().params @ [1, at]
    outcome = sm.OLS(y[one], np.column_stack([np.ones(one.sum()), c[one], m[one]])).fit().params
    elsewhere = sm.OLS(y[other], sm.add_constant(c[other])).fit().params @ [1, at]
    assert found.total.value == pytest.approx(y[one].mean() - elsewhere, rel=1e-10)
    assert found.indirect.value == pytest.approx(y[one].mean() - outcome @ [1, at, effort_elsewhere], rel=1e-10)
    assert found.slopes["effort"].value == pytest.approx(outcome[2], rel=1e-10)


def test_statsmodels_mediation_agrees() -> None:
    """Its quasi-Bayesian simulation of the same models gives the same split, but for the error of its simulation."""
    import pandas as pd

    golden = json.loads((GOLDEN / "statsmodels.json").read_text())
    frame = pd.read_csv(GOLDEN / "rows.csv")
    columns = {"y": frame["y"].to_numpy(), "m": frame["m"].to_numpy()}
    found = mediated(crossed(columns, frame["x"].to_numpy() == 1), "y", ["m"], unit=UNIT)
    for part, name in ((found.indirect, "ACME (treated)"), (found.direct, "ADE (control)")):
        value, low, high = golden["answers"][name]
        assert part.value == pytest.approx(value, abs=4 * part.se / math.sqrt(golden["n_rep"]))
        assert (part.high - part.low) == pytest.approx(high - low, rel=0.2)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """120 worlds; within 2.9 Monte Carlo errors of 95 % for each part (1 % over three parts)."""
    held = np.zeros(3)
    errors = np.zeros((120, 3))
    for seed in range(120):
        made = world(1_000 + seed, 600)
        found = split(made, seed=seed)
        truth = (made.total, made.indirect, made.total - made.indirect)
        parts = (found.total, found.indirect, found.direct)
        held += [part.low <= true <= part.high for part, true in zip(parts, truth, strict=True)]
        errors[seed] = [(part.value - true) / part.se for part, true in zip(parts, truth, strict=True)]
    band = 2.94 * math.sqrt(0.0475 / 120)
    assert (np.abs(held / 120 - 0.95) <= band).all()
    assert (np.abs(errors.mean(axis=0)) <= 0.2 + 2 / math.sqrt(120)).all()


def test_the_raw_split_is_wrong_where_severity_moves_everything() -> None:
    errors = [
        split(world(seed, 4_000), draws=99, covariates=[]).total.value - world(seed, 4_000).total for seed in (1, 2)
    ]
    assert max(errors) < -0.2


def test_confounders_that_exposure_moves_make_it_interventional() -> None:
    """A wait that exposure lengthens causes both effort and fewer orders; effort itself costs 0.2 a point.

    Effort falls by 0.5 in all, so 0.1 runs through it; without the wait in the model its slope is far too steep.
    """
    rng = np.random.default_rng(4)
    n = 20_000
    exposed = rng.random(n) < 0.5
    wait = 1 + 0.5 * exposed + rng.standard_normal(n)
    effort = 2 - exposed + wait + rng.standard_normal(n)
    orders = 4 + 0.3 * exposed - 0.2 * effort - 0.6 * wait + rng.standard_normal(n)
    sums = crossed({"orders": orders, "effort": effort, "wait": wait}, exposed, draws=199)
    found = mediated(sums, "orders", ["effort"], moved=["wait"], unit=UNIT)
    assert found.interventional
    assert found.indirect.value == pytest.approx(0.1, abs=3 * found.indirect.se)
    assert found.total.value == pytest.approx(0.3 + 0.1 - 0.3, abs=3 * found.total.se)
    without = mediated(sums, "orders", ["effort"], unit=UNIT)
    assert without.indirect.low > 0.15


def test_the_sensitivity_parameter_is_the_planted_correlation() -> None:
    """Effort without any effect, and a hidden cause that ties what is left of both by 0.2."""
    rng = np.random.default_rng(6)
    n = 40_000
    exposed = rng.random(n) < 0.5
    cause = 0.5 * rng.standard_normal(n)
    effort = 2 - exposed + cause + rng.standard_normal(n)
    orders = 4 + cause + rng.standard_normal(n)
    found = mediated(crossed({"orders": orders, "effort": effort}, exposed, draws=199), "orders", ["effort"], unit=UNIT)
    assert found.indirect.high < 0
    assert found.hidden.rho == pytest.approx(0.2, abs=0.02)
    assert 0 < found.hidden.limit < found.hidden.rho
    at = {rho: (value, low, high) for rho, value, low, high in found.hidden.curve}
    assert at[0.2][1] <= 0 <= at[0.2][2]
    assert at[0.0][0] == pytest.approx(found.indirect.value)
    assert at[-0.2][0] < at[0.0][0] < at[0.2][0]


def test_several_mediators_count_as_one_and_add_up() -> None:
    rng = np.random.default_rng(8)
    n = 4_000
    exposed = rng.random(n) < 0.5
    contacts = 2 - 0.5 * exposed + rng.standard_normal(n)
    days = 3 - 1.0 * exposed + 0.5 * contacts + rng.standard_normal(n)
    orders = 4 - 0.4 * contacts - 0.2 * days + rng.standard_normal(n)
    sums = crossed({"orders": orders, "contacts": contacts, "days": days}, exposed, draws=199)
    found = mediated(sums, "orders", ["contacts", "days"], unit=UNIT)
    through = 0.4 * 0.5 + 0.2 * (1.0 + 0.25)
    assert found.indirect.value == pytest.approx(through, abs=3 * found.indirect.se)
    assert found.direct.value == pytest.approx(0, abs=3 * found.direct.se)
    assert found.slopes["days"].value == pytest.approx(-0.2, abs=3 * found.slopes["days"].se)
    assert 0 < found.hidden.rho < 1


def changing(seed: int, n: int, gain: float) -> tuple[dict[str, Floats], Flags]:
    """Customers who differ by a factor, all growing by a fifth; the exposed are the heavier ones."""
    rng = np.random.default_rng(seed)
    taste = rng.gamma(4, 0.25, n)
    exposed = rng.random(n) < np.clip(0.3 * taste, 0, 0.9)
    effort = 2 - 0.5 * exposed + rng.standard_normal(n)
    before = rng.poisson(4 * taste).astype(float)
    after = rng.poisson(4 * taste * 1.2 * np.where(exposed, gain, 1)).astype(float)
    return {"orders": after, "before": before, "effort": effort}, exposed


def test_change_by_a_factor_takes_out_what_customers_are_anyway() -> None:
    """The total is the after of the exposed less their before times the others' growth; the after alone is far off."""
    columns, exposed = changing(2, 20_000, 1.0)
    sums = crossed(columns, exposed, draws=199)
    found = mediated(sums, "orders", ["effort"], before="before", unit=UNIT)
    after, before = columns["orders"], columns["before"]
    growth = after[~exposed].sum() / before[~exposed].sum()
    assert found.total.value == pytest.approx(after[exposed].mean() - before[exposed].mean() * growth, rel=1e-9)
    assert found.total.low < 0 < found.total.high
    assert mediated(sums, "orders", ["effort"], unit=UNIT).total.low > 0.5
    assert mediated(sums, "orders", ["effort"], before="before", growth="difference", unit=UNIT).total.low > 0
    gain = mediated(crossed(*changing(2, 20_000, 1.1), draws=199), "orders", ["effort"], before="before", unit=UNIT)
    mean = changing(2, 20_000, 1.1)[0]["orders"][exposed].mean()
    assert gain.total.value == pytest.approx(mean / 11, abs=3 * gain.total.se)


def test_the_bootstrap_knows_that_growth_is_estimated() -> None:
    """Its error is that of the delta method, and blocks of rows lose nothing."""
    columns, exposed = changing(3, 3 * BLOCKS, 1.0)
    found = mediated(crossed(columns, exposed), "orders", ["effort"], before="before", unit=UNIT)
    after, before = columns["orders"], columns["before"]
    growth = after[~exposed].sum() / before[~exposed].sum()
    change = after - growth * before
    one, other = int(exposed.sum()), int((~exposed).sum())
    reach = before[exposed].mean() / before[~exposed].mean()
    delta = math.sqrt(change[exposed].var() / one + reach**2 * change[~exposed].var() / other)
    assert found.total.se == pytest.approx(delta, rel=0.1)


def test_laws() -> None:
    made = world(9)
    found = split(made)
    assert found.indirect.value + found.direct.value == pytest.approx(found.total.value, rel=1e-12)
    for part in (found.total, found.indirect, found.direct, *found.slopes.values()):
        assert part.low <= part.value <= part.high
    wide = World(made.exposed, made.columns | {"orders": 100 * made.columns["orders"] + 7}, 0, 0)
    assert split(wide).indirect.value == pytest.approx(100 * found.indirect.value, rel=1e-9)
    assert split(wide).indirect.low == pytest.approx(100 * found.indirect.low, rel=1e-9)
    far = World(made.exposed, made.columns | {"orders": made.columns["orders"] + 1.7e9}, 0, 0)
    assert split(far).total.value == pytest.approx(found.total.value, abs=1e-5)
    days = World(made.exposed, made.columns | {"effort": made.columns["effort"] / 24}, 0, 0)
    assert split(days).indirect.value == pytest.approx(found.indirect.value, rel=1e-9)
    assert split(days).slopes["effort"].value == pytest.approx(24 * found.slopes["effort"].value, rel=1e-9)
    order = np.random.default_rng(1).permutation(len(made.exposed))
    turned = World(made.exposed[order], {name: held[order] for name, held in made.columns.items()}, 0, 0)
    assert split(turned).total.value == pytest.approx(found.total.value, rel=1e-9)
    assert split(turned).total.se == pytest.approx(found.total.se, rel=0.25)


def test_a_weight_of_two_is_two_customers() -> None:
    made = world(10, 300)
    weights = 1.0 + (np.arange(300) % 3 == 0)
    sums = crossed(made.columns, made.exposed, weights=weights, draws=99)
    twice = np.repeat(np.arange(300), weights.astype(int))
    double = crossed({name: held[twice] for name, held in made.columns.items()}, made.exposed[twice], draws=99)
    one, other = (mediated(held, "orders", ["effort"], covariates=["severity"], unit=UNIT) for held in (sums, double))
    assert one.total.value == pytest.approx(other.total.value, rel=1e-9)
    assert one.indirect.value == pytest.approx(other.indirect.value, rel=1e-9)


def test_the_same_seed_gives_the_same_numbers_and_nothing_given_is_changed() -> None:
    made = world(11, 400)
    kept = {name: held.copy() for name, held in made.columns.items()}
    assert split(made) == split(made)
    assert split(made).total.low != split(made, seed=2).total.low
    assert all((kept[name] == held).all() for name, held in made.columns.items())


def test_columns_that_tell_nothing_of_their_own_are_found() -> None:
    made = world(12, 400)
    columns = made.columns | {"again": 2 * made.columns["severity"] + 1, "constant": np.full(400, 3.0)}
    sums = crossed(columns, made.exposed, draws=99)
    assert sums.independent(["severity", "again", "constant", "effort"]) == ("severity", "effort")


def test_bad_input_is_told_by_name() -> None:
    made = world(13, 400)
    sums: Crossed = crossed(made.columns | {"still": np.zeros(400)}, made.exposed, draws=99)
    with pytest.raises(DesignError, match="Nothing can run through still: in one of the groups it does not vary"):
        mediated(sums, "orders", ["effort", "still"], unit=UNIT)
    with pytest.raises(DesignError, match="next to nothing of `orders` before"):
        mediated(sums, "orders", ["effort"], before="still", unit=UNIT)
    with pytest.raises(ValueError, match="Name one mediator"):
        mediated(sums, "orders", [], unit=UNIT)
    with pytest.raises(ValueError, match="do not hold taste; they hold orders, effort"):
        adjusted_gap(sums, "taste", unit=UNIT)
    with pytest.raises(DesignError, match="The smaller group has 4 customers for 4 columns"):
        crossed(made.columns, np.arange(400) < 4)
    with pytest.raises(ValueError, match="what is no number: effort"):
        crossed(made.columns | {"effort": np.full(400, np.nan)}, made.exposed)
    with pytest.raises(ValueError, match="one weight, a number not below nought"):
        crossed(made.columns, made.exposed, weights=np.full(400, -1.0))
    with pytest.raises(ValueError, match="99 draws at least, not 10"):
        crossed(made.columns, made.exposed, draws=10)
