"""What would it be worth to know an input before deciding? So a team sees which study to run next.

The decision is to go, and take the net present value, or not to go, and take nothing. Knowing is worth what it adds by
turning some of these decisions. What a study would cost is left to the reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.roi.simulation import Model, Simulated

Floats = NDArray[np.float64]
_BINS = 100
_ROWS_OF_A_BIN = 200  # at least, so that both halves of a bin have a mean worth the name


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What perfect knowledge of one input, or of all effects of one study, is worth: in the case's currency.

    `share` is its part of the value of knowing everything, None where that is zero.
    """

    name: str
    label: str
    inputs: tuple[str, ...]
    value: float
    share: float | None

    def to_dict(self) -> dict[str, Any]:
        """The worth as plain values."""
        return {
            "name": self.name,
            "label": self.label,
            "inputs": list(self.inputs),
            "value": self.value,
            "share": self.share,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Information:
    """The expected value of perfect information: of everything, of each input, of each study; dearest first.

    `go` says whether the case is worth it on what is known today: its mean value is above zero. `wrong` is the share of
    draws in which that decision is the wrong one.
    """

    everything: float
    go: bool
    wrong: float
    by_input: tuple[Worth, ...]
    by_study: tuple[Worth, ...]

    def to_dict(self) -> dict[str, Any]:
        """The values as plain values."""
        return {
            "everything": self.everything,
            "go": self.go,
            "wrong": self.wrong,
            "by_input": [one.to_dict() for one in self.by_input],
            "by_study": [one.to_dict() for one in self.by_study],
        }


def information(model: Model, drawn: Simulated) -> Information:
    """What would it be worth to know each input, and each study's effects together, before deciding?

    Draws are put in order of the input (of a quadratic fit of the value to the effects, where a study has several) and
    cut into bins. In each bin, go or no-go is decided on one half of the draws and valued on the other, then the other
    way round. Chance alone earns nothing, so that the figure does not overstate what a study is worth.

    Parameters
    ----------
    model : Model
    drawn : Simulated
        Of the same model.

    Returns
    -------
    Information
        In the case's currency, before haircuts. Inputs that are certain or that no counted line reads are left out.

    Source
    ------
    Raiffa and Schlaifer (1961); for parts of the inputs by regression: Strong, Oakley and Brennan (2014), Medical
    Decision Making 34(3). For a normal value of mean m and error s, knowing everything is worth
    s phi(m/s) - |m| Phi(-|m|/s); compared in the tests.

    Examples
    --------
    >>> from analysis.roi.inputs import Inputs
    >>> from analysis.roi.line import Line
    >>> from analysis.roi.quantity import Quantity
    >>> from analysis.roi.simulation import simulated
    >>> from analysis.roi.spread import Normal
    >>> gain = Quantity(name="gain", label="Gain", unit="EUR per year", spread=Normal(0, 100), origin="stated",
    ...                 source="for example", grade="E")
    >>> line = Line(id="sales", label="Sales", side="benefit", kind="margin", grade="E", account="margin",
    ...             by_year=(0, gain.input))
    >>> model = Model(currency="EUR", years=1, discount_rate=0, inputs=Inputs((gain,)), lines=(line,))
    >>> round(information(model, simulated(model)).everything)  # 100 / sqrt(2 pi) = 39.9
    40
    """
    npv, read = drawn.draws, model.read
    mean = float(npv.mean())
    everything = float(np.maximum(npv, 0.0).mean()) - max(mean, 0.0)
    uncertain = [one for one in model.inputs.quantities if one.name in read and not one.spread.certain]

    def worth(name: str, label: str, inputs: Sequence[str]) -> Worth:
        value = min(_worth([drawn.inputs[one] for one in inputs], npv), everything)
        share = value / everything if everything > 0 else None
        return Worth(name=name, label=label, inputs=tuple(inputs), value=value, share=share)

    studies: dict[str, list[str]] = {}
    for quantity in uncertain:
        if quantity.origin == "study" and quantity.design is not None:
            studies.setdefault(quantity.design, []).append(quantity.name)
    return Information(
        everything=max(everything, 0.0),
        go=mean > 0,
        wrong=float((npv <= 0).mean() if mean > 0 else (npv > 0).mean()),
        by_input=_dearest_first(worth(one.name, one.label, [one.name]) for one in uncertain),
        by_study=_dearest_first(worth(design, design, sorted(names)) for design, names in studies.items()),
    )


def _dearest_first(found: Iterable[Worth]) -> tuple[Worth, ...]:
    return tuple(sorted(found, key=lambda one: (-one.value, one.name)))


def _worth(inputs: Sequence[Floats], npv: Floats) -> float:
    """The value of deciding by the mean of each bin, over deciding once."""
    index = inputs[0] if len(inputs) == 1 else _fitted(inputs, npv)
    ordered = npv[np.argsort(index, kind="stable")]
    bins = max(1, min(_BINS, len(npv) // _ROWS_OF_A_BIN))
    ordered = ordered[: len(ordered) - len(ordered) % (2 * bins)]
    halves = ordered.reshape(bins, -1, 2).mean(axis=1)
    decided = (np.where(halves[:, 0] > 0, halves[:, 1], 0.0) + np.where(halves[:, 1] > 0, halves[:, 0], 0.0)) / 2
    return max(float(decided.mean()) - max(float(ordered.mean()), 0.0), 0.0)


def _fitted(inputs: Sequence[Floats], npv: Floats) -> Floats:
    """The value as a quadratic of several inputs, by least squares; inputs that move in step do not matter."""
    scaled = [(one - one.mean()) / (one.std() or 1.0) for one in inputs]
    columns = [np.ones_like(npv), *scaled]
    columns += [scaled[i] * scaled[j] for i in range(len(scaled)) for j in range(i, len(scaled))]
    matrix = np.column_stack(columns)
    fitted: Floats = matrix @ np.linalg.lstsq(matrix, npv, rcond=None)[0]
    return fitted
