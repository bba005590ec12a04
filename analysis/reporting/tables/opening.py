"""What must a reader of the case know first: what may be said, how low it may be, and what speaks against it?

The first lines of the page, then its health: each thing that could be wrong with the case, whether it is, and what was
found. The money itself is left to the tables below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from analysis.reporting.case_words import (
    Part,
    case_of,
    cases_of,
    labels_of,
    listed,
    months_in_words,
    near,
    restated,
    source_in_words,
)
from analysis.reporting.formats import plain
from analysis.reporting.naming import in_plain_words, outcome_in_words
from analysis.reporting.tables.case_evidence import books_in_words
from analysis.reporting.tables.table import Table, numbers_whole
from analysis.reporting.wording import Words, words

_SENTENCE = re.compile(r"(?<=[.])\s+(?=[A-Z0-9])")


@dataclass(frozen=True, slots=True)
class CaseOpening:
    """The first lines: what may be said, what limits it, and the few figures to remember as (name, value, range)."""

    claim: str
    limits: str
    figures: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        return "\n".join(
            [self.claim, self.limits, *(f"{name}: {value} ({more})" for name, value, more in self.figures)]
        )

    def _repr_html_(self) -> str:
        return numbers_whole(
            f'<div class="ts-summary"><p class="ts-answer">{_text(self.claim)}</p>'
            f'<p class="ts-evidence">{_text(self.limits)}</p>{figures_html(self.figures)}</div>'
        )


def figures_html(figures: Sequence[tuple[str, str, str]]) -> str:
    """Figures to remember, as pages show them."""
    cells = "".join(
        f'<div class="ts-figure"><dt>{_text(name)}</dt><dd class="ts-value">{_text(value)}</dd>'
        f'<dd class="ts-range">{_text(more)}</dd></div>'
        for name, value, more in figures
    )
    return f'<dl class="ts-figures">{cells}</dl>'


def _text(text: str) -> str:
    return escape(text, quote=False)


def case_opening(found: Any, *, locale: str | None = None) -> CaseOpening:
    """What may be said of the case, and the few figures to remember.

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    claim, limits = claim_in_words(say, case)
    return CaseOpening(claim, limits, tuple(_figures(say, case)))


def claim_in_words(say: Words, case: Part) -> tuple[str, str]:
    """The claim as the locale writes it: what was found, opened by the cap where it is passed, and what limits it."""
    sentences = _SENTENCE.split(restated(say, case["claim"]["text"]))
    first = 1
    while first < len(sentences) and not sentences[first - 1].endswith(")."):
        first += 1  # up to the sentence that tells the cases, whatever opens it
    return " ".join(sentences[:first]), " ".join(sentences[first:])


def _figures(say: Words, case: Part) -> Iterator[tuple[str, str, str]]:
    currency = case["currency"]
    years = "1 year" if case["years"] == 1 else f"{case['years']} years"
    low, middle, high = cases_of(case["npv"])
    if low is not None and middle is not None and high is not None:
        yield "Low case", near(say, low, currency), "one outcome in twenty is lower"
        yield "Middle case", near(say, middle, currency), f"net present value, {years}"
        yield "High case", near(say, high, currency), "one outcome in twenty is higher"
    yield "Chance of a gain", say.chance(case["probability_npv_positive"]), "of the simulated outcomes"
    soonest, month, latest = cases_of(case["payback_months"])
    ends = f"low case {months_in_words(say, latest)}, high case {months_in_words(say, soonest)}"
    yield "Paid back after", months_in_words(say, month), ends
    low, middle, high = cases_of(case["npv_adjusted"])
    if low is not None and middle is not None and high is not None:
        ends = f"low case {near(say, low, currency)}, high case {near(say, high, currency)}"
        yield "Cut for weak evidence and risk", near(say, middle, currency), ends


def money_in_words(results: Mapping[str, Any], say: Words) -> Iterator[str]:
    """What a summary says of the case: the claim, what is recommended, and what is not as it should be.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> list(money_in_words({"roi": None}, words()))
    []
    """
    roi = results.get("roi")
    if not roi or "claim" not in roi:
        return
    case = case_of(roi)
    yield " ".join(claim_in_words(say, case))
    yield " ".join(recommendation_in_words(say, case))
    tied = case["ledger"]
    if tied is not None and not tied["tied_out"]:
        yield books_in_words(say, case)
    harmed = _harm(case)
    if harmed[1] == "yes":
        yield harmed[2]


