"""What may leave the house of a report, and in what form? `<study>.zip`: pages, results and documents, no rows.

Only what is named here goes in, only as its manifest has it, and only after a search for people (see `searching`). The
same report gives the same bytes: names in order, one fixed time, nobody's name. Executed notebooks, parts, tables and
the ledger stay: notebooks hold whatever a person printed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.provenance import canonical_json, fingerprint_of_bytes, write_atomically
from analysis.ledger.signature import Standing
from analysis.reporting.signed import standing_as_plain, standing_in_words
from analysis.runner.addresses import KINDS
from analysis.runner.finished import Report, find_report
from analysis.runner.previous import PREVIOUS
from analysis.runner.publish import Place
from analysis.runner.register import PROMISES
from analysis.runner.renewing import alone, judged, show
from analysis.runner.results import RESULTS
from analysis.runner.searching import Search, search
from analysis.runner.zipping import refuse_machine, zip_target, zipped
from analysis.tables.opened import Prepared, open_tables

SCHEMA = "touchstone.share/1"
CONTENTS = "contents.json"
RULE = "not_to_share"
NO_TABLES = frozenset({"ledger", PROMISES, PREVIOUS})
"""What a report is made from besides its tables: the record of closed months, the promises, and the report before."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What was written: the zip, the files in it, how the report stands, and what was searched."""

    file: Path
    files: Mapping[str, str]
    standing: Standing
    search: Search

    def to_dict(self) -> dict[str, Any]:
        """The answer for programs."""
        return {
            "file": str(self.file),
            "files": dict(self.files),
            "standing": standing_as_plain(self.standing),
            "searched": _searched(self.search),
        }

    def __str__(self) -> str:
        one = self.search
        lines = [
            f"{self.file}: {len(self.files)} files. {standing_in_words(self.standing)}",
            f"Searched for {one.ids - one.too_short:,} ids of people, for mentions quoted from their beginning, and "
            "for what looks like an e-mail address, a telephone number or an @handle: none was found.",
        ]
        if one.too_short:
            lines.append(f"Not searched for: {one.too_short:,} ids too short to be told from figures.")
        if one.unread:
            lines.append(f"Not searched: {', '.join(one.unread)}.")
        return "\n".join(lines)


def note_tables(place: Place, run: str, prepared: Path) -> None:
    """Keep where the tables of a run lie on this machine: hidden beside the runs, never in a report."""
    write_atomically(_note(place, run), canonical_json({"prepared": str(prepared)}))


def tables_noted(place: Place, run: str) -> Path | None:
    """Where the tables of a run lie on this machine, as it was noted when it had ended; None where nothing is."""
    try:
        return Path(json.loads(_note(place, run).read_bytes())["prepared"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def share_report(named: str | Path, *, out: Path | None = None, here: Path | None = None) -> Shared:
    """Write the zip of a report that may be sent.

    Parameters
    ----------
    named : str or Path
        The report: its folder, its `results.json`, or the name of its study.
    out : Path, optional
        The zip, or the folder it goes into; default `<study>.zip` beside the report.
    here : Path, optional
        Where names are looked for; default the current folder.

    Raises
    ------
    InputError
        If there is no such report, it was changed since it was made, signatures that it has shown are missing, its
        tables are not here any more, something of a person or of this machine stands in it, or something else has the
        zip's name. Nothing is written.
    """
    here = here or Path.cwd()
    found = find_report(named, here)
    if not found.is_published:
        raise _refused(str(named), "is a copy of a report", "Share the report where it was run.")
    with alone(found.place):
        report = find_report(found.place.link, here)
        judgement = judged(report)
        if judgement.faults:
            raise InputError(judgement.faults)
        standing = judgement.standing
        show(report, standing)
        report = find_report(found.place.link, here)
        files = {name: (report.folder / name).read_bytes() for name in _names(report)}
        refuse_machine(files, report, rule="machine_path")
        with open_tables(tables_of(report)) as tables:
            searched = search(files, tables)
    target = zip_target(out, report, f"{report.study}.zip", marked_by=CONTENTS, rule=RULE)
    prints = {name: fingerprint_of_bytes(content) for name, content in files.items()}
    contents = {
        "schema": SCHEMA,
        "study": report.study,
        "run": report.manifest.get("run"),
        "standing": standing_as_plain(standing),
        "files": prints,
        "searched": _searched(searched),
    }
    write_atomically(target, zipped(report.study, {**files, CONTENTS: canonical_json(contents)}))
    return Shared(target, prints, standing, searched)


def _names(report: Report) -> list[str]:
    return sorted([*report.documents, *({RESULTS} & report.files.keys())])


def _searched(one: Search) -> dict[str, Any]:
    return {
        "ids": one.ids - one.too_short,
        "ids_too_short": one.too_short,
        "shapes": list(KINDS),
        "files_not_read": list(one.unread),
    }


def _note(place: Place, run: str) -> Path:
    return place.runs / f".{run}.tables"


def tables_of(report: Report) -> Prepared:
    """The tables a report was counted from.

    Raises
    ------
    InputError
        If they are not here any more.
    """
    inputs = json.loads((report.folder / RESULTS).read_bytes()).get("provenance", {}).get("inputs") or {}
    wanted = {name: sign for name, sign in inputs.items() if name not in NO_TABLES}
    try:
        noted = json.loads(_note(report.place, str(report.manifest.get("run"))).read_bytes())
        prepared = Prepared.read(Path(noted["prepared"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _tables_gone(report) from error
    if {name: account.fingerprint for name, account in prepared.accounts.items()} != wanted:
        raise _tables_gone(report)
    return prepared


def _tables_gone(report: Report) -> InputError:
    what = "the tables it was counted from are not here any more, so what would go out cannot be searched for people"
    return _refused(str(report.place.link), what, "Run the study again; what was finished is kept.")


def _refused(where: str, what: str, remedy: str) -> InputError:
    return InputError(Fault(where=where, what=what, remedy=remedy, rule=RULE))
