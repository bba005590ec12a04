"""The tables of a report as files that other programs read: one row a thing, one column a fact, CSV and Parquet.

`shapes` says which tables there are, `rows` takes them out of the results, `behind` the figures behind charts out of
the notebooks, `files` writes them.
"""

from analysis.reporting.tidy.behind import behind_charts
from analysis.reporting.tidy.files import FOLDER, INDEX, OVERVIEW, table_files
from analysis.reporting.tidy.rows import Tidy, tables_of_results

__all__ = ["FOLDER", "INDEX", "OVERVIEW", "Tidy", "behind_charts", "table_files", "tables_of_results"]
