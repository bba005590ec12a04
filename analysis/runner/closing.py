"""How is a month closed, and what do the closed months hold? From a parameters file to the ledger, and back.

The figures are counted as they were known, compared with what is held and appended in one step. What a close holds is
left to the ledger; nothing here changes an entry.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month, local_midnight, months_between
from analysis.foundation.errors import DesignError, Fault, InputError, ParamsError
from analysis.ledger.chain import Verdict, verify
from analysis.ledger.close import Closing, Materiality, close_month
from analysis.ledger.month import MonthClose, month_shown
from analysis.ledger.store import Ledger
from analysis.metrics.bases import STORE, activity
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Rules
from analysis.metrics.figure import MetricsResult
from analysis.runner.params_model import Params
from analysis.tables.opened import Tables

if TYPE_CHECKING:
    from analysis.runner.progress import Progress
    from analysis.runner.study import Study

LEDGER = "ledger"
AT_ONCE = 2
_PERIOD = re.compile(r"(?:^|[-_.])(?:19|20)\d\d(?:[-_.]?(?:q[1-4]|0[1-9]|1[0-2]))?$", re.IGNORECASE)


def family_of(study: str) -> str:
    """Which record do the months of a study belong to? Its name without its period.

    Examples
    --------
    >>> [family_of(name) for name in ("care-2026q3", "care-2026-09", "care_2026", "demo", "2026q3")]
    ['care', 'care', 'care', 'demo', 'study']
    """
    return _PERIOD.sub("", study) or "study"


def rules_of(values: Params) -> Rules:
    """What the parameters say of how figures are counted."""
    return Rules(windows=values.metrics.windows, sla_seconds=values.metrics.sla_seconds)


def month_named(text: str) -> Month:
    """The month a person wrote.

    Raises
    ------
    ParamsError
        If it is none.
    """
    try:
        return Month.of(text)
    except ValueError as error:
        fault = Fault(
            where="period", what=f"`{text[:40]}` is no month", remedy="Months are closed one by one: write 2026-09.",
            rule="month",
        )  # fmt: skip
        raise ParamsError(fault) from error


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
    if restate and not (reason or "").strip():
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
        lines = [str(self.closing), *(f"  {notice}" for notice in self.closing.notices)]
        if self.closing.unseen:
            months = ", ".join(str(month) for month in self.closing.unseen)
            lines.append(f"  Not compared, since the tables say nothing of them: {months}.")
        waiting = sorted({(one.metric, str(one.month)) for one in self.closing.waiting})
        if waiting:
            named = ", ".join(f"{metric} of {month}" for metric, month in waiting)
            lines.append(f"  Closed when their windows have passed: {named}.")
        return "\n".join([*lines, f"Closed months: {self.ledger.folder}"])


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
    held = Ledger.open(ledger or study.ledger_folder, family_of(study.name))
    known_at = study.known_at
    if known_at is None:
        raise DesignError("No table has dates, so no month can be closed.")
    figures = _figures(study.tables, study, held, month)
    closing = _closing(study, held, figures, month, known_at, restate_reason)
    return Closed(month, held.append(closing), closing)


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the closed months of one family hold."""

    folder: Path
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Whether every entry holds."""
        return self.verdict.holds

    def to_dict(self) -> dict[str, Any]:
        """The verdict for programs."""
        one = self.verdict
        fault = None if one.fault is None else str(one.fault)
        return {
            "ledger": str(self.folder),
            "holds": one.holds,
            "entries": one.entries,
            "closes": one.closes,
            "head": one.head or None,
            "fault": fault,
        }

    def __str__(self) -> str:
        return f"{self.folder}: {self.verdict}"


def verified(folder: Path | None, here: Path) -> list[Verified]:
    """Whether records of closed months hold: the one named, or all families under `reports/ledger`.

    Raises
    ------
    InputError
        If there is none.
    """
    if folder is not None:
        folders = [folder]
    else:
        families = here / "reports" / LEDGER
        folders = sorted(one for one in families.iterdir() if one.is_dir()) if families.is_dir() else []
    there = [one for one in folders if one.is_dir()]
    if not there:
        what = "there are no closed months" if folder is None else "there is no such folder"
        where = str(folder or here / "reports" / LEDGER)
        raise InputError(Fault(where=where, what=what, remedy="Name the folder of a family.", rule="no_ledger"))
    return [Verified(one, verify(one)) for one in there]


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
    known_at = study.known_at
    if known_at is None:
        raise DesignError("No table has dates, so no month can be closed.")
    if known_at < over_from(month, study.values):
        figures = MetricsResult((), {}, str(month))
    else:
        figures = _figures(study.tables, study, ledger, month)
    return _closing(study, ledger, figures, month, known_at, None)


def rehearse_closes(study: Study, progress: Progress) -> None:
    """Where the parameters ask for it, close the months of the period in the study's own folder before its steps run.

    Raises
    ------
    InputError
        If the rows do not say when they became known.
    """
    if not study.values.close.rehearsal:
        return
    progress.begin("closes")
    begun = time.monotonic()
    ledger = rehearse(study, study.ledger_folder)
    progress.end("closes", "done", time.monotonic() - begun)
    progress.say(f"{len(ledger.months)} months closed in order, each as it was known then.")


def rehearse(study: Study, folder: Path) -> Ledger:
    """Close the months of the period in order, each as it was known when it could first be closed.

    Months are counted side by side, and appended in order. What an earlier call left is kept and gone on from.

    Raises
    ------
    InputError
        If the rows do not say when they became known.
    """
    ledger = Ledger.open(folder, family_of(study.name))
    months = _rehearsed(study)
    done = set(ledger.months)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [month for month in months if month not in done]
        for month, figures in zip(waiting, pool.map(lambda one: _as_known(study, one), waiting), strict=True):
            closing = _closing(study, ledger, figures, month, over_from(month, study.values), None)
            ledger = ledger.append(closing)
    return ledger


def _rehearsed(study: Study) -> tuple[Month, ...]:
    months = () if study.period is None else study.period.months()
    known_at = study.known_at
    first = study.values.close.first
    begin = Month.of(first) if first is not None else months[0] if months else None
    if begin is None or known_at is None:
        return ()
    return tuple(one for one in months if one >= begin and over_from(one, study.values) <= known_at)


def _as_known(study: Study, month: Month) -> MetricsResult:
    with study.tables_as_known(over_from(month, study.values)) as tables:
        return _figures(tables, study, None, month)


def _figures(tables: Tables, study: Study, ledger: Ledger | None, month: Month) -> MetricsResult:
    """All figures of the months up to this one."""
    months = () if study.period is None else study.period.months()
    begins = [month, *months[:1], *(ledger.months[:1] if ledger is not None else ())]
    return care_metrics(
        tables,
        months=months_between(min(begins), month),
        zone=study.values.period.timezone,
        rules=rules_of(study.values),
    )


def _closing(
    study: Study, ledger: Ledger, figures: MetricsResult, month: Month, known_at: datetime, reason: str | None
) -> Closing:
    provenance = study.base["provenance"]
    return close_month(
        ledger,
        figures,
        month=month,
        known_at=known_at,
        over_from=over_from(month, study.values),
        inputs={name: account.fingerprint for name, account in study.prepared.accounts.items()},
        params=provenance["params"],
        code=provenance["code"],
        materiality=Materiality(share=study.values.close.materiality),
        restate_reason=reason,
    )
