"""One region or product changed among others that were not: what is compared, what is refused, and a known truth."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from analysis.foundation.calendar import Month
from analysis.studies.change_log.series import MonthlySeries
from analysis.studies.change_log.study import ChangeLogPlan, change_log
from analysis.synthetic.monthly_series import PanelWorld, panel_of

FIRST = Month.of("2023-01")


def regions(table: Any, names: list[str] | None = None, metric: str = "issues_by_region") -> dict[str, MonthlySeries]:
    found = {}
    for place, row in enumerate(table):
        name = names[place] if names else f"r{place:02d}"
        one = MonthlySeries(
            metric=metric, unit="issues", months=tuple(FIRST.plus(number) for number in range(len(row))),
            values=tuple(None if np.isnan(value) else float(value) for value in row), states=("locked",) * len(row),
            segment={"region": name}, label="Support issues by region",
        )  # fmt: skip
        found[one.key] = one
    return found


def change(scope: str | None, at: int = 18, name: str = "CH1", **more: Any) -> dict[str, Any]:
    on = FIRST.plus(at).first_day
    moment = datetime(on.year, on.month, on.day)
    return {"change_id": name, "effective_from": moment, "kind": "tool", "description": "", "scope": scope,
            "recorded_at": moment, **more}  # fmt: skip


PLAN = ChangeLogPlan(metrics=("issues_by_region",), entries=("CH1",))


def world(seed: int, effect: float = 0.0, donors: int = 24) -> dict[str, MonthlySeries]:
    made = panel_of(PanelWorld(donors=donors, starts=(18,), periods=30, effect=effect), seed)
    return regions(made.outcomes[::-1])  # the changed one first: r00


def test_a_planted_effect_is_found_and_none_is_held() -> None:
    for effect in (0.0, 6.0):
        found = [change_log(world(seed, effect), [change("region=r00")], PLAN) for seed in range(4)]
        rows = [one.effects[0] for one in found]
        held = [row.estimate for row in rows if row.estimate is not None]
        assert len(held) == 4
        assert sum(one.low <= effect <= one.high for one in held) >= 3
        assert sum(one.excludes_no_effect for one in held) == (4 if effect else 0)
        assert sum(row.grade == "B" for row in rows) >= 3
        for row in rows:
            assert (row.estimand, row.comparison, dict(row.segment)) == (
                "level_change",
                "not_changed",
                {"region": "r00"},
            )
            assert row.estimate is not None
            assert (row.estimate.n_treated, row.estimate.n_comparison) == (12, 18)


def test_with_few_donors_there_is_a_rank_and_no_effect() -> None:
    """Four regions; the one changed rises by 30, which is number 1 of 4 by size."""
    rng = np.random.default_rng(1)
    table = 200 + rng.normal(0, 2, (4, 30)) + rng.normal(0, 3, 30)
    table[0, 18:] += 30
    found = change_log(regions(table, ["north", "south", "east", "west"]), [change("North")], PLAN)
    (row,) = found.effects
    assert row.estimate is None
    assert row.grade == "D"
    assert row.reason is not None
    assert "There are 3 values of `region` that were not changed, and an interval needs 20." in row.reason
    assert "number 1 of 4 by size" in row.reason
    changed = found.synthetic[found.synthetic["role"] == "changed"].iloc[0]
    assert (changed["value"], changed["rank"], changed["of"]) == ("north", 1, 4)
    assert changed["difference"] == pytest.approx(30, abs=3)
    donors = found.synthetic[found.synthetic["role"] == "donor"]
    assert donors["weight"].sum() == pytest.approx(1)
    assert sorted(donors["rank"]) == [2, 3, 4]


def test_regions_changed_at_other_times_and_unknown_ones_are_no_donors() -> None:
    rng = np.random.default_rng(2)
    table = 200 + rng.normal(0, 2, (6, 30))
    names = ["north", "south", "east", "west", "unknown", "middle"]
    changes = [change("north"), change("south", 24, "CH2"), change("east", 2, "CH0", kind="price")]
    found = change_log(regions(table, names), changes, PLAN)
    assert set(found.synthetic["value"]) == {"north", "west", "middle"}


def test_a_region_s_own_incident_and_the_month_of_the_change_are_left_out() -> None:
    rng = np.random.default_rng(3)
    table = 200 + rng.normal(0, 2, (5, 30))
    table[1, 20] = 9000
    table[:, 18] = 5000
    moment = datetime(2024, 7, 15)
    changes = [
        change("r00", effective_from=moment, recorded_at=moment),
        change("r01", 20, "CH9", kind="incident"),
    ]
    found = change_log(regions(table), changes, PLAN)
    assert abs(found.synthetic["difference"]).max() < 6


def test_too_few_months_and_too_few_donors_say_what_would_help() -> None:
    rng = np.random.default_rng(4)
    table = 200 + rng.normal(0, 2, (5, 30))
    for at, says in ((28, "wait until 2025-08 is over"), (5, "5 months before the change"), (40, "wait until")):
        (row,) = change_log(regions(table), [change("r00", at)], PLAN).effects
        assert row.reason is not None
        assert says in row.reason
    (row,) = change_log(regions(table[:2]), [change("r00")], PLAN).effects
    assert row.reason is not None
    assert "At least 2 donors are needed" in row.reason


def test_another_change_of_the_same_region_withholds_the_single_cause() -> None:
    held = world(5, 6.0)
    found = change_log(held, [change("r00"), change("region = r00", 22, "CH2", kind="price")], PLAN)
    row = found.effects[0]
    (check,) = (one for one in row.checks if one.name == "single_cause")
    assert check.verdict == "failed"
    assert "together (CH1 and CH2)" in row.claim
    shared = change_log(held, [change("r00"), change("all", 22, "CH2", kind="price")], PLAN).effects[0]
    (check,) = (one for one in shared.checks if one.name == "single_cause")
    assert check.verdict == "passed"
    assert "touched all alike are taken out: CH2" in check.detail


def test_figures_of_no_segment_are_still_studied_by_themselves() -> None:
    rng = np.random.default_rng(6)
    held = regions(200 + rng.normal(0, 2, (5, 30)))
    whole = MonthlySeries(
        metric="issues_raised", unit="issues", months=tuple(FIRST.plus(number) for number in range(30)),
        values=tuple(1000 + rng.normal(0, 5, 30)), states=("locked",) * 30,
    )  # fmt: skip
    plan = ChangeLogPlan(metrics=("issues_by_region", "issues_raised"))
    found = change_log({**held, whole.key: whole}, [change("r00")], plan)
    assert [(row.outcome, row.estimand) for row in found.effects] == [
        ("issues_raised", "level_change"), ("issues_raised", "slope_change"), ("issues_by_region", "level_change"),
    ]  # fmt: skip
