"""What is asked of a study in made-up companies, and did it hold? The limits of each design, in one place.

A measure is held against a limit that follows from the number of companies. Which limits there are depends on the
hazard: in sound companies the truth must be found and the grade earned; where the design is broken, the grade must be
refused; where a cap stands, it must stand always. How the measures come about is left to `tallies`; how a miss is told
to `misses`, and the words of the page to `page_words`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy import special

from analysis.runner.proving.hazards import SIZES, Design, Hazard

if TYPE_CHECKING:
    from analysis.runner.proving.tallies import Cell

LEVEL = 0.95
MONEY_LEVEL = 0.90
"""Of the interval of a net present value: its low and its high case are the 5th and the 95th percentile."""
ERROR_OF_ALL = 0.01
"""Chance that a proof of sound estimators misses any coverage by chance alone."""
BIAS_ALLOWED = 0.2
"""Bias in standard errors, beyond two Monte Carlo errors."""
REFERENCE_WIDTH, REFERENCE_CUSTOMERS = 0.093, SIZES["before_after"]
WIDTH_ALLOWED = 1.25
SHARE_B, SHARE_B_BROKEN, FOUND = 0.85, 0.10, 0.95
FOUND_IN = ("effect", "queue_effect", "rollout_effect", "trial_effect", "switchback_effect", "invitation_effect",
            "users_effect")  # fmt: skip
"""The companies whose effect, at full size, must nearly always be found."""
COVERAGE_OF_SERIES = 0.91
"""The least share of series, or panels, whose interval must hold the truth: there are 24 to 60 points to make it of."""
SERIES_FOR_THE_BAR = 1_000
MAIN: dict[Design, str] = {
    "before_after": "orders_ratio",
    "service_effect": "orders_difference",
    "adoption": "orders_ratio",
    "change_log": "",
    "ab_randomised": "orders_difference",
    "ab_observational": "orders_ratio",
    "segments": "",
    "roi_case": "",
}
"""The estimand whose grade is judged; changes of series have none here."""
TRIAL_WIDTH_ALLOWED = 1.05
"""Width of an experiment's interval, against the one that follows from what was planted."""
RATIO_FAILS = 0.001
"""How often the sample ratio of a sound randomisation fails."""
ALONE_Z = 2.576
"""Standard errors of a limit that is held by itself, to one side."""
SEEN_AT = 0.05
TOLD_WHERE_WEAK = 0.10
"""The largest share of experiments whose invitation moves next to nobody that may tell an effect on those moved."""
LESS_BIAS = ":less_planted_bias"
"""Ends the estimands that a planted bias was taken off, so that they must hold the truth."""
SET_ALONE = ":set"
"""Ends the estimands of which the set of effects not rejected is judged, and no estimate."""

MEASURES = ("coverage", "bias", "width", "grade", "claims", "found", "interval", "told", "promise")
"""What is judged, by name."""
_FINDS_THE_TRUTH = ("sound", "unseen", "weak")
_OVER_ALL_Z = 3.5  # so rare a failure is judged in many hazards


def bonferroni_z(cells: int) -> float:
    """How many standard errors a share may lie off, so that of so many none does in 99 of 100 proofs.

    Examples
    --------
    >>> round(bonferroni_z(1), 3), round(bonferroni_z(50), 3)
    (2.576, 3.719)
    """
    return float(special.ndtri(1 - ERROR_OF_ALL / (2 * cells)))


def coverage_accepted(n: int, z: float, level: float = LEVEL) -> tuple[float, float]:
    """Between which shares may the coverage of intervals, of 95 % unless said, lie in n companies?

    Examples
    --------
    >>> low, high = coverage_accepted(1000, 3.0)
    >>> round(low, 4), round(high, 4)
    (0.9293, 0.9707)
    """
    half = z * math.sqrt(level * (1 - level) / n) if n else math.inf
    return max(level - half, 0.0), min(level + half, 1.0)


