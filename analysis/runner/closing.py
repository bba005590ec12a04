"""How is a month closed, and what do the closed months hold? From a parameters file to the ledger, and back.

The figures are counted as they were known, compared with what is held and appended in one step. What a close holds is
left to the ledger; nothing here changes an entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month, iso, local_midnight, months_between
from analysis.foundation.errors import DesignError, Fault, InputError, ParamsError
from analysis.foundation.fiscal import is_fiscal
from analysis.foundation.provenance import canonical_json, fingerprint_of_bytes
from analysis.ledger.close import Closing, Materiality, Waiting, close_month
from analysis.ledger.held import state_of
from analysis.ledger.month import MonthClose, month_shown
from analysis.ledger.store import Ledger
from analysis.metrics.bases import STORE, activity
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Rules
from analysis.metrics.figure import MetricsResult
from analysis.reporting.formats import plain, shown_lines
from analysis.runner.family import family_of
from analysis.runner.params_model import Params
from analysis.runner.publish import must_lie_apart
from analysis.runner.reach import as_far_as_told, counted_by
from analysis.runner.reading import PARAMS
from analysis.tables.opened import Tables

if TYPE_CHECKING:
    from analysis.runner.study import Study

MOST_NOTICES = 20
LONGEST_REASON = 500
AHEAD = timedelta(days=100)
"""How far past the tables' own time a close may be dated: more is a slip of the pen, and dates never run backwards."""
READ_BY_CLOSES = ("study", "period", "as_of", "data", "metrics", "close")
"""The keys of the parameters that a close reads; a rehearsal that reads another one is a fault of ours, and tested."""


def rules_of(values: Params) -> Rules:
    """What the parameters say of how figures are counted."""
    return Rules(windows=values.metrics.windows, sla_seconds=values.metrics.sla_seconds, schedule=values.opening_hours)


def month_named(text: str) -> Month:
    """The month a person wrote.

    Raises
    ------
    ParamsError
        If it is none.
    """
    if is_fiscal(text):
        raise _fiscal_close()
    try:
        return Month.of(text)
    except ValueError as error:
        fault = Fault(
            where="period", what=f"`{text[:40]}` is no month", remedy="Months are closed one by one: write 2026-09.",
            rule="month",
        )  # fmt: skip
        raise ParamsError(fault) from error


def _fiscal_close() -> DesignError:
    return DesignError(
        "Months are closed by the civil calendar alone: the record of closed months cannot hold fiscal periods, and "
        "with both in it days would be there twice. Close months from a parameters file without `period: calendar`."
    )


def over_from(month: Month, values: Params) -> datetime:
    """From when on a month can be closed: `grace_days` past its end in the reporting zone, as naive UTC."""
    end = local_midnight(month.plus(1).first_day, values.period.timezone)
    return end + timedelta(days=values.close.grace_days)


def reason_given(restate: bool, reason: str | None) -> str | None:
    """The reason of a restatement; None where none is asked for.

    Raises
    ------
    ParamsError
        If a restatement comes without a reason, or a reason without a restatement.
    """
    if reason is not None and (len(reason) > LONGEST_REASON or reason != shown_lines(reason) or "\n" in reason):
        what, remedy = "is no sentence", f"Write one line of at most {LONGEST_REASON} letters."
    elif restate and not (reason or "").strip():
        what, remedy = "a restatement has no reason", "Say with `--reason` what was wrong; it stands in the record."
    elif reason is not None and not restate:
        what, remedy = "a reason without a restatement", "Give `--restate` as well, or leave `--reason` out."
    else:
        return reason
    raise ParamsError(Fault(where="--reason", what=what, remedy=remedy, rule="reason"))


