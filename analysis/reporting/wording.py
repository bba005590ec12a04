"""How does a number, a date or a finding read to someone who is no statistician?

Findings are said in the customer's words, harm as plainly as gain, and never without their interval. How numbers and
dates are written is left to `analysis.reporting.formats`, which words stand for which names to
`analysis.reporting.naming`, what to say first to `analysis.reporting.summary`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from analysis.inference.estimate import NO_EFFECT
from analysis.reporting.formats import GAP, MINUS, Formats, cents_of, is_currency, locale_in_force, plain
from analysis.reporting.naming import (
    grade_in_words,
    in_plain_words,
    metric_in_words,
    outcome_in_words,
    quantile_of,
    segment_in_words,
    unit_in_words,
    verdict_of,
)
from analysis.reporting.parties import beyond_the_grade, is_step, parties, said_of
from analysis.reporting.restating import restated, with_months
from analysis.reporting.vocabulary import BESIDE, COUNTED, LIMITS, MONEY, OPEN_QUESTIONS, UNITLESS
from analysis.studies.claim import LIMITS as LIMITS_SEEN
from analysis.studies.claim import LIMITS_UNSEEN, NOT_OVER


def words(locale: str | None = None) -> Words:
    """The words of a locale, made once; without a name, of the locale in force: the open study's."""
    return _made(locale or locale_in_force())


@cache
def _made(locale: str) -> Words:
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

    def dated(self, text: str) -> str:
        """A text with its months as words: "2026-09 is not over" is "September 2026 is not over"."""
        return with_months(self, text)

    def restated(self, text: str) -> str:
        """A sentence of a result with its months, days, amounts and numbers as the locale writes them; once only."""
        return restated(self, text)

    def effect_size(self, row: Mapping[str, Any], value: float | None = None, *, bare: bool = False) -> str:
        """How much, without its direction: "8 %", "7.7 percentage points", "€3.20", "0.21 orders".

        Decimals suit the width of the row's interval; "per customer" is left to the sentence around it. `bare` leaves
        out a unit that is no percentage and no currency, and shortens percentage points, where an axis or a heading
        says the unit.
        """
        shift = abs(shift_of(row, row["value"] if value is None else value))
        unit = str(row.get("unit") or "").partition(" per ")[0]
        unit = "share" if unit.startswith("share ") else unit
        percent = row["scale"] == "ratio" or unit == "share"
        if unit == "seconds":
            return self.duration(shift)
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
            return self.money(shift, unit, None if shift >= 1000 else max(digits, cents_of(unit)))
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
        if is_step(row):
            return self.step(row)
        subject, against = parties(row)
        outcome = outcome_in_words(row["outcome"])
        if row.get("value") is not None and (why := withheld(row)):
            return in_plain_words(self.restated(plain(why, 600)))
        if row.get("value") is None:
            whom = f" for {segment_in_words(row['segment'])}" if row.get("segment") else ""
            return f"No effect{said_of(row).of} on {outcome.measure} is claimed{whom}: {self._reason(row)}."
        interval = f"{self.level(row)}: {self.effect_range(row)}"
        if holds_no_effect(row):
            measure = _level_in_words(row) or outcome.measure
            sentence = f"no difference in {measure} could be seen ({interval}) between {subject} and {against}"
        else:
            more = shift_of(row, row["value"]) > 0
            phrase = outcome.phrase(more=more, scale=row["scale"])
            level = _level_in_words(row)
            if level:
                subject, against, phrase = f"among {subject}, {level}", f"among {against}", f"was {{}} {_side(more)}"
            if row["scale"] == "difference" and row["outcome"] in MONEY and _has_no_unit(row):
                phrase = f"had {{}} {outcome.greater if more else outcome.fewer} {outcome.label.lower()}"
            _, per, whom = str(row.get("unit") or "").partition(" per ")
            told = per and row["scale"] == "difference" and not _is_its_own_unit(row) and not level
            each = f" per {plain(whom, 40)}" if told and not str(row["unit"]).startswith("share") else ""
            sentence = f"{subject} {phrase.format(self.effect_size(row))}{each} ({interval}) than {against}"
        if row.get("segment"):
            sentence = f"in {segment_in_words(row['segment'])}, {sentence}"
        raw = " This is a raw difference, not an effect." if row["estimand"].startswith("naive_") else ""
        beside = (BESIDE.get(str(row["estimand"]), ""), in_plain_words(plain(not_recommended(row), 600)))
        return " ".join(filter(None, (sentence[0].upper() + sentence[1:] + "." + raw, *beside)))

    def _reason(self, row: Mapping[str, Any]) -> str:
        """Why nothing is claimed, as the end of a sentence."""
        return in_plain_words(self.restated(plain(row.get("reason") or "no reason was recorded"))).rstrip(".")

    def step(self, row: Mapping[str, Any], after: str | None = None) -> str:
        """What one figure did after a change as one sentence, with its interval.

        Parameters
        ----------
        row : mapping
            A row of the change log: a step ("level_change") or a turn ("slope_change").
        after : str, optional
            What to call the change, or changes; by default its id.

        Examples
        --------
        >>> row = {"design": "change_log", "estimand": "level_change", "treated": "CH2", "comparison": "before",
        ...     "outcome": "response_rate", "segment": {}, "scale": "difference", "value": 0.083, "low": 0.061,
        ...     "high": 0.104, "level": 0.95, "unit": "share", "index_from": "2025-04"}
        >>> print(Words().step(row).replace("\\xa0", " "))
        After change CH2, response rate stood 8 percentage points higher (95 % interval: 6 to 10 percentage points \
higher) in April 2025 than its earlier path led to expect.
        """
        name = figure_in_words(row)
        label = name[:1].lower() + name[1:] if name[1:2].islower() else name
        many = any(
            check["name"] == "single_cause" and check["verdict"] == "failed" for check in row.get("checks") or ()
        )
        change = after or f"change {plain(row['treated'], 60)}" + (" and others of the same months" if many else "")
        turn = row["estimand"] == "slope_change"
        if row.get("value") is None:
            return f"No {'turn' if turn else 'step'} in {label} after {change} is claimed: {self._reason(row)}."
        interval = f"{self.level(row)}: {self.effect_range(row)}"
        if holds_no_effect(row):
            return f"After {change}, no clear {'turn' if turn else 'step'} in {label} could be seen ({interval})."
        size = f"{self.effect_size(row)} {'higher' if row['value'] > 0 else 'lower'} ({interval})"
        if turn:
            said = f"After {change}, the monthly change of {label} was {size} than before."
        else:
            beside = "" if row["comparison"] == "before" else f" and {plain(row['comparison'], 60)}"
            month = self.month(str(row.get("index_from") or "that month"))
            said = f"After {change}, {label} stood {size} in {month} than its earlier path{beside} led to expect."
        return said if stands_out(row) else f"{said} It does not stand out among all the figures looked at."


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


