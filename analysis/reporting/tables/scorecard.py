"""How do the chosen figures stand against their targets, and what is an index made of? The scorecard as tables.

Which figures are on it, and whether a target is met, was decided by the ledger's scorecard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.metrics.catalogue import AREAS
from analysis.reporting.formats import plain
from analysis.reporting.naming import basis_in_words, humanised, metric_in_words, state_in_words
from analysis.reporting.rows import Row, part_of
from analysis.reporting.tables.cells import NONE, place_of, readable, value_cell
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_TEAM = "set by the team"
_SIDES = {"higher": " or more", "lower": " or less"}


def score_rows(found: Any) -> list[Row]:
    """The scores in the order of the areas and of the catalogue.

    Raises
    ------
    DesignError
        If the result holds no scorecard.
    """
    rows = part_of(found, "scorecard") or []
    scores = [row for row in rows if row["kind"] == "metric"]
    if not scores:
        raise DesignError("There is no scorecard (`scorecard`) with a figure on it to show.")
    return sorted(scores, key=lambda row: (_area_place(row["area"]), place_of(row["metric"]), row["basis"]))


def shown_month(scores: Sequence[Row]) -> str:
    """The month that most scores are of; of equally many the latest."""
    counts = Counter(str(row["period"]) for row in scores)
    return max(counts, key=lambda month: (counts[month], month))


def target_in_words(say: Words, row: Row) -> str:
    """ "65.0 % or more"; a dash where there is none."""
    if row["target"] is None:
        return NONE
    return value_cell(say, row["target"], row["unit"]) + _SIDES.get(row["direction"], "")


def met_in_words(row: Row) -> str:
    """Whether a target is met: "met", "missed", "no value", or a dash where there is none to be met."""
    if row["target"] is None:
        return NONE
    if row["value"] is None:
        return "no value"
    return {True: "met", False: "missed"}.get(row["met"], NONE)


def scorecard(found: Any, *, locale: str | None = None) -> Table:
    """Each figure with its target, the month before and a year ago, by area; areas without figures with the reason.

    Parameters
    ----------
    found : what was counted, Scorecard, results or rows of the scorecard

    Raises
    ------
    DesignError
        If the result holds no scorecard.
    """
    say = words(locale)
    scores = score_rows(found)
    month = shown_month(scores)
    head = say.month(month)
    records = [
        {
            "Area": humanised(row["area"]),
            "Figure": plain(row["label"], 80) + (", in the tables' currency" if row["unit"] == "money" else ""),
            head: value_cell(say, row["value"], row["unit"])
            + ("" if row["period"] == month else f" ({say.month(row['period'], short=True)})"),
            "Target": target_in_words(say, row),
            "Met": met_in_words(row),
            "Month before": _point(say, row, "previous"),
            "A year ago": _point(say, row, "year_ago"),
            "Counted": basis_in_words(row["basis"]),
            "State": state_in_words(row["state"]) if row["value"] is not None else NONE,
        }
        for row in scores
    ]
    empty = [row for row in part_of(found, "scorecard") if row["kind"] == "area"]
    records.sort(key=lambda record: _area_place(record["Area"].lower()))
    return Table(
        caption=f"Scorecard, {head}",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([{name: value for name, value in row.items() if name not in _LISTS} for row in scores]),
        numbers=(head, "Target", "Month before", "A year ago"),
        groups="Area",
        notes=(*_sources(say, scores), *_notes(say, scores), *_without(say, empty)),
    )


def _without(say: Words, areas: Sequence[Row]) -> list[str]:
    """The areas of which nothing is shown, each with its reason."""
    said: dict[str, list[str]] = {}
    for row in areas:
        said.setdefault(readable(say, row["reason"], 200), []).append(humanised(row["area"]))
    return [f"Nothing is shown of {'; '.join(names)}: {reason}." for reason, names in said.items()]


_LISTS = ("kind", "trend", "marks", "previous", "year_ago")


def index_parts(found: Any, *, locale: str | None = None) -> Table:
    """What is the team's index made of? Every part, and the sum; without weights there is none."""
    say = words(locale)
    rows = part_of(found, "scorecard")
    if rows is None:
        raise DesignError("There is no scorecard (`scorecard`) whose index could be shown.")
    index = next((row for row in rows if row["kind"] == "index"), None)
    caption = "Parts of the index"
    if index is None:
        return sentences_alone(caption, "There is no index: the team gave no weights, and none is made without them.")
    notes = [
        f"Left out: {metric_in_words(one['metric'])}, weight {say.number(one['weight'])}: "
        f"{readable(say, one['reason']).rstrip('.')}."
        for one in index["left_out"]
    ]
    if index["value"] is None:
        return sentences_alone(caption, "There is no index: none of the weighted figures has a value.", *notes)
    records = [
        {
            "Figure": plain(part["label"], 80),
            "Weight": say.number(part["weight"]),
            "Share of all weights": say.share(part["share"]),
            "Target attained": say.share(part["attainment"]),
            "Adds to the index": say.number(100 * part["points"], 1),
        }
        for part in index["parts"]
    ]
    total = dict.fromkeys(records[0], NONE)
    records.append(total | {"Figure": "Index, of 100", "Adds to the index": say.number(100 * index["value"], 1)})
    return Table(
        caption=caption,
        cells=pd.DataFrame(records),
        frame=pd.DataFrame(index["parts"]),
        numbers=tuple(name for name in records[0] if name != "Figure"),
        notes=("The weights are the team's own: another choice gives another index.", *notes),
    )


def _area_place(area: str) -> int:
    return AREAS.index(area) if area in AREAS else len(AREAS)


def _point(say: Words, row: Row, which: str) -> str:
    point: Mapping[str, Any] | None = row.get(which)
    return NONE if point is None else value_cell(say, point["value"], row["unit"])


def _sources(say: Words, scores: Sequence[Row]) -> list[str]:
    """Where targets come from, those of the team in one sentence."""
    aimed = [row for row in scores if row["target"] is not None]
    team = list(dict.fromkeys(plain(row["label"], 80) for row in aimed if row["target_source"] == _TEAM))
    notes = [f"Targets set by the team: {'; '.join(team)}."] if team else []
    notes += [
        f"Target of {plain(row['label'], 80)}: {readable(say, row['target_source']).rstrip('.')}."
        for row in aimed
        if row["target_source"] not in (None, _TEAM)
    ]
    return notes or ([] if aimed else ["No figure here has a target."])


def _notes(say: Words, scores: Sequence[Row]) -> list[str]:
    """Notes, and reasons why there is no value; figures with the same share a sentence."""
    said: dict[str, list[str]] = {}
    for row in scores:
        name = plain(row["label"], 80)
        if sum(other["metric"] == row["metric"] for other in scores) > 1:
            name += f" ({basis_in_words(row['basis'])})"
        for text in (row["reason"], row["note"]):
            if text:
                said.setdefault(readable(say, text).rstrip("."), []).append(name)
    return [f"{'; '.join(names)}: {text}." for text, names in said.items()]
