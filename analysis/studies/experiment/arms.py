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
from analysis.studies.experiment.arms_notes import told_exposure, told_left_out, told_overlapping
from analysis.studies.experiment.arms_sql import (
    counts_by_arm,
    counts_by_stratum,
    design_of,
    keep_units,
    other_experiments,
    stated_by_stratum,
    stated_shares,
)
from analysis.studies.experiment.control import control_arm
from analysis.studies.experiment.plan import ExperimentPlan, Template
from analysis.studies.experiment.strata import MOST_LEFT_OUT, Odds, Strata, odds_of, ratio_of, strata_of
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
    against : str
        What the arms' sizes were held against.
    unit : str
        What was counted for it, as a column of the kept relation.
    refusal : str or None
        Why nothing may be claimed of the experiment.
    notes : tuple of str
    strata : Strata, optional
        Where chance decided within several strata of customers.
    """

    experiment: str
    control: str
    template: Template
    clustered: bool
    customers: Mapping[str, int]
    exposed: Mapping[str, int]
    ratio: SampleRatio
    against: str
    unit: str
    refusal: str | None
    notes: tuple[str, ...]
    strata: Strata | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All arms, sorted."""
        return tuple(self.customers)

    @property
    def treated(self) -> tuple[str, ...]:
        """The arms that are compared with the comparison arm."""
        return tuple(arm for arm in self.customers if arm != self.control)

    @property
    def within(self) -> bool:
        """Whether arms are compared within strata."""
        return self.strata is not None and self.strata.within

    @property
    def uneven(self) -> bool:
        """Whether the chances differ between strata, so that nothing may be compared but within them."""
        return self.strata is not None and self.strata.uneven

    def check(self) -> Check:
        """The sample ratio, as a gate."""
        seen = ", ".join(f"{arm} {count:,}" for arm, count in self.ratio.counts.items())
        return Check(
            name="sample_ratio",
            verdict="failed" if self.ratio.failed else "passed",
            detail=f"{UNITS_IN_WORDS[self.unit]} per arm: {seen}; p = {self.ratio.p_value:.3g} against {self.against}, "
            "below 0.001 fails.",
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
    unit = "block_start" if blocks else "cluster" if clustered else "customer_id"
    odds = _odds(tables, plan, experiment, bool(design["strata"]))
    alone = odds is not None and unit == "customer_id"
    left_out = keep_units(
        engine, experiment, blocks=blocks, clusters=clustered, exposure=bool(design["exposed"]), strata=alone,
        only_strata=alone and odds is not None and odds.uneven,
    )  # fmt: skip
    rows = counts_by_arm(engine, unit)
    customers = {str(row["arm"]): int(row["customers"]) for row in rows}
    if not customers:
        raise DesignError(f"Experiment `{experiment}` has no customer with an arm. Fill `arm` in `assignments`.")
    control = control_arm(customers, plan.control, experiment)
    strata = strata_of(counts_by_stratum(engine), odds, tuple(customers)) if alone and odds is not None else None
    if strata is not None:
        uneven, (ratio, against) = False, ratio_of(strata)
    else:
        shares, uneven = _shares(stated_shares(engine, experiment), customers)
        ratio = sample_ratio({str(row["arm"]): int(row["units"]) for row in rows}, None if uneven else shares)
        stated = shares is not None and not uneven
        against = "the shares stated" if stated else "equal shares, since no `probability` states others"
    exposed = {str(row["arm"]): int(row["exposed"]) for row in rows} if design["exposed"] else {}
    notes = [*told_left_out(experiment, left_out), *(strata.notes(experiment, tuple(customers)) if strata else ())]
    if odds is not None and not alone:
        notes.append(
            f"Experiment `{experiment}`: strata are passed over where {UNITS_IN_WORDS[unit].lower()} were assigned. "
            "The comparison is right only if chances were the same in all of them."
        )
    notes += told_exposure(experiment, control, customers, exposed)
    others = other_experiments(engine, experiment)
    notes += told_overlapping(experiment, others, customers, unit == "customer_id", strata)
    mixed = clustered and bool(design["clusters"]) and bool(design["customers"])
    return Arms(
        experiment=experiment,
        control=control,
        template=template,
        clustered=clustered,
        customers=customers,
        exposed=exposed,
        ratio=ratio,
        against=against,
        unit=unit,
        refusal=_broken(left_out, mixed=mixed, clustered=clustered) or _odd(left_out, odds, unit, uneven)
        or _unequal(ratio, against),
        notes=tuple(notes),
        strata=strata,
    )  # fmt: skip


def _odds(tables: Tables, plan: ExperimentPlan, experiment: str, several: bool) -> Odds | None:
    """The chances by stratum; None where the assignments know no strata and the plan names none."""
    if not several and not plan.chances:
        return None
    rows = stated_by_stratum(tables.engine, experiment)
    arms = sorted({str(row["arm"]) for row in rows})
    return odds_of(rows, arms, plan.chances, experiment)


def _shares(rows: Sequence[Mapping[str, object]], arms: Mapping[str, int]) -> tuple[dict[str, float] | None, bool]:
    """The shares that were intended, if the rows state them, and whether chances differed within an arm."""
    stated = [row for row in rows if row["arm"] in arms]
    if not any(row["stated"] for row in stated):
        return None, False
    low = {str(row["arm"]): float(str(row["low"])) if row["low"] is not None else 0.0 for row in stated}
    uneven = any(row["without"] or row["low"] != row["high"] for row in stated) or min(low.values()) <= 0
    return low, uneven


def _broken(left_out: Mapping[str, int], *, mixed: bool, clustered: bool) -> str | None:
    """Why the assignment cannot be read as one lot, if so."""
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
    return None


def _odd(left_out: Mapping[str, int], odds: Odds | None, unit: str, uneven: bool) -> str | None:
    """Why customers of unlike chances cannot be told apart, if so."""
    if odds is not None and odds.lack is not None:
        return odds.lack
    if odds is not None and odds.uneven and unit != "customer_id":
        return (
            f"the chances of assignment differ between strata, and {UNITS_IN_WORDS[unit].lower()} were assigned; they "
            "are compared within strata only where customers were assigned one by one. Give each stratum an experiment "
            "of its own."
        )
    if uneven:
        return (
            "the chances of assignment differ between customers of one arm, or are stated for some of them only; "
            "comparing plain means would mix unlike customers. Where chance decided within strata, fill `stratum` in "
            "`assignments`."
        )
    assigned, twice, nowhere = (left_out[name] for name in ("assigned", "two_strata", "without_stratum"))
    if twice > MOST_IN_TWO_ARMS * assigned:
        return (
            f"{twice:,} of {assigned:,} customers are in more than one stratum, and chances differ between strata. Up "
            f"to {MOST_IN_TWO_ARMS * 100:.0f} % are left out; of so many it cannot be told which chance they had."
        )
    if nowhere > MOST_LEFT_OUT * assigned:
        return (
            f"{nowhere:,} of {assigned:,} customers have no stratum, and chances differ between strata. Up to "
            f"{MOST_LEFT_OUT * 100:.0f} % are left out; of so many it cannot be told which chance they had. Fill "
            "`stratum` in `assignments`."
        )
    return None


def _unequal(ratio: SampleRatio, against: str) -> str | None:
    if not ratio.failed:
        return None
    seen = ", ".join(f"{arm} {count:,}" for arm, count in ratio.counts.items())
    return f"the sample ratio failed. {seen}; p = {ratio.p_value:.3g} against {against}, below {SAMPLE_RATIO_P} fails."
