"""Is what the report rests on sound? The few checks that stand above every result, with passed or failed as words.

The gates of the answer, the sizes of randomised groups, the tables' faults, whether the whole window was seen, how
fresh the tables are, how many contacts have a customer, and the books. Reads nothing but `results.json`. What each
study's own checks found is left to its page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analysis.inference.compare import SAMPLE_RATIO_P
from analysis.reporting.case_words import case_of
from analysis.reporting.formats import plain
from analysis.reporting.naming import check_in_words, humanised, in_plain_words, verdict_in_words, verdict_of
from analysis.reporting.rows import Row, effect_rows
from analysis.reporting.settled import counted_months, is_interim
from analysis.reporting.summary.answer import headline
from analysis.reporting.summary.figures import matching_of
from analysis.reporting.summary.lists import listed_html, text
from analysis.reporting.tables.case_evidence import books_in_words
from analysis.reporting.tables.cells import readable
from analysis.reporting.tables.checks import SIGNS
from analysis.reporting.tables.matching import matching_in_words
from analysis.reporting.wording import Words
from analysis.tables.contract import SCHEMAS

MOST_AT_FAULT = 0.01
"""Share of a table's rows that may be set aside for faults before the check fails."""
_WORST = ("failed", "not_run", "cannot_be_known", "passed")
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Health:
    """One thing that was looked at before any result.

    What it was, its verdict ("passed", "failed", "not_run" or "cannot_be_known"), and what was seen.
    """

    asked: str
    verdict: str
    said: str

    def __str__(self) -> str:
        return f"{verdict_in_words(self.verdict)}: {self.asked}. {self.said}"


def health(results: Mapping[str, Any], say: Words) -> tuple[Health, ...]:
    """The health checks of a report, failed ones first; what does not apply is left out.

    Parameters
    ----------
    results : mapping
        What `results.json` holds.
    say : Words

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> health({"effects": [], "metrics": []}, words())
    ()
    """
    head = headline(results)
    found = [
        *_gates(head),
        *_sizes(results, say),
        *_rows(results, say),
        *_window(head, say),
        *_freshness(results, say),
        *_matched(results, say),
        *_false_alarms(results),
        *_books(results, say),
    ]
    return tuple(sorted(found, key=lambda one: _WORST.index(one.verdict)))


def health_html(found: tuple[Health, ...]) -> str:
    """The checks as a list: a sign, the verdict as a word, what was looked at, what was seen."""
    return listed_html(
        [
            f'<strong class="ts-verdict ts-{one.verdict.replace("_", "-")}">{SIGNS[one.verdict]} '
            f"{text(verdict_in_words(one.verdict))}</strong> <span>{text(one.asked)}. "
            f'<span class="ts-seen">{text(one.said)}</span></span>'
            for one in found
        ],
        most=len(found),
        kind="ts-checks",
    )


def _gates(head: Row | None) -> Iterator[Health]:
    """The checks that decide the grade of the answer."""
    if head is None or head["value"] is None:
        return
    gates = [(verdict_of(one), one) for one in head["checks"] if one.get("gate", True)]
    gates = [(verdict, one) for verdict, one in gates if verdict in _WORST]
    if not gates:
        return
    short = [(verdict, one) for verdict, one in gates if verdict != "passed"]
    all_passed = f"All {len(gates)} checks that decide its grade passed."
    said = (
        f"{len(gates) - len(short)} of the {len(gates)} checks that decide its grade passed." if short else all_passed
    )
    for verdict, one in short:
        said += f" “{check_in_words(one['name'], head.get('design'))}” {verdict_in_words(verdict)}."
    yield Health("The comparison behind the answer", _worst(verdict for verdict, _ in gates), said)


def _sizes(results: Mapping[str, Any], say: Words) -> Iterator[Health]:
    """The sizes of randomised groups against those planned (the sample ratio)."""
    found = {
        _by_chance(one, say): verdict_of(one)
        for row in effect_rows(results)
        if not row["segment"]
        for one in row.get("checks") or ()
        if one["name"] == "sample_ratio"
    }
    if found:
        yield Health(check_in_words("sample_ratio"), _worst(found.values()), _few(list(found), " "))


def _by_chance(check: Mapping[str, Any], say: Words) -> str:
    """The sizes of the groups, and how often chance alone sets them so far apart."""
    sizes, told, _ = str(check["detail"]).partition("; p = ")
    if not told or check.get("p_value") is None:
        return readable(say, check["detail"], 300)
    return (
        f"{readable(say, sizes, 240)}; chance alone sets them this far apart in {say.chance(check['p_value'])} of "
        f"draws, and fewer than {say.share(SAMPLE_RATIO_P, 1)} counts as a fault."
    )


