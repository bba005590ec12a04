"""What does the page say to whoever doubts the numbers? Every limit, every miss, every seed; made from tallies alone.

The page holds no clock and nothing that was typed in by hand, so that a rebuild from the same records is the same page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.misses import misses_of
from analysis.runner.proving.proof import Proof
from analysis.runner.proving.tallies import (
    BIAS_ALLOWED,
    DEFAULT,
    ERROR_OF_ALL,
    ERRORS_APART,
    FOUND,
    REFERENCE_CUSTOMERS,
    REFERENCE_WIDTH,
    ROADS_APART,
    SHARE_B,
    SHARE_B_BROKEN,
    WIDTH_ALLOWED,
    Cell,
)

PICTURE = "pictures/validation.svg"
_HEAD = ("company", "estimator", "companies", "seeds", "truth", "off by", "in standard errors", "inside", "width", "B",
         "claims + / −", "verdict")  # fmt: skip
TITLES = {
    "orders_ratio": "Orders, as a ratio",
    "orders_difference": "Orders, as a difference per contacted customer",
    "issues_ratio": "Issues, as a ratio",
    "retained_difference": "Customers who stay, as a difference of shares (second generator)",
}
WRONG = {
    "before_after": "raw: own months after / before",
    "user_gap": "raw: users of social / others",
    "ratio_per_stratum": "one ratio per fully crossed stratum, pooled",
    "prior_order_strata": "strata on prior orders of the baseline window",
    "additive_did": "additive difference-in-differences",
    "low_band": "low spend band of the baseline window",
    "high_band": "high spend band of the baseline window",
    "issues_ratio_did": "ratio DiD on earlier issues",
    "issues_recent_strata": "after only, strata of six months",
    "issues_before_after": "raw: after / before with the index month",
}
_NOTHING, _NEW_LINE = "–", "\n"


def page(proof: Proof) -> str:
    """The page in Markdown."""
    parts = [
        _head(proof),
        *(_estimand(proof, estimand) for estimand in _estimands(proof.cells)),
        _gates(proof),
        _hidden(proof),
        _roads(proof),
        _files(proof),
        _rebuild(proof),
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def _head(proof: Proof) -> str:
    arrays = [cell for cell in proof.cells if cell.estimator == DEFAULT and cell.estimand == "orders_ratio"]
    companies = sum(cell.n + cell.refused for cell in arrays)
    sizes = sorted({cell.customers for cell in arrays})
    misses = misses_of(proof)
    verdict = f"Of {proof.judged:,} limits judged, {proof.judged - len(misses):,} were held."
    verdict += " None was missed." if not misses else f" Missed: {len(misses):,}."
    missed = "\n".join(f"- {miss}" for miss in misses)
    return f"""# Are the numbers right?

Made by `make prove`; nothing here is typed in by hand. {companies:,} companies of {_kinds(proof)} were made
up, with {_among(f"{size:,}" for size in sizes)} customers each; the true effect of every one is known. In each the
default before-and-after study was run by the function that serves tables, without being told the truth.

**{verdict}**
{missed and f"{_NEW_LINE}{missed}{_NEW_LINE}"}
![Estimates against the truth, and how often it was inside the interval]({PICTURE})

How to read the tables. Each row stands on companies of its own number and seeds, and its limits follow from that
number. *Off by* is the mean of estimate less truth, of their logarithms for a ratio, then the same in standard errors;
behind each ± is its Monte Carlo error, how far chance alone moves it. *Inside* is the share of companies in which the
95 % interval holds the truth, in brackets between which shares chance explains it, over all cells at once. *Width* is
the interval's median, on the log scale for a ratio. *B* is the share of companies in which the claim is graded B.
*Claims* are the shares that claim more, and less.

What is asked of the study in sound companies:

- the truth inside as often as said: 0.95 ± z·√(0.0475/n), n the companies of the row, z such that chance misses any
  cell in {_percent(ERROR_OF_ALL)} of proofs;
- off by at most {BIAS_ALLOWED} standard errors, beyond two Monte Carlo errors;
- intervals of orders no wider than {WIDTH_ALLOWED} × {REFERENCE_WIDTH} at {REFERENCE_CUSTOMERS:,} customers
  (by the square root at other sizes);
- where no effect exists, claims of one in 2.5 % to either side, but for chance;
- at {REFERENCE_CUSTOMERS:,} customers, a grade B for orders in {_percent(SHARE_B)} or more, and an effect of 10 % found
  in {_percent(FOUND)} or more.