@dataclass(frozen=True, slots=True)
class Closed:
    """What a close wrote, and where."""

    month: Month
    ledger: Ledger
    closing: Closing

    def to_dict(self) -> dict[str, Any]:
        """The close for programs."""
        return {**self.closing.to_parts()["close"], "ledger": str(self.ledger.folder), "head": self.ledger.head}

    def __str__(self) -> str:
        lines = [str(self.closing)]
        if self.closing.entry is not None and self.closing.entry.number == 1:
            lines.append(f"  A record of closed months begins: {self.ledger.family}.")
        whole = [notice for notice in self.closing.notices if not notice.key.segment]
        lines += [f"  {shown_lines(str(notice))}" for notice in whole[:MOST_NOTICES]]
        rest = len(self.closing.notices) - len(whole[:MOST_NOTICES])
        if rest:
            lines.append(f"  {rest:,} further notices, of parts and of other figures: see --json, or the report.")
        if self.closing.unseen:
            months = ", ".join(str(month) for month in self.closing.unseen)
            lines.append(f"  Not compared, since the tables say nothing of them: {months}.")
        lines += [f"  Not closed, {line}." for line in _waiting(self.closing.waiting)]
        return "\n".join([*lines, f"Closed months: {self.ledger.folder}"])


def _waiting(waiting: Sequence[Waiting]) -> list[str]:
    """What is not closed yet, a line for each reason."""
    found: dict[str, dict[str, list[Month]]] = {}
    for one in waiting:
        found.setdefault(one.reason, {}).setdefault(one.metric, []).append(one.month)
    lines = []
    for reason, metrics in found.items():
        named = [
            f"{metric} of {months[0]}" if len(months) == 1 else f"{metric} ({len(months)} months)"
            for metric, months in sorted(metrics.items())
        ]
        lines.append(f"{plain(reason)}: {', '.join(named)}")
    return lines


def close_study(study: Study, month: Month, *, ledger: Path | None = None, restate_reason: str | None = None) -> Closed:
    """Close a month of a study: count, compare with what is held, append.

    Parameters
    ----------
    study : Study
    month : Month
    ledger : Path, optional
        The folder of the ledger; default that of the study's family.
    restate_reason : str, optional
        Why figures that differ were wrong; they are restated, with the old ones kept.

    Raises
    ------
    InputError
        If the month is not over, is closed already, or cannot be counted. Nothing is written.
    """
    if study.params.calendar is not None:
        raise _fiscal_close()
    folder = _place(study, ledger)
    held = Ledger.open(folder, family_of(study.name))
    known_at = _dated(study)
    first = study.values.close.first
    if first is not None and not held.months and str(month) != first:
        what = f"the record of closed months begins with {first}"
        remedy = f"Close {first} first, or change `close: first`."
        raise InputError(Fault(where=str(month), what=what, remedy=remedy, rule="first_month"))
    figures = figures_until(study.tables, study, held, month)
    rules = counted_by(study.values, study.tables)
    told = told_of(study, study.tables, held, figures, month)
    params = study.params.fingerprint()
    closing = compared(study, held, told, month, known_at, rules, restate_reason, params=params)
    return Closed(month, held.append(closing), closing)


def _place(study: Study, ledger: Path | None) -> Path:
    """Where a close is written: never among the data, and not into a rehearsal."""
    if study.values.close.rehearsal:
        raise ParamsError(
            Fault(
                where=f"{study.params.name}: close.rehearsal",
                what="the closes of a rehearsal are made by the report, and not kept",
                remedy="Take `rehearsal` out to close months for good.",
                rule="rehearsal",
            )
        )
    folder = ledger or study.ledger_folder
    must_lie_apart(folder, [source.path for source in study.params.sources()], option="--ledger")
    return folder


def _dated(study: Study) -> datetime:
    known_at, latest = study.known_at, study.prepared.known_at
    if known_at is None or latest is None:
        raise DesignError("No table has dates, so no month can be closed.")
    if known_at > latest + AHEAD:
        what = f"lies more than {AHEAD.days} days after {iso(latest)}, to which the tables reach"
        where = f"{study.params.name}: as_of"
        raise ParamsError(Fault(where=where, what=what, remedy="Look at the year.", rule="as_of"))
    return known_at


