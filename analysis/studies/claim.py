"""What may be said of a number? A sentence made from the estimate, no stronger than its grade.

Figures are written plainly here (English, decimal point); pages restate them by locale. Harm and "no difference could
be seen" get the same sentence as a gain.
"""

from __future__ import annotations

from collections.abc import Mapping

from analysis.inference.estimate import Estimate
from analysis.studies.result import GRADE_WORDS, Grade

_LIMITS: Mapping[Grade, str] = {
    "A": "Customers were assigned at random, so the difference is an effect of the assignment.",
    "B": "The comparison passed its checks; the difference is an effect unless an unrecorded cause explains it.",
    "C": "The comparison leaves questions open, so the difference may have other causes.",
    "D": "This raw figure compares unlike customers or months and says nothing about cause.",
    "E": "This is an assumption, not a measurement.",
}


def claim_of(estimate: Estimate, *, who: str, against: str, when: str, grade: Grade, segment: Mapping[str, str]) -> str:
    """What was found, for whom, against whom, with its interval, and what the grade allows one to conclude.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> found = ratio_estimate("orders", 1.08, 0.02, n_treated=900, n_comparison=2500, method="ratio DiD")
    >>> print(claim_of(found, who="Customers whose first social contact was from 2025-01 to 2025-06",
    ...                against="similar customers whose issue went to another channel",
    ...                when="in the 6 months after", grade="C", segment={"region": "north"}))
    Customers whose first social contact was from 2025-01 to 2025-06 (region: north) had 8.0 % more orders (95 %
    interval: 3.8 % more to 12.3 % more) in the 6 months after than similar customers whose issue went to another
    channel. The comparison leaves questions open, so the difference may have other causes. Grade C: comparison with
    open questions.
    """
    where = "".join(f" ({name}: {value})" for name, value in sorted(segment.items()))
    what = estimate.name.replace("_", " ")
    interval = (
        f"{estimate.level * 100:g} % interval: {_size(estimate, estimate.low)} to {_size(estimate, estimate.high)}"
    )
    per_customer = "" if estimate.scale == "ratio" else " per customer"
    value = _size(estimate, estimate.value)
    if estimate.excludes_no_effect:
        found = f"had {value} {what}{per_customer} ({interval}) {when} than {against}"
    else:
        found = f"showed no clear difference in {what}{per_customer} {when} from {against}: {value} ({interval})"
    return f"{who}{where} {found}. {_LIMITS[grade]} Grade {grade}: {GRADE_WORDS[grade]}."


def refusal(reason: str) -> str:
    """The claim of a design that was refused.

    Examples
    --------
    >>> refusal("Only 12 customers were contacted.")
    'No effect is claimed: Only 12 customers were contacted.'
    """
    return f"No effect is claimed: {reason}"


def _size(estimate: Estimate, number: float) -> str:
    """A size with its direction: "8.0 % more", "7.23 EUR less", "0.13 fewer"."""
    more = number >= estimate.no_effect
    fewer = "less" if estimate.name in ("revenue", "margin", "support_cost", "index_issue_cost") else "fewer"
    word = "more" if more else fewer
    if estimate.scale == "ratio":
        percent = abs(number - 1) * 100
        return f"{percent:.1f} % {word}" if percent >= 0.1 or percent == 0 else f"{percent:.2g} % {word}"
    unit = estimate.unit.removesuffix("per customer").strip()
    if len(unit) == 3 and unit.isupper():
        return f"{abs(number):,.2f} {unit} {word}"
    return f"{abs(number):,.3f} {word}" if abs(number) >= 0.1 else f"{abs(number):.3g} {word}"
