"""Can the months be closed as they were known then, where the parameters ask for it? Told before any work is done.

How they are closed is left to `rehearsal`, for which a rerun that changes nothing need not wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.foundation.errors import Fault

if TYPE_CHECKING:
    from analysis.runner.study import Study


def faults_of_rehearsal(study: Study) -> list[Fault]:
    """Whether months can be closed as they were known then, where the parameters ask for it."""
    if study.values.close.rehearsal and study.params.calendar is not None:
        where, what = f"{study.params.name}: close.rehearsal", "fiscal periods cannot be closed yet"
        return [Fault(where=where, what=what, remedy="Take it, or `period: calendar`, out.", rule="calendar")]
    if not study.values.close.rehearsal or not study.prepared.known_at_assumed:
        return []
    lacking = ", ".join(f"`{name}`" for name, one in study.prepared.accounts.items() if one.known_at_nulls)
    where, what = f"{study.params.name}: close.rehearsal", f"rows do not say since when they are known: {lacking}"
    remedy = "Take it out, and close months with `touchstone close`; or give the tables a column `known_at`."
    return [Fault(where=where, what=what, remedy=remedy, rule="known_at_missing")]
