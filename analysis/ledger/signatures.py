"""Which signatures are there, and do they hold? The record of signatures beside the closed months of a family.

Each signature is a file of one line, `signatures/0001.jsonl`, chained to the one before it as closes are, and names the
close that was the last when it was given. How files take their place is left to `numbered`, what a signature says to
`signature`, how pages are renewed to the runner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.foundation.errors import ClosedMeanwhile, Fault, InputError, LedgerBroken
from analysis.ledger.chain import check_link, closes_in, content_of, lines_of
from analysis.ledger.entry import chained
from analysis.ledger.numbered import UNREADABLE, DoesNotHold, Numbered, Taken
from analysis.ledger.signature import Signature, Standing
from analysis.ledger.store import family_name

FOLDER = "signatures"
_RESTORE = "Take the folder back from version control: a signature is never changed or taken away."


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signatures of a family of studies, read whole and checked.

    Examples
    --------
    >>> import tempfile
    >>> record = Signatures.open(Path(tempfile.mkdtemp()) / "care")
    >>> record.signatures, record.standing("sha256:" + 64 * "0").word
    ((), 'Draft')
    """

    ledger: Path
    family: str
    signatures: tuple[Signature, ...] = ()

    @classmethod
    def open(cls, ledger: Path, family: str | None = None) -> Signatures:
        """Read and check the signatures in a ledger's folder. None there is a record without signatures.

        Parameters
        ----------
        ledger : Path
            The folder of the family's ledger; signatures lie in `signatures` within.
        family : str, optional
            Whose they must be; default the one the first names, and the folder's name while there is none.

        Raises
        ------
        LedgerBroken
            If a signature does not hold, with the first that does not.
        """
        signatures, fault = read_signatures(ledger, family)
        if fault is not None:
            raise LedgerBroken(fault, "The record of signatures does not hold.")
        return cls(ledger, signatures[0].family if signatures else family_name(family or ledger.name), signatures)

    @property
    def head(self) -> str:
        """The hash of the last signature."""
        return self.signatures[-1].head if self.signatures else _genesis(self.family)

    def standing(self, results: str, pages: Mapping[str, str] | None = None) -> Standing:
        """How results of this fingerprint stand, with these pages; without pages, as results alone.

        Of a signer who signed twice, because pages were others or signatures were lost, the last counts.
        """
        given = [one for one in self.signatures if one.results == results]
        hold = _last_of_each(one for one in given if one.is_of(pages))
        others = _last_of_each(one for one in given if not one.is_of(pages))
        return Standing(hold, tuple(one for one in others if not any(one.is_by(by.name) for by in hold)))

    def lost(self, shown: Iterable[str]) -> list[str]:
        """Which signatures that were shown are not in the record any more, and nobody has signed seeing that."""
        known = {one.head for one in self.signatures} | {head for one in self.signatures for head in one.lost}
        return sorted(set(shown) - known)

    def given(self, signature: Signature) -> Signature | None:
        """The signature there is already: the same name in the same role on the same results and pages.

        Raises
        ------
        InputError
            If the same name has signed these results in another role: a review by the approver is none.
        """
        theirs = [one for one in self.signatures if one.results == signature.results and one.is_by(signature.name)]
        for one in theirs:
            if one.role != signature.role:
                what = f"has signed these results as {one.role}, so not as {signature.role} too"
                remedy = "Two roles are two people: let another sign."
                raise InputError(Fault(where="--as", what=what, remedy=remedy, rule="two_roles"))
        same = [one for one in theirs if one.pages == signature.pages and not signature.lost]
        return same[-1] if same else None

    def append(self, signature: Signature) -> Signatures:
        """Add a signature, whole or not at all, and return the record with it.

        Number, family and the head of the closes are those of the record; whatever the signature says of them.

        Raises
        ------
        ClosedMeanwhile
            If another was written since the record was read. Nothing was written.
        LedgerBroken
            If the folder no longer holds what was read.
        InputError
            If nothing can be written in the folder.
        """
        number, files = len(self.signatures) + 1, _files(self.ledger)
        try:
            entry = replace(signature, number=number, family=self.family, closes=closes_now(self.ledger))
            ((head, line),) = chained([entry.to_dict()], self.head)
            files.add(number, line + b"\n", after=self.signatures[-1].head if self.signatures else None)
        except Taken as error:
            raise ClosedMeanwhile(
                f"{files.folder}: another signature was written meanwhile, and nothing by this one: sign again."
            ) from error
        except DoesNotHold as found:
            raise LedgerBroken(_restored(found.fault), "The record of signatures does not hold.") from found
        except OSError as error:
            what = "cannot be written to" + (f" ({error.strerror})" if error.strerror else "")
            where, remedy = str(files.folder), "Make room for it, or sign where you may write."
            raise InputError(Fault(where=where, what=what, remedy=remedy, rule="not_writable")) from error
        return Signatures(self.ledger, self.family, (*self.signatures, replace(entry, head=head)))


