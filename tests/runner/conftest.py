"""A study small enough to run in a moment: a folder of tiny tables, and notebooks that record without computing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

RECORD = (
    "import json, os, pathlib\n"
    "part = pathlib.Path(os.environ['TOUCHSTONE_RUN_DIR'], 'parts', '{step}.json')\n"
    "part.parent.mkdir(exist_ok=True)\n"
    "part.write_text(json.dumps({part}))"
)
PARTS = {
    "metrics": {"metrics": [{"id": "mentions", "state": "provisional"}]},
    "month_close": {},
    "before_after": {"effects": []},
    "service_effect": {},
    "adoption": {},
    "change_log": {},
    "ab_segments": {},
    "effort": {},
    "roi_case": {},
}
TABLES = {
    "mentions": "mention_id,posted_at,platform\n"
    + "".join(f"m{n},2026-0{n % 6 + 1}-1{n}T10:00:00Z,x\n" for n in range(9)),
    "orders": "order_id,customer_id,ordered_at,revenue,currency\n"
    + "".join(f"o{n},c{n % 3},2026-0{n % 6 + 1}-0{n + 1}T10:00:00Z,10.00,EUR\n" for n in range(6)),
    "issues": "issue_id,customer_id,opened_at,channel\n"
    + "".join(f"i{n},c{n % 3},2026-0{n % 6 + 1}-2{n}T10:00:00Z,social\n" for n in range(6)),
    "changes": "change_id,effective_from,kind,description\nh1,2026-03-01T00:00:00Z,staffing,More people\n",
    "assignments": "experiment_id,customer_id,arm\n" + "".join(f"e,c{n},{'ab'[n % 2]}\n" for n in range(3)),
    "outcomes": "experiment_id,customer_id,name,value\n" + "".join(f"e,c{n},visit,{n % 2}\n" for n in range(3)),
    "customers": "customer_id,region\nc0,north\nc1,south\nc2,\n",
}


def _write_notebook(folder: Path, step: str, *cells: str) -> None:
    """A notebook of the step: the given cells, then one that records."""
    part = PARTS.get(step)
    record = [] if part is None else [RECORD.replace("{step}", step).replace("{part}", repr(part))]
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}}
    )
    parameters = nbformat.v4.new_code_cell(
        'params = "params/demo.yaml"  # type: str', metadata={"tags": ["parameters"]}
    )
    book.cells = [
        nbformat.v4.new_markdown_cell(f"# About {step}"),
        parameters,
        *map(nbformat.v4.new_code_cell, [*cells, *record]),
    ]
    nbformat.write(book, folder / f"{step}.ipynb")


@pytest.fixture
def write_notebook() -> Callable[..., None]:
    """Writes a notebook of a step: the given cells, then one that records."""
    return _write_notebook


@pytest.fixture
def killed_at() -> Callable[[int, Callable[[], None]], bool]:
    """Runs some work in a process of its own that is killed before its n-th call that changes files."""
    return _killed_at


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `params/trial.yaml`, tables, and tiny notebooks in place of the shipped ones."""
    home = tmp_path / "home"
    (home / "params").mkdir(parents=True)
    (home / "data").mkdir()
    for table, text in TABLES.items():
        (home / "data" / f"{table}.csv").write_text(text)
    (home / "params" / "trial.yaml").write_text("study: trial\ndata: {folder: data}\nroi:\n")
    notebooks = home / "notebooks"
    notebooks.mkdir()
    for step in (*PARTS, "summary"):
        _write_notebook(notebooks, step)
    monkeypatch.setattr("analysis.runner.same_run.shipped", lambda folder: home / folder)
    monkeypatch.setattr("analysis.runner.study.code_fingerprint", lambda: "sha256:0")
    monkeypatch.setattr("analysis.runner.opening.code_fingerprint", lambda: "sha256:0")
    monkeypatch.chdir(home)
    return home


CHANGES = frozenset({"os.rename", "os.remove", "os.symlink", "os.link", "os.mkdir", "os.rmdir", "os.truncate"})
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def _killed_at(step: int, work: Callable[[], None]) -> bool:
    """Run `work` in a process of its own that is killed (-9) before its `step`-th call that changes files.

    True if it was killed, False if it came to its end before that.
    """
    child = os.fork()
    if child == 0:
        left = step

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFEXITED(ended) and os.WEXITSTATUS(ended) != 0:
        raise AssertionError("the work failed in the process it was given")
    return os.WIFSIGNALED(ended) and os.WTERMSIG(ended) == signal.SIGKILL
