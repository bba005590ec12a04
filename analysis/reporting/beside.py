"""What did the other studies of a report find, beside the one that answers its question?

For the first page: one finding of each further comparison of customers, by fixed rules, never by its size; and what
the figures did after the company's own changes, change by change, the latest first. The answer itself is left to
`analysis.reporting.summary`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.foundation.errors import DesignError
from analysis.reporting.changes import change_finding, changes_studied, entries_of, step_rows
from analysis.reporting.formats import plain
from analysis.reporting.naming import in_plain_words, outcome_in_words
from analysis.reporting.parties import said_of
from analysis.reporting.rows import Row
from analysis.reporting.wording import Words, evidence_in_words

COMPARISONS = ("channel_effect", "service_effect", "adoption_effect", "user_effect", "total_effect")
"""Comparisons of which one finding stands on the first page, whatever answers it."""
MOST_CHANGES = 4


def other_findings(chosen: Sequence[Row], head: Row | None, say: Words) -> tuple[str, ...]:
    """The first claimed effect of each comparison but the one that is the answer, with how far it can be believed.

    Parameters
    ----------
    chosen : sequence of rows
        Effects on all customers, those to be named first before the others.
    head : mapping, optional
        The answer.
    say : Words
    """
    found: dict[str, Row] = {}
    for row in chosen:
        asked = row["estimand"]
        if row["value"] is not None and asked in COMPARISONS and (head is None or asked != head["estimand"]):
            found.setdefault(asked, row)
    rows = [found[asked] for asked in COMPARISONS if asked in found]
    return tuple(f"{say.finding(row)} {evidence_in_words(row, say)}" for row in rows)


def after_changes(results: Mapping[str, Any], say: Words) -> tuple[str, ...]:
    """What the figures did after each change, clear or not; the latest changes, and how many came before."""
    rows = step_rows(results)
    if not rows:
        return ()
    try:
        entries = entries_of(results)
    except DesignError:
        entries = []
    changes = changes_studied(rows, entries)[::-1]
    told = [
        in_plain_words(plain(change_finding(say, mine, entries, change), 900))
        for change in changes[:MOST_CHANGES]
        for mine in [[row for row in rows if str(row["treated"]) == change]]
    ]
    rest = len(changes) - MOST_CHANGES
    if rest > 0:
        many = "change stands" if rest == 1 else "changes stand"
        told.append(f"{rest} earlier {many} on the page of the change log.")
    return tuple(told)


def outcome_of(row: Row) -> str:
    """What a key figure is called: its outcome, per whom, and of which comparison where several could be meant.

    Examples
    --------
    >>> outcome_of({"design": "service_effect", "treated": "answered_in_time", "outcome": "orders",
    ...             "scale": "difference", "unit": "orders per customer"})
    'Orders per customer, answered in time'
    """
    question = said_of(row).question
    if not question:
        return outcome_in_words(row["outcome"]).label
    each = " per customer" if row["scale"] == "difference" and str(row["unit"]).endswith(" per customer") else ""
    return f"{outcome_in_words(row['outcome']).label}{each}, {question}"
