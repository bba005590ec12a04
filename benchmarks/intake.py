"""What does it cost to take an export in, and each step on the way, beside a bare read of the same file?

    python benchmarks/intake.py [--rows 5000000] [--folder FOLDER] [--quoted]

Makes a CSV of hits (once; `--folder` keeps it; `--quoted` puts every cell in quotation marks). Then, each in a process
of its own, on the same file: DuckDB's own reading, every column parsed as text, three ways, each faster than the next
can be (the cells counted and forgotten; kept as a table in memory; written to Parquet); the same file as exact text in
Parquet (`read_text`); as a table of the contract through a source map (`mapped`); and the whole first intake, from the
file to published tables and their report (`intake`). Prints wall and processor
seconds, ratios, and peak memory of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from analysis.tables.intake.sources import IntakeSource
from analysis.tables.intake.take_in import take_in
from analysis.tables.mapping import mapped
from analysis.tables.reader import read_text
from analysis.tables.scans import literal

COLUMNS = ("Hit id", "Time", "Post", "Customer", "Kind", "Quantity", "Exclude")
MAP = """\
map: hits
about: Made-up clicks and views of posts, one row a hit.
zone: UTC
files:
  hits:
    headers:
      - about: the export
        has: [Hit id, Time, Post, Customer, Kind, Quantity, Exclude]
    time_formats: ["%Y-%m-%d %H:%M:%S"]
    basis: {Quantity: action}
tables:
  - table: post_actions
    from: hits
    set_aside:
      - {reason: excluded hit, when: {of: Exclude, is: "1"}}
    columns:
      action_id: Hit id
      post_id: Post
      customer_id: Customer
      kind: {of: Kind, values: {like: like, share: share, click: click, view: view}}
      quantity: {number: Quantity}
      occurred_at: {time: Time}
"""


def make(path: Path, rows: int, quoted: bool) -> None:
    """Write the export."""
    second = "to_seconds(cast((i * 7919) % (31 * 86400) as bigint))"
    cells = (
        "1000000000 + i",
        f"strftime(timestamp '2025-10-01' + {second}, '%Y-%m-%d %H:%M:%S')",
        "'p' || ((i * 31) % 50000)",
        "100000 + (i * 977) % 2000000",
        "case i % 4 when 0 then 'like' when 1 then 'share' when 2 then 'click' else 'view' end",
        "1 + i % 3",
        "case when i % 97 = 0 then 1 else 0 end",
    )
    listed = ", ".join(f'{cell} as "{name}"' for cell, name in zip(cells, COLUMNS, strict=True))
    quotes = ", force_quote *" if quoted else ""
    duckdb.sql(
        f"copy (select {listed} from range({rows}) as t(i)) to {literal(str(path))} (format csv, header{quotes})"
    )


def bare(path: Path) -> str:
    """DuckDB's reading of the file, told all there is to know of it, every column text."""
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in COLUMNS)
    return f"read_csv({literal(str(path))}, header = true, auto_detect = false, columns = {{{columns}}})"


def ways(path: Path, cache: Path) -> dict[str, Callable[[], object]]:
    """What is measured."""
    counts = ", ".join(f'count("{name}")' for name in COLUMNS)
    source_map = cache / "hits.yaml"
    return {
        "bare, counted": lambda: duckdb.execute(f"select {counts} from {bare(path)}").fetchall(),
        "bare, kept": lambda: duckdb.execute(f"create table held as select * from {bare(path)}"),
        "bare, written": lambda: duckdb.execute(
            f"copy (select * from {bare(path)}) to {literal(str(cache / 'bare.parquet'))} (format parquet)"
        ),
        "read_text": lambda: read_text(path, cache=cache),
        "mapped": lambda: mapped(str(source_map), path, cache=cache),
        "intake": lambda: take_in(
            [IntakeSource(name="hits", paths=(path,), map=str(source_map))],
            cache / "tables",
            as_of=datetime(2026, 1, 6),
        ),
    }


def measured(way: str, path: Path) -> dict[str, float]:
    """Seconds and peak memory of one way, in this process."""
    with tempfile.TemporaryDirectory(dir=path.parent) as cache:
        (Path(cache) / "hits.yaml").write_text(MAP, encoding="utf-8")
        work = ways(path, Path(cache))[way]
        start, busy = time.perf_counter(), time.process_time()
        work()
        wall, processor = time.perf_counter() - start, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"wall": wall, "processor": processor, "peak_gib": peak}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--quoted", action="store_true")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = given.folder or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"hits-{given.rows}{'-quoted' if given.quoted else ''}.csv"
        if given.way:
            print(json.dumps(measured(given.way, path)))
            return
        if not path.exists():
            make(path, given.rows, given.quoted)
        print(f"{given.rows:,} rows, {path.stat().st_size / 2**30:.2f} GiB{', quoted' if given.quoted else ''}")
        print(f"{'':16} {'wall s':>8} {'cpu s':>8} {'peak GiB':>9}   wall beside each bare read")
        bares: list[float] = []
        for way in ways(path, folder):
            command = [sys.executable, __file__, "--rows", str(given.rows), "--folder", str(folder), "--way", way]
            command += ["--quoted"] if given.quoted else []
            runs = [
                json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                for _ in range(given.repeats)
            ]
            best = min(runs, key=lambda run: run["wall"])
            bares += [best["wall"]] if way.startswith("bare") else []
            ratios = "  ".join(f"{best['wall'] / one:5.2f}" for one in bares)
            print(f"{way:16} {best['wall']:8.2f} {best['processor']:8.2f} {best['peak_gib']:9.2f}   {ratios}")


if __name__ == "__main__":
    main()
