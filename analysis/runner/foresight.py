"""What could a study see, before it is run? Rows per arm, and the smallest effect that each comparison would find.

Nothing after an index month, and no difference between arms, is looked at: the spread of the before-and-after
comparison is taken from purchases before, as if they said nothing of those after, and that of a test by lot from all
its arms together. Both are approximations, for deciding whether to go on; the design sheet plans a test exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.runner.study import Study

POWER, LEVEL = 0.8, 0.95
FOLLOWED = ("orders", "revenue", "margin")
"""Outcomes of the before-and-after comparison that are bought month by month, so that the time before tells of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What one comparison could see of one outcome.

    `arms` are the rows of each arm; `smallest` the smallest effect found four times in five, None with the reason where
    it cannot be told; `scale` says whether that is a share of the outcome ("ratio") or in its own unit ("difference").
    """

    comparison: str
    outcome: str
    arms: Mapping[str, int]
    smallest: float | None
    scale: str
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The comparison for programs."""
        return {
            "comparison": self.comparison, "outcome": self.outcome, "arms": dict(self.arms), "smallest": self.smallest,
            "scale": self.scale, "power": POWER, "level": LEVEL, "approximate": True, "reason": self.reason,
        }  # fmt: skip

    def __str__(self) -> str:
        rows = ", ".join(f"{count:,} {plain(arm, 40)}" for arm, count in self.arms.items())
        if self.smallest is None:
            said = self.reason or "cannot be told"
        elif self.scale == "ratio":
            said = f"a rise of about {self.smallest * 100:.2g} %"
        else:
            said = f"a difference of about {self.smallest:.2g}"
        return f"{plain(self.comparison, 40):<18} {plain(self.outcome, 40):<18} {said}" + (f" ({rows})" if rows else "")


def foreseen(study: Study) -> tuple[Foreseen, ...]:
    """What the comparisons of a study could see, as far as it can be told without its outcomes.

    Parameters
    ----------
    study : Study
        Checked: what runs is decided.
    """
    run = {step.name for step in study.decision.run}
    found: list[Foreseen] = []
    if "before_after" in run:
        found += _before_after(study)
    if "ab_segments" in run and study.tables.has("assignments"):
        found += _by_lot(study)
    return tuple(found)


def smallest_rise(spread_treated: float, n_treated: float, spread_comparison: float, n_comparison: float) -> float:
    """Which rise, as a share, does a ratio of two changes find four times in five?

    Parameters
    ----------
    spread_treated, spread_comparison : float
        Variance of the outcome between rows over its squared mean, in one window.
    n_treated, n_comparison : float
        Rows; of weighted ones, the number of equal weights that tell as much.

    Examples
    --------
    Two windows whose outcomes go up and down by themselves, 10,000 rows an arm, as much spread as mean:

    >>> round(smallest_rise(1.0, 10_000, 1.0, 10_000), 4)
    0.0576
    """
    from scipy.special import ndtri

    variance = 2 * (spread_treated / n_treated + spread_comparison / n_comparison)
    reach = float(ndtri(0.5 + LEVEL / 2) + ndtri(POWER))
    return math.expm1(reach * math.sqrt(variance))


def _before_after(study: Study) -> list[Foreseen]:
    try:
        rows = study.sample().to_frame()
    except DesignError as error:
        return [
            Foreseen(comparison="before_after", outcome="", arms={}, smallest=None, scale="ratio", reason=str(error))
        ]
    contacted = rows["contacted"].to_numpy(dtype=bool)
    weight = rows["weight"].to_numpy(dtype=float)
    treated, compared = contacted & (weight > 0), ~contacted & (weight > 0)
    arms = {"contacted": int(treated.sum()), "compared": int(compared.sum())}
    found = []
    for outcome in FOLLOWED:
        if f"{outcome}_before" not in rows:
            continue
        before = rows[f"{outcome}_before"].to_numpy(dtype=float)
        spreads, sizes = [], []
        for arm in (treated, compared):
            shares, values = weight[arm], before[arm]
            mean = float((shares * values).sum() / shares.sum()) if arm.any() else 0.0
            variance = float((shares * (values - mean) ** 2).sum() / shares.sum()) if arm.any() else 0.0
            spreads.append(variance / mean**2 if mean > 0 else math.inf)
            sizes.append(float(shares.sum() ** 2 / (shares**2).sum()) if arm.any() else 0.0)
        told = min(sizes) > 0 and math.isfinite(sum(spreads)) and sum(spreads) > 0
        found.append(
            Foreseen(
                comparison="before_after",
                outcome=outcome,
                arms=arms,
                smallest=smallest_rise(spreads[0], sizes[0], spreads[1], sizes[1]) if told else None,
                scale="ratio",
                reason=None if told else "nothing was bought before in one of the arms",
            )
        )
    return found


def _by_lot(study: Study) -> list[Foreseen]:
    from analysis.inference.power import Baseline, smallest_effect

    engine = study.tables.engine
    counted = engine.query(
        "select experiment_id, arm, count(distinct customer_id) as customers from assignments group by all order by all"
    ).to_pylist()
    arms: dict[str, dict[str, int]] = {}
    for row in counted:
        arms.setdefault(str(row["experiment_id"]), {})[str(row["arm"])] = int(row["customers"])
    if not study.tables.has("outcomes"):
        return [
            Foreseen(comparison=name, outcome="", arms=sizes, smallest=None, scale="difference",
                     reason="no table `outcomes`: see the design sheet")
            for name, sizes in arms.items()
        ]  # fmt: skip
    told = engine.query(
        "select experiment_id, name, avg(value)::double as mean, var_samp(value)::double as variance from outcomes "
        "group by all order by all"
    ).to_pylist()
    found = []
    for row in told:
        sizes = arms.get(str(row["experiment_id"]), {})
        smallest, reason = None, None
        if len(sizes) < 2 or min(sizes.values()) < 2:
            reason = "fewer than two arms of two customers"
        elif not row["variance"]:
            reason = "the same for everybody"
        else:
            baseline = Baseline(kind="mean", mean=row["mean"], variance=row["variance"])
            few = sorted(sizes.values())[:2]
            smallest = smallest_effect(baseline, n_treated=few[0], n_comparison=few[1], power=POWER, level=LEVEL)
        found.append(
            Foreseen(
                comparison=str(row["experiment_id"]), outcome=str(row["name"]), arms=sizes, smallest=smallest,
                scale="difference", reason=reason,
            )
        )  # fmt: skip
    return found
