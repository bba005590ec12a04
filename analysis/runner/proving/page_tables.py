"""How is a cell told in a table? Rows, the matrix of what stands beside a study, gates; in Markdown.

What a section is called and what is asked in it is left to `page_words`, the order of the page to `page`.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from analysis.runner.proving.hazards import HAZARDS, RHOS
from analysis.runner.proving.page_words import WRONG, Section
from analysis.runner.proving.records import DEFAULT
from analysis.runner.proving.tallies import Cell
from analysis.runner.proving.tallies_beside import GateCell

HEAD = ("company", "estimator", "companies", "seeds", "truth", "off by", "in standard errors", "inside", "width", "B",
        "claims + / −", "verdict")  # fmt: skip
NOTHING = "–"
_WIDE = 120
_ONLY_SHOWN = ("adjusted", "queue", "plain_means", "weighted", "matched")
"""Not forbidden, though it does not stand."""
_INSIDE = (
    "and in brackets how often its 95 % interval holds the truth; **bold** where that is less often than chance "
    "explains"
)
_NOT_RUN = "In brackets how often it could not be run."
_SHOWN_FOR_WRONG = ("none", "effect", "queue_none", "queue_hidden", "rollout_growing", "contacts_none", "panel_unlike",
                    "trial_none", "trial_mismatch", "clusters_effect", "switchback_effect", "invitation_effect",
                    "looks_none", "users_effect", "users_hidden", "firsts_none")  # fmt: skip
"""What stands beside a study has rows of its own for these; for all others it is in the matrix."""


def estimand_part(title: str, cells: Sequence[Cell], section: Section) -> str:
    """The table of one estimand, and the matrix of what stands beside the study."""
    there = {cell.hazard for cell in cells}
    shown = [name for name in _SHOWN_FOR_WRONG if name in there]
    rows = [row_of(cell) for cell in cells if cell.estimator == DEFAULT]
    rows += [row_of(cell) for cell in cells if cell.estimator != DEFAULT and cell.hazard in shown]
    return f"### {title}\n\n{table(HEAD, rows)}{_matrix(cells, section)}"


def row_of(cell: Cell) -> list[str]:
    """A cell as a row under `HEAD`."""
    own = cell.estimator == DEFAULT
    width = _number(cell.width, 3) + (f" (≤ {cell.width_allowed:.3f})" if own and cell.width_allowed > 0 else "")
    inside, claims = NOTHING, NOTHING
    if not math.isnan(cell.coverage):
        inside = f"{cell.coverage:.3f} ({cell.accept_low:.3f}–{cell.accept_high:.3f})"
        claims = f"{100 * cell.up:.1f} / {100 * cell.down:.1f} %"
    return [
        f"`{cell.hazard}`",
        "the study" if own else WRONG.get(cell.estimator, cell.estimator),
        f"{cell.n:,}" + (f" + {cell.refused:,} refused" if cell.refused else ""),
        f"{cell.first_seed}–{cell.last_seed}",
        _number(cell.truth, 3),
        _number(cell.bias, 4, sign=True) + give_or_take(cell.bias_error, 4),
        _number(cell.bias_in_se, 2, sign=True) + give_or_take(cell.bias_error_in_se, 2),
        inside,
        width,
        percent(cell.share_b) if own and _graded(cell) else NOTHING,
        claims,
        _verdict(cell) if own else _beside(cell),
    ]


def _graded(cell: Cell) -> bool:
    return HAZARDS[cell.hazard].design != "change_log"


def _beside(cell: Cell) -> str:
    """Of an estimator that does not stand: shown only, and whether it is seen to fail."""
    name = "shown" if cell.estimator in _ONLY_SHOWN else "forbidden"
    return f"{name}, **fails**" if cell.n and cell.coverage < cell.accept_low else name


def _verdict(cell: Cell) -> str:
    if cell.held is None:
        return "not judged"
    return "held" if cell.held else "**missed: " + ", ".join(cell.missed) + "**"


def _matrix(cells: Sequence[Cell], section: Section) -> str:
    """The study and all that stands beside it for one estimand, in every kind of company."""
    names = [name for name in WRONG if any(cell.estimator == name for cell in cells)]
    if not names:
        return ""
    head = ["company", "the study", *(WRONG[name] for name in names)]
    found = {(cell.hazard, cell.estimator): cell for cell in cells}
    rows = []
    for hazard in dict.fromkeys(name for name, _ in found):
        told = [found.get((hazard, name)) for name in (DEFAULT, *names)]
        rows.append([f"`{hazard}`", *(NOTHING if cell is None or not cell.n else _brief(cell) for cell in told)])
    return f"\n{filled(section.beside.format(inside=_INSIDE))}\n\n{table(head, rows)}"


def _brief(cell: Cell) -> str:
    off = signed_percent(math.expm1(cell.bias)) if cell.ratio else f"{cell.bias:+.4f}"
    told = f"{off} ({NOTHING if math.isnan(cell.coverage) else percent(cell.coverage)})"
    return f"**{told}**" if cell.coverage < cell.accept_low else told


def series_part(cells: Sequence[Cell]) -> str:
    """How often each way of fitting an interrupted series holds the truth, a row a length, a rho and an effect."""
    found = {(cell.hazard, cell.estimand, cell.estimator): cell for cell in cells}
    names = [name for name in WRONG if any(cell.estimator == name for cell in cells)]
    head = ["series", "effect", "rho", "series made", "seeds", "truth", "the study: inside", "off, standard errors",
            *(f"{WRONG[name]}: inside" for name in names), "verdict"]  # fmt: skip
    rows = []
    for hazard in dict.fromkeys(cell.hazard for cell in cells):
        for effect, rho in ((effect, rho) for effect in ("level", "slope") for rho in RHOS):
            estimand = f"{effect}_difference:rho={rho:g}"
            own = found.get((hazard, estimand, DEFAULT))
            if own is None:
                continue
            beside = [found.get((hazard, estimand, name)) for name in names]
            rows.append(
                [
                    f"`{hazard}`",
                    {"level": "step", "slope": "bend"}[effect],
                    f"{rho:g}",
                    f"{own.n:,}",
                    f"{own.first_seed}–{own.last_seed}",
                    f"{own.truth:g}",
                    f"{own.coverage:.3f} (≥ {own.accept_low:.3f})",
                    f"{own.bias_in_se:+.2f}" + give_or_take(own.bias_error_in_se, 2),
                    *(NOTHING if cell is None else _held_by(cell) for cell in beside),
                    _verdict(own),
                ]
            )
    return f"### Series: is the truth inside?\n\n{table(head, rows)}"


def _held_by(cell: Cell) -> str:
    return f"**{cell.coverage:.3f}**" if cell.coverage < cell.accept_low else f"{cell.coverage:.3f}"


def gates_part(gates: Sequence[GateCell], section: Section) -> str:
    """How often each gate failed, and could not be run, by outcome."""
    parts = ["### The gates: how often each fails", "", filled(section.gates.format(not_run=_NOT_RUN))]
    for outcome in dict.fromkeys(cell.outcome for cell in gates):
        cells = [cell for cell in gates if cell.outcome == outcome]
        names = list(dict.fromkeys(cell.gate for cell in cells))
        found = {(cell.hazard, cell.gate): cell for cell in cells}
        rows = []
        for hazard in dict.fromkeys(cell.hazard for cell in cells):
            shares = [found.get((hazard, gate)) for gate in names]
            told = [NOTHING if cell is None else _gate(cell) for cell in shares]
            companies = max(cell.n for cell in shares if cell is not None)
            rows.append([f"`{hazard}`", HAZARDS[hazard].kind.replace("_", " "), f"{companies:,}", *told])
        head = ["company", "kind", "companies", *(gate.replace("_", " ") for gate in names)]
        parts += ["", f"#### {outcome}", "", table(head, rows)]
    return "\n".join(parts)


def _gate(cell: GateCell) -> str:
    told = f"{100 * cell.failed:.1f} %" + (f" ({percent(cell.not_run)})" if cell.not_run else "")
    if cell.asked is None:
        return told
    low, high = cell.asked
    limit = f"≥ {100 * low:.1f} %" if low > 0 else f"≤ {100 * high:.1f} %"
    return f"{told}, {limit}" if cell.held else f"**{told}, missed: {limit}**"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under a head, in Markdown.

    Examples
    --------
    >>> print(table(["a", "b"], [["1", "2"]]), end="")
    | a | b |
    | --- | --- |
    | 1 | 2 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def filled(words: str) -> str:
    """A paragraph in lines of the page's width.

    Examples
    --------
    >>> filled("a b " * 40).count("\\n")
    1
    """
    return textwrap.fill(words, _WIDE, break_long_words=False, break_on_hyphens=False)


def percent(share: float) -> str:
    """A share in whole per cent."""
    return f"{100 * share:.0f} %"


def give_or_take(error: float, digits: int) -> str:
    """A Monte Carlo error, where more than one company tells one."""
    return "" if math.isnan(error) else f" ± {error:.{digits}f}"


def signed_percent(share: float) -> str:
    """A share in per cent with its sign."""
    return NOTHING if math.isnan(share) else f"{100 * share:+.1f} %"


def _number(value: float, digits: int, *, sign: bool = False) -> str:
    """A number, or a dash where there is none; without end where an interval has none."""
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "no end"
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
