"""Time blocks: washout, sequences by region, carry-over, and blocks that were not drawn by lot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.inference.estimate import Estimate
from analysis.inference.switchback import Switchback
from analysis.studies.experiment.switchback import blocks_of, checks_of, contrasts, cut_off, switchbacks
from tests.studies.experiment.made_rows import rows_of

START = pd.Timestamp("2025-03-01")


def blocks(seed: int, arms, *, hours: int = 4, effect: float = 1.0, left_over: float = 0.0) -> pd.DataFrame:
    """Fifteen customers an hour; in the first hour of a block the arm before still has its part of the effect."""
    rng = np.random.default_rng(seed)
    held = np.array(arms) == "priority"
    hour = np.arange(len(held) * hours)
    rule = np.repeat(held, hours)
    before = np.concatenate([[False], rule[:-1]])
    acting = np.where(hour % hours == 0, (1 - left_over) * rule + left_over * before, rule)
    mean = 5 + effect * acting + 0.5 * np.repeat(rng.normal(size=len(held)), hours)
    row = np.repeat(hour, 15)
    block = START + pd.to_timedelta(row // hours * hours, unit="h")
    return pd.DataFrame(
        {
            "arm": np.repeat(np.array(arms), hours)[row],
            "block_start": block,
            "at": START + pd.to_timedelta(row * 60 + rng.integers(0, 60, len(row)), unit="min"),
            "m0": (mean[row] + rng.normal(size=len(row))).round(3),
        }
    )


def drawn(seed: int, n: int = 60) -> np.ndarray:
    return np.where(np.random.default_rng(seed).permutation(n) % 2, "priority", "control")


def test_the_first_hours_of_every_block_are_cut_off(tmp_path: Path) -> None:
    frame = blocks(1, drawn(1), left_over=1.0)
    with rows_of(frame, tmp_path) as rows:
        cut = contrasts(rows, "orders", washout_hours=1, level=0.95)["priority", None]
        kept = contrasts(rows, "orders", washout_hours=0, level=0.95)["priority", None]
        said = contrasts(rows, "orders", washout_hours=5, level=0.95)["priority", None]
        assert (cut_off(rows, "orders", 1), cut_off(rows, "orders", 0)) == (60 * 15, 0)
    assert isinstance(cut, Estimate)
    assert isinstance(kept, Estimate)
    late = frame[frame["at"] >= frame["block_start"] + pd.Timedelta(hours=1)]
    means = late.groupby("arm")["m0"].mean()
    assert cut.value == pytest.approx(means["priority"] - means["control"])
    assert cut.n_treated + cut.n_comparison == len(late) == 60 * 45
    assert cut.low < 1 < cut.high
    assert cut.method == "difference in means by time block (CR2), 30 against 30 blocks"
    assert cut.value - kept.value > 0.05
    assert said == "no customer is left after the first 5 hours of the blocks."


def test_checks_say_what_the_lot_says_and_what_was_left(tmp_path: Path) -> None:
    with rows_of(blocks(2, drawn(2)), tmp_path) as rows:
        found = switchbacks(rows, "orders", washout_hours=0, level=0.95)["priority"]
    assert isinstance(found, Switchback)
    lot, carry = checks_of(found, 0)
    assert (lot.name, lot.verdict, lot.p_value) == ("randomisation_test", "passed", found.p_randomisation)
    assert (carry.name, carry.verdict) == ("carry_over", "passed")
    assert found.carry_over is not None
    assert carry.value == found.carry_over.value
    assert [lot.gate, carry.gate] == [False, False]
    arms = drawn(3, 200)
    with rows_of(blocks(3, arms, hours=2, effect=2.0, left_over=1.0), tmp_path) as rows:
        strong = switchbacks(rows, "orders", washout_hours=0, level=0.95)["priority"]
    assert isinstance(strong, Switchback)
    assert checks_of(strong, 0)[1].verdict == "failed"
    assert "Cut off more hours" in checks_of(strong, 0)[1].detail


def test_regions_that_switch_on_their_own_are_sequences(tmp_path: Path) -> None:
    parts = [blocks(seed, drawn(seed, 30)).assign(cluster=f"region {seed}") for seed in (4, 5)]
    with rows_of(pd.concat(parts), tmp_path) as rows:
        assert {block.sequence for block in blocks_of(rows)} == {"region 4", "region 5"}
        found = switchbacks(rows, "orders", washout_hours=0, level=0.95)["priority"]
    assert isinstance(found, Switchback)
    assert sum(found.blocks) == 60
    together = [blocks(4, drawn(4, 30)).assign(cluster=name) for name in ("north", "south")]
    with rows_of(pd.concat(together), tmp_path) as rows:
        assert {block.sequence for block in blocks_of(rows)} == {""}
        found = switchbacks(rows, "orders", washout_hours=0, level=0.95)["priority"]
    assert isinstance(found, Switchback)
    assert sum(found.blocks) == 30


def test_clockwork_is_no_lot(tmp_path: Path) -> None:
    turns = ["priority", "control"] * 15
    with rows_of(blocks(6, turns), tmp_path) as rows:
        said = str(contrasts(rows, "orders", washout_hours=0, level=0.95)["priority", None])
    assert "All 30 time blocks take turns" in said
    by_hour = ["priority", "priority", "control", "control", "control", "priority"] * 8
    with rows_of(blocks(7, by_hour), tmp_path) as rows:
        said = str(contrasts(rows, "orders", washout_hours=0, level=0.95)["priority", None])
    assert "The hour of the day decides the arm of all 48 time blocks" in said


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    frame = blocks(8, drawn(8))
    mixed = frame.assign(arm=np.where(np.arange(len(frame)) == 7, "control", "priority"))
    with rows_of(mixed, tmp_path) as rows:
        said = str(contrasts(rows, "orders", washout_hours=0, level=0.95)["priority", None])
    assert "have customers of more than one arm" in said
    for timeless in (frame.assign(at=frame["block_start"]), frame.drop(columns="at")):
        with rows_of(timeless, tmp_path, without=["at"]) as rows:
            said = str(contrasts(rows, "orders", washout_hours=1, level=0.95)["priority", None])
        assert "nothing says when in its block a customer came" in said
    with rows_of(frame.drop(columns="block_start"), tmp_path) as rows:
        said = str(contrasts(rows, "orders", washout_hours=0, level=0.95)["priority", None])
    assert "have no time block" in said
    with rows_of(blocks(9, ["priority"] * 4 + ["control"] * 4), tmp_path) as rows:
        said = str(contrasts(rows, "orders", washout_hours=0, level=0.95)["priority", None])
    assert "4 and 4 clusters; each needs 5" in said
