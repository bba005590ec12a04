"""What is said of the segments of one made-up test, and how much of it is true?

A test's effects by segment go through `settled` three times, as a study's do: all segments named beforehand, none of
them, and the regions alone. What came of it is set down in the one form of all records: an estimand is a promise, its
truth the share that was promised (one in twenty), its value what was found in this test, which over many tests must lie
no higher. Beside it the same of what most reports do: every segment whose own interval leaves out no effect is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from analysis.inference.compare import difference_in_means, normal_quantile, ratio_of_means
from analysis.inference.estimate import NO_EFFECT, Estimate
from analysis.inference.moments import Moments
from analysis.runner.proving.hazards import Hazard
from analysis.runner.proving.records import DEFAULT, Asked, Records, Told, each
from analysis.studies.result import Effect
from analysis.studies.segments.kept import Kept, Place, kept
from analysis.studies.segments.segmented import Segmented
from analysis.studies.segments.settled import settled
from analysis.synthetic.segment_families import ARMS, OUTCOMES, SegmentedTest, segmented_test

PROMISED = 0.05
FALSE_CLAIMS, FALSE_DISCOVERIES, FALSE_COVERAGE, POOLED_MISSES, DIFFER_WRONGLY, MISSES = (
    "false_claims", "false_discoveries", "false_coverage", "pooled_misses", "differ_wrongly", "misses",
)  # fmt: skip
FOUND, CLAIMED_MISSES = "found", "claimed_misses"
SHOWN = (FOUND, CLAIMED_MISSES)
"""Of which nothing is promised: the share of tests with a true claim, and that of the claimed segments' own intervals
that leave the truth out."""
MIXED = ":regions_named"
"""What the promises are called where regions were named and the others looked at."""
ALONE, TEXTBOOK = "each_alone", "pooled_by_the_textbook"
"""Estimators that are forbidden: each segment by its own interval, and pooling that trusts a bell of effects."""
UNITS: Mapping[str, str] = {"orders": "orders per customer", "spend": "cents per customer"}
SCALES: Mapping[str, str] = {"orders": "difference", "spend": "ratio"}
"""The scale in which an outcome is first shown, and so judged."""
_NO_PROMISE = 0.0


def proved_worlds(hazard: Hazard, seeds: Iterable[int], asked: Asked) -> Records:
    """The records of some tests of one hazard; through files there are none."""
    return Records.of([]) if asked.files else each(proved_world, hazard, seeds, asked)


def proved_world(hazard: Hazard, seed: int, asked: Asked) -> dict[str, pd.DataFrame]:
    """The records of one test, as frames by name."""
    test = segmented_test(hazard.name, seed, asked.customers)
    truth = truth_of(test)
    effects = effects_of(test)
    named, looked = settled(effects), settled(effects, declared=())
    told = _Shares(hazard, seed, asked.customers)
    told.of(DEFAULT, kept(named, truth), kept(looked, truth))
    told.share(DEFAULT, DIFFER_WRONGLY, differ_wrongly(named, truth))
    told.share(DEFAULT, MISSES, misses(named, truth))
    told.share(DEFAULT, CLAIMED_MISSES, misses(named, truth, "claimed"))
    if not asked.light:
        mixed = kept(settled(effects, declared=("region",)), truth)
        told.of(DEFAULT, mixed, mixed, which=MIXED)
    if asked.forbidden:
        alone = each_alone(named, truth)
        told.of(ALONE, alone, alone)
        if (pooled := textbook(named, truth)) is not None:
            told.share(TEXTBOOK, POOLED_MISSES, pooled)
    return told.frames()


def effects_of(test: SegmentedTest) -> list[Effect]:
    """All customers and every segment, of each outcome and treatment: as the study of experiments hands them over."""
    found = []
    for outcome in OUTCOMES:
        for attribute in (None, *test.population.values):
            names = ("",) if attribute is None else test.population.values[attribute]
            groups = _moments(test, outcome, attribute)
            for arm in range(1, len(ARMS)):
                for place, name in enumerate(names):
                    segment = {} if attribute is None else {attribute: name}
                    found += _effects(outcome, ARMS[arm], segment, groups[arm][place], groups[0][place])
    return found


def truth_of(test: SegmentedTest) -> dict[Place, float]:
    """What is true of each segment, on the scale in which its outcome is judged."""
    return {
        place: both[0] if SCALES[place[0]] == "difference" else both[1]
        for place, both in test.population.truth().items()
    }


def differ_wrongly(segmented: Segmented, truth: Mapping[Place, float]) -> float:
    """Of which share of the outcomes are segments of equal effect said to differ?"""
    wrong = dict.fromkeys(OUTCOMES, False)
    for row in segmented.tests.to_dict("records"):
        real = {
            value for place, value in truth.items() if place[:3] == (row["outcome"], row["treated"], row["attribute"])
        }
        wrong[row["outcome"]] |= bool(row["differ"]) and len(real) == 1
    return sum(wrong.values()) / len(wrong)


def misses(segmented: Segmented, truth: Mapping[Place, float], verdict: str | None = None) -> float:
    """Which share of the segments' own intervals leaves the truth out? Of those with a verdict; 0 where none has it."""
    rows = [row for row in _told(segmented) if verdict in (None, row["verdict"])]
    return sum(not row["raw_low"] <= truth[_place(row)] <= row["raw_high"] for row in rows) / max(len(rows), 1)


