"""Where do the shipped notebooks and parameters lie? Beside the package in a checkout, else in the data folder."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import analysis

PACKAGE = Path(analysis.__file__).resolve().parent


def shipped(folder: str) -> Path:
    """The shipped folder `notebooks` or `params`.

    Examples
    --------
    >>> shipped("notebooks").name
    'notebooks'
    """
    beside = PACKAGE.parent / folder
    installed = Path(sysconfig.get_path("data")) / "share" / "touchstone" / folder
    return beside if beside.is_dir() else installed
