"""Which parameters does a study have, of which type, with which default? One model; schema and page come from it.

The sections are those a parameters file is written in, an unknown key is a fault. Which values may stand in them is
left to `params_values`; reading the file, with lines and nearest names, to `params`; what a key does, to the studies
it is handed to.
"""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from analysis.foundation.calendar import Month
from analysis.foundation.fiscal import is_fiscal
from analysis.foundation.schedule import Schedule, Timetable, Weekday, hours_of
from analysis.runner.params_roi import RoiSection
from analysis.runner.params_tests import (
    DesignSheetSection,
    EffortSection,
    ExperimentSection,
    HypothesisSection,
    ObservationalSection,
)
from analysis.runner.params_values import (
    CurrencyCode,
    Day,
    HoursText,
    Instant,
    LocaleName,
    MetricName,
    MonthText,
    Name,
    Names,
    NotNegative,
    Section,
    Share,
    SpanText,
    StudyName,
    WindowedMetric,
    ZoneName,
    different,
    fault,
)

Design = Literal[
    "before_after",
    "service_effect",
    "adoption",
    "change_log",
    "ab_randomised",
    "ab_observational",
    "effort",
    "hypotheses",
]
OTHER_CHANNELS = "other_channels"
MOST_MONTHS = 600

CIVIL = "civil"
"""The calendar of months."""


class PeriodSection(Section):
    """What the report covers. Also written as one text (`2026-09`, `2026q3`) or as a list of two dates."""

    span: SpanText | None = None
    """A month (`2026-09`), a quarter (`2026q3`) or a year in quotes (`"2026"`), instead of two dates; with a table of
    periods, one of those (`2026-P09`), or a quarter or year of that table."""
    start: Day | None = None
    """First day. Default: where the data begin."""
    end: Day | None = None
    """The day after the last one. Default: where the data end."""
    timezone: ZoneName = "UTC"
    """Zone in which days and months begin."""
    calendar: Annotated[str, Field(min_length=1, max_length=255)] = CIVIL
    """`civil`, or the path of a CSV table of fiscal periods (`period, first_day, last_day, quarter, year`): figures are
    then counted by those instead of months, and nothing is closed. See `docs/calendars.md`."""

    @model_validator(mode="after")
    def _one_way(self) -> PeriodSection:
        if self.span is not None and (self.start is not None or self.end is not None):
            raise fault("period", "has a span and a date", "Give `span`, or `start` and `end`.")
        if self.start is not None and self.end is not None and not self.start < self.end:
            raise fault("period", "ends before it starts", "`end` is the day after the last one.")
        if self.start is not None and self.end is not None and _months(self.start, self.end) > MOST_MONTHS:
            raise fault("period", f"is longer than {MOST_MONTHS} months", "Look at the years.")
        if self.span is not None and (
            is_fiscal(self.span) if self.calendar == CIVIL else re.fullmatch(r"\d{4}-\d{2}", self.span)
        ):
            what = f"`{self.span}` is no span of the calendar {self.calendar}"
            raise fault("period", what, "A month is written as 2026-09, a period of a table as 2026-P09.")
        return self


def _months(start: date, end: date) -> int:
    return Month.of(end).number - Month.of(start).number


class SourceSection(Section):
    """One source: which map reads it, and where it lies."""

    map: Name | None = None
    """Name or path of a source map. Default: the source holds tables of the contract."""
    path: Name | None = None
    """File or folder. Default: the folder given by `--data`."""


class EngineSection(Section):
    """Where the rows are counted."""

    kind: Literal["duckdb"] = "duckdb"
    """The query engine."""
    memory_limit: Annotated[str, Field(pattern=r"^[1-9][0-9]*(\.[0-9]+)?\s?([KMGT]i?B)$")] | None = None
    """Most memory it may use, as in `4GB`. Default: a share of the machine's."""


class DataSection(Section):
    """Where the tables come from: a folder of tables, or sources each read through a map. `--data` stands above it."""

    folder: Name | None = None
    """Folder holding tables of the contract."""
    sources: Annotated[tuple[SourceSection, ...], Field(min_length=1)] | None = None
    """Exports in other shapes, each with its map."""
    zone: ZoneName = "UTC"
    """Zone of times that carry no offset, in tables of the contract. Source maps declare their own."""
    engine: EngineSection = EngineSection()
    """Where the rows are counted."""

    @model_validator(mode="after")
    def _one_way(self) -> DataSection:
        if self.folder is not None and self.sources is not None:
            raise fault("data", "has a folder and sources", "Give one: a folder of tables is also a source.")
        return self


