"""Do the segments of an attribute differ, or does chance alone spread their effects? The gate of every sub-group.

Customers keep the attribute, so segments share nobody and their effects are independent: Cochran's Q weighs how far
they lie from their common mean, in their own customer-clustered errors. Where they cannot be told apart, nothing is
claimed of one alone. How each segment's effect came about is left to `channel_scope`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.studies.gates import LEVEL, holm
from analysis.studies.result import Check

if TYPE_CHECKING:
    from analysis.studies.channel_scope import Scope

NAME = "segments_differ"

Found = tuple[float, float]
"""An effect, as the logarithm of a ratio or as a difference, and its standard error."""


def segments_differ(found: Mapping[str, Sequence[Found]], level: float = LEVEL) -> dict[str, Check]:
    """For each attribute: can the effects of its segments on one outcome be told apart?

    Parameters
    ----------
    found : mapping of str to sequence of pairs
        By attribute: effect and standard error of each segment that was not refused. Ratios as logarithms.
    level : float
        Share of studies without any difference in which at least one attribute may be said to have one.

    Returns
    -------
    dict of str to Check
        By attribute: a gate, passed if the p-value, adjusted over the attributes by Holm's method, lies below the
        level; without meaning where fewer than two segments were told.

    Raises
    ------
    ValueError
        If a number is not finite, or an error is not above zero.

    Source
    ------
    Cochran (1954), Biometrics 10: Q against chi-squared with one degree of freedom less than there are segments.

    Examples
    --------
    >>> found = segments_differ({"region": [(0.02, 0.03), (0.06, 0.03)], "size": [(0.02, 0.03), (0.2, 0.03)]})
    >>> for check in found.values():
    ...     print(check.verdict, check.detail, sep=" | ")
    failed | The segments of region cannot be told apart (p = 0.35): their differences may be chance, so nothing is
    claimed of one alone.
    passed | The segments of size differ by more than chance would make them (p < 0.001).
    """
    told = {name: heterogeneity_p(effects) for name, effects in found.items() if len(effects) > 1}
    adjusted = dict(zip(told, holm(list(told.values())), strict=True))
    return {name: _judged(name, adjusted.get(name), level) for name in found}


def segments_apart(parts: Sequence[Scope], outcomes: Sequence[str]) -> dict[tuple[str, str], Check]:
    """By attribute and outcome: can the segments, of one attribute each, be told apart? Asked once all is settled."""
    told: dict[tuple[str, str], Check] = {}
    for outcome in outcomes:
        by_attribute: dict[str, list[Found]] = {}
        for part in parts:
            (attribute,) = part.segment
            found = part.found(outcome)
            by_attribute.setdefault(attribute, []).extend([] if found is None else [found])
        told |= {(attribute, outcome): check for attribute, check in segments_differ(by_attribute).items()}
    return told


def heterogeneity_p(found: Sequence[Found]) -> float:
    """How often would chance alone spread independent effects of one true size at least so far? Cochran's Q.

    Examples
    --------
    >>> round(heterogeneity_p([(0.0, 0.03), (0.03 * 1.959964 * 2**0.5, 0.03)]), 6)
    0.05
    """
    from scipy import special

    if not all(math.isfinite(value) and math.isfinite(se) and se > 0 for value, se in found):
        raise ValueError("An effect is finite and its standard error lies above zero.")
    weights = [se**-2 for _, se in found]
    mean = sum(weight * value for weight, (value, _) in zip(weights, found, strict=True)) / sum(weights)
    apart = sum(weight * (value - mean) ** 2 for weight, (value, _) in zip(weights, found, strict=True))
    return float(special.chdtrc(len(found) - 1, apart)) if len(found) > 1 else 1.0


def _judged(name: str, p_value: float | None, level: float) -> Check:
    words = name.replace("_", " ")
    if p_value is None:
        detail = f"Fewer than two segments of {words} could be told, so there is nothing to tell apart."
        return Check(name=NAME, verdict="not_run", detail=detail, gate=True)
    size = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
    if p_value < level:
        detail = f"The segments of {words} differ by more than chance would make them ({size})."
        return Check(name=NAME, verdict="passed", detail=detail, gate=True, p_value=p_value)
    detail = (
        f"The segments of {words} cannot be told apart ({size}): their differences may be chance, so nothing is "
        "claimed of one alone."
    )
    return Check(name=NAME, verdict="failed", detail=detail, gate=True, p_value=p_value)
