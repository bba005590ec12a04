"""What may be said of an arm? The sentence of a mean, a quantile or a ratio, and what must stand beside it."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.inference.estimate import Estimate
from analysis.studies.claim import LIMITS, LIMITS_UNSEEN, claim_of
from analysis.studies.experiment.contrasts import ADJUSTED, ANYTIME, COMPLIER, NAIVE, QUANTILE, Contrast
from analysis.studies.result import GRADE_WORDS, Grade

BESIDE: Mapping[str, str] = {
    ADJUSTED: "Adjusted for what was known of customers before they were assigned.",
    ANYTIME: "The interval holds however often somebody looked, from the first to the last number declared.",
    NAIVE: "Chances differed between strata, so that the arms hold unlike customers; this figure forgets that.",
    COMPLIER: "It rests on the assignment having changed nothing but through taking part.",
}


def said_of(
    contrast: Contrast, estimate: Estimate, *, arm: str, control: str, grade: Grade, segment: Mapping[str, str],
    of_customers: bool,
) -> str:  # fmt: skip
    """One sentence with its interval, what the grade allows, and what the estimand needs besides.

    Parameters
    ----------
    contrast : Contrast
    estimate : Estimate
        The one it found.
    arm, control : str
    grade : {"A", "B", "C", "D", "E"}
    segment : mapping of str to str
    of_customers : bool
        Whether it is a mean over customers; a quantile and a ratio of two outcomes are not.

    Examples
    --------
    >>> estimate = Estimate(name="orders per session", value=0.02, low=0.01, high=0.03, level=0.95, se=0.005,
    ...                     scale="difference", unit="orders per session", n_treated=900, n_comparison=900, method="")
    >>> print(said_of(Contrast(estimand="experiment_effect", scale="difference", found=estimate), estimate, arm="new",
    ...               control="control", grade="A", segment={}, of_customers=False))
    Among customers assigned to new, orders per session was 0.02 higher (95 % interval: 0.01 higher to 0.03 higher) than
    among customers assigned to control. Customers were assigned at random, so the difference is an effect of the
    assignment. Grade A: randomised test.
    """
    who, against = f"Customers assigned to {arm}", f"customers assigned to {control}"
    if contrast.estimand == COMPLIER:
        who, against = f"Customers whom being assigned to {arm} moved to take part", f"such customers in {control}"
    if of_customers and not contrast.estimand.startswith(QUANTILE):
        claim = claim_of(estimate, who=who, against=against, when="in the experiment", grade=grade, segment=segment)
    else:
        claim = _level_of(contrast, estimate, who, against, grade, segment)
    more = " ".join(filter(None, (BESIDE.get(contrast.estimand, ""), contrast.said)))
    return f"{claim} {more}".strip()


def _level_of(
    contrast: Contrast, estimate: Estimate, who: str, against: str, grade: Grade, segment: Mapping[str, str]
) -> str:
    """A figure of a whole group: it is higher or lower, and no customer has it."""
    what = estimate.name
    kind, _, quantile = contrast.estimand.partition(":")
    if kind == QUANTILE:
        what = f"the {float(quantile) * 100:g} % quantile of {estimate.name.replace('_', ' ')}"
    among = who[:1].lower() + who[1:] + "".join(f" ({name}: {value})" for name, value in sorted(segment.items()))
    ends = f"{_size(estimate, estimate.low)} to {_size(estimate, estimate.high)}"
    clear = estimate.excludes_no_effect
    doubt = "" if clear else ", which is no clear difference"
    limit = (LIMITS if clear else LIMITS_UNSEEN)[grade]
    return (
        f"Among {among}, {what} was {_size(estimate, estimate.value)} ({estimate.level * 100:g} % interval: {ends}) "
        f"than among {against}{doubt}. {limit} Grade {grade}: {GRADE_WORDS[grade]}."
    )


def _size(estimate: Estimate, number: float) -> str:
    if abs(number) == float("inf"):
        return "higher without limit" if number > 0 else "lower without limit"
    side = "higher" if number >= estimate.no_effect else "lower"
    if estimate.scale == "ratio":
        return f"{abs(number - 1) * 100:.1f} % {side}"
    return f"{abs(number):.3g} {side}"


def with_warning(claim: str, warning: str) -> str:
    """A claim that must not be read without a warning.

    Examples
    --------
    >>> with_warning("It went up.", "")
    'It went up.'
    """
    return f"{claim} {warning}".strip()
