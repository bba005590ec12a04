"""What does a signature say, who may give one, and what does it make of a report?

A signature is one line of JSON that names the hashes of `results.json` and of every page, the role, the name and the
note its signer gave, the time, and the head of the closed months at that time. It records who said what of which bytes;
it is no proof of who sat at the keyboard. How signatures are kept is left to `signatures`, what pages say of them to
`analysis.reporting`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from analysis.foundation.calendar import iso
from analysis.foundation.errors import Fault, ParamsError, UnknownName

SCHEMA = "touchstone.signature/1"
Word = Literal["Draft", "Reviewed", "Signed"]
ROLES: Mapping[str, Word] = {"reviewer": "Reviewed", "approver": "Signed"}
"""What each role makes of a report: a reviewer has checked the work, an approver answers for its use."""

LONGEST_NAME = 80
LONGEST_NOTE = 300
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of signs that steer, hide or turn text, or that mean nothing: no name and no note needs them."""

_TOGETHER = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "HANGUL": "CJK", "BOPOMOFO": "CJK", "IDEOGRAPHIC": "CJK"}
"""Scripts that one word of a name may mix."""

_OF_ANY = frozenset({"MODIFIER", "COMBINING", "FEMININE", "MASCULINE"})
"""How letters that belong to no script are called."""

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10))))
"""Letters and marks that show nothing by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature: who signed what, as whom, when.

    `results` is the fingerprint of `results.json`; `known_at` and `period` are what it said of itself, `run` the run it
    came from. `closes` is the number of closes at that time and the hash of the last line ("" where there were none).
    `pages` are the fingerprints of pages, as drafts, and documents; None in lines of earlier versions, which name the
    results alone. `lost` are the hashes of signatures that had been shown and were no longer in the record: who signed
    saw that. `head` is the hash of the entry itself, once it is written.
    """

    number: int
    family: str
    study: str
    run: str
    results: str
    known_at: str | None
    period: Mapping[str, Any] | None
    role: str
    name: str
    note: str
    signed_at: datetime
    closes: tuple[int, str]
    pages: Mapping[str, str] | None = None
    lost: tuple[str, ...] = ()
    head: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The line's content as plain values, without its place in the chain."""
        return {
            "schema": SCHEMA,
            "entry": "signature",
            "number": self.number,
            "family": self.family,
            "study": self.study,
            "run": self.run,
            "results": self.results,
            "known_at": self.known_at,
            "period": None if self.period is None else dict(self.period),
            "role": self.role,
            "name": self.name,
            "note": self.note,
            "signed_at": iso(self.signed_at),
            "closes": {"closes": self.closes[0], "head": self.closes[1]},
            **({} if self.pages is None else {"pages": dict(self.pages)}),
            **({"lost": list(self.lost)} if self.lost else {}),
        }

    @classmethod
    def from_dict(cls, line: Mapping[str, Any]) -> Signature:
        """The signature a line holds.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is none.
        """
        if line["schema"] != SCHEMA or line["entry"] != "signature" or not _HASH.fullmatch(line["results"]):
            raise ValueError("This is no signature.")
        if (
            line["role"] not in ROLES
            or not line["signed_at"].endswith("Z")
            or type(line["closes"]["closes"]) is not int
        ):
            raise ValueError("This is no signature.")
        pages, lost = line.get("pages"), line.get("lost", [])
        if not (pages is None or (isinstance(pages, dict) and all(map(_HASH.fullmatch, pages.values())))):
            raise ValueError("This is no signature.")
        if not (isinstance(lost, list) and all(isinstance(one, str) for one in lost)):
            raise ValueError("This is no signature.")
        return cls(
            number=int(line["number"]),
            family=str(line["family"]),
            study=str(line["study"]),
            run=str(line["run"]),
            results=line["results"],
            known_at=line["known_at"],
            period=line["period"],
            role=line["role"],
            name=str(line["name"]),
            note=str(line["note"]),
            signed_at=datetime.fromisoformat(line["signed_at"].removesuffix("Z")),
            closes=(int(line["closes"]["closes"]), str(line["closes"]["head"])),
            pages=pages,
            lost=tuple(lost),
            head=line["hash"],
        )

    def is_by(self, name: str) -> bool:
        """Whether a name is this signer's, however it is spaced and capitalised."""
        return _plainly(self.name) == _plainly(name)

    def is_of(self, pages: Mapping[str, str] | None) -> bool:
        """Whether it holds for these pages; one that names none, or asked of none, is of the results alone."""
        return self.pages is None or pages is None or self.pages == pages


