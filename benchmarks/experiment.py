"""What does an experiment of five outcomes in eight segments cost, beside a bare scan and beside other packages?

    python benchmarks/experiment.py [--rows 10000000] [--folder FOLDER] [--times 5] [--peer PYTHON]

Makes a Parquet file of customers (once; `--folder` keeps it): arm, segment, five outcomes and the same five before the
assignment; money as decimals, and once more as floats. Then, in turns, a bare scan of those twelve columns, and CUPED
for every outcome in every segment and over all. With `--peer`, a Python that has tea-tasting, polars and statsmodels
also does one outcome over all customers from the same file, and tea-tasting all of it, segment by segment. Prints the
best wall and processor seconds, and ratios; what a package spends on its first call alone is in no figure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb

from analysis.inference.adjusted import adjusted_difference
from analysis.inference.estimate import Estimate
from analysis.tables.engine import Engine
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.experiment_moments import experiment_moments, margin

OUTCOMES = ("visits", "orders", "revenue", "margin", "repurchased")
MONEY = ("revenue", "margin")
SCAN = f"select max(arm), max(segment), {', '.join(f'sum({name}), sum({name}_before)' for name in OUTCOMES)} from rows"
MADE = """
    select case when hash(i - 1 * {rows}) % 2 = 0 then 'control' else 'invited' end as arm,
           'area ' || cast(hash(i - 2 * {rows}) % 8 as integer) as segment,
           cast(visits_before + hash(i + 1 * {rows}) % 3 as integer) as visits, visits_before,
           cast(orders_before // 2 + hash(i + 2 * {rows}) % 3 as integer) as orders, orders_before,
           cast(revenue_before * 0.7 + (hash(i + 3 * {rows}) % 2000) / 100 as {money}) as revenue, revenue_before,
           cast(margin_before * 0.7 + (hash(i + 4 * {rows}) % 900) / 100 as {money}) as margin, margin_before,
           hash(i + 5 * {rows}) % 10 < case when repurchased_before then 6 else 2 end as repurchased, repurchased_before
    from (
        select i, cast(hash(i + 6 * {rows}) % 7 as integer) as visits_before,
               cast(hash(i + 7 * {rows}) % 5 as integer) as orders_before,
               cast(-60 * ln((1 + hash(i + 8 * {rows}) % 1000000) / 1000001) as {money}) as revenue_before,
               cast(-25 * ln((1 + hash(i + 9 * {rows}) % 1000000) / 1000001) as {money}) as margin_before,
               hash(i + 10 * {rows}) % 10 < 3 as repurchased_before
        from range({rows}) as t(i)
    )
"""
PEERS = r"""
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import ibis, numpy as np, pandas as pd, polars as pl, statsmodels.api as sm, tea_tasting as tt
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW
file, times = sys.argv[1], int(sys.argv[2])
COLUMNS = ["arm", "revenue", "revenue_before"]
METRICS = tt.Experiment({"revenue": tt.Mean("revenue", "revenue_before")}, variant="arm")
def by_duckdb():
    return METRICS.analyze(ibis.duckdb.connect().read_parquet(file), control="control")["revenue"].effect_size
def everything():
    rows = ibis.duckdb.connect().read_parquet(file)
    flags = ["repurchased", "repurchased_before"]
    rows = rows.mutate(**{name: rows[name].cast("int8") for name in flags})
    names = ["visits", "orders", "revenue", "margin", "repurchased"]
    asked = tt.Experiment({name: tt.Mean(name, f"{name}_before") for name in names}, variant="arm")
    parts = [rows, *(rows.filter(rows.segment == f"area {place}") for place in range(8))]
    return [asked.analyze(part, control="control") for part in parts][0]["revenue"].effect_size
def by_polars():
    return METRICS.analyze(pl.scan_parquet(file).select(COLUMNS), control="control")["revenue"].effect_size
def frame():
    return pd.read_parquet(file, columns=COLUMNS)
def compared():
    rows = frame()
    spread = np.cov(rows["revenue"], rows["revenue_before"])
    left = rows["revenue"] - spread[0, 1] / spread[1, 1] * rows["revenue_before"]
    invited = (rows["arm"] == "invited").to_numpy()
    two = CompareMeans(DescrStatsW(left[invited]), DescrStatsW(left[~invited]))
    two.tconfint_diff(usevar="unequal")
    return two.d1.mean - two.d2.mean
def least_squares():
    rows = frame()
    columns = np.column_stack([np.ones(len(rows)), rows["arm"] == "invited", rows["revenue_before"]])
    return sm.OLS(rows["revenue"].to_numpy(), columns).fit(cov_type="HC1").params[1]
found = {}
for name, work in {"tea-tasting on DuckDB": by_duckdb, "tea-tasting, all of it": everything,
                   "tea-tasting on Polars": by_polars,
                   "statsmodels CompareMeans": compared, "statsmodels OLS": least_squares}.items():
    best = busy = float("inf")
    for _ in range(times):
        start, worked = time.perf_counter(), time.process_time()
        try:
            value = float(work())
        except Exception as error:
            best, busy, value = 0.0, 0.0, f"{type(error).__name__}: {error}"
            break
        best, busy = min(best, time.perf_counter() - start), min(busy, time.process_time() - worked)
    found[name] = [best, busy, value]
print(json.dumps(found))
"""


def cuped(engine: Engine) -> dict[tuple[str, ...], Estimate]:
    """Every outcome in every segment and over all, from one scan."""
    outcomes = {name: (name, f"{name}_before") for name in OUTCOMES}
    cells = experiment_moments(engine, "select * from rows", groups=["arm", "segment"], outcomes=outcomes)
    arms = {("all", str(key[0])): found for key, found in margin(cells, [0]).items()}
    arms |= {(str(key[1]), str(key[0])): found for key, found in cells.items()}
    return {
        (name, segment): adjusted_difference(
            found[name],
            arms[segment, "control"][name],
            name,
            covariates=[f"{name}_before"],
            unit=f"{name} per customer",
        )
        for (segment, arm), found in arms.items()
        if arm == "invited"
        for name in OUTCOMES
    }


def best_of(times: int, works: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Least wall and processor seconds of each, done in turns so that a busy moment meets all."""
    best = dict.fromkeys(works, (float("inf"), float("inf")))
    for _ in range(times):
        for name, work in works.items():
            wall, busy = time.perf_counter(), time.process_time()
            work()
            spent = time.perf_counter() - wall, time.process_time() - busy
            best[name] = (min(best[name][0], spent[0]), min(best[name][1], spent[1]))
    return best


def measure(file: Path, times: int) -> tuple[float, float]:
    """Print the scan, the experiment and their ratio; the experiment's wall and processor seconds."""
    with DuckDBEngine({"rows": f"select * from read_parquet('{file}')"}, files=[file]) as engine:
        found = cuped(engine)
        best = best_of(times, {"scan": partial(engine.query, SCAN), "experiment": partial(cuped, engine)})
    (scan, scan_busy), (wall, busy) = best["scan"], best["experiment"]
    print(f"{file.stem}: {len(found)} estimates; over all, {found['revenue', 'all']}")
    print(f"  bare scan {scan:.2f} s (cpu {scan_busy:.2f}), experiment {wall:.2f} s (cpu {busy:.2f})")
    print(f"  ratio {wall / scan:.2f} (cpu {busy / scan_busy:.2f})")
    return wall, busy


def main() -> None:
    """Make, measure, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--peer", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = given.folder or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        files = {"decimals": "decimal(9, 2)", "floats": "double"}
        spent = {}
        for name, money in files.items():
            file = folder / f"{name}.parquet"
            if not file.exists():
                rounded = MADE.format(money="decimal(9, 2)", rows=given.rows)
                floats = ", ".join(f"cast({one} as double) as {one}" for two in MONEY for one in (two, f"{two}_before"))
                query = rounded if money != "double" else f"select * replace ({floats}) from ({rounded})"
                duckdb.connect().execute(f"copy ({query}) to '{file}' (format parquet, compression zstd)")
            spent[name] = measure(file, given.times)
        if given.peer:
            ask = [str(given.peer), "-c", PEERS, str(folder / "floats.parquet"), str(given.times)]
            told = subprocess.run(ask, check=True, capture_output=True, text=True).stdout
            answer = json.loads(told.splitlines()[-1])  # an engine may print its progress before
            print("one outcome over all customers, or all of it, from the floats, against ours from the decimals:")
            for name, (wall, busy, value) in answer.items():
                ours = spent["decimals"]
                times = f"{wall:6.2f} s (cpu {busy:.2f}), {wall / ours[0]:.1f} times ours (cpu {busy / ours[1]:.1f})"
                print(f"  {name:26} {f'{times}; difference {value}' if wall else f'does not run: {value}'}")


if __name__ == "__main__":
    main()
