"""How is a report signed? Its results are named in the record of signatures, and its pages are renewed.

What is signed are the hashes of `results.json` and of every page and document; signing changes one line of each page,
which is left out of its hash. How pages are renewed is left to `renewing`, whether what is there holds to `verifying`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError, LedgerBroken
from analysis.ledger.chain import verify
from analysis.ledger.signature import Signature, Standing, name_given, note_given, role_named
from analysis.ledger.signatures import Signatures
from analysis.reporting.signed import standing_as_plain, standing_in_words
from analysis.runner.family import family_of
from analysis.runner.finished import Report, find_report
from analysis.runner.publish import must_be_writable
from analysis.runner.renewing import Judged, alone, judged, renew_index, show
from analysis.runner.results import RESULTS
from analysis.runner.searching import refuse_people
from analysis.runner.sharing import tables_of
from analysis.tables.opened import open_tables


@dataclass(frozen=True, slots=True)
class Signed:
    """What signing did: the report, the signature, how the report stands, and whether it had been given before.

    `searched` tells whether name and note were looked up in the tables of the report.
    """

    report: Path
    signature: Signature
    standing: Standing
    already: bool
    searched: bool

    def to_dict(self) -> dict[str, Any]:
        """The signature for programs."""
        return {
            "report": str(self.report),
            "results": self.signature.results,
            "already": self.already,
            "searched": self.searched,
            "standing": standing_as_plain(self.standing),
        }

    def __str__(self) -> str:
        said = [f"{self.report}: {standing_in_words(self.standing)}"]
        if self.already:
            said.append("This signature was given before, and stands as it was given.")
        elif not self.searched:
            said.append(
                "Name and note were not searched for customers: the tables of the report are not here any more."
            )
        return "\n".join([*said, f"results.json: {self.signature.results}"])


def sign_report(
    named: str | Path, *, name: str, role: str, note: str = "", here: Path | None = None, now: datetime | None = None
) -> Signed:
    """Put a signature under a report's results, and renew its pages.

    Parameters
    ----------
    named : str or Path
        The report: its folder, its `results.json`, or the name of its study.
    name, role, note : str
        As the signer gives them; the role is `reviewer` or `approver`.
    here : Path, optional
        Where names are looked for; default the current folder.
    now : datetime, optional
        The time of signing as naive UTC; default the clock's.

    Raises
    ------
    InputError
        If there is no such report, it was changed since it was made, it is not the one that is read, name, role or note
        cannot be or hold something of a customer, or the same name has signed in another role. Nothing is written.
    LedgerBroken
        If the closed months or the signatures do not hold.
    ClosedMeanwhile
        If another signature of the family was written meanwhile.
    """
    signer, as_role, said = name_given(name), role_named(role), note_given(note)
    found = find_report(named, here or Path.cwd())
    must_be_writable(found.place.runs)
    must_be_writable(found.ledger)
    with alone(found.place):
        report = find_report(found.place.link, Path.cwd())
        judgement = judged(report)
        _refuse(report, found, judgement)
        results = json.loads((report.folder / RESULTS).read_bytes())
        verdict = verify(report.ledger, family_of(report.study))
        if verdict.fault is not None:
            raise LedgerBroken(verdict.fault, "The ledger does not hold.")
        record = Signatures.open(report.ledger, family_of(report.study))
        wanted = Signature(
            number=0,
            family=record.family,
            study=report.study,
            run=str(report.manifest.get("run")),
            results=report.results,
            known_at=results.get("known_at"),
            period=results.get("period"),
            role=as_role,
            name=signer,
            note=said,
            signed_at=(now or datetime.now(UTC).replace(tzinfo=None)).replace(microsecond=0),
            closes=(0, ""),
            pages=report.bound,
            lost=judgement.lost,
        )
        before, searched = record.given(wanted), False
        if before is None:
            searched = _search({"--as": signer, "--note": said}, report)
            record = record.append(wanted)
        standing = record.standing(wanted.results, wanted.pages)
        show(report, standing)
    renew_index(report.place.link.parent)
    return Signed(report.place.link, before or record.signatures[-1], standing, before is not None, searched)


def _search(words: Mapping[str, str], report: Report) -> bool:
    """Refuse words that hold something of a customer; whether the tables were there to look them up in."""
    refuse_people(words, None)
    try:
        prepared = tables_of(report)
    except InputError:
        return False
    with open_tables(prepared) as tables:
        refuse_people(words, tables)
    return True


def _refuse(report: Report, found: Report, judgement: Judged) -> None:
    """Refuse to sign what is not read, not whole, or cannot say that it is signed."""
    link, what = str(report.place.link), None
    if not report.is_published:
        what, remedy = "is a copy of a report", "Sign the report where it was run."
    elif report.folder != found.folder:
        what, remedy = f"is not {found.folder.name}, which was named", "Sign the report that is read, by its own name."
    elif changed := report.changed:
        what = f"{changed[0]} was changed since the report was made, and what was changed cannot be signed"
        remedy = "Run the study again."
    elif judgement.untrue:
        raise InputError(judgement.faults)
    elif not report.can_be_renewed:
        what, remedy = "was made by an earlier version, without a place for signatures", "Run the study again."
    if what is not None:
        raise InputError(Fault(where=link, what=what, remedy=remedy, rule="not_to_sign"))
