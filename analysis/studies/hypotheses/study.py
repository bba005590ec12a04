"""Which of the hypotheses do the effects support? All of them judged as one family.

What was declared beforehand is a family of its own; what was added later is judged among all of them, and says so. The
effects come from the studies that made them: nothing is estimated here. Whether a verdict hangs on a choice that could
have been made otherwise is shown by `curve`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from analysis.foundation.errors import DesignError
from analysis.studies.hypotheses.choices import Alternative
from analysis.studies.hypotheses.curve import Curve, Result, specification_curves
from analysis.studies.hypotheses.family import Family, Judged
from analysis.studies.hypotheses.hypothesis import Hypothesis, Row, different_names, row_for
from analysis.studies.hypotheses.verdict import (
    Chances,
    adjusted,
    chances_of,
    is_anytime,
    needed_for,
    reading_of,
    verdict_of,
)


def judge(hypotheses: Sequence[Hypothesis], effects: Iterable[Row], *, level: float = 0.95) -> Family:
    """What do the effects say of each hypothesis, with the whole family in mind?

    Parameters
    ----------
    hypotheses : sequence of Hypothesis
        Each with a name of its own. Those that nothing answers stay members of the family, so that it does not grow
        more lenient by what the data happened not to tell.
    effects : iterable of mapping
        Rows of `effects`, as the contract writes them.
    level : float
        Among the findings of one kind (an effect; none in the direction believed; none that matters) even one is wrong
        in at most the share `1 - level` of families.

    Returns
    -------
    Family
        A verdict for each hypothesis, in the order given.

    Raises
    ------
    DesignError
        If there is no hypothesis, two have one name, or the level is none.

    Source
    ------
    Holm (1979), Scandinavian Journal of Statistics 6; Schuirmann (1987) for the tests of equivalence.

    Examples
    --------
    >>> row = {"design": "ab_randomised", "estimand": "experiment_effect", "treated": "a", "comparison": "b",
    ...        "outcome": "visit", "scale": "difference", "segment": {}, "value": 0.08, "low": 0.06, "high": 0.1,
    ...        "se": 0.0102, "se_log": None, "level": 0.95, "unit": "share", "n_treated": 9, "n_comparison": 9,
    ...        "maturity": "mature", "grade": "A", "checks": [], "claim": "", "method": "Welch"}
    >>> asked = Hypothesis(name="visits", statement="More visits.", design="ab_randomised", outcome="visit",
    ...                    scale="difference", direction="higher", smallest_effect=0.01)
    >>> judge([asked], [row]).of("visits").verdict
    'supported'
    """
    if not hypotheses:
        raise DesignError("There is no hypothesis to judge. List some under `hypotheses` in the parameters.")
    if not 0.5 <= level <= 0.999:
        raise DesignError(f"The level of a family lies between 0.5 and 0.999, not at {level}.")
    different_names(hypotheses)
    held = list(effects)
    asked = [_asked(hypothesis, held) for hypothesis in hypotheses]
    raw = [found if isinstance(found, Chances) else Chances() for _, found in asked]
    declared = [place for place, one in enumerate(hypotheses) if one.declared]
    among_all = adjusted(raw)
    among_declared = dict(zip(declared, adjusted([raw[place] for place in declared]), strict=True))
    judged = []
    for place, (hypothesis, (row, found)) in enumerate(zip(hypotheses, asked, strict=True)):
        size = len(declared) if hypothesis.declared else len(hypotheses)
        if isinstance(row, str) or isinstance(found, str):
            reason = row if isinstance(row, str) else str(found)
            judged.append(Judged(hypothesis=hypothesis, verdict="undecided", reason=reason, size=size))
            continue
        family = among_declared.get(place, among_all[place])
        verdict = verdict_of(hypothesis, family, 1 - level)
        reading = reading_of(row)
        needed = None
        if verdict == "undecided" and not isinstance(reading, str):
            needed = needed_for(hypothesis, row, reading, alpha=1 - level, family=size)
        judged.append(
            Judged(hypothesis=hypothesis, verdict=verdict, row=row, raw=found, family=family, size=size, needed=needed)
        )
    return Family(judged=tuple(judged), level=level, notes=tuple(_notes(hypotheses, level)))


def test_hypotheses(
    hypotheses: Sequence[Hypothesis],
    effects: Iterable[Row],
    *,
    again: Mapping[str, tuple[Sequence[Alternative], Callable[[Any], Result]]] | None = None,  # noqa: PT028
    level: float = 0.95,  # noqa: PT028
) -> Family:
    """`judge`, and the specification curve of every hypothesis whose study can be run again.

    Parameters
    ----------
    hypotheses, effects, level
        As in `judge`.
    again : mapping of design to pair, optional
        The alternatives of its plan (`choices`), and the study: a function from a plan to a result with `effects`.

    Raises
    ------
    DesignError
        As in `judge`. Alternatives that cannot be studied stand in the curves with the reason.
    """
    family = judge(hypotheses, effects, level=level)
    curves: dict[str, Curve] = {}
    for design, (alternatives, study) in (again or {}).items():
        asked = [one.hypothesis for one in family.judged if one.hypothesis.design == design]
        curves |= specification_curves(asked, alternatives, study) if asked else {}
    return family.with_curves(curves)


test_hypotheses.__test__ = False  # type: ignore[attr-defined]  # its name is that of the question, not of a test


def _asked(hypothesis: Hypothesis, effects: Sequence[Row]) -> tuple[Row | str, Chances | str]:
    """The row that answers a hypothesis and its p-values, or why there are none."""
    row = row_for(hypothesis, effects)
    if isinstance(row, str):
        return row, row
    reading = reading_of(row)
    if isinstance(reading, str):
        return row, reading
    return row, chances_of(hypothesis, reading, anytime=is_anytime(row))


def _notes(hypotheses: Sequence[Hypothesis], level: float) -> list[str]:
    declared = sum(one.declared for one in hypotheses)
    later = len(hypotheses) - declared
    said = [
        f"{declared} {'hypothesis was' if declared == 1 else 'hypotheses were'} declared beforehand and judged as one "
        f"family (Holm): among the findings of one kind even one is wrong in at most {(1 - level) * 100:g} % of such "
        "families."
    ]
    if later:
        said.append(
            f"{later} {'was' if later == 1 else 'were'} added later, judged among all {len(hypotheses)}, and to be "
            "tested anew."
        )
    return said
