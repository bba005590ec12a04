"""How does a promise come into the register? Drafted from a report's case, edited by its owner, approved by a name.

A draft is a file that anybody may edit. The approval writes the day, the name and a seal over all that is promised,
which is verified whenever the register is read; from then on a promise is not edited, forecasts are added. What a draft
says is left to `promise_drafting`, how the register is read to `register`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import Fault, InputError, ParamsError
from analysis.foundation.provenance import write_atomically
from analysis.ledger.signature import name_given
from analysis.runner.finished import find_report
from analysis.runner.params import load_params
from analysis.runner.params_yaml import read_yaml
from analysis.runner.promise_drafting import LEADING, as_yaml, drafted
from analysis.runner.publish import must_be_writable
from analysis.runner.register import ENDING, REGISTER, checked, raise_faults, read_promise, register_folder
from analysis.runner.results import RESULTS
from analysis.runner.searching import refuse_people

if TYPE_CHECKING:
    from analysis.roi.register.promise import Promise
    from analysis.runner.params import StudyParams


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseWritten:
    """A promise that was drafted or approved: its file, what it says, and whether it had been approved before."""

    file: Path
    promise: Promise
    already: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The answer for programs."""
        one = self.promise
        return {
            "file": str(self.file),
            "id": one.id,
            "owner": one.owner,
            "draft": one.is_draft,
            "approved_at": None if one.approved_at is None else one.approved_at.isoformat(),
            "approved_by": one.approved_by,
            "seal": one.seal,
            "already": self.already,
        }

    def __str__(self) -> str:
        one = self.promise
        total = sum(row.value for row in one.promised)
        span = f"{one.promised[0].period} to {one.promised[-1].period}"
        said = f"{self.file}: {one.owner} promises {total:,.2f} {one.unit} from {span}."
        if one.is_draft:
            return f"{said}\nA draft: edit it, then approve it with `--approve --as NAME`."
        held = "Approved before" if self.already else "Approved"
        late = " The launch was before the approval." if one.approved_at and one.approved_at > one.launch else ""
        return f"{said}\n{held}, on {one.approved_at} by {one.approved_by}.{late} Note this hash elsewhere:\n{one.seal}"


def draft_promise(
    params: str | Path, *, promise_id: str, owner: str, line: str | None = None, launch: date | None = None
) -> PromiseWritten:
    """Draft a promise from the case of the study's report, into the register of its family.

    Parameters
    ----------
    params : path
        The parameters file of the study.
    promise_id : str
        The promise's own name.
    owner : str
        Who answers for it.
    line : str, optional
        The benefit line that is promised; default that of the same name as the promise.
    launch : date, optional

    Raises
    ------
    InputError
        If there is no report, no such line, or a promise of that name already. Nothing is written.
    DesignError
        If the line cannot be promised.
    """
    typed = load_params(params)
    folder, file = _place(typed, promise_id)
    who = name_given(owner)
    refuse_people({"--owner": who}, None)
    if file.exists():
        what, remedy = "is there already, and is not overwritten", "Edit it, approve it, or choose another `--id`."
        raise ParamsError(Fault(where=str(file), what=what, remedy=remedy, rule="promise_exists"))
    report = find_report(typed.reports / typed.values.study, typed.home)
    results = json.loads((report.folder / RESULTS).read_bytes())
    draft = drafted(
        results, line or promise_id, promise_id=promise_id, owner=who, launch=launch, leading=_leading(typed)
    )
    text = as_yaml(draft, params=str(params))
    promise = _sound(text, file)
    must_be_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text.encode())
    return PromiseWritten(file=file, promise=promise)


