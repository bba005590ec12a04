"""What does the channel study cost at two million customers and fifty million events, against a bare scan?

    python benchmarks/channel.py [--customers 2000000] [--folder FOLDER] [--share 0.15 --share 0.5]

Makes a company (once; `--folder` keeps it), and from it one for each share of customers who are in the stack: issues
and touchpoints of the other customers are left out, and orders come twice until there are fifty million events. Times,
each share in a process of its own, the bare scan, the stack, the whole study with all its checks, and the same with the
effects and gates of four regions besides. The bare scan is one plain aggregate for each table, a maximum or a sum of
every column that the study reads, each read once, over the same views: nothing is joined, grouped or kept. It is timed
before and after each work, since others may use the machine meanwhile, and run once more in between, untimed, so that
no scan pays for what a work left behind. A ratio is the median, over the rounds, of a work's time to the mean of the
two scans around it; beside it stands that of the least times. Prints seconds of wall and of processor and peak memory
too. Wanted of the whole study: at most 3 scans at 15 %, 6 at 50 %, and 3 GiB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq

from analysis.studies.channel import ChannelPlan, channel_effect
from analysis.studies.stack_sql import engine_stack
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, open_tables, prepare

ZONE = "Europe/London"
EVENTS = 25
"""Orders, issues and touchpoints for each customer."""
TOUCHED = 0.57
"""Share of the demo world's customers who are in the stack of the whole company."""
SCAN = (
    "select max(customer_id), max(ordered_at), sum(revenue), sum(margin) from orders",
    "select max(customer_id), max(issue_id), max(opened_at), max(channel), max(product), sum(cost) from issues",
    "select max(customer_id), max(issue_id), max(occurred_at), max(channel), max(direction) from touchpoints",
    "select max(customer_id), max(started_at), max(ended_at) from subscriptions",
    "select max(customer_id), max(joined_at), max(region), max(product) from customers",
)
"""The columns that the study reads, of all its outcomes."""
ROUNDS = 5
PLAN = ChannelPlan(strata=("region",), zone=ZONE)
BY_REGION = replace(PLAN, segments=("region",))


