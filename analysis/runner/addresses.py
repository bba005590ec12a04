"""Does a text hold the shape of an e-mail address, a telephone number or a handle? For what is about to go out.

By shape alone, whoever it belongs to: free text of a study (what was changed, and when) is in no table of people. A
number is taken for one of a telephone if it begins with `+` or `00` and a country, with a `0` and an area, or is
grouped as in North America; digits in a row without any of these cannot be told from figures. Hashes, versions,
decimals, days and times are none of these. Ids and words of people are left to `searching`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

KINDS = {
    "email": "what looks like an e-mail address",
    "phone": "what looks like a telephone number",
    "handle": "what looks like an @handle",
}
"""What is looked for, and how it is called."""

_EMAIL = re.compile(r"(?<![\w@])[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}(?![\w@])")
_HANDLE = re.compile(r"(?<![\w@.+%-])[@\uff20](?=[\w.]*[^\W\d_])\w[\w.]{0,62}\w(?:@[\w.-]+)?")
_NOT_PHONE = re.compile(
    r"(?<![\w.])[-+]?\d+[.,]\d+(?:[eE][+-]?\d+)?%?(?![\w.]|,\d)"  # decimals
    r"|(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)"  # thousands
    r"|(?<!\d)\d{4}([-/.])\d{1,2}\1\d{1,2}(?!\d)|(?<!\d)\d{1,2}([-/.])\d{1,2}\2\d{4}(?!\d)"  # days
    r"|(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d)"  # times
)
_GAP = r"[ \u00a0\u202f.\-\u2010\u2011\u2013/]"
_REST = rf"(?:{_GAP}?\(?\d{{1,12}}\)?)"
_NO_FIGURE = r"(?<![\w.+])(?<!\d[,\-])"
_PHONES = (
    (re.compile(rf"(?<![\w+])\+{_GAP}?[1-9]\d{{0,14}}{_REST}{{0,7}}(?!\w)"), 8, 15),
    (re.compile(rf"{_NO_FIGURE}00{_GAP}?[1-9]\d{{0,14}}{_REST}{{0,7}}(?!\w)"), 11, 17),
    (re.compile(rf"{_NO_FIGURE}\(?0[1-9]\d{{1,10}}\)?{_REST}{{0,6}}(?!\w)"), 10, 12),
    (re.compile(rf"{_NO_FIGURE}(?:1{_GAP})?\(?[2-9]\d\d\)?{_GAP}[2-9]\d\d{_GAP}\d{{4}}(?!\w)"), 10, 11),
)


def addresses(text: str, *, spared: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """The kind and the text of whatever has the shape of an address.

    Parameters
    ----------
    text : str
        As it is shown: without tags and pictures.
    spared : collection of str
        Handles that may stand there, without `@`, in small letters.

    Examples
    --------
    >>> list(addresses("Ask jane@example.org or +44 20 7946 0958, says @jane_d."))
    [('email', 'jane@example.org'), ('phone', '442079460958'), ('handle', 'jane_d')]
    >>> list(addresses("0.4711471147 of 4,711,471 on 2026-07-01 09:30, version 2.4.0, +12.4 (10.1 to 14.2)"))
    []
    """
    for found in _EMAIL.finditer(text):
        yield "email", found[0].lower()
    without = _EMAIL.sub(" ", text)
    figures = _NOT_PHONE.sub(" | ", without)
    for shape, fewest, most in _PHONES:
        for found in shape.finditer(figures):
            digits = re.sub(r"\D", "", found[0])
            if fewest <= len(digits) <= most:
                yield "phone", digits
        figures = shape.sub(" | ", figures)
    for found in _HANDLE.finditer(without):
        handle = found[0][1:].lower()
        if handle not in spared:
            yield "handle", handle
