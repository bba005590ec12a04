"""Who benefits most? An exploration of a randomised test, judged on customers that it was not made from.

Customers are split in two by lot. From one half it is learned who benefits; the other half, never looked at before,
says whether that holds: the curve and its coefficient, and the effect in each fifth of the ranking. Whatever comes out
is a proposal for the next test and is marked so: no grade above C, no money, no claim. The arithmetic is
`inference.uplift`; whether the arms may be compared at all is asked by the study of the experiment beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.foundation.errors import DesignError, UnknownName
from analysis.inference.compare import normal_quantile
from analysis.inference.estimate import Estimate
from analysis.inference.uplift import Flags, Floats, Ints, Learned, Qini, gains, learned_benefit, mean_error, qini
from analysis.studies.segments.uplifted import Uplift, claim_of_uplift, explored
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.experiment.rows import Rows

FEWEST = 500
"""Customers that each group needs, in either half together."""
FEWEST_CLUSTERS = 50
"""Clusters that each group needs, where clusters were assigned."""
MOST_VALUES = 100
"""A text with more values is no trait but a name."""
SEED = 20_712
_PARTS = 5


def explore(
    customers: pd.DataFrame,
    *,
    outcome: str,
    arm: str,
    treated: str,
    comparison: str,
    traits: Sequence[str],
    unit: str,
    cluster: str | None = None,
    hold_out: float = 0.5,
    probability: float | None = None,
    level: float = 0.95,
    seed: int = SEED,
) -> Uplift:
    """Does a ranking of customers by their benefit hold among customers whom it was not made from?

    Parameters
    ----------
    customers : DataFrame
        A row for each customer assigned at random. Rows without the outcome are left out and counted.
    outcome, arm : str
        Columns: a number, and the arm as text.
    treated, comparison : str
        Two of the arms.
    traits : sequence of str
        Columns known before the assignment: numbers or texts, missing values allowed.
    unit : str
        Of the outcome's difference, "USD per customer".
    cluster : str, optional
        Column of what was assigned, if that was not the customer; a cluster is kept in one half.
    hold_out : float
        Share of customers (of clusters) to judge the ranking on.
    probability : float, optional
        Chance of being treated rather than compared. Default: the share of those judged.
    level : float
    seed : int
        Of the lot that splits the customers. The order of rows does not matter.

    Raises
    ------
    UnknownName
        If a column or an arm is not there.
    DesignError
        If a group holds fewer than 500 customers or 50 clusters, there is no trait or the outcome is one, a text has
        more than 100 values, or the outcome does not vary.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(5)
    >>> age, arm = rng.uniform(20, 70, 4000), np.where(np.arange(4000) % 2 == 0, "mail", "none")
    >>> orders = rng.poisson(1 + np.where((arm == "mail") & (age > 50), 1.0, 0.0))
    >>> found = explore(pd.DataFrame({"age": age, "arm": arm, "orders": orders}), outcome="orders", arm="arm",
    ...                 treated="mail", comparison="none", traits=["age"], unit="orders per customer")
    >>> found.coefficient.low > 0, found.judged_on, found.check.verdict
    (True, 2000, 'not_run')
    """
    used = [outcome, arm, *traits, *([cluster] if cluster else [])]
    for name in used:
        if name not in customers.columns:
            raise UnknownName.of("column of the customers", name, [str(column) for column in customers.columns])
    rows, missing = _rows(customers, used, outcome, arm, (treated, comparison))
    reached = (rows[arm] == treated).to_numpy(dtype=bool)
    _refuse_unless_enough(rows, reached, outcome, arm, traits, treated, comparison)
    if not (0 < hold_out < 1 and 0 < level < 1):
        raise ValueError(f"A share and a level lie between 0 and 1, not {hold_out} and {level}.")
    units = np.arange(len(rows)) if cluster is None else _codes(rows[cluster])
    judged = _judged(units, reached, hold_out, seed)
    values = rows[outcome].to_numpy(dtype=np.float64)
    _refuse_unless_enough_clusters(units, reached, cluster)
    features, texts = _features(rows, traits)
    learned = learned_benefit(features[~judged], reached[~judged], values[~judged], features[judged], texts=texts)
    chance = float(reached[judged].mean()) if probability is None else probability
    gain = gains(values[judged], reached[judged], learned, probability=chance)
    found = qini(learned.benefit, gain, cluster=units[judged], level=level, seed=seed)
    counts = int(reached[judged].sum()), int((~reached[judged]).sum())
    coefficient, total = _estimates(outcome, unit, found, counts)
    fifths = _fifths(learned, gain, reached[judged], units[judged], level)
    notes = () if not missing else (f"{missing:,} customers without `{outcome}` were left out.",)
    return Uplift(
        outcome=outcome, treated=treated, comparison=comparison, coefficient=coefficient, total=total,
        curve=found.curve, fifths=fifths, traits=tuple(traits), learned_from=int((~judged).sum()),
        judged_on=int(judged.sum()), check=explored(), notes=notes,
        claim=claim_of_uplift(coefficient, total, fifths, treated, unit),
    )  # fmt: skip


def explore_rows(
    rows: Rows, outcome: str, *, treated: str, traits: Sequence[str] = (), labels: Mapping[str, str] | None = None,
    level: float = 0.95, seed: int = SEED,
) -> Uplift:  # fmt: skip
    """The same from the rows of an experiment, by its segments and what was known before, or by `traits`.

    Parameters
    ----------
    rows : Rows
        A customer each, with or without a cluster.
    outcome, treated : str
        One of its measures, and one of its arms, against the comparison arm.
    traits : sequence of str
        Columns of the rows that were known before the assignment.
    labels : mapping of str to str, optional
        Column to what it is called in the answer.

    Raises
    ------
    UnknownName
        If the outcome has no measure.
    DesignError
        As `explore`; and if rows are time blocks.
    """
    if outcome not in rows.measures:
        raise UnknownName.of(f"outcome of experiment `{rows.experiment}`", outcome, rows.measures)
    known = tuple(traits) or tuple(dict.fromkeys([*rows.segments, *rows.covariates.get(outcome, ())]))
    if outcome in known:
        raise DesignError(f"`{outcome}` is an outcome and cannot be known before the assignment: leave it out.")
    measure = rows.measures[outcome]
    columns = ", ".join(identifier(name) for name in dict.fromkeys(["arm", "cluster", "block_start", measure, *known]))
    customers = rows.engine.query(
        f"select {columns} from {identifier(rows.table)} where arm in (?, ?)", [treated, rows.control]
    ).to_pandas()
    if customers["block_start"].notna().any():
        raise DesignError("Who benefits is asked of customers; in a switchback time blocks were assigned.")
    clustered = bool(customers["cluster"].notna().any())
    named = {name: (labels or {}).get(name, name) for name in known}
    found = explore(
        customers.rename(columns={measure: outcome, **named}), outcome=outcome, arm="arm", treated=treated,
        comparison=rows.control, traits=tuple(named.values()), unit=rows.units[outcome],
        cluster="cluster" if clustered else None, level=level, seed=seed,
    )  # fmt: skip
    return replace(found, experiment=rows.experiment)


def _rows(
    customers: pd.DataFrame, used: Sequence[str], outcome: str, arm: str, arms: tuple[str, str]
) -> tuple[pd.DataFrame, int]:
    """The customers of the two arms with an outcome, in an order of their own, and how many had none."""
    known = {str(one) for one in customers[arm].dropna().unique()}
    for name in arms:
        if name not in known:
            raise UnknownName.of("arm", name, sorted(known))
    rows = customers.loc[customers[arm].isin(arms), list(dict.fromkeys(used))]
    told = rows[rows[outcome].notna()]
    return told.sort_values(list(told.columns), kind="stable", ignore_index=True), len(rows) - len(told)


def _refuse_unless_enough(
    rows: pd.DataFrame, reached: Flags, outcome: str, arm: str, traits: Sequence[str],
    treated: str, comparison: str,
) -> None:  # fmt: skip
    if arm in traits or outcome in traits:
        later = outcome if outcome in traits else arm
        raise DesignError(
            f"`{later}` cannot be known before the assignment: leave it out of what customers are ranked by."
        )
    if not traits:
        raise DesignError("Customers are ranked by what is known of them; name at least one column known beforehand.")
    sizes = int(reached.sum()), int((~reached).sum())
    if min(sizes) < FEWEST:
        raise DesignError(
            f"{treated} and {comparison} hold {sizes[0]:,} and {sizes[1]:,} customers with `{outcome}`; to look for "
            f"who benefits, each needs {FEWEST}. Show the segments that were named beforehand."
        )
    if rows[outcome].nunique() < 2:
        raise DesignError(f"`{outcome}` is the same for every customer: there is nobody who benefits more than others.")


def _refuse_unless_enough_clusters(units: Ints, reached: Flags, cluster: str | None) -> None:
    sizes = [np.unique(units[group]).size for group in (reached, ~reached)]
    if cluster is not None and min(sizes) < FEWEST_CLUSTERS:
        raise DesignError(
            f"The two groups hold {sizes[0]:,} and {sizes[1]:,} values of `{cluster}`, which was assigned; to look for "
            f"who benefits, each needs {FEWEST_CLUSTERS}."
        )


def _codes(column: pd.Series[Any]) -> Ints:
    return np.asarray(np.unique(column.astype(str).to_numpy(dtype=object), return_inverse=True)[1], dtype=np.int64)


def _judged(units: Ints, reached: Flags, share: float, seed: int) -> Flags:
    """Which customers are kept apart: by lot, within each group, and whole clusters at once."""
    rng = np.random.default_rng(seed)
    kept = np.zeros(int(units.max()) + 1, dtype=bool)
    of = np.zeros(kept.size, dtype=bool)
    of[units[reached]] = True
    for group in (of, ~of):
        members = np.flatnonzero(group)
        kept[rng.permutation(members)[: round(share * members.size)]] = True
    return np.asarray(kept[units])


def _features(rows: pd.DataFrame, traits: Sequence[str]) -> tuple[Floats, Flags]:
    """The traits as numbers, and which of them stand for texts."""
    import pandas as pd

    columns, texts = [], []
    for name in traits:
        column = rows[name]
        text = not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))
        if text:
            values = sorted({str(value) for value in column.dropna()})
            if len(values) > MOST_VALUES:
                raise DesignError(
                    f"`{name}` has {len(values):,} values; customers are ranked by texts of at most {MOST_VALUES}. "
                    "Group them, or leave the column out."
                )
            place = {value: number for number, value in enumerate(values)}
            numbers = column.map(lambda value, place=place: place.get(str(value)), na_action="ignore")
            columns.append(numbers.astype(float).to_numpy(dtype=np.float64))
        else:
            columns.append(column.astype(float).to_numpy(dtype=np.float64))
        texts.append(text)
    return np.column_stack(columns), np.array(texts)


def _estimates(outcome: str, unit: str, found: Qini, counts: tuple[int, int]) -> tuple[Estimate, Estimate]:
    reach = normal_quantile(found.level) * found.total_se
    shared: dict[str, Any] = {
        "name": outcome, "level": found.level, "scale": "difference", "unit": unit, "n_treated": counts[0],
        "n_comparison": counts[1],
    }  # fmt: skip
    coefficient = Estimate(
        value=found.coefficient, low=found.low, high=found.high, se=found.se, method="Qini coefficient, hold-out",
        **shared,
    )  # fmt: skip
    total = Estimate(
        value=found.total, low=found.total - reach, high=found.total + reach, se=found.total_se,
        method="augmented difference in means, hold-out", **shared,
    )  # fmt: skip
    return coefficient, total


def _fifths(learned: Learned, gain: Floats, reached: Flags, units: Ints, level: float) -> pd.DataFrame:
    """The effect among customers ranked first, next, and so on to last."""
    import pandas as pd

    order = np.argsort(-learned.benefit, kind="stable")
    rows = []
    for part, members in enumerate(np.array_split(order, _PARTS), start=1):
        value = float(gain[members].mean())
        own = np.unique(units[members], return_inverse=True)[1]
        reach = normal_quantile(level) * mean_error(gain[members], own)
        rows.append(
            {
                "part": part,
                "customers": len(members),
                "n_treated": int(reached[members].sum()),
                "n_comparison": int((~reached[members]).sum()),
                "predicted": float(learned.benefit[members].mean()),
                "value": value,
                "low": value - reach,
                "high": value + reach,
            }
        )
    return pd.DataFrame(rows)
