"""How does a number, a date or a finding read to someone who is no statistician?

Findings are said in the customer's words, harm as plainly as gain, and never without their interval. How numbers and
dates are written is left to `analysis.reporting.formats`, which words stand for which names to
`analysis.reporting.vocabulary`, what to say first to `analysis.reporting.summary`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from analysis.foundation.errors import UnknownName
from analysis.inference.estimate import NO_EFFECT
from analysis.metrics.catalogue import definition
from analysis.reporting.formats import GAP, MINUS, Formats, is_currency, plain
from analysis.reporting.vocabulary import (
    ACTIONS,
    ANY_CASE,
    BASES,
    CANNOT_BE_KNOWN,
    CHECKS,
    COUNTED,
    FORBIDDEN_ON_PAGES,
    GROUPS,
    LIMITS,
    METHODS,
    MONEY,
    OPEN_QUESTIONS,
    OUTCOMES,
    SAID_PLAINER,
    STATES,
    VERDICTS,
    Outcome,
)
from analysis.studies.claim import LIMITS as LIMITS_SEEN
from analysis.studies.claim import LIMITS_UNSEEN, NOT_OVER
from analysis.studies.result import GRADE_WORDS

__all__ = [
    "FORBIDDEN_ON_PAGES",
    "Words",
    "basis_in_words",
    "check_in_words",
    "forbidden_words",
    "grade_in_words",
    "in_plain_words",
    "plain",
    "words",
]


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
    for word, instead in (*FORBIDDEN_ON_PAGES.items(), *SAID_PLAINER.items()):
        text = _pattern(word).sub(instead, text)
    return text.replace("`", "")


@cache
def _pattern(word: str) -> re.Pattern[str]:
    shape = re.escape(word).replace(r"\-", r"[-_\s]?")
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


def check_in_words(name: str) -> str:
    """A check by what it shows when it passes."""
    return CHECKS.get(name) or humanised(name)


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
    try:
        return definition(name).label
    except UnknownName:
        return humanised(name)


def outcome_in_words(name: str) -> Outcome:
    """How an outcome is said, for our names and for those that come with an experiment."""
    if name in OUTCOMES:
        return OUTCOMES[name]
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


def method_in_words(estimand: str) -> str:
    """How an effect was found, in the customer's words."""
    return METHODS.get(estimand) or "described in the executed notebook"


@cache
def words(locale: str = "en_GB") -> Words:
    """The words of a locale; made once."""
    return Words(locale)


