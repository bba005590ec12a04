"""In which rows do exports show a company that rolled social care out in waves? The contract's tables, and the truth.

Nothing that a company would not know is written. Arrays become rows by the month; within it, instants are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis.foundation.calendar import local_midnight
from analysis.foundation.errors import UnknownName
from analysis.synthetic.columns import ids, instants, money, names, same
from analysis.synthetic.folder import Append, put_into
from analysis.synthetic.roll_out import (
    ARMS,
    EXPERIMENT,
    FIRST_MONTH,
    N_MONTHS,
    NEVER,
    PRODUCTS,
    REGIONS,
    VARIANTS,
    WAVE_MONTHS,
    Ints,
    RollOutLife,
    roll_out_life,
    times_stream,
    truth,
)

ZONE = "Europe/London"
RECIPE = 1
"""Raised when the same variant, seed and number of customers make other rows than before."""
_ELSEWHERE = ("phone", "email", "in_person", "chat")
_LONG_AGO_DAYS = 1_500
_EDGES = np.array(
    [
        int(local_midnight(FIRST_MONTH.plus(month).first_day, ZONE).replace(tzinfo=UTC).timestamp())
        for month in range(N_MONTHS + 1)
    ]
)
"""The instants at which local months begin."""


def write_roll_out(folder: Path, name: str, seed: int, customers: int) -> None:
    """Write a company that rolls social care out in waves, and its truth.

    Parameters
    ----------
    folder : Path
        Made if it is not there; an earlier made-up company in it is replaced.
    name : str
        One of `analysis.synthetic.roll_out.VARIANTS`.
    seed : int
        Not negative.
    customers : int
        At least 1.

    Raises
    ------
    UnknownName
        If there is no such variant.
    ParamsError
        If seed or customers cannot be used, or the folder holds tables that were not made up.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_roll_out(Path(folder), "rollout_none", seed=1, customers=50)
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['assignments.parquet', 'customers.parquet', 'issues.parquet', 'orders.parquet', 'truth.json']
    """
    if name not in VARIANTS:
        raise UnknownName.of("world", name, VARIANTS)

    def write(append: Append) -> Mapping[str, object]:
        life = roll_out_life(name, seed, customers)
        append(roll_out_tables(life))
        return {"effects": effects_of(life)}

    put_into(folder, world=name, seed=seed, customers=customers, recipe=RECIPE, write=write)


def roll_out_tables(life: RollOutLife) -> dict[str, pa.Table]:
    """The company's tables, by name."""
    rng = times_stream(life)
    customer_id = ids(np.arange(len(life.wave)) + 1, width=9)
    who, month, revenue, margin = life.order_rows
    bought = _within(month, rng)
    order = np.lexsort((bought, who))
    opened = _within(life.issue_month, rng)
    elsewhere = 1 + rng.integers(len(_ELSEWHERE), size=len(opened))
    invited = np.where(life.wave == NEVER, WAVE_MONTHS[0], life.wave)
    joined = np.where(
        life.first_month == 0,
        _EDGES[0] - 86_400 * rng.integers(1, _LONG_AGO_DAYS, size=len(life.wave)),
        _within(np.maximum(life.first_month - 1, 0), rng),
    )
    orders, issues = len(who), len(opened)
    return {
        "customers": pa.table(
            {
                "customer_id": customer_id,
                "joined_at": instants(joined),
                "region": names(life.region, REGIONS),
                "product": names(life.product, PRODUCTS),
            }
        ),
        "orders": pa.table(
            {
                "order_id": ids(np.arange(orders), width=12, prefix="O"),
                "customer_id": customer_id.take(pa.array(who[order])),
                "ordered_at": instants(bought[order]),
                "revenue": money(revenue[order]),
                "margin": money(margin[order]),
                "currency": same("EUR", orders),
            }
        ),
        "issues": pa.table(
            {
                "issue_id": ids(np.arange(issues), width=11, prefix="I"),
                "customer_id": customer_id.take(pa.array(life.issue_customer)),
                "opened_at": instants(opened),
                "channel": names(np.where(life.issue_social, 0, elsewhere), ("social", *_ELSEWHERE)),
                "product": names(life.product[life.issue_customer], PRODUCTS),
            }
        ),
        "assignments": pa.table(
            {
                "experiment_id": same(EXPERIMENT, len(life.wave)),
                "customer_id": customer_id,
                "arm": names(np.searchsorted([*WAVE_MONTHS, NEVER], life.wave), ARMS),
                "assigned_at": instants(_EDGES[invited]),
                "unit": same("customer", len(life.wave)),
            }
        ),
    }


def effects_of(life: RollOutLife, before: int = 6, after: int = 6) -> list[dict[str, object]]:
    """The rows of `truth.json`."""
    what = f"effect of the invitation on the customers invited, months 1 to {after} after it"
    return [
        {
            "design": "adoption",
            "estimand": "adoption_effect",
            "treated": EXPERIMENT,
            "comparison": "not_yet_treated",
            "outcome": outcome,
            "segment": {},
            "scale": scale,
            "value": value,
            "definition": f"{what}: expected {outcome} "
            + ("divided by those without it" if scale == "ratio" else "less those without it, per customer"),
        }
        for (scale, outcome), value in truth(life, before, after).items()
    ]


def _within(month: Ints, rng: np.random.Generator) -> Ints:
    """An instant in each local month."""
    start = _EDGES[month]
    return np.asarray(start + (rng.random(len(month)) * (_EDGES[month + 1] - start)).astype(np.int64))
