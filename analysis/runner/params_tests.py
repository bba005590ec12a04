"""How are tests and comparisons of users set up: hypotheses, experiments, users against others, effort, design sheets?

The sections of a parameters file that say it. What they are made into is left to `plans`; what they mean, to the
studies.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from analysis.runner.params_values import Day, Name, Names, Section, Share, different, fault


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


def _whole(chances: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    for stratum, arms in chances.items():
        if abs(sum(arms.values()) - 1) > 1e-6:
            what = f"gives stratum `{stratum}` chances that add to {sum(arms.values()):g}"
            raise fault("chances", what, "Name every arm with its chance in the stratum; they add to 1.")
    return chances


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
    chances: Annotated[dict[Name, dict[Name, Share]], AfterValidator(_whole)] = Field(default_factory=dict)
    """Where chance decided within strata (`stratum` in `assignments`): stratum to arms and their chances there, as in
    `new: {invited: 0.2, control: 0.8}`. Default: what the assignments state in `probability`."""
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
