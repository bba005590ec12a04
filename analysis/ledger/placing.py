"""How does a file get into a folder whole, or not at all, and never over another? The last step of a close.

A file is written under a name that no reader looks at and then given its own in one step that fails if that name is
taken. What the files hold is left to `store`.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

_NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK, errno.EINVAL})


def stage(folder: Path, stem: str, content: bytes) -> Path:
    """Write a file whole under a name that no reader looks at."""
    staged = folder / f"{stem}.{secrets.token_hex(8)}.part"
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except OSError:
        staged.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return staged


def put(staged: Path, final: Path) -> None:
    """Give a file its name in one step, if the name is free.

    Raises
    ------
    FileExistsError
        If it is taken.
    FileNotFoundError
        If the staged file is gone.
    """
    try:
        os.link(staged, final)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with FileLock(final.parent / ".lock"):  # no links here: a lock, which its owner's end undoes
            if final.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final)) from error
            os.rename(staged, final)
    else:
        with suppress(OSError):  # the name is taken, and this one is no longer looked at
            os.unlink(staged)


def sync(folder: Path) -> None:
    """Make new names last through a loss of power, where the system lets a folder be synced."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
