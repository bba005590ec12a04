"""Which words does a page use for a name: an outcome, a check, a group, a metric, a grade, a verdict?

Words that no page for executives may hold are found here, and said otherwise. The words themselves are left to
`analysis.reporting.vocabulary`, sentences made of them to `analysis.reporting.wording`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from analysis.foundation.errors import UnknownName
from analysis.metrics.catalogue import definition
from analysis.reporting.formats import GAP, plain
from analysis.reporting.vocabulary import (
    ACTIONS,
    ANY_CASE,
    BASES,
    CANNOT_BE_KNOWN,
    CHECKS,
    CHECKS_OF,
    FORBIDDEN_ON_PAGES,
    GROUPS,
    MADE,
    METHODS,
    OF_EFFORT,
    OUTCOMES,
    SAID_PLAINER,
    STATES,
    VERDICTS,
    Outcome,
)
from analysis.studies.result import GRADE_WORDS


def forbidden_words(text: str) -> tuple[str, ...]:
    """Which of the words that no page for executives may hold are in this text?

    Examples
    --------
    >>> forbidden_words("The ATT passed its pre-trend test; attention!")
    ('ATT', 'pre-trend')
    """
    return tuple(word for word in FORBIDDEN_ON_PAGES if _pattern(word).search(text))


def in_plain_words(text: str) -> str:
    """A sentence of a study with every forbidden word said otherwise, and without the marks of code.

    Examples
    --------
    >>> in_plain_words("The pre-trend is flat.")
    'The earlier path is flat.'
    """
    for word, instead in (*SAID_PLAINER.items(), *FORBIDDEN_ON_PAGES.items()):
        text = _pattern(word).sub(instead, text)
    return text.replace("`", "")


@cache
def _pattern(word: str) -> re.Pattern[str]:
    shape = re.escape(word).replace(r"\-", r"[-–_\s]?")
    end, flags = ("s?", re.IGNORECASE) if word in ANY_CASE else ("", re.RegexFlag(0))
    return re.compile(rf"(?<![A-Za-z0-9]){shape}{end}(?![A-Za-z0-9])", flags)


def humanised(name: object, limit: int = 80) -> str:
    """An identifier as words: `visit_rate` is "Visit rate"."""
    text = in_plain_words(plain(name, limit).replace("_", " ").strip())
    return text[:1].upper() + text[1:]


def grade_in_words(grade: str) -> str:
    """The grade as a page prints it.

    Examples
    --------
    >>> grade_in_words("B")
    'comparison that passed its checks'
    """
    words_by_grade: Mapping[str, str] = GRADE_WORDS  # type: ignore[assignment]
    if grade not in words_by_grade:
        raise UnknownName.of("grade", str(grade), words_by_grade)
    return words_by_grade[grade]


def check_in_words(name: str, design: str | None = None) -> str:
    """A check by what it shows when it passes; of a design that has other words for it, by those.

    Examples
    --------
    >>> check_in_words("guardrail_orders"), check_in_words("placebo_earnings_1975")
    ('No more harm to orders than was allowed', 'Nothing happens where nothing can: earnings 1975')
    """
    if (design, name) in CHECKS_OF:
        return CHECKS_OF[str(design), name]
    if name.startswith("guardrail_"):
        return f"No more harm to {_small(outcome_in_words(name.removeprefix('guardrail_')).label)} than was allowed"
    for start, known in _TRIED.items():
        if name.startswith(start):
            return known
    if name not in CHECKS and name.startswith("placebo_"):
        return f"Nothing happens where nothing can: {humanised(name.removeprefix('placebo_')).lower()}"
    return CHECKS.get(name) or humanised(name)


_TRIED: Mapping[str, str] = {
    "placebo_future_social_": CHECKS["future_social"],
    "placebo_growth_before_": "Both groups had grown alike before",
}


def _small(label: str) -> str:
    """A label inside a sentence; one in capitals stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def verdict_in_words(verdict: str) -> str:
    """The verdict of a check as a page prints it."""
    if verdict not in VERDICTS:
        raise UnknownName.of("verdict", str(verdict), VERDICTS)
    return VERDICTS[verdict]


def verdict_of(check: Mapping[str, Any]) -> str:
    """The verdict of a check, where "not_run" is "cannot_be_known" if no data of the kind could have told.

    Examples
    --------
    >>> verdict_of({"name": "scale_of_shares", "verdict": "not_run"})
    'cannot_be_known'
    """
    verdict = str(check["verdict"])
    return "cannot_be_known" if verdict == "not_run" and check.get("name") in CANNOT_BE_KNOWN else verdict


