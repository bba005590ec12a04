"""What may be said of the case? One paragraph made from its numbers, no stronger than the evidence under the money.

That social customer service *caused* something is said only where every counted benefit rests on randomised tests or on
comparisons that passed their checks; otherwise the money "goes with" it. The range, the horizon and the currency are
always told, a loss in the low case too, and what passes the cap on weak evidence says so before anything else. Figures
are written plainly here (English, three digits); pages restate them by locale. What to do is left to `decision`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.roi.evidence import WEAK
from analysis.studies.result import GRADE_WORDS, Grade

STRONG: tuple[Grade, ...] = ("A", "B")
"""Grades whose differences are effects."""

SHARES_TO = 1e-9
"""Shares of a whole are right to this: they are quotients of sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyClaim:
    """What may be said of the case, and what it was made of.

    Parameters
    ----------
    text : str
        The claim.
    caused : bool
        Whether the evidence allows one to speak of a cause.
    low_is_loss : bool
    past_cap : bool
        Whether weaker evidence carries more of the benefits than the policy allows.
    """

    text: str
    caused: bool
    low_is_loss: bool
    past_cap: bool

    def to_dict(self) -> dict[str, Any]:
        """The claim as results write it."""
        return {
            "text": self.text,
            "caused": self.caused,
            "low_is_loss": self.low_is_loss,
            "past_cap": self.past_cap,
        }

    def __str__(self) -> str:
        return self.text


def money_claim(
    *,
    currency: str,
    years: int,
    discount_rate: float,
    low: float,
    middle: float,
    high: float,
    shares: Mapping[Grade, float],
    cap: float,
    adjusted: float | None = None,
) -> MoneyClaim:
    """What may be said of the money, given the evidence it rests on?

    Parameters
    ----------
    currency : str
        ISO 4217.
    years : int
        Horizon.
    discount_rate : float
        A year, 0.10 for 10 %.
    low, middle, high : float
        5th, 50th and 95th percentile of the net present value, before any cut.
    shares : mapping of grade to float
        Share of the counted benefits that rests on each grade; they add up to 1, or are all 0 where none is counted.
    cap : float
        The most that D and E may carry together, 0 to 1.
    adjusted : float, optional
        The net present value after the cuts for evidence and risk.

    Raises
    ------
    ValueError
        If the cases are not in order or not finite, or the shares are not shares of one whole.

    Examples
    --------
    >>> print(money_claim(currency="EUR", years=3, discount_rate=0.1, low=-16_704, middle=11_780, high=40_519,
    ...                   shares={"B": 0.8, "C": 0.2}, cap=0.3))
    No clear gain or loss goes with social customer service over 3 years: in the middle case a net gain of about EUR
    11,800 in present value at 10 % a year (low case: a net loss of about EUR 16,700; high case: a net gain of about EUR
    40,500; one outcome in twenty lies below the low case, one in twenty above the high case). The low case is a loss.
    20 % of the benefits rest on comparisons with open questions, so the money may have other causes.
    """
    _check(low, middle, high, shares, cap)
    strong, weak = (math.fsum(shares.get(grade, 0.0) for grade in grades) for grades in (STRONG, WEAK))
    counted = math.fsum(shares.values()) > SHARES_TO
    caused, past_cap = counted and strong >= 1 - SHARES_TO, weak > cap + 1e-12
    over = "1 year" if years == 1 else f"{years} years"
    said = [_opening(weak, cap)] if past_cap else []
    cases = (
        f"in present value at {discount_rate * 100:g} % a year (low case: {_net(low, currency)}; high case: "
        f"{_net(high, currency)}; one outcome in twenty lies below the low case, one in twenty above the high case)"
    )
    said.append(f"{_finding(_net(middle, currency), low, high, over, caused, counted)} {cases}.")
    said.append(_low_case(low, high))
    said.append(_limit(shares, strong) if counted else "No benefit is counted, so the case holds nothing but costs.")
    if adjusted is not None:
        said.append(f"Cut for weak evidence and for risk it is {_net(adjusted, currency)}.")
    return MoneyClaim(text=" ".join(said), caused=caused, low_is_loss=low < 0, past_cap=past_cap)


