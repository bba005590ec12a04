"""Does a finding hang on a choice that could have been made otherwise? The same question under every defensible plan.

Each plan is studied again, and every row that answers the hypothesis, on either scale, by each estimator that the study
has, becomes one specification. Two that come out at the same digits are one: a choice that changes nothing is none. The
specifications share their data, so their shares are no p-values and nothing is tested with them; they show whether the
declared choice was a lucky one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Protocol

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import NO_EFFECT, Scale
from analysis.studies.hypotheses.choices import Alternative
from analysis.studies.hypotheses.hypothesis import Hypothesis, Row
from analysis.studies.hypotheses.words import size
from analysis.studies.result import Effect

if TYPE_CHECKING:
    import pandas as pd

WINSORISED = "experiment_effect_winsorised"
"""Of a capped outcome, which is another quantity: it counts for the side, not for the median."""
ESTIMATORS: Mapping[str, str] = {
    "experiment_effect": "difference in means",
    "experiment_effect_adjusted": "with covariates",
    WINSORISED: "winsorised",
}
"""Estimands that answer one question in several ways, each a specification."""
WITHOUT = "without_failures"
"""The check in which a study is repeated without months in which something failed for many."""


class Result(Protocol):
    """What a study gives back: effects, and whatever else."""

    @property
    def effects(self) -> Sequence[Effect]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One hypothesis under every specification, told as data and in a sentence.

    Parameters
    ----------
    hypothesis : Hypothesis
    frame : DataFrame
        One row a specification, from the lowest value to the highest, those on the hypothesis's own scale first: the
        choices, `estimator`, `scale`, `declared`, `comparable` (whether it measures what the hypothesis speaks of: its
        scale, for a difference the same window, and no capped outcome), `value`, `low`, `high`, `unit`, `grade`,
        `n_treated`, `n_comparison`, `side` (1 above no effect, -1 below, 0 on it), `clear` (whether the interval leaves
        out no effect), `reason` (why it could not be told).
    side : int
        The side that is believed; where none is, that of the declared specification. 0 where that was not told: there
        are no shares then.
    """

    hypothesis: Hypothesis
    frame: pd.DataFrame
    side: int

    @property
    def told(self) -> pd.DataFrame:
        """The specifications that came out at a number."""
        return self.frame[self.frame["value"].notna()]

    @property
    def median(self) -> float | None:
        """The median of those that measure the same quantity."""
        own = self._own
        return float(median(own["value"])) if len(own) else None

    @property
    def _own(self) -> pd.DataFrame:
        return self.told[self.told["comparable"].astype(bool)]

    @property
    def declared(self) -> float | None:
        """What came out as it was declared."""
        own = self.told[self.told["declared"]]
        return float(own["value"].iloc[0]) if len(own) else None

    @property
    def share_on_side(self) -> float | None:
        """How many of those told lie on the side believed."""
        return float((self.told["side"] == self.side).mean()) if len(self.told) and self.side else None

    @property
    def share_clear(self) -> float | None:
        """How many of those told lie there clearly."""
        held = self.told
        if not len(held) or not self.side:
            return None
        return float(((held["side"] == self.side) & held["clear"].astype(bool)).mean())

    def to_dict(self) -> dict[str, Any]:
        """What of it goes into `results.json`."""
        own = self._own
        return {
            "claim": self.sentence,
            **self._counts(own),
        }

    def _counts(self, own: pd.DataFrame) -> dict[str, Any]:
        return {
            "specifications": len(self.frame),
            "told": len(self.told),
            "comparable": len(own),
            "median": self.median,
            "lowest": float(own["value"].min()) if len(own) else None,
            "highest": float(own["value"].max()) if len(own) else None,
            "share_on_side": self.share_on_side,
            "share_clear": self.share_clear,
            "declared": self.declared,
        }

    @property
    def sentence(self) -> str:
        """How much hangs on the choices."""
        held = self._counts(self._own)
        if held["median"] is None:
            return "Under no defensible choice could it be told."
        row = {"scale": self.hypothesis.scale, "unit": next(iter(self._own["unit"]))}
        spread = (
            f"Of {held['comparable']} defensible choices that measure the same quantity the median is "
            f"{size(row, held['median'])} ({size(row, held['lowest'])} to {size(row, held['highest'])})"
        )
        if held["share_on_side"] is None or held["share_clear"] is None:
            return f"{spread}."
        side = "above" if self.side > 0 else "below"
        return (
            f"{spread}; of all {held['told']}, {held['share_on_side'] * 100:.0f} % lie {side} no effect, "
            f"{held['share_clear'] * 100:.0f} % clearly."
        )

    def to_frame(self) -> pd.DataFrame:
        return self.frame

    def _repr_html_(self) -> str:
        return str(self.frame.to_html(index=False, escape=True))


def specification_curve(
    hypothesis: Hypothesis, alternatives: Sequence[Alternative], study: Callable[[Any], Result]
) -> Curve:
    """One hypothesis under every alternative. See `specification_curves`."""
    return specification_curves([hypothesis], alternatives, study)[hypothesis.name]


