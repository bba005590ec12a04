"""What does a director need to know, on one page, and how far may it be believed?

Reads nothing but `results.json`, so that the summary of a report can be made again from its file. The answer is chosen
by fixed rules, never by its size: the comparison named first in `QUESTIONS`, on the outcome named first in `OUTCOMES`.
Saying it in words is left to `analysis.reporting.wording`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from analysis.reporting.beside import after_changes, other_findings, outcome_of
from analysis.reporting.changes import step_rows
from analysis.reporting.formats import plain
from analysis.reporting.naming import (
    action_in_words,
    check_in_words,
    grade_in_words,
    group_in_words,
    humanised,
    in_plain_words,
    metric_in_words,
    outcome_in_words,
    state_in_words,
    verdict_in_words,
    verdict_of,
)
from analysis.reporting.parties import said_of
from analysis.reporting.promised import not_kept
from analysis.reporting.rows import Row, effect_rows, main_scale, metric_rows, monthly
from analysis.reporting.settled import age_in_words, is_interim, older_than_the_volume, settled
from analysis.reporting.standing import closed_months, incidents, still_open, targets
from analysis.reporting.tables.cells import readable
from analysis.reporting.tables.difference import since_in_words, title_since
from analysis.reporting.tables.matching import matching_in_words
from analysis.reporting.tables.opening import money_in_words
from analysis.reporting.tables.table import numbers_whole
from analysis.reporting.vocabulary import METHOD_NOTES
from analysis.reporting.wording import Words, evidence_in_words, words

QUESTIONS = (
    "channel_effect", "service_effect", "experiment_effect_anytime", "experiment_effect", "complier_effect",
    "adoption_effect", "user_effect", "total_effect",
)  # fmt: skip
"""What is answered, in this order; other estimands stand beside one of these, on their own page."""
OUTCOMES = ("orders", "revenue", "margin", "repurchased", "issues", "support_cost", "spend", "conversion", "visit")
STEPS = {
    "metrics": "What was counted",
    "month_close": "The closed months",
    "before_after": "Before and after",
    "service_effect": "Answered in time",
    "adoption": "Taking up social care",
    "change_log": "What changed, and what figures did then",
    "ab_segments": "Users against others",
    "effort": "Effort and loyalty",
    "design_sheet": "A test that is being planned",
    "loyalty_hypotheses": "What was believed, and what the figures say",
    "roi_case": "The case in money",
}
"""What the steps that can be left out are called."""
METRICS = ("response_rate", "first_response_time_median", "mentions", "complaints_per_positive", "issues_raised")
MOST_FIGURES = 8
MOST_OUTCOMES = 3
MOST_EFFECTS = 6
"""Figures of effects where there is no case in money; each of the first outcomes has one before any has two."""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number a director remembers: its name, the number, its range or period, and the evidence in words."""

    label: str
    value: str
    range: str
    evidence: str = ""


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
    targets: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    since_title: str = ""
    matching: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    not_kept: tuple[str, ...] = ()
    money: tuple[str, ...] = ()

    def sections(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The lists under the figures, each with its heading; an empty one says so, or is left out if nobody asked."""
        for title, items in (
            (self.since_title, self.since),
            ("What the case in money says", self.money),
            ("Promises that are not kept", self.not_kept),
            ("What other comparisons found", self.others),
            ("What figures did after our own changes", self.changes),
            ("Where targets stand", self.targets),
            ("Days that stood out", self.incidents),
            ("What is closed", self.closed),
            ("Whose contacts are known", self.matching),
        ):
            if items:
                yield title, items
        yield "What could be wrong", self.doubts or ("No check failed or was left out.",)
        yield "What is provisional", self.provisional or ("Nothing: all figures are closed.",)
        yield "What is missing", self.missing or ("Nothing that was asked for.",)

    def __str__(self) -> str:
        lines = [text for text in (self.answer, self.evidence, self.age, self.also) if text] + [""]
        lines += [f"{figure.label}: {figure.value} ({figure.range})" for figure in self.figures]
        for title, items in self.sections():
            lines += ["", title, *(f"- {item}" for item in items)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        figures = "".join(
            f'<div class="ts-figure"><dt>{_text(figure.label)}</dt><dd class="ts-value">{_text(figure.value)}</dd>'
            f'<dd class="ts-range">{_text(figure.range)}</dd>'
            + (f'<dd class="ts-evidence">{_text(figure.evidence)}</dd>' if figure.evidence else "")
            + "</div>"
            for figure in self.figures
        )
        sections = "".join(
            f'<h3>{_text(title)}</h3><ul class="ts-list">{"".join(f"<li>{_text(item)}</li>" for item in items)}</ul>'
            for title, items in self.sections()
        )
        return numbers_whole(
            f'<div class="ts-summary"><p class="ts-answer">{_text(self.answer)}</p>'
            f'<p class="ts-evidence">{_text(self.evidence)}</p>'
            + (f'<p class="ts-evidence">{_text(self.age)}</p>' if self.age else "")
            + (f'<p class="ts-also">{_text(self.also)}</p>' if self.also else "")
            + f'<dl class="ts-figures">{figures}</dl>{sections}</div>'
        )


def summary(results: Mapping[str, Any], *, locale: str = "en_GB") -> Summary:
    """The answer in one sentence, the key figures, what is provisional, what could be wrong and what is missing.

    Parameters
    ----------
    results : mapping
        What `results.json` holds.

    Examples
    --------
    >>> print(summary({"effects": [], "metrics": [], "roi": None}).answer)
    No comparison was made; this report counts and claims no effect.
    """
    say = words(locale)
    asked = _asked(results)
    effects = settled(asked)
    whole = [row for row in effects if not row["segment"] and row.get("declared", True)]
    head = headline(results)
    outcomes = _outcomes(results)
    changes = after_changes(results, say)
    return Summary(
        answer=answer_in_words(results, say),
        evidence="Each change below has its own grade." if head is None and changes else evidence_in_words(head),
        age="" if head is None or head["value"] is None else age_in_words(head, say),
        also=_also(head, whole, outcomes, say),
        figures=tuple(_figures(results, whole, outcomes, say))[:MOST_FIGURES],
        provisional=tuple(_provisional(results, asked, say)),
        doubts=tuple(_doubts(results, whole, effects, say)),
        missing=tuple(_missing(results, effects, say)),
        targets=tuple(targets(results, say)),
        incidents=tuple(incidents(results, say)),
        closed=tuple(closed_months(results, say)),
        since=tuple(since_in_words(results, say)),
        since_title=title_since(results),
        matching=tuple(matching_in_words(about, say)) if (about := _matching(results)) else (),
        others=other_findings(sorted(whole, key=lambda row: _place(row, outcomes)), head, say),
        changes=changes,
        not_kept=tuple(not_kept(results, say)),
        money=tuple(money_in_words(results, say)),
    )


def headline(results: Mapping[str, Any]) -> Row | None:
    """The one effect that answers the study's question: all customers, by the order of questions and outcomes.

    The first effect that is claimed stands above one that was refused, whatever it says; `answer_in_words` opens with
    the refusal.
    """
    return min(
        _answering(results),
        key=lambda row: (row["value"] is None, QUESTIONS.index(row["estimand"]), *_place(row)),
        default=None,
    )


def answer_in_words(results: Mapping[str, Any], say: Words) -> str:
    """The answer in a sentence; where what was asked first is refused, the refusal opens it.

    Examples
    --------
    >>> answer_in_words({"effects": []}, words())
    'No comparison was made; this report counts and claims no effect.'
    """
    head = headline(results)
    if head is None and step_rows(results):
        return "No customers were compared; what figures did after our own changes stands below."
    if head is None:
        return "No comparison was made; this report counts and claims no effect."
    first = min(_answering(results), key=lambda row: (QUESTIONS.index(row["estimand"]), *_place(row)))
    opening = f"{say.finding(first)} " if first["value"] is None and head["value"] is not None else ""
    return f"{opening}{say.finding(head)}"


def _answering(results: Mapping[str, Any]) -> list[Row]:
    """Effects on all customers; an estimator of one's own answers beside the study's, never first."""
    return [row for row in settled(_asked(results)) if not row["segment"] and row.get("declared", True)]


def _asked(results: Mapping[str, Any]) -> list[Row]:
    """Effects that answer a question; where a test was looked at early, those that allow for it, and no others."""
    rows = [row for row in effect_rows(results) if row["estimand"] in QUESTIONS]
    looked = {_arm_of(row) for row in rows if row["estimand"] == ANYTIME and row["value"] is not None}

    def stands(row: Row) -> bool:
        if row["estimand"] == ANYTIME:
            return row["value"] is not None
        return row["estimand"] != "experiment_effect" or _arm_of(row) not in looked

    return [row for row in rows if stands(row)]


ANYTIME = "experiment_effect_anytime"


def _arm_of(row: Row) -> tuple[Any, ...]:
    names = ("treated", "comparison", "outcome")
    return (*(row[name] for name in names), tuple(sorted(row["segment"].items())))


def status_in_words(results: Mapping[str, Any]) -> str:
    """Whether figures may still change; nothing where none was counted, since none can then be closed.

    Months speak for themselves: a whole period, which no close holds, counts only where there are no months. Estimates
    are never closed and say nothing of the others.

    Examples
    --------
    >>> status_in_words({"metrics": [{"state": "provisional"}]}), status_in_words({"metrics": []})
    ('provisional', '')
    >>> status_in_words({"metrics": [{"state": "locked"}, {"state": "adjusted"}, {"state": "estimated"}]})
    'closed, some figures later adjusted'
    """
    rows = metric_rows(results)
    by_month = monthly([row for row in rows if "period" in row])
    states = {str(row["state"]) for row in by_month or rows if row.get("value", 0) is not None}
    counted = states - {"estimated"} or states
    if "provisional" in counted:
        return "provisional" if counted == {"provisional"} else "partly provisional"
    changed = [said for state, said in _CHANGED.items() if state in counted]
    if changed:
        return f"closed, some figures later {' or '.join(changed)}"
    return ", ".join(state_in_words(state) for state in sorted(counted))


_CHANGED = {"adjusted": "adjusted", "restated": "restated"}


def _outcomes(results: Mapping[str, Any]) -> tuple[str, ...]:
    """The outcomes in the order in which the parameters name them, where they do."""
    named = (results.get("coverage") or {}).get("outcomes")
    return tuple(map(str, named)) if isinstance(named, Sequence) and not isinstance(named, str) and named else OUTCOMES


def _also(head: Row | None, whole: Sequence[Row], outcomes: Sequence[str], say: Words) -> str:
    """What a randomised test found, where something less certain is the answer."""
    if head is None or head["grade"] == "A":
        return ""
    tested = [row for row in whole if row["grade"] == "A" and row["value"] is not None]
    best = min(tested, key=lambda row: (QUESTIONS.index(row["estimand"]), *_place(row, outcomes)), default=None)
    return "" if best is None else f"{say.finding(best)} {evidence_in_words(best)}"


def _place(row: Row, outcomes: Sequence[str] = OUTCOMES) -> tuple[int, str, int, str]:
    known = outcomes.index(row["outcome"]) if row["outcome"] in outcomes else len(outcomes)
    return known, str(row["outcome"]), int(row["scale"] != main_scale(row)), str(row["treated"])


def _chosen(whole: Sequence[Row], outcomes: Sequence[str], most: int) -> list[Row]:
    """One effect a question, outcome and arm, in order; the first outcomes of each question before further arms."""

    def place(row: Row) -> tuple[Any, ...]:
        return (QUESTIONS.index(row["estimand"]), *_place(row, outcomes))

    rows = sorted((row for row in whole if row["value"] is not None), key=place)
    arms = {(row["estimand"], row["outcome"], row["treated"]): row for row in reversed(rows)}
    first: dict[tuple[str, str], Row] = {}
    others = []
    for row in sorted(arms.values(), key=place):
        asked = [name for question, name in first if question == row["estimand"]]
        if row["outcome"] in asked:
            others.append(row)
        elif len(asked) < MOST_OUTCOMES:
            first[row["estimand"], row["outcome"]] = row
    return sorted([*first.values(), *others][:most], key=place)


def _figures(
    results: Mapping[str, Any], whole: Sequence[Row], outcomes: Sequence[str], say: Words
) -> Iterator[KeyFigure]:
    roi = results.get("roi")
    for row in _chosen(whole, outcomes, MOST_OUTCOMES if roi else MOST_EFFECTS):
        arm = f", {group_in_words(row['treated'])}" if row["design"] == "ab_randomised" else ""
        low = "no limit" if row["low"] is None else say.effect_signed(row, row["low"])
        high = "no limit" if row["high"] is None else say.effect_signed(row, row["high"])
        yield KeyFigure(
            outcome_of(row) + arm,
            say.effect_signed(row),
            f"{say.level(row)}: {low} to {high}",
            grade_in_words(row["grade"]),
        )
    if roi:
        about = _matching(results)
        yield from _money(roi, say, matched_only=bool(about) and about["claims"] == "matched")
    rows = [row for row in monthly(metric_rows(results)) if not row["segment"] and row["value"] is not None]
    for name in METRICS:
        last = next((row for row in reversed(rows) if row["id"] == name), None)
        if last is not None:
            unit = "" if last["unit"] in ("mentions", "issues", "orders") else last["unit"]
            value = say.number(last["value"]) if not unit else say.amount(last["value"], unit)
            state = "provisional" if last["state"] == "provisional" else ""
            yield KeyFigure(metric_in_words(name), value, f"in {say.month(last['period'])}", state)


def _matching(results: Mapping[str, Any]) -> Mapping[str, Any]:
    return (results.get("coverage") or {}).get("matching") or {}


def _money(roi: Mapping[str, Any], say: Words, *, matched_only: bool) -> Iterator[KeyFigure]:
    shares = roi.get("npv_share_by_grade") or {}
    grade = max(sorted(shares), key=lambda name: shares[name], default=None)
    mostly = "" if grade is None or shares[grade] > 1 - 1e-9 else "mostly "
    evidence = f"rests {mostly}on: {grade_in_words(grade)}" if grade is not None and shares[grade] > 0 else ""
    if (roi.get("evidence") or {}).get("past_cap"):
        evidence = "; ".join(filter(None, (evidence, "more of it assumed than is allowed")))
    if matched_only:
        evidence = "; ".join(filter(None, (evidence, "for matched customers only")))
    low, middle, high = (roi["npv"][name] for name in ("p5", "p50", "p95"))
    if None not in (low, middle, high):
        cases = f"low case {say.about(low, roi['currency'])}, high case {say.about(high, roi['currency'])}"
        yield KeyFigure(f"Net present value, {roi['years']} years", say.about(middle, roi["currency"]), cases, evidence)
    chance = roi.get("probability_npv_positive")
    if chance is not None:
        yield KeyFigure("Chance of a gain", say.chance(chance), "share of simulated outcomes above zero", evidence)
    low, middle, high = ((roi.get("payback_months") or {}).get(name) for name in ("p5", "p50", "p95"))
    value = "not within the years" if middle is None else f"{say.number(middle, 1)} months"
    ends = ["not within the years" if end is None else f"{say.number(end, 1)} months" for end in (high, low)]
    yield KeyFigure("Paid back after", value, f"low case {ends[0]}, high case {ends[1]}", evidence)


def _provisional(results: Mapping[str, Any], effects: Sequence[Row], say: Words) -> Iterator[str]:
    yield from still_open(results, say)
    early = {outcome_in_words(row["outcome"]).label: row for row in effects if is_interim(row)}
    if early:
        over = {_what(row) for row in effects if not is_interim(row)}
        alone = sorted(name for name, row in early.items() if _what(row) not in over)
        beside = sorted(set(early) - set(alone))
        if alone:
            yield f"Effects on {', '.join(alone)}: the time after the contact is not over for all customers."
        if beside:
            yield f"Interim figures of the latest contacts, beside those whose time is over ({', '.join(beside)})."


def _doubts(results: Mapping[str, Any], whole: Sequence[Row], effects: Sequence[Row], say: Words) -> Iterator[str]:
    for verdict in ("failed", "not_run", "cannot_be_known"):
        found: dict[tuple[str, str, str], list[str]] = {}
        for row in sorted(whole, key=_place):
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
            yield f"{question}{seen} {in_plain_words(plain(detail, 600))}"
    if money := older_than_the_volume(results, say):
        yield money
    if any(row["grade"] == "B" and row["value"] is not None for row in whole):
        yield "A cause that nobody recorded could explain a comparison, even one that passed its checks."
    late = sum(not row.get("declared", True) for row in effects)
    notes = (results.get("coverage") or {}).get("notes") or {}
    given = [str(note) for step in sorted(notes) if step not in _ON_ITS_PAGE for note in notes[step]]
    told = [_whole(note) for note in _gathered(given) if not note.startswith(METHOD_NOTES)]
    yield from dict.fromkeys(readable(say, note, 300) for note in told)
    if late:
        yield f"{late} {'effect was' if late == 1 else 'effects were'} not named before the data were looked at."


_ON_ITS_PAGE = ("change_log",)
"""Steps whose notes tell of single entries, and stand on their own page only."""
_RUN_OFF = re.compile(r"(?P<kind>[^:]+): The run-off of `(?P=kind)` cannot be told\. (?P<why>.*)", re.DOTALL)


def _whole(note: str) -> str:
    """A note that only names a table, as a sentence."""
    found = re.fullmatch(r"table `(\w+)`\.?", note)
    return f"The table `{found[1]}` is missing, so nothing is told of what it would show." if found else note


def _gathered(notes: Sequence[str]) -> list[str]:
    """Notes with the kinds of action whose run-off cannot be told for one reason in one of them, where the first is."""
    alike: dict[str, list[str]] = {}
    for note in notes:
        if found := _RUN_OFF.fullmatch(note):
            kinds = alike.setdefault(found["why"], [])
            kinds += [found["kind"]] if found["kind"] not in kinds else []
    gathered = []
    for note in notes:
        found = _RUN_OFF.fullmatch(note)
        if found and len(kinds := alike[found["why"]]) > 1:
            names = ", ".join(action_in_words(kind).lower() for kind in kinds)
            note = f"What is still to come cannot be told of {names}. {found['why']}"  # noqa: PLW2901
        gathered.append(note)
    return list(dict.fromkeys(gathered))


def _missing(results: Mapping[str, Any], effects: Sequence[Row], say: Words) -> Iterator[str]:
    refused = [say.finding(row) for row in effects if row["value"] is None]
    yield from _counted(refused, "effects")
    empty: dict[str, list[Row]] = {}
    for row in metric_rows(results):
        if row["value"] is None:
            empty.setdefault(metric_in_words(row["id"]), []).append(row)
    yield from _counted([_why_empty(name, rows, say) for name, rows in sorted(empty.items())], "figures")
    coverage = results.get("coverage") or {}
    for row in coverage.get("skipped") or ():
        if isinstance(row, Mapping):
            name = row.get("step") or row.get("name") or "A step"
            step = STEPS.get(name) or humanised(name)
            yield f"{step}: {in_plain_words(plain(row.get('reason') or 'left out'))}".rstrip(".") + "."
    lacking = coverage.get("metrics_missing") or {}
    yield from _counted(
        [f"{metric_in_words(name)}: needs {in_plain_words(plain(why))}." for name, why in sorted(lacking.items())],
        "figures",
    )
    by_periods = ((results.get("period") or {}).get("calendar") or {}).get("note")
    if by_periods:
        yield in_plain_words(plain(by_periods))
    for text in coverage.get("without_effect") or ():
        yield f"Set, but without effect in this version: {in_plain_words(plain(text))}."
    if results.get("roi") is None:
        yield "The case in money was not made."


def _what(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("design", "estimand", "treated", "comparison", "outcome"))


def _why_empty(name: str, rows: Sequence[Row], say: Words) -> str:
    """Why a figure has no value: in the whole period, else in its last month, and in how many months besides."""
    rows = [row for row in rows if not row["segment"]] or rows
    single = monthly(rows)
    wholes = [row for row in rows if row not in single]
    shown = wholes[-1] if wholes else single[-1]
    months = len({row["period"] for row in single} - {shown["period"]})
    first, _, last = str(shown["period"]).partition("/")
    which = "too in {} of its months" if wholes else "in {} earlier months" if months > 1 else "in {} earlier month"
    more = f"; so {which.format(months)}" if months else ""
    why = in_plain_words(plain(shown.get("reason") or "no reason was recorded"))
    return f"{name}, {say.months(first, last or first)}: {why}{more}."


def _counted(items: Sequence[str], what: str, most: int = 5) -> Iterable[str]:
    unique = list(dict.fromkeys(items))
    rest = len(unique) - most
    return unique if rest <= 1 else [*unique[:most], f"… and {rest} further {what}."]


def _text(text: str) -> str:
    return escape(text, quote=False)
