"""Which cases are told, chosen by no one, with what beside them? The stories, their counter-example, their base rates.

What may be told of a case, and which numbers are hidden, was decided by the study; here all of it stays text. A link is
shown as text and leads nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.suppression import HIDDEN
from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised
from analysis.reporting.rows import Row, part_of
from analysis.reporting.tables.cells import NONE, readable
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_HIDDEN = "hidden"
_COLUMNS = ("yes", "no", "not known", "all")
_AGAIN = {"yes": "; they bought again", "no": "; they did not buy again"}
_CAPTION = "Cases as they were, chosen by a rule"


def stories(found: Any, *, locale: str | None = None) -> Table:
    """The cases the rule chose, and beside them the case with the opposite outcome and how common each outcome is.

    Parameters
    ----------
    found : what was counted, StoriesResult, results or the entry of stories

    Raises
    ------
    DesignError
        If the result holds no stories and no reason why not.
    """
    say = words(locale)
    told = _entry(found)
    rule = f"The rule: {readable(say, told['rule'])}"
    if told["reason"] is not None:
        return sentences_alone(_CAPTION, f"No case can be told: {readable(say, told['reason']).rstrip('.')}.", rule)
    cases = [*((f"Case {place}", one) for place, one in enumerate(told["stories"], 1))]
    cases += [("Counter-example", told["counter_example"])] if told["counter_example"] else []
    notes = [
        rule,
        *(rate_in_words(say, rate) for rate in told["base_rates"]),
        *(readable(say, note) for note in told["notes"]),
        "Words, platform and link are shown only where their author agreed to be quoted.",
    ]
    if not cases:
        return sentences_alone(_CAPTION, *notes)
    records = [
        {"Case": name, "What happened": _happened(one), "Bought again": _again(one), "What was said": _said(one)}
        for name, one in cases
    ]
    frame = pd.DataFrame([one for _, one in cases])
    return Table(_CAPTION, pd.DataFrame(records), frame, notes=tuple(notes), sentences=True)


def stories_base(found: Any, *, locale: str | None = None) -> Table:
    """How many customers fit the rule, by kind and outcome, and how many bought again? Small numbers are hidden.

    Raises
    ------
    DesignError
        If the result holds no stories and no reason why not.
    """
    say = words(locale)
    told = _entry(found)
    caption = "Customers whose case fits the rule, by whether they bought again"
    if not told["table"]:
        reason = told["reason"] or "no customer fits the rule or its opposite"
        return sentences_alone(
            caption, f"Nothing can be counted beside the cases: {readable(say, reason).rstrip('.')}."
        )
    cells = {(row["outcome"], row["kind"], row["bought_again"]): row for row in told["table"]}
    rows = list(dict.fromkeys(key[:2] for key in cells))
    records = [
        {
            "Outcome": "All cases" if outcome == "all" else humanised(outcome),
            "Kind": "All kinds" if kind == "all" else humanised(kind),
            **{_head(again): _count(say, cells.get((outcome, kind, again)), again) for again in _COLUMNS},
        }
        for outcome, kind in rows
    ]
    return Table(
        caption=caption,
        cells=pd.DataFrame(records),
        frame=pd.DataFrame(told["table"]),
        numbers=tuple(_head(again) for again in _COLUMNS),
        groups="Outcome",
        notes=(f"A customer counts once, with the first case. “{_HIDDEN}”: {HIDDEN}.",),
    )


def stories_in_words(results: Mapping[str, Any], say: Words) -> Iterator[str]:
    """The cases for a summary: each in a sentence, the one that went the other way, and how common both are.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> list(stories_in_words({"stories": []}, words()))
    []
    """
    told = next(iter(results.get("stories") or ()), None)
    if told is None or "rule" not in told:
        return
    if told["reason"] is not None:
        yield f"No case can be told: {readable(say, told['reason']).rstrip('.')}."
        return
    cases = [*told["stories"], *filter(None, [told["counter_example"]])]
    for one in cases:
        opening = "Beside them, the first that went the other way: " if one is told["counter_example"] else ""
        happened = _happened(one) if not opening else _happened(one)[:1].lower() + _happened(one)[1:]
        again = "" if one["consent"] else _AGAIN.get(one["bought_again"], "; whether they bought again is not known")
        words_of = f" {_said(one)}." if one["consent"] or one["paraphrase"] else ""
        yield f"{opening}{happened}{again}.{words_of}"
    if cases:
        common = " ".join(rate_in_words(say, rate) for rate in told["base_rates"])
        yield f"A rule chose these cases, nobody else; a case proves nothing. {common}".rstrip()


def rate_in_words(say: Words, rate: Row) -> str:
    """A base rate as a sentence.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> rate_in_words(words(), {"outcome": "resolved", "customers": 542, "observed": None, "bought_again": None,
    ...                         "share": None})
    'Resolved: 542 customers; how many of them bought again is hidden.'
    """
    name = humanised(rate["outcome"])
    if rate["customers"] is None:
        return f"{name}: how many customers is {_HIDDEN}."
    customers = f"{name}: {say.number(rate['customers'])} customers"
    if rate["observed"] == 0:
        return f"{customers}; none of them was followed long enough to see whether they bought again."
    if rate["share"] is None:
        return f"{customers}; how many of them bought again is {_HIDDEN}."
    bought, followed = say.number(rate["bought_again"]), say.number(rate["observed"])
    share = say.share(rate["share"])
    return f"{customers}; {bought} of the {followed} who were followed long enough bought again ({share})."


def _entry(found: Any) -> Row:
    part = part_of(getattr(found, "stories", found) if hasattr(found, "figures") else found, "stories", itself="rule")
    entry = part if isinstance(part, dict) else next(iter(part or ()), None)
    if entry is None or "rule" not in entry:
        raise DesignError("There are no stories (`stories`), and no reason why not, to show in a table.")
    return entry  # type: ignore[no-any-return]


def _happened(one: Row) -> str:
    return f"{humanised(one['kind'])}, answered {plain(one['answered'], 60)}, {plain(one['outcome'], 40)}"


def _again(one: Row) -> str:
    """Whether the customer bought again; with the author's words that is not told."""
    if one["consent"]:
        return "not told beside a quote"
    return plain(one["bought_again"] or "not told", 40)


def _said(one: Row) -> str:
    """The author's own words with their place, an analyst's paraphrase, or that nobody may be quoted."""
    if one["consent"]:
        place = " · ".join(plain(part, 120) for part in (one["platform"], one["link"]) if part)
        quote = f"“{plain(one['quote'], 170)}”" if one["quote"] else "no words kept"
        return f"{quote} ({place})" if place else quote
    if one["paraphrase"]:
        return f"In an analyst's words: {plain(one['paraphrase'], 250)}"
    return "not told: no consent to be quoted, and no paraphrase"


def _head(again: str) -> str:
    return "All" if again == "all" else f"Bought again: {again}"


def _count(say: Words, cell: Row | None, again: str) -> str:
    if cell is None:
        return NONE
    if cell["customers"] is None:
        return _HIDDEN
    share = "" if cell["share"] is None or again == "all" else f" ({say.share(cell['share'], 0)})"
    return say.number(cell["customers"]) + share
