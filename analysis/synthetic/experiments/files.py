"""In which rows do exports show a made-up experiment? The contract's tables, and the truth beside them.

Where customers are assigned one by one, orders are events, three months of them before the assignment and three after,
and sessions are measured. Where groups are, or an invitation goes out, the number of orders is what was measured;
within strata that of sessions is too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis.foundation.errors import UnknownName
from analysis.synthetic.columns import ids, instants, money, names, same
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.experiments.grouped import BLOCK_HOURS, SWITCHED, WASHOUT_HOURS
from analysis.synthetic.experiments.shop import RATIO
from analysis.synthetic.experiments.stratified import NAMES, STRATIFIED
from analysis.synthetic.experiments.trial import KINDS, ONE_BY_ONE, Trial, trial
from analysis.synthetic.folder import Append, put_into

ZONE = "UTC"
RECIPE = 1
"""Raised when the same kind, seed and number of customers make other rows than before."""
ARMS = ("control", "treated")
DAYS = 90
_DAY = 86_400
_ASSIGNED = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
_TIMES = 1  # tells the stream of times from that of the trial
OUTCOMES: Mapping[str, str] = {"bought": "repurchased", "spend": "revenue"}
"""What a study calls a measure of ours, where it calls it otherwise."""
CENTS = ("spend",)


def write_trial(folder: Path, kind: str, seed: int, customers: int) -> None:
    """Write an experiment and its truth.

    Parameters
    ----------
    folder : Path
        Made if it is not there; an earlier made-up company in it is replaced.
    kind : str
        One of `trial.KINDS`.
    seed : int
        Not negative.
    customers : int
        At least 1.

    Raises
    ------
    UnknownName
        If there is no such kind.
    ParamsError
        If seed or customers cannot be used, or the folder holds tables that were not made up.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_trial(Path(folder), "trial_none", seed=1, customers=50)
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['assignments.parquet', 'customers.parquet', 'orders.parquet', 'outcomes.parquet', 'truth.json']
    """
    if kind not in KINDS:
        raise UnknownName.of("experiment", kind, KINDS)

    def write(append: Append) -> Mapping[str, object]:
        made = trial(kind, seed, customers)
        append(trial_tables(made, np.random.default_rng([_TIMES, seed])))
        return {"effects": effects_of(made)}

    put_into(folder, world=kind, seed=seed, customers=customers, recipe=RECIPE, write=write)


def trial_tables(made: Trial, rng: np.random.Generator) -> dict[str, pa.Table]:
    """The experiment's tables, by name."""
    n = len(made.treated)
    customer_id = ids(np.arange(n) + 1, width=9)
    assigned = np.full(n, _ASSIGNED)
    rows = {
        "experiment_id": same(made.kind, n),
        "customer_id": customer_id,
        "arm": names(made.treated.astype(np.int64), ARMS),
        "unit": same("customer", n),
    }
    if made.kind in SWITCHED and made.unit is not None and made.early is not None:
        start = _ASSIGNED + made.unit * BLOCK_HOURS * 3_600
        cut = WASHOUT_HOURS * 3_600
        late = cut + rng.integers(BLOCK_HOURS * 3_600 - cut, size=n)
        assigned = start + np.where(made.early, rng.integers(cut, size=n), late)
        rows |= {"unit": same("time_block", n), "block_start": instants(start)}
    elif made.unit is not None:
        rows |= {"unit": same("cluster", n), "cluster_id": ids(made.unit, width=4)}
    elif made.stratum is not None:
        chance = np.array(made.chances)[made.stratum]
        rows["stratum"] = names(made.stratum, NAMES)
        rows["probability"] = pa.array(np.where(made.treated, chance, 1 - chance).round(9))
    else:
        shares = np.array([1 - made.intended, made.intended])
        rows["probability"] = pa.array(shares[made.treated.astype(np.int64)])
    if "used" in made.measures:
        rows["exposed_at"] = instants(np.where(made.measures["used"] == 1, _ASSIGNED + _DAY, UNKNOWN))
    rows["assigned_at"] = instants(assigned)
    customers = {"customer_id": customer_id, "joined_at": instants(np.full(n, _ASSIGNED - 1_000 * _DAY))}
    one_by_one = made.kind in ONE_BY_ONE
    if not one_by_one and "orders_before" in made.measures:
        customers["orders_before"] = pa.array(made.measures["orders_before"])
    measured = ("sessions",) if one_by_one else ("orders", "sessions") if made.kind in STRATIFIED else ("orders",)
    found = {
        "customers": pa.table(customers),
        "assignments": pa.table(rows),
        "outcomes": pa.concat_tables(
            pa.table(
                {
                    "experiment_id": same(made.kind, n),
                    "customer_id": customer_id,
                    "name": same(name, n),
                    "value": pa.array(made.measures[name].astype(float)),
                    "measured_at": instants(assigned + DAYS * _DAY),
                }
            )
            for name in measured
        ),
    }
    return found | ({"orders": _orders(made, customer_id, rng)} if one_by_one else {})


def _orders(made: Trial, customer_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    """Every order, before the assignment and after it; what a customer spent is shared out among them to the cent."""
    who, when, cents = [], [], []
    for name, first_day in (("_before", -DAYS), ("", 0)):
        number, spent = made.measures[f"orders{name}"], made.measures[f"spend{name}"]
        buyer = np.repeat(np.arange(len(number)), number)
        place = np.arange(len(buyer)) - np.repeat(np.cumsum(number) - number, number)
        share = spent[buyer] // number[buyer]
        who.append(buyer)
        cents.append(share + (place < spent[buyer] - share * number[buyer]))
        when.append(_ASSIGNED + first_day * _DAY + rng.integers(DAYS * _DAY, size=len(buyer)))
    customer, at, paid = (np.concatenate(parts).astype(np.int64) for parts in (who, when, cents))
    order = np.lexsort((at, customer))
    return pa.table(
        {
            "order_id": ids(np.arange(len(order)), width=12, prefix="O"),
            "customer_id": customer_id.take(pa.array(customer[order])),
            "ordered_at": instants(at[order]),
            "revenue": money(paid[order]),
            "currency": same("EUR", len(order)),
        }
    )


def effects_of(made: Trial) -> list[dict[str, object]]:
    """The rows of `truth.json`: differences and ratios of means, in euros where our measures are in cents."""
    found: list[dict[str, object]] = []
    for estimand, value in made.truth.items():
        measure, _, scale = estimand.rpartition("_")
        if ":" in estimand or (measure == "sessions" and made.kind not in ONE_BY_ONE):
            continue
        if made.kind in STRATIFIED and measure not in ("orders", RATIO):
            continue  # whether somebody bought is not among what was measured
        in_euros = value / 100 if measure in CENTS and scale == "difference" else value
        found.append(
            {
                "design": "ab_randomised",
                "estimand": "experiment_effect",
                "treated": ARMS[1],
                "comparison": ARMS[0],
                "outcome": OUTCOMES.get(measure, measure),
                "segment": {},
                "scale": scale,
                "value": in_euros,
                "definition": "effect on the population that the customers are drawn from, over 90 days",
            }
        )
    return found
