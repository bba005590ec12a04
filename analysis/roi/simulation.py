"""What is the case worth, with the uncertainty of every input carried through?

`Model` puts inputs and lines together; `simulated` draws the inputs and works out every line a hundred thousand times.
The table at base values is left to `tei`, what each input does by itself to `tornado`, `break_even` and `information`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError, UnknownName
from analysis.roi.inputs import Inputs
from analysis.roi.line import Line
from analysis.roi.payback import payback_months
from analysis.roi.quantiles import Quantiles
from analysis.studies.result import GRADE_WORDS, Grade

Floats = NDArray[np.float64]
DRAWS = 100_000
NO_HAIRCUTS: Mapping[Grade, float] = MappingProxyType(dict.fromkeys(GRADE_WORDS, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Inputs, lines and the rules of the case.

    Parameters
    ----------
    currency : str
        Of all amounts: EUR, GBP, ...
    years : int
        Horizon, 1 to 20.
    discount_rate : float
        A year, from 0 up to 1. The start is not discounted; years are booked at their end.
    inputs : Inputs
    lines : tuple of Line
        At least one; each with a formula for the start and every year.
    haircuts : mapping of grade to float
        What is taken off benefits of a grade in the adjusted figures, 0 to 1; a grade not named loses nothing.
    draws, seed : int
        Of the simulation.

    Raises
    ------
    DesignError
        If there are no lines.
    UnknownName
        If a line reads an input that there is not.
    ValueError
        If a number is out of its range, a line runs over other years, or an id occurs twice.

    Examples
    --------
    >>> from analysis.roi.formula import Input
    >>> from analysis.roi.quantity import Quantity
    >>> from analysis.roi.spread import Normal
    >>> gain = Quantity(name="gain", label="Gain", unit="EUR per year", spread=Normal(110, 11), origin="stated",
    ...                 source="for example", grade="E")
    >>> line = Line(id="sales", label="Sales", side="benefit", kind="margin", grade="E", account="margin",
    ...             by_year=(0, gain.input))
    >>> model = Model(currency="EUR", years=1, discount_rate=0.1, inputs=Inputs((gain,)), lines=(line,))
    >>> round(model.npv(model.inputs.base()), 9)
    100.0
    """

    currency: str
    years: int
    discount_rate: float
    inputs: Inputs
    lines: tuple[Line, ...]
    haircuts: Mapping[Grade, float] = field(default_factory=lambda: NO_HAIRCUTS)
    draws: int = DRAWS
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.currency.strip():
            raise ValueError("A case needs the currency of its amounts.")
        if not 1 <= self.years <= 20:
            raise ValueError(f"A case runs over 1 to 20 years, not {self.years}.")
        if not 0 <= self.discount_rate < 1:
            raise ValueError(f"The discount rate lies from 0 up to 1, not {self.discount_rate}.")
        if self.draws < 10:
            raise ValueError(f"A range is read from 10 draws or more, not {self.draws}.")
        if self.seed < 0:
            raise ValueError(f"A seed is 0 or more, not {self.seed}.")
        object.__setattr__(self, "lines", tuple(self.lines))
        object.__setattr__(self, "haircuts", MappingProxyType(dict(NO_HAIRCUTS) | dict(self.haircuts)))
        self._check_haircuts()
        self._check_lines()

    def _check_haircuts(self) -> None:
        for grade, cut in self.haircuts.items():
            if grade not in GRADE_WORDS:
                raise UnknownName.of("grade of a haircut", grade, GRADE_WORDS)
            if not 0 <= cut <= 1:
                raise ValueError(f"The haircut of grade {grade} lies from 0 to 1, not {cut}.")

    def _check_lines(self) -> None:
        if not self.lines:
            raise DesignError("A case without lines is worth nothing: give at least one benefit or cost.")
        twice = sorted(name for name, count in Counter(line.id for line in self.lines).items() if count > 1)
        if twice:
            raise ValueError(f"Lines of a case have ids of their own: `{twice[0]}` occurs more than once.")
        known = set(self.inputs.names)
        for line in self.lines:
            if line.years != self.years:
                raise ValueError(f"Line `{line.id}` runs over {line.years} years, the case over {self.years}.")
            for name in sorted(line.inputs - known):
                raise UnknownName.of(f"input of line `{line.id}`", name, known)

    @property
    def discounting(self) -> Floats:
        """What an amount of the start and of each year is worth today, shape (years + 1,)."""
        return np.asarray((1.0 + self.discount_rate) ** -np.arange(self.years + 1.0), dtype=np.float64)

    @property
    def counted(self) -> tuple[Line, ...]:
        """The lines that enter the value of the case."""
        return tuple(line for line in self.lines if line.counted)

    @property
    def read(self) -> frozenset[str]:
        """Names of the inputs that counted lines read."""
        return frozenset().union(*(line.inputs for line in self.counted))

    def amounts(self, line: Line, at: Mapping[str, float | Floats]) -> Floats:
        """What a line comes to in the start and in each year.

        Parameters
        ----------
        at : mapping of str to float or array of float, shape (n,)
            Values of the inputs, as `inputs.base()` or `inputs.drawn()` give them.

        Returns
        -------
        array of float, shape (years + 1,) or (years + 1, n)
            In the case's currency, not discounted; a cost is positive.

        Raises
        ------
        DesignError
            If an amount is not a finite number, or a formula divides by zero.
        """
        found: Floats = np.stack(np.broadcast_arrays(*(one.value(at) for one in line.by_year))).astype(np.float64)
        if not np.isfinite(found).all():
            raise DesignError(
                f"Line `{line.id}` does not come to a finite amount. Look at the values and ranges of "
                f"{', '.join(f'`{name}`' for name in sorted(line.inputs))}."
            )
        return found

    def present_value(self, amounts: Floats) -> Floats:
        """Amounts of the start and each year in today's money: shape (years + 1, ...) to (...)."""
        present = np.zeros(amounts.shape[1:])
        for worth, amount in zip(self.discounting, amounts, strict=True):
            present = present + worth * amount
        return present

    def npv(self, at: Mapping[str, float | Floats]) -> Any:
        """Benefits less costs of counted lines in today's money, before haircuts: an array if `at` holds one."""
        value: float | Floats = 0.0
        for line in self.counted:
            present = self.present_value(self.amounts(line, at))
            value = value + present if line.side == "benefit" else value - present
        return float(value) if np.ndim(value) == 0 else value


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRange:
    """One line's range: in each year and in today's money.

    `mean` is the mean present value over the draws.
    """

    id: str
    by_year: tuple[Quantiles, ...]
    present_value: Quantiles
    mean: float

    def to_dict(self) -> dict[str, Any]:
        """The range as plain values."""
        return {
            "id": self.id,
            "by_year": [one.to_dict() for one in self.by_year],
            "present_value": self.present_value.to_dict(),
            "mean": self.mean,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """The case drawn many times. `npv`, `roi` and `payback_months` stand before haircuts and risk adjustment.

    Parameters
    ----------
    lines : mapping of str to LineRange
        By line id; lines that are not counted, too.
    npv, roi, payback_months : Quantiles
        `roi` is (benefits - costs) / costs in present values, None where a draw has no costs.
    npv_adjusted : Quantiles
        After risk adjustment and haircuts; see `simulated`.
    probability_npv_positive, probability_adjusted_positive : float
        Shares of draws.
    npv_mean : float
    benefits, costs : array of float, shape (years + 1, draws)
        Counted lines, not discounted.
    draws, draws_adjusted : array of float, shape (draws,)
        NPV, and NPV adjusted.
    inputs : mapping of str to array of float, shape (draws,)
        What was drawn.
    """

    lines: Mapping[str, LineRange]
    npv: Quantiles
    roi: Quantiles
    payback_months: Quantiles
    npv_adjusted: Quantiles
    probability_npv_positive: float
    probability_adjusted_positive: float
    npv_mean: float
    benefits: Floats
    costs: Floats
    draws: Floats
    draws_adjusted: Floats
    inputs: Mapping[str, Floats]

    @property
    def net(self) -> Floats:
        """Benefits less costs in the start and each year, shape (years + 1, draws), not discounted."""
        return self.benefits - self.costs

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values, without the draws."""
        return {
            "npv": self.npv.to_dict(),
            "npv_mean": self.npv_mean,
            "roi": self.roi.to_dict(),
            "payback_months": self.payback_months.to_dict(),
            "probability_npv_positive": self.probability_npv_positive,
            "npv_adjusted": self.npv_adjusted.to_dict(),
            "probability_adjusted_positive": self.probability_adjusted_positive,
            "lines": [one.to_dict() for one in self.lines.values()],
        }


def simulated(model: Model) -> Simulated:
    """What is the case worth over all draws of its inputs?

    Parameters
    ----------
    model : Model

    Returns
    -------
    Simulated
        In the case's currency. The adjusted value moves each line's draws by what its risk adjustment moves its mean
        (benefits down, costs up, never the other way), then takes the haircut of the grade off every draw of a benefit
        that is above zero: harm counts whole.

    Raises
    ------
    DesignError
        If an amount is not finite, or a formula divides by zero.

    Source
    ------
    Forrester's TEI layout (initial, years, present value), with the sampling distribution of each study's effect in
    the place of a fixed discount.

    Examples
    --------
    >>> from analysis.roi.quantity import Quantity
    >>> from analysis.roi.spread import Normal
    >>> gain = Quantity(name="gain", label="Gain", unit="EUR per year", spread=Normal(110, 11), origin="stated",
    ...                 source="for example", grade="E")
    >>> line = Line(id="sales", label="Sales", side="benefit", kind="margin", grade="E", account="margin",
    ...             by_year=(0, gain.input))
    >>> found = simulated(Model(currency="EUR", years=1, discount_rate=0.1, inputs=Inputs((gain,)), lines=(line,)))
    >>> round(found.npv.p50), found.probability_npv_positive
    (100, 1.0)
    """
    drawn = model.inputs.drawn(model.draws, model.seed)
    shape = (model.years + 1, model.draws)
    benefits, costs, adjusted = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    ranges: dict[str, LineRange] = {}
    for line in model.lines:
        amounts = model.amounts(line, drawn)
        spread = amounts if amounts.ndim == 2 else np.broadcast_to(amounts[:, None], shape)
        ranges[line.id] = _range(model, line, amounts)
        if line.counted and line.side == "benefit":
            benefits += spread
            adjusted += _after_haircut(spread + risk_shift(model, line)[:, None], line, model)
        elif line.counted:
            costs += spread
            adjusted -= spread + risk_shift(model, line)[:, None]
    benefit, cost = model.present_value(benefits), model.present_value(costs)
    npv, npv_adjusted = benefit - cost, model.present_value(adjusted)
    return Simulated(
        lines=MappingProxyType(ranges),
        npv=Quantiles.of(npv),
        roi=Quantiles.of(npv / cost) if (cost > 0).all() else Quantiles(None, None, None),
        payback_months=Quantiles.of(payback_months(benefits - costs)),
        npv_adjusted=Quantiles.of(npv_adjusted),
        probability_npv_positive=float((npv > 0).mean()),
        probability_adjusted_positive=float((npv_adjusted > 0).mean()),
        npv_mean=float(npv.mean()),
        benefits=benefits,
        costs=costs,
        draws=npv,
        draws_adjusted=npv_adjusted,
        inputs=MappingProxyType(drawn),
    )


def risk_shift(model: Model, line: Line) -> Floats:
    """By how much risk adjustment moves a line in the start and each year, shape (years + 1,).

    A range that leans to the wrong side is counted at its mean. The draws are there already; what is left is the range
    that leans to the right side, whose lean is taken off: benefits never rise by adjustment, costs never fall.
    """
    base, mean = model.amounts(line, model.inputs.base()), model.amounts(line, model.inputs.means())
    return np.asarray((np.minimum if line.side == "benefit" else np.maximum)(base - mean, 0.0), dtype=np.float64)


def _after_haircut(amounts: Floats, line: Line, model: Model) -> Floats:
    """What the haircut leaves of every draw above zero; a loss keeps its size."""
    if line.grade is None or model.haircuts[line.grade] == 0:
        return amounts
    return np.minimum(amounts, amounts * (1 - model.haircuts[line.grade]))


def _range(model: Model, line: Line, amounts: Floats) -> LineRange:
    present = model.present_value(amounts)
    return LineRange(
        id=line.id,
        by_year=tuple(_quantiles(one) for one in amounts),
        present_value=_quantiles(present),
        mean=float(np.mean(present)),
    )


def _quantiles(amounts: Floats) -> Quantiles:
    """Of draws; an amount that is certain is all three."""
    flat = np.atleast_1d(amounts)
    return Quantiles(*(float(flat[0]),) * 3) if flat.size == 1 else Quantiles.of(flat)
