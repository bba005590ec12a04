"""Who was put into which arm, did chance do it as it was set to, and did anybody meet what the arms offer?

The sample ratio is tested first, at the unit that chance assigned: where the arms do not have the sizes that the
randomisation was set to give, nothing is claimed of the experiment. Customers of two arms belong to neither; a few of
them are left out and counted, many are a broken assignment. What the arms' customers did is left to `outcomes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.compare import SAMPLE_RATIO_P, SampleRatio, sample_ratio
from analysis.studies.experiment.arms_sql import (
    counts_by_arm,
    design_of,
    keep_units,
    other_experiments,
    stated_shares,
)
from analysis.studies.experiment.control import control_arm
from analysis.studies.experiment.plan import ExperimentPlan, Template
from analysis.studies.experiment.untouched import spread_p
from analysis.studies.result import Check

if TYPE_CHECKING:
    from analysis.tables.load import Tables

MOST_IN_TWO_ARMS = 0.01
"""A larger share of customers in two arms is a broken assignment, not a slip."""
UNITS_IN_WORDS: Mapping[str, str] = {"customer_id": "Customers", "cluster": "Clusters", "block_start": "Time blocks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """The arms of one experiment, whose customers lie in the engine as `arms_sql.UNITS`.

    Parameters
    ----------
    experiment, control : str
    template : {"standard", "encouragement", "switchback", "geo"}
    clustered : bool
        Whether clusters of customers were assigned.
    customers, exposed : mapping of arm to int
        Customers, and those of them who met what the arm offers. `exposed` is empty where that was not recorded.
    ratio : SampleRatio
        Of the units that chance assigned.
    stated : bool
        Whether the assignments say which shares were intended.
    unit : str
        What was counted for it, as a column of the kept relation.
    refusal : str or None
        Why nothing may be claimed of the experiment.
    notes : tuple of str
    """

    experiment: str
    control: str
    template: Template
    clustered: bool
    customers: Mapping[str, int]
    exposed: Mapping[str, int]
    ratio: SampleRatio
    stated: bool
    unit: str
    refusal: str | None
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All arms, sorted."""
        return tuple(self.customers)

    @property
    def treated(self) -> tuple[str, ...]:
        """The arms that are compared with the comparison arm."""
        return tuple(arm for arm in self.customers if arm != self.control)

    def check(self) -> Check:
        """The sample ratio, as a gate."""
        seen = ", ".join(f"{arm} {count:,}" for arm, count in self.ratio.counts.items())
        shares = "the shares stated" if self.stated else "equal shares, since no `probability` states others"
        return Check(
            name="sample_ratio",
            verdict="failed" if self.ratio.failed else "passed",
            detail=f"{UNITS_IN_WORDS[self.unit]} per arm: {seen}; p = {self.ratio.p_value:.3g} against {shares}, below "
            "0.001 fails.",
            gate=True,
            p_value=self.ratio.p_value,
        )

    def frame(self) -> pd.DataFrame:
        """One row an arm: customers, those exposed, and the share that was intended."""
        total = sum(self.ratio.counts.values())
        return pd.DataFrame(
            {
                "experiment_id": self.experiment,
                "arm": list(self.customers),
                "customers": list(self.customers.values()),
                "expected_share": [self.ratio.expected[arm] / total for arm in self.customers],
                "comparison": [arm == self.control for arm in self.customers],
                "units": [self.ratio.counts[arm] for arm in self.customers],
                "exposed": pd.array([self.exposed.get(arm) for arm in self.customers], dtype="Int64"),
            }
        )


def arms_of(tables: Tables, plan: ExperimentPlan, experiment: str) -> Arms:
    """Who is in which arm of an experiment, and may they be compared?

    Parameters
    ----------
    tables : Tables
        With `assignments`.
    plan : ExperimentPlan
    experiment : str

    Raises
    ------
    UnknownName
        If the comparison arm named does not exist.
    DesignError
        If no comparison arm can be told, there is one arm only, or the template asks for what was not assigned.
    """
    engine = tables.engine
    design = design_of(engine, experiment)
    template = plan.template or ("switchback" if design["blocks"] else "standard")
    blocks = template == "switchback"
    if blocks and not design["blocks"]:
        raise DesignError(
            f"Experiment `{experiment}` has no time blocks: a switchback needs `block_start` in `assignments`. Fill "
            "it, or choose another `experiment: template`."
        )
    clustered = not blocks and bool(design["clusters"] or design["shared"])
    left_out = keep_units(engine, experiment, blocks=blocks, clusters=clustered, exposure=bool(design["exposed"]))
    unit = "block_start" if blocks else "cluster" if clustered else "customer_id"
    rows = counts_by_arm(engine, unit)
    customers = {str(row["arm"]): int(row["customers"]) for row in rows}
    if not customers:
        raise DesignError(f"Experiment `{experiment}` has no customer with an arm. Fill `arm` in `assignments`.")
    control = control_arm(customers, plan.control, experiment)
    shares, uneven = _shares(stated_shares(engine, experiment), customers)
    ratio = sample_ratio({str(row["arm"]): int(row["units"]) for row in rows}, None if uneven else shares)
    exposed = {str(row["arm"]): int(row["exposed"]) for row in rows} if design["exposed"] else {}
    notes = [*_left_out(experiment, left_out), *_exposure(experiment, control, customers, exposed)]
    notes += _overlapping(experiment, other_experiments(engine, experiment), customers, unit == "customer_id")
    mixed = clustered and bool(design["clusters"]) and bool(design["customers"])
    return Arms(
        experiment=experiment,
        control=control,
        template=template,
        clustered=clustered,
        customers=customers,
        exposed=exposed,
        ratio=ratio,
        stated=shares is not None and not uneven,
        unit=unit,
        refusal=_refusal(left_out, ratio, uneven=uneven, mixed=mixed, clustered=clustered, stated=shares is not None),
        notes=tuple(notes),
    )


