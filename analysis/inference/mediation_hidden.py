"""How strong would an unrecorded cause of both mediator and outcome have to be, to explain an indirect effect?

The correlation that it would make between what is left of both: at which the effect is nought, at which its interval
reaches nought, and what the effect would be at each. The effect itself is left to `mediation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from analysis.inference.cells import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """How strong an unrecorded cause of both mediator and outcome would have to be.

    Parameters
    ----------
    rho : float
        Correlation between what is left unexplained of mediator and outcome at which the indirect effect is nought.
        A cause that explains a share |rho| of what is left of both would bring it about.
    limit : float
        The correlation at which the interval reaches nought; 0 where it holds nought already.
    curve : tuple of (rho, indirect, low, high)
        The indirect effect had the correlation been rho.
    """

    rho: float
    limit: float
    curve: tuple[tuple[float, float, float, float], ...] = field(repr=False)


def hidden_cause(indirect: Floats, left: Floats, slopes: Floats, level: float) -> Hidden:
    """The sensitivity parameter; several mediators count as one, weighted by their slopes.

    Parameters
    ----------
    indirect : array of float, shape (draws + 1,)
        The indirect effect, then that of each draw.
    left : array of float, shape (draws + 1, n_mediators + 1, n_mediators + 1)
        Sums of products of what is left of outcome and mediators once the covariates are given; the outcome first.
    slopes : array of float, shape (draws + 1, n_mediators)
    level : float

    Source
    ------
    Imai, Keele and Yamamoto (2010), Statistical Science 25, theorem 2.

    Examples
    --------
    Outcome and mediator are tied by 0.5, so that an unrecorded cause tying them so leaves nothing of the effect.

    >>> left = np.tile([[1.0, 0.5], [0.5, 1.0]], (3, 1, 1))
    >>> found = hidden_cause(np.array([1.0, 0.9, 1.1]), left, np.full((3, 1), 0.5), 0.95)
    >>> round(found.rho, 6), round(found.limit, 6)
    (0.5, 0.5)
    """
    together = np.einsum("da,dab,db->d", slopes, left[:, 1:, 1:], slopes)
    tied = np.sqrt(np.clip(together / left[:, 0, 0], 0, 1))
    if slopes.shape[1] == 1:
        tied = np.copysign(tied, slopes[:, 0])
    each = np.divide(indirect * np.sqrt(1 - tied**2), tied, out=np.zeros_like(tied), where=tied != 0)

    def had(rho: float) -> tuple[float, float, float]:
        drawn = indirect - each * rho / math.sqrt(1 - rho**2)
        low, high = np.quantile(drawn[1:], [(1 - level) / 2, (1 + level) / 2])
        return float(drawn[0]), min(float(low), float(drawn[0])), max(float(high), float(drawn[0]))

    return Hidden(
        rho=float(tied[0]),
        limit=_reaches_nought(had, float(tied[0])),
        curve=tuple((rho, *had(rho)) for rho in np.round(np.linspace(-0.9, 0.9, 37), 2).tolist()),
    )


def _reaches_nought(had: Callable[[float], tuple[float, float, float]], rho: float) -> float:
    """The correlation, from 0 towards `rho`, at which the interval first holds nought; by bisection."""

    def clear(at: float) -> bool:
        _, low, high = had(at)
        return bool(low > 0 or high < 0)

    if not clear(0.0):
        return 0.0
    inside, outside = 0.0, rho
    for _ in range(40):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if clear(middle) else (inside, middle)
    return inside
