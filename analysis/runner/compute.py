"""What are a study's results, without notebooks and pages? The same steps, the same bytes, one file.

The steps are called one after the other in this process, their parts go into a scratch folder, and only
`results.json` is written, in one piece. A published report is never touched.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.foundation.errors import DesignError, Fault, InputError
from analysis.foundation.provenance import canonical_json, write_atomically
from analysis.runner.manifest import read_manifest
from analysis.runner.progress import Progress, Quiet
from analysis.runner.publish import RUNS, is_link
from analysis.runner.results import RESULTS, write_part
from analysis.runner.steps import Step, asked_by_name, cannot_follow
from analysis.runner.study import Study, prepare_study, said_before_running


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
    with prepare_study(params, data=data, home=home) as study:
        folder = (out or study.params.reports / ".computed" / study.name).absolute()
        _refuse_a_report(folder)
        for line in said_before_running(study):
            progress.say(line)
        with tempfile.TemporaryDirectory(prefix="touchstone-") as scratch, threadpool_limits(1):
            study.folder = Path(scratch)
            left_out: set[str] = set()
            for step in study.decision.run:
                if step.call is None:
                    continue
                progress.begin(step.name)
                begun = time.monotonic()
                if not _recorded(study, step, left_out):
                    left_out.add(step.name)
                progress.end(step.name, "skipped" if step.name in left_out else "done", time.monotonic() - begun)
            write_atomically(folder / RESULTS, canonical_json(study.merge()))
    return folder / RESULTS


def _recorded(study: Study, step: Step, left_out: set[str]) -> bool:
    """Whether a step could be computed; if not, its part says why."""
    if left_out & set(step.reads):
        write_part(study.folder, step.name, {"coverage": {"skipped": [cannot_follow(step)]}})
        return False
    try:
        study.record(study.make(step.name))
    except DesignError:
        if asked_by_name(step, study.values):
            raise
        return False
    return True


def _refuse_a_report(folder: Path) -> None:
    if is_link(folder) or read_manifest(folder) is not None or RUNS in folder.parts:
        raise InputError(
            Fault(
                where=str(folder),
                what="is a published report",
                remedy="A report is made by `touchstone run`; name another folder with `--out`.",
                rule="place_taken",
            )
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(
            Fault(where=str(folder), what="is a file", remedy="Name a folder with `--out`.", rule="place_taken")
        )
