"""Which report does this one follow, and what has changed since? Results files found, read and checked.

A results file may have been sent by anybody, so its form is checked before a figure of it is compared: what is not as
the contract writes it is a fault, never a crash. Whether two can be compared is left to `comparable`, what differs to
`analysis.reporting.difference`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Period
from analysis.foundation.errors import Fault, InputError, ParamsError, did_you_mean
from analysis.foundation.provenance import canonical_json, fingerprint_of_bytes
from analysis.reporting.difference import Difference, difference
from analysis.reporting.difference.line import line_before
from analysis.reporting.formats import plain
from analysis.runner.comparable import doubts, in_the_way
from analysis.runner.last_signed import LAST_SIGNED, last_signed
from analysis.runner.results import PARAMS, RESULTS, SCHEMA
from analysis.runner.results_form import malformed

if TYPE_CHECKING:
    from analysis.runner.params import StudyParams

LARGEST_FILE = 256 << 20
MOST_FAULTS = 5
PREVIOUS = "previous"
_REMEDY = "Name the folder of a report, or its `results.json`."
_BROKEN = "Take the file from the report again, or make the report anew."


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a report: where they lie, what they say, the hash of their bytes, and the parameters beside."""

    path: Path
    results: Mapping[str, Any]
    fingerprint: str
    params: Mapping[str, Any] | None = None

    @property
    def period(self) -> Period | None:
        """What it covers; None where its tables have no dates."""
        given = self.results.get("period")
        if given is None:
            return None
        return Period(date.fromisoformat(given["start"]), date.fromisoformat(given["end"]), given["timezone"])


def compared(earlier: str | Path, later: str | Path, *, most: int | None = 60) -> Difference:
    """What differs between two reports: folders, links to them, results files, or names of reports in `reports/`.

    Raises
    ------
    InputError
        With what is wrong with either.
    """
    found: list[Report] = []
    faults: list[Fault] = []
    for given in (earlier, later):
        try:
            found.append(read_report(_named_here(str(given)), plain(given, 200)))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
    one, other = found
    return difference(
        one.results,
        other.results,
        hashes=(one.fingerprint, other.fingerprint),
        params=(one.params, other.params),
        most=most,
        doubts=doubts(one.results, other.results),
    )


def previous_of(params: StudyParams, period: Period | None, currencies: set[str]) -> Report | None:
    """The report that the parameters say this one follows; None where they name none.

    Parameters
    ----------
    params : StudyParams
    period : Period, optional
        What this report covers, where it is known.
    currencies : set of str
        Those of this report's money, as far as they are known.

    Raises
    ------
    ParamsError
        If there is no such report, it is no results file of ours, or it cannot stand before this one: with all that
        is in the way.
    """
    given = params.values.previous
    if given is None:
        return None
    where = f"{params.name}: {PREVIOUS}"
    named, path = params.reports / given, params.home / given
    if given == LAST_SIGNED and not path.exists():
        path = last_signed(params, period)
    elif _is_name(given) and (named.exists() or not path.exists()):
        path = named
    if _same_place(path, params.reports / params.values.study):
        what, remedy = "is this study's own report", "Name the report before it, or take the line out."
        raise ParamsError(Fault(where=where, what=what, remedy=remedy, rule="previous"))
    try:
        report = read_report(path, where, _reports_in(params.reports))
    except InputError as error:
        raise ParamsError(error.faults) from error
    faults = [
        Fault(where=where, what=what, remedy=remedy, rule="previous")
        for what, remedy in in_the_way(report.results, params, period, currencies)
    ]
    if faults:
        raise ParamsError(faults)
    return report


