"""Does the whole road give the same answer: files, contract, query engine, study? A few companies of each hazard.

Slower by far than arrays, and the road that a user's data take. The company is written to a folder of its own, read
back through the same door as any other, and the folder is gone afterwards.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.runner.proving.hazards import Hazard
from analysis.studies.channel import ChannelPlan, channel_effect

if TYPE_CHECKING:
    from analysis.studies.channel_result import ChannelResult

READ = ("customers", "orders", "issues", "touchpoints", "subscriptions")
"""The tables that the study reads."""


def result_through_files(
    hazard: Hazard, seed: int, customers: int, plan: ChannelPlan
) -> tuple[ChannelResult, Mapping[str, float]]:
    """Write a company, read it, study it.

    Parameters
    ----------
    hazard : Hazard
    seed, customers : int
    plan : ChannelPlan
        Its zone is set to the company's.

    Returns
    -------
    ChannelResult
    mapping of str to float
        The truth by name of the estimand, as `worlds` names them.
    """
    from dataclasses import replace

    from analysis.tables.load import Source, open_tables, prepare

    with tempfile.TemporaryDirectory(prefix="touchstone-prove-") as place:
        folder = Path(place) / "company"
        zone = _made(folder, hazard, seed, customers)
        truth = _truths(json.loads((folder / "truth.json").read_text(encoding="utf-8")))
        sources = [Source(folder / f"{name}.parquet") for name in READ if (folder / f"{name}.parquet").is_file()]
        with open_tables(prepare(sources, cache=Path(place) / "cache", zone=zone)) as tables:
            result = channel_effect(tables, replace(plan, zone=zone))
    return result, {name: truth[name] for name in hazard.estimands if name in truth}


def _made(folder: Path, hazard: Hazard, seed: int, customers: int) -> str:
    """Write the company; the time zone it lives in."""
    if hazard.firm:
        from analysis.synthetic.subscription_firm.dates import ZONE as FIRM_ZONE
        from analysis.synthetic.subscription_firm.tables import make_firm

        make_firm(folder, name=hazard.name, seed=seed, customers=customers)
        return FIRM_ZONE
    from analysis.synthetic.clock import ZONE
    from analysis.synthetic.make import make_world

    make_world(folder, world=hazard.name, seed=seed, customers=customers)
    return ZONE


def _truths(told: Mapping[str, list[dict[str, object]]]) -> dict[str, float]:
    found = {}
    for row in told["effects"]:
        segment = row["segment"]
        if row["estimand"] == "channel_effect" and isinstance(segment, dict) and len(segment) <= 1:
            where = "".join(f":{column}={value}" for column, value in segment.items())
            found[f"{row['outcome']}_{row['scale']}{where}"] = float(str(row["value"]))
    return found
