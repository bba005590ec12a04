"""How does the study of the next quarter begin? The old parameters, moved on, beside the old file.

Here the old study is found and the new period reckoned; what came out is read again and compared with what was meant
before it is written. Changing the text is left to `params_edit`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from analysis.foundation.calendar import Month, Period
from analysis.foundation.errors import Fault, InputError, ParamsError, did_you_mean
from analysis.foundation.provenance import write_atomically
from analysis.reporting.formats import plain
from analysis.runner.params import LARGEST_FILE, StudyParams, load_params
from analysis.runner.params_edit import cannot_be_moved_on, moved_on
from analysis.runner.params_model import Params, PeriodSection
from analysis.runner.params_yaml import read_yaml
from analysis.runner.previous import read_report
from analysis.runner.results import RESULTS

_SPAN = re.compile(r"(?:^|[-_.])((?:19|20)\d\d(?:q[1-4]|-P?\d\d)?)$", re.IGNORECASE)
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Followed:
    """The parameters of a study that follows another: the new file, the old one, what was changed, what to know."""

    path: Path
    earlier: Path
    changes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """What was made, for programs."""
        return {
            "params": str(self.path),
            "from": str(self.earlier),
            "changes": list(self.changes),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [f"Made: {self.path}, from {self.earlier}", *(f"  {change}" for change in self.changes)]
        return "\n".join([*lines, *([""] if self.notes else []), *self.notes])


def follow_study(study: str, name: str, here: Path) -> Followed:
    """Write the parameters of the study that follows another, beside the old ones.

    Parameters
    ----------
    study : str
        The old study: its name, its parameters file, or its report folder.
    name : str
        What the new one is called, such as `2026q4` or `care-2026-10`: a period at the end says what it covers.
    here : Path
        The folder from which studies are looked for, and those above it.

    Raises
    ------
    InputError
        If there is no such study, the new one is there already, or its period would not come after. Nothing is
        written then.
    """
    earlier = _params_of(study, here)
    old = load_params(earlier)
    _must_be_new(name, old)
    new = earlier.with_name(f"{name}{earlier.suffix}")
    period, say = _period_of(old, name)
    text = earlier.read_bytes().decode("utf-8-sig")
    edited, changes = moved_on(text, old.values, name, period)
    _must_be_meant(edited, old, name, period)
    write_atomically(new, edited.encode())
    notes = tuple(_notes(old, period, edited))
    return Followed(_from_here(new, here), _from_here(earlier, here), (*changes, *say), notes)


def span_in(name: str) -> str | None:
    """The period a study's name ends with.

    Examples
    --------
    >>> [span_in(name) for name in ("2026q4", "care-2026-10", "care-2027", "demo", "care-2026-13")]
    ['2026q4', '2026-10', '2027', None, None]
    """
    found = _SPAN.search(name)
    if found is None:
        return None
    span = found[1].replace("Q", "q").replace("p", "P")
    if "P" in span:
        return span
    try:
        Period.of(span)
    except ValueError:
        return None
    return span


def next_span(span: str, calendar: Any = None) -> str:
    """The month, quarter or year after one.

    Examples
    --------
    >>> [next_span(span) for span in ("2026q3", "2026q4", "2026-12", "2026")]
    ['2026q4', '2027q1', '2027-01', '2027']
    """
    if found := re.fullmatch(r"(\d{4})[qQ]([1-4])", span):
        year, quarter = int(found[1]), int(found[2])
        return f"{year + quarter // 4}q{quarter % 4 + 1}"
    if re.fullmatch(r"\d{4}", span):
        return str(int(span) + 1)
    return str(Month.of(span, calendar).plus(1))


def _params_of(study: str, here: Path) -> Path:
    """The parameters file of a study that is named, or whose parameters or report is named."""
    given = here / Path(study).expanduser()
    if given.is_file() and given.suffix in _ENDINGS:
        return given.absolute()
    if (given / RESULTS).is_file():
        name = str(read_report(given, plain(study, 200)).results["study"])
        above = [*given.absolute().parents, *given.resolve().parents]
        homes = [one.parent for one in above if one.name == "reports"] + [here, *here.parents]
    else:
        name, homes = study, [here, *here.parents]
    known: dict[str, list[Path]] = {}
    for home in dict.fromkeys(homes):
        for file in sorted((home / "params").glob("*.y*ml")):
            told = _study_in(file)
            if told is not None:
                known.setdefault(told, []).append(file.absolute())
        if name in known:
            break
    found = list(dict.fromkeys(known.get(name, ())))
    if len(found) > 1:
        files = ", ".join(f"`{plain(one.name, 80)}`" for one in found)
        what, remedy = f"several parameters files say they are this study: {files}", "Name the file itself."
        raise InputError(Fault(where=plain(study, 200), what=what, remedy=remedy, rule="ambiguous"))
    if not found:
        what = "there is no such study: no file in `params/` is of this name"
        remedy = did_you_mean(plain(name, 100), known) if known else "Go to the folder that holds `params/`."
        raise InputError(Fault(where=plain(study, 200), what=what, remedy=remedy, rule="no_study"))
    return found[0]


def _study_in(file: Path) -> str | None:
    """The name of the study a file holds the parameters of; None where it is something else."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            return None
        found = read_yaml(file.read_bytes().decode("utf-8-sig"), file.name).values.get("study")
    except (OSError, UnicodeDecodeError):
        return None
    return found if isinstance(found, str) else None


