"""What are a study's results, without notebooks and pages? The same steps, the same bytes, one file.

The steps are called one after the other in this process, their parts go into a scratch folder, and only
`results.json` is written, in one piece. A published report is never touched.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.links import is_link
from analysis.foundation.provenance import canonical_json, write_atomically
from analysis.runner.manifest import read_manifest
from analysis.runner.opening import prepare_study, said_before_running
from analysis.runner.progress import Progress, Quiet
from analysis.runner.publish import RUNS, must_be_writable
from analysis.runner.rehearsal import rehearse_closes
from analysis.runner.results import RESULTS


def compute_study(
    params: str | Path,
    *,
    data: Path | None = None,
    out: Path | None = None,
    home: Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the results of a parameters file, and say where.

    Parameters
    ----------
    params : str or Path
    data : Path, optional
        Stands above the file's `data`.
    out : Path, optional
        The folder `results.json` goes to; default `reports/.computed/<study>` in the file's home.
    home : Path, optional
        Stands above the file's own home.
    progress : Progress, optional

    Raises
    ------
    InputError, DesignError
        If parameters or tables are at fault, or cannot answer a comparison asked for by name. Nothing is written.
    """
    progress = progress or Quiet()
    with prepare_study(params, data=data, home=home, out=out) as study:
        study.check()
        folder = Path(os.path.abspath(out or study.params.reports / ".computed" / study.name))
        _refuse_a_report(folder)
        must_be_writable(folder)
        for line in said_before_running(study):
            progress.say(line)
        with tempfile.TemporaryDirectory(prefix="touchstone-") as scratch, threadpool_limits(1):
            study.folder = Path(scratch)
            rehearse_closes(study, progress)
            for step in study.decision.recording:
                progress.begin(step.name)
                begun = time.monotonic()
                reason = study.settle(step.name)
                progress.end(step.name, "done" if reason is None else "skipped", time.monotonic() - begun)
                if reason is not None:
                    progress.say(f"{step.name} is left out: {reason}")
            write_atomically(folder / RESULTS, canonical_json(study.merge()))
    return folder / RESULTS


def _refuse_a_report(folder: Path) -> None:
    there = os.path.lexists(folder)
    if RUNS in folder.parts or (there and (is_link(folder) or read_manifest(folder) is not None)):
        raise InputError(
            Fault(
                where=str(folder),
                what="is a published report",
                remedy="A report is made by `touchstone run`; name another folder with `--out`.",
                rule="place_taken",
            )
        )
