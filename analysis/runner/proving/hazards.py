"""In which companies are the estimators judged, and what is asked of them in each? The hazards, named and numbered.

A hazard is something that spoils comparisons: seasons, outages, customers who leave. Each has a design, the study that
is run in it, a kind, which says what that study must do, and a block of seeds of its own. How a company is lived is
left to the room of its design, what the tallies must show to `limits`. New hazards are appended: a number is a seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from analysis.foundation.errors import UnknownName

Design = Literal[
    "before_after",
    "service_effect",
    "adoption",
    "change_log",
    "ab_randomised",
    "ab_observational",
    "segments",
    "roi_case",
]
Kind = Literal["sound", "weak_hidden", "strong_hidden", "broken", "unseen", "weak", "capped", "few"]
SEEDS_APART = 100_000
FIRM = "firm_"
"""What the names of the second generator's companies begin with."""
ESTIMANDS = ("orders_ratio", "orders_difference", "issues_ratio")
RETAINED = ("retained_difference",)
SIZES: Mapping[Design, int] = MappingProxyType(
    {
        "before_after": 40_000,
        "service_effect": 60_000,
        "adoption": 20_000,
        "change_log": 1,
        "ab_randomised": 20_000,
        "ab_observational": 20_000,
        "segments": 24_000,
        "roi_case": 40_000,
    }
)
"""Customers of a company of each design, from which on grades are judged: in smaller ones the gates see too little to
be passed. A series is no company."""
IN_ARRAYS_ONLY: tuple[Design, ...] = ("change_log", "segments", "roi_case")
"""Designs of which no company goes through files."""
SERVED = ("orders_difference", "issues_difference")
ROLLED_OUT = ("orders_ratio", "orders_difference", "issues_ratio", "issues_difference")
CONTACTED = ("orders_ratio",)
CONTACTS = "contacts_"
"""What the names of the companies begin with in which first contacts are studied; the rest names their world."""
RHOS = (0.0, 0.3, 0.5, 0.7)
"""Correlations of neighbouring months' errors."""
SERIES = tuple(f"{effect}_difference:rho={rho:g}" for effect in ("level", "slope") for rho in RHOS)
PANEL = ("level_difference",)
REGIONAL = tuple(f"orders_ratio:region={name}" for name in ("north", "south", "east", "west"))
_PLAIN = ("bought_difference", "orders_difference", "orders_ratio", "spend_difference", "spend_ratio",
          "orders_per_session_difference", "orders_per_session_ratio")  # fmt: skip
TRIED = (*_PLAIN, *(f"{name}:cuped" for name in _PLAIN), "spend_difference:quantile")
"""What is asked of an experiment whose customers are assigned one by one."""
MANY = tuple(f"orders_difference{how}" for how in ("", ":cuped", ":moments", ":moments_cuped"))
WITHIN = tuple(
    f"{name}{how}"
    for name in ("orders_difference", "orders_ratio", "bought_difference", "orders_per_session_difference",
                 "orders_per_session_ratio")
    for how in ("", ":cuped")
)  # fmt: skip
"""What is asked of an experiment whose customers are assigned within strata."""
ANYTIME = ("orders_difference:anytime", "spend_difference:anytime")
MOVED = ("orders_difference", "orders_difference:moved")
USED = ("orders_ratio", "orders_difference", "spend_difference")
USED_ALIKE = ("orders_difference", "spend_difference")
"""Where the keenest users are left out, an effect that is the same amount for everybody."""
USED_HIDDEN = (*USED, "orders_ratio:less_planted_bias")
FIRSTS = ("orders_ratio", "orders_difference")
TOLD = ("false_claims", "false_discoveries", "false_coverage", "pooled_misses", "differ_wrongly", "misses", "found",
        "claimed_misses", "false_claims:regions_named", "false_discoveries:regions_named",
        "false_coverage:regions_named")  # fmt: skip
"""What is promised of segments, and what is shown beside."""
MONEY = "money_"
"""What the names of the companies begin with whose case in money is made; the rest names their world."""
VALUED = ("npv_known", "npv_drawn")
"""Net present value: with the assumptions' true values, and with true values drawn from the ranges stated."""
CHANCE = "positive_"
"""What the estimands begin with that hold the chance, as a case says it, of being worth more than nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One kind of company.

    Parameters
    ----------
    name : str
    kind : {"sound", "weak_hidden", "strong_hidden", "broken", "unseen", "weak", "capped", "few"}
        Sound: the study must find the truth. With a weak hidden cause it cannot, and no data can tell; a strong one,
        and a design that is broken, must not be graded B. Unseen: a cause that nobody recorded acts, and the design
        must hold against it. Weak: there is too little of what the design lives on, so that another estimate stands
        for it, never graded B. Capped: never graded B, whatever the gates say. Few: too few units for an interval.
    about : str
        What is true of it, in a line.
    null : bool
        Whether the true effect on every outcome is none.
    number : int
        Place in the table, which makes its block of seeds.
    estimands : tuple of str
        What is judged.
    design : Design
        Which study is run.
    at_least : bool
        Whether intervals may hold the truth more often than said: at many looks at once, or where very uneven groups
        leave no other way.
    """

    name: str
    kind: Kind
    about: str
    null: bool
    number: int
    estimands: tuple[str, ...] = ESTIMANDS
    design: Design = "before_after"
    at_least: bool = False

    @property
    def first_seed(self) -> int:
        return self.number * SEEDS_APART

    @property
    def firm(self) -> bool:
        """Whether the second generator makes it."""
        return self.name.startswith(FIRM)

    @property
    def hidden(self) -> bool:
        """Whether a hidden cause was planted whose bias a formula foretells."""
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


