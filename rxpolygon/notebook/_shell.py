"""The IPython shell around the program, if there is one, and what it can show."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

from rxpolygon import packages

__all__ = ["current_shell", "has_package", "is_kernel", "package", "runs_widgets"]


def package(name: str, feature: str) -> Any:  # Any: it may not be installed, and most have no types
    """A package of the extra ``notebook``, or a module of one.

    Raises:
        MissingPackageError: It is not installed.
    """
    return packages.package(name, feature, "notebook")


def has_package(name: str) -> bool:
    """Whether a package is installed, without importing it."""
    return find_spec(name) is not None


def current_shell() -> Any | None:  # Any: IPython need not be installed
    """The running IPython shell: that of a kernel or of a terminal; None in plain Python."""
    # A program that IPython runs has imported it; one that has not is spared the import.
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def is_kernel(shell: Any) -> bool:  # Any: IPython need not be installed
    """Whether the shell serves a notebook, and no terminal."""
    return getattr(shell, "kernel", None) is not None


def runs_widgets(packages: Iterable[str]) -> bool:
    """Whether there is a kernel, and the packages that a widget needs."""
    return is_kernel(current_shell()) and all(map(has_package, packages))
