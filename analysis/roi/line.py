"""What is one line of the case: which money, on which side, by which formula, on what evidence, and whose?

A `Line` holds a formula for the start and for each year. What its inputs are worth is left to `quantity` and `inputs`,
what the lines add up to to `tei` and `simulation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.roi.formula import Formula, formula, name_of_an_input
from analysis.studies.result import GRADE_WORDS, Grade

Side = Literal["benefit", "cost"]
Kind = Literal["cashable", "capacity", "avoided", "margin", "cost"]

KIND_WORDS: dict[Kind, str] = {
    "cashable": "spending that falls",
    "capacity": "time set free",
    "avoided": "growth avoided",
    "margin": "margin",
    "cost": "cost",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the case.

    Parameters
    ----------
    id : str
        Snake_case, unique in the case: "repurchase", "channel_shift", "agents".
    label : str
        The same in words.
    side : {"benefit", "cost"}
        A cost is given as a positive amount.
    kind : {"cashable", "capacity", "avoided", "margin", "cost"}
        What sort of money it is; see `KIND_WORDS`. "cost" exactly for costs.
    grade : {"A", "B", "C", "D", "E"} or None
        Of its evidence; every benefit has one.
    by_year : tuple of Formula, length years + 1
        The first is the start, not discounted; the others are booked at the end of their year.
    account : str
        Which money it takes: "order_margin", "subscription_margin", "support_cost", ...
    owner, fiscal_quarter : str, optional
        Who answers for it, and in which quarter it first shows.
    also_claimed_by : tuple of str
        Other business cases that claim the same money.
    note : str
        What it leaves out or assumes, in one or two plain sentences.
    counted : bool
        False: shown beside the case, not in its value.
    index_from, index_to : str, optional
        Months in which the customers behind the effect first wrote on social.
    maturity : str, optional
        "mature", where it rests on a study.

    Raises
    ------
    ValueError
        If the side and kind do not fit, a benefit has no grade, or there is no year.

    Examples
    --------
    >>> from analysis.roi.formula import Input
    >>> line = Line(id="repurchase", label="Margin after a contact", side="benefit", kind="margin", grade="C",
    ...             by_year=(0, Input("gain") * Input("contacts")), account="order_margin", note="Six months only.")
    >>> sorted(line.inputs), line.years
    (['contacts', 'gain'], 1)
    """

    id: str
    label: str
    side: Side
    kind: Kind
    grade: Grade | None
    by_year: tuple[Formula, ...]
    account: str
    owner: str | None = None
    fiscal_quarter: str | None = None
    also_claimed_by: tuple[str, ...] = ()
    note: str = ""
    counted: bool = True
    index_from: str | None = None
    index_to: str | None = None
    maturity: str | None = None

    def __post_init__(self) -> None:
        name_of_an_input(self.id)
        if not self.label.strip() or not self.account.strip():
            raise ValueError(f"Line `{self.id}` needs a label and the account of the money it takes.")
        if self.side not in ("benefit", "cost") or self.kind not in KIND_WORDS:
            raise ValueError(f"Line `{self.id}`: there is no side `{self.side}` with the kind `{self.kind}`.")
        if (self.side == "cost") != (self.kind == "cost"):
            raise ValueError(f"Line `{self.id}` is a {self.side}; the kind `{self.kind}` does not fit.")
        if self.grade is not None and self.grade not in GRADE_WORDS:
            raise ValueError(f"Line `{self.id}`: a grade is A to E, not `{self.grade}`.")
        if self.side == "benefit" and self.grade is None:
            raise ValueError(f"Line `{self.id}` is a benefit, so the grade of its evidence must be given.")
        if len(self.by_year) < 2:
            raise ValueError(f"Line `{self.id}` needs a formula for the start and for one year at least.")
        object.__setattr__(self, "by_year", tuple(formula(one) for one in self.by_year))
        object.__setattr__(self, "also_claimed_by", tuple(self.also_claimed_by))

    @property
    def inputs(self) -> frozenset[str]:
        """Names of the inputs that it reads."""
        return frozenset().union(*(one.inputs for one in self.by_year))

    @property
    def years(self) -> int:
        """How many years it runs over, the start not counted."""
        return len(self.by_year) - 1
