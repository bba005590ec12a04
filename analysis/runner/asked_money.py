"""Is what the case in money names there, and what does it lack? Told before any work is done.

Names that are in no table are slips of the pen, and stop the run with the nearest one there is. What the case lacks
besides leaves it out, with the reason; a plan says so beforehand. What is asked of studies is looked at in `asked`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError, Fault, did_you_mean
from analysis.runner.params_model import Params

if TYPE_CHECKING:
    from analysis.runner.study import Study
    from analysis.tables.load import Tables

SOURCES = ("unit_costs", "issues", "touchpoints")
"""Tables that name channels."""


def money_not_there(values: Params, tables: Tables, *, name: str) -> list[Fault]:
    """Which of the names that the case in money asks for are in none of the tables?

    Parameters
    ----------
    values : Params
    tables : Tables
    name : str
        How faults call the parameters file.
    """
    asked = values.roi
    if asked is None:
        return []
    faults = []
    if asked.ledger is not None:
        there = _names(tables, "series", "series_id")
        if asked.ledger.series not in there:
            what = f"there is no series `{asked.ledger.series}` in `series`"
            remedy = did_you_mean(asked.ledger.series, there) if there else "Add the table `series`, or take it out."
            faults.append(Fault(where=f"{name}: roi.ledger.series", what=what, remedy=remedy, rule="unknown_series"))
    named = {f"unit_costs.{channel}": channel for channel in asked.unit_costs}
    if asked.deflection is not None:
        named["deflection.channel"] = asked.deflection.channel
    channels = {channel for table in SOURCES for channel in _names(tables, table, "channel")} if named else set()
    for where, channel in named.items():
        if channels and channel not in channels:
            what, remedy = f"no table has a channel `{channel}`", did_you_mean(channel, channels)
            faults.append(Fault(where=f"{name}: roi.{where}", what=what, remedy=remedy, rule="unknown_channel"))
    return faults


def money_lacking(study: Study) -> str | None:
    """Why the case in money would be left out, as far as it can be told before the studies have run."""
    from analysis.roi.assembly import lacking
    from analysis.runner.plans_roi import roi_request

    try:
        said = lacking(roi_request(study), study.tables)
    except DesignError as error:
        return str(error)
    return " ".join(said) or None


def _names(tables: Tables, table: str, column: str) -> set[str]:
    if not tables.has_column(table, column):
        return set()
    query = f"select distinct {column} as name from {table} where {column} is not null"
    return {str(one) for one in tables.engine.query(query).column("name").to_pylist()}
