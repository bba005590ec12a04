"""From which bytes, which code and which packages does a number come? Fingerprints, and one way to write JSON.

The same input, parameters and code give the same bytes: keys sorted, floats to 12 significant digits, no clock.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import analysis

SIGNIFICANT_DIGITS = 12
PACKAGES = ("duckdb", "matplotlib", "numpy", "pandas", "pyarrow", "scipy", "statsmodels")
_CHUNK = 1 << 20


def fingerprint_of_bytes(content: bytes) -> str:
    """`sha256:` and the hash of some bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def fingerprint(path: Path) -> str:
    """The hash of a file's bytes; of a folder, the hash of the sorted names and hashes of its files.

    Hidden files are left out, so that what an operating system strews into a folder changes nothing.
    """
    if path.is_dir():
        return fingerprint_of_files(
            {part.relative_to(path).as_posix(): part for part in path.rglob("*") if _counts(part, path)}
        )
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def fingerprint_of_files(files: Mapping[str, Path]) -> str:
    """One hash of several files under the names given, whatever the order they come in."""
    lines = [f"{name} {fingerprint(path)}" for name, path in sorted(files.items())]
    return fingerprint_of_bytes("\n".join(lines).encode())


def _counts(part: Path, root: Path) -> bool:
    return part.is_file() and not any(name.startswith(".") for name in part.relative_to(root).parts)


@cache
def code_fingerprint() -> str:
    """The hash of the package's sources: Python, and the data it ships."""
    root = Path(analysis.__file__).parent
    files = {
        part.relative_to(root).as_posix(): part
        for part in root.rglob("*")
        if part.is_file() and "__pycache__" not in part.parts and not part.name.startswith(".")
    }
    return fingerprint_of_files(files)


@cache
def package_versions() -> dict[str, str]:
    """The versions of the packages that numbers pass through."""
    return {name: metadata.version(name) for name in PACKAGES}


def rounded(value: Any) -> Any:
    """The value with floats at 12 significant digits and containers plain, ready for JSON.

    Raises
    ------
    ValueError
        If a number is not finite: results hold `null` with a reason instead.

    Examples
    --------
    >>> rounded({"b": (0.1 + 0.2, Decimal("1.50")), "a": -0.0})
    {'b': [0.3, 1.5], 'a': 0.0}
    """
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        value = float(value)
    if hasattr(value, "item") and not isinstance(value, Iterable):
        value = value.item()  # a numpy scalar
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("Results hold no NaN and no infinity: write null and a reason.")
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0
    if isinstance(value, Iterable):
        return [rounded(item) for item in value]
    raise TypeError(f"Results hold plain values, not {type(value).__name__}.")


def canonical_json(value: Any) -> bytes:
    """UTF-8, sorted keys, two spaces of indent, one line feed at the end.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": None}).decode()
    '{\\n  "a": null,\\n  "b": 1\\n}\\n'
    """
    text = json.dumps(rounded(value), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old bytes or the new ones, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with staged.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