def shown_close(study: Study, months: Sequence[Month]) -> MonthClose:
    """The close of the last month of a report that is over: as it is held; else on trial, with nothing kept.

    Raises
    ------
    InputError
        If the closed months do not hold.
    """
    ledger, known_at = study.ledger, study.known_at
    over = [one for one in months if known_at is not None and over_from(one, study.values) <= known_at]
    month = over[-1] if over else months[-1]
    notes = [f"{one} is not over yet: its figures are provisional." for one in months if one > month]
    closing, reason = None, None
    if month not in ledger.months:
        try:
            closing = _trial(study, ledger, month)
        except (DesignError, InputError) as error:
            reason = str(error)
    zone = study.values.period.timezone
    has_posts = any(study.tables.has(name) for name in STORE)
    return month_shown(
        ledger,
        month,
        closing=closing,
        reason=reason,
        activity=activity(study.tables, months, zone) if has_posts else None,
        known_until=known_at,
        notes=notes,
    )


def _trial(study: Study, ledger: Ledger, month: Month) -> Closing:
    if study.params.calendar is not None:
        raise _fiscal_close()
    known_at = _dated(study)
    if known_at < over_from(month, study.values):
        figures = MetricsResult((), {}, str(month))
    else:
        figures = figures_until(study.tables, study, ledger, month)
    told = told_of(study, study.tables, ledger, figures, month)
    return compared(study, ledger, told, month, known_at, counted_by(study.values, study.tables), None)


def figures_until(tables: Tables, study: Study, ledger: Ledger | None, month: Month) -> MetricsResult:
    """All figures of the months up to this one, and of all months closed before."""
    months = () if study.period is None else study.period.months()
    closed = ledger.months if ledger is not None else ()
    return care_metrics(
        tables,
        months=months_between(min((month, *months[:1], *closed[:1])), max((month, *closed[-1:]))),
        zone=study.values.period.timezone,
        rules=rules_of(study.values),
    )


def told_of(study: Study, tables: Tables, ledger: Ledger, figures: MetricsResult, month: Month) -> MetricsResult:
    """Figures that were counted from these tables, less what the tables tell only in part."""
    zone = study.values.period.timezone
    return as_far_as_told(figures, tables, month=month, zone=zone, held=frozenset(state_of(ledger)))


def bearing_on_closes(study: Study) -> str:
    """The hash of those parameters that a close reads.

    A close on trial, or of a rehearsal, says of which parameters it is made by these alone: it is no record, and
    another assumption of the case in money does not make it another close.
    """
    for key in READ_BY_CLOSES:
        study.reads.note(f"{PARAMS}{key}")
    with study.reads.paused():
        given = study.params.canonical()
    return fingerprint_of_bytes(canonical_json({key: given[key] for key in READ_BY_CLOSES}))


def compared(
    study: Study,
    ledger: Ledger,
    figures: MetricsResult,
    month: Month,
    known_at: datetime,
    rules: Mapping[str, str],
    reason: str | None,
    *,
    params: str | None = None,
) -> Closing:
    """The close of figures, beside what is held. Tables that tell no currency speak in that of the last close.

    `params` is the hash of the parameters that the record names; by default that of those which bear on a close.
    """
    before = ledger.closes[-1].entry.rules if ledger.closes else {}
    if "currency" in before:
        rules = {"currency": before["currency"], **rules}
    opening_hours = study.values.opening_hours
    rules_then: dict[str, str | None] = {}
    if opening_hours is not None:
        rules_then = {"schedule": None}
        if ledger.months and "schedule" in before:
            rules_then = {"schedule": opening_hours.before(max(ledger.months).plus(1).first_day)}
        now = opening_hours.before(max((month, *ledger.months)).plus(1).first_day)
        rules = {**rules, "schedule": now} if now is not None else rules
    return close_month(
        ledger,
        figures,
        month=month,
        known_at=known_at,
        over_from=over_from(month, study.values),
        inputs={name: account.fingerprint for name, account in study.prepared.accounts.items()},
        params=bearing_on_closes(study) if params is None else params,
        code=study.code,
        rules=rules,
        rules_then=rules_then,
        materiality=Materiality(share=study.values.close.materiality),
        restate_reason=reason,
    )
