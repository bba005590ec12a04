"""What did the person who wrote the parameters file ask for? The file, typed, with all its faults at once.

A `StudyParams` is the typed file with the folder it speaks from (its home) and what the command line put above it.
Which keys there are is said in `params_model`; what the tables can support is left to `steps`.
"""

from __future__ import annotations

import json
import os
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from analysis.foundation.errors import Fault, InputError, ParamsError, did_you_mean
from analysis.foundation.fiscal import FiscalCalendar, read_calendar
from analysis.foundation.provenance import canonical_json, fingerprint, fingerprint_of_bytes
from analysis.runner.params_model import CIVIL, DataSection, Params, SourceSection
from analysis.runner.params_values import written_as_day
from analysis.runner.params_yaml import KeyPath, Reading, read_yaml, written
from analysis.runner.shipped import shipped

if TYPE_CHECKING:
    from analysis.tables.load import Source

LARGEST_FILE = 1 << 20
DATA_REMEDY = "Name one under `data: folder`, or give `--data FOLDER`."


@dataclass(frozen=True, slots=True)
class StudyParams:
    """A parameters file, typed.

    Parameters
    ----------
    path : Path
        The file, absolute.
    home : Path
        The folder its paths start from: the parent of the folder `params/` it lies in, else its own folder.
    values : Params
    data : Path, optional
        The folder or file that `--data` put above what the file says.
    calendar : FiscalCalendar, optional
        By which figures are counted; None for months.
    """

    path: Path
    home: Path
    values: Params
    data: Path | None = None
    calendar: FiscalCalendar | None = None

    @property
    def name(self) -> str:
        """The file as pages and notebooks write it: from its home."""
        if self.path.is_relative_to(self.home):
            return self.path.relative_to(self.home).as_posix()
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def cache(self) -> Path:
        return self.reports / ".cache" / "tables"

    def sources(self) -> tuple[Source, ...]:
        """Where the tables are read, `--data` standing above the file.

        Raises
        ------
        ParamsError
            If neither says where.
        """
        found = _sources(self.values.data, self.home, self.data)
        if found is None:
            fault = Fault(where=f"{self.name}: data", what="names no folder", remedy=DATA_REMEDY, rule="missing")
            raise ParamsError(fault)
        return found

    def canonical(self) -> dict[str, Any]:
        """All parameters as plain values, defaults written out, without the places where data and reports lie."""
        values = self.values.model_dump(mode="json", by_alias=True)
        maps = [_map_of(source, self.home) for source in self.values.data.sources or ()]
        values["data"] = {
            "maps": [None if one is None else [Path(one).name, _text_of(one)] for one in maps],
            "zone": self.values.data.zone,
        }
        if self.calendar is not None:
            values["period"]["calendar"] = self.calendar.fingerprint
        return values

    def fingerprint(self) -> str:
        """The hash of the canonical parameters: moving a folder does not change it."""
        return fingerprint_of_bytes(canonical_json(self.canonical()))


def load_params(path: str | Path, *, data: Path | None = None, home: Path | None = None) -> StudyParams:
    """The parameters of a file, typed.

    Parameters
    ----------
    path : str or Path
        The file. One that is not there is looked for among the shipped ones by its name.
    data : Path, optional
        Stands above the file's `data`.
    home : Path, optional
        Stands above the file's own home.

    Raises
    ------
    ParamsError
        With every fault of the file: line, key, what was found, and the remedy; and of the table of periods it names.
    """
    found = locate(path)
    reading = read_file(found.path, str(path))
    values, faults = validated(Params, reading, str(path))
    if faults or values is None:
        raise ParamsError(faults)
    home = home or found.home
    calendar = _calendar_of(values, home, reading, str(path))
    return StudyParams(found.path, home, values, None if data is None else data.absolute(), calendar)


