"""How does a page say whether its report is a draft, reviewed or signed? One line in its head, and the same in words.

The line is the only part of a page that changes after the page was made: it stands between marks that no other text of
a page can hold, so that it is found and set anew without a notebook. When a signature holds is left to the ledger, when
pages are renewed to the runner.
"""

from __future__ import annotations

import re

from markupsafe import Markup

from analysis.foundation.calendar import iso
from analysis.ledger.signature import DRAFT, ROLES, Signature, Standing
from analysis.reporting.formats import english_of, plain
from analysis.reporting.wording import Words, words

_LINE = re.compile(r'<p class="standing">.*?</p>', re.DOTALL)
_LANGUAGE = re.compile(r'<html lang="en-([A-Z]{2})">')
_ORDER = ("Signed", "Reviewed")
_OF_RESULTS = Markup("The same results, on other pages, were {verb} by {who} ({role}) on {day}.")


def standing_line(standing: Standing = DRAFT, *, locale: str | None = None) -> Markup:
    """The line as it stands on a page. Names and notes are text, each in a direction of its own.

    Examples
    --------
    >>> str(standing_line())
    '<p class="standing"><strong>Draft</strong> Not reviewed and not signed.</p>'
    """
    say = words(locale)
    nobody = ("Draft", Markup("Not reviewed and not signed."))
    if standing.of_results:
        nobody = ("Draft", Markup("These pages are not signed."))
    first, *others = [_said(one, say) for one in _in_order(standing)] or [nobody]
    more = Markup("").join(Markup(" {} {}").format(verb, said) for verb, said in others)
    for one in standing.of_results:
        who = Markup("<bdi>{}</bdi>").format(plain(one.name))
        verb, day = _verb(one).lower(), _day(one, say)
        more += Markup(" ") + _OF_RESULTS.format(verb=verb, who=who, role=one.role, day=day)
    return Markup('<p class="standing"><strong>{}</strong> {}{}</p>').format(*first, more)


def standing_in_words(standing: Standing, *, locale: str | None = None) -> str:
    """The same for a terminal.

    Examples
    --------
    >>> standing_in_words(DRAFT)
    'Draft: not reviewed and not signed.'
    """
    say = words(locale)
    said = [
        f"{_verb(one)} by {plain(one.name)} ({one.role}) on {_day(one, say)}." + _after_loss(one)
        for one in _in_order(standing)
    ]
    if not said:
        said = ["Draft: these pages are not signed." if standing.of_results else "Draft: not reviewed and not signed."]
    said += [
        str(_OF_RESULTS).format(verb=_verb(one).lower(), who=plain(one.name), role=one.role, day=_day(one, say))
        for one in standing.of_results
    ]
    return " ".join(said)


def with_standing(page: str, standing: Standing, *, locale: str | None = None) -> str:
    """A page with another standing, and nothing else changed; its days as in the English the page says it is in.

    Raises
    ------
    ValueError
        If the page has no place for it: it is no page of ours, or of an earlier version.
    """
    found = _LINE.search(page)  # the first: it stands before anything that comes from a notebook
    if found is None:
        raise ValueError("The page has no place for a standing.")
    country = _LANGUAGE.search(page, 0, found.start())
    said = standing_line(standing, locale=locale or (str(english_of(country[1])) if country else None))
    return page[: found.start()] + str(said) + page[found.end() :]


def says_standing(page: bytes, standing: Standing) -> bool:
    """Whether a page says this standing already, or has no place for any: whether it would be left as it is.

    A page is long, so only its head is read, down to the end of the line.

    Examples
    --------
    >>> page = f"<h1>Caf\u00e9</h1>{standing_line()}<p>All else</p>".encode()
    >>> says_standing(page, DRAFT), says_standing(page.replace(b"Draft", b"Signed"), DRAFT)
    (True, False)
    """
    begins = page.find(b'<p class="standing">')
    ends = -1 if begins < 0 else page.find(b"</p>", begins)
    if ends < 0:
        return True
    head = page[: ends + len(b"</p>")].decode("utf-8", errors="surrogateescape")
    return with_standing(head, standing) == head


def _said(one: Signature, say: Words) -> tuple[str, Markup]:
    """The word a signature is said by, and the rest of its sentence."""
    said = Markup("by <bdi>{}</bdi> ({}) on {}").format(plain(one.name), one.role, _day(one, say))
    said += Markup(": <q><bdi>{}</bdi></q>.").format(plain(one.note)) if one.note else Markup(".")
    return _verb(one), said + _after_loss(one)


def _after_loss(one: Signature) -> str:
    """What a signature says besides, that was given when earlier ones were missing."""
    if not one.lost:
        return ""
    lost = "1 signature" if len(one.lost) == 1 else f"{len(one.lost)} signatures"
    return f" {lost} that had been shown before {'was' if len(one.lost) == 1 else 'were'} missing from the record then."


def _in_order(standing: Standing) -> list[Signature]:
    """What weighs most first, then in the order in which they were given."""
    return sorted(standing.signatures, key=lambda one: _ORDER.index(_verb(one)))


def _verb(one: Signature) -> str:
    return ROLES[one.role]


def _day(one: Signature, say: Words) -> str:
    return say.day(one.signed_at.date())


def standing_as_plain(standing: Standing) -> dict[str, object]:
    """The standing for programs."""
    return {
        "word": standing.word,
        "signatures": [
            {"role": one.role, "name": one.name, "note": one.note, "signed_at": iso(one.signed_at), "hash": one.head}
            for one in standing.signatures
        ],
        "of_results_on_other_pages": [one.head for one in standing.of_results],
    }
