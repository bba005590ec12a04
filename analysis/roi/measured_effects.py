"""Which effects of a study may become money, how surely is each known, and how do they move together?

Money is what the channel itself did to all customers over the whole window, on the difference scale: post · (1 − 1/RR)
per contact. Findings before the window is over, estimators of one's own, raw figures, effects in segments and those of
other designs are no money; neither is `adoption_effect`, which holds the harm of the problem behind the contact. Each
that is left out has its reason, so that a page can say what to do. What the effects are multiplied with is left to the
lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.roi.rates import Rates
from analysis.studies.result import Grade

MONEY = ("margin", "revenue", "support_cost", "index_issue_cost")
"""Outcomes told in a currency; the others are told in pieces."""

_HOW_TO_MEASURE: Mapping[str, str] = MappingProxyType(
    {
        "margin": "`orders` needs a column `margin`, and `outcomes` in the parameters must hold it.",
        "orders": "`outcomes` in the parameters must hold it.",
        "issues": "`outcomes` in the parameters must hold it, and there must be a table `issues` or `touchpoints`.",
        "support_cost": "`outcomes` must hold it; issues need a `cost`, or their channels a row in `unit_costs`.",
        "index_issue_cost": "`outcomes` must hold it; issues need a `cost`, or their channels a row in `unit_costs`.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredEffect:
    """One effect of a study as money reads it: per index contact, over the study's after-window.

    Parameters
    ----------
    outcome : str
    name : str
        "before_after/channel_effect/margin/difference".
    value, se : float
        In `unit`; money in the currency of the case.
    unit : str
        "EUR per customer", "issues per customer".
    grade : {"A", "B", "C", "D", "E"}
    n_treated : int
    index_from, index_to : str
        First and last month in which the customers behind it first wrote on social.
    after_months : int
    converted : str
        How it came into the currency of the case, as the end of a source line; empty where it was in it.
    """

    outcome: str
    name: str
    value: float
    se: float
    unit: str
    grade: Grade
    n_treated: int
    index_from: str
    index_to: str
    after_months: int
    converted: str = ""
    maturity: str = "mature"

    @property
    def source(self) -> str:
        """One line: which study, whose customers."""
        return (
            f"study {self.name}: {self.n_treated:,} first social contacts, {self.index_from} to {self.index_to}, "
            f"{self.after_months} months after{self.converted}"
        )

    @property
    def contacts_per_year(self) -> float:
        """First social contacts of the study, in a year."""
        months = Month.of(self.index_to).number - Month.of(self.index_from).number + 1
        return 12 * self.n_treated / months


@dataclass(frozen=True, slots=True)
class MeasuredEffects:
    """What may become money, by outcome; why the others may not; and how the first move together.

    Parameters
    ----------
    found : mapping of str to MeasuredEffect
    absent : mapping of str to str
        By outcome that the study speaks of and that cannot be used: why.
    correlation : mapping of pair of outcomes to float
        Of the log ratios, for pairs in the order of the alphabet; pairs that are not there are taken as independent.
    """

    found: Mapping[str, MeasuredEffect]
    absent: Mapping[str, str] = field(default_factory=dict)
    correlation: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("found", "absent", "correlation"):
            object.__setattr__(self, name, MappingProxyType(dict(sorted(getattr(self, name).items()))))

    def get(self, outcome: str) -> MeasuredEffect | None:
        """The effect on that outcome, or None where there is none that may be used."""
        return self.found.get(outcome)

    def why_not(self, outcome: str) -> str:
        """Why there is no effect on that outcome, as sentences that end with the remedy."""
        how = _HOW_TO_MEASURE.get(outcome, "`outcomes` in the parameters must hold it.")
        return self.absent.get(outcome, f"No study measured {_words(outcome)}. {how}")

    def need(self, outcome: str) -> MeasuredEffect:
        """The effect on that outcome.

        Raises
        ------
        DesignError
            If there is none that may be used, with the reason and what to do.
        """
        effect = self.get(outcome)
        if effect is None:
            raise DesignError(self.why_not(outcome))
        return effect

    def covariance(self, outcomes: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """Their joint covariance on the difference scale: correlation of the log ratios × both standard errors.

        The difference rises with the log ratio, so that correlations keep their sign. A pair of outcomes whose
        covariance the study does not tell (`index_issue_cost` is no ratio) is taken as independent.
        """
        used = [self.need(outcome) for outcome in outcomes]
        errors = np.array([one.se for one in used])
        related = np.array([[self._correlated(one.outcome, two.outcome) for two in used] for one in used])
        return tuple(tuple(float(x) for x in row) for row in related * np.outer(errors, errors))

    def _correlated(self, one: str, two: str) -> float:
        return 1.0 if one == two else self.correlation.get((min(one, two), max(one, two)), 0.0)


def measured_effects(
    rows: Iterable[Mapping[str, Any]],
    covariance: Mapping[str, Any] | None,
    rates: Rates,
    *,
    design: str = "before_after",
    estimand: str = "channel_effect",
) -> MeasuredEffects:
    """Which effects of this design may become money?

    Parameters
    ----------
    rows : iterable of mapping
        Rows of the contract's `effects`, of any design.
    covariance : mapping, optional
        The contract's `effect_covariance`: `ids` ("before_after/channel_effect/margin/ratio") and `matrix`, of log
        ratios.
    rates : Rates
        Money of an effect in another currency is converted where a rate is stated, and left out where none is.
    design, estimand : str

    Raises
    ------
    DesignError
        If two rows claim to be the one effect on an outcome, or the covariance is not square.

    Examples
    --------
    >>> row = {"design": "before_after", "estimand": "channel_effect", "outcome": "margin", "scale": "difference",
    ...        "segment": {}, "value": 7.5, "se": 1.5, "unit": "EUR per customer", "n_treated": 600, "grade": "B",
    ...        "index_from": "2025-01", "index_to": "2025-06", "after_months": 6, "maturity": "mature",
    ...        "declared": True}
    >>> found = measured_effects([row, row | {"outcome": "issues", "maturity": "interim"}], None, Rates("EUR"))
    >>> found.need("margin").value, found.need("margin").contacts_per_year
    (7.5, 1200.0)
    >>> found.why_not("issues").split(":")[0]
    'The effect on issues is interim, and such a one is no money'
    """
    if estimand.startswith("naive_") or estimand == "adoption_effect":
        raise ValueError(f"`{estimand}` is never money.")
    rows = [row for row in rows if not row["segment"]]
    found: dict[str, MeasuredEffect] = {}
    absent: dict[str, str] = {}
    for outcome in sorted({row["outcome"] for row in rows}):
        about = [row for row in rows if row["outcome"] == outcome]
        own = [row for row in about if (row["design"], row["estimand"]) == (design, estimand)]
        fit = [row for row in own if row["scale"] == "difference" and row["maturity"] == "mature" and row["declared"]]
        if len(fit) > 1:
            raise DesignError(f"{len(fit)} rows say what {design} found on {_words(outcome)}; one may become money.")
        reason = _why_not(fit[0], rates) if fit else _why_none(outcome, own, about)
        if reason is None:
            found[outcome] = _effect(fit[0], rates)
        else:
            absent[outcome] = reason
    return MeasuredEffects(found, absent, _correlations(covariance, f"{design}/{estimand}", found))


def _effect(row: Mapping[str, Any], rates: Rates) -> MeasuredEffect:
    currency = _currency(row)
    factor = 1.0 if currency is None else rates.factor(currency, f"Effects on {row['outcome']}")
    return MeasuredEffect(
        outcome=row["outcome"],
        name="/".join((row["design"], row["estimand"], row["outcome"], row["scale"])),
        value=factor * row["value"],
        se=factor * row["se"],
        unit=row["unit"] if currency is None else f"{rates.currency} per customer",
        grade=row["grade"],
        n_treated=row["n_treated"],
        index_from=row["index_from"],
        index_to=row["index_to"],
        after_months=row["after_months"],
        converted="" if currency is None else rates.said(currency),
        maturity=row["maturity"],
    )


def _currency(row: Mapping[str, Any]) -> str | None:
    unit = str(row["unit"])
    return unit.removesuffix(" per customer") if row["outcome"] in MONEY else None


def _why_not(row: Mapping[str, Any], rates: Rates) -> str | None:
    """Why the one row of an outcome cannot be valued, or None where it can."""
    what = _words(row["outcome"])
    if row["value"] is None:
        return f"The study of {what} claims no effect, so there is nothing to value: {row.get('reason')}"
    if row["se"] is None or not math.isfinite(row["se"]) or row["se"] <= 0:
        return f"The study of {what} cannot say how surely its effect is known, so it cannot be valued."
    if not row.get("after_months"):
        return f"The study of {what} does not say how many months its effect covers, so it cannot be valued."
    currency = _currency(row)
    if currency is not None and not rates.has(currency):
        return (
            f"The study's {row['outcome']} is in {currency}, the case in {rates.currency}. Set `report: currency`, or "
            f"give `roi.rates.{currency}`."
        )
    return None


def _why_none(outcome: str, own: Sequence[Mapping[str, Any]], about: Sequence[Mapping[str, Any]]) -> str:
    """Why no row of an outcome is one that may be valued, and what to do; the nearest miss is told."""
    what = _words(outcome)
    differences = [row for row in own if row["scale"] == "difference"]
    if any(not row["declared"] for row in differences):
        return f"The only effect on {what} is by an estimator of one's own, and such a one is no money."
    if differences:
        return (
            f"The effect on {what} is interim, and such a one is no money: the months after the contact are not over. "
            "Wait for them, or set a shorter `index.after_months`."
        )
    if own:
        return f"The study tells its effect on {what} as a ratio alone, and money needs the difference per contact."
    how = _HOW_TO_MEASURE.get(outcome, "`outcomes` in the parameters must hold it.")
    if any(row["estimand"] == "adoption_effect" for row in about):
        how += " What `adoption` found holds the harm of the problem that led to the contact, and is never money."
    return f"No study measured {what} of the channel against the other channels. {how}"


def _words(outcome: str) -> str:
    return {"margin": "the margin", "orders": "orders", "issues": "issues"}.get(outcome, f"`{outcome}`")


def _correlations(
    covariance: Mapping[str, Any] | None, prefix: str, found: Mapping[str, MeasuredEffect]
) -> dict[tuple[str, str], float]:
    if not covariance or not covariance.get("ids"):
        return {}
    ids, matrix = list(covariance["ids"]), np.asarray(covariance["matrix"], dtype=float)
    if matrix.shape != (len(ids), len(ids)):
        raise DesignError(f"`effect_covariance` names {len(ids)} effects, and its matrix is {matrix.shape}.")
    place = {outcome: ids.index(f"{prefix}/{outcome}/ratio") for outcome in found if f"{prefix}/{outcome}/ratio" in ids}
    related = {}
    for one in sorted(place):
        for two in sorted(place):
            spread = matrix[place[one], place[one]] * matrix[place[two], place[two]]
            if one < two and spread > 0:
                share = float(matrix[place[one], place[two]] / math.sqrt(spread))
                related[(one, two)] = max(-1.0, min(1.0, share))
    return related
