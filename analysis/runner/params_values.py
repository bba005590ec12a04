"""Which values may stand in a parameters file? Names, days, spans, zones, each checked with a remedy in our words.

Values are strict: "1" is text and no number, a number is finite, a day lies in a year that can be meant. Which keys
there are is left to `params_model`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from analysis.foundation.calendar import Month, Period, zone
from analysis.foundation.errors import UnknownName
from analysis.foundation.fiscal import is_fiscal
from analysis.foundation.schedule import hours_of

TAKEN = frozenset({"ledger", "register", "index.html", "readme.md"})
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
"""Names that mean a device on Windows, with any ending, so that no folder can be called so."""

YEARS = range(1990, 2101)
"""Years a period or an instant may lie in; others are slips of the pen."""

_STUDY = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")


class Section(BaseModel):
    """What all sections share: strict, closed, frozen, finite."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def fault(kind: str, what: str, remedy: str) -> PydanticCustomError:
    """A fault in our words: what was found as a clause, and the remedy as a sentence."""
    context = {"what": what, "remedy": remedy}
    return PydanticCustomError(kind, "{what}. {remedy}", context)  # type: ignore[arg-type]


def _study_name(name: str) -> str:
    if not _STUDY.fullmatch(name):
        raise fault(
            "study_name",
            "is no name for a study",
            "Use 1 to 100 letters, digits, `-`, `_` and `.`, with no dot first or last: it names the report folder.",
        )
    if name.casefold() in TAKEN:
        raise fault("study_name", "names something else in the reports folder", "Choose another name.")
    if name.casefold().partition(".")[0] in DEVICES:
        raise fault("study_name", "is the name of a device on Windows", "Choose another name.")
    return name


def _known_zone(name: str) -> str:
    try:
        zone(name)
    except UnknownName as error:
        found = error.faults[0]
        raise fault("time_zone", f"there is no time zone `{name}`", found.remedy) from error
    return name


def _known_span(text: str) -> str:
    if is_fiscal(text):  # what it means is told by the table of periods
        return text
    try:
        period = Period.of(text)
    except ValueError as error:
        raise fault("period", "is no period", "Write 2026-09, 2026q3, or two dates.") from error
    _known_day(period.start)
    return text


def _known_month(text: str) -> str:
    if is_fiscal(text):
        return text
    try:
        _known_day(Month.of(text).first_day)
    except ValueError as error:
        raise fault("month", "is no month", "Write it as 2026-09.") from error
    return text


def _known_hours(text: str) -> str:
    try:
        hours_of(text)
    except ValueError as error:
        raise fault("hours", "are no opening hours", str(error)) from error
    return text


def _known_day(day: date) -> date:
    if day.year not in YEARS:
        raise fault("years", f"lies outside the years {YEARS[0]} to {YEARS[-1]}", "Look at the year.")
    return day


def _known_locale(name: str) -> str:
    from analysis.reporting.formats import Formats

    try:
        Formats(name)
    except UnknownName as error:
        raise fault("locale", f"there is no locale `{name}`", error.faults[0].remedy) from error
    return name


def _known_currency(code: str) -> str:
    from analysis.reporting.formats import known_currency

    try:
        return known_currency(code)
    except UnknownName as error:
        raise fault("currency", f"there is no currency `{code}`", error.faults[0].remedy) from error


def _known_instant(text: str) -> str:
    instant_of(text)
    return text


def _known_metric(name: str) -> str:
    from analysis.metrics.catalogue import definition

    try:
        definition(name)
    except UnknownName as error:
        found = error.faults[0]
        raise fault("metric", f"there is no metric `{name}`", found.remedy) from error
    return name


def _windowed_metric(name: str) -> str:
    from analysis.metrics.catalogue import definition, definitions

    _known_metric(name)
    if name not in definitions() or definition(name).window_days is None:
        windowed = ", ".join(f"`{one}`" for one, entry in definitions().items() if entry.window_days is not None)
        raise fault("metric", f"`{name}` is no metric with a window of its own", f"Those are: {windowed}.")
    return name


def written_as_day(text: str) -> bool:
    """Whether a text has the form of a day, be there such a day or not.

    Examples
    --------
    >>> written_as_day("2026-09-31"), written_as_day("next week")
    (True, False)
    """
    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None


def different(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, if none is there twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise fault("repeated", f"holds `{twice[0]}` more than once", "Name each once.")
    return names


def instant_of(text: str) -> datetime:
    """An instant as a naive datetime in UTC, from a day (its start) or a time with an offset.

    Examples
    --------
    >>> instant_of("2026-10-06")
    datetime.datetime(2026, 10, 6, 0, 0)
    >>> instant_of("2026-10-06T01:00:00+01:00")
    datetime.datetime(2026, 10, 6, 0, 0)
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        what = "there is no such day" if written_as_day(text[:10]) else "is no day and no time"
        raise fault("instant", what, "Write 2026-10-06 or 2026-10-06T00:00:00Z.") from error
    _known_day(instant)
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)


Name = Annotated[str, Field(min_length=1, max_length=255)]
Names = Annotated[tuple[Name, ...], AfterValidator(different)]
SpanText = Annotated[str, AfterValidator(_known_span)]
MonthText = Annotated[str, AfterValidator(_known_month)]
HoursText = Annotated[str, AfterValidator(_known_hours)]
LocaleName = Annotated[str, AfterValidator(_known_locale)]
CurrencyCode = Annotated[str, AfterValidator(_known_currency)]
StudyName = Annotated[str, AfterValidator(_study_name)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
Day = Annotated[date, AfterValidator(_known_day)]
Instant = Annotated[str, AfterValidator(_known_instant)]
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
MetricName = Annotated[str, AfterValidator(_known_metric)]
WindowedMetric = Annotated[str, AfterValidator(_windowed_metric)]
Money = Annotated[float, Field(ge=0, le=10**12)]