def _must_be_new(name: str, old: StudyParams) -> None:
    """Refuse a name that names no study, or one that is there."""
    where, faults = plain(name, 200), []
    if re.search(r"[/\\]", name):
        remedy = "With `--from`, give the name of the new study: its parameters go beside the old ones."
        raise InputError(
            Fault(where=where, what="is a path, and no name for a study", remedy=remedy, rule="study_name")
        )
    try:
        Params(study=name)
    except ValidationError as error:
        context = error.errors()[0].get("ctx") or {}
        what, remedy = str(context.get("what", "is no name for a study")), str(context.get("remedy", "Choose another."))
        faults.append(Fault(where=where, what=what, remedy=remedy, rule="study_name"))
    path = old.path.parent / f"{name}{old.path.suffix}"
    taken = {_study_in(one): one for one in sorted(path.parent.glob("*.y*ml"))}
    if path.exists() or name in taken:
        there = path if path.exists() else taken[name]
        what = f"is there already ({plain(there.name, 80)}), and nothing is written over"
        faults.append(Fault(where=where, what=what, remedy="Choose another name, or edit that file.", rule="exists"))
    elif name == old.values.study:
        faults.append(Fault(where=where, what="is the old study", remedy="Choose another name.", rule="exists"))
    if faults:
        raise InputError(faults)


def _period_of(old: StudyParams, name: str) -> tuple[PeriodSection, tuple[str, ...]]:
    """The period of the new study, and what is to be said where it stays as it was."""
    section, calendar = old.values.period, old.calendar
    told, before = span_in(name), span_in(old.values.study)
    try:
        days = None if told is None else Period.of(told, calendar=calendar)
        days_before = None if before is None else Period.of(before, calendar=calendar)
    except ValueError as error:
        raise _not_in_table(name, str(told)) from error
    start, end = section.start, section.end
    if section.span is not None:
        span = told or next_span(section.span, calendar)
        try:
            new_end = Period.of(span, calendar=calendar).end
        except ValueError as error:
            raise _not_in_table(name, span) from error
        _must_come_after(name, new_end, Period.of(section.span, calendar=calendar).end)
        return section.model_copy(update={"span": span}), ()
    if end is None:
        if days is not None and start is None:
            return section.model_copy(update={"span": told}), ()
        return section, ("period: left as it is, since it goes to where the data end",)
    if days is None and start is None:
        return section, ("period: left as it is, since the name says no period: look at `end`",)
    if days is None:
        moved = {"start": end, "end": _shifted(end, start or end, end)}
    elif start is None:
        moved = {"end": days.end}
    elif days_before is not None and end == days_before.end and start != days_before.start:
        moved = {"start": _shifted(start, end, days.end), "end": days.end}  # a window longer than its name stays so
    else:
        moved = {"start": days.start, "end": days.end}
    _must_come_after(name, moved["end"], end)
    return section.model_copy(update=moved), ()


def _not_in_table(name: str, span: str) -> InputError:
    what, remedy = f"the table of periods does not hold `{span}`", "Add its year to the table, or choose another name."
    return InputError(Fault(where=plain(name, 200), what=what, remedy=remedy, rule="calendar"))


def _shifted(day: date, start: date, end: date) -> date:
    """A day, as far on as from one day to another: by whole months where both begin a month, else by days.

    Examples
    --------
    >>> _shifted(date(2026, 10, 1), date(2026, 7, 1), date(2026, 10, 1))
    datetime.date(2027, 1, 1)
    >>> _shifted(date(2026, 10, 5), date(2026, 9, 7), date(2026, 10, 5))
    datetime.date(2026, 11, 2)
    """
    if start.day == end.day == day.day == 1:
        return Month.of(day).plus(Month.of(end).number - Month.of(start).number).first_day
    return day + timedelta(days=(end - start).days)


def _must_come_after(name: str, new: date, old: date) -> None:
    if new <= old:
        what = f"would end on {new - timedelta(days=1)}, and the study it follows ends on {old - timedelta(days=1)}"
        remedy = "Name a later period: 2026q4, 2026-10."
        raise InputError(Fault(where=plain(name, 200), what=what, remedy=remedy, rule="period"))


def _must_be_meant(text: str, old: StudyParams, name: str, period: PeriodSection) -> None:
    """Refuse to write what does not read as what was meant: anchors and other turns of YAML can lead there."""
    meant = old.values.model_copy(update={"study": name, "previous": old.values.study, "as_of": None, "period": period})
    staged = old.path.with_name(f".{name[:100]}.part.yaml")
    try:
        write_atomically(staged, text.encode())
        found = load_params(staged).values
    except ParamsError as error:
        raise cannot_be_moved_on() from error
    finally:
        staged.unlink(missing_ok=True)
    if found != meant:
        raise cannot_be_moved_on()


def _notes(old: StudyParams, period: PeriodSection, text: str) -> Iterator[str]:
    """What the person should know before the new study is run."""
    lines = enumerate(text.splitlines(), start=1)
    stale = [number for number, line in lines if old.values.study in line.partition("#")[2]]
    if stale:
        where = f"{'line' if len(stale) == 1 else 'lines'} {', '.join(map(str, stale[:8]))}"
        yield f"Comments are as they were: {where} of the new file name {old.values.study}."
    report = old.reports / old.values.study
    if not (report / RESULTS).is_file():
        yield f"reports/{old.values.study} is not there yet: run that study before the new one, which follows it."
    sources = old.path.with_name("sources.yaml")
    if sources.is_file() and period.span is not None:
        try:
            told = read_yaml(sources.read_bytes().decode("utf-8-sig"), sources.name).values.get("period")
        except (OSError, UnicodeDecodeError):
            told = None
        if isinstance(told, str) and told != period.span:
            yield f"params/sources.yaml still says `period: {plain(told, 40)}`: make it {period.span}."


def _from_here(path: Path, here: Path) -> Path:
    return path.relative_to(here) if path.is_relative_to(here) else path
