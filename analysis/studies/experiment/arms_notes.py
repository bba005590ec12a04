"""What should a reader know of an experiment's customers besides their arms? Sentences, each made from counts.

Who was left out, who met what the arms offer, who is in other experiments too. Whether the arms may be compared is left
to `arms`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.inference.compare import SAMPLE_RATIO_P
from analysis.studies.experiment.untouched import spread_p, spread_within_p

if TYPE_CHECKING:
    from analysis.studies.experiment.strata import Strata


def told_left_out(experiment: str, counts: Mapping[str, int]) -> list[str]:
    """Whom an experiment has to do without, by reason; `counts` as `arms_sql.keep_units` gives them."""
    reasons = {
        "two_arms": "were assigned to more than one arm or cluster",
        "without_arm": "have no arm",
        "without_cluster": "have no cluster, though clusters were assigned",
        "without_block": "have no time block, though blocks were assigned",
        "without_stratum": "have no stratum, though chances differ between strata",
        "two_strata": "are in more than one stratum, and chances differ between strata",
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


def told_exposure(experiment: str, control: str, customers: Mapping[str, int], exposed: Mapping[str, int]) -> list[str]:
    """How many met what their arm offers, where that was recorded."""
    if not exposed:
        return []
    told = "; ".join(f"{arm} {exposed[arm]:,} of {customers[arm]:,}" for arm in customers)
    note = f"Experiment `{experiment}`: customers who met what their arm offers: {told}. All are compared as assigned."
    if exposed[control]:
        note += f" {exposed[control]:,} of the comparison arm met it too, which makes the difference smaller."
    return [note]


def told_overlapping(
    experiment: str, rows: Sequence[Mapping[str, object]], customers: Mapping[str, int], by_customer: bool,
    strata: Strata | None,
) -> list[str]:  # fmt: skip
    """Who is in other experiments too, and whether their arms go together with these; customers alone can tell that."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for row in rows:
        found.setdefault(str(row["experiment"]), []).append(row)
    notes = []
    for other, here in sorted(found.items()):
        inside = {arm: min(sum(_n(row) for row in here if row["arm"] == arm), n) for arm, n in customers.items()}
        note = (
            f"Experiment `{experiment}`: {sum(inside.values()):,} of {sum(customers.values()):,} customers are in "
            f"experiment `{other}` too."
        )
        if not by_customer:
            notes.append(note)
            continue
        if strata is not None and strata.uneven:
            spread = spread_within_p(
                {
                    stratum: _with_those_in_none([row for row in here if row["stratum"] == stratum], count)
                    for stratum, count in strata.counts.items()
                }
            )
        else:
            spread = spread_p(_with_those_in_none(here, customers))
        if spread < SAMPLE_RATIO_P:
            note += (
                " Who is in which of its arms goes together with the arms here (p < 0.001), so that what it changed is "
                "a part of these differences."
            )
        else:
            note += " Its arms are spread evenly over those here, so that it widens intervals and shifts nothing."
        notes.append(note)
    return notes


def _with_those_in_none(
    rows: Sequence[Mapping[str, object]], customers: Mapping[str, int]
) -> dict[str | None, Mapping[str, int]]:
    """Arm of another experiment to customers by arm here, and those who are in none of its arms."""
    found: dict[str | None, dict[str, int]] = {}
    for row in rows:
        arms = found.setdefault(f"in {row['other_arm']}", {})
        arms[str(row["arm"])] = arms.get(str(row["arm"]), 0) + _n(row)
    inside = {arm: min(sum(row.get(arm, 0) for row in found.values()), n) for arm, n in customers.items()}
    return {**found, "in none": {arm: n - inside[arm] for arm, n in customers.items()}}


def _n(row: Mapping[str, object]) -> int:
    return int(str(row["n"]))
