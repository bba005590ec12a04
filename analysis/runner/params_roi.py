"""How is the case in money set up? The section `roi` of a parameters file.

Horizon and rates, what things cost, how many contacts, and what each further line of benefit needs. Every assumption
may carry its range, its source and its day (`params_assumption`). What the keys are made into is left to `plans`; what
the tables give where a key is left out, to the case.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from analysis.runner.params_assumption import AboveZero, Amount, AnyAmount, AssumedShare
from analysis.runner.params_values import Day, Money, Name, Names, Section, Share, fault

CostLineName = Literal["agents", "tools", "training", "implementation", "goodwill", "measurement", "other"]
BenefitName = Literal[
    "repurchase", "issues_avoided", "channel_shift", "cancel_save", "new_sale", "deflection", "customer_value"
]
ASKED = ("cancel_save", "new_sale", "deflection", "customer_value")
"""Lines that are made only where they have a section."""

SourceText = Annotated[str, Field(min_length=1, max_length=300)]


def _known_code(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise fault("currency", f"`{text}` is no currency", "Write three capital letters, as in `USD`.")
    return text


CurrencyCode = Annotated[str, AfterValidator(_known_code)]


class CostLineSection(Section):
    """One line of the programme's cost, in the report's currency."""

    initial: Money = 0.0
    """Paid once, at the start."""
    per_year: Money = 0.0
    """Paid every year."""
    range: tuple[Annotated[float, Field(ge=0, le=100)], ...] | None = None
    """Least and most it may come to, as multiples of what is stated: `[0.9, 1.3]`."""
    source: SourceText | None = None
    """Where the figure comes from."""
    dated: Day | None = None
    """The day of the source."""
    owner: Name | None = None
    """Who answers for it."""

    @model_validator(mode="after")
    def _round_what_is_stated(self) -> CostLineSection:
        if self.range is None:
            return self
        if len(self.range) != 2 or not self.range[0] <= 1 <= self.range[1] or self.range[0] == self.range[1]:
            what = "has a range that does not lie round what is stated"
            raise fault("range", what, "Write multiples, the first at most 1 and the second at least 1: `[0.9, 1.3]`.")
        if self.source is None or self.dated is None:
            raise fault("unsourced", "has a range and no source or no day", "Give `source` and `dated`.")
        return self


class UnitCostSection(Section):
    """What a contact, or an issue, costs on one channel."""

    marginal: Amount
    """What one less saves. Benefits are counted at it."""
    average: Money | None = None
    """All costs over all of them; shown beside, never saved."""
    per: Literal["contact", "issue"] = "contact"
    """Whether it is the cost of a contact or of an issue."""
    currency: CurrencyCode | None = None
    """Its currency. Default: that of the report."""
    source: SourceText | None = None
    """Where the figures come from; must be given here or with `marginal`."""
    dated: Day | None = None
    """The day of the source; must be given here or with `marginal`."""

    @model_validator(mode="after")
    def _sourced(self) -> UnitCostSection:
        if (self.source or self.marginal.source) is None or (self.dated or self.marginal.dated) is None:
            raise fault("unsourced", "has no source or no day", "Give `source` and `dated`.")
        if self.average is not None and self.average < self.marginal.value:
            what = "has a marginal cost above the average one"
            raise fault("unit_cost", what, "One contact less does not save more than an average one costs.")
        return self


class RateSection(Section):
    """What one unit of a currency is worth in the report's currency."""

    rate: Annotated[float, Field(gt=0, le=10**6)]
    """Units of the report's currency for one of it."""
    source: SourceText
    """Where the rate comes from."""
    dated: Day
    """The day of the rate."""


class HaircutsSection(Section):
    """Share by which a benefit is cut for what its evidence lacks, by grade; in the adjusted figures only."""

    A: Share = 0.0
    """A randomised test."""
    B: Share = 0.10
    """A comparison that passed its checks."""
    C: Share = 0.25
    """A comparison with open questions."""
    D: Share = 0.50
    """A raw difference."""
    E: Share = 0.50
    """An assumption."""


class CashableSection(Section):
    """Share of a saving in support cost by which spending falls. A line without one is shown and not counted."""

    issues_avoided: AssumedShare | None = None
    """Of issues that were not raised."""
    channel_shift: AssumedShare | None = None
    """Of issues that went to a cheaper channel."""
    deflection: AssumedShare | None = None
    """Of contacts that an answer made needless."""


class RepurchaseSection(Section):
    """Margin gained or lost after a contact."""

    margin_per_order: Amount | None = None
    """Margin of one order, where orders were measured and margin was not."""


