"""How far can a claim be believed? A to E, earned by checks, never given by hand.

What a design cannot know, however its checks come out, stands among them as a gate that was not run and says so: a cap.
There is no other way to hold a grade down or up. What each gate tests is left to `gates` and `strata`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from analysis.studies.gates import GATES
from analysis.studies.result import Check, Grade

ALIKE = ("overlap", "balance")
"""Gates that apply to every comparison: a comparison that has not passed them compares unlike customers."""


def grade_of(checks: Iterable[Check], *, randomised: bool = False, needed: Collection[str] | None = None) -> Grade:
    """The grade that the checks of a design have earned.

    A: randomised and every gate passed. B: a comparison that passed overlap, balance, and every one of the gates before
    the contact, at a made-up date and among customers who turn to social later. C: a comparison or a randomised test of
    which a gate did not pass or is missing. D: a randomised test whose gate failed, of which no effect is claimed.
    Checks that are not gates are shown and cap nothing.

    A gate that cannot apply counts as passed if it says why, but overlap and balance always apply, and of the three
    other gates one at least must have been passed. A design that rests on something else than similar customers names
    the gates that it cannot do without: `needed`, all of which must have been passed, in the place of those five.

    Raises
    ------
    ValueError
        If a gate occurs twice.

    Examples
    --------
    >>> names = ("overlap", "balance", "pre_trend", "placebo_date", "future_social")
    >>> passed = [Check(name=name, verdict="passed", detail="", gate=True) for name in names]
    >>> grade_of(passed), grade_of(passed[:-1]), grade_of([*passed, window_not_over(3, 6)])
    ('B', 'C', 'C')
    >>> grade_of([Check(name="sample_ratio", verdict="passed", detail="", gate=True)], randomised=True)
    'A'
    >>> grade_of([Check(name="first_stage", verdict="passed", detail="", gate=True)], needed=("first_stage",))
    'B'
    """
    gates = [check for check in checks if check.gate]
    verdicts = {check.name: check.verdict for check in gates}
    if len(verdicts) < len(gates):
        raise ValueError(f"Each gate is judged once; given were {', '.join(check.name for check in gates)}.")
    passed = {name for name, verdict in verdicts.items() if verdict == "passed"}
    excused = {check.name for check in gates if check.verdict == "not_applicable" and check.detail.strip()}
    sound = bool(passed) and passed | excused == set(verdicts)
    if randomised:
        return "A" if sound else "D" if "failed" in verdicts.values() else "C"
    if needed is not None:
        return "B" if sound and passed.issuperset(needed) else "C"
    complete = passed.issuperset(ALIKE) and (passed | excused).issuperset(GATES) and not passed.isdisjoint(GATES)
    return "B" if sound and complete else "C"


def cannot_apply(name: str, why: str) -> Check:
    """A gate that has no meaning for an outcome, which counts as passed because it says why.

    Parameters
    ----------
    name : str
        One of the three gates; overlap and balance always apply.
    why : str
        A sentence.

    Raises
    ------
    ValueError
        If no reason is given, or the gate always applies.

    Examples
    --------
    >>> cannot_apply("pre_trend", "An issue's own cost has no earlier path.").verdict
    'not_applicable'
    """
    if name not in GATES or not why.strip():
        raise ValueError(f"`{name}` counts as passed only where it is one of {', '.join(GATES)} and says why not.")
    return Check(name=name, verdict="not_applicable", detail=why, gate=True)


def shares_not_randomised() -> Check:
    """The cap on outcomes that are 0 or 1 for each customer, such as having bought again, outside a randomised test.

    Examples
    --------
    >>> print(shares_not_randomised().detail)
    Groups that start from different shares can grow apart by themselves, in points or in percent; which of the two
    would have stayed equal cannot be told without assigning customers at random.
    """
    detail = (
        "Groups that start from different shares can grow apart by themselves, in points or in percent; which of the "
        "two would have stayed equal cannot be told without assigning customers at random."
    )
    return Check(name="scale_of_shares", verdict="not_run", detail=detail, gate=True)


def window_not_over(followed: int, of: int) -> Check:
    """The cap on interim findings: so many months of the window are over.

    Raises
    ------
    ValueError
        Unless some of the months, but not all, are over.

    Examples
    --------
    >>> print(window_not_over(3, 6).detail)
    Customers were followed for 3 of 6 months; what comes later may change the finding.
    """
    if not 0 < followed < of:
        raise ValueError(
            f"A window that is not over has some months behind it and some to come, not {followed} of {of}."
        )
    detail = f"Customers were followed for {followed} of {of} months; what comes later may change the finding."
    return Check(name="window_over", verdict="not_run", detail=detail, gate=True)


def later_channel_mix() -> Check:
    """The cap on the cost of later support: it depends on the channels that customers like, not only on the contact.

    Examples
    --------
    >>> print(later_channel_mix().detail)
    Customers who chose social once choose it again more often, and issues there cost another amount; how much of the
    difference in cost is their habit, and how much the contact, cannot be told.
    """
    detail = (
        "Customers who chose social once choose it again more often, and issues there cost another amount; how much of "
        "the difference in cost is their habit, and how much the contact, cannot be told."
    )
    return Check(name="later_channel_mix", verdict="not_run", detail=detail, gate=True)


def nothing_tests_issues() -> Check:
    """The cap on how many issues follow and what they cost: nothing repeats the study on them where the effect is zero.

    A trait that makes customers both raise more issues and choose social leaves no trace in what they buy.

    Examples
    --------
    >>> print(nothing_tests_issues().detail)
    No check repeats this study on issues where no contact can have changed them; the gates were tested on orders.
    """
    detail = (
        "No check repeats this study on issues where no contact can have changed them; the gates were tested on orders."
    )
    return Check(name="tested_on_issues", verdict="not_run", detail=detail, gate=True)
