"""Chances that cases say, held against what came of them: by hand, and told on the page."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.runner.proving.limits import bonferroni_z
from analysis.runner.proving.misses import misses_of
from analysis.runner.proving.page import page
from analysis.runner.proving.proof import Proof, proof_of
from analysis.runner.proving.records import DEFAULT, RECORD, Records
from analysis.runner.proving.tallies_money import chance_cells


def chances(said: list[float], true: list[float], estimand: str = "positive_known") -> pd.DataFrame:
    rows = [
        ("money_none", 7_900_000 + place, 40_000, DEFAULT, estimand, truth, value, *(math.nan,) * 3, "D", 9)
        for place, (value, truth) in enumerate(zip(said, true, strict=True))
    ]
    return pd.DataFrame(rows, columns=list(RECORD))


def worths(errors: list[float], estimator: str = DEFAULT, *, se: float = 100.0) -> pd.DataFrame:
    rows = []
    for place, error in enumerate(errors):
        value = 2_000 + error * se
        ends = (value - 1.645 * se, value + 1.645 * se)
        rows.append(
            ("money_none", 7_900_000 + place, 40_000, estimator, "npv_known", 2_000.0, value, *ends, se, "D", 9)
        )
    return pd.DataFrame(rows, columns=list(RECORD))


def proof(*effects: pd.DataFrame) -> Proof:
    nothing = {name: pd.DataFrame(columns=list(Records.COLUMNS[name])) for name in ("gates", "hidden", "roads")}
    return proof_of(Records(effects=pd.concat(effects), **nothing))


def test_a_band_by_hand() -> None:
    """Said 0.81 and 0.89, one of two true: Brier (0.81² + 0.11²) / 2, if right (0.81 · 0.19 + 0.89 · 0.11) / 2."""
    (cell,) = chance_cells(chances([0.81, 0.89] * 10, [0.0, 1.0] * 10))
    assert (cell.low, cell.high, cell.band, cell.n) == (0.8, 0.9, "80 to 90 %", 20)
    assert (cell.said, cell.found) == pytest.approx((0.85, 0.5))
    assert cell.brier == pytest.approx((0.81**2 + 0.11**2) / 2)
    spread = 0.81 * 0.19 + 0.89 * 0.11
    assert cell.brier_said == pytest.approx(spread / 2)
    assert cell.allowed == pytest.approx((2.5758 * math.sqrt(10 * spread) + 1) / 20, abs=1e-4)
    assert not cell.held, "0.35 apart, and 0.25 allowed"


def test_certainty_is_in_the_last_band_and_one_company_may_differ() -> None:
    cells = chance_cells(chances([1.0, 1.0, 0.0], [1.0, 0.0, 0.0]))
    assert [(cell.band, cell.n) for cell in cells] == [("0 to 10 %", 1), ("90 to 100 %", 2)]
    assert [cell.allowed for cell in cells] == [1.0, 0.5]


def test_both_kinds_of_case_stand_apart_and_in_order() -> None:
    cells = chance_cells(pd.concat([chances([0.5], [1.0], "positive_drawn"), chances([0.9, 0.2], [1.0, 0.0])]))
    assert [(cell.estimand, cell.low) for cell in cells] == [
        ("positive_known", 0.2),
        ("positive_known", 0.9),
        ("positive_drawn", 0.5),
    ]
    assert chance_cells(worths([0.0])) == ()


def test_right_chances_hold_and_boasting_ones_are_missed() -> None:
    """4,000 cases: chances as they are, and moved away from a half as by an interval too narrow."""
    rng = np.random.default_rng(4)
    said = rng.random(4_000)
    true = (rng.random(4_000) < said).astype(float)
    assert all(cell.held for cell in chance_cells(chances(said.tolist(), true.tolist())))
    boasting = np.clip(0.5 + 1.5 * (said - 0.5), 0, 1)
    missed = [cell for cell in chance_cells(chances(boasting.tolist(), true.tolist())) if not cell.held]
    assert len(missed) >= 4
    assert all((cell.found < cell.said) == (cell.said > 0.5) for cell in missed)


def test_the_interval_is_one_of_90_in_100() -> None:
    """90 of 100 inside holds; 78 does not: 0.9 − 2.576 · 0.03 is 0.823. 96 holds, 99 does not."""
    assert bonferroni_z(1) == pytest.approx(2.576, abs=1e-3)
    for inside, held in ((90, True), (78, False), (96, True), (99, False)):
        errors = [0.5 * (-1) ** place for place in range(inside)] + [2.0 * (-1) ** n for n in range(100 - inside)]
        (cell,) = proof(worths(errors)).cells
        assert (cell.accept_low, cell.accept_high) == pytest.approx((0.8227, 0.9773), abs=1e-4)
        assert cell.verdicts == {"coverage": held, "bias": True}


def test_a_middle_case_that_is_off_is_missed() -> None:
    (cell,) = proof(worths([0.6 + error for error in np.linspace(-1.2, 1.2, 100)])).cells
    assert cell.verdicts == {"coverage": False, "bias": False} or cell.missed == ("bias",)


def test_chances_take_no_share_of_the_error_of_all_cells() -> None:
    """A chance has no interval, so that it does not loosen the limits of those that have one."""
    alone = proof(worths([0.0, 1.0]))
    both = proof(worths([0.0, 1.0]), chances([0.5, 0.6], [1.0, 0.0]))
    assert both.cells[0].accept_low == alone.cells[0].accept_low
    assert both.judged == alone.judged + 2, "two bands"


def test_the_page_tells_worth_chances_and_what_is_forbidden() -> None:
    """Errors alternate by half a standard error of 100: off by 0, the Monte Carlo error 50.25 / 10; forbidden 3 off."""
    errors = [0.5 * (-1) ** place for place in range(90)] + [2.0 * (-1) ** n for n in range(10)]
    found = proof(
        worths(errors),
        worths([3.0 + error for error in errors], "average_cost"),
        chances([0.85] * 10, [1.0] * 8 + [0.0] * 2),
        chances([0.95] * 10, [1.0] * 1 + [0.0] * 9, "positive_drawn"),
    )
    text = page(found)
    section = text.split("## The case in money")[1]
    assert "### Net present value, assumptions at their true values" in section
    row = next(line for line in section.splitlines() if line.startswith("| `money_none` | 100 |"))
    assert "| 7900000–7900099 | 2,000 | +0 ± 8 | +0.000 ± 0.024 | 0.900 (0.823–0.977) | 329 | held |" in row
    assert "| `money_none` | +0.000 (90 %) | **+0.912 (5 %)**; +0.912 |" in section
    assert "| 80 to 90 % | 10 | 0.850 | 0.800 (± " in section
    assert "| 90 to 100 % | 10 | 0.950 | 0.100 (± " in section
    assert "| all | 10 | 0.850 | 0.800 | 0.163 (0.128) | – |" in section, "8 by 0.15² and 2 by 0.85²; 0.85 · 0.15"
    assert "Missed: 1." in text
    (miss,) = misses_of(found)
    assert miss.startswith(
        "chances of 90 to 100 % in `positive_drawn` (10 companies): the share worth more than nothing"
    )
    assert found.misses == ("chances of 90 to 100 % in `positive_drawn`",)
    assert page(found) == page(found)
