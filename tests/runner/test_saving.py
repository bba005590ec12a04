"""A notebook under way is written every few seconds; when it has ended, however it did, it is there to its end."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import papermill.engines
import pytest

from analysis.runner import saving
from analysis.runner.notebook import Kernel, Verdict, execute

CELLS = ("a = 1", "print(a)", "a += 1", "print(a)", "a")


def executed(folder: Path, *cells: str) -> tuple[Verdict, Path]:
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "x", "display_name": "x", "language": "python"}})
    first = nbformat.v4.new_code_cell('params = "x.yaml"', metadata={"tags": ["parameters"]})
    book.cells = [first, *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(book, folder / "asked.ipynb")
    output = folder / "done.ipynb"
    kernel = Kernel({"PYTHONHASHSEED": "0"})
    verdict = execute(folder / "asked.ipynb", output, params="x.yaml", folder=folder, kernel=kernel, part=None)
    return verdict, output


@pytest.mark.parametrize(("every", "few"), [(3600.0, True), (0.0, False)])
def test_it_is_written_as_seldom_as_asked_and_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: float, few: bool
) -> None:
    writes, write = [], papermill.engines.write_ipynb
    monkeypatch.setattr(saving, "EVERY_SECONDS", every)
    monkeypatch.setattr(
        papermill.engines, "write_ipynb", lambda book, path: (writes.append(path), write(book, path))[1]
    )
    verdict, output = executed(tmp_path, *CELLS)
    assert verdict.state == "done", verdict
    assert (len(writes) <= 3) == few, "once when it begins, once when it ends"
    cells = json.loads(output.read_bytes())["cells"]
    assert [cell["execution_count"] for cell in cells if cell["source"]] == [1, 2, 3, 4, 5, 6, 7][: len(cells)]
    assert "".join(cells[-2]["outputs"][0]["text"]) == "2\n"


def test_what_was_done_before_a_failure_is_kept(tmp_path: Path) -> None:
    verdict, output = executed(tmp_path, "print('before')", "1 / 0", "print('after')")
    assert (verdict.state, verdict.error) == ("failed", "ZeroDivisionError")
    text = output.read_text()
    assert "before" in text
    assert "ZeroDivisionError" in text


def test_what_was_done_before_its_kernel_died_is_kept(tmp_path: Path) -> None:
    verdict, output = executed(tmp_path, "print('before')", "import os; os._exit(1)")
    assert verdict.state == "failed"
    assert "before" in output.read_text()
