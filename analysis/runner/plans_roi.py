"""What do the parameters ask of the case in money? The request that the case is handed, and nothing else.

Which tables and effects it is made from is left to `steps`; what the keys may hold, to `params_roi`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.foundation.errors import DesignError

if TYPE_CHECKING:
    from datetime import date

    from analysis.roi.lines.cancel_save import CancelSaveRequest
    from analysis.roi.lines.customer_value import CustomerValueRequest
    from analysis.roi.lines.deflection import DeflectionRequest
    from analysis.roi.lines.new_sale import NewSaleRequest
    from analysis.roi.lines.programme_costs import StatedCost
    from analysis.roi.request import RoiRequest
    from analysis.roi.stated import Stated
    from analysis.roi.unit_costs import StatedUnitCost
    from analysis.runner.params_assumption import AssumptionSection
    from analysis.runner.params_roi import (
        CancelSaveSection,
        CostLineSection,
        CustomerValueSection,
        DeflectionSection,
        NewSaleSection,
        RoiSection,
        UnitCostSection,
    )
    from analysis.runner.params_values import Section
    from analysis.runner.study import Study

V = TypeVar("V")


def roi_request(study: Study) -> RoiRequest:
    """What the parameters say of the case in money.

    Raises
    ------
    DesignError
        If they ask for none, or for one that cannot be.
    """
    asked = study.values.roi
    if asked is None:
        raise DesignError("The parameters ask for no case in money. Add a section `roi:`, which may be empty.")
    try:
        return _request(study, asked)
    except ValueError as error:
        raise DesignError(str(error)) from error


def _request(study: Study, asked: RoiSection) -> RoiRequest:
    from analysis.roi.decision import ChannelCost, DecisionRequest
    from analysis.roi.lines.induced_demand import InducedDemandRequest
    from analysis.roi.lines.issues_avoided import IssuesAvoidedRequest
    from analysis.roi.lines.repurchase import RepurchaseRequest
    from analysis.roi.rates import Rate
    from analysis.roi.request import RoiRequest
    from analysis.roi.tie_out import TieOutRequest
    from analysis.roi.volumes import VolumeRequest
    from analysis.runner.closing import rules_of
    from analysis.studies.result import GRADE_WORDS

    period, phone = study.period, asked.decision.phone
    induced = asked.induced_demand
    return RoiRequest(
        currency=study.values.report.currency,
        years=asked.years,
        discount_rate=asked.discount_rate,
        volume=VolumeRequest(
            contacts_per_year=_stated(asked.contacts_per_year),
            forecast=tuple(stated(one) for one in asked.forecast),
            uptake=tuple(stated(one) for one in asked.uptake),
        ),
        cost_lines=tuple(_cost(name, line) for name, line in asked.cost_lines.items()),
        unit_costs=tuple(_unit_cost(channel, one) for channel, one in asked.unit_costs.items()),
        rates={
            currency: Rate(rate=one.rate, source=one.source, dated=one.dated.isoformat())
            for currency, one in asked.rates.items()
        },
        haircuts={grade: getattr(asked.haircuts, grade) for grade in GRADE_WORDS},
        evidence_cap=asked.evidence_cap,
        repurchase=RepurchaseRequest(margin_per_order=_stated(asked.repurchase.margin_per_order)),
        issues_avoided=IssuesAvoidedRequest(cost_per_issue=_stated(asked.issues_avoided.cost_per_issue)),
        induced_demand=InducedDemandRequest(
            extra_contacts_per_contact=None if induced is None else stated(induced.extra_contacts_per_contact)
        ),
        cashable={
            name: stated(one)
            for name in type(asked.cashable).model_fields
            if (one := getattr(asked.cashable, name)) is not None
        },
        cancel_save=None if asked.cancel_save is None else _cancel_save(asked.cancel_save),
        new_sale=None if asked.new_sale is None else _new_sale(asked.new_sale),
        deflection=None if asked.deflection is None else _deflection(asked.deflection),
        customer_value=None if asked.customer_value is None else _customer_value(asked.customer_value),
        overlap=_by_name({name: stated(one) for name, one in asked.overlap.items()}),
        owners=_by_name(asked.owners),
        fiscal_quarters=_by_name(asked.fiscal_quarters),
        also_claimed_by=_by_name(asked.also_claimed_by),
        decision=DecisionRequest(
            agent_hours_per_year=asked.decision.agent_hours_per_year, in_time_at=_by_name(asked.decision.in_time_at)
        ),
        ledger=None
        if asked.ledger is None
        else TieOutRequest(series=asked.ledger.series, tolerance=asked.ledger.tolerance),
        phone=None
        if phone is None
        else ChannelCost(channel="phone", marginal=phone.marginal, average=phone.average, source="parameters"),
        months=() if period is None else period.civil.months(),
        rules=rules_of(study.values),
        zone=study.values.period.timezone,
        draws=asked.draws,
        seed=study.values.seed,
    )


def _by_name(given: Mapping[Any, V]) -> dict[str, V]:
    return {str(name): value for name, value in given.items()}


def stated(one: AssumptionSection, source: str | None = None, dated: date | None = None) -> Stated:
    """An assumption of the parameters; source and day of its section where it has none of its own."""
    from analysis.roi.stated import Stated

    day = one.dated or dated
    return Stated(
        value=one.value,
        low=one.low,
        high=one.high,
        shape=one.shape,
        sd=one.sd,
        source=one.source or source,
        dated=None if day is None else day.isoformat(),
    )


def _stated(one: AssumptionSection | None) -> Stated | None:
    return None if one is None else stated(one)


def _cost(name: str, line: CostLineSection) -> StatedCost:
    from analysis.roi.lines.programme_costs import StatedCost

    day = None if line.dated is None else line.dated.isoformat()

    def of(amount: float) -> Stated:
        from analysis.roi.stated import Stated

        if line.range is None or amount == 0:
            return Stated(value=amount, source=line.source, dated=day)
        low, high = (amount * times for times in line.range)
        return Stated(value=amount, low=low, high=high, source=line.source, dated=day)

    return StatedCost(line=name, initial=of(line.initial), per_year=of(line.per_year), owner=line.owner)


def _unit_cost(channel: str, one: UnitCostSection) -> StatedUnitCost:
    from analysis.roi.unit_costs import StatedUnitCost

    return StatedUnitCost(
        channel=channel,
        marginal=stated(one.marginal, one.source, one.dated),
        average=one.average,
        per=one.per,
        currency=one.currency,
    )


def _cancel_save(one: CancelSaveSection) -> CancelSaveRequest:
    from analysis.roi.lines.cancel_save import CancelSaveRequest

    return CancelSaveRequest(**_fields(one))


def _new_sale(one: NewSaleSection) -> NewSaleRequest:
    from analysis.roi.lines.new_sale import NewSaleRequest

    return NewSaleRequest(**_fields(one))


def _deflection(one: DeflectionSection) -> DeflectionRequest:
    from analysis.roi.lines.deflection import DeflectionRequest

    return DeflectionRequest(**_fields(one))


def _customer_value(one: CustomerValueSection) -> CustomerValueRequest:
    from analysis.roi.lines.customer_value import CustomerValueRequest

    return CustomerValueRequest(**_fields(one))


def _fields(section: Section) -> dict[str, Any]:
    """What a section gives, by name, assumptions as the case reads them; what it leaves out has the line's default."""
    from analysis.runner.params_assumption import AssumptionSection

    given = {name: getattr(section, name) for name in type(section).model_fields}
    return {
        name: stated(value) if isinstance(value, AssumptionSection) else value
        for name, value in given.items()
        if value is not None
    }
