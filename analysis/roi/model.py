"""What is it worth, how sure is that, and on which evidence does it rest? Measured effects in, a case out.

The gain per contact is the study's own difference in margin over its after-window, drawn from its sampling
distribution; nothing is extrapolated past the window. Each year's benefit is that gain times the first social contacts
of a year. Costs are taken as given. Risk adjustment, further benefit lines and the register of promises are left to
later rooms of this floor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.roi.assumptions import CostLine, RoiAssumptions, cost_lines

if TYPE_CHECKING:
    from analysis.tables.load import Tables

GRADES = ("A", "B", "C", "D", "E")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The low, middle and high case: 5th, 50th and 95th percentile. None where it is never reached."""

    p5: float | None
    p50: float | None
    p95: float | None

    @classmethod
    def of(cls, draws: Floats) -> Quantiles:
        return cls(*(None if not math.isfinite(q) else float(q) for q in _percentiles(draws)))

    def to_dict(self) -> dict[str, float | None]:
        return {"p5": self.p5, "p50": self.p50, "p95": self.p95}


def _percentiles(draws: Floats) -> list[float]:
    """5th, 50th and 95th percentile; by order statistics, since a payback may be infinite."""
    return [float(q) for q in np.quantile(draws, [0.05, 0.5, 0.95], method="inverted_cdf")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """One benefit line: where it comes from, how far it can be believed, what it adds up to.

    `index_from` and `index_to` are the months in which the customers behind the effect first wrote on social: a volume
    of another time is multiplied by what was found then.
    """

    id: str
    label: str
    kind: str
    effect: str
    grade: str
    gain_per_contact: float
    contacts_per_year: float
    contacts_source: str
    per_year: Quantiles
    present_value: Quantiles
    index_from: str | None = None
    index_to: str | None = None
    maturity: str = "mature"

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "label": self.label,
            "kind": self.kind,
            "effect": self.effect,
            "grade": self.grade,
            "gain_per_contact": self.gain_per_contact,
            "contacts_per_year": self.contacts_per_year,
            "contacts_source": self.contacts_source,
            "per_year": self.per_year.to_dict(),
            "present_value": self.present_value.to_dict(),
            "index_from": self.index_from,
            "index_to": self.index_to,
            "maturity": self.maturity,
        }


@dataclass(frozen=True, slots=True)
class RoiCase:
    """The case: money over the horizon with its range, its lines, and the evidence it rests on."""

    currency: str
    years: int
    discount_rate: float
    npv: Quantiles
    roi: Quantiles
    payback_months: Quantiles
    probability_npv_positive: float
    benefits: tuple[Benefit, ...]
    costs: tuple[CostLine, ...]
    npv_share_by_grade: Mapping[str, float]
    yearly: pd.DataFrame
    draws: Floats

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            "roi": {
                "currency": self.currency,
                "years": self.years,
                "discount_rate": self.discount_rate,
                "npv": self.npv.to_dict(),
                "roi": self.roi.to_dict(),
                "payback_months": self.payback_months.to_dict(),
                "probability_npv_positive": self.probability_npv_positive,
                "benefits": [benefit.to_dict() for benefit in self.benefits],
                "costs": [
                    {"line": cost.line, "initial": cost.initial, "per_year": cost.per_year, "source": cost.source}
                    for cost in self.costs
                ],
                "npv_share_by_grade": dict(self.npv_share_by_grade),
            }
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a year, year 0 being the initial outlay, in the case's currency, not discounted."""
        return self.yearly.copy()

    def _repr_html_(self) -> str:
        return str(self.yearly.to_html(index=False, escape=True))


