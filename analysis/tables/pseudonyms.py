"""Who is this, without saying who? Keyed pseudonyms of addresses, handles, numbers and ids, the same from every source.

A pseudonym is the first 32 hex digits of HMAC-SHA256 over the kind, a NUL and the normal form of the text
(`personal_text`), under a key of the user's own, which lies outside the project. Without the key nobody can try
addresses against it; under another key nothing matches any more.

Two roads lead there. The engine works out texts of plain ASCII itself and hands the others to Python, each distinct one
of a batch once. Both give the same digits for every text.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from analysis.foundation.errors import Fault, InputError
from analysis.tables.personal_text import KINDS, Kind, normal, normal_sql
from analysis.tables.phone_numbers import checked_country

DIGITS = 32
KEY_BYTES = 32
KEY_FILE = "TOUCHSTONE_KEY_FILE"
"""The environment variable that names the file of the key."""
_BLOCK = 64
_BACK_UP = "Put back the key from your backup; with a new one, nothing read so far matches what is read from now on."


@dataclass(frozen=True)
class Key:
    """The user's key: 32 bytes that are shown to nobody.

    Examples
    --------
    >>> key = Key(bytes(range(32)))
    >>> key
    Key(check='37c39a69dc52190c')
    >>> key.of("handle", "@Ann") == key.of("handle", "ann")
    True
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"A key has {KEY_BYTES} bytes.")

    def __repr__(self) -> str:
        return f"Key(check={self.check!r})"

    @cached_property
    def check(self) -> str:
        """Sixteen hex digits that tell this key from another, and say nothing of it."""
        return self.mac("touchstone key check")[:16]

    @cached_property
    def pads(self) -> Mapping[str, bytes]:
        """What HMAC puts before the normal form of a text of each kind, and before the inner digest (`outer`)."""
        padded = self.secret.ljust(_BLOCK, b"\0")
        inner = bytes(byte ^ 0x36 for byte in padded)
        pads = {kind: inner + f"{kind}\0".encode() for kind in KINDS}
        return MappingProxyType(pads | {"outer": bytes(byte ^ 0x5C for byte in padded)})

    def veil(self, kind: Kind, phone_country: str | None = None) -> Veil:
        """What replaces texts of a kind; see `Veil`."""
        return Veil(self, kind, phone_country)

    def of(self, kind: Kind, text: str | None, phone_country: str | None = None) -> str | None:
        """The pseudonym of one text; None where it has none."""
        return Veil(self, kind, phone_country).of(text)

    def mac(self, message: str) -> str:
        """HMAC-SHA256 of a message, in hex."""
        return hmac.new(self.secret, message.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Veil:
    """What replaces the texts of one kind: pseudonyms under a key.

    Parameters
    ----------
    key : Key
    kind : str
        One of `KINDS`.
    phone_country : str, optional
        The calling code of telephone numbers written without one.

    Raises
    ------
    InputError
        If there is no such calling code.

    Examples
    --------
    >>> veil = Veil(Key(bytes(range(32))), "email")
    >>> veil.of("Ann@Example.org") == veil.of(" ann@example.org ")
    True
    >>> veil.of("nobody") is None
    True
    >>> connection = duckdb.connect()
    >>> veil.install(connection)
    >>> connection.sql(f"select {veil.sql('a')} from (values ('ann@example.org')) t(a)").fetchone()[0] == veil.of(
    ...     "ann@example.org")
    True
    """

    key: Key
    kind: Kind
    phone_country: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no kind of personal text `{self.kind}`.")
        country = checked_country(self.phone_country) if self.kind == "phone" else None
        object.__setattr__(self, "phone_country", country)

    def of(self, text: str | None) -> str | None:
        """The pseudonym of a text; None where it has none."""
        known = None if text is None else normal(self.kind, text, self.phone_country)
        return None if known is None else self.key.mac(f"{self.kind}\0{known}")[:DIGITS]

    def of_array(self, texts: pa.Array | pa.ChunkedArray) -> pa.Array:
        """The pseudonyms of a column of text by Python's road, each distinct text once."""
        column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        coded = column.cast(pa.string()).dictionary_encode()
        known = pa.array([self.of(text) for text in coded.dictionary.to_pylist()], type=pa.string())
        return known.take(coded.indices)

    def install(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give a connection what `sql` needs: the key as a value that stands in no query, and the way to Python."""
        for name in (self.kind, "outer"):
            connection.execute(f"set variable {self._value(name)} = ?::blob", [self.key.pads[name]])
        known = connection.execute("select 1 from duckdb_functions() where function_name = ?", [self._function])
        if known.fetchone() is None:
            connection.create_function(
                self._function,
                self.of_array,
                ["VARCHAR"],
                "VARCHAR",
                type=PythonUDFType.ARROW,
                null_handling=FunctionNullHandling.SPECIAL,
            )

    def sql(self, column: str) -> str:
        """SQL for the pseudonyms of a column, on a connection this veil was installed on (elsewhere it is refused).

        Parameters
        ----------
        column : str
            SQL expression of type VARCHAR.
        """
        known = normal_sql(self.kind, column, self.phone_country)
        inner = f"sha256(getvariable('{self._value(self.kind)}') || encode({known}))"
        keyed = f"left(sha256(getvariable('{self._value('outer')}') || unhex({inner})), {DIGITS})"
        return f"case when strlen({column}) = length({column}) then {keyed} else {self._function}({column}) end"

    def _value(self, name: str) -> str:
        return f"touchstone_{self.key.check}_{name}"

    @property
    def _function(self) -> str:
        return f"touchstone_{self.key.check}_{self.kind}_of_{self.phone_country or 'all'}"


def user_key(home: Path | None = None) -> Key:
    """The user's key, made where there is none yet.

    It lies in the file that `TOUCHSTONE_KEY_FILE` names, else in `touchstone/pseudonym.key` of the user's configuration
    (`XDG_CONFIG_HOME`, else `~/.config`; on Windows `APPDATA`): 64 hex digits, for its owner alone.

    Parameters
    ----------
    home : Path, optional
        The project's folder, in which no key may lie.

    Raises
    ------
    InputError
        If the file lies in the project or in a git work tree, others may read it, it holds no key, or it cannot be
        read or written.
    """
    path, named = _key_path()
    _refuse_place(path, home, named)
    try:
        if not path.exists():
            _make(path, named)
        return _read(path)
    except OSError as problem:
        what = f"cannot be read or written ({type(problem).__name__})"
        raise _refused(
            path, what, f"See to its rights, or name another file in {KEY_FILE}.", "key_unreadable"
        ) from None


def must_be_the_key(key: Key, checks: Iterable[str | None]) -> None:
    """Refuse another key than the one under which something was made: nobody in it would be found again.

    Parameters
    ----------
    key : Key
    checks : iterable of str or None
        The check texts of the keys of what is there; None where no key was needed.

    Raises
    ------
    InputError
        If one of them is of another key.
    """
    if {check for check in checks if check is not None} - {key.check}:
        what = "is not the key with which the tables were made, so nobody in them would be found again"
        remedy = (
            "Bring the old key back (see docs/identity.md); without it, take all exports in again, elsewhere and "
            "without the old list of who was erased, and erase those customers once more."
        )
        raise InputError(Fault(where="key of the pseudonyms", what=what, remedy=remedy, rule="key_changed"))


def _key_path() -> tuple[Path, bool]:
    """Where the key lies, and whether the environment said so."""
    if named := os.environ.get(KEY_FILE):
        path = Path(named).expanduser()
        if not path.is_absolute():
            raise _refused(path, "is not a whole path", f"Begin what {KEY_FILE} says at the root.", "key_path")
        return path, True
    if os.name == "nt" and (roaming := os.environ.get("APPDATA")):
        folder = Path(roaming)
    else:
        told = os.environ.get("XDG_CONFIG_HOME", "")
        folder = Path(told) if Path(told).is_absolute() else Path.home() / ".config"
    return folder / "touchstone" / "pseudonym.key", False


def _refuse_place(path: Path, home: Path | None, named: bool) -> None:
    place = path.resolve()
    remedy = f"Keep the key where no copy of the project takes it along: name another file in {KEY_FILE}."
    if home is not None and place.is_relative_to(home.resolve()):
        raise _refused(path, "lies inside the project", remedy, "key_in_project")
    if any((folder / ".git").exists() for folder in place.parents):
        raise _refused(path, "lies inside a git work tree", remedy, "key_in_git")
    if named and not place.parent.is_dir():
        remedy = f"Is the volume mounted? Make the folder, or correct {KEY_FILE}."
        raise _refused(path, "is to lie in a folder that does not exist", remedy, "key_folder")


def _make(path: Path, named: bool) -> None:
    """A new key, written whole or not at all; where another process was quicker, its key stands."""
    if not named:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=".pseudonym-", dir=path.parent)  # for its owner alone from the first
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        os.unlink(draft)


def _read(path: Path) -> Key:
    with path.open("rb") as file:
        if os.name != "nt" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise _refused(path, "may be read or written by others", f"Run `chmod 600 {_shown(path)}`.", "key_open")
        held = file.read(4 * KEY_BYTES)
    try:
        secret = bytes.fromhex(held.decode("ascii"))
    except ValueError:  # from here on, so that no part of the file is quoted
        secret = b""
    if len(secret) != KEY_BYTES:
        raise _refused(path, "does not hold a key of 64 hex digits", _BACK_UP, "key_malformed")
    return Key(secret)


def _refused(path: Path, what: str, remedy: str, rule: str) -> InputError:
    return InputError(Fault(where=_shown(path), what=what, remedy=remedy, rule=rule))


def _shown(path: Path) -> str:
    """A path as it may stand in a message: the user's own folder is `~`."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):
        return str(path)