def each_alone(segmented: Segmented, truth: Mapping[Place, float]) -> Kept:
    """What comes of telling every segment whose own interval leaves out no effect. Forbidden."""
    frame = segmented.forest.copy()
    none = frame["scale"].map(NO_EFFECT)
    clear = (frame["raw_low"].astype(float) > none) | (frame["raw_high"].astype(float) < none)
    told = ~frame["verdict"].isin(["whole", "refused"])
    frame["low"], frame["high"] = frame["raw_low"], frame["raw_high"]
    frame["shrunk"] = None
    claimed, selected = frame.copy(), frame.copy()
    claimed.loc[told, "verdict"] = np.where(clear[told], "claimed", "not_clear")
    selected.loc[told, "verdict"] = np.where(clear[told], "selected", "not_selected")
    first, second = (kept(replace(segmented, forest=one), truth) for one in (claimed, selected))
    return replace(first, selected=second.selected, false_discoveries=second.false_discoveries, missed=second.missed)


def textbook(segmented: Segmented, truth: Mapping[Place, float]) -> float | None:
    """Which share of pooled intervals misses that trust effects to be spread like a bell? Forbidden.

    None where no attribute has segments enough.
    """
    missed: list[bool] = []
    normal = normal_quantile(0.95)
    for _, rows in segmented.forest[segmented.forest["shrunk"].notna()].groupby(["outcome", "treated", "attribute"]):
        logs = rows["scale"].iloc[0] == "ratio"
        low, high = (rows[name].to_numpy(float) for name in ("raw_low", "raw_high"))
        low, high = (np.log(low), np.log(high)) if logs else (low, high)
        value, error = (low + high) / 2, (high - low) / 2 / normal
        weight = error**-2.0
        centre = float(weight @ value / weight.sum())
        spread = max(float((weight @ ((value - centre) ** 2 - error**2)) / weight.sum()), 0.0)
        share = spread / (spread + error**2)
        pooled, half = centre + share * (value - centre), normal * np.sqrt(share) * error
        real = np.array([truth[_place(row)] for row in rows.to_dict("records")])
        real = np.log(real) if logs else real
        missed += (np.abs(pooled - real) > half).tolist()
    return sum(missed) / len(missed) if missed else None


class _Shares(Told):
    """Records of shares that were promised not to exceed one in twenty."""

    def __init__(self, hazard: Hazard, seed: int, customers: int) -> None:
        names = {name: _NO_PROMISE if name.partition(":")[0] in SHOWN else PROMISED for name in hazard.estimands}
        super().__init__(hazard, seed, customers, names)

    def share(self, estimator: str, estimand: str, value: float) -> None:
        """One share; it has no interval of its own."""
        if estimand in self.truth:
            self.lists["effects"].append((*self.where(estimator, estimand), value, *(math.nan,) * 3, "D", 0))

    def of(self, estimator: str, named: Kept, looked: Kept, which: str = "") -> None:
        """What came of the segments that were named, and of those looked at."""
        self.share(estimator, FALSE_CLAIMS + which, float(named.false_claims > 0))
        self.share(estimator, FOUND + which, float(named.claims > named.false_claims))
        self.share(estimator, FALSE_DISCOVERIES + which, looked.false_discoveries / max(looked.selected, 1))
        self.share(estimator, FALSE_COVERAGE + which, looked.missed / max(looked.selected, 1))
        if looked.pooled:
            self.share(estimator, POOLED_MISSES + which, looked.pooled_missed / looked.pooled)


def _moments(test: SegmentedTest, outcome: str, attribute: str | None) -> list[list[Moments]]:
    counts, sums, squares = test.sums(outcome, attribute)
    return [
        [
            Moments((outcome,), int(n), (Decimal(int(total)),), (Decimal(int(square)),))
            for n, total, square in zip(*rows, strict=True)
        ]
        for rows in zip(counts, sums, squares, strict=True)
    ]


def _effects(outcome: str, arm: str, segment: Mapping[str, str], treated: Moments, other: Moments) -> list[Effect]:
    """Difference and ratio, the one first in which the outcome is judged; or that nothing can be told."""
    told: Sequence[Estimate | str]
    if min(treated.n, other.n) < 2 or not min(treated.total(outcome), other.total(outcome)) > 0:
        told = ["one of the groups is too small, or bought nothing."]
    else:
        difference = difference_in_means(treated, other, outcome, unit=UNITS[outcome])
        told = [difference, ratio_of_means(treated, other, outcome)]
        told = told if SCALES[outcome] == "difference" else told[::-1]
    return [
        Effect(
            design="ab_randomised",
            estimand="experiment_effect",
            treated=arm,
            comparison=ARMS[0],
            outcome=outcome,
            segment=segment,
            scale=SCALES[outcome] if isinstance(one, str) else one.scale,  # type: ignore[arg-type]
            estimate=None if isinstance(one, str) else one,
            reason=one if isinstance(one, str) else None,
            n_treated=treated.n,
            n_comparison=other.n,
            grade="D" if isinstance(one, str) else "A",
            claim="As the study says.",
        )
        for one in told
    ]


def _told(segmented: Segmented) -> list[dict[str, Any]]:
    return [row for row in segmented.forest.to_dict("records") if row["verdict"] not in ("whole", "refused")]  # type: ignore[misc]


def _place(row: Mapping[str, Any]) -> Place:
    return row["outcome"], row["treated"], row["attribute"], row["segment"]  # type: ignore[return-value]
