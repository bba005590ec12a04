"""Which other choices would have been as defensible as the declared ones? The plans of a specification curve.

Only choices that the rules of the studies allow: other lengths of the windows, a longer look back, coarser and finer
strata, months of failure left out, the other scale; in an experiment another window, covariates or none, winsorised or
not. What the rules forbid, such as strata made of the outcome itself or growth in units where groups start from
different levels, is no choice: it is known to be wrong, and would only make the curve wider. Running them is left to
`curve`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.studies.channel import ChannelPlan

MONTHS = (3, 6)
"""Lengths of the before-window and of the after-window, besides the declared ones."""
LOOK_BACKS = (0, 365)
"""Days without a social contact before the index issue, besides the declared ones; the before-window counts anyway."""
WINDOW_SHARES = (1 / 3, 2 / 3)
"""Parts of an experiment's declared window in which events count as well."""
WINSORISED = 0.99
"""The quantile at which an outcome is cut, where it is cut and no other was declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One plan of a study, and what is different about it.

    Parameters
    ----------
    plan : object
        What the study is handed.
    choices : mapping of str to str
        Each choice in words; the same keys for all alternatives of one curve.
    declared : bool
        Whether it is the plan that was declared.
    same_window : bool
        Whether the outcome is followed as long as was declared: differences over windows of other lengths are other
        quantities.
    """

    plan: Any
    choices: Mapping[str, str] = field(default_factory=dict)
    declared: bool = False
    same_window: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", MappingProxyType(dict(self.choices)))


def channel_alternatives(
    plan: ChannelPlan, *, outcomes: Sequence[str], segments: Sequence[str] = (), finer: Sequence[str] = ()
) -> tuple[Alternative, ...]:
    """The plans of the before-and-after study that could as well have been chosen, the declared one first.

    Parameters
    ----------
    plan : ChannelPlan
        As declared.
    outcomes, segments : sequence of str
        Those that the hypotheses speak of: nothing else is run again.
    finer : sequence of str
        Fixed columns of `customers` that could be strata as well.

    Examples
    --------
    >>> from analysis.studies.channel import ChannelPlan
    >>> found = channel_alternatives(ChannelPlan(strata=("region",)), outcomes=["orders"])
    >>> len(found), found[0].declared, dict(found[1].choices)
    (16, True, {'before': '6 months', 'after': '6 months', 'look back': '0 days', 'strata': 'none added'})
    """
    base = replace(plan, outcomes=tuple(dict.fromkeys(outcomes)), segments=tuple(dict.fromkeys(segments)), robust=False)
    more = tuple(name for name in finer if name not in plan.strata)
    strata = _unique([plan.strata, (), *([(*plan.strata, *more)] if more else [])])
    looks = _unique([plan.look_back_days, *LOOK_BACKS])
    looks = [days for days in looks if days in (plan.look_back_days, 0) or days > 30 * plan.before_months]
    combined = product(_unique([plan.before_months, *MONTHS]), _unique([plan.after_months, *MONTHS]), looks, strata)
    found = []
    for before, after, days, cells in combined:
        changed = replace(base, before_months=before, after_months=after, look_back_days=days, strata=cells)
        found.append(
            Alternative(
                plan=changed,
                choices={
                    "before": _months(before),
                    "after": _months(after),
                    "look back": f"{days} days",
                    "strata": ", ".join(cells) or "none added",
                },
                declared=changed == base,
                same_window=after == plan.after_months,
            )
        )
    return tuple(found)


def experiment_alternatives(
    plan: Any, *, outcomes: Sequence[str], segments: Sequence[str] = (), windows: Sequence[int] | None = None
) -> tuple[Alternative, ...]:
    """The plans of an experiment that could as well have been chosen, the declared one first.

    The window in which events count, and whether an outcome is cut at a high quantile. With and without covariates are
    two rows of one run, so that they need no plan of their own.

    Parameters
    ----------
    plan : ExperimentPlan
        As declared. A field it does not have is no choice.
    outcomes, segments : sequence of str
        Those that the hypotheses speak of.
    windows : sequence of int, optional
        Other lengths of the window, in days; default a third and two thirds of the declared one. Give an empty one
        where outcomes were measured with the experiment: no window bears on them, and running again takes time.
    """
    held = {one.name for one in fields(plan)}
    base = replace(plan, outcomes=tuple(dict.fromkeys(outcomes)), segments=tuple(dict.fromkeys(segments)))
    if windows is None:
        windows = [max(1, round(plan.window_days * share)) for share in WINDOW_SHARES]
    windows = _unique([plan.window_days, *windows])
    cuts: list[Mapping[str, float]] = [{}]
    if "winsorise" in held:
        cuts = _unique([dict(plan.winsorise), dict.fromkeys(outcomes, WINSORISED) | dict(plan.winsorise)])
    found = []
    for days, cut in product(windows, cuts):
        changed = replace(base, window_days=days, **({"winsorise": cut} if "winsorise" in held else {}))
        found.append(
            Alternative(
                plan=changed,
                choices={"window": f"{days} days"},
                declared=days == plan.window_days and ("winsorise" not in held or cut == dict(plan.winsorise)),
                same_window=days == plan.window_days,
            )
        )
    return tuple(found)


def _unique(values: Iterable[Any]) -> list[Any]:
    """The values in their order, each once."""
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _months(count: int) -> str:
    return f"{count} {'month' if count == 1 else 'months'}"
