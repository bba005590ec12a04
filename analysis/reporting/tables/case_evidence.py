"""On what does the money rest, is any of it counted twice, what is left out, and do the books agree?

The share of the benefits by grade with the cap on weak evidence, the pairs of lines that could take the same money, the
lines that are shown and not counted, and the support cost of the case beside the books. What may be said of it all
stands in `opening`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.reporting.case_words import Part, case_of, labels_of, restated, source_in_words, whole
from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words, in_plain_words
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.vocabulary import LIMITS
from analysis.reporting.wording import Words, words
from analysis.roi.lines.beyond_reach import SUFFIX
from analysis.roi.lines.per_contact import TIME

REST = "nothing: the share by which spending falls is stated, and this is the rest"
"""What would bring time set free in, where a part of the saving is counted."""


def evidence_by_grade(found: Any, *, locale: str | None = None) -> Table:
    """Which share of the benefits rests on which evidence, and is too much of it weak?

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    evidence = case["evidence"]
    records = [
        {
            "Grade": f"{grade}: {grade_in_words(grade)}",
            "Share": f"{say.share(share)} of the benefits",
            "Cut": f"cut by {say.share(case['haircuts'].get(grade, 0.0), 0)} in the cautious table",
            "What it allows": LIMITS[grade],
        }
        for grade, share in sorted(evidence["share_by_grade"].items())
    ]
    return Table(
        caption="What the benefits rest on",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([{"grade": grade, "share": share} for grade, share in evidence["share_by_grade"].items()]),
        sentences=True,
        notes=(restated(say, evidence["sentence"]),),
    )


def money_counted_once(found: Any, *, locale: str | None = None) -> Table:
    """Which lines could take the same money, and what is done about it?

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    apart = case["exclusion"]
    caption = "Money that is counted once"
    if apart is None or not apart["pairs"]:
        return sentences_alone(caption, "No two lines of the case take money from one purse.")
    labels = labels_of(case)
    compared = [pair for pair in apart["pairs"] if pair["verdict"] != "apart" or pair["months_later"] is not None]
    by_nature = [pair for pair in apart["pairs"] if pair not in compared]
    notes = ["Each customer’s month is claimed once: what an earlier line holds is taken off the later one."]
    for line, share in apart["taken_off"].items():
        notes.append(f"Taken off “{_label(labels, line)}” in all: {say.share(share)}.")
    return Table(
        caption=caption,
        cells=pd.DataFrame([_pair(say, pair, labels) for pair in compared]),
        frame=pd.DataFrame(apart["pairs"]),
        notes=tuple(notes),
        sentences=True,
        folded=_apart(say, by_nature, labels),
        folded_under=f"Pairs that are apart by what they are ({len(by_nature)})",
    )


def _label(labels: dict[str, str], line: str) -> str:
    return in_plain_words(labels.get(line) or plain(line, 80).replace("_", " "))


def _apart(say: Words, pairs: Sequence[Part], labels: dict[str, str]) -> tuple[str, ...]:
    """Lines that can share nothing by what they are: one sentence for each and its reason."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        line = pair["earlier"] if pair["reason"].startswith(f"{pair['earlier']}: ") else pair["later"]
        other = pair["later"] if line == pair["earlier"] else pair["earlier"]
        reason = source_in_words(say, pair["reason"].removeprefix(f"{line}: ")).rstrip(".")
        beside = found.setdefault(f"{_label(labels, line)}: {reason}", [])
        beside.append(f"“{_label(labels, other)}”")
    return tuple(f"{said}. Beside {', '.join(beside)}." for said, beside in found.items())


def _pair(say: Words, pair: Part, labels: dict[str, str]) -> dict[str, str]:
    return {
        "Line": _label(labels, pair["later"]),
        "Beside": _label(labels, pair["earlier"]),
        "Purse": in_plain_words(plain(pair["purse"], 60)),
        "What is shared": _shared(say, pair),
        "What was compared": source_in_words(say, pair["reason"]),
    }


def _shared(say: Words, pair: Part) -> str:
    """What the later line gives up to the earlier one."""
    if pair["share"] is None:
        return "nobody can tell, so the line is not counted"
    said = "nothing" if pair["share"] == 0 else f"{say.share(pair['share'])} of the line, taken off"
    if pair["verdict"] == "stated":
        return f"{said}, as stated"
    if pair["months_later"] is None:
        return said
    months = f"{say.number(pair['months_both'])} of {say.number(pair['months_later'])} customer-months"
    return f"{said}: {months} are in both"


