"""What does the page say to whoever doubts the numbers? Every limit, every miss, every seed; made from parts alone.

A part a design, made when its companies were. The page holds no clock and nothing that was typed in by hand, so that a
rebuild from the same parts is the same page. What a part says is left to `parts` and `page_sections`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from analysis.runner.proving.again import in_words
from analysis.runner.proving.hazards import Design
from analysis.runner.proving.page_tables import filled, table
from analysis.runner.proving.page_words import SECTIONS
from analysis.runner.proving.parts import ROADS, Entry, Made, Part, entries, every_entry, parts_of
from analysis.runner.proving.proof import Proof
from analysis.runner.proving.sources import code_of_the_proof

PICTURE = "pictures/validation.svg"
_HOW_TO_READ = (
    "How to read the tables. Each row stands on companies of its own number and seeds, and its limits follow from that "
    "number. *Off by* is the mean of estimate less truth, of their logarithms for a ratio, then the same in standard "
    "errors; behind each ± is its Monte Carlo error, how far chance alone moves it. *Inside* is the share of companies "
    "in which the 95 % interval holds the truth, in brackets between which shares chance explains it, over all cells "
    "at once. *Width* is the interval's median, on the log scale for a ratio. *B* is the share of companies in which "
    "the claim is graded B or better. *Claims* are the shares that claim more, and less."
)
_THROUGH_FILES = (
    "Companies written to files, read through the contract and the query engine, and studied as a user's are."
)
_REBUILD = (
    "The page is put together from parts, one a design, that lie in the folder `validation` beside it: a proof of one "
    "design renews its part and leaves the others as they are. A proof of fewer companies than a part tells of is "
    "refused (`--fewer` lets it pass). Limits on *inside* are spread over all cells of the page, as many as it had "
    "when the part was made: the table below says how many that were. A rerun goes on where the last one stopped, "
    "unless the code has changed that a study or its companies run through: each design has records of its own, so "
    "that a change of one study does not throw away the companies of another. Where a change should move nothing, some "
    "companies of the earlier code are studied again by the later one, and `--compare` says in the table below what "
    "moved in them: the figures above stay those of the earlier code. An estimator of your own goes through "
    "the same companies: `analysis.runner.proving.own.prove`."
)
_NEW_LINE = "\n"


Present = Callable[[Design, bool, str], bool]
"""Whether the code of a design is the present one: the design, whether through files, the hash."""


def page(proof: Proof) -> str:
    """The page of one proof alone, in Markdown."""
    return page_of(parts_of(proof))


def page_of(parts: Sequence[Part], present: Present | None = None) -> str:
    """The page in Markdown, put together from its parts.

    Parameters
    ----------
    parts : sequence of Part
        One a design, in the order of the page.
    present : callable, optional
        Tells code of now from code of earlier; asks the sources unless given.
    """
    sections = ["\n".join(entry.told) for entry in entries(parts, False).values()]
    blocks = [_head(parts), *sections, _files(parts), _rebuild(parts, present or _present)]
    return "\n".join(block.rstrip() + "\n" for block in blocks if block)


def _present(design: Design, files: bool, code: str) -> bool:
    return code == code_of_the_proof(design, files=files)


def _head(parts: Sequence[Part]) -> str:
    arrays = entries(parts, False)
    series = [made for design, entry in arrays.items() if design == "change_log" for made in entry.companies]
    companies = [made for design, entry in arrays.items() if design != "change_log" for made in entry.companies]
    opening = " ".join(text for text in (_companies(companies), _series(series)) if text)
    opening = (
        f"Made by `make prove`; nothing here is typed in by hand. {opening} The true effect of every one is known. In "
        "each its study was run by the function that serves tables, without being told the truth"
    )
    opening += "; in experiments in arrays, the functions that the study calls." if "ab_randomised" in arrays else "."
    judged, misses = judged_and_missed(parts)
    verdict = f"Of {judged:,} limits judged, {judged - len(misses):,} were held."
    verdict += " None was missed." if not misses else f" Missed: {len(misses):,}."
    missed = "\n".join(f"- {miss}" for miss in misses)
    shown = f"![Estimates against the truth, and how often it was inside the interval]({PICTURE})\n\n"
    picture = shown if "before_after" in arrays else ""
    return f"""# Are the numbers right?

