"""Which cell a view was made in, so that it ends when that cell runs again."""

from __future__ import annotations

import threading
from typing import Any, Protocol

__all__ = ["CellViews", "cell_views"]


class Endable(Protocol):
    """What ends when its cell runs again."""

    def end_for_cell(self, cell: str) -> None:
        """The cell is about to run again."""


class CellViews:
    """The live views of each cell of one IPython shell.

    A cell is known by the id that the frontend sends with it (JupyterLab, Notebook 7 and VS Code do), which
    stays while its text is edited; where none is sent (a terminal, nbclient) by its text.

    It lives in the shell, as a callback of its event ``pre_run_cell``, and only while there are views: so
    this module keeps no state, every shell has its own, and nothing stays behind.

    Args:
        shell: The IPython shell.
    """

    def __init__(self, shell: Any) -> None:  # Any: IPython need not be installed
        self._shell = shell
        self._lock = threading.Lock()
        self._views: dict[str, list[Endable]] = {}  # under _lock

    def add(self, view: Endable) -> str | None:
        """Note that the cell that runs has made a view; its name, None where no cell runs."""
        cell = self.running_cell()
        if cell is not None:
            with self._lock:
                self._views.setdefault(cell, []).append(view)
                if self.before_cell not in self._shell.events.callbacks["pre_run_cell"]:
                    self._shell.events.register("pre_run_cell", self.before_cell)
        return cell

    def forget(self, view: Endable) -> None:
        """The view has ended."""
        with self._lock:
            for cell, views in list(self._views.items()):
                if view in views:
                    views.remove(view)
                if not views:
                    del self._views[cell]
            if not self._views and self.before_cell in self._shell.events.callbacks["pre_run_cell"]:
                self._shell.events.unregister("pre_run_cell", self.before_cell)

    def before_cell(self, info: Any) -> None:  # Any: IPython's ExecutionInfo
        """A cell is about to run: end what its last run left."""
        cell = info.cell_id or info.raw_cell
        with self._lock:
            views = list(self._views.get(cell, ()))
        for view in views:
            view.end_for_cell(cell)

    def running_cell(self) -> str | None:
        """The cell that runs now, or was the last to run."""
        if hasattr(self._shell, "get_parent"):  # a kernel's shell
            request = self._shell.get_parent()
            cell = request.get("metadata", {}).get("cellId") or request.get("content", {}).get("code")
        else:
            history = getattr(self._shell, "history_manager", None)
            cell = history.input_hist_raw[-1] if history is not None else None
        return cell or None


def cell_views(shell: Any) -> CellViews:  # Any: IPython need not be installed
    """The views of a shell."""
    for callback in shell.events.callbacks["pre_run_cell"]:
        owner = getattr(callback, "__self__", None)
        if isinstance(owner, CellViews):
            return owner
    return CellViews(shell)