def evidence_in_words(row: Mapping[str, Any] | None, say: Words | None = None) -> str:
    """How far a finding may be believed, as a page prints it; by default in the locale in force.

    Examples
    --------
    >>> evidence_in_words({"grade": "A", "value": 0.1})
    'Grade A, randomised test. Customers were assigned at random.'
    """
    if row is None or row["value"] is None:
        return "No effect is claimed."
    limit = _limit(row, say or words())
    if row["grade"] == "C":
        verdicts = {verdict_of(check) for check in row.get("checks") or () if check.get("gate", True)}
        why = next((said for verdict, said in OPEN_QUESTIONS.items() if verdict in verdicts), None)
        limit = limit if why is None else f"{why}, {limit.partition(', ')[2]}"
    return f"Grade {row['grade']}, {grade_in_words(row['grade'])}. {limit} {beyond_the_grade(row)}".rstrip()


def _limit(row: Mapping[str, Any], say: Words) -> str:
    """What a finding allows one to conclude: as its own claim has it, else what its grade allows.

    A claim says first what was found, then this, then its grade; where nothing was seen it says another thing.
    """
    grade, claim = row["grade"], str(row.get("claim") or "")
    beginning = re.split("[,;]", LIMITS_SEEN[grade])[0]
    start, end = claim.rfind(beginning), claim.rfind(f" Grade {grade}: ")
    if grade in ("A", "B", "C") and 0 <= start < end:
        return in_plain_words(say.restated(plain(claim[start:end].removesuffix(NOT_OVER).strip(), 600)))
    unseen = "scale" in row and holds_no_effect(row)
    return LIMITS_UNSEEN[grade] if unseen and grade in ("A", "B", "C") else LIMITS[grade]


def withheld(row: Mapping[str, Any]) -> str:
    """Why nothing may be said of a segment alone, as its study put it; nothing where something may.

    Examples
    --------
    >>> why = "Nothing is claimed of region north alone. The segments of region cannot be told apart."
    >>> withheld({"checks": [{"name": "segment_alone", "verdict": "not_run", "detail": why}], "claim": why}) == why
    True
    >>> withheld({"checks": []})
    ''
    """
    alone = next((one for one in row.get("checks") or () if one["name"] == "segment_alone"), None)
    if alone is None or alone["verdict"] == "passed":
        return ""
    return str(row.get("claim") or alone["detail"])