class IssuesAvoidedSection(Section):
    """Issues that customers do not raise later, or raise besides."""

    cost_per_issue: Amount | None = None
    """What one issue less saves. Default: the marginal cost of its channel."""


class InducedDemandSection(Section):
    """Contacts that are made because there is an answer."""

    extra_contacts_per_contact: Amount
    """Further contacts for each first social contact, beyond the customer's own later issues: those the study holds."""


class CancelSaveSection(Section):
    """Cancellations that the social desk talks customers out of, net of those who would have stayed."""

    attempts_per_year: AboveZero | None = None
    """Attempts to cancel a year. Default: mentions flagged `cancel_save` in the last twelve months."""
    save_rate: AssumedShare | None = None
    """Share of attempts after which the customer stays. Default: measured in `subscriptions`."""
    baseline_save_rate: AssumedShare
    """Share that stays without us."""
    survival_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Days a subscription must outlive the attempt to be saved."""
    monthly_margin: Amount | None = None
    """Margin of a saved subscription a month. Default: measured in `subscriptions`."""
    staying: AssumedShare | None = None
    """Share of those saved who stay from one month to the next. Default: measured in `subscriptions`."""
    months: Annotated[int, Field(ge=1, le=36)] = 12
    """Months of margin that a save is worth at most."""
    offer_rate: AssumedShare | None = None
    """Share of attempts that are made an offer and take it. Default: none."""
    offer_cost: Amount | None = None
    """Cost of an offer taken."""
    handling_cost: Amount | None = None
    """Cost of handling an attempt. Default: none, where `agents` hold it."""


class NewSaleSection(Section):
    """Sales that began with a mention."""

    sales_per_year: AboveZero | None = None
    """Sales a year. Default: mentions flagged `new_sale` that an order followed, in the last twelve months."""
    order_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Days after the mention within which an order counts as that sale."""
    incremental_share: AssumedShare
    """Share of them that would not have been made without us."""
    margin_per_sale: AnyAmount | None = None
    """Margin of a sale. Default: measured in `orders`."""


class DeflectionSection(Section):
    """Contacts that an answer made public needless: exposures × intent × resolved × (without − with)."""

    exposures_per_year: AboveZero
    """Times a year that somebody sees the answer."""
    intent: AssumedShare
    """Share of exposures behind which is a wish for support."""
    resolved: AssumedShare
    """Share of those whose question the answer settles."""
    contact_without: AssumedShare
    """Share that would have made contact without it."""
    contact_with: AssumedShare
    """Share that makes contact with it. Above `contact_without`, the line is a loss."""
    channel: Name = "phone"
    """Channel on which they would have made contact."""
    cost_per_contact: Amount | None = None
    """What such a contact saves. Default: the marginal cost of the channel."""
    content_cost_per_year: Amount | None = None
    """Cost of the answers a year."""


class CustomerValueSection(Section):
    """Margin past the window that was measured: a line of its own, of lower grade."""

    months: Annotated[int, Field(ge=1, le=36)]
    """Months past the window that are counted."""
    retention: AssumedShare | None = None
    """Share of customers who stay from one month to the next. Default: measured in `subscriptions`."""
    decay: AssumedShare | None = None
    """Share by which the gain shrinks from one month to the next, instead of `retention`."""
    form: Literal["due_now", "if_renewed", "in_arrears"] = "if_renewed"
    """Whether the first month past the window is certain (`due_now`, `in_arrears`), or brings only what those bring who
    are still there (`if_renewed`, the smallest)."""

    @model_validator(mode="after")
    def _one_way(self) -> CustomerValueSection:
        if self.retention is not None and self.decay is not None:
            raise fault("retention", "has a `retention` and a `decay`", "Give one: each says how much is left.")
        return self


class LedgerSection(Section):
    """The general ledger's support cost, against which the model's is held."""

    series: Name
    """Its `series_id` in the table `series`."""
    tolerance: Share = 0.05
    """Largest difference, as a share of the ledger's, past which the case is marked."""


class PhoneSection(Section):
    """What the same contact costs by phone."""

    marginal: Money
    """What one contact less saves."""
    average: Money | None = None
    """All costs over all contacts."""


class DecisionSection(Section):
    """What the page for the decision needs besides."""

    agent_hours_per_year: Annotated[float, Field(gt=0, le=10**10)] | None = None
    """Paid hours of social agents a year. Default: the value of an hour is not known."""
    in_time_at: dict[Literal["today", "-20%", "+20%"], Share] = Field(default_factory=dict)
    """Share of first contacts answered in time with a fifth less or more staff. Default: not known."""
    phone: PhoneSection | None = None
    """What the same contact costs by phone. Default: as `unit_costs` have it."""


