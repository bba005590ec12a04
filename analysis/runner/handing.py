"""How does a value come whole from a notebook to the runner? By a file that none but its own kernels can have written.

Results hold figures; what documents need beside them, formulas and draws, would have to be worked out again. A notebook
leaves it in the folder where its step may write, sealed with a key that only the run and its kernels know, and the
runner opens it once. Where nothing was left, or the seal is not this run's, there is nothing to take. What documents
are made of it is left to `documents`.
"""

from __future__ import annotations

import copyreg
import hmac
import os
import pickle
import secrets
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

FILE, KEY = "TOUCHSTONE_HANDED_FILE", "TOUCHSTONE_HANDED_KEY"
_NAME, _DIGEST, _SEAL = "handed", "sha256", 32


class Handing:
    """One run's key, and the way of a value from a step to it."""

    def __init__(self) -> None:
        self._key = secrets.token_hex(_SEAL)

    def environment(self, scratch: Path) -> dict[str, str]:
        """What the kernel of a step needs to know to `leave` a value in the folder where the step may write."""
        return {FILE: str(scratch / _NAME), KEY: self._key}

    def take(self, scratch: Path) -> Any:
        """The value that a step left, which is there no longer then; None where there is none of this run.

        None, too, where it holds what only its notebook knows, such as a class of a person's own.
        """
        file = scratch / _NAME
        try:
            held = memoryview(file.read_bytes())
            file.unlink()
        except OSError:
            return None
        seal, content = held[:_SEAL], held[_SEAL:]
        if not hmac.compare_digest(seal, hmac.digest(self._key.encode(), content, _DIGEST)):
            return None
        try:
            return pickle.loads(content)  # noqa: S301  (it carries this run's seal)
        except Exception:
            return None


def leave(value: object) -> None:
    """Leave a value for the run that this kernel belongs to, in place of what was left before.

    Nothing is left where there is no run, no room, or the value holds what cannot be written down.
    """
    file, key = os.environ.get(FILE), os.environ.get(KEY)
    if file is None or key is None:
        return
    with suppress(Exception):  # whatever a value does when it is written down, its notebook goes on
        Path(file).unlink(missing_ok=True)
        content = _pickled(value)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(hmac.digest(key.encode(), content, _DIGEST))
            out.write(content)


def _pickled(value: object) -> bytes:
    out = BytesIO()
    pickler = pickle.Pickler(out, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = copyreg.dispatch_table | {MappingProxyType: _plain}
    pickler.dump(value)
    return out.getvalue()


def _plain(mapping: Mapping[Any, Any]) -> tuple[Any, tuple[dict[Any, Any]]]:
    return _fixed, (dict(mapping),)


def _fixed(held: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(held)
