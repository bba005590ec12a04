"""In which rows do exports show customers of whom some became users by themselves? The contract's tables, and truth.

Which group a customer is in stands in `assignments`, though nobody assigned it; what is on record beforehand in
`customers`; what came afterwards in `outcomes`. A hidden cause is nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis.synthetic.columns import ids, instants, money, names, same
from analysis.synthetic.folder import Append, put_into
from analysis.synthetic.user_groups import REGIONS, Users, user_truth, user_world, users

ZONE = "UTC"
EXPERIMENT = "club"
GROUPS = ("others", "users")
RECIPE = 1
"""Raised when the same world, seed and number of customers make other rows than before."""
_SINCE = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
_CENTS = 100


def write_users(folder: Path, name: str, seed: int, customers: int) -> None:
    """Write the customers of one world, and what is true of them.

    Parameters
    ----------
    folder : Path
        Made if it is not there; an earlier made-up company in it is replaced.
    name : str
        One of `analysis.synthetic.user_groups.WORLDS`.
    seed, customers : int

    Raises
    ------
    UnknownName
        If there is no such world.
    ParamsError
        If seed or customers cannot be used, or the folder holds tables that were not made up.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_users(Path(folder), "users_none", seed=1, customers=50)
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['assignments.parquet', 'customers.parquet', 'outcomes.parquet', 'truth.json']
    """
    user_world(name)  # an unknown one is refused before anything is written

    def write(append: Append) -> Mapping[str, object]:
        append(user_tables(users(name, seed, customers)))
        return {"effects": _effects(name)}

    put_into(folder, world=name, seed=seed, customers=customers, recipe=RECIPE, write=write)


def user_tables(found: Users) -> dict[str, pa.Table]:
    """The tables, by name."""
    n = len(found.user)
    customer_id = ids(np.arange(n) + 1, width=9)
    who = {"experiment_id": same(EXPERIMENT, n), "customer_id": customer_id}
    outcomes = [
        pa.table(who | {"name": same(name, n), "value": value})
        for name, value in (("orders", money(found.orders * _CENTS)), ("spend", money(found.spend)))
    ]
    return {
        "customers": pa.table(
            {
                "customer_id": customer_id,
                "age": found.age,
                "region": names(found.region, REGIONS),
                "early_orders": found.early,
                "late_orders": found.late,
            }
        ),
        "assignments": pa.table(
            {
                **who,
                "arm": names(found.user.astype(np.int64), GROUPS),
                "assigned_at": instants(np.full(n, _SINCE)),
            }
        ),
        "outcomes": pa.concat_tables(outcomes),
    }


def _effects(name: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for estimand, value in user_truth(name).effects.items():
        outcome, _, scale = estimand.partition("_")
        known = value / _CENTS if outcome == "spend" else value
        found.append(
            {"estimand": "user_effect", "outcome": outcome, "scale": scale, "segment": {}, "value": f"{known:.12g}"}
        )
    return found
