"""What does somebody need to check a study, or to run it again? A zip of everything but the customers' rows.

Parameters, results, what each step counted and estimated (aggregates), the hash and version of the code, the packages,
the fingerprints of the tables, how to run it again, and the SHA-256 of every file. It is searched for people before it
is written, as a report is that goes out, and the same report gives the same bytes. Pages, notebooks and the ledger stay
in the report; `sharing` is for readers, this is for those who do not believe them. Whether one is whole is left to
`replication_check`.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import __version__
from analysis.foundation.errors import Fault, InputError
from analysis.foundation.provenance import canonical_json, code_fingerprint, package_versions, write_atomically
from analysis.runner.finished import Report, find_report
from analysis.runner.params_model import CIVIL
from analysis.runner.replication_lock import installed_packages, lock_text
from analysis.runner.replication_words import readme
from analysis.runner.results import PARAMS, RESULTS
from analysis.runner.searching import Search, search
from analysis.runner.sharing import tables_of
from analysis.runner.shipped import PACKAGE
from analysis.runner.zipping import refuse_machine, zip_target, zipped
from analysis.tables.opened import open_tables

SCHEMA = "touchstone.replication/1"
ABOUT = "replication.json"
SUMS = "SHA256SUMS"
README = "README.md"
PARAMETERS = "parameters.json"
LOCK = "packages.lock"
HASHED_LOCK = "requirements.lock"
AGGREGATES = "aggregates"
SUFFIX = "-replication"
RULE = "replication"


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written: the zip, the SHA-256 of each file in it, and what was searched."""

    file: Path
    files: Mapping[str, str]
    search: Search

    def to_dict(self) -> dict[str, Any]:
        """The answer for programs."""
        one = self.search
        return {"file": str(self.file), "files": dict(self.files), "searched_ids": one.ids - one.too_short}

    def __str__(self) -> str:
        searched = self.search.ids - self.search.too_short
        return f"{self.file}: {len(self.files)} files, no rows of customers; searched for {searched:,} ids of people."


def replication_package(named: str | Path, *, out: Path | None = None, here: Path | None = None) -> Packed:
    """Write the replication package of a finished report.

    Parameters
    ----------
    named : str or Path
        The report: its folder, its `results.json`, or the name of its study.
    out : Path, optional
        The zip, or a folder that is there; default `<study>-replication.zip` beside the report.
    here : Path, optional
        Where names are looked for; default the current folder.

    Raises
    ------
    InputError
        If there is no such report, it was changed since it was made, it was made by other code or packages than those
        installed here (the lock would not be theirs), its tables are not here any more, or something of a person or of
        this machine stands in it. Nothing is written.
    """
    report = find_report(named, here or Path.cwd())
    if report.changed:
        raise refused(report.changed[0], "was changed since the report was made", "Run the study again.")
    results = json.loads((report.folder / RESULTS).read_bytes())
    _refuse_other_code(report, results)
    evidence = {
        RESULTS: (report.folder / RESULTS).read_bytes(),
        PARAMETERS: canonical_json(parameters_again(_canonical(report))),
        **{f"{AGGREGATES}/{Path(name).name}": (report.folder / name).read_bytes() for name in _parts(report)},
    }
    refuse_machine(evidence, report, rule=RULE)
    with open_tables(tables_of(report)) as tables:
        searched = search(evidence, tables)
    target = zip_target(out, report, f"{report.study}{SUFFIX}.zip", marked_by=ABOUT, rule=RULE)
    files = {**evidence, **_made(report, results, own_files=_names_own_files(report))}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    files[SUMS] = "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
    write_atomically(target, zipped(f"{report.study}{SUFFIX}", files))
    return Packed(target, sums, searched)


def parameters_again(canonical: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a report in the form in which a parameters file gives them, data left to `--data`.

    Examples
    --------
    >>> parameters_again({"study": "a", "roi": None, "data": {"maps": [["hillstrom", None]], "zone": "UTC"}})
    {'study': 'a', 'data': {'zone': 'UTC', 'sources': [{'map': 'hillstrom'}]}}
    """
    found: dict[str, Any] = _without_nothing(dict(canonical))
    data = dict(canonical.get("data") or {})
    maps = data.pop("maps", None) or []
    sources = [{} if one is None else {"map": str(one[0])} for one in maps]
    found["data"] = {**data, **({"sources": sources} if sources else {})}
    return found


def _without_nothing(value: Any) -> Any:
    """A tree without the keys that have nothing behind them: an empty section would ask for something."""
    if isinstance(value, Mapping):
        return {str(key): _without_nothing(item) for key, item in value.items() if item is not None}
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value


def _names_own_files(report: Report) -> bool:
    """Whether the parameters name a source map of the user's own, a table of periods, or the report before."""
    given = _canonical(report)
    maps = [one for one in given.get("data", {}).get("maps", []) if one is not None]
    periods = (given.get("period") or {}).get("calendar", CIVIL)
    return any(sign is not None for _, sign in maps) or periods != CIVIL or given.get("previous") is not None


def _canonical(report: Report) -> dict[str, Any]:
    found = json.loads((report.folder / PARAMS).read_bytes())
    assert isinstance(found, dict)
    return found


def _made(report: Report, results: Mapping[str, Any], *, own_files: bool) -> dict[str, bytes]:
    """The files that speak of the package itself."""
    provenance = results["provenance"]
    about = {
        "schema": SCHEMA,
        "study": report.study,
        "run": report.manifest.get("run"),
        "version": __version__,
        "python": platform.python_version(),
        "period": results.get("period"),
        "known_at": results.get("known_at"),
        **{key: provenance.get(key) for key in ("code", "inputs", "packages", "params")},
    }
    made = {
        ABOUT: canonical_json(about),
        LOCK: lock_text(installed_packages()),
        README: readme(about, own_files=own_files).encode(),
    }
    beside = PACKAGE.parent / HASHED_LOCK
    return made | ({HASHED_LOCK: beside.read_bytes()} if beside.is_file() else {})


def _parts(report: Report) -> list[str]:
    """What each step left for the results, of those files the manifest knows."""
    return sorted(name for name in report.files if name.startswith("parts/") and name.endswith(".json"))


def _refuse_other_code(report: Report, results: Mapping[str, Any]) -> None:
    provenance = results.get("provenance") or {}
    if provenance.get("code") != code_fingerprint():
        raise refused(report.study, "was made by other code than is installed here", "Run the study again.")
    other = [name for name, version in package_versions().items() if provenance["packages"].get(name) != version]
    if other:
        what = f"was made with another version of {', '.join(other)} than is installed here"
        raise refused(report.study, what, "Run the study again.")


def refused(where: str, what: str, remedy: str) -> InputError:
    """Why there is no package, or this is none."""
    return InputError(Fault(where=where, what=what, remedy=remedy, rule=RULE))
