"""How much of what an exposure does to an outcome runs through a mediator, such as effort, and how much past it?

Total, indirect and direct effect on the exposed, from sums of products alone, with bootstrap intervals and the
sensitivity parameter. Linear models are fitted in each arm apart, so that the mediator may matter more in one of them.
Confounders that the exposure itself moves may be named; the effects are then interventional ones. How sums are made is
left to `crossed`; which rows belong in them, and whether anything may be claimed, to `analysis.studies.effort`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Floats, Ints
from analysis.inference.crossed import Crossed
from analysis.inference.estimate import Estimate
from analysis.inference.mediation_hidden import Hidden, hidden_cause

Growth = Literal["ratio", "difference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mediated:
    """A total effect, split in two that add up to it.

    Parameters
    ----------
    total, indirect, direct : Estimate
        On the exposed, in the unit of the outcome; the first is the sum of the others.
    slopes : mapping of mediator to Estimate
        Change of the outcome with one unit more of the mediator, among the exposed, the other mediators held.
    hidden : Hidden
    interventional : bool
        Whether confounders that the exposure moves were adjusted for.
    """

    total: Estimate
    indirect: Estimate
    direct: Estimate
    slopes: Mapping[str, Estimate]
    hidden: Hidden
    interventional: bool


def adjusted_gap(
    sums: Crossed, column: str, *, covariates: Sequence[str] = (), unit: str, level: float = 0.95
) -> Estimate:
    """How much larger is a column among the exposed than among comparison customers with the same covariates?

    The mean of the exposed, less what the comparison customers' regression on the covariates gives at the covariate
    means of the exposed: the effect on the exposed, where the covariates hold all that brought them there.

    Parameters
    ----------
    sums : Crossed
    column : str
        Outcome or mediator.
    covariates : sequence of str
        Independent ones; see `Crossed.independent`.
    unit : str
    level : float

    Source
    ------
    Kline (2011), Oaxaca-Blinder as a reweighting estimator, American Economic Review 101.

    Examples
    --------
    With nothing to adjust for it is a difference in means.

    >>> from analysis.inference.crossed import crossed
    >>> outcome = np.tile([1.0, 3.0, 2.0, 4.0], 10)
    >>> sums = crossed({"orders": outcome}, np.tile([True, True, False, False], 10), draws=99)
    >>> round(adjusted_gap(sums, "orders", unit="orders per customer").value, 9)
    -1.0
    """
    (place,) = sums.places([column])
    gap = _gaps(sums, sums.places(covariates), np.array([place]))[:, 0] * sums.scale[place]
    return _estimate(column, gap, sums, unit=unit, level=level)


def mediated(
    sums: Crossed,
    outcome: str,
    mediators: Sequence[str],
    *,
    covariates: Sequence[str] = (),
    moved: Sequence[str] = (),
    before: str | None = None,
    growth: Growth = "ratio",
    unit: str,
    level: float = 0.95,
) -> Mediated:
    """How much of the effect of an exposure runs through the mediators, and how much past them?

    Indirect: what the outcome of the exposed would lose, had they kept their exposure but had the mediators that
    comparison customers with the same covariates have. Direct: the rest of the total effect.

    Parameters
    ----------
    sums : Crossed
    outcome : str
    mediators : sequence of str
        One or several, taken together: what they do through each other is in the indirect effect.
    covariates : sequence of str
        Known before the exposure; those that tell nothing beyond others are left out, of `moved` as well.
    moved : sequence of str
        Confounders of mediators and outcome that the exposure itself moves. With them the effects are interventional:
        mediators are thought of as drawn from those of comparison customers, and what runs through `moved` past the
        mediators is in the direct effect.
    before : str, optional
        The same outcome in a window of equal length before the exposure: the change from it is studied.
    growth : {"ratio", "difference"}
        What the exposed would have changed by without exposure, as comparison customers with the same covariates did:
        a factor, or an amount.
    unit : str
        Of the outcome, per customer.
    level : float

    Returns
    -------
    Mediated
        Intervals are percentiles of the draws.

    Raises
    ------
    ValueError
        If no mediator is named.
    DesignError
        If a mediator, beside the covariates, does not vary in the arms, the outcome not at all, or comparison customers
        had nothing before that could have grown.

    Assumes
    -------
    Given the covariates, nothing unrecorded causes both exposure and outcome (or its change, with `before`), or
    exposure and mediators; and, given exposure, covariates and `moved`, nothing causes both mediators and outcome.
    Linear models within each arm, without products of `moved` and mediators.

    Source
    ------
    VanderWeele and Vansteelandt (2014), Mediation analysis with multiple mediators, Epidemiologic Methods 2;
    VanderWeele, Vansteelandt and Robins (2014), Epidemiology 25 (interventional effects); Imai, Keele and Yamamoto
    (2010), Statistical Science 25, theorem 2 (the sensitivity parameter).

    Examples
    --------
    The exposed need one contact less, and each contact costs half an order: half of the difference runs through it.

    >>> from analysis.inference.crossed import crossed
    >>> rng = np.random.default_rng(1)
    >>> exposed = np.arange(4000) % 2 == 0
    >>> contacts = 3 - exposed + rng.standard_normal(4000)
    >>> orders = 4 + 0.5 * exposed - 0.5 * contacts + 0.1 * rng.standard_normal(4000)
    >>> sums = crossed({"orders": orders, "contacts": contacts}, exposed)
    >>> found = mediated(sums, "orders", ["contacts"], unit="orders per customer")
    >>> round(found.total.value, 1), round(found.indirect.value, 1), round(found.direct.value, 1)
    (1.0, 0.5, 0.5)
    """
    if not mediators:
        raise ValueError("Name one mediator at least.")
    independent = sums.independent((*covariates, *moved, *mediators))
    covariates, moved = ([name for name in names if name in independent] for names in (covariates, moved))
    sums = sums if before is None else _changed(sums, outcome, before, growth, covariates)
    (y,) = sums.places([outcome])
    base, through, past = (sums.places(names) for names in (covariates, mediators, moved))
    if still := [name for name in mediators if name not in independent]:
        raise DesignError(
            f"Nothing can run through {', '.join(still)}: in one of the groups it does not vary beyond what the other "
            "columns tell. Leave it out of `mediators`."
        )
    if not sums.varies(outcome):
        raise DesignError(
            f"`{outcome}` does not vary in either group, so that no error can be told. Follow it for longer, or choose "
            "another outcome."
        )
    gaps = _gaps(sums, base, np.array([y, *through]))
    total = gaps[:, 0] * sums.scale[y]
    held = np.array([0, *base, *past])
    left = sums.left_of(held, np.array([y, *through]), exposed=True)
    slopes: Floats = np.asarray(np.linalg.solve(left[:, 1:, 1:], left[:, 1:, :1])[:, :, 0], dtype=np.float64)
    indirect = (slopes * gaps[:, 1:]).sum(axis=1) * sums.scale[y]
    return Mediated(
        total=_estimate(outcome, total, sums, unit=unit, level=level),
        indirect=_estimate(outcome, indirect, sums, unit=unit, level=level),
        direct=_estimate(outcome, total - indirect, sums, unit=unit, level=level),
        slopes=MappingProxyType(
            {
                name: replace(
                    _estimate(outcome, slope * sums.scale[y] / sums.scale[place], sums, unit=unit, level=level),
                    n_comparison=0,
                    method="regression among the exposed; bootstrap percentiles",
                )
                for name, slope, place in zip(mediators, slopes.T, through, strict=True)
            }
        ),
        hidden=hidden_cause(indirect, left, slopes, level),
        interventional=bool(moved),
    )


def _changed(sums: Crossed, outcome: str, before: str, growth: Growth, covariates: Sequence[str]) -> Crossed:
    """The same sums, with the outcome less what that before would have become by the growth of the draw."""
    y, p = sums.places([outcome, before])
    factor = np.full(len(sums.exposed), sums.scale[p] / sums.scale[y])
    if growth == "ratio":
        base = np.array([0, *sums.places(covariates)])
        means = sums.exposed[:, 0, base] / sums.exposed[:, :1, 0]
        fitted = np.einsum("dp,dpc->dc", means, sums.coefficients(base, np.array([y, p]), exposed=False))
        after, earlier = (sums.centre[[y, p]] + sums.scale[[y, p]] * fitted).T
        if not (earlier > 0).all():
            raise DesignError(
                f"Comparison customers had next to nothing of `{outcome}` before, so nobody can say by what factor it "
                "grew. Choose a longer window."
            )
        factor *= after / earlier
    changed = []
    for gram in (sums.exposed, sums.comparison):
        held = gram.copy()
        held[:, :, y] -= factor[:, None] * held[:, :, p]
        held[:, y, :] -= factor[:, None] * held[:, p, :]
        changed.append(held)
    return replace(sums, exposed=changed[0], comparison=changed[1], changed=sums.changed | {int(y)})


def _gaps(sums: Crossed, covariates: Ints, columns: Ints) -> Floats:
    """Standardised columns' means among the exposed, less the comparison's at the exposed's covariates; by draw."""
    base = np.array([0, *covariates])
    means = sums.exposed[:, :1, :] / sums.exposed[:, :1, :1]
    fitted = sums.coefficients(base, columns, exposed=False)
    return np.asarray(means[:, 0, columns] - np.einsum("dp,dpc->dc", means[:, 0, base], fitted))


def _estimate(name: str, drawn: Floats, sums: Crossed, *, unit: str, level: float) -> Estimate:
    """The first of the numbers, with the percentiles and the spread of the others."""
    value = float(drawn[0])
    low, high = np.quantile(drawn[1:], [(1 - level) / 2, (1 + level) / 2])
    return Estimate(
        name=name,
        value=value,
        low=min(float(low), value),
        high=max(float(high), value),
        level=level,
        se=float(drawn[1:].std(ddof=1)),
        scale="difference",
        unit=unit,
        n_treated=sums.n_exposed,
        n_comparison=sums.n_comparison,
        method="regression in each group, at the covariates of the exposed; bootstrap percentiles",
    )
