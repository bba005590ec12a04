"""Which tests did a comparison pass, which not, and what could they have seen? They stand above every estimate.

Gates, which decide the grade, come before what is only shown; among them what failed comes first, then what could not
be run. Beside each gate stands what came out where nothing should have, its interval, and the smallest difference that
it would have found. What the others compared is folded away. How gates are judged is left to the studies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.compare import normal_quantile
from analysis.reporting.naming import check_in_words, outcome_in_words, verdict_in_words, verdict_of
from analysis.reporting.rows import Row, effect_rows, is_naive
from analysis.reporting.settled import settled
from analysis.reporting.tables.cells import readable
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, refusals_in_words, words
from analysis.studies.gates import GATES, STANDARD_ERRORS_SEEN, UNSEEN_ALLOWED

_CAPTION = "Checks of the comparison"
SIGNS = {"failed": "✗", "not_run": "?", "cannot_be_known": "?", "passed": "✓", "not_applicable": "–"}
_ORDER = tuple(SIGNS)
_LIMITING = ("failed", "not_run", "cannot_be_known")
"""Verdicts that leave a comparison with open questions."""
_AS_SHARES = ("placebo_before", "other_incidents", "busy_hours")
"""Gates that come out as a share of a mean, not as a ratio."""
_LEVEL = 0.95
"""Of the interval of every check, as `studies.result.Check` has it."""


def checks(result: Any, *, locale: str | None = None) -> Table:
    """Every test of the effects on all customers: those that decide the grade, failures first, then the others.

    Where every effect was refused before anything could be tested, the reasons stand in their place.

    Parameters
    ----------
    result : a study's result, results or rows of effects

    Raises
    ------
    DesignError
        If there is no effect on all customers.
    """
    say = words(locale)
    whole = [row for row in settled(effect_rows(result)) if not row["segment"] and not is_naive(row)]
    if not whole:
        raise DesignError("There is no effect on all customers whose checks could be shown in a table.")
    rows = [row for row in whole if row.get("checks")]
    if not rows:
        return sentences_alone(
            _CAPTION, *refusals_in_words(whole, say), "Nothing was compared, so there is nothing to check."
        )
    found = _gathered(rows)
    outcomes = len({row["outcome"] for row in rows})
    deciding = any(check["gate"] for check in found)
    records = [
        {
            "Decides": _group(check),
            "What was tested": check_in_words(check["name"], check["design"]),
            "Result": f"{SIGNS.get(check['verdict'], '')} {verdict_in_words(check['verdict'])}",
            "Outcome": _outcomes(check["outcomes"], outcomes),
            "What came out": _came_out(say, check),
        }
        for check in found
    ]
    names = ["What was tested", "Result", "Outcome", "What came out", "Decides"]
    figures = any(check["gate"] and _has_figure(check) for check in found)
    notes = ["Checks that decide the grade stand first; what is shown besides changes no grade."] if deciding else []
    if figures:
        notes.append(
            f"A range is a {say.level({'level': _LEVEL})}. “Seen from” is the smallest difference that would have been "
            "found in four cases of five."
        )
    if any(check["verdict"] == "not_run" and _has_figure(check) for check in found):
        notes.append(f"A check that could only have seen more than {say.share(UNSEEN_ALLOWED, 0)} counts as not run.")
    return Table(
        caption=_CAPTION,
        cells=pd.DataFrame(records)[names],
        frame=pd.DataFrame([{**check, "outcomes": ", ".join(check["outcomes"])} for check in _each(rows)]),
        groups="Decides",
        notes=tuple(notes),
        sentences=True,
        folded=tuple(
            f"{check_in_words(check['name'], check['design'])} ({_outcomes(check['outcomes'], outcomes)}): "
            f"{readable(say, check['detail'], 900)}"
            for check in _each(rows)
            if not _is_told(check)
        ),
        folded_under="What each of the other checks compared, in words",
    )


def _each(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each check once, with the outcomes for which it came out alike; those that decide first, worst verdicts first."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        for check in row["checks"]:
            one = {**check, "verdict": verdict_of(check), "gate": check.get("gate", True), "outcomes": [],
                   "design": row.get("design")}  # fmt: skip
            one = found.setdefault((check["name"], one["verdict"], check["detail"]), one)
            one["outcomes"] += [row["outcome"]] if row["outcome"] not in one["outcomes"] else []
    names = list(dict.fromkeys(check["name"] for check in found.values()))
    verdicts = [*_ORDER, *sorted({check["verdict"] for check in found.values()} - set(_ORDER))]

    def place(one: Mapping[str, Any]) -> tuple[bool, int, int]:
        return not one["gate"], verdicts.index(one["verdict"]), names.index(one["name"])

    return sorted(found.values(), key=place)


def _gathered(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The same, but checks that came out alike share a row, where none of them needs its own words or its figure."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for check in _each(rows):
        own = check["detail"] if _is_told(check) or (check["gate"] and _has_figure(check)) else ""
        one = found.setdefault((check["name"], check["verdict"], check["gate"], own), {**check, "outcomes": []})
        one["outcomes"] += [name for name in check["outcomes"] if name not in one["outcomes"]]
    return list(found.values())


def _group(check: Mapping[str, Any]) -> str:
    return "Decides the grade" if check["gate"] else "Shown, changes no grade"


def _is_told(check: Mapping[str, Any]) -> bool:
    """Whether its words stand in its row: what failed or could not be known limits what may be concluded."""
    return check["verdict"] in _LIMITING and not (check["verdict"] == "not_run" and _has_figure(check))


def _came_out(say: Words, check: Mapping[str, Any]) -> str:
    """The figure of a check that decides, and the words of one that limits what may be concluded."""
    figure = _figure(say, check) if check["gate"] else ""
    told = readable(say, check["detail"], 900) if _is_told(check) else ""
    return f"{figure}. {told}" if figure and told else figure or told


def _outcomes(names: Sequence[str], of: int) -> str:
    if len(names) == of and of > 1:
        return "All outcomes"
    return ", ".join(outcome_in_words(name).label for name in names)


def _has_figure(check: Mapping[str, Any]) -> bool:
    shown = (*GATES, *_AS_SHARES)
    return check["name"] in shown and all(check.get(name) is not None for name in ("value", "low", "high"))


def _figure(say: Words, check: Mapping[str, Any]) -> str:
    """The ratio of a gate as a change, its interval, and what could have been seen."""
    if not _has_figure(check):
        return ""
    numbers = {name: check[name] for name in ("value", "low", "high")}
    if check["name"] in _AS_SHARES:
        value, low, high = (("+" if number > 0 else "") + say.share(number, 0) for number in numbers.values())
        seen = STANDARD_ERRORS_SEEN * (check["high"] - check["low"]) / (2 * normal_quantile(_LEVEL))
        return f"{value} ({low} to {high}); seen from {say.share(seen, 0 if seen >= 0.095 else 1)}"
    found = say.effect_in_short({"scale": "ratio", "unit": "ratio", "level": _LEVEL, **numbers})
    seen = detectable(check["low"], check["high"])
    return f"{found}; seen from {say.share(seen, 0 if seen >= 0.095 else 1)}"


def detectable(low: float, high: float) -> float:
    """The smallest change that a gate with this interval finds in four cases of five, as a share.

    Examples
    --------
    >>> round(detectable(0.9, 1.1), 3)
    0.143
    """
    error = math.log(high / low) / (2 * normal_quantile(_LEVEL))
    return STANDARD_ERRORS_SEEN * error