def recommendation_in_words(say: Words, case: Part) -> tuple[str, str]:
    r"""What the written rule recommends, and what it was asked about.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> rule = {"recommendation": "keep", "because": "More likely a gain.", "evidence": "A or B", "line": 10,
    ...         "money": "more likely a gain", "guardrails": "kept", "grade": "B"}
    >>> print(*recommendation_in_words(words(), {"decision": {"recommended": rule}}), sep="\n")
    We recommend: keep. More likely a gain.
    By line 10 of the written rule: evidence of grade A or B, money more likely a gain, nothing that must not be
    harmed is clearly harmed.
    """
    found = case["decision"]["recommended"]
    guards = {
        "kept": "nothing that must not be harmed is clearly harmed",
        "broken": "something that must not be harmed is, or the books are not met",
        "not known": "not all that must not be harmed is known to be unharmed",
    }
    rule = (
        f"By line {say.number(found['line'])} of the written rule: evidence of grade {found['evidence']}, money "
        f"{found['money']}, {guards.get(found['guardrails'], plain(found['guardrails'], 60))}."
    )
    because = in_plain_words(say.restated(plain(found["because"], 300)))
    return f"We recommend: {plain(found['recommendation'], 40)}. {because}", rule


def case_health(found: Any, *, locale: str | None = None) -> Table:
    """What could be wrong with the case, is it, and what was found?

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    rows = list(_health(say, case))
    records = [{"Asked": asked, "Standing": standing, "What was found": said} for asked, standing, said in rows]
    return Table(
        caption="What could be wrong, and whether it is",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame(records),
        notes=tuple(in_plain_words(say.restated(plain(note, 500))) for note in case["notes"]),
        sentences=True,
    )


def _health(say: Words, case: Part) -> Iterator[tuple[str, str, str]]:
    evidence = case["evidence"]
    standing = "past the cap" if evidence["past_cap"] else "within the cap"
    yield "Does it rest on evidence?", standing, restated(say, evidence["sentence"])
    yield _books(say, case)
    yield _once(say, case)
    yield _harm(case)
    yield from _older(say, case)
    yield _left_out(case)
    unknown = case["decision"]["not_known"]
    said = " ".join(source_in_words(say, one) for one in unknown)
    yield (
        "What is not known?",
        "gaps" if unknown else "nothing",
        said or "All that the page of the decision asks for.",
    )


def _books(say: Words, case: Part) -> tuple[str, str, str]:
    tied = case["ledger"]
    standing = "not compared" if tied is None or tied["share"] is None else "yes" if tied["tied_out"] else "no"
    return "Does it agree with the books?", standing, books_in_words(say, case)


def _once(say: Words, case: Part) -> tuple[str, str, str]:
    apart = case["exclusion"] or {"pairs": [], "taken_off": {}}
    pairs = apart["pairs"]
    asked = "Is money counted once?"
    if not pairs:
        return asked, "yes", "No two lines take money from one purse."
    labels = labels_of(case)
    said = f"{say.number(len(pairs))} {'pair' if len(pairs) == 1 else 'pairs'} of lines were compared."
    for line, share in apart["taken_off"].items():
        said += f" {say.share(share)} were taken off “{in_plain_words(labels.get(line, line))}”."
    untold = sorted({pair["later"] for pair in pairs if pair["verdict"] == "not told"})
    if untold:
        named = listed([f"“{in_plain_words(labels.get(line, line))}”" for line in untold])
        said += f" Nobody can tell what others hold of {named}, so that is not counted."
    return asked, "yes", said


def _harm(case: Part) -> tuple[str, str, str]:
    """Whether anything that the programme must not harm is harmed, from the studies."""
    asked: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for one in case["decision"]["guardrails"]:
        if one["name"] != "books":
            asked[one["kept"]].append(outcome_in_words(one["name"]).label)
    said = []
    if asked[False]:
        said.append(f"Clearly worse than without: {listed(asked[False])}.")
    if asked[None]:
        said.append(f"Not known: {listed(asked[None])}.")
    if asked[True]:
        said.append(f"Not clearly worse than without: {listed(asked[True])}.")
    standing = "yes" if asked[False] else "not known" if asked[None] or not asked[True] else "not seen"
    return "Is anything harmed?", standing, " ".join(said) or "No study looked."


def _older(say: Words, case: Part) -> Iterator[tuple[str, str, str]]:
    """That the gain of earlier contacts is multiplied by contacts to come, where it is."""
    dated = [row for row in case["benefits"] if row["counted"] and row["index_from"] and row["contacts_per_year"]]
    if not dated:
        return
    first, last = min(row["index_from"] for row in dated), max(row["index_to"] for row in dated)
    begun = any(row["maturity"] == "interim" for row in dated)
    standing = "the time after the contact is not over" if begun else "assumed to hold on"
    yield (
        "How old are the effects?",
        standing,
        f"They are those of contacts {say.months(first, last)}; later contacts are taken to gain as much.",
    )


def _left_out(case: Part) -> tuple[str, str, str]:
    beside = [row["label"] for row in case["benefits"] if not row["counted"]]
    other = [one["label"] for one in case["not_counted"] if one["label"] not in beside]
    names = [f"“{in_plain_words(plain(one, 160))}”" for one in (*beside, *other)]
    if not names:
        return "Is anything left out?", "no", "Every line that was found or asked for is counted."
    return "Is anything left out?", "yes", f"Not counted: {listed(names)}."
