"""What does the machine lack when it refuses us something? A full disk is no fault of the tables, and no bug.

Whatever failed (Python, the engine, a writer of Parquet), its words are read here and never passed on: an engine may
quote what it was writing. How an error is told, and with which exit status, is left to the command line.
"""

from __future__ import annotations

import errno
import os
import re

_AGAIN = "Nothing that stood before is lost; a rerun goes on from what was finished."
_FULL = f"The disk is full. Free some space, also where temporary files go, and run the same again. {_AGAIN}"
_QUOTA = f"The disk quota is used up. Free some space, or ask for more, and run the same again. {_AGAIN}"
_READ_ONLY = f"The disk can only be read. Name a folder on another with `--out`, or work in one. {_AGAIN}"
_FORBIDDEN = f"A file or folder may not be read or written by this user. Change its rights, or name another. {_AGAIN}"
_MEMORY = f"The memory of this machine is used up. Close other programs, or take a larger machine. {_AGAIN}"

_BY_NUMBER = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _QUOTA,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.ENOMEM: _MEMORY,
}
_BY_WORDS = (
    (r"no space left on device|max_temp_directory_size|not enough space on the disk", _FULL),
    (r"disk quota exceeded", _QUOTA),
    (r"read-only file system", _READ_ONLY),
    (r"permission denied", _FORBIDDEN),
    (r"could not allocate|failed to allocate|failed to pin|out of memory", _MEMORY),
)
_SPEAKING = ("OSError", "IOException", "OutOfMemoryException", "PermissionError", "MemoryError", "ArrowMemoryError")


def lack_of(error: BaseException) -> str | None:
    """What the machine lacks, as a sentence with the remedy; None where the error says no such thing.

    The errors that led to this one are asked as well, since a library may wrap what the system told it.

    Examples
    --------
    >>> lack_of(OSError(errno.ENOSPC, "No space left on device", "orders.parquet"))[:34]
    'The disk is full (orders.parquet).'
    >>> lack_of(ValueError("No space left on device")) is None
    True
    """
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        seen.append(one)
        if isinstance(one, OSError) and one.errno in _BY_NUMBER:
            place = f" ({os.fspath(one.filename)!s})" if isinstance(one.filename, str | os.PathLike) else ""
            return _BY_NUMBER[one.errno].replace(".", f"{place}.", 1)
        if said := lack_told(type(one).__name__, str(one)):
            return said
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return None


def lack_told(kind: str, words: str) -> str | None:
    """The same of an error of which only its type's name and its words are left, as of one in a notebook.

    Examples
    --------
    >>> lack_told("IOException", 'Could not write file "a": No space left on device')[:17]
    'The disk is full.'
    >>> lack_told("ValueError", "No space left on device") is None
    True
    """
    if kind not in _SPEAKING:
        return None
    if kind.endswith("MemoryError"):
        return _MEMORY
    return next((said for pattern, said in _BY_WORDS if re.search(pattern, words, re.IGNORECASE)), None)
