"""What does ATT(g, t) with covariates cost at a million customers and 24 months, against diff-diff?

    python benchmarks/adoption_covariates.py [--customers 1000000] [--covariates 3] [--method dr] [--peer PYTHON]

Makes customers who turn to social in one of 16 months (40 % never), the more likely the more three attributes say so;
the same attributes move their orders' growth, and the effect grows by the month: 1.5 in event month 5, 2.2 in month 12.
Ours and the peer (`--peer`: the Python of an environment with diff-diff installed) estimate every ATT(g, t), its error
and the dynamic average, each in a process of its own, on one thread. Prints seconds of wall and of processor (these
hardly feel what else the machine does), ratios, peak memory (the panel included) and the two event months. Wanted: 12
times faster than diff-diff 3.13.0, at most 4 GiB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

MONTHS = 24
FIRST_COHORTS = range(6, 22)
PEER = """
import json, resource, sys, time
import numpy as np, pandas as pd
from importlib.metadata import version
from diff_diff import CallawaySantAnna
folder, method = sys.argv[1:]
y, cohort, x = (np.load(f"{folder}/{name}.npy") for name in ("outcomes", "cohort", "covariates"))
n, months = y.shape
frame = pd.DataFrame({"unit": np.repeat(np.arange(n), months), "month": np.tile(np.arange(1, months + 1), n),
                      "first": np.repeat(cohort, months), "y": y.ravel()})
names = [f"x{j}" for j in range(x.shape[1])]
for j, name in enumerate(names):
    frame[name] = np.repeat(x[:, j], months)
del y, x
began, worked = time.perf_counter(), time.process_time()
found = CallawaySantAnna(control_group="never_treated", estimation_method=method).fit(
    frame, outcome="y", unit="unit", time="month", first_treat="first", covariates=names, aggregate="event_study")
seconds, processor = time.perf_counter() - began, time.process_time() - worked
events = {str(e): [float(found.event_study_effects[e]["effect"]), float(found.event_study_effects[e]["se"])]
          for e in (5, 12)}
print(json.dumps({"name": "diff-diff " + version("diff-diff"), "seconds": seconds, "processor": processor,
                  "events": events, "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
"""


def make(folder: Path, customers: int, covariates: int) -> None:
    """Write the panel as arrays."""
    rng = np.random.default_rng(20261122)
    x = rng.normal(size=(customers, covariates))
    taste = x @ np.linspace(0.5, 0.2, covariates) + rng.logistic(size=customers)
    treated = taste > np.quantile(taste, 0.4)
    cohort = np.where(treated, rng.choice(list(FIRST_COHORTS), size=customers), 0)
    months = np.arange(1, MONTHS + 1)
    outcomes = rng.normal(size=(customers, 1)) + rng.normal(size=(customers, MONTHS))
    outcomes += 0.05 * months + (x @ np.linspace(0.1, 0.3, covariates))[:, None] * months / MONTHS
    event = months - cohort[:, None]
    outcomes += np.where((cohort[:, None] > 0) & (event >= 0), 1.0 + 0.1 * event, 0.0)
    for name, values in (("outcomes", outcomes), ("cohort", cohort), ("covariates", x)):
        np.save(folder / f"{name}.npy", values)


def ours(folder: Path, method: str) -> dict[str, object]:
    """Estimate, and say what it took."""
    from analysis.inference.staggered.aggregate import aggregate
    from analysis.inference.staggered.rows import group_time_rows

    outcomes, cohort, covariates = (np.load(folder / f"{name}.npy") for name in ("outcomes", "cohort", "covariates"))
    began, worked = time.perf_counter(), time.process_time()
    found = group_time_rows(outcomes, cohort, covariates=covariates, method=method)  # type: ignore[arg-type]
    dynamic = aggregate(found, "dynamic")
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    errors = np.sqrt(np.diag(dynamic.covariance))
    places = {e: int(np.flatnonzero(dynamic.keys == e)[0]) for e in (5, 12)}
    return {
        "name": "ours",
        "seconds": seconds,
        "processor": processor,
        "events": {str(e): [float(dynamic.values[at]), float(errors[at])] for e, at in places.items()},
        "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def main() -> None:
    """Make, run both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--covariates", type=int, default=3)
    parser.add_argument("--method", choices=["dr", "reg", "ipw"], default="dr")
    parser.add_argument("--peer", help="the Python of an environment with diff-diff")
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        print(json.dumps(ours(given.only, given.method)))
        return
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as place:
        make(Path(place), given.customers, given.covariates)
        commands = [[sys.executable, __file__, "--method", given.method, "--only", place]]
        if given.peer:
            commands.append([given.peer, "-c", PEER, place, given.method])
        found = []
        for command in commands:
            said = subprocess.run(command, env=os.environ | single, check=True, capture_output=True, text=True)
            found.append(json.loads(said.stdout.strip().splitlines()[-1]))
    print(f"{given.customers:,} x {MONTHS}, {given.covariates} covariates, {given.method}, never-treated controls")
    for one in found:
        events = ", ".join(f"event {e}: {value:.5f} ({se:.5f})" for e, (value, se) in one["events"].items())
        times = [f"{one[what]:7.2f} s ({one[what] / found[0][what]:5.1f})" for what in ("seconds", "processor")]
        print(f"  {one['name']:18} {times[0]} of wall {times[1]} of processor {one['gib']:5.2f} GiB   {events}")


if __name__ == "__main__":
    main()