def _shares(rows: Sequence[Mapping[str, object]], arms: Mapping[str, int]) -> tuple[dict[str, float] | None, bool]:
    """The shares that were intended, if the rows state them, and whether chances differed within an arm."""
    stated = [row for row in rows if row["arm"] in arms]
    if not any(row["stated"] for row in stated):
        return None, False
    low = {str(row["arm"]): float(str(row["low"])) if row["low"] is not None else 0.0 for row in stated}
    uneven = any(row["without"] or row["low"] != row["high"] for row in stated) or min(low.values()) <= 0
    return low, uneven


def _refusal(
    left_out: Mapping[str, int], ratio: SampleRatio, *, uneven: bool, mixed: bool, clustered: bool, stated: bool
) -> str | None:
    twice, assigned = left_out["two_arms"], left_out["assigned"]
    if twice > MOST_IN_TWO_ARMS * assigned:
        where = "more than one arm or cluster" if clustered else "more than one arm"
        return (
            f"{twice:,} of {assigned:,} customers were assigned to {where}. Up to {MOST_IN_TWO_ARMS:.0%} are left out; "
            "so many are no slip, and who they are may depend on the arms.".replace("%", " %")
        )
    if mixed:
        return (
            "some rows assign clusters and others single customers; comparing them as one would misstate the error. "
            "Give them two experiments."
        )
    if uneven:
        return (
            "the chances of assignment differ between customers of one arm, or are stated for some of them only; "
            "comparing plain means would mix unlike customers."
        )
    if ratio.failed:
        seen = ", ".join(f"{arm} {count:,}" for arm, count in ratio.counts.items())
        shares = "the shares stated" if stated else "equal shares, since no `probability` states others"
        return (
            f"the sample ratio failed. {seen}; p = {ratio.p_value:.3g} against {shares}, below {SAMPLE_RATIO_P} fails."
        )
    return None


def _left_out(experiment: str, counts: Mapping[str, int]) -> list[str]:
    reasons = {
        "two_arms": "were assigned to more than one arm or cluster",
        "without_arm": "have no arm",
        "without_cluster": "have no cluster, though clusters were assigned",
        "without_block": "have no time block, though blocks were assigned",
    }
    notes = [
        f"Experiment `{experiment}`: {counts[name]:,} of {counts['assigned']:,} customers {why}; they are left out."
        for name, why in reasons.items()
        if counts[name]
    ]
    if counts["repeated"]:
        notes.append(
            f"Experiment `{experiment}`: {counts['repeated']:,} rows assign a customer again to the same arm; the "
            "first counts."
        )
    return notes


def _exposure(experiment: str, control: str, customers: Mapping[str, int], exposed: Mapping[str, int]) -> list[str]:
    if not exposed:
        return []
    told = "; ".join(f"{arm} {exposed[arm]:,} of {customers[arm]:,}" for arm in customers)
    note = f"Experiment `{experiment}`: customers who met what their arm offers: {told}. All are compared as assigned."
    if exposed[control]:
        note += f" {exposed[control]:,} of the comparison arm met it too, which makes the difference smaller."
    return [note]


def _overlapping(
    experiment: str, rows: Sequence[Mapping[str, object]], customers: Mapping[str, int], by_customer: bool
) -> list[str]:
    """Who is in other experiments too, and whether their arms go together with these; customers alone can tell that."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in rows:
        arms = found.setdefault(str(row["experiment"]), {})
        arms.setdefault(str(row["other_arm"]), {})[str(row["arm"])] = int(str(row["n"]))
    notes = []
    for other, arms in sorted(found.items()):
        inside = {arm: min(sum(row.get(arm, 0) for row in arms.values()), n) for arm, n in customers.items()}
        elsewhere = {arm: n - inside[arm] for arm, n in customers.items()}
        note = (
            f"Experiment `{experiment}`: {sum(inside.values()):,} of {sum(customers.values()):,} customers are in "
            f"experiment `{other}` too."
        )
        if not by_customer:
            notes.append(note)
            continue
        if spread_p({**{f"in {arm}": row for arm, row in arms.items()}, "in none": elsewhere}) < SAMPLE_RATIO_P:
            note += (
                " Who is in which of its arms goes together with the arms here (p < 0.001), so that what it changed is "
                "a part of these differences."
            )
        else:
            note += " Its arms are spread evenly over those here, so that it widens intervals and shifts nothing."
        notes.append(note)
    return notes
