"""Which rows of a study ask the same of the same customers? So that each question is tested once, whatever its scales.

A question is one contrast of one outcome: a difference, its ratio and their adjusted versions are answers to it. One
of them is judged, on the scale in which the outcome is first shown, adjusted where there is an adjusted row; the others
take its verdict. What the verdict is, is left to `verdicts`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from analysis.inference.both_scales import fewest_degrees, least_clear_p
from analysis.inference.estimate import Estimate, Scale
from analysis.inference.multiplicity import spread_of
from analysis.studies.result import Effect

_ADJUSTED = "_adjusted"


@runtime_checkable
class Covers(Protocol):
    """What was declared before the data were looked at."""

    def covers(self, outcome: str, segment: Mapping[str, str]) -> bool:
        """Whether the effect on this outcome in this segment was named."""
        ...


Declared = Collection[str] | Covers | None


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """One contrast of one outcome, asked of all customers and of segments alike."""

    design: str
    treated: str
    comparison: str
    outcome: str
    estimand: str
    maturity: str

    @classmethod
    def of(cls, effect: Effect) -> Question:
        """The question that a row answers."""
        root = effect.estimand.removesuffix(_ADJUSTED)
        return cls(
            effect.design, effect.treated, effect.comparison, effect.outcome, root, effect.maturity
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One segment's answer to one question.

    Parameters
    ----------
    question : Question
    segment : mapping of str to str
        Empty for all customers.
    places : tuple of int
        Where its rows stand among the effects.
    stands : Effect
        The row that is judged.
    difference, ratio : Estimate, optional
        The same answer on either scale.
    beside : Estimate, optional
        The same answer as the judged one on the other scale, adjusted if that is.
    declared : bool
    """

    question: Question
    segment: Mapping[str, str]
    places: tuple[int, ...]
    stands: Effect
    difference: Estimate | None
    ratio: Estimate | None
    beside: Estimate | None
    declared: bool

    @property
    def attribute(self) -> tuple[str, ...]:
        """The columns that make the segment."""
        return tuple(self.segment)

    @property
    def words(self) -> str:
        """The segment as sentences name it.

        Examples
        --------
        >>> from analysis.studies.segments.questions import words_of
        >>> words_of({"region": "north", "spend_band": "high"})
        'region: north, spend band: high'
        """
        return words_of(self.segment)

    @property
    def spread(self) -> tuple[float, float] | None:
        """Distance from no effect and its error, on the scale judged; None where there is none to judge."""
        one = self.stands.estimate
        return None if one is None else spread_of(one, fewest_degrees(one, self.beside))

    @property
    def p_value(self) -> float | None:
        """How often chance alone makes so large an effect, on the scale where it is the less clear."""
        return None if self.stands.estimate is None else least_clear_p(self.stands.estimate, self.beside)

    @property
    def sizes(self) -> tuple[int, int]:
        """Customers treated and compared."""
        one = self.stands if self.stands.estimate is None else self.stands.estimate
        return one.n_treated, one.n_comparison


def words_of(segment: Mapping[str, str]) -> str:
    """A segment as sentences name it."""
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in sorted(segment.items()))


def names_of(attribute: Sequence[str]) -> str:
    """The columns of a segment as sentences name them.

    Examples
    --------
    >>> names_of(("product", "spend_band"))
    'product and spend band'
    """
    return " and ".join(name.replace("_", " ") for name in attribute)


def cells_of(effects: Sequence[Effect], declared: Declared = None) -> tuple[Cell, ...]:
    """Every segment of every question, in the order in which they are first shown. Raw figures are no answers.

    Parameters
    ----------
    effects : sequence of Effect
    declared : collection of str, or anything that `covers`, optional
        Attributes named beforehand, or a declaration. None leaves it to the effects' own `declared`.

    Raises
    ------
    ValueError
        If `declared` is a text.
    """
    if isinstance(declared, str):
        raise ValueError(f"What was declared is a list of attributes, such as [{declared!r}], and no text.")
    scales: dict[Question, Scale] = {}
    places: dict[tuple[Question, tuple[tuple[str, str], ...]], list[int]] = {}
    for place, effect in enumerate(effects):
        if effect.naive:
            continue
        question = Question.of(effect)
        scales.setdefault(question, effect.scale)
        places.setdefault((question, tuple(effect.segment.items())), []).append(place)
    return tuple(_cell(question, effects, found, scales[question], declared) for (question, _), found in places.items())


def _cell(
    question: Question, effects: Sequence[Effect], places: Sequence[int], scale: Scale, declared: Declared
) -> Cell:
    rows = [effects[place] for place in places]
    told = [row for row in rows if row.estimate is not None]
    here = [row for row in told if row.scale == scale] or [row for row in rows if row.scale == scale] or rows
    stands = next((row for row in here if row.estimand.endswith(_ADJUSTED)), here[0])
    beside = (row.estimate for row in told if row.estimand == stands.estimand and row.scale != stands.scale)
    plain = [row for row in told if not row.estimand.endswith(_ADJUSTED)] or told
    return Cell(
        question=question,
        segment=stands.segment,
        places=tuple(places),
        stands=stands,
        difference=next((row.estimate for row in plain if row.scale == "difference"), None),
        ratio=next((row.estimate for row in plain if row.scale == "ratio"), None),
        beside=next(beside, None),
        declared=is_declared(stands, declared),
    )


def is_declared(effect: Effect, declared: Declared) -> bool:
    """Whether an effect was named before the data were looked at."""
    if declared is None:
        return effect.declared
    if isinstance(declared, Covers):
        return declared.covers(effect.outcome, effect.segment)
    return set(effect.segment) <= set(declared)
