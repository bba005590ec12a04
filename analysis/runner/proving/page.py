"""What does the page say to whoever doubts the numbers? Every limit, every miss, every seed; made from tallies alone.

A section a design. The page holds no clock and nothing that was typed in by hand, so that a rebuild from the same
records is the same page. How a cell is told is left to `page_tables`, the words of a section to `page_words`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from analysis.runner.proving.hazards import HAZARDS, Design
from analysis.runner.proving.misses import misses_of
from analysis.runner.proving.page_money import money_part
from analysis.runner.proving.page_promises import promises_part
from analysis.runner.proving.page_tables import (
    HEAD,
    estimand_part,
    filled,
    gates_part,
    give_or_take,
    percent,
    row_of,
    series_part,
    table,
)
from analysis.runner.proving.page_words import SECTIONS
from analysis.runner.proving.proof import Proof
from analysis.runner.proving.records import DEFAULT
from analysis.runner.proving.tallies_beside import ERRORS_APART, ROADS_APART

PICTURE = "pictures/validation.svg"
_HOW_TO_READ = (
    "How to read the tables. Each row stands on companies of its own number and seeds, and its limits follow from that "
    "number. *Off by* is the mean of estimate less truth, of their logarithms for a ratio, then the same in standard "
    "errors; behind each ± is its Monte Carlo error, how far chance alone moves it. *Inside* is the share of companies "
    "in which the 95 % interval holds the truth, in brackets between which shares chance explains it, over all cells "
    "at once. *Width* is the interval's median, on the log scale for a ratio. *B* is the share of companies in which "
    "the claim is graded B or better. *Claims* are the shares that claim more, and less."
)
_NEW_LINE = "\n"


def page(proof: Proof) -> str:
    """The page in Markdown."""
    parts = [_head(proof), *(_section(proof, design) for design in SECTIONS), _files(proof), _rebuild(proof)]
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def _head(proof: Proof) -> str:
    series = [name for name in proof.hazards if HAZARDS[name].design == "change_log"]
    kinds = [name for name in proof.hazards if name not in series]
    made = [text for text in (_companies(proof, kinds), _series(proof, series)) if text]
    opening = (
        f"Made by `make prove`; nothing here is typed in by hand. {' '.join(made)} The true effect of every one is "
        "known. In each its study was run by the function that serves tables, without being told the truth"
    )
    opening += "; in experiments in arrays, the functions that the study calls." if proof.of("ab_randomised") else "."
    misses = misses_of(proof)
    verdict = f"Of {proof.judged:,} limits judged, {proof.judged - len(misses):,} were held."
    verdict += " None was missed." if not misses else f" Missed: {len(misses):,}."
    missed = "\n".join(f"- {miss}" for miss in misses)
    shown = f"![Estimates against the truth, and how often it was inside the interval]({PICTURE})\n\n"
    picture = shown if proof.of("before_after") else ""
    return f"""# Are the numbers right?

{filled(opening)}

**{verdict}**
{missed and f"{_NEW_LINE}{missed}{_NEW_LINE}"}
{picture}{filled(_HOW_TO_READ)}
"""


def _companies(proof: Proof, kinds: list[str]) -> str:
    if not kinds:
        return ""
    most = [_largest(proof, name) for name in kinds]
    sizes = sorted({customers for _, customers in most})
    told = "one kind" if len(kinds) == 1 else f"{len(kinds)} kinds"
    companies = sum(number for number, _ in most)
    return f"{companies:,} companies of {told} were made up, with {_or(f'{size:,}' for size in sizes)} customers each."


def _series(proof: Proof, kinds: list[str]) -> str:
    if not kinds:
        return ""
    return f"{sum(_largest(proof, name)[0] for name in kinds):,} monthly series and panels were made up."


def _largest(proof: Proof, hazard: str) -> tuple[int, int]:
    """How many companies of a hazard there are, and of what size."""
    cells = [cell for cell in proof.cells if cell.hazard == hazard and cell.estimator == DEFAULT]
    return max(((cell.n + cell.refused, cell.customers) for cell in cells), default=(0, 0))


def _section(proof: Proof, design: Design) -> str:
    """All that is said of one design; nothing where no company of it was made."""
    cells, section = proof.of(design), SECTIONS[design]
    if not cells:
        return ""
    if design == "segments":
        return f"## {section.title}\n\n{section.asked}\n\n{promises_part(cells, section.estimands)}"
    if design == "roi_case":
        return f"## {section.title}\n\n{section.asked}\n\n{money_part(cells, proof.chances, section)}"
    series = [cell for cell in cells if ":rho=" in cell.estimand]
    parts = [f"## {section.title}\n\n{section.asked}\n"]
    if series:
        parts.append(series_part(series))
    others = [cell for cell in cells if cell not in series]
    for estimand in dict.fromkeys(cell.estimand for cell in others if cell.estimator == DEFAULT):
        where = estimand.partition(":region=")[2]
        title = section.estimands.get(estimand, f"Orders, as a ratio, region {where}" if where else estimand)
        parts.append(estimand_part(title, [cell for cell in others if cell.estimand == estimand], section))
    gates = [cell for cell in proof.gates if HAZARDS[cell.hazard].design == design]
    if gates:
        parts.append(gates_part(gates, section))
    if design == "before_after":
        parts += [_hidden(proof, design, "by orders before"), _roads(proof)]
    if design == "ab_observational":
        parts.append(_hidden(proof, design, "by the orders of those without it"))
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def _hidden(proof: Proof, design: Design, weighted: str) -> str:
    cells = [cell for cell in proof.hidden if HAZARDS[cell.hazard].design == design]
    if not cells:
        return ""
    rows = [
        [
            f"`{cell.hazard}`",
            f"{cell.n:,}",
            f"{cell.share_contacted:.3f}",
            f"{cell.share_comparison:.3f}",
            f"{cell.growth:.3f}",
            f"{math.exp(cell.formula):.4f}",
            f"{math.exp(cell.found):.4f}",
            f"{cell.error:.4f}",
            f"{math.exp(math.copysign(cell.bound, cell.formula)):.4f}",
            "held" if cell.held else "**missed**",
        ]
        for cell in cells
    ]
    head = ["company", "companies", "share of contacted", "of comparison", "growth with / without"]
    head += ["bias by the formula", "bias found", "error of the gap (log)", "at most, by the bound", "verdict"]
    return f"""### The bias of a planted hidden cause