class IndexSection(Section):
    """Which issues a customer's story is told around, and how far to both sides."""

    look_back_days: Annotated[int, Field(ge=0, le=3650)] = 0
    """Days without a social contact before an index issue. The before-window counts in any case."""
    before_months: Annotated[int, Field(ge=1, le=36)] = 6
    """Months of purchases before the index month."""
    after_months: Annotated[int, Field(ge=1, le=36)] = 6
    """Months of purchases after the index month."""
    negative_control: Name | None = None
    """A product (as `orders` writes it) whose purchases no contact can have changed: an effect on them is one of the
    comparison's own making, and is shown."""


class TimetableSection(Section):
    """Opening hours of the desk, in force from a day on until the next timetable is."""

    since: Day | None = Field(default=None, alias="from")
    """First day on which it holds. The first timetable may leave it out: it holds from the beginning."""
    timezone: ZoneName | None = None
    """Zone of its clock. Default: the zone of the period."""
    hours: Annotated[dict[Weekday, HoursText], Field(min_length=1)]
    """Weekday and hours, as in `mon: "09:00-17:00"` or `mon: "08:00-12:00, 13:00-17:00"`. Others are closed."""
    closed: tuple[Day, ...] = ()
    """Days on which it is closed all day."""


def _in_turn(timetables: tuple[TimetableSection, ...]) -> tuple[TimetableSection, ...]:
    for before, after in pairwise(timetables):
        if after.since is None or (before.since is not None and after.since <= before.since):
            what = "has a timetable that does not take effect after the one before it"
            raise fault("schedule", what, "Write them in order, each but the first with the day `from` which it holds.")
    return timetables


class MetricsSection(Section):
    """Targets and rules of the counted figures."""

    targets: dict[MetricName, float] = Field(default_factory=dict)
    """Metric and the value aimed at, in the metric's unit. Stands above the catalogue's own target."""
    weights: dict[MetricName, NotNegative] = Field(default_factory=dict)
    """Metric and its weight on the scorecard, set before the data are looked at. Without any there is no index."""
    schedule: Annotated[tuple[TimetableSection, ...], AfterValidator(_in_turn)] = ()
    """When the desk is open: timetables in the order in which they take effect, or the hours of the weekdays alone.
    Without one there are no figures in opening hours."""
    windows: dict[WindowedMetric, Annotated[int, Field(ge=1, le=3650)]] = Field(default_factory=dict)
    """Metric and its window in days, where it is not the catalogue's: `repurchase_90d: 60` gives `repurchase_60d`."""
    sla_seconds: Annotated[int, Field(ge=1, le=10**8)] = 3600
    """Seconds within which a first reply is promised."""
    classify_kinds: bool = False
    """Whether mentions without a kind are classified by a model trained on your own labelled ones."""


class CloseSection(Section):
    """When a month is over, and what counts as a material change after that."""

    grace_days: Annotated[int, Field(ge=0, le=366)] = 5
    """Days after a month's end before its figures can be closed."""
    materiality: Share = 0.01
    """Smallest relative change of a closed figure that is reported as a restatement."""
    first: MonthText | None = None
    """Month (`2026-01`) with which the record of closed months begins; earlier months of the period enter with it, as
    opening figures. Default: the first month that is closed."""
    rehearsal: bool = False
    """Close every month of the period in order, each as it was known then, in the report's own folder: to try it out.
    Needs tables whose rows say when they became known."""


class MatchingSection(Section):
    """Contacts on social and the customers behind them. See `docs/identity.md`."""

    claim_from: Share = 0.8
    """Share of social contacts matched to a customer from which totals are claimed for all; below it, for matched
    customers only."""


class StoriesSection(Section):
    """The success stories of the report."""

    paraphrases: dict[Name, Annotated[str, Field(min_length=1, max_length=600)]] = Field(default_factory=dict)
    """Mention and what it said in your own words. Without consent nothing else of its text is shown."""
    how_many: Annotated[int, Field(ge=1, le=20)] = 3
    """Most stories told, and as many counter-examples."""


class AdoptionSection(Section):
    """How the first use of social is followed."""

    roll_out: Name | None = None
    """An experiment in `assignments` by which customers were let in or invited in waves. Default: first contacts are
    followed as they fell, and never believed beyond grade C."""


class ChangeLogSection(Section):
    """Which entries of the change log are studied, and on what."""

    entries: Names | None = None
    """Ids in `changes`. Default: every entry that was our own doing."""
    metrics: Names | None = None
    """Metrics counted by month, or one segment of theirs: `metric[column=value]`. Default: those with a target."""
    control: dict[Name, Name] = Field(default_factory=dict)
    """For a metric, the series that the change did not touch and that moves with it otherwise: an id in `series`,
    another metric, or a segment of one."""


