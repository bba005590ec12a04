"""How often is a notebook written while it is executed? Every few seconds, not before and after every cell.

Papermill writes the whole notebook, charts and all, twice a cell; that took a third of the time that the process beside
the kernels works. How a notebook is executed is left to papermill, what became of it to `notebook`.
"""

from __future__ import annotations

from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

ENGINE = "touchstone"
"""The name under which papermill knows the engine."""
EVERY_SECONDS = 5.0


class Sparing(NBClientEngine):  # type: ignore[misc]
    """Papermill's engine with fewer writes. When the execution ends, however it does, papermill writes once more."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **given: Any) -> None:
        """Execute the cells."""
        save = nb_man.save

        def sparingly(**told: Any) -> None:
            if (nb_man.now() - nb_man.last_save_time).total_seconds() >= EVERY_SECONDS:
                save(**told)

        nb_man.save = sparingly
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **given)
        finally:
            nb_man.save = save


papermill_engines.register(ENGINE, Sparing)
