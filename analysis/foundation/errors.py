"""How does a user learn what was wrong, where, how often, and what to do about it?

The family, each with the exit status the command line gives it:

    TouchstoneError                1  our own fault unless a subclass says otherwise
    ├── InputError                 2  parameters or tables are at fault; carries every Fault found
    │   ├── ContractError             a table breaks the contract
    │   ├── MapError                  a source map breaks its own rules or does not fit the file
    │   ├── ParamsError               a parameters file is at fault
    │   ├── LockedPeriod              a closed figure would have been overwritten
    │   ├── LedgerBroken           4  an entry of the ledger does not hold
    │   └── UnknownName               a name that does not exist, with the nearest that does
    ├── DesignError                2  these data cannot answer this question, and why
    │   └── TooSoon                   they will be able to, and when
    ├── StepFailed                 3  a step of a run failed; a rerun goes on from what was finished
    └── ClosedMeanwhile            3  another close was written first; nothing is lost, a rerun sees it

A `Fault` never holds a value from a user's row: tables may hold personal data, and messages end up in logs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with what was given: where, what, how often, where first, and the remedy.

    Parameters
    ----------
    where : str
        The file, table or parameters key, as its owner knows it (`orders.csv`, `params/demo.yaml: index`).
    what : str
        What was found, as a clause: "is empty", "is not a time".
    remedy : str
        What to do, as a sentence.
    rule : str
        A stable snake_case name of the rule that was broken, for programs.
    column : str, optional
        The column, when one is at fault.
    count, of : int, optional
        How many rows are at fault, of how many read.
    first : int, optional
        Line of the file (CSV: as an editor shows it) or number of the row (from 1) of the first one at fault.
    """

    where: str
    what: str
    remedy: str
    rule: str
    column: str | None = None
    count: int | None = None
    of: int | None = None
    first: int | None = None

    def __str__(self) -> str:
        place = self.where if self.column is None else f"{self.where}, column `{self.column}`"
        text = f"{place}: {self.what}"
        if self.count is not None:
            rows = f"{self.count:,} of {self.of:,} rows" if self.of is not None else f"{self.count:,} rows"
            text += f" ({rows}" + (f"; first: line {self.first:,})" if self.first is not None else ")")
        elif self.first is not None:
            text += f" (line {self.first:,})"
        return f"{text}. {self.remedy}"

    def to_dict(self) -> dict[str, object]:
        """The fault as plain values, for `--json`."""
        return asdict(self)


class TouchstoneError(Exception):
    """Something went wrong that has a name. `exit_status` is what the command line returns."""

    exit_status = 1


class InputError(TouchstoneError):
    """What was given is at fault. All faults found are in `.faults`, so that they can be mended at once."""

    exit_status = 2

    def __init__(self, faults: Iterable[Fault] | Fault, headline: str | None = None) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        count = len(self.faults)
        self.headline = headline or ("1 fault was found." if count == 1 else f"{count} faults were found.")
        super().__init__("\n".join([self.headline, *(f"  - {fault}" for fault in self.faults)]))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.faults, self.headline)


class ContractError(InputError):
    """A table does not keep the contract."""


class MapError(InputError):
    """A source map is wrong in itself, or does not fit the file it was used on."""


class ParamsError(InputError):
    """A parameters file is at fault."""


class LockedPeriod(InputError):
    """A figure that was closed now computes to something else, and no restatement was asked for."""


class LedgerBroken(InputError):
    """An entry of the ledger does not hold. The fault names the first."""

    exit_status = 4


class UnknownName(InputError):
    """A name that does not exist.

    Examples
    --------
    >>> str(UnknownName.of("metric", "respons_rate", ["mentions", "response_rate"]).faults[0])
    'metric: there is no `respons_rate`. Did you mean `response_rate`?'
    """

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str]) -> UnknownName:
        return cls(
            Fault(where=kind, what=f"there is no `{name}`", remedy=did_you_mean(name, known), rule="unknown_name")
        )


class DesignError(TouchstoneError):
    """These data cannot answer this question. The message says why and what would help."""

    exit_status = 2


class TooSoon(DesignError):
    """The window asked for runs past the data. The message says when it will not."""


class StepFailed(TouchstoneError):
    """A step of a run failed. What was finished before it is kept."""

    exit_status = 3


class ClosedMeanwhile(TouchstoneError):
    """Another close was written between reading the ledger and appending to it. Nothing was written by this one."""

    exit_status = 3


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The remedy for a wrong name: the nearest one, else the whole list.

    Examples
    --------
    >>> did_you_mean("oders", ["orders", "issues"])
    'Did you mean `orders`?'
    >>> did_you_mean("zzz", ["orders", "issues"])
    'There are: `issues`, `orders`.'
    """
    names: Sequence[str] = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean `{near[0]}`?"
    return "There are: " + ", ".join(f"`{one}`" for one in names) + "."