class ReportSection(Section):
    """How the pages are written."""

    locale: LocaleName = "en_GB"
    """Language and country, as in `de_DE`: how numbers, percentages and money are written on pages, charts, slides and
    in the workbook, and which country's English the words of dates are. Sentences are English in every locale, digits
    are 0 to 9, and `results.json` is the same whatever stands here."""
    currency: CurrencyCode = "EUR"
    """Currency of the tables' money, by its code of three capital letters. Nothing is converted."""
    audience: Literal["executive", "analyst"] = "executive"
    """Whom the report is written for. `executive`: the summary gives the answer, what it rests on, the figures to
    remember, what could be wrong; it is printed as a PDF together with the case in money. `analyst`: the same summary,
    then every declared effect with interval, grade, standard error, rows and method, and every check in full; all pages
    are printed. The pages are the same, and no figure is another."""


def _named_apart(hypotheses: tuple[HypothesisSection, ...]) -> tuple[HypothesisSection, ...]:
    different(tuple(one.name for one in hypotheses))
    return hypotheses


_PERIOD_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 2, "maxItems": 2},
        {"$ref": "#/$defs/PeriodSection"},
    ]
}


class Params(Section):
    """All parameters of a study."""

    study: StudyName
    """Name of the study, and of its report folder: letters, digits, `-`, `_`, `.`."""
    period: PeriodSection = PeriodSection()
    """What the report covers. Default: the span of the data, in UTC."""
    as_of: Instant | None = None
    """The day the tables speak of. Default: the latest `known_at` in the tables; never the clock."""
    data: DataSection = DataSection()
    """Where the tables come from."""
    previous: Name | None = None
    """The report this one follows: its name in `reports/`, the path of a report folder or of its `results.json`, or
    `last signed`: the family's last one that an approver signed. What changed since is said in the results and on the
    summary."""
    designs: Annotated[tuple[Design, ...], AfterValidator(different)] | None = None
    """Which comparisons to make. Default: all that the tables allow. An empty list: count only."""
    index: IndexSection = IndexSection()
    """The windows of the before-and-after comparison."""
    comparison: Name = OTHER_CHANNELS
    """Whom contacted customers are compared with: `other_channels`, or in a randomised test the control arm's name."""
    outcomes: Annotated[Names, Field(min_length=1)] | None = None
    """What is compared. Default: all that the tables allow."""
    segments: Names = ()
    """Columns of `customers` by which effects are also shown."""
    strata: Names = ()
    """Further columns of `customers`, fixed ones, within which contacted customers are compared with others."""
    metrics: MetricsSection = MetricsSection()
    """Targets and rules of the counted figures."""
    close: CloseSection = CloseSection()
    """When a month is over."""
    matching: MatchingSection = MatchingSection()
    """How many social contacts must be matched to a customer."""
    stories: StoriesSection = StoriesSection()
    """The success stories of the report."""
    roi: RoiSection | None = None
    """The case in money."""
    hypotheses: Annotated[tuple[HypothesisSection, ...], AfterValidator(_named_apart)] = ()
    """What is believed, written down before the data are looked at."""
    report: ReportSection = ReportSection()
    """How the pages are written."""
    experiment: ExperimentSection = ExperimentSection()
    """How a randomised test is read."""
    observational: ObservationalSection = ObservationalSection()
    """Users against non-users, where nobody was assigned at random."""
    effort: EffortSection = EffortSection()
    """Whether a channel costs customers less effort, and whether less effort goes with loyalty."""
    design_sheet: DesignSheetSection | None = None
    """A randomised test that is being planned."""
    adoption: AdoptionSection = AdoptionSection()
    """How the first use of social is followed."""
    change_log: ChangeLogSection = ChangeLogSection()
    """Which entries of the change log are studied, and on what."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 1
    """Seed of every random draw."""

    @property
    def opening_hours(self) -> Schedule | None:
        """When the desk is open; None where nothing is said of it."""
        timetables = tuple(
            Timetable(
                since=one.since,
                timezone=one.timezone or self.period.timezone,
                hours={day: hours_of(text) for day, text in one.hours.items()},
                closed=frozenset(one.closed),
            )
            for one in self.metrics.schedule
        )
        return Schedule(timetables) if timetables else None

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of a parameters file, with the short ways to write a period."""
        schema = cls.model_json_schema()
        described = schema["properties"]["period"].get("description")
        schema["properties"]["period"] = {**_PERIOD_SCHEMA, "description": described}
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
