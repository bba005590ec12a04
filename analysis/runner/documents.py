"""Which documents does a report have beside its pages? The case in money as a workbook and as slides.

A document is made in the runner once the results are whole, beside the steps that read them. The case is that which its
notebook left, or is worked out again from the recorded effects and the same tables where the step was done by an
earlier run; it must come to what is in the results, to the last digit. How a document looks is left to
`analysis.reporting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from analysis.foundation.provenance import canonical_json, write_atomically
from analysis.runner.steps import Step, step_named

if TYPE_CHECKING:
    from analysis.roi.case import RoiCase
    from analysis.runner.study import Study

CASE = "roi_case"
WORKBOOK, DECK = "case.xlsx", "case.pptx"
Document = tuple[str, str]
"""What a document is called on the page, and its file beside it."""


def documents_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """The files that `write_documents` would write for these steps.

    Examples
    --------
    >>> documents_of([step_named("metrics")]), documents_of([step_named("roi_case")])
    ((), ('case.xlsx', 'case.pptx'))
    """
    return (WORKBOOK, DECK) if CASE in {step.name for step in steps} else ()


def documents_led_to(steps: Sequence[Step], results: Mapping[str, Any]) -> dict[str, list[Document]]:
    """By step, the documents that its page leads to, known before they are made."""
    if CASE not in {step.name for step in steps} or results.get("roi") is None:
        return {}
    return {
        CASE: [
            ("The case as a workbook: change an assumption and see what it does (.xlsx)", WORKBOOK),
            ("The case as slides, with charts that can be edited (.pptx)", DECK),
        ]
    }


def write_documents(
    study: Study, run: str, steps: Sequence[Step], case: RoiCase | None = None
) -> dict[str, list[Document]]:
    """Write the documents of a report; by step, those that its page leads to.

    Parameters
    ----------
    study : Study
        Recording into the folder of the run, with all parts and `results.json`.
    run : str
    steps : sequence of Step
        Those that were executed to the end.
    case : RoiCase, optional
        As its notebook left it before anything was done with it; worked out again by default.

    Raises
    ------
    DesignError
        If a document cannot hold the case, such as a formula too long for a cell.
    ValueError
        If the case is not the one in the results.
    """
    results = study.results()
    led_to = documents_led_to(steps, results)
    if not led_to:
        return led_to
    from analysis.reporting.deck import case_deck
    from analysis.reporting.workbook import case_workbook

    if case is None or not _is_of(case, results):
        case = _worked_out(study)
        if not _is_of(case, results):
            raise ValueError("The case of the workbook is not the case in the results.")
    locale = study.values.report.locale
    book = case_workbook(case, results=results, run=run, locale=locale)
    deck = case_deck(case, results, run=run, locale=locale)
    write_atomically(study.folder / WORKBOOK, book)
    write_atomically(study.folder / DECK, deck)
    return led_to


def _is_of(case: RoiCase, results: Mapping[str, Any]) -> bool:
    return canonical_json(case.to_parts()["roi"]) == canonical_json(results["roi"])


def _worked_out(study: Study) -> RoiCase:
    """The case with its formulas and draws, which results do not hold."""
    call = step_named(CASE).call
    assert call is not None
    try:
        with threadpool_limits(1):
            return call(study)  # type: ignore[no-any-return]
    finally:
        study.close()
