"""Touchstone: what social customer service is worth, counted exactly, compared honestly, graded by its checks.

The names a notebook uses are here and are imported when first asked for, so that `touchstone --help` is quick.
In a notebook, results then show themselves as tables.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "open_study": "analysis.runner.opening",
    "prove": "analysis.runner.proving.own",
    "Estimate": "analysis.inference.estimate",
    "ratio_estimate": "analysis.inference.compare",
    "ratio_did": "analysis.inference.panel_effects",
    "to_frame": "analysis.reporting.in_a_cell",
    "charts": "analysis.reporting.charts",
    "wording": "analysis.reporting.wording",
}
__all__ = ["__version__", *_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module `analysis` has no name `{name}`; it has {', '.join(sorted(_HOMES))}")
    home = import_module(_HOMES[name])
    if "IPython" in sys.modules:
        import_module("analysis.reporting.in_a_cell").install()
    return getattr(home, name, home)


def __dir__() -> list[str]:
    return sorted(__all__)
