"""What is said of one design on the page? Its section: what is asked, tables, gates, what stands beside.

How a cell is told is left to `page_tables`, the words to `page_words`, the page as a whole to `page`.
"""

from __future__ import annotations

import math

from analysis.runner.proving.hazards import HAZARDS, Design
from analysis.runner.proving.page_money import money_part
from analysis.runner.proving.page_promises import promises_part
from analysis.runner.proving.page_tables import (
    HEAD,
    estimand_part,
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


def section_of(proof: Proof, design: Design) -> str:
    """All that is said of one design, in Markdown; nothing where no company of it was made."""
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


def rows_through_files(proof: Proof, design: Design) -> str:
    """The table of a design's companies that went through files, in Markdown; nothing where there is none."""
    rows = []
    for cell in proof.files:
        if cell.estimator == DEFAULT and HAZARDS[cell.hazard].design == design:
            company, _, *figures = row_of(cell)
            rows.append([company, f"`{cell.estimand}`", f"{cell.customers:,}", *figures])
    return table(["company", "estimand", "customers", *HEAD[2:]], rows) if rows else ""
