"""Did an assignment by lot work, what did it change in each way of counting, and may the arm be recommended?

One row an arm and way: as assigned, adjusted, capped, at one level of the spread, for those who took it up. Differences
and percentages stand in columns of their own. Segments are left to `by_segment`, charts to `charts.arms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words, group_in_words, made_in_words, measured_in, outcome_in_words
from analysis.reporting.rows import Row, effect_rows, level_of
from analysis.reporting.tables.cells import NONE, readable, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.vocabulary import BESIDE
from analysis.reporting.wording import Words, not_recommended, words

DESIGN = "ab_randomised"
_MOST_NOTES = 6
_TOOK_PART = "Those who took it up: "
_UNDECLARED = "No declaration was given. Without a declaration everything counts as declared."
_HELD = {"passed": "holds", "failed": "breached", "not_run": "cannot be told"}


def arms(experiment: Any, *, locale: str | None = None) -> Table:
    """How many customers were in each arm, how many should have been, and how many met what it offers?

    Parameters
    ----------
    experiment : ExperimentResult
        With `arms` (experiment_id, arm, customers, expected_share, comparison; `units` and `exposed` where known) and
        `notes`.
    """
    say = words(locale)
    frame = getattr(experiment, "arms", None)
    if frame is None or frame.empty:
        raise DesignError("The result of the experiment holds no arms to show in a table.")
    counted = "units" if "units" in frame and frame["units"].notna().all() else "customers"
    total = frame.groupby("experiment_id")[counted].transform("sum")
    frame = frame.assign(share=frame[counted] / total)
    several = frame["experiment_id"].nunique() > 1
    whole = "units" in frame and bool((frame["units"] != frame["customers"]).any())
    exposed = "exposed" in frame and bool(frame["exposed"].notna().any())
    records = [
        {
            "Arm": group_in_words(row["arm"]) + (" (comparison)" if row.get("comparison") else ""),
            **({"Experiment": plain(row["experiment_id"], 60).replace("_", " ")} if several else {}),
            "Customers": say.number(row["customers"]),
            **({"Assigned as wholes": say.number(row["units"])} if whole else {}),
            "Share": say.share(row["share"]),
            "Intended": say.share(row["expected_share"]),
            **({"Met what it offers": _met(say, row)} if exposed else {}),
        }
        for row in frame.to_dict("records")
    ]
    notes = [readable(say, note) for note in getattr(experiment, "notes", ())]
    if whole:
        notes.insert(0, "Customers were assigned in groups or blocks of time as wholes; shares are of those.")
    return Table(
        caption="Customers in each arm",
        cells=pd.DataFrame(records),
        frame=frame,
        numbers=tuple(name for name in records[0] if name not in ("Arm", "Experiment")),
        groups="Experiment" if several else None,
        notes=tuple(notes[:_MOST_NOTES]),
        folded=tuple(notes[_MOST_NOTES:]),
        folded_under="What else was noted of the assignment",
    )


def _met(say: Words, row: Row) -> str:
    if row["exposed"] is None or pd.isna(row["exposed"]):
        return NONE
    return f"{say.number(int(row['exposed']))} ({say.share(row['exposed'] / row['customers'])})"


def arm_effects(experiment: Any, *, locale: str | None = None) -> Table:
    """What each arm changed, counted in every way that was asked for; the plain difference first.

    Parameters
    ----------
    experiment : ExperimentResult, results or rows of effects

    Raises
    ------
    DesignError
        If no arm was compared on all customers.
    """
    say = words(locale)
    rows = [row for row in effect_rows(experiment) if row["design"] == DESIGN and not row["segment"]]
    if not rows:
        raise DesignError("No arm was compared on all customers.")
    percent = {_way(row): row for row in rows if row["scale"] == "ratio"}
    shown = [row for row in rows if row["scale"] == "difference"]
    level = level_of(rows)
    inside = f" ({say.level({'level': level})})" if level is not None else ""
    difference, relative = f"Difference{inside}", f"In percent{inside}"
    there = list(dict.fromkeys(row["treated"] for row in shown))
    outcomes = list(dict.fromkeys(row["outcome"] for row in shown))
    shown.sort(key=lambda row: (outcomes.index(row["outcome"]), there.index(row["treated"])))
    units = {
        name: next((row["unit"] for row in shown if row["outcome"] == name and row["unit"]), "") for name in outcomes
    }
    records = [
        {
            "Outcome": measured_in(outcome_in_words(row["outcome"]).label, str(units[row["outcome"]])),
            "Arm, and how it was counted": f"{group_in_words(row['treated'])}, {made_in_words(row['estimand'])}",
            difference: "not claimed" if row["value"] is None else unbroken(say.effect_in_short(row)),
            relative: _in_percent(say, percent.get(_way(row))),
            "How far it can be believed": NONE if row["value"] is None else grade_in_words(row["grade"]),
            "Asked beforehand": "yes" if row.get("declared", True) else "no, explored",
        }
        for row in shown
    ]
    ways = dict.fromkeys(str(row["estimand"]) for row in shown if row["value"] is not None)
    notes = [(_TOOK_PART if name == "complier_effect" else "") + BESIDE[name] for name in ways if name in BESIDE]
    if any(name.startswith("quantile_effect") for name in ways):
        notes.append("A level of the spread says how an arm's customers are spread, not how each of them changed.")
    refused: dict[str, list[str]] = {}
    for row in shown:
        if row["value"] is None:
            what = f"{outcome_in_words(row['outcome']).label}, {made_in_words(row['estimand'])}"
            named = refused.setdefault(readable(say, row["reason"]), [])
            named += [what] if what not in named else []
    notes += [f"Not claimed ({'; '.join(what)}): {reason}" for reason, what in refused.items()]
    if not getattr(experiment, "declaration", True):
        notes.append(_UNDECLARED)
    return Table(
        caption="What each arm changed, per customer assigned",
        cells=pd.DataFrame(records),
        frame=_plain_frame(rows),
        numbers=(difference, relative),
        groups="Outcome",
        notes=tuple(dict.fromkeys(notes)),
    )


def guardrails(experiment: Any, *, locale: str | None = None) -> Table:
    """Which outcomes were not to suffer, did they, and is the arm recommended?

    Parameters
    ----------
    experiment : ExperimentResult
        With `guardrails` and `recommended`.
    """
    say = words(locale)
    caption = "What was not to suffer"
    frame = getattr(experiment, "guardrails", None)
    if frame is None or frame.empty:
        return sentences_alone(caption, "No guardrail was named, so nothing says whether a gain came at a price.")
    level = level_of([row for row in frame.to_dict("records") if _known(row["value"])])
    head = "Change" + (f" ({say.level({'level': level})})" if level is not None else "")
    records = [
        {
            "Arm": group_in_words(row["arm"]),
            "Guardrail": outcome_in_words(row["outcome"]).label,
            "Harm put up with": _margin(say, row),
            head: _change(say, row),
            "Verdict": _HELD.get(row["verdict"], plain(row["verdict"], 40)),
        }
        for row in frame.to_dict("records")
    ]
    return Table(
        caption, pd.DataFrame(records), frame, numbers=("Harm put up with", head), groups="Arm",
        notes=tuple(_recommended(experiment)),
    )  # fmt: skip


def _recommended(experiment: Any) -> list[str]:
    """By arm, whether it may be recommended, and why not."""
    rows = effect_rows(experiment)
    told = []
    for (_, arm), well in (getattr(experiment, "recommended", None) or {}).items():
        row = next((one for one in rows if one["treated"] == arm and not_recommended(one)), None)
        why = not_recommended(row) if row is not None else "Not recommended: a guardrail does not hold."
        told.append(f"{group_in_words(arm)}: " + ("every guardrail holds." if well else why))
    told.append("A guardrail holds where the interval leaves out more harm than was allowed beforehand.")
    return told


def took_part(experiment: Any, *, locale: str | None = None) -> Table:
    """Whom did an invitation move, and what did that change for them? With every effect that fits the data.

    Parameters
    ----------
    experiment : ExperimentResult, results or rows of effects
    """
    say = words(locale)
    caption = "Those who took part because they were invited"
    rows = [row for row in effect_rows(experiment) if row["estimand"] == "complier_effect" and not row["segment"]]
    rows = [row for row in rows if row["scale"] == "difference"]
    if not rows:
        return sentences_alone(caption, "No test of these tables invited customers to something they could decline.")
    level = level_of(rows)
    head = "Per customer moved" + (f" ({say.level({'level': level})})" if level is not None else "")
    records = [
        {
            "Outcome": outcome_in_words(row["outcome"]).label,
            "Arm": group_in_words(row["treated"]),
            "Moved by the invitation": _moved(say, row),
            head: "not claimed" if row["value"] is None else unbroken(say.effect_in_short(row)),
        }
        for row in rows
    ]
    notes = ["The range holds every effect that fits the data, however few were moved; it may then have no end."]
    notes += dict.fromkeys(
        f"Not claimed, {outcome_in_words(row['outcome']).label}: {readable(say, row['reason'])}"
        for row in rows
        if row["value"] is None
    )
    return Table(caption, pd.DataFrame(records), _plain_frame(rows), numbers=(head,), notes=tuple(notes))


def _moved(say: Words, row: Row) -> str:
    stage = next((one for one in row.get("checks") or () if one["name"] == "first_stage"), None)
    if stage is None or stage.get("value") is None:
        return NONE
    ends = f" ({say.share(stage['low'])} to {say.share(stage['high'])})" if "low" in stage and "high" in stage else ""
    weak = "" if stage["verdict"] == "passed" else ", too few"
    return f"{say.share(stage['value'])}{ends}{weak}"


def declared_and_explored(result: Any, *, locale: str | None = None) -> Table:
    """What was asked before anybody looked, and what was looked at afterwards?

    Parameters
    ----------
    result : a study's result, results or rows of effects
    """
    say = words(locale)
    rows = [row for row in effect_rows(result) if not str(row["estimand"]).startswith("naive_")]
    groups: dict[str, dict[bool, int]] = {}
    for row in rows:
        parts = " and ".join(plain(name, 40).replace("_", " ") for name in row["segment"]) or "all customers"
        what = f"{outcome_in_words(row['outcome']).label}, {parts if parts == 'all customers' else f'by {parts}'}"
        counts = groups.setdefault(what, {True: 0, False: 0})
        counts[bool(row.get("declared", True))] += 1
    named = [what for what, counts in groups.items() if not counts[False]]
    later = [what for what, counts in groups.items() if counts[False]]
    records = [
        {"When": "Asked beforehand", "What": _listed(say, named)},
        {"When": "Explored afterwards", "What": _listed(say, later)},
    ]
    frame = pd.DataFrame([{"what": what, "declared": not counts[False]} for what, counts in groups.items()])
    undeclared = () if getattr(result, "declaration", True) else (_UNDECLARED,)
    return Table(
        "Asked beforehand, and explored afterwards", pd.DataFrame(records), frame, sentences=True,
        notes=(*undeclared, "What was explored is a reason to ask again, and answers nothing by itself."),
    )  # fmt: skip


def _listed(say: Words, names: Sequence[str], most: int = 12) -> str:
    if not names:
        return "nothing"
    rest = len(names) - most
    return "; ".join(names) if rest <= 1 else "; ".join(names[:most]) + f"; and {say.number(rest)} more"


def _in_percent(say: Words, row: Row | None) -> str:
    return NONE if row is None or row["value"] is None else unbroken(say.effect_in_short(row))


def _way(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("estimand", "treated", "comparison", "outcome"))


def _known(value: Any) -> bool:
    return value is not None and not pd.isna(value)


def _margin(say: Words, row: Row) -> str:
    about = {**row, "scale": "difference", "value": row["margin"], "low": 0.0, "high": row["margin"]}
    return f"{say.effect_size(about)} {plain(row['worse'], 20)}"


def _change(say: Words, row: Row) -> str:
    if not _known(row["value"]):
        return NONE
    ends = {name: row[name] if _known(row[name]) else None for name in ("low", "high")}
    return unbroken(say.effect_in_short({**row, **ends, "scale": "difference"}))


def _plain_frame(rows: Sequence[Row]) -> pd.DataFrame:
    return pd.DataFrame([{name: value for name, value in row.items() if name != "checks"} for row in rows])
