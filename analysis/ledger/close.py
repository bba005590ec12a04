"""What does closing a month write? The month's figures locked, and what changed in the months closed before.

A closed figure is never overwritten. Late news becomes an adjusting entry, and a notice where it is material; a
declared error becomes a restatement with its reason; another definition's figures stand beside the old ones. How
figures are compared is left to `differences`; nothing here reads or writes a file, that is left to `store`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from analysis import __version__
from analysis.foundation.calendar import Month
from analysis.foundation.errors import Fault, InputError, LockedPeriod, TooSoon
from analysis.ledger.closing import Closing, Materiality, Notice, Waiting
from analysis.ledger.differences import Differences, newest_versions
from analysis.ledger.entry import CloseEntry, Key, is_month, numbers_of, said, same
from analysis.ledger.held import Held, adds_up, state_of
from analysis.ledger.store import Ledger
from analysis.metrics.figure import Metric, MetricsResult

__all__ = ["Closing", "Materiality", "Notice", "Waiting", "close_month"]

MOST_NAMED = 20
"""How many faults of one kind a message names; the headline counts them all."""

MOST_REASONS = 3
"""How many reasons a message names why nothing of a month can be closed."""


def close_month(
    ledger: Ledger,
    figures: MetricsResult,
    *,
    month: Month,
    known_at: datetime,
    over_from: datetime,
    inputs: Mapping[str, str],
    params: str,
    code: str,
    materiality: Materiality | None = None,
    restate_reason: str | None = None,
    rules: Mapping[str, str] = MappingProxyType({}),
    rules_then: Mapping[str, str | None] = MappingProxyType({}),
) -> Closing:
    """What would closing this month write to the ledger?

    The first close may be of any month; earlier months among the figures enter with it, as opening entries. After it,
    months are closed in order. Each close compares every figure of the months closed before with what is held:

    - not held yet, since its window had to pass or its source is new: `lock`, as a figure of its own month;
    - changed: `adjust`, and a notice where it has moved past what is material from what readers were last told, so
      that many small changes add up. A part of a breakdown that is new to a closed month was held at nothing, one that
      is gone is at zero now, if the metric adds up;
    - changed, and `restate_reason` is given: `restate` with that reason, for all that differ, including parts of a
      breakdown that are new or gone;
    - counted by a newer definition: `redefine`, beside what the older one said;
    - no longer to be counted: a notice and no entry. That tables no longer tell a figure says nothing about its month,
      so what is held stands.

    A figure without a value, one that waits for its window and one that is an estimate are not locked. A month of which
    nothing can be locked is not closed.

    Closing a month again writes nothing if its figures are what was held at `known_at`, and is refused if they are not,
    unless an error is declared, in any closed month: then what differs in this one and in all other closed months among
    the figures, earlier and later, is restated, and nothing else is written.

    Figures counted by other rules than those of the last close are no late news: they are refused, unless they are
    declared as a restatement; then the new rules hold, even if no figure differs. A close that told no rules is not
    compared.

    Parameters
    ----------
    ledger : Ledger
    figures : MetricsResult
        As known at `known_at`; of this month, and of all months closed before if late news of them is to be booked.
    month : Month
    known_at, over_from : datetime
        Naive UTC: as of when the tables speak, and from when on the month can be closed.
    inputs : mapping of table to fingerprint
    params, code : str
        Fingerprints of parameters and package.
    materiality : Materiality, optional
    restate_reason : str, optional
        What was wrong, in a sentence.
    rules : mapping of name to value, optional
        What the figures were counted by: time zone, promised reply time, opening hours, currencies.
    rules_then : mapping of name to value, optional
        Of rules that may grow, such as opening hours with a new timetable: what today's say of the months closed
        before, None for nothing. It, and not what they say of this month, must be what the last close was counted by.

    Returns
    -------
    Closing
        Give it to `ledger.append`.

    Raises
    ------
    TooSoon
        If the month is not over.
    LockedPeriod
        If the month is closed and figures of it differ, naming each with both values.
    InputError
        If it is not the month's turn, the tables speak of an earlier date than the last close, a figure was counted by
        an older definition, by other rules or in another unit than is held, nothing of the month can be closed, or a
        restatement has no reason.

    Examples
    --------
    >>> from pathlib import Path
    >>> row = Metric(id="mentions", version=1, basis="action", period="2026-07", value=1000, unit="mentions")
    >>> ledger, figures = Ledger(Path("reports/ledger/care"), "care"), MetricsResult((row,), {}, "2026-07")
    >>> closing = close_month(
    ...     ledger, figures, month=Month.of("2026-07"),
    ...     known_at=datetime(2026, 8, 6), over_from=datetime(2026, 8, 6), inputs={"mentions": "sha256:..."},
    ...     params="sha256:...", code="sha256:...")
    >>> print(closing)
    2026-07 closed: 1 figure locked.
    """
    reason = None if restate_reason is None else " ".join(restate_reason.split())
    if reason == "":
        raise _fault("restatement", "has no reason", "Say in a sentence what was wrong.", "reason")
    if known_at < over_from:
        raise TooSoon(
            f"{month} cannot be closed yet: the tables speak as of {_day(known_at)}, and it can be closed from "
            f"{_day(over_from)} on. Until then its figures are provisional."
        )
    _check_turn(ledger, month, known_at, writes=month not in ledger.months or reason is not None)
    now = {**rules, **rules_then}
    other_rules = _other_rules(ledger, {name: value for name, value in now.items() if value is not None})
    if other_rules and reason is None:
        raise InputError(other_rules)
    rows = _rows(figures, max((month, *ledger.months)))
    if not any(key.period == str(month) for key in rows):
        raise _fault(str(month), "has no figure", "Compute figures of the month that is closed.", "no_figures")
    closed_already = month in ledger.months
    state = state_of(ledger, known_at)
    _check_definitions(rows, state)
    if closed_already and reason is None:
        _check_unchanged(month, rows, state)
        return Closing(month=month, known_at=known_at, entry=None)
    work = Differences(ledger, rows, state, month, known_at, inputs, materiality or Materiality(), reason)
    entries = work.entries()
    if not closed_already and all(one.key.month != month for one in entries):
        raise _nothing_to_close(month, work.waiting())
    if closed_already and not entries and not other_rules:
        return Closing(month=month, known_at=known_at, entry=None)
    first = not ledger.closes
    entry = CloseEntry(
        number=work.number,
        family=ledger.family,
        month=month,
        known_at=known_at,
        inputs=dict(sorted(inputs.items())),
        params=params,
        code=code,
        package=__version__,
        entries=len(entries),
        opening=tuple(sorted({one.key.month for one in entries} - {month})) if first else (),
        reason=reason,
        correction=closed_already,
        rules=dict(sorted(rules.items())),
    )
    return Closing(
        month=month,
        known_at=known_at,
        entry=entry,
        figures=entries,
        notices=work.notices(),
        waiting=work.waiting(),
        unseen=work.unseen(),
    )


def _rows(figures: MetricsResult, last: Month) -> dict[Key, Metric]:
    """The figures of single months up to `last`."""
    rows: dict[Key, Metric] = {}
    for row in figures.metrics:
        if not is_month(row.period) or last.named(row.period) > last:
            continue
        key = Key.of(row)
        if key in rows:
            raise ValueError(f"{key} was computed twice, with the same segment.")
        rows[key] = row
    return rows


def _check_turn(ledger: Ledger, month: Month, known_at: datetime, *, writes: bool) -> None:
    """Whether a month may be closed after those that are."""
    months = ledger.months
    if not months:
        return
    if month < months[0]:
        what = f"lies before {months[0]}, the first month that was closed"
        raise _fault(str(month), what, "Earlier months enter as opening entries, with the first close.", "before_first")
    if month > months[-1].plus(1):
        what = f"does not follow {months[-1]}, the last month that was closed"
        raise _fault(str(month), what, f"Close {months[-1].plus(1)} first: months are closed in order.", "not_its_turn")
    since = ledger.closes[-1].entry
    if not writes:
        since = next(close.entry for close in ledger.closes if close.entry.month == month)
    if known_at < since.known_at:
        what = f"the tables speak as of {_day(known_at)}, before {_day(since.known_at)}, when {since.month} was closed"
        remedy = "Close with tables that know at least as much, or a later `as_of`."
        raise _fault(str(month), what, remedy, "known_before")


def _other_rules(ledger: Ledger, rules: Mapping[str, str]) -> list[Fault]:
    """Where the rules figures are counted by differ from those of the last close."""
    last = ledger.closes[-1].entry if ledger.closes else None
    if last is None or not last.rules:
        return []
    remedy = (
        "Set it back; or, if the new one is to hold for the closed months as well, restate them: `--restate --reason`."
    )
    done = "restated" if last.correction else "closed"
    faults = []
    for name in sorted({*last.rules, *rules}):
        before, now = (f"`{of[name]}`" if name in of else "not set" for of in (last.rules, rules))
        if before != now:
            what = f"was {before} when {last.month} was {done}, and is {now} now"
            faults.append(Fault(where=name, what=what, remedy=remedy, rule="other_rules"))
    return faults


def _nothing_to_close(month: Month, waiting: Iterable[Waiting]) -> InputError:
    """Why nothing of a month can be locked, the commonest reasons first."""
    reasons: Counter[str] = Counter()
    for one in waiting:
        if one.month == month:
            reasons[one.reason] += one.figures
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    said = [f"{reason} ({count:,} {'figure' if count == 1 else 'figures'})" for reason, count in ordered]
    if len(said) > MOST_REASONS:
        said[MOST_REASONS:] = [f"and {len(said) - MOST_REASONS:,} more"]
    what = f"nothing of {month} can be closed: {'; '.join(said)}"
    return _fault("close", what, "Close it when the tables tell its figures.", "nothing_to_close")


def _check_definitions(rows: Mapping[Key, Metric], state: Mapping[Key, Held]) -> None:
    """Whether what was computed can stand beside what is held."""
    newest = newest_versions(state)
    faults: dict[tuple[str, str], Fault] = {}
    for key, row in rows.items():
        held = state.get(key)
        version = newest.get((key.metric, key.basis), 0)
        where = f"`{key.metric}`"
        if version > key.version:
            what = f"is held by version {version} of its definition, and was computed by version {key.version}"
            faults[key.metric, "version"] = Fault(
                where=where, what=what, remedy="Close with the newer release.", rule="older_definition"
            )
        elif held is not None and held.current.unit != row.unit:
            what = f"is held in {held.current.unit}, and was computed in {row.unit}"
            remedy = "Another unit is another definition: it needs a new version."
            faults[key.metric, "unit"] = Fault(where=where, what=what, remedy=remedy, rule="other_unit")
    if faults:
        raise InputError(faults.values())


def _check_unchanged(month: Month, rows: Mapping[Key, Metric], state: Mapping[Key, Held]) -> None:
    """Whether the figures of a closed month are what is held of them."""
    families = {key.family for key in state}
    remedy = (
        "A locked value is not overwritten: late news is booked by the next close; for an error, record a restatement "
        "with its reason, and both will be reported."
    )
    faults = []
    for key, row in sorted(rows.items()):
        if key.period != str(month) or row.value is None or not row.mature:
            continue
        held = state.get(key)
        if held is None:
            if key.family not in families or (row.value == 0 and adds_up(key.metric)):
                continue
            what = f"was closed without this part; it now computes to {said(row.value)}"
        elif all(same(one, other) for one, other in zip(numbers_of(row), held.current.numbers, strict=True)):
            continue
        else:
            first = held.history[0]
            what = f"was locked at {said(held.locked)} on {first.known_at:%Y-%m-%d}"
            if held.changes:
                what += f" and {held.state} to {said(held.value)}"
            what += f"; it now computes to {said(row.value)}"
            if same(row.value, held.value):
                what += f" from {said(row.numerator)} of {said(row.denominator)}"
                what += f", not {said(held.current.numerator)} of {said(held.current.denominator)}"
        faults.append(Fault(where=str(key), what=what, remedy=remedy, rule="locked_period"))
    if faults:
        count = "1 closed figure computes" if len(faults) == 1 else f"{len(faults):,} closed figures compute"
        first_named = "" if len(faults) <= MOST_NAMED else f" The first {MOST_NAMED}:"
        raise LockedPeriod(faults[:MOST_NAMED], f"{month} is closed, and {count} to something else.{first_named}")


def _fault(where: str, what: str, remedy: str, rule: str) -> InputError:
    return InputError(Fault(where=where, what=what, remedy=remedy, rule=rule))


def _day(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
