"""In which companies are the estimators judged, and what is asked of them in each? The hazards, named and numbered.

A hazard is something that spoils comparisons: seasons, outages, customers who leave. Each has a kind, which says what
the default study must do in it, and a block of seeds of its own. How a company is lived is left to `worlds`, what the
tallies must show to `tallies`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from analysis.foundation.errors import UnknownName

Kind = Literal["sound", "weak_hidden", "strong_hidden", "broken"]
SEEDS_APART = 100_000
FIRM = "firm_"
"""What the names of the second generator's companies begin with."""
ESTIMANDS = ("orders_ratio", "orders_difference", "issues_ratio")
RETAINED = ("retained_difference",)
REGIONAL = tuple(f"orders_ratio:region={name}" for name in ("north", "south", "east", "west"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One kind of company.

    Parameters
    ----------
    name : str
    kind : {"sound", "weak_hidden", "strong_hidden", "broken"}
        Sound: the default study must find the truth. With a weak hidden cause it cannot, and no data can tell; a strong
        one, and a design that is broken, must not be graded B.
    about : str
        What is true of it, in a line.
    null : bool
        Whether the true effect on every outcome is none.
    number : int
        Place in the table, which makes its block of seeds.
    estimands : tuple of str
        What is judged.
    """

    name: str
    kind: Kind
    about: str
    null: bool
    number: int
    estimands: tuple[str, ...] = ESTIMANDS

    @property
    def first_seed(self) -> int:
        return self.number * SEEDS_APART

    @property
    def firm(self) -> bool:
        """Whether the second generator makes it."""
        return self.name.startswith(FIRM)

    @property
    def hidden(self) -> bool:
        """Whether a hidden cause was planted."""
        return self.kind in ("weak_hidden", "strong_hidden")


_SOUND: Kind = "sound"
_LINES: tuple[tuple[str, Kind, bool, str], ...] = (
    ("none", _SOUND, True, "nothing has an effect"),
    ("effect", _SOUND, False, "10 % more orders, 15 % fewer issues"),
    ("harm", _SOUND, False, "8 % fewer orders"),
    ("incident", _SOUND, True, "no effect; outages shared by the customers of a product"),
    ("season", _SOUND, True, "no effect; demand swings by half, by product"),
    ("one_segment", _SOUND, False, "25 % more orders in the north, nothing elsewhere"),
    ("churn", _SOUND, True, "no effect; customers leave silently"),
    ("late_joiners", _SOUND, True, "no effect; four in ten join during the data and lean to social"),
    ("drift", _SOUND, True, "no effect; each customer's demand wanders"),
    ("severity", _SOUND, True, "no effect; severe issues harm more, severity is recorded with noise"),
    ("confounded", "weak_hidden", True, "no effect; a weak unrecorded cause goes with the taste for social"),
    ("confounded_strong", "strong_hidden", True, "no effect; the same cause, strong"),
    ("trend", "broken", True, "no effect; spending grows with the taste for social"),
    ("firm_none", _SOUND, True, "second generator: nothing has an effect"),
    ("firm_effect", _SOUND, False, "second generator: more add-ons, fewer issues, fewer leave"),
    ("firm_harm", _SOUND, False, "second generator: fewer add-ons, more issues, more leave"),
    ("firm_incident", _SOUND, True, "second generator: no effect; three outages"),
    ("firm_season", _SOUND, True, "second generator: no effect; seasons by product"),
    ("firm_churn", _SOUND, True, "second generator: no effect; four times as many leave"),
    ("firm_leavers", "weak_hidden", True, "second generator: no effect; who leans to social leaves faster"),
    ("firm_confounded_strong", "strong_hidden", True, "second generator: no effect; a strong unrecorded cause"),
)


def _hazards() -> dict[str, Hazard]:
    made = {}
    for number, (name, kind, null, about) in enumerate(_LINES, start=1):
        estimands = ESTIMANDS + (REGIONAL if name == "one_segment" else ()) + (RETAINED if FIRM in name else ())
        made[name] = Hazard(name=name, kind=kind, null=null, about=about, number=number, estimands=estimands)
    return made


HAZARDS: Mapping[str, Hazard] = MappingProxyType(_hazards())
"""By name; the order is that of the page."""


def hazard_named(name: str) -> Hazard:
    """The hazard of that name.

    Raises
    ------
    UnknownName
        If there is none, with the nearest.

    Examples
    --------
    >>> hazard_named("none").first_seed
    100000
    """
    if name not in HAZARDS:
        raise UnknownName.of("hazard", name, HAZARDS)
    return HAZARDS[name]