Where the design is broken or a strong hidden cause acts, at most {_percent(SHARE_B_BROKEN)} may be graded B. A weak
hidden cause cannot be seen in any data: there nothing is asked but that the formula gives the bias. Grades are judged
at {REFERENCE_CUSTOMERS:,} customers or more, since in a smaller company gates see too little to be passed, and of
orders as a ratio only: issues, what support costs, and shares are graded C at most, whatever their gates say.
"""


def _kinds(proof: Proof) -> str:
    return "one kind" if len(proof.hazards) == 1 else f"{len(proof.hazards)} kinds"


def _estimands(cells: Iterable[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.estimand for cell in cells if cell.estimator == DEFAULT))


def _estimand(proof: Proof, estimand: str) -> str:
    cells = [cell for cell in proof.cells if cell.estimand == estimand]
    rows = [_row(cell) for cell in cells if cell.estimator == DEFAULT]
    rows += [_row(cell) for cell in cells if cell.estimator != DEFAULT and cell.hazard in _shown_for_wrong(cells)]
    where = estimand.partition(":region=")[2]
    title = TITLES.get(estimand, f"Orders, as a ratio, region {where}" if where else estimand)
    return f"## {title}\n\n{_table(_HEAD, rows)}{_matrix(cells)}"


def _shown_for_wrong(cells: Sequence[Cell]) -> tuple[str, ...]:
    """The raw and forbidden estimators have rows of their own for these; for all others they are in the matrix."""
    there = {cell.hazard for cell in cells}
    return tuple(name for name in ("none", "effect") if name in there)


def _row(cell: Cell) -> list[str]:
    own = cell.estimator == DEFAULT
    width = f"{cell.width:.3f}" + (f" (≤ {cell.width_allowed:.3f})" if own and cell.width_allowed > 0 else "")
    return [
        f"`{cell.hazard}`",
        "the study" if own else WRONG.get(cell.estimator, cell.estimator),
        f"{cell.n:,}" + (f" + {cell.refused:,} refused" if cell.refused else ""),
        f"{cell.first_seed}–{cell.last_seed}",
        f"{cell.truth:.3f}",
        f"{cell.bias:+.4f}" + _give_or_take(cell.bias_error, 4),
        f"{cell.bias_in_se:+.2f}" + _give_or_take(cell.bias_error_in_se, 2),
        f"{cell.coverage:.3f} ({cell.accept_low:.3f}–{cell.accept_high:.3f})",
        width,
        _percent(cell.share_b) if own else _NOTHING,
        f"{100 * cell.up:.1f} / {100 * cell.down:.1f} %",
        _verdict(cell) if own else _wrong(cell),
    ]


def _wrong(cell: Cell) -> str:
    return "forbidden, **fails**" if cell.n and cell.coverage < cell.accept_low else "forbidden"


def _verdict(cell: Cell) -> str:
    if cell.held is None:
        return "not judged"
    return "held" if cell.held else "**missed: " + ", ".join(cell.missed) + "**"


def _matrix(cells: Sequence[Cell]) -> str:
    """The study and every raw or forbidden estimator of one estimand, in every kind of company."""
    names = [name for name in WRONG if any(cell.estimator == name for cell in cells)]
    if not names:
        return ""
    head = ["company", "the study", *(WRONG[name] for name in names)]
    found = {(cell.hazard, cell.estimator): cell for cell in cells}
    rows = []
    for hazard in dict.fromkeys(name for name, _ in found):
        told = [found.get((hazard, name)) for name in (DEFAULT, *names)]
        rows.append([f"`{hazard}`", *(_NOTHING if cell is None or not cell.n else _brief(cell) for cell in told)])
    return f"""
The study beside the raw and the forbidden estimators: by how much each is off, and in brackets how often its 95 %
interval holds the truth; **bold** where that is less often than chance explains. They are run on the same rows and
with intervals made as carefully, to show why they are not used.

