"""What could not be counted, and from which rows was the rest? Tables of coverage: areas, figures, rows.

The figures themselves are left to `counted`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.metrics.catalogue import AREAS
from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised, in_plain_words, metric_in_words
from analysis.reporting.rows import part_of
from analysis.reporting.tables.cells import place_of
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import Words, words

_MOST_NAMED = 6


def areas(found: Any, *, locale: str | None = None) -> Table:
    """Of which of the six areas do the figures speak, and what is missing for the others?

    Parameters
    ----------
    found : what was counted, results, or the coverage by area
    """
    coverage = part_of(found, "coverage", itself=AREAS[0])
    covered = (coverage or {}).get("areas", coverage)
    if not covered or AREAS[0] not in covered:
        raise DesignError("There is no account of the areas (`coverage.areas`) to show in a table.")
    rows = {area: _account(covered[area]) for area in AREAS if area in covered}
    records = [
        {
            "Area": humanised(area),
            "What is counted": _named(one["counted"]) if one["counted"] else "nothing",
            "What is missing": _lacks(words(locale), one),
        }
        for area, one in rows.items()
    ]
    frame = pd.DataFrame([{"area": area, **one} for area, one in rows.items()])
    return Table("The six areas", pd.DataFrame(records), frame, sentences=True)


def missing(result: Any, *, locale: str | None = None) -> Table:
    """Which figures could not be counted, and what would each need?"""
    lacks = lacking(result)
    records = [{"Figure": metric_in_words(name), "Needs": plain(why)} for name, why in sorted(lacks.items())]
    frame = pd.DataFrame({"metric": sorted(lacks), "needs": [lacks[name] for name in sorted(lacks)]})
    none = () if records else ("Nothing is missing: every figure of the catalogue was counted.",)
    return Table("Figures that could not be counted", pd.DataFrame(records), frame, notes=none)


def rows_used(accounts: Mapping[str, Any], *, locale: str | None = None) -> Table:
    """Which rows were read, kept and set aside, and why? The three add up.

    Parameters
    ----------
    accounts : mapping of table to TableAccount, RowsUsed, or the contract's `rows`
    """
    say = words(locale)
    counts = {name: _account(account) for name, account in sorted(accounts.items())}
    if not counts:
        raise DesignError("There is no table whose rows could be accounted for.")
    records = [
        {
            "Table": plain(name, 60),
            "Read": say.number(rows["read"]),
            "Kept": say.number(rows["kept"]),
            "Set aside": say.number(sum(rows["set_aside"].values())),
            "Why": "; ".join(f"{plain(why, 60)} {say.number(n)}" for why, n in sorted(rows["set_aside"].items()))
            or "–",
        }
        for name, rows in counts.items()
    ]
    frame = pd.DataFrame([{"table": name, **rows} for name, rows in counts.items()])
    return Table("Rows read, kept and set aside", pd.DataFrame(records), frame, numbers=("Read", "Kept", "Set aside"))


def lacking(result: Any) -> dict[str, str]:
    """Figures that could not be counted, with what each lacks, from a result or from results."""
    if isinstance(result, Mapping):
        return dict((result.get("coverage") or {}).get("metrics_missing") or {})
    return dict(getattr(result, "missing", None) or {})


def _account(account: Any) -> dict[str, Any]:
    account = getattr(account, "rows", account)
    return dict(account if isinstance(account, Mapping) else account.to_dict())


def _named(names: Sequence[str]) -> str:
    """How many figures, and the first of them by name."""
    first = [metric_in_words(name) for name in sorted(names, key=place_of)[:_MOST_NAMED]]
    rest = len(names) - len(first)
    count = f"{len(names)} figure{'s' if len(names) > 1 else ''}"
    return f"{count}: {'; '.join(first)}" + (f"; and {rest} more" if rest else "")


def _lacks(say: Words, covered: Mapping[str, Any]) -> str:
    """What an area lacks, each reason once with its figures."""
    if covered["why_none"]:
        return in_plain_words(say.restated(plain(covered["why_none"])))
    why: dict[str, list[str]] = {}
    for needs, names in (("needs ", covered["missing"]), ("", covered["refused"])):
        for name, reason in sorted(names.items(), key=lambda pair: place_of(pair[0])):
            why.setdefault(needs + in_plain_words(say.restated(plain(reason, 120))), []).append(name)
    return ". ".join(f"{_named(names)}: {reason}" for reason, names in why.items()) or "nothing"