def _rows(results: Mapping[str, Any], say: Words) -> Iterator[Health]:
    """Rows that were set aside for faults, and rows that do not count by the rules of their table."""
    tables: Mapping[str, Any] = results.get("rows") or {}
    if not tables:
        return
    faults: list[str] = []
    rules: list[str] = []
    worst = 0.0
    for name, account in sorted(tables.items()):
        by_rule = set(SCHEMAS[name].set_aside) if name in SCHEMAS else set()
        aside: Mapping[str, int] = account.get("set_aside") or {}
        for reason, count in sorted(aside.items()):
            what = f"{say.number(count)} of {say.number(account['read'])} rows of {humanised(name).lower()}"
            (rules if reason in by_rule else faults).append(f"{what} ({in_plain_words(plain(reason, 80))})")
            if reason not in by_rule and account["read"]:
                worst = max(worst, count / account["read"])
    said = f"{_counted(len(tables), 'table was', 'tables were')} read; "
    said += f"left out for faults: {_few(faults)}." if faults else "no row was left out for a fault."
    if rules:
        said += f" Not counted, by the rules of the tables: {_few(rules)}."
    yield Health("The tables", "failed" if worst > MOST_AT_FAULT else "passed", said)


def _window(head: Row | None, say: Words) -> Iterator[Health]:
    """Whether the whole time after the contact was seen."""
    if head is None or head["value"] is None or not head.get("index_to") or not head.get("after_months"):
        return
    first, last = head["index_from"], head["index_to"]
    whom = f"customers of {say.months(first, last)}"
    if is_interim(head):
        yield Health("The whole window was seen", "failed", f"The time after is not over for all {whom}.")
        return
    yield Health(
        "The whole window was seen",
        "passed",
        f"All {whom} behind the answer were followed for {counted_months(head['after_months'])}.",
    )


def _freshness(results: Mapping[str, Any], say: Words) -> Iterator[Health]:
    """Whether the tables reach the end of the period."""
    period, known = results.get("period"), results.get("known_at")
    if not isinstance(period, Mapping) or not known:
        return
    try:
        end = date.fromisoformat(period["end"])
        moment = datetime.fromisoformat(str(known)).astimezone(ZoneInfo(period["timezone"]))
    except (KeyError, TypeError, ValueError, OSError):
        return
    last = say.day(end - timedelta(days=1))
    reached = moment.date() >= end
    said = f"They stand as they were known on {say.day(moment.date())}; the period ends with {last}."
    said += "" if reached else " Its end is not in them."
    yield Health("The tables reach the end of the period", "passed" if reached else "failed", said)


def _matched(results: Mapping[str, Any], say: Words) -> Iterator[Health]:
    """How many social contacts have a customer."""
    about = matching_of(results)
    if about:
        verdict = "not_run" if not about["tables"] else "passed" if about["claims"] == "all" else "failed"
        yield Health("Contacts have a customer", verdict, " ".join(matching_in_words(about, say)))


def _false_alarms(results: Mapping[str, Any]) -> Iterator[Health]:
    """More false alarms than allowed where nothing was done; that there were not is told on the page of the plan."""
    rows = [one for one in (results.get("coverage") or {}).get("a_a") or () if one.get("too_many")]
    if rows:
        said = f"{_counted(len(rows), 'comparison', 'comparisons')} raised more, on the page of the planned test."
        yield Health(check_in_words("a_a_false_alarms"), "failed", said)


def _books(results: Mapping[str, Any], say: Words) -> Iterator[Health]:
    """Whether support cost agrees with the books."""
    roi = results.get("roi")
    if not roi or "ledger" not in roi or "claim" not in roi:
        return
    tied = roi["ledger"]
    verdict = "not_run" if tied is None or tied["share"] is None else "passed" if tied["tied_out"] else "failed"
    yield Health("Cost agrees with the books", verdict, books_in_words(say, case_of(roi)))


def _worst(verdicts: Any) -> str:
    found = [verdict for verdict in verdicts if verdict in _WORST]
    return min(found, key=_WORST.index, default="not_run")


def _few(said: list[str], between: str = "; ") -> str:
    rest = len(said) - _MOST_NAMED
    return between.join(said) if rest <= 0 else between.join(said[:_MOST_NAMED]) + f"; and {rest} more"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
