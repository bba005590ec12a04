"""How small may an effect be before the case is worth nothing?

For each effect that a study found: the value at which the net present value is zero, the other inputs at their base.
How likely such a value is, is left to `simulation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.roi.quantity import Quantity
from analysis.roi.simulation import Model
from analysis.roi.spread import Normal

Floats = NDArray[np.float64]
_SEARCHED = 20  # standard errors to either side of what was found
_STEPS = 2001
_WIDER = (1, 10, 100, 1000)  # so many times as far where nothing was found nearer


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """The value of one effect at which the case is worth nothing.

    Parameters
    ----------
    name, label, unit, effect : str
        The input, and the study's effect behind it.
    found : float
        What the study found, in `unit`.
    value : float or None
        Where the case breaks even; None where it does not, and `reason` says why.
    share_of_found : float or None
        `value / found`: 0.4 says that 40 % of the effect would do. None where nothing was found.
    worth_it : {"above", "below"} or None
        On which side of `value` the case is worth it.
    """

    name: str
    label: str
    unit: str
    effect: str
    found: float
    value: float | None
    worth_it: str | None
    reason: str | None = None

    @property
    def share_of_found(self) -> float | None:
        return None if self.value is None or self.found == 0 else self.value / self.found

    def to_dict(self) -> dict[str, Any]:
        """The break-even as plain values."""
        return {
            "name": self.name,
            "label": self.label,
            "unit": self.unit,
            "effect": self.effect,
            "found": self.found,
            "value": self.value,
            "share_of_found": self.share_of_found,
            "worth_it": self.worth_it,
            "reason": self.reason,
        }


def break_even(model: Model) -> tuple[BreakEven, ...]:
    """At which value of each study effect is the case worth nothing?

    Parameters
    ----------
    model : Model

    Returns
    -------
    tuple of BreakEven
        One for each effect that a counted line reads, by name. Where the value crosses zero more than once (a line
        that takes the larger of two), the crossing nearest to what was found.

    Examples
    --------
    >>> from analysis.roi.inputs import Inputs
    >>> from analysis.roi.line import Line
    >>> gain = Quantity(name="gain", label="Gain", unit="EUR per contact", spread=Normal(10, 2), origin="study",
    ...                 source="for example", grade="C", effect="before_after/channel_effect/margin/difference")
    >>> lines = (
    ...     Line(id="sales", label="Sales", side="benefit", kind="margin", grade="C", account="margin",
    ...          by_year=(0, gain.input * 100)),
    ...     Line(id="agents", label="Agents", side="cost", kind="cost", grade=None, account="cost", by_year=(0, 400)),
    ... )
    >>> (found,) = break_even(Model(currency="EUR", years=1, discount_rate=0, inputs=Inputs((gain,)), lines=lines))
    >>> found.value, found.share_of_found, found.worth_it
    (4.0, 0.4, 'above')
    """
    read = model.read
    return tuple(
        _break_even(model, quantity)
        for quantity in sorted(model.inputs.quantities, key=lambda one: one.name)
        if quantity.name in read and quantity.effect is not None
    )


def _break_even(model: Model, quantity: Quantity) -> BreakEven:
    base = model.inputs.base()

    def npv(at: Floats) -> Floats:
        return np.broadcast_to(model.npv(base | {quantity.name: at}), at.shape)

    step = quantity.spread.sd if isinstance(quantity.spread, Normal) else abs(quantity.base) or 1.0
    searched = _grid(quantity, step)
    matters = np.ptp(npv(searched)) > 0
    value = _zero(npv, quantity, step, searched) if matters else None
    nowhere = "No value that it can have brings the case to zero."
    return BreakEven(
        name=quantity.name,
        label=quantity.label,
        unit=quantity.unit,
        effect=str(quantity.effect),
        found=quantity.base,
        value=value,
        worth_it=None if value is None else _worth_it(npv, value, step),
        reason=None if value is not None else nowhere if matters else "The value of the case does not depend on it.",
    )


def _grid(quantity: Quantity, step: float) -> Floats:
    """Values that it can have, many standard errors to either side of what was found."""
    low, high = quantity.limits
    reach = max(_SEARCHED * step, 2 * abs(quantity.base))
    return np.linspace(max(low, quantity.base - reach), min(high, quantity.base + reach), _STEPS)


def _zero(npv: Callable[[Floats], Floats], quantity: Quantity, step: float, searched: Floats) -> float | None:
    """On the straight line through what was found, if there is one; else at the nearest crossing of those searched."""
    from scipy.optimize import brentq

    low, high = quantity.limits
    here, ahead = npv(np.array([quantity.base, quantity.base + step])).tolist()
    slope = (ahead - here) / step
    if slope != 0:
        straight = quantity.base - here / slope
        if low <= straight <= high and abs(npv(np.array([straight]))[0]) <= 1e-9 * (abs(here) + abs(slope * straight)):
            return float(straight)
    for wider in _WIDER:
        around = np.clip(quantity.base + wider * (searched - quantity.base), low, high)
        values = npv(around)
        crossings = np.flatnonzero((values[:-1] < 0) != (values[1:] < 0))
        if crossings.size:
            first = crossings[np.argmin(np.abs(around[crossings] + around[crossings + 1] - 2 * quantity.base))]
            return float(brentq(lambda at: float(npv(np.array([at]))[0]), around[first], around[first + 1]))
    return None


def _worth_it(npv: Callable[[Floats], Floats], value: float, step: float) -> str:
    below, above = npv(np.array([value - 1e-3 * step, value + 1e-3 * step])).tolist()
    return "above" if above > below else "below"
