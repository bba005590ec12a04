"""Supported, not supported, no effect that matters, or undecided? Each hypothesis judged within its family.

Two questions are asked of each estimate: is there an effect in the direction believed (two-sided test of no effect; of
a direction, twice the one-sided one), and can an effect be excluded that would matter (one-sided tests at the smallest
effect that does; both of them for "no effect that matters"). Holm's adjustment runs over the family for each kind of
answer, so that among all findings of one kind even one is wrong in at most the share `1 - level` of families. Which row
answers a hypothesis is left to `hypothesis`; the sentences to `words`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.inference.equivalence import Told, equivalence, error_needed, no_effect, region, told
from analysis.studies.gates import holm
from analysis.studies.hypotheses.hypothesis import ANYTIME, Hypothesis, Row

Verdict = Literal["supported", "not_supported", "no_meaningful_effect", "undecided"]
POWER = 0.8
"""How often a decision is wanted of data that are to be enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """What chance alone would do, before the family is looked at.

    Parameters
    ----------
    effect : float
        p-value of "no effect in the direction believed".
    against : float
        p-value of "an effect that matters, in the direction believed". Where no direction is believed it is that of
        `equivalent`; without a smallest effect it is that of "none in the other direction", two-sided.
    equivalent : float
        p-value of "an effect that matters, in either direction". 1 without a smallest effect.
    """

    effect: float = 1.0
    against: float = 1.0
    equivalent: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """How many times as many customers would probably decide it, and how many that makes."""

    times: float
    n_treated: int
    n_comparison: int


def reading_of(row: Row) -> Told | str:
    """The estimate of a row as it is tested, or why it cannot be.

    Examples
    --------
    >>> row = {"value": 0.5, "low": 0.1, "high": 0.9, "se": 0.2040854, "se_log": None, "level": 0.95,
    ...        "scale": "difference"}
    >>> reading_of(row).centre
    0.5
    """
    low = -math.inf if row["low"] is None else row["low"]
    high = math.inf if row["high"] is None else row["high"]
    if row["scale"] == "ratio":
        low = max(low, 0.0)
    try:
        return told(row["value"], low, high, level=row["level"], scale=row["scale"], se=row["se"], se_log=row["se_log"])
    except ValueError as error:
        return f"Its interval cannot be tested. {error}"


def chances_of(hypothesis: Hypothesis, found: Told, *, anytime: bool = False) -> Chances:
    """The p-values of one hypothesis.

    Parameters
    ----------
    hypothesis : Hypothesis
    found : Told
    anytime : bool
        Whether the interval allows for looking early. Then one-sided tests count twice, since such an interval is not
        that of one look: what they find, the interval shows at its own level.

    Examples
    --------
    >>> asked = Hypothesis(name="a", statement="b", design="ab_randomised", outcome="visit", scale="difference",
    ...                    direction="higher", smallest_effect=0.5)
    >>> tests = chances_of(asked, Told(centre=0.1, below=0.1, above=0.1))
    >>> round(tests.effect, 6), round(tests.against, 6) == round(tests.equivalent, 6)
    (0.317311, True)
    """
    nothing = no_effect(hypothesis.scale)
    up, down = found.p_above(nothing), found.p_below(nothing)
    sides = {"higher": up, "lower": down, "different": min(up, down)}
    effect = min(1.0, 2 * sides[hypothesis.direction])
    twice = 2.0 if anytime else 1.0
    if hypothesis.smallest_effect is None:
        against = {"higher": down, "lower": up, "different": 1.0}[hypothesis.direction]
        return Chances(effect=effect, against=min(1.0, 2 * against))
    both = equivalence(found, *region(hypothesis.smallest_effect, hypothesis.scale))
    against = {"higher": both.p_high, "lower": both.p_low, "different": both.p_value}[hypothesis.direction]
    return Chances(effect=effect, against=min(1.0, twice * against), equivalent=min(1.0, twice * both.p_value))


def is_anytime(row: Row) -> bool:
    """Whether the interval of a row allows for looking early."""
    return str(row["estimand"]).endswith(ANYTIME)


def adjusted(tests: Sequence[Chances]) -> list[Chances]:
    """The p-values of a family, each kind adjusted by Holm's method.

    Examples
    --------
    >>> [one.effect for one in adjusted([Chances(effect=0.01), Chances(effect=0.04), Chances()])]
    [0.03, 0.08, 1.0]
    """
    kinds = [holm([getattr(one, kind) for one in tests]) for kind in ("effect", "against", "equivalent")]
    return [Chances(effect=e, against=a, equivalent=q) for e, a, q in zip(*kinds, strict=True)]


def verdict_of(hypothesis: Hypothesis, tests: Chances, alpha: float) -> Verdict:
    """What adjusted p-values say of a hypothesis.

    An effect that is clear, and clearly smaller than what matters, is none that matters: two findings that were both
    made leave no other conclusion, so that one needs no test of its own.

    Examples
    --------
    >>> asked = Hypothesis(name="a", statement="b", design="ab_randomised", outcome="visit", scale="difference",
    ...                    direction="higher", smallest_effect=0.5)
    >>> [verdict_of(asked, Chances(effect=e, against=a), 0.05) for e, a in [(0.01, 0.5), (0.9, 0.01), (0.01, 0.01)]]
    ['supported', 'not_supported', 'no_meaningful_effect']
    """
    there, ruled_out = tests.effect < alpha, tests.against < alpha
    if tests.equivalent < alpha or (there and ruled_out and hypothesis.smallest_effect is not None):
        return "no_meaningful_effect"
    if ruled_out:
        return "not_supported"
    return "supported" if there else "undecided"


def needed_for(hypothesis: Hypothesis, row: Row, found: Told, *, alpha: float, family: int) -> Needed | None:
    """How many customers would probably decide an undecided hypothesis?

    As many as find an effect of the smallest size that matters, and show its absence, four times in five, at the level
    of the strictest step of Holm's method. Data that are as exact as that already leave a truth between nothing and
    what matters; then, as many as tell one half way from both.

    Returns
    -------
    Needed or None
        None where more customers are no answer: no smallest effect was named, an end of the interval is open, or the
        data are exact enough already and the truth lies at the edge of what matters.

    Examples
    --------
    >>> asked = Hypothesis(name="a", statement="b", design="ab_randomised", outcome="visit", scale="difference",
    ...                    smallest_effect=0.5)
    >>> row = {"n_treated": 100, "n_comparison": 200}
    >>> needed_for(asked, row, Told(centre=0.3, below=0.34, above=0.34), alpha=0.05, family=1)
    Needed(times=3.96, n_treated=396, n_comparison=792)
    """
    error = max(found.below, found.above)
    if hypothesis.smallest_effect is None or math.isinf(error):
        return None
    reach = region(hypothesis.smallest_effect, hypothesis.scale)[1]
    wanted = error_needed(reach, alpha=alpha / family, power=POWER)
    if error <= wanted:
        wanted = error_needed(reach / 2, alpha=alpha / family, power=POWER)
    times = math.ceil((error / wanted) ** 2 * 100) / 100
    if times <= 1:
        return None
    return Needed(
        times=times,
        n_treated=math.ceil(times * row["n_treated"]),
        n_comparison=math.ceil(times * row["n_comparison"]),
    )
