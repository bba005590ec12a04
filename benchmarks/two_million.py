"""What do reading, counting and the studies cost at two million customers?

    python benchmarks/two_million.py [--customers 2000000] [--folder FOLDER]

Makes a company (once; `--folder` keeps it), prepares its tables, and times the metrics, the channel study and the
randomised tests, each beside a bare scan of the columns it reads, in one process. Prints seconds, ratios and peak
memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis.foundation.calendar import Month, months_between
from analysis.metrics.compute import care_metrics
from analysis.studies.channel import ChannelPlan, channel_effect
from analysis.studies.experiment.study import ExperimentPlan, randomised
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

ZONE = "Europe/London"
SCANS = {
    "metrics": (
        "select count(mention_id), max(posted_at), max(first_reply_at), max(kind), max(platform) from mentions",
        "select max(opened_at), max(channel) from issues",
        "select max(ordered_at), max(customer_id), sum(revenue) from orders",
    ),
    "channel study": (
        "select max(customer_id), max(ordered_at), sum(revenue), sum(margin) from orders",
        "select max(customer_id), max(issue_id), max(opened_at), max(channel), max(product) from issues",
        "select max(customer_id), max(issue_id), max(occurred_at), max(channel), max(direction) from touchpoints",
    ),
    "randomised tests": (
        "select max(customer_id), max(ordered_at), sum(revenue), sum(margin) from orders",
        "select max(customer_id), max(arm), max(assigned_at) from assignments",
    ),
}


def timed(work: Callable[[], Any]) -> float:
    """Seconds of wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_gib() -> float:
    """Most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(tables: Tables) -> None:
    """Time each study beside its bare scan."""
    months = months_between(Month.of("2023-10"), Month.of("2026-09"))
    studies: dict[str, Callable[[], Any]] = {
        "metrics": lambda: care_metrics(tables, months=months, zone=ZONE),
        "channel study": lambda: channel_effect(tables, ChannelPlan(strata=("region",), zone=ZONE)),
        "randomised tests": lambda: randomised(tables, ExperimentPlan()),
    }
    for name, study in studies.items():
        scan = min(timed(lambda queries=SCANS[name]: [tables.engine.query(sql) for sql in queries]) for _ in range(2))
        spent = timed(study)
        print(
            f"{name:18} {spent:7.1f} s  bare scan {scan:6.1f} s  ratio {spent / scan:5.1f}  peak {peak_gib():.1f} GiB"
        )


def main() -> None:
    """Make, prepare, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=2_000_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = given.folder or Path(place) / "company"
        if not (folder / "truth.json").exists():
            print(f"made in {timed(lambda: make_world(folder, world='demo', seed=1, customers=given.customers)):.1f} s")
        start = time.perf_counter()
        prepared = prepare([Source(folder)], cache=Path(place) / "cache", zone=ZONE)
        rows = sum(account.rows.read for account in prepared.accounts.values())
        print(f"{rows:,} rows checked in {time.perf_counter() - start:.1f} s, peak {peak_gib():.1f} GiB")
        with open_tables(prepared) as tables:
            measure(tables)


if __name__ == "__main__":
    main()
