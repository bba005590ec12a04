"""What do readers get of what was executed? Pages, tables and a PDF, all under the run's own name.

Pages of all steps but the last are made beside it, and then the documents that pages lead to (`Beside`); all else once
every step is recorded. What cannot be made here for want of a library, the PDF, is said once and left out, and no page
leads to it. How each of them looks is left to `analysis.reporting`, the seal to `run`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.foundation.provenance import fingerprint, fingerprint_of_bytes, write_atomically
from analysis.reporting.formats import speaking
from analysis.runner.documents import CASE, Document, documents_led_to, documents_of
from analysis.runner.notebook import STAMP, stamp_of
from analysis.runner.pages import FRONT, page_name, period_in_words, render_pages
from analysis.runner.printing import REPORT, Press, press
from analysis.runner.results import RESULTS

if TYPE_CHECKING:
    from analysis.runner.manifest import StepStatus
    from analysis.runner.steps import Step
    from analysis.runner.study import Study

WHOLE = "The whole report as a PDF, to be printed or read offline (.pdf)"
SHORT = "The summary and the case in money as a PDF, to be printed or read offline (.pdf)"
FOR_EXECUTIVES = (FRONT, CASE)
"""The pages that are printed for executives; for analysts all are."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is made beside the last notebook, of a report that would have `steps`: pages, then documents.

    `printer` is the press that waits; `pages` come to the steps whose pages were made.
    """

    printer: Press
    steps: tuple[str, ...]
    pages: Future[frozenset[str]]
    documents: Future[object]

    def pages_of(self, steps: Sequence[Step]) -> frozenset[str]:
        """The pages that were made, once they are, where the report has these very steps."""
        made = self.pages.result()
        return made if self.steps == tuple(_names(steps)) else frozenset()


def outputs_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """The files beside its pages that a report of these steps would have, where nothing is missing.

    Examples
    --------
    >>> outputs_of([])
    ('report.pdf', 'tables/README.txt')
    """
    from analysis.reporting.tidy import OVERVIEW

    return (*documents_of(steps), REPORT, OVERVIEW)


def write_ahead(
    study: Study, run: str, steps: Sequence[Step], coming: Sequence[Step], printer: Press
) -> frozenset[str]:
    """Make the pages of steps that are done while others are `coming`; the names of those steps.

    `steps` are those that the report will have if none of those to come is left out.
    """
    pages = frozenset(_names(steps)) - frozenset(_names(coming))
    render_pages(study, run, steps, _leading(study, steps, printer.lack), only=pages)
    return pages


def write_outputs(
    study: Study,
    run: str,
    steps: Sequence[Step],
    say: Callable[[str], None] = lambda line: None,
    beside: Beside | None = None,
) -> None:
    """Write everything that is made of executed notebooks.

    Parameters
    ----------
    study : Study
        Recording into the folder of the run, with all parts and `results.json`.
    run : str
    steps : sequence of Step
        Those that were executed to the end.
    say : callable of str, optional
        Told what could not be made here.
    beside : Beside, optional
        What was begun before.
    """
    with press() if beside is None else nullcontext(beside.printer) as printer:
        lack = printer.lack
        if lack:
            say(f"The report is made without its PDF: {lack}. `touchstone doctor` tells what is missing.")
        led_to = _leading(study, steps, lack)
        there = frozenset() if beside is None else beside.pages_of(steps)
        printed, others = (_names(part) for part in _printed(study, steps))
        render_pages(study, run, steps, led_to, only=[name for name in printed if name not in there])
        if lack is None:
            printer.begin(_asked(study, run, steps))  # beside what it does not print
        if left := [name for name in others if name not in there]:
            render_pages(study, run, steps, led_to, only=left)
        _write_tables(study, run, steps)
        if beside is not None:
            beside.documents.result()
        if lack is None and not _is_there(printer, study):
            say("The report is made without its PDF: printing it failed. Everything else is as it should be.")
            (study.folder / REPORT).unlink(missing_ok=True)
            render_pages(study, run, steps, _leading(study, steps, ""))


def stamped(study: Study, run: str, steps: Mapping[str, StepStatus]) -> dict[str, StepStatus]:
    """Let each executed notebook say which run it belongs to; the steps with the hashes of their files as they are now.

    A notebook taken over from an earlier run is given the name of this one.
    """
    found = dict(steps)
    for name, step in steps.items():
        file = f"notebooks/{name}.ipynb"
        path = study.folder / file
        if file not in step.files or not path.is_file():
            continue
        notebook = json.loads(path.read_bytes())
        if notebook["metadata"].get(STAMP) != stamp_of(study.name, run):
            notebook["metadata"][STAMP] = stamp_of(study.name, run)
            text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": "))
            write_atomically(path, f"{text}\n".encode())
            found[name] = replace(step, files={**step.files, file: fingerprint(path)})
    return found


def _write_tables(study: Study, run: str, steps: Sequence[Step]) -> None:
    """Write the tables of the results, and of the charts of each page."""
    from analysis.reporting.tidy import behind_charts, table_files, tables_of_results

    tables = tables_of_results(study.results())
    for step in sorted(steps, key=lambda one: one.name):
        path = study.folder / "notebooks" / f"{step.name}.ipynb"
        tables += behind_charts(json.loads(path.read_bytes()), step.name)
    stamp = {"study": study.name, "run": run, "results": fingerprint_of_bytes((study.folder / RESULTS).read_bytes())}
    for name, content in table_files(tables, stamp).items():
        (study.folder / name).parent.mkdir(exist_ok=True)
        write_atomically(study.folder / name, content)


def _leading(study: Study, steps: Sequence[Step], lack: str | None) -> dict[str, list[Document]]:
    """Which documents each page leads to: its own and those of the whole report, the PDF where nothing lacks for it."""
    from analysis.reporting.tidy import OVERVIEW

    documents = documents_led_to(steps, study.results())
    tables = ("The tables of this report, as files for other programs (.csv, .parquet)", OVERVIEW)
    everywhere = [(_called(study, steps), REPORT), tables] if lack is None else [tables]
    return {step.name: [*documents.get(step.name, ()), *everywhere] for step in steps}


def _printed(study: Study, steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """The pages printed for whom the report is written, in the order in which they are read, and those that are not."""
    in_order = sorted(steps, key=lambda step: step.name != FRONT)
    if study.values.report.audience == "analyst":
        return in_order, []
    ours = [step for step in in_order if step.name in FOR_EXECUTIVES]
    return ours, [step for step in in_order if step not in ours]


def _names(steps: Sequence[Step]) -> list[str]:
    return [step.name for step in steps]


def _called(study: Study, steps: Sequence[Step]) -> str:
    """What the PDF is called where pages lead to it."""
    pages, others = _printed(study, steps)
    if not others:
        return WHOLE
    return SHORT if len(pages) > 1 else "The summary as a PDF, to be printed or read offline (.pdf)"


def _asked(study: Study, run: str, steps: Sequence[Step]) -> dict[str, Any]:
    from analysis.reporting.summary import status_in_words  # here: a plan names documents and makes none

    results = study.results()
    pages, others = _printed(study, steps)
    with speaking(study.values.report.locale):
        period, state = period_in_words(results), f"Status: {status_in_words(results)}"
    return {
        "folder": str(study.folder),
        "file": REPORT,
        "pages": [(step.title, page_name(step.name)) for step in pages],
        "beside": [step.title for step in others],
        "study": study.name,
        "run": run,
        "period": period,
        "state": state,
    }


def _is_there(printer: Press, study: Study) -> bool:
    return printer.ends_well() and (study.folder / REPORT).is_file()