def state_in_words(state: str) -> str:
    """The state of a figure as a page prints it."""
    return STATES.get(state) or humanised(state).lower()


def basis_in_words(basis: str) -> str:
    """What decides the month a figure is counted in: "by the month it happened", "by the month of the post"."""
    return BASES.get(basis) or humanised(basis).lower()


def action_in_words(kind: str) -> str:
    """What people did with posts: `click` is "Clicks"."""
    return ACTIONS.get(kind) or humanised(kind)


def metric_in_words(name: str) -> str:
    """The label of a metric, from the catalogue where it is known."""
    return _metric(name) or humanised(name)


def _metric(name: str) -> str | None:
    """The label of a metric of the catalogue; None for any other name."""
    try:
        return definition(name).label
    except UnknownName:
        return None


def outcome_in_words(name: str) -> Outcome:
    """How an outcome is said: our names, metrics of the catalogue, and those that come with an experiment."""
    if name in OUTCOMES:
        return OUTCOMES[name]
    if (metric := _metric(name)) is not None:
        shown = metric[:1].lower() + metric[1:] if metric[1:2].islower() else metric
        more, less = f"stood {{}} higher in {shown}", f"stood {{}} lower in {shown}"
        return Outcome(metric, more, less, shown, "higher", "lower")
    if name in OF_EFFORT:
        said = OF_EFFORT[name]
        return Outcome(said[:1].upper() + said[1:], f"were {{}} higher on {said}", f"were {{}} lower on {said}", said,
                       "higher", "lower")  # fmt: skip
    label = humanised(name)
    quoted = f"“{plain(name, 60).replace('_', ' ')}”"
    inside = quoted.replace("{", "{{").replace("}", "}}")
    return Outcome(label, f"were {{}} higher on {inside}", f"were {{}} lower on {inside}", quoted, "higher", "lower")


def group_in_words(name: str) -> str:
    """A treated or comparison group: `other_channels` is "another channel", an arm keeps its name."""
    return GROUPS.get(name) or plain(name, 60)


def segment_in_words(segment: Mapping[str, str]) -> str:
    """A segment: "all customers", or "region north, product mobile"."""
    if not segment:
        return "all customers"
    return ", ".join(f"{plain(key, 40).replace('_', ' ')} {plain(value, 60)}" for key, value in sorted(segment.items()))


def unit_in_words(unit: str) -> str:
    """A unit as a page prints it: `logins_90d per customer` is "logins 90d per customer"."""
    return plain(unit, 60).replace("_", " ")


def measured_in(label: str, unit: str) -> str:
    """An outcome with its unit, where the unit does not say it already.

    Examples
    --------
    >>> measured_in("Orders", "orders per customer"), measured_in("Margin", "EUR per customer")
    ('Orders per customer', 'Margin, EUR per customer')
    """
    said = unit_in_words(unit)
    named = said if said.lower().startswith(label.lower()) else f"{label}, {said}"
    return named[:1].upper() + named[1:]


def method_in_words(estimand: str) -> str:
    """How an effect was found, in the customer's words."""
    return METHODS.get(estimand.partition(":")[0]) or "described in the executed notebook"


def quantile_of(estimand: str) -> float | None:
    """The share of customers below the level that is compared; None where means are.

    Examples
    --------
    >>> quantile_of("quantile_effect:0.9"), quantile_of("experiment_effect")
    (0.9, None)
    """
    kind, _, at = estimand.partition(":")
    return float(at) if kind == "quantile_effect" and at else None


def made_in_words(estimand: str) -> str:
    """How one of several figures on one outcome was made: "as assigned", "adjusted for what was known before".

    Examples
    --------
    >>> made_in_words("experiment_effect"), made_in_words("quantile_effect:0.9").replace("\\xa0", " ")
    ('as assigned', 'the level below which 90 % of customers stay')
    """
    at = quantile_of(estimand)
    if at is not None:
        return f"the level below which {100 * at:g}{GAP}% of customers stay"
    kind, _, of = estimand.partition(":")
    said = MADE.get(kind) or humanised(kind).lower()
    return f"{said} ({effort_in_words(of)})" if of else said


def effort_in_words(kind: str) -> str:
    """A kind of effort: `days_to_resolve` is "days to a solution"."""
    return OF_EFFORT.get(kind) or humanised(kind).lower()
