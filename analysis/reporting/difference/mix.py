"""How much of a ratio's change came from its parts themselves, and how much from their mix? Split exactly.

A ratio of all is the mean of the ratios of its parts, weighted by each part's share of the number below the line. It
moves because parts moved (rate) and because other shares of the whole came from them (mix). Counted in fractions of
whole numbers, so that the terms add up to the change to the last digit. Which ratios and months are compared is left to
`ratios`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from analysis.foundation.errors import DesignError

Number = int | float
Cells = Mapping[str, tuple[Number, Number]]
"""By part: the numbers above and below the line."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a ratio on both sides, and what it did to the whole.

    Shares are of the number below the line; a value is None on a side on which the part does not occur. `mix` is
    counted against the mean of the whole: a part that grows lifts the whole where it lies above that mean.
    """

    name: str
    share_before: Fraction
    share_after: Fraction
    before: Fraction | None
    after: Fraction | None
    rate: Fraction
    mix: Fraction

    @property
    def in_both(self) -> bool:
        return self.before is not None and self.after is not None


@dataclass(frozen=True, slots=True)
class Split:
    """A ratio on both sides and what its change is made of: `rate + mix + new + gone = after - before`, exactly.

    `rate`: parts in both moved. `mix`: parts in both are larger or smaller shares. `new`, `gone`: parts of one side
    alone, which have no movement of their own.
    """

    before: Fraction
    after: Fraction
    rate: Fraction
    mix: Fraction
    new: Fraction
    gone: Fraction
    parts: tuple[Part, ...]

    @property
    def change(self) -> Fraction:
        return self.after - self.before

    @property
    def reversed(self) -> bool:
        """Whether every part moved one way and the whole the other (Simpson's reversal)."""
        moves = [part.after - part.before for part in self.parts if part.before is not None and part.after is not None]
        if len(moves) < 2 or not any(moves) or not all(part.in_both for part in self.parts):
            return False
        return (min(moves) >= 0 and self.change < 0) or (max(moves) <= 0 and self.change > 0)


def split(before: Cells, after: Cells) -> Split:
    """Split a ratio's change into what its parts did and what their mix did.

    Parameters
    ----------
    before, after : mapping of part to (number, number)
        Above and below the line, of two periods. Numbers below are not negative; those above may be anything.

    Raises
    ------
    DesignError
        If a side has nothing below the line, a number below is negative, or a part has something above and nothing
        below it: then the whole is no mean of its parts.

    Source
    ------
    Kitagawa, E. M. (1955), Components of a difference between two rates, JASA 50, 1168-1194: the rate effect with the
    mean of both weights, the composition effect with the mean of both rates, so that neither side is the base. The
    composition effect is told against the mean of both wholes, which leaves its sum and makes its parts readable.

    Examples
    --------
    Two platforms answer more than before, and all together fewer, since more wrote where fewer are answered:

    >>> found = split({"a": (72, 80), "b": (4, 20)}, {"a": (19, 20), "b": (24, 80)})
    >>> [float(each) for each in (found.before, found.after, found.change, found.rate, found.mix)]
    [0.76, 0.43, -0.33, 0.075, -0.405]
    >>> found.reversed, found.rate + found.mix + found.new + found.gone == found.change
    (True, True)
    """
    sides = [_exact(before), _exact(after)]
    totals = [sum((below for _, below in side.values()), Fraction(0)) for side in sides]
    if not all(totals):
        raise DesignError("On one side there is nothing below the line, so that there is no ratio to split.")
    wholes = [
        sum((above for above, _ in side.values()), Fraction(0)) / total
        for side, total in zip(sides, totals, strict=True)
    ]
    centre = (wholes[0] + wholes[1]) / 2
    parts = []
    for name in sorted({*sides[0], *sides[1]}):
        weights, values = [], []
        for side, total in zip(sides, totals, strict=True):
            above, below = side.get(name, (Fraction(0), Fraction(0)))
            weights.append(below / total)
            values.append(above / below if below else None)
        parts.append(_part(name, weights, values, centre))
    common = [part for part in parts if part.in_both]
    return Split(
        before=wholes[0],
        after=wholes[1],
        rate=sum((part.rate for part in common), Fraction(0)),
        mix=sum((part.mix for part in common), Fraction(0)),
        new=sum((part.mix for part in parts if part.before is None), Fraction(0)),
        gone=sum((part.mix for part in parts if part.after is None), Fraction(0)),
        parts=tuple(parts),
    )


def _part(name: str, weights: list[Fraction], values: list[Fraction | None], centre: Fraction) -> Part:
    known = [value for value in values if value is not None]
    moved = known[1] - known[0] if len(known) == 2 else Fraction(0)
    return Part(
        name=name,
        share_before=weights[0],
        share_after=weights[1],
        before=values[0],
        after=values[1],
        rate=moved * (weights[0] + weights[1]) / 2,
        mix=(weights[1] - weights[0]) * (sum(known, Fraction(0)) / len(known) - centre),
    )


def _exact(cells: Cells) -> dict[str, tuple[Fraction, Fraction]]:
    """Both numbers as fractions of their shortest decimals; parts without any number left out."""
    found = {}
    for name, (above, below) in cells.items():
        exact = _fraction(above), _fraction(below)
        if exact[1] < 0:
            raise DesignError(f"The part `{name}` has a negative number below the line.")
        if exact[0] and not exact[1]:
            raise DesignError(f"The part `{name}` has something above the line and nothing below it.")
        if exact[1]:
            found[name] = exact
    return found


def _fraction(number: Number) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(Decimal(repr(float(number))))
