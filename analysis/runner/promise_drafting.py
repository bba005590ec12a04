"""What would a promise of a benefit line say? Drafted from the case of a report, quarter by quarter, to be edited.

Amounts are the line's own: volume x what was found, with the range of the simulation. The baseline of an effect is no
effect, over the months it was measured on; the launch is the first quarter that begins after all that was known. What a
person must still decide is marked in the file. How a draft is approved is left to `promising`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from typing import Any

from ruamel.yaml import YAML

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, UnknownName
from analysis.roi.register.promise import SCHEMA

QUARTERS = 4
SAME_MONEY = 1e-6
"""How near to one a price is that need not be told: the effect is in money already."""

LEADING = "response_rate"
"""The leading figure of a draft where the team aims at none: whether customers are answered at all."""

_HEAD = """\
# A draft of a promise: edit it, then approve it with
#   touchstone promise {params} --id {id} --approve --as NAME
# After that it is not edited: forecasts are added below `forecasts:`, each with its day. docs/promises.md tells more.
# Look above all at: description, launch, the amounts, and the figures under `leading`.
"""


def line_of(results: Mapping[str, Any], line: str) -> Mapping[str, Any]:
    """The benefit line of the case of a report.

    Raises
    ------
    DesignError
        If the report holds no case in money.
    UnknownName
        If its case has no such line.
    """
    roi = results.get("roi")
    if not roi:
        raise DesignError(
            "The report holds no case in money, and a promise is drafted from one. Add a section `roi:` to the "
            "parameters and run the study."
        )
    rows: dict[str, Mapping[str, Any]] = {str(row["id"]): row for row in roi["benefits"]}
    if line not in rows:
        raise UnknownName.of("benefit line", line, rows)
    return rows[line]


def drafted(
    results: Mapping[str, Any],
    line: str,
    *,
    promise_id: str,
    owner: str,
    launch: date | None,
    leading: Mapping[str, Any],
) -> dict[str, Any]:
    """A promise of a line, as plain values.

    Parameters
    ----------
    results : mapping
        What `results.json` holds.
    line : str
        The benefit line that is promised.
    promise_id, owner : str
    launch : date, optional
        The day what is promised begins; default the first of the first quarter after all that was known.
    leading : mapping
        The leading figure, without its day.

    Raises
    ------
    DesignError
        If there is no case, the line rests on no effect of a study, or the launch lies before what was known.
    UnknownName
        If there is no such line.
    """
    row = line_of(results, line)
    gain, found = row.get("gain_per_contact"), _effect(results, row)
    if not gain or not found or not row.get("index_from") or not row.get("index_to"):
        raise DesignError(
            f"The line `{line}` rests on no effect of a study, so no promise can be drafted from it. Write one by "
            "hand, measured by a figure of the closed months: docs/promises.md shows how."
        )
    if not row.get("counted", True):
        raise DesignError(f"The line `{line}` is shown beside the case and not counted in it, so it is not promised.")
    known_at = date.fromisoformat(str(results["known_at"])[:10])
    begin = _quarter_after(known_at) if launch is None else _quarter_from(launch)
    begins = begin.first_day if launch is None else launch
    if begins < known_at:
        raise DesignError(
            f"A baseline is frozen before launch: {begins} lies before {known_at}, the report's own date."
        )
    years = row.get("by_year") or [row["per_year"]] * int(results["roi"]["years"])
    if gain < 0 or any(year["p50"] <= 0 for year in years):
        raise DesignError(f"The line `{line}` is no gain in its middle case, and no loss is promised.")
    price = gain / abs(found)
    priced = {} if abs(price - 1) < SAME_MONEY else {"price": float(f"{price:.9g}")}
    currency = str(results["roi"]["currency"])
    return {
        "schema": SCHEMA,
        "id": promise_id,
        "description": str(row["label"]),
        "owner": owner,
        "kind": str(row["kind"]),
        "measure": {"effect": str(row["effect"])},
        "better": "higher" if found > 0 else "lower",
        "unit": currency,
        "grade": str(row["grade"]),
        "launch": begins.isoformat(),
        "baseline": {
            "value": 0.0,
            "from": str(row["index_from"]),
            "to": str(row["index_to"]),
            "known_at": known_at.isoformat(),
        },
        "promised": [
            _quarter(begin.plus(3 * place), years[place // QUARTERS], float(gain), priced)
            for place in range(QUARTERS * len(years))
        ],
        "leading": [{**leading, "by": begin.plus(2).last_day.isoformat()}],
    }


def _effect(results: Mapping[str, Any], row: Mapping[str, Any]) -> float | None:
    """What the study found, of the effect behind a line."""
    asked = str(row.get("effect")).split("/")
    for one in results.get("effects", ()):
        named = [one[name] for name in ("design", "estimand", "outcome", "scale")]
        if named == asked and not one["segment"] and one.get("declared", True) and one["maturity"] == "mature":
            return None if one["value"] is None else float(one["value"])
    return None


def _quarter(first: Month, year: Mapping[str, Any], gain: float, priced: Mapping[str, float]) -> dict[str, Any]:
    """A quarter of a year's amount: as many contacts as give its middle case at the gain that was found."""
    low, middle, high = (round(float(year[name]) / QUARTERS, 2) for name in ("p5", "p50", "p95"))
    return {
        "period": f"{first.first_day.year}q{(first.first_day.month - 1) // 3 + 1}",
        "value": middle,
        "low": low,
        "high": high,
        "volume": float(f"{middle / gain:.9g}"),
        **priced,
    }


def _quarter_after(day: date) -> Month:
    """The first month of the first quarter that begins after a day."""
    month = Month.of(day)
    return month.plus(3 - (month.first_day.month - 1) % 3)


def _quarter_from(day: date) -> Month:
    """The first month of the quarter that holds a day."""
    month = Month.of(day)
    return month.plus(-((month.first_day.month - 1) % 3))


def as_yaml(draft: Mapping[str, Any], *, params: str) -> str:
    """The draft as a file: what a person should look at first, then its keys in their order.

    Examples
    --------
    >>> print(as_yaml({"id": "a", "owner": "Ada: #1"}, params="params/care.yaml").splitlines()[-1])
    owner: 'Ada: #1'
    """
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 120
    out = io.StringIO()
    yaml.dump(dict(draft), out)
    return _HEAD.format(params=params, id=draft["id"]) + out.getvalue()
