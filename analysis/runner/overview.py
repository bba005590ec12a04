"""What was read: the tables of a study, one row each, as a notebook shows them first; and which steps were left out.

How the rows were read, and why some were set aside, is left to `tables`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from analysis.tables.opened import Prepared


def overview_of(prepared: Prepared) -> pd.DataFrame:
    """The tables: rows read, kept and set aside, first and last day, and what should be known about them."""
    import pandas as pd  # here: a rerun that changes nothing shows no table

    rows = [
        {
            "table": name,
            "read": account.rows.read,
            "kept": account.rows.kept,
            "set_aside": "; ".join(f"{reason}: {count:,}" for reason, count in account.rows.set_aside.items()),
            "first": _day(account.first),
            "last": _day(account.last),
            "notices": " ".join(account.notices),
        }
        for name, account in prepared.accounts.items()
    ]
    return pd.DataFrame(rows, columns=["table", "read", "kept", "set_aside", "first", "last", "notices"])


def missing_of(skipped: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The steps left out: which, what each would need, and why."""
    import pandas as pd

    rows = [{"step": one["step"], "missing": ", ".join(one["missing"]), "reason": one["reason"]} for one in skipped]
    return pd.DataFrame(rows, columns=["step", "missing", "reason"])


def _day(moment: date | None) -> str:
    """The day of a moment (an instant is a day as well), as text; empty where there is none."""
    return "" if moment is None else f"{moment:%Y-%m-%d}"
