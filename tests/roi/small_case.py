"""Small cases that the tests of the money build on."""

from __future__ import annotations

from typing import Any

from analysis.roi.formula import Formula
from analysis.roi.inputs import Inputs
from analysis.roi.line import Line
from analysis.roi.quantity import Quantity
from analysis.roi.simulation import Model
from analysis.roi.spread import Fixed, Spread

MARGIN = "before_after/channel_effect/margin/difference"


def stated(name: str, spread: Spread | float, **changes: Any) -> Quantity:
    """An input that the parameters state."""
    spread = Fixed(spread) if isinstance(spread, int | float) else spread
    told = {"label": name, "unit": "EUR", "origin": "stated", "source": "by hand"}
    return Quantity(**({"name": name, "spread": spread} | told | changes))


def found(name: str, spread: Spread, effect: str = MARGIN, **changes: Any) -> Quantity:
    """An input that a study found."""
    return stated(name, spread, **({"origin": "study", "grade": "C", "effect": effect} | changes))


def benefit(name: str, *by_year: Formula | float, **changes: Any) -> Line:
    told = {"label": name, "side": "benefit", "kind": "margin", "grade": "C", "account": "order_margin"}
    return Line(**({"id": name, "by_year": by_year} | told | changes))


def cost(name: str, *by_year: Formula | float, **changes: Any) -> Line:
    told = {"label": name, "side": "cost", "kind": "cost", "grade": None, "account": "support_cost"}
    return Line(**({"id": name, "by_year": by_year} | told | changes))


def model(inputs: Inputs | tuple[Quantity, ...], *lines: Line, **changes: Any) -> Model:
    told = {"currency": "EUR", "discount_rate": 0.1, "years": lines[0].years if lines else 1}
    kept = inputs if isinstance(inputs, Inputs) else Inputs(inputs)
    return Model(**({"inputs": kept, "lines": lines} | told | changes))