@dataclass(frozen=True, slots=True)
class Standing:
    """How a report stands: the signatures that hold for it, in the order they were given.

    `of_results` are those that were given for the same results with other pages: they are told, and make nothing of it.

    Examples
    --------
    >>> Standing().word
    'Draft'
    """

    signatures: tuple[Signature, ...] = ()
    of_results: tuple[Signature, ...] = ()

    @property
    def word(self) -> Word:
        """Signed once an approver has, else Reviewed once a reviewer has, else Draft."""
        words = {ROLES[one.role] for one in self.signatures}
        return "Signed" if "Signed" in words else "Reviewed" if words else "Draft"

    def to_dict(self) -> dict[str, Any]:
        """The standing as the manifest of a report has it: the word, and the hashes of the entries it rests on."""
        told = {"of_results": [one.head for one in self.of_results]} if self.of_results else {}
        return {"word": self.word, "signatures": [one.head for one in self.signatures], **told}


DRAFT = Standing()


def role_named(role: str) -> str:
    """The role, if there is one of that name.

    Raises
    ------
    UnknownName
        If there is none, with those there are.

    Examples
    --------
    >>> role_named("Reviewer")
    'reviewer'
    """
    named = role.strip().casefold()
    if named not in ROLES:
        raise UnknownName.of("--role", role if _sound(role, LONGEST_NAME) else "…", ROLES)
    return named


def name_given(name: str) -> str:
    """A signer's name as it is written down: one line, white space as single spaces, composed letters.

    Raises
    ------
    ParamsError
        If it is empty, too long, holds signs that cannot be seen, or mixes scripts within a word, so that it can look
        like another's. The name is not repeated.

    Examples
    --------
    >>> name_given("  Ada   Okafor ")
    'Ada Okafor'
    """
    line = _given("--as", name, LONGEST_NAME, "Write a name of one to 80 letters")
    if any(len(_scripts(word)) > 1 for word in re.split(r"[^\w\u0300-\u036f]", line)):
        what = "mixes letters of different scripts within one word, so that it can look like another name"
        remedy = "Write each word of the name in one script."
        raise ParamsError(Fault(where="--as", what=what, remedy=remedy, rule="mixed_scripts"))
    return line


def note_given(note: str) -> str:
    """A signer's note as it is written down; empty for none.

    Raises
    ------
    ParamsError
        If it is too long, or holds signs that cannot be seen.
    """
    return _given("--note", note, LONGEST_NOTE, f"Write one line of at most {LONGEST_NOTE} letters") if note else ""


def _given(where: str, text: str, longest: int, remedy: str) -> str:
    line = unicodedata.normalize("NFC", re.sub(r"[^\S\r\n\v\f\x1c-\x1f\x85\u2028\u2029]+", " ", text)).strip(" ")
    if not _sound(line, longest) or not any(letter.isalpha() for letter in line):
        what = "is empty, too long, or holds signs that cannot be seen"
        raise ParamsError(Fault(where=where, what=what, remedy=f"{remedy}, in letters that can be seen.", rule="text"))
    return line


def _sound(text: str, longest: int) -> bool:
    return len(text) <= longest and not any(sign in _BLANK or unicodedata.category(sign) in _UNSEEN for sign in text)


def _scripts(word: str) -> set[str]:
    """The scripts of a word's letters, as Unicode names them."""
    letters = (letter for letter in unicodedata.normalize("NFKC", word) if letter.isalpha())
    scripts = {unicodedata.name(letter, "").partition(" ")[0].partition("-")[0] for letter in letters}
    return {_TOGETHER.get(script, script) for script in scripts - _OF_ANY}


def _plainly(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
