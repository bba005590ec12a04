"""Which report of this family was signed last? For `previous: last signed`, so that nobody has to name it.

Signed means by an approver, and still as it was signed: the hash in the record is that of the results that are read
now. Whether it can stand before this report is left to `comparable`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.foundation.errors import Fault, ParamsError
from analysis.foundation.provenance import fingerprint
from analysis.ledger.signature import Signature
from analysis.ledger.signatures import Signatures
from analysis.runner.family import LEDGER, family_of
from analysis.runner.results import RESULTS

if TYPE_CHECKING:
    from analysis.foundation.calendar import Period
    from analysis.runner.params import StudyParams

LAST_SIGNED = "last signed"
"""What `previous` says in the place of a name; no study can be called so."""


def last_signed(params: StudyParams, period: Period | None) -> Path:
    """The folder of the family's last signed report that ends no later than this one; this study's own left out.

    Raises
    ------
    ParamsError
        If there is none.
    LedgerBroken
        If the record of signatures does not hold.
    """
    family = family_of(params.values.study)
    record = Signatures.open(params.reports / LEDGER / family, family)
    signed = [one for one in record.signatures if one.role == "approver" and one.study != params.values.study]
    stands = [one for one in signed if _stands(params.reports / one.study, one)]
    before = [one for one in stands if period is None or _end(one) <= str(period.end)]
    if before:
        return params.reports / max(before, key=lambda one: (_end(one), one.number)).study
    found = f"{len(signed)} approved, {len(stands)} of them still as signed, none that ends by {period and period.end}"
    what = f"finds no report of the family `{family}` that an approver has signed" + (f" ({found})" if signed else "")
    remedy = "Sign the report before this one (`touchstone sign REPORT --as NAME --role approver`), or name it."
    raise ParamsError(Fault(where=f"{params.name}: previous", what=what, remedy=remedy, rule="previous"))


def _stands(folder: Path, signature: Signature) -> bool:
    """Whether the report that is read now is the one that was signed."""
    results = folder / RESULTS
    return results.is_file() and fingerprint(results) == signature.results


def _end(signature: Signature) -> str:
    return str((signature.period or {}).get("end") or "")