class Words(Formats):
    """Findings as one locale writes their numbers: `Formats`, and sentences about effects.

    Examples
    --------
    >>> print(Words("en_GB").change(1.09), "|", Words("en_GB").change(0.96, less="fewer"))
    9\xa0% more | 4\xa0% fewer
    """

    def change(self, ratio: float, digits: int = 0, more: str = "more", less: str = "less") -> str:
        """1.09 is "9 % more", 0.96 "4 % less"."""
        size = self.number(abs(100 * (ratio - 1)), digits)
        if not re.search(r"[1-9]", size):
            return "no change"
        return f"{size}{GAP}% {more if ratio > 1 else less}"

    def level(self, row: Mapping[str, Any]) -> str:
        """0.95 is "95 % interval"."""
        level = round(100 * row["level"], 6)
        return f"{self.number(level, 0 if level.is_integer() else 1)}{GAP}% interval"

    def effect_size(self, row: Mapping[str, Any], value: float | None = None, *, bare: bool = False) -> str:
        """How much, without its direction: "8 %", "7.7 percentage points", "€3.20", "0.21 orders".

        Decimals suit the width of the row's interval; "per customer" is left to the sentence around it. `bare` leaves
        out a unit that is no percentage and no currency, and shortens percentage points, where an axis or a heading
        says the unit.
        """
        shift = abs(shift_of(row, row["value"] if value is None else value))
        unit = str(row.get("unit") or "").partition(" per ")[0]
        percent = row["scale"] == "ratio" or unit == "share"
        shift *= 100 if percent else 1
        digits = _digits_of(row)
        while round(shift, digits) == 0 and shift > 0 and digits < 6:
            digits += 1
        if row["scale"] == "ratio":
            return f"{self.number(shift, digits)}{GAP}%"
        if unit == "share":
            size = self.number(shift, digits)
            return f"{size}{GAP}pp" if bare else f"{size} percentage {'point' if size == '1' else 'points'}"
        if is_currency(unit):
            return self.money(shift, unit, None if shift >= 1000 else max(digits, 2))
        named = bare or _has_no_unit(row)
        return self.number(shift, digits) if named else f"{self.number(shift, digits)} {unit_in_words(unit)}"

    def effect_signed(self, row: Mapping[str, Any], value: float | None = None) -> str:
        """How much, with its sign and without a unit that is said elsewhere: "+8 %", "−€3.20", "+0.077"."""
        value = row["value"] if value is None else value
        size = self.effect_size(row, value, bare=True)
        if not re.search(r"[1-9]", size):
            return size
        return ("+" if shift_of(row, value) > 0 else MINUS) + size

    def effect_in_short(self, row: Mapping[str, Any]) -> str:
        """A number and its interval, for charts and tables: "+8 % (+4 to +12 %)"."""
        if row.get("value") is None:
            return "not claimed"
        low = f"{MINUS}∞" if row["low"] is None else self.effect_signed(row, row["low"])
        high = "∞" if row["high"] is None else self.effect_signed(row, row["high"])
        for tail in (f"{GAP}%", f"{GAP}pp"):
            low = low.removesuffix(tail) if high.endswith(tail) else low
        return f"{self.effect_signed(row)} ({low} to {high})"

    def effect_range(self, row: Mapping[str, Any]) -> str:
        """The interval in words: "4 % to 12 % more", "3 % fewer to 5 % more"; an open end is said."""
        outcome = outcome_in_words(row["outcome"])

        def size(end: float) -> str:
            return self.effect_size(row, end)

        def side(end: float) -> str:
            return outcome.greater if shift_of(row, end) >= 0 else outcome.fewer

        low, high = row.get("low"), row.get("high")
        if low is None or high is None:
            if low is not None:
                return f"from {size(low)} {side(low)}, no upper limit"
            return "no limit on either side" if high is None else f"up to {size(high)} {side(high)}, no lower limit"
        if shift_of(row, low) < 0 < shift_of(row, high):
            return f"{size(low)} {side(low)} to {size(high)} {side(high)}"
        small, large = sorted((low, high), key=lambda end: abs(shift_of(row, end)))
        unit = unit_in_words(str(row.get("unit") or "").partition(" per ")[0])
        first = re.sub(r" percentage points?$", "", size(small)).removesuffix(f" {unit}")
        return f"{first} to {size(large)} {side(large)}"

    def finding(self, row: Mapping[str, Any]) -> str:
        """One effect as one sentence, with its interval.

        Parameters
        ----------
        row : mapping
            A row of the contract's `effects`, or `Effect.to_dict()`.

        Examples
        --------
        >>> print(Words().finding({"estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
        ...     "outcome": "orders", "segment": {}, "scale": "ratio", "value": 1.08, "low": 1.04, "high": 1.12,
        ...     "level": 0.95, "unit": "ratio"}))
        Customers whose issue went to social bought 8\xa0% more often (95\xa0% interval: 4\xa0% to 12\xa0% more) \
than similar customers whose issue went to another channel.
        """
        subject, against = _parties(row)
        outcome = outcome_in_words(row["outcome"])
        if row.get("value") is None:
            reason = in_plain_words(plain(row.get("reason") or "no reason was recorded")).rstrip(".")
            whom = f" for {segment_in_words(row['segment'])}" if row.get("segment") else ""
            return f"No effect on {outcome.measure} is claimed{whom}: {reason}."
        interval = f"{self.level(row)}: {self.effect_range(row)}"
        if holds_no_effect(row):
            sentence = f"no difference in {outcome.measure} could be seen ({interval}) between {subject} and {against}"
        else:
            more = shift_of(row, row["value"]) > 0
            phrase = outcome.phrase(more=more, scale=row["scale"])
            if row["scale"] == "difference" and row["outcome"] in MONEY and _has_no_unit(row):
                phrase = f"had {{}} {outcome.greater if more else outcome.fewer} {outcome.label.lower()}"
            _, per, whom = str(row.get("unit") or "").partition(" per ")
            each = f" per {plain(whom, 40)}" if per and row["scale"] == "difference" else ""
            sentence = f"{subject} {phrase.format(self.effect_size(row))}{each} ({interval}) than {against}"
        if row.get("segment"):
            sentence = f"in {segment_in_words(row['segment'])}, {sentence}"
        raw = " This is a raw difference, not an effect." if row["estimand"].startswith("naive_") else ""
        return sentence[0].upper() + sentence[1:] + "." + raw


