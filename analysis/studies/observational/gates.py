"""Are there customers alike to compare, are they alike once weighted, and is there no effect where none can be?

Three gates. *Overlap*: hardly anybody was trimmed, and the comparison does not rest on a few. *Balance*: covariates lie
less than 0.1 standard deviations apart. *Placebos*: the study repeated on what the treatment cannot have changed finds
nothing. A grade B needs all of them, of placebos one at least; what else the data cannot tell is a cap that the rows
carry. How placebo p-values are judged together is told in `studies.gates`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.inference.att import Att
from analysis.inference.compare import SAMPLE_RATIO_P, equal_shares
from analysis.studies.gates import Finding, judge, two_sided_p
from analysis.studies.observational.fit import FEWEST_CUSTOMERS, Fit, fit
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.rows import Flags, Floats, ObservationalRows
from analysis.studies.result import Check
from analysis.studies.strata import IMBALANCE_ALLOWED, UNMATCHED_ALLOWED

if TYPE_CHECKING:
    import pandas as pd

LARGEST_SHARE = 0.05
"""Of the comparison weight, so much may rest on one customer."""
PLACEBO = "placebo_outcome"


def overlap(found: Fit) -> Check:
    """Has nearly everybody treated somebody like them, and does the comparison rest on many?"""
    cut = found.trimming
    sound = (
        cut.share <= UNMATCHED_ALLOWED and found.effective >= FEWEST_CUSTOMERS and found.largest_share <= LARGEST_SHARE
    )
    detail = (
        f"{cut.treated_left_out:,} of {cut.treated:,} treated rows ({cut.share * 100:.1f} %) and "
        f"{cut.comparison_left_out:,} of {cut.comparison:,} others were left out, being likelier to be treated than "
        f"{cut.highest:.3g} or than anybody in the comparison; up to {UNMATCHED_ALLOWED * 100:g} % of the treated are "
        f"allowed. The comparison is worth {found.effective:,.0f} customers of equal weight ({FEWEST_CUSTOMERS} are "
        f"needed), the largest weight is {found.largest_share * 100:.1f} % of all (up to {LARGEST_SHARE * 100:g} %)."
    )
    return Check(name="overlap", verdict="passed" if sound else "failed", detail=detail, gate=True, value=cut.share)


def balance(frame: pd.DataFrame) -> Check:
    """Are the groups alike in all that is known of them beforehand? The largest difference decides."""
    judged = frame[frame["judged"]]
    size = judged["after"].abs()
    worst, where = float(size.max()), str(judged.loc[size.idxmax(), "value"])
    at_first = float(judged["before"].abs().max())

    def said(number: float) -> str:
        return "without bound" if math.isinf(number) else f"{number:.3f}"

    detail = (
        f"The largest standardised difference after weighting is {said(worst)}, in {where} (before: {said(at_first)}); "
        f"below {IMBALANCE_ALLOWED} counts as alike."
    )
    return Check(
        name="balance",
        verdict="passed" if worst < IMBALANCE_ALLOWED else "failed",
        detail=detail,
        gate=True,
        value=None if math.isinf(worst) else worst,
    )


def recorded(rows: ObservationalRows, outcome: str, part: Flags) -> Check | None:
    """Is the outcome known of as large a share of both groups? Asked where it is not known of all."""
    import numpy as np

    known = np.isfinite(rows.after[outcome])
    if known[part].all():
        return None
    sides = {"treated": part & rows.treated, "comparison": part & ~rows.treated}
    whole = {name: int(side.sum()) for name, side in sides.items()}
    held = {name: int((side & known).sum()) for name, side in sides.items()}
    p_value = equal_shares(held, whole)
    share = {name: held[name] / whole[name] * 100 if whole[name] else 0.0 for name in sides}
    return Check(
        name="outcome_recorded",
        verdict="failed" if p_value < SAMPLE_RATIO_P else "passed",
        detail=f"The outcome is known of {share['treated']:.1f} % of the treated and {share['comparison']:.1f} % of "
        f"the others; p = {p_value:.3g} for equal shares, below {SAMPLE_RATIO_P} fails.",
        gate=True,
        p_value=p_value,
    )


def placebos(
    rows: ObservationalRows, plan: ObservationalPlan, segment: Mapping[str, str], fits: Mapping[str, Fit | str]
) -> dict[str, Att | str]:
    """The study on what the treatment cannot have changed, by name of the placebo; or why it could not be made.

    Those that leave no covariate out were made with the outcomes (`alongside`), and are only looked up.
    """
    found: dict[str, Att | str] = {}
    apart: dict[int, Fit] = {}
    for name, placebo in rows.placebos.items():
        made = next((one for one in fits.values() if isinstance(one, Fit) and _key(name) in one.effects), None)
        try:
            if placebo.others is not None and placebo.of is not None:
                (outcome,) = placebo.of
                others = placebo.others
                if id(others) not in apart:
                    asked = {one: (others.after[one], others.before[one]) for one in others.before}
                    apart[id(others)] = fit(others, plan, asked, part=part_of(others, segment))
                found[name] = apart[id(others)].effects[outcome]
                continue
            alone = {_key(name): (placebo.after, placebo.before)}
            held = made or fit(rows, plan, alone, part=part_of(rows, segment), without=placebo.without)
            found[name] = held.effects[_key(name)]
        except DesignError as error:
            found[name] = str(error)
    return found


def part_of(rows: ObservationalRows, segment: Mapping[str, str]) -> Flags:
    """Which rows belong to a segment; all where it names none."""
    import numpy as np

    part = np.ones(len(rows), dtype=bool)
    for name, value in segment.items():
        part &= rows.attributes[name] == value
    return part


def alongside(rows: ObservationalRows) -> dict[str, tuple[Floats, Floats | None]]:
    """Placebos that are known of all customers and leave no covariate out, to be fitted together with the outcomes."""
    import numpy as np

    return {
        _key(name): (placebo.after, placebo.before)
        for name, placebo in rows.placebos.items()
        if placebo.without is None
        and placebo.others is None
        and np.isfinite(placebo.after).all()
        and (placebo.before is None or np.isfinite(placebo.before).all())
    }


def _key(name: str) -> str:
    return f"placebo {name}"


def judge_placebos(rows: ObservationalRows, found: Mapping[str, Att | str], outcome: str) -> tuple[Check, ...]:
    """The gates of one outcome: every placebo that speaks for it, judged together."""
    findings = []
    for name, effect in found.items():
        placebo = rows.placebos[name]
        if placebo.of is None or outcome in placebo.of:
            findings.append(_finding(f"placebo_{name}", placebo.what, effect))
    if not findings:
        detail = "Nothing was named that the treatment cannot have changed, so nothing tests the comparison."
        return (Check(name=PLACEBO, verdict="not_run", detail=detail, gate=True),)
    return judge(findings)


def _finding(name: str, what: str, effect: Att | str) -> Finding:
    if isinstance(effect, str):
        return Finding(name=name, what=what, reason=f"It could not be made: {effect}")
    if min(effect.observed, effect.expected) <= 0 or not effect.se_log > 0:
        return Finding(
            name=name, what=what, reason="It could not be made: a mean is not above zero, or nothing varies."
        )
    ratio = effect.observed / effect.expected
    return Finding(name=name, what=what, ratio=ratio, se_log=effect.se_log, p_value=two_sided_p(ratio, effect.se_log))


def needed(checks: Sequence[Check]) -> tuple[str, ...]:
    """The gates that a grade B cannot do without here."""
    tested = [check.name for check in checks if check.name.startswith("placebo_")]
    return ("overlap", "balance", *(tested or [PLACEBO]))