def since(
    report: Report | None, results: Mapping[str, Any], params: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """What `results.json` holds under `previous`: what changed since that report; None where there is none.

    Parameters
    ----------
    report : Report, optional
    results : mapping
        What this report holds.
    params : mapping, optional
        Its parameters, so that those that differ are named.
    """
    if report is None:
        return None
    found = difference(
        _apart(report.results),
        _apart(results),
        hashes=(report.fingerprint, None),
        params=(report.params, params),
        line=line_before(report.results, report.fingerprint),
    )
    return found.for_results()


def read_report(path: Path, where: str, known: tuple[str, ...] = ()) -> Report:
    """The results of a report folder, a link to one, or a results file.

    Parameters
    ----------
    path : Path
    where : str
        How faults call it.
    known : tuple of str
        Names that could have been meant.

    Raises
    ------
    InputError
        If there is none, it cannot be read, or it is not as the contract writes it.
    """

    def refused(what: str, remedy: str, rule: str) -> InputError:
        return InputError(Fault(where=where, what=what, remedy=remedy, rule=rule))

    file = path / RESULTS if path.is_dir() else path
    if not file.is_file():
        what = "the folder holds no `results.json`" if path.is_dir() else "there is no such report"
        remedy = did_you_mean(path.name, known) if known and not path.is_dir() else _REMEDY
        raise refused(what, remedy, "no_report")
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise refused("is larger than 256 MB", _REMEDY, "size")
        content = file.read_bytes()
    except OSError as error:
        raise refused(f"cannot be read ({error.strerror})", "Look at its permissions.", "no_report") from error
    try:
        results = json.loads(content.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise refused("is no results file: it cannot be read as JSON", _REMEDY, "json") from error
    if not isinstance(results, dict) or "schema" not in results:
        raise refused("is no results file", _REMEDY, "schema")
    if results["schema"] != SCHEMA:
        what = f"is written by another version ({plain(results['schema'], 60)}, not {SCHEMA})"
        raise refused(what, "Make that report anew with this version, or leave it out.", "schema")
    faults = []
    for place, what in malformed(results):
        faults.append(Fault(where=f"{where}: {plain(place, 80)}", what=what, remedy=_BROKEN, rule="results_form"))
        if len(faults) == MOST_FAULTS:
            break
    if faults:
        raise InputError(faults)
    return Report(
        file, results, fingerprint_of_bytes(content), _params_beside(file, results["provenance"].get("params"))
    )


def _apart(results: Mapping[str, Any]) -> dict[str, Any]:
    """Results without what they say of an earlier report, which is always another one."""
    provenance = results.get("provenance") or {}
    inputs = {name: sign for name, sign in (provenance.get("inputs") or {}).items() if name != PREVIOUS}
    rest = {key: value for key, value in results.items() if key != PREVIOUS}
    return {**rest, "provenance": {**provenance, "inputs": inputs}}


def _is_name(given: str) -> bool:
    """Whether this is the name of a report, and no path."""
    return not re.search(r"[/\\]", given) and not given.endswith(".json")


def _named_here(given: str) -> Path:
    """A path as given; where there is none, the report of that name in the reports of this folder."""
    path = Path(given).expanduser()
    report = Path("reports") / given
    return report if _is_name(given) and not path.exists() and report.exists() else path


def _reports_in(folder: Path) -> tuple[str, ...]:
    if not folder.is_dir():
        return ()
    return tuple(sorted(one.name for one in folder.iterdir() if (one / RESULTS).is_file()))


def _same_place(one: Path, other: Path) -> bool:
    """Whether two paths name one report: the same link, or what it leads to now."""
    return one.absolute() == other.absolute() or (one.exists() and other.exists() and one.samefile(other))


def _params_beside(file: Path, made_by: Any) -> Mapping[str, Any] | None:
    """The parameters a report folder holds; they only name what differs, so one that cannot be read, or that is not
    what the results were made by, is left out.
    """
    try:
        found = json.loads((file.parent / PARAMS).read_text(encoding="utf-8"))
        sign = fingerprint_of_bytes(canonical_json(found))
    except (OSError, ValueError, RecursionError):
        return None
    sound = isinstance(found, dict) and file.name == RESULTS and made_by in (None, sign)
    return found if sound else None


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
