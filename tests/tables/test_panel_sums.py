"""Cohort sums of a long panel: file, table and frame say the same as the table of units by periods; faults counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.cohort_sums import CohortSums
from analysis.inference.staggered.group_time import group_time
from analysis.tables import panel_sums
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.panel_sums import sums_of_frame, sums_of_panel, sums_of_parquet


def same(one: CohortSums, other: CohortSums) -> None:
    """Both hold the same numbers, to the last digit."""
    assert one.digits == other.digits
    for name in ("periods", "cohorts", "first", "n", "totals", "products"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def long(seed: int = 0, n: int = 50, wide: int = 4) -> tuple[pd.DataFrame, CohortSums]:
    """A long panel of revenue in cents, sorted, and its sums by the short road."""
    rng = np.random.default_rng(seed)
    outcomes = np.round(rng.gamma(2, 20, size=(n, wide)), 2)
    cohort = rng.choice([0, 602, 603], size=n)
    periods = np.arange(wide) + 600
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n) * 3 + 10, wide),
            "period": np.tile(periods, n),
            "outcome": outcomes.ravel(),
            "cohort": np.repeat(cohort, wide),
        }
    )
    return frame, CohortSums.of(outcomes, cohort, periods)


def of_table(frame: pd.DataFrame, **options: object) -> CohortSums:
    with DuckDBEngine({}, files=[]) as engine:
        engine._connection.register("given", pa.Table.from_pandas(frame, preserve_index=False))
        engine.keep("panel", "select * from given")
        return sums_of_panel(engine, "select * from panel", **options)  # type: ignore[arg-type]


def of_file(frame: pd.DataFrame, folder: Path, **options: object) -> CohortSums:
    frame.to_parquet(folder / "panel.parquet")
    return sums_of_parquet(folder / "panel.parquet", **options)  # type: ignore[arg-type]


def test_every_road_gives_the_same_digits(tmp_path: Path) -> None:
    frame, wanted = long()
    assert wanted.digits == 2
    before = frame.copy()
    for rows in (frame, frame.sample(frac=1, random_state=1)):
        same(sums_of_frame(rows), wanted)
        same(of_table(rows), wanted)
        same(of_file(rows, tmp_path), wanted)
    pd.testing.assert_frame_equal(frame, before)


def test_units_may_be_names_and_far_apart(tmp_path: Path) -> None:
    frame, wanted = long()
    named = frame.assign(unit="customer " + frame["unit"].astype(str))
    far = frame.assign(unit=frame["unit"] * 10**12 - 5)
    for rows in (named, far):
        same(sums_of_frame(rows), wanted)
        same(of_file(rows, tmp_path), wanted)


@pytest.mark.parametrize("names", [False, True])
def test_units_are_taken_some_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: bool) -> None:
    """7 units together: the parts add up exactly to the whole, also where numbers of units have gaps."""
    frame, wanted = long()
    monkeypatch.setattr(panel_sums, "TOGETHER", 7 * 4)
    rows = frame.assign(unit="u" + frame["unit"].astype(str)) if names else frame
    same(of_file(rows.sample(frac=1, random_state=2), tmp_path, digits=2), wanted)
    if not names:  # whole stretches of numbers without a unit
        apart = frame.assign(unit=frame["unit"] + 5_000 * (frame["unit"] > 60))
        same(of_file(apart, tmp_path, digits=2), wanted)


def test_decimals_and_counts_are_exact(tmp_path: Path) -> None:
    frame, wanted = long()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.set_column(2, "outcome", table.column("outcome").cast(pa.decimal128(19, 6)))
    pq.write_table(table, tmp_path / "panel.parquet")
    same(sums_of_parquet(tmp_path / "panel.parquet"), wanted)
    counts = frame.assign(outcome=frame["outcome"].astype(int))
    assert of_file(counts, tmp_path).digits == 0


def test_other_names_and_a_cohort_that_is_empty(tmp_path: Path) -> None:
    frame, wanted = long()
    columns = {"unit": "customer_id", "period": "month", "outcome": "revenue", "cohort": "first_social_month"}
    rows = frame.rename(columns=columns)
    rows["first_social_month"] = rows["first_social_month"].where(rows["first_social_month"] > 0)
    same(sums_of_frame(rows, **columns), wanted)
    rows["first_social_month"] = rows["first_social_month"].astype("Int64")
    same(sums_of_frame(rows, **columns), wanted)
    same(of_file(rows, tmp_path, **columns), wanted)
    endless = rows.assign(first_social_month=rows["first_social_month"].astype(float).fillna(np.inf))
    same(sums_of_frame(endless, **columns), wanted)


def test_the_counties_of_r_from_a_file(real_data: Path, tmp_path: Path) -> None:
    """The whole road from a file to R's numbers."""
    rows = pd.read_csv(real_data / "mpdta" / "mpdta.csv")
    rows["first.treat"] = rows["first.treat"].astype(int)
    sums = of_file(rows, tmp_path, unit="countyreal", period="year", outcome="lemp", cohort="first.treat")
    wanted = pd.read_csv(real_data / "mpdta" / "r_ref" / "ref_attgt.csv").query("scenario == 'mpdta_nyt_dr'")
    found = group_time(sums, control="not_yet")
    np.testing.assert_allclose(found.att, wanted["att"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.se, wanted["se"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("road", ["frame", "table"])
def test_a_panel_with_holes_is_refused_with_counts(road: str) -> None:
    frame, _ = long()
    holes = frame.drop(index=[1, 2, 9]).reset_index(drop=True)
    holes.loc[0, "outcome"] = np.nan
    read = sums_of_frame if road == "frame" else of_table
    with pytest.raises(DesignError, match=r"2 of 50 units have no outcome in 4 of 200 cells .*`late_joiners`"):
        read(holes)


@pytest.mark.parametrize("road", ["frame", "table"])
def test_all_faults_are_said_at_once(road: str) -> None:
    frame, _ = long()
    wrong = pd.concat([frame.drop(index=5), frame.iloc[[8, 9]]])
    wrong.iloc[0, 3] = 601
    read = sums_of_frame if road == "frame" else of_table
    with pytest.raises(DesignError) as said:
        read(wrong)
    assert "2 rows stand for a unit and period that another row has already" in str(said.value)
    assert "1 of 50 units have more than one first treated period" in str(said.value)
    assert "1 of 50 units have no outcome in 1 of 200 cells" in str(said.value)


@pytest.mark.parametrize("road", ["frame", "table"])
def test_late_joiners_are_taken_by_the_month_they_joined(road: str) -> None:
    frame, _ = long()
    joined = np.random.default_rng(1).choice([600, 600, 601], size=50)
    late = frame[frame["period"] >= np.repeat(joined, 4)]
    outcomes = frame["outcome"].to_numpy().reshape(50, 4)
    wanted = CohortSums.of(outcomes, frame["cohort"].to_numpy()[::4], np.arange(600, 604), first=joined)
    read = sums_of_frame if road == "frame" else of_table
    same(read(late, late_joiners=True), wanted)
    with pytest.raises(DesignError, match="leave those units out; units that joined late"):
        read(late)
    torn = late[~((late["unit"] == 10) & (late["period"] == 602))]
    with pytest.raises(DesignError, match=r"1 of 50 units have no outcome in 1 of 200 cells .* after they were first"):
        read(torn, late_joiners=True)


def test_columns_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    frame, _ = long()
    dated = frame.assign(period=pd.Timestamp("2026-01-01"))
    worded = frame.assign(outcome="many")
    halves = frame.assign(cohort=frame["cohort"] + 0.5)
    for road in (sums_of_frame, lambda rows: of_file(rows, tmp_path)):
        with pytest.raises(DesignError, match=r"`period` holds .* where periods are whole numbers"):
            road(dated)
        with pytest.raises(DesignError, match=r"`cohort` holds .* where periods are whole numbers"):
            road(halves)
        with pytest.raises(DesignError, match=r"`outcome` holds .* where an outcome is a number"):
            road(worded)


def test_rows_without_a_unit_or_a_period_are_counted(tmp_path: Path) -> None:
    frame, _ = long()
    nobody = frame.assign(unit=frame["unit"].astype("Int64"))
    nobody.loc[[3, 4], "unit"] = pd.NA
    never = frame.assign(period=frame["period"].astype("Int64"))
    never.loc[[3, 4, 5], "period"] = pd.NA
    for road in (sums_of_frame, lambda rows: of_file(rows, tmp_path)):
        with pytest.raises(DesignError, match="2 of 200 rows have no unit"):
            road(nobody)
        with pytest.raises(DesignError, match="3 of 200 rows have no period"):
            road(never)
        with pytest.raises(DesignError, match="no rows"):
            road(frame[:0])


def test_too_many_periods_are_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"unit": 1, "period": np.arange(300), "outcome": 0.0, "cohort": 0})
    for road in (sums_of_frame, lambda rows: of_file(rows, tmp_path)):
        with pytest.raises(DesignError, match="300 periods from 0 to 299 are too many"):
            road(frame)


def test_infinite_outcomes_are_counted(tmp_path: Path) -> None:
    frame, _ = long()
    frame.loc[[2, 3], "outcome"] = np.inf
    for road in (sums_of_frame, lambda rows: of_file(rows, tmp_path)):
        with pytest.raises(DesignError, match="2 of 200 outcomes are missing or infinite"):
            road(frame)
