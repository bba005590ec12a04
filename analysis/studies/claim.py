"""What may be said of a number? A sentence made from the estimate, no stronger than its grade.

Figures are written plainly here (English, decimal point); pages restate them by locale. Harm and "no clear difference"
get the same sentence as a gain. Raw figures get a sentence that says why they differ from the adjusted one. Which grade
was earned is left to `grade`; how much an unrecorded cause would have to do, to whoever hands in `unless`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from analysis.inference.estimate import Estimate
from analysis.studies.result import GRADE_WORDS, Grade, Maturity

Naive = Literal["naive_before_after", "naive_user_gap"]

LIMITS: Mapping[Grade, str] = MappingProxyType(
    {
        "A": "Customers were assigned at random, so the difference is an effect of the assignment.",
        "B": "The comparison passed its checks; the difference is an effect unless an unrecorded cause explains it.",
        "C": "The comparison leaves questions open, so the difference may have other causes.",
        "D": "This raw figure compares unlike customers or months and says nothing about cause.",
        "E": "This is an assumption, not a measurement.",
    }
)
"""What a clear difference allows one to conclude."""

LIMITS_UNSEEN: Mapping[Grade, str] = MappingProxyType(
    {
        "A": "Customers were assigned at random; an effect as large as the interval allows may have gone unseen.",
        "B": "The comparison passed its checks; an effect as large as the interval allows may have gone unseen, hardly "
        "a larger one unless an unrecorded cause hid an effect.",
        "C": "The comparison leaves questions open, so other causes may hide an effect, or the interval may hold one.",
        "D": LIMITS["D"],
        "E": LIMITS["E"],
    }
)
"""What it allows one to conclude that no clear difference was seen."""

NOT_OVER = "The window is not over, so this may still change."


@dataclass(frozen=True, slots=True)
class _Words:
    """How an outcome is said: the phrase around an amount such as "8.0 % more", its measure, and the word for less."""

    phrase: str
    measure: str
    less: str = "less"
    afterwards: bool = True


_OUTCOMES: Mapping[str, _Words] = MappingProxyType(
    {
        "orders": _Words("had {} orders", "orders", less="fewer"),
        "revenue": _Words("brought {} revenue", "revenue"),
        "margin": _Words("brought {} margin", "margin"),
        "issues": _Words("raised {} issues", "issues raised", less="fewer"),
        "support_cost": _Words("cost {} in support", "the cost of their support"),
        "index_issue_cost": _Words("cost {} for the issue itself", "the cost of the issue itself", afterwards=False),
        "repurchased": _Words("bought again {} often", "how often they bought again"),
        "retained": _Words("stayed {} often", "how often they stayed"),
    }
)
_IN_POINTS = ("repurchased", "retained")


def claim_of(
    estimate: Estimate,
    *,
    who: str,
    against: str,
    when: str,
    grade: Grade,
    segment: Mapping[str, str],
    maturity: Maturity = "mature",
    unless: str | None = None,
) -> str:
    """What was found, for whom, against whom, with its interval, and what the grade allows one to conclude.

    Parameters
    ----------
    estimate : Estimate
        Its name decides the words: the outcomes of the studies have their own.
    who, against : str
        The two groups, in the plural.
    when : str
        The window ("in the 6 months after"). Left out for what the index issue itself cost, which has none.
    grade : {"A", "B", "C", "D", "E"}
    segment : mapping of str to str
        Empty for all customers.
    maturity : {"mature", "interim"}
        An interim finding begins with "So far" and says that it may change.
    unless : str, optional
        How much an unrecorded cause would have to do to explain a clear difference, as a clause that begins with
        "unless". It takes the place of the general words where the grade is B; no other grade claims enough to need it.

    Raises
    ------
    ValueError
        If `unless` is another kind of clause.

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
    if unless is not None and not unless.startswith("unless "):
        raise ValueError(f"The clause about an unrecorded cause begins with `unless `, not with `{unless[:20]}`.")
    said = _OUTCOMES.get(estimate.name) or _words_for(estimate)
    subject = who + "".join(f" ({name}: {value})" for name, value in sorted(segment.items()))
    window = f" {when}" if said.afterwards and when else ""
    if maturity == "interim":
        subject, window = f"So far,{window}{',' if window else ''} {subject[:1].lower()}{subject[1:]}", ""
    ends = f"{_size(estimate, said, estimate.low)} to {_size(estimate, said, estimate.high)}"
    interval = f"{estimate.level * 100:g} % interval: {ends}"
    each = "" if estimate.scale == "ratio" or _in_points(estimate) else " per customer"
    size = _size(estimate, said, estimate.value)
    if estimate.excludes_no_effect:
        found = f"{said.phrase.format(size)}{each} ({interval}){window} than {against}"
        limit = LIMITS[grade]
        if grade == "B" and unless is not None:
            limit = f"The comparison passed its checks; the difference is an effect {unless.removesuffix('.')}."
    else:
        than = against.removeprefix("in ")  # of months: "than in the 6 months before", but "from the 6 months before"
        found = f"showed no clear difference in {said.measure}{window} from {than}: {size}{each} ({interval})"
        limit = LIMITS_UNSEEN[grade]
    open_end = f" {NOT_OVER}" if maturity == "interim" else ""
    return f"{subject} {found}. {limit}{open_end} Grade {grade}: {GRADE_WORDS[grade]}."


