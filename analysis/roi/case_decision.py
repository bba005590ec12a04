"""What does the page for the decision read of the case? Its values, totals and effects, brought together.

What the page says of them is left to `decision`, the rule to `decision_rule`, counting on the tables to
`decision_totals`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month
from analysis.roi.assembly import Assembled
from analysis.roi.decision import NEEDED, ChannelCost, Decision, LineOfCase, decision_of, guardrails_of
from analysis.roi.decision_staffing import service_found
from analysis.roi.decision_totals import (
    MARGIN,
    SUPPORT,
    SpokenFor,
    Total,
    margin_of_period,
    spoken_for,
    support_cost_of_period,
)
from analysis.roi.evidence import Evidence
from analysis.roi.lines.programme_costs import PEOPLE
from analysis.roi.request import RoiRequest
from analysis.roi.simulation import Model, Simulated
from analysis.roi.tei import TeiTable
from analysis.roi.unit_costs import UnitCosts

if TYPE_CHECKING:
    from analysis.roi.tie_out import TieOut
    from analysis.tables.load import Tables

CHANNEL = "social"
BESIDE = "phone"


def decision_for(
    request: RoiRequest,
    found: Assembled,
    model: Model,
    base: TeiTable,
    drawn: Simulated,
    weighed: Evidence,
    effects: Sequence[Mapping[str, Any]],
    tables: Tables | None,
) -> Decision:
    """The decision page of a case.

    Parameters
    ----------
    request : RoiRequest
    found : Assembled
    model, base, drawn, weighed
        The case, its table, its draws and its evidence.
    effects : sequence of mapping
        Rows of the contract's `effects`, of all studies that were made.
    tables : Tables, optional
    """
    costs = {row.id: row for row in base.rows if row.side == "cost" and row.counted}
    return decision_of(
        request.decision,
        currency=request.currency,
        discount_rate=request.discount_rate,
        npv=drawn.draws,
        benefits=model.present_value(drawn.benefits),
        contacts=[one.value(drawn.inputs) for one in found.volumes.all],
        lines=[_line(line, drawn) for line in model.lines if line.side == "benefit"],
        agents_a_year=_a_year(model, costs[PEOPLE].by_year) if PEOPLE in costs else None,
        running_costs_a_year=_a_year(model, base.costs.by_year),
        shares_by_grade=weighed.judged,
        cap=weighed.cap,
        service=service_found(effects, request.currency),
        guardrails=guardrails_of(effects, **_books_in_words(found.books), needed=NEEDED),
        channels=[_channel(one, found.prices, request) for one in (CHANNEL, BESIDE)],
        totals=_totals(request, tables),
        months_in_period=len(request.months),
        spoken=_spoken(request, found, tables),
    )


def _a_year(model: Model, by_year: Sequence[float]) -> float:
    """A level year, the start left out: the same amount every year that is worth as much today, as benefits are."""
    worth = model.discounting[1:].tolist()
    first = by_year[1]
    more = math.fsum(by * (amount - first) for by, amount in zip(worth, by_year[1:], strict=True))
    return first + more / math.fsum(worth)


def _line(line: Any, drawn: Simulated) -> LineOfCase:
    return LineOfCase(
        id=line.id,
        label=line.label,
        account=line.account,
        per_year=tuple(one.p50 or 0.0 for one in drawn.lines[line.id].by_year[1:]),
        owner=line.owner,
        fiscal_quarter=line.fiscal_quarter,
        also_claimed_by=line.also_claimed_by,
        counted=line.counted,
    )


def _books_in_words(books: TieOut | None) -> dict[str, Any]:
    if books is None:
        return {"tied_out": None, "tie_out_detail": "No ledger total was given: `roi.ledger`."}
    return {"tied_out": books.tied_out, "tie_out_detail": books.said}


def _channel(channel: str, prices: UnitCosts, request: RoiRequest) -> ChannelCost:
    if channel == BESIDE and request.phone is not None:
        return request.phone
    known = prices.get(channel, "contact")
    if known is None:
        reason = f"neither the tables nor `roi.unit_costs.{channel}` say it."
        return ChannelCost(channel=channel, marginal=None, average=None, source=reason)
    return ChannelCost(channel=channel, marginal=known.marginal, average=known.average, source=known.source)


def _totals(request: RoiRequest, tables: Tables | None) -> dict[str, Total]:
    if tables is None or not request.months:
        none = Total(None, "the period holds no whole month")
        return {MARGIN: none, SUPPORT: none}
    given = (tables, request.months, request.zone, request.currency)
    return {MARGIN: margin_of_period(*given), SUPPORT: support_cost_of_period(*given, request.rules)}


def _spoken(request: RoiRequest, found: Assembled, tables: Tables | None) -> SpokenFor:
    if tables is None or found.counted is None:
        return SpokenFor(reason="no study says whose contacts they are")
    first, last = Month.of(found.counted.index_from), Month.of(found.counted.index_to)
    return spoken_for(tables, first, last, request.zone, request.currency, CHANNEL)
