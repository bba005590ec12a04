"""What was believed, in a form that can be tested, and which row of the effects speaks of it?

A hypothesis names a comparison, an outcome, a direction and the smallest effect that would matter. It is answered by
one row of `effects` or by none: where several rows could be meant, or nothing follows from the row (refused, raw, of a
window that is not over, of a segment that cannot be told from its neighbours), the reason is given instead. What
follows from the row is left to `verdict`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import NO_EFFECT, Scale

Direction = Literal["higher", "lower", "different"]
Row = Mapping[str, Any]
"""One row of `effects`, as the contract writes it."""

DIRECTIONS: tuple[Direction, ...] = ("higher", "lower", "different")
ESTIMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "before_after": ("channel_effect",),
        "service_effect": ("service_effect",),
        "adoption": ("adoption_effect",),
        "change_log": ("level_change",),
        "ab_randomised": ("experiment_effect_anytime", "experiment_effect"),
        "ab_observational": ("user_effect",),
        "effort": ("total_effect",),
    }
)
"""By design, what is meant where a hypothesis names no estimand: the first of these that the effects hold."""
ANYTIME = "_anytime"
"""How the name of an estimand ends whose interval allows for looking early."""
LOOKED_EARLY = (
    "The test is looked at before its end, and only its plain difference over all customers has an interval that "
    "allows for that. Ask for that difference, or judge a test that is looked at once."
)
SEGMENTS = "segments_differ"
"""The gate that must be passed before anything is claimed of one segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """One belief about an effect, written down so that data can speak for it or against it.

    Parameters
    ----------
    name, statement : str
        What it is called, and what it says in a reader's words.
    design, outcome : str
        As the contract lists them.
    treated, comparison : str, optional
        Names of the groups. Left out where the effects hold one contrast only.
    estimand : str, optional
        Default: the design's own (`ESTIMANDS`).
    segment : mapping of str to str
        Empty for all customers.
    scale : {"ratio", "difference"}
    direction : {"higher", "lower", "different"}
        Where the treated are believed to lie.
    smallest_effect : float, optional
        The smallest effect that matters: on the ratio scale as a share (0.05 is 5 % more, or as far the other way, by
        the factor 1 / 1.05), on the difference scale in the outcome's unit. Without it nothing can be shown not to
        matter.
    declared : bool
        Whether it was written down before the data were looked at.

    Raises
    ------
    DesignError
        If a value is none that can be tested.

    Examples
    --------
    >>> Hypothesis(name="more orders", statement="Social care makes customers buy more.", design="before_after",
    ...            outcome="orders", scale="ratio", direction="higher", smallest_effect=0.02).segment
    mappingproxy({})
    """

    name: str
    statement: str
    design: str
    outcome: str
    scale: Scale
    direction: Direction = "different"
    treated: str | None = None
    comparison: str | None = None
    estimand: str | None = None
    segment: Mapping[str, str] = field(default_factory=dict)
    smallest_effect: float | None = None
    declared: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "segment", MappingProxyType(dict(sorted(self.segment.items()))))
        if self.design not in ESTIMANDS:
            raise DesignError(f"Hypothesis `{self.name}`: the design is one of {', '.join(ESTIMANDS)}.")
        if self.scale not in NO_EFFECT or self.direction not in DIRECTIONS:
            raise DesignError(
                f"Hypothesis `{self.name}`: the scale is ratio or difference, the direction higher, lower or different."
            )
        if self.smallest_effect is not None and not 0 < self.smallest_effect < math.inf:
            raise DesignError(f"Hypothesis `{self.name}`: the smallest effect that matters lies above zero.")
        if (self.estimand or "").startswith("naive_"):
            raise DesignError(f"Hypothesis `{self.name}`: raw figures say nothing about cause and test nothing.")

    @property
    def estimands(self) -> tuple[str, ...]:
        """What it may be answered by, the first that is there counting."""
        return ESTIMANDS[self.design] if self.estimand is None else (self.estimand,)


