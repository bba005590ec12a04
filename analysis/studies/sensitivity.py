"""What would an unrecorded cause have to do to explain a finding away, said so that anybody can judge it?

`Sensitivity` holds the figures of one effect and says them in a sentence; `unless` gives the clause that a claim of
grade B ends in. The arithmetic is in `analysis.inference.sensitivity`; what leaving a covariate out does to the
estimate is worked out by the study that has the rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from analysis.inference.estimate import Bounds, Estimate, Scale
from analysis.inference.sensitivity import bias_factor_to_null, e_value, robustness_value

_PHRASES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "orders": ("buy {} more", "buy {} less"),
        "revenue": ("spend {} more", "spend {} less"),
        "margin": ("bring {} more margin", "bring {} less margin"),
        "issues": ("raise {} more issues", "raise {} fewer issues"),
        "support_cost": ("cost {} more to support", "cost {} less to support"),
        "index_issue_cost": ("cost {} more for the issue itself", "cost {} less for the issue itself"),
        "repurchased": ("be {} more likely to buy again", "be {} less likely to buy again"),
        "retained": ("be {} more likely to stay", "be {} less likely to stay"),
    }
)
"""What customers do more or less of, by outcome; `{}` takes the amount."""

_EACH: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "orders": ("place {} more orders each", "place {} fewer orders each"),
        "revenue": ("spend {} more each", "spend {} less each"),
        "margin": ("bring {} more margin each", "bring {} less margin each"),
        "issues": ("raise {} more issues each", "raise {} fewer issues each"),
        "support_cost": ("cost {} more each to support", "cost {} less each to support"),
        "index_issue_cost": ("cost {} more each for the issue itself", "cost {} less each for the issue itself"),
    }
)
"""The same for an amount per customer, where it reads otherwise than a percentage."""

_CHANGES = ("orders", "revenue", "margin", "repurchased", "retained")
"""Outcomes told as a change from before, in which a cause that was at work before too cancels. Others: after only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """How strong an unrecorded cause would have to be to explain one effect away.

    Parameters
    ----------
    outcome : str
    scale : {"ratio", "difference"}
    unit : str
        Of the estimate and of the amounts: "ratio", "orders per customer", "EUR per customer", "share".
    level : float
        Of the estimate's interval.
    bias_factor, bias_factor_point : float, optional
        On the ratio scale: the factor by which the cause alone would have to raise (above 1) or lower the outcome of
        contacted customers, for the near end of the interval and for the estimate itself to become 1. The first is
        None where the interval holds 1.
    e_value, e_value_limit : float, optional
        On the ratio scale: E-values of the estimate and of the near end (1 where the interval holds 1).
    bias_amount, bias_amount_point : float, optional
        On the difference scale: the like of the bias factors, added instead of multiplied, in `unit`.
    robustness, robustness_alpha : float, optional
        On the difference scale: share of contact and of outcome alike that the cause would have to explain to bring
        the estimate, and the near end of its interval, to 0.
    benchmark : str, optional
        The recorded cause whose leaving out moves the estimate most, in plain words.
    benchmark_factor : float, optional
        The estimate without it over the estimate.
    bounds : tuple of Bounds
        What other sensitivity analyses could not rule out.

    Raises
    ------
    ValueError
        If it holds figures of the other scale, or a benchmark without its factor.
    """

    outcome: str
    scale: Scale
    unit: str
    level: float
    bias_factor: float | None = None
    bias_factor_point: float | None = None
    e_value: float | None = None
    e_value_limit: float | None = None
    bias_amount: float | None = None
    bias_amount_point: float | None = None
    robustness: float | None = None
    robustness_alpha: float | None = None
    benchmark: str | None = None
    benchmark_factor: float | None = None
    bounds: tuple[Bounds, ...] = ()

    def __post_init__(self) -> None:
        of_ratios = (self.bias_factor, self.bias_factor_point, self.e_value, self.e_value_limit)
        of_differences = (self.bias_amount, self.bias_amount_point, self.robustness, self.robustness_alpha)
        foreign = of_differences if self.scale == "ratio" else of_ratios
        if any(figure is not None for figure in foreign):
            raise ValueError(f"{self.outcome}: a {self.scale} cannot hold the figures of the other scale.")
        if (self.benchmark is None) != (self.benchmark_factor is None):
            raise ValueError(
                f"{self.outcome}: a strongest recorded cause needs the factor by which it moves the result."
            )

    @property
    def needed(self) -> float | None:
        """The bias, factor or amount, that would move the near end to "no effect"; None where the interval holds it."""
        return self.bias_factor if self.scale == "ratio" else self.bias_amount

    @property
    def sentence(self) -> str:
        """What an unrecorded cause would have to do to explain the effect away, beside the strongest recorded one."""
        if self.needed is None:
            return (
                "No clear effect was seen, so nothing need be explained away; an unrecorded cause could still have "
                "hidden one."
            )
        than = "than before, relative to similar others" if self.outcome in _CHANGES else "than similar others"
        return (
            f"An unrecorded cause would have to make contacted customers {self._doing('at least ')} {than}, on top of "
            f"everything recorded, to explain this away{self._beside()}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for `results.json`: None where there is nothing, and for an end of a bound that is open."""
        bounds = [
            {name: None if value in (math.inf, -math.inf) else value for name, value in asdict(bound).items()}
            for bound in self.bounds
        ]
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"bounds": bounds, "sentence": self.sentence}

    def _doing(self, before_amount: str = "") -> str:
        """What contacted customers would do because of the cause: "buy 4.1 % more"."""
        assert self.needed is not None
        if self.scale == "ratio":
            shift, phrases = self.needed - 1, _PHRASES
            amount = f"{_short(abs(shift) * 100, 1)} %"
        else:
            shift, phrases = self.needed, {**_PHRASES, **_EACH}
            amount = self._amount(abs(shift))
        words = self.outcome.replace("_", " ")
        more, less = phrases.get(self.outcome, (f"have {{}} more {words}", f"have {{}} less {words}"))
        return (more if shift > 0 else less).format(before_amount + amount)

    def _amount(self, size: float) -> str:
        unit = self.unit.partition(" per ")[0]
        if unit in ("share", "percentage points"):
            return f"{_short(size * (100 if unit == 'share' else 1), 1)} percentage points"
        if len(unit) == 3 and unit.isupper():
            return f"{_short(size, 2)} {unit}"
        return _short(size, 3)

    def _beside(self) -> str:
        """How far the strongest recorded cause goes, and whether one like it would be enough."""
        if self.benchmark_factor is None or self.needed is None:
            return ""
        moved = abs(self.benchmark_factor - 1)
        text = f"; the strongest recorded one, {self.benchmark}, moves the result by {_short(moved * 100, 1)} %"
        if self.scale == "ratio":
            enough = abs(math.log(self.benchmark_factor)) >= abs(math.log(self.needed))
        else:
            enough = moved * abs(self.bias_amount_point or 0.0) >= abs(self.needed)
        return text + (", so one as strong would be enough" if enough else "")


