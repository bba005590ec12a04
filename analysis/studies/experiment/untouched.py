"""Is this a trait that customers had before they were assigned, or something that the assignment changed?

Chance gives all arms the same share of every trait. An attribute whose values are spread differently over the arms is
no trait but a result: segments and adjustments made of it would compare unlike customers, so it is refused. Its
threshold is that of the sample ratio, since both ask whether chance alone made the arms what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.inference.compare import SAMPLE_RATIO_P
from analysis.inference.stratified_lot import association_p

FEWEST_EXPECTED = 5.0
"""Values expected less often than this in an arm are taken together, so that chi-squared holds."""


def spread_p(counts: Mapping[str | None, Mapping[str, int]]) -> float:
    """How often would chance alone spread the values of an attribute so unevenly over the arms?

    Parameters
    ----------
    counts : mapping of value to (mapping of arm to customers)
        In any order; None for those of whom no value is known.

    Returns
    -------
    float
        The p-value of Pearson's chi-squared; 1 where fewer than two values or arms can be told apart.

    Source
    ------
    Pearson (1900), through scipy.stats.chi2_contingency without a correction for continuity.

    Examples
    --------
    >>> round(spread_p({"north": {"a": 60, "control": 40}, "south": {"a": 40, "control": 60}}), 6)
    0.004678
    >>> spread_p({"north": {"a": 60, "control": 40}})
    1.0
    """
    from scipy.stats import chi2_contingency

    arms = sorted({arm for row in counts.values() for arm in row})
    table = [[row.get(arm, 0) for arm in arms] for row in counts.values()]
    by_arm = [sum(column) for column in zip(*table, strict=True)]
    total = sum(by_arm)
    if not total or min(by_arm) == 0:
        return 1.0
    common, rare = [], [0] * len(arms)
    for row in table:
        if sum(row) * min(by_arm) / total >= FEWEST_EXPECTED:
            common.append(row)
        else:
            rare = [one + more for one, more in zip(rare, row, strict=True)]
    if sum(rare) * min(by_arm) / total >= FEWEST_EXPECTED:
        common.append(rare)
    if len(common) < 2 or len(arms) < 2:
        return 1.0
    return float(chi2_contingency(common, correction=False).pvalue)


def spread_within_p(strata: Mapping[str | None, Mapping[Any, Mapping[str, int]]]) -> float:
    """The same where the odds of the arms differ by stratum: would chance spread them so, within strata?

    Parameters
    ----------
    strata : mapping of stratum to (mapping of value to (mapping of arm to customers))

    Examples
    --------
    >>> young = {"app": {"a": 64, "control": 16}, "mail": {"a": 16, "control": 4}}
    >>> old = {"app": {"a": 4, "control": 16}, "mail": {"a": 16, "control": 64}}
    >>> round(spread_within_p({"young": young, "old": old}), 6)
    1.0
    """
    arms = sorted({arm for counts in strata.values() for row in counts.values() for arm in row})
    values = sorted({value for counts in strata.values() for value in counts}, key=lambda one: (one is None, str(one)))
    if not arms:
        return 1.0
    return association_p(
        [[[counts.get(value, {}).get(arm, 0) for arm in arms] for value in values] for counts in strata.values()]
    )


def result_of_treatment(what: str, p_value: float) -> str | None:
    """Why an attribute cannot stand for what was before the assignment, or None.

    Examples
    --------
    >>> print(result_of_treatment("its values", 1e-9))
    its values are spread differently over the arms (p < 0.001), which chance does not do to what was known before: it
    is a result of the assignment, or was recorded after it.
    >>> result_of_treatment("its values", 0.2)
    """
    if p_value >= SAMPLE_RATIO_P:
        return None
    return (
        f"{what} are spread differently over the arms (p < 0.001), which chance does not do to what was known before: "
        "it is a result of the assignment, or was recorded after it."
    )


def means_p(found: Sequence[tuple[float, float]]) -> float:
    """How often would chance alone spread the arms' means of a number so far? From means and their standard errors.

    Examples
    --------
    >>> round(means_p([(10.0, 0.1), (10.0, 0.1)]), 6), means_p([(10.0, 0.0), (10.0, 0.0)])
    (1.0, 1.0)
    """
    from analysis.studies.segments_differ import heterogeneity_p

    told = [(mean, se) for mean, se in found if se > 0]
    return heterogeneity_p(told) if len(told) > 1 else 1.0
