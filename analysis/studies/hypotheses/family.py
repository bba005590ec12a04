"""In what shape do judged hypotheses come, so that a page and `results.json` say the same?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.studies.hypotheses.hypothesis import Hypothesis, Row
from analysis.studies.hypotheses.verdict import Chances, Needed, Verdict
from analysis.studies.hypotheses.words import VERDICT_WORDS, finding_in_words, refusal_in_words

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.hypotheses.curve import Curve

_FROM_ROW = ("estimand", "value", "low", "high", "level", "unit", "grade", "method", "n_treated", "n_comparison")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One hypothesis with its verdict: what it rests on, or why nothing can be judged.

    Parameters
    ----------
    hypothesis : Hypothesis
    verdict : str
        `supported`, `not_supported`, `no_meaningful_effect` or `undecided`.
    row : mapping, optional
        The row of `effects` that was judged.
    reason : str, optional
        Why nothing can be judged. Given if and only if there is no `raw`.
    raw, family : Chances, optional
        p-values before and after Holm's adjustment.
    size : int
        Hypotheses over which the adjustment ran.
    needed : Needed, optional
        What would probably decide it.
    curve : Curve, optional
        The same hypothesis under other defensible choices.

    Raises
    ------
    ValueError
        If there are tests and a reason, or neither; or something else than undecided without tests.
    """

    hypothesis: Hypothesis
    verdict: Verdict
    size: int
    row: Row | None = None
    reason: str | None = None
    raw: Chances | None = None
    family: Chances | None = None
    needed: Needed | None = None
    curve: Curve | None = None

    def __post_init__(self) -> None:
        tested = self.row is not None and self.raw is not None and self.family is not None
        if tested == (self.reason is not None):
            raise ValueError(f"{self.hypothesis.name}: a hypothesis was tested, or there is a reason why not.")
        if not tested and self.verdict != "undecided":
            raise ValueError(f"{self.hypothesis.name}: what was not tested is undecided, not {self.verdict}.")

    @property
    def sentence(self) -> str:
        """What may be said."""
        if self.row is None or self.raw is None or self.family is None:
            return refusal_in_words(str(self.reason))
        return finding_in_words(self.hypothesis, self.verdict, self.row, self.raw, self.family, self.needed)

    def to_dict(self) -> dict[str, Any]:
        """The row of `hypotheses` in `results.json`: plain values, None where there is nothing."""
        asked, row = self.hypothesis, self.row or {}
        raw, family = self.raw, self.family
        return {
            "name": asked.name,
            "statement": asked.statement,
            "design": asked.design,
            "treated": row.get("treated", asked.treated),
            "comparison": row.get("comparison", asked.comparison),
            "outcome": asked.outcome,
            "segment": dict(asked.segment),
            "scale": asked.scale,
            "direction": asked.direction,
            "smallest_effect": asked.smallest_effect,
            "declared": asked.declared,
            **{key: row.get(key) for key in _FROM_ROW},
            "estimand": row.get("estimand", asked.estimand),
            "verdict": self.verdict,
            "reason": self.reason,
            "p_value": None if raw is None else raw.effect,
            "p_against": None if raw is None else raw.against,
            "p_equivalence": None if raw is None or asked.smallest_effect is None else raw.equivalent,
            "adjusted_p_value": None if family is None else family.effect,
            "adjusted_p_against": None if family is None else family.against,
            "adjusted_p_equivalence": None if family is None or asked.smallest_effect is None else family.equivalent,
            "family": self.size,
            "needed_times": None if self.needed is None else self.needed.times,
            "needed_n_treated": None if self.needed is None else self.needed.n_treated,
            "needed_n_comparison": None if self.needed is None else self.needed.n_comparison,
            "claim": self.sentence,
            "specifications": None if self.curve is None else self.curve.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Hypotheses that were judged together.

    Parameters
    ----------
    judged : tuple of Judged
        In the order they were given.
    level : float
        Share of families in which, among the findings of one kind, none is wrong.
    notes : tuple of str
    """

    judged: tuple[Judged, ...]
    level: float
    notes: tuple[str, ...] = ()

    def of(self, name: str) -> Judged:
        """The hypothesis of that name.

        Raises
        ------
        KeyError
            If there is none.
        """
        found = {one.hypothesis.name: one for one in self.judged}
        return found[name]

    def with_curves(self, curves: Mapping[str, Curve]) -> Family:
        """The same with the specification curves of those hypotheses that have one, by name."""
        held = [replace(one, curve=curves.get(one.hypothesis.name)) for one in self.judged]
        return replace(self, judged=tuple(held))

    @property
    def counts(self) -> dict[str, int]:
        """How many hypotheses have each verdict."""
        return {verdict: sum(one.verdict == verdict for one in self.judged) for verdict in VERDICT_WORDS}

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {"hypotheses": [one.to_dict() for one in self.judged]}

    def to_frame(self) -> pd.DataFrame:
        """One row a hypothesis; what the specification curves say of it is left to them."""
        return _frame(one.to_dict() for one in self.judged)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def _frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    kept = [{key: value for key, value in row.items() if key != "specifications"} for row in rows]
    return pd.DataFrame(kept)