def _check(low: float, middle: float, high: float, shares: Mapping[Grade, float], cap: float) -> None:
    if not all(map(math.isfinite, (low, middle, high))) or not low <= middle <= high:
        raise ValueError(f"The low, middle and high case are in order and finite, not {low}, {middle}, {high}.")
    unknown = sorted(set(shares) - set(GRADE_WORDS))
    if unknown:
        raise ValueError(f"`{unknown[0]}` is no grade: there are {', '.join(GRADE_WORDS)}.")
    whole = math.fsum(shares.values())
    if any(not share >= 0 for share in shares.values()) or (whole and abs(whole - 1) > SHARES_TO):
        raise ValueError(f"Shares by grade are not negative and add up to 1, or to nothing; these add up to {whole}.")
    if not 0 <= cap <= 1:
        raise ValueError(f"The cap is a share from 0 to 1, not {cap}.")


def _opening(weak: float, cap: float) -> str:
    more = "more" if percent(weak) != percent(cap) else "a little more"
    return _capital(
        f"{percent(weak)} of the benefits rest on raw differences or assumptions, {more} than the {percent(cap)} that "
        "may: read this as a plan, not as a finding."
    )


def _finding(net: str, low: float, high: float, over: str, caused: bool, counted: bool) -> str:
    """The sentence up to the cases, with the verb that the evidence allows."""
    clear = low > 0 or high < 0
    if caused and clear:
        beside = "come, after costs, to" if low > 0 else "fall short of its costs:"
        return f"Carried over {over}, the effects that social customer service caused {beside} {net}"
    if caused:
        return (
            f"Carried over {over}, the effects that social customer service caused come, after costs, to no clear gain "
            f"or loss: in the middle case {net}"
        )
    if not counted:
        return f"Over {over} the costs of social customer service alone come to {net}"
    if clear:
        return f"Over {over}, {net} goes with social customer service"
    return f"No clear gain or loss goes with social customer service over {over}: in the middle case {net}"


def _low_case(low: float, high: float) -> str:
    if high < 0:
        return "Even the high case is a loss."
    return "The low case is a loss." if low < 0 else "Even the low case is no loss."


def _limit(shares: Mapping[Grade, float], strong: float) -> str:
    """What the evidence leaves open."""
    if strong >= 1 - SHARES_TO:
        compared = shares.get("B", 0.0)
        if compared <= SHARES_TO:
            return "Customers were assigned at random, so the differences are effects of the assignment."
        part = "" if compared >= 1 - SHARES_TO else f" under {percent(compared)} of the benefits"
        return f"The comparisons{part} passed their checks; they are effects unless an unrecorded cause explains them."
    below: list[str] = [_REST_ON[grade] for grade in ("C", "D", "E") if shares.get(grade, 0.0) > SHARES_TO]
    rest = " and ".join(filter(None, (", ".join(below[:-1]), below[-1])))
    return _capital(f"{percent(1 - strong)} of the benefits rest on {rest}, so the money may have other causes.")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


_REST_ON: Mapping[str, str] = {"C": "comparisons with open questions", "D": "raw differences", "E": "assumptions"}


def percent(share: float) -> str:
    """A share in percent that never rounds something to nothing or a part to the whole.

    Examples
    --------
    >>> [percent(share) for share in (0.3, 0.005, 0.0001, 0.9999, 1.0)]
    ['30 %', '0.5 %', 'under 0.1 %', 'over 99.9 %', '100 %']
    """
    number = share * 100
    if 0 < number < 0.1:
        return "under 0.1 %"
    if 99.9 < number < 100:
        return "over 99.9 %"
    return f"{number:.3g} %" if number <= 99 else f"{number:.4g} %"


def _net(amount: float, currency: str) -> str:
    """A net amount to three digits, with its direction."""
    size = abs(amount)
    if size < 0.005:
        return "neither gain nor loss"
    number = f"{round(size, 2 - math.floor(math.log10(size))):,.0f}" if size >= 100 else f"{size:.2f}"
    return f"a net {'gain' if amount > 0 else 'loss'} of about {currency} {number}"