def roi_case(assumptions: RoiAssumptions, effects: Sequence[Mapping[str, Any]], tables: Tables) -> RoiCase:
    """What is the programme worth over the horizon, with the studies' uncertainty carried through?

    Parameters
    ----------
    assumptions : RoiAssumptions
    effects : sequence of mapping
        Rows of the contract's `effects`; the channel effect on margin, all customers, difference scale, is used.
    tables : Tables
        For the costs, where the assumptions do not give them.

    Returns
    -------
    RoiCase
        Money in the case's currency. The initial outlay is not discounted; years are booked at their end.

    Raises
    ------
    DesignError
        If no study measured the margin, or there are no costs.

    Source
    ------
    Forrester's TEI layout (initial, years, present value); money from effects: post · (1 − 1/RR), which is the
    study's difference scale.
    """
    effect = _margin_effect(effects, assumptions.currency)
    contacts, source = _contacts(assumptions, effect)
    rng = np.random.default_rng(assumptions.seed)
    gain = rng.normal(effect["value"], effect["se"], assumptions.draws)
    costs = cost_lines(assumptions, tables)
    initial, per_year = sum(line.initial for line in costs), sum(line.per_year for line in costs)
    discount = (1 + assumptions.discount_rate) ** -np.arange(1, assumptions.years + 1)
    benefit_year = gain * contacts
    benefit_pv = benefit_year * discount.sum()
    cost_pv = initial + per_year * discount.sum()
    npv = benefit_pv - cost_pv
    benefit = Benefit(
        id="repurchase",
        label="Margin gained or lost after a social contact",
        kind="margin",
        effect=f"{effect['design']}/{effect['estimand']}/{effect['outcome']}/{effect['scale']}",
        grade=effect["grade"],
        gain_per_contact=float(effect["value"]),
        contacts_per_year=contacts,
        contacts_source=source,
        per_year=Quantiles.of(benefit_year),
        present_value=Quantiles.of(benefit_pv),
        index_from=effect["index_from"],
        index_to=effect["index_to"],
        maturity=effect["maturity"],
    )
    return RoiCase(
        currency=assumptions.currency,
        years=assumptions.years,
        discount_rate=assumptions.discount_rate,
        npv=Quantiles.of(npv),
        roi=Quantiles.of(npv / cost_pv) if cost_pv > 0 else Quantiles(None, None, None),
        payback_months=Quantiles.of(payback(initial, benefit_year - per_year, assumptions.years)),
        probability_npv_positive=float((npv > 0).mean()),
        benefits=(benefit,),
        costs=costs,
        npv_share_by_grade={grade: float(grade == effect["grade"]) for grade in GRADES},
        yearly=_yearly(benefit_year, initial, per_year, assumptions.years),
        draws=npv,
    )


def payback(initial: float, net_per_year: Floats, years: int) -> Floats:
    """After how many months has an even yearly net paid back the initial outlay? Infinite where it never does.

    Parameters
    ----------
    initial : float
        Outlay at the start.
    net_per_year : array of float, shape (n,)
        Benefits less running costs, the same every year, spread evenly over its months.
    years : int
        Horizon; what is not paid back within it is not paid back.

    Examples
    --------
    >>> payback(120.0, np.array([240.0, 60.0, -10.0]), years=3).tolist()
    [6.0, 24.0, inf]
    """
    months = np.full(net_per_year.shape, np.inf)
    np.divide(12.0 * initial, net_per_year, out=months, where=net_per_year > 0)
    return np.where(months <= 12 * years, months, np.inf)


def _margin_effect(effects: Sequence[Mapping[str, Any]], currency: str) -> Mapping[str, Any]:
    """The study's own difference in margin, whole window: interim findings and estimators of one's own are no money."""
    asked: tuple[Any, ...] = ("channel_effect", "margin", "difference", {}, "mature", True)
    for row in effects:
        if asked == tuple(row[name] for name in ("estimand", "outcome", "scale", "segment", "maturity", "declared")):
            if row["value"] is None:
                raise DesignError(
                    f"The study of margin claims no effect, so there is nothing to value: {row['reason']}"
                )
            if row["unit"] != f"{currency} per customer":
                raise DesignError(
                    f"The study's margin is in {row['unit'].removesuffix(' per customer')}, the case in {currency}. "
                    "Set `report: currency`."
                )
            return row
    raise DesignError(
        "No study measured the margin. `orders` needs a column `margin`, and `outcomes` in the parameters must hold it."
    )


def _contacts(assumptions: RoiAssumptions, effect: Mapping[str, Any]) -> tuple[float, str]:
    if assumptions.contacts_per_year is not None:
        return assumptions.contacts_per_year, "parameters"
    months = Month.of(effect["index_to"]).number - Month.of(effect["index_from"]).number + 1
    return 12 * effect["n_treated"] / months, "first social contacts in the study's index months, per year"


def _yearly(benefit: Floats, initial: float, per_year: float, years: int) -> pd.DataFrame:
    low, middle, high = _percentiles(benefit)
    start = {"year": 0, "benefits": 0.0, "costs": initial, "net": -initial, "net_low": -initial, "net_high": -initial}
    later = [
        {
            "year": year,
            "benefits": middle,
            "costs": per_year,
            "net": middle - per_year,
            "net_low": low - per_year,
            "net_high": high - per_year,
        }
        for year in range(1, years + 1)
    ]
    return pd.DataFrame([start, *later])
