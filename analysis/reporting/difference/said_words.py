"""How are the small things of a difference said in a terminal? Numbers, periods, lists of names, one side of an effect.

Names come out of files that anybody may have written, so each passes through `plain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.reporting.formats import plain


def period_said(period: Any) -> str:
    """A period as the results hold it; its end is the day after the last."""
    return "no period" if not period else plain(f"{period['start']} to {period['end']} ({period['timezone']})", 100)


def side_said(side: Mapping[str, Any]) -> str:
    """An effect with its interval."""
    if side["value"] is None:
        return "not claimed"
    return f"{number(side['value'])} ({number(side['low'])} to {number(side['high'])})"


def listed(names: Iterable[str], most: int = 8, more: int = 0) -> str:
    """Names, the first of them where there are many; `more` counts those that are not given."""
    every: Sequence[str] = [plain(name, 120) for name in names]
    rest = len(every) - most if len(every) > most + 1 else 0
    shown = every[:most] if rest else every
    return ", ".join(shown) + (f" and {number(rest + more)} more" if rest + more else "")


def number(value: Any) -> str:
    """A number; whatever else stands in its place, as text."""
    if value is None:
        return "none"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return plain(value, 60)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
