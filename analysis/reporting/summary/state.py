"""May the figures of a report still change? One or two words for the head of every page and the index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.reporting.naming import state_in_words
from analysis.reporting.rows import metric_rows, monthly


def status_in_words(results: Mapping[str, Any]) -> str:
    """Whether figures may still change; nothing where none was counted, since none can then be closed.

    Months speak for themselves: a whole period, which no close holds, counts only where there are no months. Estimates
    are never closed and say nothing of the others.

    Examples
    --------
    >>> status_in_words({"metrics": [{"state": "provisional"}]}), status_in_words({"metrics": []})
    ('provisional', '')
    >>> status_in_words({"metrics": [{"state": "locked"}, {"state": "adjusted"}, {"state": "estimated"}]})
    'closed, some figures later adjusted'
    """
    rows = metric_rows(results)
    by_month = monthly([row for row in rows if "period" in row])
    states = {str(row["state"]) for row in by_month or rows if row.get("value", 0) is not None}
    counted = states - {"estimated"} or states
    if "provisional" in counted:
        return "provisional" if counted == {"provisional"} else "partly provisional"
    changed = [said for state, said in _CHANGED.items() if state in counted]
    if changed:
        return f"closed, some figures later {' or '.join(changed)}"
    return ", ".join(state_in_words(state) for state in sorted(counted))


_CHANGED = {"adjusted": "adjusted", "restated": "restated"}
