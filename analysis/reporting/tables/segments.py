"""For whom does it work? Whether segments differ at all, first; then each, raw and helped by the others.

What is said of a segment was decided by the tests of `studies.segments`: nothing is claimed of one alone where its
segments cannot be told apart, and what was found by looking is marked. Groups too small to be shown have their reason.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.reporting.formats import GAP, plain
from analysis.reporting.naming import group_in_words, outcome_in_words
from analysis.reporting.rows import Row
from analysis.reporting.tables.cells import NONE, readable, unbroken
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.vocabulary import BESIDE
from analysis.reporting.wording import Words, words

_MAIN = ("experiment_effect", "experiment_effect_adjusted", "user_effect", "total_effect")
"""Estimands whose segments are shown: of a test the adjusted one where there is one, which the study judges by."""
_VERDICTS = {
    "claimed": "stands out, asked beforehand",
    "not_apart": "nothing claimed: segments cannot be told apart",
    "not_clear": "nothing claimed: no clear effect",
    "selected": "explored: stands out, to be asked again",
    "not_selected": "explored: does not stand out",
    "refused": "not shown",
}
_SUMS = {"passed": "yes", "failed": "no", "not_run": "cannot be told"}
_NONE = "No segment was asked for, or none could be compared."
_MOST = 60


def segments_tested(result: Any, *, locale: str | None = None) -> Table:
    """Do the segments of an attribute differ by more than chance, and do they add up to all customers?

    Parameters
    ----------
    result : ExperimentResult, ObservationalResult or EffortResult
        With the frame `tests`.
    """
    say = words(locale)
    caption = "Do segments differ at all?"
    frame = segment_frame(result, "tests")
    if frame is None or frame.empty:
        return sentences_alone(caption, _NONE)
    records = [
        {
            "Outcome and arm": _question(row),
            "Segments by": plain(row["attribute"], 60).replace("_", " "),
            "Segments": say.number(int(row["segments"])),
            "Told apart": _told_apart(say, row),
            "Asked beforehand": "yes" if row["declared"] else "no, explored",
            "Add up to all": _SUMS.get(row["reconciled"], NONE),
        }
        for row in frame.to_dict("records")
    ]
    notes = (
        "Nothing is said of one segment alone unless its segments differ by more than chance; p is allowed for the "
        "number of attributes and arms.",
    )
    return Table(caption, pd.DataFrame(records), frame, numbers=("Segments",), groups="Outcome and arm", notes=notes)


def segment_effects(result: Any, *, outcome: str | None = None, locale: str | None = None) -> Table:
    """Each segment's effect, what the others make of it, and what may be said of it.

    Parameters
    ----------
    result : ExperimentResult, ObservationalResult or EffortResult
        With the frame `forest`.
    outcome : str, optional
        Only this outcome.
    """
    say = words(locale)
    caption = "Effects by segment"
    frame = segment_frame(result, "forest")
    if frame is not None and outcome is not None:
        frame = frame[frame["outcome"] == outcome]
    if frame is None or frame.empty or not (frame["verdict"] != "whole").any():
        return sentences_alone(caption, _NONE)
    apart = frame.loc[frame["verdict"] != "whole", ["outcome", "treated"]].drop_duplicates()
    frame = frame.merge(apart, on=["outcome", "treated"])
    rows = frame.to_dict("records")
    pooled = any(known(row["shrunk"]) for row in rows)
    levels = {row["level"] for row in rows if known(row["value"])}
    own = "Its own" + (f" ({say.level({'level': levels.pop()})})" if len(levels) == 1 else "")
    records = [
        {
            "Outcome and arm": _question(row),
            "Segment": segment_name(row),
            own: effect_cell(say, row) + (f", {say.level(row)}" if len(levels) > 1 and known(row["value"]) else ""),
            **({"Helped by the others": effect_cell(say, row, *_SHRUNK)} if pooled else {}),
            "What may be said": "all customers" if row["verdict"] == "whole" else _VERDICTS.get(row["verdict"], NONE),
            "Customers": _sizes(say, row),
        }
        for row in rows[:_MOST]
    ]
    notes = list(dict.fromkeys(readable(say, row["reason"]) for row in rows if known(row["reason"])))[:3]
    notes = [f"Not shown: {note}" for note in notes]
    if any(row["estimand"] == "experiment_effect_adjusted" for row in rows):
        notes.insert(0, BESIDE["experiment_effect_adjusted"])
    if pooled:
        notes.append("Helped by the others: drawn towards all segments, the further the less its own figure tells; "
                     "what chance made extreme comes nearer to what another test would find.")  # fmt: skip
    if len(rows) > _MOST:
        notes.append(f"{say.number(len(rows) - _MOST)} further rows are in the executed notebook.")
    return Table(
        caption, pd.DataFrame(records), frame,
        numbers=(own, *(("Helped by the others",) if pooled else ()), "Customers"), groups="Outcome and arm",
        notes=tuple(notes),
    )  # fmt: skip


_SHRUNK = ("shrunk", "shrunk_low", "shrunk_high")


def segment_frame(result: Any, name: str) -> pd.DataFrame | None:
    """A frame of segments of the estimands that are shown, in `frames` or by its own name; None where there is none."""
    frames = getattr(result, "frames", None) or {}
    frame: pd.DataFrame | None = frames.get(name, getattr(result, name, None))
    return None if frame is None else frame[frame["estimand"].isin(_MAIN)].reset_index(drop=True)


def segment_name(row: Row) -> str:
    """A segment as its attribute and value; "All customers" for the whole."""
    if row["verdict"] == "whole":
        return "All customers"
    return f"{plain(row['attribute'], 40).replace('_', ' ')}: {plain(row['segment'], 60)}"


def effect_cell(say: Words, row: Row, value: str = "value", low: str = "low", high: str = "high") -> str:
    """An effect of a frame with its interval; a dash where there is none."""
    if not known(row[value]):
        return NONE
    ends = {name: float(row[end]) if known(row[end]) else None for name, end in (("low", low), ("high", high))}
    return unbroken(say.effect_in_short({**row, "value": float(row[value]), **ends}))


def known(value: Any) -> bool:
    """Whether a cell of a frame holds something."""
    return value is not None and not pd.isna(value)


def _question(row: Row) -> str:
    arms = f"{group_in_words(row['treated'])} against {group_in_words(row['comparison'])}"
    return f"{outcome_in_words(row['outcome']).label}, {arms}"


def _told_apart(say: Words, row: Row) -> str:
    if not known(row["p_adjusted"]):
        return "too few to tell"
    p = row["p_adjusted"]
    said = f"p{GAP}<{GAP}{say.number(0.001, 3)}" if p < 0.001 else f"p{GAP}={GAP}{say.number(p, 2 if p >= 0.1 else 3)}"
    return f"{'more than chance' if row['differ'] else 'no, may be chance'} ({said})"


def _sizes(say: Words, row: Row) -> str:
    if not row["n_treated"] and not row["n_comparison"]:
        return NONE
    return f"{say.number(int(row['n_treated']))} against {say.number(int(row['n_comparison']))}"


def explored(test: Any, *, locale: str | None = None) -> Table:
    """Who seems to benefit most: the effect in each fifth of a ranking, judged on customers it was not learned from.

    Parameters
    ----------
    test : ExperimentResult
        With `uplift`; empty where nobody looked for it.
    """
    say = words(locale)
    caption = "Explored: who seems to benefit most"
    found = tuple(getattr(test, "uplift", ()))
    if not found:
        return sentences_alone(caption, "Who benefits most was not looked for.")
    records = [
        {
            "Outcome and arm": _question(
                {"outcome": one.outcome, "treated": one.treated, "comparison": one.comparison}
            ),
            "Ranked": f"{_FIFTHS[int(row['part']) - 1]} fifth",
            f"Effect ({say.level({'level': one.coefficient.level})})": effect_cell(
                say, {**row, "scale": "difference", "unit": one.coefficient.unit, "outcome": one.outcome}
            ),
            "Customers": say.number(int(row["customers"])),
        }
        for one in found
        for row in one.fifths.to_dict("records")
    ]
    frame = pd.concat([one.fifths.assign(outcome=one.outcome, treated=one.treated) for one in found], ignore_index=True)
    head = next(name for name in records[0] if name.startswith("Effect"))
    return Table(
        caption, pd.DataFrame(records), frame, numbers=(head, "Customers"), groups="Outcome and arm",
        notes=tuple(readable(say, one.claim) for one in found),
    )  # fmt: skip


_FIFTHS = ("first", "second", "third", "fourth", "last")