def _calendar_of(values: Params, home: Path, reading: Reading, name: str) -> FiscalCalendar | None:
    """The calendar the parameters name, if its table holds what they ask of it; None for months."""
    named = values.period.calendar
    if named == CIVIL:
        return None
    if not (home / named).is_file():
        fault = Fault(
            where=f"{name}: period.calendar", what=f"there is no file `{named}`",
            remedy="Write `civil`, or the path of a table of periods: see docs/calendars.md.", rule="no_file",
            first=reading.line(("period", "calendar")),
        )  # fmt: skip
        raise ParamsError(fault)
    try:
        calendar = read_calendar(home / named, named)
    except InputError as error:
        raise ParamsError(error.faults) from error
    asked = {("period", "span"): values.period.span, ("close", "first"): values.close.first}
    faults = []
    for path, text in asked.items():
        try:
            if text is not None:
                calendar.stretch(text) if path[0] == "period" else calendar.number_of(text)
        except ValueError:
            first, last = calendar.periods[0].label, calendar.periods[-1].label
            what = f"`{text}` is not in {named}, which goes from {first} to {last}"
            remedy = "Write one of its periods, as in 2026-P09, or add its year to the table."
            fault = Fault(where=f"{name}: {written(path)}", what=what, remedy=remedy, rule="calendar",
                          first=reading.line(path))  # fmt: skip
            faults.append(fault)
    if faults:
        raise ParamsError(faults)
    return calendar


def sources_even_so(path: str | Path, *, data: Path | None = None, home: Path | None = None) -> tuple[Source, ...]:
    """Where a faulty parameters file has its tables, as far as it says so, so that their faults can be told as well."""
    from analysis.tables.load import Source

    try:
        found = locate(path)
        reading = read_file(found.path, str(path))
    except ParamsError:
        return ()
    section = Reading(reading.values.get("data") or {})
    values, faults = validated(DataSection, section, str(path))
    if values is None or faults:
        return () if data is None else (Source(data.absolute()),)
    return _sources(values, home or found.home, None if data is None else data.absolute()) or ()


@dataclass(frozen=True, slots=True)
class Located:
    """A parameters file and its home."""

    path: Path
    home: Path


def locate(path: str | Path) -> Located:
    """Where a parameters file lies: as given, in a folder above this one, or among the shipped ones.

    A notebook opened in JupyterLab runs in its own folder, from which `params/demo.yaml` lies one folder up. A shipped
    file that is not part of this folder speaks from the current folder.

    Raises
    ------
    ParamsError
        If there is no such file, with the nearest name beside it.
    """
    given = Path(path).expanduser()
    here = Path.cwd()
    places = [given] if given.is_absolute() else [folder / given for folder in (here, *here.parents)]
    for place in places:
        if place.is_file():
            absolute = Path(os.path.abspath(place))
            return Located(absolute, absolute.parent.parent if absolute.parent.name == "params" else absolute.parent)
    if not given.is_absolute() and (copy := shipped("params") / given.name).is_file():
        return Located(copy, here)
    folder = (here / given).parent
    beside = [one.name for one in sorted(folder.glob("*.y*ml"))] if folder.is_dir() else []
    remedy = did_you_mean(given.name, beside) if beside else "Look at the path."
    raise ParamsError(Fault(where=str(path), what="there is no such file", remedy=remedy, rule="no_file"))


def _sources(section: DataSection, home: Path, data: Path | None) -> tuple[Source, ...] | None:
    from analysis.tables.load import Source  # here: reading parameters must not wait for all that reads tables

    if section.sources is not None:
        base = data or home
        if data is None and any(source.path is None for source in section.sources):
            return None
        return tuple(
            Source(base if one.path is None else base / one.path, _map_of(one, home)) for one in section.sources
        )
    if data is not None:
        return (Source(data),)
    return None if section.folder is None else (Source(home / section.folder),)


def _map_of(source: SourceSection, home: Path) -> str | None:
    """A map as it is to be opened: a shipped one by its name, one of the user's own from the home of the parameters."""
    own = source.map is not None and source.map.lower().endswith((".yaml", ".yml"))
    return str(home / str(source.map)) if own else source.map