def specification_curves(
    hypotheses: Sequence[Hypothesis], alternatives: Sequence[Alternative], study: Callable[[Any], Result]
) -> dict[str, Curve]:
    """Every hypothesis under every alternative; each alternative is studied once.

    Parameters
    ----------
    hypotheses : sequence of Hypothesis
        Of one design.
    alternatives : sequence of Alternative
        Exactly one of them declared.
    study : function
        From a plan to a result with `effects`. A `DesignError` (too few months, too few customers) makes
        specifications without a number, with the reason.

    Returns
    -------
    dict of str to Curve
        By the hypothesis's name.

    Raises
    ------
    DesignError
        If not exactly one alternative is the declared one.

    Source
    ------
    Simonsohn, Simmons and Nelson (2020), Specification curve analysis, Nature Human Behaviour 4; Steegen and others
    (2016), Perspectives on Psychological Science 11. Their joint test is not made: it would need the null imposed on
    each specification's own design.
    """
    declared = sum(one.declared for one in alternatives)
    if declared != 1:
        raise DesignError(f"One alternative is the declared one; given were {declared} of {len(alternatives)}.")
    rows: dict[str, list[dict[str, Any]]] = {one.name: [] for one in hypotheses}
    for alternative in sorted(alternatives, key=lambda one: not one.declared):
        try:
            effects: list[Row] = [effect.to_dict() for effect in study(alternative.plan).effects]
            reason = ""
        except DesignError as error:
            effects, reason = [], str(error)
        for hypothesis in hypotheses:
            rows[hypothesis.name] += _specifications(hypothesis, alternative, effects, reason)
    return {one.name: _curve(one, rows[one.name]) for one in hypotheses}


def _specifications(
    hypothesis: Hypothesis, alternative: Alternative, effects: Iterable[Row], reason: str
) -> list[dict[str, Any]]:
    """The specifications that one run gives for one hypothesis: at least one, if only with the reason."""
    answering = [row for row in effects if _answers(hypothesis, row)]
    contrasts = {(row["treated"], row["comparison"]) for row in answering}
    if len(contrasts) != 1:
        why = reason or f"It gives no effect on `{hypothesis.outcome}` that could be meant."
        if contrasts:
            why = f"It gives {len(contrasts)} contrasts that could be meant; name `treated` and `comparison`."
        none = {"scale": hypothesis.scale, "estimand": hypothesis.estimands[-1], "value": None, "reason": why}
        return [_specification(hypothesis, alternative, none)]
    found = []
    for row in answering:
        found.append(_specification(hypothesis, alternative, row))
        again = next((one for one in row["checks"] if one["name"] == WITHOUT and "value" in one), None)
        if again is not None and row["scale"] == "ratio":
            numbers = {key: again.get(key) for key in ("value", "low", "high")}
            rest = {**row, **numbers, "n_treated": None, "n_comparison": None}
            found.append(_specification(hypothesis, alternative, rest, without=True))
    return found


def _answers(hypothesis: Hypothesis, row: Row) -> bool:
    """Whether a row speaks of the hypothesis, on either scale and by any of the estimators."""
    wanted = set(hypothesis.estimands)
    if wanted & set(ESTIMATORS):
        wanted |= set(ESTIMATORS)
    return (
        row["design"] == hypothesis.design
        and row["estimand"] in wanted
        and row["outcome"] == hypothesis.outcome
        and row["segment"] == dict(hypothesis.segment)
        and row["maturity"] == "mature"
        and hypothesis.treated in (None, row["treated"])
        and hypothesis.comparison in (None, row["comparison"])
    )


def _specification(
    hypothesis: Hypothesis, alternative: Alternative, row: Mapping[str, Any], *, without: bool = False
) -> dict[str, Any]:
    scale: Scale = row["scale"]
    if row["value"] is not None and row.get("low") == row.get("high"):
        row = {**row, "value": None, "low": None, "high": None, "reason": "Nothing varies any more; too much was cut."}
    value, nothing, low, high = row["value"], NO_EFFECT[scale], row.get("low"), row.get("high")
    inside = (low is None or low <= nothing) and (high is None or nothing <= high)
    estimand = str(row["estimand"])
    usual = estimand in hypothesis.estimands and scale == hypothesis.scale and not without
    return {
        **alternative.choices,
        "estimator": ESTIMATORS.get(estimand, estimand.replace("_", " ")) + (", without failures" if without else ""),
        "scale": scale,
        "declared": alternative.declared and usual,
        "comparable": scale == hypothesis.scale
        and (scale == "ratio" or alternative.same_window)
        and (estimand != WINSORISED or WINSORISED in hypothesis.estimands),
        "value": value,
        "low": low,
        "high": high,
        "unit": row.get("unit"),
        "grade": row.get("grade"),
        "n_treated": row.get("n_treated"),
        "n_comparison": row.get("n_comparison"),
        "side": None if value is None else (value > nothing) - (value < nothing),
        "clear": None if value is None else not inside,
        "reason": row.get("reason"),
    }


def _curve(hypothesis: Hypothesis, rows: Sequence[dict[str, Any]]) -> Curve:
    """Each specification once, in the order of its scale and value."""
    import pandas as pd

    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for place, row in enumerate(rows):
        same = tuple(row[key] for key in ("scale", "estimator", "value", "low", "high", "n_treated", "n_comparison"))
        kept.setdefault((place,) if row["value"] is None else same, row)

    def order(row: Mapping[str, Any]) -> tuple[bool, bool, float]:
        return row["value"] is None, row["scale"] != hypothesis.scale, row["value"] or 0.0

    frame = pd.DataFrame(sorted(kept.values(), key=order))
    believed = {"higher": 1, "lower": -1}.get(hypothesis.direction)
    own = frame[frame["declared"] & frame["value"].notna()]
    side = believed if believed is not None else int(own["side"].iloc[0]) if len(own) else 0
    return Curve(hypothesis=hypothesis, frame=frame, side=side)
