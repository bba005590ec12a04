"""Which days make a fiscal period, a quarter and a year? A table of periods, read and checked whole.

A company that reports by 4-4-5 weeks, by thirteen periods or by a year of its own writes its periods down, one a line;
nothing is derived from a rule, so that weeks 53 and moved year ends are where the table puts them. A period is then a
`Month` of that calendar: what is counted by month is counted by it. Instants and zones are left to `calendar`.
"""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby, pairwise
from pathlib import Path

from analysis.foundation.errors import DesignError, Fault, InputError
from analysis.foundation.provenance import fingerprint_of_bytes

COLUMNS = ("period", "first_day", "last_day", "quarter", "year")
FIRST_NUMBER = 1_000_000
"""The number of a table's first period: far from all civil months, so that the one is never taken for the other."""
LARGEST_TABLE = 1 << 20
YEARS = range(1990, 2101)

_LABEL = re.compile(r"(\d{4})-P(0[1-9]|[1-9]\d)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class FiscalPeriod:
    """One period: its label (`2026-P09`), its first and its last day, both of it, its quarter (1 to 4) and its year."""

    label: str
    first_day: date
    last_day: date
    quarter: int
    year: int

    @property
    def place(self) -> int:
        """Its number in its year, from 1."""
        return int(self.label[-2:])

    def __str__(self) -> str:
        return f"{self.label} {self.first_day} {self.last_day} {self.quarter} {self.year}"


@dataclass(frozen=True, eq=False, repr=False)
class FiscalCalendar:
    """Whole fiscal years of periods, in order, each beginning the day after the one before it ends.

    Parameters
    ----------
    periods : tuple of FiscalPeriod

    Raises
    ------
    InputError
        With every fault of the periods.

    Examples
    --------
    A year of four periods, each a quarter:

    >>> days = [date(2026, 1, 4), date(2026, 4, 5), date(2026, 7, 5), date(2026, 10, 4), date(2027, 1, 3)]
    >>> calendar = FiscalCalendar(tuple(
    ...     FiscalPeriod(f"2026-P{n:02d}", days[n - 1], days[n] - timedelta(days=1), n, 2026) for n in range(1, 5)))
    >>> calendar.label(calendar.number_of_day(date(2026, 7, 4))), calendar.stretch("2026q3")
    ('2026-P02', (datetime.date(2026, 7, 5), datetime.date(2026, 10, 4)))
    """

    periods: tuple[FiscalPeriod, ...]
    fingerprint: str = field(init=False)
    """The hash of all periods and their days."""
    _starts: tuple[date, ...] = field(init=False)
    _numbers: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        faults = list(_faults_of([(None, one) for one in self.periods], "calendar"))
        if faults:
            raise InputError(faults)
        starts = (*(one.first_day for one in self.periods), self.periods[-1].last_day + timedelta(days=1))
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_numbers", {one.label: FIRST_NUMBER + n for n, one in enumerate(self.periods)})
        object.__setattr__(self, "fingerprint", _fingerprint(self.periods))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FiscalCalendar) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"FiscalCalendar({self.periods[0].label} to {self.periods[-1].label})"

    @property
    def per_year(self) -> int:
        """How many periods every year has."""
        return self.periods[-1].place

    @property
    def days(self) -> tuple[date, date]:
        """The first day of the table, and the day after its last one."""
        return self._starts[0], self._starts[-1]

    def number_of(self, label: str) -> int:
        """The number of a period by its label.

        Raises
        ------
        ValueError
            If the table has none.
        """
        if label not in self._numbers:
            raise ValueError(f"The calendar has no period {label[:40]!r}: {self._reach}.")
        return self._numbers[label]

    def number_of_day(self, day: date) -> int:
        """The number of the period that holds a day: one below the first before the table, one above the last after."""
        return FIRST_NUMBER + bisect_right(self._starts, day) - 1

    def label(self, number: int) -> str:
        """The label of a period.

        Raises
        ------
        DesignError
            If the table does not reach it.
        """
        if not 0 <= number - FIRST_NUMBER < len(self.periods):
            raise self._beyond()
        return self.periods[number - FIRST_NUMBER].label

    def first_day(self, number: int) -> date:
        """The first day of a period; of the one after the last, where it would begin.

        Raises
        ------
        DesignError
            If the table does not reach it.
        """
        if not 0 <= number - FIRST_NUMBER < len(self._starts):
            raise self._beyond()
        return self._starts[number - FIRST_NUMBER]

    def stretch(self, text: str) -> tuple[date, date]:
        """The first day of "2026-P09", of the quarter "2026q3" or of the year "2026", and the day after its last one.

        Raises
        ------
        ValueError
            If the text is none of these, or the table does not hold it.
        """
        if _LABEL.fullmatch(text):
            number = self.number_of(text)
            return self.first_day(number), self.first_day(number + 1)
        if found := re.fullmatch(r"(\d{4})(?:[qQ]([1-4]))?", text):
            year, quarter = int(found[1]), found[2] and int(found[2])
            held = [one for one in self.periods if one.year == year and quarter in (None, one.quarter)]
            if held:
                return held[0].first_day, held[-1].last_day + timedelta(days=1)
            raise ValueError(f"The calendar does not hold {text}: {self._reach}.")
        raise ValueError(f"A period of a table is written as 2026-P09, 2026q3 or 2026, not {text[:40]!r}.")

    @property
    def _reach(self) -> str:
        return f"it goes from {self.periods[0].label} to {self.periods[-1].label}"

    def _beyond(self) -> DesignError:
        return DesignError(
            f"A period is needed that the calendar does not hold: {self._reach}. Add its year to the table of periods."
        )


