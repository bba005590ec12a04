"""A notebook runs in a clean kernel, and whether it is done is our own verdict, not papermill's. Real kernels: 10 s."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from analysis.foundation.errors import TouchstoneError
from analysis.runner.notebook import INTERRUPTED, Kernel, Verdict, check_parameter, execute, without_traces
from analysis.runner.shipped import shipped

PARAMETER = 'params = "params/demo.yaml"  # type: str'
WRITES_PART = "import json, os, pathlib; pathlib.Path(os.environ['PART']).write_text('{}')"


def notebook(folder: Path, *cells: str, parameters: str = PARAMETER, tagged: int = 1) -> Path:
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "none", "display_name": "x", "language": "python"}}
    )
    first = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}) for _ in range(tagged)]
    book.cells = [nbformat.v4.new_markdown_cell("# A question"), *first, *map(nbformat.v4.new_code_cell, cells)]
    path = folder / "asked.ipynb"
    nbformat.write(book, path)
    return path


def executed(folder: Path, *cells: str, time_out: float = 60, kernel: Kernel | None = None) -> tuple[Verdict, Path]:
    part, output = folder / "part.json", folder / "out" / "asked.ipynb"
    verdict = execute(
        notebook(folder, *cells),
        output,
        params='a "quoted" \\ {name}.yaml',
        folder=folder,
        kernel=kernel or Kernel({"PART": str(part), "PYTHONHASHSEED": "0"}),
        part=part,
        time_out=time_out,
    )
    return verdict, output


def printed(output: Path) -> list[str]:
    cells = nbformat.read(output, as_version=4).cells
    return [one.text for cell in cells if cell.cell_type == "code" for one in cell.outputs if "text" in one]


def test_a_notebook_gets_its_parameter_and_its_folder_and_leaves_this_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    (tmp_path / "startup.py").write_text("raise SystemExit(9)")
    here, environment = os.getcwd(), dict(os.environ)
    verdict, output = executed(
        tmp_path,
        WRITES_PART,
        "",
        "import os, sys; print(params, os.getcwd(), sys.executable, os.environ['PYTHONHASHSEED'])",
    )
    import sys

    assert verdict.state == "done", verdict
    assert printed(output) == [f'a "quoted" \\ {{name}}.yaml {tmp_path} {sys.executable} 0\n']
    assert (os.getcwd(), dict(os.environ)) == (here, environment)
    without_traces(output)
    assert str(tmp_path) not in json.dumps(nbformat.read(output, as_version=4).metadata)
    assert all("papermill" not in cell.metadata for cell in nbformat.read(output, as_version=4).cells)


def test_a_kernel_that_has_done_its_work_is_not_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would say so on the screen of whoever runs a study."""
    sent: list[int] = []

    async def noted(provisioner: LocalProvisioner, number: int) -> None:
        sent.append(number)

    monkeypatch.setattr(LocalProvisioner, "send_signal", noted)
    verdict, _ = executed(tmp_path, WRITES_PART)
    assert verdict.state == "done"
    assert signal.SIGINT not in sent


def test_a_foreign_error_is_named_and_its_words_are_withheld(tmp_path: Path) -> None:
    verdict, _ = executed(tmp_path, WRITES_PART, "raise ValueError('row 17: Jane Doe')", "1")
    assert (verdict.state, verdict.cell, verdict.error, verdict.message) == ("failed", 4, "ValueError", None)


def test_our_own_error_is_told_in_its_words(tmp_path: Path) -> None:
    verdict, _ = executed(tmp_path, "from analysis.foundation.errors import TooSoon; raise TooSoon('wait until May')")
    assert (verdict.state, verdict.error, verdict.message) == ("failed", "TooSoon", "wait until May")


def test_a_notebook_that_records_nothing_is_not_done(tmp_path: Path) -> None:
    verdict, _ = executed(tmp_path, "1")
    assert (verdict.state, verdict.error) == ("failed", "NoPart")
    assert "does it call `study.record`?" in str(verdict.message)


def test_a_notebook_that_stops_early_is_not_done(tmp_path: Path) -> None:
    """papermill takes `SystemExit(0)` for an end and marks the cells after it completed."""
    verdict, _ = executed(tmp_path, WRITES_PART, "raise SystemExit(0)", "1")
    assert verdict.state == "failed"


def test_a_kernel_that_dies_is_a_failure_and_no_crash(tmp_path: Path) -> None:
    verdict, _ = executed(tmp_path, WRITES_PART, "import os; os._exit(0)")
    assert (verdict.state, verdict.error) == ("failed", "DeadKernelError")


def test_the_time_out_is_for_the_whole_notebook(tmp_path: Path) -> None:
    begun = time.monotonic()
    verdict, _ = executed(tmp_path, WRITES_PART, *["import time; time.sleep(1)"] * 30, time_out=3)
    assert time.monotonic() - begun < 10
    assert (verdict.state, verdict.message) == ("failed", "took longer than 3 seconds")


def test_a_kernel_can_be_stopped_from_another_thread(tmp_path: Path) -> None:
    kernel = Kernel({})
    threading.Timer(1.5, kernel.stop, [INTERRUPTED]).start()
    verdict, _ = executed(tmp_path, "import time; time.sleep(60)", kernel=kernel)
    assert verdict.state == "interrupted"
    assert verdict.seconds < 10


def test_a_kernel_stopped_before_it_starts_does_not_run(tmp_path: Path) -> None:
    kernel = Kernel({"PART": str(tmp_path / "part.json")})
    kernel.stop(INTERRUPTED)
    verdict, _ = executed(tmp_path, WRITES_PART, kernel=kernel)
    assert verdict.state == "interrupted"
    assert not (tmp_path / "part.json").exists()


@pytest.mark.parametrize(
    "parameters",
    [
        'parms = "params/demo.yaml"',
        'params = "a"\nseed = 1',
        'params: str = "params/demo.yaml"',
        "params: str | None = None",
        "",
        "import os",
        'params = other = "a"',
    ],
)
def test_other_names_than_params_are_refused(tmp_path: Path, parameters: str) -> None:
    with pytest.raises(TouchstoneError, match=r"asked\.ipynb: the cell tagged `parameters` must be one line"):
        check_parameter(notebook(tmp_path, parameters=parameters))


@pytest.mark.parametrize("tagged", [0, 2])
def test_one_cell_is_tagged(tmp_path: Path, tagged: int) -> None:
    with pytest.raises(TouchstoneError, match=f"has {tagged} cells tagged `parameters` and must have one"):
        check_parameter(notebook(tmp_path, tagged=tagged))


@pytest.mark.parametrize("path", sorted(shipped("notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_shipped_notebooks_have_the_one_parameter(path: Path) -> None:
    check_parameter(path)
