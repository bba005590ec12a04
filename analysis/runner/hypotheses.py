"""Which hypotheses do the parameters list, in the form in which they are tested?

A hypothesis that names no design or no outcome is kept and shown, and cannot be tested: it is told why. Whether it was
declared is its author's word; where a declaration was written and sealed before the data came, that stands above it.
Testing them is left to `studies.hypotheses`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from analysis.inference.estimate import Scale
    from analysis.runner.params_model import HypothesisSection, Params
    from analysis.studies.hypotheses.hypothesis import Hypothesis

RATIOS = ("before_after", "adoption")
"""Designs whose effects are ratios where nothing else is said."""


class Sealed(Protocol):
    """What was declared before the data were looked at."""

    def covers(self, outcome: str, segment: Mapping[str, str]) -> bool:
        """Whether it names this outcome and segment."""
        ...


def hypotheses_of(values: Params, declaration: Sealed | None = None) -> tuple[Hypothesis, ...]:
    """The hypotheses of the parameters that can be tested, in their order.

    Parameters
    ----------
    values : Params
    declaration : optional
        What was sealed beforehand. A hypothesis on an outcome or segment that it does not cover was not declared,
        whatever the parameters say.

    Raises
    ------
    DesignError
        If two hypotheses have one name, or one asks for what cannot be tested.

    Examples
    --------
    >>> from analysis.runner.params_model import Params
    >>> text = '''{"study": "a", "hypotheses": [{"name": "more orders", "statement": "Social care sells.",
    ...            "design": "before_after", "outcome": "orders", "direction": "higher", "smallest_effect": 0.02}]}'''
    >>> [(one.name, one.scale, one.declared) for one in hypotheses_of(Params.model_validate_json(text))]
    [('more orders', 'ratio', True)]
    """
    from analysis.studies.hypotheses.hypothesis import different_names

    found = tuple(_tested(one, declaration) for one in values.hypotheses if why_untested(one) is None)
    different_names(found)
    return found


def why_untested(section: HypothesisSection) -> str | None:
    """Why a hypothesis of the parameters cannot be tested, or None.

    Examples
    --------
    >>> from analysis.runner.params_model import HypothesisSection
    >>> why_untested(HypothesisSection(name="a", statement="b", design="effort"))
    'Hypothesis `a` names no outcome, so it is kept and not tested.'
    """
    lacking = [key for key in ("design", "outcome") if getattr(section, key) is None]
    if not lacking:
        return None
    return f"Hypothesis `{section.name}` names no {' and no '.join(lacking)}, so it is kept and not tested."


def untested(values: Params) -> tuple[str, ...]:
    """What is to be said of the hypotheses that cannot be tested."""
    return tuple(why for one in values.hypotheses if (why := why_untested(one)) is not None)


def _tested(section: HypothesisSection, declaration: Sealed | None) -> Hypothesis:
    from analysis.studies.hypotheses.hypothesis import Hypothesis

    design, outcome = str(section.design), str(section.outcome)
    scale: Scale = section.scale or ("ratio" if design in RATIOS else "difference")
    return Hypothesis(
        name=section.name,
        statement=section.statement,
        design=design,
        outcome=outcome,
        treated=section.treated,
        comparison=section.comparison,
        estimand=section.estimand,
        segment=section.segment,
        scale=scale,
        direction=section.direction,
        smallest_effect=section.smallest_effect,
        declared=section.declared and (declaration is None or declaration.covers(outcome, section.segment)),
    )
