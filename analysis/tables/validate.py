"""Are these tables fit to be used, and what can be studied with them? The report that `touchstone validate` prints.

Either every fault, or an account of each table: rows, columns, span, what a reader should know; and by name what the
tables that are not there take away. Judging is left to `load` and `checks`, printing to the command line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError
from analysis.tables.contract import SCHEMAS
from analysis.tables.load import Prepared, Source, TableAccount, prepare

# What each study needs: of every group, one table.
NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "care metrics of mentions": (("mentions",),),
    "purchases before and after a social contact": (("orders",), ("issues", "touchpoints")),
    "randomised studies": (("assignments",), ("outcomes", "orders")),
    "the cost side of the case": (("costs",),),
}


@dataclass(frozen=True, kw_only=True)
class ValidationReport:
    """What was found in some sources: `faults`, or the tables that are sound.

    Examples
    --------
    >>> report = ValidationReport(faults=(), prepared=None)
    >>> report.sound
    True
    """

    faults: tuple[Fault, ...]
    prepared: Prepared | None

    @property
    def sound(self) -> bool:
        """Whether there is no fault."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for `--json`."""
        accounts = self.prepared.accounts if self.prepared else {}
        known_at = self.prepared.known_at if self.prepared else None
        return {
            "sound": self.sound,
            "faults": [fault.to_dict() for fault in self.faults],
            "tables": {name: _table(account) for name, account in sorted(accounts.items())},
            "known_at": known_at.isoformat() if known_at else None,
            "known_at_assumed": self.prepared.known_at_assumed if self.prepared else False,
            "notices": list(self.prepared.notices) if self.prepared else [],
            "cannot_run": [{"study": study, "missing": missing} for study, missing in out_of_reach(accounts).items()]
            if self.sound
            else [],
        }

    def lines(self) -> list[str]:
        """The report as plain text, a line an entry. Names from files are text: never markup, and printable."""
        given = self.to_dict()
        if self.faults:
            count = len(self.faults)
            head = "1 fault was found." if count == 1 else f"{count} faults were found."
            return [head, *(f"  - {_printable(str(fault))}" for fault in self.faults)]
        lines = ["No fault was found."]
        lines += [line for name, table in given["tables"].items() for line in _lines_of(name, table)]
        assumed = " (from event times: the tables carry no known_at)" if given["known_at_assumed"] else ""
        if given["known_at"]:
            lines.append(f"Known at: {given['known_at']} UTC{assumed}")
        lines += [_printable(notice) for notice in given["notices"]]
        for one in given["cannot_run"]:
            lines.append(f"Cannot be studied: {one['study']}. It needs {one['missing']}.")
        return lines


def validate(sources: Sequence[Source], *, cache: Path, zone: str = "UTC") -> ValidationReport:
    """Are these tables fit to be used?

    Parameters
    ----------
    sources, cache, zone
        As `analysis.tables.load.prepare` takes them.

    Returns
    -------
    ValidationReport
        It never raises for what is wrong with the sources: that is what it reports.
    """
    try:
        return ValidationReport(faults=(), prepared=prepare(sources, cache=cache, zone=zone))
    except InputError as error:
        return ValidationReport(faults=error.faults, prepared=None)


def out_of_reach(tables: Collection[str]) -> dict[str, str]:
    """Which studies cannot run on these tables, and which tables each lacks?

    Examples
    --------
    >>> out_of_reach(["issues"])["purchases before and after a social contact"]
    '`orders`'
    >>> out_of_reach(["orders"])["purchases before and after a social contact"]
    '`issues` or `touchpoints`'
    """
    lacking = {}
    for study, groups in NEEDS.items():
        missing = [" or ".join(f"`{name}`" for name in group) for group in groups if not set(group) & set(tables)]
        if missing:
            lacking[study] = " and ".join(missing)
    return lacking


def _table(account: TableAccount) -> dict[str, Any]:
    known = SCHEMAS[account.name].by_name
    return {
        **{key: value for key, value in account.to_dict().items() if key not in ("name", "columns")},
        "columns": [name for name in account.columns if name in known],
        "further_columns": [name for name in account.columns if name not in known],
        "missing_optional": [name for name in known if name not in account.columns],
    }


def _lines_of(name: str, table: Mapping[str, Any]) -> list[str]:
    rows = table["rows"]
    aside = "".join(f", {count:,} set aside ({reason})" for reason, count in rows["set_aside"].items())
    span = f"; {table['first'][:10]} to {table['last'][:10]}" if table["first"] else ""
    lines = [f"{name}: {rows['read']:,} rows read, {rows['kept']:,} kept{aside}{span}"]
    for words, key in (
        ("from", "files"),
        ("columns", "columns"),
        ("further columns", "further_columns"),
        ("without", "missing_optional"),
    ):
        if table[key]:
            shown = (
                table[key] if key != "files" or len(table[key]) <= 3 else [*table[key][:2], f"{len(table[key])} in all"]
            )
            lines.append(f"    {words}: {_printable(', '.join(shown))}")
    return [*lines, *(f"    note: {_printable(notice)}" for notice in table["notices"])]


def _printable(text: str) -> str:
    """Text for a terminal: what could steer one is shown as a question mark."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
