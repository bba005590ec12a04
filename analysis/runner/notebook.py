"""Did a notebook run to its end, in a clean kernel, with the one parameter it should have?

Papermill executes; the verdict is ours, since papermill lets an unknown parameter pass and marks cells completed that
never ran. A notebook is done when papermill returned, every code cell has a number, no output is an error and its part
of the results can be read. What runs in which order is left to `run`.
"""

from __future__ import annotations

import ast
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation import errors
from analysis.foundation.errors import TouchstoneError
from analysis.foundation.machine import lack_of, lack_told
from analysis.runner.manifest import State
from analysis.runner.shipped import PACKAGE

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

    from analysis.runner.kernels import Nursery

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # a second of import, never used

PARAMETER = "params"
STAMP = "touchstone"
"""Where an executed notebook's metadata say which run it belongs to."""
INJECTED = "injected-parameters"
"""How papermill marks the cell that it puts the parameter into."""
TIME_OUT_SECONDS = 3600.0
START_SECONDS = 120

logging.getLogger("papermill").setLevel(logging.CRITICAL)  # the verdict and its words are ours


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a notebook ended: `done`, `failed` or `interrupted`; where it failed; our own error's name and words.

    `cell` is the number in the executed notebook's `In [n]`. Words of other errors are withheld, since they may hold a
    row's content; they stand in the executed notebook.
    """

    state: State
    seconds: float
    cell: int | None = None
    error: str | None = None
    message: str | None = None


def read_notebook(path: Path) -> NotebookNode:
    """The notebook in a file, in the current format."""
    import nbformat  # here: a rerun that changes nothing reads no notebook

    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def check_parameter(notebook: Path) -> None:
    """Refuse a notebook whose `parameters` cell names anything but `params`.

    Raises
    ------
    TouchstoneError
        If it has no such cell, or other names: papermill would let both pass.
    """
    cells = [
        cell
        for cell in read_notebook(notebook).cells
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", [])
    ]
    if len(cells) != 1:
        raise TouchstoneError(f"{notebook.name} has {len(cells)} cells tagged `parameters` and must have one.")
    statements = ast.parse(cells[0].source).body
    names = [
        target.id if isinstance(target, ast.Name) else "?"
        for statement in statements
        for target in (statement.targets if isinstance(statement, ast.Assign) else [None])
    ]
    if names != [PARAMETER]:
        raise TouchstoneError(
            f'{notebook.name}: the cell tagged `parameters` must be one line, `{PARAMETER} = "params/demo.yaml"`, '
            "without an annotation; papermill does not see annotated names."
        )


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process, with this package on the path and nothing that a person starts Python with."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONSTARTUP", "PYTHONPATH")}
    path = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(path), **variables}


class Kernel:
    """One notebook's kernel: this Python, in a clean environment, which can be stopped from another thread.

    Parameters
    ----------
    variables : mapping of str to str
        Environment variables put above the ones of this process.
    nursery : Nursery, optional
        The process it is forked from; without one it is started by itself.
    """

    def __init__(self, variables: Mapping[str, str], nursery: Nursery | None = None) -> None:
        self.environment = clean_environment(variables)
        self.nursery = nursery
        self.stopped: str | None = None
        self._process: Any = None
        self._lock = threading.Lock()

    def stop(self, why: str) -> None:
        """End the kernel's process, now or as soon as it starts."""
        with self._lock:
            self.stopped = self.stopped or why
            if self._process is not None and self._process.poll() is None:
                self._process.kill()

    def began(self, process: Any) -> None:
        """Remember the process, so that `stop` finds it."""
        with self._lock:
            self._process = process
            if self.stopped is not None:
                process.kill()

    def manager_class(self) -> type[AsyncKernelManager]:
        """The kernel manager that nbclient makes its kernel with."""
        from jupyter_client.kernelspec import KernelSpec  # here: a rerun that changes nothing starts no kernel
        from jupyter_client.manager import AsyncKernelManager
        from traitlets import default

        from analysis.runner.kernels import stanza

        kernel = self

        class Manager(AsyncKernelManager):
            """Starts the running Python, whatever kernels are installed, over encrypted TCP."""

            @property
            def kernel_spec(self) -> KernelSpec:
                command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
                about = {"supported_encryption": ["curve"], **stanza()}
                return KernelSpec(argv=command, display_name="Python 3", language="python", metadata=about)

            @property
            def nursery(self) -> Nursery | None:
                return kernel.nursery

            @default("transport")
            def _tcp(self) -> str:
                return "tcp"

            @default("transport_encryption")
            def _encrypted(self) -> str:
                return "auto"

            async def _async_start_kernel(self, **given: Any) -> None:
                await super()._async_start_kernel(**{**given, "env": dict(kernel.environment)})
                kernel.began(getattr(self.provisioner, "process", None))

            start_kernel = _async_start_kernel

            async def _async_interrupt_kernel(self) -> None:
                """Jupyter interrupts a kernel before it asks it to end; one that has nothing to do reports an error."""

            interrupt_kernel = _async_interrupt_kernel

        return Manager