_LATER: tuple[tuple[str, Kind, bool, Design, tuple[str, ...], str], ...] = (
    ("queue_none", _SOUND, True, "service_effect", SERVED, "an answer in time has no effect"),
    ("queue_effect", _SOUND, False, "service_effect", SERVED, "who is answered in time buys a quarter more"),
    ("queue_harm", _SOUND, False, "service_effect", SERVED, "who is answered in time buys a fifth less"),
    ("queue_weak", "weak", False, "service_effect", SERVED, "a quarter more; staff is ample, load hardly matters"),
    ("queue_hidden", "unseen", True, "service_effect", SERVED,
     "no effect; grave problems, which nobody records, wait longer and lower buying"),
    ("queue_broken", "broken", True, "service_effect", SERVED,
     "no effect; incidents of one product lower what customers of all products buy"),
    ("rollout_none", _SOUND, True, "adoption", ROLLED_OUT, "waves by lot; the invitation changes nothing"),
    ("rollout_effect", _SOUND, False, "adoption", ROLLED_OUT, "waves by lot; 10 % more orders, 12 % fewer issues"),
    ("rollout_growing", _SOUND, False, "adoption", ROLLED_OUT, "waves by lot; an effect that grows for six months"),
    ("rollout_trend", "broken", True, "adoption", ROLLED_OUT, "no effect; who was growing anyway is invited first"),
    ("contacts_none", "capped", True, "adoption", CONTACTED, "first contacts where nothing has an effect"),
    ("contacts_incident", "capped", True, "adoption", CONTACTED, "the same, with outages shared by a product"),
    ("contacts_season", "capped", True, "adoption", CONTACTED, "the same; demand swings by half, by product"),
    ("contacts_trend", "capped", True, "adoption", CONTACTED, "the same; spending grows with the taste for social"),
    ("contacts_effect", "capped", False, "adoption", CONTACTED, "first contacts that bring 10 % more orders"),
    ("series_24", _SOUND, False, "change_log", SERIES, "24 months, changed in the middle"),
    ("series_36", _SOUND, False, "change_log", SERIES, "36 months, changed in the middle"),
    ("series_48", _SOUND, False, "change_log", SERIES, "48 months, changed in the middle"),
    ("series_60", _SOUND, False, "change_log", SERIES, "60 months, changed in the middle"),
    ("panel_none", _SOUND, True, "change_log", PANEL, "one unit changed to no effect, 30 others, shared paths"),
    ("panel_effect", _SOUND, False, "change_log", PANEL, "four units moved by 2, 40 others, shared paths"),
    ("panel_unlike", "unseen", True, "change_log", PANEL, "no effect; three units follow the shared paths more"),
    ("panel_few", "few", False, "change_log", PANEL, "one unit moved by 2, ten others"),
    ("trial_none", _SOUND, True, "ab_randomised", (*TRIED, "spend_difference:winsorised"),
     "customers one by one, half of them treated, to no effect"),
    ("trial_effect", _SOUND, False, "ab_randomised", TRIED, "the same; 5 % more sessions, an order 10 % likelier"),
    ("trial_uneven", _SOUND, False, "ab_randomised", TRIED, "the same effect; one in five treated"),
    ("trial_mismatch", "broken", True, "ab_randomised", ("orders_difference",),
     "no effect; of the treated without an order before, 15 % are missing"),
    ("clusters_none", _SOUND, True, "ab_randomised", ("orders_difference",), "24 uneven clusters, to no effect"),
    ("clusters_effect", _SOUND, False, "ab_randomised", ("orders_difference",), "24 uneven clusters, 30 % more orders"),
    ("clusters_many", _SOUND, False, "ab_randomised", MANY, "160 uneven clusters, 10 % more orders"),
    ("clusters_uneven", _SOUND, False, "ab_randomised", ("orders_difference",),
     "24 clusters that share much, the largest a fifth of all customers; 30 % more orders"),
    ("switchback_none", _SOUND, True, "ab_randomised", ("orders_difference",),
     "168 blocks of four hours, shocks that linger, to no effect"),
    ("switchback_effect", _SOUND, False, "ab_randomised", ("orders_difference",),
     "the same; half an order more, and for an hour the rule of the block before"),
    ("invitation_none", _SOUND, True, "ab_randomised", MOVED, "a quarter follows the invitation, to no effect"),
    ("invitation_effect", _SOUND, False, "ab_randomised", MOVED, "a quarter follows; 40 % more orders to who does"),
    ("invitation_weak", "weak", False, "ab_randomised", ("orders_difference:moved", "orders_difference:set"),
     "one in 200 follows; 40 % more orders to who does"),
    ("looks_none", _SOUND, True, "ab_randomised", ANYTIME, "looked at 17 times along the way; no effect"),
    ("looks_effect", _SOUND, False, "ab_randomised", ANYTIME, "looked at 17 times; the effect of `trial_effect`"),
    ("users_none", _SOUND, True, "ab_observational", USED, "who buys often becomes a user; that has no effect"),
    ("users_effect", _SOUND, False, "ab_observational", USED, "the same; a fifth more orders"),
    ("users_uneven", _SOUND, False, "ab_observational", USED, "the same; more, the older the user"),
    ("users_odd", _SOUND, False, "ab_observational", USED,
     "who becomes a user follows steps that no smooth model tells; a tenth fewer orders"),
    ("users_weak", "weak", False, "ab_observational", USED_ALIKE,
     "hardly anybody is like the keenest users; 0.3 orders more"),
    ("users_hidden", "weak_hidden", True, "ab_observational", USED_HIDDEN,
     "no effect; a hidden cause of both that acts only afterwards"),
    ("users_hidden_lasting", "strong_hidden", True, "ab_observational", USED,
     "no effect; a hidden trait that always raised orders"),
    ("firsts_none", "capped", True, "ab_observational", FIRSTS, "first contacts where nothing has an effect"),
    ("firsts_effect", "capped", False, "ab_observational", FIRSTS, "first contacts that bring 10 % more orders"),
    ("firsts_incident", "capped", True, "ab_observational", FIRSTS, "no effect; outages shared by a product"),
    ("firsts_confounded_strong", "strong_hidden", True, "ab_observational", FIRSTS,
     "no effect; a strong unrecorded cause goes with the taste for social"),
    ("firsts_trend", "broken", True, "ab_observational", FIRSTS,
     "no effect; spending grows with the taste for social"),
    ("family_none", _SOUND, True, "segments", TOLD, "nothing has an effect in any of 19 segments, of two treatments"),
    ("family_cancelling", _SOUND, False, "segments", TOLD,
     "an effect in two regions that cancels everywhere else"),
    ("family_some", _SOUND, False, "segments", TOLD, "effects in some segments of attributes that go together"),
    ("family_everywhere", _SOUND, False, "segments", TOLD, "the same effect in every segment"),
    ("family_few_large", _SOUND, False, "segments", TOLD, "a large effect in two of 24 shops"),
    ("family_spread", _SOUND, False, "segments", TOLD, "effects of 24 shops drawn like a bell"),
    ("family_small", _SOUND, True, "segments", TOLD, "no effect in 60 small branches, with uneven groups"),
    ("money_none", _SOUND, False, "roi_case", VALUED, "nothing has an effect but what the contact itself costs"),
    ("money_effect", _SOUND, False, "roi_case", VALUED, "10 % more orders, 15 % fewer issues"),
    ("money_harm", _SOUND, False, "roi_case", VALUED, "8 % fewer orders"),
    ("money_one_segment", _SOUND, False, "roi_case", VALUED, "25 % more orders in the north, nothing elsewhere"),
    ("money_incident", _SOUND, False, "roi_case", VALUED, "no effect; outages shared by the customers of a product"),
    ("strata_none", _SOUND, True, "ab_randomised", WITHIN,
     "within three strata; who buys least is treated most, to no effect"),
    ("strata_effect", _SOUND, False, "ab_randomised", WITHIN, "the same; 10 to 40 % more orders by stratum"),
)  # fmt: skip
_AT_LEAST = ("clusters_uneven", "looks_none", "looks_effect")


def _hazards() -> dict[str, Hazard]:
    made = {}
    for number, (name, kind, null, about) in enumerate(_LINES, start=1):
        estimands = ESTIMANDS + (REGIONAL if name == "one_segment" else ()) + (RETAINED if FIRM in name else ())
        made[name] = Hazard(name=name, kind=kind, null=null, about=about, number=number, estimands=estimands)
    for number, (name, kind, null, design, estimands, about) in enumerate(_LATER, start=len(_LINES) + 1):
        made[name] = Hazard(
            name=name, kind=kind, null=null, about=about, number=number, estimands=estimands, design=design,
            at_least=name in _AT_LEAST,
        )  # fmt: skip
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