def refusals_in_words(rows: Sequence[Mapping[str, Any]], say: Words) -> list[str]:
    """Why nothing is claimed in any of these rows: one sentence where all have one reason, else one an outcome.

    Examples
    --------
    >>> rows = [{"outcome": name, "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
    ...     "segment": {}, "value": None, "reason": "too few."} for name in ("orders", "revenue")]
    >>> refusals_in_words(rows, Words())
    ['No effect is claimed: too few.']
    >>> refusals_in_words([*rows, {**rows[0], "reason": "too rough."}], Words())[-1]
    'No effect on how often they bought is claimed: too rough.'
    """
    found = list(dict.fromkeys(say.finding(row) for row in rows))
    reasons = {one.partition(" claimed")[2] for one in found}
    return [f"No effect is claimed{reasons.pop()}"] if len(reasons) == 1 else found


def evidence_in_words(row: Mapping[str, Any] | None) -> str:
    """How far a finding may be believed, as a page prints it.

    Examples
    --------
    >>> evidence_in_words({"grade": "A", "value": 0.1})
    'Grade A, randomised test. Customers were assigned at random.'
    """
    if row is None or row["value"] is None:
        return "No effect is claimed."
    limit = _limit(row)
    if row["grade"] == "C":
        verdicts = {verdict_of(check) for check in row.get("checks") or () if check.get("gate", True)}
        why = next((said for verdict, said in OPEN_QUESTIONS.items() if verdict in verdicts), None)
        limit = limit if why is None else f"{why}, {limit.partition(', ')[2]}"
    return f"Grade {row['grade']}, {grade_in_words(row['grade'])}. {limit}"


def _limit(row: Mapping[str, Any]) -> str:
    """What a finding allows one to conclude: as its own claim has it, else what its grade allows.

    A claim says first what was found, then this, then its grade; where nothing was seen it says another thing.
    """
    grade, claim = row["grade"], str(row.get("claim") or "")
    beginning = re.split("[,;]", LIMITS_SEEN[grade])[0]
    start, end = claim.rfind(beginning), claim.rfind(f" Grade {grade}: ")
    if grade in ("A", "B", "C") and 0 <= start < end:
        return in_plain_words(plain(claim[start:end].removesuffix(NOT_OVER).strip(), 600))
    unseen = "scale" in row and holds_no_effect(row)
    return LIMITS_UNSEEN[grade] if unseen and grade in ("A", "B", "C") else LIMITS[grade]


def shift_of(row: Mapping[str, Any], value: float) -> float:
    """How far a value lies from "no effect", on the row's own scale."""
    return value - NO_EFFECT[row["scale"]]


def holds_no_effect(row: Mapping[str, Any]) -> bool:
    """Whether the row's interval holds "no effect"; an end that is missing is open."""
    low = -math.inf if row.get("low") is None else row["low"]
    high = math.inf if row.get("high") is None else row["high"]
    return bool(low <= NO_EFFECT[row["scale"]] <= high)


def _parties(row: Mapping[str, Any]) -> tuple[str, str]:
    """Who is compared with whom, so that "A bought more than B" can be said."""
    treated, comparison = group_in_words(row["treated"]), group_in_words(row["comparison"])
    known = {
        "channel_effect": (
            f"customers whose issue went to {treated}",
            f"similar customers whose issue went to {comparison}",
        ),
        "service_effect": ("customers who were answered in time", "similar customers who were not"),
        "experiment_effect": (f"customers assigned to {treated}", f"customers assigned to {comparison}"),
        "complier_effect": (f"customers who took up {treated}", f"such customers assigned to {comparison}"),
        "adoption_effect": (f"customers who took up {treated}", "similar customers who had not yet"),
        "naive_before_after": (f"customers in touch through {treated}", "the same customers before"),
        "naive_user_gap": (f"customers in touch through {treated}", "all other customers"),
    }
    return known.get(row["estimand"], (f"customers of {treated}", f"customers of {comparison}"))


def _has_no_unit(row: Mapping[str, Any]) -> bool:
    """Whether all that is known of the unit is the outcome's own name, or that it is money."""
    unit = str(row.get("unit") or "").partition(" per ")[0]
    return unit in ("", "money", row["outcome"]) and row["outcome"] not in COUNTED


def _digits_of(row: Mapping[str, Any]) -> int:
    """Decimals that suit the width of the interval: whole percent from 4 points on, one digit finer in other units."""
    percent = row["scale"] == "ratio" or str(row.get("unit")).startswith("share")
    scale = 100 if percent else 1
    if row.get("low") is not None and row.get("high") is not None:
        width = scale * (row["high"] - row["low"])
    else:
        width = abs(scale * shift_of(row, row["value"])) if row.get("value") is not None else 1.0
    return min(max(0, -math.floor(math.log10(width / (4 if percent else 10)))), 6) if width > 0 else 2
