"""How many first social contacts a year does the case rest on, and how many of them are like those that were studied?

The study found its effects on so many contacts a year. What the parameters state or forecast may be more: the contacts
up to today's number are valued as studied, those above it are people whom nobody has studied, and are told apart so
that their lines can carry a lower grade. An uptake says which share of each year's contacts the programme reaches. What
a contact is worth is left to the lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.foundation.errors import DesignError
from analysis.roi.formula import Formula, Input, Number, larger, smaller
from analysis.roi.measured_effects import MeasuredEffect
from analysis.roi.quantity import Quantity
from analysis.roi.stated import Stated, amount, fact, share

STUDIED = "contacts_studied_per_year"
CONTACTS = "contacts_per_year"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRequest:
    """What the parameters say of the contacts.

    Parameters
    ----------
    contacts_per_year : Stated, optional
        The same number every year; as many as were studied when left out.
    forecast : tuple of Stated
        A number for each year instead; the last one holds on.
    uptake : tuple of Stated
        Share of each year's contacts that the programme reaches; the last one holds on, and none means all.
    """

    contacts_per_year: Stated | None = None
    forecast: tuple[Stated, ...] = ()
    uptake: tuple[Stated, ...] = ()

    def __post_init__(self) -> None:
        if self.contacts_per_year is not None and self.forecast:
            raise ValueError("The contacts of a case are `contacts_per_year` or a `forecast`, not both.")
        if self.contacts_per_year is not None:
            amount("roi.contacts_per_year", self.contacts_per_year)
            if self.contacts_per_year.value <= 0:
                raise ValueError("The number of contacts a year is above zero: `roi.contacts_per_year`.")
        for year, stated in enumerate(self.forecast, 1):
            amount(f"roi.forecast, year {year}", stated)
        for year, stated in enumerate(self.uptake, 1):
            share(f"roi.uptake, year {year}", stated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volumes:
    """The contacts of each year.

    Parameters
    ----------
    quantities : tuple of Quantity
    studied : tuple of Formula
        By year: contacts that are like those studied.
    beyond : tuple of Formula
        By year: contacts above what was studied; empty where the case has none by what it states.
    note : str
        What is assumed of them.
    source : str
        Where the base number comes from.
    """

    quantities: tuple[Quantity, ...]
    studied: tuple[Formula, ...]
    beyond: tuple[Formula, ...]
    note: str
    source: str

    @property
    def years(self) -> int:
        return len(self.studied)

    @property
    def all(self) -> tuple[Formula, ...]:
        """By year: all contacts of the case."""
        if not self.beyond:
            return self.studied
        return tuple(one + other for one, other in zip(self.studied, self.beyond, strict=True))

    def base(self) -> dict[str, float]:
        """The inputs at their base."""
        return {one.name: one.base for one in self.quantities}


def volumes(request: VolumeRequest, effect: MeasuredEffect | None, years: int) -> Volumes:
    """How many contacts has each year, and how many of them are like those that were studied?

    Parameters
    ----------
    request : VolumeRequest
    effect : MeasuredEffect, optional
        Of the study whose contacts are counted; the margin where it was measured, else whichever was.
    years : int

    Raises
    ------
    DesignError
        If nothing was studied and no number is stated, or more years are stated than the case has.

    Examples
    --------
    >>> found = volumes(VolumeRequest(contacts_per_year=Stated.of(1500.0)), None, 2)
    >>> [one.value(found.base()) for one in found.studied], found.beyond
    ([1500.0, 1500.0], ())
    """
    for parameter, stated in (("roi.forecast", request.forecast), ("roi.uptake", request.uptake)):
        if len(stated) > years:
            raise DesignError(
                f"`{parameter}` names {len(stated)} years, the case has {years}. Shorten it, or set `roi.years`."
            )
    quantities: list[Quantity] = []
    today: Formula | None = None
    source = "parameters"
    note = ""
    if effect is not None:
        source = "first social contacts in the study's index months, per year"
        origin = f"{effect.source}, per year"
        quantities.append(
            fact(
                STUDIED,
                "First social contacts a year, as studied",
                "contacts per year",
                effect.contacts_per_year,
                origin,
            )
        )
        today = Input(STUDIED)
        note = f"Contacts stay as many as from {effect.index_from} to {effect.index_to}. "
    named = _stated(request, years)
    if named is None:
        if today is None:
            raise DesignError("No study counted the contacts. Give `roi.contacts_per_year`, or run `before_after`.")
        by_year: tuple[Formula, ...] = (today,) * years
    else:
        quantities += named
        by_year = tuple(one.input for one in _held_on(named, years))
        source, note = "parameters", "Contacts are as many as the parameters state. "
    reached = _taken_up(request, by_year, quantities)
    if request.uptake:
        note += "Of each year's contacts, the stated share is reached. "
    if named is None or today is None:
        return Volumes(quantities=tuple(quantities), studied=reached, beyond=(), note=note.strip(), source=source)
    return Volumes(
        quantities=tuple(quantities),
        studied=tuple(smaller(one, today) for one in reached),
        beyond=tuple(larger(one - today, 0.0) for one in reached) if _may_exceed(named, effect) else (),
        note=note.strip(),
        source=source,
    )


def _stated(request: VolumeRequest, years: int) -> list[Quantity] | None:
    """The contacts that the parameters state, as inputs; None where they state none."""
    if request.contacts_per_year is not None:
        one = request.contacts_per_year
        return [one.quantity(CONTACTS, "First social contacts a year, as stated", "contacts per year", low=0.0)]
    if not request.forecast:
        return None
    return [
        one.quantity(
            f"contacts_in_year_{year}", f"First social contacts in year {year}, forecast", "contacts per year", low=0.0
        )
        for year, one in enumerate(request.forecast[:years], 1)
    ]


def _may_exceed(stated: list[Quantity], effect: MeasuredEffect | None) -> bool:
    """Whether the contacts stated can be more than those studied."""
    assert effect is not None
    return any(one.spread.ends[1] > effect.contacts_per_year for one in stated)


def _taken_up(request: VolumeRequest, by_year: tuple[Formula, ...], quantities: list[Quantity]) -> tuple[Formula, ...]:
    """The contacts reached; the shares are added to the inputs."""
    if not request.uptake:
        return by_year
    ramp = [
        one.quantity(f"uptake_in_year_{year}", f"Share of contacts reached in year {year}", "share", low=0.0, high=1.0)
        for year, one in enumerate(request.uptake, 1)
    ]
    quantities += ramp
    held = _held_on(ramp, len(by_year))
    return tuple(contacts * one.input for contacts, one in zip(by_year, held, strict=True))


def _held_on(stated: list[Quantity], years: int) -> list[Quantity]:
    """One a year; the last one holds on."""
    return [*stated, *([stated[-1]] * years)][:years]


def years_of(formulas: tuple[Formula, ...]) -> tuple[Formula, ...]:
    """By-year formulas of a line: nothing at the start, then the years.

    Examples
    --------
    >>> years_of((Number(5.0),))
    (Number(number=0.0), Number(number=5.0))
    """
    return (Number(0.0), *formulas)