def coverage_asked(hazard: Hazard, n: int, z: float) -> tuple[float, float]:
    """The same for a hazard of any design. Of a thousand series a bar is asked; of fewer, less what chance adds.

    Where intervals may hold the truth more often than said, the upper limit is 1. Those of money are of 90 %.

    Examples
    --------
    >>> from analysis.runner.proving.hazards import hazard_named
    >>> coverage_asked(hazard_named("series_24"), 1000, 3.0)
    (0.91, 1.0)
    >>> round(coverage_asked(hazard_named("series_24"), 200, 3.0)[0], 4)
    0.8557
    """
    if hazard.at_least:
        return coverage_accepted(n, ALONE_Z)[0], 1.0
    if hazard.design == "roi_case":
        return coverage_accepted(n, z, MONEY_LEVEL)
    if hazard.design != "change_log":
        return coverage_accepted(n, z)
    more = max(1 / n - 1 / SERIES_FOR_THE_BAR, 0.0) if n else math.inf
    return max(COVERAGE_OF_SERIES - z * math.sqrt(COVERAGE_OF_SERIES * (1 - COVERAGE_OF_SERIES) * more), 0.0), 1.0


def shares_z(hazard: Hazard) -> bool:
    """Whether the cells of a hazard are among those over which the error of all is spread."""
    alone = hazard.design in ("change_log", "segments") or hazard.at_least
    return hazard.kind in _FINDS_THE_TRUTH and not alone


def width_allowed(customers: int) -> float:
    """The largest median width of the channel study's interval, on the log scale, for a company of that size.

    Examples
    --------
    >>> round(width_allowed(40_000), 5), round(width_allowed(10_000), 4)
    (0.11625, 0.2325)
    """
    return WIDTH_ALLOWED * REFERENCE_WIDTH * math.sqrt(REFERENCE_CUSTOMERS / customers)


def width_asked(hazard: Hazard, estimand: str, customers: int) -> float:
    """The largest median width of an interval; NaN where there is no reference for it.

    There is one for the channel study, in companies of the first generator, and for experiments whose customers are
    assigned one by one: there the standard error follows from what was planted, adjusted or not.

    Examples
    --------
    >>> from analysis.runner.proving.hazards import hazard_named
    >>> hazard = hazard_named("trial_none")
    >>> plain, adjusted = (width_asked(hazard, f"orders_difference{how}", 20_000) for how in ("", ":cuped"))
    >>> round(plain, 4), round(adjusted / plain, 3)
    (0.075, 0.784)
    """
    if hazard.design == "before_after" and estimand == MAIN["before_after"] and not hazard.firm:
        return width_allowed(customers)
    if hazard.design != "ab_randomised":
        return math.nan
    from analysis.synthetic.experiments.trial import ONE_BY_ONE, planted_error

    if hazard.name not in ONE_BY_ONE or hazard.at_least or estimand.partition(":")[2] not in ("", "cuped"):
        return math.nan
    reach = float(special.ndtri((1 + LEVEL) / 2))
    return 2 * reach * TRIAL_WIDTH_ALLOWED * planted_error(hazard.name, estimand, customers)


def least_graded_b(hazard: Hazard, n: int) -> float:
    """The smallest share of companies that must be graded B or better, where it is earned.

    An experiment earns its grade by chance alone, unless the sample ratio fails, as it does in one of a thousand.

    Examples
    --------
    >>> from analysis.runner.proving.hazards import hazard_named
    >>> least_graded_b(hazard_named("none"), 1000), round(least_graded_b(hazard_named("trial_none"), 1000), 4)
    (0.85, 0.9955)
    """
    if hazard.design != "ab_randomised":
        return SHARE_B
    return 1 - RATIO_FAILS - _OVER_ALL_Z * math.sqrt(RATIO_FAILS * (1 - RATIO_FAILS) / n) if n else 0.0


