"""Would a step find what it found before? What earlier runs of a study left, taken over where nothing it read changed.

A step's identity is the hash of all it comes from: code, packages, its notebook, how the parameters file is called, the
language and currency of the report, and all that it noted to have read (`reading`), as that is now. Where an earlier
run left a step with the same identity and its files are unchanged, they are copied, and the step is not run. A step
whose reads are not known, or that read something of the whole run, is never taken over.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import iso
from analysis.foundation.provenance import canonical_json, fingerprint, fingerprint_of_bytes
from analysis.ledger.store import Ledger
from analysis.runner.family import family_of
from analysis.runner.manifest import STATUS, StepStatus, read_manifest, read_status
from analysis.runner.reading import CLOSED_MONTHS, DECISION, EVERYTHING, PARAMS, PART, PROMISED, TABLES
from analysis.runner.register import register_fingerprint, register_folder
from analysis.runner.results import part_path

if TYPE_CHECKING:
    from analysis.runner.study import Study

MOST_RUNS = 20
"""Earlier runs that are looked at, the newest first."""
ALWAYS = ("report", "seed")
"""Keys of the parameters that are part of every identity, noted or not."""


class Keeping:
    """What earlier runs left of each step, and whether it may stand for this one.

    Parameters
    ----------
    study : Study
        Recording into the folder of this run.
    runs : Path
        The folder of the study's runs.
    texts : mapping of str to str
        The fingerprint of each step's notebook.
    """

    def __init__(self, study: Study, runs: Path, texts: Mapping[str, str]) -> None:
        self.study, self.runs, self.texts = study, runs, texts

    @cached_property
    def earlier(self) -> list[tuple[Path, dict[str, StepStatus]]]:
        """The folders of earlier runs with the steps that each left; none that was changed after it was finished."""
        own = self.study.folder
        found = [
            folder
            for folder in (self.runs.iterdir() if self.runs.is_dir() else ())
            if folder != own and not folder.name.startswith(".") and (folder / STATUS).is_file()
        ]
        newest = sorted(found, key=lambda folder: ((folder / STATUS).stat().st_mtime_ns, folder.name), reverse=True)
        return [(folder, read_status(folder)) for folder in newest[:MOST_RUNS] if _status_holds(folder)]

    def seconds(self) -> dict[str, float]:
        """How long each step took when it was last done."""
        found: dict[str, float] = {}
        for _, steps in self.earlier:
            for name, step in steps.items():
                if step.state == "done":
                    found.setdefault(name, step.seconds)
        return found

    def identity(self, step: str, reads: Collection[str] | None) -> str | None:
        """The hash of all that a step comes from; None where that is not known, or it is the whole run."""
        if reads is None or EVERYTHING in reads:
            return None
        study = self.study
        whole = {
            "step": step,
            "notebook": self.texts.get(step),
            "params": study.params.name,
            "calendar": None if study.params.calendar is None else study.params.calendar.fingerprint,
            "always": {key: self._canonical[key] for key in ALWAYS},
            "code": study.code,
            "packages": study.base["provenance"]["packages"],
            "reads": {name: self._as_it_is(name) for name in sorted(reads)},
        }
        return fingerprint_of_bytes(canonical_json(whole))

    def take_over(self, step: str, *, instead_of: Path | None = None) -> StepStatus | None:
        """Copy what an earlier run left of a step, if it would find the same now; how it ended then.

        Parameters
        ----------
        step : str
        instead_of : Path, optional
            A folder, begun by this run, that goes away for it.
        """
        for folder, steps in self.earlier:
            one = steps.get(step)
            if one is None or one.identity is None or not one.stands(folder):
                continue
            if one.identity != self.identity(step, one.reads):
                continue
            if instead_of is not None:
                shutil.rmtree(instead_of, ignore_errors=True)
            for name in one.files:
                target = self.study.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, target)
            if one.stands(self.study.folder):
                return replace(one, cell=None, error=None, message=None)
        return None

    @cached_property
    def _canonical(self) -> Mapping[str, Any]:
        return self.study.params.canonical()

    @cached_property
    def _tables(self) -> Any:
        prepared = self.study.prepared
        return {
            "tables": {name: account.to_dict() for name, account in prepared.accounts.items()},
            "known_at": iso(prepared.known_at),
            "assumed": prepared.known_at_assumed,
            "notices": list(prepared.notices),
        }

    def _as_it_is(self, name: str) -> Any:
        """What stands now for something that was read."""
        study = self.study
        if name.startswith(PARAMS):
            key = name.removeprefix(PARAMS)
            declared = study.values.experiment.declared if key == "experiment" else None
            file = None if declared is None else study.params.home / declared
            return [self._canonical.get(key), fingerprint(file) if file is not None and file.is_file() else None]
        if name.startswith(PART):
            part = part_path(study.folder, name.removeprefix(PART))
            return fingerprint(part) if part.is_file() else None
        if name == TABLES:
            return self._tables
        if name == DECISION:
            return [[step.name for step in study.decision.run], list(study.decision.skipped)]
        if name == CLOSED_MONTHS:
            held = Ledger.open(study.ledger_folder, family_of(study.name))
            return [held.family, held.head]
        if name == PROMISED:
            return register_fingerprint(register_folder(study.params))
        raise ValueError(f"Nobody says what `{name}` is, so no step can be kept that reads it.")


def _status_holds(folder: Path) -> bool:
    """Whether the status of a run is as its manifest says, where the run is finished."""
    manifest = read_manifest(folder)
    return manifest is None or manifest.get("files", {}).get(STATUS) == fingerprint(folder / STATUS)