def window_after(months: int) -> str:
    """The window as claims say it.

    Examples
    --------
    >>> window_after(1), window_after(6)
    ('in the month after', 'in the 6 months after')
    """
    return "in the month after" if months == 1 else f"in the {months} months after"


def refusal(reason: str) -> str:
    """The claim of a design that was refused.

    Examples
    --------
    >>> refusal("Only 12 customers were contacted.")
    'No effect is claimed: Only 12 customers were contacted.'
    """
    return f"No effect is claimed: {reason}"


_WHY: Mapping[tuple[bool, Naive, bool], str] = MappingProxyType(
    {
        (True, "naive_before_after", True): "customers write to us in a bad time: similar customers whose issue went "
        "elsewhere bought less afterwards too, and that fall belongs to the problem or the season, not to the channel",
        (True, "naive_before_after", False): "buying picked up by itself: similar customers whose issue went elsewhere "
        "bought more afterwards too, and that rise belongs to the recovery or the season, not to the channel",
        (True, "naive_user_gap", True): "customers who use social buy less than others whatever the channel does",
        (True, "naive_user_gap", False): "customers who use social buy more than others whatever the channel does",
        (
            False,
            "naive_before_after",
            True,
        ): "a month with an issue is chosen because it has one: any later month looks better, whatever the channel",
        (
            False,
            "naive_before_after",
            False,
        ): "issues come in runs: after one of them more follow, whatever the channel",
        (False, "naive_user_gap", True): "customers who use social need less support than others whatever the channel "
        "does",
        (False, "naive_user_gap", False): "only customers with an issue can use social for it: users are chosen for "
        "having issues",
    }
)
"""By whether the outcome is buying, the raw figure, and whether that figure is the lower one."""


