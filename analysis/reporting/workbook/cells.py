"""What may stand in a cell, and what may a cell be called? Text stays text, no name stands for two things.

A text from data that begins with `=` would be a formula that runs on its reader's machine, if it were written as one.
Where each cell stands is left to the sheets, how it looks to `sheet`.
"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import ELLIPSIS, plain, shown_lines

LONGEST_TEXT = 32_767
LONGEST_FORMULA = 8_192
"""What Excel takes, in UTF-16 units."""


def safe_text(text: object, limit: int = LONGEST_TEXT) -> str:
    """A text as a cell can hold it: no control or direction marks, cut at `limit` UTF-16 units.

    Examples
    --------
    >>> safe_text("=1+1\\x07"), len(safe_text("x" * 40_000))
    ('=1+1', 32767)
    """
    shown = shown_lines(str(text)[: 4 * limit])
    if _units(shown) <= limit:
        return shown
    cut = shown.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", errors="ignore")
    return cut.rstrip() + ELLIPSIS


def own_names(inputs: Iterable[str], taken: Iterable[str]) -> None:
    """Refuse an input whose name the workbook has given to a cell of its own; small and capital letters are the same.

    That a name can be a cell's at all is seen to where inputs are named.

    Raises
    ------
    DesignError
        Naming each of them.

    Examples
    --------
    >>> own_names(["wage", "discount_rate"], taken=["discount_rate"])
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.DesignError: The workbook needs the name `discount_rate` for a cell of its own, and an
    input of the case is called so. Rename the input.
    """
    taken = {name.casefold() for name in taken}
    clashes = sorted({name for name in inputs if name.casefold() in taken})
    if clashes:
        named = ", ".join(f"`{plain(name, 80)}`" for name in clashes)
        raise DesignError(
            f"The workbook needs the name {named} for a cell of its own, and an input of the case is called so. "
            "Rename the input."
            if len(clashes) == 1
            else f"The workbook needs the names {named} for cells of its own, and inputs of the case are called so. "
            "Rename the inputs."
        )


def checked_formula(formula: str, where: str) -> str:
    """A formula that Excel can hold.

    Raises
    ------
    DesignError
        If it is longer than Excel takes; names the line.
    """
    if _units(formula) > LONGEST_FORMULA - 1:
        raise DesignError(
            f"{where}: its formula has {_units(formula):,} letters, and a cell of the workbook takes "
            f"{LONGEST_FORMULA - 1:,}. Split the line."
        )
    return formula


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
