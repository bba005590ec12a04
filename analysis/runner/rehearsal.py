"""What would closing every month have been like? Each in order, with what was known when it could first be closed.

The closes of a rehearsal lie in the report's own folder and are no record. How a month is closed is left to `closing`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month
from analysis.ledger.store import Ledger
from analysis.metrics.figure import MetricsResult
from analysis.runner.closing import compared, figures_until, over_from
from analysis.runner.family import family_of
from analysis.runner.reach import counted_by

if TYPE_CHECKING:
    from analysis.runner.progress import Progress
    from analysis.runner.study import Study

AT_ONCE = 2


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


def rehearse(
    study: Study, folder: Path, *, at_once: int = AT_ONCE, stopped: Callable[[], bool] = lambda: False
) -> Ledger:
    """Close the months of the period in order, each as it was known when it could first be closed.

    Months are counted side by side, `at_once` of them, and appended in order. What an earlier call left is kept and
    gone on from. Once it is `stopped`, no further month is closed.

    Raises
    ------
    InputError
        If the rows do not say when they became known.
    """
    ledger = Ledger.open(folder, family_of(study.name))
    months = _rehearsed(study)
    done = set(ledger.months)
    with ThreadPoolExecutor(at_once) as pool:
        waiting = [month for month in months if month not in done]
        for month, (figures, rules) in zip(waiting, pool.map(lambda one: _as_known(study, one), waiting), strict=True):
            if stopped():
                pool.shutdown(cancel_futures=True)
                break
            ledger = ledger.append(compared(study, ledger, figures, month, over_from(month, study.values), rules, None))
    return ledger


def _rehearsed(study: Study) -> tuple[Month, ...]:
    months = () if study.period is None else study.period.months()
    known_at = study.known_at
    first = study.values.close.first
    begin = Month.of(first) if first is not None else months[0] if months else None
    if begin is None or known_at is None:
        return ()
    return tuple(one for one in months if one >= begin and over_from(one, study.values) <= known_at)


def _as_known(study: Study, month: Month) -> tuple[MetricsResult, Mapping[str, str]]:
    with study.tables_as_known(over_from(month, study.values)) as tables:
        return figures_until(tables, study, None, month), counted_by(study.values, tables)
