"""Which of the six areas of social media do the figures speak of, and what is missing for the others?

The second founding document keeps six areas apart: success is not about one metric. An area without figures is named
with what it lacks, so that silence is not taken for zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from analysis.metrics.catalogue import AREAS, definition
from analysis.metrics.figure import MetricsResult

NO_TABLE = {"influencers": "no table of the contract holds creators, what they were paid or what they posted"}
"""Why an area has no metric at all."""


@dataclass(frozen=True, slots=True)
class AreaCoverage:
    """What is told of one area.

    Parameters
    ----------
    counted : tuple of str
        Metrics with a value in some period.
    refused : dict of str to str
        Metrics whose tables are there but without a value in any period, each with a reason given.
    missing : dict of str to str
        Metrics that lack a table or column, each with what is lacking.
    why_none : str or None
        Why the area has no metric at all.
    """

    counted: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    why_none: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "counted": list(self.counted),
            "refused": dict(self.refused),
            "missing": dict(self.missing),
            "why_none": self.why_none,
        }


def areas_covered(result: MetricsResult) -> dict[str, AreaCoverage]:
    """The six areas in their order, each with the metrics that were counted and what is missing for the others.

    Examples
    --------
    >>> found = areas_covered(MetricsResult((), {"impressions": "table `posts`"}, "2026-09"))
    >>> found["influencers"].why_none
    'no table of the contract holds creators, what they were paid or what they posted'
    >>> found["engagement and content"].missing
    {'impressions': 'table `posts`'}
    """
    values: dict[str, str | None] = {}
    for row in result.metrics:
        if row.value is not None:
            values[row.id] = None
        else:
            values.setdefault(row.id, row.reason)
    found: dict[str, AreaCoverage] = {}
    for area in AREAS:
        mine = {name: reason for name, reason in values.items() if definition(name).area == area}
        missing = {name: lack for name, lack in result.missing.items() if definition(name).area == area}
        counted = tuple(name for name, reason in mine.items() if reason is None)
        refused = {name: reason for name, reason in mine.items() if reason is not None}
        none = NO_TABLE.get(area) if not mine and not missing else None
        found[area] = AreaCoverage(counted, refused, missing, none)
    return found
