"""Kernels that are forked are what kernels started by themselves are, and end with the process they came from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

from analysis.runner.kernels import Begun, Nursery, nursery
from analysis.runner.notebook import Kernel, clean_environment, execute

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")
SAYS = (
    "import os, sys, tempfile\n"
    "print(os.getcwd(), os.environ['MARK'], 'LEFT' in os.environ, tempfile.gettempdir())\n"
    "print(sys.argv[0].rpartition('/')[2].removesuffix('.py'), __name__, hash('a'), sys.flags.hash_randomization)\n"
    "print(type(get_ipython()).__name__, os.environ.get('MPLBACKEND'))"
)


@pytest.fixture(scope="module")
def one() -> Iterator[Nursery]:
    found = nursery(clean_environment({"PYTHONHASHSEED": "0", "LEFT": "over"}))
    assert found is not None
    yield found
    found.close()


def said(tmp_path: Path, source: Nursery | None) -> str:
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    )
    book.cells = [
        nbformat.v4.new_code_cell('params = ""', metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(SAYS)
    ]  # fmt: skip
    nbformat.write(book, tmp_path / "in.ipynb")
    variables = {"MARK": "seen", "PYTHONHASHSEED": "0", "TMPDIR": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ip")}
    verdict = execute(
        tmp_path / "in.ipynb", tmp_path / "out.ipynb", params="", folder=tmp_path, kernel=Kernel(variables, source),
        part=None,
    )  # fmt: skip
    assert verdict.state == "done", verdict
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    return "".join(output.text for cell in cells if cell.cell_type == "code" for output in cell.outputs)


def test_a_forked_kernel_sees_what_a_fresh_one_sees(tmp_path: Path, one: Nursery) -> None:
    forked, fresh = said(tmp_path, one), said(tmp_path, None)
    assert forked == fresh
    assert f"{tmp_path} seen False {tmp_path}" in forked


def test_kernels_end_with_the_process_they_came_from() -> None:
    """The nursery is killed outright; its kernel sees that within seconds."""
    found = Nursery(clean_environment({}))
    begun = found.begin("/nowhere/kernel.json", clean_environment({}), "/")
    assert begun is not None
    process = psutil.Process(begun.pid)
    assert process.ppid() == found._process.pid
    found.close()
    _, alive = psutil.wait_procs([process], timeout=20)
    assert not alive
    assert begun.poll() == 0
    assert found.begin("x", {}, "/") is None, "none can be had any more: kernels are then started by themselves"


def test_a_process_that_is_gone_has_ended() -> None:
    gone = Begun(2**22 + 1)
    assert (gone.poll(), gone.wait()) == (0, 0)
    gone.kill()