class RoiSection(Section):
    """The case in money. Present, even if empty: the case is made. Absent: it is not."""

    years: Annotated[int, Field(ge=1, le=10)] = 3
    """Years the case runs."""
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.10
    """Yearly rate at which later money is worth less."""
    contacts_per_year: AboveZero | None = None
    """Social index contacts a year. Default: as many as measured."""
    forecast: tuple[Amount, ...] = ()
    """Social index contacts in each year to come; the last holds on. What lies above the number studied is a line of
    its own, of grade C at best."""
    uptake: tuple[AssumedShare, ...] = ()
    """Share of the contacts that the programme reaches in each year, as in `[0.5, 0.8, 1]`; the last holds on."""
    cost_lines: dict[CostLineName, CostLineSection] = Field(default_factory=dict)
    """Cost by line. A line that is not stated is taken from the table `costs`; state it as 0 to leave it out."""
    unit_costs: dict[Name, UnitCostSection] = Field(default_factory=dict)
    """Cost of a contact by channel. Default: from the table `unit_costs`, else measured in `issues` or
    `touchpoints`."""
    rates: dict[CurrencyCode, RateSection] = Field(default_factory=dict)
    """Rates of other currencies. Money in another currency without one is refused."""
    haircuts: HaircutsSection = HaircutsSection()
    """By how much benefits are cut for their evidence."""
    evidence_cap: Share = 0.30
    """Largest share of benefits that may rest on grades D and E; past it the case says so first."""
    cashable: CashableSection = CashableSection()
    """By how much spending falls where support cost is saved."""
    repurchase: RepurchaseSection = RepurchaseSection()
    """Margin gained or lost after a contact."""
    issues_avoided: IssuesAvoidedSection = IssuesAvoidedSection()
    """Issues that customers do not raise later, or raise besides."""
    induced_demand: InducedDemandSection | None = None
    """Contacts made because there is an answer. Default: named among what is not counted."""
    cancel_save: CancelSaveSection | None = None
    """Cancellations talked out of."""
    new_sale: NewSaleSection | None = None
    """Sales that began with a mention."""
    deflection: DeflectionSection | None = None
    """Contacts that an answer made needless."""
    customer_value: CustomerValueSection | None = None
    """Margin past the window that was measured."""
    overlap: dict[BenefitName, AssumedShare] = Field(default_factory=dict)
    """Line of benefit and the share of it that lines before it hold already, where the tables cannot tell: in the
    order of `repurchase`, `issues_avoided`, `channel_shift`, `cancel_save`, `new_sale`, `deflection`,
    `customer_value`."""
    ledger: LedgerSection | None = None
    """The general ledger, against which support cost is held."""
    owners: dict[BenefitName, Name] = Field(default_factory=dict)
    """Line of benefit and who answers for it."""
    also_claimed_by: dict[BenefitName, Names] = Field(default_factory=dict)
    """Line of benefit and the other business cases that claim the same money."""
    fiscal_quarters: dict[BenefitName, Name] = Field(default_factory=dict)
    """Line of benefit and the fiscal quarter in which it is to be seen, as in `2027-Q2`."""
    decision: DecisionSection = DecisionSection()
    """What the page for the decision needs besides."""
    draws: Annotated[int, Field(ge=1_000, le=10_000_000)] = 100_000
    """Draws by which uncertainty is carried into money."""

    @model_validator(mode="after")
    def _one_case(self) -> RoiSection:
        if self.forecast and self.contacts_per_year is not None:
            raise fault("volume", "has `contacts_per_year` and a `forecast`", "Give one of them.")
        for name in ("forecast", "uptake"):
            if len(getattr(self, name)) > self.years:
                raise fault("years", f"names more years under `{name}` than it has", "Name one figure a year at most.")
        for name in ("owners", "also_claimed_by", "fiscal_quarters", "overlap"):
            for line in getattr(self, name):
                if line in ASKED and getattr(self, line) is None:
                    what = f"names `{line}` under `{name}`, and has no such line"
                    raise fault("no_line", what, f"Add `roi.{line}`, or take the name out.")
        if self.cashable.deflection is not None and self.deflection is None:
            raise fault("no_line", "names `deflection` under `cashable`, and has no such line", "Add `roi.deflection`.")
        return self
