"""Which run is this, and was it made before? A name for all that goes into a run, and what a finished run of it tells.

The name is a hash of parameters, tables, promises, closed months, code, packages and notebooks. What was found sound
when a run of that name was finished is sound now, so a rerun asks only whether all of that is the same; where anything
is not, it is another run, of which nothing is known. Whether the finished report itself is still as it was made is left
to `manifest`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.foundation.errors import TouchstoneError
from analysis.foundation.provenance import canonical_json, fingerprint, fingerprint_of_bytes
from analysis.runner.manifest import read_manifest
from analysis.runner.results import PARAMS
from analysis.runner.sharing import tables_noted
from analysis.runner.shipped import shipped
from analysis.runner.steps import Decision, all_asked

if TYPE_CHECKING:
    from analysis.runner.params import StudyParams
    from analysis.runner.publish import Place
    from analysis.runner.study import Study


def run_id(study: Study, notebooks: Mapping[str, Path]) -> str:
    """The name of a run: the same for the same parameters, declaration, tables, code, packages and notebooks."""
    texts = {name: fingerprint(path) for name, path in notebooks.items()}
    if (declared := study.values.experiment.declared) is not None and (study.params.home / declared).is_file():
        texts["declared"] = fingerprint(study.params.home / declared)
    return fingerprint_of_bytes(canonical_json([study.provenance, texts])).removeprefix("sha256:")[:12]


def notebooks_of(decision: Decision) -> dict[str, Path]:
    """The notebook of each step that runs."""
    return {step.name: shipped("notebooks") / f"{step.name}.ipynb" for step in decision.run}


def is_finished(place: Place, run: str) -> bool:
    """Whether a run of that name was finished, be its report as it was made or not."""
    return read_manifest(place.runs / run) is not None


def asked_before(place: Place, params: StudyParams) -> bool:
    """Whether a run with these very parameters was begun here: a quick look, before tables are read."""
    asked = canonical_json(params.canonical())
    return any(_content(file) == asked for file in place.runs.glob(f"*/{PARAMS}"))


def _content(file: Path) -> bytes | None:
    """What a file holds; nothing where it is none, is gone, or is somebody else's."""
    try:
        return file.read_bytes()
    except OSError:
        return None


def decided_before(study: Study, place: Place) -> Decision | None:
    """What was decided when the same study was run to its end, on these tables, with every step that it asks for.

    None where there is no such run, or a report before this one is to be found and compared: the study is checked then,
    and what is at fault is told by its check.
    """
    if study.values.previous is not None:
        return None
    decision = Decision(all_asked(study.values), ())
    try:
        run = run_id(study, notebooks_of(decision))
    except (TouchstoneError, OSError):
        return None
    as_noted = tables_noted(place, run) == study.prepared.folder
    return decision if as_noted and is_finished(place, run) else None
