"""What could be wrong with what a report says? Failed and unmade checks, old evidence, and the notes of its steps.

What concerns the answer itself comes first. Names that only code uses are said in words. What is missing altogether is
left to `missing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.reporting.formats import plain
from analysis.reporting.naming import (
    action_in_words,
    check_in_words,
    humanised,
    outcome_in_words,
    verdict_in_words,
    verdict_of,
)
from analysis.reporting.parties import said_of
from analysis.reporting.rows import Row
from analysis.reporting.settled import older_than_the_volume
from analysis.reporting.summary.answer import headline, place_of_effect
from analysis.reporting.tables.cells import readable
from analysis.reporting.vocabulary import METHOD_NOTES, OUTCOMES
from analysis.reporting.wording import Words


def doubts(results: Mapping[str, Any], whole: Sequence[Row], effects: Sequence[Row], say: Words) -> Iterator[str]:
    """What could be wrong, a sentence or two each, what weighs most first.

    Parameters
    ----------
    results : mapping
    whole : sequence of rows
        Declared effects on all customers.
    effects : sequence of rows
        All effects that answer a question.
    say : Words
    """
    if any(row["grade"] == "B" and row["value"] is not None for row in whole):
        yield "A cause that nobody recorded could explain a comparison, even one that passed its checks."
    yield from _of_checks(whole, headline(results), say)
    if money := older_than_the_volume(results, say):
        yield money
    notes = (results.get("coverage") or {}).get("notes") or {}
    given = [str(note) for step in sorted(notes) if step not in _ON_ITS_PAGE for note in notes[step]]
    told = [_whole(note) for note in _gathered(given) if not note.startswith(METHOD_NOTES)]
    yield from dict.fromkeys(readable(say, named(note), 300) for note in told)
    late = sum(not row.get("declared", True) for row in effects)
    if late:
        yield f"{late} {'effect was' if late == 1 else 'effects were'} not named before the data were looked at."


def _of_checks(whole: Sequence[Row], head: Row | None, say: Words) -> Iterator[str]:
    """Checks that did not pass, worst verdicts first; those of the answer's own question before the others."""
    answered = None if head is None else head["estimand"]
    rows = sorted(whole, key=lambda row: (row["estimand"] != answered, place_of_effect(row)))
    for verdict in ("failed", "not_run", "cannot_be_known"):
        found: dict[tuple[str, str, str], list[str]] = {}
        for row in rows:
            for check in row["checks"]:
                if verdict_of(check) == verdict:
                    asked = said_of(row).question
                    name = check_in_words(check["name"], row.get("design"))
                    outcomes = found.setdefault((asked, name, check["detail"]), [])
                    label = outcome_in_words(row["outcome"]).label
                    outcomes += [label] if label not in outcomes else []
        for (asked, name, detail), outcomes in found.items():
            question = f"{asked[:1].upper()}{asked[1:]}: " if asked else ""
            seen = f"“{name}” {verdict_in_words(verdict)} ({', '.join(outcomes)})."
            yield f"{question}{seen} {readable(say, named(detail))}"


_ON_ITS_PAGE = ("change_log",)
"""Steps whose notes tell of single entries, and stand on their own page only."""
_LACKING = re.compile(r"Outcome `(?P<outcome>[^`]+)` is not in the data of experiment `(?P<test>[^`]+)`\.?")
_MET = re.compile(r"Experiment `(?P<test>[^`]+)`: customers who met what their arm offers: ")
_SNAKE = re.compile(r"`?\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b`?")
_RUN_OFF = re.compile(r"(?P<kind>[^:]+): The run-off of `(?P=kind)` cannot be told\. (?P<why>.*)", re.DOTALL)


def _whole(note: str) -> str:
    """A note that only names a table, as a sentence."""
    found = re.fullmatch(r"table `(\w+)`\.?", note)
    return f"The table `{found[1]}` is missing, so nothing is told of what it would show." if found else note


def _gathered(notes: Sequence[str]) -> list[str]:
    """Notes in their order, those that differ by a name only gathered where the first of them is.

    Kinds of action whose run-off cannot be told for one reason, and outcomes that one test lacks.
    """
    alike: dict[str, list[str]] = {}
    lacking: dict[str, list[str]] = {}
    for note in notes:
        if found := _LACKING.fullmatch(note):
            lacking.setdefault(found["test"], []).append(outcome_in_words(found["outcome"]).label)
        if found := _RUN_OFF.fullmatch(note):
            kinds = alike.setdefault(found["why"], [])
            kinds += [found["kind"]] if found["kind"] not in kinds else []
    gathered = []
    for note in notes:
        found = _RUN_OFF.fullmatch(note)
        if found and len(kinds := alike[found["why"]]) > 1:
            names = ", ".join(action_in_words(kind).lower() for kind in kinds)
            note = f"What is still to come cannot be told of {names}. {found['why']}"  # noqa: PLW2901
        if found := _LACKING.fullmatch(note):
            names = ", ".join(dict.fromkeys(lacking[found["test"]]))
            note = f"The test {_quoted(found['test'])} holds nothing on: {names}."  # noqa: PLW2901
        if found := _MET.match(note):
            met = f"In the test {_quoted(found['test'])}, customers who met what their group was offered: "
            note = met + note[found.end() :]  # noqa: PLW2901
        gathered.append(note)
    return list(dict.fromkeys(gathered))


def named(note: str) -> str:
    """A note with the names of outcomes and metrics as words.

    Examples
    --------
    >>> named("`index_issue_cost` was left out: this study follows orders, support_cost.")
    'cost of the issue itself was left out: this study follows orders, support cost.'
    """
    said = _SNAKE.sub(lambda found: _word(found[1]), note)
    return re.sub(r"`([a-z]+)`", lambda found: _word(found[1]) if found[1] in OUTCOMES else found[0], said)


def _word(name: str) -> str:
    if outcome_in_words(name).label == humanised(name) and name not in OUTCOMES:
        return _quoted(name)  # a name that we have no words for
    label = outcome_in_words(name).label
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _quoted(name: str) -> str:
    return f"“{plain(name, 60).replace('_', ' ')}”"