def thinned(company: Path, share: float, folder: Path) -> Path:
    """The company with the issues and touchpoints of some customers only, chosen by a hash of their id.

    As many orders come twice, the second time under an id of their own, as `EVENTS` a customer need; cancelled orders
    are no events. The tables are written as `make_world` writes them, row group by row group: how a file is compressed
    and encoded changes what a scan of it takes by more than a half.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for table in ("customers", "subscriptions", "unit_costs"):
        if not (folder / f"{table}.parquet").exists():
            os.link(company / f"{table}.parquet", folder / f"{table}.parquet")
    chosen = f"select * from part where hash(customer_id) % 10000 < {share / TOUCHED * 1e4}"
    kept = sum(rewritten(table, chosen, company, folder) for table in ("issues", "touchpoints"))
    customers, orders = count("customers", company), count("orders", company, "where cancelled_at is null")
    lacking = max(EVENTS * customers - kept - orders, 0)
    ids = "unnest(case when twice then [order_id, order_id || ' again'] else [order_id] end)"
    doubled = f"(select *, hash(order_id) % 1000000 < {lacking / orders * 1e6} as twice from part)"
    rewritten("orders", f"select * exclude (twice) replace ({ids} as order_id) from {doubled}", company, folder)
    return folder


def count(table: str, folder: Path, where: str = "") -> int:
    """How many rows a table has."""
    return int(duckdb.sql(f"select count(*) as n from '{folder / table}.parquet' {where}").fetchall()[0][0])


def rewritten(table: str, rows: str, company: Path, folder: Path) -> int:
    """How many rows a query finds in the row groups of a table, each of which it sees as `part`."""
    file, found = pq.ParquetFile(company / f"{table}.parquet"), 0
    with (
        duckdb.connect() as connection,
        pq.ParquetWriter(folder / f"{table}.parquet", file.schema_arrow, compression="zstd") as writer,
    ):
        for number in range(file.num_row_groups):
            connection.register("part", file.read_row_group(number))
            group = connection.sql(rows).to_arrow_table().cast(file.schema_arrow)
            writer.write_table(group)
            found += len(group)
    return found


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of wall, and seconds of all processors."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def peak_gib() -> float:
    """Most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(folder: Path, cache: Path) -> None:
    """Time the study beside its bare scan."""
    with open_tables(prepare([Source(folder)], cache=cache, zone=ZONE)) as tables:

        def scan() -> list[Any]:
            return [tables.engine.query(sql) for sql in SCAN]

        def stack() -> Any:
            return engine_stack(tables, PLAN.rules(), outcomes=PLAN.outcomes, attributes=PLAN.strata)

        customers, events = (
            tables.engine.query(f"select {what} as n").column("n")[0].as_py()
            for what in (
                "(select count(*) from customers)",
                "(select count(*) from orders) + (select count(*) from issues) + (select count(*) from touchpoints)",
            )
        )

        def indexed() -> float:
            built = stack()
            everybody = built.cells(("arm",), where="main")
            (found,) = built.customers(everybody, np.ones((1, len(everybody)), dtype=bool), where="main")
            built.forget()
            return float(found / customers)

        share = indexed()
        works: dict[str, Callable[[], Any]] = {
            "stack": lambda: stack().forget(),
            "whole study": lambda: channel_effect(tables, PLAN),
            "by region too": lambda: channel_effect(tables, BY_REGION),
        }
        scans = [timed(scan)]
        took: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
        ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
        for name, work in ROUNDS * [*works.items()]:
            took[name].append(timed(work))
            scan()
            scans.append(timed(scan))
            around = [(before + after) / 2 for before, after in zip(*scans[-2:], strict=True)]
            ratios[name].append((took[name][-1][0] / around[0], took[name][-1][1] / around[1]))
    print(f"{events:,} events, {share:.1%} of {customers:,} customers indexed")
    print(f"  {'bare scan':14}{_least(scans)}")
    for name, seen in ratios.items():
        wall, processor = (statistics.median(one) for one in zip(*seen, strict=True))
        least = min(one for one, _ in took[name]) / min(one for one, _ in scans)
        told = f"{wall:5.2f} scans of wall (least by least {least:.2f}), {processor:5.2f} of processor"
        print(f"  {name:14}{_least(took[name])}  {told}")
    print(f"  peak memory {peak_gib():.2f} GiB", flush=True)


def _least(times: Sequence[tuple[float, float]]) -> str:
    wall, processor = (min(one) for one in zip(*times, strict=True))
    return f"{wall:6.2f} s wall {processor:6.2f} s processor"


def main() -> None:
    """Make, thin, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=2_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--share", type=float, action="append")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = given.folder or Path(place)
        company, cache = home / "company", home / "cache"
        if not (company / "truth.json").exists():
            seconds, _ = timed(lambda: apart(made, company, given.customers))
            print(f"made in {seconds:.1f} s")
        for share in given.share or (0.15, 0.5):
            folder = home / f"share_{share:g}"
            apart(prepared, company, share, folder, cache)
            apart(measure, folder, cache)


def made(company: Path, customers: int) -> None:
    """Make a company up."""
    make_world(company, world="demo", seed=1, customers=customers)


def apart(work: Callable[..., Any], *given: Any) -> None:
    """Work in a process of its own: one that is started counts what its parent held as its own peak memory."""
    one = multiprocessing.get_context("spawn").Process(target=work, args=given)
    one.start()
    one.join()
    if one.exitcode:
        raise SystemExit(one.exitcode)


def prepared(company: Path, share: float, folder: Path, cache: Path) -> None:
    """Thin a company's tables, unless that is done, read and check them."""
    if not (folder / "orders.parquet").exists():
        thinned(company, share, folder)
    prepare([Source(folder)], cache=cache, zone=ZONE)


if __name__ == "__main__":
    main()
