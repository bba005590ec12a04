"""Which texts would a spreadsheet take for a formula? Asked by all that write cells, in a workbook or a text file."""

from __future__ import annotations

OPENS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def opens_a_formula(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula once somebody edits or exports the cell.

    Examples
    --------
    >>> opens_a_formula("=1+1"), opens_a_formula(" @SUM(A1)"), opens_a_formula("agents")
    (True, True, False)
    """
    return text.lstrip(" ").startswith(OPENS_A_FORMULA)
