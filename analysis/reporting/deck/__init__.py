"""The case in money as slides: four to six of them, with charts and tables that can be edited.

`case_deck` makes it. What a case is worth is left to `analysis.roi`, changing an assumption to the workbook.
"""

from analysis.reporting.deck.presentation import case_deck

__all__ = ["case_deck"]