def sensitivity_of(
    effect_estimate: Estimate,
    *,
    benchmarks: Mapping[str, float],
    bounds: Sequence[Bounds] = (),
    dof: int | None = None,
) -> Sensitivity:
    """How strong would an unrecorded cause have to be to explain this estimate away?

    Parameters
    ----------
    effect_estimate : Estimate
        A ratio or a difference, with its interval.
    benchmarks : mapping of str to float
        By recorded covariate, in plain words: the estimate without it over the estimate. May be empty.
    bounds : sequence of Bounds
        Of other sensitivity analyses, carried along.
    dof : int, optional
        Customers less strata. Without it, with fewer than 2, or without an error, no robustness value is given.

    Raises
    ------
    ValueError
        If a ratio is not above zero, or a benchmark is not finite (on the ratio scale: not above zero).

    Assumes
    -------
    For the robustness value, that the difference behaves as the coefficient of contact in a regression within strata,
    its customer-clustered error standing for the ordinary one.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> found = ratio_estimate("orders", 1.08, 0.0188, n_treated=900, n_comparison=2500, method="ratio DiD")
    >>> sensitivity = sensitivity_of(found, benchmarks={"product": 1.003, "months observed": 0.999})
    >>> print(sensitivity.sentence)
    An unrecorded cause would have to make contacted customers buy at least 4.1 % more than before, relative to similar
    others, on top of everything recorded, to explain this away; the strongest recorded one, product, moves the result
    by 0.3 %.
    >>> unless(sensitivity)
    'unless an unrecorded cause made contacted customers buy 4.1 % more than before, relative to others'
    """
    estimate = effect_estimate
    name, factor = _strongest(estimate, benchmarks)
    holds = not estimate.excludes_no_effect
    found = Sensitivity(
        outcome=estimate.name,
        scale=estimate.scale,
        unit=estimate.unit,
        level=estimate.level,
        benchmark=name,
        benchmark_factor=factor,
        bounds=tuple(bounds),
    )
    if estimate.scale == "ratio":
        bias = bias_factor_to_null(estimate.value, estimate.low, estimate.high)
        strength = e_value(estimate.value, estimate.low, estimate.high)
        return replace(
            found,
            bias_factor=None if holds else bias.limit,
            bias_factor_point=bias.point,
            e_value=strength.point,
            e_value_limit=strength.limit,
        )
    near = estimate.low if estimate.value > 0 else estimate.high
    found = replace(found, bias_amount=None if holds else near, bias_amount_point=estimate.value)
    if dof is None or dof < 2 or not 0 < estimate.se < math.inf:
        return found
    t = estimate.value / estimate.se
    return replace(
        found, robustness=robustness_value(t, dof), robustness_alpha=robustness_value(t, dof, alpha=1 - estimate.level)
    )


