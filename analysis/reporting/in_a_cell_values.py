"""In what words does a cell hold a value, whatever it is: a number, a mapping, a frame, a result within a result?

Texts stay text and are cut by the table that shows them. Which values stand in which column is left to `in_a_cell`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.reporting.wording import Words

_LONGEST, _FEW = 160, 8


def in_words(value: Any) -> Any:
    """A value that a cell can hold: numbers as they are, what is nested by its text or its size."""
    if value is None:
        return "–"
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shortened(one)}" for key, one in value.items()) or "–"
    if isinstance(value, tuple | list):
        return ", ".join(shortened(one) for one in value[:8]) + (f", … ({len(value)})" if len(value) > 8 else "") or "–"
    return shortened(value)


def shortened(value: Any) -> str:
    """What lies within another value, in few letters: its sentence, or what it is."""
    if hasattr(value, "columns"):
        return f"frame of {len(value)} rows"
    if hasattr(value, "shape"):
        return f"array of {' × '.join(str(size) for size in value.shape)}"
    told = _by_fields(value) if _only_fields(value) else str(value)
    return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"


def _by_fields(value: Any) -> str:
    """A small result by its fields, "p5 −4, p50 27, p95 58"; a larger one by its name."""
    held = {one.name: getattr(value, one.name) for one in fields(value)}
    if len(held) > _FEW or not all(one is None or isinstance(one, str | int | float) for one in held.values()):
        return spaced(type(value).__name__)
    told = {name: f"{one:.4g}" if isinstance(one, float) else one for name, one in held.items() if one is not None}
    return ", ".join(f"{name} {one}" for name, one in told.items())


def _only_fields(value: Any) -> bool:
    """Whether its text would be nothing but the dump of its fields."""
    kind = type(value)
    return is_dataclass(kind) and not any("__str__" in vars(one) for one in kind.__mro__[:-1])


def number(say: Words, value: float | None) -> str:
    """A number to four significant digits; counts whole."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float) and math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and not isinstance(value, float):
        return str(say.number(value))
    if value == 0:
        return "0"
    digits = max(0, 3 - math.floor(math.log10(abs(value))) - 1)
    return str(say.number(value, min(digits, 8)))


def interval_of(say: Words, low: float | None, high: float | None) -> str:
    """Both ends; one that is not there is infinite."""
    below = "−∞" if low is None else number(say, float(low))
    above = "∞" if high is None else number(say, float(high))
    return f"({below} to {above})"


def spaced(name: str) -> str:
    """`ChannelResult` is "Channel result", `n_treated` "N treated"."""
    apart = "".join(f" {char.lower()}" if char.isupper() else char for char in name).replace("_", " ").strip()
    return apart[:1].upper() + apart[1:]
