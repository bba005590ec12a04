"""How long does the demo report take: from cold, run again, and after one parameter was changed?

    python benchmarks/demo.py [--repeats 3]

In a folder of its own, with the company made beforehand: `touchstone demo` with nothing read and no step done, the same
once more, and once with another discount rate. Each comes with how long a plain loop of twenty million steps took just
before it, since machines that others use as well change their pace within minutes. Wanted: under 60 s, 3 s and 25 s.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOUCHSTONE = Path(sys.executable).parent / "touchstone"
RATE = re.compile(r"discount_rate: 0\.\d+")


def loop() -> float:
    """Seconds that twenty million steps of a loop take: the pace of this machine just now."""
    start = time.perf_counter()
    for _ in range(20_000_000):
        pass
    return time.perf_counter() - start


def timed(label: str, home: Path, *arguments: str) -> None:
    """Run `touchstone demo` in a folder and print its wall time."""
    pace, start = loop(), time.perf_counter()
    subprocess.run([TOUCHSTONE, "demo", *arguments], cwd=home, check=True, capture_output=True)
    print(f"{label:28} {time.perf_counter() - start:6.2f} s, a loop {pace:.2f} s", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        for folder in ("params", "notebooks"):
            shutil.copytree(ROOT / folder, home / folder)
        timed("the company made", home, "--data-only")
        study = home / "params" / "demo.yaml"
        for number in range(repeats):
            shutil.rmtree(home / "reports", ignore_errors=True)
            timed("from cold", home)
            timed("the same again", home)
            study.write_text(RATE.sub(f"discount_rate: 0.07{number + 1}", study.read_text()))
            timed("after one parameter", home)


if __name__ == "__main__":
    main()
