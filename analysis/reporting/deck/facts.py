"""What do the slides read? The case as `results.json` holds it, the study's effects and promises, and how to say them.

Everything that stands on a slide comes from here, so that each number can be found in the results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.reporting.case_words import Part, case_of, near
from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words
from analysis.reporting.rows import effect_rows
from analysis.reporting.summary import status_in_words
from analysis.reporting.tables.promised import promise_rows
from analysis.reporting.wording import Words, words

FOUND = "roi"
"""Where the case stands in `results.json`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The case, the effects and the promises, in one locale; whose they are stands in the footer."""

    say: Words
    case: Part
    effects: Sequence[Part]
    promises: Sequence[Part]
    footer: str

    @property
    def currency(self) -> str:
        return str(self.case["currency"])

    @property
    def years(self) -> str:
        """The horizon in words."""
        return "1 year" if self.case["years"] == 1 else f"{self.case['years']} years"

    def near(self, amount: float) -> str:
        """An amount to three digits."""
        return near(self.say, amount, self.currency)

    def near_signed(self, amount: float) -> str:
        """An amount to three digits, a gain with its sign."""
        said = self.near(amount)
        return f"+{said}" if amount > 0 else said


def facts_of(case: Any, results: Mapping[str, Any] | None, run: str | None) -> Facts:
    """The facts of a case in the locale in force, with those of its results where they are given.

    Raises
    ------
    DesignError
        If there is no case.
    UnknownName
        If there is no such locale.
    """
    say, part = words(), case_of(case)
    return Facts(
        say=say,
        case=part,
        effects=[] if results is None else effect_rows(results),
        promises=promise_rows(case if results is None else results),
        footer=_footer(part, results, run),
    )


def _footer(case: Part, results: Mapping[str, Any] | None, run: str | None) -> str:
    """Study, run, status and grade, the last as far as the line reaches."""
    grade = case["decision"]["recommended"]["grade"]
    given = results or {}
    said = [
        plain(given.get("study") or "", 32),
        f"run {plain(run, 24)}" if run else "",
        status_in_words(given) if "metrics" in given else "",
        f"evidence: grade {grade}, {grade_in_words(grade)}",
    ]
    return " · ".join(filter(None, said))