{_table(head, rows)}"""


def _brief(cell: Cell) -> str:
    off = _signed_percent(math.expm1(cell.bias)) if cell.ratio else f"{cell.bias:+.4f}"
    told = f"{off} ({_percent(cell.coverage)})"
    return f"**{told}**" if cell.coverage < cell.accept_low else told


def _gates(proof: Proof) -> str:
    if not proof.gates:
        return ""
    parts = [
        "## The gates: how often each fails",
        "",
        "A gate repeats the study where nothing can have happened. In sound companies its failures are its size; in",
        "broken ones, its power. In brackets how often it could not be run. Checks of the groups themselves stand",
        "beside them, and, as never run, what no design could test: it caps the grade by rule. One customer who",
        "carries too much is a gate only where drawing customers again gives no interval either.",
    ]
    for outcome in dict.fromkeys(cell.outcome for cell in proof.gates):
        cells = [cell for cell in proof.gates if cell.outcome == outcome]
        gates = list(dict.fromkeys(cell.gate for cell in cells))
        found = {(cell.hazard, cell.gate): cell for cell in cells}
        rows = []
        for hazard in dict.fromkeys(cell.hazard for cell in cells):
            shares = [found.get((hazard, gate)) for gate in gates]
            told = [_NOTHING if cell is None else _gate(cell.failed, cell.not_run) for cell in shares]
            companies = max(cell.n for cell in shares if cell is not None)
            rows.append([f"`{hazard}`", HAZARDS[hazard].kind.replace("_", " "), f"{companies:,}", *told])
        head = ["company", "kind", "companies", *(gate.replace("_", " ") for gate in gates)]
        parts += ["", f"### {outcome}", "", _table(head, rows)]
    return "\n".join(parts)


def _gate(failed: float, not_run: float) -> str:
    return f"{100 * failed:.1f} %" + (f" ({_percent(not_run)})" if not_run else "")


def _hidden(proof: Proof) -> str:
    if not proof.hidden:
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
        for cell in proof.hidden
    ]
    head = ["company", "companies", "share of contacted", "of comparison", "growth with / without"]
    head += ["bias by the formula", "bias found", "error of the gap (log)", "at most, by the bound", "verdict"]
    return f"""## The bias of a planted hidden cause

The formula that turns a hidden cause into a bias factor, held against causes that were planted: who has the cause,
weighted by orders before, and how its bearers' orders grow against the others'.

{_table(head, rows)}"""


def _roads(proof: Proof) -> str:
    if not proof.roads:
        return ""
    rows = [
        [
            f"`{cell.hazard}`",
            str(cell.n),
            f"{cell.apart:+.2f} (at most {cell.most_apart:.2f})",
            f"{cell.poisson_error:.3f}",
            f"{cell.bootstrap_error:.3f}" + _give_or_take(cell.bootstrap_noise, 3),
            "held" if cell.held else "**missed**",
        ]
        for cell in proof.roads
    ]
    head = ["company", "companies", "Poisson regression, off ours in standard errors", "its error / ours",
            "bootstrap's error / ours", "verdict"]  # fmt: skip
    return f"""## Two other roads to the same effect

A Poisson regression on the same rows, and a bootstrap of customers. The first may lie {ROADS_APART} standard errors off
in any company (it weighs index months otherwise); the second's error within {_percent(ERRORS_APART)} of ours, beyond
two Monte Carlo errors.

{_table(head, rows)}"""


def _files(proof: Proof) -> str:
    main = [cell for cell in proof.files if cell.estimator == DEFAULT]
    if not main:
        return ""
    rows = []
    for cell in main:
        company, _, *figures = _row(cell)
        rows.append([company, f"`{cell.estimand}`", f"{cell.customers:,}", *figures])
    head = ["company", "estimand", "customers", *_HEAD[2:]]
    return f"""## Through files

Companies written to files, read through the contract and the query engine, and studied as a user's are.

{_table(head, rows)}"""


def _rebuild(proof: Proof) -> str:
    rows = []
    for hazard in proof.hazards:
        cell = next(c for c in proof.cells if c.hazard == hazard)
        about = HAZARDS[hazard]
        rows.append([f"`{hazard}`", about.kind.replace("_", " "), about.about, f"{cell.first_seed}–{cell.last_seed}"])
    return f"""## Companies and seeds

{_table(["company", "kind", "what is true of it", "seeds"], rows)}
## Rebuild it

```sh
make prove                                    # all of it: hours
touchstone prove --worlds 50 --hazard none    # a part, into reports/.proving
```

A rerun goes on where the last one stopped, unless the code of the estimators or of the companies has changed. The
estimator of your own goes through the same companies: `analysis.runner.proving.own.prove`.
"""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _give_or_take(error: float, digits: int) -> str:
    """A Monte Carlo error, where more than one company tells one."""
    return "" if math.isnan(error) else f" ± {error:.{digits}f}"


def _signed_percent(share: float) -> str:
    return _NOTHING if math.isnan(share) else f"{100 * share:+.1f} %"


def _among(sizes: Iterable[str]) -> str:
    return " or ".join(sizes)
