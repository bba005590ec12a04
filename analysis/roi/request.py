"""What is asked of the case in money: everything the parameters say of it, as plain values.

The request is checked as far as it can be without the tables; what the tables and the studies give in its gaps is left
to `assembly`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from analysis.roi.decision import ChannelCost, DecisionRequest
from analysis.roi.evidence import EVIDENCE_CAP
from analysis.roi.lines.induced_demand import InducedDemandRequest
from analysis.roi.lines.issues_avoided import IssuesAvoidedRequest
from analysis.roi.lines.programme_costs import StatedCost
from analysis.roi.lines.repurchase import RepurchaseRequest
from analysis.roi.rates import Rate, Rates
from analysis.roi.simulation import DRAWS
from analysis.roi.stated import Stated, share
from analysis.roi.unit_costs import StatedUnitCost
from analysis.roi.volumes import VolumeRequest
from analysis.studies.result import Grade

if TYPE_CHECKING:
    from analysis.foundation.calendar import Month
    from analysis.metrics.counter import Rules
    from analysis.roi.lines.cancel_save import CancelSaveRequest
    from analysis.roi.lines.customer_value import CustomerValueRequest
    from analysis.roi.lines.deflection import DeflectionRequest
    from analysis.roi.lines.new_sale import NewSaleRequest
    from analysis.roi.tie_out import TieOutRequest

HAIRCUTS: Mapping[Grade, float] = MappingProxyType({"A": 0.0, "B": 0.10, "C": 0.25, "D": 0.50, "E": 0.50})
"""By how much a benefit is cut for its evidence where the parameters do not say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiRequest:
    """What the parameters say of a case.

    Parameters
    ----------
    currency : str
        ISO 4217, of the case; other money needs a rate.
    years : int
        Horizon, 1 to 20.
    discount_rate : float
        A year, from 0 up to 1.
    volume : VolumeRequest
        Contacts a year; as many as were studied where it says nothing.
    cost_lines : tuple of StatedCost
        Each in place of the line of that name in the table `costs`.
    unit_costs : tuple of StatedUnitCost
    rates : mapping of currency to Rate
    haircuts : mapping of grade to float
    evidence_cap : float
        Largest share of the benefits that may rest on D and E.
    repurchase, issues_avoided, induced_demand
        What the lines that every case has need besides the studies.
    cashable : mapping of line to Stated
        Share by which spending falls.
    cancel_save, new_sale, deflection, customer_value
        Lines that are in the case only where they are asked for.
    overlap : mapping of line to Stated
        Share of a line that lines before it hold, where the tables cannot tell.
    owners, fiscal_quarters : mapping of line to str
    also_claimed_by : mapping of line to tuple of str
    ledger : TieOutRequest, optional
    decision : DecisionRequest
    phone : ChannelCost, optional
        What the same contact costs by phone, where it is not as the unit costs have it.
    months : tuple of Month
        Of the report's period, for totals beside the case.
    rules : Rules, optional
        How figures are counted, for those totals.
    zone : str
    draws, seed : int

    Raises
    ------
    ValueError
        If a number lies outside its range.
    """

    currency: str
    years: int = 3
    discount_rate: float = 0.10
    volume: VolumeRequest = field(default_factory=VolumeRequest)
    cost_lines: tuple[StatedCost, ...] = ()
    unit_costs: tuple[StatedUnitCost, ...] = ()
    rates: Mapping[str, Rate] = field(default_factory=dict)
    haircuts: Mapping[Grade, float] = field(default_factory=lambda: HAIRCUTS)
    evidence_cap: float = EVIDENCE_CAP
    repurchase: RepurchaseRequest = field(default_factory=RepurchaseRequest)
    issues_avoided: IssuesAvoidedRequest = field(default_factory=IssuesAvoidedRequest)
    induced_demand: InducedDemandRequest = field(default_factory=InducedDemandRequest)
    cashable: Mapping[str, Stated] = field(default_factory=dict)
    cancel_save: CancelSaveRequest | None = None
    new_sale: NewSaleRequest | None = None
    deflection: DeflectionRequest | None = None
    customer_value: CustomerValueRequest | None = None
    overlap: Mapping[str, Stated] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    fiscal_quarters: Mapping[str, str] = field(default_factory=dict)
    also_claimed_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ledger: TieOutRequest | None = None
    decision: DecisionRequest = field(default_factory=DecisionRequest)
    phone: ChannelCost | None = None
    months: tuple[Month, ...] = ()
    rules: Rules | None = None
    zone: str = "UTC"
    draws: int = DRAWS
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.years <= 20:
            raise ValueError(f"The horizon is 1 to 20 years, not {self.years}: `roi.years`.")
        if not 0 <= self.discount_rate < 1:
            raise ValueError(f"A discount rate lies from 0 up to 1, not {self.discount_rate}: `roi.discount_rate`.")
        if self.draws < 1_000:
            raise ValueError(f"An interval from {self.draws} draws is too rough; use 1,000 or more: `roi.draws`.")
        if not 0 <= self.evidence_cap <= 1:
            raise ValueError(f"The cap on weak evidence is a share, not {self.evidence_cap}: `roi.evidence_cap`.")
        Rates(self.currency, self.rates)
        for parameter in ("cashable", "overlap"):
            for name, stated in getattr(self, parameter).items():
                share(f"roi.{parameter}.{name}", stated)
