"""What does a director need to know, on one page, and how far may it be believed?

Reads nothing but `results.json`, so that the summary of a report can be made again from its file. The page comes in
pieces, so that a notebook can set charts between them: the answer with what has changed, what it rests on with the
figures to remember, the money, and everything that limits it. Each part is said in a module of its own beside this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analysis.reporting.beside import after_changes, other_findings
from analysis.reporting.promised import not_kept
from analysis.reporting.settled import age_in_words, settled
from analysis.reporting.standing import closed_months, incidents, targets
from analysis.reporting.summary.answer import (
    answer_in_words,
    asked_effects,
    headline,
    outcomes_in_order,
    place_of_effect,
    tested_beside,
)
from analysis.reporting.summary.doubts import doubts
from analysis.reporting.summary.figures import MOST_FIGURES, KeyFigure, key_figures, matching_of
from analysis.reporting.summary.health import Health, health, health_html
from analysis.reporting.summary.lists import after_the_mark, folded, grade_mark, listed, text
from analysis.reporting.summary.method import method
from analysis.reporting.summary.missing import missing, provisional
from analysis.reporting.tables.difference import since_in_tables, since_in_words, since_last_report, title_since
from analysis.reporting.tables.matching import matching_in_words
from analysis.reporting.tables.opening import money_in_words
from analysis.reporting.tables.stories import stories_in_words
from analysis.reporting.tables.table import Table, numbers_whole
from analysis.reporting.wording import evidence_in_words, words

Audience = Literal["executive", "analyst"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the page: the same as plain text and as HTML of our own."""

    plain: str
    html: str

    def __str__(self) -> str:
        return self.plain

    def _repr_html_(self) -> str:
        return numbers_whole(f'<div class="ts-summary">{self.html}</div>')


