"""Which parameters may be given and change nothing yet? Named, so that nobody waits for what they do not do.

Each run and each plan says which of them a study sets; the parameters themselves are in `params_model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from analysis.runner.params_model import Params

NOT_ACTED_ON: Mapping[str, str] = MappingProxyType({})
"""Keys that are typed and kept, and change nothing in this version, each with the reason; at present there is none."""


def without_effect(params: Params) -> list[str]:
    """Which keys stand at something else than their default and still change nothing in this version, and why?

    Examples
    --------
    >>> from analysis.runner.params_model import ReportSection
    >>> without_effect(Params(study="trial", report=ReportSection(audience="analyst")))
    []
    """
    return [f"`{key}`: {why}" for key, why in NOT_ACTED_ON.items() if _was_set(params, key)]


def _was_set(params: Params, key: str) -> bool:
    """Whether a key stands at something else than its default."""
    name, _, below = key.partition(".")
    value = getattr(params, name)
    if name == "designs":
        return below in (value or ())
    default = type(params).model_fields[name].get_default(call_default_factory=True)
    return bool(value != default if not below else getattr(value, below) != getattr(default, below))
