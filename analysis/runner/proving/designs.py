"""Which room lives the companies of which design? The one place where designs are told apart.

A room is a module with `proved_worlds(hazard, seeds, asked)`; it is imported when it is needed, and what it imports is
what the records of its design depend on (`sources`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType

from analysis.runner.proving.hazards import Design, Hazard
from analysis.runner.proving.records import Asked, Records

_HERE = "analysis.runner.proving"
ROOMS: Mapping[Design, str] = MappingProxyType(
    {
        "before_after": f"{_HERE}.worlds",
        "service_effect": f"{_HERE}.service_worlds",
        "adoption": f"{_HERE}.adoption_worlds",
        "change_log": f"{_HERE}.series_worlds",
        "ab_randomised": f"{_HERE}.experiment_worlds",
        "ab_observational": f"{_HERE}.observational_worlds",
        "segments": f"{_HERE}.segment_worlds",
        "roi_case": f"{_HERE}.money_worlds",
    }
)
"""By design, in the order of the page."""


def proved_worlds(hazard: Hazard, seeds: Iterable[int], asked: Asked) -> Records:
    """The records of some companies of one hazard, in the room of its design.

    Examples
    --------
    >>> from analysis.runner.proving.hazards import hazard_named
    >>> found = proved_worlds(hazard_named("rollout_none"), [2_800_000], Asked(customers=2_000, forbidden=False))
    >>> sorted(found.effects["estimand"])
    ['issues_difference', 'issues_ratio', 'orders_difference', 'orders_ratio']
    """
    records: Records = import_module(ROOMS[hazard.design]).proved_worlds(hazard, seeds, asked)
    return records
