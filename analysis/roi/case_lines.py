"""How is each line of the case told: what it brings or costs, per contact and a year, from which effect, and whose?

One row a line, as pages and `results.json` read it. Lines that are shown and not counted are rows too, and say so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.roi.formula import Formula
from analysis.roi.line import Kind, Line
from analysis.roi.lines.beyond_reach import SUFFIX
from analysis.roi.lines.per_contact import TIME
from analysis.roi.quantiles import Quantiles
from analysis.roi.simulation import Model, Simulated
from analysis.roi.volumes import Volumes
from analysis.studies.result import Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitShown:
    """One line of benefit: where it comes from, how far it can be believed, what it adds up to.

    `index_from` and `index_to` are the months in which the customers behind the effect first wrote on social: a volume
    of another time is multiplied by what was found then. `effect`, `gain_per_contact` and `contacts_per_year` (its mean
    over the years) are None where the line has none. `per_year` is the mean year,
    `by_year` holds each, `present_value` all of them.
    """

    id: str
    label: str
    kind: Kind
    effect: str | None
    grade: Grade
    gain_per_contact: float | None
    contacts_per_year: float | None
    contacts_source: str | None
    per_year: Quantiles
    by_year: tuple[Quantiles, ...]
    present_value: Quantiles
    index_from: str | None
    index_to: str | None
    maturity: str | None
    account: str
    counted: bool
    owner: str | None
    fiscal_quarter: str | None
    also_claimed_by: tuple[str, ...]
    note: str

    def to_dict(self) -> dict[str, Any]:
        """The row as `results.json` holds it."""
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
            "by_year": [one.to_dict() for one in self.by_year],
            "present_value": self.present_value.to_dict(),
            "index_from": self.index_from,
            "index_to": self.index_to,
            "maturity": self.maturity,
            "account": self.account,
            "counted": self.counted,
            "owner": self.owner,
            "fiscal_quarter": self.fiscal_quarter,
            "also_claimed_by": list(self.also_claimed_by),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CostShown:
    """One line of cost at its base: at the start, in the mean year, and over all years in present value."""

    line: str
    label: str
    initial: float
    per_year: float
    source: str
    present_value: Quantiles
    grade: Grade | None
    account: str
    owner: str | None
    note: str

    def to_dict(self) -> dict[str, Any]:
        """The row as `results.json` holds it."""
        return {
            "line": self.line,
            "label": self.label,
            "initial": self.initial,
            "per_year": self.per_year,
            "source": self.source,
            "present_value": self.present_value.to_dict(),
            "grade": self.grade,
            "account": self.account,
            "owner": self.owner,
            "note": self.note,
        }


def benefits_shown(model: Model, drawn: Simulated, volumes: Volumes) -> tuple[BenefitShown, ...]:
    """The benefits of a case, in its order.

    Parameters
    ----------
    model : Model
    drawn : Simulated
        Of the same model.
    volumes : Volumes
        The contacts that its lines multiply.
    """
    return tuple(_benefit(line, model, drawn, volumes) for line in model.lines if line.side == "benefit")


def costs_shown(model: Model, drawn: Simulated, volumes: Volumes) -> tuple[CostShown, ...]:
    """The costs of a case, in its order; see `benefits_shown`."""
    return tuple(_cost(line, model, drawn, volumes) for line in model.lines if line.side == "cost")


def _benefit(line: Line, model: Model, drawn: Simulated, volumes: Volumes) -> BenefitShown:
    read = [quantity for quantity in model.inputs.quantities if quantity.name in line.inputs]
    base = model.inputs.base()
    contacts = _contacts(line, volumes, base)
    amounts = model.amounts(line, base)[1:]
    effect = next((one.effect for one in read if one.origin == "study"), None)
    assert line.grade is not None  # every benefit has one
    return BenefitShown(
        id=line.id,
        label=line.label,
        kind=line.kind,
        effect=effect,
        grade=line.grade,
        gain_per_contact=math.fsum(amounts) / math.fsum(contacts) if contacts else None,
        contacts_per_year=math.fsum(contacts) / len(contacts) if contacts else None,
        contacts_source=volumes.source if contacts else None,
        per_year=_mean_year(line, model, drawn),
        by_year=drawn.lines[line.id].by_year[1:],
        present_value=drawn.lines[line.id].present_value,
        index_from=line.index_from,
        index_to=line.index_to,
        maturity=line.maturity,
        account=line.account,
        counted=line.counted,
        owner=line.owner,
        fiscal_quarter=line.fiscal_quarter,
        also_claimed_by=line.also_claimed_by,
        note=line.note,
    )


def _contacts(line: Line, volumes: Volumes, base: Mapping[str, float]) -> list[float]:
    """The contacts of each year that a line multiplies, at base; none where it multiplies none."""
    if not line.inputs & {one.name for one in volumes.quantities}:
        return []
    of_line: tuple[Formula, ...] = volumes.studied
    if line.id.endswith(SUFFIX):
        of_line = volumes.beyond
    elif line.id.endswith(TIME):
        of_line = volumes.all
    found = [float(one.value(base)) for one in of_line]
    return found if math.fsum(found) > 0 else []


def _mean_year(line: Line, model: Model, drawn: Simulated) -> Quantiles:
    amounts = np.asarray(model.amounts(line, drawn.inputs)[1:])
    return Quantiles.of(np.atleast_1d(amounts.mean(axis=0)))


def _cost(line: Line, model: Model, drawn: Simulated, volumes: Volumes) -> CostShown:
    at_start, *years = (float(one) for one in model.amounts(line, model.inputs.base()))
    return CostShown(
        line=line.id,
        label=line.label,
        initial=at_start,
        per_year=math.fsum(years) / len(years),
        source=_sources(line, model, volumes),
        present_value=drawn.lines[line.id].present_value,
        grade=line.grade,
        account=line.account,
        owner=line.owner,
        note=line.note,
    )


def _sources(line: Line, model: Model, volumes: Volumes) -> str:
    """Where its inputs come from, the contacts left out; a plain number in the parameters says just that."""
    contacts = {one.name for one in volumes.quantities}
    read = [one for one in model.inputs.quantities if one.name in line.inputs - contacts]
    dated = [one.source if one.dated is None else f"{one.source} ({one.dated})" for one in read]
    return "; ".join(dict.fromkeys(dated)) or "parameters"