The formula that turns a hidden cause into a bias factor, held against causes that were planted: who has the cause,
weighted {weighted}, and how its bearers' orders grow against the others'.

{table(head, rows)}"""


def _roads(proof: Proof) -> str:
    if not proof.roads:
        return ""
    rows = [
        [
            f"`{cell.hazard}`",
            str(cell.n),
            f"{cell.apart:+.2f} (at most {cell.most_apart:.2f})",
            f"{cell.poisson_error:.3f}",
            f"{cell.bootstrap_error:.3f}" + give_or_take(cell.bootstrap_noise, 3),
            "held" if cell.held else "**missed**",
        ]
        for cell in proof.roads
    ]
    head = ["company", "companies", "Poisson regression, off ours in standard errors", "its error / ours",
            "bootstrap's error / ours", "verdict"]  # fmt: skip
    return f"""### Two other roads to the same effect

A Poisson regression on the same rows, and a bootstrap of customers. The first may lie {ROADS_APART} standard errors off
in any company (it weighs index months otherwise); the second's error within {percent(ERRORS_APART)} of ours, beyond
two Monte Carlo errors.

{table(head, rows)}"""


def _files(proof: Proof) -> str:
    main = [cell for cell in proof.files if cell.estimator == DEFAULT]
    if not main:
        return ""
    rows = []
    for cell in main:
        company, _, *figures = row_of(cell)
        rows.append([company, f"`{cell.estimand}`", f"{cell.customers:,}", *figures])
    head = ["company", "estimand", "customers", *HEAD[2:]]
    return f"""## Through files

Companies written to files, read through the contract and the query engine, and studied as a user's are.

{table(head, rows)}"""


def _rebuild(proof: Proof) -> str:
    rows = []
    for hazard in proof.hazards:
        cell = next(c for c in proof.cells if c.hazard == hazard)
        about = HAZARDS[hazard]
        rows.append([f"`{hazard}`", about.kind.replace("_", " "), about.about, f"{cell.first_seed}–{cell.last_seed}"])
    return f"""## Companies and seeds

{table(["company", "kind", "what is true of it", "seeds"], rows)}
## Rebuild it

```sh
make prove                                    # all of it: hours
touchstone prove --worlds 50 --hazard none    # a part, into reports/.proving
touchstone prove --records FOLDER             # the page alone, of records made before
```

A rerun goes on where the last one stopped, unless the code has changed that a study or its companies run through: each
design has records of its own, so that a change of one study does not throw away the companies of another. The estimator
of your own goes through the same companies: `analysis.runner.proving.own.prove`.
{_made(proof)}"""


def _made(proof: Proof) -> str:
    """Of which code the records are."""
    if not proof.made:
        return ""
    rows = [
        [
            SECTIONS[one.design].title,
            "through files" if one.files else "in arrays",
            f"`{one.code}`",
            "yes" if one.present else "no: an earlier one",
        ]
        for one in proof.made
    ]
    return f"\n{table(['records of', 'companies', 'code that made them', 'the code this page was made with'], rows)}"


def _or(words: Iterable[str]) -> str:
    return " or ".join(words)
