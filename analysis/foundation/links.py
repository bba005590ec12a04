"""How does a name lead from one finished folder to the next, with no moment at which it leads nowhere?

A folder that others read is a link; what it leads to is built elsewhere and never changed. Swapping the link is one
step: a process that is ended before it leaves the old folder, after it the new one. When a folder is whole is left to
those who build it.
"""

from __future__ import annotations

import glob
import os
import sys
from pathlib import Path


def swap(link: Path, folder: Path) -> None:
    """Let a link lead to a folder, in one step.

    Parameters
    ----------
    link : Path
        A link, or a name nothing has yet.
    folder : Path
        Where it is to lead.

    Examples
    --------
    >>> import tempfile
    >>> here = Path(tempfile.mkdtemp())
    >>> for name in ("one", "two"):
    ...     (here / name).mkdir()
    ...     swap(here / "read", here / name)
    >>> (here / "read").resolve().name
    'two'
    """
    for left in link.parent.glob(f".{glob.escape(link.name)}.*.link"):
        left.unlink()  # by a process that was ended before it could swap
    if sys.platform == "win32":
        _replace_junction(folder, link)
        return
    staged = link.with_name(f".{link.name}.{os.getpid()}.link")
    staged.symlink_to(os.path.relpath(folder, link.parent), target_is_directory=True)
    os.replace(staged, link)


def is_link(path: Path) -> bool:
    """Whether a path is a link to a folder: a symbolic link or, on Windows, a junction."""
    if path.is_symlink():
        return True
    if sys.platform != "win32":
        return False
    try:
        return bool(os.readlink(path))
    except OSError:
        return False


def _replace_junction(folder: Path, link: Path) -> None:
    """The same by a directory junction, which on Windows needs no rights a symbolic link would need.

    Windows cannot rename one junction over another: for the blink between the two renames there is no link. Not tried:
    this was written from the documentation, and no Windows machine was at hand.
    """
    import _winapi

    staged = link.with_name(f".{link.name}.{os.getpid()}.link")
    old = link.with_name(f".{link.name}.{os.getpid()}.old")
    _winapi.CreateJunction(str(folder.resolve()), str(staged))  # type: ignore[attr-defined]
    if is_link(link):
        link.rename(old)
    staged.rename(link)
    if is_link(old):
        old.rmdir()
