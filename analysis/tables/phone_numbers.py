"""Which digits of a telephone number as it was written down are the number? Rules that never change.

Numbers of E.164: a plus, the calling code, the rest, at most 15 digits. A number that does not begin with `+` or `00`
is completed only where a calling code is declared and the number is whole by the habits of that country: what a person
dials before it inside the country goes (`0`, in Russia `8`, in Hungary `06`, in North America `1`), and where such a
sign is due and missing, the area code may be missing too, and there is no number.

The rules are our own and not a library's because a pseudonym has to be the same in ten years: a library's tables move
with every change of a numbering plan, and all numbers they touch would silently stop to match. What they give up: an
Argentine mobile number written at home (`011 15-…`) and abroad (`+54 9 11 …`) are two numbers here. The habits were
read from the metadata of libphonenumber 9.0.42, and its example numbers are the reference they are tested against.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from analysis.foundation.errors import Fault, InputError

_WITH_ZERO = """20 211 212 213 218 231 232 233 234 243 249 251 254 255 256 260 261 262 263 264 265 27 291 31 32 33
353 355 358 359 373 374 380 381 382 383 385 386 387 389 40 41 421 43 44 46 49 508 53 54 58 590 593 594 595 596 60 61 62
63 64 66 81 82 84 850 855 856 880 886 90 92 93 94 95 962 963 964 966 967 970 971 972 98 994 996"""
_AS_WRITTEN = """216 220 221 222 223 224 225 226 227 228 229 230 235 236 237 238 239 240 241 242 244 245 246 247 248
253 257 258 266 267 268 269 290 297 298 299 30 34 350 351 352 354 356 357 371 372 376 378 39 420 45 47 48 500 501 502
503 504 505 506 507 509 52 56 592 597 599 65 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689
690 691 852 853 960 965 968 973 974 975 992 998"""

AT_HOME: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_WITH_ZERO.split(), ("0([0-9]+)",)),
    **dict.fromkeys(_AS_WRITTEN.split(), ("([0-9]+)",)),
    "1": ("1?([2-9][0-9]{9})",),
    "7": ("8?([0-9]{10})",),
    "36": ("06([0-9]+)",),
    "51": ("(9[0-9]{8})", "0([0-9]+)"),
    "55": ("0?([1-9][0-9]{9,10})",),
    "57": ("0?([1-9][0-9]{9})",),
    "86": ("0?(1[3-9][0-9]{9})", "0([0-9]{9,11})"),
    "91": ("0?([1-9][0-9]{9})",),
    "250": ("0?([1-9][0-9]{8})",),
    "252": ("0?([1-9][0-9]{6,8})",),
    "370": ("[08]([0-9]{8})",),
    "375": ("80([0-9]{9})", "8?([0-9]{9})"),
    "377": ("0?([1-9][0-9]+)",),
    "423": ("0?([1-9][0-9]+)",),
    "591": ("0?([1-9][0-9]{7})",),
    "598": ("0?([1-9][0-9]{7})",),
    "692": ("1?([0-9]{7})",),
    "961": ("0?([1-9][0-9]{6,7})",),
    "976": ("0?([1-9][0-9]{7})",),
    "977": ("(9[0-9]{9})", "0([0-9]+)"),
    "993": ("8?([0-9]{8})",),
    "995": ("0?([1-9][0-9]{8})",),
}
"""Of each calling code the shapes of a whole number as it is written at home, digits only; the group is what counts."""

ZERO_STAYS = ("39", "378", "225", "229", "241", "242")
"""Calling codes after which a `(0)` may be part of the number."""

WRITTEN = r"(?:tel:)?([(]?[+]?[0-9 ()./-]+)"
"""A number as it may be written: nothing but digits, a plus, and signs between."""
BETWEEN = " ()./-"
_AWAY = str.maketrans("", "", BETWEEN)
NUMBER = r"[1-9][0-9]{6,14}"


def checked_country(code: str | None) -> str | None:
    """A calling code as the rules know it, without its plus.

    Raises
    ------
    InputError
        If there is no such code.

    Examples
    --------
    >>> checked_country("+44")
    '44'
    """
    if code is None:
        return None
    plain = code.strip().removeprefix("+")
    if plain not in AT_HOME:
        what = "is no country's calling code"
        remedy = 'Write the digits that stand after the plus, in quotes: `phone_country: "44"` for the United Kingdom.'
        raise InputError(Fault(where="phone_country", what=what, remedy=remedy, rule="unknown_calling_code"))
    return plain


def number(text: str, country: str | None = None) -> str | None:
    """The number of E.164 in a plain text (ASCII, lower case, trimmed), or None where there is no whole one.

    Parameters
    ----------
    text : str
        What was written.
    country : str, optional
        The calling code of numbers written without one, digits only.

    Examples
    --------
    >>> number("+44 (0)7700 900-123"), number("07700 900123", "44"), number("0044 7700 900123")
    ('+447700900123', '+447700900123', '+447700900123')
    >>> number("07700 900123"), number("900123", "44"), number("07700 900123 ext. 4", "44")
    (None, None, None)
    """
    found = re.fullmatch(WRITTEN, text)
    if found is None:
        return None
    digits = found[1].translate(_AWAY)
    abroad = _abroad(digits, country)
    if abroad is not None and "(0)" in found[1] and not abroad.startswith(ZERO_STAYS):
        digits = found[1].replace("(0)", "").translate(_AWAY)
        abroad = _abroad(digits, country)
    if abroad is not None:
        return f"+{abroad}" if re.fullmatch(NUMBER, abroad) else None
    for shape in AT_HOME[country] if country is not None else ():
        if home := re.fullmatch(shape, digits):
            whole = f"{country}{home[1]}"
            return f"+{whole}" if re.fullmatch(NUMBER, whole) else None
    return None


def number_sql(text: str, country: str | None = None) -> str:
    """SQL that says of a plain text what `number` says of it.

    Parameters
    ----------
    text : str
        SQL expression: VARCHAR, ASCII, lower case, trimmed.
    country : str, optional
        As in `number`.
    """
    written = f"nullif(regexp_extract({text}, '^{WRITTEN}$', 1), '')"
    plain = f"translate(written, '{BETWEEN}', '')"
    without = f"translate(replace(written, '(0)', ''), '{BETWEEN}', '')"
    signs = "|".join(map(re.escape, _signs(country)))
    zero_stays = f"regexp_matches(digits, '^(?:{signs})(?:{'|'.join(ZERO_STAYS)})')"
    optional = f"contains(written, '(0)') and regexp_matches(digits, '^(?:{signs})') and not {zero_stays}"
    abroad = f"regexp_extract(digits, '^(?:{signs})({NUMBER})$', 1)"
    shapes = AT_HOME[country] if country is not None else ()
    home = [f"'{country}' || nullif(regexp_extract(digits, '^{shape}$', 1), '')" for shape in shapes]
    complete = f"regexp_extract(coalesce({', '.join(home)}), '^{NUMBER}$')" if home else "''"
    whole = f"case when regexp_matches(digits, '^(?:{signs})') then {abroad} else {complete} end"
    digits = f"list_transform([{plain}], lambda digits: case when {optional} then {without} else digits end)[1]"
    found = f"list_transform([{digits}], lambda digits: '+' || nullif({whole}, ''))[1]"
    return f"list_transform([{written}], lambda written: {found})[1]"


def _signs(country: str | None) -> tuple[str, ...]:
    """What stands before a calling code; in North America 011 is dialled where others dial 00."""
    return ("+", "00", "011") if country == "1" else ("+", "00")


def _abroad(digits: str, country: str | None) -> str | None:
    """The digits after the sign for abroad, None where there is no such sign."""
    return next((digits[len(sign) :] for sign in _signs(country) if digits.startswith(sign)), None)
