"""How does a study come open? From a parameters file to typed parameters, checked tables and a folder to record into.

Under the runner a notebook opens what the runner has prepared and handed over; by hand, and for the other commands, the
tables are prepared here. What an open study can be asked is left to `study`.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from analysis.foundation.calendar import BY_PERIODS
from analysis.foundation.errors import Fault, InputError, ParamsError
from analysis.foundation.provenance import canonical_json, code_fingerprint, fingerprint_of_bytes, write_atomically
from analysis.reporting.formats import speak
from analysis.runner.not_acted_on import without_effect
from analysis.runner.params import StudyParams, load_params, locate, sources_even_so
from analysis.runner.publish import Place, must_be_writable, must_lie_apart
from analysis.runner.reading import READS_FILE, Reads
from analysis.runner.same_run import asked_before
from analysis.runner.study import Study
from analysis.tables.opened import Prepared

RUN_FOLDER = "TOUCHSTONE_RUN_DIR"
HANDOVER = ".run.json"


def said_before_running(study: Study) -> tuple[str, ...]:
    """What a person who starts a study should know at once: steps left out, keys without effect."""
    return (
        *((BY_PERIODS,) if study.params.calendar is not None else ()),
        *(f"{one['step']} is left out: {one['reason']}." for one in study.decision.skipped),
        *(f"Set, but without effect in this version: {one}." for one in without_effect(study.values)),
    )


def hand_over(study: Study, memory_limit: str, threads: int | None = None) -> None:
    """Leave in the study's folder what its notebooks need to open the same study without reading the sources again.

    With it goes what the engine of each may use of the machine.
    """
    content = {
        "file": str(study.params.path),
        "home": str(study.params.home),
        "data": None if study.params.data is None else str(study.params.data),
        "params": study.params.fingerprint(),
        "prepared": str(study.prepared.folder),
        "memory_limit": memory_limit,
        "threads": threads,
    }
    write_atomically(study.folder / HANDOVER, canonical_json(content))


def _under_the_runner(params: str, folder: Path) -> Study:
    given = json.loads((folder / HANDOVER).read_text(encoding="utf-8"))
    data = None if given["data"] is None else Path(given["data"])
    typed = load_params(given["file"], data=data, home=Path(given["home"]))
    if typed.fingerprint() != given["params"] or not locate(params).path.samefile(typed.path):
        what = "is not what this run was begun with"
        raise ParamsError(Fault(where=params, what=what, remedy="Start the run again.", rule="changed"))
    prepared = Prepared.read(Path(given["prepared"]))
    noted = os.environ.get(READS_FILE)
    reads = None if noted is None else Reads(Path(noted))
    limits = {name: given[name] for name in ("memory_limit", "threads")}
    return Study(typed, prepared, folder, reads=reads, **limits)


def open_study(params: str) -> Study:
    """The study of a parameters file, ready for a notebook, whose tables and charts speak its locale from now on.

    Parameters
    ----------
    params : str
        A parameters file, such as "params/demo.yaml"; looked for from the current folder upwards.

    Raises
    ------
    InputError
        With every fault of the file and of its tables.
    """
    run = os.environ.get(RUN_FOLDER)
    if run is not None:
        study = _under_the_runner(params, Path(run))
        speak(study.values.report.locale)
        return study
    study = prepare_study(params)
    speak(study.values.report.locale)
    study.by_hand = True
    study.check()
    study.folder.mkdir(parents=True, exist_ok=True)
    return study


def prepare_study(
    params: str | Path | StudyParams,
    *,
    data: Path | None = None,
    home: Path | None = None,
    out: Path | None = None,
    anew: Callable[[], object] = lambda: None,
) -> Study:
    """Typed parameters and checked tables, recording into a scratch folder. Nothing is written but the tables' cache.

    `data` and `home` stand above what a parameters file says; not above parameters that were read already. `anew` is
    called, before tables are read, where no run with these parameters was begun yet or tables were not read before.

    Raises
    ------
    InputError
        With every fault of the parameters file and of the tables it names; or if `out`, where results are to be
        written, lies among the data.
    """
    typed = params if isinstance(params, StudyParams) else _typed(params, data, home)
    if out is not None:
        must_lie_apart(out, [source.path for source in typed.sources()])
    must_be_writable(typed.cache)
    _must_be_made(typed)
    if not asked_before(Place.of(out or typed.reports / typed.values.study), typed):
        anew()
    from analysis.tables.load import prepare  # here: a notebook under the runner reads no source, and need not wait

    try:
        section = typed.values.data
        limit = section.engine.memory_limit
        prepared = prepare(typed.sources(), cache=typed.cache, zone=section.zone, memory_limit=limit, anew=anew)
    except InputError:
        _take_away_empty(typed.cache, up_to=typed.home)
        raise
    return Study(typed, prepared, typed.reports / ".scratch" / typed.values.study / _signature(typed, prepared))


def _typed(params: str | Path, data: Path | None, home: Path | None) -> StudyParams:
    """The parameters of a file; where they are at fault, with what is wrong with the tables they name."""
    try:
        return load_params(params, data=data, home=home)
    except ParamsError as error:
        raise InputError([*error.faults, *_faults_of_tables(params, data, home)]) from error


def _must_be_made(typed: StudyParams) -> None:
    """Where tables come from exports and are not made yet, say how they are made."""
    sources_file = typed.home / "params" / "sources.yaml"
    missing = [source.path for source in typed.sources() if not source.path.exists()]
    if missing and sources_file.is_file():
        where, what = str(missing[0]), "is not there: the exports have not been taken in yet"
        remedy = "Make the tables: `touchstone intake params/sources.yaml --as-of DATE`, with the day they were pulled."
        raise ParamsError(Fault(where=where, what=what, remedy=remedy, rule="no_tables"))


def _signature(typed: StudyParams, prepared: Prepared) -> str:
    """Tells parts recorded by hand from those of other parameters, tables or code, so that they are never mixed."""
    inputs = {name: account.fingerprint for name, account in prepared.accounts.items()}
    whole = [typed.fingerprint(), inputs, code_fingerprint()]
    return fingerprint_of_bytes(canonical_json(whole)).removeprefix("sha256:")[:12]


def _take_away_empty(folder: Path, *, up_to: Path) -> None:
    """Take the folders away that were made for tables and hold none."""
    for one in (folder, *folder.parents):
        if one == up_to or not one.is_dir() or any(one.iterdir()):
            return
        one.rmdir()


def _faults_of_tables(params: str | Path, data: Path | None, home: Path | None) -> tuple[Fault, ...]:
    """What is wrong with the tables of a study whose parameters are at fault already."""
    from analysis.tables.load import prepare

    sources = sources_even_so(params, data=data, home=home)
    if not sources:
        return ()
    with tempfile.TemporaryDirectory(prefix="touchstone-") as cache:
        try:
            prepare(sources, cache=Path(cache))
        except InputError as error:
            return error.faults
    return ()
