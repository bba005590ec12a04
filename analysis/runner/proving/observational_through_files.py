"""Does the whole road of the observational study give the same answer: files, contract, query engine, the study itself?

Customers are written to a folder of their own, read back through the same door as any other, and studied by the
function that serves tables.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.studies.observational.study import observational_effect
from analysis.synthetic.clock import ZONE
from analysis.synthetic.make import make_world
from analysis.synthetic.user_folder import ZONE as USERS_ZONE
from analysis.synthetic.user_folder import write_users
from analysis.tables.load import Source, open_tables, prepare

if TYPE_CHECKING:
    from analysis.studies.observational.plan import ObservationalPlan
    from analysis.studies.observational.result import ObservationalResult

READ = ("customers", "orders", "issues", "touchpoints", "assignments", "outcomes")
"""The tables that the study reads."""
_TRUE = ("user_effect", "channel_effect")


def observational_through_files(
    world: str, seed: int, customers: int, plan: ObservationalPlan
) -> tuple[ObservationalResult, Mapping[str, float]]:
    """Write a company, read it, study it.

    Parameters
    ----------
    world : str
        Of users, where the plan names their groups; of the first generator, where it studies first contacts.
    seed, customers : int
    plan : ObservationalPlan
        Its zone is set to the company's.

    Returns
    -------
    ObservationalResult
    mapping of str to float
        The truth of all customers, by name of the estimand.
    """
    with tempfile.TemporaryDirectory(prefix="touchstone-prove-") as place:
        folder = Path(place) / "company"
        if plan.experiment is None:
            make_world(folder, world=world, seed=seed, customers=customers)
        else:
            write_users(folder, world, seed, customers)
        zone = ZONE if plan.experiment is None else USERS_ZONE
        sources = [Source(path) for path in (folder / f"{name}.parquet" for name in READ) if path.is_file()]
        with open_tables(prepare(sources, cache=Path(place) / "cache", zone=zone)) as tables:
            return observational_effect(tables, replace(plan, zone=zone)), _truth(folder)


def _truth(folder: Path) -> dict[str, float]:
    rows = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["effects"]
    return {
        f"{row['outcome']}_{row['scale']}": float(str(row["value"]))
        for row in rows
        if row["estimand"] in _TRUE and row["segment"] == {}
    }
