"""How is the proof of the case in money told? What cases said of their worth, what is forbidden, and chances said.

Words of the section are left to `page_words`, other cells to `page_tables`.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.runner.proving.page_tables import NOTHING, filled, give_or_take, percent, table
from analysis.runner.proving.page_words import WRONG, Section
from analysis.runner.proving.records import DEFAULT
from analysis.runner.proving.tallies import Cell
from analysis.runner.proving.tallies_money import ChanceCell

ERRORS_A_WIDTH = 3.29
"""Standard errors from one end of a 90 % interval to the other, of a bell."""
_CHANCES = (
    "Chances said over all companies of the section, in bands. What agents cost was set by lot, widely round what "
    "makes the case worth nothing, so that a chance can be right at all: among cases that say 80 %, eight in ten must "
    "be worth more than nothing. *Brier* is the mean square of chance less outcome, in brackets what it is on average "
    "where the chances are right."
)

_KINDS = {
    "positive_known": "Assumptions at their true values",
    "positive_drawn": "True values drawn from the ranges that were stated",
}


def money_part(cells: Sequence[Cell], chances: Sequence[ChanceCell], section: Section) -> str:
    """Worth by estimand, what stands beside it, and chances."""
    parts = []
    for estimand, title in section.estimands.items():
        own = [cell for cell in cells if cell.estimand == estimand]
        if own:
            parts.append(f"### {title}\n\n{_worth(own)}{_beside(own, section)}")
    if chances:
        parts.append(_chances(chances))
    return "\n".join(parts)


def _worth(cells: Sequence[Cell]) -> str:
    rows = [
        [
            f"`{cell.hazard}`",
            f"{cell.n:,}" + (f" + {cell.refused:,} refused" if cell.refused else ""),
            f"{cell.first_seed}–{cell.last_seed}",
            f"{cell.truth:,.0f}",
            f"{cell.bias:+,.0f}" + give_or_take(cell.bias_error, 0),
            _in_widths(cell),
            f"{cell.coverage:.3f} ({cell.accept_low:.3f}–{cell.accept_high:.3f})",
            f"{cell.width:,.0f}",
            "held" if cell.held else "**missed: " + ", ".join(cell.missed) + "**",
        ]
        for cell in cells
        if cell.estimator == DEFAULT
    ]
    head = ["company", "companies", "seeds", "true worth, EUR", "middle case off by, EUR", "in widths", "inside",
            "width, EUR", "verdict"]  # fmt: skip
    return table(head, rows)


def _in_widths(cell: Cell) -> str:
    return f"{cell.bias_in_se / ERRORS_A_WIDTH:+.3f}" + give_or_take(cell.bias_error_in_se / ERRORS_A_WIDTH, 3)


def _beside(cells: Sequence[Cell], section: Section) -> str:
    """The case and those that are forbidden, in every kind of company."""
    names = [name for name in WRONG if any(cell.estimator == name for cell in cells)]
    if not names:
        return ""
    found = {(cell.hazard, cell.estimator): cell for cell in cells}
    rows = []
    for hazard in dict.fromkeys(cell.hazard for cell in cells):
        told = [found.get((hazard, name)) for name in (DEFAULT, *names)]
        own = told[0]
        rows.append([f"`{hazard}`", *(NOTHING if cell is None or not cell.n else _brief(cell, own) for cell in told)])
    head = ["company", "the case", *(WRONG[name] for name in names)]
    return f"\n{filled(section.beside)}\n\n{table(head, rows)}"


def _brief(cell: Cell, own: Cell | None) -> str:
    """How far off, how often inside; and how far from the case of the same companies, where they are the same."""
    told = f"{cell.bias_in_se / ERRORS_A_WIDTH:+.3f} ({percent(cell.coverage)})"
    fails = cell.coverage < cell.accept_low or abs(cell.bias) > cell.bias_allowed
    told = f"**{told}**" if fails else told
    if own is None or cell is own or cell.n != own.n:
        return told
    return f"{told}; {(cell.value - own.value) / (ERRORS_A_WIDTH * own.se):+.3f}"


def _chances(chances: Sequence[ChanceCell]) -> str:
    parts = [f"### Chances of being worth more than nothing\n\n{filled(_CHANCES)}\n"]
    for estimand in dict.fromkeys(cell.estimand for cell in chances):
        rows = [
            [
                cell.band,
                f"{cell.n:,}",
                f"{cell.said:.3f}",
                f"{cell.found:.3f} (± {cell.allowed:.3f})",
                f"{cell.brier:.3f} ({cell.brier_said:.3f})",
                "held" if cell.held else "**missed**",
            ]
            for cell in chances
            if cell.estimand == estimand
        ]
        rows.append(_all([cell for cell in chances if cell.estimand == estimand]))
        head = ["said", "companies", "mean said", "worth more than nothing", "Brier", "verdict"]
        parts.append(f"#### {_KINDS[estimand]}\n\n{table(head, rows)}")
    return "\n".join(parts)


def _all(chances: Sequence[ChanceCell]) -> list[str]:
    """All bands of one kind of case as a last row."""
    n = sum(cell.n for cell in chances)
    said, found, brier, if_right = (
        sum(cell.n * getattr(cell, name) for cell in chances) / n for name in ("said", "found", "brier", "brier_said")
    )
    return ["all", f"{n:,}", f"{said:.3f}", f"{found:.3f}", f"{brier:.3f} ({if_right:.3f})", NOTHING]
