"""Of how many social contacts is the customer known, by platform and month, and are the others like them?

How they are counted is left to the metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.metrics.matching_result import few_in_words
from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised, in_plain_words
from analysis.reporting.rows import Row, part_of
from analysis.reporting.tables.cells import NONE
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_HIDDEN = "fewer than 10, or hidden"
_LIKE = "Matched and unmatched contacts, side by side"
_NAMES = {"answered": "Answered", "first_reply": "First reply, median"}


def matching(found: Any, *, locale: str | None = None) -> Table:
    """The share of social contacts whose customer is known: in all, by platform, and by month.

    Parameters
    ----------
    found : what was counted, MatchCoverage, results or `coverage.matching`
    """
    say = words(locale)
    about = matched_part(found)
    caption = "Social contacts matched to a customer"
    if not about["tables"]:
        return sentences_alone(caption, *matching_in_words(about, say))
    first = about["tables"][0]
    margins = [row for row in first["by"] if ("platform" in row) != ("month" in row)]
    records = [
        {
            "By": group,
            "Of": name,
            "Contacts": _HIDDEN if row["contacts"] is None else say.number(row["contacts"]),
            "Matched": _matched(say, row),
            "Share": NONE if row["share"] is None else say.share(row["share"]),
        }
        for group, name, row in [
            ("In all", humanised(first["about"]), first),
            *(("Platform", plain(row["platform"], 60), row) for row in margins if "platform" in row),
            *(("Month", say.month(row["month"]), row) for row in margins if "month" in row),
        ]
    ]
    return Table(
        caption=caption,
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([{"table": one["table"], **row} for one in about["tables"] for row in one["by"]]),
        numbers=("Contacts", "Matched", "Share"),
        groups="By",
        notes=(*matching_in_words(about, say), *_further(about, say)),
    )


def matched_and_unmatched(found: Any, *, locale: str | None = None) -> Table:
    """Are contacts that were matched to a customer like those that were not?

    Parameters
    ----------
    found : what was counted, MatchCoverage, results or `coverage.matching`
    """
    say = words(locale)
    about = matched_part(found)
    rows = [(table, row) for table in about["tables"] for row in table["likeness"]]
    if not rows:
        why = "one of the two groups has fewer than 10 contacts" if about["tables"] else about["reason"]
        return sentences_alone(_LIKE, f"Matched and unmatched contacts are not compared: {plain(why)}.")
    records = [
        {
            "Contacts": humanised(table["about"]),
            "What": _NAMES.get(row["name"]) or humanised(row["name"]),
            "Matched": _value(say, row, "matched"),
            "Unmatched": _value(say, row, "unmatched"),
            "Difference in standard deviations": _difference(say, row),
        }
        for table, row in rows
    ]
    return Table(
        caption=_LIKE,
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([{"table": table["table"], **row} for table, row in rows]),
        numbers=("Matched", "Unmatched", "Difference in standard deviations"),
        groups="Contacts",
        notes=(
            "Beyond a tenth of a standard deviation the two groups are called different. What is found for matched "
            "customers then need not hold for the others.",
        ),
    )


def matched_part(found: Any) -> Row:
    """All that is known of the matching.

    Raises
    ------
    DesignError
        If nothing is.
    """
    coverage = part_of(found, "coverage", itself="claim_from")
    part = coverage if coverage is not None and "claim_from" in coverage else (coverage or {}).get("matching")
    if part is None:
        raise DesignError("There is no account of matched contacts (`coverage.matching`) to show in a table.")
    return part  # type: ignore[no-any-return]


def matching_in_words(about: Mapping[str, Any], say: Words) -> list[str]:
    """The share of matched contacts, and for whom totals are claimed, as sentences."""
    if not about["tables"]:
        why = in_plain_words(say.restated(plain(about["reason"]))).rstrip(".")
        return [f"How many social contacts are matched to customers cannot be told: {why}."]
    first = about["tables"][0]
    if first["matched"] is None:
        what, rest = few_in_words(first["few"], say.number(first["contacts"]), first["about"]), " The others"
    else:
        unmatched = first["contacts"] - first["matched"]
        what = (
            f"{say.share(first['share'], 1 if unmatched else 0)} of {say.number(first['contacts'])} {first['about']} "
            "are matched to a customer"
        )
        rest = f" The other {say.number(unmatched)}" if unmatched else ""
    if about["claims"] == "all":
        rest = f"{rest} add nothing to any total." if rest else ""
        return [f"{what}. Totals are of these customers and not scaled up.{rest}"]
    asked = say.share(about["claim_from"], 0)
    return [f"{what}, fewer than the {asked} asked for. {MATCHED_ONLY}"]


MATCHED_ONLY = "Totals hold for matched customers only, and nothing is claimed for the others."


def _further(about: Mapping[str, Any], say: Words) -> Iterator[str]:
    """Contacts of the other tables, customers nobody knows, names of several customers."""
    for table in about["tables"][1:]:
        if table["share"] is None:
            yield f"{few_in_words(table['few'], say.number(table['contacts']), table['about'])}."
        else:
            yield f"Of {say.number(table['contacts'])} {table['about']}, {say.share(table['share'], 1)} are matched."
    for table in about["tables"]:
        if table["strangers"] != 0:
            some = "Some" if table["strangers"] is None else say.number(table["strangers"])
            yield (
                f"{some} {table['about']} name a customer whom the table of customers does not have; they count as "
                "unmatched."
            )
        if table.get("early", 0) != 0:  # reports made before it was counted lack it
            some = "Some" if table["early"] is None else say.number(table["early"])
            yield f"{some} {table['about']} were answered before they came, by the times given: counted, not timed."
    for row in about["doubles"]:
        if row["several"] is None:
            yield f"Several {row['name']}: {_HIDDEN}."
        elif row["several"]:
            yield f"Several {row['name']}: {say.number(row['several'])} times; one: {say.number(row['one'])} times."


def _matched(say: Words, row: Mapping[str, Any]) -> str:
    """The matched; where only they are hidden, that is said in their place."""
    if row["matched"] is None:
        return NONE if row["contacts"] is None else _HIDDEN
    return say.number(row["matched"])


def _value(say: Words, row: Mapping[str, Any], side: str) -> str:
    value, of = row[side], row[f"of_{side}"]
    if value is None:
        return NONE
    whole = "" if of is None else f" (of {say.number(of)})"
    return f"{say.share(value) if row['unit'] == 'share' else say.amount(value, row['unit'])}{whole}"


def _difference(say: Words, row: Mapping[str, Any]) -> str:
    if row["difference"] is None:
        return NONE
    return f"{say.number(row['difference'], 2)}{' (different)' if row['apart'] else ''}"
