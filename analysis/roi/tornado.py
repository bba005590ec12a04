"""Which input moves the value of the case most, if it alone is low or high?

Each input goes from its 5th to its 95th percentile while the others stay at their base. What is worth finding out,
which is another question, is left to `information`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.roi.simulation import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """What one input alone does to the net present value.

    `low` and `high` are its 5th and 95th percentile, in `unit`; `npv_at_low` and `npv_at_high` the value there.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    npv_at_low: float
    npv_at_high: float

    @property
    def width(self) -> float:
        """How far apart the two values lie, in the case's currency."""
        return abs(self.npv_at_high - self.npv_at_low)

    def to_dict(self) -> dict[str, Any]:
        """The swing as plain values."""
        return {
            "name": self.name,
            "label": self.label,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "npv_at_low": self.npv_at_low,
            "npv_at_high": self.npv_at_high,
            "width": self.width,
        }


def tornado(model: Model) -> tuple[Swing, ...]:
    """What does each input alone move, widest first?

    Estimates that are drawn together are moved one at a time here, too. Inputs that are certain, or that no counted
    line reads, are left out. Only the two ends are looked at.

    Parameters
    ----------
    model : Model

    Returns
    -------
    tuple of Swing
        By width, then by name.

    Examples
    --------
    >>> from analysis.roi.inputs import Inputs
    >>> from analysis.roi.line import Line
    >>> from analysis.roi.quantity import Quantity
    >>> from analysis.roi.spread import Normal
    >>> gain = Quantity(name="gain", label="Gain", unit="EUR per year", spread=Normal(100, 10), origin="stated",
    ...                 source="for example", grade="E")
    >>> line = Line(id="sales", label="Sales", side="benefit", kind="margin", grade="E", account="margin",
    ...             by_year=(0, gain.input))
    >>> (swing,) = tornado(Model(currency="EUR", years=1, discount_rate=0, inputs=Inputs((gain,)), lines=(line,)))
    >>> round(swing.npv_at_low, 2), round(swing.npv_at_high, 2)
    (83.55, 116.45)
    """
    base, read = model.inputs.base(), model.read
    swings = []
    for quantity in model.inputs.quantities:
        if quantity.name not in read or quantity.spread.certain:
            continue
        low, high = quantity.drawn([0.05, 0.95]).tolist()
        swings.append(
            Swing(
                name=quantity.name,
                label=quantity.label,
                unit=quantity.unit,
                low=low,
                high=high,
                npv_at_low=model.npv(base | {quantity.name: low}),
                npv_at_high=model.npv(base | {quantity.name: high}),
            )
        )
    return tuple(sorted(swings, key=lambda swing: (-swing.width, swing.name)))
