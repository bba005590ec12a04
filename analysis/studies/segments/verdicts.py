"""Of which segments may something be said? The tests behind the answer, with nothing yet put into words.

First whether an attribute's segments can be told apart at all: without that nothing is said of one alone. Then, of
those named beforehand, Holm's rule over all of them: among studies without any effect at most one in twenty makes a
claim. Of those found by looking, Benjamini and Hochberg's: among the selected at most one in twenty is false on
average, and their intervals are widened for having been selected. Both need p-values that hold far in the tail, also of
small groups: an effect counts by the scale on which it is the less clear. Words and grades are left to `settled`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from analysis.inference.apart import differ_p
from analysis.inference.multiplicity import discovery_adjusted, false_coverage_level, holm_adjusted
from analysis.studies.gates import holm
from analysis.studies.segments.questions import Cell, Question

Verdict = Literal["claimed", "not_apart", "not_clear", "selected", "not_selected", "refused"]
Group = tuple[Question, tuple[str, ...]]
"""The segments of one attribute in one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Whether the segments of an attribute can be told apart.

    `p_adjusted` is Holm's over the attributes and arms of one outcome, those named beforehand apart from the others.
    Both are None where fewer than two segments were told.
    """

    told: int
    p_value: float | None = None
    p_adjusted: float | None = None

    def differ(self, level: float) -> bool:
        """Whether they differ by more than chance would make them."""
        return self.p_adjusted is not None and self.p_adjusted < 1 - level


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the tests say of one segment.

    Parameters
    ----------
    verdict : str
        Named beforehand: `claimed`, `not_apart` (its attribute's segments cannot be told apart), `not_clear` (chance
        among so many can do that). Found by looking: `selected`, `not_selected`. `refused`: it was not told, or has no
        error to be judged by.
    p_value, p_adjusted : float, optional
    family : int
        Segments that were judged together with it.
    interval_level : float, optional
        Level of the widened interval of a selected one.
    """

    verdict: Verdict
    p_value: float | None = None
    p_adjusted: float | None = None
    family: int = 0
    interval_level: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """By place among the cells: what the tests say; by attribute and question: whether its segments differ."""

    judged: Mapping[int, Judgement]
    apart: Mapping[Group, Apart]


def group_of(cell: Cell) -> Group:
    """The segments that a cell is tested together with."""
    return cell.question, cell.attribute


def verdicts(cells: Sequence[Cell], silent: Mapping[int, str], *, level: float) -> Verdicts:
    """What may be said of each segment?

    Parameters
    ----------
    cells : sequence of Cell
        Those of all customers are passed over.
    silent : mapping of int to str
        By place, why a segment is not told, beyond those without an effect.
    level : float
        1 − `level` is the share of false claims, or of false discoveries, that is borne with.
    """
    told = {
        place: cell
        for place, cell in enumerate(cells)
        if cell.segment and place not in silent and cell.spread is not None
    }
    apart = _apart(cells, told)
    named = {place: cell for place, cell in told.items() if cell.declared}
    looked = {place: cell for place, cell in told.items() if not cell.declared}
    judged = {
        place: Judgement(verdict="refused") for place, cell in enumerate(cells) if cell.segment and place not in told
    }
    judged |= _named(named, apart, level) | _looked(looked, level)
    return Verdicts(judged=MappingProxyType(judged), apart=MappingProxyType(apart))


def _apart(cells: Sequence[Cell], told: Mapping[int, Cell]) -> dict[Group, Apart]:
    groups: dict[Group, list[Cell]] = {group_of(cell): [] for cell in cells if cell.segment}
    for cell in told.values():
        groups[group_of(cell)].append(cell)
    found: dict[Group, Apart] = {}
    families: dict[tuple[Question, bool], list[Group]] = {}
    for group, members in groups.items():
        spreads = [(cell.spread, cell.sizes) for cell in members]
        if len(members) > 1:
            held = [(spread, sizes) for spread, sizes in spreads if spread is not None]
            p_value = differ_p([spread for spread, _ in held], [sizes for _, sizes in held])
            found[group] = Apart(told=len(members), p_value=p_value)
            asked = group[0]
            named = all(cell.declared for cell in members)
            families.setdefault((replace(asked, treated=""), named), []).append(group)
        else:
            found[group] = Apart(told=len(members))
    for family in families.values():
        adjusted = holm([found[group].p_value or 0.0 for group in family])
        for group, p_adjusted in zip(family, adjusted, strict=True):
            found[group] = Apart(told=found[group].told, p_value=found[group].p_value, p_adjusted=p_adjusted)
    return found


def _p_values(cells: Mapping[int, Cell]) -> list[float]:
    return [p_value for cell in cells.values() if (p_value := cell.p_value) is not None]


def _named(cells: Mapping[int, Cell], apart: Mapping[Group, Apart], level: float) -> dict[int, Judgement]:
    """Holm over every segment named beforehand, whatever its outcome, arm and attribute."""
    raw = _p_values(cells)
    judged = {}
    for (place, cell), p_value, p_adjusted in zip(cells.items(), raw, holm_adjusted(raw), strict=True):
        verdict: Verdict = "claimed" if p_adjusted < 1 - level else "not_clear"
        if not apart[group_of(cell)].differ(level):
            verdict = "not_apart"
        judged[place] = Judgement(verdict=verdict, p_value=p_value, p_adjusted=p_adjusted, family=len(raw))
    return judged


def _looked(cells: Mapping[int, Cell], level: float) -> dict[int, Judgement]:
    """Benjamini and Hochberg over every segment looked at, whatever its outcome, arm and attribute."""
    raw = _p_values(cells)
    adjusted = discovery_adjusted(raw)
    selected = sum(p_adjusted < 1 - level for p_adjusted in adjusted)
    wider = _rounded_up(false_coverage_level(selected, len(raw), level=level)) if selected else None
    return {
        place: Judgement(
            verdict="selected" if p_adjusted < 1 - level else "not_selected",
            p_value=p_value,
            p_adjusted=p_adjusted,
            family=len(raw),
            interval_level=wider if p_adjusted < 1 - level else None,
        )
        for place, p_value, p_adjusted in zip(cells, raw, adjusted, strict=True)
    }


def _rounded_up(level: float) -> float:
    """A level with four digits, never below the one that is needed."""
    return math.ceil(level * 10_000 - 1e-6) / 10_000 if level < 0.999 else level