def gate_asked(hazard: Hazard, gate: str, n: int) -> tuple[float, float] | None:
    """Between which shares of n companies must a gate fail? None where nothing is asked of it.

    Of experiments: the sample ratio fails hardly ever in a sound one, and nearly always where customers were lost; the
    lot's own test, and the look for what blocks carry over, find something that is not there in 5 %.

    Examples
    --------
    >>> from analysis.runner.proving.hazards import hazard_named
    >>> gate_asked(hazard_named("trial_mismatch"), "sample_ratio", 1000)
    (0.95, 1.0)
    >>> round(gate_asked(hazard_named("switchback_none"), "by_the_lot", 1000)[1], 4)
    0.0678
    >>> gate_asked(hazard_named("none"), "placebo_date", 1000) is None
    True
    """
    if hazard.name == "users_weak" and gate == "overlap":
        return FOUND, 1.0
    if gate == "claim_names_bias":
        return 0.0, 0.0
    if hazard.design != "ab_randomised":
        return None
    if gate == "sample_ratio":
        return (FOUND, 1.0) if hazard.kind == "broken" else (0.0, 1 - least_graded_b(hazard, n))
    if gate == "carry_over" or (gate == "by_the_lot" and hazard.null):
        return 0.0, SEEN_AT + ALONE_Z * math.sqrt(SEEN_AT * (1 - SEEN_AT) / n)
    return None


def promise_allowed(promised: float, n: int) -> float:
    """The largest mean share of n tests that chance explains where it is no larger than was promised.

    No share can scatter more from test to test than one that is always 0 or 1.

    Examples
    --------
    >>> round(promise_allowed(0.05, 1000), 4)
    0.0678
    """
    return promised + ALONE_Z * math.sqrt(promised * (1 - promised) / n) if n else 1.0


def most_graded_b(hazard: Hazard) -> float:
    """The largest share of companies that may be graded B, where B is not earned."""
    return 0.0 if hazard.kind in ("weak", "capped") else SHARE_B_BROKEN


def verdicts(cell: Cell, hazard: Hazard) -> dict[str, bool]:
    """What is judged of the study in a company of this kind, and whether it held."""
    if hazard.design == "segments":  # the truth is what was promised; nothing is promised of what is only shown
        return {"promise": cell.value <= promise_allowed(cell.truth, cell.n)} if cell.truth > 0 else {}
    if hazard.design == "roi_case" and math.isnan(cell.coverage):
        return {}  # a chance has no interval: `tallies_money` judges it
    kind, main = hazard.kind, cell.estimand == MAIN[hazard.design]
    full_size = main and cell.customers >= SIZES[hazard.design]
    if kind == "few":
        return {"interval": math.isnan(cell.coverage)}
    if kind == "capped" and hazard.design == "adoption":  # what first contacts change is not told there at all
        return {"grade": cell.share_b <= most_graded_b(hazard)}
    if kind in ("strong_hidden", "broken"):
        return {"grade": cell.share_b <= most_graded_b(hazard)} if full_size else {}
    if kind == "weak_hidden" and not cell.estimand.endswith(LESS_BIAS):
        return {}
    if kind == "weak" and hazard.design == "ab_randomised" and not cell.estimand.endswith(SET_ALONE):
        return {"told": cell.n <= TOLD_WHERE_WEAK * (cell.n + cell.refused)}
    if not cell.n:
        return {}
    found = {"coverage": cell.accept_low <= cell.coverage <= cell.accept_high}
    if cell.estimand.endswith(SET_ALONE):
        return found
    if cell.n > 1:
        found["bias"] = abs(cell.bias) <= cell.bias_allowed
    if not math.isnan(cell.width_allowed):
        found["width"] = cell.width <= cell.width_allowed
    if full_size and kind == "sound":
        found["grade"] = cell.share_b >= least_graded_b(hazard, cell.n + cell.refused)
    if kind in ("weak", "capped"):
        found["grade"] = cell.share_b <= most_graded_b(hazard)
    if hazard.null and hazard.design != "change_log":
        found["claims"] = max(cell.up, cell.down) <= cell.claims_allowed
    if full_size and hazard.name in FOUND_IN:
        found["found"] = cell.up >= FOUND
    return found
