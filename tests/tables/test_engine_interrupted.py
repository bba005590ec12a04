"""DuckDB imports pandas when it is given parameters, and swallows what that raises: it must be there before."""

from __future__ import annotations

import subprocess
import sys

import pytest

STOPPED = """
import sys
from pathlib import Path

class Stopped:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise KeyboardInterrupt

{imports}
sys.meta_path.insert(0, Stopped())
try:
    {call}
except KeyboardInterrupt:
    raise SystemExit(7)
"""


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from analysis.tables.engine.duckdb_engine import DuckDBEngine", "DuckDBEngine({}, files=[])"),
        ("from analysis.tables.mapping_engine import MapEngine", "MapEngine({}, Path('.'))"),
        ("from analysis.tables.staging import staging", "staging(Path('.'), []).__enter__()"),
    ],
)
def test_ctrl_c_while_pandas_is_imported_ends_the_program(imports: str, call: str) -> None:
    program = STOPPED.format(imports=imports, call=call)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120, check=False)
    assert ended.returncode == 7, ended.stderr.decode()[-500:]