def why_naive_differs(naive: Estimate, adjusted: Estimate, kind: Naive) -> str:
    """Why is the raw figure another one than the adjusted one? One sentence, to stand beside the raw figure.

    Parameters
    ----------
    naive, adjusted : Estimate
        Ratios of one outcome: orders, revenue, margin, issues or support cost.
    kind : {"naive_before_after", "naive_user_gap"}
        Which raw figure it is.

    Raises
    ------
    ValueError
        If they are not two ratios of one outcome, above zero.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> raw, found = (ratio_estimate("orders", value, 0.02, n_treated=900, n_comparison=900, method="")
    ...               for value in (0.9, 1.08))
    >>> print(why_naive_differs(raw, found, "naive_before_after"))
    The raw figure is 16.7 % lower than the adjusted one, and turns a rise into a fall, because customers write to us in
    a bad time: similar customers whose issue went elsewhere bought less afterwards too, and that fall belongs to the
    problem or the season, not to the channel.
    """
    if (
        naive.name != adjusted.name
        or {naive.scale, adjusted.scale} != {"ratio"}
        or min(naive.value, adjusted.value) <= 0
    ):
        raise ValueError(
            f"A raw figure is explained beside the same ratio, adjusted; given were {naive.name} ({naive.scale}) and "
            f"{adjusted.name} ({adjusted.scale})."
        )
    if adjusted.low <= naive.value <= adjusted.high:
        return (
            "The raw figure lies within the interval of the adjusted one: here the two agree, which the raw figure "
            "alone could not have told."
        )
    lower = naive.value < adjusted.value
    size = abs(naive.value / adjusted.value - 1) * 100
    because = _WHY[naive.name not in ("issues", "support_cost"), kind, lower]
    share = _share_of_gap(naive, adjusted) if kind == "naive_user_gap" else ""
    return (
        f"The raw figure is {size:.1f} % {'lower' if lower else 'higher'} than the adjusted one"
        f"{_what_it_makes(naive, adjusted)}, because {because}{share}."
    )


def _what_it_makes(naive: Estimate, adjusted: Estimate) -> str:
    """What a reader of the raw figure alone would get wrong about the direction, if anything."""
    raw, found = (
        (0 if not one.excludes_no_effect else 1 if one.value > 1 else -1, "rise" if one.value > 1 else "fall")
        for one in (naive, adjusted)
    )
    if raw[0] == found[0]:
        return ""
    if raw[0] and found[0]:
        return f", and turns a {found[1]} into a {raw[1]}"
    return f", and hides a {found[1]}" if found[0] else f", and makes a {raw[1]} of no clear difference"


def _share_of_gap(naive: Estimate, adjusted: Estimate) -> str:
    """How much of the gap between users and others is there without the contact."""
    gap, effect = math.log(naive.value), math.log(adjusted.value)
    if gap == 0 or (abs(gap) < abs(effect) and gap * effect > 0):
        return ""  # the raw gap is too small, not too large
    share = 1 - effect / gap
    return f"; that is {'all' if share >= 1 else 'most' if share >= 0.5 else 'part'} of the gap"


def _in_points(estimate: Estimate) -> bool:
    """Whether a difference is one of shares, to be said in percentage points."""
    share = estimate.name in _IN_POINTS or estimate.unit.partition(" ")[0] == "share"
    return share and estimate.scale == "difference"


def _words_for(estimate: Estimate) -> _Words:
    """Words for an outcome of an experiment, of which only the name is known."""
    what = estimate.name.replace("_", " ")
    less = "less" if estimate.name == "spend" or _currency(estimate) else "fewer"
    return _Words(f"were {{}} likely to show {what}" if _in_points(estimate) else f"had {{}} {what}", what, less)


def _currency(estimate: Estimate) -> str | None:
    """The currency of a difference in money."""
    unit = estimate.unit.removesuffix("per customer").strip()
    return unit if len(unit) == 3 and unit.isupper() else None


def _size(estimate: Estimate, said: _Words, number: float) -> str:
    """A size with its direction: "8.0 % more", "7.23 EUR less", "0.13 fewer", "1.2 percentage points more"."""
    points = _in_points(estimate)
    word = "more" if number >= estimate.no_effect else "less" if points else said.less
    if math.isinf(number):
        return f"{word} without limit"
    if estimate.scale == "ratio" or points:
        percent = abs(number - estimate.no_effect) * 100
        amount = f"{percent:.1f}" if percent >= 0.1 or percent == 0 else f"{percent:.2g}"
        return f"{amount} {'percentage points' if points else '%'} {word}"
    if currency := _currency(estimate):
        return f"{abs(number):,.2f} {currency} {word}"
    return f"{abs(number):,.3f} {word}" if abs(number) >= 0.1 else f"{abs(number):.3g} {word}"