def execute(
    notebook: Path,
    output: Path,
    *,
    params: str,
    folder: Path,
    kernel: Kernel,
    part: Path | None,
    time_out: float = TIME_OUT_SECONDS,
) -> Verdict:
    """Execute a notebook into `output` and say how it ended.

    Parameters
    ----------
    notebook, output : Path
        Absolute.
    params : str
        What the notebook's one parameter is set to.
    folder : Path
        The kernel's working folder; this process stays where it is.
    kernel : Kernel
    part : Path, optional
        The part of the results that the notebook must have left.
    time_out : float
        Seconds for the whole notebook.
    """
    begun = time.monotonic()
    clock = threading.Timer(time_out, kernel.stop, [f"took longer than {time_out:,.0f} seconds"])
    clock.daemon = True
    clock.start()
    try:
        verdict = _executed(notebook, output, params, folder, kernel)
    finally:
        clock.cancel()
    if kernel.stopped is not None:
        state: State = "interrupted" if kernel.stopped == INTERRUPTED else "failed"
        verdict = (state, None, "Stopped", kernel.stopped)
    elif verdict[0] == "done":
        verdict = _looked_over(output, part)
    return Verdict(verdict[0], time.monotonic() - begun, *verdict[1:])


INTERRUPTED = "interrupted"
Found = tuple[State, "int | None", "str | None", "str | None"]
_DONE: Found = ("done", None, None, None)


def _executed(notebook: Path, output: Path, params: str, folder: Path, kernel: Kernel) -> Found:
    import asyncio  # here, as papermill: a rerun that changes nothing executes nothing

    import papermill
    from papermill.exceptions import PapermillExecutionError

    from analysis.runner.saving import ENGINE

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            _literal(notebook),
            _literal(output),
            {PARAMETER: params},
            engine_name=ENGINE,
            kernel_name="python3",
            kernel_manager_class=kernel.manager_class(),
            resources={"metadata": {"path": str(folder)}},
            progress_bar=False,
            record_timing=False,
            shutdown_kernel="immediate",
            start_timeout=START_SECONDS,
        )
    except PapermillExecutionError as error:
        ours = getattr(errors, error.ename, None)
        known = isinstance(ours, type) and issubclass(ours, TouchstoneError)
        said = error.evalue if known else lack_told(error.ename, error.evalue)
        return "failed", error.exec_count, error.ename, said
    except Exception as error:  # the kernel died or never came up: a verdict, not a crash of the run
        return "failed", None, type(error).__name__, lack_of(error)
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return _DONE


def _literal(path: Path) -> str:
    """A path as papermill takes it, which reads braces as a template."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _looked_over(output: Path, part: Path | None) -> Found:
    """Our own look at an executed notebook, from what lies on the disk."""
    for cell in read_notebook(output).cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if cell.execution_count is None:
            return "failed", None, "NotExecuted", "a code cell was not executed"
        if any(one.output_type == "error" for one in cell.outputs) or cell.metadata.get("papermill", {}).get(
            "exception"
        ):
            return "failed", cell.execution_count, "ErrorOutput", "a cell shows an error"
    if part is not None and not _readable(part):
        return "failed", None, "NoPart", "it recorded no result that can be read: does it call `study.record`?"
    return _DONE


def _readable(part: Path) -> bool:
    try:
        return isinstance(json.loads(part.read_text(encoding="utf-8")), dict)
    except (OSError, ValueError):
        return False


def stamp_of(study: str, run: str) -> dict[str, str]:
    """What an executed notebook says of where it belongs, under `STAMP`."""
    return {"run": run, "study": study}


def without_traces(output: Path, stamp: Mapping[str, str] | None = None) -> None:
    """Take clock times, this machine's paths and chance out of an executed notebook's metadata and its cells' names.

    With a `stamp` the notebook says which run it belongs to.
    """
    import nbformat

    notebook = read_notebook(output)
    notebook.metadata.pop("papermill", None)
    if stamp is not None:
        notebook.metadata[STAMP] = dict(stamp)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = INJECTED  # papermill draws one
    nbformat.write(notebook, output)  # type: ignore[no-untyped-call]