def unless(sensitivity: Sensitivity) -> str:
    """The clause that a claim of grade B ends in: what an unrecorded cause would have had to do by itself.

    Examples
    --------
    >>> harm = Sensitivity(outcome="issues", scale="ratio", unit="ratio", level=0.95, bias_factor=0.959)
    >>> unless(harm)
    'unless an unrecorded cause made contacted customers raise 4.1 % fewer issues anyway'
    >>> unless(Sensitivity(outcome="orders", scale="ratio", unit="ratio", level=0.95))
    'unless an unrecorded cause hid an effect'
    """
    if sensitivity.needed is None:
        return "unless an unrecorded cause hid an effect"
    otherwise = "than before, relative to others" if sensitivity.outcome in _CHANGES else "anyway"
    return f"unless an unrecorded cause made contacted customers {sensitivity._doing()} {otherwise}"


def _strongest(estimate: Estimate, benchmarks: Mapping[str, float]) -> tuple[str | None, float | None]:
    """The covariate whose leaving out moves the estimate most; the first by name among equals."""
    for name, factor in benchmarks.items():
        if not math.isfinite(factor) or (estimate.scale == "ratio" and factor <= 0):
            above = " and above zero" if estimate.scale == "ratio" else ""
            raise ValueError(f"{estimate.name}: the benchmark of `{name}` must be finite{above}, not {factor:.4g}.")

    def moves(name: str) -> float:
        factor = benchmarks[name]
        return abs(math.log(factor)) if estimate.scale == "ratio" else abs(factor - 1)

    strongest = max(sorted(benchmarks), key=moves, default=None)
    return (None, None) if strongest is None else (strongest, benchmarks[strongest])


def _short(number: float, decimals: int) -> str:
    """A number with so many decimals; with two significant digits where it would read as zero or nearly so."""
    if number == 0 or number >= 10**-decimals:
        return f"{number:,.{decimals}f}"
    return format(Decimal(f"{number:.2g}"), "f")