def different_names(hypotheses: Sequence[Hypothesis]) -> None:
    """Refuse a family in which two hypotheses have one name.

    Raises
    ------
    DesignError
        With the name.
    """
    names = [one.name for one in hypotheses]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DesignError(f"Two hypotheses are called `{twice[0]}`. Each is judged once, so give each its own name.")


def row_for(hypothesis: Hypothesis, effects: Iterable[Row]) -> Row | str:
    """The row that answers a hypothesis, or why there is none.

    Parameters
    ----------
    hypothesis : Hypothesis
    effects : iterable of mapping
        Rows of `effects`, as the contract writes them.

    Returns
    -------
    mapping or str
        A row with a value and an interval, from which something follows; or a sentence.

    Examples
    --------
    >>> asked = Hypothesis(name="a", statement="b", design="ab_randomised", outcome="visit", scale="difference")
    >>> row_for(asked, [])
    'The results hold no effect of ab_randomised.'
    """
    rows = [row for row in effects if row["design"] == hypothesis.design]
    if not rows:
        return f"The results hold no effect of {hypothesis.design}."
    found = [row for row in rows if row["outcome"] == hypothesis.outcome]
    if not found:
        held = ", ".join(dict.fromkeys(str(row["outcome"]) for row in rows))
        return f"The results of {hypothesis.design} hold no outcome `{hypothesis.outcome}`; they hold {held}."
    for key, wanted in (
        ("scale", hypothesis.scale),
        ("segment", dict(hypothesis.segment)),
        ("treated", hypothesis.treated),
        ("comparison", hypothesis.comparison),
    ):
        kept = found if wanted is None else [row for row in found if row[key] == wanted]
        if not kept:
            return f"The results hold `{hypothesis.outcome}`, but not with the {key} {_said(wanted)}."
        found = kept
    early = {(row["treated"], row["comparison"]) for row in rows if _allows_early_looks(row)}
    if any((row["treated"], row["comparison"]) in early for row in found):
        found = [row for row in found if _allows_early_looks(row)]
        if not found or not {hypothesis.estimand} <= {None, *(row["estimand"] for row in found)}:
            return LOOKED_EARLY
    there = next((name for name in hypothesis.estimands if any(row["estimand"] == name for row in found)), None)
    if there is None:
        return f"The results hold `{hypothesis.outcome}`, but not as {' or '.join(hypothesis.estimands)}."
    found = [row for row in found if row["estimand"] == there]
    mature = [row for row in found if row["maturity"] == "mature"]
    if not mature:
        return "The window after the contact is not over; nothing is judged before it is."
    if len(mature) > 1:
        return _several(mature)
    return _why_not(mature[0]) or mature[0]


def _allows_early_looks(row: Row) -> bool:
    return str(row["estimand"]).endswith(ANYTIME)


def _why_not(row: Row) -> str | None:
    """Why nothing follows from a row, if so."""
    if row["value"] is None:
        return f"Nothing is claimed of it: {row.get('reason') or row['claim']}"
    if row["grade"] in ("D", "E"):
        return "It is a raw difference or an assumption, from which nothing follows about cause."
    if row["segment"]:
        check = next((one for one in row["checks"] if str(one["name"]).startswith(SEGMENTS)), None)
        if check is None:
            return "No test has told this segment from the others, so nothing is claimed of it alone."
        if check["verdict"] != "passed":
            return str(check["detail"])
    return None


def _several(rows: Sequence[Row]) -> str:
    contrasts = list(dict.fromkeys(f"{row['treated']} against {row['comparison']}" for row in rows))
    if len(contrasts) > 1:
        return f"Several contrasts could be meant: {'; '.join(contrasts)}. Name `treated` and `comparison`."
    return f"{len(rows)} effects could be meant, of several experiments or changes; none is chosen for its result."


def _said(wanted: object) -> str:
    if isinstance(wanted, Mapping):
        return ", ".join(f"{name}: {value}" for name, value in wanted.items()) or "of all customers"
    return f"`{wanted}`"
