"""What is known of kinds that were estimated? The figures, the skill they rest on, and what speaks against them.

How they come about is left to `kinds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.inference.classifier import MODEL
from analysis.inference.prevalence import Confusion, Shares
from analysis.metrics.figure import Metric

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.int64]

ASSUMES = (
    "Mentions without a kind are taken for another kind as often as labelled ones of the same kind were by judges that "
    "had not seen them. Their mix of kinds may differ from that of the labelled ones; how each kind is worded may not. "
    "The prediction-powered shares beside assume instead that the labelled mentions are a random sample of the period."
)
_APART = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Skill:
    """How well are kinds told on labelled mentions that were held out?

    `labels` are the labelled mentions with a text by kind, of which `confusion` holds those learnt from and judged;
    `gain` is the accuracy beyond always guessing the commonest kind. Intervals as (value, low, high).
    """

    kinds: tuple[str, ...]
    labels: Mapping[str, int]
    confusion: Confusion
    held_together_by: tuple[str, ...]
    accuracy: tuple[float, float, float]
    commonest: str
    commonest_accuracy: float
    gain: tuple[float, float, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values; rows of the matrix are true kinds, columns guesses."""
        return {
            "model": MODEL,
            "kinds": list(self.kinds),
            "labels": dict(self.labels),
            "held_out": self.confusion.n,
            "groups": self.confusion.groups,
            "held_together_by": list(self.held_together_by),
            "accuracy": _interval(*self.accuracy),
            "commonest": {"kind": self.commonest, "accuracy": self.commonest_accuracy},
            "gain": _interval(*self.gain),
            "matrix": self.confusion.counts.tolist(),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeriodKinds:
    """The kinds of one period: those given, and what the guesses say of the rest.

    `labelled` and `guessed` count mentions by kind; `without_text` have neither kind nor text and stay unknown;
    `corrected` is absent where nothing had to be guessed, `powered` where fewer labels of the period than are needed
    were held out (`sample`).
    """

    period: str
    labelled: Ints
    guessed: Ints
    without_text: int
    sample: int
    corrected: Shares | None
    powered: Shares | None

    @property
    def unlabelled(self) -> int:
        """Mentions that were guessed."""
        return int(self.guessed.sum())

    @property
    def total(self) -> int:
        """Mentions with a kind, given or guessed."""
        return int(self.labelled.sum()) + self.unlabelled

    def mentions(self) -> NDArray[np.float64]:
        """Estimated mentions of each kind with the ends of their interval, shape (k, 3)."""
        known = np.repeat(self.labelled[:, None].astype(np.float64), 3, axis=1)
        if self.corrected is None:
            return known
        found = np.column_stack([self.corrected.shares, self.corrected.low, self.corrected.high])
        return np.asarray(known + self.unlabelled * found, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KindsResult:
    """Estimated kinds with all that a reader needs to judge them; or the reason why there are none.

    `mix` tells how labelled and unlabelled mentions of the period differ in platform and month: half the sum of the
    differences between their shares, 0 (alike) to 1.
    """

    metrics: tuple[Metric, ...] = ()
    refused: str | None = None
    skill: Skill | None = None
    periods: tuple[PeriodKinds, ...] = ()
    mix: Mapping[str, float] = field(default_factory=dict)
    level: float = 0.95

    @property
    def notices(self) -> tuple[str, ...]:
        """What speaks against the estimate, in sentences."""
        return tuple(
            f"Labelled and unlabelled mentions differ in their {what}: {distance:.0%} of either would have to be "
            "others for the two to be alike.".replace("%", " %")
            for what, distance in self.mix.items()
            if distance > _APART
        )

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`: the figures, and all about the judges under `coverage`."""
        about: dict[str, Any] = {"refused": self.refused, "level": self.level, "assumes": ASSUMES}
        if self.skill is not None:
            about |= self.skill.to_dict()
        about |= {"mix": dict(self.mix), "notices": list(self.notices)}
        rows = [{name: value for name, value in row.items() if value is not None} for row in self._rows()]
        return {
            "metrics": [row.to_dict() for row in self.metrics],
            "coverage": {"classifier": {**about, "estimates": rows}},
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a period and kind: what was given, guessed, corrected, with intervals."""
        import pandas as pd

        return pd.DataFrame(self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for part in self.periods:
            total = part.mentions()
            for place, kind in enumerate(self.skill.kinds if self.skill else ()):
                row = {
                    "period": part.period, "kind": kind,
                    "mentions": float(total[place, 0]), "low": float(total[place, 1]), "high": float(total[place, 2]),
                    "labelled": int(part.labelled[place]), "guessed": int(part.guessed[place]),
                    "unlabelled": part.unlabelled, "sample": part.sample,
                    "naive_share": int(part.guessed[place]) / part.unlabelled if part.unlabelled else None,
                }  # fmt: skip
                for name, found in (("corrected", part.corrected), ("powered", part.powered)):
                    row |= {
                        f"{name}_share": None if found is None else float(found.shares[place]),
                        f"{name}_low": None if found is None else float(found.low[place]),
                        f"{name}_high": None if found is None else float(found.high[place]),
                    }
                rows.append(row)
        return rows

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.refused)}</p>" if self.refused else str(self.to_frame().to_html(index=False))


def _interval(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}