def approve_promise(params: str | Path, *, promise_id: str, name: str, now: datetime | None = None) -> PromiseWritten:
    """Approve a promise: write the day, the name and the seal over what is promised at the end of its file.

    A promise that the same name has approved stays as it is.

    Parameters
    ----------
    params : path
    promise_id : str
    name : str
        Who approves it.
    now : datetime, optional
        Naive UTC; default the clock's.

    Raises
    ------
    InputError
        If there is no such draft, it is at fault, or another name has approved it. Nothing is written.
    """
    typed = load_params(params)
    folder, file = _place(typed, promise_id)
    who = name_given(name)
    refuse_people({"--as": who}, None)
    if not file.is_file():
        what, remedy = "there is no such promise", "Draft it first, with `--owner NAME` and without `--approve`."
        raise ParamsError(Fault(where=str(file), what=what, remedy=remedy, rule="no_promise"))
    draft, faults = read_promise(file, _named(file))
    raise_faults(faults)
    if draft is None:
        raise ParamsError(Fault(where=_named(file), what="is empty", remedy="Draft it again.", rule="empty"))
    if not draft.is_draft:
        if draft.approved_by == who:
            return PromiseWritten(file=file, promise=draft, already=True)
        what = f"was approved on {draft.approved_at} by another name"
        remedy = "A promise is approved once; what is expected since is a forecast."
        raise ParamsError(Fault(where=str(file), what=what, remedy=remedy, rule="approved"))
    day = (now or datetime.now(UTC).replace(tzinfo=None)).date()
    approved = draft.model_copy(update={"approved_at": day, "approved_by": who})
    text = file.read_bytes().decode("utf-8-sig")
    ending = {"approved_at": day.isoformat(), "approved_by": who, "seal": approved.sealed()}
    lines = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in ending.items())
    text = text.rstrip() + "\n" + lines
    promise = _sound(text, file)
    if promise != approved.model_copy(update={"seal": ending["seal"]}):
        what = "cannot be added to: its last key goes on to the end of the file"
        remedy = "Write its keys one below the other, with none of them in braces."
        raise ParamsError(Fault(where=str(file), what=what, remedy=remedy, rule="promise_form"))
    must_be_writable(folder)
    write_atomically(file, text.encode())
    return PromiseWritten(file=file, promise=promise)


def promise_asked(
    params: str,
    *,
    promise_id: str,
    owner: str | None,
    line: str | None,
    launch: str | None,
    approve: bool,
    name: str | None,
) -> PromiseWritten:
    """What the command asks for: a draft, or an approval.

    Raises
    ------
    ParamsError
        If options are missing or do not go together, all at once.
    """
    faults = []
    day: date | None = None
    if launch is not None:
        try:
            day = date.fromisoformat(launch)
        except ValueError:
            faults.append(Fault(where="--launch", what="is no day", remedy="Write it as 2026-10-01.", rule="day"))
    if approve and name is None:
        faults.append(Fault(where="--as", what="is missing", remedy="Say who approves.", rule="missing"))
    if not approve and owner is None:
        remedy = "Say who answers for the promise; or approve one with `--approve --as NAME`."
        faults.append(Fault(where="--owner", what="is missing", remedy=remedy, rule="missing"))
    options = (("--owner", owner, False), ("--line", line, False), ("--launch", launch, False), ("--as", name, True))
    for option, given, wanted in options:
        if given is not None and wanted is not approve:
            what = "goes with `--approve` alone" if wanted else "is for a draft, and does not go with `--approve`"
            faults.append(Fault(where=option, what=what, remedy="Leave one of them out.", rule="options"))
    if faults:
        raise ParamsError(faults)
    if approve:
        return approve_promise(params, promise_id=promise_id, name=str(name))
    return draft_promise(params, promise_id=promise_id, owner=str(owner), line=line, launch=day)


def _place(typed: StudyParams, promise_id: str) -> tuple[Path, Path]:
    """The folder of the register and the file of a promise, whose name can leave the folder nowhere."""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?", promise_id):
        what, remedy = "is no name for a promise", "Use small letters, digits, `-` and `_`: it names a file."
        raise ParamsError(Fault(where="--id", what=what, remedy=remedy, rule="id"))
    folder = register_folder(typed)
    return folder, folder / f"{promise_id}{ENDING}"


def _named(file: Path) -> str:
    return f"{REGISTER}/{file.parent.name}/{file.name}"


def _sound(text: str, file: Path) -> Promise:
    """The promise of a text.

    Raises
    ------
    InputError
        If it is at fault.
    """
    promise, faults = checked(read_yaml(text, _named(file)), _named(file), stem=file.stem)
    raise_faults(faults)
    if promise is None:
        raise InputError(Fault(where=_named(file), what="is empty", remedy="Draft it again.", rule="empty"))
    return promise


def _leading(typed: StudyParams) -> dict[str, Any]:
    """The leading figure of a draft: the first the team aims at that has a direction and is not broken down."""
    from analysis.metrics.catalogue import definition

    targets = typed.values.metrics.targets or {}
    for name, target in (*targets.items(), (LEADING, definition(LEADING).target or 0.0)):
        entry = definition(name)
        if entry.direction != "neither" and not entry.by:
            basis = {"basis": "post" if entry.aggregates == "ratio" else "action"} if entry.basis == "both" else {}
            side = "at_least" if entry.direction == "higher" else "at_most"
            return {"metric": entry.id, "version": entry.version, **basis, side: float(target)}
    raise AssertionError  # the last of them has both
