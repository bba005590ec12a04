"""A process that takes hostile files in, one after the other, and writes down what became of each, and its memory.

python -m tests.tables.intake.hostile_intake FOLDER
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
from analysis.runner import taking_in
from tests.tables.intake.hostile_files import AS_OF

TAKE_IN = taking_in.take_in_sources


def memory(what: str) -> int:
    """Bytes of this process: what it holds now (VmRSS), and the most it held since `forget` (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(what))


def forget() -> None:
    """Begin anew to note the most memory that was held."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def of(home: Path) -> dict[str, Any]:
    """What became of one, which is laid down here."""
    forget()
    started = time.perf_counter()
    found: dict[str, Any] = {"faults": [], "rows": None, "said": "", "bug": ""}
    taking_in.take_in_sources = lambda *given, **named: noted(found, *given, **named)  # type: ignore[assignment]
    found["status"], found["told"] = command(home / "params" / "sources.yaml")
    path = home / "tables" / "orders.parquet"
    found["rows"] = pq.read_table(path).to_pylist() if path.is_file() else []
    found["left"] = sorted(
        path.name for path in home.iterdir() if path.name not in ("params", "exports", "shop.yaml", "real.csv")
    )
    found["peak"] = memory("VmHWM")
    found["seconds"] = time.perf_counter() - started
    return found


def noted(found: dict[str, Any], *given: Any, **named: Any) -> Any:
    """The intake itself, what it finds noted on the way to the command."""
    try:
        taken = TAKE_IN(*given, **named)
    except InputError as error:
        found["faults"] = [asdict(fault) for fault in error.faults]
        raise
    except Exception:
        found["bug"] = traceback.format_exc()
        raise
    found["said"] = str(taken)
    return taken


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
    start = memory("VmRSS")
    for home in sorted(Path(sys.argv[1]).iterdir(), key=lambda one: int(one.name)):
        found = of(home)
        found["above"] = found.pop("peak") - start
        print(json.dumps({"case": home.name, **found}, default=str), flush=True)
