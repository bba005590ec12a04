"""What does a run cost besides the counting?

    python benchmarks/fixed_cost.py [--repeats 3]

Times `touchstone --help`, a whole `touchstone run` of the demo company (tables prepared, no step finished), a second
run with the same inputs, and the same notebooks as a chain of command lines (`papermill`, then `jupyter nbconvert`, one
notebook after the other, on prepared tables). Prints seconds and the ratio of the notebooks' parts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = Path(sys.executable).parent
STEPS = ("metrics", "before_after", "ab_segments", "roi_case", "summary")


def seconds(*command: str) -> float:
    """Wall time of one command."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def touchstone(*arguments: str) -> float:
    """Wall time of our command."""
    return seconds(str(SCRIPTS / "touchstone"), *arguments)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    subprocess.run([str(SCRIPTS / "touchstone"), "demo", "--data-only"], cwd=ROOT, check=True, capture_output=True)
    help_times = [touchstone("--help") for _ in range(5 * repeats)]
    print(f"touchstone --help               best {min(help_times):6.2f} s, worst {max(help_times):.2f} s")
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report"
        cold, again, notebooks = [], [], []
        for _ in range(repeats):
            shutil.rmtree(Path(place), ignore_errors=True)
            Path(place).mkdir()
            cold.append(touchstone("run", "params/demo.yaml", "--out", str(report)))
            manifest = json.loads((report / "manifest.json").read_text())
            notebooks.append(manifest["seconds"])
            again.append(touchstone("run", "params/demo.yaml", "--out", str(report)))
        print(f"touchstone run, nothing finished     {min(cold):6.2f} s")
        print(f"touchstone run, same inputs again    {min(again):6.2f} s")
        best = min(notebooks, key=lambda one: one["notebooks"])
        for name, spent in {**best, **best["steps"]}.items():
            if name != "steps":
                print(f"    {name:32} {spent:6.2f} s")
        chain = []
        for _ in range(repeats):
            folder = Path(place) / "chain"
            for stale in (folder, ROOT / "reports" / ".scratch" / "demo"):
                shutil.rmtree(stale, ignore_errors=True)
            folder.mkdir()
            chain.append(sum(_one_by_one(step, folder) for step in STEPS))
        print(f"papermill + nbconvert, one by one    {min(chain):6.2f} s")
        print(f"ratio of the notebooks' parts        {min(chain) / best['notebooks']:6.2f}")


def _one_by_one(step: str, folder: Path) -> float:
    executed = str(folder / f"{step}.ipynb")
    start = time.perf_counter()
    seconds(
        str(SCRIPTS / "papermill"),
        f"notebooks/{step}.ipynb",
        executed,
        "-p",
        "params",
        str(ROOT / "params" / "demo.yaml"),
    )
    seconds(str(SCRIPTS / "jupyter"), "nbconvert", "--to", "html", "--no-input", executed)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
