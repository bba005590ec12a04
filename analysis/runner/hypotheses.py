"""Which hypotheses do the parameters list, in the form in which they are tested?

A hypothesis that names no design or no outcome is kept and shown, and cannot be tested: it is told why. Whether it was
declared is its author's word; where a declaration was written and sealed before a randomised test began, that stands
above it: what it does not say of the test in the same terms was not declared. Testing is left to `studies.hypotheses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from analysis.inference.estimate import Scale
    from analysis.runner.params_model import Params
    from analysis.runner.params_tests import HypothesisSection
    from analysis.studies.hypotheses.hypothesis import Hypothesis

RATIOS = ("before_after", "adoption")
"""Designs whose effects are ratios where nothing else is said."""


class Sealed(Protocol):
    """What was declared before the data of a randomised test were looked at."""

    def covers(self, outcome: str, segment: Mapping[str, str] | str | None = None) -> bool:
        """Whether it names this outcome and segment."""
        ...

    @property
    def hypotheses(self) -> Sequence[Mapping[str, Any]]:
        """What was believed, as it was written down."""
        ...


SEALED_DESIGN = "ab_randomised"
"""The design that declarations are written for."""
TERMS = ("design", "outcome", "treated", "comparison", "estimand", "segment", "scale", "direction", "smallest_effect")
"""What a hypothesis says that bears on its test."""


def hypotheses_of(values: Params, declaration: Sealed | None = None) -> tuple[Hypothesis, ...]:
    """The hypotheses of the parameters that can be tested, in their order.

    Parameters
    ----------
    values : Params
    declaration : optional
        What was sealed beforehand. A hypothesis about a randomised test was declared only if this holds it with the
        same outcome, groups, segment, scale, direction and smallest effect, whatever the parameters say.

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
    >>> from analysis.runner.params_tests import HypothesisSection
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
        declared=section.declared and _is_sealed(section, declaration),
    )


def _is_sealed(section: HypothesisSection, declaration: Sealed | None) -> bool:
    """Whether a declaration, where there is one that speaks of such tests, holds a hypothesis as it is now."""
    if declaration is None or section.design != SEALED_DESIGN:
        return True
    if not declaration.covers(str(section.outcome), section.segment):
        return False
    return any(_terms(written) == _terms(section.model_dump()) for written in declaration.hypotheses)


def _terms(written: Mapping[str, Any]) -> tuple[Any, ...]:
    """What bears on the test, defaults written out, numbers with the digits that a file keeps."""
    usual = {"design": SEALED_DESIGN, "segment": {}, "scale": "difference", "direction": "different"}
    terms = {name: written.get(name) for name in TERMS}
    terms |= {name: value for name, value in usual.items() if terms[name] is None}
    smallest = terms["smallest_effect"]
    terms["smallest_effect"] = None if smallest is None else f"{float(smallest):.12g}"
    return tuple(dict(value) if isinstance(value, Mapping) else value for value in terms.values())
