"""Does the whole road give the same answer: files, contract, query engine, study? A few companies of each hazard.

Slower by far than arrays, and the road that a user's data take. The company is written to a folder of its own, read
back through the same door as any other, and the folder is gone afterwards.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.runner.proving.hazards import CONTACTS, Hazard

if TYPE_CHECKING:
    from analysis.studies.adoption.plan import AdoptionPlan
    from analysis.studies.adoption.result import AdoptionResult
    from analysis.studies.channel import ChannelPlan
    from analysis.studies.channel_result import ChannelResult
    from analysis.studies.service.plan import ServicePlan
    from analysis.studies.service.result import ServiceResult
    from analysis.tables.load import Tables

READ = ("customers", "orders", "issues", "touchpoints", "subscriptions", "assignments")
"""The tables that studies read."""


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
    from analysis.studies.channel import channel_effect

    with tempfile.TemporaryDirectory(prefix="touchstone-prove-") as place:
        folder = Path(place) / "company"
        zone = _made(folder, hazard, seed, customers)
        truth = _truths(folder, "channel_effect")
        with _opened(folder, zone) as tables:
            result = channel_effect(tables, replace(plan, zone=zone))
    return result, {name: truth[name] for name in hazard.estimands if name in truth}


def service_through_files(
    hazard: Hazard, seed: int, customers: int, plan: ServicePlan
) -> tuple[ServiceResult, Mapping[str, float]]:
    """The same for a company with a queue and the study of the service effect."""
    from analysis.studies.service.study import service_effect
    from analysis.synthetic.queue_desk import write_queue_company

    with tempfile.TemporaryDirectory(prefix="touchstone-prove-") as place:
        folder = Path(place) / "company"
        write_queue_company(folder, hazard.name, seed, customers)
        with _opened(folder, plan.zone) as tables:
            return service_effect(tables, plan), _truths(folder, "service_effect")


def adoption_through_files(
    hazard: Hazard, seed: int, customers: int, plan: AdoptionPlan
) -> tuple[AdoptionResult, Mapping[str, float]]:
    """The same for the study of adoption: a roll-out, or the first contacts of a company of the first generator."""
    from analysis.studies.adoption.study import adoption_effect
    from analysis.synthetic.clock import ZONE
    from analysis.synthetic.make import make_world
    from analysis.synthetic.roll_out_folder import ZONE as ROLL_OUT_ZONE
    from analysis.synthetic.roll_out_folder import write_roll_out

    contacts = hazard.name.startswith(CONTACTS)
    with tempfile.TemporaryDirectory(prefix="touchstone-prove-") as place:
        folder = Path(place) / "company"
        if contacts:
            make_world(folder, world=hazard.name.removeprefix(CONTACTS), seed=seed, customers=customers)
        else:
            write_roll_out(folder, hazard.name, seed, customers)
        zone = ZONE if contacts else ROLL_OUT_ZONE
        with _opened(folder, zone) as tables:
            result = adoption_effect(tables, replace(plan, zone=zone))
        return result, _truths(folder, "channel_effect" if contacts else "adoption_effect")


@contextmanager
def _opened(folder: Path, zone: str) -> Iterator[Tables]:
    """The tables of a company, through the contract."""
    from analysis.tables.load import Source, open_tables, prepare

    sources = [Source(folder / f"{name}.parquet") for name in READ if (folder / f"{name}.parquet").is_file()]
    with open_tables(prepare(sources, cache=folder.parent / "cache", zone=zone)) as tables:
        yield tables


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


def _truths(folder: Path, estimand: str) -> dict[str, float]:
    """What is true of a company by name of the estimand: of all customers, and of each part by one attribute."""
    found = {}
    for row in json.loads((folder / "truth.json").read_text(encoding="utf-8"))["effects"]:
        segment = row["segment"]
        if row["estimand"] == estimand and isinstance(segment, dict) and len(segment) <= 1:
            where = "".join(f":{column}={value}" for column, value in segment.items())
            found[f"{row['outcome']}_{row['scale']}{where}"] = float(str(row["value"]))
    return found
