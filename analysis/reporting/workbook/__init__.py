"""The case in money as a workbook that recomputes: change an assumption, see what it does.

`case_workbook` makes it. What a case is worth is left to `analysis.roi`, the page about it to the notebook.
"""

from analysis.reporting.workbook.book import case_workbook

__all__ = ["case_workbook"]
