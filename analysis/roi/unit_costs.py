"""What does one more contact, or one more issue, cost on each channel? Stated, from the table, or as the rows say.

Benefits are valued at marginal cost: what one more costs, not its share of the rent. The average is kept beside it for
comparisons and never multiplied with anything. The parameters stand above the table `unit_costs`, and that above the
mean of what the rows of `issues` or `touchpoints` carry over their last twelve months, which is taken for marginal as
it stands there. What is priced per contact alone becomes a price per issue by the contacts an issue takes, where the
tables can count them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from analysis.foundation.errors import DesignError
from analysis.roi.covered_months import last_months
from analysis.roi.quantity import Origin, Quantity
from analysis.roi.rates import Rates
from analysis.roi.spread import Fixed, Spread
from analysis.roi.stated import Stated, amount

if TYPE_CHECKING:
    from analysis.tables.load import Tables

Per = Literal["contact", "issue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedUnitCost:
    """What the parameters say one contact or one issue costs on a channel, in `currency` (the case's when left out)."""

    channel: str
    marginal: Stated
    average: float | None = None
    per: Per = "contact"
    currency: str | None = None

    def __post_init__(self) -> None:
        amount(f"roi.unit_costs.{self.channel}.marginal", self.marginal)
        if self.average is not None and self.average < 0:
            raise ValueError(f"`roi.unit_costs.{self.channel}.average` is 0 or more, not {self.average:g}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCost:
    """What one contact or one issue costs on a channel, in the currency of the case.

    Parameters
    ----------
    channel : str
    per : {"contact", "issue"}
    spread : Spread
        At marginal cost.
    average : float, optional
        With its share of fixed costs.
    origin : {"stated", "measured", "derived"}
    source : str
    dated : str, optional
    """

    channel: str
    per: Per
    spread: Spread
    origin: Origin
    source: str
    average: float | None = None
    dated: str | None = None

    @property
    def marginal(self) -> float:
        """At its base."""
        return self.spread.base

    def quantity(self, currency: str) -> Quantity:
        """As an input of the case: "phone_cost_per_issue"."""
        return Quantity(
            name=f"{self.channel}_cost_per_{self.per}",
            label=f"What one more {self.per} costs: {self.channel.replace('_', ' ')}",
            unit=f"{currency} per {self.per}",
            spread=self.spread,
            origin=self.origin,
            source=self.source,
            dated=self.dated,
            low_limit=0.0,
        )


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """Unit costs by channel, and how many contacts an issue takes on each.

    Parameters
    ----------
    currency : str
    of_channel : mapping of (channel, per) to UnitCost
    contacts_per_issue : mapping of channel to float
        Where the tables can count them.
    booked : mapping of channel to (mean, standard error)
        Cost of the channel's issues on their rows, in the currency of the case, whatever else is stated.
    """

    currency: str
    of_channel: Mapping[tuple[str, str], UnitCost]
    contacts_per_issue: Mapping[str, float] = field(default_factory=dict)
    booked: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("of_channel", "contacts_per_issue", "booked"):
            object.__setattr__(self, name, MappingProxyType(dict(sorted(getattr(self, name).items()))))

    def get(self, channel: str, per: Per) -> UnitCost | None:
        """The unit cost of a channel, worked out from the other one where only that is known; None where neither is."""
        found = self.of_channel.get((channel, per))
        if found is not None:
            return found
        other: Per = "issue" if per == "contact" else "contact"
        known, contacts = self.of_channel.get((channel, other)), self.contacts_per_issue.get(channel)
        if known is None or not contacts:
            return None
        factor = contacts if per == "issue" else 1 / contacts
        return UnitCost(
            channel=channel,
            per=per,
            spread=_scaled(known.spread, factor),
            average=None if known.average is None else factor * known.average,
            origin="derived",
            source=f"{known.source}; {contacts:.2f} contacts an issue, counted",
            dated=known.dated,
        )

    def need(self, channel: str, per: Per, what_for: str) -> UnitCost:
        """The unit cost of a channel.

        Raises
        ------
        DesignError
            If it is not known, naming the parameter and who needs it.
        """
        found = self.get(channel, per)
        if found is None:
            raise DesignError(
                f"{what_for} needs what one {per} costs on {channel}, and neither the parameters, nor `unit_costs`, "
                f"nor the rows say it. Give `roi.unit_costs.{channel}` (per: {per})."
            )
        return found


def unit_costs(stated: Sequence[StatedUnitCost], tables: Tables | None, rates: Rates, zone: str) -> UnitCosts:
    """What one contact and one issue cost on each channel.

    Parameters
    ----------
    stated : sequence of StatedUnitCost
    tables : Tables, optional
        With `unit_costs`, `issues` or `touchpoints`, where they are.
    rates : Rates
    zone : str
        Reporting time zone, in which months begin.

    Raises
    ------
    DesignError
        If two are stated for one channel, or money is in a currency without a rate.
    """
    found: dict[tuple[str, str], UnitCost] = {}
    contacts: dict[str, float] = {}
    booked: dict[str, tuple[float, float]] = {}
    if tables is not None:
        measured = [*_on_rows(tables, "issues", rates, zone), *_on_rows(tables, "touchpoints", rates, zone)]
        booked = {one.channel: (one.marginal, error) for one, error in measured if one.per == "issue"}
        found |= {(one.channel, one.per): one for one, _ in measured}
        found |= {(one.channel, one.per): one for one in _in_table(tables, rates)}
        contacts = _contacts_per_issue(tables)
    named = [(one.channel, one.per) for one in stated]
    if len(set(named)) < len(named):
        raise DesignError("`roi.unit_costs` states a channel twice per contact or per issue; state each once.")
    for one in stated:
        for per in ("contact", "issue"):
            if (one.channel, per) not in named:
                found.pop(
                    (one.channel, per), None
                )  # what is worked out from a stated price stands above what is counted
        found[(one.channel, one.per)] = _as_stated(one, rates)
    return UnitCosts(rates.currency, found, contacts, booked)


def _as_stated(one: StatedUnitCost, rates: Rates) -> UnitCost:
    currency = one.currency or rates.currency
    factor = rates.factor(currency, f"What `roi.unit_costs.{one.channel}` states")
    return UnitCost(
        channel=one.channel,
        per=one.per,
        spread=one.marginal.times(factor).spread,
        average=None if one.average is None else factor * one.average,
        origin="stated",
        source=one.marginal.said + rates.said(currency),
        dated=one.marginal.dated,
    )


def _in_table(tables: Tables, rates: Rates) -> list[UnitCost]:
    """The latest row of each channel, per contact and per issue; what holds from a day to come is not yet a cost."""
    if not tables.has("unit_costs"):
        return []
    known = tables.known_at
    until, at = ("where effective_from <= cast(? as date) ", [known]) if known is not None else ("", [])
    marginal, average = (tables.engine.dialect.as_float(name) for name in ("marginal", "average"))
    rows = tables.engine.query(
        f"select channel, per, effective_from, {marginal} as marginal, {average} as average, currency, source "
        f"from unit_costs {until}order by channel, per, effective_from",
        at,
    ).to_pylist()
    latest = {(row["channel"], row["per"]): row for row in rows}
    found = []
    for (channel, per), row in sorted(latest.items()):
        factor = rates.factor(row["currency"], "Rows of `unit_costs`")
        found.append(
            UnitCost(
                channel=channel,
                per=per,
                spread=Fixed(factor * row["marginal"]),
                average=None if row["average"] is None else factor * row["average"],
                origin="measured",
                source=f"table unit_costs: {row['source']}{rates.said(row['currency'])}",
                dated=row["effective_from"].isoformat(),
            )
        )
    return found


def _on_rows(tables: Tables, table: str, rates: Rates, zone: str) -> list[tuple[UnitCost, float]]:
    """The mean cost of the rows of a channel over the last months of the table, with its standard error.

    Rows without a cost say nothing.
    """
    if not tables.has_column(table, "cost"):
        return []
    per: Per = "issue" if table == "issues" else "contact"
    where, months = last_months(tables, table, zone, "and cost is not null")
    if not months:
        return []
    exact = "cast(cost as decimal(19, 2))"
    spent, squares = (tables.engine.dialect.as_float(part) for part in ("sum(cost)", f"sum({exact} * {exact})"))
    rows = tables.engine.query(
        f"select channel, currency, count(*) as n, {spent} as spent, {squares} as squares from {table} "
        f"where cost is not null and {where} group by channel, currency order by channel, currency"
    ).to_pylist()
    found = []
    for channel in sorted({row["channel"] for row in rows}):
        own = [row for row in rows if row["channel"] == channel]
        for row in own:
            if row["currency"] is None:
                raise DesignError(f"`{table}` holds costs without a currency. Fill the column `currency`.")
        factors = [rates.factor(row["currency"], f"Costs of `{table}`") for row in own]
        n = sum(row["n"] for row in own)
        mean = sum(factor * row["spent"] for factor, row in zip(factors, own, strict=True)) / n
        squared = sum(factor**2 * row["squares"] for factor, row in zip(factors, own, strict=True)) / n
        error = math.sqrt(max(0.0, squared - mean**2) / n)
        said = "".join(dict.fromkeys(rates.said(row["currency"]) for row in own))
        source = f"table {table}: mean of {n:,} rows, {months}, as booked{said}"
        one = UnitCost(channel=channel, per=per, spread=Fixed(mean), origin="measured", source=source)
        found.append((one, error))
    return found


def _contacts_per_issue(tables: Tables) -> dict[str, float]:
    """Contacts that belong to an issue, over the issues they belong to, by the channel the contacts came on."""
    if not tables.has_column("touchpoints", "issue_id"):
        return {}
    rows = tables.engine.query(
        "select channel, count(*) as contacts, count(distinct issue_id) as issues from touchpoints "
        "where issue_id is not null group by channel order by channel"
    ).to_pylist()
    return {row["channel"]: row["contacts"] / row["issues"] for row in rows}


def _scaled(spread: Spread, factor: float) -> Spread:
    """The same range in another unit."""
    from analysis.roi.spread import Normal, Pert, Triangular

    match spread:
        case Triangular() | Pert():
            return type(spread)(factor * spread.low, factor * spread.mode, factor * spread.high)
        case Normal():
            return Normal(factor * spread.mean, factor * spread.sd)
        case _:
            return Fixed(factor * spread.base)
