"""The whole report as one PDF: the summary first, then every page, with page numbers and marks for screen readers.

`together` makes one document of the pages, `press` prints it, `made` does both in a process of its own. What stands on
the pages is left to them: nothing is said here that no page says.
"""

from analysis.reporting.pdf.press import lack, printed
from analysis.reporting.pdf.together import Leaf, Together, together

__all__ = ["Leaf", "Together", "lack", "printed", "together"]
