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

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from analysis.foundation.calendar import Month
from analysis.foundation.fiscal import is_fiscal
from analysis.foundation.schedule import Schedule, Timetable, Weekday, hours_of
from analysis.runner.params_values import (
    Day,
    HoursText,
    Instant,
    LocaleName,
    MetricName,
    Money,
    MonthText,
    Name,
    Names,
    NotNegative,
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
CostLineName = Literal["agents", "tools", "training", "implementation", "goodwill", "measurement", "other"]
OTHER_CHANNELS = "other_channels"
MOST_MONTHS = 600

CIVIL = "civil"
"""The calendar of months."""


class Section(BaseModel):
    """What all sections share: strict, closed, frozen, finite."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


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


class CostLineSection(Section):
    """One line of the programme's cost, in the report's currency."""

    initial: Money = 0.0
    """Paid once, at the start."""
    per_year: Money = 0.0
    """Paid every year."""


class RoiSection(Section):
    """The case in money. Present, even if empty: the case is made. Absent: it is not."""

    years: Annotated[int, Field(ge=1, le=10)] = 3
    """Years the case runs."""
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.10
    """Yearly rate at which later money is worth less."""
    contacts_per_year: Annotated[float, Field(gt=0, le=10**10)] | None = None
    """Social index contacts a year. Default: as many as measured."""
    cost_lines: dict[CostLineName, CostLineSection] | None = None
    """Cost by line. Default: from the table `costs`."""
    draws: Annotated[int, Field(ge=1_000, le=10_000_000)] = 100_000
    """Draws by which uncertainty is carried into money."""


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


class HypothesisSection(Section):
    """One hypothesis, written down before the data are looked at. It is tested if it names a design and an outcome."""

    name: Name
    """What it is called."""
    statement: Name
    """What it says."""
    design: (
        Literal[
            "before_after", "service_effect", "adoption", "change_log", "ab_randomised", "ab_observational", "effort"
        ]
        | None
    ) = None
    """The comparison that answers it."""
    outcome: Name | None = None
    """The outcome it speaks of."""
    treated: Name | None = None
    """The group it speaks of, in a test with several arms. Default: the only one there is."""
    comparison: Name | None = None
    """The group it is compared with. Default: the only one there is."""
    estimand: Name | None = None
    """What is estimated, where it is not what the design is for: `complier_effect`."""
    segment: dict[Name, Name] = Field(default_factory=dict)
    """Column and value, where it speaks of some customers only. Such a one is judged only if a test tells the segments
    of the column apart."""
    scale: Literal["ratio", "difference"] | None = None
    """Whether the effect is a ratio or a difference. Default: a ratio in `before_after` and `adoption`, else a
    difference."""
    direction: Literal["higher", "lower", "different"] = "different"
    """Where the treated are believed to lie."""
    smallest_effect: Annotated[float, Field(gt=0, le=10**9)] | None = None
    """The smallest effect that matters: of a ratio as a share (0.02 is 2 %), of a difference in the outcome's unit.
    Without it nothing can be found to have no effect that matters."""
    declared: bool = True
    """Whether it was written down before the data were looked at. One that was added later is judged more strictly, and
    the results say so."""

    @model_validator(mode="after")
    def _of_cause(self) -> HypothesisSection:
        if (self.estimand or "").startswith("naive_"):
            what = f"asks for `{self.estimand}`, a raw figure that says nothing about cause"
            raise fault("estimand", what, "Take `estimand` out: then the figure of the design is judged.")
        return self


class ReportSection(Section):
    """How the pages are written."""

    locale: LocaleName = "en_GB"
    """Language and country, for numbers and dates."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    """Currency of the tables' money, three capital letters. Nothing is converted."""
    audience: Literal["executive", "analyst"] = "executive"
    """Whom the summary is written for."""


OpenShare = Annotated[float, Field(gt=0, lt=1)]


class RatioSection(Section):
    """One ratio metric."""

    numerator: Name
    """Outcome whose sum stands above."""
    denominator: Name
    """Outcome whose sum stands below."""

    @model_validator(mode="after")
    def _of_two(self) -> RatioSection:
        if self.numerator == self.denominator:
            raise fault("ratio", f"divides `{self.numerator}` by itself", "Name two different outcomes.")
        return self


class GuardrailSection(Section):
    """How much worse an outcome may become, at most."""

    margin: Annotated[float, Field(gt=0)]
    """The largest harm that is accepted, per customer, in the outcome's unit."""
    worse: Literal["higher", "lower"]
    """Which way is a harm."""


class LooksSection(Section):
    """When a test is looked at before its end."""

    first: Annotated[int, Field(ge=500)]
    """Customers in each arm at the first look."""
    maximum: Annotated[int, Field(ge=500)]
    """Customers in each arm at the last look."""

    @model_validator(mode="after")
    def _in_order(self) -> LooksSection:
        if self.maximum < self.first:
            raise fault("looks", "has its last look before its first", "`maximum` is at least `first`.")
        return self


class ExperimentSection(Section):
    """How a randomised test is read."""

    window_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """Days after assignment in which purchases count, where outcomes come from events."""
    pre_days: Annotated[int, Field(ge=0, le=3650)] = 90
    """Days before assignment whose purchases adjust the comparison (CUPED). 0: no adjustment."""
    covariates: Names = ()
    """Columns of `customers`, known before the assignment, that adjust outcomes measured with the experiment."""
    ratios: dict[Name, RatioSection] = Field(default_factory=dict)
    """Ratio metrics, by name: the sum of one outcome over the sum of another."""
    winsorise: dict[Name, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """Outcome and where its values are cut, beside the uncut figure: below 1 at that quantile of all arms together,
    from 1 on at that number. Never in money."""
    quantiles: dict[Name, Annotated[tuple[OpenShare, ...], Field(min_length=1), AfterValidator(different)]] = Field(
        default_factory=dict
    )
    """Outcome and the quantiles whose change is asked for, as in `spend: [0.5, 0.9]`."""
    guardrails: dict[Name, GuardrailSection] = Field(default_factory=dict)
    """Outcomes that must not suffer: a gain with a breached guardrail is not recommended."""
    explore: Names = ()
    """Outcomes of which it is explored who benefits most, on customers held out for it. An exploration, never a
    claim."""
    template: Literal["standard", "encouragement", "switchback", "geo"] | None = None
    """How it was assigned. Default: told by `unit` in `assignments`. An encouragement invites to something that
    customers may or may not take up; a switchback changes the rule by blocks of time; geo holds regions out."""
    washout_hours: Annotated[float, Field(ge=0, le=24 * 60)] = 0.0
    """Hours after a change of the rule that a switchback leaves out."""
    looks: LooksSection | None = None
    """For those who look before the end: intervals that hold at every look from the first to the last."""
    declared: Name | None = None
    """The declaration of a design sheet, a file: what was fixed before the data were looked at."""
    declared_sha256: Annotated[str, Field(pattern="^(sha256:)?[0-9a-f]{64}$")] | None = None
    """The declaration's hash as it was noted on the day. Without it only the file's own is compared."""

    @model_validator(mode="after")
    def _of_a_file(self) -> ExperimentSection:
        if self.declared_sha256 is not None and self.declared is None:
            what = "gives the hash of a declaration and not its file"
            raise fault("declared", what, "Name the file in `declared`: without it everything counts as declared.")
        return self


OnlyChange = Annotated[float, Field(ge=-1, le=1)]
Margin = Annotated[float, Field(gt=0, le=1)]
Days = Annotated[int, Field(ge=1, le=1096)]


class ObservationalSection(Section):
    """Users against non-users, where nobody was assigned at random."""

    experiment: Name | None = None
    """An experiment in `assignments` whose groups were *not* made at random. Default: the treatment is a customer's
    first contact on social."""
    treated: Name | None = None
    """Name of the users' group, where an experiment is given."""
    comparison: Name | None = None
    """Name of the others' group, where an experiment is given."""
    against: Literal["other_channels", "no_contact"] = "other_channels"
    """Whom first contacts are compared with: customers whose issue of the same month went to another channel, or
    customers without one. The second includes the harm of the problem, and is a comparison with open questions."""
    covariates: Names = ()
    """Columns of `customers`, fixed or known before, in which users and others shall be alike."""
    placebo_outcomes: Names = ()
    """Columns of `customers` measured before, on which the comparison is repeated: no difference can be the effect."""

    @model_validator(mode="after")
    def _two_groups(self) -> ObservationalSection:
        if self.experiment is None and (self.treated is not None or self.comparison is not None):
            raise fault("groups", "names groups and no experiment", "Name the `experiment` that they belong to.")
        if self.treated is not None and self.treated == self.comparison:
            raise fault("groups", f"compares `{self.treated}` with itself", "Name two different groups.")
        return self


class EffortSection(Section):
    """Whether a channel costs customers less effort, and whether less effort goes with loyalty."""

    effort_days: Annotated[int, Field(ge=1, le=90)] = 30
    """Days from the opening of an issue in which effort is measured."""
    outcome_days: Annotated[int, Field(ge=1, le=1095)] = 180
    """Days after those in which purchases are followed."""
    history_days: Annotated[int, Field(ge=1, le=2190)] = 360
    """Days before the issue for which a customer must have been observed; as many as `outcome_days` at least."""
    covariates: Names = ()
    """Fixed columns of `customers` in which the groups shall be alike."""


class DesignSheetSection(Section):
    """A randomised test that is being planned. Present: its design sheet is made."""

    outcomes: Annotated[Names, Field(min_length=1)] = ("orders", "revenue", "repurchased")
    """Outcomes with records today: orders, revenue, margin, repurchased, issues. The first that is no guardrail is the
    primary one."""
    ratios: dict[Name, RatioSection] = Field(default_factory=dict)
    """Ratio metrics of those, by name."""
    shares: Annotated[dict[Name, Annotated[float, Field(gt=0)]], Field(min_length=2)] = Field(
        default_factory=lambda: {"control": 0.5, "treated": 0.5}
    )
    """Arm and its share of customers."""
    control: Name = "control"
    """The arm the others are compared with."""
    start: Day | None = None
    """Records before this day are planned from. Default: all there are."""
    window_days: Days = 90
    """Days after assignment in which events count."""
    pre_days: Days = 90
    """Days before assignment that adjust the comparison."""
    windows: tuple[Days, ...] = (30, 60, 90, 180)
    """Other lengths that are laid beside."""
    entry: Literal["list", "orders", "issues"] = "list"
    """Who is assigned: all at once from a list, or each at their first order or issue."""
    entry_days: Days = 28
    """Days in which customers are taken in, where they are not assigned at once."""
    active_days: Days | None = None
    """Only customers with an order in so many days before they enter."""
    customers: Annotated[int, Field(ge=4)] | None = None
    """How many take part. Default: all that the records show."""
    cluster: Name | None = None
    """Column of `customers` whose groups are assigned whole."""
    matters: dict[Name, OnlyChange] = Field(default_factory=dict)
    """Outcome and the smallest change that matters, as a share of today's: `orders: 0.05`."""
    margins: dict[Name, Margin] = Field(default_factory=dict)
    """Guardrails: outcome and how much worse it may get, as a share of today's."""
    claims: Annotated[int, Field(ge=1, le=100)] = 1
    """Claims that are tested as one family."""
    power: Annotated[float, Field(ge=0.5, lt=1)] = 0.8
    """The chance of finding the smallest change that matters."""
    looks: LooksSection | None = None
    """First and last look, where somebody looks before the end."""
    divisions: Annotated[int, Field(ge=0, le=100_000)] = 1_000
    """Divisions of the A/A test on the same customers; 0 leaves it out."""
    declared_on: Day | None = None
    """The day of the declaration, which is written into it."""


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
    """The report this one follows: its name in `reports/`, or the path of a report folder or of its `results.json`.
    What changed since is said in the results and on the summary."""
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
