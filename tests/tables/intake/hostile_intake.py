"""A process that takes hostile files in, one after the other, and writes down what became of each, and its memory.

python -m tests.tables.intake.hostile_intake FOLDER [NAME OF A CASE]
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from analysis.cli import main
from analysis.foundation.errors import InputError
from analysis.runner.taking_in import take_in_sources
from tests.tables.intake.hostile_files import CASES, LARGE, SHOP, Case

AS_OF = "2026-10-03"
MEGABYTE = 1 << 20


def memory(what: str) -> int:
    """Bytes of this process: what it holds now (VmRSS), and the most it held since `forget` (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(what))


def forget() -> None:
    """Begin anew to note the most memory that was held."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def of(case: Case, home: Path) -> dict[str, Any]:
    """What became of one."""
    (home / "params").mkdir(parents=True)
    (home / "exports").mkdir()
    case.lay(home / "exports")
    given = "map: shop.yaml, " if case.map == "shop" else f"map: {case.map}, " if case.map else ""
    (home / "shop.yaml").write_text(SHOP, encoding="utf-8")
    sources = home / "params" / "sources.yaml"
    sources.write_text(f"zone: {case.zone}\nsources:\n  - {{name: own, {given}path: exports}}\n", encoding="utf-8")
    forget()
    started = time.perf_counter()
    found: dict[str, Any] = {"faults": [], "rows": None, "said": "", "bug": ""}
    try:
        found["said"] = str(take_in_sources(sources, as_of=AS_OF))
        path = home / "tables" / f"{case.table}.parquet"
        if path.is_file():
            found["rows"] = pq.read_table(path).to_pylist()
    except InputError as error:
        found["faults"] = [asdict(fault) for fault in error.faults]
        found["error"] = str(error)
        found["status"], found["told"] = command(sources)
    except Exception:
        found["bug"] = traceback.format_exc()
    found["left"] = sorted(
        path.name for path in home.iterdir() if path.name not in ("params", "exports", "shop.yaml", "real.csv")
    )
    found["peak"] = memory("VmHWM")
    found["seconds"] = time.perf_counter() - started
    return found


def command(sources: Path) -> tuple[object, str]:
    """The exit status of the command, and all it says."""
    told = io.StringIO()
    sys.argv = ["touchstone", "intake", str(sources), "--as-of", AS_OF]
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            main()
        except SystemExit as end:
            return end.code, told.getvalue()
    return None, told.getvalue()


if __name__ == "__main__":
    folder, *asked = sys.argv[1:]
    every = CASES | LARGE
    start = memory("VmRSS")
    answers = {name: of(every[name], Path(folder) / str(number)) for number, name in enumerate(asked or CASES)}
    for answer in answers.values():
        answer["above"] = answer.pop("peak") - start
    print(json.dumps(answers, default=str))
