"""Can one report stand before another, and what makes two hard to compare? Studies, periods, zones, currencies.

What a study may follow is decided strictly, before anything runs: `in_the_way`. Of any two reports that somebody names,
`doubts` says what a reader should know. Finding and reading reports is left to `previous`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Period
from analysis.reporting.formats import plain
from analysis.runner.family import family_of

if TYPE_CHECKING:
    from analysis.runner.params import StudyParams

_CURRENCY = re.compile(r"[A-Z]{3}")


def currencies_of(results: Mapping[str, Any]) -> set[str]:
    """The currencies a report's money is said in, as far as it says so.

    Examples
    --------
    >>> currencies_of({"roi": {"currency": "EUR"}, "effects": [{"unit": "EUR per customer"}, {"unit": "ratio"}]})
    {'EUR'}
    """
    found = {str((results.get("roi") or {}).get("currency"))}
    found |= {str(row.get("currency")) for row in results.get("incidents") or ()}
    found |= {str(row.get("unit")).partition(" per ")[0] for row in results.get("effects") or ()}
    return {one for one in found if _CURRENCY.fullmatch(one)}


def in_the_way(
    before: Mapping[str, Any], params: StudyParams, period: Period | None, currencies: set[str]
) -> Iterator[tuple[str, str]]:
    """Why a report cannot stand before a study's own: what was found, and the remedy.

    Parameters
    ----------
    before : mapping
        The `results.json` of the report, sound in form.
    params : StudyParams
    period : Period, optional
        What the study covers, where it is known.
    currencies : set of str
        Those of the study's money, as far as they are known.
    """
    span, zone = before.get("period"), params.values.period.timezone
    if span is not None and period is not None and str(span["end"]) > str(period.end):
        what = f"covers days up to {span['end']}, and this report only those before {period.end}: it is the later one"
        yield what, "Name the report before this one."
    if span is not None and span["timezone"] != zone:
        what = (
            f"counts days in {plain(span['timezone'], 60)}, and this report in {zone}: months begin at other instants"
        )
        yield what, "Give both one `period: timezone`, and make the earlier report anew."
    other = None if period is None else other_calendar(span, period.to_dict())
    if other is not None:
        yield f"{other}", "Count both by one `period: calendar`, and make the earlier report anew."
    money = currencies_of(before)
    if money and currencies and not money & currencies:
        what = f"is in {', '.join(sorted(money))}, and this report in {', '.join(sorted(currencies))}"
        yield what, "Nothing is converted: make both in one currency, or take the line out."


def other_calendar(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> str | None:
    """What tells two calendars apart, if months of one name are not the same days in both; a clause about the first."""
    if before is None or now is None:
        return None
    if ("calendar" in before) != ("calendar" in now):
        return f"counts by {'periods of a table' if 'calendar' in before else 'months'}, and this report does not"
    mine, yours = (
        {one["period"]: (one["first_day"], one["last_day"]) for one in given["calendar"]["periods"]}
        if "calendar" in given
        else {}
        for given in (before, now)
    )
    other = sorted(name for name in {*mine} & {*yours} if mine[name] != yours[name])
    return f"has other days for {plain(other[0], 20)}" if other else None


def doubts(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[str]:
    """What makes two reports hard to compare, as sentences; none where nothing does.

    Examples
    --------
    >>> later = {"study": "care-2026q3", "period": {"start": "2026-07-01", "end": "2026-10-01", "timezone": "UTC"}}
    >>> earlier = {"study": "care-2026q2", "period": {"start": "2026-04-01", "end": "2026-07-01", "timezone": "UTC"}}
    >>> list(doubts(earlier, later))
    []
    >>> print(*doubts(later, earlier))
    The first ends after the second: what is called earlier here is the later one. Name them the other way round.
    """
    spans = earlier.get("period"), later.get("period")
    families = [family_of(str(one.get("study"))) for one in (earlier, later)]
    if families[0] != families[1]:
        named = " and ".join(plain(family, 60) for family in families)
        yield f"They are of two families of studies, {named}: what differs need not have changed."
    if spans[0] is not None and spans[1] is not None:
        yield from _of_periods(earlier, later)
    money = [currencies_of(one) for one in (earlier, later)]
    if all(money) and not money[0] & money[1]:
        said = " and in ".join(", ".join(sorted(one)) for one in money)
        yield f"Money is in {said}: nothing is converted, and amounts cannot be compared."


def _of_periods(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[str]:
    before, after = earlier["period"], later["period"]
    round_about = "Name them the other way round."
    if before["end"] > after["end"]:
        yield f"The first ends after the second: what is called earlier here is the later one. {round_about}"
    elif before == after and str(earlier.get("known_at")) > str(later.get("known_at")):
        yield f"Both cover the same days, and the first knows of later news than the second. {round_about}"
    if before["timezone"] != after["timezone"]:
        zones = f"{plain(before['timezone'], 60)} and in {plain(after['timezone'], 60)}"
        yield f"Days are counted in {zones}: months of one name begin at other instants."
    other = other_calendar(before, after)
    if other is not None:
        yield f"Months of one name are not the same days: the first {other}.".replace("this report", "the second")
    if before["start"] < after["start"] < before["end"] < after["end"]:
        last = date.fromisoformat(before["end"]) - timedelta(days=1)
        yield (
            f"The periods overlap, from {after['start']} to {last}: figures of months in both are compared one by one, "
            "those of the whole periods are of other days."
        )
