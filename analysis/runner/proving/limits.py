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
ERROR_OF_ALL = 0.01
"""Chance that a proof of sound estimators misses any coverage by chance alone."""
BIAS_ALLOWED = 0.2
"""Bias in standard errors, beyond two Monte Carlo errors."""
REFERENCE_WIDTH, REFERENCE_CUSTOMERS = 0.093, SIZES["before_after"]
WIDTH_ALLOWED = 1.25
SHARE_B, SHARE_B_BROKEN, FOUND = 0.85, 0.10, 0.95
FOUND_IN = ("effect", "queue_effect", "rollout_effect")
"""The companies whose effect, at full size, must nearly always be found."""
COVERAGE_OF_SERIES = 0.91
"""The least share of series, or panels, whose interval must hold the truth: there are 24 to 60 points to make it of."""
SERIES_FOR_THE_BAR = 1_000
MAIN: dict[Design, str] = {
    "before_after": "orders_ratio",
    "service_effect": "orders_difference",
    "adoption": "orders_ratio",
    "change_log": "",
}
"""The estimand whose grade is judged; changes of series have none here."""

MEASURES = ("coverage", "bias", "width", "grade", "claims", "found", "interval")
"""What is judged, by name."""
_FINDS_THE_TRUTH = ("sound", "unseen", "weak")


def bonferroni_z(cells: int) -> float:
    """How many standard errors a share may lie off, so that of so many none does in 99 of 100 proofs.

    Examples
    --------
    >>> round(bonferroni_z(1), 3), round(bonferroni_z(50), 3)
    (2.576, 3.719)
    """
    return float(special.ndtri(1 - ERROR_OF_ALL / (2 * cells)))


def coverage_accepted(n: int, z: float) -> tuple[float, float]:
    """Between which shares may the coverage of 95 % intervals lie in n companies?

    Examples
    --------
    >>> low, high = coverage_accepted(1000, 3.0)
    >>> round(low, 4), round(high, 4)
    (0.9293, 0.9707)
    """
    half = z * math.sqrt(LEVEL * (1 - LEVEL) / n) if n else math.inf
    return max(LEVEL - half, 0.0), min(LEVEL + half, 1.0)


def coverage_asked(hazard: Hazard, n: int, z: float) -> tuple[float, float]:
    """The same for a hazard of any design. Of a thousand series a bar is asked; of fewer, less what chance adds.

    Examples
    --------
    >>> from analysis.runner.proving.hazards import hazard_named
    >>> coverage_asked(hazard_named("series_24"), 1000, 3.0)
    (0.91, 1.0)
    >>> round(coverage_asked(hazard_named("series_24"), 200, 3.0)[0], 4)
    0.8557
    """
    if hazard.design != "change_log":
        return coverage_accepted(n, z)
    more = max(1 / n - 1 / SERIES_FOR_THE_BAR, 0.0) if n else math.inf
    return max(COVERAGE_OF_SERIES - z * math.sqrt(COVERAGE_OF_SERIES * (1 - COVERAGE_OF_SERIES) * more), 0.0), 1.0


def shares_z(hazard: Hazard) -> bool:
    """Whether the cells of a hazard are among those over which the error of all is spread."""
    return hazard.design != "change_log" and hazard.kind in _FINDS_THE_TRUTH


def width_allowed(customers: int) -> float:
    """The largest median width of the interval, on the log scale, for a company of that size.

    Examples
    --------
    >>> round(width_allowed(40_000), 5), round(width_allowed(10_000), 4)
    (0.11625, 0.2325)
    """
    return WIDTH_ALLOWED * REFERENCE_WIDTH * math.sqrt(REFERENCE_CUSTOMERS / customers)


def width_judged(hazard: Hazard, estimand: str) -> bool:
    """Whether there is a reference for the width: of the channel study, in companies of the first generator."""
    return hazard.design == "before_after" and estimand == MAIN["before_after"] and not hazard.firm


def most_graded_b(hazard: Hazard) -> float:
    """The largest share of companies that may be graded B, where B is not earned."""
    return 0.0 if hazard.kind in ("weak", "capped") else SHARE_B_BROKEN


def verdicts(cell: Cell, hazard: Hazard) -> dict[str, bool]:
    """What is judged of the study in a company of this kind, and whether it held."""
    kind, main = hazard.kind, cell.estimand == MAIN[hazard.design]
    full_size = main and cell.customers >= SIZES[hazard.design]
    if kind == "few":
        return {"interval": math.isnan(cell.coverage)}
    if kind == "capped":
        return {"grade": cell.share_b <= most_graded_b(hazard)}
    if kind in ("strong_hidden", "broken"):
        return {"grade": cell.share_b <= most_graded_b(hazard)} if full_size else {}
    if kind == "weak_hidden":
        return {}
    found = {"coverage": cell.accept_low <= cell.coverage <= cell.accept_high}
    if cell.n > 1:
        found["bias"] = abs(cell.bias) <= cell.bias_allowed
    if not math.isnan(cell.width_allowed):
        found["width"] = cell.width <= cell.width_allowed
    if full_size and kind == "sound":
        found["grade"] = cell.share_b >= SHARE_B
    if kind == "weak":
        found["grade"] = cell.share_b <= most_graded_b(hazard)
    if hazard.null and hazard.design != "change_log":
        found["claims"] = max(cell.up, cell.down) <= cell.claims_allowed
    if full_size and hazard.name in FOUND_IN:
        found["found"] = cell.up >= FOUND
    return found