{filled(opening)}

**{verdict}**
{missed and f"{_NEW_LINE}{missed}{_NEW_LINE}"}
{picture}{filled(_HOW_TO_READ)}
"""


def judged_and_missed(parts: Sequence[Part]) -> tuple[int, tuple[str, ...]]:
    """How many limits were judged on the page, and a sentence for each that was missed."""
    all_of_them = every_entry(parts)
    return sum(entry.judged for entry in all_of_them), tuple(miss for entry in all_of_them for miss in entry.missed)


def _companies(kinds: Sequence[Made]) -> str:
    if not kinds:
        return ""
    sizes = sorted({made.customers for made in kinds})
    told = "one kind" if len(kinds) == 1 else f"{len(kinds)} kinds"
    companies = sum(made.number for made in kinds)
    return f"{companies:,} companies of {told} were made up, with {_or(f'{size:,}' for size in sizes)} customers each."


def _series(kinds: Sequence[Made]) -> str:
    if not kinds:
        return ""
    return f"{sum(made.number for made in kinds):,} monthly series and panels were made up."


def _files(parts: Sequence[Part]) -> str:
    """One table of all companies that went through files; another one where a part was made under another head."""
    lines: list[str] = []
    head: tuple[str, ...] = ()
    for entry in entries(parts, True).values():
        if entry.told[:2] != head:
            head = entry.told[:2]
            lines += ["", *head]
        lines += entry.told[2:]
    if not lines:
        return ""
    return f"## Through files\n\n{_THROUGH_FILES}\n{_NEW_LINE.join(lines)}"


def _rebuild(parts: Sequence[Part], present: Present) -> str:
    rows = [
        [f"`{made.name}`", made.kind, made.about, f"{made.first_seed}–{made.last_seed}"]
        for entry in entries(parts, False).values()
        for made in entry.companies
    ]
    return f"""## Companies and seeds

{table(["company", "kind", "what is true of it", "seeds"], rows)}
## Rebuild it

```sh
make prove                                            # all of it: hours
touchstone prove --worlds 50 --hazard none            # a try, with a page of its own in reports/.proving
touchstone prove --design change_log --page docs      # one design: its part of this page anew
touchstone prove --records FOLDER --page docs         # the same, of records made before
touchstone prove --compare EARLIER --records LATER --page docs    # what later code finds in the same companies
touchstone prove --again --page docs                  # this page, of its parts as they are
```

{filled(_REBUILD)}
{_made(parts, present)}"""


def _made(parts: Sequence[Part], present: Present) -> str:
    """Of which code the companies are, and over how many cells their limits were spread."""
    rows = [
        [
            SECTIONS[part.design].title,
            "through files" if files else "in arrays",
            f"{entry.spread_over:,}",
            f"`{code}`",
            _now(part.design, files, code, entry, present),
        ]
        for part in parts
        for files in ROADS
        for entry in [part.on(files)]
        if entry is not None
        for code in entry.code
    ]
    if not rows:
        return ""
    head = ["records of", "companies", "cells when made", "code that made them", "the code this page was made with"]
    return f"\n{table(head, rows)}"


def _now(design: Design, files: bool, code: str, entry: Entry, present: Present) -> str:
    """Whether the code of an entry is the present one; if not, what the present one found in the same companies."""
    if present(design, files, code):
        return "yes"
    told = "no: an earlier one"
    for again in entry.again:
        if again.of == code and present(design, files, again.code):
            were = "was" if again.companies == 1 else "were"
            told += f"; {again.companies:,} of its companies {were} studied again by this one: {in_words(again)}"
    return told


def _or(words: Iterable[str]) -> str:
    return " or ".join(words)