def is_fiscal(label: str) -> bool:
    """Whether a label is that of a fiscal period.

    Examples
    --------
    >>> [is_fiscal(label) for label in ("2026-P09", "2026-09", "2026q3")]
    [True, False, False]
    """
    return _LABEL.fullmatch(label) is not None


def read_calendar(path: Path, name: str | None = None) -> FiscalCalendar:
    """The calendar of a CSV file with the columns `period, first_day, last_day, quarter, year`, one period a line.

    Parameters
    ----------
    path : Path
        UTF-8, with commas.
    name : str, optional
        How faults call the file; default its name.

    Raises
    ------
    InputError
        With every fault of the table, each with its line: cells that are no label, day or number; labels that are
        there twice or out of turn; gaps and overlaps; quarters torn apart; years of different lengths.
    """
    where = name or path.name
    try:
        if path.stat().st_size > LARGEST_TABLE:
            raise InputError(Fault(where=where, what="is larger than 1 MB", remedy="Is this a calendar?", rule="size"))
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        fault = Fault(where=where, what="is no CSV table in UTF-8", remedy="Save it as CSV, UTF-8.", rule="encoding")
        raise InputError(fault) from error
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise InputError(Fault(where=where, what=what, remedy="Look at the path.", rule="no_file")) from error
    header = tuple(cell.strip() for cell in rows[0]) if rows else ()
    if sorted(header) != sorted(COLUMNS):
        what, remedy = "has not the columns of a calendar", f"Those are {', '.join(COLUMNS)}, each once."
        raise InputError(Fault(where=where, what=what, remedy=remedy, rule="columns", first=1))
    faults: list[Fault] = []
    lines: list[tuple[int | None, FiscalPeriod | None]] = []
    for line, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in row):
            lines.append((line, _period(row, header, line, where, faults)))
    faults += _faults_of(lines, where)
    if faults:
        raise InputError(sorted(faults, key=lambda fault: fault.first or 0))
    return FiscalCalendar(tuple(one for _, one in lines if one is not None))


def _period(
    row: Sequence[str], header: Sequence[str], line: int, where: str, faults: list[Fault]
) -> FiscalPeriod | None:
    """The period of a line; None where a cell is at fault."""

    def fault(column: str | None, what: str, remedy: str) -> None:
        faults.append(Fault(where=where, what=what, remedy=remedy, rule="cell", column=column, first=line))

    if len(row) != len(header):
        fault(None, f"has {len(row)} cells, not {len(header)}", "Write five cells in every line.")
        return None
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    before = len(faults)
    if not _LABEL.fullmatch(cells["period"]):
        fault("period", "is no label of a period", "Write the year and its number in the year, as in 2026-P09.")
    days: dict[str, date] = {}
    for column in ("first_day", "last_day"):
        try:
            days[column] = date.fromisoformat(cells[column] if _DAY.fullmatch(cells[column]) else "")
        except ValueError:
            fault(column, "is no day", "Write it as 2026-08-30; look at the length of the month.")
            continue
        if days[column].year not in YEARS:
            fault(column, f"lies outside the years {YEARS[0]} to {YEARS[-1]}", "Look at the year.")
    if not re.fullmatch("[1-4]", cells["quarter"]):
        fault("quarter", "is no quarter", "Write 1, 2, 3 or 4.")
    if not re.fullmatch(r"\d{4}", cells["year"]):
        fault("year", "is no year", "Write it as 2026.")
    elif _LABEL.fullmatch(cells["period"]) and cells["period"][:4] != cells["year"]:
        fault("year", "is not the year of the period's label", "Write the fiscal year in both.")
    if len(faults) > before:
        return None
    return FiscalPeriod(cells["period"], days["first_day"], days["last_day"], int(cells["quarter"]), int(cells["year"]))