@dataclass(frozen=True, slots=True)
class Summary:
    """The answer, the key figures, and everything that limits them."""

    answer: str
    evidence: str
    age: str
    also: str
    figures: tuple[KeyFigure, ...]
    provisional: tuple[str, ...]
    doubts: tuple[str, ...]
    missing: tuple[str, ...]
    grade: str = ""
    health: tuple[Health, ...] = ()
    targets: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    since_title: str = ""
    since_table: Table | None = field(default=None, compare=False)
    since_more: tuple[tuple[str, Table], ...] = field(default=(), compare=False)
    matching: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    not_kept: tuple[str, ...] = ()
    money: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    audience: Audience = "executive"
    effects: Table | None = field(default=None, compare=False)
    checks: tuple[tuple[str, Table], ...] = field(default=(), compare=False)

    @property
    def opening(self) -> Piece:
        """The answer with its interval and grade, for whom and how old, and what has changed since the last report."""
        lines = [said for said in (self.answer, self.evidence, self.age, self.also) if said]
        html = f'<p class="ts-answer">{text(self.answer)}</p>'
        html += grade_mark(self.grade) if self.grade else ""
        rest = after_the_mark(self.evidence, self.grade) if self.grade else self.evidence
        html += "".join(f'<p class="ts-evidence">{text(said)}</p>' for said in (rest, self.age) if said)
        html += f'<p class="ts-also">{text(self.also)}</p>' if self.also else ""
        if self.since:
            lines += ["", self.since_title, *(f"- {one}" for one in self.since)]
            html += f"<h3>{text(self.since_title)}</h3>{listed(self.since)}"
            if self.since_table is not None:
                html += folded("The figures of both reports, side by side", self.since_table.html)
            html += "".join(folded(title, table.html) for title, table in self.since_more)
        return Piece("\n".join(lines), html)

    @property
    def standing(self) -> Piece:
        """What the figures rest on, and the figures to remember, the money with its range among them."""
        lines, html = [], ""
        if self.health:
            lines += ["What was checked before any result", *(f"- {one}" for one in self.health), ""]
            html += f"<h3>What was checked before any result</h3>{health_html(self.health)}"
        lines += [f"{figure.label}: {figure.value} ({figure.range})" for figure in self.figures]
        if self.figures:
            html += f'<h3>The figures to remember</h3><dl class="ts-figures">{"".join(map(_figure, self.figures))}</dl>'
        return Piece("\n".join(lines), html)

    @property
    def worth(self) -> Piece | None:
        """What the case in money says, and which promises are not kept; None where neither was asked for."""
        lists = list(self._worth())
        return _with_lists(lists) if lists else None

    @property
    def rest(self) -> Piece:
        """What else was found, what may still change, what could be wrong, what is missing, and how it was found."""
        return _with_lists(self._rest())

    @property
    def in_full(self) -> Piece | None:
        """For analysts: every effect with its errors and rows, and every check; None for executives."""
        if self.audience != "analyst" or self.effects is None:
            return None
        lines, html = ["Every effect on all customers", str(self.effects)], "<h3>Every effect on all customers</h3>"
        html += self.effects.html
        for title, table in self.checks:
            lines += ["", title, str(table)]
            html += f"<h3>{text(title)}</h3>{table.html}"
        return Piece("\n".join(lines), html)

    def sections(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every list, each with its heading; an empty one says so, or is left out if nobody asked."""
        if self.since:
            yield self.since_title, self.since
        yield from self._worth()
        yield from self._rest()

    def _worth(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        if self.money:
            yield "What the case in money says", self.money
        if self.not_kept:
            yield "Promises that are not kept", self.not_kept

    def _rest(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for title, items in (
            ("What other comparisons found", self.others),
            ("What figures did after our own changes", self.changes),
            ("Where targets stand", self.targets),
            ("Days that stood out", self.incidents),
        ):
            if items:
                yield title, items
        yield "What is provisional", self.provisional or ("Nothing: all figures are closed.",)
        if self.closed:
            yield "What is closed", self.closed
        if self.stories:
            yield "Cases as they were", self.stories
        yield "What could be wrong", self.doubts or ("No check failed or was left out.",)
        yield "What is missing", self.missing or ("Nothing that was asked for.",)
        if self.method:
            yield "How it was found", self.method

    def __str__(self) -> str:
        return "\n\n".join(str(piece) for piece in self._pieces())

    def _repr_html_(self) -> str:
        html = "".join(piece.html for piece in self._pieces())
        return numbers_whole(f'<div class="ts-summary">{html}</div>')

    def _pieces(self) -> Iterator[Piece]:
        for piece in (self.opening, self.standing, self.worth, self.rest, self.in_full):
            if piece is not None and piece.plain:
                yield piece


def summary(results: Mapping[str, Any], *, audience: Audience = "executive", locale: str | None = None) -> Summary:
    """The answer in one sentence, what it rests on, the key figures, and everything that limits them.

    Parameters
    ----------
    results : mapping
        What `results.json` holds.
    audience : {"executive", "analyst"}
        For analysts every effect and every check stand on the page as well.
    locale : str, optional

    Examples
    --------
    >>> print(summary({"effects": [], "metrics": [], "roi": None}).answer)
    No comparison was made; this report counts and claims no effect.
    """
    say = words(locale)
    asked = asked_effects(results)
    effects = settled(asked)
    whole = [row for row in effects if not row["segment"] and row.get("declared", True)]
    head = headline(results)
    claimed = head if head is not None and head["value"] is not None else None
    outcomes = outcomes_in_order(results)
    changes = after_changes(results, say)
    about = matching_of(results)
    in_full: dict[str, Any] = {}
    if audience == "analyst":
        from analysis.reporting.summary.in_full import every_check, every_effect

        in_full = {"effects": every_effect(results, say), "checks": every_check(results, say)}
    return Summary(
        answer=answer_in_words(results, say),
        evidence="Each change below has its own grade." if head is None and changes else evidence_in_words(head, say),
        grade="" if claimed is None else str(claimed["grade"]),
        age="" if claimed is None else age_in_words(claimed, say),
        also=tested_beside(head, whole, outcomes, say),
        health=health(results, say),
        figures=tuple(key_figures(results, whole, outcomes, say))[:MOST_FIGURES],
        provisional=tuple(provisional(results, asked, say)),
        doubts=tuple(doubts(results, whole, effects, say)),
        missing=tuple(missing(results, effects, say)),
        targets=tuple(targets(results, say)),
        incidents=tuple(incidents(results, say)),
        closed=tuple(closed_months(results, say)),
        since=tuple(since_in_words(results, say)),
        since_title=title_since(results),
        since_table=since_last_report(results, locale=locale),
        since_more=since_in_tables(results, locale=locale),
        matching=tuple(matching_in_words(about, say)) if about else (),
        others=other_findings(sorted(whole, key=lambda row: place_of_effect(row, outcomes)), head, say),
        changes=changes,
        not_kept=tuple(not_kept(results, say)),
        money=tuple(money_in_words(results, say)),
        stories=tuple(stories_in_words(results, say)),
        method=tuple(method(results, head, say)),
        audience=audience,
        **in_full,
    )


def _with_lists(lists: Iterable[tuple[str, tuple[str, ...]]]) -> Piece:
    lines: list[str] = []
    html = ""
    for title, items in lists:
        lines += ["", title, *(f"- {item}" for item in items)]
        html += f"<h3>{text(title)}</h3>{listed(items)}"
    return Piece("\n".join(lines).strip("\n"), html)


def _figure(figure: KeyFigure) -> str:
    letter = f'<span class="ts-letter">Grade {text(figure.grade)}:</span> ' if figure.grade else ""
    evidence = f'<dd class="ts-evidence">{letter}{text(figure.evidence)}</dd>' if figure.evidence else ""
    return (
        f'<div class="ts-figure"><dt>{text(figure.label)}</dt><dd class="ts-value">{text(figure.value)}</dd>'
        f'<dd class="ts-range">{text(figure.range)}</dd>{evidence}</div>'
    )
