"""Which promises does the register of a study's family hold, and what became of them? Read from its files, and checked.

A promise is a file, `reports/register/<family>/<id>.yaml`, kept in git. All faults of all files are told at once; a
promise that was changed after its approval stops everything. How one comes into the register is left to `promising`,
what became of it to `analysis.roi.register`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import Fault, LedgerBroken, ParamsError
from analysis.foundation.provenance import fingerprint_of_files
from analysis.runner.params import read_file, validated
from analysis.runner.params_yaml import Reading, written

if TYPE_CHECKING:
    from analysis.roi.register.promise import Promise
    from analysis.roi.register.promises import Promises
    from analysis.runner.params import StudyParams
    from analysis.runner.study import Study

REGISTER = "register"
PROMISES = "promises"
ENDING = ".yaml"


def register_folder(params: StudyParams) -> Path:
    """Where the promises of a study's family lie."""
    from analysis.runner.family import family_of

    return params.reports / REGISTER / family_of(params.values.study)


def register_files(folder: Path) -> tuple[Path, ...]:
    """The files of a register, in order; none where there is no such folder."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(one for one in folder.iterdir() if one.is_file() and not one.name.startswith(".")))


def register_fingerprint(folder: Path) -> str | None:
    """One hash of all files of a register; None where there are none."""
    files = register_files(folder)
    return fingerprint_of_files({one.name: one for one in files}) if files else None


def read_register(folder: Path) -> tuple[Promise, ...]:
    """The promises of a register, typed and sound.

    Raises
    ------
    ParamsError
        With every fault of every file: line, key, what was found, and the remedy.
    LedgerBroken
        If a promise was changed after its approval.
    """
    found: list[Promise] = []
    faults: list[Fault] = []
    for path in register_files(folder):
        name = f"{REGISTER}/{folder.name}/{path.name}"
        if path.suffix != ENDING:
            what = "is no promise" if path.suffix not in (".yml", ".YAML") else "is not read"
            remedy = f"Promises end in `{ENDING}`; nothing else lies here."
            faults.append(Fault(where=name, what=what, remedy=remedy, rule="ending"))
            continue
        promise, own = read_promise(path, name)
        faults += own
        if promise is not None:
            found.append(promise)
    raise_faults(faults)
    return tuple(found)


def read_promise(path: Path, name: str) -> tuple[Promise | None, tuple[Fault, ...]]:
    """A promise file, typed, with everything that is wrong with it."""
    try:
        reading = read_file(path, name)
    except ParamsError as error:
        return None, error.faults
    return checked(reading, name, stem=path.stem)


def checked(reading: Reading, name: str, *, stem: str) -> tuple[Promise | None, tuple[Fault, ...]]:
    """A promise as it was read, typed, with everything that is wrong with it; `stem` is the name of its file."""
    from analysis.roi.register.promise import Promise
    from analysis.roi.register.soundness import misfits

    promise, faults = validated(Promise, reading, name)
    if promise is None or faults:
        return None, faults or (Fault(where=name, what="is empty", remedy="Take it away.", rule="empty"),)
    found = [
        Fault(
            where=f"{name}: {written(one.at)}",
            what=one.what,
            remedy=one.remedy,
            rule=one.rule,
            first=reading.line(one.at),
        )
        for one in misfits(promise)
    ]
    if promise.id != stem:
        what = f"is `{promise.id}`, and the file is called {stem}{ENDING}"
        remedy = "A promise has the name of its file."
        found.append(Fault(where=f"{name}: id", what=what, remedy=remedy, rule="id", first=reading.line(("id",))))
    return promise, tuple(sorted(found, key=lambda fault: fault.first or 0))


def raise_faults(faults: Iterable[Fault]) -> None:
    """Raise all faults; those of a changed promise as a record that does not hold."""
    from analysis.roi.register.soundness import CHANGED

    found = tuple(faults)
    if any(fault.rule == CHANGED for fault in found):
        raise LedgerBroken(found, "The register of promises does not hold.")
    if found:
        raise ParamsError(found)


def promises_of(study: Study, effects: Sequence[Mapping[str, Any]] = ()) -> Promises:
    """What became of the promises of a study's family: as the closed months hold it at the report's date.

    Parameters
    ----------
    study : Study
    effects : sequence of mapping
        Rows of the contract's `effects`, for promises that are measured by one.

    Raises
    ------
    ParamsError, LedgerBroken
        If a promise is at fault, or the closed months do not hold.
    """
    from analysis.roi.register.figures_held import Books
    from analysis.roi.register.promises import judged_all

    promises = study.promised
    if all(one.is_draft for one in promises):
        return judged_all(promises, Books(state={}, closed=frozenset()))
    return judged_all(promises, Books.of(study.ledger, study.known_at, effects))