@dataclass(frozen=True, slots=True)
class SignaturesVerdict:
    """Does a record of signatures hold? How many were found to hold, the hash of the last, and the first fault."""

    signatures: int
    head: str
    fault: Fault | None = None

    @property
    def holds(self) -> bool:
        return self.fault is None

    def __str__(self) -> str:
        if self.fault is not None:
            return f"The record of signatures does not hold. {self.fault}"
        if not self.signatures:
            return "The record of signatures is empty."
        count = f"{self.signatures:,} signature" + ("" if self.signatures == 1 else "s")
        return f"The record of signatures holds: {count}, up to {self.head[:12]}."


def verify_signatures(ledger: Path, family: str | None = None) -> SignaturesVerdict:
    """Does every signature hold? The chain is computed anew, from the first to the last."""
    signatures, fault = read_signatures(ledger, family)
    return SignaturesVerdict(len(signatures), signatures[-1].head if signatures else "", fault)


def has_signatures(ledger: Path) -> bool:
    """Whether there is a record of signatures at all."""
    return (ledger / FOLDER).is_dir()


def read_signatures(ledger: Path, family: str | None) -> tuple[tuple[Signature, ...], Fault | None]:
    """The signatures that hold, and what the first that does not is at fault with."""
    found: list[Signature] = []
    files = _files(ledger)
    try:
        for one in files.each(lambda number: _signature_of(files, number, found, family)):
            found.append(one)  # noqa: PERF402  # one by one: each is read against those before it
    except DoesNotHold as error:
        return tuple(found), _restored(error.fault)
    except OSError as error:
        what = "cannot be read" + (f" ({error.strerror})" if error.strerror else "")
        remedy = "See that you may read it, and that it is a folder."
        return (), Fault(where=FOLDER, what=what, remedy=remedy, rule="unreadable")
    return tuple(found), None


def closes_now(ledger: Path) -> tuple[int, str]:
    """How many closes there are, and the hash of the last line; 0 and "" for none."""
    closes = closes_in(ledger)
    last = max(closes.numbers(), default=0)
    return last, closes.end_of(last) or ""


def _files(ledger: Path) -> Numbered:
    return Numbered(ledger / FOLDER, "signature")


def _genesis(family: str) -> str:
    return f"the signatures of {family} begin"


def _last_of_each(signatures: Iterable[Signature]) -> tuple[Signature, ...]:
    kept: list[Signature] = []
    for one in signatures:
        kept = [*(other for other in kept if not other.is_by(one.name)), one]
    return tuple(kept)


def _restored(fault: Fault) -> Fault:
    return replace(fault, where=f"{FOLDER}/{fault.where}", remedy=_RESTORE)


def _signature_of(files: Numbered, number: int, before: list[Signature], family: str | None) -> Signature:
    """A signature, against those before it and the closes it was given beside."""
    path = files.path(number)
    lines = list(lines_of(path))
    if len(lines) != 1:
        raise DoesNotHold(path.name, f"holds {len(lines)} lines, where a signature is one", "lines")
    named = f"signature {number}"
    content = content_of(path.name, lines[0])
    try:
        one = Signature.from_dict(content)
    except UNREADABLE as error:
        raise DoesNotHold(path.name, "is no signature", "no_entry") from error
    family = before[0].family if before else family or one.family
    check_link(path.name, named, lines[0], content, before[-1].head if before else _genesis(one.family))
    if one.family != family:
        raise DoesNotHold(path.name, f"is of the ledger of `{one.family}`, not of `{family}`", "other_ledger")
    if one.number != number:
        raise DoesNotHold(path.name, f"says that it is signature {one.number}, not {number}", "wrong_number")
    closes, head = one.closes
    if closes and closes_in(files.folder.parent).end_of(closes) != head:
        what = f"was given beside close {closes}, which is missing or another one now"
        raise DoesNotHold(path.name, what, "closes_changed")
    return one
