"""Which pages does a report have, and what do they say of themselves? Notebook in, page out, all of them or none.

How a page looks is left to `analysis.reporting`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.provenance import write_atomically
from analysis.reporting.formats import speaking
from analysis.reporting.wording import words
from analysis.runner.notebook import read_notebook
from analysis.runner.steps import Step
from analysis.runner.study import Study

if TYPE_CHECKING:
    from nbformat import NotebookNode

FRONT = "summary"


def page_name(step: str) -> str:
    """The file of a step's page; the summary is what one opens.

    Examples
    --------
    >>> page_name("summary"), page_name("metrics")
    ('index.html', 'metrics.html')
    """
    return "index.html" if step == FRONT else f"{step}.html"


def render_pages(
    study: Study,
    run: str,
    steps: Sequence[Step],
    documents: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    *,
    only: Collection[str] | None = None,
) -> list[Path]:
    """Write the page of each step, once all of them could be made.

    Parameters
    ----------
    study : Study
        Recording into the folder of the run, which holds the executed notebooks.
    run : str
    steps : sequence of Step
        Those whose notebooks were executed to the end.
    documents : mapping of str to sequence of (label, file), optional
        By step, the documents that its page leads to; they lie beside it.
    only : collection of str, optional
        The steps whose pages are written now; each leads to the pages of all. All unless given.
    """
    wanted = {step.name for step in steps} if only is None else set(only)
    with speaking(study.values.report.locale):
        return _pages(study, run, steps, documents or {}, wanted)


def _pages(
    study: Study,
    run: str,
    steps: Sequence[Step],
    documents: Mapping[str, Sequence[tuple[str, str]]],
    wanted: Collection[str],
) -> list[Path]:
    from analysis.reporting.page import render_page  # here: a plan names pages and draws none
    from analysis.reporting.summary import status_in_words

    results = study.results()
    in_order = sorted(steps, key=lambda step: step.name != FRONT)
    nav = [(step.title, page_name(step.name)) for step in in_order]
    pages = {}
    for step in in_order:
        if step.name not in wanted:
            continue
        notebook = read_notebook(study.folder / "notebooks" / f"{step.name}.ipynb")
        pages[page_name(step.name)] = render_page(
            notebook,
            title=heading(notebook) or step.title,
            study=study.name,
            nav=nav,
            current=page_name(step.name),
            reproduction=_reproduction(study, results, run),
            state=status_in_words(results),
            period=period_in_words(results),
            documents=documents.get(step.name, ()),
            passing_on=_passing_on(study),
        )
    for name, page in pages.items():
        write_atomically(study.folder / name, page.encode())
    return [study.folder / name for name in pages]


def heading(notebook: NotebookNode) -> str | None:
    """The heading a notebook opens with."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            first = cell.source.strip().partition("\n")[0]
            return first.removeprefix("# ").strip() if first.startswith("# ") else None
    return None


def _reproduction(study: Study, results: Mapping[str, Any], run: str) -> dict[str, object]:
    provenance = results["provenance"]
    data = study.values.data
    somewhere = data.folder is not None or (data.sources is not None and all(one.path for one in data.sources))
    same = "the same tables, known by the hashes below"
    return {
        "command": f"touchstone run {study.params.name}" + ("" if somewhere else " --data FOLDER"),
        "with": same if somewhere else f"FOLDER holding {same}",
        "run": run,
        "tables known at": results["known_at"],
        "time zone": (results["period"] or {}).get("timezone", "UTC"),
        "parameters": provenance["params"],
        "tables": provenance["inputs"],
        "code": provenance["code"],
        "packages": provenance["packages"],
    }


def _passing_on(study: Study) -> list[tuple[str, str]]:
    """What each of the commands does that a finished report is for."""
    return [
        ("To sign it", f"touchstone sign {study.name} --as NAME --role approver"),
        ("To see that nothing was changed since", "touchstone verify"),
        ("To send it, as a zip without personal data", f"touchstone share {study.name}"),
    ]


def period_in_words(results: Mapping[str, Any]) -> str:
    """The days that a report covers, in the locale in force; nothing where it has no period."""
    period = results["period"]
    if period is None:
        return ""
    last = date.fromisoformat(period["end"]) - timedelta(days=1)
    return f"{words().day(period['start'])} to {words().day(last)} ({period['timezone']})"