def not_counted(found: Any, *, locale: str | None = None) -> Table:
    """What is not counted, how much it would be where that is known, and why?

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    reasons = {one["line"]: one for one in case["not_counted"]}
    shown = [row for row in case["benefits"] if not row["counted"]]
    records = [
        {
            "What": in_plain_words(plain(row["label"], 160)),
            "Would be worth": _middle(say, row, case["currency"]),
            "Why it is not counted": source_in_words(say, row["note"] if one is None else one["reason"]),
            "What would bring it in": REST if one is None and row["id"].endswith(TIME) else _parameter(one),
        }
        for row in shown
        for one in (reasons.get(row["id"]) or reasons.get(row["id"].removesuffix(SUFFIX)),)
    ]
    there = {row["id"] for row in shown}
    records += [
        {
            "What": in_plain_words(plain(one["label"], 160)),
            "Would be worth": "not known",
            "Why it is not counted": source_in_words(say, one["reason"]),
            "What would bring it in": _parameter(one),
        }
        for one in case["not_counted"]
        if one["line"] not in there
    ]
    caption = "What is not counted, and why"
    if not records:
        return sentences_alone(caption, "Every line that was found or asked for is counted.")
    return Table(
        caption=caption,
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([{"line": row["id"], **row["present_value"]} for row in shown]),
        notes=("What a line would be worth is its present value, middle case; it is part of no sum.",) if shown else (),
        sentences=True,
    )


def _middle(say: Words, row: Part, currency: str) -> str:
    middle = row["present_value"]["p50"]
    return "not known" if middle is None else whole(say, middle, currency)


def _parameter(one: Part | None) -> str:
    return (
        "nothing that could be stated"
        if one is None or one["parameter"] is None
        else f"to state {plain(one['parameter'], 80)}"
    )


def books(found: Any, *, locale: str | None = None) -> Table:
    """Does the support cost that the case values contacts at agree with the books, year by year?

    Parameters
    ----------
    found : RoiCase, or results.json

    Raises
    ------
    DesignError
        If there is no case.
    """
    say, case = words(locale), case_of(found)
    tied = case["ledger"]
    caption = "Support cost of the case, beside the books"
    if tied is None:
        return sentences_alone(caption, "Not compared: no total of the books was given.")
    currency = tied["currency"]
    by_year: dict[str, list[Part]] = {}
    for row in tied["by_month"]:
        by_year.setdefault(row["month"][:4], []).append(row)
    rows: list[tuple[str, float, float]] = [
        (say.months(months[0]["month"], months[-1]["month"]), _sum(months, "model"), _sum(months, "ledger"))
        for months in by_year.values()
    ]
    rows.append((f"All, {say.months(tied['from'], tied['to'])}", tied["model"], tied["ledger"]))
    records = [
        {
            "Months": months,
            "The case": whole(say, model, currency),
            "The books": whole(say, total, currency),
            "Difference": whole(say, model - total, currency),
            "Of the books": say.share((model - total) / total) if total else "–",
        }
        for months, model, total in rows
    ]
    return Table(
        caption=caption,
        cells=pd.DataFrame(records),
        frame=pd.DataFrame(tied["by_month"]).rename(columns={"model": "case", "ledger": "books"}),
        numbers=("The case", "The books", "Difference", "Of the books"),
        notes=(books_in_words(say, case),),
    )


def _sum(months: Sequence[Part], name: str) -> float:
    return float(sum(row[name] for row in months))


def books_in_words(say: Words, case: Part) -> str:
    """Whether the case and the books agree, in a sentence."""
    tied = case["ledger"]
    if tied is None:
        return "No total of the books was given, so support cost was not compared with them."
    when = say.months(tied["from"], tied["to"])
    if tied["share"] is None:
        return f"The books hold nothing for {when}, so there is nothing to compare support cost with."
    size, side = say.share(abs(tied["share"])), "below" if tied["share"] < 0 else "above"
    within = "within" if tied["tied_out"] else "past"
    said = (
        f"Support cost in the case lies {size} {side} the books from {when}, {within} the "
        f"{say.share(tied['tolerance'], 0)} allowed."
    )
    if tied["without_cost"]:
        said += f" {say.number(tied['without_cost'])} rows carry no cost, so the case lacks theirs."
    return said
