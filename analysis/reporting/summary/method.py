"""How was the answer found, in plain words? A few sentences, and a line for each other way that the report uses.

The ways are said as `vocabulary.METHODS` says them; what a way assumes stands in the documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.reporting.naming import grade_in_words, method_in_words
from analysis.reporting.rows import Row, effect_rows
from analysis.reporting.vocabulary import METHODS, STUDIES
from analysis.reporting.wording import Words


def method(results: Mapping[str, Any], head: Row | None, say: Words) -> Iterator[str]:
    """How the answer was found, what its interval and its grade mean, then the other ways of this report.

    Parameters
    ----------
    results : mapping
    head : mapping, optional
        The answer.
    say : Words
    """
    if head is not None and head["value"] is not None:
        yield f"The answer: {method_in_words(str(head['estimand']))}."
        level = say.level(head)
        yield (
            f"Of intervals made in this way {level.removesuffix(' interval')} hold the true figure: they allow for "
            "chance, not for causes that nobody recorded."
        )
        yield f"Grade {head['grade']} says what stands behind it: {grade_in_words(head['grade'])}."
    if results.get("roi"):
        yield (
            "The money: measured effects times the contacts of a year, less the costs, drawn many times over within "
            "the stated ranges; low and high case leave out one outcome in twenty at each end."
        )
    used = {(str(row["design"]), str(row["estimand"]).partition(":")[0]) for row in effect_rows(results)}
    answered = "" if head is None else METHODS.get(str(head["estimand"]).partition(":")[0], "")
    others: dict[str, list[str]] = {}
    for name, said in METHODS.items():
        if said != answered:
            found = [STUDIES.get(design, "") for design, estimand in sorted(used) if estimand == name]
            others[said] = [*others.get(said, []), *found]
    for said, designs in others.items():
        where = ", ".join(filter(None, dict.fromkeys(designs)))
        if designs:
            yield f"{where[:1].upper()}{where[1:]}: {said}." if where else f"{said[:1].upper()}{said[1:]}."