def _faults_of(lines: Sequence[tuple[int | None, FiscalPeriod | None]], where: str) -> Iterator[Fault]:
    """What is wrong with the order of periods, as far as they can be read."""

    def fault(line: int | None, what: str, remedy: str, rule: str) -> Fault:
        return Fault(where=where, what=what, remedy=remedy, rule=rule, first=line)

    held = [(line, one) for line, one in lines if one is not None]
    if not lines:
        yield fault(None, "holds no period", "Write one period a line, whole years of them.", "empty")
    counts = Counter(one.label for _, one in held)
    seen: set[str] = set()
    for line, one in held:
        if one.last_day < one.first_day:
            yield fault(line, f"{one.label} ends before it begins", "Both days belong to the period.", "days")
        if one.label in seen:
            yield fault(line, f"{one.label} is there {counts[one.label]} times", "Write each period once.", "repeated")
        seen.add(one.label)
    for (_, above), (line, below) in pairwise(lines):
        if above is not None and below is not None and above.label != below.label:
            yield from (fault(line, *found) for found in _between(above, below))
    if len(held) == len(lines):  # a year that cannot be read whole says nothing of its length
        yield from (fault(line, *found) for line, found in _of_years(held))


def _between(above: FiscalPeriod, one: FiscalPeriod) -> Iterator[tuple[str, str, str]]:
    """What is wrong between a period and the one in the line above it: what, remedy, rule."""
    days = (one.first_day - above.last_day).days - 1
    if one.first_day <= above.first_day:
        yield f"{one.label} does not begin after {above.label}, above it", "Sort the periods by their days.", "order"
    elif days > 0:
        what = f"{days} day{'s' if days > 1 else ''} lie between {above.label} and {one.label}"
        yield what, "A period begins the day after the one before it ends.", "gap"
    elif days < 0:
        what = f"{one.label} and {above.label} share {-days} day{'s' if days < -1 else ''}"
        yield what, "A period begins the day after the one before it ends.", "overlap"
    follows = one.place == above.place + 1 if one.year == above.year else one.place == 1 and one.year == above.year + 1
    if not follows:
        what = f"{one.label} does not follow {above.label}"
        yield what, "Number the periods of a year from P01, and the years without a gap.", "turn"


def _of_years(held: Sequence[tuple[int | None, FiscalPeriod]]) -> Iterator[tuple[int | None, tuple[str, str, str]]]:
    """What is wrong with quarters and years: line, and what, remedy, rule."""
    years = [list(of) for _, of in groupby(held, key=lambda pair: pair[1].year)]
    if held and held[0][1].place != 1:
        found = (f"the table begins with {held[0][1].label}", "Begin with the first period of a year.", "turn")
        yield held[0][0], found
    for periods in years:
        line, year = periods[-1][0], periods[0][1].year
        quarters = [quarter for quarter, _ in groupby(one.quarter for _, one in periods)]
        if quarters != [1, 2, 3, 4]:
            said = ", ".join(str(quarter) for quarter in quarters)
            remedy = "The periods of a quarter stand together, and a year has the quarters 1 to 4 in order."
            yield line, (f"the quarters of {year} run {said}", remedy, "quarters")
        if len(periods) != len(years[0]):
            what = f"{year} has {len(periods)} periods and {years[0][0][1].year} has {len(years[0])}"
            yield (
                line,
                (what, "Write whole years, of as many periods each; a week 53 makes one of them longer.", "year"),
            )


def _fingerprint(periods: Sequence[FiscalPeriod]) -> str:
    return fingerprint_of_bytes("\n".join(str(one) for one in periods).encode())
