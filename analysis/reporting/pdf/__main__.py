"""Prints a report in a process of its own: `python -m analysis.reporting.pdf`, spoken to by lines of JSON.

It first says what keeps it from printing, or null. Then it reads what to print, and prints.
A process of its own can print beside other work, and is told the same hash seed whoever asks. Who asks is the runner.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

from analysis.foundation.provenance import write_atomically
from analysis.reporting.pdf import Leaf, lack, printed, together


def main() -> int:
    """Say what is missing; print what is asked for."""
    sys.stdout.write(json.dumps(lack()) + "\n")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line.strip():
        return 0  # nothing is to be printed
    gc.disable()  # it prints once and ends: looking for cycles is a fifth of its time, and half a gigabyte is its peak
    asked = json.loads(line)
    folder = Path(asked["folder"])
    leaves = [Leaf(label, file, (folder / file).read_text(encoding="utf-8")) for label, file in asked["pages"]]
    facts = {name: asked[name] for name in ("study", "run", "period", "state", "beside")}
    document = together(leaves, **facts)
    write_atomically(folder / asked["file"], printed(document))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
