"""What do the metric tables cost, family by family, beside a bare scan of the tables they read?

    python benchmarks/metrics.py [--customers 2000000] [--folder FOLDER] [--closes 0]

Makes a company (once; `--folder` keeps it and its prepared tables), opens its tables and counts every metric of three
years, each family by itself, in one process. A bare scan reads the columns that the family's tables are counted by.
With `--closes`, all metrics again as known at so many month's ends. Prints wall and processor seconds, ratios and peak
memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from analysis.foundation.calendar import Month, local_midnight, months_between
from analysis.metrics.catalogue import OR, definitions
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Counter
from analysis.metrics.families import (
    engagement,
    issues,
    mentions,
    purchases,
    service,
    subscriptions,
    surveys,
    times,
)
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

ZONE = "Europe/London"
MONTHS = months_between(Month.of("2023-10"), Month.of("2026-09"))
FAMILIES = (mentions, times, issues, service, surveys, purchases, subscriptions, engagement)
SCANS = {
    "mentions": "select count(mention_id), max(posted_at), max(first_reply_at), max(author_id) from mentions",
    "issues": "select count(issue_id), max(customer_id), max(opened_at), max(closed_at), max(channel) from issues",
    "touchpoints": "select max(customer_id), max(issue_id), max(occurred_at), max(channel) from touchpoints",
    "orders": "select max(customer_id), max(ordered_at), sum(revenue) from orders",
    "subscriptions": "select max(customer_id), max(started_at), max(ended_at) from subscriptions",
    "surveys": "select count(*), max(asked_at) from surveys",
    "posts": "select max(post_id), max(published_at) from posts",
    "post_actions": "select max(post_id), max(link_id), max(kind), sum(quantity), max(occurred_at) from post_actions",
    "post_counters": "select max(post_id), max(kind), sum(value), max(observed_at) from post_counters",
}


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of wall time, and of the processors."""
    start, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - busy


def peak_gib() -> float:
    """Most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def names(family: Any, tables: Tables) -> list[str]:
    """The metrics of a family that these tables can tell."""
    return [
        name
        for name in definitions()
        if name in family.COUNTS
        and all(any(_given(tables, one) for one in need.split(OR)) for need in definitions()[name].needs)
    ]


def _given(tables: Tables, need: str) -> bool:
    table, _, column = need.partition(".")
    return tables.has_column(table, column) if column else tables.has(table)


def read_by(metrics: Iterable[str], tables: Tables) -> list[str]:
    """The tables that metrics are counted from, of those there is a scan for."""
    needs = {one.partition(".")[0] for name in metrics for need in definitions()[name].needs for one in need.split(OR)}
    return [table for table in SCANS if table in needs and tables.has(table)]


def count(family: Any, metrics: Iterable[str], tables: Tables) -> None:
    """All rows of some metrics, with the scans they share."""
    counter = Counter(tables, MONTHS, ZONE)
    for name in metrics:
        list(family.COUNTS[name](counter, definitions()[name]))


def read(queries: Iterable[str], tables: Tables) -> None:
    """Some bare scans."""
    for sql in queries:
        tables.engine.query(sql)


def measure(tables: Tables) -> None:
    """Time each family beside its bare scan, then all of them together."""
    together = 0.0
    print(f"{'family':15} {'metrics':>7} {'wall s':>7} {'cpu s':>7} {'scan s':>7} {'ratio':>6} {'peak GiB':>8}")
    for family in FAMILIES:
        metrics = names(family, tables)
        queries = [SCANS[table] for table in read_by(metrics, tables)]
        scan = min(timed(partial(read, queries, tables))[0] for _ in range(2))
        wall, busy = timed(partial(count, family, metrics, tables))
        together += scan
        name = family.__name__.rpartition(".")[2]
        print(f"{name:15} {len(metrics):7} {wall:7.2f} {busy:7.2f} {scan:7.2f} {wall / scan:6.1f} {peak_gib():8.2f}")
    wall, busy = timed(partial(care_metrics, tables, months=MONTHS, zone=ZONE))
    print(f"{'all':15} {'':7} {wall:7.2f} {busy:7.2f} {together:7.2f} {wall / together:6.1f} {peak_gib():8.2f}")


def main() -> None:
    """Make, prepare, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=2_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--closes", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = given.folder or Path(place) / "company"
        if not (folder / "truth.json").exists():
            wall, _ = timed(partial(make_world, folder, world="demo", seed=1, customers=given.customers))
            print(f"made in {wall:.1f} s")
        start = time.perf_counter()
        cache = folder.with_name(f"{folder.name}_prepared")
        prepared = prepare([Source(folder)], cache=cache, zone=ZONE)
        rows = sum(account.rows.read for account in prepared.accounts.values())
        print(f"{rows:,} rows prepared in {time.perf_counter() - start:.1f} s, peak {peak_gib():.2f} GiB")
        with open_tables(prepared) as tables:
            measure(tables)
        for month in MONTHS[len(MONTHS) - given.closes :]:
            known_at = local_midnight(month.plus(1).first_day, ZONE) + timedelta(days=5)
            start = time.perf_counter()
            with open_tables(prepared, as_known_at=known_at) as tables:
                opened = time.perf_counter() - start
                wall, busy = timed(partial(care_metrics, tables, months=MONTHS, zone=ZONE))
            print(
                f"as known at {known_at:%Y-%m-%d}: opened in {opened:.2f} s, counted in {wall:.2f} s (cpu {busy:.2f})"
            )


if __name__ == "__main__":
    main()
