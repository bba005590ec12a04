"""Was it a roll-out? Bursts just before an invitation by hand, in roll-outs by lot, and in tests named as roll-outs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.adoption.by_plan import NAME, invited_by_plan
from analysis.studies.adoption.cohorts import cohorts_of
from analysis.studies.adoption.panel import NEVER, AdoptionPanel
from analysis.studies.adoption.plan import AdoptionPlan
from analysis.studies.adoption.study import adoption_on
from analysis.studies.result import Check, Effect
from analysis.synthetic.lean import lean_life
from analysis.synthetic.roll_out import VARIANTS, roll_out_life
from analysis.synthetic.world import world_named
from tests.studies.adoption_companies import of_lean, of_roll_out, waves

PLAN = AdoptionPlan(outcomes=("orders",), roll_out="pilot", robust=False)


def let_in_when(panel: AdoptionPanel, about: str, *, later: int = 0) -> AdoptionPanel:
    """A test, not a roll-out: from the ninth month on, half of those who do something are let in when they do."""
    did = panel.counted[about][:, 8:] > 0
    met = did.any(axis=1)
    month = panel.begin.number + 8 + did.argmax(axis=1) + later
    lot = np.random.default_rng(1).random(len(panel)) < 0.5
    return replace(
        panel,
        issues=None,
        first=panel.first[met],
        adopted=np.where(lot, month, NEVER)[met],
        counted={name: grid[met] for name, grid in panel.counted.items()},
        fixed={},
    )


def of(effect: Effect) -> Check:
    return next(check for check in effect.checks if check.name == NAME)


def test_by_hand() -> None:
    """Two are invited in month 3, two never are; windows of three months and one.

    Invited: 6 orders in month 3; a month before, without month 2, 2 and after 3. The others: 2, 2 and 2. Month 3 is
    (6/2)/(2/2) = 3 times the months before and (6/3)/(2/2) = 2 times the month after. Before, the first customer had 1
    of 2 orders, then 4 of 6, the second 1 of 2 and 2 of 6: this ratio is the less certain, its interval ends lower, and
    it counts. After, both had the shares of month 3, and nothing varies.
    """
    panel = waves([[1, 1, 1, 4, 2], [1, 1, 1, 2, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]], [3, 3, -1, -1])
    check = invited_by_plan(panel, cohorts_of(panel, 3, 1), 3, 1)
    assert check.value == pytest.approx(3.0)
    single = [4 / 6 - 1 / 2, 2 / 6 - 1 / 2]
    half = 1.959963984540054 * math.sqrt(sum(one**2 for one in single))
    assert check.low == pytest.approx(3.0 * math.exp(-half))
    assert (check.verdict, check.gate) == ("failed", True)
    assert "3.00 times as many orders" in check.detail


@pytest.mark.parametrize("name", list(VARIANTS))
def test_roll_outs_pass_whatever_they_do(name: str) -> None:
    for customers in (600, 5_000):
        check = of(adoption_on(of_roll_out(roll_out_life(name, 1, customers)), PLAN).of("orders"))
        assert check.verdict == "passed", check.detail


@pytest.mark.parametrize(("about", "later"), [("issues", 0), ("issues", 1), ("orders", 0)])
def test_a_test_that_lets_customers_in_when_they_write_or_buy_is_no_roll_out(about: str, later: int) -> None:
    """In a company where nothing has an effect it finds a fall of a sixth, and every other gate may pass."""
    panel = let_in_when(of_lean(lean_life(world_named("none"), 1, 12_000, everywhere=True)), about, later=later)
    effect = adoption_on(panel, PLAN).of("orders", "ratio")
    assert of(effect).verdict == "failed"
    assert "invited because of these" in of(effect).detail
    assert effect.grade == "C"


def test_a_lasting_effect_is_no_burst() -> None:
    """Invited customers write three times as much from the first day on."""
    panel = of_roll_out(roll_out_life("rollout_none", 2, 4_000))
    month = panel.begin.number + np.arange(panel.counted["issues"].shape[1])
    more = np.where(month >= panel.adopted[:, None], 3, 1)
    check = of(
        adoption_on(replace(panel, counted={**panel.counted, "issues": panel.counted["issues"] * more}), PLAN).of(
            "orders"
        )
    )
    assert check.verdict == "passed", check.detail


def test_too_little_to_tell_is_not_run() -> None:
    panel = waves([[0, 1, 0, 0, 0]] * 8, [3] * 4 + [-1] * 4)
    check = invited_by_plan(panel, cohorts_of(panel, 3, 1), 3, 1)
    assert (check.verdict, check.value) == ("not_run", None)


def test_a_roll_out_named_as_first_contacts_are_is_refused() -> None:
    with pytest.raises(DesignError, match="could not be told from first contacts"):
        AdoptionPlan(roll_out="social")