def not_recommended(row: Mapping[str, Any]) -> str:
    """Why an arm is not recommended whatever it gained, by its guardrails; nothing where all of them hold.

    Examples
    --------
    >>> guardrail = {"name": "guardrail_orders", "verdict": "failed", "detail": ""}
    >>> not_recommended({"checks": [guardrail]})
    'Not recommended, whatever was gained: orders got worse, and harm beyond what was allowed is not ruled out.'
    >>> not_recommended({"checks": [{**guardrail, "verdict": "passed"}]})
    ''
    """
    found: dict[str, list[str]] = {"failed": [], "not_run": []}
    for check in row.get("checks") or ():
        if str(check["name"]).startswith("guardrail_") and check["verdict"] in found:
            label = outcome_in_words(str(check["name"]).removeprefix("guardrail_")).label
            found[check["verdict"]].append(label if label[1:2].isupper() else label[:1].lower() + label[1:])
    parts = []
    if found["failed"]:
        named = ", ".join(found["failed"])
        parts.append(f"{named} got worse, and harm beyond what was allowed is not ruled out")
    if found["not_run"]:
        named = ", ".join(found["not_run"])
        parts.append(f"it cannot be told whether {named} stayed within what was allowed")
    return f"Not recommended, whatever was gained: {'; and '.join(parts)}." if parts else ""


def figure_in_words(row: Mapping[str, Any]) -> str:
    """What a row of the change log tells of: a metric, of one part of it where the row is limited to one."""
    name = metric_in_words(str(row["outcome"]))
    return f"{name} ({segment_in_words(row['segment'])})" if row.get("segment") else name


def stands_out(row: Mapping[str, Any]) -> bool:
    """Whether a row's interval leaves out "no effect", allowing for how many figures were looked at with it."""
    return row.get("value") is not None and not holds_no_effect(row) and not has_failed(row, "many_figures")


def has_failed(row: Mapping[str, Any], name: str) -> bool:
    """Whether a check of that name failed."""
    return any(check["name"] == name and check["verdict"] == "failed" for check in row.get("checks") or ())


def shift_of(row: Mapping[str, Any], value: float) -> float:
    """How far a value lies from "no effect", on the row's own scale."""
    return value - NO_EFFECT[row["scale"]]


def holds_no_effect(row: Mapping[str, Any]) -> bool:
    """Whether the row's interval holds "no effect"; an end that is missing is open."""
    low = -math.inf if row.get("low") is None else row["low"]
    high = math.inf if row.get("high") is None else row["high"]
    return bool(low <= NO_EFFECT[row["scale"]] <= high)


def _has_no_unit(row: Mapping[str, Any]) -> bool:
    """Whether all that is known of the unit is the outcome's own name, or that it is money."""
    unit = str(row.get("unit") or "").partition(" per ")[0]
    return unit in UNITLESS or (unit == row["outcome"] and unit not in COUNTED) or _is_its_own_unit(row)


def _is_its_own_unit(row: Mapping[str, Any]) -> bool:
    """Whether the unit of a ratio of two outcomes is its name: "orders per session"."""
    return " per " in str(row.get("unit")) and unit_in_words(str(row["unit"])) == unit_in_words(str(row["outcome"]))


def _level_in_words(row: Mapping[str, Any]) -> str:
    """What a quantile is of an outcome, where one is compared: "the level of spend below which 90 % stay"."""
    at = quantile_of(str(row.get("estimand")))
    if at is None:
        return ""
    label = outcome_in_words(row["outcome"]).label
    return f"the level of {label[:1].lower()}{label[1:]} below which {100 * at:g}{GAP}% stay"


def _side(more: bool) -> str:
    return "higher" if more else "lower"


def _digits_of(row: Mapping[str, Any]) -> int:
    """Decimals that suit the width of the interval: whole percent from 4 points on, one digit finer in other units."""
    percent = row["scale"] == "ratio" or str(row.get("unit")).startswith("share")
    scale = 100 if percent else 1
    if row.get("low") is not None and row.get("high") is not None:
        width = scale * (row["high"] - row["low"])
    else:
        width = abs(scale * shift_of(row, row["value"])) if row.get("value") is not None else 1.0
    return min(max(0, -math.floor(math.log10(width / (4 if percent else 10)))), 6) if width > 0 else 2
