"""When do two texts name the same person's address, handle, number, id or name? Exact rules, the same in two roads.

Everywhere NFKC, and white space, control and invisible signs at the ends away; an empty rest is nothing. Apostrophes at
the front, by which shops and spreadsheets mark digits as text, are away as well, but for names. By kind:

- `email`: case folded, invisible signs away, `mailto:` and what stands outside angle brackets away. What is no address
  (one `@` with something on both sides, no space) is nothing. Dots and what follows a plus are kept:
  `ann+shop@x.org` and `ann@x.org` may be two people. The domain stays as it is written, in letters or in punycode.
- `handle`: case folded, invisible signs and leading `@` away.
- `phone`: the number of E.164, see `phone_numbers`; one that is not whole is nothing.
- `name`: case folded.
- `id`: nothing more; upper and lower case are two ids.

`normal` is Python's road, for every text; `normal_sql` the engine's, for texts of plain ASCII, where NFKC changes
nothing, folding case is lower case and no sign is invisible but the control signs. They agree on every such text.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, get_args

from analysis.tables.phone_numbers import number, number_sql

Kind = Literal["email", "phone", "handle", "id", "name"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_NOTHING = r"\x00-\x20\x7f"
_ADDRESS = rf"[{_NOTHING}\x27]*(?:mailto:)?[{_NOTHING}]*([^{_NOTHING}@<>]+@[^{_NOTHING}@<>]+)[{_NOTHING}]*"
_MARKS = "'\u2019"
"""Signs at the front of a cell that say: this is text, whatever it looks like."""

_EMAIL = (_ADDRESS, f"[^<>]*<{_ADDRESS}>[{_NOTHING}]*")


_BEFORE = {"handle": f"@{_MARKS}", "id": _MARKS, "name": ""}

HIDDEN_NAME = "(a name that looks like an address)"
"""What stands for the name of a column or a file that is itself somebody's address."""


def name_shown(name: str, *, number: bool = False) -> str:
    """The name of a column or a file as it may be written down: not where it looks like somebody's address.

    Parameters
    ----------
    name : str
    number : bool
        Whether seven digits in a row are taken for a telephone number; in names of files they are dates.

    Examples
    --------
    >>> name_shown("Requester email"), name_shown("for ann@example.org"), name_shown("07700900123", number=True)
    ('Requester email', '(a name that looks like an address)', '(a name that looks like an address)')
    """
    looks = re.search(r"\w@\w", name) or (number and re.search(r"\d{7}", name))
    return HIDDEN_NAME if looks else name


def normal(kind: Kind, text: str, phone_country: str | None = None) -> str | None:
    """What is left of a text once all that does not tell people apart is away; None where nothing is.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    text : str
        What was written.
    phone_country : str, optional
        The calling code of telephone numbers written without one, digits only.

    Examples
    --------
    >>> normal("email", " Ann Lee <mailto:Ann.Lee@Example.org> "), normal("email", "ann at example.org")
    ('ann.lee@example.org', None)
    >>> normal("handle", "@ＡnnLee"), normal("phone", "07700 900123", "44"), normal("id", " 0017Ab ")
    ('annlee', '+447700900123', '0017Ab')
    """
    seen = unicodedata.normalize("NFKC", text)
    if kind != "id":
        seen = unicodedata.normalize("NFKC", seen.casefold())
    if kind in ("email", "handle", "phone"):
        seen = "".join(sign for sign in seen if unicodedata.category(sign) != "Cf")
    if kind == "email":
        plain = "".join(" " if _is_nothing(sign) else sign for sign in seen.replace("\u2019", "'"))
        return next((found[1] for shape in _EMAIL if (found := re.fullmatch(shape, plain))), None)
    if kind == "phone":
        plain = "".join(map(_plain_sign, _trimmed(seen, _MARKS)))
        return number(plain, phone_country) if plain.isascii() else None
    return _trimmed(seen, _BEFORE[kind]) or None


def normal_sql(kind: Kind, column: str, phone_country: str | None = None) -> str:
    """SQL for `normal` of a text of plain ASCII; null where that is None.

    Parameters
    ----------
    kind, phone_country
        As in `normal`.
    column : str
        SQL expression of type VARCHAR.
    """
    text = column if kind == "id" else f"lower({column})"
    if kind == "email":
        return f"coalesce({', '.join(_matched(text, shape) for shape in _EMAIL)})"
    before = _NOTHING + {"handle": r"@\x27", "name": ""}.get(kind, r"\x27")
    trimmed = _matched(text, rf"[{before}]*([^{before}]|[^{before}].*[^{_NOTHING}])[{_NOTHING}]*")
    if kind == "phone":
        spaced = f"regexp_replace({trimmed}, '[{_NOTHING}]', ' ', 'g')"
        return number_sql(spaced, phone_country)
    return trimmed


def _matched(text: str, shape: str) -> str:
    return f"nullif(regexp_extract({text}, '^{shape}$', 1, 's'), '')"


def _trimmed(text: str, before: str = "") -> str:
    """Without white space, control and invisible signs at the ends, and without some signs at the front."""
    start, end = 0, len(text)
    while start < end and (_is_nothing(text[start]) or text[start] in before):
        start += 1
    while end > start and _is_nothing(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_nothing(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) in ("Cc", "Cf")


def _plain_sign(sign: str) -> str:
    """A sign of a telephone number in ASCII: digits of other scripts, spaces, dashes."""
    if _is_nothing(sign):
        return " "
    category = unicodedata.category(sign)
    return str(unicodedata.decimal(sign)) if category == "Nd" else "-" if category == "Pd" else sign