def _text_of(source_map: str) -> str | None:
    """The hash of a map of the user's own: edited, it makes another run. Shipped ones are part of the code."""
    path = Path(source_map)
    return fingerprint(path) if path.is_file() else None


def read_file(path: Path, name: str) -> Reading:
    """The values of a YAML file; ParamsError if it cannot be read as text."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ParamsError(
                Fault(where=name, what="is larger than 1 MB", remedy="Is this a parameters file?", rule="size")
            )
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = Fault(where=name, what="is not UTF-8", remedy="Save it as UTF-8.", rule="encoding")
        raise ParamsError(fault) from error
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise ParamsError(Fault(where=name, what=what, remedy="Look at its permissions.", rule="no_file")) from error
    return read_yaml(text, name)


M = typing.TypeVar("M", bound=BaseModel)


def validated(model: type[M], reading: Reading, name: str) -> tuple[M | None, tuple[Fault, ...]]:
    """The typed values, or every fault in the order of its line."""
    faults = list(reading.faults)
    if any(fault.rule == "yaml" for fault in faults):
        return None, tuple(faults)
    try:
        values = model.model_validate_json(
            json.dumps(_tree(reading.values) if model is Params else _given(reading.values))
        )
    except ValidationError as error:
        values = None
        errors = error.errors(include_url=False)
        for found in errors:
            place = found["loc"]
            below = any(one["loc"] != place and one["loc"][: len(place)] == place for one in errors)
            if not (found["type"] == "too_short" and below):  # a list is not short because its items are at fault
                faults.append(_fault(model, dict(found), reading, name))
    return values, tuple(sorted(faults, key=lambda fault: fault.first or 0))


def _tree(values: dict[str, Any]) -> dict[str, Any]:
    """The values as the model reads them: short forms written out, empty ones left to their defaults."""
    period = values.get("period")
    if isinstance(period, str):
        values = {**values, "period": {"span": period}}
    elif isinstance(period, list) and len(period) == 2:
        values = {**values, "period": {"start": period[0], "end": period[1]}}
    metrics = values.get("metrics")
    if isinstance(metrics, dict) and isinstance(schedule := metrics.get("schedule"), dict):
        alone = [schedule if "hours" in schedule else {"hours": schedule}]
        values = {**values, "metrics": {**metrics, "schedule": alone}}
    if "roi" in values and values["roi"] is None:
        values = {**values, "roi": {}}
    return dict(_given(values))


def _given(value: Any) -> Any:
    """The tree without the keys that have nothing behind them."""
    if not isinstance(value, dict):
        return value
    return {key: _given(item) for key, item in value.items() if item is not None}


def _fault(model: type[BaseModel], found: Mapping[str, Any], reading: Reading, name: str) -> Fault:
    path: KeyPath = tuple(part for part in found["loc"] if part != "[key]")
    what, remedy = _in_words(model, path, found)
    rule = str(found["type"])
    where = f"{name}: {written(path)}" if path else name
    return Fault(where=where, what=what, remedy=remedy, rule=rule, first=reading.line(path))


_EXPECTED = {
    "int_type": ("a whole number", "Write digits without quotes and without a decimal point."),
    "int_from_float": ("a whole number", "Write digits without quotes and without a decimal point."),
    "float_type": ("a number", "Write digits without quotes."),
    "bool_type": ("true or false", "Write `true` or `false`, without quotes; `yes` is text."),
    "string_type": ("text", "Put it in quotes."),
    "date_type": ("a day", "Write it as 2026-10-06."),
    "date_parsing": ("a day", "Write it as 2026-10-06."),
    "date_from_datetime_parsing": ("a day", "Write it as 2026-10-06."),
    "date_from_datetime_inexact": ("a day", "Write it as 2026-10-06, without a time."),
    "model_type": ("a section", "Write its keys below it, indented."),
    "dict_type": ("a section", "Write its keys below it, indented."),
    "tuple_type": ("a list", "Write `[one, two]`, or one item a line after `- `."),
}
_LIMITS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("is below {ge}", "The least is {ge}."),
    "greater_than": ("is not above {gt}", "Write a number above {gt}."),
    "less_than_equal": ("is above {le}", "The most is {le}."),
    "less_than": ("is not below {lt}", "Write a number below {lt}."),
    "string_too_short": ("is empty", "Write at least one character, or take the key out."),
    "string_too_long": ("is too long", "The most is {max_length} characters."),
    "too_short": ("is an empty list", "Name at least one, or take the key out."),
}
_PATTERNS = {
    "currency": ("is no currency", "Write three capital letters, as in `EUR`."),
    "memory_limit": ("is no amount of memory", "Write a number and its unit, as in `4GB`."),
}


def _in_words(model: type[BaseModel], path: KeyPath, found: Mapping[str, Any]) -> tuple[str, str]:
    """What was found, as a clause, and the remedy, as a sentence."""
    kind, given = str(found["type"]), found.get("input")
    context: Mapping[str, Any] = found.get("ctx") or {}
    if "remedy" in context:
        return str(context["what"]), str(context["remedy"])
    if kind == "extra_forbidden":
        return "there is no such key", did_you_mean(str(path[-1]), keys_at(model, path[:-1]))
    if kind == "missing":
        return "is missing", f"Add it: {_about(model, path)}"
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        if isinstance(given, str):
            return "is not known", did_you_mean(given, known)
        return f"is {_kind(given)}, where a name is expected", did_you_mean("", known)
    if path == ("period",):
        return f"is {_kind(given)}", "Write 2026-09, 2026q3, two dates in a list, or a section."
    if kind.startswith("date_") and isinstance(given, str) and written_as_day(given):
        return "there is no such day", "Look at the length of the month."
    if kind in _EXPECTED:
        expected, remedy = _EXPECTED[kind]
        return f"is {_kind(given)}, where {expected} is expected", remedy
    if kind in _LIMITS:
        what, remedy = _LIMITS[kind]
        limits = {key: f"{limit:,.15g}" if isinstance(limit, float) else limit for key, limit in context.items()}
        return what.format(**limits), remedy.format(**limits)
    if kind == "string_pattern_mismatch" and path[-1] in _PATTERNS:
        return _PATTERNS[str(path[-1])]
    return f"cannot be used ({str(found['msg'])[:1].lower()}{str(found['msg'])[1:]})", "See docs/parameters.md."


_KINDS: Sequence[tuple[type, str]] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number with a fraction"),
    (str, "text"),
    (list, "a list"),
    (dict, "a section"),
)


def _kind(value: Any) -> str:
    return next((word for kind, word in _KINDS if isinstance(value, kind)), "nothing")


def keys_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys a section may hold.

    Examples
    --------
    >>> keys_at(Params, ("data", "sources", 0))
    ['map', 'path']
    """
    return _walk(model, path, lambda section: list(_fields(section)))


def _fields(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a section by their keys in the file."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _about(model: type[BaseModel], path: KeyPath) -> str:
    field = _walk(model, path[:-1], lambda section: _fields(section).get(str(path[-1])))
    return (field.description if field is not None else None) or "see docs/parameters.md."


R = typing.TypeVar("R")


def _walk(model: type[BaseModel], path: KeyPath, answer: Callable[[type[BaseModel]], R]) -> R:
    """The answer of the section a path leads to, or of the last section on the way."""
    section: Any = model
    last = model
    for part in path:
        if isinstance(section, type) and issubclass(section, BaseModel):
            field = _fields(section).get(str(part))
            section = None if field is None else _inner(field.annotation)
        elif typing.get_origin(section) in (dict, tuple):
            inner = [one for one in typing.get_args(section) if one is not Ellipsis]
            section = _inner(inner[-1])
        if isinstance(section, type) and issubclass(section, BaseModel):
            last = section
    return answer(last)


def _inner(annotation: Any) -> Any:
    """A type without its `| None` and its annotations."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _inner(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _inner(next(one for one in typing.get_args(annotation) if one is not type(None)))
    return annotation
