"""On what evidence does the money rest, and is too much of it assumption?

`evidence` gives the share of the benefits by grade A to E and holds D and E against the cap that the parameters state.
What the case may therefore claim is left to `claim`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from analysis.roi.tei import TeiTable
from analysis.studies.result import GRADE_WORDS, Grade

EVIDENCE_CAP = 0.30
WEAK: tuple[Grade, ...] = ("D", "E")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Share of the counted benefits' present value by grade, at base, before haircuts.

    Parameters
    ----------
    shares : mapping of grade to float
        All five grades. They add up to 1, or are all 0 where there are no benefits.
    mixed_signs : bool
        True where a benefit is a loss: the shares are then those of the amounts without their sign.
    cap : float
        The largest share of D and E together that passes without a word.
    gains : mapping of grade to float
        The same among the benefits that are gains: where a loss takes away what better evidence gives, what is left
        may rest on assumptions alone.
    """

    shares: Mapping[Grade, float]
    mixed_signs: bool
    cap: float
    gains: Mapping[Grade, float]

    @property
    def judged(self) -> Mapping[Grade, float]:
        """The shares that are held against the cap: those by size or those of the gains, whichever are weaker."""
        return self.gains if _weak(self.gains) > _weak(self.shares) + 1e-12 else self.shares

    @property
    def weak(self) -> float:
        """Share of D and E together, as judged."""
        return _weak(self.judged)

    @property
    def past_cap(self) -> bool:
        """Whether D and E together take more than the cap."""
        return self.weak > self.cap + 1e-12

    @property
    def sentence(self) -> str:
        """What the first page says of it."""
        if not any(self.shares.values()):
            return "No benefit is counted, so there is no evidence to weigh."
        of_gains = self.judged is self.gains
        signs = " Gains and losses are both counted by their size." if self.mixed_signs and not of_gains else ""
        what = "gains" if of_gains else "benefits"
        weak = f"{_percent(self.weak)} of the {what} rest on raw differences and assumptions (grades D and E)"
        if self.past_cap:
            return f"Too little evidence: {weak}, more than the {_percent(self.cap)} allowed.{signs}"
        return f"{weak}, within the {_percent(self.cap)} allowed.{signs}"

    def to_dict(self) -> dict[str, Any]:
        """The evidence as plain values."""
        return {
            "share_by_grade": dict(self.shares),
            "share_of_gains_by_grade": dict(self.gains),
            "mixed_signs": self.mixed_signs,
            "weak": self.weak,
            "cap": self.cap,
            "past_cap": self.past_cap,
            "sentence": self.sentence,
        }


def evidence(table: TeiTable, cap: float = EVIDENCE_CAP) -> Evidence:
    """On which grades do the counted benefits rest?

    Parameters
    ----------
    table : TeiTable
        The base case, not adjusted.
    cap : float
        0 to 1.

    Raises
    ------
    ValueError
        If the table is adjusted (haircuts would hide the weak part) or the cap is no share.

    Examples
    --------
    >>> from analysis.roi.inputs import Inputs
    >>> from analysis.roi.line import Line
    >>> from analysis.roi.simulation import Model
    >>> from analysis.roi.tei import base_case
    >>> lines = [
    ...     Line(id=name, label=name, side="benefit", kind="margin", grade=grade, account="margin", by_year=(0, amount))
    ...     for name, grade, amount in (("repurchase", "C", 60), ("saves", "E", 40))
    ... ]
    >>> found = evidence(base_case(Model(currency="EUR", years=1, discount_rate=0, inputs=Inputs(()), lines=lines)))
    >>> found.shares["E"], found.past_cap
    (0.4, True)
    >>> print(found.sentence)
    Too little evidence: 40 % of the benefits rest on raw differences and assumptions (grades D and E), more than the
    30 % allowed.
    """
    if table.adjusted:
        raise ValueError("Evidence is weighed on the table before risk adjustment and haircuts.")
    if not 0 <= cap <= 1:
        raise ValueError(f"The cap on weak evidence is a share from 0 to 1, not {cap}.")
    benefits = [(row.grade, row.present_value) for row in table.rows if row.side == "benefit" and row.counted]
    return Evidence(
        shares=_shares(benefits),
        mixed_signs=any(amount < 0 for _, amount in benefits),
        cap=cap,
        gains=_shares([(grade, amount) for grade, amount in benefits if amount > 0]),
    )


def _shares(benefits: Sequence[tuple[Grade | None, float]]) -> Mapping[Grade, float]:
    """Share of each grade by the size of its amounts; all 0 where there are none."""
    whole = math.fsum(abs(amount) for _, amount in benefits)
    return MappingProxyType(
        {
            grade: math.fsum(abs(amount) for own, amount in benefits if own == grade) / whole if whole else 0.0
            for grade in GRADE_WORDS
        }
    )


def _weak(shares: Mapping[Grade, float]) -> float:
    return math.fsum(shares[grade] for grade in WEAK)


def _percent(share: float) -> str:
    """Whole percent; a tenth more where whole percent would hide a difference from the next."""
    return f"{100 * share:.0f} %" if abs(100 * share - round(100 * share)) < 0.05 else f"{100 * share:.1f} %"
