"""Why did it come out otherwise than promised? Timing, volume, rate, price and definition, which add up exactly.

The parts are told by substituting one thing after the other, in the order of `ORDER`: the promised profile moved in
time, then the volume as it was, then the rate, then the price, then the definition. Another order gives other parts of
the same sum, so the order is fixed and stated. All is reckoned in decimals that lose no digit. What was found is left
to `achieved`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, localcontext
from itertools import pairwise
from typing import Any

ORDER = ("timing", "volume", "rate", "price", "definition")
"""In which order what was found takes the place of what was promised."""

EXACT = Context(prec=400, traps=[Inexact])
"""Products and sums of figures of 12 digits, however many: a digit lost would be an error, not a rounding."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an amount is made of: volume x change x price."""

    volume: Decimal
    change: Decimal
    price: Decimal

    @property
    def amount(self) -> Decimal:
        with localcontext(EXACT):
            return self.volume * self.change * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    """What was promised and achieved up to a period, and the parts of the difference; `shift` is in whole periods.

    `not_known` names parts that cannot be told, or only for some of the periods, with the reason; where they are not
    told they are zero, and what they did is in another part.
    """

    promised: Decimal
    achieved: Decimal
    timing: Decimal
    volume: Decimal
    rate: Decimal
    price: Decimal
    definition: Decimal
    shift: int
    not_known: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        with localcontext(EXACT):
            if self.promised + sum(self.parts, Decimal(0)) != self.achieved:
                raise ValueError("The parts of a variance add up to it.")

    @property
    def parts(self) -> tuple[Decimal, ...]:
        """The parts in their order."""
        return self.timing, self.volume, self.rate, self.price, self.definition

    def written(self, quantum: Decimal) -> dict[str, Any]:
        """As results write it: rounded so that the parts as written still add up, to the last digit.

        Each running total is rounded, and a part is the step between two of them: no part is off by more than one
        quantum.

        Examples
        --------
        >>> third = Decimal("0.333333")
        >>> found = split([Made(third, third, Decimal(1))], [Made(Decimal(1), Decimal(1), Decimal(1))]).written(
        ...     Decimal("0.01"))
        >>> [found[name] for name in ("promised", *ORDER, "achieved")]
        [0.11, 0.0, 0.22, 0.67, 0.0, 0.0, 1.0]
        """
        with localcontext(Context(prec=400)):
            totals = [self.promised]
            for part in self.parts:
                totals.append(totals[-1] + part)
            rounded = [total.quantize(quantum) for total in totals]
            steps = {name: later - earlier for name, (earlier, later) in zip(ORDER, pairwise(rounded), strict=True)}
        unknown = dict(self.not_known)
        return {
            "promised": float(rounded[0]),
            **{name: None if name in unknown and not step else float(step) for name, step in steps.items()},
            "achieved": float(rounded[-1]),
            "shift": self.shift,
            "order": list(ORDER),
            "not_known": unknown,
        }


def split(
    profile: Sequence[Made],
    found: Sequence[Made],
    redefined: Sequence[Decimal] | None = None,
    *,
    not_known: Sequence[tuple[str, str]] = (),
) -> Variance:
    """Which part of the difference is timing, volume, rate, price and definition?

    Parameters
    ----------
    profile : sequence of Made
        What was promised, by period, all periods in order.
    found : sequence of Made
        What was found for the first of them, by the definitions that were promised by.
    redefined : sequence of Decimal, optional
        The amounts of the same periods by the definitions that hold now, where those are others.
    not_known : sequence of (part, reason)

    Returns
    -------
    Variance
        `achieved` is by the definitions that hold now.

    Raises
    ------
    ValueError
        If nothing was found, or more periods than were promised.

    Examples
    --------
    Promised 100 contacts x 2 x 10 EUR = 2,000; found 110 x 1.8 x 11 = 2,178.

    >>> one, other = Made(Decimal(100), Decimal(2), Decimal(10)), Made(Decimal(110), Decimal("1.8"), Decimal(11))
    >>> [str(part) for part in split([one], [other]).parts]
    ['0', '200', '-220.0', '198.0', '0.0']
    """
    if not 0 < len(found) <= len(profile):
        raise ValueError("A variance needs what was found for some of the promised periods, from the first on.")
    if redefined is not None and len(redefined) != len(found):
        raise ValueError("Each period has one amount by the definition that holds now.")
    shift = shift_of([one.amount for one in profile], [one.amount for one in found])
    moved = [_moved(profile, place, shift) for place in range(len(found))]
    with localcontext(EXACT):
        none = Decimal(0)
        promised = sum((one.amount for one in profile[: len(found)]), none)
        shifted = sum((one.amount for one in moved), none)
        pairs = list(zip(moved, found, strict=True))
        volume = sum(((now.volume - then.volume) * then.change * then.price for then, now in pairs), none)
        rate = sum((now.volume * (now.change - then.change) * then.price for then, now in pairs), none)
        price = sum((now.volume * now.change * (now.price - then.price) for then, now in pairs), none)
        achieved = sum((one.amount for one in found), none)
        by_now = achieved if redefined is None else sum(redefined, none)
        return Variance(
            promised=promised,
            achieved=by_now,
            timing=shifted - promised,
            volume=volume,
            rate=rate,
            price=price,
            definition=by_now - achieved,
            shift=shift,
            not_known=tuple(not_known),
        )


def shift_of(profile: Sequence[Decimal], found: Sequence[Decimal]) -> int:
    """By how many whole periods did what was promised come late (above zero) or early?

    The move that brings the promised profile nearest to what was found, by squared distance. It counts only where it
    comes nearer than the best single factor on the unmoved profile does: otherwise what was found is a shortfall, not
    lateness. With one period the two cannot be told apart, and the answer is 0. Of two moves as good the smaller holds,
    and lateness before earliness.

    Examples
    --------
    >>> shift_of([Decimal(n) for n in (0, 100, 200, 300)], [Decimal(n) for n in (0, 0, 100)])
    1
    >>> shift_of([Decimal(100)] * 4, [Decimal(80)] * 3), shift_of([Decimal(100)] * 4, [Decimal(0)] * 3)
    (0, 0)
    """
    periods = len(found)
    if periods < 2:
        return 0
    with localcontext(EXACT):

        def distance(shift: int) -> Decimal:
            then = [profile[place - shift] if place >= shift else Decimal(0) for place in range(periods)]
            return sum(((now - one) ** 2 for now, one in zip(found, then, strict=True)), Decimal(0))

        candidates = sorted(range(periods - len(profile), periods), key=lambda shift: (abs(shift), -shift))
        best = min(candidates, key=distance)  # the first of equals
        then = profile[:periods]
        own, theirs, both = (
            sum((one * other for one, other in zip(left, right, strict=True)), Decimal(0))
            for left, right in ((then, then), (found, found), (then, found))
        )
        by_a_factor = own * theirs - both * both  # the least distance, times `own`
        nearer = distance(best) * own < by_a_factor if own else distance(best) < theirs
        return best if nearer else 0


def _moved(profile: Sequence[Made], place: int, shift: int) -> Made:
    """What the moved profile promises of a period; before it begins no change, at the volume and price promised."""
    if place >= shift:
        return profile[place - shift]
    return Made(profile[place].volume, Decimal(0), profile[place].price)
