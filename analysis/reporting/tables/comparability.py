"""Were the groups alike, and did they move alike before the contact? What is known from before anything happened.

Levels of what is measured may differ and are shown; only what a comparison rests on is judged. What was decided from
either stands among the checks.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import GAP, plain
from analysis.reporting.naming import humanised, outcome_in_words
from analysis.reporting.parties import Said, said_of
from analysis.reporting.rows import effect_rows, level_of
from analysis.reporting.tables.cells import readable
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_MOST_ROWS = 15
_ALIKE = 0.1


def balance(result: Any, *, locale: str | None = None) -> Table:
    """How alike were contacted and comparison customers in what is known of them, the least alike first?

    Parameters
    ----------
    result : ChannelResult
        With `balance`: covariate, value, contacted, comparison (shares, or means), difference (in standard
        deviations), and `judged` where some rows are shown only.
    """
    say = words(locale)
    caption = "How alike the groups were"
    frame = getattr(result, "balance", None)
    if frame is None:
        raise DesignError("The result does not say how alike the groups were (`balance`).")
    if frame.empty:
        return sentences_alone(caption, "Nobody could be compared, so nobody was set side by side.")
    worst = frame["difference"].abs().fillna(float("inf"))
    judged = frame.get("judged", True)
    ranked = frame.assign(judged=judged, _worst=worst).sort_values(
        ["judged", "_worst"], ascending=[False, False], kind="stable"
    )
    said = _said(result)
    shown = ranked.drop(columns="_worst").head(_MOST_ROWS)
    records = [
        {
            "Known of them": humanised(row["covariate"]) + _value(row["value"]),
            said.treated: _level(say, row["contacted"], row["value"]),
            said.similar: _level(say, row["comparison"], row["value"]),
            "Gap in standard deviations": _signed(say, float(row["difference"])),
            "Judged": _verdict(row),
        }
        for row in shown.to_dict("records")
    ]
    notes = [f"Below {say.number(_ALIKE, 1)} counts as alike."]
    if not shown["judged"].all():
        notes.append("Levels of what is measured are shown and not judged: only how they move is.")
    rest = len(frame) - len(shown)
    if rest > 0:
        more = (
            "1 further row, more alike, is" if rest == 1 else f"{say.number(rest)} further rows, each more alike, are"
        )
        notes.append(f"{more} in the executed notebook.")
    cells_of = str(getattr(result, "strata", "") or "")
    if cells_of:
        who = f"{said.who[:1].upper()}{said.who[1:]}"
        notes.append(f"{who} were compared with customers alike in: {readable(say, cells_of).rstrip('.')}.")
    return Table(
        caption, pd.DataFrame(records), frame, numbers=(said.treated, said.similar, "Gap in standard deviations"),
        notes=tuple(notes),
    )  # fmt: skip


def drift(result: Any, *, locale: str | None = None) -> Table:
    """Did the groups drift apart before the contact, and how small a drift would have been seen? A sentence an outcome.

    Parameters
    ----------
    result : ChannelResult
        With `pre_trends` by outcome.
    """
    say = words(locale)
    from_ = _said(result).from_
    caption = f"Before {from_}"
    found = dict(getattr(result, "pre_trends", None) or {})
    if not found:
        return sentences_alone(
            caption, f"Whether the groups drifted apart before {from_} could not be tested: too few earlier months."
        )
    level = level_of(effect_rows(result)) or 0.95
    records, values = [], []
    for outcome, one in found.items():
        records.append(
            {
                "Outcome": outcome_in_words(outcome).label,
                f"What was seen before {from_}": drift_in_words(say, one, level),
            }
        )
        values.append({"outcome": outcome} | {name: getattr(one, name) for name in _PARTS})
    return Table(caption, pd.DataFrame(records), pd.DataFrame(values), sentences=True)


def _said(result: Any) -> Said:
    rows = effect_rows(result) if hasattr(result, "effects") else []
    return said_of(rows[0]) if rows else Said()


_PARTS = ("drift", "low", "high", "se_log", "detectable", "wald", "degrees", "p_joint")


def drift_in_words(say: Words, one: Any, level: float) -> str:
    """The drift between the groups before the contact, its interval, and what could have been seen, as sentences.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> flat = SimpleNamespace(drift=0.996, low=0.974, high=1.019, detectable=0.032, p_joint=0.52)
    >>> print(drift_in_words(words(), flat, 0.95).replace("\\xa0", " "))
    No drift between the groups could be seen (−0.4 %, 95 % interval −3 to +2 %). A drift of 3.2 % or more would \
have been seen in four cases of five. All months before, taken together: p = 0.52.
    """
    row = {"scale": "ratio", "unit": "ratio", "value": one.drift, "low": one.low, "high": one.high, "level": level}
    value, _, ends = say.effect_in_short(row).partition(" (")
    size = f"{value}, {say.level(row)} {ends.removesuffix(')')}"
    if one.low <= 1 <= one.high:
        seen = f"No drift between the groups could be seen ({size})."
    else:
        side = "Up" if one.drift > 1 else "Down"
        seen = f"{side} against similar customers, before anything had happened ({size})."
    return (
        f"{seen} A drift of {say.share(one.detectable, 1)} or more would have been seen in four cases of five. "
        f"All months before, taken together: p{GAP}{_p(say, one.p_joint)}."
    )


def _p(say: Words, value: float) -> str:
    return f"<{GAP}{say.number(0.001, 3)}" if value < 0.001 else f"={GAP}{say.number(value, 3 if value < 0.1 else 2)}"


def _value(value: Any) -> str:
    text = "" if value is None or (isinstance(value, float) and pd.isna(value)) else plain(value, 60)
    return f": {text}" if text else ""


def _level(say: Words, number: Any, value: Any) -> str:
    if number is None or pd.isna(number):
        return "–"
    shown = float(number)
    return say.share(shown) if _value(value) and value != "mean" else say.short(shown, 4)


def _signed(say: Words, number: float) -> str:
    if not math.isfinite(number):
        return "–"
    text = say.number(number, 2)
    return f"+{text}" if number > 0 and any(sign in text for sign in "123456789") else text


def _verdict(row: Any) -> str:
    if not row["judged"]:
        return "shown only"
    return "alike" if abs(row["difference"]) < _ALIKE else "not alike"
